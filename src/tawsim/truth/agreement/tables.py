"""Agreement from tables of votes: alpha of any metric, for any number of values, and who agrees with whom. Pure arrays."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tawsim.core.errors import TooLarge
from tawsim.truth.agreement.draws import MOST_KINDS, blocks_of_draws, normal_ratios
from tawsim.truth.agreement.krippendorff import (
    MIN_REPLICATES,
    REPLICATES,
    Agreement,
    Floats,
    Metric,
    check_metric,
    check_ratio,
    krippendorff_alpha,
    metric_distance,
    mid_ranks,
    summary,
)
from tawsim.truth.numeric.order import in_order
from tawsim.truth.numeric.reading import read_number
from tawsim.truth.votes import Votes

# Beyond so many cells the table of counts is mostly zeros, and sums over votes are faster.
MAX_CELLS = 4_000_000
# The ratio metric compares every pair of values.
MAX_RATIO_VALUES = 3_000
# Cells of a workers × workers (× labels) table, and pairs of votes looked at at once.
MAX_PAIR_CELLS = 60_000_000
PAIRS_AT_ONCE = 4_000_000


def agreement_of(
    votes: Any,
    *,
    metric: Metric = "nominal",
    levels: Sequence[Any] | None = None,
    replicates: int = REPLICATES,
    seed: int = 0,
) -> Agreement | None:
    """Krippendorff's alpha of `votes` (`Votes`, or any table with task, worker, label), as `krippendorff_alpha`.

    "ordinal" takes labels in the order of `levels`, or of the numbers they are; "interval" and "ratio" need labels that
    are numbers. With very many different values the bootstrap of the other metrics has 200 replicates. Raises `BadInput`
    for labels that the metric cannot use, `TooLarge` for the ratio metric of more than 3 000 values.

    >>> agreement_of([("t", "ann", 1), ("t", "bob", 2), ("u", "ann", 8), ("u", "bob", 9)], metric="interval").tasks
    2
    """
    check_metric(metric)
    votes = in_order(votes, levels) if metric != "nominal" else Votes.from_table(votes)
    values = np.arange(len(votes.labels), dtype=float)
    if metric in ("interval", "ratio"):
        values = np.array([read_number(label) for label in votes.labels])
        # In a unit of its own, so that squares of large numbers stay finite; alpha does not depend on it.
        values = values / (float(np.abs(values).max()) or 1.0)
        if metric == "ratio":
            check_ratio(values)
    if len(votes.tasks) * len(votes.labels) <= MAX_CELLS and len(votes.labels) <= 64:
        counts = votes.counts()
        return krippendorff_alpha(counts, metric=metric, values=values.tolist(), replicates=replicates, seed=seed)
    return _wide_alpha(votes, metric, values, replicates, seed)


def _interval_alpha(votes: Votes, values: Floats, replicates: int, seed: int) -> Agreement | None:
    """Alpha of numbers from three sums a task: how many, their sum and that of their squares, from the mean of all."""
    several = votes.per_task() > 1
    tasks = int(np.count_nonzero(several))
    if not tasks:
        return None
    kept = several[votes.task]
    task = (np.cumsum(several) - 1)[votes.task[kept]]
    value = values[votes.label[kept]]
    value = value - value.mean()
    size, sums, squares = (np.bincount(task, w, tasks).astype(float) for w in (None, value, value**2))
    within = 2 * np.bincount(task, (value - (sums / size)[task]) ** 2, tasks) * size / (size - 1)
    random, once = np.random.default_rng(seed), np.ones(tasks, np.int64)
    if tasks > MOST_KINDS:
        total, square = float(size.sum()), float(squares.sum())
        expected = 2 * total * square / (total - 1)  # the sum of all is 0
        adds = (2 * (size * square + total * squares) - expected * size) / (total - 1)
        pieces = np.stack([within, adds], axis=1)
        return summary(normal_ratios(pieces, once, float(within.sum()), expected, replicates, random), tasks)
    found = []
    for weight in blocks_of_draws(once, replicates, random):
        total, sum_, square = weight @ size, weight @ sums, weight @ squares
        expected = 2 * (total * square - sum_**2) / (total - 1)
        undefined = np.full(len(total), np.nan)
        found.append(1 - np.divide(weight @ within, expected, out=undefined, where=expected > 1e-12 * total))
    return summary(np.concatenate(found), tasks)


def _wide_alpha(votes: Votes, metric: Metric, values: Floats, replicates: int, seed: int) -> Agreement | None:
    """Alpha by sums over votes: for each replicate one pass, and no table of tasks × labels."""
    if metric == "interval":
        return _interval_alpha(votes, values, replicates, seed)
    replicates = min(replicates, MIN_REPLICATES)
    several = votes.per_task() > 1
    tasks = int(np.count_nonzero(several))
    if not tasks:
        return None
    kept = several[votes.task]
    task, label = (np.cumsum(several) - 1)[votes.task[kept]], votes.label[kept].astype(np.int64)
    size = np.bincount(task).astype(float)
    sums = _Sums(task, label, size, metric, values)
    random = np.random.default_rng(seed)
    found = [sums.alpha(np.ones(tasks))]
    found += [sums.alpha(np.bincount(random.integers(0, tasks, tasks), minlength=tasks)) for _ in range(replicates)]
    return summary(np.array(found), tasks)


class _Sums:
    """Alpha of a set of tasks drawn with given multiplicities."""

    def __init__(self, task: NDArray[Any], label: NDArray[Any], size: Floats, metric: Metric, values: Floats) -> None:
        if metric == "ratio" and len(values) > MAX_RATIO_VALUES:
            raise TooLarge(
                f"The ratio metric compares every pair of {len(values)} values.",
                f"Round the answers to {MAX_RATIO_VALUES} values or fewer, or use metric='interval'.",
            )
        self.task, self.label, self.size, self.metric, self.values = task, label, size, metric, values
        self.delta = metric_distance("ratio", values) if metric == "ratio" else np.zeros((0, 0))
        self.within = np.zeros(0)
        if metric != "ordinal":
            cell, times = np.unique(task * len(values) + label, return_counts=True)
            self.within = self._pairs(cell // len(values), cell % len(values), times.astype(float)) / (size - 1)

    def alpha(self, weight: NDArray[Any]) -> float:
        """Alpha where task t is there `weight[t]` times; NaN where only one kind of answer occurs."""
        of_vote = weight[self.task].astype(float)
        marginals = np.bincount(self.label, of_vote, len(self.values)).astype(float)
        total = float(marginals.sum())
        if self.metric == "nominal":
            expected = total**2 - float((marginals**2).sum())
            within = self.within
        elif self.metric == "ratio":
            expected, within = float(marginals @ self.delta @ marginals), self.within
        else:
            values = mid_ranks(marginals) / total
            mean = float(marginals @ values) / total
            expected = 2 * total * float(marginals @ (values - mean) ** 2)
            within = self._squares(values)
        expected /= total - 1
        return 1 - float(weight @ within) / expected if expected > 1e-12 * total else float("nan")

    def _squares(self, values: Floats) -> Floats:
        """Σ_kl n_tk n_tl (v_k - v_l)² / (n_t - 1) of each task, from the mean, so that nothing cancels."""
        value = values[self.label]
        mean = np.bincount(self.task, value) / self.size
        squares = np.bincount(self.task, (value - mean[self.task]) ** 2)
        return 2 * self.size * squares / (self.size - 1)

    def _pairs(self, task: NDArray[Any], label: NDArray[Any], times: Floats) -> Floats:
        """Σ_kl n_tk n_tl δ_kl of each task, from its distinct labels."""
        if self.metric == "nominal":
            return self.size**2 - np.bincount(task, times**2, len(self.size))
        found = np.zeros(len(self.size))
        for first, second in _pairs_by_task(task):
            apart = self.delta[label[first], label[second]] * times[first] * times[second]
            found += np.bincount(task[first], 2 * apart, len(self.size))
        return found


@dataclass(frozen=True, slots=True, eq=False)
class PairwiseAgreement:
    """Who agrees with whom, in the order of `workers` (W,): `shared` (W, W) tasks that both answered, `share` of them with
    the same label, and Cohen's `kappa`; NaN where they share none, or kappa is undefined. The diagonal is 1."""

    workers: tuple[Any, ...]
    shared: NDArray[np.int64]
    share: Floats
    kappa: Floats


def pairwise_agreement(votes: Any) -> PairwiseAgreement:
    """Agreement of every two workers of `votes` (`Votes`, or any table with task, worker, label).

    Cost: one pass over the pairs of votes to one task. Raises `TooLarge` for more than 60 million workers² × labels.
    """
    votes = Votes.from_table(votes)
    workers, labels = len(votes.workers), len(votes.labels)
    if workers**2 * labels > MAX_PAIR_CELLS:
        raise TooLarge(
            f"{workers} workers with {labels} labels are too many to compare every two.", "Take some workers."
        )
    # said[i, j, k]: tasks that i and j share and i called k.
    said = np.zeros((workers, workers, labels))
    same = np.zeros((workers, workers))
    for first, second in _pairs_by_task(votes.task):
        for one, other in ((first, second), (second, first)):
            pair = votes.worker[one].astype(np.int64) * workers + votes.worker[other]
            said += np.bincount(pair * labels + votes.label[one], minlength=said.size).reshape(said.shape)
            equal = votes.label[one] == votes.label[other]
            same += np.bincount(pair[equal], minlength=same.size).reshape(same.shape)
    shared = said.sum(axis=2)
    here = np.arange(workers)
    shared[here, here] = same[here, here] = np.bincount(votes.worker, minlength=workers)
    none = np.full(shared.shape, np.nan)
    share = np.divide(same, shared, out=none.copy(), where=shared > 0)
    chance = np.einsum("ijk,jik->ij", said, said)
    chance = np.divide(chance, shared**2, out=none.copy(), where=shared > 0)
    kappa = np.divide(share - chance, 1 - chance, out=none, where=1 - chance > 1e-12)
    kappa[here, here] = np.where(shared[here, here] > 0, 1.0, np.nan)
    return PairwiseAgreement(votes.workers, shared.astype(np.int64), share, kappa)


def _pairs_by_task(task: NDArray[Any]) -> Iterator[tuple[NDArray[np.intp], NDArray[np.intp]]]:
    """Pairs of positions in `task`, which is sorted, that are of one task; each pair once, some millions at a time."""
    size = np.bincount(task)
    left = np.cumsum(size)[task] - np.arange(len(task)) - 1
    ends = np.cumsum(left)
    start = 0
    while start < len(task):
        stop = max(start + 1, int(np.searchsorted(ends, (ends[start - 1] if start else 0) + PAIRS_AT_ONCE, "right")))
        count = left[start:stop]
        first = np.repeat(np.arange(start, stop), count)
        step = np.arange(len(first)) - np.repeat(np.cumsum(count) - count, count)
        if len(first):
            yield first, first + 1 + step
        start = stop
