"""Making a chat task by the second version of the Scale-compatible API."""

from typing import Any

from tawsim.core.errors import TawsimError
from tawsim.loop.scale.tasks import Checked
from tawsim.loop.scale.v2_chat import NewChat, check_chat_ahead, create_chat_task, read_chat_key
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
    key = read_chat_key(call.headers.get("idempotency-key", ""), new)
    ahead = _ahead(call, new, with_key=key is not None) if call.large else None

    def work(tx: Transaction) -> Any:
        return Objects(tx).task(create_chat_task(tx, call.world, new, key, ahead=ahead))

    return call.world.db.write(work)


def _ahead(call: Call, new: NewChat, *, with_key: bool) -> Checked | None:
    """A large one, checked before the writer has it. What a key may have been answered before is judged there alone."""
    try:
        with call.world.db.read() as tx:
            return check_chat_ahead(tx, call.world, new)
    except TawsimError:
        if with_key:
            return None
        raise
