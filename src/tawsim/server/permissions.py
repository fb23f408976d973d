"""Who may call a route: the one table, and the check that no route is without an entry. Deny by default.

`anyone` needs no credential; `signed_in` is for every role, and shows a person their own work only; the others are for the
roles that `ROLES` names. The same table stands in docs/reference/permissions.md, and a test compares them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from fastapi import Depends, FastAPI, Request
from fastapi.routing import APIRoute

from tawsim.core.errors import NotAllowed
from tawsim.core.records import Role, Worker
from tawsim.server.shapes import ErrorShape
from tawsim.server.sign_in_state import ServerState
from tawsim.store.database import Database
from tawsim.workspaces.workspace import Workspace

MB = 1 << 20
Permission = Literal["anyone", "signed_in", "review", "manage", "owner"]
EVERYBODY: frozenset[Role] = frozenset({"owner", "manager", "reviewer", "labeller"})
# Which roles a permission is for. Who has a role has it in the whole workspace.
ROLES: Mapping[str, frozenset[Role]] = {
    "signed_in": EVERYBODY,
    "review": frozenset({"owner", "manager", "reviewer"}),
    "manage": frozenset({"owner", "manager"}),
    "owner": frozenset({"owner"}),
}


@dataclass(frozen=True, slots=True)
class Caller:
    """Who is calling, in which workspace."""

    workspace: Workspace
    worker: Worker
    secret: str

    @property
    def db(self) -> Database:
        """The workspace's database: the only one this request can reach."""
        return self.workspace.db


def caller_of(state: ServerState, request: Request) -> Caller:
    """Who sent the request, or NotSignedIn."""
    secret = state.secret_of(request)
    workspace, worker = state.identify(secret)
    return Caller(workspace, worker, secret)


async def signed_in(request: Request) -> Caller:
    """The caller, or NotSignedIn."""
    return caller_of(request.app.state.tawsim, request)


async def reviewer(request: Request) -> Caller:
    """The caller if they may review, else NotAllowed."""
    return _with_role(await signed_in(request), "review")


async def manager(request: Request) -> Caller:
    """The caller if they may manage projects, else NotAllowed."""
    return _with_role(await signed_in(request), "manage")


async def owner(request: Request) -> Caller:
    """The caller if an owner, else NotAllowed."""
    return _with_role(await signed_in(request), "owner")


def _with_role(caller: Caller, permission: Permission) -> Caller:
    if caller.worker.role not in ROLES[permission]:
        raise NotAllowed(f"Your role here ({caller.worker.role}) may not do this.", "Ask the person who invited you.")
    return caller


SignedIn = Annotated[Caller, Depends(signed_in)]
Reviewer = Annotated[Caller, Depends(reviewer)]
Manager = Annotated[Caller, Depends(manager)]
Owner = Annotated[Caller, Depends(owner)]
CHECKS: Mapping[str, Any] = {"signed_in": signed_in, "review": reviewer, "manage": manager, "owner": owner}


def allow(permission: Permission, *, gives: type | None = None, max_body: int = MB) -> dict[str, Any]:
    """What a route passes to its decorator: `@router.get("/x", **allow("owner"))`.

    `gives` is the shape of its answer, for the description. Bodies over `max_body` bytes are cut off as they arrive.
    """
    checks = [Depends(CHECKS[permission])] if permission != "anyone" else []
    shapes: dict[int | str, Any] = {200: {"model": gives}} if gives is not None else {}
    return {
        "dependencies": checks, "openapi_extra": {"x-permission": permission}, "max_body_size": max_body,
        "responses": shapes | {"4XX": {"model": ErrorShape}},
    }  # fmt: skip


def check_all_routes(app: FastAPI) -> None:
    """Raise RuntimeError for a route that does not state its permission, or has one its checks do not keep."""
    for route in app.routes:
        if not isinstance(route, APIRoute):
            raise RuntimeError(f"{route!r} is not a route with a permission")
        permission = (route.openapi_extra or {}).get("x-permission")
        if permission != "anyone" and permission not in ROLES:
            raise RuntimeError(f"the route {route.path} does not state who may call it")
