"""Do the answers make one order at all? Triads of items whose majorities run in a circle."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tawsim.truth.ranking.graph import DENSE, PairGraph

Floats = NDArray[np.float64]
# Of all ways that three coins can fall for three pairs, two in eight are circles.
CHANCE = 0.75


class Consistency(NamedTuple):
    """Triads of items whose three pairs all have a majority, and how many of them are circles (a > b > c > a)."""

    triads: int
    circles: int

    @property
    def transitive(self) -> float:
        """Share of triads that are no circles, 0..1; coins give 0.75 (Kendall and Babington Smith 1940). NaN without
        any triad."""
        return 1 - self.circles / self.triads if self.triads else float("nan")


def consistency(graph: PairGraph, low: Floats, high: Floats) -> Consistency | None:
    """From the wins of the lower and the higher item of each pair, (E,). None above 3,000 items (cost O(I³))."""
    if graph.items > DENSE:
        return None
    beats = np.zeros((graph.items, graph.items), np.float32)
    beats[graph.low, graph.high] = low > high
    beats[graph.high, graph.low] = high > low
    decided = beats + beats.T
    # tr(B³) counts each circle three times, tr(D³) each triad six times; sums are exact in 64 bits.
    circles = float(((beats @ beats) * beats.T).sum(dtype=np.float64)) / 3
    triads = float(((decided @ decided) * decided).sum(dtype=np.float64)) / 6
    return Consistency(round(triads), round(circles))
