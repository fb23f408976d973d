"""Majority vote: each task's label is the one most of its workers gave. No worker is weighed against another."""

from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from tawsim.core.errors import BadInput
from tawsim.truth.model import best_labels, check_fitted, read_votes


class Majority:
    """The share of votes as the probability: p(t, k) = (n(t, k) + a) / (n(t) + a K), with `laplace` a ≥ 0.

    A tie is reported in `ties_` and never drawn at random: `predict` names the first of the tied labels, and their
    probabilities are equal. A task without votes has p = 1/K for each label.

    Cost: one pass over the votes. Learned: `labels_` (K,), `tasks_` (T,), `counts_` (T, K), `ties_` (T,) bool.

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

    def __init__(self, *, laplace: float = 0.0) -> None:
        if not 0.0 <= laplace < np.inf:
            raise BadInput(f"laplace is a number of 0 or more, not {laplace!r}.")
        self.laplace = laplace

    def fit(self, votes: Any) -> Self:
        """Count the votes."""
        votes = read_votes(votes)
        self.counts_ = votes.counts()
        self.labels_, self.tasks_ = votes.labels, votes.tasks
        self.ties_ = best_labels(self.predict_proba())[1]
        return self

    def predict(self) -> list[Any]:
        """The label with most votes of every task, (T,); the first of `labels_` where some have as many."""
        return [self.labels_[k] for k in best_labels(self.predict_proba())[0]]

    def predict_proba(self) -> NDArray[np.float64]:
        """Share of the votes, (T, K); rows sum to 1."""
        check_fitted(self)
        counts = self.counts_ + self.laplace
        total = counts.sum(axis=1, keepdims=True)
        even = np.full(counts.shape, 1.0 / counts.shape[1])
        shares: NDArray[np.float64] = np.divide(counts, total, out=even, where=total > 0)
        return shares
