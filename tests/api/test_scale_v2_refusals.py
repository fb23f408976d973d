"""What the second version refuses, and how: always an object with an error and its status, never a fault of the server."""

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest
import requests
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from tests.api.scale_v2_world import WAIT_S, Side, both_worlds

from tawsim.core.errors import BadInput
from tawsim.server.scale.rooms import table
from tawsim.server.scale.v2_reading import Asked

PATHS = sorted((route.method, route.path) for route in table().routes if route.path.startswith("/v2/"))
POSTS = [path for method, path in PATHS if method == "POST"]
GETS = [path for method, path in PATHS if method == "GET"]
NAMES = (
    "project_id", "project_name", "batch_id", "batch_name", "name", "task_id", "annotation_id", "schema_id", "delivery_id",
    "delivery_name", "dataset_id", "metadata", "merge", "staging_batch", "callback", "callback_url", "template_variables",
    "limit", "next_token", "status", "expand", "opts", "created_after", "created_before", "completed_after",
    "completed_before", "delivered_after", "delivered_before",
)  # fmt: skip
PROMPT = {"prompt": "x"}
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8)
    | st.sampled_from(["here", "\x00", "9" * 400, "2025-01-01", "2025-01-02T03:04:05.000006+0000", "project", "completed"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=5,
)  # fmt: skip


@pytest.fixture(scope="module")
def worlds(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Side]]:
    with both_worlds(tmp_path_factory.mktemp("v2r")) as found:
        found["test"].project(name="here")
        yield found


@pytest.fixture(scope="module")
def side(worlds: dict[str, Side]) -> Side:
    return worlds["test"]


def check(status: int, told: Any) -> None:
    """That it is an answer, or an error in the one form."""
    assert isinstance(told, dict), told
    assert status < 500, told
    if status >= 400:
        assert told["status_code"] == status
        assert isinstance(told["error"], str)
        assert told["error"]
    assert status not in (422, 405), told


def test_every_call_of_the_second_version_is_here() -> None:
    assert {path for _, path in PATHS} >= {
        "/v2/projects", "/v2/project", "/v2/batch", "/v2/batches", "/v2/batch/finalize", "/v2/batch/pause", "/v2/batch/resume",
        "/v2/batch/cancel", "/v2/batch/metadata", "/v2/task/chat", "/v2/task", "/v2/tasks", "/v2/task/metadata",
        "/v2/annotation", "/v2/deliveries", "/v2/delivery", "/v2/delivery/tasks", "/v2/schema", "/v2/datasets",
        "/v2/datasets/deliveries", "/v2/datasets/delivery", "/v2/datasets/tasks", "/v2/datasets/task",
    }  # fmt: skip


@pytest.mark.parametrize(("method", "path"), PATHS)
def test_without_a_key_nothing_is_told(side: Side, method: str, path: str) -> None:
    for headers in ({}, {"authorization": "Bearer live_nobody"}, {"authorization": "Bearer"}):
        found = requests.request(method, side.server.url + path, json={}, headers=headers, timeout=WAIT_S)
        assert found.status_code == 401
        check(401, found.json())


@pytest.mark.parametrize(
    ("path", "query", "status", "named"),
    [
        ("/v2/project", {}, 400, "project_id"),
        ("/v2/project", {"project_id": ""}, 400, "project_id"),
        ("/v2/project", {"project_name": "none"}, 404, "project"),
        ("/v2/project", {"project_name": ["here", "there"]}, 400, "project_name"),
        ("/v2/projects", {"created_after": "yesterday"}, 400, "created_after"),
        ("/v2/batch", {}, 400, "batch_id"),
        ("/v2/batch", {"batch_id": "none"}, 404, "batch"),
        ("/v2/batch", {"batch_name": "none", "expand": "batch"}, 400, "expand"),
        ("/v2/batches", {"project_name": "none"}, 404, "project"),
        ("/v2/batches", {"status": "done"}, 400, "status"),
        ("/v2/batches", {"limit": "0"}, 400, "limit"),
        ("/v2/batches", {"limit": "101"}, 400, "limit"),
        ("/v2/batches", {"limit": "ten"}, 400, "limit"),
        ("/v2/batches", {"limit": "٥"}, 400, "limit"),
        ("/v2/batches", {"limit": "1.0"}, 400, "limit"),
        ("/v2/batches", {"next_token": "x"}, 400, "next_token"),
        ("/v2/batches", {"next_token": "ى" * 90}, 400, "next_token"),
        ("/v2/batches", {"created_before": "2025-13-01"}, 400, "created_before"),
        ("/v2/task", {}, 400, "task_id"),
        ("/v2/task", {"task_id": "none"}, 404, "task"),
        ("/v2/task", {"task_id": "none", "expand": "delivery"}, 400, "expand"),
        ("/v2/task", {"task_id": "none", "opts": "everything"}, 400, "opts"),
        ("/v2/tasks", {}, 400, "project"),
        ("/v2/tasks", {"status": "completed", "limit": "5"}, 400, "project"),
        ("/v2/tasks", {"project_name": "here", "status": "late"}, 400, "status"),
        ("/v2/tasks", {"project_name": "here", "completed_after": "2025-01-01T25:00"}, 400, "completed_after"),
        ("/v2/tasks", {"project_name": "here", "batch_name": "none"}, 404, "batch"),
        ("/v2/annotation", {}, 400, "annotation_id"),
        ("/v2/annotation", {"annotation_id": "none"}, 404, "annotation"),
        ("/v2/annotation", {"annotation_id": "0" * 36 + ".x"}, 404, ""),
        ("/v2/deliveries", {"project_id": "none"}, 404, "project"),
        ("/v2/delivery", {}, 400, "delivery_id"),
        ("/v2/delivery", {"delivery_name": "none"}, 404, "delivery"),
        ("/v2/delivery/tasks", {}, 400, "project_id"),
        ("/v2/delivery/tasks", {"delivery_id": "none"}, 404, "delivery"),
        ("/v2/schema", {}, 400, "schema_id"),
        ("/v2/schema", {"schema_id": "none"}, 404, "schema"),
        ("/v2/datasets/deliveries", {"delivered_after": "x"}, 400, "delivered_after"),
        ("/v2/datasets/tasks", {}, 400, "dataset_id"),
        ("/v2/datasets/task", {}, 400, "task_id"),
        ("/v2/nothing", {}, 404, ""),
    ],
)
def test_a_wrong_query_is_told_by_name(side: Side, path: str, query: dict[str, Any], status: int, named: str) -> None:
    found, told = side.get(path, **query)
    assert found == status, told
    check(found, told)
    assert named in told["error"]


@pytest.mark.parametrize(
    ("path", "body", "status", "named"),
    [
        ("/v2/batch", {}, 400, "name"),
        ("/v2/batch", {"name": 3, "project_name": "here"}, 400, "name"),
        ("/v2/batch", {"name": "b"}, 400, "project_id"),
        ("/v2/batch", {"name": "b", "project_name": "none"}, 404, "project"),
        ("/v2/batch", {"name": "b", "project_name": "here", "staging_batch": "yes"}, 400, "staging_batch"),
        ("/v2/batch", {"name": "b", "project_name": "here", "metadata": []}, 400, "metadata"),
        ("/v2/batch", {"name": "b", "project_name": "here", "callback": "ftp://x"}, 400, "callback"),
        ("/v2/batch", {"name": " ", "project_name": "here"}, 400, "name"),
        ("/v2/batch", [], 400, "object"),
        ("/v2/batch/finalize", None, 400, "batch_id"),
        ("/v2/batch/pause", {"batch_id": 1}, 400, "batch_id"),
        ("/v2/batch/resume", {"batch_name": "none"}, 404, "batch"),
        ("/v2/batch/cancel", {"batch_id": ""}, 400, "batch_id"),
        ("/v2/batch/metadata", {"batch_id": "none"}, 400, "metadata"),
        ("/v2/batch/metadata", {"batch_id": "none", "metadata": {}}, 404, "batch"),
        ("/v2/task/chat", {"template_variables": PROMPT}, 400, "project"),
        ("/v2/task/chat", {"project_name": "here"}, 400, "prompt"),
        ("/v2/task/chat", {"project_name": "here", "template_variables": "x"}, 400, "template_variables"),
        ("/v2/task/chat", {"project_name": "here", "template_variables": {"messages": [{"role": "x"}]}}, 400, "messages"),
        ("/v2/task/chat", {"project_name": "here", "template_variables": PROMPT, "metadata": 1}, 400, "metadata"),
        ("/v2/task/chat", {"project_name": "here", "template_variables": PROMPT, "callback_url": "x y"}, 400, "callback"),
        ("/v2/task/chat", {"batch_name": "none", "template_variables": PROMPT}, 404, "batch"),
        ("/v2/task/metadata", {"metadata": {}}, 400, "task_id"),
        ("/v2/task/metadata", {"task_id": "none", "metadata": {}}, 404, "task"),
        ("/v2/task/metadata", {"task_id": "none", "metadata": {}, "merge": 1}, 400, "merge"),
    ],
)  # fmt: skip
def test_a_wrong_body_is_told_by_name(side: Side, path: str, body: Any, status: int, named: str) -> None:
    found, told = side.send("POST", path, body)
    assert found == status, told
    check(found, told)
    assert named in told["error"]


def test_an_id_and_a_name_that_disagree_are_refused(side: Side) -> None:
    one, two = side.project(), side.project()
    batch = side.batch(one)
    own = side.v2.get_project(project_name=one.name).id
    for path, query in (
        ("/v2/project", {"project_id": own, "project_name": two.name}),
        ("/v2/batch", {"batch_id": batch.id, "batch_name": side.batch(two).name}),
        ("/v2/tasks", {"project_name": two.name, "batch_id": batch.id}),
        ("/v2/batches", {"project_id": own, "project_name": two.name}),
    ):
        status, told = side.get(path, **query)
        assert status == 400, told
    status, told = side.post("/v2/task/chat", project_name=two.name, batch_id=batch.id, template_variables=PROMPT)
    assert (status, "another project" in told["error"]) == (400, True)
    status, _ = side.post("/v2/batch/pause", batch_id=batch.id, batch_name=side.batch(two).name)
    assert status == 400
    assert side.v2.get_batch(batch_id=batch.id).status.value == "in_progress"


def test_a_plus_that_nobody_encoded_is_still_a_zone(side: Side) -> None:
    for text in ("2025-01-02T03:04:05.000006 0000", "2025-01-02T03:04:05+00:00", "2025-01-02 03:04", "2025-01-02"):
        status, told = side.get("/v2/projects", created_after=text)
        assert status == 200, told


def test_a_body_nested_without_end_and_one_that_is_no_json(side: Side) -> None:
    headers = {"authorization": f"Bearer {side.server.key('test')}"}
    for body in (
        b"{",
        b"[" * 100_000,
        b'{"name":' * 5_000,
        b"\xff",
        b'{"name": NaN}',
        b'{"name": "\\ud800"}',
        b"1" * 5_000,
    ):
        for path in POSTS:
            found = requests.post(side.server.url + path, data=body, headers=headers, timeout=WAIT_S)
            assert found.status_code == 400
            check(400, found.json())


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(POSTS), st.dictionaries(st.sampled_from(NAMES), VALUES, max_size=6) | VALUES)
@example("/v2/task/chat", {"project_name": "here", "template_variables": {"prompt": {"a": 1}}})
@example("/v2/batch", {"name": "\ud800", "project_name": "here"})
def test_no_body_is_a_fault_of_the_server(side: Side, path: str, body: Any) -> None:
    if isinstance(body, dict) and "project_id" not in body:
        body = {"project_name": "here", **body}
    found = requests.post(
        side.server.url + path, data=json.dumps(body).encode(), timeout=WAIT_S,
        headers={"authorization": f"Bearer {side.server.key('test')}", "content-type": "application/json"},
    )  # fmt: skip
    check(found.status_code, found.json())


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.sampled_from(GETS),
    st.dictionaries(
        st.sampled_from(NAMES),
        st.lists(st.text(max_size=6) | st.sampled_from(["here", "5", "project"]), max_size=2),
        max_size=5,
    ),
)
def test_no_query_is_a_fault_of_the_server(side: Side, path: str, query: dict[str, list[str]]) -> None:
    sent = {name: [one.encode("utf-8", "replace") for one in values] for name, values in query.items()}
    check(*side.get(path, **sent))


def test_a_long_time_costs_no_more_than_its_length() -> None:
    """It was read from every T of it: 16,000 of them held the server up for eight seconds."""
    started = time.thread_time()  # what it computes, not what others do meanwhile
    for text in ("T" * 60_000, "T " * 30_000, "T0" * 30_000 + " 0000x"):
        with pytest.raises(BadInput):
            Asked({"created_after": [text]}).span("created")
    assert time.thread_time() - started < 1
    lost = Asked({"created_after": ["2025-01-02T03:04:05 0000"]}).span("created").after
    assert lost == Asked({"created_after": ["2025-01-02T03:04:05Z"]}).span("created").after
