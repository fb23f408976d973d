"""An index of the words of one project in a file of its own beside the workspace: made from it, and thrown away at will.

Not in the workspace: it would hold up the one writer, swell every backup and be fsynced for nothing. SQLite's FTS5 with
trigrams finds any three characters wherever they stand, in every script; the text itself is not kept in it. The SQL here is
SQLite's own, so it stands here and not among the named statements.
"""

import sqlite3
import threading
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from tawsim.store.connecting import create_file

SCHEMA = 1  # as MAKE writes it
MAKE = (
    "CREATE TABLE place (schema INTEGER NOT NULL, seq INTEGER NOT NULL, task_id TEXT NOT NULL)",
    "CREATE VIRTUAL TABLE words USING fts5(text, content='', columnsize=0, tokenize='trigram case_sensitive 1')",
    "INSERT INTO place VALUES (1, 0, '')",
)


def index_path(workspace: Path, project_id: str) -> Path:
    """Where the index of a project lies: a hidden file beside its workspace."""
    return workspace.with_name(f".{workspace.stem}.{project_id}.search")


def can_index() -> bool:
    """Whether this SQLite has FTS5 with trigrams."""
    with suppress(sqlite3.Error):
        connection = sqlite3.connect(":memory:")
        connection.execute(MAKE[1])
        connection.close()
        return True
    return False


class WordIndex:
    """The open file. Numbers of tasks go in rising; who asks for words gets numbers. Safe to use from several threads."""

    def __init__(self, path: Path) -> None:
        """Opens the file or makes it; one that is damaged or of another version is made anew. Raises OSError."""
        self.path = path
        self._door = threading.Lock()
        create_file(path)
        try:
            self._connection = self._open()
            self._lay_out()
            (schema,) = self._connection.execute("SELECT schema FROM place").fetchone()
            if schema != SCHEMA:
                raise sqlite3.DatabaseError("another version")
        except (sqlite3.Error, TypeError):
            self._make()

    def _open(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self.path, isolation_level=None, check_same_thread=False, timeout=5)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = OFF")  # nothing here that could not be made again
        connection.execute("PRAGMA cache_size = -16000")
        return connection

    def _lay_out(self) -> None:
        """The tables, where there are none: once, though several processes may look for words for the first time."""
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            if not self._connection.execute("SELECT COUNT(*) FROM sqlite_master").fetchone()[0]:
                for statement in MAKE:
                    self._connection.execute(statement)
            self._connection.execute("COMMIT")
        except sqlite3.Error:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            raise

    def _make(self) -> None:
        with suppress(AttributeError):
            self._connection.close()
        self.remove_files()
        create_file(self.path)
        try:
            self._connection = self._open()
            self._lay_out()
        except sqlite3.Error as error:
            raise OSError(f"{self.path.name} cannot be written: {error}") from error

    def remove_files(self) -> None:
        """Take the files away."""
        for ending in ("", "-wal", "-shm"):
            Path(f"{self.path}{ending}").unlink(missing_ok=True)

    def place(self) -> tuple[int, str]:
        """The last task that is in it: its number and id."""
        with self._door:
            seq, task_id = self._connection.execute("SELECT seq, task_id FROM place").fetchone()
        return int(seq), str(task_id)

    def start_over(self) -> None:
        """Empty it: it was made from another file than this one."""
        with self._door:
            self._make()

    def add(self, texts: Sequence[tuple[int, str]], after: int, until: int, task_id: str) -> bool:
        """Put in the texts behind `after`, all or none, and go on to `until`; False where it stands elsewhere: it was emptied, or
        another process goes on with it too. Raises sqlite3.Error."""
        with self._door:
            try:
                self._connection.execute("BEGIN IMMEDIATE")
                moved = self._connection.execute(
                    "UPDATE place SET seq = ?, task_id = ? WHERE seq = ?", (until, task_id, after)
                ).rowcount
                if moved:
                    self._connection.executemany("INSERT INTO words (rowid, text) VALUES (?, ?)", texts)
                self._connection.execute("COMMIT")
                return bool(moved)
            except sqlite3.Error:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise

    def find(self, words: str) -> list[int]:
        """The numbers of the tasks whose text has these characters in a row, rising. At least three characters."""
        phrase = '"' + words.replace('"', '""') + '"'
        reader = sqlite3.connect(self.path, isolation_level=None, timeout=5)
        try:
            reader.execute("PRAGMA mmap_size = 4294967296")
            return [row[0] for row in reader.execute("SELECT rowid FROM words WHERE words MATCH ?", (phrase,))]
        finally:
            reader.close()

    def close(self) -> None:
        """Let go of the file."""
        with self._door:
            self._connection.close()
