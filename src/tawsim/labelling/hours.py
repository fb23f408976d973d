"""Active time: how long people worked, by person, project and day, from the server's clock. What it pays is in ledger/.

**The rule.** Each counted microsecond is a microsecond of real time, counted once. An act (an answer, a skip, a change, a
verdict) ends at `now` and cannot have begun before `since`, when its task was given out. It claims a length:

- the browser said how long hands were on it (`spent`): that length. The browser stops its watch while the page is hidden and
  when no hand has moved for `settings.pay.idle_seconds`;
- nothing was said: the time since the person's last act or since `since`, the later of the two, at most `idle_seconds`.

What is claimed is taken from the free time between `since` and `now`, the earliest first; what there is not, is not counted.
Time that was taken is free no more.

**Why the sum never exceeds real time.** Pieces of one person are taken out of what is free, so no two overlap, in any project
and after any number of acts; each lies between the `since` and the `now` of its act. So what acts of a span count is at most
the length of that span: an hour offline that is sent at once counts at most that hour, ten answers in one batch share the gap
before them, tasks that waited in the browser claim only what hands spent on them, and a clock that is set back finds its time
taken. A stretch that is older than the 64 newest ones is closed: nothing before its end is counted any more.

What is left to trust: within the time that really passed, a changed browser can say more than was worked. The part that rests
on its word alone is kept apart (`on_word`) and shown wherever hours are.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo

from tawsim.core.clock import SECOND
from tawsim.core.errors import BadInput
from tawsim.ledger.pay import pay, rates_of
from tawsim.store import rows
from tawsim.store.database import Row, Transaction
from tawsim.store.rows import to_json
from tawsim.workspaces.profiles import stored, zone

KEPT = 64
LONGEST_SPENT_MS = 24 * 3600 * 1000
Stretch = tuple[int, int]
EARLIEST, LATEST = "", "~"  # sort before and after every day


@dataclass(frozen=True, slots=True)
class Claimed:
    """`taken` and `closed_until` as they are from now on, and the `pieces` that were counted."""

    taken: tuple[Stretch, ...]
    closed_until: int
    pieces: tuple[Stretch, ...]

    @property
    def length(self) -> int:
        """Microseconds that were counted."""
        return sum(end - start for start, end in self.pieces)


@dataclass(frozen=True, slots=True)
class WorkDay:
    """One person's day in one project. `active` and `on_word` in microseconds; `answers` that were sent on it."""

    worker_id: str
    project_id: str
    day: str
    active: int
    on_word: int
    answers: int


def claim(taken: Sequence[Stretch], closed_until: int, since: int, now: int, want: int) -> Claimed:
    """Take `want` microseconds out of what is free from `since` to `now`, the earliest first. `taken` is sorted and apart."""
    pieces: list[Stretch] = []
    at = max(since, closed_until)
    for start, end in (*taken, (now, now)):
        free = min(start, now, at + want)
        if free > at:
            pieces.append((at, free))
            want -= free - at
        at = max(at, end)
        if want <= 0 or at >= now:
            break
    whole = _joined(sorted([*taken, *pieces]))
    dropped = whole[:-KEPT]
    return Claimed(tuple(whole[-KEPT:]), max([closed_until, *(end for _, end in dropped)]), tuple(pieces))


def _joined(stretches: Sequence[Stretch]) -> list[Stretch]:
    found: list[Stretch] = []
    for start, end in stretches:
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], end))
        else:
            found.append((start, end))
    return found


def check_spent(spent_ms: int | None) -> None:
    """Raises BadInput unless it is a length of at most a day, or not said."""
    if spent_ms is not None and not 0 <= spent_ms <= LONGEST_SPENT_MS:
        raise BadInput(f"spent_ms is a whole number from 0 to {LONGEST_SPENT_MS:,}.", field="spent_ms")


def worked(
    tx: Transaction, project: Row, worker_id: str, *, since: int, spent_ms: int | None, object_id: str, answer: bool
) -> int:
    """Count one act of a person and write what it pays, in the act's own transaction: microseconds that were counted.

    `project` is its row; `since` when the task was given out; `answer`: the act is an answer that was taken, which is paid as
    one. Time and pay of models are not kept here.
    """
    person = tx.one("worker_paid", id=worker_id)
    if person is None or person["kind"] == "model":
        return 0
    settings, profile = rows.settings(project["settings"]).pay, stored(person["profile"])
    held = tx.one("time_taken_get", worker_id=worker_id)
    taken = [(start, end) for start, end in json.loads(held["taken"])] if held is not None else []
    closed, seen = (held["closed_until"], held["seen_at"]) if held is not None else (0, 0)
    # What the server itself can tell: the gap before this act, at most as long as a pause may be.
    from_here = max(since, seen)
    sure = max(0, min(tx.now - from_here, settings.idle_seconds * SECOND))
    claimed = (
        claim(taken, closed, from_here, tx.now, sure)
        if spent_ms is None
        else claim(taken, closed, since, tx.now, spent_ms * 1000)
    )
    tx.run(
        "time_taken_set", worker_id=worker_id, taken=to_json(claimed.taken), closed_until=claimed.closed_until,
        seen_at=max(seen, tx.now),
    )  # fmt: skip
    where = zone(profile.time_zone) or UTC
    today, days = day_of(tx.now, where), by_day(claimed.pieces, where)
    beyond = max(0, claimed.length - sure)
    for day in sorted({*days, today} if answer else days):
        active = days.get(day, 0)
        tx.run(
            "work_day_add", worker_id=worker_id, project_id=project["id"], day=day, active=active,
            on_word=min(beyond, active), answers=int(answer and day == today),
        )  # fmt: skip
        beyond -= min(beyond, active)
    pay(
        tx, rates_of(settings, profile), worker_id=worker_id, project_id=project["id"], object_id=object_id, days=days,
        answer_on=today if answer else None,
    )  # fmt: skip
    return claimed.length


def paid_answer(tx: Transaction, project: Row, worker_id: str, object_id: str) -> None:
    """Pay an answer whose time was counted when it was sent: a draft that was adopted."""
    person = tx.one("worker_paid", id=worker_id)
    if person is None or person["kind"] == "model":
        return
    profile = stored(person["profile"])
    day = day_of(tx.now, zone(profile.time_zone) or UTC)
    tx.run("work_day_add", worker_id=worker_id, project_id=project["id"], day=day, active=0, on_word=0, answers=1)
    pay(
        tx, rates_of(rows.settings(project["settings"]).pay, profile), worker_id=worker_id, project_id=project["id"],
        object_id=object_id, days={}, answer_on=day,
    )  # fmt: skip


def day_of(at: int, where: tzinfo) -> str:
    """YYYY-MM-DD of a moment."""
    return _local(at, where).isoformat()


def _local(at: int, where: tzinfo) -> date:
    return datetime.fromtimestamp(at / SECOND, where).date()


def start_of_day(day: date, where: tzinfo) -> int:
    """When the day begins there, in microseconds."""
    return int(datetime(day.year, day.month, day.day, tzinfo=where).timestamp()) * SECOND


def by_day(pieces: Sequence[Stretch], where: tzinfo) -> dict[str, int]:
    """Microseconds by day: a piece that goes over midnight is cut there."""
    found: dict[str, int] = {}
    for start, end in pieces:
        at = start
        while at < end:
            day = _local(at, where)
            until = max(at + 1, min(end, start_of_day(day + timedelta(days=1), where)))
            found[day.isoformat()] = found.get(day.isoformat(), 0) + until - at
            at = until
    return found


def work_days(
    tx: Transaction, *, project_id: str | None = None, worker_id: str | None = None, from_day: str = EARLIEST,
    to_day: str = LATEST,
) -> list[WorkDay]:  # fmt: skip
    """Of one project, one person, or both (not of neither); days from `from_day` to `to_day`, both included."""
    span = {"from_day": from_day, "to_day": to_day}
    if project_id is not None and worker_id is not None:
        found = tx.all("work_days_of_both", project_id=project_id, worker_id=worker_id, **span)
    elif project_id is not None:
        found = tx.all("work_days_of_project", project_id=project_id, **span)
    else:
        assert worker_id is not None, "everybody's days everywhere are not asked for at once"
        found = tx.all("work_days_of_worker", worker_id=worker_id, **span)
    return [WorkDay(*row) for row in found]
