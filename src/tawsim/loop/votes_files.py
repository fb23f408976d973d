"""A file of answers → a file of truths, without any workspace: `tawsim infer`. Also its tables of workers and items, and its
report."""

import os
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np

from tawsim.core.errors import AlreadyExists, BadInput
from tawsim.core.text import for_terminal
from tawsim.intake.coded import CodedTable, OnProgress, read_coded
from tawsim.releases import format_of, new_file, write
from tawsim.releases.atomic import check_place
from tawsim.releases.column_types import ColumnType
from tawsim.truth.door import infer_any
from tawsim.truth.outcomes import DIGITS, Result, significant
from tawsim.truth.report.facts import TELLS, WorkerRow, p_means
from tawsim.truth.report.filling import report_of
from tawsim.truth.report.measures import Measure
from tawsim.truth.report.page import report_html
from tawsim.truth.report.words import Words

NEEDED, OPTIONAL = ("task", "worker", "label"), ("left", "right", "shown", "confidence")
SURE = 0.95
RATED = ("pairwise", "ranking")
PAGES = (".html", ".htm")
WORKER_TYPES: dict[str, ColumnType] = {
    "worker": "text", "answers": "int", "measure": "text", "value": "float", "low": "float", "high": "float",
    "verdict": "text", "why": "text", "confidence_slope": "float",
}  # fmt: skip
ITEM_TYPES: dict[str, ColumnType] = {
    "item": "text", "rank": "int", "score": "float", "low": "float", "high": "float", "group": "int"
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Outputs:
    """Where to write besides the truth; None for nowhere. `language` is the report's."""

    workers: Path | None = None
    items: Path | None = None
    report: Path | None = None
    language: str = "en"


def infer_file(
    votes: Path,
    out: Path,
    *,
    model: str = "auto",
    force: bool = False,
    kind: str = "auto",
    gold: Path | None = None,
    strict: bool = False,
    levels: Sequence[str] | None = None,
    format: str | None = None,
    outputs: Outputs = Outputs(),
    on_progress: OnProgress | None = None,
    on_step: Callable[[str], None] | None = None,
) -> dict[str, Any]:
    """Read task, worker, label from `votes`; write task, label, p and more to `out`. Returns what was found, as plain JSON.

    `on_progress` is told rows and bytes while the file is read, `on_step` the names of the steps. Files that are there
    are only replaced with `force`, and nothing is written unless all was inferred.
    Raises `BadFile` for a file that cannot be read, `BadInput` (with file and row) for answers that cannot be used, an
    unknown kind, model or ending, and `AlreadyExists`.
    """
    step = on_step or (lambda _: None)
    _check_outputs(out, outputs, force)
    if kind != "auto" and outputs.items is not None:
        _check_items(kind)
    _keep_inputs((votes, *([] if gold is None else [gold])), _paths(out, outputs))
    step("Reading")
    # Only a text may be empty; which kind this is, the cells tell.
    read = read_coded(
        votes, NEEDED, OPTIONAL, may_be_empty=("label", "confidence"), format=format, on_progress=on_progress
    )
    known = None if gold is None else read_coded(gold, ("task", "label"), may_be_empty=("label",))
    step("Inferring")
    found = _infer(read, known, kind=kind, model=model, strict=strict, levels=levels)
    if outputs.items is not None:
        _check_items(found.kind)
    step("Writing")
    _write(out, _rows(found), ("task", *found.columns), {"task": "text", **found.types}, force)
    if outputs.workers is not None:
        _write(outputs.workers, _worker_rows(found), tuple(WORKER_TYPES), WORKER_TYPES, force)
    if outputs.items is not None:
        _write(outputs.items, _item_rows(found), tuple(ITEM_TYPES), ITEM_TYPES, force)
    if outputs.report is not None:
        page = report_html(report_of(found, read.name), outputs.language)
        with new_file(outputs.report, overwrite=force) as file:
            file.write(page.encode("utf-8"))
    return _as_json(found, read)


def _check_outputs(out: Path, outputs: Outputs, force: bool) -> None:
    """Before an hour of work: endings that are not written, a language there is no report in, and names that are taken."""
    tables = [one for one in (out, outputs.workers, outputs.items) if one is not None]
    for one in tables:
        format_of(one.name)
    Words(outputs.language)
    page = outputs.report
    if page is not None and page.suffix.lower() not in PAGES and not str(page).startswith("/dev/"):
        raise BadInput(f"{for_terminal(str(page))}: the report is a page of HTML.", "Let its name end with .html.")
    paths = _paths(out, outputs)
    for first, second in combinations(paths, 2):
        if _same_file(first, second):
            both = f"{for_terminal(str(first))} and {for_terminal(str(second))}"
            raise BadInput(f"Two of the files to write are one: {both}.", "Give each a name of its own.")
    for one in paths:
        check_place(one)
        if not force and os.path.isfile(one):  # unlike Path.is_file, no error for a name that is too long
            raise AlreadyExists(f"{for_terminal(str(one))} exists already.", "Choose another name, or say --overwrite.")


def _check_items(kind: str) -> None:
    """Raises `BadInput` for kinds whose answers compare no items; a header alone would say that there are none."""
    if kind not in RATED:
        raise BadInput(
            f"There are no items to write: answers of the kind {kind} compare none.",
            "Leave --items out; it is for " + " and ".join(RATED) + ".",
        )


def _paths(out: Path, outputs: Outputs) -> list[Path]:
    """All files to write."""
    return [one for one in (out, outputs.workers, outputs.items, outputs.report) if one is not None]


def _keep_inputs(inputs: Sequence[Path], paths: Sequence[Path]) -> None:
    """Raises `BadInput` where a file to write is one that is read, by whatever name or link: its answers would be gone."""
    for read in inputs:
        for one in paths:
            if os.path.isfile(read) and _same_file(read, one):  # a terminal may be both stdin and stdout
                written, given = for_terminal(str(one)), for_terminal(str(read))
                raise BadInput(
                    f"Writing {written} would replace the file that is read, {given}.", "Choose another name."
                )


def _same_file(first: Path, second: Path) -> bool:
    """Whether two names mean one file: the same path once links are followed, or hard links to one file."""
    if os.path.realpath(first) == os.path.realpath(second):
        return True
    return os.path.isfile(first) and os.path.isfile(second) and os.path.samefile(first, second)


def _infer(
    read: CodedTable, gold: CodedTable | None, *, kind: str, model: str, strict: bool, levels: Sequence[str] | None
) -> Result:
    """The door, with the names of the files in its errors."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # numerical warnings of a fit are no news for a terminal
            return infer_any(
                read.columns, kind, model, None if gold is None else gold.columns, strict=strict, levels=levels
            )
    except BadInput as error:
        if error.details.get("row") is None and error.details.get("column") is None:
            raise
        about_gold = gold is not None and error.message.startswith("Gold, row")
        name = gold.name if gold is not None and about_gold else read.name
        message = error.message.removeprefix("Gold, ") if about_gold else error.message
        raise type(error)(f"{name}: {message}", error.hint, **error.details) from None


def _write(
    path: Path, rows: Iterator[dict[str, Any]], columns: Sequence[str], types: Mapping[str, Any], force: bool
) -> None:
    format = format_of(path.name)
    with new_file(path, overwrite=force) as file:
        write(rows, columns, file, format, types=types)


def _rows(found: Result) -> Iterator[dict[str, Any]]:
    names = ("task", *found.columns)
    for row in zip(found.tasks, *found.columns.values(), strict=True):
        yield dict(zip(names, row, strict=True))


def _worker_rows(found: Result) -> Iterator[dict[str, Any]]:
    for one in found.workers:
        yield {
            "worker": one.name, "answers": one.answers, "measure": found.worker_measure, **_measured(found, one),
            "verdict": one.verdict or None, "why": one.why.get("code"),
            "confidence_slope": _round(found.confidence.get(one.name)),
        }  # fmt: skip


def _measured(found: Result, one: WorkerRow) -> dict[str, float | None]:
    ends = {"value": one.value, "low": one.low, "high": one.high}
    return {name: _round(value, found.worker_measure) for name, value in ends.items()}


def _item_rows(found: Result) -> Iterator[dict[str, Any]]:
    for one in found.items:
        yield {
            "item": one.name, "rank": one.rank, "score": _round(one.score), "low": _round(one.low),
            "high": _round(one.high), "group": one.group,
        }  # fmt: skip


def _round(value: float | None, measure: str = "") -> float | None:
    """Six digits: after the point, and for what has the unit of the answers, such as a spread, wherever they begin."""
    if value is None or not np.isfinite(value):
        return None
    return significant(value) if measure == "spread" else round(value, DIGITS)


def _as_json(found: Result, read: CodedTable) -> dict[str, Any]:
    p = found.p[~np.isnan(found.p)]
    agreement = found.agreement
    result: dict[str, Any] = {
        "kind": found.kind,
        "kind_why": found.kind_why.text,
        "kind_code": found.kind_why.code,
        "model": found.model,
        "why": found.why.text,
        "why_code": found.why.code,
        "why_facts": dict(found.why.facts),
        "labels": [str(label) for label in found.labels],
        "votes": read.rows - found.repeated,
        "repeated": found.repeated,
        "summary": {
            "tasks": len(found.tasks),
            "labelled": int((found.answers > 0).sum()),
            "mean_p": float(p.mean()) if len(p) else None,
            "p_means": p_means(found.kind) if len(p) else None,
            "sure": {"threshold": SURE, "tasks": int((p >= SURE).sum())},
        },
        "agreement": None if agreement is None else {
            "measure": agreement.measure, "metric": agreement.metric or None, agreement.measure: agreement.value,
            "low": agreement.low, "high": agreement.high, "tasks": agreement.tasks, "of": agreement.of,
        },
        "lookalikes": [list(group) for group in found.lookalikes],
        "notes": [{"code": note.code, "text": note.text, "facts": dict(note.facts)} for note in found.notes],
        "candidates": dict(found.candidates),
        "effective_answers": found.effective,
        "families": [{"members": list(members), "worth": worth} for members, worth in found.families],
        "confidence": None if not found.confidence else {
            "workers": len(found.confidence), "telling": sum(slope >= TELLS for slope in found.confidence.values()),
        },
        "gold": _gold_json(found),
        "workers": [
            {
                "worker": {"name": one.name}, "answers": one.answers, "measure": found.worker_measure,
                **_measured(found, one), "verdict": one.verdict,
                "why": dict(one.why), "confidence_slope": _round(found.confidence.get(one.name)),
            }
            for one in found.workers
        ],
        "items": list(_item_rows(found)),
    }  # fmt: skip
    if found.worker_measure == "accuracy":
        for one in result["workers"]:
            one["accuracy"] = one["value"]
    return result


def _gold_json(found: Result) -> dict[str, Any] | None:
    if not found.gold_tasks:
        return None
    measures = {name: _measure(one) for name, one in found.gold_other.items()}
    if found.gold is not None:
        for name in ("accuracy", "ece", "brier", "nll", "macro_f1"):
            measures[name] = _measure(getattr(found.gold, name))
    return {"tasks": found.gold_tasks, "held_out": found.held_out, "measures": measures}


def _measure(one: Measure) -> dict[str, float]:
    return {"value": one.value, "low": one.low, "high": one.high}
