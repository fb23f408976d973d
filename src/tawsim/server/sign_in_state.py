"""What a running server holds: its open workspaces, the accounts file, and a memory of who is signed in (remembering.py).

`twins` are the workspaces of test keys, by the id of the workspace that each is beside; only the Scale-compatible API reaches
them. One that was made while the server ran, here or at the terminal, is opened when it is first asked for.
"""

import logging
import threading
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from starlette.requests import Request

from tawsim.core.clock import Clock, system_clock
from tawsim.core.errors import NotAllowed, NotSignedIn, TawsimError
from tawsim.core.records import Worker
from tawsim.loop.aside import Aside
from tawsim.server import letting_out
from tawsim.server.few_at_once import FewAtOnce
from tawsim.server.remembering import Basis, Remembered, Uses
from tawsim.store import serving
from tawsim.store.database import Database
from tawsim.store.serving import ServingLock
from tawsim.workspaces import accounts, scale_keys
from tawsim.workspaces.accounts import Standing
from tawsim.workspaces.workspace import Workspace, get_worker, open_workspace

log = logging.getLogger("tawsim.server")
Known = tuple[Workspace, Worker, Standing]


@dataclass(slots=True)
class ServerState:
    """`cookie` is named after the port, since browsers do not keep the cookies of two ports of one host apart. `outgoing`: the
    private places (host:port) that whoever runs the server lets its workspaces open."""

    workspaces: dict[str, Workspace]
    accounts: Database
    cookie: str = "tawsim"
    allowed_hosts: frozenset[str] = frozenset()
    outgoing: frozenset[str] = frozenset()
    base_url: str = ""
    demo: bool = False
    clock: Clock = system_clock
    hashing: FewAtOnce = field(default_factory=partial(FewAtOnce, "password", 2))
    asking: FewAtOnce = field(default_factory=partial(FewAtOnce, "sign-on", 4))  # of issuers, which may be slow
    aside: Aside = field(default_factory=Aside)
    twins: dict[str, Workspace] = field(default_factory=dict)
    known: Remembered[Known] = field(default_factory=Remembered)
    known_keys: Remembered[Any] = field(default_factory=Remembered)
    uses: Uses = field(default_factory=Uses)
    _locks: list[ServingLock] = field(default_factory=list)
    _opening: threading.Lock = field(default_factory=threading.Lock)

    def check_outgoing(self, places: str) -> None:
        """Raise NotAllowed for private places that an owner may not have this machine open. On a server of one workspace its
        owners may name any; where several share it, none of them is who runs it, and its loopback is not theirs."""
        if not all(self.permits(one) for one in places.replace(",", " ").split()):
            raise NotAllowed(
                "Several workspaces share this server: private addresses are allowed by whoever runs it.",
                "They start it with --allow-outgoing HOST:PORT.",
            )

    def permits(self, place: str) -> bool:
        """Whether an owner may have this machine open a private host:port, now: the server may have had fewer workspaces when
        they allowed it."""
        return len(self.workspaces) <= 1 or place in self.outgoing

    def secret_of(self, request: Request) -> str:
        """The credential of a request, or NotSignedIn."""
        header = request.headers.get("authorization", "")
        if header[:7].lower() == "bearer ":
            return header[7:].strip()
        secret = request.cookies.get(self.cookie)
        if not secret:
            raise NotSignedIn(
                "You are not signed in.", "Open the link that you were given, or start Tawsim again for a new one."
            )
        return secret

    def identify(self, secret: str) -> Known:
        """Whom the credential stands for. A change here is seen at once, one by another process within a second."""
        now = self.clock()
        found = self.known.get(secret, now)
        if found is None:
            found = self._look_up(secret)
        self.note_use(found[2])
        return found

    def _look_up(self, secret: str) -> Known:
        if (
            scale_keys.mode_of(secret) is not None
        ):  # it lies about in programs of years ago: it reaches no further than they do
            raise NotSignedIn("This key is for the Scale-compatible API alone.", "Make a token on your account's page.")
        books = Basis.of(self.accounts)
        try:
            with self.accounts.read() as tx:
                identity, standing = accounts.standing(tx, secret)
        except NotSignedIn:
            was = letting_out.ended_with_the_account(self.accounts, self.workspaces, secret)
            if was is not None:
                raise letting_out.refusal(*was) from None
            raise
        workspace = self.workspaces.get(identity.workspace_id)
        if workspace is None:
            raise NotSignedIn("This credential is for a workspace that is not served here.")
        home = Basis.of(workspace.db)
        with workspace.db.read() as tx:
            worker = get_worker(tx, identity.worker_id)
        if not worker.active:
            raise letting_out.refusal(workspace, worker.id)
        found = (workspace, worker, standing)
        self.known.put(secret, found, standing.expires_at, books, home)
        return found

    def note_use(self, standing: Standing) -> None:
        """Write down that a credential was used, to a minute, and not one by one."""
        if self.uses.note(standing, self.clock()):
            self.uses.write(self.accounts)

    def twin_of(self, home: Workspace) -> Workspace:
        """The workspace of test keys beside `home`, opened at first. Raises NotSignedIn where there is none."""
        found = self.twins.get(home.id)
        if found is not None:
            return found
        with self._opening:
            found = self.twins.get(home.id)
            if found is None:
                found = self._open_twin(home)
                self.twins[home.id] = found
        return found

    def _open_twin(self, home: Workspace) -> Workspace:
        with self.accounts.read() as tx:
            path = scale_keys.twin_path(tx, home)
        if path is None or not path.exists():
            raise NotSignedIn("The workspace of this key is gone.", "Make a new test key.")
        lock = serving.hold(path, self.base_url)
        try:
            found = open_workspace(path, clock=home.db.clock)
        except BaseException:
            lock.release()
            raise
        self._locks.append(lock)
        return found

    def open_twins(self) -> None:
        """Open the workspaces of test keys of all that are served, so that what waits there goes on."""
        for home in list(self.workspaces.values()):
            with self.accounts.read() as tx:
                path = scale_keys.twin_path(tx, home)
            if path is None or not path.exists():
                continue
            try:
                self.twin_of(home)
            except TawsimError as error:
                log.warning("test keys of %s do not work: %s", home.name, error)

    def close_twins(self) -> None:
        """Let go of them."""
        for twin in self.twins.values():
            twin.close()
        self.twins.clear()
        for lock in self._locks:
            lock.release()
        self._locks.clear()

    @property
    def all_workspaces(self) -> list[Workspace]:
        """Those of people and those of test keys: for what a server does by itself."""
        return [*self.workspaces.values(), *self.twins.values()]

    def link(self, secret: str) -> str:
        """A one-time link. The secret stands behind the #, which browsers send to no server and write in no log."""
        return f"{self.base_url}/enter#{secret}"

    def facts(self) -> dict[str, Any]:
        """What a session may know of the server."""
        return {"demo": self.demo}
