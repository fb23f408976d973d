"""Votes: who said what about which task, as integer columns with their names. The one input of every truth model.

Reads tables by duck typing (columns, rows, pandas, polars, pyarrow, anything that speaks the Arrow C stream) and
imports none of them, save pyarrow for a bare Arrow stream. Knows no model, no store and no file.
"""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from tawsim.core.errors import BadInput

COLUMNS = ("task", "worker", "label")


@dataclass(frozen=True, slots=True, eq=False)
class Votes:
    """N votes, sorted by task and then worker, at most one per (task, worker).

    `task` (N,) and `worker` (N,) int32, `label` (N,) int16 or int32 are positions in `tasks`, `workers`, `labels`.
    `repeated` counts the votes that a later vote of the same worker on the same task replaced.

    >>> votes = Votes.from_columns(["t1", "t1", "t2"], ["ann", "bob", "ann"], ["yes", "no", "yes"])
    >>> votes.labels, votes.label.tolist()
    (('no', 'yes'), [1, 0, 1])
    """

    task: NDArray[np.int32]
    worker: NDArray[np.int32]
    label: NDArray[np.integer[Any]]
    tasks: tuple[Any, ...]
    workers: tuple[Any, ...]
    labels: tuple[Any, ...]
    repeated: int = 0

    @classmethod
    def from_columns(
        cls,
        task: Any,
        worker: Any,
        label: Any,
        labels: Sequence[Any] | None = None,
        *,
        tasks: Sequence[Any] | None = None,
        strict: bool = False,
    ) -> Self:
        """Votes from three columns of equal length: lists, arrays or the columns of any table library.

        `labels` fixes the labels and their order (a tie goes to the first of them); without it they are the values
        seen, sorted. `tasks` does the same for tasks and may name some that nobody answered. A worker's later vote
        on the same task replaces the earlier one and is counted; with `strict` it is an error that names them.

        Raises `BadInput`: no vote, unequal lengths, an empty value (with its row, from 1), a value outside `labels` or
        `tasks`, a repeated vote under `strict`.
        """
        raw = {"task": listed(task), "worker": listed(worker), "label": listed(label)}
        lengths = {name: len(column) for name, column in raw.items()}
        if len(set(lengths.values())) > 1:
            raise BadInput(f"The columns differ in length: {lengths}.")
        if not lengths["task"]:
            raise BadInput("There are no votes.", "A table of votes has one row per answer: task, worker, label.")
        task_code, task_names = encode(raw["task"], "task", tasks)
        worker_code, worker_names = encode(raw["worker"], "worker", None)
        label_code, label_names = encode(raw["label"], "label", labels)
        order, repeated = one_vote_each(task_code, worker_code, len(worker_names))
        if repeated.size and strict:
            raise repeats([(worker_names[worker_code[i]], task_names[task_code[i]]) for i in repeated], repeated)
        small = np.int16 if len(label_names) < 2**15 else np.int32
        return cls(
            task=task_code[order],
            worker=worker_code[order],
            label=label_code[order].astype(small),
            tasks=task_names,
            workers=worker_names,
            labels=label_names,
            repeated=int(repeated.size),
        )

    @classmethod
    def from_table(cls, table: Any, labels: Sequence[Any] | None = None, **options: Any) -> Self:
        """Votes from any table with the columns task, worker and label; other columns are ignored.

        A table is: a mapping of columns; a list of mappings or of (task, worker, label) tuples; a NumPy structured
        array; a pandas, polars or pyarrow table; or an object with `__arrow_c_stream__`. `options` are those of
        `from_columns`. Raises `BadInput`, also for a missing column.
        """
        if isinstance(table, cls):
            return table
        task, worker, label = columns_of(table, COLUMNS)
        return cls.from_columns(task, worker, label, labels, **options)

    def __len__(self) -> int:
        return len(self.task)

    def per_task(self) -> NDArray[np.int64]:
        """Votes a task, (T,)."""
        return np.bincount(self.task, minlength=len(self.tasks))

    def counts(self) -> NDArray[np.int64]:
        """Votes for each label of each task, (T, K)."""
        shape = (len(self.tasks), len(self.labels))
        cell = self.task.astype(np.int64) * shape[1] + self.label
        return np.bincount(cell, minlength=shape[0] * shape[1]).reshape(shape)


def one_vote_each(
    task: NDArray[np.int32], worker: NDArray[np.int32], workers: int
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """The rows to keep, by task and worker, and the rows that a later one replaces.

    One canonical order makes every sum, and so every result, the same bit for bit whatever the order of the rows.
    """
    cell = task.astype(np.int64) * workers + worker
    order = np.argsort(cell, kind="stable")
    ordered = cell[order]
    replaced = np.zeros(len(order), bool)
    replaced[:-1] = ordered[1:] == ordered[:-1]
    return order[~replaced], np.sort(order[replaced])


def repeats(votes: list[tuple[Any, Any]], rows: NDArray[np.intp]) -> BadInput:
    """The error that names repeated votes, given as (worker, task), and their rows."""
    names = ", ".join(f"{worker!r} on {task!r}" for worker, task in votes[:5])
    return BadInput(
        f"{len(votes)} votes are repeated by a later one of the same worker on the same task: {names}.",
        "Keep one of each, or leave strict off to keep the last.",
        rows=[int(i) + 1 for i in rows[:100]],
    )


def is_null(value: Any) -> bool:
    """None, NaN, NaT, pandas' NA, or text of nothing but white space."""
    if isinstance(value, str):
        return not value.strip()
    return value is None or type(value).__name__ in ("NAType", "NaTType") or bool(value != value)


def encode(values: Any, column: str, order: Sequence[Any] | None) -> tuple[NDArray[np.int32], tuple[Any, ...]]:
    """Codes (N,) and the names they stand for: those of `order`, or the values seen, sorted."""
    if isinstance(values, np.ndarray):
        if values.dtype.kind in "iub" and order is None:
            names, codes = np.unique(values, return_inverse=True)
            return codes.reshape(-1).astype(np.int32), tuple(names.tolist())
        values = values.tolist()
    seen: dict[Hashable, int] = {}
    try:
        # The default is evaluated before the look-up, so that a new value gets the next number in one dictionary call.
        codes = np.fromiter((seen.setdefault(value, len(seen)) for value in values), np.int32, len(values))
    except TypeError as error:
        raise BadInput(f"The column “{column}” holds a value that is not a plain one: {error}.") from None
    nulls = {code for value, code in seen.items() if is_null(value)}
    if nulls:
        row = int(np.flatnonzero(np.isin(codes, list(nulls)))[0]) + 1
        raise BadInput(
            f"Row {row} has no {column}.", "Every vote needs a task, a worker and a label.", row=row, column=column
        )
    names_seen = _in_order(seen) if order is None else tuple(order)
    place = {name: i for i, name in enumerate(names_seen)}
    if len(place) < len(names_seen):
        raise BadInput(f"The list of {column}s names one of them twice.")
    unknown = [value for value in seen if value not in place]
    if unknown:
        row = int(np.flatnonzero(codes == seen[unknown[0]])[0]) + 1
        raise BadInput(
            f"Row {row}: {str(unknown[0])[:80]!r} is not a known {column}.",
            f"Known {column}s: " + ", ".join(str(name) for name in names_seen[:12]),
            row=row,
            column=column,
        )
    new_code = np.fromiter((place[value] for value in seen), np.int32, len(seen))
    return new_code[codes], names_seen


def _in_order(values: Iterable[Any]) -> tuple[Any, ...]:
    """Sorted; values of several types by the name of their type first, so that the order never depends on the rows."""
    values = list(values)
    if len({type(value) for value in values}) == 1:
        return tuple(sorted(values))
    return tuple(sorted(values, key=lambda value: (type(value).__name__, str(value))))


def listed(column: Any) -> Any:
    """A column of any library as a NumPy array of whole numbers, or else a list."""
    kind = getattr(getattr(column, "dtype", None), "kind", "")
    if kind in ("i", "u", "b") and isinstance(column.dtype, np.dtype):
        return np.asarray(column).reshape(-1)
    if isinstance(column, np.ndarray):
        return column.reshape(-1).tolist()
    if hasattr(column, "to_pylist"):  # pyarrow
        whole = str(column.type).lstrip("u").startswith("int") and column.null_count == 0
        return np.asarray(column.to_numpy()) if whole else column.to_pylist()
    if hasattr(column, "to_list"):  # pandas, polars
        return column.to_list()
    if isinstance(column, str | bytes):
        raise BadInput("A column is a list of values, not one text.")
    return list(column)


def columns_of(table: Any, names: Sequence[str]) -> list[Any]:
    """The columns `names` of `table`, each as its library holds it. Raises `BadInput` where one is missing."""
    found: Iterable[Any]
    if isinstance(table, np.ndarray) and table.dtype.names:
        found = table.dtype.names
    elif isinstance(table, Mapping):
        found = table.keys()
    elif hasattr(table, "column_names"):  # pyarrow
        found = table.column_names
    elif hasattr(table, "columns"):  # pandas, polars
        found = list(table.columns)
    elif hasattr(table, "__arrow_c_stream__"):
        return columns_of(_from_arrow(table), names)
    elif isinstance(table, Iterable) and not isinstance(table, str | bytes):
        return _from_rows(list(table), names)
    else:
        raise BadInput(f"A {type(table).__name__} is not a table of votes.", f"Columns {', '.join(names)} are needed.")
    found = list(found)
    missing = [name for name in names if name not in found]
    if missing:
        raise BadInput(
            f"The column “{missing[0]}” is missing.",
            f"Columns found: {', '.join(str(name) for name in found[:12]) or 'none'}; needed: {', '.join(names)}.",
            column=missing[0],
        )
    return [table[name] for name in names]


def _from_rows(rows: list[Any], names: Sequence[str]) -> list[Any]:
    """The columns `names` of a list of mappings, or of tuples in that order."""
    if not rows:
        raise BadInput("There are no votes.", f"A table of votes has one row per answer: {', '.join(names)}.")
    columns: list[list[Any]] = [[] for _ in names]
    for number, row in enumerate(rows, 1):
        if isinstance(row, Mapping):
            missing = [name for name in names if name not in row]
            if missing:
                raise BadInput(f"Row {number} has no {missing[0]}.", row=number, column=missing[0])
            values: Any = [row[name] for name in names]
        elif isinstance(row, Sequence | np.ndarray) and not isinstance(row, str | bytes) and len(row) == len(names):
            values = row
        else:
            raise BadInput(f"Row {number} is not a ({', '.join(names)}).", row=number)
        for column, value in zip(columns, values, strict=True):
            column.append(value)
    return columns


def _from_arrow(table: Any) -> Any:
    """An object of the Arrow PyCapsule interface as a pyarrow table."""
    try:
        import pyarrow
    except ImportError:  # pragma: no cover - pyarrow is part of the base install
        raise BadInput(
            "Reading an Arrow stream needs pyarrow.", "Install pyarrow, or hand over plain columns."
        ) from None
    return pyarrow.table(table)
