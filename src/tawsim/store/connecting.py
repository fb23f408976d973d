"""Files and connections of SQLite: how a file is made and opened, with which settings, and what SQLite's errors mean.

No queue and no transaction lives here; those are in database.py.
"""

import os
import sqlite3
from pathlib import Path

from tawsim.core.errors import BadInput, Unavailable

BUSY_TIMEOUT_MS = 20_000
OURS = (sqlite3.IntegrityError, sqlite3.ProgrammingError, sqlite3.InterfaceError)  # errors in our code, not of the disk


def connect(path: Path, *, read_only: bool = False) -> sqlite3.Connection:
    """A connection with the settings that the promises rest on."""
    uri = f"file:{_quoted(path)}?mode={'ro' if read_only else 'rw'}"
    connection = sqlite3.connect(
        uri,
        uri=True,
        isolation_level=None,
        check_same_thread=False,
        timeout=BUSY_TIMEOUT_MS / 1000,
        cached_statements=512,
    )
    connection.row_factory = sqlite3.Row
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA cache_size = -32000")
    connection.execute("PRAGMA temp_store = MEMORY")
    if read_only:
        connection.execute("PRAGMA query_only = ON")
    return connection


def make_durable(connection: sqlite3.Connection) -> None:
    """Settings of the writer's connection. Only once the file is known to be ours: the first changes it on the disk."""
    connection.execute("PRAGMA journal_mode = WAL")
    # FULL, not NORMAL: in WAL mode NORMAL may roll back the last acknowledged commits after a power cut.
    connection.execute("PRAGMA synchronous = FULL")
    # The writer folds the log itself, between two groups; SQLite would in the middle of a commit, and try again at every one
    # while somebody reads for long.
    connection.execute("PRAGMA wal_autocheckpoint = 0")
    connection.execute("PRAGMA journal_size_limit = 67108864")


def fold(connection: sqlite3.Connection, path: Path) -> bool:
    """Copy the log back into the file while nobody writes, in this process or another; False where somebody does.

    SQLite before 3.51.3 can lose commits where one connection checkpoints while another writes (sqlite.org/wal.html, the
    WAL-reset bug): a second connection holds the right to write meanwhile.
    """
    guard = sqlite3.connect(f"file:{_quoted(path)}?mode=rw", uri=True, isolation_level=None, timeout=0)
    try:
        guard.execute("BEGIN IMMEDIATE")
        connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
        guard.execute("ROLLBACK")
    except sqlite3.OperationalError:
        return False
    finally:
        guard.close()
    return True


def data_version(connection: sqlite3.Connection) -> int:
    """Another number once anybody else has written; what this connection writes does not change it."""
    return int(connection.execute("PRAGMA data_version").fetchone()[0])


def take_name(temporary: Path, target: Path) -> None:
    """Give the finished file its name, unless somebody took it meanwhile, and make the name itself durable."""
    try:
        os.link(temporary, target)  # unlike a rename, fails where the name is taken
    except FileExistsError:
        raise
    except OSError:  # a file system without hard links
        if target.exists():
            raise FileExistsError(target) from None
        os.rename(temporary, target)
    folder = os.open(target.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def create_file(path: Path) -> None:
    """An empty file of mode 0600 from the first moment: it will hold paid work or, for accounts, digests of secrets.

    A file that exists is not opened: closing that handle would drop the locks that SQLite holds on it in this process
    (POSIX), and the next process to close the file would take the log away from under ours, acknowledged commits and all.
    """
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    except FileExistsError:
        return


def check_writable(path: Path) -> None:
    """Raise Unavailable before SQLite would open the file for reading and leave a log beside it that none can write."""
    as_effective = os.access in os.supports_effective_ids
    for place in (path, path.parent):
        if not os.access(place, os.W_OK, effective_ids=as_effective):
            raise Unavailable(f"{place} cannot be written.", "Check the permissions of the file and of its folder.")


def _quoted(path: Path) -> str:
    return str(path.absolute()).replace("%", "%25").replace("?", "%3f").replace("#", "%23")


def explain(error: BaseException, path: Path) -> BaseException:
    """What SQLite and its driver say → an error that says what to do. SQLite's short messages are stable."""
    if isinstance(error, UnicodeEncodeError):
        return BadInput("A text holds half of a surrogate pair, which is no character.", "Send valid Unicode.")
    if isinstance(error, OverflowError):
        return BadInput("A number is too large to be stored.", "Numbers have at most 63 bits.")
    if not isinstance(error, sqlite3.Error) or isinstance(error, OURS):
        return error
    text = str(error)
    if "file is not a database" in text or "malformed" in text:
        return BadInput(
            f"{path} is damaged, or is not a Tawsim file ({text}).", "Restore a backup, or choose another file."
        )
    if "full" in text:
        return Unavailable("The disk is full; nothing was changed.", "Free some space and send the same request again.")
    if "readonly" in text or "unable to open" in text:
        return Unavailable(
            f"{path} cannot be written ({text}).", "Check the permissions of the file and of its folder."
        )
    if "locked" in text or "busy" in text:
        return Unavailable("Another process keeps the workspace locked.", "Try again in a moment.")
    return Unavailable(f"The disk did not take the change ({text}); nothing was changed.", "Try again.")
