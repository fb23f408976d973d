"""Answers of tags or spans as sequences of codes, and states back as tags or spans. No model lives here.

Spans become sequences of atoms: the stretches between neighbouring bounds that anybody drew in the task. So a span that
nobody's bound cuts is one atom, and any whole units do. Stretches that nobody marked are cut to the median length of the
marked atoms, so that there is as much to leave out as there would be in tokens: a false alarm is rare only against that.
"""

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tawsim.core.errors import BadInput
from tawsim.truth.answers import Answers
from tawsim.truth.sequences.tags import Span, Tags, overlap, read_answer, spans_of_tags

Ints = NDArray[np.int64]
# A stretch that nobody marked is cut into at most this many pieces: more would only slow the chain.
PIECES = 100


@dataclass(frozen=True, slots=True, eq=False)
class Sequences:
    """`lengths` (T,) tokens or atoms a task; `code` of all tags of all answers behind one another, 0 outside, 1 + x begins,
    1 + X + x goes on, with `token` and `answer` of each; `first` marks each answer's first.

    `edges`: None for tags; else, a task, the bounds of its atoms. `spans` (N): the spans of each answer, in tokens or units.
    """

    answers: Answers
    labels: tuple[str, ...]
    lengths: Ints
    token: Ints
    answer: Ints
    code: Ints
    first: NDArray[np.bool_]
    spans: tuple[tuple[Span, ...], ...]
    edges: tuple[tuple[int, ...], ...] | None


def read_spans(table: Any, *, strict: bool = False) -> Answers:
    """Answers whose values are tags (tuples of text) or frozensets of `Span`. Raises `BadInput`, also for a mixture."""
    if isinstance(table, Answers):
        values = tuple(_done(value, table, i) for i, value in enumerate(table.values))
        answers = replace(table, values=values)
    else:
        answers = Answers.from_table(table, read=read_answer, strict=strict)
    # An empty list of spans is read as spans; among tags it is refused, as it does not say how many tokens there are.
    if len({isinstance(value, tuple) for value in answers.values}) > 1:
        odd = next(i for i, value in enumerate(answers.values) if not isinstance(value, tuple))
        raise BadInput(
            f"Some answers are tags and others are spans, such as that of {_who(answers, odd)}.",
            "Use one form in a table.",
        )
    return answers


def sequences(answers: Answers) -> Sequences:
    """`answers` of tags or of spans that do not overlap, as sequences. Raises `BadInput` for unequal lengths, overlaps."""
    tagged = isinstance(answers.values[0], tuple)
    if tagged:
        spans = tuple(spans_of_tags(value) for value in answers.values)
        edges, lengths = None, _lengths(answers)
    else:
        spans = tuple(tuple(sorted(value)) for value in answers.values)
        for i, value in enumerate(spans):
            if overlap(value):
                raise BadInput(
                    f"Spans of {_who(answers, i)} overlap.", "OverlapTruth takes spans that overlap or nest."
                )
        edges = _edges(answers, spans)
        lengths = np.array([max(len(edge) - 1, 1) for edge in edges], np.int64)
    labels = tuple(sorted({span.label for value in spans for span in value}))
    starts = np.concatenate(([0], np.cumsum(lengths)))
    size = lengths[answers.task]
    answer = np.repeat(np.arange(len(answers)), size)
    begin = np.concatenate(([0], np.cumsum(size)))
    token = np.arange(begin[-1]) - np.repeat(begin[:-1] - starts[answers.task], size)
    first = np.zeros(len(token), bool)
    first[begin[:-1]] = True
    return Sequences(
        answers=answers,
        labels=labels,
        lengths=lengths,
        token=token,
        answer=answer,
        code=_codes(answers, spans, edges, labels, begin),
        first=first,
        spans=spans,
        edges=edges,
    )


def overlapping(answers: Answers) -> bool:
    """Whether any answer holds spans that overlap."""
    return any(isinstance(value, frozenset) and overlap(sorted(value)) for value in answers.values)


def positions(read: Sequences, task: int, spans: tuple[Span, ...]) -> list[tuple[int, int]]:
    """Start and end of each span as places in the task's sequence."""
    if read.edges is None:
        return [(span.start, span.end) for span in spans]
    place = {edge: i for i, edge in enumerate(read.edges[task])}
    return [(place[span.start], place[span.end]) for span in spans]


def _codes(
    answers: Answers,
    spans: tuple[tuple[Span, ...], ...],
    edges: tuple[tuple[int, ...], ...] | None,
    labels: tuple[str, ...],
    begin: Ints,
) -> Ints:
    code = np.zeros(begin[-1], np.int64)
    kind = {label: x for x, label in enumerate(labels)}
    place: dict[int, int] = {}
    for i, value in enumerate(spans):
        if edges is not None:
            place = {edge: at for at, edge in enumerate(edges[answers.task[i]])}
        for start, end, label in value:
            here = begin[i] + (start if edges is None else place[start])
            there = begin[i] + (end if edges is None else place[end])
            code[here] = 1 + kind[label]
            code[here + 1 : there] = 1 + len(labels) + kind[label]
    return code


def _lengths(answers: Answers) -> Ints:
    lengths = np.full(len(answers.tasks), 1, np.int64)
    said: dict[int, int] = {}
    for i, (task, value) in enumerate(zip(answers.task.tolist(), answers.values, strict=True)):
        if said.setdefault(task, len(value)) != len(value):
            raise BadInput(
                f"{_who(answers, i)} gives {len(value)} tags, others gave {said[task]}.",
                "All answers to a task need one tag for each of the same tokens.",
                column="label",
            )
        lengths[task] = len(value)
    return lengths


def _edges(answers: Answers, spans: tuple[tuple[Span, ...], ...]) -> tuple[tuple[int, ...], ...]:
    """The bounds of the atoms of each task, sorted."""
    bounds: list[set[int]] = [set() for _ in answers.tasks]
    drawn: list[set[tuple[int, int]]] = [set() for _ in answers.tasks]
    for task, value in zip(answers.task.tolist(), spans, strict=True):
        drawn[task].update((span.start, span.end) for span in value)
        bounds[task].update(edge for span in value for edge in span[:2])
    gaps = [_gaps(sorted(one)) for one in drawn]
    marked = [
        end - start
        for edge, gap in zip(map(sorted, bounds), gaps, strict=True)
        for start, end in pairwise(edge)
        if start not in gap
    ]
    piece = max(int(np.median(marked)), 1) if marked else 1
    for edges, gap in zip(bounds, gaps, strict=True):
        for start, end in gap.items():
            edges.update(range(start, end, max(piece, -(-(end - start) // PIECES))))
    return tuple(tuple(sorted(edges)) for edges in bounds)


def _gaps(drawn: list[tuple[int, int]]) -> dict[int, int]:
    """The stretches between the sorted spans of a task that none of them covers, start → end."""
    gaps: dict[int, int] = {}
    furthest: int | None = None
    for start, end in drawn:
        if furthest is not None and start > furthest:
            gaps[furthest] = start
        furthest = end if furthest is None else max(furthest, end)
    return gaps


def _done(value: Any, answers: Answers, i: int) -> Tags | frozenset[Span]:
    if isinstance(value, frozenset) and all(isinstance(one, Span) for one in value):
        return value
    try:
        return read_answer(value)
    except BadInput as error:
        raise BadInput(f"The answer of {_who(answers, i)}: {error.message}", error.hint, column="label") from None


def _who(answers: Answers, i: int) -> str:
    return f"{answers.workers[answers.worker[i]]!r} on {answers.tasks[answers.task[i]]!r}"
