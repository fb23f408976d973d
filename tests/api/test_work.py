"""A worker's day over HTTP: next, submit, retry, undo, edit, skip, release, heartbeat, late work."""

from typing import Any

from tests.api.test_shapes import holds

from tawsim.core.ids import new_id
from tawsim.server import work_shapes


def next_(world: Any, who: dict[str, str], count: int = 1) -> Any:
    return world.post(f"/projects/{world.project['id']}/next", {"count": count}, who).json()


def submit(world: Any, who: dict[str, str], lease: str, label: str = "سلبي", key: str | None = None) -> Any:
    return world.post(f"/leases/{lease}/submit", {"key": key or new_id(1), "answers": {"label": label}}, who)


def test_a_reload_costs_nothing(world: Any) -> None:
    first = next_(world, world.layla, 3)
    again = next_(world, world.layla, 3)
    assert [x["lease"]["id"] for x in first["leases"]] == [x["lease"]["id"] for x in again["leases"]]
    assert len(first["leases"]) == 3
    assert first["none"] is None


def test_nobody_holds_more_than_the_project_allows(world: Any) -> None:
    assert len(next_(world, world.layla, 20)["leases"]) == world.project["max_leases"]
    for count in (0, -1, 51):
        refused = world.post(f"/projects/{world.project['id']}/next", {"count": count}, world.layla)
        assert refused.status_code == 400


def test_a_submit_sent_twice_counts_once(world: Any) -> None:
    lease = world.lease(world.layla)["lease"]["id"]
    first = submit(world, world.layla, lease, key="k1")
    again = submit(world, world.layla, lease, key="k1")
    assert first.status_code == again.status_code == 200
    assert first.json()["annotation"] == again.json()["annotation"]
    assert (first.json()["repeated"], again.json()["repeated"]) == (False, True)
    changed = submit(world, world.layla, lease, "إيجابي", key="k1")
    assert changed.status_code == 409
    assert changed.json()["error"]["code"] == "TW-KEY-REUSED"
    another = submit(world, world.layla, lease, key="k2")
    assert another.status_code == 409
    assert another.json()["error"]["code"] == "TW-LEASE-LOST"


def test_an_answer_outside_the_labels_is_refused_by_name(world: Any) -> None:
    lease = world.lease(world.layla)["lease"]["id"]
    for answers in ({"label": "neutral"}, {}, {"label": ["سلبي"]}, {"other": "سلبي"}, {"label": None}):
        answer = world.post(f"/leases/{lease}/submit", {"key": new_id(1), "answers": answers}, world.layla)
        assert answer.status_code == 400, answers
        assert answer.json()["error"]["code"] == "TW-ANSWER"
    assert submit(world, world.layla, lease).status_code == 200


def test_malformed_bodies_are_answered_not_crashed_on(world: Any) -> None:
    lease = world.lease(world.layla)["lease"]["id"]
    path = f"/api/v1/leases/{lease}/submit"
    bodies = [b"", b"{", b"[]", b"null", b'{"key": 1}', b'{"key":"k","answers":[]}', b"\xff\xfe", b"[" * 100_000]
    bodies += [b'{"key":"\\ud800","answers":{"label":"x"}}', b'{"key":"k","answers":{"label":"\\ud800"}}']
    for body in bodies:
        answer = world.client.post(path, content=body, headers=world.layla | {"content-type": "application/json"})
        assert answer.status_code == 400, body[:40]
        assert answer.json()["error"]["code"].startswith("TW-")
    skip = world.client.post(f"/api/v1/leases/{lease}/skip", content=b'{"reason":"\\ud800"}', headers=world.layla)
    assert skip.status_code == 400


def test_undo_gives_the_task_back_with_the_old_answer(world: Any) -> None:
    leased = world.lease(world.layla)
    annotation = submit(world, world.layla, leased["lease"]["id"]).json()["annotation"]["id"]
    undone = world.post(f"/annotations/{annotation}/undo", {"key": "u1"}, world.layla).json()
    assert undone["task"]["id"] == leased["task"]["id"]
    assert undone["previous"] == {"answers": {"label": "سلبي"}, "comment": "", "flag": False}
    assert undone["lease"]["id"] != leased["lease"]["id"]
    again = world.post(f"/annotations/{annotation}/undo", {"key": "u1"}, world.layla).json()
    assert again["lease"]["id"] == undone["lease"]["id"]
    assert submit(world, world.layla, undone["lease"]["id"], "إيجابي").status_code == 200
    progress = world.get(f"/projects/{world.project['id']}/progress").json()["progress"]
    assert progress["answers"] == 1


def test_of_two_edits_of_one_version_one_wins(world: Any) -> None:
    annotation = world.answer(world.layla).json()["annotation"]["id"]
    body = {"seen_version": 1, "answers": {"label": "سلبي"}}
    won = world.post(f"/annotations/{annotation}/versions", body | {"key": "e1"}, world.layla)
    lost = world.post(f"/annotations/{annotation}/versions", body | {"key": "e2"}, world.layla)
    assert won.json()["annotation"]["version"] == 2
    assert lost.status_code == 409
    assert lost.json()["error"]["details"]["current_version"] == 2


def test_skip_takes_the_task_away_from_this_worker_only(world: Any) -> None:
    leased = world.lease(world.layla)
    assert world.post(f"/leases/{leased['lease']['id']}/skip", {"reason": "غير واضح"}, world.layla).status_code == 200
    assert world.post(f"/leases/{leased['lease']['id']}/skip", {"reason": "غير واضح"}, world.layla).status_code == 200
    seen = {x["task"]["id"] for x in next_(world, world.layla, 5)["leases"]}
    assert leased["task"]["id"] not in seen
    assert leased["task"]["id"] in {x["task"]["id"] for x in next_(world, world.omar, 5)["leases"]}


def test_late_work_counts_while_the_task_is_open_and_is_kept_when_it_is_not(world: Any, clock: Any) -> None:
    world.post(f"/projects/{world.project['id']}/next", {"count": 1}, world.omar)
    late = world.lease(world.layla)
    clock.advance(world.project["lease_seconds"] + 1)
    counted = submit(world, world.layla, late["lease"]["id"])
    assert counted.status_code == 200  # the stored state decides: nobody had swept yet
    second = world.lease(world.layla)
    clock.advance(world.project["lease_seconds"] + 1)
    for who in (world.owner, world.omar):
        while True:
            found = next_(world, who, 1)["leases"]
            submit(world, who, found[0]["lease"]["id"])
            if found[0]["task"]["id"] == second["task"]["id"]:
                break
    lost = submit(world, world.layla, second["lease"]["id"], key="late")
    assert lost.status_code == 409
    draft = lost.json()["error"]["details"]["draft"]
    drafts = world.get("/drafts", world.layla)
    holds(work_shapes.DraftsShape, drafts)
    assert [d["id"] for d in drafts.json()["drafts"]] == [draft]
    assert world.get("/drafts", world.omar).json()["drafts"] == []
    assert submit(world, world.layla, second["lease"]["id"], key="late").json()["error"]["details"]["draft"] == draft
    assert world.post(f"/drafts/{draft}/adopt").status_code == 409
    world.client.patch(f"/api/v1/tasks/{second['task']['id']}", json={"overlap": 3}, headers=world.owner)
    adopted = world.post(f"/drafts/{draft}/adopt").json()["annotation"]
    assert adopted["worker_id"] == world.layla_id
    assert adopted["late"] is True


def test_heartbeat_extends_a_live_lease_only(world: Any, clock: Any) -> None:
    lease = world.lease(world.layla)["lease"]
    clock.advance(60)
    later = world.post(f"/leases/{lease['id']}/heartbeat", {}, world.layla).json()["deadline"]
    assert later == lease["deadline"] + 60_000_000
    world.post(f"/leases/{lease['id']}/release", {}, world.layla)
    assert world.post(f"/leases/{lease['id']}/heartbeat", {}, world.layla).status_code == 409


def test_none_says_why(world: Any) -> None:
    world.client.patch(
        f"/api/v1/projects/{world.project['id']}", json={"seen_version": 1, "state": "paused"}, headers=world.owner
    )
    assert next_(world, world.layla)["none"]["reason"] == "paused"
    world.client.patch(
        f"/api/v1/projects/{world.project['id']}", json={"seen_version": 2, "state": "running"}, headers=world.owner
    )
    for who in (world.layla, world.omar):
        while found := next_(world, who)["leases"]:
            submit(world, who, found[0]["lease"]["id"])
        assert next_(world, who)["none"] == {"reason": "done", "retry_after_s": None}


def test_a_task_reopened_twice_with_one_key_has_one_new_round(world: Any) -> None:
    task = world.lease(world.layla)["task"]["id"]
    for _ in range(2):
        assert world.post(f"/tasks/{task}/reopen", {"key": "r1"}).json()["round"] == 1
    assert world.post(f"/tasks/{task}/reopen", {"key": "r2"}).json()["round"] == 2


def test_one_key_imports_one_set_of_rows(world: Any) -> None:
    path = f"/projects/{world.project['id']}/tasks"
    bad = world.post(path, {"key": "rows", "rows": [{"text": "a"}, {"text": ""}]})
    assert bad.status_code == 400  # and leaves the key free
    first = world.post(path, {"key": "rows", "rows": [{"text": "a"}, {"text": "b"}]}).json()
    again = world.post(path, {"key": "rows", "rows": [{"text": "a"}, {"text": "b"}]}).json()
    assert (first["added"], first["repeated"]) == (2, False)
    assert (again["id"], again["repeated"]) == (first["id"], True)
    other = world.post(path, {"key": "rows", "rows": [{"text": "c"}]})
    assert other.status_code == 409
    assert other.json()["error"]["code"] == "TW-KEY-REUSED"
