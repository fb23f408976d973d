"""Values → TOML text (v1.0): what Python's own tomllib reads back as the same values. Knows nothing of projects."""

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

from tawsim.core.errors import BadInput

LINE = 110
_BARE = re.compile(r"[A-Za-z0-9_-]+")
_ESCAPES = {"\b": "\\b", "\t": "\\t", "\n": "\\n", "\f": "\\f", "\r": "\\r", '"': '\\"', "\\": "\\\\"}


def key(name: str) -> str:
    """A key, bare where it can be."""
    return name if _BARE.fullmatch(name) else text(name)


def text(value: str) -> str:
    """A basic string on one line. Letters of every script stand as themselves."""
    return '"' + "".join(_character(c) for c in value) + '"'


def _character(c: str) -> str:
    if c in _ESCAPES:
        return _ESCAPES[c]
    if "\ud800" <= c <= "\udfff":
        raise BadInput("Half of a surrogate pair, which is no character, cannot be written to a file.")
    # Controls must be escaped; marks that reorder what follows are, so that the file reads as it is.
    if c < " " or c in "\x7f\u2028\u2029\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff":
        return f"\\u{ord(c):04X}"
    return c


def long_text(value: str) -> str:
    """A text of several lines as such, where every character can stand as itself or escaped."""
    if "\n" not in value:
        return text(value)
    literal = (
        "'''" not in value and not value.endswith("'") and all(_character(c) == c or c in '\n\t"\\' for c in value)
    )
    if literal:
        return f"'''\n{value}'''"
    body = "".join("\n" if c == "\n" else c if c == "\t" else _character(c) for c in value)
    return f'"""\n{body}"""'


def value(one: Any) -> str:
    """Any value on one line: text, number, true or false, a list, an inline table. Raises `BadInput` for others."""
    if isinstance(one, bool):
        return "true" if one else "false"
    if isinstance(one, str):
        return text(one)
    if isinstance(one, int):
        return str(one)
    if isinstance(one, float):
        if not math.isfinite(one):
            return "nan" if one != one else "inf" if one > 0 else "-inf"
        written = repr(one)
        return written if "." in written or "e" not in written else written.replace("e", ".0e")
    if isinstance(one, Mapping):
        inside = ", ".join(f"{key(name)} = {value(part)}" for name, part in one.items() if part is not None)
        return f"{{ {inside} }}" if inside else "{}"
    if isinstance(one, Sequence):
        return "[" + ", ".join(value(part) for part in one) + "]"
    raise BadInput(f"TOML has no form for {type(one).__name__}.")


def entry(name: str, one: Any) -> list[str]:
    """The lines `name = value`; a long list has its parts on lines of their own."""
    line = f"{key(name)} = {long_text(one) if isinstance(one, str) else value(one)}"
    if len(line) <= LINE or not isinstance(one, Sequence) or isinstance(one, str):
        return line.split("\n") if isinstance(one, str) else [line]
    lines, row = [f"{key(name)} = ["], "  "
    for part in one:
        told = value(part) + ","
        if len(row) > 2 and len(row) + len(told) > LINE:
            lines.append(row.rstrip())
            row = "  "
        row += told + " "
    return [*lines, row.rstrip(), "]"]
