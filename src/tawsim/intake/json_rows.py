"""Rows of JSON Lines, and of one JSON list, as a stream. Stricter than Python's own parser.

Refused, with row and column: NaN and Infinity, numbers beyond 64 bits, a key that stands twice, lone surrogates, NUL,
nesting over 64 levels. A list is read with the standard library's scanner over a moving window, so that no further
parser has to be installed (docs/log/ has the figures).
"""

import json
import re
from collections.abc import Iterator
from typing import Any

from tawsim.intake.decode import line_too_long, plain_lines
from tawsim.intake.limits import (
    MAX_CELL,
    MAX_COLUMNS,
    MAX_DEPTH,
    MAX_INTEGER,
    MAX_ROW,
    MAX_VALUES,
    MIN_INTEGER,
    Trouble,
    shown,
    too_many_values,
)

_SPACE = re.compile(r"[ \t\r\n]*")
_SURROGATE = re.compile("[\ud800-\udfff]")
_KINDS = {list: "a list", str: "text", int: "a number", float: "a number", bool: "true or false", type(None): "null"}


class _Refused:
    """Stands in a parsed row for a value that is not allowed, until its column is known."""

    def __init__(self, why: str) -> None:
        self.why = why


class RowParser:
    """Parses one object at a place of a text, and checks what Python's parser lets through."""

    def __init__(self) -> None:
        self._suspicious = False
        self._parse = json.JSONDecoder(
            object_pairs_hook=self._object,
            parse_constant=lambda word: self._refuse(f"{word} is no JSON number. Write null for a missing one."),
            parse_int=self._integer,
            parse_float=self._float,
        ).raw_decode

    def _refuse(self, why: str) -> _Refused:
        self._suspicious = True
        return _Refused(why)

    def _object(self, pairs: list[tuple[str, Any]]) -> Any:
        found = dict(pairs)
        if len(found) < len(pairs):
            keys = [key for key, _ in pairs]
            twice = next(key for place, key in enumerate(keys) if key in keys[:place])
            return self._refuse(f"the key {shown(twice)} stands twice in one object.")
        return found

    def _integer(self, digits: str) -> Any:
        # Twenty characters hold every 64-bit number; longer ones are not even converted (quadratic in their length).
        if len(digits) <= 20 and MIN_INTEGER <= (value := int(digits)) <= MAX_INTEGER:
            return value
        return self._refuse(f"the number {shown(digits)} has more than 64 bits. Put it in quotation marks.")

    def _float(self, digits: str) -> Any:
        value = float(digits)
        if value in (float("inf"), float("-inf")):
            return self._refuse(f"the number {shown(digits)} is too big. Put it in quotation marks.")
        return value

    def parse(self, text: str, start: int) -> tuple[dict[str, Any], int]:
        """The object that begins at `start`, and where it ends. Raises `Trouble`, or `JSONDecodeError` as it comes."""
        self._suspicious = False
        # Counting takes a millisecond, and nearly no row is this long.
        if len(text) - start > MAX_VALUES and sum(text.count(one, start) for one in ",[{") > MAX_VALUES:
            raise too_many_values()
        try:
            row, end = self._parse(text, start)
        except RecursionError:
            raise _too_deep() from None
        if isinstance(row, _Refused):
            raise Trouble(row.why)
        if not isinstance(row, dict):
            kind = _KINDS[type(row)]
            raise Trouble(f"a row must be an object {{…}}, not {kind}.", 'Write rows as {"text": "…"}.')
        if end - start > MAX_ROW:
            raise line_too_long()
        self._check(row, text, start, end)
        return row, end

    def _check(self, row: dict[str, Any], text: str, start: int, end: int) -> None:
        """Looks closer only where the raw text gives a reason to: most rows pass with four searches in C."""
        if len(row) > MAX_COLUMNS:
            raise Trouble(f"{len(row):,} columns are more than the {MAX_COLUMNS:,} that a row may have.")
        if "" in row:
            raise Trouble("a key is empty.", "Give every column a name.")
        if (
            self._suspicious
            or end - start > MAX_CELL
            or text.find("\\ud", start, end) >= 0
            or text.find("\\uD", start, end) >= 0
            or text.find("\\u0000", start, end) >= 0
            or text.count("[", start, end) + text.count("{", start, end) > MAX_DEPTH
        ):
            for column, value in row.items():
                check_value(value, column)


def check_value(value: Any, column: str) -> None:
    """Raises `Trouble` that names `column` if anything in `value`, or the name itself, is not allowed."""
    left: list[tuple[Any, int]] = [(column, 0), (value, 1)]
    size = -len(column)
    while left:
        one, depth = left.pop()
        if depth > MAX_DEPTH:
            raise _too_deep(column)
        if isinstance(one, str):
            size += len(one)
            if size > MAX_CELL:
                raise Trouble(f"a cell is longer than {MAX_CELL:,} characters.", column=column)
            if "\0" in one:
                raise Trouble(
                    "a NUL character (\\u0000), which no text has.", "Take it out.", column=shown_name(column)
                )
            if _SURROGATE.search(one):
                message = "half of a surrogate pair, which is no character."
                raise Trouble(message, "The file was cut or written wrongly.", column=shown_name(column))
        elif isinstance(one, _Refused):
            raise Trouble(one.why, column=column)
        elif isinstance(one, dict):
            left.extend((part, depth) for part in one)
            left.extend((part, depth + 1) for part in one.values())
        elif isinstance(one, list):
            left.extend((part, depth + 1) for part in one)


def shown_name(column: str) -> str:
    """A column name that can be written to a terminal."""
    return _SURROGATE.sub("\N{REPLACEMENT CHARACTER}", column).replace("\0", "\N{REPLACEMENT CHARACTER}")


def _too_deep(column: str | None = None) -> Trouble:
    return Trouble(f"the value is nested deeper than {MAX_DEPTH} levels.", "Flatten it.", column=column)


def read_lines(texts: Iterator[str]) -> Iterator[dict[str, Any]]:
    """One object a line; blank lines are no rows. Raises `Trouble`."""
    parser = RowParser()
    for line in plain_lines(texts):
        start = 0 if line[:1] == "{" else _space(line, 0)
        if start == len(line):
            continue
        try:
            row, end = parser.parse(line, start)
        except json.JSONDecodeError as error:
            raise _bad_line(line, error) from None
        if end < len(line) and _space(line, end) < len(line):
            raise Trouble(f"after the object, the line goes on with {shown(line[end:].strip())}.", "One object a line.")
        yield row


def _space(text: str, start: int) -> int:
    found = _SPACE.match(text, start)
    return found.end() if found else start


def _bad_line(line: str, error: json.JSONDecodeError) -> Trouble:
    if error.pos >= len(line.rstrip()) or error.msg.startswith("Unterminated"):
        hint = "Each object must stand on one line; or the file was cut off here."
        return Trouble("the line ends before its object does.", hint)
    return _bad_json(line, error)


def _bad_json(text: str, error: json.JSONDecodeError, start: int = 0) -> Trouble:
    near = shown(text[error.pos : error.pos + 30])
    return Trouble(f"no valid JSON at character {error.pos - start + 1} of the row, at {near}: {error.msg.lower()}.")


class _Window:
    """The part of a long text that is being looked at; grows at the end and is cut at the start."""

    def __init__(self, texts: Iterator[str]) -> None:
        self._texts = texts
        self.text = ""
        self.at = 0
        self.ended = False

    def grow(self, least: int = 1) -> bool:
        """Adds at least `least` characters, and drops what was passed. False at the end of the text."""
        parts = [self.text[self.at :]]
        added = 0
        while added < least and not self.ended:
            more = next(self._texts, None)
            self.ended = more is None
            if more is not None:
                parts.append(more)
                added += len(more)
        self.text, self.at = "".join(parts), 0
        return added > 0

    def next_character(self) -> str:
        """The next character that is no white space, or nothing at the end."""
        self.at = _space(self.text, self.at)
        while self.at == len(self.text):
            if not self.grow():
                return ""
            self.at = _space(self.text, 0)
        return self.text[self.at]


def read_list(texts: Iterator[str]) -> Iterator[dict[str, Any]]:
    """The objects of one JSON list, each as soon as it is there. Raises `Trouble`."""
    window, parser = _Window(texts), RowParser()
    if window.next_character() != "[":
        raise Trouble("the file does not begin with “[”.", "A JSON file must hold one list of objects.", whole=True)
    window.at += 1
    first = True
    while (here := window.next_character()) != "]":
        if not first:
            if here != ",":
                raise _cut_off() if not here else Trouble(f"“,” or “]” expected, not {shown(here)}.")
            window.at += 1
            here = window.next_character()
        if not here:
            raise _cut_off()
        if first is False and here == "]":
            raise Trouble("a comma stands before the closing “]”.", "Take it out.")
        first = False
        yield _next_object(window, parser)
    window.at += 1
    if window.next_character():
        raise Trouble(
            "text follows after the closing “]”.", "The file must hold one list and nothing else.", whole=True
        )


def _cut_off() -> Trouble:
    return Trouble("the file ends before the list does.", "It was cut off; fetch it again.")


def _next_object(window: _Window, parser: RowParser) -> dict[str, Any]:
    """Parses at the window; if it ends too early, doubles the window and tries again, up to the limit of a row."""
    while True:
        try:
            # A bare number or word at the edge of the window could be cut in two, but a row is never one.
            row, end = parser.parse(window.text, window.at)
        except json.JSONDecodeError as error:
            left = len(window.text) - window.at
            # A value that was cut by the window fails at its edge, or as a text without end; all else is a true error.
            cut = error.pos >= len(window.text) - 12 or error.msg.startswith("Unterminated")
            if not cut:
                raise _bad_json(window.text, error, window.at) from None
            if left > MAX_ROW:
                raise line_too_long() from None
            if not window.grow(left):
                raise _cut_off() if not _ends_well(window) else _bad_json(window.text, error) from None
            continue
        window.at = end
        return row


def _ends_well(window: _Window) -> bool:
    return window.text.rstrip().endswith("]")
