"""Callbacks on a clock of the test's own: tried twenty times in a day, apart from each other, and only where they may go."""

import json
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from tawsim.core.clock import SECOND
from tawsim.core.errors import AddressRefused, EndpointDown
from tawsim.labellers.mailing import Mailbox, send_mail
from tawsim.labellers.opener import Answer, Ask, Limits, fetch
from tawsim.loop.scale import auditing, batches, callbacks, outcomes, projects
from tawsim.loop.scale.batches import NewScaleBatch
from tawsim.loop.scale.callbacks import HOUR, MOST_TRIES, PAUSES
from tawsim.loop.scale.projects import NewScaleProject
from tawsim.loop.scale.sending import Sender
from tawsim.loop.scale.tasks import create_task, task_row
from tawsim.loop.scale.world import World
from tawsim.workspaces import accounts, scale_keys
from tawsim.workspaces.workspace import open_workspace

PARAMS = {"attachment": "x", "attachment_type": "text", "categories": ["a", "b"]}


@dataclass
class Time:
    """A clock that stands until it is moved."""

    now: int = 1_800_000_000 * SECOND

    def __call__(self) -> int:
        return self.now


@dataclass
class Receivers:
    """In the place of the network. `status`: address → what it answers; an exception is raised."""

    status: dict[str, Any] = field(default_factory=dict)
    asked: list[Ask] = field(default_factory=list)

    def __call__(self, ask: Ask, _limits: Limits) -> Answer:
        self.asked.append(ask)
        wanted = self.status.get(ask.url, 200)
        if callable(wanted):
            wanted = wanted()
        if isinstance(wanted, Exception):
            raise wanted
        return Answer(wanted, {}, b"")


@dataclass
class Sending:
    """A world of live keys with a sender."""

    world: World
    time: Time
    receivers: Receivers
    sender: Sender

    def task(self, url: str) -> str:
        """A completed task whose callback waits."""

        def work(tx: Any) -> str:
            row = create_task(tx, self.world, "categorization", PARAMS | {"callback_url": url})
            outcomes.complete(tx, self.world, row["task_id"], {"category": "a"})
            return str(row["task_id"])

        return self.world.db.write(work)

    def step(self) -> None:
        self.sender.step()
        assert self.sender.wait(60)

    def succeeded(self, task_id: str) -> Any:
        with self.world.db.read() as tx:
            return task_row(tx, task_id)["callback_succeeded"]

    def allow(self, place: str) -> None:
        self.world.accounts.write(
            lambda tx: scale_keys.change_account(tx, self.world.workspace_id, "live", allow=place)
        )


@pytest.fixture
def sending(tmp_path: Path) -> Iterator[Sending]:
    clock = Time()
    workspace = open_workspace(tmp_path / "w.tawsim", create=True, owner="Noor", clock=clock)
    books = accounts.open_accounts(tmp_path, clock=clock)
    books.write(lambda tx: scale_keys.ensure_account(tx, workspace.id))
    world = World(workspace.db, books, workspace.id, "live", workspace.owner_id)
    receivers = Receivers()
    yield Sending(world, clock, receivers, Sender(world, receivers))
    workspace.close()
    books.close()


def test_one_that_fails_for_ever_is_tried_twenty_times_in_a_day(sending: Sending) -> None:
    url = "https://example.com/back"
    sending.receivers.status[url] = 500
    begun, tries = sending.time.now, []
    task = sending.task(url)
    for _ in range(24 * 60 * 6 + 60):
        before = len(sending.receivers.asked)
        sending.step()
        tries += [sending.time.now - begun] * (len(sending.receivers.asked) - before)
        sending.time.now += 10 * SECOND
        if len(tries) == MOST_TRIES:
            break
    assert len(tries) == MOST_TRIES == 20
    assert tries[1] <= 60 * SECOND  # the first repeat within a minute
    assert tries[-1] < 24 * HOUR
    gaps = [later - earlier for earlier, later in pairwise(tries)]
    assert gaps == sorted(gaps)
    assert sending.succeeded(task) == 0
    sending.time.now += 48 * HOUR
    sending.step()
    assert len(sending.receivers.asked) == MOST_TRIES
    # Sent again by hand, it has all its tries before it, and arrives.
    sending.receivers.status[url] = 204
    with sending.world.db.read() as tx:
        (row,) = tx.all("scale_callback_seen_failed", before="~", n=9)
    sending.world.db.write(lambda tx: callbacks.again(tx, row["id"]))
    sending.step()
    assert sending.succeeded(task) == 1


def test_it_says_what_it_must(sending: Sending) -> None:
    task = sending.task("http://example.com/back")
    sending.step()
    (ask,) = sending.receivers.asked
    with sending.world.accounts.read() as tx:
        account = scale_keys.account_of(tx, sending.world.workspace_id)
    assert account is not None
    assert (ask.method, ask.reach) == ("POST", "public")
    assert ask.headers["scale-callback-auth"] == account.callback_key
    body = json.loads(ask.body or b"")
    assert (body["task_id"], body["status"], body["response"]) == (task, "completed", {"category": "a"})
    assert body["task"]["params"]["categories"] == ["a", "b"]
    assert sending.succeeded(task) == 1


def test_one_that_fails_delays_no_other_of_its_receiver(sending: Sending) -> None:
    sending.receivers.status["https://example.com/bad"] = EndpointDown("It breaks off.")
    bad = sending.task("https://example.com/bad")
    good = sending.task("https://example.com/good")
    sending.step()
    assert (sending.succeeded(bad), sending.succeeded(good)) == (None, 1)


def test_a_slow_receiver_delays_no_other(sending: Sending) -> None:
    free = threading.Event()

    def slow() -> int:
        assert free.wait(120)
        return 200

    sending.receivers.status["https://slow.example.com/"] = slow
    slow_ones = [sending.task("https://slow.example.com/") for _ in range(100)]
    quick = sending.task("https://quick.example.com/")
    begun = time.monotonic()
    sending.sender.step()
    while sending.succeeded(quick) is None:
        assert time.monotonic() - begun < 60
        time.sleep(0.01)
    assert sum(ask.url == "https://slow.example.com/" for ask in sending.receivers.asked) <= 4
    free.set()
    assert sending.sender.wait(60)
    assert all(sending.succeeded(one) == 1 for one in slow_ones)


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:9/x", "http://10.0.0.8/x", "http://169.254.169.254/x", "http://[::1]:9/x", "http://2130706433/"]
)  # fmt: skip
def test_addresses_of_this_machine_and_network_are_not_opened(sending: Sending, url: str) -> None:
    sending.sender.opened = fetch  # the real one: it refuses before it connects
    task = sending.task(url)
    sending.step()
    with sending.world.db.read() as tx:
        (row,) = tx.all("scale_callback_seen", before="~", n=9)
    assert (row["state"], row["tries"], row["status"]) == ("waiting", 1, None)
    assert row["error"]
    assert sending.succeeded(task) is None


def test_what_an_owner_allowed_may_be_opened_and_nothing_beside_it(sending: Sending) -> None:
    sending.allow("127.0.0.1:9, 10.0.0.8:80")
    sending.task("http://127.0.0.1:9/x")
    sending.task("http://127.0.0.1:10/x")
    sending.step()
    assert {ask.url: ask.reach for ask in sending.receivers.asked} == {
        "http://127.0.0.1:9/x": "own", "http://127.0.0.1:10/x": "public",
    }  # fmt: skip


def test_what_was_allowed_is_opened_only_while_the_operator_permits_it(sending: Sending) -> None:
    """It was allowed while the workspace had the server to itself."""
    sending.allow("127.0.0.1:9, 10.0.0.8:80")
    sending.sender.world = replace(sending.world, permits=frozenset({"10.0.0.8:80"}).__contains__)
    for url in ("http://127.0.0.1:9/x", "http://10.0.0.8:80/x"):
        sending.task(url)
    sending.step()
    assert {ask.url: ask.reach for ask in sending.receivers.asked} == {
        "http://127.0.0.1:9/x": "public", "http://10.0.0.8:80/x": "own",
    }  # fmt: skip


def test_what_came_from_elsewhere_calls_nobody(tmp_path: Path, sending: Sending) -> None:
    sending.task("https://example.com/")
    (tmp_path / "other").mkdir()
    books = accounts.open_accounts(tmp_path / "other", clock=sending.time)
    moved = World(sending.world.db, books, sending.world.workspace_id, "live", "clock")
    sender = Sender(moved, sending.receivers)
    sender.step()
    assert sender.wait(60)
    books.close()
    assert sending.receivers.asked == []


def test_a_clock_that_jumped_ahead_and_back_holds_nothing_up(sending: Sending) -> None:
    now = sending.time.now
    sending.time.now = now + 365 * 24 * HOUR
    task = sending.task("https://example.com/")
    sending.time.now = now
    sending.step()
    sending.step()
    assert sending.succeeded(task) == 1


def test_pauses_grow_and_fit_into_a_day() -> None:
    assert list(PAUSES) == sorted(PAUSES)
    assert sum(PAUSES) < 24 * HOUR
    assert PAUSES[0] <= 60 * SECOND


def test_a_mailbox_is_told_that_something_changed_and_nothing_more(
    sending: Sending, monkeypatch: pytest.MonkeyPatch
) -> None:
    task = sending.task("team@example.com")
    monkeypatch.setattr("tawsim.loop.scale.sending.mailbox", lambda: None)
    sending.step()
    assert sending.succeeded(task) is None  # no mail leaves this machine: it is tried again
    sent: list[tuple[Any, ...]] = []
    monkeypatch.setattr("tawsim.loop.scale.sending.mailbox", lambda: "box")
    monkeypatch.setattr("tawsim.loop.scale.sending.send_mail", lambda *said: sent.append(said))
    sending.time.now += 60 * SECOND
    sending.step()
    assert sent == [("box", "team@example.com", f"Task {task}: completed", f"Task {task} is completed.\n")]
    assert sending.succeeded(task) == 1
    assert sending.receivers.asked == []


@pytest.mark.parametrize("accepted", [True, False])
def test_an_audit_of_what_nobody_here_answered_is_told_and_stays_completed(sending: Sending, accepted: bool) -> None:
    task = sending.task("https://example.com/back")
    sending.step()
    sending.world.db.write(lambda tx: auditing.audit(tx, sending.world, task, accepted=accepted, comment="so"))
    sending.step()
    first, second = [json.loads(ask.body or b"")["task"] for ask in sending.receivers.asked]
    assert "customer_review_status" not in first
    assert second["customer_review_status"] == ("accepted" if accepted else "rejected")
    assert (second["customer_review_comments"], second["status"]) == (["so"], "completed")


def test_what_cannot_be_made_at_all_holds_up_no_other(sending: Sending, monkeypatch: pytest.MonkeyPatch) -> None:
    """A mail box that Python's own reader of addresses dies of came first in its line for ever."""
    box = Mailbox("127.0.0.1", 9, "from@example.com", security="none")
    monkeypatch.setattr("tawsim.loop.scale.sending.mailbox", lambda: box)
    bad, good = sending.task("a@["), sending.task("to@example.com")
    sent = []
    really = send_mail

    def send(box: Any, to: str, subject: str, text: str) -> None:
        sent.append(to)
        if to == "a@[":
            really(box, to, subject, text)

    monkeypatch.setattr("tawsim.loop.scale.sending.send_mail", send)
    sending.step()
    assert sorted(sent) == ["a@[", "to@example.com"]
    assert (sending.succeeded(bad), sending.succeeded(good)) == (None, 1)
    sending.step()
    assert sent.count("a@[") == 1  # its pause is not over
    sending.time.now += 25 * HOUR * MOST_TRIES
    for _ in range(MOST_TRIES):
        sending.step()
        sending.time.now += 4 * HOUR
    assert sending.succeeded(bad) == 0


def test_a_batch_whose_name_has_lines_is_told_of_by_mail(sending: Sending, monkeypatch: pytest.MonkeyPatch) -> None:
    def work(tx: Any) -> None:
        projects.create(tx, sending.world, NewScaleProject("p", "categorization"))
        new = NewScaleBatch("p", "one\nBcc: x@example.com", "production", "to@example.com")
        callbacks.put_batch(tx, batches.create(tx, sending.world, new))

    sending.world.db.write(work)
    sent: list[Any] = []
    monkeypatch.setattr("tawsim.loop.scale.sending.mailbox", lambda: "box")
    monkeypatch.setattr("tawsim.loop.scale.sending.send_mail", lambda *said: sent.append(said))
    sending.step()
    assert [said[2] for said in sent] == ["Batch one Bcc: x@example.com: staging"]


def test_who_may_not_be_reached_is_told_with_the_way_to_allow_it() -> None:
    with pytest.raises(AddressRefused) as caught:
        fetch(Ask("http://127.0.0.1:9/x"))
    assert callbacks.told(caught.value, "http://127.0.0.1:9/x").endswith("allow 127.0.0.1:9 on the page Scale API.")
    assert "page" not in callbacks.told(caught.value, "https://other.example/")  # a redirect's address is no customer's
