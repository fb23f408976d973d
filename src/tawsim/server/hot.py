"""The two routes of the labelling loop, `next` and `submit`, answered between the guard and the framework.

With many annotators most of a server's time went into the framework's own layers around these two routes. Here lives
only what those layers do for them: find the route, read a JSON body, name the caller, write the answer. What the
routes do is in work.py, who may call them is read from their entries there, and errors.py words every error. A request
that is not plain and good (another method, content type, path or size, a body of another shape) goes to the framework
with all that was read of it, so that each refusal is written once. No rule and no third route belongs here; a route
earns its place by measurement (benchmarks/run.py --only load).
"""

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from fastapi import FastAPI
from fastapi.routing import APIRoute
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tawsim.core.errors import TawsimError
from tawsim.server import errors, work
from tawsim.server.answers import Json
from tawsim.server.permissions import caller_of
from tawsim.server.sign_in_state import ServerState

Read = Callable[[dict[str, Any]], Any]
Act = Callable[..., Awaitable[dict[str, Any]]]
LONGEST_LENGTH = 15  # digits of a content-length worth reading: a petabyte


def read_next(found: dict[str, Any]) -> work.NextBody | None:
    """The body of `next`. None where the framework has to judge: it takes true, 1.0 and "1" for a number, or refuses."""
    if "count" not in found:
        return work.NextBody()
    count = found["count"]
    return work.NextBody(count) if type(count) is int else None


def read_submit(found: dict[str, Any]) -> work.SubmitBody | None:
    """The body of `submit`, or None. Raises ValueError for half of a surrogate pair in the key or a question's name."""
    key, answers = found.get("key"), found.get("answers")
    if not isinstance(key, str) or not isinstance(answers, dict):
        return None
    comment, flag, seen = found.get("comment", ""), found.get("flag", False), found.get("schema_version")
    spent = found.get("spent_ms")
    if not isinstance(comment, str) or type(flag) is not bool:
        return None
    if not all(one is None or type(one) is int for one in (seen, spent)):
        return None
    "".join((key, comment, *answers)).encode()
    return work.SubmitBody(key, answers, comment, flag, seen, spent)


DOORS: tuple[tuple[Callable[..., Any], Read, Act], ...] = (
    (work.next_tasks, read_next, work.give_next),
    (work.submit_answers, read_submit, work.take_answers),
)


@dataclass(frozen=True, slots=True)
class HotRoute:
    """A POST route with one id in its path, between `before` and `after`; bodies have up to `max_body` bytes."""

    before: str
    after: str
    max_body: int
    read: Read
    act: Act

    def target(self, path: str) -> str | None:
        """The id in a path that is this route's, else None."""
        if not path.startswith(self.before) or not path.endswith(self.after):
            return None
        found = path[len(self.before) : -len(self.after)]
        return found if found and "/" not in found else None

    def body_of(self, message: Message) -> Any:
        """What a whole body says, or None if the framework has to judge it."""
        body = message.get("body", b"")
        if message.get("more_body", False) or len(body) > self.max_body:
            return None
        try:
            found = json.loads(body)
            return self.read(found) if isinstance(found, dict) else None
        except (ValueError, RecursionError):
            return None


def hot_routes(api: FastAPI) -> tuple[HotRoute, ...]:
    """The routes of DOORS as `api` has them. Raises RuntimeError for one that is not for any signed-in caller."""
    routes = {route.endpoint: route for route in api.routes if isinstance(route, APIRoute)}
    found = []
    for endpoint, read, act in DOORS:
        route = routes[endpoint]
        permission = (route.openapi_extra or {}).get("x-permission")
        if permission != "signed_in" or route.methods != {"POST"} or route.max_body_size is None:
            raise RuntimeError(f"the route {route.path} cannot be answered without the framework")
        before, _, rest = route.path.partition("{")
        found.append(HotRoute(before, rest.partition("}")[2], route.max_body_size, read, act))
    return tuple(found)


class Hot:
    """ASGI middleware: inside the guard, around the framework."""

    def __init__(self, api: FastAPI, state: ServerState) -> None:
        self.app: ASGIApp = api
        self.state = state
        self.routes = hot_routes(api)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a plain request for a hot route; pass on every other one."""
        found = self._find(scope)
        if found is None:
            await self.app(scope, receive, send)
            return
        route, target = found
        message = await _receive_whole(receive, route.max_body)
        if message is None:
            return  # the client is gone: nobody to answer
        body = route.body_of(message)
        if body is None:
            await self.app(scope, _again(message, receive), send)
            return
        response = await self._answer(Request(scope), route, target, body)
        await response(scope, receive, send)

    def _find(self, scope: Scope) -> tuple[HotRoute, str] | None:
        """The route and the id of a request that can be answered here, as far as its head shows."""
        if scope["type"] != "http" or scope["method"] != "POST" or scope.get("root_path"):
            return None
        for route in self.routes:
            target = route.target(scope["path"])
            if target is not None:
                return (route, target) if _plain(Headers(scope=scope), route.max_body) else None
        return None

    async def _answer(self, request: Request, route: HotRoute, target: str, body: Any) -> Response:
        """Name the caller, act, and word what became of it. Raises nothing."""
        try:
            try:
                return Json(await route.act(caller_of(self.state, request), target, body))
            except TawsimError as error:
                return errors.answer(error)
        except UnicodeEncodeError:
            return errors.broken_text()
        except Exception as error:
            return errors.unexpected(request.method, request.url.path, error)


def _plain(headers: Headers, max_body: int) -> bool:
    """JSON, of no announced length that the framework would refuse before it reads a byte."""
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    length = headers.get("content-length", "0")
    short = length.isdecimal() and len(length) <= LONGEST_LENGTH and int(length) <= max_body
    return short and kind == "application/json"


async def _receive_whole(receive: Receive, max_body: int) -> Message | None:
    """The body as one message; over `max_body` bytes, what came so far, for the framework to refuse. None: client gone."""
    message = await receive()
    if message["type"] == "http.request" and not message.get("more_body", False):
        return message  # the usual one: it came in one piece
    held = bytearray()
    while message["type"] == "http.request":
        held += message.get("body", b"")
        more = message.get("more_body", False)
        if not more or len(held) > max_body:
            return {"type": "http.request", "body": bytes(held), "more_body": more}
        message = await receive()
    return None


def _again(message: Message, receive: Receive) -> Receive:
    """A `receive` that gives `message` first, then what the client sends on."""
    waiting = [message]

    async def receive_again() -> Message:
        return waiting.pop() if waiting else await receive()

    return receive_again
