"""Fields of questions and of answers as they come from JSON, checked and worded in one place. Knows no kind."""

import math
from collections.abc import Mapping
from typing import Any

from tawsim.core.errors import BadInput
from tawsim.core.records import When
from tawsim.core.text import is_name, is_unicode

MAX_NAME_LENGTH = 60
MAX_TITLE_LENGTH = 1_000
MAX_COLUMN_LENGTH = 200
MAX_VALUES = 1_000
# As far as numbers of a browser are exact, more or less.
LARGEST = 1e15


def whole(data: Mapping[str, Any], field: str, default: int = 0) -> int:
    """A whole number of a question. Raises `BadInput`."""
    value = data.get(field, default)
    if isinstance(value, bool) or not isinstance(value, int):
        raise BadInput(f"“{data['name']}”: {field} is a whole number, not {value!r}.")
    return value


def flag(data: Mapping[str, Any], field: str, default: bool) -> bool:
    """True or false of a question. Raises `BadInput`."""
    value = data.get(field, default)
    if not isinstance(value, bool):
        raise BadInput(f"“{data['name']}”: {field} is true or false, not {str(value)[:40]!r}.")
    return value


def short_text(data: Mapping[str, Any], field: str, longest: int = MAX_TITLE_LENGTH) -> str:
    """A text of a question, at most `longest` code points. Raises `BadInput`."""
    value = data.get(field, "")
    if not isinstance(value, str) or len(value) > longest or not is_unicode(value):
        raise BadInput(f"“{data['name']}”: {field} is a text of at most {longest:,} characters.")
    return value


def decimal(data: Mapping[str, Any], field: str, default: float | None = None) -> int | float | None:
    """A finite number of a question, a whole one as int, or None. Raises `BadInput`."""
    value = data.get(field, default)
    if value is None:
        return None
    known = isinstance(value, int | float) and not isinstance(value, bool)
    if not known or (isinstance(value, float) and not math.isfinite(value)) or abs(value) > LARGEST:
        raise BadInput(f"“{data['name']}”: {field} is a number, not {str(value)[:40]!r}.")
    return int(value) if float(value).is_integer() else float(value)


def texts(data: Mapping[str, Any], field: str, most: int, longest: int = MAX_TITLE_LENGTH) -> tuple[str, ...]:
    """A list of at most `most` texts of a question. Raises `BadInput`."""
    value = data.get(field, ())
    if not isinstance(value, list | tuple) or len(value) > most:
        raise BadInput(f"“{data['name']}”: {field} is a list of at most {most:,} texts.")
    return tuple(short_text({"name": data["name"], field: one}, field, longest) for one in value)


def read_common(data: Mapping[str, Any]) -> dict[str, Any]:
    """name, title, required, when and on: what every question has. Raises `BadInput`."""
    name = data.get("name")
    if not isinstance(name, str) or not name.strip() or len(name) > MAX_NAME_LENGTH or not is_name(name):
        raise BadInput("A question needs a name of 1 to 60 printable characters.")
    return {
        "name": name,
        "title": short_text(data, "title"),
        "required": flag(data, "required", True),
        "when": _read_when(data),
        "on": short_text(data, "on", MAX_COLUMN_LENGTH),
    }


def _read_when(data: Mapping[str, Any]) -> When | None:
    when = data.get("when")
    if when is None:
        return None
    if not isinstance(when, Mapping) or not isinstance(when.get("question"), str):
        raise BadInput(f"“{data['name']}”: when names a question and the answers that count: {{question, is}}.")
    values = when.get("is")
    if not isinstance(values, list | tuple) or not 1 <= len(values) <= MAX_VALUES:
        raise BadInput(f"“{data['name']}”: when.is is a list of answers to “{when['question'][:60]}”.")
    if not all(isinstance(value, str | int | float | bool) and value == value for value in values):
        raise BadInput(f"“{data['name']}”: when.is holds texts and numbers only.")
    return When(when["question"], tuple(values))
