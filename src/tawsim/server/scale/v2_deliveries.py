"""Deliveries by the second version of the Scale-compatible API: read only. They are made by `tawsim scale deliver`."""

import json
from typing import Any

from tawsim.core.clock import to_iso_ms
from tawsim.core.errors import BadInput
from tawsim.loop.scale import v2_finding, v2_pages
from tawsim.loop.scale.v2_deliveries import made_deliveries
from tawsim.loop.scale.v2_pages import Page, Span
from tawsim.loop.scale.v2_schemas import schema_of
from tawsim.loop.scale.v2_threads import shown_response
from tawsim.server.scale.routes import Call, route
from tawsim.server.scale.v2_objects import Objects
from tawsim.server.scale.v2_reading import TASK_STATUSES, Asked
from tawsim.store.database import Row, Transaction


@route("GET", "/v2/deliveries", right="manage")
def deliveries(call: Call) -> Any:
    """All deliveries, the newest first; not in pages."""
    asked = Asked(call.query)
    given, span, expand = asked.named("project"), asked.span("delivered"), asked.several("expand", ("project",))
    with call.world.db.read() as tx:
        objects = Objects(tx, expand)
        return {"deliveries": [objects.delivery(row) for row in made_deliveries(tx, given, span)]}


@route("GET", "/v2/delivery", right="manage")
def delivery(call: Call) -> Any:
    """A delivery, and a page of its tasks as they were."""
    asked = Asked(call.query)
    expand, page = asked.several("expand", ("project", "batch", "delivery")), asked.page()
    wanted, given = asked.wanted(), asked.named("project")
    with call.world.db.read() as tx:
        project_id = v2_finding.project(tx, given)["project_id"] if given else None
        row = v2_finding.delivery(tx, asked.named("delivery"), project_id)
        found = v2_pages.delivered(tx, row["id"], v2_pages.ALWAYS, page)
        objects = Objects(tx, expand, wanted)
        return {
            "delivery": objects.delivery_or_id(row),
            "tasks": [objects.delivered_task(one, row) for one in found.rows],
            "next_token": found.next_token,
        }


@route("GET", "/v2/delivery/tasks", right="manage")
def delivery_tasks(call: Call) -> Any:
    """A project's tasks with what was last delivered of each, or those of one delivery; empty where nothing was."""
    asked = Asked(call.query)
    given, delivery_id = asked.named("project"), asked.text("delivery_id")
    status, completed, page = asked.one_of("status", TASK_STATUSES), asked.span("completed"), asked.page()
    if not given and delivery_id is None:
        raise BadInput("project_id, project_name or delivery_id is needed.")
    with call.world.db.read() as tx:
        project_id = v2_finding.project(tx, given)["project_id"] if given else None
        if delivery_id is not None:
            row = v2_finding.delivery(tx, v2_finding.Named(delivery_id), project_id)
            docs, token = _of_delivery(tx, row, status, completed, page)
        else:
            docs, token = _of_project(tx, str(project_id), status, completed, page)
    return {"docs": docs, "total": len(docs), "next_token": token}


def _of_delivery(
    tx: Transaction, delivery: Row, status: str | None, completed: Span, page: Page
) -> tuple[list[dict[str, Any]], str | None]:
    if status not in (None, "completed"):
        return [], None  # nothing else is ever delivered
    found = v2_pages.delivered(tx, delivery["id"], completed, page)
    schema_id = schema_of(tx, delivery["project_id"])
    return [_doc(row, row, delivery["id"], delivery["delivered_at"], schema_id) for row in found.rows], found.next_token


def _of_project(
    tx: Transaction, project_id: str, status: str | None, completed: Span, page: Page
) -> tuple[list[dict[str, Any]], str | None]:
    found = v2_pages.tasks(tx, "project", project_id, status, completed, page)
    schema_id = schema_of(tx, project_id)
    docs = []
    for row in found.rows:
        last = tx.one("scale_v2_delivered_last", task_id=row["task_id"])
        if last is None:
            docs.append(_doc(row, None, None, None, None))
        else:
            docs.append(_doc(row, last, last["delivery_id"], last["delivered_at"], schema_id))
    return docs, found.next_token


def _doc(
    task: Row, frozen: Row | None, delivery_id: str | None, delivered_at: int | None, schema_id: str | None
) -> dict[str, Any]:
    return {
        "task_id": task["task_id"],
        "created_at": to_iso_ms(task["created_at"]),
        "delivery_id": delivery_id,
        "delivered_at": None if delivered_at is None else to_iso_ms(delivered_at),
        "response_schema_id": schema_id,
        "response": None if frozen is None else shown_response(task["task_id"], json.loads(frozen["response"])),
    }
