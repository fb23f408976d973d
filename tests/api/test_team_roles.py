"""Roles: who makes whom what, that nobody raises themselves, that an owner is always there; tokens and their scopes."""

import sqlite3
from typing import Any

import pytest
from tests.api.test_team_sign_in import session_of

from tawsim.core.ids import new_id
from tawsim.labelling.queue import sweep
from tawsim.server.permissions import SCOPES
from tawsim.workspaces import accounts
from tawsim.workspaces.accounts import Identity
from tawsim.workspaces.workspace import add_worker

ABSENT = "01970000-0000-7000-8000-000000000000"


def person(world: Any, name: str, role: Any) -> str:
    return world.workspace.db.write(lambda tx: add_worker(tx, world.workspace.owner_id, name, name, role=role)).id


def give(world: Any, worker: str, role: Any, who: Any = None) -> Any:
    return world.client.put(f"/api/v1/workers/{worker}/role", json={"role": role}, headers=who or world.owner)


@pytest.fixture
def boss(world: Any) -> str:
    return session_of(world, world.workspace.owner_id)  # type: ignore[return-value]


def test_an_owner_gives_any_role_and_it_holds_at_once(world: Any, boss: Any) -> None:
    session = session_of(world, world.omar_id)
    assert world.get("/workers", session).status_code == 403
    answer = give(world, world.omar_id, "manager", boss).json()
    assert answer["worker"]["role"] == "manager"
    assert world.get("/session", session).status_code == 401  # a new role begins with a new session
    secret = answer["link"].partition("#")[2]
    assert world.client.post("/api/v1/sessions", json={"token": secret}).json()["worker"]["role"] == "manager"
    world.client.cookies.clear()
    manager = session_of(world, world.omar_id)
    assert world.get("/workers", manager).status_code == 200
    assert give(world, world.omar_id, "labeller", boss).status_code == 200
    assert world.get("/workers", manager).status_code == 401
    with sqlite3.connect(world.workspace.path) as raw:
        assert raw.execute("SELECT COUNT(*) FROM event WHERE kind = 'worker.role'").fetchone() == (2,)


def test_a_manager_makes_labellers_and_reviewers_only(world: Any, boss: Any) -> None:
    give(world, world.omar_id, "manager", boss)
    omar = session_of(world, world.omar_id)
    assert give(world, world.layla_id, "reviewer", omar).status_code == 200
    assert give(world, world.layla_id, "labeller", omar).status_code == 200
    for role in ("manager", "owner"):
        assert give(world, world.layla_id, role, omar).status_code == 403, role
        body = {"key": new_id(1), "name": f"new {role}", "role": role}
        assert world.post("/workers", body, omar).status_code == 403, role
    other = person(world, "Salma", "manager")
    for target in (world.workspace.owner_id, other, world.omar_id):
        assert give(world, target, "labeller", omar).status_code == 403
        assert world.post(f"/workers/{target}/deactivate", {}, omar).status_code == 403
        assert world.post(f"/workers/{target}/link", {}, omar).status_code == 403
        answer = world.client.patch(
            f"/api/v1/workers/{target}", json={"seen_version": 1, "per_hour": 1, "currency": "EUR"}, headers=omar
        )
        assert answer.status_code == 403
    for name in ("Noor", "Salma"):  # a link to somebody above would be their account
        assert world.post("/workers", {"key": new_id(1), "name": name}, omar).status_code == 403
    assert give(world, ABSENT, "labeller", omar).status_code == 404
    project = world.project["id"]
    body = {"seen_version": 1, "state": "removed"}
    assert world.client.patch(f"/api/v1/projects/{project}", json=body, headers=omar).status_code == 403
    paused = world.client.patch(f"/api/v1/projects/{project}", json=body | {"state": "paused"}, headers=omar)
    assert paused.status_code == 200


def test_nobody_changes_their_own_role_and_an_owner_is_always_there(world: Any, boss: Any) -> None:
    me = world.workspace.owner_id
    assert give(world, me, "labeller", boss).status_code == 403
    assert world.post(f"/workers/{me}/deactivate", {}, boss).status_code == 409
    second = person(world, "Huda", "owner")
    assert give(world, me, "manager", session_of(world, second)).status_code == 200
    assert give(world, me, "owner", session_of(world, me)).status_code == 403
    assert world.post(f"/workers/{second}/deactivate", {}, session_of(world, me)).status_code == 403
    assert give(world, second, "labeller", session_of(world, second)).status_code == 403


@pytest.mark.parametrize("role", ["admin", "", None, 7, ["owner"], "Owner"])
def test_a_role_that_is_none_is_refused_by_name(world: Any, boss: Any, role: Any) -> None:
    answer = give(world, world.omar_id, role, boss)
    assert (answer.status_code, "role" in answer.json()["error"]["message"]) == (400, True)


def test_a_role_in_any_other_body_changes_nothing(world: Any, boss: Any) -> None:
    omar = session_of(world, world.omar_id)
    more = {"role": "owner", "active": True, "kind": "person", "worker_id": world.workspace.owner_id}
    link = world.post("/workers", {"key": new_id(1), "name": "Omar"}).json()["link"].partition("#")[2]
    world.client.post("/api/v1/sessions", json={"token": link} | more)
    world.client.cookies.clear()
    for path in ("/account/password", "/account/tokens", f"/projects/{world.project['id']}/next"):
        world.post(path, {"password": "a long enough one", "name": "t", "scopes": ["read"], "count": 1} | more, omar)
    assert (
        world.client.patch("/api/v1/account", json={"seen_version": 1, "role": "owner"}, headers=omar).status_code
        == 400
    )
    path = f"/api/v1/workers/{world.omar_id}"
    assert world.client.patch(path, json={"seen_version": 1, "role": "owner"}, headers=boss).status_code == 400
    known = world.post("/workers", {"key": new_id(1), "name": "Omar", "role": "reviewer"}, boss)
    assert known.status_code == 409
    assert world.get("/session", omar).json()["worker"]["role"] == "labeller"


def test_an_invitation_has_a_role_and_languages(world: Any, boss: Any) -> None:
    body = {"key": "k1", "name": "سلمى", "role": "reviewer", "languages": ["AR-sa"]}
    made = world.post("/workers", body, boss).json()
    assert made["worker"]["role"] == "reviewer"
    member = next(one for one in world.get("/workers", boss).json()["workers"] if one["name"] == "سلمى")
    assert (member["profile"]["languages"], member["invited"], member["mine"]) == (["ar-SA"], True, True)
    bad = world.post("/workers", {"key": "k2", "name": "x", "languages": ["arabic!"]}, boss)
    assert (bad.status_code, "languages" in bad.json()["error"]["message"]) == (400, True)
    assert not any(one["name"] == "x" for one in world.get("/workers", boss).json()["workers"])
    for absurd in ("", "x" * 61, "a\u202eb", "\u0000", "\n"):
        assert world.post("/workers", {"key": new_id(1), "name": absurd}, boss).status_code == 400


def test_two_who_change_a_profile_at_once_lose_nothing(world: Any, boss: Any) -> None:
    path = f"/api/v1/workers/{world.omar_id}"
    assert world.client.patch(path, json={"seen_version": 1, "skills": ["law"]}, headers=boss).json()["version"] == 2
    late = world.client.patch(path, json={"seen_version": 1, "skills": ["medicine"]}, headers=boss)
    assert (late.status_code, late.json()["error"]["details"]) == (409, {"current_version": 2})


def test_a_model_labels_or_reviews_and_manages_nothing(world: Any, boss: Any) -> None:
    model = world.workspace.db.write(lambda tx: add_worker(tx, world.workspace.owner_id, "m", "gpt", kind="model")).id
    assert give(world, model, "reviewer", boss).status_code == 200
    assert give(world, model, "manager", boss).status_code == 400


def test_a_person_let_out_with_a_lease_and_a_session_keeps_answers_and_loses_the_rest(world: Any, boss: Any) -> None:
    layla = session_of(world, world.layla_id)
    assert world.answer(layla).status_code == 200
    lease = world.lease(layla)["lease"]["id"]
    assert world.post(f"/workers/{world.layla_id}/deactivate", {}, boss).status_code == 200
    late = world.post(f"/leases/{lease}/submit", {"key": "k", "answers": {"label": "سلبي"}}, layla)
    assert late.status_code == 401
    with world.workspace.db.read() as tx:
        row = tx.one("lease_get", id=lease)
    assert row is not None
    assert row["state"] == "revoked"
    assert world.get(f"/projects/{world.project['id']}/progress", boss).json()["progress"]["answers"] == 1
    assert world.post("/workers", {"key": new_id(1), "name": "ليلى"}, boss).status_code == 409
    assert world.post(f"/workers/{world.layla_id}/link", {}, boss).status_code == 400


def token(world: Any, worker: str, *scopes: str) -> dict[str, str]:
    answer = world.post("/account/tokens", {"name": "t", "scopes": scopes, "days": 7}, session_of(world, worker))
    assert answer.status_code == 200, answer.text
    return {"authorization": f"Bearer {answer.json()['secret']}"}


def test_a_tokens_scopes_lie_within_the_role(world: Any) -> None:
    omar = session_of(world, world.omar_id)
    assert world.get("/account", omar).json()["scopes"] == ["read", "label"]
    for scopes in (["manage"], ["owner"], ["review"], [], ["read", "x"], ["read", "label", "owner"]):
        answer = world.post("/account/tokens", {"name": "t", "scopes": scopes, "days": 7}, omar)
        assert (answer.status_code, "scopes" in answer.json()["error"]["message"]) == (400, True), scopes
    for field, value in (("days", 0), ("days", 366), ("name", ""), ("name", "x" * 61), ("name", "\n")):
        body = {"name": "t", "scopes": ["read"], "days": 7} | {field: value}
        answer = world.post("/account/tokens", body, omar)
        assert (answer.status_code, field in answer.json()["error"]["message"]) == (400, True), field


def test_a_token_does_what_it_was_made_for_and_no_more(world: Any, clock: Any) -> None:
    reads, labels = token(world, world.omar_id, "read"), token(world, world.omar_id, "label")
    path = f"/projects/{world.project['id']}/next"
    assert world.get("/projects", reads).status_code == 200
    assert world.post(path, {"count": 1}, reads).status_code == 403
    assert world.post(path, {"count": 1}, labels).status_code == 200
    lease = world.lease(labels)["lease"]["id"]
    answer = {"key": "k", "answers": {"label": "سلبي"}}
    assert world.post(f"/leases/{lease}/submit", answer, reads).status_code == 403  # the hot routes too
    assert world.post(f"/leases/{lease}/submit", answer, labels).status_code == 200
    owner = world.workspace.owner_id
    sees, manages = token(world, owner, "read"), token(world, owner, "manage")
    assert world.get("/workers", sees).status_code == 200
    assert world.post("/workers", {"key": "k", "name": "N"}, sees).status_code == 403
    assert world.post("/workers", {"key": "k", "name": "N"}, manages).status_code == 200
    assert world.get(f"/workers/{owner}/tokens", manages).status_code == 403
    clock.advance(7 * 86_400)
    assert world.get("/projects", reads).status_code == 401


def test_no_token_makes_tokens_passwords_or_links_to_those_above(world: Any) -> None:
    everything = token(world, world.workspace.owner_id, "read", *SCOPES.values())
    for who in (everything, world.owner):
        assert world.get("/account", who).status_code == 403
        assert world.post("/account/tokens", {"name": "t", "scopes": ["read"], "days": 1}, who).status_code == 403
        assert world.post("/account/password", {"password": "a long enough one"}, who).status_code == 403
        assert world.post("/account/passkeys/begin", {}, who).status_code == 403
        assert world.post("/workers", {"key": new_id(1), "name": "Noor"}, who).status_code == 403
        assert world.post(f"/workers/{world.workspace.owner_id}/link", {}, who).status_code == 403
        assert give(world, world.omar_id, "manager", who).status_code == 403
    assert world.post(f"/workers/{world.omar_id}/link", {}, everything).status_code == 200


def test_an_owner_sees_and_ends_others_tokens_without_their_secrets(world: Any, boss: Any) -> None:
    theirs = token(world, world.omar_id, "read")
    path = f"/workers/{world.omar_id}/tokens"
    found = world.get(path, boss)
    [mine] = [one for one in found.json()["tokens"] if one["name"] == "t"]
    assert mine["scopes"] == ["read"]
    assert theirs["authorization"][7:] not in found.text
    wrong = world.client.delete(f"/api/v1/workers/{world.layla_id}/tokens/{mine['id']}", headers=boss)
    absent = world.client.delete(f"/api/v1/workers/{world.layla_id}/tokens/{ABSENT}", headers=boss)
    assert (wrong.status_code, wrong.content) == (404, absent.content)
    assert world.client.delete(f"/api/v1{path}/{mine['id']}", headers=boss).status_code == 204
    assert world.get("/projects", theirs).status_code == 401


def test_use_is_noted_to_a_minute(world: Any, clock: Any) -> None:
    me = session_of(world, world.omar_id)
    world.get("/projects", me)
    world.state.uses.write(world.state.accounts)
    world.state.accounts.write(lambda tx: None)  # what was left to be written soon is written before this
    clock.advance(30)
    world.get("/projects", me)
    with world.state.accounts.read() as tx:
        [held] = accounts.sessions(tx, Identity(world.workspace.id, world.omar_id))
    assert held.seen_at == clock.now - 30_000_000


def test_late_work_of_a_person_let_out_is_kept_and_can_still_count(world: Any, boss: Any, clock: Any) -> None:
    layla, omar = session_of(world, world.layla_id), session_of(world, world.omar_id)
    held = world.lease(layla)
    clock.advance(3_600)
    world.workspace.db.write(sweep)
    for who in (omar, boss):
        lease = world.lease(who)
        assert lease["task"]["id"] == held["task"]["id"]
        body = {"key": new_id(1), "answers": {"label": "سلبي"}}
        assert world.post(f"/leases/{lease['lease']['id']}/submit", body, who).status_code == 200
    late = {"key": "late", "answers": {"label": "إيجابي"}}
    lost = world.post(f"/leases/{held['lease']['id']}/submit", late, layla).json()["error"]
    assert lost["code"] == "TW-LEASE-LOST"
    give(world, world.omar_id, "manager", boss)
    omar = session_of(world, world.omar_id)
    assert world.post(f"/workers/{world.layla_id}/deactivate", {}, omar).status_code == 200
    [draft] = world.get("/drafts", omar).json()["drafts"]
    path = f"/api/v1/tasks/{held['task']['id']}"
    assert world.client.patch(path, json={"overlap": 3}, headers=omar).status_code == 200
    assert world.post(f"/drafts/{draft['id']}/adopt", {}, omar).status_code == 200
    assert world.get(f"/projects/{world.project['id']}/progress", omar).json()["progress"]["answers"] == 3


def test_what_one_does_to_ones_account_is_in_the_log_without_secrets(world: Any, boss: Any) -> None:
    made = world.post("/account/tokens", {"name": "nightly", "scopes": ["read"], "days": 1}, boss).json()
    world.post("/account/password", {"password": "a long enough one"}, boss)
    world.client.delete(f"/api/v1/account/tokens/{made['token']['id']}", headers=boss)
    with sqlite3.connect(world.workspace.path) as raw:
        kinds = {row[0] for row in raw.execute("SELECT kind FROM event WHERE kind LIKE 'account.%'")}
        dump = "\n".join(raw.iterdump())
    assert kinds == {"account.token_made", "account.token_ended", "account.password"}
    assert made["secret"] not in dump
    assert "argon2" not in dump
