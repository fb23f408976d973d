"""Rubric: a score on each of several criteria, perhaps with a reason. Pure; no store, no HTTP.

An answer is {criterion: {"score": step, "reason": text}} with every criterion that was asked for, in the question's order;
reason "" is none. A row may ask for some of the criteria only (asks.py), so that of two answers one may have more.
Truth is inferred of each score, as of a scale. A reason stays with the worker who wrote it: the truth has none.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from tawsim.core.errors import BadInput
from tawsim.core.records import Question
from tawsim.core.text import is_name
from tawsim.kinds.answers import as_object, as_text, bad, brief
from tawsim.kinds.distances import interval_distance, told_apart
from tawsim.kinds.fields import MAX_NAME_LENGTH, short_text
from tawsim.kinds.kind import Content, Example, Kind, Vote
from tawsim.kinds.scale import check_step, check_steps, scale_answer, scale_aspect, scale_vote

MOST_CRITERIA = 50
LONGEST_REASON = 5_000
REASONS = ("never", "optional", "always")


@dataclass(frozen=True, slots=True)
class Criterion:
    """What is scored, on a scale from `low` to `high`. `titles`: none, or one for each step from the lowest."""

    name: str
    title: str = ""
    low: int = 1
    high: int = 5
    titles: tuple[str, ...] = ()
    reason: Literal["never", "optional", "always"] = "never"


@dataclass(frozen=True, slots=True)
class Rubric(Question):
    """A score on each of the `criteria`."""

    criteria: tuple[Criterion, ...] = ()
    kind: Literal["rubric"] = "rubric"


def read_rubric(data: Mapping[str, Any], common: Mapping[str, Any]) -> Rubric:
    """A `Rubric` from its JSON form."""
    given = data.get("criteria")
    if not isinstance(given, list | tuple) or not 1 <= len(given) <= MOST_CRITERIA:
        raise BadInput(f"criteria are a list of 1 to {MOST_CRITERIA} objects with a name.")
    criteria = tuple(_read_criterion(one) for one in given)
    if len({one.name for one in criteria}) < len(criteria):
        raise BadInput("two criteria have the same name.")
    return Rubric(**common, criteria=criteria)


def _read_criterion(data: Any) -> Criterion:
    name = data.get("name") if isinstance(data, Mapping) else None
    if not isinstance(name, str) or not name.strip() or len(name) > MAX_NAME_LENGTH or not is_name(name):
        raise BadInput("a criterion has a name of 1 to 60 printable characters.")
    reason = data.get("reason", "never")
    if reason not in REASONS:
        raise BadInput(f"the reason of the criterion {name!r} is never, optional or always, not {brief(reason)}.")
    try:
        steps = check_steps(data)
    except BadInput as error:
        raise BadInput(f"the criterion {name!r}: {error.message}", error.hint) from None
    return Criterion(name, title=short_text(data, "title"), reason=reason, **steps)


def validate_rubric(question: Rubric, answer: Any, _content: Content | None = None) -> dict[str, dict[str, Any]]:
    """Score and reason of every criterion. Raises `BadAnswer`."""
    given = as_object(question, answer, [criterion.name for criterion in question.criteria])
    clean: dict[str, dict[str, Any]] = {}
    for criterion in question.criteria:
        what = f"“{criterion.name}”"
        one = as_object(question, given[criterion.name], ("score",), ("reason",), what)
        score = check_step(question, criterion.low, criterion.high, one["score"], f"the score of {what}")
        reason = as_text(question, one.get("reason") or "", LONGEST_REASON, f"the reason of {what}")
        if criterion.reason == "always" and not reason.strip():
            raise bad(question, f"the reason of {what} is missing.", field=criterion.name)
        if criterion.reason == "never" and reason:
            raise bad(question, f"no reason is asked for at {what}.", field=criterion.name)
        clean[criterion.name] = {"score": score, "reason": reason}
    return clean


@told_apart
def distance_rubric(question: Rubric, a: Mapping[str, Any], b: Mapping[str, Any]) -> float:
    """The mean, over criteria that either answer has, of Krippendorff's interval metric between the scores; 1 for what only
    one has. Reasons are not compared."""
    parts = [
        interval_distance(a[c.name]["score"], b[c.name]["score"], c.low, c.high) if c.name in a and c.name in b else 1.0
        for c in question.criteria
        if c.name in a or c.name in b
    ]
    return sum(parts) / len(parts) if parts else 0.0


def _votes(question: Rubric, answer: Mapping[str, Any]) -> Iterator[Vote]:
    for c in question.criteria:
        if c.name in answer:
            yield Vote(c.name, "", scale_vote(c.low, c.high, answer[c.name]["score"]))


def narrow_rubric(question: Rubric, kept: Collection[str]) -> Rubric:
    """With only the criteria of `kept`."""
    return replace(question, criteria=tuple(one for one in question.criteria if one.name in kept))


def assemble_rubric(question: Rubric, found: Mapping[tuple[str, str], Any]) -> dict[str, dict[str, Any]] | None:
    """The inferred scores of the criteria that were asked for, without reasons; None if there are none."""
    scores = {c.name: scale_answer(c.low, c.high, found.get((c.name, ""))) for c in question.criteria}
    return {name: {"score": score, "reason": ""} for name, score in scores.items() if score is not None} or None


KINDS: dict[str, Kind] = {
    "rubric": Kind(
        read=read_rubric,
        validate=validate_rubric,
        distance=distance_rubric,
        aspects=lambda question: tuple(scale_aspect(c.name, c.low, c.high) for c in question.criteria),
        votes=_votes,
        assemble=assemble_rubric,
        example=Example(
            Rubric(
                "summary",
                criteria=(
                    Criterion("faithful", "أمين للنص", high=3, titles=("لا", "بعضه", "نعم"), reason="optional"),
                    Criterion("fluent", "سليم اللغة"),
                ),
            ),
            {"faithful": {"score": 2, "reason": "أضاف سنةً"}, "fluent": {"score": 5, "reason": ""}},
            {"faithful": {"score": 3, "reason": ""}, "fluent": {"score": 4, "reason": ""}},
            {"faithful": {"score": 2, "reason": ""}},
            {"text": "ملخص"},
        ),
        offers=lambda question: tuple(one.name for one in question.criteria),
        narrow=narrow_rubric,
    ),
}
