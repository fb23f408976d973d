"""Which task is worth deciding next, and what the truth says of it. Infers nothing itself; decisions are written in
labelling/decisions.py.

value = doubt × answers: doubt is 1 - p of the inferred answer (of several questions the greatest; where a kind has no p, the
mean distance of two of the answers), answers are those given to the task: each of their authors learns from the decision
whether they were right, and so do the reviewers. Only tasks in which two answers differ are decided.
"""

import json
import threading
import time
from collections import defaultdict
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tawsim.core.records import Project, Question
from tawsim.kinds.same import distance_as_compared
from tawsim.labelling import decisions
from tawsim.labelling.decisions import Case, Settled
from tawsim.labelling.presenting import to_shown
from tawsim.labelling.schemas import carrier_of
from tawsim.labelling.slots import project_row
from tawsim.loop.inferring import ProjectTruth, project_truth
from tawsim.loop.structured import completed
from tawsim.loop.truths import number, vote_counts
from tawsim.store import rows
from tawsim.store.database import Database, Transaction

# An order is made anew at most so often while people label; what it names is looked at as it is now.
ORDER_FOR_S = 5.0
MOST_ORDERS = 16
# Tasks that an order names though they were settled since, or are held: so many are passed before one is told to come back.
MOST_LOOKED_AT = 300
# Where a kind has no p, so many tasks at most are looked at for how far their answers differ.
MOST_COMPARED = 2_000


@dataclass(frozen=True, slots=True)
class Order:
    """Tasks by the value of deciding them, the greatest first: `seqs` and `value` (n,)."""

    seqs: NDArray[np.int64]
    value: NDArray[np.float64]
    revision: int
    at: float


_orders: dict[tuple[Path, str], Order] = {}
_lock = threading.Lock()


def next_case(db: Database, project_id: str, decider_id: str, *, with_names: bool, after: int = 0) -> dict[str, Any]:
    """The task most worth deciding that nobody else has before them, as `case_json`, with its `value`; "case" is None where
    none is left. `waiting` counts the tasks in doubt. `after`: pass over this task for now. Raises NotFound."""
    order = order_of(db, project_id)

    def take(tx: Transaction) -> dict[str, Any] | None:
        tx.run("decision_unhold_mine", project_id=project_id, worker_id=decider_id)
        looked = 0
        for seq, value in zip(order.seqs.tolist(), order.value.tolist(), strict=True):
            row = tx.one("task_by_seq", project_id=project_id, seq=seq) if seq != after else None
            if row is None or row["state"] != "open" or not decisions.may_decide(tx, row, decider_id):
                continue
            case = decisions.case_of(tx, row["id"], decider_id)
            if is_open(case) and decisions.hold_case(tx, case, decider_id):
                return decisions.case_json(tx, case, with_names=with_names) | {"value": round(value, 6)}
            looked += 1
            if looked == MOST_LOOKED_AT:
                break
        return None

    return {
        "case": db.write(take),
        "waiting": waiting(db, project_id, order),
        "by_you": _count(db, project_id, decider_id),
    }


def one_case(db: Database, task_id: str, decider_id: str, *, with_names: bool) -> dict[str, Any]:
    """The task of that id, decided or not. Raises NotFound."""

    def take(tx: Transaction) -> dict[str, Any]:
        case = decisions.case_of(tx, task_id, decider_id)
        decisions.hold_case(tx, case, decider_id)
        return decisions.case_json(tx, case, with_names=with_names) | {"value": 0.0}

    return db.write(take)


def is_open(case: Case) -> bool:
    """Whether the task waits to be decided: in the queue, two answers differ, and nothing stands in this round."""
    now = case.current
    stands = now is not None and now["round"] == case.task["round"] and now["settles"] != "open"
    return case.task["state"] == "open" and case.disagrees and not stands


def waiting(db: Database, project_id: str, order: Order) -> int:
    """How many tasks in doubt nobody has settled."""
    with db.read() as tx:
        counts = tx.one("project_count_get", project_id=project_id)
        last = counts["visible_seq"] if counts is not None else 0
        done = tx.all("truth_decisions", project_id=project_id, visible_seq=last, seen=-1, until=1 << 62)
    return int(len(order.seqs) - np.isin([row["seq"] for row in done], order.seqs).sum())


def _count(db: Database, project_id: str, decider_id: str) -> int:
    with db.read() as tx:
        row = tx.one("decision_count_of", project_id=project_id, decider_id=decider_id)
    return 0 if row is None else int(row["n"])


def order_of(db: Database, project_id: str) -> Order:
    """The order, at most a few seconds old. Raises NotFound."""
    with db.read() as tx:
        project = rows.project(project_row(tx, project_id))
        row = tx.one("truth_revision", project_id=project_id)
    revision, now = int(row["revision"]) if row is not None else 0, time.monotonic()
    key = (db.path, project_id)
    with _lock:
        held = _orders.get(key)
    if held is not None and (held.revision == revision or now - held.at < ORDER_FOR_S):
        return held
    seqs, value = _valued(db, project)
    found = Order(seqs, value, revision, now)
    with _lock:
        _orders.pop(key, None)
        _orders[key] = found
        while len(_orders) > MOST_ORDERS:
            _orders.pop(next(iter(_orders)))
    return found


def _valued(db: Database, project: Project) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    truths = [project_truth(db, project.id, one.name, may_be_stale=True) for one in project.questions]
    size = max(len(truth.row_of) for truth in truths)
    doubt, answers = np.zeros(size), np.zeros(size, np.int64)
    for truth in truths:
        mine, differ = _doubt(db, project, truth)
        doubt[truth.seqs] = np.maximum(doubt[truth.seqs], np.where(differ, mine, 0.0))
        answers[truth.seqs] = np.maximum(answers[truth.seqs], truth.answers)
        doubt[list(truth.decided)] = 0.0
    value = doubt * answers
    seqs = np.flatnonzero((value > 0) & (answers > 1))
    order = np.argsort(-value[seqs], kind="stable")
    return seqs[order], value[seqs][order]


def _doubt(db: Database, project: Project, truth: ProjectTruth) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Of each answered task how far its inferred answer is in doubt, and whether answers may differ at all."""
    doubt, several = 1.0 - truth.p, truth.answers > 1
    if truth.labels and truth.votes.shape[1]:
        several = several & ((truth.votes > 0).sum(axis=1) > 1)
    unknown = np.flatnonzero(np.isnan(truth.p) & several)
    if not len(unknown):
        return np.nan_to_num(doubt), several
    doubt[unknown] = 0.0
    apart = _apart(db, project, truth.question, [int(seq) for seq in truth.seqs[unknown[:MOST_COMPARED]]])
    for place in unknown[:MOST_COMPARED].tolist():
        doubt[place] = apart.get(int(truth.seqs[place]), 0.0)
    return np.nan_to_num(doubt), several


def _apart(db: Database, project: Project, question: Question, seqs: list[int]) -> dict[int, float]:
    """The mean distance of two answers to each task."""
    given: dict[int, list[Any]] = defaultdict(list)
    with db.read() as tx:
        carrier = carrier_of(tx, project)
        for seq in seqs:
            for row in tx.all("annotation_of_tasks", project_id=project.id, after=seq - 1, until=seq):
                answer = carrier.carry(row["schema_version"], json.loads(row["answers"])).answers.get(question.name)
                if answer is not None:
                    given[seq].append(answer)
    same = project.settings.same
    found = {}
    for seq, answers in given.items():
        pairs = [distance_as_compared(question, one, other, same) for one, other in combinations(answers, 2)]
        found[seq] = sum(pairs) / len(pairs) if pairs else 0.0
    return found


def peek(db: Database, decider_id: str, task_id: str) -> dict[str, Any]:
    """What the truth says of a task, and that this decider looked at it before they decided. Raises NotFound."""
    found = truth_of(db, task_id, decider_id)
    db.write(lambda tx: decisions.peek(tx, decider_id, task_id))
    return found


def decide(db: Database, decider_id: str, task_id: str, key: str, said: Settled) -> dict[str, Any]:
    """Settle a task, and tell what the truth had said of it until then."""
    before = truth_of(db, task_id, decider_id)
    made = db.write(lambda tx: decisions.decide(tx, decider_id, task_id, key, said))
    return {"decision": made, **before}


def truth_of(db: Database, task_id: str, decider_id: str) -> dict[str, Any]:
    """By question the inferred answer in the names that this decider is shown, with p, probabilities and votes."""
    with db.read() as tx:
        case = decisions.read_case(tx, task_id, decider_id)
    found = []
    for question in case.project.questions:
        truth = project_truth(db, case.project.id, question.name, may_be_stale=True)
        t = truth.place(case.task["seq"])
        if t is None:
            continue
        label = completed(question, truth.label(t), case.content)
        if label is not None:
            label = to_shown(case.project.questions, case.drawn, {question.name: label})[question.name]
        found.append(
            {
                "question": question.name, "model": truth.model, "label": label, "p": number(truth.p[t]),
                "probabilities": {
                    name: round(float(p), 6) for name, p in zip(truth.labels, truth.probabilities[t], strict=True)
                },
                "votes": vote_counts(truth.labels, truth.votes[t]),
            }
        )  # fmt: skip
    return {"truth": found}
