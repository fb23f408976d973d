"""Routes of the quality page: the page, the tasks behind a figure, and its tables as files. For who manages projects."""

from functools import partial
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request
from fastapi.concurrency import run_in_threadpool
from starlette.responses import Response

from tawsim.loop.quality_tables import table_csv, table_rows
from tawsim.server import quality_shapes as shapes
from tawsim.server.answers import Json
from tawsim.server.permissions import Manager, allow
from tawsim.server.sign_in_state import ServerState

router = APIRouter(tags=["quality"])
Named = Annotated[str, Query(max_length=200)]
LONGEST_WAIT_S = 30.0


@router.get("/projects/{project_id}/quality", **allow("manage", gives=shapes.QualityShape))
async def page(project_id: str, request: Request, caller: Manager, question: Named = "") -> Json:
    """How far answers agree, who and what they disagree about, and what would help; every figure with its interval."""
    state: ServerState = request.app.state.tawsim
    return Json(await run_in_threadpool(state.aside.quality_page, caller.db, project_id, question or None))


@router.get("/projects/{project_id}/quality/tasks", **allow("manage", gives=shapes.QualityTasksShape))
async def tasks(
    project_id: str,
    request: Request,
    caller: Manager,
    question: Named = "",
    of: Literal["all", "label", "mixed", "person", "pair", "slice", "time"] = "all",
    a: Named = "",
    b: Named = "",
    worker: Named = "",
    other: Named = "",
    kind: Named = "",
    name: Named = "",
    value: Named = "",
    start: Annotated[str, Query(alias="from", max_length=30)] = "",
    end: Annotated[str, Query(alias="to", max_length=30)] = "",
) -> Json:
    """The tasks behind a figure: the fields of its `behind`, as they stand there. 50 at most, the most doubtful first."""
    asked = {
        "of": of, "a": a, "b": b, "worker": worker, "other": other, "kind": kind, "name": name, "value": value, "from": start,
        "to": end,
    }  # fmt: skip
    state: ServerState = request.app.state.tawsim
    found = partial(state.aside.quality_tasks, caller.db, project_id, question or None, asked)
    return Json(await run_in_threadpool(found))


@router.get("/projects/{project_id}/quality/tables/{table}", **allow("manage", gives=shapes.QualityTableShape))
async def table(
    project_id: str,
    table: str,
    request: Request,
    caller: Manager,
    question: Named = "",
    format: Literal["json", "csv"] = "json",
) -> Response:
    """One table of the page: agreement, labels, confusion, mixed, people, pairs, against_truth, slices or time."""
    state: ServerState = request.app.state.tawsim
    made = partial(state.aside.quality_page, caller.db, project_id, question or None, wait_s=LONGEST_WAIT_S)
    found = await run_in_threadpool(made)
    if format == "json":
        return Json({"rows": table_rows(found, table)})
    headers = {
        "content-disposition": f'attachment; filename="quality-{table}.csv"', "cache-control": "no-store",
    }  # fmt: skip
    return Response(table_csv(found, table), media_type="text/csv; charset=utf-8", headers=headers)
