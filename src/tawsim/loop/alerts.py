"""What somebody should look at: found from what the rooms know, told once, kept until it ends or is put off.

Each alert says since when it stands and how sure it is; what leads to it is its kind and its object. Kinds: `queue_dry`,
`drift`, `budget`, `gold_flagged`, `disputes`, `import_failed`, `disk`, `webhook_failing`. A new one leaves the event
`alert.raised`, which webhooks and summaries carry on.
"""

import json
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from tawsim.core.clock import SECOND
from tawsim.core.errors import BadInput, NotFound
from tawsim.core.ids import new_id
from tawsim.loop.outlook import outlook
from tawsim.loop.quality import quality_page
from tawsim.store import rows
from tawsim.store.database import Database, Row, Transaction
from tawsim.store.keys import record
from tawsim.store.rows import to_json

HOUR, DAY = 3_600 * SECOND, 86_400 * SECOND
DRY_WITHIN_DAYS = 2.0
BUDGET_AT = 0.8
FAILING_FOR = 15 * 60 * SECOND
IMPORTS_FOR = 3 * DAY
DISPUTE_AFTER = DAY
DISK_SHARE, DISK_BYTES = 0.05, 2 << 30
LONGEST_PUT_OFF = 90 * DAY


class QualityPage(Protocol):
    """`quality.quality_page`, or whoever has it made elsewhere."""

    def __call__(self, db: Database, project_id: str, *, wait_s: float) -> Mapping[str, Any]: ...


@dataclass(frozen=True, slots=True)
class Found:
    """Something to look at. `data`: the numbers of its sentence, among them how sure it is where that is a question."""

    kind: str
    project_id: str = ""
    object_id: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)

    @property
    def key(self) -> tuple[str, str, str]:
        """What makes two the same alert."""
        return self.project_id, self.kind, self.object_id


def find(db: Database, page_of: QualityPage = quality_page) -> list[Found]:
    """All that stands now. Reads only; some passes over each running project's answers at most once a minute. `page_of`: who
    makes the quality page."""
    found = [*_of_disk(db.path), *_of_webhooks(db)]
    with db.read() as tx:
        projects = [rows.project(row) for row in tx.all("project_list")]
    for project in projects:
        if project.state == "running":
            found += _of_progress(db, project.id)
            found += _of_people(page_of(db, project.id, wait_s=0.0), project.id)
        found += _of_rows(db, project.id)
    return found


def _of_progress(db: Database, project_id: str) -> Iterator[Found]:
    page = outlook(db, project_id)
    days = page["forecast"].get("days")
    if days is not None and page["left"] and days["middle"] is not None and days["middle"] <= DRY_WITHIN_DAYS:
        yield Found("queue_dry", project_id, data={
            "days": days["middle"], "low": days["low95"], "high": days["high95"], "left": page["left"]
        })  # fmt: skip
    hours = page["hours"]
    if hours["share"] is not None and hours["share"] >= BUDGET_AT:
        at_end = hours["share_at_end"] or {}
        yield Found("budget", project_id, data={
            "share": hours["share"], "used": hours["used"], "budget": hours["budget"], "low": at_end.get("low95"),
            "high": at_end.get("high95"),
        })  # fmt: skip


def _of_people(page: Mapping[str, Any], project_id: str) -> Iterator[Found]:
    """People who agree less with the truth than before, as far as the quality page has been made."""
    for person in page.get("people", ()):
        change = person.get("change")
        if change and change["high"] < 0:
            yield Found("drift", project_id, person["worker"], {
                "name": person["name"], "before": change["before"], "after": change["after"], "low": change["low"],
                "high": change["high"], "p": change["p"], "at": change["at"],
            })  # fmt: skip


def _of_rows(db: Database, project_id: str) -> Iterator[Found]:
    with db.read() as tx:
        waiting = tx.one("progress_waiting", project_id=project_id)
        failed = tx.all("progress_imports_failed", project_id=project_id, since=tx.now - IMPORTS_FOR)
        now = tx.now
    assert waiting is not None
    if waiting["gold_flagged"]:
        yield Found("gold_flagged", project_id, data={"n": waiting["gold_flagged"]})
    if waiting["disputes"] and now - waiting["oldest_dispute"] >= DISPUTE_AFTER:
        yield Found("disputes", project_id, data={"n": waiting["disputes"], "oldest": waiting["oldest_dispute"]})
    for row in failed:
        yield Found("import_failed", project_id, row["id"], {"source": row["source"], "at": row["ended_at"]})


def _of_webhooks(db: Database) -> Iterator[Found]:
    with db.read() as tx:
        for row in tx.all("webhook_list"):
            since = row["failing_since"]
            if row["state"] == "failed" or (row["state"] == "on" and since and tx.now - since >= FAILING_FOR):
                yield Found("webhook_failing", "", row["id"], {"url": row["url"], "off": row["state"] == "failed"})


def _of_disk(path: Path) -> Iterator[Found]:
    try:
        found = shutil.disk_usage(path.parent)
    except OSError:
        return
    if found.free < DISK_BYTES or found.free / found.total < DISK_SHARE:
        yield Found("disk", data={"free": float(found.free), "share": found.free / found.total})


def look(db: Database, page_of: QualityPage = quality_page) -> list[Found]:
    """Find what stands, write what is new and what has ended, and return the new ones. Idle where nothing changed."""
    found = {one.key: Found(one.kind, one.project_id, one.object_id, _rounded(one.data)) for one in find(db, page_of)}
    with db.read() as tx:
        standing = {_key(row): row for row in tx.all("alert_standing")}
    new = [one for key, one in found.items() if key not in standing]
    over = [row for key, row in standing.items() if key not in found]
    other = [
        (standing[key]["id"], to_json(one.data)) for key, one in found.items()
        if key in standing and standing[key]["data"] != to_json(one.data)
    ]  # fmt: skip
    if new or over or other:
        db.write(lambda tx: _write(tx, new, over, other))
    return new


def _rounded(data: Mapping[str, Any]) -> dict[str, Any]:
    """Three digits of what is no whole number: enough to read, and the same from minute to minute."""
    return {name: float(f"{value:.3g}") if isinstance(value, float) else value for name, value in data.items()}


def _write(tx: Transaction, new: list[Found], over: list[Row], other: list[tuple[str, str]]) -> None:
    standing = {_key(row) for row in tx.all("alert_standing")}
    for one in new:
        if one.key in standing:  # a command and the server may look at the same time
            continue
        alert_id = new_id(tx.now)
        tx.run(
            "alert_insert", id=alert_id, project_id=one.project_id, kind=one.kind, object_id=one.object_id,
            data=to_json(one.data), since=tx.now,
        )  # fmt: skip
        told = {"kind": one.kind, "object": one.object_id, **{k: v for k, v in one.data.items() if k != "name"}}
        record(tx, "alert.raised", "clock", project_id=one.project_id or None, object_id=alert_id, data=to_json(told))
    for row in over:
        if tx.run("alert_end", id=row["id"], now=tx.now):
            record(tx, "alert.ended", "clock", project_id=row["project_id"] or None, object_id=row["id"])
    for alert_id, data in other:
        tx.run("alert_update", id=alert_id, data=data)


def _key(row: Row) -> tuple[str, str, str]:
    return row["project_id"], row["kind"], row["object_id"]


def standing(tx: Transaction, project_id: str | None = None, *, put_off: bool = False) -> list[dict[str, Any]]:
    """Alerts that stand: of one project and of the workspace as a whole, or of all. The newest first; without those that
    were put off, unless asked."""
    return [
        {
            "id": row["id"], "project_id": row["project_id"] or None, "kind": row["kind"], "object_id": row["object_id"],
            "data": json.loads(row["data"]), "since": row["since"], "put_off_until": row["put_off_until"] or None,
        }
        for row in tx.all("alert_standing")
        if (project_id is None or row["project_id"] in ("", project_id)) and (put_off or row["put_off_until"] <= tx.now)
    ]  # fmt: skip


def put_off(tx: Transaction, actor_id: str, alert_id: str, until: int) -> None:
    """Out of sight until a time (µs). Raises NotFound, BadInput."""
    row = tx.one("alert_get", id=alert_id)
    if row is None or row["ended_at"] is not None:
        raise NotFound("There is no such alert, or it has ended.")
    if not tx.now < until <= tx.now + LONGEST_PUT_OFF:
        raise BadInput("until is a time in the next 90 days.", "Microseconds since 1970 UTC.", field="until")
    tx.run("alert_put_off", id=alert_id, until=until)
    record(tx, "alert.put_off", actor_id, project_id=row["project_id"] or None, object_id=alert_id)
