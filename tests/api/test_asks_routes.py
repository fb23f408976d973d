"""What rows ask over HTTP: what is refused at the door, and what labellers, reviewers and leads are told."""

from typing import Any

import pytest
from tests.api.test_shapes import holds

from tawsim.core.ids import new_id
from tawsim.server import gold_shapes, review_shapes, shapes, table_shapes, work_shapes

QUESTIONS = [
    {"kind": "choice", "name": "topic", "labels": ["a", "b", "c"]},
    {"kind": "scale", "name": "fluency"},
]
NARROW = {"topic": {"labels": ["a", "b"]}}
ROWS = [{"text": "one", "ask": NARROW}, {"text": "two", "ask": ""}, {"text": "three", "ask": '{"fluency": true}'}]


@pytest.fixture
def path(world: Any) -> str:
    settings = {"asks": "ask", "review": {"choose": "all"}}
    body = {"key": "a", "name": "asks", "overlap": 2, "questions": QUESTIONS, "settings": settings}
    made = world.post("/projects", body).json()["project"]
    assert made["settings"]["asks"] == "ask"
    assert "renamed" not in made
    found = f"/projects/{made['id']}"
    added = world.post(found + "/tasks", {"key": "t", "rows": ROWS})
    assert added.status_code == 200, added.text
    return found


def take(world: Any, path: str, who: Any) -> Any:
    return world.post(path + "/next", {"count": 1}, who).json()["leases"][0]


def give(world: Any, lease: Any, who: Any, **answers: Any) -> Any:
    return world.post(f"/leases/{lease['lease']['id']}/submit", {"key": new_id(1), "answers": answers}, who)


def test_a_row_that_asks_what_there_is_not_is_refused_by_name(world: Any, path: str) -> None:
    rows = [ROWS[0], {"text": "x", "ask": {"topic": {"labels": ["q"]}}}]
    refused = world.post(path + "/tasks", {"key": "bad", "rows": rows})
    assert refused.status_code == 400
    error = refused.json()["error"]
    assert (error["details"]["row"], error["details"]["column"], error["details"]["field"]) == (2, "ask", "topic")
    assert "'q' is not a label of “topic”" in error["message"]
    assert len(world.get(path + "/tasks").json()["tasks"]) == len(ROWS)


def test_a_labeller_is_told_what_is_asked_and_can_answer_only_that(world: Any, path: str) -> None:
    holds(work_shapes.NextShape, world.post(path + "/next", {"count": 1}, world.layla))
    lease = take(world, path, world.layla)
    assert lease["task"]["asks"] == NARROW
    assert lease["task"]["content"] == {"text": "one"}
    for wrong in ({"topic": "c"}, {"topic": "a", "fluency": 1}, {}):
        refused = give(world, lease, world.layla, **wrong)
        assert (refused.status_code, refused.json()["error"]["code"]) == (400, "TW-ANSWER")
    assert give(world, lease, world.layla, topic="b").status_code == 200
    assert take(world, path, world.layla)["task"]["asks"] == {"topic": True, "fluency": True}
    mine = world.get(path + "/annotations/mine", world.layla)
    holds(work_shapes.OwnAnnotationsShape, mine)
    assert mine.json()["annotations"][0]["task"]["asks"] == NARROW


def test_reviewers_and_leads_are_told_too(world: Any, path: str) -> None:
    for who, label in ((world.layla, "a"), (world.omar, "b")):
        give(world, take(world, path, who), who, topic=label)
    item = world.post(path + "/reviews/next", {})
    holds(review_shapes.NextReviewShape, item)
    assert item.json()["item"]["task"]["asks"] == NARROW
    case = world.post(path + "/decisions/next", {})
    holds(review_shapes.NextCaseShape, case)
    assert case.json()["case"]["task"]["asks"] == NARROW
    listed = world.get(path + "/tasks")
    holds(shapes.TasksShape, listed)
    assert [one["asks"] for one in listed.json()["tasks"]] == [
        NARROW,
        {"topic": True, "fluency": True},
        {"fluency": True},
    ]
    one = world.get(path + "/table/tasks/1")
    holds(table_shapes.TaskShape, one)
    assert one.json()["asks"] == NARROW
    task = listed.json()["tasks"][2]["id"]
    known = world.client.put(f"/api/v1/tasks/{task}/known", json={"answers": {"fluency": 4}}, headers=world.owner)
    holds(gold_shapes.KnownTaskShape, known)
    assert known.json()["known"]["asks"] == {"fluency": True}
    assert known.json()["known"]["content"] == {"text": "three"}


def test_a_project_without_such_a_column_says_nothing(world: Any) -> None:
    assert world.lease(world.layla)["task"]["asks"] is None
