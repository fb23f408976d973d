"""Heads of requests: how long they may be on the wire, what may stand in them twice, what a foreign page could send."""

import asyncio
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
import uvicorn
from starlette.testclient import TestClient
from tests.api.test_doors import launch

from tawsim.server import bounded
from tawsim.server.app import create_app
from tawsim.server.bounded import Bounded
from tawsim.server.run import config_of, listen


async def echo(scope: Any, receive: Any, send: Any) -> None:
    """Answers with how long the body was."""
    n, more = 0, True
    while more:
        message = await receive()
        n, more = n + len(message.get("body", b"")), message.get("more_body", False)
    told = str(n).encode()
    await send(
        {"type": "http.response.start", "status": 200, "headers": [(b"content-length", str(len(told)).encode())]}
    )
    await send({"type": "http.response.body", "body": told})


@pytest.fixture
def port() -> Iterator[int]:
    listener = listen("127.0.0.1", 0)
    config = config_of(echo)
    config.lifespan = "off"
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    while not server.started and thread.is_alive():
        time.sleep(0.005)
    yield listener.getsockname()[1]
    server.should_exit = True
    thread.join(10)


def said(port: int, *parts: bytes) -> bytes:
    """What comes back until the server hangs up, or has answered once."""
    with socket.create_connection(("127.0.0.1", port), timeout=20) as line:
        try:
            for part in parts:
                line.sendall(part)
        except OSError:  # it hung up while we were talking
            pass
        found = b""
        try:
            while b"\r\n\r\n" not in found and (piece := line.recv(65_536)):
                found += piece
        except ConnectionResetError:
            pass
        return found


HEAD = b"POST / HTTP/1.1\r\nhost: x\r\n"
PIECE = b"a" * 16_384


def test_a_head_without_an_end_is_hung_up_on(port: int) -> None:
    """Else it would lie in memory, from anybody who can reach the port."""
    for endless in (HEAD + b"x: ", b"GET /", HEAD + b"content-length: 1\r\ny: "):
        told = said(port, endless, *([PIECE] * 400))
        assert b" 200 " not in told  # it is 400, or nothing: the reset may overtake the words


def test_what_is_kept_of_an_endless_head_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """The protocol alone, without a wire: after so many bytes it says 400 and closes."""

    class Line(asyncio.Transport):
        def __init__(self) -> None:
            super().__init__()
            self.sent, self.closed = b"", False

        def write(self, data: Any) -> None:
            self.sent += bytes(data)

        def close(self) -> None:
            self.closed = True

        def is_closing(self) -> bool:
            return self.closed

        def pause_reading(self) -> None:
            pass

        def resume_reading(self) -> None:
            pass

        def get_extra_info(self, name: str, default: Any = None) -> Any:
            return default

    async def talk(start: bytes, more: bytes, pieces: int) -> tuple[int, bytes]:
        config = config_of(echo)
        config.load()
        one = Bounded(config, uvicorn.server.ServerState(), {})
        line = Line()
        one.connection_made(line)
        one.data_received(start)
        for n in range(pieces):
            if line.closed:
                return n, line.sent
            one.data_received(more)
        return pieces, line.sent

    async def both() -> None:
        endless = await talk(HEAD + b"x: ", PIECE, 100)
        assert endless[0] == bounded.MOST_HEAD // len(PIECE)
        assert endless[1].startswith(b"HTTP/1.1 400 ")
        chunked = HEAD + b"transfer-encoding: chunked\r\n\r\n1\r\nx\r\n0\r\nt: "
        trailers = await talk(chunked, PIECE, 100)
        assert trailers[0] <= bounded.MOST_HEAD // len(PIECE) + 1  # the body before them counts as none
        body = await talk(HEAD + b"content-length: 3276800\r\n\r\n", PIECE, 100)
        assert body[0] == 100
        many = await talk(b"", b"GET / HTTP/1.1\r\nhost: x\r\n\r\n", 10)
        assert many[0] == 10

    asyncio.run(both())


def test_a_usual_head_and_a_long_body_pass(port: int) -> None:
    n = 3_000_000
    told = said(port, HEAD + b"x: " + b"a" * 60_000 + b"\r\ncontent-length: %d\r\n\r\n" % n, b"b" * n)
    assert told.startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize("name", ["host", "authorization", "cookie", "origin"])
def test_a_header_that_must_stand_once_is_refused_twice(world: Any, name: str) -> None:
    """The guard would look at the one and a route at the other."""
    values = {"host": ("evil.example", "127.0.0.1:7373"), "authorization": ("x", world.owner["authorization"])}
    headers = [(name, one) for one in values.get(name, ("a=b", "c=d"))]
    for path in ("/api/v1/health", "/v1/projects"):
        answer = world.client.get(path, headers=headers)
        assert answer.status_code == 400, (path, answer.text)
        assert name in answer.text


def test_what_a_browser_sends_for_a_proxy_does_not_stand_for_our_own_page(world: Any) -> None:
    world.client.post("/api/v1/sessions", json={"token": launch(world)})
    for value in ("Basic bGVhZDpzZWNyZXQ=", "Negotiate abc", "Bearer"):
        told = world.client.delete("/api/v1/account/sessions", headers={"authorization": value})
        assert told.status_code == 403, value
    ours = {"authorization": "Basic bGVhZDpzZWNyZXQ=", "tawsim-client": "web"}
    assert world.client.delete("/api/v1/account/sessions", headers=ours).status_code == 200


def test_where_people_come_by_https_the_same_name_without_it_is_another_site(world: Any) -> None:
    world.state.base_url = "https://127.0.0.1:7373"
    with TestClient(create_app(world.state), base_url="http://127.0.0.1:7373") as client:
        for scheme, status in (("https", 401), ("http", 403)):
            told = client.post(
                "/api/v1/sessions", json={"token": "x"}, headers={"origin": f"{scheme}://127.0.0.1:7373"}
            )
            assert told.status_code == status, scheme
