"""Items as a graph whose edges are the pairs that were compared: its parts, and linear systems in its Laplacian.

The curvature of every model in this room is a weighted Laplacian of that graph plus the prior's ridge. Knows no answers.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Codes = NDArray[np.integer]
# Up to here a direct solve costs less than the passes over the answers around it.
DIRECT = 500
# Up to here the matrix is held densely (72 MB) and can be inverted in seconds.
DENSE = 3000
# Steps are inexact anyway, as the next one corrects them; conjugate gradients need few.
CG_STEPS, CG_TOLERANCE = 60, 1e-4


def summed(at: Codes, weight: NDArray[Any] | None, size: int) -> Floats:
    """Sum of the weights (1 where None) at each place 0..size-1, (size,)."""
    return np.bincount(at, weight, size).astype(float, copy=False)


class PairGraph:
    """The E distinct pairs among the pairs (`one`, `other`) (N,), of `items` items; `edge` (N,) says which pair each is.

    `part` (I,) numbers the connected components, from 0, in the order of their first items;
    `size` (I,) is how many items an item's component has.
    """

    def __init__(self, one: Codes, other: Codes, items: int) -> None:
        low, high = np.minimum(one, other).astype(np.int64), np.maximum(one, other)
        cells, edge = np.unique(low * items + high, return_inverse=True)
        self.items = items
        self.edge = edge.reshape(-1).astype(np.int32)
        self.low, self.high = (cells // items).astype(np.int64), (cells % items).astype(np.int64)
        self.part = _components(self.low, self.high, items)
        self.size: Floats = np.bincount(self.part)[self.part].astype(float)
        self.dense = items <= DENSE

    def weights(self, of_each: Floats) -> Floats:
        """Weights (E,) of the edges from those of the N pairs."""
        return summed(self.edge, of_each, len(self.low))

    def degree(self, weight: Floats) -> Floats:
        """Sum of the weights at each item, (I,)."""
        return summed(self.low, weight, self.items) + summed(self.high, weight, self.items)

    def variance(self, weight: Floats, ridge: float) -> Floats:
        """Variances (I,) about the component's mean as if each component were evenly linked: exact for a pair, and
        where all pairs of a component weigh the same."""
        rest: Floats = (self.size - 1) / self.size
        found: Floats = rest / (self.degree(weight) / np.maximum(rest, 0.5) + ridge)  # alone: no spread about itself
        return found

    def matrix(self, weight: Floats, ridge: float) -> Floats:
        """Laplacian + ridge, (I, I)."""
        full = np.zeros((self.items, self.items))
        full[self.low, self.high] = -weight
        full[self.high, self.low] = -weight
        full[np.diag_indices(self.items)] = self.degree(weight) + ridge
        return full

    def solve(self, weight: Floats, ridge: float, right: Floats) -> Floats:
        """x (I,) with (Laplacian + ridge) x = right: exact for few items, else to a relative residual of 1e-4."""
        if self.items <= DIRECT:
            return np.asarray(np.linalg.solve(self.matrix(weight, ridge), right), float)
        diagonal = self.degree(weight) + ridge
        full = self.matrix(weight, ridge) if self.dense else None
        x, residual = np.zeros(self.items), right.copy()
        z = residual / diagonal
        step, old = z.copy(), float(residual @ z)
        enough = CG_TOLERANCE**2 * old
        for _ in range(CG_STEPS):
            if old <= enough or old == 0:
                break
            moved = full @ step if full is not None else self._times(weight, diagonal, step)
            length = old / float(step @ moved)
            x += length * step
            residual -= length * moved
            z = residual / diagonal
            new = float(residual @ z)
            step = z + new / old * step
            old = new
        return x

    def _times(self, weight: Floats, diagonal: Floats, x: Floats) -> Floats:
        product = diagonal * x
        product -= summed(self.low, weight * x[self.high], self.items)
        product -= summed(self.high, weight * x[self.low], self.items)
        return product


def _components(low: Codes, high: Codes, items: int) -> NDArray[np.int64]:
    """Least item of each item's component, renumbered from 0. Labels travel along edges and by pointer jumping."""
    label = np.arange(items)
    while True:
        before = label.copy()
        least = np.minimum(label[low], label[high])
        np.minimum.at(label, low, least)
        np.minimum.at(label, high, least)
        label = label[label]
        if (label == before).all():
            return np.unique(label, return_inverse=True)[1].reshape(-1)


def centred(score: Floats, part: NDArray[np.int64]) -> Floats:
    """Scores less the mean of their component, (I,): the level of a component is not in the answers."""
    return score - (np.bincount(part, score) / np.bincount(part))[part]
