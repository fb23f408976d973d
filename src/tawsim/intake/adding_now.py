"""A few tasks with ids of their own → tasks, in the caller's transaction: there and visible when it commits, or not at all.

For rows that come one by one through a door, not as a file: those are imports (adding.py), which read for minutes and move
the visible edge at their end. What is added here moves it at once, so it cannot be done while an import writes beyond it.
Which lane a task goes to is the caller's to say.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from tawsim.core.errors import AlreadyExists, AlreadyRunning, BadFile, BadInput, NotFound, TooLarge
from tawsim.core.ids import new_id
from tawsim.core.records import Project
from tawsim.core.text import text_key
from tawsim.intake.adding import POSITION_BITS, Places, clear_chunk, position, refuse_another
from tawsim.intake.judged import Judged
from tawsim.intake.pacing import CHUNK
from tawsim.store.database import Database, Transaction
from tawsim.store.keys import record
from tawsim.store.rows import project as project_of
from tawsim.store.rows import to_json


def insert_now(
    tx: Transaction, actor_id: str, project: Project, tasks: Sequence[Mapping[str, Any]], places: Places
) -> None:
    """Add up to 1,000 tasks. Each has `id`, `content`, and what `places` completes.

    Raises AlreadyRunning while an import of the project is under way, AlreadyExists for an id that is taken, BadInput that
    names the task whose content the project cannot show, NotFound if the project is gone.
    """
    if not tasks:
        return
    if len(tasks) > CHUNK:
        raise TooLarge(f"At most {CHUNK:,} tasks at once.", "Send them in pieces.")
    project = _as_it_is(tx, project)
    refuse_another(tx, project)
    if clear_chunk(tx, project.id) == CHUNK and clear_chunk(tx, project.id):
        raise AlreadyRunning(f"What an import into “{project.name}” left is not cleared yet.", "Try again in a moment.")
    taken = tx.one("import_take_number", project_id=project.id)
    assert taken is not None
    number, first = taken["import_number"], taken["visible_seq"] + 1
    seed, judged = new_id(tx.now), Judged(project)
    rows = [
        _row(project, judged, task) | {"seq": first + i, "position": position(project, number, i, seed)}
        for i, task in enumerate(tasks)
    ]
    _refuse_taken(tx, rows)
    duplicates = _repeats(tx, project.id, [row["text_key"] for row in rows])
    places.store(tx, rows)
    tx.many("task_insert_placed", rows)
    tx.many("task_content_insert", rows)
    places.stored(tx, rows)
    work = sum(row["purpose"] == "work" for row in rows)
    tx.run(
        "import_show", project_id=project.id, visible_seq=first + len(rows) - 1,
        visible_position=((number + 1) << POSITION_BITS) - 1, work=work, answers_wanted=work * project.overlap,
        duplicates=duplicates,
    )  # fmt: skip
    record(
        tx, "tasks.added", actor_id, project_id=project.id,
        data=json.dumps({"first": first, "last": first + len(rows) - 1}),
    )  # fmt: skip


def clear_left(db: Database, project_id: str) -> None:
    """Clear what a dead import left, however much, a chunk a transaction. Raises AlreadyRunning while one is under way."""

    def one_chunk(tx: Transaction) -> int:
        row = tx.one("project_even_removed", id=project_id)
        if row is None:
            return 0
        refuse_another(tx, project_of(row))
        return clear_chunk(tx, project_id)

    while db.write(one_chunk):
        pass


def _as_it_is(tx: Transaction, project: Project) -> Project:
    """The project with the overlap that it has now: what the caller holds may be older."""
    row = tx.one("project_get", id=project.id)
    if row is None:
        raise NotFound("There is no such project.")
    return replace(project, overlap=row["overlap"])


def _row(project: Project, judged: Judged, task: Mapping[str, Any]) -> dict[str, Any]:
    name = f"task {task['id']}"
    key = text_key(judged.text(task["content"], file=name, row_number=1))
    try:
        content = to_json(task["content"])
        content.encode("utf-8")
    except (ValueError, TypeError, RecursionError) as error:
        raise BadFile("it holds a value that cannot be stored.", str(error), file=name) from None
    return {**task, "project_id": project.id, "overlap": project.overlap, "text_key": key, "content": content}


def _refuse_taken(tx: Transaction, rows: Sequence[Mapping[str, Any]]) -> None:
    if len({row["id"] for row in rows}) < len(rows):
        raise BadInput("Two of these tasks have the same id.", "Give each an id of its own.")
    for row in rows:
        if tx.one("task_exists", id=row["id"]) is not None:
            raise AlreadyExists(f"There is a task {row['id']} already.", "Give each task an id of its own.")


def _repeats(tx: Transaction, project_id: str, keys: Sequence[int]) -> int:
    """How many of these have the text of an earlier task."""
    seen: set[int] = set()
    found = 0
    for key in keys:
        again = key in seen
        if not again:
            row = tx.one("task_same_text", project_id=project_id, text_key=key)
            again = row is not None and row["seq"] is not None
        found += again
        seen.add(key)
    return found
