"""Rows as the objects of the second version, exactly as its client takes them: ids are texts, and what is unknown is left out.

`expand` puts an object in the place of its id. What belongs in a list is found by loop/scale/.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tawsim.core.clock import to_iso_ms
from tawsim.loop.scale.projects import params_of
from tawsim.loop.scale.v2_annotations import is_texts
from tawsim.loop.scale.v2_threads import NOTHING_MORE, Wanted, shown_threads
from tawsim.store.database import Row, Transaction

Json = dict[str, Any]


def project_json(row: Row) -> Json:
    """A project; its kinds of work and its models where its parameters name them."""
    found = {"id": row["project_id"], "name": row["name"], "created_at": to_iso_ms(row["created_at"])}
    told = {**json.loads(row["facts"]), **params_of(row)}
    return found | {name: told[name] for name in ("types", "models") if is_texts(told.get(name))}


@dataclass(slots=True)
class Objects:
    """Makes the objects of one answer; what several of them name is read once."""

    tx: Transaction
    expand: frozenset[str] = frozenset()
    wanted: Wanted = NOTHING_MORE
    _projects: dict[str, Json | str] = field(default_factory=dict)
    _batches: dict[str, Json | str] = field(default_factory=dict)

    def batch(self, row: Row) -> Json:
        """A batch."""
        found = {
            "id": row["id"],
            "name": row["name"],
            "project": self._project(row["project_id"]),
            "status": row["state"],
            "created_at": to_iso_ms(row["created_at"]),
            "metadata": json.loads(row["metadata"]),
        }
        if row["completed_at"] is not None:
            found["completed_at"] = to_iso_ms(row["completed_at"])
        if row["callback"]:
            found["callback"] = row["callback"]
        return found

    def task(self, row: Row) -> Json:
        """A task as it is now. Its threads are shown once it is completed."""
        response = json.loads(row["response"]) if row["response"] is not None else None
        found = self._task(row, row["project_id"], row["status"], response, row["updated_at"])
        if row["status"] == "error" and isinstance(response, Mapping):
            found["errors"] = [{"message": str(response.get("error") or "The task could not be done.")}]
        return found

    def delivered_task(self, row: Row, delivery: Row) -> Json:
        """A task as it was when it was delivered."""
        response = json.loads(row["response"])
        return self._task(row, delivery["project_id"], "completed", response, delivery["delivered_at"])

    def delivery(self, row: Row) -> Json:
        """A delivery."""
        return {
            "id": row["id"],
            "name": row["name"],
            "task_count": row["task_count"],
            "delivered_at": to_iso_ms(row["delivered_at"]),
            "project": self._project(row["project_id"]),
        }

    def delivery_or_id(self, row: Row) -> Json | str:
        """A delivery where it was asked for whole, else its id."""
        return self.delivery(row) if "delivery" in self.expand else str(row["id"])

    def _task(self, row: Row, project_id: str, status: str, response: Any, until: int) -> Json:
        found: Json = {
            "task_id": row["task_id"],
            "project": self._project(project_id),
            "status": status,
            "created_at": to_iso_ms(row["created_at"]),
            "metadata": json.loads(row["metadata"]),
            "threads": [],
        }
        if row["batch_id"] is not None:
            found["batch"] = self._batch(row["batch_id"])
        if row["completed_at"] is not None:
            found["completed_at"] = to_iso_ms(row["completed_at"])
        if status == "completed":
            found["threads"] = shown_threads(row["task_id"], response, self.wanted, self._submissions(row, until))
        return found

    def _submissions(self, row: Row, until: int) -> list[Json]:
        if not self.wanted.submissions:
            return []
        return [
            {"submitted_at": to_iso_ms(one["created_at"]), "contributor_id": one["worker_id"]}
            for one in self.tx.all("scale_v2_submissions", task_id=row["task_id"], until=until)
        ]

    def _project(self, project_id: str) -> Json | str:
        if project_id not in self._projects:
            row = self.tx.one("scale_v2_project", id=project_id) if "project" in self.expand else None
            self._projects[project_id] = project_id if row is None else project_json(row)
        return self._projects[project_id]

    def _batch(self, batch_id: str) -> Json | str:
        if batch_id not in self._batches:
            row = self.tx.one("scale_v2_batch", id=batch_id) if "batch" in self.expand else None
            self._batches[batch_id] = batch_id if row is None else self.batch(row)
        return self._batches[batch_id]
