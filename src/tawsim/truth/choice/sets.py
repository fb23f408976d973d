"""Truth where an answer is a set of labels ("choices"): each label of a task becomes a yes/no question. Pure arrays."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tawsim.core.errors import BadInput, TooLarge
from tawsim.truth.agreement import Agreement, jaccard_distance, krippendorff_alpha
from tawsim.truth.infer import Why, infer
from tawsim.truth.skill import WorkerSkill
from tawsim.truth.votes import Votes

# Positions are int32; and one answer of a hundred labels is a hundred votes.
MAX_VOTES = 200_000_000
# Alpha over whole sets compares each two distinct sets; beyond this many the yes/no answers are compared instead.
MAX_DISTINCT_SETS = 500


@dataclass(frozen=True, slots=True, eq=False)
class SetsInference:
    """The truth of T tasks whose answers are sets of K labels.

    `chosen` (T): the labels with probability above a half, in the order of `labels`; None where nobody answered.
    `probabilities` (T, K): of each label on its own (rows do not sum to 1). `p` (T,): that the whole set is right,
    taking the labels as independent; 0.0 where nobody answered. `votes` (T, K): how many chose the label, of `answers`
    (T,). `ties` (T,) bool: some label is exactly as likely as not, and was left out. `workers`: skill at saying yes or
    no. `agreement`: alpha with Jaccard's distance between sets. `repeated`: answers that a later one of the same
    worker replaced.
    """

    model: str
    why: Why
    labels: tuple[Any, ...]
    tasks: tuple[Any, ...]
    chosen: tuple[tuple[Any, ...] | None, ...]
    p: NDArray[np.float64]
    probabilities: NDArray[np.float64]
    votes: NDArray[np.int64]
    answers: NDArray[np.int64]
    workers: tuple[WorkerSkill, ...]
    agreement: Agreement | None
    ties: NDArray[np.bool_]
    repeated: int = 0


def infer_sets(
    task: Any,
    worker: Any,
    sets: Sequence[Iterable[Any]],
    labels: Sequence[Any],
    model: str = "auto",
    *,
    tasks: Sequence[Any] | None = None,
    known: Mapping[Any, Iterable[Any]] | None = None,
) -> SetsInference:
    """The truth of N answers: columns `task` and `worker`, and for each the set of `labels` chosen (may be empty). `known`:
    the true sets of some of the tasks, from which people are learned (by the model "joint", which "auto" then takes).

    All labels share one confusion per worker (how often they miss a label, how often they add one), so a worker is
    known after few answers. What that loses: some labels are harder than others, and labels may exclude one another.
    Raises `BadInput`: no answers, unequal lengths, a label outside `labels`, an unknown model.
    """
    wide = len(labels)
    if not wide or len(set(labels)) < wide:
        raise BadInput("A question with several choices needs its labels, each named once.")
    # The row number stands for the answer, so that Votes finds a worker's last answer to each task.
    rows = Votes.from_columns(task, worker, np.arange(len(sets)), tasks=tasks)
    if len(rows) * wide > MAX_VOTES:
        raise TooLarge(f"{len(rows)} answers of {wide} labels are more than {MAX_VOTES} yes/no votes.")
    chose = _membership(sets, labels)[np.array(rows.labels, dtype=np.intp)[rows.label]]
    result = infer(_yes_no(rows, chose), model, _known_yes_no(rows, labels, known or {}))
    yes = result.probabilities[:, 1].reshape(-1, wide)
    counts = result.votes.reshape(-1, wide, 2)
    answers = counts[:, 0].sum(axis=1)
    answered = answers > 0
    ties = np.asarray(result.ties.reshape(-1, wide))
    return SetsInference(
        model=result.model,
        why=result.why,
        labels=tuple(labels),
        tasks=rows.tasks,
        chosen=_chosen((yes > 0.5) & ~ties, answered, labels),
        p=np.where(answered, np.maximum(yes, 1 - yes).prod(axis=1), 0.0),
        probabilities=yes,
        votes=counts[:, :, 1],
        answers=answers,
        workers=tuple(replace(w, answers=w.answers // wide, judged=w.judged // wide) for w in result.workers),
        agreement=_agreement(rows, chose),
        ties=np.asarray(ties.any(axis=1)),
        repeated=rows.repeated,
    )


def _chosen(
    picked: NDArray[np.bool_], answered: NDArray[np.bool_], labels: Sequence[Any]
) -> tuple[tuple[Any, ...] | None, ...]:
    """The labels picked for each task; None where nobody answered."""
    pairs = zip(picked, answered.tolist(), strict=True)
    return tuple(tuple(labels[k] for k in np.flatnonzero(row).tolist()) if here else None for row, here in pairs)


def _membership(sets: Sequence[Iterable[Any]], labels: Sequence[Any]) -> NDArray[np.bool_]:
    """Which labels each answer holds, (N, K)."""
    place = {label: k for k, label in enumerate(labels)}
    holds = np.zeros((len(sets), len(labels)), bool)
    for i, chosen in enumerate(sets):
        if chosen is None or isinstance(chosen, str):
            raise BadInput(f"Row {i + 1}: a list of labels is wanted, not {chosen!r}.", row=i + 1, column="label")
        for label in chosen:
            if label not in place:
                raise BadInput(f"Row {i + 1}: {str(label)[:80]!r} is not a known label.", row=i + 1, column="label")
            holds[i, place[label]] = True
    return holds


def _yes_no(rows: Votes, chose: NDArray[np.bool_]) -> Votes:
    """One vote "no" or "yes" per answer and label; task number t K + k asks whether label k belongs to task t."""
    wide = chose.shape[1]
    pair = (rows.task.astype(np.int64)[:, None] * wide + np.arange(wide)).reshape(-1)
    order = np.argsort(pair, kind="stable")  # keeps the workers of a pair in their order
    return Votes(
        task=pair[order].astype(np.int32),
        worker=np.repeat(rows.worker, wide)[order],
        label=chose.reshape(-1)[order].astype(np.int16),
        tasks=tuple(range(len(rows.tasks) * wide)),
        workers=rows.workers,
        labels=("no", "yes"),
        repeated=rows.repeated,
    )


def _known_yes_no(rows: Votes, labels: Sequence[Any], known: Mapping[Any, Iterable[Any]]) -> dict[int, str] | None:
    """What is known, as `_yes_no` numbers its questions; None where nothing is."""
    wide, place = len(labels), {task: t for t, task in enumerate(rows.tasks)}
    sets = {place[task]: set(chosen) for task, chosen in known.items() if task in place}
    return {t * wide + k: "yes" if labels[k] in s else "no" for t, s in sets.items() for k in range(wide)} or None


def sets_agreement(task: Any, worker: Any, sets: Sequence[Iterable[Any]], labels: Sequence[Any]) -> Agreement | None:
    """How far people agree on N answers, as `infer_sets` has it."""
    rows = Votes.from_columns(task, worker, np.arange(len(sets)))
    return _agreement(rows, _membership(sets, labels)[np.array(rows.labels, dtype=np.intp)[rows.label]])


def _agreement(rows: Votes, chose: NDArray[np.bool_]) -> Agreement | None:
    """Alpha between whole sets; where it is undefined or there are too many different sets to compare, between the yes and
    no of each label."""
    return _of_whole_sets(rows, chose) or krippendorff_alpha(_yes_no(rows, chose).counts())


def _of_whole_sets(rows: Votes, chose: NDArray[np.bool_]) -> Agreement | None:
    distinct, kind = np.unique(chose, axis=0, return_inverse=True)
    if len(distinct) > MAX_DISTINCT_SETS or len(distinct) * len(rows.tasks) > MAX_VOTES:
        return None
    cell = rows.task.astype(np.int64) * len(distinct) + kind.reshape(-1)
    counts = np.bincount(cell, minlength=len(rows.tasks) * len(distinct)).reshape(-1, len(distinct))
    return krippendorff_alpha(counts, jaccard_distance(frozenset(np.flatnonzero(row).tolist()) for row in distinct))
