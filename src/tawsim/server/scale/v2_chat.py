"""Making a chat task by the second version of the Scale-compatible API."""

from typing import Any

from tawsim.loop.scale.v2_chat import NewChat, create_chat_task
from tawsim.server.scale.routes import MB, Call, route
from tawsim.server.scale.v2_objects import Objects
from tawsim.server.scale.v2_reading import sent
from tawsim.store.database import Transaction


@route("POST", "/v2/task/chat", right="manage", max_body=16 * MB, conflicts=True)
def create_chat(call: Call) -> Any:
    """Make a task of a conversation."""
    body = sent(call)
    new = NewChat(
        project=body.named("project"), batch=body.named("batch"), variables=body.mapping("template_variables") or {},
        metadata=body.mapping("metadata") or {}, callback_url=body.text("callback_url"), unique_id=body.text("unique_id"),
    )  # fmt: skip

    key = call.headers.get("idempotency-key", "")

    def work(tx: Transaction) -> Any:
        return Objects(tx).task(create_chat_task(tx, call.world, new, key))

    return call.world.db.write(work)
