"""Bringing a file's schema up to date: forward, once, all or nothing, and never by guessing."""

import sqlite3
from pathlib import Path

import pytest

from tawsim.core.errors import BadInput
from tawsim.store import migrations as room
from tawsim.store.database import Database
from tawsim.store.migrations import APPLICATION_IDS, Family, Migration, migrate, migrations


def plain(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(path, isolation_level=None)


@pytest.mark.parametrize("family", ["workspace", "accounts"])
def test_numbers_rise_by_one_and_names_begin_with_them(family: Family) -> None:
    found = migrations(family)
    assert [one.number for one in found] == list(range(1, len(found) + 1))
    assert all(one.name.startswith(f"{one.number:04d}_") for one in found)


@pytest.mark.parametrize("family", ["workspace", "accounts"])
def test_a_new_file_gets_all_of_them_once(tmp_path: Path, family: Family) -> None:
    path = tmp_path / "x.sqlite"
    Database.open(path, family, create=True).close()
    Database.open(path, family).close()
    connection = plain(path)
    assert connection.execute("PRAGMA application_id").fetchone()[0] == APPLICATION_IDS[family]
    found = connection.execute("SELECT number, name, checksum FROM schema_version ORDER BY number").fetchall()
    assert found == [(one.number, one.name, one.checksum) for one in migrations(family)]
    connection.close()


def test_an_older_file_is_brought_forward_with_its_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "x.sqlite"
    known = migrations("workspace")
    more = Migration(
        len(known) + 1, "9999_more.sql", "CREATE TABLE more (n INTEGER);\nINSERT INTO more VALUES (7);", "c"
    )
    Database.open(path, "workspace", create=True).close()
    connection = plain(path)
    connection.execute("INSERT INTO workspace VALUES ('w', 'kept', 1)")
    monkeypatch.setattr(room, "migrations", lambda family: (*known, more))
    assert migrate(connection, "workspace", path=str(path), now=5) == [more.number]
    assert migrate(connection, "workspace", path=str(path), now=6) == []
    assert connection.execute("SELECT n FROM more").fetchall() == [(7,)]
    assert connection.execute("SELECT name FROM workspace").fetchall() == [("kept",)]
    connection.close()


def test_one_that_fails_leaves_the_file_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "x.sqlite"
    known = migrations("workspace")
    bad = Migration(
        len(known) + 1, "9999_bad.sql", "CREATE TABLE half (n INTEGER);\nINSERT INTO nowhere VALUES (1);", "c"
    )
    Database.open(path, "workspace", create=True).close()
    before = path.read_bytes()
    connection = plain(path)
    monkeypatch.setattr(room, "migrations", lambda family: (*known, bad))
    with pytest.raises(sqlite3.OperationalError):
        migrate(connection, "workspace", path=str(path), now=5)
    connection.close()
    assert path.read_bytes() == before


def test_a_file_of_a_newer_version_is_refused_untouched(tmp_path: Path) -> None:
    path = tmp_path / "x.sqlite"
    Database.open(path, "workspace", create=True).close()
    connection = plain(path)
    connection.execute("INSERT INTO schema_version VALUES (99, '0099_future.sql', 'c', 1)")
    connection.close()
    before = path.read_bytes()
    with pytest.raises(BadInput, match="newer Tawsim"):
        Database.open(path, "workspace")
    assert path.read_bytes() == before


def test_a_schema_that_is_not_the_one_recorded_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.sqlite"
    Database.open(path, "workspace", create=True).close()
    connection = plain(path)
    connection.execute("UPDATE schema_version SET checksum = 'another' WHERE number = 1")
    connection.close()
    with pytest.raises(BadInput, match="schema 1 of its own"):
        Database.open(path, "workspace")


def test_the_two_families_are_not_taken_for_each_other(tmp_path: Path) -> None:
    Database.open(tmp_path / "a", "accounts", create=True).close()
    with pytest.raises(BadInput, match="not a Tawsim workspace file"):
        Database.open(tmp_path / "a", "workspace")
