"""Likelihood of pairwise answers: Bradley–Terry with ties after Davidson, a scale and a lean to the left per worker.

With x = a_w (s_left - s_right) + b_w and ν the weight of ties:
P(left) = e^{x/2} / Z, P(right) = e^{-x/2} / Z, P(tie) = ν / Z, Z = e^{x/2} + e^{-x/2} + ν.
Slopes and curvatures only; priors and steps are in learning.py.
"""

from collections.abc import Iterator
from typing import Self

import numpy as np
from numpy.typing import NDArray

from tawsim.truth.ranking.comparisons import Comparisons
from tawsim.truth.ranking.graph import PairGraph, summed
from tawsim.truth.ranking.learning import Curved, Learned, Slopes

Floats = NDArray[np.float64]
# Rows are read a block at a time, so that some ten columns of a block stay in the processor's cache.
BLOCK = 16_384


class Paired:
    """Answers with the same worker, items, sides and outcome are one row with a count. Cost per call O(rows)."""

    tie_sizes: tuple[int, ...]

    def __init__(
        self,
        worker: NDArray[np.integer],
        left: NDArray[np.integer],
        right: NDArray[np.integer],
        outcome: NDArray[np.integer],
        items: int,
        workers: int,
    ) -> None:
        cell = ((worker.astype(np.int64) * items + left) * items + right) * 3 + outcome + 1
        cell, count = np.unique(cell, return_counts=True)
        self.items, self.workers = items, workers
        self.count = count.astype(float)
        self.outcome = (cell % 3 - 1).astype(float)
        cell //= 3
        self.right = cell % items
        cell //= items
        self.left = cell % items
        self.worker = cell // items
        self.graph = PairGraph(self.left, self.right, items)
        self.answers = summed(self.worker, self.count, workers)
        self.tie_sizes = (2,) if (self.outcome == 0).any() else ()

    @classmethod
    def of(cls, asked: Comparisons) -> Self:
        """The rows of all comparisons."""
        return cls(asked.worker, asked.left, asked.right, asked.outcome, len(asked.items), len(asked.workers))

    def only(self, chosen: NDArray[np.bool_]) -> "Paired":
        """The rows of the chosen workers (W,) alone; nobody is renumbered."""
        rows = np.repeat(np.flatnonzero(chosen[self.worker]), self.count[chosen[self.worker]].astype(np.int64))
        outcome = self.outcome[rows].astype(np.int64)
        part = Paired(self.worker[rows], self.left[rows], self.right[rows], outcome, self.items, self.workers)
        part.tie_sizes = self.tie_sizes
        return part

    def agreement(self, scores: Floats) -> Floats:
        """Share of each worker's answers that name the item with the higher score, ties half, (W,); NaN without any."""
        agree = (1 + self.outcome * np.sign(scores[self.left] - scores[self.right])) / 2
        with np.errstate(invalid="ignore"):
            return summed(self.worker, self.count * agree, self.workers) / self.answers

    def wins(self) -> tuple[Floats, Floats]:
        """How often the lower and the higher item of each pair won, (E,) each; a tie is half a win for both."""
        low_left = self.left < self.right
        low = self.count * (1 + np.where(low_left, self.outcome, -self.outcome)) / 2
        return self.graph.weights(low), self.graph.weights(self.count - low)

    def _pulls(self, now: Learned, rows: slice) -> "tuple[Floats, Floats, Floats, Floats, Floats]":
        """Of some rows: scale, distance, slope and curvature of the log-likelihood in x, P(tie)."""
        worker, outcome, count = self.worker[rows], self.outcome[rows], self.count[rows]
        scale, distance = now.scale[worker], now.scores[self.left[rows]]
        distance -= now.scores[self.right[rows]]
        x = scale * distance
        x += now.left[worker]
        small = np.exp(np.abs(x) * -0.5)
        square = small * small
        total = square + 1
        tie = small
        if self.tie_sizes:
            tie_weight = float(np.exp(now.log_ties[0]))
            total += tie_weight * small
            tie = tie_weight * small / total
        difference = np.copysign((1 - square) / total, x)
        slope = (outcome - difference) * count
        slope *= 0.5
        difference *= difference
        curvature = 1 - difference
        if self.tie_sizes:
            curvature -= tie
        curvature *= count
        curvature *= 0.25
        return scale, distance, slope, curvature, tie

    def _blocks(self) -> "Iterator[slice]":
        return (slice(start, start + BLOCK) for start in range(0, len(self.count), BLOCK))

    def log_likelihood(self, now: Learned) -> Floats:
        """Sum of log P(answer) for each worker, (W,)."""
        x = now.scale[self.worker] * (now.scores[self.left] - now.scores[self.right]) + now.left[self.worker]
        ties = float(now.log_ties[0]) if self.tie_sizes else -np.inf
        top = np.abs(x) / 2
        log_z = top + np.log1p(np.exp(-2 * top) + np.exp(ties - top))
        said = np.where(self.outcome == 0, ties if self.tie_sizes else 0.0, self.outcome * x / 2)
        return summed(self.worker, self.count * (said - log_z), self.workers)

    def about_items(self, now: Learned) -> tuple[Floats, Floats]:
        """Slope (I,) and the edges' curvature (E,) in the scores."""
        slopes, curvatures = np.empty((2, len(self.count)))
        for rows in self._blocks():
            scale, _, slope, curvature, _ = self._pulls(now, rows)
            np.multiply(slope, scale, out=slopes[rows])
            scale *= scale
            np.multiply(curvature, scale, out=curvatures[rows])
        gradient = summed(self.left, slopes, self.items) - summed(self.right, slopes, self.items)
        return gradient, self.graph.weights(curvatures)

    def about_workers(self, now: Learned) -> Slopes:
        """Slopes and curvatures in scale and lean of each worker, and in the weight of ties."""
        sums = np.zeros((5, self.workers))
        tied = np.zeros(2)
        for rows in self._blocks():
            _, distance, slope, curvature, tie = self._pulls(now, rows)
            mixed = curvature * distance
            # Rows lie in the order of the workers, so a block holds a few runs.
            worker = self.worker[rows]
            starts = np.concatenate(([0], np.flatnonzero(worker[1:] != worker[:-1]) + 1))
            who = worker[starts]
            for place, column in enumerate((slope * distance, slope, mixed * distance, mixed, curvature)):
                sums[place, who] += np.add.reduceat(column, starts)
            if self.tie_sizes:
                weight = tie * self.count[rows]
                tied += (self.count[rows] @ (self.outcome[rows] == 0) - weight.sum(), weight @ (1 - tie))
        return Slopes(*sums, *tied[: len(self.tie_sizes) * 2].reshape(2, -1))

    def curved(self, now: Learned, position: bool) -> Curved:
        """What the spread of the scores is made of (see laplace.py)."""
        scale, distance, slope, curvature, _ = self._pulls(now, slice(None))
        item = np.concatenate([self.left, self.right])
        worker = np.concatenate([self.worker, self.worker])
        sign = np.repeat([1.0, -1.0], len(self.worker))
        slope, mixed, left = (
            np.tile(column, 2) * sign for column in (slope * scale, curvature * scale * distance, curvature * scale)
        )
        return Curved(item, worker, slope, np.tile(curvature * scale**2, 2), mixed, left, position)
