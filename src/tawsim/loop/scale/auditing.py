"""What a customer says of a response: accepted, or rejected and so worked on again. And what that says of whoever answered.

A customer sees the response and nothing else. So only answers that are the response are judged by it, as by a review
(docs/decisions/0014): nobody is judged by what nobody looked at. An answer that a rejected response was made of is rejected
with it. Where the response is nobody's own answer (put together from several, or decided), the task begins a new round.
"""

import json
from contextlib import suppress

from tawsim.core.errors import BadInput, Conflict
from tawsim.core.ids import new_id
from tawsim.labelling import owners
from tawsim.labelling.evidence import put_evidence
from tawsim.labelling.reviews import MAX_WORDS, Said, review
from tawsim.labelling.slots import project_row
from tawsim.loop.scale import outcomes
from tawsim.loop.scale.concluding import read_work
from tawsim.loop.scale.tasks import effective, task_row
from tawsim.loop.scale.world import World
from tawsim.scale.responding import response_of
from tawsim.store import rows
from tawsim.store.database import Row, Transaction

REJECTED = "The customer rejected it."


def audit(tx: Transaction, world: World, task_id: str, *, accepted: bool, comment: str = "") -> Row:
    """Take a customer's word on a response. Raises NotFound, and BadInput unless the task is completed."""
    row = task_row(tx, task_id)
    if row["status"] != "completed" or row["purpose"] != "work":
        raise BadInput(f"The task is {row['status']}: only completed ones can be audited.")
    # Of test keys nobody answered, and nobody could answer again.
    of_people = tx.one("scale_work", task_id=task_id) is not None
    if accepted:
        if of_people:
            _accept(tx, world, row)
        outcomes.audited(tx, world, task_id, "accepted", comment)
    else:
        outcomes.audited(tx, world, task_id, "rejected", comment, told=not of_people)
        if of_people:
            _reject(tx, world, row, comment)
            outcomes.recall(tx, world, task_id)
    return task_row(tx, task_id)


def _accept(tx: Transaction, world: World, row: Row) -> None:
    for answer in _the_response(tx, row):
        # One's own work, or one that a reviewer has in hand or has spoken of: their word stands.
        with suppress(Conflict):
            review(tx, world.actor_id, answer["id"], f"audit {new_id(tx.now)}", Said(answer["version"], "accept"))


def _reject(tx: Transaction, world: World, row: Row, comment: str) -> None:
    words = comment.strip()[:MAX_WORDS] or REJECTED
    found = _the_response(tx, row)
    if not found:
        owners.reopen(tx, world.actor_id, row["task_id"])
    for answer in found:
        key = f"audit {new_id(tx.now)}"
        try:
            review(tx, world.actor_id, answer["id"], key, Said(answer["version"], "reject", words=words))
        except Conflict:  # somebody accepted it before, or has it in hand: the customer's word is the later one
            owners.reject(tx, world.actor_id, answer["id"], f"{key} again", answer["version"], words)
            if answer["worker_id"] != world.actor_id:
                put_evidence(
                    tx,
                    worker_id=answer["worker_id"],
                    act="label",
                    source="review",
                    annotation=answer,
                    value=0.0,
                    fair=False,
                )


def _the_response(tx: Transaction, row: Row) -> list[Row]:
    """The accepted answers that are the response as it was told; none where it was decided or put together."""
    standing = tx.one("scale_work", task_id=row["task_id"])
    assert standing is not None
    project = rows.project(project_row(tx, standing["project_id"]))
    work = read_work(tx, project, standing)
    if work.decided is not None or work.basis != standing["basis"]:
        return []
    params, _ = effective(tx, row)
    told = json.loads(row["response"])
    return [
        answer
        for answer, given in zip(work.given, work.answers, strict=True)
        if response_of(row["type"], params, given, task_id=row["task_id"]) == told
    ]
