"""Actions on many tasks: what is told before is what happens, undo puts it back, a cut leaves nothing half done."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from labelling_world import NO, YES, World

from tawsim.core.errors import BadInput, Conflict, KeyReused, NotFound
from tawsim.core.ids import new_id
from tawsim.core.records import Worker
from tawsim.labelling import owners
from tawsim.labelling.lanes import Requirement, assign, set_priority
from tawsim.labelling.tagging import rename_tag, set_due, tags_of
from tawsim.loop import table_bulk
from tawsim.loop.checking import _counts
from tawsim.loop.table import find_all, forget_tables, touch
from tawsim.loop.table_bulk import begin, begin_undo, finish, job_json, jobs_json, preview, read_selection, work_on
from tawsim.loop.table_grammar import parse
from tawsim.loop.table_history import history_of
from tawsim.store.connecting import connect
from tawsim.workspaces.workspace import Workspace, get_worker

HELD = ("state", "overlap", "round", "load", "accepted", "skips", "is_open", "purpose", "priority", "due_at", "lane_id")


@pytest.fixture
def world(workspace: Workspace, clock: Callable[[], int]) -> Iterator[World]:
    made = World(workspace, clock, {"overlap": 2, "skip_limit": 1})
    made.add(12)
    for worker, answers in ((made.a, YES), (made.b, NO), (made.a, YES)):
        made.answer(worker, answers)
    made.skip(made.c, made.lease(made.c).lease_id)  # task 2 is skipped out
    made.lease(made.c)
    yield made
    forget_tables(made.db)


def check_workspace(db: Any) -> list[str]:
    """What is wrong with the counts, against the facts; and with SQLite's own checks."""
    return [one.found for one in _counts(db, "") if not one.ok] + db.check()


def me(world: World) -> Worker:
    with world.db.read() as tx:
        return get_worker(tx, world.owner)


def do(world: World, name: str, value: Any = None, query: str = "", key: str | None = None) -> dict[str, Any]:
    job = begin(world.db, me(world), world.project.id, key or new_id(1), name, value, parse(query))
    return finish(world.db, job["id"])


def undo(world: World, job: dict[str, Any], key: str | None = None) -> dict[str, Any]:
    return finish(world.db, begin_undo(world.db, me(world), world.project.id, job["id"], key or new_id(1))["id"])


def stands(world: World) -> dict[int, tuple[Any, ...]]:
    """All of the tasks that an action may change, tags too."""
    with world.db.read() as tx:
        found = {}
        for row in tx._connection.execute("SELECT * FROM task ORDER BY seq"):
            tags = tuple(one["number"] for one in tx.all("table_tags_of", project_id=world.project.id, seq=row["seq"]))
            found[row["seq"]] = (*(row[name] for name in HELD), tags)
        return found


ASKED: list[tuple[str, Any]] = [
    ("tag", "صعب"), ("untag", "old"), ("due", 1_796_083_200_000_000), ("due", None), ("priority", 5), ("priority", 0),
    ("assign", {"languages": ["ar"]}), ("assign", {}), ("overlap", 1), ("overlap", 3), ("reopen", None), ("remove", None),
    ("gold", 0.6),
]  # fmt: skip


@pytest.mark.parametrize(("name", "value"), ASKED)
def test_what_is_told_is_what_happens_and_undo_puts_it_back(world: World, name: str, value: Any) -> None:
    ids = [task["id"] for task in world.tasks()]
    world.db.write(lambda tx: set_due(tx, ids[4], 5))
    world.db.write(lambda tx: set_priority(tx, world.owner, [ids[5]], 5))
    world.db.write(lambda tx: assign(tx, world.owner, [ids[6]], Requirement(skills=("law",))))
    do(world, "tag", "old", "seq:2..6")
    before, counts = stands(world), world.counts()
    told = preview(world.db, world.project.id, name, value, parse("seq:1..9"))
    job = do(world, name, value, "seq:1..9")
    assert job["state"] == "done"
    assert (job["total"], job["looked"]) == (9, 9) == (told["tasks"], told["change"] + sum(told["left_out"].values()))
    assert (job["changed"], job["left_out"]) == (told["change"], told["left_out"])
    after = stands(world)
    differ = {seq for seq in after if after[seq] != before.get(seq)}
    assert len(differ) == job["changed"] > 0
    assert check_workspace(world.db) == []
    taken = undo(world, job)
    assert (taken["changed"], taken["left_out"]) == (job["changed"], {})
    assert check_workspace(world.db) == []
    now = stands(world)
    for seq in before:
        was, got = dict(zip(HELD, before[seq], strict=False)), dict(zip(HELD, now[seq], strict=False))
        # Leases that were revoked stay revoked: nobody's screen is turned back. Their slot is free again.
        ends = name in ("reopen", "remove") and seq in differ
        assert was.pop("load") - got.pop("load") == (was["accepted"] * -1 + before[seq][3] if ends else 0)
        opens = got.pop("is_open") - was.pop("is_open")
        assert opens == 0 or ends
        assert (got, now[seq][-1]) == (was, before[seq][-1])
    assert (world.counts().tasks, world.counts().done, world.counts().answers) == (
        counts.tasks,
        counts.done,
        counts.answers,
    )


def test_what_changed_meanwhile_is_left_alone(world: World) -> None:
    ids = [task["id"] for task in world.tasks()]
    jobs = [do(world, "priority", 7, "seq:5..8"), do(world, "overlap", 3, "seq:5..8"), do(world, "reopen", None, "seq:1|8"),
            do(world, "tag", "t", "seq:5..8"), do(world, "remove", None, "seq:9..10")]  # fmt: skip
    world.db.write(lambda tx: set_priority(tx, world.owner, [ids[4]], 1))
    world.db.write(lambda tx: owners.set_task_overlap(tx, world.owner, ids[5], 1))
    world.db.write(lambda tx: owners.reopen(tx, world.owner, ids[0]))
    do(world, "untag", "t", "seq:6|7")
    world.db.write(lambda tx: owners.remove_task(tx, world.owner, ids[7]))
    found = [(one["changed"], one["left_out"]) for one in (undo(world, job) for job in jobs)]
    assert found == [
        (2, {"changed": 1, "gone": 1}), (2, {"changed": 1, "gone": 1}), (0, {"changed": 1, "gone": 1}),
        (1, {"changed": 2, "gone": 1}), (2, {}),
    ]  # fmt: skip
    assert check_workspace(world.db) == []


def test_an_answer_given_after_a_reopening_is_not_undone(world: World) -> None:
    job = do(world, "reopen", None, "seq:1")
    world.answer(world.b)
    taken = undo(world, job)
    assert (taken["changed"], taken["left_out"]) == (0, {"changed": 1})


def test_one_key_one_action(world: World) -> None:
    first = do(world, "priority", 1, "seq:5", key="k")
    assert do(world, "priority", 1, "seq:5", key="k")["id"] == first["id"]
    with pytest.raises(KeyReused):
        do(world, "priority", 2, "seq:5", key="k")
    taken = undo(world, first, "u")
    assert undo(world, first, "u")["id"] == taken["id"]
    with pytest.raises(Conflict, match="already"):
        undo(world, first, "v")
    with pytest.raises(Conflict):
        undo(world, taken)


def test_what_cannot_be_taken_back_says_so(world: World) -> None:
    told = preview(world.db, world.project.id, "review", None, parse(""))
    job = do(world, "review")
    assert (job["changed"], job["left_out"]) == (told["change"], told["left_out"])
    assert job["changed"] == 2
    assert job["can_undo"] is told["can_undo"] is False
    with pytest.raises(Conflict):
        undo(world, job)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("drop", None), (None, None), ("tag", ""), ("tag", "x" * 61), ("tag", "a\u202eb"), ("tag", 5), ("due", "2026-01-01"),
        ("due", True), ("due", 10**18), ("priority", 101), ("priority", True), ("priority", 1.5), ("overlap", 0),
        ("overlap", "2"), ("reopen", 1), ("remove", {}), ("gold", 1.1), ("gold", True), ("gold", float("nan")),
        ("assign", {"password": 1}), ("assign", []), ("untag", "not there"),
    ],
)  # fmt: skip
def test_bad_values_change_nothing(world: World, name: Any, value: Any) -> None:
    before = stands(world)
    with pytest.raises((BadInput, NotFound)):
        do(world, name, value)
    assert stands(world) == before
    assert jobs_json(world.db, world.project.id) == []


@pytest.mark.parametrize(
    "chosen",
    [{}, {"query": "", "seqs": [1]}, {"seqs": []}, {"seqs": "12"}, {"seqs": [True]}, {"seqs": [0]}, {"seqs": ["1"]},
     {"seqs": [1] * 10_001}, {"query": 5}, {"query": "password:x"}, {"seqs": [2**60]}],
)  # fmt: skip
def test_bad_selections(chosen: dict[str, Any]) -> None:
    with pytest.raises(BadInput):
        read_selection(chosen.get("query"), chosen.get("seqs"), "owner")


def test_chosen_tasks_and_those_that_are_not_there(world: World) -> None:
    chosen = read_selection(None, [5, 5, 7, 999], "owner")
    job = begin(world.db, me(world), world.project.id, "k", "priority", 3, chosen)
    assert finish(world.db, job["id"])["changed"] == 2
    assert find_all(world.db, world.project.id, parse("priority:3")).tolist() == [5, 7]


def test_two_actions_at_once_go_one_after_the_other(world: World) -> None:
    first = begin(world.db, me(world), world.project.id, "1", "priority", 1, parse("seq:4..8"))
    second = begin(world.db, me(world), world.project.id, "2", "priority", 2, parse("seq:6..10"))
    while work_on(world.db, 0):
        pass
    assert find_all(world.db, world.project.id, parse("priority:1")).tolist() == [4, 5]
    assert find_all(world.db, world.project.id, parse("priority:2")).tolist() == [6, 7, 8, 9, 10]
    taken = undo(world, first)  # the second stands
    assert taken["left_out"] == {"changed": 3}
    assert job_json(world.db, second["id"])["changed"] == 5


def test_one_that_runs_is_stopped_by_its_undoing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table_bulk, "HOLD_S", 0.0)
    monkeypatch.setattr(table_bulk, "PIECE", 2)
    before = stands(world)
    job = begin(world.db, me(world), world.project.id, "1", "tag", "x", parse(""))
    world.db.write(lambda tx: None)
    monkeypatch.setattr(table_bulk, "HOLD_S", 1.0)
    world.db.write(lambda tx: table_bulk._piece(tx, job["id"], None))
    assert job_json(world.db, job["id"])["changed"] == 2
    assert undo(world, job)["changed"] == 2
    assert stands(world) == before
    assert job_json(world.db, job["id"])["state"] == "done"


def test_an_action_that_two_processes_share_is_seen_whole(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A command at the terminal begins an action, a server that has the file open finishes it, or comes too late to do any of
    it: its table shows what the other did as well."""
    monkeypatch.setattr(table_bulk, "PIECE", 3)
    for name, pieces in (("some", 1), ("all", 9)):
        assert len(find_all(world.db, world.project.id, parse(f"tag:{name}"))) == 0  # the table stands, and follows
        job = begin(world.db, me(world), world.project.id, new_id(1), "tag", name, parse("seq>0"))
        for _ in range(pieces):  # what another process does tells nothing to this one's table
            world.db.write(lambda tx, job=job: table_bulk._piece(tx, job["id"], None))  # type: ignore[misc]
        finish(world.db, job["id"])
        table_bulk._work(world.db, job["id"], time.monotonic() + 1)  # it has ended: nothing to do
        touch(world.db, world.project.id, [], job["id"])
        end = time.monotonic() + 60
        while (found := find_all(world.db, world.project.id, parse(f"tag:{name}")).tolist()) != list(range(1, 13)):
            assert time.monotonic() < end, found  # all is read anew behind, and until then shown as it was
            time.sleep(0.005)


def test_what_was_cut_off_while_it_was_prepared_changes_nothing(world: World, clock: Any) -> None:
    job = world.db.write(lambda tx: table_bulk._insert(tx, world.owner, world.project.id, "remove", None, "", 12))
    assert work_on(world.db) is False
    assert job_json(world.db, job)["state"] == "preparing"
    clock.advance(61)
    work_on(world.db)
    assert job_json(world.db, job)["state"] == "dropped"
    assert world.counts().tasks == 12


def test_a_tag_renamed_in_the_middle_is_told(world: World) -> None:
    do(world, "tag", "old", "seq:1..3")
    job = begin(world.db, me(world), world.project.id, "1", "untag", "old", parse("seq:1..3"))
    world.db.write(lambda tx: rename_tag(tx, world.owner, world.project.id, "old", "new"))
    assert finish(world.db, job["id"])["left_out"] == {"refused": 3}
    with world.db.read() as tx:
        assert [(one["name"], one["tasks"]) for one in tags_of(tx, world.project.id)] == [("new", 3)]


KILLED = """
import sys, os
from pathlib import Path
from tawsim.loop import table_bulk
from tawsim.loop.table_bulk import work_on
from tawsim.workspaces.workspace import open_workspace
table_bulk.HOLD_S = 0.0005
place = open_workspace(Path(sys.argv[1]))
print("ready", flush=True)
while work_on(place.db, 10): pass
print("done", flush=True)
"""


def go_on_from(path: Path, job_id: str, looked: int, run: "subprocess.Popen[str]") -> int:
    """Wait until the process has come further than that, or has ended; how far it is."""
    reader = connect(path, read_only=True)
    try:
        while True:
            (now,) = reader.execute("SELECT looked FROM bulk_job WHERE id = ?", (job_id,)).fetchone()
            if now > looked or run.poll() is not None:
                return int(now)
            time.sleep(0.002)
    finally:
        reader.close()


@pytest.mark.parametrize("seed", [0, 1])
def test_kill_9_in_the_middle_and_on_it_goes(tmp_path: Path, clock: Any, seed: int) -> None:
    from tawsim.workspaces.workspace import open_workspace

    place = open_workspace(tmp_path / "killed.tawsim", create=True, owner="Noor", clock=clock)
    world = World(place, clock, {"overlap": 2})
    world.add(900)
    job = begin(world.db, me(world), world.project.id, "1", "overlap", 3, parse(""))
    place.close()
    forget_tables(place.db)
    looked = 0
    for attempt in range(3):
        with subprocess.Popen(
            [sys.executable, "-c", KILLED, str(place.path)], stdout=subprocess.PIPE, text=True
        ) as run:
            assert run.stdout is not None
            assert run.stdout.readline() == "ready\n"
            looked = go_on_from(place.path, job["id"], looked, run)
            time.sleep(0.02 * attempt + 0.01 * seed)
            os.kill(run.pid, signal.SIGKILL)
    again = open_workspace(place.path, clock=clock)
    cut = job_json(again.db, job["id"])
    done = finish(again.db, job["id"])
    assert 0 < cut["looked"] <= 900
    assert (done["looked"], done["changed"], done["left_out"]) == (900, 900, {})
    with again.db.read() as tx:
        kept = [
            json.loads(row["before"]) for row in tx._connection.execute("SELECT before FROM bulk_piece ORDER BY number")
        ]
        told = tx._connection.execute("SELECT COUNT(*) FROM event WHERE kind = 'task.overlap'").fetchone()[0]
    assert [entry for piece in kept for entry in piece] == [[seq, 2] for seq in range(1, 901)]
    assert told == 900  # each task once
    assert check_workspace(again.db) == []
    again.close()


def test_the_history_of_a_task(world: World) -> None:
    do(world, "tag", "صعب", "seq:1..4")
    undo(world, do(world, "due", 5, "seq:1..2"))
    do(world, "priority", 3, "seq:1")
    steps = history_of(world.db, world.project.id, 1)
    kinds = [one["kind"] for one in steps]
    assert kinds[0] == "imported"
    assert [kind for kind in kinds if kind == "answered"] == ["answered"] * 2
    assert kinds.count("lease.granted") == 2
    assert {"bulk.tag", "bulk.due", "bulk.due.undone", "task.priority"} <= set(kinds)
    assert {one["by"]["name"] for one in steps if one["kind"] == "answered"} == {"a", "b"}
    assert [one["at"] for one in steps] == sorted(one["at"] for one in steps)
    skipped = [one for one in history_of(world.db, world.project.id, 2) if one["kind"] == "lease.skipped"]
    assert [one["data"]["reason"] for one in skipped] == ["unclear"]
    assert "bulk.due" not in {one["kind"] for one in history_of(world.db, world.project.id, 5)}
    with pytest.raises(NotFound):
        history_of(world.db, world.project.id, 99)
