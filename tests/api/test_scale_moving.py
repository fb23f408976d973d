"""`tawsim scale import`: from a real server, by Scale's own client, into another workspace. The source is Tawsim itself."""

import json
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.api.scale_served import Served, served

from tawsim.cli.main import run
from tawsim.cli.scale_moving import _said
from tawsim.core.errors import AlreadyExists, AlreadyRunning, EndpointDown, NotFound
from tawsim.labelling.queue import next_leases
from tawsim.labelling.submit import submit
from tawsim.loop.scale import moving, moving_marks, moving_source, projects, tasks
from tawsim.loop.scale.moving import Moved
from tawsim.loop.scale.moving_source import Source
from tawsim.loop.scale.world import World
from tawsim.sdk.scale import scale_client
from tawsim.store import rows
from tawsim.workspaces.accounts import open_accounts
from tawsim.workspaces.workspace import open_workspace

CATEGORIES = {"attachment": "نص للتصنيف", "attachment_type": "text", "categories": ["جيد", "سيئ"]}


@pytest.fixture
def source(tmp_path: Path) -> Iterator[Served]:
    with served(tmp_path / "there", "there") as server:
        yield server


@pytest.fixture
def here(tmp_path: Path) -> Path:
    path = tmp_path / "here" / "here.tawsim"
    path.parent.mkdir()
    open_workspace(path, create=True, owner="Noor").close()
    return path


def make(client: Any, n: int, **more: Any) -> list[Any]:
    from scaleapi.tasks import TaskType

    base = {**CATEGORIES, **more}
    ids = [f"{more.get('project', '')}/{i}" for i in range(n)]
    return [client.create_task(TaskType.Categorization, **base, unique_id=one) for one in ids]


def project(client: Any, name: str) -> Any:
    from scaleapi.tasks import TaskType

    made = client.create_project(name, TaskType.Categorization, params={"instruction": "اقرأ ثم صنّف"})
    client.update_project(name, patch=True, instruction="اقرأ مرّتين")
    return made


def move(capsys: Any, source: Served, key: str, here: Path, *more: str) -> dict[str, Any]:
    code = run(["scale", "import", "--api-url", source.url, "--key", source.key(key), "-w", str(here), "--json", *more])
    out = capsys.readouterr().out
    assert code == 0, out
    found: dict[str, Any] = json.loads(out)
    return found


def told_here(here: Path) -> dict[str, dict[str, Any]]:
    """Every task that is here, as the API tells of it."""
    workspace = open_workspace(here)
    try:
        with workspace.db.read() as tx:
            ids = [row["task_id"] for row in tx.all("scale_list", **EVERYTHING)]
            return {one: tasks.task_json(tx, tasks.task_row(tx, one)) for one in ids}
    finally:
        workspace.close()


FAR = 1 << 61
EVERYTHING: dict[str, Any] = {
    "at": FAR, "id": "~", "created_from": 0, "created_until": FAR, "type": "", "status": "", "updated_from": 0,
    "updated_until": FAR, "any_completion": 1, "completed_from": 0, "completed_until": FAR, "review": "", "n": 10_000,
}  # fmt: skip


def test_everything_comes_over_and_a_second_run_adds_nothing(source: Served, here: Path, capsys: Any) -> None:
    client = source.client("test")
    project(client, "مراجعات")
    made = make(client, 7, project="مراجعات", metadata={"ك": 1}, tags=["a", "b"], instruction="لهذه وحدها")
    client.audit_task(made[0].id, True, "أحسنتم")
    loose = make(client, 2)
    told = move(capsys, source, "test", here)
    assert [(one["project"], one["tasks"], one["already"]) for one in told["projects"]] == [
        ("مراجعات", 7, 0),
        (None, 2, 0),
    ]
    there = {one.id: client.get_task(one.id).as_dict() for one in (*made, *loose)}
    now = told_here(here)
    assert set(now) == set(there)
    for task_id, one in there.items():
        same = {name: value for name, value in one.items() if name != "is_test"}
        assert {name: value for name, value in now[task_id].items() if name != "is_test"} == same
    again = move(capsys, source, "test", here)
    assert [(one["tasks"], one["already"]) for one in again["projects"]] == [(0, 7), (0, 2)]
    assert not list(here.parent.glob(".tawsim-moving-*"))
    file = here.parent / "all.jsonl"
    assert run(["scale", "export", "-o", str(file), "-w", str(here)]) == 0
    written = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    assert {one["task_id"]: one for one in written} == now
    assert [one["created_at"] for one in written] == sorted((one["created_at"] for one in written), reverse=True)
    assert (
        run(["scale", "export", "مراجعات", "--status", "completed", "-o", str(file), "-w", str(here), "--force"]) == 0
    )
    assert len(file.read_text(encoding="utf-8").splitlines()) == 7


def test_all_versions_of_the_parameters_come_over(source: Served, here: Path, capsys: Any) -> None:
    client = source.client("test")
    project(client, "p")
    there = client.get_project("p").as_dict()
    move(capsys, source, "test", here, "--project", "p")
    workspace = open_workspace(here)
    with workspace.db.read() as tx:
        now = projects.project_json(projects.project_by_name(tx, "p"))
    workspace.close()
    assert now["param_history"] == there["param_history"]
    assert (now["type"], now["created_at"]) == (there["type"], there["created_at"])


def test_what_was_pending_waits_to_be_placed(source: Served, here: Path, capsys: Any) -> None:
    client = source.client("live")
    project(client, "p")
    make(client, 3, project="p")
    client.cancel_task(client.tasks(limit=1).docs[0].id)
    told = move(capsys, source, "live", here)
    assert told["projects"][0]["statuses"] == {"pending": 2, "canceled": 1}
    workspace = open_workspace(here)
    with workspace.db.read() as tx:
        stages = sorted((row["status"], row["stage"]) for row in tx.all("scale_list", **EVERYTHING))
    workspace.close()
    assert stages == [("canceled", "over"), ("pending", "waiting"), ("pending", "waiting")]


def test_a_file_that_only_the_source_can_read_is_said_and_asks_nobody(source: Served, here: Path, capsys: Any) -> None:
    from scaleapi.tasks import TaskType

    client = source.client("live")
    with (source.workspace.path).open("rb") as file:
        url = client.upload_file(file=file).attachment_url
    client.create_task(TaskType.Categorization, attachment=url, attachment_type="image", categories=["a", "b"])
    told = move(capsys, source, "live", here)
    assert told["projects"][0]["lost"] == 1
    (one,) = told_here(here).values()
    assert one["status"] == "error"
    assert one["response"]["attachments"][0]["url"] == url


def test_looking_says_how_much_there_is_and_moves_nothing(source: Served, here: Path, capsys: Any) -> None:
    client = source.client("test")
    project(client, "p")
    make(client, 2, project="p")
    run(["scale", "import", "--api-url", source.url, "--key", source.key("test"), "-w", str(here), "--look"])
    assert "p: 2 tasks" in capsys.readouterr().out
    assert told_here(here) == {}


def test_wrong_keys_names_and_addresses_are_told_plainly(
    source: Served, here: Path, capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    base = ["scale", "import", "-w", str(here), "--json", "--api-url"]
    monkeypatch.delenv("SCALE_API_KEY", raising=False)
    for more, code in [
        ([source.url], "TW-SIGN-IN"),
        ([source.url, "--key", "test_wrong"], "TW-SIGN-IN"),
        ([source.url, "--key", source.key("test"), "--project", "none"], "TW-NOT-FOUND"),
        (["ftp://x", "--key", "k"], "TW-INPUT"),
    ]:
        assert run([*base, *more]) != 0
        assert json.loads(capsys.readouterr().out)["error"]["code"] == code
    monkeypatch.setenv("SCALE_API_KEY", source.key("test"))
    assert run([*base, source.url]) == 0


class Here:
    """A target workspace for calls of the functions themselves."""

    def __init__(self, path: Path) -> None:
        self.workspace = open_workspace(path)
        self.books = open_accounts(path.parent)
        self.world = World(self.workspace.db, self.books, self.workspace.id, "live", self.workspace.owner_id)

    def move(self, found: Any, file: Path, told: Any = ()) -> moving.Moved:
        return moving.move_project(self.workspace.db, self.world, "http://there", found, told, file)

    def count(self) -> int:
        with self.workspace.db.read() as tx:
            return len(tx.all("scale_list", **EVERYTHING))


@pytest.fixture
def target(here: Path) -> Iterator[Here]:
    found = Here(here)
    yield found
    found.books.close()
    found.workspace.close()


def test_a_walk_that_broke_off_goes_on_where_it_stood(
    source: Served, target: Here, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(moving_source, "PAGE", 3)
    client = source.client("test")
    project(client, "p")
    make(client, 10, project="p")
    account = Source(scale_client(source.url, source.key("test")), sleep=lambda s: None, tries=1)
    (found,) = account.survey("p")
    asked: list[Any] = []
    plain = account.page

    def breaks(name: str, token: str | None) -> Any:
        asked.append(token)
        if len(asked) == 3:
            raise EndpointDown("gone")
        return plain(name, token)

    file = tmp_path / "pages"
    monkeypatch.setattr(Source, "page", lambda self, name, token: breaks(name, token))
    with pytest.raises(EndpointDown):
        moving_source.download(account, "p", file)
    with file.open("a") as half:
        half.write('{"docs": [{"task')  # as a kill in the middle of a write leaves it
    assert moving_source.download(account, "p", file) == 10
    assert len(asked) == 5
    assert asked[2] == asked[3]  # the page that failed is asked for again, and none before it
    assert target.move(found, file).tasks == 10
    assert target.count() == 10


def test_a_taken_unique_id_stops_the_whole_project(source: Served, target: Here, tmp_path: Path) -> None:
    client = source.client("test")
    project(client, "p")
    make(client, 4, project="p")
    taken = {"unique_id": "p/2", **CATEGORIES}
    target.workspace.db.write(lambda tx: tasks.create_task(tx, target.world, "categorization", taken))
    account = Source(scale_client(source.url, source.key("test")))
    (found,) = account.survey("p")
    file = tmp_path / "pages"
    moving_source.download(account, "p", file)
    with pytest.raises(AlreadyExists, match="p/2"):
        target.move(found, file)
    assert target.count() == 1
    with target.workspace.db.read() as tx, pytest.raises(NotFound):
        projects.project_by_name(tx, "p")


def test_it_is_put_in_by_pieces_and_what_broke_off_goes_on(
    source: Served, target: Here, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Batches are held back until all their tasks are here, also over a run that broke off."""
    monkeypatch.setattr(moving, "PIECE", 3)
    client = source.client("live")
    project(client, "p")
    client.create_batch("p", "b")
    client.create_batch("p", "later")
    make(client, 10, project="p", batch="b")
    client.finalize_batch("b")
    account = Source(scale_client(source.url, source.key("live")))
    (found,) = account.survey("p")
    told = list(account.batches("p"))
    file = tmp_path / "pages"
    moving_source.download(account, "p", file)
    put, counts = moving._put, []

    def breaks(tx: Any, world: Any, piece: Any, done: Any) -> Any:
        if len(counts) == 2:
            counts.append(-1)
            raise EndpointDown("killed")
        rows = put(tx, world, piece, done)
        counts.append(sum(row["n"] for row in rows))
        return rows

    def states() -> dict[str, str]:
        with target.workspace.db.read() as tx:
            found = {name: tx.one("scale_batch_named", name=name) for name in ("b", "later")}
        return {name: row["state"] for name, row in found.items() if row is not None}

    monkeypatch.setattr(moving, "_put", breaks)
    with pytest.raises(EndpointDown):
        target.move(found, file, told)
    assert (counts, target.count()) == ([3, 3, -1], 6)
    assert states() == {"b": "staging", "later": "staging"}
    assert marks(target) == [("p", 10, 6)]
    done = target.move(found, file, told)
    assert counts[3:] == [3, 1]  # what is here was not prepared again
    assert (done.tasks, done.already, target.count()) == (4, 6, 10)
    assert states() == {"b": "in_progress", "later": "staging"}
    assert marks(target) == []
    with target.workspace.db.read() as tx:
        facts = json.loads(projects.project_by_name(tx, "p")["facts"])
        told_of = [json.loads(row["data"]) for row in every_event(tx) if row["kind"] == "scale.moved"]
    assert "moving" not in facts
    assert [(one["tasks"], one["batches"]) for one in told_of] == [(10, 2)]  # by both runs together


def every_event(tx: Any) -> list[Any]:
    return list(tx.all("event_chain", after=0, n=10_000))


def marks(target: Here) -> list[tuple[str, int, int]]:
    """What is here in part: its name, how many tasks were to come, how many did."""
    with target.workspace.db.read() as tx:
        return [(one.name, one.tasks, one.here) for one in moving_marks.unfinished(tx)]


def breaks_after(pieces: int, monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    """The next move of many pieces is ended after so many of them; the one after it is not."""
    put, left = moving._put, [pieces]

    def breaks(*given: Any) -> Any:
        left[0] -= 1
        if left[0] == -1:
            raise error
        return put(*given)

    monkeypatch.setattr(moving, "_put", breaks)


def test_a_batch_that_is_held_back_becomes_what_it_is_there_when_the_move_ends(
    source: Served, target: Here, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = source.client("live")
    project(client, "p")
    client.create_batch("p", "b")
    make(client, 2, project="p", batch="b")
    account = Source(scale_client(source.url, source.key("live")))
    (found,) = account.survey("p")
    file = tmp_path / "pages"
    moving_source.download(account, "p", file)
    breaks_after(0, monkeypatch, EndpointDown("killed"))
    with pytest.raises(EndpointDown):
        target.move(found, file, list(account.batches("p")))
    client.finalize_batch("b")
    target.move(found, file, list(account.batches("p")))
    with target.workspace.db.read() as tx:
        row = tx.one("scale_batch_named", name="b")
    assert row is not None
    assert row["state"] == "in_progress"


def test_tasks_of_no_project_are_marked_by_their_types_until_all_are_here(
    source: Served, target: Here, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from scaleapi.tasks import TaskType

    monkeypatch.setattr(moving, "PIECE", 2)
    client = source.client("test")
    make(client, 2)
    for n in range(3):
        client.create_task(TaskType.NamedEntityRecognition, text=f"{n}", labels=[{"name": "x"}])
    account = Source(scale_client(source.url, source.key("test")))
    (found,) = account.survey()
    file = tmp_path / "pages"
    moving_source.download(account, "", file)
    breaks_after(2, monkeypatch, EndpointDown("killed"))
    with pytest.raises(EndpointDown):
        target.move(found, file)
    assert marks(target) == [("Scale · categorization", 2, 2), ("Scale · namedentityrecognition", 3, 2)]
    assert target.move(found, file).tasks == 1
    assert (marks(target), target.count()) == ([], 5)


def test_of_two_runs_of_the_same_at_once_one_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "pages"
    with moving_source.held(file):
        with pytest.raises(AlreadyRunning), moving_source.held(file):
            pass
        assert file.exists()
    assert not file.exists()
    with pytest.raises(EndpointDown), moving_source.held(file):
        raise EndpointDown("gone")
    assert file.exists()  # what was read stays for the next run
    with moving_source.held(file):
        pass


def test_two_workspaces_of_a_folder_do_not_share_what_was_read(tmp_path: Path) -> None:
    assert moving_source.file_of(tmp_path, "one", "a", "p") != moving_source.file_of(tmp_path, "other", "a", "p")


def test_a_walk_that_broke_off_long_ago_is_begun_anew(source: Served, tmp_path: Path) -> None:
    client = source.client("live")
    project(client, "p")
    make(client, 2, project="p")
    account, file = Source(scale_client(source.url, source.key("live"))), tmp_path / "pages"
    file.write_text(json.dumps({"docs": [{"task_id": "stale"}], "next": "token"}) + "\n")
    long_ago = time.time() - moving_source.LASTS_S - 60
    os.utime(file, (long_ago, long_ago))
    assert moving_source.download(account, "p", file) == 2
    assert "stale" not in file.read_text()


def test_what_is_here_in_part_is_said_until_it_is_whole(
    source: Served, here: Path, capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(moving, "PIECE", 2)
    client = source.client("test")
    project(client, "p")
    make(client, 5, project="p")
    base = ["scale", "import", "--api-url", source.url, "--key", source.key("test"), "-w", str(here)]
    status = ["status", "-w", str(here)]
    breaks_after(1, monkeypatch, KeyboardInterrupt())
    assert run(base) == 130
    part = f"“p”: 2 of 5 tasks are here from {source.url}, since "
    told = capsys.readouterr()
    assert "Broken off after 0 of 1 project." in told.err
    assert part in told.err
    assert "Run the same command again" in told.err
    assert run(status) == 0
    told = capsys.readouterr()
    assert part in told.out
    assert "next: tawsim scale import" in told.out
    with served_again(here) as server:
        mark = server.client("live").get_project("p").as_dict()["moving"]
    assert (mark["tasks"], mark["here"], mark["from"]) == (5, 2, source.url)
    assert run(base) == 0
    told = capsys.readouterr()
    assert f"Going on: {part}" in told.out
    assert "3 new tasks (3 completed), 2 here already." in told.out
    assert run(status) == 0
    assert "in part" not in capsys.readouterr().out
    assert len(told_here(here)) == 5


def test_a_project_of_that_name_from_elsewhere_is_left_alone(source: Served, target: Here, tmp_path: Path) -> None:
    client = source.client("test")
    project(client, "p")
    new = projects.NewScaleProject("p", "categorization")
    target.workspace.db.write(lambda tx: projects.create(tx, target.world, new))
    account = Source(scale_client(source.url, source.key("test")))
    (found,) = account.survey("p")
    file = tmp_path / "pages"
    moving_source.download(account, "p", file)
    with pytest.raises(AlreadyExists, match="did not come from"):
        target.move(found, file)


def test_batches_come_over_as_they_stand(source: Served, here: Path, capsys: Any) -> None:
    client = source.client("live")
    project(client, "p")
    for name in ("دفعة/١", "b2"):
        client.create_batch("p", name, callback="https://example.com/b", metadata={"n": 1})
        make(client, 1, batch=name, project="p") if name == "b2" else None
    client.finalize_batch("b2")
    told = move(capsys, source, "live", here)
    assert told["projects"][0]["batches"] == 2
    there = {one.name: one.as_dict() for one in client.get_batches("p")}
    with served_again(here) as server:
        now = {one.name: one.as_dict() for one in server.client("live").get_batches("p")}
    for name, one in there.items():
        for part in ("status", "project", "metadata", "callback", "created_at"):
            assert now[name][part] == one[part], part


def served_again(path: Path) -> Any:
    return served(path.parent, path.stem, create=False)


def test_a_pending_task_goes_to_people_and_is_completed_under_its_old_id(
    source: Served, here: Path, capsys: Any
) -> None:
    client = source.client("live")
    project(client, "p")
    client.create_batch("p", "b")
    (made,) = make(client, 1, project="p", batch="b")
    client.finalize_batch("b")
    move(capsys, source, "live", here)
    with served(here.parent, here.stem, create=False, watching=True) as server:
        db, owner = server.workspace.db, server.workspace.owner_id
        mine = server.client("live")
        with db.read() as tx:
            project_id = projects.project_by_name(tx, "p")["project_id"]
        (lease,) = wait(lambda: db.write(lambda tx: next_leases(tx, project_id, owner, 1)).leases)
        with db.read() as tx:
            (question,) = rows.project(tx.one("project_get", id=project_id)).questions
        db.write(lambda tx: submit(tx, owner, lease.lease_id, "k", {question.name: "جيد"})).or_raise()
        done = wait(lambda: one if (one := mine.get_task(made.id)).status == "completed" else None)
        assert done.response["category"] == "جيد"
        assert wait(lambda: mine.get_batch("b").status == "completed")


def wait(found: Any, seconds: float = 20.0) -> Any:
    """What `found` gives once it is something."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if value := found():
            return value
        time.sleep(0.1)
    raise AssertionError("it never came")


def test_a_run_that_found_nothing_new_says_so() -> None:
    def said(**facts: Any) -> str:
        return _said(Moved("p", "x", **facts))

    assert said(tasks=0, statuses={}, already=7) == "nothing new, 7 here already."
    assert said(tasks=0, statuses={}, already=0) == "there was nothing to copy."
    assert said(tasks=1, statuses={"pending": 1}, already=0) == "1 new task (1 pending)."
    assert said(tasks=3, statuses={"completed": 2, "error": 1}, already=4) == (
        "3 new tasks (2 completed, 1 error), 4 here already."
    )
