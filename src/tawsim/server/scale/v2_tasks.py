"""Tasks and annotations by the second version of the Scale-compatible API."""

import json
from typing import Any

from tawsim.core.errors import BadInput, NotFound
from tawsim.loop.scale import v2_finding, v2_pages
from tawsim.loop.scale.v2_metadata import set_task_metadata
from tawsim.loop.scale.v2_threads import find_annotation, task_of
from tawsim.server.scale.routes import Call, route
from tawsim.server.scale.v2_objects import Objects
from tawsim.server.scale.v2_reading import TASK_STATUSES, Asked, sent
from tawsim.store.database import Transaction

EXPANDED = ("project", "batch")


@route("GET", "/v2/task", right="manage")
def task(call: Call) -> Any:
    """One task."""
    asked = Asked(call.query)
    task_id, expand, wanted = asked.needed("task_id"), asked.several("expand", EXPANDED), asked.wanted()
    with call.world.db.read() as tx:
        return Objects(tx, expand, wanted).task(v2_finding.task(tx, task_id))


@route("GET", "/v2/tasks", right="manage")
def tasks(call: Call) -> Any:
    """The tasks of a project or of a batch, the newest first."""
    asked = Asked(call.query)
    project, batch, page = asked.named("project"), asked.named("batch"), asked.page()
    status, completed = asked.one_of("status", TASK_STATUSES), asked.span("completed")
    expand, wanted = asked.several("expand", EXPANDED), asked.wanted()
    if not project and not batch:
        raise BadInput("A project or a batch is needed, by its id or its name.")
    with call.world.db.read() as tx:
        if batch:
            part = v2_finding.batch_in(tx, batch, project)
            found = v2_pages.tasks(tx, "batch", part["id"], status, completed, page)
        else:
            of = v2_finding.project(tx, project)
            found = v2_pages.tasks(tx, "project", of["project_id"], status, completed, page)
        objects = Objects(tx, expand, wanted)
        return {"tasks": [objects.task(row) for row in found.rows], "next_token": found.next_token}


@route("POST", "/v2/task/metadata", right="manage")
def metadata(call: Call) -> Any:
    """Replace a task's metadata, or lay new ones over them."""
    body = sent(call)
    task_id, given, merge = body.needed("task_id"), body.mapping("metadata"), bool(body.flag("merge"))
    if given is None:
        raise BadInput("metadata is needed.")

    def work(tx: Transaction) -> Any:
        return Objects(tx).task(set_task_metadata(tx, task_id, given, merge=merge))

    return call.world.db.write(work)


@route("GET", "/v2/annotation", right="manage")
def annotation(call: Call) -> Any:
    """One annotation of a completed task."""
    annotation_id = Asked(call.query).needed("annotation_id")
    task_id = task_of(annotation_id)
    if task_id is not None:
        with call.world.db.read() as tx:
            row = v2_finding.task(tx, task_id)
        if row["status"] == "completed" and row["response"] is not None:
            found = find_annotation(task_id, json.loads(row["response"]), annotation_id)
            if found is not None:
                return found
    raise NotFound("There is no such annotation.")
