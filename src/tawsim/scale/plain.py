"""What came from outside as JSON, read with care: every refusal is a `BadInput` that names the field. Knows no type of task.

`check_plain` goes over a whole value first: how deep, how many, how long, and no half characters. After it the readers below
need not fear what they are given; each takes None for “not there”.
"""

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

from tawsim.core.errors import BadInput, TooLarge
from tawsim.core.text import is_unicode
from tawsim.kinds.answers import brief

MOST_DEPTH = 40
MOST_VALUES = 200_000
MOST_CHARACTERS = 8_000_000
# Beyond this a whole number cannot be written out in the time of a request.
MOST_BITS = 256


def refuse(field: str, message: str, hint: str = "") -> NoReturn:
    """Raises `BadInput` about a field of the request."""
    raise BadInput(f"`{field}` {message}", hint, field=field)


def check_plain(value: Any, what: str = "params") -> None:
    """Raises `BadInput` unless the value is JSON of a size that people send: it is gone over without recursion."""
    stack: list[tuple[Any, int]] = [(value, 0)]
    values = characters = 0
    while stack:
        one, depth = stack.pop()
        values += 1
        if values > MOST_VALUES:
            raise TooLarge(f"`{what}` holds more than {MOST_VALUES:,} values.", "Send it in several tasks.", field=what)
        if depth > MOST_DEPTH:
            refuse(what, f"is nested more than {MOST_DEPTH} deep.")
        if isinstance(one, str):
            characters += len(one)
            _check_text(one, what)
        elif isinstance(one, Mapping):
            for key in one:
                if not isinstance(key, str):
                    refuse(what, "has a name that is no text.")
                characters += len(key)
                _check_text(key, what)
            stack.extend((held, depth + 1) for held in one.values())
        elif isinstance(one, list | tuple):
            stack.extend((held, depth + 1) for held in one)
        else:
            _check_atom(one, what)
        if characters > MOST_CHARACTERS:
            raise TooLarge(
                f"`{what}` holds more than {MOST_CHARACTERS:,} characters.", "Upload it as a file.", field=what
            )


def _check_text(text: str, what: str) -> None:
    if not is_unicode(text):
        refuse(what, "holds half a character (a lone surrogate).", "Send the text as UTF-8.")
    if "\0" in text:
        refuse(what, "holds a null character.")


def _check_atom(value: Any, what: str) -> None:
    if value is None or isinstance(value, bool):
        return
    if isinstance(value, int) and value.bit_length() <= MOST_BITS:
        return
    if isinstance(value, float) and math.isfinite(value):
        return
    if isinstance(value, int | float):
        refuse(what, "holds a number that is too large, or none.")
    refuse(what, "holds something that JSON does not know.")


# ---- readers ------------------------------------------------------------------------------------------------------
def as_object(value: Any, field: str) -> Mapping[str, Any]:
    """An object; an empty one for None."""
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        refuse(field, f"is an object, not {brief(value)}.")
    return value


def as_list(value: Any, field: str, most: int = 1_000) -> Sequence[Any]:
    """A list of at most `most`; an empty one for None."""
    if value is None:
        return ()
    if not isinstance(value, list | tuple):
        refuse(field, f"is a list, not {brief(value)}.")
    if len(value) > most:
        refuse(field, f"holds {len(value):,}; {most:,} is the most.")
    return value


def as_text(value: Any, field: str, longest: int = 100_000) -> str:
    """A text; "" for None."""
    if value is None:
        return ""
    if not isinstance(value, str):
        refuse(field, f"is a text, not {brief(value)}.")
    if len(value) > longest:
        refuse(field, f"is longer than {longest:,} characters.")
    return value


def as_flag(value: Any, field: str, default: bool = False) -> bool:
    """True or false."""
    if value is None:
        return default
    if not isinstance(value, bool):
        refuse(field, f"is true or false, not {brief(value)}.")
    return value


def as_number(value: Any, field: str) -> int | float | None:
    """A number, or a text that is one, as older requests have it; None stays."""
    if value is None:
        return None
    found = value
    if isinstance(found, str) and len(found) <= 40:
        try:
            found = float(found)
        except ValueError:
            found = None
    if isinstance(found, bool) or not isinstance(found, int | float) or not math.isfinite(found) or abs(found) > 1e15:
        refuse(field, f"is a number, not {brief(value)}.")
    return int(found) if float(found).is_integer() else float(found)


def as_whole(value: Any, field: str, default: int | None = None) -> int | None:
    """A whole number; `default` for None."""
    found = as_number(value, field)
    if found is None:
        return default
    if not isinstance(found, int):
        refuse(field, f"is a whole number, not {brief(value)}.")
    return found


def digest(*parts: Any) -> str:
    """A short fingerprint of JSON values, the same in every process."""
    text = json.dumps(parts, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
