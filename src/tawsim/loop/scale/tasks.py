"""Tasks of the Scale-compatible API: made, read back, changed. What was sent is kept word for word.

A task is a row of its own first, durable before the answer; making it one of people's tasks is placing.py's, what becomes of
it outcomes.py's. In the world of test keys it is completed at once, with an invented response, and nobody is asked.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tawsim.core.clock import SECOND, to_iso_ms
from tawsim.core.errors import AlreadyExists, BadInput, KeyReused, NotFound
from tawsim.core.ids import new_id
from tawsim.labelling.owners import remove_task
from tawsim.loop.scale import outcomes
from tawsim.loop.scale.projects import params_of, project_by_id, project_by_name, project_of_type, version_of
from tawsim.loop.scale.sent import Sent, read_metadata, read_sent, read_tags, read_unique_id
from tawsim.loop.scale.world import World
from tawsim.scale import inventing, types
from tawsim.store.database import Row, Transaction
from tawsim.store.rows import to_json

Json = dict[str, Any]
KEYS_KEPT = 2 * 86_400 * SECOND
LONGEST_KEY = 500
# What a project's parameters fill otherwise than as parameters of the type.
_NOT_PARAMS = frozenset({"instruction", "callback_url"})
OPEN_TO_TASKS = {"live": frozenset({"staging"}), "test": frozenset({"staging", "in_progress"})}


@dataclass(frozen=True, slots=True)
class Checked:
    """What was sent, read and found good for this version of the project's parameters (None: of no project)."""

    read: Sent
    of: tuple[str, int] | None


@dataclass(frozen=True, slots=True)
class Key:
    """An idempotency key, and the digest of the body that came with it."""

    text: str
    digest: str


def check_ahead(tx: Transaction, world: World, type_: str, sent: Any) -> Checked:
    """Read and check what was sent, in any transaction: a large one takes a while, and the writer is everybody's. Raises as
    `create_task` does."""
    _check_type(type_)
    read = read_sent(sent)
    project = _project(tx, world, type_, read, _batch(tx, world, read)) if read.project or read.batch else None
    types.check(type_, _filled({} if project is None else params_of(project), read.params))
    return Checked(read, None if project is None else (project["project_id"], version_of(project)))


def create_task(
    tx: Transaction, world: World, type_: str, sent: Any, *, purpose: str = "work", ahead: Checked | None = None
) -> Row:
    """Make a task of this type from what was sent. Raises NotFound (type, project, batch), BadInput that names the field,
    and AlreadyExists for a taken unique_id. `ahead`: what `check_ahead` found."""
    _check_type(type_)
    read = read_sent(sent) if ahead is None else ahead.read
    batch = _batch(tx, world, read)
    project = _project(tx, world, type_, read, batch)
    of = (project["project_id"], version_of(project)) if project["named"] else None
    if ahead is None or ahead.of != of:
        types.check(type_, _filled(params_of(project), read.params))
    row = _insert(tx, world, type_, read, project, batch, purpose)
    if world.mode == "test" and purpose == "work":
        params, _ = effective(tx, row)
        outcomes.complete(tx, world, row["task_id"], inventing.invent(type_, params, row["task_id"]))
        row = task_row(tx, row["task_id"])
    return row


def read_key(key: str, type_: str, sent: Any) -> Key | None:
    """The idempotency key of a request, with the digest of its body; None where none was sent. Before the writer has it: of a
    large body the digest takes a while. Raises BadInput."""
    if not key:
        return None
    if len(key) > LONGEST_KEY:
        raise BadInput(f"Idempotency-Key has at most {LONGEST_KEY} characters.")
    return Key(key, hashlib.sha256(json.dumps([type_, sent], sort_keys=True).encode()).hexdigest())


def create_once(
    tx: Transaction, world: World, type_: str, sent: Any, key: Key | None, *, ahead: Checked | None = None
) -> Row:
    """`create_task`, once for an idempotency key: the same body again gives the task that was made. Raises KeyReused for
    another body."""
    if key is None:
        return create_task(tx, world, type_, sent, ahead=ahead)
    tx.run("scale_key_forget", before=tx.now - KEYS_KEPT)
    known = tx.one("scale_key_get", key=key.text)
    if known is not None and known["digest"] != key.digest:
        raise KeyReused("This Idempotency-Key was used before with another body.", "Make a new key for a new task.")
    if known is not None:
        return task_row(tx, known["task_id"])
    row = create_task(tx, world, type_, sent, ahead=ahead)
    tx.run("scale_key_insert", key=key.text, digest=key.digest, task_id=row["task_id"], now=tx.now)
    return row


def _check_type(type_: str) -> None:
    if type_ not in types.TYPES:
        raise NotFound(f"There is no type of task {type_[:60]!r}.", "Types: " + ", ".join(sorted(types.TYPES)))


def _batch(tx: Transaction, world: World, read: Sent) -> Row | None:
    if not read.batch:
        return None
    batch = tx.one("scale_batch_named", name=read.batch)
    if batch is None:
        raise NotFound(f"There is no batch “{read.batch[:200]}”.")
    if batch["state"] not in OPEN_TO_TASKS[world.mode]:
        raise BadInput(
            f"The batch “{read.batch[:200]}” is {batch['state']}: nothing can be added to it.", field="batch"
        )
    return batch


def _project(tx: Transaction, world: World, type_: str, read: Sent, batch: Row | None) -> Row:
    """The named project, else that of the batch, else the one of tasks without any."""
    if read.project:
        project = project_by_name(tx, read.project)
        if batch is not None and batch["project_id"] != project["project_id"]:
            raise BadInput(f"The batch “{read.batch[:200]}” belongs to another project.", field="batch")
    elif batch is not None:
        project = project_by_id(tx, batch["project_id"])
        if project["state"] == "removed":
            raise NotFound(f"The project of the batch “{read.batch[:200]}” was removed.")
    else:
        return project_of_type(tx, world, type_)
    if project["type"] != type_:
        raise BadInput(
            f"The project “{project['name'][:200]}” is of type {project['type']}, not {type_}.", field="project"
        )
    return project


def _insert(
    tx: Transaction, world: World, type_: str, read: Sent, project: Row, batch: Row | None, purpose: str
) -> Row:
    task_id = new_id(tx.now)
    made = tx.run(
        "scale_task_insert", task_id=task_id, type=type_, project_id=project["project_id"],
        batch_id=None if batch is None else batch["id"], purpose=purpose,
        stage="waiting" if world.mode == "live" else "over", unique_id=read.unique_id, instruction=read.instruction,
        callback_url=read.callback_url, params=to_json(read.params), version=version_of(project),
        clear_on_error=int(read.clear_unique_id_on_error), is_test=int(world.mode == "test"), metadata=to_json(read.metadata),
        tags=None if read.tags is None else to_json(list(read.tags)), priority=read.priority, now=tx.now,
    )  # fmt: skip
    if not made:
        raise _taken(tx, str(read.unique_id))
    for tag in read.tags or ():
        tx.run("scale_tag_insert", tag=tag, task_id=task_id)
    return task_row(tx, task_id)


def _taken(tx: Transaction, unique_id: str) -> AlreadyExists:
    holder = tx.one("scale_task_by_unique_id", unique_id=unique_id)
    task_id = "" if holder is None else holder["task_id"]
    return AlreadyExists(
        f"The unique_id {unique_id[:200]!r} is that of task {task_id}.", "Clear it there, or send another.",
        unique_id=unique_id, task_id=task_id,
    )  # fmt: skip


# ---- reading back -------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Projects:
    """The projects that tasks of one answer belong to, each looked up once."""

    tx: Transaction
    _found: dict[str, Row] = field(default_factory=dict)

    def of(self, task: Row) -> Row:
        """The project of this task."""
        project_id = task["project_id"]
        if project_id not in self._found:
            self._found[project_id] = project_by_id(self.tx, project_id)
        return self._found[project_id]


def task_row(tx: Transaction, task_id: str) -> Row:
    """The task with the name of its batch. Raises NotFound, for evaluation and training tasks of another kind too."""
    row = tx.one("scale_task_get", task_id=task_id)
    if row is None:
        raise NotFound(f"There is no task {task_id[:60]!r}.")
    return row


def effective(tx: Transaction, row: Row, projects: Projects | None = None) -> tuple[Json, str]:
    """The parameters and the instruction of a task with those of its project, as they were when it was made: its own
    parameters win, and the project's instruction comes after its own."""
    project = (projects or Projects(tx)).of(row)
    given = params_of(project, row["version"])
    texts = (row["instruction"], given.get("instruction", ""))
    return _filled(given, json.loads(row["params"])), "\n\n".join(text for text in texts if text)


def _filled(given: Mapping[str, Any], own: Mapping[str, Any]) -> Json:
    found = {name: value for name, value in given.items() if name not in _NOT_PARAMS}
    return found | {name: value for name, value in own.items() if value is not None or name not in found}


def task_json(tx: Transaction, row: Row, projects: Projects | None = None, *, limited: bool = False) -> Json:
    """A task as the first version tells it. What was never set has no key at all."""
    projects = projects or Projects(tx)
    project = projects.of(row)
    metadata = json.loads(row["metadata"])
    named = {"project": project["name"]} if project["named"] else {}
    if limited:
        return {"task_id": row["task_id"], "status": row["status"], "metadata": metadata, **named}
    params, instruction = effective(tx, row, projects)
    found: Json = {
        "task_id": row["task_id"], "type": row["type"], "status": row["status"],
        "created_at": to_iso_ms(row["created_at"]), "updated_at": to_iso_ms(row["updated_at"]),
        "callback_url": row["callback_url"], "instruction": instruction, "params": params, "metadata": metadata,
        "is_test": bool(row["is_test"]), **named,
    }  # fmt: skip
    return found | _when_known(row)


def _when_known(row: Row) -> Json:
    found: Json = {}
    for name in ("unique_id", "review_status"):
        if row[name] is not None:
            found[{"review_status": "customer_review_status"}.get(name, name)] = row[name]
    if row["batch_name"] is not None:
        found["batch"] = row["batch_name"]
    if row["completed_at"] is not None:
        found["completed_at"] = to_iso_ms(row["completed_at"])
    if row["callback_succeeded"] is not None:
        found["callback_succeeded"] = bool(row["callback_succeeded"])
    told = {"tags": "tags", "priority": "priority", "response": "response", "prior_responses": "prior_responses",
            "review_comments": "customer_review_comments"}  # fmt: skip
    return found | {name: json.loads(row[column]) for column, name in told.items() if row[column] is not None}


# ---- changing -----------------------------------------------------------------------------------------------------


def cancel_task(tx: Transaction, world: World, task_id: str, *, clear_unique_id: bool = False) -> Row:
    """Take a task back that nobody has begun. Raises NotFound, and BadInput for one that is under way or over."""
    row = task_row(tx, task_id)
    if row["status"] != "pending":
        raise BadInput(f"The task is {row['status']}: only pending ones can be canceled.")
    if tx.one("scale_task_begun", task_id=task_id) is not None:
        raise BadInput("Somebody is working on this task, or has answered it: it can no longer be canceled.")
    if row["stage"] == "placed":
        remove_task(tx, world.actor_id, task_id)
    outcomes.cancel(tx, world, task_id)
    if clear_unique_id:
        tx.run("scale_task_set_unique_id", task_id=task_id, unique_id=None, now=tx.now)
    return task_row(tx, task_id)


def set_metadata(tx: Transaction, task_id: str, metadata: Any) -> Row:
    """Other metadata for a task; nothing sent empties it. Raises NotFound, BadInput."""
    task_row(tx, task_id)
    tx.run("scale_task_set_metadata", task_id=task_id, metadata=to_json(read_metadata(metadata)), now=tx.now)
    return task_row(tx, task_id)


def set_tags(tx: Transaction, task_id: str, tags: Any) -> Row:
    """These tags and no others; nothing sent leaves none."""
    return _with_tags(tx, task_id, read_tags(tags))


def add_tags(tx: Transaction, task_id: str, tags: Any) -> Row:
    """These tags too."""
    return _with_tags(tx, task_id, (*_tags(tx, task_id), *read_tags(tags)))


def delete_tags(tx: Transaction, task_id: str, tags: Any) -> Row:
    """Without these tags."""
    gone = set(read_tags(tags))
    return _with_tags(tx, task_id, [tag for tag in _tags(tx, task_id) if tag not in gone])


def _tags(tx: Transaction, task_id: str) -> list[str]:
    found: list[str] = json.loads(task_row(tx, task_id)["tags"] or "[]")
    return found


def _with_tags(tx: Transaction, task_id: str, tags: Sequence[str]) -> Row:
    standing, wanted = _tags(tx, task_id), read_tags(list(tags))
    for tag in standing:
        tx.run("scale_tag_delete", tag=tag, task_id=task_id)
    for tag in wanted:
        tx.run("scale_tag_insert", tag=tag, task_id=task_id)
    tx.run("scale_task_set_tags", task_id=task_id, tags=to_json(list(wanted)), now=tx.now)
    return task_row(tx, task_id)


def set_unique_id(tx: Transaction, task_id: str, unique_id: Any) -> Row:
    """Another unique_id for a task; None takes it away. Raises NotFound, BadInput, AlreadyExists where another has it."""
    row = task_row(tx, task_id)
    wanted = None if unique_id is None else read_unique_id(unique_id)
    if wanted == row["unique_id"]:
        return row
    if wanted is not None and tx.one("scale_task_by_unique_id", unique_id=wanted) is not None:
        raise _taken(tx, wanted)
    tx.run("scale_task_set_unique_id", task_id=task_id, unique_id=wanted, now=tx.now)
    return task_row(tx, task_id)
