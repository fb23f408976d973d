"""Metadata of the second version: replaced whole, or laid over what stands there. What they may hold stands in sent.py."""

import json
from collections.abc import Mapping
from typing import Any

from tawsim.loop.scale import tasks
from tawsim.loop.scale.v2_finding import task
from tawsim.store.database import Row, Transaction


def merged(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    """`new` over `old`: objects within both are merged in turn, anything else is replaced by the newer."""
    found = dict(old)
    for name, value in new.items():
        before = found.get(name)
        if isinstance(before, Mapping) and isinstance(value, Mapping):
            found[name] = merged(before, value)
        else:
            found[name] = value
    return found


def set_task_metadata(tx: Transaction, task_id: str, new: Mapping[str, Any], *, merge: bool) -> Row:
    """The task with its new metadata. Raises NotFound, BadInput for too much of it."""
    row = task(tx, task_id)
    return tasks.set_metadata(tx, task_id, merged(json.loads(row["metadata"]), new) if merge else new)
