"""Slots: what makes “never more than `overlap`” true (Q3). Taking and giving one back, and the counts that follow.

load = live leases + accepted answers of the current round = slots in use. Every change of load goes through here.
"""

import json
from itertools import count
from typing import Any

from tawsim.core.errors import NotFound
from tawsim.core.ids import new_id
from tawsim.labelling.presenting import draw, draws
from tawsim.store import rows
from tawsim.store.database import Row, Transaction
from tawsim.store.keys import record


def project_row(tx: Transaction, project_id: str) -> Row:
    """The project, or NotFound."""
    row = tx.one("project_get", id=project_id)
    if row is None:
        raise NotFound("There is no such project.")
    return row


def task_row(tx: Transaction, task_id: str) -> Row:
    """The task, or NotFound; a removed one and one that is still being imported are not there."""
    row = tx.one("task_get", id=task_id)
    if row is None:
        raise NotFound("There is no such task.")
    return row


def take_slot(tx: Transaction, task_id: str, round_: int, purpose: str = "work") -> int | None:
    """The smallest free slot, taken in the transaction that looked; None if the task is full or closed (Q3). A task of known
    answer takes any number: its slots are numbered as they are given, without looking at those before."""
    if tx.run("task_take_slot", id=task_id) == 0:
        return None
    if purpose != "work":
        tx.run("gold_take", task_id=task_id)
        given = tx.one("gold_get", task_id=task_id)
        assert given is not None
        return int(given["given"])
    held = {row["slot"] for row in tx.all("lease_slots", task_id=task_id, round=round_)}
    return next(slot for slot in count(1) if slot not in held)


def give_slot(tx: Transaction, project_id: str, task_id: str) -> None:
    """Give a slot back: the task goes to the front of the queue for everybody, whatever their cursor (Q4)."""
    tx.run("task_give_slot", id=task_id, returned_rank=next_returned_rank(tx, project_id))


def next_returned_rank(tx: Transaction, project_id: str, n: int = 1) -> int:
    """Ranks rise for ever, so a task that comes back lies past every worker's cursor. With n > 1: the last of n."""
    row = tx.one("project_take_returned_rank", project_id=project_id, n=n)
    assert row is not None
    rank: int = row["returned_rank"]
    return rank


def count_changes(tx: Transaction, project_id: str, **changes: int) -> None:
    """Add to the project's counts: tasks, done, skipped_out, answers, answers_wanted, leases."""
    full = dict.fromkeys(("tasks", "done", "skipped_out", "answers", "answers_wanted", "leases"), 0) | changes
    tx.run("project_count_add", project_id=project_id, **full)


def count_task(tx: Transaction, task: Row, **changes: int) -> None:
    """`count_changes` for one task; of a task of known answer only the leases count, since the rest speaks of the work."""
    if task["purpose"] != "work":
        changes = {"leases": changes["leases"]} if changes.get("leases") else {}
    if changes:
        count_changes(tx, task["project_id"], **changes)


def count_worker(
    tx: Transaction,
    project_id: str,
    worker_id: str,
    *,
    answers: int = 0,
    skips: int = 0,
    leases: int = 0,
    at: int | None = None,
) -> None:
    """Add to one worker's counts in one project."""
    tx.run(
        "worker_project_add", project_id=project_id, worker_id=worker_id, answers=answers, skips=skips, leases=leases,
        last_at=at,
    )  # fmt: skip


def add_accepted(tx: Transaction, task: Row, worker_id: str, n: int, *, leases: int = 0) -> None:
    """Count n (+1 or -1) accepted answers of `task`, as it was read before; `leases` changes along with it."""
    tx.run("task_add_accepted", id=task["id"], n=n)
    was_done = task["state"] == "open" and task["accepted"] >= task["overlap"]
    is_done = task["state"] == "open" and task["accepted"] + n >= task["overlap"]
    count_task(tx, task, answers=n, done=int(is_done) - int(was_done), leases=leases)
    count_worker(tx, task["project_id"], worker_id, answers=n, leases=leases, at=tx.now if n > 0 else None)


def end_lease(tx: Transaction, lease: Row, state: str, *, actor_id: str, reason: str = "", give: bool = True) -> bool:
    """End a live lease as `state`; False if it had ended already. Each state is entered once and stored (Q6)."""
    if tx.run("lease_end", id=lease["id"], state=state, now=tx.now, reason=reason) == 0:
        return False
    if state != "submitted":
        if give:
            give_slot(tx, lease["project_id"], lease["task_id"])
        count_changes(tx, lease["project_id"], leases=-1)
        count_worker(tx, lease["project_id"], lease["worker_id"], leases=-1)
        if lease["day"]:  # a task that was not answered does not count towards the day's quota
            tx.run("day_give", project_id=lease["project_id"], worker_id=lease["worker_id"], day=lease["day"])
    record(
        tx, f"lease.{state}", actor_id, project_id=lease["project_id"], task_id=lease["task_id"], object_id=lease["id"]
    )
    return True


def insert_lease(
    tx: Transaction,
    project: Row,
    task_id: str,
    round_: int,
    worker_id: str,
    slot: int,
    shown: str | None = None,
    *,
    number: int = 0,
    day: int = 0,
) -> dict[str, Any]:
    """A live lease on a slot that was taken. The deadline is the server's (Q6). `shown`: what an earlier lease of this
    worker drew; None: it is drawn now. `number`: the worker's own count of tasks; `day`: the day of a quota it counts on."""
    lease = {
        "id": new_id(tx.now),
        "project_id": project["id"],
        "task_id": task_id,
        "worker_id": worker_id,
        "round": round_,
        "slot": slot,
        "number": number,
        "day": day,
        "granted_at": tx.now,
        "deadline": tx.now + project["lease_seconds"] * 1_000_000,
    }
    lease["shown"] = _drawn(tx, project, task_id) if shown is None else shown
    tx.run("lease_insert", **lease)
    record(tx, "lease.granted", worker_id, project_id=project["id"], task_id=task_id, object_id=lease["id"])
    return lease


def _drawn(tx: Transaction, row: Row, task_id: str) -> str:
    """What this lease shows besides the row: the order of candidates, suggestions. Nothing is read where nothing is drawn."""
    project = rows.project(row)
    if not draws(project):
        return ""
    task = tx.one("task_with_content", id=task_id)
    assert task is not None
    suggestions = suggested(tx, task_id) if project.settings.suggestions else {}
    return draw(project, json.loads(task["content"]), suggestions).to_text()


def suggested(tx: Transaction, task_id: str) -> dict[str, dict[str, Any]]:
    """question → the suggestion to show: of several sources the surest, then the newest."""
    found: dict[str, dict[str, Any]] = {}
    for row in tx.all("suggestion_of_task", task_id=task_id):
        found.setdefault(row["question"], {"answer": json.loads(row["answer"]), "source": row["source"], "p": row["p"]})
    return found
