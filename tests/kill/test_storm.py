"""Sixteen people at once on a real server that is killed three times: what the queue promises, judged from outside.

Each client logs the beginning and end of its calls on one monotonic clock. A call whose answer was lost may have happened
or not; it is sent again with the same key.
"""

import json
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest
from storm_client import LABELS, LEASE_S, Client

from tawsim.intake.adding import add_tasks, numbered
from tawsim.labelling.projects import NewProject, create_project
from tawsim.workspaces import accounts
from tawsim.workspaces.accounts import Identity
from tawsim.workspaces.workspace import add_worker, open_workspace

pytestmark = pytest.mark.kill
CLIENTS, KILLS, ENDS_AFTER_S = 16, 3, 40
TASKS = {1: 240, 3: 140}  # overlap → tasks

SERVER = """
import sys
from pathlib import Path
from tawsim.server.run import serve
serve([Path(sys.argv[1])], port=int(sys.argv[2]), on_ready=lambda links: print("ready", flush=True))
"""


class Server:
    """A server in a process of its own, on one port for all its lives."""

    def __init__(self, path: Path) -> None:
        self.path = path
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port: int = free.getsockname()[1]
        self.start()

    def start(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", SERVER, str(self.path), str(self.port)], stdout=subprocess.PIPE
        )
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == b"ready\n"

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(10)
        assert self.process.stdout is not None
        self.process.stdout.close()

    def get(self, path: str, token: str) -> Any:
        request = Request(f"http://127.0.0.1:{self.port}/api/v1{path}", headers={"authorization": f"Bearer {token}"})
        with urlopen(request, timeout=10) as answer:
            return json.loads(answer.read())


def make_world(path: Path) -> tuple[dict[str, int], dict[str, str], str]:
    """Projects with their overlap, workers with their tokens, and the owner's token."""
    workspace = open_workspace(path, create=True, owner="Noor")
    books = accounts.open_accounts(path.parent)
    db, owner = workspace.db, workspace.owner_id

    def token(worker: str) -> str:
        return books.write(lambda tx: accounts.issue(tx, "token", Identity(workspace.id, worker)))

    projects: dict[str, int] = {}
    for k, n in TASKS.items():
        new = NewProject(
            f"k{k}", [{"kind": "choice", "name": "label", "labels": list(LABELS)}], overlap=k, lease_seconds=5,
            skip_limit=1000,
        )  # fmt: skip
        project = db.write(lambda tx, k=k, new=new: create_project(tx, owner, f"p{k}", new))
        texts = numbered(f"{k}: {i}" for i in range(n))
        add_tasks(db, project, texts, actor_id=owner, source="rows", digest=f"d{k}")
        projects[project.id] = k
    # Shorter than a project may ask for, so that leases end many times while the test runs.
    db.write(lambda tx: tx._connection.execute(f"UPDATE project SET lease_seconds = {LEASE_S}").rowcount)
    people = [db.write(lambda tx, i=i: add_worker(tx, owner, f"w{i}", f"w{i}")).id for i in range(CLIENTS)]
    tokens = {worker: token(worker) for worker in people}
    owners = token(owner)
    books.close()
    workspace.close()
    return projects, tokens, owners


def storm(server: Server, projects: dict[str, int], tokens: dict[str, str]) -> list[Client]:
    seed = random.randrange(1 << 30)
    print("seed", seed)
    ends = time.monotonic() + ENDS_AFTER_S
    clients = [
        Client(server.port, token, worker, list(projects), seed + i, ends)
        for i, (worker, token) in enumerate(tokens.items())
    ]
    threads = [threading.Thread(target=client.run) for client in clients]
    for thread in threads:
        thread.start()
    wanted = sum(k * TASKS[k] for k in projects.values())
    for kill in range(1, KILLS + 1):
        while sum(len(client.log.acknowledged) for client in clients) < wanted * kill / (KILLS + 1):
            assert time.monotonic() < ends
            time.sleep(0.005)
        server.kill()
        server.start()
    for thread in threads:
        thread.join(ENDS_AFTER_S + 15)
        assert not thread.is_alive()
    return clients


def everything(server: Server, path: str, token: str) -> list[dict[str, Any]]:
    """All pages of a listing of the worker's own answers."""
    found: list[dict[str, Any]] = []
    before = ""
    while True:
        page = server.get(f"{path}?limit=500{before}", token)
        found += page["annotations"]
        if page["next"] is None:
            return found
        before = f"&before={page['next']}"


def test_a_storm_with_three_kills(tmp_path: Path) -> None:
    projects, tokens, owner = make_world(tmp_path / "x.tawsim")
    server = Server(tmp_path / "x.tawsim")
    try:
        clients = storm(server, projects, tokens)
        stored = {
            one["id"]: one
            for client in clients
            for project in projects
            for one in everything(server, f"/projects/{project}/annotations/mine", client.token)
        }
        tasks = {
            one["id"]: one for p in projects for one in server.get(f"/projects/{p}/tasks?limit=1000", owner)["tasks"]
        }
        drafts = {one["id"] for one in server.get("/drafts?limit=500", owner)["drafts"]}
        progress = {p: server.get(f"/projects/{p}", owner)["progress"] for p in projects}
    finally:
        server.kill()
    counts = sum((client.log.counts for client in clients), Counter())
    print(f"{KILLS} kills, {sum(len(c.log.acknowledged) for c in clients)} acknowledged, {dict(counts)}")
    assert [wrong for client in clients for wrong in client.log.wrong] == []
    for happened in ("walked away", "skip 200", "sent twice", "key reused", "lost answers"):
        assert counts[happened], f"nothing was shown of {happened}"

    nothing_acknowledged_is_lost(clients, stored, drafts)
    nothing_twice_and_no_ghosts(clients, stored)
    never_more_than_k(clients, stored, {t: projects[one["project_id"]] for t, one in tasks.items()})
    # Q4: exactly k in the end
    for one in tasks.values():
        assert (one["accepted"], one["load"]) == (projects[one["project_id"]],) * 2
    for project, k in projects.items():
        assert (progress[project]["done"], progress[project]["answers"]) == (TASKS[k], k * TASKS[k])
    workspace = open_workspace(tmp_path / "x.tawsim")
    assert workspace.db.check() == []
    workspace.close()


def nothing_acknowledged_is_lost(clients: list[Client], stored: dict[str, Any], drafts: set[str]) -> None:
    """Q1, and equal results for equal keys (Q10); work that came too late is kept (Q7)."""
    for client in clients:
        for annotation, (lease, _, label, _, _) in client.log.acknowledged.items():
            found = stored[annotation]
            assert (found["answers"], found["lease_id"], found["state"]) == ({"label": label}, lease, "accepted")
        assert all(len(results) == 1 for results in client.log.results.values())
        assert client.log.drafts <= drafts


def nothing_twice_and_no_ghosts(clients: list[Client], stored: dict[str, Any]) -> None:
    """Q2 and Q5. A lease whose grant was answered into the void is held still, so the next call shows it."""
    leases = {
        lease: (client.log.worker, task)
        for client in clients
        for lease, (_, task, _) in client.log.leases.items()
    }  # fmt: skip
    assert len({one["lease_id"] for one in stored.values()}) == len(stored)
    assert len({(one["task_id"], one["worker_id"]) for one in stored.values()}) == len(stored)
    for one in stored.values():
        assert leases[one["lease_id"]] == (one["worker_id"], one["task_id"])


def never_more_than_k(clients: list[Client], stored: dict[str, Any], k_of: dict[str, int]) -> None:
    """Q3 by a sweep line over what was certainly taken: from the grant's answer on for an answer that came in time, from
    the acknowledgement on for a late one, and up to the skip's sending for a skip."""
    moments: dict[str, list[tuple[float, int]]] = {}
    for client in clients:
        log = client.log
        in_time = {lease for lease, _, _, late, _ in log.acknowledged.values() if not late}
        for lease, (_, task, seen) in log.leases.items():
            if lease in in_time:
                moments.setdefault(task, []).append((seen, 1))
            elif lease in log.skipped and log.skipped[lease] - seen < LEASE_S / 2:
                moments.setdefault(task, []).extend([(seen, 1), (log.skipped[lease], -1)])
        for annotation, (_, _, _, late, at) in log.acknowledged.items():
            if late:
                moments.setdefault(stored[annotation]["task_id"], []).append((at, 1))
    for task, found in moments.items():
        load = 0
        for _, change in sorted(found):
            load += change
            assert load <= k_of[task], f"task {task} had {load} takers"
