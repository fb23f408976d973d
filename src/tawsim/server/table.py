"""Routes of the task table: pages, one task, files, actions on many tasks, saved views, tags. For who manages projects."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Query
from fastapi.concurrency import run_in_threadpool
from starlette.responses import StreamingResponse

from tawsim.core.errors import BadInput
from tawsim.core.records import Worker
from tawsim.labelling import tagging
from tawsim.loop import table, table_bulk, table_facts, table_rows
from tawsim.loop.inferring import kept_truth
from tawsim.loop.table_grammar import parse, write
from tawsim.loop.table_history import history_of
from tawsim.releases.csv_writer import csv_chunks
from tawsim.server import table_shapes as shapes
from tawsim.server.answers import Json
from tawsim.server.permissions import Caller, Manager, allow
from tawsim.store.database import Database
from tawsim.store.keys import once

router = APIRouter(tags=["table"])
Filter = Annotated[str, Query(max_length=200_000)]  # a filter that is too long is told so by the grammar
Names = Annotated[str, Query(max_length=4_000)]


@dataclass(frozen=True, slots=True)
class ActionBody:
    """An action and its tasks: those of a filter (`query`), or chosen ones (`seqs`)."""

    action: str
    value: Any = None
    query: str | None = None
    seqs: list[int] | None = None


@dataclass(frozen=True, slots=True)
class BeginBody:
    """The same, with a key: the same key begins it once."""

    key: str
    action: str
    value: Any = None
    query: str | None = None
    seqs: list[int] | None = None


@dataclass(frozen=True, slots=True)
class UndoBody:
    """An idempotency key."""

    key: str


@dataclass(frozen=True, slots=True)
class ViewBody:
    """A view to keep."""

    key: str
    name: str
    query: str
    columns: list[str] = field(default_factory=list)
    shared: bool = False


@dataclass(frozen=True, slots=True)
class ViewChangeBody:
    """A view as it is to be; `seen_version` is the one the change was made from."""

    seen_version: int
    name: str
    query: str
    columns: list[str] = field(default_factory=list)
    shared: bool = False


@dataclass(frozen=True, slots=True)
class RenameBody:
    """A tag's name and its new one."""

    old: str
    new: str


def _cells(columns: str) -> list[str]:
    """Names with commas between; a comma in a name is written as two."""
    return [one.replace("\0", ",") for one in columns.replace(",,", "\0").split(",") if one][: tagging.MAX_COLUMNS]


@router.get("/projects/{project_id}/table", **allow("manage", gives=shapes.TableShape))
async def page(
    project_id: str,
    caller: Manager,
    q: Filter = "",
    after: Annotated[str, Query(max_length=100)] = "",
    limit: int = 100,
    columns: Names = "",
) -> Json:
    """A page of the tasks that a filter finds, in its order. docs/reference/table.md has the language."""
    query = parse(q, caller.worker.role)

    def find() -> dict[str, Any]:
        found = table.find_page(caller.db, project_id, query, after=after or None, limit=limit)
        return table_rows.page_json(caller.db, project_id, found, _cells(columns)) | {"query": write(query)}

    return Json(await run_in_threadpool(find))


@router.get("/projects/{project_id}/table/facts", **allow("manage", gives=shapes.TableFacts))
async def facts(project_id: str, caller: Manager) -> Json:
    """Names to filter by, columns of the rows, labels, tags, people, saved views."""
    return Json(await run_in_threadpool(table_facts.facts_of, caller.db, project_id, caller.worker))


@router.get("/projects/{project_id}/table/file", **allow("manage"))
async def file(project_id: str, caller: Manager, q: Filter = "", columns: Names = "") -> StreamingResponse:
    """What a filter finds as CSV, made for spreadsheets: no cell of it can act as a formula."""
    query, cells = parse(q, caller.worker.role), _cells(columns)

    def start() -> Iterator[str]:
        table.find_page(caller.db, project_id, query, limit=1, wait=True)  # what is wrong is told before the first byte
        rows = table_rows.file_rows(caller.db, project_id, query, cells)
        return csv_chunks(rows, table_rows.file_columns(cells), True, lambda _rows, _formulas: None)

    chunks = await run_in_threadpool(start)
    headers = {"content-disposition": 'attachment; filename="tasks.csv"', "cache-control": "no-store"}
    return StreamingResponse(chunks, media_type="text/csv; charset=utf-8", headers=headers)


@router.get("/projects/{project_id}/table/tasks/{thing}", **allow("manage", gives=shapes.TaskShape))
async def one_task(project_id: str, thing: str, caller: Manager) -> Json:
    """One task by its number or id: its row, its answers side by side, its truth, its history."""

    def find() -> dict[str, Any]:
        seq = table_rows.seq_of(caller.db, project_id, thing)
        table.find_page(caller.db, project_id, parse(f"seq:{seq}"), limit=1)  # the columns, where they are quickly read
        found = table_rows.task_json(caller.db, project_id, seq, kept_truth(caller.db, project_id))
        return found | {"history": history_of(caller.db, project_id, seq)}

    return Json(await run_in_threadpool(find))


# ---- actions -------------------------------------------------------------------------------------------------------------
@router.post("/projects/{project_id}/table/preview", **allow("manage", gives=shapes.BulkPreview))
async def preview(project_id: str, body: ActionBody, caller: Manager) -> Json:
    """What an action would do. Changes nothing."""
    chosen = table_bulk.read_selection(body.query, body.seqs, caller.worker.role)
    work = partial(table_bulk.preview, caller.db, project_id, body.action, body.value, chosen)
    return Json(await run_in_threadpool(work))


@router.post("/projects/{project_id}/table/actions", **allow("manage", gives=shapes.JobShape))
async def begin(project_id: str, body: BeginBody, caller: Manager) -> Json:
    """Begin an action; it goes on by itself, after a restart too. The same key begins it once."""
    chosen = table_bulk.read_selection(body.query, body.seqs, caller.worker.role)
    work = partial(table_bulk.begin, caller.db, caller.worker, project_id, body.key, body.action, body.value, chosen)
    return Json({"job": await run_in_threadpool(work)})


@router.get("/projects/{project_id}/table/actions", **allow("manage", gives=shapes.JobsShape))
async def jobs(project_id: str, caller: Manager) -> Json:
    """The latest actions, the newest first."""
    return Json({"jobs": await run_in_threadpool(table_bulk.jobs_json, caller.db, project_id)})


@router.get("/projects/{project_id}/table/actions/{job_id}", **allow("manage", gives=shapes.JobShape))
async def job(project_id: str, job_id: str, caller: Manager) -> Json:
    """Where an action stands."""
    return Json({"job": await run_in_threadpool(table_bulk.job_json, caller.db, job_id, project_id)})


@router.post("/projects/{project_id}/table/actions/{job_id}/undo", **allow("manage", gives=shapes.JobShape))
async def undo(project_id: str, job_id: str, body: UndoBody, caller: Manager) -> Json:
    """Take an action back. What was changed since is left alone and told; one that runs is stopped."""
    work = partial(table_bulk.begin_undo, caller.db, caller.worker, project_id, job_id, body.key)
    return Json({"job": await run_in_threadpool(work)})


# ---- views and tags --------------------------------------------------------------------------------------------------------
def _read_view(body: ViewBody | ViewChangeBody, worker: Worker) -> tagging.View:
    view = tagging.read_view(body.name, body.query, body.columns, body.shared)
    parse(view.query, worker.role)
    return view


def _views(db: Database, project_id: str, worker: Worker) -> dict[str, Any]:
    with db.read() as tx:
        return {"views": tagging.views_of(tx, project_id, worker.id)}


@router.post("/projects/{project_id}/table/views", **allow("manage", gives=shapes.ViewsShape))
async def save_view(project_id: str, body: ViewBody, caller: Manager) -> Json:
    """Keep a filter and its columns under a name; the views there are then."""
    view = _read_view(body, caller.worker)
    content = ["view", project_id, asdict(view)]
    await caller.db.write_async(
        lambda tx: once(
            tx, caller.worker.id, body.key, content,
            lambda: {"id": tagging.save_view(tx, caller.worker, project_id, view)},
        )
    )  # fmt: skip
    return Json(_views(caller.db, project_id, caller.worker))


@router.put("/projects/{project_id}/table/views/{view_id}", **allow("manage", gives=shapes.ViewsShape))
async def change_view(project_id: str, view_id: str, body: ViewChangeBody, caller: Manager) -> Json:
    """Change a view of one's own; an owner also a shared one of somebody else."""
    view = _read_view(body, caller.worker)
    await caller.db.write_async(
        lambda tx: tagging.change_view(tx, caller.worker, project_id, view_id, body.seen_version, view)
    )
    return Json(_views(caller.db, project_id, caller.worker))


@router.delete("/projects/{project_id}/table/views/{view_id}", **allow("manage", gives=shapes.ViewsShape))
async def delete_view(project_id: str, view_id: str, caller: Manager) -> Json:
    """Take a view away."""
    await caller.db.write_async(lambda tx: tagging.delete_view(tx, caller.worker, project_id, view_id))
    return Json(_views(caller.db, project_id, caller.worker))


@router.post("/projects/{project_id}/table/tags/rename", **allow("manage", gives=shapes.TagsShape))
async def rename(project_id: str, body: RenameBody, caller: Manager) -> Json:
    """Give a tag another name."""
    if body.old == body.new:
        raise BadInput("The new name is the old one.", field="new")
    await caller.db.write_async(lambda tx: tagging.rename_tag(tx, caller.worker.id, project_id, body.old, body.new))
    return Json(await run_in_threadpool(_tags, caller, project_id))


def _tags(caller: Caller, project_id: str) -> dict[str, Any]:
    with caller.db.read() as tx:
        return {"tags": tagging.tags_of(tx, project_id)}
