"""Batches by the first version of the Scale-compatible API. What a batch is, is in loop/scale/batches.py."""

from typing import Any

from tawsim.core.errors import BadInput
from tawsim.kinds.answers import brief
from tawsim.labelling.batches import BatchKind
from tawsim.loop.scale import batches
from tawsim.loop.scale.batches import Asked, NewScaleBatch, batch_json
from tawsim.loop.scale.listing import MOST
from tawsim.loop.scale.sent import read_callback, read_metadata
from tawsim.scale.plain import as_flag, as_text, check_plain, refuse
from tawsim.server.scale.queries import flag_of, number_of, span_of, text_of
from tawsim.server.scale.routes import Call, route

LONGEST_NAME = 1_000


def _new(call: Call) -> NewScaleBatch:
    body = call.body
    if not isinstance(body, dict):
        raise BadInput(f"Send an object, not {brief(body)}.")
    check_plain(body, "body")
    project = as_text(body.get("project"), "project", LONGEST_NAME)
    if not project:
        refuse("project", "is required: the name of the batch's project.")
    kind: BatchKind = "production"
    if as_flag(body.get("calibration_batch"), "calibration_batch"):
        kind = "calibration"
    if as_flag(body.get("self_label_batch"), "self_label_batch"):
        if kind == "calibration":
            refuse("self_label_batch", "and calibration_batch exclude each other.")
        kind = "self_label"
    name = as_text(body.get("name"), "name", LONGEST_NAME)
    callback = read_callback(body.get("callback"), "callback")
    return NewScaleBatch(project, name, kind, callback, read_metadata(body.get("metadata")))


@route("POST", "/v1/batches", right="manage", conflicts=True)
async def create(call: Call) -> Any:
    """A new batch."""
    new = _new(call)
    return await call.world.db.write_async(lambda tx: batch_json(tx, batches.create(tx, call.world, new)))


@route("GET", "/v1/batches", right="manage")
def get_list(call: Call) -> Any:
    """A page of batches."""
    asked = Asked(
        project=text_of(call.query, "project"), state=text_of(call.query, "status"),
        created=span_of(call.query, "start_time", "end_time"), archived=not flag_of(call.query, "exclude_archived"),
        limit=number_of(call.query, "limit", MOST), offset=number_of(call.query, "offset", 0),
    )  # fmt: skip
    with call.world.db.read() as tx:
        return batches.page(tx, asked)


@route("GET", "/v1/batches/{}", right="manage")
def get(call: Call) -> Any:
    """One batch."""
    with call.world.db.read() as tx:
        return batch_json(tx, batches.named(tx, call.path[0]))


@route("GET", "/v1/batches/{}/status", right="manage")
def status(call: Call) -> Any:
    """Its state, and its tasks counted by theirs."""
    with call.world.db.read() as tx:
        return batches.status_json(tx, batches.named(tx, call.path[0]))


@route("POST", "/v1/batches/{}/finalize", right="manage")
async def finalize(call: Call) -> Any:
    """Let work on it begin."""
    name = call.path[0]
    return await call.world.db.write_async(lambda tx: batch_json(tx, batches.finalize(tx, call.world, name)))


@route("POST", "/v1/batches/{}/setMetadata", right="manage")
async def set_metadata(call: Call) -> Any:
    """Other metadata; nothing sent means: none."""
    metadata = read_metadata({} if call.body is None else call.body)
    name = call.path[0]
    return await call.world.db.write_async(
        lambda tx: batch_json(tx, batches.set_metadata(tx, call.world, name, metadata))
    )
