"""A person's own work in a project: answers with what became of them, score, hours, pay, the guideline since last time.

A manager who looks at a person gets what these functions give, and nothing else, so that both see the same. Nobody else's
name stands here, and nobody is compared.

**What a score may tell.** Tasks of known answer must not be found out by watching the score. Evidence from them counts here
from the day after, in whole blocks of `BLOCK`; single ones stand nowhere. Reviews show with their answers, since their author is
told of each anyhow; but where most answers are reviewed, an answer that was not would be noticed, so there an accepted review
is not shown. What remains: whoever notes every answer of a day learns how many of `BLOCK` known ones among them were right.
"""

import json
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any

from tawsim.core.clock import SECOND
from tawsim.core.errors import NotFound
from tawsim.core.records import Project
from tawsim.core.settings import Review
from tawsim.labelling import queue
from tawsim.labelling.disputes import may_until
from tawsim.labelling.evidence import Looked, Score, more_to_tell, score, tally_of
from tawsim.labelling.hours import day_of, start_of_day, work_days
from tawsim.labelling.presenting import read_drawn, to_shown
from tawsim.labelling.schemas import Carrier, carrier_of
from tawsim.labelling.slots import project_row
from tawsim.ledger.entries import sums
from tawsim.ledger.pay import HOUR, micros, rates_of
from tawsim.store import rows
from tawsim.store.database import Row, Transaction
from tawsim.workspaces.profiles import stored, zone

BLOCK = 5
DAYS_SHOWN = 31
# From this share of answers reviewed on, an answer without a review would stand out.
MOSTLY = 0.5
OPEN_SOURCES = ("review", "decision", "dispute")


def zone_of(tx: Transaction, worker_id: str) -> tzinfo:
    """The person's time zone, UTC where none is known. Raises NotFound."""
    row = tx.one("own_timing", id=worker_id)
    if row is None:
        raise NotFound("There is no such worker.")
    return zone(stored(row["profile"]).time_zone) or UTC


def shows_accepted(review: Review) -> bool:
    """Whether an accepted review is shown with its answer."""
    return review.choose != "all" and not (review.choose in ("random", "risk") and review.share >= MOSTLY)


# ---- the whole of it -------------------------------------------------------------------------------------------------
def own_summary(tx: Transaction, project_id: str, worker_id: str) -> dict[str, Any]:
    """Everything of the page but the answers. Amounts in millionths, times in microseconds. Raises NotFound."""
    row = project_row(tx, project_id)
    project, where = rows.project(row), zone_of(tx, worker_id)
    states = {one["state"]: one["n"] for one in tx.all("own_states", project_id=project_id, worker_id=worker_id)}
    verdicts = {
        one["verdict"]: one["n"] for one in tx.all("own_review_counts", project_id=project_id, worker_id=worker_id)
    }
    review = project.settings.review
    return {
        "time_zone": str(where),
        "answers": {name: states.get(name, 0) for name in ("accepted", "rejected", "withdrawn")},
        "reviews": {
            "fixed": verdicts.get("fix", 0),
            "rejected": verdicts.get("reject", 0),
            "accepted": verdicts.get("accept", 0) if shows_accepted(review) else None,
        },
        "dispute_days": review.dispute_days,
        "score": _own_score(tx, project, worker_id, where),
        "reviewing": _looked(tally_of(tx, project_id, worker_id, "review").looked),
        **_time_and_pay(tx, project, worker_id, where),
        "guideline": _guideline(tx, project, worker_id),
    }


def _own_score(tx: Transaction, project: Project, worker_id: str, where: tzinfo) -> dict[str, Any]:
    """The score over what may be shown, by fair evidence; what was looked at for a reason beside it; both by source; and how
    many more fairly judged answers would tell."""
    today = datetime.fromtimestamp(tx.now / SECOND, where).date()
    ended = start_of_day(today, where)
    by_source: dict[tuple[str, bool], list[float]] = {}
    for one in tx.all("own_evidence", project_id=project.id, worker_id=worker_id):
        if one["source"] in OPEN_SOURCES or one["source"] == "training" or one["at"] < ended:
            by_source.setdefault((one["source"], bool(one["fair"])), []).append(one["score"])
    gold = by_source.pop(("gold", True), [])
    gold = gold[: len(gold) - len(gold) % BLOCK]
    if gold:
        by_source["gold", True] = gold
    counted = [
        value for (source, fair), values in by_source.items() if fair and source != "training" for value in values
    ]
    beside = [
        value for (source, fair), values in by_source.items() if not fair and source != "training" for value in values
    ]
    whole, pass_at = score(len(counted), sum(counted)), project.settings.training.pass_at
    return {
        **_plain(whole),
        "pass_at": pass_at,
        "verdict": whole.verdict(pass_at),
        "more": more_to_tell(whole, pass_at),
        "looked": _looked(Looked(len(beside), sum(beside))),
        "sources": [
            {"source": source, "fair": fair, "n": len(values), "right": sum(values)}
            for (source, fair), values in sorted(by_source.items())
        ],
    }


def _plain(found: Score) -> dict[str, Any]:
    return {"n": found.n, "right": found.right, "mean": found.mean, "low": found.low, "high": found.high}


def _looked(found: Looked) -> dict[str, Any]:
    return {"n": found.n, "right": found.right}


# ---- hours and pay ---------------------------------------------------------------------------------------------------
def _time_and_pay(tx: Transaction, project: Project, worker_id: str, where: tzinfo) -> dict[str, Any]:
    person = tx.one("own_timing", id=worker_id)
    assert person is not None
    worked = work_days(tx, project_id=project.id, worker_id=worker_id)
    paid = sums(tx, project_id=project.id, worker_id=worker_id)
    today = day_of(tx.now, where)
    first = (datetime.fromisoformat(today) - timedelta(days=DAYS_SHOWN - 1)).date().isoformat()
    amounts: dict[str, dict[str, int]] = {}
    for one in paid:
        of_day = amounts.setdefault(one.day, {})
        of_day[one.currency] = of_day.get(one.currency, 0) + one.amount_micros
    by_day = {one.day: one for one in worked}
    shown = sorted((day for day in {*by_day, *amounts} if day >= first), reverse=True)
    rates = rates_of(project.settings.pay, stored(person["profile"]))
    return {
        "hours": {
            "active": sum(one.active for one in worked),
            "on_word": sum(one.on_word for one in worked),
            "today": by_day[today].active if today in by_day else 0,
            "answers": sum(one.answers for one in worked),
            "idle_seconds": project.settings.pay.idle_seconds,
            "days": [
                {
                    "day": day,
                    "active": by_day[day].active if day in by_day else 0,
                    "on_word": by_day[day].on_word if day in by_day else 0,
                    "answers": by_day[day].answers if day in by_day else 0,
                    "amounts": amounts.get(day, {}),
                }
                for day in shown
            ],
        },
        "pay": {
            "rates": {"per_hour": rates.per_hour, "per_answer": rates.per_answer, "currency": rates.currency},
            "floor": _floor(project),
            "sums": effective(sums_by_currency(amounts), sum(one.active for one in worked)),
        },
    }


def sums_by_currency(amounts: dict[str, dict[str, int]]) -> dict[str, int]:
    """currency → millionths, over all days."""
    found: dict[str, int] = {}
    for of_day in amounts.values():
        for currency, amount in of_day.items():
            found[currency] = found.get(currency, 0) + amount
    return found


def effective(amounts: dict[str, int], active: int) -> list[dict[str, Any]]:
    """What an active hour has come to, by currency, beside what that rests on. None while nothing was worked."""
    return [
        {"currency": currency, "amount": amount, "per_hour": amount * HOUR // active if active else None}
        for currency, amount in sorted(amounts.items())
    ]


def _floor(project: Project) -> dict[str, Any] | None:
    pay = project.settings.pay
    return {"per_hour": micros(pay.floor_per_hour), "currency": pay.currency} if pay.floor_per_hour else None


# ---- the guideline ---------------------------------------------------------------------------------------------------
def _guideline(tx: Transaction, project: Project, worker_id: str) -> dict[str, Any]:
    """The version there is, and the one the person saw last: as they said, else the one of their last answer."""
    held = tx.one("own_guideline_seen", project_id=project.id, worker_id=worker_id)
    seen = held["guideline_seen"] if held is not None else 0
    if not seen:
        last = tx.one("own_last_guideline", project_id=project.id, worker_id=worker_id)
        seen = last["guideline_version"] if last is not None else project.guideline_version
    return {"version": project.guideline_version, "seen": min(seen, project.guideline_version)}


def see_guideline(tx: Transaction, project_id: str, worker_id: str, version: int) -> None:
    """The person has seen the guideline up to this version. It never goes back."""
    row = project_row(tx, project_id)
    version = max(0, min(version, row["guideline_version"]))
    tx.run("own_guideline_see", project_id=project_id, worker_id=worker_id, version=version, now=tx.now)


# ---- the answers -----------------------------------------------------------------------------------------------------
def own_answers(
    tx: Transaction, project_id: str, worker_id: str, before: str, n: int, *, replied: bool = False
) -> list[dict[str, Any]]:
    """A page of the person's answers, the newest first, each with its reviews and disputes; names of nobody. `replied`: only
    those that a review fixed or rejected."""
    project = rows.project(project_row(tx, project_id))
    ask = {"project_id": project_id, "worker_id": worker_id, "before": before, "n": n}
    found = tx.all("annotation_mine_replied", **ask) if replied else tx.all("annotation_mine", **ask)
    if not found:
        return []
    span = {"project_id": project_id, "worker_id": worker_id, "first": found[-1]["id"], "last": found[0]["id"]}
    reviews: dict[str, list[Row]] = {}
    for one in tx.all("own_reviews", **span):
        reviews.setdefault(one["annotation_id"], []).append(one)
    disputes = {one["review_id"]: one for one in tx.all("own_disputes", **span)}
    shows, carrier = shows_accepted(project.settings.review), carrier_of(tx, project)
    return [
        _own_answer(
            tx, project, carrier, row, [r for r in reviews.get(row["id"], []) if shows or r["verdict"] != "accept"], disputes
        )
        for row in found
    ]  # fmt: skip


def _own_answer(
    tx: Transaction, project: Project, carrier: Carrier, row: Row, reviews: list[Row], disputes: dict[str, Row]
) -> dict[str, Any]:
    work = queue.own_work(tx, project, row)
    return {
        "id": row["id"],
        "at": row["created_at"],
        "version": row["version"],
        "state": row["state"],
        "became": _what_became(row, reviews, disputes),
        "late": bool(row["late"]),
        "guideline_version": row["guideline_version"],
        "comment": row["comment"],
        "answers": work["answers"],
        "task": work["task"],
        "reviews": [_review(tx, project, carrier, row, one, disputes.get(one["id"])) for one in reviews],
    }


def _what_became(row: Row, reviews: list[Row], disputes: dict[str, Row]) -> str:
    """One word: accepted, reviewed, fixed, rejected, disputed, withdrawn."""
    if row["state"] == "withdrawn":
        return "withdrawn"
    if any(disputes[one["id"]]["state"] == "open" for one in reviews if one["id"] in disputes):
        return "disputed"
    if row["state"] == "rejected":
        return "rejected"
    last = reviews[-1] if reviews else None
    if last is None or last["seen_version"] != row["version"]:
        return "accepted"
    settled = disputes.get(last["id"])
    won = settled is not None and settled["right_is"] == "author"
    return "reviewed" if last["verdict"] == "accept" or won else "fixed" if last["verdict"] == "fix" else "accepted"


def _review(
    tx: Transaction, project: Project, carrier: Carrier, row: Row, review: Row, dispute: Row | None
) -> dict[str, Any]:
    drawn = read_drawn(row["shown"])

    def shown(answers: str | None, version: int) -> dict[str, Any] | None:
        if answers is None:
            return None
        return to_shown(project.questions, drawn, carrier.carry(version, json.loads(answers)).answers)

    # What the reviewer looked at, where the answer was changed afterwards.
    seen = None
    if review["seen_version"] != row["version"]:
        old = tx.one("own_version", annotation_id=row["id"], version=review["seen_version"])
        seen = shown(old["answers"] if old is not None else None, row["schema_version"])
    until = may_until(project.settings.review.dispute_days, review)
    open_ = review["verdict"] != "accept" and dispute is None and row["state"] != "withdrawn"
    return {
        "id": review["id"],
        "verdict": review["verdict"],
        "reason": review["reason"],
        "words": review["words"],
        "answers": shown(review["answers"], review["schema_version"]),
        "seen_answers": seen,
        "at": review["at"],
        "dispute_until": until if open_ and until is not None and until >= tx.now else None,
        "dispute": None if dispute is None else _dispute(tx, dispute, shown),
    }


def _dispute(tx: Transaction, row: Row, shown: Any) -> dict[str, Any]:
    judges = tx.one("dispute_judges", id=row["id"]) if row["state"] == "open" else None
    return {
        "id": row["id"],
        "state": row["state"],
        "words": row["words"],
        "at": row["at"],
        "judges": judges["n"] if judges is not None else None,
        "right": row["right_is"],
        "reason": row["reason"],
        "answers": shown(row["answers"], row["schema_version"] or 0),
        "counts": None if row["counts"] is None else bool(row["counts"]),
        "judged_at": row["judged_at"],
    }
