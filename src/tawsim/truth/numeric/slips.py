"""Slips of the pen among numbers: answers so far off that they say nothing. Which ones they are; no model lives here."""

import numpy as np
from numpy.typing import NDArray

from tawsim.truth.numeric.linear import Floats, Numbers, medians, medians_in

# Beyond this many standard deviations even Student's t with 4 degrees, the heaviest noise modelled, has one answer in 750.
GROSS = 8.0
# A normal's median and third quartile of absolute distances.
HALF, THREE_QUARTERS = 0.6745, 1.15
# A worker's distances are judged together with this many imagined ones of the crowd: one answer is not a habit.
IMAGINED = 4
# Two answers cannot outvote one another.
MAJORITY = 3


def slips(data: Numbers) -> NDArray[np.bool_]:
    """Which answers are slips, (N,): outliers for the crowd, within their task and for their worker at once.

    Distances are from the task's median, and an answer is an outlier where its own exceeds `GROSS` times the largest of
    three robust standard deviations: the crowd's, the task's and the worker's. So an adversary, one who answers in
    another unit and a task that nobody agrees on are not slips. Where a task's own answers are that far apart, as two that
    contradict each other, those as far from the medians of all tasks, on one side, are slips if they are no more than
    half of the answers and some answer remains. An answer alone in its task is never one. All scales are medians, so
    that no slip, however large, moves the bar for another.

    Where most answers to a task agree exactly nothing tells the noise, and half of the variance of the truths is taken.
    Cost: three sorts.
    """
    count = data.per_task()
    middle = medians(data)
    several = count[data.task] > 1
    away = np.abs(data.value - middle[data.task])
    truths = middle[count > 0]
    level = float(np.median(truths)) if len(truths) else 0.0
    spread = _scale(np.abs(truths - level))
    away = away * np.sqrt(count / np.maximum(count - 1, 1))[data.task]
    crowd = _scale(_free(data, away, count)) or spread * float(np.sqrt(0.5))
    if not crowd:
        return np.zeros(len(away), bool)
    imagined = np.full(IMAGINED * data.workers, HALF * crowd)
    worker = np.concatenate((data.worker[several], np.repeat(np.arange(data.workers, dtype=np.int32), IMAGINED)))
    own = medians_in(np.concatenate((away[several], imagined)), worker, data.workers) / HALF
    usual = np.maximum(crowd, own[data.worker])
    task = medians_in(away, data.task, data.tasks)[data.task] / HALF
    among_many = (count >= MAJORITY)[data.task] & (away > GROSS * np.maximum(usual, task))
    torn = (task > GROSS * usual) & several & _wild(data, count, level, GROSS * max(spread, crowd))
    found: NDArray[np.bool_] = among_many | torn
    return found


def _wild(data: Numbers, count: Floats, level: float, reach: float) -> NDArray[np.bool_]:
    """Answers beyond `reach` of the level of all tasks, (N,), unless more than half of their task's are so on that side:
    answers that err alike may be right, and at least one must be left."""
    away = data.value - level
    sides = [side * away > reach for side in (1, -1)]
    many = [data.per_task(side.astype(float)) for side in sides]
    left = (many[0] + many[1] < count)[data.task]
    found: NDArray[np.bool_] = np.zeros(len(away), bool)
    for side, some in zip(sides, many, strict=True):
        found |= side & left & (2 * some <= count)[data.task]
    return found


def _free(data: Numbers, away: Floats, count: Floats) -> Floats:
    """The distances less the least of each task: a median lies on or between answers, so n of them tell n - 1."""
    order = np.lexsort((away, data.task))
    first = (np.cumsum(count) - count)[count > 0].astype(np.int64)
    return np.delete(away[order], first)


def _scale(away: Floats) -> float:
    """The standard deviation of normal noise with these distances, by their median; by a quartile if that is 0."""
    if not len(away):
        return 0.0
    return float(np.median(away)) / HALF or float(np.quantile(away, 0.75)) / THREE_QUARTERS
