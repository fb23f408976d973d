"""Webhooks: who is told of which events, and what is sent. Nothing here knows projects' work, and nothing opens a socket but
through the opener.

A workspace is a file that is copied and mailed. What signs a webhook's messages, and the leave to send them from this
machine, stands in the accounts file beside it: a workspace that came from elsewhere tells nobody anything. What is sent
stands in the table `delivery`, for webhooks and for whoever else has to call an address until it has answered.
"""

import base64
import hashlib
import hmac
import json
import re
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from tawsim.core.clock import SECOND, to_iso
from tawsim.core.errors import AddressRefused, BadInput, Conflict, EndpointDown, NotFound, TawsimError
from tawsim.core.ids import new_id
from tawsim.labellers.addresses import check_address, read_url
from tawsim.labellers.opener import Answer, Ask, Limits, fetch
from tawsim.store.database import Database, Row, Transaction
from tawsim.store.keys import record
from tawsim.store.rows import to_json

MINUTE, HOUR = 60 * SECOND, 3_600 * SECOND
# After the first try, then after each that failed: a day and a few minutes altogether. Counted in tries, so that a clock that
# jumps ends nothing early.
PAUSES = (
    5 * SECOND, 30 * SECOND, 2 * MINUTE, 10 * MINUTE, 30 * MINUTE, HOUR, 2 * HOUR, 4 * HOUR, 6 * HOUR, 10 * HOUR
)  # fmt: skip
LIMITS = Limits(connect_s=5.0, silence_s=10.0, total_s=15.0, received=64_000, redirects=2)
MAX_WEBHOOKS = 20
MAX_KINDS = 50
MAX_BODY = 1_000_000
_KIND = re.compile(r"\*|[a-z_]{1,30}\.(?:[a-z_]{1,30})?")
Open = Callable[[Ask, Limits], Answer]


@dataclass(frozen=True, slots=True)
class Webhook:
    """`kinds`: events such as `annotation.accepted`, groups such as `annotation.`, or `*` for all but those of leases.
    `place`: the number of the last event that was looked at. `here`: this machine has leave and a secret to send."""

    id: str
    url: str
    kinds: tuple[str, ...]
    project_id: str | None
    state: str
    place: int
    created_at: int
    failing_since: int | None
    here: bool = False

    def wants(self, kind: str, project_id: str | None) -> bool:
        """Whether an event is for it."""
        if self.project_id is not None and project_id != self.project_id:
            return False
        group = kind.partition(".")[0] + "."
        return kind in self.kinds or group in self.kinds or ("*" in self.kinds and group != "lease.")


@dataclass(frozen=True, slots=True)
class Key:
    """Leave to send to `url` from this machine, and what signs it. `allow`: the private host:port that an owner named."""

    url: str
    secret: str = field(repr=False)
    allow: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a try: `status` where anything answered, `error` in words, "" where it arrived."""

    status: int | None
    error: str
    gone: bool = False


# ---- who is told -----------------------------------------------------------------------------------------------------
def read_kinds(kinds: Sequence[str]) -> tuple[str, ...]:
    """Kinds of events, checked. Raises BadInput."""
    if not 1 <= len(kinds) <= MAX_KINDS:
        raise BadInput(f"kinds: 1 to {MAX_KINDS} kinds of events.", "“*” for all but those of leases.", field="kinds")
    for one in kinds:
        if not isinstance(one, str) or not _KIND.fullmatch(one):
            raise BadInput(
                f"kinds: {str(one)[:40]!r} is no kind of event.", "Such as annotation.accepted, annotation. or *.",
                field="kinds",
            )  # fmt: skip
    return tuple(dict.fromkeys(kinds))


def check_url(url: str, allow: str = "") -> str:
    """The address as it is kept. `allow` names the one private host:port that may be opened. Raises AddressRefused."""
    target = read_url(url)
    place = f"[{target.host}]:{target.port}" if ":" in target.host else f"{target.host}:{target.port}"
    if allow and allow != place:
        raise AddressRefused(
            f"allow: {allow[:80]!r} is not where this address leads ({place}).",
            "Write host:port just so.",
            field="allow",
        )
    if target.scheme == "http" and not allow:
        raise AddressRefused(
            "url: over http everybody on the way can read what is sent.",
            "Use https, or allow a host and port of your own network.", field="url",
        )  # fmt: skip
    if target.literal is not None:
        try:
            check_address(str(target.literal), target.host, target.scheme, "own" if allow else "public")
        except AddressRefused as error:
            raise AddressRefused(f"url: {error.message}", f"An owner may allow it: {place}", field="url") from None
    return str(target)


def add_webhook(
    db: Database, accounts: Database, workspace_id: str, actor_id: str, url: str, kinds: Sequence[str], *,
    project_id: str | None = None, allow: str = "", after: int | None = None,
) -> tuple[Webhook, str]:  # fmt: skip
    """A webhook and its secret, which is shown this once. It is told of events past number `after` (None: from now on)."""
    clean, wanted = check_url(url, allow), read_kinds(kinds)
    webhook_id, key = new_id(db.clock()), Key(clean, _new_secret(), allow)

    def write(tx: Transaction) -> None:
        if len(tx.all("webhook_list")) >= MAX_WEBHOOKS:
            raise Conflict(f"A workspace has at most {MAX_WEBHOOKS} webhooks.", "Remove one first.")
        if project_id is not None and tx.one("project_get", id=project_id) is None:
            raise NotFound("There is no such project.")
        record(
            tx, "webhook.added", actor_id, project_id=project_id, object_id=webhook_id,
            data=to_json({"url": clean, "kinds": list(wanted), "allow": allow}),
        )  # fmt: skip
        assert tx.head is not None
        tx.run(
            "webhook_insert", id=webhook_id, url=clean, kinds=to_json(list(wanted)), project_id=project_id,
            place=tx.head[0] if after is None else max(0, after), by_worker=actor_id, created_at=tx.now,
        )  # fmt: skip

    _set_key(accounts, workspace_id, webhook_id, key)  # first: without it the webhook would only wait
    db.write(write)
    return find_webhook(db, accounts, workspace_id, webhook_id), key.secret


def list_webhooks(db: Database, accounts: Database, workspace_id: str) -> list[Webhook]:
    """All of them, oldest first."""
    with db.read() as tx:
        found = tx.all("webhook_list")
    return [_webhook(row, key_of(accounts, workspace_id, row)) for row in found]


def find_webhook(db: Database, accounts: Database, workspace_id: str, webhook_id: str) -> Webhook:
    """The webhook, or NotFound."""
    with db.read() as tx:
        row = _row(tx, webhook_id)
    return _webhook(row, key_of(accounts, workspace_id, row))


def new_secret(db: Database, accounts: Database, workspace_id: str, actor_id: str, webhook_id: str, allow: str) -> str:
    """Another secret, shown once; the one before signs nothing from now on. Gives leave to send from this machine."""
    with db.read() as tx:
        url = str(_row(tx, webhook_id)["url"])
    key = Key(check_url(url, allow), _new_secret(), allow)
    _set_key(accounts, workspace_id, webhook_id, key)
    db.write(lambda tx: record(tx, "webhook.secret", actor_id, object_id=webhook_id))
    return key.secret


def switch(tx: Transaction, actor_id: str, webhook_id: str, state: str) -> None:
    """On, off, or removed. Switched on again, it goes on where it stood: nothing was lost meanwhile. Raises NotFound."""
    if state not in ("on", "off", "removed"):
        raise BadInput(f"state is on, off or removed, not {state[:20]!r}.", field="state")
    _row(tx, webhook_id)
    tx.run("webhook_set_state", id=webhook_id, state=state)
    if state == "on":
        tx.run("delivery_lane_again", lane=webhook_id, now=tx.now)
    record(tx, f"webhook.{state}", actor_id, object_id=webhook_id)


def change_kinds(tx: Transaction, actor_id: str, webhook_id: str, kinds: Sequence[str]) -> None:
    """Other events from here on. Raises NotFound, BadInput."""
    wanted = read_kinds(kinds)
    _row(tx, webhook_id)
    tx.run("webhook_change", id=webhook_id, kinds=to_json(list(wanted)))
    record(tx, "webhook.changed", actor_id, object_id=webhook_id, data=to_json({"kinds": list(wanted)}))


def key_of(accounts: Database, workspace_id: str, webhook: Row) -> Key | None:
    """What signs a webhook's messages here; None where it came with the file, or has another address than was allowed."""
    with accounts.read() as tx:
        row = tx.one("hook_key_get", webhook_id=webhook["id"], workspace_id=workspace_id)
    return None if row is None or row["url"] != webhook["url"] else Key(row["url"], row["secret"], row["allow"])


def forget_key(accounts: Database, webhook_id: str) -> None:
    """Of a webhook that was removed."""
    accounts.write(lambda tx: tx.run("hook_key_delete", webhook_id=webhook_id))


def _set_key(accounts: Database, workspace_id: str, webhook_id: str, key: Key) -> None:
    accounts.write(
        lambda tx: tx.run(
            "hook_key_set", webhook_id=webhook_id, workspace_id=workspace_id, url=key.url, secret=key.secret,
            allow=key.allow, created_at=tx.now,
        )
    )  # fmt: skip


def _row(tx: Transaction, webhook_id: str) -> Row:
    row = tx.one("webhook_get", id=webhook_id)
    if row is None:
        raise NotFound("There is no such webhook.")
    return row


def _webhook(row: Row, key: Key | None) -> Webhook:
    return Webhook(
        row["id"], row["url"], tuple(json.loads(row["kinds"])), row["project_id"], row["state"], row["place"],
        row["created_at"], row["failing_since"], key is not None,
    )  # fmt: skip


def read_webhook(row: Row) -> Webhook:
    """A row of `webhook`, without a look at this machine's leave."""
    return _webhook(row, None)


# ---- what is sent ----------------------------------------------------------------------------------------------------
def message(row: Row) -> str:
    """The body that tells of an event: who did what to which object, and its place in the chain. Never what a task or an
    answer holds."""
    data = {
        "number": row["number"], "hash": bytes(row["hash"]).hex(), "id": row["id"], "actor": row["actor_id"],
        "project": row["project_id"], "task": row["task_id"], "object": row["object_id"], "data": json.loads(row["data"]),
    }  # fmt: skip
    return to_json({"type": row["kind"], "timestamp": to_iso(row["at"]), "data": data})


def put_delivery(
    tx: Transaction, lane: str, kind: str, url: str, body: str, *, headers: Mapping[str, str] | None = None,
    position: int = 0, signed_by: str | None = None,
) -> str:  # fmt: skip
    """Something to be sent, in the transaction that makes it true: tried until it arrives, at least once, in the order of
    its lane. `signed_by`: the webhook whose secret signs it; without one it goes to public https addresses only, with the
    headers as given. Returns its id."""
    if len(body) > MAX_BODY:
        raise BadInput(f"A message has at most {MAX_BODY:,} characters.")
    delivery_id = new_id(tx.now)
    tx.run(
        "delivery_insert", id=delivery_id, lane=lane, position=position, signed_by=signed_by, kind=kind, url=url,
        headers=to_json(dict(headers or {})), body=body, created_at=tx.now,
    )  # fmt: skip
    return delivery_id


def signature(secret: str, message_id: str, timestamp_s: int, body: str) -> str:
    """`v1,…` of Standard Webhooks: HMAC-SHA256 over id, timestamp and body with dots between, in base64."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = f"{message_id}.{timestamp_s}.{body}".encode()
    return "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()


def _new_secret() -> str:
    return "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()


def send(delivery: Row, key: Key | None, now: int, *, opened: Open = fetch) -> Outcome:
    """Try once. Never raises for what the other side does: any status but 2xx is a failure, and so are an address that may
    not be opened, a redirect to one, and an answer that does not end within `LIMITS`."""
    headers = {"Content-Type": "application/json", "webhook-id": delivery["id"], **json.loads(delivery["headers"])}
    if delivery["signed_by"] is not None:
        if key is None:
            return Outcome(None, "This webhook came with the file: give it a secret to send from this machine.")
        seconds = now // SECOND
        headers |= {
            "webhook-timestamp": str(seconds),
            "webhook-signature": signature(key.secret, delivery["id"], seconds, delivery["body"]),
        }
    ask = Ask(
        delivery["url"], "POST", headers, delivery["body"].encode(), reach="own" if key is not None and key.allow else "public"
    )  # fmt: skip
    try:
        check_url(ask.url, key.allow if key is not None else "")
        answer = opened(ask, LIMITS)
    except (EndpointDown, AddressRefused) as error:
        return Outcome(None, _brief(error))
    if 200 <= answer.status < 300:
        return Outcome(answer.status, "")
    return Outcome(answer.status, f"It answered {answer.status}.", gone=answer.status == 410)


def _brief(error: TawsimError) -> str:
    return error.message[:300]
