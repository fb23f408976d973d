"""The load generator's HTTP client: one keep-alive connection, one request at a time, and as little CPU as asyncio allows.

It shares the machine's cores with the server, so what it spends the server does not get: an httpx client takes some 1 ms
a request, this one some 0.05 ms (the runs say how much). Only answers with a Content-Length; only the loopback.
"""

import asyncio
import json
from typing import Any, cast

HEAD_END = b"\r\n\r\n"
LENGTH = b"content-length:"


class Wire(asyncio.Protocol):
    """A connection. `ask` sends a request and waits for the whole answer."""

    def __init__(self, host: str, token: str) -> None:
        self._fixed = f"host: {host}\r\nauthorization: Bearer {token}\r\n".encode()
        self._transport: asyncio.WriteTransport | None = None
        self._buffer = bytearray()
        self._waiting: asyncio.Future[tuple[int, bytes]] | None = None

    @classmethod
    async def open(cls, port: int, token: str) -> "Wire":
        """Connect to 127.0.0.1:port as the holder of the token."""
        loop = asyncio.get_running_loop()
        _, wire = await loop.create_connection(lambda: cls(f"127.0.0.1:{port}", token), "127.0.0.1", port)
        return wire

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Called by asyncio."""
        self._transport = cast(asyncio.WriteTransport, transport)  # uvloop's does not inherit from it

    def connection_lost(self, exc: Exception | None) -> None:
        """Called by asyncio."""
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_exception(exc or ConnectionResetError("the server closed the connection"))

    def data_received(self, data: bytes) -> None:
        """Called by asyncio."""
        self._buffer += data
        end = self._buffer.find(HEAD_END)
        if end < 0 or self._waiting is None:
            return
        head = bytes(self._buffer[:end]).lower()
        at = head.find(LENGTH)
        length = int(head[at + len(LENGTH) :].split(b"\r\n", 1)[0]) if at >= 0 else 0
        if len(self._buffer) < end + 4 + length:
            return
        body = bytes(self._buffer[end + 4 : end + 4 + length])
        self._buffer.clear()
        waiting, self._waiting = self._waiting, None
        if not waiting.done():
            waiting.set_result((int(head[9:12]), body))

    async def ask(self, method: str, path: str, body: bytes = b"") -> tuple[int, bytes]:
        """Status and body. Raises ConnectionError."""
        assert self._transport is not None
        self._waiting = asyncio.get_running_loop().create_future()
        head = f"{method} /api/v1{path} HTTP/1.1\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n"
        self._transport.write(head.encode() + self._fixed + b"\r\n" + body)
        return await self._waiting

    async def json(self, method: str, path: str, body: Any = None) -> Any:
        """The answer's JSON. Raises RuntimeError for any status but 200."""
        status, content = await self.ask(method, path, b"" if body is None else json.dumps(body).encode())
        if status != 200:
            raise RuntimeError(f"{method} {path}: {status} {content[:300]!r}")
        return json.loads(content)

    def close(self) -> None:
        """Hang up."""
        if self._transport is not None:
            self._transport.close()
