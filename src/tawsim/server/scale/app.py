"""The door to the Scale-compatible API: an ASGI application between the guard and the framework, for /v1/… and /v2/….

Here a request is taken apart (raw path, key, query, body), its right is checked, its route is run, and every error is worded.
What may be called is in routes.py, what is answered in the modules of the routes; no rule of either lives here.
"""

import inspect
import logging
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import parse_qs

from fastapi.concurrency import run_in_threadpool
from starlette.concurrency import iterate_in_threadpool
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tawsim.core.errors import BadInput, NotAllowed, NotSignedIn, TawsimError, TooLarge
from tawsim.server.permissions import check
from tawsim.server.scale import wire
from tawsim.server.scale.forms import reading
from tawsim.server.scale.rooms import table as stated
from tawsim.server.scale.routes import LARGE, Call, Reply, Route, Table
from tawsim.server.scale.signing import key_of, sign
from tawsim.server.sign_in_state import ServerState

log = logging.getLogger("tawsim.server.scale")
VERSIONS = (b"v1", b"v2")
MAX_QUERY_FIELDS = 1_000
JSON = ("content-type", "application/json")
NEVER_KEPT = (b"cache-control", b"no-store")
PAIR = "A text holds half of a surrogate pair, which is no character. Send valid Unicode."
WITHOUT_V1 = (
    'The address that the client was given lacks /v1: ScaleClient(key, api_instance_url="http://HOST:PORT/v1").'
)
TWICE = (
    "The version stands twice in this path. The first version's address ends in /v1 (api_instance_url), that of the second has "
    "none (client.v2.api_client.configuration.host)."
)
INSIDE = "The server met an error of its own. Its log says more; please report it."


class ClientGone(Exception):
    """Nobody waits for the answer any longer."""


class ScaleDoor:
    """ASGI middleware: inside the guard, around the rest."""

    def __init__(self, app: ASGIApp, state: ServerState, table: Table | None = None) -> None:
        self.app = app
        self.state = state
        self.table = stated() if table is None else table
        # What paths of the first version begin with, for clients whose address lacks it.
        self._first = frozenset(one.segments[1].encode() for one in self.table.routes if one.segments[0] == "v1")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request of this API; pass on every other one."""
        segments = _segments(scope) if scope["type"] == "http" else ()
        if not segments or segments[0] not in VERSIONS:
            if segments and segments[0] in self._first and _has_key(scope):
                await _send(send, _error(404, WITHOUT_V1))
                return
            await self.app(scope, receive, send)
            return
        route: Route | None = None
        try:
            headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
            world, caller = sign(self.state, headers)
            method = "GET" if scope["method"] == "HEAD" else scope["method"]
            route, names, methods = self.table.match(method, segments)
            if route is None:
                await _send(send, _no_route(methods, segments))
                return
            check(caller, route.right, route.method)
            query = _query(scope.get("query_string", b""))
            if route.body == "multipart":
                answer = await self._with_form(route, (world, caller, self.state, names, query), headers, receive)
            else:
                sent = b"".join([part async for part in _parts(receive, headers, route.max_body)])
                large = len(sent) > LARGE
                body = await run_in_threadpool(wire.read_json, sent) if large else wire.read_json(sent)
                answer = await _run(route, Call(world, caller, self.state, names, query, body, headers, large=large))
            await _send(send, answer)
        except ClientGone:
            return
        except TawsimError as error:
            await _refuse(send, error, conflicts=route is not None and route.conflicts)
        except UnicodeEncodeError:
            await _send(send, _error(400, PAIR))
        except Exception as error:
            log.error("%s %s failed", scope["method"], route.path if route else "?", exc_info=error)
            await _send(send, _error(500, INSIDE))

    @staticmethod
    async def _with_form(route: Route, parts: Any, headers: Mapping[str, str], receive: Receive) -> Reply:
        world, caller, state, names, query = parts
        with reading(headers.get("content-type", "")) as reader:
            async for part in _parts(receive, headers, route.max_body):
                reader.feed(part)
            return await _run(route, Call(world, caller, state, names, query, None, headers, reader.done()))


async def _run(route: Route, call: Call) -> Reply:
    """What the route answers, as bytes. What ran in a thread is worded there too: a page may be long."""
    if inspect.iscoroutinefunction(route.act):
        return _worded(await route.act(call))
    return await run_in_threadpool(lambda: _worded(route.act(call)))


def _worded(answer: Any) -> Reply:
    """An answer whose body is bytes, or comes in pieces."""
    if not isinstance(answer, Reply):
        return Reply(200, wire.to_bytes(answer), (JSON,))
    if isinstance(answer.body, bytes) or isinstance(answer.body, Iterator):  # noqa: SIM101  the first is quick, and usual
        return answer
    return Reply(answer.status, wire.to_bytes(answer.body), (JSON, *answer.headers))


def _segments(scope: Scope) -> tuple[bytes, ...]:
    """The parts of the path as they were sent; doubled slashes count as one."""
    raw: bytes = scope.get("raw_path") or scope["path"].encode()
    return tuple(part for part in raw.partition(b"?")[0].split(b"/") if part)


def _has_key(scope: Scope) -> bool:
    """Whether a request carries what looks like a key of this API: then it is a client of it, and no browser."""
    try:
        key_of({name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]})
    except NotSignedIn:
        return False
    return True


def _no_route(methods: frozenset[str], segments: tuple[bytes, ...]) -> Reply:
    if not methods:
        twice = len(segments) > 1 and segments[1] in VERSIONS
        return _error(404, TWICE if twice else "There is nothing at this address.")
    taken = ", ".join(sorted(methods))
    return Reply(405, {"status_code": 405, "error": f"This path takes {taken}."}, (("allow", taken),))


def _query(raw: bytes) -> dict[str, list[str]]:
    try:
        return parse_qs(raw.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=MAX_QUERY_FIELDS)
    except ValueError:
        raise BadInput("The query is not percent-encoded UTF-8, or has too many fields.") from None


async def _parts(receive: Receive, headers: Mapping[str, str], most: int) -> Any:
    """The body as it comes, and no more than `most` bytes of it. Raises TooLarge, ClientGone."""
    length = headers.get("content-length", "0")
    came = 0
    if length.isdecimal() and len(length) < 20 and int(length) > most:
        raise _too_large(most)
    while True:
        message: Message = await receive()
        if message["type"] != "http.request":
            raise ClientGone
        part = message.get("body", b"")
        came += len(part)
        if came > most:
            raise _too_large(most)
        yield part
        if not message.get("more_body", False):
            return


def _too_large(most: int) -> TooLarge:
    return TooLarge(f"The request has more than {most:,} bytes, which this route does not take.")


def _error(status: int, text: str) -> Reply:
    return Reply(status, {"status_code": status, "error": text})


async def _refuse(send: Send, error: TawsimError, *, conflicts: bool) -> None:
    """An error as the client understands it. What was not read of the body is not waited for."""
    status = wire.status_of(error, conflicts=conflicts)
    headers = [(name.decode(), value.decode()) for name, value in wire.error_headers(error)]
    if isinstance(error, NotSignedIn):
        headers.append(("www-authenticate", "Basic"))
    if isinstance(error, TooLarge | NotSignedIn | NotAllowed):
        headers.append(("connection", "close"))
    more = {"unique_id": error.details["unique_id"]} if "unique_id" in error.details else {}
    await _send(send, Reply(status, {"status_code": status, "error": str(error), **more}, tuple(headers)))


async def _send(send: Send, answer: Reply) -> None:
    reply = _worded(answer)
    headers = [(name.lower().encode(), value.encode("latin-1")) for name, value in reply.headers]
    if not isinstance(reply.body, bytes):
        await _stream(send, reply.status, [*headers, NEVER_KEPT], reply.body)
        return
    headers += [NEVER_KEPT, (b"content-length", str(len(reply.body)).encode())]
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})
    await send({"type": "http.response.body", "body": reply.body})


async def _stream(send: Send, status: int, headers: list[tuple[bytes, bytes]], body: Iterator[bytes]) -> None:
    """A body that is never in memory whole. Where it breaks off, so does the connection: the status is out already."""
    await send({"type": "http.response.start", "status": status, "headers": headers})
    try:
        async for part in iterate_in_threadpool(body):
            await send({"type": "http.response.body", "body": part, "more_body": True})
    except TawsimError as error:
        log.warning("an answer broke off: %s", error)
        raise ClientGone from error
    await send({"type": "http.response.body", "body": b""})
