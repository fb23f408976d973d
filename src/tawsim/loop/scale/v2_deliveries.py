"""Deliveries: a named set of a project's completed tasks, frozen as they stand. Read in v2_pages.py; nothing changes one.

Everything goes in one statement: either the whole delivery stands, or none of it. A task goes into the next delivery unless it
stands in an earlier one, so that whoever delivers every week sends each task once.
"""

from dataclasses import dataclass

from tawsim.core.errors import AlreadyExists, BadInput
from tawsim.core.ids import new_id
from tawsim.loop.scale.v2_finding import Named, batch_in, project
from tawsim.loop.scale.v2_pages import ALWAYS, Span
from tawsim.store.database import Row, Transaction
from tawsim.store.keys import record
from tawsim.store.rows import to_json

MOST_TASKS = 200_000  # held by the one writer at once
LONGEST_NAME = 500


@dataclass(frozen=True, slots=True)
class ToDeliver:
    """What goes into a new delivery. `again`: also what stands in an earlier one."""

    project: Named
    name: str
    batch: Named | None = None
    again: bool = False


def deliver(tx: Transaction, actor_id: str, asked: ToDeliver) -> Row:
    """Freeze the completed tasks under a name. Raises BadInput where there are none, NotFound, AlreadyExists."""
    name = asked.name.strip()
    if not name or len(name) > LONGEST_NAME:
        raise BadInput(f"The name of a delivery has 1 to {LONGEST_NAME} characters.")
    of = project(tx, asked.project)
    project_id, batch_id = of["project_id"], ""
    if asked.batch:
        batch_id = batch_in(tx, asked.batch, asked.project)["id"]
    if tx.all("scale_v2_deliveries_named", name=name, project_id=project_id):
        raise AlreadyExists(f"There is a delivery “{name}” of this project already.", "Choose another name.")
    which = {"project_id": project_id, "batch_id": batch_id, "again": int(asked.again)}
    row = tx.one("scale_v2_to_deliver", **which)
    count = row["n"] if row is not None else 0
    if not count:
        raise BadInput(
            "There is no completed task to deliver.", "Those of earlier deliveries go in again only when asked for."
        )
    if count > MOST_TASKS:
        raise BadInput(f"A delivery has at most {MOST_TASKS:,} tasks; these are {count:,}.", "Deliver batch by batch.")
    delivery_id = new_id(tx.now)
    tx.run(
        "scale_v2_delivery_insert",
        id=delivery_id,
        project_id=project_id,
        name=name,
        task_count=count,
        delivered_at=tx.now,
    )
    tx.run("scale_v2_freeze", delivery_id=delivery_id, **which)
    record(
        tx, "delivery.made", actor_id, project_id=project_id, object_id=delivery_id,
        data=to_json({"name": name, "tasks": count}),
    )  # fmt: skip
    made = tx.one("scale_v2_delivery", id=delivery_id)
    assert made is not None
    return made


def made_deliveries(tx: Transaction, of: Named, delivered: Span = ALWAYS) -> list[Row]:
    """The deliveries of a project, or of all where none is named; the newest first."""
    project_id = project(tx, of)["project_id"] if of else ""
    return tx.all(
        "scale_v2_deliveries", project_id=project_id, delivered_after=delivered.low, delivered_before=delivered.high
    )
