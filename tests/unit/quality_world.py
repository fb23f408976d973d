"""Projects with many answers, put in the store at once: who said what about which task, when, and how fast."""

import itertools
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from tawsim.core.clock import SECOND
from tawsim.core.ids import new_id
from tawsim.core.records import Project
from tawsim.intake.adding import add_tasks, numbered
from tawsim.labelling.projects import NewProject, create_project
from tawsim.store.database import Database
from tawsim.store.rows import to_json
from tawsim.workspaces.workspace import Workspace, add_worker

LEASE = """INSERT INTO lease (id, project_id, task_id, worker_id, round, slot, state, granted_at, deadline, ended_at)
VALUES (?, ?, ?, ?, 0, ? + (SELECT 100 * COUNT(*) FROM lease), 'submitted', ?, ?, ?)"""
ANNOTATION = """INSERT INTO annotation
(id, project_id, task_id, lease_id, worker_id, round, state, guideline_version, created_at)
VALUES (?, ?, ?, ?, ?, 0, 'accepted', ?, ?)"""
VERSION = """INSERT INTO annotation_version (annotation_id, version, answers, by_worker, at, comment)
VALUES (?, 1, ?, ?, ?, ?)"""

START = 1_780_000_000 * SECOND  # a day in 2026
DAY = 86_400 * SECOND


@dataclass(frozen=True)
class Said:
    """One answer: `task` from 1, `worker` by place, its `answers`, when it came and how many seconds it took."""

    task: int
    worker: int
    answers: dict[str, Any]
    at: int = START
    seconds: float = 8.0
    comment: str = ""
    guideline: int = 1


@dataclass
class QualityWorld:
    """A project with `people`, to which answers are written past the queue."""

    workspace: Workspace
    project: Project
    people: list[str]

    @property
    def db(self) -> Database:
        return self.workspace.db

    def say(self, said: Iterable[Said]) -> None:
        """Write these answers; times within one task need no order."""
        listed = list(said)
        with self.db.read() as tx:
            rows = tx.all("task_page", project_id=self.project.id, after=0, visible_seq=1 << 40, n=1_000_000)
            revision = int(tx.one("truth_revision", project_id=self.project.id)["revision"]) + 1
        tasks = {row["seq"]: row["id"] for row in rows}
        slots = {seq: itertools.count(1) for seq in tasks}
        leases, annotations, versions = [], [], []
        for one in listed:
            lease, annotation, task = new_id(1), new_id(1), tasks[one.task]
            worker, granted = self.people[one.worker], one.at - int(one.seconds * SECOND)
            used = next(slots[one.task])
            leases.append((lease, self.project.id, task, worker, used, granted, one.at + DAY, one.at))
            annotations.append((annotation, self.project.id, task, lease, worker, one.guideline, one.at))
            versions.append((annotation, to_json(one.answers), worker, one.at, one.comment))

        def write(connection: sqlite3.Connection) -> None:
            connection.executemany(LEASE, leases)
            connection.executemany(ANNOTATION, annotations)
            connection.executemany(VERSION, versions)
            connection.executemany(
                "UPDATE task SET accepted = accepted + 1, changed = ? WHERE id = ?",
                [(revision, tasks[one.task]) for one in listed],
            )
            connection.execute(
                "UPDATE project_count SET answers = answers + ?, revision = ? WHERE project_id = ?",
                (len(listed), revision, self.project.id),
            )

        self.db.write(lambda tx: write(tx._connection))


def quality_world(
    workspace: Workspace, questions: Sequence[dict[str, Any]], rows: Sequence[dict[str, Any]], people: int, **more: Any
) -> QualityWorld:
    """A new project with these rows and so many people."""
    db, owner = workspace.db, workspace.owner_id
    new = NewProject(name=f"quality {new_id(1)[-6:]}", questions=list(questions), overlap=3, **more)
    project = db.write(lambda tx: create_project(tx, owner, new_id(1), new))
    add_tasks(db, project, numbered(list(rows)), actor_id=owner, source="t", digest=new_id(1))
    made = [
        db.write(lambda tx, i=i: add_worker(tx, owner, new_id(1), f"person {project.id[-4:]} {i}")).id
        for i in range(people)
    ]
    return QualityWorld(workspace, project, made)
