"""Evaluation and training tasks, and audits, by the first version of the Scale-compatible API. Their rules are in loop/scale/."""

from typing import Any

from tawsim.core.errors import BadInput
from tawsim.kinds.answers import brief
from tawsim.loop.scale import auditing, quality
from tawsim.loop.scale.quality import Purpose
from tawsim.loop.scale.tasks import task_json
from tawsim.server.scale.routes import Call, route
from tawsim.server.scale.v1_tasks import MAX_TASK
from tawsim.store.database import Transaction

MAX_COMMENT = 10_000


async def _made(call: Call, purpose: Purpose) -> Any:
    return await call.world.db.write_async(lambda tx: quality.create(tx, call.world, call.path[0], call.body, purpose))


@route("POST", "/v1/evaluation_tasks/{}", right="manage", max_body=MAX_TASK, conflicts=True)
async def evaluation_task(call: Call) -> Any:
    """A task whose answer is known, mixed in unseen."""
    return await _made(call, "gold")


@route("POST", "/v1/training_tasks/{}", right="manage", max_body=MAX_TASK, conflicts=True)
async def training_task(call: Call) -> Any:
    """A worked example, shown with its answer afterwards."""
    return await _made(call, "training")


@route("POST", "/v1/task/{}/audit", right="manage")
async def audit(call: Call) -> Any:
    """The customer's word on a response."""
    body = call.body if isinstance(call.body, dict) else {}
    accepted, comments = body.get("accepted"), body.get("comments")
    if not isinstance(accepted, bool):
        raise BadInput(f"accepted is true or false, not {brief(accepted)}.", field="accepted")
    if comments is not None and (not isinstance(comments, str) or len(comments) > MAX_COMMENT):
        raise BadInput(f"comments: a text of at most {MAX_COMMENT:,} characters, or null.", field="comments")

    def work(tx: Transaction) -> Any:
        row = auditing.audit(tx, call.world, call.path[0], accepted=accepted, comment=comments or "")
        return task_json(tx, row)

    return await call.world.db.write_async(work)
