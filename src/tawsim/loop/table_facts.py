"""What the page of the task table needs besides rows: names to filter by, columns, labels, tags, people, saved views."""

from typing import Any

from tawsim.core.records import Worker
from tawsim.labelling.slots import project_row
from tawsim.labelling.tagging import tags_of, views_of
from tawsim.loop.exporting import content_columns
from tawsim.loop.table import table_state
from tawsim.loop.table_names import names_for
from tawsim.loop.table_search import CAN_INDEX, MAX_TEXT
from tawsim.store import rows
from tawsim.store.database import Database
from tawsim.workspaces.workspace import list_workers

SEARCHED = f"All texts of a row, its first {MAX_TEXT:,} characters; not the answers to it."


def facts_of(db: Database, project_id: str, worker: Worker) -> dict[str, Any]:
    """The facts, by the role of who asks. Raises NotFound."""
    with db.read() as tx:
        project = rows.project(project_row(tx, project_id))
        tags, views = tags_of(tx, project_id), views_of(tx, project_id, worker.id)
        people = [{"id": one.id, "name": one.name} for one in list_workers(tx)]
    names = [
        {
            "name": one.name, "type": one.type, "operators": list(one.operators), "words": list(one.words),
            "sorts": one.sorts,
        }
        for one in names_for(worker.role)
    ]  # fmt: skip
    return {
        "names": names,
        "columns": list(content_columns(db, project_id)),
        "text_column": project.text_column,
        "labels": list(getattr(project.questions[0], "labels", ()))[:500],
        "tags": tags,
        "workers": people,
        "views": views,
        "searched": SEARCHED if CAN_INDEX else SEARCHED + " Read through, without an index.",
        "state": table_state(db, project_id),
    }
