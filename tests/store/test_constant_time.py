"""A grant costs the same at any size of project and after any history: by the plans, and by counting the engine's steps."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tawsim.core.ids import new_id
from tawsim.labelling import queue, submit
from tawsim.labelling.projects import NewProject, create_project
from tawsim.store.database import Database, Transaction
from tawsim.store.statements import statements
from tawsim.workspaces.workspace import Workspace, add_worker, open_workspace

HOT = (
    "queue_returned", "queue_fresh", "lease_had", "lease_slots", "lease_live_of_worker", "lease_live_on_task", "lease_get",
    "lease_overdue", "lease_end", "task_take_slot", "task_give_slot", "task_with_content", "task_get", "worker_get",
    "worker_project_get", "project_count_get", "project_count_add", "key_get", "annotation_of_lease", "annotation_get",
    "lease_next_deadline", "task_same_text", "lane_list", "lane_find", "lane_count", "lane_with_batch",
    "batch_has_worker", "batch_get", "worker_lane_get", "day_get",
    "day_give", "member_get", "lease_ever", "gold_get", "gold_next", "gold_answer_get", "evidence_sums", "evidence_qualifying",
    "evidence_training_done", "evidence_training_of_task", "annotation_mine", "task_page", "credential_get",
)  # fmt: skip
SORTS_A_FEW = ("lease_live_of_worker",)  # at most max_leases and what was undone
ANSWER = {"label": "a"}


def plan(db: Database, name: str) -> list[str]:
    values = dict.fromkeys(re.findall(r":([a-z_]+)", statements()[name]), 1)
    with db.read() as tx:
        return [row["detail"] for row in tx._connection.execute(f"EXPLAIN QUERY PLAN {statements()[name]}", values)]


@pytest.mark.parametrize("name", HOT)
def test_hot_statements_use_an_index_and_sort_nothing(tmp_path: Path, name: str) -> None:
    db = Database.open(tmp_path / "x", "accounts" if name.startswith("credential") else "workspace", create=True)
    for line in plan(db, name):
        assert not line.startswith("SCAN"), line
        assert "TEMP B-TREE" not in line or name in SORTS_A_FEW, line
    db.close()


@pytest.mark.parametrize("name", ["truth_changed", "truth_changed_answers"])
def test_following_the_truth_reads_what_changed_and_no_more(tmp_path: Path, name: str) -> None:
    db = Database.open(tmp_path / "x", "workspace", create=True)
    lines = plan(db, name)
    assert any("INDEX task_changed (project_id=? AND changed>?" in line for line in lines), lines
    assert not any(line.startswith("SCAN") for line in lines), lines
    db.close()


def world(path: Path, tasks: int, history: int, *, overlap: int = 2) -> tuple[Workspace, str, str]:
    """A project with `tasks` tasks of which the worker has answered the first `history`, written straight into the tables."""
    workspace = open_workspace(path, create=True)
    db = workspace.db
    new = NewProject("p", [{"kind": "choice", "name": "label", "labels": ["a", "b"]}], overlap=overlap)
    project = db.write(lambda tx: create_project(tx, workspace.owner_id, "p", new)).id
    worker = db.write(lambda tx: add_worker(tx, workspace.owner_id, "w", "w")).id

    def fill(tx: Transaction) -> None:
        ids = [new_id(tx.now) for _ in range(tasks)]
        done = [(one, i, new_id(tx.now), new_id(tx.now)) for i, one in enumerate(ids[:history])]
        many = tx._connection.executemany
        many(
            "INSERT INTO task (id, project_id, seq, position, overlap, text_key, load, accepted)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            [(one, project, i + 1, i + 1, overlap, i, int(i < history), int(i < history)) for i, one in enumerate(ids)],
        )
        many('INSERT INTO task_content VALUES (?, \'{"text":"x"}\')', [(one,) for one in ids])
        many(
            "INSERT INTO lease (id, project_id, task_id, worker_id, round, slot, state, granted_at, deadline, ended_at)"
            " VALUES (?, ?, ?, ?, 0, 1, 'submitted', 1, 2, 2)",
            [(lease, project, one, worker) for one, _, lease, _ in done],
        )
        many(
            "INSERT INTO annotation (id, project_id, task_id, lease_id, worker_id, round, state, guideline_version,"
            " created_at) VALUES (?, ?, ?, ?, ?, 0, 'accepted', 1, 2)",
            [(answer, project, one, lease, worker) for one, _, lease, answer in done],
        )
        tx._connection.execute(
            "UPDATE project_count SET visible_seq = ?, visible_position = ?, tasks = ?, answers = ?, answers_wanted = ?",
            (tasks, tasks, tasks, history, tasks * overlap),
        )
        tx._connection.execute(
            "INSERT INTO worker_project (project_id, worker_id, position, answers) VALUES (?, ?, ?, ?)",
            (project, worker, history, history),
        )

    db.write(fill)
    return workspace, project, worker


def measured(db: Database, work: Callable[[Transaction], Any]) -> tuple[int, Any]:
    """How many instructions SQLite's virtual machine ran for `work`, in tens; and its result."""
    count = [0]

    def step() -> int:
        count[0] += 1
        return 0

    def counted(tx: Transaction) -> Any:
        tx._connection.set_progress_handler(step, 10)
        try:
            return work(tx)
        finally:
            tx._connection.set_progress_handler(None, 0)

    found = db.write(counted)
    return count[0], found


def cost(path: Path, tasks: int, history: int) -> tuple[int, int]:
    """Steps of a grant and of a submit."""
    workspace, project, worker = world(path, tasks, history)
    granting, grant = measured(workspace.db, lambda tx: queue.next_leases(tx, project, worker, 1))
    lease = grant.leases[0]
    assert lease.seq == history + 1
    submitting, done = measured(workspace.db, lambda tx: submit.submit(tx, worker, lease.lease_id, "k", ANSWER))
    assert done.annotation is not None
    workspace.close()
    return granting, submitting


def test_a_grant_costs_the_same_in_a_large_project_and_after_any_history(tmp_path: Path) -> None:
    small = cost(tmp_path / "small.tawsim", 1_000, 0)
    large = cost(tmp_path / "large.tawsim", 50_000, 20_000)
    for before, after in zip(small, large, strict=True):
        assert after <= before * 1.2 + 5, (small, large)


def test_asking_in_vain_costs_the_same_after_any_history(tmp_path: Path) -> None:
    """All that is left was this worker's already: the second time it is not walked again."""
    costs = []
    for history in (10, 5_000):
        workspace, project, worker = world(tmp_path / f"{history}.tawsim", history, history)
        workspace.db.write(
            lambda tx: tx._connection.execute("UPDATE task SET returned_rank = seq")  # as if others had let them go
        )
        ask = lambda tx, p=project, w=worker: queue.next_leases(tx, p, w, 1)  # noqa: E731
        assert workspace.db.write(ask).none == "done"
        steps, grant = measured(workspace.db, ask)
        assert grant.none == "done"
        costs.append(steps)
        workspace.close()
    assert costs[1] <= costs[0] * 1.2 + 5, costs


def with_batches(path: Path, *, ended: int, paused: int = 0) -> tuple[Workspace, str, str]:
    """A project with two batches in progress, and before them many that are over, in each of which the worker had been."""
    workspace, project, worker = world(path, 0, 0)

    def fill(tx: Transaction) -> None:
        many = tx._connection.executemany
        states = ["completed", "cancelled"] * (ended // 2) + ["paused"] * paused + ["in_progress"] * 2
        made = [(new_id(tx.now), new_id(tx.now), new_id(tx.now), i, state) for i, state in enumerate(states, start=1)]
        many(
            "INSERT INTO batch (id, project_id, name, state, created_at, changed_at) VALUES (?, ?, ?, ?, ?, ?)",
            [(batch, project, f"b{i}", state, i, i) for batch, _, _, i, state in made],
        )
        many(
            "INSERT INTO lane (id, project_id, priority, requirement, created_at, batch_id, held)"
            " VALUES (?, ?, 0, '{}', 1, ?, ?)",
            [(lane, project, batch, int(state in ("paused", "cancelled"))) for batch, lane, _, _, state in made],
        )
        many(
            "INSERT INTO task (id, project_id, seq, position, overlap, text_key, lane_id, batch_id, state, is_open,"
            " accepted, load) VALUES (?, ?, ?, ?, 2, ?, ?, ?, ?, ?, ?, ?)",
            [
                (task, project, i, i, i, lane, batch, "removed" if state == "cancelled" else "open",
                 int(state in ("in_progress", "paused")), *((2, 2) if state == "completed" else (0, 0)))
                for batch, lane, task, i, state in made
            ],
        )  # fmt: skip
        many('INSERT INTO task_content VALUES (?, \'{"text":"x"}\')', [(task,) for _, _, task, _, _ in made])
        many(
            "INSERT INTO worker_lane (project_id, worker_id, lane_id, position) VALUES (?, ?, ?, ?)",
            [(project, worker, lane, i) for _, lane, _, i, state in made if state == "completed"],
        )
        tx._connection.execute(
            "UPDATE project_count SET visible_seq = ?, visible_position = ?, tasks = ?, lanes = ?", [len(made)] * 4
        )

    workspace.db.write(fill)
    return workspace, project, worker


def test_batches_that_are_over_cost_a_grant_nothing(tmp_path: Path) -> None:
    costs = []
    for ended in (0, 5_000):
        workspace, project, worker = with_batches(tmp_path / f"{ended}.tawsim", ended=ended)
        steps, grant = measured(workspace.db, lambda tx, p=project, w=worker: queue.next_leases(tx, p, w, 1))
        assert grant.leases[0].seq == ended + 1
        costs.append(steps)
        workspace.close()
    assert costs[1] <= costs[0] * 1.2 + 5, costs


def test_the_walk_goes_from_lane_to_lane_along_the_index_of_the_queue(tmp_path: Path) -> None:
    db = Database.open(tmp_path / "x", "workspace", create=True)
    for name in ("lane_open", "lane_waiting"):
        lines = plan(db, name)
        assert sum("INDEX task_queue (project_id=? AND lane_id>?)" in line for line in lines) == 2, lines
        assert not any(line.startswith("SCAN") and line != "SCAN m" for line in lines), lines
    db.close()
