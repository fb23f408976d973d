"""Signing in by a one-time link or by name and password, who am I, signing out; and the health check.

Passkeys and single sign-on have rooms of their own (passkeys.py, sign_on.py). What one may do to one's own account is in
account.py.
"""

from collections.abc import Callable
from dataclasses import dataclass

from fastapi import APIRouter, Request
from starlette.responses import Response

import tawsim
from tawsim.core.errors import NotSignedIn, TooSoon
from tawsim.loop.views import worker_json
from tawsim.server import shapes
from tawsim.server.answers import Json
from tawsim.server.permissions import Caller, SignedIn, allow
from tawsim.server.sign_in_state import ServerState
from tawsim.store.database import Transaction
from tawsim.workspaces import accounts, passwords, throttle
from tawsim.workspaces.accounts import Identity, Way
from tawsim.workspaces.sign_on import sign_on_of
from tawsim.workspaces.workspace import Workspace, find_worker

router = APIRouter(tags=["sessions"])
WRONG = "The name or the password is wrong."


@dataclass(frozen=True, slots=True)
class EnterBody:
    """The secret of a one-time link."""

    token: str


@dataclass(frozen=True, slots=True)
class PasswordBody:
    """A name and a password; `workspace` is its name, needed where a server has several."""

    name: str
    password: str
    workspace: str = ""


@dataclass(frozen=True)
class WaysShape:
    """How one may come in here. `workspace` is true where its name must be said; `sign_on` names single sign-on, if set up."""

    workspace: bool
    sign_on: str | None


def session_json(state: ServerState, caller: Caller) -> dict[str, object]:
    """Who is signed in, and where."""
    return {
        "workspace": {"id": caller.workspace.id, "name": caller.workspace.name},
        "worker": worker_json(caller.worker),
        "version": tawsim.__version__,
        **state.facts(),
    }


def device_of(request: Request) -> str:
    """What the browser calls itself, for the list of one's sessions."""
    return request.headers.get("user-agent", "")[: accounts.MAX_DEVICE]


def workspace_named(state: ServerState, name: str) -> Workspace | None:
    """The workspace that a sign-in means: the only one, else the one of that name."""
    if len(state.workspaces) == 1 and not name:
        return next(iter(state.workspaces.values()))
    found = [one for one in state.workspaces.values() if one.name == name]
    return found[0] if len(found) == 1 else None


def signed_in_answer(state: ServerState, secret: str) -> Response:
    """The session's cookie and who it is. Raises NotSignedIn, for an account that was let out too."""
    workspace, worker, standing = state.identify(secret)
    response = Json(session_json(state, Caller(workspace, worker, secret, standing)))
    response.set_cookie(
        state.cookie, secret, max_age=accounts.LIFETIMES["session"] // 1_000_000, path="/", httponly=True,
        samesite="strict", secure=state.base_url.startswith("https:"),
    )  # fmt: skip
    return response


async def enter_as(
    state: ServerState, request: Request, way: Way, shown: Callable[[Transaction], Identity]
) -> Response:  # fmt: skip
    """A session for whom `shown` gives. It is asked in the transaction that makes the session: what somebody showed and a reset
    took away meanwhile lets nobody in. Raises NotSignedIn, and says why, for one who was let out."""
    device = device_of(request)

    def work(tx: Transaction) -> str:
        return accounts.begin_session(tx, shown(tx), way, device)

    secret = await state.accounts.write_async(work)
    try:
        return signed_in_answer(state, secret)
    except NotSignedIn:  # or the session would stand on the day when they are let in again
        await state.accounts.write_async(lambda tx: accounts.sign_out(tx, secret))
        raise


@router.get("/health", **allow("anyone", gives=shapes.HealthShape))
async def health() -> Json:
    """Whether the server answers."""
    return Json({"status": "ok", "version": tawsim.__version__})


@router.get("/sign-in", **allow("anyone", gives=WaysShape))
async def ways(request: Request) -> Json:
    """How one may come in here. Says nothing of a workspace but that single sign-on is there."""
    state: ServerState = request.app.state.tawsim
    several = len(state.workspaces) != 1
    found = None
    if not several:
        with state.accounts.read() as tx:
            found = sign_on_of(tx, next(iter(state.workspaces)))
    return Json({"workspace": several, "sign_on": None if found is None else found.name})


@router.post("/sessions", **allow("anyone", gives=shapes.SessionShape))
async def enter(body: EnterBody, request: Request) -> Response:
    """Exchange a one-time link for a session cookie. 401 if it was used, has expired, or never was."""
    state: ServerState = request.app.state.tawsim
    device = device_of(request)
    secret, _ = await state.accounts.write_async(lambda tx: accounts.exchange(tx, body.token, device))
    return signed_in_answer(state, secret)


@router.post("/sessions/password", **allow("anyone", gives=shapes.SessionShape))
async def enter_by_password(body: PasswordBody, request: Request) -> Response:
    """Exchange a name and a password for a session cookie. 401 if they do not fit, 429 after many that did not.

    A name that is nobody's gets the same answer after the same work.
    """
    state: ServerState = request.app.state.tawsim
    place = workspace_named(state, body.workspace)
    address = request.client.host if request.client is not None else ""
    who = throttle.subjects("" if place is None else place.id, body.name, address)
    wait = await state.accounts.write_async(lambda tx: throttle.take(tx, who))
    if wait:
        raise TooSoon("Too many wrong passwords.", f"Wait {wait} s, or open a one-time link.", retry_after_s=wait)
    identity = None if place is None else _account_of(place, body.name)
    with state.accounts.read() as tx:
        stored = None if identity is None else passwords.stored_hash(tx, identity)

    def try_it() -> bool:
        nobody = passwords.nobodys_hash()
        return passwords.matches(stored or nobody, body.password) and stored is not None

    if not await state.hashing.run(try_it) or identity is None:
        raise NotSignedIn(WRONG, "Try again, or ask for a one-time link.")
    who_it_is = identity

    def shown(tx: Transaction) -> Identity:
        if passwords.stored_hash(tx, who_it_is) != stored:  # another by now, or none: trying it took a while
            raise NotSignedIn(WRONG, "Try again, or ask for a one-time link.")
        throttle.was_right(tx, who)
        return who_it_is

    return await enter_as(state, request, "password", shown)


def _account_of(place: Workspace, name: str) -> Identity | None:
    """The person of that name, if there is one; who was let out is told so after the right password."""
    with place.db.read() as tx:
        worker = find_worker(tx, name)
    return None if worker is None or worker.kind != "person" else Identity(place.id, worker.id)


@router.get("/session", **allow("signed_in", gives=shapes.SessionShape))
async def session(request: Request, caller: SignedIn) -> Json:
    """Who is signed in, and where."""
    return Json(session_json(request.app.state.tawsim, caller))


@router.delete("/session", **allow("anyone"))
async def leave(request: Request) -> Response:
    """Sign out. Idempotent."""
    state: ServerState = request.app.state.tawsim
    try:
        secret = state.secret_of(request)
        await state.accounts.write_async(lambda tx: accounts.sign_out(tx, secret))
    except NotSignedIn:
        pass
    response = Response(status_code=204)
    response.delete_cookie(state.cookie, path="/", httponly=True, samesite="strict")
    return response
