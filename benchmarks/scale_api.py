"""The Scale-compatible API: creations from many threads, each sent twice, and a walk over 100,000 tasks while others come.

    python benchmarks/scale_api.py [--tasks 1000] [--threads 16] [--listed 100000] [--rounds 3] [--log FILE.json]

A server of its own in a temporary folder, over the loopback. Creations are sent by Scale's own client, which opens a connection
for every request, and by plain connections that are kept: what the server can do, whatever the client costs. The CPU of the
server is read from /proc. Ends with 1 where a task is missing, came twice or was answered with a 5xx.
"""

import argparse
import base64
import http.client
import json
import os
import platform
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import scaleapi
from scaleapi.exceptions import ScaleDuplicateResource
from scaleapi.tasks import TaskType

from tawsim.core.ids import new_ids
from tawsim.workspaces.workspace import open_workspace

BODY = {
    "attachment": "نص قصير للتصنيف",
    "attachment_type": "text",
    "categories": ["إيجابي", "سلبي"],
    "instruction": "Choose.",
}
TICK = os.sysconf("SC_CLK_TCK")


def command(*arguments: object) -> Any:
    """What a command line of Tawsim says as JSON."""
    told = subprocess.run(
        [sys.executable, "-m", "tawsim.cli", *map(str, arguments), "--json"], check=True, capture_output=True
    )
    return json.loads(told.stdout)


@contextmanager
def server(file: Path) -> Iterator[tuple[str, int]]:
    """Its address and its process."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    line = [sys.executable, "-m", "tawsim.cli", "up", str(file), "--port", port, "--no-browser", "--json"]
    with subprocess.Popen(line, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        link = next(iter(json.loads(process.stdout.readline())["links"].values()))
        try:
            yield link.partition("/enter")[0], process.pid
        finally:
            process.terminate()
            process.wait(20)


def cpu_s(pid: int) -> float:
    """Seconds of CPU that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICK


class Plain:
    """A connection that is kept, one a thread."""

    def __init__(self, url: str, key: str) -> None:
        self.place = urlsplit(url).netloc
        self.head = {
            "authorization": "Basic " + base64.b64encode(f"{key}:".encode()).decode(),
            "content-type": "application/json",
        }
        self.held = threading.local()

    def send(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        """The status and the answer."""
        if not hasattr(self.held, "one"):
            self.held.one = http.client.HTTPConnection(self.place, timeout=60)
        self.held.one.request(method, path, None if body is None else json.dumps(body), self.head)
        answer = self.held.one.getresponse()
        return answer.status, json.loads(answer.read())


def by_client(url: str, key: str) -> Callable[[str], int]:
    """One creation by Scale's own client: its status."""
    client = scaleapi.ScaleClient(key, api_instance_url=url + "/v1")

    def create(unique_id: str) -> int:
        try:
            client.create_task(TaskType.Categorization, **BODY, unique_id=unique_id)
        except ScaleDuplicateResource:
            return 409
        return 200

    return create


def by_plain(url: str, key: str) -> Callable[[str], int]:
    """One creation over a kept connection: its status."""
    plain = Plain(url, key)
    return lambda unique_id: plain.send("POST", "/v1/task/categorization", BODY | {"unique_id": unique_id})[0]


def creations(create: Callable[[str], int], name: str, tasks: int, threads: int, pid: int) -> dict[str, Any]:
    """Each unique_id twice, the second one a while after the first, from all threads."""
    wanted = [f"{name}-{n}" for n in range(tasks)]
    sent = [one for first in range(0, tasks, 50) for one in wanted[first : first + 50] * 2]
    before, begun = cpu_s(pid), time.perf_counter()
    with ThreadPoolExecutor(threads) as pool:
        statuses = Counter(pool.map(create, sent))
    took, used = time.perf_counter() - begun, cpu_s(pid) - before
    return {
        "way": name.split("-")[0], "requests": len(sent), "statuses": dict(statuses), "seconds": round(took, 2),
        "requests_per_s": round(len(sent) / took), "created_per_s": round(statuses[200] / took),
        "server_cpu_ms_per_request": round(1000 * used / len(sent), 3),
        "sound": statuses == Counter({200: tasks, 409: tasks}),
    }  # fmt: skip


def fill(file: Path, tasks: int) -> None:
    """So many tasks in a list, past the API: only listing them is measured."""
    place = open_workspace(file)
    with place.db.read() as tx:
        row = dict(tx.all("scale_list", at=2**62, id="~", n=1, type="", status="", created_from=0, created_until=2**62,
                          updated_from=0, updated_until=2**62, any_completion=1, completed_from=0, completed_until=2**62,
                          review="")[0])  # fmt: skip
    kept = {name: value for name, value in row.items() if name not in ("batch_name", "status")}
    for first in range(0, tasks, 5_000):
        ids = new_ids(row["created_at"], min(5_000, tasks - first))
        rows = [kept | {"task_id": one, "unique_id": None, "now": row["created_at"] - first // 10} for one in ids]
        place.db.write(lambda tx, rows=rows: tx.many("scale_task_insert", rows))
    place.close()


def walk(url: str, key: str, pid: int, existing: int) -> dict[str, Any]:
    """All pages to the end, while another thread makes tasks."""
    plain, over, made = Plain(url, key), threading.Event(), []

    def others() -> None:
        create = by_plain(url, key)
        while not over.wait(0.05):
            made.append(create(f"beside-{len(made)}-{time.monotonic_ns()}"))

    thread = threading.Thread(target=others)
    thread.start()
    before, begun, token, seen, pages = cpu_s(pid), time.perf_counter(), "", [], 0
    while True:
        status, page = plain.send("GET", "/v1/tasks?limit=100" + (f"&next_token={token}" if token else ""))
        assert status == 200, page
        seen += [one["task_id"] for one in page["docs"]]
        pages, token = pages + 1, page["next_token"]
        if not page["has_more"]:
            break
    took, used = time.perf_counter() - begun, cpu_s(pid) - before
    over.set()
    thread.join()
    return {
        "listed": len(seen), "pages": pages, "made_beside": len(made), "seconds": round(took, 2),
        "server_cpu_ms_per_page": round(1000 * used / pages, 2),
        "sound": len(seen) == len(set(seen)) and existing <= len(seen) <= existing + len(made),
    }  # fmt: skip


def measure(told: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """All of it, on one server."""
    file = folder / "bench.tawsim"
    open_workspace(file, create=True, owner="Noor").close()
    key = command("scale", "key", "new", "live", "-w", file)["secret"]
    found: list[dict[str, Any]] = []
    with server(file) as (url, pid):
        by_plain(url, key)("first")
        for n in range(told.rounds):
            for way, create in (("plain", by_plain(url, key)), ("client", by_client(url, key))):
                found.append(creations(create, f"{way}-{n}", told.tasks, told.threads, pid))
                print(json.dumps(found[-1]))
        total = Plain(url, key).send("GET", "/v1/tasks?limit=1")[1]["total"]
        print(json.dumps({"tasks": total, "wanted": 1 + 2 * told.rounds * told.tasks}))
        fill(file, told.listed)
        there = Plain(url, key).send("GET", "/v1/tasks?limit=1")[1]["total"]
        walks = [walk(url, key, pid, there) for _ in range(1)]
        print(json.dumps(walks[0]))
    sound = all(one["sound"] for one in (*found, *walks)) and total == 1 + 2 * told.rounds * told.tasks
    return {"creations": found, "tasks": total, "walks": walks, "sound": sound}


def main() -> None:
    """Print, and write where `--log` says."""
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument("--tasks", type=int, default=1_000)
    ask.add_argument("--threads", type=int, default=16)
    ask.add_argument("--listed", type=int, default=100_000)
    ask.add_argument("--rounds", type=int, default=3)
    ask.add_argument("--log", type=Path)
    told = ask.parse_args()
    load = os.getloadavg()
    with tempfile.TemporaryDirectory() as folder:
        found = measure(told, Path(folder))
    found |= {
        "load_before": load,
        "load_after": os.getloadavg(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
    }
    print(json.dumps({name: found[name] for name in ("sound", "load_before", "load_after")}))
    if told.log:
        told.log.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    sys.exit(0 if found["sound"] else 1)


if __name__ == "__main__":
    main()
