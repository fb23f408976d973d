"""Batches: held and let go, given to groups, ranked, cancelled, completed; what that costs nobody else."""

import json
from contextlib import nullcontext
from typing import Any

import pytest
from labelling_world import World

from tawsim.core.errors import AlreadyExists, BadInput, Conflict, LeaseLost, NotFound
from tawsim.core.ids import new_id
from tawsim.labelling import batches, groups, lanes, owners
from tawsim.labelling.batches import NewBatch
from tawsim.labelling.gold import Known
from tawsim.labelling.lanes import Requirement
from tawsim.labelling.projects import NewProject, create_project
from tawsim.loop.adding_now import NewTask, add_now
from tawsim.loop.table_columns import Columns, catch_up, read_all
from tawsim.workspaces.audit import verify
from tawsim.workspaces.workspace import Workspace


@pytest.fixture
def world(workspace: Workspace, clock: object) -> World:
    return World(workspace, clock)


def make(world: World, name: str, state: Any = "in_progress", **more: Any) -> str:
    new = NewBatch(name, state=state, **more)
    return str(world.db.write(lambda tx: batches.create(tx, world.owner, world.project.id, new))["id"])


def put(world: World, batch: str | None, n: int = 1, **more: Any) -> list[str]:
    tasks = [NewTask(new_id(1), {"text": new_id(1)}, batch_id=batch, **more) for _ in range(n)]
    world.db.write(lambda tx: add_now(tx, world.project, tasks))
    return [task.id for task in tasks]


def do(world: World, act: Any, *given: Any, **more: Any) -> Any:
    return world.db.write(lambda tx: act(tx, world.owner, *given, **more))


def state(world: World, batch: str) -> str:
    with world.db.read() as tx:
        return str(batches.batch_row(tx, batch)["state"])


def counts(world: World, batch: str) -> dict[str, int]:
    with world.db.read() as tx:
        return batches.counts_of(tx, batch)


def drain(world: World, worker: str) -> list[str]:
    found = []
    while leases := world.grant(worker).leases:
        found.append(leases[0].task_id)
        world.submit(worker, leases[0].lease_id)
    return found


def agree(world: World) -> None:
    with world.db.read() as tx:
        kept = tx.one("project_count_get", project_id=world.project.id)
        assert kept is not None
        facts = tx.one("project_recount", project_id=world.project.id, visible_seq=kept["visible_seq"])
        assert facts is not None
        assert dict(kept) | dict(facts) == dict(kept)
        leases = tx.one("project_live_leases", project_id=world.project.id)
        assert leases is not None
        assert leases["n"] == kept["leases"]
    assert verify(world.db).faults == []


def another_project(world: World) -> Any:
    new = NewProject("other", [{"kind": "choice", "name": "x", "labels": ["y", "z"]}])
    return world.db.write(lambda tx: create_project(tx, world.owner, "q", new))


def group(world: World, name: str, *workers: str) -> str:
    return str(do(world, groups.create_group, world.project.id, name, workers)["id"])


# ---- life -----------------------------------------------------------------------------------------------------------
def test_nobody_is_given_tasks_of_a_batch_before_it_begins(world: World) -> None:
    batch = make(world, "B", "staging")
    tasks = put(world, batch, 2)
    none = world.grant(world.a)
    assert (none.leases, none.none) == ((), "paused")
    do(world, batches.finalize, batch)
    assert drain(world, world.a) == tasks
    assert world.db.write(lambda tx: batches.complete_if_done(tx, batch))
    assert not world.db.write(lambda tx: batches.complete_if_done(tx, batch)), "it completes once"
    assert state(world, batch) == "completed"
    agree(world)


def test_a_paused_batch_gives_nothing_but_takes_what_is_in_hand(world: World) -> None:
    batch = make(world, "B")
    first, second = put(world, batch, 2)
    lease = world.lease(world.a)
    assert lease.task_id == first
    do(world, batches.pause, batch)
    assert world.grant(world.b).none == "paused", "the one in hand would come back into it"
    assert [one.task_id for one in world.grant(world.a).leases] == [first], "what one holds stays"
    world.submit(world.a, lease.lease_id)
    assert world.grant(world.a).none == "paused"
    put(world, batch)
    assert world.grant(world.a).none == "paused", "also what came meanwhile"
    do(world, batches.resume, batch)
    assert world.lease(world.a).task_id == second
    agree(world)


def test_what_comes_back_into_a_paused_batch_waits_with_it(world: World) -> None:
    batch = make(world, "B")
    (task,) = put(world, batch)
    lease = world.lease(world.a)
    do(world, batches.pause, batch)
    world.release(world.a, lease.lease_id)
    assert world.grant(world.b).none == "paused"
    do(world, batches.resume, batch)
    assert world.lease(world.b).task_id == task


def test_an_empty_batch_is_paused_and_resumed(world: World) -> None:
    batch = make(world, "B")
    do(world, batches.pause, batch)
    do(world, batches.resume, batch)
    assert state(world, batch) == "in_progress"


@pytest.mark.parametrize(
    ("start", "act", "fits"),
    [
        ("staging", "finalize", True), ("staging", "pause", False), ("staging", "resume", False), ("staging", "cancel", True),
        ("in_progress", "finalize", False), ("in_progress", "pause", True), ("in_progress", "resume", False),
        ("in_progress", "cancel", True), ("paused", "finalize", False), ("paused", "pause", False),
        ("paused", "resume", True), ("paused", "cancel", True),
    ],
)  # fmt: skip
def test_from_which_state_what_may_be_done(world: World, start: str, act: str, fits: bool) -> None:
    batch = make(world, "B", start)
    if fits:
        do(world, getattr(batches, act), batch)
    else:
        with pytest.raises(Conflict, match=start):
            do(world, getattr(batches, act), batch)
        assert state(world, batch) == start


def test_what_is_over_stays_over(world: World) -> None:
    done, gone = make(world, "done"), make(world, "gone")
    world.db.write(lambda tx: batches.complete_if_done(tx, done))
    do(world, batches.cancel, gone)
    for batch in (done, gone):
        for act in (batches.finalize, batches.pause, batches.resume, batches.cancel):
            with pytest.raises(Conflict):
                do(world, act, batch)
        with pytest.raises(Conflict, match="nothing can be added"):
            put(world, batch)
        assert not world.db.write(lambda tx, one=batch: batches.complete_if_done(tx, one))


def test_a_batch_with_open_tasks_is_not_done_and_one_set_aside_does_not_hold_it_up(world: World) -> None:
    world.change(skip_limit=1)
    batch = make(world, "B")
    put(world, batch, 2)
    world.answer(world.a)
    assert not world.db.write(lambda tx: batches.complete_if_done(tx, batch))
    world.skip(world.a, world.lease(world.a).lease_id)
    assert world.db.write(lambda tx: batches.complete_if_done(tx, batch))
    assert counts(world, batch) == {"tasks": 2, "done": 1, "skipped_out": 1, "answers": 1, "answers_wanted": 2}


def test_an_answer_that_is_rejected_later_is_asked_for_again_though_the_batch_is_completed(world: World) -> None:
    batch = make(world, "B")
    (task,) = put(world, batch)
    answer = world.answer(world.a)
    world.db.write(lambda tx: batches.complete_if_done(tx, batch))
    world.reject(answer["id"])
    assert world.lease(world.b).task_id == task
    assert state(world, batch) == "completed"


# ---- cancelling -------------------------------------------------------------------------------------------------------
def test_cancelling_removes_what_nobody_answered_and_keeps_what_was(world: World) -> None:
    world.project = world.change(overlap=2)
    batch = make(world, "B")
    full, half, in_hand, fresh = put(world, batch, 4)
    for worker in (world.a, world.b):
        assert world.answer(worker)["task_id"] == full
    world.answer(world.a)
    mine, others = world.lease(world.a), world.lease(world.b)
    assert (mine.task_id, others.task_id) == (in_hand, half)
    other = put(world, None)[0]
    do(world, batches.cancel, batch)
    assert [task["id"] for task in world.tasks()] == [full, half, other]
    assert world.task(half)["overlap"] == 1, "the answer that there is counts, and no more are wanted"
    assert counts(world, batch) == {"tasks": 2, "done": 2, "skipped_out": 0, "answers": 3, "answers_wanted": 3}
    for worker, lease in ((world.a, mine), (world.b, others)):
        with pytest.raises(LeaseLost) as told:
            world.submit(worker, lease.lease_id)
        assert told.value.details["draft"], "late work is kept"
    assert drain(world, world.a) == [other]
    assert fresh not in [task["id"] for task in world.tasks()]
    agree(world)


def test_a_large_cancelled_batch_is_closed_in_pieces_and_gives_nothing_meanwhile(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batches, "CLOSED_AT_ONCE", 4)
    batch = make(world, "B")
    put(world, batch, 10)
    do(world, batches.cancel, batch)
    assert world.counts().tasks == 6
    assert world.grant(world.a).none == "done"
    agree(world)
    rounds = 0
    while world.db.write(batches.close_cancelled):
        rounds += 1
    assert (rounds, world.counts().tasks) == (2, 0)
    assert not world.db.write(batches.close_cancelled)
    agree(world)


def test_gold_of_a_cancelled_batch_is_gone_and_that_of_a_paused_one_waits(world: World) -> None:
    world.project = world.change(settings={"gold": {"on": True, "highest": 1.0, "lowest": 1.0}})
    batch = make(world, "B")
    known = Known({"label": "نعم"})
    (gold,) = put(world, batch, purpose="gold", known=known)
    put(world, None, 3)
    do(world, batches.pause, batch)
    assert gold not in [world.answer(world.a)["task_id"] for _ in range(2)]
    do(world, batches.resume, batch)
    assert world.lease(world.b).task_id == gold
    do(world, batches.cancel, batch)
    assert world.counts().leases == 0
    agree(world)


# ---- to whom, and in which order ----------------------------------------------------------------------------------------
def test_only_people_of_its_groups_are_given_its_tasks(world: World) -> None:
    batch = make(world, "B")
    first, second = put(world, batch, 2)
    night, empty = group(world, "night", world.b), group(world, "empty")
    do(world, batches.set_groups, batch, [night, empty])
    assert world.grant(world.a).none == "done"
    assert world.answer(world.b)["task_id"] == first
    do(world, groups.change_group, night, add=[world.a], remove=[world.b])
    assert world.grant(world.b).none == "done"
    assert world.lease(world.a).task_id == second
    do(world, batches.set_groups, batch, [empty])
    assert world.grant(world.c).none == "done", "an empty group is nobody, not everybody"
    do(world, batches.set_groups, batch, [])
    put(world, batch)
    assert world.lease(world.c).lease_id
    agree(world)


def test_what_a_task_asks_for_holds_beside_its_batch(world: World) -> None:
    batch = make(world, "B")
    (task,) = put(world, batch, requirement=Requirement(workers=(world.a, world.b)))
    do(world, batches.set_groups, batch, [group(world, "g", world.b, world.c)])
    assert world.grant(world.a).none == world.grant(world.c).none == "done"
    assert world.lease(world.b).task_id == task


def test_a_group_and_a_batch_are_of_one_project(world: World) -> None:
    other = another_project(world)
    stranger = do(world, groups.create_group, other.id, "g", [])["id"]
    batch = make(world, "B")
    with pytest.raises(BadInput, match="own project"):
        do(world, batches.set_groups, batch, [stranger])
    with pytest.raises(NotFound):
        do(world, batches.set_groups, batch, ["none"])
    with pytest.raises(NotFound):
        world.db.write(lambda tx: add_now(tx, other, [NewTask(new_id(1), {"text": "x"}, batch_id=batch)]))
    with pytest.raises(AlreadyExists):
        do(world, groups.create_group, other.id, "g", [])
    with pytest.raises(NotFound):
        do(world, groups.create_group, other.id, "h", ["nobody"])
    for bad in ("", " ", "x" * 501, "\udc80", "a\0b"):
        with pytest.raises(BadInput):
            do(world, groups.create_group, other.id, bad, [])


def test_who_leaves_the_groups_of_a_project_leaves_all_of_them(world: World) -> None:
    one, two = group(world, "one", world.a, world.b), group(world, "two", world.a)
    world.db.write(lambda tx: groups.leave_groups(tx, world.project.id, world.a))
    with world.db.read() as tx:
        assert [row["name"] for row in groups.groups_of(tx, world.project.id)] == ["one", "two"]
        assert [[row["id"] for row in groups.people_of(tx, g)] for g in (one, two)] == [[world.b], []]


def test_batches_come_by_rank_then_calibration_then_age_and_a_tasks_priority_before_all(world: World) -> None:
    plain = put(world, None)[0]
    old, new, calibration, ranked_2, ranked_1 = (
        make(world, "old"), make(world, "new"), make(world, "cal", kind="calibration"), make(world, "r2"), make(world, "r1")
    )  # fmt: skip
    tasks = {batch: put(world, batch)[0] for batch in (new, old, calibration, ranked_2, ranked_1)}
    urgent, last = put(world, new, priority=5)[0], put(world, ranked_1, priority=-1)[0]
    do(world, batches.set_ranks, [ranked_1, ranked_2])
    expected = [urgent, tasks[ranked_1], tasks[ranked_2], tasks[calibration], plain, tasks[old], tasks[new], last]
    with world.db.read() as tx:
        listed = [one["batch"] for one in lanes.lanes_of(tx, world.project.id) if one["open"]]
        assert [row["id"] for row in batches.pending(tx)] == [ranked_1, ranked_2, calibration, old, new]
    assert listed == ["new", "r1", "r2", "cal", None, "old", "new", "r1"]
    assert drain(world, world.a) == expected


def test_ranks_are_set_anew_and_taken_away(world: World) -> None:
    one, two, three = (make(world, name) for name in ("one", "two", "three"))
    do(world, batches.set_ranks, [three, one])

    def ranks() -> list[Any]:
        with world.db.read() as tx:
            return [batches.batch_row(tx, batch)["rank"] for batch in (one, two, three)]

    assert ranks() == [2, None, 1]
    do(world, batches.set_ranks, [])
    assert ranks() == [None, None, None]
    do(world, batches.cancel, one)
    for bad, error in (([two, two], BadInput), ([one], Conflict), (["none"], NotFound)):
        with pytest.raises(error):
            do(world, batches.set_ranks, bad)
    assert ranks() == [None, None, None]


def test_a_task_stays_in_its_batch_whatever_is_said_of_it(world: World) -> None:
    batch = make(world, "B")
    first, second = put(world, batch, 2)
    do(world, lanes.set_priority, [second], 7)
    do(world, lanes.assign, [first], Requirement(workers=(world.b,)))
    do(world, batches.pause, batch)
    assert world.grant(world.b).none == "paused", "new lanes of a batch are held with it"
    do(world, lanes.set_priority, [first], 3)
    assert world.grant(world.b).none == "paused", "and those made while it waits"
    do(world, batches.resume, batch)
    assert drain(world, world.b) == [second, first]


# ---- the rest ---------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("bad", ["", " \n", "x" * 501, "\ud800", "a\0", 7, None])
def test_a_name_that_says_nothing(world: World, bad: Any) -> None:
    with pytest.raises(BadInput):
        make(world, bad)


def test_names_are_taken_once_in_the_workspace_and_compared_as_given(world: World) -> None:
    for name in ("B", "b", "دفعة", "ﺩﻓﻌﺔ", "\u00e9", "e\u0301"):
        make(world, name)
        with pytest.raises(AlreadyExists):
            make(world, name)
    with pytest.raises(BadInput):
        make(world, "x", "completed")
    with pytest.raises(NotFound):
        world.db.write(lambda tx: batches.create(tx, world.owner, "none", NewBatch("y")))


def test_the_name_of_a_batch_of_a_removed_project_is_free_again(world: World) -> None:
    old = make(world, "B")
    world.change(state="removed")
    other = another_project(world)
    for _ in range(2):
        with pytest.raises(AlreadyExists) if _ else nullcontext():
            world.db.write(lambda tx: batches.create(tx, world.owner, other.id, NewBatch("B")))
    with world.db.read() as tx:
        assert batches.batch_row(tx, old)["name"] == f"B (removed, {old})"
        assert [row["name"] for row in batches.pending(tx)] == ["B"]


def test_metadata_are_replaced_and_limited(world: World) -> None:
    batch = make(world, "B", metadata={"a": 1})
    do(world, batches.set_metadata, batch, {"b": ["ب"]})
    with world.db.read() as tx:
        assert json.loads(batches.batch_row(tx, batch)["metadata"]) == {"b": ["ب"]}
    for bad in ([], "x", {"x": float("inf")}, {"x": "y" * 100_001}, {"x": "\ud800"}):
        with pytest.raises(BadInput):
            do(world, batches.set_metadata, batch, bad)


def test_a_page_of_a_projects_batches(world: World, clock: Any) -> None:
    ids = []
    for name in "abcde":
        ids.append(make(world, name))
        clock.advance(1 if name < "c" else 0)
    with world.db.read() as tx:
        first = batches.page(tx, world.project.id, n=3)
        rest = batches.page(tx, world.project.id, (first[-1]["created_at"], first[-1]["id"]))
        assert [row["id"] for row in [*first, *rest]] == ids[::-1]
        assert batches.as_json(tx, first[0])["tasks"] == 0


def test_the_table_reads_again_what_a_cancel_changed(world: World) -> None:
    batch = make(world, "B")
    put(world, batch, 2)
    columns = read_all(world.db, world.project.id, Columns(world.project.id))
    world.answer(world.a)
    do(world, batches.pause, batch)
    do(world, batches.cancel, batch)
    assert catch_up(world.db, columns, set(), {})
    assert list(columns["state"]) == [0, 1, 3]


def test_lowering_by_cancel_gives_way_to_what_an_owner_says_later_but_never_to_the_queue(world: World) -> None:
    world.project = world.change(overlap=2)
    batch = make(world, "B")
    (task,) = put(world, batch)
    world.answer(world.a)
    do(world, batches.cancel, batch)
    do(world, owners.set_task_overlap, task, 2)
    assert world.grant(world.b).none == "done", "a cancelled batch never gives a task again"
    agree(world)
