"""What people are told of what became of their work. Written in the transaction that did it; no rules here."""

from typing import Any

from tawsim.core.ids import new_id
from tawsim.store.database import Transaction
from tawsim.store.rows import to_json


def notify(
    tx: Transaction,
    worker_id: str,
    kind: str,
    *,
    project_id: str | None = None,
    object_id: str | None = None,
    **data: Any,
) -> None:
    """Leave word for one person. `kind` is a dotted name such as "review.rejected"; `data` is what its sentence needs."""
    tx.run(
        "notice_insert", id=new_id(tx.now), worker_id=worker_id, project_id=project_id, kind=kind, object_id=object_id,
        data=to_json(data), at=tx.now,
    )  # fmt: skip
