"""Changing a project's settings, and carrying a change of overlap to its tasks a range at a time."""

from collections.abc import Mapping
from typing import Any

from tawsim.core.records import Project
from tawsim.labelling.owners import set_overlap_of_range
from tawsim.labelling.projects import update_project
from tawsim.store.database import Database

RANGE = 5_000


def change_project(
    db: Database, actor_id: str, project_id: str, seen_version: int, changes: Mapping[str, Any]
) -> Project:
    """Change settings. A new overlap reaches the existing tasks in short transactions, so labelling goes on meanwhile.

    Raises VersionConflict if somebody changed the settings first, BadInput for a bad value.
    """
    project = db.write(lambda tx: update_project(tx, actor_id, project_id, seen_version, changes))
    if "overlap" in changes:
        with db.read() as tx:
            counts = tx.one("project_count_get", project_id=project_id)
        last = counts["visible_seq"] if counts is not None else 0
        for after in range(0, last, RANGE):
            until = min(after + RANGE, last)
            db.write(
                lambda tx, after=after, until=until: set_overlap_of_range(  # type: ignore[misc]
                    tx, project_id, project.overlap, after, until
                )
            )
    return project
