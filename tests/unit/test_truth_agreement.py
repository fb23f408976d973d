"""Krippendorff's alpha and the kappas against published answers, their intervals, and who agrees with whom."""

import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tawsim.core.errors import BadInput, TooLarge
from tawsim.truth.agreement import (
    METRICS,
    agreement_of,
    cohen_kappa,
    draws,
    fleiss_kappa,
    jaccard_distance,
    krippendorff_alpha,
    pairwise_agreement,
)
from tawsim.truth.agreement.draws import MOST_KINDS, distinct_rows
from tawsim.truth.agreement.tables import _wide_alpha
from tawsim.truth.numeric.order import in_order

# Krippendorff 2011, 4 observers × 12 units; and three coders × 15 units. 0 = no answer.
FOUR = ["123321412000", "123322412503", "033323422510", "123324412510"]
THREE = ["000003412113303", "102133430000000", "002134402113304"]
INTERVAL = (np.arange(5)[:, None] - np.arange(5)) ** 2.0


def counts(rows):
    values = np.array([[int(value) for value in row] for row in rows])
    return np.stack([(values == k).sum(axis=0) for k in range(1, 6)], axis=1)


@pytest.mark.parametrize(
    ("rows", "distance", "alpha"),
    [(FOUR, None, 0.7434), (FOUR, INTERVAL, 0.8491), (THREE, None, 0.691), (THREE, INTERVAL, 0.811)],
)
def test_published_answers(rows, distance, alpha):
    result = krippendorff_alpha(counts(rows), distance)
    assert result.alpha == pytest.approx(alpha, abs=6e-4 if rows is THREE else 6e-5)
    assert result.low <= result.alpha <= result.high
    assert result.tasks == (11 if rows is FOUR else 12)


def test_on_crossed_data_alpha_differs_from_fleiss_kappa_only_by_the_small_sample_term():
    """Fleiss 1971 in form: equal overlap. 1 - alpha = (1 - kappa) (N - 1) / N."""
    table = np.random.default_rng(0).multinomial(6, [0.4, 0.3, 0.1, 0.1, 0.1], size=30)
    total = table.sum()
    observed = ((table**2).sum(axis=1) - 6).mean() / (6 * 5)
    expected = ((table.sum(axis=0) / total) ** 2).sum()
    kappa = (observed - expected) / (1 - expected)
    assert 1 - krippendorff_alpha(table).alpha == pytest.approx((1 - kappa) * (total - 1) / total)


def test_undefined_without_two_answers_or_two_labels():
    assert krippendorff_alpha(np.array([[1, 0], [0, 1]])) is None
    assert krippendorff_alpha(np.array([[2, 0], [3, 0]])) is None
    assert krippendorff_alpha(np.zeros((0, 3), int)) is None
    assert krippendorff_alpha(np.array([[2, 0], [0, 2]])).alpha == 1.0


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.lists(st.integers(0, 4), min_size=3, max_size=3), min_size=1, max_size=15), st.permutations(range(3))
)
def test_order_of_tasks_and_labels_changes_nothing(rows, order):
    table = np.array(rows)
    a, b = krippendorff_alpha(table, replicates=200), krippendorff_alpha(table[::-1][:, list(order)], replicates=200)
    assert (a is None) == (b is None)
    if a is not None:
        assert a.alpha == pytest.approx(b.alpha)
        assert a == krippendorff_alpha(table, replicates=200)
        assert a.low <= a.alpha <= a.high


def test_the_interval_covers():
    """Of worlds drawn alike, about 95 % of the intervals hold the alpha of a very large world."""
    random = np.random.default_rng(7)

    def world(tasks):
        lean = random.beta(0.5, 0.5, tasks)
        yes = random.binomial(4, lean)
        return np.stack([yes, 4 - yes], axis=1)

    limit = krippendorff_alpha(world(200_000)).alpha
    held = [(a.low <= limit <= a.high) for a in (krippendorff_alpha(world(80), replicates=300) for _ in range(150))]
    assert 0.88 <= np.mean(held) <= 0.995


def test_jaccard():
    distance = jaccard_distance([frozenset("ab"), frozenset("bc"), frozenset(), frozenset("ab")])
    assert distance[0].tolist() == pytest.approx([0, 2 / 3, 1, 0])
    assert distance[2, 2] == 0
    same_sets = np.array([[2, 0, 0, 1], [0, 3, 0, 0]])
    assert krippendorff_alpha(same_sets, distance).alpha == pytest.approx(1.0)


def plain_bootstrap(counts, metric, seed):
    """Tasks drawn one by one, and alpha of the tasks drawn."""
    random = np.random.default_rng(seed)
    found = [
        krippendorff_alpha(counts[random.integers(0, len(counts), len(counts))], metric=metric, replicates=1).alpha
        for _ in range(600)
    ]
    return np.quantile(found, [0.025, 0.975])


@pytest.mark.parametrize("metric", ["nominal", "ordinal", "interval"])
def test_the_interval_of_many_different_tasks_is_that_of_a_plain_bootstrap(metric):
    random = np.random.default_rng(4)
    center = random.integers(0, 8, 1500)
    said = np.clip(center[:, None] + random.integers(-3, 4, (1500, 9)) * (random.random((1500, 9)) < 0.6), 0, 7)
    counts = np.stack([(said == k).sum(axis=1) for k in range(8)], axis=1)
    assert len(distinct_rows(counts)[1]) > MOST_KINDS
    found = krippendorff_alpha(counts, metric=metric, replicates=4000)
    low, high = plain_bootstrap(counts, metric, 5)
    # Six hundred replicates know an end to about a tenth of half the width.
    assert found.low == pytest.approx(low, abs=0.12 * (high - low))
    assert found.high == pytest.approx(high, abs=0.12 * (high - low))


def test_blocks_of_draws_are_the_draws_made_at_once(monkeypatch):
    counts = np.random.default_rng(3).integers(0, 4, (200, 3))
    whole = krippendorff_alpha(counts)
    monkeypatch.setattr(draws, "AT_ONCE", 1000)
    assert krippendorff_alpha(counts) == whole


def test_a_million_answers_take_little_memory():
    counts = np.random.default_rng(2).multinomial(10, [0.1] * 10, size=100_000)
    tracemalloc.start()
    try:
        krippendorff_alpha(counts)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 100e6  # once 400 MB; all rows here differ, which is the worst there is


# ---- metrics, tables of votes, kappas, pairs
# Fleiss 1971, table 1: 30 patients, 6 psychiatrists; depression, personality disorder, schizophrenia, neurosis, other.
FLEISS = """00060 03003 01401 00006 03030 20400 00402 20310 20040 00006 10050 11040 03300 10050 02031
00501 30012 51000 02040 10203 00006 01050 02013 20040 10041 05010 40002 02040 10500 00006"""
# Ten subjects, 14 raters, 5 categories (base 15: E = 14).
TEN = "0000E 02642 00356 03920 22811 77000 32630 25322 65210 02237"


def table_of(text):
    return np.array([[int(digit, 15) for digit in row] for row in text.split()])


def votes_from(rows):
    """Rows of digits by worker as a table of votes; 0 = no answer."""
    return [(unit, worker, int(v)) for worker, row in enumerate(rows) for unit, v in enumerate(row) if v != "0"]


@pytest.mark.parametrize(
    ("rows", "metric", "alpha"),
    [
        (FOUR, "nominal", 0.7434),
        (FOUR, "ordinal", 0.8154),
        (FOUR, "interval", 0.8491),
        (FOUR, "ratio", 0.7974),
        (THREE, "nominal", 0.691),
        (THREE, "interval", 0.811),
    ],
)
def test_published_answers_of_every_metric_and_door(rows, metric, alpha):
    exact = 6e-4 if rows is THREE else 6e-5
    from_counts = krippendorff_alpha(counts(rows), metric=metric, values=range(1, 6))
    from_votes = agreement_of(votes_from(rows), metric=metric)
    many = _wide_alpha(in_order(votes_from(rows), None), metric, np.unique(np.concatenate(votes_values(rows))), 200, 0)
    for found in (from_counts, from_votes, many):
        assert found.alpha == pytest.approx(alpha, abs=exact)
        assert found.low <= found.alpha <= found.high
        assert found.tasks == from_counts.tasks
    assert abs(many.low - from_votes.low) < 0.15


def votes_values(rows):
    return [np.array([float(v) for v in row if v != "0"]) for row in rows]


def random_counts(random):
    tasks, labels = random.integers(2, 25), random.integers(2, 6)
    return random.multinomial(random.integers(1, 5), random.dirichlet(np.ones(labels)), size=tasks)


def test_the_krippendorff_package_agrees():
    peer = pytest.importorskip("krippendorff", reason="the package krippendorff is not here to be compared with")
    random = np.random.default_rng(3)
    for _ in range(40):
        table = random_counts(random)
        for metric in METRICS:
            ours = krippendorff_alpha(table, metric=metric, replicates=200)
            if ours is not None:
                theirs = peer.alpha(
                    value_counts=table, value_domain=list(range(table.shape[1])), level_of_measurement=metric
                )
                assert ours.alpha == pytest.approx(theirs, abs=1e-9)


def test_the_two_ways_to_count_agree():
    """Tables of counts for few values, sums over votes for many."""
    random = np.random.default_rng(4)
    for _ in range(25):
        table = random_counts(random)
        rows = [
            (t, f"{t} {i}", int(k))
            for t in range(len(table))
            for i, k in enumerate(np.repeat(np.arange(table.shape[1]), table[t]))
        ]
        votes = in_order(rows, range(table.shape[1]))
        for metric in METRICS:
            dense = krippendorff_alpha(table, metric=metric, replicates=200)
            wide = _wide_alpha(votes, metric, np.arange(table.shape[1], dtype=float), 50, 0)
            assert (dense is None) == (wide is None)
            if dense is not None:
                assert wide.alpha == pytest.approx(dense.alpha)


def test_numbers_of_many_values():
    random = np.random.default_rng(5)
    truth = random.normal(size=2000)
    rows = [(t, w, float(truth[t] + random.normal() / 3)) for t in range(2000) for w in range(3)]
    reliable = 1 / (1 + 1 / 9)  # the share of variance that is the truth's
    found = agreement_of(rows, metric="interval")
    assert found.low - 0.01 < reliable < found.high + 0.01
    assert found.high - found.low < 0.03
    assert 0.8 < agreement_of(rows, metric="ordinal").alpha < 0.95
    assert abs(agreement_of(rows, metric="nominal").alpha) < 0.01
    with pytest.raises(BadInput, match="0 or more"):
        agreement_of(rows, metric="ratio")
    with pytest.raises(TooLarge, match="Round"):
        agreement_of([(t, w, abs(v)) for t, w, v in rows], metric="ratio")


def test_ordinal_alpha_needs_the_order_only():
    rows = votes_from(FOUR)
    bent = [(t, w, 10.0**v) for t, w, v in rows]
    assert agreement_of(rows, metric="ordinal").alpha == pytest.approx(agreement_of(bent, metric="ordinal").alpha)
    named = [(t, w, "abcde"[v - 1]) for t, w, v in rows]
    by_name = agreement_of(named, metric="ordinal", levels="abcde")
    assert by_name.alpha == pytest.approx(0.8154, abs=6e-5)
    assert by_name.alpha == pytest.approx(agreement_of(named, metric="ordinal", levels="edcba").alpha)


def test_bad_metrics():
    with pytest.raises(BadInput, match="no metric"):
        krippendorff_alpha(np.array([[1, 1]]), metric="cardinal")
    with pytest.raises(BadInput, match="no metric"):
        agreement_of([("t", "a", 1)], metric="cardinal")
    with pytest.raises(BadInput, match="0 or more"):
        krippendorff_alpha(np.array([[1, 1]]), metric="ratio", values=[-1, 1])
    with pytest.raises(BadInput, match="finite numbers"):
        krippendorff_alpha(np.array([[1, 1]]), metric="interval", values=[1, 2, 3])
    with pytest.raises(BadInput, match="not a number"):
        agreement_of([("t", "a", "x"), ("t", "b", "y")], metric="interval")


@pytest.mark.parametrize(("text", "kappa", "subjects"), [(FLEISS, 0.43024, 30), (TEN, 0.20993, 10)])
def test_published_fleiss(text, kappa, subjects):
    found = fleiss_kappa(table_of(text))
    assert found.kappa == pytest.approx(kappa, abs=6e-6)
    assert found.low < found.kappa < found.high
    assert found.tasks == subjects


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000), st.integers(2, 6), st.integers(2, 5), st.integers(2, 12))
def test_alpha_is_fleiss_kappa_but_for_the_small_sample_term(seed, workers, labels, tasks):
    table = np.random.default_rng(seed).multinomial(workers, np.ones(labels) / labels, size=tasks)
    alpha, kappa = krippendorff_alpha(table, replicates=200), fleiss_kappa(table, replicates=200)
    assert (alpha is None) == (kappa is None)
    if alpha is not None:
        total = table.sum()
        assert 1 - alpha.alpha == pytest.approx((1 - kappa.kappa) * (total - 1) / total)


def test_fleiss_needs_equal_overlap():
    with pytest.raises(BadInput, match="Task 2 has 3"):
        fleiss_kappa(np.array([[1, 1], [2, 1]]))
    assert fleiss_kappa(np.array([[1, 0], [0, 1]])) is None
    assert fleiss_kappa(np.array([[2, 0], [2, 0]])) is None
    assert fleiss_kappa(np.zeros((0, 2), int)) is None


def test_cohen():
    """The textbooks' example: .7 observed, .5 by chance."""
    table = np.array([[20, 5], [10, 15]])
    found = cohen_kappa(table)
    assert found.kappa == pytest.approx(0.4)
    assert found.tasks == 50
    # The asymptotic interval (Fleiss, Cohen, Everitt 1969) is 0.4 ± 1.96 × 0.127.
    assert found.low == pytest.approx(0.15, abs=0.04)
    assert found.high == pytest.approx(0.65, abs=0.04)
    grades = np.array([[11, 4, 1], [3, 8, 5], [0, 2, 9]])
    n = grades.sum()
    chance = np.outer(grades.sum(axis=1), grades.sum(axis=0)) / n
    for weights, power in (("linear", 1), ("quadratic", 2)):
        cost = np.abs(np.subtract.outer(np.arange(3), np.arange(3))) ** power
        expected = 1 - (cost * grades).sum() / (cost * chance).sum()
        assert cohen_kappa(grades, weights=weights).kappa == pytest.approx(expected)
        assert cohen_kappa(grades[::-1, ::-1], weights=weights).kappa == pytest.approx(expected)
    assert cohen_kappa(grades).kappa < cohen_kappa(grades, weights="quadratic").kappa
    assert cohen_kappa(np.diag([3, 4])).kappa == 1
    assert cohen_kappa(np.array([[5, 0], [0, 0]])) is None
    assert cohen_kappa(np.zeros((2, 2), int)) is None
    with pytest.raises(BadInput, match="square"):
        cohen_kappa(np.array([[1, 2]]))
    with pytest.raises(BadInput, match="no weights"):
        cohen_kappa(grades, weights="cubic")


def test_pairs_of_workers():
    random = np.random.default_rng(6)
    said = random.integers(0, 3, (40, 4))
    said[:, 1] = said[:, 0]
    rows = [(t, f"w{w}", int(said[t, w])) for t in range(40) for w in range(4) if w < 3 or t < 10]
    found = pairwise_agreement([*rows, ("alone", "hermit", 1)])
    assert found.workers == ("hermit", "w0", "w1", "w2", "w3")
    assert found.share[1, 2] == found.kappa[1, 2] == 1
    assert found.shared[1, 4] == 10
    assert np.isnan(found.share[0, 1:]).all()
    assert found.shared[0].tolist() == [1, 0, 0, 0, 0]
    for i, j in ((0, 2), (0, 3), (2, 3)):
        both = said[: 10 if 3 in (i, j) else 40][:, [i, j]]
        table = np.bincount(both[:, 0] * 3 + both[:, 1], minlength=9).reshape(3, 3)
        assert found.share[i + 1, j + 1] == pytest.approx(np.mean(both[:, 0] == both[:, 1]))
        assert found.kappa[i + 1, j + 1] == pytest.approx(cohen_kappa(table).kappa)
    assert np.array_equal(found.share, found.share.T, equal_nan=True)
    assert np.allclose(found.kappa, found.kappa.T, equal_nan=True)


def test_pairs_in_several_goes_are_the_same(monkeypatch):
    random = np.random.default_rng(7)
    rows = [(t, w, int(random.integers(0, 2))) for t in range(30) for w in range(6)]
    whole = pairwise_agreement(rows)
    monkeypatch.setattr("tawsim.truth.agreement.tables.PAIRS_AT_ONCE", 7)
    assert np.array_equal(pairwise_agreement(rows).kappa, whole.kappa, equal_nan=True)
