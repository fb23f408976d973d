"""Where each group begins and who is in it: a stable counting sort, compiled where that is possible."""

import numpy as np
from numpy.typing import NDArray

from tawsim.truth.kernel.library import LARGEST, address, library


def starts(group: NDArray[np.integer], groups: int) -> NDArray[np.int64]:
    """Where each group begins once its members lie together, (groups + 1,)."""
    return np.concatenate(([0], np.cumsum(np.bincount(group, minlength=groups)))).astype(np.int64, copy=False)


def by_group(group: NDArray[np.integer], groups: int) -> NDArray[np.integer]:
    """The members by group, in their own order within each, (n,). `group` (n,) lies in 0..groups - 1.

    In time n + groups: sorting by a fast and then by a slow key puts two keys in order.

    >>> by_group(np.array([1, 0, 1, 0]), 2).tolist()
    [1, 3, 0, 2]
    """
    compiled = library()
    if compiled is None or len(group) > LARGEST or groups > max(4 * len(group), 1024):
        return np.argsort(group, kind="stable")
    narrow = np.ascontiguousarray(group, np.int32)
    if len(narrow) and (int(narrow.min()) < 0 or int(narrow.max()) >= groups):
        raise ValueError("a group lies outside the range")
    begin, next_place = np.empty(groups + 1, np.int64), np.empty(groups, np.int64)
    order = np.empty(len(narrow), np.int32)
    compiled.tawsim_order(address(narrow), len(narrow), groups, address(begin), address(next_place), address(order))
    return order
