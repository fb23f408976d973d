"""A worker's own work: next, submit, skip, release, heartbeat, undo, edit, own answers and drafts.

Every function here acts as the caller and can reach no other worker's lease, answer or draft.
"""

import json
from dataclasses import asdict, dataclass
from typing import Any

from fastapi import APIRouter, Query

from tawsim.core.errors import BadInput
from tawsim.labelling import holding, queue, submit
from tawsim.labelling.projects import LIMITS
from tawsim.labelling.slots import project_row
from tawsim.server import work_shapes
from tawsim.server.answers import Json, grant_json, leased_json
from tawsim.server.permissions import Caller, SignedIn, allow
from tawsim.store import rows
from tawsim.store.database import Row, Transaction
from tawsim.workspaces.roles import may

router = APIRouter(tags=["work"])
LAST_ID = "~"  # sorts after every id
NOTHING_DRAWN: dict[str, Any] = {"candidates": {}, "suggestions": {}, "media": {}, "asks": None}


@dataclass(frozen=True, slots=True)
class NextBody:
    """How many tasks to hold, counting those held already."""

    count: int = 1


@dataclass(frozen=True, slots=True)
class SubmitBody:
    """`key` is made by the client, one per answer; the same key may be sent again at any time. `spent_ms`: how long hands
    were on the task, as the client measured it; it is believed as far as the server's clock allows."""

    key: str
    answers: dict[str, Any]
    comment: str = ""
    flag: bool = False
    schema_version: int | None = None
    spent_ms: int | None = None


@dataclass(frozen=True, slots=True)
class ReasonBody:
    """Why, in the worker's words, and how long hands were on the task (ms)."""

    reason: str = ""
    spent_ms: int | None = None


@dataclass(frozen=True, slots=True)
class KeyBody:
    """An idempotency key."""

    key: str


@dataclass(frozen=True, slots=True)
class EditBody:
    """`seen_version` is the version that the edit was made from."""

    key: str
    seen_version: int
    answers: dict[str, Any]
    comment: str = ""
    flag: bool = False
    spent_ms: int | None = None


@router.post("/projects/{project_id}/next", **allow("signed_in", gives=work_shapes.NextShape))
async def next_tasks(project_id: str, body: NextBody, caller: SignedIn) -> Json:
    """The leases the caller holds, then new ones, up to `count` or the project's `max_leases`. A reload costs nothing."""
    return Json(await give_next(caller, project_id, body))


async def give_next(caller: Caller, project_id: str, body: NextBody) -> dict[str, Any]:
    """What `next_tasks` does and answers; hot.py comes here without the framework."""
    if not 1 <= body.count <= LIMITS["max_leases"][1]:
        raise BadInput(f"count is a whole number from 1 to {LIMITS['max_leases'][1]}, not {body.count}.")
    count = body.count
    grant = await caller.db.write_async(lambda tx: queue.next_leases(tx, project_id, caller.worker.id, count))
    return grant_json(grant)


@router.post("/leases/{lease_id}/submit", **allow("signed_in", gives=work_shapes.SubmittedShape))
async def submit_answers(lease_id: str, body: SubmitBody, caller: SignedIn) -> Json:
    """Take an answer. Acknowledged means durable. 409 keeps the work as a draft where the slot is gone."""
    return Json(await take_answers(caller, lease_id, body))


async def take_answers(caller: Caller, lease_id: str, body: SubmitBody) -> dict[str, Any]:
    """What `submit_answers` does and answers; hot.py comes here without the framework."""
    result = await caller.db.write_async(
        lambda tx: submit.submit(
            tx,
            caller.worker.id,
            lease_id,
            body.key,
            body.answers,
            submit.Given(body.comment, body.flag, body.schema_version, body.spent_ms),
        )
    )
    return {"annotation": result.or_raise(), "repeated": result.repeated, "training": result.training}


@router.post("/leases/{lease_id}/skip", **allow("signed_in", gives=work_shapes.LeaseShape))
async def skip(lease_id: str, body: ReasonBody, caller: SignedIn) -> Json:
    """Leave this task for this round."""
    row = await caller.db.write_async(
        lambda tx: holding.skip(tx, caller.worker.id, lease_id, body.reason, body.spent_ms)
    )
    return Json({"lease": {"id": row["id"], "state": row["state"]}})


@router.post("/leases/{lease_id}/release", **allow("signed_in", gives=work_shapes.LeaseShape))
async def release(lease_id: str, caller: SignedIn) -> Json:
    """Give the task back; it may come again."""
    row = await caller.db.write_async(lambda tx: holding.release(tx, caller.worker.id, lease_id))
    return Json({"lease": {"id": row["id"], "state": row["state"]}})


@router.post("/leases/{lease_id}/heartbeat", **allow("signed_in", gives=work_shapes.DeadlineShape))
async def heartbeat(lease_id: str, caller: SignedIn) -> Json:
    """Ask for more time."""
    deadline = await caller.db.write_async(lambda tx: holding.heartbeat(tx, caller.worker.id, lease_id))
    return Json({"deadline": deadline})


@router.post("/annotations/{annotation_id}/undo", **allow("signed_in", gives=work_shapes.LeasedTaskShape))
async def undo(annotation_id: str, body: KeyBody, caller: SignedIn) -> Json:
    """Withdraw one's own answer and hold the task again."""
    leased = await caller.db.write_async(lambda tx: submit.undo(tx, caller.worker.id, annotation_id, body.key))
    return Json(leased_json(leased))


@router.post("/annotations/{annotation_id}/versions", **allow("signed_in", gives=work_shapes.EditedShape))
async def edit(annotation_id: str, body: EditBody, caller: SignedIn) -> Json:
    """A new version of one's own answer. Of two edits of one version exactly one wins."""
    result = await caller.db.write_async(
        lambda tx: submit.edit(
            tx,
            caller.worker.id,
            annotation_id,
            body.key,
            body.seen_version,
            body.answers,
            submit.Given(body.comment, body.flag, spent_ms=body.spent_ms),
        )
    )
    return Json({"annotation": result})


@router.get("/projects/{project_id}/annotations/mine", **allow("signed_in", gives=work_shapes.OwnAnnotationsShape))
async def mine(
    project_id: str, caller: SignedIn, limit: int = Query(50, ge=1, le=500), before: str = Query(LAST_ID, max_length=64)
) -> Json:
    """The caller's own answers, newest first."""
    with caller.db.read() as tx:
        project = rows.project(project_row(tx, project_id))
        found = tx.all("annotation_mine", project_id=project_id, worker_id=caller.worker.id, before=before, n=limit)
        answers = [asdict(rows.annotation(row)) | queue.own_work(tx, project, row) for row in found]
    return Json({"annotations": answers, "next": answers[-1]["id"] if len(answers) == limit else None})


@router.get("/drafts", **allow("signed_in", gives=work_shapes.DraftsShape))
async def drafts(
    caller: SignedIn, limit: int = Query(100, ge=1, le=500), after: str = Query("", max_length=64)
) -> Json:
    """Work of the caller's that came too late and was kept, oldest first; who manages sees everybody's."""
    with caller.db.read() as tx:
        every = may(caller.worker.role, "manage")
        if every:
            found = tx.all("draft_list", after=after, n=limit)
        else:
            found = tx.all("draft_of_worker", worker_id=caller.worker.id, after=after, n=limit)
        kept = [_draft_json(tx, row, whole=every) for row in found]
    return Json({"drafts": kept, "next": kept[-1]["id"] if len(kept) == limit else None})


def _draft_json(tx: Transaction, row: Row, *, whole: bool) -> dict[str, Any]:
    """A draft; `whole` shows its row and names as they are stored, else as its worker saw them."""
    if whole:
        seen = {
            "task": {"id": row["task_id"], "seq": row["seq"], "content": json.loads(row["content"])} | NOTHING_DRAWN
        }
    else:
        project = tx.one("project_even_removed", id=row["project_id"])
        assert project is not None
        seen = queue.own_work(tx, rows.project(project), row)
    return asdict(rows.draft(row)) | {"project_id": row["project_id"], "worker_name": row["worker_name"]} | seen
