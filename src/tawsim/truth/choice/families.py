"""Workers that are not independent: copies of one another, and families whose errors go together. Votes alone.

Two workers who know nothing of each other agree, beyond chance, as the product of what each is worth: κ[a, b] = s[a] s[b]
(the one-factor model behind KOS and the method of Ghosh, Kale and McAfee, 2011). That product is fitted to all pairs,
without those that stand out of it; a pair that agrees far more is *related*. Related workers form families. A pair that
agrees on nearly everything, where others do not, is a *copy*, and a family of copies counts as one vote.

Families that are not copies keep their votes. Discounting them was tried, and lost: on made crowds of model judges the
right ones are also the ones that agree, and it took accuracy from 90 to 50 on sets that it was meant for. What is done
for them is honest arithmetic: the correlation of their errors, and how many independent votes a task's votes are worth.

On 21 real crowds of people at most one pair of workers in fifty is related and mostly none; copies are found on three
sets, a pair or two on each. Of 130 prompts of language models (LLMBar) 51 are related, and 15 are copies.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tawsim.truth.choice.joint_em import Crowd

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]
# Pairs of votes that are looked at: enough for a thousand pairs of workers at two thousand tasks each.
MAX_PAIRS = 2_000_000
# A task of more votes says little more and would cost their square.
DEEPEST = 1_000
# Pairs with fewer tasks in common can hardly stand out.
MIN_COMMON = 10
# A pair is related if its κ is this much above the product, and this many standard errors: the chance of that is one
# in thirty thousand, and crowds have thousands of pairs.
EXCESS, ERRORS = 0.25, 4.0
# Copies agree in at least nineteen of twenty answers between two labels. At 0.8 prompts of one model count as copies.
COPY = 0.9
ROUNDS = 30
# Witnesses of a pair that are looked at.
MOST_WITNESSES = 20


class Pairs(NamedTuple):
    """Workers `a` < `b` with `common` tasks; `kappa` their agreement beyond chance, `product` what their worth explains,
    `related` whether they stand out. Each (P,)."""

    a: Whole
    b: Whole
    common: Floats
    kappa: Floats
    product: Floats
    related: NDArray[np.bool_]


def find_pairs(crowd: Crowd) -> Pairs | None:
    """All pairs of workers with enough tasks in common, or None where there are too few to compare."""
    found = _agreements(crowd)
    if found is None:
        return None
    a, b, common, agreed = found
    said = np.zeros((crowd.workers, crowd.labels))
    np.add.at(said, (crowd.worker, crowd.label), 1.0)
    said += 1.0 / crowd.labels
    said /= said.sum(axis=1, keepdims=True)
    chance = np.minimum((said[a] * said[b]).sum(axis=1), 0.98)
    kappa = (agreed / common - chance) / (1 - chance)
    worth = np.full(crowd.workers, np.sqrt(max(float((kappa * common).sum() / common.sum()), 0.05)))
    counts = np.ones(len(a))
    for _ in range(ROUNDS):
        weight = common * counts
        top = np.bincount(a, weight * kappa * worth[b], crowd.workers)
        top += np.bincount(b, weight * kappa * worth[a], crowd.workers)
        bottom = np.bincount(a, weight * worth[b] ** 2, crowd.workers)
        bottom += np.bincount(b, weight * worth[a] ** 2, crowd.workers)
        # Two imagined tasks at a κ of .3, a usual worker's; half steps, as worth stands on both sides.
        worth = np.clip(0.5 * worth + 0.5 * (top + 0.6) / (bottom + 2.0), -0.98, 0.98)
        product = worth[a] * worth[b]
        p = np.clip(chance + (1 - chance) * product, 0.02, 0.98)
        errors = (agreed / common - p) / np.sqrt(p * (1 - p) / common)
        # Left out from the first turn on: a clique of copies would else become the measure of worth itself.
        counts = np.where((errors > ERRORS - 1) & (kappa - product > EXCESS / 2), 0.0, 1.0)
    related = (errors > ERRORS) & (kappa - product > EXCESS)
    related[related] = _witnessed(a, b, related, crowd.workers)
    return Pairs(a, b, common, kappa, product, related)


def _witnessed(a: Whole, b: Whole, related: NDArray[np.bool_], workers: int) -> NDArray[np.bool_]:
    """Of the related pairs, those whose worth two others tell, (R,) bool.

    Once a pair is left out of the fit, what each of the two is worth comes from how they agree with others. One other
    worker c is not enough: κ[a, c] and κ[b, c] give two numbers for three unknowns, and two good workers beside a bad one
    would look like copies. Two others who are also compared with each other settle it.
    """
    compared = a * workers + b  # rising, as `_agreements` gives pairs in order
    kin = set(compared[related].tolist())
    neighbours: dict[int, set[int]] = {}
    for worker in {*a[related].tolist(), *b[related].tolist()}:
        neighbours[worker] = {*b[a == worker].tolist(), *a[b == worker].tolist()}
    found = []
    for one, other in zip(a[related].tolist(), b[related].tolist(), strict=True):
        apart = [
            c for c in sorted(neighbours[one] & neighbours[other])
            if not {min(c, one) * workers + max(c, one), min(c, other) * workers + max(c, other)} & kin
        ][:MOST_WITNESSES]  # fmt: skip
        pairs = np.array([c * workers + d for i, c in enumerate(apart) for d in apart[i + 1 :]], np.int64)
        at = np.minimum(np.searchsorted(compared, pairs), len(compared) - 1)
        found.append(bool((compared[at] == pairs).any()))
    return np.array(found, bool)


def find_families(pairs: Pairs | None, workers: int) -> tuple[Whole, Whole]:
    """Family of each worker and group of copies of each worker, (W,) each; -1 for none."""
    if pairs is None:
        return np.full(workers, -1), np.full(workers, -1)
    copies = pairs.related & (pairs.kappa >= COPY)
    return _groups(pairs.a[pairs.related], pairs.b[pairs.related], workers), _groups(
        pairs.a[copies], pairs.b[copies], workers
    )


def error_correlation(crowd: Crowd, posterior: Floats, family: Whole) -> Floats:
    """How much the errors of each family go together beyond those of strangers, (F,) in 0..1.

    A vote's residual is its probability of being right less its worker's share of right votes, over the standard
    deviation. The mean product of two residuals of one family on one task, less that of strangers (hard tasks are hard
    for all), over one less that.
    """
    families = int(family.max(initial=-1)) + 1
    if not families:
        return np.zeros(0)
    right = posterior[crowd.task, crowd.label]
    many = np.bincount(crowd.worker, minlength=crowd.workers)
    share = (np.bincount(crowd.worker, right, crowd.workers) + 2 * right.mean()) / (many + 2)
    share = np.clip(share, 0.02, 0.98)[crowd.worker]
    residual = (right - share) / np.sqrt(share * (1 - share))
    of = np.where(family < 0, families + np.arange(crowd.workers), family)[crowd.worker]
    width = families + crowd.workers
    cell, where = np.unique(crowd.task * width + of, return_inverse=True)
    total, pairs = _products(where, residual, len(cell))
    whole, all_pairs = _products(crowd.task, residual, crowd.tasks)
    strangers = max((whole.sum() - total.sum()) / max(all_pairs.sum() - pairs.sum(), 1.0), 0.0)
    home = cell % width
    inside = home < families
    mean = np.bincount(home[inside], total[inside], families) / np.maximum(
        np.bincount(home[inside], pairs[inside], families), 1.0
    )
    correlation: Floats = np.clip((mean - strangers) / max(1 - strangers, 1e-9), 0, 1)
    return correlation


def effective_votes(crowd: Crowd, family: Whole, correlation: Floats, overall: float) -> Floats:
    """How many independent votes each task's votes are worth, (T,): n / (1 + (n - 1) ρ) within each family, and then of
    what is left with the `overall` correlation of all votes."""
    families = len(correlation)
    of = np.where(family < 0, families + np.arange(crowd.workers), family)[crowd.worker]
    width = families + crowd.workers
    cell, many = np.unique(crowd.task * width + of, return_counts=True)
    rho = np.append(correlation, 0.0)[np.minimum(cell % width, families)]
    worth = np.bincount(cell // width, many / (1 + (many - 1) * rho), crowd.tasks)
    effective: Floats = worth / (1 + np.maximum(worth - 1, 0) * overall)
    return effective


def copy_weights(crowd: Crowd, copies: Whole) -> Floats | None:
    """What each vote counts, (N,): one over the number of votes of its group of copies on the task; None without copies."""
    if not (copies >= 0).any():
        return None
    groups = int(copies.max()) + 1
    of = np.where(copies < 0, groups + np.arange(crowd.workers), copies)[crowd.worker]
    _, where, many = np.unique(crowd.task * (groups + crowd.workers) + of, return_inverse=True, return_counts=True)
    weight: Floats = 1.0 / many[where]
    return weight


def _agreements(crowd: Crowd) -> tuple[Whole, Whole, Floats, Floats] | None:
    """Workers a < b of each pair, on how many tasks both voted, and on how many alike."""
    many = np.where(crowd.per_task <= DEEPEST, crowd.per_task, 0)
    pairs = many * (many - 1) // 2
    step = max(-(-int(pairs.sum()) // MAX_PAIRS), 1)
    chosen = (pairs > 0) & (np.cumsum(pairs > 0) % step == 0)
    rows = chosen[crowd.task]
    task, worker, label = crowd.task[rows], crowd.worker[rows], crowd.label[rows]
    both: list[Whole] = []
    alike: list[NDArray[np.bool_]] = []
    for apart in range(1, int(many[chosen].max(initial=1))):
        first = np.flatnonzero(task[apart:] == task[:-apart])
        both.append(worker[first] * crowd.workers + worker[first + apart])
        alike.append(label[first] == label[first + apart])
    if not both:
        return None
    code, where = np.unique(np.concatenate(both), return_inverse=True)
    common = np.bincount(where).astype(np.float64)
    agreed = np.bincount(where, np.concatenate(alike)).astype(np.float64)
    enough = common >= MIN_COMMON
    if enough.sum() < 3:
        return None
    code = code[enough]
    return code // crowd.workers, code % crowd.workers, common[enough], agreed[enough]


def _groups(a: Whole, b: Whole, workers: int) -> Whole:
    """Connected groups of workers, numbered by their first member; -1 for workers without a link."""
    group = np.arange(workers)
    while len(a):
        lowest = np.minimum(group[a], group[b])
        new = group.copy()
        np.minimum.at(new, a, lowest)
        np.minimum.at(new, b, lowest)
        if (new == group).all():
            break
        group = new
    linked = np.zeros(workers, bool)
    linked[a] = linked[b] = True
    found: Whole = np.full(workers, -1)
    found[linked] = np.unique(group[linked], return_inverse=True)[1]
    return found


def _products(group: Whole, value: Floats, groups: int) -> tuple[Floats, Floats]:
    """Sum of the products of all pairs within each group, and how many pairs."""
    total, square = np.bincount(group, value, groups), np.bincount(group, value**2, groups)
    many = np.bincount(group, minlength=groups)
    return (total**2 - square) / 2, many * (many - 1) / 2
