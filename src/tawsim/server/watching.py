"""What a server does by itself besides answering: sends messages, leaves heads of the chain, looks for alerts, sends mail.

Two threads for as long as it serves. What each of these is stands in loop/ and workspaces/; here is only when.
"""

import logging
import threading
from collections.abc import Callable

from tawsim.core.errors import TawsimError
from tawsim.labellers.mailing import Mailbox, mailbox
from tawsim.loop import alerts, digests
from tawsim.loop.delivering import Deliverer
from tawsim.server.sign_in_state import ServerState
from tawsim.workspaces import audit
from tawsim.workspaces.workspace import Workspace

log = logging.getLogger("tawsim.watching")
DELIVER_EVERY_S = 0.5
LOOK_EVERY_S = 60.0
FIRST_LOOK_S = 10.0


class Watching:
    """Runs until `stop`."""

    def __init__(self, state: ServerState) -> None:
        self._state = state
        self._over = threading.Event()
        self._deliverers = {one.id: Deliverer(one.db, state.accounts, one.id) for one in state.workspaces.values()}
        self._mailbox = _mailbox()
        self._threads = [
            threading.Thread(target=work, name=work.__name__.strip("_"), daemon=True)
            for work in (self._send, self._look)
        ]
        for one in self._threads:
            one.start()

    def stop(self) -> None:
        """Begin nothing more, and wait a little for what is under way."""
        self._over.set()
        for deliverer in self._deliverers.values():
            deliverer.close()
        for one in self._threads:
            one.join(5)
        for deliverer in self._deliverers.values():
            deliverer.wait(3)

    def _send(self) -> None:
        while not self._over.wait(DELIVER_EVERY_S):
            for workspace in list(self._state.workspaces.values()):
                _guarded("deliveries", workspace, self._deliverers[workspace.id].step)

    def _look(self) -> None:
        for workspace in list(self._state.workspaces.values()):
            _guarded("taking in earlier events", workspace, lambda one=workspace: audit.take_in_earlier(one.db))  # type: ignore[misc]
        pause = FIRST_LOOK_S
        while not self._over.wait(pause):
            pause = LOOK_EVERY_S
            for workspace in list(self._state.workspaces.values()):
                _guarded("leaving a head", workspace, lambda one=workspace: self._anchor(one))  # type: ignore[misc]
                _guarded("alerts", workspace, lambda one=workspace: alerts.look(one.db))  # type: ignore[misc]
                if self._mailbox is not None:
                    _guarded("summaries", workspace, lambda one=workspace: self._mail(one))  # type: ignore[misc]

    def _anchor(self, workspace: Workspace) -> None:
        with workspace.db.read() as tx:
            head = audit.head(tx)
        audit.anchor(self._state.accounts, workspace.id, head)

    def _mail(self, workspace: Workspace) -> None:
        assert self._mailbox is not None
        digests.send_due(workspace.db, self._mailbox, self._state.base_url)


def _mailbox() -> Mailbox | None:
    try:
        return mailbox()
    except TawsimError as error:
        log.error("no mail is sent: %s", error)
        return None


def _guarded(what: str, workspace: Workspace, work: Callable[[], object]) -> None:
    try:
        work()
    except TawsimError as error:
        log.warning("%s of %s: %s", what, workspace.name, error)
    except Exception:  # whatever it was, the next round tries again
        log.exception("%s of %s failed", what, workspace.name)
