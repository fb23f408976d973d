"""`tawsim pay` and the floor: what the table says, and that a floor is paid once, for finished days only."""

import json
from pathlib import Path
from typing import Any

import pytest
from labelling_world import YES, World

from tawsim.cli.main import run
from tawsim.core.errors import BadInput, NotFound
from tawsim.core.ids import new_id
from tawsim.labelling import submit
from tawsim.labelling.submit import Given
from tawsim.loop.paying import line_json, pay_lines, top_up, totals
from tawsim.workspaces.workspace import Workspace


@pytest.fixture
def world(workspace: Workspace, clock: object) -> World:
    made = World(workspace, clock, {"overlap": 3, "max_leases": 5})
    made.add(20)
    return made


def answer(world: World, worker: str, spent_s: int) -> None:
    lease = world.lease(worker).lease_id
    world.clock.advance(spent_s)
    given = Given(spent_ms=spent_s * 1000)
    world.db.write(lambda tx: submit.submit(tx, worker, lease, new_id(1), YES, given)).or_raise()


def pays(world: World, **pay: Any) -> Any:
    return world.change(settings={"pay": {"currency": "EUR", **pay}})


def test_lines_and_their_totals(world: World) -> None:
    project = pays(world, per_answer=0.5)
    answer(world, world.a, 30)
    answer(world, world.b, 60)
    world.clock.advance(24 * 3600)
    answer(world, world.a, 30)
    lines = pay_lines(world.db, project)
    assert [(one.worker, one.active // 1_000_000, one.answers, one.amounts) for one in lines] == [
        ("a", 30, 1, {"EUR": 500_000}), ("a", 30, 1, {"EUR": 500_000}), ("b", 60, 1, {"EUR": 500_000}),
    ]  # fmt: skip
    (a, _b) = totals(lines)
    assert line_json(a)["per_hour"] == {"EUR": 60.0}  # 1 EUR in a minute
    assert totals(pay_lines(world.db, worker="a")) == [a]
    assert pay_lines(world.db, project, to_day="2027-01-14") == []
    with pytest.raises(NotFound):
        pay_lines(world.db, worker="nobody")
    with pytest.raises(BadInput):
        pay_lines(world.db)


def test_a_floor_is_paid_once_and_for_finished_days(world: World) -> None:
    project = pays(world, per_answer=0.01, floor_per_hour=12.0)
    answer(world, world.a, 300)
    assert top_up(world.db, project) == []  # today may still come up to it by itself
    world.clock.advance(24 * 3600)
    (written,) = top_up(world.db, project)
    assert written.amounts == {"EUR": 1_000_000 - 10_000}  # five minutes at 12 an hour, less what was paid
    assert top_up(world.db, project) == []
    (line,) = pay_lines(world.db, project)
    assert line.amounts == {"EUR": 1_000_000}


def test_who_earned_more_than_the_floor_gets_nothing_more(world: World) -> None:
    project = pays(world, per_answer=5.0, floor_per_hour=12.0)
    answer(world, world.a, 300)
    world.clock.advance(24 * 3600)
    assert top_up(world.db, project) == []
    with pytest.raises(BadInput, match="no floor"):
        top_up(world.db, pays(world, floor_per_hour=0.0))


def test_the_command(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    pays(world, per_answer=0.5)
    answer(world, world.a, 90)
    path = str(Path(world.workspace.path))
    assert run(["pay", "reviews", "-w", path, "--json"]) == 0
    (line,) = json.loads(capsys.readouterr().out)["lines"]
    assert (line["worker"], line["active_us"], line["amounts_micros"]) == ("a", 90_000_000, {"EUR": 500_000})
    assert run(["pay", "--worker", "a", "-w", path, "--days", "--csv"]) == 0
    head, row = capsys.readouterr().out.lstrip("\ufeff").splitlines()
    assert head.startswith("worker,project,day,hours")
    assert row == "a,reviews,2027-01-15,0.025000,0.000000,1,EUR,0.500000"
    assert run(["pay", "reviews", "-w", path]) == 0
    assert "0.50 EUR" in capsys.readouterr().out
    assert run(["pay", "reviews", "-w", path, "--from", "soon"]) == 3
