"""All objects of all answers in flat arrays, in one order that no name and no row can change. No matching here."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tawsim.core.errors import BadInput
from tawsim.truth.answers import Answers
from tawsim.truth.regions.shapes import Drawn

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Read = Callable[[Any], tuple[Drawn, ...]]


@dataclass(frozen=True, slots=True, eq=False)
class Objects:
    """n objects of N answers, sorted by task, then by the edges of their frame, then by label, then by worker.

    `answer`, `task`, `worker` (n,) are positions; `label` (n,) the position in `labels`, -1 without one; `frame` (n, 4)
    the edges (x1, y1, x2, y2) of the box around each; `shapes` (n) what was drawn. `answers` holds who answered at all.
    """

    answer: Ints
    task: Ints
    worker: Ints
    label: Ints
    frame: Floats
    shapes: tuple[Any, ...]
    labels: tuple[str, ...]
    answers: Answers

    def __len__(self) -> int:
        return len(self.task)


def read_answers(table: Any, read: Read, *, strict: bool = False) -> Answers:
    """Answers whose values are tuples of `Drawn`, from any table with task, worker, label (or `Answers`, read or raw)."""
    if not isinstance(table, Answers):
        return Answers.from_table(table, read=read, strict=strict)
    values = []
    for number, value in enumerate(table.values):
        try:
            done = isinstance(value, tuple) and all(isinstance(each, Drawn) for each in value)
            values.append(value if done else read(value))
        except BadInput as error:
            who = f"{table.workers[table.worker[number]]!r} on {table.tasks[table.task[number]]!r}"
            raise BadInput(f"The answer of {who}: {error.message}", error.hint, **error.details) from None
    return replace(table, values=tuple(values))


def objects_of(answers: Answers, frame_of: Callable[[Any], tuple[float, float, float, float]]) -> Objects:
    """The objects of `answers` (their values read), with `frame_of` giving the edges of a shape's frame."""
    drawn = [each for value in answers.values for each in value]
    answer = np.repeat(np.arange(len(answers)), [len(value) for value in answers.values])
    labels = tuple(sorted({each.label for each in drawn if each.label is not None}))
    place: dict[str | None, int] = {name: i for i, name in enumerate(labels)}
    place[None] = -1
    label = np.array([place[each.label] for each in drawn], np.int64)
    frame = np.array([frame_of(each.shape) for each in drawn], float).reshape(-1, 4)
    task, worker = answers.task[answer].astype(np.int64), answers.worker[answer].astype(np.int64)
    order = np.lexsort((worker, label, *frame.T[::-1], task))
    return Objects(
        answer=answer[order],
        task=task[order],
        worker=worker[order],
        label=label[order],
        frame=frame[order],
        shapes=tuple(drawn[i].shape for i in order.tolist()),
        labels=labels,
        answers=answers,
    )


def ranges(start: Ints, size: Ints) -> Ints:
    """start[0], start[0] + 1, … (size[0] of them), start[1], …: many ranges behind one another."""
    before = np.cumsum(size) - size
    return np.repeat(start - before, size) + np.arange(int(size.sum()))


def tally(place: Ints, weight: NDArray[Any], size: int) -> Floats:
    """Sums of `weight` by `place`, (size,), as floats also where there is nothing to sum."""
    return np.asarray(np.bincount(place, weight, size), float)
