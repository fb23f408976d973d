"""How an import makes way for people: while others write, it takes smaller pieces and rests four times as long as each took.

It reads the clock and two counters; what is read and written is in adding.py.
"""

import time
from concurrent.futures import Future, wait
from typing import Any

from tawsim.store.database import Database
from tawsim.store.serving import is_served_elsewhere

CHUNK = 1_000
# The writer is held for about 15 ms by so many rows.
SMALL_CHUNK = 250
REST = 4.0
LONGEST_REST_S = 1.0


class Pace:
    """The pace of one import. For one thread."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._seen, self._seen_elsewhere = db.written, db.written_elsewhere
        self._beside = is_served_elsewhere(db.path)
        self._began = time.monotonic()
        self.rows = SMALL_CHUNK if self._beside else CHUNK

    def rest(self, writing: Future[Any]) -> None:
        """After a piece was handed to the writer: rest if anybody else wrote meanwhile. `rows` is then how many come next."""
        if self._beside:
            wait([writing])  # others get at the file once it is written, and the writer leaves them a gap
        elsewhere = self._db.written_elsewhere
        others = self._db.written - self._seen > 1 or elsewhere != self._seen_elsewhere
        self.rows = SMALL_CHUNK if others or self._beside else CHUNK
        if others:
            time.sleep(min(REST * (time.monotonic() - self._began), LONGEST_REST_S))
        self._seen, self._seen_elsewhere = self._db.written, elsewhere
        self._began = time.monotonic()
