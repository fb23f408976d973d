"""Known answers, stages, lanes and quotas through the API; and what labellers are told, which is as much of each task."""

import itertools
from typing import Any

import pytest

from tawsim.labelling import lanes, queue
from tawsim.server import gold as gold_routes


@pytest.fixture
def tasks(world: Any) -> list[str]:
    return [one["id"] for one in world.get(f"/projects/{world.project['id']}/tasks").json()["tasks"]]


def settle(world: Any, **settings: Any) -> None:
    path = f"/projects/{world.project['id']}"
    seen = world.get(path).json()["project"]["version"]
    answer = world.client.patch(
        "/api/v1" + path, json={"seen_version": seen, "settings": settings}, headers=world.owner
    )
    assert answer.status_code == 200, answer.text


def put(world: Any, path: str, body: Any, who: Any = None) -> Any:
    return world.client.put("/api/v1" + path, json=body, headers=who or world.owner)


def test_a_lead_makes_corrects_retires_and_unmakes_a_known_answer(world: Any, tasks: list[str]) -> None:
    path = f"/tasks/{tasks[0]}/known"
    made = put(world, path, {"answers": {"label": "إيجابي"}, "explanation": "**because**"})
    assert made.status_code == 200, made.text
    assert made.json()["known"]["state"] == "active"
    assert put(world, path, {"answers": {"label": "سلبي"}, "seen_version": 9}).status_code == 409
    fixed = put(world, path, {"answers": {"label": "سلبي"}, "seen_version": 1, "purpose": "training"}).json()["known"]
    assert (fixed["answers"], fixed["version"], fixed["purpose"]) == ({"label": "سلبي"}, 2, "training")
    assert put(world, path, {"answers": {"label": "?"}}).status_code == 400
    page = world.get(f"/projects/{world.project['id']}/gold").json()
    assert [one["task_id"] for one in page["tasks"]] == tasks[:1]
    assert page["counts"] == {"training_active": 1}
    assert page["tasks"][0]["share"]["low"] < 0.1, "nobody answered: nothing is known"
    assert world.post(path + "/state", {"state": "retired"}).json()["known"]["state"] == "retired"
    assert world.post(path + "/state", {"state": "flagged"}).status_code == 400
    assert world.client.delete("/api/v1" + path, headers=world.owner).json() == {"task": tasks[0]}
    assert world.get(path).json() == {"known": None, "said": []}


def test_the_training_round_from_the_first_example_to_the_notice(world: Any, tasks: list[str]) -> None:
    put(
        world, f"/tasks/{tasks[0]}/known", {"answers": {"label": "إيجابي"}, "explanation": "why", "purpose": "training"}
    )
    for task in tasks[1:4]:
        put(world, f"/tasks/{task}/known", {"answers": {"label": "إيجابي"}})
    settle(world, training={"on": True, "examples": 1, "pass_at": 0.2, "least": 2})
    project = world.project["id"]
    answer = world.post(f"/projects/{project}/next", {"count": 5}, world.layla).json()
    assert answer["standing"] == {"stage": "training", "done": 0, "of": 1}
    assert (len(answer["leases"]), answer["none"]) == (1, None)
    told = world.answer(world.layla, "سلبي").json()["training"]
    assert told == {"right": False, "score": 0.0, "expected": {"label": "إيجابي"}, "explanation": "why"}
    assert world.answer(world.layla).json()["training"] is None
    people = world.get(f"/projects/{project}/stages").json()["people"]
    layla = next(one for one in people if one["worker"]["id"] == world.layla_id)
    assert (layla["stage"], layla["n"]) == ("qualifying", 1)
    assert layla["low"] < layla["mean"] < layla["high"]
    world.answer(world.layla)
    assert world.get(f"/projects/{project}/standing", world.layla).json() == {"standing": None, "none": None}
    world.post(f"/projects/{project}/stages/{world.layla_id}", {"stage": "not_qualified", "reason": "لم يقرأ الدليل"})
    stands = world.get(f"/projects/{project}/standing", world.layla).json()
    assert stands["none"] == "not_qualified"
    assert (
        world.post(f"/projects/{project}/next", {"count": 1}, world.layla).json()["none"]["reason"] == "not_qualified"
    )


def test_nothing_that_is_sent_tells_gold_from_work(
    world: Any, tasks: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    turns = itertools.cycle(
        [0.9, 0.1, 0.1]
    )  # by chance alone one run in thirty had no work left before the eighth answer
    monkeypatch.setattr(queue, "chance", lambda: next(turns))
    for task in tasks[6:]:
        put(world, f"/tasks/{task}/known", {"answers": {"label": "إيجابي"}, "explanation": "why"})
    settle(world, gold={"on": True, "lowest": 0.5, "highest": 0.5})
    numbers, shapes = [], set()

    def shape(value: Any) -> Any:
        if isinstance(value, dict):
            return tuple((name, shape(one)) for name, one in value.items())
        return [shape(one) for one in value] if isinstance(value, list) else type(value).__name__

    for _ in range(8):
        leased = world.lease(world.layla)
        numbers.append(leased["task"]["seq"])
        assert leased["task"]["id"] not in tasks
        done = world.answer(world.layla).json()
        assert done["annotation"]["task_id"] == leased["task"]["id"]
        shapes.add(str((shape(leased), shape(done))))
    assert numbers == list(range(1, 9))
    assert len(shapes) == 1
    mine = world.get(f"/projects/{world.project['id']}/annotations/mine", world.layla).json()["annotations"]
    assert [one["task"]["seq"] for one in mine] == numbers[::-1]
    assert not {one["task_id"] for one in mine} & set(tasks)
    overview = world.get(f"/projects/{world.project['id']}", world.layla).json()
    assert overview["progress"] is None
    assert overview["mine"]["answers"] == 8, "gold counts as the work that it is"
    with world.workspace.db.read() as tx:
        row = tx.one("project_count_get", project_id=world.project["id"])
    assert row is not None
    assert 0 < row["answers"] < 8, "both kinds came"


def test_lanes_priorities_and_quotas(world: Any, tasks: list[str]) -> None:
    project = world.project["id"]
    assert world.post(f"/projects/{project}/priority", {"tasks": tasks[5:7], "priority": 3}).json() == {"moved": 2}
    needs = {"workers": [world.omar_id]}
    assert world.post(f"/projects/{project}/assign", {"tasks": tasks[:1], "requirement": needs}).json() == {"moved": 1}
    lanes = world.get(f"/projects/{project}/lanes").json()["lanes"]
    assert [(one["priority"], one["open"], one["requirement"]) for one in lanes] == [
        (3, 2, {}), (0, 1, needs), (0, 9, {}),
    ]  # fmt: skip
    assert world.lease(world.layla)["task"]["id"] == tasks[5]
    assert world.post(f"/projects/{project}/assign", {"tasks": ["x"], "requirement": {}}).status_code == 404
    assert world.post(f"/projects/{project}/priority", {"tasks": tasks, "priority": 1_000}).status_code == 400
    assert put(world, f"/projects/{project}/quotas/{world.omar_id}", {"per_day": 1}).status_code == 200
    assert world.lease(world.omar)["task"]["id"] in tasks[5:7]
    world.answer(world.omar)
    assert world.post(f"/projects/{project}/next", {"count": 1}, world.omar).json()["none"] == {
        "reason": "quota", "retry_after_s": None,
    }  # fmt: skip


def test_many_tasks_are_moved_some_at_a_time_in_the_order_of_the_plan(
    world: Any, tasks: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gold_routes, "MOVED_AT_ONCE", 3)
    project = world.project["id"]
    tasks = tasks[:8]
    pieces: list[list[str]] = []
    real = lanes.set_priority
    monkeypatch.setattr(
        lanes, "set_priority", lambda tx, who, some, n: (pieces.append(list(some)), real(tx, who, some, n))[1]
    )
    path = f"/projects/{project}/priority"
    assert world.post(path, {"tasks": tasks[::-1] + tasks[:2], "priority": 4}).json() == {"moved": 8}
    assert pieces == [tasks[:3], tasks[3:6], tasks[6:]]
    for bad in (["none", *tasks], [*tasks, "none"]):  # looked through before the first is moved
        assert world.post(path, {"tasks": bad, "priority": 5}).status_code == 404
    assert len(pieces) == 3
    assert world.post(path, {"tasks": tasks, "priority": 4}).json() == {"moved": 0}
    assert world.post(path, {"tasks": [], "priority": 4}).json() == {"moved": 0}
