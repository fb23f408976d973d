"""lease → annotation: submit, undo, edit. What becomes of a task in hand that is not answered stands in holding.py.

A submit is judged by the stored state of its lease, inside the transaction, never by a clock at reading time (Q7).
"""

import json
from dataclasses import dataclass
from typing import Any

from tawsim.core.errors import BadAnswer, BadInput, Conflict, LeaseLost, NotFound, VersionConflict
from tawsim.core.ids import new_id
from tawsim.kinds import validate_answers
from tawsim.labelling.gold import take_back
from tawsim.labelling.holding import own_lease
from tawsim.labelling.hours import check_spent, worked
from tawsim.labelling.live_turns import check_turns
from tawsim.labelling.masking import shown_id
from tawsim.labelling.presenting import asked_of, needs_row, read_drawn, to_stored
from tawsim.labelling.queue import LeasedTask, leased_task
from tawsim.labelling.quotas import Room, room_of, take
from tawsim.labelling.schemas import carried, renamed_since
from tawsim.labelling.slots import (
    add_accepted,
    end_lease,
    insert_lease,
    project_row,
    take_slot,
)
from tawsim.labelling.training import known_answered, known_edited
from tawsim.store.database import Row, Transaction
from tawsim.store.keys import once, record
from tawsim.store.rows import project as project_of
from tawsim.store.rows import questions, renames, settings, to_json

MAX_COMMENT = 2_000
UNDO_ON_TOP = 10  # as many as the labelling page can take back


@dataclass(frozen=True, slots=True)
class Given:
    """What a worker sends with an answer: their words on the task, a flag for whoever leads the project, the version of
    the questions that they saw, and how long hands were on it (None: not told)."""

    comment: str = ""
    flag: bool = False
    schema_version: int | None = None
    spent_ms: int | None = None

    def key_part(self) -> list[Any]:
        """What the idempotency key covers besides the answers; nothing where nothing was said. Not the time: it is measured."""
        return [self.comment, self.flag] if self.comment or self.flag else []


NOTHING_MORE = Given()


@dataclass(frozen=True, slots=True)
class Submitted:
    """What became of a submit. `annotation` is None when the slot was gone; then `draft` names where the work was kept.
    `changed`: it was, because the questions had changed. `training`: what is told of a worked example."""

    annotation: dict[str, Any] | None
    repeated: bool
    draft: str | None = None
    changed: bool = False
    training: dict[str, Any] | None = None

    def or_raise(self) -> dict[str, Any]:
        """The annotation, or LeaseLost. Raised outside the transaction, which must commit to keep the draft."""
        if self.annotation is not None:
            return self.annotation
        if self.changed:
            raise LeaseLost(
                "The questions of this project were changed while you answered.", "Your answer was kept as a draft.",
                draft=self.draft, schema_changed=True,
            )  # fmt: skip
        raise LeaseLost(
            "This task went to somebody else meanwhile." if self.draft else "This lease has ended.",
            "Your answer was kept as a draft." if self.draft else "Ask for the next task.",
            draft=self.draft,
        )


def submit(
    tx: Transaction, worker_id: str, lease_id: str, key: str, answers: Any, given: Given = NOTHING_MORE
) -> Submitted:
    """Take an answer. Same key and content: the first result again (Q10). Raises NotFound, BadAnswer, KeyReused."""
    lease = own_lease(tx, worker_id, lease_id)
    _check_given(given)

    def work() -> dict[str, Any]:
        # Even of a removed project: its leases were revoked, and what was under way is kept as a draft (Q7, Q16).
        project = tx.one("project_even_removed", id=lease["project_id"])
        assert project is not None
        try:
            now = renamed_since(tx, project, given.schema_version, answers)
            clean = _clean(tx, lease, project, project["questions"], now)
        except BadAnswer:
            old = _answered_before_a_change(tx, project, lease, answers, given)
            if old is None:
                raise
            return {"annotation": None, "draft": old, "changed": True}
        if lease["state"] == "live":
            end_lease(tx, lease, "submitted", actor_id=worker_id)
            return _accept(tx, project, lease, clean, given, late=False)
        if lease["state"] == "expired" and _take_late_slot(tx, project, lease):
            return _accept(tx, project, lease, clean, given, late=True)
        keep = lease["state"] in ("expired", "revoked")
        return {"annotation": None, "draft": _keep_draft(tx, project, lease, clean, given) if keep else None}

    result, repeated = once(tx, worker_id, key, ["submit", lease_id, answers, *given.key_part()], work)
    return Submitted(
        result["annotation"], repeated, result.get("draft"), result.get("changed", False), result.get("training")
    )


def _clean(tx: Transaction, lease: Row, project: Row, questions_text: str, answers: Any) -> dict[str, Any]:
    """The answers as they are stored: to what the row asks, under the candidates' own names, in canonical form, true of it."""
    asked, column = questions(questions_text), settings(project["settings"]).asks
    content = None
    if column or needs_row(asked):
        row = tx.one("task_with_content", id=lease["task_id"])
        content = None if row is None else json.loads(row["content"])
    if column and content is not None:
        asked = asked_of(asked, content.get(column), renames(project["renamed"]))
    clean = validate_answers(asked, to_stored(asked, read_drawn(lease["shown"]), answers), content)
    check_turns(tx, lease, asked, clean)
    return clean


def _answered_before_a_change(tx: Transaction, project: Row, lease: Row, answers: Any, given: Given) -> str | None:
    """The draft in which work was kept that fits the questions its worker saw, which were changed meanwhile; else None."""
    if given.schema_version is None or given.schema_version == project["schema_version"]:
        return None
    old = tx.one("schema_get", project_id=project["id"], version=given.schema_version)
    if old is None:
        return None
    try:
        clean = _clean(tx, lease, project, old["questions"], answers)
    except BadAnswer:
        return None
    end_lease(tx, lease, "released", actor_id=lease["worker_id"], reason="the questions were changed")
    return _keep_draft(tx, project, lease, clean, given, given.schema_version)


def _check_given(given: Given) -> None:
    if len(given.comment) > MAX_COMMENT:
        raise BadInput(f"A comment may have {MAX_COMMENT:,} characters.")
    check_spent(given.spent_ms)


def _take_late_slot(tx: Transaction, project: Row, lease: Row) -> bool:
    """Paid work that comes late is not thrown away while the task is still open for this worker (Q7)."""
    task = tx.one("task_get", id=lease["task_id"])
    worker = tx.one("worker_get", id=lease["worker_id"])
    if lease["late"] or task is None or task["round"] != lease["round"] or project["state"] != "running":
        return False
    if worker is None or not worker["active"]:
        return False
    again = tx.one("lease_live_on_task", task_id=task["id"], worker_id=lease["worker_id"])
    if again is None and _room(tx, project, lease["worker_id"]).left < 1:
        return False
    if again is not None:
        # The same worker was given the task again: the late answer takes over that lease's slot.
        end_lease(tx, again, "released", actor_id=lease["worker_id"], give=False)
        slot = again["slot"]
    elif tx.one("lease_had", worker_id=lease["worker_id"], task_id=task["id"], round=task["round"]):
        return False
    else:
        slot = take_slot(tx, task["id"], task["round"], task["purpose"])
    if slot is None:
        return False
    take(tx, _room(tx, project, lease["worker_id"]), 1)
    tx.run("lease_mark_late", id=lease["id"], slot=slot)
    return True


def _room(tx: Transaction, project: Row, worker_id: str) -> Room:
    """What expired was given back to the quota; answered late it counts again, if there is room (Q19)."""
    counts = tx.one("project_count_get", project_id=project["id"])
    assert counts is not None
    place = tx.one("worker_project_get", project_id=project["id"], worker_id=worker_id)
    return room_of(tx, project_of(project), worker_id, counts, place)


def _accept(
    tx: Transaction, project: Row, lease: Row, answers: dict[str, Any], given: Given, *, late: bool
) -> dict[str, Any]:
    annotation_id = new_id(tx.now)
    tx.run(
        "annotation_insert", id=annotation_id, project_id=lease["project_id"], task_id=lease["task_id"],
        lease_id=lease["id"], worker_id=lease["worker_id"], round=lease["round"], late=int(late),
        guideline_version=project["guideline_version"], schema_version=project["schema_version"], created_at=tx.now,
    )  # fmt: skip
    tx.run(
        "annotation_version_insert", annotation_id=annotation_id, version=1, answers=to_json(answers),
        by_worker=lease["worker_id"], at=tx.now, comment=given.comment, flag=int(given.flag),
    )  # fmt: skip
    task = tx.one("task_get", id=lease["task_id"])
    assert task is not None
    add_accepted(tx, task, lease["worker_id"], 1, leases=0 if late else -1)
    record(
        tx, "annotation.accepted", lease["worker_id"], project_id=lease["project_id"], task_id=lease["task_id"],
        object_id=annotation_id,
    )  # fmt: skip
    active = worked(
        tx, project, lease["worker_id"], since=lease["granted_at"], spent_ms=given.spent_ms, object_id=annotation_id,
        answer=True,
    )  # fmt: skip
    if active:
        tx.run("annotation_set_active", id=annotation_id, active=active)
    told = known_answered(tx, project_of(project), lease, annotation_id) if task["purpose"] != "work" else None
    called = shown_id(project_of(project), lease["worker_id"], lease["task_id"])
    return {
        "annotation": {"id": annotation_id, "task_id": called, "version": 1, "state": "accepted", "late": late},
        "training": told,
    }


def _keep_draft(
    tx: Transaction, project: Row, lease: Row, answers: dict[str, Any], given: Given, schema_version: int | None = None
) -> str:
    draft_id = new_id(tx.now)
    tx.run(
        "draft_insert", id=draft_id, project_id=lease["project_id"], task_id=lease["task_id"], lease_id=lease["id"],
        worker_id=lease["worker_id"], answers=to_json(answers), created_at=tx.now,
        schema_version=schema_version or project["schema_version"], comment=given.comment, flag=int(given.flag),
    )  # fmt: skip
    record(
        tx,
        "draft.kept",
        lease["worker_id"],
        project_id=lease["project_id"],
        task_id=lease["task_id"],
        object_id=draft_id,
    )
    # The hours were worked. The answer is paid as one when it is adopted.
    worked(
        tx, project, lease["worker_id"], since=lease["granted_at"], spent_ms=given.spent_ms, object_id=draft_id,
        answer=False,
    )  # fmt: skip
    return draft_id


def own_annotation(tx: Transaction, worker_id: str, annotation_id: str) -> Row:
    """The annotation, or NotFound for somebody else's as for an absent one."""
    row = tx.one("annotation_get", id=annotation_id)
    if row is None or row["worker_id"] != worker_id:
        raise NotFound("There is no such annotation.")
    return row


def undo(tx: Transaction, worker_id: str, annotation_id: str, key: str) -> LeasedTask:
    """Withdraw one's own answer and hold the task again: the slot never leaves the worker's hands."""
    annotation = own_annotation(tx, worker_id, annotation_id)

    def work() -> dict[str, Any]:
        project = project_row(tx, annotation["project_id"])
        task = tx.one("task_get", id=annotation["task_id"])
        if annotation["state"] != "accepted" or task is None or task["round"] != annotation["round"]:
            raise Conflict(
                "This answer can no longer be undone.", "It was reviewed, withdrawn, or its task was reopened."
            )
        if project["state"] != "running":
            raise Conflict("The project is paused.", "Undo it when the project runs again.")
        _check_may_hold_more(tx, project, worker_id)
        old = tx.one("lease_get", id=annotation["lease_id"])
        assert old is not None
        tx.run("annotation_set_state", id=annotation_id, state="withdrawn")
        tx.run("lease_drop_slot", id=old["id"])
        add_accepted(tx, task, worker_id, -1, leases=1)
        take_back(tx, task, annotation_id)
        record(
            tx, "annotation.withdrawn", worker_id, project_id=project["id"], task_id=task["id"], object_id=annotation_id
        )
        lease = insert_lease(
            tx, project, task["id"], task["round"], worker_id, old["slot"], shown=old["shown"], number=old["number"],
            day=old["day"],
        )  # fmt: skip
        return {"lease": lease["id"]}

    result, _ = once(tx, worker_id, key, ["undo", annotation_id], work)
    project = project_of(project_row(tx, annotation["project_id"]))
    fit = carried(tx, project, annotation["schema_version"], json.loads(annotation["answers"]))
    previous = {"answers": fit, "comment": annotation["comment"], "flag": bool(annotation["flag"])}
    return leased_task(tx, project, own_lease(tx, worker_id, result["lease"]), previous)


def _check_may_hold_more(tx: Transaction, project: Row, worker_id: str) -> None:
    """An undo may go over the project's `max_leases`, since the tasks ahead are held already; but not without end."""
    worker = tx.one("worker_get", id=worker_id)
    if worker is None or not worker["active"]:
        raise Conflict("This account was deactivated.", "Ask the owner of the workspace.")
    held = len(tx.all("lease_live_of_worker", project_id=project["id"], worker_id=worker_id))
    if held >= project["max_leases"] + UNDO_ON_TOP:
        raise Conflict("You hold too many tasks to take another one back.", "Answer or skip one of them first.")


def edit(
    tx: Transaction,
    actor_id: str,
    annotation_id: str,
    key: str,
    seen_version: int,
    answers: Any,
    given: Given = NOTHING_MORE,
) -> dict[str, Any]:
    """A new version of one's own answer. Of two edits of one version exactly one wins (Q14). Raises VersionConflict."""
    own_annotation(tx, actor_id, annotation_id)
    _check_given(given)

    def work() -> dict[str, Any]:
        annotation = own_annotation(tx, actor_id, annotation_id)
        project = project_row(tx, annotation["project_id"])
        lease = own_lease(tx, actor_id, annotation["lease_id"])
        clean = _clean(tx, lease, project, project["questions"], answers)
        schema = project["schema_version"]
        if tx.run("annotation_set_version", id=annotation_id, seen_version=seen_version, schema_version=schema) == 0:
            raise VersionConflict(
                "This answer was changed meanwhile.", "Look at the current version first.",
                current_version=annotation["version"], state=annotation["state"],
            )  # fmt: skip
        tx.run("task_mark_changed", id=annotation["task_id"])
        tx.run("project_count_touch", project_id=project["id"])
        tx.run(
            "annotation_version_insert", annotation_id=annotation_id, version=seen_version + 1, answers=to_json(clean),
            by_worker=actor_id, at=tx.now, comment=given.comment, flag=int(given.flag),
        )  # fmt: skip
        record(
            tx, "annotation.edited", actor_id, project_id=project["id"], task_id=annotation["task_id"],
            object_id=annotation_id,
        )  # fmt: skip
        worked(
            tx, project, actor_id, since=annotation["created_at"], spent_ms=given.spent_ms, object_id=annotation_id,
            answer=False,
        )  # fmt: skip
        known_edited(tx, project_of(project), annotation["task_id"], annotation_id)
        return {
            "id": annotation_id, "task_id": shown_id(project_of(project), actor_id, annotation["task_id"]),
            "version": seen_version + 1, "state": "accepted",
            "late": bool(annotation["late"]),
        }  # fmt: skip

    result: dict[str, Any] = once(
        tx, actor_id, key, ["edit", annotation_id, seen_version, answers, *given.key_part()], work
    ).result
    return result
