"""What one column of a file is, from its name and its values: the rules, in the order in which they are tried.

Deterministic: the same rows give the same reading. What is made of all columns together stands in proposing.py.
"""

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from tawsim.core.text import is_name
from tawsim.intake import proposing_names as names
from tawsim.intake.columns import _CAMEL_ID, _ID_NAME

Role = Literal[
    "text", "markdown", "chat", "candidate", "candidates", "image", "audio", "label", "labels", "votes", "score", "number",
    "id", "url", "time", "surroundings", "table", "object", "tokens", "tags", "short", "empty",
]  # fmt: skip
MAX_LABEL = 80  # characters of a value that can be a label
MAX_TOLD = 300  # different values of a label that a sample may show

_MARKDOWN = re.compile(
    r"^#{1,6} \S|```|\*\*\S[^*\n]*\*\*|^\s*[-*] \S.*\n\s*[-*] \S|^\d+\. \S.*\n\d+\. \S|^\|.*\|$|\]\(|\$\$", re.M
)
_IMAGE = re.compile(r"[^\n]{1,255}\.(png|jpe?g|gif|webp|bmp|avif|svg|tiff?)", re.I)
_AUDIO = re.compile(r"[^\n]{1,255}\.(wav|mp3|ogg|opus|flac|m4a|aac|weba)", re.I)
_URL = re.compile(r"https?://\S+", re.I)
_TIME = re.compile(r"\d{4}-\d\d?-\d\d?([T ]\d\d?:\d\d.*)?|\d\d?[/.]\d\d?[/.]\d{2,4}( .*)?|\d\d?:\d\d(:\d\d)?")
_CODE = re.compile(r"(?=.*\d)[\w./:#-]{3,80}", re.A)
_BIO = re.compile(r"O|[BIESLU][-_].+")
_NUMBER = re.compile(r"[-+]?\d{1,18}(\.\d+)?([eE][-+]?\d{1,3})?")
_TRUTH = frozenset(["true", "false", "yes", "no", "نعم", "لا", "صح", "خطأ"])


@dataclass(frozen=True, slots=True)
class Reading:
    """What a column was read as: `why` is a code of WHY (proposing_words.py), `facts` its figures; `values` the different
    values of a label in their order; `form` how a conversation stands there; `length` mean characters of a text; `gaps`
    how many cells are empty."""

    column: str
    role: Role
    why: str
    facts: Mapping[str, Any] = field(default_factory=dict)
    values: tuple[str, ...] = ()
    form: str = ""
    length: float = 0.0
    gaps: int = 0


def read_column(name: str, cells: Sequence[Any], *, candidate: bool = False) -> Reading:
    """The reading of a column of the sample. `candidate`: its name stands in a group of such."""
    values = [_unpacked(cell) for cell in cells if not _blank(cell)]
    if not values:
        return Reading(name, "empty", "empty", gaps=len(cells))
    return replace(_read(name, values, candidate), gaps=len(cells) - len(values))


def _read(name: str, values: Sequence[Any], candidate: bool) -> Reading:
    if names.VOTES.match(names.plain(name)) and not candidate:
        return Reading(name, "votes", "votes")
    lists = [value for value in values if isinstance(value, list)]
    if len(lists) * 10 >= len(values) * 9:
        found = _read_lists(name, lists)
        compared = candidate and found.role == "chat"
        return replace(found, role="candidate", why="candidate", form="chat") if compared else found
    if sum(isinstance(value, dict) for value in values) * 10 >= len(values) * 9:
        return Reading(name, "object", "object")
    if all(isinstance(value, bool) for value in values):
        return _label(name, values, "yes_no")
    texts = [value if isinstance(value, str) else json.dumps(value, ensure_ascii=False) for value in values]
    numbers = [text.strip() for text in texts if _NUMBER.fullmatch(text.strip())]
    if len(numbers) * 20 >= len(texts) * 19:
        return _read_numbers(name, numbers)
    return _read_texts(name, texts, candidate)


def _blank(cell: Any) -> bool:
    return cell is None or (isinstance(cell, str) and not cell.strip()) or cell == [] or cell == {}


def _unpacked(cell: Any) -> Any:
    """The list or object that a text holds as JSON, if it does."""
    if not isinstance(cell, str) or cell.lstrip()[:1] not in ("[", "{"):
        return cell
    try:
        found = json.loads(cell)
    except (ValueError, RecursionError):
        return cell
    return found if isinstance(found, list | dict) else cell


def _read_lists(name: str, lists: Sequence[list[Any]]) -> Reading:
    parts = [part for one in lists for part in one]
    if all(isinstance(part, dict) for part in parts):
        form = next((form for form, keys in _FORMS.items() if all(keys <= part.keys() for part in parts)), "")
        if form:
            return Reading(name, "chat", "messages", form=form)
        given = any({"annotator", "worker", "rater"} & part.keys() for part in parts)
        return Reading(name, "votes", "votes") if given else Reading(name, "table", "table")
    if all(isinstance(part, list) for part in parts):
        inner = [one for part in parts for one in part]
        if not inner or _are_tags(inner):
            return Reading(name, "tags", "tags_nested", values=labels_of_tags(inner), form="nested")
        return Reading(name, "table", "table")
    if not all(isinstance(part, str) for part in parts):
        return Reading(name, "object", "object")
    return _read_lists_of_texts(name, lists, parts)


_FORMS: Mapping[str, frozenset[str]] = {
    "role_content": frozenset({"role", "content"}),
    "from_value": frozenset({"from", "value"}),
}


def _read_lists_of_texts(name: str, lists: Sequence[list[Any]], parts: Sequence[str]) -> Reading:
    simple = names.plain(name)
    if _are_tags(parts):
        values = labels_of_tags(parts)
        return Reading(name, "tags", "tags", {"values": ", ".join(values[:12])}, values)
    many = sum(map(len, lists)) >= 4 * len(lists)
    spaced = sum(" " in part.strip() for part in parts)
    if simple in names.TOKENS or (many and spaced * 20 <= len(parts) and len(set(parts)) > 60):
        return Reading(name, "tokens", "tokens")
    different = sorted({part.strip() for part in parts})
    few = len(different) <= MAX_TOLD and 3 * len(different) <= max(len(parts), 1) * 2 and _words(different) <= 4
    if len(different) >= 2 and all(0 < len(part) <= MAX_LABEL and is_name(part) for part in different) and few:
        return Reading(name, "labels", "list_of_labels", {"n": len(different)}, tuple(different))
    if min(map(len, lists)) >= 2:
        return Reading(
            name, "candidates", "list_of_texts", length=sum(map(len, parts)) / len(parts), form=_width(lists)
        )
    return Reading(name, "object", "object")


def _width(lists: Sequence[list[Any]]) -> str:
    return "two" if all(len(one) == 2 for one in lists) else "several"


def _are_tags(parts: Sequence[Any]) -> bool:
    return all(isinstance(part, str) and _BIO.fullmatch(part) for part in parts) and any(part != "O" for part in parts)


def labels_of_tags(tags: Iterable[str]) -> tuple[str, ...]:
    """B-ORG, I-ORG, O → ORG; in order."""
    found = {tag[2:].strip() for tag in tags if tag != "O"}
    return tuple(sorted(name for name in found if name and is_name(name) and len(name) <= 200))


def _read_numbers(name: str, texts: Sequence[str]) -> Reading:
    simple = names.plain(name)
    numbers = [float(text) for text in texts]
    whole = all(number.is_integer() for number in numbers)
    facts = {"low": _short(min(numbers)), "high": _short(max(numbers))}
    different = sorted(set(texts), key=float)
    if _is_id(name):
        return Reading(name, "id", "id_name", form="number")
    if names.TIMES.search(simple) and (min(numbers) >= 1e8 or not whole):
        return Reading(name, "time", "time")
    if simple in names.SCORES and whole and len(different) <= 11 and max(numbers) - min(numbers) <= 10:
        return Reading(name, "score", "score", facts)
    if simple in names.SURROUNDINGS:
        return Reading(name, "surroundings", "surroundings")
    if names.is_label(simple) and whole and 2 <= len(different) <= 100 and len(texts) >= 2 * len(different):
        return Reading(name, "label", "label_name", {"n": len(different)}, tuple(different), form="codes")
    return Reading(name, "number", "number", facts)


def _short(number: float) -> str:
    return f"{number:g}"


def _is_id(name: str) -> bool:
    return bool(_ID_NAME.search(name.strip()) or _CAMEL_ID.search(name.strip()))


def _most(texts: Sequence[str], test: Callable[[str], object]) -> bool:
    return sum(bool(test(text.strip())) for text in texts) * 10 >= len(texts) * 9


def _read_texts(name: str, texts: Sequence[str], candidate: bool) -> Reading:
    simple = names.plain(name)
    example = {"example": texts[0].strip()[:60]}
    if _most(texts, lambda text: text[:11].lower() == "data:image/"):
        return Reading(name, "image", "image_data")
    if _most(texts, lambda text: text[:11].lower() == "data:audio/"):
        return Reading(name, "audio", "audio_data")
    if _most(texts, _URL.fullmatch):
        return Reading(name, "url", "url")
    if _most(texts, _IMAGE.fullmatch):
        return Reading(name, "image", "image_name", example)
    if _most(texts, _AUDIO.fullmatch):
        return Reading(name, "audio", "audio_name", example)
    if _is_id(name):
        return Reading(name, "id", "id_name")
    if _most(texts, _TIME.fullmatch):
        return Reading(name, "time", "time")
    length = sum(map(len, texts)) / len(texts)
    if candidate:
        return Reading(name, "candidate", "candidate", form=_form(texts), length=length)
    return _read_few(name, simple, texts) or _read_words(name, simple, texts, length)


def _read_few(name: str, simple: str, texts: Sequence[str]) -> Reading | None:
    """Few different short values, or None."""
    different = sorted({text.strip() for text in texts})
    words = _words(different)
    if simple in names.SURROUNDINGS and words < 4:
        return Reading(name, "surroundings", "surroundings")
    short = all(len(value) <= MAX_LABEL and is_name(value) for value in different)
    if not short or not 2 <= len(different) <= MAX_TOLD or simple in names.TEXTS - {"question"}:
        return None
    if {value.casefold() for value in different} <= _TRUTH and len(different) == 2:
        return _label(name, texts, "yes_no")
    if (
        names.is_label(simple)
        and len(texts) >= 2 * len(different)
        and (words < 4 or simple not in {*names.RESPONSES, "target"})
    ):
        return _label(name, texts, "label_name")
    if len(texts) >= 10 and len(texts) >= 4 * len(different) and len(different) <= 100 and words <= 4:
        return _label(name, texts, "label_values")
    return None


def _read_words(name: str, simple: str, texts: Sequence[str], length: float) -> Reading:
    several = sum(len(text.split()) >= 3 for text in texts) * 2 >= len(texts)
    if not any(c.isalpha() for text in texts for c in text):
        return Reading(name, "short", "short")
    if not several and len(set(texts)) == len(texts) > 1 and _most(texts, _CODE.fullmatch):
        return Reading(name, "id", "id_values")
    named = simple in names.TEXTS or simple in names.PROMPTS or simple in names.RESPONSES
    if not several and not named:
        return Reading(name, "short", "short", length=length)
    if _form(texts) == "markdown":
        return Reading(name, "markdown", "markdown", form="markdown", length=length)
    why = "prompt" if simple in names.PROMPTS else "response" if simple in names.RESPONSES else ""
    if not why:
        why = "text_name" if simple in names.TEXTS else "text_long"
    return Reading(name, "text", why, {"length": round(length)}, form="text", length=length)


def _words(values: Sequence[str]) -> float:
    """Words of a value on average."""
    return sum(len(value.split()) for value in values) / max(len(values), 1)


def _form(texts: Sequence[str]) -> str:
    return "markdown" if sum(bool(_MARKDOWN.search(text)) for text in texts) * 5 >= len(texts) else "text"


def _label(name: str, values: Sequence[Any], why: str) -> Reading:
    written = {str(value).strip() for value in values} | ({"True", "False"} if isinstance(values[0], bool) else set())
    return Reading(name, "label", why, {"n": len(written)}, tuple(sorted(written)))
