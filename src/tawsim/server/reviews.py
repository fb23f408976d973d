"""Routes of a second look: the review queue and its verdicts, many accepted at once, and decisions on tasks in doubt. Names of
labellers and reviewers go to managers alone."""

from dataclasses import asdict, dataclass
from functools import partial
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from fastapi.concurrency import run_in_threadpool

from tawsim.labelling import review_queue, reviews
from tawsim.labelling.decisions import Settled
from tawsim.labelling.reviews import Said
from tawsim.labelling.slots import project_row
from tawsim.loop import deciding, reviewing
from tawsim.server import review_shapes as shapes
from tawsim.server.answers import Json
from tawsim.server.permissions import MB, ROLES, Caller, Manager, Reviewer, allow
from tawsim.server.work import KeyBody
from tawsim.store.database import Row, Transaction

router = APIRouter(tags=["review"])
LAST_ID = "~"


@dataclass(frozen=True, slots=True)
class ReviewBody:
    """A verdict on the version that was seen; `answers` of a fix are in the names shown."""

    key: str
    seen_version: int
    verdict: Literal["accept", "fix", "reject"]
    reason: str = ""
    words: str = ""
    answers: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class BulkBody:
    """Accept what was previewed at this threshold, up to the answer the preview named."""

    key: str
    threshold: float
    until: str


@dataclass(frozen=True, slots=True)
class NextCaseBody:
    """`after`: the number of a task to pass over for now."""

    after: int = 0


@dataclass(frozen=True, slots=True)
class DecisionBody:
    """What settles the task: one of the answers by its letter, own answers, that nobody can tell, or that it is open again."""

    key: str
    seen: str
    settles: Literal["answers", "cannot", "open"]
    choose: str = ""
    answers: dict[str, Any] | None = None
    words: str = ""


def _sees_names(caller: Caller) -> bool:
    return caller.worker.role in ROLES["manage"]


@router.get("/projects/{project_id}/reviews", **allow("review", gives=shapes.ReviewQueueShape))
async def show_queue(project_id: str, caller: Reviewer) -> Json:
    """How many answers wait for review."""
    await run_in_threadpool(reviewing.fill, caller.db, project_id)
    with caller.db.read() as tx:
        return Json(review_queue.counts(tx, project_id, caller.worker.id))


@router.post("/projects/{project_id}/reviews/next", **allow("review", gives=shapes.NextReviewShape))
async def next_review(project_id: str, caller: Reviewer) -> Json:
    """The answer that the caller holds, else the next one, held from now on. Nobody gets their own."""
    await run_in_threadpool(reviewing.fill, caller.db, project_id)

    def work(tx: Transaction) -> dict[str, Any]:
        item = review_queue.next_item(tx, project_id, caller.worker.id)
        return {"item": _item(tx, caller, item), **review_queue.counts(tx, project_id, caller.worker.id)}

    return Json(await caller.db.write_async(work))


def _item(tx: Transaction, caller: Caller, item: Row | None) -> dict[str, Any] | None:
    return None if item is None else reviews.present_item(tx, item, with_names=_sees_names(caller))


@router.post("/annotations/{annotation_id}/reviews", **allow("review", gives=shapes.ReviewShape, max_body=8 * MB))
async def give_verdict(annotation_id: str, body: ReviewBody, caller: Reviewer) -> Json:
    """Accept, fix or reject. Of several verdicts on one version exactly one stands; 409 names the current version."""
    said = Said(body.seen_version, body.verdict, body.reason, body.words, body.answers)
    made = await caller.db.write_async(lambda tx: reviews.review(tx, caller.worker.id, annotation_id, body.key, said))
    return Json({"review": made})


@router.post("/annotations/{annotation_id}/reviews/release", **allow("review", gives=shapes.ReleasedShape))
async def release(annotation_id: str, caller: Reviewer) -> Json:
    """Give an answer back unreviewed."""
    await caller.db.write_async(lambda tx: review_queue.release_item(tx, caller.worker.id, annotation_id))
    return Json({"annotation": annotation_id})


@router.post("/reviews/{review_id}/undo", **allow("review", gives=shapes.UndoneReviewShape))
async def undo(review_id: str, body: KeyBody, caller: Reviewer) -> Json:
    """Take back one's own last verdict while nothing else happened."""

    def work(tx: Transaction) -> dict[str, Any]:
        undone = reviews.undo_review(tx, caller.worker.id, review_id, body.key)
        item = tx.one("review_item_get", annotation_id=undone["annotation_id"])
        held = item is not None and item["holder_id"] == caller.worker.id
        return {"review": undone, "item": _item(tx, caller, item) if held else None}

    return Json(await caller.db.write_async(work))


@router.get("/projects/{project_id}/reviews/bulk", **allow("manage", gives=shapes.BulkPreviewShape))
async def preview_bulk(
    project_id: str, caller: Manager, threshold: Annotated[float, Query(ge=0.5, le=1.0)] = 0.98
) -> Json:
    """How many waiting answers agree with a truth as sure as this, and how many of them to expect wrong. Changes nothing."""
    await run_in_threadpool(reviewing.fill, caller.db, project_id)
    found = await run_in_threadpool(reviewing.preview_bulk, caller.db, caller.worker.id, project_id, threshold)
    return Json(asdict(found))


@router.post("/projects/{project_id}/reviews/bulk", **allow("manage", gives=shapes.BulkShape))
async def accept_bulk(project_id: str, body: BulkBody, caller: Manager) -> Json:
    """Accept them. The same key goes on where it stopped."""
    made = await run_in_threadpool(
        partial(reviewing.accept_bulk, caller.db, caller.worker.id, project_id, body.key, body.threshold, body.until)
    )
    return Json({"bulk": made})


@router.get("/projects/{project_id}/reviews/bulks", **allow("manage", gives=shapes.BulksShape))
async def list_bulks(project_id: str, caller: Manager) -> Json:
    """What was accepted at once so far."""
    return Json({"bulks": await run_in_threadpool(reviewing.bulk_list, caller.db, project_id)})


@router.post("/projects/{project_id}/reviews/bulks/{bulk_id}/undo", **allow("manage", gives=shapes.BulkShape))
async def undo_bulk(project_id: str, bulk_id: str, caller: Manager) -> Json:
    """Take all of it back: the answers wait again."""
    made = await run_in_threadpool(reviewing.undo_bulk, caller.db, caller.worker.id, project_id, bulk_id)
    return Json({"bulk": made})


@router.post("/projects/{project_id}/decisions/next", **allow("review", gives=shapes.NextCaseShape))
async def next_case(project_id: str, body: NextCaseBody, caller: Reviewer) -> Json:
    """The task most worth deciding, held for the caller: all answers, blind, side by side."""
    found = await run_in_threadpool(
        partial(
            deciding.next_case,
            caller.db,
            project_id,
            caller.worker.id,
            with_names=_sees_names(caller),
            after=body.after,
        )
    )
    return Json(found)


@router.get("/projects/{project_id}/decisions", **allow("review", gives=shapes.DecisionsShape))
async def list_decisions(
    project_id: str, caller: Reviewer, limit: int = Query(50, ge=1, le=500), before: str = Query(LAST_ID, max_length=64)
) -> Json:
    """Decisions that stand, the newest first."""
    with caller.db.read() as tx:
        project_row(tx, project_id)
        found = tx.all("decision_page", project_id=project_id, before=before, n=limit)
    named = _sees_names(caller)
    page = [
        {name: row[name] for name in ("id", "task_id", "seq", "settles", "words", "at")}
        | {"peeked": bool(row["peeked"]), "by": row["decider_name"] if named else None}
        for row in found
    ]
    return Json({"decisions": page, "next": page[-1]["id"] if len(page) == limit else None})


@router.post("/tasks/{task_id}/decisions/look", **allow("review", gives=shapes.CaseShape))
async def look(task_id: str, caller: Reviewer) -> Json:
    """One task with all its answers, decided or not."""
    case = await run_in_threadpool(
        partial(deciding.one_case, caller.db, task_id, caller.worker.id, with_names=_sees_names(caller))
    )
    return Json({"case": case})


@router.post("/tasks/{task_id}/decisions/truth", **allow("review", gives=shapes.PeekShape))
async def peek(task_id: str, caller: Reviewer) -> Json:
    """What the truth says of the task. That it was looked at first is remembered with the decision."""
    return Json(await run_in_threadpool(deciding.peek, caller.db, caller.worker.id, task_id))


@router.post("/tasks/{task_id}/decisions", **allow("review", gives=shapes.DecisionShape, max_body=8 * MB))
async def decide(task_id: str, body: DecisionBody, caller: Reviewer) -> Json:
    """Settle a task. 409 where an answer changed or somebody else decided since it was seen."""
    said = Settled(body.seen, body.settles, body.choose, body.answers, body.words)
    found = await run_in_threadpool(partial(deciding.decide, caller.db, caller.worker.id, task_id, body.key, said))
    return Json(found)
