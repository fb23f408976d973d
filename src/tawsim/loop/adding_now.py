"""Tasks that come through a door instead of a file: `add_now` makes them in the caller's transaction, in their lanes and batches.

The wiring of intake/adding_now.py with lanes, batches and known answers. Where rows of a file go is in placing.py.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from tawsim.core.errors import BadInput, Conflict, NotFound
from tawsim.core.records import Project, Purpose
from tawsim.intake.adding_now import insert_now
from tawsim.labelling.gold import Known, new_gold_rows, read_known
from tawsim.labelling.lanes import ANYBODY, NO_BATCH, Requirement, check_priority, lane_of
from tawsim.labelling.presenting import questions_of
from tawsim.store.database import Transaction

OVER = frozenset({"completed", "cancelled"})


@dataclass(frozen=True, slots=True)
class NewTask:
    """A task to be made under `id`. `batch_id`: the batch that it belongs to; `known`: its answer, where `purpose` is gold or
    training; `due_at` in microseconds."""

    id: str
    content: Mapping[str, Any]
    batch_id: str | None = None
    requirement: Requirement = ANYBODY
    priority: int = 0
    purpose: Purpose = "work"
    known: Known | None = None
    due_at: int | None = None


def add_now(tx: Transaction, project: Project, tasks: Sequence[NewTask], *, actor_id: str = "clock") -> None:
    """Make up to 1,000 tasks, in their order: there and visible when this transaction commits.

    Raises AlreadyRunning while an import of the project is under way, AlreadyExists for an id that is taken, Conflict for a
    batch that is over, and BadInput that names the task which the project cannot show.
    """
    for batch_id in {task.batch_id for task in tasks} - {None}:
        _check_batch(tx, project, str(batch_id))
    rows = [
        {
            "id": task.id, "content": task.content, "due_at": task.due_at, "batch_id": task.batch_id,
            "priority": check_priority(task.priority), "requirement": task.requirement, "known": _known(project, task),
        }
        for task in tasks
    ]  # fmt: skip
    insert_now(tx, actor_id, project, rows, _Places(project.id, actor_id))


def _check_batch(tx: Transaction, project: Project, batch_id: str) -> None:
    batch = tx.one("batch_get", id=batch_id)
    if batch is None or batch["project_id"] != project.id:
        raise NotFound("There is no such batch in this project.")
    if batch["state"] in OVER:
        raise Conflict(f"The batch “{batch['name']}” is {batch['state']}: nothing can be added to it.")


def _known(project: Project, task: NewTask) -> Known | None:
    if task.purpose == "work":
        if task.known is not None:
            raise BadInput(f"task {task.id}: a task of known answer is gold or training.", "Say its purpose.")
        return None
    if task.known is None:
        raise BadInput(f"task {task.id}: a task for {task.purpose} needs its known answer.")
    try:
        questions = questions_of(project, task.content)
        return read_known(questions, task.content, replace(task.known, purpose=task.purpose))
    except BadInput as error:
        raise BadInput(f"task {task.id}: {error.message}", error.hint, **error.details) from None


@dataclass(frozen=True, slots=True)
class _Places:
    """Where tasks go: each says so itself."""

    project_id: str
    actor_id: str

    def read(self, row: Mapping[str, Any], file: str, number: int) -> tuple[Mapping[str, Any], dict[str, Any]]:
        """Nothing stands in the row."""
        return row, {}

    def store(self, tx: Transaction, tasks: Sequence[dict[str, Any]]) -> None:
        """Give each task its lane and purpose, before it is inserted."""
        lanes: dict[tuple[Requirement, int, str], str] = {}
        for task in tasks:
            at = (task["requirement"], task["priority"], task["batch_id"] or NO_BATCH)
            if at not in lanes:
                lanes[at] = lane_of(tx, self.project_id, *at)
            known = task["known"]
            task["lane_id"] = lanes[at]
            task["purpose"] = "work" if known is None else known.purpose
            task["is_open"] = int(known is None)

    def stored(self, tx: Transaction, tasks: Sequence[Mapping[str, Any]]) -> None:
        """Keep what is known, after the tasks are there."""
        new_gold_rows(tx, self.project_id, self.actor_id, [task for task in tasks if task["known"] is not None])
