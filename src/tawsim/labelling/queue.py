"""plan → queue → lease: handing out the next tasks, and expiry.

The plan is each task's `position` (set when it is imported); the queue of a lane is the index of its open tasks by position;
a lease takes its head past the worker's own place (walking.py). So a grant costs the same at 1,000 and at 1,000,000 tasks and
after any history: nothing that the worker had is walked again. A slot that was given back gets a rank in a second, shorter
queue that is served first. Tasks of known answer come in the place of one from the queue (gold.py). Taking answers is in
submit.py.
"""

import json
from dataclasses import dataclass
from typing import Any

from tawsim.core.clock import SECOND
from tawsim.core.errors import NotFound
from tawsim.core.records import NoneReason, Project
from tawsim.labelling.gold import KnownPurpose, chance, choose, rolls
from tawsim.labelling.masking import shown_id, shown_seq
from tawsim.labelling.media import media_of
from tawsim.labelling.presenting import media_names, present, read_drawn, to_shown
from tawsim.labelling.quotas import NO_QUOTA, room_of, take
from tawsim.labelling.schemas import carried
from tawsim.labelling.slots import count_changes, end_lease, insert_lease, project_row, take_slot
from tawsim.labelling.training import LEADS, Standing, move_on, standing_of
from tawsim.labelling.walking import Eligible, Lane, Walk, waiting_lanes, walk_of
from tawsim.store import rows
from tawsim.store.database import Row, Transaction

SWEEP_LIMIT = 500
LONGEST_WAIT_S = 30


@dataclass(frozen=True, slots=True)
class LeasedTask:
    """A task in a worker's hands. `shown` is what presenting.py lets out of its row: content, candidates, suggestions.
    `previous` holds the answers, comment and flag that an undo took back, in the names that this lease shows. `shown_id` and
    `shown_seq` are what the worker calls the task (masking.py)."""

    lease_id: str
    task_id: str
    deadline: int
    round: int
    seq: int
    shown: dict[str, Any]
    previous: dict[str, Any] | None = None
    shown_id: str = ""
    shown_seq: int = 0

    @property
    def content(self) -> dict[str, Any]:
        """The columns of the row that the worker sees."""
        found: dict[str, Any] = self.shown["content"]
        return found


@dataclass(frozen=True, slots=True)
class Grant:
    """What `next_leases` found. `none` says why there are fewer than asked for (Q21); `standing` where the worker stands in the
    training round, if they are in it."""

    leases: tuple[LeasedTask, ...]
    none: NoneReason | None = None
    retry_after_s: int | None = None
    standing: dict[str, Any] | None = None


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
    stands = standing_of(tx, project, worker)
    want = min(count, project.max_leases)
    leases: list[Any] = list(held[:count])
    reason = stands.none
    if len(held) < want and reason is None:
        asked = _Asked(tx, row, project, worker)
        stands, granted, reason = asked.grant(stands, want - len(held), held=len(held))
        leases += granted
    tasks = tuple(leased_task(tx, project, lease) for lease in leases)
    # Examples come one at a time, since each is explained before the next.
    if len(tasks) >= want or (tasks and stands.serves == "training"):
        return Grant(tasks, standing=stands.to_json())
    wait = None
    if reason is None:
        reason, wait = _why_none(tx, project_id, worker_id)
    return Grant(tasks, reason, wait, stands.to_json())


def _held(tx: Transaction, project_id: str, worker_id: str) -> list[Any]:
    """Live leases of this worker; one past its deadline ends here rather than being handed out again with no time left."""
    held = []
    for lease in tx.all("lease_live_of_worker", project_id=project_id, worker_id=worker_id):
        if lease["deadline"] <= tx.now:
            end_lease(tx, lease, "expired", actor_id="clock")
        else:
            held.append(lease)
    return held


class _Asked:
    """One worker asking one project for tasks, inside one transaction."""

    def __init__(self, tx: Transaction, row: Row, project: Project, worker: Row) -> None:
        self.tx, self.row, self.project, self.worker = tx, row, project, worker
        self.worker_id: str = worker["id"]
        counts = tx.one("project_count_get", project_id=project.id)
        assert counts is not None
        self.counts = counts
        self.place = tx.one("worker_project_get", project_id=project.id, worker_id=self.worker_id)
        self.number = self.place["granted"] if self.place is not None else 0
        self.room = NO_QUOTA
        self.granted: list[dict[str, Any]] = []

    def grant(
        self, stands: Standing, want: int, *, held: int
    ) -> tuple[Standing, list[dict[str, Any]], NoneReason | None]:
        """Up to `want` new leases; where the worker stands then; why there are fewer (None: the queue says why)."""
        self.room = room_of(self.tx, self.project, self.worker_id, self.counts, self.place)
        reason: NoneReason | None = None
        if self.room.left < want:
            want, reason = self.room.left, "quota"
        walk = walk_of(self.tx, self.counts, self.place, self.worker_id)
        if stands.serves == "work":
            self._work(walk, want)
        elif want:
            stands, reason = self._known(walk, stands, want, held)
        self._keep(walk)
        # Where fewer tasks than the quota leaves were found, it is not the quota.
        return stands, self.granted, reason if len(self.granted) >= want or stands.serves != "work" else None

    def _work(self, walk: Walk, want: int) -> None:
        """Tasks from the queue, and here and there gold in the place of one."""
        gold = self.project.settings.gold.on and self.worker["role"] not in LEADS
        rate = rolls(self.tx, self.project, self.worker_id) if gold else 0.0
        swept = False
        while len(self.granted) < want:
            # Looked at also where gold takes its place: gold comes only where there is work, and costs the same.
            task = walk.peek(want - len(self.granted))
            if task is None:
                # An overdue lease may hold the slot that is needed (Q6), and expiry must not wait for the sweeper.
                if swept or sweep(self.tx) == 0:
                    return
                swept = True
                walk.keep()
                plain = walk.everybodys()
                walk = self._again(walk, plain)
                continue
            if rate and chance() < rate and self._take_known(walk, "gold"):
                continue
            walk.step()
            self._take(task)

    def _again(self, walk: Walk, plain: Lane) -> Walk:
        """The same walk with the lanes that have an open task now."""
        fresh = walk_of(self.tx, self.counts, self.place, self.worker_id)
        lanes = [plain if lane.id == plain.id else lane for lane in fresh.lanes]
        walk.lanes[:] = lanes
        return walk

    def _known(self, walk: Walk, stands: Standing, want: int, held: int) -> tuple[Standing, NoneReason | None]:
        """Tasks of the training round: examples, then gold until it tells. `held` are in hand already."""
        if stands.serves == "training":
            if stands.stage == "new":
                stands = move_on(self.tx, self.project, self.worker_id, stands, "training")
            if held:
                return stands, None
            if stands.done < stands.of and self._take_known(walk, "training"):
                return stands, None
            stands = move_on(self.tx, self.project, self.worker_id, stands, "qualifying")
        for _ in range(min(want, stands.of - stands.done - held)):
            if not self._take_known(walk, "gold"):
                break
        # Without another task of known answer nothing more can tell: a lead decides.
        return stands, None if len(self.granted) >= want else "not_qualified"

    def _take_known(self, walk: Walk, purpose: KnownPurpose) -> bool:
        task = choose(self.tx, self.counts, self.worker_id, purpose, walk.allowed)
        return task is not None and self._take(task, purpose)

    def _take(self, task: Any, purpose: str = "work") -> bool:
        slot = take_slot(self.tx, task["id"], task["round"], purpose)
        if slot is None:
            return False
        self.number += 1
        self.granted.append(
            insert_lease(
                self.tx, self.row, task["id"], task["round"], self.worker_id, slot, number=self.number,
                day=self.room.number,
            )
        )  # fmt: skip
        return True

    def _keep(self, walk: Walk) -> None:
        """Store what was counted, and the places: also where nothing was granted, what was walked past now is not walked
        again at the next call."""
        n = len(self.granted)
        take(self.tx, self.room, n)
        if n:
            count_changes(self.tx, self.project.id, leases=n)
        walk.keep()
        plain = walk.everybodys()
        if n or plain.moved:
            self.tx.run(
                "worker_project_move", project_id=self.project.id, worker_id=self.worker_id, position=plain.position,
                returned_rank=plain.returned_rank, leases=n,
            )  # fmt: skip


def _why_none(tx: Transaction, project_id: str, worker_id: str) -> tuple[NoneReason, int | None]:
    """Nothing is left for this worker, or others hold what is (Q21)."""
    counts = tx.one("project_count_get", project_id=project_id)
    assert counts is not None
    if counts["lanes"]:
        mine = Eligible(tx, worker_id)
        found = tx.all("lease_next_deadline_by_lane", project_id=project_id, worker_id=worker_id)
        deadline = min((row["deadline"] for row in found if row["lane_id"] in mine), default=None)
    else:
        row = tx.one("lease_next_deadline", project_id=project_id, worker_id=worker_id)
        deadline = None if row is None else row["deadline"]
    if deadline is None:
        return "paused" if counts["lanes"] and waiting_lanes(tx, project_id, worker_id) else "done", None
    seconds = -(-(deadline - tx.now) // SECOND)
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
    return LeasedTask(
        lease["id"], task["id"], lease["deadline"], lease["round"], task["seq"], shown, previous,
        shown_id(project, lease["worker_id"], task["id"]), shown_seq(project, task["seq"], lease["number"]),
    )  # fmt: skip


def own_work(tx: Transaction, project: Project, row: Row) -> dict[str, Any]:
    """A worker's own answer or draft as they saw it: `answers`, of those that fit the present questions, in the names that
    its lease showed, and the `task`. `row` is one of annotation_mine or draft_of_worker."""
    drawn = read_drawn(row["shown"])
    content = json.loads(row["content"])
    fit = carried(tx, project, row["schema_version"], json.loads(row["answers"]))
    shown = present(project, content, drawn, media_of(tx, project.id, media_names(project, content)))
    return {
        "answers": to_shown(project.questions, drawn, fit),
        "task_id": shown_id(project, row["worker_id"], row["task_id"]),
        "task": {
            "id": shown_id(project, row["worker_id"], row["task_id"]),
            "seq": shown_seq(project, row["seq"], row["number"]),
            **shown,
        },
    }


def sweep(tx: Transaction, limit: int = SWEEP_LIMIT) -> int:
    """End overdue leases as `expired`, a stored event that no clock can take back (Q6). Returns how many."""
    overdue = tx.all("lease_overdue", now=tx.now, n=limit)
    for lease in overdue:
        end_lease(tx, lease, "expired", actor_id="clock")
    return len(overdue)
