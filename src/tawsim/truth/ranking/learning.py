"""Learning of scores, workers and priors together: the ascent shared by Bradley–Terry and Plackett–Luce.

A likelihood gives slopes and curvatures; here are the priors, the steps and the empirical Bayes of the priors' widths.
No likelihood lives here.
"""

from dataclasses import dataclass, replace
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from tawsim.truth.ranking.graph import PairGraph

Floats = NDArray[np.float64]
# Imagined members of each group whose spread is learned, with the spread that real crowds had in the shared sets: scores
# of variance 0.2 to 1.2, scales 0.4 to 0.6, leans 0.02 to 0.2. They matter for a handful of workers or items alone.
IMAGINED = 2.0
VARIANCE_ITEMS, VARIANCE_SCALE, VARIANCE_LEFT = 1.0, 0.25, 0.05
# Variance of the prior of a log weight of ties: so wide that ten answers outweigh it.
WIDE = 4.0
# Of the crowd's own lean: people lean by some hundredths of a logit, model judges by up to one. Narrow enough that a few
# wins of left items speak for the items first.
VARIANCE_CROWD_LEFT = 0.25
# A spread below this is none: a hundredth of what would change a score.
LEAST = 1e-6
# Least mean of the scales as a share of their root mean square: as where one in three answers reversed.
AT_ODDS = 0.3
# Longest step in logits: beyond it the curvature at the old place says nothing.
LONGEST = 1.0


@dataclass(slots=True)
class Learned:
    """Scores (I,) in logits, scale and left (W,) of the workers, the crowd's lean, log weights of ties by size (ties
    of 2 items first), and the variances of the three priors."""

    scores: Floats
    scale: Floats
    left: Floats
    crowd_left: float
    log_ties: Floats
    variance_items: float = VARIANCE_ITEMS
    variance_scale: float = VARIANCE_SCALE
    variance_left: float = VARIANCE_LEFT
    steps: int = 0
    converged: bool = False


class Slopes(NamedTuple):
    """Slopes in scale and left, their curvatures (W,), and slope and curvature in each log weight of ties."""

    scale: Floats
    left: Floats
    scale_scale: Floats
    scale_left: Floats
    left_left: Floats
    ties: Floats
    ties_ties: Floats


class Curved(NamedTuple):
    """Entries by (item, worker), to be added up: slope and curvature in the score, mixed curvatures with scale and lean."""

    item: NDArray[np.int64]
    worker: NDArray[np.int64]
    slope: Floats
    score_score: Floats
    score_scale: Floats
    score_left: Floats
    position: bool


class Likelihood(Protocol):
    """What an ascent needs of the answers."""

    items: int
    workers: int
    answers: Floats
    graph: PairGraph
    tie_sizes: tuple[int, ...]

    def only(self, chosen: NDArray[np.bool_]) -> "Likelihood": ...
    def log_likelihood(self, now: Learned) -> Floats: ...
    def about_items(self, now: Learned) -> tuple[Floats, Floats]: ...
    def about_workers(self, now: Learned) -> Slopes: ...
    def curved(self, now: Learned, position: bool) -> Curved: ...
    def agreement(self, scores: Floats) -> Floats: ...
    def wins(self) -> tuple[Floats, Floats]: ...


class Switches(NamedTuple):
    """Which parts of a model are learned; the rest stays where it is."""

    scale: bool = True
    position: bool = True
    variance_items: bool = True
    tolerance: float = 1e-4
    most_steps: int = 100


def start(answers: Likelihood, variance_items: float | None) -> Learned:
    """Everybody alike, all items alike."""
    return Learned(
        scores=np.zeros(answers.items),
        scale=np.ones(answers.workers),
        left=np.zeros(answers.workers),
        crowd_left=0.0,
        log_ties=np.zeros(len(answers.tie_sizes)),
        variance_items=VARIANCE_ITEMS if variance_items is None else variance_items,
    )


def learn(answers: Likelihood, switches: Switches, first: Learned) -> Learned:
    """Block-wise Newton ascent of the posterior from `first`, which is left as it is.

    One step: scores (a Laplacian system), then scale and lean of every worker, the weights of ties, and the widths of
    the priors (an EM step on the Laplace approximation). Ends when no score or scale moves by more than `tolerance` of
    the scores' spread.
    """
    now = replace(first, converged=False)
    took_part = answers.answers > 0
    while now.steps - first.steps < switches.most_steps and not now.converged:
        before = now.scores, now.scale
        now.steps += 1
        step_items(answers, now, switches)
        step_workers(answers, now, switches, took_part)
        if switches.scale:
            _rescale(now, took_part)
        spread = max(float(now.scores.std()), 1e-3)
        moved = float(np.abs(now.scores - before[0]).max()) / spread
        moved = max(moved, float(np.abs(now.scale - before[1]).max()) if switches.scale else 0.0)
        now.converged = moved < switches.tolerance
    return now


def step_items(answers: Likelihood, now: Learned, switches: Switches) -> None:
    """One Newton step of the scores, and the width of their prior."""
    gradient, weight = answers.about_items(now)
    ridge = 1 / now.variance_items
    step = answers.graph.solve(weight, ridge, gradient - ridge * now.scores)
    largest = float(np.abs(step).max()) * max(1.0, float(np.abs(now.scale).max()))
    now.scores = now.scores + step * min(1.0, 2 * LONGEST / max(largest, 1e-12))
    if switches.variance_items:
        # The level of a component is as uncertain as before any answer: the last term.
        variance = answers.graph.variance(weight, ridge) + now.variance_items / answers.graph.size
        now.variance_items = _width(now.scores, variance, VARIANCE_ITEMS)


def step_workers(answers: Likelihood, now: Learned, switches: Switches, took_part: NDArray[np.bool_]) -> None:
    """One Newton step of every worker's scale and lean, of the crowd's lean and the weights of ties, and the priors."""
    if not (switches.scale or switches.position or answers.tie_sizes):
        return
    slopes = answers.about_workers(now)
    if answers.tie_sizes:
        pulls = slopes.ties - now.log_ties / WIDE
        now.log_ties = now.log_ties + np.clip(pulls / (slopes.ties_ties + 1 / WIDE), -LONGEST, LONGEST)
    g_scale = slopes.scale - (now.scale - 1) / now.variance_scale
    g_left = slopes.left - (now.left - now.crowd_left) / now.variance_left
    hss, hll = slopes.scale_scale + 1 / now.variance_scale, slopes.left_left + 1 / now.variance_left
    hsl = slopes.scale_left if switches.scale and switches.position else np.zeros(answers.workers)
    determinant = hss * hll - hsl * hsl
    if switches.scale:
        step = np.where(took_part, (hll * g_scale - hsl * g_left * switches.position) / determinant, 0.0)
        reach = max(float(np.ptp(now.scores)), 1.0)
        now.scale = now.scale + np.clip(step, -2 * LONGEST / reach, 2 * LONGEST / reach)
        now.variance_scale = _width(now.scale[took_part] - 1, (hll / determinant)[took_part], VARIANCE_SCALE)
    if switches.position:
        step = np.where(took_part, (hss * g_left - hsl * g_scale * switches.scale) / determinant, 0.0)
        step = np.clip(step, -LONGEST, LONGEST)
        now.left = now.left + step
        # All leans together: the one step that a narrow prior around the crowd's lean would hold back.
        pull = float(slopes.left.sum() - slopes.left_left @ step) - now.crowd_left / VARIANCE_CROWD_LEFT
        together = float(np.clip(pull / (float(slopes.left_left.sum()) + 1 / VARIANCE_CROWD_LEFT), -LONGEST, LONGEST))
        here = now.left[took_part] + together
        now.crowd_left = float(here.sum() / (len(here) + now.variance_left / VARIANCE_CROWD_LEFT))
        now.left = np.where(took_part, now.left + together, now.crowd_left)
        now.variance_left = _width(here - now.crowd_left, (hss / determinant)[took_part], VARIANCE_LEFT)


def _width(off: Floats, variance: Floats, imagined: float) -> float:
    """EM step of a prior's variance from how far members are off its mean, with their posterior variances."""
    return max(float((off @ off + variance.sum() + IMAGINED * imagined) / (len(off) + IMAGINED)), LEAST)


def _rescale(now: Learned, took_part: NDArray[np.bool_]) -> None:
    """Scores times c and scales over c, which the likelihood cannot see, so that the scales have mean 1.

    A convention, as mean and width of the scores' prior are learned; without it the two blocks would creep along this
    ridge. In a crowd at odds with itself the mean is near 0 and says nothing: there the root mean square rules.
    """
    scale = now.scale[took_part]
    c = max(float(scale.mean()), AT_ODDS * float(np.sqrt((scale * scale).mean())), 1e-3)
    now.scores = now.scores * c
    now.scale = np.where(took_part, now.scale / c, 1.0)
