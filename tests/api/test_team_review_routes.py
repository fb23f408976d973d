"""The routes of review and of decisions: shapes, roles, names, two at once, bad input."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from pydantic import TypeAdapter

from tawsim.core.ids import new_id
from tawsim.server import review_shapes as shapes

YES, NO = "إيجابي", "سلبي"


def holds(shape: Any, answer: Any) -> Any:
    """The answer reads as the shape and nothing more; its JSON."""
    assert answer.status_code == 200, answer.text
    adapter = TypeAdapter(shape)
    assert adapter.dump_python(adapter.validate_python(answer.json()), mode="json") == answer.json()
    return answer.json()


@pytest.fixture
def team(world: Any) -> Any:
    """Layla and Omar answered four tasks, on the first of which they differ; Rana and Sami review."""
    from tawsim.workspaces.accounts import Identity, issue
    from tawsim.workspaces.workspace import add_worker

    def reviewer(name: str) -> dict[str, str]:
        db = world.workspace.db
        worker = db.write(lambda tx: add_worker(tx, world.workspace.owner_id, name, name)).id
        db.write(lambda tx: tx._connection.execute("UPDATE worker SET role = 'reviewer' WHERE id = ?", (worker,)))
        secret = world.state.accounts.write(lambda tx: issue(tx, "session", Identity(world.workspace.id, worker)))
        return {"authorization": f"Bearer {secret}"}

    world.rana, world.sami = reviewer("Rana"), reviewer("Sami")
    version = world.get(f"/projects/{world.project['id']}").json()["project"]["version"]
    changed = world.client.patch(
        f"/api/v1/projects/{world.project['id']}", headers=world.owner,
        json={"seen_version": version, "settings": {"review": {"choose": "all", "reasons": ["تسمية خاطئة"]}}},
    )  # fmt: skip
    assert changed.status_code == 200, changed.text
    for i in range(4):
        world.answer(world.layla, YES)
        world.answer(world.omar, NO if i == 0 else YES)
    return world


def test_the_way_of_a_review(team: Any) -> None:
    queue = f"/projects/{team.project['id']}/reviews"
    assert holds(shapes.ReviewQueueShape, team.get(queue, team.rana)) == {"waiting": 8, "held": 0, "by_you": 0}
    item = holds(shapes.NextReviewShape, team.post(f"{queue}/next", {}, team.rana))["item"]
    assert item["author"] is None
    annotation = item["answer"]["id"]
    path = f"/annotations/{annotation}/reviews"
    body = {"key": new_id(1), "seen_version": 1, "verdict": "reject", "reason": "تسمية خاطئة", "words": "انظر"}
    review = holds(shapes.ReviewShape, team.post(path, body, team.rana))["review"]
    assert holds(shapes.ReviewShape, team.post(path, body, team.rana))["review"] == review
    undone = holds(shapes.UndoneReviewShape, team.post(f"/reviews/{review['id']}/undo", {"key": "u"}, team.rana))
    assert undone["item"]["answer"]["id"] == annotation
    assert [one["undone"] for one in undone["item"]["reviews"]] == [True]
    holds(shapes.ReleasedShape, team.post(f"{path}/release", {}, team.rana))
    other = YES if item["answer"]["answers"]["label"] == NO else NO
    body = {"key": new_id(1), "seen_version": 1, "verdict": "fix", "answers": {"label": other}}
    holds(shapes.ReviewShape, team.post(path, body, team.sami))
    owner = holds(shapes.NextReviewShape, team.post(f"{queue}/next", {}, team.owner))["item"]
    assert owner["author"]["name"] in ("ليلى", "Omar")


def test_of_two_reviewers_at_the_same_instant_one_wins(team: Any) -> None:
    queue = f"/projects/{team.project['id']}/reviews"
    annotation = team.post(f"{queue}/next", {}, team.rana).json()["item"]["answer"]["id"]
    team.post(f"/annotations/{annotation}/reviews/release", {}, team.rana)

    def say(who: dict[str, str]) -> Any:
        body = {"key": new_id(1), "seen_version": 1, "verdict": "accept"}
        return team.post(f"/annotations/{annotation}/reviews", body, who)

    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(say, (team.rana, team.sami)))
    assert sorted(one.status_code for one in answers) == [200, 409]
    lost = next(one.json()["error"] for one in answers if one.status_code == 409)
    assert lost["details"]["current_version"] == 1


def test_the_way_of_a_decision(team: Any) -> None:
    queue = f"/projects/{team.project['id']}/decisions"
    found = holds(shapes.NextCaseShape, team.post(f"{queue}/next", {}, team.rana))
    case = found["case"]
    assert (case["task"]["seq"], found["waiting"]) == (1, 1)
    assert "ليلى" not in str(found)
    path = f"/tasks/{case['task']['id']}/decisions"
    holds(shapes.PeekShape, team.post(f"{path}/truth", {}, team.rana))
    body = {"key": new_id(1), "seen": case["seen"], "settles": "answers", "choose": "A"}
    holds(shapes.DecisionShape, team.post(path, body, team.rana))
    assert team.post(path, body | {"key": new_id(2)}, team.rana).status_code == 409
    now = holds(shapes.CaseShape, team.post(f"{path}/look", {}, team.owner))["case"]
    assert now["decided"]["by"] == "Rana"
    [row] = holds(shapes.DecisionsShape, team.get(queue, team.owner))["decisions"]
    assert (row["by"], row["peeked"]) == ("Rana", True)
    assert team.get(queue, team.sami).json()["decisions"][0]["by"] is None
    assert holds(shapes.NextCaseShape, team.post(f"{queue}/next", {}, team.sami))["case"] is None


def test_the_way_of_many_at_once(team: Any) -> None:
    queue = f"/projects/{team.project['id']}/reviews"
    told = holds(shapes.BulkPreviewShape, team.get(f"{queue}/bulk?threshold=0.7"))
    assert told["answers"] > 0
    body = {"key": "b", "threshold": 0.7, "until": told["until"]}
    made = holds(shapes.BulkShape, team.post(f"{queue}/bulk", body))["bulk"]
    assert made["accepted"] == told["answers"]
    assert holds(shapes.BulksShape, team.get(f"{queue}/bulks"))["bulks"][0]["id"] == made["id"]
    undone = holds(shapes.BulkShape, team.post(f"{queue}/bulks/{made['id']}/undo", {}))["bulk"]
    assert (undone["accepted"], undone["state"]) == (0, "undone")
    assert team.get(f"{queue}/bulk?threshold=0.1").status_code == 400


@pytest.mark.parametrize(
    "ask",
    [
        lambda team: team.get(f"/projects/{team.project['id']}/reviews", team.layla),
        lambda team: team.post(f"/projects/{team.project['id']}/reviews/next", {}, team.layla),
        lambda team: team.post(f"/projects/{team.project['id']}/decisions/next", {}, team.layla),
        lambda team: team.get(f"/projects/{team.project['id']}/reviews/bulk", team.rana),
        lambda team: team.get(f"/projects/{team.project['id']}/truth", team.rana),
        lambda team: team.get(f"/projects/{team.project['id']}/export", team.rana),
    ],
)
def test_roles(team: Any, ask: Callable[[Any], Any]) -> None:
    assert ask(team).status_code == 403


@pytest.mark.parametrize(
    "path",
    ["projects/x/reviews/next", "projects/x/decisions/next", "tasks/x/decisions/look", "tasks/x/decisions/truth"],
)
def test_what_is_not_there(team: Any, path: str) -> None:
    assert team.post(f"/{path}", {}, team.rana).status_code == 404


def test_what_a_body_may_not_say(team: Any) -> None:
    annotation = team.post(f"/projects/{team.project['id']}/reviews/next", {}, team.rana).json()["item"]["answer"]["id"]
    path = f"/annotations/{annotation}/reviews"
    good = {"key": "k", "seen_version": 1, "verdict": "reject", "words": "لا"}
    for bad, field in (
        ({"verdict": "maybe"}, "verdict"),
        ({"seen_version": "one"}, "seen_version"),
        ({"reason": "none of them"}, "reason"),
        ({"words": "x" * 2001}, "words"),
    ):
        answer = team.post(path, good | bad, team.rana)
        assert answer.status_code == 400, answer.text
        assert field in answer.text
    assert team.post(path, good, team.rana).status_code == 200
