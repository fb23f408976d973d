"""The EM engine in NumPy, for where em.c was not built."""

import numpy as np

from tawsim.truth.kernel.layout import SMALLEST, Floats, Layout
from tawsim.truth.kernel.sums import GroupedSum

# Rows of a block that stays in the processor's cache through the five passes of a softmax.
BLOCK = 8192


class Plain:
    """Log confusion and counts as two tables; see `EMStep`."""

    def __init__(self, votes: Layout) -> None:
        self._votes = votes
        rows = votes.workers * votes.labels
        self._to_task = GroupedSum(votes.task, votes.cell, votes.tasks)
        self._to_worker = GroupedSum(votes.cell, votes.task, rows)
        self._log_confusion = np.zeros((0, votes.labels))
        self._counts = np.zeros((0, votes.labels))

    def count(self, posterior: Floats) -> None:
        self._counts = self._to_worker(posterior)

    def counted(self) -> Floats:
        return self._counts.copy()

    def believe(self, log_confusion: Floats) -> None:
        self._log_confusion = log_confusion.copy()

    def log_confusion(self) -> Floats:
        return self._log_confusion.copy()

    def maximise(self, imagined: Floats) -> Floats:
        labels = self._votes.labels
        table = self._counts.reshape(-1, labels, labels) + imagined
        table /= table.sum(axis=1, keepdims=True)
        np.log(np.maximum(table, SMALLEST, out=table), out=table)
        self._log_confusion = table.reshape(-1, labels)
        summed: Floats = table.sum(axis=0)
        return summed

    def expect(self, log_prior: Floats, posterior: Floats, evidence: Floats | None) -> tuple[float, float, Floats]:
        weight = self._to_task(self._log_confusion)
        weight += log_prior
        if evidence is not None:
            weight += evidence
        moved, log_likelihood = softmax_into(weight, posterior)
        self.count(posterior)
        return moved, log_likelihood, self._votes.per_class(posterior)


def softmax_into(weight: Floats, posterior: Floats) -> tuple[float, float]:
    """Writes the softmax of the rows of `weight` (T, K) into `posterior`; tells how far it moved, and Σ log Σ exp."""
    moved, log_likelihood = 0.0, 0.0
    for start in range(0, len(weight), BLOCK):
        here = weight[start : start + BLOCK]
        top = here.max(axis=1, keepdims=True)
        new = np.exp(here - top)
        total = new.sum(axis=1, keepdims=True)
        new /= total
        old = posterior[start : start + BLOCK]
        moved += float(np.abs(new - old).sum()) / 2
        log_likelihood += float((top + np.log(total)).sum())
        old[...] = new
    return moved, log_likelihood
