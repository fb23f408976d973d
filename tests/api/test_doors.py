"""The outer door: host names, other web sites, cookies, one-time links, sizes and headers."""

from typing import Any

import pytest

from tawsim.server.permissions import MB
from tawsim.server.run import host_names
from tawsim.workspaces import accounts
from tawsim.workspaces.accounts import Identity


def launch(world: Any) -> str:
    identity = Identity(world.workspace.id, world.workspace.owner_id)
    return world.state.accounts.write(lambda tx: accounts.issue(tx, "launch", identity))


def test_a_foreign_host_name_reaches_nothing(world: Any) -> None:
    for host in ("evil.example", "evil.example:7373", "127.0.0.1", "127.0.0.1:80", ""):
        answer = world.client.get("/api/v1/health", headers={"host": host})
        assert answer.status_code == 403, host
        assert answer.json()["error"]["code"] == "TW-NOT-ALLOWED"


def test_a_link_opens_once_and_the_cookie_is_closed_to_scripts_and_other_sites(world: Any) -> None:
    secret = launch(world)
    first = world.client.post("/api/v1/sessions", json={"token": secret})
    assert first.status_code == 200
    assert first.json()["worker"]["role"] == "owner"
    cookie = first.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert world.client.get("/api/v1/session").status_code == 200
    world.client.cookies.clear()
    again = world.client.post("/api/v1/sessions", json={"token": secret})
    assert again.status_code == 401
    assert again.json()["error"]["code"] == "TW-SIGN-IN"


def test_a_link_expires(world: Any, clock: Any) -> None:
    secret = launch(world)
    clock.advance(accounts.LIFETIMES["launch"] / 1_000_000)
    assert world.client.post("/api/v1/sessions", json={"token": secret}).status_code == 401


def test_a_session_or_token_is_no_link_and_a_link_is_no_session(world: Any) -> None:
    token = world.owner["authorization"].split()[1]
    assert world.client.post("/api/v1/sessions", json={"token": token}).status_code == 401
    assert world.get("/session", {"authorization": f"Bearer {launch(world)}"}).status_code == 401


def test_a_write_that_rides_on_the_cookie_needs_our_own_page(world: Any) -> None:
    world.client.post("/api/v1/sessions", json={"token": launch(world)})
    path = f"/api/v1/projects/{world.project['id']}/next"
    ours = {"tawsim-client": "web"}
    assert world.client.post(path, json={"count": 1}, headers=ours).status_code == 200
    assert world.client.post(path, json={"count": 1}).status_code == 403
    for foreign in (
        {"origin": "https://evil.example"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
    ):
        assert world.client.post(path, json={"count": 1}, headers=ours | foreign).status_code == 403, foreign
    same = ours | {"origin": "http://127.0.0.1:7373", "sec-fetch-site": "same-origin"}
    assert world.client.post(path, json={"count": 1}, headers=same).status_code == 200


def test_another_site_cannot_sign_somebody_in(world: Any) -> None:
    headers = {"origin": "https://evil.example"}
    assert world.client.post("/api/v1/sessions", json={"token": launch(world)}, headers=headers).status_code == 403


def test_signing_out_ends_the_session_on_the_server(world: Any) -> None:
    world.client.post("/api/v1/sessions", json={"token": launch(world)})
    secret = world.client.cookies["tawsim_7373"]
    assert world.client.delete("/api/v1/session", headers={"tawsim-client": "web"}).status_code == 204
    assert world.get("/session", {"authorization": f"Bearer {secret}"}).status_code == 401


def test_bodies_are_counted_as_they_arrive(world: Any) -> None:
    path = f"/api/v1/projects/{world.project['id']}/next"
    announced = world.client.post(path, content=b" " * (MB + 1), headers=world.owner)
    assert announced.status_code == 413

    def dripping() -> Any:
        for _ in range(MB // 65536 + 2):
            yield b" " * 65536

    silent = world.client.post(path, content=dripping(), headers=world.owner)
    assert silent.status_code == 413
    assert silent.json()["error"]["code"] == "TW-TOO-LARGE"


@pytest.mark.parametrize("path", ["/api/v1/health", "/", "/no/such/thing", "/api/v1/nothing"])
def test_every_answer_carries_the_security_headers(world: Any, path: str) -> None:
    headers = world.client.get(path).headers
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe-inline" not in policy
    assert "unsafe-eval" not in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert "access-control-allow-origin" not in headers


def test_no_secret_is_stored(world: Any, tmp_path: Any) -> None:
    secret = launch(world)
    world.client.post("/api/v1/sessions", json={"token": secret})
    session = world.client.cookies["tawsim_7373"]
    tokens = [secret, session, world.owner["authorization"].split()[1]]
    for file in tmp_path.iterdir():
        stored = file.read_bytes()
        for token in tokens:
            assert token.encode() not in stored, file.name
            assert token.removeprefix("tws_").encode() not in stored, file.name
    accounts_file = tmp_path / accounts.ACCOUNTS_FILE
    assert accounts_file.stat().st_mode & 0o077 == 0
    assert world.workspace.path.stat().st_mode & 0o077 == 0


def test_a_new_invitation_ends_the_unopened_one(world: Any) -> None:
    first = world.post("/workers", {"key": "i1", "name": "Sara"}).json()["link"].split("#")[1]
    second = world.post("/workers", {"key": "i2", "name": "Sara"}).json()["link"].split("#")[1]
    assert world.client.post("/api/v1/sessions", json={"token": first}).status_code == 401
    assert world.client.post("/api/v1/sessions", json={"token": second}).status_code == 200


@pytest.mark.parametrize(
    ("host", "more", "good", "bad"),
    [
        ("127.0.0.1", [], "localhost:7373", "box.local:7373"),
        ("0.0.0.0", ["box.local"], "box.local:7373", "0.0.0.0:7373"),
        ("0.0.0.0", [], "127.0.0.1:7373", "evil.example:7373"),
        ("192.168.1.5", [], "192.168.1.5:7373", "127.0.0.1:7373"),
        ("::1", [], "[::1]:7373", "evil.example:7373"),
    ],
)
def test_the_names_a_server_answers_to(host: str, more: list[str], good: str, bad: str) -> None:
    names = host_names(host, 7373, more)
    assert good in names
    assert bad not in names


def test_a_wrong_address_shows_a_person_a_page_and_tells_a_program(world: Any) -> None:
    person = {"accept": "text/html,application/xhtml+xml"}
    for path in ("/nowhere", "/label/p/t/more", "/tasks"):
        shown = world.client.get(path, headers=person)
        assert shown.status_code == 404, path
        assert shown.headers["content-type"].startswith("text/html"), path
        assert shown.text == world.client.get("/", headers=person).text, path
        assert world.client.get(path).json()["error"]["code"] == "TW-NOT-FOUND", path
    for path in ("/api/v1/nowhere", "/assets/gone.js"):
        assert world.client.get(path, headers=person).json()["error"]["code"] == "TW-NOT-FOUND", path
