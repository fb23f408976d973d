"""A project with three people, and the calls of the labelling room in short form. For the test_labelling_* files."""

from dataclasses import dataclass, field
from typing import Any

from tawsim.core.ids import new_id
from tawsim.core.records import Project
from tawsim.intake.adding import add_tasks, numbered
from tawsim.labelling import holding, owners, queue, submit
from tawsim.labelling.projects import NewProject, create_project, update_project
from tawsim.labelling.queue import Grant
from tawsim.store import rows
from tawsim.store.database import Database
from tawsim.workspaces.workspace import Workspace, add_worker

YES, NO = {"label": "نعم"}, {"label": "لا"}
QUESTIONS = [{"kind": "choice", "name": "label", "labels": ["نعم", "لا"]}]


@dataclass
class World:
    """Everything that a test of the queue touches."""

    workspace: Workspace
    clock: Any
    settings: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        new = NewProject(name="reviews", questions=QUESTIONS, **{"lease_seconds": 60} | self.settings)
        self.project: Project = self.db.write(lambda tx: create_project(tx, self.owner, "p", new))
        self.a, self.b, self.c = (
            self.db.write(lambda tx, name=name: add_worker(tx, self.owner, name, name)).id for name in ("a", "b", "c")
        )

    @property
    def db(self) -> Database:
        return self.workspace.db

    @property
    def owner(self) -> str:
        return self.workspace.owner_id

    def add(self, n: int, **more: Any) -> list[str]:
        """n tasks; their ids in order of import."""
        texts = [{"text": f"{new_id(1)} {i}"} for i in range(n)]
        add_tasks(self.db, self.project, numbered(texts), actor_id=self.owner, source="t", digest=new_id(1), **more)
        return [t["id"] for t in self.tasks()][-n:]

    def tasks(self) -> list[dict[str, Any]]:
        with self.db.read() as tx:
            found = tx.all("task_page", project_id=self.project.id, after=0, visible_seq=1 << 40, n=1000)
            return [dict(row) for row in found]

    def task(self, task_id: str) -> dict[str, Any]:
        return next(t for t in self.tasks() if t["id"] == task_id)

    def grant(self, worker: str, count: int = 1) -> Grant:
        return self.db.write(lambda tx: queue.next_leases(tx, self.project.id, worker, count))

    def lease(self, worker: str) -> Any:
        """The one lease that `next` gives."""
        (one,) = self.grant(worker).leases
        return one

    def submit(self, worker: str, lease: str, answers: Any = YES, key: str | None = None) -> Any:
        """The annotation. Raises what the caller of a route would see."""
        key = key or new_id(1)
        return self.db.write(lambda tx: submit.submit(tx, worker, lease, key, answers)).or_raise()

    def answer(self, worker: str, answers: Any = YES) -> Any:
        return self.submit(worker, self.lease(worker).lease_id, answers)

    def undo(self, worker: str, annotation: str, key: str | None = None) -> Any:
        return self.db.write(lambda tx: submit.undo(tx, worker, annotation, key or new_id(1)))

    def skip(self, worker: str, lease: str) -> Any:
        return self.db.write(lambda tx: holding.skip(tx, worker, lease, "unclear"))

    def release(self, worker: str, lease: str) -> Any:
        return self.db.write(lambda tx: holding.release(tx, worker, lease))

    def sweep(self) -> int:
        return self.db.write(queue.sweep)

    def reject(self, annotation: str, seen: int = 1) -> Any:
        return self.db.write(lambda tx: owners.reject(tx, self.owner, annotation, new_id(1), seen, "no"))

    def change(self, **changes: Any) -> Project:
        with self.db.read() as tx:
            row = tx.one("project_even_removed", id=self.project.id)
        assert row is not None
        return self.db.write(lambda tx: update_project(tx, self.owner, self.project.id, row["version"], changes))

    def counts(self) -> Any:
        with self.db.read() as tx:
            row = tx.one("project_count_get", project_id=self.project.id)
        assert row is not None
        return rows.progress(row)

    def of_worker(self, worker: str) -> tuple[int, int, int]:
        with self.db.read() as tx:
            row = tx.one("worker_project_get", project_id=self.project.id, worker_id=worker)
        return (row["answers"], row["skips"], row["leases"]) if row else (0, 0, 0)

    def events(self) -> list[str]:
        with self.db.read() as tx:
            return [row["kind"] for row in tx._connection.execute("SELECT kind FROM event ORDER BY id")]
