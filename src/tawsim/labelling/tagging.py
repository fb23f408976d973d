"""Tags of tasks, their due dates, and views that are saved under a name: what people put on the table of tasks themselves.

Nothing here changes who is given what; that is lanes.py.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import time
from typing import Any

from tawsim.core.errors import AlreadyExists, BadInput, NotAllowed, NotFound, VersionConflict
from tawsim.core.ids import new_id
from tawsim.core.records import Worker
from tawsim.core.text import comparable, is_name
from tawsim.labelling.slots import project_row
from tawsim.store.database import Row, Transaction
from tawsim.store.keys import record
from tawsim.store.rows import to_json

MAX_TAGS = 256
MAX_TAG = 60
MAX_VIEWS = 100
MAX_NAME = 80
MAX_COLUMNS = 30
MAX_QUERY = 2_000
# Whoever says a day means its end, in UTC: in the table, at the terminal, in a column of an import.
END_OF_DAY = time(23, 59, 59)
# 0001-01-01 to 9999-12-31 UTC in µs.
FIRST_DAY, LAST_DAY = -62_135_596_800_000_000, 253_402_300_799_999_999


@dataclass(frozen=True, slots=True)
class Tag:
    """A tag of a project. `number` counts from 0 within it."""

    id: str
    number: int
    name: str


def check_tag_name(name: Any) -> str:
    """1 to 60 printable characters, or BadInput."""
    clean = " ".join(comparable(name).split()) if isinstance(name, str) else ""
    if not clean or len(clean) > MAX_TAG or not is_name(clean):
        hint = "Marks that turn text around are none: they come along, unseen, when Arabic is copied."
        raise BadInput(f"A tag has 1 to {MAX_TAG} printable characters.", hint, field="tag")
    return clean


def add_tag(tx: Transaction, actor_id: str, project_id: str, name: str) -> Tag:
    """The tag of that name, made where there is none. Raises BadInput where a project has too many."""
    project_row(tx, project_id)
    clean = check_tag_name(name)
    found = tx.one("tag_find", project_id=project_id, name=clean)
    if found is not None:
        return Tag(found["id"], found["number"], found["name"])
    row = tx.one("tag_next_number", project_id=project_id)
    assert row is not None
    number = int(row["number"])
    if number >= MAX_TAGS:
        raise BadInput(f"A project has at most {MAX_TAGS} tags.", "Rename one that is not needed.", field="tag")
    tag = Tag(new_id(tx.now), number, clean)
    tx.run("tag_insert", id=tag.id, project_id=project_id, number=number, name=clean, created_at=tx.now)
    record(tx, "tag.added", actor_id, project_id=project_id, object_id=tag.id, data=to_json({"name": clean}))
    return tag


def rename_tag(tx: Transaction, actor_id: str, project_id: str, old: str, new: str) -> Tag:
    """Give a tag another name. Raises NotFound, AlreadyExists."""
    tag, clean = find_tag(tx, project_id, old), check_tag_name(new)
    if clean == tag.name:
        return tag
    if tx.one("tag_find", project_id=project_id, name=clean) is not None:
        raise AlreadyExists(f"There is a tag “{clean}” already.", "Choose another name.")
    tx.run("tag_rename", id=tag.id, name=clean)
    data = to_json({"from": tag.name, "to": clean})
    record(tx, "tag.renamed", actor_id, project_id=project_id, object_id=tag.id, data=data)
    return Tag(tag.id, tag.number, clean)


def find_tag(tx: Transaction, project_id: str, name: str) -> Tag:
    """The tag of that name, or NotFound."""
    found = tx.one("tag_find", project_id=project_id, name=check_tag_name(name))
    if found is None:
        raise NotFound(f"There is no tag “{name[:MAX_TAG]}” in this project.")
    return Tag(found["id"], found["number"], found["name"])


def tags_of(tx: Transaction, project_id: str) -> list[dict[str, Any]]:
    """Every tag of a project by name, with how many tasks have it."""
    project_row(tx, project_id)
    return [{name: row[name] for name in ("id", "name", "tasks")} for row in tx.all("tag_list", project_id=project_id)]


def tag_task(tx: Transaction, task_id: str, tag: Tag, on: bool) -> bool:
    """Put a tag on a task, or take it off; whether that changed anything. Whoever calls this leaves the event."""
    if on:
        return tx.run("task_tag_insert", task_id=task_id, tag_id=tag.id) > 0
    return tx.run("task_tag_delete", task_id=task_id, tag_id=tag.id) > 0


def check_due(value: Any) -> int | None:
    """A time in µs (UTC) of the years 1 to 9999, or None for none. Raises BadInput."""
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not FIRST_DAY <= value <= LAST_DAY:
        raise BadInput("A due date is a time in microseconds since 1970 UTC, or null for none.", field="due")
    return value


def set_due(tx: Transaction, task_id: str, at: int | None) -> None:
    """Say by when a task is wanted. Whoever calls this leaves the event."""
    tx.run("task_set_due", id=task_id, due_at=check_due(at))


# ---- views -------------------------------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class View:
    """What a saved view says. `shared`: the team sees it, and only its maker or an owner changes it."""

    name: str
    query: str
    columns: tuple[str, ...] = ()
    shared: bool = False


def read_view(name: Any, query: Any, columns: Any, shared: Any) -> View:
    """A view from JSON. Raises BadInput that names the field; whether the query can be read is asked by whoever knows."""
    clean = comparable(name) if isinstance(name, str) else ""
    if not clean or len(clean) > MAX_NAME or not is_name(clean):
        raise BadInput(f"A view's name has 1 to {MAX_NAME} printable characters.", field="name")
    if not isinstance(query, str) or len(query) > MAX_QUERY:
        raise BadInput(f"A view's query is a text of at most {MAX_QUERY:,} characters.", field="query")
    good = isinstance(columns, Sequence) and not isinstance(columns, str) and len(columns) <= MAX_COLUMNS
    if not good or not all(isinstance(one, str) and len(one) <= 200 for one in columns):
        raise BadInput(f"columns is a list of at most {MAX_COLUMNS} names.", field="columns")
    if not isinstance(shared, bool):
        raise BadInput("shared is true or false.", field="shared")
    return View(clean, query, tuple(columns), shared)


def views_of(tx: Transaction, project_id: str, worker_id: str) -> list[dict[str, Any]]:
    """One's own views and the team's, the oldest first. A view stays with the team when its maker has gone."""
    project_row(tx, project_id)
    return [_view_json(row, worker_id) for row in tx.all("view_list", project_id=project_id, worker_id=worker_id)]


def _view_json(row: Row, worker_id: str) -> dict[str, Any]:
    return {
        **{name: row[name] for name in ("id", "name", "query", "version", "created_at")},
        "columns": json.loads(row["columns"]),
        "shared": bool(row["shared"]),
        "mine": row["worker_id"] == worker_id,
        "by": {"name": row["worker_name"], "active": bool(row["active"])},
    }


def save_view(tx: Transaction, worker: Worker, project_id: str, view: View) -> str:
    """Keep a view of one's own; its id. Raises AlreadyExists, BadInput."""
    project_row(tx, project_id)
    mine = {"project_id": project_id, "worker_id": worker.id}
    if tx.one("view_by_name", name=view.name, **mine) is not None:
        raise AlreadyExists(f"You have a view “{view.name}” already.", "Choose another name, or change that one.")
    row = tx.one("view_count", **mine)
    if row is not None and row["n"] >= MAX_VIEWS:
        raise BadInput(f"You have {MAX_VIEWS} views here already.", "Delete one first.")
    view_id = new_id(tx.now)
    tx.run("view_insert", id=view_id, created_at=tx.now, **mine, **_stored(view))
    record(tx, "view.saved", worker.id, project_id=project_id, object_id=view_id, data=to_json({"name": view.name}))
    return view_id


def change_view(tx: Transaction, worker: Worker, project_id: str, view_id: str, seen_version: int, view: View) -> None:
    """Change a view. Raises NotFound for another's own, NotAllowed for another's shared one, VersionConflict."""
    row = _view_to_change(tx, worker, project_id, view_id)
    other = tx.one("view_by_name", project_id=project_id, worker_id=row["worker_id"], name=view.name)
    if other is not None and other["id"] != view_id:
        raise AlreadyExists(f"There is a view “{view.name}” already.", "Choose another name.")
    if tx.run("view_update", id=view_id, seen_version=seen_version, **_stored(view)) == 0:
        raise VersionConflict("This view was changed meanwhile.", "Load it again.", current_version=row["version"])
    record(tx, "view.changed", worker.id, project_id=project_id, object_id=view_id, data=to_json({"name": view.name}))


def delete_view(tx: Transaction, worker: Worker, project_id: str, view_id: str) -> None:
    """Take a view away. Raises NotFound, NotAllowed."""
    row = _view_to_change(tx, worker, project_id, view_id)
    tx.run("view_delete", id=view_id)
    record(tx, "view.deleted", worker.id, project_id=project_id, object_id=view_id, data=to_json({"name": row["name"]}))


def _view_to_change(tx: Transaction, worker: Worker, project_id: str, view_id: str) -> Row:
    row = tx.one("view_get", id=view_id, project_id=project_id)
    if row is None or (row["worker_id"] != worker.id and not row["shared"]):
        raise NotFound("There is no such view.")
    if row["worker_id"] != worker.id and worker.role != "owner":
        raise NotAllowed("This view is somebody else's.", "Save one of your own under another name.")
    return row


def _stored(view: View) -> dict[str, Any]:
    return {
        "name": view.name, "query": view.query, "columns": to_json(list(view.columns)), "shared": int(view.shared)
    }  # fmt: skip
