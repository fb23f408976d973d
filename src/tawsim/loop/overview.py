"""Where projects stand: the figures of the home page, of `tawsim status` and of Python's `progress()`. Reads only."""

import time
from typing import Any

from tawsim.core.errors import NotFound
from tawsim.core.records import Progress, Project, Worker, WorkerProgress
from tawsim.labelling.slots import project_row
from tawsim.loop.inferring import agreement_json, project_truth, truth_soon
from tawsim.loop.views import progress_json, project_json, worker_progress_json
from tawsim.store import rows
from tawsim.store.database import Database, Row, Transaction
from tawsim.workspaces.roles import may
from tawsim.workspaces.workspace import list_workers


def project_overview(db: Database, project_id: str, worker: Worker) -> dict[str, Any]:
    """The project, its progress (for those who manage) and the worker's own part in it. Raises NotFound."""
    with db.read() as tx:
        return _overview(tx, project_row(tx, project_id), worker)


def projects_overview(db: Database, worker: Worker) -> list[dict[str, Any]]:
    """`project_overview` of every project, in the order they were made."""
    with db.read() as tx:
        return [_overview(tx, row, worker) for row in tx.all("project_list")]


def _overview(tx: Transaction, row: Row, worker: Worker) -> dict[str, Any]:
    mine = tx.one("worker_project_get", project_id=row["id"], worker_id=worker.id)
    return {
        "project": project_json(rows.project(row)),
        "progress": progress_json(_progress(tx, row["id"])) if may(worker.role, "manage") else None,
        "mine": {
            name: (mine[name] if mine is not None else None if name == "last_at" else 0)
            for name in ("answers", "skips", "leases", "last_at")
        },
    }


def _progress(tx: Transaction, project_id: str) -> Progress:
    counts = tx.one("project_count_get", project_id=project_id)
    assert counts is not None
    return rows.progress(counts)


def progress(db: Database, project_id: str, *, wait_s: float | None = None) -> dict[str, Any]:
    """The project's progress, each worker's part, and how far workers agree (a little old at most). Raises NotFound.

    Where that takes longer than `wait_s` it goes on being computed, and `agreement_computing` says so.
    """
    found, workers = project_progress(db, project_id)
    truth = None
    if found.answers:
        truth = (
            project_truth(db, project_id, may_be_stale=True)
            if wait_s is None
            else truth_soon(db, project_id, until=time.monotonic() + wait_s)
        )
    return {
        "progress": progress_json(found),
        "workers": [worker_progress_json(one) for one in workers],
        "agreement": None if truth is None else agreement_json(truth),
        "agreement_computing": truth is None and found.answers > 0,
        "scale_type": _scale_type(db, project_id),
    }


def _scale_type(db: Database, project_id: str) -> str | None:
    """The type of a project whose tasks come by the Scale-compatible API; None of every other."""
    with db.read() as tx:
        row = tx.one("scale_project_type", project_id=project_id)
    return None if row is None else str(row["type"])


def project_progress(db: Database, project_id: str) -> tuple[Progress, list[WorkerProgress]]:
    """The same as records, without agreement."""
    with db.read() as tx:
        project_row(tx, project_id)
        known = {worker.id: worker for worker in list_workers(tx)}
        parts = [
            WorkerProgress(known[row["worker_id"]], row["answers"], row["skips"], row["leases"], row["last_at"])
            for row in tx.all("worker_project_list", project_id=project_id)
        ]
        return _progress(tx, project_id), parts


def list_projects(db: Database) -> list[Project]:
    """All projects, in the order they were made."""
    with db.read() as tx:
        return [rows.project(row) for row in tx.all("project_list")]


def find_project(db: Database, name: str | None = None) -> Project:
    """The project of that name; without a name, the only one. Raises NotFound that lists the names there are."""
    found = list_projects(db)
    if not found:
        raise NotFound(
            "There is no project in this workspace yet.", "Make one: tawsim project create NAME --labels a,b"
        )
    listed = ", ".join(project.name for project in found[:20])
    if name is None:
        if len(found) > 1:
            raise NotFound(f"This workspace has {len(found)} projects; name one: {listed}.", "Say --project NAME.")
        return found[0]
    for project in found:
        if name in (project.name, project.id):
            return project
    raise NotFound(f"There is no project “{name}”.", f"Projects here: {listed}.")
