"""What a report tells, as plain values: no drawing, no words. Whoever infers fills a `Report`; page.py shows it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tawsim.truth.agreement.agreed import Agreed
from tawsim.truth.report.measures import Measure, Measures
from tawsim.truth.votes import Votes

Floats = NDArray[np.float64]
# What fits on a page that people read. The files beside it hold everything.
MOST_LABELS = 12
MOST_WORKERS = 40
MOST_ITEMS = 40
MOST_PICKED = 6
MOST_UNCERTAIN = 20
MOST_NAMES = 12
# A worker's confidence tells something from this slope on. 0 is nothing, 1 what it claims to tell; but slopes are learned
# from others who err too, and come out too low: about 0.2 to 0.6 for who means what they say, below 0.2 for noise.
TELLS = 0.2
# Calibration is no matter of fewer gold tasks than these.
FEW_GOLD = 10
# What p is where it is not the probability that the whole answer is right.
P_MEANS = {
    "ranking": "first", "spans": "f1", "tags": "f1", "text": "words", "boxes": "objects", "polygons": "objects",
    "keypoints": "objects",
}  # fmt: skip
Z = 1.959963984540054


def p_means(kind: str) -> str:
    """What p is for answers of a kind: “right” is the probability that the whole answer is, all else something less."""
    return P_MEANS.get(kind, "right")


@dataclass(frozen=True, slots=True)
class Said:
    """A sentence: its `code` and `facts` for words.py, and the English `text` for codes that have no words there."""

    code: str
    text: str
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class LabelShare:
    """How many of the tasks have a label, with a 95 % interval: a number of tasks, of which `votes` answers said so."""

    name: str
    tasks: float
    low: float
    high: float
    votes: int


@dataclass(frozen=True, slots=True)
class WorkerRow:
    """A worker's measure with its interval (None where the model knows none), and a verdict with the facts behind it."""

    name: str
    answers: int
    value: float | None
    low: float | None
    high: float | None
    verdict: str = ""
    why: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ItemRow:
    """An item that answers compared: its score with a 95 % interval, and its rank within its group (items of different
    groups were never compared, not even through others)."""

    name: str
    score: float
    low: float
    high: float
    rank: int
    group: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Confusion:
    """Shares (K, K) [truth, said] of the labels `names`, rows sum to 1; `tasks` (K,) how many a row rests on. `name` is
    the worker, "" for the whole crowd."""

    name: str
    names: tuple[str, ...]
    share: Floats
    answers: Floats


@dataclass(frozen=True, slots=True)
class Uncertain:
    """A task whose best answer is far from sure. `others`: the next likely ones with their p."""

    task: str
    answer: str
    p: float
    others: tuple[tuple[str, float], ...]
    answers: int


@dataclass(frozen=True, slots=True)
class Family:
    """Workers that err together, and what their answers are worth as independent ones."""

    members: tuple[str, ...]
    effective: float


@dataclass(frozen=True, slots=True)
class Candidate:
    """A model that was weighed, and what spoke for it: a share of the whole, or a score where higher is better."""

    name: str
    weight: float


@dataclass(frozen=True, slots=True, eq=False)
class Report:
    """Everything that a page tells. Empty fields leave their section out.

    `source` is the name of the data, `kind` and `kind_why` what kind of answers they are and how that was found, `model`
    and `why` the model and why it was taken. `p` (T,) is the probability (or confidence) of each answered task, or else,
    of numbers, `spread` (T,) their standard deviations. `worker_measure` names what is measured of workers: accuracy, or
    another word of words.py. `confidence`: workers who said how sure they are, and the slope of that. `gold` are the
    measures where gold is known, `held_out` says whether they were taken on gold that the model had not seen.
    """

    source: str
    kind: str
    kind_why: Said
    model: str
    why: Said
    tasks: int
    answers: int
    p: Floats
    workers_total: int
    spread: Floats = field(default_factory=lambda: np.zeros(0))
    threshold: float = 0.95
    labels: tuple[LabelShare, ...] = ()
    labels_total: int = 0
    workers: tuple[WorkerRow, ...] = ()
    worker_measure: str = "accuracy"
    crowd: Confusion | None = None
    picked: tuple[Confusion, ...] = ()
    items: tuple[ItemRow, ...] = ()
    items_total: int = 0
    agreement: Agreed | None = None
    uncertain: tuple[Uncertain, ...] = ()
    gold: Measures | None = None
    gold_other: Mapping[str, Measure] = field(default_factory=dict)
    gold_tasks: int = 0
    held_out: bool = True
    families: tuple[Family, ...] = ()
    effective: float | None = None
    candidates: tuple[Candidate, ...] = ()
    repeated: int = 0
    lookalikes: tuple[tuple[str, ...], ...] = ()
    confidence: tuple[tuple[str, float], ...] = ()
    notes: tuple[Said, ...] = ()


def label_shares(votes: Votes, probability: Floats) -> tuple[LabelShare, ...]:
    """The most frequent labels among the likely truths.

    The number of tasks is a sum of T independent yes/no's with probabilities p: mean Σp, variance Σp(1 - p). It is as
    good as the probabilities are, and speaks of these tasks, not of tasks to come.
    """
    answered = probability[votes.per_task() > 0]
    mean, spread = answered.sum(axis=0), Z * np.sqrt((answered * (1 - answered)).sum(axis=0))
    said = np.bincount(votes.label, minlength=len(votes.labels))
    order = sorted(range(len(votes.labels)), key=lambda k: (-mean[k], k))[:MOST_LABELS]
    return tuple(
        LabelShare(
            str(votes.labels[k]),
            float(mean[k]),
            max(0.0, float(mean[k] - spread[k])),
            min(float(len(answered)), float(mean[k] + spread[k])),
            int(said[k]),
        )
        for k in order
    )


def crowd_confusion(votes: Votes, probability: Floats) -> Confusion | None:
    """Who says what when what is likely true, over all answers to tasks with two or more; the most frequent labels only.

    None with a single label, or where no task has two answers.
    """
    shared = votes.per_task()[votes.task] > 1
    task, label = votes.task[shared], votes.label[shared]
    if not len(task) or len(votes.labels) < 2:
        return None
    top = _top_labels(probability)
    counts: Floats = np.stack(
        [np.bincount(label, weights=probability[task, k], minlength=len(votes.labels)) for k in top]
    )
    return _confusion("", votes.labels, top, np.asarray(counts[:, top], float))


def worker_confusions(
    names: tuple[Any, ...], probability: Floats, workers: list[tuple[str, int, Floats]]
) -> tuple[Confusion, ...]:
    """The confusions (K, K) of picked workers, given as (name, answers judged, confusion), cut to the frequent labels."""
    top = _top_labels(probability)
    share = probability.mean(axis=0)
    return tuple(
        _confusion(name, names, top, confusion[np.ix_(top, top)] * (judged * share[top])[:, None])
        for name, judged, confusion in workers
    )


def uncertain_tasks(
    votes: Votes, probability: Floats, best: NDArray[np.intp], p: Floats, most: int = MOST_UNCERTAIN
) -> tuple[Uncertain, ...]:
    """The answered tasks with the lowest p, the least sure first."""
    many = votes.per_task()
    answered = np.flatnonzero(many > 0)
    if not len(answered):
        return ()
    order = answered[np.lexsort((answered, p[answered]))][:most]
    found = []
    for t in order.tolist():
        ranked = [k for k in np.argsort(-probability[t], kind="stable").tolist() if k != best[t]][:2]
        others = tuple((str(votes.labels[k]), float(probability[t, k])) for k in ranked if probability[t, k] >= 0.01)
        answer = str(votes.labels[best[t]])
        found.append(Uncertain(str(votes.tasks[t]), answer, float(p[t]), others, int(many[t])))
    return tuple(found)


def _top_labels(probability: Floats) -> list[int]:
    mean = probability.sum(axis=0)
    return sorted(sorted(range(len(mean)), key=lambda k: (-mean[k], k))[:MOST_NAMES])


def _confusion(name: str, names: tuple[Any, ...], top: list[int], counts: Floats) -> Confusion:
    total = counts.sum(axis=1)
    share = counts / np.maximum(total, 1e-12)[:, None]
    return Confusion(name, tuple(str(names[k]) for k in top), share, total)
