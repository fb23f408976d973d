"""Votes as the EM engines read them: sorted by task, with the row of the confusion table that each needs."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tawsim.truth.kernel.library import AHEAD, LARGEST
from tawsim.truth.kernel.order import starts

Floats = NDArray[np.float64]
# Two probabilities this small are the same to any of the models; the logarithm of 0 would poison sums.
SMALLEST = 1e-300


class Layout:
    """`task` (N,) sorted, `cell` (N,) = worker · K + label, `start` (T + 1,) of each task. Raises `ValueError` where a
    code lies outside the tables: the compiled loops do not look."""

    def __init__(
        self,
        task: NDArray[np.integer],
        worker: NDArray[np.integer],
        label: NDArray[np.integer],
        tasks: int,
        workers: int,
        labels: int,
    ) -> None:
        if not len(task) == len(worker) == len(label):
            raise ValueError("the columns differ in length")
        if len(task) and not bool((task[1:] >= task[:-1]).all()):
            raise ValueError("votes must be sorted by task")
        for codes, size in ((task, tasks), (worker, workers), (label, labels)):
            if len(codes) and (int(codes.min()) < 0 or int(codes.max()) >= size):
                raise ValueError("a vote lies outside the tables")
        self.task, self.tasks, self.workers, self.labels = task, tasks, workers, labels
        # Zeros behind: the compiled loops ask memory for rows ahead of their use.
        whole: type[Any] = np.int32 if workers * labels <= LARGEST else np.int64
        self.cells: NDArray[np.integer] = np.zeros(len(task) + AHEAD, whole)
        self.cell: NDArray[np.integer] = self.cells[: len(task)]
        np.multiply(worker, labels, out=self.cell, casting="unsafe", dtype=whole)
        np.add(self.cell, label, out=self.cell, casting="unsafe", dtype=whole)
        self.start = starts(task, tasks)

    def per_class(self, posterior: Floats) -> Floats:
        """Σ of `posterior` (T, K) over the tasks that have votes, (K,)."""
        answered = self.start[1:] > self.start[:-1]
        total: Floats = np.add.reduce(posterior if answered.all() else posterior[answered], axis=0)
        return total
