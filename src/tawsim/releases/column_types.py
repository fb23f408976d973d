"""The type of each column of an export, from its values: only Parquet needs one. Pure; knows no Arrow.

| values of the column (null apart) | type |
|---|---|
| text only, or none at all | text |
| true/false only | bool |
| integers only | int (64 bits), else uint (64 bits), else json |
| floats, or floats and integers up to 2⁵³ | float |
| anything else: objects, lists, mixtures | json: the JSON text of every value, and a mark that it is JSON |
"""

import json
from collections.abc import Iterable
from typing import Any, Literal

ColumnType = Literal["text", "bool", "int", "uint", "float", "json"]
# Above this, not every integer has a float of its own.
_EXACT_IN_FLOAT = 2**53
_to_json = json.JSONEncoder(ensure_ascii=False, allow_nan=False).encode


class Seen:
    """What a column has held so far; `type` may be asked at any time and widens only."""

    def __init__(self) -> None:
        self._types: set[type] = set()
        self._least = self._most = 0

    def add(self, values: Iterable[Any]) -> None:
        """Takes note of more values of the column."""
        values = tuple(values)
        self._types |= set(map(type, values)) - {type(None)}
        if int in self._types:
            integers = [value for value in values if type(value) is int]
            self._least = min(self._least, min(integers, default=0))
            self._most = max(self._most, max(integers, default=0))

    @property
    def certain(self) -> bool:
        """Whether later values can be written whatever they are: only text takes in everything (as JSON text)."""
        return self._types == {str}

    @property
    def type(self) -> ColumnType:
        """The narrowest type that holds all values seen, without loss."""
        if self._types <= {str}:
            return "text"
        if self._types == {bool}:
            return "bool"
        if self._types == {int}:
            if self._least >= -(2**63) and self._most < 2**63:
                return "int"
            return "uint" if self._least >= 0 and self._most < 2**64 else "json"
        if self._types <= {int, float} and max(-self._least, self._most) <= _EXACT_IN_FLOAT:
            return "float"
        return "json"


def json_text(value: Any) -> str:
    """`value` as JSON text, with Arabic as itself. Raises ValueError for NaN, TypeError for a type JSON lacks."""
    return _to_json(value)


def fit(values: list[Any], kind: ColumnType) -> list[Any]:
    """The values as they are written in a column of this type."""
    if kind == "json":
        return [None if value is None else json_text(value) for value in values]
    if kind == "text":
        return [value if value is None or type(value) is str else json_text(value) for value in values]
    return values
