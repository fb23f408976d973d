"""What an owner may change in running work: reject, reopen, overlap, removal, drafts, workers. Each leaves an event.

Nothing here deletes an answer: states change, content and history stay (Q12–Q16).
"""

import json
from typing import Any

from tawsim.core.errors import BadInput, Conflict, NotFound, VersionConflict
from tawsim.core.ids import new_id
from tawsim.labelling.hours import paid_answer
from tawsim.labelling.slots import (
    add_accepted,
    count_changes,
    count_task,
    count_worker,
    end_lease,
    give_slot,
    next_returned_rank,
    project_row,
    take_slot,
    task_row,
)
from tawsim.store.database import Row, Transaction
from tawsim.store.keys import once, record

MAX_OVERLAP = 1_000
MAX_REASON = 2_000


def check_overlap(overlap: int) -> int:
    """1..1000, or BadInput."""
    if isinstance(overlap, bool) or not isinstance(overlap, int) or not 1 <= overlap <= MAX_OVERLAP:
        raise BadInput(f"Overlap is a whole number from 1 to {MAX_OVERLAP}, not {overlap!r}.")
    return overlap


def reject(
    tx: Transaction,
    actor_id: str,
    annotation_id: str,
    key: str,
    seen_version: int,
    reason: str,
    *,
    review_id: str | None = None,
) -> dict[str, Any]:
    """Take an answer out of the load, keep its content and history, open the slot (Q12). Raises VersionConflict (Q14).

    `review_id`: the review that does it, where the words stand; the log names it and holds no words at all.
    """
    if not reason.strip():
        raise BadInput("A rejection needs a reason.", "The labeller will read it.")

    def work() -> dict[str, Any]:
        row = tx.one("annotation_get", id=annotation_id)
        if row is None:
            raise NotFound("There is no such annotation.")
        if row["version"] != seen_version or row["state"] != "accepted":
            raise VersionConflict(
                "This answer was changed meanwhile.", "Look at the current version first.",
                current_version=row["version"], state=row["state"],
            )  # fmt: skip
        tx.run("annotation_set_state", id=annotation_id, state="rejected")
        _free_annotation(tx, row)
        tx.run(
            "rejection_insert", annotation_id=annotation_id, by_worker=actor_id, reason="" if review_id else reason,
            review_id=review_id, at=tx.now,
        )  # fmt: skip
        record(
            tx, "annotation.rejected", actor_id, project_id=row["project_id"], task_id=row["task_id"],
            object_id=annotation_id, data=json.dumps({"review": review_id} if review_id else {}),
        )  # fmt: skip
        return {"id": annotation_id, "state": "rejected", "version": seen_version}

    result: dict[str, Any] = once(tx, actor_id, key, ["reject", annotation_id, seen_version, reason], work).result
    return result


def _free_annotation(tx: Transaction, annotation: Row) -> None:
    """Give back the slot of an answer that no longer counts, if its round is still the current one."""
    task = tx.one("task_get", id=annotation["task_id"])
    tx.run("lease_drop_slot", id=annotation["lease_id"])
    if task is not None and task["round"] == annotation["round"]:
        add_accepted(tx, task, annotation["worker_id"], -1)
        give_slot(tx, task["project_id"], task["id"])
    else:  # of an earlier round: the project's counts have left it behind, its author's have not
        count_worker(tx, annotation["project_id"], annotation["worker_id"], answers=-1)


def reopen_once(tx: Transaction, actor_id: str, task_id: str, key: str) -> int:
    """`reopen` for a client whose answer may get lost: the same key starts one round."""
    result = once(tx, actor_id, key, ["reopen", task_id], lambda: {"round": reopen(tx, actor_id, task_id)}).result
    return int(result["round"])


def reopen(tx: Transaction, actor_id: str, task_id: str) -> int:
    """A new round: earlier answers stay readable, live leases of the old round are revoked (Q13). Returns the round."""
    task = task_row(tx, task_id)
    for lease in tx.all("lease_live_of_task", task_id=task_id):
        end_lease(tx, lease, "revoked", actor_id=actor_id, reason="the task was reopened", give=False)
    done = int(task["state"] == "open" and task["accepted"] >= task["overlap"])
    skipped = int(task["state"] == "skipped_out")
    row = tx.one("task_reopen", id=task_id, returned_rank=next_returned_rank(tx, task["project_id"]))
    assert row is not None
    count_task(tx, task, done=-done, skipped_out=-skipped, answers=-task["accepted"])
    record(tx, "task.reopened", actor_id, project_id=task["project_id"], task_id=task_id, object_id=task_id)
    return int(row["round"])


def set_task_overlap(tx: Transaction, actor_id: str, task_id: str, overlap: int) -> None:
    """Raising opens slots; lowering revokes and deletes nothing (Q15)."""
    task = task_row(tx, task_id)
    check_overlap(overlap)
    was = int(task["state"] == "open" and task["accepted"] >= task["overlap"])
    now = int(task["state"] == "open" and task["accepted"] >= overlap)
    rank = next_returned_rank(tx, task["project_id"])
    tx.run("task_set_overlap", id=task_id, overlap=overlap, returned_rank=rank)
    count_task(tx, task, done=now - was, answers_wanted=overlap - task["overlap"])
    record(
        tx, "task.overlap", actor_id, project_id=task["project_id"], task_id=task_id, object_id=task_id,
        data=json.dumps({"from": task["overlap"], "to": overlap}),
    )  # fmt: skip


def set_overlap_of_range(tx: Transaction, project_id: str, overlap: int, after: int, until: int) -> None:
    """`set_task_overlap` for tasks after < seq <= until: a piece of a change of the whole project."""
    before = tx.one("task_range_counts", project_id=project_id, after=after, until=until)
    base = next_returned_rank(tx, project_id, until) - until
    tx.run("task_range_set_overlap", project_id=project_id, overlap=overlap, base=base, after=after, until=until)
    now = tx.one("task_range_counts", project_id=project_id, after=after, until=until)
    assert before is not None
    assert now is not None
    count_changes(
        tx, project_id, done=now["done"] - before["done"],
        answers_wanted=now["answers_wanted"] - before["answers_wanted"],
    )  # fmt: skip


def remove_task(tx: Transaction, actor_id: str, task_id: str) -> None:
    """Out of sight and out of the queue; live leases are revoked in the same transaction, answers stay stored (Q16)."""
    task = task_row(tx, task_id)
    for lease in tx.all("lease_live_of_task", task_id=task_id):
        end_lease(tx, lease, "revoked", actor_id=actor_id, reason="the task was removed")
    done = int(task["state"] == "open" and task["accepted"] >= task["overlap"])
    skipped = int(task["state"] == "skipped_out")
    tx.run("task_remove", id=task_id)
    count_task(
        tx, task, tasks=-1, done=-done, skipped_out=-skipped, answers=-task["accepted"],
        answers_wanted=-task["overlap"],
    )  # fmt: skip
    record(tx, "task.removed", actor_id, project_id=task["project_id"], task_id=task_id, object_id=task_id)


def set_worker_active(tx: Transaction, actor_id: str, worker_id: str, active: bool, reason: str = "") -> None:
    """Deactivating revokes the worker's live leases in the same transaction; answers stay (Q16). `reason`: what the person is
    told when they come back. Raises NotFound, Conflict, BadInput."""
    if len(reason) > MAX_REASON:
        raise BadInput(f"reason: at most {MAX_REASON:,} characters.", "The person reads it.", field="reason")
    if tx.one("worker_get", id=worker_id) is None:
        raise NotFound("There is no such worker.")
    if worker_id == actor_id and not active:
        raise Conflict("You cannot deactivate yourself.", "Ask another owner.")
    tx.run("worker_set_active", id=worker_id, active=int(active))
    if not active:
        tx.run("let_out_put", worker_id=worker_id, by_worker=actor_id, reason=reason.strip(), now=tx.now)
        for lease in tx.all("lease_live_of_anyone", worker_id=worker_id):
            end_lease(tx, lease, "revoked", actor_id=actor_id, reason="the worker was deactivated")
    record(tx, "worker.activated" if active else "worker.deactivated", actor_id, object_id=worker_id)


def adopt_draft(tx: Transaction, actor_id: str, draft_id: str) -> str:
    """Make kept late work count, if the task has a free slot for it. Returns the annotation's id. Raises Conflict."""
    draft = tx.one("draft_get", id=draft_id)
    if draft is None:
        raise NotFound("There is no such draft.")
    if draft["adopted_as"]:
        return str(draft["adopted_as"])
    task, lease = task_row(tx, draft["task_id"]), tx.one("lease_get", id=draft["lease_id"])
    project = project_row(tx, draft["project_id"])
    assert lease is not None
    had = tx.one("lease_had", worker_id=draft["worker_id"], task_id=task["id"], round=lease["round"])
    # A lease bears one answer for ever (Q2): what was adopted and then taken back cannot come from the same lease again.
    used = had or tx.one("annotation_of_lease", lease_id=lease["id"])
    slot = (
        None if used or task["round"] != lease["round"] else take_slot(tx, task["id"], lease["round"], task["purpose"])
    )
    if slot is None:
        raise Conflict("The task has no free slot for this draft.", "Raise the task's overlap first.")
    tx.run("lease_mark_late", id=lease["id"], slot=slot)
    annotation_id = new_id(tx.now)
    tx.run(
        "annotation_insert", id=annotation_id, project_id=draft["project_id"], task_id=task["id"], lease_id=lease["id"],
        worker_id=draft["worker_id"], round=lease["round"], late=1, guideline_version=project["guideline_version"],
        schema_version=draft["schema_version"],
        created_at=tx.now,
    )  # fmt: skip
    tx.run(
        "annotation_version_insert", annotation_id=annotation_id, version=1, answers=draft["answers"],
        by_worker=draft["worker_id"], at=tx.now, comment=draft["comment"], flag=draft["flag"],
    )  # fmt: skip
    add_accepted(tx, task, draft["worker_id"], 1)
    paid_answer(tx, project, draft["worker_id"], annotation_id)
    tx.run("draft_adopt", id=draft_id, annotation_id=annotation_id)
    record(tx, "draft.adopted", actor_id, project_id=draft["project_id"], task_id=task["id"], object_id=annotation_id)
    return annotation_id
