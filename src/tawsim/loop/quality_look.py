"""One question's answers, ready for figures: who agrees with whom on which task, and with the truth. No words, no pages.

Everything here is one array over answers or over tasks, so that a figure of any group is one sum.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tawsim.core.records import Question
from tawsim.core.settings import Same
from tawsim.kinds import Choice, Choices, Number, Scale, kind_of
from tawsim.kinds.same import as_compared
from tawsim.loop.following import ProjectTruth
from tawsim.loop.quality_columns import Coding, Held, coding_of
from tawsim.truth.agreement.grouped import Patterns, TaskSums, patterns_of, task_sums

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
# Of more labels than this, tasks with the same answers are too rarely the same for one table of them.
MOST_LABELS = 64
# Different sets of labels whose distances fit in a table.
MOST_SETS = 1_500


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """N answers of T tasks, sorted by task: `seqs` (T,) task numbers, `task` (N,) places in them, `worker` (N,) places in
    `held.workers`, `code` (N,) as in `Columns` (NaN, -1 for none do not occur; of other kinds all 0). `last_at` (T,) when the
    last answer came, in µs.

    `others` (N,): how far the answer is like those of others to its task, 0..1, NaN where there are none. `score` (N,): how
    far it is like the truth, 0..1, NaN where that is not known; for labels and steps the probability that it is the truth.
    `first`, `second` (M,): pairs of answers to one task that were compared; `like` (M,): how much alike, 1 = the same.
    `rows` (N,): where the answers stand in the columns."""

    held: Held
    question: Question
    coding: Coding
    labels: tuple[str, ...]
    truth: ProjectTruth
    same: Same
    rows: Ints
    seqs: Ints
    task: Ints
    worker: Ints
    code: NDArray[Any]
    at: Ints
    seconds: NDArray[np.float32]
    last_at: Ints
    others: Floats
    score: Floats
    first: Ints
    second: Ints
    like: Floats
    patterns: Patterns | None
    sums: TaskSums | None
    sums_tasks: Ints

    @property
    def size(self) -> int:
        """Task numbers are below it."""
        return int(self.seqs[-1]) + 1 if len(self.seqs) else 1

    def per_task(self) -> Ints:
        """How many answers each task has, (T,)."""
        return np.bincount(self.task, minlength=len(self.seqs))


def labels_of(question: Question) -> tuple[str, ...]:
    """What single answers are called: labels, or the steps of a scale; nothing for other kinds."""
    if isinstance(question, Scale):
        return tuple(str(step) for step in range(question.low, question.high + 1))
    return question.labels if isinstance(question, Choice | Choices) else ()


def look_at(held: Held, question: Question, truth: ProjectTruth, remembered: dict[Any, Any]) -> Look:
    """`Look` at all answers to one question. `remembered`: what was found for groups whose tasks did not change."""
    coding, labels, same = coding_of(question), labels_of(question), held.project.settings.same
    columns = held.columns
    code = columns.codes.get(question.name, np.zeros(len(columns), np.int32))
    given = ~np.isnan(code) if coding == "number" else code >= 0
    whole = bool(given.all())
    rows = np.arange(len(columns)) if whole else np.flatnonzero(given)
    picked: list[Any] = [columns.seq, columns.worker, code, columns.at, columns.seconds]
    seq, worker, code, at, seconds = picked if whole else [one[rows] for one in picked]
    begins = np.concatenate(([True], seq[1:] != seq[:-1]))[: len(seq)]
    task = np.cumsum(begins) - 1
    seqs = seq[begins]
    last_at = np.maximum.reduceat(at, np.flatnonzero(begins)) if len(seq) else np.zeros(0, np.int64)
    patterns, sums, which, distance = None, None, np.zeros(0, np.int64), None
    if coding in ("nominal", "ordinal") and len(labels) <= MOST_LABELS:
        counts = np.bincount(task * len(labels) + code, minlength=len(seqs) * len(labels)).reshape(-1, len(labels))
        patterns = patterns_of(counts, ordinal=coding == "ordinal", remembered=remembered)
    elif coding == "number":
        values, place = np.unique(code, return_inverse=True)
        sums, which = task_sums(task, place.reshape(-1), len(values), values=values)
    elif coding == "sets":
        distance = _set_distances(held.sets[question.name])
        if distance is not None:
            sums, which = task_sums(task, code.astype(np.int64), len(distance), distance=distance)
    elif coding != "other":
        sums, which = task_sums(task, code.astype(np.int64), len(labels))
    first, second, like = _pairs(held, question, coding, same, seqs, task, worker, code, distance)
    many = np.bincount(first, minlength=len(seq)) + np.bincount(second, minlength=len(seq))
    total = np.bincount(first, like, len(seq)) + np.bincount(second, like, len(seq))
    others = np.divide(total, many, out=np.full(len(seq), np.nan), where=many > 0)
    return Look(
        held, question, coding, labels, truth, same, rows, seqs, task, worker, code, at, seconds, last_at, others,
        _scores(held, question, coding, same, truth, seqs, task, worker, code), first, second, like, patterns, sums, which,
    )  # fmt: skip


def _pairs(
    held: Held,
    question: Question,
    coding: Coding,
    same: Same,
    seqs: Ints,
    task: Ints,
    worker: Ints,
    code: NDArray[Any],
    distance: Floats | None,
) -> tuple[Ints, Ints, Floats]:
    """Pairs of answers to one task, by place, and how much alike the two are."""
    if coding == "other":
        return _compared(held, question, same, seqs, task, worker)
    firsts, seconds, likes = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)], [np.zeros(0)]
    for first, second in steps(task):
        a, b = code[first], code[second]
        if isinstance(question, Number):
            like = 1 - _apart(question, a, b)
        else:
            like = (a == b).astype(float) if distance is None else 1 - distance[a, b]
        firsts.append(first)
        seconds.append(second)
        likes.append(like)
    return np.concatenate(firsts), np.concatenate(seconds), np.concatenate(likes)


def steps(task: Ints) -> Iterator[tuple[Ints, Ints]]:
    """Pairs of places in `task` (sorted) that are of one task: neighbours, then those two apart, and so on."""
    step = 1
    while step < len(task):
        first = np.flatnonzero(task[step:] == task[:-step])
        if not len(first):
            return
        yield first, first + step
        step += 1


def _apart(question: Number, a: Floats, b: Floats) -> Floats:
    """`interval_distance` of kinds/distances.py for many pairs at once."""
    if question.low is not None and question.high is not None:
        widest = np.full(len(a), float(question.high - question.low))
    else:
        widest = np.abs(a) + np.abs(b)
    far = np.divide(np.abs(a - b), widest, out=(a != b).astype(float), where=widest > 0)
    return np.asarray(np.minimum(far, 1.0) ** 2)


def _set_distances(sets: list[tuple[str, ...]]) -> Floats | None:
    """Jaccard's distance of every two sets; None where they are too many."""
    if not sets or len(sets) > MOST_SETS:
        return None
    names = {name: i for i, name in enumerate(sorted({name for one in sets for name in one}))}
    has = np.zeros((len(sets), max(len(names), 1)))
    for i, one in enumerate(sets):
        has[i, [names[name] for name in one]] = 1
    both = has @ has.T
    size = has.sum(axis=1)
    either = size[:, None] + size - both
    alike: Floats = np.divide(both, either, out=np.ones_like(both), where=either > 0)
    return 1 - alike


def _compared(
    held: Held, question: Question, same: Same, seqs: Ints, task: Ints, worker: Ints
) -> tuple[Ints, Ints, Floats]:
    """Pairs of the sampled tasks' answers, compared one by one by the measure of their kind."""
    distance = kind_of(question).distance
    ends = np.searchsorted(task, np.arange(len(seqs) + 1))
    firsts, seconds, likes = [], [], []
    for seq, answers in sorted(held.whole[question.name].items()):
        t = int(np.searchsorted(seqs, seq))
        if t >= len(seqs) or seqs[t] != seq or len(answers) < 2:
            continue
        place = {int(worker[row]): row for row in range(ends[t], ends[t + 1])}
        said = [(place[who], as_compared(question, one, same)) for who, one in answers if who in place]
        for i, (row, one) in enumerate(said):
            for other_row, other in said[i + 1 :]:
                firsts.append(row)
                seconds.append(other_row)
                likes.append(1 - distance(question, one, other))
    return np.array(firsts, np.int64), np.array(seconds, np.int64), np.array(likes, float)


def _scores(
    held: Held,
    question: Question,
    coding: Coding,
    same: Same,
    truth: ProjectTruth,
    seqs: Ints,
    task: Ints,
    worker: Ints,
    code: NDArray[Any],
) -> Floats:
    """How far each answer is like the truth."""
    found = np.full(len(task), np.nan)
    place = truth.places(seqs.tolist()).astype(np.int64)
    row = place[task]
    judged = np.flatnonzero(row >= 0)
    if not len(judged):
        return found
    if coding in ("nominal", "ordinal") and truth.probabilities.shape[1]:
        names = {label: i for i, label in enumerate(truth.labels)}
        column = np.array([names.get(label, -1) for label in labels_of(question)], np.int64)
        at = column[code[judged]]
        found[judged] = np.where(at >= 0, truth.probabilities[row[judged], at], 0.0)
        return found
    distance = kind_of(question).distance
    if isinstance(question, Number) and truth.chosen is not None:
        chosen = np.array([np.nan if one is None else float(one) for one in truth.chosen])
        found[judged] = 1 - _apart(question, code[judged], chosen[row[judged]])
        return found
    if coding == "sets":
        sets, remembered = held.sets[question.name], {}
        for i in judged.tolist():
            key = (int(code[i]), tuple(truth.label(int(row[i])) or ()))
            if key not in remembered:
                remembered[key] = 1 - distance(question, list(sets[key[0]]), list(key[1]))
            found[i] = remembered[key]
        return found
    if coding == "other":
        ends = np.searchsorted(task, np.arange(len(seqs) + 1))
        for seq, answers in held.whole[question.name].items():
            t = int(np.searchsorted(seqs, seq))
            if t >= len(seqs) or seqs[t] != seq or place[t] < 0 or (right := truth.label(int(place[t]))) is None:
                continue
            right = as_compared(question, right, same)
            said = dict(answers)
            for i in range(ends[t], ends[t + 1]):
                if int(worker[i]) in said:
                    found[i] = 1 - distance(question, as_compared(question, said[int(worker[i])], same), right)
    return found
