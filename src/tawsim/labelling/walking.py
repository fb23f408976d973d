"""The heads of the lanes that are open to one worker, one after the other. Takes no slot and makes no lease.

Each lane is two indexes: tasks that came back, then fresh ones, past the worker's own place in it. A place moves past a task
only when the worker takes it, or has had it; so nothing is walked twice and nothing is walked past. Only lanes that have an
open task are met at all, and of these nobody asks who may have them, or where the worker stands, before their turn.
"""

from collections import deque
from dataclasses import dataclass, field

from tawsim.labelling.lanes import EVERYBODY, order_of, stored_requirement
from tawsim.store.database import Row, Transaction
from tawsim.workspaces.profiles import Profile, profile_of

NOTHING = "{}"


@dataclass(slots=True)
class Eligible:
    """Which lanes one worker may have tasks of. `lane in eligible` asks by its id; the profile is read when first needed."""

    tx: Transaction
    worker_id: str
    _profile: Profile | None = None

    def meets(self, lane: Row) -> bool:
        """Whether nothing holds the lane back, the worker meets what it asks for, and its batch was given to them."""
        if lane["held"]:
            return False
        return self.would_meet(lane)

    def would_meet(self, lane: Row) -> bool:
        """`meets`, if nothing held the lane back."""
        asked = lane["requirement"]
        if asked != NOTHING and not stored_requirement(asked).met_by(self.worker_id, self._known()):
            return False
        given = {"batch_id": lane["batch_id"], "worker_id": self.worker_id}
        return not lane["grouped"] or self.tx.one("batch_has_worker", **given) is not None

    def _known(self) -> Profile:
        if self._profile is None:
            self._profile = profile_of(self.tx, self.worker_id)
        return self._profile

    def __contains__(self, lane_id: object) -> bool:
        if lane_id == EVERYBODY:
            return True
        row = self.tx.one("lane_with_batch", id=lane_id)
        return row is not None and self.meets(row)


@dataclass(slots=True)
class Lane:
    """A worker's place in one lane, and the tasks read ahead of it. `row` is None for everybody's; `tried`: its turn has come,
    and `mine` then says whether the worker may have its tasks."""

    id: str
    position: int = 0
    returned_rank: int = 0
    row: Row | None = None
    tried: bool = False
    mine: bool = True
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
    allowed: Eligible

    def peek(self, n: int) -> Row | None:
        """The task that is next, of which the worker has nothing yet; None where no lane has one. Reads n at a time."""
        for lane in self.lanes:
            while self._is_mine(lane):
                if not lane.ahead:
                    lane.fill(self.tx, self.project_id, self.visible_position, n)
                if not lane.ahead:
                    break
                task = lane.ahead[0]
                if self.tx.one("lease_had", worker_id=self.worker_id, task_id=task["id"], round=task["round"]) is None:
                    return task
                lane.step()
        return None

    def _is_mine(self, lane: Lane) -> bool:
        """Whether the worker may have tasks of it; at its first turn also where they stand in it."""
        if lane.row is not None and not lane.tried:
            lane.tried = True
            lane.mine = self.allowed.meets(lane.row)
            if lane.mine:
                self._find_place(lane)
        return lane.mine

    def _find_place(self, lane: Lane) -> None:
        place = self.tx.one("worker_lane_get", project_id=self.project_id, worker_id=self.worker_id, lane_id=lane.id)
        if place is not None:
            lane.position, lane.returned_rank = place["position"], place["returned_rank"]

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
    lanes = [plain]
    if counts["lanes"]:
        lanes += [Lane(row["id"], row=row) for row in tx.all("lane_open", project_id=project_id)]
        lanes.sort(key=_turn)
    return Walk(tx, project_id, worker_id, counts["visible_position"], lanes, Eligible(tx, worker_id))


def _turn(lane: Lane) -> tuple[float | str, ...]:
    row = lane.row
    if row is None:
        return order_of(0, NOTHING, EVERYBODY)
    return order_of(
        row["priority"], row["requirement"], row["id"], rank=row["rank"], batch_id=row["batch_id"], kind=row["kind"],
        grouped=bool(row["grouped"]),
    )  # fmt: skip


def waiting_lanes(tx: Transaction, project_id: str, worker_id: str) -> bool:
    """Whether tasks that this worker could be given stand in a batch that waits."""
    eligible = Eligible(tx, worker_id)
    return any(eligible.would_meet(row) for row in tx.all("lane_waiting", project_id=project_id))
