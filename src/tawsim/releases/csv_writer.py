"""Rows → CSV, in chunks of text. Plain by default: what went in comes out, code point for code point.

A second form is made for spreadsheets, in which no cell can act as a formula. docs/reference/files.md argues why it is
not the default.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from math import isfinite
from typing import Any

from tawsim.releases.column_types import json_text

FIRST_ROWS, ROWS, CHARACTERS = 64, 1024, 1 << 20
# Where Excel, LibreOffice or Google Sheets begin to calculate; the wide forms do so in East Asian settings.
_STARTS = frozenset("=+-@\t\r＝＋－＠")
_NUMBER = re.compile(r"[+-]?[0-9]+([.,][0-9]+)*([eE][+-]?[0-9]+)?%?")
# A spreadsheet whose list separator is “;” cuts there (and, its quoting then being off, at line ends and tabs too).
_INNER = re.compile(r"(^\s*|[;\t\r\n][\s\"']*)([=+\-@＝＋－＠])")
_BOM = "\ufeff"
_ODD_IN_HEADER = f"{_BOM};|\t"


def starts_formula(cell: str) -> bool:
    """Whether a spreadsheet would calculate this cell instead of showing it. Numbers such as -1.5 are harmless."""
    return cell[:1] in _STARTS and not _NUMBER.fullmatch(cell)


def defuse(cell: str) -> str:
    """The cell with an apostrophe before whatever a spreadsheet could calculate, at its start or after a “;”."""
    if _NUMBER.fullmatch(cell):
        return cell
    if cell[:1] in ("\t", "\r"):
        cell = "'" + cell
    return _INNER.sub(r"\1'\2", cell)


def csv_chunks(
    rows: Iterable[Mapping[str, Any]], columns: Sequence[str], for_spreadsheet: bool, note: Any
) -> Iterator[str]:
    """The header at once, then rows in chunks of up to about a million characters.

    A missing or null value is an empty cell, numbers and true/false are as in JSON, lists and objects JSON text.
    `note(rows, formulas)` is told of every chunk.
    """
    if for_spreadsheet:
        # Excel takes a CSV file for UTF-8 only if it begins with the mark.
        yield _BOM + _lines([[defuse(name) for name in columns]], "\r\n")
    else:
        # In quotation marks no name can pass for the file's mark (U+FEFF), or another delimiter for the file's own.
        yield ",".join(quoted(name, any(odd in name for odd in _ODD_IN_HEADER)) for name in columns) + "\n"
    batch: list[list[str]] = []
    most, size = FIRST_ROWS, 0
    for row in rows:
        cells = [value if type(value) is str else _cell(value) for value in map(row.get, columns)]
        batch.append(cells)
        size += sum(map(len, cells))
        if len(batch) >= most or size > CHARACTERS:
            yield _chunk(batch, for_spreadsheet, note)
            batch, most, size = [], ROWS, 0
    if batch:
        yield _chunk(batch, for_spreadsheet, note)


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if type(value) is int:  # as JSON writes it, at a tenth of the price
        return str(value)
    if type(value) is float and isfinite(value):
        return repr(value)
    return value if isinstance(value, str) else json_text(value)


def _chunk(batch: list[list[str]], for_spreadsheet: bool, note: Any) -> str:
    formulas = sum([1 for cells in batch for cell in cells if cell[:1] in _STARTS and starts_formula(cell)])
    note(len(batch), formulas)
    if for_spreadsheet:
        return _lines([[defuse(cell) for cell in cells] for cells in batch], "\r\n")
    return _lines(batch, "\n")


def quoted(cell: str, always: bool = False) -> str:
    r"""The cell in quotation marks where it needs them (RFC 4180 §2.6; also for a lone \r).

    Four searches cost a quarter of what csv.writer does letter by letter, and before Python 3.13 that one leaves a lone
    \r bare, where readers see the end of a line.
    """
    if '"' in cell:
        return '"' + cell.replace('"', '""') + '"'
    if always or "," in cell or "\n" in cell or "\r" in cell:
        return f'"{cell}"'
    return cell


def _lines(batch: list[list[str]], end: str) -> str:
    # A row of one empty cell would be a blank line, which is no row.
    lines = [",".join([quoted(cell) for cell in cells]) or '""' for cells in batch]
    lines.append("")
    return end.join(lines)
