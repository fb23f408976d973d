"""Known answers teach who is right (docs/decisions/0014): what people said to gold tasks is taken with what is known of them
when the workers of a question are learned, where its models have a place for it: single labels, sets of labels, and what of
other kinds is inferred as labels or numbers (structured.py). Such tasks are no work: nothing of them stands in the truth.
"""

import json
from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from tawsim.core.errors import BadAnswer
from tawsim.core.records import Question
from tawsim.kinds import Choice, Choices, kind_of
from tawsim.loop.answers import Answers
from tawsim.loop.settled import Decision
from tawsim.loop.structured import learns_from_known
from tawsim.store.database import Transaction
from tawsim.truth.choice.sets import SetsInference, sets_agreement
from tawsim.truth.infer import Inference

BY_GOLD = ""  # nobody settled such a task


def known_answers(tx: Transaction, question: Question, project_id: str, visible_seq: int) -> dict[int, Decision]:
    """Task number → what is known, of gold that nobody doubts; empty for questions whose models learn nothing from it. What
    does not fit the question any more teaches nothing."""
    if not isinstance(question, Choice | Choices) and not learns_from_known(question):
        return {}
    rows = tx.all("truth_gold", project_id=project_id, visible_seq=visible_seq)
    known = ((row["seq"], _fitting(question, json.loads(row["answers"]).get(question.name))) for row in rows)
    return {int(seq): Decision(answer, BY_GOLD) for seq, answer in known if answer is not None}


def _fitting(question: Question, answer: Any) -> Any:
    """The known answer as the question takes it now; None where it does not. The question may have been changed since."""
    if answer is None:
        return None
    try:
        return kind_of(question).validate(question, answer, None)
    except (BadAnswer, KeyError, TypeError, ValueError, AttributeError):  # perhaps in the form of another kind
        return None


def only_work(found: Answers, known: Collection[int]) -> Answers:
    """The answers to all other tasks, under the same names of workers."""
    taught = np.fromiter(known, np.int64, len(known))
    work = ~np.isin(found.seq, taught)
    return replace(
        found, seq=found.seq[work], worker=found.worker[work], code=found.code[work],
        misfits=found.misfits[~np.isin(found.misfits, taught)],
    )  # fmt: skip


def without_known(
    result: Inference | SetsInference, known: Mapping[int, Decision], work: Answers, labels: tuple[str, ...]
) -> Inference | SetsInference:
    """What was inferred of the work alone, and of those who did any; what gold taught of them stays."""
    keep = ~np.isin(np.asarray(result.tasks, np.int64), np.fromiter(known, np.int64, len(known)))
    worked = {work.workers[one] for one in np.unique(work.worker).tolist()}
    places = np.flatnonzero(keep).tolist()
    left = replace(
        result, tasks=tuple(result.tasks[i] for i in places), p=result.p[keep],
        probabilities=result.probabilities[keep], votes=result.votes[keep], ties=result.ties[keep],
        workers=tuple(one for one in result.workers if one.worker in worked),
    )  # fmt: skip
    if isinstance(left, SetsInference):
        agreement = sets_agreement(*set_answers(work), labels) if len(work.seq) else None
        chosen = tuple(left.chosen[i] for i in places)
        return replace(left, chosen=chosen, answers=left.answers[keep], agreement=agreement)
    return replace(left, label=tuple(left.label[i] for i in places))


def set_answers(found: Answers) -> tuple[Any, list[str], list[tuple[str, ...]]]:
    """Answers that are sets of labels, as columns: tasks, workers, sets."""
    assert found.sets is not None
    workers = [found.workers[one] for one in found.worker.tolist()]
    return found.seq, workers, [found.sets[code] for code in found.code.tolist()]
