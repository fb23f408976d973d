"""Idempotency keys and the event log: the two things that every write shares. What a write means is not here."""

import hashlib
import json
from collections.abc import Callable
from typing import Any, NamedTuple

from tawsim.core.errors import BadInput, KeyReused
from tawsim.core.ids import new_id
from tawsim.store import chain
from tawsim.store.database import Transaction
from tawsim.store.rows import to_json

MAX_KEY_LENGTH = 200


class Once(NamedTuple):
    """The result of a keyed write, and whether it stood already."""

    result: Any
    repeated: bool


def once(tx: Transaction, actor_id: str, key: str, content: Any, work: Callable[[], Any]) -> Once:
    """Do `work` once for (actor, key) and keep its JSON result. Raises KeyReused for the same key with other content.

    The same key and content give the same result at any later time, after restarts too. A `work` that raises keeps nothing.
    """
    if not key or len(key) > MAX_KEY_LENGTH:
        raise BadInput("A write needs a key of 1 to 200 characters.", "Make a new random one per answer.")
    digest = hashlib.sha256(json.dumps(content, sort_keys=True, ensure_ascii=True).encode()).hexdigest()
    row = tx.one("key_get", actor_id=actor_id, key=key)
    if row is not None:
        if row["digest"] != digest:
            raise KeyReused("This key was used before with other content.", "Make a new key for a new answer.")
        return Once(json.loads(row["result"]), True)
    result = work()
    tx.run("key_insert", actor_id=actor_id, key=key, digest=digest, result=to_json(result), at=tx.now)
    return Once(result, False)


def record(
    tx: Transaction,
    kind: str,
    actor_id: str,
    *,
    project_id: str | None = None,
    task_id: str | None = None,
    object_id: str | None = None,
    data: str = "{}",
    content: str | None = None,
) -> None:
    """Append one event to the chain: who did what to which object. To be called after the rows it tells of are written,
    since their digests go into it (store/chain.py); `content` gives others than those of its kind."""
    number, before = chain.head(tx)
    number += 1
    event_id = new_id(tx.now)
    if content is None:
        content = chain.contents(tx, kind, object_id)
    row = (number, event_id, tx.now, kind, actor_id, project_id, task_id, object_id, content, data)
    after = chain.linked(before, row)
    tx.run(
        "event_insert", id=event_id, at=tx.now, kind=kind, actor_id=actor_id, project_id=project_id, task_id=task_id,
        object_id=object_id, data=data, number=number, hash=after, content=content,
    )  # fmt: skip
    tx.head = (number, after)
