"""Every route of the Scale-compatible API × every role × keys of this workspace, of its other world and of another workspace.

Made from the table of routes itself: a route that is added is swept.
"""

import base64
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from starlette.testclient import TestClient
from tests.api.conftest import HOST

from tawsim.core.records import Role
from tawsim.loop.scale.world import World
from tawsim.server.app import create_app
from tawsim.server.scale.rooms import table
from tawsim.server.scale.routes import PLACE, Route
from tawsim.server.sign_in_state import ServerState
from tawsim.workspaces import accounts, scale_keys
from tawsim.workspaces.roles import EVERYBODY, may
from tawsim.workspaces.workspace import Workspace, add_worker, get_worker, open_workspace

SECRET = "zz-only-ours-zz"
ROUTES = sorted(table().routes, key=lambda one: (one.path, one.method))
PROJECT, BATCH = "ours / سرّ", "ours / task b"
# What stands in the place of a {}, by the word before it.
AFTER = {"projects": PROJECT, "batches": BATCH, "groups": "ours"}


@dataclass
class Site:
    """Two workspaces on one server; ours has something in it."""

    client: TestClient
    keys: dict[str, str]
    task_id: str
    ids: dict[str, str]

    def call(self, route: Route, key: str | None) -> Any:
        head = {} if key is None else {"authorization": "Basic " + base64.b64encode(f"{key}:".encode()).decode()}
        named = {
            "project_id": self.ids["project"], "batch_id": self.ids["batch"], "task_id": self.task_id,
            "annotation_id": self.task_id, "delivery_id": "d", "dataset_id": self.ids["project"], "schema_id": self.task_id,
        }  # fmt: skip
        path = self._path(route)
        if route.method == "GET":
            return self.client.get(path + "?" + urlencode(named), headers=head)
        if route.body == "multipart":
            return self.client.request(route.method, path, headers=head, files={"file": ("a.txt", io.BytesIO(b"x"))})
        return self.client.request(route.method, path, headers=head, content=json.dumps(named))

    def _path(self, route: Route) -> str:
        parts = list(route.segments)
        for place, one in enumerate(parts):
            if one != PLACE:
                continue
            before = route.segments[place - 1]
            if before == "task":
                found = "categorization" if (route.method, len(parts)) == ("POST", 3) else self.task_id
            elif before in ("evaluation_tasks", "training_tasks"):
                found = "categorization"
            else:
                found = AFTER.get(before, self.task_id)
            parts[place] = quote(found, safe="")
        return "/" + "/".join(parts)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder: Path = tmp_path_factory.mktemp("sweep")
    ours = open_workspace(folder / "ours.tawsim", create=True, owner="Noor")
    theirs = open_workspace(folder / "theirs.tawsim", create=True, owner="Sami")
    books = accounts.open_accounts(folder)
    state = ServerState({one.id: one for one in (ours, theirs)}, books, allowed_hosts=frozenset({HOST}))

    def key(workspace: Workspace, role: Role, mode: Any) -> str:
        with workspace.db.read() as tx:
            worker = get_worker(tx, workspace.owner_id)
        if role != "owner":
            worker = workspace.db.write(
                lambda tx: add_worker(tx, workspace.owner_id, role + mode, role + mode, role=role)
            )
        return scale_keys.new_key(books, workspace, worker, mode, role)[0]

    keys = {f"{role} {mode}": key(ours, role, mode) for role in EVERYBODY for mode in ("live", "test")}
    keys |= {f"stranger {mode}": key(theirs, "owner", mode) for mode in ("live", "test")}
    with TestClient(create_app(state), base_url=f"http://{HOST}", raise_server_exceptions=False) as client:
        yield _filled(Site(client, keys, "", {}), World(ours.db, books, ours.id, "live", ours.owner_id))
    state.close_twins()
    for one in (ours, theirs, books):
        one.close()


def _filled(site: Site, world: World) -> Site:
    def send(path: str, body: Any) -> Any:
        head = {"authorization": f"Bearer {site.keys['owner live']}"}
        found = site.client.post(path, content=json.dumps(body), headers=head)
        assert found.status_code == 200, found.text
        return found.json()

    project = send("/v1/projects", {"type": "categorization", "name": PROJECT, "params": {"instruction": SECRET}})
    batch = send("/v1/batches", {"project": PROJECT, "name": BATCH, "callback": "", "metadata": {"a": SECRET}})
    body = {"project": PROJECT, "attachment": SECRET, "attachment_type": "text", "categories": ["a", "b"]}
    site.task_id = send("/v1/task/categorization", body)["task_id"]
    site.ids = {"project": project["id"], "batch": batch["id"]}
    return site


def told(found: Any) -> Any:
    """An error is an object with its own number; anything else is JSON or plain."""
    assert found.status_code < 500, found.text
    if found.status_code >= 400:
        assert found.json()["status_code"] == found.status_code
        assert isinstance(found.json()["error"], str)
        assert found.json()["error"]
    return found.status_code


@pytest.mark.parametrize("route", ROUTES, ids=lambda one: f"{one.method} {one.path}")
def test_who_may_call_it(site: Site, route: Route) -> None:
    assert told(site.call(route, None)) == 401
    assert told(site.call(route, "live_" + "x" * 43)) == 401
    for role in sorted(EVERYBODY, key=lambda one: may(one, route.right)):  # those who may not, first
        for mode in ("test", "live"):
            status = told(site.call(route, site.keys[f"{role} {mode}"]))
            assert (status == 403) is not may(role, route.right), (role, mode, status)
            assert status != 401


@pytest.mark.parametrize("route", ROUTES, ids=lambda one: f"{one.method} {one.path}")
def test_a_key_of_another_world_or_workspace_meets_nothing_of_ours(site: Site, route: Route) -> None:
    for who in ("stranger live", "stranger test", "owner test"):
        found = site.call(route, site.keys[who])
        told(found)
        assert SECRET not in found.text, who
        if PLACE in route.segments and route.segments[1] not in ("evaluation_tasks", "training_tasks"):
            assert found.status_code in (400, 404), (who, found.text)


@pytest.mark.parametrize("route", ROUTES, ids=lambda one: f"{one.method} {one.path}")
def test_a_cookie_and_a_token_of_the_pages_never_sign_in(site: Site, route: Route) -> None:
    key = site.keys["owner live"]
    for headers in ({"cookie": f"tawsim={key}"}, {"authorization": "Bearer tws_" + "x" * 43}):
        assert site.client.request(route.method, site._path(route), headers=headers).status_code == 401


def test_the_table_is_not_empty_and_states_known_rights() -> None:
    assert len(ROUTES) > 40
    assert {one.segments[0] for one in ROUTES} == {"v1", "v2"}
    assert all(one.right in ("manage", "owner") for one in ROUTES)
    # 409 makes Scale's client read more than is there: only creations answer it.
    assert {f"{one.method} {one.path}" for one in ROUTES if one.conflicts} <= {
        "POST /v1/task/{}", "POST /v1/task/{}/unique_id", "POST /v1/projects", "POST /v1/batches", "POST /v2/batch",
        "POST /v2/task/chat", "POST /v1/evaluation_tasks/{}", "POST /v1/training_tasks/{}",
    }  # fmt: skip
