"""A file of answers as coded columns, in flat memory: what `tawsim infer` reads. Which columns there are, no meaning.

Plain files go through Arrow in large portions: Parquet with columns of text or whole numbers, and CSV without a single
quotation mark, where nothing can be read in two ways. Everything else, and everything in which the fast way finds
something wrong, goes row by row through `rows`, which names the row and the column of what is wrong.
"""

import json
import os
from array import array
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tawsim.core.errors import BadFile
from tawsim.core.text import for_terminal
from tawsim.intake.rows import RowSource, open_rows
from tawsim.truth.columns import Coded

# Rows so far, bytes read, bytes in all.
OnProgress = Callable[[int, int, int], None]
EVERY = 50_000
# Columns that hold numbers and nothing else: how Arrow writes one is then as good as how JSON does.
NUMBERS = ("confidence",)
PORTION = 1 << 24


@dataclass(frozen=True, slots=True, eq=False)
class CodedTable:
    """The file `name`: `rows` rows and the `columns` asked for, as far as the file has them."""

    name: str
    rows: int
    columns: dict[str, Coded]


class _Slow(Exception):
    """The fast way does not fit this file."""


def read_coded(
    source: str | os.PathLike[str],
    needed: Sequence[str],
    optional: Sequence[str] = (),
    *,
    may_be_empty: Sequence[str] = (),
    format: str | None = None,
    on_progress: OnProgress | None = None,
) -> CodedTable:
    """The columns `needed`, and those of `optional` that the file has; a name fits whatever its case.

    Cells are text: numbers and true/false as JSON writes them, lists and objects as JSON; an empty one is "" in the columns
    that `may_be_empty`. Raises `BadFile` for a missing
    column (and lists those found), an empty cell, and whatever else cannot be read.
    """
    rows = open_rows(source, format=format)
    if rows.columns is not None:
        names = _find_columns(rows.columns, needed, optional, rows.name)
        try:
            return _fast(source, rows, names, set(may_be_empty), on_progress)
        except _Slow:
            pass
    return _slow(rows, needed, optional, set(may_be_empty), on_progress)


def _find_columns(found: Sequence[str], needed: Sequence[str], optional: Sequence[str], file: str) -> dict[str, str]:
    """Wanted name → the name in the file."""
    plain = {name.strip().casefold(): name for name in reversed(found)}
    for name in (*needed, *optional):
        same = [one for one in found if one.strip().casefold() == name]
        if len(same) > 1:
            shown = ", ".join(f"“{for_terminal(one)}”" for one in same)
            message = f"several columns could be “{name}”: {shown}."
            raise BadFile(message, "Rename or take out all but one.", file=file, column=name, found=same)
    missing = [name for name in needed if name not in plain]
    if missing:
        listed = ", ".join(for_terminal(name) for name in found[:20])
        message = f"there is no column {' and no column '.join(f'“{name}”' for name in missing)}; found: {listed}."
        hint = f"Expected: {', '.join(needed)}."
        raise BadFile(message, hint, file=file, missing=missing, found=list(found[:20]))
    return {name: plain[name] for name in (*needed, *optional) if name in plain}


# ---- row by row ---------------------------------------------------------------------------------------------------
def _slow(
    rows: RowSource,
    needed: Sequence[str],
    optional: Sequence[str],
    may_be_empty: set[str],
    on_progress: OnProgress | None,
) -> CodedTable:
    names: dict[str, str] = {}
    builders: dict[str, _Builder] = {}
    number = 0
    for number, row in rows.rows():
        if not names:
            names = _find_columns(rows.columns or tuple(row), needed, optional, rows.name)
            builders = {name: _Builder() for name in names}
        for name, column in names.items():
            value = row.get(column)
            if name in may_be_empty and (value is None or (isinstance(value, str) and not value.strip())):
                builders[name].add("")
            else:
                builders[name].add(_as_text(value, rows.name, number, column))
        if on_progress is not None and number % EVERY == 0:
            on_progress(number, rows.bytes_read, rows.total_bytes)
    return CodedTable(rows.name, number, {name: builder.coded() for name, builder in builders.items()})


class _Builder:
    """One column, built cell by cell: 4 bytes a cell, each text kept once."""

    def __init__(self) -> None:
        self.place: dict[str, int] = {}
        self.codes = array("i")

    def add(self, text: str) -> None:
        self.codes.append(self.place.setdefault(text, len(self.place)))

    def coded(self) -> Coded:
        return Coded(np.frombuffer(self.codes, np.int32) if self.codes else np.empty(0, np.int32), list(self.place))


def _as_text(value: Any, file: str, number: int, column: str) -> str:
    if isinstance(value, str) and value.strip():
        return value
    if value is None or isinstance(value, str):
        raise BadFile(
            "the cell is empty.", "An answer needs a value in every column.", file=file, row=number, column=column
        )
    return json.dumps(value, ensure_ascii=False)


# ---- through Arrow ------------------------------------------------------------------------------------------------
def _fast(
    source: str | os.PathLike[str],
    rows: RowSource,
    names: dict[str, str],
    may_be_empty: set[str],
    on_progress: OnProgress | None,
) -> CodedTable:
    """Raises `_Slow` for anything out of the ordinary."""
    import pyarrow as pa

    if rows.format == "parquet" and Path(source).is_file():  # a pipe can be read once only
        batches = _parquet_batches(source, names)
    elif rows.format in ("csv", "tsv") and rows.plain_text:
        batches = _csv_batches(rows, list(names.values()))
    else:
        raise _Slow
    merged = {name: _Merged(name in may_be_empty) for name in names}
    many = 0
    try:
        for batch in batches:
            for name, column in names.items():
                merged[name].add(batch.column(column))
            many += batch.num_rows
            if on_progress is not None:
                on_progress(many, min(rows.bytes_read or many, rows.total_bytes), rows.total_bytes)
        if not many:
            raise _Slow
        return CodedTable(rows.name, many, {name: column.coded() for name, column in merged.items()})
    except (pa.ArrowException, OSError, ValueError, KeyError, EOFError, BadFile):
        raise _Slow from None


class _Merged:
    """One column from many batches, each with names of its own; Arrow brings them together at the end."""

    def __init__(self, may_be_empty: bool) -> None:
        self.may_be_empty = may_be_empty
        self.parts: list[Any] = []

    def add(self, column: Any) -> None:
        import pyarrow as pa

        if column.null_count and not self.may_be_empty:
            raise _Slow  # which row it is
        if pa.types.is_floating(column.type):  # only in columns of numbers
            column = column.cast(pa.string())
        if column.null_count and pa.types.is_string(column.type):
            column = column.fill_null("")
        elif column.null_count:
            raise _Slow
        found = column if pa.types.is_dictionary(column.type) else column.dictionary_encode()
        if found.dictionary.null_count:
            raise _Slow
        self.parts.append(found.cast(pa.dictionary(pa.int32(), found.dictionary.type)))

    def coded(self) -> Coded:
        import pyarrow as pa

        parts = pa.chunked_array(self.parts).unify_dictionaries().chunks
        codes = np.concatenate([part.indices.to_numpy() for part in parts])
        names = parts[0].dictionary.to_pylist()
        if names and not isinstance(names[0], str):
            names = [str(value) for value in names]
        if any(not name or name.isspace() or "\0" in name for name in names):
            if not self.may_be_empty or any("\0" in name for name in names):
                raise _Slow
            names = [name if name.strip() else "" for name in names]
        if len(set(names)) < len(names):  # several empty ones
            place: dict[str, int] = {}
            new = np.fromiter((place.setdefault(name, len(place)) for name in names), np.int32, len(names))
            return Coded(new[codes], list(place))
        return Coded(codes, names)


def _parquet_batches(source: str | os.PathLike[str], columns: Mapping[str, str]) -> Iterator[Any]:
    """`open_rows` has gone through the file in a process of its own, so that reading it here does no harm."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    types = pa.types
    with open(source, "rb") as head:
        if head.read(2) == b"\x1f\x8b":
            raise _Slow
    file = pq.ParquetFile(source, pre_buffer=False)
    for wanted, name in columns.items():
        kind = file.schema_arrow.field(name).type
        kind = kind.value_type if types.is_dictionary(kind) else kind
        number = wanted in NUMBERS and types.is_floating(kind)
        if not (number or types.is_string(kind) or types.is_large_string(kind) or types.is_integer(kind)):
            raise _Slow
    yield from file.iter_batches(65_536, columns=list(columns.values()), use_threads=False)


def _csv_batches(rows: RowSource, columns: list[str]) -> Iterator[Any]:
    import pyarrow as pa
    import pyarrow.csv as pc

    names = list(rows.columns or ())
    reader = pc.open_csv(
        pa.PythonFile(_Plain(rows.unpacked()), mode="r"),
        read_options=pc.ReadOptions(use_threads=False, block_size=PORTION),
        parse_options=pc.ParseOptions(delimiter=rows.delimiter, quote_char=False),
        convert_options=pc.ConvertOptions(
            include_columns=columns,
            column_types=dict.fromkeys(names, pa.string()),
            strings_can_be_null=False,
            quoted_strings_can_be_null=False,
        ),
    )
    yield from reader


class _Plain:
    """Chunks of bytes as a file for Arrow. Raises `_Slow` at the first byte that could mean two things."""

    closed = False

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._left = b""

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        parts, have = [self._left], len(self._left)
        while size < 0 or have < size:
            data = next(self._chunks, b"")
            if not data:
                break
            # A quotation mark, a NUL, or a line end of old Macs.
            if b'"' in data or b"\0" in data or (b"\r" in data and b"\r" in data.replace(b"\r\n", b"").rstrip(b"\r")):
                raise _Slow
            parts.append(data)
            have += len(data)
        found = b"".join(parts)
        self._left = found[size:] if size >= 0 else b""
        return found[:size] if size >= 0 else found

    def close(self) -> None:
        self.closed = True
