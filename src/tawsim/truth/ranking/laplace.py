"""How far the scores can be trusted: their covariance around the learned place, for many items an approximation.

Two views, of which the wider one counts for each item:
* the model's: inverse curvature of the log posterior in scores, scales and leans together (Laplace);
* the crowd's: the same with the sum over *workers* of squared slopes in the middle (Liang and Zeger 1986). Answers of
  one person share that person's taste, which no model of noise knows; a few busy workers are fewer voices than their
  answers. It needs some twenty workers to mean anything.

Above `DENSE` items, with n items in the component, D the diagonal and A the off-diagonals of the curvature:
var_i = (1 - 1/n) / (D_i n / (n - 1)) · (1 + max(Σ_j A_ij² / (D_i D_j) - 1/(n - 1), 0)), exact where all pairs of the
component weigh the same, else the first terms of the inverse's series; scales and leans count as known, and two scores as
related by having the same mean alone. It is too narrow where the graph of comparisons hangs by few threads. Above
`MOST_CELLS` items × workers, scales and leans count as known there too, and the crowd's view is taken item by item.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tawsim.truth.ranking.graph import PairGraph, summed
from tawsim.truth.ranking.learning import VARIANCE_CROWD_LEFT, Curved, Learned, Likelihood, Slopes, Switches

Floats = NDArray[np.float64]
# Workers from which on their own spread is an estimate rather than an accident.
CROWD = 20
# Cells of the table items × workers that may be held densely (160 MB).
MOST_CELLS = 20_000_000


@dataclass(frozen=True, slots=True)
class Spread:
    """Covariance of the centred scores, (I, I), or their variances (I,); variance of the crowd's lean; variances of the
    workers' scales and leans, (W,). `exact` is False for the approximation; `size` (I,) items in each component."""

    covariance: Floats
    crowd_left: float
    scale: Floats
    left: Floats
    exact: bool
    size: Floats

    def variances(self) -> Floats:
        """Variance of each score, (I,)."""
        if not self.exact:
            return self.covariance
        diagonal: Floats = np.diagonal(self.covariance)
        return diagonal

    def of_difference(self, one: NDArray[np.integer], other: NDArray[np.integer]) -> Floats:
        """Variance of score[one] - score[other], element by element."""
        variance = self.variances()
        both: Floats = variance[one] + variance[other]
        if not self.exact:
            both *= self.size[one] / np.maximum(self.size[one] - 1, 1)
            return both
        apart: Floats = np.maximum(both - 2 * self.covariance[one, other], 0.0)
        return apart


def spread(answers: Likelihood, now: Learned, switches: Switches) -> Spread:
    """The spread of what was learned. Cost O(I³ + I² W) up to 3,000 items, O(pairs) beyond."""
    slopes = answers.about_workers(now)
    hss = slopes.scale_scale + 1 / now.variance_scale
    hll = slopes.left_left + 1 / now.variance_left
    hsl = slopes.scale_left if switches.scale and switches.position else np.zeros(answers.workers)
    determinant = hss * hll - hsl * hsl
    _, weight = answers.about_items(now)
    curved = answers.curved(now, switches.position)
    crowd = _crowd_left(slopes, now)
    ridge = 1 / now.variance_items
    if not answers.graph.dense:
        variance = _series(answers.graph, weight, ridge) * _taste_series(answers, curved, weight, ridge)
        return Spread(variance, crowd, hll / determinant, hss / determinant, exact=False, size=answers.graph.size)
    curvature = answers.graph.matrix(weight, ridge)
    if answers.items * answers.workers <= MOST_CELLS:
        curvature -= _known_through_workers(answers, curved, switches, (hss, hsl, hll, determinant))
    covariance: Floats = np.asarray(np.linalg.inv(curvature), float)
    if switches.position and _fits(answers):
        # The crowd's lean is learned too: through the workers' leans it takes part of what the answers say of scores.
        lean = _table(curved, curved.score_left, answers) @ (1 / (now.variance_left * hll))
        moved = covariance @ lean
        crowd = 1 / max(1 / crowd - float(lean @ moved), 1 / VARIANCE_CROWD_LEFT)
        covariance += crowd * np.outer(moved, moved)
    if _fits(answers) and (answers.answers > 0).sum() >= CROWD:
        covariance = _widened(covariance, _table(curved, curved.slope, answers), answers.graph.part)
    else:
        raised = np.sqrt(_taste_series(answers, curved, weight, ridge))
        covariance = _centre(covariance, answers.graph.part) * raised[:, None] * raised
    return Spread(covariance, crowd, hll / determinant, hss / determinant, exact=True, size=answers.graph.size)


def _fits(answers: Likelihood) -> bool:
    return answers.items * answers.workers <= MOST_CELLS


def _table(curved: Curved, column: Floats, answers: Likelihood) -> Floats:
    """Entries added up by item and worker, (I, W)."""
    cell = curved.item * answers.workers + curved.worker
    size = answers.items * answers.workers
    return summed(cell, column, size).reshape(answers.items, answers.workers)


def _known_through_workers(
    answers: Likelihood, curved: Curved, switches: Switches, blocks: tuple[Floats, Floats, Floats, Floats]
) -> Floats:
    """Curvature lost because scales and leans are learned from the same answers (Schur complement), (I, I)."""
    hss, hsl, hll, determinant = blocks
    lost = np.zeros((answers.items, answers.items))
    with_scale = _table(curved, curved.score_scale, answers) if switches.scale else None
    with_left = _table(curved, curved.score_left, answers) if switches.position else None
    if with_scale is not None:
        lost += (with_scale * (hll / determinant)) @ with_scale.T
    if with_left is not None:
        lost += (with_left * (hss / determinant)) @ with_left.T
    if with_scale is not None and with_left is not None:
        mixed = (with_scale * (hsl / determinant)) @ with_left.T
        lost -= mixed + mixed.T
    return lost


def _widened(covariance: Floats, slope: Floats, part: NDArray[np.int64]) -> Floats:
    """Centred covariance with every item's standard deviation raised to the crowd's view where that is wider."""
    slope = slope[:, np.abs(slope).sum(axis=0) > 0]
    workers = max(slope.shape[1], 2)
    through = covariance @ (slope - slope.mean(axis=1, keepdims=True))
    crowd = _centre(through @ through.T, part).diagonal() * workers / (workers - 1)
    covariance = _centre(covariance, part)
    own = np.maximum(covariance.diagonal(), 1e-300)
    raised = np.sqrt(np.maximum(crowd / own, 1.0))
    return np.asarray(covariance * raised[:, None] * raised, float)


def _centre(covariance: Floats, part: NDArray[np.int64]) -> Floats:
    """Covariance of the scores less the mean of their component."""
    size = np.bincount(part)
    member = np.zeros((len(part), len(size)))
    member[np.arange(len(part)), part] = 1.0
    mean = (member / size).T
    half = covariance - member @ (mean @ covariance)
    return half - (half @ mean.T) @ member.T


def _crowd_left(slopes: Slopes, now: Learned) -> float:
    """Variance of the crowd's lean with the scores known: each worker tells it through their own lean."""
    told = slopes.left_left / (1 + slopes.left_left * now.variance_left)
    return float(1 / (told.sum() + 1 / VARIANCE_CROWD_LEFT))


def _series(graph: PairGraph, weight: Floats, ridge: float) -> Floats:
    """Variances about the component's mean: evenly linked, and more where an item hangs by few others, (I,)."""
    diagonal = graph.degree(weight) + ridge
    square = graph.degree(weight * weight / (diagonal[graph.low] * diagonal[graph.high]))
    found: Floats = graph.variance(weight, ridge) * (1 + np.maximum(square - 1 / np.maximum(graph.size - 1, 1), 0))
    return found


def _taste_series(answers: Likelihood, curved: Curved, weight: Floats, ridge: float) -> Floats:
    """By what the crowd's view widens each variance, at least 1, (I,): squared slopes by worker over the curvature."""
    if (answers.answers > 0).sum() < CROWD:
        return np.ones(answers.items)
    cells, place = np.unique(curved.item * answers.workers + curved.worker, return_inverse=True)
    square = summed(place.reshape(-1), curved.slope, len(cells)) ** 2
    crowd = summed(cells // answers.workers, square, answers.items)
    return np.maximum(crowd / (answers.graph.degree(weight) + ridge), 1.0)
