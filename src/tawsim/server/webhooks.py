"""Webhooks: who is told of which events, what was sent, and sending it again. Owners only. A secret is shown once."""

from dataclasses import asdict, dataclass
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request
from fastapi.concurrency import run_in_threadpool

from tawsim.labellers import webhooks
from tawsim.loop import delivering
from tawsim.server.answers import Json
from tawsim.server.permissions import Caller, Owner, allow
from tawsim.server.sign_in_state import ServerState
from tawsim.store.database import Database

router = APIRouter(tags=["webhooks"])


@dataclass(frozen=True)
class WebhookFacts:
    """`place`: the number of the last event that was looked at, and `behind` how many came since. `here`: this machine has
    leave to send. `failing_since`: the first of the failures in a row."""

    id: str
    url: str
    kinds: list[str]
    project_id: str | None
    state: Literal["on", "off", "failed"]
    place: int
    created_at: int
    failing_since: int | None
    here: bool
    behind: int


@dataclass(frozen=True)
class WebhooksShape:
    """All of them."""

    webhooks: list[WebhookFacts]


@dataclass(frozen=True)
class NewWebhookShape:
    """A webhook and its secret, which is not shown again."""

    webhook: WebhookFacts
    secret: str


@dataclass(frozen=True)
class WebhookShape:
    """One webhook."""

    webhook: WebhookFacts


@dataclass(frozen=True)
class RemovedWebhookShape:
    """A webhook that is gone."""

    removed: str


@dataclass(frozen=True)
class SecretShape:
    """A new secret, which is not shown again."""

    secret: str


@dataclass(frozen=True)
class DeliveryFacts:
    """A message. `position` is its event's number; `status` what the receiver answered last, `error` why that was no success."""

    id: str
    kind: str
    position: int
    state: Literal["waiting", "sent", "failed"]
    tries: int
    created_at: int
    next_at: int
    tried_at: int | None
    status: int | None
    error: str


@dataclass(frozen=True)
class DeliveriesShape:
    """Messages, newest first; `next` is the `before` of the following page."""

    deliveries: list[DeliveryFacts]
    next: int | None


@dataclass(frozen=True, slots=True)
class NewWebhookBody:
    """Where to, and of what. `allow` names the private host:port that may be opened; `after`: also of events past this number."""

    url: str
    kinds: list[str]
    project_id: str | None = None
    allow: str = ""
    after: int | None = None


@dataclass(frozen=True, slots=True)
class ChangeWebhookBody:
    """On, off, and other kinds of events."""

    state: Literal["on", "off"] | None = None
    kinds: list[str] | None = None


@dataclass(frozen=True, slots=True)
class SecretBody:
    """The private host:port that may be opened, if any."""

    allow: str = ""


@dataclass(frozen=True, slots=True)
class AgainBody:
    """Send it once more, or leave out one that waits."""

    leave_out: bool = False


def _accounts(request: Request) -> Database:
    state: ServerState = request.app.state.tawsim
    return state.accounts


def _facts(caller: Caller, one: webhooks.Webhook) -> dict[str, Any]:
    with caller.db.read() as tx:
        row = tx.one("event_head")
    return asdict(one) | {"kinds": list(one.kinds), "behind": max(0, (row["number"] if row else 0) - one.place)}


def _found(request: Request, caller: Caller, webhook_id: str) -> dict[str, Any]:
    return _facts(caller, webhooks.find_webhook(caller.db, _accounts(request), caller.workspace.id, webhook_id))


@router.get("/webhooks", **allow("owner", gives=WebhooksShape))
async def list_all(request: Request, caller: Owner) -> Json:
    """All webhooks of the workspace."""
    found = webhooks.list_webhooks(caller.db, _accounts(request), caller.workspace.id)
    return Json({"webhooks": [_facts(caller, one) for one in found]})


@router.post("/webhooks", **allow("owner", gives=NewWebhookShape))
async def add(body: NewWebhookBody, request: Request, caller: Owner) -> Json:
    """Tell an address of events from now on. Its secret is in this answer and in no other."""

    request.app.state.tawsim.check_outgoing(body.allow)

    def work() -> tuple[webhooks.Webhook, str]:
        return webhooks.add_webhook(
            caller.db, _accounts(request), caller.workspace.id, caller.worker.id, body.url, body.kinds,
            project_id=body.project_id, allow=body.allow, after=body.after,
        )  # fmt: skip

    made, secret = await run_in_threadpool(work)
    return Json({"webhook": _facts(caller, made), "secret": secret})


@router.patch("/webhooks/{webhook_id}", **allow("owner", gives=WebhookShape))
async def change(webhook_id: str, body: ChangeWebhookBody, request: Request, caller: Owner) -> Json:
    """Switch it on or off, or choose other events. Switched on again it goes on where it stood."""
    if body.kinds is not None:
        kinds = body.kinds
        await caller.db.write_async(lambda tx: webhooks.change_kinds(tx, caller.worker.id, webhook_id, kinds))
    if body.state is not None:
        state = body.state
        await caller.db.write_async(lambda tx: webhooks.switch(tx, caller.worker.id, webhook_id, state))
    return Json({"webhook": _found(request, caller, webhook_id)})


@router.delete("/webhooks/{webhook_id}", **allow("owner", gives=RemovedWebhookShape))
async def remove(webhook_id: str, request: Request, caller: Owner) -> Json:
    """Tell it nothing more. Its secret is forgotten."""
    await caller.db.write_async(lambda tx: webhooks.switch(tx, caller.worker.id, webhook_id, "removed"))
    webhooks.forget_key(_accounts(request), webhook_id)
    return Json({"removed": webhook_id})


@router.post("/webhooks/{webhook_id}/secret", **allow("owner", gives=SecretShape))
async def secret(webhook_id: str, body: SecretBody, request: Request, caller: Owner) -> Json:
    """A new secret in place of the old one; for a webhook that came with a copied workspace, leave to send from here."""

    request.app.state.tawsim.check_outgoing(body.allow)

    def work() -> str:
        return webhooks.new_secret(
            caller.db, _accounts(request), caller.workspace.id, caller.worker.id, webhook_id, body.allow
        )

    return Json({"secret": await run_in_threadpool(work)})


@router.get("/webhooks/{webhook_id}/deliveries", **allow("owner", gives=DeliveriesShape))
async def deliveries(
    webhook_id: str,
    request: Request,
    caller: Owner,
    before: Annotated[int, Query(ge=1, le=1 << 62)] = 1 << 62,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> Json:
    """Messages of a webhook, newest first. Sent ones are kept for a week."""
    _found(request, caller, webhook_id)
    with caller.db.read() as tx:
        rows = tx.all("delivery_page", lane=webhook_id, before=before, before_id="", n=limit)
    page = [dict(row) for row in rows]
    return Json({"deliveries": page, "next": page[-1]["position"] if len(page) == limit else None})


@router.post("/webhooks/{webhook_id}/deliveries/{delivery_id}/again", **allow("owner", gives=WebhookShape))
async def again(webhook_id: str, delivery_id: str, body: AgainBody, request: Request, caller: Owner) -> Json:
    """Send a message once more, or leave out one that waits."""
    await caller.db.write_async(
        lambda tx: delivering.again(tx, caller.worker.id, webhook_id, delivery_id, body.leave_out)
    )
    return Json({"webhook": _found(request, caller, webhook_id)})
