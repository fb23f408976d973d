"""Identifiers: UUIDv7 as text, so that ids sort by the time they were made and inserts stay at the end of an index.

RFC 9562 §5.7: 48 bits of Unix milliseconds, then 74 random bits. Here 12 of these are a counter within the
millisecond (method 1 of §6.2), which keeps ids made by one process in order. No database, no clock of its own.
"""

import os
import threading

_lock = threading.Lock()
_last_ms = 0
_counter = 0


def new_id(now_us: int) -> str:
    """A UUIDv7 for `now_us` (microseconds since 1970). Rises strictly within a process even if the clock stands still."""
    global _last_ms, _counter
    with _lock:
        ms = now_us // 1000
        if ms > _last_ms:
            _last_ms, _counter = ms, 0
        else:
            _counter += 1
            if _counter > 0xFFF:
                _last_ms, _counter = _last_ms + 1, 0
        ms, count = _last_ms, _counter
    tail = int.from_bytes(os.urandom(8), "big") & 0x3FFF_FFFF_FFFF_FFFF
    value = (ms << 80) | (0x7 << 76) | (count << 64) | (0b10 << 62) | tail
    text = f"{value:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"
