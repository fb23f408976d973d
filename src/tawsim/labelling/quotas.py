"""Quotas: how many tasks one person may have, for a day, in all, and as a share of the project. Checked and taken in the
transaction of the grant (Q19).

What counts is what a person holds or answered, of any purpose: a quota that left out tasks of known answer would tell which
they are. A task that is let go, skipped or expires is given back.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime, time, timedelta
from typing import Any

from tawsim.core.clock import SECOND
from tawsim.core.errors import BadInput, NotFound
from tawsim.core.records import Project
from tawsim.core.settings import Quota, read_settings
from tawsim.labelling.slots import project_row
from tawsim.store.database import Row, Transaction
from tawsim.store.keys import record
from tawsim.store.rows import to_json
from tawsim.workspaces.profiles import profile_of, zone

HOUR = 3_600 * SECOND
# A day is not over before this, whatever became of the time zone meanwhile: the shortest day of any zone has 23 hours.
SHORTEST_DAY = 23 * HOUR
# No day is longer than this: where one ends later, the clock was set back since it began.
LONGEST_DAY = 48 * HOUR
NO_LIMIT = 1 << 40


@dataclass(frozen=True, slots=True)
class Room:
    """How many tasks more a worker may be given now, and the day that they count on (None: there is no daily quota)."""

    left: int = NO_LIMIT
    day: Mapping[str, Any] | None = None

    @property
    def number(self) -> int:
        """The number of the day, as leases keep it."""
        return 0 if self.day is None else int(self.day["day"])


NO_QUOTA = Room()


def limits_of(project: Project, own: str = "{}") -> Quota:
    """The limits that hold for one person: their own where they have some, the project's elsewhere."""
    limits = project.settings.quota
    return limits if own == "{}" else Quota(**(asdict(limits) | json.loads(own)))


def room_of(tx: Transaction, project: Project, worker_id: str, counts: Row, place: Row | None) -> Room:
    """What the quotas leave this worker. `counts` and `place` are the rows of project_count and worker_project."""
    own = "{}"
    if counts["quotas"]:
        member = tx.one("member_get", project_id=project.id, worker_id=worker_id)
        own = "{}" if member is None else member["quota"]
    limits = limits_of(project, own)
    if limits == Quota():
        return NO_QUOTA
    had = 0 if place is None else place["answers"] + place["leases"]
    left = NO_LIMIT
    if limits.per_worker:
        left = min(left, limits.per_worker - had)
    if limits.share:
        left = min(left, int(limits.share * counts["answers_wanted"] + 1e-9) - had)
    day = _day(tx, project.id, worker_id) if limits.per_day else None
    if day is not None:
        left = min(left, limits.per_day - day["taken"])
    return Room(max(left, 0), day)


def take(tx: Transaction, room: Room, n: int) -> None:
    """Count n tasks on the day."""
    if room.day is not None and n:
        tx.run("day_put", **{**room.day, "taken": room.day["taken"] + n})


def _day(tx: Transaction, project_id: str, worker_id: str) -> Mapping[str, Any]:
    """The day that counts now. A day ends at the midnight that was next when it began, of the time zone that held then."""
    name = profile_of(tx, worker_id).time_zone or "UTC"
    row = tx.one("day_get", project_id=project_id, worker_id=worker_id)
    if row is None:
        held = {"project_id": project_id, "worker_id": worker_id, "day": 1, "zone": name, "taken": 0}
        return held | {"ends_at": midnight_after(tx.now, name)}
    day = dict(row)
    if day["ends_at"] - tx.now > LONGEST_DAY:  # the clock was set back: the same day goes on, until the next midnight
        day |= {"ends_at": midnight_after(tx.now, name)}
        tx.run("day_put", **day)  # also where nothing is granted: else it would go on for ever
        return day
    if tx.now < day["ends_at"]:
        return day
    # Another zone than yesterday's: its first midnight may come too soon.
    least = tx.now if name == day["zone"] else day["ends_at"] + SHORTEST_DAY
    return day | {"day": day["day"] + 1, "zone": name, "taken": 0, "ends_at": midnight_after(max(least, tx.now), name)}


def midnight_after(now: int, name: str) -> int:
    """The first midnight after `now` (µs) in the zone; UTC where this machine does not know it."""
    there = zone(name) or UTC
    local = datetime.fromtimestamp(now / SECOND, UTC).astimezone(there)
    midnight = datetime.combine(local.date() + timedelta(days=1), time.min, tzinfo=there)
    return max(int(midnight.timestamp()) * SECOND, now + SECOND)


def set_quota(tx: Transaction, actor_id: str, project_id: str, worker_id: str, limits: Mapping[str, Any]) -> Quota:
    """Give one person limits of their own; a field that is not named follows the project's. Raises BadInput, NotFound."""
    project_row(tx, project_id)
    if tx.one("worker_get", id=worker_id) is None:
        raise NotFound("There is no such worker.")
    known = {one.name for one in fields(Quota)}
    for name in limits:
        if name not in known:
            raise BadInput(f"There is no field {str(name)[:40]!r} in a quota.", "Fields: " + ", ".join(sorted(known)))
    clean = read_settings({name: value for name, value in limits.items() if value is not None}, Quota, "quota")
    own = {name: getattr(clean, name) for name, value in limits.items() if value is not None}
    tx.run("quota_set", project_id=project_id, worker_id=worker_id, quota=to_json(own), now=tx.now)
    tx.run("quota_count_set", project_id=project_id)
    record(tx, "member.quota", actor_id, project_id=project_id, object_id=worker_id, data=to_json(own))
    found: Quota = clean
    return found
