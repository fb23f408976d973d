"""A server that is killed while it fetches and places tasks, while people answer them, and while callbacks are under way.

Whatever moment it dies in: each task is placed once, completed once, and its callback arrives at least once.
"""

import base64
import json
import random
import sqlite3
import threading
import time
import urllib.request
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from storm_client import Client
from test_storm import Server
from tests.api.scale_receiver import Other, other
from tests.unit.media_made import png

from tawsim.core.clock import system_clock
from tawsim.core.ids import new_id
from tawsim.loop.scale.tasks import create_task
from tawsim.loop.scale.world import World
from tawsim.store.database import Database
from tawsim.workspaces import accounts, scale_keys
from tawsim.workspaces.accounts import Identity
from tawsim.workspaces.workspace import add_worker, get_worker, open_workspace

pytestmark = pytest.mark.kill
TEXTS, PICTURES, PATIENCE_S = 150, 30, 120


def make_world(path: Path, outside: Other) -> tuple[list[str], str, str]:
    """A workspace with tasks that wait, text and picture; their ids, a labeller's token and a key."""
    workspace = open_workspace(path, create=True, owner="Noor")
    books = accounts.open_accounts(path.parent)
    with workspace.db.read() as tx:
        owner = get_worker(tx, workspace.owner_id)
    key = scale_keys.new_key(books, workspace, owner, "live", "main")[0]
    books.write(
        lambda tx: scale_keys.change_account(
            tx, workspace.id, "live", callback_url=outside.url("/back"), allow=outside.host
        )
    )
    layla = workspace.db.write(lambda tx: add_worker(tx, workspace.owner_id, "layla", "layla"))
    token = books.write(lambda tx: accounts.issue(tx, "token", Identity(workspace.id, layla.id)))
    world = World(workspace.db, books, workspace.id, "live", workspace.owner_id)
    text = {"attachment_type": "text", "categories": ["a", "b"]}
    picture = {"attachment_type": "image", "categories": ["a", "b"]}
    asked = [{**text, "attachment": f"text {n}"} for n in range(TEXTS)]
    for n in range(PICTURES):
        outside.files[f"/{n}.png"] = png(4 + n, 5)
        asked.insert(n * 5, {**picture, "attachment": outside.url(f"/{n}.png")})
    ids = workspace.db.write(lambda tx: [create_task(tx, world, "categorization", one)["task_id"] for one in asked])
    books.close()
    workspace.close()
    return ids, token, key


def killed_until(server: Server, done: Callable[[], bool], kills: int) -> None:
    """Kill it at moments drawn by chance, start it again, and wait until all is done."""
    for _ in range(kills):
        time.sleep(random.uniform(0.05, 0.8))
        server.kill()
        server.start()
    until = time.monotonic() + PATIENCE_S
    while not done():
        assert time.monotonic() < until
        time.sleep(0.1)


def scale_api(server: Server, key: str, path: str) -> Any:
    secret = base64.b64encode(f"{key}:".encode()).decode()
    request = urllib.request.Request(
        f"http://127.0.0.1:{server.port}/v1{path}", headers={"authorization": f"Basic {secret}"}
    )
    with urllib.request.urlopen(request, timeout=20) as answer:
        return json.loads(answer.read())


def answer_all(server: Server, token: str, ids: list[str]) -> None:
    """A labeller who answers everything, through every death of the server."""
    client = Client(server.port, token, "layla", [], 0, time.monotonic() + PATIENCE_S)
    left = set(ids)
    while left:
        for project in projects_of(server.path):
            _, given = client.call(f"/projects/{project}/next", {"count": 1})
            for one in given.get("leases", ()):
                lease = one["lease"]
                label = "a" if len(left) % 2 else "b"
                body = {"key": new_id(system_clock()), "answers": {"category": label}}
                status, _ = client.call(f"/leases/{lease['id']}/submit", body)
                if status == 200:
                    left.discard(lease["task_id"])


def projects_of(path: Path) -> list[str]:
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as connection:
        return [row[0] for row in connection.execute("SELECT project_id FROM scale_project")]


def test_nothing_is_lost_and_nothing_done_twice(tmp_path: Path) -> None:
    seed = random.randrange(1 << 30)
    print("seed", seed)
    random.seed(seed)
    path = tmp_path / "x.tawsim"
    with other() as outside:
        ids, token, key = make_world(path, outside)
        outside.answer["/back"] = lambda: random.choice([200, 200, 200, 500])
        server = Server(path)
        try:
            killed_until(server, lambda: placed(path) == len(ids), kills=3)
            labeller = threading.Thread(target=answer_all, args=(server, token, ids))
            labeller.start()
            killed_until(server, lambda: not labeller.is_alive(), kills=2)
            killed_until(server, lambda: {body["task_id"] for _, _, body in outside.came} >= set(ids), kills=2)
            outside.answer["/back"] = 200
            killed_until(server, lambda: succeeded(path) == len(ids), kills=0)
            listed = scale_api(server, key, "/tasks?status=completed&limit=1")
            assert listed["total"] == len(ids)
        finally:
            server.kill()
    check(path, ids, outside)


def placed(path: Path) -> int:
    return count(path, "SELECT COUNT(*) FROM scale_task WHERE stage = 'placed'")


def succeeded(path: Path) -> int:
    return count(path, "SELECT COUNT(*) FROM scale_task WHERE callback_succeeded = 1")


def count(path: Path, sql: str) -> int:
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=10) as connection:
        return int(connection.execute(sql).fetchone()[0])


def check(path: Path, ids: list[str], outside: Other) -> None:
    db = Database.open(path, "workspace")
    try:
        assert db.check() == []
        with db.read() as tx:
            rows = {row["task_id"]: row for row in (tx.one("scale_outcome_get", task_id=one) for one in ids) if row}
            tasks = [tx.one("task_get", id=one) for one in ids]
            chain = tx.stream("event_chain", after=0, n=1 << 30)
            events = Counter(row["object_id"] for row in chain if row["kind"] == "scale.completed")
        assert len(rows) == len(ids)
        assert {row["status"] for row in rows.values()} == {"completed"}
        assert all(task is not None and task["accepted"] == 1 for task in tasks)
        assert set(events.values()) == {1}  # completed once each, whatever happened in between
        assert len(events) == len(ids)
    finally:
        db.close()
    came = Counter(body["task_id"] for _, _, body in outside.came)
    assert set(came) == set(ids)
    for _, _, body in outside.came:
        assert (body["status"], body["response"]) == ("completed", json.loads(rows[body["task_id"]]["response"]))
