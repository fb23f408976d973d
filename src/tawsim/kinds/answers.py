"""Parts of answers as they come from outside (numbers, texts, lists, objects), checked and worded in one place. Knows no kind.

Everything here raises `BadAnswer` that names the question. Canonical: whole numbers are ints, other numbers are floats with
the digits that the kind keeps; texts are Unicode with \\n.
"""

import json
import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import islice
from typing import Any

from tawsim.core.errors import BadAnswer
from tawsim.core.records import Question
from tawsim.core.text import is_unicode, newlines

# Whole numbers of a browser are exact up to here, more or less.
LARGEST = 1e15


def bad(question: Question, message: str, hint: str = "", **details: Any) -> BadAnswer:
    """The error to raise."""
    return BadAnswer(f"“{question.name}”: {message}", hint, question=question.name, **details)


def brief(value: Any, longest: int = 40) -> str:
    """A value for a message: short, and without what a terminal or a page could take amiss."""
    text = repr(value[: longest + 1] if isinstance(value, str | list | tuple) else value)
    return text if len(text) <= longest + 3 else text[:longest] + "…"


def as_object(
    question: Question, value: Any, needed: Iterable[str] = (), known: Iterable[str] = (), what: str = "the answer"
) -> Mapping[str, Any]:
    """An object that has the `needed` fields, and no others but the `known` ones."""
    needed, known = tuple(needed), tuple(known)
    if not isinstance(value, Mapping):
        raise bad(question, f"{what} is an object with {', '.join((*needed, *known))}, not {brief(value)}.")
    for field in needed:
        if field not in value:
            raise bad(question, f"{what} has no {field}.", field=field)
    for field in value:
        if field not in needed and field not in known:
            raise bad(question, f"{what} has the unknown field {brief(field)}.")
    return value


def as_list(question: Question, value: Any, longest: int, what: str) -> Sequence[Any]:
    """A list of at most `longest`."""
    if not isinstance(value, list | tuple):
        raise bad(question, f"{what} come as a list, not as {brief(value)}.")
    if len(value) > longest:
        raise bad(question, f"{len(value):,} {what} are more than the {longest:,} that an answer may hold.")
    return value


def as_number(question: Question, value: Any, what: str = "the answer", digits: int | None = None) -> int | float:
    """A finite number of at most 10¹⁵, rounded to `digits` after the point; a whole one as int, and never -0."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise bad(question, f"{what} is a number, not {brief(value)}.")
    if (isinstance(value, float) and not math.isfinite(value)) or abs(value) > LARGEST:
        raise bad(question, f"{what} is finite and at most {LARGEST:g}, not {brief(value)}.")
    return tidy(value if digits is None else round(value, digits))


def as_whole(question: Question, value: Any, what: str = "the answer") -> int:
    """A whole number; 3.0 is one."""
    found = as_number(question, value, what)
    if not isinstance(found, int):
        raise bad(question, f"{what} is a whole number, not {brief(value)}.")
    return found


def as_text(question: Question, value: Any, longest: int, what: str = "the answer") -> str:
    """A text of at most `longest` code points, line endings as \\n; half characters are refused."""
    if not isinstance(value, str):
        raise bad(question, f"{what} is a text, not {brief(value)}.")
    # Before anything is copied: no line ending becomes longer.
    if len(value) > 2 * longest or len(found := newlines(value)) > longest:
        raise bad(question, f"{what} is longer than {longest:,} characters.")
    if not is_unicode(found):
        raise bad(question, f"{what} holds half a character (a lone surrogate).", "Send the text as UTF-8.")
    return found


def as_label(question: Question, value: Any, labels: Collection[str], what: str = "the label") -> str:
    """One of the labels: of many that are looked up often, by their `places`."""
    if not isinstance(value, str) or value not in labels:
        some = ", ".join(islice(labels, 12))
        raise bad(question, f"{brief(value)} is none of the labels.", f"Labels: {some}", what=what)
    return value


def tidy(value: int | float) -> int | float:
    """A whole number as int; any other as it is."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def parsed(value: Any) -> Any:
    """What a file's column or the truth holds as JSON text, as lists and objects; any other value as it is."""
    if isinstance(value, str) and value.lstrip()[:1] in ("[", "{"):
        try:
            return json.loads(value)
        except (ValueError, RecursionError):
            return value
    return value
