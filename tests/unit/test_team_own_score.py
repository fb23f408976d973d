"""What a person sees of their own score: nothing by which a task of known answer could be found out."""

from typing import Any

import pytest
from labelling_world import World

from tawsim.labelling import mine
from tawsim.labelling.disputes import DAY
from tawsim.labelling.evidence import put_evidence
from tawsim.workspaces.profiles import set_profile
from tawsim.workspaces.workspace import Workspace


@pytest.fixture
def world(workspace: Workspace, clock: object) -> World:
    made = World(workspace, clock, {"overlap": 3, "max_leases": 5})
    made.add(40)
    return made


def page(world: World, worker: str | None = None) -> dict[str, Any]:
    with world.db.read() as tx:
        return mine.own_summary(tx, world.project.id, worker or world.a)


def judged(world: World, source: str, *values: float, fair: bool = True) -> None:
    """Evidence of that source on new answers of a."""
    for value in values:
        made = world.answer(world.a)["id"]

        def work(tx: Any, made: str = made, value: float = value) -> None:
            row = tx.one("annotation_get", id=made)
            put_evidence(tx, worker_id=world.a, act="label", source=source, annotation=row, value=value, fair=fair)  # type: ignore[arg-type]

        world.db.write(work)


def sources(world: World) -> dict[str, int]:
    return {one["source"]: one["n"] for one in page(world)["score"]["sources"]}


def test_known_answers_count_from_the_next_day_in_whole_blocks(world: World) -> None:
    judged(world, "gold", 1, 1, 1, 0, 1, 1, 0)
    assert page(world)["score"]["n"] == 0
    world.clock.now += DAY
    found = page(world)["score"]
    assert (found["n"], sources(world)) == (5, {"gold": 5})
    judged(world, "gold", 1, 1, 1)  # ten in all, three of them today
    assert page(world)["score"]["n"] == 5
    world.clock.now += DAY
    assert sources(world) == {"gold": 10}


def test_no_answer_moves_the_score_at_once_whether_its_task_was_known_or_not(world: World) -> None:
    judged(world, "gold", *[1.0] * 4)
    world.clock.now += DAY
    before = page(world)["score"]
    world.answer(world.a)  # an ordinary one
    ordinary = page(world)["score"]
    judged(world, "gold", 0.0)  # a known one, which fills a block
    assert before == ordinary == page(world)["score"]


def test_the_day_is_that_of_the_persons_time_zone(world: World) -> None:
    world.db.write(lambda tx: set_profile(tx, world.owner, world.a, 1, {"time_zone": "Asia/Riyadh"}))
    judged(world, "gold", *[1.0] * 5)  # 08:00 UTC, 11:00 in Riyadh
    world.clock.advance(12.5 * 3600)
    assert page(world)["score"]["n"] == 0
    world.clock.advance(0.5 * 3600)  # midnight in Riyadh, 21:00 UTC
    assert page(world)["score"]["n"] == 5


def test_reviews_count_at_once_and_training_beside(world: World) -> None:
    judged(world, "review", 1.0, 0.0, 0.5)
    judged(world, "training", 0.0, 0.0)
    found = page(world)["score"]
    assert found["n"] == 3
    assert sources(world) == {"review": 3, "training": 2}
    assert found["low"] < found["mean"] < found["high"]
    assert found["mean"] == pytest.approx(0.5)
    assert found["verdict"] == "open"
    assert found["more"] > 0


def test_with_nothing_known_the_interval_is_nearly_all_there_is(world: World) -> None:
    found = page(world)["score"]
    assert (found["n"], round(found["low"], 3), round(found["high"], 3)) == (0, 0.025, 0.975)
    assert found["verdict"] == "open"


@pytest.mark.parametrize(
    ("choose", "share", "shown"),
    [("none", 0.1, True), ("random", 0.1, True), ("random", 0.5, False), ("risk", 0.2, True), ("all", 0.1, False)],
)
def test_accepted_reviews_are_shown_where_having_none_says_nothing(
    world: World, choose: str, share: float, shown: bool
) -> None:
    project = world.change(settings={"review": {"choose": choose, "share": share}})
    assert mine.shows_accepted(project.settings.review) is shown
    assert (page(world)["reviews"]["accepted"] is not None) is shown


def test_somebody_who_has_done_nothing_has_a_page(world: World) -> None:
    found = page(world, world.c)
    assert found["hours"]["days"] == []
    assert found["pay"]["sums"] == []
    assert found["guideline"] == {"version": 1, "seen": 1}
    with world.db.read() as tx:
        assert mine.own_answers(tx, world.project.id, world.c, "~", 10) == []
