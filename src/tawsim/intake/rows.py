"""The door of this room: a file → numbered rows, whatever its format. Turns every trouble into a `BadFile`.

Reads only; what becomes of rows is decided above. Memory stays flat: one row, one chunk and one batch at a time.
"""

import codecs
import os
from collections.abc import Iterator
from typing import IO, Any

from tawsim.core.errors import BadFile
from tawsim.core.text import for_terminal
from tawsim.intake.decode import decode, find_encoding
from tawsim.intake.delimited import Delimited, find_delimiter
from tawsim.intake.formats import HEAD, Format, format_from_name, read_format, refuse_foreign, settle_format
from tawsim.intake.json_rows import read_lines, read_list
from tawsim.intake.limits import MAX_COLUMNS, Trouble
from tawsim.intake.origin import Origin
from tawsim.intake.parquet_rows import MAGIC, ParquetRows

_WHAT_IS_READ = {"csv": "CSV", "tsv": "TSV", "jsonl": "JSON Lines", "json": "JSON", "parquet": "Parquet"}


class RowSource:
    """A file whose rows can be gone through, more than once.

    `format` is what it holds; `columns` the names in their order (for JSON: those seen so far, None before the first
    row); `bytes_read` of `total_bytes` on disk say how far a pass has come. Made by `open_rows`.
    """

    def __init__(self, origin: Origin, named: Format | None, ending: str) -> None:
        self._origin = origin
        self.name = for_terminal(origin.name)
        self.total_bytes = origin.total_bytes
        self.columns: tuple[str, ...] | None = None
        self._encoding, self._mark, self._delimiter = "utf-8", 0, ","
        self._seen: dict[str, None] = {}
        try:
            self.format = self._find_format(named, ending)
            self._look_at_columns()
        except Trouble as trouble:
            raise self._bad(trouble, None) from None

    @property
    def bytes_read(self) -> int:
        """Bytes of the file on disk that the latest pass has used."""
        return self._origin.bytes_read

    @property
    def plain_text(self) -> bool:
        """Whether the file is text in UTF-8 without a byte order mark."""
        return self.format != "parquet" and self._encoding == "utf-8" and not self._mark

    @property
    def delimiter(self) -> str:
        """What stands between the cells of a CSV file."""
        return self._delimiter

    def unpacked(self) -> Iterator[bytes]:
        """The bytes, unpacked, in chunks; counted in `bytes_read`. Raises `BadFile`."""
        try:
            yield from self._origin.chunks()
        except Trouble as trouble:
            raise self._bad(trouble, None) from None

    def _bad(self, trouble: Trouble, row: int | None) -> BadFile:
        where = None if trouble.whole else row
        return BadFile(trouble.message, trouble.hint, file=self.name, row=where, column=trouble.column)

    def _find_format(self, named: Format | None, ending: str) -> Format:
        if self.total_bytes == 0:
            raise Trouble("the file is empty.", "Expected a header and rows.", whole=True)
        head = self._origin.unpacked_head(HEAD)
        if head.startswith(MAGIC):
            if named not in (None, "parquet"):
                what = _WHAT_IS_READ[named]
                raise Trouble(f"the name says {what}, but it holds Parquet.", "Name it .parquet.", whole=True)
            return "parquet"
        refuse_foreign(head)
        self._encoding, self._mark = find_encoding(head)
        if named != "parquet" and not head[self._mark :].strip(b" \t\r\n\0"):
            raise Trouble("the file is empty.", "Expected a header and rows.", whole=True)
        sample = codecs.getincrementaldecoder(self._encoding)("ignore").decode(head[self._mark :])
        found = settle_format(named, ending, sample.lstrip())
        if found == "csv":
            self._delimiter = find_delimiter(sample, whole=len(head) < HEAD)
        elif found == "tsv":
            self._delimiter = "\t"
        return found

    def _look_at_columns(self) -> None:
        """Reads the header, so that a wrong one is told before anything is written anywhere."""
        if self.format in ("csv", "tsv"):
            self.columns = Delimited(self._texts(), self._delimiter).columns
        elif self.format == "parquet":
            with self._origin.seekable() as file:
                self.columns = ParquetRows(file, self.total_bytes).columns
        self._origin.bytes_read = 0

    def _texts(self) -> Iterator[str]:
        return decode(self._origin.chunks(), self._encoding, self._mark)

    def rows(self) -> Iterator[tuple[int, dict[str, Any]]]:
        """Each row with its number, from 1. Raises `BadFile`, also if there is no row."""
        number = 0
        try:
            for row in self._read():
                number += 1
                yield number, row
        except Trouble as trouble:
            raise self._bad(trouble, number + 1) from None
        if number == 0:
            found = "a header, but no rows" if self.columns else "no rows"
            raise BadFile(f"the file has {found}.", "Expected at least one row.", file=self.name)

    def _read(self) -> Iterator[dict[str, Any]]:
        if self.format == "parquet":
            yield from self._read_parquet()
        elif self.format in ("csv", "tsv"):
            yield from Delimited(self._texts(), self._delimiter).rows()
        else:
            read = read_lines if self.format == "jsonl" else read_list
            for row in read(self._texts()):
                if not row.keys() <= self._seen.keys():
                    self._add_columns(row)
                yield row

    def _add_columns(self, row: dict[str, Any]) -> None:
        self._seen.update(dict.fromkeys(row))
        if len(self._seen) > MAX_COLUMNS:
            raise Trouble(f"with this row there are more than {MAX_COLUMNS:,} different columns.")
        self.columns = tuple(self._seen)

    def _read_parquet(self) -> Iterator[dict[str, Any]]:
        with self._origin.seekable() as file:
            found = ParquetRows(file, self.total_bytes, checked=True)
            for row in found.rows():
                # The directory of a Parquet file is at its end, so only where the reader stands can be told.
                self._origin.bytes_read = self.total_bytes if self._origin.gzipped else file.tell()
                yield row
        self._origin.bytes_read = self.total_bytes


def open_rows(
    source: str | os.PathLike[str] | IO[bytes], *, filename: str | None = None, format: str | None = None
) -> RowSource:
    """The rows of a CSV, TSV, JSON Lines, JSON list or Parquet file, each also gzipped.

    `source` is a path or a binary stream; `filename` is what the user calls it (its ending names the format, and errors
    show it); `format` overrules the ending. CSV may use , ; tab or |; text is UTF-8, or UTF-16 with a byte order mark.
    Raises `BadFile`, at once for what the first 64 KB and the header show, later from `rows()`; and `BadInput` for an
    unknown `format`.
    """
    named = read_format(format) if format else None
    origin = Origin(source, filename)
    from_name, ending = format_from_name(origin.name)
    try:
        return RowSource(origin, named or from_name, f"--format {named}" if named else ending)
    except OSError as error:
        raise BadFile(f"it cannot be read: {error.strerror or error}.", file=for_terminal(origin.name)) from None
