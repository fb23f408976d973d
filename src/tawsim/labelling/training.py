"""The training round: who may have work yet, and how one comes to it. Examples first, then a qualification, then work.

    new → training → qualifying → qualified | not_qualified

Nobody is judged on a point: a verdict is given when the 95 % interval lies above or below what the project asks. What is
answered on the way is answered like any other task, and counts for pay.
"""

import json
from dataclasses import dataclass
from typing import Any, Literal

from tawsim.core.errors import BadInput, NotFound
from tawsim.core.records import NoneReason, Project
from tawsim.labelling.evidence import NOTHING_KNOWN, Score, more_to_tell, score, tallies_of_project
from tawsim.labelling.gold import RIGHT_AT, Judged, Known, judge, make_known
from tawsim.labelling.notices import notify
from tawsim.labelling.presenting import read_drawn, to_shown
from tawsim.labelling.slots import project_row
from tawsim.store import rows
from tawsim.store.database import Row, Transaction
from tawsim.store.keys import record
from tawsim.store.rows import to_json

Stage = Literal["new", "training", "qualifying", "qualified", "not_qualified"]
STAGES: tuple[Stage, ...] = ("new", "training", "qualifying", "qualified", "not_qualified")
LEADS = frozenset({"owner", "manager"})
MAX_REASON = 2_000


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a worker stands in a project: which tasks they are given now (`serves`), or why none (`none`). Of the training
    round: `done` of `of` examples answered; of the qualification: `done` answers, a verdict by `of` at the latest."""

    stage: Stage = "qualified"
    serves: Literal["work", "training", "gold"] = "work"
    none: NoneReason | None = None
    done: int = 0
    of: int = 0

    def to_json(self) -> dict[str, Any] | None:
        """What the worker is told; None where there is nothing to tell."""
        if self.serves == "work" and self.none is None:
            return None
        return {"stage": self.stage, "done": self.done, "of": self.of}


WORKS = Standing()
NO_MEMBER = Standing(none="not_a_member")


def is_trained(project: Project, worker: Row) -> bool:
    """Whether this worker goes through the training round of the project: labellers who are people."""
    return project.settings.training.on and worker["role"] == "labeller" and worker["kind"] != "model"


def standing_of(tx: Transaction, project: Project, worker: Row) -> Standing:
    """Where the worker stands. Nothing is read where the project has neither members nor a training round."""
    members_only = project.settings.access == "members" and worker["role"] not in LEADS
    trained = is_trained(project, worker)
    if not members_only and not trained:
        return WORKS
    member = tx.one("member_get", project_id=project.id, worker_id=worker["id"])
    if members_only and (member is None or not member["member"]):
        return NO_MEMBER
    return _in_training(tx, project, worker["id"], member) if trained else WORKS


def _in_training(tx: Transaction, project: Project, worker_id: str, member: Row | None) -> Standing:
    settings = project.settings.training
    stage: Stage = "new" if member is None else member["stage"]
    if stage == "qualified":
        return WORKS
    if stage == "not_qualified":
        return Standing(stage, none="not_qualified")
    if stage == "qualifying":
        assert member is not None
        n = int(_qualifying(tx, project.id, worker_id, member).n)
        waits = n >= settings.most
        return Standing(stage, "gold", "not_qualified" if waits else None, n, settings.most)
    done = 0
    if member is not None and stage == "training":
        row = tx.one("evidence_training_done", project_id=project.id, worker_id=worker_id, since=member["stage_since"])
        done = 0 if row is None else int(row["n"])
    return Standing(stage, "training", None, done, settings.examples)


def move_on(tx: Transaction, project: Project, worker_id: str, standing: Standing, stage: Stage) -> Standing:
    """Begin the next stage, by what the worker did."""
    _set_stage(tx, "clock", project.id, worker_id, stage)
    settings = project.settings.training
    if stage == "training":
        return Standing(stage, "training", None, 0, settings.examples)
    return Standing(stage, "gold", None, 0, settings.most)


def _set_stage(
    tx: Transaction, actor_id: str, project_id: str, worker_id: str, stage: Stage, *, since: int = 0, **facts: Any
) -> None:
    """Begin a stage now; a qualification rests on what was answered since now, or since `since` where it goes on."""
    begun = (since or tx.now) if stage == "qualifying" else 0
    tx.run(
        "member_set_stage", project_id=project_id, worker_id=worker_id, stage=stage, now=tx.now, qualifying_since=begun
    )
    record(
        tx, "member.stage", actor_id, project_id=project_id, object_id=worker_id,
        data=to_json({"stage": stage, **facts}),
    )  # fmt: skip


def _qualifying(tx: Transaction, project_id: str, worker_id: str, member: Row) -> Score:
    """The score of what was answered since the qualification began, by fair evidence."""
    row = tx.one("evidence_qualifying", project_id=project_id, worker_id=worker_id, since=member["qualifying_since"])
    assert row is not None
    return score(row["n"], row["right_"])


def known_answered(tx: Transaction, project: Project, lease: Row, annotation_id: str) -> dict[str, Any] | None:
    """Judge an answer to a task of known answer, in the transaction that took it. What the worker is told of it: of an
    example everything, of gold nothing."""
    gold, annotation = tx.one("gold_get", task_id=lease["task_id"]), tx.one("annotation_get", id=annotation_id)
    if gold is None or annotation is None:
        return None
    judged = judge(tx, project, gold, annotation)
    worker = tx.one("worker_get", id=lease["worker_id"])
    if worker is not None and is_trained(project, worker):
        _look_at_verdict(tx, project, lease["worker_id"])
    if judged.known.purpose != "training":
        return None
    return told_of(project, lease, judged)


def known_edited(tx: Transaction, project: Project, task_id: str, annotation_id: str) -> None:
    """An answer was changed: to gold, of which nothing was told, it is judged by what it says now. An example was explained
    after its first answer, which counts for ever."""
    gold, annotation = tx.one("gold_get", task_id=task_id), tx.one("annotation_get", id=annotation_id)
    if gold is not None and annotation is not None and gold["purpose"] == "gold":
        judge(tx, project, gold, annotation)


def told_of(project: Project, lease: Row, judged: Judged) -> dict[str, Any]:
    """What is shown of a worked example once it was answered, in the names that the lease showed."""
    expected = to_shown(project.questions, read_drawn(lease["shown"]), judged.known.answers)
    return {
        "right": judged.value >= RIGHT_AT, "score": round(judged.value, 6), "expected": expected,
        "explanation": judged.known.explanation,
    }  # fmt: skip


def _look_at_verdict(tx: Transaction, project: Project, worker_id: str) -> None:
    """Whether what was answered tells yet that this person is above or below what the project asks."""
    member = tx.one("member_get", project_id=project.id, worker_id=worker_id)
    if member is None or member["stage"] != "qualifying":
        return
    settings = project.settings.training
    now = _qualifying(tx, project.id, worker_id, member)
    if now.n < settings.least:
        return
    verdict = now.verdict(settings.pass_at)
    if verdict == "open":
        if now.n == settings.most:
            for lead in tx.all("workers_who_manage"):
                notify(tx, lead["id"], "training.undecided", project_id=project.id, object_id=worker_id)
        return
    _give_verdict(tx, "clock", project, worker_id, "qualified" if verdict == "above" else "not_qualified", now)


def _give_verdict(
    tx: Transaction, actor_id: str, project: Project, worker_id: str, stage: Stage, now: Score | None, reason: str = ""
) -> None:
    facts: dict[str, Any] = (
        {"reason": reason}
        if now is None
        else {
            "n": now.n,
            "right": round(now.right, 4),
            "mean": round(now.mean, 4),
            "low": round(now.low, 4),
            "high": round(now.high, 4),
        }
    )
    measured = {
        name: value for name, value in facts.items() if name != "reason"
    }  # words stand in the notice, and can go
    _set_stage(tx, actor_id, project.id, worker_id, stage, pass_at=project.settings.training.pass_at, **measured)
    kind = "training.passed" if stage == "qualified" else "training.not_passed"
    notify(tx, worker_id, kind, project_id=project.id, pass_at=project.settings.training.pass_at, **facts)


def look_again(tx: Transaction, project: Project, task_id: str) -> None:
    """A known answer was corrected: whoever was turned away, and would not be by what is known now, qualifies on. Nobody
    loses a place that they have."""
    for row in tx.all("gold_answers", task_id=task_id, n=10_000):
        member = tx.one("member_get", project_id=project.id, worker_id=row["worker_id"])
        if member is None or member["stage"] not in ("qualifying", "not_qualified"):
            continue
        if member["stage"] == "not_qualified":
            if (
                _qualifying(tx, project.id, row["worker_id"], member).verdict(project.settings.training.pass_at)
                == "below"
            ):
                continue
            since, why = member["qualifying_since"], "a known answer was corrected"
            _set_stage(tx, "clock", project.id, row["worker_id"], "qualifying", since=since, reason=why)
            notify(tx, row["worker_id"], "training.again", project_id=project.id)
        _look_at_verdict(tx, project, row["worker_id"])


def correct_known(tx: Transaction, actor_id: str, task_id: str, given: Known, seen_version: int | None = None) -> Row:
    """`gold.make_known`, and what follows for those who were judged by the answer that it replaces."""
    found = make_known(tx, actor_id, task_id, given, seen_version)
    look_again(tx, rows.project(project_row(tx, found["project_id"])), task_id)
    return found


def set_stage(tx: Transaction, actor_id: str, project_id: str, worker_id: str, stage: str, reason: str = "") -> None:
    """A lead's word: let in, turn away, or have somebody qualify once more. Whoever is turned away reads why. Raises BadInput,
    NotFound."""
    project = rows.project(project_row(tx, project_id))
    if stage not in STAGES:
        raise BadInput(f"stage is one of {', '.join(STAGES)}, not {str(stage)[:40]!r}.")
    if len(reason) > MAX_REASON or (stage == "not_qualified" and not reason.strip()):
        raise BadInput(
            f"Turning somebody away needs a reason of at most {MAX_REASON:,} characters.", "They will read it.",
            field="reason",
        )  # fmt: skip
    worker = tx.one("worker_get", id=worker_id)
    if worker is None or worker["role"] in LEADS:
        raise NotFound("There is no such labeller.", "Owners and managers are never put through the training round.")
    if stage in ("qualified", "not_qualified"):
        _give_verdict(tx, actor_id, project, worker_id, stage, None, reason.strip())
        return
    _set_stage(tx, actor_id, project_id, worker_id, stage)
    notify(tx, worker_id, "training.again", project_id=project_id, reason=reason.strip())


def stages_of(tx: Transaction, project: Project) -> list[dict[str, Any]]:
    """Everybody who labels: their stage, what of them is known with its interval, and how many more answers would tell
    whether they are above what the project asks (0: told already)."""
    known = tallies_of_project(tx, project.id)
    pass_at = project.settings.training.pass_at
    found = []
    for row in tx.all("member_stages", project_id=project.id):
        stage = row["stage"] or "new"
        tally = known.get((row["id"], "label"), NOTHING_KNOWN)
        now, looked = tally.score, tally.looked
        if stage == "qualifying":
            now = _qualifying(tx, project.id, row["id"], row)
        found.append(
            {
                "worker": {name: row[name] for name in ("id", "name", "kind", "role")} | {"active": bool(row["active"])},
                "stage": stage, "since": row["stage_since"] or None, "n": now.n, "right": round(now.right, 4),
                "mean": now.mean, "low": now.low, "high": now.high, "more": more_to_tell(now, pass_at),
                "looked": {"n": looked.n, "right": round(looked.right, 4)},
                "quota": json.loads(row["quota"] or "{}"),
            }
        )  # fmt: skip
    return found
