"""Metadata of tasks and batches by the second version: replaced whole, or laid over what stands there. Nothing else changes."""

import json
from collections.abc import Mapping
from typing import Any

from tawsim.core.errors import BadInput
from tawsim.loop.scale.v2_finding import task
from tawsim.store.database import Row, Transaction
from tawsim.store.rows import to_json

LONGEST = 1_000_000


def merged(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    """`new` over `old`: objects within both are merged in turn, anything else is replaced by the newer."""
    found = dict(old)
    for name, value in new.items():
        before = found.get(name)
        both = isinstance(before, Mapping) and isinstance(value, Mapping)
        found[name] = merged(before, value) if both else value  # type: ignore[arg-type]
    return found


def metadata_text(old: Mapping[str, Any], new: Mapping[str, Any], *, merge: bool) -> str:
    """What is to stand there, as JSON. Raises BadInput for too much of it."""
    text = to_json(merged(old, new) if merge else new)
    if len(text) > LONGEST:
        raise BadInput(f"metadata: at most {LONGEST:,} characters of JSON.")
    return text


def set_task_metadata(tx: Transaction, row: Row, new: Mapping[str, Any], *, merge: bool) -> Row:
    """The task with its new metadata."""
    text = metadata_text(json.loads(row["metadata"]), new, merge=merge)
    tx.run("scale_v2_task_metadata", id=row["task_id"], metadata=text, at=tx.now)
    return task(tx, row["task_id"])
