"""Rows of predictions → suggestions: which task, which question, which answer, how sure. Reads no file and no store."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tawsim.core.errors import BadAnswer, BadInput
from tawsim.core.records import Question
from tawsim.core.text import is_name
from tawsim.kinds import kind_of
from tawsim.kinds.answers import brief
from tawsim.kinds.kind import Content

MAX_SOURCE = 100
LONGEST_JSON = 4_000_000
_NUMBER_KINDS = frozenset({"number", "scale"})
_TEXT_KINDS = frozenset({"choice", "text"})


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A prediction for one question of one task; `answer` in its kind's form, `p` its probability or None."""

    seq: int
    task_id: str
    question: str
    source: str
    answer: Any
    p: float | None


def read_source(given: Any) -> str:
    """The name of who predicted: 1 to 100 printable characters. Raises `BadInput`."""
    if not isinstance(given, str) or not given.strip() or len(given) > MAX_SOURCE or not is_name(given):
        raise BadInput(f"A source is a name of 1 to {MAX_SOURCE} printable characters, not {brief(given)}.")
    return given.strip()


def read_p(given: Any) -> float | None:
    """A probability from 0 to 1; empty for none. Raises `BadInput`."""
    if given is None or given == "":
        return None
    try:
        value = float(given) if isinstance(given, str | int | float) and not isinstance(given, bool) else None
    except ValueError:
        value = None
    if value is None or not 0 <= value <= 1:
        raise BadInput(f"p is a probability from 0 to 1, not {brief(given)}.")
    return value


def read_number(given: Any) -> int | None:
    """The number of a task: 7, 7.0 or "7"; None if it is none."""
    if isinstance(given, bool):
        return None
    if isinstance(given, float) and given.is_integer():
        return int(given)
    if isinstance(given, str) and given.strip().isascii() and given.strip().isdigit() and len(given) < 15:
        return int(given)
    return given if isinstance(given, int) else None


def question_of(row: Mapping[str, Any], questions: Sequence[Question]) -> Question:
    """The question that a row names; it need not where there is one. Raises `BadInput`."""
    named = row.get("question")
    if named is None or named == "":
        if len(questions) == 1:
            return questions[0]
        raise BadInput(
            "Which question is it? The project has several.",
            "Add a column question: " + ", ".join(one.name for one in questions[:12]),
        )
    for one in questions:
        if one.name == named:
            return one
    raise BadInput(
        f"There is no question {brief(named)}.", "There are: " + ", ".join(one.name for one in questions[:12])
    )


def read_answer(question: Question, given: Any, content: Content) -> Any:
    """The canonical answer: a value of the kind, its JSON text, or a plain label. Raises `BadAnswer` if the kind does not
    take it for this row."""
    first: BadAnswer | None = None
    for value in _readings(question, given):
        try:
            return kind_of(question).validate(question, value, content)
        except BadAnswer as error:
            first = first or error
    assert first is not None
    raise first


def _readings(question: Question, given: Any) -> list[Any]:
    """What a cell may mean, the likeliest first: as it is, as JSON, as the one label of several."""
    kind: str = question.kind  # type: ignore[attr-defined]
    if not isinstance(given, str):
        return [str(given) if kind in _TEXT_KINDS and isinstance(given, int | float) else given]
    found: list[Any] = [given]
    if given.strip()[:1] in ("[", "{", '"') or kind in _NUMBER_KINDS:
        try:
            read = json.loads(given) if len(given) <= LONGEST_JSON else None
        except (ValueError, RecursionError):
            read = None
        if read is not None:
            found = [given, read] if kind in _TEXT_KINDS else [read, given]
    if kind == "choices" and isinstance(found[0], str):
        found = [[given], [part.strip() for part in given.split("|")]]
    return found
