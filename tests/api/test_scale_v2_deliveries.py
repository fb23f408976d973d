"""Deliveries: frozen when they are made, and read by Scale's own client; schemas; datasets, of which there are none."""

import io
import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import requests
from scaleapi.api_client.v2 import (
    ExpandableEnumDeliveries,
    ExpandableEnumDelivery,
    SetTaskMetadataRequest,
    TaskStatus,
)
from scaleapi.api_client.v2.exceptions import BadRequestException, NotFoundException
from tests.api.scale_v2_world import Side, both_worlds

from tawsim.cli.main import run
from tawsim.core.errors import AlreadyExists, BadInput, NotFound
from tawsim.labelling.projects import update_project
from tawsim.loop.scale import outcomes, v2_deliveries
from tawsim.loop.scale.v2_deliveries import ToDeliver, deliver
from tawsim.loop.scale.v2_finding import Named


@pytest.fixture(scope="module")
def side(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Side]:
    with both_worlds(tmp_path_factory.mktemp("v2d")) as found:
        yield found["test"]


def made(side: Side, project: Any, name: str, **more: Any) -> Any:
    asked = ToDeliver(Named(name=project.name), name, **more)
    return deliver(side.world.db, side.world.actor_id, asked)


def instance(expandable: Any) -> Any:
    return expandable.actual_instance


def test_a_delivery_never_changes_afterwards(side: Side) -> None:
    project = side.project()
    tasks = [side.chat(project_name=project.name, metadata={"n": n}) for n in range(3)]
    row = made(side, project, "تسليم ١")
    before = side.get("/v2/delivery", delivery_id=row["id"], opts=["annotation_details", "submissions"])
    before_tasks = side.get("/v2/delivery/tasks", delivery_id=row["id"])
    assert before[0] == 200
    assert [one["task_id"] for one in before[1]["tasks"]] == [one.task_id for one in tasks]

    side.v2.set_task_metadata(SetTaskMetadataRequest(task_id=tasks[0].task_id, metadata={"n": "changed"}))
    side.world.db.write(lambda tx: outcomes.complete(tx, side.world, tasks[1].task_id, {"threads": []}))
    side.world.db.write(lambda tx: outcomes.recall(tx, side.world, tasks[2].task_id))
    side.chat(project_name=project.name)
    with side.world.db.read() as tx:
        version = tx.one("project_get", id=row["project_id"])["version"]
    gone = {"state": "removed"}
    side.world.db.write(lambda tx: update_project(tx, side.world.actor_id, row["project_id"], version, gone))

    assert side.v2.get_task(tasks[1].task_id).threads == []
    assert side.v2.get_task(tasks[2].task_id).status == TaskStatus.PENDING
    assert side.get("/v2/delivery", delivery_id=row["id"], opts=["annotation_details", "submissions"]) == before
    assert side.get("/v2/delivery/tasks", delivery_id=row["id"]) == before_tasks


def test_the_client_reads_deliveries_by_id_and_by_name_in_pages(side: Side) -> None:
    project = side.project()
    batch = side.batch(project)
    tasks = [side.chat(batch_id=batch.id).task_id for _ in range(5)]
    row = made(side, project, "weekly/1")
    found = side.v2.get_delivery(delivery_name="weekly/1", project_name=project.name, limit=2)
    assert instance(found.delivery) == row["id"]
    told = instance(side.v2.get_delivery(delivery_id=row["id"], expand=[ExpandableEnumDelivery.DELIVERY]).delivery)
    assert (told.id, told.name, told.task_count, instance(told.project)) == (
        row["id"],
        "weekly/1",
        5,
        row["project_id"],
    )
    walked = [one.task_id for one in found.tasks]
    while found.next_token is not None:
        found = side.v2.get_delivery(delivery_id=row["id"], limit=2, next_token=found.next_token)
        walked += [one.task_id for one in found.tasks]
    assert walked == tasks
    whole = side.v2.get_delivery(delivery_id=row["id"], expand=list(ExpandableEnumDelivery))
    assert instance(instance(whole.delivery).project).name == project.name
    assert instance(whole.tasks[0].batch).name == batch.name
    assert whole.tasks[0].status == TaskStatus.COMPLETED
    assert whole.tasks[0].threads[0].turns[0].messages[0].content.text == "ما عاصمة المغرب؟"


def test_what_a_crash_leaves_of_a_delivery_is_seen_by_nobody_and_goes(
    side: Side, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = side.project()
    tasks = [side.chat(project_name=project.name).task_id for _ in range(5)]
    monkeypatch.setattr(v2_deliveries, "PIECE", 2)

    def dies(*_: Any) -> Any:
        raise KeyboardInterrupt

    with monkeypatch.context() as dead:
        dead.setattr(v2_deliveries, "_finish", dies)
        dead.setattr(v2_deliveries, "_drop", dies)
        with pytest.raises(KeyboardInterrupt):
            made(side, project, "half")
    with side.world.db.read() as tx:
        left = tx.one(
            "scale_v2_delivery_taken", project_id=side.v2.get_project(project_name=project.name).id, name="half"
        )
    assert (left["task_count"], left["ready"]) == (5, 0)
    assert side.v2.get_deliveries(project_name=project.name).deliveries == []
    for asked in ({"delivery_id": left["id"]}, {"delivery_name": "half"}):
        with pytest.raises(NotFoundException):
            side.v2.get_delivery(**asked)
    assert {doc.delivery_id for doc in side.v2.get_delivery_tasks(project_name=project.name).docs} == {None}
    with pytest.raises(BadInput):  # its tasks are spoken for until it is known to be dead
        made(side, project, "whole")
    monkeypatch.setattr(v2_deliveries, "STALE_AFTER", -1)
    row = made(side, project, "half")
    assert (row["task_count"], row["ready"]) == (5, 1)
    assert [one.task_id for one in side.v2.get_delivery(delivery_id=row["id"]).tasks] == tasks
    with side.world.db.read() as tx:
        assert tx.all("scale_v2_delivered_some", delivery_id=left["id"], n=9) == []


def test_a_delivery_that_fails_leaves_nothing(side: Side) -> None:
    project = side.project()
    with pytest.raises(BadInput):
        made(side, project, "empty")
    side.chat(project_name=project.name)
    assert made(side, project, "empty")["task_count"] == 1


def test_deliveries_are_listed_by_project_and_by_time(side: Side) -> None:
    project, other = side.project(), side.project()
    for one in (project, other):
        side.chat(project_name=one.name)
    first, second = made(side, project, "a"), made(side, other, "b")
    listed = side.v2.get_deliveries(project_name=project.name, expand=list(ExpandableEnumDeliveries)).deliveries
    assert [(one.id, instance(one.project).name) for one in listed] == [(first["id"], project.name)]
    ids = [one.id for one in side.v2.get_deliveries().deliveries]
    assert ids.index(second["id"]) < ids.index(first["id"])
    moment = listed[0].delivered_at
    assert first["id"] in [one.id for one in side.v2.get_deliveries(delivered_after=moment).deliveries]
    assert first["id"] not in [one.id for one in side.v2.get_deliveries(delivered_before=moment).deliveries]


def test_a_task_goes_into_one_delivery_unless_it_is_asked_for_again(side: Side) -> None:
    project = side.project()
    batch = side.batch(project)
    with pytest.raises(BadInput, match="no completed task"):
        made(side, project, "x")
    one, two = side.chat(project_name=project.name), side.chat(batch_id=batch.id)
    assert made(side, project, "x", batch=Named(name=batch.name))["task_count"] == 1
    with pytest.raises(AlreadyExists):
        made(side, project, "x")
    assert made(side, project, "y")["task_count"] == 1
    with pytest.raises(BadInput):
        made(side, project, "z")
    assert made(side, project, "z", again=True)["task_count"] == 2
    with pytest.raises(BadInput, match="another project"):
        made(side, side.project(), "z", batch=Named(name=batch.name))
    with pytest.raises(NotFound):
        made(side, side.project(), "z", batch=Named(name="none"))
    with pytest.raises(BadInput, match="characters"):
        made(side, project, " ")
    docs = {doc.task_id: doc for doc in side.v2.get_delivery_tasks(project_name=project.name).docs}
    newest = instance(side.v2.get_delivery(delivery_name="z", project_name=project.name).delivery)
    assert {docs[task.task_id].delivery_id for task in (one, two)} == {newest}


def test_a_name_alone_is_not_enough_where_two_projects_have_it(side: Side) -> None:
    projects = [side.project(), side.project()]
    for project in projects:
        side.chat(project_name=project.name)
        made(side, project, "same")
    with pytest.raises(BadRequestException, match="project"):
        side.v2.get_delivery(delivery_name="same")
    own = side.v2.get_delivery(delivery_name="same", project_name=projects[0].name, expand=list(ExpandableEnumDelivery))
    assert instance(instance(own.delivery).project).name == projects[0].name
    with pytest.raises(NotFoundException):
        side.v2.get_delivery(delivery_name="same", project_name=side.project().name)
    with pytest.raises(BadRequestException):
        side.v2.get_delivery()


def test_delivered_responses_follow_the_schema_that_they_name(side: Side) -> None:
    project = side.project()
    first = side.chat(project_name=project.name)
    row = made(side, project, "s")
    later = side.chat(project_name=project.name)
    page = side.v2.get_delivery_tasks(project_name=project.name, limit=10)
    assert (page.total, page.next_token) == (2, None)
    docs = {doc.task_id: doc for doc in page.docs}
    nothing = docs[later.task_id]
    assert (nothing.delivery_id, nothing.delivered_at, nothing.response, nothing.response_schema_id) == (None,) * 4
    told = docs[first.task_id]
    assert told.delivery_id == row["id"]
    assert told.response["threads"][0]["turns"][0]["messages"][0]["role"] == "user"
    schema = json.loads(side.v2.get_schema(schema_id=told.response_schema_id).var_schema.var_json)
    assert schema["required"] == ["threads"]
    annotation = told.response["threads"][0]["turns"][0]["annotations"][0]
    assert set(schema["$defs"]["annotation"]["required"]) <= set(annotation)
    assert [doc.task_id for doc in side.v2.get_delivery_tasks(delivery_id=row["id"]).docs] == [first.task_id]
    only = side.v2.get_delivery_tasks(project_name=project.name, delivery_id=row["id"], status=TaskStatus.PENDING)
    assert only.docs == []
    late = first.completed_at + timedelta(hours=1)
    assert side.v2.get_delivery_tasks(delivery_id=row["id"], completed_after=late).docs == []
    with pytest.raises(NotFoundException):
        side.v2.get_schema(schema_id="none")
    with pytest.raises(BadRequestException):
        side.v2.get_delivery_tasks(limit=5)


def test_there_are_no_datasets_and_each_call_says_so(side: Side) -> None:
    assert side.v2.get_datasets().datasets == []
    assert side.v2.get_dataset_deliveries().deliveries == []
    calls: list[Any] = [
        lambda: side.v2.get_dataset_deliveries(dataset_id="d"), lambda: side.v2.get_dataset_delivery(delivery_id="d"),
        lambda: side.v2.get_dataset_tasks(dataset_id="d"), lambda: side.v2.get_dataset_tasks(delivery_id="d"),
        lambda: side.v2.get_dataset_task(task_id="t"),
    ]  # fmt: skip
    for call in calls:
        with pytest.raises(NotFoundException):
            call()
    for call in (lambda: side.v2.get_dataset_tasks(limit=1), lambda: side.v2.get_dataset_delivery(limit=1)):
        with pytest.raises(BadRequestException):
            call()


def test_a_delivery_is_made_at_the_terminal(
    side: Side, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    project = side.project()
    side.chat(project_name=project.name)
    path: Path = side.server.workspace.path
    monkeypatch.chdir(path.parent)
    where = ["--test", "-w", str(path), "--json"]
    assert run(["scale", "deliver", project.name, "من الطرفية", *where]) == 0
    told = json.loads(capsys.readouterr().out)["delivery"]
    assert instance(side.v2.get_delivery(delivery_name="من الطرفية").delivery) == told["id"]
    assert run(["scale", "deliveries", project.name, *where]) == 0
    assert [one["id"] for one in json.loads(capsys.readouterr().out)["deliveries"]] == [told["id"]]
    assert run(["scale", "deliver", project.name, "again", *where]) == 3  # nothing new
    assert run(["scale", "deliver", project.name, "live", "-w", str(path)]) == 3  # in the other world there is none
    assert "There is no such project" in capsys.readouterr().err


@pytest.mark.parametrize("mode", ["live", "test"])
def test_a_file_that_a_response_names_is_led_to(tmp_path: Path, mode: str) -> None:
    with both_worlds(tmp_path) as worlds:
        side = worlds[mode]
        upload = side.v1.upload_file(io.BytesIO(b"a,b\n1,2\n"), project_name="p")
        task = side.chat(project_name=side.project().name)
        held = [
            {"id": "f1", "key": "sheet", "type": "file", "value": [{"scale_url": upload.attachment_url}]},
            {"id": "f2", "key": "page", "type": "file", "value": [{"url": "https://example.com/x?y=1"}]},
            {"id": "f3", "key": "trap", "type": "file", "value": [{"url": "javascript:alert(1)"}]},
            {"id": "f4", "key": "trap", "type": "file", "value": [{"url": "https://a/\r\nx: y"}]},
            {"id": "f5", "key": "note", "type": "text", "value": "https://example.com"},
        ]
        response = {"threads": [{"id": "t", "turns": [], "annotations": held}]}
        path = f"/v2/datasets/task/{task.task_id}/response_url/"
        assert side.get(path + upload.id)[0] == 404  # nothing names it yet
        side.world.db.write(lambda tx: outcomes.complete(tx, side.world, task.task_id, response))
        ids = [instance(one).id for one in side.v2.get_task(task.task_id).threads[0].annotations]
        assert side.get(path + ids[1]) == (302, {"url": "https://example.com/x?y=1"})
        for one in (upload.id, ids[0]):
            status, told = side.get(path + one)
            assert status == 302
            headers = {"authorization": f"Bearer {side.server.key(side.mode)}"}
            found = requests.get(side.server.url + told["url"], headers=headers, timeout=20)
            assert (found.content, found.headers["content-disposition"][:10]) == (b"a,b\n1,2\n", "attachment")
            assert "sandbox" in found.headers["content-security-policy"]
        assert side.get(path + quote(ids[1], safe="") + "/file")[0] == 404
        for one in (*ids[2:], "none", upload.id[:-1]):
            assert side.get(path + quote(one, safe=""))[0] == 404
        assert side.get(f"/v2/datasets/task/none/response_url/{upload.id}")[0] == 404
