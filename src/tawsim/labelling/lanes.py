"""Lanes: which people may be given a task, and which tasks come first. The walk along them is in walking.py.

A lane is a priority, a requirement and a batch; a task stands in one. Everybody's lane, at priority 0 and of no batch, has the
empty name and costs nothing. A worker has a place of their own in each lane, so a task that they may not have is never walked
past: who learns a language starts that lane at its beginning. Nobody is given tasks of a lane that is held (batches.py).
"""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from functools import lru_cache
from typing import Any

from tawsim.core.errors import BadInput, NotFound
from tawsim.core.ids import new_id
from tawsim.labelling.slots import next_returned_rank
from tawsim.store.database import Row, Transaction
from tawsim.store.keys import record
from tawsim.store.rows import to_json
from tawsim.workspaces.profiles import MAX_ITEMS, Profile, read_profile

EVERYBODY = ""
NO_BATCH = ""
# Of a batch in one of these states nobody is given a task.
HELD_STATES = frozenset({"staging", "paused", "cancelled"})
PRIORITIES = (-100, 100)
MAX_LANES = 1_000
MAX_TASKS = 10_000


@dataclass(frozen=True, slots=True)
class Requirement:
    """Who may be given a task. Of `languages`, `dialects` and `groups` a person needs one of those named, of `skills` all. A
    language is met by a tag that begins with it: ar by ar-EG. `workers` (ids) stands alone: these people and nobody else."""

    languages: tuple[str, ...] = ()
    dialects: tuple[str, ...] = ()
    skills: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    workers: tuple[str, ...] = ()

    def met_by(self, worker_id: str, profile: Profile) -> bool:
        """Whether this worker may have tasks of the lane."""
        if self.workers:
            return worker_id in self.workers
        return (
            _any_language(self.languages, profile.languages)
            and (not self.dialects or not set(self.dialects).isdisjoint(profile.dialects))
            and (not self.groups or not set(self.groups).isdisjoint(profile.groups))
            and set(self.skills) <= set(profile.skills)
        )

    def to_text(self) -> str:
        """As its lane keeps it; the same requirement gives the same text."""
        return to_json({name: sorted(value) for name, value in asdict(self).items() if value})


ANYBODY = Requirement()


def _any_language(wanted: Sequence[str], spoken: Sequence[str]) -> bool:
    """Basic filtering of RFC 4647, 3.3.1."""
    return not wanted or any(one == tag or tag.startswith(f"{one}-") for one in wanted for tag in spoken)


def read_requirement(data: Any) -> Requirement:
    """`Requirement` from JSON. Raises BadInput that names the field; whether workers exist is asked by `assign`."""
    if not isinstance(data, Mapping):
        raise BadInput("A requirement comes as an object.", 'Such as {"languages": ["ar"]}.')
    known = [one.name for one in fields(Requirement)]
    for name in data:
        if name not in known:
            raise BadInput(f"There is no field {str(name)[:40]!r} in a requirement.", "Fields: " + ", ".join(known))
    workers = data.get("workers") or ()
    if (
        not isinstance(workers, list | tuple)
        or len(workers) > MAX_ITEMS
        or not all(isinstance(w, str) for w in workers)
    ):
        raise BadInput(f"workers is a list of at most {MAX_ITEMS} ids.")
    profile = read_profile({name: value for name, value in data.items() if name != "workers"})
    found = Requirement(
        profile.languages, profile.dialects, profile.skills, profile.groups, tuple(dict.fromkeys(workers))
    )
    if found.workers and found != Requirement(workers=found.workers):
        raise BadInput("workers stands alone: these people and nobody else.", "Leave the other fields out.")
    return found


@lru_cache(maxsize=4096)
def stored_requirement(text: str) -> Requirement:
    """The requirement that a lane keeps as `text`. Remembered by the text itself, so nothing stale can come."""
    return Requirement(**{name: tuple(value) for name, value in json.loads(text).items()})


def lane_of(tx: Transaction, project_id: str, requirement: Requirement, priority: int, batch_id: str = NO_BATCH) -> str:
    """The id of the lane, made where there is none yet. Raises BadInput where a project, or a batch, has too many."""
    text = requirement.to_text()
    if text == "{}" and priority == 0 and batch_id == NO_BATCH:
        return EVERYBODY
    row = tx.one("lane_find", project_id=project_id, batch_id=batch_id, priority=priority, requirement=text)
    if row is not None:
        return str(row["id"])
    there = tx.one("lane_count", project_id=project_id, batch_id=batch_id)
    if there is not None and there["n"] >= MAX_LANES:
        what = "A batch" if batch_id else "A project"
        raise BadInput(f"{what} has at most {MAX_LANES:,} lanes.", "Ask for fewer different requirements.")
    lane_id = new_id(tx.now)
    tx.run(
        "lane_insert", id=lane_id, project_id=project_id, priority=priority, requirement=text, batch_id=batch_id,
        held=int(_waits(tx, batch_id)), created_at=tx.now,
    )  # fmt: skip
    tx.run("lane_count_add", project_id=project_id)
    return lane_id


def _waits(tx: Transaction, batch_id: str) -> bool:
    """Whether the batch is one of whose tasks nobody is given any now."""
    if batch_id == NO_BATCH:
        return False
    batch = tx.one("batch_get", id=batch_id)
    if batch is None:
        raise NotFound("There is no such batch.")
    return batch["state"] in HELD_STATES


def lane_facts(tx: Transaction, lane_id: str) -> tuple[Requirement, int]:
    """Requirement and priority of a lane."""
    if lane_id == EVERYBODY:
        return ANYBODY, 0
    row = tx.one("lane_get", id=lane_id)
    assert row is not None
    return stored_requirement(row["requirement"]), int(row["priority"])


def check_priority(value: Any, where: str = "priority") -> int:
    """A whole number from -100 to 100, or BadInput."""
    low, high = PRIORITIES
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise BadInput(f"{where} is a whole number from {low} to {high}, not {str(value)[:40]!r}.")
    return value


def set_priority(tx: Transaction, actor_id: str, task_ids: Sequence[str], n: int) -> int:
    """Let these tasks come before (n > 0) or after (n < 0) those of priority 0. Returns how many changed; raises NotFound,
    BadInput. Who may have them stays."""
    check_priority(n)
    return _move(tx, "task.priority", actor_id, task_ids, lambda requirement, _priority: (requirement, n))


def assign(tx: Transaction, actor_id: str, task_ids: Sequence[str], requirement: Requirement) -> int:
    """Say who may be given these tasks from now on; their priority stays. Leases that are out stay where they are. Returns
    how many changed; raises NotFound for a task or a worker that is not there."""
    for worker_id in requirement.workers:
        if tx.one("worker_get", id=worker_id) is None:
            raise NotFound("There is no such worker.")
    return _move(tx, "task.assigned", actor_id, task_ids, lambda _requirement, priority: (requirement, priority))


def _move(tx: Transaction, kind: str, actor_id: str, task_ids: Sequence[str], change: Any) -> int:
    if len(task_ids) > MAX_TASKS:
        raise BadInput(f"At most {MAX_TASKS:,} tasks at once.", "Send them in pieces.")
    tasks = sorted((_task(tx, one) for one in dict.fromkeys(task_ids)), key=lambda row: row["position"])
    places: dict[tuple[str, str], tuple[str, int]] = {}
    for task in tasks:
        at = (task["project_id"], task["lane_id"])
        if at not in places:
            requirement, priority = change(*lane_facts(tx, task["lane_id"]))
            batch_id = task["batch_id"] or NO_BATCH  # a task stays in its batch wherever it moves
            places[at] = lane_of(tx, task["project_id"], requirement, priority, batch_id), priority
    moved = [task for task in tasks if places[task["project_id"], task["lane_id"]][0] != task["lane_id"]]
    for task in moved:
        lane_id, priority = places[task["project_id"], task["lane_id"]]
        # A rank of its own, in the order of the plan: the task lies past the place of everybody in its new lane.
        rank = next_returned_rank(tx, task["project_id"])
        tx.run("task_set_lane", id=task["id"], lane_id=lane_id, priority=priority, returned_rank=rank)
        requirement, _ = lane_facts(tx, lane_id)
        record(
            tx, kind, actor_id, project_id=task["project_id"], task_id=task["id"], object_id=task["id"],
            data=to_json({"priority": priority, "requirement": json.loads(requirement.to_text())}),
        )  # fmt: skip
    return len(moved)


def _task(tx: Transaction, task_id: str) -> Row:
    row = tx.one("task_get", id=task_id)
    if row is None:
        raise NotFound("There is no such task.")
    return row


def lanes_of(tx: Transaction, project_id: str) -> list[dict[str, Any]]:
    """The lanes of a project in the order in which they are tried, with the number of open tasks in each; of those of
    batches only the ones that have an open task. `held`: nobody is given any of them now."""
    sizes = {row["lane_id"]: row["n"] for row in tx.all("lane_sizes", project_id=project_id)}
    found: list[tuple[tuple[float | str, ...], dict[str, Any]]] = [
        (
            order_of(0, "{}", EVERYBODY),
            {"id": EVERYBODY, "priority": 0, "requirement": {}, "batch": None, "held": False},
        )
    ]
    for row in tx.all("lane_list", project_id=project_id):
        batch = tx.one("batch_get", id=row["batch_id"]) if row["batch_id"] and row["id"] in sizes else None
        if row["batch_id"] and batch is None:
            continue
        more = (
            {} if batch is None else {"rank": batch["rank"], "kind": batch["kind"], "grouped": bool(batch["grouped"])}
        )
        turn = order_of(row["priority"], row["requirement"], row["id"], batch_id=row["batch_id"], **more)
        one = {"id": row["id"], "priority": row["priority"], "requirement": json.loads(row["requirement"])}
        found.append((turn, one | {"batch": batch and batch["name"], "held": bool(row["held"])}))
    found.sort(key=lambda one: one[0])
    return [one | {"open": sizes.get(one["id"], 0)} for _, one in found]


def order_of(
    priority: int, requirement: str, lane_id: str, *, rank: int | None = None, batch_id: str = NO_BATCH,
    kind: str | None = None, grouped: bool = False,
) -> tuple[float | str, ...]:  # fmt: skip
    """Lanes are tried in the order of this.

    What is said of a task comes before what is said of its batch: first the higher priority; then batches by their rank, and
    what has none after them; then what not everybody may have; then calibration; then the older batch, and the older lane.
    """
    narrow = requirement != "{}" or grouped
    last = math.inf if rank is None else rank
    return (-priority, last, not narrow, kind != "calibration" if batch_id else True, batch_id, lane_id)
