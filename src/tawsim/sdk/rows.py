"""Whatever a Python user has → rows: texts or mappings of plain values. Imports no table library; reads no file."""

import datetime
import math
import os
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

from tawsim.core.errors import BadInput


def as_path(data: Any) -> Path | None:
    """The path, if `data` names a file: a text or a path object."""
    return Path(data) if isinstance(data, str | os.PathLike) else None


def rows_of(data: Any) -> Iterator[Any]:
    """Rows of a pandas, polars or pyarrow table, or of any iterable of texts and mappings. Raises BadInput."""
    library = type(data).__module__.split(".")[0]
    if library == "pandas" and hasattr(data, "columns"):
        rows: Iterable[Any] = _pandas_rows(data)
    elif library == "polars" and hasattr(data, "iter_rows"):
        rows = data.iter_rows(named=True)
    elif library == "polars" and hasattr(data, "collect"):
        rows = data.collect().iter_rows(named=True)
    elif hasattr(data, "to_batches"):  # pyarrow.Table
        rows = (row for batch in data.to_batches(max_chunksize=10_000) for row in batch.to_pylist())
    elif library == "pyarrow" and hasattr(data, "to_pylist"):
        rows = data.to_pylist()
    elif isinstance(data, Mapping | bytes) or not isinstance(data, Iterable):
        raise BadInput(
            f"A {type(data).__name__} is not a table of rows.",
            "Give a list of texts or of mappings, a pandas, polars or pyarrow table, or a path.",
        )
    else:
        rows = data
    for row in rows:
        yield _plain_row(row)


def _pandas_rows(frame: Any) -> Iterator[dict[str, Any]]:
    names = [str(name) for name in frame.columns]
    for values in frame.itertuples(index=False, name=None):
        yield dict(zip(names, values, strict=True))


def _plain_row(row: Any) -> Any:
    if isinstance(row, Mapping):
        return {str(name): plain(value) for name, value in row.items()}
    return plain(row)


def plain(value: Any) -> Any:
    """A value as JSON can hold it: NumPy numbers as Python's, missing ones as None, dates and times in ISO 8601."""
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(name): plain(one) for name, one in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(one) for one in value]
    if type(value).__name__ in ("NAType", "NaTType"):
        return None
    if isinstance(value, datetime.date | datetime.time):
        return value.isoformat()
    if isinstance(value, Decimal):
        return str(value)
    for method in ("item", "tolist"):  # NumPy scalars, NumPy arrays and polars series
        if hasattr(value, method) and (method != "item" or getattr(value, "shape", ()) == ()):
            return plain(getattr(value, method)())
    return value  # what JSON cannot hold is refused, with its row, where it is stored
