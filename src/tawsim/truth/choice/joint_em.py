"""The models that Joint averages: one EM over workers' abilities and tasks' levels of difficulty, in several settings.

Every setting is a case of one model: a task has a true label k and a level of difficulty l, both hidden; a worker w says
y with probability conf[w, y, k, l]. Settings differ in how much of that table a worker has for itself
(tawsim/truth/choice/joint_steps.py). What is averaged and why is next door (joint.py); nothing here chooses.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tawsim.core.errors import TooLarge
from tawsim.truth.choice.calibration import HiddenVotes, sample_of_tasks, softmax
from tawsim.truth.choice.joint_steps import Step, make_step
from tawsim.truth.kernel import GroupedSum
from tawsim.truth.votes import Votes

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]
# Cells of the largest tables of tasks × labels and of workers × labels² a fit may hold. There are two levels in each, of
# 8 bytes, and about six such tables of workers at once.
MAX_CELLS, MAX_CONFUSIONS = 60_000_000, 15_000_000
# Posteriors that move less than this (mean over tasks of half the absolute change) are there: a tenth of it changes no
# mean over the sets by 0.1 points.
TOLERANCE = 1e-3
ITERATIONS = 60
# Decimals of the log confusions: sums in another order differ at the sixteenth, and EM would grow such a difference into
# a preference where votes are tied.
DIGITS = 10
# Log weight of what is known to be wrong.
NEVER = -1e9
# Rows of a block that stays in the processor's cache through the passes of a softmax.
BLOCK = 8192
# A task may be of any level at the start, however its votes agree.
AT_LEAST = 0.05


class Setting(NamedTuple):
    """One member of the family. `kind` "counts" (each level its own accuracies) or "additive" (ability less difficulty).

    `strength`: imagined answers with which a worker's own confusions are drawn to the simpler model of the same worker;
    inf keeps the simpler model. `levels` of difficulty. `even_classes`: labels are held to be equally frequent.
    """

    name: str
    kind: str
    base: str
    strength: float
    levels: int
    even_classes: bool = False


class Member(NamedTuple):
    """What one setting learned: `log_posterior` (T, K); `hidden`: the sampled votes as the rest predicts them; `n_iter`;
    `log_table` (W K, K L) of what workers say under each state, and `log_classes` (K L,), how frequent states are."""

    log_posterior: Floats
    hidden: HiddenVotes
    n_iter: int
    log_table: Floats
    log_classes: Floats


class Known(NamedTuple):
    """Tasks whose truth is known: `task` (G,) and `label` (G,) positions."""

    task: Whole
    label: Whole


class Crowd:
    """Votes laid out for the passes of EM; made once and shared by all settings.

    `weight` (N,) in 0..1, if given, is what each vote counts in the posterior of its task (families of workers that err
    together); what a worker is like is learned from all votes alike.
    """

    def __init__(self, votes: Votes, weight: Floats | None = None) -> None:
        self.votes = votes
        self.tasks, self.workers, self.labels = len(votes.tasks), len(votes.workers), len(votes.labels)
        check_size(self.tasks, self.workers, self.labels)
        self.task, self.worker = votes.task.astype(np.int64), votes.worker.astype(np.int64)
        self.label: Whole = votes.label.astype(np.int64)
        self.cell: Whole = self.worker * self.labels + self.label
        self.per_task = votes.per_task()
        self.answered = self.per_task > 0
        counts = votes.counts()
        even = np.full(counts.shape, 1.0 / max(self.labels, 1))
        self.share: Floats = np.divide(counts, self.per_task[:, None], out=even, where=self.answered[:, None])
        self.weight = weight
        self._to_task = GroupedSum(self.task, self.cell, self.tasks)
        self._to_worker = GroupedSum(self.cell, self.task, self.workers * self.labels)
        chosen = sample_of_tasks(self.per_task)
        self.sample: Whole = np.flatnonzero(chosen[self.task])

    def by_task(self, log_table: Floats) -> Floats:
        """Sum over each task's votes of the rows (worker, said label) of `log_table` (W K, C): (T, C)."""
        if self.weight is None:
            return self._to_task(log_table)
        total = np.zeros((self.tasks, log_table.shape[1]))
        starts = np.flatnonzero(np.r_[True, self.task[1:] != self.task[:-1]])
        total[self.task[starts]] = np.add.reduceat(log_table[self.cell] * self.weight[:, None], starts, axis=0)
        return total

    def by_worker(self, posterior: Floats) -> Floats:
        """Expected votes of each worker for each label under each state, (W, K, C), from `posterior` (T, C)."""
        return self._to_worker(posterior).reshape(self.workers, self.labels, -1)

    def weight_of(self, rows: Whole) -> Floats:
        """What these votes count, as a column."""
        return np.ones((len(rows), 1)) if self.weight is None else self.weight[rows][:, None]


def check_size(tasks: int, workers: int, labels: int) -> None:
    """Raises `TooLarge` where the tables of a fit would not fit in memory."""
    if tasks * labels > MAX_CELLS or workers * labels**2 > MAX_CONFUSIONS:
        raise TooLarge(
            f"{workers} workers and {tasks} tasks with {labels} labels are too many for confusion matrices.",
            "Use model='majority', or fewer labels.",
        )


def fit_setting(crowd: Crowd, setting: Setting, known: Known | None = None, log_extra: Floats | None = None) -> Member:
    """EM from the shares of votes. `known` tasks keep their truth; `log_extra` (T, K) is further evidence on tasks."""
    shape = (crowd.workers, crowd.labels, crowd.labels, setting.levels)
    posterior = (crowd.share[:, :, None] * _levels_at_start(crowd.share, setting.levels)[:, None, :]).reshape(
        crowd.tasks, -1
    )
    if known is not None:
        _fix(np.log(np.maximum(posterior, 1e-12)), posterior, known, setting.levels)
    step = make_step(setting.kind, setting.base, setting.strength, crowd.labels, setting.levels)
    answered = max(int(crowd.answered.sum()), 1)
    n_iter, moved = 0, np.inf
    while n_iter < ITERATIONS and moved >= TOLERANCE:
        table = crowd.by_worker(posterior).reshape(shape)
        confusion = np.broadcast_to(step.maximise(table), shape)
        log_table: Floats = np.log(np.maximum(confusion, 1e-6)).round(DIGITS).reshape(crowd.workers * crowd.labels, -1)
        log_weight = crowd.by_task(log_table)
        mass = posterior[crowd.answered].sum(axis=0).reshape(crowd.labels, -1)
        log_classes = _log_classes(mass, setting.even_classes)
        log_weight += log_classes
        if log_extra is not None:
            log_weight += np.repeat(log_extra, setting.levels, axis=1)
        if known is not None:
            _fix(log_weight, None, known, setting.levels)
        moved = _expect(log_weight, posterior) / answered
        n_iter += 1
    hidden = _hide(crowd, step, table, posterior, log_weight, log_table, known)
    log_posterior = _log_labels(log_weight.reshape(crowd.tasks, crowd.labels, -1))
    return Member(log_posterior, hidden, n_iter, log_table, log_classes)


def _expect(log_weight: Floats, posterior: Floats) -> float:
    """The E step: writes the new `posterior` (T, C) in place, and returns how far it moved in all."""
    moved = 0.0
    for start in range(0, len(log_weight), BLOCK):
        new = softmax(log_weight[start : start + BLOCK])
        old = posterior[start : start + BLOCK]
        np.subtract(new, old, out=old)
        moved += float(np.abs(old, out=old).sum()) / 2
        old[...] = new
    return moved


def _levels_at_start(share: Floats, levels: int) -> Floats:
    """How likely each task is of each level, (T, L), easy first: the more its votes agree, the easier."""
    if levels == 1:
        return np.ones((len(share), 1))
    labels = share.shape[1]
    hard = np.clip((1 - share.max(axis=1)) / max(1 - 1 / labels, 1e-12), 0, 1)
    near = np.maximum(1 - np.abs(hard[:, None] * (levels - 1) - np.arange(levels)), AT_LEAST)
    levels_at_start: Floats = near / near.sum(axis=1, keepdims=True)
    return levels_at_start


def _fix(log_weight: Floats, posterior: Floats | None, known: Known, levels: int) -> None:
    """Takes all weight of known tasks off the labels that are not theirs, in place; levels keep their shares."""
    rows = log_weight[known.task].reshape(len(known.task), -1, levels)
    wrong = np.ones(rows.shape[:2], bool)
    wrong[np.arange(len(wrong)), known.label] = False
    rows[wrong] = NEVER
    log_weight[known.task] = rows.reshape(len(rows), log_weight.shape[1])
    if posterior is not None:
        posterior[known.task] = softmax(log_weight[known.task])


def _log_classes(mass: Floats, even: bool) -> Floats:
    """Log frequency of the states, (K L,), from their expected numbers (K, L) and one imagined task each."""
    mass = mass + 1.0
    if even:
        mass = np.broadcast_to(mass.sum(axis=0) / len(mass), mass.shape)
    logs: Floats = np.log(mass / mass.sum()).reshape(-1)
    return logs


def _log_labels(log_weight: Floats) -> Floats:
    """Sum over the last axis in logs."""
    top = log_weight.max(axis=-1, keepdims=True)
    logs: Floats = top[..., 0] + np.log(np.exp(log_weight - top).sum(axis=-1))
    return logs


def _hide(
    crowd: Crowd,
    step: Step,
    table: Floats,
    posterior: Floats,
    log_weight: Floats,
    log_table: Floats,
    known: Known | None,
) -> HiddenVotes:
    """The sampled votes, each with what all the others say of it; tasks whose truth is known are left out."""
    rows = crowd.sample
    if known is not None and len(known.task):
        rows = rows[~np.isin(crowd.task[rows], known.task)]
    task, worker, label = crowd.task[rows], crowd.worker[rows], crowd.label[rows]
    shape = (len(rows), crowd.labels, table.shape[3])
    likelihood = np.broadcast_to(step.without(table, worker, label, posterior[task].reshape(shape)), shape)
    others = (log_weight[task] - crowd.weight_of(rows) * log_table[crowd.cell[rows]]).reshape(shape)
    log_labels = _log_labels(others)
    given = np.exp(others - log_labels[:, :, None])
    return HiddenVotes(log_labels, (given * likelihood).sum(axis=2), crowd.per_task[task] - 1)
