"""What models of numbers share: reading answers, and estimates with their intervals. No model lives here."""

from dataclasses import replace
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tawsim.core.errors import BadInput
from tawsim.truth.answers import Answers
from tawsim.truth.numeric.linear import Floats, Numbers
from tawsim.truth.numeric.reading import read_number
from tawsim.truth.state import Restorable


def read_numbers(answers: Any) -> tuple[Numbers, Answers]:
    """The answers as arrays, and with their names. Raises `BadInput` with the row of an answer that is not a number."""
    if isinstance(answers, Answers):
        table = answers
        value = np.array([_checked(i, one, table) for i, one in enumerate(table.values)])
    else:
        table = Answers.from_table(answers, read=read_number)
        value = np.array(table.values, float)
    tasks = len(table.tasks)
    return Numbers(table.task, table.worker, value, tasks, len(table.workers), np.full(tasks, np.nan)), table


def _checked(i: int, value: Any, table: Answers) -> float:
    """The number of answer i; `Answers` have lost their rows, so the error names worker and task."""
    try:
        return read_number(value)
    except BadInput as error:
        worker, task = table.workers[table.worker[i]], table.tasks[table.task[i]]
        raise BadInput(f"The answer of {worker!r} to {task!r}: {error.message}", error.hint, column="label") from None


def only(data: Numbers, kept: NDArray[np.bool_]) -> Numbers:
    """The answers that are `kept` (N,), of as many tasks and workers as before."""
    return replace(data, task=data.task[kept], worker=data.worker[kept], value=data.value[kept])


class NumericResult(Restorable):
    """Estimates of numbers: `tasks_` (T,), `workers_` (W,), `estimate_` (T,), `sd_` (T,), `repeated_`."""

    tasks_: tuple[Any, ...]
    workers_: tuple[Any, ...]
    estimate_: Floats
    sd_: Floats
    repeated_: int

    def predict(self) -> list[float | None]:
        """The estimate of every task in the order of `tasks_`, (T,); None where nobody answered."""
        self._check()
        return [None if np.isnan(value) else float(value) for value in self.estimate_]

    def interval(self, level: float = 0.95) -> tuple[Floats, Floats]:
        """The truth of each task lies in `low`..`high` (T,) with probability `level`, if the model holds; both are NaN
        where `sd_` is: nothing tells the noise."""
        self._check()
        if not 0 < level < 1:
            raise BadInput(f"A level lies between 0 and 1, not {level!r}.")
        reach = NormalDist().inv_cdf((1 + level) / 2) * self.sd_
        return self.estimate_ - reach, self.estimate_ + reach

    def _keep(self, table: Answers, estimate: Floats, sd: Floats) -> None:
        self.tasks_, self.workers_, self.repeated_ = table.tasks, table.workers, table.repeated
        self.estimate_, self.sd_ = estimate, sd

    def _check(self) -> None:
        if not hasattr(self, "estimate_"):
            raise BadInput(f"This {type(self).__name__} has not seen any answers.", "Call fit(answers) first.")
