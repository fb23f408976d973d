"""A server in this process, with an owner, two labellers and a project of twelve tasks."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from tawsim.core.ids import new_id
from tawsim.server import pages
from tawsim.server.app import create_app
from tawsim.server.sign_in_state import ServerState
from tawsim.workspaces import accounts
from tawsim.workspaces.accounts import Identity
from tawsim.workspaces.workspace import Workspace, add_worker

HOST = "127.0.0.1:7373"
TEXTS = [f"نص رقم {i} about order {i}" for i in range(1, 13)]


@dataclass
class World:
    """What the tests of the API share."""

    workspace: Workspace
    state: ServerState
    client: TestClient
    owner: dict[str, str]
    layla: dict[str, str]
    omar: dict[str, str]
    layla_id: str
    omar_id: str
    project: dict[str, Any]

    def post(self, path: str, body: Any = None, who: dict[str, str] | None = None) -> Any:
        return self.client.post("/api/v1" + path, json=body if body is not None else {}, headers=who or self.owner)

    def get(self, path: str, who: dict[str, str] | None = None) -> Any:
        return self.client.get("/api/v1" + path, headers=who or self.owner)

    def lease(self, who: dict[str, str]) -> dict[str, Any]:
        return self.post(f"/projects/{self.project['id']}/next", {"count": 1}, who).json()["leases"][0]

    def answer(self, who: dict[str, str], label: str = "إيجابي") -> Any:
        lease = self.lease(who)["lease"]["id"]
        return self.post(f"/leases/{lease}/submit", {"key": new_id(1), "answers": {"label": label}}, who)


@pytest.fixture(scope="session", autouse=True)
def pages_read_once() -> Iterator[None]:
    """A third of what a server of a test costs is reading the two hundred files of the pages, which are the same for all."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pages, "read_assets", cache(pages.read_assets))
        yield


@pytest.fixture
def world(tmp_path: Path, workspace: Workspace, clock: Callable[[], int]) -> Iterator[World]:
    books = accounts.open_accounts(tmp_path, clock=clock)
    state = ServerState(
        {workspace.id: workspace}, books, cookie="tawsim_7373", allowed_hosts=frozenset({HOST}),
        base_url=f"http://{HOST}", clock=clock,
    )  # fmt: skip

    def token(worker_id: str) -> dict[str, str]:
        secret = books.write(lambda tx: accounts.issue(tx, "token", Identity(workspace.id, worker_id)))
        return {"authorization": f"Bearer {secret}"}

    layla = workspace.db.write(lambda tx: add_worker(tx, workspace.owner_id, "layla", "ليلى"))
    omar = workspace.db.write(lambda tx: add_worker(tx, workspace.owner_id, "omar", "Omar"))
    with TestClient(create_app(state), base_url=f"http://{HOST}", raise_server_exceptions=False) as client:
        owner = token(workspace.owner_id)
        made = World(workspace, state, client, owner, token(layla.id), token(omar.id), layla.id, omar.id, {})
        body = {
            "key": "p1", "name": "مراجعات", "overlap": 2,
            "questions": [{"kind": "choice", "name": "label", "labels": ["إيجابي", "سلبي"]}],
        }  # fmt: skip
        made.project = made.post("/projects", body).json()["project"]
        added = made.post(f"/projects/{made.project['id']}/tasks", {"key": "t1", "rows": [{"text": t} for t in TEXTS]})
        assert added.status_code == 200, added.text
        yield made
    books.close()
