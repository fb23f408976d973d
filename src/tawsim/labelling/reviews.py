"""Verdicts on answers: accept, fix, reject; undo; and what a reviewer is shown. Facts: what is undone stays in the table.

Each verdict names the version it saw; of several on one version exactly one stands (Q14). A fix is the reviewer's own answer
and never a version of the worker's. Who gets which answer is in review_queue.py; what reviews do to the truth is told in
docs/decisions/0014.
"""

import json
from dataclasses import dataclass
from typing import Any, Literal

from tawsim.core.clock import SECOND
from tawsim.core.errors import BadInput, Conflict, NotFound, VersionConflict
from tawsim.core.ids import new_id
from tawsim.core.records import Project
from tawsim.kinds import validate_answers
from tawsim.kinds.likeness import likeness
from tawsim.labelling import owners
from tawsim.labelling.evidence import put_evidence, take_back
from tawsim.labelling.hours import worked
from tawsim.labelling.media import media_of
from tawsim.labelling.notices import notify
from tawsim.labelling.presenting import media_names, present, questions_of, read_drawn, to_shown, to_stored
from tawsim.labelling.review_queue import HOLD_S, hold, is_drawn, is_reviewable, send_to_review
from tawsim.labelling.schemas import carrier_of
from tawsim.labelling.slots import add_accepted, take_slot
from tawsim.store import rows
from tawsim.store.database import Row, Transaction
from tawsim.store.keys import once, record
from tawsim.store.rows import to_json

__all__ = ["Said", "Verdict", "insert_review", "present_item", "reinstate", "review", "send_to_review", "undo_review"]
MAX_WORDS = 2_000
MOST_VERSIONS = 50
Verdict = Literal["accept", "fix", "reject"]
NOTICES = {"fix": "review.fixed", "reject": "review.rejected"}


@dataclass(frozen=True, slots=True)
class Said:
    """What a reviewer says of the version they saw. `reason` is one of the project's; `answers` are the reviewer's own, in
    the names that were shown, for a fix alone."""

    seen_version: int
    verdict: Verdict
    reason: str = ""
    words: str = ""
    answers: Any = None


def review(tx: Transaction, reviewer_id: str, annotation_id: str, key: str, said: Said) -> dict[str, Any]:
    """Give a verdict. Same key and content: the first result again.

    Raises NotFound, BadInput (no such reason, a fix that changes nothing), BadAnswer (a fix that does not fit the questions),
    Conflict (own work, held by somebody else), VersionConflict with the current version.
    """
    if said.verdict not in ("accept", "fix", "reject"):
        raise BadInput(f"A verdict is accept, fix or reject, not {str(said.verdict)[:20]!r}.", field="verdict")
    if len(said.words) > MAX_WORDS:
        raise BadInput(f"Words on a review may have {MAX_WORDS:,} characters.", field="words")
    content = ["review", annotation_id, said.seen_version, said.verdict, said.reason, said.words, said.answers]
    found: dict[str, Any] = once(
        tx, reviewer_id, key, content, lambda: _review(tx, reviewer_id, annotation_id, said)
    ).result
    return found


def _review(tx: Transaction, reviewer_id: str, annotation_id: str, said: Said) -> dict[str, Any]:
    answer, project = _answer_and_project(tx, annotation_id)
    _check_may(tx, reviewer_id, answer)
    _check_version(tx, answer, said.seen_version)
    _check_reason(project, said)
    own, stored = _fixed(tx, project, answer, said) if said.verdict == "fix" else (None, None)
    value = {"accept": 1.0, "reject": 0.0}.get(said.verdict)
    if value is None:
        assert own is not None
        value = likeness(project.questions, own, _present_answers(tx, project, answer), project.settings.same)
    review_id = new_id(tx.now)
    if said.verdict == "reject":
        words = ": ".join(part for part in (said.reason, said.words.strip()) if part)
        owners.reject(
            tx, reviewer_id, annotation_id, f"review {review_id}", said.seen_version, words, review_id=review_id
        )
    drawn = is_drawn(tx, project, annotation_id)
    evidence = put_evidence(
        tx, worker_id=answer["worker_id"], act="label", source="review", annotation=answer, value=value, fair=drawn
    )
    _count_time(tx, reviewer_id, answer, review_id)
    insert_review(tx, reviewer_id, project, answer, review_id, said, stored=stored, evidence_id=evidence, drawn=drawn)
    if said.verdict == "fix":
        mark_changed(tx, project.id, answer["task_id"])
    if said.verdict != "accept":
        task = tx.one("task_get", id=answer["task_id"])
        notify(
            tx, answer["worker_id"], NOTICES[said.verdict], project_id=project.id, object_id=review_id,
            task_id=answer["task_id"], annotation_id=annotation_id, seq=task["seq"] if task else None,
            reason=said.reason, words=said.words,
        )  # fmt: skip
    return {
        "id": review_id, "annotation_id": annotation_id, "verdict": said.verdict, "seen_version": said.seen_version,
        "at": tx.now,
    }  # fmt: skip


def _count_time(tx: Transaction, reviewer_id: str, answer: Row, review_id: str) -> None:
    """The reviewer's active time, since the answer came into their hands; none for one that they never held."""
    item, project = (
        tx.one("review_item_get", annotation_id=answer["id"]),
        tx.one("project_get", id=answer["project_id"]),
    )
    assert project is not None
    held = item is not None and item["holder_id"] == reviewer_id
    since = item["held_until"] - HOLD_S * SECOND if item is not None and held else tx.now
    worked(tx, project, reviewer_id, since=since, spent_ms=None, object_id=review_id, answer=False)


def _answer_and_project(tx: Transaction, annotation_id: str) -> tuple[Row, Project]:
    """The answer with its project, or NotFound: of removed tasks and projects, and of tasks that are not for work, too."""
    answer = tx.one("annotation_get", id=annotation_id)
    task = tx.one("task_get", id=answer["task_id"]) if answer is not None else None
    row = tx.one("project_get", id=answer["project_id"]) if answer is not None else None
    if answer is None or task is None or row is None or task["purpose"] != "work":
        raise NotFound("There is no such answer to review.")
    return answer, rows.project(row)


def _check_may(tx: Transaction, reviewer_id: str, answer: Row) -> None:
    if answer["worker_id"] == reviewer_id:
        raise Conflict("This answer is your own.", "Somebody else reviews it.")
    ids = {"task_id": answer["task_id"], "round": answer["round"]}
    answered = tx.one("review_answered", worker_id=reviewer_id, **ids)
    if answered and tx.one("review_may_other", reviewer_id=reviewer_id, author_id=answer["worker_id"], **ids):
        raise Conflict("You answered this task yourself.", "Another reviewer looks at it.")
    item = tx.one("review_item_get", annotation_id=answer["id"])
    if (
        item is not None
        and item["state"] == "held"
        and item["holder_id"] != reviewer_id
        and item["held_until"] > tx.now
    ):
        raise VersionConflict(
            "Another reviewer is looking at this answer.", "Take the next one.",
            current_version=answer["version"], state=answer["state"],
        )  # fmt: skip


def _check_version(tx: Transaction, answer: Row, seen_version: int) -> None:
    """Raises VersionConflict unless this is the version that stands, and no verdict on it does."""
    if answer["version"] == seen_version and is_reviewable(tx, answer):
        return
    standing = tx.one("review_standing", annotation_id=answer["id"], seen_version=answer["version"])
    raise VersionConflict(
        "This answer was reviewed meanwhile." if standing else "This answer was changed or taken back meanwhile.",
        "Look at it as it is now.", current_version=answer["version"], state=answer["state"],
        review=standing["id"] if standing else None,
    )  # fmt: skip


def _check_reason(project: Project, said: Said) -> None:
    known = project.settings.review.reasons
    if said.reason and said.reason not in known:
        raise BadInput(
            f"{said.reason[:60]!r} is none of the project's reasons.", "Reasons: " + ", ".join(known), field="reason"
        )
    if said.verdict == "reject" and not said.reason and not said.words.strip():
        raise BadInput("A rejection needs a reason.", "The labeller will read it.", field="reason")
    if said.verdict != "fix" and said.answers is not None:
        raise BadInput("Only a fix comes with answers.", field="answers")


def _fixed(tx: Transaction, project: Project, answer: Row, said: Said) -> tuple[dict[str, Any], str]:
    """The reviewer's own answers, checked like any, and as they are stored. Raises BadAnswer, BadInput."""
    task = tx.one("task_with_content", id=answer["task_id"])
    lease = tx.one("lease_get", id=answer["lease_id"])
    assert task is not None
    assert lease is not None
    content = json.loads(task["content"])
    given = to_stored(project.questions, read_drawn(lease["shown"]), said.answers)
    own = validate_answers(questions_of(project, content), given, content)
    if own == _present_answers(tx, project, answer):
        raise BadInput("This fix changes nothing.", "Accept the answer instead.", field="answers")
    return own, to_json(own)


def _present_answers(tx: Transaction, project: Project, answer: Row) -> dict[str, Any]:
    """What fits of an answer under the present questions."""
    return carrier_of(tx, project).carry(answer["schema_version"], json.loads(answer["answers"])).answers


def insert_review(
    tx: Transaction,
    reviewer_id: str,
    project: Project,
    answer: Row,
    review_id: str,
    said: Said,
    *,
    stored: str | None = None,
    evidence_id: str | None = None,
    bulk_id: str | None = None,
    drawn: bool = False,
) -> None:
    """Write a verdict with the reason why this answer was looked at, end its item, leave its event."""
    item = tx.one("review_item_get", annotation_id=answer["id"])
    why = item["why"] if item is not None and item["state"] in ("waiting", "held") else ""
    tx.run(
        "review_insert", id=review_id, project_id=project.id, task_id=answer["task_id"], annotation_id=answer["id"],
        round=answer["round"], seen_version=said.seen_version, reviewer_id=reviewer_id, verdict=said.verdict,
        reason=said.reason, words=said.words, answers=stored, schema_version=project.schema_version, bulk_id=bulk_id,
        evidence_id=evidence_id, at=tx.now, why=why, drawn=int(drawn),
    )  # fmt: skip
    tx.run("review_item_end", annotation_id=answer["id"], state="done", version=said.seen_version)
    record(
        tx, f"review.{said.verdict}", reviewer_id, project_id=project.id, task_id=answer["task_id"], object_id=review_id,
        data=to_json({"annotation": answer["id"], "version": said.seen_version, "reason": said.reason, "bulk": bulk_id}),
    )  # fmt: skip


def mark_changed(tx: Transaction, project_id: str, task_id: str) -> None:
    """What the truth of this task rests on has changed."""
    tx.run("task_mark_changed", id=task_id)
    tx.run("project_count_touch", project_id=project_id)


def undo_review(tx: Transaction, reviewer_id: str, review_id: str, key: str) -> dict[str, Any]:
    """Take back one's own last verdict while nothing else happened; the answer is in the reviewer's hands again.

    Raises NotFound for another's; Conflict where it is not the last, or the answer, its place or its worth went on.
    """

    def work() -> dict[str, Any]:
        row = tx.one("review_get", id=review_id)
        if row is None or row["reviewer_id"] != reviewer_id or row["bulk_id"] is not None:
            raise NotFound("There is no such review.")
        answer, project = _answer_and_project(tx, row["annotation_id"])
        last = tx.one("review_last_of", project_id=project.id, reviewer_id=reviewer_id)
        if row["undone_at"] is not None or last is None or last["id"] != review_id:
            raise Conflict("Only your last verdict can be undone.", "Ask a manager to reopen the task.")
        _check_untouched(tx, row, answer)
        tx.run("review_undo", id=review_id, now=tx.now)
        if row["verdict"] == "reject":
            reinstate(tx, answer)
        if row["evidence_id"]:
            take_back(tx, row["evidence_id"])
        if row["verdict"] == "fix":
            mark_changed(tx, project.id, answer["task_id"])
        gone = tx.run("review_notice_unseen", object_id=review_id, worker_id=answer["worker_id"])
        if not gone and row["verdict"] != "accept":
            notify(tx, answer["worker_id"], "review.undone", project_id=project.id, object_id=review_id)
        record(tx, "review.undone", reviewer_id, project_id=project.id, task_id=answer["task_id"], object_id=review_id)
        if tx.run("review_item_end", annotation_id=answer["id"], state="waiting", version=0):
            hold(tx, answer, reviewer_id)
        return {"id": review_id, "annotation_id": answer["id"]}

    found: dict[str, Any] = once(tx, reviewer_id, key, ["undo review", review_id], work).result
    return found


def _check_untouched(tx: Transaction, row: Row, answer: Row) -> None:
    task = tx.one("task_get", id=answer["task_id"])
    state = "rejected" if row["verdict"] == "reject" else "accepted"
    same = answer["version"] == row["seen_version"] and answer["state"] == state
    if not same or task is None or task["round"] != row["round"]:
        raise Conflict("The answer went on meanwhile.", "This verdict stands; look at the answer as it is now.")
    if tx.one("review_disputed", review_id=row["id"]):
        raise Conflict("The author objected to this verdict.", "Somebody else looks at it now.")
    evidence = tx.one("evidence_get", id=row["evidence_id"]) if row["evidence_id"] else None
    if evidence is not None and evidence["replaced_by"] is not None:
        raise Conflict("A later word on this answer stands already.", "A decision or a dispute goes before a review.")


def reinstate(tx: Transaction, answer: Row) -> None:
    """A rejected answer counts again, if there is still a place for it in its task. Raises Conflict."""
    task = tx.one("task_get", id=answer["task_id"])
    slot = None
    if task is not None and task["round"] == answer["round"]:
        slot = take_slot(tx, task["id"], task["round"], task["purpose"])
    if task is None or slot is None:
        raise Conflict("The place of this answer was given to somebody else.", "Raise the task's overlap first.")
    tx.run("review_annotation_again", id=answer["id"])
    tx.run("review_lease_slot", id=answer["lease_id"], slot=slot)
    add_accepted(tx, task, answer["worker_id"], 1)


def present_item(tx: Transaction, item: Row, *, with_names: bool) -> dict[str, Any]:
    """What a reviewer sees of the answer they hold: the row as its worker saw it, the answer with comment and flag, earlier
    versions and reviews. Names of people only where `with_names`."""
    answer, project = _answer_and_project(tx, item["annotation_id"])
    task = tx.one("task_with_content", id=answer["task_id"])
    lease = tx.one("lease_get", id=answer["lease_id"])
    assert task is not None
    assert lease is not None
    drawn, content = read_drawn(lease["shown"]), json.loads(task["content"])
    carrier, at = carrier_of(tx, project), answer["schema_version"]

    def shown(answers: str | None, version: int = at) -> dict[str, Any] | None:
        if answers is None:
            return None
        return to_shown(project.questions, drawn, carrier.carry(version, json.loads(answers)).answers)

    author = tx.one("worker_get", id=answer["worker_id"]) if with_names else None
    return {
        "held_until": item["held_until"],
        "why": item["why"],
        "task": {
            "id": task["id"], "seq": task["seq"],
            **present(project, content, drawn, media_of(tx, project.id, media_names(project, content))),
        },
        "answer": {
            "id": answer["id"], "version": answer["version"], "answers": shown(answer["answers"]),
            "comment": answer["comment"], "flag": bool(answer["flag"]), "created_at": answer["created_at"],
            "late": bool(answer["late"]), "guideline_version": answer["guideline_version"],
            "schema_version": at, "misfits": sorted(carrier.carry(at, json.loads(answer["answers"])).misfits),
        },
        "versions": [
            {
                "version": one["version"], "at": one["at"], "answers": shown(one["answers"]), "comment": one["comment"],
                "flag": bool(one["flag"]),
            }
            for one in tx.all("review_versions", annotation_id=answer["id"], n=MOST_VERSIONS)
            if one["version"] != answer["version"]
        ],
        "reviews": [
            {
                "id": one["id"], "verdict": one["verdict"], "seen_version": one["seen_version"], "reason": one["reason"],
                "words": one["words"], "answers": shown(one["answers"], one["schema_version"]), "at": one["at"],
                "undone": one["undone_at"] is not None, "reviewer": one["reviewer_name"] if with_names else None,
            }
            for one in tx.all("review_of_annotation", annotation_id=answer["id"])
        ],
        "author": None if author is None else {"id": author["id"], "name": author["name"]},
    }  # fmt: skip
