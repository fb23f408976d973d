"""A small server that speaks the OpenAI protocol on the loopback, and does what a test tells it to."""

import json
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class ModelServer:
    """`plays` are taken in order, one a request; when they are used up, every request is answered well."""

    port: int = 0
    plays: list[Callable[[BaseHTTPRequestHandler], None]] = field(default_factory=list)
    bodies: list[Any] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"


def say(handler: BaseHTTPRequestHandler, status: int, body: bytes, **headers: str) -> None:
    handler.send_response(status)
    for name, value in headers.items():
        handler.send_header(name.replace("_", "-"), value)
    if "Content_Length" not in headers:
        handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body)


def says(status: int, body: Any = b"", **headers: str) -> Callable[[BaseHTTPRequestHandler], None]:
    """A play: this status, body (bytes or JSON) and headers."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return lambda handler: say(handler, status, data, **headers)


def completion(text: Any, **more: Any) -> dict[str, Any]:
    """What a model answers."""
    message = {"role": "assistant", "content": text}
    return {
        "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 7, "completion_tokens": 3},
        **more,
    }


@contextmanager
def model_server(tls: ssl.SSLContext | None = None) -> Iterator[ModelServer]:
    """One that listens until the block ends."""
    facts = ModelServer()
    lock = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: Any) -> None:
            pass

        def do_GET(self) -> None:
            self.answer()

        def do_POST(self) -> None:
            self.answer()

        def answer(self) -> None:
            sent = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            with lock:
                facts.paths.append(self.path)
                facts.headers.append({k.lower(): v for k, v in self.headers.items()})
                facts.bodies.append(json.loads(sent) if sent else None)
                play = facts.plays.pop(0) if facts.plays else None
            try:
                if play is not None:
                    play(self)
                    return
                body = facts.bodies[-1] or {}
                text = f"{body['model']} heard: {body['messages'][-1]['content']}" if "model" in body else "hello"
                say(self, 200, json.dumps(completion(text)).encode(), Content_Type="application/json")
            except (BrokenPipeError, ConnectionResetError):
                pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.handle_error = lambda *_: None  # type: ignore[method-assign]
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    facts.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield facts
    finally:
        server.shutdown()
        server.server_close()
