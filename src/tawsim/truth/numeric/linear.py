"""One model of numbers, fitted: workers who bend the truth by a line, and add noise that depends on the level. Pure arrays.

The members of the pool in tawsim/truth/numeric/model.py are this model with parts of it switched off. Works on answers
in any unit whose spread is about one; reading numbers and choosing among members happen elsewhere.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
# Students t with 4 degrees: the least for which the spread of a spread is finite, and the usual robust default
# (Lange, Little, Taylor 1989).
DEGREES = 4.0
# The noise at a level is the mean over this share of all tasks, those nearest in level: wide, so that it is a trend of
# the crowd's and never one task's own spread (which would make a task with equal answers look certain). Anything from
# 0.3 to 0.8 gave the same errors within 0.5 %.
WINDOW = 0.5
MIN_WINDOW = 20
# No level is taken to be this much less noisy than the crowd is on average.
LEAST_NOISE = 0.05
# The prior over workers' precisions is worth at least this many pairs of answers, so that none becomes infinite.
SHAPE_RANGE = (2.0, 200.0)
# A worker with less than this scale, and less than two standard deviations of it, does not follow the truth.
FOLLOWS = 0.5
TOLERANCE = 1e-3
MAX_ITERATIONS = 100
# Pairs of answers to one task that are looked at to hold answers out of a robust fit, and steps of that.
ENOUGH_PAIRS = 1_000_000
ANEW = 10


@dataclass(frozen=True, slots=True)
class Parts:
    """Which parts of the model are learned: `line` each worker's bias and scale, `precision` each worker's noise,
    `robust` noise with heavy tails."""

    line: bool = True
    precision: bool = True
    robust: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Numbers:
    """N answers as `value` (N,), of `task` (N,) out of `tasks` and `worker` (N,) out of `workers`; `fixed` (T,) is the
    known truth of a task, NaN where it is not known."""

    task: NDArray[np.int32]
    worker: NDArray[np.int32]
    value: Floats
    tasks: int
    workers: int
    fixed: Floats

    def per_task(self, weight: Floats | None = None) -> Floats:
        """Sum of `weight` (N,) over each task's answers, (T,); their number if not given."""
        return np.bincount(self.task, weight, self.tasks).astype(float)

    def per_worker(self, weight: Floats | None = None) -> Floats:
        """Sum of `weight` (N,) over each worker's answers, (W,); their number if not given."""
        return np.bincount(self.worker, weight, self.workers).astype(float)


@dataclass(frozen=True, slots=True, eq=False)
class Workers:
    """What is known of each worker, all (W,): answer = bias + scale · truth + noise with `precision`. Variances and the
    covariance are of the posterior of bias and scale."""

    bias: Floats
    scale: Floats
    bias_variance: Floats
    scale_variance: Floats
    covariance: Floats
    precision: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Fitted:
    """`truth` and its posterior `variance` (T,); `workers`; `weight` (N,) the precision of each answer; `held_out` (N,)
    the truth of its task as the other answers tell it; the prior's `mean` and `spread` (a variance)."""

    truth: Floats
    variance: Floats
    workers: Workers
    weight: Floats
    held_out: Floats
    mean: float
    spread: float
    iterations: int


@dataclass(frozen=True, slots=True, eq=False)
class _State:
    """One step's values; `easy` (T,) is how precise answers to a task are, 1 on average; `usual` (N,) is near 0 for
    outliers; `line_spread` the variances of bias and scale over workers; `shape` of the gamma prior over precisions."""

    truth: Floats
    variance: Floats
    workers: Workers
    easy: Floats
    usual: Floats
    mean: float
    spread: float
    line_spread: tuple[float, float]
    shape: float


def fit_line(data: Numbers, parts: Parts) -> Fitted:
    """The model by variational EM: truths, then noise, then workers, until truths move by 0.1 % of their spread."""
    state = _start(data, parts.robust)
    # One imagined task as far from the mean as answers are: a table of one task does not show that truths are all alike.
    imagined = float(data.value.var())
    for step in range(1, MAX_ITERATIONS + 1):  # noqa: B007 - the number of steps is part of the result
        before = state.truth
        truth, variance = _truths(data, state)
        state = replace(state, truth=truth, variance=variance)
        state = _noise(data, parts, state)
        if parts.line:
            state = _lines(data, state)
        mean = float(truth.mean())
        spread = (float(((truth - mean) ** 2 + variance).sum()) + imagined) / (data.tasks + 1)
        state = replace(state, mean=mean, spread=max(spread, 1e-12))
        if float(((truth - before) ** 2).mean()) <= TOLERANCE**2 * state.spread:
            break
    return _finish(data, state, parts.robust, step)


def _start(data: Numbers, robust: bool) -> _State:
    """Task means and the spread around them; medians and a quartile of the distances where outliers are expected."""
    count = data.per_task()
    middle = medians(data) if robust else data.per_task(data.value) / np.maximum(count, 1)
    middle = np.where(count > 0, middle, middle[count > 0].mean())
    away = np.abs(data.value - middle[data.task])
    freedom = max(len(away) - int(np.count_nonzero(count)), 1)
    noise = float((away**2).sum()) / freedom
    spread = float(middle.var())
    if robust:
        noise = min(noise, _quartile(away) ** 2 or noise)
        spread = min(spread, _quartile(np.abs(middle - np.median(middle))) ** 2 or spread)
    noise = max(noise, 1e-9)
    unexplained = noise * float((1 / np.maximum(count, 1)).mean())
    spread = max(spread - unexplained, 0.05 * spread, float(data.value.var()) / (data.tasks + 1), 1e-9)
    zero = np.zeros(data.workers)
    workers = Workers(zero, zero + 1.0, zero, zero, zero, zero + 1.0 / noise)
    mean = float(np.median(middle) if robust else middle.mean())
    ones = np.ones(data.tasks)
    return _State(
        middle, ones * noise, workers, ones, np.ones(len(away)), mean, spread, (0.1 * noise, 0.1), SHAPE_RANGE[0]
    )


def _quartile(away: Floats) -> float:
    """The standard deviation of normal noise whose distances have this third quartile: 1.15 of them hold three quarters.

    The median of the distances says nothing where most answers are one number.
    """
    return float(np.quantile(away, 0.75)) / 1.15


def medians(data: Numbers) -> Floats:
    """Median of each task's answers, (T,); 0 for a task without any."""
    return medians_in(data.value, data.task, data.tasks)


def medians_in(value: Floats, group: NDArray[np.int32], groups: int) -> Floats:
    """Median of the values (N,) of each group, (groups,); 0 for a group without any."""
    order = np.lexsort((value, group))
    count = np.bincount(group, minlength=groups)
    first = np.cumsum(count) - count
    ordered = value[order]
    last = max(len(value) - 1, 0)
    low, high = (np.minimum(first + (count - 1 + up) // 2, last) for up in (0, 1))
    return np.where(count > 0, (ordered[low] + ordered[high]) / 2, 0.0)


def _evidence(data: Numbers, state: _State) -> tuple[Floats, Floats]:
    """What each answer tells of the truth: a precision and that precision times the value it points to, both (N,)."""
    who, at = state.workers, data.worker
    weight = who.precision[at] * state.usual * state.easy[data.task]
    points = weight * (who.scale[at] * (data.value - who.bias[at]) - who.covariance[at])
    return weight * (who.scale**2 + who.scale_variance)[at], points


def _truths(data: Numbers, state: _State) -> tuple[Floats, Floats]:
    precision, points = _evidence(data, state)
    total = data.per_task(precision) + 1 / state.spread
    truth = (data.per_task(points) + state.mean / state.spread) / total
    known = ~np.isnan(data.fixed)
    return np.where(known, data.fixed, truth), np.where(known, 0.0, 1 / total)


def _squares(data: Numbers, state: _State) -> Floats:
    """Expected squared distance of each answer from where its worker would put the truth, (N,)."""
    who, at = state.workers, data.worker
    truth, variance = state.truth[data.task], state.variance[data.task]
    away = data.value - who.bias[at] - who.scale[at] * truth
    unsure: Floats = who.bias_variance[at] + 2 * who.covariance[at] * truth
    unsure = unsure + who.scale_variance[at] * (truth**2 + variance) + who.scale[at] ** 2 * variance
    return away**2 + np.maximum(unsure, 0.0)


def _noise(data: Numbers, parts: Parts, state: _State) -> _State:
    """How noisy answers are by outliers, by level and by worker."""
    squares = _squares(data, state)
    precision = state.workers.precision[data.worker]
    usual, easy = state.usual, state.easy
    if parts.robust:
        usual = (DEGREES + 1) / (DEGREES + precision * easy[data.task] * squares)
    # Half-way in logarithms: ranks that change places would keep the fit from settling.
    easy = np.sqrt(easy / _level_noise(data.per_task(precision * usual * squares), data.per_task(), state.truth))
    squares = usual * easy[data.task] * squares
    shape = state.shape
    if not parts.precision:
        found = np.full(data.workers, len(squares) / max(float(squares.sum()), 1e-12))
    else:
        # The rate keeps the mean of the prior where the workers are.
        rate = shape * data.workers / state.workers.precision.sum()
        alpha = shape + data.per_worker() / 2
        found = alpha / (rate + data.per_worker(squares) / 2)
        # Minka's closed form for the shape, from the mean and the mean logarithm.
        gap = max(float(np.log(found.mean()) - (np.log(found) - 1 / (2 * alpha)).mean()), 1e-3)
        shape = float(np.clip((3 - gap + np.sqrt((gap - 3) ** 2 + 24 * gap)) / (12 * gap), *SHAPE_RANGE))
    return replace(state, usual=usual, easy=easy, shape=shape, workers=replace(state.workers, precision=found))


def _level_noise(squares: Floats, count: Floats, truth: Floats) -> Floats:
    """Mean noise among the tasks nearest in level, (T,): a moving average over ranks, equal for equal levels."""
    order = np.argsort(truth, kind="stable")
    half = max(MIN_WINDOW, int(len(truth) * WINDOW)) // 2
    place = np.arange(len(truth))
    low, high = np.maximum(place - half, 0), np.minimum(place + half + 1, len(truth))
    sums = np.concatenate(([0.0], np.cumsum(squares[order])))
    counts = np.concatenate(([0.0], np.cumsum(count[order])))
    near = (sums[high] - sums[low]) / np.maximum(counts[high] - counts[low], 1)
    _, same = np.unique(truth[order], return_inverse=True)
    near = (np.bincount(same, near) / np.bincount(same))[same]
    noise = np.empty(len(truth))
    noise[order] = np.maximum(near, max(LEAST_NOISE * float(squares.sum() / count.sum()), 1e-12))
    return noise


def _lines(data: Numbers, state: _State) -> _State:
    """Each worker's bias and scale by Bayesian regression on the truths, with priors 0 and 1 as wide as workers differ.

    The crowd's mean answer is the truth by definition: biases then average 0 and scales 1 over all answers of workers
    who follow the truth. One whose scale may as well be zero is not of the crowd, or spammers would shrink the truth.
    """
    at = data.task
    weight = state.workers.precision[data.worker] * state.usual * state.easy[at]
    level, variance = state.truth[at] - state.mean, state.variance[at]
    rest = data.value - state.truth[at]
    n = data.per_worker()
    known, slope = data.per_worker(weight) + 1 / state.line_spread[0], data.per_worker(weight * level)
    bend = data.per_worker(weight * (level**2 + variance)) + 1 / state.line_spread[1]
    right = data.per_worker(weight * rest), data.per_worker(weight * (rest * level - variance))
    determinant = known * bend - slope**2
    bias = (bend * right[0] - slope * right[1]) / determinant
    scale = (known * right[1] - slope * right[0]) / determinant
    variances = bend / determinant, known / determinant
    covariance = -slope / determinant
    answering = n > 0
    spreads = tuple(
        max(float((found**2 + var)[answering].mean()), 1e-6)
        for found, var in zip((bias, scale), variances, strict=True)
    )
    if np.isnan(data.fixed).all():
        follows = (1 + scale > FOLLOWS) | (1 + scale > 2 * np.sqrt(variances[1]))
        crowd = n * follows if (n * follows).any() else n
        bias = bias - float((crowd * bias).sum() / crowd.sum())
        scale = scale - float((crowd * scale).sum() / crowd.sum())
    # So far the bias is that at the mean level; from here on, at zero.
    workers = replace(
        state.workers,
        bias=bias - scale * state.mean,
        scale=1 + scale,
        bias_variance=variances[0] - 2 * state.mean * covariance + state.mean**2 * variances[1],
        scale_variance=variances[1],
        covariance=covariance - state.mean * variances[1],
    )
    return replace(state, workers=workers, line_spread=(spreads[0], spreads[1]))


def _finish(data: Numbers, state: _State, robust: bool, steps: int) -> Fitted:
    precision, points = _evidence(data, state)
    truth, variance = _truths(data, state)
    known = ~np.isnan(data.fixed)
    total = data.per_task(precision) + 1 / state.spread
    value = (data.per_task(points) + state.mean / state.spread)[data.task] - points
    held_out = value / np.maximum(total[data.task] - precision, 1e-12)
    held_out = np.where(known[data.task], truth[data.task], held_out)
    weight = state.workers.precision[data.worker] * state.usual * state.easy[data.task]
    if robust:
        held_out = _robust_held_out(data, state, held_out)
    return Fitted(truth, variance, state.workers, weight, held_out, state.mean, state.spread, steps)


def _robust_held_out(data: Numbers, state: _State, start: Floats) -> Floats:
    """The truth as the others tell it, (N,), with outliers among them judged anew: which ones they are was decided with
    the answer itself at hand, and those far from it stood down. NaN for answers not looked at: a sample of tasks tells.
    """
    count = data.per_task().astype(np.int64)
    chosen = (count > 1) & np.isnan(data.fixed)
    step = -(-int((count * (count - 1))[chosen].sum()) // ENOUGH_PAIRS)
    chosen &= np.cumsum(chosen) % max(step, 1) == 0
    own = np.flatnonzero(chosen[data.task])
    first = (np.cumsum(count) - count)[data.task[own]]
    size = count[data.task[own]]
    mine = np.repeat(np.arange(len(own)), size)
    rank = np.arange(len(mine)) - np.repeat(np.cumsum(size) - size, size)
    other = np.repeat(first, size) + rank
    mine, other = mine[other != own[mine]], other[other != own[mine]]
    who, at = state.workers, data.worker[other]
    precision = (who.precision[data.worker] * state.easy[data.task])[other]
    slope, bend = who.scale[at], (who.scale**2 + who.scale_variance)[at]
    rest = data.value[other] - who.bias[at]
    truth = start[own]
    for _ in range(ANEW):
        usual = (DEGREES + 1) / (DEGREES + precision * (rest - slope * truth[mine]) ** 2)
        weight = precision * usual
        total = np.bincount(mine, weight * bend, len(own)) + 1 / state.spread
        points = np.bincount(mine, weight * (slope * rest - who.covariance[at]), len(own))
        truth = (points + state.mean / state.spread) / total
    held_out = np.full(len(start), np.nan)
    held_out[own] = truth
    return held_out
