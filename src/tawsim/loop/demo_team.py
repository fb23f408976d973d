"""The team of the demo: when its people worked, whose answers were looked at a second time, and what they said to that.

Through the same functions that people use. Deterministic but for the clock, which ends yesterday.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from tawsim.core.clock import SECOND, system_clock
from tawsim.core.records import Project, Worker
from tawsim.labelling.disputes import Verdict, dispute, judge, next_dispute
from tawsim.labelling.gold import Known, make_known
from tawsim.labelling.projects import update_project
from tawsim.labelling.reviews import Said, review
from tawsim.store.database import Row, Transaction
from tawsim.workspaces.profiles import set_profile
from tawsim.workspaces.workspace import Workspace, add_worker

DAYS = 9
DAY = 24 * 3600 * SECOND
BEGINS, HOURS = 7 * 3600 * SECOND, 8 * 3600 * SECOND
REVIEWERS = ("نورة", "كريم")
REASONS = ("خالف الدليل", "لم يقرأ النص كاملًا", "زر خاطئ")
DIALECTS = ("ar-EG", "ar-SA", "ar-SY")
KNOWN, EVERY, DISPUTES = 14, 8, 2
MISTAKE = "الأقرب عندي هو الشعور الآخر."
WORDS = "قرأت النص مرتين، وإجابتي توافق ما في الدليل."
WHY = "الدليل يقول: نحكم على شعور الكاتب لا على الموضوع."


class WorkingDays:
    """A clock that goes through the working hours of the last days, from share 0 to share 1."""

    def __init__(self, now: int | None = None) -> None:
        today = (system_clock() if now is None else now) // DAY * DAY
        self._begin = today - DAYS * DAY + BEGINS
        self._now = self._begin

    def at(self, share: float) -> None:
        """Go to this share (0..1) of the whole time; never back."""
        day = min(int(share * DAYS), DAYS - 1)
        there = self._begin + day * DAY + int((share * DAYS - day) * HOURS)
        self._now = max(self._now, there)

    def later(self, seconds: float) -> None:
        """Let some seconds pass."""
        self._now += int(seconds * SECOND)

    def __call__(self) -> int:
        """Microseconds since 1970 UTC."""
        return self._now


@dataclass(frozen=True, slots=True)
class Answered:
    """An answer that waits for a second look."""

    annotation_id: str
    worker_id: str
    label: str
    right: str


def add_team(workspace: Workspace, project: Project, people: Sequence[Worker], true: Mapping[str, str]) -> None:
    """Give the project known answers, reviewers, reviews and a few disputes: one settled, one for the visitor."""
    db, owner = workspace.db, workspace.owner_id
    settings = {
        "gold": {"on": True},
        "review": {"choose": "risk", "share": 0.15, "reasons": list(REASONS)},
        "pay": {"per_hour": 9.0, "currency": "USD"},
        "same": {"alef": True, "diacritics": True, "tatweel": True},
    }
    db.write(lambda tx: update_project(tx, owner, project.id, project.version, {"settings": settings}))
    db.write(lambda tx: _make_known(tx, owner, project, true))
    noura, karim = (db.write(partial(_reviewer, owner=owner, name=name)) for name in REVIEWERS)
    db.write(lambda tx: _speak_arabic(tx, owner, people))
    reviewed = db.write(lambda tx: _review(tx, project, noura.id, true))
    db.write(lambda tx: _dispute(tx, project, reviewed, karim.id))


def _make_known(tx: Transaction, owner: str, project: Project, true: Mapping[str, str]) -> None:
    done = [row for row in _tasks(tx, project).values() if row["accepted"] >= row["overlap"]]
    for row in done[:KNOWN]:
        make_known(tx, owner, row["id"], Known({"label": true[_text(row)]}, WHY))


def _tasks(tx: Transaction, project: Project) -> dict[str, Row]:
    found = tx.all("task_page", project_id=project.id, after=0, visible_seq=1 << 40, n=10_000)
    return {row["id"]: row for row in found if row["purpose"] == "work"}


def _text(row: Row) -> str:
    return str(json.loads(row["content"])["text"])


def _reviewer(tx: Transaction, owner: str, name: str) -> Worker:
    return add_worker(tx, owner, f"demo/{name}", name, kind="simulated", role="reviewer")


def _speak_arabic(tx: Transaction, owner: str, people: Sequence[Worker]) -> None:
    for place, worker in enumerate(people):
        set_profile(tx, owner, worker.id, 1, {"languages": ["ar"], "dialects": [DIALECTS[place % len(DIALECTS)]]})


def _answers(tx: Transaction, project: Project, true: Mapping[str, str]) -> list[Answered]:
    tasks = _tasks(tx, project)
    found = tx.all("annotation_of_tasks", project_id=project.id, after=0, until=1 << 40)
    return [
        Answered(row["id"], row["worker_id"], json.loads(row["answers"])["label"], true[_text(tasks[row["task_id"]])])
        for row in found
        if row["task_id"] in tasks
    ]


def _review(tx: Transaction, project: Project, reviewer: str, true: Mapping[str, str]) -> list[tuple[str, Answered]]:
    """Every so many answers: right ones are accepted, wrong ones fixed; one right one is rejected by mistake. Returns what
    was not accepted, the mistake first, as (id of the review, answer)."""
    found: list[tuple[str, Answered]] = []
    for place, one in enumerate(_answers(tx, project, true)[::EVERY]):
        is_right = one.label == one.right
        if is_right and not any(is_ for _, other in found if (is_ := other.label == other.right)):
            said = Said(1, "reject", REASONS[0], MISTAKE)
        elif is_right:
            said = Said(1, "accept")
        else:
            said = Said(1, "fix", REASONS[place % 2], WHY, {"label": one.right})
        given = review(tx, reviewer, one.annotation_id, f"demo/{one.annotation_id}", said)
        if said.verdict != "accept":
            found.append((given["id"], one))
    return sorted(found, key=lambda pair: pair[1].label != pair[1].right)


def _dispute(tx: Transaction, project: Project, reviewed: Sequence[tuple[str, Answered]], third: str) -> None:
    """The mistake is disputed and put right by a third person; another dispute waits for whoever looks at the demo."""
    for review_id, one in reviewed[:DISPUTES]:
        dispute(tx, one.worker_id, review_id, f"demo/{review_id}", WORDS)
        if one.label != one.right:
            continue
        held = next_dispute(tx, project.id, third)
        assert held is not None
        side = "a" if held["a_is"] == "author" else "b"
        judge(tx, third, held["id"], f"demo/{held['id']}", Verdict(held["hold"], side, WHY))
