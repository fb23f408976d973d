"""Moving in, of whatever an account may answer: odd tasks are counted and left out, and nothing that is there breaks a move."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tawsim.core.errors import BadInput, EndpointDown, NotSignedIn
from tawsim.loop.scale import moving, moving_rows, projects, tasks
from tawsim.loop.scale.listing import Asked, walk
from tawsim.loop.scale.moving_source import Found, Source, download
from tawsim.loop.scale.world import World
from tawsim.workspaces.accounts import open_accounts
from tawsim.workspaces.workspace import Workspace

MADE = "2025-01-02T03:04:05.678Z"


class Room:
    """A workspace to move into, and the pages that came."""

    def __init__(self, workspace: Workspace, folder: Path) -> None:
        self.workspace, self.books, self.file = workspace, open_accounts(folder), folder / "pages"
        self.world = World(workspace.db, self.books, workspace.id, "live", workspace.owner_id)

    def move(self, *docs: Any, name: str = "p", told: Any = None, batches: Any = ()) -> moving.Moved:
        self.file.write_text(json.dumps({"docs": docs, "next": None}) + "\n")
        found = Found(name, {"name": name, "type": "categorization", **(told or {})} if name else {}, len(docs))
        return moving.move_project(self.workspace.db, self.world, "http://there", found, batches, self.file)

    def task(self, task_id: str) -> dict[str, Any]:
        with self.workspace.db.read() as tx:
            return tasks.task_json(tx, tasks.task_row(tx, task_id))


@pytest.fixture
def room(workspace: Workspace, tmp_path: Path) -> Iterator[Room]:
    made = Room(workspace, tmp_path)
    yield made
    made.books.close()


def told(task_id: Any = "t1", **more: Any) -> dict[str, Any]:
    return {"task_id": task_id, "type": "categorization", "status": "completed", "created_at": MADE, **more}


@pytest.mark.parametrize(
    "one",
    [
        told(None), told(5), told(["a"]), told(""), told("a b"), told("x" * 101), told("../t"),
        told(status="deleted"), told(status=None), told(status=["pending"]), {"task_id": "t"},
    ],
)  # fmt: skip
def test_what_cannot_be_understood_is_counted_and_left_out(room: Room, one: Any) -> None:
    done = room.move(one, told("good"))
    assert (done.tasks, done.left_out) == (1, 1)


@pytest.mark.parametrize(
    "odd",
    [
        {"params": None}, {"params": [1]}, {"metadata": "text"}, {"tags": "a"}, {"tags": [1, None, "a"]}, {"batch": 5},
        {"unique_id": 7}, {"unique_id": ""}, {"created_at": "yesterday"}, {"completed_at": 5}, {"instruction": None},
        {"callback_url": None}, {"customer_review_status": "pending"}, {"customer_review_status": {}},
        {"callback_succeeded": "yes"}, {"response": "\ud800"}, {"response": [1]}, {"type": None}, {"type": "unheard"},
    ],
)  # fmt: skip
def test_odd_parts_of_a_task_break_nothing(room: Room, odd: dict[str, Any]) -> None:
    assert room.move(told(**odd)).tasks == 1
    assert room.task("t1")["status"] == "completed"


def test_the_same_task_twice_in_the_pages_comes_once(room: Room) -> None:
    done = room.move(told(), told(), told("t2"))
    assert done.tasks == 2
    assert room.move(told(), told("t2"), told("t3")).statuses == {"completed": 1}


def test_a_task_knows_the_version_of_its_time_and_its_own_instruction(room: Room) -> None:
    history = [
        {"instruction": "one", "version": 0, "created_at": "2025-01-01T00:00:00.000Z"},
        {"instruction": "two", "version": 1, "created_at": "2025-02-01T00:00:00.000Z"},
    ]
    room.move(
        told("a", instruction="own\n\none"), told("b", instruction="two", created_at="2025-03-01T00:00:00Z"),
        told("c", instruction="own"), told={"param_history": history},
    )  # fmt: skip
    assert room.task("a")["instruction"] == "own\n\none"
    assert room.task("b")["instruction"] == "two"
    assert room.task("c")["instruction"] == "own\n\none"  # as the project's is appended here
    with room.workspace.db.read() as tx:
        assert projects.project_json(projects.project_by_name(tx, "p"))["param_history"] == history


def test_tasks_of_no_project_stand_by_their_type(room: Room) -> None:
    done = room.move(told("a"), told("b", type="comparison"), name="")
    assert (done.tasks, done.project_id) == (2, None)
    assert "project" not in room.task("a")
    with room.workspace.db.read() as tx:
        names = {row["name"] for row in tx.all("project_list")}
    assert {"Scale · categorization", "Scale · comparison"} <= names


def test_a_batch_that_only_tasks_name_is_made(room: Room) -> None:
    room.move(told(batch="b/1"), batches=[{"name": "done", "status": "completed", "completed_at": MADE}])
    assert room.task("t1")["batch"] == "b/1"
    with room.workspace.db.read() as tx:
        row = tx.one("scale_batch_named", name="done")
    assert row is not None
    assert (row["state"], row["completed_at"]) == ("completed", moving_rows.read_time(MADE, 0))


@pytest.mark.parametrize("limit", [1, 3, 6, 7, 100])
def test_a_walk_over_all_that_is_here_tells_each_once(room: Room, limit: int) -> None:
    room.move(*(told(f"t{i}") for i in range(6)))
    with room.workspace.db.read() as tx:
        ids = [one["task_id"] for one in walk(tx, Asked(limit=limit))]
    assert ids == [f"t{i}" for i in reversed(range(6))]


def test_nothing_that_was_prepared_is_left_behind(room: Room) -> None:
    room.move(*(told(f"t{i}", tags=["a"]) for i in range(500)))
    with room.workspace.db.read() as tx:
        assert tx.all("scale_moving_some", run=room.file.name, n=1) == []


def test_what_a_killed_move_had_prepared_is_no_part_of_the_next_one(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: Any) -> None:
        raise EndpointDown("killed")

    with monkeypatch.context() as patched:
        patched.setattr(moving, "_put", killed)
        with pytest.raises(EndpointDown):
            room.move(told("gone"))
    assert room.move(told("t1")).tasks == 1
    with pytest.raises(Exception, match="no task"):
        room.task("gone")


class Refuses:
    """An account whose every call ends in an error of Scale's client."""

    def __init__(self, *codes: int | None) -> None:
        self.codes = list(codes)

    def projects(self) -> Any:
        from scaleapi.exceptions import ScaleException

        if self.codes:
            raise ScaleException("no", self.codes.pop(0))
        return []

    def tasks(self, **asked: Any) -> Any:
        return type("Page", (), {"total": 0})

    batches = tasks


def test_what_may_pass_is_tried_again_and_what_will_not_is_told() -> None:
    waited: list[float] = []
    assert Source(Refuses(500, None, 429), waited.append).survey() == []
    assert waited == [1.0, 3.0, 9.0]
    with pytest.raises(EndpointDown):
        Source(Refuses(*[503] * 4), waited.append).survey()
    for code, kind in [(401, NotSignedIn), (403, NotSignedIn), (400, BadInput), (404, BadInput)]:
        with pytest.raises(kind):
            Source(Refuses(code), waited.append).survey()


class Odd(Refuses):
    """An account with one task that holds what no file takes as it stands."""

    def __init__(self, value: Any) -> None:
        self.value = value

    def tasks(self, **asked: Any) -> Any:
        one = type("Task", (), {"as_dict": lambda _: told(project="p", metadata={"odd": self.value})})()
        return type("Page", (), {"total": 1, "docs": [one], "has_more": False, "next_token": None})


def test_half_a_character_comes_over_and_what_is_no_number_is_told(room: Room) -> None:
    found = Found("p", {"name": "p", "type": "categorization"}, 1)
    for value, comes in [("a\ud800b", True), (float("nan"), False)]:
        download(Source(Odd(value)), "p", room.file)
        if comes:
            moving.move_project(room.workspace.db, room.world, "http://there", found, [], room.file)
            assert room.task("t1")["metadata"] == {"odd": "a?b"}
        else:
            with pytest.raises(BadInput, match="cannot be stored"):
                moving.move_project(
                    room.workspace.db, room.world, "http://there", Found("q", {"name": "q"}, 1), [], renamed(room.file)
                )


def renamed(file: Path) -> Path:
    """The pages with another task in them."""
    file.write_text(file.read_text().replace('"t1"', '"t2"'))
    return file
