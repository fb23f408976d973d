"""A chat task by the second version: the project or batch by id or name, and the variables of the project's template.

The task itself is made as every other one is (tasks.py); what its variables ask of people is decided in scale/.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from tawsim.core.errors import BadInput
from tawsim.loop.scale.tasks import Checked, Key, check_ahead, create_once, read_key
from tawsim.loop.scale.v2_finding import Named, batch_in, project_for_more
from tawsim.loop.scale.world import World
from tawsim.store.database import Row, Transaction


@dataclass(frozen=True, slots=True)
class NewChat:
    """What it takes to make one. A batch alone implies its project."""

    project: Named
    batch: Named
    variables: Mapping[str, Any] = field(default_factory=dict)
    metadata: Mapping[str, Any] = field(default_factory=dict)
    callback_url: str | None = None
    unique_id: str | None = None


def read_chat_key(key: str, new: NewChat) -> Key | None:
    """The idempotency key of a request with the digest of what was sent, before the writer has it. Raises BadInput."""
    return read_key(key, "chat", asdict(new))


def check_chat_ahead(tx: Transaction, world: World, new: NewChat) -> Checked:
    """Check a large one in any transaction, as `check_ahead` does. Raises as `create_chat_task` does."""
    return check_ahead(tx, world, "chat", _sent(tx, new))


def create_chat_task(
    tx: Transaction, world: World, new: NewChat, key: Key | None = None, *, ahead: Checked | None = None
) -> Row:
    """The new task; with an idempotency key, the one that this key made before. Raises BadInput, NotFound, AlreadyExists for a
    taken unique_id, KeyReused; and whatever making any task raises."""
    return create_once(tx, world, "chat", _sent(tx, new), key, ahead=ahead)


def _sent(tx: Transaction, new: NewChat) -> dict[str, Any]:
    """As the first version has it sent."""
    if not new.project and not new.batch:
        raise BadInput("A project or a batch is needed, by its id or its name.")
    sent: dict[str, Any] = {"template_variables": dict(new.variables), "metadata": dict(new.metadata)}
    if new.batch:
        part = batch_in(tx, new.batch, new.project)
        sent["batch"] = part["name"]
        of = project_for_more(tx, Named(part["project_id"]))
    else:
        of = project_for_more(tx, new.project)
    sent["project"] = of["name"]
    given = {"callback_url": new.callback_url, "unique_id": new.unique_id}
    return sent | {name: value for name, value in given.items() if value is not None}
