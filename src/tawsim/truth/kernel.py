"""The hot loop of every truth model: sums of table rows by group. One class, so that a faster kernel can take its
place.

`GroupedSum(group, row, groups, rows)` is the sparse 0/1 matrix A (groups × rows) with A[group[i], row[i]] += 1, and
calling it with a dense table (rows, K) gives A @ table. A compressed sparse row matrix from another library is a
drop-in; here it is NumPy alone. Knows nothing of votes.

How: members of the groups are laid out by rank (all first members, then all second ones, …) with the largest groups
first, so that rank r touches the leading m_r groups and one step is `sums[:m_r] += table[row[r]]`: a gather of whole
rows and a contiguous addition, which NumPy does at memory speed. bincount needs K passes over all members, each with
its own gather; measured side by side at 10⁶ votes × 10 classes it costs more than twice as much.
"""

import numpy as np
from numpy.typing import NDArray

# A step costs a few microseconds of Python, so a group is never walked in more steps than this: larger groups are cut
# into pieces whose sums are summed in turn.
LONGEST = 256


class GroupedSum:
    """`A @ table` for a fixed 0/1 matrix A with rows `groups` and columns `rows`. Deterministic, float64.

    >>> total = GroupedSum(np.array([0, 0, 1]), np.array([2, 0, 1]), groups=2)
    >>> total(np.array([[1.0], [10.0], [100.0]])).ravel().tolist()
    [101.0, 10.0]
    """

    def __init__(self, group: NDArray[np.integer], row: NDArray[np.integer], groups: int) -> None:
        size = np.bincount(group, minlength=groups)
        order = np.argsort(group, kind="stable")
        group, row = group[order], row[order]
        rank = np.arange(len(group)) - np.repeat(np.cumsum(size) - size, size)
        self._groups = groups
        self._pieces: GroupedSum | None = None
        if size.max(initial=0) > LONGEST:
            parts = np.maximum(1, -(-size // LONGEST))
            piece = (np.cumsum(parts) - parts)[group] + rank // LONGEST
            total = int(parts.sum())
            self._pieces = GroupedSum(piece, row, total)
            self._of_pieces = GroupedSum(np.repeat(np.arange(groups), parts), np.arange(total), groups)
            return
        largest_first = np.argsort(-size, kind="stable")
        place = np.empty(groups, np.int64)
        place[largest_first] = np.arange(groups)
        layout = np.argsort(rank * groups + place[group], kind="stable")
        self._row = row[layout].astype(np.intp)
        self._ends = np.cumsum(np.bincount(rank, minlength=1)) if len(rank) else np.zeros(0, np.int64)
        already = bool((largest_first[1:] > largest_first[:-1]).all())
        self._largest_first = None if already else largest_first

    def __call__(self, table: NDArray[np.float64]) -> NDArray[np.float64]:
        """Sums (groups, K) of the rows of `table` (rows, K); a group without members sums to zero."""
        if self._pieces is not None:
            return self._of_pieces(self._pieces(table))
        sums = np.zeros((self._groups, table.shape[1]))
        start = 0
        widest = int(self._ends[0]) if len(self._ends) else 0
        gathered = np.empty((widest, table.shape[1]))
        for end in self._ends.tolist():
            many = end - start
            # mode="clip" lets take() write into `out` directly; the rows were checked when the layout was made.
            np.take(table, self._row[start:end], axis=0, out=gathered[:many], mode="clip")
            sums[:many] += gathered[:many]
            start = end
        if self._largest_first is None:
            return sums
        in_place = np.empty_like(sums)
        in_place[self._largest_first] = sums
        return in_place
