"""Dawid–Skene kept up to date vote by vote, in time that does not grow with the number of tasks. Pure arrays.

Incremental EM (Neal and Hinton 1998): the E step is taken for a few tasks at a time, and the counts follow at once, so that
each step raises the same objective as a full one. A vote that comes, changes or goes moves its task's posterior and the
counts of those who voted on it; how far that could move their other tasks is added up, and once it could be noticed,
those tasks are swept, a few with each update.
"""

import copy
from collections.abc import Sequence
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from tawsim.core.errors import BadInput, NotFound
from tawsim.truth.beta import beta_quantile
from tawsim.truth.choice.calibration import softmax, worth
from tawsim.truth.choice.dawid_skene import DawidSkene
from tawsim.truth.choice.kept import kept, taken
from tawsim.truth.choice.ledger import Ledger
from tawsim.truth.kernel import GroupedSum
from tawsim.truth.model import best_labels, read_votes
from tawsim.truth.state import Restorable
from tawsim.truth.votes import COLUMNS, Votes, columns_of, is_null, listed

Floats = NDArray[np.float64]
# A worker's tasks are swept once their counts have moved by this share of their answers: to first order a task's
# posterior moves no further than the counts of a worker divided by the worker's answers. (Settled, 0.05 leaves three
# times the difference to a full refit, and 0.01 twice.)
SHIFT = 0.005
# Tasks swept with each changed vote, among this many looked at.
BUDGET = 96
WINDOW = 512
# A posterior moves by p (1 - p) times the change of its log odds: this sure, a task is passed over, save in every
# eighth sweep of a worker, so that none is forgotten.
SURE = 0.998
THOROUGH = 8
# E steps of a changed task: its posterior and its share in its workers' counts lean on one another.
ROUNDS = 3
SAME = 1e-4
# A refit learns anew what stays fixed here (the imagined answers of the prior, and how far votes err together), and finds
# a better optimum where one has appeared. One of 30 iterations for every fiftieth of the votes costs each new vote as much
# as 1,500 votes of an iteration, some 25 microseconds.
STALE = 0.02
LEVEL = 0.95


class Skill(NamedTuple):
    """A worker: `answers`; `accuracy` (0..1) = Σ_k π_k conf[k, k] with its 95 % interval `low`..`high`; `confusion` (K, K)
    [truth, said], rows sum to 1."""

    answers: int
    accuracy: float
    low: float
    high: float
    confusion: Floats


class Incremental(Restorable):
    """A fitted `DawidSkene` that takes votes in, changes them and takes them back.

    What an update costs: the votes of the tasks it names and at most `BUDGET` tasks swept for each, whatever the number of
    tasks; memory 8 K bytes a task and 8 K² a worker beside the votes. `settle()` does the sweeps that wait.

    How near: while `needs_refit` is false, probabilities differ from those of a full refit (calibrated alike) by 0.005 on
    average at most (total variation), and 99.5 % of the labels are the same; tests/unit/test_truth_incremental.py holds
    simulated crowds and real ones to it. It lags where votes say little and EM itself takes long: with three labels, four
    votes a task and workers right two times in three, 0.014 and 98.5 % at once, 0.006 and 99.2 % after `settle()`. Where
    EM has several optima a full refit may land in another (of nine real sets, on web: 2 % of the labels). What only a
    refit learns: the prior's imagined answers, and the vote correlation behind the calibration. `stale_` is the share of
    votes that changed since the last fit.

    Paper: R. Neal and G. Hinton, "A view of the EM algorithm that justifies incremental, sparse, and other variants",
    Learning in Graphical Models (1998). Where we depart: which tasks are swept, and when, is chosen by how far counts
    moved. Not safe for two threads at once.

    Learned: `labels_`, `tasks_`, `workers_` in order of arrival, `vote_correlation_`, `stale_`, `pending_` (tasks that wait
    for a sweep).

    >>> rows = [(t, w, "cat" if t % 2 else "dog") for t in range(20) for w in ("ann", "bob", "max")]
    >>> model = Incremental.from_votes(rows)
    >>> model.update([("new", "ann", "cat"), ("new", "max", "cat")])
    2
    >>> model.label("new")[0], bool(model.p("new").max() > 0.9)
    ('cat', True)
    """

    _current: tuple[int, int] | None
    _posterior: Floats
    _counts: Floats
    _per_truth: Floats
    _answers: NDArray[Any]
    _rounds: NDArray[Any]

    def __init__(self, model: DawidSkene | None = None) -> None:
        """Starts without votes; `model` has the settings (default: `DawidSkene()`). What came is judged with the plain
        prior until a `refit`, which is due from the first label on."""
        if model is not None and not isinstance(model, DawidSkene):
            hint = "Votes to begin with go to Incremental.from_votes(votes)."
            raise BadInput(f"model is a DawidSkene, not a {type(model).__name__}.", hint)
        self._model = DawidSkene() if model is None else model
        none = np.zeros(0, np.int32)
        self._begin(Votes(none, none, none, (), (), ()))

    @classmethod
    def from_votes(cls, votes: Any, model: DawidSkene | None = None) -> Self:
        """Fits `model` (its settings; default: `DawidSkene()`) to any table of votes and goes on from there."""
        made = cls(model)
        made._fit(read_votes(votes))
        return made

    @property
    def labels_(self) -> tuple[Any, ...]:
        return tuple(self._ledger.labels.all)

    @property
    def tasks_(self) -> tuple[Any, ...]:
        return tuple(self._ledger.tasks.all)

    @property
    def workers_(self) -> tuple[Any, ...]:
        return tuple(self._ledger.workers.all)

    @property
    def stale_(self) -> float:
        """Votes that changed since the last fit, as a share of the votes it saw."""
        return self._changes / max(self._votes_at_fit, 1)

    @property
    def pending_(self) -> int:
        """Tasks that wait for a sweep (a task counts once for each of its workers)."""
        waiting = int(self._answers[: len(self._ledger.workers)][self._moved() > SHIFT].sum())
        if self._current is None:
            return waiting
        worker, done = self._current
        return waiting + max(int(self._answers[worker]) - done, 0)

    @property
    def needs_refit(self) -> bool:
        """Is a full refit due: did a fiftieth of the votes change, or counts move so much without their tasks being swept, or
        did a label come that the fit did not know?"""
        behind = float(self._drift.sum()) / max(self._ledger.votes, 1)
        return self._new_label or self.stale_ > STALE or behind > STALE

    def update(self, rows: Any) -> int:
        """Takes in votes (task, worker, label), as rows or any table; a worker's new vote on a task replaces the one before.
        Returns how many votes changed. New tasks, workers and labels may come. Raises `BadInput`, and then nothing was
        changed."""
        checked = _checked(rows, COLUMNS)
        ledger = self._ledger
        changes: list[tuple[int, int, int | None]] = []
        for task, worker, label in checked:
            changes.append((ledger.tasks.add(task), ledger.workers.add(worker), ledger.labels.add(label)))
        self._grow()
        return self._change(changes)

    def remove(self, rows: Any) -> int:
        """Takes back the votes of (task, worker). Returns how many. Raises `BadInput` for a vote that is not there (with its
        row, from 1), and then nothing was changed."""
        changes: list[tuple[int, int, int | None]] = []
        gone = set()
        for number, (task, worker) in enumerate(_checked(rows, COLUMNS[:2]), 1):
            place = (self._ledger.tasks.find(task), self._ledger.workers.find(worker))
            if place[0] is None or place[1] is None or place in gone or place[1] not in self._ledger.said(place[0]):
                raise BadInput(f"Row {number}: {worker!r} has no vote on {task!r}.", row=number)
            gone.add(place)
            changes.append((place[0], place[1], None))
        return self._change(changes)

    def p(self, task: Any) -> Floats:
        """Calibrated probability of each label of `task`, (K,), with what is known of its workers now."""
        place = self._ledger.tasks.find(task)
        if place is None:
            raise NotFound(f"There is no task {task!r} among the votes.")
        sizes, worker, label = self._ledger.of([place])
        weight = self._weigh(sizes, worker, label)
        found: Floats = softmax(worth(sizes, self.vote_correlation_)[:, None] * weight)[0]
        return found

    def label(self, task: Any) -> tuple[Any, float]:
        """The most probable label of `task` and its probability; the first of the labels among equals."""
        p = self.p(task)
        best = int(best_labels(p[None])[0][0])
        return self._ledger.labels.all[best], float(p[best])

    def predict_proba(self) -> Floats:
        """Calibrated probability of each label of every task, (T, K): all votes are gone through."""
        votes = self._ledger.collect()
        if not votes.labels:
            return np.zeros((len(votes.tasks), 0))
        place = np.array([self._ledger.workers.find(name) for name in votes.workers], int)
        cell = place[votes.worker] * len(votes.labels) + votes.label
        log_conf = np.log(np.maximum(self._counts, 0) + self._prior)
        log_conf -= np.log(np.maximum(self._per_truth, 0) + self._prior.sum(axis=0))[:, None]
        weight = GroupedSum(votes.task, cell, len(votes.tasks))(log_conf.reshape(-1, len(votes.labels)))
        weight += self._log_class_prior()
        return softmax(worth(votes.per_task(), self.vote_correlation_)[:, None] * weight)

    def predict(self) -> list[Any]:
        """The most probable label of every task, (T,)."""
        if not self._ledger.labels.all:
            return []
        return [self._ledger.labels.all[k] for k in best_labels(self.predict_proba())[0]]

    def skill(self, worker: Any) -> Skill:
        """What the answers of `worker` are worth, in constant time. Raises `NotFound`."""
        place = self._ledger.workers.find(worker)
        if place is None:
            raise NotFound(f"There is no worker {worker!r} among the votes.")
        alpha = (np.maximum(self._counts[place], 0) + self._prior).T  # [truth, said]
        total = alpha.sum(axis=1)
        prior = np.exp(self._log_class_prior())
        right = np.diag(alpha) / total
        mean = float(prior @ right)
        variance = float((prior**2) @ (right * (1 - right) / (total + 1)))
        size = max(mean * (1 - mean) / max(variance, 1e-12) - 1, 1e-6)
        tail = (1 - LEVEL) / 2
        ends = beta_quantile(np.array([tail, 1 - tail]), np.full(2, mean * size), np.full(2, (1 - mean) * size))
        return Skill(int(self._answers[place]), mean, float(ends[0]), float(ends[1]), alpha / total[:, None])

    def settle(self, most: int | None = None) -> int:
        """Sweeps tasks that wait, `most` at most (all: until nothing moves noticeably). Returns how many were swept."""
        done = 0
        while most is None or done < most:
            swept = self._sweep(BUDGET if most is None else min(BUDGET, most - done))
            if not swept:
                break
            done += swept
        return done

    def refit(self) -> Self:
        """A full fit of all votes as they are now."""
        self._fit(self._ledger.collect())
        return self

    def _begin(self, votes: Votes) -> None:
        """Names without a vote."""
        tasks, workers, labels = len(votes.tasks), len(votes.workers), len(votes.labels)
        self._ledger = Ledger(votes)
        self._prior = np.zeros((0, 0))
        self._prior = self._wider_prior(labels)
        self.vote_correlation_ = 0.0
        self._posterior = np.zeros((tasks, labels))
        self._counts, self._per_truth = np.zeros((workers, labels, labels)), np.zeros((workers, labels))
        self._answers, self._rounds = np.zeros((2, workers), np.int64)
        self._drift, self._class = np.zeros(workers), np.zeros(labels)
        self._current = None
        self._votes_at_fit, self._changes, self._new_label = 0, 0, False

    def _keep_state(self) -> dict[str, Any]:
        """See state.py."""
        return kept(self)

    def _take_state(self, learned: dict[str, Any]) -> None:
        """`_keep_state` undone."""
        self.__init__(DawidSkene(**learned["settings_"]))  # type: ignore[misc]
        taken(self, learned)

    def _fit(self, votes: Votes) -> None:
        if not len(votes):
            self._begin(votes)
            return
        model = copy.copy(self._model).fit(votes)
        tasks, workers, labels = len(votes.tasks), len(votes.workers), len(votes.labels)
        self._ledger = Ledger(votes)
        self._prior = np.ascontiguousarray(model.prior_answers_.T)  # [said, truth]
        self.vote_correlation_ = model.vote_correlation_
        # Room for what comes until the next refit is due, so that no update has to copy a large table.
        self._posterior = _room(model.posterior_, int(tasks * (1 + STALE)) + 64)
        self._posterior[:tasks][votes.per_task() == 0] = 0.0
        cell = votes.worker.astype(np.int64) * labels + votes.label
        counts = GroupedSum(cell, votes.task, workers * labels)(self._posterior).reshape(-1, labels, labels)
        more = int(workers * (1 + STALE)) + 64
        self._counts = _room(counts, more)
        self._per_truth = _room(counts.sum(axis=1), more)
        self._answers = _room(np.bincount(votes.worker, minlength=workers), more)
        self._drift, self._rounds = np.zeros(more), np.zeros(more, np.int64)
        self._class = self._posterior.sum(axis=0)
        self._current = None
        self._votes_at_fit, self._changes, self._new_label = len(votes), 0, False

    def _change(self, changes: list[tuple[int, int, int | None]]) -> int:
        """Applies votes by position, (task, worker, label or None), and lets the model follow."""
        touched: dict[int, None] = {}
        changed = 0
        for task, worker, label in changes:
            before = self._ledger.say(task, worker, label)
            if before == label:
                continue
            # The vote counts as its task's posterior is by now; the E steps below put that right. A task without votes has
            # zeros there.
            share = self._posterior[task]
            for what, sign in ((before, -1), (label, 1)):
                if what is not None:
                    self._counts[worker, what] += sign * share
                    self._per_truth[worker] += sign * share
                    self._answers[worker] += sign
            self._drift[worker] += share.sum()
            touched[task] = None
            changed += 1
        empty = [task for task in touched if not self._ledger.said(task)]
        self._class -= self._posterior[empty].sum(axis=0)
        self._posterior[empty] = 0.0
        self._changes += changed
        self._expect([task for task in touched if self._ledger.said(task)], ROUNDS)
        self.settle(BUDGET * changed)
        return changed

    def _expect(self, tasks: Sequence[int], rounds: int = 1) -> None:
        """E steps of `tasks`, which have votes; the counts follow."""
        if not tasks:
            return
        place = np.array(tasks)
        sizes, worker, label = self._ledger.of(tasks)
        width = len(self._class)
        cell = ((worker * width + label) * width)[:, None] + np.arange(width)
        row = (worker * width)[:, None] + np.arange(width)
        for _ in range(rounds):
            moved = softmax(self._weigh(sizes, worker, label)) - self._posterior[place]
            self._posterior[place] += moved
            self._class += moved.sum(axis=0)
            each = np.repeat(moved, sizes, axis=0)
            np.add.at(self._counts.reshape(-1), cell, each)
            np.add.at(self._per_truth.reshape(-1), row, each)
            np.add.at(self._drift, worker, np.abs(each).sum(axis=1) / 2)
            if float(np.abs(moved).max()) < SAME:
                break

    def _sweep(self, most: int) -> int:
        """E steps of tasks of the worker whose counts moved most, of those that are not sure; `most` at most, and the rest
        next time. Returns how many tasks were seen to, 0 where no worker is due."""
        if self._current is None:
            moved = self._moved()
            worker = int(moved.argmax()) if len(moved) else 0
            if not len(moved) or moved[worker] <= SHIFT:
                return 0
            self._drift[worker] = 0.0
            self._current = (worker, 0)
        worker, done = self._current
        near = np.array(self._ledger.tasks_of(worker, done, WINDOW), np.int64)
        share = self._posterior[near].max(axis=1, initial=0.0)
        # Without votes a task has zeros.
        open_ones = np.flatnonzero((share > 0) & ((share < SURE) | (self._rounds[worker] % THOROUGH == 0)))[:most]
        full = len(open_ones) == most
        done += int(open_ones[-1]) + 1 if full else len(near)
        if not full and len(near) < WINDOW:
            self._current = None
            self._rounds[worker] += 1
        else:
            self._current = (worker, done)
        self._expect(np.unique(near[open_ones]).tolist())
        return max(len(open_ones), 1)

    def _moved(self) -> Floats:
        """How far the counts of each worker moved since their last sweep, as a share of their answers (and two imagined
        ones), (W,)."""
        workers = len(self._ledger.workers)
        moved: Floats = self._drift[:workers] / (self._answers[:workers] + 2)
        return moved

    def _weigh(self, sizes: NDArray[np.int64], worker: NDArray[np.int64], label: NDArray[np.int64]) -> Floats:
        """log π + Σ log conf of tasks with `sizes` votes each, (n, K)."""
        weight = np.repeat(self._log_class_prior()[None], len(sizes), axis=0)
        if len(worker):
            row = np.log(np.maximum(self._counts[worker, label], 0.0) + self._prior[label])
            row -= np.log(np.maximum(self._per_truth[worker], 0.0) + self._prior.sum(axis=0))
            has = sizes > 0
            weight[has] += np.add.reduceat(row, (np.cumsum(sizes) - sizes)[has], axis=0)
        return weight

    def _log_class_prior(self) -> Floats:
        share = np.maximum(self._class, 0.0) + self._model.class_prior
        found: Floats = np.log(share / share.sum())
        return found

    def _grow(self) -> None:
        """Room for the names that came."""
        tasks, workers, labels = (
            len(names) for names in (self._ledger.tasks, self._ledger.workers, self._ledger.labels)
        )
        more = labels - len(self._class)
        if more:
            self._new_label = True
            self._posterior = np.pad(self._posterior, ((0, 0), (0, more)))
            self._counts = np.pad(self._counts, ((0, 0), (0, more), (0, more)))
            self._per_truth = np.pad(self._per_truth, ((0, 0), (0, more)))
            self._class = np.pad(self._class, (0, more))
            self._prior = self._wider_prior(labels)
        self._posterior = _room(self._posterior, tasks)
        for name in ("_counts", "_per_truth", "_answers", "_drift", "_rounds"):
            setattr(self, name, _room(getattr(self, name), workers))

    def _wider_prior(self, labels: int) -> Floats:
        """The imagined answers with labels that the fit did not know, which are as the plain prior has them."""
        model, old = self._model, len(self._prior)
        plain = np.full((labels, labels), (1 - model.prior_diagonal) / max(labels, 1)) + model.prior_diagonal * np.eye(
            labels
        )
        plain[:old, :old] = self._prior / model.prior_strength
        return np.ascontiguousarray(plain / plain.sum(axis=0) * model.prior_strength)


def _room(table: NDArray[Any], rows: int) -> NDArray[Any]:
    """`table` with `rows` rows at least: itself, or a copy half as large again, so that growing costs little a row."""
    if rows <= len(table):
        return table
    larger = np.zeros((max(rows, len(table) * 3 // 2), *table.shape[1:]), table.dtype)
    larger[: len(table)] = table
    return larger


def _checked(rows: Any, fields: Sequence[str]) -> list[tuple[Any, ...]]:
    """The rows of any table as tuples of plain values. Raises `BadInput` with the row, from 1."""
    if isinstance(rows, list | tuple) and not rows:
        return []
    columns = [listed(column) for column in columns_of(rows, fields)]
    columns = [column.tolist() if isinstance(column, np.ndarray) else column for column in columns]
    if len({len(column) for column in columns}) > 1:
        raise BadInput(f"The columns differ in length: {dict(zip(fields, map(len, columns), strict=True))}.")
    found = list(zip(*columns, strict=True))
    for number, row in enumerate(found, 1):
        for field, value in zip(fields, row, strict=True):
            try:
                hash(value)
            except TypeError:
                raise BadInput(f"Row {number}: the {field} is not a plain value.", row=number, column=field) from None
            if is_null(value):
                raise BadInput(f"Row {number} has no {field}.", row=number, column=field)
    return found
