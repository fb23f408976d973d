"""Answers of any form (a number, a text, a list of spans or boxes): who said what about which task, in one fixed order.

`Votes` is the same for labels, which are few and become numbers. What an answer means is each model's business.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from tawsim.core.errors import BadInput
from tawsim.truth.columns import read_column
from tawsim.truth.votes import COLUMNS, columns_of, encode, is_null, listed, one_vote_each, repeats


@dataclass(frozen=True, slots=True, eq=False)
class Answers:
    """N answers, sorted by task and then worker, at most one per (task, worker).

    `task` (N,) and `worker` (N,) int32 are positions in `tasks` and `workers`; `values` (N) are the answers as they were
    read. `repeated` counts the answers that a later one of the same worker to the same task replaced.

    >>> answers = Answers.from_columns(["t2", "t1", "t1"], ["ann", "bob", "ann"], [3.0, 2.0, 1.5])
    >>> answers.values, answers.task.tolist()
    ((1.5, 2.0, 3.0), [0, 0, 1])
    """

    task: NDArray[np.int32]
    worker: NDArray[np.int32]
    values: tuple[Any, ...]
    tasks: tuple[Any, ...]
    workers: tuple[Any, ...]
    repeated: int = 0

    @classmethod
    def from_columns(
        cls,
        task: Any,
        worker: Any,
        label: Any,
        *,
        read: Callable[[Any], Any] | None = None,
        tasks: Sequence[Any] | None = None,
        strict: bool = False,
    ) -> Self:
        """Answers from three columns of equal length, as `Votes.from_columns`.

        `read` turns a cell into an answer and raises `BadInput` or `ValueError` with what is wrong with it; the row is
        added here. Without `read`, cells are taken as they are. Raises `BadInput` as `Votes.from_columns` does.
        """
        raw = {"task": read_column(task), "worker": read_column(worker), "label": listed(label)}
        lengths = {name: len(column) for name, column in raw.items()}
        if len(set(lengths.values())) > 1:
            raise BadInput(f"The columns differ in length: {lengths}.")
        if not lengths["task"]:
            raise BadInput("There are no answers.", "A table of answers has one row each: task, worker, label.")
        values = _read_all(raw["label"], read)
        task_code, task_names = encode(raw["task"], "task", tasks)
        worker_code, worker_names = encode(raw["worker"], "worker", None)
        order, repeated = one_vote_each(task_code, worker_code, len(worker_names))
        if repeated.size and strict:
            raise repeats([(worker_names[worker_code[i]], task_names[task_code[i]]) for i in repeated], repeated)
        return cls(
            task=task_code[order],
            worker=worker_code[order],
            values=tuple(values[i] for i in order.tolist()),
            tasks=task_names,
            workers=worker_names,
            repeated=int(repeated.size),
        )

    @classmethod
    def from_table(cls, table: Any, **options: Any) -> Self:
        """Answers from any table with the columns task, worker and label (see `Votes.from_table`); `options` are those of
        `from_columns`."""
        if isinstance(table, cls):
            return table
        task, worker, label = columns_of(table, COLUMNS)
        return cls.from_columns(task, worker, label, **options)

    def __len__(self) -> int:
        return len(self.task)

    def per_task(self) -> NDArray[np.int64]:
        """Answers a task, (T,)."""
        return np.bincount(self.task, minlength=len(self.tasks))

    def starts(self) -> NDArray[np.int64]:
        """Where each task's answers begin, (T + 1,): task t has the answers starts[t] to starts[t + 1]."""
        return np.concatenate(([0], np.cumsum(self.per_task())))


def _read_all(cells: Any, read: Callable[[Any], Any] | None) -> list[Any]:
    values = cells.tolist() if isinstance(cells, np.ndarray) else list(cells)
    found = []
    for row, cell in enumerate(values, 1):
        if cell is None or (not isinstance(cell, str) and isinstance(cell, float) and is_null(cell)):
            raise BadInput(f"Row {row} has no label.", "Every answer needs a value.", row=row, column="label")
        try:
            found.append(cell if read is None else read(cell))
        except (BadInput, ValueError) as error:
            message = error.message if isinstance(error, BadInput) else f"{error}."
            raise BadInput(f"Row {row}: {message}", row=row, column="label") from None
    return found
