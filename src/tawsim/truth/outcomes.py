"""A fitted model of any kind → one form of result: columns to write, workers, items, and what a report needs.

One function a kind knows what its model learned; nothing is inferred here. door.py says which function is whose.
"""

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tawsim.truth.agreement.agreed import Agreed, of_alpha
from tawsim.truth.choice.sets import SetsInference
from tawsim.truth.infer import Inference, Why
from tawsim.truth.report.facts import ItemRow, WorkerRow
from tawsim.truth.report.measures import Measure, Measures
from tawsim.truth.votes import Votes

Floats = NDArray[np.float64]
DIGITS = 6  # after the point; of smaller numbers and coordinates this many that say something
Z = 1.959963984540054


@dataclass(frozen=True, slots=True, eq=False)
class Result:
    """The truth of T tasks of any kind.

    `columns` are what is written for each task beside its name: `label` and, by kind, `p` (probability or confidence),
    `n` (answers), `entropy` (nats), `low`, `high` …; `types` are text, float or int. `p` (T,) is NaN where there is none.
    `answers` (T,). `workers` all of them, measured by `worker_measure`; `items` where answers compare them. `votes`,
    `probability` (T, K) and `confusions` (W of (K, K)) where answers are labels. The fields on gold are None or empty without it;
    `held_out` says whether what is measured on was hidden from the model. `families` (members, worth of their answers as
    independent ones), `effective` (independent answers a task) and `candidates` (model, weight) where the model tells.
    `fitted` is the model. `kind_why`, `why` and `notes` each have a code and facts beside their text, for other languages.
    `confidence`: worker → how much its own confidence tells, for those who gave any (see choice/confidences.py).
    """

    kind: str
    kind_why: Why
    model: str
    why: Why
    tasks: tuple[Any, ...]
    columns: Mapping[str, list[Any]]
    types: Mapping[str, str]
    p: Floats
    answers: NDArray[np.int64]
    workers: tuple[WorkerRow, ...]
    worker_measure: str = "accuracy"
    items: tuple[ItemRow, ...] = ()
    agreement: Agreed | None = None
    repeated: int = 0
    labels: tuple[Any, ...] = ()
    lookalikes: tuple[tuple[str, ...], ...] = ()
    notes: tuple[Why, ...] = ()
    votes: Votes | None = None
    probability: Floats | None = None
    confusions: tuple[Floats, ...] = ()
    gold: Measures | None = None
    gold_other: Mapping[str, Measure] = field(default_factory=dict)
    gold_tasks: int = 0
    held_out: bool = True
    families: tuple[tuple[tuple[str, ...], float], ...] = ()
    effective: float | None = None
    candidates: tuple[tuple[str, float], ...] = ()
    confidence: Mapping[str, float] = field(default_factory=dict)
    fitted: Any = None

    def table(self) -> dict[str, list[Any]]:
        """All columns, `task` first: a table for any library."""
        return {"task": list(self.tasks), **self.columns}


@dataclass(frozen=True, slots=True)
class Parts:
    """What one kind's function makes of its fitted model: the fields of `Result` that are its own."""

    columns: dict[str, list[Any]]
    types: dict[str, str]
    p: Floats
    workers: tuple[WorkerRow, ...] = ()
    worker_measure: str = "accuracy"
    items: tuple[ItemRow, ...] = ()
    agreement: Agreed | None = None
    notes: tuple[Why, ...] = ()
    probability: Floats | None = None
    confusions: tuple[Floats, ...] = ()


Reader = Callable[[Any, NDArray[np.int64], Mapping[Any, int]], Parts]


def of_choice(found: Inference, answers: NDArray[np.int64]) -> Parts:
    """Single labels: the label, its p, the number of votes, and the entropy of the task's distribution (nats)."""
    p = np.where(answers > 0, found.p, np.nan)
    entropy = _entropy(found.probabilities)
    columns = {"label": list(found.label), "p": _rounded(found.p), "n": answers.tolist(), "entropy": _rounded(entropy)}
    workers = tuple(
        WorkerRow(str(one.worker), one.answers, one.accuracy, one.low, one.high, one.verdict, one.why)
        for one in found.workers
    )
    types = {"label": "text", "p": "float", "n": "int", "entropy": "float"}
    return Parts(
        columns, types, p, workers, agreement=of_alpha(found.agreement), probability=found.probabilities,
        confusions=tuple(one.confusion for one in found.workers),
    )  # fmt: skip


def learned_beside(fitted: Any, votes: Votes) -> dict[str, Any]:
    """What some models of labels tell besides, as fields of `Result`: which members were weighed how, who errs together,
    and how many independent votes a task's are worth."""
    fields: dict[str, Any] = {}
    weights = getattr(fitted, "weights_", None)
    if isinstance(weights, Mapping):
        fields["candidates"] = tuple(sorted(weights.items(), key=lambda one: -one[1]))
    effective = getattr(fitted, "effective_votes_", None)
    if effective is not None:
        answered = votes.per_task() > 0
        fields["effective"] = float(np.asarray(effective)[answered].mean())
    family = getattr(fitted, "family_", None)
    if family is not None and hasattr(fitted, "family_correlation_"):
        families = []
        for f, correlation in enumerate(fitted.family_correlation_.tolist()):
            members = [str(votes.workers[w]) for w in np.flatnonzero(family == f).tolist()]
            many = len(members)
            if many > 1:
                # The design effect: answers that correlate with ρ are worth n / (1 + (n - 1) ρ) independent ones.
                families.append((tuple(members), many / (1 + (many - 1) * max(correlation, 0.0))))
        fields["families"] = tuple(sorted(families, key=lambda one: -len(one[0])))
    copies = getattr(fitted, "copies_", None)
    if copies is not None and (copies >= 0).any():
        names = [str(votes.workers[w]) for w in np.flatnonzero(copies >= 0).tolist()]
        shown = ", ".join(f"“{name}”" for name in names[:6]) + (f" and {len(names) - 6} more" if len(names) > 6 else "")
        text = f"{len(names)} workers copy one another and were counted once a group: {shown}."
        fields["notes"] = (Why("copies", text, {"n": len(names), "names": names}),)
    return fields


def confidence_learned(fitted: Any, votes: Votes, given: Floats) -> dict[str, float]:
    """Worker → slope of its confidence, for workers with some `given` (N,) in the order of `votes`; NaN for none."""
    slope = getattr(fitted, "confidence_slope_", None)
    if slope is None:
        return {}
    who = np.unique(votes.worker[np.isfinite(given)]).tolist()
    return {str(votes.workers[w]): float(slope[w]) for w in who}


def of_sets(found: SetsInference) -> Parts:
    """Sets of labels: p is that the whole set is right; the entropy is the sum over labels, taken as independent."""
    p = np.clip(found.probabilities, 1e-12, 1 - 1e-12)
    entropy = -(p * np.log(p) + (1 - p) * np.log1p(-p)).sum(axis=1)
    chosen = [None if one is None else _json(list(one)) for one in found.chosen]
    columns = {"label": chosen, "p": _rounded(found.p), "n": found.answers.tolist(), "entropy": _rounded(entropy)}
    workers = tuple(
        WorkerRow(str(one.worker), one.answers, one.accuracy, one.low, one.high, one.verdict, one.why)
        for one in found.workers
    )
    types = {"label": "text", "p": "float", "n": "int", "entropy": "float"}
    return Parts(
        columns,
        types,
        np.where(found.answers > 0, found.p, np.nan),
        workers,
        agreement=of_alpha(found.agreement, "sets"),
    )


def of_numeric(fitted: Any, answers: NDArray[np.int64], by_worker: Mapping[Any, int]) -> Parts:
    """Numbers: the estimate with its 95 % interval and standard deviation."""
    low, high = fitted.interval(0.95)
    here = [value is not None for value in fitted.predict()]
    ends = {"low": np.asarray(low, float), "high": np.asarray(high, float), "sd": np.asarray(fitted.sd_, float)}
    # NaN: nothing tells the noise.
    sides = {
        name: [significant(v) if ok and v == v else None for v, ok in zip(column.tolist(), here, strict=True)]
        for name, column in ends.items()
    }
    labels = [None if value is None else significant(value) for value in fitted.predict()]
    columns = {"label": labels, **sides, "n": answers.tolist()}
    noise = getattr(fitted, "noise_", None)
    workers = tuple(
        WorkerRow(str(name), by_worker.get(name, 0), None if noise is None else float(noise[w]), None, None)
        for w, name in enumerate(fitted.workers_)
    )
    types = {"label": "float", "low": "float", "high": "float", "sd": "float", "n": "int"}
    notes = []
    if getattr(fitted, "clipped_", 0):
        many = int(fitted.clipped_)
        text = f"{many:,} answers were so far off that they were taken as slips and left out."
        notes.append(Why("clipped", text, {"n": many}))
    return Parts(columns, types, np.full(len(answers), np.nan), workers, "spread", notes=tuple(notes))


def of_ordinal(fitted: Any, answers: NDArray[np.int64], by_worker: Mapping[Any, int]) -> Parts:
    """Steps of a scale: the most probable one, its p, and the steps between which the truth lies with 95 %."""
    probability = fitted.predict_proba()
    best = probability.max(axis=1)
    low, high = ([str(fitted.labels_[k]) for k in ends.tolist()] for ends in fitted.interval(0.95))
    columns = {
        "label": [str(one) for one in fitted.predict()], "p": _rounded(best), "low": low, "high": high,
        "n": answers.tolist(), "entropy": _rounded(_entropy(probability)),
    }  # fmt: skip
    types = {"label": "text", "p": "float", "low": "text", "high": "text", "n": "int", "entropy": "float"}
    reach = Z * fitted.sharpness_sd_
    rows = zip(fitted.workers_, fitted.sharpness_.tolist(), reach.tolist(), strict=True)
    workers = tuple(WorkerRow(str(w), by_worker.get(w, 0), x, x - around, x + around) for w, x, around in rows)
    return Parts(
        columns, types, np.where(answers > 0, best, np.nan), workers, "sharpness", probability=probability,
        confusions=tuple(fitted.confusion_),
    )  # fmt: skip


def of_rated(fitted: Any, answers: NDArray[np.int64], by_worker: Mapping[Any, int]) -> Parts:
    """Comparisons and rankings: the winner (or order) of each task, and a score with an interval for each item."""
    labels = [one if isinstance(one, str) else _json(one) for one in fitted.predict()]
    p = np.asarray(fitted.confidence_, float)
    columns = {"label": labels, "p": _rounded(p), "n": answers.tolist()}
    items = tuple(
        ItemRow(str(one.item), one.score, one.low, one.high, one.rank, one.component) for one in fitted.ratings()
    )
    workers = tuple(
        WorkerRow(
            str(one.worker), by_worker.get(one.worker, one.answers), one.reliability, one.low, one.high, one.verdict
        )
        for one in fitted.worker_report()
    )
    notes = []
    groups = len({one.group for one in items})
    if groups > 1:
        text = f"{groups} groups of items were never compared with each other; their scores cannot be either."
        notes.append(Why("groups", text, {"n": groups}))
    types = {"label": "text", "p": "float", "n": "int"}
    return Parts(columns, types, p, workers, "reliability", items, notes=tuple(notes))


def of_regions(fitted: Any, answers: NDArray[np.int64], by_worker: Mapping[Any, int]) -> Parts:
    """Boxes, polygons, keypoints: the objects, the confidence in all of them, and the p of each."""
    labels = [_json(_rounded_deep(found)) for found in fitted.predict()]
    each = [[_round(one.p) for one in found if one.p >= fitted.keep] for found in fitted.found()]
    p = np.asarray(fitted.confidence_, float)
    columns = {"label": labels, "p": _rounded(p), "p_each": [_json(one) for one in each], "n": answers.tolist()}
    ends = fitted.hit_rate_interval_
    workers = tuple(
        WorkerRow(str(name), by_worker.get(name, 0), float(fitted.hit_rate_[w]), float(ends[w][0]), float(ends[w][1]))
        for w, name in enumerate(fitted.workers_)
    )
    types = {"label": "text", "p": "float", "p_each": "text", "n": "int"}
    return Parts(columns, types, p, workers, "hit_rate")


def of_spans(fitted: Any, answers: NDArray[np.int64], by_worker: Mapping[Any, int]) -> Parts:
    """Spans and tags: the spans, the F1 expected of them as p, and the probability of each."""
    labels = [one if isinstance(one, str) else _json(_without_p(one)) for one in fitted.predict()]
    each = [_json(_rounded(chances)) for chances in fitted.span_probability_]
    p = np.asarray(fitted.confidence_, float)
    columns = {"label": labels, "p": _rounded(p), "p_each": each, "n": answers.tolist()}
    types = {"label": "text", "p": "float", "p_each": "text", "n": "int"}
    model = getattr(fitted, "model_", fitted)
    measure, value = ("f1", "worker_f1_") if hasattr(model, "worker_f1_") else ("hit_rate", "hit_rate_")
    rows = np.asarray(getattr(model, value), float).reshape(len(fitted.workers_), -1).tolist()
    workers = tuple(
        WorkerRow(str(name), by_worker.get(name, 0), *(row if len(row) == 3 else (row[0], None, None)))
        for name, row in zip(fitted.workers_, rows, strict=True)
    )
    return Parts(columns, types, p, workers, measure)


def _without_p(spans: Any) -> list[dict[str, Any]]:
    """Spans in the form of an answer, so that what comes out can go in again."""
    return [{key: value for key, value in one.items() if key != "p"} for one in spans]


def of_text(fitted: Any, answers: NDArray[np.int64], by_worker: Mapping[Any, int]) -> Parts:
    """Free text: the text, the share of its words to be expected right as p with its 95 % interval, and the way it came
    about."""
    p = np.asarray(fitted.confidence_, float)
    wrong_low, wrong_high = fitted.interval(0.95)
    columns = {
        "label": fitted.predict(), "p": _rounded(p), "low": _rounded(1 - wrong_high), "high": _rounded(1 - wrong_low),
        "way": list(fitted.way_), "n": answers.tolist(),
    }  # fmt: skip
    ends = (fitted.worker_error_, fitted.worker_low_, fitted.worker_high_)
    rows = zip(fitted.workers_, *(np.asarray(one, float).tolist() for one in ends), strict=True)
    workers = tuple(WorkerRow(str(name), by_worker.get(name, 0), *_known(*three)) for name, *three in rows)
    types = {"label": "text", "p": "float", "low": "float", "high": "float", "way": "text", "n": "int"}
    return Parts(columns, types, p, workers, "word_error")


def _known(value: float, low: float, high: float) -> tuple[float | None, float | None, float | None]:
    """A worker's measure, or nothing where nothing is known."""
    return (None, None, None) if np.isnan(value) else (value, low, high)


def _entropy(probability: Floats) -> Floats:
    """Entropy of each row, (T,), in nats."""
    found: Floats = -(probability * np.log(np.maximum(probability, 1e-300))).sum(axis=1)
    return found + 0.0  # no minus zero


def _round(value: float) -> float:
    return round(float(value), DIGITS)


def significant(value: float) -> float:
    """`value` to six digits after the point, or to six that are not leading zeros where that is finer.

    >>> significant(1.23456789e-8), significant(1234567.1234567)
    (1.23457e-08, 1234567.123457)
    """
    value = float(value)
    if value == 0 or not math.isfinite(value):
        return value
    return round(value, max(DIGITS, DIGITS - 1 - math.floor(math.log10(abs(value)))))


def _rounded(values: Any) -> list[float]:
    return [round(float(value), DIGITS) for value in np.asarray(values, float).tolist()]


def _rounded_deep(value: Any) -> Any:
    """Plain JSON values with floats to six digits, as `significant` has them."""
    if isinstance(value, float):
        return significant(value)
    if isinstance(value, Mapping):
        return {key: _rounded_deep(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_rounded_deep(one) for one in value]
    return value.item() if hasattr(value, "item") else value


def as_text(value: Any) -> str:
    """An answer as text in which equal answers are equal: JSON is written anew."""
    if not isinstance(value, str):
        return _json(_rounded_deep(value))
    if value.lstrip()[:1] not in ("[", "{"):
        return value
    try:
        return _json(_rounded_deep(json.loads(value)))
    except ValueError:
        return value


def as_set_text(value: Any) -> str:
    """A set of labels as text, in the order of the labels."""
    found = json.loads(value) if isinstance(value, str) and value.lstrip().startswith("[") else value
    return _json(sorted(map(str, found))) if isinstance(found, list | tuple | set | frozenset) else str(value)


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
