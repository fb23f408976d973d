"""Coming in by name and password; sessions that end; what an account's owner may change."""

from typing import Any

import pytest

from tawsim.core.ids import new_id
from tawsim.workspaces import accounts, passwords
from tawsim.workspaces.accounts import Identity

GOOD = "correct horse, صحيح battery"


def session_of(world: Any, worker_id: str) -> dict[str, str]:
    identity = Identity(world.workspace.id, worker_id)
    secret = world.state.accounts.write(lambda tx: accounts.begin_session(tx, identity, "link", "Firefox"))
    return {"authorization": f"Bearer {secret}"}


def enter(world: Any, name: str, password: str, **more: str) -> Any:
    answer = world.client.post("/api/v1/sessions/password", json={"name": name, "password": password, **more})
    world.client.cookies.clear()
    return answer


@pytest.fixture
def layla(world: Any) -> dict[str, str]:
    """A session of Layla's, who has a password."""
    session = session_of(world, world.layla_id)
    assert world.post("/account/password", {"password": GOOD}, session).json() == {"ended": 0}
    return session


def test_a_name_and_a_password_make_a_session(world: Any, layla: dict[str, str]) -> None:
    answer = world.client.post("/api/v1/sessions/password", json={"name": " ليلى ", "password": GOOD})
    assert answer.json()["worker"]["id"] == world.layla_id
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    assert world.client.get("/api/v1/session").json()["worker"]["name"] == "ليلى"


def test_wrong_names_and_wrong_passwords_look_the_same_after_the_same_work(
    world: Any, layla: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[str] = []
    real = passwords.matches
    monkeypatch.setattr(passwords, "matches", lambda stored, attempt: tried.append(stored) or real(stored, attempt))
    wrong = [
        enter(world, "ليلى", "not the password"), enter(world, "nobody at all", GOOD), enter(world, "Omar", GOOD),
        enter(world, "", ""), enter(world, "\u202e\x00absurd" * 100, GOOD), enter(world, "ليلى", GOOD, workspace="other"),
    ]  # fmt: skip
    assert [one.status_code for one in wrong] == [401] * 6
    assert len({one.content for one in wrong}) == 1
    assert len(tried) == 6
    assert all(stored.split("$")[3] == "m=65536,t=3,p=4" for stored in tried)


def test_many_wrong_passwords_wait_but_a_link_still_enters(world: Any, layla: dict[str, str], clock: Any) -> None:
    codes = [enter(world, "ليلى", f"wrong {n}").status_code for n in range(7)]
    assert codes == [401] * 5 + [429] * 2
    late = enter(world, "ليلى", GOOD)
    assert late.status_code == 429
    assert int(late.headers["retry-after"]) == 1
    unknown = [enter(world, "nobody", f"wrong {n}").status_code for n in range(7)]
    assert unknown == codes
    link = world.post("/workers", {"key": new_id(1), "name": "ليلى"}).json()["link"]
    assert world.client.post("/api/v1/sessions", json={"token": link.partition("#")[2]}).status_code == 200
    world.client.cookies.clear()
    clock.advance(2)
    assert enter(world, "ليلى", GOOD).status_code == 200
    assert enter(world, "ليلى", "wrong again").status_code == 401  # what came before is forgotten


def test_a_password_is_set_by_a_session_and_changed_by_who_knows_it(world: Any, layla: dict[str, str]) -> None:
    assert world.post("/account/password", {"password": GOOD}, world.layla).status_code == 403  # a token
    again = "another long enough one"
    wrong = world.post("/account/password", {"password": again, "current": "guess"}, layla)
    assert (wrong.status_code, "current" in wrong.text) == (400, True)
    other = session_of(world, world.layla_id)
    assert world.post("/account/password", {"password": again, "current": GOOD}, layla).json() == {"ended": 1}
    assert world.get("/session", other).status_code == 401
    assert world.get("/session", layla).status_code == 200
    assert enter(world, "ليلى", GOOD).status_code == 401
    assert enter(world, "ليلى", again).status_code == 200


def test_a_reset_ends_everything_and_its_link_works_once(world: Any, layla: dict[str, str], clock: Any) -> None:
    link = world.post(f"/workers/{world.layla_id}/link").json()["link"].partition("#")[2]
    assert world.get("/session", layla).status_code == 401
    assert world.get("/session", world.layla).status_code == 401
    assert enter(world, "ليلى", GOOD).status_code == 401
    assert world.client.post("/api/v1/sessions", json={"token": link}).status_code == 200
    world.client.cookies.clear()
    used = world.client.post("/api/v1/sessions", json={"token": link})
    assert (used.status_code, used.json()["error"]["code"]) == (401, "TW-SIGN-IN")
    late = world.post(f"/workers/{world.layla_id}/link").json()["link"].partition("#")[2]
    clock.advance(366 * 86_400)
    expired = world.client.post("/api/v1/sessions", json={"token": late})
    assert (expired.status_code, expired.content) == (401, used.content)


def test_sessions_are_listed_and_ended_one_or_all(world: Any) -> None:
    here, there, third = (session_of(world, world.omar_id) for _ in range(3))
    found = world.get("/account", here).json()
    assert len(found["sessions"]) == 3
    assert found["sessions"][0]["name"] == "Firefox"
    assert found["session"] in {one["id"] for one in found["sessions"]}
    other = world.get("/account", there).json()["session"]
    assert world.client.delete(f"/api/v1/account/sessions/{other}", headers=here).status_code == 204
    assert world.get("/session", there).status_code == 401
    assert world.client.delete("/api/v1/account/sessions", headers=here).json() == {"ended": 1}
    assert world.get("/session", third).status_code == 401
    assert world.get("/session", here).status_code == 200
    foreign = world.get("/account", session_of(world, world.layla_id)).json()["session"]
    absent = world.client.delete(f"/api/v1/account/sessions/{new_id(1)}", headers=here)
    strange = world.client.delete(f"/api/v1/account/sessions/{foreign}", headers=here)
    assert (strange.status_code, strange.content) == (404, absent.content)


def test_another_process_ends_a_session_within_a_second(world: Any, clock: Any) -> None:
    here = session_of(world, world.omar_id)
    assert world.get("/session", here).status_code == 200
    world.state.accounts.write(lambda tx: accounts.revoke_worker(tx, Identity(world.workspace.id, world.omar_id)))
    clock.advance(1)
    assert world.get("/session", here).status_code == 401
    again = session_of(world, world.layla_id)
    assert world.get("/session", again).status_code == 200
    world.state.accounts.write(lambda tx: accounts.revoke_worker(tx, Identity(world.workspace.id, world.layla_id)))
    clock.advance(-3600)  # a clock set back remembers nobody for longer
    assert world.get("/session", again).status_code == 401


def test_one_changes_ones_own_name_and_languages_and_nothing_else(world: Any) -> None:
    me = session_of(world, world.omar_id)

    def patch(body: Any) -> Any:
        return world.client.patch("/api/v1/account", json=body, headers=me)

    good = patch({"seen_version": 1, "name": "عمر", "languages": ["ar", "en"], "time_zone": "Asia/Riyadh"}).json()
    assert (good["worker"]["name"], good["profile"]["languages"], good["version"]) == ("عمر", ["ar", "en"], 2)
    for field, value in (
        ("role", "owner"),
        ("per_hour", 99),
        ("groups", ["x"]),
        ("skills", ["x"]),
        ("active", True),
        ("email", "a@b.cd"),
    ):
        answer = patch({"seen_version": 2, field: value})
        assert (answer.status_code, field in answer.json()["error"]["message"]) == (400, True), field
    assert patch({"seen_version": 1, "languages": []}).status_code == 409
    assert patch({"name": "ليلى"}).json()["error"]["code"] == "TW-EXISTS"
    for absurd in ("", " ", "x" * 61, "a\u202eb", "a\nb", "a\x00b"):
        assert patch({"name": absurd}).status_code == 400, absurd
    assert world.get("/account", me).json()["worker"]["role"] == "labeller"


def test_a_person_let_out_is_told_why_and_whom_to_ask_and_nobody_else_is(
    world: Any, layla: dict[str, str], clock: Any
) -> None:
    left = session_of(world, world.layla_id)
    assert world.client.delete("/api/v1/session", headers=left).status_code == 204
    clock.advance(60)
    words = {"reason": "  انتهى المشروع  "}
    assert world.post(f"/workers/{world.layla_id}/deactivate", words).status_code == 200
    told = {"workspace": "reviews", "reason": "انتهى المشروع", "at": clock.now, "ask": ["Noor"]}
    back = world.get("/session", layla)
    assert (back.status_code, back.json()["error"]["details"]) == (401, {"let_out": told})
    entered = enter(world, "ليلى", GOOD)
    assert (entered.status_code, entered.json()["error"]["details"]) == (401, {"let_out": told})
    assert "set-cookie" not in entered.headers
    # To whoever has not shown that they are her she is as nobody.
    wrong, nobody = enter(world, "ليلى", "not her password"), enter(world, "nobody", GOOD)
    assert (wrong.status_code, wrong.content) == (401, nobody.content)
    strange = world.get("/session", {"authorization": "Bearer tws_made_up"})
    assert world.get("/session", left).content == strange.content, "signed out before: perhaps on others' machine"
    world.post(f"/workers/{world.layla_id}/activate")
    assert world.get("/session", layla).content == strange.content, "back in: by a new link or the password"
    assert enter(world, "ليلى", GOOD).status_code == 200


def test_a_reason_is_no_novel(world: Any) -> None:
    assert world.post(f"/workers/{world.layla_id}/deactivate", {"reason": "x" * 2_001}).status_code == 400
    assert world.post(f"/workers/{world.layla_id}/deactivate").status_code == 200
