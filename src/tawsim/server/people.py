"""The people of a workspace: who is here, inviting, profiles, roles, letting out and in, new links, others' tokens.

For those who manage, and within what their role is over (workspaces/roles.py). One's own account is in account.py.
"""

from dataclasses import asdict, dataclass
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from tawsim.core.errors import BadInput, NotAllowed
from tawsim.core.records import Worker
from tawsim.labelling import owners
from tawsim.loop.views import worker_json
from tawsim.server import shapes
from tawsim.server.answers import Json
from tawsim.server.permissions import Caller, Manager, Owner, OwnerInPerson, allow
from tawsim.server.sign_in_state import ServerState
from tawsim.store.database import Transaction
from tawsim.store.keys import record
from tawsim.workspaces import accounts, roles, sign_on
from tawsim.workspaces.accounts import Held, Identity
from tawsim.workspaces.profiles import Profile, profiles, set_profile
from tawsim.workspaces.workspace import get_worker, list_workers

router = APIRouter(tags=["people"])


@dataclass(frozen=True, slots=True)
class InviteBody:
    """Whom to invite. A name that is known gets a new link to the same account. `role` and `languages` are for a new one."""

    key: str
    name: str
    role: str | None = None
    languages: list[str] | None = None


@dataclass(frozen=True, slots=True)
class RoleBody:
    """The role to give."""

    role: str


@dataclass(frozen=True, slots=True)
class LetOutBody:
    """Why somebody is let out: they are told when they come back."""

    reason: str = ""


@dataclass(frozen=True, slots=True)
class EmailBody:
    """The e-mail by which somebody enters through single sign-on; empty for none."""

    email: str


@dataclass(frozen=True)
class Member:
    """A worker, what is known of them and how they come in. `invited`: a link waits to be opened; `ways`: password, passkey,
    sign_on; `seen_at`: when a session or token of theirs was last used; `mine`: whether the caller may change them."""

    id: str
    name: str
    kind: str
    role: str
    active: bool
    created_at: int
    invited: bool
    profile: Profile
    version: int
    ways: list[str]
    sign_on: str
    seen_at: int | None
    mine: bool


@dataclass(frozen=True)
class MembersShape:
    """Everybody in the workspace; `roles`: those that the caller may give; `sign_on`: whether there is single sign-on."""

    workers: list[Member]
    roles: list[str]
    sign_on: bool


@dataclass(frozen=True)
class RoleShape:
    """The person in their new role. Their sessions have ended; `link` lets them in again where they have no other way."""

    worker: Worker
    link: str | None


@dataclass(frozen=True)
class ProfileShape:
    """What is known of a person, and its version."""

    profile: Profile
    version: int


@dataclass(frozen=True)
class TokensShape:
    """Somebody's tokens, without their secrets."""

    tokens: list[Held]


@dataclass(frozen=True)
class EmailShape:
    """The e-mail as it is compared."""

    email: str


@router.get("/workers", **allow("manage", gives=MembersShape))
async def workers(request: Request, caller: Manager) -> Json:
    """Everybody in the workspace; `invited` where a link waits to be opened."""
    state: ServerState = request.app.state.tawsim
    place = caller.workspace.id
    with state.accounts.read() as tx:
        invited, ways = accounts.invited_workers(tx, place), accounts.ways_in(tx, place)
        seen, emails = accounts.last_seen(tx, place), sign_on.emails_let_in(tx, place)
        there_is = sign_on.sign_on_of(tx, place) is not None
    with caller.db.read() as tx:
        found, known = list_workers(tx), profiles(tx)
    over = roles.OVER[caller.worker.role]
    members = []
    for one in found:
        profile, version = known[one.id]
        members.append(
            worker_json(one)
            | {
                "invited": one.id in invited, "profile": asdict(profile), "version": version, "seen_at": seen.get(one.id),
                "ways": sorted(ways.get(one.id, ())), "sign_on": emails.get(one.id, ""), "mine": one.role in over,
            }
        )  # fmt: skip
    given = [role for role in ("owner", "manager", "reviewer", "labeller") if role in over]
    return Json({"workers": members, "roles": given, "sign_on": there_is})


@router.post("/workers", **allow("manage", gives=shapes.InvitationShape))
async def invite(body: InviteBody, request: Request, caller: Manager) -> Json:
    """Invite a person: a one-time link that makes a session of theirs."""
    state: ServerState = request.app.state.tawsim
    role = None if body.role is None else roles.read_role(body.role)

    def work(tx: Transaction) -> Worker:
        made = roles.invite(tx, caller.worker.id, body.key, body.name, role, body.languages)
        _check_link(caller, made)
        record(tx, "worker.invited", caller.worker.id, object_id=made.id)
        return made

    worker = await caller.db.write_async(work)

    def link(tx: Transaction) -> str:
        accounts.check_stands(tx, caller.standing)
        return accounts.issue(tx, "invite", _of(caller, worker.id))

    secret = await state.accounts.write_async(link)
    return Json({"worker": worker_json(worker), "link": state.link(secret)})


@router.patch("/workers/{worker_id}", **allow("manage", gives=ProfileShape))
async def change(worker_id: str, body: dict[str, Any], caller: Manager) -> Json:
    """Change what is known of a person: `seen_version`, and any field of the profile, or `name`."""
    changes = dict(body)
    seen, name = changes.pop("seen_version", None), changes.pop("name", None)
    if isinstance(seen, bool) or not isinstance(seen, int):
        raise BadInput("seen_version: the version that you looked at.")
    if name is not None and not isinstance(name, str):
        raise BadInput("name: a text.")

    def work(tx: Transaction) -> tuple[Profile, int]:
        roles.check_over(tx, caller.worker.id, worker_id)
        found = set_profile(tx, caller.worker.id, worker_id, seen, changes)
        if name is not None:
            roles.rename(tx, caller.worker.id, worker_id, name)
        return found

    profile, version = await caller.db.write_async(work)
    return Json({"profile": asdict(profile), "version": version})


@router.put("/workers/{worker_id}/role", **allow("manage", gives=RoleShape))
async def set_role(worker_id: str, body: RoleBody, request: Request, caller: Manager) -> Json:
    """Give somebody another role. Their sessions and tokens end; a link lets in who has no password and no passkey."""
    state: ServerState = request.app.state.tawsim
    role = roles.read_role(body.role)

    def work(tx: Transaction) -> tuple[Worker, bool]:
        before = get_worker(tx, worker_id)
        made = roles.set_role(tx, caller.worker.id, worker_id, role)
        if before.role != made.role:
            _check_link(caller, made)
        return made, before.role != made.role

    with state.accounts.read() as tx:
        accounts.check_stands(tx, caller.standing)
    worker, changed = await caller.db.write_async(work)
    link = await _sign_out(state, _of(caller, worker_id), worker) if changed else None
    return Json({"worker": worker_json(worker), "link": link})


async def _sign_out(state: ServerState, identity: Identity, worker: Worker) -> str | None:
    """End what stands for somebody, and give a new link where without one they could not come in again."""

    def work(tx: Transaction) -> str | None:
        accounts.revoke_worker(tx, identity)
        other = accounts.ways_in(tx, identity.workspace_id).get(identity.worker_id)
        return None if other or not worker.active else accounts.issue(tx, "invite", identity)

    secret = await state.accounts.write_async(work)
    return None if secret is None else state.link(secret)


@router.post("/workers/{worker_id}/link", **allow("manage", gives=shapes.InvitationShape))
async def reset(worker_id: str, request: Request, caller: Manager) -> Json:
    """A new one-time link for somebody who cannot come in. Ends their sessions and tokens, password and passkeys too."""
    state: ServerState = request.app.state.tawsim

    def work(tx: Transaction) -> Worker:
        found = roles.check_over(tx, caller.worker.id, worker_id)
        if not found.active:
            raise BadInput("This account was deactivated.", "Activate it first.")
        _check_link(caller, found)
        record(tx, "worker.reset", caller.worker.id, object_id=worker_id)
        return found

    worker = await caller.db.write_async(work)

    def link(tx: Transaction) -> str:
        accounts.check_stands(tx, caller.standing)
        return accounts.reset(tx, _of(caller, worker_id))

    secret = await state.accounts.write_async(link)
    return Json({"worker": worker_json(worker), "link": state.link(secret)})


def _check_link(caller: Caller, worker: Worker) -> None:
    """A link makes a session, which may do what no token may: by a token, only for people of the lower roles."""
    if caller.standing.kind == "token" and worker.role in ("owner", "manager"):
        raise NotAllowed(f"A token makes no link for {worker.name}.", "Sign in on the page.")


@router.post("/workers/{worker_id}/deactivate", **allow("manage", gives=shapes.ActiveShape))
async def deactivate(worker_id: str, request: Request, caller: Manager, body: LetOutBody | None = None) -> Json:
    """End a worker's sessions and live leases. Their answers stay. Whoever comes back reads the reason."""
    reason = "" if body is None else body.reason

    def work(tx: Transaction) -> None:
        roles.check_may_let_out(tx, caller.worker.id, worker_id)
        owners.set_worker_active(tx, caller.worker.id, worker_id, False, reason)

    await caller.db.write_async(work)
    state: ServerState = request.app.state.tawsim
    await state.accounts.write_async(lambda tx: accounts.revoke_worker(tx, _of(caller, worker_id)))
    return Json({"worker": worker_id, "active": False})


@router.post("/workers/{worker_id}/activate", **allow("manage", gives=shapes.ActiveShape))
async def activate(worker_id: str, request: Request, caller: Manager) -> Json:
    """Let a worker in again, by a new link."""

    def work(tx: Transaction) -> None:
        roles.check_over(tx, caller.worker.id, worker_id)
        owners.set_worker_active(tx, caller.worker.id, worker_id, True)

    await caller.db.write_async(work)
    return Json({"worker": worker_id, "active": True})


@router.get("/workers/{worker_id}/tokens", **allow("owner", gives=TokensShape))
async def tokens(worker_id: str, request: Request, caller: Owner) -> Json:
    """Somebody's tokens."""
    state: ServerState = request.app.state.tawsim
    with caller.db.read() as tx:
        get_worker(tx, worker_id)
    with state.accounts.read() as tx:
        found = accounts.tokens(tx, _of(caller, worker_id))
    return Json({"tokens": [asdict(one) for one in found]})


@router.delete("/workers/{worker_id}/tokens/{token_id}", **allow("owner"))
async def end_token(worker_id: str, token_id: str, request: Request, caller: Owner) -> Response:
    """End one of somebody's tokens."""
    state: ServerState = request.app.state.tawsim
    await state.accounts.write_async(lambda tx: accounts.end(tx, _of(caller, worker_id), "token", token_id))
    await caller.db.write_async(lambda tx: record(tx, "account.token_ended", caller.worker.id, object_id=token_id))
    return Response(status_code=204)


@router.put("/workers/{worker_id}/sign-on", **allow("owner", gives=EmailShape, by_session=True))
async def let_in(worker_id: str, body: EmailBody, request: Request, caller: OwnerInPerson) -> Json:
    """Let somebody in by single sign-on: whoever proves this e-mail to the issuer enters as them."""
    state: ServerState = request.app.state.tawsim
    with caller.db.read() as tx:
        get_worker(tx, worker_id)

    def work(tx: Transaction) -> str:
        accounts.check_stands(tx, caller.standing)
        return sign_on.let_in(tx, _of(caller, worker_id), body.email)

    email = await state.accounts.write_async(work)
    await caller.db.write_async(lambda tx: record(tx, "worker.sign_on", caller.worker.id, object_id=worker_id))
    return Json({"email": email})


def _of(caller: Caller, worker_id: str) -> Identity:
    return Identity(caller.workspace.id, worker_id)
