"""Gold beside a table of answers: read with its rows, and used to judge a model that was fitted without it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tawsim.core.errors import BadInput
from tawsim.truth.cells import Coded, cells, coded
from tawsim.truth.report.measures import Measure, Measures, folds, measure, numeric_errors
from tawsim.truth.votes import Votes, columns_of, is_null

Floats = NDArray[np.float64]
FOLDS = 5


@dataclass(frozen=True, slots=True)
class Gold:
    """The known truth of some tasks: `labels` task → label, `rows` task → its row (from 1)."""

    labels: Mapping[Any, Any]
    rows: Mapping[Any, int]


class Measured(NamedTuple):
    """Measures on `tasks` gold tasks, `held_out` from the fit or not."""

    measures: Measures
    tasks: int
    held_out: bool


def read_gold(gold: Any, task: Coded) -> Gold:
    """Gold as a mapping task → label, or a table with these two columns. Raises `BadInput` that names the row: a task that
    nobody answered, an empty label, a task with two different labels."""
    if isinstance(gold, Mapping) and not ({"task", "label"} <= set(gold) and len(gold) <= 3):
        tasks, labels = list(gold), list(gold.values())
    else:
        both = columns_of(gold, ("task", "label"))
        tasks, labels = (cells(coded(one)) for one in both)
    known = set(task.names)
    found: dict[Any, Any] = {}
    rows: dict[Any, int] = {}
    for row, (name, label) in enumerate(zip(tasks, labels, strict=True), 1):
        if name not in known:
            raise BadInput(
                f"Gold, row {row}: nobody answered the task {str(name)[:80]!r}.",
                "Gold must name tasks of the votes, written the same way; take the other rows out.",
                row=row,
                column="task",
            )
        if not isinstance(label, list | dict) and (is_null(label) or str(label).strip().casefold() == "nan"):
            raise BadInput(f"Gold, row {row}: there is no label.", row=row, column="label")
        if name in found and found[name] != label:
            raise BadInput(
                f"Gold, row {row}: the task {str(name)[:80]!r} has another label in row {rows[name]}.",
                row=row,
                column="label",
            )
        found.setdefault(name, label)
        rows.setdefault(name, row)
    if not found:
        raise BadInput("There is no gold.", "A table of gold has one row per task: task, label.")
    return Gold(found, rows)


def cross_fitted(
    fit: Callable[[Mapping[Any, Any]], Any], votes: Votes, gold: Gold, usable: Mapping[Any, Any], *, takes_gold: bool
) -> Measured:
    """Measures of the probabilities (T, K) that `fit` gives, each task judged by a fit that did not know its gold: in five
    parts by a hash of the task, fewer where gold is scarce. Where models take no gold there is one fit and no parts."""
    tasks = sorted(gold.labels, key=str)
    task_place = {name: i for i, name in enumerate(votes.tasks)}
    label_place = {name: i for i, name in enumerate(votes.labels)}
    rows = np.array([task_place[name] for name in tasks])
    truth = np.array([label_place.get(gold.labels[name], -1) for name in tasks])
    if not takes_gold or len(tasks) < 2:
        return Measured(measure(fit({})[rows], truth), len(tasks), takes_gold)
    part = folds(tasks, min(FOLDS, len(tasks)))
    probability = np.empty((len(tasks), len(votes.labels)))
    for f in range(int(part.max()) + 1):
        rest = {tasks[i] for i in np.flatnonzero(part != f).tolist()}
        probability[part == f] = fit({name: label for name, label in usable.items() if name in rest})[rows[part == f]]
    return Measured(measure(probability, truth), len(tasks), True)


def numeric_on_gold(
    fit: Callable[[Mapping[Any, Any]], Any], values: Mapping[Any, float], *, takes_gold: bool
) -> dict[str, Measure]:
    """Errors of numbers, and how often the 95 % interval holds, each task judged by a fit without its gold."""
    tasks = sorted(values, key=str)
    # One out at a time where gold is scarce: a fold of several would leave too few to learn the crowd's scale from.
    many = len(tasks) if len(tasks) < 2 * FOLDS else FOLDS
    part = folds(tasks, many) if takes_gold and len(tasks) > 1 else np.zeros(len(tasks), np.intp)
    estimate, low, high = (np.empty(len(tasks)) for _ in range(3))
    for f in range(int(part.max()) + 1):
        here = np.flatnonzero(part == f)
        hidden = {tasks[i] for i in here.tolist()}
        fitted = fit({task: value for task, value in values.items() if task not in hidden} if takes_gold else {})
        place = {name: i for i, name in enumerate(fitted.tasks_)}
        rows = [place[tasks[i]] for i in here.tolist()]
        ends = fitted.interval(0.95)
        estimate[here], low[here], high[here] = fitted.estimate_[rows], ends[0][rows], ends[1][rows]
    return numeric_errors(estimate, low, high, np.array([values[task] for task in tasks], float))
