"""Who may label in a project, through the API."""

from typing import Any


def put(world: Any, body: Any, who: Any = None) -> Any:
    path = f"/api/v1/projects/{world.project['id']}/members"
    return world.client.put(path, json=body, headers=who or world.owner)


def close(world: Any) -> None:
    path = f"/api/v1/projects/{world.project['id']}"
    seen = world.client.get(path, headers=world.owner).json()["project"]["version"]
    change = {"seen_version": seen, "settings": {"access": "members"}}
    assert world.client.patch(path, json=change, headers=world.owner).status_code == 200


def test_only_members_label_in_a_closed_project_and_who_is_taken_out_is_told(world: Any) -> None:
    project = world.project["id"]
    close(world)
    refused = world.post(f"/projects/{project}/next", {"count": 1}, world.layla).json()
    assert (refused["leases"], refused["none"]["reason"]) == ([], "not_a_member")
    let = put(world, {"workers": [world.layla_id], "member": True})
    assert let.status_code == 200, let.text
    layla = next(one for one in let.json()["people"] if one["id"] == world.layla_id)
    assert (let.json()["access"], layla["member"], layla["may"], layla["quota"]) == ("members", True, True, {})
    lease = world.post(f"/projects/{project}/next", {"count": 1}, world.layla).json()["leases"][0]["lease"]["id"]
    put(world, {"workers": [world.layla_id], "member": False})
    late = world.post(f"/leases/{lease}/submit", {"key": "k", "answers": {"label": "إيجابي"}}, world.layla)
    assert late.status_code == 409
    notices = world.get("/notices", world.layla).json()["notices"]
    assert [one["kind"] for one in notices] == ["member.removed", "member.added"]


def test_people_who_are_not_there_change_nothing(world: Any) -> None:
    assert put(world, {"workers": [world.layla_id, "nobody"], "member": True}).status_code == 404
    people = world.get(f"/projects/{world.project['id']}/members").json()["people"]
    assert not any(one["member"] for one in people)
    assert put(world, {"workers": "all", "member": True}).status_code == 400
    assert put(world, {"workers": []}).status_code == 400
