"""When a project will be done: days left with an interval, from the answers of recent days; and the hours that are left.

The model, stated in docs/reference/progress.md: the pace of a day is a level that may drift, times a pattern of the week,
plus an error drawn anew from the errors of recent days. Thousands of futures are run through; what they have in common is the
interval. Arrays in, numbers out; where the numbers come from is loop/progress.py. Where there is too little to go by, the
reason stands in the place of a number.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

LEAST_DAYS = 7  # complete days since the first answer
LEAST_ANSWERS = 30
RECENT = 28  # days that are looked back on
WEEK_FROM = 14  # days before a pattern of the week is read from them
PATHS = 2_000
HORIZON = 730  # days
PULL = 0.5  # of the mean of all days on the mean of one weekday, in days
WEEK_EARNS = 0.8
ALIKE, ALIKE_WORTH = 0.35, 7.0
# People come and go: the pace of a team wanders by some 5 % a day even where the days so far do not show it.
WANDER, WANDER_WORTH = 0.05, 4.0
DRIFTS = (0.0, 0.1, 0.2, 0.35, 0.5)
QUANTILES = (0.025, 0.1, 0.5, 0.9, 0.975)


@dataclass(frozen=True, slots=True)
class Span:
    """A number with its 80 % and 95 % intervals. None: further than can be seen, or never at this pace."""

    middle: float | None
    low80: float | None
    high80: float | None
    low95: float | None
    high95: float | None


@dataclass(frozen=True, slots=True)
class Fan:
    """Answers in all at the end of each of the following days: the same five quantiles, day by day."""

    low95: tuple[float, ...]
    low80: tuple[float, ...]
    middle: tuple[float, ...]
    high80: tuple[float, ...]
    high95: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Forecast:
    """`reason` is "" where there is a number; else `nothing_left`, `too_few_days`, `too_few_answers` or `no_pace`, with what
    there is and what is needed in `have` and `need`."""

    reason: str
    days: Span | None = None
    fan: Fan | None = None
    pace: float | None = None
    weekly: bool = False
    have: int = 0
    need: int = 0


def forecast(daily: Sequence[int], left: int, *, weekday: int, done: int = 0, seed: int = 1) -> Forecast:
    """Days until `left` more answers are there.

    `daily`: answers of complete days, the oldest first, up to yesterday, from the project's first day on. `weekday`: today's
    (0 is Monday). The same input gives the same numbers.
    """
    if left <= 0:
        return Forecast("nothing_left")
    recent = list(daily[-RECENT:])
    if len(recent) < LEAST_DAYS:
        return Forecast("too_few_days", have=len(recent), need=LEAST_DAYS)
    if sum(recent) < LEAST_ANSWERS:
        return Forecast("too_few_answers", have=sum(recent), need=LEAST_ANSWERS)
    if not any(recent[-7:]):
        return Forecast("no_pace", have=0, need=1)
    return _forecast(recent, left, weekday, done, seed)


def _forecast(recent: list[int], left: int, weekday: int, done: int, seed: int) -> Forecast:
    import numpy as np

    y = np.asarray(recent, dtype=float)
    factors = _week(y, weekday)
    z, of_day = _without_week(y, factors, weekday)
    level, drift, errors = _smoothed(z)
    rng = np.random.default_rng(seed)
    scale, start = _uncertain(rng, errors, drift, level, len(z), 7 if of_day else 2)
    wander = _wander(z)
    horizon = int(min(HORIZON, max(14, 6 * left / max(float(y.mean()), left / HORIZON))))
    total = np.zeros(PATHS)
    ends = np.full(PATHS, np.inf)
    fan = []
    at = start.copy()
    for k in range(horizon):
        error = rng.choice(errors, PATHS) * scale
        of_this = np.maximum(0.0, at + error) * factors[(weekday + k) % 7]
        crossed = (total < left) & (total + of_this >= left)
        with np.errstate(divide="ignore", invalid="ignore"):
            ends[crossed] = k + (left - total[crossed]) / of_this[crossed]
        total += of_this
        at = np.maximum(0.0, at + drift * error) * np.exp(wander * rng.standard_normal(PATHS))
        fan.append(np.quantile(np.minimum(total, left), QUANTILES) + done)
        if np.isfinite(ends).mean() >= QUANTILES[-1] and k >= 13:
            break
    columns = np.asarray(fan).T
    quantiles = [_finite(np.sort(ends)[min(PATHS - 1, int(q * PATHS))]) for q in QUANTILES]
    low95, low80, middle, high80, high95 = quantiles
    return Forecast(
        "", Span(middle, low80, high80, low95, high95), Fan(*(tuple(float(v) for v in one) for one in columns)),
        pace=float(level * factors.mean()), weekly=of_day,
    )  # fmt: skip


def _finite(value: Any) -> float | None:
    found = float(value)
    return found if found < HORIZON else None


def _week(y: "NDArray[np.float64]", weekday: int) -> "NDArray[np.float64]":
    """How each day of the week compares with the mean, Monday first. All ones unless days are told better by the others of
    their weekday than by all others: noise has a pattern too."""
    import numpy as np

    if len(y) < WEEK_FROM or y.mean() <= 0:
        return np.ones(7)
    days = (weekday - len(y) + np.arange(len(y))) % 7
    plain = (len(y) * y.mean() - y) / (len(y) - 1)
    told = plain.copy()
    for day in range(7):
        mine = days == day
        seen, n = y[mine], int(mine.sum())
        told[mine] = (seen.sum() - seen + PULL * plain[mine]) / (n - 1 + PULL)
    if ((y - told) ** 2).mean() > WEEK_EARNS * ((y - plain) ** 2).mean():
        return np.ones(7)
    factors = np.ones(7)
    for day in range(7):
        seen = y[days == day]
        # Nothing on every one of them: a day on which nobody works.
        pull = PULL if seen.any() else 0.0
        factors[day] = (seen.sum() + pull * y.mean()) / (len(seen) + pull) / y.mean()
    return np.asarray(factors / factors.mean())


def _without_week(
    y: "NDArray[np.float64]", factors: "NDArray[np.float64]", weekday: int
) -> tuple["NDArray[np.float64]", bool]:
    """The days as if every day of the week were alike; days on which nobody works are left out."""
    import numpy as np

    days = (weekday - len(y) + np.arange(len(y))) % 7
    works = factors[days] > 0.05
    return y[works] / factors[days][works], bool(np.ptp(factors) > 0)


def _smoothed(z: "NDArray[np.float64]") -> tuple[float, float, "NDArray[np.float64]"]:
    """The level at the end, how fast it drifts, and the errors of one step. A drift has to earn its place, since few days
    seem to drift by chance."""
    import numpy as np

    best: tuple[float, float, float, Any] | None = None
    for drift in DRIFTS:
        if drift == 0.0:
            level, errors = float(z.mean()), z - z.mean()
        else:
            level = float(z[: min(len(z), 5)].mean())
            steps = []
            for value in z:
                steps.append(value - level)
                level += drift * steps[-1]
            errors = np.asarray(steps)
        cost = float((errors**2).mean()) * (1.0 if drift == 0.0 else 1.05)
        if best is None or cost < best[0]:
            best = (cost, level, drift, errors)
    assert best is not None
    return best[1], best[2], best[3]


def _uncertain(
    rng: "np.random.Generator", errors: "NDArray[np.float64]", drift: float, level: float, n: int, fitted: int
) -> tuple["NDArray[np.float64]", "NDArray[np.float64]"]:
    """Path by path: by how much the errors may be larger than those seen, and where the level may stand."""
    import numpy as np

    free = max(2, n - fitted)
    scale = np.sqrt(free / rng.chisquare(free, PATHS)) * np.sqrt(n / free)
    alike = _alike(errors)
    n_worth = max(2.0, n * (1 - alike) / (1 + alike))
    spread = float(errors.std()) * np.sqrt(max(1.0 / n_worth, drift / (2 - drift)))
    relative = min(1.0, spread / max(level, 1e-9))
    return scale, level * np.exp(rng.standard_normal(PATHS) * relative * scale)


def _alike(errors: "NDArray[np.float64]") -> float:
    """The correlation of a day's error with the next one's, from 0 to 0.8. Neighbouring days are alike, since the same people
    are there: a few days are taken for somewhat alike until more of them say otherwise."""
    total = float((errors**2).sum())
    found = float((errors[1:] * errors[:-1]).sum()) / total + 1.0 / len(errors) if total > 0 else 0.0
    return min(0.8, max(0.0, (found * len(errors) + ALIKE * ALIKE_WORTH) / (len(errors) + ALIKE_WORTH)))


def _wander(z: "NDArray[np.float64]") -> float:
    """By how much the pace wanders in a day (standard deviation of its logarithm): what blocks of three days differ by beyond
    what the days within them do, drawn towards `WANDER`."""
    import numpy as np

    blocks = z[len(z) % 3 :].reshape(-1, 3)
    means = blocks.mean(1)
    if len(blocks) < 3 or not (means > 0).all():
        return 1.5 * WANDER  # hardly anything is known
    noise = float((blocks.var(1, ddof=1) / means**2).mean()) / 3
    steps = np.diff(np.log(means))
    # The means of neighbouring blocks of three days of a random walk differ by 19/9 of its daily variance.
    found = max(0.0, float((steps**2).mean()) - 2 * noise) / 2.1
    return float(np.sqrt((WANDER_WORTH * WANDER**2 + len(steps) * found) / (WANDER_WORTH + len(steps))))


def per_answer(days: Sequence[tuple[float, int]], seed: int = 1) -> Span | None:
    """Seconds of work an answer takes, from (seconds, answers) of people's days, drawn again and again. None: too few."""
    import numpy as np

    used = [(seconds, answers) for seconds, answers in days if answers > 0]
    if len(used) < LEAST_DAYS or sum(answers for _, answers in used) < LEAST_ANSWERS:
        return None
    seconds, answers = (np.asarray(one, dtype=float) for one in zip(*used, strict=True))
    drawn = np.random.default_rng(seed).integers(0, len(used), (PATHS, len(used)))
    found = np.quantile(seconds[drawn].sum(1) / answers[drawn].sum(1), QUANTILES)
    low95, low80, _, high80, high95 = (float(one) for one in found)
    return Span(float(seconds.sum() / answers.sum()), low80, high80, low95, high95)
