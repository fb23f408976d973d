"""Where a project is going, what somebody should look at, and who wants a summary of it by e-mail."""

import os
from dataclasses import asdict, dataclass
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request
from fastapi.concurrency import run_in_threadpool

from tawsim.core.records import Progress
from tawsim.labelling.slots import project_row
from tawsim.loop import alerts, digests
from tawsim.loop.forecasting import Fan, Span
from tawsim.loop.outlook import outlook
from tawsim.server.answers import Json
from tawsim.server.permissions import Manager, SignedIn, allow
from tawsim.server.sign_in_state import ServerState
from tawsim.workspaces.profiles import profile_of

router = APIRouter(tags=["progress"])


@dataclass(frozen=True)
class AlertFacts:
    """What stands since `since`; `data` has the numbers of its sentence."""

    id: str
    project_id: str | None
    kind: str
    object_id: str
    data: dict[str, Any]
    since: int
    put_off_until: int | None


@dataclass(frozen=True)
class WaitingFacts:
    """For whom the work waits. `answers`: slots that nobody holds."""

    answers: int
    in_hand: int
    reviews: int
    disputes: int
    drafts: int
    skipped_out: int
    in_training: int
    not_qualified: int


@dataclass(frozen=True)
class DayFacts:
    """A day: its answers that count, and all of them up to its end."""

    day: str
    answers: int
    in_all: int


@dataclass(frozen=True)
class ForecastFacts:
    """Days until everything is answered, and the dates that this comes to; or the reason why nothing can be said."""

    reason: str
    days: Span | None
    fan: Fan | None
    pace: float | None
    weekly: bool
    have: int
    need: int
    dates: dict[str, str | None] | None = None


@dataclass(frozen=True)
class HoursFacts:
    """Active hours used and left, what an answer takes, and the project's budget of hours."""

    used: float
    seconds_per_answer: Span | None
    left: Span | None
    budget: float | None
    share: float | None
    share_at_end: Span | None


@dataclass(frozen=True)
class NamedWorker:
    """Who."""

    id: str
    name: str
    kind: str
    active: bool


@dataclass(frozen=True)
class PersonFacts:
    """One worker's part; `days` are the last fourteen, the oldest first."""

    worker: NamedWorker
    answers: int
    today: int
    week: int
    days: list[int]
    last_day: str
    hours: float
    seconds_per_answer: Span | None


@dataclass(frozen=True)
class OutlookShape:
    """Where a project stands and where it is going."""

    project_id: str
    as_of: int
    zone: str
    today: str
    state: str
    progress: Progress
    left: int
    waiting: WaitingFacts
    days: list[DayFacts]
    forecast: ForecastFacts
    hours: HoursFacts
    people: list[PersonFacts]
    alerts: list[AlertFacts]


@dataclass(frozen=True)
class AlertsShape:
    """Alerts that stand, newest first."""

    alerts: list[AlertFacts]


@dataclass(frozen=True)
class PutOffShape:
    """An alert out of sight."""

    alert: str
    until: int


@dataclass(frozen=True)
class DigestShape:
    """The caller's own summaries; `possible`: a mail server is named on this machine."""

    every: Literal["off", "daily", "weekly"]
    language: Literal["en", "ar"]
    last_at: int
    error: str
    email: str
    possible: bool


@dataclass(frozen=True, slots=True)
class PutOffBody:
    """Until when, in microseconds since 1970 UTC; at most 90 days."""

    until: int


@dataclass(frozen=True, slots=True)
class DigestBody:
    """How often, and in which language."""

    every: str
    language: str


@router.get("/projects/{project_id}/outlook", **allow("manage", gives=OutlookShape))
async def show(
    project_id: str, caller: Manager, zone: Annotated[str, Query(max_length=60, pattern=r"^[A-Za-z0-9_+/-]*$")] = ""
) -> Json:
    """Done, open, waiting for whom; answers by day and person; days and hours left with their intervals; alerts.

    Days are those of `zone` (an IANA name), else of the caller's own time zone. Answers by day are at most a minute old.
    """

    def work() -> dict[str, Any]:
        with caller.db.read() as tx:
            where = zone or profile_of(tx, caller.worker.id).time_zone
        found = outlook(caller.db, project_id, where)
        with caller.db.read() as tx:
            return found | {"alerts": alerts.standing(tx, project_id)}

    return Json(await run_in_threadpool(work))


@router.get("/alerts", **allow("manage", gives=AlertsShape))
async def all_alerts(caller: Manager, put_off: bool = False) -> Json:
    """Alerts of the whole workspace that stand; `put_off`: also those that were put off."""
    with caller.db.read() as tx:
        return Json({"alerts": alerts.standing(tx, put_off=put_off)})


@router.get("/projects/{project_id}/alerts", **allow("manage", gives=AlertsShape))
async def look_now(project_id: str, request: Request, caller: Manager) -> Json:
    """Look for alerts now, and give those of one project. A server looks by itself once a minute."""
    with caller.db.read() as tx:
        project_row(tx, project_id)
    state: ServerState = request.app.state.tawsim
    await run_in_threadpool(alerts.look, caller.db, state.aside.quality_page)
    with caller.db.read() as tx:
        return Json({"alerts": alerts.standing(tx, project_id)})


@router.post("/alerts/{alert_id}/put_off", **allow("manage", gives=PutOffShape))
async def put_off(alert_id: str, body: PutOffBody, caller: Manager) -> Json:
    """Out of sight until a time."""
    await caller.db.write_async(lambda tx: alerts.put_off(tx, caller.worker.id, alert_id, body.until))
    return Json({"alert": alert_id, "until": body.until})


def _possible() -> bool:
    return bool(os.environ.get("TAWSIM_SMTP_HOST") and os.environ.get("TAWSIM_SMTP_FROM"))


@router.get("/digest", **allow("signed_in", gives=DigestShape))
async def digest(caller: SignedIn) -> Json:
    """The caller's own summaries by e-mail."""
    with caller.db.read() as tx:
        return Json(asdict(digests.choice(tx, caller.worker.id)) | {"possible": _possible()})


@router.put("/digest", **allow("signed_in", gives=DigestShape))
async def set_digest(body: DigestBody, caller: SignedIn) -> Json:
    """Off, daily or weekly; in English or Arabic."""
    made = await caller.db.write_async(lambda tx: digests.choose(tx, caller.worker.id, body.every, body.language))
    return Json(asdict(made) | {"possible": _possible()})
