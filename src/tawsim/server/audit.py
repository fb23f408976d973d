"""The log of events: a page of it, its newest head, checking it, and the whole as JSON Lines. Owners only."""

import threading
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.concurrency import run_in_threadpool
from starlette.responses import StreamingResponse

from tawsim.core.errors import AlreadyRunning
from tawsim.server.answers import Json
from tawsim.server.permissions import Caller, Owner, allow
from tawsim.server.sign_in_state import ServerState
from tawsim.workspaces import audit
from tawsim.workspaces.workspace import list_workers

router = APIRouter(tags=["audit"])
_checking: set[str] = set()
_door = threading.Lock()


@dataclass(frozen=True)
class EventFacts:
    """One event. `content`: digests of what it wrote; `hash`: hex, over the hash before it and this row."""

    number: int
    id: str
    at: int
    kind: str
    actor_id: str
    project_id: str | None
    task_id: str | None
    object_id: str | None
    content: str
    data: str
    hash: str


@dataclass(frozen=True)
class EventsShape:
    """A page of events, newest first; `next` is the `before` of the following page. `people`: id → name."""

    events: list[EventFacts]
    next: int | None
    people: dict[str, str]


@dataclass(frozen=True)
class HeadFacts:
    """A head of the chain; `at` is when its event was written, or, of a kept one, when it was kept."""

    number: int
    hash: str
    at: int


@dataclass(frozen=True)
class HeadShape:
    """The newest head, and those that this server has left beside the workspace (the newest ten, newest first)."""

    head: HeadFacts
    kept: list[HeadFacts]
    kept_in_all: int


@dataclass(frozen=True)
class FaultFacts:
    """What is not as it was written; `number` is the event at which it shows."""

    code: str
    number: int
    what: str


@dataclass(frozen=True)
class CheckedShape:
    """What a check found."""

    sound: bool
    events: int
    contents: int
    erased: int
    earlier: int
    taken_in: bool
    head: str
    more_faults: int
    faults: list[FaultFacts]
    heads: int


@dataclass(frozen=True, slots=True)
class VerifyBody:
    """Heads that were kept elsewhere, each as N:HASH."""

    heads: list[str]


@router.get("/audit", **allow("owner", gives=EventsShape))
async def events(
    caller: Owner,
    before: Annotated[int, Query(ge=1, le=1 << 62)] = 1 << 62,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
    kind: Annotated[str, Query(max_length=60, pattern=r"^[a-z_.]*$")] = "",
    person: Annotated[str, Query(max_length=40)] = "",
    project: Annotated[str, Query(max_length=40)] = "",
    since: Annotated[int, Query(ge=0, le=1 << 62)] = 0,
    until: Annotated[int, Query(ge=0, le=1 << 62)] = 1 << 62,
) -> Json:
    """Events, newest first. `kind` is one, or a group such as `annotation.`; times are microseconds since 1970 UTC."""

    def work() -> dict[str, Any]:
        wanted = audit.Wanted(kind, person, project, since, until)
        with caller.db.read() as tx:
            start = min(before, audit.head(tx).number + 1)
            found, following = audit.page(tx, wanted, start, limit)
            people = {worker.id: worker.name for worker in list_workers(tx)}
        return {"events": [audit.as_json(row) for row in found], "next": following, "people": people}

    return Json(await run_in_threadpool(work))


@router.get("/audit/head", **allow("owner", gives=HeadShape))
async def head(request: Request, caller: Owner) -> Json:
    """The newest head, to be kept where the workspace's file is not."""
    state: ServerState = request.app.state.tawsim
    with caller.db.read() as tx:
        found = audit.head(tx)
    kept = audit.anchors(state.accounts, caller.workspace.id)
    newest = [_head_json(one) for one in kept[:-11:-1]]
    return Json({"head": _head_json(found), "kept": newest, "kept_in_all": len(kept)})


def _head_json(one: audit.Head) -> dict[str, Any]:
    return {"number": one.number, "hash": one.hash, "at": one.at}


@router.post("/audit/verify", **allow("owner", gives=CheckedShape))
async def verify(body: VerifyBody, request: Request, caller: Owner) -> Json:
    """Compare every event, every content and every kept head. Some seconds for a million events; one at a time."""
    state: ServerState = request.app.state.tawsim
    given = [audit.read_head(one) for one in body.heads[:100]]

    def work() -> dict[str, Any]:
        kept = audit.anchors(state.accounts, caller.workspace.id)
        return audit.verify(caller.db, [*kept, *given]).to_json() | {"heads": len(kept) + len(given)}

    _begin(caller)
    try:
        return Json(await run_in_threadpool(work))
    finally:
        _checking.discard(caller.workspace.id)


def _begin(caller: Caller) -> None:
    with _door:
        if caller.workspace.id in _checking:
            raise AlreadyRunning("The log is being checked already.", "Wait until that has ended.")
        _checking.add(caller.workspace.id)


@router.get("/audit/export", **allow("owner"))
async def export(caller: Owner) -> StreamingResponse:
    """Every event with its hash, one a line."""
    headers = {"content-disposition": 'attachment; filename="audit-log.jsonl"', "cache-control": "no-store"}
    return StreamingResponse(audit.export(caller.db), media_type="application/x-ndjson", headers=headers)
