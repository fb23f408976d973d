"""Tasks by the first version of the Scale-compatible API, with Scale's own client against a real server on the loopback."""

import base64
import hashlib
import json
import threading
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import requests
from scaleapi.exceptions import (
    ScaleDuplicateResource,
    ScaleInvalidRequest,
    ScaleResourceNotFound,
    ScaleUnauthorized,
)
from scaleapi.tasks import TaskType
from tests.api.scale_served import Served, served

from tawsim.core.errors import BadInput
from tawsim.labelling.queue import next_leases
from tawsim.loop.scale import outcomes, tasks
from tawsim.loop.scale.world import World
from tawsim.workspaces.accounts import open_accounts
from tawsim.workspaces.workspace import Workspace

TEXT = {"attachment": "مرحبا", "attachment_type": "text", "categories": ["good", "bad"]}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("site")) as found:
        yield found


@pytest.fixture
def live(site: Served) -> Any:
    return site.client("live")


@pytest.fixture
def test_(site: Served) -> Any:
    return site.client("test")


def send(site: Served, method: str, path: str, body: Any = None, *, mode: str = "live", **more: Any) -> Any:
    data = None if body is None else json.dumps(body)
    return requests.request(method, site.url + path, data=data, auth=(site.key(mode), ""), timeout=30, **more)


def make(client: Any, **more: Any) -> Any:
    return client.create_task(TaskType.Categorization, **(TEXT | more))


def test_a_task_is_told_as_it_was_sent(live: Any) -> None:
    sent = {"callback_url": "https://example.com/back", "instruction": "**Which?**", "metadata": {"a": {"ب": [1, None]}},
            "priority": 20, "nested": {"kept": ["as", 1.5, True]}}  # fmt: skip
    task = make(live, unique_id="told-1", tags=["x", "y", "x"], **sent)
    found = live.get_task(task.id).as_dict()
    assert found == task.as_dict()
    for name in ("callback_url", "instruction", "metadata", "priority"):
        assert found[name] == sent[name], name
    assert found["params"] == TEXT | {"nested": sent["nested"]}
    assert (found["status"], found["type"], found["is_test"]) == ("pending", "categorization", False)
    assert (found["unique_id"], found["tags"]) == ("told-1", ["x", "y"])
    assert found["created_at"].endswith("Z")
    assert len(found["created_at"]) == 24
    for absent in ("project", "batch", "response", "completed_at", "customer_review_status", "prior_responses"):
        assert absent not in found
    bare = make(live).as_dict()
    assert "unique_id" not in bare
    assert "tags" not in bare
    assert (bare["metadata"], bare["callback_url"], bare["instruction"]) == ({}, "", "")


def test_in_the_test_world_a_task_is_completed_at_once_and_nobody_is_asked(site: Served, test_: Any) -> None:
    task = make(test_)
    assert (task.status, task.is_test) == ("completed", True)
    assert task.response["category"] in TEXT["categories"]
    assert task.completed_at >= task.created_at
    with pytest.raises(ScaleInvalidRequest):
        task.cancel()
    [twin] = site.state.twins.values()
    with twin.db.read() as tx:
        assert tx.one("task_get", id=task.id) is None


def test_what_one_kind_of_key_made_the_other_does_not_see(live: Any, test_: Any) -> None:
    mine, theirs = make(live, unique_id="both"), make(test_, unique_id="both")
    live.create_project("of live", TaskType.Categorization)
    for client, other in ((live, theirs), (test_, mine)):
        for call in (client.get_task, client.cancel_task, client.clear_task_unique_id):
            with pytest.raises(ScaleResourceNotFound):
                call(other.id)
        assert [one.id for one in client.tasks(unique_id="both")] == [{"live": mine, "test": theirs}[
            "live" if client is live else "test"].id]  # fmt: skip
    with pytest.raises(ScaleResourceNotFound):
        test_.get_project("of live")


def test_a_taken_unique_id_is_409_and_names_its_task(site: Served, live: Any) -> None:
    first = make(live, unique_id="taken")
    with pytest.raises(ScaleDuplicateResource, match=first.id):
        make(live, unique_id="taken")
    other = make(live, unique_id="free")
    with pytest.raises(ScaleDuplicateResource, match=first.id):
        other.update_unique_id("taken")
    assert live.update_task_unique_id(other.id, "free").unique_id == "free"
    live.cancel_task(first.id)
    with pytest.raises(ScaleDuplicateResource):  # of canceled ones too
        make(live, unique_id="taken")
    assert live.clear_task_unique_id(first.id).as_dict().get("unique_id", "none") == "none"
    again = make(live, unique_id="taken")
    assert "unique_id" not in live.cancel_task(again.id, clear_unique_id=True).as_dict()
    assert make(live, unique_id="taken").status == "pending"


def test_of_many_creations_at_once_with_one_unique_id_one_wins(site: Served) -> None:
    begin = threading.Barrier(12)

    def one(_: int) -> int:
        begin.wait()
        return int(send(site, "POST", "/v1/task/categorization", TEXT | {"unique_id": "race"}).status_code)

    with ThreadPoolExecutor(12) as pool:
        assert sorted(pool.map(one, range(12))) == [200] + [409] * 11
    assert site.client().tasks(unique_id="race").total == 1


def test_a_creation_that_failed_after_its_commit_is_found_by_its_unique_id(live: Any) -> None:
    """What the client does when its own repetition meets 409."""
    made = make(live, unique_id="with / and ? and نص")
    assert live.tasks(unique_id="with / and ? and نص").docs[0].id == made.id


def test_an_idempotency_key_makes_one_task(site: Served) -> None:
    def once(body: Any, key: str = "k-1", mode: str = "live") -> Any:
        return send(site, "POST", "/v1/task/categorization", body, mode=mode, headers={"Idempotency-Key": key})

    body = TEXT | {"unique_id": str(uuid.uuid4())}
    first, again = once(body), once(dict(reversed(body.items())))
    assert first.status_code == again.status_code == 200
    assert first.json() == again.json()
    assert once(TEXT).status_code == 409
    assert once(TEXT, "k-2").json()["task_id"] != once(TEXT, "k-3").json()["task_id"]
    assert once(body, mode="test").json()["task_id"] != first.json()["task_id"]
    assert once(TEXT, "k" * 501).status_code == 400
    assert once({"categories": ["a"]}, "k-4").status_code == 400
    assert once(TEXT, "k-4").status_code == 200  # what failed left nothing


def test_tags_are_set_added_and_taken_away(live: Any) -> None:
    task = make(live)
    assert not hasattr(task, "tags")
    task.add_tags(["b", "a", "b", "نص"])
    task.refresh()
    assert task.tags == ["b", "a", "نص"]
    assert live.add_task_tags(task.id, ["a", "c"]).tags == ["b", "a", "نص", "c"]
    assert live.delete_task_tags(task.id, ["a", "stranger"]).tags == ["b", "نص", "c"]
    assert live.set_task_tags(task.id, ["z"]).tags == ["z"]
    assert live.set_task_tags(task.id, []).tags == []
    assert live.get_task(task.id).tags == []


@pytest.mark.parametrize(
    "body", [{"a": 1}, ["a", 1], [""], ["x" * 201], "a", [None], [["a"]], [f"t{i}" for i in range(101)]]
)
def test_tags_that_are_none_are_refused(site: Served, live: Any, body: Any) -> None:
    task = make(live)
    for method in ("POST", "PUT", "DELETE"):
        found = send(site, method, f"/v1/task/{task.id}/tags", body)
        assert (found.status_code, found.json()["status_code"]) == (400, 400), method
    assert "tags" not in live.get_task(task.id).as_dict()


def test_metadata_are_replaced_and_emptied(site: Served, live: Any) -> None:
    task = make(live, metadata={"old": 1})
    assert live.set_task_metadata(task.id, {"new": {"deep": ["ة"]}}).metadata == {"new": {"deep": ["ة"]}}
    assert live.set_task_metadata(task.id, {}).metadata == {}
    for bad in (["a"], "a", 1, True, {"a": "x" * 200_001}):
        assert send(site, "POST", f"/v1/task/{task.id}/setMetadata", bad).status_code == 400, str(bad)[:20]


def test_only_what_nobody_has_begun_can_be_canceled(site: Served, live: Any) -> None:
    task = make(live)
    before = task.updated_at
    task.cancel()
    task.refresh()
    assert task.status == "canceled"
    assert task.updated_at >= before
    found = send(site, "POST", f"/v1/task/{task.id}/cancel")
    assert (found.status_code, found.json()["status_code"]) == (400, 400)
    done = make(live)
    world = World(site.workspace.db, site.state.accounts, site.workspace.id, "live", site.workspace.owner_id)
    site.workspace.db.write(lambda tx: outcomes.complete(tx, world, done.id, {"category": "good"}))
    with pytest.raises(ScaleInvalidRequest, match="completed"):
        done.cancel()


def test_an_error_lets_go_of_the_unique_id_where_that_was_asked_for(site: Served, live: Any) -> None:
    world = World(site.workspace.db, site.state.accounts, site.workspace.id, "live", site.workspace.owner_id)
    for asked in (True, False):
        task = make(live, unique_id=f"err-{asked}", clear_unique_id_on_error=asked)
        site.workspace.db.write(lambda tx, task=task: outcomes.fail(tx, world, task.id, "gone"))  # type: ignore[misc]
        task.refresh()
        assert task.status == "error"
        assert ("unique_id" in task.as_dict()) is not asked


def test_unknown_tasks_types_projects_and_batches_are_404(site: Served, live: Any) -> None:
    for method, path in (
        ("GET", ""), ("POST", "/cancel"), ("POST", "/setMetadata"), ("POST", "/tags"), ("PUT", "/tags"), ("DELETE", "/tags"),
        ("DELETE", "/unique_id"),
    ):  # fmt: skip
        found = send(site, method, f"/v1/task/nothing{path}", None if method == "GET" else [])
        assert found.status_code == 404 or (path == "/setMetadata" and found.status_code == 400), (method, path)
    assert send(site, "POST", "/v1/task/nothing/unique_id", {"unique_id": "x"}).status_code == 404
    assert send(site, "POST", "/v1/task/bogus", TEXT).status_code == 404
    for more in ({"project": "none such"}, {"batch": "none such"}):
        with pytest.raises(ScaleResourceNotFound, match="none such"):
            make(live, **more)


def test_types_without_a_screen_are_kept_and_listed(live: Any, test_: Any) -> None:
    for client, status in ((live, "pending"), (test_, "completed")):
        for type_ in (TaskType.LidarAnnotation, TaskType.VideoAnnotation, TaskType.SensorFusion):
            made = client.create_task(type_, attachment="https://example.com/x", frames=[1, 2])
            assert (made.status, made.params["frames"]) == (status, [1, 2])
            assert [one.id for one in client.tasks(type=type_.value)] == [made.id]
            if status == "pending":
                assert client.cancel_task(made.id).status == "canceled"


def test_without_a_good_key_everything_is_401(site: Served) -> None:
    from tawsim.sdk.scale import scale_client

    for key in ("dummy_api_key", "live_x", site.key() + "x"):
        with pytest.raises(ScaleUnauthorized):
            scale_client(site.url, key).tasks()
    found = requests.get(site.url + "/v1/tasks", timeout=10)
    assert (found.status_code, found.json()["status_code"]) == (401, 401)
    swapped = base64.b64encode(f":{site.key()}".encode()).decode()
    assert (
        requests.get(site.url + "/v1/tasks", headers={"authorization": f"Basic {swapped}"}, timeout=10).status_code
        == 401
    )


def test_many_fields_that_clients_really_send(site: Served, live: Any) -> None:
    """Empty bodies, explicit nulls, a content type without a body."""
    found = send(site, "POST", "/v1/task/categorization", TEXT | dict.fromkeys(
        ("project", "batch", "instruction", "callback_url", "unique_id", "metadata", "tags", "priority",
         "clear_unique_id_on_error", "unknown")))  # fmt: skip
    assert found.status_code == 200, found.text
    assert "tags" not in found.json()
    assert found.json()["params"]["unknown"] is None
    head = {"content-type": "application/json"}
    assert requests.get(site.url + "/v1/tasks", auth=(site.key(), ""), headers=head, timeout=10).status_code == 200
    assert send(site, "POST", "/v1/task/categorization").status_code == 400
    assert send(site, "POST", "/v1/task/categorization", []).status_code == 400


def test_a_batch_implies_its_project_and_takes_tasks_only_while_staging(site: Served, live: Any, test_: Any) -> None:
    for client in (live, test_):
        client.create_project("with batches", TaskType.Categorization)
        client.create_project("another", TaskType.Categorization)
        client.create_project("of chats", TaskType.Chat)
        client.create_batch("with batches", "نتائج ٢ / x/status", "")
        task = make(client, batch="نتائج ٢ / x/status")
        assert (task.project, task.batch) == ("with batches", "نتائج ٢ / x/status")
        for project in ("another", "of chats"):
            with pytest.raises(ScaleInvalidRequest):
                make(client, batch="نتائج ٢ / x/status", project=project)
        client.finalize_batch("نتائج ٢ / x/status")
    assert make(test_, batch="نتائج ٢ / x/status").status == "completed"
    with pytest.raises(ScaleInvalidRequest, match="in_progress"):
        make(live, batch="نتائج ٢ / x/status")
    with pytest.raises(ScaleInvalidRequest, match="chat"):
        make(live, project="of chats")


def test_a_restart_forgets_nothing(tmp_path: Path) -> None:
    with served(tmp_path) as first:
        live, test = first.key("live"), first.key("test")
        made = [make(first.client(mode), unique_id="kept").as_dict() for mode in ("live", "test")]
    with served(tmp_path, create=False) as second:
        second.keys = {"live": live, "test": test}
        again = [second.client(mode).tasks(unique_id="kept").docs[0].as_dict() for mode in ("live", "test")]
        assert again == made


def test_a_task_that_stands_in_the_queue_is_canceled_until_somebody_has_it(tmp_path: Path) -> None:
    with served(tmp_path, watching=True) as site:
        client, db = site.client(), site.workspace.db
        first, second = make(client), make(client)

        def placed(task: Any) -> Any:
            with db.read() as tx:
                return tx.one("task_get", id=task.id)

        until = time.monotonic() + 60
        while not (placed(first) and placed(second)) and time.monotonic() < until:
            time.sleep(0.05)
        grant = db.write(lambda tx: next_leases(tx, placed(first)["project_id"], site.workspace.owner_id, 1))
        [held] = [lease.lease_id for lease in grant.leases]
        with db.read() as tx:
            given = tx.one("lease_get", id=held)
        assert given is not None
        mine, free = (first, second) if given["task_id"] == first.id else (second, first)
        with pytest.raises(ScaleInvalidRequest, match="working"):
            mine.cancel()
        free.cancel()
        assert placed(free) is None
        assert placed(mine) is not None
        assert client.get_task(free.id).status == "canceled"
        assert client.get_task(mine.id).status == "pending"


def test_a_large_task_is_checked_ahead_and_all_the_same(site: Served, live: Any) -> None:
    """Over 64 kB: against the project's parameters of that moment, and with an idempotency key once."""
    long = {"attachment": "ط" * 100_000, "attachment_type": "text"}
    live.create_project("of long ones", TaskType.Categorization, params={"categories": ["a", "b"]})
    task = live.create_task(TaskType.Categorization, project="of long ones", unique_id="long", **long)
    assert task.params == {"categories": ["a", "b"], **long}
    assert make(live, **long).params["attachment"] == long["attachment"]
    with pytest.raises(ScaleDuplicateResource):
        live.create_task(TaskType.Categorization, project="of long ones", unique_id="long", **long)
    with pytest.raises(ScaleInvalidRequest, match="categories"):
        live.create_task(TaskType.Categorization, **long)
    with pytest.raises(ScaleResourceNotFound):
        make(live, project="none such", **long)

    def once(key: str, **more: Any) -> Any:
        body = {"project": "of long ones", "batch": "long batch", **long} | more
        return send(site, "POST", "/v1/task/categorization", body, headers={"Idempotency-Key": key})

    live.create_batch("of long ones", "long batch", "")
    first = once("long")
    live.finalize_batch("long batch")
    assert once("long").json()["task_id"] == first.json()["task_id"]
    assert once("long", metadata={"other": 1}).status_code == 409
    assert once("longer").status_code == 400


def test_parameters_that_change_between_the_check_and_the_writing_are_checked_again(site: Served, live: Any) -> None:
    live.create_project("changing", TaskType.Categorization, params={"categories": ["a", "b"]})
    world = World(site.workspace.db, site.state.accounts, site.workspace.id, "live", site.workspace.owner_id)
    sent = {"project": "changing", "attachment": "x", "attachment_type": "text"}
    with world.db.read() as tx:
        ahead = tasks.check_ahead(tx, world, "categorization", sent)
    assert world.db.write(lambda tx: tasks.create_task(tx, world, "categorization", sent, ahead=ahead))["version"] == 0
    live.update_project("changing", instruction="Nothing to choose from.")
    with pytest.raises(BadInput, match="categories"):
        world.db.write(lambda tx: tasks.create_task(tx, world, "categorization", sent, ahead=ahead))


@pytest.mark.parametrize("version", [1, 2])
def test_a_body_is_digested_and_checked_before_the_writer_has_it(
    site: Served, monkeypatch: pytest.MonkeyPatch, version: int
) -> None:
    """The writer is everybody's: of sixteen megabytes the digest alone takes tenths of a second."""
    path, big = (
        "/v1/task/categorization",
        {"categories": ["a", "b"], "attachment_type": "text", "attachment": "x" * 90_000},
    )
    if version == 2:
        send(site, "POST", "/v1/projects", {"type": "chat", "name": "talk"}, mode="live")
        path, big = "/v2/task/chat", {"project_name": "talk", "template_variables": {"prompt": "x" * 90_000}}
    writer = site.workspace.db.write(lambda tx: threading.get_ident())
    seen: dict[str, list[int]] = {"digest": [], "check": []}
    digest, check = hashlib.sha256, tasks.types.check

    def digested(data: bytes = b"") -> Any:
        if len(data) > 90_000:
            seen["digest"].append(threading.get_ident())
        return digest(data)

    def checked(*given: Any) -> Any:
        seen["check"].append(threading.get_ident())
        return check(*given)

    monkeypatch.setattr(tasks, "hashlib", SimpleNamespace(sha256=digested))
    monkeypatch.setattr(tasks.types, "check", checked)
    for _ in range(2):
        assert send(site, "POST", path, big, mode="live", headers={"Idempotency-Key": f"k{version}"}).status_code == 200
    assert len(seen["digest"]) == 2
    assert seen["check"]
    assert writer not in seen["digest"] + seen["check"]


def test_idempotency_keys_are_kept_for_more_than_a_day(workspace: Workspace, clock: Any, tmp_path: Path) -> None:
    books = open_accounts(tmp_path, clock=clock)
    world = World(workspace.db, books, workspace.id, "live", workspace.owner_id)

    def once(key: str = "k") -> str:
        read = tasks.read_key(key, "categorization", TEXT)
        return str(world.db.write(lambda tx: tasks.create_once(tx, world, "categorization", TEXT, read))["task_id"])

    first = once()
    clock.advance(25 * 3_600)
    once("another")  # sweeps
    assert once() == first
    clock.advance(24 * 3_600)
    once("a third")
    with world.db.read() as tx:
        assert tx.one("scale_key_get", key="k") is None
    assert once() != first
    books.close()
