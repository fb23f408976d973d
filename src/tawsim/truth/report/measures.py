"""How good labels and their probabilities are, where gold is known: accuracy, ECE, Brier, NLL, F1, with intervals.

Pure arrays. No picture is drawn here and no model fitted; whoever measures must see that the gold measured on was not
given to the model (`folds` divides it).
"""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tawsim.core.errors import BadInput
from tawsim.truth.model import SAME

Floats = NDArray[np.float64]
Statistic = Callable[[Floats], float]
BINS = 15
LEVEL = 0.95
Z = 1.959963984540054  # the normal quantile of LEVEL, two-sided
REPLICATES = 1000
MIN_REPLICATES = 200
# Replicates × tasks that a bootstrap draws; beyond it takes fewer replicates, as many tasks need no more.
MAX_DRAWS = 20_000_000
# A label given probability 0 costs this much at most, or one of them would be the whole mean.
LEAST_P = 1e-6


@dataclass(frozen=True, slots=True)
class Measure:
    """A `value` with its 95 % interval `low`..`high`."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Bin:
    """The tasks whose best probability lies in `from_`..`to`: their number, their mean p, their share of right labels
    and its Wilson interval."""

    from_: float
    to: float
    tasks: int
    mean_p: float
    right: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Measures:
    """What gold says of n tasks. All but `nll` (nats, ≥ 0) and `brier` (0..2) are shares, 0..1.

    `accuracy`: a tie of m labels, one of them right, counts 1 / m; Wilson's interval. `ece`: expected calibration error in
    15 bins of equal width. `brier`: mean squared distance from the truth, summed over labels. `nll`: mean -log p of the
    truth, p at least 1e-6. `macro_f1`: mean F1 over the labels that gold or prediction hold. Their intervals are
    percentiles of a bootstrap over tasks; that of the ECE stands above its value where tasks are few, as noise adds to it.
    `reliability`: the bins that hold tasks. `mean_p`: what the labels claim of themselves.
    """

    tasks: int
    accuracy: Measure
    mean_p: float
    ece: Measure
    brier: Measure
    nll: Measure
    macro_f1: Measure
    reliability: tuple[Bin, ...]


def measure(
    probability: Floats, gold: NDArray[np.integer[Any]], *, replicates: int = REPLICATES, seed: int = 0
) -> Measures:
    """The measures of `probability` (n, K), rows summing to 1, against the position `gold` (n,) of each truth.

    A truth that is none of the K labels is -1: it counts as wrong, with probability 0. Same `seed`, same intervals;
    at most `replicates` draws are made, fewer where tasks are many. Raises `BadInput` without tasks or for unequal lengths.
    """
    p = np.asarray(probability, float)
    gold = np.asarray(gold)
    if p.ndim != 2 or not len(p) or len(p) != len(gold):
        raise BadInput(
            f"{len(gold)} gold labels do not fit {len(p)} rows of probabilities.", "Give one each, at least 1."
        )
    here = np.arange(len(p))
    known = gold >= 0
    truth = np.where(known, p[here, np.maximum(gold, 0)], 0.0)
    sure = p.max(axis=1)
    best = p >= sure[:, None] - SAME
    right = np.where(known & best[here, np.maximum(gold, 0)], 1.0 / best.sum(axis=1), 0.0)
    squared = (p**2).sum(axis=1) - 2 * truth + 1
    surprise = -np.log(np.maximum(truth, LEAST_P))
    statistics = [_ece(sure, right), _mean(squared), _mean(surprise), _macro_f1(best, gold)]
    ece, brier, nll, f1 = _Bootstrap(len(p), replicates, seed).all(statistics)
    return Measures(
        tasks=len(p),
        accuracy=wilson(float(right.sum()), len(p)),
        mean_p=float(sure.mean()),
        ece=ece,
        brier=brier,
        nll=nll,
        macro_f1=f1,
        reliability=_reliability(sure, right),
    )


def wilson(right: float, many: float, z: float = Z) -> Measure:
    """The share `right` of `many` with Wilson's score interval (1927); nothing at all is known of none."""
    if many <= 0:
        return Measure(float("nan"), 0.0, 1.0)
    share, extra = right / many, z * z / many
    middle = (share + extra / 2) / (1 + extra)
    half = z * np.sqrt(share * (1 - share) / many + extra / (4 * many)) / (1 + extra)
    return Measure(share, min(share, max(0.0, float(middle - half))), max(share, min(1.0, float(middle + half))))


def numeric_errors(estimate: Floats, low: Floats, high: Floats, gold: Floats, *, seed: int = 0) -> dict[str, Measure]:
    """Mean absolute error, root of the mean squared error, and the share of truths inside low..high; each (n,)."""
    if not len(gold) or not len(estimate) == len(low) == len(high) == len(gold):
        raise BadInput("As many estimates as gold numbers are needed, at least one.")
    mae, square = _Bootstrap(len(gold), REPLICATES, seed).all(
        [_mean(np.abs(estimate - gold)), _mean((estimate - gold) ** 2)]
    )
    return {
        "mae": mae,
        "rmse": Measure(*(float(np.sqrt(one)) for one in (square.value, square.low, square.high))),
        "inside": wilson(float(((gold >= low) & (gold <= high)).sum()), len(gold)),
    }


def folds(tasks: Sequence[Any], many: int = 5) -> NDArray[np.intp]:
    """The part (0 … many - 1) of each task, for cross-fitting: by a hash of its name, so that the order of rows does not
    matter, and of nearly equal sizes."""
    rank = [hashlib.sha256(f"{type(task).__name__}:{task}".encode("utf-8", "surrogatepass")).digest() for task in tasks]
    part = np.empty(len(tasks), np.intp)
    part[sorted(range(len(tasks)), key=rank.__getitem__)] = np.arange(len(tasks)) % many
    return part


def bootstrap(values: Sequence[Statistic], many: int, *, seed: int = 0) -> list[Measure]:
    """Statistics of the weights (n,) of `many` tasks, each with its interval over tasks drawn with replacement."""
    return _Bootstrap(many, REPLICATES, seed).all(values)


class _Bootstrap:
    """Draws of n tasks with replacement, as the times each is drawn, one replicate after the other: flat memory."""

    def __init__(self, many: int, replicates: int, seed: int) -> None:
        self.many, self.seed = many, seed
        self.size = min(replicates, max(MIN_REPLICATES, MAX_DRAWS // many))

    def all(self, values: Sequence[Statistic]) -> list[Measure]:
        """Several statistics of the tasks' weights, with the interval of each over the same draws."""
        chance = np.random.default_rng(self.seed)
        spread = np.empty((self.size, len(values)))
        for i in range(self.size):
            drawn = np.bincount(chance.integers(0, self.many, self.many), minlength=self.many).astype(float)
            spread[i] = [value(drawn) for value in values]
        ends = np.quantile(spread, [(1 - LEVEL) / 2, (1 + LEVEL) / 2], axis=0)
        at = [value(np.ones(self.many)) for value in values]
        pairs = zip(at, ends[0].tolist(), ends[1].tolist(), strict=True)
        return [Measure(one, min(low, one), max(high, one)) for one, low, high in pairs]


def _mean(values: Floats) -> Statistic:
    return lambda weight: float(weight @ values) / len(values)


def _bin(sure: Floats) -> NDArray[np.intp]:
    return np.minimum((sure * BINS).astype(np.intp), BINS - 1)


def _ece(sure: Floats, right: Floats) -> Statistic:
    which, gap = _bin(sure), right - sure
    return lambda weight: float(np.abs(np.bincount(which, weights=weight * gap)).sum()) / len(sure)


def _reliability(sure: Floats, right: Floats) -> tuple[Bin, ...]:
    which = _bin(sure)
    found = []
    for b in np.unique(which).tolist():
        here = which == b
        share = wilson(float(right[here].sum()), int(here.sum()))
        mean = float(sure[here].mean())
        found.append(Bin(b / BINS, (b + 1) / BINS, int(here.sum()), mean, share.value, share.low, share.high))
    return tuple(found)


def _macro_f1(best: NDArray[np.bool_], gold: NDArray[np.integer[Any]]) -> Statistic:
    """A tie gives a part of the task to each of its labels. A truth that no label stands for is one more label."""
    row, said = np.nonzero(best)
    part = 1.0 / best.sum(axis=1)[row]
    labels = best.shape[1] + 1
    truth = np.where(gold >= 0, gold, labels - 1)
    hit = truth[row] == said

    def value(weight: Floats) -> float:
        given = np.bincount(said, weights=part * weight[row], minlength=labels)
        true = np.bincount(truth, weights=weight, minlength=labels)
        both = np.bincount(said[hit], weights=(part * weight[row])[hit], minlength=labels)
        total = given + true
        return float((2 * both[total > 0] / total[total > 0]).mean())

    return value
