"""A workspace file that another process serves, opened for reading alone: same reads, no writer. Migrates nothing."""

import queue
import sqlite3
import threading
from pathlib import Path

from tawsim.core.clock import Clock, system_clock
from tawsim.core.errors import NotFound, Unavailable
from tawsim.store.connecting import connect
from tawsim.store.database import READERS, Database, Row
from tawsim.store.migrations import Family, migrations


class Reading(Database):
    """An open file of which this process changes nothing: every write raises Unavailable."""

    def __init__(self, path: Path, clock: Clock = system_clock) -> None:
        self.path = path
        self.clock = clock
        self._readers: queue.LifoQueue[sqlite3.Connection] = queue.LifoQueue(maxsize=READERS)
        self._closed = False
        self._door = threading.Lock()

    @classmethod
    def of(cls, path: Path, family: Family = "workspace") -> "Reading":
        """Open the file as the process that serves it left it. Raises NotFound, and Unavailable where its tables are not those
        that this program knows: Tawsim was changed on the disk while a server ran."""
        if not path.exists():
            raise NotFound(f"There is no file {path}.", "Check the path.")
        connection = connect(path, read_only=True)
        try:
            last: Row = connection.execute("SELECT MAX(number) FROM schema_version").fetchone()
        except sqlite3.DatabaseError as error:
            raise Unavailable(f"{path} cannot be read ({error}).", "Try again.") from error
        finally:
            connection.close()
        if last[0] != migrations(family)[-1].number:
            raise Unavailable(
                "Tawsim was changed on this machine while it was serving.", "Stop the server and start it again."
            )
        return cls(path)

    def _put(self, item: object) -> None:
        raise Unavailable(f"{self.path.name} is open for reading alone.")

    def close(self) -> None:
        """Let go of the file."""
        with self._door:
            self._closed = True
        while True:
            try:
                self._readers.get_nowait().close()
            except queue.Empty:
                return
