"""The one answer that a finished task ends with: what was decided, else the only answer, else what the truth model infers.

Of one answer nothing has to be inferred. Where several people answered, the finished tasks are judged together, by people as
they are known from the answers that came just before: the cost follows what changed, not the size of the project.
"""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from tawsim.core.records import Project, Question
from tawsim.kinds import is_asked
from tawsim.labelling.schemas import Carrier, carrier_of
from tawsim.loop.following import ProjectTruth, judge
from tawsim.loop.structured import FROM_ROW, completed
from tawsim.store.database import Database, Row, Transaction

# Revisions before the first of the finished tasks whose answers tell what their people are like; about as many answers.
CONTEXT = 2_000


@dataclass(frozen=True, slots=True)
class Work:
    """A task's answers as they stand: `given` are the accepted ones of its round, the oldest first, and `answers` what they say
    under the present questions; `fixed`: what the last fix says; `decided`: what the task was settled as."""

    row: Row
    given: tuple[Row, ...]
    answers: tuple[dict[str, Any], ...]
    fixed: dict[str, Any] | None
    decided: dict[str, Any] | None
    cannot: str | None
    basis: str

    @property
    def rests_on(self) -> int:
        """How many accepted answers the basis holds."""
        return int(self.basis.split("/")[1])

    @property
    def is_single(self) -> bool:
        """Whether there is nothing to infer."""
        return self.decided is not None or len(self.given) <= 1


def read_work(tx: Transaction, project: Project, row: Row, carrier: Carrier | None = None) -> Work:
    """What stands of a task (a row of `scale_work`). `carrier`: how the project's answers are read, where that is known."""
    ids = {"task_id": row["task_id"], "round": row["round"]}
    carrier = carrier or carrier_of(tx, project)
    given = [one for one in tx.all("decision_answers", **ids) if one["state"] == "accepted"]
    fixes = tx.all("decision_fixes", project_id=project.id, **ids)
    decision = tx.one("decision_current", task_id=row["task_id"])
    if decision is not None and (decision["round"] != row["round"] or decision["settles"] == "open"):
        decision = None
    parts = [f"{one['id']} {one['version']}" for one in given] + [one["id"] for one in fixes]
    parts.append(decision["id"] if decision is not None else "")
    digest = hashlib.sha256("\n".join(parts).encode()).hexdigest()[:32]
    settles = decision is not None and decision["settles"] == "answers"
    return Work(
        row=row,
        given=tuple(given),
        answers=tuple(_carried(carrier, one) for one in given),
        fixed=_carried(carrier, fixes[-1]) if fixes else None,
        decided=_carried(carrier, decision) if decision is not None and settles else None,
        cannot=decision["words"] if decision is not None and decision["settles"] == "cannot" else None,
        basis=f"{row['round']}/{len(given)}/{digest}",
    )


def _carried(carrier: Carrier, row: Row) -> dict[str, Any]:
    return carrier.carry(row["schema_version"], json.loads(row["answers"])).answers


def conclude(db: Database, project: Project, works: Sequence[Work]) -> dict[str, dict[str, Any]]:
    """Task → its answers, by question. A decision goes before all; the fix of an only answer goes before it; several answers
    are weighed by the truth model, with fixes among them."""
    found = {one.row["task_id"]: one.decided or one.fixed or _first(one) for one in works if one.is_single}
    several = sorted((one for one in works if not one.is_single), key=lambda one: int(one.row["changed"]))
    for group in _groups(several):
        found |= _inferred(db, project, group)
    return found


def _first(work: Work) -> dict[str, Any]:
    return work.answers[0] if work.answers else {}


def _groups(works: Sequence[Work]) -> Iterable[list[Work]]:
    """Works whose answers changed not too far from each other, so that one reading serves them."""
    group: list[Work] = []
    for one in works:
        if group and one.row["changed"] - group[0].row["changed"] > CONTEXT:
            yield group
            group = []
        group.append(one)
    if group:
        yield group


def _inferred(db: Database, project: Project, works: Sequence[Work]) -> dict[str, dict[str, Any]]:
    seen = max(0, int(works[0].row["changed"]) - 1 - CONTEXT)
    until = int(works[-1].row["changed"])
    asked = {name for work in works for answers in work.answers for name in answers}
    truths = {
        one.name: judge(db, project, one, seen=seen, until=until).truth
        for one in project.questions
        if one.name in asked
    }
    from_row = any(one.kind in FROM_ROW for one in project.questions if one.name in asked)  # type: ignore[attr-defined]
    return {
        work.row["task_id"]: _whole(project.questions, truths, work, _content(db, work) if from_row else {})
        for work in works
    }


def _content(db: Database, work: Work) -> dict[str, Any]:
    with db.read() as tx:
        task = tx.one("task_with_content", id=work.row["task_id"])
    found: dict[str, Any] = {} if task is None else json.loads(task["content"])
    return found


def _whole(
    questions: Sequence[Question], truths: dict[str, ProjectTruth], work: Work, content: dict[str, Any]
) -> dict[str, Any]:
    """All questions of a task together. What nothing came out of is what was answered first; what is not asked after the
    answers before it is left out."""
    found: dict[str, Any] = {}
    for question in questions:
        said = [answers[question.name] for answers in work.answers if question.name in answers]
        if not said or not is_asked(question, found):
            continue
        truth = truths[question.name]
        place = truth.place(int(work.row["seq"]))
        answer = completed(question, truth.label(place), content) if place is not None else None
        found[question.name] = said[0] if answer is None else answer
    return found
