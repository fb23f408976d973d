"""Mean and median of each task's answers, with intervals: what every other model of numbers must beat."""

from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from tawsim.truth.answers import Answers
from tawsim.truth.numeric.linear import Floats, Numbers, medians
from tawsim.truth.numeric.result import NumericResult, read_numbers

# A task's own spread counts as much as its answers, and the crowd's as much as this many more: two answers that happen
# to be equal are not certain.
IMAGINED = 4.0


class Mean(NumericResult):
    """The mean of a task's answers. Every worker alike, no outliers: the best there is where that holds.

    `sd_` is the standard error: the root of v / n, v the variance around the mean, in which the task's own answers are
    pooled with the crowd's variance worth `IMAGINED` answers. Where no task has two answers nothing tells the noise;
    half of the variance of all answers is then taken to be noise.
    Cost: one pass over the answers.

    Learned: `tasks_` (T,), `workers_` (W,), `estimate_` and `sd_` (T,) in the unit of the answers, NaN where nobody
    answered; `repeated_`.

    >>> model = Mean().fit([("t", "ann", 2), ("t", "bob", 4), ("u", "ann", "٥")])
    >>> model.predict()
    [3.0, 5.0]
    """

    def fit(self, answers: Any) -> Self:
        """Learn from `answers` (`Answers`, or a table with task, worker and label as numbers)."""
        data, table = read_numbers(answers)
        self._learn(data, table)
        return self

    def _learn(self, data: Numbers, table: Answers) -> None:
        count = data.per_task()
        middle = self._middle(data)
        self._keep(table, np.where(count > 0, middle, np.nan), self._error(data, middle, count))

    def _middle(self, data: Numbers) -> Floats:
        return mean_of(data)

    def _error(self, data: Numbers, middle: Floats, count: Floats) -> Floats:
        squares = data.per_task((data.value - middle[data.task]) ** 2)
        variance = pooled_variance(data, squares, count)
        return np.where(count > 0, np.sqrt(variance / np.maximum(count, 1)), np.nan)


class Median(Mean):
    """The median of a task's answers: the mean of the two in the middle where their number is even. Robust to fewer
    than half outliers.

    `sd_` is that of `Mean` times √(π/2), what the median loses where noise is normal. Else as `Mean`.

    >>> Median().fit([("t", "ann", 2), ("t", "bob", 4), ("t", "max", 1000)]).predict()
    [4.0]
    """

    def _middle(self, data: Numbers) -> Floats:
        return medians(data)

    def _error(self, data: Numbers, middle: Floats, count: Floats) -> Floats:
        return super()._error(data, middle, count) * float(np.sqrt(np.pi / 2))


def mean_of(data: Numbers) -> Floats:
    """Mean of each task's answers, (T,); 0 for a task without any."""
    return data.per_task(data.value) / np.maximum(data.per_task(), 1)


def pooled_variance(data: Numbers, squares: Floats, count: Floats) -> NDArray[np.float64]:
    """Variance of the answers to each task, (T,), pooled with that of the crowd; `squares` (T,) their sums."""
    freedom = float(np.maximum(count - 1, 0).sum())
    crowd = float(squares.sum()) / freedom if freedom else float(data.value.var()) / 2
    return (squares + IMAGINED * crowd) / (np.maximum(count - 1, 0) + IMAGINED)
