"""The history of one task as a time line: what came in, who had it, what they said, what became of that. For leads only.

Read from the log of events and from the tables behind it; actions on many tasks are found in their pieces. Nothing is
decided here, and nothing that a labeller is shown comes from here.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tawsim.core.errors import NotFound
from tawsim.labelling.slots import project_row
from tawsim.store.database import Database, Row, Transaction
from tawsim.workspaces.workspace import list_workers

MOST_EVENTS = 2_000
# Their versions, with what was said in them, are read from the table of versions.
TOLD_BY_VERSIONS = frozenset({"annotation.accepted", "annotation.edited"})
# Other actions on many tasks leave an event on every task.
TOLD_BY_JOBS = frozenset({"tag", "untag", "due"})
REASONED = frozenset({"lease.skipped", "lease.released", "lease.revoked", "lease.expired"})


def history_of(db: Database, project_id: str, seq: int) -> list[dict[str, Any]]:
    """Every step of a task, the earliest first: {at, kind, by, data, object_id}. Raises NotFound."""
    with db.read() as tx:
        project_row(tx, project_id)
        task = tx.one("table_task_by_seq", project_id=project_id, seq=seq)
        if task is None:
            raise NotFound("There is no such task.")
        names = {worker.id: worker.name for worker in list_workers(tx)}
        found = [*_imported(tx, project_id, seq), *_events(tx, task["id"]), *_versions(tx, task["id"])]
        found += _jobs(tx, project_id, seq)
    for one in found:
        by = one["by"]
        one["by"] = None if by is None else {"id": by, "name": names.get(by, "")}
    # Equal times stay in the order of their tables: an answer stands before the end of its lease's other traces.
    return sorted(found, key=lambda one: one["at"])


def _step(at: int, kind: str, by: str | None, object_id: str | None = None, **data: Any) -> dict[str, Any]:
    return {"at": at, "kind": kind, "by": by, "object_id": object_id, "data": data}


def _imported(tx: Transaction, project_id: str, seq: int) -> list[dict[str, Any]]:
    row = tx.one("table_import_of", project_id=project_id, seq=seq)
    return [] if row is None else [_step(row["ended_at"] or row["started_at"], "imported", None, source=row["source"])]


@dataclass(frozen=True, slots=True)
class _Said:
    """What people wrote, in the rows behind the events of one task."""

    leases: Mapping[str, Row]
    reviews: Mapping[str, Row]
    rejections: Mapping[tuple[str, int], str]
    decisions: Mapping[str, str]
    rejected: frozenset[tuple[str, int]]  # (answer, time) of rejections that a review tells of

    def behind(self, event: Row) -> dict[str, Any]:
        """What the row behind an event says: the reason of a skip or a rejection, the words of a review or a decision."""
        what, kind = event["object_id"] or "", event["kind"]
        lease, review = self.leases.get(what), self.reviews.get(what)
        if lease is not None and kind in REASONED:
            return {"reason": lease["reason"]} if lease["reason"] else {}
        if review is not None:
            said = {name: review[name] for name in ("verdict", "reason", "words", "annotation_id") if review[name]}
            return said | ({"answers": json.loads(review["answers"])} if review["answers"] else {})
        if kind == "annotation.rejected" and (what, event["at"]) in self.rejections:
            return {"reason": self.rejections[what, event["at"]]}
        return {"words": self.decisions[what]} if self.decisions.get(what) else {}


def _said_on(tx: Transaction, task_id: str) -> _Said:
    reviews = tx.all("table_reviews_said", task_id=task_id)
    return _Said(
        {row["id"]: row for row in tx.all("table_leases_of", task_id=task_id)},
        {row["id"]: row for row in reviews},
        {(row["annotation_id"], row["at"]): row["reason"] for row in tx.all("table_rejections_said", task_id=task_id)},
        {row["id"]: row["words"] for row in tx.all("table_decisions_said", task_id=task_id)},
        frozenset((row["annotation_id"], row["at"]) for row in reviews if row["verdict"] == "reject"),
    )


def _events(tx: Transaction, task_id: str) -> list[dict[str, Any]]:
    said = _said_on(tx, task_id)
    found = []
    for row in tx.all("table_events_of", task_id=task_id, n=MOST_EVENTS):
        if row["kind"] in TOLD_BY_VERSIONS or row["kind"] == "lease.submitted":
            continue
        if row["kind"] == "annotation.rejected" and (row["object_id"], row["at"]) in said.rejected:
            continue  # its review says the same, and more
        data = json.loads(row["data"]) | said.behind(row)
        found.append(_step(row["at"], row["kind"], row["actor_id"] or None, row["object_id"], **data))
    return found


def _versions(tx: Transaction, task_id: str) -> list[dict[str, Any]]:
    return [
        _step(
            row["at"], "answered" if row["version"] == 1 else "edited", row["by_worker"], row["annotation_id"],
            answers=json.loads(row["answers"]), version=row["version"], round=row["round"],
            **({"comment": row["comment"]} if row["comment"] else {}), **({"flag": True} if row["flag"] else {}),
            **({"late": True} if row["late"] and row["version"] == 1 else {}),
        )
        for row in tx.all("table_versions_of", task_id=task_id)
    ]  # fmt: skip


def _jobs(tx: Transaction, project_id: str, seq: int) -> list[dict[str, Any]]:
    """Tags and dates that were set, with those of many tasks at once."""
    found = []
    for row in tx.all("bulk_pieces_of_task", project_id=project_id, seq=seq):
        if row["action"] not in TOLD_BY_JOBS:
            continue
        if any(entry[0] == seq for entry in json.loads(row["before"])):
            kind = f"bulk.{row['action']}" + (".undone" if row["undoes"] else "")
            found.append(_step(row["created_at"], kind, row["worker_id"], row["id"], value=json.loads(row["value"])))
    return found
