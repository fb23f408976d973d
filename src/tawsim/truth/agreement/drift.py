"""Whether agreement changed over time, and when: a test that says so of nobody on noise. Pure arrays.

The test is that of one change at an unknown place: the largest |Σ_{i≤k} (x_i - x̄)| / (σ √n) over all k, which without a
change has the law of the largest value of a Brownian bridge, so of Kolmogorov's statistic (W. Ploberger and W. Krämer, "The
CUSUM test with OLS residuals", Econometrica 60, 1992). σ² is the long-run variance about the two means, by overlapping batch
means (M. Meketon and B. Schmeiser, Winter Simulation Conference 1984), and never less than the plain one about one mean, so
that runs of like tasks are not taken for a change. A change is looked for where both sides have a tenth of the values, 10 at
least. Of many people, and many questions, the chance that anybody at all is named without reason stays below 5 % (S. Holm, "A
simple sequentially rejective multiple test procedure", Scandinavian Journal of Statistics 6, 1979).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tawsim.truth.agreement.shares import Z

Floats = NDArray[np.float64]
# Fewer say nothing: the law above is that of many.
LEAST = 60
SIDE, LEAST_SIDE = 0.1, 10
ALARM = 0.05


@dataclass(frozen=True, slots=True)
class Change:
    """The likeliest change of a series of `n` values: the first `at` of them have the mean `before`, the others `after`;
    `low`..`high` is the 95 % interval of after - before, and `p` the chance of as large a change where there is none."""

    n: int
    at: int
    before: float
    after: float
    low: float
    high: float
    p: float


def find_change(values: NDArray[Any]) -> Change | None:
    """The likeliest change in `values` (N,), in the order of time; None where they are fewer than 60 or all the same."""
    x = np.asarray(values, float)
    n = len(x)
    if n < LEAST:
        return None
    side = max(LEAST_SIDE, int(SIDE * n))
    apart = np.abs(np.cumsum(x - x.mean()))[side - 1 : n - side]
    at = int(apart.argmax()) + side
    before, after = float(x[:at].mean()), float(x[at:].mean())
    rest = np.concatenate((x[:at] - before, x[at:] - after))
    variance = max(_long_run(rest), float(x.var()))
    if variance <= 1e-12:
        return None
    p = kolmogorov_tail(float(apart.max()) / math.sqrt(variance * n))
    half = Z * math.sqrt(variance * (1 / at + 1 / (n - at)))
    change = after - before
    return Change(n, at, before, after, max(change - half, -1.0), min(change + half, 1.0), p)


def _long_run(rest: Floats) -> float:
    """The variance of a sum of n of them, by n: from the sums of all n^(1/3) + 1 neighbours."""
    near = int(len(rest) ** (1 / 3)) + 1
    sums = np.concatenate(([0.0], np.cumsum(rest)))
    apart = sums[near:] - sums[:-near]
    return float(np.mean(apart**2)) / near


def kolmogorov_tail(x: float) -> float:
    """P(sup |Brownian bridge| > x) = 2 Σ_j (-1)^(j+1) exp(-2 j² x²)."""
    if x < 0.2:
        return 1.0
    total = math.fsum((1 if j % 2 else -1) * math.exp(-2 * j * j * x * x) for j in range(1, 101))
    return min(max(2 * total, 0.0), 1.0)


def holm(p: Sequence[float]) -> list[float]:
    """The p-values after Holm: who is called out where they are below .05 keeps the chance of any false alarm below that."""
    order = sorted(range(len(p)), key=lambda i: p[i])
    found, highest = [1.0] * len(p), 0.0
    for rank, i in enumerate(order):
        highest = max(highest, min(1.0, p[i] * (len(p) - rank)))
        found[i] = highest
    return found


def change_beside(own: Change, others_before: Floats, others_after: Floats) -> tuple[float, float, float]:
    """How much more this series changed than others did (means of independent values before and after the same moment), with
    its 95 % interval; where there are no others, the change itself."""
    change = own.after - own.before
    half = (own.high - own.low) / 2
    if len(others_before) < 2 or len(others_after) < 2:
        return change, own.low, own.high
    theirs = float(others_after.mean() - others_before.mean())
    spread = float(others_before.var() / len(others_before) + others_after.var() / len(others_after))
    half = math.sqrt(half**2 + Z**2 * spread)
    return change - theirs, change - theirs - half, change - theirs + half
