"""Who may call a route: the one table, and the check that no route is without an entry. Deny by default.

`anyone` needs no credential; `signed_in` is for every role, and shows a person their own work only; the others are for the
roles that `ROLES` (workspaces/roles.py) names. A token reaches as far as its worker's role and no further than its scopes; a
route for sessions only takes none. The same table stands in docs/reference/permissions.md, and a test compares them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from fastapi import Depends, FastAPI, Request
from fastapi.routing import APIRoute

from tawsim.core.errors import NotAllowed
from tawsim.core.records import Worker
from tawsim.server.shapes import ErrorShape
from tawsim.server.sign_in_state import ServerState
from tawsim.store.database import Database
from tawsim.workspaces.accounts import Standing
from tawsim.workspaces.roles import EVERYBODY, ROLES, SCOPE_OF, Right
from tawsim.workspaces.workspace import Workspace

__all__ = ["EVERYBODY", "ROLES"]
MB = 1 << 20
Permission = Literal["anyone", "signed_in", "review", "manage", "owner"]
GIVES = "x-gives"  # in a route's extra facts: the shape of its answer; never in the description
READS = frozenset({"GET", "HEAD"})
SCOPES = SCOPE_OF


@dataclass(frozen=True, slots=True)
class Caller:
    """Who is calling, in which workspace, by which credential."""

    workspace: Workspace
    worker: Worker
    secret: str
    standing: Standing

    @property
    def db(self) -> Database:
        """The workspace's database: the only one this request can reach."""
        return self.workspace.db


def caller_of(state: ServerState, request: Request, right: Right = "signed_in", *, by_session: bool = False) -> Caller:
    """Who sent the request, if they may: NotSignedIn, NotAllowed. Every route with a caller comes through here."""
    secret = state.secret_of(request)
    workspace, worker, standing = state.identify(secret)
    caller = Caller(workspace, worker, secret, standing)
    check(caller, right, request.method, by_session=by_session)
    return caller


def check(caller: Caller, right: Right, method: str, *, by_session: bool = False) -> None:
    """Raise NotAllowed unless both the caller's role and the credential reach as far as the right."""
    require(caller, right)
    if caller.standing.kind == "session":
        return
    if by_session:
        raise NotAllowed("A token may not do this.", "Sign in on the page.")
    scopes = caller.standing.scopes
    if scopes is None:
        return
    needed = SCOPES[right]
    if method not in READS:
        good = needed in scopes
    else:  # own work may be read by whoever may do anything at all
        good = "read" in scopes or needed in scopes or (right == "signed_in" and bool(scopes))
    if not good:
        raise NotAllowed(
            f"This token was not made for this ({needed}).", "Make one with that scope, on your account's page."
        )


def require(caller: Caller, right: Right) -> None:
    """Raise NotAllowed unless the caller's role has the right: for what only one of a route's fields asks for."""
    if caller.worker.role not in ROLES[right]:
        raise NotAllowed(f"Your role here ({caller.worker.role}) may not do this.", "Ask the person who invited you.")


async def signed_in(request: Request) -> Caller:
    """The caller, or NotSignedIn."""
    return caller_of(request.app.state.tawsim, request)


async def in_person(request: Request) -> Caller:
    """The caller by a session of theirs: a token is refused."""
    return caller_of(request.app.state.tawsim, request, by_session=True)


async def reviewer(request: Request) -> Caller:
    """The caller if they may review, else NotAllowed."""
    return caller_of(request.app.state.tawsim, request, "review")


async def manager(request: Request) -> Caller:
    """The caller if they may manage projects, else NotAllowed."""
    return caller_of(request.app.state.tawsim, request, "manage")


async def owner(request: Request) -> Caller:
    """The caller if an owner, else NotAllowed."""
    return caller_of(request.app.state.tawsim, request, "owner")


async def owner_in_person(request: Request) -> Caller:
    """The caller if an owner, by a session of theirs."""
    return caller_of(request.app.state.tawsim, request, "owner", by_session=True)


SignedIn = Annotated[Caller, Depends(signed_in)]
InPerson = Annotated[Caller, Depends(in_person)]
Reviewer = Annotated[Caller, Depends(reviewer)]
Manager = Annotated[Caller, Depends(manager)]
Owner = Annotated[Caller, Depends(owner)]
OwnerInPerson = Annotated[Caller, Depends(owner_in_person)]
CHECKS: Mapping[tuple[str, bool], Any] = {
    ("signed_in", False): signed_in, ("review", False): reviewer, ("manage", False): manager, ("owner", False): owner,
    ("signed_in", True): in_person, ("owner", True): owner_in_person,
}  # fmt: skip


def allow(
    permission: Permission, *, gives: type | None = None, max_body: int = MB, by_session: bool = False
) -> dict[str, Any]:
    """What a route passes to its decorator: `@router.get("/x", **allow("owner"))`.

    `gives` is the shape of its answer, for the description. Bodies over `max_body` bytes are cut off as they arrive.
    `by_session`: no token does.
    """
    checks = [Depends(CHECKS[permission, by_session])] if permission != "anyone" else []
    stated = {"x-permission": permission} | ({"x-session-only": True} if by_session else {})
    return {"dependencies": checks, "openapi_extra": stated | {GIVES: gives}, "max_body_size": max_body}


def shapes_of(route: APIRoute) -> dict[int | str, dict[str, Any]]:
    """What the route answers, for the description. Told to the framework only there: it builds a reader of each shape,
    which made every start of a server half a second longer."""
    gives = (route.openapi_extra or {}).get(GIVES)
    shapes: dict[int | str, dict[str, Any]] = {} if gives is None else {200: {"model": gives}}
    return shapes | {"4XX": {"model": ErrorShape}}


def stated_of(route: APIRoute) -> dict[str, Any]:
    """What the route states of itself that stands in the description as it is."""
    return {name: value for name, value in (route.openapi_extra or {}).items() if name != GIVES}


def check_all_routes(app: FastAPI) -> None:
    """Raise RuntimeError for a route that does not state its permission, or has one its checks do not keep."""
    for route in app.routes:
        if not isinstance(route, APIRoute):
            raise RuntimeError(f"{route!r} is not a route with a permission")
        stated = route.openapi_extra or {}
        permission = stated.get("x-permission")
        if permission != "anyone" and permission not in ROLES:
            raise RuntimeError(f"the route {route.path} does not state who may call it")
        wanted = CHECKS.get((str(permission), bool(stated.get("x-session-only"))))
        if permission != "anyone" and wanted not in [one.dependency for one in route.dependencies]:
            raise RuntimeError(f"the route {route.path} does not check what it states")
