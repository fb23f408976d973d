"""Tasks of known answer: making and correcting them, choosing one for a worker, judging answers to them, doubting them.

Gold is mixed in unseen; training examples are shown with their explanation afterwards (training.py). Both are answered like
any other task. Whether an answer was right is said through evidence.py and nowhere else.
"""

import json
import math
import random
from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

from tawsim.core.errors import BadInput, Conflict, NotFound, VersionConflict
from tawsim.core.orthography import NOTHING_SAME
from tawsim.core.records import Project, Question
from tawsim.core.settings import Gold, Same
from tawsim.kinds import kind_of, validate_answers
from tawsim.kinds.same import distance_as_compared
from tawsim.labelling.evidence import Score, put_evidence, score
from tawsim.labelling.notices import notify
from tawsim.labelling.presenting import questions_of
from tawsim.labelling.slots import count_changes, next_returned_rank, project_row, task_row
from tawsim.store import rows
from tawsim.store.database import Row, Transaction
from tawsim.store.keys import record
from tawsim.store.rows import to_json

KnownPurpose = Literal["gold", "training"]
MAX_EXPLANATION = 20_000
# How many tasks of known answer a grant looks at, at most, for one that this worker has not had.
LOOKED_AT = 20
FEW = 3
PLACES = 1 << 53
# An answer this right counts as right where one word is needed: the panel of the training round, the list of misses.
RIGHT_AT = 0.8
# Before anybody answered, one known answer in twenty is taken to be wrong; a lead is told where it is 19 to 1 that it is.
DOUBT_BEFORE = math.log(0.05 / 0.95)
DOUBT_TOLD = math.log(0.95 / 0.05)
LEAST_MISSES = 3
_CHANCE = random.SystemRandom()


@dataclass(frozen=True, slots=True)
class Known:
    """A task's known answer: `answers` by question (those that are known), and its `explanation` in Markdown."""

    answers: Mapping[str, Any]
    explanation: str = ""
    purpose: KnownPurpose = "gold"


@dataclass(frozen=True, slots=True)
class Judged:
    """What became of an answer to a task of known answer: how right it was, and what the task knows."""

    value: float
    known: Known


# ---- making ----------------------------------------------------------------------------------------------------------
def read_known(questions: Sequence[Question], content: Mapping[str, Any], given: Known) -> Known:
    """The known answer in its canonical form. It may leave out questions, but for those it gives it is a whole answer.
    Raises BadInput, BadAnswer."""
    if given.purpose not in ("gold", "training"):
        raise BadInput(f"purpose is gold or training, not {str(given.purpose)[:40]!r}.")
    if not isinstance(given.explanation, str) or len(given.explanation) > MAX_EXPLANATION:
        raise BadInput(f"explanation is a text of at most {MAX_EXPLANATION:,} characters.")
    if not isinstance(given.answers, Mapping) or not given.answers:
        raise BadInput(
            "A known answer names at least one question.", "Questions: " + ", ".join(q.name for q in questions)
        )
    names = {one.name for one in questions}
    for name in given.answers:
        if name not in names:
            raise BadInput(f"There is no question {str(name)[:40]!r}.", "Questions: " + ", ".join(sorted(names)))
    # A question that is asked only after another's answer is judged by itself, too.
    clean: dict[str, Any] = {}
    for one in questions:
        if given.answers.get(one.name) is not None:
            clean[one.name] = kind_of(one).validate(one, given.answers[one.name], content)
    if not clean:
        raise BadInput("A known answer says something.", "Questions: " + ", ".join(sorted(names)))
    if all(one.name in clean or not one.required for one in questions if one.when is None):
        clean = validate_answers(questions, clean, content)
    return Known(clean, given.explanation, given.purpose)


def make_known(tx: Transaction, actor_id: str, task_id: str, given: Known, seen_version: int | None = None) -> Row:
    """Give a task a known answer, or correct the one it has: then all who answered it are judged again. Answers that it has
    count from now on as answers to it. Raises NotFound, BadInput, BadAnswer, VersionConflict (Q14)."""
    task = task_row(tx, task_id)
    project = rows.project(project_row(tx, task["project_id"]))
    row = tx.one("task_with_content", id=task_id)
    assert row is not None
    content = json.loads(row["content"])
    known = read_known(questions_of(project, content), content, given)
    held = tx.one("gold_get", task_id=task_id)
    if held is not None and task["purpose"] != "work":
        if seen_version is not None and seen_version != held["version"]:
            raise VersionConflict(
                "This known answer was changed meanwhile.", "Look at it again first.", current_version=held["version"]
            )
        _correct(tx, project, task, held, known)
        kind = "gold.corrected"
    else:
        _mark(tx, actor_id, task, known)
        kind = "gold.made"
    record(
        tx, kind, actor_id, project_id=project.id, task_id=task_id, object_id=task_id,
        data=to_json({"purpose": known.purpose}),
    )  # fmt: skip
    judge_again(tx, project, task_id, corrected=kind == "gold.corrected")
    return _gold(tx, task_id)


def _gold(tx: Transaction, task_id: str) -> Row:
    row = tx.one("gold_get", task_id=task_id)
    if row is None:
        raise NotFound("This task has no known answer.")
    return row


def _mark(tx: Transaction, actor_id: str, task: Row, known: Known) -> None:
    if any(lease["state"] == "live" for lease in tx.all("lease_live_of_task", task_id=task["id"])):
        raise Conflict("Somebody has this task in hand.", "Try again when it was answered.")
    leave_work(tx, task, -1)
    rank = next_returned_rank(tx, task["project_id"])
    tx.run("task_set_purpose", id=task["id"], purpose=known.purpose, returned_rank=rank)
    slots = [row["slot"] for row in tx.all("lease_slots", task_id=task["id"], round=task["round"])]
    tx.run(
        "gold_insert", task_id=task["id"], project_id=task["project_id"], purpose=known.purpose,
        answers=to_json(known.answers), explanation=known.explanation, given=max(slots, default=0),
        place=next_place(tx, task["project_id"], known.purpose), by_worker=actor_id, made_at=tx.now,
    )  # fmt: skip


def leave_work(tx: Transaction, task: Row, sign: int) -> None:
    """Take a task out of the project's counts (sign -1) or back in (+1)."""
    done = int(task["state"] == "open" and task["accepted"] >= task["overlap"])
    count_changes(
        tx, task["project_id"], tasks=sign, done=sign * done, skipped_out=sign * int(task["state"] == "skipped_out"),
        answers=sign * task["accepted"], answers_wanted=sign * task["overlap"],
    )  # fmt: skip


def _correct(tx: Transaction, project: Project, task: Row, held: Row, known: Known) -> None:
    moved = known.purpose != held["purpose"]
    place = next_place(tx, project.id, known.purpose) if moved else held["place"]
    tx.run(
        "gold_change", task_id=task["id"], purpose=known.purpose, answers=to_json(known.answers),
        explanation=known.explanation, state="active", place=place,
    )  # fmt: skip
    if moved:
        tx.run("task_set_purpose", id=task["id"], purpose=known.purpose, returned_rank=task["returned_rank"])
        tx.run("evidence_gold_of_task_withdraw", task_id=task["id"])


def next_place(tx: Transaction, project_id: str, purpose: str) -> int:
    """Examples come in the order in which they were made; gold in an order drawn by chance."""
    if purpose == "gold":
        return _CHANCE.randrange(PLACES)
    row = tx.one("gold_last_place", project_id=project_id, purpose=purpose)
    return 1 if row is None or row["place"] is None else int(row["place"]) + 1


def unmark(tx: Transaction, actor_id: str, task_id: str) -> None:
    """Make it a task like any other again: what was answered to it counts as work, and judges nobody any more."""
    task = task_row(tx, task_id)
    _gold(tx, task_id)
    tx.run("evidence_gold_of_task_withdraw", task_id=task_id)
    tx.run("gold_answers_delete", task_id=task_id)
    tx.run("gold_delete", id=task_id)
    rank = next_returned_rank(tx, task["project_id"])
    tx.run("task_set_purpose", id=task_id, purpose="work", returned_rank=rank)
    leave_work(tx, task, 1)
    record(tx, "gold.unmade", actor_id, project_id=task["project_id"], task_id=task_id, object_id=task_id)


def set_gold_state(tx: Transaction, actor_id: str, task_id: str, state: str) -> Row:
    """Retire a task of known answer (it is handed out no more; what it said of people stays) or take it up again. Taking up
    a flagged one says that its answer is right: the doubt of it begins anew. Raises NotFound, BadInput."""
    if state not in ("active", "retired"):
        raise BadInput(f"state is active or retired, not {str(state)[:40]!r}.")
    task = task_row(tx, task_id)
    held = _gold(tx, task_id)
    if held["state"] != state:
        tx.run("gold_set_state", task_id=task_id, state=state)
        if held["state"] == "flagged" and state == "active":
            tx.run("gold_add", task_id=task_id, n=0, score=0.0, weight=-float(held["doubt"]))
        kind = "gold.kept" if held["state"] == "flagged" and state == "active" else f"gold.{state}"
        record(tx, kind, actor_id, project_id=task["project_id"], task_id=task_id, object_id=task_id)
    return _gold(tx, task_id)


# ---- choosing --------------------------------------------------------------------------------------------------------
def rate_of(gold: Gold, known: Score) -> float:
    """How often a worker of this score is given gold: from `highest`, of whom nothing is known, down to `lowest` with the
    width of the interval of their score."""
    unknown = _score(0, 0.0)
    share = (known.high - known.low) / (unknown.high - unknown.low)
    return gold.lowest + (gold.highest - gold.lowest) * min(max(share, 0.0), 1.0)


@lru_cache(maxsize=4096)
def _score(n: int, right: float) -> Score:
    return score(n, right)


def rolls(tx: Transaction, project: Project, worker_id: str) -> float:
    """The rate for this worker now."""
    sums = tx.one("evidence_sums", project_id=project.id, worker_id=worker_id, act="label")
    assert sums is not None
    return rate_of(project.settings.gold, _score(sums["n"], round(sums["right_"], 6)))


def chance() -> float:
    """0 to 1, from the system's own source: nobody can work out what comes next."""
    return _CHANCE.random()


def choose(
    tx: Transaction, counts: Row, worker_id: str, purpose: KnownPurpose, allowed: Container[str]
) -> dict[str, Any] | None:
    """A task of known answer that this worker never had, of a lane that is open to them; None where there is none near.

    Looks at no more than `LOOKED_AT` of them. Gold goes round from a place drawn by chance; examples come in their order.
    """
    project_id, lane = counts["project_id"], f"#{purpose}"
    held = tx.one("worker_lane_get", project_id=project_id, worker_id=worker_id, lane_id=lane)
    start = held["position"] if held is not None else _CHANCE.randrange(PLACES) if purpose == "gold" else 0
    found = None
    for task in _next(tx, project_id, purpose, start, counts["visible_seq"]):
        last = task["place"]
        had = tx.one("lease_ever", worker_id=worker_id, task_id=task["id"])
        if had is None and task["lane_id"] in allowed:
            found = dict(task)
            break
    else:
        last = None
    if found is not None or (last is not None and purpose == "gold"):
        tx.run(
            "worker_lane_move", project_id=project_id, worker_id=worker_id, lane_id=lane,
            position=found["place"] if found is not None else last, returned_rank=0,
        )  # fmt: skip
    return found


def _next(tx: Transaction, project_id: str, purpose: str, start: int, visible_seq: int) -> Iterator[Row]:
    """At most `LOOKED_AT` of them past `start`, the first few at first: mostly one of those serves."""
    limits = {"project_id": project_id, "purpose": purpose, "visible_seq": visible_seq}
    few = tx.all("gold_next", after=start, n=FEW, **limits)
    yield from few
    found = len(few)
    if found == FEW:
        more = tx.all("gold_next", after=few[-1]["place"], n=LOOKED_AT - FEW, **limits)
        yield from more
        found += len(more)
    if purpose == "gold" and found < LOOKED_AT:
        for row in tx.all("gold_next", after=-1, n=LOOKED_AT - found, **limits):
            if row["place"] > start:
                return
            yield row


# ---- judging ---------------------------------------------------------------------------------------------------------
def how_right(
    questions: Sequence[Question], known: Mapping[str, Any], given: Mapping[str, Any], same: Same = NOTHING_SAME
) -> float:
    """0 (wrong) to 1 (the known answer): the mean over the questions that are known of 1 - the kind's own distance; a known
    answer to a question that was not answered counts 0. `same`: spellings that count as the same in texts."""
    told = [one for one in questions if one.name in known]
    if not told:
        return 1.0
    values = [
        0.0 if given.get(one.name) is None else 1.0 - distance_as_compared(one, known[one.name], given[one.name], same)
        for one in told
    ]
    return min(max(math.fsum(values) / len(values), 0.0), 1.0)


def judge(tx: Transaction, project: Project, gold: Row, annotation: Row, *, again: bool = False) -> Judged:
    """Say what an answer to a task of known answer was worth, and let it speak for or against that known answer.

    Of a training example the first answer counts for ever: its explanation was shown. `again`: the known answer itself was
    corrected, so that the same answers are judged anew.
    """
    known = known_of(gold)
    value = how_right(project.questions, known.answers, json.loads(annotation["answers"]), project.settings.same)
    worker_id = annotation["worker_id"]
    if known.purpose == "training" and not again:
        before = tx.one("evidence_training_of_task", task_id=gold["task_id"], worker_id=worker_id)
        if before is not None:
            return Judged(value, known)
    held = tx.one("gold_answer_get", annotation_id=annotation["id"])
    weight = (
        _weight(tx, project.id, worker_id, value) if held is None else held["weight"] * _turned(held["score"], value)
    )
    put_evidence(
        tx, worker_id=worker_id, act="label", source=known.purpose, annotation=annotation, value=value,
        fair=known.purpose == "gold",
    )  # fmt: skip
    tx.run(
        "gold_answer_put", annotation_id=annotation["id"], task_id=gold["task_id"], worker_id=worker_id, score=value,
        weight=weight, at=tx.now,
    )  # fmt: skip
    before_score, before_weight = (0.0, 0.0) if held is None else (held["score"], held["weight"])
    tx.run(
        "gold_add",
        task_id=gold["task_id"],
        n=int(held is None),
        score=value - before_score,
        weight=weight - before_weight,
    )
    now = _gold(tx, gold["task_id"])
    if not again and now["state"] == "active" and is_doubtful(now["doubt"], now["answers_n"] - now["right_sum"]):
        _flag(tx, project, gold)
    return Judged(value, known)


def _turned(before: float, value: float) -> float:
    """A change of one's own answer turns what was weighed at first; it is not weighed anew by what came since."""
    was, now = 1 - 2 * before, 1 - 2 * value
    return 0.0 if was == 0 else now / was


def _weight(tx: Transaction, project_id: str, worker_id: str, value: float) -> float:
    """What this answer adds to the log odds that the known answer is wrong. Who is right with probability q misses a right
    one with 1 - q and a wrong one with q; q is the mean of what is known of them, one half of whom nothing is known: such
    an answer says nothing. A part of right counts as that part of a hit."""
    sums = tx.one("evidence_sums", project_id=project_id, worker_id=worker_id, act="label")
    assert sums is not None
    q = min(max((1 + sums["right_"]) / (2 + sums["n"]), 0.02), 0.98)  # the mean alone: an interval costs milliseconds
    return (1 - 2 * value) * math.log(q / (1 - q))


def is_doubtful(doubt: float, misses: float) -> bool:
    """Whether a lead is told: 19 to 1 that the known answer is wrong, if one in twenty is, and by three who missed it."""
    return DOUBT_BEFORE + doubt >= DOUBT_TOLD and misses >= LEAST_MISSES - 1e-9


def chance_wrong(doubt: float) -> float:
    """The probability that the known answer is wrong."""
    return 1 / (1 + math.exp(-min(max(DOUBT_BEFORE + doubt, -500.0), 500.0)))


def _flag(tx: Transaction, project: Project, gold: Row) -> None:
    tx.run("gold_set_state", task_id=gold["task_id"], state="flagged")
    record(tx, "gold.flagged", "clock", project_id=project.id, task_id=gold["task_id"], object_id=gold["task_id"])
    for one in tx.all("workers_who_manage"):
        notify(tx, one["id"], "gold.flagged", project_id=project.id, object_id=gold["task_id"])


def judge_again(tx: Transaction, project: Project, task_id: str, *, corrected: bool) -> int:
    """Judge all answers to a task of known answer by what it knows now. Returns how many. Where it was corrected the doubt
    begins anew: those answers were the reason for the correction, not a word against it."""
    gold = _gold(tx, task_id)
    found = tx.all("annotation_accepted_of_task", task_id=task_id)
    tx.run("gold_answers_delete", task_id=task_id)
    tx.run("gold_set_sums", task_id=task_id, n=0, right_sum=0.0, doubt=0.0)
    for annotation in found:
        judge(tx, project, gold, annotation, again=True)
    row = _gold(tx, task_id)
    if corrected:
        tx.run("gold_set_sums", task_id=task_id, n=row["answers_n"], right_sum=row["right_sum"], doubt=0.0)
    elif is_doubtful(row["doubt"], row["answers_n"] - row["right_sum"]):
        _flag(tx, project, gold)
    return len(found)


def take_back(tx: Transaction, task: Row, annotation_id: str) -> None:
    """An answer was withdrawn: it says nothing any more. Not so of an example, whose explanation was shown."""
    if task["purpose"] != "gold":
        return
    held = tx.one("gold_answer_get", annotation_id=annotation_id)
    tx.run("evidence_withdraw", annotation_id=annotation_id)
    if held is not None:
        tx.run("gold_answer_delete", annotation_id=annotation_id)
        tx.run("gold_add", task_id=task["id"], n=-1, score=-held["score"], weight=-held["weight"])


def known_of(gold: Row) -> Known:
    """What a row of gold knows."""
    return Known(json.loads(gold["answers"]), gold["explanation"], gold["purpose"])


def new_gold_rows(tx: Transaction, project_id: str, actor_id: str, tasks: Sequence[Mapping[str, Any]]) -> None:
    """Store what imported tasks are known to be. Each has id, `known` (Known), and no answers yet."""
    for task in tasks:
        known: Known = task["known"]
        tx.run(
            "gold_insert", task_id=task["id"], project_id=project_id, purpose=known.purpose,
            answers=to_json(known.answers), explanation=known.explanation, given=0,
            place=next_place(tx, project_id, known.purpose), by_worker=actor_id, made_at=tx.now,
        )  # fmt: skip
