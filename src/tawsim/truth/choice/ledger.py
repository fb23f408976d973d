"""Votes that change: who said what, by task and by worker, with names that may be added. No inference here.

The votes of the last fit stay in flat arrays; a task that changes afterwards gets a dictionary of its own. So a change
costs as much as the votes of its task, however many there are in all.
"""

from collections.abc import Hashable, Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tawsim.truth.columns import Coded
from tawsim.truth.kernel.order import by_group, starts
from tawsim.truth.votes import Votes


class Names:
    """Names and their positions, in order of arrival."""

    def __init__(self, names: Iterable[Any]) -> None:
        self.all: list[Any] = list(names)
        self._place: dict[Hashable, int] = {name: i for i, name in enumerate(self.all)}

    def __len__(self) -> int:
        return len(self.all)

    def find(self, name: Any) -> int | None:
        """The position of `name`, or None. Raises `TypeError` for what cannot be a name."""
        return self._place.get(name)

    def add(self, name: Any) -> int:
        """The position of `name`, which is new where it is not known."""
        place = self._place.setdefault(name, len(self.all))
        if place == len(self.all):
            self.all.append(name)
        return place


class Ledger:
    """The votes of every task, one a worker: `said[task][worker] = label`, all by position."""

    def __init__(self, votes: Votes) -> None:
        self.tasks, self.workers, self.labels = Names(votes.tasks), Names(votes.workers), Names(votes.labels)
        self._worker, self._label = votes.worker, votes.label
        self._start = starts(votes.task, len(votes.tasks))
        self._by_worker = votes.task[by_group(votes.worker, len(votes.workers))]
        self._worker_start = starts(votes.worker, len(votes.workers))
        self._changed: dict[int, dict[int, int]] = {}
        self._is_changed = np.zeros(len(votes.tasks), bool)
        self._added: dict[int, list[int]] = {}
        self.votes = len(votes)

    def said(self, task: int) -> dict[int, int]:
        """Worker → label of a task, to be read."""
        changed = self._changed.get(task)
        if changed is not None:
            return changed
        if task >= len(self._start) - 1:
            return {}
        here = slice(self._start[task], self._start[task + 1])
        return dict(zip(self._worker[here].tolist(), self._label[here].tolist(), strict=True))

    def say(self, task: int, worker: int, label: int | None) -> int | None:
        """Sets the vote, or takes it back (None). Returns the label before, None if there was none."""
        said = self._changed.get(task)
        if said is None:
            said = self._changed[task] = self.said(task)
            if task < len(self._is_changed):
                self._is_changed[task] = True
        before = said.pop(worker, None)
        if label is not None:
            said[worker] = label
            if before is None:
                self._added.setdefault(worker, []).append(task)
        self.votes += (label is not None) - (before is not None)
        return before

    def of(self, tasks: Sequence[int]) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
        """The votes of `tasks` one after another: how many each has (n,), and their workers and labels."""
        place = np.asarray(tasks, np.int64)
        fitted = len(self._is_changed)
        flat = np.minimum(place, max(fitted - 1, 0))
        as_fitted = place < fitted
        as_fitted[as_fitted] = ~self._is_changed[place[as_fitted]]
        sizes = np.where(as_fitted, self._start[np.minimum(flat + 1, fitted)] - self._start[flat], 0)
        others = np.flatnonzero(~as_fitted).tolist()
        said = {i: self._changed.get(int(place[i]), {}) for i in others}
        sizes[others] = [len(said[i]) for i in others]
        begin = np.cumsum(sizes) - sizes
        where = np.arange(int(sizes.sum())) + np.repeat(self._start[flat] - begin, sizes)
        known = where < len(self._worker)
        worker, label = np.zeros((2, len(where)), np.int64)
        worker[known], label[known] = self._worker[where[known]], self._label[where[known]]
        for i in others:
            # Workers in one order, so that the order in which votes came changes nothing.
            inside = sorted(said[i])
            here = slice(begin[i], begin[i] + len(inside))
            worker[here], label[here] = inside, [said[i][one] for one in inside]
        return sizes, worker, label

    def tasks_of(self, worker: int, first: int, many: int) -> list[int]:
        """Tasks on which `worker` voted, from the `first` on, `many` at most; some may have been taken back."""
        known = 0
        found: list[int] = []
        if worker < len(self._worker_start) - 1:
            start, end = int(self._worker_start[worker]), int(self._worker_start[worker + 1])
            known = end - start
            found = self._by_worker[min(start + first, end) : min(start + first + many, end)].tolist()
        later = max(first - known, 0)
        return found + self._added.get(worker, [])[later : later + many - len(found)]

    def as_they_are(self) -> Votes:
        """All votes as they are now, with all names in their order, also workers; there may be none."""
        sizes, worker, label = self.of(range(len(self.tasks)))
        task = np.repeat(np.arange(len(self.tasks)), sizes).astype(np.int32)
        tasks, workers, labels = (tuple(one.all) for one in (self.tasks, self.workers, self.labels))
        return Votes(task, worker.astype(np.int32), label.astype(np.int32), tasks, workers, labels)

    def collect(self) -> Votes:
        """All votes as they are now; names keep their order, save workers, who are sorted (where there is a vote)."""
        if not self.votes:
            return self.as_they_are()
        tasks = range(len(self.tasks))
        before = len(self._start) - 1
        kept = np.ones(before, bool)
        kept[[task for task in self._changed if task < before]] = False
        sizes = np.diff(self._start)
        base = np.repeat(kept, sizes)
        changed = [task for task in tasks if task in self._changed] if self._changed else []
        more, worker, label = self.of(changed) if changed else (np.zeros(0, int),) * 3
        task = np.concatenate([np.repeat(np.arange(before), sizes)[base], np.repeat(np.array(changed, int), more)])
        return Votes.from_columns(
            Coded(task.astype(np.int32), self.tasks.all),
            Coded(np.concatenate([self._worker[base], worker]).astype(np.int32), self.workers.all),
            Coded(np.concatenate([self._label[base], label]).astype(np.int32), self.labels.all),
            labels=self.labels.all,
            tasks=self.tasks.all,
        )
