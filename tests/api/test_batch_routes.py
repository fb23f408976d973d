"""The batches of a project over the native API: their counts, pages, and who may see them."""

import time
from typing import Any

import pytest
from tests.api.conftest import World

from tawsim.core.ids import new_id
from tawsim.labelling import batches, groups
from tawsim.labelling.batches import NewBatch
from tawsim.loop.adding_now import NewTask, add_now
from tawsim.store import rows


def make(world: World, name: str, tasks: int = 0) -> str:
    db, owner, place = world.workspace.db, world.workspace.owner_id, world.project["id"]

    def work(tx: Any) -> str:
        made = batches.create(tx, owner, place, NewBatch(name, state="in_progress", metadata={"k": name}))
        project = rows.project(tx.one("project_get", id=place))
        add_now(tx, project, [NewTask(new_id(1), {"text": f"{name} {i}"}, batch_id=made["id"]) for i in range(tasks)])
        return str(made["id"])

    return db.write(work)


def test_batches_are_told_with_their_counts_the_newest_first(world: World) -> None:
    path = f"/projects/{world.project['id']}/batches"
    assert world.get(path).json() == {"batches": [], "next": None}
    ids = [make(world, name, n) for n, name in enumerate(("one", "two", "ثلاثة"))]
    first = world.get(path).json()["batches"][0]
    assert first == {
        "id": ids[2], "name": "ثلاثة", "kind": "production", "state": "in_progress", "rank": None, "groups": [],
        "metadata": {"k": "ثلاثة"}, "created_at": first["created_at"], "completed_at": None, "tasks": 2, "done": 0,
        "skipped_out": 0, "answers": 0, "answers_wanted": 4,
    }  # fmt: skip
    page = world.get(f"{path}?limit=2").json()
    assert ([one["id"] for one in page["batches"]], page["next"]) == ([ids[2], ids[1]], ids[1])
    rest = world.get(f"{path}?limit=2&before={page['next']}").json()
    assert ([one["id"] for one in rest["batches"]], rest["next"]) == ([ids[0]], None)
    assert world.get(f"{path}?before=none").status_code == 404
    assert world.get(f"{path}?limit=0").status_code == 400
    assert world.get("/projects/none/batches").status_code == 404
    assert world.get(path, world.layla).status_code == 403


def test_groups_and_lanes_are_told(world: World) -> None:
    batch, db, owner = make(world, "one", 1), world.workspace.db, world.workspace.owner_id
    group = db.write(lambda tx: groups.create_group(tx, owner, world.project["id"], "night", [world.omar_id]))["id"]
    db.write(lambda tx: batches.set_groups(tx, owner, batch, [group]))
    db.write(lambda tx: batches.pause(tx, owner, batch))
    (told,) = world.get(f"/projects/{world.project['id']}/batches").json()["batches"]
    assert (told["groups"], told["state"]) == (["night"], "paused")
    lanes = world.get(f"/projects/{world.project['id']}/lanes").json()["lanes"]
    assert [(one["batch"], one["held"], one["open"]) for one in lanes] == [("one", True, 1), (None, False, 12)]
    db.write(lambda tx: batches.resume(tx, owner, batch))
    assert world.lease(world.omar)["task"]["content"]["text"] == "one 0"


def test_the_server_closes_what_a_large_cancelled_batch_left_open(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batches, "CLOSED_AT_ONCE", 3)
    batch, db, owner = make(world, "one", 7), world.workspace.db, world.workspace.owner_id
    db.write(lambda tx: batches.cancel(tx, owner, batch))
    path = f"/projects/{world.project['id']}/batches"
    until = time.monotonic() + 20
    while world.get(path).json()["batches"][0]["tasks"] and time.monotonic() < until:
        time.sleep(0.1)
    (told,) = world.get(path).json()["batches"]
    assert (told["state"], told["tasks"]) == ("cancelled", 0)
