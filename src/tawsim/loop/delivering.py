"""Sending what is to be sent: the log of events → messages of webhooks → their receivers. How one is sent is in labellers/.

A webhook keeps its place in the log of events, and a message is written in the same transaction that moves the place on, so
that nothing is lost and a submit writes nothing for it. Each lane (a webhook, or an address of a callback) is sent in order,
one message at a time, by a thread of its own for as long as it has work: a slow receiver delays nobody else.
"""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from tawsim.core.errors import NotFound, TawsimError
from tawsim.labellers import webhooks
from tawsim.labellers.opener import fetch
from tawsim.labellers.webhooks import HOUR, PAUSES, Key, Open, Outcome, Webhook
from tawsim.store.database import Database, Row, Transaction
from tawsim.store.keys import record
from tawsim.store.rows import to_json

log = logging.getLogger("tawsim.delivering")
WINDOW = 50  # messages that lie written ahead of the receiver
LOOK = 5_000  # events looked at in one step
MOST_AT_ONCE = 64  # lanes
KEEP = 7 * 24 * HOUR  # sent messages stay to be looked at


@dataclass(slots=True)
class Deliverer:
    """Of one workspace. `step` looks once for what is due and returns at once; threads of its own do the sending."""

    db: Database
    accounts: Database
    workspace_id: str
    opened: Open = fetch
    permits: Callable[[str], bool] = lambda _place: (
        True
    )  # whether whoever runs the server lets it open a private host:port
    _busy: set[str] = field(default_factory=set)
    _door: threading.Lock = field(default_factory=threading.Lock)
    _looked: dict[str, int] = field(default_factory=dict)
    _trimmed: float = 0.0
    _closed: bool = False

    def step(self) -> None:
        """Write what webhooks are to be told, and begin to send what is due."""
        with self.db.read() as tx:
            hooks = [webhooks.read_webhook(row) for row in tx.all("webhook_list") if row["state"] == "on"]
        for hook in hooks:
            self._write_messages(hook)
        self._trim()
        with self.db.read() as tx:
            due = tx.all("delivery_due", now=tx.now, far=tx.now + PAUSES[-1], n=4 * MOST_AT_ONCE)
        for one in due:
            self._begin(one["lane"])

    def close(self) -> None:
        """Begin nothing more. What is under way may end; what was not noted as sent is sent again after the next start."""
        self._closed = True

    def wait(self, seconds: float) -> bool:
        """Wait until nothing is under way. For tests, and for a quiet end."""
        until = time.monotonic() + seconds
        while self._busy and time.monotonic() < until:
            time.sleep(0.01)
        return not self._busy

    def _write_messages(self, hook: Webhook) -> None:
        """Messages for the next events that the webhook wants, as far as its window reaches."""
        place = max(hook.place, self._looked.get(hook.id, 0))
        with self.db.read() as tx:
            row = tx.one("delivery_waiting_in_lane", lane=hook.id)
            free = WINDOW - (row["n"] if row is not None else 0)
            if free <= 0:
                return
            found, seen = [], place
            for event in tx.all("event_chain", after=place, n=LOOK):
                seen = event["number"]
                if hook.wants(event["kind"], event["project_id"]):
                    found.append(event)
                    if len(found) == free:
                        break
        self._looked[hook.id] = seen
        if not found and seen - hook.place < LOOK:
            return  # nothing worth a write: after a crash these are looked at again

        def write(tx: Transaction) -> None:
            if tx.run("webhook_set_place", id=hook.id, place=seen) == 0:
                return  # somebody else has been here
            for event in found:
                webhooks.put_delivery(
                    tx, hook.id, event["kind"], hook.url, webhooks.message(event), position=event["number"],
                    signed_by=hook.id,
                )  # fmt: skip

        self.db.write(write)

    def _begin(self, lane: str) -> None:
        with self._door:
            if self._closed or lane in self._busy or len(self._busy) >= MOST_AT_ONCE:
                return
            self._busy.add(lane)
        threading.Thread(target=self._send_lane, args=(lane,), name=f"deliver {lane}", daemon=True).start()

    def _send_lane(self, lane: str) -> None:
        try:
            while not self._closed:
                with self.db.read() as tx:
                    row = tx.one("delivery_due_in_lane", lane=lane)
                    now = tx.now
                if row is None or now < row["next_at"] <= now + PAUSES[-1] or not self._send(row):
                    return
        except TawsimError as error:
            log.warning("deliveries of %s: %s", lane, error)
        except Exception:
            log.exception("deliveries of %s failed", lane)
        finally:
            with self._door:
                self._busy.discard(lane)

    def _send(self, row: Row) -> bool:
        """Try one message and note what became of it. Whether it arrived."""
        key = self._key(row)
        found = webhooks.send(row, key, self.db.clock(), opened=self.opened)
        self.db.write(lambda tx: note(tx, row, found))
        return not found.error

    def _key(self, row: Row) -> Key | None:
        if row["signed_by"] is None:
            return None
        with self.db.read() as tx:
            hook = tx.one("webhook_get", id=row["signed_by"])
        key = None if hook is None else webhooks.key_of(self.accounts, self.workspace_id, hook)
        if key is None or not key.allow or self.permits(key.allow):
            return key
        return replace(key, allow="")  # its owner allowed it when nobody else was on this server

    def _trim(self) -> None:
        if time.monotonic() - self._trimmed > 600:
            self._trimmed = time.monotonic()
            now = self.db.clock()
            self.db.write(lambda tx: tx.run("delivery_trim", before=now - KEEP, n=5_000))


def note(tx: Transaction, row: Row, found: Outcome) -> None:
    """Write what became of a try. After the last pause a webhook is switched off with its messages kept; a callback, which
    nobody could switch on again, has failed."""
    hook, tries = row["signed_by"], row["tries"] + 1
    over = tries > len(PAUSES) or found.gone
    state = "sent" if not found.error else "failed" if over and hook is None else "waiting"
    pause = PAUSES[min(tries, len(PAUSES)) - 1]
    tx.run(
        "delivery_tried", id=row["id"], state=state, now=tx.now, next_at=tx.now + pause, status=found.status,
        error=found.error,
    )  # fmt: skip
    if hook is None:
        return
    if not found.error:
        tx.run("webhook_worked", id=hook)
        return
    tx.run("webhook_failed", id=hook, now=tx.now)
    if over:
        tx.run("webhook_set_state", id=hook, state="failed")
        record(tx, "webhook.failed", "clock", object_id=hook, data=to_json({"error": found.error, "tries": tries}))


def again(tx: Transaction, actor_id: str, webhook_id: str, delivery_id: str, leave_out: bool = False) -> None:
    """Send a message again, now; or leave out one that waits, so that the next ones go. Raises NotFound."""
    row = tx.one("delivery_get", id=delivery_id)
    if row is None or row["lane"] != webhook_id or tx.one("webhook_get", id=webhook_id) is None:
        raise NotFound("There is no such message.")
    if leave_out:
        tx.run("delivery_leave_out", id=delivery_id)
    else:
        tx.run("delivery_again", id=delivery_id, now=tx.now)
    record(tx, "webhook.left_out" if leave_out else "webhook.again", actor_id, object_id=webhook_id)
