"""Batches by the second version: made, begun, held back, let go on, ended. Their rules are those of labelling/batches.py.

In the world of test keys a batch is in progress from the start, and in that of live keys staging, whatever was said: what a
live batch asks of people begins with its finalizing. Tasks of a cancelled batch that were not placed yet are canceled with it,
the first of them at once and the others in the background, so that no transaction is long and a crash leaves none behind.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from tawsim.labelling import batches
from tawsim.labelling.batches import NewBatch
from tawsim.loop.scale import outcomes
from tawsim.loop.scale.batches import begin
from tawsim.loop.scale.sent import read_callback, read_metadata
from tawsim.loop.scale.v2_finding import Named, batch, project_for_more
from tawsim.loop.scale.v2_metadata import merged
from tawsim.loop.scale.world import World
from tawsim.store.database import Row, Transaction

Operation = Literal["finalize", "pause", "resume", "cancel"]
ACTS: Mapping[Operation, Callable[[Transaction, World, str], Row]] = {
    "finalize": begin,
    "pause": lambda tx, world, batch_id: batches.pause(tx, world.actor_id, batch_id),
    "resume": lambda tx, world, batch_id: batches.resume(tx, world.actor_id, batch_id),
    "cancel": lambda tx, world, batch_id: batches.cancel(tx, world.actor_id, batch_id),
}
SAID: Mapping[Operation, str] = {
    "pause": "Nobody is given a task of the batch any more; what people have in hand they may finish.",
    "resume": "The batch goes on.",
    "cancel": "The batch is cancelled for good.",
}
CANCELED_AT_ONCE = 50  # in one transaction: people who answer wait for it


@dataclass(frozen=True, slots=True)
class NewScaleBatch:
    """What it takes to make one."""

    name: str
    project: Named
    staging: bool = False
    callback: str | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)


def create(tx: Transaction, world: World, new: NewScaleBatch) -> Row:
    """A new batch. Raises BadInput, NotFound for the project, AlreadyExists for a taken name."""
    of = project_for_more(tx, new.project)
    begun = world.mode == "test" and not new.staging
    asked = NewBatch(
        new.name, state="in_progress" if begun else "staging", metadata=read_metadata(new.metadata),
        callback=read_callback(new.callback, "callback"),
    )  # fmt: skip
    return batches.create(tx, world.actor_id, of["project_id"], asked)


def operate(tx: Transaction, world: World, operation: Operation, given: Named) -> Row:
    """Do this to a batch. Raises BadInput, NotFound, Conflict for one in a state that does not allow it."""
    found = ACTS[operation](tx, world, batch(tx, given)["id"])
    if operation == "cancel":
        _cancel_waiting(tx, world, found["id"])
    return batch(tx, Named(found["id"]))


def set_metadata(tx: Transaction, world: World, given: Named, new: Mapping[str, Any], *, merge: bool) -> Row:
    """Other metadata for a batch, or some laid over those that stand."""
    found = batch(tx, given)
    wanted = read_metadata(merged(json.loads(found["metadata"]), new) if merge else new)
    batches.set_metadata(tx, world.actor_id, found["id"], wanted)
    return batch(tx, Named(found["id"]))


def cancel_more(world: World) -> bool:
    """Cancel some more tasks of cancelled batches; whether there were any. For the server, again and again."""
    with world.db.read() as tx:
        left = tx.one("scale_v2_cancelled_waiting")
    if left is None:
        return False
    world.db.write(lambda tx: _cancel_waiting(tx, world, left["id"]))
    return True


def _cancel_waiting(tx: Transaction, world: World, batch_id: str) -> None:
    for row in tx.all("scale_v2_waiting", batch_id=batch_id, n=CANCELED_AT_ONCE):
        outcomes.cancel(tx, world, row["task_id"])
