"""What people are told of what became of their work, and whether they have seen it. Written in the transaction that did it.

Which facts of a notice reach its reader is said here, by name: what others put in for their own use (a task's own id or
number, by which a task of known answer could be told) stays in the store.
"""

import json
from typing import Any

from tawsim.core.ids import new_id
from tawsim.store.database import Row, Transaction
from tawsim.store.rows import to_json

TOLD = (
    "reason", "words", "verdict", "side", "counts", "annotation_id", "days", "judges", "version", "n", "right", "low", "high",
    "pass_at", "name", "per_hour", "stage", "active",
)  # fmt: skip


def notify(
    tx: Transaction,
    worker_id: str,
    kind: str,
    *,
    project_id: str | None = None,
    object_id: str | None = None,
    **data: Any,
) -> None:
    """Leave word for one person. `kind` is a dotted name such as "review.rejected"; `data` is what its sentence needs."""
    tx.run(
        "notice_insert", id=new_id(tx.now), worker_id=worker_id, project_id=project_id, kind=kind, object_id=object_id,
        data=to_json(data), at=tx.now,
    )  # fmt: skip


def own_notices(tx: Transaction, worker_id: str, before: str, n: int) -> list[dict[str, Any]]:
    """A page of one person's notices, the newest first, with the names of their projects."""
    names = {row["id"]: row["name"] for row in tx.all("project_list")}
    return [_notice(row, names) for row in tx.all("notice_page", worker_id=worker_id, before=before, n=n)]


def _notice(row: Row, names: dict[str, str]) -> dict[str, Any]:
    data = json.loads(row["data"])
    return {
        "id": row["id"],
        "kind": row["kind"],
        "project_id": row["project_id"] if row["project_id"] in names else None,
        "project": names.get(row["project_id"]),
        "object_id": row["object_id"],
        "data": {name: data[name] for name in TOLD if name in data},
        "at": row["at"],
        "seen_at": row["seen_at"],
    }


def unseen(tx: Transaction, worker_id: str) -> int:
    """How many of them the person has not seen."""
    row = tx.one("notice_unseen", worker_id=worker_id)
    assert row is not None
    return int(row["n"])


def see(tx: Transaction, worker_id: str, until: str) -> int:
    """All of one person's notices up to this id are seen. Returns how many were not."""
    return tx.run("notice_seen", worker_id=worker_id, until=until, now=tx.now)


def tell_project(
    tx: Transaction, project_id: str, kind: str, *, but: str, object_id: str | None = None, **data: Any
) -> None:
    """Leave word for everybody who works in the project, `but` not for who did it."""
    for row in tx.all("project_people", project_id=project_id):
        if row["worker_id"] != but:
            notify(tx, row["worker_id"], kind, project_id=project_id, object_id=object_id, **data)
