"""Nobody is let in: every route of the API, with every kind of caller, on own, foreign and absent things."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute

from tawsim.core.ids import new_id
from tawsim.server.app import create_api
from tawsim.server.permissions import check_all_routes

ABSENT = "01970000-0000-7000-8000-000000000000"


def routes(app: FastAPI) -> Iterator[tuple[str, str, str]]:
    for route in app.routes:
        if isinstance(route, APIRoute) and route.path.startswith("/api/"):
            for method in route.methods or ():
                yield method, route.path, (route.openapi_extra or {})["x-permission"]


def fill(path: str) -> str:
    return re.sub(r"\{\w+\}", ABSENT, path)


def test_every_route_refuses_a_caller_without_a_credential(world: Any) -> None:
    for method, path, permission in routes(create_api(world.state)):
        answer = world.client.request(method, fill(path), json={})
        if permission == "anyone":
            assert answer.status_code in (200, 204, 400, 404), (method, path)  # 404: no single sign-on is set up
        else:
            assert answer.status_code == 401, (method, path, answer.text)


def test_every_route_of_a_higher_role_refuses_a_labeller_before_it_looks_at_anything(world: Any) -> None:
    checked = 0
    for method, path, permission in routes(create_api(world.state)):
        if permission not in ("review", "manage", "owner"):
            continue
        for target in (ABSENT, world.project["id"]):
            answer = world.client.request(method, re.sub(r"\{\w+\}", target, path), json={}, headers=world.layla)
            assert answer.status_code == 403, (method, path, answer.text)
            checked += 1
    assert checked >= 30


def test_another_workers_lease_and_annotation_look_absent(world: Any) -> None:
    mine = world.lease(world.layla)["lease"]["id"]
    annotation = world.answer(world.omar).json()["annotation"]["id"]
    key = new_id(1)
    for verb, body in (
        ("leases/{}/submit", {"key": key, "answers": {"label": "سلبي"}}),
        ("leases/{}/skip", {"reason": "x"}),
        ("leases/{}/release", {}),
        ("leases/{}/heartbeat", {}),
    ):
        foreign = world.post("/" + verb.format(mine), body, world.omar)
        absent = world.post("/" + verb.format(ABSENT), body, world.omar)
        assert (foreign.status_code, foreign.content) == (404, absent.content)
    for verb, body in (
        ("annotations/{}/undo", {"key": key}),
        ("annotations/{}/versions", {"key": key, "seen_version": 1, "answers": {"label": "سلبي"}}),
    ):
        foreign = world.post("/" + verb.format(annotation), body, world.layla)
        absent = world.post("/" + verb.format(ABSENT), body, world.layla)
        assert (foreign.status_code, foreign.content) == (404, absent.content)


def test_a_labeller_reads_only_own_answers_and_drafts(world: Any) -> None:
    world.answer(world.layla)
    path = f"/projects/{world.project['id']}/annotations/mine"
    assert len(world.get(path, world.layla).json()["annotations"]) == 1
    assert world.get(path, world.omar).json()["annotations"] == []
    assert world.get("/drafts", world.omar).json() == {"drafts": [], "next": None}
    overview = world.get("/projects", world.omar).json()["projects"][0]
    assert overview["progress"] is None
    assert overview["mine"]["answers"] == 0


def test_next_shows_nothing_of_other_peoples_answers(world: Any) -> None:
    world.answer(world.layla)
    leased = world.lease(world.omar)
    assert set(leased) == {"lease", "task", "previous"}
    assert set(leased["task"]) == {"id", "seq", "content", "candidates", "suggestions", "media"}
    assert leased["task"]["suggestions"] == {}
    assert leased["previous"] is None


def test_a_route_without_a_permission_does_not_start() -> None:
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)

    @app.get("/open-door")
    def open_door() -> dict[str, str]:
        return {}

    with pytest.raises(RuntimeError, match="open-door"):
        check_all_routes(app)


def test_a_deactivated_worker_is_out_at_once(world: Any) -> None:
    assert world.get("/session", world.layla).status_code == 200
    lease = world.lease(world.layla)["lease"]["id"]
    assert world.post(f"/workers/{world.layla_id}/deactivate").status_code == 200
    assert world.get("/session", world.layla).status_code == 401
    answer = world.post(f"/leases/{lease}/submit", {"key": "k", "answers": {"label": "سلبي"}}, world.layla)
    assert answer.status_code == 401
    assert world.post(f"/workers/{world.layla_id}/activate").status_code == 200
    assert world.get("/session", world.layla).status_code == 401  # the old token is gone for good
