"""What waits for a second look: which answers come into the queue of a project, and who holds which of them.

One row an answer. Two reviewers never hold the same one; a hold ends by a verdict, by release, or as a stored event when
its time is over or its holder may not review any more. Nobody gets their own answer, nor one to a task that they answered
unless there is nobody else to look at it. What a verdict does is in reviews.py.
"""

import hashlib
import secrets
from collections.abc import Sequence
from typing import Any

from tawsim.core.clock import SECOND
from tawsim.core.errors import NotFound
from tawsim.core.records import Project
from tawsim.core.settings import Review
from tawsim.labelling.slots import project_row, task_row
from tawsim.store import rows
from tawsim.store.database import Row, Transaction
from tawsim.store.keys import record
from tawsim.store.rows import to_json

HOLD_S = 900
PIECE = 1_000
SWEEP_LIMIT = 500
# Lower is first. Those of a `risk` lie between 2 (certainly wrong) and 3; those drawn by chance come before them, since a
# sample of which only some was looked at, after all doubtful ones, would never be looked at.
RANKS = {"asked": 0.0, "flag": 1.0, "random": 1.5, "risk": 2.0, "all": 4.0}
# Of the share that is reviewed for its risk so much is drawn by chance, so that something can be said of people at all.
BY_CHANCE = 0.2


def look_through(tx: Transaction, project_id: str, n: int = PIECE) -> bool:
    """Choose among the answers of the next `n` tasks that changed. True where there may be more. Answers chosen for their
    risk are put in by `add_risky`, since that takes the truth."""
    project = rows.project(project_row(tx, project_id))
    place = _place(tx, project)
    changed = tx.all("review_changed_tasks", project_id=project_id, changed=place["changed"], seq=place["seq"], n=n)
    if not changed:
        return False
    last = changed[-1]
    answers = tx.all(
        "review_changed_answers", project_id=project_id, changed=place["changed"], seq=place["seq"],
        until_changed=last["changed"], until_seq=last["seq"],
    )  # fmt: skip
    chosen = [(one, why) for one in answers if (why := _chosen(project.settings.review, place["salt"], one))]
    tx.many("review_item_add", [_item(tx, project_id, one["task_id"], one, why, RANKS[why]) for one, why in chosen])
    for one, why in chosen:
        if one["item_state"] in ("waiting", "held"):  # flagged since
            tx.run("review_item_first", annotation_id=one["id"], why=why, rank=RANKS[why])
    tx.run("review_place_move", project_id=project_id, changed=last["changed"], seq=last["seq"], now=tx.now)
    return len(changed) == n


def wants_look(tx: Transaction, project_id: str) -> bool:
    """Whether `look_through` would find anything."""
    project = rows.project(project_row(tx, project_id))
    place = tx.one("review_place_get", project_id=project_id)
    if place is None or place["choice"] != choice_of(project.settings.review):
        return True
    found = tx.all("review_changed_tasks", project_id=project_id, changed=place["changed"], seq=place["seq"], n=1)
    return bool(found)


def choice_of(review: Review) -> str:
    """What the choice rests on: with another one, all answers are looked through anew."""
    return f"{review.choose} {review.share:g}"


def _place(tx: Transaction, project: Project) -> Row:
    """How far this project was looked through; from the beginning where the setting changed: what was chosen by the old one
    and still waits is let go."""
    tx.run("review_place_insert", project_id=project.id, salt=secrets.token_hex(16))
    place = tx.one("review_place_get", project_id=project.id)
    assert place is not None
    choice = choice_of(project.settings.review)
    if place["choice"] == choice:
        return place
    tx.run("review_place_begin", project_id=project.id, choice=choice)
    tx.run("review_item_drop_chosen", project_id=project.id)
    begun = tx.one("review_place_get", project_id=project.id)
    assert begun is not None
    return begun


def _chosen(review: Review, salt: str, answer: Row) -> str | None:
    """Why this answer is to be reviewed; None where it is not, waits already, or was reviewed as it is now."""
    if answer["item_state"] in ("waiting", "held") and not answer["flag"]:
        return None
    if answer["item_state"] == "done":
        # Reviewed before and changed since: what was looked at is not what stands there now.
        return answer["why"] if answer["reviewed"] < answer["version"] else None
    if answer["flag"]:
        return "flag"
    if review.choose == "all":
        return "all"
    return "random" if chance(salt, answer["id"]) < drawn_share(review) else None


def drawn_share(review: Review) -> float:
    """The share of all answers that chance alone chooses for review."""
    return {"all": 1.0, "random": review.share, "risk": review.share * BY_CHANCE}.get(review.choose, 0.0)


def is_drawn(tx: Transaction, project: Project, annotation_id: str) -> bool:
    """Whether chance alone chose this answer (or all are looked at), whoever else wished it to be looked at: what a review
    finds of it speaks for all of its author's. Not so once many others were accepted at once, for those were the sure ones."""
    share, place = drawn_share(project.settings.review), tx.one("review_place_get", project_id=project.id)
    if share < 1.0 and (place is None or chance(place["salt"], annotation_id) >= share):
        return False
    return tx.one("review_bulk_passed", project_id=project.id, annotation_id=annotation_id) is None


def chance(salt: str, annotation_id: str) -> float:
    """A number of [0, 1) that follows from the answer and a secret of the project: the same at each look, and nothing that
    its author could foresee."""
    digest = hashlib.sha256(f"{salt}/{annotation_id}".encode()).digest()
    return int.from_bytes(digest[:7], "big") / (1 << 56)


def _item(tx: Transaction, project_id: str, task_id: str, answer: Row, why: str, rank: float) -> dict[str, Any]:
    return {
        "annotation_id": answer["id"], "project_id": project_id, "task_id": task_id, "author_id": answer["worker_id"],
        "why": why, "rank": rank, "at": tx.now,
    }  # fmt: skip


def add_item(tx: Transaction, project_id: str, task_id: str, answer: Row, why: str, rank: float) -> None:
    """Put an answer (a row with id and worker_id) into the queue; one that waits already moves ahead at most."""
    tx.run("review_item_add", **_item(tx, project_id, task_id, answer, why, rank))
    tx.run("review_item_first", annotation_id=answer["id"], why=why, rank=rank)


def send_to_review(tx: Transaction, actor_id: str, task_ids: Sequence[str]) -> int:
    """All accepted answers of these tasks are to be reviewed, before others; those reviewed as they are now stay so. Returns
    how many wait that did not, or waited further back. Raises NotFound."""
    sent = 0
    for task_id in task_ids:
        task = task_row(tx, task_id)
        found = [
            one
            for one in tx.all("review_answers_of_task", task_id=task_id)
            if one["item_state"] != "done" or one["reviewed"] < one["version"]
        ]
        for answer in found:
            add_item(tx, task["project_id"], task_id, answer, "asked", RANKS["asked"])
        sent += len(found)
        if found:
            record(
                tx, "review.asked", actor_id, project_id=task["project_id"], task_id=task_id, object_id=task_id,
                data=to_json({"answers": len(found)}),
            )  # fmt: skip
    return sent


def add_risky(tx: Transaction, project_id: str, found: Sequence[tuple[str, float]]) -> int:
    """Put the most doubtful answers in: (annotation, risk 0..1). What changed or was chosen meanwhile is left out. Returns
    how many came in."""
    added = 0
    for annotation_id, risk in found:
        answer = tx.one("annotation_get", id=annotation_id)
        item = tx.one("review_item_get", annotation_id=annotation_id)
        if answer is None or answer["state"] != "accepted" or (item is not None and item["state"] != "dropped"):
            continue
        add_item(tx, project_id, answer["task_id"], answer, "risk", RANKS["risk"] + 1.0 - risk)
        added += 1
    return added


def sweep_holds(tx: Transaction, project_id: str) -> int:
    """End holds whose time is over, and those of people who may not review any more. Returns how many."""
    overdue = tx.all("review_item_overdue", project_id=project_id, now=tx.now, n=SWEEP_LIMIT)
    for item in overdue:
        tx.run("review_item_release", annotation_id=item["annotation_id"], state="waiting")
        record(
            tx, "review.expired", "clock", project_id=project_id, task_id=item["task_id"],
            object_id=item["annotation_id"], data=to_json({"holder": item["holder_id"]}),
        )  # fmt: skip
    return len(overdue)


def next_item(tx: Transaction, project_id: str, reviewer_id: str, hold_s: int = HOLD_S) -> Row | None:
    """The answer that this reviewer holds already, else the first that they may have, held from now on; None: nothing is
    left for them. What can no longer be reviewed leaves the queue on the way."""
    project_row(tx, project_id)
    sweep_holds(tx, project_id)
    while True:
        item = tx.one("review_item_held", project_id=project_id, holder_id=reviewer_id)
        if item is None:
            item = tx.one("review_item_head", project_id=project_id, reviewer_id=reviewer_id)
        if item is None:
            return None
        answer = tx.one("annotation_get", id=item["annotation_id"])
        assert answer is not None
        if is_reviewable(tx, answer):
            return hold(tx, answer, reviewer_id, hold_s)
        leave(tx, answer)


def hold(tx: Transaction, answer: Row, reviewer_id: str, hold_s: int = HOLD_S) -> Row:
    """Hold this answer for a time; the caller has seen that nobody else does."""
    before = tx.one("review_item_get", annotation_id=answer["id"])
    tx.run("review_item_hold", annotation_id=answer["id"], holder_id=reviewer_id, held_until=tx.now + hold_s * SECOND)
    if before is not None and before["state"] != "held":
        record(
            tx, "review.held", reviewer_id, project_id=answer["project_id"], task_id=answer["task_id"],
            object_id=answer["id"],
        )  # fmt: skip
    item = tx.one("review_item_get", annotation_id=answer["id"])
    assert item is not None
    return item


def is_reviewable(tx: Transaction, answer: Row) -> bool:
    """Whether it counts (accepted, in the task's round, of a task that is there and is work) and has no verdict as it is now."""
    task = tx.one("task_get", id=answer["task_id"])
    if task is None or answer["state"] != "accepted" or task["round"] != answer["round"] or task["purpose"] != "work":
        return False
    standing = tx.one("review_standing", annotation_id=answer["id"], seen_version=answer["version"])
    return standing is None


def leave(tx: Transaction, answer: Row) -> None:
    """Out of the queue: `done` where it was reviewed as it is now, else `dropped`."""
    standing = tx.one("review_standing", annotation_id=answer["id"], seen_version=answer["version"])
    state = "dropped" if standing is None else "done"
    tx.run("review_item_end", annotation_id=answer["id"], state=state, version=answer["version"] if standing else 0)


def release_item(tx: Transaction, reviewer_id: str, annotation_id: str) -> None:
    """Give an answer back unreviewed. Idempotent. Raises NotFound for one that this reviewer does not hold and never could."""
    item = tx.one("review_item_get", annotation_id=annotation_id)
    if item is None:
        raise NotFound("There is no such answer to review.")
    if item["holder_id"] == reviewer_id:
        tx.run("review_item_release", annotation_id=annotation_id, state="waiting")
        record(
            tx, "review.released", reviewer_id, project_id=item["project_id"], task_id=item["task_id"],
            object_id=annotation_id,
        )  # fmt: skip


def counts(tx: Transaction, project_id: str, reviewer_id: str) -> dict[str, Any]:
    """How many answers wait, how many are held, and how many verdicts this reviewer gave."""
    found = {
        "waiting": tx.one("review_item_count", project_id=project_id),
        "held": tx.one("review_item_count_held", project_id=project_id),
        "by_you": tx.one("review_count_of", project_id=project_id, reviewer_id=reviewer_id),
    }
    return {name: 0 if row is None else int(row["n"]) for name, row in found.items()}
