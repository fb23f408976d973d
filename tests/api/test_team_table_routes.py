"""The routes of the task table: pages, one task, files, actions, views; who may, and what bad input is told."""

import csv
import io
import time
from typing import Any

import pytest
from pydantic import TypeAdapter

from tawsim.core.ids import new_id
from tawsim.server import table_shapes as shapes
from tawsim.workspaces.workspace import add_worker


def table(world: Any, q: str = "", **more: Any) -> Any:
    """A page, once nothing is waited for."""
    for _ in range(200):
        found = world.client.get(
            f"/api/v1/projects/{world.project['id']}/table", params={"q": q, **more}, headers=world.owner
        )
        if found.status_code != 200 or not found.json()["waits"]:
            return found
        time.sleep(0.02)
    raise AssertionError("the table is not ready")


def seqs(world: Any, q: str) -> list[int]:
    return [one["seq"] for one in table(world, q).json()["tasks"]]


def begin(world: Any, **body: Any) -> Any:
    return world.post(f"/projects/{world.project['id']}/table/actions", {"key": new_id(1)} | body)


def ended(world: Any, job: dict[str, Any]) -> dict[str, Any]:
    path = f"/projects/{world.project['id']}/table/actions/{job['id']}"
    for _ in range(500):
        job = world.get(path).json()["job"]
        if job["state"] == "done":
            return job
        time.sleep(0.02)
    raise AssertionError("the action did not end")


def test_pages_filters_and_their_errors(world: Any) -> None:
    world.answer(world.layla)
    world.answer(world.omar, "سلبي")
    assert seqs(world, "") == list(range(1, 13))
    assert seqs(world, "disagree:yes") == seqs(world, 'worker:"ليلى" answer:سلبي') == [1]
    assert seqs(world, 'text:"ORDER 7"') == [7]
    first = table(world, "sort:-seq", limit=5).json()
    assert ([one["seq"] for one in first["tasks"]], first["total"]) == ([12, 11, 10, 9, 8], 12)
    second = table(world, "sort:-seq", limit=5, after=first["next"]).json()
    assert [one["seq"] for one in second["tasks"]] == [7, 6, 5, 4, 3]
    error = table(world, "state:open worker.password:x").json()["error"]
    assert (error["code"], error["details"]["place"]) == ("TW-INPUT", 11)
    assert "Names: seq, state" in error["hint"]
    assert table(world, 'label:"\'; DROP TABLE task; --"').json()["total"] == 0
    assert table(world, "x" * 60_000).status_code == 400
    for bad in ({"limit": 0}, {"limit": 1_001}, {"after": "1); --"}, {"after": "x" * 200}):
        assert table(world, "", **bad).status_code == 400


def test_columns_and_a_file_for_a_spreadsheet(world: Any) -> None:
    rows = [{"text": "=1+1", "a,b": "واحد", "seq": "S1"}]
    world.post(f"/projects/{world.project['id']}/tasks", {"key": "more", "rows": rows})
    page = table(world, "seq:13", columns="a,,b,seq,nothing").json()
    assert page["tasks"][0]["cells"] == {"a,b": "واحد", "seq": "S1", "nothing": None}
    path = f"/api/v1/projects/{world.project['id']}/table/file"
    found = world.client.get(path, params={"q": "seq:12..13 sort:-seq", "columns": "text,seq"}, headers=world.owner)
    assert "attachment" in found.headers["content-disposition"]
    lines = list(csv.DictReader(io.StringIO(found.text.lstrip("\ufeff"))))
    assert [(one["seq"], one["row.seq"], one["text"][:5]) for one in lines] == [
        ("13", "S1", "'=1+1"),
        ("12", "", "نص رق"),
    ]
    assert world.client.get(path, params={"q": "p<"}, headers=world.owner).status_code == 400


def test_one_task_by_number_and_by_id(world: Any) -> None:
    world.answer(world.layla)
    base = f"/projects/{world.project['id']}/table/tasks"
    seqs(world, "")
    found = world.get(f"{base}/1").json()
    assert found["content"]["text"] == "نص رقم 1 about order 1"
    assert [(one["worker"]["name"], one["answers"]) for one in found["answers"]] == [("ليلى", {"label": "إيجابي"})]
    assert [one["kind"] for one in found["history"]][:2] == ["imported", "lease.granted"]
    assert world.get(f"{base}/{found['task']['id']}").json()["task"]["seq"] == 1
    for nothing in ("0", "13", "x", "9" * 30, "-1"):
        assert world.get(f"{base}/{nothing}").status_code == 404


def test_an_action_from_its_preview_to_its_undoing(world: Any) -> None:
    body = {"action": "tag", "value": "صعب", "query": "seq:1..4"}
    told = world.post(f"/projects/{world.project['id']}/table/preview", body).json()
    assert (told["tasks"], told["change"], told["left_out"]) == (4, 4, {})
    job = ended(world, begin(world, **body).json()["job"])
    assert (job["changed"], job["can_undo"]) == (4, True)
    assert seqs(world, "tag:صعب") == [1, 2, 3, 4]
    assert [one["name"] for one in world.get(f"/projects/{world.project['id']}/table/facts").json()["tags"]] == ["صعب"]
    taken = world.post(f"/projects/{world.project['id']}/table/actions/{job['id']}/undo", {"key": "u"}).json()["job"]
    assert ended(world, taken)["changed"] == 4
    assert seqs(world, "tag:صعب") == []
    listed = world.get(f"/projects/{world.project['id']}/table/actions").json()["jobs"]
    assert [one["undoes"] for one in listed] == [job["id"], None]
    chosen = ended(world, begin(world, action="overlap", value=5, seqs=[2, 3]).json()["job"])
    assert chosen["changed"] == 2
    assert seqs(world, "overlap:5") == [2, 3]


@pytest.mark.parametrize(
    "body",
    [{"action": "drop", "query": ""}, {"action": "tag", "value": "x"}, {"action": "tag", "value": "x", "query": "y:z"},
     {"action": "remove", "query": "", "seqs": [1]}, {"action": "due", "value": "soon", "query": ""},
     {"action": "priority", "value": 10**6, "query": ""}, {"action": "tag", "value": ["a"], "seqs": [1]}],
)  # fmt: skip
def test_bad_actions(world: Any, body: dict[str, Any]) -> None:
    assert begin(world, **body).status_code == 400
    assert world.post(f"/projects/{world.project['id']}/table/preview", body).status_code == 400
    assert world.get(f"/projects/{world.project['id']}/table/actions").json()["jobs"] == []


def test_views_are_ones_own_or_the_teams(world: Any) -> None:
    base = f"/projects/{world.project['id']}/table/views"
    mona = world.workspace.db.write(lambda tx: add_worker(tx, world.workspace.owner_id, "mona", "Mona", role="manager"))
    token = _token(world, mona.id)
    mine = {"key": "v1", "name": "صعبة", "query": "p<0.7", "columns": ["text"], "shared": False}
    made = world.post(base, mine).json()["views"]
    assert [(one["name"], one["mine"]) for one in made] == [("صعبة", True)]
    assert world.post(base, mine).json()["views"] == made  # the same key
    assert world.post(base, mine | {"key": "v2"}).status_code == 409
    assert world.post(base, mine | {"key": "v3", "name": "bad", "query": "password:x"}).status_code == 400
    facts = f"/projects/{world.project['id']}/table/facts"
    assert world.get(facts, token).json()["views"] == []
    shared = world.post(base, mine | {"key": "v4", "name": "all", "shared": True}, token).json()["views"]
    view = next(one for one in shared if one["name"] == "all")
    own = made[0]["id"]

    def put(view_id: str, who: dict[str, str], version: int = 1) -> int:
        body = {"seen_version": version, "name": "new", "query": "", "columns": [], "shared": True}
        return int(world.client.put(f"/api/v1{base}/{view_id}", json=body, headers=who).status_code)

    assert put(own, token) == put("nothing", token) == 404
    assert put(view["id"], token, version=7) == 409
    assert put(view["id"], world.owner) == 200  # an owner may
    # Its maker goes; the view stays with the team, and says that they have gone.
    assert world.post(f"/workers/{mona.id}/deactivate").status_code == 200
    left = next(one for one in world.get(facts).json()["views"] if one["id"] == view["id"])
    assert left["by"] == {"name": "Mona", "active": False}
    assert world.client.delete(f"/api/v1{base}/{view['id']}", headers=world.owner).status_code == 200
    assert [one["name"] for one in world.get(facts).json()["views"]] == ["صعبة"]


def _token(world: Any, worker_id: str) -> dict[str, str]:
    from tawsim.workspaces import accounts
    from tawsim.workspaces.accounts import Identity

    identity = Identity(world.workspace.id, worker_id)
    secret = world.state.accounts.write(lambda tx: accounts.issue(tx, "token", identity))
    return {"authorization": f"Bearer {secret}"}


def test_answers_have_their_promised_shapes(world: Any) -> None:
    world.answer(world.layla)
    base = f"/projects/{world.project['id']}/table"
    job = ended(world, begin(world, action="tag", value="x", seqs=[1]).json()["job"])
    body = {"action": "gold", "value": 0.5, "query": ""}
    view = {"key": "v", "name": "v", "query": "", "columns": []}
    given = {
        shapes.TableShape: table(world, "seq:1"),
        shapes.TableFacts: world.get(base + "/facts"),
        shapes.TaskShape: world.get(base + "/tasks/1"),
        shapes.BulkPreview: world.post(base + "/preview", body),
        shapes.JobsShape: world.get(base + "/actions"),
        shapes.JobShape: world.get(f"{base}/actions/{job['id']}"),
        shapes.ViewsShape: world.post(base + "/views", view),
        shapes.TagsShape: world.post(base + "/tags/rename", {"old": "x", "new": "y"}),
    }
    for shape, answer in given.items():
        adapter: TypeAdapter[Any] = TypeAdapter(shape)
        assert adapter.dump_python(adapter.validate_python(answer.json()), mode="json") == answer.json(), shape


def test_labellers_and_reviewers_stay_outside(world: Any) -> None:
    base = f"/projects/{world.project['id']}/table"
    for path in ("", "/facts", "/file", "/tasks/1", "/actions"):
        assert world.get(base + path, world.layla).status_code == 403
    assert world.post(base + "/actions", {"key": "k", "action": "remove", "query": ""}, world.layla).status_code == 403
    assert world.get("/projects/nothing/table").status_code == 404
    assert world.get("/projects/nothing/table/actions/x").status_code == 404
