"""Projects, their tasks, imports, exports, progress and truth. For those who manage, but for the list and one project."""

import os
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field, fields
from functools import partial
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

from fastapi import APIRouter, Query, Request
from fastapi.concurrency import run_in_threadpool
from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from tawsim.core.errors import BadInput, Unavailable
from tawsim.core.records import DuplicatePolicy, Project
from tawsim.labelling import projects
from tawsim.labelling.presenting import asks_of
from tawsim.labelling.projects import NewProject
from tawsim.labelling.slots import project_row
from tawsim.loop import importing, overview, settings, starting, truths
from tawsim.loop.placing import KnownColumns
from tawsim.loop.views import project_json
from tawsim.server import shapes
from tawsim.server.answers import Json
from tawsim.server.permissions import MB, Caller, Manager, SignedIn, allow, require
from tawsim.server.sign_in_state import ServerState
from tawsim.store import rows

router = APIRouter(tags=["projects"])
LOOK_S = 1.0  # who looks at progress is not kept waiting for what takes long to learn
MEDIA_TYPES = {
    "csv": "text/csv; charset=utf-8",
    "jsonl": "application/x-ndjson",
    "parquet": "application/vnd.apache.parquet",
}


@dataclass(frozen=True, slots=True)
class NewProjectBody:
    """A project to make. See the reference for what each question kind takes. A field that is none of these is refused."""

    __pydantic_config__: ClassVar = {"extra": "forbid"}

    key: str
    name: str
    questions: list[dict[str, Any]]
    text_column: str = "text"
    guideline: str = ""
    overlap: int = 1
    order: str = "fifo"
    lease_seconds: int = 900
    max_leases: int = 5
    skip_limit: int = 3
    content: list[dict[str, Any]] = field(default_factory=list)
    settings: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RowsBody:
    """Rows to add as tasks, all or none."""

    key: str
    rows: list[Any]
    duplicates: DuplicatePolicy = "keep"


@router.get("/projects", **allow("signed_in", gives=shapes.ProjectsShape))
async def list_projects(caller: SignedIn) -> Json:
    """All projects; progress for those who manage, own counts for everybody."""
    return Json({"projects": overview.projects_overview(caller.db, caller.worker)})


@router.post("/projects", **allow("manage", gives=shapes.ProjectShape))
async def create(body: NewProjectBody, caller: Manager) -> Json:
    """Make a project."""
    values = {name: getattr(body, name) for name in (one.name for one in fields(body)) if name != "key"}
    new = NewProject(**values)
    project = await caller.db.write_async(lambda tx: projects.create_project(tx, caller.worker.id, body.key, new))
    return Json({"project": project_json(project)})


@router.get("/projects/{project_id}", **allow("signed_in", gives=shapes.OverviewShape))
async def show(project_id: str, caller: SignedIn) -> Json:
    """One project."""
    return Json(overview.project_overview(caller.db, project_id, caller.worker))


@router.patch("/projects/{project_id}", **allow("manage", gives=shapes.ProjectShape))
async def change(project_id: str, body: dict[str, Any], caller: Manager) -> Json:
    """Change settings: `seen_version`, and any of state, name, guideline, overlap, lease_seconds, max_leases, skip_limit."""
    changes = dict(body)
    seen = changes.pop("seen_version", None)
    if not isinstance(seen, int) or not changes:
        raise BadInput("A change names seen_version and at least one setting.")
    if changes.get("state") == "removed":
        require(caller, "owner")
    project = await run_in_threadpool(settings.change_project, caller.db, caller.worker.id, project_id, seen, changes)
    return Json({"project": project_json(project)})


@router.post("/projects/{project_id}/tasks", **allow("manage", gives=shapes.ImportShape, max_body=64 * MB))
async def add(project_id: str, body: RowsBody, caller: Manager) -> Json:
    """Add rows as tasks, all or none; the same key again adds nothing."""
    report = await run_in_threadpool(
        partial(
            importing.import_rows, caller.db, _project(caller, project_id), body.rows, actor_id=caller.worker.id,
            key=body.key, duplicates=body.duplicates,
        )
    )  # fmt: skip
    return Json(asdict(report))


def _project(caller: Caller, project_id: str) -> Project:
    with caller.db.read() as tx:
        return rows.project(project_row(tx, project_id))


@router.post("/projects/{project_id}/imports", **allow("manage", gives=shapes.ImportShape, max_body=20_000 * MB))
async def upload(
    project_id: str,
    request: Request,
    caller: Manager,
    filename: Annotated[str, Query(min_length=1, max_length=255)],
    duplicates: DuplicatePolicy = "keep",
    again: bool = False,
    tokens: Annotated[str, Query(max_length=200)] = "",
    gold: Annotated[str, Query(max_length=200)] = "",
    explanation: Annotated[str, Query(max_length=200)] = "",
    purpose: Literal["gold", "training"] = "gold",
) -> Json:
    """Import a file sent as the raw body: CSV, TSV, JSON Lines, JSON list or Parquet, gzipped or not. All or nothing.

    `tokens`: the column of a file that holds lists of words; the text of each task is made of them. `gold`: the column of
    known answers; a row that has one becomes a task of that `purpose`, `explanation` is the column of its explanation.
    """
    project = _project(caller, project_id)
    name = os.path.basename(filename.replace("\\", "/")) or "upload"
    try:
        with tempfile.NamedTemporaryFile(dir=caller.workspace.path.parent, prefix=".tawsim-upload-") as file:
            async for chunk in request.stream():
                await run_in_threadpool(file.write, chunk)
            file.flush()
            known = KnownColumns(gold, explanation, purpose) if gold else None
            whole = partial(importing.import_file, known=known)
            read = partial(starting.import_tokens, tokens=tokens) if tokens else whole
            report = await run_in_threadpool(
                partial(
                    read, caller.db, project, Path(file.name), actor_id=caller.worker.id, duplicates=duplicates,
                    filename=name, again=again,
                )
            )  # fmt: skip
    except OSError as error:
        raise Unavailable(
            f"The upload could not be stored: {error.strerror}.", "Free some space and send it again."
        ) from error
    return Json(asdict(report))


@router.get("/projects/{project_id}/tasks", **allow("manage", gives=shapes.TasksShape))
async def tasks(
    project_id: str, caller: Manager, limit: int = Query(100, ge=1, le=1000), after: int = Query(0, ge=0)
) -> Json:
    """Tasks by number, a page at a time."""
    with caller.db.read() as tx:
        project = rows.project(project_row(tx, project_id))
        counts = tx.one("project_count_get", project_id=project_id)
        visible = counts["visible_seq"] if counts is not None else 0
        found = tx.all("task_page", project_id=project_id, after=after, visible_seq=visible, n=limit)
    listed = (rows.task(row, row["content"]) for row in found)
    page = [asdict(task) | asks_of(project, task.content) for task in listed]
    return Json({"tasks": page, "next": page[-1]["seq"] if len(page) == limit else None})


@router.get("/projects/{project_id}/progress", **allow("manage", gives=shapes.ProgressShape))
async def progress(project_id: str, caller: Manager) -> Json:
    """Where the project stands, who is labelling, and how far they agree."""
    return Json(await run_in_threadpool(overview.progress, caller.db, project_id, wait_s=LOOK_S))


@router.get("/projects/{project_id}/truth", **allow("manage", gives=shapes.TruthShape))
async def truth(
    project_id: str,
    caller: Manager,
    question: str | None = Query(None, max_length=60),
    limit: int = Query(100, ge=1, le=1000),
    after: int = Query(0, ge=0),
    order: Literal["seq", "doubt"] = "seq",
) -> Json:
    """The inferred truth with a probability on every label, and how far each worker can be trusted."""

    def work() -> Mapping[str, Any]:
        inferred = truths.project_truth(caller.db, project_id, question)
        return truths.truth_page(inferred, caller.db, after=after, limit=limit, order=order)

    return Json(await run_in_threadpool(work))


class _Download(StreamingResponse):
    """A file as it is computed; what computes it ends with the connection, and not when memory is next tidied up."""

    def __init__(self, chunks: Iterator[bytes], **more: Any) -> None:
        super().__init__(chunks, **more)
        self._close: Callable[[], None] = getattr(chunks, "close", lambda: None)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            with suppress(ValueError):  # a generator that is just computing ends with its piece
                self._close()


@router.get("/projects/{project_id}/export", **allow("manage"))
async def export(
    project_id: str,
    request: Request,
    caller: Manager,
    format: Literal["csv", "jsonl", "parquet"] = "csv",
    kind: Literal["labels", "votes"] = "labels",
) -> StreamingResponse:
    """Everything, streamed: one row a task with its truth (kind=labels), or one row a vote (kind=votes)."""
    project = _project(caller, project_id)
    state: ServerState = request.app.state.tawsim
    chunks = await run_in_threadpool(state.aside.export_stream, caller.db, project_id, format, kind)
    plain = "".join(c if c.isascii() and (c.isalnum() or c in "-_") else "_" for c in project.name)
    headers = {"content-disposition": f'attachment; filename="{plain}-{kind}.{format}"', "cache-control": "no-store"}
    return _Download(chunks, media_type=MEDIA_TYPES[format], headers=headers)
