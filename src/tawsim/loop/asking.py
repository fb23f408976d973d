"""What rows ask, for those who look at many of them at once. Reads the store; what an ask means stands in kinds/asks.py.

Everywhere None says that every row is asked everything, as in projects without such a column, which pay nothing here.
"""

import json

from tawsim.core.records import Project
from tawsim.labelling.presenting import questions_of
from tawsim.store.database import Transaction


def asked_names(tx: Transaction, project: Project, after: int, until: int) -> dict[int, frozenset[str]] | None:
    """Task number → the names of the questions that are asked of it, for the tasks after `after` and up to `until`."""
    if not project.settings.asks:
        return None
    return {
        row["seq"]: frozenset(one.name for one in questions_of(project, json.loads(row["content"])))
        for row in tx.all("asks_rows", project_id=project.id, after=after, until=until)
    }
