"""One door for answers of every kind: a table in, the truth with what it rests on out. The registry of kinds stands here.

A kind is a row of `KINDS`: which models it has, by the names of their classes (imported only when used), and which
function of outcomes.py reads what they learned. detect.py tells the kind where nobody did; infer.py is the door for single
labels that this one goes through.
"""

import copy
import importlib
import inspect
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tawsim.core.errors import BadInput, TooLarge
from tawsim.truth import outcomes
from tawsim.truth.agreement.agreed import Agreed
from tawsim.truth.cells import Coded, cells, row_of
from tawsim.truth.choice.confidences import in_order_of_votes
from tawsim.truth.detect import Detected, detect
from tawsim.truth.golden import Gold, cross_fitted, numeric_on_gold, read_gold
from tawsim.truth.infer import MODELS, Inference, Why, infer
from tawsim.truth.judging import judge
from tawsim.truth.lookalikes import lookalikes
from tawsim.truth.outcomes import Parts, Reader, Result
from tawsim.truth.tables import (
    check_columns,
    read_table,
    refuse_empty,
    refuse_mixed_pairs,
    refuse_repeats,
    take_confidence,
)
from tawsim.truth.votes import COLUMNS, Votes

# Tasks × labels that fit: one probability each, in 8 bytes, and some arrays like it.
MAX_CELLS = 100_000_000
# What programs write for nothing. As labels they stand, since “None” may be an answer; but it is said.
EMPTY_NAMES = frozenset({"none", "null", "n/a", "na", "#n/a", "<na>"})


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of answers: `models` name → “module:Class”, the first is taken by "auto"; `read` makes `Parts` of a fitted
    one; `columns` are those a table needs."""

    models: Mapping[str, str]
    read: Reader
    columns: tuple[str, ...] = ("task", "worker", "label")


KINDS: dict[str, Kind] = {
    "ordinal": Kind({"ordinal": "tawsim.truth.ordinal:Ordinal"}, outcomes.of_ordinal),
    "numeric": Kind(
        {
            "numeric": "tawsim.truth.numeric:Numeric",
            "mean": "tawsim.truth.numeric:Mean",
            "median": "tawsim.truth.numeric:Median",
        },
        outcomes.of_numeric,
    ),
    "pairwise": Kind(
        {"bradley_terry": "tawsim.truth.ranking:BradleyTerry"},
        outcomes.of_rated,
        ("task", "worker", "left", "right", "label"),
    ),
    "ranking": Kind({"plackett_luce": "tawsim.truth.ranking:PlackettLuce"}, outcomes.of_rated),
    "spans": Kind({"spans": "tawsim.truth.sequences:SpanTruth"}, outcomes.of_spans),
    "tags": Kind({"tags": "tawsim.truth.sequences:SequenceTruth"}, outcomes.of_spans),
    "text": Kind(
        {
            "text": "tawsim.truth.text:TextTruth",
            "rover": "tawsim.truth.text:Rover",
            "best": "tawsim.truth.text:BestText",
        },
        outcomes.of_text,
    ),
    "boxes": Kind({"boxes": "tawsim.truth.regions:Boxes"}, outcomes.of_regions),
    "polygons": Kind({"polygons": "tawsim.truth.regions:Polygons"}, outcomes.of_regions),
    "keypoints": Kind({"keypoints": "tawsim.truth.regions:Keypoints"}, outcomes.of_regions),
}
ALL = ("choice", "choices", *KINDS)


def infer_any(
    table: Any,
    kind: str = "auto",
    model: str = "auto",
    gold: Any = None,
    *,
    strict: bool = False,
    levels: Sequence[str] | None = None,
    same: Sequence[str] = (),
    measured: bool = True,
) -> Result:
    """The truth of any table of answers: columns task, worker, label (for comparisons left and right as well),
    and perhaps `confidence`: the worker's own probability of being right, 0..1, empty where there is none. Single labels
    can use it; its meaning is learned for each worker.

    `kind` is one of `ALL`, or "auto": told from the cells, and said in `kind_why`. `model` is one of the kind's. `gold`:
    a mapping of task → label, or a table with task and label; models that can use it are fitted with it, and what is
    reported on it is then measured by cross-fitting. `strict` makes repeated answers an error. `levels`: the labels of an
    ordinal scale from the lowest to the highest, where they are not numbers. `same`: what of Arabic spelling counts as the
    same where texts are compared (names of core/orthography.py); other kinds have no use for it. `measured`: whether gold is
    also measured on, which takes five more fits; False only learns from it.

    Raises `BadInput` with the row, from 1: a missing column, an empty or unreadable cell, gold for an unknown task, an
    unknown kind or model; `TooLarge` for too many different labels.
    """
    columns, confidence = take_confidence(read_table(table))
    detected = detect(columns) if kind == "auto" else Detected(kind, "You asked for it.", code="asked")
    if detected.kind not in ALL:
        raise BadInput(f"There is no kind of answers {detected.kind!r} here.", "Known: " + ", ".join(ALL) + ".")
    check_columns(columns, detected.kind, KINDS[detected.kind].columns if detected.kind in KINDS else COLUMNS)
    refuse_empty(columns, detected.kind)
    if detected.kind == "pairwise":
        refuse_mixed_pairs(columns)
    if levels is not None and detected.kind != "ordinal":
        raise BadInput(
            f"Levels are the steps of a scale; these answers are of the kind {detected.kind}.",
            "If they are steps of a scale: --kind ordinal; else leave --levels out.",
        )
    if strict:
        refuse_repeats(columns)
    known = None if gold is None else read_gold(gold, columns["task"])
    if detected.kind == "choice":
        found = _choice(columns, model, known, confidence, measured=measured)
    elif detected.kind == "choices":
        found = _sets(columns, model, known)
    else:
        found = _other(columns, detected.kind, model, known, levels, same, measured=measured)
    notes = list(found.notes)
    if detected.advice:
        notes.insert(0, Why(f"otherwise_{detected.otherwise}", f"{detected.advice}."))
    if confidence is not None and not found.confidence:
        text = "The column “confidence” was left aside: only the model joint of single labels can use it."
        notes.append(Why("confidence_unused", text))
    if found.agreement is not None and found.agreement.tasks < found.agreement.of:
        notes.append(_sampled(found.agreement))
    return replace(
        found, kind=detected.kind, kind_why=Why(detected.code, detected.why, detected.facts), notes=tuple(notes)
    )


def _sampled(found: Agreed) -> Why:
    facts = {"n": found.tasks, "of": found.of}
    return Why("agreement_sampled", f"Agreement was measured on {found.tasks:,} of {found.of:,} tasks.", facts)


def models_of(kind: str) -> tuple[str, ...]:
    """The names of the models of a kind; for all of them: "auto"."""
    return tuple(MODELS) if kind in ("choice", "choices") else tuple(KINDS[kind].models)


# ---- labels -------------------------------------------------------------------------------------------------------
def _choice(
    columns: Mapping[str, Coded], model: str, gold: Gold | None, confidence: Any = None, *, measured: bool = True
) -> Result:
    label = columns["label"]
    _check_labels(label, len(columns["task"].names))
    votes = Votes.from_columns(columns["task"], columns["worker"], label)
    sure = None if confidence is None else in_order_of_votes(columns, confidence)
    fit = _choice_fit(votes, model, sure)
    usable = {} if gold is None else _usable(gold, votes.labels)
    found = fit(usable)
    answers = votes.per_task()
    result = _result(outcomes.of_choice(found, answers), found.model, found.why, votes.tasks, answers)
    result = replace(
        result, votes=votes, labels=votes.labels, repeated=votes.repeated, lookalikes=lookalikes(votes.labels),
        fitted=found, **outcomes.learned_beside(found.fitted, votes),
    )  # fmt: skip
    empty = [str(one) for one in votes.labels if str(one).strip().casefold() in EMPTY_NAMES]
    if empty:
        text = f"Counted as labels, though they may mean an empty cell: {', '.join(f'“{one}”' for one in empty)}."
        result = replace(result, notes=(*result.notes, Why("empty_names", text, {"names": empty})))
    if sure is not None:
        result = replace(result, confidence=outcomes.confidence_learned(found.fitted, votes, sure))
    if gold is None or not measured:
        return result
    again, takes_gold = _again(found, votes, fit, sure)
    said = cross_fitted(again, votes, gold, usable, takes_gold=takes_gold)
    strange = sorted({str(k) for k in gold.labels.values() if k not in set(votes.labels)})
    notes = result.notes
    if strange:
        shown = ", ".join(f"“{one}”" for one in strange[:5])
        text = f"Nobody gave {len(strange)} of the gold labels ({shown}); such tasks count as wrong."
        notes = (*notes, Why("gold_unseen", text, {"n": len(strange), "names": strange}))
    return replace(result, gold=said.measures, gold_tasks=said.tasks, held_out=said.held_out, notes=notes)


def _usable(gold: Gold, labels: tuple[Any, ...]) -> dict[Any, Any]:
    """Gold whose label somebody gave. Raises `BadInput` where there is none: then labels are written in another way."""
    known = set(labels)
    usable = {task: label for task, label in gold.labels.items() if label in known}
    if not usable:
        raise BadInput(
            f"No label of the gold is among those of the votes: gold has “{next(iter(gold.labels.values()))}” in row 1.",
            "Labels of the votes: " + ", ".join(map(str, labels[:12])),
            row=1,
            column="label",
        )
    return usable


def _choice_fit(votes: Votes, model: str, confidence: Any = None) -> Callable[[Mapping[Any, Any]], Inference]:
    """A fit that takes gold and confidence, if the model asked for does; others are fitted without them, and judged by
    gold all the same."""
    if model in MODELS and not _takes_gold(MODELS[model].fit):
        return lambda gold: infer(votes, model)
    return lambda gold: infer(votes, model, gold or None, confidence)


def _again(
    found: Inference, votes: Votes, fit: Callable[[Mapping[Any, Any]], Inference], confidence: Any = None
) -> tuple[Callable[[Mapping[Any, Any]], Any], bool]:
    """How to get probabilities with other gold, and whether gold matters: by the model alone, without what `infer` tells of
    workers and agreement, which takes longer than the fit."""
    model = found.fitted
    if model is not None and not _takes_gold(type(model).fit):
        return lambda _: found.probabilities, False
    if model is None:
        return lambda gold: fit(gold).probabilities, True

    def by_model(gold: Mapping[Any, Any]) -> Any:
        new: Any = copy.copy(model)  # its settings; fitting forgets the rest
        return new.fit(votes, gold, confidence).predict_proba()

    return by_model, True


def _takes_gold(function: Callable[..., Any]) -> bool:
    return "gold" in inspect.signature(function).parameters


def _check_labels(label: Coded, tasks: int) -> None:
    for code, name in enumerate(label.names):
        if isinstance(name, list | dict):
            row = row_of(label, code)
            raise BadInput(
                f"Row {row}: {str(name)[:60]} is not a single label.", "Say another --kind.", row=row, column="label"
            )
        if isinstance(name, str) and name.strip().casefold() == "nan":
            row = row_of(label, code)
            hint = "Leave out rows without an answer; if a label is really called so, rename it."
            raise BadInput(f"Row {row}: the label is {name!r}, which is no answer.", hint, row=row, column="label")
    many = len(label.names)
    if many * tasks > MAX_CELLS and many > 1_000:
        raise TooLarge(
            f"{many:,} different labels for {tasks:,} tasks are too many for a probability each.",
            "For free text: --kind text; for numbers: --kind numeric.",
            labels=many,
        )


def _sets(columns: Mapping[str, Coded], model: str, gold: Gold | None) -> Result:
    from tawsim.truth.choice.sets import infer_sets

    label = columns["label"]
    sets = [_as_set(name, label, code) for code, name in enumerate(label.names)]
    labels = sorted({one for each in sets for one in each})
    if not labels:
        raise BadInput("All answers are empty lists: there is no label to choose from.", column="label")
    chosen = [sets[code] for code in label.codes.tolist()]
    found = infer_sets(columns["task"], columns["worker"], chosen, labels, model)
    result = _result(outcomes.of_sets(found), found.model, found.why, found.tasks, found.answers)
    result = replace(result, labels=found.labels, repeated=found.repeated, lookalikes=lookalikes(labels), fitted=found)
    return result if gold is None else _judged(result, "choices", gold)


def _as_set(name: Any, column: Coded, code: int) -> tuple[str, ...]:
    try:
        value = json.loads(name) if isinstance(name, str) else name
        if isinstance(value, list | tuple | set | frozenset) and all(isinstance(one, str | int) for one in value):
            return tuple(str(one) for one in value)
    except ValueError:
        pass
    row = row_of(column, code)
    hint = 'A JSON list is wanted, such as ["news", "sport"]; [] for none.'
    raise BadInput(f"Row {row}: {str(name)[:60]!r} is not a list of labels.", hint, row=row, column="label")


# ---- all others ---------------------------------------------------------------------------------------------------
def _other(
    columns: Mapping[str, Coded],
    kind: str,
    model: str,
    gold: Gold | None,
    levels: Sequence[str] | None,
    same: Sequence[str],
    *,
    measured: bool,
) -> Result:
    from tawsim.truth.agreement.kinds import agreement_of_kind

    entry = KINDS[kind]
    if model not in ("auto", *entry.models):
        raise BadInput(
            f"There is no truth model {model!r} for the kind {kind}.", "Known models: auto, " + ", ".join(entry.models)
        )
    name = next(iter(entry.models)) if model == "auto" else model
    made = _load(entry.models[name])
    options: dict[str, Any] = {} if levels is None else {"levels": list(levels)}
    if same and kind == "text":
        options["same"] = tuple(same)
    asked = {one: cells(columns[one]) for one in (*entry.columns, "shown") if one in columns}
    table = Votes.from_columns(columns["task"], columns["worker"], columns["label"]) if kind == "ordinal" else asked

    def fit(some: Mapping[Any, Any]) -> Any:
        new = made(**options)
        return new.fit(table, gold=some) if some and _takes_gold(new.fit) else new.fit(table)

    values = {} if gold is None else _gold_values(kind, gold)
    fitted = fit(values)
    task, worker = _kept(columns)
    answers = _by_name(task, columns["task"], fitted.tasks_)
    by_worker = dict(zip(fitted.workers_, _by_name(worker, columns["worker"], fitted.workers_).tolist(), strict=True))
    parts = entry.read(fitted, answers, by_worker)
    why = (
        Why("only", "It is the model for answers of this kind.")
        if model == "auto"
        else Why("asked", f"You asked for {name}.")
    )
    result = _result(parts, name, why, fitted.tasks_, answers)
    votes = table if isinstance(table, Votes) else None
    result = replace(
        result, repeated=len(columns["label"]) - len(task), fitted=fitted, votes=votes,
        labels=tuple(getattr(fitted, "labels_", ())),
        agreement=agreement_of_kind(kind, columns, votes, getattr(fitted, "labels_", None), same),
    )  # fmt: skip
    if votes is not None:
        result = replace(result, votes=_in_levels(votes, fitted.labels_), lookalikes=lookalikes(votes.labels))
    if gold is None or not measured:
        return result
    return _on_gold(result, kind, gold, values, fit, takes_gold=_takes_gold(made.fit))


def _on_gold(
    result: Result, kind: str, gold: Gold, values: Mapping[Any, Any], fit: Callable[..., Any], *, takes_gold: bool
) -> Result:
    """What gold says of a result that is not a choice."""
    if kind == "numeric":
        found = numeric_on_gold(fit, values, takes_gold=takes_gold)
        return replace(result, gold_other=found, gold_tasks=len(values), held_out=takes_gold)
    if result.probability is not None and result.votes is not None:
        known = _usable(gold, result.labels)
        measured = cross_fitted(lambda _: result.probability, result.votes, gold, known, takes_gold=False)
        return replace(result, gold=measured.measures, gold_tasks=measured.tasks, held_out=False)
    return _judged(result, kind, gold)


def _gold_values(kind: str, gold: Gold) -> dict[Any, Any]:
    """Gold as the models of a kind want it. Raises `BadInput` with the row."""
    if kind != "numeric":
        return dict(gold.labels)
    from tawsim.truth.numeric.reading import read_number

    values = {}
    for task, label in gold.labels.items():
        try:
            values[task] = read_number(label)
        except BadInput as error:
            row = gold.rows[task]
            raise BadInput(f"Gold, row {row}: {error.message}", error.hint, row=row, column="label") from None
    return values


def _judged(result: Result, kind: str, gold: Gold) -> Result:
    """What gold says of answers that are more than a label; the models here are not given it."""
    place = {task: i for i, task in enumerate(result.tasks)}
    label = result.columns["label"]
    said = [label[place[task]] for task in gold.labels]
    found = judge(kind, said, list(gold.labels.values()), [gold.rows[task] for task in gold.labels])
    return replace(result, gold_other=found, gold_tasks=len(gold.labels), held_out=False)


def _in_levels(votes: Votes, labels: tuple[Any, ...]) -> Votes:
    """`votes` with the labels in the order that the model gave them."""
    if labels == votes.labels:
        return votes
    place = {label: i for i, label in enumerate(labels)}
    where = np.array([place[label] for label in votes.labels], votes.label.dtype)
    return replace(votes, label=where[votes.label], labels=labels)


def _load(path: str) -> Any:
    module, name = path.split(":")
    return getattr(importlib.import_module(module), name)


def _kept(columns: Mapping[str, Coded]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The codes of task and worker of each answer that counts, (N,) each: a worker's repeated ones are one."""
    task, worker = columns["task"], columns["worker"]
    sides = np.zeros(len(task), np.int64)
    if "left" in columns and "right" in columns:
        sides = columns["left"].codes.astype(np.int64) * len(columns["right"].names) + columns["right"].codes
    rows = np.unique(np.stack([task.codes.astype(np.int64), worker.codes.astype(np.int64), sides]), axis=1)
    return rows[0], rows[1]


def _by_name(codes: NDArray[np.int64], column: Coded, names: Sequence[Any]) -> NDArray[np.int64]:
    """How often each of `names` stands in `codes`."""
    many = np.bincount(codes, minlength=len(column.names))
    place = {name: i for i, name in enumerate(column.names)}
    return np.array([many[place[name]] if name in place else 0 for name in names], np.int64)


def _result(parts: Parts, model: str, why: Why, tasks: Sequence[Any], answers: NDArray[np.int64]) -> Result:
    return Result(
        kind="", kind_why=Why("", ""), model=model, why=why, tasks=tuple(tasks), columns=parts.columns, types=parts.types,
        p=parts.p, answers=answers, workers=parts.workers, worker_measure=parts.worker_measure, items=parts.items,
        agreement=parts.agreement, notes=parts.notes, probability=parts.probability, confusions=parts.confusions,
    )  # fmt: skip
