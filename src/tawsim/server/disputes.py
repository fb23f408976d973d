"""Judging disputes: the queue of a judge, taking one, giving it back, the verdict. The rules stand in labelling/disputes.py.

What goes out here is blind: labelling/judging.py says what a judge sees.
"""

from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter

from tawsim.labelling import disputes, judging
from tawsim.server import mine_shapes as shapes
from tawsim.server.answers import Json
from tawsim.server.permissions import Reviewer, allow
from tawsim.store.database import Transaction

router = APIRouter(tags=["disputes"])


@dataclass(frozen=True, slots=True)
class VerdictBody:
    """`right` is a, b or neither, which comes with the judge's own `answers`; `hold` is the one that was given with the
    dispute. Both sides read `reason`."""

    key: str
    hold: int
    right: str
    reason: str
    answers: dict[str, Any] | None = None
    spent_ms: int | None = None


@router.get("/projects/{project_id}/disputes", **allow("review", gives=shapes.DisputeQueueShape))
async def queue(project_id: str, caller: Reviewer) -> Json:
    """How many disputes wait, and whether there is one for the caller."""
    with caller.db.read() as tx:
        return Json(judging.queue_of(tx, project_id, caller.worker.id))


@router.post("/projects/{project_id}/disputes/next", **allow("review", gives=shapes.NextDisputeShape))
async def take(project_id: str, caller: Reviewer) -> Json:
    """The dispute the caller holds, else the oldest they may judge, theirs for half an hour. A reload costs nothing."""

    def work(tx: Transaction) -> dict[str, Any] | None:
        row = disputes.next_dispute(tx, project_id, caller.worker.id)
        return None if row is None else judging.present_dispute(tx, row)

    return Json({"dispute": await caller.db.write_async(work)})


@router.post("/disputes/{dispute_id}/release", **allow("review", gives=shapes.NextDisputeShape))
async def release(dispute_id: str, caller: Reviewer) -> Json:
    """Give it back unjudged."""
    await caller.db.write_async(lambda tx: disputes.release(tx, caller.worker.id, dispute_id))
    return Json({"dispute": None})


@router.post("/disputes/{dispute_id}/verdict", **allow("review", gives=shapes.VerdictShape))
async def judge(dispute_id: str, body: VerdictBody, caller: Reviewer) -> Json:
    """Settle it. 409 where somebody else has it meanwhile, or the caller is part of it."""
    said = disputes.Verdict(body.hold, body.right, body.reason, body.answers, body.spent_ms)
    made = await caller.db.write_async(lambda tx: disputes.judge(tx, caller.worker.id, dispute_id, body.key, said))
    return Json({"dispute": made})
