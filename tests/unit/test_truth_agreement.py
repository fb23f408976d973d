"""Krippendorff's alpha against published answers, and its interval."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tawsim.truth import jaccard_distance, krippendorff_alpha

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
