"""Batches: tasks that came for one delivery and are begun, held back, given to some people and ended together.

    staging ──finalize──▶ in_progress ──its last task──▶ completed
                           ▲       │
                        resume   pause                     each of the first three ──cancel──▶ cancelled, for good
                           │       ▼
                            paused ──its last task──▶ completed

The tasks of a batch stand in lanes of their own (lanes.py), so holding it back and letting it go writes those lanes and no
task; how tasks get into a batch is the caller's (loop/adding_now.py). Who labels in the project at all is not decided here.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from tawsim.core.errors import AlreadyExists, BadInput, Conflict, NotFound
from tawsim.core.ids import new_id
from tawsim.core.text import is_unicode
from tawsim.labelling.groups import group_row
from tawsim.labelling.lanes import HELD_STATES
from tawsim.labelling.owners import remove_task, set_task_overlap
from tawsim.labelling.slots import end_lease, project_row
from tawsim.store.database import Row, Transaction
from tawsim.store.keys import record
from tawsim.store.rows import to_json

BatchState = Literal["staging", "in_progress", "paused", "completed", "cancelled"]
BatchKind = Literal["production", "calibration", "self_label"]
KINDS: tuple[BatchKind, ...] = ("production", "calibration", "self_label")
PENDING = frozenset({"staging", "in_progress", "paused"})
MAX_NAME = 500
MAX_METADATA = 100_000
CLOSED_AT_ONCE = 150  # tasks of a cancelled batch that one transaction closes
LATEST = 1 << 62


@dataclass(frozen=True, slots=True)
class NewBatch:
    """A batch to be made. `callback`: an address that is kept with it."""

    name: str
    kind: BatchKind = "production"
    state: BatchState = "staging"
    metadata: Mapping[str, Any] = field(default_factory=dict)
    callback: str = ""


def batch_row(tx: Transaction, batch_id: str) -> Row:
    """The batch, or NotFound."""
    row = tx.one("batch_get", id=batch_id)
    if row is None:
        raise NotFound("There is no such batch.")
    return row


def create(tx: Transaction, actor_id: str, project_id: str, new: NewBatch) -> Row:
    """A batch without tasks. Raises AlreadyExists for a name that any batch of the workspace has, BadInput, NotFound."""
    project_row(tx, project_id)
    check_name(new.name)
    if new.kind not in KINDS:
        raise BadInput(f"kind is one of {', '.join(KINDS)}.", field="kind")
    if new.state not in PENDING:
        raise BadInput("A new batch is staging, in_progress or paused.", field="state")
    _free(tx, new.name)
    batch_id = new_id(tx.now)
    tx.run(
        "batch_insert", id=batch_id, project_id=project_id, name=new.name, kind=new.kind, state=new.state,
        metadata=_metadata(new.metadata), callback=new.callback, now=tx.now,
    )  # fmt: skip
    _said(tx, "created", actor_id, project_id, batch_id, state=new.state)
    return batch_row(tx, batch_id)


def _free(tx: Transaction, name: str) -> None:
    """Raise AlreadyExists for a name that is taken. One of a removed project gives its name up."""
    row = tx.one("batch_by_name", name=name)
    if row is None:
        return
    if tx.one("project_get", id=row["project_id"]) is not None:
        raise AlreadyExists(f"There is a batch called “{name}” already.", "Choose another name.", field="name")
    tx.run("batch_rename", id=row["id"], name=f"{name} (removed, {row['id']})")


def check_name(name: Any) -> str:
    """Any text in any script that says something, or BadInput."""
    if not isinstance(name, str) or not name.strip() or len(name) > MAX_NAME or not is_unicode(name) or "\0" in name:
        raise BadInput(f"name: a batch has a name of 1 to {MAX_NAME} characters.", field="name")
    return name


def _metadata(given: Any) -> str:
    if not isinstance(given, Mapping):
        raise BadInput("metadata is an object.", field="metadata")
    try:
        text = to_json(dict(given))
        size = len(text.encode())
    except (ValueError, TypeError, RecursionError):
        raise BadInput("metadata holds a value that cannot be stored.", field="metadata") from None
    if size > MAX_METADATA:
        raise BadInput(f"metadata has at most {MAX_METADATA:,} bytes.", field="metadata")
    return text


# ---- its life --------------------------------------------------------------------------------------------------------
def finalize(tx: Transaction, actor_id: str, batch_id: str) -> Row:
    """Let work on it begin; from then on the caller adds nothing to it. Raises Conflict unless it is staging."""
    return _go(tx, "finalized", actor_id, batch_id, {"staging"}, "in_progress")


def pause(tx: Transaction, actor_id: str, batch_id: str) -> Row:
    """Nobody is given a task of it any more; what people have in hand they may finish. Raises Conflict unless in progress."""
    return _go(tx, "paused", actor_id, batch_id, {"in_progress"}, "paused")


def resume(tx: Transaction, actor_id: str, batch_id: str) -> Row:
    """Go on. Raises Conflict unless it is paused: what was cancelled never resumes."""
    return _go(tx, "resumed", actor_id, batch_id, {"paused"}, "in_progress")


def cancel(tx: Transaction, actor_id: str, batch_id: str) -> Row:
    """End it for good. Raises Conflict where it is over.

    No task of it is given out again from this moment, and what people have in hand is taken back, as with a task that is
    removed (Q16): their late work is kept as a draft. Tasks without an answer are removed; of those with some, these count
    and no more are wanted. With very many tasks that is done in pieces, by `close_cancelled`.
    """
    row = _go(tx, "cancelled", actor_id, batch_id, set(PENDING), "cancelled")
    for lease in tx.all("batch_live_leases", project_id=row["project_id"], id=batch_id):
        end_lease(tx, lease, "revoked", actor_id=actor_id, reason="the batch was cancelled")
    _close(tx, actor_id, batch_id, 0)
    return batch_row(tx, batch_id)


def complete_if_done(tx: Transaction, batch_id: str) -> bool:
    """Complete the batch if none of its tasks is still asked of people, and say whether that was now.

    To be called when one of its tasks has ended; a batch completes once. If an answer is rejected later, its task is given
    out again, and the batch stays completed.
    """
    row = batch_row(tx, batch_id)
    if row["state"] not in ("in_progress", "paused") or tx.one("batch_has_open", id=batch_id) is not None:
        return False
    _go(tx, "completed", "clock", batch_id, {"in_progress", "paused"}, "completed")
    return True


def _go(tx: Transaction, did: str, actor_id: str, batch_id: str, start: set[str], state: BatchState) -> Row:
    row = batch_row(tx, batch_id)
    if row["state"] not in start:
        raise Conflict(f"The batch “{row['name']}” is {row['state']}.", _hint(row["state"]), state=row["state"])
    tx.run("batch_set_state", id=batch_id, state=state, now=tx.now)
    tx.run("batch_hold_lanes", project_id=row["project_id"], id=batch_id, held=int(state in HELD_STATES))
    _said(tx, did, actor_id, row["project_id"], batch_id, state=state)
    return batch_row(tx, batch_id)


def _hint(state: str) -> str:
    return {
        "staging": "Finalize it first.",
        "in_progress": "It is under way already.",
        "paused": "Resume it first.",
        "completed": "All its tasks are done.",
        "cancelled": "A cancelled batch stays cancelled.",
    }[state]


def close_cancelled(tx: Transaction) -> bool:
    """Close some more tasks of a cancelled batch; whether there were any. For the server, again and again."""
    row = tx.one("batch_to_close")
    if row is None:
        return False
    _close(tx, "clock", row["id"], row["closing"])
    return True


def _close(tx: Transaction, actor_id: str, batch_id: str, after: int) -> None:
    tasks = tx.all("batch_tasks_after", id=batch_id, after=after, n=CLOSED_AT_ONCE)
    for task in tasks:
        if task["accepted"] == 0:
            remove_task(tx, actor_id, task["id"])
        elif task["purpose"] == "work" and task["state"] == "open" and task["accepted"] < task["overlap"]:
            set_task_overlap(tx, actor_id, task["id"], task["accepted"])
    tx.run("batch_set_closing", id=batch_id, closing=tasks[-1]["seq"] if len(tasks) == CLOSED_AT_ONCE else None)


# ---- what is said of it ------------------------------------------------------------------------------------------------
def set_groups(tx: Transaction, actor_id: str, batch_id: str, group_ids: Sequence[str]) -> None:
    """Give it to the people of these groups of its project and to nobody else; with none, to everybody. What each task asks
    for holds besides. Leases that are out stay where they are. Raises NotFound, BadInput."""
    row = batch_row(tx, batch_id)
    groups = list(dict.fromkeys(group_ids))
    if any(group_row(tx, one)["project_id"] != row["project_id"] for one in groups):
        raise BadInput("A batch is given to groups of its own project.", field="groups")
    tx.run("batch_groups_delete", batch_id=batch_id)
    for one in groups:
        tx.run("batch_group_insert", batch_id=batch_id, group_id=one)
    tx.run("batch_set_grouped", id=batch_id, grouped=int(bool(groups)), now=tx.now)
    _said(tx, "groups", actor_id, row["project_id"], batch_id, groups=groups)


def set_metadata(tx: Transaction, actor_id: str, batch_id: str, metadata: Any) -> None:
    """Put other metadata in the place of what there is."""
    row = batch_row(tx, batch_id)
    tx.run("batch_set_metadata", id=batch_id, metadata=_metadata(metadata), now=tx.now)
    _said(tx, "metadata", actor_id, row["project_id"], batch_id)


def set_ranks(tx: Transaction, actor_id: str, batch_ids: Sequence[str]) -> None:
    """Let these come in this order, before all that are not named; those lose their rank. Raises NotFound, BadInput, and
    Conflict for a batch that is over."""
    if len(set(batch_ids)) < len(batch_ids):
        raise BadInput("A batch stands twice in this order.", "Name each once.")
    for one in batch_ids:
        row = batch_row(tx, one)
        if row["state"] not in PENDING:
            raise Conflict(f"The batch “{row['name']}” is {row['state']}: it has no turn.", state=row["state"])
    ranks = {one: place for place, one in enumerate(batch_ids, start=1)}
    for row in pending(tx):
        if row["rank"] != ranks.get(row["id"]):
            tx.run("batch_set_rank", id=row["id"], rank=ranks.get(row["id"]), now=tx.now)
            _said(tx, "rank", actor_id, row["project_id"], row["id"], rank=ranks.get(row["id"]))


def _said(tx: Transaction, did: str, actor_id: str, project_id: str, batch_id: str, **data: Any) -> None:
    record(tx, f"batch.{did}", actor_id, project_id=project_id, object_id=batch_id, data=to_json(data))


# ---- looking -----------------------------------------------------------------------------------------------------------
def pending(tx: Transaction) -> list[Row]:
    """All batches of the workspace that are not over, in the order of their turn, with `project_name`."""
    return tx.all("batch_pending")


def counts_of(tx: Transaction, batch_id: str) -> dict[str, int]:
    """Its tasks, those that are done or set aside, and its answers: of work, as in a project's progress."""
    row = tx.one("batch_counts", id=batch_id)
    assert row is not None
    return dict(row)


def page(tx: Transaction, project_id: str, before: tuple[int, str] = (LATEST, ""), n: int = 100) -> list[Row]:
    """Batches of a project, the newest first; those made before the time and id given."""
    return tx.all("batch_of_project", project_id=project_id, created_at=before[0], id=before[1], n=n)


def as_json(tx: Transaction, row: Row) -> dict[str, Any]:
    """A batch with its counts, as routes and commands give it."""
    return {
        "id": row["id"], "name": row["name"], "kind": row["kind"], "state": row["state"], "rank": row["rank"],
        "groups": [one["name"] for one in tx.all("batch_groups", batch_id=row["id"])],
        "metadata": json.loads(row["metadata"]),
        "created_at": row["created_at"], "completed_at": row["completed_at"], **counts_of(tx, row["id"]),
    }  # fmt: skip
