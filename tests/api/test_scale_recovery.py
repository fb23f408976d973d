"""Scale's client over https, whose own repetition meets a task that stands already: it must find it and return it.

A proxy with a certificate of its own stands before a real server, and answers 503 to creations that were committed.
"""

import ipaddress
import json
import ssl
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import scaleapi
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from scaleapi.exceptions import ScaleDuplicateResource, ScaleServiceUnavailable
from scaleapi.tasks import TaskType
from tests.api.scale_served import Served, served

BODY = {"attachment": "x", "attachment_type": "text", "categories": ["a", "b"]}


def certificate(folder: Path) -> Path:
    """A certificate for 127.0.0.1 that signs itself, with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(x509.random_serial_number()).not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    path = folder / "cert.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    return path


class Front:
    """The proxy: `lose` says how many answers to creations are lost, after they were given or before."""

    def __init__(self, site: Served) -> None:
        self.site = site
        self.lose_after = self.lose_before = 0
        self.asked: list[str] = []

    def answer(self, method: str, path: str, head: dict[str, str], body: bytes) -> tuple[int, bytes]:
        self.asked.append(f"{method} {path}")
        creates = method == "POST" and path.startswith("/v1/task/")
        if creates and self.lose_before:
            self.lose_before -= 1
            return 503, b"{}"
        request = urllib.request.Request(self.site.url + path, body or None, head, method=method)
        try:
            with urllib.request.urlopen(request, timeout=20) as found:
                status, content = found.status, found.read()
        except urllib.error.HTTPError as error:
            status, content = error.code, error.read()
        if creates and self.lose_after:
            self.lose_after -= 1
            return 503, json.dumps({"status_code": 503, "error": "lost"}).encode()
        return status, content


@contextmanager
def front(site: Served, cert: Path) -> Iterator[tuple[Front, str]]:
    """The proxy and its address."""
    behind = Front(site)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def pass_on(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            head = {name: self.headers[name] for name in ("authorization", "content-type") if name in self.headers}
            status, content = behind.answer(self.command, self.path, head, body)
            self.send_response(status)
            self.send_header("content-length", str(len(content)))
            self.send_header("content-type", "application/json")
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_PUT = do_DELETE = pass_on  # noqa: N815

        def log_message(self, *_: Any) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield behind, f"https://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)


def test_a_creation_whose_answer_was_lost_is_found_and_returned(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cert = certificate(tmp_path)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(cert))
    with served(tmp_path / "site") as site, front(site, cert) as (behind, url):
        for mode in ("live", "test"):
            client = scaleapi.ScaleClient(site.key(mode), api_instance_url=url + "/v1")
            behind.asked.clear()
            behind.lose_after = 1
            made = client.create_task(TaskType.Categorization, unique_id="lost", **BODY)
            assert behind.asked == ["POST /v1/task/categorization"] * 2 + ["GET /v1/tasks?unique_id=lost"]
            assert client.tasks(unique_id="lost").docs[0].as_dict() == made.as_dict()
            assert client.tasks().total == 1
            behind.lose_before = 1  # it never came here: the repetition makes it
            assert client.create_task(TaskType.Categorization, unique_id="late", **BODY).unique_id == "late"
            with pytest.raises(ScaleDuplicateResource):
                client.create_task(TaskType.Categorization, unique_id="lost", **BODY)
            assert client.tasks().total == 2


def test_a_server_that_stays_away_is_told_by_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cert = certificate(tmp_path)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(cert))
    monkeypatch.setattr("urllib3.util.retry.Retry.sleep", lambda *_: None)
    with served(tmp_path / "site") as site, front(site, cert) as (behind, url):
        client = scaleapi.ScaleClient(site.key(), api_instance_url=url + "/v1")
        behind.lose_before = 4
        with pytest.raises(ScaleServiceUnavailable):
            client.create_task(TaskType.Categorization, **BODY)
