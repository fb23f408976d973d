"""Where an object lies, from several drawings of it: robust means with a bias and a spread for each worker. Pure arrays.

The same for the four edges of boxes, the points of an outline and named points: y[i, d] is coordinate d of drawing i.

    y[i, d] = μ[c, d] + g_c · k_d · (b[w, d] + σ_w · e),   e ~ Student t with NU degrees of freedom
    g_c = typical size · (size_c / typical size)^γ

A worker w draws with a bias b (per group of coordinates), as a share of the typical size, and a spread σ_w; γ says how
much errors grow with the object and k_d which coordinates are hard. EM in the t's form as a weighted normal: a drawing
that lies far off counts little. Priors pull each σ_w to the crowd's and each bias to zero; the bias of the crowd's
(weighted) median worker is zero by definition, as nothing else could tell it.
"""

from dataclasses import dataclass, replace

import numpy as np

from tawsim.truth.regions.objects import Floats, Ints, tally

# Tails of a Student t with 4 degrees of freedom: the customary choice for data with some gross errors (Lange, Little and
# Taylor, "Robust statistical modeling using the t distribution", JASA 84, 1989).
NU = 4.0
# A worker's spread is worth this many coordinates of the crowd's; likewise for the spread of a group of coordinates.
SPREAD_WEIGHT = 10.0
# Before anything is seen, people are expected to draw this share of the size wide of the edge; so that a crowd whose few
# drawings happen to coincide, or never meet, is not taken for faultless.
EXPECTED_SPREAD = 0.05
# An object's own share of the spread (how hard it is) is worth this many coordinates of the typical one.
OBJECT_WEIGHT = 10.0
# A mean of t's is less certain than its weights say: (NU + 3) / (NU + 1) is the t's Fisher information against theirs.
FISHER = (NU + 3) / (NU + 1)
ITERATIONS = 30
TOLERANCE = 1e-4
# Objects drawn twice or more that it takes to learn how errors grow with size; before, half way.
MIN_FOR_GROWTH = 50
TINY = 1e-12
# Clusters fused in one step; bounds the memory.
CLUSTERS_AT_ONCE = 20_000


@dataclass(frozen=True, slots=True)
class Skill:
    """What drawing tells of workers: `bias` (W, G) and `spread` (W,) as shares of `typical` size, `counted` (W,) the
    coordinates they rest on, `growth` γ, `hard` (K,) of each group of coordinates."""

    bias: Floats
    spread: Floats
    counted: Floats
    growth: float
    hard: Floats
    typical: float


@dataclass(frozen=True, slots=True)
class Layout:
    """Drawings sorted by cluster: `cluster`, `worker` (n,); `first` (C,) of each cluster; `size` (C,) of objects; `trust`
    (C,) the probability of each; `bias_of`, `hard_of` (D,) the groups of each coordinate. `independent` is the share of
    the coordinates that are independent of one another: neighbouring points of an outline are not."""

    cluster: Ints
    worker: Ints
    first: Ints
    size: Floats
    trust: Floats
    bias_of: Ints
    hard_of: Ints
    workers: int
    independent: float = 1.0


def learn(y: Floats, at: Layout) -> Skill:
    """The workers' skill from y (n, D), NaN where a drawing lacks the coordinate."""
    known = ~np.isnan(y)
    typical = float(np.exp(np.log(at.size).mean())) if len(at.size) else 1.0
    skill = Skill(
        bias=np.zeros((at.workers, int(at.bias_of.max(initial=0)) + 1)),
        spread=np.full(at.workers, EXPECTED_SPREAD),
        counted=np.zeros(at.workers),
        growth=0.5,
        hard=np.ones(int(at.hard_of.max(initial=0)) + 1),
        typical=typical,
    )
    if not len(y):
        return skill
    shared = np.bincount(at.cluster, minlength=len(at.size))[at.cluster] > 1
    weight = known * (at.independent * at.trust[at.cluster] * shared)[:, None]
    down = np.ones(y.shape)
    for step in range(ITERATIONS):
        if step == 5:
            skill = _growth(y, at, skill, weight, down)
        before = skill
        skill, down = _step(y, at, skill, weight, down)
        moved = np.abs(np.log(skill.spread / before.spread)).max()
        if step > 6 and moved < TOLERANCE:
            break
    return skill


def fuse(y: Floats, at: Layout, skill: Skill) -> tuple[Floats, Floats]:
    """Means and standard deviations (C, D) in the unit of y; NaN for a coordinate that no drawing has."""
    if len(at.first) > CLUSTERS_AT_ONCE:
        half = len(at.first) // 2
        parts = [fuse(y[rows], part, skill) for rows, part in _halves(at, half)]
        mean, sd = (np.concatenate(side) for side in zip(*parts, strict=True))
        return mean, sd
    if not len(y):
        return np.zeros((0, y.shape[1])), np.zeros((0, y.shape[1]))
    down = np.ones(y.shape)
    for _ in range(5):
        mean, variance, squared = _expect(y, at, skill, down)
        down = (NU + 1) / (NU + squared)
    # Objects whose drawings differ more than their workers' spreads say are the less certain.
    known = ~np.isnan(y)
    count = _sum(known.sum(axis=1).astype(float), at)
    excess = (OBJECT_WEIGHT + _sum(np.where(known, down * squared, 0).sum(axis=1), at)) / (OBJECT_WEIGHT + count)
    return mean, np.sqrt(FISHER * variance * excess[:, None])


def _halves(at: Layout, half: int) -> list[tuple[slice, Layout]]:
    """The first `half` clusters and the others, with the rows of each, so that the arrays of a step stay small."""
    cut = int(at.first[half])
    head, tail = slice(0, cut), slice(cut, None)
    return [
        (head, _part(at, head, slice(0, half), 0, 0)),
        (tail, _part(at, tail, slice(half, None), cut, half)),
    ]


def _part(at: Layout, rows: slice, clusters: slice, row: int, cluster: int) -> Layout:
    return replace(
        at,
        cluster=at.cluster[rows] - cluster,
        worker=at.worker[rows],
        first=at.first[clusters] - row,
        size=at.size[clusters],
        trust=at.trust[clusters],
    )


def _unit(at: Layout, skill: Skill) -> Floats:
    """g_c k_d, (C, D)."""
    by_size = skill.typical * (at.size / skill.typical) ** skill.growth
    return np.asarray(by_size[:, None] * skill.hard[at.hard_of])


def _expect(y: Floats, at: Layout, skill: Skill, down: Floats) -> tuple[Floats, Floats, Floats]:
    """Means and variances (C, D), and the expected squared errors in spreads (n, D), 0 where y is missing."""
    unit = _unit(at, skill)
    here = unit[at.cluster]
    known = ~np.isnan(y)
    target = np.where(known, y - here * skill.bias[at.worker][:, at.bias_of], 0)
    precision = np.where(known, down / (here * skill.spread[at.worker][:, None]) ** 2, 0)
    total = _sum(precision, at)
    missing = total <= 0
    total = np.where(missing, 1, total)
    mean = _sum(precision * target, at) / total
    variance = 1 / total
    squared = ((target - mean[at.cluster]) ** 2 + variance[at.cluster]) / (here * skill.spread[at.worker][:, None]) ** 2
    mean[missing] = np.nan
    variance[missing] = np.nan
    return mean, variance, np.where(known, squared, 0)


def _step(y: Floats, at: Layout, skill: Skill, weight: Floats, down: Floats) -> tuple[Skill, Floats]:
    """One iteration of EM: the next skill and the weights (n, D) of each coordinate of each drawing."""
    mean, _, squared = _expect(y, at, skill, down)
    down = (NU + 1) / (NU + squared)
    unit = _unit(at, skill)[at.cluster]
    error = np.where(weight > 0, (y - mean[at.cluster]) / unit, 0)
    bias = _bias(error, weight * down, at, skill)
    # squared errors again, about the new bias
    moved = (bias - skill.bias)[at.worker][:, at.bias_of]
    old = error - skill.bias[at.worker][:, at.bias_of]
    own = squared * skill.spread[at.worker][:, None] ** 2 + moved**2 - 2 * moved * old
    own = np.where(weight > 0, np.maximum(own, 0), 0)
    total = _workers((weight * down * own).sum(axis=1), at)
    counted = _workers(weight.sum(axis=1), at)
    crowd = _crowd(total / np.maximum(counted, TINY), counted)
    spread = np.sqrt((total + SPREAD_WEIGHT * crowd) / (counted + SPREAD_WEIGHT))
    hard = skill.hard
    if len(hard) > 1:
        relative = weight * down * own / spread[at.worker][:, None] ** 2
        ratio = (_groups(relative, at.hard_of, len(hard)) + SPREAD_WEIGHT) / (
            _groups(weight, at.hard_of, len(hard)) + SPREAD_WEIGHT
        )
        hard = hard * np.sqrt(ratio)
        hard = hard / np.exp(np.log(hard).mean())
    return Skill(bias, spread, counted, skill.growth, hard, skill.typical), down


def _bias(error: Floats, weight: Floats, at: Layout, skill: Skill) -> Floats:
    """Biases (W, G), shrunk to zero as if drawn with the crowd's spread, their median over workers taken off."""
    precision = weight / skill.spread[at.worker][:, None] ** 2
    prior = 1 / _crowd(skill.spread**2, skill.counted)
    bias = np.zeros_like(skill.bias)
    for group in range(bias.shape[1]):
        of = at.bias_of == group
        total = _workers(precision[:, of].sum(axis=1), at)
        mean = _workers((precision[:, of] * error[:, of]).sum(axis=1), at) / (total + prior)
        heavy = _workers(weight[:, of].sum(axis=1), at)
        bias[:, group] = mean - weighted_median(mean, heavy)
    return bias


def _growth(y: Floats, at: Layout, skill: Skill, weight: Floats, down: Floats) -> Skill:
    """γ as the slope of log error against log size, in 0..1: errors of so many pixels, or of so large a share."""
    mean, _, _ = _expect(y, at, skill, down)
    unit = _unit(at, skill)[at.cluster]
    error = np.abs(y - mean[at.cluster] - unit * skill.bias[at.worker][:, at.bias_of])
    used = (weight > 0) & (error > 0)
    if np.count_nonzero(np.bincount(at.cluster, used.any(axis=1))) < MIN_FOR_GROWTH:
        return skill
    heavy = np.where(used, weight, 0)
    per_row = heavy.sum(axis=1)
    log_error = (heavy * np.log(np.where(used, error, 1))).sum(axis=1) / np.maximum(per_row, TINY)
    log_error -= np.log(skill.spread[at.worker])  # so that sloppy workers on large objects do not look like growth
    log_size = np.log(at.size)[at.cluster]
    log_size = log_size - np.average(log_size, weights=per_row)
    spread = (per_row * log_size**2).sum()
    slope = (per_row * log_size * log_error).sum() / spread if spread > TINY * per_row.sum() else skill.growth
    return Skill(skill.bias, skill.spread, skill.counted, float(np.clip(slope, 0, 1)), skill.hard, skill.typical)


def _crowd(variance: Floats, counted: Floats) -> float:
    """The crowd's variance: the weighted median worker's, which a sloppy few cannot move, and what was expected."""
    seen = float(counted.sum())
    middle = weighted_median(variance, counted) if seen > 0 else 0.0
    return (seen * middle + SPREAD_WEIGHT * EXPECTED_SPREAD**2) / (seen + SPREAD_WEIGHT)


def weighted_median(values: Floats, weight: Floats) -> float:
    """The value with half of the weight on either side; the middle of two where the half falls between them."""
    total = weight.sum()
    if not total > 0:
        return float(np.median(values)) if len(values) else 0.0
    order = np.argsort(values, kind="stable")
    values, below = values[order], np.cumsum(weight[order])
    low = int(np.searchsorted(below, total / 2 * (1 - 1e-9)))
    high = int(np.searchsorted(below, total / 2 * (1 + 1e-9)))
    return float((values[low] + values[min(high, len(values) - 1)]) / 2)


def _groups(table: Floats, group: Ints, groups: int) -> Floats:
    return tally(group, table.sum(axis=0), groups)


def _workers(values: Floats, at: Layout) -> Floats:
    """Sums over the drawings of each worker, (W,)."""
    return tally(at.worker, values, at.workers)


def _sum(table: Floats, at: Layout) -> Floats:
    """Sums over the drawings of each cluster."""
    return np.asarray(np.add.reduceat(table, at.first, axis=0)) if len(table) else np.zeros((0, *table.shape[1:]))
