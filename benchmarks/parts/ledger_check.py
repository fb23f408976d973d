"""After a load: what the store holds, against what people were told. Read from the file itself, without our own code."""

import json
import sqlite3
from pathlib import Path
from typing import Any

from parts.crowd import Acknowledged

OVER = """SELECT COUNT(*) FROM (
  SELECT task.id FROM task JOIN annotation ON annotation.task_id = task.id AND annotation.round = task.round
  WHERE task.project_id = ? AND task.purpose = 'work' AND annotation.state = 'accepted'
  GROUP BY task.id HAVING COUNT(*) > task.overlap)"""
OVER_WITH_LEASES = """SELECT COUNT(*) FROM (
  SELECT task.id FROM task JOIN lease ON lease.task_id = task.id AND lease.round = task.round
  LEFT JOIN annotation ON annotation.lease_id = lease.id
  WHERE task.project_id = ? AND task.purpose = 'work' AND (lease.state = 'live' OR annotation.state = 'accepted')
  GROUP BY task.id HAVING COUNT(*) > task.overlap)"""
DOUBLE = """SELECT COUNT(*) FROM (
  SELECT task_id FROM annotation WHERE project_id = ? AND state = 'accepted'
  GROUP BY task_id, worker_id, round HAVING COUNT(*) > 1)"""
GHOSTS = """SELECT COUNT(*) FROM annotation LEFT JOIN lease ON lease.id = annotation.lease_id
  AND lease.task_id = annotation.task_id AND lease.worker_id = annotation.worker_id AND lease.round = annotation.round
  WHERE annotation.project_id = ? AND lease.id IS NULL"""
ANSWERS = """SELECT annotation.id, annotation.lease_id, annotation.worker_id, annotation_version.answers FROM annotation
  JOIN annotation_version ON annotation_version.annotation_id = annotation.id AND annotation_version.version = 1
  WHERE annotation.project_id = ?"""


def check(path: Path, project: str, answers: dict[str, Acknowledged]) -> dict[str, Any]:
    """Counts that must all be 0 under `wrong`, and what was looked at. The server must have ended."""
    store = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    try:
        held = {row[0]: row[1:] for row in store.execute(ANSWERS, (project,))}
        wrong = {
            "over_overlap": _count(store, OVER, project),
            "over_overlap_with_leases": _count(store, OVER_WITH_LEASES, project),
            "double": _count(store, DOUBLE, project),
            "without_their_lease": _count(store, GHOSTS, project),
            "lost": 0,
            "changed": 0,
        }
        for id, told in answers.items():
            if id not in held:
                wrong["lost"] += 1
            elif held[id][:2] != (told.lease, told.worker) or json.loads(held[id][2]) != {"label": told.label}:
                wrong["changed"] += 1
        sound = store.execute("PRAGMA quick_check").fetchone()[0]
    finally:
        store.close()
    return {"wrong": wrong, "acknowledged": len(answers), "in_store": len(held), "file": sound}


def _count(store: sqlite3.Connection, statement: str, project: str) -> int:
    return int(store.execute(statement, (project,)).fetchone()[0])
