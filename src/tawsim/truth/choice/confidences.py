"""A worker's own confidence in each vote as evidence: first its meaning is learned, then it counts. Pure arrays.

What a worker means by "0.9" is learned from whether others agree: P(right | c) = logistic(a[w] + b[w] x), where x is the
log odds of c less the worker's mean. b[w] is drawn to one slope for all, and that to none; below zero it counts as zero.
So a worker who always says 0.99 gains nothing by it, and one who is unsure where others disagree is heard less there.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tawsim.core.errors import BadInput
from tawsim.truth.choice.joint_em import Crowd
from tawsim.truth.columns import read_column
from tawsim.truth.votes import COLUMNS, Votes, columns_of, encode, listed, one_vote_each

Floats = NDArray[np.float64]
# Probabilities of 0 and 1 are taken for what a hundred answers could tell.
SUREST = 0.99
# Standard deviations of the common slope around none and of a worker's around the common one.
SPREAD, SPREAD_OF_WORKERS = 1.0, 0.5
ROUNDS = 12


def read_confidence(confidence: Any, votes: int) -> Floats | None:
    """One number from 0 to 1 a vote, (N,); None or NaN for a vote without. Raises `BadInput` with the row."""
    if confidence is None:
        return None
    try:
        values = np.array([np.nan if one is None else one for one in listed(confidence)], dtype=np.float64)
    except (TypeError, ValueError):
        raise BadInput("Confidence is one number from 0 to 1 a vote.", column="confidence") from None
    if len(values) != votes:
        raise BadInput(f"There are {votes} votes and {len(values)} confidences.", column="confidence")
    outside = np.flatnonzero((values < 0) | (values > 1))
    if len(outside):
        row = int(outside[0]) + 1
        message = f"Row {row}: a confidence of {values[outside[0]]:g} is not within 0..1."
        raise BadInput(message, row=row, column="confidence")
    return values


def in_order_of_votes(votes: Any, confidence: Any) -> Floats | None:
    """Confidences, given in the order of the rows of a table (or of `Votes`), in the order of the `Votes` it becomes: of a
    repeated vote, that of the last one. Raises `BadInput` as `read_confidence` does."""
    if isinstance(votes, Votes):
        return read_confidence(confidence, len(votes))
    task, worker, _ = (read_column(column) for column in columns_of(votes, COLUMNS))
    values = read_confidence(confidence, len(task))
    if values is None:
        return None
    worker_code, names = encode(worker, "worker", None)
    order, _ = one_vote_each(encode(task, "task", None)[0], worker_code, len(names))
    ordered: Floats = values[order]
    return ordered


def confidence_evidence(crowd: Crowd, confidence: Floats, posterior: Floats) -> tuple[Floats, Floats]:
    """Log evidence on tasks, (T, K), beyond the votes themselves, and the slope b of each worker, (W,).

    `confidence` (N,) in the order of the crowd's votes, NaN for none; `posterior` (T, K) without it.
    """
    worker, given = crowd.worker, np.isfinite(confidence)
    c = np.clip(np.where(given, confidence, 0.5), 1 - SUREST, SUREST)
    x = np.where(given, np.log(c / (1 - c)), 0.0)
    many = np.bincount(worker, given, crowd.workers)
    x = np.where(given, x - (np.bincount(worker, x, crowd.workers) / np.maximum(many, 1))[worker], 0.0)
    right = _right_by_others(crowd, posterior)
    level, slope = _learn(worker, x, right, given & (crowd.per_task[crowd.task] > 1), crowd.workers)
    p, usual = _logistic(level[worker] + slope[worker] * x), _logistic(level[worker])
    same, other = np.log(p / usual), np.log((1 - p) / (1 - usual))
    extra: Floats = np.repeat(np.bincount(crowd.task, other, crowd.tasks)[:, None], crowd.labels, axis=1)
    np.add.at(extra, (crowd.task, crowd.label), same - other)
    return extra, slope


def _right_by_others(crowd: Crowd, posterior: Floats) -> Floats:
    """Probability that each vote is right by the other votes of its task, (N,): its own evidence is taken out again."""
    right = posterior[crowd.task, crowd.label]
    many = np.bincount(crowd.worker, minlength=crowd.workers)
    share = (np.bincount(crowd.worker, right, crowd.workers) + 1) / (many + 2)
    share = np.clip(share, 0.02, 0.98)[crowd.worker]
    odds = right / np.maximum(1 - right, 1e-9) * (1 - share) / share / max(crowd.labels - 1, 1)
    by_others: Floats = odds / (1 + odds)
    return by_others


def _learn(
    worker: NDArray[np.int64], x: Floats, right: Floats, use: NDArray[np.bool_], workers: int
) -> tuple[Floats, Floats]:
    """Level and slope of each worker, by Newton's method on the votes of `use`."""
    worker, x, right = worker[use], x[use], right[use]
    middle = float((right.sum() + 1) / (len(right) + 2))
    typical = float(np.log(middle / (1 - middle)))
    level: Floats = np.full(workers, typical)
    slope: Floats = np.zeros(workers)
    common = 0.0
    for _ in range(ROUNDS):
        p = _logistic(level[worker] + slope[worker] * x)
        bend = np.maximum(p * (1 - p), 1e-3)
        step = np.bincount(worker, right - p, workers) - (level - typical)
        level = level + np.clip(step / (np.bincount(worker, bend, workers) + 1), -1, 1)
        step = np.bincount(worker, (right - p) * x, workers) - (slope - common) / SPREAD_OF_WORKERS**2
        slope = slope + np.clip(step / (np.bincount(worker, bend * x * x, workers) + 1 / SPREAD_OF_WORKERS**2), -1, 1)
        active = np.bincount(worker, x * x, workers) > 0
        common = float(slope[active].sum() / (active.sum() + SPREAD_OF_WORKERS**2 / SPREAD**2)) if active.any() else 0.0
    rising: Floats = np.maximum(slope, 0.0)
    return level, rising


def _logistic(x: Floats) -> Floats:
    """1 / (1 + exp(-x)), kept off 0 and 1."""
    p: Floats = 1 / (1 + np.exp(-np.clip(x, -9, 9)))
    return p
