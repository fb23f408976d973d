"""Shares, means and medians with their 95 % intervals, where answers to one task depend on one another. Pure arrays.

A share of answers or of pairs of answers is a ratio of two sums over tasks. Its variance is that of the tasks (W. Cochran,
"Sampling Techniques", 1977, 6.4: linearised ratio), and its interval is Wilson's (JASA 22, 1927) with the number of
independent answers that would have this variance, so that it never leaves 0..1 and is not empty at its ends.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Z = 1.959964


@dataclass(frozen=True, slots=True, eq=False)
class Shares:
    """`value` with `low` and `high`, all of one shape, 0..1; NaN where the share is of nothing."""

    value: Floats
    low: Floats
    high: Floats


def wilson(share: Any, size: Any) -> Shares:
    """Wilson's interval of a `share` of `size` independent things; `size` need not be whole."""
    share, size = np.broadcast_arrays(np.asarray(share, float), np.asarray(size, float))
    with np.errstate(divide="ignore", invalid="ignore"):
        among = np.where(size > 0, size, np.nan)
        middle = (share + Z**2 / (2 * among)) / (1 + Z**2 / among)
        half = Z / (1 + Z**2 / among) * np.sqrt(np.maximum(share * (1 - share), 0) / among + Z**2 / (4 * among**2))
    known = np.where(np.isnan(among), np.nan, share)
    return Shares(
        known, np.minimum(np.clip(middle - half, 0, 1), known), np.maximum(np.clip(middle + half, 0, 1), known)
    )


def ratio_shares(top: Any, bottom: Any, squares: tuple[Any, Any, Any], tasks: Any) -> Shares:
    """The share Σ a / Σ b with 0 ≤ a ≤ b, from sums over tasks: `top` Σ a, `bottom` Σ b, `squares` Σ a², Σ a b, Σ b², and the
    number of `tasks` with b > 0; arrays of one shape."""
    top, bottom, tasks, aa, ab, bb = (
        np.asarray(one, float) for one in np.broadcast_arrays(top, bottom, tasks, *squares)
    )
    some = np.where(bottom > 0, bottom, np.nan)
    share = top / some
    spread = np.maximum(aa - 2 * share * ab + share**2 * bb, 0) / some**2 * tasks / np.maximum(tasks - 1, 1)
    # As many as the tasks weigh (Kish); at the ends, where nothing varies yet, that is all there is to know.
    kish = some**2 / np.where(bb > 0, bb, np.nan)
    varies = (share > 0) & (share < 1) & (spread > 0)
    size = np.where(varies, share * (1 - share) / np.where(spread > 0, spread, 1), kish)
    return wilson(share, np.clip(size, 0, some))


def mean_shares(values: NDArray[Any], group: NDArray[Any], groups: int) -> tuple[Shares, NDArray[np.int64]]:
    """The mean of `values` (N,), each 0..1 and of a task of its own, in each group, and how many there are."""
    many = np.bincount(group, minlength=groups)
    sums = np.bincount(group, values, groups)
    squares = np.bincount(group, values**2, groups)
    return ratio_shares(sums, many, (squares, sums, many), many), many


def median_interval(values: NDArray[Any]) -> tuple[float, float, float]:
    """The median with the order statistics that hold it with 95 % (binomial, by its normal approximation); NaN for none."""
    n = len(values)
    if not n:
        return float("nan"), float("nan"), float("nan")
    reach = Z * np.sqrt(n) / 2
    low, high = max(int(np.floor(n / 2 - reach)), 0), min(int(np.ceil(n / 2 + reach)), n - 1)
    ranks = sorted({low, high, (n - 1) // 2, n // 2})
    part = np.partition(np.asarray(values, float), ranks)
    return float((part[(n - 1) // 2] + part[n // 2]) / 2), float(part[low]), float(part[high])
