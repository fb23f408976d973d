"""Rows → Parquet, in chunks of bytes, through a sink that cannot seek: row groups leave as soon as they are full.

Types come from `column_types`. Imports pyarrow only inside functions.
"""

import io
import itertools
import json
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import IO, Any

from tawsim.releases.column_types import ColumnType, Seen, fit, json_text

MAGIC = b"PAR1"
# Enough for good compression, small enough for flat memory: about 4 MB of text. The first group also shows the types.
FIRST_ROWS, ROWS, CHARACTERS = 5_000, 10_000, 1 << 23
_COMPRESSION = "zstd"

Values = tuple[Any, ...]


class _Sink(io.RawIOBase):
    """Takes what the Parquet writer writes, to be carried off after each row group."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._at = 0

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        part = bytes(data)
        self._parts.append(part)
        self._at += len(part)
        return len(part)

    def tell(self) -> int:
        return self._at

    def take(self) -> bytes:
        """All bytes since the last time."""
        data, self._parts = b"".join(self._parts), []
        return data


def parquet_chunks(
    rows: Iterable[Mapping[str, Any]], columns: Sequence[str], types: Mapping[str, ColumnType], note: Any
) -> Iterator[bytes]:
    """The first four bytes at once, then a chunk for every row group, then the directory.

    `types` fixes columns whose type is known; the others are looked at in the first 5,000 rows. If they all hold text
    there, rows stream through (a later value that is not text becomes its JSON text). Otherwise all rows are first put
    in a temporary file, since a type could still change with the last of them.
    """
    yield MAGIC  # a download begins, however long the rows take
    groups = _groups(rows, columns)
    first = next(groups, [])
    seen = {name: Seen() for name in columns if name not in types}
    _look(first, columns, seen)
    every = itertools.chain([first], groups)
    if all(column.certain for column in seen.values()):
        yield from _write(every, columns, _settle(columns, types, seen), note)
        return
    with tempfile.TemporaryFile() as spool:
        for group in every:
            _look(group, columns, seen)
            spool.write(json_text(group).encode() + b"\n")
        spool.seek(0)
        yield from _write(_spooled(spool), columns, _settle(columns, types, seen), note)


def _groups(rows: Iterable[Mapping[str, Any]], columns: Sequence[str]) -> Iterator[list[Values]]:
    group: list[Values] = []
    most, size = FIRST_ROWS, 0
    for row in rows:
        values = tuple(map(row.get, columns))
        group.append(values)
        size += sum([len(value) for value in values if type(value) is str])
        if len(group) >= most or size > CHARACTERS:
            yield group
            group, most, size = [], ROWS, 0
    if group:
        yield group


def _spooled(spool: IO[bytes]) -> Iterator[list[Values]]:
    for line in spool:  # a group each
        yield json.loads(line)


def _look(group: list[Values], columns: Sequence[str], seen: Mapping[str, Seen]) -> None:
    for name, values in zip(columns, zip(*group, strict=True), strict=False):
        if name in seen:
            seen[name].add(values)


def _settle(columns: Sequence[str], types: Mapping[str, ColumnType], seen: Mapping[str, Seen]) -> list[ColumnType]:
    return [types[name] if name in types else seen[name].type for name in columns]


def _write(
    groups: Iterable[list[Values]], columns: Sequence[str], types: list[ColumnType], note: Any
) -> Iterator[bytes]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    arrow = {
        "text": pa.string(), "json": pa.string(), "bool": pa.bool_(),
        "int": pa.int64(), "uint": pa.uint64(), "float": pa.float64(),
    }  # fmt: skip
    mark = {b"tawsim": b"json"}
    schema = pa.schema(
        [
            pa.field(name, arrow[kind], metadata=mark if kind == "json" else None)
            for name, kind in zip(columns, types, strict=True)
        ]
    )
    sink = _Sink()
    with pq.ParquetWriter(pa.PythonFile(sink, mode="w"), schema, compression=_COMPRESSION) as writer:
        for group in groups:
            cells = [list(values) for values in zip(*group, strict=True)] or [[] for _ in columns]
            arrays = [pa.array(fit(values, kind), type=arrow[kind]) for values, kind in zip(cells, types, strict=True)]
            writer.write_table(pa.Table.from_arrays(arrays, schema=schema), row_group_size=max(1, len(group)))
            note(len(group), 0)
            if data := sink.take().removeprefix(MAGIC):
                yield data
    yield sink.take().removeprefix(MAGIC)
