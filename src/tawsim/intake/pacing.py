"""How an import makes way for people: while others write, it takes smaller pieces and rests four times as long as each took.

It reads the clock and one counter; what is read and written is in adding.py.
"""

import time

from tawsim.store.database import Database

CHUNK = 1_000
# The writer is held for about 15 ms by so many rows.
SMALL_CHUNK = 250
REST = 4.0
LONGEST_REST_S = 1.0


class Pace:
    """The pace of one import. For one thread."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._seen = db.written
        self._began = time.monotonic()
        self.rows = CHUNK

    def rest(self) -> None:
        """After a piece was handed to the writer: rest if anybody else wrote meanwhile. `rows` is then how many come next."""
        others = self._db.written - self._seen > 1
        self.rows = SMALL_CHUNK if others else CHUNK
        if others:
            time.sleep(min(REST * (time.monotonic() - self._began), LONGEST_REST_S))
        self._seen, self._began = self._db.written, time.monotonic()
