"""Callbacks of the Scale-compatible API, for owners: what was sent, what waits and why, sending again. Of live keys and of
test keys, whose workspace is another. And its files, for whoever manages: sent as what they are, to be saved, never shown."""

from dataclasses import dataclass
from typing import Annotated, Any, Literal
from urllib.parse import quote

from fastapi import APIRouter, Query, Request
from fastapi.concurrency import run_in_threadpool
from starlette.responses import Response, StreamingResponse

from tawsim.core.errors import NotFound, NotSignedIn
from tawsim.loop.scale import callbacks_seen, files
from tawsim.server.answers import Json
from tawsim.server.permissions import Caller, Manager, Owner, allow
from tawsim.server.sign_in_state import ServerState
from tawsim.store.database import Database
from tawsim.workspaces.workspace import Workspace

router = APIRouter(tags=["scale"])
Mode = Literal["live", "test"]
# Whatever is in a file: it is saved, not opened; and opened all the same, it may load and run nothing.
INERT = {"content-security-policy": "sandbox; default-src 'none'", "cache-control": "private, no-store"}


@dataclass(frozen=True)
class CallbackFacts:
    """A callback: of a task, or of a batch by its name. `status` is what the receiver answered last, `error` why that was no
    success; `next_at` when it is tried next."""

    id: str
    task_id: str | None
    batch: str | None
    url: str
    state: Literal["waiting", "sent", "failed"]
    tries: int
    created_at: int
    next_at: int
    tried_at: int | None
    status: int | None
    error: str


@dataclass(frozen=True)
class CallbacksShape:
    """Callbacks, newest first; `next` is the `before` of the following page. `waiting` and `failed` count all of them."""

    callbacks: list[CallbackFacts]
    next: str | None
    waiting: int
    failed: int


@dataclass(frozen=True)
class AgainShape:
    """How many are sent again."""

    again: int


@dataclass(frozen=True, slots=True)
class AgainModeBody:
    """Of live keys or of test keys."""

    mode: Mode = "live"


async def _world(request: Request, caller: Caller, mode: Mode) -> Workspace:
    """The workspace that keys of this kind reach. Raises NotFound before there is a test key."""
    if mode == "live":
        return caller.workspace
    state: ServerState = request.app.state.tawsim
    try:
        return await run_in_threadpool(state.twin_of, caller.workspace)
    except NotSignedIn:
        raise NotFound("There is no test key yet.", "Make one first.") from None


@router.get("/scale/callbacks", **allow("owner", gives=CallbacksShape))
async def list_all(
    request: Request,
    caller: Owner,
    mode: Mode = "live",
    failed: bool = False,
    before: Annotated[str, Query(max_length=60)] = callbacks_seen.LAST,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> Json:
    """Callbacks, newest first; those that arrived are kept for a week. With `failed`, only those that are tried no more."""
    world = await _world(request, caller, mode)
    with world.db.read() as tx:
        found = [dict(row) for row in callbacks_seen.latest(tx, failed=failed, before=before, n=limit)]
        counts = callbacks_seen.counts(tx)
    return Json({"callbacks": found, "next": found[-1]["id"] if len(found) == limit else None, **counts})


@router.post("/scale/callbacks/again", **allow("owner", gives=AgainShape))
async def again_all(body: AgainModeBody, request: Request, caller: Owner) -> Json:
    """Send all that failed once more, with all their tries before them."""
    world = await _world(request, caller, body.mode)
    done = await run_in_threadpool(callbacks_seen.send_failed_again, world.db, caller.worker.id)
    return Json({"again": done})


@router.post("/scale/callbacks/{callback_id}/again", **allow("owner", gives=AgainShape))
async def again(callback_id: str, body: AgainModeBody, request: Request, caller: Owner) -> Json:
    """Send one once more, now."""
    world = await _world(request, caller, body.mode)
    await world.db.write_async(lambda tx: callbacks_seen.send_again(tx, caller.worker.id, callback_id))
    return Json({"again": 1})


@router.get("/scale/files/{file_id}", **allow("manage"))
async def get_file(file_id: str, request: Request, caller: Manager, mode: Mode = "live") -> Response:
    """The bytes of a file that was uploaded or imported, to be saved."""
    world = await _world(request, caller, mode)
    row = await run_in_threadpool(_row, world.db, world.id, file_id)
    headers = INERT | {
        "content-length": str(row["size"]),
        "content-disposition": f"attachment; filename*=UTF-8''{quote(row['name'], safe='')}",
    }
    return StreamingResponse(files.read_pieces(world.db, file_id, row["size"]), 200, headers, row["mime"])


def _row(db: Database, workspace_id: str, file_id: str) -> dict[str, Any]:
    with db.read() as tx:
        row = files.find_file(tx, workspace_id, files.url_of(workspace_id, file_id))
    files.check_here(row)
    return dict(row)
