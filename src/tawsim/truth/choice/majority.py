"""Majority vote: each task's label is the one most of its workers gave. No worker is weighed against another."""

from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from tawsim.core.errors import BadInput
from tawsim.truth.model import best_labels, check_fitted, other_votes, read_votes
from tawsim.truth.state import Restorable


class Majority(Restorable):
    """The share of votes as the probability: p(t, k) = (n(t, k) + a) / (n(t) + a K), with `laplace` a ≥ 0.

    A share says nothing of how many voted: one vote would give 1. With `assumed_accuracy` q, 1/K < q < 1, every vote is
    instead taken to be right with probability q, independently, and wrong evenly, under an even prior:
    p(t, k) ∝ (q (K - 1) / (1 - q))^n(t, k). The label with most votes is the same; one vote gives p = q.

    A tie is reported in `ties_` and never drawn at random: `predict` names the first of the tied labels, and their
    probabilities are equal. A task without votes has p = 1/K for each label.

    Cost: one pass over the votes. Learned: `labels_` (K,), `tasks_` (T,), `counts_` (T, K), `ties_` (T,) bool, `repeated_`.

    >>> from tawsim.truth import Majority, Votes
    >>> votes = Votes.from_columns(["a", "a", "b", "b", "b"], [1, 2, 1, 2, 3], ["no", "yes", "yes", "yes", "no"])
    >>> model = Majority().fit(votes)
    >>> model.predict(), model.ties_.tolist()
    (['no', 'yes'], [True, False])
    """

    labels_: tuple[Any, ...]
    tasks_: tuple[Any, ...]
    ties_: NDArray[np.bool_]
    counts_: NDArray[np.int64]
    repeated_: int

    def __init__(self, *, laplace: float = 0.0, assumed_accuracy: float | None = None) -> None:
        if not 0.0 <= laplace < np.inf:
            raise BadInput(f"laplace is a number of 0 or more, not {laplace!r}.")
        if assumed_accuracy is not None and not 0.5 <= assumed_accuracy < 1.0:
            raise BadInput(f"assumed_accuracy is a number from 0.5 to below 1, not {assumed_accuracy!r}.")
        self.laplace = laplace
        self.assumed_accuracy = assumed_accuracy

    def fit(self, votes: Any) -> Self:
        """Count the votes."""
        votes = read_votes(votes)
        self.counts_ = votes.counts()
        self.labels_, self.tasks_, self.repeated_ = votes.labels, votes.tasks, votes.repeated
        self.ties_ = best_labels(self.predict_proba())[1]
        return self

    def predict(self) -> list[Any]:
        """The label with most votes of every task, (T,); the first of `labels_` where some have as many."""
        return [self.labels_[k] for k in best_labels(self.predict_proba())[0]]

    def predict_proba(self, votes: Any = None) -> NDArray[np.float64]:
        """Share of the votes, or with `assumed_accuracy` the posterior, (T, K); rows sum to 1. Of the votes of the fit, or
        of other `votes`."""
        check_fitted(self)
        if votes is not None:
            other = other_votes(votes, (), self.labels_)
            return Majority(laplace=self.laplace, assumed_accuracy=self.assumed_accuracy).fit(other).predict_proba()
        if self.assumed_accuracy is not None and len(self.labels_) > 1:
            odds = self.assumed_accuracy * (len(self.labels_) - 1) / (1.0 - self.assumed_accuracy)
            ahead = self.counts_ - self.counts_.max(axis=1, keepdims=True)
            weights = np.exp(ahead * np.log(odds))
            posterior: NDArray[np.float64] = weights / weights.sum(axis=1, keepdims=True)
            return posterior
        counts = self.counts_ + self.laplace
        total = counts.sum(axis=1, keepdims=True)
        even = np.full(counts.shape, 1.0 / counts.shape[1])
        shares: NDArray[np.float64] = np.divide(counts, total, out=even, where=total > 0)
        return shares
