"""Batches, by Scale's own client against a real server: their life, lists, names, errors."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from scaleapi.batches import BatchStatus
from scaleapi.exceptions import ScaleDuplicateResource, ScaleInvalidRequest, ScaleResourceNotFound
from scaleapi.tasks import TaskType
from tests.api.scale_served import Served, served

from tawsim.labelling import batches

HARD_NAMES = ["دفعة/أولى", "a/b?c=d&e#f", "x/status", "task b", "100 %", "😀 ‮ x", "../..", "a+b", " lead", "x" * 500]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Served]:
    with served(tmp_path) as found:
        yield found


def project(client: Any, name: str = "P") -> Any:
    return client.create_project(name, TaskType.TextCollection)


def task(client: Any, batch: str, **more: Any) -> Any:
    return client.create_task(
        TaskType.TextCollection, batch=batch, instruction="i", attachments=[{"type": "text", "content": "hello"}],
        fields=[{"type": "text", "field_id": "f", "title": "T"}], **more,
    )  # fmt: skip


def test_a_live_batch_waits_for_finalize_takes_nothing_after_and_is_begun_once(server: Served) -> None:
    client = server.client()
    project(client)
    made = client.create_batch("P", "B", callback="https://example.org/done", metadata={"a": [1, {"ب": None}]})
    assert (made.status, made.project, made.metadata) == ("staging", "P", {"a": [1, {"ب": None}]})
    assert made.created_at.endswith("Z")
    assert made.as_dict()["callback"] == "https://example.org/done"
    assert client.get_batch("B").as_dict() == made.as_dict()
    task(client, "B")
    task(client, "B")
    made.get_status()
    assert (made.status, made.tasks_pending, made.tasks_completed, made.tasks_error) == ("staging", 2, 0, 0)
    made.finalize()
    assert made.status == "in_progress"
    assert client.finalize_batch("B").as_dict() == made.as_dict() | {"status": "in_progress"}
    with pytest.raises(ScaleInvalidRequest, match="in_progress"):
        task(client, "B")
    made.get_status()
    assert made.tasks_pending == 2


def test_a_batch_all_of_whose_tasks_are_canceled_before_it_begins_is_completed(server: Served) -> None:
    client = server.client()
    project(client)
    made = client.create_batch("P", "B")
    task(client, "B").cancel()
    assert client.finalize_batch("B").status == "completed"
    made.get_status()
    assert made.tasks_canceled == 1
    assert client.create_batch("P", "empty").status == "staging"
    assert client.finalize_batch("empty").status == "in_progress"


def test_a_test_batch_is_born_in_progress_and_takes_tasks_for_ever(server: Served) -> None:
    client = server.client("test")
    project(client)
    made = client.create_batch("P", "B")
    assert made.status == BatchStatus.InProgress.value
    task(client, "B")
    made.finalize()
    task(client, "B")
    made.get_status()
    assert made.tasks_pending + made.tasks_completed == 2
    assert made.status == "in_progress"
    with pytest.raises(ScaleResourceNotFound):
        server.client("live").get_batch("B")


@pytest.mark.parametrize("name", HARD_NAMES)
def test_a_name_is_any_text(server: Served, name: str) -> None:
    client = server.client()
    project(client)
    client.create_batch("P", name)
    assert client.get_batch(name).name == name
    assert client.batch_status(name) == {"status": "staging"}
    client.set_batch_metadata(name, {"x": 1})
    assert client.set_batch_metadata(name, {}).metadata == {}
    assert client.finalize_batch(name).status == "in_progress"
    with pytest.raises(ScaleDuplicateResource, match="already"):
        client.create_batch("P", name)
    assert [one.name for one in client.get_batches()] == [name]


def test_what_cannot_be_made_or_found(server: Served) -> None:
    client = server.client()
    project(client)
    for bad in ({"project": "none"}, {"project": ""}, {"batch_name": ""}, {"batch_name": "x" * 501}, {"callback": "ftp://x"},
                {"metadata": [1]}, {"calibration_batch": "yes"},
                {"calibration_batch": True, "self_label_batch": True}):  # fmt: skip
        with pytest.raises(ScaleResourceNotFound if bad == {"project": "none"} else ScaleInvalidRequest):
            client.create_batch(**{"project": "P", "batch_name": "B"} | bad)
    for call in (client.get_batch, client.batch_status, client.finalize_batch):
        with pytest.raises(ScaleResourceNotFound):
            call("B")
    with pytest.raises(ScaleResourceNotFound):
        client.set_batch_metadata("B", {"a": 1})
    assert list(client.get_batches()) == []


def test_a_cancelled_batch_cannot_be_finalized(server: Served) -> None:
    client = server.client()
    project(client)
    made = client.create_batch("P", "task b").as_dict()
    server.workspace.db.write(lambda tx: batches.cancel(tx, server.workspace.owner_id, made["id"]))
    with pytest.raises(ScaleInvalidRequest, match="cancelled"):
        client.finalize_batch("task b")
    assert client.batches(exclude_archived=True).docs == []
    assert [one.status for one in client.get_batches(exclude_archived=False)] == ["cancelled"]


def test_lists_are_filtered_and_paged(server: Served) -> None:
    client = server.client()
    project(client, "P")
    project(client, "Q")
    names = [client.create_batch("PQ"[i % 2], f"b{i}").name for i in range(7)]
    client.finalize_batch("b3")
    found = client.batches(limit=3, offset=0)
    assert [one.name for one in found.docs] == names[:3:-1]
    assert (found.total, found.limit, found.offset, found.has_more) == (7, 3, 0, True)
    last = client.batches(limit=3, offset=6)
    assert ([one.name for one in last.docs], last.has_more) == (["b0"], False)
    assert client.batches(offset=50).docs == []
    assert {one.name for one in client.get_batches(project_name="Q")} == {"b1", "b3", "b5"}
    assert [one.name for one in client.get_batches(batch_status=BatchStatus.InProgress)] == ["b3"]
    at = client.get_batch("b2").created_at
    since = {one.name for one in client.get_batches(created_after=at)}
    until = {one.name for one in client.get_batches(created_before=at)}
    assert since | until == set(names)
    assert "b0" not in since
    assert "b6" not in until
    for bad in (
        {"limit": 0},
        {"limit": 101},
        {"limit": "x"},
        {"offset": -1},
        {"status": "done"},
        {"start_time": "soon"},
    ):
        with pytest.raises(ScaleInvalidRequest):
            client.batches(**bad)
    with pytest.raises(ScaleResourceNotFound):
        client.batches(project="none")


def test_kinds_are_told_back(server: Served) -> None:
    client = server.client()
    project(client)
    first = client.create_batch("P", "c", calibration_batch=True).as_dict()
    second = client.create_batch("P", "s", self_label_batch=True).as_dict()
    assert (first["calibration_batch"], first["self_label_batch"]) == (True, False)
    assert (second["calibration_batch"], second["self_label_batch"]) == (False, True)
