"""What goes over the wire of the Scale-compatible API: errors in its form, JSON, and times. No route and no rule lives here.

An error is always an object, {"status_code": 404, "error": "…"}: the client dies of anything else. Bad input is 400, never
422; 409 is answered by the few routes that say so, since the client reads more into it than is meant.
"""

import json
import math
import re
from datetime import UTC, datetime, timedelta
from typing import Any, NoReturn

from tawsim.core.clock import to_iso_ms
from tawsim.core.errors import (
    BadInput,
    Conflict,
    EndpointDown,
    NotAllowed,
    NotEnabled,
    NotFound,
    NotSignedIn,
    TawsimError,
    TooSoon,
    Unavailable,
)

STATUSES: tuple[tuple[type[TawsimError], int], ...] = (
    (NotEnabled, 402),
    (BadInput, 400),
    (NotSignedIn, 401),
    (NotAllowed, 403),
    (NotFound, 404),
    (TooSoon, 429),
    (EndpointDown, 503),
    (Unavailable, 503),
)
RETRY_AFTER_S = "2"
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
_ENCODE = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode
_TIME = re.compile(
    r"(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d)(:\d\d)?(?:[.,](\d{1,9}))?)?\s?(Z|z|UTC|[+-]\d\d(?::?\d\d)?)?", re.ASCII
)


def status_of(error: TawsimError, *, conflicts: bool) -> int:
    """The HTTP status of an error. `conflicts`: whether this route may answer 409; elsewhere a wrong state is 400."""
    found = next((status for kind, status in STATUSES if isinstance(error, kind)), None)
    if found is not None:
        return found
    return (409 if conflicts else 400) if isinstance(error, Conflict) else 500


def error_body(status: int, text: str) -> bytes:
    """The one form of an error."""
    return to_bytes({"status_code": status, "error": text})


def error_headers(error: TawsimError) -> list[tuple[bytes, bytes]]:
    """When to come again, where that is known."""
    if isinstance(error, TooSoon):
        return [(b"retry-after", str(error.details.get("retry_after_s", RETRY_AFTER_S)).encode())]
    return [(b"retry-after", RETRY_AFTER_S.encode())] if isinstance(error, Unavailable | EndpointDown) else []


def to_bytes(content: Any) -> bytes:
    """Compact UTF-8 JSON."""
    return _ENCODE(content).encode()


def read_json(body: bytes) -> Any:
    """The body as JSON; None where there is none. Raises BadInput for what is no JSON, or has numbers that JSON has not."""
    if not body.strip():
        return None
    try:
        return _DECODE(body.decode(json.detect_encoding(body), "surrogatepass"))
    except (ValueError, RecursionError) as error:
        raise BadInput(f"The body is not valid JSON: {str(error)[:200]}.") from None


def _no_number(text: str) -> NoReturn:
    raise ValueError(f"{text} is no number")


def _finite(text: str) -> float:
    found = float(text)
    if math.isinf(found):
        raise ValueError("a number is too large")
    return found


# Made once, as `json.loads` would make it anew for every body.
_DECODE = json.JSONDecoder(parse_constant=_no_number, parse_float=_finite).decode


def time_text(us: int) -> str:
    """Microseconds since 1970 as ISO 8601 in UTC, with milliseconds and Z."""
    return to_iso_ms(us)


def read_time(text: str) -> int:
    """A date, or a date and time, with or without a zone (none: UTC), in microseconds since 1970. Raises BadInput."""
    found = _TIME.fullmatch(text.strip())
    try:
        if found is None:
            raise ValueError
        day, clock, seconds, fraction, zone = found.groups()
        moment = datetime.fromisoformat(f"{day}T{clock or '00:00'}{seconds or ':00'}")
        moment = moment.replace(tzinfo=_zone(zone or "Z"))
        return (moment - EPOCH) // MICROSECOND + int((fraction or "0").ljust(6, "0")[:6])
    except (ValueError, OverflowError):
        raise BadInput(f"{text[:60]!r} is no date.", "Write it as 2026-01-31 or 2026-01-31T08:00:00Z.") from None


def _zone(text: str) -> Any:
    if text in ("Z", "z", "UTC"):
        return UTC
    return datetime.strptime(text if len(text) > 3 else text + "00", "%z").tzinfo
