"""Who agrees with whom: Cohen's kappa of the pairs of people who share the most tasks, all at once. Pure arrays."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tawsim.truth.agreement.shares import Z, wilson

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
# Cells of the tables of two people, 8 bytes each.
MOST_CELLS = 4_000_000


@dataclass(frozen=True, slots=True, eq=False)
class PeoplePairs:
    """Pairs of people, the most shared tasks first: `first` and `second` (Q,), `shared` (Q,) tasks; the share of them with the
    same label `same`, and Cohen's `kappa`, NaN where it is undefined; each with its 95 % interval."""

    first: Ints
    second: Ints
    shared: Ints
    same: Floats
    same_low: Floats
    same_high: Floats
    kappa: Floats
    low: Floats
    high: Floats


def people_pairs(
    task: NDArray[Any],
    worker: NDArray[Any],
    label: NDArray[Any],
    workers: int,
    labels: int,
    *,
    most: int,
    least: int = 1,
) -> PeoplePairs:
    """The `most` pairs that share the most tasks, `least` at least. Answers are sorted by task.

    Interval of kappa: the variance of J. Fleiss, J. Cohen and B. Everitt, "Large sample standard errors of kappa and weighted
    kappa", Psychological Bulletin 72 (1969). Where it is zero, as of two people who agree on all of five tasks, and the doubt is
    not: Wilson's interval of the share, at the same agreement by chance.
    """
    shared = np.zeros(workers * workers, np.int64)
    for first, second in _steps(task):
        shared += np.bincount(_pair(worker, first, second, workers), minlength=workers * workers)
    order = np.argsort(-shared, kind="stable")[: min(most, max(MOST_CELLS // labels**2, 1))]
    order = order[shared[order] >= max(least, 1)]
    place = np.full(workers * workers, -1, np.int64)
    place[order] = np.arange(len(order))
    table = np.zeros(len(order) * labels * labels)
    for first, second in _steps(task):
        own = place[_pair(worker, first, second, workers)]
        turned = worker[first] > worker[second]
        a, b = np.where(turned, label[second], label[first]), np.where(turned, label[first], label[second])
        cell = (own * labels + a) * labels + b
        table += np.bincount(cell[own >= 0], minlength=len(table))
    return _kappas(order // workers, order % workers, shared[order], table.reshape(-1, labels, labels))


def _kappas(first: Ints, second: Ints, shared: Ints, table: Floats) -> PeoplePairs:
    """Kappa with its interval from the tables (Q, K, K) of pairs."""
    n = np.maximum(shared, 1).astype(float)
    p = table / n[:, None, None]
    rows, columns = p.sum(axis=2), p.sum(axis=1)
    on = np.einsum("qkk->qk", p)
    same = on.sum(axis=1)
    chance = (rows * columns).sum(axis=1)
    known = 1 - chance > 1e-9
    full = np.where(known, 1 - chance, 1.0)
    kappa = (same - chance) / full
    wrong = (1 - kappa)[:, None]
    a = (on * (1 - (rows + columns) * wrong) ** 2).sum(axis=1)
    off = p.copy()
    here = np.arange(p.shape[1])
    off[:, here, here] = 0.0
    b = wrong[:, 0] ** 2 * (off * (columns[:, :, None] + rows[:, None, :]) ** 2).sum(axis=(1, 2))
    c = (kappa - chance * wrong[:, 0]) ** 2
    half = Z * np.sqrt(np.maximum(a + b - c, 0) / n) / full
    share = wilson(same, n)
    flat = half < 1e-9
    low = np.maximum(np.where(flat, (share.low - chance) / full, kappa - half), -1.0)
    high = np.minimum(np.where(flat, (share.high - chance) / full, kappa + half), 1.0)
    nothing = np.full(len(n), np.nan)
    return PeoplePairs(
        first, second, shared, share.value, share.low, share.high, np.where(known, kappa, nothing),
        np.where(known, low, nothing), np.where(known, high, nothing),
    )  # fmt: skip


def _pair(worker: NDArray[Any], first: Ints, second: Ints, workers: int) -> Ints:
    a, b = worker[first].astype(np.int64), worker[second].astype(np.int64)
    return np.minimum(a, b) * workers + np.maximum(a, b)


def _steps(task: NDArray[Any]) -> Any:
    """Pairs of places in `task` (sorted) that are of one task, each once: neighbours, then those two apart, and so on."""
    step = 1
    while step < len(task):
        first = np.flatnonzero(task[step:] == task[:-step])
        if not len(first):
            return
        yield first, first + step
        step += 1
