"""Our side: workspaces of a wanted size, and a running server of ours with people signed in."""

import asyncio
import json
import subprocess
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, cast
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

from parts import processes
from parts.texts import LABELS, write_csv
from parts.wire import Wire

CHILDREN = Path(__file__).with_name("children.py")
READY_WITHIN_S = 60
CHILD_WITHIN_S = 1_800
AT_ONCE = 16


def child(*arguments: str) -> dict[str, Any]:
    """Run one of children.py to its end."""
    done = subprocess.run(
        [sys.executable, str(CHILDREN), *arguments], capture_output=True, text=True, check=False, timeout=CHILD_WITHIN_S
    )
    if done.returncode != 0:
        raise RuntimeError(f"{arguments[0]} failed:\n{done.stderr[-2000:]}")
    return cast(dict[str, Any], json.loads(done.stdout))


@dataclass(slots=True)
class Worlds:
    """Workspaces by size, made once in a run, under `folder`."""

    folder: Path
    made: dict[int, Path] = field(default_factory=dict)

    def rows(self, count: int) -> Path:
        """A CSV file of so many rows."""
        path = self.folder / f"rows-{count}.csv"
        return path if path.exists() else write_csv(path, count)

    def of(self, count: int) -> Path:
        """A workspace file whose only project has so many tasks. What is answered in it stays for the next caller."""
        if count not in self.made:
            self.made[count] = self.fresh(count)[0]
        return self.made[count]

    def fresh(self, count: int) -> tuple[Path, dict[str, Any]]:
        """A new such workspace, and what its import took."""
        path = self.folder / uuid.uuid4().hex[:8] / f"bench-{count}.tawsim"
        path.parent.mkdir(parents=True)
        return path, child("import", str(path), str(self.rows(count)))


@dataclass(slots=True)
class Server:
    """A running server and its owner's token. The port is on 127.0.0.1."""

    process: "subprocess.Popen[str]"
    port: int
    token: str
    tokens: list[str] = field(default_factory=list)

    @property
    def pid(self) -> int:
        """The server's process."""
        return self.process.pid

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """One JSON request of the owner's."""
        return call(self.port, method, path, body, self.token)

    def project(self) -> str:
        """The first project."""
        return cast(str, self.call("GET", "/projects")["projects"][0]["project"]["id"])

    def people(self, count: int) -> list[str]:
        """Tokens of so many invited people, made at need through the public routes."""
        if len(self.tokens) < count:
            self.tokens += asyncio.run(self._invite(len(self.tokens), count))
        return self.tokens[:count]

    async def _invite(self, first: int, end: int) -> list[str]:
        found: dict[int, str] = {}
        numbers = iter(range(first, end))

        async def some() -> None:
            wire = await Wire.open(self.port, self.token)
            for number in numbers:
                body = {"key": f"bench annotator {number}", "name": f"annotator {number}"}
                link = (await wire.json("POST", "/workers", body))["link"]
                found[number] = await asyncio.to_thread(sign_in, link)
            wire.close()

        await asyncio.gather(*(some() for _ in range(AT_ONCE)))
        return [found[number] for number in range(first, end)]


def call(port: int, method: str, path: str, body: Any = None, token: str = "") -> Any:
    """One JSON request, on a connection of its own."""
    headers = {"content-type": "application/json"} | ({"authorization": f"Bearer {token}"} if token else {})
    data = None if body is None else json.dumps(body).encode()
    request = Request(f"http://127.0.0.1:{port}/api/v1{path}", data, headers, method=method)
    with urlopen(request, timeout=CHILD_WITHIN_S) as answer:
        return json.loads(answer.read() or b"null")


def sign_in(link: str) -> str:
    """A one-time link → the session's token, which stands in the cookie."""
    parts = urlsplit(link)
    body = json.dumps({"token": parts.fragment}).encode()
    request = Request(f"http://{parts.netloc}/api/v1/sessions", body, {"content-type": "application/json"})
    with urlopen(request, timeout=READY_WITHIN_S) as answer:
        cookie: str = answer.headers["set-cookie"]
    return cookie.partition("=")[2].partition(";")[0]


@contextmanager
def serving(workspace: Path, log: Path | None = None) -> Iterator[Server]:
    """A server of the workspace, for as long as the block runs."""
    errors: IO[str] = (log or workspace.with_suffix(".log")).open("a")
    process = subprocess.Popen(
        [sys.executable, str(CHILDREN), "serve", str(workspace)], stdout=subprocess.PIPE, stderr=errors, text=True
    )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        if not line:
            raise RuntimeError(f"the server did not start: see {errors.name}")
        link = json.loads(line)["link"]
        yield Server(process, int(urlsplit(link).port or 0), sign_in(link))
    finally:
        processes.stop(process)
        errors.close()


def new_project(server: Server, name: str, rows: list[dict[str, Any]]) -> str:
    """A project made and filled over HTTP, as a program would."""
    question = {"kind": "choice", "name": "label", "labels": list(LABELS)}
    made = server.call("POST", "/projects", {"key": name, "name": name, "questions": [question]})
    project: str = made["project"]["id"]
    server.call("POST", f"/projects/{project}/tasks", {"key": name, "rows": rows})
    return project
