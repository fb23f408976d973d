"""Batches by the first version of the Scale-compatible API: made, begun, looked at, listed. Their life is labelling/batches.py.

A batch of a live key takes tasks until it is finalized, and none after; its tasks are placed then. One of a test key is in
progress from the start, takes tasks for ever, and is never completed.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, get_args

from tawsim.core.clock import to_iso_ms
from tawsim.core.errors import BadInput, NotFound
from tawsim.labelling import batches
from tawsim.labelling.batches import BatchKind, BatchState, NewBatch
from tawsim.loop.scale import callbacks
from tawsim.loop.scale.listing import MOST, Span
from tawsim.loop.scale.projects import project_by_name
from tawsim.loop.scale.world import World
from tawsim.store.database import Row, Transaction

Json = dict[str, Any]
STATES = get_args(BatchState)
ALWAYS = Span()
# What a batch of tasks is called when people are told how many there are.
COUNTED = ("pending", "completed", "error", "canceled")


@dataclass(frozen=True, slots=True)
class Asked:
    """What to list: "" is no condition. `archived`: cancelled ones too."""

    project: str = ""
    state: str = ""
    created: Span = ALWAYS
    archived: bool = True
    limit: int = MOST
    offset: int = 0


@dataclass(frozen=True, slots=True)
class NewScaleBatch:
    """What it takes to make one."""

    project: str
    name: str
    kind: BatchKind = "production"
    callback: str = ""
    metadata: Mapping[str, Any] = field(default_factory=dict)


def create(tx: Transaction, world: World, new: NewScaleBatch) -> Row:
    """A batch of that project. Raises NotFound, AlreadyExists for a name that is taken, BadInput."""
    project = project_by_name(tx, new.project)
    state: BatchState = "staging" if world.mode == "live" else "in_progress"
    asked = NewBatch(new.name, new.kind, state, new.metadata, new.callback)
    return batches.create(tx, world.actor_id, project["project_id"], asked)


def named(tx: Transaction, name: str) -> Row:
    """The batch that the API calls by this name. Raises NotFound, also where its project was removed."""
    row = tx.one("batch_by_name", name=name)
    if row is None or _project(tx, row)["state"] == "removed":
        raise NotFound(f"There is no batch “{name[:200]}”.")
    return row


def finalize(tx: Transaction, world: World, name: str) -> Row:
    """Begin it. Once more changes nothing. Raises NotFound, Conflict for a cancelled one."""
    row = named(tx, name)
    if row["state"] in ("in_progress", "paused", "completed"):
        return row
    return begin(tx, world, row["id"])


def begin(tx: Transaction, world: World, batch_id: str) -> Row:
    """Begin a staging batch, and complete it where there is nothing left to do. Raises Conflict for one that is none."""
    row = batches.finalize(tx, world.actor_id, batch_id)
    counts = status_json(tx, row)
    # All its tasks may be over before it begins: canceled, or with attachments that could not be had.
    over = world.mode == "live" and any(counts.get(one) for one in COUNTED) and not counts.get("pending")
    if over and batches.complete_if_done(tx, row["id"]):
        row = batches.batch_row(tx, row["id"])
        callbacks.put_batch(tx, row)
    return row


def set_metadata(tx: Transaction, world: World, name: str, metadata: Mapping[str, Any]) -> Row:
    """Other metadata in the place of those that stand."""
    row = named(tx, name)
    batches.set_metadata(tx, world.actor_id, row["id"], metadata)
    return batches.batch_row(tx, row["id"])


def status_json(tx: Transaction, row: Row) -> Json:
    """Its state, and how many of its tasks are in which; a state that none is in is left out."""
    found: Json = {"status": row["state"]}
    return found | {one["status"]: one["n"] for one in tx.all("scale_batch_statuses", batch_id=row["id"])}


def batch_json(tx: Transaction, row: Row) -> Json:
    """A batch as the first version tells it."""
    return {
        "id": row["id"], "name": row["name"], "status": row["state"], "project": _project(tx, row)["name"],
        "created_at": to_iso_ms(row["created_at"]), "metadata": json.loads(row["metadata"]), "callback": row["callback"],
        "calibration_batch": row["kind"] == "calibration", "self_label_batch": row["kind"] == "self_label",
        **({} if row["completed_at"] is None else {"completed_at": to_iso_ms(row["completed_at"])}),
    }  # fmt: skip


def _project(tx: Transaction, row: Row) -> Row:
    found = tx.one("scale_batch_project", project_id=row["project_id"])
    assert found is not None
    return found


def page(tx: Transaction, asked: Asked) -> Json:
    """A page of batches, the newest first. Raises BadInput, NotFound for a project that is not there."""
    if not 1 <= asked.limit <= MOST:
        raise BadInput(f"`limit` is a whole number from 1 to {MOST}.", field="limit")
    if asked.offset < 0:
        raise BadInput("`offset` is 0 or more.", field="offset")
    if asked.state and asked.state not in STATES:
        raise BadInput(f"`status` is one of {', '.join(STATES)}, not {asked.state[:40]!r}.", field="status")
    which = {
        "project_id": project_by_name(tx, asked.project)["project_id"] if asked.project else "", "state": asked.state,
        "since": asked.created.since, "until": asked.created.until, "archived": int(asked.archived),
    }  # fmt: skip
    rows = tx.all("scale_batch_page", n=asked.limit, offset=asked.offset, **which)
    total = tx.one("scale_batch_total", **which)
    assert total is not None
    return {
        "docs": [batch_json(tx, row) for row in rows], "totalDocs": total["n"], "limit": asked.limit,
        "offset": asked.offset, "has_more": asked.offset + len(rows) < total["n"],
    }  # fmt: skip
