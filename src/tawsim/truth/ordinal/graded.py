"""What workers say to each true level, if they bend the crowd's scale and are more or less sharp than it. Pure arrays.

The crowd says at most level l to truth k with the odds exp(z_kl). A worker shifts these by c_w and stretches what
depends on the truth by s_w: odds exp(z̄_l + c_w + s_w (z_kl - z̄_l)), with z̄_l the mean over truths. A worker with s = 1
and c = 0 is the crowd, and one with s = 0 answers without looking. Who turns the scale around is not of this family; it
takes such a worker's own answers to tell.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
# Newton steps a call: each EM step goes on where the last one stood.
STEPS = 3
# No step is longer than this, in log-odds or in sharpness; at the start the curvature can be nearly flat.
LONGEST_STEP = 1.0
# Chances kept away from 0 and 1, so that nothing a worker says is impossible.
LEAST = 1e-6
LEAST_CROWD = 1e-4
# Variances of c and s over workers before any is known, and the least they may become.
START_SPREAD = (0.5, 0.25)
LEAST_SPREAD = 1e-3


@dataclass(frozen=True, slots=True, eq=False)
class Bends:
    """`shift` c and `sharp` s with their posterior variances, all (W,); `spread` their variances over workers."""

    shift: Floats
    sharp: Floats
    shift_variance: Floats
    sharp_variance: Floats
    spread: tuple[float, float] = START_SPREAD


def no_bends(workers: int) -> Bends:
    """Everybody as the crowd."""
    zero = np.zeros(workers)
    return Bends(zero, zero + 1, zero + START_SPREAD[0], zero + START_SPREAD[1])


def fit_bends(said: Floats, crowd: Floats, classes: Floats, start: Bends) -> tuple[Bends, Floats]:
    """Bends that make `said` (W, K, K) [worker, truth, level], the expected counts, most probable, and the chances
    (W, K, K) that they give.

    `crowd` (K, K) is what the crowd says to each truth, `classes` (K,) how frequent truths are. Fisher scoring with
    normal priors c ~ N(0, σ²), s ~ N(1, ς²), whose widths are learned from all workers.
    """
    odds = _log_odds(crowd)
    middle = classes @ odds
    away = odds - middle
    shift, sharp = start.shift, start.sharp
    total = said.sum(axis=2, keepdims=True)
    for _ in range(STEPS):
        chance, slope, lean = _chances(middle, away, shift, sharp)
        share = said / chance
        towards = (share * slope).sum(axis=(1, 2)) - shift / start.spread[0]
        sharper = (share * lean).sum(axis=(1, 2)) - (sharp - 1) / start.spread[1]
        known = (total * slope**2 / chance).sum(axis=(1, 2)) + 1 / start.spread[0]
        bend = (total * lean**2 / chance).sum(axis=(1, 2)) + 1 / start.spread[1]
        both = (total * slope * lean / chance).sum(axis=(1, 2))
        determinant = known * bend - both**2
        shift = shift + np.clip((bend * towards - both * sharper) / determinant, -LONGEST_STEP, LONGEST_STEP)
        sharp = sharp + np.clip((known * sharper - both * towards) / determinant, -LONGEST_STEP, LONGEST_STEP)
    found = replace(
        start, shift=shift, sharp=sharp, shift_variance=bend / determinant, sharp_variance=known / determinant
    )
    spread = (
        max(float((shift**2 + found.shift_variance).mean()), LEAST_SPREAD),
        max(float(((sharp - 1) ** 2 + found.sharp_variance).mean()), LEAST_SPREAD),
    )
    return replace(found, spread=spread), _chances(middle, away, shift, sharp)[0]


def _log_odds(crowd: Floats) -> Floats:
    """Log-odds that the crowd says at most level l to truth k, (K, K - 1)."""
    at_most = np.clip(np.cumsum(crowd, axis=1)[:, :-1], LEAST_CROWD, 1 - LEAST_CROWD)
    odds: Floats = np.log(at_most / (1 - at_most))
    return odds


def _chances(middle: Floats, away: Floats, shift: Floats, sharp: Floats) -> tuple[Floats, Floats, Floats]:
    """Chance of each level under each truth, (W, K, K), and its slopes by shift and by sharpness."""
    odds = middle + shift[:, None, None] + sharp[:, None, None] * away
    at_most = 1 / (1 + np.exp(-np.clip(odds, -40, 40)))
    slope = at_most * (1 - at_most)
    edge = np.zeros((*at_most.shape[:2], 1))
    steps = [
        np.diff(np.concatenate([edge, inner, edge + last], axis=2), axis=2)
        for inner, last in ((at_most, 1.0), (slope, 0.0), (slope * away, 0.0))
    ]
    # Where levels cross, the chance is the floor, which no bend moves.
    inside = steps[0] > LEAST
    return np.maximum(steps[0], LEAST), steps[1] * inside, steps[2] * inside
