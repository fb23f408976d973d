"""Certificates: the bounds cover what they say, exactly, and the sample cannot be tampered with."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tawsim.core.errors import BadInput
from tawsim.truth.certificates import (
    Audit,
    audit_size,
    certify,
    check_never_fitted,
    draw_audit,
    exclude_audit,
    verify_audit,
)
from tawsim.truth.certificates import hypergeometric as h

# ---- tails --------------------------------------------------------------------------------------------------------
# Computed with rational numbers: (population, wrong, sample, seen, P(X ≤ seen)).
KNOWN = [
    (10, 5, 5, 2, 0.5),
    (50, 5, 10, 0, 0.310562782224396),
    (1000, 56, 50, 0, 0.05199057722798444),
    (1000, 57, 50, 0, 0.04923683902734887),
    (10**7, 77350, 1000, 3, 0.0500002799),
    (10**7, 77351, 1000, 3, 0.0499969),
]


@pytest.mark.parametrize(("population", "wrong", "sample", "seen", "expected"), KNOWN)
def test_tails_have_the_known_values(population, wrong, sample, seen, expected):
    assert h.cdf(population, wrong, sample, seen) == pytest.approx(expected, rel=2e-6)


@given(st.data())
def test_tails_are_exact(data):
    population = data.draw(st.integers(1, 400))
    wrong = data.draw(st.integers(0, population))
    sample = data.draw(st.integers(0, population))
    seen = data.draw(st.integers(0, sample))
    exact = sum(
        Fraction(math.comb(wrong, x) * math.comb(population - wrong, sample - x)) for x in range(seen + 1)
    ) / math.comb(population, sample)
    assert h.cdf(population, wrong, sample, seen) == pytest.approx(float(exact), rel=1e-10, abs=1e-14)
    assert h.survival(population, wrong, sample, seen + 1) == pytest.approx(float(1 - exact), rel=1e-10, abs=1e-14)


def test_tails_keep_their_digits_at_ten_million():
    population, wrong, sample = 10**7, 2_000_000, 300
    exact = sum(Fraction(math.comb(wrong, x) * math.comb(population - wrong, sample - x)) for x in range(51))
    exact /= math.comb(population, sample)
    assert h.cdf(population, wrong, sample, 50) == pytest.approx(float(exact), rel=1e-13)


@given(st.integers(1, 300), st.floats(0.001, 0.999), st.data())
def test_the_binomial_tail_is_exact(size, p, data):
    seen = data.draw(st.integers(0, size))
    exact = math.fsum(math.comb(size, x) * p**x * (1 - p) ** (size - x) for x in range(seen + 1))
    assert h.binomial_cdf(size, p, seen) == pytest.approx(exact, rel=1e-9, abs=1e-13)


def test_the_closed_form_of_the_martingale_is_the_mixture():
    population, sample, seen = 60, 12, 2
    for wrong in range(3, 45):
        below = [math.exp(h.log_pmf(population, other, sample, seen)) for other in range(wrong)]
        mixture = sum(below) / wrong / math.exp(h.log_pmf(population, wrong, sample, seen))
        assert h.log_martingale(population, wrong, sample, seen) == pytest.approx(math.log(mixture), abs=1e-9)


# ---- coverage, by going through every case ------------------------------------------------------------------------
def pmf(population, wrong, sample, seen):
    return math.exp(h.log_pmf(population, wrong, sample, seen))


@pytest.mark.parametrize("population", [1, 2, 7, 24])
@pytest.mark.parametrize("delta", [0.05, 0.2, 0.4])
def test_the_exact_bounds_miss_no_more_often_than_they_say(population, delta):
    worst = 0.0
    for sample in range(1, population + 1):
        high = [h.most_wrong(population, sample, k, delta) for k in range(sample + 1)]
        low = [h.least_wrong(population, sample, k, delta) for k in range(sample + 1)]
        for wrong in range(population + 1):
            over = sum(pmf(population, wrong, sample, k) for k in range(sample + 1) if high[k] < wrong)
            under = sum(pmf(population, wrong, sample, k) for k in range(sample + 1) if low[k] > wrong)
            assert max(over, under) <= delta
            worst = max(worst, over)
    # Exact means also that nothing is given away: somewhere the miss comes near to what is allowed.
    assert population < 24 or worst > 0.95 * delta


@pytest.mark.parametrize("population", [2, 7, 24])
@pytest.mark.parametrize("delta", [0.05, 0.2])
def test_the_anytime_bound_covers_at_all_sizes_at_once(population, delta):
    """Every path of right and wrong is followed, with its probability, until the bound first misses."""
    bound = {
        (n, k): h.most_wrong(population, n, k, delta, h.excluded_anytime)
        for n in range(1, population + 1)
        for k in range(n + 1)
    }
    worst = 0.0
    for wrong in range(population + 1):
        alive, missed = {0: 1.0}, 0.0
        for n in range(1, population + 1):
            after: dict[int, float] = {}
            for k, p in alive.items():
                chance = (wrong - k) / (population - n + 1)
                for seen, part in ((k + 1, p * chance), (k, p * (1 - chance))):
                    if part > 0 and bound[n, seen] < wrong:
                        missed += part
                    elif part > 0:
                        after[seen] = after.get(seen, 0.0) + part
            alive = after
        assert missed <= delta
        worst = max(worst, missed)
    assert population < 24 or worst > delta / 2


@pytest.mark.parametrize("excluded", [h.excluded_exact, h.excluded_anytime])
def test_bisection_finds_the_last_candidate_that_is_not_excluded(excluded):
    for sample, population in ((1, 9), (10, 40), (29, 30), (30, 30)):
        for seen in range(sample + 1):
            candidates = range(seen, population - (sample - seen) + 1)
            left = [wrong for wrong in candidates if not excluded(population, sample, seen, wrong, 0.05)]
            assert h.most_wrong(population, sample, seen, 0.05, excluded) == max(left)


def test_widths_exact_then_ours_then_the_published_ratio():
    for population, sample, seen in ((10_000, 500, 0), (10_000, 500, 10), (100_000, 2_000, 40), (1_000, 100, 3)):
        exact = h.most_wrong(population, sample, seen, 0.05)
        anytime = h.most_wrong(population, sample, seen, 0.05, h.excluded_anytime)
        # The two-sided ratio with a uniform prior: marginal 1 / (n + 1) over the likelihood.
        step = population // 1000
        published = max(
            wrong
            for wrong in range(anytime, population - sample + seen, step)
            if -math.log(sample + 1) - h.log_pmf(population, wrong, sample, seen) < math.log(20)
        )
        assert exact < anytime < published
        assert anytime - seen < 1.6 * (exact - seen)


def test_binomial_bounds_cover_a_stratified_sample():
    """Two unlike slices, all allocations of wrong labels: the overall bound misses at most with probability δ."""
    tasks = list(range(30))
    audit = draw_audit(tasks, 12, 1, slices=lambda task: "a" if task < 20 else "b", stratified=True)
    (n_a, n_b), (big, small) = [one.sample for one in audit.slices], [one.population for one in audit.slices]
    assert (n_a, n_b, big, small) == (8, 4, 20, 10)
    members = {place: [t for t, s in zip(audit.tasks, audit.slice_of, strict=True) if s == place] for place in (0, 1)}
    high = {}
    for x in range(n_a + 1):
        for y in range(n_b + 1):
            wrong = {*members[0][:x], *members[1][:y]}
            high[x, y] = certify(audit, {t: t not in wrong for t in audit.tasks}, delta=0.1).overall.most_wrong
    for a in range(big + 1):
        for b in range(small + 1):
            missed = sum(pmf(big, a, n_a, x) * pmf(small, b, n_b, y) for (x, y), bound in high.items() if bound < a + b)
            assert missed <= 0.1


def test_slices_hold_together():
    """Simulated: how often any slice's bound is missed."""
    chance = np.random.default_rng(5)
    tasks = list(range(300))
    audit = draw_audit(tasks, 60, 3, slices=lambda task: task % 3, stratified=True)
    bound = [[h.most_wrong(100, 20, k, 1 - 0.8 ** (1 / 3)) for k in range(21)] for _ in range(3)]
    wrong = (4, 9, 14)
    found = certify(audit, dict.fromkeys(audit.tasks, True), delta=0.2)
    assert [one.most_wrong for one in found.slices] == [bound[0][0]] * 3
    seen = np.stack([chance.hypergeometric(k, 100 - k, 20, 4000) for k in wrong])
    missed = np.stack([np.array(bound[s])[seen[s]] < wrong[s] for s in range(3)]).any(axis=0)
    assert 0.02 < missed.mean() <= 0.21


# ---- the sample ---------------------------------------------------------------------------------------------------
def test_the_sample_is_the_same_whatever_the_order_and_grows_by_adding():
    tasks = [f"مهمة {i}" for i in range(200)]
    audit = draw_audit(tasks, 30, "seed")
    assert audit == draw_audit(list(reversed(tasks)), 30, "seed")
    assert draw_audit(tasks, 60, "seed").tasks[:30] == audit.tasks
    assert audit.tasks != draw_audit(tasks, 30, "another").tasks
    # A promise across versions and machines: anybody can draw it again.
    assert draw_audit(["a", "b", "c", "d"], 2, 1).tasks == PROMISED_TASKS
    assert draw_audit(["a", "b", "c", "d"], 2, 1).commitment == PROMISED


PROMISED_TASKS = ("a", "d")
PROMISED = "62fe310cabb49ac6ec8cd14546dbd414253ec07d5ba913adb0f03247542a218f"


def test_every_task_is_as_likely():
    drawn = np.zeros(20)
    for seed in range(2000):
        drawn[list(draw_audit(range(20), 5, seed).tasks)] += 1
    assert abs(drawn / 2000 - 0.25).max() < 0.05


def test_the_commitment_changes_with_tasks_seed_size_and_slices():
    tasks = list(range(50))
    different = {
        draw_audit(tasks, 10, 1).commitment,
        draw_audit(tasks[1:], 10, 1).commitment,
        draw_audit([str(task) for task in tasks], 10, 1).commitment,
        draw_audit(tasks, 11, 1).commitment,
        draw_audit(tasks, 10, 2).commitment,
        draw_audit(tasks, 10, 1, slices=lambda task: task % 2).commitment,
        draw_audit(tasks, 10, 1, slices=lambda task: task % 2, stratified=True).commitment,
    }
    assert len(different) == 7
    audit = draw_audit(tasks, 10, 1, slices=lambda task: task % 2, stratified=True)
    assert verify_audit(audit, tasks, slices=lambda task: task % 2)
    assert not verify_audit(audit, tasks, slices=lambda task: task % 3)
    assert not verify_audit(draw_audit(tasks, 10, 1), tasks[1:])


def test_a_stratified_sample_has_every_slice_at_the_rate_asked():
    kinds = {task: "rare" if task < 3 else "common" if task < 103 else "most" for task in range(1000)}
    audit = draw_audit(kinds, 50, 1, slices=kinds, stratified=True, least=2)
    counts = {one.name: (one.population, one.sample) for one in audit.slices}
    assert counts == {"rare": (3, 2), "common": (100, 5), "most": (897, 45)}
    assert [kinds[task] for task in audit.tasks] == [audit.slices[place].name for place in audit.slice_of]


def test_an_audit_survives_being_written_down():
    import json

    audit = draw_audit([f"t{i}" for i in range(40)], 9, 4, slices=lambda task: task[-1], stratified=True)
    assert Audit.from_state(json.loads(json.dumps(audit.to_state()))) == audit
    with pytest.raises(BadInput, match="tawsim-audit-1"):
        Audit.from_state({"scheme": "other"})


def test_audit_labels_are_kept_away_from_models():
    audit = draw_audit(range(10), 3, 1)
    gold = dict.fromkeys(range(10), "yes")
    left = exclude_audit(gold, audit)
    assert set(left) == set(range(10)) - set(audit.tasks)
    check_never_fitted(left, audit)
    with pytest.raises(BadInput, match="3 tasks of the audit"):
        check_never_fitted(gold, audit)
    with pytest.raises(BadInput, match="given to the model as gold"):
        certify(audit, dict.fromkeys(audit.tasks, True), used_gold=gold)


@pytest.mark.parametrize(
    ("tasks", "n", "options", "says"),
    [
        ([], 1, {}, "no tasks"),
        (["a"], 2, {}, "cannot be drawn"),
        (["a"], 0, {}, "cannot be drawn"),
        (["a", "b", "a"], 1, {}, "Row 3"),
        (["a", None], 1, {}, "Row 2"),
        (["a", "b"], 1, {"slices": {"a": 1}}, "no slice"),
        (["a", "b"], 1, {"stratified": True}, "needs slices"),
    ],
)
def test_bad_populations_are_refused(tasks, n, options, says):
    with pytest.raises(BadInput, match=says):
        draw_audit(tasks, n, 1, **options)


# ---- the certificate ----------------------------------------------------------------------------------------------
def test_a_certificate_says_what_was_seen():
    audit = draw_audit(range(1000), 50, 1)
    found = certify(audit, dict.fromkeys(audit.tasks, True))
    assert (found.overall.most_wrong, found.overall.least_wrong) == (56, 0)
    assert found.overall.error_high == 0.056
    assert found.holds(0.056)
    assert not found.holds(0.055)
    assert found.says.startswith("At most 5.60% of the 1,000 labels (56) are wrong, with probability 0.95")
    assert found.commitment == audit.commitment
    wide = certify(audit, dict.fromkeys(audit.tasks, True), method="anytime")
    assert wide.overall.most_wrong == 83
    assert "every other look" in wide.says


def test_missing_results_count_as_wrong_unless_asked_otherwise():
    audit = draw_audit(range(1000), 50, 1)
    some = dict.fromkeys(audit.tasks[:45], True)
    assert certify(audit, some).overall.wrong == 5
    assert certify(audit, some).missing == 5
    left = certify(audit, some, missing="leave out")
    assert (left.overall.sample, left.overall.wrong) == (45, 0)
    assert "left out" in left.says


def test_looking_early_needs_the_order_of_the_audit():
    audit = draw_audit(range(1000), 50, 1)
    found = certify(audit, dict.fromkeys(audit.tasks[:20], True), method="anytime")
    assert (found.overall.sample, found.missing) == (20, 0)
    with pytest.raises(BadInput, match="comes before"):
        certify(audit, dict.fromkeys(audit.tasks[1:20], True), method="anytime")


def test_an_audit_of_everything_knows_everything():
    audit = draw_audit(range(20), 20, 1)
    results = {task: task > 2 for task in audit.tasks}
    for method in ("exact", "anytime"):
        overall = certify(audit, results, method=method).overall
        assert (overall.least_wrong, overall.most_wrong) == (3, 3)


def test_a_slice_that_nobody_sampled_may_be_all_wrong():
    audit = draw_audit(range(100), 3, 1, slices=lambda task: "one" if task == 50 else "rest")
    found = certify(audit, dict.fromkeys(audit.tasks, True))
    one = next(each for each in found.slices if each.name == "one")
    assert (one.sample, one.most_wrong) == (0, 1)
    assert math.isnan(one.error)


@pytest.mark.parametrize(
    ("results", "options", "says"),
    [
        ({"other": True}, {}, "outside the sample"),
        ({}, {}, "no results"),
        ({"a": "yes"}, {}, "not True"),
        ({"a": True}, {"delta": 0.0}, "delta"),
        ({"a": True}, {"delta": 0.5}, "delta"),
        ({"a": True}, {"method": "guess"}, "no method"),
        ({"a": True}, {"missing": "right"}, "Missing"),
    ],
)
def test_bad_results_are_refused(results, options, says):
    with pytest.raises(BadInput, match=says):
        certify(draw_audit(["a", "b"], 2, 1), results, **options)


# ---- planning -----------------------------------------------------------------------------------------------------
def test_the_plan_is_just_enough():
    for method in ("exact", "anytime"):
        excluded = h.excluded_exact if method == "exact" else h.excluded_anytime
        n = audit_size(10_000, 0.02, method=method)
        assert h.most_wrong(10_000, n, 0, 0.05, excluded) <= 200
        assert h.most_wrong(10_000, n - 1, 0, 0.05, excluded) > 200


def test_the_plan_bears_out_the_claim_as_often_as_it_says():
    n = audit_size(10_000, 0.02, assumed=0.01, power=0.9)
    allowed = max(k for k in range(40) if h.most_wrong(10_000, n, k, 0.05) <= 200)
    assert h.cdf(10_000, 100, n, allowed) >= 0.9
    # A somewhat smaller audit does not.
    fewer = int(n * 0.93)
    allowed = max(k for k in range(40) if h.most_wrong(10_000, fewer, k, 0.05) <= 200)
    assert h.cdf(10_000, 100, fewer, allowed) < 0.9


def test_plans_for_small_and_hard_cases():
    assert audit_size(1, 0.5) == 1
    assert audit_size(10, 0.05) == 10
    assert audit_size(100, 0.02, assumed=0.019) <= 100
    with pytest.raises(BadInput):
        audit_size(100, 0.01, assumed=0.02)
