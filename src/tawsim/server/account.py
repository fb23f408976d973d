"""One's own account: what is known of oneself, password, sessions, tokens. By a session only: a token changes none of it."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from tawsim.core.errors import BadInput, Conflict, TooSoon
from tawsim.core.records import Worker
from tawsim.loop.views import worker_json
from tawsim.server.answers import Json
from tawsim.server.permissions import Caller, InPerson, allow
from tawsim.server.sign_in_state import ServerState
from tawsim.store.database import Transaction
from tawsim.store.keys import record
from tawsim.workspaces import accounts, passkeys, passwords, throttle
from tawsim.workspaces.accounts import Held, Identity
from tawsim.workspaces.passkeys import Passkey
from tawsim.workspaces.profiles import OWN, Profile, set_profile, versioned_profile
from tawsim.workspaces.roles import rename, scopes_of
from tawsim.workspaces.workspace import get_worker

router = APIRouter(tags=["account"])


@dataclass(frozen=True, slots=True)
class NewPasswordBody:
    """A new password, and the one it replaces if there is one."""

    password: str
    current: str = ""


@dataclass(frozen=True, slots=True)
class TokenBody:
    """A token to make: what to call it, what it may do, for how many days it holds."""

    name: str
    scopes: list[str]
    days: int = 90


@dataclass(frozen=True)
class AccountShape:
    """All that there is to one's own account. `scopes`: what one's tokens may be made for; `session`: the one in use."""

    worker: Worker
    profile: Profile
    version: int
    password: bool
    passkeys: list[Passkey]
    sessions: list[Held]
    tokens: list[Held]
    scopes: list[str]
    session: str


@dataclass(frozen=True)
class TokenShape:
    """A token: `secret` is shown now and never again."""

    token: Held
    secret: str


@dataclass(frozen=True)
class EndedShape:
    """How many sessions ended."""

    ended: int


def _me(caller: Caller) -> Identity:
    return Identity(caller.workspace.id, caller.worker.id)


async def noted(caller: Caller, kind: str, object_id: str | None = None) -> None:
    """Leave an event of what somebody did to their own account; what it is made of is in no log."""
    await caller.db.write_async(lambda tx: record(tx, kind, caller.worker.id, object_id=object_id or caller.worker.id))


@router.get("/account", **allow("signed_in", gives=AccountShape, by_session=True))
async def account(request: Request, caller: InPerson) -> Json:
    """One's own account."""
    state: ServerState = request.app.state.tawsim
    return Json(_account(state, caller))


def _account(state: ServerState, caller: Caller) -> dict[str, Any]:
    me = _me(caller)
    with caller.db.read() as tx:
        worker, (profile, version) = get_worker(tx, me.worker_id), versioned_profile(tx, me.worker_id)
    with state.accounts.read() as tx:
        return {
            "worker": worker_json(worker), "profile": asdict(profile), "version": version,
            "password": passwords.stored_hash(tx, me) is not None,
            "passkeys": [asdict(one) for one in passkeys.passkeys(tx, me)],
            "sessions": [asdict(one) for one in accounts.sessions(tx, me)],
            "tokens": [asdict(one) for one in accounts.tokens(tx, me)],
            "scopes": scopes_of(worker.role), "session": caller.standing.id,
        }  # fmt: skip


@router.patch("/account", **allow("signed_in", gives=AccountShape, by_session=True))
async def change(body: dict[str, Any], request: Request, caller: InPerson) -> Json:
    """Change one's own name, languages, dialects or time zone: `seen_version`, and any of them."""
    changes = dict(body)
    seen, name = changes.pop("seen_version", None), changes.pop("name", None)
    _check_own(seen, name, changes)
    me = caller.worker.id

    def work(tx: Transaction) -> None:
        if changes:
            set_profile(tx, me, me, seen, changes)
        if name is not None:
            rename(tx, me, me, name)

    await caller.db.write_async(work)
    state: ServerState = request.app.state.tawsim
    return Json(_account(state, caller))


def _check_own(seen: object, name: object, changes: Mapping[str, Any]) -> None:
    for field in changes:
        if field not in OWN:
            raise BadInput(f"{str(field)[:40]}: you cannot change this yourself.", "Ask the person who invited you.")
    if changes and (isinstance(seen, bool) or not isinstance(seen, int)):
        raise BadInput("seen_version: the version that you looked at.")
    if not (name is None or isinstance(name, str)) or (name is None and not changes):
        raise BadInput("name: a text; or say what else to change.")


@router.post("/account/password", **allow("signed_in", gives=EndedShape, by_session=True))
async def set_password(body: NewPasswordBody, request: Request, caller: InPerson) -> Json:
    """Set one's password. Where there is one, `current` must be it. Ends one's other sessions."""
    state: ServerState = request.app.state.tawsim
    me = _me(caller)
    clean = passwords.read_password(body.password, (caller.worker.name, caller.workspace.name))
    with state.accounts.read() as tx:
        stored = passwords.stored_hash(tx, me)
    if stored is not None:
        await _check_current(state, request, caller, stored, body.current)
    made = await state.hashing.run(lambda: passwords.hashed(clean))

    def work(tx: Transaction) -> int:
        accounts.check_stands(tx, caller.standing)
        if passwords.stored_hash(tx, me) != stored:
            raise Conflict("Your password was changed meanwhile.", "Look again, and say which one it replaces.")
        passwords.keep(tx, me, made)
        return accounts.end_sessions(tx, me, but=caller.standing.id)

    ended = await state.accounts.write_async(work)
    await noted(caller, "account.password")
    return Json({"ended": ended})


async def _check_current(state: ServerState, request: Request, caller: Caller, stored: str, current: str) -> None:
    """As slow to guess at as at the door: whoever sits at an unlocked screen has a session, but not the password."""
    address = request.client.host if request.client is not None else ""
    who = throttle.subjects(caller.workspace.id, f"current/{caller.worker.id}", address)
    wait = await state.accounts.write_async(lambda tx: throttle.take(tx, who))
    if wait:
        raise TooSoon("Too many wrong passwords.", f"Wait {wait} s.", retry_after_s=wait)
    if not await state.hashing.run(lambda: passwords.matches(stored, current)):
        raise BadInput("current: this is not your password.", "If you have forgotten it, ask for a new link.")
    await state.accounts.write_async(lambda tx: throttle.was_right(tx, who))


@router.delete("/account/sessions/{session_id}", **allow("signed_in", by_session=True))
async def end_session(session_id: str, request: Request, caller: InPerson) -> Response:
    """End one of one's sessions. 404 if it is not one."""
    return await _end(request, caller, lambda tx: accounts.end(tx, _me(caller), "session", session_id))


@router.delete("/account/sessions", **allow("signed_in", gives=EndedShape, by_session=True))
async def end_others(request: Request, caller: InPerson) -> Json:
    """End all of one's sessions but this one."""
    state: ServerState = request.app.state.tawsim
    ended = await state.accounts.write_async(lambda tx: accounts.end_sessions(tx, _me(caller), but=caller.standing.id))
    return Json({"ended": ended})


@router.post("/account/tokens", **allow("signed_in", gives=TokenShape, by_session=True))
async def make_token(body: TokenBody, request: Request, caller: InPerson) -> Json:
    """Make a personal token. Its scopes lie within one's role; it holds for a year at most, and is shown once."""
    state: ServerState = request.app.state.tawsim
    allowed = scopes_of(caller.worker.role)

    def work(tx: Transaction) -> tuple[str, Held]:
        accounts.check_stands(tx, caller.standing)
        return accounts.issue_token(tx, _me(caller), body.name, body.scopes, body.days, allowed)

    secret, made = await state.accounts.write_async(work)
    await noted(caller, "account.token_made", made.id)
    return Json({"token": asdict(made), "secret": secret})


@router.delete("/account/tokens/{token_id}", **allow("signed_in", by_session=True))
async def end_token(token_id: str, request: Request, caller: InPerson) -> Response:
    """End one of one's tokens. 404 if it is not one."""
    answer = await _end(request, caller, lambda tx: accounts.end(tx, _me(caller), "token", token_id))
    await noted(caller, "account.token_ended", token_id)
    return answer


async def _end(request: Request, caller: Caller, work: Any) -> Response:
    state: ServerState = request.app.state.tawsim
    await state.accounts.write_async(work)
    return Response(status_code=204)
