"""What owners change in running work, and projects' settings. One sentence of docs/reference/queue.md a test."""

from typing import Any

import pytest
from labelling_world import NO, QUESTIONS, YES, World

from tawsim.core.errors import AlreadyExists, BadInput, Conflict, KeyReused, LeaseLost, NotFound, VersionConflict
from tawsim.labelling import owners
from tawsim.labelling.projects import NewProject, create_project, update_project
from tawsim.loop.settings import change_project
from tawsim.workspaces.workspace import Workspace


@pytest.fixture
def world(workspace: Workspace, clock: object) -> World:
    return World(workspace, clock)


@pytest.fixture
def pair(workspace: Workspace, clock: object) -> World:
    return World(workspace, clock, {"overlap": 2})


def set_k(world: World, task: str, k: int) -> None:
    world.db.write(lambda tx: owners.set_task_overlap(tx, world.owner, task, k))


def test_a_rejected_answer_keeps_its_content_and_opens_the_slot_for_others(world: World) -> None:
    (task,) = world.add(1)
    annotation = world.answer(world.a)["id"]
    world.reject(annotation)
    assert world.counts().done == 0
    assert world.grant(world.a).none == "done"  # not the same person again
    assert world.lease(world.b).task_id == task
    with world.db.read() as tx:
        row = tx.one("annotation_get", id=annotation)
    assert row is not None
    assert (row["state"], row["answers"]) == ("rejected", '{"label":"نعم"}')


def test_a_rejection_has_a_reason_and_names_the_version(world: World) -> None:
    world.add(1)
    annotation = world.answer(world.a)["id"]
    with pytest.raises(BadInput):
        world.db.write(lambda tx: owners.reject(tx, world.owner, annotation, "k", 1, "  "))
    with pytest.raises(VersionConflict):
        world.reject(annotation, seen=2)
    with pytest.raises(NotFound):
        world.reject("0" * 36)


def test_a_rejection_in_an_earlier_round_still_leaves_its_authors_count(world: World) -> None:
    """Found by the state machine: the author's count went on counting it."""
    (task,) = world.add(1)
    annotation = world.answer(world.a)["id"]
    world.db.write(lambda tx: owners.reopen(tx, world.owner, task))
    assert world.of_worker(world.a)[0] == 1  # work of earlier rounds stays work
    world.reject(annotation)
    assert world.of_worker(world.a)[0] == 0
    assert world.counts().answers == 0


def test_reopening_starts_a_round_and_revokes_what_is_out(pair: World) -> None:
    (task,) = pair.add(1)
    pair.answer(pair.a)
    out = pair.lease(pair.b).lease_id
    assert pair.db.write(lambda tx: owners.reopen(tx, pair.owner, task)) == 1
    assert (pair.counts().answers, pair.counts().leases) == (0, 0)
    with pytest.raises(LeaseLost) as caught:
        pair.submit(pair.b, out)
    assert caught.value.details["draft"]
    with pytest.raises(Conflict):  # a draft of an old round counts in no new one
        pair.db.write(lambda tx: owners.adopt_draft(tx, pair.owner, caught.value.details["draft"]))
    for worker in (pair.a, pair.b):
        assert pair.answer(worker, NO)["state"] == "accepted"
    assert (pair.counts().done, pair.counts().answers) == (1, 2)


def test_raising_the_overlap_opens_slots_and_lowering_it_takes_nothing_away(world: World) -> None:
    (task,) = world.add(1)
    world.answer(world.a)
    set_k(world, task, 3)
    assert (world.counts().done, world.counts().answers_wanted) == (0, 3)
    world.answer(world.b)
    slow = world.lease(world.c).lease_id
    set_k(world, task, 1)
    assert (world.counts().done, world.task(task)["load"]) == (1, 3)
    assert world.submit(world.c, slow)["state"] == "accepted"
    assert (world.counts().answers, world.counts().answers_wanted) == (3, 1)


def test_at_a_load_over_k_nothing_more_is_granted_however_many_slots_come_back(world: World) -> None:
    (task,) = world.add(1)
    set_k(world, task, 2)
    leases = {worker: world.lease(worker).lease_id for worker in (world.a, world.b)}
    set_k(world, task, 1)
    world.release(world.a, leases[world.a])
    assert world.grant(world.c).none == "leased"
    assert world.task(task)["load"] == 1


@pytest.mark.parametrize("k", [0, -1, 1001, True, "2", 1.5])
def test_overlap_is_1_to_1000(world: World, k: Any) -> None:
    (task,) = world.add(1)
    with pytest.raises(BadInput):
        set_k(world, task, k)


def test_the_overlap_of_a_whole_project(world: World) -> None:
    world.add(3)
    world.answer(world.a)
    project = change_project(world.db, world.owner, world.project.id, 1, {"overlap": 2})
    assert project.overlap == 2
    assert {t["overlap"] for t in world.tasks()} == {2}
    assert (world.counts().answers_wanted, world.counts().done) == (6, 0)
    # Tasks whose overlap rose count as come back: in their order of import, before fresh ones.
    assert [one.seq for one in world.grant(world.b, 3).leases] == [1, 2, 3]


def test_removing_a_task_revokes_and_hides_and_keeps_the_answers(pair: World) -> None:
    first, second = pair.add(2)
    annotation = pair.answer(pair.a)["id"]
    out = pair.lease(pair.b)
    assert out.task_id == first
    pair.db.write(lambda tx: owners.remove_task(tx, pair.owner, first))
    assert (pair.counts().tasks, pair.counts().answers, pair.counts().leases) == (1, 0, 0)
    with pytest.raises(LeaseLost) as caught:
        pair.submit(pair.b, out.lease_id)
    assert caught.value.details["draft"]
    with pair.db.read() as tx:
        assert tx.one("annotation_get", id=annotation)["answers"] == '{"label":"نعم"}'  # type: ignore[index]
    for call in (owners.remove_task, owners.reopen):
        with pytest.raises(NotFound):
            pair.db.write(lambda tx, call=call: call(tx, pair.owner, first))
    assert pair.lease(pair.c).task_id == second


def test_deactivating_a_worker_gives_their_tasks_to_others_at_once(world: World) -> None:
    (task,) = world.add(1)
    out = world.lease(world.a).lease_id
    world.db.write(lambda tx: owners.set_worker_active(tx, world.owner, world.a, False))
    assert world.lease(world.b).task_id == task
    with pytest.raises(LeaseLost) as caught:
        world.submit(world.a, out)
    assert caught.value.details["draft"]
    with pytest.raises(Conflict):
        world.db.write(lambda tx: owners.set_worker_active(tx, world.owner, world.owner, False))
    with pytest.raises(NotFound):
        world.db.write(lambda tx: owners.set_worker_active(tx, world.owner, "nobody", False))


def test_every_change_leaves_an_event(pair: World) -> None:
    (task,) = pair.add(1)
    start = len(pair.events())
    annotation = pair.answer(pair.a)["id"]
    pair.reject(annotation)
    set_k(pair, task, 3)
    pair.db.write(lambda tx: owners.reopen(tx, pair.owner, task))
    pair.change(guideline="new")
    pair.change(state="removed")
    assert pair.events()[start:] == [
        "lease.granted", "lease.submitted", "annotation.accepted", "annotation.rejected", "task.overlap",
        "task.reopened", "project.changed", "project.removed",
    ]  # fmt: skip


# ---- projects --------------------------------------------------------------------------------------------------------
def test_one_key_makes_one_project(world: World) -> None:
    new = NewProject("second", QUESTIONS)
    made = [world.db.write(lambda tx: create_project(tx, world.owner, "second", new)) for _ in range(2)]
    assert made[0] == made[1]
    with pytest.raises(KeyReused):  # whatever differs, not only the name
        world.db.write(
            lambda tx: create_project(tx, world.owner, "second", NewProject("second", QUESTIONS, lease_seconds=77))
        )
    with pytest.raises(AlreadyExists):
        world.db.write(lambda tx: create_project(tx, world.owner, "third", new))


def test_the_name_of_a_removed_project_is_free_again(world: World) -> None:
    """It met the table's constraint, which a user saw as an internal error."""
    world.change(state="removed")
    again = world.db.write(lambda tx: create_project(tx, world.owner, "again", NewProject("reviews", QUESTIONS)))
    assert again.name == "reviews"
    assert again.id != world.project.id
    with pytest.raises(NotFound):
        world.grant(world.a)


def test_settings_are_changed_from_the_version_that_was_seen(world: World) -> None:
    changed = world.change(guideline="أ", max_leases=3)
    assert (changed.version, changed.guideline_version, changed.max_leases) == (2, 2, 3)
    with pytest.raises(VersionConflict):
        world.db.write(lambda tx: update_project(tx, world.owner, world.project.id, 1, {"name": "x"}))
    assert world.change(name="other").guideline_version == 2


@pytest.mark.parametrize(
    "changes",
    [
        {"state": "on"},
        {"overlap": 0},
        {"lease_seconds": 1},
        {"max_leases": 51},
        {"skip_limit": 0},
        {"name": ""},
        {"guideline": 3},
        {"questions": []},
        {"guideline": "\ud800"},
    ],
)
def test_settings_outside_their_limits_are_refused(world: World, changes: dict[str, Any]) -> None:
    with pytest.raises(BadInput):
        world.change(**changes)


def test_a_name_is_taken_once(world: World) -> None:
    world.db.write(lambda tx: create_project(tx, world.owner, "2", NewProject("second", QUESTIONS)))
    with pytest.raises(AlreadyExists):
        world.change(name="second")
    assert YES != NO
