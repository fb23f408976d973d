"""Webhooks: nothing lost, in order, signed; a bad receiver harms nobody; a copied workspace tells nobody anything."""

import base64
import hashlib
import hmac
import json
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest
from model_server import ModelServer, model_server, say, says

from tawsim.core.clock import SECOND
from tawsim.core.errors import AddressRefused, BadInput, EndpointDown, NotFound
from tawsim.labellers import webhooks
from tawsim.labellers.webhooks import PAUSES
from tawsim.loop.delivering import WINDOW, Deliverer, again
from tawsim.store.database import Database
from tawsim.store.keys import record
from tawsim.workspaces.accounts import open_accounts
from tawsim.workspaces.workspace import Workspace

OK = says(204)


class Room:
    """A workspace, its accounts, a receiver on the loopback, and a clock that the test moves."""

    def __init__(self, workspace: Workspace, accounts: Database, clock: Any, receiver: ModelServer) -> None:
        self.workspace, self.accounts, self.clock, self.receiver = workspace, accounts, clock, receiver
        self.deliverer = Deliverer(workspace.db, accounts, workspace.id)

    @property
    def db(self) -> Database:
        return self.workspace.db

    def hook(self, path: str = "/in", kinds: tuple[str, ...] = ("test.",), port: int | None = None, **more: Any) -> str:
        place = f"127.0.0.1:{port or self.receiver.port}"
        made, self.secret = webhooks.add_webhook(
            self.db, self.accounts, self.workspace.id, self.workspace.owner_id, f"http://{place}{path}", kinds,
            allow=place, **more,
        )  # fmt: skip
        return made.id

    def happen(self, n: int, kind: str = "test.one") -> None:
        for i in range(n):
            self.db.write(lambda tx, i=i: record(tx, kind, "x", data=json.dumps({"i": i})))

    def go(self, steps: int = 1) -> None:
        for _ in range(steps):
            self.deliverer.step()
            assert self.deliverer.wait(20)

    def of(self, hook: str) -> Any:
        return webhooks.find_webhook(self.db, self.accounts, self.workspace.id, hook)

    def rows(self, hook: str) -> list[dict[str, Any]]:
        with self.db.read() as tx:
            found = tx.all("delivery_page", lane=hook, before=1 << 60, before_id="~", n=500)
        return [dict(row) for row in reversed(found)]

    def got(self) -> list[int]:
        return [body["data"]["data"]["i"] for body in self.receiver.bodies]


@pytest.fixture
def room(workspace: Workspace, clock: Any, tmp_path: Path) -> Iterator[Room]:
    books = open_accounts(tmp_path, clock=clock)
    with model_server() as receiver:
        receiver.plays += [OK] * 1_000
        made = Room(workspace, books, clock, receiver)
        yield made
        made.deliverer.close()
        made.deliverer.wait(5)
    books.close()


def test_events_arrive_in_order_once_and_only_those_that_are_wanted(room: Room) -> None:
    room.happen(2)  # before the webhook: none of its business
    hook = room.hook()
    room.happen(5)
    room.happen(3, "other.kind")
    room.happen(2)
    room.go(2)
    assert room.got() == [0, 1, 2, 3, 4, 0, 1]
    assert {row["state"] for row in room.rows(hook)} == {"sent"}
    room.go(3)
    assert len(room.receiver.bodies) == 7


def test_a_message_says_what_happened_and_proves_who_says_so(room: Room) -> None:
    room.hook()
    room.happen(1)
    room.go()
    (body,), (headers,) = room.receiver.bodies, room.receiver.headers
    with room.db.read() as tx:
        row = tx.one("event_at_number", number=body["data"]["number"])
    assert body["type"] == "test.one"
    assert body["data"]["hash"] == row["hash"].hex()
    found = {name.lower(): value for name, value in headers.items()}
    raw = webhooks.to_json(body)
    key = base64.b64decode(room.secret.removeprefix("whsec_"))
    signed = f"{found['webhook-id']}.{found['webhook-timestamp']}.{raw}".encode()
    assert (
        found["webhook-signature"] == "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    )
    assert abs(int(found["webhook-timestamp"]) - room.clock() // SECOND) < 5


def test_the_example_of_standard_webhooks_has_its_signature() -> None:
    """From the specification's own reference tests."""
    made = webhooks.signature(
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, '{"test": 2432232314}'
    )
    assert made == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_a_receiver_that_fails_is_tried_again_with_growing_pauses_and_the_order_holds(room: Room) -> None:
    room.receiver.plays[:0] = [says(500), says(503)]
    hook = room.hook()
    room.happen(3)
    room.go(3)
    assert room.got() == [0]  # the later ones wait behind it
    assert room.of(hook).failing_since is not None
    room.clock.advance(PAUSES[0] / SECOND + 1)
    room.go(2)
    assert room.got() == [0, 0]
    room.clock.advance(PAUSES[0] / SECOND + 1)  # the second pause is longer than the first
    room.go(2)
    assert room.got() == [0, 0]
    room.clock.advance(PAUSES[1] / SECOND)
    room.go(2)
    assert room.got() == [0, 0, 0, 1, 2]
    assert room.of(hook).failing_since is None


def test_one_that_fails_for_a_day_is_switched_off_and_loses_nothing(room: Room) -> None:
    room.receiver.plays[:] = [says(500)] * (len(PAUSES) + 1)
    hook = room.hook()
    room.happen(2)
    for pause in (*PAUSES, 0):
        room.go()
        room.clock.advance(pause / SECOND + 1)
    assert room.of(hook).state == "failed"
    assert sum(PAUSES) >= 23 * 3600 * SECOND
    room.happen(1)
    room.go(3)
    assert len(room.receiver.bodies) == len(PAUSES) + 1
    room.receiver.plays[:] = [OK] * 9
    room.receiver.bodies.clear()
    room.db.write(lambda tx: webhooks.switch(tx, room.workspace.owner_id, hook, "on"))
    room.go(2)
    assert room.got() == [0, 1, 0]


def test_a_clock_that_jumps_ends_nothing_early_and_stops_nothing(room: Room) -> None:
    room.receiver.plays[:0] = [says(500)] * 3
    hook = room.hook()
    room.happen(1)
    room.go()
    room.clock.advance(400 * 86_400)  # a year ahead: one more try, not the end
    room.go()
    assert room.of(hook).state == "on"
    room.clock.advance(-400 * 86_400)  # and back: what was put a year ahead is due
    room.go()
    assert len(room.receiver.bodies) == 3
    room.clock.advance(PAUSES[2] / SECOND + 1)
    room.go()
    assert [row["state"] for row in room.rows(hook)] == ["sent"]


def test_a_receiver_that_never_answers_delays_nobody(room: Room) -> None:
    asked, over = threading.Event(), threading.Event()
    slow, real = room.hook("/never"), room.deliverer.opened

    def opened(ask: Any, limits: Any) -> Any:
        if not ask.url.endswith("/never"):
            return real(ask, limits)
        asked.set()
        assert over.wait(120)
        raise EndpointDown("It took too long.")

    room.deliverer.opened = opened
    room.hook()
    room.happen(20)
    until = time.monotonic() + 60
    while len(room.receiver.bodies) < 20 and time.monotonic() < until:
        room.deliverer.step()
        time.sleep(0.02)
    assert asked.is_set()
    assert room.got() == list(range(20))
    assert {(row["state"], row["tries"]) for row in room.rows(slow)} == {("waiting", 0)}
    over.set()
    assert room.deliverer.wait(60)
    assert "too long" in room.rows(slow)[0]["error"]


def flood(handler: BaseHTTPRequestHandler) -> None:
    """A gigabyte, as far as anybody takes it."""
    handler.send_response(200)
    handler.send_header("Content-Length", str(1 << 30))
    handler.end_headers()
    for _ in range(1 << 14):
        try:
            handler.wfile.write(bytes(1 << 16))
        except OSError:
            return


@pytest.mark.parametrize(
    ("play", "told"),
    [
        (says(302, Location="http://127.0.0.1:1/x"), "redirects"),
        (says(307, Location="http://127.0.0.1:1/x"), "127.0.0.1"),
        (says(307, Location="http://169.254.169.254/latest/meta-data"), "169.254.169.254"),
        (says(301, Location="http://[::1]:22/"), "redirects"),
        (flood, "longer than 64,000 bytes"),
        (says(404), "404"),
        (lambda handler: handler.wfile.write(b"nonsense\r\n\r\n"), "does not speak HTTP"),
    ],
)
def test_what_a_hostile_receiver_does_is_a_failure_with_a_reason(
    room: Room, play: Callable[[BaseHTTPRequestHandler], None], told: str
) -> None:
    room.receiver.plays.insert(0, play)
    hook = room.hook()
    room.happen(1)
    room.go()
    (row,) = room.rows(hook)
    assert row["state"] == "waiting"
    assert told in row["error"]
    assert len(room.receiver.bodies) == 1


@pytest.mark.parametrize(
    ("url", "allow"),
    [
        ("http://127.0.0.1:9/x", ""),
        ("https://127.0.0.1/x", ""),
        ("https://10.0.0.5/x", ""),
        ("https://[::1]/x", ""),
        ("https://169.254.169.254/latest", "169.254.169.254:443"),
        ("http://example.com/x", ""),
        ("https://user:secret@example.com/", ""),
        ("http://127.0.0.1:9/x", "127.0.0.1:10"),
        ("http://127.0.0.1:9/x", "localhost:9"),
        ("ftp://example.com/", ""),
        ("https://2130706433/", ""),
    ],
)
def test_addresses_that_are_not_opened_are_refused_at_once(room: Room, url: str, allow: str) -> None:
    with pytest.raises(AddressRefused):
        webhooks.add_webhook(room.db, room.accounts, room.workspace.id, "x", url, ["*"], allow=allow)
    assert webhooks.list_webhooks(room.db, room.accounts, room.workspace.id) == []


@pytest.mark.parametrize("kinds", [[], ["Everything"], ["a b"], ["x" * 40], ["*"] * 60, ["lease.granted.more"], [""]])
def test_kinds_that_are_none_are_refused(kinds: list[str]) -> None:
    with pytest.raises(BadInput):
        webhooks.read_kinds(kinds)


def test_what_was_allowed_is_opened_only_while_the_operator_permits_it(room: Room) -> None:
    """Its owner allowed the place while the workspace had the server to itself."""
    hook = room.hook()
    room.deliverer.permits = lambda _place: False
    room.happen(1)
    room.go()
    assert room.got() == []
    assert "http" in room.rows(hook)[0]["error"]
    room.deliverer.permits = lambda place: place == f"127.0.0.1:{room.receiver.port}"
    room.clock.advance(3600)
    room.go()
    assert room.got() == [0]


def test_everything_means_all_but_leases(room: Room) -> None:
    hook = room.of(room.hook(kinds=("*",)))
    assert hook.wants("annotation.accepted", None)
    assert not hook.wants("lease.granted", None)
    assert room.of(room.hook(kinds=("lease.",))).wants("lease.granted", None)


def test_a_file_that_came_from_elsewhere_sends_nothing(room: Room, tmp_path: Path) -> None:
    hook = room.hook()
    room.happen(1)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    books = open_accounts(elsewhere)
    room.deliverer = Deliverer(room.db, books, room.workspace.id)
    room.go()
    assert room.receiver.bodies == []
    assert "came with the file" in room.rows(hook)[0]["error"]
    # An address changed in the file is none that anybody allowed.
    room.deliverer = Deliverer(room.db, room.accounts, room.workspace.id)
    raw = sqlite3.connect(room.workspace.path)
    raw.execute("UPDATE webhook SET url = 'http://127.0.0.1:1/other'")
    raw.commit()
    raw.close()
    room.clock.advance(10)
    room.go()
    assert room.receiver.bodies == []
    books.close()


def test_the_secret_is_not_in_the_workspace(room: Room) -> None:
    room.hook()
    room.happen(1)
    room.go()
    room.db.close()
    assert room.secret.removeprefix("whsec_").encode() not in room.workspace.path.read_bytes()


def test_sent_again_left_out_and_other_peoples_messages(room: Room) -> None:
    hook, other = room.hook(), room.hook(kinds=("other.",))
    room.happen(1)
    room.go()
    (row,) = room.rows(hook)
    owner = room.workspace.owner_id
    room.db.write(lambda tx: again(tx, owner, hook, row["id"]))
    room.go()
    assert room.got() == [0, 0]
    assert room.receiver.headers[0]["webhook-id"] == room.receiver.headers[1]["webhook-id"]
    with pytest.raises(NotFound):
        room.db.write(lambda tx: again(tx, owner, other, row["id"]))
    room.receiver.plays[:0] = [says(400)]
    room.happen(2)
    room.go()
    stuck = next(one for one in room.rows(hook) if one["state"] == "waiting")
    room.db.write(lambda tx: again(tx, owner, hook, stuck["id"], leave_out=True))
    room.go(2)
    assert room.got() == [0, 0, 0, 1]


def test_a_receiver_that_is_gone_says_so_once(room: Room) -> None:
    room.receiver.plays[:0] = [says(410)]
    hook = room.hook()
    room.happen(3)
    room.go(3)
    assert room.of(hook).state == "failed"
    assert len(room.receiver.bodies) == 1


def test_a_long_backlog_is_written_a_window_at_a_time(room: Room) -> None:
    hook = room.hook()
    room.db.write(lambda tx: [record(tx, "test.one", "x", data=f'{{"i":{i}}}') for i in range(3 * WINDOW)])
    room.db.write(lambda tx: webhooks.switch(tx, "x", hook, "off"))
    room.go()
    assert room.rows(hook) == []
    room.db.write(lambda tx: webhooks.switch(tx, "x", hook, "on"))
    room.deliverer.step()
    assert len(room.rows(hook)) == WINDOW
    room.go(5)
    assert room.got() == list(range(3 * WINDOW))


def test_a_callback_of_any_sort_goes_the_same_way(room: Room) -> None:
    """Headers and body given by the caller; private addresses stay closed for it."""
    private = f"http://127.0.0.1:{room.receiver.port}/cb"
    room.db.write(lambda tx: webhooks.put_delivery(tx, "cb", "task.done", private, "{}", headers={"x-auth": "k"}))
    room.go()
    assert room.receiver.bodies == []
    seen: list[Any] = []

    def opened(ask: Any, limits: Any) -> Any:
        seen.append(ask)
        return webhooks.Answer(200, {}, b"")

    room.deliverer = Deliverer(room.db, room.accounts, room.workspace.id, opened)
    room.db.write(
        lambda tx: webhooks.put_delivery(
            tx, "c2", "task.done", "https://example.com/cb", '{"a":1}', headers={"x-auth": "k"}
        )
    )
    room.go()
    assert (seen[0].url, seen[0].body, seen[0].headers["x-auth"]) == ("https://example.com/cb", b'{"a":1}', "k")
    assert "webhook-signature" not in seen[0].headers


KILLED = """
import sys, json
from pathlib import Path
from tawsim.loop.delivering import Deliverer
from tawsim.workspaces.accounts import open_accounts
from tawsim.workspaces.workspace import open_workspace
w = open_workspace(Path(sys.argv[1]))
d = Deliverer(w.db, open_accounts(w.path.parent), w.id)
while True:
    d.step()
    d.wait(5)
"""


def test_killed_while_it_sends_each_message_still_arrives(room: Room) -> None:
    def slowly(handler: BaseHTTPRequestHandler) -> None:
        time.sleep(0.02)
        say(handler, 204, b"")

    room.receiver.plays[:] = [slowly] * 2_000
    room.hook()
    room.happen(120)
    for least in (10, 30, 60):
        process = subprocess.Popen([sys.executable, "-c", KILLED, str(room.workspace.path)])
        until = time.monotonic() + 30
        while len(room.receiver.bodies) < least and time.monotonic() < until:
            time.sleep(0.01)
        process.kill()
        process.wait()
    room.go(8)
    assert set(room.got()) == set(range(120))
    assert len(room.got()) <= 123  # each kill may repeat the one message that was under way
