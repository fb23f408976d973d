"""One writer with group commit: acknowledged means durable, one failing write takes nothing else along, faults are told."""

import asyncio
import os
import sqlite3
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tawsim.core.errors import BadInput, NotFound, TawsimError, Unavailable
from tawsim.core.ids import new_id
from tawsim.store import database, serving
from tawsim.store.connecting import fold
from tawsim.store.database import FOLD_BYTES, FOLD_ROWS, READERS, Database, Transaction


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    opened = Database.open(tmp_path / "x.tawsim", "workspace", create=True)
    yield opened
    opened.close()


def put(tx: Transaction, name: str) -> str:
    worker_id = new_id(tx.now)
    tx.run("worker_insert", id=worker_id, name=name, kind="person", role="labeller", created_at=tx.now)
    return worker_id


def names(db: Database) -> list[str]:
    with db.read() as tx:
        return [row["name"] for row in tx.all("worker_list")]


class Blocked:
    """Holds the writer so that what is sent meanwhile stands in one group."""

    def __init__(self, db: Database) -> None:
        self.begun, self.go = threading.Event(), threading.Event()
        self.thread = threading.Thread(target=lambda: db.write(self._wait))

    def _wait(self, tx: Transaction) -> None:
        self.begun.set()
        assert self.go.wait(10)

    def __enter__(self) -> None:
        self.thread.start()
        assert self.begun.wait(10)

    def __exit__(self, *_: object) -> None:
        self.go.set()
        self.thread.join(10)


def in_one_group(db: Database, works: list[Any]) -> list[Any]:
    """Results or errors of `works`, sent in this order while the writer is busy."""
    with Blocked(db):
        futures = [db.write_soon(work) for work in works]
    return [one.exception(10) or one.result() for one in futures]


# ---- what durable rests on -------------------------------------------------------------------------------------------
def test_the_writer_syncs_fully_and_keeps_a_log(db: Database) -> None:
    ask = lambda pragma: db._connection.execute(f"PRAGMA {pragma}").fetchone()[0]  # noqa: E731
    assert ask("journal_mode") == "wal"
    assert ask("synchronous") == 2, "FULL: a simulated power cut lost 852 of 191,979 commits with NORMAL"
    assert ask("foreign_keys") == 1


def test_readers_cannot_write(db: Database) -> None:
    with pytest.raises(Unavailable), db.read() as tx:
        put(tx, "x")


def test_an_acknowledged_write_is_in_the_files_before_the_answer(db: Database, tmp_path: Path) -> None:
    """Read by another connection of another library call, from a copy of file and log alone."""
    for i in range(20):
        db.write(lambda tx, i=i: put(tx, f"w{i}"))
        for suffix in ("", "-wal"):
            (tmp_path / f"copy{suffix}").write_bytes((tmp_path / f"x.tawsim{suffix}").read_bytes())
        copy = sqlite3.connect(tmp_path / "copy")
        assert copy.execute("SELECT COUNT(*) FROM worker").fetchone()[0] == i + 1
        copy.close()
        (tmp_path / "copy-shm").unlink(missing_ok=True)


# ---- groups ----------------------------------------------------------------------------------------------------------
def test_writes_that_wait_share_one_commit(db: Database) -> None:
    commits = []
    real = db._commit
    db._commit = lambda: (commits.append(1), real())[1]  # type: ignore[method-assign,func-returns-value]
    found = in_one_group(db, [lambda tx, i=i: put(tx, f"w{i}") for i in range(50)])
    assert len(commits) == 2  # the one that blocked, and all the others
    assert len(set(found)) == 50
    assert len(names(db)) == 50


def test_long_writes_beside_a_server_leave_gaps_for_its_people(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, gaps = tmp_path / "x.tawsim", []
    monkeypatch.setattr(database, "LONG_WRITE_S", 0.0)
    monkeypatch.setattr(database, "time", SimpleNamespace(monotonic=time.monotonic, sleep=gaps.append))
    for served in (False, True):
        monkeypatch.setattr(serving, "is_served_elsewhere", lambda path, served=served: served)
        db = Database.open(path, "workspace", create=not served)
        for name in "abc":
            db.write(lambda tx, name=name, served=served: put(tx, f"{served} {name}"))  # type: ignore[misc]
        db.close()
        assert len(gaps) == 3 * served
    assert all(database.GAP_S <= one <= database.LONGEST_GAP_S for one in gaps)


def test_a_write_that_was_handed_over_cannot_be_cancelled(db: Database) -> None:
    with Blocked(db):
        future = db.write_soon(lambda tx: put(tx, "given"))
        assert not future.cancel()
    assert future.result(30)
    assert db.write(lambda tx: put(tx, "next")), "the writer lives"


def test_who_reads_to_the_end_though_it_was_closed_leaves_no_file_open(tmp_path: Path) -> None:
    path = tmp_path / "x.tawsim"
    db = Database.open(path, "workspace", create=True)
    db._connection.execute("PRAGMA busy_timeout = 0")  # or closing would wait for whoever reads
    with db.read() as tx:
        tx.all("worker_list")
        db.close()
    assert db._readers.empty()


def test_one_failing_write_takes_nothing_else_with_it(db: Database) -> None:
    def half(tx: Transaction) -> None:
        put(tx, "half")
        raise BadInput("no")

    def twice(tx: Transaction) -> None:
        put(tx, "good 1")  # the name is taken: the table's constraint

    found = in_one_group(
        db, [lambda tx: put(tx, "good 1"), half, lambda tx: put(tx, "good 2"), twice, lambda tx: put(tx, "good 3")]
    )
    assert sum(isinstance(one, str) for one in found) == 3
    assert sum(isinstance(one, BadInput) for one in found) == 1
    assert sum(isinstance(one, sqlite3.IntegrityError) for one in found) == 1
    assert sorted(names(db)) == ["good 1", "good 2", "good 3"]


def test_a_write_that_raises_leaves_nothing(db: Database) -> None:
    def work(tx: Transaction) -> None:
        for i in range(100):
            put(tx, str(i))
        raise RuntimeError("after a hundred")

    with pytest.raises(RuntimeError, match="after a hundred"):
        db.write(work)
    assert names(db) == []
    db.write(lambda tx: put(tx, "next"))
    assert names(db) == ["next"]


def test_a_commit_that_fails_acknowledges_nobody(db: Database) -> None:
    def fail() -> None:
        raise sqlite3.OperationalError("disk I/O error")

    db._commit = fail  # type: ignore[method-assign]
    works = [lambda tx, i=i: put(tx, f"w{i}") for i in range(5)]
    threads: list[BaseException] = []
    for work in works:
        with pytest.raises(Unavailable) as caught:
            db.write(work)
        threads.append(caught.value)
    del db._commit
    assert names(db) == []
    assert len(in_one_group(db, works)) == 5
    assert len(names(db)) == 5


def test_the_writer_outlives_a_rollback_that_fails(db: Database) -> None:
    class Broken:
        """A connection that can do nothing, as when the device is gone."""

        in_transaction = True
        total_changes = 0

        def execute(self, sql: str, *_: object) -> None:
            raise sqlite3.OperationalError("disk I/O error")

    real, db._connection = db._connection, Broken()  # type: ignore[assignment]
    with pytest.raises(Unavailable):
        db.write(lambda tx: put(tx, "x"))
    db._connection = real
    db.write(lambda tx: put(tx, "y"))
    assert names(db) == ["y"]


def test_what_cannot_be_stored_is_bad_input_not_an_error_of_the_driver(db: Database) -> None:
    for value in ("half \ud800", 2**80):
        with pytest.raises(BadInput):
            db.write(lambda tx, value=value: tx.one("worker_get", id=value))
        with pytest.raises(BadInput), db.read() as tx:
            tx.one("worker_get", id=value)


def test_an_error_in_our_code_is_not_taken_for_a_failing_disk(db: Database) -> None:
    with pytest.raises(sqlite3.ProgrammingError):
        db.write(lambda tx: tx.one("worker_get"))
    with pytest.raises(sqlite3.ProgrammingError), db.read() as tx:
        tx.one("worker_get")


def test_write_async_answers_in_its_own_loop(db: Database) -> None:
    async def main() -> list[Any]:
        good = [db.write_async(lambda tx, i=i: put(tx, f"w{i}")) for i in range(30)]
        bad = db.write_async(lambda tx: tx.one("worker_get", id="\ud800"))
        return await asyncio.gather(*good, bad, return_exceptions=True)

    found = asyncio.run(main())
    assert isinstance(found.pop(), BadInput)
    assert sorted(names(db)) == sorted(f"w{i}" for i in range(30))


def test_a_loop_that_has_ended_loses_nobody_elses_answer(db: Database) -> None:
    async def leave() -> None:
        asyncio.get_running_loop().create_task(db.write_async(lambda tx: put(tx, "left")))
        await asyncio.sleep(0)

    with Blocked(db):
        asyncio.run(leave())
    db.write(lambda tx: put(tx, "stayed"))
    assert "stayed" in names(db)


# ---- reading ---------------------------------------------------------------------------------------------------------
def test_one_read_is_one_snapshot_and_waits_for_nobody(db: Database) -> None:
    with db.read() as tx:
        assert tx.all("worker_list") == []
        db.write(lambda tx: put(tx, "meanwhile"))
        assert tx.all("worker_list") == []
    assert names(db) == ["meanwhile"]


def test_more_readers_at_once_than_are_kept(db: Database) -> None:
    open_reads = [db.read() for _ in range(READERS * 3)]
    for one in open_reads:
        one.__enter__()
    for one in open_reads:
        one.__exit__(None, None, None)
    assert db._readers.qsize() == READERS


def test_a_reader_that_raises_gives_its_connection_back(db: Database) -> None:
    for _ in range(20):
        with pytest.raises(KeyError), db.read() as tx:
            tx.all("no such statement")
    assert db._readers.qsize() == 1
    assert names(db) == []


# ---- closing ---------------------------------------------------------------------------------------------------------
def test_closing_finishes_what_was_accepted_and_refuses_the_rest(tmp_path: Path) -> None:
    db = Database.open(tmp_path / "x.tawsim", "workspace", create=True)
    results: list[Any] = []
    stop = threading.Event()

    def send() -> None:
        i = 0
        while not stop.is_set():
            i += 1
            try:
                results.append(db.write(lambda tx, i=i: put(tx, f"{threading.get_ident()} {new_id(tx.now)} {i}")))
            except Unavailable:
                return

    threads = [threading.Thread(target=send) for _ in range(8)]
    for thread in threads:
        thread.start()
    threading.Event().wait(0.05)
    db.close()
    stop.set()
    for thread in threads:
        thread.join(5)
        assert not thread.is_alive(), "a request behind the end mark would wait for ever"
    db.close()
    again = Database.open(tmp_path / "x.tawsim", "workspace")
    assert len(names(again)) == len(results)
    again.close()
    assert not (tmp_path / "x.tawsim-wal").exists()


def test_opening_and_closing_leaves_no_handle_and_no_thread(tmp_path: Path) -> None:
    def handles() -> int:
        return len(os.listdir("/proc/self/fd"))

    path = tmp_path / "x.tawsim"
    Database.open(path, "workspace", create=True).close()
    before, threads = handles(), set(threading.enumerate())
    for i in range(50):
        db = Database.open(path, "workspace")
        db.write(lambda tx, i=i: put(tx, f"w{i}"))
        names(db)
        db.backup_to(tmp_path / f"copy {i}")
        assert db.check() == []
        db.close()
        with pytest.raises(TawsimError):
            Database.open(tmp_path / "absent", "workspace")
    assert handles() <= before
    assert not set(threading.enumerate()) - threads  # some that tests before this one left may end meanwhile


# ---- backups ---------------------------------------------------------------------------------------------------------
def test_a_backup_is_one_whole_file_of_its_own(db: Database, tmp_path: Path) -> None:
    db.write(lambda tx: put(tx, "kept"))
    target = tmp_path / "copy.tawsim"
    db.backup_to(target)
    assert target.stat().st_mode & 0o777 == 0o600
    assert not list(tmp_path.glob("copy.tawsim-*"))
    assert not list(tmp_path.glob(".*part*"))
    with pytest.raises(BadInput, match="exists already"):
        db.backup_to(target)
    with pytest.raises(Unavailable):
        db.backup_to(tmp_path / "no such folder" / "copy")
    restored = Database.open(target, "workspace")
    assert names(restored) == ["kept"]
    restored.close()


def test_a_backup_under_load_ends_and_is_a_state_that_once_was(db: Database, tmp_path: Path) -> None:
    """It copies one snapshot. Page by page it started over at every commit, and never came to an end."""
    filler = "x" * 4000
    db.write(lambda tx: [tx.run("event_insert", **event(tx, filler)) for _ in range(6000)])
    stop, acknowledged = threading.Event(), [0]

    def load() -> None:
        while not stop.is_set():
            db.write(lambda tx: put(tx, f"w{acknowledged[0]:06d}"))
            acknowledged[0] += 1

    thread = threading.Thread(target=load)
    thread.start()
    try:
        done = threading.Thread(target=db.backup_to, args=(tmp_path / "copy.tawsim",), daemon=True)
        before = acknowledged[0]
        done.start()
        done.join(20)
        assert not done.is_alive()
    finally:
        stop.set()
        thread.join(10)
    copy = Database.open(tmp_path / "copy.tawsim", "workspace")
    found = names(copy)
    assert found == [f"w{i:06d}" for i in range(len(found))]
    assert before <= len(found) <= acknowledged[0]
    assert copy.check() == []
    copy.close()


def event(tx: Transaction, data: str) -> dict[str, Any]:
    return {
        "id": new_id(tx.now), "at": tx.now, "kind": "test", "actor_id": "t", "project_id": None, "task_id": None,
        "object_id": None, "data": data, "number": None, "hash": None, "content": "",
    }  # fmt: skip


# ---- disks -----------------------------------------------------------------------------------------------------------
def test_a_full_disk_refuses_clearly_and_everything_goes_on_once_there_is_room(db: Database) -> None:
    db.write(lambda tx: put(tx, "before"))
    pages = db._connection.execute("PRAGMA page_count").fetchone()[0]
    db._connection.execute(f"PRAGMA max_page_count = {pages}")
    for _ in range(5):
        with pytest.raises(Unavailable, match="full"):
            db.write(lambda tx: [tx.run("event_insert", **event(tx, "x" * 3000)) for _ in range(100)])
    assert names(db) == ["before"]
    db._connection.execute("PRAGMA max_page_count = 1073741823")
    db.write(lambda tx: put(tx, "after"))
    assert names(db) == ["before", "after"]
    assert db.check() == []


def test_a_full_disk_in_a_group_acknowledges_none_of_it(db: Database) -> None:
    pages = db._connection.execute("PRAGMA page_count").fetchone()[0]
    db._connection.execute(f"PRAGMA max_page_count = {pages}")
    big = lambda tx: [tx.run("event_insert", **event(tx, "x" * 3000)) for _ in range(100)]  # noqa: E731
    found = in_one_group(db, [lambda tx: put(tx, "one"), big, lambda tx: put(tx, "two")])
    assert all(isinstance(one, Unavailable) for one in found)
    assert names(db) == []


def test_another_process_that_keeps_the_file_locked(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    db._connection.execute("PRAGMA busy_timeout = 50")
    other = sqlite3.connect(db.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(Unavailable, match="locked"):
        db.write(lambda tx: put(tx, "x"))
    assert names(db) == []  # reading goes on
    other.execute("ROLLBACK")
    other.close()
    db.write(lambda tx: put(tx, "y"))


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        Database.open(tmp_path / "absent.tawsim", "workspace")
    assert list(tmp_path.iterdir()) == []


def test_the_log_is_folded_by_the_writer_between_two_groups(db: Database) -> None:
    before = db.path.stat().st_size
    for n in range(3):
        db.write(lambda tx, n=n: [put(tx, f"{n} {i} {'x' * 400}") for i in range(FOLD_ROWS // 2)])
    end = time.monotonic() + 30
    while db.path.stat().st_size <= before + FOLD_ROWS * 400:  # as soon as nobody waits to write
        assert time.monotonic() < end
        time.sleep(0.005)
    with sqlite3.connect(db.path) as alone:
        assert alone.execute("PRAGMA wal_autocheckpoint").fetchone()[0] == 1000  # of a connection, not of the file
    assert db._connection.execute("PRAGMA wal_autocheckpoint").fetchone()[0] == 0


def test_who_reads_for_long_keeps_their_snapshot_while_the_log_is_folded(db: Database) -> None:
    db.write(lambda tx: put(tx, "first"))
    with db.read() as tx:
        assert len(tx.all("worker_list")) == 1
        for n in range(4):
            db.write(lambda tx, n=n: [put(tx, f"{n} {i}") for i in range(FOLD_ROWS)])
        assert len(tx.all("worker_list")) == 1
    assert len(names(db)) == 1 + 4 * FOLD_ROWS


def test_who_closes_beside_a_server_leaves_the_log_to_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "x.tawsim"
    server = Database.open(path, "workspace", create=True)
    held = serving.hold(path, "http://127.0.0.1:1")
    assert not serving.is_served_elsewhere(path)  # by this very process
    beside = Database.open(path, "workspace")
    beside.write(lambda tx: put(tx, "x"))
    log = path.with_name("x.tawsim-wal")
    with monkeypatch.context() as patch:
        patch.setattr(os, "getpid", lambda: -1)  # as another process sees it
        assert serving.is_served_elsewhere(path)
        beside.close()
    assert log.stat().st_size > 0
    server.close()
    held.release()
    assert not log.exists()
    again = Database.open(path, "workspace")
    assert names(again) == ["x"]
    again.close()


def test_the_log_is_not_folded_while_another_process_writes_but_the_next_time(db: Database) -> None:
    with sqlite3.connect(f"file:{db.path}?mode=rw", uri=True, isolation_level=None) as other:
        db.write(lambda tx: put(tx, "first"))
        other.execute("BEGIN IMMEDIATE")
        assert not fold(db._connection, db.path)
        other.execute("ROLLBACK")
    assert fold(db._connection, db.path)


def test_few_large_rows_are_folded_as_well(db: Database) -> None:
    before = db.path.stat().st_size
    for n in range(FOLD_BYTES // 1_000_000 + 4):
        db.write(lambda tx, n=n: put(tx, f"{n}" + "x" * 1_000_000))
    db.write(lambda tx: None)
    assert db.path.stat().st_size > before + FOLD_BYTES // 2
