"""Rows of CSV and TSV files, with the standard library's parser in strict mode. Text in, dictionaries of text out.

pyarrow.csv reads faster, but it cannot name the row of an error once a quoted cell holds a line end, and it guesses
types: "007" must stay "007" here. The figures are in docs/log/.
"""

import csv
import itertools
from collections.abc import Iterator

from tawsim.intake.decode import any_lines, line_too_long
from tawsim.intake.limits import (
    MAX_CELL,
    MAX_HEADER,
    MAX_ROW,
    MAX_VALUES,
    Trouble,
    check_columns,
    shown,
    too_many_values,
)

DELIMITERS = ",;\t|"
_NAMES = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
_SAMPLE_ROWS = 20


def find_delimiter(sample: str, whole: bool) -> str:
    """The delimiter of `sample`, the start of a file (all of it if `whole`).

    Only what stands in the header counts; where several do, the one that cuts the first rows most evenly wins, then
    the one with most columns. A file of one column gets the comma.
    """
    best = (0.0, 0, 0, ",")
    for rank, delimiter in enumerate(DELIMITERS):
        rows = _sample_rows(sample, delimiter, whole)
        width = len(rows[0]) if rows else 0
        if width > 1:
            even = sum(len(row) == width for row in rows) / len(rows)
            best = max(best, (even, width, -rank, delimiter))
    return best[3]


def _sample_rows(sample: str, delimiter: str, whole: bool) -> list[list[str]]:
    """The first rows of a sample; the last one may be cut in the middle and does not count."""
    csv.field_size_limit(MAX_CELL)
    rows: list[list[str]] = []
    try:
        for row in csv.reader(any_lines(iter([sample])), delimiter=delimiter):
            if row:
                rows.append(row)
            if len(rows) > _SAMPLE_ROWS:
                return rows[:-1]
    except csv.Error:
        pass
    return rows if whole or len(rows) < 2 else rows[:-1]


class _Lines:
    """Lines for the parser, counted since the row began: a quoted cell may run over any number of them."""

    def __init__(self, lines: Iterator[str], delimiter: str, limit: int) -> None:
        self._lines = lines
        self._delimiter = delimiter
        self.limit = limit
        self.begin_row()

    def begin_row(self) -> None:
        """Counts from nothing again."""
        self.characters = self._delimiters = 0

    def __iter__(self) -> Iterator[str]:
        for line in self._lines:
            self.characters += len(line)
            if self.characters > self.limit:
                raise line_too_long(self.limit)
            if self.characters > MAX_VALUES:  # shorter rows cannot hold that many, and are not counted
                self._delimiters += line.count(self._delimiter)
                if self._delimiters > MAX_VALUES:
                    raise too_many_values()
            yield line


class Delimited:
    """One pass over a delimited text: `columns` at once, then `rows()`."""

    def __init__(self, texts: Iterator[str], delimiter: str) -> None:
        # The limit is one for the whole process, and the parser asks for it at each cell.
        csv.field_size_limit(MAX_CELL)
        self._delimiter = delimiter
        self._lines = _Lines(any_lines(texts), delimiter, MAX_HEADER)
        self._cells = csv.reader(iter(self._lines), delimiter=delimiter, strict=True)
        self.columns = self._header()

    def _header(self) -> tuple[str, ...]:
        try:
            names = next((row for row in self._cells if row), [])
        except Trouble as trouble:
            trouble.message = f"the first line, which should name the columns: {trouble.message}"
            trouble.whole = True
            raise
        except csv.Error as error:
            raise self._unparsable(error, whole=True) from None
        check_columns(names)
        self._lines.limit = MAX_ROW
        return tuple(names)

    def rows(self) -> Iterator[dict[str, str]]:
        """A dictionary a row; blank lines are no rows. Raises `Trouble`."""
        columns, width, lines = self.columns, len(self.columns), self._lines
        lines.begin_row()
        try:
            for cells in self._cells:
                if len(cells) != width:
                    if not cells:
                        continue
                    raise self._wrong_width(cells)
                # The parser's own limit lets through a cell that is exactly as long as its row is allowed to be.
                if lines.characters > MAX_CELL:
                    self._check_cells(cells)
                lines.begin_row()
                yield dict(zip(columns, cells, strict=True))
        except csv.Error as error:
            raise self._unparsable(error) from None

    def _check_cells(self, cells: list[str]) -> None:
        for name, cell in zip(self.columns, cells, strict=True):
            if len(cell) > MAX_CELL:
                raise Trouble(f"{len(cell):,} characters are more than the {MAX_CELL:,} of a cell.", column=name)

    def _wrong_width(self, cells: list[str]) -> Trouble:
        width, name = len(self.columns), _NAMES[self._delimiter]
        if len(cells) < width:
            message = f"{len(cells)} cells, but the header has {width} columns; this is the first without a cell."
            return Trouble(message, f"Cells are separated by a {name} here.", column=self.columns[len(cells)])
        extra = next(itertools.islice(cells, width, None))
        message = f"{len(cells)} cells, but the header has {width} columns; the first too many is {shown(extra)}."
        return Trouble(message, f"A text that holds a {name} must stand in quotation marks.")

    def _unparsable(self, error: csv.Error, *, whole: bool = False) -> Trouble:
        said = str(error)
        if "field limit" in said:
            message = f"a cell is longer than {MAX_CELL:,} characters."
            return Trouble(message, "A quotation mark that opens here is perhaps never closed.", whole=whole)
        if "unexpected end" in said:
            message = "the file ends inside a quoted cell."
            return Trouble(message, "It was cut off, or a quotation mark that opens here is never closed.", whole=whole)
        if "expected after" in said:
            message = "a quoted cell goes on after its closing quotation mark."
            return Trouble(message, 'Inside a quoted cell, write a quotation mark twice: "".', whole=whole)
        return Trouble(f"it cannot be parsed: {said}.", whole=whole)
