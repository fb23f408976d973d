"""Pairwise: which of two candidates is better, perhaps by how much. Pure; no store, no HTTP.

An answer is {"best": name or "tie", "strength": 1..steps}; strength is absent for ties and where there is one step.

Truth is inferred of each row's own pair: of labels, or of steps in order where strength is asked. The models of comparisons
(truth/ranking) would take a candidate of one name for the same thing in every row, as in a tournament of systems, and name
the same winner everywhere.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from tawsim.core.errors import BadInput
from tawsim.core.records import Question
from tawsim.kinds.answers import as_object, as_whole, bad, brief
from tawsim.kinds.comparing import TIE, candidates_of, known_names, read_candidates, read_format, renamed
from tawsim.kinds.distances import told_apart
from tawsim.kinds.fields import flag, whole
from tawsim.kinds.kind import Aspect, Content, Example, Kind, Vote

MOST_STEPS = 4


@dataclass(frozen=True, slots=True)
class Pairwise(Question):
    """The better of two `candidates`, with a strength of 1 to `steps` where there are several, or a tie if `ties`."""

    candidates: tuple[str, ...] = ()
    ties: bool = True
    steps: int = 1
    format: Literal["text", "markdown"] = "text"
    kind: Literal["pairwise"] = "pairwise"


def read_pairwise(data: Mapping[str, Any], common: Mapping[str, Any]) -> Pairwise:
    """A `Pairwise` from its JSON form."""
    steps = whole(data, "steps", 1)
    if not 1 <= steps <= MOST_STEPS:
        raise BadInput(f"steps are 1 to {MOST_STEPS}, not {steps}.")
    columns = read_candidates(data, 2)
    return Pairwise(**common, candidates=columns, ties=flag(data, "ties", True), steps=steps, format=read_format(data))


def validate_pairwise(question: Pairwise, answer: Any, content: Content | None = None) -> dict[str, Any]:
    """The answer in canonical form. Raises `BadAnswer`, also for a row whose list does not hold two candidates."""
    given = as_object(question, answer, ("best",), ("strength",))
    best, strength = given["best"], given.get("strength")
    known = known_names(question, question.candidates, content)
    if content is not None and len(known) != 2:
        raise bad(question, f"this row has {len(known)} candidates, not two.")
    if best == TIE and question.ties:
        if strength is not None:
            raise bad(question, "a tie has no strength.")
        return {"best": TIE}
    if not isinstance(best, str) or best not in known[:2]:
        expected = ", ".join((*known[:2], TIE) if question.ties else known[:2])
        raise bad(question, f"{brief(best)} is no candidate.", f"Expected one of: {expected}.")
    if question.steps == 1:
        if strength is not None:
            raise bad(question, "no strength is asked for.")
        return {"best": best}
    if strength is None:
        raise bad(question, f"the strength is missing: 1 to {question.steps}.")
    steps = as_whole(question, strength, "strength")
    if not 1 <= steps <= question.steps:
        raise bad(question, f"the strength {steps} is not between 1 and {question.steps}.")
    return {"best": best, "strength": steps}


def _names(question: Pairwise) -> tuple[str, ...]:
    return question.candidates if len(question.candidates) > 1 else ("1", "2")


def _place(question: Pairwise, answer: Mapping[str, Any]) -> int:
    """The answer as a step: below 0 for the first candidate, 0 for a tie, above 0 for the second."""
    strength: int = answer.get("strength", 1)
    return 0 if answer["best"] == TIE else strength * (-1 if answer["best"] == _names(question)[0] else 1)


@told_apart
def distance_pairwise(question: Pairwise, a: Mapping[str, Any], b: Mapping[str, Any]) -> float:
    """|a - b| / 2 steps, with both as steps from -steps (surely the first) over 0 (a tie) to steps (surely the second)."""
    return abs(_place(question, a) - _place(question, b)) / (2 * question.steps)


def _label(question: Pairwise, answer: Mapping[str, Any]) -> str:
    strength = f" {answer['strength']}" if "strength" in answer else ""
    return str(answer["best"]) + strength


def _levels(question: Pairwise) -> tuple[str, ...]:
    """All labels, from surely the first candidate to surely the second: "a 2", "a 1", "tie", "b 1", "b 2"."""
    first, second = _names(question)
    middle = (TIE,) if question.ties else ()
    if question.steps == 1:
        return (first, *middle, second)
    steps = range(1, question.steps + 1)
    return (*(f"{first} {step}" for step in reversed(steps)), *middle, *(f"{second} {step}" for step in steps))


def _votes(question: Pairwise, answer: Mapping[str, Any]) -> tuple[Vote, ...]:
    left, right = _names(question)
    return (Vote("", "", _label(question, answer), left, right),)


def assemble_pairwise(question: Pairwise, found: Mapping[tuple[str, str], Any]) -> dict[str, Any] | None:
    """The answer that was inferred."""
    label = found.get(("", ""))
    if label is None:
        return None
    if label == TIE or question.steps == 1:
        return {"best": label}
    best, strength = str(label).rsplit(" ", 1)
    return {"best": best, "strength": int(strength)}


def rename_pairwise(_question: Pairwise, answer: Any, names: Mapping[str, str]) -> Any:
    """The answer with another name for its candidate; what is no answer stays."""
    if not isinstance(answer, Mapping) or "best" not in answer:
        return answer
    return {**answer, "best": renamed(answer["best"], names)}


KINDS: dict[str, Kind] = {
    "pairwise": Kind(
        read=read_pairwise,
        validate=validate_pairwise,
        distance=distance_pairwise,
        aspects=lambda question: (Aspect("", "choice" if question.steps == 1 else "ordinal", _levels(question)),),
        votes=_votes,
        assemble=assemble_pairwise,
        example=Example(
            Pairwise("better", candidates=("answer_a", "answer_b"), steps=3, format="markdown"),
            {"best": "answer_b", "strength": 2},
            {"best": "tie"},
            {"best": "answer_c", "strength": 1},
            {"text": "ما عاصمة المغرب؟", "answer_a": "فاس", "answer_b": "**الرباط**"},
        ),
        columns=lambda question: question.candidates,
        candidates=lambda question, content: candidates_of(question.candidates, content),
        rename=rename_pairwise,
    ),
}
