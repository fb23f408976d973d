"""How much a task's votes are worth when they err together, learned without gold. Pure arrays.

Dawid and Skene take the votes of a task as independent given its truth. They are not: a hard task misleads several
workers at once, so the posterior of a deep pool is far too sure. If votes correlate with ρ, n of them are worth
n / (1 + (n - 1) ρ) independent ones (the design effect of cluster sampling, Kish 1965), so a task's posterior is raised
to the power 1 / (1 + (n - 1) ρ). That changes how sure it is and never which label is best.

ρ is learned from the votes alone: hide one vote, form the tempered posterior of its task from the others, and predict
the hidden one with the worker's confusion (less this very vote). The ρ that predicts hidden votes best is taken. An
over-sure posterior predicts badly, because it puts all its weight on one row of the confusion matrix.

Measured on 23 real sets (docs/log/): ECE .170 → .113, Brier .357 → .300, with the same labels.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

# Fine near 0, where one step changes deep pools most; at 1 all votes of a task are worth one.
CORRELATIONS = (0.0, 0.01, 0.02, 0.03, 0.05, 0.07, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.7, 1.0)
# ρ is one number: this many votes tell it, and looking at more would cost more than the fit.
ENOUGH_VOTES = 50_000


class HiddenVotes(NamedTuple):
    """Some votes, each with what the rest says: `others` (n, K) log posterior of its task without it; `likelihood`
    (n, K) of the vote under each truth, learned without it; `left` (n,) how many other votes the task has."""

    others: NDArray[np.float64]
    likelihood: NDArray[np.float64]
    left: NDArray[np.int64]


def softmax(log_weight: NDArray[np.float64]) -> NDArray[np.float64]:
    """Rows of `log_weight` (n, K) as probabilities."""
    weight: NDArray[np.float64] = np.exp(log_weight - log_weight.max(axis=1, keepdims=True))
    weight /= weight.sum(axis=1, keepdims=True)
    return weight


def worth(votes: NDArray[np.int64], correlation: float) -> NDArray[np.float64]:
    """The power 1 / (1 + (n - 1) ρ) for tasks with n `votes`; 1 for none or one."""
    return 1.0 / (1.0 + np.maximum(votes - 1, 0) * correlation)


def vote_correlation(hidden: HiddenVotes) -> float:
    """The ρ of `CORRELATIONS` under which the hidden votes are most probable; 0 where no task has two votes."""
    if not len(hidden.left):
        return 0.0
    score = []
    for correlation in CORRELATIONS:
        posterior = softmax(worth(hidden.left, correlation)[:, None] * hidden.others)
        score.append(float(np.log(np.maximum((posterior * hidden.likelihood).sum(axis=1), 1e-300)).sum()))
    return CORRELATIONS[int(np.argmax(score))]


def sample_of_tasks(per_task: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which tasks to hide votes of, (T,): those with two votes or more, thinned to about `ENOUGH_VOTES` votes."""
    chosen = per_task > 1
    step = -(-int(per_task[chosen].sum()) // ENOUGH_VOTES)
    if step > 1:
        chosen &= np.cumsum(chosen) % step == 0
    return chosen
