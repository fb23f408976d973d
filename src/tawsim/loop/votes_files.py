"""A file of votes → a file of truths, without any workspace: `tawsim infer`."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tawsim.intake import read_votes
from tawsim.releases import format_of, new_file, write
from tawsim.releases.column_types import ColumnType
from tawsim.truth import Inference, Votes, infer

COLUMNS = ("task", "label", "p")
TYPES: dict[str, ColumnType] = {"task": "text", "label": "text", "p": "float"}
DIGITS = 6


def infer_file(votes: Path, out: Path, *, model: str = "auto", force: bool = False) -> dict[str, Any]:
    """Read task, worker, label from `votes`; write task, label, p to `out`. Returns what was found, as plain JSON.

    Raises BadFile for votes that cannot be read, BadInput for an unknown model or ending, AlreadyExists unless `force`.
    """
    format = format_of(out.name)
    read = read_votes(votes)
    found = infer(Votes.from_columns(read.task, read.worker, read.label), model)
    with new_file(out, overwrite=force) as file:
        write(_rows(found), COLUMNS, file, format, types=TYPES)
    return {
        "model": found.model,
        "why": found.why.text,
        "labels": list(found.labels),
        "votes": len(read.task),
        "repeated": found.repeated,
        "summary": found.summary(),
        "agreement": None if found.agreement is None else {
            "alpha": found.agreement.alpha, "low": found.agreement.low, "high": found.agreement.high,
        },
        "workers": [
            {
                "worker": {"name": str(one.worker)}, "answers": one.answers, "accuracy": one.accuracy, "low": one.low,
                "high": one.high, "verdict": one.verdict, "why": one.why,
            }
            for one in found.workers
        ],
    }  # fmt: skip


def _rows(found: Inference) -> Iterator[dict[str, Any]]:
    for task, label, p in zip(found.tasks, found.label, found.p.tolist(), strict=True):
        yield {"task": task, "label": label, "p": round(p, DIGITS)}
