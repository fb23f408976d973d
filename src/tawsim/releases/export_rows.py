"""What a row of an export holds: the task as it came, the inferred truth beside it, and, as a second table, every vote.

Pure shaping of values that others looked up and inferred. No store, no files, no inference.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from tawsim.core.clock import to_iso
from tawsim.core.records import Question
from tawsim.releases.column_types import ColumnType

PREFIX = "tawsim_"
_DIGITS = 6


class Inferred(NamedTuple):
    """The truth of one question on one task: the answer in its kind's form, the probability that it is right, and of a
    number its 95 % interval."""

    label: Any = None
    p: float | None = None
    low: float | None = None
    high: float | None = None


class Vote(NamedTuple):
    """One answer of one worker. `task` is the task's number, as `tawsim_task` is in the table of labels, so that the two
    join; `at` is in microseconds since 1970 UTC; `label` is the answer in its kind's form; `drawn` what was drawn for
    the lease: the order of candidates, a suggestion. `fits`: whether it fits the question as it is now; else it is as it was
    given, and no truth rests on it. `origin`: an `answer` of a labeller, a reviewer's fix (`review`), or the `decision` that
    settles the task."""

    task: int
    task_id: str
    worker: str
    question: str
    label: Any
    at: int
    lease: str
    guideline_version: int
    version: int
    schema_version: int = 1
    comment: str = ""
    flag: bool = False
    drawn: Mapping[str, Any] | None = None
    fits: bool = True
    origin: str = "answer"


# The type of a column of answers by kind; of those not named here, JSON.
ANSWER_TYPES: Mapping[str, ColumnType] = {"choice": "text", "text": "text", "number": "float", "scale": "int"}
# Kinds whose answers are counted by label.
COUNTED = frozenset({"choice", "choices", "scale"})


@dataclass(slots=True)
class ExportCounts:
    """Rows shaped so far; for each question, how many have a label; and how many tasks have no answer at all."""

    rows: int = 0
    labelled: dict[str, int] = field(default_factory=dict)
    unanswered: int = 0


class TruthShape:
    """The table of truths: one row a task, in the columns of the file it came from, then ours.

    Ours are `tawsim_task` (its number), for each question NAME `NAME`, `NAME_p`, and by its kind `NAME_votes` (how many
    gave each label) or `NAME_low` and `NAME_high` (the interval of a number), and `answers`; where tasks were settled by a
    decision, `decided_by` as well (its author's name, empty where the truth is inferred). A name that the file has
    already gets the prefix `tawsim_`, and for a question all of its names do.
    `columns` and `types` go to the writer; `counts` is kept while rows are shaped.
    """

    def __init__(self, questions: Sequence[Question], content_columns: Iterable[str], *, decided: bool = False) -> None:
        self._questions = tuple(questions)
        self._content = tuple(dict.fromkeys(content_columns))
        self.counts = ExportCounts(labelled={question.name: 0 for question in questions})
        taken = set(self._content)
        (self._task,) = _free(("tawsim_task",), taken)
        self._kinds = [q.kind for q in self._questions]  # type: ignore[attr-defined]
        self._names = [
            _free(tuple(f"{q.name}{end}" for end in _ends(kind)), taken)
            for q, kind in zip(self._questions, self._kinds, strict=True)
        ]
        (self._answers,) = _free(("answers",), taken)
        ours = [self._task, *(name for names in self._names for name in names), self._answers]
        self._decided = _free(("decided_by",), taken)[0] if decided else ""
        ours += [self._decided] if decided else []
        self.columns: tuple[str, ...] = (*self._content, *ours)
        self.types: dict[str, ColumnType] = {self._task: "int", self._answers: "int"}
        if decided:
            self.types[self._decided] = "text"
        for kind, (label, *others) in zip(self._kinds, self._names, strict=True):
            self.types[label] = ANSWER_TYPES.get(kind, "json")
            self.types |= dict.fromkeys(others, "float")
            if kind in COUNTED:
                self.types[others[-1]] = "json"

    def row(
        self,
        seq: int,
        content: Mapping[str, Any],
        truth: Mapping[str, Inferred],
        votes: Mapping[str, Mapping[str, int]],
        answers: int,
        decided_by: str = "",
    ) -> dict[str, Any]:
        """The row of task `seq`. `votes` counts, for each question, the answers for each label.

        A task without an answer stays in the table, with null for label and p, and is counted in `counts`.
        """
        row: dict[str, Any] = {name: content[name] for name in self._content if name in content}
        row[self._task] = seq
        for question, kind, (label, p, *others) in zip(self._questions, self._kinds, self._names, strict=True):
            found = truth.get(question.name, _NOTHING)
            row[label], row[p] = found.label, None if found.p is None else _round(found.p)
            if kind == "number":
                row[others[0]], row[others[1]] = found.low, found.high
                row[label] = None if found.label is None else float(found.label)
            elif others:
                row[others[0]] = _in_order(question, votes.get(question.name, {}))
            self.counts.labelled[question.name] += found.label is not None
        row[self._answers] = answers
        if self._decided:
            row[self._decided] = decided_by
        self.counts.rows += 1
        self.counts.unanswered += answers == 0
        return row


_NOTHING = Inferred()


class VoteShape:
    """The table of votes: one row an answer to a question, in an order that the caller gives (task, then time). The column
    `origin` is there where not all come from labellers (`origins`)."""

    def __init__(self, questions: Sequence[Question], *, origins: bool = False) -> None:
        self.columns: tuple[str, ...] = Vote._fields if origins else Vote._fields[:-1]
        texts = all(ANSWER_TYPES.get(question.kind) == "text" for question in questions)  # type: ignore[attr-defined]
        self.types: dict[str, ColumnType] = dict.fromkeys(self.columns, "text")
        self.types |= {"task": "int", "guideline_version": "int", "version": "int", "schema_version": "int"}
        self.types |= {"flag": "bool", "fits": "bool", "drawn": "json", "label": "text" if texts else "json"}
        self.rows = 0

    def row(self, vote: Vote) -> dict[str, Any]:
        """The row of one vote, its time in ISO 8601, UTC."""
        self.rows += 1
        row = {**vote._asdict(), "at": to_iso(vote.at)}
        return {name: row[name] for name in self.columns}


def _ends(kind: str) -> tuple[str, ...]:
    """What the columns of a question of this kind end in."""
    if kind == "number":
        return "", "_p", "_low", "_high"
    return ("", "_p", "_votes") if kind in COUNTED else ("", "_p")


def _free(names: Sequence[str], taken: set[str]) -> tuple[str, ...]:
    """The names, all with as many prefixes as it takes for none to be taken; they are taken from then on."""
    found = tuple(names)
    while taken & set(found):
        found = tuple(PREFIX + name for name in found)
    taken.update(found)
    return found


def _round(p: float) -> float:
    """Six digits, so that files do not differ by machine; what is not certain never becomes 1."""
    return p if p == 1 else min(round(p, _DIGITS), 1 - 10**-_DIGITS)


def _in_order(question: Question, counts: Mapping[str, int]) -> dict[str, int]:
    """Counts in the order of the question's labels, without zeros: two exports of one state must not differ."""
    known: Sequence[str] = getattr(question, "labels", ())
    return {label: counts[label] for label in [*known, *sorted(counts.keys() - set(known))] if counts.get(label)}
