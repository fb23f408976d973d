"""How far workers agree on answers of any kind, each by the measure for its kind, at a bounded cost. Nothing is fitted.

Labels, sets and numbers: Krippendorff's alpha. Spans and tags: gamma. Regions: overlap. Text: word error. Comparisons and
rankings have none here. Where comparing all tasks would take long, a fixed sample of them is compared, and said.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tawsim.core.errors import BadInput, TooLarge
from tawsim.core.orthography import same_of
from tawsim.truth.agreement.agreed import Agreed, of_alpha
from tawsim.truth.agreement.gamma import span_gamma
from tawsim.truth.agreement.krippendorff import Metric
from tawsim.truth.agreement.tables import agreement_of
from tawsim.truth.cells import Coded, cells
from tawsim.truth.regions.agreement import region_agreement
from tawsim.truth.sequences.tags import read_answer, spans_of_tags
from tawsim.truth.text.reading import read_texts
from tawsim.truth.votes import Votes, one_vote_each

METRICS: dict[str, Metric] = {"numeric": "interval", "ordinal": "ordinal"}
REGIONS = ("boxes", "polygons", "keypoints")
REPLICATES = 1000


@dataclass(frozen=True, slots=True)
class Limit:
    """What is compared at most: `tasks`, and the `cost` of all of them; a task dearer than all that is left out."""

    tasks: int
    cost: float


# About a second each on one core. Costs: spans of a task squared; pairs of its answers; its words.
LIMITS = {"gamma": Limit(100, 250_000), "overlap": Limit(1_000, 20_000), "word_error": Limit(2_000, 200_000)}


def agreement_of_kind(
    kind: str,
    columns: Mapping[str, Coded],
    votes: Votes | None = None,
    levels: Sequence[Any] | None = None,
    same: Sequence[str] = (),
) -> Agreed | None:
    """The agreement of answers of a `kind`, from the coded columns task, worker and label that a model has read without
    complaint. `votes` and the order of their labels, `levels`, of an ordinal scale. None where nothing is defined: no
    task with two answers, or a kind without a measure. `same`: what of Arabic spelling counts as the same in texts.

    The sample depends on the names of the tasks alone: the same answers give the same result in any order of rows.
    """
    try:
        if kind in METRICS:
            return _of_numbers(METRICS[kind], columns, votes, levels)
        if kind in ("spans", "tags"):
            return _of_spans(columns)
        if kind in REGIONS:
            return _of_regions(kind, columns)
        return _of_texts(columns, same) if kind == "text" else None
    except (BadInput, TooLarge):  # the measure is stricter than the model: then there is none
        return None


def _of_numbers(
    metric: Metric, columns: Mapping[str, Coded], votes: Votes | None, levels: Sequence[Any] | None
) -> Agreed | None:
    if votes is not None:
        return of_alpha(agreement_of(votes, metric=metric, levels=levels), metric)
    from tawsim.truth.numeric.reading import read_number

    label = columns["label"]
    number = np.array([read_number(name) for name in label.names])
    votes = Votes.from_columns(
        columns["task"], columns["worker"], number[label.codes], labels=np.unique(number).tolist()
    )
    return of_alpha(agreement_of(votes, metric=metric), metric)


def _of_spans(columns: Mapping[str, Coded]) -> Agreed | None:
    answers = [_spans(name) for name in columns["label"].names]
    size = np.array([len(one) for one in answers], float)
    rows, of = _sample(columns, size, "gamma")
    found = span_gamma(_rows(columns, rows, answers)) if len(rows) else None
    return None if found is None else Agreed("gamma", found.gamma, found.low, found.high, found.tasks, of)


def _spans(cell: Any) -> list[dict[str, Any]]:
    found = read_answer(cell)
    spans = spans_of_tags(found) if isinstance(found, tuple) else found
    return [{"start": span.start, "end": span.end, "label": span.label} for span in spans]


def _of_regions(kind: str, columns: Mapping[str, Coded]) -> Agreed | None:
    rows, of = _sample(columns, np.ones(len(columns["label"].names)), "overlap")
    found = region_agreement(_rows(columns, rows, columns["label"].names), kind) if len(rows) else None
    return None if found is None else Agreed("overlap", found.iou, found.low, found.high, found.tasks, of)


def _of_texts(columns: Mapping[str, Coded], same: Sequence[str]) -> Agreed | None:
    size = np.array([len(str(name).split()) for name in columns["label"].names], float)
    rows, of = _sample(columns, size, "word_error")
    if not len(rows):
        return None
    texts = read_texts(_rows(columns, rows, columns["label"].names), exact=False, strict=False, same=same_of(same))
    task = texts.task[texts.pairs.first]
    pairs = np.bincount(task, minlength=len(texts.answers.tasks))
    apart = np.bincount(task, texts.pairs.apart, len(pairs))[pairs > 0] / pairs[pairs > 0]
    many = len(apart)
    random = np.random.default_rng(0)
    drawn = [float(apart[random.integers(0, many, many)].mean()) for _ in range(REPLICATES)]
    low, high = np.quantile(drawn, [0.025, 0.975]).tolist()
    mean = float(apart.mean())
    return Agreed("word_error", mean, min(low, mean), max(high, mean), many, of)


def _rows(columns: Mapping[str, Coded], rows: NDArray[np.intp], answers: Sequence[Any]) -> dict[str, list[Any]]:
    """A table of the rows chosen, with `answers` for the names of the labels."""
    task, worker, label = (columns[name] for name in ("task", "worker", "label"))
    return {
        "task": cells(Coded(task.codes[rows], task.names)),
        "worker": cells(Coded(worker.codes[rows], worker.names)),
        "label": [answers[code] for code in label.codes[rows].tolist()],
    }


def _sample(columns: Mapping[str, Coded], size: NDArray[np.float64], measure: str) -> tuple[NDArray[np.intp], int]:
    """The rows of the tasks to compare, the last answer of each worker, and how many tasks have two answers or more.

    `size` is what an answer counts: spans, answers, words. Comparing takes the square of what a task holds, but of words.
    """
    limit = LIMITS[measure]
    task, worker, label = (columns[name] for name in ("task", "worker", "label"))
    kept, _ = one_vote_each(task.codes.astype(np.int32), worker.codes.astype(np.int32), len(worker.names))
    own = task.codes[kept]
    several = np.flatnonzero(np.bincount(own, minlength=len(task.names)) > 1)
    holds = np.bincount(own, size[label.codes[kept]], len(task.names))
    cost = holds if measure == "word_error" else holds**2
    by_name = several[np.argsort([str(task.names[t]) for t in several.tolist()], kind="stable")]
    order = by_name[np.random.default_rng(0).permutation(len(by_name))]
    order = order[cost[order] <= limit.cost]
    within = np.cumsum(cost[order]) <= limit.cost
    chosen = np.zeros(len(task.names), bool)
    chosen[order[within][: limit.tasks]] = True
    return kept[chosen[own]], len(several)
