"""What was taken away leaves no heir: nothing that ended a moment ago, or while a request was under way, makes something that
lasts. What another process ended is remembered here for a moment, and trying or hashing a password takes a while: both are
long enough."""

from collections.abc import Callable
from typing import Any

import pytest
from tests.api.test_team_sign_in import GOOD, session_of

from tawsim.core.ids import new_id
from tawsim.server.remembering import Basis
from tawsim.store import database
from tawsim.workspaces import accounts, passkeys, passwords, sign_on
from tawsim.workspaces.accounts import Identity

ANOTHER = "another long enough one"


def reset_of(world: Any, worker_id: str) -> None:
    """As it is done at the terminal."""
    identity = Identity(world.workspace.id, worker_id)
    world.state.accounts.write(lambda tx: accounts.reset(tx, identity))


def standing_of(world: Any, worker_id: str) -> int:
    identity = Identity(world.workspace.id, worker_id)
    with world.state.accounts.read() as tx:
        return len(accounts.sessions(tx, identity)) + len(accounts.tokens(tx, identity))


@pytest.fixture
def layla(world: Any) -> dict[str, str]:
    """A session of Layla's, who has a password."""
    session = session_of(world, world.layla_id)
    assert world.post("/account/password", {"password": GOOD}, session).json() == {"ended": 0}
    return session


def when_tried(world: Any, monkeypatch: pytest.MonkeyPatch, name: str, happens: Callable[[], None]) -> None:
    """Let something happen while a password is being tried or hashed."""
    real = getattr(passwords, name)

    def slow(*given: Any) -> Any:
        done = real(*given)
        happens()
        return done

    monkeypatch.setattr(passwords, name, slow)


def enter(world: Any) -> Any:
    answer = world.client.post("/api/v1/sessions/password", json={"name": "ليلى", "password": GOOD})
    world.client.cookies.clear()
    return answer


def test_a_password_that_was_reset_while_it_was_tried_lets_nobody_in(
    world: Any, layla: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    when_tried(world, monkeypatch, "matches", lambda: reset_of(world, world.layla_id))
    answer = enter(world)
    assert (answer.status_code, "set-cookie" in answer.headers) == (401, False)
    assert standing_of(world, world.layla_id) == 0


def test_a_password_that_was_changed_while_it_was_tried_lets_nobody_in(
    world: Any, layla: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    identity, new = Identity(world.workspace.id, world.layla_id), passwords.hashed(ANOTHER)
    before = standing_of(world, world.layla_id)
    when_tried(
        world, monkeypatch, "matches", lambda: world.state.accounts.write(lambda tx: passwords.keep(tx, identity, new))
    )
    assert enter(world).status_code == 401
    assert standing_of(world, world.layla_id) == before


def test_a_reset_while_a_password_is_hashed_leaves_no_password(world: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    session = session_of(world, world.layla_id)
    when_tried(world, monkeypatch, "hashed", lambda: reset_of(world, world.layla_id))
    assert world.post("/account/password", {"password": GOOD}, session).status_code == 401
    with world.state.accounts.read() as tx:
        assert passwords.stored_hash(tx, Identity(world.workspace.id, world.layla_id)) is None


def test_of_two_who_change_a_password_at_once_the_later_one_is_told(
    world: Any, layla: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    identity, new = Identity(world.workspace.id, world.layla_id), passwords.hashed(ANOTHER)
    when_tried(
        world, monkeypatch, "hashed", lambda: world.state.accounts.write(lambda tx: passwords.keep(tx, identity, new))
    )
    late = world.post("/account/password", {"password": "a third one, long enough", "current": GOOD}, layla)
    assert late.status_code == 409
    with world.state.accounts.read() as tx:
        assert passwords.stored_hash(tx, identity) == new


@pytest.mark.parametrize("way", ["passkey", "sign-on"])
def test_a_reset_between_the_proof_and_the_session_lets_nobody_in(
    world: Any, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Proof and session are one transaction: whatever ends a worker's credentials comes before both or after both."""
    identity = Identity(world.workspace.id, world.layla_id)
    monkeypatch.setattr(passkeys, "finish", lambda tx, host, answer: identity)
    monkeypatch.setattr(sign_on, "who_it_is", lambda tx, workspace_id, issuer, claims: identity)
    monkeypatch.setattr(sign_on, "take", lambda tx, state, binder: sign_on.Asked(identity.workspace_id, "v", "n"))
    monkeypatch.setattr("tawsim.server.sign_on.redeem", lambda found, asked, code: {})
    set_up = sign_on.read_sign_on("ID", "https://id.example.org", "c", "", "https://l.example.org", False)
    world.state.accounts.write(lambda tx: sign_on.set_sign_on(tx, identity.workspace_id, set_up))
    real, proofs = world.state.accounts.write_async, 1 if way == "passkey" else 2

    async def write_async(work: Any) -> Any:
        nonlocal proofs
        done = await real(work)
        proofs -= 1
        if proofs == 0:
            reset_of(world, world.layla_id)
        return done

    monkeypatch.setattr(world.state.accounts, "write_async", write_async)
    body = {"answer": {}} if way == "passkey" else {"code": "c", "state": "s"}
    answer = world.client.post(f"/api/v1/sessions/{way}", json=body)
    assert (answer.status_code, "set-cookie" in answer.headers) == (401, False)
    assert standing_of(world, world.layla_id) == 0


def remembered(world: Any, worker_id: str, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """A session that has ended in another process, while the server still remembers it."""
    monkeypatch.setattr(database, "TRUSTED_S", float("inf"))
    monkeypatch.setattr(Basis, "stands", lambda _basis: True)
    session = session_of(world, worker_id)
    assert world.get("/session", session).status_code == 200
    reset_of(world, worker_id)
    assert world.get("/session", session).status_code == 200
    return session


def test_a_session_that_ended_makes_no_token_no_passkey_and_no_password(
    world: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = remembered(world, world.layla_id, monkeypatch)
    token = {"name": "heir", "scopes": ["label"], "days": 300}
    passkey = {"answer": {"response": {}}, "name": "heir"}
    for path, body in (("tokens", token), ("passkeys", passkey), ("password", {"password": GOOD})):
        assert world.post(f"/account/{path}", body, session).status_code == 401, path
    assert standing_of(world, world.layla_id) == 0
    with world.state.accounts.read() as tx:
        assert accounts.ways_in(tx, world.workspace.id) == {}


def test_an_owners_session_that_ended_makes_no_key_no_link_and_links_no_mail(
    world: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    layla = f"/workers/{world.layla_id}"
    for method, path, body in (
        ("POST", "/scale/keys", {"mode": "live", "name": "heir"}),
        ("POST", "/workers", {"key": new_id(1), "name": "ليلى"}),
        ("POST", f"{layla}/link", {}),
        ("PUT", f"{layla}/role", {"role": "manager"}),
        ("PUT", f"{layla}/sign-on", {"email": "i@x.org"}),
    ):
        session = remembered(world, world.workspace.owner_id, monkeypatch)
        told = world.client.request(method, f"/api/v1{path}", json=body, headers=session)
        assert told.status_code == 401, path
    with world.state.accounts.read() as tx:
        assert accounts.invited_workers(tx, world.workspace.id) == {world.workspace.owner_id}  # by the reset itself
        assert sign_on.emails_let_in(tx, world.workspace.id) == {}
        assert accounts.tokens(tx, Identity(world.workspace.id, world.workspace.owner_id)) == []
