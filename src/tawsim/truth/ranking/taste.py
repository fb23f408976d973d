"""How far people's own orders differ from the crowd's, learned without gold, and what that leaves of a confidence.

A worker's answers about one item share what this worker thinks of it. With slope U in the item's score, summed over one
worker's answers, and their information J (curvature), answers that are independent given the scores have E U² = J, and a
taste of variance τ² per item and worker has E U² = J + τ² J². The scores follow their own answers, which takes a share
h = J / Σ J of the item's information out of U² (Bell and McCaffrey 2002). So τ² = Σ (U² / (1 - h) - J) / Σ J², shrunk by
how far it stands out from its standard error, that a crowd without tastes keeps τ = 0.

What a crowd shares cannot be seen in it: how much of a taste is this crowd's, and how much the person's own? With
nothing known the share is anything from 0 to 1, a half on average. So the true difference of two items lies about the
crowd's with the variance of the scores and ½ · 2 τ² beside it. Nothing here was fitted to a gold.
"""

import math

import numpy as np
from numpy.typing import NDArray

from tawsim.truth.ranking.graph import summed
from tawsim.truth.ranking.learning import Curved

Floats = NDArray[np.float64]
# The share of a taste that the crowd has in common: the mean of all that it can be.
SHARED = 0.5
# A worker who gave nearly all answers about an item cannot differ from its score.
LEAST_FREE = 0.05
# The sixth digit, with which results are written: nothing is written as certain.
SURE = 1 - 1e-6


def taste_variance(curved: Curved, workers: int) -> float:
    """τ² in logits², 0 and up, from the slopes and curvatures of all answers by item and worker. Cost O(N log N)."""
    cells, place = np.unique(curved.item * workers + curved.worker, return_inverse=True)
    slope = summed(place.reshape(-1), curved.slope, len(cells))
    told = summed(place.reshape(-1), curved.score_score, len(cells))
    item = cells // workers
    free = 1 - told / np.maximum(summed(item, told, int(item.max()) + 1)[item], 1e-300)
    kept = (told > 0) & (free > LEAST_FREE)
    slope, told, free = slope[kept], told[kept], free[kept]
    weight = float(told @ told)
    found = float((slope**2 / free - told).sum())
    if found <= 0 or weight <= 0:
        return 0.0
    strength = found**2 / float(2 * ((told / free) ** 2).sum())  # the square of found over its standard error
    return found / weight * strength / (1 + strength)


def confidence(ahead: Floats, variance: Floats, taste: float, answers: float) -> Floats:
    """P(the first is better), ½..1, for scores that are `ahead` (n,), with the `variance` (n,) of the difference.

    Never 1, and never above 1 - 1 / (answers + 2): that many `answers` cannot show that something is rarer (Laplace).
    """
    sd = np.sqrt(variance + 2 * SHARED * taste)
    z = np.divide(ahead, sd, out=np.zeros(len(ahead)), where=(sd > 0) & (ahead != 0))
    erfc = np.frompyfunc(math.erfc, 1, 1)
    return np.asarray(np.minimum(0.5 * erfc(-z / math.sqrt(2)), min(1 - 1 / (answers + 2), SURE)), float)
