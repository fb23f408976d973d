"""Which row repeats an earlier one: an index lookup only for those that may, so that most rows ask the database nothing.

Only looks; what becomes of a duplicate is decided in adding.py.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

from tawsim.store.database import Database, Transaction

FILTER_BITS = 27  # 2^27 bits, 16 MB: at a million rows 1 in 5,000 is looked up in vain, at ten million 1 in 50
_MASK = (1 << FILTER_BITS) - 1


class Filter:
    """A Bloom filter (Bloom 1970) with two probes over 64-bit keys that are hashes already, so they need no hashing."""

    def __init__(self) -> None:
        self._bits = bytearray(1 << (FILTER_BITS - 3))

    def add(self, key: int) -> bool:
        """Note the key. False: it is certainly new. True: it may have been noted before."""
        bits = self._bits
        first, second = key & _MASK, (key >> 32) & _MASK
        i, j = first >> 3, second >> 3
        one, two = 1 << (first & 7), 1 << (second & 7)
        if bits[i] & one and bits[j] & two:
            return True
        bits[i] |= one
        bits[j] |= two
        return False


class Repeats:
    """The texts of one project and of the import into it, by their keys. For one thread.

    Only in a project without tasks does the import know all keys there are; in another each row asks the index.
    """

    def __init__(self, db: Database, project_id: str, *, without_tasks: bool) -> None:
        self._db, self._project_id = db, project_id
        self._filter = Filter() if without_tasks else None
        self._chunk: dict[int, int] = {}
        self._look: Callable[[int], int | None] = lambda key: None

    @contextmanager
    def chunk(self, settle: Callable[[], None]) -> Iterator[None]:
        """Rows that are stored together. `settle` returns when the chunks before are; called only where they matter."""
        self._chunk = {}
        with ExitStack() as stack:
            reader: list[Transaction] = []

            def look(key: int) -> int | None:
                if not reader:
                    settle()
                    reader.append(stack.enter_context(self._db.read()))
                row = reader[0].one("task_same_text", project_id=self._project_id, text_key=key)
                return row["seq"] if row is not None else None

            self._look = look
            yield

    def earlier(self, key: int) -> int | None:
        """The number of the first task with this text; None if the row is the first."""
        if self._filter is not None and not self._filter.add(key):
            return None
        return self._chunk.get(key) or self._look(key)

    def note(self, key: int, seq: int) -> None:
        """The row became task `seq`, which is not stored yet."""
        self._chunk.setdefault(key, seq)
