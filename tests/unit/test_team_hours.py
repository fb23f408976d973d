"""Active time: each counted microsecond is a real one, counted once. The proof of labelling/hours.py as a property."""

import json
from datetime import UTC, date
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from labelling_world import YES, World

from tawsim.core.clock import SECOND
from tawsim.core.errors import BadInput
from tawsim.core.ids import new_id
from tawsim.labelling import holding, hours, owners, submit
from tawsim.labelling.hours import claim, work_days
from tawsim.labelling.projects import NewProject, create_project
from tawsim.labelling.submit import Given
from tawsim.workspaces.profiles import set_profile, zone
from tawsim.workspaces.workspace import Workspace


@pytest.fixture
def world(workspace: Workspace, clock: object) -> World:
    made = World(workspace, clock, {"overlap": 3, "max_leases": 10, "lease_seconds": 7200})
    made.add(30)
    return made


def send(world: World, worker: str, lease: str, spent_s: float | None = None, key: str | None = None) -> None:
    given = Given(spent_ms=None if spent_s is None else int(spent_s * 1000))
    world.db.write(lambda tx: submit.submit(tx, worker, lease, key or new_id(1), YES, given)).or_raise()


def seconds(world: World, worker: str) -> float:
    with world.db.read() as tx:
        return sum(one.active for one in work_days(tx, worker_id=worker)) / SECOND


def on_word(world: World, worker: str) -> float:
    with world.db.read() as tx:
        return sum(one.on_word for one in work_days(tx, worker_id=worker)) / SECOND


# ---- the rule, pure ------------------------------------------------------------------------------------------------
ACTS = st.lists(
    st.tuples(
        st.integers(-500, 2_000),  # how far the clock moved since the act before: also back
        st.integers(0, 3_000),  # how long ago its task was given out
        st.integers(0, 5_000),  # how long the browser says that hands were on it
    ),
    max_size=40,
)


@given(ACTS)
def test_no_two_pieces_overlap_and_each_lies_within_its_act(acts: list[tuple[int, int, int]]) -> None:
    taken: tuple[tuple[int, int], ...] = ()
    closed, now, pieces = 0, 10_000, []
    for moved, ago, want in acts:
        now = max(0, now + moved)
        found = claim(taken, closed, now - ago, now, want)
        assert found.length <= min(want, ago)
        assert all(now - ago <= start < end <= now for start, end in found.pieces)
        assert len(found.taken) <= hours.KEPT
        assert found.closed_until >= closed
        taken, closed = found.taken, found.closed_until
        pieces += found.pieces
    pieces.sort()
    assert all(a[1] <= b[0] for a, b in pairwise(pieces))
    # So the sum of any span is at most its length.
    if pieces:
        assert sum(end - start for start, end in pieces) <= max(end for _, end in pieces) - pieces[0][0]


@given(ACTS)
def test_what_is_free_is_given_where_it_is_wanted(acts: list[tuple[int, int, int]]) -> None:
    """Not one microsecond less than there is: the rule is fair to the worker, too."""
    now, free = 3_000, set(range(0, 25_000))
    taken: tuple[tuple[int, int], ...] = ()
    closed = 0
    for moved, ago, want in acts:
        now += abs(moved) // 4
        open_ = [t for t in range(max(closed, now - ago), now) if t in free]
        found = claim(taken, closed, now - ago, now, want)
        assert found.length == min(want, len(open_))
        for start, end in found.pieces:
            free -= set(range(start, end))
        taken, closed = found.taken, found.closed_until


def test_stretches_beyond_the_newest_are_closed_for_good() -> None:
    taken, closed = (), 0
    for at in range(0, 10_000, 100):
        found = claim(taken, closed, at, at + 50, 50)
        taken, closed = found.taken, found.closed_until
    assert len(taken) == hours.KEPT
    assert closed == (100 - hours.KEPT - 1) * 100 + 50
    assert claim(taken, closed, 0, 10_000, 10_000).length == 10_000 - closed - 50 * hours.KEPT


def test_a_piece_over_midnight_counts_on_both_days() -> None:
    riyadh = zone("Asia/Riyadh")
    assert riyadh is not None
    midnight = hours.start_of_day(date(2026, 11, 22), riyadh)
    pieces = [(midnight - 10 * SECOND, midnight + 20 * SECOND)]
    assert hours.by_day(pieces, riyadh) == {"2026-11-21": 10 * SECOND, "2026-11-22": 20 * SECOND}
    assert hours.by_day(pieces, UTC) == {"2026-11-21": 30 * SECOND}


def test_days_of_23_and_25_hours_lose_nothing() -> None:
    berlin = zone("Europe/Berlin")
    assert berlin is not None
    for day, length in ((date(2026, 3, 29), 23), (date(2026, 10, 25), 25), (date(2026, 7, 1), 24)):
        start = hours.start_of_day(day, berlin)
        found = hours.by_day([(start, start + length * 3600 * SECOND)], berlin)
        assert found == {day.isoformat(): length * 3600 * SECOND}


# ---- as it is written ----------------------------------------------------------------------------------------------
def test_what_the_browser_says_counts_within_the_life_of_the_lease(world: World) -> None:
    lease = world.lease(world.a).lease_id
    world.clock.advance(90)
    send(world, world.a, lease, 40)
    assert seconds(world, world.a) == 40
    lease = world.lease(world.a).lease_id
    world.clock.advance(10)
    send(world, world.a, lease, 3600)  # an hour on a task that was given out ten seconds ago
    assert seconds(world, world.a) == 50


def test_without_a_word_the_gap_counts_and_a_pause_is_cut(world: World) -> None:
    lease = world.lease(world.a).lease_id
    world.clock.advance(25)
    send(world, world.a, lease)
    lease = world.lease(world.a).lease_id
    world.clock.advance(5000)  # lunch
    send(world, world.a, lease)
    assert seconds(world, world.a) == 25 + 300
    assert on_word(world, world.a) == 0


def test_tasks_that_waited_in_the_browser_count_no_waiting(world: World) -> None:
    leases = [one.lease_id for one in world.grant(world.a, 5).leases]
    for lease in leases:
        world.clock.advance(12)
        send(world, world.a, lease, 12)
    assert seconds(world, world.a) == 60


def test_ten_answers_in_one_batch_share_the_gap(world: World) -> None:
    leases = [one.lease_id for one in world.grant(world.a, 10).leases]
    world.clock.advance(100)
    for lease in leases:
        send(world, world.a, lease)
    assert seconds(world, world.a) == 100
    leases = [one.lease_id for one in world.grant(world.a, 10).leases]
    world.clock.advance(100)
    for lease in leases:
        send(world, world.a, lease, 60)  # ten minutes' worth in a hundred seconds
    assert seconds(world, world.a) == 200


def test_an_hour_offline_sent_at_once_is_that_hour(world: World) -> None:
    leases = [one.lease_id for one in world.grant(world.a, 10).leases]
    world.clock.advance(3600)
    for lease in leases:
        send(world, world.a, lease, 360)
    assert seconds(world, world.a) == 3600
    # The server saw a pause's worth of it; the rest is the browser's word, and says so.
    assert on_word(world, world.a) == 3300


def test_a_clock_that_jumps_back_counts_nothing_twice(world: World) -> None:
    first, second = (one.lease_id for one in world.grant(world.a, 2).leases)
    world.clock.advance(60)
    send(world, world.a, first, 60)
    world.clock.advance(-60)
    send(world, world.a, second, 60)
    assert seconds(world, world.a) == 60


def test_one_person_in_two_projects_has_one_time(world: World) -> None:
    new = NewProject(name="second", questions=[{"kind": "choice", "name": "label", "labels": ["x", "y"]}])
    second = world.db.write(lambda tx: create_project(tx, world.owner, "p2", new))
    lease = world.lease(world.a).lease_id
    world.clock.advance(30)
    send(world, world.a, lease, 30)

    def twice(tx: object) -> int:
        row = tx.one("project_get", id=second.id)  # type: ignore[attr-defined]
        return hours.worked(
            tx,
            row,
            world.a,
            since=world.clock.now - 30 * SECOND,
            spent_ms=30_000,
            object_id="x",
            answer=False,  # type: ignore[arg-type]
        )

    assert world.db.write(twice) == 0
    assert seconds(world, world.a) == 30


def test_a_repeated_submit_counts_once_and_a_kept_draft_was_worked(world: World) -> None:
    lease = world.lease(world.a).lease_id
    world.clock.advance(20)
    send(world, world.a, lease, 20, key="k")
    world.clock.advance(20)
    send(world, world.a, lease, 40, key="k")
    assert seconds(world, world.a) == 20
    gone = world.lease(world.a)
    world.clock.advance(30)
    world.db.write(lambda tx: owners.reopen(tx, world.owner, gone.task_id))
    kept = world.db.write(lambda tx: submit.submit(tx, world.a, gone.lease_id, "late", YES, Given(spent_ms=30_000)))
    assert kept.draft
    assert seconds(world, world.a) == 50


def test_a_skip_and_a_change_take_time_too(world: World) -> None:
    lease = world.lease(world.a).lease_id
    world.clock.advance(15)
    world.db.write(lambda tx: holding.skip(tx, world.a, lease, "unclear", 15_000))
    world.db.write(lambda tx: holding.skip(tx, world.a, lease, "unclear", 15_000))  # a retry
    assert seconds(world, world.a) == 15
    made = world.answer(world.a)
    world.clock.advance(9)
    world.db.write(lambda tx: submit.edit(tx, world.a, made["id"], "e", 1, YES, Given(spent_ms=9_000)))
    assert seconds(world, world.a) == 24


def test_a_length_that_is_none_is_refused_by_its_name(world: World) -> None:
    lease = world.lease(world.a).lease_id
    for bad in (-1, 24 * 3600 * 1000 + 1):
        with pytest.raises(BadInput, match="spent_ms"):
            world.db.write(lambda tx, bad=bad: submit.submit(tx, world.a, lease, "k", YES, Given(spent_ms=bad)))
    assert seconds(world, world.a) == 0


def test_days_are_those_of_the_persons_time_zone(world: World) -> None:
    world.db.write(lambda tx: set_profile(tx, world.owner, world.a, 1, {"time_zone": "Asia/Riyadh"}))
    # 1,800,000,000 is 08:00 UTC on 2027-01-15: 14 hours later it is one o'clock the next morning in Riyadh.
    lease_seconds = 14 * 3600
    world.clock.advance(lease_seconds)
    lease = world.lease(world.a).lease_id
    world.clock.advance(10)
    send(world, world.a, lease, 10)
    with world.db.read() as tx:
        (day,) = work_days(tx, worker_id=world.a)
        row = tx.one("time_taken_get", worker_id=world.a)
    assert (day.day, day.answers) == ("2027-01-16", 1)
    assert row is not None
    assert len(json.loads(row["taken"])) == 1
