"""Moving in: what an account at Scale has of a project becomes a project here, piece by piece, as often as one likes.

Tasks keep the ids that they have there, so that what their users wrote down leads on; by the ids a second run knows what is here
already. What was done there stays done, with its response; what was pending waits here to be placed, as if it had been created
here. Nothing is put in before all was read and found to fit; then it is put in by pieces, so that nobody who labels waits for
long, and its batches begin with the last one. How an account is read is in moving_source.py.
"""

import json
import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tawsim.core.errors import AlreadyExists
from tawsim.labelling import batches
from tawsim.loop.scale import moving_marks, projects
from tawsim.loop.scale.moving_rows import LOST_FILE, as_text, is_one, read_time, row_of
from tawsim.loop.scale.moving_source import NO_PROJECT, Found, pages
from tawsim.loop.scale.world import World
from tawsim.store.database import Database, Row, Transaction
from tawsim.store.keys import record
from tawsim.store.rows import to_json

Json = dict[str, Any]
BATCH_STATES = frozenset({"staging", "in_progress", "paused", "completed", "cancelled"})
OVER = frozenset({"completed", "cancelled"})
# What a project is told by that is no fact beside it.
_TOLD = frozenset({"name", "type", "param_history", "id", "created_at", "archived", "moved_from", "moving"})
CLEARED = 200
PIECE = 200  # tasks that one transaction puts in: people who answer wait for it
LONGEST_REST_S = 0.2
FIRST = ""
LAST = "~"  # after every id


@dataclass(slots=True)
class Moved:
    """What a run did of one project: tasks that are new here, by status; those that were here already; new batches. `lost`:
    of the erred ones, those that waited for a file which only Scale can read. `left_out`: what could not be understood."""

    project: str
    project_id: str | None = None
    tasks: int = 0
    already: int = 0
    batches: int = 0
    lost: int = 0
    left_out: int = 0
    statuses: dict[str, int] = field(default_factory=dict)


def move_project(db: Database, world: World, origin: str, found: Found, told: Sequence[Json], path: Path) -> Moved:
    """Put a project with its batches (`told`) and the pages of tasks in `path` into the workspace.

    Everything is prepared where nobody sees it, and looked through, before the first piece is put in; one that breaks off goes on
    with the next run. `origin` is the address of the account: a project of this name that came from elsewhere is not added to.
    Raises AlreadyExists for such a one, and for a unique_id or batch name that is taken here by another task or project.
    """
    run = path.name
    _clear(db, run)
    done = Moved(found.name)
    history = _history(found)
    for docs in pages(path):
        read = [row_of(history, told, db.clock()) for told in _not_here(db, docs, done)]
        rows = [{"run": run, **row} for row in read if row is not None]
        done.left_out += len(read) - len(rows)
        if rows:
            db.write(lambda tx, rows=rows: _prepare(tx, rows))  # type: ignore[misc]
    with db.read() as tx:
        _refuse_clash(tx, run, FIRST, LAST)
    into = db.write(lambda tx: _begin(tx, world, origin, found, told, done, run))
    _put_all(db, world, run, done)
    db.write(lambda tx: _end(tx, world, origin, into, done))
    _clear(db, run)
    return done


def _not_here(db: Database, docs: Iterable[Json], done: Moved) -> list[Json]:
    """Those of a page that are not here already. Whether that is so is looked at once more when they are put in."""
    with db.read() as tx:
        here = {
            told["task_id"]
            for told in docs
            if isinstance(told.get("task_id"), str) and tx.one("scale_task_there", task_id=told["task_id"]) is not None
        }
    done.already += len(here)
    return [told for told in docs if not (isinstance(told.get("task_id"), str) and told["task_id"] in here)]


def _prepare(tx: Transaction, rows: Sequence[Json]) -> None:
    tx.many("scale_moving_insert", rows)
    tags = {(row["task_id"], tag): row["run"] for row in rows for tag in json.loads(row["tags"] or "[]")}
    tx.many(
        "scale_moving_tag_insert",
        [{"run": run, "task_id": task_id, "tag": tag} for (task_id, tag), run in tags.items()],
    )


def _refuse_clash(tx: Transaction, run: str, after: str, until: str) -> None:
    clash = tx.one("scale_moving_clash", run=run, after=after, until=until)
    if clash is not None:
        raise AlreadyExists(
            f"Task {clash['task_id']} has the unique_id {clash['unique_id'][:200]!r} there, and task {clash['holder']} "
            "has it here.",
            "Clear one of the two.",
        )


def _begin(
    tx: Transaction, world: World, origin: str, found: Found, told: Sequence[Json], done: Moved, run: str
) -> list[str]:
    """The project and its batches, or those of the types of tasks without one, marked as not whole; their ids. Batches that are
    new are held back until all their tasks are here: one would be completed with the last task of the first piece."""
    coming = {row["type"]: row["n"] for row in tx.all("scale_moving_types", run=run)}
    if found.name == NO_PROJECT:
        into = {one.project_id: 0 for one in moving_marks.unfinished(tx) if not one.named and one.origin == origin}
        into |= {projects.project_of_type(tx, world, one)["project_id"]: n for one, n in coming.items()}
    else:
        project = _project(tx, world, origin, found)
        done.project_id = project["project_id"]
        into = {project["project_id"]: sum(coming.values())}
    for project_id, n in into.items():
        moving_marks.begin(tx, project_id, origin, n)
    if done.project_id is not None:
        batches_of = _Into(tx, world, done, projects.project_by_id(tx, done.project_id))
        for batch in told:
            batches_of.batch(batch)
        batches_of.keep()
    return list(into)


def _put_all(db: Database, world: World, run: str, done: Moved) -> None:
    """All tasks that are not here yet, a piece at a time. Another process may want to write: after each it has as long."""
    after = FIRST
    while True:
        with db.read() as tx:
            end = tx.one("scale_moving_end", run=run, after=after, n=PIECE)
        if end is None or end["task_id"] is None:
            return
        began = time.monotonic()
        piece = {"run": run, "after": after, "until": end["task_id"]}
        _count(db.write(lambda tx, piece=piece: _put(tx, world, piece, done)), done)  # type: ignore[misc]
        after = end["task_id"]
        time.sleep(min(time.monotonic() - began, LONGEST_REST_S))


def _put(tx: Transaction, world: World, piece: Mapping[str, str], done: Moved) -> list[Row]:
    """A piece of the tasks; how many of them were new, by status."""
    _refuse_clash(tx, **piece)
    tx.run("scale_moving_mark", **piece)
    project = None if done.project_id is None else projects.project_by_id(tx, done.project_id)
    into, came = _Into(tx, world, done, project), Counter[str]()
    for row in tx.all("scale_moving_names", **piece):
        place = into.place(row["type"], row["batch"])
        came[place["project_id"]] += tx.run("scale_moving_put", type=row["type"], batch=row["batch"], **place, **piece)
    for project_id, n in came.items():
        moving_marks.came(tx, project_id, n)
    tx.run("scale_moving_put_tags", **piece)
    into.keep()
    return tx.all("scale_moving_counts", lost=f'%"{LOST_FILE}"%', **piece)


def _count(rows: Sequence[Row], done: Moved) -> None:
    for row in rows:
        if row["is_new"]:
            done.tasks += row["n"]
            done.lost += row["lost"] or 0
            done.statuses[row["status"]] = done.statuses.get(row["status"], 0) + row["n"]
        else:
            done.already += row["n"]


def _end(tx: Transaction, world: World, origin: str, into: Sequence[str], done: Moved) -> None:
    """Nothing is marked any more, batches that were held back are what they are there, and the log says what came, by this run
    and by those before it that broke off."""
    marks = [moving_marks.end(tx, project_id) for project_id in into]
    held = {batch_id: one for mark in marks for batch_id, one in mark["batches"].items()}
    for batch_id, one in held.items():
        tx.run("scale_moved_batch_state", id=batch_id, state=one["state"], completed_at=one["completed_at"])
    tasks = sum(mark["here"] for mark in marks)
    if tasks or held:
        data = {"from": origin, "tasks": tasks, "batches": len(held)}
        record(tx, "scale.moved", world.actor_id, project_id=done.project_id, data=to_json(data))


def _clear(db: Database, run: str) -> None:
    """Remove what was prepared, in steps that nobody waits for."""

    def some(tx: Transaction) -> int:
        found = [{"run": run, "task_id": row["task_id"]} for row in tx.all("scale_moving_some", run=run, n=CLEARED)]
        tx.many("scale_moving_tag_delete", found)
        tx.many("scale_moving_delete", found)
        return len(found)

    while db.write(some):
        pass


def _history(found: Found) -> list[Json]:
    """All versions of a project's parameters, oldest first."""
    told = [one for one in found.told.get("param_history") or () if isinstance(one, dict)] or [{}]
    return [one | {"version": one.get("version", number)} for number, one in enumerate(told)]


def _project(tx: Transaction, world: World, origin: str, found: Found) -> Row:
    """The project, made or met again; its parameters are those that it has there now."""
    history = _history(found)
    facts = {name: value for name, value in found.told.items() if name not in _TOLD}
    row = tx.one("scale_project_named", name=found.name)
    if row is None or row["state"] == "removed":
        row = _new_project(tx, world, found, history[-1], facts)
    elif json.loads(row["facts"]).get("moved_from") != origin:
        raise AlreadyExists(
            f"There is a project “{found.name[:200]}” here already, which did not come from {origin}.",
            "Rename or remove it, or move the projects one by one with --project.",
        )
    mark = {name: one for name, one in json.loads(row["facts"]).items() if name == moving_marks.MARK}
    tx.run(
        "scale_moved_project", project_id=row["project_id"], params=as_text(history),
        facts=as_text({**facts, "moved_from": origin, **mark}),
        created_at=read_time(found.told.get("created_at"), row["created_at"]),
    )  # fmt: skip
    return projects.project_by_id(tx, row["project_id"])


def _new_project(tx: Transaction, world: World, found: Found, params: Json, facts: Json) -> Row:
    attempts = next((facts[name] for name in projects.ATTEMPTS if isinstance(facts.get(name), int)), None)
    pipeline = facts.get("pipeline")
    new = projects.NewScaleProject(
        found.name, str(found.told.get("type", "")), params, facts,
        pipeline if pipeline in projects.PIPELINES else projects.PIPELINES[0], attempts,
    )  # fmt: skip
    return projects.create(tx, world, new)


@dataclass(slots=True)
class _Into:
    """One transaction of a run: where its batches and tasks go. `_new`: batches that it holds back, and what they
    are to become."""

    tx: Transaction
    world: World
    done: Moved
    project: Row | None = None
    _batches: dict[str, Row] = field(default_factory=dict)
    _new: Json = field(default_factory=dict)

    def batch(self, told: Mapping[str, Any]) -> None:
        """A batch, made or met again. One that an earlier run holds back is to become what it is there now."""
        assert self.project is not None
        name = str(told["name"])
        row = self.tx.one("scale_batch_named", name=name)
        if row is not None and row["project_id"] != self.project["project_id"]:
            raise AlreadyExists(
                f"There is a batch “{name[:200]}” here already, in another project.", "Rename it there."
            )
        if row is None:
            row = self._new_batch(name, told)
        elif "created_at" in told and row["id"] in moving_marks.held_back(self.tx, self.project["project_id"]):
            self._hold(row["id"], told)
        self._batches[name] = row

    def _new_batch(self, name: str, told: Mapping[str, Any]) -> Row:
        assert self.project is not None
        metadata = told.get("metadata")
        new = batches.NewBatch(
            name, state="staging", metadata=metadata if isinstance(metadata, dict) else {},
            callback=str(told.get("callback") or ""),
        )  # fmt: skip
        row = batches.create(self.tx, self.world.actor_id, self.project["project_id"], new)
        made_at = read_time(told.get("created_at"), self.tx.now)
        self.tx.run("scale_moved_batch", id=row["id"], created_at=made_at)
        self._hold(row["id"], told)
        self.done.batches += 1
        return batches.batch_row(self.tx, row["id"])

    def _hold(self, batch_id: str, told: Mapping[str, Any]) -> None:
        state = told["status"] if is_one(told.get("status"), BATCH_STATES) else "in_progress"
        ended = read_time(told.get("completed_at"), self.tx.now) if state in OVER else None
        self._new[batch_id] = {"state": state, "completed_at": ended}

    def keep(self) -> None:
        """Write down which batches are held back, and until when: a run that breaks off leaves that to the next one."""
        if self.project is not None and self._new:
            moving_marks.hold_back(self.tx, self.project["project_id"], self._new)

    def place(self, type_: str, batch: str) -> dict[str, Any]:
        """Where tasks of this type and batch go."""
        if self.project is None:
            return {"project_id": projects.project_of_type(self.tx, self.world, type_)["project_id"], "batch_id": None}
        if batch and batch not in self._batches:
            self.batch({"name": batch, "status": "in_progress"})
        return {
            "project_id": self.project["project_id"],
            "batch_id": self._batches[batch]["id"] if batch else None,
        }
