"""What a server does by itself besides answering: sends messages, leaves heads of the chain, looks for alerts, sends mail;
places the tasks of the Scale-compatible API, says what became of them, and fetches its files.

A few threads for as long as it serves. What each of these is stands in loop/ and workspaces/; here is only when.
"""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass

from tawsim.core.errors import TawsimError
from tawsim.labellers.mailing import Mailbox, mailbox
from tawsim.loop import alerts, digests, reviewing
from tawsim.loop.delivering import Deliverer
from tawsim.loop.scale.completing import Completer
from tawsim.loop.scale.file_imports import Imports
from tawsim.loop.scale.placing import Placer
from tawsim.loop.scale.sending import Sender
from tawsim.loop.scale.v2_batches import cancel_more
from tawsim.loop.scale.world import Mode, World
from tawsim.server.sign_in_state import ServerState
from tawsim.workspaces import audit
from tawsim.workspaces.workspace import Workspace

log = logging.getLogger("tawsim.watching")
DELIVER_EVERY_S = 0.5
SCALE_EVERY_S = 0.2
FETCH_EVERY_S = 1.0
LOOK_EVERY_S = 60.0
FIRST_LOOK_S = 10.0


@dataclass(frozen=True, slots=True)
class _Scale:
    """What the Scale-compatible API does by itself in one world. Tasks of test keys are never placed and end at once."""

    placer: Placer | None
    completer: Completer | None
    sender: Sender

    def close(self) -> None:
        """Begin nothing more."""
        self.sender.close()
        if self.placer is not None:
            self.placer.close()


class Watching:
    """Runs until `stop`."""

    def __init__(self, state: ServerState) -> None:
        self._state = state
        self._over = threading.Event()
        self._deliverers = {
            one.id: Deliverer(one.db, state.accounts, one.id, permits=state.permits)
            for one in state.workspaces.values()
        }
        self._scale: dict[str, _Scale] = {}
        self._imports = Imports()
        self._door = threading.Lock()
        self._mailbox = _mailbox()
        self._threads = [
            threading.Thread(target=work, name=work.__name__.strip("_"), daemon=True)
            for work in (self._send, self._look, self._place, self._follow, self._call_back, self._fetch)
        ]
        for one in self._threads:
            one.start()

    def stop(self) -> None:
        """Begin nothing more, and wait a little for what is under way."""
        self._over.set()
        for deliverer in self._deliverers.values():
            deliverer.close()
        with self._door:
            worlds = list(self._scale.values())
        self._imports.close()
        for world in worlds:
            world.close()
        for one in self._threads:
            one.join(5)
        for deliverer in self._deliverers.values():
            deliverer.wait(3)
        for world in worlds:
            world.sender.wait(3)

    def _send(self) -> None:
        while not self._over.wait(DELIVER_EVERY_S):
            for workspace in list(self._state.workspaces.values()):
                _guarded("deliveries", workspace, self._deliverers[workspace.id].step)

    # ---- the Scale-compatible API: one thread each, so that none waits for another ---------------------------------
    def _place(self) -> None:
        def step(one: _Scale) -> bool:
            if one.placer is None:
                return False
            more = one.placer.step()
            return cancel_more(one.placer.world) or more

        self._for_ever(SCALE_EVERY_S, "placing tasks", step)

    def _follow(self) -> None:
        self._for_ever(
            SCALE_EVERY_S, "completing tasks", lambda one: one.completer is not None and one.completer.step()
        )

    def _call_back(self) -> None:
        def step(one: _Scale) -> bool:
            one.sender.step()
            return False

        self._for_ever(SCALE_EVERY_S, "callbacks", step)

    def _for_ever(self, every_s: float, what: str, step: Callable[[_Scale], bool]) -> None:
        """Each world in turn; at once again where a step left more to do."""
        more = False
        while not self._over.wait(0.0 if more else every_s):
            more = False
            for mode, workspace in self._worlds():
                found = _guarded(what, workspace, lambda one=workspace, mode=mode: step(self._of(mode, one)))  # type: ignore[misc]
                more = more or bool(found)

    def _fetch(self) -> None:
        while not self._over.wait(FETCH_EVERY_S):
            self._imports.step([_world(self._state, mode, one, "clock") for mode, one in self._worlds()])

    def _worlds(self) -> list[tuple[Mode, Workspace]]:
        live: list[tuple[Mode, Workspace]] = [("live", one) for one in list(self._state.workspaces.values())]
        return live + [("test", one) for one in list(self._state.twins.values())]

    def _of(self, mode: Mode, workspace: Workspace) -> _Scale:
        with self._door:
            found = self._scale.get(workspace.id)
            if found is None:
                found = self._scale[workspace.id] = _scale_of(self._state, mode, workspace)
        return found

    def _look(self) -> None:
        for workspace in list(self._state.workspaces.values()):
            _guarded("taking in earlier events", workspace, lambda one=workspace: audit.take_in_earlier(one.db))  # type: ignore[misc]
        pause = FIRST_LOOK_S
        while not self._over.wait(pause):
            pause = LOOK_EVERY_S
            for workspace in list(self._state.workspaces.values()):
                _guarded("leaving a head", workspace, lambda one=workspace: self._anchor(one))  # type: ignore[misc]
                _guarded("filling review queues", workspace, lambda one=workspace: reviewing.fill_all(one.db))  # type: ignore[misc]
                _guarded("alerts", workspace, lambda one=workspace: alerts.look(one.db, self._state.aside.quality_page))  # type: ignore[misc]
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


def _world(state: ServerState, mode: Mode, workspace: Workspace, actor_id: str) -> World:
    return World(workspace.db, state.accounts, workspace.id, mode, actor_id, state.permits)


def _scale_of(state: ServerState, mode: Mode, workspace: Workspace) -> _Scale:
    """What is placed is placed for the workspace's owner; what is found out, nobody said."""
    mine, nobody = _world(state, mode, workspace, workspace.owner_id), _world(state, mode, workspace, "clock")
    live = mode == "live"
    return _Scale(Placer(mine) if live else None, Completer(nobody) if live else None, Sender(nobody))


def _guarded(what: str, workspace: Workspace, work: Callable[[], object]) -> object:
    """What the work returns; None where it failed."""
    try:
        return work()
    except TawsimError as error:
        log.warning("%s of %s: %s", what, workspace.name, error)
    except Exception:  # whatever it was, the next round tries again
        log.exception("%s of %s failed", what, workspace.name)
    return None
