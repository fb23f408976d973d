"""The door for writing: rows and columns → CSV, JSON Lines or Parquet, as chunks of bytes or into a file.

Text is UTF-8 without a mark, Arabic as itself, rows in the order in which they come: two exports of one state are equal
byte for byte. Memory stays flat; nothing here knows what a row means.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import IO, Any, Literal, get_args

from tawsim.core.errors import BadInput, Unavailable
from tawsim.core.text import for_terminal
from tawsim.releases.column_types import ColumnType
from tawsim.releases.csv_writer import csv_chunks
from tawsim.releases.parquet_writer import parquet_chunks

Format = Literal["csv", "jsonl", "parquet"]
FORMATS: tuple[Format, ...] = get_args(Format)
MEDIA_TYPES: Mapping[Format, str] = {
    "csv": "text/csv; charset=utf-8; header=present",
    "jsonl": "application/jsonl; charset=utf-8",
    "parquet": "application/vnd.apache.parquet",
}
_FIRST_LINES, _LINES, _CHARACTERS = 64, 1024, 1 << 20


@dataclass(slots=True)
class WriteCounts:
    """What has been written so far. `formulas` counts CSV cells that a spreadsheet would calculate on opening."""

    rows: int = 0
    bytes: int = 0
    formulas: int = 0

    def note(self, rows: int, formulas: int) -> None:
        """Adds what one chunk held."""
        self.rows += rows
        self.formulas += formulas


def format_of(filename: str) -> Format:
    """The format that a file name's ending asks for. Raises `BadInput` for any other than .csv, .jsonl and .parquet."""
    ending = PurePath(filename).suffix.lower().removeprefix(".")
    for known in FORMATS:
        if ending == known:
            return known
    message = f"Tawsim does not write {for_terminal(ending) or 'files without an ending'}."
    raise BadInput(message, "Name the file .csv, .jsonl or .parquet.")


def stream(
    rows: Iterable[Mapping[str, Any]],
    columns: Sequence[str],
    format: Format,
    *,
    types: Mapping[str, ColumnType] | None = None,
    for_spreadsheet: bool = False,
    counts: WriteCounts | None = None,
) -> Iterator[bytes]:
    """The bytes of a file, chunk by chunk, the first before many rows were asked for.

    Keys of a row that `columns` does not name are left out. `types` fixes column types for Parquet; `for_spreadsheet`
    is for CSV: no cell can act as a formula, and Excel shows Arabic rightly, but cells may differ from what was put in.
    `counts` is kept up to date. Raises `BadInput` for values that no file can hold (half a surrogate pair, NaN), and
    `Unavailable` if a temporary file cannot be written.
    """
    counts = counts if counts is not None else WriteCounts()
    if for_spreadsheet and format != "csv":
        raise BadInput("Only CSV has a form for spreadsheets.", "Leave out --for-spreadsheet, or export a .csv file.")
    return _stream(rows, columns, format, types or {}, for_spreadsheet, counts)


def _stream(
    rows: Iterable[Mapping[str, Any]],
    columns: Sequence[str],
    format: Format,
    types: Mapping[str, ColumnType],
    for_spreadsheet: bool,
    counts: WriteCounts,
) -> Iterator[bytes]:
    try:
        if format == "parquet":
            chunks = parquet_chunks(rows, columns, types, counts.note)
        elif format == "csv":
            chunks = map(_encode, csv_chunks(rows, columns, for_spreadsheet, counts.note))
        else:
            chunks = map(_encode, _json_lines(rows, columns, counts.note))
        for chunk in chunks:
            counts.bytes += len(chunk)
            yield chunk
    except (UnicodeEncodeError, ValueError, TypeError, OverflowError) as error:
        message = f"A value near row {counts.rows + 1} cannot be written: {for_terminal(str(error)[:200])}."
        raise BadInput(message, "Correct or remove the task that holds it.") from error
    except OSError as error:
        raise Unavailable(f"The export could not go on: {error.strerror or error}.", "Free some space.") from error


def _encode(text: str) -> bytes:
    return text.encode("utf-8")


def _json_lines(rows: Iterable[Mapping[str, Any]], columns: Sequence[str], note: Any) -> Iterator[str]:
    """One object a line, keys in the order of `columns`; a key that a row lacks is left out, null stays null."""
    encode = json.JSONEncoder(ensure_ascii=False, allow_nan=False).encode
    lines: list[str] = []
    most, size = _FIRST_LINES, 0
    for row in rows:
        line = encode({name: row[name] for name in columns if name in row})
        lines.append(line)
        size += len(line)
        if len(lines) >= most or size > _CHARACTERS:
            note(len(lines), 0)
            yield "\n".join(lines) + "\n"
            lines, most, size = [], _LINES, 0
    if lines:
        note(len(lines), 0)
        yield "\n".join(lines) + "\n"


def write(
    rows: Iterable[Mapping[str, Any]],
    columns: Sequence[str],
    out: IO[bytes],
    format: Format,
    *,
    types: Mapping[str, ColumnType] | None = None,
    for_spreadsheet: bool = False,
) -> WriteCounts:
    """Writes all rows into `out`, as `stream` gives them, and returns what was written."""
    counts = WriteCounts()
    for chunk in stream(rows, columns, format, types=types, for_spreadsheet=for_spreadsheet, counts=counts):
        out.write(chunk)
    return counts
