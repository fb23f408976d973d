"""A server that is killed while programs make tasks by the Scale-compatible API, with live keys and with test keys.

What was acknowledged is there, with the answer that was given; what was sent again is there once; a test task is completed.
"""

import base64
import http.client
import json
import random
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from test_storm import Server

from tawsim.workspaces import accounts, scale_keys
from tawsim.workspaces.workspace import get_worker, open_workspace

pytestmark = pytest.mark.kill
THREADS, EACH, KILLS, PATIENCE_S = 8, 25, 4, 120
BODY = {"attachment": "نص", "attachment_type": "text", "categories": ["a", "b"]}


def make_world(path: Path) -> dict[str, str]:
    """A workspace, and a key of each kind."""
    workspace = open_workspace(path, create=True, owner="Noor")
    books = accounts.open_accounts(path.parent)
    with workspace.db.read() as tx:
        owner = get_worker(tx, workspace.owner_id)
    keys = {mode: scale_keys.new_key(books, workspace, owner, mode, mode)[0] for mode in ("live", "test")}  # type: ignore[arg-type]
    books.close()
    workspace.close()
    return keys


class Program:
    """Sends until it is answered, as long as it takes, and keeps what it was told."""

    def __init__(self, port: int, key: str, until: float) -> None:
        self.port, self.until = port, until
        self.head = {"authorization": "Basic " + base64.b64encode(f"{key}:".encode()).decode()}
        self.told: dict[str, str] = {}  # unique_id → the id that was answered
        self.problems: list[str] = []

    def call(self, method: str, path: str, body: Any = None, more: dict[str, str] | None = None) -> tuple[int, Any]:
        while time.monotonic() < self.until:
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
            try:
                connection.request(method, path, json.dumps(body) if body else None, self.head | (more or {}))
                answer = connection.getresponse()
                return answer.status, json.loads(answer.read())
            except (OSError, http.client.HTTPException, ValueError):
                time.sleep(0.02)
            finally:
                connection.close()
        raise TimeoutError

    def make(self, name: str) -> None:
        """Every other one with an idempotency key, which gives the same answer again; the rest may meet 409."""
        for n in range(EACH):
            unique_id = f"{name}-{n}"
            once = {"idempotency-key": unique_id} if n % 2 else {}
            for _ in range(2):
                status, answer = self.call("POST", "/v1/task/categorization", BODY | {"unique_id": unique_id}, once)
                if status == 200:
                    task_id = answer["task_id"]
                elif status == 409 and not once:
                    task_id = self.call("GET", f"/v1/tasks?unique_id={unique_id}")[1]["docs"][0]["task_id"]
                else:
                    self.problems.append(f"{status} {answer}")
                    continue
                if self.told.setdefault(unique_id, task_id) != task_id:
                    self.problems.append(f"{unique_id} is two tasks")


def test_what_was_acknowledged_is_there_once(tmp_path: Path) -> None:
    seed = random.randrange(1 << 30)
    print("seed", seed)
    random.seed(seed)
    path = tmp_path / "x.tawsim"
    keys = make_world(path)
    server = Server(path)
    until = time.monotonic() + PATIENCE_S
    programs = {(mode, n): Program(server.port, key, until) for mode, key in keys.items() for n in range(THREADS // 2)}
    threads = [threading.Thread(target=one.make, args=(f"{mode}{n}",)) for (mode, n), one in programs.items()]
    try:
        for thread in threads:
            thread.start()
        for _ in range(KILLS):
            time.sleep(random.uniform(0.1, 0.6))
            server.kill()
            server.start()
        for thread in threads:
            thread.join(PATIENCE_S)
        assert [one.problems for one in programs.values()] == [[]] * len(programs)
        for mode, key in keys.items():
            told = {
                name: one for (of, _), program in programs.items() if of == mode for name, one in program.told.items()
            }
            assert len(told) == EACH * THREADS // 2
            assert found(Program(server.port, key, until), "completed" if mode == "test" else "pending") == told
    finally:
        server.kill()


def found(program: Program, status: str) -> dict[str, str]:
    """All tasks by their unique_id, page by page; each in the state that it should be in."""
    tasks: dict[str, str] = {}
    token = ""
    while True:
        _, page = program.call("GET", f"/v1/tasks?limit=37&next_token={token}")
        for one in page["docs"]:
            assert one["status"] == status
            assert one["unique_id"] not in tasks
            tasks[one["unique_id"]] = one["task_id"]
        token = page["next_token"]
        if not page["has_more"]:
            return tasks
