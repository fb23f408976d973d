"""Taking answers: fencing, retries, late work, undo, edits, skips. One sentence of docs/reference/queue.md a test."""

import pytest
from labelling_world import NO, YES, World

from tawsim.core.clock import SECOND
from tawsim.core.errors import BadAnswer, BadInput, Conflict, KeyReused, LeaseLost, NotFound, VersionConflict
from tawsim.labelling import holding, owners, submit
from tawsim.workspaces.workspace import Workspace


@pytest.fixture
def world(workspace: Workspace, clock: object) -> World:
    return World(workspace, clock)


@pytest.fixture
def pair(workspace: Workspace, clock: object) -> World:
    """Two answers wanted per task."""
    return World(workspace, clock, {"overlap": 2})


def drafts(world: World) -> list[dict[str, object]]:
    with world.db.read() as tx:
        return [dict(row) for row in tx.all("draft_list", after="", n=1000)]


def state_of(world: World, lease: str) -> str:
    with world.db.read() as tx:
        row = tx.one("lease_get", id=lease)
    assert row is not None
    return str(row["state"])


def test_the_same_key_and_content_is_one_answer_with_one_result_for_ever(world: World) -> None:
    world.add(1)
    lease = world.lease(world.a).lease_id
    first = world.submit(world.a, lease, YES, "k")
    world.clock.advance(10_000_000)
    world.sweep()
    assert world.submit(world.a, lease, YES, "k") == first
    assert world.counts().answers == 1


def test_the_same_key_with_other_content_changes_nothing(world: World) -> None:
    world.add(2)
    lease = world.lease(world.a).lease_id
    world.submit(world.a, lease, YES, "k")
    with pytest.raises(KeyReused):
        world.submit(world.a, lease, NO, "k")
    with pytest.raises(KeyReused):
        world.submit(world.a, world.lease(world.a).lease_id, YES, "k")
    assert world.counts().answers == 1


def test_keys_of_two_workers_do_not_meet(pair: World) -> None:
    pair.add(1)
    pair.submit(pair.a, pair.lease(pair.a).lease_id, YES, "k")
    pair.submit(pair.b, pair.lease(pair.b).lease_id, NO, "k")
    assert pair.counts().answers == 2


@pytest.mark.parametrize("key", ["", "x" * 201])
def test_a_key_has_1_to_200_characters(world: World, key: str) -> None:
    world.add(1)
    lease = world.lease(world.a).lease_id
    with pytest.raises(BadInput):
        world.db.write(lambda tx: submit.submit(tx, world.a, lease, key, YES))


def test_half_a_surrogate_pair_is_bad_input_everywhere(world: World) -> None:
    """Such a text can come in JSON (“\\ud800”) and cannot be stored."""
    world.add(1)
    lease = world.lease(world.a).lease_id
    half = "\ud800"
    for call in (
        lambda tx: submit.submit(tx, world.a, lease, half, YES),
        lambda tx: holding.skip(tx, world.a, lease, half),
        lambda tx: submit.submit(tx, world.a, half, "k", YES),
    ):
        with pytest.raises(BadInput):
            world.db.write(call)
    assert state_of(world, lease) == "live"


def test_a_number_that_no_column_holds_is_bad_input(world: World) -> None:
    world.add(1)
    annotation = world.answer(world.a)["id"]
    with pytest.raises(BadInput):
        world.db.write(lambda tx: submit.edit(tx, world.a, annotation, "k", 10**30, NO))


def test_a_bad_answer_keeps_nothing_and_the_key_may_be_used_again(world: World) -> None:
    world.add(1)
    lease = world.lease(world.a).lease_id
    with pytest.raises(BadAnswer):
        world.submit(world.a, lease, {"label": "maybe"}, "k")
    assert world.submit(world.a, lease, YES, "k")["state"] == "accepted"


def test_somebody_elses_lease_and_an_absent_one_look_the_same(world: World) -> None:
    world.add(1)
    lease = world.lease(world.a).lease_id
    said = []
    for one in (lease, "0" * 36):
        with pytest.raises(NotFound) as caught:
            world.submit(world.b, one)
        said.append((caught.value.message, caught.value.hint, dict(caught.value.details)))
    assert said[0] == said[1]


def test_late_work_counts_while_the_task_is_open(world: World) -> None:
    world.add(1)
    lease = world.lease(world.a).lease_id
    world.clock.advance(61)
    world.sweep()
    done = world.submit(world.a, lease)
    assert (done["late"], done["state"]) == (True, "accepted")
    assert (world.counts().done, world.counts().leases) == (1, 0)


def test_late_work_takes_over_the_lease_that_the_same_worker_got_again(world: World) -> None:
    world.add(1)
    lease = world.lease(world.a).lease_id
    world.clock.advance(61)
    world.sweep()
    again = world.lease(world.a).lease_id
    assert world.submit(world.a, lease)["late"]
    assert state_of(world, again) == "released"
    with pytest.raises(LeaseLost) as caught:
        world.submit(world.a, again)
    assert caught.value.details["draft"] is None
    assert (world.counts().answers, world.counts().leases) == (1, 0)


def test_late_work_whose_slot_is_gone_is_kept_and_can_be_adopted(world: World) -> None:
    (task,) = world.add(1)
    lease = world.lease(world.a).lease_id
    world.clock.advance(61)
    world.answer(world.b)
    with pytest.raises(LeaseLost) as caught:
        world.submit(world.a, lease, NO, "k")
    draft = caught.value.details["draft"]
    with pytest.raises(LeaseLost) as caught:
        world.submit(world.a, lease, NO, "k")
    assert caught.value.details["draft"] == draft
    assert [d["id"] for d in drafts(world)] == [draft]
    with pytest.raises(Conflict):
        world.db.write(lambda tx: owners.adopt_draft(tx, world.owner, draft))
    world.db.write(lambda tx: owners.set_task_overlap(tx, world.owner, task, 2))
    adopted = world.db.write(lambda tx: owners.adopt_draft(tx, world.owner, draft))
    assert world.db.write(lambda tx: owners.adopt_draft(tx, world.owner, draft)) == adopted
    assert (world.task(task)["accepted"], world.counts().done) == (2, 1)


def test_an_adopted_draft_that_was_taken_back_cannot_be_adopted_twice(world: World) -> None:
    """One lease bears one answer; a second draft of the same lease met the table's constraint instead of a clear no."""
    (task,) = world.add(1)
    lease = world.lease(world.a).lease_id
    world.clock.advance(61)
    world.answer(world.b)
    for answers in (YES, NO):
        with pytest.raises(LeaseLost):
            world.submit(world.a, lease, answers)
    first, second = (str(d["id"]) for d in drafts(world))
    world.db.write(lambda tx: owners.set_task_overlap(tx, world.owner, task, 2))
    adopted = world.db.write(lambda tx: owners.adopt_draft(tx, world.owner, first))
    world.release(world.a, world.undo(world.a, adopted).lease_id)
    with pytest.raises(Conflict):
        world.db.write(lambda tx: owners.adopt_draft(tx, world.owner, second))


@pytest.mark.parametrize("end", ["skip", "release"])
def test_a_lease_that_was_let_go_takes_no_answer(world: World, end: str) -> None:
    world.add(1)
    lease = world.lease(world.a).lease_id
    getattr(world, end)(world.a, lease)
    with pytest.raises(LeaseLost) as caught:
        world.submit(world.a, lease)
    assert caught.value.details["draft"] is None
    getattr(world, end)(world.a, lease)  # idempotent
    assert world.counts().leases == 0


def test_a_lease_takes_one_answer_whatever_the_key(world: World) -> None:
    world.add(1)
    lease = world.lease(world.a).lease_id
    world.submit(world.a, lease)
    with pytest.raises(LeaseLost):
        world.submit(world.a, lease, NO)
    for call in (holding.release, holding.heartbeat):
        with pytest.raises(LeaseLost):
            world.db.write(lambda tx, call=call: call(tx, world.a, lease))
    assert world.counts().answers == 1


def test_work_under_way_when_its_project_is_removed_is_kept_as_a_draft(world: World) -> None:
    world.add(1)
    lease = world.lease(world.a).lease_id
    world.change(state="removed")
    assert state_of(world, lease) == "revoked"
    with pytest.raises(LeaseLost) as caught:
        world.submit(world.a, lease)
    assert caught.value.details["draft"] == drafts(world)[0]["id"]


def test_a_pause_takes_the_answers_that_are_under_way(world: World) -> None:
    world.add(1)
    lease = world.lease(world.a).lease_id
    world.change(state="paused")
    assert world.submit(world.a, lease)["state"] == "accepted"


def test_heartbeat_extends_a_live_lease_up_to_the_maximum(world: World) -> None:
    world.add(1)
    lease = world.lease(world.a)
    world.clock.advance(30)
    beat = lambda: world.db.write(lambda tx: holding.heartbeat(tx, world.a, lease.lease_id))  # noqa: E731
    assert beat() == lease.deadline + 30 * SECOND
    world.clock.advance(-3600)
    assert beat() == lease.deadline + 30 * SECOND  # a clock set back shortens nothing
    world.clock.advance(3600 + 40 * 3600)
    assert beat() == lease.deadline - 60 * SECOND + world.project.max_lease_seconds * SECOND
    world.sweep()
    with pytest.raises(LeaseLost):
        beat()
    assert state_of(world, lease.lease_id) == "expired"


# ---- undo ------------------------------------------------------------------------------------------------------------
def test_undo_gives_the_task_back_with_the_old_answer_and_keeps_the_slot(world: World) -> None:
    (task,) = world.add(1)
    annotation = world.answer(world.a)["id"]
    back = world.undo(world.a, annotation, "k")
    assert (back.task_id, back.previous) == (task, {"answers": YES, "comment": "", "flag": False})
    assert world.undo(world.a, annotation, "k").lease_id == back.lease_id
    assert world.grant(world.b).none == "leased"
    assert world.submit(world.a, back.lease_id, NO)["state"] == "accepted"
    assert (world.counts().answers, world.counts().leases, world.of_worker(world.a)) == (1, 0, (1, 0, 0))


@pytest.mark.parametrize("end", ["release", "expire"])
def test_who_took_an_answer_back_and_let_go_may_be_given_the_task_again(world: World, end: str) -> None:
    """Found by reading: alone with the project, nobody could ever finish it, and it said that all was done (Q4)."""
    (task,) = world.add(1)
    back = world.undo(world.a, world.answer(world.a)["id"])
    if end == "release":
        world.release(world.a, back.lease_id)
    world.clock.advance(61)
    assert world.lease(world.a).task_id == task


def test_late_work_after_an_undo_counts(world: World) -> None:
    world.add(1)
    back = world.undo(world.a, world.answer(world.a)["id"])
    world.clock.advance(61)
    world.sweep()
    assert world.submit(world.a, back.lease_id, NO)["late"]


def test_undo_of_what_is_not_ones_own_or_no_longer_stands(pair: World) -> None:
    pair.add(1)
    annotation = pair.answer(pair.a)["id"]
    with pytest.raises(NotFound):
        pair.undo(pair.b, annotation)
    pair.reject(annotation)
    with pytest.raises(Conflict):
        pair.undo(pair.a, annotation)
    with pytest.raises(NotFound):
        pair.undo(pair.a, "0" * 36)


def test_undo_waits_for_the_project_and_is_not_for_the_deactivated(world: World) -> None:
    world.add(1)
    annotation = world.answer(world.a)["id"]
    world.change(state="paused")
    with pytest.raises(Conflict):
        world.undo(world.a, annotation)
    world.change(state="running")
    world.db.write(lambda tx: owners.set_worker_active(tx, world.owner, world.a, False))
    with pytest.raises(Conflict):
        world.undo(world.a, annotation)
    assert world.counts().leases == 0


def test_nobody_can_hoard_tasks_by_taking_answers_back(workspace: Workspace, clock: object) -> None:
    world = World(workspace, clock, {"max_leases": 1})
    world.add(20)
    given = [world.answer(world.a)["id"] for _ in range(15)]
    for one in given[: 1 + submit.UNDO_ON_TOP]:
        world.undo(world.a, one)
    with pytest.raises(Conflict):
        world.undo(world.a, given[-1])


# ---- edits -----------------------------------------------------------------------------------------------------------
def test_of_two_edits_of_one_version_exactly_one_wins(world: World) -> None:
    world.add(1)
    annotation = world.answer(world.a)["id"]
    won = world.db.write(lambda tx: submit.edit(tx, world.a, annotation, "one", 1, NO))
    assert won["version"] == 2
    with pytest.raises(VersionConflict) as caught:
        world.db.write(lambda tx: submit.edit(tx, world.a, annotation, "two", 1, YES))
    assert caught.value.details["current_version"] == 2
    assert world.db.write(lambda tx: submit.edit(tx, world.a, annotation, "one", 1, NO)) == won
    with pytest.raises(VersionConflict):
        world.reject(annotation, seen=1)
    assert world.reject(annotation, seen=2)["state"] == "rejected"
    with pytest.raises(VersionConflict):
        world.db.write(lambda tx: submit.edit(tx, world.a, annotation, "three", 2, YES))


# ---- skips -----------------------------------------------------------------------------------------------------------
def test_a_skipped_task_goes_to_somebody_else_and_not_back_to_the_same(world: World) -> None:
    (task,) = world.add(1)
    world.skip(world.a, world.lease(world.a).lease_id)
    assert world.grant(world.a).none == "done"
    assert world.lease(world.b).task_id == task


def test_after_so_many_skips_a_task_is_set_aside_and_never_called_done(workspace: Workspace, clock: object) -> None:
    world = World(workspace, clock, {"skip_limit": 2, "overlap": 2})
    (task,) = world.add(1)
    slow = world.lease(world.c).lease_id
    for worker in (world.a, world.b):
        world.skip(worker, world.lease(worker).lease_id)
    assert world.task(task)["state"] == "skipped_out"
    assert (world.counts().skipped_out, world.counts().done, world.counts().open) == (1, 0, 0)
    assert world.submit(world.c, slow)["state"] == "accepted"  # who was at it already is paid
    assert world.counts().done == 0
    world.db.write(lambda tx: owners.reopen(tx, world.owner, task))
    assert world.lease(world.a).task_id == task
    assert world.counts().skipped_out == 0


def test_a_reason_has_at_most_2000_characters(world: World) -> None:
    world.add(1)
    lease = world.lease(world.a).lease_id
    with pytest.raises(BadInput):
        world.db.write(lambda tx: holding.skip(tx, world.a, lease, "x" * 2001))
