"""Just enough of a Parquet file's directory, in Thrift's compact form, to see what it could unpack to. Bytes in, two sizes out.

pyarrow would give the same numbers, but ends the whole process on some broken directories when it is asked for them
(uncaught in version 26: "Definition level histogram size mismatch"). Field numbers are those of parquet.thrift.
"""

from collections.abc import Iterator
from typing import IO, NamedTuple

from tawsim.intake.limits import Trouble

MAX_FOOTER = 16_000_000
_BYTE_ARRAY = 6
_DELTA_BYTE_ARRAY = 7
_DICTIONARY_PAGE = 2
_MAX_DEPTH = 20
_TRUE, _FALSE, _I8, _DOUBLE, _BINARY, _LIST, _SET, _MAP, _STRUCT = 1, 2, 3, 7, 8, 9, 10, 11, 12


class Sizes(NamedTuple):
    """`group`: bytes that the largest row group says it unpacks to; `value`: an upper bound for a text used many times."""

    group: int
    value: int


class _Compact:
    """A cursor over Thrift compact data."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def byte(self) -> int:
        self._at += 1
        return self._data[self._at - 1]

    def number(self) -> int:
        value = shift = 0
        while True:
            part = self.byte()
            value |= (part & 0x7F) << shift
            shift += 7
            if part < 0x80:
                return value
            if shift > 70:
                raise ValueError("a number without end")

    def signed(self) -> int:
        value = self.number()
        return (value >> 1) ^ -(value & 1)

    def fields(self) -> Iterator[tuple[int, int]]:
        """Number and type of each field of a struct; its value must be read or skipped before the next."""
        number = 0
        while head := self.byte():
            number = number + (head >> 4) if head >> 4 else self.signed()
            yield number, head & 15

    def items(self) -> Iterator[int]:
        """The type of each item of a list, which must be read or skipped before the next."""
        head = self.byte()
        size = head >> 4
        for _ in range(self.number() if size == 15 else size):
            yield head & 15

    def skip(self, kind: int, depth: int = 0, in_list: bool = False) -> None:
        """Passes over a value. Raises ValueError or IndexError where the data makes no sense."""
        if depth > _MAX_DEPTH:
            raise ValueError("nested too deep")
        if kind in (_TRUE, _FALSE):
            self._at += in_list
        elif kind == _I8:
            self._at += 1
        elif kind == _DOUBLE:
            self._at += 8
        elif kind == _BINARY:
            length = self.number()  # moves the cursor too, so it comes first
            self._at += length
        elif kind in (_LIST, _SET):
            for item in self.items():
                self.skip(item, depth + 1, in_list=True)
        elif kind == _STRUCT:
            for _, field in self.fields():
                self.skip(field, depth + 1)
        elif kind == _MAP:
            raise ValueError("a map, which no directory has")
        else:
            self.number()
        if self._at > len(self._data):
            raise IndexError


def read_sizes(file: IO[bytes]) -> Sizes:
    """What the directory of a Parquet file says. Raises `Trouble` for one that is broken or over 16 MB."""
    end = file.seek(0, 2)
    file.seek(max(0, end - 8))
    length = int.from_bytes(file.read(8)[:4], "little")
    if length > MAX_FOOTER:
        said = f"the Parquet file is damaged, or its directory is larger than {MAX_FOOTER // 10**6} MB."
        raise Trouble(said, "Fetch or write it again.", whole=True)
    try:
        file.seek(max(0, end - 8 - length))
        return _sizes(_Compact(file.read(length)), file)
    except (IndexError, ValueError, OverflowError, OSError, StopIteration):
        raise Trouble("the Parquet file is damaged: its directory cannot be read.", whole=True) from None


def _sizes(data: _Compact, file: IO[bytes]) -> Sizes:
    """FileMetaData: 4 = row groups. RowGroup: 1 = columns, 2 = bytes. ColumnChunk: 3 = its metadata."""
    group_bytes = value_bytes = 0
    for field, kind in data.fields():
        if field != 4:
            data.skip(kind)
            continue
        for _ in data.items():
            for group_field, group_kind in data.fields():
                if group_field == 1:
                    for _ in data.items():
                        value_bytes = max(value_bytes, _chunk(data, file))
                elif group_field == 2:
                    group_bytes = max(group_bytes, data.signed())
                else:
                    data.skip(group_kind)
    return Sizes(group_bytes, value_bytes)


def _chunk(data: _Compact, file: IO[bytes]) -> int:
    longest = 0
    for field, kind in data.fields():
        if field == 3 and kind == _STRUCT:
            longest = _column(data, file)
        else:
            data.skip(kind)
    return longest


def _column(data: _Compact, file: IO[bytes]) -> int:
    """ColumnMetaData: 1 = type, 2 = encodings, 6 = unpacked bytes, 9 and 11 = where data and dictionary begin."""
    numbers: dict[int, int] = {}
    encodings: list[int] = []
    for field, kind in data.fields():
        if field in (1, 6, 9, 11):
            numbers[field] = data.signed()
        elif field == 2:
            encodings.extend(data.signed() for _ in data.items())
        else:
            data.skip(kind)
    if numbers.get(1) != _BYTE_ARRAY:
        return 0
    if _DELTA_BYTE_ARRAY in encodings:  # each value repeats the start of the one before
        return max(0, numbers.get(6, 0))
    begin = numbers.get(9, 0)
    return _dictionary(file, min(begin, numbers[11]) if numbers.get(11, 0) > 0 else begin)


def _dictionary(file: IO[bytes], begin: int) -> int:
    """The unpacked size of the page at `begin` if it is a dictionary. PageHeader: 1 = type, 2 = unpacked bytes."""
    file.seek(begin)
    header = _Compact(file.read(16))
    fields = header.fields()
    if next(fields)[0] != 1 or header.signed() != _DICTIONARY_PAGE or next(fields)[0] != 2:
        return 0
    return max(0, header.signed())
