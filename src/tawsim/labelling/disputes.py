"""review → dispute → verdict: the author's reply to a review, and the third person who judges it blind.

Once per review, within `settings.review.dispute_days`. The judge is neither author nor reviewer, has not answered the task,
and sees two sides, A and B, in an order drawn for this dispute, without names. Whoever was wrong pays in skill, the reviewer
included. Nothing that was paid changes: neither a review nor a verdict writes to the ledger. What is shown is in judging.py.
"""

import json
import random
from dataclasses import dataclass
from typing import Any, Literal

from tawsim.core.clock import SECOND
from tawsim.core.errors import BadInput, Conflict, NotFound, VersionConflict
from tawsim.core.ids import new_id
from tawsim.core.records import Project
from tawsim.kinds import validate_answers
from tawsim.kinds.likeness import likeness
from tawsim.labelling.evidence import put_evidence
from tawsim.labelling.hours import check_spent, worked
from tawsim.labelling.notices import notify
from tawsim.labelling.presenting import draw, questions_of, read_drawn, to_stored
from tawsim.labelling.reviews import mark_changed, reinstate
from tawsim.labelling.schemas import carrier_of
from tawsim.store import rows
from tawsim.store.database import Row, Transaction
from tawsim.store.keys import once, record
from tawsim.store.rows import to_json

Side = Literal["author", "reviewer"]
DAY = 24 * 3600 * SECOND
HOLD_S = 30 * 60
MAX_WORDS = 2_000
MOST_AT_ONCE = 500
_CHANCE = random.SystemRandom()


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a judge says. `hold` is the number of the hold they were given; `right` is the side as it was shown, or neither,
    which comes with the judge's own `answers` in the names that were shown. `reason` is read by both sides."""

    hold: int
    right: str
    reason: str
    answers: Any = None
    spent_ms: int | None = None


# ---- the author ------------------------------------------------------------------------------------------------------
def dispute(tx: Transaction, author_id: str, review_id: str, key: str, words: str = "") -> dict[str, Any]:
    """Answer a review of one's own answer. Same key and words: the first result again.

    Raises NotFound (also for another's), Conflict: too late, disputed already, off in this project, or nothing to dispute.
    """
    if len(words) > MAX_WORDS:
        raise BadInput(f"Words on a dispute may have {MAX_WORDS:,} characters.", field="words")
    found: dict[str, Any] = once(
        tx, author_id, key, ["dispute", review_id, words], lambda: _open(tx, author_id, review_id, words.strip())
    ).result
    return found


def _open(tx: Transaction, author_id: str, review_id: str, words: str) -> dict[str, Any]:
    review, answer, row = _own_review(tx, author_id, review_id)
    last = may_until(rows.settings(row["settings"]).review.dispute_days, review)
    if tx.one("dispute_of_review", review_id=review_id) is not None:
        raise Conflict("You disputed this review already.", "Its result comes to you as a notice.")
    if answer["state"] == "withdrawn":
        raise Conflict("You took this answer back yourself.", "There is nothing left to dispute.")
    if last is None:
        raise Conflict("Disputes are off in this project.", "Ask a manager.")
    if tx.now > last:
        raise Conflict("It is too late to dispute this review.", "Ask a manager.", until=last)
    dispute_id = new_id(tx.now)
    tx.run(
        "dispute_insert", id=dispute_id, project_id=row["id"], task_id=answer["task_id"], annotation_id=answer["id"],
        review_id=review_id, author_id=author_id, reviewer_id=review["reviewer_id"], words=words,
        a_is=_CHANCE.choice(("author", "reviewer")), shown="", at=tx.now,
    )  # fmt: skip
    record(
        tx, "dispute.opened", author_id, project_id=row["id"], task_id=answer["task_id"], object_id=dispute_id,
        data=to_json({"review": review_id, "annotation": answer["id"]}),
    )  # fmt: skip
    return {"id": dispute_id, "review_id": review_id, "state": "open", "at": tx.now}


def _own_review(tx: Transaction, author_id: str, review_id: str) -> tuple[Row, Row, Row]:
    """The review, the answer it is of, and the project. NotFound for another's as for an absent one."""
    review = tx.one("review_get", id=review_id)
    answer = tx.one("annotation_get", id=review["annotation_id"]) if review is not None else None
    row = tx.one("project_get", id=review["project_id"]) if review is not None else None
    if review is None or answer is None or row is None or answer["worker_id"] != author_id:
        raise NotFound("There is no such review.")
    if review["undone_at"] is not None or review["verdict"] == "accept":
        raise Conflict("There is nothing to dispute: your answer stands.", "Reload the page.")
    return review, answer, row


def may_until(dispute_days: int, review: Row) -> int | None:
    """Until when a review may be disputed (µs); None where disputes are off."""
    return review["at"] + dispute_days * DAY if dispute_days else None


# ---- the judge -------------------------------------------------------------------------------------------------------
def next_dispute(tx: Transaction, project_id: str, judge_id: str) -> Row | None:
    """The dispute that the judge holds, else the oldest that they may judge, held for them from now on. None: there is none."""
    row = tx.one("project_get", id=project_id)
    if row is None:
        raise NotFound("There is no such project.")
    head = tx.one("dispute_head", project_id=project_id, judge_id=judge_id, now=tx.now)
    if head is None:
        return None
    until = tx.now + HOLD_S * SECOND
    if head["judge_id"] == judge_id and head["held_until"] > tx.now:
        tx.run("dispute_hold_on", id=head["id"], hold=head["hold"], judge_id=judge_id, held_until=until)
    else:
        tx.run(
            "dispute_hold", id=head["id"], hold=head["hold"], judge_id=judge_id, now=tx.now, held_until=until,
            shown=head["shown"] or _drawn(tx, rows.project(row), head["task_id"]),
        )  # fmt: skip
        record(tx, "dispute.held", judge_id, project_id=project_id, task_id=head["task_id"], object_id=head["id"])
    return tx.one("dispute_get", id=head["id"])


def _drawn(tx: Transaction, project: Project, task_id: str) -> str:
    """Blind candidates come in an order of their own, which is neither the author's nor the reviewer's."""
    task = tx.one("task_with_content", id=task_id)
    return "" if task is None else draw(project, json.loads(task["content"]), {}).to_text()


def release(tx: Transaction, judge_id: str, dispute_id: str) -> None:
    """Give it back unjudged. Idempotent; NotFound for an absent one."""
    row = _open_one(tx, dispute_id)
    if tx.run("dispute_release", id=dispute_id, judge_id=judge_id):
        record(
            tx, "dispute.released", judge_id, project_id=row["project_id"], task_id=row["task_id"], object_id=dispute_id
        )


def _open_one(tx: Transaction, dispute_id: str) -> Row:
    row = tx.one("dispute_get", id=dispute_id)
    if row is None or tx.one("project_get", id=row["project_id"]) is None:
        raise NotFound("There is no such dispute.")
    return row


def judge(tx: Transaction, judge_id: str, dispute_id: str, key: str, said: Verdict) -> dict[str, Any]:
    """Settle it. Same key and content: the first result again.

    Raises NotFound, BadInput, BadAnswer, Conflict (a party to it), VersionConflict where somebody else has it meanwhile.
    """
    check_spent(said.spent_ms)
    if said.right not in ("a", "b", "neither"):
        raise BadInput(f"right is a, b or neither, not {str(said.right)[:20]!r}.", field="right")
    if not said.reason.strip() or len(said.reason) > MAX_WORDS:
        raise BadInput(
            f"A verdict needs a reason of at most {MAX_WORDS:,} characters.", "Both sides read it.", field="reason"
        )
    if (said.right == "neither") != (said.answers is not None):
        raise BadInput(
            "Where neither is right, the judge answers; else not.", "Give answers with “neither” alone.",
            field="answers",
        )  # fmt: skip
    content = ["judge", dispute_id, said.hold, said.right, said.reason, said.answers]
    found: dict[str, Any] = once(tx, judge_id, key, content, lambda: _judge(tx, judge_id, dispute_id, said)).result
    return found


def _judge(tx: Transaction, judge_id: str, dispute_id: str, said: Verdict) -> dict[str, Any]:
    row = _open_one(tx, dispute_id)
    if judge_id in (row["author_id"], row["reviewer_id"]):
        raise Conflict("You are one of the two sides of this dispute.", "A third person judges it.")
    if tx.one("dispute_may", id=dispute_id, judge_id=judge_id) is None:
        raise Conflict("You know this task from your own work.", "Somebody who does not judges it.")
    review = tx.one("review_get", id=row["review_id"])
    assert review is not None
    if review["undone_at"] is not None:
        raise Conflict("The review was taken back meanwhile.", "There is nothing left to judge.")
    answer, project_row = tx.one("annotation_get", id=row["annotation_id"]), tx.one("project_get", id=row["project_id"])
    assert answer is not None
    assert project_row is not None
    project = rows.project(project_row)
    sides = both_answers(tx, project, row, review)
    own = _own_answers(tx, project, row, said.answers, sides) if said.right == "neither" else None
    other: Side = "reviewer" if row["a_is"] == "author" else "author"
    right = "neither" if said.right == "neither" else row["a_is"] if said.right == "a" else other
    changed = tx.run(
        "dispute_judge", id=dispute_id, judge_id=judge_id, hold=said.hold, right_is=right, reason=said.reason.strip(),
        answers=None if own is None else to_json(own), schema_version=project.schema_version, now=tx.now,
    )  # fmt: skip
    if not changed:
        raise VersionConflict(
            "Somebody else has this dispute now, or has judged it." if row["state"] == "open" else "This was judged.",
            "Take the next one.", state=row["state"],
        )  # fmt: skip
    for worker_id, act, value in _worth(project, row, review, right, sides, own):
        put_evidence(tx, worker_id=worker_id, act=act, source="dispute", annotation=answer, value=value, fair=False)  # type: ignore[arg-type]
    counts = _settle(tx, answer, review, right)
    tx.run("dispute_count", id=dispute_id, counts=None if counts is None else int(counts))
    record(
        tx, "dispute.judged", judge_id, project_id=row["project_id"], task_id=row["task_id"], object_id=dispute_id,
        data=to_json({"right": right, "counts": counts, "review": review["id"], "annotation": answer["id"]}),
    )  # fmt: skip
    worked(
        tx, project_row, judge_id, since=row["held_at"] or tx.now, spent_ms=said.spent_ms, object_id=dispute_id,
        answer=False,
    )  # fmt: skip
    _tell_both(tx, row, review, right, said.reason.strip(), counts)
    return {"id": dispute_id, "state": "judged", "at": tx.now}


def both_answers(tx: Transaction, project: Project, row: Row, review: Row) -> dict[Side, dict[str, Any] | None]:
    """The two answers under the present questions, as they are stored; None for a rejection, which has none."""
    carrier = carrier_of(tx, project)
    answer = tx.one("annotation_get", id=row["annotation_id"])
    seen = tx.one("dispute_version", annotation_id=row["annotation_id"], version=review["seen_version"])
    assert answer is not None
    assert seen is not None
    fixed = None
    if review["answers"] is not None:
        fixed = carrier.carry(review["schema_version"], json.loads(review["answers"])).answers
    return {"author": carrier.carry(answer["schema_version"], json.loads(seen["answers"])).answers, "reviewer": fixed}


def _own_answers(
    tx: Transaction, project: Project, row: Row, given: Any, sides: dict[Side, dict[str, Any] | None]
) -> dict[str, Any]:
    task = tx.one("task_with_content", id=row["task_id"])
    assert task is not None
    content = json.loads(task["content"])
    stored = to_stored(project.questions, read_drawn(row["shown"]), given)
    own = validate_answers(questions_of(project, content), stored, content)
    if own in sides.values():
        raise BadInput("Your answer is one of the two.", "Say that this side is right.", field="answers")
    return own


def _worth(
    project: Project, row: Row, review: Row, right: str, sides: dict[Side, dict[str, Any] | None], own: Any
) -> list[tuple[str, str, float]]:
    """(worker, act, worth): what the author's answer and the reviewer's verdict turned out to be worth, 0 to 1."""
    theirs, fixed, same = sides["author"] or {}, sides["reviewer"], project.settings.same
    if right == "author":
        answer, verdict = 1.0, 0.0
    elif right == "reviewer":
        answer, verdict = (0.0 if fixed is None else likeness(project.questions, fixed, theirs, same)), 1.0
    else:
        answer = likeness(project.questions, own, theirs, same)
        # A fix is as good as it is like the judge's answer; a rejection was right as far as the answer was wrong.
        verdict = 1.0 - answer if fixed is None else likeness(project.questions, own, fixed, same)
    return [(row["author_id"], "label", answer), (row["reviewer_id"], "review", verdict)]


def _settle(tx: Transaction, answer: Row, review: Row, right: str) -> bool | None:
    """What becomes of the answer: True, it counts (again); False, it was right but its place is gone, so it is kept; None,
    nothing changes."""
    if right == "neither" or (review["verdict"] == "fix" and right == "author"):
        mark_changed(tx, answer["project_id"], answer["task_id"])  # the fix counts no longer; the judge's answer does
    if right != "author":
        return None
    if answer["state"] != "rejected":
        return bool(answer["state"] == "accepted")
    again = tx.one("review_answered", task_id=answer["task_id"], worker_id=answer["worker_id"], round=answer["round"])
    try:
        if again is not None:  # the author was given the task anew and answered: one answer a person (Q2)
            return False
        reinstate(tx, answer)
    except Conflict:
        return False
    record(
        tx, "annotation.reinstated", "clock", project_id=answer["project_id"], task_id=answer["task_id"],
        object_id=answer["id"],
    )  # fmt: skip
    return True


def _tell_both(tx: Transaction, row: Row, review: Row, right: str, reason: str, counts: bool | None) -> None:
    kind = {"author": "dispute.overturned", "reviewer": "dispute.upheld", "neither": "dispute.neither"}[right]
    facts = {"verdict": review["verdict"], "reason": reason, "counts": counts, "annotation_id": row["annotation_id"]}
    for side in ("author", "reviewer"):
        notify(
            tx, row[f"{side}_id"], kind, project_id=row["project_id"], object_id=row["review_id"], side=side, **facts
        )


# ---- the clock -------------------------------------------------------------------------------------------------------
def stale(tx: Transaction) -> list[Row]:
    """Disputes that nobody has judged for `settings.review.judge_days`, and that nobody was told of."""
    found = tx.all("dispute_untold", before=tx.now - DAY, n=MOST_AT_ONCE)
    return [one for one in found if tx.now - one["at"] >= rows.settings(one["settings"]).review.judge_days * DAY]


def tell_stale(tx: Transaction) -> int:
    """Tell those who manage of each stale dispute, once. Pay waits for nothing: what was acknowledged is paid already, so a
    dispute that is never judged has taken nothing away. Returns how many."""
    found = stale(tx)
    leads = [one["id"] for one in tx.all("worker_list") if one["active"] and one["role"] in ("owner", "manager")]
    for one in found:
        tx.run("dispute_told", id=one["id"], now=tx.now)
        judges = tx.one("dispute_judges", id=one["id"])
        for lead in leads:
            notify(
                tx, lead, "dispute.waiting", project_id=one["project_id"], object_id=one["id"],
                days=(tx.now - one["at"]) // DAY, judges=judges["n"] if judges is not None else 0,
            )  # fmt: skip
        record(tx, "dispute.told", "clock", project_id=one["project_id"], object_id=one["id"])
    return len(found)
