"""The state machine's third way: a real server in a process of its own, whose clock the machine moves and which a crash
kills with SIGKILL. Disks cannot be made to fail from out here, so that in this run they do not."""

import mmap
import signal
import socket
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2
from queue_driver import START, TestClock
from queue_driver_http import OverHttp
from tests.ui.warm_starter import warm_starter

from tawsim.workspaces import accounts

SERVER = """
import mmap, socket, struct, sys
from pathlib import Path
import uvicorn
from tawsim.server.app import create_app
from tawsim.server.sign_in_state import ServerState
from tawsim.workspaces.accounts import open_accounts
from tawsim.workspaces.workspace import open_workspace

with open(sys.argv[3], "r+b") as file:
    shared = mmap.mmap(file.fileno(), 8)
clock = lambda: struct.unpack("<q", shared[:8])[0]
workspace = open_workspace(Path(sys.argv[1]), clock=clock)
host = f"127.0.0.1:{sys.argv[4]}"
state = ServerState(
    {workspace.id: workspace}, open_accounts(Path(sys.argv[2]), clock=clock), cookie="c",
    allowed_hosts=frozenset({host}), base_url=f"http://{host}", clock=clock,
)
listener = socket.socket()
listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
listener.bind(("127.0.0.1", int(sys.argv[4])))
listener.listen()
print("ready", flush=True)
uvicorn.Server(uvicorn.Config(create_app(state), lifespan="off", log_level="warning")).run(sockets=[listener])
"""


class SharedClock(TestClock):
    """Its time lies in eight bytes that the server maps too."""

    __test__ = False

    def __init__(self, path: Path) -> None:
        path.write_bytes(struct.pack("<q", START))
        with path.open("r+b") as file:
            self._bytes = mmap.mmap(file.fileno(), 8)

    @property  # type: ignore[override]
    def now(self) -> int:
        found: int = struct.unpack("<q", self._bytes[:8])[0]
        return found

    @now.setter
    def now(self, value: int) -> None:
        self._bytes[:8] = struct.pack("<q", value)


class KilledServer(OverHttp):
    """Requests go over a socket; this process reads the file beside the server, as `tawsim status` may."""

    kills = 0

    def __init__(self, template: Path) -> None:
        self.process: Any = None
        super().__init__(template)

    def _serve(self) -> None:
        if self.process is None:
            with self.db.read() as tx:
                self.workspace_id = tx.all("workspace_get")[0]["id"]
            self.books.close()
            self.clock = SharedClock(self.folder / "clock")
            self.books = accounts.open_accounts(self.folder, clock=self.clock)
            self.db.close()
            self._open_beside()
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        command = [str(self.path), str(self.folder), str(self.folder / "clock"), str(self.port)]
        self.process, line = warm_starter().start(["-c", SERVER, *command])
        assert line == "ready\n"
        self.web = httpx2.Client(base_url=f"http://127.0.0.1:{self.port}", timeout=20, verify=False)

    def _open_beside(self) -> None:
        super(OverHttp, self)._open()

    def _kill(self) -> None:
        self.web.close()
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(10)
        type(self).kills += 1

    def end(self) -> None:
        self._kill()
        super().end()

    def raw(self, who: str, method: str, path: str, body: Any = None) -> httpx2.Response:
        headers = {"authorization": f"Bearer {self._token(who)}"}
        return self.web.request(method, "/api/v1" + path, json=body, headers=headers)

    def _token(self, worker: str) -> str:
        if worker not in self.tokens:
            identity = accounts.Identity(self.workspace_id, worker)
            self.tokens[worker] = self.books.write(lambda tx: accounts.issue(tx, "token", identity))
        return self.tokens[worker]

    # ---- faults ------------------------------------------------------------------------------------------------
    def crash(self) -> None:
        self._kill()
        self._serve()

    def crash_in(self, call: Callable[[], Any], *, after_commit: bool) -> None:
        if after_commit:
            call()
        self.crash()

    def backup_restore(self) -> None:
        target = self._next_path()
        self.db.backup_to(target)
        self._kill()
        self.db.close()
        self.path = target
        self._open_beside()
        self._serve()

    def fill_disk(self) -> None:
        """Not from out here."""

    fail_disk = mend_disk = fill_disk
