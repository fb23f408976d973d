"""The table of routes of the Scale-compatible API: what each takes, and who may call it. Deny by default.

Routes state themselves with `@route(…)`; `match` finds one by the segments of the raw path, so that a name with a slash
stays one name and a batch called `x/status` is no status. What a route does is in its own module.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar
from urllib.parse import unquote_to_bytes

from tawsim.core.errors import BadInput
from tawsim.loop.scale.world import World
from tawsim.server.permissions import Caller
from tawsim.server.scale.forms import Form
from tawsim.server.sign_in_state import ServerState
from tawsim.workspaces.roles import ROLES, Right

MB = 1 << 20
LARGE = 64 * 1024
Body = Literal["json", "multipart"]
Method = Literal["GET", "POST", "PUT", "DELETE"]
PLACE = "{}"
Sent = tuple[bytes | None, ...]  # the segments of a route as they are sent; None where a name stands
F = TypeVar("F", bound=Callable[["Call"], Any])


@dataclass(frozen=True, slots=True)
class Call:
    """What a route is called with. `path`: the {} parts of the path, decoded. `body`: None where none was sent; `large`: it
    has more than `LARGE` bytes, so that nothing long should be done with it where others wait."""

    world: World
    caller: Caller
    state: ServerState
    path: tuple[str, ...]
    query: Mapping[str, list[str]]
    body: Any
    headers: Mapping[str, str]
    form: Form | None = None
    large: bool = False


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer other than 200 and JSON. `body`: bytes as they are, an iterator of them, or what becomes JSON."""

    status: int = 200
    body: Any = None
    headers: tuple[tuple[str, str], ...] = ()


Act = Callable[[Call], Any | Awaitable[Any]]


@dataclass(frozen=True, slots=True)
class Route:
    """One route. `conflicts`: whether it may answer 409; `max_body` bytes are taken, and cut off as they arrive."""

    method: Method
    segments: tuple[str, ...]
    right: Right
    act: Act
    body: Body
    max_body: int
    conflicts: bool

    @property
    def path(self) -> str:
        """The path as it was stated."""
        return "/" + "/".join(self.segments)


@dataclass(slots=True)
class Table:
    """Routes by version and length of their path."""

    routes: list[Route] = field(default_factory=list)
    _by_form: dict[tuple[bytes, int], list[tuple[Sent, Route]]] = field(default_factory=dict)

    def add(self, route: Route) -> None:
        """Raises RuntimeError for a route without a right, or one that stands already."""
        if route.right not in ROLES:
            raise RuntimeError(f"the route {route.method} {route.path} does not state who may call it")
        if any(one.method == route.method and one.segments == route.segments for one in self.routes):
            raise RuntimeError(f"the route {route.method} {route.path} stands twice")
        self.routes.append(route)
        sent = tuple(None if one == PLACE else one.encode() for one in route.segments)
        alike = self._by_form.setdefault((route.segments[0].encode(), len(sent)), [])
        alike.append((sent, route))
        # a word comes before a name: `studio/batches/set_priorities` before a batch of that name
        alike.sort(key=lambda one: [segment is None for segment in one[0]])

    def match(self, method: str, segments: Sequence[bytes]) -> tuple[Route | None, tuple[str, ...], frozenset[str]]:
        """The route, its names, and which methods this path takes at all. Raises BadInput for a name that is no text."""
        methods = set()
        for sent, route in self._by_form.get((segments[0], len(segments)), ()):
            if all(map(_fits, sent, segments)):
                methods.add(route.method)
                if route.method == method:
                    return route, _names(route.segments, segments), frozenset(methods)
        return None, (), frozenset(methods)


def _fits(wanted: bytes | None, sent: bytes) -> bool:
    return wanted is None or wanted == sent


def _names(wanted: Sequence[str], segments: Sequence[bytes]) -> tuple[str, ...]:
    try:
        return tuple(
            unquote_to_bytes(sent).decode() for one, sent in zip(wanted, segments, strict=True) if one == PLACE
        )
    except UnicodeDecodeError:
        raise BadInput("A name in the path is not percent-encoded UTF-8.") from None


TABLE = Table()


def route(
    method: Method, path: str, *, right: Right, body: Body = "json", max_body: int = MB, conflicts: bool = False
) -> Callable[[F], F]:
    """State a route: `@route("POST", "/v1/task/{}/cancel", right="manage")`. An async function runs on the event loop and
    must not block it; a plain one runs in a thread. It returns what becomes JSON, or a `Reply`."""

    def add(act: F) -> F:
        segments = tuple(path.strip("/").split("/"))
        TABLE.add(Route(method, segments, right, act, body, max_body, conflicts))
        return act

    return add
