"""Routes about single answers and tasks, for those who manage: rejecting, overlap, reopening, removing, adopting late work."""

from dataclasses import asdict, dataclass

from fastapi import APIRouter

from tawsim.labelling import owners
from tawsim.server import shapes, work_shapes
from tawsim.server.answers import Json
from tawsim.server.permissions import Manager, allow
from tawsim.server.work import KeyBody
from tawsim.store import rows

router = APIRouter(tags=["team"])


@dataclass(frozen=True, slots=True)
class RejectBody:
    """Why an answer does not count."""

    key: str
    seen_version: int
    reason: str


@dataclass(frozen=True, slots=True)
class OverlapBody:
    """How many answers this task wants."""

    overlap: int


@router.post("/annotations/{annotation_id}/reject", **allow("manage", gives=shapes.RejectedShape))
async def reject(annotation_id: str, body: RejectBody, caller: Manager) -> Json:
    """Take an answer out of the count, with a reason; its slot opens again."""
    result = await caller.db.write_async(
        lambda tx: owners.reject(tx, caller.worker.id, annotation_id, body.key, body.seen_version, body.reason)
    )
    return Json({"annotation": result})


@router.patch("/tasks/{task_id}", **allow("manage", gives=shapes.TaskChangeShape))
async def set_overlap(task_id: str, body: OverlapBody, caller: Manager) -> Json:
    """Ask for more or fewer answers to one task."""
    await caller.db.write_async(lambda tx: owners.set_task_overlap(tx, caller.worker.id, task_id, body.overlap))
    return Json({"task": task_id, "overlap": body.overlap})


@router.post("/tasks/{task_id}/reopen", **allow("manage", gives=shapes.TaskChangeShape))
async def reopen(task_id: str, body: KeyBody, caller: Manager) -> Json:
    """A new round for one task; earlier answers stay readable."""
    round_ = await caller.db.write_async(lambda tx: owners.reopen_once(tx, caller.worker.id, task_id, body.key))
    return Json({"task": task_id, "round": round_})


@router.delete("/tasks/{task_id}", **allow("manage", gives=shapes.TaskChangeShape))
async def remove(task_id: str, caller: Manager) -> Json:
    """Take a task out of the project; its answers stay stored."""
    await caller.db.write_async(lambda tx: owners.remove_task(tx, caller.worker.id, task_id))
    return Json({"task": task_id, "state": "removed"})


@router.post("/drafts/{draft_id}/adopt", **allow("manage", gives=work_shapes.EditedShape))
async def adopt(draft_id: str, caller: Manager) -> Json:
    """Make kept late work count, where the task has a free slot."""
    annotation_id = await caller.db.write_async(lambda tx: owners.adopt_draft(tx, caller.worker.id, draft_id))
    with caller.db.read() as tx:
        row = tx.one("annotation_get", id=annotation_id)
    assert row is not None
    return Json({"annotation": asdict(rows.annotation(row))})
