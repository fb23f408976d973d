"""The kinds of question: one module a kind; here the registry, and the two doors every answer and question goes through.

What a kind gives is said in kind.py; tests/conformance/ holds the battery that each must pass. Pure: no store, no HTTP.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from tawsim.core.errors import BadAnswer, BadInput
from tawsim.core.records import Question
from tawsim.kinds import chat, choice, number, pairwise, ranking, regions, rubric, scale, segments, spans, text
from tawsim.kinds.chat import Chat, Live
from tawsim.kinds.choice import Choice, Choices
from tawsim.kinds.fields import read_common
from tawsim.kinds.kind import Aspect, Content, Kind, Vote
from tawsim.kinds.number import Number
from tawsim.kinds.pairwise import Pairwise
from tawsim.kinds.ranking import Ranking
from tawsim.kinds.regions import Boxes, Keypoints, Polygons
from tawsim.kinds.rubric import Criterion, Rubric
from tawsim.kinds.scale import Scale
from tawsim.kinds.segments import Segments
from tawsim.kinds.spans import Spans
from tawsim.kinds.text import Text

MAX_QUESTIONS = 100
KINDS: dict[str, Kind] = {
    **choice.KINDS,
    **number.KINDS,
    **scale.KINDS,
    **text.KINDS,
    **spans.KINDS,
    **pairwise.KINDS,
    **ranking.KINDS,
    **rubric.KINDS,
    **chat.KINDS,
    **regions.KINDS,
    **segments.KINDS,
}


def read_question(data: Mapping[str, Any]) -> Question:
    """A question from its JSON form. Raises `BadInput` with what is wrong."""
    kind = data.get("kind", "choice")
    if not isinstance(kind, str) or kind not in KINDS:
        raise BadInput(f"There is no question kind {str(kind)[:60]!r}.", "Known kinds: " + ", ".join(KINDS))
    common = read_common(data)
    try:
        question: Question = KINDS[kind].read(data, common)
    except BadInput as error:
        if f"“{common['name']}”" in error.message:
            raise
        raise BadInput(f"“{common['name']}”: {error.message}", error.hint) from None
    return question


def read_questions(data: Sequence[Mapping[str, Any]]) -> tuple[Question, ...]:
    """The questions of a project. Raises `BadInput` if there is none, two share a name, or one waits for a later one."""
    if not isinstance(data, Sequence) or isinstance(data, str) or not all(isinstance(one, Mapping) for one in data):
        raise BadInput("Questions come as a list of objects.")
    if len(data) > MAX_QUESTIONS:
        raise BadInput(f"{len(data)} questions are more than the {MAX_QUESTIONS} that a project may have.")
    questions = tuple(read_question(one) for one in data)
    if not questions:
        raise BadInput("A project needs at least one question.")
    if len({q.name for q in questions}) < len(questions):
        raise BadInput("Two questions have the same name.")
    earlier: dict[str, Question] = {}
    for one in questions:
        if one.when is not None:
            _check_when(one, earlier)
        earlier[one.name] = one
    return questions


def _check_when(question: Question, earlier: Mapping[str, Question]) -> None:
    """Raises `BadInput` unless the question waits for one before it, and for values that its answers can have."""
    assert question.when is not None
    name = question.when.question
    if name not in earlier:
        raise BadInput(f"“{question.name}” waits for “{name[:60]}”, which is no question before it.")
    may_be = kind_of(earlier[name]).may_be
    for value in question.when.values:
        if not may_be(earlier[name], value):
            raise BadInput(
                f"“{question.name}” waits for the answer {str(value)[:60]!r} to “{name}”, which it cannot have.",
                "A question can wait for labels, steps of a scale, and numbers that come in steps.",
            )


def question_to_json(question: Question) -> dict[str, Any]:
    """The JSON form that `read_question` reads back."""
    data = asdict(question)
    when = data.pop("when")
    if when is not None:
        data["when"] = {"question": when["question"], "is": list(when["values"])}
    return {"kind": data.pop("kind"), **data}


def kind_of(question: Question) -> Kind:
    """The kind that a question belongs to."""
    return KINDS[question.kind]  # type: ignore[attr-defined]


def is_asked(question: Question, answers: Mapping[str, Any]) -> bool:
    """Whether the question is asked, given the answers to the questions before it."""
    if question.when is None:
        return True
    given = answers.get(question.when.question)
    values = question.when.values
    return any(one in values for one in given) if isinstance(given, list) else given in values


def validate_answers(questions: Sequence[Question], answers: Any, content: Content | None = None) -> dict[str, Any]:
    """The canonical answer to every question that is asked; one that need not be answered may be missing.

    `content` is the task's row; without it, what needs the row is not checked. Raises `BadAnswer` for a missing,
    unknown, wrong or unasked one.
    """
    if not isinstance(answers, Mapping):
        raise BadAnswer("Answers come as an object: question name → answer.")
    known = {question.name for question in questions}
    extra = [name for name in answers if name not in known]
    if extra:
        raise BadAnswer(f"There is no question {str(extra[0])[:80]!r} in this project.")
    clean: dict[str, Any] = {}
    for question in questions:
        name = question.name
        given = answers.get(name)
        if not is_asked(question, clean):
            if given is not None:
                raise BadAnswer(f"“{name}” is not asked after these answers.", question=name)
        elif given is not None:
            clean[name] = kind_of(question).validate(question, given, content)
        elif question.required:
            raise BadAnswer(f"The answer to “{name}” is missing.", question=name)
    return clean


__all__ = [
    "KINDS",
    "Aspect",
    "Boxes",
    "Chat",
    "Choice",
    "Choices",
    "Content",
    "Criterion",
    "Keypoints",
    "Kind",
    "Live",
    "Number",
    "Pairwise",
    "Polygons",
    "Ranking",
    "Rubric",
    "Scale",
    "Segments",
    "Spans",
    "Text",
    "Vote",
    "is_asked",
    "kind_of",
    "question_to_json",
    "read_question",
    "read_questions",
    "validate_answers",
]
