"""`OverlapTruth`: spans that may overlap or nest, by matching them across workers, voting on each, and fusing their bounds."""

from collections import defaultdict
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from tawsim.core.errors import BadInput
from tawsim.truth.answers import Answers
from tawsim.truth.beta import beta_quantile
from tawsim.truth.regions.existence import Judged, judge, name, sightings
from tawsim.truth.sequences.reading import read_spans
from tawsim.truth.sequences.tags import Span, spans_of_tags
from tawsim.truth.state import Restorable

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
LEVEL = 0.95


class OverlapTruth(Restorable):
    """Which spans are real, with which label and bounds, where spans may overlap, nest, or carry several layers of labels.

    1. Matching, a task: the spans drawn are taken by how many drew them; each worker's span joins the group whose first
       span has the same label and shares at least `least_overlap` of their union with it, or else one of another label
       that does, or else begins a group; a worker has at most one span in a group, so two layers of one worker stay two.
    2. Existence, all tasks: each worker marks a real span with the own hit rate, and one of the places that only look
       like spans with the own false-alarm rate; EM (see tawsim/truth/regions/existence.py, which is the same model for boxes).
    3. Label: one-coin EM among those given. Bounds: each is the one with the most weight, w by hit rate less false-alarm
       rate; equal ones go to the one nearest the middle of all, then the first.
    4. The answer holds the spans with p > F / 2, F the expected F1 of the answer: that set has the highest expected F1.

    The existence step is Dawid and Skene's model (1979) with two classes; the matching and the fusing follow no paper.
    Assumes independent errors given the truth, and looks at each span alone: SequenceTruth knows more, and is to be
    preferred where nothing overlaps. Cost: a task's spans × its groups, and EM over groups × answers.

    Input: per answer a list of {start, end, label} (or JSON of it, or tags). Learned: `tasks_` (T,), `workers_` (W,),
    `labels_` (X,); `spans_` (T,) lists of (start, end, label); `span_probability_` (T,) lists of 0..1: that there is such a
    span (overlapping by `least_overlap`) with this label; `confidence_` (T,) expected F1 of each answer; `expected_f1_`;
    `hit_rate_`, `precision_` (W, 3) [estimate, low, high of 95 %]: of real spans those marked, of marked spans the real.

    >>> drawn = [{"start": 0, "end": 9, "label": "ORG"}, {"start": 4, "end": 9, "label": "LOC"}]
    >>> model = OverlapTruth().fit([("t", worker, drawn) for worker in "abc"])
    >>> [(span["start"], span["end"], span["label"]) for span in model.predict()[0]]
    [(0, 9, 'ORG'), (4, 9, 'LOC')]
    """

    tasks_: tuple[Any, ...]
    workers_: tuple[Any, ...]
    labels_: tuple[str, ...]
    spans_: list[list[tuple[int, int, str]]]
    span_probability_: list[list[float]]
    confidence_: Floats
    expected_f1_: float
    hit_rate_: Floats
    precision_: Floats

    def __init__(self, *, least_overlap: float = 0.5, strict: bool = False) -> None:
        if not 0 < least_overlap <= 1:
            raise BadInput("least_overlap is above 0 and at most 1.")
        self.least_overlap = least_overlap
        self.strict = strict

    def fit(self, answers: Any) -> Self:
        """Learn from `answers` (task, worker, label). Raises `BadInput` for answers that cannot be read."""
        read = read_spans(answers, strict=self.strict)
        drawn = _drawn(read)
        labels = tuple(sorted({each.span.label for each in drawn}))
        group = self._match(drawn)
        task = np.array([each.task for each in drawn], np.int64)
        answer = np.array([each.answer for each in drawn], np.int64)
        data = sightings(group, task, answer, read.starts(), read)
        judged = judge(data)
        place = {label: i for i, label in enumerate(labels)}
        code = np.array([place[each.span.label] for each in drawn], np.int64)
        worker = read.worker[answer].astype(np.int64) if len(drawn) else answer
        named = name(group, worker, code, judged.p, len(read.workers), len(labels))
        bounds = _bounds(drawn, group, np.maximum(judged.hit_rate - judged.false_rate, 0.01)[worker])
        self.tasks_, self.workers_, self.labels_ = read.tasks, read.workers, labels
        self._choose(judged.p * named.p, [labels[i] for i in named.label], bounds, data.task)
        self.hit_rate_, self.precision_ = _rates(judged, worker, group, len(read.workers))
        return self

    def predict(self) -> list[list[dict[str, Any]]]:
        """A task: its spans by start and end, {start, end, label, p}."""
        if not hasattr(self, "tasks_"):
            raise BadInput("This OverlapTruth has not seen any answers.", "Call fit(answers) first.")
        return [
            [{"start": a, "end": b, "label": x, "p": p} for (a, b, x), p in zip(spans, chances, strict=True)]
            for spans, chances in zip(self.spans_, self.span_probability_, strict=True)
        ]

    predict_spans = predict

    def _match(self, drawn: list["_Drawn"]) -> Ints:
        """The group of each span drawn, (n,), numbered over all tasks."""
        group = np.zeros(len(drawn), np.int64)
        by_task: dict[int, list[int]] = defaultdict(list)
        for i, each in enumerate(drawn):
            by_task[each.task].append(i)
        total = 0
        for members in by_task.values():
            support: dict[Span, int] = defaultdict(int)
            for i in members:
                support[drawn[i].span] += 1
            members.sort(key=lambda i: (-support[drawn[i].span], drawn[i].span, drawn[i].answer))
            groups: list[tuple[Span, set[int]]] = []
            for i in members:
                found = self._group_of(drawn[i], groups)
                if found == len(groups):
                    groups.append((drawn[i].span, set()))
                groups[found][1].add(drawn[i].answer)
                group[i] = total + found
            total += len(groups)
        return group

    def _group_of(self, each: "_Drawn", groups: list[tuple[Span, set[int]]]) -> int:
        """The group that the span joins; as many as there are for a new one."""
        best, found = (False, self.least_overlap - 1e-12), len(groups)
        for g, (seed, answers) in enumerate(groups):
            if each.answer in answers:
                continue
            shared = _shared(each.span, seed)
            rank = (seed.label == each.span.label, shared)
            if shared >= self.least_overlap - 1e-12 and rank > best:
                best, found = rank, g
        return found

    def _choose(self, p: Floats, label: list[str], bounds: list[tuple[int, int]], task: Ints) -> None:
        chosen, self.expected_f1_ = _best(p)
        order = sorted(range(len(p)), key=lambda g: (bounds[g][0], -bounds[g][1], label[g]))
        tasks = len(self.tasks_)
        self.spans_, self.span_probability_ = [[] for _ in range(tasks)], [[] for _ in range(tasks)]
        for g in order:
            if chosen[g]:
                self.spans_[task[g]].append((*bounds[g], label[g]))
                self.span_probability_[task[g]].append(float(p[g]))
        expected, hits = np.bincount(task, p, tasks), np.bincount(task[chosen], p[chosen], tasks)
        count = np.bincount(task[chosen], minlength=tasks)
        self.confidence_ = np.where(count > 0, 2 * hits / np.maximum(count + expected, 1e-12), np.exp(-expected))


class _Drawn(NamedTuple):
    task: int
    answer: int
    span: Span


def _drawn(read: Answers) -> list[_Drawn]:
    found = []
    for i, (task, value) in enumerate(zip(read.task.tolist(), read.values, strict=True)):
        spans = spans_of_tags(value) if isinstance(value, tuple) else sorted(value)
        found += [_Drawn(task, i, span) for span in spans]
    return found


def _shared(a: Span, b: Span) -> float:
    """Shared length as a share of the union."""
    both = min(a.end, b.end) - max(a.start, b.start)
    return max(both, 0) / (max(a.end, b.end) - min(a.start, b.start))


def _bounds(drawn: list[_Drawn], group: Ints, weight: Floats) -> list[tuple[int, int]]:
    """Start and end of each group."""
    members: list[list[int]] = [[] for _ in range(int(group.max(initial=-1)) + 1)]
    for i, g in enumerate(group.tolist()):
        members[g].append(i)
    fused = []
    for rows in members:
        start = _heaviest([(drawn[i].span.start, float(weight[i])) for i in rows])
        end = _heaviest([(drawn[i].span.end, float(weight[i])) for i in rows])
        # Each is one that somebody drew; together they may cross only where members hardly overlap.
        fused.append((start, end) if start < end else drawn[rows[0]].span[:2])
    return fused


def _heaviest(votes: list[tuple[int, float]]) -> int:
    total: dict[int, float] = defaultdict(float)
    for value, weight in sorted(votes):
        total[value] += weight
    middle = float(np.median([value for value, _ in votes]))
    top = max(total.values())
    return min((value for value in total if total[value] >= top - 1e-9), key=lambda v: (abs(v - middle), v))


def _best(p: Floats) -> tuple[NDArray[np.bool_], float]:
    """The spans with the highest expected F1, which is given: those with p above half of it (see `chain.best_spans`)."""
    f1, chosen = 0.0, np.zeros(len(p), bool)
    for _ in range(50):
        chosen = p > f1 / 2
        gain = float(2 * p[chosen].sum() / max(chosen.sum() + p.sum(), 1e-12))
        if gain <= f1 + 1e-9:
            break
        f1 = gain
    return chosen, f1


def _rates(judged: Judged, worker: Ints, group: Ints, workers: int) -> tuple[Floats, Floats]:
    """Hit rate and precision with beta intervals, (W, 3) each."""
    real = np.bincount(worker, judged.p[group], workers) + 0.5
    wrong = np.bincount(worker, 1 - judged.p[group], workers) + 0.5
    return _interval(judged.hits[:, 0], judged.hits[:, 1]), _interval(real, wrong)


def _interval(a: NDArray[Any], b: NDArray[Any]) -> Floats:
    tail = np.full(a.shape, (1 - LEVEL) / 2)
    return np.stack([a / (a + b), beta_quantile(tail, a, b), beta_quantile(1 - tail, a, b)], axis=-1)
