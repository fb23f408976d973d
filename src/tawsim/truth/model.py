"""What every truth model offers, and what they share: the form of the interface, ties, and "not fitted yet".

A model is made with its settings, learns with `fit(votes)` (which returns itself and forgets what it knew), and answers
with `predict()` and `predict_proba()`; learned values end in an underscore. tests/conformance/ holds the battery that
each must pass. `ChoiceModel` is what the models of single choice share: names, ties, `predict`, and their state. No
model lives here.
"""

import copy
from dataclasses import replace
from typing import Any, Protocol, Self, TypeVar, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from tawsim.core.errors import BadInput, TooLarge
from tawsim.truth.state import Restorable
from tawsim.truth.votes import Votes

# Two probabilities nearer than this are the same one, computed in another order.
SAME = 1e-9
# Cells of a table of tasks × labels, 8 bytes each, of which a model holds two or three.
MOST_CELLS = 500_000_000
# What models keep of each task of the fit. Other votes are judged without.
PER_TASK = (
    "tasks_", "posterior_", "ties_", "log_weight_", "votes_per_task_", "counts_", "effective_votes_", "responsibility_",
    "easiness_",
)  # fmt: skip


Fitted = TypeVar("Fitted")


@runtime_checkable
class TruthModel(Protocol):
    """Votes → truth. `labels_` (K,), `tasks_` (T,), `ties_` (T,) bool: tasks whose best labels are equally likely."""

    labels_: tuple[Any, ...]
    tasks_: tuple[Any, ...]
    ties_: NDArray[np.bool_]

    def fit(self, votes: Any) -> Self:
        """Learn from `votes` (`Votes`, or any table that `Votes.from_table` reads)."""
        ...

    def predict(self) -> list[Any]:
        """The most probable label of every task, (T,); the first of `labels_` where some are equally likely."""
        ...

    def predict_proba(self, votes: Any = None) -> NDArray[np.float64]:
        """Probability of each label of each task, (T, K); rows sum to 1. Of other `votes` with what was learned, where
        the model can."""
        ...


class ChoiceModel(Restorable):
    """A model of single choice whose answer is a posterior it keeps.

    Learned: `labels_` (K,), `tasks_` (T,), `workers_` (W,), `posterior_` (T, K), `ties_` (T,) bool, `repeated_` (votes
    that a later one of the same worker replaced).
    """

    labels_: tuple[Any, ...]
    tasks_: tuple[Any, ...]
    workers_: tuple[Any, ...]
    posterior_: NDArray[np.float64]
    ties_: NDArray[np.bool_]
    repeated_: int

    def predict(self, votes: Any = None) -> list[Any]:
        """The most probable label of every task, (T,), the first of `labels_` where some are equally likely: of the tasks
        of the fit, or of other `votes`."""
        return [self.labels_[k] for k in best_labels(self.predict_proba(votes))[0]]

    def predict_proba(self, votes: Any = None) -> NDArray[np.float64]:
        """Probability of each label of each task, (T, K); rows sum to 1. As the model has it: not calibrated.

        Of the tasks of the fit, or of other `votes` with what was learned of their workers; one unknown to the fit counts
        as typical. Raises `BadInput` for an unknown label.
        """
        check_fitted(self)
        return self.posterior_ if votes is None else self._judge(other_votes(votes, self.workers_, self.labels_))

    def _judge(self, votes: Votes) -> NDArray[np.float64]:
        """The posterior (T, K) of other votes; their workers are numbered as in the fit, and len(workers_) is a stranger."""
        raise NotImplementedError

    def _keep(self, votes: Votes, posterior: NDArray[np.float64]) -> Self:
        """The end of a fit: the names of `votes` and the `posterior` (T, K) of their tasks."""
        self.labels_, self.tasks_, self.workers_ = votes.labels, votes.tasks, votes.workers
        self.repeated_ = votes.repeated
        self.posterior_ = posterior
        self.ties_ = best_labels(posterior)[1]
        return self


def without_tasks(model: Fitted) -> Fitted:
    """A copy of the fitted model that has forgotten the tasks of its fit, and judges other votes as before."""
    slim = copy.copy(model)
    for name in PER_TASK:
        if name in vars(slim):
            setattr(slim, name, getattr(slim, name)[:0])
    return slim


def best_labels(probability: NDArray[np.float64]) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
    """Position of the most probable label a row, the first among equals, (T,); and whether there were equals, (T,)."""
    among_best = probability >= probability.max(axis=1, keepdims=True) - SAME
    return among_best.argmax(axis=1), among_best.sum(axis=1) > 1


def check_fitted(model: object) -> None:
    """Raises `BadInput` if `model` has not learned anything yet."""
    if not hasattr(model, "labels_"):
        raise BadInput(f"This {type(model).__name__} has not seen any votes.", "Call fit(votes) first.")


def other_votes(votes: Any, workers: tuple[Any, ...], labels: tuple[Any, ...]) -> Votes:
    """Other `votes` in the numbers of a fit; every worker unknown to it has the number len(workers) and the name None."""
    read = read_votes(votes)
    place, said = {name: i for i, name in enumerate(workers)}, {name: k for k, name in enumerate(labels)}
    unknown = [label for label in read.labels if label not in said]
    if unknown:
        raise BadInput(f"The label {str(unknown[0])[:80]!r} was not among those learned.")
    worker = np.array([place.get(name, len(place)) for name in read.workers], np.int32)[read.worker]
    label = np.array([said[name] for name in read.labels], np.int32)[read.label]
    return replace(read, worker=worker, label=label, workers=(*workers, None), labels=labels)


def vote_cells(votes: Votes) -> NDArray[np.int64]:
    """Place of each vote's label in a table (T, K) laid flat, (N,): for `table.ravel()[cells]` and `np.bincount`."""
    return votes.task.astype(np.int64) * len(votes.labels) + votes.label


def sums_by(group: NDArray[np.integer[Any]], values: NDArray[np.float64], groups: int) -> NDArray[np.float64]:
    """Sum of `values` (N,) in each group, (groups,); in the order of the votes, so the same bit for bit each time."""
    return np.asarray(np.bincount(group, weights=values, minlength=groups), np.float64)


def vote_shares(votes: Votes) -> NDArray[np.float64]:
    """Share of each label in the votes of each task, (T, K); even where nobody voted."""
    counts = votes.counts()
    total = counts.sum(axis=1, keepdims=True)
    shares: NDArray[np.float64] = np.divide(
        counts, total, out=np.full(counts.shape, 1 / counts.shape[1]), where=total > 0
    )
    return shares


def read_votes(votes: Any) -> Votes:
    """`votes` as `Votes`, whatever table they come in. Raises `TooLarge` where tasks × labels would not fit in memory."""
    read = Votes.from_table(votes)
    if len(read.tasks) * len(read.labels) > MOST_CELLS:
        raise TooLarge(
            f"{len(read.tasks)} tasks with {len(read.labels)} different labels are too many for one table.",
            "Answers that are nearly all different are texts or numbers, not labels.",
        )
    return read
