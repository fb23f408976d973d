"""Two ways to the real queue for one state machine: the functions in this process, and the HTTP API. With faults.

A crash is made of what a SIGKILL leaves: the file and its log as the system holds them at that moment, opened elsewhere.
"""

import contextlib
import itertools
import shutil
import sqlite3
import tempfile
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tawsim.core.clock import SECOND
from tawsim.core.errors import TawsimError
from tawsim.intake.adding import add_tasks, numbered
from tawsim.labelling import holding, owners, queue, submit
from tawsim.labelling.projects import NewProject, create_project
from tawsim.loop.settings import change_project
from tawsim.store import rows
from tawsim.store.database import Database, Transaction
from tawsim.workspaces.workspace import add_worker, open_workspace

LABELS = ("إيجابي", "سلبي", "mixed")
WORKERS = 4
LAST_ID = "~"
START = 1_800_000_000 * SECOND
IN_MEMORY = Path("/dev/shm")
# What no route shows yet is read from the tables: the log of events, and the history of an answer.
VERSIONS = "SELECT answers FROM annotation_version WHERE annotation_id = ? ORDER BY version"
EVENTS = "SELECT kind, COUNT(*) AS n FROM event GROUP BY kind"


class Died(BaseException):
    """The process is gone: nobody was told what became of the call."""


class TestClock:
    """A clock that stands still until it is moved, back too."""

    __test__ = False

    def __init__(self, now: int = START) -> None:
        self.now = now

    def __call__(self) -> int:
        return self.now


def fresh_folder() -> Path:
    """Where an fsync costs nothing, if there is such a place: these tests make ten thousands of them."""
    return Path(tempfile.mkdtemp(prefix="tawsim-test-", dir=IN_MEMORY if IN_MEMORY.is_dir() else None))


def make_template(folder: Path, *, workers: int = WORKERS, **settings: Any) -> Path:
    """A workspace with a project and workers, to be copied for each example: migrating anew would take most of the time."""
    path = folder / "template.tawsim"
    workspace = open_workspace(path, create=True, owner="Noor", clock=lambda: START)
    new = NewProject(
        name="reviews", questions=[{"kind": "choice", "name": "label", "labels": list(LABELS)}], lease_seconds=60,
        **{"max_leases": 2, "skip_limit": 2} | settings,
    )  # fmt: skip
    workspace.db.write(lambda tx: create_project(tx, workspace.owner_id, "p", new))
    for i in range(workers):
        workspace.db.write(lambda tx, i=i: add_worker(tx, workspace.owner_id, f"w{i}", f"worker {i}"))
    workspace.close()
    return path


def outcome(call: Callable[[], Any]) -> tuple[str, Any]:
    """("ok", result), or the error's code with its details."""
    try:
        return "ok", call()
    except TawsimError as error:
        return error.code, dict(error.details)


def leased(one: queue.LeasedTask) -> dict[str, Any]:
    return {"id": one.lease_id, "task_id": one.task_id, "deadline": one.deadline, "round": one.round}


class InProcess:
    """The functions of labelling/ and intake/ on an SQLite file."""

    over_http = False

    def __init__(self, template: Path) -> None:
        self.folder = fresh_folder()
        self.clock = TestClock()
        self.generation = itertools.count(1)
        self.path = self._next_path()
        shutil.copy(template, self.path)
        self._open()
        with self.db.read() as tx:
            everybody = tx.all("worker_list")
            self.project_id = tx.all("project_list")[0]["id"]
        self.owner = next(w["id"] for w in everybody if w["role"] == "owner")
        self.workers = [w["id"] for w in everybody if w["role"] == "labeller"]

    def _next_path(self) -> Path:
        folder = self.folder / str(next(self.generation))
        folder.mkdir()
        return folder / "reviews.tawsim"

    def _open(self) -> None:
        self.db = Database.open(self.path, "workspace", clock=self.clock)

    def _abandon(self) -> None:
        """Let go of the old file so that threads and handles do not pile up. Its folder is dead: nothing reads it again."""
        self.db.close()
        shutil.rmtree(self.path.parent)

    def end(self) -> None:
        self.db.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    # ---- workers -----------------------------------------------------------------------------------------------
    def next(self, worker: str, count: int) -> tuple[str, Any]:
        def call() -> tuple[list[dict[str, Any]], str | None]:
            grant = self.db.write(lambda tx: queue.next_leases(tx, self.project_id, worker, count))
            assert grant.retry_after_s is None or 1 <= grant.retry_after_s <= 30
            assert (grant.retry_after_s is not None) == (grant.none == "leased")
            return [leased(one) for one in grant.leases], grant.none

        return outcome(call)

    def submit(self, worker: str, lease: str, key: str, content: dict[str, Any]) -> tuple[str, Any]:
        def call() -> dict[str, Any]:
            done = self.db.write(lambda tx: submit.submit(tx, worker, lease, key, content))
            return {"annotation": done.or_raise(), "repeated": done.repeated}

        return outcome(call)

    def skip(self, worker: str, lease: str) -> tuple[str, Any]:
        return outcome(lambda: self.db.write(lambda tx: holding.skip(tx, worker, lease, "unclear")["state"]))

    def release(self, worker: str, lease: str) -> tuple[str, Any]:
        return outcome(lambda: self.db.write(lambda tx: holding.release(tx, worker, lease)["state"]))

    def heartbeat(self, worker: str, lease: str) -> tuple[str, Any]:
        return outcome(lambda: self.db.write(lambda tx: holding.heartbeat(tx, worker, lease)))

    def undo(self, worker: str, annotation: str, key: str) -> tuple[str, Any]:
        return outcome(lambda: leased(self.db.write(lambda tx: submit.undo(tx, worker, annotation, key))))

    def edit(self, worker: str, annotation: str, key: str, seen: int, content: dict[str, Any]) -> tuple[str, Any]:
        return outcome(lambda: self.db.write(lambda tx: submit.edit(tx, worker, annotation, key, seen, content)))

    # ---- owners ------------------------------------------------------------------------------------------------
    def project(self) -> Any:
        with self.db.read() as tx:
            row = tx.one("project_get", id=self.project_id)
        assert row is not None
        return rows.project(row)

    def add_tasks(self, texts: list[str], key: str) -> tuple[str, Any]:
        found = [{"text": text} for text in texts]

        def call() -> int:
            report = add_tasks(self.db, self.project(), numbered(found), actor_id=self.owner, source="rows", digest=key)
            return report.added

        return outcome(call)

    def reject(self, annotation: str, key: str, seen: int) -> tuple[str, Any]:
        return outcome(
            lambda: self.db.write(lambda tx: owners.reject(tx, self.owner, annotation, key, seen, "not the guideline"))
        )

    def reopen(self, task: str) -> tuple[str, Any]:
        return outcome(lambda: self.db.write(lambda tx: owners.reopen(tx, self.owner, task)))

    def set_k(self, task: str, k: int) -> tuple[str, Any]:
        return outcome(lambda: self.db.write(lambda tx: owners.set_task_overlap(tx, self.owner, task, k)))

    def remove(self, task: str) -> tuple[str, Any]:
        return outcome(lambda: self.db.write(lambda tx: owners.remove_task(tx, self.owner, task)))

    def set_active(self, worker: str, active: bool) -> tuple[str, Any]:
        return outcome(lambda: self.db.write(lambda tx: owners.set_worker_active(tx, self.owner, worker, active)))

    def change_project(self, seen: int, changes: dict[str, Any]) -> tuple[str, Any]:
        return outcome(lambda: change_project(self.db, self.owner, self.project_id, seen, changes).version)

    def adopt(self, draft: str) -> tuple[str, Any]:
        return outcome(lambda: self.db.write(lambda tx: owners.adopt_draft(tx, self.owner, draft)))

    def add_workers(self, n: int) -> list[str]:
        def call(tx: Transaction) -> list[str]:
            known = len(self.workers)
            return [add_worker(tx, self.owner, f"fresh {known + i}", f"fresh {known + i}").id for i in range(n)]

        fresh = self.db.write(call)
        self.workers += fresh
        return fresh

    def sweep(self) -> None:
        self.db.write(queue.sweep)

    # ---- faults ------------------------------------------------------------------------------------------------
    def crash(self) -> None:
        """What is in the file and its log now, opened as a new process would."""
        survivor = self._copy()
        self._abandon()
        self._reopen(survivor)

    def _copy(self) -> Path:
        survivor = self._next_path()
        for suffix in ("", "-wal"):
            source = self.path.with_name(self.path.name + suffix)
            if source.exists():
                shutil.copy(source, survivor.with_name(survivor.name + suffix))
        return survivor

    def _reopen(self, path: Path) -> None:
        self.path = path
        self._open()

    def crash_in(self, call: Callable[[], Any], *, after_commit: bool) -> None:
        """Make `call`, and die just before or just after its commit: either way the caller is told nothing."""
        real, kept = self.db._commit, []

        def commit() -> None:
            if after_commit:
                real()
            kept.append(self._copy())
            raise Died

        self.db._commit = commit  # type: ignore[method-assign]
        with contextlib.suppress(Died):
            call()
        assert len(kept) == 1
        self._abandon()
        self._reopen(kept[0])

    def fill_disk(self) -> None:
        """No page more than the file has now: the engine itself says that the disk is full, and in the middle of work."""
        pages = self.db._connection.execute("PRAGMA page_count").fetchone()[0]
        self.db._connection.execute(f"PRAGMA max_page_count = {pages}")

    def fail_disk(self) -> None:
        """Every commit fails, as when the device is gone."""

        def commit() -> None:
            raise sqlite3.OperationalError("disk I/O error")

        self.db._commit = commit  # type: ignore[method-assign]

    def mend_disk(self) -> None:
        self.db.__dict__.pop("_commit", None)
        self.db._connection.execute("PRAGMA max_page_count = 1073741823")

    def backup_restore(self) -> None:
        target = self._next_path()
        self.db.backup_to(target)
        self._abandon()
        self._reopen(target)

    # ---- public reads ------------------------------------------------------------------------------------------
    def tasks(self) -> dict[str, dict[str, Any]]:
        with self.db.read() as tx:
            found = tx.all("task_page", project_id=self.project_id, after=0, visible_seq=1 << 40, n=1000)
            return {row["id"]: asdict(rows.task(row, row["content"])) for row in found}

    def answers(self) -> dict[str, dict[str, Any]]:
        found: dict[str, dict[str, Any]] = {}
        with self.db.read() as tx:
            for worker in self.workers:
                for row in tx.all(
                    "annotation_mine", project_id=self.project_id, worker_id=worker, before=LAST_ID, n=1000
                ):
                    found[row["id"]] = asdict(rows.annotation(row))
        return found

    def drafts(self) -> dict[str, dict[str, Any]]:
        with self.db.read() as tx:
            return {row["id"]: asdict(rows.draft(row)) for row in tx.all("draft_list", after="", n=100_000)}

    def lease_states(self, leases: list[str]) -> dict[str, tuple[str, int]]:
        with self.db.read() as tx:
            found = {one: tx.one("lease_get", id=one) for one in leases}
        return {one: (row["state"], row["deadline"]) for one, row in found.items() if row is not None}

    def versions(self, annotation: str) -> list[Any]:
        with self.db.read() as tx:
            return [row["answers"] for row in tx._connection.execute(VERSIONS, (annotation,))]

    def events(self) -> Counter[str]:
        with self.db.read() as tx:
            return Counter({row["kind"]: row["n"] for row in tx._connection.execute(EVENTS)})

    def progress(self) -> dict[str, int]:
        with self.db.read() as tx:
            row = tx.one("project_count_get", project_id=self.project_id)
        assert row is not None
        return asdict(rows.progress(row))

    def worker_counts(self) -> dict[str, tuple[int, int, int]]:
        with self.db.read() as tx:
            found = tx.all("worker_project_list", project_id=self.project_id)
        return {r["worker_id"]: (r["answers"], r["skips"], r["leases"]) for r in found}

    def recount(self, tx: Transaction) -> dict[str, int]:
        """The project's counts, from the tasks and leases themselves."""
        row = tx.one("project_recount", project_id=self.project_id, visible_seq=1 << 40)
        live = tx.one("project_live_leases", project_id=self.project_id)
        assert row is not None
        assert live is not None
        return dict(row) | {"leases": live["n"]}
