"""A column of a large table as codes and names: how files reach the models without a Python object for each answer.

Ten million answers are 40 MB a column here, and the names. Knows no file and no model.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tawsim.core.errors import BadInput
from tawsim.truth.votes import Votes, listed, one_vote_each, repeats


@dataclass(frozen=True, slots=True, eq=False)
class Coded:
    """N cells: `codes` (N,) int32 are positions in `names`, which are in the order of their first appearance."""

    codes: NDArray[np.int32]
    names: Sequence[Any]

    def __len__(self) -> int:
        return len(self.codes)

    def cells(self) -> list[Any]:
        """All cells as a list; equal cells are one object."""
        names = np.empty(len(self.names), dtype=object)
        names[:] = self.names
        found: list[Any] = names[self.codes].tolist()
        return found

    def row_of(self, code: int) -> int:
        """The row (from 1) where a name stands first."""
        return int(np.argmax(self.codes == code)) + 1


def coded(column: Any) -> Coded:
    """A column of any library as `Coded`. Cells that are lists or objects are not merged. Raises `BadInput`."""
    if isinstance(column, Coded):
        return column
    cells = listed(column)
    if isinstance(cells, np.ndarray):
        names, codes = np.unique(cells, return_inverse=True)
        return Coded(codes.reshape(-1).astype(np.int32), names.tolist())
    place: dict[Any, int] = {}
    try:
        # By type as well: True and 1 are equal in Python, and two answers.
        numbers = np.fromiter((place.setdefault((type(c), c), len(place)) for c in cells), np.int32, len(cells))
    except TypeError:
        return Coded(np.arange(len(cells), dtype=np.int32), cells)
    return Coded(numbers, [name for _, name in place])


def votes_of(task: Coded, worker: Coded, label: Coded, *, strict: bool = False) -> Votes:
    """The same `Votes` as `Votes.from_columns` makes of the cells. Raises `BadInput` for no votes, and under `strict`."""
    if not len(task):
        raise BadInput("There are no votes.", "A table of votes has one row per answer: task, worker, label.")
    tasks, t = _sorted(task)
    workers, w = _sorted(worker)
    labels, k = _sorted(label)
    order, repeated = one_vote_each(t, w, len(workers))
    if repeated.size and strict:
        raise repeats([(workers[w[i]], tasks[t[i]]) for i in repeated[:100].tolist()], repeated)
    small = np.int16 if len(labels) < 2**15 else np.int32
    return Votes(t[order], w[order], k[order].astype(small), tasks, workers, labels, int(repeated.size))


def _sorted(column: Coded) -> tuple[tuple[Any, ...], NDArray[np.int32]]:
    """Names in order (of several types: by type, then as text, as `Votes` has them), and the codes that fit."""
    names = list(column.names)
    if len({type(name) for name in names}) == 1:
        order = sorted(range(len(names)), key=names.__getitem__)
    else:
        order = sorted(range(len(names)), key=lambda i: (type(names[i]).__name__, str(names[i])))
    place = np.empty(len(names), np.int32)
    place[order] = np.arange(len(names), dtype=np.int32)
    return tuple(names[i] for i in order), place[column.codes]
