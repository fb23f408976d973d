"""EM over votes with a confusion table: E step, expected counts, M step. Arithmetic only: what to imagine, when to stop and
how to calibrate are the models' business.

The table has a row for each (worker, said label) and a column for each truth. Two engines give the same numbers (to 1e-9
and better): compiled.py, where em.c was built, and plain.py in NumPy.
"""

from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from tawsim.truth.kernel.compiled import MOST_LABELS, Compiled
from tawsim.truth.kernel.layout import Floats, Layout
from tawsim.truth.kernel.library import LARGEST, library
from tawsim.truth.kernel.plain import Plain
from tawsim.truth.kernel.sums import GroupedSum


class Expected(NamedTuple):
    """What an E step tells: `moved`, Σ over tasks of half the absolute change of the posterior; the log-likelihood;
    `per_class` (K,), Σ of the posterior over the tasks that have votes."""

    moved: float
    log_likelihood: float
    per_class: Floats


class _Engine(Protocol):
    """Holds log confusion and counts, both (W K, K) [worker and said, truth]."""

    def count(self, posterior: Floats) -> None: ...

    def counted(self) -> Floats: ...

    def believe(self, log_confusion: Floats) -> None: ...

    def log_confusion(self) -> Floats: ...

    def maximise(self, imagined: Floats) -> Floats: ...

    def expect(self, log_prior: Floats, posterior: Floats, evidence: Floats | None) -> tuple[float, float, Floats]: ...


class EMStep:
    """EM steps over N votes of W workers on T tasks with K labels. `task` (N,) must be sorted; codes from 0.

    A fit is `count(first posterior)`, then in turns `maximise(imagined)` (or `believe(log confusion)` from an M step of
    your own) and `expect(log_prior, posterior)`, which is the E step and, in the same pass, the counts of the next M
    step: `counted()`. Tables are (W, K, K) [worker, said, truth], posteriors (T, K), all float64 and C-contiguous.
    Cost of a step: N + W K rows of K numbers; memory 16 W K² bytes (K rounded up to a multiple of 4) and 12 N.

    >>> step = EMStep(np.array([0, 0]), np.array([0, 1]), np.array([0, 0]), tasks=1, workers=2, labels=2)
    >>> right, posterior = np.log([[0.9, 0.1], [0.1, 0.9]]), np.array([[0.5, 0.5]])
    >>> step.believe(np.stack([right, right]))
    >>> round(step.expect(np.log([0.5, 0.5]), posterior).moved, 3)
    0.488
    >>> posterior.round(3).tolist(), step.counted()[1, 0].round(3).tolist()
    ([[0.988, 0.012]], [0.988, 0.012])
    """

    def __init__(
        self,
        task: NDArray[np.integer],
        worker: NDArray[np.integer],
        label: NDArray[np.integer],
        *,
        tasks: int,
        workers: int,
        labels: int,
    ) -> None:
        self._votes = Layout(task, worker, label, tasks, workers, labels)
        self.tasks, self.workers, self.labels = tasks, workers, labels
        compiled = library() if labels <= MOST_LABELS and workers * labels <= LARGEST else None
        self._engine: _Engine = Plain(self._votes) if compiled is None else Compiled(self._votes, compiled)
        self._counts_are_there = self._confusion_is_there = False

    def count(self, posterior: Floats) -> Floats:
        """Expected counts (W, K, K) of any `posterior` (T, K), for the next `maximise`."""
        self._check(posterior, self.tasks)
        self._engine.count(posterior)
        self._counts_are_there = True
        return self.counted()

    def counted(self) -> Floats:
        """Expected counts (W, K, K) of the posterior that `expect` made or `count` took. Gone once `maximise` used them."""
        if not self._counts_are_there:
            raise ValueError("there are no counts: call count() or expect() first")
        return self._engine.counted().reshape(self.workers, self.labels, self.labels)

    def maximise(self, imagined: Floats) -> Floats:
        """The M step: log confusion = log of (counts + `imagined`) over their sum over what was said; uses up the counts.

        `imagined` (K, K) [said, truth], above 0: answers added to those of every worker. Returns Σ_w log confusion
        (K, K), with which the log prior of the confusions is (Σ_w log confusion · imagined).sum().
        """
        self._check(imagined, self.labels)
        if not self._counts_are_there:
            raise ValueError("there are no counts: call count() or expect() first")
        self._counts_are_there, self._confusion_is_there = False, True
        return self._engine.maximise(imagined)

    def believe(self, log_confusion: Floats) -> None:
        """Sets the log confusion (W, K, K) [worker, said, truth] that `expect` uses."""
        if log_confusion.size != self.workers * self.labels**2:
            raise ValueError("the log confusion does not fit the workers and labels")
        self._counts_are_there, self._confusion_is_there = False, True
        self._engine.believe(log_confusion.reshape(-1, self.labels))

    def log_confusion(self) -> Floats:
        """The log confusion (W, K, K) [worker, said, truth] in use."""
        return self._engine.log_confusion().reshape(self.workers, self.labels, self.labels)

    def expect(self, log_prior: Floats, posterior: Floats, evidence: Floats | None = None) -> Expected:
        """The E step: overwrites `posterior` with q[t, k] ∝ exp(log_prior[k] + evidence[t, k] + Σ log confusion).

        `log_prior` (K,); `evidence` (T, K): what else is known of a task, such as gold (0 for its label, −1000 for the
        others) or a classifier's log probabilities.
        """
        self._check(posterior, self.tasks)
        if evidence is not None:
            self._check(evidence, self.tasks)
        if not self._confusion_is_there:
            raise ValueError("there is no confusion: call maximise() or believe() first")
        told = Expected(*self._engine.expect(log_prior, posterior, evidence))
        self._counts_are_there = True
        return told

    def per_class(self, posterior: Floats) -> Floats:
        """Σ of `posterior` (T, K) over the tasks that have votes, (K,)."""
        return self._votes.per_class(posterior)

    def weigh(self, log_prior: Floats, evidence: Floats | None = None) -> Floats:
        """The logarithms (T, K) whose softmax `expect` makes: log_prior + evidence + Σ log confusion."""
        total = GroupedSum(self._votes.task, self._votes.cell, self.tasks)
        weight = total(self._engine.log_confusion())
        weight += log_prior
        if evidence is not None:
            weight += evidence
        return weight

    def _check(self, table: Floats, rows: int) -> None:
        if table.shape != (rows, self.labels) or table.dtype != np.float64 or not table.flags.c_contiguous:
            raise ValueError(f"a contiguous float64 array ({rows}, {self.labels}) is needed")
