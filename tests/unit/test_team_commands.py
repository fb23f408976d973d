"""`tawsim people`, `sign-on`, and roles and scopes at `invite` and `token`."""

import json
from pathlib import Path
from typing import Any

import pytest
from tests.unit.test_cli import made, reviews, run  # noqa: F401  (fixtures)

from tawsim.workspaces import accounts


@pytest.fixture
def team(run: Any, made: Any) -> Any:  # noqa: F811
    run("invite", "سلمى", "--role", "manager", "--languages", "ar-sa،en")
    run("invite", "Omar")
    return run


def test_people_are_listed_and_what_is_known_of_them_changes(team: Any) -> None:
    found = team("people", "list", "--json").json["people"]
    assert [(one["name"], one["role"]) for one in found[1:]] == [("سلمى", "manager"), ("Omar", "labeller")]
    assert found[1]["profile"] == {"languages": ["ar-SA", "en"]}
    words = ("--skills", "law، طب", "--per-hour", "12", "--currency", "EUR", "--time-zone", "Africa/Cairo")
    changed = team("people", "set", "Omar", *words, "--json").json
    assert changed["profile"] == {
        "skills": ["law", "طب"],
        "time_zone": "Africa/Cairo",
        "per_hour": 12.0,
        "currency": "EUR",
    }
    assert team("people", "set", "Omar", "--skills", "", "--json").json["profile"].get("skills") is None
    assert "time_zone" in team("people", "set", "Omar", "--time-zone", "Mars").err
    assert team("people", "set", "Omar").code == 3
    assert team("people", "set", "Nobody", "--skills", "x").code == 3
    assert "سلمى" in team("people", "list").out


def test_roles_change_and_the_owner_stays(team: Any) -> None:
    changed = team("people", "role", "Omar", "reviewer", "--json").json
    assert (changed["role"], "/enter#tws_" in changed["link"]) == ("reviewer", True)
    owner = team("people", "list", "--json").json["people"][0]["name"]
    assert team("people", "role", owner, "labeller").code == 1
    assert team("people", "off", owner).code == 1
    assert team("people", "role", "Omar", "king").code == 3
    assert team("invite", "Zed", "--role", "king").code == 3
    assert team("invite", "Omar", "--role", "owner").code == 1


def test_letting_out_ends_what_stands_for_a_person(team: Any, made: Any) -> None:  # noqa: F811
    secret = team("token", "Omar", "--json").json["token"]
    assert team("people", "off", "Omar", "--json").json == {
        **team("people", "off", "Omar", "--json").json, "active": False, "link": None,
    }  # fmt: skip
    books = accounts.open_accounts(made.parent)
    with pytest.raises(Exception, match="not signed in"), books.read() as tx:
        accounts.identify(tx, secret)
    books.close()
    assert team("people", "on", "Omar", "--json").json["active"] is True
    assert "/enter#tws_" in team("people", "reset", "Omar").out


def test_a_token_has_scopes_of_its_workers_role(team: Any, made: Any) -> None:  # noqa: F811
    secret = team("token", "Omar", "--scope", "read", "--scope", "label", "--days", "7", "--json").json["token"]
    assert "scopes" in team("token", "Omar", "--scope", "manage").err
    books = accounts.open_accounts(made.parent)
    with books.read() as tx:
        assert accounts.standing(tx, secret)[1].scopes == {"read", "label"}
    books.close()


def events(team: Any, *kinds: str) -> list[dict[str, Any]]:
    """Who came to be let in, from the log; which is sound."""
    assert team("audit", "verify").code == 0
    assert team("audit", "export", "log.jsonl", "--force").code == 0
    found = [json.loads(line) for line in Path("log.jsonl").read_text(encoding="utf-8").splitlines()]
    return [one for one in found if one["kind"] in kinds]


def test_a_token_and_a_link_of_the_terminal_stand_in_the_log(team: Any, made: Any) -> None:  # noqa: F811
    invited = events(team, "worker.invited")
    people = {one["name"]: one["id"] for one in team("people", "list", "--json").json["people"]}
    assert [one["object_id"] for one in invited] == [people["سلمى"], people["Omar"]]
    secrets = {
        "Omar": team("token", "Omar", "--json").json["token"],
        "gpt": team("token", "gpt", "--model", "--scope", "label", "--json").json["token"],
        "": team("token", "--json").json["token"],
    }
    people = {one["name"]: one["id"] for one in team("people", "list", "--json").json["people"]}
    owner = next(iter(people.values()))
    books = accounts.open_accounts(made.parent)
    with books.read() as tx:
        ids = {name: accounts.standing(tx, secret)[1].id for name, secret in secrets.items()}
        named = [one.name for secret in secrets.values() for one in accounts.tokens(tx, accounts.identify(tx, secret))]
    books.close()
    assert named == ["tawsim token"] * 3
    found = events(team, "account.token_made")
    assert [(one["actor_id"], one["object_id"], json.loads(one["data"])) for one in found] == [
        (owner, ids[name], {"worker": people.get(name, owner)}) for name in ("Omar", "gpt", "")
    ]
    whole = Path("log.jsonl").read_text(encoding="utf-8")
    assert not any(secret[4:12] in whole for secret in secrets.values())
    team("invite", "Omar")  # a new link for whoever is known
    assert len(events(team, "worker.invited")) == 3


def test_who_was_let_out_gets_no_token(team: Any) -> None:
    assert team("people", "off", "Omar").code == 0
    refused = team("token", "Omar")
    assert (refused.code, "tawsim people on Omar" in refused.err) == (1, True)
    assert events(team, "account.token_made") == []


def test_single_sign_on_is_set_up_shown_linked_and_removed(team: Any) -> None:
    assert team("sign-on", "show").code == 3
    words = ("--client-id", "c", "--address", "https://label.example.org", "--name", "Example", "--secret-env", "OIDC")
    done = team("sign-on", "set", "https://id.example.org", *words, "--json").json
    assert done["redirect_uri"] == "https://label.example.org/enter"
    assert team("sign-on", "link", "Omar", "O@Example.org", "--json").json["email"] == "o@example.org"
    shown = team("sign-on", "show", "--json").json
    assert [one["email"] for one in shown["people"]] == ["o@example.org"]
    assert "Omar" in team("sign-on", "show").out
    assert team("sign-on", "link", "سلمى", "o@example.org").code == 1
    assert team("sign-on", "set", "http://id.example.org", *words).code == 3
    assert team("sign-on", "remove").code == 0
    assert team("sign-on", "show").code == 3
    kinds = ("worker.sign_on_set", "worker.sign_on", "worker.sign_on_removed")
    found = events(team, *kinds)
    assert [one["kind"] for one in found] == list(kinds)
    assert json.loads(found[0]["data"]) == {"issuer": "https://id.example.org"}


def test_a_project_is_closed_to_all_but_its_members(team: Any) -> None:
    found = team("members", "reviews", "--json").json
    assert found["access"] == "everyone"
    assert all(one["may"] for one in found["people"])
    closed = team("members", "reviews", "--add", "Omar", "--only", "--json").json
    may = {one["name"]: one["may"] for one in closed["people"]}
    assert closed["access"] == "members"
    assert may["Omar"] is True
    assert may["سلمى"] is True  # she manages
    assert team("members", "reviews", "--remove", "Omar", "--json").json["access"] == "members"
    assert "no" in team("members", "reviews").out
    assert team("members", "reviews", "--add", "Nobody").code == 3
    assert team("members", "reviews", "--everyone", "--json").json["access"] == "everyone"
