"""What every truth model offers, and what they share: the form of the interface, ties, and "not fitted yet".

A model is made with its settings, learns with `fit(votes)` (which returns itself and forgets what it knew), and answers
with `predict()` and `predict_proba()`; learned values end in an underscore. tests/conformance/ holds the battery that
each must pass. No model lives here.
"""

from typing import Any, Protocol, Self, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from tawsim.core.errors import BadInput
from tawsim.truth.votes import Votes

# Two probabilities nearer than this are the same one, computed in another order.
SAME = 1e-9


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

    def predict_proba(self) -> NDArray[np.float64]:
        """Probability of each label of each task, (T, K); rows sum to 1."""
        ...


def best_labels(probability: NDArray[np.float64]) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
    """Position of the most probable label a row, the first among equals, (T,); and whether there were equals, (T,)."""
    among_best = probability >= probability.max(axis=1, keepdims=True) - SAME
    return among_best.argmax(axis=1), among_best.sum(axis=1) > 1


def check_fitted(model: object) -> None:
    """Raises `BadInput` if `model` has not learned anything yet."""
    if not hasattr(model, "labels_"):
        raise BadInput(f"This {type(model).__name__} has not seen any votes.", "Call fit(votes) first.")


def read_votes(votes: Any) -> Votes:
    """`votes` as `Votes`, whatever table they come in."""
    return Votes.from_table(votes)
