"""What becomes of a task of the Scale-compatible API: completed, erred, recalled, canceled, audited. Each with its callback.

State and callback are written in one transaction, the caller's. When a task is complete is decided in completing.py; what a
response is made of, in tawsim/scale/.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from tawsim.core.errors import NotFound
from tawsim.labelling import batches
from tawsim.loop.scale import callbacks
from tawsim.loop.scale.world import World
from tawsim.store.database import Row, Transaction
from tawsim.store.keys import record
from tawsim.store.rows import to_json

Audit = Literal["accepted", "rejected"]


def complete(tx: Transaction, world: World, task_id: str, response: Mapping[str, Any], *, basis: str = "") -> None:
    """A response for a task, or another one for one that has one: the former is kept among the prior ones. What the customer
    had rejected is fixed by it. `basis`: what the response rests on."""
    row = _row(tx, task_id)
    again = row["status"] == "completed"
    if again and json.loads(row["response"] or "null") == response:
        tx.run("scale_set_basis", task_id=task_id, basis=basis)
        return
    tx.run(
        "scale_set_completed", task_id=task_id, response=to_json(response), basis=basis,
        prior_responses=_with_prior(row), now=tx.now,
        review_status="fixed" if row["review_status"] == "rejected" else row["review_status"],
    )  # fmt: skip
    _said(tx, world, "scale.changed" if again else "scale.completed", task_id)


def fail(
    tx: Transaction, world: World, task_id: str, error: str, attachments: Sequence[Mapping[str, Any]] = (), *,
    placed: bool = False,
) -> None:  # fmt: skip
    """Nothing will come of a task, and why. `attachments`: {statusCode, url} of each that could not be had. `placed`: it
    stands in the queue, and may come back from there."""
    _row(tx, task_id)
    response = {"error": error, "attachments": [dict(one) for one in attachments]}
    tx.run(
        "scale_set_failed",
        task_id=task_id,
        response=to_json(response),
        stage="placed" if placed else "over",
        now=tx.now,
    )
    _said(tx, world, "scale.failed", task_id)


def recall(tx: Transaction, world: World, task_id: str) -> None:
    """A task that was done is worked on again; what was answered is kept among the prior responses."""
    row = _row(tx, task_id)
    tx.run("scale_set_recalled", task_id=task_id, prior_responses=_with_prior(row), now=tx.now)
    _said(tx, world, "scale.recalled", task_id)


def cancel(tx: Transaction, world: World, task_id: str) -> None:
    """A pending task is given up, by whoever made it or by somebody here. No callback tells of it."""
    if tx.run("scale_set_canceled", task_id=task_id, now=tx.now):
        _said(tx, world, "scale.canceled", task_id, told=False)


def audited(tx: Transaction, world: World, task_id: str, status: Audit, comment: str, *, told: bool = True) -> None:
    """What the customer said of a response. `told`: whether a callback says so; where a recall follows, that does."""
    row = _row(tx, task_id)
    comments = json.loads(row["review_comments"] or "[]") + ([comment] if comment else [])
    tx.run("scale_set_audited", task_id=task_id, review_status=status, review_comments=to_json(comments), now=tx.now)
    _said(tx, world, "scale.audited", task_id, told=told)


def _said(tx: Transaction, world: World, kind: str, task_id: str, *, told: bool = True) -> None:
    """The event, the callback, and the batch where this was its last task."""
    row = _row(tx, task_id)
    record(
        tx, kind, world.actor_id, project_id=row["project_id"], object_id=task_id,
        data=to_json({"status": row["status"], "review": row["review_status"]}),
    )  # fmt: skip
    if told:
        callbacks.put_task(tx, world, row)
    # Batches of test keys take tasks for ever: none is ever the last.
    if row["batch_id"] is not None and world.mode == "live" and row["status"] != "pending":
        _end_batch(tx, row["batch_id"])


def _end_batch(tx: Transaction, batch_id: str) -> None:
    if tx.one("scale_pending_in_batch", batch_id=batch_id) is None and batches.complete_if_done(tx, batch_id):
        batch = tx.one("batch_get", id=batch_id)
        assert batch is not None
        callbacks.put_batch(tx, batch)


def _with_prior(row: Row) -> str | None:
    """The prior responses with the one that stands now, if it was one of people."""
    prior = json.loads(row["prior_responses"] or "[]")
    if row["response"] is not None and row["status"] == "completed":
        prior.append(json.loads(row["response"]))
    return to_json(prior) if prior else None


def _row(tx: Transaction, task_id: str) -> Row:
    row = tx.one("scale_outcome_get", task_id=task_id)
    if row is None:
        raise NotFound("There is no such task.")
    return row
