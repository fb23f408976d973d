"""Comparisons: who preferred which of two items, as integer columns with their names. The input of `BradleyTerry`.

Reads what `Votes` reads. Knows no model.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from tawsim.core.errors import BadInput
from tawsim.truth.votes import columns_of, encode, is_null, listed, repeats

COLUMNS = ("worker", "left", "right", "label")
# What a label says: in units of the left item's win.
LEFT, TIE, RIGHT = 1, 0, -1
WORDS = {"left": LEFT, "right": RIGHT, "tie": TIE}
MISSING = -9


@dataclass(frozen=True, slots=True, eq=False)
class Comparisons:
    """N comparisons in one fixed order: by task, worker, left, right, outcome.

    `task`, `worker`, `left`, `right` (N,) int32 are positions in `tasks`, `workers` and (both sides) `items`; `outcome`
    (N,) int8 is 1 where the left item was preferred, -1 for the right one, 0 for a tie. Without a column of tasks the
    tasks are the pairs, as tuples. `repeated` counts answers that a later one of the same worker to the same question
    (the task, with the same items on the same sides) replaced; without tasks nobody can tell a repeat from a second
    question about the same pair, so every row counts.

    >>> asked = Comparisons.from_columns(["ann", "bob"], ["x", "x"], ["y", "z"], ["y", "tie"])
    >>> asked.items, asked.outcome.tolist(), asked.tasks
    (('x', 'y', 'z'), [-1, 0], (('x', 'y'), ('x', 'z')))
    """

    task: NDArray[np.int32]
    worker: NDArray[np.int32]
    left: NDArray[np.int32]
    right: NDArray[np.int32]
    outcome: NDArray[np.int8]
    tasks: tuple[Any, ...]
    workers: tuple[Any, ...]
    items: tuple[Any, ...]
    repeated: int = 0

    @classmethod
    def from_columns(
        cls, worker: Any, left: Any, right: Any, label: Any, *, task: Any = None, strict: bool = False
    ) -> Self:
        """Comparisons from columns of equal length. `label` is the preferred item, or "left", "right" or "tie".

        An item that is itself called "left", "right" or "tie" goes before the word. Raises `BadInput`, with the row
        from 1: nothing at all, unequal lengths, an empty value, an item against itself, a label that is neither item,
        a repeated answer under `strict`.
        """
        raw = {"worker": listed(worker), "left": listed(left), "right": listed(right), "label": listed(label)}
        if task is not None:
            raw["task"] = listed(task)
        lengths = {name: len(column) for name, column in raw.items()}
        if len(set(lengths.values())) > 1:
            raise BadInput(f"The columns differ in length: {lengths}.")
        if not lengths["worker"]:
            raise BadInput("There are no comparisons.", f"One row per answer is needed: {', '.join(COLUMNS)}.")
        first, second, items = _items(raw["left"], raw["right"])
        outcome = _outcomes(raw["label"], first, second, items)
        who, workers = encode(raw["worker"], "worker", None)
        given = task is not None
        about, tasks = encode(raw["task"], "task", None) if given else _pairs(first, second, items)
        order = np.lexsort((outcome, second, first, who, about))
        repeated = 0
        if given:
            kept, replaced = _last_of_each(about, who, first, second)
            if replaced.size and strict:
                raise repeats([(workers[who[i]], tasks[about[i]]) for i in replaced], replaced)
            order, repeated = order[kept[order]], int(replaced.size)
        return cls(
            task=about[order],
            worker=who[order],
            left=first[order],
            right=second[order],
            outcome=outcome[order],
            tasks=tasks,
            workers=workers,
            items=items,
            repeated=repeated,
        )

    @classmethod
    def from_table(cls, table: Any, **options: Any) -> Self:
        """Comparisons from any table with the columns worker, left, right, label and, if there is one, task.

        A list of tuples is (worker, left, right, label) or (task, worker, left, right, label). `options` are those of
        `from_columns`. Raises `BadInput`, also for a missing column.
        """
        if isinstance(table, cls):
            return table
        if not isinstance(table, np.ndarray | str | bytes) and isinstance(table, Sequence):
            table = list(table)
        names = ("task", *COLUMNS) if _has_task(table) else COLUMNS
        columns = dict(zip(names, columns_of(table, names), strict=True))
        return cls.from_columns(**columns, **options)

    def __len__(self) -> int:
        return len(self.worker)


def _has_task(table: Any) -> bool:
    """Whether a table has a column of tasks."""
    if isinstance(table, list) and table:
        return "task" in table[0] if hasattr(table[0], "keys") else hasattr(table[0], "__len__") and len(table[0]) == 5
    if isinstance(table, np.ndarray):
        return "task" in (table.dtype.names or ())
    for names in ("column_names", "columns", "keys"):
        found = getattr(table, names, None)
        if found is not None:
            return "task" in list(found() if callable(found) else found)
    return False


def _items(left: Any, right: Any) -> tuple[NDArray[np.int32], NDArray[np.int32], tuple[Any, ...]]:
    """Codes of both sides in one list of items."""
    both = np.concatenate([left, right]) if _whole(left, right) else [*left, *right]
    try:
        code, items = encode(both, "item", None)
    except BadInput:
        for name, column in (("left", left), ("right", right)):  # again, for the row and the side
            encode(column, name, None)
        raise
    first, second = code[: len(left)], code[len(left) :]
    same = np.flatnonzero(first == second)
    if same.size:
        row = int(same[0]) + 1
        raise BadInput(
            f"Row {row} compares {str(items[first[same[0]]])[:80]!r} with itself.",
            "left and right are two items.",
            row=row,
            column="right",
        )
    return first, second, items


def _whole(left: Any, right: Any) -> bool:
    return isinstance(left, np.ndarray) and isinstance(right, np.ndarray)


def _outcomes(
    label: Any, left: NDArray[np.int32], right: NDArray[np.int32], items: tuple[Any, ...]
) -> NDArray[np.int8]:
    """1, 0 or -1 for each label."""
    values = label.tolist() if isinstance(label, np.ndarray) else label
    place: dict[Any, int] = {item: code for code, item in enumerate(items)}
    words = {word: -2 - k for k, word in enumerate(WORDS) if word not in place}
    place.update(words)
    try:
        said = np.fromiter((place.get(value, MISSING) for value in values), np.int64, len(values))
    except TypeError as error:
        raise BadInput(f"The column “label” holds a value that is not a plain one: {error}.") from None
    outcome = np.full(len(said), MISSING, np.int8)
    outcome[said == left] = LEFT
    outcome[said == right] = RIGHT
    for word, code in words.items():
        outcome[said == code] = WORDS[word]
    wrong = np.flatnonzero(outcome == MISSING)
    if wrong.size:
        i = int(wrong[0])
        sides = f"{str(items[left[i]])[:40]!r} nor {str(items[right[i]])[:40]!r}"
        if is_null(values[i]):
            raise BadInput(f"Row {i + 1} has no label.", "Every comparison needs one.", row=i + 1, column="label")
        raise BadInput(
            f"Row {i + 1}: the label {str(values[i])[:80]!r} is neither {sides}.",
            "The label is the preferred item, or left, right or tie.",
            row=i + 1,
            column="label",
        )
    return outcome


def _pairs(
    left: NDArray[np.int32], right: NDArray[np.int32], items: tuple[Any, ...]
) -> tuple[NDArray[np.int32], tuple[Any, ...]]:
    """The pairs themselves as tasks, whichever item stood left."""
    low, high = np.minimum(left, right).astype(np.int64), np.maximum(left, right)
    cells, code = np.unique(low * len(items) + high, return_inverse=True)
    names = tuple((items[c // len(items)], items[c % len(items)]) for c in cells.tolist())
    return code.reshape(-1).astype(np.int32), names


def _last_of_each(*columns: NDArray[np.int32]) -> tuple[NDArray[np.bool_], NDArray[np.intp]]:
    """Which rows to keep (N,), and the rows that a later equal one replaces, in order."""
    order = np.lexsort(columns[::-1])
    same = np.ones(max(len(order) - 1, 0), bool)
    for column in columns:
        ordered = column[order]
        same &= ordered[1:] == ordered[:-1]
    kept = np.ones(len(order), bool)
    kept[order[:-1][same]] = False
    return kept, np.flatnonzero(~kept)
