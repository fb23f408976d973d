"""A task in hand that is not answered: it is held longer, given back, or skipped. Answering it stands in submit.py.

What the stored state of the lease allows is decided inside the transaction, never by a clock at reading time (Q7).
"""

from tawsim.core.clock import SECOND
from tawsim.core.errors import BadInput, LeaseLost, NotFound
from tawsim.labelling.hours import check_spent, worked
from tawsim.labelling.slots import count_changes, count_worker, end_lease, project_row
from tawsim.store.database import Row, Transaction
from tawsim.store.keys import record

MAX_REASON = 2_000


def own_lease(tx: Transaction, worker_id: str, lease_id: str) -> Row:
    """The lease, or NotFound: somebody else's and an absent one look the same (Q7)."""
    lease = tx.one("lease_get", id=lease_id)
    if lease is None or lease["worker_id"] != worker_id:
        raise NotFound("There is no such lease.")
    return lease


def skip(tx: Transaction, worker_id: str, lease_id: str, reason: str, spent_ms: int | None = None) -> Row:
    """Give the slot back and leave this task for this round; after `skip_limit` people it is set aside (Q11). Idempotent."""
    if len(reason) > MAX_REASON:
        raise BadInput(f"A reason may have {MAX_REASON} characters.")
    check_spent(spent_ms)
    lease = own_lease(tx, worker_id, lease_id)
    if lease["state"] not in ("live", "skipped"):
        raise LeaseLost(f"This lease was {lease['state']}; it cannot be skipped.", "Ask for the next task.")
    if end_lease(tx, lease, "skipped", actor_id=worker_id, reason=reason):
        project = project_row(tx, lease["project_id"])
        row = tx.one("task_add_skip", id=lease["task_id"], skip_limit=project["skip_limit"])
        if row is not None and row["state"] == "skipped_out":
            _count_skipped_out(tx, lease)
        count_worker(tx, lease["project_id"], worker_id, skips=1)
        worked(tx, project, worker_id, since=lease["granted_at"], spent_ms=spent_ms, object_id=lease_id, answer=False)
    return own_lease(tx, worker_id, lease_id)


def _count_skipped_out(tx: Transaction, lease: Row) -> None:
    task = tx.one("task_get", id=lease["task_id"])
    assert task is not None
    done = int(task["accepted"] >= task["overlap"])
    count_changes(tx, lease["project_id"], skipped_out=1, done=-done)
    record(tx, "task.skipped_out", "clock", project_id=lease["project_id"], task_id=task["id"], object_id=task["id"])


def release(tx: Transaction, worker_id: str, lease_id: str) -> Row:
    """Give the slot back without a word; the worker may get the task again. Idempotent."""
    lease = own_lease(tx, worker_id, lease_id)
    if lease["state"] not in ("live", "released"):
        raise LeaseLost(f"This lease was {lease['state']}; it cannot be released.", "Ask for the next task.")
    end_lease(tx, lease, "released", actor_id=worker_id)
    return own_lease(tx, worker_id, lease_id)


def heartbeat(tx: Transaction, worker_id: str, lease_id: str) -> int:
    """Extend a live lease, at most to the project's maximum; never revive one (Q8). Returns the deadline."""
    lease = own_lease(tx, worker_id, lease_id)
    if lease["state"] != "live":
        raise LeaseLost(f"This lease was {lease['state']}.", "Ask for the next task.")
    project = project_row(tx, lease["project_id"])
    longest = lease["granted_at"] + project["max_lease_seconds"] * SECOND
    deadline = max(lease["deadline"], min(tx.now + project["lease_seconds"] * SECOND, longest))
    tx.run("lease_extend", id=lease_id, deadline=deadline)
    return int(deadline)
