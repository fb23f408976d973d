"""The one door for outgoing HTTP: what it opens, what it never opens, and how little a hostile server can take."""

import ast
import gzip
import shutil
import socket
import ssl
import subprocess
import time
import tracemalloc
import zlib
from collections.abc import Iterator
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from tests.unit.model_server import ModelServer, model_server, says

import tawsim
from tawsim.core.errors import AddressRefused, EndpointDown
from tawsim.labellers.addresses import read_url, standing
from tawsim.labellers.opener import Answer, Ask, Limits, fetch, system_resolve

SOURCE = Path(tawsim.__file__).parent
SMALL = Limits(connect_s=2, silence_s=2, total_s=5, received=100_000)

PUBLIC = ["1.1.1.1", "8.8.8.8", "93.184.216.34", "172.15.255.255", "172.32.0.1", "100.63.255.255", "100.128.0.1",
          "192.0.1.1", "198.17.255.255", "198.20.0.1", "223.255.255.255", "168.63.129.15", "168.63.129.17",
          "2606:4700:4700::1111", "2001:4860:4860::8888", "2a00:1450:4001:82b::200e", "2400:cb00::1", "2c0f:f248::1",
          "2003::1", "2803:f800::1"]  # fmt: skip
PRIVATE = ["127.0.0.1", "127.255.255.254", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "100.64.0.1",
           "::1", "fd12:3456::1", "fc00::1"]  # fmt: skip
NEVER = {
    "metadata of AWS, Google, Azure": "169.254.169.254",
    "link-local": "169.254.0.1",
    "metadata of Oracle": "192.0.0.192",
    "Azure's wire server": "168.63.129.16",
    "metadata of Alibaba": "100.100.100.200",
    "metadata of AWS over IPv6": "fd00:ec2::254",
    "metadata of Google over IPv6": "fd20:ce::254",
    "unspecified": "0.0.0.0",
    "this network": "0.1.2.3",
    "broadcast": "255.255.255.255",
    "multicast": "224.0.0.1",
    "reserved": "240.0.0.1",
    "documentation 1": "192.0.2.1",
    "documentation 2": "198.51.100.1",
    "documentation 3": "203.0.113.1",
    "benchmarks": "198.18.0.1",
    "6to4 relay": "192.88.99.1",
    "AS112": "192.175.48.1",
    "AMT": "192.52.193.1",
    "unspecified 6": "::",
    "mapped loopback": "::ffff:127.0.0.1",
    "mapped public": "::ffff:8.8.8.8",
    "mapped metadata": "::ffff:169.254.169.254",
    "compatible": "::8.8.8.8",
    "compatible loopback": "::127.0.0.1",
    "translated": "::ffff:0:7f00:1",
    "NAT64": "64:ff9b::7f00:1",
    "NAT64 of a public one": "64:ff9b::808:808",
    "NAT64 local": "64:ff9b:1::1",
    "6to4": "2002:7f00:1::1",
    "Teredo": "2001::1",
    "benchmarks 6": "2001:2::1",
    "ORCHID": "2001:20::1",
    "documentation 6": "2001:db8::1",
    "documentation 6, new": "3fff::1",
    "segment routing": "5f00::1",
    "discard": "100::1",
    "link-local 6": "fe80::1",
    "site-local": "fec0::1",
    "multicast 6": "ff02::1",
    "not given out": "4000::1",
    "not given out in 2000::/3": "3000::1",
    "with a zone": "fe80::1%eth0",
    "no address": "localhost",
}


@pytest.fixture
def server() -> Iterator[ModelServer]:
    with model_server() as found:
        yield found


def own(url: str, **more: Any) -> Ask:
    return Ask(url, reach="own", **more)


def opened(url: str, addresses: list[str], *, reach: Any = "public") -> list[tuple[str, int]]:
    """To which addresses a connection was tried."""
    tried: list[tuple[str, int]] = []

    def dial(address: tuple[str, int], _timeout: float) -> socket.socket:
        tried.append(address)
        raise ConnectionRefusedError(111, "refused")

    with pytest.raises(EndpointDown):
        fetch(Ask(url, reach=reach), SMALL, resolve=lambda *_: addresses, dial=dial)
    return tried


# ---- which addresses ------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_are_public(address: str) -> None:
    assert standing(address) == "public"


@pytest.mark.parametrize("address", PRIVATE)
def test_private_addresses_may_be_allowed(address: str) -> None:
    assert standing(address) == "private"


@pytest.mark.parametrize("address", NEVER.values(), ids=NEVER.keys())
@pytest.mark.parametrize("reach", ["public", "own"])
def test_some_addresses_are_never_opened_whoever_allows_it(address: str, reach: Any) -> None:
    assert standing(address) == "never"
    with pytest.raises(AddressRefused):
        fetch(Ask("https://model.example/", reach=reach), SMALL, resolve=lambda *_: [address])


def test_what_is_public_is_never_wider_than_the_library_says_and_narrower_where_it_is_wrong() -> None:
    wrong = [one for one in NEVER.values() if "%" not in one and one != "localhost" and ip_address(one).is_global]
    assert "168.63.129.16" in wrong  # else this list of ours would have no reason
    assert len(wrong) >= 5
    for first in range(256):
        for rest in ("0.0.0", "0.0.1", "255.255.255", "64.0.0", "168.1.1"):
            address = f"{first}.{rest}"
            if standing(address) == "public":
                assert ip_address(address).is_global, address


@pytest.mark.parametrize("address", PRIVATE)
def test_a_private_address_is_opened_only_where_it_was_allowed(address: str) -> None:
    with pytest.raises(AddressRefused, match="private network"):
        fetch(Ask("https://model.example/"), SMALL, resolve=lambda *_: [address])
    assert opened("http://model.example:81/", [address], reach="own") == [(address, 81)]


def test_every_address_of_a_name_must_be_allowed() -> None:
    for bad in ("127.0.0.1", "169.254.169.254", "::ffff:10.0.0.1"):
        for both in (["8.8.8.8", bad], [bad, "8.8.8.8"]):
            with pytest.raises(AddressRefused):
                fetch(Ask("https://model.example/"), SMALL, resolve=lambda *_, both=both: both)


def test_what_was_allowed_for_oneself_goes_in_the_clear_to_no_public_address() -> None:
    with pytest.raises(AddressRefused, match="in the clear"):
        fetch(own("http://model.example/"), SMALL, resolve=lambda *_: ["8.8.8.8"])
    assert opened("http://model.example/", ["8.8.8.8"]) == [("8.8.8.8", 80)]  # without a word of a key, it may


ODD = [
    "http://0x7f.1/", "http://0x7f.0.0.1/", "http://0x7f000001/", "http://017700000001/", "http://0177.0.0.1/",
    "http://127.1/", "http://127.0.1/", "http://2130706433/", "http://127.0.0.1./", "http://127.0.0.01/", "http://1.2.3.4.5/",
    "http://256.1.1.1/", "http://0/", "http://example.1/", "http://example.0x/", "http://[::ffff:127.0.0.1/",
    "http://[::1]x/", "http://[fe80::1%25eth0]/", "http://[fe80::1%eth0]/", "http://[127.0.0.1]/", "http://[]/",
    "http://localhost./", "http://example.com./", "http://example..com/", "http://.example.com/", "http:///x", "http://",
    "http://127。0。0。1/", "http://①②⑦.0.0.1/", "http://exämple.com/", "http://example。com/", "http://ⓛocalhost/",
    "http://user@example.com/", "http://user:pass@example.com/", "http://example.com@127.0.0.1/", "http://@example.com/",
    "http://example.com\\@127.0.0.1/", "http://example.com/\\x", "http:\\\\example.com/",
    "http://exa mple.com/", "http://example.com/\r\nX: y",
    "http://example.com/#x", "http://example.com#@127.0.0.1/", "http://example.com:/", "http://example.com:0/",
    "http://example.com:65536/", "http://example.com:8o/", "http://example.com:٨٠/", "http://example.com:80:80/",
    "http://example.com:+80/", "http://-example.com/", "http://example-.com/", "http://a%2eb/", "http://127%2e0%2e0%2e1/",
    "http:example.com/", "http:/example.com/", "//example.com/", "example.com", "", "ftp://example.com/",
    "file:///etc/passwd", "gopher://example.com/", "data:text/plain,x", "unix:///var/run/docker.sock",
    "http://" + "a" * 64 + ".com/", "http://" + "a." * 127 + "com/", "http://example.com/" + "a" * 3000, "HTTP ://x/",
    " http://example.com/", "http://example.com/ ", "http://\u202eexample.com/", "http://exam\x00ple.com/",
]  # fmt: skip


@pytest.mark.parametrize("url", ODD)
def test_an_address_that_could_be_read_in_two_ways_is_refused_unopened(url: str) -> None:
    def never(*_: Any) -> Any:
        raise AssertionError("looked up or connected")

    for reach in ("public", "own"):
        with pytest.raises(AddressRefused):
            fetch(Ask(url, reach=reach), SMALL, resolve=never, dial=never)  # type: ignore[arg-type]


@pytest.mark.parametrize("url", ["http://[::ffff:127.0.0.1]/", "http://[::ffff:7f00:1]/", "http://[64:ff9b::7f00:1]/",
                                 "http://[::]/", "http://0.0.0.0/", "http://[2002:7f00:1::]/", "http://169.254.169.254/",
                                 "http://[fd00:ec2::254]/", "http://[0:0:0:0:0:ffff:169.254.169.254]/"])  # fmt: skip
def test_a_number_for_a_host_is_judged_as_any_address(url: str) -> None:
    with pytest.raises(AddressRefused):
        fetch(own(url), SMALL)


def test_a_good_address_is_read_as_it_stands() -> None:
    target = read_url("HTTPS://Api.Example.com:8443/v1/x?y=1&z")
    assert (target.scheme, target.host, target.port, target.path) == ("https", "api.example.com", 8443, "/v1/x?y=1&z")
    assert str(target) == "https://api.example.com:8443/v1/x?y=1&z"
    assert read_url("http://[::1]:80?q").path == "/?q"
    assert str(read_url("http://[0:0::1]/")) == "http://[::1]/"
    assert read_url("https://xn--mgbh0fb.xn--kgbechtv/").host == "xn--mgbh0fb.xn--kgbechtv"


# ---- the connection -------------------------------------------------------------------------------------------------
def test_a_request_goes_out_and_an_answer_comes_back(server: ModelServer) -> None:
    server.plays = [says(201, {"a": "ب"}, X_Thing="y")]
    answer = fetch(own(server.base + "/x?q=1", method="POST", body=b'{"n":1}', secret="Bearer s"), SMALL)
    assert (answer.status, answer.headers["x-thing"]) == (201, "y")
    assert server.bodies == [{"n": 1}]
    assert server.paths == ["/v1/x?q=1"]
    assert server.headers[0]["authorization"] == "Bearer s"
    assert server.headers[0]["host"] == f"127.0.0.1:{server.port}"


def test_a_name_that_changes_its_address_is_looked_up_once_and_that_address_is_used(server: ModelServer) -> None:
    asked: list[str] = []
    went: list[tuple[str, int]] = []

    def rebinding(host: str, _port: int) -> list[str]:
        asked.append(host)
        return ["93.184.216.34"] if len(asked) == 1 else ["127.0.0.1"]

    def dial(address: tuple[str, int], timeout: float) -> socket.socket:
        went.append(address)
        return socket.create_connection(("127.0.0.1", server.port), timeout)

    answer = fetch(Ask("http://rebind.example/"), SMALL, resolve=rebinding, dial=dial)
    assert answer.status == 200
    assert asked == ["rebind.example"]
    assert went == [("93.184.216.34", 80)]
    assert server.headers[0]["host"] == "rebind.example"
    with pytest.raises(AddressRefused):  # private the next time: refused anew, whatever it was before
        fetch(Ask("http://rebind.example/"), SMALL, resolve=rebinding, dial=dial)
    assert len(went) == 1


def test_no_proxy_of_the_environment_is_asked(server: ModelServer, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.delenv("no_proxy", raising=False)
    assert fetch(own(server.base), SMALL).status == 200


def test_tls_is_for_the_name_and_checks_it(server: ModelServer, monkeypatch: pytest.MonkeyPatch) -> None:
    names: list[Any] = []
    wrap = ssl.SSLContext.wrap_socket

    def seen(self: ssl.SSLContext, sock: Any, **more: Any) -> Any:
        names.append((more["server_hostname"], self.verify_mode, self.check_hostname))
        return wrap(self, sock, **more)

    monkeypatch.setattr(ssl.SSLContext, "wrap_socket", seen)

    def dial(_address: tuple[str, int], timeout: float) -> socket.socket:
        return socket.create_connection(("127.0.0.1", server.port), timeout)

    with pytest.raises(EndpointDown):  # the server speaks no TLS
        fetch(Ask("https://model.example/"), SMALL, resolve=lambda *_: ["8.8.8.8"], dial=dial)
    assert names == [("model.example", ssl.CERT_REQUIRED, True)]
    assert server.paths == []


@pytest.mark.skipif(shutil.which("openssl") is None, reason="no openssl to make a certificate with")
def test_a_certificate_must_be_of_the_name_and_of_a_known_authority(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "k", "-out", "c", "-days", "2", "-subj",
            "/CN=m.example", "-addext", "subjectAltName=DNS:m.example"]  # fmt: skip
    subprocess.run(made, cwd=tmp_path, check=True, capture_output=True, timeout=60)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "c", tmp_path / "k")

    def get(url: str, port: int) -> Answer:
        def dial(_address: tuple[str, int], timeout: float) -> socket.socket:
            return socket.create_connection(("127.0.0.1", port), timeout)

        return fetch(Ask(url), SMALL, resolve=lambda *_: ["8.8.8.8"], dial=dial)

    with model_server(context) as server:
        with pytest.raises(EndpointDown, match="CERTIFICATE_VERIFY_FAILED"):
            get("https://m.example/", server.port)
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "c"))
        assert get("https://m.example/", server.port).status == 200
        assert server.headers[0]["host"] == "m.example"
        with pytest.raises(EndpointDown, match="CERTIFICATE_VERIFY_FAILED"):
            get("https://another.example/", server.port)
        assert len(server.paths) == 1


def test_the_next_address_is_tried_where_one_does_not_answer(server: ModelServer) -> None:
    went: list[str] = []

    def dial(address: tuple[str, int], timeout: float) -> socket.socket:
        went.append(address[0])
        if len(went) == 1:
            raise ConnectionRefusedError(111, "refused")
        return socket.create_connection(("127.0.0.1", server.port), timeout)

    assert fetch(Ask("http://m.example/"), SMALL, resolve=lambda *_: ["2606::1", "8.8.8.8"], dial=dial).status == 200
    assert went == ["2606::1", "8.8.8.8"]


def test_a_name_that_nobody_knows_or_that_hangs() -> None:
    def unknown(*_: Any) -> list[str]:
        raise socket.gaierror(-2, "unknown")

    def hangs(*_: Any) -> list[str]:
        time.sleep(30)
        return []

    with pytest.raises(EndpointDown, match="There is no host"):
        fetch(Ask("https://m.example/"), SMALL, resolve=unknown)
    with pytest.raises(EndpointDown, match="took too long"):
        fetch(Ask("https://m.example/"), Limits(connect_s=0.2), resolve=hangs)
    with pytest.raises(EndpointDown, match="0 addresses"):
        fetch(Ask("https://m.example/"), SMALL, resolve=lambda *_: [])
    with pytest.raises(EndpointDown, match="addresses"):
        fetch(Ask("https://m.example/"), SMALL, resolve=lambda *_: ["8.8.8.8"] * 33)
    assert "127.0.0.1" in system_resolve("localhost", 80)


def test_nobody_listens() -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        with pytest.raises(EndpointDown, match="refused"):
            fetch(own(f"http://127.0.0.1:{held.getsockname()[1]}/"), SMALL)


# ---- redirects ------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("place", [
    "http://169.254.169.254/latest/meta-data/", "http://[::ffff:169.254.169.254]/", "http://127.0.0.1:1/x",
    "http://10.0.0.1/", "http://0x7f.1/", "file:///etc/passwd", "//169.254.169.254/", "x", "http://user@8.8.8.8/",
    "gopher://127.0.0.1:6379/_FLUSHALL", "http://168.63.129.16/", "http://metadata.google.internal./",
])  # fmt: skip
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_judged_as_a_first_address_is(server: ModelServer, place: str, status: int) -> None:
    server.plays = [says(status, b"", Location=place)]
    with pytest.raises(AddressRefused):
        fetch(own(server.base), SMALL)
    assert len(server.paths) == 1


def test_what_was_allowed_by_name_holds_for_that_server_alone(server: ModelServer) -> None:
    with model_server() as other:
        server.plays = [says(302, b"", Location=other.base)]
        with pytest.raises(AddressRefused, match="private network"):
            fetch(own(server.base), SMALL)
        assert other.paths == []


def test_a_redirect_on_the_same_server_is_followed_and_at_most_three(server: ModelServer) -> None:
    server.plays = [says(302, b"", Location="/v1/b"), says(301, b"", Location=f"{server.base}/c")]
    assert fetch(own(server.base, secret="Bearer s"), SMALL).status == 200
    assert server.paths == ["/v1", "/v1/b", "/v1/c"]
    assert server.headers[2]["authorization"] == "Bearer s"
    server.plays = [says(302, b"", Location="/again")] * 9
    with pytest.raises(EndpointDown, match="more than 3 times"):
        fetch(own(server.base), SMALL)
    assert len(server.paths) == 3 + 4


def test_a_secret_and_a_text_stay_with_the_host_they_were_meant_for(server: ModelServer) -> None:
    def dial(_address: tuple[str, int], timeout: float) -> socket.socket:
        return socket.create_connection(("127.0.0.1", server.port), timeout)

    def go(**more: Any) -> Answer:
        ask = Ask("http://one.example/", secret="Bearer s", **more)
        return fetch(ask, SMALL, resolve=lambda *_: ["8.8.8.8"], dial=dial)

    server.plays = [says(307, b"", Location="http://two.example/")]
    assert go().status == 200
    assert [("authorization" in one, one["host"]) for one in server.headers] == [
        (True, "one.example"),
        (False, "two.example"),
    ]
    for status, place in ((307, "http://two.example/"), (302, "/x"), (303, "/x")):
        server.plays = [says(status, b"", Location=place)]
        with pytest.raises(AddressRefused, match="redirects what was sent"):
            go(method="POST", body=b"{}")
    server.plays = [says(308, b"", Location="/x")]
    assert go(method="POST", body=b'{"kept":1}').status == 200
    assert server.bodies[-1] == {"kept": 1}


def test_never_from_https_down_to_http() -> None:
    from tawsim.labellers.opener import _moved

    with pytest.raises(AddressRefused, match="from https to http"):
        _moved(Ask("https://m.example/"), read_url("https://m.example/"), 302, "http://m.example/")
    up, target = _moved(Ask("http://m.example/", secret="s"), read_url("http://m.example/"), 302, "https://m.example/")
    assert (up.secret, target.scheme) == ("", "https")


# ---- bounds ---------------------------------------------------------------------------------------------------------
def test_a_giant_answer_ends_at_the_limit(server: ModelServer) -> None:
    def endless(handler: Any) -> None:
        handler.send_response(200)
        handler.end_headers()
        for _ in range(10_000):
            handler.wfile.write(b"x" * 65_536)

    server.plays = [endless, says(200, b"x" * 100_001), says(200, b"x", Content_Length="99999999999999")]
    for _ in range(3):
        with pytest.raises(EndpointDown, match="longer than 100,000 bytes"):
            fetch(own(server.base), SMALL)
    server.plays = [says(200, b"x" * 50, Content_Length="51"), says(200, b"x" * 99_000)]
    with pytest.raises(EndpointDown, match="breaks off"):  # less came than was said
        fetch(own(server.base), SMALL)
    assert len(fetch(own(server.base), SMALL).body) == 99_000


def test_endless_headers_end_too(server: ModelServer) -> None:
    def endless(handler: Any) -> None:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\n")
        for i in range(100_000):
            handler.wfile.write(b"X-%d: %s\r\n" % (i, b"y" * 1000))

    def hundreds(handler: Any) -> None:
        while True:  # until nobody listens any more
            handler.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n" * 100)

    server.plays = [endless, hundreds]
    with pytest.raises(EndpointDown):
        fetch(own(server.base), SMALL)
    with pytest.raises(EndpointDown, match="longer than"):
        fetch(own(server.base), SMALL)


@pytest.mark.parametrize("coding", ["gzip", "deflate", "x-gzip"])
def test_a_bomb_is_met_at_the_limit(server: ModelServer, coding: str) -> None:
    plain = b"\0" * 50_000_000
    packed = zlib.compress(plain, 9) if coding == "deflate" else gzip.compress(plain, 9)
    assert len(packed) < 60_000
    server.plays = [says(200, packed, Content_Encoding=coding)]
    tracemalloc.start()
    try:
        with pytest.raises(EndpointDown, match="longer than"):
            fetch(own(server.base), SMALL)
        assert tracemalloc.get_traced_memory()[1] < 5_000_000
    finally:
        tracemalloc.stop()
    small = zlib.compress(b"hello") if coding == "deflate" else gzip.compress(b"hello")
    server.plays = [says(200, small, Content_Encoding=coding), says(200, small[:-5], Content_Encoding=coding)]
    assert fetch(own(server.base), SMALL).body == b"hello"
    with pytest.raises(EndpointDown, match="breaks off"):
        fetch(own(server.base), SMALL)


@pytest.mark.parametrize("play", [
    says(200, b"x", Content_Encoding="br"), says(200, b"x", Content_Encoding="gzip, gzip"),
    says(200, b"no gzip", Content_Encoding="gzip"), lambda h: h.wfile.write(b"nonsense\r\n\r\n"),
    lambda h: h.wfile.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"),
    lambda h: h.wfile.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfffff\r\nx"),
    lambda h: h.wfile.write(b""), lambda h: h.wfile.write(b"\x16\x03\x01\x02\x00"),
    lambda h: h.wfile.write(b"HTTP/1.1 200 OK\r\n" + b"X" * 70_000),
])  # fmt: skip
def test_what_is_not_http_is_named_and_ends(server: ModelServer, play: Any) -> None:
    server.plays = [play]
    with pytest.raises(EndpointDown):
        fetch(own(server.base), SMALL)


def test_silence_and_a_trickle_end(server: ModelServer) -> None:
    def silence(_handler: Any) -> None:
        time.sleep(3)

    def trickle(handler: Any) -> None:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\n")
        for _ in range(100):
            handler.wfile.write(b"X")
            handler.wfile.flush()
            time.sleep(0.05)

    def late(handler: Any) -> None:
        time.sleep(1)
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

    server.plays = [silence, trickle, late]
    with pytest.raises(EndpointDown, match="took too long"):
        fetch(own(server.base), Limits(silence_s=0.2))
    with pytest.raises(EndpointDown, match="took too long"):
        fetch(own(server.base), Limits(silence_s=10, total_s=0.4))
    with pytest.raises(EndpointDown, match="took too long"):  # in one piece, but after the end of the whole
        fetch(own(server.base), Limits(silence_s=10, total_s=0.4))


def test_a_header_cannot_be_smuggled_in(server: ModelServer) -> None:
    with pytest.raises(EndpointDown):
        fetch(own(server.base, secret="Bearer x\r\nX-Evil: 1"), SMALL)
    assert server.paths == []


# ---- the house ------------------------------------------------------------------------------------------------------
NETWORK = {"socket", "ssl", "http.client", "http", "urllib.request", "urllib3", "httpx", "httpx2", "requests", "aiohttp",
           "ftplib", "smtplib", "imaplib", "poplib", "xmlrpc", "socketserver", "telnetlib", "nntplib"}  # fmt: skip
# What each of these is for. Only the first opens a connection to an address that a user named on the server's side.
MAY = {
    "labellers/opener.py": {"socket", "ssl", "http.client"},
    "labellers/mailing.py": {"smtplib", "ssl"},  # to the mail server that the machine's owner named in the environment
    "sdk/client.py": {"httpx2"},  # a Python user's own client, to the server that they name
    "server/run.py": {"socket"},  # listens
    "loop/checking.py": {"socket"},  # asks whether a port is free
}
OPENING = {"create_connection", "open_connection", "urlopen", "connect_ex", "getaddrinfo", "gethostbyname",
           "create_datagram_endpoint", "open_unix_connection", "sock_connect"}  # fmt: skip


def test_nothing_else_opens_a_connection() -> None:
    modules = sorted(path for path in SOURCE.rglob("*.py") if "static" not in path.parts)
    assert len(modules) > 100
    seen = set()
    for path in modules:
        name = path.relative_to(SOURCE).as_posix()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            imported: list[str] = []
            if isinstance(node, ast.Import):
                imported = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.module:
                imported = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
            found = {one for one in imported if one in NETWORK or one.split(".")[0] in NETWORK - {"http"}}
            assert {
                one for one in found if one.split(".")[0] not in {m.split(".")[0] for m in MAY.get(name, set())}
            } == set(), name
            seen |= {name} if found else set()
            if isinstance(node, ast.Attribute) and node.attr in OPENING:
                assert name == "labellers/opener.py", f"{name}: {node.attr}"
    assert seen == set(MAY)  # the search itself finds something, and no leave is left over


@pytest.mark.parametrize(
    ("start", "place", "kept"),
    [
        ("http://one.example/", "https://one.example/", True),
        ("https://one.example/", "https://one.example/there", True),
        ("https://one.example/", "https://one.example:8443/", False),
        ("http://one.example:8080/", "https://one.example/", False),
        ("https://one.example/", "https://two.example/", False),
    ],
)
def test_headers_that_may_hold_a_key_go_to_no_other_server(start: str, place: str, kept: bool) -> None:
    from tawsim.labellers.opener import _moved

    ask = Ask(start, headers={"Content-Type": "application/json", "scale-callback-auth": "k"})
    moved, _ = _moved(ask, read_url(start), 308, place)
    assert moved.headers["Content-Type"] == "application/json"
    assert ("scale-callback-auth" in moved.headers) is kept
