"""Pictures and sounds: owners bring them in, workers of the workspace get them by the digest that a task names.

The bytes come from strangers. They go out under the type that was found in them, which none may guess again (`nosniff`,
from the guard), in a sandbox of their own, and in pieces, whole or as the one range that a player asks for.
"""

import os
import re
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.concurrency import run_in_threadpool
from starlette.responses import Response, StreamingResponse

from tawsim.core.errors import NotFound, Unavailable
from tawsim.core.media_names import media_name
from tawsim.core.records import Project
from tawsim.intake.media import MediaFile, MediaReport
from tawsim.intake.media_types import MAX_BYTES
from tawsim.labelling.media import media_facts
from tawsim.labelling.slots import project_row
from tawsim.loop import media
from tawsim.loop.views import report_json
from tawsim.server.answers import Json
from tawsim.server.permissions import MB, Caller, Manager, SignedIn, allow
from tawsim.store import rows
from tawsim.store.media import read_bytes

router = APIRouter(tags=["media"])
MAX_ARCHIVE = 20_000 * MB
NAMED = 1_000
_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")
# Over and above the guard's: whatever is in the file, a page made of it may load and run nothing.
SANDBOX = "sandbox; default-src 'none'"


@dataclass(frozen=True)
class MediumShape:
    """A picture or a sound under its name. `url` is a path on this server; pixels are as a browser shows them."""

    name: str
    url: str
    type: str
    width: int | None
    height: int | None
    seconds: float | None


@dataclass(frozen=True)
class AddedMediaShape:
    """What was added: how many names are new, stood there with the same bytes, were replaced; and the tasks made."""

    new: int
    same: int
    replaced: int
    bytes: int
    tasks: dict[str, Any] | None


@dataclass(frozen=True)
class MediaPageShape:
    """A page of a project's media by name; `next` is the `after` of the following page."""

    media: list[MediumShape]
    next: str | None


@router.get("/projects/{project_id}/media", **allow("manage", gives=MediaPageShape))
async def list_media(
    project_id: str, caller: Manager, limit: int = Query(100, ge=1, le=NAMED), after: str = Query("", max_length=1000)
) -> Json:
    """The project's pictures and sounds by name, a page at a time."""
    with caller.db.read() as tx:
        project_row(tx, project_id)
        found = tx.all("media_of_project", project_id=project_id, after=after, n=limit)
    page = [{"name": row["name"], **media_facts(project_id, row)} for row in found]
    return Json({"media": page, "next": page[-1]["name"] if len(page) == limit else None})


@router.post("/projects/{project_id}/media", **allow("manage", gives=MediumShape, max_body=MAX_BYTES + MB))
async def add(
    project_id: str,
    request: Request,
    caller: Manager,
    name: Annotated[str, Query(min_length=1, max_length=1000)],
    replace: bool = False,
) -> Json:
    """Add one picture or sound, sent as the raw body, under the name that rows use for it. `replace`: even if the name
    stands for other bytes."""
    project = _project(caller, project_id)
    async with _received(request, caller) as path:
        file = MediaFile(name, name, lambda: path.open("rb"))
        await run_in_threadpool(
            partial(media.add_one, caller.db, project, file, actor_id=caller.worker.id, replace=replace)
        )
    with caller.db.read() as tx:
        row = tx.one("media_by_name", project_id=project_id, name=media_name(name))
    if row is None:
        raise NotFound("The file was removed meanwhile.")
    return Json({"name": row["name"], **media_facts(project_id, row)})


@router.post("/projects/{project_id}/media/archive", **allow("manage", gives=AddedMediaShape, max_body=MAX_ARCHIVE))
async def add_archive(
    project_id: str,
    request: Request,
    caller: Manager,
    filename: Annotated[str, Query(min_length=1, max_length=255)],
    replace: bool = False,
    tasks: bool = False,
) -> Json:
    """Add the pictures and sounds of a ZIP archive, sent as the raw body, all or none. `tasks`: and a task for each."""
    project = _project(caller, project_id)
    shown = os.path.basename(filename.replace("\\", "/")) or "archive.zip"
    async with _received(request, caller) as path:
        report = await run_in_threadpool(
            partial(
                media.add_archive, caller.db, project, path, shown, actor_id=caller.worker.id, replace=replace,
                tasks=tasks,
            )
        )  # fmt: skip
    made = None if report.tasks is None else report_json(report.tasks)
    return Json({**_counts(report.media), "tasks": made})


def _counts(report: MediaReport) -> dict[str, int]:
    return {
        "new": len(report.new), "same": len(report.same), "replaced": len(report.replaced), "bytes": report.bytes
    }  # fmt: skip


def _project(caller: Caller, project_id: str) -> Project:
    with caller.db.read() as tx:
        return rows.project(project_row(tx, project_id))


@asynccontextmanager
async def _received(request: Request, caller: Caller) -> AsyncIterator[Path]:
    """The body as a file beside the workspace, where there is room if the workspace has any."""
    try:
        with tempfile.NamedTemporaryFile(dir=caller.workspace.path.parent, prefix=".tawsim-upload-") as file:
            async for chunk in request.stream():
                await run_in_threadpool(file.write, chunk)
            file.flush()
            yield Path(file.name)
    except OSError as error:
        raise Unavailable(
            f"The upload could not be stored: {error.strerror}.", "Free some space and send it again."
        ) from error


# ---- serving -----------------------------------------------------------------------------------------------------
@router.get("/projects/{project_id}/media/{digest}", **allow("signed_in"))
async def get(project_id: str, digest: str, request: Request, caller: SignedIn) -> Response:
    """The bytes of a picture or a sound that a task of this project names; or one range of them."""
    with caller.db.read() as tx:
        row = tx.one("media_served", project_id=project_id, digest=digest)
    if row is None:
        raise NotFound("There is no such picture or sound.")
    size: int = row["size"]
    etag = f'"{digest}"'
    headers = {
        "etag": etag, "accept-ranges": "bytes", "cache-control": "private, max-age=31536000, immutable",
        "content-security-policy": SANDBOX, "content-disposition": "inline",
    }  # fmt: skip
    if etag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    wanted = _range(request, etag, size)
    if wanted is None:
        start, stop, status = 0, size, 200
    elif wanted[0] >= wanted[1]:
        return Response(status_code=416, headers=headers | {"content-range": f"bytes */{size}"})
    else:
        start, stop, status = *wanted, 206
        headers["content-range"] = f"bytes {start}-{stop - 1}/{size}"
    headers["content-length"] = str(stop - start)
    chunks = read_bytes(caller.db, digest, start, stop)
    return StreamingResponse(chunks, status, headers, row["media_type"])


def _range(request: Request, etag: str, size: int) -> tuple[int, int] | None:
    """From where up to where; None for everything, as for a form that is not understood, for several ranges, and for a
    range of another version. Equal ends: none of it is there."""
    found = _RANGE.fullmatch(request.headers.get("range", "").strip())
    if found is None or request.headers.get("if-range", etag) != etag:
        return None
    first, last = found.groups()
    if not first:
        return (max(0, size - int(last)), size) if last else None
    start = int(first)
    if last and int(last) < start:
        return None
    stop = min(int(last) + 1, size) if last else size
    return start, max(start, stop)
