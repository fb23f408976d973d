"""What a fitted model of this room offers, whatever the answers were: scores with intervals, win probabilities, ratings,
workers. No likelihood lives here.
"""

import math
from statistics import NormalDist
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tawsim.core.errors import BadInput
from tawsim.truth.model import SAME
from tawsim.truth.ranking.consistency import Consistency, consistency
from tawsim.truth.ranking.evidence import FEWEST, Evidence, compare, copy_of
from tawsim.truth.ranking.graph import centred
from tawsim.truth.ranking.laplace import Spread, spread
from tawsim.truth.ranking.learning import Learned, Likelihood, Switches, learn, start, step_workers
from tawsim.truth.ranking.taste import confidence, taste_variance
from tawsim.truth.state import Restorable

Floats = NDArray[np.float64]
# Elo's scale: 400 points are odds of 10 to 1; the mean is by custom 1500.
ELO_POINTS, ELO_MEAN = 400 / math.log(10), 1500.0
# A start for what follows need be no better than this (share of the scores' spread).
ROUGH = 1e-2
# Below this even the most hopeful reading of a worker is half the mean one.
HALF = 0.5
# Answers below which nobody is judged: the prior alone would speak.
FEW_ANSWERS = 5
Verdict = Literal["follows", "random", "reversed", "unsure"]


class Rating(NamedTuple):
    """One item: its score and interval in logits (or Elo points), its rank within its component, from 1."""

    item: Any
    score: float
    low: float
    high: float
    rank: int
    component: int


class WinProbability(NamedTuple):
    """P(i is preferred to j) by a worker of mean reliability without a lean, ties half; its interval; P(tie) itself.
    `comparable` is False where no chain of answers links the two: then p is a half and its interval 0..1."""

    p: float
    low: float
    high: float
    tie: float
    comparable: bool


class RatedWorker(NamedTuple):
    """One worker: answers, reliability (1 the mean, 0 random, below 0 reversed) with its interval, the lean to the left in
    logits with its interval, the share of answers that agree with the scores, and a verdict: "follows" where the
    interval of the reliability is above 0, "reversed" where it is below, "random" where it holds 0 and ends below a
    half; "unsure" otherwise, and below five answers or three workers."""

    worker: Any
    answers: int
    reliability: float
    low: float
    high: float
    left: float
    left_low: float
    left_high: float
    agreement: float
    verdict: Verdict


class Rated(Restorable):
    """Learned values that all models of this room share; I items, W workers, T tasks.

    `items_` (I,), `scores_` (I,) in logits, mean 0 in each component; `component_` (I,) from 0: scores of different
    components are not comparable; `covariance_` (I, I) of the scores, or variances (I,) where `exact_` is False;
    `workers_` (W,), `reliability_` (W,) 1 the mean, 0 random, below 0 reversed; `answers_` (W,); `agreement_` (W,) share
    of pairs in the order of the scores; `position_bias_` the crowd's lean to the left in logits, `left_` (W,) the
    workers'; `tie_sizes_` and `tie_weights_`; `tasks_` (T,), `confidence_` (T,) P(first is better than second),
    below 1 (see taste.py); `ties_` (T,) bool; `taste_sd_` of a worker's own view of an item, in logits;
    `used_reliability_` and why: `evidence_` (plain, reliable, error, answers), an `Evidence`, or None;
    `consistency_` (triads, circles) or None; `item_sd_`, `reliability_sd_`, `left_sd_` the priors' widths; `repeated_`,
    `n_iter_`, `converged_`, `log_likelihood_`.
    """

    items_: tuple[Any, ...]
    scores_: Floats
    component_: NDArray[np.int64]
    covariance_: Floats
    exact_: bool
    workers_: tuple[Any, ...]
    reliability_: Floats
    reliability_variance_: Floats
    answers_: Floats
    agreement_: Floats
    position_bias_: float
    position_variance_: float
    left_: Floats
    left_variance_: Floats
    tie_sizes_: tuple[int, ...]
    tie_weights_: Floats
    tasks_: tuple[Any, ...]
    task_starts_: NDArray[np.int64]
    task_items_: NDArray[np.int64]
    confidence_: Floats
    ties_: NDArray[np.bool_]
    used_reliability_: bool
    evidence_: tuple[float, float, float, int] | None
    consistency_: tuple[int, int] | None
    item_sd_: float
    reliability_sd_: float
    left_sd_: float
    taste_sd_: float = 0.0  # files of older programs have none
    repeated_: int
    n_iter_: int
    converged_: bool
    log_likelihood_: float

    def __init__(
        self,
        *,
        reliability: bool | Literal["auto"] = "auto",
        item_sd: float | None = None,
        tolerance: float = 1e-4,
        max_iterations: int = 100,
    ) -> None:
        if reliability not in (True, False, "auto"):
            raise BadInput("reliability is True, False or 'auto'.")
        if item_sd is not None and not 0 < item_sd < math.inf:
            raise BadInput("item_sd is above 0, or None to learn it.")
        if not (tolerance > 0 and max_iterations >= 1):
            raise BadInput("tolerance is above 0, max_iterations 1 or more.")
        self.reliability = reliability
        self.item_sd = item_sd
        self.tolerance = tolerance
        self.max_iterations = max_iterations

    # ---- learning
    def _learn(self, answers: Likelihood, position: bool) -> None:
        """Learn everything that is not about tasks."""
        switches = Switches(True, position, self.item_sd is None, self.tolerance, self.max_iterations)
        without = switches._replace(scale=False)
        first = start(answers, None if self.item_sd is None else self.item_sd**2)
        plain = learn(answers, without._replace(tolerance=max(ROUGH, self.tolerance)), first)
        took_part = int((answers.answers > 0).sum())
        evidence: Evidence | None = None
        reliable: Learned | None = None
        if self.reliability is not False and took_part >= FEWEST:
            reliable = learn(answers, switches, plain)
            if self.reliability == "auto":
                plain = learn(answers, without, plain)
                evidence = compare(answers, plain, reliable, switches)
        use = reliable is not None and (evidence is None or evidence.reliable > evidence.plain)
        now = reliable if use and reliable is not None else learn(answers, without, plain)
        around = spread(answers, now, switches if use else without)
        told = now if use else _judged(answers, now, switches, took_part)
        self.taste_sd_ = math.sqrt(taste_variance(answers.curved(now, switches.position), answers.workers))
        self._keep(answers, now, told, around, spread(answers, told, switches) if told is not now else around)
        self.used_reliability_ = bool(use)
        self.evidence_ = None if evidence is None else _figures(evidence)

    def _keep(self, answers: Likelihood, now: Learned, told: Learned, around: Spread, of_workers: Spread) -> None:
        graph = answers.graph
        self.scores_, self.component_ = centred(now.scores, graph.part), graph.part
        self.covariance_, self.exact_ = around.covariance, around.exact
        self.reliability_, self.reliability_variance_ = told.scale, of_workers.scale
        self.left_, self.left_variance_ = now.left, around.left
        self.position_bias_, self.position_variance_ = now.crowd_left, around.crowd_left
        self.tie_sizes_, self.tie_weights_ = answers.tie_sizes, np.exp(now.log_ties)
        self.answers_, self.agreement_ = answers.answers, answers.agreement(self.scores_)
        triads = consistency(graph, *answers.wins())
        self.consistency_ = None if triads is None else (triads.triads, triads.circles)
        self.item_sd_, self.left_sd_ = math.sqrt(now.variance_items), math.sqrt(now.variance_left)
        self.reliability_sd_ = math.sqrt(told.variance_scale)
        self.n_iter_, self.converged_ = now.steps, now.converged
        self.log_likelihood_ = float(answers.log_likelihood(now).sum())

    def _keep_tasks(self, tasks: tuple[Any, ...], task: NDArray[np.integer], item: NDArray[np.integer]) -> None:
        """Order each task's items by score, and say how sure the first place is."""
        cell = np.sort(task.astype(np.int64) * len(self.items_) + item)
        cell = cell[np.append(True, cell[1:] != cell[:-1])]  # sorting beats np.unique's hashing here, 5 times
        about, which = cell // len(self.items_), cell % len(self.items_)
        order = np.lexsort((which, -np.round(self.scores_[which] / SAME) * SAME, about))
        self.tasks_ = tasks
        self.task_items_ = which[order]
        self.task_starts_ = np.concatenate(([0], np.cumsum(np.bincount(about, minlength=len(tasks)))))
        first, second = self.task_items_[self.task_starts_[:-1]], self.task_items_[self.task_starts_[:-1] + 1]
        ahead = self.scores_[first] - self.scores_[second]
        apart = self.component_[first] != self.component_[second]
        self.ties_ = (np.abs(ahead) <= SAME) | apart
        variance, answers = self._of_difference(first, second), float(self.answers_.sum())
        self.confidence_ = confidence(np.where(self.ties_, 0.0, ahead), variance, self.taste_sd_**2, answers)

    # ---- answers
    def interval(self, level: float = 0.95) -> tuple[Floats, Floats]:
        """Credible interval of each score within its component, low (I,) and high (I,), in logits."""
        check_rated(self)
        reach = _z(level) * np.sqrt(self._variances())
        return self.scores_ - reach, self.scores_ + reach

    def reliability_interval(self, level: float = 0.95) -> tuple[Floats, Floats]:
        """Credible interval of each worker's reliability, (W,) and (W,), taking the scores as known."""
        check_rated(self)
        reach = _z(level) * np.sqrt(self.reliability_variance_)
        return self.reliability_ - reach, self.reliability_ + reach

    def ranking(self) -> list[list[Any]]:
        """Items best first, a list for each component, the largest first; items of equal score in the order of items."""
        return [[rating.item for rating in part] for part in self._parts(0.95, False)]

    def ratings(self, level: float = 0.95, *, elo: bool = False) -> list[Rating]:
        """Every item with its interval, best first, components one after the other, the largest first.

        `elo`: in Elo points, mean 1500 in each component, instead of logits.
        """
        return [rating for part in self._parts(level, elo) for rating in part]

    def beats(self, i: Any, j: Any, level: float = 0.95) -> WinProbability:
        """P(i is preferred to j) with its interval. Raises `BadInput` for an unknown item."""
        check_rated(self)
        z = _z(level)
        place = {item: k for k, item in enumerate(self.items_)}
        for item in (i, j):
            if item not in place:
                raise BadInput(f"The item {str(item)[:80]!r} was not among those learned.")
        one, other = np.array([place[i]]), np.array([place[j]])
        tie = float(self.tie_weights_[0]) if 2 in self.tie_sizes_ else 0.0
        if self.component_[one[0]] != self.component_[other[0]]:
            return WinProbability(0.5, 0.0, 1.0, tie / (2 + tie), False)
        ahead = float(self.scores_[one[0]] - self.scores_[other[0]])
        reach = z * math.sqrt(float(self._of_difference(one, other)[0]))
        p, low, high = (_wins(x, tie)[0] for x in (ahead, ahead - reach, ahead + reach))
        return WinProbability(p, low, high, _wins(ahead, tie)[1], True)

    def worker_report(self, level: float = 0.95) -> list[RatedWorker]:
        """Every worker with intervals and a verdict, in the order of `workers_`."""
        low, high = self.reliability_interval(level)
        reach = _z(level) * np.sqrt(self.left_variance_)
        columns = (
            self.answers_,
            self.reliability_,
            low,
            high,
            self.left_,
            self.left_ - reach,
            self.left_ + reach,
            self.agreement_,
        )
        rows = np.stack(columns, axis=1).tolist()
        return [
            RatedWorker(
                worker,
                round(row[0]),
                row[1],
                row[2],
                row[3],
                row[4],
                row[5],
                row[6],
                row[7],
                _verdict(row[2], row[3], row[0], len(self.workers_)),
            )
            for worker, row in zip(self.workers_, rows, strict=True)
        ]

    @property
    def consistency(self) -> Consistency | None:
        """Triads of items and circles among them; None above 3,000 items."""
        check_rated(self)
        return None if self.consistency_ is None else Consistency(*self.consistency_)

    @property
    def evidence(self) -> Evidence | None:
        """What `reliability="auto"` went by; None where it was not asked, or workers were fewer than three."""
        check_rated(self)
        return None if self.evidence_ is None else Evidence(*self.evidence_)

    def _parts(self, level: float, elo: bool) -> list[list[Rating]]:
        low, high = self.interval(level)
        factor, mean = (ELO_POINTS, ELO_MEAN) if elo else (1.0, 0.0)
        score, bottom, top = ((mean + factor * v).tolist() for v in (self.scores_, low, high))
        order = np.lexsort((np.arange(len(self.items_)), -np.round(self.scores_ / SAME) * SAME, self.component_))
        size = np.bincount(self.component_)
        ends = np.cumsum(size)
        found = []
        for part in np.lexsort((np.arange(len(size)), -size)).tolist():
            members = order[ends[part] - size[part] : ends[part]].tolist()
            found.append(
                [Rating(self.items_[k], score[k], bottom[k], top[k], rank, part) for rank, k in enumerate(members, 1)]
            )
        return found

    def _variances(self) -> Floats:
        return self._spread().variances()

    def _of_difference(self, one: NDArray[np.integer], other: NDArray[np.integer]) -> Floats:
        return self._spread().of_difference(one, other)

    def _spread(self) -> Spread:
        size = np.bincount(self.component_)[self.component_].astype(float)
        of_workers = self.reliability_variance_, self.left_variance_
        return Spread(self.covariance_, self.position_variance_, *of_workers, self.exact_, size)


def check_rated(model: Any) -> None:
    """Raises `BadInput` before the first fit."""
    if not hasattr(model, "scores_"):
        raise BadInput(f"This {type(model).__name__} has learned nothing yet.", "Call fit first.")


def _figures(evidence: Evidence) -> tuple[float, float, float, int]:
    """As a plain tuple, which a file can hold."""
    return evidence.plain, evidence.reliable, evidence.error, evidence.answers


def _judged(answers: Likelihood, now: Learned, switches: Switches, took_part: int) -> Learned:
    """Reliability of the workers against scores that were learned without it; in a crowd of one or two it stays 1."""
    told = copy_of(now)
    if took_part >= FEWEST:
        for _ in range(15):
            step_workers(answers, told, switches, answers.answers > 0)
    return told


def _wins(x: float, tie: float) -> tuple[float, float]:
    """P(first wins) + P(tie) / 2, and P(tie), at a distance of x."""
    small = math.exp(-abs(x) / 2)
    total = 1 + small * small + tie * small
    p = (1 + tie * small / 2) / total
    return (p if x >= 0 else 1 - p), tie * small / total


def _verdict(low: float, high: float, answers: float, workers: int) -> Verdict:
    if answers < FEW_ANSWERS or workers < FEWEST:
        return "unsure"
    if low > 0:
        return "follows"
    if high < 0:
        return "reversed"
    return "random" if high < HALF else "unsure"


def _z(level: float) -> float:
    if not 0 < level < 1:
        raise BadInput("level lies between 0 and 1.")
    return NormalDist().inv_cdf((1 + level) / 2)
