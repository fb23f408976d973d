"""Single sign-on against an issuer of our own on the loopback: what it must say, and what does not let anybody in."""

import base64
import hashlib
import json
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from tests.api.test_team_sign_in import session_of

from tawsim.core.errors import BadInput
from tawsim.server import sign_on as server_sign_on
from tawsim.workspaces import challenges, sign_on
from tawsim.workspaces.accounts import Identity
from tawsim.workspaces.workspace import add_worker

CLIENT, SECRET = "tawsim-test", "s3cret:/?"


@dataclass
class Issuer:
    """Signs what the test wants said."""

    key: Any = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    signs_with: Any = None
    algorithm: str = "ES256"
    claims: dict[str, Any] = field(default_factory=dict)
    asked: dict[str, str] = field(default_factory=dict)
    forms: list[dict[str, str]] = field(default_factory=list)
    named: str = ""
    url: str = ""

    def discovery(self) -> dict[str, Any]:
        ends = {"authorization_endpoint": "/authorize", "token_endpoint": "/token", "jwks_uri": "/keys"}
        return {"issuer": self.named or self.url} | {name: self.url + path for name, path in ends.items()}

    def keys(self) -> dict[str, Any]:
        public = json.loads(jwt.algorithms.ECAlgorithm.to_jwk(self.key.public_key()))
        return {"keys": [public | {"kid": "1", "use": "sig", "alg": "ES256"}]}

    def token(self, form: dict[str, str], header: str) -> tuple[int, dict[str, Any]]:
        self.forms.append(form)
        pair = base64.b64encode(f"{CLIENT}:s3cret%3A%2F%3F".encode()).decode()
        challenge = (
            base64.urlsafe_b64encode(hashlib.sha256(form["code_verifier"].encode()).digest()).rstrip(b"=").decode()
        )
        if header != f"Basic {pair}" or challenge != self.asked["code_challenge"] or form["code"] != "the code":
            return 400, {"error": "invalid_grant"}
        now = int(time.time())
        said = {
            "iss": self.url, "aud": CLIENT, "sub": "user-1", "iat": now, "exp": now + 300, "nonce": self.asked["nonce"],
            "email": "Layla@Example.org", "email_verified": True,
        } | self.claims  # fmt: skip
        said = {name: value for name, value in said.items() if value is not None}
        key = None if self.algorithm == "none" else self.signs_with or self.key
        signed = jwt.encode(said, key, algorithm=self.algorithm, headers={"kid": "1"})
        return 200, {"id_token": signed, "access_token": "x", "token_type": "Bearer"}


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    made = Issuer()

    class Handler(BaseHTTPRequestHandler):
        def answer(self, status: int, said: Any) -> None:
            body = json.dumps(said).encode()
            self.send_response(status)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_GET(self) -> None:
            self.answer(200, made.keys() if self.path == "/keys" else made.discovery())

        def do_POST(self) -> None:
            form = parse_qs(self.rfile.read(int(self.headers["content-length"])).decode())
            self.answer(
                *made.token({name: one[0] for name, one in form.items()}, self.headers.get("authorization", ""))
            )

        def log_message(self, *_: Any) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    made.url = f"http://127.0.0.1:{server.server_port}"
    yield made
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def ready(world: Any, issuer: Issuer, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The workspace asks that issuer, and Layla's e-mail is linked to her."""
    monkeypatch.setenv("TAWSIM_TEST_OIDC", SECRET)
    made = sign_on.read_sign_on("Example ID", issuer.url, CLIENT, "TAWSIM_TEST_OIDC", "http://127.0.0.1:7373", True)
    world.state.accounts.write(lambda tx: sign_on.set_sign_on(tx, world.workspace.id, made))
    owner = session_of(world, world.workspace.owner_id)
    link = {"email": "layla@example.org"}
    answer = world.client.put(f"/api/v1/workers/{world.layla_id}/sign-on", json=link, headers=owner)
    assert answer.json() == link
    return world


def begin(world: Any, issuer: Issuer) -> str:
    answer = world.client.post("/api/v1/sessions/sign-on/begin", json={})
    assert answer.status_code == 200, answer.text
    found = urlsplit(answer.json()["url"])
    assert f"{found.scheme}://{found.netloc}{found.path}" == issuer.url + "/authorize"
    issuer.asked = {name: one[0] for name, one in parse_qs(found.query).items()}
    return issuer.asked["state"]


def finish(world: Any, state: str, code: str = "the code") -> Any:
    headers = {"tawsim-client": "web"}
    return world.client.post("/api/v1/sessions/sign-on", json={"code": code, "state": state}, headers=headers)


def test_whom_an_owner_let_in_enters_by_the_issuers_word(ready: Any, issuer: Issuer) -> None:
    assert ready.client.get("/api/v1/sign-in").json() == {"workspace": False, "sign_on": "Example ID"}
    state = begin(ready, issuer)
    assert issuer.asked["code_challenge_method"] == "S256"
    assert issuer.asked["redirect_uri"] == "http://127.0.0.1:7373/enter"
    assert issuer.asked["response_type"] == "code"
    answer = finish(ready, state)
    assert (answer.status_code, answer.json()["worker"]["id"]) == (200, ready.layla_id)
    assert ready.client.get("/api/v1/session").json()["worker"]["name"] == "ليلى"
    ready.client.cookies.clear()
    assert finish(ready, state).status_code == 401  # an answer counts once


@pytest.mark.parametrize(
    "claims",
    [
        {"email": "omar@example.org"}, {"email_verified": False}, {"email_verified": "true"}, {"email": None},
        {"nonce": "another"},
        {"nonce": None}, {"aud": "another client"}, {"aud": [CLIENT, "b"]}, {"aud": [CLIENT, "b"], "azp": "b"}, {"azp": "b"},
        {"iss": "https://id.example.org"}, {"exp": 1}, {"iat": None}, {"sub": None}, {"exp": None},
        {"email": ["layla@example.org"]},
        {"iat": 2**40}, {"nbf": 2**40},
    ],
    ids=str,
)  # fmt: skip
def test_a_word_that_does_not_hold_lets_nobody_in(ready: Any, issuer: Issuer, claims: dict[str, Any]) -> None:
    issuer.claims = claims
    answer = finish(ready, begin(ready, issuer))
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "TW-SIGN-IN"), answer.text
    assert ready.client.get("/api/v1/session").status_code == 401


def test_another_key_or_a_shared_secret_signs_nothing(ready: Any, issuer: Issuer) -> None:
    issuer.signs_with = ec.generate_private_key(ec.SECP256R1())
    assert finish(ready, begin(ready, issuer)).status_code == 401
    issuer.signs_with, issuer.algorithm = "a shared secret of thirty-two bytes", "HS256"
    assert finish(ready, begin(ready, issuer)).status_code == 401
    issuer.algorithm = "none"
    assert finish(ready, begin(ready, issuer)).status_code == 401


def test_the_way_back_belongs_to_the_browser_that_began(ready: Any, issuer: Issuer, clock: Any) -> None:
    state = begin(ready, issuer)
    cookies = dict(ready.client.cookies)
    ready.client.cookies.clear()
    assert finish(ready, state).status_code == 401  # another browser brings it
    ready.client.cookies.update(cookies)
    assert finish(ready, "another state").status_code == 401
    assert finish(ready, state, "a wrong code").status_code == 401
    late = begin(ready, issuer)
    clock.advance(601)
    assert finish(ready, late).status_code == 401
    assert ready.client.get("/api/v1/session").status_code == 401


def test_an_address_that_goes_to_somebody_else_later_does_not_enter(ready: Any, issuer: Issuer) -> None:
    assert finish(ready, begin(ready, issuer)).status_code == 200
    ready.client.cookies.clear()
    issuer.claims = {"sub": "user-2"}
    assert finish(ready, begin(ready, issuer)).status_code == 401
    issuer.claims = {}
    assert finish(ready, begin(ready, issuer)).status_code == 200


def test_an_issuer_that_is_another_or_away_is_a_clear_error(
    ready: Any, issuer: Issuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    issuer.named = "https://evil.example.org"
    assert ready.client.post("/api/v1/sessions/sign-on/begin", json={}).status_code == 502
    issuer.named = ""
    state = begin(ready, issuer)
    monkeypatch.delenv("TAWSIM_TEST_OIDC")
    answer = finish(ready, state)
    assert (answer.status_code, "TAWSIM_TEST_OIDC" in answer.text) == (502, True)


def test_one_address_is_one_persons_and_a_deactivated_one_stays_out(ready: Any, issuer: Issuer) -> None:
    owner = session_of(ready, ready.workspace.owner_id)
    path = f"/api/v1/workers/{ready.omar_id}/sign-on"
    assert ready.client.put(path, json={"email": "LAYLA@example.org"}, headers=owner).status_code == 409
    assert ready.client.put(path, json={"email": "no address"}, headers=owner).status_code == 400
    assert ready.client.put(path, json={"email": "o@e.org"}, headers=ready.owner).status_code == 403  # by a token
    manager = ready.workspace.db.write(lambda tx: add_worker(tx, ready.workspace.owner_id, "m", "M", role="manager"))
    assert ready.client.put(path, json={"email": "o@e.org"}, headers=session_of(ready, manager.id)).status_code == 403
    assert ready.post(f"/workers/{ready.layla_id}/deactivate").status_code == 200
    assert finish(ready, begin(ready, issuer)).status_code == 401
    with ready.state.accounts.read() as tx:
        assert sign_on.emails_let_in(tx, ready.workspace.id) == {ready.layla_id: "layla@example.org"}
    assert Identity(ready.workspace.id, ready.layla_id)


def test_without_a_set_up_there_is_nothing(world: Any) -> None:
    assert world.client.get("/api/v1/sign-in").json() == {"workspace": False, "sign_on": None}
    assert world.client.post("/api/v1/sessions/sign-on/begin", json={}).status_code == 404


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""), ("name", "x" * 61), ("issuer", "id.example.org"), ("issuer", "ftp://id.example.org"),
        ("issuer", "http://id.example.org"),
        ("issuer", "https://u:p@id.example.org"), ("issuer", "https://id.example.org?x=1"), ("issuer", "https://[::1"),
        ("client_id", ""),
        ("secret_env", "the secret itself!"), ("address", "https://label.example.org/path"), ("address", "javascript:alert(1)"),
    ],
)  # fmt: skip
def test_a_set_up_that_cannot_be_is_refused_by_field(field: str, value: str) -> None:
    good = {
        "name": "ID",
        "issuer": "https://id.example.org",
        "client_id": "c",
        "secret_env": "V",
        "address": "https://label.example.org",
    }
    assert sign_on.read_sign_on(**good, allow_private=False).issuer == "https://id.example.org"
    with pytest.raises(BadInput, match=field):
        sign_on.read_sign_on(**(good | {field: value}), allow_private=False)


@pytest.mark.parametrize(
    "answer",
    [
        {}, {"response": None}, {"response": {"clientDataJSON": 7}}, {"response": {"clientDataJSON": "e30"}},
        {"id": "x", "rawId": "x", "type": "public-key", "response": {"clientDataJSON": "!!!"}},
    ],
    ids=str,
)  # fmt: skip
def test_what_is_no_passkey_is_refused(world: Any, answer: Any) -> None:
    refused = world.client.post("/api/v1/sessions/passkey", json={"answer": answer})
    assert (refused.status_code, refused.json()["error"]["code"]) == (401, "TW-SIGN-IN")
    session = session_of(world, world.omar_id)
    made = world.post("/account/passkeys", {"answer": answer, "name": "x"}, session)
    assert (made.status_code, made.json()["error"]["code"]) == (400, "TW-INPUT")


def test_a_passkeys_challenge_counts_once_and_for_whom_it_was_made(world: Any) -> None:
    omar, layla = session_of(world, world.omar_id), session_of(world, world.layla_id)
    begun = world.post("/account/passkeys/begin", {}, omar).json()["options"]["publicKey"]
    assert begun["rp"]["id"] == "127.0.0.1"
    assert begun["authenticatorSelection"]["userVerification"] == "required"
    said = {"type": "webauthn.create", "challenge": begun["challenge"], "origin": "http://127.0.0.1:7373"}
    packed = base64.urlsafe_b64encode(json.dumps(said).encode()).rstrip(b"=").decode()
    answer = {
        "id": "eA",
        "rawId": "eA",
        "type": "public-key",
        "response": {"clientDataJSON": packed, "attestationObject": "oA"},
    }
    stolen = world.post("/account/passkeys", {"answer": answer, "name": "x"}, layla)
    assert stolen.status_code == 400
    broken = world.post("/account/passkeys", {"answer": answer, "name": "x"}, omar)
    assert broken.status_code == 400
    assert world.get("/account", omar).json()["passkeys"] == []
    assert "email" not in json.dumps(world.client.post("/api/v1/sessions/passkey/begin").json())


def test_a_flood_of_beginnings_shuts_nobody_out(world: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever reaches the port may begin. Beyond the bound the oldest of that kind make room, and no other kind's."""
    monkeypatch.setattr(challenges, "MOST_WAITING", 20)
    monkeypatch.setattr(challenges, "ROOM", 5)
    omar = session_of(world, world.omar_id)
    assert world.post("/account/passkeys/begin", {}, omar).status_code == 200
    told = [world.client.post("/api/v1/sessions/passkey/begin").status_code for _ in range(50)]
    assert told == [200] * 50
    waiting = {}
    with world.state.accounts.read() as tx:
        for kind in ("passkey", "passkey_new"):
            row = tx.one("challenge_count", kind=kind)
            assert row is not None
            waiting[kind] = row["n"]
    assert waiting["passkey_new"] == 1
    assert 15 < waiting["passkey"] <= 20

    def latest_stays(tx: Any) -> Any:
        challenges.keep(tx, "passkey", "victim", {"a": 1}, 300_000_000)
        for n in range(14):
            challenges.keep(tx, "passkey", f"flood {n}", {}, 300_000_000)
        return challenges.take(tx, "passkey", "victim")

    assert world.state.accounts.write(latest_stays) == {"a": 1}


def test_a_slow_issuer_takes_threads_of_its_own_and_not_everybodys(
    ready: Any, issuer: Issuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Anybody may begin a sign-in, and each waits for the issuer: never in the threads that answer everything else."""
    names: list[str] = []
    real = server_sign_on.discover

    def discover(*given: Any) -> Any:
        names.append(threading.current_thread().name.partition("_")[0])
        return real(*given)

    monkeypatch.setattr(server_sign_on, "discover", discover)
    assert finish(ready, begin(ready, issuer)).status_code == 200
    assert names == ["sign-on"] * 2
