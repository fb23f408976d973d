"""A table of votes, `task, worker, label` (the convention of the literature), from any file that can be read."""

import os
from typing import IO, Any, NamedTuple

from tawsim.core.errors import BadFile
from tawsim.core.text import for_terminal
from tawsim.intake.rows import open_rows

COLUMNS = ("task", "worker", "label")


class Votes(NamedTuple):
    """Three columns of equal length, in the order of the file: `worker[i]` gave `task[i]` the label `label[i]`."""

    task: list[str]
    worker: list[str]
    label: list[str]


def read_votes(
    source: str | os.PathLike[str] | IO[bytes], *, filename: str | None = None, format: str | None = None
) -> Votes:
    """The votes of a file with the columns task, worker and label; others are left aside.

    Numbers and true/false become text as JSON writes them. Raises `BadFile` for a missing column (and lists those that
    were found), and for an empty or nested cell.
    """
    source_rows = open_rows(source, filename=filename, format=format)
    votes = Votes([], [], [])
    # A million votes name few different workers and labels: each text is kept once.
    once: dict[str, str] = {}
    names: tuple[str, ...] = ()
    for number, row in source_rows.rows():
        if not names:
            names = _find_columns(source_rows.columns or tuple(row), source_rows.name)
        for name, column in zip(names, votes, strict=True):
            text = _as_text(row.get(name), source_rows.name, number, name)
            column.append(once.setdefault(text, text))
    return votes


def _find_columns(found: tuple[str, ...], file: str) -> tuple[str, ...]:
    plain = {name.strip().casefold(): name for name in reversed(found)}
    missing = [name for name in COLUMNS if name not in plain]
    if missing:
        listed = ", ".join(for_terminal(name) for name in found[:20])
        message = f"there is no column {' and no column '.join(f'“{name}”' for name in missing)}; found: {listed}."
        raise BadFile(message, "Expected: task, worker, label.", file=file, missing=missing, found=list(found[:20]))
    return tuple(plain[name] for name in COLUMNS)


def _as_text(value: Any, file: str, number: int, column: str) -> str:
    if isinstance(value, str) and value.strip():
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    if value is None or isinstance(value, str):
        raise BadFile(
            "the cell is empty.", "A vote needs task, worker and label.", file=file, row=number, column=column
        )
    raise BadFile("text expected, not a list or an object.", file=file, row=number, column=column)
