"""Routes of leads about tasks of known answer, the training round, lanes and quotas. The rules are in labelling/."""

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from fastapi import APIRouter, Query
from fastapi.concurrency import run_in_threadpool

from tawsim.core.errors import BadInput
from tawsim.labelling import gold, lanes, quotas, training
from tawsim.labelling.gold import Known, KnownPurpose
from tawsim.labelling.lanes import read_requirement
from tawsim.labelling.slots import project_row, task_row
from tawsim.loop import known_view
from tawsim.server import gold_shapes as shapes
from tawsim.server.answers import Json
from tawsim.server.permissions import Caller, Manager, SignedIn, allow
from tawsim.store import rows
from tawsim.store.database import Transaction

MOVED_AT_ONCE = 200  # tasks that one transaction moves
router = APIRouter(tags=["gold"])


@dataclass(frozen=True, slots=True)
class KnownBody:
    """What a task's answer is known to be. `seen_version`: of the known answer that it corrects."""

    answers: dict[str, Any]
    explanation: str = ""
    purpose: KnownPurpose = "gold"
    seen_version: int | None = None


@dataclass(frozen=True, slots=True)
class StateBody:
    """Handed out, or not any more."""

    state: Literal["active", "retired"]


@dataclass(frozen=True, slots=True)
class StageBody:
    """A lead's word on where somebody stands, and why: whoever is turned away reads it."""

    stage: Literal["new", "training", "qualifying", "qualified", "not_qualified"]
    reason: str = ""


@dataclass(frozen=True, slots=True)
class QuotaBody:
    """Limits of one person's own; null or left out: the project's."""

    per_day: int | None = None
    per_worker: int | None = None
    share: float | None = None


@dataclass(frozen=True, slots=True)
class PriorityBody:
    """Tasks, and how they stand before others: -100 to 100."""

    tasks: list[str]
    priority: int


@dataclass(frozen=True, slots=True)
class AssignBody:
    """Tasks, and who may be given them."""

    tasks: list[str]
    requirement: dict[str, Any] = field(default_factory=dict)


@router.get("/projects/{project_id}/gold", **allow("manage", gives=shapes.KnownPageShape))
async def known_tasks(
    project_id: str,
    caller: Manager,
    limit: int = Query(100, ge=1, le=500),
    after: str = Query("", max_length=64),
) -> Json:
    """Tasks of known answer with how often they were answered rightly."""
    return Json(known_view.known_page(caller.db, project_id, after=after, limit=limit))


@router.get("/tasks/{task_id}/known", **allow("manage", gives=shapes.KnownTaskShape))
async def known_task(task_id: str, caller: Manager) -> Json:
    """A task's known answer, and who said what."""
    return Json(known_view.known_task(caller.db, task_id))


@router.put("/tasks/{task_id}/known", **allow("manage", gives=shapes.KnownTaskShape))
async def make_known(task_id: str, body: KnownBody, caller: Manager) -> Json:
    """Give a task a known answer, or correct it: all who answered are judged again."""
    given = Known(body.answers, body.explanation, body.purpose)
    await caller.db.write_async(
        lambda tx: training.correct_known(tx, caller.worker.id, task_id, given, body.seen_version)
    )
    return Json(known_view.known_task(caller.db, task_id))


@router.delete("/tasks/{task_id}/known", **allow("manage", gives=shapes.TaskShape))
async def unmake_known(task_id: str, caller: Manager) -> Json:
    """Make it a task like any other again."""
    await caller.db.write_async(lambda tx: gold.unmark(tx, caller.worker.id, task_id))
    return Json({"task": task_id})


@router.post("/tasks/{task_id}/known/state", **allow("manage", gives=shapes.KnownTaskShape))
async def set_state(task_id: str, body: StateBody, caller: Manager) -> Json:
    """Retire it, take it up again, or keep a flagged one as it is (active)."""
    await caller.db.write_async(lambda tx: gold.set_gold_state(tx, caller.worker.id, task_id, body.state))
    return Json(known_view.known_task(caller.db, task_id))


@router.get("/projects/{project_id}/stages", **allow("manage", gives=shapes.PeopleShape))
async def stages(project_id: str, caller: Manager) -> Json:
    """Everybody who labels: stage, share right with its interval, and how many more answers would tell."""
    return Json(await run_in_threadpool(known_view.people_of, caller.db, project_id))


@router.post("/projects/{project_id}/stages/{worker_id}", **allow("manage", gives=shapes.PeopleShape))
async def set_stage(project_id: str, worker_id: str, body: StageBody, caller: Manager) -> Json:
    """Let somebody in, turn them away, or have them qualify once more."""
    await caller.db.write_async(
        lambda tx: training.set_stage(tx, caller.worker.id, project_id, worker_id, body.stage, body.reason)
    )
    return Json(await run_in_threadpool(known_view.people_of, caller.db, project_id))


@router.get("/projects/{project_id}/standing", **allow("signed_in", gives=shapes.StandingShape))
async def standing(project_id: str, caller: SignedIn) -> Json:
    """Where the caller stands in the project's training round; null outside it."""
    with caller.db.read() as tx:
        project = rows.project(project_row(tx, project_id))
        worker = tx.one("worker_get", id=caller.worker.id)
        assert worker is not None
        found = training.standing_of(tx, project, worker)
    return Json({"standing": found.to_json(), "none": found.none})


@router.put("/projects/{project_id}/quotas/{worker_id}", **allow("manage", gives=shapes.QuotaShape))
async def set_quota(project_id: str, worker_id: str, body: QuotaBody, caller: Manager) -> Json:
    """Limits of one person's own."""
    limits = {name: value for name, value in asdict(body).items() if value is not None}
    await caller.db.write_async(lambda tx: quotas.set_quota(tx, caller.worker.id, project_id, worker_id, limits))
    return Json({"worker": worker_id, "quota": limits})


@router.get("/projects/{project_id}/lanes", **allow("manage", gives=shapes.LanesShape))
async def list_lanes(project_id: str, caller: Manager) -> Json:
    """The lanes of a project in the order in which they are tried."""
    with caller.db.read() as tx:
        project_row(tx, project_id)
        return Json({"lanes": lanes.lanes_of(tx, project_id)})


@router.post("/projects/{project_id}/priority", **allow("manage", gives=shapes.MovedShape))
async def set_priority(project_id: str, body: PriorityBody, caller: Manager) -> Json:
    """Let tasks come before or after others."""
    lanes.check_priority(body.priority)
    return await _moved(
        caller,
        project_id,
        body.tasks,
        lambda tx, some: lanes.set_priority(tx, caller.worker.id, some, body.priority),
    )


@router.post("/projects/{project_id}/assign", **allow("manage", gives=shapes.MovedShape))
async def assign(project_id: str, body: AssignBody, caller: Manager) -> Json:
    """Say who may be given these tasks."""
    requirement = read_requirement(body.requirement)
    return await _moved(
        caller, project_id, body.tasks, lambda tx, some: lanes.assign(tx, caller.worker.id, some, requirement)
    )


async def _moved(
    caller: Caller, project_id: str, tasks: list[str], move: Callable[[Transaction, list[str]], int]
) -> Json:
    """Everything is checked first, and then moved some at a time in the order of the plan: people who answer wait for none
    longer than for a piece. Who sends the same again after a break finishes it."""
    order = await run_in_threadpool(_in_order, caller, project_id, tasks)
    moved = 0
    for first in range(0, max(len(order), 1), MOVED_AT_ONCE):
        some = order[first : first + MOVED_AT_ONCE]
        moved += await caller.db.write_async(lambda tx, some=some: move(tx, some))  # type: ignore[misc]
    return Json({"moved": moved})


def _in_order(caller: Caller, project_id: str, tasks: list[str]) -> list[str]:
    with caller.db.read() as tx:
        _check_theirs(tx, project_id, tasks)
        return sorted(dict.fromkeys(tasks), key=lambda one: int(task_row(tx, one)["position"]))


def _check_theirs(tx: Transaction, project_id: str, tasks: list[str]) -> None:
    project_row(tx, project_id)
    if len(tasks) > lanes.MAX_TASKS:
        raise BadInput(f"At most {lanes.MAX_TASKS:,} tasks at once.", "Send them in pieces.")
    for task_id in tasks:
        if task_row(tx, task_id)["project_id"] != project_id:
            raise BadInput("A task of another project is among them.", "Send the tasks of one project.")
