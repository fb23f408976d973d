"""Agreement of groups, of pairs of people, confusion, drift and speed: against worked examples and slow reference formulas."""

import math

import numpy as np
import pytest

from tawsim.truth import Votes
from tawsim.truth.agreement import agreement_of, krippendorff_alpha
from tawsim.truth.agreement.drift import change_beside, find_change, holm, kolmogorov_tail
from tawsim.truth.agreement.grouped import confusion_counts, mixed_labels, patterns_of, task_sums
from tawsim.truth.agreement.people import people_pairs
from tawsim.truth.agreement.shares import mean_shares, median_interval, ratio_shares, wilson

# K. Krippendorff, "Computing Krippendorff's Alpha-Reliability" (2011), example C: four observers, twelve units.
OBSERVED = [
    [1, 2, 3, 3, 2, 1, 4, 1, 2, None, None, None],
    [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, None, 3],
    [None, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, None],
    [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, None],
]


def krippendorffs_counts() -> np.ndarray:
    counts = np.zeros((12, 5), int)
    for row in OBSERVED:
        for unit, value in enumerate(row):
            if value is not None:
                counts[unit, value - 1] += 1
    return counts


def test_alpha_of_patterns_is_that_of_the_papers_example() -> None:
    counts = krippendorffs_counts()
    nominal, ordinal = patterns_of(counts), patterns_of(counts, ordinal=True)
    assert nominal.alpha(nominal.times()[0]).alpha == pytest.approx(0.743, abs=5e-4)  # as printed in the paper
    assert ordinal.alpha(ordinal.times()[0]).alpha == pytest.approx(0.815, abs=5e-4)
    several = counts[counts.sum(axis=1) > 1]
    rows = [(t, w, k) for t, row in enumerate(several) for w, k in enumerate(np.repeat(np.arange(5), row))]
    task, _, code = np.array(rows).T
    numbers, _ = task_sums(task, code, 5, values=np.arange(1.0, 6.0))
    assert numbers.alphas()[0].alpha == pytest.approx(0.849, abs=5e-4)


def test_groups_have_the_alpha_that_their_tasks_have_alone() -> None:
    random = np.random.default_rng(1)
    counts = random.multinomial(3, [0.6, 0.3, 0.1], size=300)
    group = random.integers(-1, 4, 300)
    found = patterns_of(counts)
    times = found.times(group, 4)
    task, code = (
        np.concatenate(one)
        for one in zip(*[(np.full(3, t), np.repeat(np.arange(3), c)) for t, c in enumerate(counts)], strict=True)
    )
    sums, which = task_sums(task, code, 3)
    by_sums = sums.alphas(group[which], 4)
    for g in range(4):
        alone = krippendorff_alpha(counts[group == g])
        assert found.alpha(times[g]) == alone
        assert by_sums[g].alpha == pytest.approx(alone.alpha)
        # Another way to the interval: near, not the same.
        assert abs(by_sums[g].low - alone.low) < 0.05
        label = krippendorff_alpha(np.stack([counts[group == g][:, 0], 3 - counts[group == g][:, 0]], axis=1))
        assert found.alpha_of_label(0, times[g]).alpha == pytest.approx(label.alpha)


def test_long_lists_sets_and_numbers_agree_with_the_slow_formula() -> None:
    random = np.random.default_rng(2)
    rows = sorted((t, w, int(random.integers(0, 90))) for t in range(60) for w in range(int(random.integers(1, 5))))
    task, _, code = np.array(rows).T
    votes = Votes.from_table([(str(t), str(w), f"{k:02}") for t, w, k in rows])
    sums, _ = task_sums(task, code, 90)
    assert sums.alphas()[0].alpha == pytest.approx(agreement_of(votes).alpha)
    far = random.random((90, 90))
    far = (far + far.T) / 2
    np.fill_diagonal(far, 0)
    counts = np.zeros((60, 90), int)
    np.add.at(counts, (task, code), 1)
    by_distance, _ = task_sums(task, code, 90, distance=far)
    assert by_distance.alphas()[0].alpha == pytest.approx(krippendorff_alpha(counts, far).alpha)


def test_fleiss_is_that_of_his_example_and_takes_the_commonest_number_of_answers() -> None:
    # J. Fleiss (1971) as worked through in "Fleiss' kappa", Wikipedia: 14 raters, 10 subjects, 5 categories: .210.
    table = np.array([
        [0, 0, 0, 0, 14], [0, 2, 6, 4, 2], [0, 0, 3, 5, 6], [0, 3, 9, 2, 0], [2, 2, 8, 1, 1],
        [7, 7, 0, 0, 0], [3, 2, 6, 3, 0], [2, 5, 3, 2, 2], [6, 5, 2, 1, 0], [0, 2, 2, 3, 7],
    ])  # fmt: skip
    found = patterns_of(np.concatenate([table, [[1, 1, 0, 0, 0]]]))
    kappa, each = found.fleiss(found.times()[0])
    assert each == 14
    assert kappa.kappa == pytest.approx(0.210, abs=5e-4)
    assert kappa.low < kappa.kappa < kappa.high
    assert kappa.tasks == 10


def test_cohen_is_that_of_the_usual_example_with_the_published_interval() -> None:
    # 50 grants, two readers: 20 both yes, 15 both no; kappa .40 (en.wikipedia.org/wiki/Cohen's_kappa); by the large-sample
    # variance of 1969 its 95 % interval is .15 to .65.
    said = [(0, 0)] * 20 + [(0, 1)] * 5 + [(1, 0)] * 10 + [(1, 1)] * 15
    task = np.repeat(np.arange(50), 2)
    worker = np.tile([0, 1], 50)
    found = people_pairs(task, worker, np.array(said).ravel(), 2, 2, most=5)
    assert (int(found.shared[0]), float(found.same[0])) == (50, 0.7)
    assert found.kappa[0] == pytest.approx(0.4)
    assert (found.low[0], found.high[0]) == (pytest.approx(0.151, abs=2e-3), pytest.approx(0.649, abs=2e-3))


def test_five_tasks_without_a_difference_are_not_certainty() -> None:
    task, label = np.repeat(np.arange(5), 2), np.repeat([0, 1, 0, 1, 0], 2)
    found = people_pairs(task, np.tile([1, 0], 5), label, 2, 2, most=5)
    assert found.kappa[0] == 1
    assert found.low[0] < 0.2
    alone = people_pairs(task, np.tile([1, 0], 5), np.zeros(10, int), 2, 2, most=5)
    assert math.isnan(alone.kappa[0])  # one label only: agreement by chance is certain
    assert alone.same[0] == 1


def test_pairs_of_many_people_are_those_of_each_two_alone() -> None:
    random = np.random.default_rng(3)
    rows = sorted((t, int(w)) for t in range(200) for w in random.choice(6, random.integers(1, 5), replace=False))
    task, worker = np.array(rows).T
    label = random.integers(0, 3, len(rows))
    found = people_pairs(task, worker, label, 6, 3, most=100)
    assert len(found.first) == 15
    for q in (0, 7, 14):
        a, b = int(found.first[q]), int(found.second[q])
        kept = np.isin(worker, [a, b])
        alone = people_pairs(task[kept], worker[kept], label[kept], 6, 3, most=1)
        assert (alone.shared[0], alone.kappa[0]) == (found.shared[q], pytest.approx(found.kappa[q]))


def test_confusion_counts_pairs_of_answers_by_hand() -> None:
    # Three tasks: AAB, AB, BBC.
    counts = np.array([[2, 1, 0], [1, 1, 0], [0, 2, 1]])
    found = patterns_of(counts)
    mixed = mixed_labels(found.pattern, found.times()[0])
    assert mixed.pairs.tolist() == [[2, 3, 0], [3, 2, 2], [0, 2, 0]]
    assert mixed.share.value[0].tolist() == [2 / 5, 3 / 5, 0]
    assert mixed.between.value[0, 1] == pytest.approx(6 / 10)  # of AA, AB, BA, BB pairs those that differ
    assert mixed.of_all.value[0, 1] == pytest.approx(6 / 10)
    assert mixed.tasks.tolist() == [[1, 2, 0], [2, 1, 1], [0, 1, 0]]
    assert (mixed.share.low <= mixed.share.value).all()
    assert confusion_counts(np.array([0, 0, 1]), np.array([0, 0, 1]), np.array([0, 1, 1]), 2, 2).tolist() == [
        [[1, 1], [0, 0]], [[0, 0], [0, 1]],
    ]  # fmt: skip


def test_the_interval_of_a_share_of_dependent_pairs_covers_as_often_as_it_says() -> None:
    random = np.random.default_rng(4)
    within = 0
    for _ in range(400):
        # Tasks are easy or hard: pairs of one task fall together.
        hard = random.random(80) < 0.3
        size = random.integers(2, 6, 80)
        wrong = random.binomial(size, np.where(hard, 0.6, 0.05))
        a, b = wrong.astype(float), size.astype(float)
        found = ratio_shares(a.sum(), b.sum(), ((a * a).sum(), (a * b).sum(), (b * b).sum()), 80)
        within += bool(found.low <= 0.3 * 0.6 + 0.7 * 0.05 <= found.high)
    assert 0.91 <= within / 400 <= 0.98


def test_wilsons_interval_is_that_of_the_tables_and_open_at_no_end() -> None:
    found = wilson(np.array([0.0, 0.5, 1.0]), 10)  # R. Newcombe, Statistics in Medicine 17 (1998): 0/10 has 0 to .2775
    assert found.high[0] == pytest.approx(0.2775, abs=1e-4)
    assert (found.low[1], found.high[1]) == (pytest.approx(0.2366, abs=1e-4), pytest.approx(0.7634, abs=1e-4))
    assert found.low[2] == pytest.approx(1 - 0.2775, abs=1e-4)
    assert np.isnan(wilson(0.5, 0).low)
    means, many = mean_shares(np.array([1.0, 0.0, 1.0]), np.array([0, 0, 2]), 3)
    assert many.tolist() == [2, 0, 1]
    assert means.value[0] == 0.5
    assert np.isnan(means.value[1])


def test_a_median_stands_within_its_order_statistics() -> None:
    values = np.arange(101.0)
    middle, low, high = median_interval(values)
    assert (middle, low, high) == (50, 40, 61)
    assert all(map(math.isnan, median_interval(np.zeros(0))))
    assert median_interval(np.array([7.0])) == (7, 7, 7)


def test_the_law_of_the_test_is_kolmogorovs() -> None:
    assert kolmogorov_tail(1.3581) == pytest.approx(0.05, abs=1e-4)  # N. Smirnov's table (1948)
    assert kolmogorov_tail(1.6276) == pytest.approx(0.01, abs=1e-4)
    assert kolmogorov_tail(0) == 1
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])  # worked by hand


@pytest.mark.parametrize("right", [0.6, 0.9, 0.98])
def test_nobody_is_accused_on_noise(right: float) -> None:
    """Fifty people who never change, twenty answers to four hundred each: in how many such teams is anybody named?"""
    random = np.random.default_rng(5)
    teams = 60
    named = 0
    for _ in range(teams):
        found = [find_change(random.random(int(n)) < right) for n in random.integers(20, 400, 50)]
        named += min(holm([one.p for one in found if one is not None])) < 0.05
    assert named / teams <= 0.05 + 2 * math.sqrt(0.05 * 0.95 / teams)


def test_who_gets_worse_by_a_quarter_is_found_and_when() -> None:
    random = np.random.default_rng(6)
    found = [find_change(np.concatenate([random.random(300) < 0.9, random.random(300) < 0.65])) for _ in range(40)]
    assert sum(one.p * 50 < 0.05 for one in found) >= 38
    one = found[0]
    assert abs(one.at - 300) < 60
    assert one.low < one.after - one.before < one.high < 0
    assert find_change(np.ones(500)) is None
    assert find_change(random.random(59) < 0.5) is None


def test_what_happens_to_everybody_is_nobodys_own_change() -> None:
    random = np.random.default_rng(7)
    own = find_change(np.concatenate([random.random(400) < 0.95, random.random(400) < 0.6]))
    before, after = (random.random(4000) < 0.95).astype(float), (random.random(4000) < 0.6).astype(float)
    _, low, high = change_beside(own, before, after)
    assert low < 0 < high
    _, low, high = change_beside(own, before, before)
    assert high < 0
    assert change_beside(own, before[:0], before)[1:] == (own.low, own.high)
