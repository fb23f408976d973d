"""The one door for outgoing HTTP: resolve once, check every address, connect to the one checked, bound everything.

Nothing else on the server's side opens a connection (a test reads every module). No proxy of the environment is used,
since it would resolve the name anew. What is asked, and of whom, is not known here.
"""

import http.client
import io
import queue
import socket
import ssl
import threading
import time
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from tawsim.core.errors import AddressRefused, EndpointDown
from tawsim.labellers.addresses import Reach, Target, check_address, read_url

Resolve = Callable[[str, int], list[str]]
Dial = Callable[[tuple[str, int], float], socket.socket]

MAX_ADDRESSES = 32  # a name that stands for more is no service's
TRY_ADDRESSES = 4
PIECE = 65_536
KEEP_METHOD = (307, 308)
PLAIN = frozenset({"content-type", "accept", "accept-language"})
MOVED = (301, 302, 303, *KEEP_METHOD)


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds to connect, of silence and altogether; bytes received, on the wire and unpacked; how many redirects."""

    connect_s: float = 10.0
    silence_s: float = 60.0
    total_s: float = 120.0
    received: int = 4_000_000
    redirects: int = 3


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back. Names of `headers` are lower-case; `body` is unpacked."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Ask:
    """One request. `secret` is the Authorization header: it goes to the host of `url` and to no other."""

    url: str
    method: str = "GET"
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None
    secret: str = field(default="", repr=False)
    reach: Reach = "public"


def system_resolve(host: str, port: int) -> list[str]:
    """The addresses of a name, in the order in which they should be tried."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
    return list(dict.fromkeys(str(one[4][0]) for one in found))


def system_dial(address: tuple[str, int], timeout_s: float) -> socket.socket:
    """A connection to an IP address and a port."""
    return socket.create_connection(address, timeout_s)


def fetch(
    ask: Ask, limits: Limits = Limits(), *, resolve: Resolve = system_resolve, dial: Dial = system_dial
) -> Answer:
    """Send one request and follow its redirects. Any status is an answer.

    Raises AddressRefused for what may not be opened, and EndpointDown for what does not answer within the limits.
    """
    until = time.monotonic() + limits.total_s
    target = read_url(ask.url)
    for _ in range(limits.redirects + 1):
        answer = _one(ask, target, limits, until, resolve, dial)
        place = answer.headers.get("location")
        if answer.status not in MOVED or place is None:
            return answer
        ask, target = _moved(ask, target, answer.status, place)
    raise EndpointDown(f"{target.host} redirects more than {limits.redirects} times.", "Use the address it ends at.")


def _moved(ask: Ask, old: Target, status: int, place: str) -> tuple[Ask, Target]:
    """The request as it goes on to where a redirect points. A text never goes to a host that it was not meant for."""
    new = read_url(place if "://" in place else _joined(old, place))
    if old.scheme == "https" and new.scheme == "http":
        raise AddressRefused(f"{old.host} redirects from https to http.", "Use the address that is meant.")
    if ask.body is not None and (status not in KEEP_METHOD or new.host != old.host):
        raise AddressRefused(
            f"{old.host} redirects what was sent to it (status {status}, to {new.host}).",
            "Use the address that is meant, written out.",
        )
    if new.origin == old.origin:
        return ask, new
    # What was allowed by name, the secret, and headers of one's own, which may hold another, belong to that one server.
    own = ask.headers if _is_the_same_with_tls(old, new) else {}
    headers = {name: value for name, value in ask.headers.items() if name.lower() in PLAIN} | dict(own)
    return replace(ask, headers=headers, secret="", reach="public"), new


def _is_the_same_with_tls(old: Target, new: Target) -> bool:
    return (old.host, old.scheme, old.port, new.scheme, new.port) == (new.host, "http", 80, "https", 443)


def _joined(old: Target, place: str) -> str:
    if place.startswith("//"):
        return f"{old.scheme}:{place}"
    if not place.startswith("/"):
        raise AddressRefused(f"{old.host} redirects to {place[:80]!r}, which is no whole address.")
    return str(replace(old, path=place))


def _one(ask: Ask, target: Target, limits: Limits, until: float, resolve: Resolve, dial: Dial) -> Answer:
    addresses = _addresses(target, ask.reach, resolve, min(limits.connect_s, until - time.monotonic()))
    try:
        line = _Wire(_connect(target, addresses, limits, until, dial), limits, until)
        try:
            return _exchange(_Connection(target, line), ask, target, limits)
        finally:
            line.close()
    except TimeoutError as error:
        raise EndpointDown(f"{target.host} took too long.", "Try again; a model may be loading.") from error
    except ssl.SSLError as error:
        raise EndpointDown(
            f"{target.host}: no safe connection ({error.reason or error}).", "See its certificate."
        ) from error
    except (http.client.HTTPException, zlib.error, ValueError) as error:
        raise EndpointDown(f"{target.host} does not speak HTTP as it should ({type(error).__name__}).") from error
    except OSError as error:
        what = error.strerror or type(error).__name__
        raise EndpointDown(f"{target.host}, port {target.port}: {what}.", "Is it running?") from error


def _addresses(target: Target, reach: Reach, resolve: Resolve, timeout_s: float) -> list[str]:
    """Every address that the host stands for, each of them allowed. They are asked for once, and used as they are."""
    literal = target.literal
    found = [str(literal)] if literal is not None else _resolved(target, resolve, timeout_s)
    if not 1 <= len(found) <= MAX_ADDRESSES:
        raise EndpointDown(f"{target.host} stands for {len(found)} addresses.", "Check the name.")
    for address in found:
        check_address(address, target.host, target.scheme, reach)
    return found


def _resolved(target: Target, resolve: Resolve, timeout_s: float) -> list[str]:
    """In a thread of its own, since the system's resolver knows no time limit."""
    box: queue.SimpleQueue[list[str] | OSError | UnicodeError] = queue.SimpleQueue()

    def work() -> None:
        try:
            box.put(resolve(target.host, target.port))
        except (OSError, UnicodeError) as error:
            box.put(error)

    threading.Thread(target=work, name="resolve", daemon=True).start()
    try:
        found = box.get(timeout=max(0.0, timeout_s))
    except queue.Empty:
        raise EndpointDown(f"Looking up {target.host} took too long.", "Try again.") from None
    if isinstance(found, BaseException):
        raise EndpointDown(f"There is no host {target.host}.", "Check the name, and this machine's network.") from found
    return found


def _connect(target: Target, addresses: list[str], limits: Limits, until: float, dial: Dial) -> socket.socket:
    """A connection to the first address that takes one, with TLS for the name where it is https."""
    connect_until = min(until, time.monotonic() + limits.connect_s)
    last: OSError = TimeoutError()
    for address in addresses[:TRY_ADDRESSES]:
        left = connect_until - time.monotonic()
        if left <= 0:
            break
        try:
            plain = dial((address, target.port), left)
        except OSError as error:
            last = error
            continue
        if target.scheme == "http":
            return plain
        try:
            plain.settimeout(max(0.001, connect_until - time.monotonic()))
            return ssl.create_default_context().wrap_socket(plain, server_hostname=target.host)
        except BaseException:
            plain.close()
            raise
    raise last


class _Wire(io.RawIOBase):
    """A socket whose every read knows the deadline and counts the bytes, so that a trickle ends as a flood does."""

    def __init__(self, plain: socket.socket, limits: Limits, until: float) -> None:
        self._plain = plain
        self._limits = limits
        self._until = until
        self._received = 0

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Raises TimeoutError or EndpointDown at a limit."""
        self._plain.settimeout(self._left())
        n = self._plain.recv_into(buffer)
        self._received += n
        if self._received > self._limits.received:
            raise _too_long(self._limits)
        return n

    def sendall(self, data: bytes) -> None:
        """All of it, or TimeoutError."""
        self._plain.settimeout(self._left())
        self._plain.sendall(data)

    def makefile(self, _mode: str, *_more: Any, **_other: Any) -> io.BufferedReader:
        """What http.client reads from."""
        return io.BufferedReader(self, PIECE)

    def close(self) -> None:
        """Hang up."""
        self._plain.close()
        super().close()

    def _left(self) -> float:
        left = self._until - time.monotonic()
        if left <= 0:
            raise TimeoutError
        return min(left, self._limits.silence_s)


class _Connection(http.client.HTTPConnection):
    """http.client's way of speaking, on a connection that stands already."""

    def __init__(self, target: Target, line: _Wire) -> None:
        super().__init__(target.host, target.port)
        self.default_port = 443 if target.scheme == "https" else 80  # so that Host names the port only where it must
        self.sock = line

    def connect(self) -> None:
        """Never: it would resolve the name again."""
        raise AssertionError("the connection stands already")

    def close(self) -> None:
        """Leave the wire to whoever opened it: http.client would close it before the body is read."""


def _exchange(connection: _Connection, ask: Ask, target: Target, limits: Limits) -> Answer:
    headers = {"Accept-Encoding": "identity", "User-Agent": "tawsim", "Connection": "close", **ask.headers}
    if ask.secret:
        headers["Authorization"] = ask.secret
    connection.request(ask.method, target.path, body=ask.body, headers=headers)
    response = connection.getresponse()
    found = {name.lower(): value for name, value in response.getheaders()}
    coding = found.get("content-encoding", "identity").strip().lower()
    return Answer(response.status, found, _body(response, coding, limits))


def _body(response: http.client.HTTPResponse, coding: str, limits: Limits) -> bytes:
    """The body, unpacked piece by piece so that a bomb is met at the limit and not in memory."""
    if coding not in ("identity", "gzip", "x-gzip", "deflate"):
        raise EndpointDown(f"The answer is packed as {coding[:40]!r}, which nobody asked for.")
    if response.length is not None and response.length > limits.received:
        raise _too_long(limits)
    unpack = None if coding == "identity" else zlib.decompressobj(zlib.MAX_WBITS | 32)
    found = bytearray()
    while piece := response.read(PIECE):
        found += piece if unpack is None else unpack.decompress(piece, limits.received + 1 - len(found))
        if len(found) > limits.received:
            raise _too_long(limits)
    # http.client says nothing of a body that is shorter than its header says.
    if response.length or (unpack is not None and not unpack.eof):
        raise EndpointDown("The answer breaks off in the middle.", "Try again.")
    return bytes(found)


def _too_long(limits: Limits) -> EndpointDown:
    return EndpointDown(
        f"The answer is longer than {limits.received:,} bytes.",
        "Is this an endpoint of a model?",
        received=limits.received,
    )
