"""Krippendorff's alpha: how far workers agree beyond what chance would give, with a bootstrap interval. Pure arrays.

Computed from counts (tasks × answers), never from a tasks × workers matrix, so a million votes cost milliseconds. For
tables of votes, and for answers of very many values, see tawsim/truth/agreement/tables.py.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from tawsim.core.errors import BadInput
from tawsim.truth.agreement.draws import MOST_KINDS, blocks_of_draws, distinct_rows, normal_ratios

Floats = NDArray[np.float64]
Metric = Literal["nominal", "ordinal", "interval", "ratio"]
METRICS: tuple[Metric, ...] = ("nominal", "ordinal", "interval", "ratio")
REPLICATES = 1000
# The bootstrap of Fleiss' kappa, and of answers of very many values, takes fewer replicates where tasks are many.
MAX_DRAWS = 20_000_000
MIN_REPLICATES = 200


@dataclass(frozen=True, slots=True)
class Agreement:
    """`alpha` (1 = perfect, 0 = as by chance, below = worse) with its 95 % interval `low`..`high`; `tasks` is the
    number of tasks with two answers or more, on which alone it rests."""

    alpha: float
    low: float
    high: float
    tasks: int


def krippendorff_alpha(
    counts: NDArray[Any],
    distance: Floats | None = None,
    *,
    metric: Metric = "nominal",
    values: Sequence[float] | None = None,
    replicates: int = REPLICATES,
    seed: int = 0,
) -> Agreement | None:
    """Alpha from `counts` (T, K), the number of answers k to task t. None where it is undefined: no task has two
    answers, or only one kind of answer occurs.

    alpha = 1 - D_o / D_e with D_o = Σ_t Σ_kl n_tk n_tl δ_kl / (n_t - 1) and D_e = Σ_kl n_k n_l δ_kl / (n - 1), over
    tasks with n_t ≥ 2 (K. Krippendorff, "Computing Krippendorff's Alpha-Reliability", 2011). δ is that of `metric` (see
    `metric_distance`; `values` (K,) are the numbers that the answers stand for, 0..K-1 if not given) or a `distance`
    (K, K) of one's own, 0 on the diagonal. Interval: percentiles over tasks drawn with replacement; drawing the
    multiplicity of each distinct row of counts is the same draw and far cheaper. Of more than 500 distinct rows the sums
    D_o and D_e are drawn instead, as the two normal numbers that they then are (draws.py). Same `seed`, same interval.
    The ordinal distance is that of each draw's own answers, as the answers at hand define it.

    Cost: one pass over the counts and a sort of the tasks; memory 40 bytes a task besides the counts.

    >>> table = np.array([[3, 0, 0], [0, 3, 0], [0, 1, 2], [0, 0, 3]])
    >>> round(krippendorff_alpha(table).alpha, 3), round(krippendorff_alpha(table, metric="ordinal").alpha, 3)
    (0.766, 0.853)
    """
    counts = np.asarray(counts)
    several = counts.sum(axis=1) > 1
    counts = counts if several.all() else counts[several]
    numbers = _numbers(metric, values, counts.shape[1])
    if not len(counts):
        return None
    pattern, times = distinct_rows(counts)
    ordinal = metric == "ordinal" and distance is None
    delta = None
    if not ordinal:
        delta = metric_distance(metric, numbers) if distance is None else np.asarray(distance, float)
    return alpha_of_patterns(pattern, times, delta, replicates=replicates, seed=seed)


def alpha_of_patterns(
    pattern: Floats, times: NDArray[np.int64], delta: Floats | None, *, replicates: int = REPLICATES, seed: int = 0
) -> Agreement | None:
    """Alpha from distinct rows of counts, `pattern` (P, K), each with two answers or more, and how many tasks have each,
    `times` (P,). `delta` (K, K): the distances, or None for the ordinal ones. So many groups of the same tasks share one
    table of patterns. Formula and interval: `krippendorff_alpha`."""
    there = times > 0
    pattern, times = (pattern, times) if there.all() else (pattern[there], times[there])
    if not len(times):
        return None
    tasks = int(times.sum())
    size = pattern.sum(axis=1)
    random = np.random.default_rng(seed)
    if len(times) > MOST_KINDS:
        pieces, within, expected = (
            _ordinal_pieces(times, size, pattern) if delta is None else _pieces(times, size, pattern, delta)
        )
        return summary(normal_ratios(pieces, times, within, expected, replicates, random), tasks)
    disagreement = np.zeros(0) if delta is None else np.einsum("tk,tk->t", pattern @ delta, pattern) / (size - 1)
    found = np.concatenate([
        np.array([_ordinal_alpha(row, size, pattern) for row in weight])
        if delta is None
        else _alpha(weight, disagreement, size, pattern, delta)
        for weight in blocks_of_draws(times, replicates, random)
    ])  # fmt: skip
    return summary(found, tasks)


def summary(found: Floats, tasks: int) -> Agreement | None:
    """`Agreement` from alpha, the first of `found`, and its replicates; None where alpha is NaN."""
    alpha, spread = float(found[0]), found[1:]
    if np.isnan(alpha):
        return None
    spread = spread[~np.isnan(spread)]
    low, high = np.quantile(spread, [0.025, 0.975]) if spread.size else (alpha, alpha)
    return Agreement(alpha, min(float(low), alpha), max(float(high), alpha), tasks)


def metric_distance(metric: Metric, values: Floats, marginals: Floats | None = None) -> Floats:
    """The squared distance δ (K, K) between answers: nominal 0 or 1; interval (a - b)²; ratio ((a - b) / (a + b))²;
    ordinal the interval distance between mid-ranks, which `marginals` (K,), the number of each answer, give."""
    if metric == "nominal":
        return 1.0 - np.eye(len(values))
    if metric == "ordinal":
        values = mid_ranks(np.ones(len(values)) if marginals is None else marginals)
    apart = values[:, None] - values[None]
    if metric == "ratio":
        total = values[:, None] + values[None]
        apart = np.divide(apart, total, out=np.zeros_like(apart), where=total != 0)
    squared: Floats = apart**2
    return squared


def mid_ranks(marginals: Floats) -> Floats:
    """The mean rank of each answer, (K,) or (B, K): Σ_{g ≤ k} n_g - n_k / 2. Their differences are Krippendorff's ordinal
    distance, Σ of the answers from k to l less half of those at either end."""
    ranks: Floats = np.cumsum(marginals, axis=-1) - marginals / 2
    return ranks


def check_metric(metric: str) -> None:
    """Raises `BadInput` for a metric that does not exist."""
    if metric not in METRICS:
        raise BadInput(f"There is no metric {metric!r}.", "Known metrics: " + ", ".join(METRICS))


def check_ratio(values: Floats) -> None:
    """Raises `BadInput` for values without a zero that means nothing at all."""
    if values.size and float(values.min()) < 0:
        raise BadInput("The ratio metric needs values of 0 or more.", "Use metric='interval'.")


def jaccard_distance(sets: Iterable[frozenset[Any]]) -> Floats:
    """1 - |A ∩ B| / |A ∪ B| for each pair of S sets, (S, S); two empty sets are equal. For alpha of sets of labels."""
    listed = list(sets)
    members = sorted({repr(one) for each in listed for one in each})
    place = {one: i for i, one in enumerate(members)}
    has = np.zeros((len(listed), max(len(members), 1)))
    for i, each in enumerate(listed):
        has[i, [place[repr(one)] for one in each]] = 1.0
    both = has @ has.T
    size = has.sum(axis=1)
    either = size[:, None] + size[None] - both
    alike: Floats = np.divide(both, either, out=np.ones_like(both), where=either > 0)
    return 1.0 - alike


def _numbers(metric: Metric, values: Sequence[float] | None, answers: int) -> Floats:
    check_metric(metric)
    numbers = np.arange(answers, dtype=float) if values is None else np.asarray(values, float)
    if numbers.shape != (answers,) or not np.isfinite(numbers).all():
        raise BadInput(f"values are {answers} finite numbers, one for each column of the counts.")
    if metric == "ratio":
        check_ratio(numbers)
    return numbers


def _alpha(weight: Floats, disagreement: Floats, size: Floats, pattern: Floats, delta: Floats) -> Floats:
    """Alpha of each row of `weight` (B, P), the times each pattern occurs; NaN where only one kind of answer occurs."""
    total = weight @ size
    per_label = weight @ pattern
    expected = np.einsum("bk,bk->b", per_label @ delta, per_label) / (total - 1)
    undefined = np.full(len(total), np.nan)
    ratio: Floats = np.divide(weight @ disagreement, expected, out=undefined, where=expected > 0)
    return 1.0 - ratio


def _ordinal_alpha(weight: Floats, size: Floats, pattern: Floats) -> float:
    """Alpha of one row of weights (P,), with the ranks that its own answers have.

    Σ_kl n_k n_l (r_k - r_l)² = 2 (n Σ n_k r_k² - (Σ n_k r_k)²), which spares the table of distances.
    """
    per_label = weight @ pattern
    total = float(per_label.sum())
    ranks = mid_ranks(per_label) / total
    within = 2 * (size * (pattern @ ranks**2) - (pattern @ ranks) ** 2) / (size - 1)
    expected = 2 * (total * float(per_label @ ranks**2) - float(per_label @ ranks) ** 2) / (total - 1)
    # Below this it is one kind of answer and rounding.
    return 1.0 - float(weight @ within) / expected if expected > 1e-9 * total else float("nan")


def _pieces(times: NDArray[np.int64], size: Floats, pattern: Floats, delta: Floats) -> tuple[Floats, float, float]:
    """What one more task of each pattern adds to D_o and, to first order, to D_e, (P, 2); D_o and D_e themselves. Zero
    where only one kind of answer occurs."""
    within = np.einsum("tk,tk->t", pattern @ delta, pattern) / (size - 1)
    per_label = times @ pattern
    total = float(per_label.sum())
    from_all = delta @ per_label
    expected = float(per_label @ from_all) / (total - 1)
    adds = 2 * (pattern @ from_all) / (total - 1) - expected * size / (total - 1)
    return np.stack([within, adds], axis=1), float(times @ within), expected


def _ordinal_pieces(times: NDArray[np.int64], size: Floats, pattern: Floats) -> tuple[Floats, float, float]:
    """As `_pieces`, with the ranks' own share in the derivative: an answer more moves the ranks of all above it."""
    per_label = times @ pattern
    total = float(per_label.sum())
    ranks = mid_ranks(per_label) / total
    spread = pattern * (size / (size - 1))[:, None] * 2
    mean = pattern @ ranks
    within = spread @ ranks**2 - 2 * mean**2 / (size - 1)
    moved = mid_ranks(pattern) / total
    slope = 2 * ranks * (times @ spread) - 4 * (times * mean / (size - 1)) @ pattern
    square, sum_ = float(per_label @ ranks**2), float(per_label @ ranks)
    expected = 2 * (total * square - sum_**2) / (total - 1)
    if expected <= 1e-9 * total:  # one kind of answer, and rounding
        expected = 0.0
    by_ranks = 4 * (total * per_label * ranks - sum_ * per_label) / (total - 1)
    adds = (
        2 * (size * square + total * (pattern @ ranks**2) - 2 * sum_ * mean) / (total - 1)
        - expected * size / (total - 1)
        + moved @ by_ranks
    )
    return np.stack([within + moved @ slope, adds], axis=1), float(times @ within), expected
