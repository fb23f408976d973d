"""Which Parquet types are read, and how each becomes a JSON value without loss. Arrow types in, plain functions out.

| Parquet | row |
|---|---|
| text, booleans, integers, floats (finite), null | the same |
| decimal | text with all its digits, "12.50" |
| date, time, timestamp | text, ISO 8601, with as many digits as the unit has; with a zone: UTC, ending in Z |
| duration | text, ISO 8601 in seconds, "PT1.5S" |
| binary | text, base64 (RFC 4648 §4) |
| UUID | text |
| list, struct, map | list, object, list of [key, value] |
| dictionary | its values |
| text marked as JSON by our own export | the value |
Anything else is refused by name. Imports pyarrow only inside functions.
"""

import base64
import json
import math
from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

from tawsim.intake.limits import Trouble

# Not a type of ours: pyarrow has no stubs, and is not imported before a Parquet file is named.
ArrowType = Any
Convert = Callable[[Any], Any]
JSON_MARK = {b"tawsim": b"json"}
_UNITS = {"s": 0, "ms": 3, "us": 6, "ns": 9}


def raw_type(kind: ArrowType) -> ArrowType:
    """The type to cast to before values leave Arrow: times as integers (Python has no nanoseconds)."""
    import pyarrow as pa

    t = pa.types
    if t.is_dictionary(kind):
        return raw_type(kind.value_type)
    if t.is_string_view(kind):
        return pa.string()
    if t.is_binary_view(kind):
        return pa.binary()
    if t.is_timestamp(kind) or t.is_time64(kind) or t.is_duration(kind) or t.is_date64(kind):
        return pa.int64()
    if t.is_time32(kind) or t.is_date32(kind):
        return pa.int32()
    if t.is_large_list(kind) or t.is_list(kind) or t.is_fixed_size_list(kind):
        return pa.list_(raw_type(kind.value_type))
    if t.is_struct(kind):
        return pa.struct([(field.name, raw_type(field.type)) for field in kind])
    if t.is_map(kind):
        return pa.map_(raw_type(kind.key_type), raw_type(kind.item_type))
    return kind


def converter(kind: ArrowType, column: str) -> Convert | None:
    """What to do with each value that is not null after `raw_type`; None for nothing. Raises `Trouble`."""
    import pyarrow as pa

    t = pa.types
    if t.is_string(kind) or t.is_large_string(kind) or t.is_string_view(kind):
        return None
    if t.is_boolean(kind) or t.is_integer(kind) or t.is_null(kind):
        return None
    if t.is_floating(kind):
        return _finite
    if t.is_dictionary(kind):
        return converter(kind.value_type, column)
    if t.is_decimal(kind):
        return lambda value: format(value, "f")
    if t.is_binary(kind) or t.is_large_binary(kind) or t.is_binary_view(kind) or t.is_fixed_size_binary(kind):
        return lambda value: base64.b64encode(value).decode("ascii")
    return _time_converter(kind) or _nested_converter(kind, column)


def _time_converter(kind: ArrowType) -> Convert | None:
    import pyarrow as pa

    t = pa.types
    if t.is_date32(kind):
        return _date
    if t.is_date64(kind):
        return lambda value: _date(value // 86_400_000)
    if t.is_timestamp(kind):
        digits, end = _UNITS[kind.unit], "Z" if kind.tz else ""
        return lambda value: _timestamp(value, digits) + end
    if t.is_time(kind):
        digits = _UNITS[kind.unit]
        return lambda value: _timestamp(value, digits)[11:]
    if t.is_duration(kind):
        digits = _UNITS[kind.unit]
        return lambda value: _duration(value, digits)
    return None


def _nested_converter(kind: ArrowType, column: str) -> Convert:
    import pyarrow as pa

    t = pa.types
    if t.is_list(kind) or t.is_large_list(kind) or t.is_fixed_size_list(kind):
        inner = _or_null(converter(kind.value_type, column))
        return lambda value: [inner(one) for one in value]
    if t.is_struct(kind):
        fields = {field.name: _or_null(converter(field.type, column)) for field in kind}
        if len(fields) < kind.num_fields:
            raise Trouble(f"two fields of the type {kind} have one name.", column=column, whole=True)
        return lambda value: {name: fields[name](one) for name, one in value.items()}
    if t.is_map(kind):
        key, item = _or_null(converter(kind.key_type, column)), _or_null(converter(kind.item_type, column))
        return lambda value: [[key(a), item(b)] for a, b in value]
    if isinstance(kind, pa.BaseExtensionType):
        if kind.extension_name == "arrow.uuid":
            return str
        return _or_null(converter(kind.storage_type, column))
    hint = "Convert the column to text before you export it."
    raise Trouble(f"the Parquet type {kind} cannot be read as a task.", hint, column=column, whole=True)


def _or_null(convert: Convert | None) -> Convert:
    if convert is None:
        return lambda value: value
    return lambda value: None if value is None else convert(value)


def _finite(value: float) -> float:
    if math.isfinite(value):
        return value
    raise Trouble(f"{value} is no JSON number.", "Write null for a missing one.")


def _date(days: int) -> str:
    try:
        return (date(1970, 1, 1) + timedelta(days=days)).isoformat()
    except OverflowError:
        raise Trouble("a date outside the years 1 to 9999.") from None


def _timestamp(value: int, digits: int) -> str:
    seconds, rest = divmod(value, 10**digits)
    try:
        text = (datetime(1970, 1, 1) + timedelta(seconds=seconds)).isoformat()
    except OverflowError:
        raise Trouble("a time outside the years 1 to 9999.") from None
    return f"{text}.{rest:0{digits}d}" if digits else text


def _duration(value: int, digits: int) -> str:
    seconds, rest = divmod(abs(value), 10**digits)
    fraction = f".{rest:0{digits}d}" if digits else ""
    return f"{'-' if value < 0 else ''}PT{seconds}{fraction}S"


def from_json(text: str) -> Any:
    """The value behind a text that our own export marked as JSON."""
    try:
        return json.loads(text)
    except (json.JSONDecodeError, RecursionError):
        raise Trouble("the column is marked as JSON, but this value is none.") from None
