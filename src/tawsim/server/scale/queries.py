"""What stands in the query of a request, as clients really send it. A value that cannot be used is BadInput that names it."""

from collections.abc import Mapping

from tawsim.core.errors import BadInput
from tawsim.loop.scale.listing import EVER, NEVER, Span
from tawsim.server.scale.wire import read_time

Query = Mapping[str, list[str]]
FLAGS = {"true": True, "false": False, "1": True, "0": False, "": False}
LONGEST = 4_000


def text_of(query: Query, name: str) -> str:
    """The value, the last one where it came several times; "" where it did not."""
    found = query.get(name, [""])[-1]
    if len(found) > LONGEST:
        raise BadInput(f"`{name}` has at most {LONGEST:,} characters.", field=name)
    return found


def flag_of(query: Query, name: str) -> bool:
    """True or false, however it is written. False where it did not come."""
    found = FLAGS.get(text_of(query, name).lower())
    if found is None:
        raise BadInput(f"`{name}` is true or false.", field=name)
    return found


def number_of(query: Query, name: str, default: int) -> int:
    """A whole number of up to nine digits."""
    found = text_of(query, name)
    if not found:
        return default
    if not found.isascii() or not found.removeprefix("-").isdecimal() or len(found) > 9:
        raise BadInput(f"`{name}` is a whole number, not {found[:40]!r}.", field=name)
    return int(found)


def span_of(query: Query, since: str, until: str) -> Span:
    """The times from one field until another."""
    return Span(_time(query, since, NEVER), _time(query, until, EVER))


def _time(query: Query, name: str, default: int) -> int:
    found = text_of(query, name)
    if not found:
        return default
    try:
        return read_time(found)
    except BadInput as error:
        raise BadInput(f"`{name}`: {error.message}", error.hint, field=name) from None
