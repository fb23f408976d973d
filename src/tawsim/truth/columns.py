"""Columns of any table library as codes and names: no Python object a row where the table holds text or numbers.

Text goes through Arrow's dictionary encoding, whole numbers through counting, Python lists through one dictionary. Knows
nothing of votes; pyarrow is imported only where a table brings it or is so long that it pays.
"""

import re
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tawsim.core.errors import BadInput

# Rows from which text in NumPy, pandas and polars columns goes through Arrow: importing it takes as long as reading these.
WORTH_ARROW = 20_000
A_NUMBER = re.compile(r"\s*[+-]?\d+(\.\d+)?([eE][+-]?\d+)?\s*")
Codes = NDArray[np.int32]


@dataclass(frozen=True, slots=True, eq=False)
class Coded:
    """A column: `codes` (N,) are positions in `names`, −1 where there is no value. Names are distinct; some may be unused.
    `in_order`: they are sorted, used, and none of them is empty."""

    codes: Codes
    names: Sequence[Any]
    in_order: bool = False

    def __len__(self) -> int:
        return len(self.codes)


def listed(column: Any) -> Any:
    """A column of any library as a NumPy array of whole numbers, or else a list."""
    kind = getattr(getattr(column, "dtype", None), "kind", "")
    if kind in ("i", "u", "b") and isinstance(column.dtype, np.dtype):
        return np.asarray(column).reshape(-1)
    if isinstance(column, np.ndarray):
        return column.reshape(-1).tolist()
    if hasattr(column, "to_pylist"):  # pyarrow
        whole = str(column.type).lstrip("u").startswith("int") and column.null_count == 0
        return np.asarray(column.to_numpy()) if whole else column.to_pylist()
    if hasattr(column, "to_list"):  # pandas, polars
        return column.to_list()
    if isinstance(column, str | bytes):
        raise BadInput("A column is a list of values, not one text.")
    return list(column)


def read_column(column: Any) -> Any:
    """As `listed`, but `Coded` where the table's own machinery can encode it without an object a row."""
    if isinstance(column, Coded):
        return column
    found = _from_arrow_column(column) if hasattr(column, "to_pylist") else _from_long_column(column)
    return listed(column) if found is None else found


def encode(
    values: Any, column: str, order: Sequence[Any] | None, most: int | None = None
) -> tuple[Codes, tuple[Any, ...]]:
    """Codes (N,) and the names they stand for: those of `order`, or the values seen, sorted.

    `column` names it in errors. With `most`, more distinct values than that are an error; they are labels, and a list of
    numbers in the form of text is then sorted by number.
    """
    coded = values if isinstance(values, Coded) else _coded(values, column)
    codes, names = coded.codes, coded.names
    used = np.full(len(names), coded.in_order)
    if not coded.in_order:
        _refuse_nulls(codes, names, column)
        used[codes] = True
    if most is not None and order is None and int(used.sum()) > most:
        raise _too_many(names, int(used.sum()), len(codes), most, column)
    seen = np.flatnonzero(used).tolist()
    if order is None:
        written = most is not None and bool(seen) and isinstance(names[0], str)
        if coded.in_order and not written:
            return codes, tuple(names)
        ranked = sorted(seen, key=_key([names[i] for i in seen], names, written))
        new_code = np.empty(len(names), np.int32)
        new_code[ranked] = np.arange(len(ranked), dtype=np.int32)
        return new_code[codes], tuple(names[i] for i in ranked)
    place = {name: i for i, name in enumerate(order)}
    if len(place) < len(order):
        raise BadInput(f"The list of {column}s names one of them twice.")
    unknown = [i for i in seen if names[i] not in place]
    if unknown:
        row = int(np.isin(codes, unknown).argmax())
        raise BadInput(
            f"Row {row + 1}: {str(names[codes[row]])[:80]!r} is not a known {column}.",
            f"Known {column}s: " + ", ".join(str(name) for name in order[:12]),
            row=row + 1,
            column=column,
        )
    new_code = np.full(len(names), -1, np.int32)
    new_code[seen] = [place[names[i]] for i in seen]
    return new_code[codes], tuple(order)


def is_null(value: Any) -> bool:
    """None, NaN, NaT, pandas' NA, or text of nothing but white space."""
    if isinstance(value, str):
        return not value.strip()
    return value is None or type(value).__name__ in ("NAType", "NaTType") or bool(value != value)


def _coded(values: Any, column: str) -> Coded:
    """A NumPy array of whole numbers, or any sequence of plain values."""
    if isinstance(values, np.ndarray) and values.dtype.kind in "iubf":
        return _from_numbers(values, column)
    if isinstance(values, np.ndarray):
        values = values.tolist()
    seen: dict[Hashable, int] = {}
    try:
        # The default is evaluated before the look-up, so that a new value gets the next number in one dictionary call.
        codes = np.fromiter((seen.setdefault(value, len(seen)) for value in values), np.int32, len(values))
    except TypeError as error:
        raise BadInput(f"The column “{column}” holds a value that is not a plain one: {error}.") from None
    return Coded(codes, list(seen))


def _from_numbers(values: NDArray[Any], column: str) -> Coded:
    """By counting where the numbers lie close together, else by sorting."""
    if values.dtype.kind == "f":
        holes = np.isnan(values)
        if holes.any():
            raise _null(int(holes.argmax()), column)
    if values.dtype.kind in "iu" and len(values):
        low, high = int(values.min()), int(values.max())
        if high - low < 4 * len(values) + 1024 and high < 2**62:
            shifted = values.astype(np.int64, copy=False) - low
            there = np.zeros(high - low + 1, bool)
            there[shifted] = True
            names = np.flatnonzero(there) + low
            return Coded((np.cumsum(there, dtype=np.int32) - 1)[shifted], names.tolist(), in_order=True)
    names, codes = np.unique(values, return_inverse=True)
    return Coded(codes.reshape(-1).astype(np.int32), names.tolist(), in_order=True)


def _refuse_nulls(codes: Codes, names: Sequence[Any], column: str) -> None:
    empty = [i for i, name in enumerate(names) if is_null(name)]
    holes = codes < 0
    if empty:
        holes |= np.isin(codes, empty)
    if holes.any():
        raise _null(int(holes.argmax()), column)


def _null(row: int, column: str) -> BadInput:
    return BadInput(
        f"Row {row + 1} has no {column}.", "Every vote needs a task, a worker and a label.", row=row + 1, column=column
    )


def _too_many(names: Sequence[Any], seen: int, among: int, most: int, column: str) -> BadInput:
    numbers = all(isinstance(name, int | float) or _number(name) is not None for name in names[:1000])
    kind = "numeric" if numbers else "text"
    return BadInput(
        f"The column “{column}” holds {seen:,} different values in {among:,} rows: too many to choose from "
        f"({most:,} at most).",
        f"They look like answers of the kind {kind}, which has models of its own.",
        column=column,
        distinct=seen,
        kind=kind,
    )


def _number(value: Any) -> float | None:
    """The number that a text writes, or None."""
    return float(value) if isinstance(value, str) and A_NUMBER.fullmatch(value) else None


def _key(seen: list[Any], names: Sequence[Any], written: bool) -> Any:
    """What to sort positions in `names` by: values of one type as they are, of several by the name of their type first, so
    that the order never depends on the rows."""
    if len({type(value) for value in seen}) != 1:
        return lambda i: (type(names[i]).__name__, str(names[i]))
    if written and all(_number(value) is not None for value in seen):
        return lambda i: (_number(names[i]), names[i])
    return lambda i: names[i]


def _from_long_column(column: Any) -> Coded | NDArray[Any] | None:
    """A NumPy, pandas or polars column, `Coded`, or an array of numbers; None where a list does as well."""
    dtype = getattr(column, "dtype", None)
    if isinstance(column, np.ndarray) and column.dtype.kind == "f":
        return column.reshape(-1)
    codes = getattr(getattr(column, "cat", None), "codes", None)
    if codes is not None and str(dtype) == "category":  # pandas
        return Coded(np.asarray(codes).astype(np.int32), column.cat.categories.tolist())
    if dtype is None or len(column) < WORTH_ARROW:
        return None
    if isinstance(dtype, np.dtype) and dtype.kind not in "OU":
        return None
    try:
        import pyarrow
    except ImportError:  # pragma: no cover - pyarrow is part of the base install
        return None
    try:
        if hasattr(column, "to_arrow"):  # polars
            return _from_arrow_column(column.to_arrow())
        if str(dtype) not in ("object", "str", "string") and not (isinstance(dtype, np.dtype) and dtype.kind == "U"):
            return None
        flat = column.reshape(-1) if isinstance(column, np.ndarray) else column
        return _from_arrow_column(pyarrow.array(flat, type=pyarrow.large_string(), from_pandas=True))
    except (pyarrow.ArrowException, TypeError, ValueError):  # values of several types: the list knows what to say
        return None


def _from_arrow_column(column: Any) -> Coded | NDArray[Any] | None:
    """An Arrow array of text or of a dictionary, `Coded`; of whole numbers, as NumPy; None for all others."""
    import pyarrow
    import pyarrow.compute

    kinds = pyarrow.types
    if (kinds.is_integer(column.type) or kinds.is_floating(column.type)) and column.null_count == 0:
        return np.asarray(column.to_numpy())
    chunked = column if isinstance(column, pyarrow.ChunkedArray) else pyarrow.chunked_array([column])
    text = (kinds.is_string, kinds.is_large_string)
    if kinds.is_string_view(chunked.type):
        chunked = chunked.cast(pyarrow.large_string())
    if not kinds.is_dictionary(chunked.type):
        if not any(is_text(chunked.type) for is_text in text):
            return None
        chunked = chunked.dictionary_encode()
    if not chunked.num_chunks or not len(chunked):
        return Coded(np.zeros(0, np.int32), [])
    parts = chunked.unify_dictionaries().chunks
    codes = np.concatenate([part.indices.fill_null(-1).cast("int32").to_numpy(zero_copy_only=False) for part in parts])
    words = parts[0].dictionary
    if not any(is_text(words.type) for is_text in text):
        return _without_doubles(codes, words.to_pylist())
    # Another's dictionary may hold a word twice, or words that are used nowhere.
    once = words.dictionary_encode()
    ranked = pyarrow.compute.sort_indices(once.dictionary)
    rank = np.empty(len(ranked) + 1, np.int32)
    rank[ranked.to_numpy()], rank[-1] = np.arange(len(ranked)), -1
    codes = np.append(rank[once.indices.fill_null(-1).cast("int32").to_numpy(zero_copy_only=False)], np.int32(-1))[
        codes
    ]
    names = once.dictionary.take(ranked).to_pylist()
    used = np.zeros(len(names) + 1, bool)
    used[codes] = True
    whole = not used[-1] and bool(used[:-1].all()) and not any(is_null(name) for name in names)
    return Coded(codes, names, in_order=whole)


def _without_doubles(codes: Codes, words: list[Any]) -> Coded:
    """A dictionary of values other than text."""
    inner = _coded(words, "label")
    back = np.append(inner.codes, np.int32(-1))
    return Coded(back[codes], inner.names)
