"""Other votes judged by what Joint learned: each member by its own tables, pooled as in the fit. Nothing is learned here.

Who follows a truth while people label judges a task again after each answer; with the members' own tables what comes out
is what the fit said, where the votes are those of the fit.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tawsim.truth.choice.calibration import softmax, worth
from tawsim.truth.choice.joint_em import Crowd, Member
from tawsim.truth.kernel import GroupedSum
from tawsim.truth.votes import Votes

Floats = NDArray[np.float64]
# Cells of the largest table kept of a member (8 bytes each); beyond it, votes are judged by one confusion a worker.
MOST_KEPT = 6_000_000


def judge_of(crowd: Crowd, member: Member, correlation: float) -> dict[str, Any] | None:
    """What is kept of a member, as plain values: `log_table` ((W + 1) K, K L), the last K rows of a stranger (the mean of
    all workers), `log_classes` (K L,) and `correlation`. None where it would be too large."""
    table = member.log_table.reshape(crowd.workers, crowd.labels, -1)
    if table.size > MOST_KEPT:
        return None
    stranger = np.log(np.exp(table).mean(axis=0, keepdims=True))
    log_table = np.concatenate([table, stranger]).reshape(-1, table.shape[2])
    return {"log_table": log_table, "log_classes": member.log_classes, "correlation": correlation}


def judged(judge: dict[str, Any], votes: Votes, weight: Floats | None) -> Floats:
    """A member's probabilities (T, K) of other votes, whose workers are numbered as in the fit, strangers last."""
    labels = len(votes.labels)
    cells = votes.worker.astype(np.int64) * labels + votes.label
    if weight is None:
        log_weight = GroupedSum(votes.task, cells, len(votes.tasks))(judge["log_table"])
    else:
        log_weight = np.zeros((len(votes.tasks), judge["log_table"].shape[1]))
        starts = np.flatnonzero(np.r_[True, votes.task[1:] != votes.task[:-1]])
        weighed = judge["log_table"][cells] * weight[:, None]
        log_weight[votes.task[starts]] = np.add.reduceat(weighed, starts, axis=0)
    by_level = (log_weight + judge["log_classes"]).reshape(len(votes.tasks), labels, -1)
    top = by_level.max(axis=2, keepdims=True)
    log_posterior = top[:, :, 0] + np.log(np.exp(by_level - top).sum(axis=2))
    return softmax(worth(votes.per_task(), judge["correlation"])[:, None] * log_posterior)


def copies_count_once(votes: Votes, copies: NDArray[np.int64]) -> Floats | None:
    """What each of other votes counts, (N,), by the groups of copies (W,) of the fit; None where none of them voted."""
    groups = np.append(copies, -1)[np.minimum(votes.worker, len(copies))]
    if not (groups >= 0).any():
        return None
    alone = int(copies.max()) + 1 + np.arange(len(groups))
    key = np.where(groups < 0, alone, groups) + votes.task.astype(np.int64) * (len(alone) + int(copies.max()) + 2)
    _, where, many = np.unique(key, return_inverse=True, return_counts=True)
    weight: Floats = 1.0 / many[where.reshape(-1)]
    return weight
