"""Who calls, remembered: what was looked up of a credential, for as long as neither file that it rests on was changed.

Forgetting is exact and nobody has to think of it: each entry carries the stamps of the accounts file and of its workspace as
they were before the look-up (`Database.stamp`), and holds while both are still the same. What changes a credential, a role or
an account here moves a stamp before it is answered; what another process changes moves it a fraction of a second later. When
credentials were last used is kept here too, and written down together: each write of its own would cost an fsync.
"""

import time
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from tawsim.core.errors import TawsimError
from tawsim.store.database import Database, Stamp
from tawsim.workspaces import accounts
from tawsim.workspaces.accounts import SEEN_EVERY, Standing

T = TypeVar("T")
REMEMBERED_AT_MOST = 20_000
WRITE_EVERY_S = 5.0


@dataclass(frozen=True, slots=True)
class Basis:
    """What a look-up rests on: a file, and its stamp from before it was read."""

    db: Database
    stamp: Stamp | None

    @staticmethod
    def of(db: Database) -> "Basis":
        """The file as it is now. To be asked before it is read: what changes meanwhile is then seen as a change."""
        return Basis(db, db.stamp())

    def stands(self) -> bool:
        """Whether nothing that matters was changed since."""
        return self.stamp is not None and self.db.stamp() == self.stamp


@dataclass(frozen=True, slots=True)
class _Entry(Generic[T]):
    value: T
    until: int
    bases: tuple[Basis, ...]


@dataclass(slots=True)
class Remembered(Generic[T]):
    """Credential → what was found for it."""

    _entries: dict[str, _Entry[T]] = field(default_factory=dict)

    def get(self, secret: str, now: int) -> T | None:
        """What was found, if it still holds; None where it has to be looked up."""
        entry = self._entries.get(secret)
        if entry is None or now >= entry.until or not all(basis.stands() for basis in entry.bases):
            return None
        return entry.value

    def put(self, secret: str, value: T, until: int, *bases: Basis) -> None:
        """Remember `value` until its credential expires, or a basis no longer stands."""
        if any(basis.stamp is None for basis in bases):
            return
        if len(self._entries) >= REMEMBERED_AT_MOST:
            self._entries.clear()
        self._entries[secret] = _Entry(value, until, bases)


@dataclass(slots=True)
class Uses:
    """When credentials were used, to a minute. What a crash takes of it is a moment that nothing rests on."""

    _noted: dict[str, int] = field(default_factory=dict)
    _waiting: dict[str, int] = field(default_factory=dict)
    _written: float = -WRITE_EVERY_S

    def note(self, standing: Standing, now: int) -> bool:
        """The credential is used now. Returns whether this is worth writing down, and time to."""
        last = self._noted.get(standing.id, standing.seen_at)
        if last is None or not 0 <= now - last < SEEN_EVERY:
            if len(self._noted) >= REMEMBERED_AT_MOST:
                self._noted.clear()
            self._noted[standing.id] = self._waiting[standing.id] = now
        return self.due()

    def due(self) -> bool:
        """Whether something waits, and nothing was written for a while."""
        return bool(self._waiting) and time.monotonic() - self._written >= WRITE_EVERY_S

    def write(self, books: Database) -> None:
        """Write down what waits, without waiting for it."""
        waiting, self._waiting = self._waiting, {}
        self._written = time.monotonic()
        if not waiting:
            return
        rows: list[dict[str, Any]] = [{"id": id_, "now": at} for id_, at in waiting.items()]
        try:
            books.write_soon(lambda tx: accounts.seen(tx, rows))
        except TawsimError:  # the file is being closed
            return
