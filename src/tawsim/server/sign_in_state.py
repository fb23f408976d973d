"""What a running server holds: its open workspaces, the accounts file, and a one-second memory of who is signed in."""

from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from starlette.requests import Request

from tawsim.core.clock import SECOND, Clock, system_clock
from tawsim.core.errors import NotSignedIn, TawsimError
from tawsim.core.records import Worker
from tawsim.server.hashing import Hashing
from tawsim.store.database import Database
from tawsim.workspaces import accounts
from tawsim.workspaces.accounts import SEEN_EVERY, Standing
from tawsim.workspaces.workspace import Workspace, get_worker

REMEMBER = SECOND
REMEMBERED_AT_MOST = 20_000


@dataclass(slots=True)
class ServerState:
    """`cookie` is named after the port, since browsers do not keep the cookies of two ports of one host apart."""

    workspaces: dict[str, Workspace]
    accounts: Database
    cookie: str = "tawsim"
    allowed_hosts: frozenset[str] = frozenset()
    base_url: str = ""
    demo: bool = False
    clock: Clock = system_clock
    hashing: Hashing = field(default_factory=Hashing)
    _known: dict[str, tuple[int, Workspace, Worker, Standing]] = field(default_factory=dict)

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

    def identify(self, secret: str) -> tuple[Workspace, Worker, Standing]:
        """Whom the credential stands for. A change elsewhere is seen after at most a second; here, at once."""
        now = self.clock()
        known = self._known.get(secret)
        if known is not None and 0 <= now - known[0] < REMEMBER:
            return known[1:]
        with self.accounts.read() as tx:
            identity, standing = accounts.standing(tx, secret)
        workspace = self.workspaces.get(identity.workspace_id)
        if workspace is None:
            raise NotSignedIn("This credential is for a workspace that is not served here.")
        with workspace.db.read() as tx:
            worker = get_worker(tx, identity.worker_id)
        if not worker.active:
            self._known.pop(secret, None)
            raise NotSignedIn("This account was deactivated.", "Ask the owner of the workspace.")
        if len(self._known) >= REMEMBERED_AT_MOST:
            self._known.clear()
        self._known[secret] = (now, workspace, worker, standing)
        if standing.seen_at is None or not 0 <= now - standing.seen_at < SEEN_EVERY:
            with suppress(TawsimError):  # nobody waits for it, and nothing rests on it
                self.accounts.write_soon(lambda tx: accounts.seen(tx, standing.id))
        return workspace, worker, standing

    def forget(self) -> None:
        """Look everybody up again at their next request."""
        self._known.clear()

    def link(self, secret: str) -> str:
        """A one-time link. The secret stands behind the #, which browsers send to no server and write in no log."""
        return f"{self.base_url}/enter#{secret}"

    def facts(self) -> dict[str, Any]:
        """What a session may know of the server."""
        return {"demo": self.demo}
