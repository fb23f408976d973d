"""Lanes, priorities and quotas: who is given what, in which order, and how much."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
from labelling_world import World

from tawsim.core.clock import SECOND
from tawsim.core.errors import BadInput, NotFound
from tawsim.core.ids import new_id
from tawsim.labelling import lanes, quotas
from tawsim.labelling.lanes import Requirement, read_requirement
from tawsim.workspaces.profiles import Profile, profile_of, set_profile, versioned_profile
from tawsim.workspaces.workspace import Workspace

HOUR = 3_600 * SECOND
ARABIC = Requirement(languages=("ar",))


@pytest.fixture
def world(workspace: Workspace, clock: object) -> World:
    return World(workspace, clock)


def learn(world: World, worker: str, **changes: object) -> None:
    def work(tx):  # type: ignore[no-untyped-def]
        return set_profile(tx, world.owner, worker, versioned_profile(tx, worker)[1], changes)

    world.db.write(work)
    with world.db.read() as tx:
        assert profile_of(tx, worker) != Profile()


def assign(world: World, tasks: list[str], requirement: Requirement) -> int:
    return world.db.write(lambda tx: lanes.assign(tx, world.owner, tasks, requirement))


def put_first(world: World, tasks: list[str], n: int = 10) -> int:
    return world.db.write(lambda tx: lanes.set_priority(tx, world.owner, tasks, n))


def drain(world: World, worker: str) -> list[str]:
    """All tasks that the worker is given, in order; each is answered."""
    found = []
    while leases := world.grant(worker).leases:
        found.append(leases[0].task_id)
        world.submit(worker, leases[0].lease_id)
    return found


# ---- who ------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("needs", "profile", "fits"),
    [
        (Requirement(), Profile(), True),
        (ARABIC, Profile(languages=("ar-EG", "en")), True),
        (ARABIC, Profile(languages=("arc",)), False),
        (Requirement(languages=("ar-EG",)), Profile(languages=("ar",)), False),
        (Requirement(languages=("ar", "en")), Profile(languages=("en",)), True),
        (Requirement(dialects=("gulf",)), Profile(dialects=("egyptian",)), False),
        (Requirement(skills=("medical", "legal")), Profile(skills=("medical",)), False),
        (Requirement(skills=("medical", "legal")), Profile(skills=("legal", "x", "medical")), True),
        (Requirement(groups=("a", "b")), Profile(groups=("b",)), True),
        (Requirement(workers=("me",)), Profile(), True),
        (Requirement(workers=("other",)), Profile(languages=("ar",)), False),
    ],
)
def test_who_meets_a_requirement(needs: Requirement, profile: Profile, fits: bool) -> None:
    assert needs.met_by("me", profile) is fits


@pytest.mark.parametrize(
    "bad",
    [
        "ar", {"language": ["ar"]}, {"languages": "ar"}, {"languages": ["not a tag!"]}, {"workers": "me"}, {"workers": [1]},
        {"workers": ["me"], "skills": ["x"]}, {"email": "a@b"}, {"skills": [""]},
    ],
)  # fmt: skip
def test_a_requirement_that_says_nothing_clear_is_refused(bad: object) -> None:
    with pytest.raises(BadInput):
        read_requirement(bad)


def test_only_those_who_may_have_it_are_given_a_task(world: World) -> None:
    tasks = world.add(4)
    assert assign(world, tasks[:2], ARABIC) == 2
    assert drain(world, world.a) == tasks[2:]
    assert world.grant(world.a).none == "done", "done: nothing left for this worker"
    learn(world, world.b, languages=["ar-SA"])
    assert drain(world, world.b) == tasks[:2]


def test_who_learns_a_language_starts_at_the_beginning_of_its_lane(world: World) -> None:
    tasks = world.add(6)
    assign(world, [tasks[0], tasks[3]], ARABIC)
    assert drain(world, world.a) == [tasks[1], tasks[2], tasks[4], tasks[5]]
    learn(world, world.a, languages=["ar"])
    assert drain(world, world.a) == [tasks[0], tasks[3]]


def test_a_task_for_one_person_waits_for_that_person(world: World) -> None:
    tasks = world.add(2)
    assign(world, tasks[:1], Requirement(workers=(world.c,)))
    assert drain(world, world.a) == tasks[1:]
    assert drain(world, world.b) == []
    assert drain(world, world.c) == tasks[:1]


def test_a_task_that_is_open_to_everybody_again_is_found_by_those_who_had_gone_past(world: World) -> None:
    tasks = world.add(3)
    assign(world, tasks[:1], ARABIC)
    assert drain(world, world.a) == tasks[1:]
    assert assign(world, tasks[:1], Requirement()) == 1
    assert assign(world, tasks[:1], Requirement()) == 0, "it stands there already"
    assert drain(world, world.a) == tasks[:1]


def test_priorities_come_first_in_the_order_of_the_plan_and_low_ones_last(world: World) -> None:
    tasks = world.add(6)
    put_first(world, [tasks[4], tasks[2]])
    put_first(world, [tasks[0]], -5)
    assert drain(world, world.a) == [tasks[2], tasks[4], tasks[1], tasks[3], tasks[5], tasks[0]]
    for bad in (101, -101, True, 1.5, "9"):
        with pytest.raises(BadInput):
            put_first(world, tasks, bad)  # type: ignore[arg-type]
    with pytest.raises(NotFound):
        put_first(world, ["nothing"])
    with pytest.raises(NotFound):
        assign(world, tasks, Requirement(workers=("nobody",)))


def test_at_the_same_priority_what_few_may_have_comes_first(world: World) -> None:
    tasks = world.add(4)
    assign(world, tasks[2:3], ARABIC)
    assign(world, tasks[3:], Requirement(skills=("legal",)))
    learn(world, world.a, languages=["ar"], skills=["legal"])
    assert drain(world, world.a) == [tasks[2], tasks[3], tasks[0], tasks[1]]


def test_what_came_back_is_found_in_its_lane(world: World) -> None:
    tasks = world.add(3)
    assign(world, tasks[:2], ARABIC)
    learn(world, world.a, languages=["ar"])
    learn(world, world.b, languages=["ar"])
    held = world.lease(world.a)
    assert held.task_id == tasks[0]
    assert drain(world, world.b) == [tasks[1], tasks[2]]
    assert world.grant(world.b).none == "leased"
    assert world.grant(world.c).none == "done", "what others hold is not for this worker"
    world.release(world.a, held.lease_id)
    assert drain(world, world.b) == [tasks[0]]


def test_an_overdue_lease_of_a_lane_is_taken_over_by_the_grant(world: World) -> None:
    (task,) = world.add(1)
    assign(world, [task], ARABIC)
    learn(world, world.a, languages=["ar"])
    learn(world, world.b, languages=["ar"])
    assert world.lease(world.a).task_id == task
    world.clock.now += 61 * SECOND
    assert world.lease(world.b).task_id == task


def test_two_who_ask_equally_often_get_about_equally_many(workspace: Workspace, clock: object) -> None:
    """Q18: within a factor of two, and a fast one is told that nothing is left only when nothing is."""
    world = World(workspace, clock, {"overlap": 2, "max_leases": 5})
    tasks = world.add(120)
    assign(world, tasks[::3], ARABIC)
    put_first(world, tasks[::5])
    learn(world, world.a, languages=["ar"])
    learn(world, world.b, languages=["ar"])
    got: Counter[str] = Counter()
    while True:
        before = got.total()
        for worker in (world.a, world.b, world.c):
            for lease in world.grant(worker, 3).leases:
                world.submit(worker, lease.lease_id)
                got[worker] += 1
        if got.total() == before:
            break
    assert got.total() == 240, "every task has its two answers"
    assert max(got[world.a], got[world.b]) <= 2 * min(got[world.a], got[world.b])


# ---- how much --------------------------------------------------------------------------------------------------------
def limit(world: World, **limits: object) -> None:
    world.change(settings={"quota": limits})


def test_a_daily_quota_is_exact_and_given_back(world: World) -> None:
    limit(world, per_day=3)
    world.add(9)
    first, second = world.grant(world.a, 2).leases
    world.submit(world.a, first.lease_id)
    world.release(world.a, second.lease_id)
    found = world.grant(world.a, 5)
    assert len(found.leases) == 2
    assert found.none == "quota"
    for lease in found.leases:
        world.submit(world.a, lease.lease_id)
    assert world.grant(world.a).none == "quota"
    assert world.grant(world.b).none is None, "it is one person's"
    world.skip(world.b, world.lease(world.b).lease_id)
    assert len(drain(world, world.b)) == 3, "what was skipped does not count"


def test_what_expired_is_given_back_and_counts_again_when_it_comes_late(world: World) -> None:
    limit(world, per_day=1)
    world.add(3)
    late = world.lease(world.a)
    world.clock.now += 61 * SECOND
    world.sweep()
    world.answer(world.a)
    with pytest.raises(Exception, match="went to somebody else"):  # it is kept as a draft: the quota is used up
        world.submit(world.a, late.lease_id)


def test_a_clock_and_a_time_zone_cannot_give_more(world: World) -> None:
    world.clock.now = int(datetime(2027, 3, 1, 13, tzinfo=UTC).timestamp()) * SECOND
    limit(world, per_day=1)
    world.add(40)
    assert len(drain(world, world.a)) == 1
    learn(world, world.a, time_zone="Pacific/Kiritimati")  # it is tomorrow there
    assert world.grant(world.a).none == "quota"
    world.clock.now += 12 * HOUR  # the next day in UTC, when the day began in which the quota was used
    assert len(drain(world, world.a)) == 1
    for name in ("UTC", "Pacific/Kiritimati", "America/Los_Angeles", "Asia/Riyadh"):
        learn(world, world.a, time_zone=name)
        assert world.grant(world.a).none == "quota"
    world.clock.now -= 48 * HOUR
    assert world.grant(world.a).none == "quota", "a day that comes twice is one day"
    world.clock.now += 48 * HOUR
    began, given = world.clock.now, 0
    for hour in range(24 * 12):  # whatever they say where they live, no more days than there are
        learn(world, world.a, time_zone=("UTC", "Pacific/Kiritimati", "America/Los_Angeles", "Asia/Riyadh")[hour % 4])
        world.clock.now = began + hour * HOUR
        given += len(drain(world, world.a))
    assert given <= 13


def test_a_jump_ahead_and_back_gives_one_day_at_most(world: World) -> None:
    limit(world, per_day=2)
    world.add(30)
    start = world.clock.now
    assert len(drain(world, world.a)) == 2
    world.clock.now = start + 24 * 30 * HOUR
    assert len(drain(world, world.a)) == 2
    world.clock.now = start
    assert world.grant(world.a).none == "quota"
    world.clock.now = start + 72 * HOUR
    assert len(drain(world, world.a)) == 2, "and it heals"


def test_quotas_in_all_and_as_a_share(world: World) -> None:
    limit(world, per_worker=4)
    world.add(10)
    assert len(drain(world, world.a)) == 4
    limit(world, per_worker=0, share=0.35)
    assert len(drain(world, world.b)) == 3
    world.db.write(lambda tx: quotas.set_quota(tx, world.owner, world.project.id, world.a, {"share": 0.5}))
    assert len(drain(world, world.a)) == 1
    assert world.grant(world.c).none is None
    with pytest.raises(BadInput, match=r"quota\.per_day"):
        world.db.write(lambda tx: quotas.set_quota(tx, world.owner, world.project.id, world.a, {"per_day": -1}))
    with pytest.raises(BadInput, match="per_hour"):
        world.db.write(lambda tx: quotas.set_quota(tx, world.owner, world.project.id, world.a, {"per_hour": 1}))


def test_many_at_once_do_not_exceed_a_quota(workspace: Workspace, clock: object) -> None:
    """Q19: checked and taken in one transaction."""
    world = World(workspace, clock, {"max_leases": 50})
    limit(world, per_day=7)
    world.add(40)

    def ask(_: int) -> int:
        found = world.grant(world.a, 3)
        for lease in found.leases:
            world.db.write(lambda tx, one=lease.lease_id: submit_once(tx, world.a, one))
        return len(found.leases)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(ask, range(24)))
    assert world.of_worker(world.a)[0] == 7
    with world.db.read() as tx:
        day = tx.one("day_get", project_id=world.project.id, worker_id=world.a)
    assert day is not None
    assert day["taken"] == 7


def submit_once(tx, worker: str, lease: str) -> None:  # type: ignore[no-untyped-def]
    from tawsim.labelling import submit

    submit.submit(tx, worker, lease, new_id(1), {"label": "نعم"})


def test_an_undone_answer_is_still_the_same_task_of_the_day(world: World) -> None:
    limit(world, per_day=1)
    world.add(3)
    annotation = world.answer(world.a)
    leased = world.undo(world.a, annotation["id"])
    assert world.grant(world.a, 3).none == "quota"
    world.release(world.a, leased.lease_id)
    assert len(drain(world, world.a)) == 1


def test_what_comes_into_a_lane_later_lies_past_everybody_who_is_there(world: World) -> None:
    """Each task that changes its lane gets a rank of its own, in whatever order people have gone on."""
    tasks = world.add(4)
    put_first(world, tasks[3:])
    first = world.lease(world.a)
    assert first.task_id == tasks[3]
    world.submit(world.a, first.lease_id)
    put_first(world, tasks[1:2])
    assert world.lease(world.a).task_id == tasks[1]
