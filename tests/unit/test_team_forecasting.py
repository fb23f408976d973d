"""Days left, with intervals that hold what they say on streams whose end is known; alerts told once; nothing made up."""

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from labelling_world import NO, YES, World

from tawsim.core.clock import SECOND
from tawsim.core.errors import BadInput, NotFound
from tawsim.labelling.projects import update_project
from tawsim.loop import alerts, outlook
from tawsim.loop.forecasting import LEAST_DAYS, Span, forecast, per_answer
from tawsim.store.database import Database
from tawsim.workspaces.workspace import Workspace

DAY = 86_400


# ---- backtests: streams that go on past what the forecast saw -----------------------------------------------------------
def steady(rng: np.random.Generator, n: int) -> Any:
    return rng.poisson(np.full(n, rng.uniform(20, 400)))


def bursty(rng: np.random.Generator, n: int) -> Any:
    return rng.poisson(rng.uniform(20, 400) * rng.gamma(3, 1 / 3, n))


def weekly(rng: np.random.Generator, n: int) -> Any:
    week = np.where(np.arange(n) % 7 >= 5, rng.choice([0.0, 0.3]), 1.0)
    return rng.poisson(rng.uniform(20, 400) * week * rng.gamma(8, 1 / 8, n))


def wandering(rng: np.random.Generator, n: int) -> Any:
    pace = rng.uniform(20, 400) * np.exp(np.cumsum(rng.normal(0, 0.04, n)))
    return rng.poisson(pace * rng.gamma(8, 1 / 8, n))


def held(stream: Callable[..., Any], history: int, runs: int = 60, seed: int = 7) -> tuple[float, float]:
    """In which share of runs the day on which the work was done lay within the 80 % and the 95 % interval."""
    rng, in80, in95 = np.random.default_rng(seed), 0, 0
    for _ in range(runs):
        y = stream(rng, history + 200)
        ahead = y[history : history + int(rng.integers(3, 30))]
        left = int(ahead.sum())
        before = np.concatenate([[0], np.cumsum(y[history:])])
        k = int(np.searchsorted(before, left) - 1)
        truth = k + (left - before[k]) / (before[k + 1] - before[k])
        days = forecast([int(n) for n in y[:history]], left, weekday=history % 7).days
        assert days is not None
        far = float("inf")
        in80 += (days.low80 or 0) <= truth <= (far if days.high80 is None else days.high80)
        in95 += (days.low95 or 0) <= truth <= (far if days.high95 is None else days.high95)
    return in80 / runs, in95 / runs


@pytest.mark.parametrize("stream", [steady, bursty, weekly, wandering])
@pytest.mark.parametrize("history", [14, 28])
def test_the_intervals_hold_what_they_say(stream: Callable[..., Any], history: int) -> None:
    """Nominal less what 60 runs may miss by chance (two standard errors)."""
    in80, in95 = held(stream, history)
    assert in80 >= 0.80 - 0.103
    assert in95 >= 0.95 - 0.056


def test_a_wider_interval_would_not_do_as_well() -> None:
    """That the intervals say something: a steady pace is known within a fifth."""
    days = forecast([100, 103, 98, 101, 99, 102, 97] * 4, 1_000, weekday=0).days
    assert days is not None
    assert days.low80 is not None
    assert days.high80 is not None
    assert 8 < days.low80 < 10 < days.high80 < 12.5


def test_the_interval_follows_what_is_left_and_where_weeks_end() -> None:
    week = [100, 100, 100, 100, 100, 0, 0] * 4
    few, many = forecast(week, 250, weekday=0), forecast(week, 2_500, weekday=0)
    assert few.weekly
    assert few.days is not None
    assert many.days is not None
    assert 2 < (few.days.middle or 0) < 3.2  # before the week's end
    assert 30 < (many.days.middle or 0) < 40  # five weeks of five days
    friday = forecast(week[:-3], 250, weekday=4)
    assert friday.days is not None
    assert (friday.days.middle or 0) > 3.5  # a weekend lies between


@pytest.mark.parametrize(
    ("daily", "left", "reason"),
    [
        ([], 10, "too_few_days"),
        ([50] * (LEAST_DAYS - 1), 10, "too_few_days"),
        ([1] * LEAST_DAYS, 10, "too_few_answers"),
        ([100] * 10 + [0] * 7, 10, "no_pace"),
        ([100] * 10, 0, "nothing_left"),
    ],
)
def test_where_there_is_too_little_no_number_stands(daily: list[int], left: int, reason: str) -> None:
    found = forecast(daily, left, weekday=0)
    assert (found.reason, found.days, found.fan) == (reason, None, None)


def test_what_never_ends_at_this_pace_has_no_last_day() -> None:
    days = forecast([5] * 20, 1_000_000, weekday=0).days
    assert days == Span(None, None, None, None, None)


def test_the_same_days_give_the_same_numbers() -> None:
    daily = [int(n) for n in np.random.default_rng(3).poisson(50, 20)]
    assert forecast(daily, 500, weekday=2) == forecast(daily, 500, weekday=2)


def test_seconds_of_an_answer_are_all_work_by_all_answers() -> None:
    found = per_answer([(600, 20), (300, 10), (900, 30), (620, 20), (310, 10), (280, 10), (1_000, 30), (0, 0)])
    assert found is not None
    assert found.middle == pytest.approx(4_010 / 130)
    assert (found.low95 or 0) < (found.middle or 0) < (found.high95 or 0)
    assert per_answer([(600, 20)] * 3) is None
    assert per_answer([(6, 1)] * 20) is None


# ---- a project -------------------------------------------------------------------------------------------------------
@pytest.fixture
def world(workspace: Workspace, clock: Any) -> Iterator[World]:
    made = World(workspace, clock, {"overlap": 2})
    yield made
    outlook.forget(workspace.db)


def worked(world: World, days: int, each: int = 4) -> None:
    for _ in range(days):
        for _ in range(each):
            world.answer(world.a, YES)
            world.answer(world.b, NO)
        world.clock.advance(DAY)
    outlook.forget(world.db)


def page(world: World, zone: str = "") -> dict[str, Any]:
    outlook.forget(world.db)
    return outlook.outlook(world.db, world.project.id, zone)


def test_the_page_counts_what_the_project_counts(world: World) -> None:
    world.add(60)
    worked(world, 8)
    world.grant(world.c, 2)
    found = page(world)
    assert found["left"] == 120 - 64
    assert found["waiting"]["answers"] == 120 - 64 - 2
    assert found["waiting"]["in_hand"] == 2
    assert [one["answers"] for one in found["days"]] == [8] * 8 + [0]
    assert found["days"][-1]["in_all"] == found["progress"]["answers"] == 64
    assert found["forecast"]["reason"] == ""
    days = found["forecast"]["days"]
    assert 5.5 < days["low80"] <= 7 <= days["high80"] < 9.5
    today = date.fromisoformat(found["today"])
    assert found["forecast"]["dates"]["middle"] == (today + timedelta(days=int(days["middle"]))).isoformat()
    assert {one["worker"]["name"]: one["answers"] for one in found["people"]} == {"a": 32, "b": 32}
    assert found["people"][0]["week"] == 24  # six whole days and today, on which nobody has answered


def test_an_answer_that_was_taken_back_is_no_progress(world: World) -> None:
    world.add(10)
    one = world.answer(world.a)
    world.answer(world.b)
    assert page(world)["days"][-1]["answers"] == 2
    world.undo(world.a, one["id"])
    assert page(world)["days"][-1]["answers"] == 1


def test_days_are_those_of_who_asks(world: World) -> None:
    world.add(4)
    world.answer(world.a)
    east, west = page(world, "Pacific/Kiritimati"), page(world, "Pacific/Pago_Pago")
    assert east["today"] > west["today"]
    assert sum(one["answers"] for one in east["days"]) == sum(one["answers"] for one in west["days"]) == 1
    assert page(world, "No/Such")["zone"] == "UTC"


# ---- alerts ----------------------------------------------------------------------------------------------------------
def kinds(db: Database, **more: Any) -> list[str]:
    with db.read() as tx:
        return [one["kind"] for one in alerts.standing(tx, **more) if one["kind"] != "disk"]


def look(world: World) -> list[str]:
    outlook.forget(world.db)
    return [one.kind for one in alerts.look(world.db) if one.kind != "disk"]


def test_an_alert_is_told_once_and_ends_by_itself(world: World) -> None:
    world.add(38)
    worked(world, 8)
    assert look(world) == ["queue_dry"]
    assert look(world) == []
    assert kinds(world.db) == ["queue_dry"]
    assert world.events().count("alert.raised") == 1 + int("disk" in kinds_with_disk(world))
    world.add(400)
    assert look(world) == []
    assert kinds(world.db) == []
    assert "alert.ended" in world.events()


def kinds_with_disk(world: World) -> list[str]:
    with world.db.read() as tx:
        return [one["kind"] for one in alerts.standing(tx)]


def test_an_alert_can_be_put_off_and_comes_back(world: World) -> None:
    world.add(38)
    worked(world, 8)
    look(world)
    with world.db.read() as tx:
        one = next(found for found in alerts.standing(tx) if found["kind"] == "queue_dry")
    now = world.clock()
    for until in (now - 1, now + 91 * DAY * SECOND):
        with pytest.raises(BadInput):
            world.db.write(lambda tx, until=until: alerts.put_off(tx, world.owner, one["id"], until))
    with pytest.raises(NotFound):
        world.db.write(lambda tx: alerts.put_off(tx, world.owner, "absent", now + 1))
    world.db.write(lambda tx: alerts.put_off(tx, world.owner, one["id"], now + 3_600 * SECOND))
    assert kinds(world.db) == []
    assert kinds(world.db, put_off=True) == ["queue_dry"]
    world.clock.advance(3_700)
    assert kinds(world.db) == ["queue_dry"]


def test_a_paused_project_is_not_about_to_run_dry(world: World) -> None:
    world.add(38)
    worked(world, 8)
    with world.db.read() as tx:
        version = tx.one("project_get", id=world.project.id)["version"]
    world.db.write(lambda tx: update_project(tx, world.owner, world.project.id, version, {"state": "paused"}))
    assert look(world) == []


def test_the_budget_speaks_at_four_fifths(world: World) -> None:
    world.add(200)
    with world.db.read() as tx:
        version = tx.one("project_get", id=world.project.id)["version"]
    world.db.write(
        lambda tx: update_project(tx, world.owner, world.project.id, version, {"settings": {"budget_hours": 10.0}})
    )

    def add(hours: float) -> None:
        world.db.write(
            lambda tx: tx.run(
                "work_day_add", worker_id=world.a, project_id=world.project.id, day="2026-01-01",
                active=int(hours * 3_600 * SECOND), on_word=0, answers=10,
            )
        )  # fmt: skip

    add(7.9)
    assert look(world) == []
    add(0.1)
    assert look(world) == ["budget"]
    with world.db.read() as tx:
        one = next(found for found in alerts.standing(tx) if found["kind"] == "budget")
    assert (one["data"]["share"], one["data"]["budget"]) == (0.8, 10.0)


def test_a_failed_import_and_a_flagged_gold_task_are_told(world: World) -> None:
    (task,) = world.add(1)
    import sqlite3

    raw = sqlite3.connect(world.workspace.path)
    raw.execute("UPDATE import SET state = 'failed', ended_at = ?", (world.clock(),))
    raw.execute(
        "INSERT INTO gold (task_id, project_id, purpose, answers, place, state, by_worker, made_at)"
        " VALUES (?, ?, 'gold', '{}', 1, 'flagged', 'x', 0)", (task, world.project.id),
    )  # fmt: skip
    raw.commit()
    raw.close()
    assert sorted(look(world)) == ["gold_flagged", "import_failed"]
    world.clock.advance(4 * DAY)
    look(world)
    assert kinds(world.db) == ["gold_flagged"]


def test_a_nearly_full_disk_is_told(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    class Usage:
        total, free = 100 << 30, 1 << 30

    monkeypatch.setattr(alerts.shutil, "disk_usage", lambda path: Usage)
    assert [one.kind for one in alerts.look(world.db)] == ["disk"]
    Usage.free = 60 << 30
    alerts.look(world.db)
    assert kinds_with_disk(world) == []
    assert Path(world.workspace.path).exists()
