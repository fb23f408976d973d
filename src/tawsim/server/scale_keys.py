"""Keys of the Scale-compatible API, for owners in person: making and ending them, what callbacks carry and where they go.

The keys themselves are in workspaces/scale_keys.py; what they may call is in server/scale/.
"""

from dataclasses import dataclass
from typing import Any, Literal

from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool
from starlette.responses import Response

from tawsim.loop.scale.callbacks import check_default, receiver_of
from tawsim.loop.scale.sent import read_callback
from tawsim.server.account import noted
from tawsim.server.answers import Json
from tawsim.server.permissions import Caller, OwnerInPerson, allow
from tawsim.server.sign_in_state import ServerState
from tawsim.store.database import Transaction
from tawsim.store.keys import record
from tawsim.store.rows import to_json
from tawsim.workspaces import scale_keys
from tawsim.workspaces.scale_keys import Account, Key
from tawsim.workspaces.workspace import list_workers

router = APIRouter(tags=["scale"])
Mode = Literal["live", "test"]


@dataclass(frozen=True)
class KeyFacts:
    """A key; `by` is the name of who made it, and whose rights it has. Its text was shown once."""

    id: str
    name: str
    mode: Mode
    by: str
    created_at: int
    expires_at: int
    seen_at: int | None


@dataclass(frozen=True)
class AccountFacts:
    """One of the two worlds. Callbacks carry `callback_key` in the header scale-callback-auth; they go to `callback_url` where a
    task names no other address; `allow` are the private host:port that may be opened, apart by blanks."""

    mode: Mode
    file: str
    callback_key: str
    callback_url: str
    allow: str


@dataclass(frozen=True)
class ScaleShape:
    """Where clients of Scale's API are pointed to, the worlds that there are (a test one with the first test key), all keys."""

    url: str
    accounts: list[AccountFacts]
    keys: list[KeyFacts]


@dataclass(frozen=True)
class NewKeyShape:
    """A key and its text, which is not shown again."""

    key: KeyFacts
    secret: str


@dataclass(frozen=True)
class AccountShape:
    """A world after a change."""

    account: AccountFacts


@dataclass(frozen=True, slots=True)
class NewKeyBody:
    """A live or a test key, what to call it, and for how many days."""

    mode: Mode
    name: str
    days: int = scale_keys.DAYS


@dataclass(frozen=True, slots=True)
class AccountBody:
    """Of which world. What is left out stays as it is. `new_callback_key`: the one in use is void at once."""

    mode: Mode
    callback_url: str | None = None
    allow: str | None = None
    new_callback_key: bool = False


@router.get("/scale", **allow("owner", gives=ScaleShape, by_session=True))
async def get(request: Request, caller: OwnerInPerson) -> Json:
    """Both worlds of the workspace, and all keys that have not ended."""
    state: ServerState = request.app.state.tawsim

    def work(tx: Transaction) -> tuple[list[Account], list[Key]]:
        home = scale_keys.ensure_account(tx, caller.workspace.id)
        twin = scale_keys.account_of(tx, home.twin_id) if home.twin_id else None
        return [home, *([twin] if twin else [])], scale_keys.keys(tx, caller.workspace.id)

    found, keys = await state.accounts.write_async(work)
    names = _names(caller)
    return Json({
        "url": state.base_url, "accounts": [_account(caller, one) for one in found],
        "keys": [_key(names, one) for one in keys],
    })  # fmt: skip


@router.post("/scale/keys", **allow("owner", gives=NewKeyShape, by_session=True))
async def make(body: NewKeyBody, request: Request, caller: OwnerInPerson) -> Json:
    """Make a key. The first test key makes the workspace of test keys, a file beside this one."""
    state: ServerState = request.app.state.tawsim

    def work() -> tuple[str, Key]:
        made = scale_keys.new_key(
            state.accounts, caller.workspace, caller.worker, body.mode, body.name, body.days, by=caller.standing
        )
        if body.mode == "test":
            state.twin_of(caller.workspace)
        return made

    secret, key = await run_in_threadpool(work)
    await noted(caller, "account.token_made", key.id)
    return Json({"key": _key(_names(caller), key), "secret": secret})


@router.delete("/scale/keys/{key_id}", **allow("owner", by_session=True))
async def end(key_id: str, request: Request, caller: OwnerInPerson) -> Response:
    """End a key, at once. 404 if it is none of this workspace's."""
    state: ServerState = request.app.state.tawsim
    await state.accounts.write_async(lambda tx: scale_keys.end_key(tx, caller.workspace.id, key_id))
    await noted(caller, "account.token_ended", key_id)
    return Response(status_code=204)


@router.patch("/scale/account", **allow("owner", gives=AccountShape, by_session=True))
async def change(body: AccountBody, request: Request, caller: OwnerInPerson) -> Json:
    """Where callbacks go and what they carry. 404 for the test world before there is a test key."""
    state: ServerState = request.app.state.tawsim
    state.check_outgoing(body.allow or "")
    url = None if body.callback_url is None else read_callback(body.callback_url)

    def work(tx: Transaction) -> Account:
        found = scale_keys.change_account(
            tx,
            caller.workspace.id,
            body.mode,
            callback_url=url,
            allow=body.allow,
            new_callback_key=body.new_callback_key,
        )
        if url is not None:
            check_default(found.callback_url, found.allow)
        return found

    changed = await state.accounts.write_async(work)
    await _noted(caller, body)
    return Json({"account": _account(caller, changed)})


async def _noted(caller: Caller, body: AccountBody) -> None:
    """Leave an event of where callbacks go now and what may be opened: it sends the workspace's answers elsewhere. The key that
    callbacks carry is in no log, only that there is another; nor the rest of an address, which may hold one too."""
    to = None if body.callback_url is None else receiver_of(body.callback_url) if body.callback_url else ""
    given = {"to": to, "allow": body.allow, "new_callback_key": body.new_callback_key or None}
    changed = {name: value for name, value in given.items() if value is not None}
    if changed:
        data = to_json({"mode": body.mode, **changed})
        await caller.db.write_async(lambda tx: record(tx, "scale.account", caller.worker.id, data=data))


def _names(caller: Caller) -> dict[str, str]:
    with caller.db.read() as tx:
        return {worker.id: worker.name for worker in list_workers(tx)}


def _key(names: dict[str, str], key: Key) -> dict[str, Any]:
    return {
        "id": key.id, "name": key.name, "mode": key.mode, "by": names.get(key.worker_id, ""),
        "created_at": key.created_at, "expires_at": key.expires_at, "seen_at": key.seen_at,
    }  # fmt: skip


def _account(caller: Caller, one: Account) -> dict[str, Any]:
    return {
        "mode": one.mode, "file": one.file or caller.workspace.path.name, "callback_key": one.callback_key,
        "callback_url": one.callback_url, "allow": one.allow,
    }  # fmt: skip
