"""Likelihood of rankings: Plackett–Luce with ties after Davidson and Luce, and a scale per worker.

A ranking is a chain of choices: the first group out of all items, the next out of the rest, and so on. A group T of t
out of the set S with x_i = a_w s_i has
P(T | S) = δ_t exp(mean of x over T) / Z, Z = Σ_t δ_t e_t(exp(x / t)) with δ_1 = 1,
where e_t is the elementary symmetric polynomial: the sum over all groups of t. On two items this is Davidson's model, and
without ties Bradley–Terry. Slopes and curvatures only; priors and steps are in learning.py.
"""

from typing import Self

import numpy as np
from numpy.typing import NDArray

from tawsim.core.errors import TooLarge
from tawsim.truth.ranking.graph import PairGraph, summed
from tawsim.truth.ranking.learning import Curved, Learned, Slopes
from tawsim.truth.ranking.rankings import Rankings

Floats = NDArray[np.float64]
# Pairs of items within one choice, over all choices: about 40 bytes each while it is learned. A ranking of n items has
# n³ / 6 of them.
MOST_PAIRS = 20_000_000


class Staged:
    """All choices end to end: C choices with M members. Cost per call O(M · sizes of ties + pairs within choices)."""

    def __init__(
        self,
        worker: NDArray[np.int64],
        size: NDArray[np.int64],
        item: NDArray[np.int64],
        chosen: NDArray[np.bool_],
        items: int,
        workers: int,
        rankings: Floats,
    ) -> None:
        self.items, self.workers, self.answers = items, workers, rankings
        self.worker, self.size, self.item, self.chosen = worker, size, item, chosen
        self.first = np.cumsum(size) - size
        self.choice = np.repeat(np.arange(len(size)), size)
        self.many = np.add.reduceat(chosen.astype(np.int64), self.first)
        self.tie_sizes = tuple(int(t) for t in np.unique(self.many) if t > 1)
        self._one, self._other = _pairs_within(self.first, size)
        self.graph = PairGraph(item[self._one], item[self._other], items)

    @classmethod
    def of(cls, said: Rankings) -> Self:
        """The choices of all rankings."""
        worker, size, item, chosen = _choices(said)
        rankings = summed(said.worker, None, len(said.workers))
        return cls(worker, size, item, chosen, len(said.items), len(said.workers), rankings)

    def only(self, chosen: NDArray[np.bool_]) -> "Staged":
        """The choices of the chosen workers (W,) alone; nobody is renumbered."""
        rows = chosen[self.worker]
        members = rows[self.choice]
        part = Staged(
            self.worker[rows],
            self.size[rows],
            self.item[members],
            self.chosen[members],
            self.items,
            self.workers,
            np.where(chosen, self.answers, 0.0),
        )
        part.tie_sizes = self.tie_sizes
        return part

    def _sum(self, of_members: Floats) -> Floats:
        return np.add.reduceat(of_members, self.first)

    def _shares(self, now: Learned) -> "tuple[Floats, Floats, Floats, list[Floats], Floats]":
        """x (M,), expected share of each member (M,), curvature's factor (C,), P(t tied) (C,) each, log Z (C,)."""
        x = now.scale[self.worker][self.choice] * now.scores[self.item]
        top = np.maximum.reduceat(x, self.first)
        shifted = x - top[self.choice]
        weight = np.exp(shifted)
        total = self._sum(weight)
        share, inverse, tied = weight, total.copy(), []
        for place, t in enumerate(self.tie_sizes):
            ways, with_each = self._groups(np.exp(shifted / t), t)
            strength = float(np.exp(now.log_ties[place]))
            share = share + strength / t * with_each
            tied.append(strength * ways)
            inverse += strength / t * ways
            total = total + strength * ways
        share = share / total[self.choice]
        square = self._sum(share * share)
        # Exact without ties and for pairs; with ties among more it keeps the trace of the covariance.
        factor = np.clip(inverse / total - square, 0, None) / np.maximum(1 - square, 1e-300)
        return x, share, factor, [ways / total for ways in tied], top + np.log(total)

    def _groups(self, a: Floats, t: int) -> tuple[Floats, Floats]:
        """e_t of every choice (C,), and for every member the sum over the groups of t that hold it (M,).

        Newton's identities on power sums, all of values at most 1; what is lost to rounding is below 1e-12 of e_t.
        """
        powers = [self._sum(a**k) for k in range(1, t + 1)]
        e = [np.ones(len(self.size))]
        for k in range(1, t + 1):
            e.append(sum(((-1.0) ** (i - 1) * e[k - i] * powers[i - 1] for i in range(1, k + 1)), np.zeros(1)) / k)
            e[k] = np.where(self.size >= k, np.maximum(e[k], 0), 0)
        without = np.ones(len(a))
        for k in range(1, t):
            without = np.maximum(e[k][self.choice] - a * without, 0)
        return e[t], np.where(self.size[self.choice] >= t, a * without, 0)

    def log_likelihood(self, now: Learned) -> Floats:
        """Sum of log P(choice) for each worker, (W,)."""
        x, *_, log_z = self._shares(now)
        said = self._sum(x * self.chosen) / self.many - log_z
        for place, t in enumerate(self.tie_sizes):
            said = said + np.where(self.many == t, now.log_ties[place], 0.0)
        return summed(self.worker, said, self.workers)

    def about_items(self, now: Learned) -> tuple[Floats, Floats]:
        """Slope (I,) and the edges' curvature (E,) in the scores."""
        _, share, factor, *_ = self._shares(now)
        scale = now.scale[self.worker]
        slope = scale[self.choice] * (self.chosen / self.many[self.choice] - share)
        weight = (scale**2 * factor)[self.choice[self._one]] * share[self._one] * share[self._other]
        return summed(self.item, slope, self.items), self.graph.weights(weight)

    def about_workers(self, now: Learned) -> Slopes:
        """Slope and curvature in the scale of each worker, and in the weights of ties."""
        _, share, factor, tied, _ = self._shares(now)
        score = now.scores[self.item]
        slope = self._sum((self.chosen / self.many[self.choice] - share) * score)
        mean = self._sum(share * score)
        spread = factor * self._sum(share * (score - mean[self.choice]) ** 2)
        none = np.zeros(self.workers)
        ties = np.array([float(((self.many == t) - p).sum()) for t, p in zip(self.tie_sizes, tied, strict=True)])
        return Slopes(
            summed(self.worker, slope, self.workers),
            none,
            summed(self.worker, spread, self.workers),
            none,
            none,
            ties,
            np.array([float((p * (1 - p)).sum()) for p in tied]),
        )

    def curved(self, now: Learned, position: bool) -> Curved:
        """What the spread of the scores is made of (see laplace.py)."""
        _, share, factor, *_ = self._shares(now)
        score, scale = now.scores[self.item], now.scale[self.worker][self.choice]
        slope = scale * (self.chosen / self.many[self.choice] - share)
        mean = self._sum(share * score)
        mixed = scale * factor[self.choice] * share * (score - mean[self.choice])
        own = scale**2 * factor[self.choice] * share * (1 - share)
        return Curved(self.item, self.worker[self.choice], slope, own, mixed, np.zeros(len(mixed)), False)

    def agreement(self, scores: Floats) -> Floats:
        """Share of the pairs that each worker ranked in the order of the scores, ties half, (W,); NaN without any."""
        above, which = self._above()
        agree = (1 + above * np.sign(scores[self.item[self._one]] - scores[self.item[self._other]])) / 2
        who = self.worker[self.choice[self._one]]
        with np.errstate(invalid="ignore"):
            return summed(who[which], agree[which], self.workers) / summed(who[which], None, self.workers)

    def wins(self) -> tuple[Floats, Floats]:
        """How often the lower and the higher item of each pair was ranked above, (E,) each; a tie is half for both."""
        above, which = self._above()
        low_first = self.item[self._one] < self.item[self._other]
        low = np.where(which, (1 + np.where(low_first, above, -above)) / 2, 0.0)
        return self.graph.weights(low), self.graph.weights(which - low)

    def _above(self) -> tuple[Floats, NDArray[np.bool_]]:
        """1, 0, -1 where the first of a pair within a choice was ranked above, with, below the other; and where the
        choice says so: at least one of them was chosen."""
        one, other = self.chosen[self._one], self.chosen[self._other]
        return one.astype(float) - other, one | other


def _choices(said: Rankings) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], NDArray[np.bool_]]:
    """Worker and size of each choice (C,), item of each member and whether it was chosen (M,).

    A choice starts at each group; the last group is one only where it is tied by judgement: one item left, or an
    unranked rest, is no choice.
    """
    entries = len(said.item)
    ranking = np.repeat(np.arange(len(said)), np.diff(said.starts))
    opens = np.ones(entries, bool)
    opens[1:] = (said.group[1:] != said.group[:-1]) | (ranking[1:] != ranking[:-1])
    at = np.flatnonzero(opens)
    end = said.starts[ranking[at] + 1]
    many = np.diff(np.append(at, entries))
    last = at + many == end
    kept = ~(last & ((many == 1) | said.open_end[ranking[at]]))
    at, end, many = at[kept], end[kept], many[kept]
    size = end - at
    inside = np.arange(int(size.sum())) - np.repeat(np.cumsum(size) - size, size)
    item = said.item[np.repeat(at, size) + inside].astype(np.int64)
    return said.worker[ranking[at]].astype(np.int64), size, item, inside < np.repeat(many, size)


def _pairs_within(first: NDArray[np.int64], size: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Positions of both members of every pair within a choice. Raises `TooLarge`."""
    total = int((size * (size - 1) // 2).sum())
    if total > MOST_PAIRS:
        raise TooLarge(
            f"The rankings hold {total:,} pairs of items within choices; at most {MOST_PAIRS:,} are learned at once.",
            "Rank fewer items at a time, or learn from fewer rankings.",
        )
    one, other = [], []
    for n in np.unique(size):
        low, high = np.triu_indices(int(n), 1)
        base = first[size == n][:, None]
        one.append((base + low).ravel())
        other.append((base + high).ravel())
    return np.concatenate(one), np.concatenate(other)
