"""What a person is shown of others, and a route that states nothing. Every route and role: test_permission_sweep.py."""

from typing import Any

import pytest
from fastapi import FastAPI

from tawsim.server.permissions import check_all_routes

ABSENT = "01970000-0000-7000-8000-000000000000"


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
    assert set(leased["task"]) == {"id", "seq", "content", "candidates", "suggestions", "media", "asks"}
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
