"""Scale: one step of a few in order, such as 1 to 5, each perhaps with a title. Pure; no store, no HTTP.

An answer is a whole number from `low` to `high`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from tawsim.core.errors import BadInput
from tawsim.core.records import Question
from tawsim.kinds.answers import as_whole, bad
from tawsim.kinds.distances import interval_distance, told_apart
from tawsim.kinds.fields import MAX_TITLE_LENGTH, texts, whole
from tawsim.kinds.kind import Aspect, Content, Example, Kind, Vote

MAX_STEPS = 101
FURTHEST = 1_000_000
# Beyond so many steps people give quantities: truth is then inferred of numbers and rounded.
ORDINAL_STEPS = 21


@dataclass(frozen=True, slots=True)
class Scale(Question):
    """One of the steps from `low` to `high`. `titles`: none, or one for each step from the lowest."""

    low: int = 1
    high: int = 5
    titles: tuple[str, ...] = ()
    kind: Literal["scale"] = "scale"


def check_steps(data: Mapping[str, Any]) -> dict[str, Any]:
    """low, high and titles of a scale. Raises `BadInput` unless it has 2 to 101 steps, and titles for none or all."""
    low, high = whole(data, "low", 1), whole(data, "high", 5)
    if abs(low) > FURTHEST or not 1 <= high - low < MAX_STEPS:
        raise BadInput(f"a scale from {low} to {high} does not have 2 to {MAX_STEPS} steps.")
    titles = texts(data, "titles", MAX_STEPS, MAX_TITLE_LENGTH)
    if titles and len(titles) != high - low + 1:
        raise BadInput(f"{len(titles)} titles for {high - low + 1} steps.", "Give one for each step, or none.")
    return {"low": low, "high": high, "titles": titles}


def check_step(question: Question, low: int, high: int, answer: Any, what: str = "the answer") -> int:
    """A step of a scale. Raises `BadAnswer`."""
    step = as_whole(question, answer, what)
    if not low <= step <= high:
        raise bad(question, f"{step} is not on the scale from {low} to {high}.")
    return step


def scale_aspect(name: str, low: int, high: int) -> Aspect:
    """What truth is inferred of for a scale: steps in order, or numbers where they are many."""
    if high - low >= ORDINAL_STEPS:
        return Aspect(name, "numeric")
    return Aspect(name, "ordinal", tuple(str(step) for step in range(low, high + 1)))


def scale_vote(low: int, high: int, step: int) -> str | int:
    """A step as the truth takes it."""
    return step if high - low >= ORDINAL_STEPS else str(step)


def scale_answer(low: int, high: int, label: Any) -> int | None:
    """The step that was inferred."""
    return None if label is None else min(max(round(float(label)), low), high)


def read_scale(data: Mapping[str, Any], common: Mapping[str, Any]) -> Scale:
    """A `Scale` from its JSON form."""
    return Scale(**common, **check_steps(data))


def validate_scale(question: Scale, answer: Any, _content: Content | None = None) -> int:
    """The step. Raises `BadAnswer`."""
    return check_step(question, question.low, question.high, answer)


@told_apart
def distance_scale(question: Scale, a: int, b: int) -> float:
    """Krippendorff's interval metric over the length of the scale: ((a - b) / (high - low))²."""
    return interval_distance(a, b, question.low, question.high)


def _may_be(question: Scale, value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and question.low <= value <= question.high


KINDS: dict[str, Kind] = {
    "scale": Kind(
        read=read_scale,
        validate=validate_scale,
        distance=distance_scale,
        aspects=lambda question: (scale_aspect("", question.low, question.high),),
        votes=lambda question, answer: (Vote("", "", scale_vote(question.low, question.high, answer)),),
        assemble=lambda question, found: scale_answer(question.low, question.high, found.get(("", ""))),
        example=Example(Scale("fluency", low=1, high=3, titles=("ركيك", "مقبول", "سليم")), 3, 1, 4, {"text": "x"}),
        may_be=_may_be,
    ),
}
