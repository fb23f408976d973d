"""Bootstrap over tasks in bounded memory and time: how often each task is drawn, or what sums over them then are.

Drawing n of n tasks with replacement is drawing the multiplicity of each distinct kind of task. Where there are few kinds
that is done, in blocks. Where there are many, only what alpha needs is drawn: its two sums, which are then normal.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
# More kinds of tasks than this, and so at least as many tasks, and their sums are normal: the skewness of a mean of 500
# moves an end of the interval by less than the noise of a thousand replicates does.
MOST_KINDS = 500
# Numbers drawn at once, 8 bytes each.
AT_ONCE = 500_000


def blocks_of_draws(times: NDArray[np.int64], replicates: int, random: np.random.Generator) -> Iterator[Floats]:
    """Multiplicities (B, P) of P kinds of tasks, of which `times` (P,) are there: the kinds themselves first, as a block of
    one row, then `replicates` draws in blocks."""
    yield times[None].astype(float)
    many = int(times.sum())
    at_once = max(1, AT_ONCE // len(times))
    for start in range(0, replicates, at_once):
        size = min(at_once, replicates - start)
        yield random.multinomial(many, times / many, size=size).astype(float)


def normal_ratios(
    pieces: Floats, times: NDArray[np.int64], top: float, bottom: float, replicates: int, random: np.random.Generator
) -> Floats:
    """1 - top / bottom, (1 + replicates,): as it is, then with tasks drawn anew. NaN where the bottom is not positive.

    `pieces` (P, 2): what one more task of each kind adds to either (the derivative, where it is no sum); drawn tasks are
    as many as before, so only the differences of pieces count.
    """
    many = float(times.sum())
    apart = pieces - times @ pieces / many
    covariance = (apart * times[:, None]).T @ apart
    # A root by hand: two numbers that may be equal up to rounding have none by Cholesky.
    first = float(np.sqrt(covariance[0, 0]))
    slope = float(covariance[0, 1]) / first if first > 0 else 0.0
    rest = float(np.sqrt(max(float(covariance[1, 1]) - slope**2, 0.0)))
    normal = random.standard_normal((replicates, 2))
    above = np.append(top, top + first * normal[:, 0])
    below = np.append(bottom, bottom + slope * normal[:, 0] + rest * normal[:, 1])
    ratio: Floats = np.divide(above, below, out=np.full(replicates + 1, np.nan), where=below > 0)
    return 1.0 - ratio


def distinct_rows(counts: NDArray[Any]) -> tuple[Floats, NDArray[np.int64]]:
    """The distinct rows of `counts` (P, K) and how often each occurs (P,).

    Rows are told apart by a 64-bit mix, which sorts ten times as fast as rows do; a collision is looked for and, should
    there ever be one, the slow way is taken.
    """
    pattern, where = distinct_rows_and_places(counts)
    return pattern, np.bincount(where, minlength=len(pattern))


def distinct_rows_and_places(counts: NDArray[Any]) -> tuple[Floats, NDArray[np.int64]]:
    """The distinct rows of `counts` (P, K), and which of them each row is (T,)."""
    mix = np.random.default_rng(1).integers(-(2**62), 2**62, size=(counts.shape[1],)) * 2 + 1
    key = np.zeros(len(counts), np.int64)
    for label in range(counts.shape[1]):  # column by column: no second table
        key += counts[:, label].astype(np.int64, copy=False) * mix[label]
    _, first, where = np.unique(key, return_index=True, return_inverse=True)
    where = where.reshape(-1)
    if any(not np.array_equal(column[first][where], column) for column in counts.T):  # pragma: no cover - one in 10^9
        rows, where = np.unique(counts, axis=0, return_inverse=True)
        return rows.astype(float), where.reshape(-1)
    return counts[first].astype(float), where
