"""The routes of passkeys: making one of one's own, signing in by one, removing one."""

from dataclasses import asdict, dataclass
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from tawsim.server import shapes
from tawsim.server.account import noted
from tawsim.server.answers import Json
from tawsim.server.permissions import InPerson, allow
from tawsim.server.sessions import enter_as
from tawsim.server.sign_in_state import ServerState
from tawsim.store.database import Transaction
from tawsim.workspaces import accounts, passkeys
from tawsim.workspaces.accounts import Identity
from tawsim.workspaces.passkeys import Passkey

router = APIRouter(tags=["passkeys"])
SMALL = 64 * 1024


@dataclass(frozen=True, slots=True)
class AnswerBody:
    """What the browser's `PublicKeyCredential.toJSON()` gave."""

    answer: dict[str, Any]


@dataclass(frozen=True, slots=True)
class NewPasskeyBody:
    """The same of a new passkey, and what to call it."""

    answer: dict[str, Any]
    name: str


@dataclass(frozen=True)
class OptionsShape:
    """What to hand to the browser: `publicKey`, with bytes as base64url."""

    options: dict[str, Any]


@dataclass(frozen=True)
class PasskeyShape:
    """The new passkey."""

    passkey: Passkey


def _host(request: Request) -> str:
    return request.headers.get("host", "").lower()  # the guard has let in no other than ours


@router.post("/sessions/passkey/begin", **allow("anyone", gives=OptionsShape, max_body=SMALL))
async def begin(request: Request) -> Json:
    """What the browser needs to sign in by a passkey."""
    state: ServerState = request.app.state.tawsim
    options = await state.accounts.write_async(lambda tx: passkeys.begin(tx, _host(request)))
    return Json({"options": options})


@router.post("/sessions/passkey", **allow("anyone", gives=shapes.SessionShape, max_body=SMALL))
async def enter(body: AnswerBody, request: Request) -> Response:
    """Exchange a passkey's signature for a session cookie. 401 if it does not fit."""
    state: ServerState = request.app.state.tawsim
    return await enter_as(state, request, "passkey", lambda tx: passkeys.finish(tx, _host(request), body.answer))


@router.post("/account/passkeys/begin", **allow("signed_in", gives=OptionsShape, by_session=True, max_body=SMALL))
async def begin_new(request: Request, caller: InPerson) -> Json:
    """What the browser needs to make a passkey."""
    state: ServerState = request.app.state.tawsim
    identity = Identity(caller.workspace.id, caller.worker.id)
    name = caller.worker.name
    options = await state.accounts.write_async(lambda tx: passkeys.begin_new(tx, identity, _host(request), name))
    return Json({"options": options})


@router.post("/account/passkeys", **allow("signed_in", gives=PasskeyShape, by_session=True, max_body=SMALL))
async def finish_new(body: NewPasskeyBody, request: Request, caller: InPerson) -> Json:
    """Keep the passkey that the browser made."""
    state: ServerState = request.app.state.tawsim
    identity = Identity(caller.workspace.id, caller.worker.id)

    def work(tx: Transaction) -> Passkey:
        accounts.check_stands(tx, caller.standing)
        return passkeys.finish_new(tx, identity, _host(request), body.answer, body.name)

    made = await state.accounts.write_async(work)
    await noted(caller, "account.passkey_made")
    return Json({"passkey": asdict(made)})


@router.delete("/account/passkeys/{passkey_id}", **allow("signed_in", by_session=True))
async def remove(passkey_id: str, request: Request, caller: InPerson) -> Response:
    """Enter by this passkey no more. 404 if it is not one of yours."""
    state: ServerState = request.app.state.tawsim
    identity = Identity(caller.workspace.id, caller.worker.id)
    await state.accounts.write_async(lambda tx: passkeys.remove(tx, identity, passkey_id))
    await noted(caller, "account.passkey_removed")
    return Response(status_code=204)
