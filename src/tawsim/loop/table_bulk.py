"""One action on many tasks: told before, done in pieces that never hold the writer for long, taken back as a whole.

A job is a row with its place. Which tasks it is about is fixed and written down before the first is changed, so that it
goes on after a crash just where it was; what was before stands in its pieces.
"""

import json
import logging
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tawsim.core.errors import BadInput, Conflict, NotFound, TawsimError
from tawsim.core.ids import new_id
from tawsim.core.records import Worker
from tawsim.labelling.slots import project_row
from tawsim.labelling.tagging import check_tag_name
from tawsim.loop.inferring import ProjectTruth, project_truth
from tawsim.loop.table import figures_of, find_all, tagged, touch
from tawsim.loop.table_actions import Action, Doing, Left, action_of, counted, doing_of, lanes_with, prepare
from tawsim.loop.table_grammar import Query, parse, write
from tawsim.store.database import Database, Row, Transaction
from tawsim.store.keys import once, record
from tawsim.store.rows import to_json

PIECE = 500
PIECES_AT_ONCE = 20
# A piece stops in the middle once the writer was held for so long; people who label wait behind it.
HOLD_S = 0.012
MAX_CHOSEN = 10_000
PATIENCE_US = 60_000_000  # a job that is still being prepared after that was cut off
log = logging.getLogger("tawsim.table")
_door = threading.Lock()


# ---- which tasks ---------------------------------------------------------------------------------------------------------
def read_selection(query: Any, seqs: Any, role: Any) -> Query | list[int]:
    """The tasks of a filter, or those that were chosen one by one. Raises BadInput."""
    if (query is None) == (seqs is None):
        raise BadInput("Say query (a filter) or seqs (numbers of tasks).", field="query")
    if query is not None:
        if not isinstance(query, str):
            raise BadInput("query is a filter.", field="query")
        return parse(query, role)
    good = isinstance(seqs, Sequence) and not isinstance(seqs, str) and 1 <= len(seqs) <= MAX_CHOSEN
    if not good or not all(isinstance(one, int) and not isinstance(one, bool) and 0 < one < 1 << 53 for one in seqs):
        raise BadInput(f"seqs is a list of 1 to {MAX_CHOSEN:,} numbers of tasks.", field="seqs")
    return sorted(set(seqs))


def _chosen(db: Database, project_id: str, selection: Query | list[int]) -> NDArray[np.int64]:
    if isinstance(selection, Query):
        return find_all(db, project_id, Query(selection.terms))
    with db.read() as tx:
        counts = tx.one("project_count_get", project_id=project_id)
    assert counts is not None
    return np.array([one for one in selection if one <= counts["visible_seq"]], np.int64)


# ---- telling -------------------------------------------------------------------------------------------------------------
def preview(db: Database, project_id: str, name: str, value: Any, selection: Query | list[int]) -> dict[str, Any]:
    """What an action would do: `tasks` it is about, `change` that would change, `left_out` by reason; `answers` that would no
    longer count, `leases` that would be revoked. Changes nothing. Raises BadInput, NotFound."""
    with db.read() as tx:
        project_row(tx, project_id)
    action = action_of(name)
    value = action.read(value)
    seqs = _chosen(db, project_id, selection)
    figures = figures_of(db, project_id, seqs)
    truth = project_truth(db, project_id) if action.name == "gold" else None
    left = counted(action, figures, value, held=_held(db, project_id, action, value, seqs, figures), p=_p(truth, seqs))
    change = left.pop("change")
    ends = action.name in ("reopen", "remove")
    there = (figures["state"] != 3) & (figures["purpose"] == 0)
    return {
        "action": action.name, "value": value, "tasks": len(seqs), "change": change, "left_out": left,
        "answers": int(figures["accepted"][there].sum()) if ends else 0,
        "leases": int((figures["load"].astype(int) - figures["accepted"])[there].sum()) if ends else 0,
        "can_undo": action.undo is not None,
    }  # fmt: skip


def _held(
    db: Database, project_id: str, action: Action, value: Any, seqs: NDArray[np.int64], figures: dict[str, NDArray[Any]]
) -> NDArray[np.bool_] | None:
    """The tasks that are already as the action would make them."""
    if action.name in ("tag", "untag"):
        with db.read() as tx:
            row = tx.one("tag_find", project_id=project_id, name=check_tag_name(value))
        has = np.zeros(len(seqs), bool) if row is None else tagged(db, project_id, seqs, row["number"])
        return has if action.name == "tag" else ~has
    if action.name == "assign":
        with db.read() as tx:
            lanes = lanes_with(tx, project_id, value)
        return np.isin(figures["lane_id"], list(lanes))
    return None


def _p(truth: ProjectTruth | None, seqs: NDArray[np.int64]) -> NDArray[np.float64] | None:
    if truth is None:
        return None
    places = truth.places(seqs.tolist())
    found = np.full(len(seqs), np.nan)
    found[places >= 0] = truth.p[places[places >= 0]]
    return found


# ---- beginning -----------------------------------------------------------------------------------------------------------
def begin(
    db: Database, worker: Worker, project_id: str, key: str, name: str, value: Any, selection: Query | list[int]
) -> dict[str, Any]:
    """Begin an action; the same key begins it once. It goes on in `work_on`. Raises BadInput, NotFound, KeyReused."""
    action = action_of(name)
    value = action.read(value)
    text = write(selection) if isinstance(selection, Query) else ""
    content = ["bulk", project_id, action.name, value, text, [] if isinstance(selection, Query) else selection]
    with db.read() as tx:
        project_row(tx, project_id)
        known = tx.one("key_get", actor_id=worker.id, key=key) is not None
    seqs = np.zeros(0, np.int64) if known else _chosen(db, project_id, selection)

    def make(tx: Transaction) -> tuple[str, bool]:
        found = once(tx, worker.id, key, content, lambda: {"id": insert(tx)})
        return found.result["id"], found.repeated

    def insert(tx: Transaction) -> str:
        prepare(tx, action, worker.id, project_id, value)
        return _insert(tx, worker.id, project_id, action.name, value, text, len(seqs))

    job_id, repeated = db.write(make)
    if not repeated:
        _put_pieces(db, job_id, seqs)
        db.write(lambda tx: tx.run("bulk_job_run", id=job_id))
    return job_json(db, job_id)


def _insert(
    tx: Transaction, worker_id: str, project_id: str, name: str, value: Any, text: str, total: int, undoes: str | None = None
) -> str:  # fmt: skip
    job_id = new_id(tx.now)
    tx.run(
        "bulk_job_insert", id=job_id, project_id=project_id, worker_id=worker_id, action=name, value=to_json(value),
        query=text, undoes=undoes, state="preparing", total=total, created_at=tx.now,
    )  # fmt: skip
    data = to_json({"action": name, "value": value, "query": text, "tasks": total, "undoes": undoes})
    record(tx, "bulk.begun", worker_id, project_id=project_id, object_id=job_id, data=data)
    return job_id


def _put_pieces(db: Database, job_id: str, seqs: NDArray[np.int64]) -> None:
    pieces = [seqs[first : first + PIECE].tolist() for first in range(0, len(seqs), PIECE)]
    rows = [
        {"job_id": job_id, "number": i, "first_seq": piece[0], "last_seq": piece[-1], "seqs": json.dumps(piece)}
        for i, piece in enumerate(pieces)
    ]
    for first in range(0, len(rows), PIECES_AT_ONCE):
        some = rows[first : first + PIECES_AT_ONCE]
        db.write(lambda tx, some=some: tx.many("bulk_piece_insert", some))  # type: ignore[misc]


def begin_undo(db: Database, worker: Worker, project_id: str, job_id: str, key: str) -> dict[str, Any]:
    """Take an action back: what was changed since is left alone and told. One that still runs is stopped first. Raises
    NotFound, Conflict."""

    def make(tx: Transaction) -> str:
        found = once(tx, worker.id, key, ["undo", job_id], lambda: {"id": insert(tx)}).result["id"]
        return str(found)

    def insert(tx: Transaction) -> str:
        job = _job(tx, project_id, job_id)
        if job["undoes"] or action_of(job["action"]).undo is None:
            raise Conflict("This action cannot be taken back.", "What it began can be changed like anything else.")
        if job["undone_by"]:
            raise Conflict("This action was taken back already.", "Look at the list of actions.")
        tx.run("bulk_job_end", id=job_id, state="done", now=tx.now)
        value, text = json.loads(job["value"]), job["query"]
        made = _insert(tx, worker.id, project_id, job["action"], value, text, job["changed"], undoes=job_id)
        tx.run("bulk_piece_copy", job_id=made, undoes=job_id)
        tx.run("bulk_job_undone", id=job_id, undone_by=made)
        tx.run("bulk_job_run", id=made)
        return made

    return job_json(db, db.write(make))


# ---- working ---------------------------------------------------------------------------------------------------------------
def work_on(db: Database, budget_s: float = 0.5) -> bool:
    """Go on with the actions of a file, the oldest first, for about so long. Whether there is more to do."""
    until = time.monotonic() + budget_s
    while True:
        with db.read() as tx:
            jobs, now = tx.all("bulk_job_unfinished"), tx.now
        for job in jobs:
            if job["state"] == "preparing" and now - job["created_at"] > PATIENCE_US:
                db.write(lambda tx, job=job: _drop(tx, job["id"]))  # type: ignore[misc]
        running = [job["id"] for job in jobs if job["state"] == "running"]
        if not running:
            return False
        with _door:
            _work(db, running[0], until)
        if time.monotonic() >= until:
            return True


def finish(db: Database, job_id: str, watch: Callable[[dict[str, Any]], None] | None = None) -> dict[str, Any]:
    """`work_on` until this action has ended: for the command line, which has no server behind it. `watch` is told now and
    then where it stands."""
    while (job := job_json(db, job_id))["state"] in ("preparing", "running"):
        if watch is not None:
            watch(job)
        work_on(db)
    return job


def _drop(tx: Transaction, job_id: str) -> None:
    """A job whose tasks were never all written down changed nothing, and never will."""
    if tx.run("bulk_job_end", id=job_id, state="dropped", now=tx.now):
        tx.run("bulk_pieces_drop", job_id=job_id)


def _work(db: Database, job_id: str, until: float) -> None:
    """The pieces of one job, as long as there is time."""
    with db.read() as tx:
        job = tx.one("bulk_job_get", id=job_id)
    if job is None or job["state"] != "running":
        return
    truth = project_truth(db, job["project_id"]) if job["action"] == "gold" and not job["undoes"] else None
    more = True
    while more:
        seqs, more = db.write(lambda tx: _piece(tx, job_id, truth))
        touch(db, job["project_id"], seqs, job_id)
        more = more and time.monotonic() < until


def _piece(tx: Transaction, job_id: str, truth: ProjectTruth | None) -> tuple[list[int], bool]:
    """A part of the next piece, in one transaction; the numbers of the tasks that changed, and whether there is more."""
    began = time.monotonic()
    job = tx.one("bulk_job_get", id=job_id)
    if job is None or job["state"] != "running":  # stopped meanwhile
        return [], False
    piece = tx.one("bulk_piece_next", job_id=job_id)
    if piece is None:
        _end(tx, job)
        return [], False
    action = action_of(job["action"])
    doing = doing_of(tx, action, job["worker_id"], job["project_id"], json.loads(job["value"]), truth)
    todo, before = json.loads(piece["seqs"]), json.loads(piece["before"])
    left = Counter(json.loads(job["left_out"]))
    place, changed = piece["done"], []
    while place < len(todo) and time.monotonic() - began < HOLD_S:
        seq, was = todo[place] if job["undoes"] else (todo[place], None)
        result = _one(tx, action, doing, seq, was, undo=bool(job["undoes"]))
        if isinstance(result, Left):
            left[result.why] += 1
        else:
            before.append([seq, result])
            changed.append(seq)
        place += 1
    done = -1 if place == len(todo) else place  # a finished piece is found no more
    tx.run("bulk_piece_save", job_id=job_id, number=piece["number"], done=done, before=to_json(before))
    tx.run(
        "bulk_job_count", id=job_id, looked=place - piece["done"], changed=len(changed), left_out=to_json(dict(left))
    )
    return changed, True


def _one(tx: Transaction, action: Action, doing: Doing, seq: int, was: Any, *, undo: bool) -> Any:
    """One task: what was before, or why it was left out."""
    task: Row | None = tx.one("table_task_by_seq", project_id=doing.project_id, seq=seq)
    restores = undo and action.name == "remove"
    if task is None or (task["state"] == "removed") != restores:
        return Left("changed" if restores else "gone")
    makes_known = undo and action.name == "gold"
    if action.work_only and task["purpose"] != "work" and not makes_known:
        return Left("known")
    try:
        if not undo:
            return action.do(tx, doing, task)
        assert action.undo is not None
        left = action.undo(tx, doing, task, was)
        return 1 if left is None else left
    except TawsimError as error:
        log.info("%s of task %s: %s", action.name, seq, error)
        return Left("refused")


def _end(tx: Transaction, job: Row) -> None:
    tx.run("bulk_job_end", id=job["id"], state="done", now=tx.now)
    data = {"action": job["action"], "changed": job["changed"], "left_out": json.loads(job["left_out"])}
    kind = "bulk.undone" if job["undoes"] else "bulk.done"
    record(tx, kind, job["worker_id"], project_id=job["project_id"], object_id=job["id"], data=to_json(data))


# ---- showing -------------------------------------------------------------------------------------------------------------
def _job(tx: Transaction, project_id: str, job_id: str) -> Row:
    row = tx.one("bulk_job_get", id=job_id)
    if row is None or row["project_id"] != project_id:
        raise NotFound("There is no such action.")
    return row


def job_json(db: Database, job_id: str, project_id: str | None = None) -> dict[str, Any]:
    """Where an action stands. Raises NotFound."""
    with db.read() as tx:
        row = tx.one("bulk_job_get", id=job_id) if project_id is None else _job(tx, project_id, job_id)
    if row is None:
        raise NotFound("There is no such action.")
    return _json(row)


def jobs_json(db: Database, project_id: str, before: str = "~", limit: int = 20) -> list[dict[str, Any]]:
    """The actions of a project, the newest first."""
    with db.read() as tx:
        project_row(tx, project_id)
        return [_json(row) for row in tx.all("bulk_job_list", project_id=project_id, before=before, n=limit)]


def _json(row: Row) -> dict[str, Any]:
    same: Iterable[str] = (
        "id", "action", "query", "state", "total", "looked", "changed", "created_at", "ended_at", "undoes", "undone_by",
    )  # fmt: skip
    ended = row["state"] in ("done", "running")
    can = ended and not row["undoes"] and not row["undone_by"] and action_of(row["action"]).undo is not None
    return {
        **{name: row[name] for name in same},
        "value": json.loads(row["value"]),
        "left_out": json.loads(row["left_out"]),
        "by": row["worker_name"],
        "can_undo": can,
    }
