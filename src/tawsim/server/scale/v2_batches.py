"""Batches by the second version of the Scale-compatible API."""

from typing import Any

from tawsim.core.errors import BadInput
from tawsim.loop.scale import v2_batches, v2_finding, v2_pages
from tawsim.loop.scale.v2_batches import SAID, NewScaleBatch, Operation
from tawsim.server.scale.routes import Call, route
from tawsim.server.scale.v2_objects import Objects
from tawsim.server.scale.v2_reading import BATCH_STATUSES, Asked, sent
from tawsim.store.database import Transaction


@route("POST", "/v2/batch", right="manage", conflicts=True)
def create(call: Call) -> Any:
    """Make a batch."""
    body = sent(call)
    new = NewScaleBatch(
        name=body.needed("name"), project=body.named("project"), staging=bool(body.flag("staging_batch")),
        callback=body.text("callback"), metadata=body.mapping("metadata") or {},
    )  # fmt: skip

    def work(tx: Transaction) -> Any:
        return Objects(tx).batch(v2_batches.create(tx, call.world, new))

    return call.world.db.write(work)


@route("GET", "/v2/batch", right="manage")
def batch(call: Call) -> Any:
    """One batch."""
    asked = Asked(call.query)
    given, expand = asked.named("batch"), asked.several("expand", ("project",))
    with call.world.db.read() as tx:
        return Objects(tx, expand).batch(v2_finding.batch(tx, given))


@route("GET", "/v2/batches", right="manage")
def batches(call: Call) -> Any:
    """Batches of a project or of all, the newest first."""
    asked = Asked(call.query)
    given, status, page = asked.named("project"), asked.one_of("status", BATCH_STATUSES), asked.page()
    created, completed, expand = asked.span("created"), asked.span("completed"), asked.several("expand", ("project",))
    with call.world.db.read() as tx:
        project_id = v2_finding.project(tx, given)["project_id"] if given else None
        found = v2_pages.batches(tx, project_id, status, created, completed, page)
        objects = Objects(tx, expand)
        return {"batches": [objects.batch(row) for row in found.rows], "next_token": found.next_token}


@route("POST", "/v2/batch/finalize", right="manage")
def finalize(call: Call) -> Any:
    """Let work on a staging batch begin."""
    return _operate(call, "finalize")


@route("POST", "/v2/batch/pause", right="manage")
def pause(call: Call) -> Any:
    """Hold a batch back."""
    return {"batch": _operate(call, "pause"), "message": SAID["pause"]}


@route("POST", "/v2/batch/resume", right="manage")
def resume(call: Call) -> Any:
    """Let a paused batch go on."""
    return {"batch": _operate(call, "resume"), "message": SAID["resume"]}


@route("POST", "/v2/batch/cancel", right="manage")
def cancel(call: Call) -> Any:
    """End a batch for good."""
    return {"batch": _operate(call, "cancel"), "message": SAID["cancel"]}


@route("POST", "/v2/batch/metadata", right="manage")
def metadata(call: Call) -> Any:
    """Replace a batch's metadata, or lay new ones over them."""
    body = sent(call)
    given, new, merge = body.named("batch"), body.mapping("metadata"), bool(body.flag("merge"))
    if new is None:
        raise BadInput("metadata is needed.")

    def work(tx: Transaction) -> Any:
        return Objects(tx).batch(v2_batches.set_metadata(tx, call.world, given, new, merge=merge))

    return call.world.db.write(work)


def _operate(call: Call, operation: Operation) -> Any:
    given = sent(call).named("batch")

    def work(tx: Transaction) -> Any:
        return Objects(tx).batch(v2_batches.operate(tx, call.world, operation, given))

    return call.world.db.write(work)
