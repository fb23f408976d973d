"""What one task asks, as this room holds it: parts (a question, and how its answer is said in Scale's form), what is shown,
and names and labels that Tawsim takes. Which type asks what stands in the modules that build forms; nothing is decided here.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from tawsim.core.errors import BadInput
from tawsim.core.text import is_name
from tawsim.kinds.choice import MAX_LABEL_LENGTH, MAX_LABELS
from tawsim.scale.plain import digest, refuse

# Longer names end in a fingerprint; room is left for that of another question of the name (merging.py).
LONGEST_NAME = 50
# How merging tells two questions of one name apart.
OTHER = re.compile(r"~[0-9a-f]{8}$")
LONGEST_TITLE = 1_000
# Stands for “none of it” where there is one thing to choose: a question has two labels at least.
NOTHING = "—"
SEPARATORS = (" / ", " › ", " | ", " » ", " ¦ ")


class NoScreen(Exception):
    """Sound, and nobody can label it here yet: no error of who sent it. The text says what is missing."""


@dataclass(frozen=True, slots=True)
class Attachment:
    """Something to fetch before the task can be shown: its bytes (image, audio) become a medium, its text (text) the value,
    and `column` of the row holds the medium's name or the text."""

    url: str
    column: str
    kind: str


@dataclass(frozen=True)  # without slots, for what is worked out once
class Labels:
    """What can be chosen: the label here → the path of values there. With a `separator`, labels are paths too."""

    paths: Mapping[str, tuple[Any, ...]]
    separator: str = ""

    @property
    def shown(self) -> tuple[str, ...]:
        return tuple(self.paths)

    @cached_property
    def places(self) -> Mapping[str, int]:
        """Each label's place, from 0."""
        return {label: place for place, label in enumerate(self.paths)}

    @cached_property
    def _meant(self) -> Mapping[Any, str]:
        """Path → label, and of paths of several steps the last one alone, where that says which is meant first."""
        found: dict[Any, str] = {}
        for label, path in self.paths.items():
            found.setdefault(key_of(path), label)
        for label, path in self.paths.items():
            found.setdefault(key_of(path[-1:]), label)
        return found

    def label_of(self, given: Any) -> str | None:
        """The label of a path, of its last value, or of itself; None if nothing is meant."""
        path = tuple(given) if isinstance(given, list | tuple) else (given,)
        if not all(isinstance(step, str | int | float) for step in path):
            return None
        label = self._meant.get(key_of(path))
        if label is None and len(path) == 1 and path[0] in self.paths:
            label = str(path[0])
        return label


def key_of(path: Sequence[Any]) -> tuple[Any, ...]:
    """A path as it is told from others: true is not 1."""
    return tuple((isinstance(step, bool), step) for step in path)


NO_LABELS = Labels({})


@dataclass(frozen=True, slots=True)
class Part:
    """A question, and how its answer is said: `says` names a way of wording.py, `key` is what the response calls it by,
    `type` the type of the field as it was sent."""

    question: Mapping[str, Any]
    key: str
    says: str
    labels: Labels = NO_LABELS
    type: str = ""


@dataclass(frozen=True, slots=True)
class Form:
    """All that a task asks and shows, before its instruction. `about`: help for labels, as Markdown lines."""

    parts: tuple[Part, ...]
    content: tuple[Mapping[str, Any], ...] = ()
    row: Mapping[str, Any] = field(default_factory=dict)
    attachments: tuple[Attachment, ...] = ()
    about: tuple[str, ...] = ()


# ---- names --------------------------------------------------------------------------------------------------------
def cleaned(text: str) -> str:
    """The text on one line, without what a name may not hold."""
    return " ".join((text if is_name(text) else "".join(c if is_name(c) else " " for c in text)).split())


def name_of(text: str, taken: Sequence[str] = ()) -> str:
    """A question's name: the text itself wherever it can be one, else its beginning and a fingerprint."""
    if text and len(text) <= LONGEST_NAME and cleaned(text) == text and not OTHER.search(text) and text not in taken:
        return text
    return f"{cleaned(text)[: LONGEST_NAME - 9]}·{digest(text, text in taken)[:8]}"


def titled(*pieces: str) -> str:
    """A title of these pieces, those that say something, on one line and not too long."""
    found: list[str] = []
    for piece in pieces:
        text = cleaned(piece)
        if text and text not in found:
            found.append(text)
    whole = " — ".join(found)
    return whole if len(whole) <= LONGEST_TITLE else whole[: LONGEST_TITLE - 1] + "…"


def column_of(row: Mapping[str, Any], name: str) -> str:
    """A column of this name, or with the next number where the row has it already."""
    if name not in row:
        return name
    return next(f"{name} {n}" for n in range(2, len(row) + 3) if f"{name} {n}" not in row)


# ---- labels -------------------------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Option:
    """Something to choose as it was sent: its path of values, the words for each step, and what is said of it."""

    path: tuple[Any, ...]
    words: tuple[str, ...]
    about: str = ""


def labels_of(options: Sequence[Option], field: str, *, least: int = 1) -> Labels:
    """A label for every option: its words, made different where two have the same. Raises `BadInput` for none, for too many,
    and for a value that is there twice."""
    if len(options) < least:
        refuse(field, "is required: it names what can be chosen." if not options else f"needs {least} or more.")
    if len(options) > MAX_LABELS:
        refuse(field, f"holds {len(options):,}; {MAX_LABELS:,} is the most.")
    separator = _separator(options)
    found: dict[str, tuple[Any, ...]] = {}
    seen: set[Any] = set()
    for one in options:
        key = key_of(one.path)
        if key in seen:
            refuse(field, f"names {str(one.path[-1])[:60]!r} twice.")
        seen.add(key)
        label = _label(one, separator)
        if label in found or label == NOTHING:
            label = _label(one, separator, digest(list(one.path))[:12])
        if label in found:  # made to look like another's
            raise BadInput(f"`{field}` holds two labels that look the same: {label[:60]!r}.", field=field)
        found[label] = one.path
    return Labels(found, separator)


def _separator(options: Sequence[Option]) -> str:
    """What stands between the steps of paths: nothing that a word holds; "" where no path has two steps, or one is too long."""
    if all(len(one.words) == 1 for one in options):
        return ""
    words = [cleaned(word) for one in options for word in one.words]
    longest = max(sum(len(cleaned(word)) + 3 for word in one.words) for one in options)
    if longest + 10 > MAX_LABEL_LENGTH or not all(words):
        return ""
    return next((one for one in SEPARATORS if not any(one.strip() in word for word in words)), "")


def _label(option: Option, separator: str, mark: str = "") -> str:
    text = (separator or " › ").join(cleaned(word) for word in option.words)
    tail = f" ({mark})" if mark else ""
    if len(text) + len(tail) > MAX_LABEL_LENGTH:
        tail = f"… ({digest(list(option.path))[:12]})"
        text = text[: MAX_LABEL_LENGTH - len(tail)]
    return (text + tail).strip() or f"({digest(list(option.path))[:12]})"


def with_nothing(labels: Labels) -> Labels:
    """Labels with “none of it” where there is one alone: a question has two at least."""
    return Labels({**labels.paths, NOTHING: ()}) if len(labels.paths) == 1 else labels


def help_of(options: Sequence[Option], labels: Labels, heading: str = "") -> tuple[str, ...]:
    """What was said of the options, as lines of Markdown; none where nothing was."""
    said = [(label, one.about) for label, one in zip(labels.paths, options, strict=False) if one.about]
    if not said:
        return ()
    top = (f"**{escaped(heading)}**", "") if heading else ()
    return (*top, *(f"- **{escaped(label)}** — {' '.join(about.split())}" for label, about in said), "")


def escaped(text: str) -> str:
    """Words that Markdown leaves as they are."""
    return re.sub(r"([\\`*_\[\]<>#|$])", r"\\\1", text)
