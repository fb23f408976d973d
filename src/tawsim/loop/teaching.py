"""Known answers teach who is right (docs/decisions/0014): what people said to gold tasks is taken with what is known of them
when the workers of a question of single labels are learned. Such tasks are no work: nothing of them stands in the truth.
"""

import json
from collections.abc import Collection, Mapping
from dataclasses import replace

import numpy as np

from tawsim.core.records import Question
from tawsim.kinds import Choice
from tawsim.loop.answers import Answers
from tawsim.loop.settled import Decision
from tawsim.store.database import Transaction
from tawsim.truth.infer import Inference

BY_GOLD = ""  # nobody settled such a task


def known_answers(tx: Transaction, question: Question, project_id: str, visible_seq: int) -> dict[int, Decision]:
    """Task number → what is known, of gold that nobody doubts; empty for questions of other kinds."""
    if not isinstance(question, Choice):
        return {}
    rows = tx.all("truth_gold", project_id=project_id, visible_seq=visible_seq)
    known = ((row["seq"], json.loads(row["answers"]).get(question.name)) for row in rows)
    return {int(seq): Decision(answer, BY_GOLD) for seq, answer in known if answer is not None}


def only_work(found: Answers, known: Collection[int]) -> Answers:
    """The answers to all other tasks, under the same names of workers."""
    taught = np.fromiter(known, np.int64, len(known))
    work = ~np.isin(found.seq, taught)
    return replace(
        found, seq=found.seq[work], worker=found.worker[work], code=found.code[work],
        misfits=found.misfits[~np.isin(found.misfits, taught)],
    )  # fmt: skip


def without_known(result: Inference, known: Mapping[int, Decision], work: Answers) -> Inference:
    """What was inferred of the work alone, and of those who did any; what gold taught of them stays."""
    keep = ~np.isin(np.asarray(result.tasks, np.int64), np.fromiter(known, np.int64, len(known)))
    worked = {work.workers[one] for one in np.unique(work.worker).tolist()}
    places = np.flatnonzero(keep).tolist()
    return replace(
        result, tasks=tuple(result.tasks[i] for i in places), label=tuple(result.label[i] for i in places),
        p=result.p[keep], probabilities=result.probabilities[keep], votes=result.votes[keep], ties=result.ties[keep],
        workers=tuple(one for one in result.workers if one.worker in worked),
    )  # fmt: skip
