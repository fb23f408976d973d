"""Handing out tasks: order, limits, what “none” means, expiry. One sentence of docs/reference/queue.md a test."""

import dataclasses
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from labelling_world import YES, World

from tawsim.core.clock import SECOND
from tawsim.core.errors import NotFound
from tawsim.core.records import Worker
from tawsim.labelling import holding, owners, queue, submit
from tawsim.workspaces.workspace import Workspace, add_worker, open_workspace


@pytest.fixture
def world(workspace: Workspace, clock: object) -> World:
    return World(workspace, clock)


def set_active(world: World, worker: str, active: bool) -> None:
    world.db.write(lambda tx: owners.set_worker_active(tx, world.owner, worker, active))


def test_a_reload_gives_the_leases_that_are_held_already(world: World) -> None:
    world.add(5)
    first = world.grant(world.a, 2)
    assert [one.seq for one in first.leases] == [1, 2]
    assert world.grant(world.a, 2) == first
    assert [one.seq for one in world.grant(world.a, 3).leases] == [1, 2, 3]
    assert [one.seq for one in world.grant(world.a, 1).leases] == [1]


def test_nobody_holds_more_than_max_leases(world: World) -> None:
    world.change(max_leases=2)
    world.add(9)
    grant = world.grant(world.a, 9)
    assert len(grant.leases) == 2
    assert grant.none is None
    assert len(world.grant(world.a, 9).leases) == 2


def test_fifo_is_the_order_of_import_and_what_comes_back_goes_first(world: World) -> None:
    world.add(4)
    first = world.lease(world.a)
    assert first.seq == 1
    assert world.lease(world.b).seq == 2
    world.release(world.a, first.lease_id)
    assert world.lease(world.c).seq == 1
    assert world.lease(world.a).seq == 3


def test_a_later_import_comes_after_an_earlier_one(world: World) -> None:
    world.add(2)
    world.add(2)
    assert [one.seq for one in world.grant(world.a, 4).leases] == [1, 2, 3, 4]


def test_random_order_is_a_shuffle_that_loses_nothing(workspace: Workspace, clock: object) -> None:
    world = World(workspace, clock, {"order": "random", "max_leases": 50})
    world.add(50)
    order = [one.seq for one in world.grant(world.a, 50).leases]
    assert sorted(order) == list(range(1, 51))
    assert order != sorted(order)
    assert [one.seq for one in world.grant(world.b, 1).leases] == []


def test_the_last_slot_goes_to_one_and_the_other_hears_none(world: World) -> None:
    world.add(1)
    world.lease(world.a)
    other = world.grant(world.b)
    assert other.leases == ()
    assert (other.none, other.retry_after_s) == ("leased", 30)


def test_none_tells_its_four_reasons_apart(world: World) -> None:
    assert world.grant(world.a).none == "done"  # no tasks at all
    world.add(1)
    lease = world.lease(world.a)
    world.clock.advance(50)
    assert (world.grant(world.b).none, world.grant(world.b).retry_after_s) == ("leased", 10)
    world.change(state="paused")
    assert world.grant(world.b).none == "paused"
    assert world.grant(world.a).leases[0].lease_id == lease.lease_id  # a pause takes nothing from anybody's hands
    set_active(world, world.b, False)
    assert world.grant(world.b).none == "deactivated"
    world.change(state="running")
    world.submit(world.a, lease.lease_id)
    assert world.grant(world.c).none == "done"
    assert world.grant(world.a).none == "done"


def test_a_task_that_this_worker_cannot_get_is_not_worth_waiting_for(workspace: Workspace, clock: object) -> None:
    world = World(workspace, clock, {"overlap": 2})
    world.add(1)
    world.answer(world.a)
    world.lease(world.b)
    assert world.grant(world.a).none == "done"
    assert world.grant(world.c).none == "leased"


def test_unknown_project_or_worker(world: World) -> None:
    with pytest.raises(NotFound):
        world.grant("nobody")
    with pytest.raises(NotFound):
        world.db.write(lambda tx: queue.next_leases(tx, "no project", world.a, 1))


def test_the_grant_that_needs_a_slot_ends_the_overdue_lease_itself(world: World) -> None:
    (task,) = world.add(1)
    world.lease(world.a)
    world.clock.advance(59)
    assert world.grant(world.b).leases == ()
    world.clock.advance(1)
    assert world.lease(world.b).task_id == task
    assert world.events().count("lease.expired") == 1


def test_a_clock_set_back_revives_no_lease(world: World) -> None:
    (task,) = world.add(1)
    first = world.lease(world.a)
    world.clock.advance(61)
    assert world.sweep() == 1
    world.clock.advance(-3600)
    assert world.sweep() == 0
    second = world.lease(world.b)
    assert second.task_id == task
    assert world.grant(world.a).leases == ()  # not again the old one: it has ended for ever
    assert world.task(task)["load"] == 1
    assert first.lease_id != second.lease_id


def test_a_clock_set_back_ends_no_lease_early(world: World) -> None:
    world.add(1)
    lease = world.lease(world.a)
    world.clock.advance(-3600)
    assert world.sweep() == 0
    assert world.grant(world.a).leases[0].lease_id == lease.lease_id


def test_an_overdue_lease_is_not_handed_out_again_with_no_time_left(world: World) -> None:
    world.add(1)
    first = world.lease(world.a)
    world.clock.advance(60)
    again = world.lease(world.a)
    assert again.lease_id != first.lease_id
    assert again.deadline == world.clock.now + 60 * SECOND


def test_whoever_asks_in_vain_walks_past_the_same_tasks_only_once(workspace: Workspace, clock: object) -> None:
    """What came back but was theirs already must not be walked again at every poll."""
    world = World(workspace, clock, {"overlap": 2, "max_leases": 50})
    world.add(50)
    for one in world.grant(world.a, 50).leases:
        world.submit(world.a, one.lease_id)
    for one in world.grant(world.b, 50).leases:
        world.release(world.b, one.lease_id)
    asked: list[str] = []

    def poll(tx: queue.Transaction) -> queue.Grant:
        tx._connection.set_trace_callback(asked.append)
        try:
            return queue.next_leases(tx, world.project.id, world.a, 1)
        finally:
            tx._connection.set_trace_callback(None)

    assert world.db.write(poll).none == "done"
    first = len(asked)
    asked.clear()
    assert world.db.write(poll).none == "done"
    assert len(asked) < 15 < first
    assert len(world.grant(world.c, 50).leases) == 50


def test_two_who_ask_equally_often_get_equally_much(world: World) -> None:
    world.add(120)
    done: Counter[str] = Counter()
    for _ in range(60):
        for worker in (world.a, world.b):
            world.answer(worker)
            done[worker] += 1
    assert set(done.values()) == {60}
    assert world.counts().done == 120


def test_a_task_that_keeps_coming_back_starves_nobody(world: World) -> None:
    """One worker takes and drops for ever; every other task is handed out within as many grants as there are tasks."""
    tasks = set(world.add(10))
    seen = set()
    for _ in range(len(tasks) * 2):
        world.release(world.a, world.lease(world.a).lease_id)
        lease = world.lease(world.b)
        seen.add(lease.task_id)
        world.submit(world.b, lease.lease_id)
        if len(seen) == len(tasks):
            break
    assert seen == tasks


def test_what_a_worker_is_shown_holds_nothing_of_others(workspace: Workspace, clock: object) -> None:
    """The same fields for every task, whatever is known of it (Q20, Q22)."""
    world = World(workspace, clock, {"overlap": 2})
    world.add(1)
    before = world.lease(world.a)
    world.answer(world.b)
    after = world.grant(world.a).leases[0]
    assert after == before
    assert {f.name for f in dataclasses.fields(after)} == {
        "lease_id", "task_id", "deadline", "round", "seq", "shown", "previous", "shown_id", "shown_seq"
    }  # fmt: skip
    assert set(after.content) == {"text"}


def test_a_model_is_a_worker_under_the_same_rules(world: World) -> None:
    model: Worker = world.db.write(lambda tx: add_worker(tx, world.owner, "m", "model", kind="model"))
    world.add(1)
    assert world.lease(model.id).seq == 1
    assert world.grant(world.a).none == "leased"


def test_workers_of_different_projects_do_not_wait_for_each_other(world: World) -> None:
    from labelling_world import QUESTIONS

    from tawsim.labelling.projects import NewProject, create_project

    world.add(3)
    other = world.db.write(lambda tx: create_project(tx, world.owner, "q", NewProject("other", QUESTIONS)))
    world.grant(world.a, 3)
    assert world.db.write(lambda tx: queue.next_leases(tx, other.id, world.a, 3)).none == "done"
    assert world.counts().leases == 3


def test_what_is_in_another_workspace_does_not_exist_here(world: World, tmp_path: Path, clock: Any) -> None:
    """By file: no statement can reach across. An id from there and one from nowhere are told the same (Q23)."""
    elsewhere = World(open_workspace(tmp_path / "other.tawsim", create=True, clock=clock), clock)
    elsewhere.add(1)
    theirs = elsewhere.lease(elsewhere.a)
    done = elsewhere.submit(elsewhere.a, theirs.lease_id)
    calls = (
        lambda tx, one: submit.submit(tx, world.a, one, "k", YES),
        lambda tx, one: holding.skip(tx, world.a, one, ""),
        lambda tx, one: submit.undo(tx, world.a, one, "k"),
        lambda tx, one: owners.reject(tx, world.owner, one, "k", 1, "no"),
        lambda tx, one: owners.reopen(tx, world.owner, one),
        lambda tx, one: owners.adopt_draft(tx, world.owner, one),
        lambda tx, one: queue.next_leases(tx, one, world.a, 1),
    )
    ids = (theirs.lease_id, theirs.lease_id, done["id"], done["id"], theirs.task_id, done["id"], elsewhere.project.id)
    for call, theirs_id in zip(calls, ids, strict=True):
        said = []
        for one in (theirs_id, "0" * 36):
            with pytest.raises(NotFound) as caught:
                world.db.write(lambda tx, call=call, one=one: call(tx, one))
            said.append((str(caught.value), dict(caught.value.details)))
        assert said[0] == said[1]
    elsewhere.workspace.close()


def test_the_page_on_the_queue_names_tests_that_exist() -> None:
    root = Path(__file__).parents[2]
    text = (root / "docs/reference/queue.md").read_text(encoding="utf-8")
    assert re.findall(r"\| (Q\d+) \|", text) == [f"Q{n}" for n in range(1, 24)]
    file = ""
    for name in re.findall(r"`([\w/.]*::\w+)`", text):
        path, test = name.split("::")
        file = path or file
        assert f"def {test}(" in (root / file).read_text(encoding="utf-8"), name
