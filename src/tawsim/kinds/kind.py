"""What a kind of question is: the functions that each module beside this one gives. No kind is named here.

A kind says how a question is read from JSON, what a good answer is and its one canonical form, how far two answers are
apart, and which truth is inferred from many of them. Pure: no store, no HTTP, no arrays.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from tawsim.core.records import Question

# A task's row: column → value. Validation without it (None) checks all but what needs the row.
Content = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Aspect:
    """One thing that truth is inferred of. `truth` names a kind of answers of tawsim.truth.door (choice, choices, ordinal,
    numeric, pairwise, ranking, spans, text, boxes, polygons, keypoints); `levels` are the labels of choices and scales."""

    name: str
    truth: str
    levels: tuple[str, ...] = ()


class Vote(NamedTuple):
    """What one answer says about one aspect of one part of a task. `part` is "" where the aspect has the whole task;
    `left` and `right` are set for comparisons."""

    aspect: str
    part: str
    label: Any
    left: str = ""
    right: str = ""


@dataclass(frozen=True, slots=True)
class Example:
    """A question with two different good answers, a bad one, and a row that they are about."""

    question: Question
    one: Any
    other: Any
    bad: Any
    content: Content


def _no_columns(_question: Any) -> tuple[str, ...]:
    return ()


def _no_names(_question: Any) -> tuple[str, ...]:
    return ()


def _whole(question: Any, _kept: Collection[str]) -> Any:
    return question


def _no_candidates(_question: Any, _content: Content) -> tuple[str, ...]:
    return ()


def _same(_question: Any, answer: Any, _names: Mapping[str, str]) -> Any:
    return answer


def _never(_question: Any, _value: Any) -> bool:
    return False


@dataclass(frozen=True, slots=True)
class Kind:
    """What a kind of question can do.

    `read`: JSON → question (common fields are checked already); `validate`: question, answer, row → canonical answer or
    `BadAnswer`; `distance`: 0 (equal) to 1; `aspects`: what truth is inferred of; `votes`: an answer as votes on them;
    `assemble`: the inferred (aspect, part) → label back as an answer; `columns`: columns of the row that the question
    shows or reads by itself; `candidates`: the names of what is compared blind; `rename`: an answer with these replaced.

    `offers`: the names that one row may narrow (labels, criteria; none where a question is asked whole or not at all);
    `narrow`: the question with only those of `kept` on offer, in its own order. `distance` and `votes` of the whole question
    take answers to a narrowed one.

    `may_be`: whether an answer can have this single value, for a later question's `when`; never, where answers are more
    than a value. `rename` takes whatever came from outside, and leaves as it is what is no answer.
    """

    read: Callable[[Mapping[str, Any], Mapping[str, Any]], Any]
    validate: Callable[[Any, Any, Content | None], Any]
    distance: Callable[[Any, Any, Any], float]
    aspects: Callable[[Any], tuple[Aspect, ...]]
    votes: Callable[[Any, Any], Iterator[Vote] | Iterable[Vote]]
    assemble: Callable[[Any, Mapping[tuple[str, str], Any]], Any]
    example: Example
    columns: Callable[[Any], tuple[str, ...]] = _no_columns
    candidates: Callable[[Any, Content], tuple[str, ...]] = _no_candidates
    rename: Callable[[Any, Any, Mapping[str, str]], Any] = _same
    may_be: Callable[[Any, Any], bool] = _never
    offers: Callable[[Any], tuple[str, ...]] = _no_names
    narrow: Callable[[Any, Collection[str]], Any] = _whole


def on_column(question: Any) -> tuple[str, ...]:
    """`columns` of a kind that works on `question.on`."""
    return (question.on,) if question.on else ()


def with_labels(question: Any, kept: Collection[str]) -> Any:
    """`narrow` of a kind whose `labels` are all that is on offer."""
    return replace(question, labels=tuple(label for label in question.labels if label in kept))


def by_labels() -> dict[str, Any]:
    """`offers` and `narrow` of such a kind."""
    return {"offers": lambda question: question.labels, "narrow": with_labels}


def one_aspect(truth: str, levels: Callable[[Any], Sequence[str]] = lambda _question: ()) -> dict[str, Any]:
    """`aspects`, `votes` and `assemble` of a kind whose whole answer is one label of one aspect, named ""."""
    return {
        "aspects": lambda question: (Aspect("", truth, tuple(levels(question))),),
        "votes": lambda _question, answer: (Vote("", "", answer),),
        "assemble": lambda _question, found: found.get(("", "")),
    }
