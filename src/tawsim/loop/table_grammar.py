"""The language of filters: text as it stands in an address → a `Query` of typed terms, and back. Nothing is looked up here.

    state:open accepted<2 p<0.8 label:سلبي -tag:hard worker:"Layla"|"Omar" due<2026-12-01 text:"some words" sort:-p

Terms are joined by “and”, the values of one term by “or” (`|`), and a dash before a term turns it round. That is all the
depth there is. Names come from table_names.py; values are typed and bounded, and never reach a statement as text of it.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Literal, NoReturn

from tawsim.core.errors import BadInput
from tawsim.core.records import Role
from tawsim.core.text import is_unicode
from tawsim.loop.table_names import NAMES, Name, names_for

MAX_LENGTH = 2_000
MAX_TERMS = 20
MAX_VALUES = 50
MAX_VALUE = 200
MAX_NUMBER = 2**53
LEAST_SEARCH = 3  # characters; the index of words knows nothing shorter
Operator = Literal[":", "<", "<=", ">", ">="]
TODAY = "today"

_GAP = re.compile(r"\s*")
_HEAD = re.compile(r"(-?)([^\s\"|:<>=]+)(<=|>=|[:<>=])")
_BARE = re.compile(r"[^\s\"|]+")
_QUOTED = re.compile(r'"((?:[^"\\]|\\["\\])*)"')
_PLAIN = re.compile(r"[^\s\"|\\-][^\s\"|\\]*")
_WHOLE = re.compile(r"[+-]?[0-9]{1,16}")
_SHARE = re.compile(r"[0-9]{0,3}(?:\.[0-9]{1,20})?(?:e-[0-9]{1,3})?")
_DAY = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})")
# Marks that turn the text around them: they come along when Arabic is copied, and are no part of a word.
_TURNING = dict.fromkeys([0x61C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A), 0xFEFF])
# Digits as they are written in Arabic and Persian, their decimal sign and per cent; the minus sign of typographers.
_DIGITS = {0x660 + i: str(i) for i in range(10)} | {0x6F0 + i: str(i) for i in range(10)}
_DIGITS |= {0x66B: ".", 0x66A: "%", 0x2212: "-"}


@dataclass(frozen=True, slots=True)
class Between:
    """From `low` to `high`, both included."""

    low: int | float | date
    high: int | float | date


# None is the word `none`; "none" in quotes is a name like any other.
Value = int | float | date | str | Between | None


@dataclass(frozen=True, slots=True)
class Term:
    """One condition: any of `values`. A date may be the word "today"; a flag is 1 or 0."""

    name: str
    operator: Operator
    values: tuple[Value, ...]
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Query:
    """All of `terms`, in the order of `sort` (a name that sorts); what is equal stands in the order of `seq`."""

    terms: tuple[Term, ...] = ()
    sort: str = "seq"
    descending: bool = False


def clean(text: str) -> str:
    """A value as it is compared: without marks that turn text, with single spaces."""
    return " ".join(text.translate(_TURNING).split())


# ---- reading -------------------------------------------------------------------------------------------------------
def parse(text: str, role: Role = "owner") -> Query:
    """The query. Raises BadInput with `place` and `length` (code points) of what is not understood in its details."""
    if not isinstance(text, str) or len(text) > MAX_LENGTH:
        raise BadInput(f"A filter has at most {MAX_LENGTH:,} characters.", place=0, length=0)
    if not is_unicode(text):
        raise BadInput("The filter holds half of a surrogate pair, which is no character.", place=0, length=0)
    terms: list[Term] = []
    sort: tuple[str, bool] | None = None
    for place, negated, name, operator, values in _terms(text):
        if name == "sort":
            if sort is not None or negated:
                _refuse(
                    place, 4, "One sort: says it all; a dash before its name turns it round.", "For example sort:-p"
                )
            sort = _read_sort(place, operator, values, role)
            continue
        if len(terms) == MAX_TERMS:
            _refuse(place, len(name), f"A filter has at most {MAX_TERMS} terms.", "Leave some out.")
        terms.append(_read_term(place, negated, name, operator, values, role))
    key, descending = sort or ("seq", False)
    return Query(tuple(terms), key, descending)


_Values = list[tuple[int, str, bool]]  # place, text, whether it stood in quotes


def _terms(text: str) -> Iterator[tuple[int, bool, str, str, _Values]]:
    """(place, negated, name, operator, values) of each term; bare words are terms of `text`."""
    at = _end(_GAP, text, 0)
    while at < len(text):
        # A mark that turns text may stand before a name, where nobody sees it.
        while at < len(text) and ord(text[at]) in _TURNING:
            at = _end(_GAP, text, at + 1)
        if at == len(text):
            return
        place = at
        head = _HEAD.match(text, at)
        if head is not None:
            negated, name, operator = head[1] == "-", clean(head[2]).lower(), head[3]
            values, at = _values(text, head.end())
        else:
            negated, name, operator = text[at] == "-" and len(text) > at + 1, "text", ":"
            values, at = _values(text, at + negated)
        yield place, negated, name, ":" if operator == "=" else operator, values
        after = _end(_GAP, text, at)
        if after == at < len(text):
            _refuse(at, 1, "Something stands right behind a value.", "Put a space between terms.")
        at = after


def _end(pattern: re.Pattern[str], text: str, at: int) -> int:
    found = pattern.match(text, at)
    return at if found is None else found.end()


def _values(text: str, at: int) -> tuple[_Values, int]:
    found: _Values = []
    while True:
        place = at
        quoted = _QUOTED.match(text, at)
        bare = None if quoted is not None else _BARE.match(text, at)
        if quoted is not None:
            value, at = clean(re.sub(r"\\(.)", r"\1", quoted[1])), quoted.end()
        elif bare is not None:
            value, at = clean(bare[0]), bare.end()
        elif text[at : at + 1] == '"':
            _refuse(at, len(text) - at, "A quotation mark is not closed.", 'Write "so", and \\" for one inside.')
        else:
            _refuse(max(0, at - 1), 1, "A value is missing here.", "For example state:open")
        if not value:
            _refuse(place, max(1, at - place), "This value is empty.", "For what is not there, write none.")
        if len(value) > MAX_VALUE:
            _refuse(place, at - place, f"A value has at most {MAX_VALUE} characters.", "Shorten it.")
        found.append((place, value, quoted is not None))
        if len(found) > MAX_VALUES:
            _refuse(place, at - place, f"A term has at most {MAX_VALUES} values.", "Leave some out.")
        if text[at : at + 1] != "|":
            return found, at
        at += 1


def _refuse(place: int, length: int, message: str, hint: str) -> NoReturn:
    raise BadInput(message, hint, place=place, length=length)


def _name(place: int, name: str, role: Role) -> Name:
    found = NAMES.get(name)
    if found is None or role not in found.roles:
        known = ", ".join(one.name for one in names_for(role))
        _refuse(
            place, len(name), f"There is no name “{name[:40]}” to filter by (at character {place + 1}).",
            f"Names: {known}, and sort. Put words with a colon in quotes.",
        )  # fmt: skip
    return found


def _read_sort(place: int, operator: str, values: _Values, role: Role) -> tuple[str, bool]:
    where, value, _ = values[0]
    name = value[1:] if value.startswith("-") else value
    known = [one.name for one in names_for(role) if one.sorts]
    if operator != ":" or len(values) > 1 or name not in known:
        _refuse(
            where, len(value), f"One cannot sort by “{name[:40]}” (at character {where + 1}).",
            "Sort by: " + ", ".join(known) + "; with a dash before it from high to low.",
        )  # fmt: skip
    return name, value.startswith("-")


def _read_term(place: int, negated: bool, name: str, operator: str, values: _Values, role: Role) -> Term:
    known = _name(place + negated, name, role)
    if operator not in known.operators:
        _refuse(
            place, len(name) + negated + 1, f"“{name}” is compared by a colon only.", f"For example {_example(known)}"
        )
    if operator != ":" and len(values) > 1:
        _refuse(
            values[1][0], len(values[1][1]), f"“{name}{operator}” takes one value.", "Several stand behind a colon."
        )
    read = tuple(_read(known, operator, *one) for one in values)
    return Term(name, operator, read, negated)  # type: ignore[arg-type]


def _read(name: Name, operator: str, place: int, text: str, quoted: bool) -> Value:
    """One value of the name's type."""
    if text == "none" and not quoted and operator == ":" and name.type in ("date", "name"):
        return None
    if name.type == "name":
        return text
    if name.type == "text":
        if len(text) < LEAST_SEARCH:
            _refuse(
                place, len(text), f"A search needs {LEAST_SEARCH} characters at least.", "Add some, or quote two words."
            )
        return text
    if name.type == "flag" and text in ("yes", "no"):
        return int(text == "yes")
    if name.type == "word" and text in name.words:
        return text
    if name.type in ("number", "share", "date"):
        low, dots, high = text.translate(_DIGITS).partition("..")
        found = _scalar(name, low)
        if found is not None and not dots:
            return found
        end = _scalar(name, high) if dots else None
        if operator == ":" and _ordered(found, end):
            return Between(found, end)  # type: ignore[arg-type]
    _refuse(place, max(1, len(text)), f"“{text[:40]}” is not {_wanted(name)} (at character {place + 1}).",
            f"For example {_example(name)}")  # fmt: skip


def _ordered(low: int | float | date | str | None, high: int | float | date | str | None) -> bool:
    if low is None or high is None or isinstance(low, str) or isinstance(high, str):
        return False
    return low <= high  # type: ignore[operator]


def _scalar(name: Name, text: str) -> int | float | date | str | None:
    """A number, a share or a day; None where `text` is none."""
    if name.type == "number":
        whole = int(text) if _WHOLE.fullmatch(text) else None
        return whole if whole is not None and abs(whole) <= MAX_NUMBER else None
    if name.type == "share":
        hundredth = text.endswith("%")
        bare = text[:-1] if hundredth else text
        if not _SHARE.fullmatch(bare) or not bare[:1].isdigit():
            return None
        share = float(bare) / (100 if hundredth else 1)
        return share if share <= 1 else None
    if text == TODAY:
        return TODAY
    day = _DAY.fullmatch(text)
    try:
        return date(int(day[1]), int(day[2]), int(day[3])) if day is not None else None
    except ValueError:
        return None  # no such day


def _wanted(name: Name) -> str:
    return {
        "number": "a whole number", "share": "a share from 0 to 1 (or 80%)", "date": "a day that there is",
        "flag": "yes or no", "word": "one of " + ", ".join(name.words),
    }.get(name.type, "a value")  # fmt: skip


def _example(name: Name) -> str:
    values = {"number": "<2", "share": "<0.8", "date": "<2026-12-01", "flag": ":yes", "name": ':"…"', "text": ':"…"'}
    return name.name + values.get(name.type, f":{'|'.join(name.words[:2])}")


# ---- writing -------------------------------------------------------------------------------------------------------
def write(query: Query) -> str:
    """The text of a query: `parse` gives the same one back."""
    parts = [
        f"{'-' if term.negated else ''}{term.name}{term.operator}{'|'.join(_written_in(term, one) for one in term.values)}"
        for term in query.terms
    ]
    if query.sort != "seq" or query.descending:
        parts.append(f"sort:{'-' if query.descending else ''}{query.sort}")
    return " ".join(parts)


def write_term(name: str, *values: str) -> str:
    """A term with these names as its values, in quotes where they need them: for links from elsewhere."""
    return write(Query((Term(name, ":", tuple(clean(one) for one in values)),)))


def _written_in(term: Term, value: Value) -> str:
    return ("no", "yes")[bool(value)] if NAMES[term.name].type == "flag" else _written(value)


def _written(value: Value) -> str:
    if value is None:
        return "none"
    if isinstance(value, Between):
        return f"{_written(value.low)}..{_written(value.high)}"
    if not isinstance(value, str):
        return str(value)
    if value != "none" and _PLAIN.fullmatch(value):
        return value
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
