"""Moving in: what an account at Scale has of a project becomes a project here, all of it or nothing, as often as one likes.

Tasks keep the ids that they have there, so that what their users wrote down leads on; by the ids a second run knows what is here
already. What was done there stays done, with its response; what was pending waits here to be placed, as if it had been created
here. How an account is read is in moving_source.py.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tawsim.core.errors import AlreadyExists, BadInput
from tawsim.labelling import batches
from tawsim.loop.scale import projects
from tawsim.loop.scale.moving_source import NO_PROJECT, Found, pages
from tawsim.loop.scale.world import World
from tawsim.scale.types import TYPES
from tawsim.store.database import Database, Row, Transaction
from tawsim.store.keys import record
from tawsim.store.rows import to_json

Json = dict[str, Any]
STATUSES = frozenset({"pending", "completed", "canceled", "error"})
REVIEWS = frozenset({"accepted", "fixed", "commented", "rejected"})
BATCH_STATES = frozenset({"staging", "in_progress", "paused", "completed", "cancelled"})
OVER = frozenset({"completed", "cancelled"})
# What a project is told by that is no fact beside it.
_TOLD = frozenset({"name", "type", "param_history", "id", "created_at", "archived", "moved_from"})
EPOCH, MICROSECOND = datetime(1970, 1, 1, tzinfo=UTC), timedelta(microseconds=1)
_ID = re.compile(r"[0-9A-Za-z_-]{1,100}")
LOST_FILE = (
    "This task was moved here, and its attachment is a file that only Scale can read. "
    "Upload the file here and create the task anew."
)


@dataclass(slots=True)
class Moved:
    """What a run did of one project: tasks that are new here, by status; those that were here already; new batches. `lost`:
    of the erred ones, those that waited for a file which only Scale can read. `left_out`: what could not be understood."""

    project: str
    project_id: str | None = None
    tasks: int = 0
    already: int = 0
    batches: int = 0
    lost: int = 0
    left_out: int = 0
    statuses: dict[str, int] = field(default_factory=dict)


def move_project(db: Database, world: World, origin: str, found: Found, told: Sequence[Json], path: Path) -> Moved:
    """Put a project with its batches (`told`) and the pages of tasks in `path` into the workspace, in one transaction.

    `origin` is the address of the account: a project of this name that came from elsewhere is not added to. Raises
    AlreadyExists for such a one, and for a unique_id or batch name that is taken here by another task or project.
    """
    return db.write(lambda tx: _move(tx, world, origin, found, told, path))


def _move(tx: Transaction, world: World, origin: str, found: Found, told: Sequence[Json], path: Path) -> Moved:
    done = Moved(found.name)
    into = _Into(tx, world, done)
    if found.name != NO_PROJECT:
        into.project = _project(tx, world, origin, found)
        done.project_id = into.project["project_id"]
        for batch in told:
            into.batch(batch)
    for docs in pages(path):
        into.tasks(docs)
    if done.tasks or done.batches:
        data = {"from": origin, "tasks": done.tasks, "batches": done.batches}
        record(tx, "scale.moved", world.actor_id, project_id=done.project_id, data=to_json(data))
    return done


def _project(tx: Transaction, world: World, origin: str, found: Found) -> Row:
    """The project, made or met again; its parameters are those that it has there now."""
    history = [one for one in found.told.get("param_history") or () if isinstance(one, dict)] or [{}]
    facts = {name: value for name, value in found.told.items() if name not in _TOLD}
    row = tx.one("scale_project_named", name=found.name)
    if row is None or row["state"] == "removed":
        row = _new_project(tx, world, found, history[-1], facts)
    elif json.loads(row["facts"]).get("moved_from") != origin:
        raise AlreadyExists(
            f"There is a project “{found.name[:200]}” here already, which did not come from {origin}.",
            "Rename or remove it, or move the projects one by one with --project.",
        )
    versions = [one | {"version": one.get("version", number)} for number, one in enumerate(history)]
    tx.run(
        "scale_moved_project", project_id=row["project_id"], params=_text(versions),
        facts=_text({**facts, "moved_from": origin}), created_at=read_time(found.told.get("created_at"), row["created_at"]),
    )  # fmt: skip
    return projects.project_by_id(tx, row["project_id"])


def _new_project(tx: Transaction, world: World, found: Found, params: Json, facts: Json) -> Row:
    attempts = next((facts[name] for name in projects.ATTEMPTS if isinstance(facts.get(name), int)), None)
    pipeline = facts.get("pipeline")
    new = projects.NewScaleProject(
        found.name, str(found.told.get("type", "")), params, facts,
        pipeline if pipeline in projects.PIPELINES else projects.PIPELINES[0], attempts,
    )  # fmt: skip
    return projects.create(tx, world, new)


@dataclass(slots=True)
class _Into:
    """One run: where its batches and tasks go, and what it has done."""

    tx: Transaction
    world: World
    done: Moved
    project: Row | None = None
    _batches: dict[str, Row] = field(default_factory=dict)
    _unnamed: dict[str, Row] = field(default_factory=dict)

    def batch(self, told: Mapping[str, Any]) -> None:
        """A batch, made or met again."""
        assert self.project is not None
        name = str(told["name"])
        row = self.tx.one("scale_batch_named", name=name)
        if row is not None and row["project_id"] != self.project["project_id"]:
            raise AlreadyExists(
                f"There is a batch “{name[:200]}” here already, in another project.", "Rename it there."
            )
        if row is None:
            row = self._new_batch(name, told)
        self._batches[name] = row

    def _new_batch(self, name: str, told: Mapping[str, Any]) -> Row:
        assert self.project is not None
        state = told.get("status") if told.get("status") in BATCH_STATES else "in_progress"
        metadata = told.get("metadata")
        new = batches.NewBatch(
            name, state="staging" if state == "staging" else "in_progress",
            metadata=metadata if isinstance(metadata, dict) else {}, callback=str(told.get("callback") or ""),
        )  # fmt: skip
        row = batches.create(self.tx, self.world.actor_id, self.project["project_id"], new)
        ended = read_time(told.get("completed_at"), self.tx.now) if state in OVER else None
        self.tx.run(
            "scale_moved_batch", id=row["id"], state=state, completed_at=ended,
            created_at=read_time(told.get("created_at"), self.tx.now),
        )  # fmt: skip
        self.done.batches += 1
        return batches.batch_row(self.tx, row["id"])

    def tasks(self, docs: Iterable[Json]) -> None:
        """A page of tasks: those that are not here yet."""
        rows = list(self._rows(docs))
        self.tx.many("scale_moved_task_insert", rows)
        tags = [{"tag": tag, "task_id": row["task_id"]} for row in rows for tag in json.loads(row["tags"] or "[]")]
        self.tx.many("scale_moved_tag_insert", tags)
        for row in rows:
            self.done.tasks += 1
            self.done.statuses[row["status"]] = self.done.statuses.get(row["status"], 0) + 1

    def _rows(self, docs: Iterable[Json]) -> Iterator[Json]:
        seen: set[str] = set()
        for told in docs:
            task_id = told.get("task_id")
            if not isinstance(task_id, str) or not _ID.fullmatch(task_id) or told.get("status") not in STATUSES:
                self.done.left_out += 1
            elif task_id in seen or self.tx.one("scale_moved_there", task_id=task_id) is not None:
                self.done.already += 1
            else:
                seen.add(task_id)
                yield self._row(task_id, told)

    def _row(self, task_id: str, told: Json) -> Json:
        type_ = str(told.get("type", ""))
        project = self.project or self._of_type(type_)
        params = told["params"] if isinstance(told.get("params"), dict) else {}
        version, instruction = _own_instruction(project, told)
        row = {
            "task_id": task_id, "type": type_, "project_id": project["project_id"], "batch_id": self._batch_of(told),
            "stage": "waiting" if told["status"] == "pending" and type_ in TYPES else "over",
            "unique_id": self._free(told.get("unique_id"), task_id), "instruction": instruction, "version": version,
            "callback_url": str(told.get("callback_url") or ""), "params": _text(params), "status": told["status"],
            **_said(told), **_times(told, self.tx.now),
        }  # fmt: skip
        if row["stage"] == "waiting" and '"scaledata://' in row["params"]:
            self.done.lost += 1
            lost = {"error": LOST_FILE, "attachments": [{"statusCode": 404, "url": url} for url in _files_in(params)]}
            row |= {"status": "error", "stage": "over", "response": _text(lost)}
        return row

    def _batch_of(self, told: Json) -> str | None:
        name = told.get("batch")
        if not isinstance(name, str) or not name or self.project is None:
            return None
        if name not in self._batches:
            self.batch({"name": name, "status": "in_progress"})
        return str(self._batches[name]["id"])

    def _of_type(self, type_: str) -> Row:
        if type_ not in self._unnamed:
            self._unnamed[type_] = projects.project_of_type(self.tx, self.world, type_)
        return self._unnamed[type_]

    def _free(self, unique_id: Any, task_id: str) -> str | None:
        if not isinstance(unique_id, str) or not unique_id:
            return None
        holder = self.tx.one("scale_task_by_unique_id", unique_id=unique_id)
        if holder is not None:
            raise AlreadyExists(
                f"Task {task_id} has the unique_id {unique_id[:200]!r} there, and task {holder['task_id']} has it here.",
                "Clear one of the two.",
            )
        return unique_id


def _own_instruction(project: Row, told: Json) -> tuple[int, str]:
    """Which version of the project's parameters a task was made with, by its time, and its instruction without theirs."""
    made = read_time(told.get("created_at"), 0)
    history = json.loads(project["params"])
    version = max((n for n, one in enumerate(history) if read_time(one.get("created_at"), 0) <= made), default=0)
    whole, theirs = str(told.get("instruction") or ""), history[version].get("instruction")
    if isinstance(theirs, str) and theirs and whole.endswith(theirs):
        whole = whole[: -len(theirs)].rstrip("\n")
    return version, whole


def _said(told: Json) -> Json:
    """What was said of a task there besides what it is."""
    review = told.get("customer_review_status")
    succeeded = told.get("callback_succeeded")
    tags = told.get("tags")
    return {
        "metadata": _text(told["metadata"] if isinstance(told.get("metadata"), dict) else {}),
        "tags": _text([one for one in tags if isinstance(one, str)]) if isinstance(tags, list) else None,
        "priority": _kept(told.get("priority")), "response": _kept(told.get("response")),
        "prior_responses": _kept(told.get("prior_responses")), "review_status": review if review in REVIEWS else None,
        "review_comments": _kept(told.get("customer_review_comments")),
        "callback_succeeded": int(succeeded) if isinstance(succeeded, bool) else None,
    }  # fmt: skip


def _times(told: Json, now: int) -> Json:
    made = read_time(told.get("created_at"), now)
    done = told.get("completed_at")
    return {
        "created_at": made, "updated_at": read_time(told.get("updated_at"), made),
        "completed_at": None if done is None else read_time(done, made),
    }  # fmt: skip


def _files_in(value: Any) -> list[str]:
    """The addresses of files in parameters."""
    if isinstance(value, str):
        return [value] if value.startswith("scaledata://") else []
    inside = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [one for part in inside for one in _files_in(part)]


def _kept(value: Any) -> str | None:
    return None if value is None else _text(value)


def _text(value: Any) -> str:
    """As JSON. Half a character, which no file can hold, becomes a question mark."""
    try:
        return to_json(value).encode("utf-8", "replace").decode()
    except (ValueError, TypeError, RecursionError) as error:
        raise BadInput(f"What came from there cannot be stored: {error}.") from None


def read_time(text: Any, otherwise: int) -> int:
    """A time as Scale writes it, in microseconds; `otherwise` for what is none."""
    try:
        found = datetime.fromisoformat(text)
    except (TypeError, ValueError):
        return otherwise
    aware = found if found.tzinfo is not None else found.replace(tzinfo=UTC)
    return (aware - EPOCH) // MICROSECOND
