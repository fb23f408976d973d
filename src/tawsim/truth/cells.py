"""Cells of any form behind a column's codes: lists and objects as well as names, and the row where one stands.

columns.py reads columns of plain values for votes; this is for whoever must look at answers before their kind is known.
"""

from typing import Any

import numpy as np

from tawsim.core.errors import BadInput
from tawsim.truth.columns import Coded, listed, read_column

__all__ = ["Coded", "cells", "coded", "row_of", "same_length"]


def coded(column: Any) -> Coded:
    """A column of any library as `Coded`; a missing value is the name None. Lists and objects, which cannot be compared
    quickly, each get a name of their own. Raises `BadInput` for what is no column."""
    found = read_column(column)
    if not isinstance(found, Coded):
        values = listed(found)
        if isinstance(values, np.ndarray) and values.dtype.kind != "f":
            names, codes = np.unique(values, return_inverse=True)
            return Coded(codes.reshape(-1).astype(np.int32), names.tolist())
        values = values.tolist() if isinstance(values, np.ndarray) else values
        place: dict[Any, int] = {}
        try:
            numbers = np.fromiter((place.setdefault(value, len(place)) for value in values), np.int32, len(values))
        except TypeError:
            return Coded(np.arange(len(values), dtype=np.int32), values)
        return Coded(numbers, list(place))
    if len(found.codes) and int(found.codes.min()) < 0:
        return Coded(np.where(found.codes < 0, len(found.names), found.codes).astype(np.int32), [*found.names, None])
    return found


def cells(column: Coded) -> list[Any]:
    """All cells as a list; equal cells are one object."""
    names = np.empty(len(column.names), dtype=object)
    for i, name in enumerate(column.names):
        names[i] = name
    found: list[Any] = names[column.codes].tolist()
    return found


def row_of(column: Coded, code: int) -> int:
    """The row (from 1) where a name stands first; 0 if it is used nowhere."""
    here = column.codes == code
    return int(here.argmax()) + 1 if here.any() else 0


def same_length(columns: dict[str, Coded]) -> None:
    """Raises `BadInput` for columns that differ in length, or hold nothing."""
    lengths = {name: len(column) for name, column in columns.items()}
    if len(set(lengths.values())) > 1:
        raise BadInput(f"The columns differ in length: {lengths}.")
    if not max(lengths.values()):
        raise BadInput("There are no answers.", "A table of answers has one row each: task, worker, label.")
