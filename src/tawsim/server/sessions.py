"""Signing in by a one-time link, who am I, signing out; and the health check."""

from dataclasses import dataclass

from fastapi import APIRouter, Request
from starlette.responses import Response

import tawsim
from tawsim.core.errors import NotSignedIn
from tawsim.loop.views import worker_json
from tawsim.server import shapes
from tawsim.server.answers import Json
from tawsim.server.permissions import Caller, SignedIn, allow
from tawsim.server.sign_in_state import ServerState
from tawsim.workspaces import accounts

router = APIRouter(tags=["sessions"])


@dataclass(frozen=True, slots=True)
class EnterBody:
    """The secret of a one-time link."""

    token: str


def session_json(state: ServerState, caller: Caller) -> dict[str, object]:
    """Who is signed in, and where."""
    return {
        "workspace": {"id": caller.workspace.id, "name": caller.workspace.name},
        "worker": worker_json(caller.worker),
        "version": tawsim.__version__,
        **state.facts(),
    }


@router.get("/health", **allow("anyone", gives=shapes.HealthShape))
async def health() -> Json:
    """Whether the server answers."""
    return Json({"status": "ok", "version": tawsim.__version__})


@router.post("/sessions", **allow("anyone", gives=shapes.SessionShape))
async def enter(body: EnterBody, request: Request) -> Response:
    """Exchange a one-time link for a session cookie. 401 if it was used, has expired, or never was."""
    state: ServerState = request.app.state.tawsim
    secret, _ = await state.accounts.write_async(lambda tx: accounts.exchange(tx, body.token))
    workspace, worker = state.identify(secret)
    response = Json(session_json(state, Caller(workspace, worker, secret)))
    response.set_cookie(
        state.cookie, secret, max_age=accounts.LIFETIMES["session"] // 1_000_000, path="/", httponly=True,
        samesite="strict", secure=state.base_url.startswith("https:"),
    )  # fmt: skip
    return response


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
        state.forget()
    except NotSignedIn:
        pass
    response = Response(status_code=204)
    response.delete_cookie(state.cookie, path="/", httponly=True, samesite="strict")
    return response
