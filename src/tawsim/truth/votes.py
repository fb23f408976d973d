"""Votes: who said what about which task, as integer columns with their names. The one input of every truth model.

Reads tables by duck typing (columns, rows, pandas, polars, pyarrow, anything that speaks the Arrow C stream); columns.py
turns their columns into numbers. Knows no model, no store and no file.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from tawsim.core.errors import BadInput
from tawsim.truth.columns import encode, is_null, listed, read_column
from tawsim.truth.kernel.order import by_group
from tawsim.truth.lookalikes import lookalikes

__all__ = ["COLUMNS", "Votes", "columns_of", "encode", "is_null", "listed", "one_vote_each", "repeats"]

COLUMNS = ("task", "worker", "label")
# A table of confusions has a cell for each pair of labels. More than 16 bits can number are no choice but free text or a
# measurement; the largest catalogues that people choose from stay below (ImageNet-21k has 21,841 classes).
MOST_LABELS = 2**15


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
        seen, sorted (numbers in the form of text by number). `tasks` does the same for tasks and may name some that
        nobody answered. A worker's later vote on the same task replaces the earlier one and is counted; with `strict` it
        is an error that names them.

        Raises `BadInput`: no vote, unequal lengths, an empty value (with its row, from 1), a value outside `labels` or
        `tasks`, more distinct labels than `MOST_LABELS`, a repeated vote under `strict`.
        """
        raw = {"task": read_column(task), "worker": read_column(worker), "label": read_column(label)}
        lengths = {name: len(column) for name, column in raw.items()}
        if len(set(lengths.values())) > 1:
            raise BadInput(f"The columns differ in length: {lengths}.")
        if not lengths["task"]:
            raise BadInput("There are no votes.", "A table of votes has one row per answer: task, worker, label.")
        task_code, task_names = encode(raw["task"], "task", tasks)
        worker_code, worker_names = encode(raw["worker"], "worker", None)
        label_code, label_names = encode(raw["label"], "label", labels, MOST_LABELS)
        order, repeated = one_vote_each(task_code, worker_code, len(worker_names))
        if repeated.size and strict:
            raise repeats([(worker_names[worker_code[i]], task_names[task_code[i]]) for i in repeated], repeated)
        small = np.int16 if len(label_names) <= MOST_LABELS else np.int32
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

    def lookalikes(self) -> tuple[tuple[str, ...], ...]:
        """Groups of labels that read alike (lookalikes.py): different labels, unless you say otherwise."""
        return lookalikes(self.labels)

    def counts(self) -> NDArray[np.int64]:
        """Votes for each label of each task, (T, K)."""
        shape = (len(self.tasks), len(self.labels))
        cell = self.task.astype(np.int64)
        cell *= shape[1]
        cell += self.label
        return np.bincount(cell, minlength=shape[0] * shape[1]).reshape(shape)


def one_vote_each(
    task: NDArray[np.int32], worker: NDArray[np.int32], workers: int
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """The rows to keep, by task and worker, and the rows that a later one replaces.

    One canonical order makes every sum, and so every result, the same bit for bit whatever the order of the rows.
    """
    if _rise(task, worker):
        return np.arange(len(task)), np.zeros(0, np.intp)
    order = by_group(worker, workers)
    order = order[by_group(task[order], int(task.max(initial=-1)) + 1)].astype(np.intp, copy=False)
    task, worker = task[order], worker[order]
    replaced = np.zeros(len(order), bool)
    replaced[:-1] = (task[1:] == task[:-1]) & (worker[1:] == worker[:-1])
    return order[~replaced], np.sort(order[replaced])


def _rise(task: NDArray[np.int32], worker: NDArray[np.int32]) -> bool:
    """Are the votes in order already, with none repeated?"""
    same = task[1:] == task[:-1]
    return bool(((task[1:] > task[:-1]) | (same & (worker[1:] > worker[:-1]))).all())


def repeats(votes: list[tuple[Any, Any]], rows: NDArray[np.intp]) -> BadInput:
    """The error that names repeated votes, given as (worker, task), and their rows."""
    names = ", ".join(f"{worker!r} on {task!r}" for worker, task in votes[:5])
    return BadInput(
        f"{len(votes)} votes are repeated by a later one of the same worker on the same task: {names}.",
        "Keep one of each, or leave strict off to keep the last.",
        rows=[int(i) + 1 for i in rows[:100]],
    )


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
