"""Versions of a project's guideline: every text there was, so that an answer can be read beside the one it was given under.

A new text is written where settings are changed (projects.py); here they are only read.
"""

from typing import Any

from tawsim.core.errors import NotFound
from tawsim.labelling.slots import project_row
from tawsim.store.database import Transaction

SMALLEST, LARGEST = 0, 1 << 31


def list_guidelines(tx: Transaction, project_id: str) -> list[dict[str, Any]]:
    """version, at (µs), by (the name of who wrote it, "" if unknown) and size (characters), the newest first. NotFound."""
    project_row(tx, project_id)
    found = tx.all("guideline_list", project_id=project_id)
    names = {row["by_worker"]: _name(tx, row["by_worker"]) for row in found}
    return [
        {"version": row["version"], "at": row["at"], "by": names[row["by_worker"]], "size": row["size"]}
        for row in found
    ]


def guideline(tx: Transaction, project_id: str, version: int) -> dict[str, Any]:
    """One version with its `text`. Raises NotFound."""
    project_row(tx, project_id)
    row = None
    if SMALLEST < version < LARGEST:
        row = tx.one("guideline_get", project_id=project_id, version=version)
    if row is None:
        raise NotFound("There is no such version of the guideline.")
    return {
        "version": row["version"], "at": row["at"], "by": _name(tx, row["by_worker"]), "size": len(row["text"]),
        "text": row["text"],
    }  # fmt: skip


def _name(tx: Transaction, worker_id: str) -> str:
    worker = tx.one("worker_get", id=worker_id) if worker_id else None
    return "" if worker is None else str(worker["name"])
