"""Who calls the Scale-compatible API: a key, as Basic with an empty password or as Bearer. No cookie and no other token signs in.

The key's text tells its world, its credential in the accounts file its workspace. Test keys reach the workspace beside; their
makers act there as what they are in the workspace itself.
"""

import base64
import binascii
from collections.abc import Mapping

from tawsim.core.errors import NotSignedIn
from tawsim.core.records import Worker
from tawsim.loop.scale.world import World
from tawsim.server.permissions import Caller
from tawsim.server.remembering import Basis
from tawsim.server.sign_in_state import ServerState
from tawsim.workspaces import accounts, scale_keys
from tawsim.workspaces.accounts import Identity, Standing
from tawsim.workspaces.workspace import Workspace, get_worker

NO_KEY = "Send a key: as the user name with an empty password, or as Bearer."
ANOTHER = "An owner makes one on the page Scale API, or with: tawsim scale key new"
LONGEST = 200


def key_of(headers: Mapping[str, str]) -> str:
    """The key that a request carries. Raises NotSignedIn."""
    kind, _, sent = headers.get("authorization", "").partition(" ")
    sent = sent.strip()
    if kind.lower() == "bearer":
        found = sent
    elif kind.lower() == "basic":
        found = _of_basic(sent)
    else:
        raise NotSignedIn("There is no key in this request.", NO_KEY)
    if scale_keys.mode_of(found) is None or len(found) > LONGEST:
        raise NotSignedIn("This is no key of this server: they begin with live_ or test_.", ANOTHER)
    return found


def _of_basic(sent: str) -> str:
    try:
        name, _, password = base64.b64decode(sent, validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        raise NotSignedIn("The key is not written as Basic has it.", NO_KEY) from None
    if password:
        raise NotSignedIn("A key stands alone, without a password.", NO_KEY)
    return name


def sign(state: ServerState, headers: Mapping[str, str]) -> tuple[World, Caller]:
    """The world of the request's key, and whose key it is. Raises NotSignedIn. What was found is remembered by the header."""
    sent = headers.get("authorization", "")
    found: tuple[World, Caller] | None = state.known_keys.get(sent, state.clock())
    if found is None:
        found = _look_up(state, key_of(headers), sent)
    state.note_use(found[1].standing)
    return found


def _look_up(state: ServerState, key: str, sent: str) -> tuple[World, Caller]:
    mode = scale_keys.mode_of(key)
    assert mode is not None
    books = Basis.of(state.accounts)
    with state.accounts.read() as tx:
        try:
            identity, standing = accounts.standing(tx, key)
        except NotSignedIn:  # its words are for people and their links
            raise NotSignedIn("This key is not known here, or it has ended.", ANOTHER) from None
        home_id = scale_keys.home_of(tx, identity.workspace_id) if mode == "test" else identity.workspace_id
    home = state.workspaces.get(home_id)
    if home is None or standing.kind != "token":
        raise NotSignedIn("This key is for a workspace that is not served here.")
    workspace = state.twin_of(home) if mode == "test" else home
    people = Basis.of(home.db)
    worker = _maker(home, identity, standing)
    world = World(workspace.db, state.accounts, workspace.id, mode, worker.id)
    found = (world, Caller(workspace, worker, key, standing))
    state.known_keys.put(sent, found, standing.expires_at, books, people)
    return found


def _maker(home: Workspace, identity: Identity, standing: Standing) -> Worker:
    """Who made the key, as they are in the workspace now; in the one of test keys they have the same id."""
    with home.db.read() as tx:
        worker = get_worker(tx, identity.worker_id)
    if not worker.active:
        raise NotSignedIn("Whoever made this key has left the workspace.", "Ask its owner for a new one.")
    return worker
