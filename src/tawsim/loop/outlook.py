"""Where a project stands and where it is going: the figures of the progress page and of `tawsim progress`. Reads only.

Counts come from the store, what follows from them from forecasting.py. Days are those of the time zone of whoever asks.
"""

import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

from tawsim.core.clock import SECOND
from tawsim.core.records import Project
from tawsim.labelling.hours import WorkDay, work_days
from tawsim.labelling.slots import project_row
from tawsim.loop.forecasting import Forecast, Span, forecast, per_answer
from tawsim.loop.views import progress_json
from tawsim.store import rows
from tawsim.store.database import Database, Transaction
from tawsim.workspaces.workspace import list_workers

HOUR_S = 3_600
KEEP_S = 60.0  # the pass over all answers
MOST_KEPT = 50
DAYS_SHOWN = 120
PERSON_DAYS = 14


@dataclass(frozen=True, slots=True)
class History:
    """Answers that count: (worker, hours since 1970 UTC) → how many; and when that was read."""

    hours: Mapping[tuple[str, int], int]
    at: float


_kept: dict[tuple[Any, str], History] = {}
_door = threading.Lock()


def zone_of(name: str) -> tzinfo:
    """The time zone of that name; UTC for "" and for one that this machine does not know."""
    try:
        return ZoneInfo(name) if name else UTC
    except (KeyError, ValueError, OSError):
        return UTC


def history(db: Database, project_id: str) -> History:
    """At most a minute old: it takes a pass over all answers of the project."""
    key = (db.path, project_id)
    with _door:
        held = _kept.get(key)
    if held is not None and time.monotonic() - held.at < KEEP_S:
        return held
    with db.read() as tx:
        found = {(row["worker_id"], row["hour"]): row["n"] for row in tx.all("progress_hours", project_id=project_id)}
    made = History(found, time.monotonic())
    with _door:
        _kept.pop(key, None)
        _kept[key] = made
        while len(_kept) > MOST_KEPT:
            _kept.pop(next(iter(_kept)))
    return made


def forget(db: Database) -> None:
    """Read everything anew at the next question. For tests."""
    with _door:
        for key in [one for one in _kept if one[0] == db.path]:
            del _kept[key]


def by_day(found: History, where: tzinfo) -> dict[str, dict[date, int]]:
    """worker → day → answers; an hour belongs to the day in which it begins."""
    days: dict[int, date] = {}
    people: dict[str, dict[date, int]] = {}
    for (worker, hour), n in found.hours.items():
        if hour not in days:
            days[hour] = datetime.fromtimestamp(hour * HOUR_S, where).date()
        mine = people.setdefault(worker, {})
        mine[days[hour]] = mine.get(days[hour], 0) + n
    return people


def outlook(db: Database, project_id: str, zone: str = "") -> dict[str, Any]:
    """Everything of the page but its alerts. Raises NotFound."""
    where = zone_of(zone)
    with db.read() as tx:
        project = rows.project(project_row(tx, project_id))
        counts = tx.one("project_count_get", project_id=project_id)
        assert counts is not None
        progress, waiting = rows.progress(counts), _waiting(tx, project_id)
        known = {one.id: one for one in list_workers(tx)}
        worked = work_days(tx, project_id=project_id)
        now = tx.now
    people = by_day(history(db, project_id), where)
    today = datetime.fromtimestamp(now / SECOND, where).date()
    daily = _together(people, today)
    left = max(0, progress.answers_wanted - progress.answers)
    ahead = _forecast(daily, today, left, progress.answers)
    return {
        "project_id": project_id, "as_of": now, "zone": str(where), "today": today.isoformat(), "state": project.state,
        "progress": progress_json(progress), "left": left,
        "waiting": waiting | {"answers": max(0, left - progress.leases), "in_hand": progress.leases,
                              "skipped_out": progress.skipped_out},
        "days": _days(daily, today, progress.answers),
        "forecast": _forecast_json(ahead, today), "hours": _hours(project, worked, left),
        "people": _people(people, worked, known, today),
    }  # fmt: skip


def _waiting(tx: Transaction, project_id: str) -> dict[str, Any]:
    row = tx.one("progress_waiting", project_id=project_id)
    assert row is not None
    stages = {one["stage"]: one["n"] for one in tx.all("progress_stages", project_id=project_id)}
    return {
        "reviews": row["reviews"], "disputes": row["disputes"], "drafts": row["drafts"],
        "in_training": stages.get("training", 0) + stages.get("qualifying", 0),
        "not_qualified": stages.get("not_qualified", 0),
    }  # fmt: skip


def _together(people: Mapping[str, Mapping[date, int]], today: date) -> dict[date, int]:
    """Answers of all people, day by day without a gap, from the first one to today."""
    found: dict[date, int] = {}
    for days in people.values():
        for day, n in days.items():
            found[day] = found.get(day, 0) + n
    if not found:
        return {}
    first = min(found)
    length = max(0, (today - first).days) + 1
    return {first + timedelta(i): found.get(first + timedelta(i), 0) for i in range(length)}


def _forecast(daily: Mapping[date, int], today: date, left: int, done: int) -> Forecast:
    complete = [n for day, n in daily.items() if day < today]
    return forecast(complete, left, weekday=today.weekday(), done=done)


def _forecast_json(found: Forecast, today: date) -> dict[str, Any]:
    """With the dates that the days come to. A finish “today” counts from the beginning of today."""
    made = asdict(found)
    if found.days is not None:
        made["dates"] = {
            name: None if value is None else (today + timedelta(days=int(value))).isoformat()
            for name, value in asdict(found.days).items()
        }
    return made


def _days(daily: Mapping[date, int], today: date, done: int) -> list[dict[str, Any]]:
    """The last days, each with its answers and with all of them up to its end; the last of these is the count itself."""
    shown = list(daily.items())[-DAYS_SHOWN:]
    before = done - sum(n for _, n in shown)
    found = []
    for day, n in shown:
        before += n
        found.append({"day": day.isoformat(), "answers": n, "in_all": max(0, before)})
    return found


def _hours(project: Project, worked: Sequence[WorkDay], left: int) -> dict[str, Any]:
    """Active hours so far, what an answer takes, what is left, and how that compares with the budget."""
    used = sum(one.active for one in worked) / SECOND / HOUR_S
    each = per_answer([(one.active / SECOND, one.answers) for one in worked[-2_000:]])
    ahead = None if each is None else _times(each, left / HOUR_S)
    budget = project.settings.budget_hours
    return {
        "used": used, "seconds_per_answer": None if each is None else asdict(each),
        "left": None if ahead is None else asdict(ahead), "budget": budget or None,
        "share": used / budget if budget else None,
        "share_at_end": None if not budget or ahead is None else asdict(_times(_plus(ahead, used), 1 / budget)),
    }  # fmt: skip


def _times(one: Span, by: float) -> Span:
    return Span(*(None if value is None else value * by for value in asdict(one).values()))


def _plus(one: Span, more: float) -> Span:
    return Span(*(None if value is None else value + more for value in asdict(one).values()))


def _people(
    people: Mapping[str, Mapping[date, int]], worked: Sequence[WorkDay], known: Mapping[str, Any], today: date
) -> list[dict[str, Any]]:
    """Everybody who answered: what came on which of the last days, active hours, and what an answer takes them."""
    times: dict[str, list[WorkDay]] = {}
    for one in worked:
        times.setdefault(one.worker_id, []).append(one)
    found = []
    for worker_id, days in people.items():
        if worker_id not in known:
            continue
        mine = times.get(worker_id, [])
        each = per_answer([(one.active / SECOND, one.answers) for one in mine])
        last = [days.get(today - timedelta(PERSON_DAYS - 1 - i), 0) for i in range(PERSON_DAYS)]
        found.append({
            "worker": {"id": worker_id, "name": known[worker_id].name, "kind": known[worker_id].kind,
                       "active": known[worker_id].active},
            "answers": sum(days.values()), "today": last[-1], "week": sum(last[-7:]), "days": last,
            "last_day": max(days).isoformat(), "hours": sum(one.active for one in mine) / SECOND / HOUR_S,
            "seconds_per_answer": None if each is None else asdict(each),
        })  # fmt: skip
    return sorted(found, key=lambda one: (-one["answers"], one["worker"]["id"]))
