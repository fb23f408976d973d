"""A real server on the loopback, in this process, with keys of both kinds: for tests that use Scale's own client."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import uvicorn

from tawsim.sdk.scale import scale_client
from tawsim.server.app import create_app
from tawsim.server.run import listen
from tawsim.server.sign_in_state import ServerState
from tawsim.server.watching import Watching
from tawsim.workspaces import accounts, scale_keys
from tawsim.workspaces.workspace import Workspace, get_worker, open_workspace


@dataclass
class Served:
    """Where it listens, and its keys."""

    url: str
    workspace: Workspace
    state: ServerState
    keys: dict[str, str] = field(default_factory=dict)

    def key(self, mode: Any = "live") -> str:
        """A key of this kind, made at first."""
        if mode not in self.keys:
            with self.workspace.db.read() as tx:
                owner = get_worker(tx, self.workspace.owner_id)
            self.keys[mode] = scale_keys.new_key(self.state.accounts, self.workspace, owner, mode, "main")[0]
        return self.keys[mode]

    def client(self, mode: Any = "live") -> Any:
        """Scale's own client with a key of this kind."""
        return scale_client(self.url, self.key(mode))


@contextmanager
def served(folder: Path, name: str = "work", *, watching: bool = False, create: bool = True) -> Iterator[Served]:
    """A server of a fresh workspace in `folder`, or without `create` of one that is there; `watching`: with what a server does
    by itself besides answering."""
    folder.mkdir(parents=True, exist_ok=True)
    workspace = open_workspace(folder / f"{name}.tawsim", create=create, owner="Noor" if create else None)
    books = accounts.open_accounts(folder)
    listener = listen("127.0.0.1", 0)
    place = f"127.0.0.1:{listener.getsockname()[1]}"
    state = ServerState(
        {workspace.id: workspace}, books, cookie="tawsim_t", allowed_hosts=frozenset({place}), base_url=f"http://{place}"
    )  # fmt: skip
    server = uvicorn.Server(uvicorn.Config(create_app(state), log_level="warning", access_log=False, lifespan="on"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    while not server.started and thread.is_alive():
        time.sleep(0.005)
    looks = Watching(state) if watching else None
    try:
        yield Served(f"http://{place}", workspace, state)
    finally:
        if looks is not None:
            looks.stop()
        server.should_exit = True
        thread.join(10)
        state.close_twins()
        books.close()
        workspace.close()
