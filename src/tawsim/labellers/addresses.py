"""What may be opened: how an address must be written, and which IP addresses are public. Opens nothing itself.

Python's `ipaddress.is_global` is a list of what is known to be special, and calls eleven cloud and tunnel addresses
global. Here it is the other way about: a list of what is public, from IANA's tables of allocated unicast space (IPv4 and
IPv6 Special-Purpose Address Registries, RFC 6890); what is not on it is refused.
"""

import re
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Literal
from urllib.parse import urlsplit

from tawsim.core.errors import AddressRefused

Standing = Literal["public", "private", "never"]
# `public`: only public addresses. `own`: also loopback and private networks, which somebody allowed by name.
Reach = Literal["public", "own"]
Scheme = Literal["http", "https"]

MAX_URL = 2_000
_URL = re.compile(r"https?://[\x21-\x7e]+", re.IGNORECASE)
_PORT = re.compile(r"[0-9]{1,5}")
_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?")
# A name that ends in a number is an IPv4 address in some spelling (the URL standard's rule): 127.1, 0x7f.1, 2130706433.
_NUMBER = re.compile(r"0x[0-9a-f]*|[0-9]+")

_PUBLIC_V4 = (IPv4Network("1.0.0.0/8"), *(IPv4Network(f"{first}.0.0.0/8") for first in range(2, 224)))
_NOT_PUBLIC_V4 = tuple(
    IPv4Network(one)
    for one in (
        "10.0.0.0/8",  # private
        "100.64.0.0/10",  # shared by carriers; Alibaba's metadata, 100.100.100.200
        "127.0.0.0/8",  # loopback
        "168.63.129.16/32",  # Azure's wire server, in the middle of public space
        "169.254.0.0/16",  # link-local; the metadata of AWS, Google and Azure
        "172.16.0.0/12",  # private
        "192.0.0.0/24",  # protocol assignments; Oracle's metadata, 192.0.0.192
        "192.0.2.0/24",  # documentation
        "192.31.196.0/24",  # AS112
        "192.52.193.0/24",  # AMT
        "192.88.99.0/24",  # 6to4 relays
        "192.168.0.0/16",  # private
        "192.175.48.0/24",  # AS112
        "198.18.0.0/15",  # benchmarks
        "198.51.100.0/24",  # documentation
        "203.0.113.0/24",  # documentation
    )
)
# The parts of 2000::/3 that registries have given out. All else (IPv4-mapped and -compatible, NAT64, discard, local,
# link-local, site-local, multicast) lies outside of it.
_PUBLIC_V6 = tuple(
    IPv6Network(one)
    for one in ("2001::/16", "2003::/16", "2400::/11", "2600::/10", "2800::/12", "2a00::/11", "2c00::/12")
)
_NOT_PUBLIC_V6 = tuple(
    IPv6Network(one)
    for one in (
        "2001::/23",  # protocol assignments: Teredo, benchmarks, ORCHID
        "2001:db8::/32",  # documentation
        "2620:4f:8000::/48",  # AS112
    )
)
_PRIVATE = tuple(
    IPv4Network(one) for one in ("127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10")
)
_PRIVATE_V6 = (IPv6Network("::1/128"), IPv6Network("fc00::/7"))
# Metadata services that stand inside private space: no permission reaches them.
_METADATA = (IPv4Network("100.100.100.200/32"), IPv6Network("fd00:ec2::/32"), IPv6Network("fd20:ce::/32"))


@dataclass(frozen=True, slots=True)
class Target:
    """An address taken apart. `host` is lower-case ASCII, an IPv6 address without brackets; `path` begins with / and
    holds the query."""

    scheme: Scheme
    host: str
    port: int
    path: str

    @property
    def origin(self) -> tuple[str, str, int]:
        """What must be the same for two addresses to be of one server."""
        return self.scheme, self.host, self.port

    @property
    def literal(self) -> IPv4Address | IPv6Address | None:
        """The IP address, where the host is one rather than a name."""
        try:
            return ip_address(self.host)
        except ValueError:
            return None

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        usual = {"http": 80, "https": 443}[self.scheme] == self.port
        return f"{self.scheme}://{host}{'' if usual else f':{self.port}'}{self.path}"


def standing(address: str) -> Standing:
    """Whether an IP address is public, private (may be allowed), or never to be opened. Anything odd is never."""
    try:
        ip = ip_address(address)
    except ValueError:
        return "never"
    if isinstance(ip, IPv6Address):
        if ip.scope_id is not None:
            return "never"
        return _standing_of(
            _within(ip, _PUBLIC_V6) and not _within(ip, _NOT_PUBLIC_V6),
            _within(ip, _PRIVATE_V6) and not _within(ip, _METADATA),
        )
    return _standing_of(
        _within(ip, _PUBLIC_V4) and not _within(ip, _NOT_PUBLIC_V4),
        _within(ip, _PRIVATE) and not _within(ip, _METADATA),
    )


def _standing_of(public: bool, private: bool) -> Standing:
    return "public" if public else "private" if private else "never"


def _within(
    ip: IPv4Address | IPv6Address,
    networks: tuple[IPv4Network, ...] | tuple[IPv6Network, ...] | tuple[IPv4Network | IPv6Network, ...],
) -> bool:
    return any(ip in one for one in networks if one.version == ip.version)


def check_address(address: str, host: str, scheme: Scheme, reach: Reach) -> None:
    """Raise AddressRefused unless an address that `host` stands for may be opened.

    With reach `own`, http goes to private addresses only: over the open network a key and texts would go in the clear.
    """
    found = standing(address)
    if found == "public" and (reach == "public" or scheme == "https"):
        return
    if found == "private" and reach == "own":
        return
    if found == "public":
        raise AddressRefused(
            f"{host} is on the public network, and http sends everything in the clear.", "Use its https address."
        )
    if found == "private":
        raise AddressRefused(
            f"{host} is an address of this machine or a private network.",
            "An owner can allow it by name: tawsim endpoint add … --private", private=host,
        )  # fmt: skip
    raise AddressRefused(f"{host} stands for an address that is never opened.", "Use a public host name.")


def read_url(url: str) -> Target:
    """An http or https address taken apart. Raises AddressRefused for every form that two readers could read differently.

    Refused: user names, white space, backslashes, letters outside ASCII, fragments, empty labels, trailing dots, zones,
    and IP addresses in any but their one usual form.
    """
    if len(url) > MAX_URL or not _URL.fullmatch(url) or "\\" in url or "#" in url:
        raise AddressRefused(
            f"{url[:80]!r} is not an http or https address in plain ASCII.", "Example: https://api.example.com/v1"
        )
    scheme, _, rest = url.partition("://")
    netloc = re.split(r"[/?]", rest, maxsplit=1)[0]
    if "@" in netloc:
        raise AddressRefused("An address may not hold a user name or password.", "Name a key with --key-env instead.")
    lower: Scheme = "https" if scheme.lower() == "https" else "http"
    host, port = _read_netloc(netloc.lower(), 443 if lower == "https" else 80)
    try:
        parts = urlsplit(url)
    except ValueError:
        raise AddressRefused(f"{url[:80]!r} is not an address.") from None
    if parts.netloc != netloc:
        raise AddressRefused(f"{url[:80]!r} can be read in two ways.")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(lower, host, port, path)


def _read_netloc(netloc: str, usual_port: int) -> tuple[str, int]:
    if netloc.startswith("["):
        inside, closed, rest = netloc[1:].partition("]")
        if not closed or (rest and not rest.startswith(":")):
            raise AddressRefused(f"{netloc[:80]!r} is not a host.")
        host, port = _read_ipv6(inside), rest[1:]
        has_port = bool(rest)
    else:
        name, colon, port = netloc.partition(":")
        host, has_port = _read_host(name), bool(colon)
    if not has_port:
        return host, usual_port
    if not _PORT.fullmatch(port) or not 1 <= int(port) <= 65_535:
        raise AddressRefused(f"{port[:20]!r} is not a port.", "A port is a number from 1 to 65535.")
    return host, int(port)


def _read_ipv6(text: str) -> str:
    try:
        ip = IPv6Address(text)
    except ValueError:
        raise AddressRefused(f"[{text[:60]}] is not an IPv6 address.") from None
    if ip.scope_id is not None:
        raise AddressRefused(f"[{text[:60]}] names a zone.", "Use an address without %.")
    return str(ip)


def _read_host(name: str) -> str:
    labels = name.split(".")
    if not name or len(name) > 253 or not all(_LABEL.fullmatch(label) for label in labels):
        raise AddressRefused(
            f"{name[:80]!r} is not a host name.",
            "Letters, digits and hyphens; other scripts as xn--…; no dot at the end.",
        )
    if _NUMBER.fullmatch(labels[-1]):
        try:
            return str(IPv4Address(name))
        except ValueError:
            raise AddressRefused(
                f"{name[:80]!r} is an IP address in an unusual form.", "Write it as four numbers."
            ) from None
    return name
