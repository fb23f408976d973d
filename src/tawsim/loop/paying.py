"""Hours and the ledger in one table: who worked how long and was paid what, by person, project and day; and the floor.

The rule of hours stands in labelling/hours.py, that of pay in ledger/pay.py.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC
from typing import Any

from tawsim.core.errors import BadInput, NotFound
from tawsim.core.records import Project
from tawsim.labelling.hours import day_of, work_days
from tawsim.ledger.entries import MICROS, Entry, post, sums
from tawsim.ledger.pay import HOUR, for_time, micros
from tawsim.store import rows
from tawsim.store.database import Database, Transaction
from tawsim.workspaces.profiles import profile_of, zone
from tawsim.workspaces.workspace import find_worker, list_workers

FIRST, LAST = "", "~"  # sort before and after every day


@dataclass(slots=True)
class Line:
    """One person's day in one project. `active` and `on_word` in microseconds; `amounts`: currency → millionths."""

    worker: str
    project: str
    day: str
    active: int = 0
    on_word: int = 0
    answers: int = 0
    amounts: dict[str, int] = field(default_factory=dict)


def pay_lines(
    db: Database, project: Project | None = None, worker: str | None = None, from_day: str = FIRST, to_day: str = LAST
) -> list[Line]:
    """By worker, project and day. `worker` is a name. Raises NotFound, BadInput where neither project nor worker is named."""
    with db.read() as tx:
        ask = _asked(tx, project, worker)
        names = {one.id: one.name for one in list_workers(tx)}
        projects = {row["id"]: row["name"] for row in tx.all("project_list")}
        found: dict[tuple[str, str, str], Line] = {}

        def line(worker_id: str, project_id: str, day: str) -> Line:
            made = Line(names.get(worker_id, worker_id), projects.get(project_id, project_id), day)
            return found.setdefault((worker_id, project_id, day), made)

        for day in work_days(tx, **ask, from_day=from_day, to_day=to_day):
            one = line(day.worker_id, day.project_id, day.day)
            one.active, one.on_word, one.answers = day.active, day.on_word, day.answers
        for entry in sums(tx, **ask, from_day=from_day, to_day=to_day):
            one = line(entry.worker_id, entry.project_id, entry.day)
            one.amounts[entry.currency] = one.amounts.get(entry.currency, 0) + entry.amount_micros
    return sorted(found.values(), key=lambda one: (one.worker, one.project, one.day))


def _asked(tx: Transaction, project: Project | None, worker: str | None) -> dict[str, str]:
    ask: dict[str, str] = {}
    if project is not None:
        ask["project_id"] = project.id
    if worker is not None:
        person = find_worker(tx, worker)
        if person is None:
            raise NotFound(f"There is no worker “{worker}”.", "See: tawsim status")
        ask["worker_id"] = person.id
    if not ask:
        raise BadInput("Whose pay, or of which project?", "tawsim pay PROJECT, or tawsim pay --worker NAME")
    return ask


def totals(lines: Iterable[Line]) -> list[Line]:
    """The lines of one worker in one project as one, without a day."""
    found: dict[tuple[str, str], Line] = {}
    for one in lines:
        whole = found.setdefault((one.worker, one.project), Line(one.worker, one.project, ""))
        whole.active += one.active
        whole.on_word += one.on_word
        whole.answers += one.answers
        for currency, amount in one.amounts.items():
            whole.amounts[currency] = whole.amounts.get(currency, 0) + amount
    return list(found.values())


def line_json(one: Line) -> dict[str, Any]:
    """For programs: hours and amounts as numbers of the whole unit, beside the exact ones."""
    return {
        "worker": one.worker, "project": one.project, "day": one.day, "hours": one.active / HOUR, "active_us": one.active,
        "on_word_us": one.on_word, "answers": one.answers, "amounts_micros": one.amounts,
        "per_hour": {
            currency: amount * HOUR / one.active / MICROS for currency, amount in one.amounts.items() if one.active
        },
    }  # fmt: skip


def top_up(db: Database, project: Project) -> list[Line]:
    """Bring every finished day of everybody up to the project's floor: what an active hour lacks is written as an entry of
    its own. Days that have it already are left; said twice, it pays once. Raises BadInput where there is no floor."""
    floor = micros(project.settings.pay.floor_per_hour)
    if not floor:
        raise BadInput("This project has no floor.", "Set floor_per_hour in [settings.pay] of tawsim.toml.")
    return db.write(lambda tx: _top_up(tx, project, floor, project.settings.pay.currency))


def _top_up(tx: Transaction, project: Project, floor: int, currency: str) -> list[Line]:
    paid: dict[tuple[str, str], int] = {}
    for one in sums(tx, project_id=project.id):
        if one.currency == currency:
            paid[one.worker_id, one.day] = paid.get((one.worker_id, one.day), 0) + one.amount_micros
    written = []
    for day in work_days(tx, project_id=project.id):
        where = zone(profile_of(tx, day.worker_id).time_zone) or UTC
        lacks = for_time(floor, day.active) - paid.get((day.worker_id, day.day), 0)
        if lacks <= 0 or day.day >= day_of(tx.now, where):
            continue
        post(
            tx,
            Entry(day.worker_id, project.id, day.day, "floor", lacks, currency, day.active, "microsecond", project.id),
        )
        person = tx.one("worker_get", id=day.worker_id)
        name = rows.worker(person).name if person is not None else day.worker_id
        written.append(Line(name, project.name, day.day, day.active, 0, 0, {currency: lacks}))
    return written
