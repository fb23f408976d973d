"""The routes of the log, webhooks, progress, alerts and summaries: who may, what comes back, and bad input by name."""

import json
from typing import Any

import pytest
from tests.api.conftest import World


def test_the_log_is_paged_by_number_filtered_and_for_owners(world: World) -> None:
    world.answer(world.layla)
    world.answer(world.omar)
    first = world.get("/audit?limit=3").json()
    assert [one["number"] for one in first["events"]] == list(range(first["next"] + 2, first["next"] - 1, -1))
    rest = world.get(f"/audit?before={first['next']}&limit=500").json()
    assert rest["events"][-1]["number"] == 1
    assert rest["next"] is None
    assert len(rest["events"]) + 3 == first["events"][0]["number"]
    accepted = world.get("/audit?kind=annotation.").json()["events"]
    assert {one["kind"] for one in accepted} == {"annotation.accepted"}
    mine = world.get(f"/audit?person={world.layla_id}&project={world.project['id']}").json()
    assert {one["actor_id"] for one in mine["events"]} == {world.layla_id}
    assert mine["people"][world.layla_id] == "ليلى"
    at = accepted[0]["at"]
    assert world.get(f"/audit?since={at + 10_000_000_000}").json()["events"] == []
    assert world.get("/audit?limit=0").status_code == world.get("/audit?kind=A'%20OR").status_code == 400
    for path in ("/audit", "/audit/head", "/audit/export"):
        assert world.get(path, world.layla).status_code == 403


def test_it_is_checked_and_exported(world: World) -> None:
    world.answer(world.layla)
    head = world.get("/audit/head").json()["head"]
    text = f"{head['number']}:{head['hash']}"
    found = world.post("/audit/verify", {"heads": [text]}).json()
    assert (found["sound"], found["heads"], found["head"]) == (True, 1, text)
    other = f"{head['number']}:{'0' * 64}"
    assert [one["code"] for one in world.post("/audit/verify", {"heads": [other]}).json()["faults"]] == ["made_anew"]
    assert world.post("/audit/verify", {"heads": ["x"]}).status_code == 400
    lines = world.get("/audit/export").text.splitlines()
    assert json.loads(lines[-1])["hash"] == head["hash"]
    assert len(lines) == head["number"]


def hook(world: World, **more: Any) -> Any:
    body = {"url": "https://hooks.example.com/in", "kinds": ["annotation."], **more}
    return world.post("/webhooks", body)


def test_a_webhook_shows_its_secret_once(world: World) -> None:
    made = hook(world).json()
    assert made["secret"].startswith("whsec_")
    assert "secret" not in json.dumps(world.get("/webhooks").json())
    (one,) = world.get("/webhooks").json()["webhooks"]
    assert (one["url"], one["state"], one["here"], one["behind"]) == ("https://hooks.example.com/in", "on", True, 0)
    path = f"/webhooks/{one['id']}"
    assert world.post(path + "/secret", {}).json()["secret"] != made["secret"]
    changed = world.client.patch("/api/v1" + path, json={"state": "off", "kinds": ["*"]}, headers=world.owner).json()
    assert (changed["webhook"]["state"], changed["webhook"]["kinds"]) == ("off", ["*"])
    assert world.get(path + "/deliveries").json() == {"deliveries": [], "next": None}
    assert world.client.delete("/api/v1" + path, headers=world.owner).json() == {"removed": one["id"]}
    assert world.get("/webhooks").json() == {"webhooks": []}
    assert world.get(path + "/deliveries").status_code == 404


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"url": "http://127.0.0.1:9/x"}, "url"),
        ({"url": "https://169.254.169.254/"}, "url"),
        ({"kinds": ["nonsense!"]}, "kinds"),
        ({"kinds": []}, "kinds"),
        ({"url": "http://127.0.0.1:9/x", "allow": "127.0.0.1:8"}, "allow"),
    ],
)
def test_a_bad_webhook_is_refused_by_the_name_of_its_field(world: World, more: dict[str, Any], field: str) -> None:
    answer = hook(world, **more)
    assert answer.status_code == 400
    assert answer.json()["error"]["details"]["field"] == field
    assert hook(world, project_id="absent").status_code == 404


def test_only_owners_see_webhooks(world: World) -> None:
    one = hook(world).json()["webhook"]["id"]
    for path in ("/webhooks", f"/webhooks/{one}/deliveries"):
        assert world.get(path, world.layla).status_code == 403
    assert world.post(f"/webhooks/{one}/secret", {}, world.layla).status_code == 403


def test_progress_is_for_those_who_manage(world: World) -> None:
    world.answer(world.layla)
    path = f"/projects/{world.project['id']}"
    page = world.get(path + "/outlook").json()
    assert (page["progress"]["answers"], page["left"], page["forecast"]["reason"]) == (1, 23, "too_few_days")
    assert page["people"][0]["worker"]["name"] == "ليلى"
    assert world.get(path + "/outlook?zone=Asia/Riyadh").json()["zone"] == "Asia/Riyadh"
    assert world.get("/projects/absent/outlook").status_code == 404
    assert world.get(path + "/alerts").status_code == 200
    assert world.post("/alerts/absent/put_off", {"until": 1}).status_code == 404
    for hidden in (path + "/outlook", path + "/alerts", "/alerts"):
        assert world.get(hidden, world.layla).status_code == 403


def test_everybody_chooses_their_own_summaries(world: World) -> None:
    assert world.get("/digest", world.layla).json()["every"] == "off"
    answer = world.client.put("/api/v1/digest", json={"every": "daily", "language": "ar"}, headers=world.layla)
    assert answer.status_code == 400  # no address
    assert answer.json()["error"]["details"]["field"] == "every"
    answer = world.client.put("/api/v1/digest", json={"every": "off", "language": "ar"}, headers=world.layla)
    assert answer.json()["language"] == "ar"
    assert world.get("/digest", world.omar).json()["language"] == "en"
