"""The batches of a project, for those who manage. What a batch is, and what may be done to it, is in labelling/batches.py."""

from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Query

from tawsim.core.errors import NotFound
from tawsim.labelling import batches
from tawsim.labelling.slots import project_row
from tawsim.server.answers import Json
from tawsim.server.permissions import Manager, allow

router = APIRouter(tags=["queue"])
PAGE = 100


@dataclass(frozen=True)
class BatchFacts:
    """A batch and how far it is. `rank`: its place among batches, null after all that have one; `groups`: the groups of people
    that it was given to, none meaning everybody. `tasks` and what follows count as a project's progress does."""

    id: str
    name: str
    kind: str
    state: str
    rank: int | None
    groups: list[str]
    metadata: dict[str, Any]
    created_at: int
    completed_at: int | None
    tasks: int
    done: int
    skipped_out: int
    answers: int
    answers_wanted: int


@dataclass(frozen=True)
class BatchesShape:
    """A page of batches, the newest first; `next` is the `before` of the following page."""

    batches: list[BatchFacts]
    next: str | None


@router.get("/projects/{project_id}/batches", **allow("manage", gives=BatchesShape))
def list_batches(
    project_id: str, caller: Manager, before: str = "", limit: Annotated[int, Query(ge=1, le=PAGE)] = PAGE
) -> Json:
    """The batches of a project with their counts; `before`: the id of a batch of it, whose elders are asked for."""
    with caller.db.read() as tx:
        project_row(tx, project_id)
        start = (batches.LATEST, "")
        if before:
            last = tx.one("batch_get", id=before)
            if last is None or last["project_id"] != project_id:
                raise NotFound("There is no such batch in this project.")
            start = (last["created_at"], last["id"])
        rows = batches.page(tx, project_id, start, limit + 1)
        found = [batches.as_json(tx, row) for row in rows[:limit]]
    return Json({"batches": found, "next": found[-1]["id"] if len(rows) > limit else None})
