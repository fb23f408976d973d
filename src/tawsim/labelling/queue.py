"""plan → queue → lease: handing out the next tasks, and expiry.

The plan is each task's `position` (set when it is imported); the queue is the index of open tasks by position; a lease
takes its head past the worker's own cursor. So a grant costs the same at 1,000 and at 1,000,000 tasks and after any
history: nothing that the worker had is walked again. A slot that was given back gets a rank in a second, shorter queue
that is served first. Taking answers is in submit.py.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tawsim.core.clock import SECOND
from tawsim.core.errors import NotFound
from tawsim.core.records import NoneReason, Project
from tawsim.labelling.media import media_of
from tawsim.labelling.presenting import media_names, present, read_drawn, to_shown
from tawsim.labelling.schemas import carried
from tawsim.labelling.slots import count_changes, end_lease, insert_lease, project_row, take_slot
from tawsim.store import rows
from tawsim.store.database import Row, Transaction

SWEEP_LIMIT = 500
LONGEST_WAIT_S = 30


@dataclass(frozen=True, slots=True)
class LeasedTask:
    """A task in a worker's hands. `shown` is what presenting.py lets out of its row: content, candidates, suggestions.
    `previous` holds the answers, comment and flag that an undo took back, in the names that this lease shows."""

    lease_id: str
    task_id: str
    deadline: int
    round: int
    seq: int
    shown: dict[str, Any]
    previous: dict[str, Any] | None = None

    @property
    def content(self) -> dict[str, Any]:
        """The columns of the row that the worker sees."""
        found: dict[str, Any] = self.shown["content"]
        return found


@dataclass(frozen=True, slots=True)
class Grant:
    """What `next_leases` found. `none` says why there are fewer than asked for (Q21)."""

    leases: tuple[LeasedTask, ...]
    none: NoneReason | None = None
    retry_after_s: int | None = None


def next_leases(tx: Transaction, project_id: str, worker_id: str, count: int) -> Grant:
    """The leases the worker holds already, then new ones, up to min(count, max_leases) (Q9).

    Raises NotFound for an unknown project or worker.
    """
    row = project_row(tx, project_id)
    project = rows.project(row)
    worker = tx.one("worker_get", id=worker_id)
    if worker is None:
        raise NotFound("There is no such worker.")
    if not worker["active"]:
        return Grant((), "deactivated")
    held = _held(tx, project_id, worker_id)
    if project.state != "running":
        return Grant(tuple(leased_task(tx, project, lease) for lease in held[:count]), "paused")
    want = min(count, project.max_leases)
    leases = list(held[:count])
    if len(held) < want:
        leases += _grant(tx, row, worker_id, want - len(held))
    tasks = tuple(leased_task(tx, project, lease) for lease in leases)
    if len(tasks) >= want:
        return Grant(tasks)
    reason, wait = _why_none(tx, project_id, worker_id)
    return Grant(tasks, reason, wait)


def _held(tx: Transaction, project_id: str, worker_id: str) -> list[Any]:
    """Live leases of this worker; one past its deadline ends here rather than being handed out again with no time left."""
    held = []
    for lease in tx.all("lease_live_of_worker", project_id=project_id, worker_id=worker_id):
        if lease["deadline"] <= tx.now:
            end_lease(tx, lease, "expired", actor_id="clock")
        else:
            held.append(lease)
    return held


def _grant(tx: Transaction, project: Row, worker_id: str, want: int) -> list[dict[str, Any]]:
    counts = tx.one("project_count_get", project_id=project["id"])
    place = tx.one("worker_project_get", project_id=project["id"], worker_id=worker_id)
    assert counts is not None
    cursor = _Cursor(place["position"] if place else 0, place["returned_rank"] if place else 0)
    granted: list[dict[str, Any]] = []
    swept = False
    while len(granted) < want:
        found = False
        for task in _heads(tx, project["id"], cursor, counts["visible_position"], want - len(granted)):
            found = True
            if tx.one("lease_had", worker_id=worker_id, task_id=task["id"], round=task["round"]):
                continue
            slot = take_slot(tx, task["id"], task["round"])
            if slot is None:
                continue
            granted.append(insert_lease(tx, project, task["id"], task["round"], worker_id, slot))
        if found:
            continue
        # Nothing left: an overdue lease may hold the slot that is needed (Q6), and expiry must not wait for the sweeper.
        if swept or sweep(tx) == 0:
            break
        swept = True
    if granted:
        count_changes(tx, project["id"], leases=len(granted))
    if granted or cursor.moved:
        # Also where nothing was granted: what was walked past now is not walked again at the next call.
        tx.run(
            "worker_project_move", project_id=project["id"], worker_id=worker_id, position=cursor.position,
            returned_rank=cursor.returned_rank, leases=len(granted),
        )  # fmt: skip
    return granted


@dataclass(slots=True)
class _Cursor:
    position: int
    returned_rank: int
    moved: bool = False


def _heads(tx: Transaction, project_id: str, cursor: _Cursor, visible_position: int, n: int) -> Iterator[Row]:
    """Up to n open tasks past the cursor, which moves along with each: first those that came back, then fresh ones."""
    returned = tx.all("queue_returned", project_id=project_id, after=cursor.returned_rank, n=n)
    for task in returned:
        cursor.returned_rank, cursor.moved = task["returned_rank"], True
        yield task
    if returned:
        return
    for task in tx.all(
        "queue_fresh", project_id=project_id, after=cursor.position, visible_position=visible_position, n=n
    ):
        cursor.position, cursor.moved = task["position"], True
        yield task


def _why_none(tx: Transaction, project_id: str, worker_id: str) -> tuple[NoneReason, int | None]:
    row = tx.one("lease_next_deadline", project_id=project_id, worker_id=worker_id)
    if row is None or row["deadline"] is None:
        return "done", None
    seconds = -(-(row["deadline"] - tx.now) // SECOND)
    return "leased", max(1, min(seconds, LONGEST_WAIT_S))


def leased_task(tx: Transaction, project: Project, lease: Any, previous: dict[str, Any] | None = None) -> LeasedTask:
    """A lease with its task as the worker sees it: nothing of other people's answers (Q22), no mark of gold (Q20).
    `previous`: answers, comment and flag that were taken back, as they were stored."""
    task = tx.one("task_with_content", id=lease["task_id"])
    assert task is not None
    content = json.loads(task["content"])
    drawn = read_drawn(lease["shown"])
    shown = present(project, content, drawn, media_of(tx, project.id, media_names(project, content)))
    if previous is not None:
        previous = {**previous, "answers": to_shown(project.questions, drawn, previous["answers"])}
    return LeasedTask(lease["id"], task["id"], lease["deadline"], lease["round"], task["seq"], shown, previous)


def own_work(tx: Transaction, project: Project, row: Row) -> dict[str, Any]:
    """A worker's own answer or draft as they saw it: `answers`, of those that fit the present questions, in the names that
    its lease showed, and the `task`. `row` is one of annotation_mine or draft_of_worker."""
    drawn = read_drawn(row["shown"])
    content = json.loads(row["content"])
    fit = carried(tx, project, row["schema_version"], json.loads(row["answers"]))
    shown = present(project, content, drawn, media_of(tx, project.id, media_names(project, content)))
    return {
        "answers": to_shown(project.questions, drawn, fit),
        "task": {"id": row["task_id"], "seq": row["seq"], **shown},
    }


def sweep(tx: Transaction, limit: int = SWEEP_LIMIT) -> int:
    """End overdue leases as `expired`, a stored event that no clock can take back (Q6). Returns how many."""
    overdue = tx.all("lease_overdue", now=tx.now, n=limit)
    for lease in overdue:
        end_lease(tx, lease, "expired", actor_id="clock")
    return len(overdue)
