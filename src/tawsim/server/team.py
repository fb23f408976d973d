"""Owners' routes about people and single tasks: inviting, deactivating, rejecting, reopening, adopting late work."""

from dataclasses import asdict, dataclass

from fastapi import APIRouter, Request

from tawsim.labelling import owners
from tawsim.loop.views import worker_json
from tawsim.server import shapes, work_shapes
from tawsim.server.answers import Json
from tawsim.server.permissions import Owner, allow
from tawsim.server.sign_in_state import ServerState
from tawsim.server.work import KeyBody
from tawsim.store import rows
from tawsim.workspaces import accounts
from tawsim.workspaces.accounts import Identity
from tawsim.workspaces.workspace import add_worker, find_worker, list_workers

router = APIRouter(tags=["team"])


@dataclass(frozen=True, slots=True)
class InviteBody:
    """Whom to invite. A name that is known gets a new link to the same account."""

    key: str
    name: str


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


@router.get("/workers", **allow("owner", gives=shapes.WorkersShape))
async def workers(request: Request, caller: Owner) -> Json:
    """Everybody in the workspace; `invited` where a link waits to be opened."""
    state: ServerState = request.app.state.tawsim
    with state.accounts.read() as tx:
        invited = accounts.invited_workers(tx, caller.workspace.id)
    with caller.db.read() as tx:
        found = list_workers(tx)
    return Json({"workers": [worker_json(worker) | {"invited": worker.id in invited} for worker in found]})


@router.post("/workers", **allow("owner", gives=shapes.InvitationShape))
async def invite(body: InviteBody, request: Request, caller: Owner) -> Json:
    """Invite a person: a one-time link that makes a session of theirs."""
    state: ServerState = request.app.state.tawsim
    with caller.db.read() as tx:
        worker = find_worker(tx, body.name)
    if worker is None:
        worker = await caller.db.write_async(lambda tx: add_worker(tx, caller.worker.id, body.key, body.name))
    identity = Identity(caller.workspace.id, worker.id)
    secret = await state.accounts.write_async(lambda tx: accounts.issue(tx, "invite", identity))
    return Json({"worker": worker_json(worker), "link": state.link(secret)})


@router.post("/workers/{worker_id}/deactivate", **allow("owner", gives=shapes.ActiveShape))
async def deactivate(worker_id: str, request: Request, caller: Owner) -> Json:
    """End a worker's sessions and live leases. Their answers stay."""
    await caller.db.write_async(lambda tx: owners.set_worker_active(tx, caller.worker.id, worker_id, False))
    state: ServerState = request.app.state.tawsim
    identity = Identity(caller.workspace.id, worker_id)
    await state.accounts.write_async(lambda tx: accounts.revoke_worker(tx, identity))
    state.forget()
    return Json({"worker": worker_id, "active": False})


@router.post("/workers/{worker_id}/activate", **allow("owner", gives=shapes.ActiveShape))
async def activate(worker_id: str, request: Request, caller: Owner) -> Json:
    """Let a worker in again, by a new link."""
    await caller.db.write_async(lambda tx: owners.set_worker_active(tx, caller.worker.id, worker_id, True))
    request.app.state.tawsim.forget()
    return Json({"worker": worker_id, "active": True})


@router.post("/annotations/{annotation_id}/reject", **allow("owner", gives=shapes.RejectedShape))
async def reject(annotation_id: str, body: RejectBody, caller: Owner) -> Json:
    """Take an answer out of the count, with a reason; its slot opens again."""
    result = await caller.db.write_async(
        lambda tx: owners.reject(tx, caller.worker.id, annotation_id, body.key, body.seen_version, body.reason)
    )
    return Json({"annotation": result})


@router.patch("/tasks/{task_id}", **allow("owner", gives=shapes.TaskChangeShape))
async def set_overlap(task_id: str, body: OverlapBody, caller: Owner) -> Json:
    """Ask for more or fewer answers to one task."""
    await caller.db.write_async(lambda tx: owners.set_task_overlap(tx, caller.worker.id, task_id, body.overlap))
    return Json({"task": task_id, "overlap": body.overlap})


@router.post("/tasks/{task_id}/reopen", **allow("owner", gives=shapes.TaskChangeShape))
async def reopen(task_id: str, body: KeyBody, caller: Owner) -> Json:
    """A new round for one task; earlier answers stay readable."""
    round_ = await caller.db.write_async(lambda tx: owners.reopen_once(tx, caller.worker.id, task_id, body.key))
    return Json({"task": task_id, "round": round_})


@router.delete("/tasks/{task_id}", **allow("owner", gives=shapes.TaskChangeShape))
async def remove(task_id: str, caller: Owner) -> Json:
    """Take a task out of the project; its answers stay stored."""
    await caller.db.write_async(lambda tx: owners.remove_task(tx, caller.worker.id, task_id))
    return Json({"task": task_id, "state": "removed"})


@router.post("/drafts/{draft_id}/adopt", **allow("owner", gives=work_shapes.EditedShape))
async def adopt(draft_id: str, caller: Owner) -> Json:
    """Make kept late work count, where the task has a free slot."""
    annotation_id = await caller.db.write_async(lambda tx: owners.adopt_draft(tx, caller.worker.id, draft_id))
    with caller.db.read() as tx:
        row = tx.one("annotation_get", id=annotation_id)
    assert row is not None
    return Json({"annotation": asdict(rows.annotation(row))})
