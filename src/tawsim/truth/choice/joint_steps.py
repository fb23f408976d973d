"""The M steps of the models that Joint averages: expected votes in, confusions out; and the same less one vote.

Tables are `votes` (W, K said, K truth, L level), expected numbers under the posterior. Nothing here knows tasks.
"""

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]
# Imagined answers of each worker at the crowd's accuracy.
IMAGINED = 2.0
# Imagined wrong answers of each worker, spread over labels as the crowd's are.
IMAGINED_WRONG = 2.0
# Log odds are kept within what a hundred thousand votes could tell.
FARTHEST = 6.0
# A curvature below this is no curvature: a step of Newton's stays finite.
FLATTEST = 0.05


class Step(Protocol):
    """One way to learn confusions."""

    def maximise(self, votes: Floats) -> Floats:
        """Confusions, of a shape that broadcasts to that of `votes`."""
        ...

    def without(self, votes: Floats, worker: Whole, label: Whole, own: Floats) -> Floats:
        """Probability of each of n votes under each state, (n, K, L), learned without it; `own` (n, K, L) its posterior."""
        ...


def make_step(kind: str, base: str, strength: float, labels: int, levels: int) -> Step:
    """The step of a setting."""
    if kind == "additive":
        return Additive(strength, labels, levels)
    return Counts(base, strength, labels)


class Counts:
    """conf[w, ·, k, l] = expected votes of w in state (k, l), with `strength` imagined ones spread as the base says.

    Base "coin": worker w is right with a probability a[w, l] and errs evenly; "crowd": everybody confuses as the crowd.
    """

    def __init__(self, base: str, strength: float, labels: int) -> None:
        self._coin, self._strength = base == "coin", strength
        self._same = np.eye(labels)
        self._wrong = (1 - self._same) / max(labels - 1, 1)
        self._base: Floats = np.zeros(0)
        self._right = self._all = self._typical = self._base

    def maximise(self, votes: Floats) -> Floats:
        """See `Step`."""
        if self._coin:
            self._right, self._all = np.einsum("wkkl->wl", votes), votes.sum(axis=(1, 2))
            self._typical = (self._right.sum(axis=0) + 1) / (self._all.sum(axis=0) + 2)
            right = (self._right + IMAGINED * self._typical) / (self._all + IMAGINED)
            base = right[:, None, None, :] * self._same[:, :, None]
            base = base + (1 - right)[:, None, None, :] * self._wrong[:, :, None]
        else:
            crowd = votes.sum(axis=0) + (0.5 / len(self._same) + 0.5 * self._same)[:, :, None]
            base = (crowd / crowd.sum(axis=0))[None]
        self._base = base
        if np.isinf(self._strength):
            return base
        confusion: Floats = (votes + self._strength * base) / (votes.sum(axis=1, keepdims=True) + self._strength)
        return confusion

    def without(self, votes: Floats, worker: Whole, label: Whole, own: Floats) -> Floats:
        """See `Step`."""
        if self._coin:
            mine = own[np.arange(len(label)), label]
            right = np.maximum(self._right[worker] - mine, 0) + IMAGINED * self._typical
            right /= np.maximum(self._all[worker] - own.sum(axis=1), 0) + IMAGINED
            base = right[:, None, :] * self._same[label][:, :, None]
            base = base + (1 - right)[:, None, :] * self._wrong[label][:, :, None]
        else:
            base = self._base[0][label]
        if np.isinf(self._strength):
            return base
        said = np.maximum(votes[worker, label] - own, 0) + self._strength * base
        likelihood: Floats = said / (np.maximum(votes.sum(axis=1)[worker] - own, 0) + self._strength)
        return likelihood


class Additive:
    """logit P(w right | k, l) = ability[w, k] + ease[l]; wrong answers are spread as the worker's others are.

    One ability a worker for all levels, as in Rasch's model of examinations (1960): who is better on easy tasks is
    better on hard ones, so that where a majority falls into a trap, those who do not are recognised by the rest of
    their work. ability[w, ·] is drawn to one ability[w] with `strength` imagined answers, and that to the crowd's.
    Each call takes one step of Newton's from where the last one ended.
    """

    def __init__(self, strength: float, labels: int, levels: int) -> None:
        self._strength, self._labels, self._levels = strength, labels, levels
        self._same = np.eye(labels)
        self._evenly = (1 - self._same) / max(labels - 1, 1)
        self._ability: Floats | None = None
        self._by_class = self._ease = self._part = self._right = self._all = self._crowd_wrong = np.zeros(0)

    def maximise(self, votes: Floats) -> Floats:
        """See `Step`."""
        self._all, self._right = votes.sum(axis=1), np.einsum("wkkl->wkl", votes)
        right, every = self._right.sum(axis=1), self._all.sum(axis=1)
        mass = np.maximum(every.sum(axis=0), 1e-12)
        self._part = mass / mass.sum()
        if self._ability is None:
            self._start(right.sum(axis=0), mass)
        self._learn(right, every)
        wrong = votes.sum(axis=3) * (1 - self._same)
        crowd = wrong.sum(axis=0) + self._evenly
        self._crowd_wrong = crowd / np.maximum(crowd.sum(axis=0), 1e-12)
        spread = (wrong + IMAGINED_WRONG * self._crowd_wrong) / (wrong.sum(axis=1, keepdims=True) + IMAGINED_WRONG)
        p = _logistic(self._by_class[:, :, None] + self._ease)
        confusion: Floats = spread[:, :, :, None] * (1 - p)[:, None] + self._same[:, :, None] * p[:, None]
        return confusion

    def _start(self, right: Floats, every: Floats) -> None:
        """Everybody of the crowd's ability, levels as easy as the crowd found them."""
        typical = np.clip((right + 1) / (every + 2), 0.02, 0.98)
        logit = np.log(typical / (1 - typical))
        middle = float((logit * self._part).sum())
        self._ease = logit - middle

    def _learn(self, right: Floats, every: Floats) -> None:
        """One step of Newton's for each worker, each worker and class, and each level."""
        part, ease = self._part, self._ease
        if self._ability is None:
            middle = np.log((right.sum() + 1) / (every.sum() - right.sum() + 1))
            self._ability = np.full(len(right), np.clip(middle, -FARTHEST, FARTHEST))
            self._by_class = np.repeat(self._ability[:, None], self._labels, axis=1)
        typical = float((self._ability * every.sum(axis=1)).sum() / max(every.sum(), 1e-12))
        p, there = _logistic(self._ability[:, None] + ease), _logistic(typical + ease)
        slope = (right - every * p).sum(axis=1) + IMAGINED * (part * (there - p)).sum(axis=1)
        bend = (every * p * (1 - p)).sum(axis=1) + IMAGINED * (part * p * (1 - p)).sum(axis=1)
        self._ability = _moved(self._ability, slope, bend)
        p, there = _logistic(self._by_class[:, :, None] + ease), _logistic(self._ability[:, None] + ease)[:, None]
        slope = (self._right - self._all * p).sum(axis=2) + self._strength * (part * (there - p)).sum(axis=2)
        bend = (self._all * p * (1 - p)).sum(axis=2) + self._strength * (part * p * (1 - p)).sum(axis=2)
        self._by_class = _moved(self._by_class, slope, bend)
        if self._levels > 1:
            p = _logistic(self._by_class[:, :, None] + ease)
            slope, bend = (self._right - self._all * p).sum(axis=(0, 1)), (self._all * p * (1 - p)).sum(axis=(0, 1))
            ease = ease + np.clip(slope / (bend + FLATTEST), -1, 1)
            self._ease = ease - (ease * part).sum()

    def without(self, votes: Floats, worker: Whole, label: Whole, own: Floats) -> Floats:
        """See `Step`: each ability one step of Newton's away from the vote."""
        p = _logistic(self._by_class[:, :, None] + self._ease)
        bend = ((self._all + self._strength * self._part) * p * (1 - p)).sum(axis=2) + FLATTEST
        right, mine = self._same[label], p[worker]
        slope = (own * (right[:, :, None] - mine)).sum(axis=2)
        left = np.maximum(bend[worker] - (own * mine * (1 - mine)).sum(axis=2), FLATTEST)
        ability = self._by_class[worker] - np.clip(slope / left, -1, 1)
        p = _logistic(ability[:, :, None] + self._ease)
        wrong = votes.sum(axis=3) * (1 - self._same)
        error = own.sum(axis=2) * (1 - right)
        spread = np.maximum(wrong[worker, label] - error, 0) + IMAGINED_WRONG * self._crowd_wrong[label]
        spread /= np.maximum(wrong.sum(axis=1)[worker] - error, 0) + IMAGINED_WRONG
        likelihood: Floats = np.where(right[:, :, None] > 0, p, (1 - p) * spread[:, :, None])
        return likelihood


def _logistic(x: Floats) -> Floats:
    """1 / (1 + exp(-x))."""
    p: Floats = 1 / (1 + np.exp(-np.clip(x, -30, 30)))
    return p


def _moved(ability: Floats, slope: Floats, bend: Floats) -> Floats:
    """One step of Newton's, of at most one unit of log odds."""
    return np.clip(ability + np.clip(slope / (bend + FLATTEST), -1, 1), -FARTHEST, FARTHEST)
