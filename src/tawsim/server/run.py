"""Running a server: take the files' locks, listen on the loopback, print one-time links, stop cleanly."""

import logging
import socket
import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

import uvicorn
from starlette.types import ASGIApp

from tawsim.core.errors import BadInput
from tawsim.loop import inferring
from tawsim.server.app import create_app
from tawsim.server.bounded import Bounded
from tawsim.server.sign_in_state import ServerState
from tawsim.server.watching import Watching
from tawsim.store import serving
from tawsim.workspaces import accounts, scale_keys
from tawsim.workspaces.accounts import Identity
from tawsim.workspaces.workspace import Workspace, open_workspace

DEFAULT_PORT = 7373
BACKLOG = 2048
# Imports, learning and figures of small projects compute in threads beside the one that answers: it gets its turn after this
# long, not after Python's 5 ms for each of them.
SWITCH_S = 0.0001
LOOPBACK = ("127.0.0.1", "::1", "localhost")
EVERYWHERE = ("0.0.0.0", "::")  # noqa: S104  every address of this machine, where the operator asks for it


def serve(
    workspaces: Sequence[Path],
    *,
    host: str = "127.0.0.1",
    port: int | None = None,
    allow_hosts: Sequence[str] = (),
    allow_outgoing: Sequence[str] = (),
    open_browser: bool = False,
    demo: bool = False,
    address: str = "",
    on_ready: Callable[[dict[str, str]], None] = lambda links: None,
) -> None:
    """Serve the workspace files until SIGINT or SIGTERM. `on_ready` gets a one-time link for each workspace's name.

    `address`: how people reach this server where a proxy stands before it; with https the cookies of sessions are never sent
    without TLS. `allow_outgoing`: private host:port that owners of several workspaces may open. Without `port` the usual one is
    taken, or a free one if something else listens there. Raises AlreadyRunning if another process serves one of the files,
    BadInput for an address that cannot be had.
    """
    workspaces = _of_people(workspaces)
    listener = listen(host, port)
    port = listener.getsockname()[1]
    public = read_address(address) if address else ""
    base_url = public or f"http://{_reachable(host)}:{port}"
    allow_hosts = [*allow_hosts, *([public.partition("://")[2]] if public else [])]
    with ExitStack() as stack:
        stack.callback(listener.close)
        opened = []
        for path in workspaces:
            stack.callback(serving.hold(path.absolute(), base_url).release)
            workspace = open_workspace(path)
            stack.callback(workspace.close)
            opened.append(workspace)
        books = accounts.open_accounts(workspaces[0].absolute().parent)
        stack.callback(books.close)
        state = ServerState(
            {w.id: w for w in opened}, books, cookie=f"tawsim_{port}", base_url=base_url, demo=demo,
            allowed_hosts=host_names(host, port, allow_hosts), outgoing=frozenset(allow_outgoing),
        )  # fmt: skip
        stack.callback(lambda: state.uses.write(books))
        stack.callback(state.close_twins)
        stack.callback(state.aside.close)
        for workspace in opened:
            inferring.learn_by(workspace.db, state.aside.learn)
            stack.callback(inferring.forget_truths, workspace.db)
        state.open_twins()
        stack.callback(Watching(state).stop)
        config = config_of(create_app(state))
        links = {w.name: launch_link(state, w) for w in opened}
        sys.setswitchinterval(SWITCH_S)
        _Server(config, lambda: _announce(links, on_ready, open_browser)).run(sockets=[listener])


def config_of(app: ASGIApp) -> uvicorn.Config:
    """How an application is served here."""
    return uvicorn.Config(
        app, http=Bounded, log_level="warning", access_log=False, server_header=False, ws="none", lifespan="on",
        timeout_keep_alive=75, timeout_graceful_shutdown=5, backlog=BACKLOG, proxy_headers=False,
    )  # fmt: skip


class _Server(uvicorn.Server):
    """A server that says when it listens."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._ready()


def _of_people(files: Sequence[Path]) -> Sequence[Path]:
    """The files but those that are for test keys: they are opened with the workspace that each is beside."""
    if len(files) == 1:
        return files
    twins = scale_keys.twin_files(files[0].absolute().parent)
    return [file for file in files if file.name not in twins]


def _reachable(host: str) -> str:
    if host in EVERYWHERE:
        return "127.0.0.1"
    return f"[{host}]" if ":" in host else host


def read_address(text: str) -> str:
    """“https://label.example.org”, with a port where it is not the usual one. Raises BadInput for anything else."""
    wrong = BadInput(
        f"{text[:100]!r} is no address of a server.", "Such as https://label.example.org, without a path.",
        field="address",
    )  # fmt: skip
    try:
        parts = urlsplit(text.strip())
        port = parts.port
    except ValueError:
        raise wrong from None
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username is not None:
        raise wrong
    if parts.path not in ("", "/") or parts.query or parts.fragment:
        raise wrong
    name = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    usual = {"http": 80, "https": 443}[parts.scheme]
    return f"{parts.scheme}://{name}" + (f":{port}" if port not in (None, usual) else "")


def listen(host: str, port: int | None) -> socket.socket:
    """A listening socket: whoever connects before the server is ready waits for it. Raises BadInput if the address is taken or
    not this machine's."""
    wanted = DEFAULT_PORT if port is None else port
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    for candidate in (wanted, 0) if port is None else (wanted,):
        listener = socket.socket(family, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, candidate))
            listener.listen(BACKLOG)  # until then a port can be bound twice, and only one of the two would ever serve
            return listener
        except OSError as error:
            listener.close()
            reason = error.strerror
    raise BadInput(f"Cannot listen on {host}:{wanted}: {reason}.", "Choose another with --port.")


def host_names(host: str, port: int, more: Sequence[str]) -> frozenset[str]:
    """The Host headers that this server answers to: the loopback's names where it listens there, its own, and `more`."""
    everywhere = host in EVERYWHERE
    names = (
        {f"{name}:{port}" for name in ("127.0.0.1", "localhost", "[::1]")} if everywhere or host in LOOPBACK else set()
    )
    if not everywhere:
        names.add(f"[{host}]:{port}" if ":" in host else f"{host}:{port}")
    for name in more:
        names |= {name, f"{name}:{port}"}
    return frozenset(names)


def launch_link(state: ServerState, workspace: Workspace) -> str:
    """A one-time link for the owner, as whoever started the server is."""
    identity = Identity(workspace.id, workspace.owner_id)
    secret = state.accounts.write(lambda tx: accounts.issue(tx, "launch", identity))
    return state.link(secret)


def _announce(links: dict[str, str], on_ready: Callable[[dict[str, str]], None], open_browser: bool) -> None:
    on_ready(links)
    if open_browser:
        import webbrowser

        try:
            webbrowser.open(next(iter(links.values())))
        except webbrowser.Error as error:
            logging.getLogger("tawsim.server").warning("no browser could be opened: %s", error)
