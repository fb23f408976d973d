"""Numbered SQL files that bring a file's schema up to date: forward only, one transaction each, checksummed.

The number of the last one applied stands in `schema_version`. A file made by a newer Tawsim is refused, not guessed at.
"""

import hashlib
import sqlite3
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Literal

from tawsim.core.errors import BadInput

Family = Literal["workspace", "accounts"]
# SQLite's application_id: tells a Tawsim file from any other SQLite file before a single table is read ("TWSM", "TWSA").
APPLICATION_IDS: dict[Family, int] = {"workspace": 0x5457534D, "accounts": 0x54575341}


@dataclass(frozen=True, slots=True)
class Migration:
    """One file: its number, its name, its text and the SHA-256 of that text."""

    number: int
    name: str
    sql: str
    checksum: str


@cache
def migrations(family: Family) -> tuple[Migration, ...]:
    """The migrations of one kind of file, in order."""
    found = []
    for file in resources.files("tawsim.store").joinpath("migrations", family).iterdir():
        if file.name.endswith(".sql"):
            sql = file.read_text(encoding="utf-8")
            digest = hashlib.sha256(sql.encode()).hexdigest()
            found.append(Migration(int(file.name[:4]), file.name, sql, digest))
    return tuple(sorted(found, key=lambda m: m.number))


def check_family(connection: sqlite3.Connection, family: Family, *, path: str) -> None:
    """Raise `BadInput` for another program's file, before a byte of it is changed."""
    connection.execute("BEGIN")  # one look: whoever makes the file at this moment brings both at once
    tables = connection.execute("SELECT COUNT(*) FROM sqlite_master").fetchone()[0]
    stamp = connection.execute("PRAGMA application_id").fetchone()[0]
    connection.execute("COMMIT")
    if stamp != APPLICATION_IDS[family] and not (stamp == 0 and tables == 0):
        raise BadInput(f"{path} is an SQLite file, but not a Tawsim {family} file.", "Choose another file name.")


def migrate(connection: sqlite3.Connection, family: Family, *, path: str, now: int) -> list[int]:
    """Apply what is missing and return its numbers. Raises `BadInput` for a file of a newer or a different schema."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        connection.execute(
            "CREATE TABLE IF NOT EXISTS schema_version (number INTEGER PRIMARY KEY, name TEXT NOT NULL,"
            " checksum TEXT NOT NULL, at BIGINT NOT NULL)"
        )
        done = dict(connection.execute("SELECT number, checksum FROM schema_version").fetchall())
        known = migrations(family)
        if done and max(done) > known[-1].number:
            raise BadInput(
                f"{path} was made by a newer Tawsim (schema {max(done)}).", "Install that version to open it."
            )
        applied = []
        for one in known:
            if one.number in done:
                if done[one.number] != one.checksum:
                    raise BadInput(
                        f"{path} has a schema {one.number} of its own, which this Tawsim does not know.",
                        "Open it with the Tawsim that made it.",
                    )
                continue
            for statement in _split(one.sql):
                connection.execute(statement)
            connection.execute(
                "INSERT INTO schema_version VALUES (?, ?, ?, ?)", (one.number, one.name, one.checksum, now)
            )
            applied.append(one.number)
        if applied:
            connection.execute(f"PRAGMA application_id = {APPLICATION_IDS[family]:d}")
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    return applied


def _split(sql: str) -> list[str]:
    """Single statements; `executescript` would commit the transaction they must share."""
    statements, current = [], ""
    for line in sql.splitlines():
        if line.strip().startswith("--"):
            continue
        current += line + "\n"
        if sqlite3.complete_statement(current):
            statements.append(current.strip())
            current = ""
    return [s for s in statements if s]
