"""Agreement of many groups of the same tasks at once: slices, days, single labels; and which labels are mixed up. Pure arrays.

`Patterns` is for few labels: tasks with the same answers are one row, so a group costs as much as there are different rows,
however many tasks it has. `TaskSums` is for answers of many values (numbers, sets, long lists of labels).
"""

from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from tawsim.truth.agreement.draws import distinct_rows_and_places, normal_ratios
from tawsim.truth.agreement.kappa import Kappa, fleiss_of_patterns
from tawsim.truth.agreement.krippendorff import REPLICATES, Agreement, alpha_of_patterns, metric_distance, summary
from tawsim.truth.agreement.shares import Shares, ratio_shares

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
MOST_REMEMBERED = 4_000
# Patterns × labels × labels looked at at once.
AT_ONCE = 1_000_000


@dataclass(frozen=True, slots=True, eq=False)
class Patterns:
    """T tasks by the answers they have: `pattern` (P, K) the distinct rows of counts with two answers or more; `place` (T,)
    the row of each task, -1 for one with fewer. `ordinal`: whether the K labels are steps. `remembered` keeps what was found
    for a group, so that groups whose tasks did not change cost nothing."""

    pattern: Floats
    place: Ints
    ordinal: bool = False
    remembered: dict[Any, Any] = field(default_factory=dict)

    def times(self, group: NDArray[Any] | None = None, groups: int = 1) -> Ints:
        """How many tasks of each group (-1: none) have each pattern, (G, P); of all tasks without groups."""
        there = self.place >= 0
        if group is not None:
            there &= group >= 0
        where = np.zeros(len(self.place), np.int64) if group is None else group
        cell = where[there].astype(np.int64) * len(self.pattern) + self.place[there]
        return np.bincount(cell, minlength=groups * len(self.pattern)).reshape(groups, len(self.pattern))

    def alpha(self, times: Ints) -> Agreement | None:
        """Krippendorff's alpha, nominal or ordinal, of tasks that have each pattern `times` (P,) often."""
        delta = None if self.ordinal else metric_distance("nominal", np.zeros(self.pattern.shape[1]))
        found: Agreement | None = self._once("alpha", times, lambda: alpha_of_patterns(self.pattern, times, delta))
        return found

    def alpha_of_label(self, label: int, times: Ints) -> Agreement | None:
        """Alpha of one label against all others together."""
        own = self.pattern[:, label]
        two = np.stack([own, self.pattern.sum(axis=1) - own], axis=1)
        rows, place = distinct_rows_and_places(two)
        folded = np.bincount(place, times, len(rows)).astype(np.int64)
        two_labels = 1 - np.eye(2)
        found: Agreement | None = self._once(
            ("label", label), times, lambda: alpha_of_patterns(rows, folded, two_labels)
        )
        return found

    def fleiss(self, times: Ints) -> tuple[Kappa | None, int]:
        """Fleiss's kappa of the tasks with the commonest number of answers, as it needs as many for each; and that number."""
        size = self.pattern.sum(axis=1).astype(np.int64)
        if not len(size) or not times.sum():
            return None, 0
        usual = int(np.bincount(size, times).argmax())
        same = np.where(size == usual, times, 0)
        return self._once("fleiss", times, lambda: fleiss_of_patterns(self.pattern, same)), usual

    def _once(self, what: Any, times: Ints, work: Any) -> Any:
        there = times > 0
        key = (what, self.pattern[there].tobytes(), times[there].tobytes())
        if key not in self.remembered:
            if len(self.remembered) >= MOST_REMEMBERED:
                self.remembered.clear()
            self.remembered[key] = work()
        return self.remembered[key]


def patterns_of(counts: NDArray[Any], *, ordinal: bool = False, remembered: dict[Any, Any] | None = None) -> Patterns:
    """`Patterns` of counts (T, K)."""
    several = counts.sum(axis=1) > 1
    pattern, where = distinct_rows_and_places(counts[several])
    place = np.full(len(counts), -1, np.int64)
    place[several] = where
    return Patterns(pattern, place, ordinal, {} if remembered is None else remembered)


@dataclass(frozen=True, slots=True, eq=False)
class Mixed:
    """Which labels meet one another in the answers to one task. `pairs` (K, K): how many ordered pairs of answers of two
    people say k and l; `share` (K, K): of the pairs in which one said k, the share in which the other said l; `between`
    (K, K): of the pairs that hold only k and l, the share that holds both; `of_all` (K, K): of all pairs that differ, the
    share that differ in k and l; `tasks` (K, K) in which both labels occur."""

    pairs: Floats
    share: Shares
    between: Shares
    of_all: Shares
    tasks: Ints


def mixed_labels(pattern: Floats, times: Ints) -> Mixed:
    """`Mixed` from patterns (P, K) and how many tasks have each."""
    labels = pattern.shape[1]
    sums = np.zeros((11, labels, labels))
    at_once = max(1, AT_ONCE // labels**2)
    for start in range(0, len(pattern), at_once):
        sums += _mixed_sums(pattern[start : start + at_once], times[start : start + at_once].astype(float))
    pairs, tasks, *rest = sums
    size = pattern.sum(axis=1)
    apart = size**2 - (pattern**2).sum(axis=1)
    with_k = pattern * (size - 1)[:, None]
    share = ratio_shares(
        pairs,
        (times @ with_k)[:, None],
        (rest[0], rest[1], (times @ with_k**2)[:, None]),
        (times @ (with_k > 0))[:, None],
    )
    between = ratio_shares(rest[2], rest[3], (rest[4], rest[5], rest[6]), rest[7])
    of_all = ratio_shares(
        rest[2], float(times @ apart), (rest[4], rest[8], float(times @ apart**2)), float(times @ (apart > 0))
    )
    return Mixed(pairs, share, between, of_all, tasks.astype(np.int64))


def _mixed_sums(pattern: Floats, times: Floats) -> Floats:
    """What `mixed_labels` sums over tasks, (11, K, K)."""
    labels = pattern.shape[1]
    here = np.arange(labels)
    size = pattern.sum(axis=1)
    meet = pattern[:, :, None] * pattern[:, None, :]  # ordered pairs that say k and l
    meet[:, here, here] -= pattern
    own = meet[:, here, here]
    within = 2 * meet + own[:, :, None] + own[:, None, :]
    with_k = pattern * (size - 1)[:, None]
    apart = size**2 - (pattern**2).sum(axis=1)

    def total(one: Floats) -> Floats:
        return np.asarray(np.einsum("p,pkl->kl", times, one))

    found = np.zeros((11, labels, labels))
    parts = (
        meet, (meet > 0).astype(float), meet**2, meet * with_k[:, :, None], 2 * meet, within, 4 * meet**2, 2 * meet * within,
        within**2, (within > 0).astype(float), 2 * meet * apart[:, None, None],
    )  # fmt: skip
    for at, one in enumerate(parts):
        found[at] = total(one)
    return found


@dataclass(frozen=True, slots=True, eq=False)
class TaskSums:
    """N answers of T tasks, all with two answers or more: `task` (N,) sorted, `code` (N,) among C values; `within` (T,) the
    disagreement in each task, Σ δ / (n - 1); `metric`: nominal, interval (of `values`, centred) or by a `distance` (C, C)."""

    task: Ints
    code: Ints
    size: Floats
    within: Floats
    metric: Literal["nominal", "interval", "distance"]
    values: Floats
    distance: Floats

    def alphas(self, group: NDArray[Any] | None = None, groups: int = 1, *, seed: int = 0) -> list[Agreement | None]:
        """Alpha of each group of tasks (`group` (T,), -1: none), with the interval of the two normal sums (draws.py)."""
        if group is None:
            group = np.zeros(len(self.size), np.int64)
        order = np.argsort(group[self.task], kind="stable")
        ends = np.searchsorted(group[self.task][order], np.arange(-1, groups + 1))
        return [self._alpha(order[ends[g + 1] : ends[g + 2]], seed) for g in range(groups)]

    def _alpha(self, rows: Ints, seed: int) -> Agreement | None:
        if not len(rows):
            return None
        rows = np.sort(rows)  # by task again
        tasks, task = np.unique(self.task[rows], return_inverse=True)
        size, within = self.size[tasks], self.within[tasks]
        total = float(size.sum())
        from_all = self._from_all(self.code[rows])
        expected = float(from_all.sum()) / (total - 1)
        if expected <= 1e-12 * total:
            return None
        adds = 2 * np.bincount(task.reshape(-1), from_all, len(tasks)) / (total - 1) - expected * size / (total - 1)
        pieces = np.stack([within, adds], axis=1)
        once, random = np.ones(len(tasks), np.int64), np.random.default_rng(seed)
        return summary(normal_ratios(pieces, once, float(within.sum()), expected, REPLICATES, random), len(tasks))

    def _from_all(self, code: Ints) -> Floats:
        """The sum of the distances of each answer from all of them."""
        many = np.bincount(code, minlength=len(self.values)).astype(float)
        if self.metric == "nominal":
            return (len(code) - many)[code]
        if self.metric == "distance":
            return np.asarray((self.distance @ many)[code])
        value = self.values[code]
        return len(code) * value**2 - 2 * value * float(value.sum()) + float(value @ value)


def task_sums(
    task: Ints, code: Ints, kinds: int, *, values: Floats | None = None, distance: Floats | None = None
) -> tuple[TaskSums, Ints]:
    """`TaskSums` of answers sorted by task, of those tasks that have two or more; and the number of each of these tasks in
    `task`. Nominal unless there are `values` (C,) or a `distance` (C, C)."""
    per_task = np.bincount(task)
    several = np.flatnonzero(per_task > 1)
    new = np.full(len(per_task), -1, np.int64)
    new[several] = np.arange(len(several))
    kept = new[task] >= 0
    task, code = new[task[kept]], code[kept].astype(np.int64)
    size = per_task[several].astype(float)
    none = np.zeros((0, 0))
    if values is not None:
        centred = values - float(values[code].mean()) if len(code) else values
        value = centred[code]
        mean = np.bincount(task, value, len(several)) / size
        within = 2 * size * np.bincount(task, (value - mean[task]) ** 2, len(several)) / (size - 1)
        return TaskSums(task, code, size, within, "interval", centred, none), several
    apart = np.zeros(len(several))
    for step in range(1, int(size.max(initial=1))):
        first = np.flatnonzero(task[step:] == task[:-step])
        a, b = code[first], code[first + step]
        far = (a != b).astype(float) if distance is None else distance[a, b]
        apart += 2 * np.bincount(task[first], far, len(several))
    within = apart / (size - 1)
    zeros = np.zeros(kinds)
    if distance is None:
        return TaskSums(task, code, size, within, "nominal", zeros, none), several
    return TaskSums(task, code, size, within, "distance", zeros, distance), several


def confusion_counts(worker: Ints, truth: Ints, said: Ints, workers: int, labels: int) -> Ints:
    """How often each worker said l where the truth is k, (W, K, K) [truth, said]."""
    cell = (worker.astype(np.int64) * labels + truth) * labels + said
    return np.bincount(cell, minlength=workers * labels * labels).reshape(workers, labels, labels)
