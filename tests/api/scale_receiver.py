"""What stands on the other side of the Scale-compatible API in tests: a host of attachments, and receivers of callbacks."""

import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Other:
    """Serves `files` by path, and takes callbacks. `answer`: path of a callback → status, or a function that gives one."""

    port: int = 0
    files: dict[str, bytes] = field(default_factory=dict)
    fetched: Counter[str] = field(default_factory=Counter)
    answer: dict[str, int | Callable[[], int]] = field(default_factory=dict)
    place: dict[str, str] = field(default_factory=dict)  # path → Location of a redirect
    came: list[tuple[str, dict[str, str], Any]] = field(default_factory=list)  # path, headers, body

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"

    def url(self, path: str) -> str:
        return f"http://{self.host}{path}"

    def of(self, task_id: str) -> list[Any]:
        """The callbacks of one task, in the order in which they came."""
        return [body for _, _, body in list(self.came) if body.get("task_id") == task_id]

    def wait(self, found: Callable[[], Any], seconds: float = 60.0) -> Any:
        """What `found` gives once it is something."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            value = found()
            if value:
                return value
            time.sleep(0.02)
        raise AssertionError(f"nothing came in {seconds} s; so far {[body for _, _, body in self.came]}")


@contextmanager
def other() -> Iterator[Other]:
    """One of them, on a port of its own."""
    world = Other()

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: Any) -> None:
            """Nobody reads it."""

        def do_GET(self) -> None:
            world.fetched[self.path] += 1
            body = world.files.get(self.path)
            status = 302 if self.path in world.place else 404 if body is None else 200
            self.send_response(status)
            if status == 302:
                self.send_header("Location", world.place[self.path])
            self.send_header("Content-Length", str(len(body or b"")))
            self.end_headers()
            self.wfile.write(body or b"")

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            world.came.append((self.path, {name.lower(): value for name, value in self.headers.items()}, body))
            wanted = world.answer.get(self.path, 200)
            status = wanted() if callable(wanted) else wanted
            self.send_response(status)
            if self.path in world.place:
                self.send_header("Location", world.place[self.path])
            self.send_header("Content-Length", "0")
            self.end_headers()

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    world.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield world
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
