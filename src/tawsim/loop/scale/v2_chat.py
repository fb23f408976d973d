"""A chat task by the second version: the project or batch by id or name, and the variables of the project's template.

The task itself is made as every other one is (tasks.py); what its variables ask of people is decided in scale/.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tawsim.core.errors import BadInput
from tawsim.loop.scale.tasks import create_task
from tawsim.loop.scale.v2_finding import Named, batch_in, project
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


def create_chat_task(tx: Transaction, world: World, new: NewChat) -> Row:
    """The new task. Raises BadInput, NotFound; and whatever making any task raises."""
    if not new.project and not new.batch:
        raise BadInput("A project or a batch is needed, by its id or its name.")
    sent: dict[str, Any] = {"template_variables": dict(new.variables), "metadata": dict(new.metadata)}
    if new.batch:
        part = batch_in(tx, new.batch, new.project)
        sent["batch"] = part["name"]
        of = project(tx, Named(part["project_id"]))
    else:
        of = project(tx, new.project)
    sent["project"] = of["name"]
    if new.callback_url is not None:
        sent["callback_url"] = new.callback_url
    return create_task(tx, world, "chat", sent)
