"""How reviews and decisions enter the truth of a question (docs/decisions/0014): a reviewer's fix is a vote of theirs, and a
decision is the truth of its task, with p = 1, known when workers are learned. Arrays and mappings; the store is read elsewhere.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tawsim.core.records import Question
from tawsim.labelling.schemas import Carrier
from tawsim.loop.answers import Answers
from tawsim.truth import Votes
from tawsim.truth.infer import MOST_FOR_JOINT, choose_model

if TYPE_CHECKING:
    from tawsim.loop.following import ProjectTruth

# Tasks of known truth that make up for people who are too few to tell who is right.
ENOUGH_KNOWN = 10
# Before the name of a worker whose answer is a fix, while answers are gathered; no id begins with it.
FIX = "fix/"


class Decision(NamedTuple):
    """What a task was settled as, and by whom (a name)."""

    answer: Any
    by: str


def decisions_of(rows: Iterable[Any], question: Question, carrier: Carrier) -> dict[int, Decision]:
    """Task number → decision, from rows of seq, answers, schema_version, decider. One that does not answer the question, or
    does not fit it any more, settles nothing of it."""
    found = {}
    for seq, text, version, by in rows:
        answer = carrier.carry(version, json.loads(text)).answers.get(question.name)
        if answer is not None:
            found[int(seq)] = Decision(answer, by)
    return found


def answers_of(settled: Mapping[int, Decision]) -> dict[int, Any]:
    """Task number → answer, whoever it is from."""
    return {seq: one.answer for seq, one in settled.items()}


def as_reviewers(rows: Iterable[Any]) -> Iterator[Any]:
    """Rows of fixes with their workers marked as such."""
    for seq, worker, answers, version in rows:
        yield seq, FIX + worker, answers, version


def without_reviewers(found: Answers) -> tuple[Answers, Answers | None]:
    """All answers under the plain names of their workers; and those that are no fixes, or None where there are no fixes."""
    marked = [i for i, worker in enumerate(found.workers) if worker.startswith(FIX)]
    if not marked:
        return found, None
    names = [worker.removeprefix(FIX) for worker in found.workers]
    plain = tuple(dict.fromkeys(names))
    place = {name: i for i, name in enumerate(plain)}
    worker = np.array([place[name] for name in names], np.int32)[found.worker]
    own = ~np.isin(found.worker, marked)
    everything = replace(found, worker=worker, workers=plain)
    return everything, replace(everything, seq=found.seq[own], worker=worker[own], code=found.code[own])


def known_labels(votes: Votes, settled: Mapping[int, Decision]) -> dict[Any, Any] | None:
    """The decided tasks as the model takes them; None where they would not help it: too few to make up for too few people,
    or votes by the million, of which the model that takes known labels would take minutes."""
    voted, labels = set(votes.tasks), set(votes.labels)
    known = {seq: one.answer for seq, one in settled.items() if seq in voted and one.answer in labels}
    if not known or len(votes) > MOST_FOR_JOINT:
        return None
    return known if len(known) >= ENOUGH_KNOWN or choose_model(votes)[0] == "joint" else None


def known_sets(found: Answers, labels: tuple[str, ...], settled: Mapping[int, Decision]) -> dict[int, Any] | None:
    """The same where answers are sets of labels, each of them a yes or no; None where they are too few to count on, or the
    votes too many."""
    voted = set(found.seq.tolist())
    known = {seq: one.answer for seq, one in settled.items() if seq in voted}
    return known if len(known) >= ENOUGH_KNOWN and len(found.seq) * len(labels) <= MOST_FOR_JOINT else None


def one_hot(labels: tuple[str, ...], answer: Any) -> NDArray[np.float64]:
    """(K,) 1 at each label that the answer is or holds."""
    chosen = {str(one) for one in answer} if isinstance(answer, list | tuple) else {str(answer)}
    return np.array([float(label in chosen) for label in labels])


def with_decisions(truth: "ProjectTruth", settled: Mapping[int, Decision]) -> "ProjectTruth":
    """The truth in which every decided task is as it was decided, those among them that nobody answered too."""
    if not settled:
        return truth
    seqs = sorted(settled)
    places = truth.places(seqs)
    bare = [seq for seq, place in zip(seqs, places.tolist(), strict=True) if place < 0]
    truth = _with_rows(truth, bare)
    rows = truth.places(seqs)
    p, probabilities, best = truth.p.copy(), truth.probabilities.copy(), truth.best.copy()
    chosen = None if truth.chosen is None else list(truth.chosen)
    low, high = (None if one is None else one.copy() for one in (truth.low, truth.high))
    for seq, row in zip(seqs, rows.tolist(), strict=True):
        answer = settled[seq].answer
        p[row] = 1.0
        if truth.labels:
            probabilities[row] = one_hot(truth.labels, answer)
            best[row] = int(probabilities[row].argmax())
        if chosen is not None:
            chosen[row] = tuple(answer) if isinstance(answer, list) else answer
        if low is not None and high is not None:
            low[row] = high[row] = float(answer)
    return replace(
        truth, p=p, probabilities=probabilities, best=best, chosen=None if chosen is None else tuple(chosen), low=low,
        high=high, decided={seq: one.by for seq, one in settled.items()},
    )  # fmt: skip


def _with_rows(truth: "ProjectTruth", seqs: list[int]) -> "ProjectTruth":
    """Rows at the end for tasks that nobody answered."""
    if not seqs:
        return truth
    n, first = len(seqs), len(truth.seqs)
    row_of = truth.row_of.copy()
    row_of[seqs] = np.arange(first, first + n, dtype=np.int32)

    def longer(values: NDArray[Any], fill: Any) -> NDArray[Any]:
        return np.concatenate([values, np.full((n, *values.shape[1:]), fill, values.dtype)])

    return replace(
        truth, row_of=row_of, seqs=np.concatenate([truth.seqs, np.array(seqs, np.int64)]), best=longer(truth.best, 0),
        p=longer(truth.p, 1.0), probabilities=longer(truth.probabilities, 0.0), votes=longer(truth.votes, 0),
        answers=longer(truth.answers, 0), chosen=None if truth.chosen is None else (*truth.chosen, *([None] * n)),
        low=None if truth.low is None else longer(truth.low, np.nan),
        high=None if truth.high is None else longer(truth.high, np.nan),
    )  # fmt: skip
