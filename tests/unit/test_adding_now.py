"""Tasks that come through a door: there at once, with the invariants of an import."""

import os
from typing import Any

import pytest
from labelling_world import World

from tawsim.core.errors import AlreadyExists, AlreadyRunning, BadInput, NotFound, TooLarge
from tawsim.core.ids import new_id, new_ids
from tawsim.intake import adding, pacing
from tawsim.intake.adding_now import clear_left
from tawsim.labelling.gold import Known
from tawsim.labelling.lanes import Requirement
from tawsim.loop.adding_now import NewTask, add_now
from tawsim.loop.table_columns import Columns, catch_up, read_all
from tawsim.workspaces.audit import verify
from tawsim.workspaces.workspace import Workspace


@pytest.fixture
def world(workspace: Workspace, clock: object) -> World:
    return World(workspace, clock)


def new(text: str, **more: Any) -> NewTask:
    return NewTask(new_id(1), {"text": text}, **more)


def put(world: World, *tasks: NewTask) -> list[str]:
    world.db.write(lambda tx: add_now(tx, world.project, tasks, actor_id=world.owner))
    return [task.id for task in tasks]


def agree(world: World) -> None:
    """The counts are those that the facts give, as tawsim doctor has it."""
    with world.db.read() as tx:
        kept = tx.one("project_count_get", project_id=world.project.id)
        assert kept is not None
        facts = tx.one("project_recount", project_id=world.project.id, visible_seq=kept["visible_seq"])
        assert facts is not None
        assert dict(kept) | dict(facts) == dict(kept)


def leave_behind(world: World, n: int) -> None:
    """What an import that died beyond the edge leaves, with the number of a process that is gone."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(adding, "_finish", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        patch.setattr(adding, "_clear_hidden", lambda *_: None)
        patch.setattr(adding, "_end", lambda *_, **__: None)
        with pytest.raises(KeyboardInterrupt):
            world.add(n)


def test_they_are_there_at_once_under_their_own_ids_and_in_their_order(world: World) -> None:
    before = world.add(2)
    mine = put(world, new("one"), new("two"))
    assert [task["id"] for task in world.tasks()] == [*before, *mine]
    assert [task["seq"] for task in world.tasks()] == [1, 2, 3, 4]
    assert [world.answer(world.a)["task_id"] for _ in range(4)] == [*before, *mine]
    assert (world.counts().tasks, world.counts().done) == (4, 4)
    agree(world)
    assert world.events().count("tasks.added") == 1


def test_imports_and_single_tasks_take_turns(world: World) -> None:
    first = put(world, new("one"))
    second = world.add(3)
    third = put(world, new("two"), new("three"))
    fourth = world.add(1)
    assert [task["id"] for task in world.tasks()] == [*first, *second, *third, *fourth]
    assert [task["seq"] for task in world.tasks()] == list(range(1, 8))
    given = [world.answer(world.a)["task_id"] for _ in range(7)]
    assert given == [*first, *second, *third, *fourth]
    agree(world)


def test_the_order_is_shuffled_where_the_project_says_so(workspace: Workspace, clock: object) -> None:
    world = World(workspace, clock, {"order": "random"})
    mine = put(world, *(new(str(i)) for i in range(50)))
    given = [world.answer(world.a)["task_id"] for _ in range(50)]
    assert given != mine
    assert sorted(given) == sorted(mine)


def test_not_while_an_import_is_under_way(world: World) -> None:
    def rows() -> Any:
        yield 1, {"text": "one"}
        with pytest.raises(AlreadyRunning):
            put(world, new("between"))
        yield 2, {"text": "two"}

    adding.add_tasks(world.db, world.project, rows(), actor_id=world.owner, source="t", digest="d")
    assert [task["seq"] for task in world.tasks()] == [1, 2]
    put(world, new("after"))
    assert [task["seq"] for task in world.tasks()] == [1, 2, 3]
    agree(world)


def test_what_a_dead_import_left_is_cleared_first(world: World) -> None:
    leave_behind(world, 30)
    mine = put(world, new("one"))
    assert [(task["id"], task["seq"]) for task in world.tasks()] == [(mine[0], 1)]
    agree(world)
    world.add(2)
    assert len(world.tasks()) == 3


def test_what_a_large_dead_import_left_is_cleared_in_pieces(world: World) -> None:
    leave_behind(world, 2 * pacing.CHUNK + 1)
    with pytest.raises(AlreadyRunning, match="not cleared"):
        put(world, new("one"))
    clear_left(world.db, world.project.id)
    (mine,) = put(world, new("one"))
    assert world.lease(world.a).task_id == mine
    agree(world)


def test_the_import_of_a_process_that_is_gone_does_not_stand_in_the_way(world: World) -> None:
    leave_behind(world, 3)
    world.db.write(lambda tx: tx._connection.execute("UPDATE import SET pid = ? WHERE state = 'running'", (2**22 + 7,)))
    assert os.getpid() != 2**22 + 7
    put(world, new("one"))
    assert len(world.tasks()) == 1


def test_all_or_none(world: World) -> None:
    bad = new("")
    with pytest.raises(BadInput, match=bad.id):
        put(world, new("good"), bad)
    with pytest.raises(BadInput, match="stored"):
        put(world, NewTask(new_id(1), {"text": "x", "more": float("nan")}))
    assert world.tasks() == []
    agree(world)


def test_an_id_is_given_once(world: World) -> None:
    one = new("one")
    put(world, one)
    with pytest.raises(AlreadyExists):
        put(world, new("two"), one)
    two = new("two")
    with pytest.raises(BadInput, match="same id"):
        put(world, two, two)
    assert len(world.tasks()) == 1


def test_a_thousand_at_once_and_no_more(world: World) -> None:
    tasks = [NewTask(one, {"text": one}) for one in new_ids(1, pacing.CHUNK + 1)]
    with pytest.raises(TooLarge):
        put(world, *tasks)
    put(world, *tasks[:-1])
    put(world)
    assert world.counts().tasks == pacing.CHUNK
    agree(world)


def test_repeated_texts_are_counted(world: World) -> None:
    put(world, new("one"), new("two"), new("one"))
    put(world, new("two"))
    assert world.counts().duplicates == 2


def test_lane_priority_and_due_date(world: World) -> None:
    for_b, later, first = put(
        world,
        new("b", requirement=Requirement(workers=(world.b,))),
        new("later", due_at=7),
        new("first", priority=9),
    )
    assert world.task(later)["due_at"] == 7
    assert [world.answer(world.a)["task_id"] for _ in range(2)] == [first, later]
    assert world.answer(world.b)["task_id"] == for_b
    with pytest.raises(BadInput, match="priority"):
        put(world, new("x", priority=500))


def test_a_known_answer_makes_gold_that_is_not_counted_as_work(world: World) -> None:
    known = Known({"label": "نعم"}, "because")
    gold, training = put(world, new("g", purpose="gold", known=known), new("t", purpose="training", known=known))
    work = put(world, new("w"))
    with world.db.read() as tx:
        assert [tx.one("gold_get", task_id=one)["purpose"] for one in (gold, training)] == ["gold", "training"]  # type: ignore[index]
    assert world.counts().tasks == 1
    assert world.answer(world.a)["task_id"] == work[0]
    assert world.grant(world.a).none == "done"
    agree(world)
    for bad in (new("x", purpose="gold"), new("x", known=known), new("x", purpose="gold", known=Known({"label": "?"}))):
        with pytest.raises(BadInput):
            put(world, bad)


def test_a_row_is_asked_what_it_asks(workspace: Workspace, clock: object) -> None:
    world = World(workspace, clock, {"settings": {"asks": "asks"}})
    with pytest.raises(BadInput, match="asks"):
        put(world, NewTask(new_id(1), {"text": "x", "asks": {"other": True}}))
    narrow = {"label": {"labels": ["لا"]}}
    put(world, NewTask(new_id(1), {"text": "x", "asks": narrow}))
    gold = NewTask(new_id(1), {"text": "y", "asks": narrow}, purpose="gold", known=Known({"label": "نعم"}))
    with pytest.raises(BadInput, match=gold.id):
        put(world, gold)
    assert world.counts().tasks == 1


def test_a_project_that_is_gone_takes_nothing(world: World) -> None:
    world.change(state="removed")
    with pytest.raises(NotFound):
        put(world, new("one"))


def test_the_overlap_is_the_one_that_holds_now(world: World) -> None:
    held = world.project
    world.change(overlap=3)
    world.project = held
    put(world, new("one"))
    assert world.tasks()[0]["overlap"] == 3
    agree(world)


def test_the_table_and_the_chain_follow(world: World) -> None:
    put(world, new("one"))
    columns = read_all(world.db, world.project.id, Columns(world.project.id))
    put(world, new("two"), new("three"))
    assert catch_up(world.db, columns, set(), {})
    assert columns.top == 3
    assert list(columns["state"]) == [0, 1, 1, 1]
    assert verify(world.db).faults == []
