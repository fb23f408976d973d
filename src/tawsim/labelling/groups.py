"""Groups of people inside one project, to whom batches are given (batches.py). Groups of a profile are another thing: words of
the workspace by which single tasks choose their people (lanes.py).
"""

from collections.abc import Iterable
from typing import Any

from tawsim.core.errors import AlreadyExists, BadInput, NotFound
from tawsim.core.ids import new_id
from tawsim.core.text import is_unicode
from tawsim.labelling.slots import project_row
from tawsim.store.database import Row, Transaction
from tawsim.store.keys import record
from tawsim.store.rows import to_json

MAX_NAME = 500


def create_group(tx: Transaction, actor_id: str, project_id: str, name: str, worker_ids: Iterable[str]) -> Row:
    """A group of these people. Raises AlreadyExists for a name that a group of the project has, NotFound, BadInput."""
    project_row(tx, project_id)
    if not isinstance(name, str) or not name.strip() or len(name) > MAX_NAME or not is_unicode(name) or "\0" in name:
        raise BadInput(f"name: a group has a name of 1 to {MAX_NAME} characters.", field="name")
    if find_group(tx, project_id, name) is not None:
        raise AlreadyExists(f"There is a group called “{name}” in this project already.", "Choose another name.")
    group_id = new_id(tx.now)
    tx.run("group_insert", id=group_id, project_id=project_id, name=name, now=tx.now)
    record(tx, "project.group_created", actor_id, project_id=project_id, object_id=group_id)
    return change_group(tx, actor_id, group_id, add=worker_ids)


def change_group(
    tx: Transaction, actor_id: str, group_id: str, *, add: Iterable[str] = (), remove: Iterable[str] = ()
) -> Row:
    """Take these people in, then let those out. Leases that are out stay where they are. Raises NotFound."""
    row = group_row(tx, group_id)
    added, removed = list(dict.fromkeys(add)), list(dict.fromkeys(remove))
    for worker_id in added:
        if tx.one("worker_get", id=worker_id) is None:
            raise NotFound("There is no such worker.")
        tx.run("group_member_insert", group_id=group_id, worker_id=worker_id)
    for worker_id in removed:
        tx.run("group_member_delete", group_id=group_id, worker_id=worker_id)
    if added or removed:
        record(
            tx, "project.group_changed", actor_id, project_id=row["project_id"], object_id=group_id,
            data=to_json({"added": len(added), "removed": len(removed)}),
        )  # fmt: skip
    return row


def leave_groups(tx: Transaction, project_id: str, worker_id: str) -> None:
    """Let somebody out of all groups of a project."""
    tx.run("group_members_leave", project_id=project_id, worker_id=worker_id)


def group_row(tx: Transaction, group_id: str) -> Row:
    """The group, or NotFound."""
    row = tx.one("group_get", id=group_id)
    if row is None:
        raise NotFound("There is no such group.")
    return row


def find_group(tx: Transaction, project_id: str, name: str) -> Row | None:
    """The group of that name."""
    return tx.one("group_by_name", project_id=project_id, name=name)


def groups_of(tx: Transaction, project_id: str) -> list[Row]:
    """The groups of a project, the oldest first."""
    return tx.all("group_list", project_id=project_id)


def people_of(tx: Transaction, group_id: str) -> list[dict[str, Any]]:
    """Who is in a group: id, name, profile (as stored)."""
    return [dict(row) for row in tx.all("group_members", group_id=group_id)]
