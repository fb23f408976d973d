"""The battery that every store must pass, whatever database stands behind it. Today there is one: SQLite.

Two halves: what a transaction is, and the constraints behind the queue, which turn an error in our code into a refusal
instead of an answer too many. The queue never relies on them; here they are met directly.
"""

import itertools
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tawsim.intake.adding import add_tasks, numbered
from tawsim.labelling import queue, submit
from tawsim.labelling.projects import NewProject, create_project
from tawsim.store.database import Database, Transaction
from tawsim.store.keys import once
from tawsim.workspaces.workspace import open_workspace

Make = Callable[[Path], Database]
STORES: dict[str, Make] = {"sqlite": lambda folder: Database.open(folder / "x.tawsim", "workspace", create=True)}
REFUSED = (sqlite3.IntegrityError,)
numbers = itertools.count()


@pytest.fixture(params=sorted(STORES))
def db(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    opened = STORES[request.param](tmp_path)
    yield opened
    opened.close()


def add_worker(tx: Transaction, name: str) -> str:
    worker_id = f"id {next(numbers)}"
    tx.run("worker_insert", id=worker_id, name=name, kind="person", role="labeller", created_at=1)
    return worker_id


def names(tx: Transaction) -> list[str]:
    return [row["name"] for row in tx.all("worker_list")]


# ---- transactions ----------------------------------------------------------------------------------------------------
def test_a_write_reads_its_own_rows_and_others_read_them_once_it_is_done(db: Database) -> None:
    def work(tx: Transaction) -> list[str]:
        add_worker(tx, "a")
        return names(tx)

    assert db.write(work) == ["a"]
    with db.read() as tx:
        assert names(tx) == ["a"]


def test_a_write_that_raises_leaves_nothing_and_raises_the_same_again(db: Database) -> None:
    class Mine(Exception):
        pass

    def work(tx: Transaction) -> None:
        add_worker(tx, "a")
        raise Mine

    with pytest.raises(Mine):
        db.write(work)
    with db.read() as tx:
        assert names(tx) == []


def test_a_read_is_one_snapshot(db: Database) -> None:
    with db.read() as tx:
        assert names(tx) == []
        db.write(lambda tx: add_worker(tx, "a"))
        assert names(tx) == []


def test_run_says_how_many_rows_changed(db: Database) -> None:
    worker = db.write(lambda tx: add_worker(tx, "a"))
    assert db.write(lambda tx: tx.run("worker_set_active", id=worker, active=0)) == 1
    assert db.write(lambda tx: tx.run("worker_set_active", id="nobody", active=0)) == 0


def test_text_of_every_script_and_the_largest_numbers_come_back(db: Database) -> None:
    name = "توسيم e\u0301 \U0001f1f8\U0001f1e6 \u200f\u202b line\nline \x7f ' \" ; --"
    db.write(lambda tx: tx.run("worker_insert", id="i", name=name, kind="person", role="owner", created_at=2**63 - 1))
    with db.read() as tx:
        (row,) = tx.all("worker_list")
    assert (row["name"], row["created_at"]) == (name, 2**63 - 1)


def test_a_key_keeps_its_first_result(db: Database) -> None:
    calls = []

    def work() -> dict[str, Any]:
        calls.append(1)
        return {"نتيجة": len(calls)}

    found = [db.write(lambda tx: once(tx, "me", "k", ["x", 1], work)) for _ in range(3)]
    assert [one.result for one in found] == [{"نتيجة": 1}] * 3
    assert [one.repeated for one in found] == [False, True, True]
    assert db.write(lambda tx: once(tx, "somebody else", "k", ["x", 2], work)).result == {"نتيجة": 2}


# ---- the constraints behind the queue ----------------------------------------------------------------------------------
@pytest.fixture
def answered(tmp_path: Path) -> Iterator[tuple[Database, dict[str, Any], dict[str, Any]]]:
    """One task with one accepted answer: its lease and its annotation as rows."""
    workspace = open_workspace(tmp_path / "q.tawsim", create=True)
    new = NewProject("p", [{"kind": "choice", "name": "label", "labels": ["a", "b"]}], overlap=2)
    project = workspace.db.write(lambda tx: create_project(tx, workspace.owner_id, "p", new))
    add_tasks(workspace.db, project, numbered(["x"]), actor_id=workspace.owner_id, source="s", digest="d")
    (lease,) = workspace.db.write(lambda tx: queue.next_leases(tx, project.id, workspace.owner_id, 1)).leases
    done = workspace.db.write(lambda tx: submit.submit(tx, workspace.owner_id, lease.lease_id, "k", {"label": "a"}))
    with workspace.db.read() as tx:
        lease_row, row = tx.one("lease_get", id=lease.lease_id), tx.one("annotation_get", id=done.or_raise()["id"])
    assert lease_row is not None
    assert row is not None
    yield workspace.db, dict(lease_row), dict(row)
    workspace.close()


def lease_like(lease: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {key: lease[key] for key in (
        "project_id", "task_id", "worker_id", "round", "slot", "granted_at", "deadline", "shown", "number", "day",
    )} | {"id": f"id {next(numbers)}"} | changes  # fmt: skip


def annotation_like(row: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {key: row[key] for key in (
        "project_id", "task_id", "lease_id", "worker_id", "round", "late", "guideline_version", "schema_version", "created_at"
    )} | {"id": f"id {next(numbers)}"} | changes  # fmt: skip


def test_no_second_holder_of_a_slot(answered: Any) -> None:
    db, lease, _ = answered
    other = db.write(lambda tx: add_worker(tx, "other"))
    with pytest.raises(REFUSED):
        db.write(lambda tx: tx.run("lease_insert", **lease_like(lease, worker_id=other)))
    db.write(lambda tx: tx.run("lease_insert", **lease_like(lease, worker_id=other, slot=2)))


def test_no_two_live_leases_of_one_worker_on_one_task(answered: Any) -> None:
    db, lease, _ = answered
    db.write(lambda tx: tx.run("lease_insert", **lease_like(lease, slot=2)))
    with pytest.raises(REFUSED):
        db.write(lambda tx: tx.run("lease_insert", **lease_like(lease, slot=3)))


def test_no_second_answer_from_one_lease(answered: Any) -> None:
    db, _, annotation = answered
    db.write(lambda tx: tx.run("annotation_set_state", id=annotation["id"], state="withdrawn"))
    with pytest.raises(REFUSED):
        db.write(lambda tx: tx.run("annotation_insert", **annotation_like(annotation)))


def test_no_second_accepted_answer_of_one_worker_to_one_task_in_one_round(answered: Any) -> None:
    db, lease, annotation = answered
    more = lease_like(lease, slot=2)
    db.write(lambda tx: tx.run("lease_insert", **more))
    with pytest.raises(REFUSED):
        db.write(lambda tx: tx.run("annotation_insert", **annotation_like(annotation, lease_id=more["id"])))
    db.write(lambda tx: tx.run("annotation_insert", **annotation_like(annotation, lease_id=more["id"], round=1)))


def test_no_answer_without_a_lease(answered: Any) -> None:
    db, _, annotation = answered
    with pytest.raises(REFUSED):
        db.write(lambda tx: tx.run("annotation_insert", **annotation_like(annotation, lease_id="nowhere", round=7)))


def test_no_second_use_of_a_key_and_no_second_version_of_a_number(answered: Any) -> None:
    db, _, annotation = answered
    with pytest.raises(REFUSED):
        db.write(
            lambda tx: tx.run(
                "key_insert", actor_id=annotation["worker_id"], key="k", digest="other", result="{}", at=1
            )
        )
    with pytest.raises(REFUSED):
        db.write(
            lambda tx: tx.run(
                "annotation_version_insert", annotation_id=annotation["id"], version=1, answers="{}",
                by_worker=annotation["worker_id"], at=1, comment="", flag=0,
            )
        )  # fmt: skip


def test_no_task_is_open_when_it_is_full(answered: Any) -> None:
    db, lease, _ = answered
    assert db.write(lambda tx: tx.run("task_take_slot", id=lease["task_id"])) == 1
    assert db.write(lambda tx: tx.run("task_take_slot", id=lease["task_id"])) == 0


def test_no_two_imports_of_one_project_at_once(answered: Any) -> None:
    db, lease, _ = answered
    values = {
        "project_id": lease["project_id"],
        "source": "s",
        "digest": "e",
        "pid": 1,
        "number": 9,
        "first_seq": 2,
        "now": 1,
    }
    db.write(lambda tx: tx.run("import_insert", id="i1", **values))
    with pytest.raises(REFUSED):
        db.write(lambda tx: tx.run("import_insert", id="i2", **values))
