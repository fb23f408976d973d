"""A table of answers of any kind as coded columns, and what is refused before anybody asks what the answers mean."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tawsim.core.errors import BadInput
from tawsim.truth.cells import Coded, coded, row_of, same_length
from tawsim.truth.numeric.reading import read_number
from tawsim.truth.votes import columns_of, is_null, one_vote_each, repeats

OPTIONAL = ("left", "right", "shown", "confidence")
Floats = NDArray[np.float64]


def read_table(table: Any) -> dict[str, Coded]:
    """The columns of any table, coded: task, worker, label, and those of `OPTIONAL` that there are. Raises `BadInput`."""
    if isinstance(table, Mapping) and table and all(isinstance(column, Coded) for column in table.values()):
        given = dict(table)
    elif isinstance(table, list) and table and not isinstance(table[0], Mapping):
        wide = ("task", "worker", "left", "right", "label") if len(table[0]) == 5 else ("task", "worker", "label")
        given = dict(zip(wide, map(coded, columns_of(table, wide)), strict=True))
    else:
        names = ["task", "worker", "label", *(name for name in OPTIONAL if _has(table, name))]
        given = dict(zip(names, map(coded, columns_of(table, names)), strict=True))
    same_length(given)
    return given


def take_confidence(columns: dict[str, Coded]) -> tuple[dict[str, Coded], Floats | None]:
    """The other columns, and the confidence in the order of the rows, (N,): 0..1, NaN where there is none; None without
    such a column, or where all of it is empty. Raises `BadInput` with the row for what is no number from 0 to 1."""
    column = columns.pop("confidence", None)
    if column is None:
        return columns, None
    found = np.full(len(column.names), np.nan)
    for code, cell in enumerate(column.names):
        if is_null(cell) or (isinstance(cell, str) and cell.strip().casefold() == "nan"):
            continue
        try:
            value = read_number(cell)
        except BadInput:
            value = float("nan")
        if not 0 <= value <= 1:
            row = row_of(column, code)
            raise BadInput(
                f"Row {row}: the confidence is {str(cell)[:60]!r}, which is no number from 0 to 1.",
                "Write a probability such as 0.9, or leave the cell empty where there is none.",
                row=row,
                column="confidence",
            )
        found[code] = value
    return columns, found[column.codes] if np.isfinite(found).any() else None


def _has(table: Any, name: str) -> bool:
    if isinstance(table, list):
        return bool(table) and isinstance(table[0], Mapping) and name in table[0]
    found: Any = getattr(table, "column_names", None)
    if found is None:
        found = table.keys() if isinstance(table, Mapping) else getattr(table, "columns", ())
    return name in list(found)


def check_columns(columns: Mapping[str, Coded], kind: str, needed: Sequence[str]) -> None:
    """Raises `BadInput` if one of the columns that the kind needs is missing."""
    missing = [name for name in needed if name not in columns]
    if missing:
        raise BadInput(
            f"Answers of the kind {kind} need the column “{missing[0]}”.", f"Needed: {', '.join(needed)}.",
            column=missing[0],
        )  # fmt: skip


def refuse_empty(columns: Mapping[str, Coded], kind: str) -> None:
    """Only a text may be empty: nothing was said there."""
    for name, column in columns.items():
        if (name == "label" and kind == "text") or name in ("shown", "confidence"):
            continue
        for code, value in enumerate(column.names):
            if not isinstance(value, list | dict | tuple | set | np.ndarray) and is_null(value):
                row = row_of(column, code)
                hint = "Every answer needs a task, a worker and a label."
                raise BadInput(f"Row {row} has no {name}.", hint, row=row, column=name)


def refuse_mixed_pairs(columns: Mapping[str, Coded]) -> None:
    """Raises `BadInput` if rows of one task compare different pairs of items: one answer a task could not say which."""
    item: dict[Any, int] = {}
    sides = [
        np.array([item.setdefault(str(name), len(item)) for name in columns[side].names])[columns[side].codes]
        for side in ("left", "right")
    ]
    pair = np.minimum(*sides).astype(np.int64) * len(item) + np.maximum(*sides)
    task = columns["task"]
    _, first = np.unique(task.codes, return_index=True)
    at_first = np.zeros(len(task.names), np.int64)
    at_first[task.codes[first]] = first
    other = np.flatnonzero(pair != pair[at_first[task.codes]])
    if not len(other):
        return
    row = int(other[0])
    before = int(at_first[task.codes[row]])
    raise BadInput(
        f"Row {row + 1}: the task {str(task.names[task.codes[row]])[:80]!r} compares “{_side(columns, 'left', row)}” and "
        f"“{_side(columns, 'right', row)}”, but “{_side(columns, 'left', before)}” and "
        f"“{_side(columns, 'right', before)}” in row {before + 1}.",
        "A task is one question, about one pair: give each pair a task of its own.",
        row=row + 1,
        column="task",
    )


def _side(columns: Mapping[str, Coded], side: str, row: int) -> str:
    return str(columns[side].names[columns[side].codes[row]])[:60]


def refuse_repeats(columns: Mapping[str, Coded]) -> None:
    """Raises `BadInput` that names them, if a worker answered a task (of comparisons: a question) twice."""
    task, worker = columns["task"], columns["worker"]
    about = task.codes
    if "left" in columns and "right" in columns:
        sides = columns["left"].codes.astype(np.int64) * len(columns["right"].names) + columns["right"].codes
        _, which = np.unique(np.stack([task.codes.astype(np.int64), sides]), axis=1, return_inverse=True)
        about = which.reshape(-1).astype(np.int32)
    _, repeated = one_vote_each(about, worker.codes, len(worker.names))
    if repeated.size:
        named = repeated[:100].tolist()
        votes = [(worker.names[worker.codes[i]], task.names[task.codes[i]]) for i in named]
        error = repeats(votes, repeated)
        many = int(repeated.size)
        raise BadInput(
            error.message.replace(f"{len(votes)} votes are", f"{many:,} answers are" if many > 1 else "1 answer is", 1),
            error.hint, **error.details,
        )  # fmt: skip
