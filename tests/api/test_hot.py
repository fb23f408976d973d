"""The two routes answered without the framework: the same answers as the framework's, request by request."""

import asyncio
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from fastapi.routing import APIRoute
from starlette.testclient import TestClient

from tawsim.core.errors import Unavailable
from tawsim.core.ids import new_id
from tawsim.server.app import create_api, create_app
from tawsim.server.guard import Guard
from tawsim.server.hot import DOORS, Hot
from tawsim.server.permissions import MB, allow

ABSENT = "01970000-0000-7000-8000-000000000000"
JSON = {"content-type": "application/json"}
GOOD = '{"count": 1}'


@dataclass
class Both:
    """The whole application, and the framework's alone behind the same guard, over one workspace."""

    world: Any
    plain: TestClient

    def path(self, name: str, lease: str) -> str:
        project = self.world.project["id"]
        return {"next": f"/api/v1/projects/{project}/next", "submit": f"/api/v1/leases/{lease}/submit"}.get(name, name)

    def ask(self, method: str, path: str, content: Any, headers: dict[str, str]) -> tuple[Any, Any]:
        """The answers of the whole application and of the framework."""
        return tuple(
            client.request(method, path, content=content() if callable(content) else content, headers=headers)
            for client in (self.world.client, self.plain)
        )  # type: ignore[return-value]


@pytest.fixture
def both(world: Any) -> Iterator[Both]:
    guarded = Guard(create_api(world.state), allowed_hosts=world.state.allowed_hosts, cookie=world.state.cookie)
    with TestClient(guarded, base_url=world.state.base_url, raise_server_exceptions=False) as plain:
        yield Both(world, plain)


def same(mine: Any, plain: Any) -> None:
    """Equal in status, in headers, and in the code of the error."""
    assert mine.status_code == plain.status_code, (mine.text, plain.text)
    assert dict(mine.headers) | {"content-length": ""} == dict(plain.headers) | {"content-length": ""}
    if mine.headers["content-type"] != "application/json":
        assert mine.text == plain.text  # the framework's own words for a length that it refuses unread
    elif mine.status_code >= 400:
        assert mine.json()["error"]["code"] == plain.json()["error"]["code"], (mine.text, plain.text)


def submit(**fields: Any) -> str:
    return json.dumps({"key": "k", "answers": {"label": "سلبي"}} | fields)


def dripping() -> Iterator[bytes]:
    for _ in range(MB // 65536 + 2):
        yield b" " * 65536


def in_pieces() -> Iterator[bytes]:
    yield from (b'{"cou', b"", b'nt": 1', b"}")


BODIES: list[tuple[str, Any, int]] = [
    ("next", GOOD, 200),
    ("next", "{}", 200),
    ("next", '{"count": 1, "colour": "red"}', 200),
    ("next", '{"count": 1, "count": 2}', 200),
    ("next", '\ufeff{"count": 1}', 200),
    ("next", GOOD.encode("utf-16"), 200),
    ("next", in_pieces, 200),
    ("next", GOOD + " " * (MB - len(GOOD)), 200),
    ("next", GOOD + " " * (MB - len(GOOD) + 1), 413),
    ("next", dripping, 413),
    ("next", '{"count": true}', 200),
    ("next", '{"count": 1.0}', 200),
    ("next", '{"count": "1"}', 200),
    ("next", '{"count": false}', 400),
    ("next", '{"count": 1.5}', 400),
    ("next", '{"count": "many"}', 400),
    ("next", '{"count": null}', 400),
    ("next", '{"count": [1]}', 400),
    ("next", '{"count": 0}', 400),
    ("next", '{"count": -1}', 400),
    ("next", '{"count": NaN}', 400),
    ("next", '{"count": 1' + "0" * 40 + "}", 400),
    ("next", '{"count": 1' + "0" * 9000 + "}", 400),
    ("next", "", 400),
    ("next", "{", 400),
    ("next", "null", 400),
    ("next", "[]", 400),
    ("next", '"text"', 400),
    ("next", "7", 400),
    ("next", b'{"count": "\xff"}', 400),
    ("next", "[" * 100_000, 400),
    ("next", '{"count": ' + "[" * 5_000 + "]" * 5_000 + "}", 400),
    ("submit", "{}", 400),
    ("submit", '{"key": "k"}', 400),
    ("submit", '{"answers": {"label": "سلبي"}}', 400),
    ("submit", submit(key=None), 400),
    ("submit", submit(key=7), 400),
    ("submit", submit(key=True), 400),
    ("submit", submit(key=""), 400),
    ("submit", submit(key="k" * 201), 400),
    ("submit", submit(key="\ud800"), 400),
    ("submit", submit(answers=None), 400),
    ("submit", submit(answers=[["label", "سلبي"]]), 400),
    ("submit", submit(answers="سلبي"), 400),
    ("submit", submit(answers=True), 400),
    ("submit", submit(answers={}), 400),
    ("submit", submit(answers={"label": "no such label"}), 400),
    ("submit", submit(answers={"label": True}), 400),
    ("submit", submit(answers={"label": "\ud800"}), 400),
    ("submit", submit(answers={"\ud800": "سلبي"}), 400),
    ("submit", submit(answers={"colour": "سلبي"}), 400),
    ("submit", '{"key": "k", "answers": {"label": ' + "[" * 500 + "]" * 500 + "}}", 400),
    ("submit", '{"key": "k", "answers": {"label": ' + "[" * 5_000 + "]" * 5_000 + "}}", 400),
    # Last, since a key that was used gives another refusal.
    ("submit", submit(colour="red"), 200),
    (f"/api/v1/projects/{ABSENT}/next", GOOD, 404),
    (f"/api/v1/leases/{ABSENT}/submit", submit(), 404),
    # No such route: the page that is served at every other address takes GET.
    ("/api/v1/projects//next", GOOD, 405),
    ("/api/v1/projects/next", GOOD, 405),
    ("/api/v1/projects/a/b/next", GOOD, 405),
    ("/api/v1/projects/a%2Fb/next", GOOD, 405),
    ("/api/v1/projects/%FF%00/next", GOOD, 404),
    (f"/api/v1/projects/{ABSENT}/next%0A", GOOD, 404),
    (f"/api/v1/projects/{ABSENT}/next/", GOOD, 405),
    (f"/api/v1/projects/{ABSENT}/next?count=3", GOOD, 404),
    (f"/api/v2/projects/{ABSENT}/next", GOOD, 405),
]


def test_every_body_is_answered_as_by_the_framework(both: Both) -> None:
    lease = both.world.lease(both.world.layla)["lease"]["id"]
    for name, content, status in BODIES:
        content = content.encode() if isinstance(content, str) else content
        mine, plain = both.ask("POST", both.path(name, lease), content, both.world.layla | JSON)
        assert mine.status_code == status, (name, str(content)[:80], mine.text)
        same(mine, plain)
        if name in ("next", "submit") and status == 200:
            first, second = mine.json(), plain.json()
            assert (first.pop("repeated", False), second.pop("repeated", True)) == (False, True)
            assert first == second
            lease = both.world.lease(both.world.layla)["lease"]["id"]


def test_every_head_is_answered_as_by_the_framework(both: Both) -> None:
    lease = both.world.lease(both.world.layla)["lease"]["id"]
    signed_in = both.world.layla
    secret = signed_in["authorization"].split()[1]
    cookie = {"cookie": f"tawsim_7373={secret}", "tawsim-client": "web"}
    heads: list[tuple[dict[str, str], int]] = [
        (signed_in | {"content-type": "application/json; charset=utf-8"}, 200),
        (signed_in | {"content-type": " APPLICATION/JSON "}, 200),
        (signed_in | {"content-type": "application/problem+json"}, 200),
        (signed_in | {"content-type": "text/plain"}, 400),
        (signed_in | {"content-type": "application/json,"}, 400),
        (signed_in, 400),
        (signed_in | JSON | {"content-length": str(MB + 1)}, 413),
        (JSON, 401),
        (JSON | {"authorization": "Bearer"}, 401),
        (JSON | {"authorization": "Bearer tws_nobody"}, 401),
        (JSON | {"authorization": "Basic " + secret}, 401),
        (JSON | {"authorization": f"bEARER   {secret} "}, 200),
        (JSON | cookie, 200),
        (JSON | {"cookie": f"other={secret}", "tawsim-client": "web"}, 401),
        # The header goes before the cookie, whichever of them is good.
        (JSON | cookie | {"authorization": "Bearer tws_nobody"}, 401),
        (JSON | signed_in | {"cookie": "tawsim_7373=nobody", "tawsim-client": "web"}, 200),
        (JSON | {"cookie": f"tawsim_7373={secret}"}, 403),
    ]
    for headers, status in heads:
        for name, body in (("next", GOOD), ("submit", submit(key=new_id(1), answers={"label": "no such label"}))):
            mine, plain = both.ask("POST", both.path(name, lease), body.encode(), headers)
            wanted = 400 if name == "submit" and status == 200 else status
            assert mine.status_code == wanted, (headers, mine.text)
            same(mine, plain)


def test_a_bad_body_without_a_credential(both: Both) -> None:
    for content, status in (("{", 400), ('{"count": "many"}', 401), (" " * (MB + 1), 413)):
        mine, plain = both.ask("POST", both.path("next", ""), content.encode(), JSON)
        assert mine.status_code == status
        same(mine, plain)


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_other_methods_are_the_frameworks(both: Both, method: str) -> None:
    for name in ("next", "submit"):
        mine, plain = both.ask(method, both.path(name, ABSENT), None, both.world.layla)
        assert mine.status_code == plain.status_code
        assert mine.text == plain.text
        assert dict(mine.headers) == dict(plain.headers)


def test_conflicts(both: Both) -> None:
    world = both.world
    lease = world.lease(world.layla)["lease"]["id"]
    assert world.post(f"/leases/{lease}/submit", json.loads(submit()), world.layla).status_code == 200
    for body, code in ((submit(key="k2"), "TW-LEASE-LOST"), (submit(answers={"label": "إيجابي"}), "TW-KEY-REUSED")):
        mine, plain = both.ask("POST", both.path("submit", lease), body.encode(), world.layla | JSON)
        assert (mine.status_code, mine.json()["error"]["code"]) == (409, code)
        same(mine, plain)
        assert mine.json() == plain.json()
    other, plain = both.ask("POST", both.path("submit", lease), submit().encode(), world.omar | JSON)
    assert other.status_code == 404
    same(other, plain)


@pytest.mark.parametrize(
    ("raised", "status"),
    [(Unavailable("The disk is full."), 503), (ValueError("inside"), 500), ("\ud800".encode, 400)],
)
def test_what_goes_wrong_inside(both: Both, monkeypatch: Any, caplog: Any, raised: Any, status: int) -> None:
    def failing(*_: Any) -> Any:
        raise raised if isinstance(raised, Exception) else raised()

    monkeypatch.setattr("tawsim.labelling.queue.next_leases", failing)
    mine, plain = both.ask("POST", both.path("next", ""), GOOD.encode(), both.world.layla | JSON)
    assert mine.status_code == status
    same(mine, plain)
    assert mine.json() == plain.json()
    assert ("retry-after" in mine.headers) == (status == 503)
    assert len([r for r in caplog.records if r.name == "tawsim.server" and r.exc_info]) == (2 if status == 500 else 0)
    assert "inside" not in mine.text.replace("of the inside", "")


def ask_directly(app: Any, path: str, messages: list[dict[str, Any]], headers: dict[str, str]) -> list[dict[str, Any]]:
    """What `app` sends for a request whose body arrives as `messages`."""
    sent: list[dict[str, Any]] = []
    raw = [(name.encode(), value.encode()) for name, value in (headers | JSON | {"host": "127.0.0.1:7373"}).items()]
    scope = {"type": "http", "method": "POST", "path": path, "headers": raw, "query_string": b"", "root_path": ""}

    async def receive() -> dict[str, Any]:
        return messages.pop(0) if messages else {"type": "http.disconnect"}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    asyncio.run(app(scope, receive, send))
    return sent


def test_a_client_that_leaves_while_its_body_arrives_is_no_error(world: Any, caplog: Any) -> None:
    part = {"type": "http.request", "body": b'{"count": ', "more_body": True}
    path = f"/api/v1/projects/{world.project['id']}/next"
    for messages in ([], [part], [part, part]):
        assert ask_directly(create_app(world.state), path, list(messages), world.layla) == []
    assert not caplog.records


def test_a_long_body_is_refused_before_its_end(world: Any) -> None:
    messages = [{"type": "http.request", "body": b" " * 65536, "more_body": True} for _ in range(100)]
    sent = ask_directly(create_app(world.state), f"/api/v1/projects/{ABSENT}/next", messages, world.layla)
    assert sent[0]["status"] == 413
    assert len(messages) >= 100 - (MB // 65536 + 1)


def test_a_good_request_does_not_reach_the_framework_and_every_other_one_does(world: Any) -> None:
    hot = Hot(create_api(world.state), world.state)
    passed: list[str] = []

    async def framework(scope: Any, _receive: Any, _send: Any) -> None:
        passed.append(scope["path"])

    hot.app = framework
    project, lease = world.project["id"], world.lease(world.layla)["lease"]["id"]
    answered = {f"/api/v1/projects/{project}/next": GOOD, f"/api/v1/leases/{lease}/submit": submit()}
    for path, body in answered.items():
        sent = ask_directly(hot, path, [{"type": "http.request", "body": body.encode()}], world.layla)
        assert sent[0]["status"] == 200
    assert passed == []
    for path in answered:
        assert ask_directly(hot, path + "/", [{"type": "http.request", "body": b"{}"}], world.layla) == []
        assert ask_directly(hot, path, [{"type": "http.request", "body": b"["}], world.layla) == []
    assert len(passed) == 4


def test_the_routes_stand_in_the_permission_table_as_signed_in(world: Any) -> None:
    api = create_api(world.state)
    table = {route.endpoint: route for route in api.routes if isinstance(route, APIRoute)}
    assert len(DOORS) == 2
    for endpoint, _, _ in DOORS:
        assert (table[endpoint].openapi_extra or {})["x-permission"] == "signed_in"
        assert table[endpoint].max_body_size == allow("signed_in")["max_body_size"]
    table[DOORS[0][0]].openapi_extra = {"x-permission": "owner"}
    with pytest.raises(RuntimeError, match="cannot be answered without"):
        Hot(api, world.state)
