"""The heads of the lanes that are open to one worker, one after the other. Takes no slot and makes no lease.

Each lane is two indexes: tasks that came back, then fresh ones, past the worker's own place in it. A place moves past a task
only when the worker takes it, or has had it; so nothing is walked twice and nothing is walked past.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

from tawsim.labelling.lanes import EVERYBODY, order_of, stored_requirement
from tawsim.store.database import Row, Transaction
from tawsim.workspaces.profiles import profile_of


@dataclass(slots=True)
class Lane:
    """A worker's place in one lane, and the tasks read ahead of it."""

    id: str
    position: int = 0
    returned_rank: int = 0
    moved: bool = False
    ahead: deque[Row] = field(default_factory=deque)

    def fill(self, tx: Transaction, project_id: str, visible_position: int, n: int) -> None:
        """Read up to n tasks: those that came back, or else fresh ones."""
        self.ahead.extend(
            tx.all("queue_returned", project_id=project_id, lane_id=self.id, after=self.returned_rank, n=n)
            or tx.all(
                "queue_fresh", project_id=project_id, lane_id=self.id, after=self.position,
                visible_position=visible_position, n=n,
            )
        )  # fmt: skip

    def step(self) -> None:
        """Move past the first task ahead."""
        task = self.ahead.popleft()
        self.moved = True
        if "returned_rank" in task.keys():  # noqa: SIM118 - a row of sqlite3 has no other way to tell
            self.returned_rank = task["returned_rank"]
        else:
            self.position = task["position"]


@dataclass(slots=True)
class Walk:
    """One worker's walk through the queue of a project, inside one transaction."""

    tx: Transaction
    project_id: str
    worker_id: str
    visible_position: int
    lanes: list[Lane]
    allowed: frozenset[str]

    def peek(self, n: int) -> Row | None:
        """The task that is next, of which the worker has nothing yet; None where no lane has one. Reads n at a time."""
        for lane in self.lanes:
            while True:
                if not lane.ahead:
                    lane.fill(self.tx, self.project_id, self.visible_position, n)
                if not lane.ahead:
                    break
                task = lane.ahead[0]
                if self.tx.one("lease_had", worker_id=self.worker_id, task_id=task["id"], round=task["round"]) is None:
                    return task
                lane.step()
        return None

    def step(self) -> None:
        """Move past the task that `peek` gave."""
        next(lane for lane in self.lanes if lane.ahead).step()

    def everybodys(self) -> Lane:
        """The place in everybody's lane."""
        return next(lane for lane in self.lanes if lane.id == EVERYBODY)

    def keep(self) -> None:
        """Store the places in lanes of their own that moved; that in everybody's is the caller's to store."""
        for lane in self.lanes:
            if lane.moved and lane.id != EVERYBODY:
                self.tx.run(
                    "worker_lane_move", project_id=self.project_id, worker_id=self.worker_id, lane_id=lane.id,
                    position=lane.position, returned_rank=lane.returned_rank,
                )  # fmt: skip


def walk_of(tx: Transaction, counts: Row, place: Row | None, worker_id: str) -> Walk:
    """The walk of a worker. `counts`: the project's row of counts; `place`: the worker's row in it, if there is one."""
    project_id = counts["project_id"]
    plain = Lane(EVERYBODY, place["position"], place["returned_rank"]) if place is not None else Lane(EVERYBODY)
    lanes, allowed = [plain], frozenset({EVERYBODY})
    if counts["lanes"]:
        mine = open_lanes(tx, project_id, worker_id)
        allowed |= {row["id"] for row in mine}
        held = {row["lane_id"]: row for row in tx.all("worker_lane_list", project_id=project_id, worker_id=worker_id)}
        lanes = [plain if row is None else _lane(row["id"], held.get(row["id"])) for row in _in_order(mine)]
    return Walk(tx, project_id, worker_id, counts["visible_position"], lanes, allowed)


def _lane(lane_id: str, held: Row | None) -> Lane:
    return Lane(lane_id) if held is None else Lane(lane_id, held["position"], held["returned_rank"])


def open_lanes(tx: Transaction, project_id: str, worker_id: str) -> list[Row]:
    """The lanes, besides everybody's, whose requirement this worker meets."""
    profile = profile_of(tx, worker_id)
    return [
        row
        for row in tx.all("lane_list", project_id=project_id)
        if stored_requirement(row["requirement"]).met_by(worker_id, profile)
    ]


def _in_order(rows: Sequence[Row]) -> list[Row | None]:
    """Lanes that have an open task, in the order in which they are tried; None stands for everybody's."""
    keyed: list[tuple[tuple[int, bool, str], Row | None]] = [
        (order_of(row["priority"], row["requirement"] != "{}", row["id"]), row) for row in rows if row["has_open"]
    ]
    keyed.append((order_of(0, False, EVERYBODY), None))
    return [row for _, row in sorted(keyed, key=lambda one: one[0])]
