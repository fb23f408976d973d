"""One SQLite file: one writer thread that commits many requests at once, and read connections apart.

Acknowledged means durable: WAL with `synchronous=FULL`, and a result leaves `write` only after the commit that holds it
was fsynced. Measured before it was chosen: one writer with group commit gives 10 times the throughput and 1/40 of the
tail of a pool of writers. What the tables mean is not here.

A write is a function of a `Transaction` that touches nothing but it: it may be rolled back, and it may run again.
"""

import asyncio
import os
import queue
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

from tawsim.core.clock import Clock, system_clock
from tawsim.core.errors import BadInput, NotFound, Unavailable
from tawsim.store import connecting, serving
from tawsim.store.connecting import check_writable, connect, create_file, explain, fold, make_durable, take_name
from tawsim.store.migrations import Family, check_family, migrate
from tawsim.store.statements import changes_standing, of_many_rows, statements

T = TypeVar("T")
Row = sqlite3.Row
Stamp = tuple[int, int]
GROUP_SIZE = 256
BULK_ROWS = 200  # times 7 columns stays far under the 32,766 parameters that SQLite takes
READERS = 4
# Changed rows between two foldings of the log: 1 to 4 MB of it.
FOLD_ROWS = 1_000
FOLD_BYTES = 16_000_000  # and of large ones sooner
LONG_WRITE_S, GAP_S, LONGEST_GAP_S = (
    0.01,
    0.03,
    0.1,
)  # beside a server: which writes are followed by a gap, and its bounds
LOOK_EVERY_S = 0.2  # whether another process wrote, while somebody asks
TRUSTED_S = 0.5  # an older look says nothing: the writer was at work all the while, or nobody asked


class Transaction:
    """Statements by name on one connection, inside one transaction."""

    __slots__ = ("_connection", "_statements", "changes_standing", "head", "now")

    def __init__(self, connection: sqlite3.Connection, now: int) -> None:
        self._connection = connection
        self._statements = statements()
        self.now = now
        # The last event's number and hash, once somebody has asked (store/chain.py).
        self.head: tuple[int, bytes] | None = None
        # Whether a statement in it may have changed who somebody is, or whether they may come in.
        self.changes_standing = False

    def one(self, name: str, /, **values: Any) -> Row | None:
        """The first row, or None."""
        row: Row | None = self._connection.execute(self._statements[name], values).fetchone()
        return row

    def all(self, name: str, /, **values: Any) -> list[Row]:
        """All rows, in memory."""
        return self._connection.execute(self._statements[name], values).fetchall()

    def stream(self, name: str, /, **values: Any) -> Iterator[Row]:
        """Rows as they come. Only for reads: the connection is busy until the last one."""
        yield from self._connection.execute(self._statements[name], values)

    def run(self, name: str, /, **values: Any) -> int:
        """How many rows changed."""
        self.changes_standing |= changes_standing(name)
        return self._connection.execute(self._statements[name], values).rowcount

    def many(self, name: str, rows: Sequence[dict[str, Any]]) -> None:
        """One statement for each of `rows`; an INSERT takes many of them at once."""
        self.changes_standing |= changes_standing(name)
        bulk = of_many_rows(name, BULK_ROWS) if len(rows) >= BULK_ROWS else None
        left = rows
        if bulk is not None:
            sql, names = bulk
            whole = len(rows) - len(rows) % BULK_ROWS
            for first in range(0, whole, BULK_ROWS):
                values = [row[name] for row in rows[first : first + BULK_ROWS] for name in names]
                self._connection.execute(sql, values)
            left = rows[whole:]
        if left:
            self._connection.executemany(self._statements[name], left)


@dataclass(slots=True)
class _Write(Generic[T]):
    work: Callable[[Transaction], T]
    done: Callable[["_Write[T]"], None]
    loop: asyncio.AbstractEventLoop | None = None
    result: T | None = None
    error: BaseException | None = None


# In the queue among the works: look whether another process wrote.
_LOOK: _Write[Any] = _Write(lambda _tx: None, lambda _item: None)


class Database:
    """An open file. `write` and `write_async` return after the fsync; `read` sees one snapshot."""

    def __init__(self, path: Path, connection: sqlite3.Connection, clock: Clock) -> None:
        self.path = path
        self.clock = clock
        self.written = 0  # works done by the writer: who has time sees by it whether others write too
        self.written_elsewhere = 0  # how often other processes were seen to have written in between
        self._version = connecting.data_version(connection)
        self._gives_way = serving.is_served_elsewhere(path)
        self._standing = 0  # transactions here that may have changed who may come in, and as what
        self._asked = self._looked = time.monotonic()  # for writes elsewhere
        self._connection = connection
        self._folded = 0  # rows changed before the log was last folded
        self._log = path.with_name(path.name + "-wal")
        # Then; it grows to 64 MB, is begun anew inside them, and grows beyond only while it cannot be.
        self._log_size = 0
        self._queue: queue.SimpleQueue[_Write[Any] | None] = queue.SimpleQueue()
        self._readers: queue.LifoQueue[sqlite3.Connection] = queue.LifoQueue(maxsize=READERS)
        self._closed = False
        self._door = threading.Lock()
        self._thread = threading.Thread(target=self._run, name=f"writer {path.name}", daemon=True)
        self._thread.start()

    @classmethod
    def open(cls, path: Path, family: Family, *, create: bool = False, clock: Clock = system_clock) -> "Database":
        """Open and migrate the file. Raises NotFound, BadInput (not ours) or Unavailable (read-only, full)."""
        if not create and not path.exists():
            raise NotFound(f"There is no file {path}.", "Check the path.")
        if not create and path.stat().st_size == 0:
            raise BadInput(f"{path} is empty: no workspace was ever finished in it.", "Remove it, and make one anew.")
        try:
            if create:
                create_file(path)
            check_writable(path)
            connection = connect(path)
            try:
                check_family(connection, family, path=str(path))
                make_durable(connection)
                migrate(connection, family, path=str(path), now=clock())
            except BaseException:
                connection.close()
                raise
        except sqlite3.DatabaseError as error:
            raise explain(error, path) from error
        except OSError as error:
            raise Unavailable(
                f"{path} cannot be opened: {error.strerror}.", "Check the folder's permissions."
            ) from error
        return cls(path, connection, clock)

    # ---- writing -----------------------------------------------------------------------------------------------
    def write(self, work: Callable[[Transaction], T]) -> T:
        """Run `work` in the writer and return its result once it is durable. Whatever `work` raises comes back here."""
        return self.write_soon(work).result()

    def write_soon(self, work: Callable[[Transaction], T]) -> Future[T]:
        """`write` for somebody with other things to do meanwhile: the future has the result once it is durable."""
        future: Future[T] = Future()
        future.set_running_or_notify_cancel()  # nobody can cancel what the writer may be doing, or its thread would end by it

        def done(item: _Write[T]) -> None:
            if item.error is not None:
                future.set_exception(item.error)
            else:
                future.set_result(item.result)  # type: ignore[arg-type]

        self._put(_Write(work, done))
        return future

    async def write_async(self, work: Callable[[Transaction], T]) -> T:
        """`write` for an event loop, which is woken once per group of commits, not once per request."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()

        def done(item: _Write[T]) -> None:
            if future.cancelled():
                return
            if item.error is not None:
                future.set_exception(item.error)
            else:
                future.set_result(item.result)  # type: ignore[arg-type]

        self._put(_Write(work, done, loop))
        return await future

    def _put(self, item: _Write[Any]) -> None:
        with self._door:  # so that nothing can be put behind the end mark, where nobody would ever answer it
            if self._closed:
                raise Unavailable("This workspace is being closed.", "Open it again.")
            self._queue.put(item)

    def _run(self) -> None:
        while True:
            item = self._queue.get()
            if item is None:
                return
            if item is _LOOK:
                self._look_elsewhere()
                continue
            group = [item]
            stop = False
            while len(group) < GROUP_SIZE:
                try:
                    following = self._queue.get_nowait()
                except queue.Empty:
                    break
                if following is None:
                    stop = True
                    break
                if following is not _LOOK:  # a look follows anyway
                    group.append(following)
            began = time.monotonic()
            self._commit_group(group)
            self.written += len(group)
            self._look_elsewhere()
            self._deliver(group)
            if stop:
                return
            self._fold_log()
            self._leave_gap(time.monotonic() - began)

    def _leave_gap(self, took: float) -> None:
        """Beside a server: nobody can stand in line for the file, and its people would get at it only by luck between two
        long writes. Short ones leave time enough."""
        if self._gives_way and took > LONG_WRITE_S:
            time.sleep(min(max(took, GAP_S), LONGEST_GAP_S))

    def _look_elsewhere(self) -> None:
        began = time.monotonic()
        with suppress(sqlite3.Error):
            version = connecting.data_version(self._connection)
            self.written_elsewhere += version != self._version
            self._version = version
            self._asked = self._looked = began

    def _fold_log(self) -> None:
        """Copy the log back into the file, once it holds some thousand changed rows and nobody waits to write."""
        # A full disk: the log keeps what it holds, and the next time tries again.
        with suppress(sqlite3.Error, OSError):
            changed = self._connection.total_changes - self._folded
            size = self._log.stat().st_size
            enough = FOLD_ROWS if self._queue.empty() else 4 * FOLD_ROWS
            due = changed >= enough or size - self._log_size >= FOLD_BYTES
            if due and fold(self._connection, self.path):
                self._folded += changed
                self._log_size = min(self._log.stat().st_size, size)

    def _commit_group(self, group: list[_Write[Any]]) -> None:
        """All of `group` in one transaction, each behind a savepoint: one that fails takes nothing else with it."""
        connection = self._connection
        transaction = Transaction(connection, 0)
        try:
            connection.execute("BEGIN IMMEDIATE")
            transaction.now = self.clock()
            for item in group:
                head = transaction.head
                connection.execute("SAVEPOINT one")
                try:
                    item.result = item.work(transaction)
                    connection.execute("RELEASE one")
                except sqlite3.OperationalError:
                    raise
                except BaseException as error:
                    item.error = explain(error, self.path)
                    connection.execute("ROLLBACK TO one")
                    connection.execute("RELEASE one")
                    transaction.head = head  # the events of this one are gone with it
            self._commit()
        except BaseException as error:
            # A full or failing disk: SQLite may have rolled all of it back, so nobody in this group is acknowledged.
            told = explain(error, self.path)
            for item in group:
                item.error = told
            try:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
            except sqlite3.Error:
                pass  # SQLite has rolled back by itself; the writer must live on and answer the next request
        self._standing += transaction.changes_standing  # before anybody is answered

    def _commit(self) -> None:
        """Its own method so that a test can fail or die just before and just after."""
        self._connection.execute("COMMIT")

    @staticmethod
    def _deliver(group: list[_Write[Any]]) -> None:
        by_loop: dict[asyncio.AbstractEventLoop, list[_Write[Any]]] = {}
        for item in group:
            if item.loop is None:
                item.done(item)
            else:
                by_loop.setdefault(item.loop, []).append(item)
        for loop, items in by_loop.items():
            try:
                loop.call_soon_threadsafe(_deliver_all, items)
            except RuntimeError:
                continue  # the loop has ended and nobody waits; the work itself is durable

    # ---- reading -----------------------------------------------------------------------------------------------
    def stamp(self) -> Stamp | None:
        """The same as before while nobody changed who may come in, and as what. Changes here move it before they are
        acknowledged, any of another process within `TRUSTED_S`. None where nothing is known of those."""
        now = time.monotonic()
        if now - self._asked > LOOK_EVERY_S:
            self._asked = now
            self._queue.put(_LOOK)
        return (self._standing, self.written_elsewhere) if now - self._looked <= TRUSTED_S else None

    @contextmanager
    def read(self) -> Iterator[Transaction]:
        """A snapshot: what one `with` block reads belongs together. Writers go on meanwhile. Never waits for a reader."""
        try:
            try:
                connection = self._readers.get_nowait()
            except queue.Empty:
                connection = connect(self.path, read_only=True)
            try:
                connection.execute("BEGIN")
                yield Transaction(connection, self.clock())
            finally:
                connection.execute("ROLLBACK")
                self._give_back(connection)
        except (sqlite3.DatabaseError, UnicodeEncodeError, OverflowError) as error:
            raise explain(error, self.path) from error

    def _give_back(self, connection: sqlite3.Connection) -> None:
        with self._door:  # once closed nobody would take it out again, and its file would stay open
            if not self._closed and not self._readers.full():
                self._readers.put_nowait(connection)
                return
        connection.close()

    def close(self) -> None:
        """Finish the writes that were accepted, fold the log into the file and let go of it."""
        with self._door:
            if self._closed:
                return
            self._closed = True
            self._queue.put(None)
        self._thread.join(timeout=30)
        while True:
            try:
                self._readers.get_nowait().close()
            except queue.Empty:
                break
        # Whoever copies the file now copies all of it. Beside a server it is the server's to do: never beside its writes (see
        # `fold`). Where somebody else still reads, the log stays and is read at the next opening.
        if not serving.is_served_elsewhere(self.path):
            with suppress(sqlite3.Error):
                self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        self._connection.close()

    def backup_to(self, target: Path) -> None:
        """A whole, consistent copy while others read and write, folded into one file. `target` must not exist."""
        temporary = target.with_name(f".{target.name}.{os.getpid()}.{time.monotonic_ns()}.part")
        source = connect(self.path, read_only=True)
        try:
            os.close(os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
            copy = sqlite3.connect(temporary)
            try:
                # One snapshot from first page to last: without it every commit of the writer starts the copy over again,
                # and the backup of a large file under load would never end.
                source.execute("BEGIN")
                source.execute("SELECT COUNT(*) FROM sqlite_master").fetchone()
                source.backup(copy, pages=2000)
                copy.execute("PRAGMA journal_mode = DELETE")
                problem = copy.execute("PRAGMA quick_check").fetchone()[0]
                if problem != "ok":
                    raise Unavailable(
                        f"The copy did not pass its check: {problem}.", "Run tawsim doctor on the source."
                    )
            finally:
                copy.close()
            with open(temporary, "rb") as file:
                os.fsync(file.fileno())
            take_name(temporary, target)
        except sqlite3.Error as error:
            raise explain(error, target) from error
        except FileExistsError as error:
            raise BadInput(f"{target} exists already.", "Choose another name.") from error
        except OSError as error:
            raise Unavailable(f"{target} cannot be written: {error.strerror}.") from error
        finally:
            source.close()
            temporary.unlink(missing_ok=True)

    def check(self) -> list[str]:
        """What SQLite finds wrong with the file; empty means sound."""
        connection = connect(self.path, read_only=True)
        try:
            found = [row[0] for row in connection.execute("PRAGMA integrity_check(20)")]
            found += [f"broken reference in {row[0]}" for row in connection.execute("PRAGMA foreign_key_check")]
        except sqlite3.DatabaseError as error:
            found = [str(error)]
        finally:
            connection.close()
        return [] if found == ["ok"] else [one for one in found if one != "ok"]


def _deliver_all(items: list[_Write[Any]]) -> None:
    for item in items:
        item.done(item)
