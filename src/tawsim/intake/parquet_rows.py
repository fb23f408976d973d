"""Rows of Parquet files, in small batches. A seekable file in, dictionaries out; types in `parquet_values`.

A batch is 64 rows (64 and 8,192 differ by less than a third in speed), and fewer where one long text, stored once in a
dictionary, could fill the memory when it is spelled out for every row.
"""

from collections.abc import Iterator
from typing import IO, Any

from tawsim.intake.json_rows import check_value
from tawsim.intake.limits import MAX_CELL, MAX_COLUMNS, RATIO_COUNTS_FROM, Trouble, check_columns, shown
from tawsim.intake.parquet_check import survive
from tawsim.intake.parquet_footer import read_sizes
from tawsim.intake.parquet_values import JSON_MARK, Convert, converter, from_json, raw_type

_BATCH = 64
_BUFFER = 1 << 20
# What a batch may take at most, if each of its values were the whole dictionary.
_BATCH_BYTES = 1 << 26
# Dictionaries and run lengths make honest columns small too, so this is wider than the limit for gzip.
_MAX_RATIO = 2_000
MAGIC = b"PAR1"


class ParquetRows:
    """One pass over a Parquet file: `columns` at once, then `rows()`. Raises `Trouble`.

    `size` is that of the file on disk; `checked` says that this file has been gone through before and did no harm.
    """

    def __init__(self, file: IO[bytes], size: int, *, checked: bool = False) -> None:
        _check_frame(file)
        self._batch = _batch_rows(file, size)
        if not checked:
            survive(file, self._batch)
        file.seek(0)
        import pyarrow as pa
        import pyarrow.parquet as pq

        self._errors = (pa.ArrowException, OSError, ValueError, NotImplementedError)
        try:
            self._file = pq.ParquetFile(file, buffer_size=_BUFFER, pre_buffer=False)
            schema = self._file.schema_arrow
        except self._errors as error:
            raise _broken(error) from None
        if len(schema) > MAX_COLUMNS:
            raise Trouble(
                f"{len(schema):,} columns are more than the {MAX_COLUMNS:,} that a file may have.", whole=True
            )
        check_columns(schema.names)
        for name in schema.names:
            check_value(None, name)
        self.columns = tuple(schema.names)
        self._raw = [raw_type(field.type) for field in schema]
        self._convert = [_for_field(field) for field in schema]

    def rows(self) -> Iterator[dict[str, Any]]:
        """A dictionary a row, with a value (or None) for every column. Raises `Trouble`."""
        batches = self._file.iter_batches(self._batch, use_threads=False)
        while True:
            try:
                batch = next(batches, None)
                if batch is None:
                    return
                columns = [
                    (one if one.type == raw else one.cast(raw)).to_pylist()
                    for one, raw in zip(batch.columns, self._raw, strict=True)
                ]
            except self._errors as error:
                raise _broken(error) from None
            for values in zip(*columns, strict=True):
                yield self._row(values)

    def _row(self, values: tuple[Any, ...]) -> dict[str, Any]:
        row = {}
        for name, value, convert in zip(self.columns, values, self._convert, strict=True):
            if convert is not None and value is not None:
                try:
                    value = convert(value)
                except Trouble as trouble:
                    trouble.column = name
                    raise
            if type(value) is str:
                if "\0" in value or len(value) > MAX_CELL:
                    check_value(value, name)
            elif type(value) in (list, dict):
                check_value(value, name)
            row[name] = value
        return row


def _for_field(field: Any) -> Convert | None:
    convert = converter(field.type, field.name)
    if convert is None and field.metadata and JSON_MARK.items() <= field.metadata.items():
        return from_json
    return convert


def _check_frame(file: IO[bytes]) -> None:
    """Parquet files begin and end with PAR1; one that only begins so was cut off."""
    file.seek(0)
    first = file.read(4)
    file.seek(max(0, file.seek(0, 2) - 4))
    last = file.read(4)
    file.seek(0)
    if first != MAGIC:
        raise Trouble("this is no Parquet file: it does not begin with PAR1.", whole=True)
    if last != MAGIC:
        raise Trouble("the Parquet file is cut off: its end is missing.", "Fetch or write it again.", whole=True)


def _batch_rows(file: IO[bytes], size: int) -> int:
    """How many rows to unpack at a time. Raises `Trouble` for a file that grows like a bomb."""
    sizes = read_sizes(file)
    if sizes.group > RATIO_COUNTS_FROM and sizes.group > _MAX_RATIO * size:
        message = f"it unpacks to more than {_MAX_RATIO:,} times its size, as a file made to do harm would."
        raise Trouble(message, whole=True)
    return max(1, min(_BATCH, _BATCH_BYTES // max(1, sizes.value)))


def _broken(error: Exception) -> Trouble:
    said = str(error).splitlines()[0] if str(error) else type(error).__name__
    if isinstance(error, NotImplementedError):
        return Trouble(f"the Parquet file cannot be read: {shown(said, 200)}.", "Convert that column.", whole=True)
    return Trouble(f"the Parquet file is damaged: {shown(said, 200)}.", "Fetch or write it again.", whole=True)
