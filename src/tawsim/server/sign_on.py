"""Single sign-on: sending a browser to the issuer, and taking what it brings back. What a token must say is in
workspaces/sign_on.py; every request to the issuer goes through the one door for outgoing HTTP.
"""

import json
import os
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from fastapi import APIRouter, Request
from starlette.responses import Response

from tawsim.core.errors import EndpointDown, NotSignedIn
from tawsim.labellers.addresses import Reach
from tawsim.labellers.opener import Answer, Ask, Limits, fetch
from tawsim.server import shapes
from tawsim.server.answers import Json
from tawsim.server.permissions import allow
from tawsim.server.sessions import enter_as, workspace_named
from tawsim.server.sign_in_state import ServerState
from tawsim.workspaces import sign_on
from tawsim.workspaces.sign_on import Asked, SignOn

router = APIRouter(tags=["sessions"])
SMALL = 16 * 1024
LIMITS = Limits(connect_s=5.0, silence_s=10.0, total_s=15.0, received=500_000, redirects=0)
BASE64 = "application/x-www-form-urlencoded"
Fetch = Callable[[Ask, Limits], Answer]


@dataclass(frozen=True, slots=True)
class BeginBody:
    """The name of the workspace, where a server has several."""

    workspace: str = ""


@dataclass(frozen=True, slots=True)
class BackBody:
    """What the issuer sent the browser back with."""

    code: str
    state: str


@dataclass(frozen=True)
class GoShape:
    """Where the browser goes."""

    url: str


@router.post("/sessions/sign-on/begin", **allow("anyone", gives=GoShape, max_body=SMALL))
async def begin(body: BeginBody, request: Request) -> Response:
    """Where to send the browser to be known by the issuer. Leaves a cookie that must come back with the answer."""
    state: ServerState = request.app.state.tawsim
    place = workspace_named(state, body.workspace)
    with state.accounts.read() as tx:
        found = sign_on.check_linked(tx, "" if place is None else place.id)
    assert place is not None
    said = await state.asking.run(lambda: discover(found))
    binder = secrets.token_urlsafe(32)
    url = await state.accounts.write_async(
        lambda tx: sign_on.begin(tx, place.id, found, said["authorization_endpoint"], binder)
    )
    response = Json({"url": url})
    response.set_cookie(
        _cookie(state), binder, max_age=sign_on.WAIT_FOR // 1_000_000, path="/api/v1/sessions", httponly=True,
        samesite="strict", secure=found.address.startswith("https:"),
    )  # fmt: skip
    return response


@router.post("/sessions/sign-on", **allow("anyone", gives=shapes.SessionShape, max_body=SMALL))
async def finish(body: BackBody, request: Request) -> Response:
    """Exchange what the issuer sent back for a session cookie. 401 if it does not hold, or names nobody that is let in."""
    state: ServerState = request.app.state.tawsim
    binder = request.cookies.get(_cookie(state), "")
    asked = await state.accounts.write_async(lambda tx: sign_on.take(tx, body.state, binder))
    with state.accounts.read() as tx:
        found = sign_on.check_linked(tx, asked.workspace_id)
    claims = await state.asking.run(lambda: redeem(found, asked, body.code))
    response = await enter_as(
        state, request, "sign_on", lambda tx: sign_on.who_it_is(tx, asked.workspace_id, found.issuer, claims)
    )
    response.delete_cookie(_cookie(state), path="/api/v1/sessions", httponly=True, samesite="strict")
    return response


def _cookie(state: ServerState) -> str:
    return f"{state.cookie}_sign_on"


def discover(found: SignOn, ask: Fetch = fetch) -> Mapping[str, Any]:
    """What the issuer says of itself. Raises EndpointDown, AddressRefused."""
    said = _json(ask(Ask(f"{found.issuer}/.well-known/openid-configuration", reach=_reach(found)), LIMITS))
    wanted = ("authorization_endpoint", "token_endpoint", "jwks_uri")
    if str(said.get("issuer", "")).rstrip("/") != found.issuer:
        raise EndpointDown("The service of single sign-on gives another name for itself.", "Its set-up needs a look.")
    schemes = ("https", "http") if found.allow_private else ("https",)
    for name in wanted:
        if not isinstance(said.get(name), str) or urlsplit(said[name]).scheme not in schemes:
            raise EndpointDown(f"The service of single sign-on names no safe {name}.", "Its set-up needs a look.")
    return said


def redeem(found: SignOn, asked: Asked, code: str, ask: Fetch = fetch) -> Mapping[str, Any]:
    """The claims that the issuer gives for a code. Raises NotSignedIn, EndpointDown."""
    said = discover(found, ask)
    form = {
        "grant_type": "authorization_code", "code": code, "redirect_uri": sign_on.way_back(found),
        "client_id": found.client_id, "code_verifier": asked.verifier,
    }  # fmt: skip
    headers = {"Content-Type": BASE64, "Accept": "application/json"}
    request = Ask(
        said["token_endpoint"], "POST", headers, urlencode(form).encode(), _basic(found), _reach(found)
    )  # fmt: skip
    answer = ask(request, LIMITS)
    if answer.status != 200:
        raise NotSignedIn(
            "You are not let in by single sign-on.", "The service did not take its own code; begin again."
        )
    token = _json(answer).get("id_token")
    if not isinstance(token, str):
        raise EndpointDown("The service of single sign-on gave no ID token.", "Its set-up needs a look.")
    keys = _json(ask(Ask(said["jwks_uri"], reach=_reach(found)), LIMITS))
    return sign_on.check_token(token, keys, found, asked.nonce)


def _basic(found: SignOn) -> str:
    """The client's secret, read from its variable at each use; none for a public client."""
    if not found.secret_env:
        return ""
    import base64

    secret = os.environ.get(found.secret_env, "")
    if not secret:
        raise EndpointDown(f"Single sign-on has no secret: the variable {found.secret_env} is not set.")
    pair = f"{quote(found.client_id, safe='')}:{quote(secret, safe='')}"  # RFC 6749, 2.3.1
    return "Basic " + base64.b64encode(pair.encode()).decode()


def _reach(found: SignOn) -> Reach:
    return "own" if found.allow_private else "public"


def _json(answer: Answer) -> dict[str, Any]:
    try:
        if answer.status != 200:
            raise ValueError(answer.status)
        found = json.loads(answer.body)
        if not isinstance(found, dict):
            raise ValueError("no object")
    except (ValueError, RecursionError) as error:
        raise EndpointDown("The service of single sign-on gave no answer that can be used.", "Try again.") from error
    return found
