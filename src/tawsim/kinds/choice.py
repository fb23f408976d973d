"""Choice and choices: pick one label, or any number of labels, from the project's list. Pure; no store, no HTTP.

An answer to `Choice` is a label's value (text); to `Choices` a list of values, kept in the order of the question. With a
`separator` labels are paths of a tree, and answers in one branch are nearer than answers in two.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from tawsim.core.errors import BadAnswer, BadInput
from tawsim.core.records import Question
from tawsim.core.text import is_name
from tawsim.kinds.answers import brief, parsed
from tawsim.kinds.distances import told_apart
from tawsim.kinds.fields import whole
from tawsim.kinds.kind import Content, Example, Kind, by_labels, one_aspect, with_labels

MAX_LABELS = 10_000
MAX_LABEL_LENGTH = 200
MAX_SEPARATOR = 8


@dataclass(frozen=True, slots=True)
class Choice(Question):
    """Exactly one of `labels`. With a `separator`, labels are paths of a tree: News/Politics."""

    labels: tuple[str, ...] = ()
    separator: str = ""
    kind: Literal["choice"] = "choice"


@dataclass(frozen=True, slots=True)
class Choices(Question):
    """Between `at_least` and `at_most` of `labels` (0 = no upper limit)."""

    labels: tuple[str, ...] = ()
    at_least: int = 0
    at_most: int = 0
    separator: str = ""
    kind: Literal["choices"] = "choices"


def check_labels(labels: Any, at_least: int = 2) -> tuple[str, ...]:
    """The labels as a tuple, without outer spaces. Raises `BadInput` unless they are a list of `at_least` to 10,000
    different texts of 1 to 200 printable characters."""
    if not isinstance(labels, Sequence) or isinstance(labels, str):
        raise BadInput("A question needs a list of labels.")
    if not all(isinstance(label, str) for label in labels):
        raise BadInput("Labels are texts.")
    clean = tuple(label.strip() for label in labels)
    if len(clean) < at_least:
        raise BadInput(
            "A question needs at least two labels."
            if at_least == 2
            else f"A question needs {at_least} labels or more.",
            "Name them: --labels positive,negative",
        )
    if len(clean) > MAX_LABELS:
        raise BadInput(f"{len(clean)} labels are more than the {MAX_LABELS} that a question may have.")
    for label in clean:
        if not label or len(label) > MAX_LABEL_LENGTH or not is_name(label):
            raise BadInput(f"The label {label[:40]!r} is empty, too long, or holds control characters.")
    seen: set[str] = set()
    for label in clean:
        if label in seen:
            raise BadInput(f"The label {label!r} is named twice.")
        seen.add(label)
    return clean


# Tuples of labels that were seen lately → their places. By identity: a hash of 10,000 labels would cost more than it saves.
_PLACES: dict[int, tuple[tuple[str, ...], dict[str, int]]] = {}
_REMEMBERED = 256


def places(labels: tuple[str, ...]) -> Mapping[str, int]:
    """Each label's place. Made once for a tuple of labels, so that an answer costs the same under 5 labels and 10,000."""
    found = _PLACES.get(id(labels))
    if found is None or found[0] is not labels:
        if len(_PLACES) >= _REMEMBERED:
            _PLACES.clear()
        found = _PLACES[id(labels)] = (labels, {label: place for place, label in enumerate(labels)})
    return found[1]


def validate_choice(question: Choice, answer: Any, _content: Content | None = None) -> str:
    """The answer in canonical form. Raises `BadAnswer` if it is not one of the labels."""
    if not isinstance(answer, str) or answer not in places(question.labels):
        raise BadAnswer(
            f"{brief(answer, 80)} is not a label of “{question.name}”.",
            "Expected one of: " + ", ".join(question.labels[:12]),
            question=question.name,
        )
    return answer


def validate_choices(question: Choices, answer: Any, _content: Content | None = None) -> list[str]:
    """The answer in canonical form: without repeats, in the question's order. Raises `BadAnswer`."""
    if not isinstance(answer, list | tuple) or not all(isinstance(one, str) for one in answer):
        raise BadAnswer(f"“{question.name}” wants a list of labels.", question=question.name)
    place = places(question.labels)
    unknown = [one for one in answer if one not in place]
    if unknown:
        raise BadAnswer(f"{brief(unknown[0], 80)} is not a label of “{question.name}”.", question=question.name)
    picked = sorted(set(answer), key=place.__getitem__)
    top = question.at_most or len(question.labels)
    if not question.at_least <= len(picked) <= top:
        raise BadAnswer(
            f"“{question.name}” wants {question.at_least} to {top} labels, not {len(picked)}.", question=question.name
        )
    return picked


@told_apart
def distance_choice(question: Choice, a: str, b: str) -> float:
    """Nominal distance: 0 if equal, else 1 (Krippendorff 2011). In a tree 1 - 2 c / (|a| + |b|), where |a| and |b| are the
    lengths of the two paths and c of what they have in common from the top (Wu and Palmer 1994)."""
    return 1.0 if not question.separator else _from_nearest([a], [b], question.separator)


@told_apart
def distance_choices(question: Choices, a: Sequence[str], b: Sequence[str]) -> float:
    """Jaccard distance of the two sets, 0..1; two empty answers are equal. In a tree the mean distance of a label to the
    nearest of the other answer, the mean of both directions."""
    if question.separator and a and b:
        return (_from_nearest(a, b, question.separator) + _from_nearest(b, a, question.separator)) / 2
    both, either = set(a) & set(b), set(a) | set(b)
    return 1.0 - len(both) / len(either) if either else 0.0


def _from_nearest(labels: Sequence[str], others: Sequence[str], separator: str) -> float:
    """The mean, over `labels`, of the tree distance to the nearest of `others`; linear in the number of both."""
    shortest: dict[tuple[str, ...], int] = {}
    for other in others:
        path = tuple(other.split(separator))
        for depth in range(1, len(path) + 1):
            shortest[path[:depth]] = min(len(path), shortest.get(path[:depth], len(path)))
    total = 0.0
    for label in labels:
        path = tuple(label.split(separator))
        near = (2 * k / (len(path) + shortest[path[:k]]) for k in range(1, len(path) + 1) if path[:k] in shortest)
        total += 1.0 - max(near, default=0.0)
    return total / len(labels)


def assemble_choices(question: Choices, found: Mapping[tuple[str, str], Any]) -> list[str] | None:
    """The inferred set in the question's order. It may hold fewer labels than `at_least`: nothing else was likely."""
    labels = parsed(found.get(("", "")))
    if labels is None:
        return None
    place = places(question.labels)
    return sorted({label for label in labels if label in place}, key=place.__getitem__)


def narrow_choices(question: Choices, kept: Collection[str]) -> Choices:
    """With only the labels of `kept`; as many as it asks for, and no more than there are."""
    found: Choices = with_labels(question, kept)
    many = len(found.labels)
    return replace(found, at_least=min(question.at_least, many), at_most=min(question.at_most, many))


def read_choice(data: Mapping[str, Any], common: Mapping[str, Any]) -> Choice:
    """A `Choice` from its JSON form."""
    labels = check_labels(data.get("labels"))
    return Choice(**common, labels=labels, separator=_separator(data, labels))


def read_choices(data: Mapping[str, Any], common: Mapping[str, Any]) -> Choices:
    """A `Choices` from its JSON form."""
    labels = check_labels(data.get("labels"))
    least, most = (whole(data, field) for field in ("at_least", "at_most"))
    if not (0 <= least <= len(labels) and (most == 0 or max(least, 1) <= most <= len(labels))):
        raise BadInput(f"“{data['name']}”: at_least {least} and at_most {most} do not fit {len(labels)} labels.")
    return Choices(**common, labels=labels, at_least=least, at_most=most, separator=_separator(data, labels))


def _separator(data: Mapping[str, Any], labels: Sequence[str]) -> str:
    value = data.get("separator", "")
    if not isinstance(value, str) or len(value) > MAX_SEPARATOR or not (value == "" or is_name(value.strip())):
        raise BadInput(f"a separator has up to {MAX_SEPARATOR} characters, such as /.")
    if value:
        if not value.strip():
            raise BadInput("a separator is more than a space.", "Such as /.")
        for label in labels:
            if not all(part.strip() for part in label.split(value)):
                raise BadInput(f"the label {label[:40]!r} has an empty part.", f"Parts are put together by {value!r}.")
    return value


KINDS: dict[str, Kind] = {
    "choice": Kind(
        read=read_choice,
        validate=validate_choice,
        distance=distance_choice,
        **one_aspect("choice", lambda question: question.labels),
        may_be=lambda question, value: isinstance(value, str) and value in places(question.labels),
        example=Example(
            Choice("sentiment", labels=("إيجابي", "سلبي", "mixed")), "إيجابي", "mixed", "غير موجود", {"text": "جيد"}
        ),
        **by_labels(),
    ),
    "choices": Kind(
        read=read_choices,
        validate=validate_choices,
        distance=distance_choices,
        **(one_aspect("choices", lambda question: question.labels) | {"assemble": assemble_choices}),
        may_be=lambda question, value: isinstance(value, str) and value in places(question.labels),
        example=Example(
            Choices("topics", labels=("سياسة", "رياضة/كرة", "رياضة/سباحة", "tech"), separator="/"),
            ["سياسة", "رياضة/كرة"],
            ["رياضة/سباحة"],
            ["اقتصاد"],
            {"text": "x"},
        ),
        **(by_labels() | {"narrow": narrow_choices}),
    ),
}
