"""Numbers of tasks → the rows that a page shows, a file holds, and one task in full. Read fresh from the store; no filters."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from tawsim.core.errors import NotFound
from tawsim.core.records import Project
from tawsim.kinds import question_to_json
from tawsim.labelling.media import media_of
from tawsim.labelling.presenting import asks_of, media_names
from tawsim.labelling.slots import project_row
from tawsim.loop.inferring import ProjectTruth
from tawsim.loop.table import Found, find_page, kept_columns
from tawsim.loop.table_columns import ACCEPTED, FIXED, FLAGGED, NEVER, REJECTED, SAID, Columns
from tawsim.loop.table_grammar import Query
from tawsim.loop.truths import number, vote_counts
from tawsim.store import rows
from tawsim.store.database import Database, Row, Transaction
from tawsim.workspaces.workspace import list_workers

LONGEST_CELL = 300
MAX_CELLS = 12
FILE_PAGE = 500
FILE_COLUMNS = (
    "seq", "id", "state", "accepted", "overlap", "leases", "skips", "round", "priority", "due", "changed", "label", "p",
    "distinct", "flagged", "comment", "reviewed", "tags", "purpose",
)  # fmt: skip


def page_json(db: Database, project_id: str, found: Found, cells: Sequence[str] = ()) -> dict[str, Any]:
    """A page: `tasks`, `total`, `next`, and what is still waited for. `cells` names columns of the content to show."""
    with db.read() as tx:
        project = rows.project(project_row(tx, project_id))
        shown = [*cells[:MAX_CELLS]] or [project.text_column]
        tasks = list(_rows(tx, project, found.seqs, found.truth, kept_columns(db, project_id), shown))
    return {
        "tasks": tasks,
        "total": found.total,
        "next": found.after,
        "waits": [{"what": one.what, "share": one.share} for one in found.waits],
        "has_truth": found.truth is not None,
        "question": project.questions[0].name,
    }


def _rows(
    tx: Transaction,
    project: Project,
    seqs: Iterable[int],
    truth: ProjectTruth | None,
    columns: Columns | None,
    cells: Sequence[str],
    longest: int = LONGEST_CELL,
) -> Iterator[dict[str, Any]]:
    tags = {row["number"]: row["name"] for row in tx.all("tag_names", project_id=project.id)}
    for seq in seqs:
        row = tx.one("table_row", project_id=project.id, seq=seq)
        if row is None:  # an import that was taken back since
            continue
        content = json.loads(row["content"]) if row["content"] else {}
        held = (r["number"] for r in tx.all("table_tags_of", project_id=project.id, seq=seq)) if tags else ()
        yield {
            **_figures(row),
            **_marks(columns, seq),
            **_believed(truth, seq),
            "tags": [tags[one] for one in sorted(held) if one in tags],
            "cells": {name: _cell(content.get(name), longest) for name in cells},
        }


def _figures(row: Row) -> dict[str, Any]:
    done = row["state"] == "open" and row["accepted"] >= row["overlap"]
    return {
        "seq": row["seq"],
        "id": row["id"],
        "state": "done" if done else {"skipped_out": "skipped"}.get(row["state"], row["state"]),
        **{name: row[name] for name in ("accepted", "overlap", "skips", "round", "priority", "purpose")},
        "leases": max(0, row["load"] - row["accepted"]),
        "missing": max(0, row["overlap"] - row["accepted"]),
        "due": row["due_at"],
    }


def _marks(columns: Columns | None, seq: int) -> dict[str, Any]:
    """What the columns in memory know of a task besides its own row."""
    if columns is None or seq > columns.top or not columns.columns:
        return {"distinct": 0, "flagged": False, "comment": False, "reviewed": [], "changed": None}
    marks, changed = int(columns["marks"][seq]), int(columns["changed"][seq])
    said = (("accepted", ACCEPTED), ("fixed", FIXED), ("rejected", REJECTED))
    return {
        "distinct": int(columns["distinct"][seq]),
        "flagged": bool(marks & FLAGGED),
        "comment": bool(marks & SAID),
        "reviewed": [name for name, bit in said if marks & bit],
        "changed": None if changed == NEVER else changed,
    }


def _believed(truth: ProjectTruth | None, seq: int) -> dict[str, Any]:
    t = None if truth is None else truth.place(seq)
    if truth is None or t is None:
        return {"label": None, "p": None, "votes": {}}
    label = truth.label(t)
    counts = vote_counts(truth.labels, truth.votes[t]) if truth.votes.shape[1:] == (len(truth.labels),) else {}
    return {"label": _cell(label, LONGEST_CELL), "p": number(truth.p[t]), "votes": counts}


def _cell(value: Any, longest: int) -> str | None:
    """A value as one line of text, cut."""
    if value is None:
        return None
    if isinstance(value, list | tuple) and all(isinstance(one, str) for one in value):
        value = ", ".join(value)
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= longest else text[: longest - 1] + "…"


# ---- a file ----------------------------------------------------------------------------------------------------------
def file_rows(db: Database, project_id: str, query: Query, cells: Sequence[str]) -> Iterator[Mapping[str, Any]]:
    """All that a query finds, in its order, a page at a time; tags and reviews with commas between."""
    after: str | None = None
    with db.read() as tx:
        project = rows.project(project_row(tx, project_id))
    while True:
        found = find_page(db, project_id, query, after=after, limit=FILE_PAGE, wait=True)
        with db.read() as tx:
            for one in _rows(
                tx, project, found.seqs, found.truth, kept_columns(db, project_id), cells, longest=1_000_000
            ):
                shown = one.pop("cells")
                taken = {f"row.{name}" if name in FILE_COLUMNS else name: value for name, value in shown.items()}
                yield {**one, "tags": ", ".join(one["tags"]), "reviewed": ", ".join(one["reviewed"]), **taken}
        if found.after is None:
            return
        after = found.after


def file_columns(cells: Sequence[str]) -> list[str]:
    """The header of that file."""
    return [*FILE_COLUMNS, *(f"row.{name}" if name in FILE_COLUMNS else name for name in cells)]


# ---- one task ------------------------------------------------------------------------------------------------------------
def seq_of(db: Database, project_id: str, thing: str) -> int:
    """The number of a task from its number or its id. Raises NotFound."""
    with db.read() as tx:
        counts = tx.one("project_count_get", project_id=project_id)
        project_row(tx, project_id)
        assert counts is not None
        if thing.isdecimal() and len(thing) < 16 and 0 < int(thing) <= counts["visible_seq"]:
            return int(thing)
        found = tx.one("table_task_by_id", project_id=project_id, id=thing)
    if found is None:
        raise NotFound("There is no such task.")
    return int(found["seq"])


def task_json(db: Database, project_id: str, seq: int, truth: ProjectTruth | None) -> dict[str, Any]:
    """One task in full: its row as people see it, its figures, the answers of all its rounds side by side. Raises NotFound."""
    with db.read() as tx:
        project = rows.project(project_row(tx, project_id))
        row = tx.one("table_row", project_id=project_id, seq=seq)
        if row is None:
            raise NotFound("There is no such task.")
        (line,) = _rows(tx, project, [seq], truth, kept_columns(db, project_id), [])
        content = json.loads(row["content"]) if row["content"] else {}
        names = {worker.id: worker.name for worker in list_workers(tx)}
        answers = [_answer_json(one, names) for one in tx.all("table_answers_of", task_id=row["id"])]
        media = media_of(tx, project_id, media_names(project, content))
    return {
        "task": line,
        "content": content,
        "media": media,
        "questions": [question_to_json(one) for one in project.questions],
        "project": {"id": project.id, "name": project.name, "text_column": project.text_column},
        "answers": answers,
        "probabilities": _probabilities(truth, seq),
        **asks_of(project, content),
    }


def _answer_json(row: Row, names: Mapping[str, str]) -> dict[str, Any]:
    same = ("id", "round", "state", "version", "schema_version", "comment", "created_at", "at")
    return {
        **{name: row[name] for name in same},
        "worker": {"id": row["worker_id"], "name": names.get(row["worker_id"], "")},
        "late": bool(row["late"]),
        "flag": bool(row["flag"]),
        "answers": json.loads(row["answers"]),
    }


def _probabilities(truth: ProjectTruth | None, seq: int) -> dict[str, float]:
    t = None if truth is None else truth.place(seq)
    if truth is None or t is None or truth.probabilities.shape[1:] != (len(truth.labels),):
        return {}
    return {label: round(float(p), 6) for label, p in zip(truth.labels, truth.probabilities[t], strict=True)}
