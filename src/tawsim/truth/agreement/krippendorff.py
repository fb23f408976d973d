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

Floats = NDArray[np.float64]
Metric = Literal["nominal", "ordinal", "interval", "ratio"]
METRICS: tuple[Metric, ...] = ("nominal", "ordinal", "interval", "ratio")
REPLICATES = 1000
# The bootstrap draws replicates × patterns numbers; beyond this it takes fewer replicates, as many tasks need no more.
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
    multiplicity of each distinct row of counts is the same draw and far cheaper. Same `seed`, same interval. The
    ordinal distance is that of each draw's own answers, as the answers at hand define it.

    >>> table = np.array([[3, 0, 0], [0, 3, 0], [0, 1, 2], [0, 0, 3]])
    >>> round(krippendorff_alpha(table).alpha, 3), round(krippendorff_alpha(table, metric="ordinal").alpha, 3)
    (0.766, 0.853)
    """
    counts = np.asarray(counts)
    counts = counts[counts.sum(axis=1) > 1]
    numbers = _numbers(metric, values, counts.shape[1])
    if not len(counts):
        return None
    pattern, times = distinct_rows(counts)
    size = pattern.sum(axis=1)
    few = max(MIN_REPLICATES, min(replicates, MAX_DRAWS // len(times)))
    draws = np.random.default_rng(seed).multinomial(len(counts), times / len(counts), size=few)
    weight = np.concatenate([times[None], draws]).astype(float)
    if metric == "ordinal" and distance is None:
        found = np.array([_ordinal_alpha(row, size, pattern) for row in weight])
    else:
        delta = metric_distance(metric, numbers) if distance is None else np.asarray(distance, float)
        disagreement = np.einsum("tk,tk->t", pattern @ delta, pattern) / (size - 1)
        found = _alpha(weight, disagreement, size, pattern, delta)
    return summary(found, len(counts))


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


def distinct_rows(counts: NDArray[Any]) -> tuple[Floats, NDArray[np.int64]]:
    """The distinct rows of `counts` (P, K) and how often each occurs (P,).

    Rows are told apart by a 64-bit mix, which sorts ten times as fast as rows do; a collision is looked for and, should
    there ever be one, the slow way is taken.
    """
    mix = np.random.default_rng(1).integers(-(2**62), 2**62, counts.shape[1]) * 2 + 1
    key = (counts.astype(np.int64) * mix).sum(axis=1)
    _, first, where, times = np.unique(key, return_index=True, return_inverse=True, return_counts=True)
    if not np.array_equal(counts[first][where.reshape(-1)], counts):  # pragma: no cover - one in 10^9 runs
        rows, times = np.unique(counts, axis=0, return_counts=True)
        return rows.astype(float), times
    return counts[first].astype(float), times
