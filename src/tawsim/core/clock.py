"""Time as integer microseconds since 1970 UTC, from a clock that can be handed in. Client clocks never decide anything."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

Clock = Callable[[], int]
SECOND = 1_000_000
_START = datetime(1970, 1, 1, tzinfo=UTC)


def system_clock() -> int:
    """Microseconds since 1970 UTC."""
    return time.time_ns() // 1000


def to_iso(us: int) -> str:
    """`2026-11-21T12:00:00.000000Z` for a time in microseconds."""
    return (_START + timedelta(microseconds=us)).isoformat(timespec="microseconds").replace("+00:00", "Z")


def to_iso_ms(us: int) -> str:
    """`2026-11-21T12:00:00.000Z` for a time in microseconds, cut to the millisecond."""
    whole = datetime.fromtimestamp(us // SECOND, UTC)
    return f"{whole:%Y-%m-%dT%H:%M:%S}.{us // 1000 % 1000:03d}Z"
