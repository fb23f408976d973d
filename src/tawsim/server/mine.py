"""A person's own page, their notices, and disputing a review: routes that act as the caller. Managers see the same page.

The rules stand in labelling/mine.py, notices.py and disputes.py.
"""

from dataclasses import dataclass
from typing import Literal

from fastapi import APIRouter, Query

from tawsim.labelling import disputes, mine, notices
from tawsim.server import mine_shapes as shapes
from tawsim.server.answers import Json
from tawsim.server.permissions import Caller, Manager, SignedIn, allow
from tawsim.workspaces.workspace import get_worker

router = APIRouter(tags=["own page"])
LAST_ID = "~"  # sorts after every id
Only = Literal["all", "replied"]  # replied: those that a review fixed or rejected


@dataclass(frozen=True, slots=True)
class SeenBody:
    """The version of the guideline that was seen."""

    version: int


@dataclass(frozen=True, slots=True)
class UntilBody:
    """The newest notice that was seen."""

    until: str


@dataclass(frozen=True, slots=True)
class DisputeBody:
    """`key` is made by the client; `words` are for the judge, who does not learn whose they are."""

    key: str
    words: str = ""


@router.get("/projects/{project_id}/mine", **allow("signed_in", gives=shapes.OwnPageShape))
async def own_page(project_id: str, caller: SignedIn) -> Json:
    """The caller's own work: score with its interval, hours, pay, the guideline since last time."""
    return _page(caller, project_id, caller.worker.id)


@router.get("/projects/{project_id}/mine/answers", **allow("signed_in", gives=shapes.OwnAnswersPage))
async def own_answers(
    project_id: str,
    caller: SignedIn,
    limit: int = Query(30, ge=1, le=200),
    before: str = Query(LAST_ID, max_length=64),
    only: Only = "all",
) -> Json:
    """The caller's own answers, the newest first, with what became of each."""
    return _answers(caller, project_id, caller.worker.id, limit, before, only)


@router.get("/projects/{project_id}/people/{worker_id}/mine", **allow("manage", gives=shapes.OwnPageShape))
async def persons_page(project_id: str, worker_id: str, caller: Manager) -> Json:
    """What that person sees on their own page: the same, no more and no less."""
    return _page(caller, project_id, worker_id)


@router.get("/projects/{project_id}/people/{worker_id}/mine/answers", **allow("manage", gives=shapes.OwnAnswersPage))
async def persons_answers(
    project_id: str, worker_id: str, caller: Manager, limit: int = Query(30, ge=1, le=200),
    before: str = Query(LAST_ID, max_length=64), only: Only = "all",
) -> Json:  # fmt: skip
    """That person's answers as they see them."""
    return _answers(caller, project_id, worker_id, limit, before, only)


def _page(caller: Caller, project_id: str, worker_id: str) -> Json:
    with caller.db.read() as tx:
        found = mine.own_summary(tx, project_id, worker_id)
        worker = get_worker(tx, worker_id)
    return Json({"worker": {"id": worker.id, "name": worker.name}, **found})


def _answers(caller: Caller, project_id: str, worker_id: str, limit: int, before: str, only: Only) -> Json:
    with caller.db.read() as tx:
        get_worker(tx, worker_id)
        found = mine.own_answers(tx, project_id, worker_id, before, limit, replied=only == "replied")
    return Json({"answers": found, "next": found[-1]["id"] if len(found) == limit else None})


@router.post("/projects/{project_id}/guideline/seen", **allow("signed_in", gives=shapes.SeenShape))
async def guideline_seen(project_id: str, body: SeenBody, caller: SignedIn) -> Json:
    """The caller has seen the guideline up to this version."""
    await caller.db.write_async(lambda tx: mine.see_guideline(tx, project_id, caller.worker.id, body.version))
    return Json({"seen": body.version})


@router.post("/reviews/{review_id}/dispute", **allow("signed_in", gives=shapes.OpenedShape))
async def dispute(review_id: str, body: DisputeBody, caller: SignedIn) -> Json:
    """Answer a review of one's own answer: a third person judges, blind. Once a review, within the project's days."""
    made = await caller.db.write_async(
        lambda tx: disputes.dispute(tx, caller.worker.id, review_id, body.key, body.words)
    )
    return Json({"dispute": made})


@router.get("/notices", **allow("signed_in", gives=shapes.NoticesShape))
async def own_notices(
    caller: SignedIn, limit: int = Query(30, ge=1, le=200), before: str = Query(LAST_ID, max_length=64)
) -> Json:
    """What the caller is told, the newest first."""
    with caller.db.read() as tx:
        found = notices.own_notices(tx, caller.worker.id, before, limit)
        unseen = notices.unseen(tx, caller.worker.id)
    return Json({"notices": found, "unseen": unseen, "next": found[-1]["id"] if len(found) == limit else None})


@router.get("/notices/unseen", **allow("signed_in", gives=shapes.UnseenShape))
async def unseen(caller: SignedIn) -> Json:
    """How many notices the caller has not seen."""
    with caller.db.read() as tx:
        return Json({"unseen": notices.unseen(tx, caller.worker.id)})


@router.post("/notices/seen", **allow("signed_in", gives=shapes.UnseenShape))
async def seen(body: UntilBody, caller: SignedIn) -> Json:
    """The caller has seen all notices up to this one."""
    await caller.db.write_async(lambda tx: notices.see(tx, caller.worker.id, body.until))
    with caller.db.read() as tx:
        return Json({"unseen": notices.unseen(tx, caller.worker.id)})
