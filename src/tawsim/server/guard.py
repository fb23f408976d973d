"""The outer door, before any route: Host check, cross-site check, security headers. Plain ASGI, for speed.

- Host: only names this server was started under, so that a name rebound to 127.0.0.1 reaches nothing.
- Cross-site: a state-changing request that rides on the cookie needs a header that no foreign page can set without
  asking first (and nobody answers that question), and its Origin, where a browser sends one, must be this host, by https where
  people reach it by that.
- What is checked here is what is read behind it: a header that must stand once is refused twice, since one reader takes the
  first and another the last.
"""

import json
from collections.abc import Iterable, Sequence

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tawsim.core.errors import BadInput, NotAllowed, TawsimError
from tawsim.server.errors import error_body, status_of

CLIENT_HEADER = b"tawsim-client"
ONCE = frozenset(
    {b"host", b"authorization", b"cookie", b"origin", b"content-length", b"content-type", b"sec-fetch-site"}
)

CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; media-src 'self' data: blob:; "
    "font-src 'self'; connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
SECURITY_HEADERS: tuple[tuple[bytes, bytes], ...] = (
    (b"content-security-policy", CSP.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), microphone=(), geolocation=(), payment=(), usb=()"),
)


class Guard:
    """ASGI middleware around the whole application."""

    def __init__(self, app: ASGIApp, *, allowed_hosts: Iterable[str], cookie: str, address: str = "") -> None:
        self.app = app
        scheme, _, host = address.lower().partition("://")
        self.https_host = host.encode() if scheme == "https" else b""
        self.allowed_hosts = {host.lower().encode() for host in allowed_hosts}
        self.cookie = cookie.encode() + b"="

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through, or answer it here."""
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        if scope["type"] != "http":
            return
        headers = dict(scope["headers"])
        try:
            _check_once(scope["headers"])
            self._check(scope, headers)
        except TawsimError as error:
            await _refuse(error, send, scope["path"])
            return

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", []), *SECURITY_HEADERS]
            await send(message)

        await self.app(scope, receive, send_guarded)

    def _check(self, scope: Scope, headers: dict[bytes, bytes]) -> None:
        host = headers.get(b"host", b"").lower()
        if host not in self.allowed_hosts:
            raise NotAllowed(
                f"This server does not go by the name {host.decode('latin-1')[:100]!r}.",
                "Open it by the address it printed, or start it with --allow-host NAME.",
            )
        if scope["method"] in ("GET", "HEAD") or not scope["path"].startswith("/api/"):
            return
        origin = headers.get(b"origin")
        if origin is not None and not self._is_ours(origin.lower(), host):
            raise NotAllowed("This request comes from another web site.", "Use Tawsim's own page.")
        if headers.get(b"sec-fetch-site", b"same-origin") not in (b"same-origin", b"none"):
            raise NotAllowed("This request comes from another web site.", "Use Tawsim's own page.")
        # Basic is none of ours: a browser sends it by itself where a proxy before us asks for it, and the cookie counts then.
        by_token = headers.get(b"authorization", b"")[:7].lower() == b"bearer "
        rides_on_cookie = self.cookie in headers.get(b"cookie", b"") and not by_token
        if rides_on_cookie and CLIENT_HEADER not in headers:
            raise NotAllowed("A request with a cookie needs the header Tawsim-Client.", "Programs use a token instead.")

    def _is_ours(self, origin: bytes, host: bytes) -> bool:
        scheme, _, name = origin.partition(b"://")
        return name == host and (host != self.https_host or scheme == b"https")


def _check_once(headers: Sequence[tuple[bytes, bytes]]) -> None:
    found: set[bytes] = set()
    for name, _ in headers:
        if name in ONCE:
            if name in found:
                raise BadInput(f"The header {name.decode()} stands twice in this request.", "Send it once.")
            found.add(name)


async def _refuse(error: TawsimError, send: Send, path: str) -> None:
    told = error_body(error)
    if path.startswith(("/v1/", "/v2/")):  # clients of the Scale-compatible API know one form of error only
        told = {"status_code": status_of(error), "error": str(error)}
    body = json.dumps(told, ensure_ascii=False).encode()
    headers = [
        (b"content-type", b"application/json"), (b"content-length", str(len(body)).encode()),
        (b"cache-control", b"no-store"), (b"connection", b"close"), *SECURITY_HEADERS,
    ]  # fmt: skip
    await send({"type": "http.response.start", "status": status_of(error), "headers": headers})
    await send({"type": "http.response.body", "body": body})
