"""The ledger: what acts pay, by which rates, and that what was written stays."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from labelling_world import YES, World

from tawsim.core.ids import new_id
from tawsim.core.settings import Pay
from tawsim.labelling import owners, submit
from tawsim.labelling.submit import Given
from tawsim.ledger.entries import sums
from tawsim.ledger.pay import HOUR, for_time, rates_of
from tawsim.workspaces.profiles import Profile, set_profile
from tawsim.workspaces.workspace import Workspace


@pytest.fixture
def world(workspace: Workspace, clock: object) -> World:
    made = World(workspace, clock, {"overlap": 2, "max_leases": 5})
    made.add(20)
    return made


def pays(world: World, **pay: object) -> None:
    world.change(settings={"pay": pay})


def answer(world: World, worker: str, spent_s: float) -> str:
    lease = world.lease(worker).lease_id
    world.clock.advance(spent_s)
    sent = Given(spent_ms=int(spent_s * 1000))
    return world.db.write(lambda tx: submit.submit(tx, worker, lease, new_id(1), YES, sent)).or_raise()["id"]


def paid(world: World, worker: str) -> dict[tuple[str, str], tuple[int, int]]:
    with world.db.read() as tx:
        found = sums(tx, worker_id=worker)
    return {(one.why, one.currency): (one.amount_micros, one.quantity) for one in found}


@given(st.integers(0, 10_000_000_000), st.integers(0, 24 * HOUR))
def test_an_amount_is_the_nearest_millionth(rate: int, worked: int) -> None:
    exact = Fraction(rate * worked, HOUR)
    assert for_time(rate, worked) == round(exact)


def test_ones_own_rates_take_the_place_of_the_projects_as_a_whole() -> None:
    project = Pay(per_hour=10.0, per_answer=0.05, currency="USD")
    assert rates_of(project, Profile()).per_hour == 10_000_000
    own = rates_of(project, Profile(per_hour=12.5, currency="EUR"))
    assert (own.per_hour, own.per_answer, own.currency) == (12_500_000, 0, "EUR")
    assert not rates_of(project, Profile(per_answer=0.0, currency="EUR")).paid


def test_an_answer_pays_its_hour_and_itself(world: World) -> None:
    pays(world, per_hour=12.0, per_answer=0.05, currency="EUR")
    answer(world, world.a, 30)
    assert paid(world, world.a) == {("time", "EUR"): (100_000, 30_000_000), ("answer", "EUR"): (50_000, 1)}


def test_where_nothing_is_paid_nothing_is_written(world: World) -> None:
    answer(world, world.a, 30)
    assert paid(world, world.a) == {}


def test_a_later_rate_changes_no_old_entry(world: World) -> None:
    pays(world, per_answer=0.05, currency="EUR")
    answer(world, world.a, 10)
    world.db.write(lambda tx: set_profile(tx, world.owner, world.a, 1, {"per_answer": 1.0, "currency": "SAR"}))
    answer(world, world.a, 10)
    pays(world, per_answer=0.0, currency="EUR")
    assert paid(world, world.a) == {("answer", "EUR"): (50_000, 1), ("answer", "SAR"): (1_000_000, 1)}


def test_a_rejected_answer_was_work_and_stays_paid(world: World) -> None:
    pays(world, per_answer=0.05, currency="EUR")
    made = answer(world, world.a, 10)
    before = paid(world, world.a)
    world.reject(made)
    assert paid(world, world.a) == before == {("answer", "EUR"): (50_000, 1)}


def test_a_retry_pays_once(world: World) -> None:
    pays(world, per_answer=0.05, per_hour=1.0, currency="EUR")
    lease = world.lease(world.a).lease_id
    world.clock.advance(10)
    for _ in range(3):
        world.db.write(lambda tx: submit.submit(tx, world.a, lease, "k", YES, Given(spent_ms=9_000)))
    assert paid(world, world.a)[("answer", "EUR")] == (50_000, 1)
    assert paid(world, world.a)[("time", "EUR")][1] == 9_000_000


def test_an_adopted_draft_is_paid_as_an_answer_then(world: World) -> None:
    pays(world, per_answer=0.05, currency="EUR")
    gone = world.lease(world.a)
    world.clock.advance(10)
    # Two others take the slots, then the late answer comes.
    world.clock.advance(400)
    world.sweep()
    for worker in (world.b, world.c):
        lease = next(one for one in world.grant(worker, 5).leases if one.task_id == gone.task_id)
        world.submit(worker, lease.lease_id)
    late = world.db.write(lambda tx: submit.submit(tx, world.a, gone.lease_id, "late", YES))
    assert late.draft
    assert paid(world, world.a) == {}
    world.db.write(lambda tx: owners.set_task_overlap(tx, world.owner, gone.task_id, 3))
    world.db.write(lambda tx: owners.adopt_draft(tx, world.owner, late.draft or ""))
    world.db.write(lambda tx: owners.adopt_draft(tx, world.owner, late.draft or ""))
    assert paid(world, world.a) == {("answer", "EUR"): (50_000, 1)}


def test_sums_by_worker_project_and_day_add_up_to_the_entries(world: World) -> None:
    pays(world, per_hour=7.77, per_answer=0.013, currency="EUR")
    for worker in (world.a, world.b):
        for spent in (3.001, 17.5, 29.999):
            answer(world, worker, spent)
            world.clock.advance(20 * 3600)
    with world.db.read() as tx:
        whole = sums(tx, project_id=world.project.id)
        parts = sums(tx, worker_id=world.a) + sums(tx, project_id=world.project.id, worker_id=world.b)
        entries = [
            row[0] for row in tx._connection.execute("SELECT amount_micros FROM ledger_entry WHERE currency = 'EUR'")
        ]
    assert sum(one.amount_micros for one in whole) == sum(one.amount_micros for one in parts) == sum(entries)
    assert sum(one.entries for one in whole) == len(entries) == 12
    assert len({one.day for one in whole}) >= 4
