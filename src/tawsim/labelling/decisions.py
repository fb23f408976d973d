"""Decisions: somebody looks at all answers to a task, side by side and without names, and settles it. Facts, append-only.

A decision names what it saw: if an answer came, went or changed meanwhile, it is refused (Q14). It is the truth of its task
until another decision takes its place; docs/decisions/0014 says how. Which task is worth deciding next is in
loop/deciding.py.
"""

import hashlib
import json
import secrets
from dataclasses import dataclass
from typing import Any, Literal

from tawsim.core.clock import SECOND
from tawsim.core.errors import BadInput, Conflict, NotFound, VersionConflict
from tawsim.core.ids import new_id
from tawsim.core.records import Project
from tawsim.kinds import kind_of, validate_answers
from tawsim.kinds.likeness import likeness
from tawsim.labelling.evidence import put_evidence, take_back
from tawsim.labelling.hours import worked
from tawsim.labelling.media import media_of
from tawsim.labelling.presenting import Drawn, letter, media_names, present, questions_of, to_shown, to_stored
from tawsim.labelling.schemas import Carrier, carrier_of
from tawsim.labelling.slots import count_changes, next_returned_rank
from tawsim.store import rows
from tawsim.store.database import Row, Transaction
from tawsim.store.keys import once, record
from tawsim.store.rows import to_json

HOLD_S = 1_800
MAX_WORDS = 2_000
MOST_VERSIONS = 50
Settles = Literal["answers", "cannot", "open"]


@dataclass(frozen=True, slots=True)
class Settled:
    """What a decider says, and of what: `seen` as they were shown it. `choose` is the letter of one of the answers, `answers`
    their own in the names shown; `cannot` needs `words`; `open` withdraws what was decided."""

    seen: str
    settles: Settles
    choose: str = ""
    answers: Any = None
    words: str = ""


@dataclass(frozen=True, slots=True)
class Option:
    """One answer to choose from: its letter, the answers as stored and carried to the present questions, and its argument."""

    letter: str
    answers: dict[str, Any]
    words: str
    flag: bool
    annotation_id: str | None


@dataclass(frozen=True, slots=True)
class Case:
    """A task before a decider: the row, all answers in an order drawn for this decider, and what `seen` has to be."""

    task: Row
    project: Project
    content: dict[str, Any]
    drawn: Drawn
    options: tuple[Option, ...]
    current: Row | None
    seen: str

    @property
    def disagrees(self) -> bool:
        """Whether two of the answers differ."""
        return len({to_json(one.answers) for one in self.options}) > 1


def case_of(tx: Transaction, task_id: str, decider_id: str) -> Case:
    """All there is to see. Raises NotFound: also of removed tasks and projects, and of tasks that are not for work.
    Writes down what the project's order is drawn from, if nobody has yet."""
    task = tx.one("task_get", id=task_id)
    if task is not None:
        tx.run("review_place_insert", project_id=task["project_id"], salt=secrets.token_hex(16))
    return read_case(tx, task_id, decider_id)


def read_case(tx: Transaction, task_id: str, decider_id: str) -> Case:
    """`case_of` for a read, once somebody was shown the task."""
    task = tx.one("task_get", id=task_id)
    row = tx.one("project_get", id=task["project_id"]) if task is not None else None
    found = tx.one("task_with_content", id=task_id) if task is not None else None
    if task is None or row is None or found is None or task["purpose"] != "work":
        raise NotFound("There is no such task to decide.")
    project, content = rows.project(row), json.loads(found["content"])
    carrier = carrier_of(tx, project)
    given = _given(tx, task, carrier)
    salt = _salt(tx, project.id)
    given.sort(key=lambda one: _drawn_place(salt, decider_id, one[0]))
    options = tuple(
        Option(letter(place), answers, words, flag, name.partition("/")[2] if name.startswith("annotation/") else None)
        for place, (name, _, answers, words, flag) in enumerate(given)
    )
    current = tx.one("decision_current", task_id=task_id)
    parts = sorted(f"{name} {version}" for name, version, *_ in given)
    parts += [str(task["round"]), current["id"] if current is not None else ""]
    seen = hashlib.sha256("\n".join(parts).encode()).hexdigest()[:32]
    return Case(task, project, content, _drawn(project, content, salt, decider_id, task_id), options, current, seen)


def _given(tx: Transaction, task: Row, carrier: Carrier) -> list[tuple[str, int, dict[str, Any], str, bool]]:
    """Accepted answers, and what reviewers answered themselves: name, version, answers, words, flag."""
    found = [
        (
            f"annotation/{row['id']}", row["version"], _carried(carrier, row), row["comment"], bool(row["flag"]),
        )
        for row in tx.all("decision_answers", task_id=task["id"], round=task["round"])
        if row["state"] == "accepted"
    ]  # fmt: skip
    fixes = tx.all("decision_fixes", project_id=task["project_id"], task_id=task["id"], round=task["round"])
    found += [(f"review/{row['id']}", 1, _carried(carrier, row), row["words"], False) for row in fixes]
    return found


def _carried(carrier: Carrier, row: Row) -> dict[str, Any]:
    return carrier.carry(row["schema_version"], json.loads(row["answers"])).answers


def _salt(tx: Transaction, project_id: str) -> str:
    place = tx.one("review_place_get", project_id=project_id)
    return "" if place is None else str(place["salt"])


def _drawn_place(salt: str, decider_id: str, name: str) -> str:
    """Where an answer stands for this decider: the same at each look, and nothing that follows from who gave it or when."""
    return hashlib.sha256(f"{salt}/{decider_id}/{name}".encode()).hexdigest()


def _drawn(project: Project, content: dict[str, Any], salt: str, decider_id: str, task_id: str) -> Drawn:
    """The order in which candidates of a comparison are shown, blind like everywhere."""
    orders = {}
    for question in questions_of(project, content):
        names = sorted(kind_of(question).candidates(question, content))
        if names:
            orders[question.name] = sorted(names, key=lambda name: _drawn_place(salt, decider_id, f"{task_id}/{name}"))
    return Drawn(orders)


def may_decide(tx: Transaction, task: Row, decider_id: str) -> bool:
    """Nobody decides on a task that they answered, unless there is nobody else who could."""
    ids = {"task_id": task["id"], "round": task["round"]}
    if not tx.one("review_answered", worker_id=decider_id, **ids):
        return True
    return tx.one("review_may_other", reviewer_id=decider_id, author_id="", **ids) is None


def hold_case(tx: Transaction, case: Case, decider_id: str, hold_s: int = HOLD_S) -> bool:
    """Have this task before one decider for a time; False where somebody else has it."""
    held = tx.one("decision_held", task_id=case.task["id"], now=tx.now)
    if held is not None and held["worker_id"] != decider_id:
        return False
    tx.run(
        "decision_hold", task_id=case.task["id"], project_id=case.project.id, worker_id=decider_id,
        held_until=tx.now + hold_s * SECOND,
    )  # fmt: skip
    return True


def case_json(tx: Transaction, case: Case, *, with_names: bool) -> dict[str, Any]:
    """What a decider is shown. `decided` is what stands, if anything does; who decided only where `with_names`."""
    project, now = case.project, case.current
    stands = now is not None and now["round"] == case.task["round"] and now["settles"] != "open"

    def shown(answers: dict[str, Any]) -> dict[str, Any]:
        return to_shown(project.questions, case.drawn, answers)

    decided = None
    if stands and now is not None:
        answers = _carried(carrier_of(tx, project), now) if now["answers"] is not None else None
        decided = {
            "settles": now["settles"], "answers": None if answers is None else shown(answers), "words": now["words"],
            "at": now["at"], "by": now["decider_name"] if with_names else None,
        }  # fmt: skip
    media = media_of(tx, project.id, media_names(project, case.content))
    return {
        "seen": case.seen,
        "task": {
            "id": case.task["id"],
            "seq": case.task["seq"],
            **present(project, case.content, case.drawn, media),
        },
        "options": [
            {"letter": one.letter, "answers": shown(one.answers), "words": one.words, "flag": one.flag}
            for one in case.options
        ],
        "decided": decided,
        "guideline_version": project.guideline_version,
    }


def peek(tx: Transaction, decider_id: str, task_id: str) -> None:
    """The decider looked at the truth before they decided: it is remembered with what they decide."""
    tx.run("decision_peek", task_id=task_id, worker_id=decider_id)


def decide(tx: Transaction, decider_id: str, task_id: str, key: str, said: Settled) -> dict[str, Any]:
    """Settle a task. Same key and content: the first result again.

    Raises NotFound, BadInput, BadAnswer, Conflict (own answer among them), VersionConflict where what was seen is not what
    there is.
    """
    if said.settles not in ("answers", "cannot", "open"):
        raise BadInput(f"A decision settles answers, cannot or open, not {str(said.settles)[:20]!r}.", field="settles")
    if len(said.words) > MAX_WORDS:
        raise BadInput(f"Words on a decision may have {MAX_WORDS:,} characters.", field="words")
    content = ["decide", task_id, said.seen, said.settles, said.choose, said.answers, said.words]
    found: dict[str, Any] = once(tx, decider_id, key, content, lambda: _decide(tx, decider_id, task_id, said)).result
    return found


def _count_time(tx: Transaction, case: Case, decider_id: str, decision_id: str, held: Row | None) -> None:
    """The decider's active time, since the task came into their hands."""
    project = tx.one("project_get", id=case.project.id)
    assert project is not None
    since = held["held_until"] - HOLD_S * SECOND if held is not None else tx.now
    worked(tx, project, decider_id, since=since, spent_ms=None, object_id=decision_id, answer=False)


def _decide(tx: Transaction, decider_id: str, task_id: str, said: Settled) -> dict[str, Any]:
    case = case_of(tx, task_id, decider_id)
    if not may_decide(tx, case.task, decider_id):
        raise Conflict("You answered this task yourself.", "Somebody else decides it.")
    held = tx.one("decision_held", task_id=task_id, now=tx.now)
    if case.seen != said.seen or (held is not None and held["worker_id"] != decider_id):
        raise VersionConflict(
            "This task was decided, or an answer to it changed, meanwhile."
            if case.seen != said.seen
            else "Somebody else has this task before them.",
            "Look at it as it is now.", current_version=case.seen,
        )  # fmt: skip
    answers, chosen = _settling(case, said)
    decision_id = new_id(tx.now)
    _undo_current(tx, case, said.settles)
    tx.run("decision_replace", task_id=task_id, id=decision_id)
    tx.run(
        "decision_insert", id=decision_id, project_id=case.project.id, task_id=task_id, round=case.task["round"],
        decider_id=decider_id, settles=said.settles, answers=None if answers is None else to_json(answers),
        chosen_id=chosen, words=said.words, seen=case.seen, peeked=held["peeked"] if held is not None else 0,
        schema_version=case.project.schema_version, at=tx.now,
    )  # fmt: skip
    if said.settles == "cannot":
        _set_aside(tx, case)
    if answers is not None:
        _put_evidence(tx, case, decider_id, answers)
    tx.run("task_mark_changed", id=task_id)
    tx.run("project_count_touch", project_id=case.project.id)
    tx.run("decision_unhold", task_id=task_id)
    _count_time(tx, case, decider_id, decision_id, held)
    record(
        tx, f"decision.{said.settles}", decider_id, project_id=case.project.id, task_id=task_id, object_id=decision_id,
        data=to_json({"chosen": chosen}),  # the words stand in the table, and can go
    )  # fmt: skip
    return {"id": decision_id, "task_id": task_id, "settles": said.settles, "at": tx.now}


def _settling(case: Case, said: Settled) -> tuple[dict[str, Any] | None, str | None]:
    """The answer that settles it as it is stored, and the annotation that it was; None and None where none does."""
    if said.settles != "answers":
        if said.choose or said.answers is not None:
            raise BadInput("Answers come only with a decision for an answer.", field="answers")
        if said.settles == "cannot" and not said.words.strip():
            raise BadInput("That nobody can tell needs a reason.", "Others will read it.", field="words")
        if said.settles == "open" and (case.current is None or case.current["settles"] == "open"):
            raise Conflict("Nothing was decided here.", "There is nothing to withdraw.")
        return None, None
    if bool(said.choose) == (said.answers is not None):
        raise BadInput("A decision names one of the answers, or gives an own one.", field="choose")
    questions = questions_of(case.project, case.content)
    if said.answers is not None:
        return validate_answers(questions, to_stored(questions, case.drawn, said.answers), case.content), None
    for option in case.options:
        if option.letter == said.choose:
            return validate_answers(questions, option.answers, case.content), option.annotation_id
    raise BadInput(f"There is no answer {said.choose[:20]!r}.", field="choose")


def _undo_current(tx: Transaction, case: Case, settles: Settles) -> None:
    """What the decision that stands had done is taken back, if it was of this round."""
    now = case.current
    if now is None or now["round"] != case.task["round"]:
        return
    for row in tx.all("decision_evidence", task_id=case.task["id"]):
        take_back(tx, row["id"])
    if now["settles"] == "cannot" and settles != "cannot" and case.task["state"] == "skipped_out":
        rank = next_returned_rank(tx, case.project.id)
        tx.run("decision_open_task", id=case.task["id"], returned_rank=rank)
        count_changes(tx, case.project.id, skipped_out=-1, done=_full(case.task))


def _set_aside(tx: Transaction, case: Case) -> None:
    """Nobody can tell: handed to nobody any more, and counted as such."""
    if tx.run("decision_close_task", id=case.task["id"]):
        count_changes(tx, case.project.id, skipped_out=1, done=-_full(case.task))


def _full(task: Row) -> int:
    return int(task["accepted"] >= task["overlap"])


def _put_evidence(tx: Transaction, case: Case, decider_id: str, decided: dict[str, Any]) -> None:
    """What the decision says of everybody whose work it judges: authors, those rejected too, and reviewers. Nobody's own
    decision says anything of themselves."""
    ids = {"task_id": case.task["id"], "round": case.task["round"]}
    carrier, project = carrier_of(tx, case.project), case.project
    answers = {row["id"]: row for row in tx.all("decision_answers", **ids)}
    for row in answers.values():
        if row["worker_id"] != decider_id:
            value = likeness(project.questions, _carried(carrier, row), decided, project.settings.same)
            put_evidence(
                tx, worker_id=row["worker_id"], act="label", source="decision", annotation=row, value=value, fair=False
            )
    for said in tx.all("decision_reviews", **ids):
        judged = answers.get(said["annotation_id"])
        if judged is not None and said["reviewer_id"] != decider_id:
            value = _worth_of_review(tx, carrier, project, said, judged, decided)
            put_evidence(
                tx, worker_id=said["reviewer_id"], act="review", source="decision", annotation=judged, value=value,
                fair=False,
            )  # fmt: skip


def _worth_of_review(
    tx: Transaction, carrier: Carrier, project: Project, said: Row, row: Row, decided: dict[str, Any]
) -> float:
    """An acceptance is worth how alike the accepted answer is to the decision, a rejection how unlike, a fix how alike the
    reviewer's own is."""
    questions, same = project.questions, project.settings.same
    if said["verdict"] == "fix":
        return likeness(questions, _carried(carrier, said), decided, same)
    versions = tx.all("review_versions", annotation_id=row["id"], n=MOST_VERSIONS)
    text = next((one["answers"] for one in versions if one["version"] == said["seen_version"]), row["answers"])
    seen = carrier.carry(row["schema_version"], json.loads(text)).answers
    alike = likeness(questions, seen, decided, same)
    return alike if said["verdict"] == "accept" else 1.0 - alike
