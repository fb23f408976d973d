"""Sending callbacks until they arrive. What is told is the task as it is at that moment, whenever its turn comes.

Each receiver has a few threads of its own for as long as something is due there, so a slow one delays nobody else, and one
callback that fails delays none of the others. No order is promised, and none is needed: each carries the newest state.
"""

import logging
import threading
import time
from dataclasses import dataclass, field
from typing import Any

from tawsim.core.errors import AddressRefused, BadInput, EndpointDown, TawsimError
from tawsim.labellers.mailing import mailbox, send_mail
from tawsim.labellers.opener import Ask, Limits, fetch
from tawsim.labellers.webhooks import Open, Outcome
from tawsim.loop.scale.batches import batch_json
from tawsim.loop.scale.callbacks import HOUR, MOST_TRIES, PAUSES, is_mail, reach_of, told
from tawsim.loop.scale.tasks import task_json, task_row
from tawsim.loop.scale.world import World
from tawsim.store.database import Row, Transaction
from tawsim.store.rows import to_json
from tawsim.workspaces.scale_keys import Account, account_of

log = logging.getLogger("tawsim.scale.sending")
LIMITS = Limits(connect_s=5.0, silence_s=10.0, total_s=15.0, received=64_000, redirects=2)
OF_ONE = 4  # at once to one receiver
OF_ALL = 64
KEEP = 7 * 24 * HOUR
TRIM_EVERY_S = 600.0
HEADER = "scale-callback-auth"


@dataclass(slots=True)
class Sender:
    """Of one world. `step` looks once for what is due and returns at once; threads of its own do the sending."""

    world: World
    opened: Open = fetch
    _threads: dict[str, int] = field(default_factory=dict)  # receiver → how many work for it
    _in_hand: set[str] = field(default_factory=set)
    _door: threading.Lock = field(default_factory=threading.Lock)
    _trimmed: float = 0.0
    _closed: bool = False

    def step(self) -> None:
        """Begin to send what is due."""
        self._trim()
        receiver = ""
        while not self._closed:
            with self.world.db.read() as tx:
                row = tx.one("scale_callback_receiver", after=receiver)
                if row is None or row["receiver"] is None:
                    return
                receiver = row["receiver"]
                due = len(self._due(tx, receiver))
            for _ in range(min(due, OF_ONE)):
                self._begin(receiver)

    def close(self) -> None:
        """Begin nothing more. What was not noted as sent is sent again after the next start."""
        self._closed = True

    def wait(self, seconds: float) -> bool:
        """Wait until nothing is under way."""
        until = time.monotonic() + seconds
        while self._threads and time.monotonic() < until:
            time.sleep(0.01)
        return not self._threads

    def _due(self, tx: Transaction, receiver: str) -> list[Row]:
        """What is due there and in nobody's hands."""
        found = tx.all("scale_callback_due", receiver=receiver, now=tx.now, n=2 * OF_ONE)
        return [row for row in found if row["id"] not in self._in_hand]

    def _begin(self, receiver: str) -> None:
        with self._door:
            here = self._threads.get(receiver, 0)
            if self._closed or here >= OF_ONE or sum(self._threads.values()) >= OF_ALL:
                return
            self._threads[receiver] = here + 1
        threading.Thread(target=self._work, args=(receiver,), name=f"callbacks {receiver}", daemon=True).start()

    def _work(self, receiver: str) -> None:
        try:
            while not self._closed and (row := self._take(receiver)) is not None:
                try:
                    self._send(row)
                finally:
                    with self._door:
                        self._in_hand.discard(row["id"])
        except TawsimError as error:
            log.warning("callbacks to %s: %s", receiver, error)
        except Exception:
            log.exception("callbacks to %s failed", receiver)
        finally:
            with self._door:
                left = self._threads.pop(receiver) - 1
                if left:
                    self._threads[receiver] = left

    def _take(self, receiver: str) -> Row | None:
        with self._door, self.world.db.read() as tx:
            due = self._due(tx, receiver)
            if due:
                self._in_hand.add(due[0]["id"])
            return due[0] if due else None

    def _send(self, row: Row) -> None:
        found = self._try(row)
        tries = row["tries"] + 1
        state = "sent" if not found.error else "failed" if tries >= MOST_TRIES else "waiting"

        def write(tx: Transaction) -> None:
            next_at = tx.now + PAUSES[min(tries, len(PAUSES)) - 1]
            tx.run(
                "scale_callback_tried", id=row["id"], state=state, now=tx.now, next_at=next_at, status=found.status,
                error=found.error,
            )  # fmt: skip
            if state != "waiting" and row["task_id"] is not None:
                tx.run("scale_callback_told", task_id=row["task_id"], succeeded=int(state == "sent"))

        self.world.db.write(write)

    def _try(self, row: Row) -> Outcome:
        """Never raises for what the other side does."""
        with self.world.accounts.read() as books:
            account = account_of(books, self.world.workspace_id)
        if account is None:
            return Outcome(None, "This workspace came from elsewhere: it has no key of this machine.")
        try:
            with self.world.db.read() as tx:
                body = _body(tx, row)
            if is_mail(row["url"]):
                return _mailed(row["url"], body)
            answer = self.opened(_ask(self.world, row["url"], to_json(body), account), LIMITS)
        except (AddressRefused, EndpointDown, BadInput) as error:
            return Outcome(None, told(error, row["url"])[:300])
        except TawsimError:  # a full disk and the like: of this machine, not of the callback
            raise
        except (
            Exception
        ):  # what can never be sent is counted as tried: else it came first for ever, before all others there
            log.exception("callback %s could not be made", row["id"])
            return Outcome(None, "It could not be made. The log of the server says more.")
        if 200 <= answer.status < 300:
            return Outcome(answer.status, "")
        return Outcome(answer.status, f"It answered {answer.status}.")

    def _trim(self) -> None:
        if time.monotonic() - self._trimmed < TRIM_EVERY_S:
            return
        self._trimmed = time.monotonic()

        def write(tx: Transaction) -> None:
            tx.run("scale_callback_trim", before=tx.now - KEEP, n=5_000)
            tx.run("scale_callback_too_far", now=tx.now, far=tx.now + PAUSES[-1])

        self.world.db.write(write)


def _ask(world: World, url: str, body: str, account: Account) -> Ask:
    """The request. A private address is opened only where the account names it; http is, unlike elsewhere, for the customer
    chose it, and what they send us goes the same way."""
    headers = {"Content-Type": "application/json", HEADER: account.callback_key}
    return Ask(url, "POST", headers, body.encode(), reach=reach_of(world, account.allow, url))


def _body(tx: Transaction, row: Row) -> dict[str, Any]:
    """What is told."""
    if row["batch_id"] is not None:
        batch = tx.one("batch_get", id=row["batch_id"])
        assert batch is not None
        told = batch_json(tx, batch)
        return {"name": told["name"], "status": told["status"], "batch": told}
    task = task_json(tx, task_row(tx, row["task_id"]))
    return {
        "task_id": task["task_id"], "status": task["status"], "response": task.get("response", {}), "task": task,
    }  # fmt: skip


def _mailed(to: str, body: dict[str, Any]) -> Outcome:
    """By mail goes only that something changed: what it is about stays here."""
    box = mailbox()
    if box is None:
        return Outcome(None, "This server sends no mail.")
    what = f"Task {body['task_id']}" if "task_id" in body else f"Batch {body['name']}"
    what = " ".join(what.split())  # a name may have lines, a subject may not
    send_mail(box, to, f"{what}: {body['status']}", f"{what} is {body['status']}.\n")
    return Outcome(250, "")
