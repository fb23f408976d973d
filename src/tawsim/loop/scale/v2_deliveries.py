"""Deliveries: a named set of a project's completed tasks, frozen as they stand. Read in v2_pages.py; nothing changes one.

The tasks come piece by piece, since labellers share the one writer; nobody sees a delivery before its last piece. A task goes
into the next delivery unless it stands in an earlier one, so that whoever delivers every week sends each task once. What a
crash leaves of a delivery is removed before a later one is made.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from tawsim.core.clock import SECOND
from tawsim.core.errors import AlreadyExists, BadInput
from tawsim.core.ids import new_id
from tawsim.loop.scale.v2_finding import Named, batch_in, project
from tawsim.loop.scale.v2_pages import ALWAYS, Span
from tawsim.store.database import Database, Row, Transaction
from tawsim.store.keys import record
from tawsim.store.rows import to_json

PIECE = 200
LONGEST_NAME = 500
STALE_AFTER = 600 * SECOND  # a delivery that has not grown for so long was broken off
START = (-1, "")


@dataclass(frozen=True, slots=True)
class ToDeliver:
    """What goes into a new delivery. `again`: also what stands in an earlier one."""

    project: Named
    name: str
    batch: Named | None = None
    again: bool = False


@dataclass(frozen=True, slots=True)
class _Making:
    """A delivery that is being made."""

    id: str
    project_id: str
    batch_id: str
    again: bool


def deliver(db: Database, actor_id: str, asked: ToDeliver) -> Row:
    """Freeze the completed tasks under a name. Raises BadInput where there are none, NotFound, AlreadyExists."""
    while db.write(_drop_broken_off):
        pass
    making = db.write(lambda tx: _begin(tx, asked))
    try:
        last = START
        while page := _next(db, making, last):
            db.write(partial(_grow, making=making, page=page))
            last = (page[-1]["created_at"], page[-1]["task_id"])
        return db.write(lambda tx: _finish(tx, actor_id, making))
    except BaseException:
        while db.write(lambda tx: _drop(tx, making.id)):
            pass
        raise


def _begin(tx: Transaction, asked: ToDeliver) -> _Making:
    name = asked.name.strip()
    if not name or len(name) > LONGEST_NAME:
        raise BadInput(f"The name of a delivery has 1 to {LONGEST_NAME} characters.")
    project_id = project(tx, asked.project)["project_id"]
    batch_id = batch_in(tx, asked.batch, asked.project)["id"] if asked.batch else ""
    if tx.one("scale_v2_delivery_taken", name=name, project_id=project_id) is not None:
        raise AlreadyExists(f"There is a delivery “{name}” of this project already.", "Choose another name.")
    making = _Making(new_id(tx.now), project_id, batch_id, asked.again)
    tx.run("scale_v2_delivery_insert", id=making.id, project_id=project_id, name=name, now=tx.now)
    return making


def _next(db: Database, making: _Making, after: tuple[int, str]) -> list[Row]:
    """The next tasks to freeze. Looked for beside the writer: among many delivered ones they may be far apart."""
    with db.read() as tx:
        return tx.all(
            "scale_v2_to_deliver", project_id=making.project_id, batch_id=making.batch_id, again=int(making.again),
            created_at=after[0], task_id=after[1], n=PIECE,
        )  # fmt: skip


def _grow(tx: Transaction, making: _Making, page: Sequence[Row]) -> None:
    """Freeze these, but for what somebody recalled or delivered a moment ago."""
    again = int(making.again)
    n = sum(tx.run("scale_v2_freeze", delivery_id=making.id, task_id=row["task_id"], again=again) for row in page)
    tx.run("scale_v2_delivery_grown", id=making.id, n=n, now=tx.now)


def _finish(tx: Transaction, actor_id: str, making: _Making) -> Row:
    tx.run("scale_v2_delivery_ready", id=making.id, now=tx.now)
    made = tx.one("scale_v2_delivery", id=making.id)
    if made is None or not made["task_count"]:  # its project was removed meanwhile, or another took all of its tasks
        raise BadInput(
            "There is no completed task to deliver.", "Those of earlier deliveries go in again only when asked for."
        )
    record(
        tx, "delivery.made", actor_id, project_id=making.project_id, object_id=making.id,
        data=to_json({"name": made["name"], "tasks": made["task_count"]}),
    )  # fmt: skip
    return made


def _drop_broken_off(tx: Transaction) -> bool:
    """Remove a piece of what was never finished; whether there may be more."""
    row = tx.one("scale_v2_deliveries_broken_off", before=tx.now - STALE_AFTER)
    if row is None:
        return False
    _drop(tx, row["id"])
    return True


def _drop(tx: Transaction, delivery_id: str) -> bool:
    """Remove a piece of a delivery that is not ready; whether there is more of it."""
    found = tx.all("scale_v2_delivered_some", delivery_id=delivery_id, n=PIECE)
    for row in found:
        tx.run("scale_v2_delivered_drop", delivery_id=delivery_id, task_id=row["task_id"])
    if not found:
        tx.run("scale_v2_delivery_drop", id=delivery_id)
    return bool(found)


def made_deliveries(tx: Transaction, of: Named, delivered: Span = ALWAYS) -> list[Row]:
    """The deliveries of a project, or of all where none is named; the newest first."""
    project_id = project(tx, of)["project_id"] if of else ""
    return tx.all(
        "scale_v2_deliveries", project_id=project_id, delivered_after=delivered.low, delivered_before=delivered.high
    )
