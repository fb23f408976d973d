"""What the tests of the second version share: Scale's own client against a server on the loopback, in both worlds."""

import itertools
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests
from scaleapi.api_client.v2 import CreateBatchRequest, CreateChatTaskRequest
from scaleapi.tasks import TaskType
from tests.api.scale_served import Served, served

from tawsim.loop.scale.world import World

WAIT_S = 30
_number = itertools.count(1)
RESPONSES = {"prompt": "ما عاصمة المغرب؟", "responses": ["الرباط", "فاس"]}


@dataclass
class Side:
    """One of the two worlds, by its key."""

    server: Served
    mode: Any
    v1: Any

    @property
    def v2(self) -> Any:
        """The client of the second version."""
        return self.v1.v2

    @property
    def world(self) -> World:
        """What stands behind it."""
        home = self.server.workspace
        held = home if self.mode == "live" else self.server.state.twin_of(home)
        return World(held.db, self.server.state.accounts, held.id, self.mode, home.owner_id)

    def send(
        self, method: str, path: str, body: Any = None, query: Any = None, headers: Mapping[str, str] | None = None
    ) -> tuple[int, Any]:
        """A request by hand, redirects not followed: status and JSON."""
        headers = {"authorization": f"Bearer {self.server.key(self.mode)}", **(headers or {})}
        found = requests.request(
            method, self.server.url + path, json=body, params=query, headers=headers, timeout=WAIT_S, allow_redirects=False
        )  # fmt: skip
        return found.status_code, found.json()

    def get(self, path: str, **query: Any) -> tuple[int, Any]:
        """A GET by hand."""
        return self.send("GET", path, query=query)

    def post(self, path: str, **body: Any) -> tuple[int, Any]:
        """A POST by hand."""
        return self.send("POST", path, body)

    def project(self, type_: str = "chat", name: str = "", **params: Any) -> Any:
        """A new project by the first version, whose client is asked for it."""
        return self.v1.create_project(name or f"مشروع/{next(_number)} ✓", TaskType(type_), params=params)

    def batch(self, project: Any, **more: Any) -> Any:
        """A new batch by the second version."""
        name = f"دفعة {next(_number)}?/status"
        return self.v2.create_batch(CreateBatchRequest(name=name, project_name=project.name, **more))

    def chat(self, **where: Any) -> Any:
        """A new chat task: two responses to compare."""
        asked = {"template_variables": RESPONSES, **where}
        return self.v2.create_chat_task(CreateChatTaskRequest(**asked))


@contextmanager
def both_worlds(folder: Path) -> Iterator[dict[str, Side]]:
    """A server with a client for each world."""
    with served(folder) as server:
        yield {mode: Side(server, mode, server.client(mode)) for mode in ("live", "test")}
