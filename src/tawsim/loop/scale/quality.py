"""Evaluation and training tasks of the Scale-compatible API: tasks whose answer is known, gold and training here.

They are made as any task is, with the response that is expected, and placed by placing.py. Their answer must be one that can
be given here: what cannot be answered tests nobody.
"""

from collections.abc import Mapping
from typing import Any, Literal

from tawsim.core.errors import BadInput, NotEnabled
from tawsim.loop.scale.tasks import create_task, effective, task_json, task_row
from tawsim.loop.scale.world import World
from tawsim.scale.asking import lacks
from tawsim.scale.responding import answers_of
from tawsim.store.database import Transaction
from tawsim.store.rows import to_json

Purpose = Literal["gold", "training"]
OWN = ("expected_response", "initial_response")


def create(tx: Transaction, world: World, type_: str, sent: Any, purpose: Purpose) -> dict[str, Any]:
    """Make one, and tell of it. Raises as `create_task` does, BadInput for an answer that the task does not take, and
    NotEnabled for a task that nobody can be shown here yet."""
    given = dict(sent) if isinstance(sent, Mapping) else {}
    expected, initial = given.pop(OWN[0], None), given.pop(OWN[1], None)
    if not isinstance(expected, Mapping) or not expected:
        raise BadInput("expected_response: an object is required, in the form of a response.", field=OWN[0])
    if initial is not None and not isinstance(initial, Mapping):
        raise BadInput("initial_response: an object, in the form of a response.", field=OWN[1])
    row = create_task(tx, world, type_, given if isinstance(sent, Mapping) else sent, purpose=purpose)
    params, _ = effective(tx, row)
    missing = lacks(type_, params)
    if missing:
        raise NotEnabled(f"Nobody can be shown this task here yet: {missing}")
    for name, response in ((OWN[0], expected), (OWN[1], initial)):
        if response is not None:
            _check(type_, params, name, response)
    tx.run(
        "scale_set_expected", task_id=row["task_id"], expected=to_json(dict(expected)),
        initial=None if initial is None else to_json(dict(initial)),
    )  # fmt: skip
    told = task_json(tx, task_row(tx, row["task_id"]))
    return told | {"id": row["task_id"], OWN[0]: expected, OWN[1]: initial}


def _check(type_: str, params: Mapping[str, Any], name: str, response: Mapping[str, Any]) -> None:
    try:
        answers = answers_of(type_, params, response)
    except BadInput as error:
        raise BadInput(f"{name}: {error.message}", error.hint, field=name) from None
    if not answers:
        raise BadInput(f"{name}: it answers nothing that this task asks.", field=name)
