"""The kinds of question: one module a kind; here the registry, and the two doors every answer and question goes through.

A kind gives: a frozen dataclass, `read` (from JSON), `validate` (answer → canonical form or `BadAnswer`), `distance`
(0..1) and a worked `example`. tests/conformance/ holds the battery that each must pass. Pure: no store, no HTTP.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from tawsim.core.errors import BadAnswer, BadInput
from tawsim.core.records import Question
from tawsim.kinds import choice
from tawsim.kinds.choice import Choice, Choices

MAX_NAME_LENGTH = 60


@dataclass(frozen=True, slots=True)
class Kind:
    """What a kind of question can do. `example` is one question with two different good answers and one bad one."""

    read: Callable[[Mapping[str, Any]], Any]
    validate: Callable[[Any, Any], Any]
    distance: Callable[[Any, Any, Any], float]
    example: tuple[Question, Any, Any, Any]


KINDS: dict[str, Kind] = {
    "choice": Kind(
        choice.read_choice,
        choice.validate_choice,
        choice.distance_choice,
        (Choice("sentiment", labels=("إيجابي", "سلبي", "mixed")), "إيجابي", "mixed", "غير موجود"),
    ),
    "choices": Kind(
        choice.read_choices,
        choice.validate_choices,
        choice.distance_choices,
        (Choices("topics", labels=("سياسة", "رياضة", "tech")), ["سياسة", "tech"], ["رياضة"], ["اقتصاد"]),
    ),
}


def read_question(data: Mapping[str, Any]) -> Question:
    """A question from its JSON form. Raises `BadInput` with what is wrong."""
    kind = data.get("kind", "choice")
    name = data.get("name")
    if not isinstance(kind, str) or kind not in KINDS:
        raise BadInput(f"There is no question kind {kind!r}.", "Known kinds: " + ", ".join(KINDS))
    if not isinstance(name, str) or not name.strip() or len(name) > MAX_NAME_LENGTH or not name.isprintable():
        raise BadInput("A question needs a name of 1 to 60 printable characters.")
    if not isinstance(data.get("labels"), Sequence) or isinstance(data.get("labels"), str):
        raise BadInput(f"The question “{name}” needs a list of labels.")
    question: Question = KINDS[kind].read(data)
    return question


def read_questions(data: Sequence[Mapping[str, Any]]) -> tuple[Question, ...]:
    """The questions of a project. Raises `BadInput` if there is none or two share a name."""
    questions = tuple(read_question(one) for one in data)
    if not questions:
        raise BadInput("A project needs at least one question.")
    if len({q.name for q in questions}) < len(questions):
        raise BadInput("Two questions have the same name.")
    return questions


def question_to_json(question: Question) -> dict[str, Any]:
    """The JSON form that `read_question` reads back."""
    data = asdict(question)
    return {"kind": data.pop("kind"), **data}


def kind_of(question: Question) -> Kind:
    """The kind that a question belongs to."""
    return KINDS[question.kind]  # type: ignore[attr-defined]


def validate_answers(questions: Sequence[Question], answers: Any) -> dict[str, Any]:
    """One canonical answer per question. Raises `BadAnswer` for a missing, unknown or wrong one."""
    if not isinstance(answers, Mapping):
        raise BadAnswer("Answers come as an object: question name → answer.")
    known = {question.name for question in questions}
    extra = [name for name in answers if name not in known]
    if extra:
        raise BadAnswer(f"There is no question {str(extra[0])[:80]!r} in this project.")
    missing = [question.name for question in questions if question.name not in answers]
    if missing:
        raise BadAnswer(f"The answer to “{missing[0]}” is missing.", question=missing[0])
    return {question.name: kind_of(question).validate(question, answers[question.name]) for question in questions}


__all__ = [
    "KINDS",
    "Choice",
    "Choices",
    "Kind",
    "kind_of",
    "question_to_json",
    "read_question",
    "read_questions",
    "validate_answers",
]
