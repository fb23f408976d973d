"""An import is all or nothing, whatever happens on the way; and the plan that it makes is a permutation."""

import contextlib
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tawsim.core.errors import AlreadyRunning, BadFile, BadInput, Conflict, TawsimError, Unavailable
from tawsim.core.ids import new_id
from tawsim.core.records import ImportReport, Project
from tawsim.intake import adding
from tawsim.intake.adding import POSITION_BITS, add_tasks, numbered, shuffled
from tawsim.intake.pacing import CHUNK
from tawsim.labelling import queue
from tawsim.labelling.projects import NewProject, create_project
from tawsim.store import rows
from tawsim.workspaces.workspace import Workspace, open_workspace

QUESTIONS = [{"kind": "choice", "name": "label", "labels": ["a", "b"]}]


@pytest.fixture
def project(workspace: Workspace) -> Project:
    return make(workspace)


def make(workspace: Workspace, **settings: Any) -> Project:
    new = NewProject("reviews", QUESTIONS, **settings)
    return workspace.db.write(lambda tx: create_project(tx, workspace.owner_id, "p", new))


def add(workspace: Workspace, project: Project, items: Any, **more: Any) -> ImportReport:
    more = {"actor_id": workspace.owner_id, "source": "rows", "digest": new_id(1)} | more
    return add_tasks(workspace.db, project, numbered(items), **more)


def texts(workspace: Workspace, project: Project) -> list[str]:
    with workspace.db.read() as tx:
        found = tx.all("task_page", project_id=project.id, after=0, visible_seq=1 << 40, n=1_000_000)
        return [rows.task(row, row["content"]).content["text"] for row in found]


def seen(workspace: Workspace, project: Project) -> tuple[int, int]:
    """How many tasks a user sees, and how many rows lie in the table."""
    with workspace.db.read() as tx:
        counts = tx.one("project_count_get", project_id=project.id)
        assert counts is not None
        lie = tx._connection.execute("SELECT COUNT(*) FROM task WHERE project_id = ?", (project.id,)).fetchone()[0]
        return counts["tasks"], lie


def test_tasks_are_numbered_from_1_in_order(workspace: Workspace, project: Project) -> None:
    report = add(workspace, project, [f"t{i}" for i in range(2500)])
    assert (report.rows, report.added, report.first_seq) == (2500, 2500, 1)
    assert texts(workspace, project) == [f"t{i}" for i in range(2500)]
    assert add(workspace, project, ["more"]).first_seq == 2501


def test_the_same_content_again_adds_nothing(workspace: Workspace, project: Project) -> None:
    first = add(workspace, project, ["a", "b"], digest="d")
    again = add(workspace, project, ["a", "b"], digest="d")
    assert again.repeated
    assert (again.id, again.added) == (first.id, 2)
    assert seen(workspace, project) == (2, 2)


@pytest.mark.parametrize("at", [0, 1, CHUNK, 2 * CHUNK + 7])
def test_a_bad_row_anywhere_leaves_nothing(workspace: Workspace, project: Project, at: int) -> None:
    items: list[Any] = [f"t{i}" for i in range(2 * CHUNK + 8)]
    items[at] = {"text": "  "}
    with pytest.raises(BadFile) as caught:
        add(workspace, project, items, source="reviews.csv")
    assert caught.value.details == {"file": "reviews.csv", "row": at + 1, "column": "text"}
    assert seen(workspace, project) == (0, 0)
    assert add(workspace, project, ["good"]).first_seq == 1


@pytest.mark.parametrize(
    "item",
    [
        {"other": "x"}, {"text": 3}, {"text": None}, {"text": "half \ud800"}, {"text": "x", "n": float("nan")},
        {"text": "x", "n": {1, 2}}, {"text": "x", "n": object()}, {1: "x"}, 7, None,
    ],
)  # fmt: skip
def test_a_row_that_cannot_be_stored(workspace: Workspace, project: Project, item: Any) -> None:
    with pytest.raises(BadInput) as caught:
        add(workspace, project, ["good", item])
    assert "2" in caught.value.message
    assert seen(workspace, project) == (0, 0)


def test_no_rows_at_all(workspace: Workspace, project: Project) -> None:
    with pytest.raises(BadFile, match="no rows"):
        add(workspace, project, [])


def test_an_import_under_way_is_seen_by_nobody(workspace: Workspace, project: Project) -> None:
    def rows_and_looks() -> Iterator[str]:
        for i in range(3 * CHUNK):
            if i % CHUNK == CHUNK - 1:
                assert seen(workspace, project)[0] == 0
                grant = workspace.db.write(lambda tx: queue.next_leases(tx, project.id, workspace.owner_id, 1))
                assert (grant.leases, grant.none) == ((), "done")
                assert texts_visible(workspace, project) == 0
            yield f"t{i}"

    add(workspace, project, rows_and_looks())
    assert seen(workspace, project) == (3 * CHUNK, 3 * CHUNK)


def texts_visible(workspace: Workspace, project: Project) -> int:
    with workspace.db.read() as tx:
        counts = tx.one("project_count_get", project_id=project.id)
        assert counts is not None
        return len(tx.all("task_page", project_id=project.id, after=0, visible_seq=counts["visible_seq"], n=10_000))


# ---- duplicates ------------------------------------------------------------------------------------------------------
def test_duplicates_are_named_kept_skipped_or_refused(workspace: Workspace, project: Project) -> None:
    add(workspace, project, ["caf\u00e9", "other"])
    items = ["new", " cafe\u0301 ", "new", "newer"]
    with pytest.raises(BadFile) as caught:
        add(workspace, project, items, duplicates="refuse")
    assert caught.value.details["row"] == 2
    assert seen(workspace, project) == (2, 2)
    skipped = add(workspace, project, items, duplicates="skip")
    assert [(d.row, d.seq) for d in skipped.duplicates] == [(2, 1), (3, 3)]
    assert (skipped.rows, skipped.added, skipped.duplicate_count) == (4, 2, 2)
    assert texts(workspace, project) == ["caf\u00e9", "other", "new", "newer"]
    kept = add(workspace, project, ["new"], duplicates="keep")
    assert (kept.added, kept.duplicate_count, kept.duplicates[0].seq) == (1, 1, 3)


def test_duplicates_far_apart_in_one_import(workspace: Workspace, project: Project) -> None:
    items = [f"t{i}" for i in range(3 * CHUNK)] + ["t0", f"t{CHUNK}", f"t{3 * CHUNK - 1}"]
    report = add(workspace, project, items, duplicates="skip")
    assert [d.seq for d in report.duplicates] == [1, CHUNK + 1, 3 * CHUNK]
    assert report.added == 3 * CHUNK


# ---- at the same time ------------------------------------------------------------------------------------------------
def test_a_second_import_at_the_same_time_is_refused_and_harms_nothing(workspace: Workspace, project: Project) -> None:
    told: list[str] = []

    def rows_while_another_tries() -> Iterator[str]:
        for i in range(2 * CHUNK):
            if i in (0, CHUNK + 5):
                with pytest.raises(AlreadyRunning) as caught:
                    add(workspace, project, ["other"])
                told.append(caught.value.message)
            yield f"t{i}"

    add(workspace, project, rows_while_another_tries())
    assert len(told) == 2
    assert seen(workspace, project) == (2 * CHUNK, 2 * CHUNK)


def test_of_many_that_start_at_once_one_runs_and_the_others_are_told(workspace: Workspace, project: Project) -> None:
    """They may stand in one group of commits."""
    results: list[Any] = [None] * 8
    gate = threading.Barrier(8)

    def call(n: int) -> None:
        gate.wait()
        try:
            results[n] = add(workspace, project, (f"{n}/{i}" for i in range(CHUNK + 10)))
        except TawsimError as error:
            results[n] = error

    threads = [threading.Thread(target=call, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    done = [one for one in results if isinstance(one, ImportReport)]
    assert done
    assert all(isinstance(one, (ImportReport, AlreadyRunning)) for one in results)
    assert seen(workspace, project) == (len(done) * (CHUNK + 10),) * 2


def test_an_import_that_was_taken_for_dead_cannot_harm_the_one_that_replaced_it(
    workspace: Workspace, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its clean-up used to delete the rows of its successor, which then ended as half an import."""
    reports: list[ImportReport] = []
    ends: list[BaseException] = []
    first_ended = threading.Event()

    def slow() -> Iterator[str]:
        yield from (f"slow {i}" for i in range(CHUNK))
        adding._UNDER_WAY.clear()  # as if another process looked at it, a minute later

        def successor() -> Iterator[str]:
            yield from (f"fast {i}" for i in range(CHUNK + 3))
            ready.set()
            assert first_ended.wait(20)
            yield "last"

        ready = threading.Event()
        thread = threading.Thread(target=lambda: reports.append(add(workspace, project, successor())))
        thread.start()
        threads.append(thread)
        assert ready.wait(20)
        yield "slow, last"

    threads: list[threading.Thread] = []
    try:
        add(workspace, project, slow())
    except BaseException as error:
        ends.append(error)
    first_ended.set()
    threads[0].join(20)
    assert isinstance(ends[0], Conflict)
    assert "taken for dead" in str(ends[0])
    assert reports[0].added == CHUNK + 4
    assert texts(workspace, project) == [f"fast {i}" for i in range(CHUNK + 3)] + ["last"]


def test_a_full_disk_in_the_middle_and_then_room_again(workspace: Workspace, project: Project) -> None:
    """The same process may start over at once; it used to be told for a minute that an import was under way."""
    writer = workspace.db._connection
    pages = writer.execute("PRAGMA page_count").fetchone()[0]
    writer.execute(f"PRAGMA max_page_count = {pages + 60}")
    with pytest.raises(Unavailable, match="full"):
        add(workspace, project, ("x" * 500 + str(i) for i in range(5 * CHUNK)))
    assert seen(workspace, project)[0] == 0
    writer.execute("PRAGMA max_page_count = 1073741823")
    assert add(workspace, project, ["a", "b"]).added == 2
    assert seen(workspace, project) == (2, 2)


def test_the_error_that_ended_an_import_is_the_one_that_is_told(workspace: Workspace, project: Project) -> None:
    def bad_row_on_a_bad_disk() -> Iterator[Any]:
        yield "good"
        workspace.db._commit = refuse  # type: ignore[method-assign]
        yield {"text": ""}

    def refuse() -> None:
        import sqlite3

        raise sqlite3.OperationalError("disk I/O error")

    with pytest.raises(BadFile, match="the text is empty"):
        add(workspace, project, bad_row_on_a_bad_disk())
    del workspace.db._commit
    assert add(workspace, project, ["a"]).first_seq == 1


DYING = """
import os, sys
from pathlib import Path
from tawsim.intake.adding import add_tasks, numbered
from tawsim.store import rows
from tawsim.workspaces.workspace import open_workspace

def dying(after):
    for i in range(1_000_000):
        if i == after:
            os.kill(os.getpid(), 9)
        yield f"dying {i}"

workspace = open_workspace(Path(sys.argv[1]))
with workspace.db.read() as tx:
    project = rows.project(tx.all("project_list")[0])
add_tasks(workspace.db, project, numbered(dying(int(sys.argv[2]))), actor_id=workspace.owner_id, source="f", digest="d")
"""


@pytest.mark.parametrize("after", [1, 2 * CHUNK + 500])
def test_an_import_killed_midway_leaves_nothing_and_the_next_one_clears_up(
    workspace: Workspace, project: Project, after: int
) -> None:
    add(workspace, project, ["before"])
    died = subprocess.run([sys.executable, "-c", DYING, str(workspace.path), str(after)], timeout=60, check=False)
    assert died.returncode == -9
    tasks, lie = seen(workspace, project)
    assert tasks == 1
    assert lie >= 1 + (after // CHUNK - 1) * CHUNK
    assert texts_visible(workspace, project) == 1
    assert add(workspace, project, ["after"], digest="d").added == 1  # the dead one's digest counts for nothing
    assert texts(workspace, project) == ["before", "after"]
    assert seen(workspace, project) == (2, 2)


def test_another_process_imports_while_people_label_here(workspace: Workspace, project: Project) -> None:
    """`tawsim import` on a file that a server holds: two processes, one file, nobody waits long and nothing is lost."""
    add(workspace, project, [f"t{i}" for i in range(50)])
    code = DYING.replace("os.kill(os.getpid(), 9)", "return")
    other = subprocess.Popen([sys.executable, "-c", code, str(workspace.path), str(5 * CHUNK)])
    answers = 0
    while other.poll() is None or answers < 20:
        if answers == 50:
            assert other.wait(60) == 0
            break
        grant = workspace.db.write(lambda tx: queue.next_leases(tx, project.id, workspace.owner_id, 1))
        from tawsim.labelling import submit

        lease = grant.leases[0].lease_id
        done = workspace.db.write(
            lambda tx, lease=lease: submit.submit(tx, workspace.owner_id, lease, new_id(1), {"label": "a"})
        )
        done.or_raise()
        answers += 1
    assert other.wait(60) == 0
    assert seen(workspace, project)[0] == 50 + 5 * CHUNK
    with workspace.db.read() as tx:
        counts = tx.one("project_count_get", project_id=project.id)
    assert counts is not None
    assert counts["answers"] == answers
    assert workspace.db.check() == []


def test_a_dead_process_number_is_recognised(workspace: Workspace, project: Project) -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    with workspace.db.read() as tx:
        row = {"pid": gone.pid, "seen_at": tx.now, "id": "x"}
        assert adding._is_dead(tx, row)  # type: ignore[arg-type]
        assert not adding._is_dead(tx, row | {"pid": os.getppid()})  # type: ignore[arg-type]
        assert adding._is_dead(tx, row | {"pid": os.getppid(), "seen_at": tx.now - 61_000_000})  # type: ignore[arg-type]


# ---- the plan --------------------------------------------------------------------------------------------------------
HALF = 1 << (POSITION_BITS // 2)


def unshuffled(position: int, seed: str) -> int:
    """The rounds of `shuffled` backwards."""
    from hashlib import blake2b

    left, right = divmod(position, HALF)
    for round_ in reversed(range(4)):
        mixed = blake2b(f"{seed}/{round_}/{left}".encode(), digest_size=8).digest()
        left, right = right ^ (int.from_bytes(mixed, "big") % HALF), left
    return left * HALF + right


@given(st.integers(0, (1 << POSITION_BITS) - 1), st.text(max_size=40))
def test_the_shuffle_has_an_inverse_so_it_is_a_permutation(offset: int, seed: str) -> None:
    found = shuffled(offset, seed)
    assert 0 <= found < 1 << POSITION_BITS
    assert unshuffled(found, seed) == offset


@given(st.text(max_size=40))
def test_no_two_tasks_of_an_import_tie(seed: str) -> None:
    assert len({shuffled(i, seed) for i in range(300)}) == 300


def test_the_shuffle_differs_from_import_to_import_and_not_from_run_to_run() -> None:
    order = [[shuffled(i, seed) for i in range(100)] for seed in ("a", "a", "b")]
    assert order[0] == order[1] != order[2]
    assert sorted(order[0]) != order[0]


@pytest.mark.parametrize("order", ["fifo", "random"])
def test_both_orders_hand_out_every_task_once(workspace: Workspace, order: str) -> None:
    project = make(workspace, order=order, max_leases=50)
    add(workspace, project, [f"t{i}" for i in range(30)])
    add(workspace, project, [f"u{i}" for i in range(20)])
    grant = workspace.db.write(lambda tx: queue.next_leases(tx, project.id, workspace.owner_id, 50))
    given_out = [one.seq for one in grant.leases]
    assert sorted(given_out) == list(range(1, 51))
    assert (given_out == sorted(given_out)) == (order == "fifo")
    assert max(given_out[:30]) == 30  # a later import stays behind an earlier one


def test_opening_the_same_file_twice_in_one_process(workspace: Workspace, project: Project) -> None:
    other = open_workspace(workspace.path)
    with contextlib.closing(other):
        assert add(other, project, ["a"]).added == 1
        assert seen(workspace, project) == (1, 1)
    assert Path(workspace.path).exists()
