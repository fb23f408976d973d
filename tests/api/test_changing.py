"""Changing a running project over HTTP: preview, change, versions of the guideline, suggestions; and who may not."""

from typing import Any

import pytest
from tests.api.test_shapes import holds

from tawsim.core.ids import new_id
from tawsim.server import changing as routes

LABELS = ["إيجابي", "سلبي"]


def question(*labels: str, **more: Any) -> dict[str, Any]:
    return {"kind": "choice", "name": "label", "labels": list(labels)} | more


def put(world: Any, body: Any, who: Any = None) -> Any:
    return world.client.put(f"/api/v1/projects/{world.project['id']}/schema", json=body, headers=who or world.owner)


def path(world: Any, end: str) -> str:
    return f"/projects/{world.project['id']}/{end}"


def test_preview_refusal_and_change(world: Any) -> None:
    world.answer(world.layla, "سلبي")
    change = {"questions": [question("إيجابي", "محايد")]}
    told = world.post(path(world, "schema/preview"), change)
    assert told.status_code == 200, told.text
    holds(routes.PreviewShape, told)
    assert told.json()["misfits"] == 1
    assert told.json()["questions"][0]["reasons"][0]["examples"] == [{"seq": 1, "answer": "سلبي"}]
    seen = told.json()["seen_version"]
    refused = put(world, change | {"seen_version": seen})
    assert refused.status_code == 409
    assert refused.json()["error"]["details"]["preview"]["misfits"] == 1
    done = put(world, change | {"seen_version": seen, "on_misfits": "keep"})
    assert done.status_code == 200, done.text
    holds(routes.ChangedShape, done)
    assert done.json()["project"]["schema_version"] == 2
    assert put(world, change | {"seen_version": seen, "questions": [question(*LABELS)]}).status_code == 409
    truth = world.get(path(world, "truth")).json()
    assert (truth["misfits"], truth["labels"]) == (1, ["إيجابي", "محايد"])
    mine = world.get(path(world, "annotations/mine"), world.layla).json()["annotations"][0]
    assert (mine["answers"], mine["schema_version"]) == ({}, 1)


@pytest.mark.parametrize(
    "body",
    [
        {}, {"seen_version": "x"}, {"seen_version": 1, "questions": "x"}, {"seen_version": 1, "questions": [3]},
        {"seen_version": 1, "questions": []}, {"seen_version": 1, "content": [{"kind": "x"}]},
        {"seen_version": 1, "renamed": []}, {"seen_version": 1, "on_misfits": "forget"},
        {"seen_version": 1, "questions": [question("\ud800", "b")]},
    ],
)  # fmt: skip
def test_malformed_changes_are_answered(world: Any, body: Any) -> None:
    import json

    text = json.dumps(body)
    url = f"/api/v1{path(world, 'schema')}"
    answer = world.client.put(url, content=text, headers=world.owner | {"content-type": "application/json"})
    assert answer.status_code == 400, answer.text
    assert world.get(f"/projects/{world.project['id']}").json()["project"]["schema_version"] == 1


def test_everybody_reads_the_guidelines(world: Any) -> None:
    body = {"seen_version": world.project["version"], "guideline": "كلُّ شيء **بوضوح**"}
    answer = world.client.patch(f"/api/v1/projects/{world.project['id']}", json=body, headers=world.owner)
    assert answer.status_code == 200, answer.text
    for who in (world.owner, world.layla):
        listed = world.get(path(world, "guidelines"), who)
        holds(routes.GuidelinesShape, listed)
        assert [one["version"] for one in listed.json()["guidelines"]] == [2, 1]
        one = world.get(path(world, "guidelines/2"), who)
        holds(routes.GuidelineShape, one)
        assert (one.json()["text"], one.json()["size"]) == (body["guideline"], len(body["guideline"]))
        for gone in ("3", "0", "-1", str(10**30)):
            assert world.get(path(world, f"guidelines/{gone}"), who).status_code == 404
        assert world.get("/projects/none/guidelines", who).status_code == 404


def test_labellers_change_nothing_and_see_no_suggestion(world: Any) -> None:
    """With the switch off no route that a labeller may call lets anything of a suggestion out."""
    secret = "a-model-that-nobody-names"
    rows = [{"task": i, "answer": "سلبي", "p": 0.123456} for i in range(1, 13)]
    made = world.post(path(world, "suggestions"), {"rows": rows, "source": secret})
    assert made.status_code == 200, made.text
    holds(routes.SuggestReportShape, made)
    holds(routes.SourcesShape, world.get(path(world, "suggestions")))
    owners = [
        ("POST", "schema/preview", {"questions": []}), ("PUT", "schema", {"seen_version": 1}), ("GET", "suggestions", None),
        ("POST", "suggestions", {"rows": []}), ("POST", "suggestions/column", {"column": "x"}),
        ("POST", "suggestions/file?filename=x.csv", None),
    ]  # fmt: skip
    for method, end, body in owners:
        answer = world.client.request(method, f"/api/v1{path(world, end)}", json=body, headers=world.layla)
        assert answer.status_code == 403, end
    lease = world.post(path(world, "next"), {"count": 3}, world.layla)
    first = lease.json()["leases"][0]["lease"]["id"]
    taken = world.post(f"/leases/{first}/submit", {"key": new_id(1), "answers": {"label": "سلبي"}}, world.layla)
    undone = world.post(f"/annotations/{taken.json()['annotation']['id']}/undo", {"key": "u"}, world.layla)
    seen = [lease, taken, undone, world.post(path(world, "next"), {"count": 5}, world.layla)]
    ends = ("annotations/mine", "guidelines", "guidelines/1", "progress", "truth", "tasks", "export?kind=votes")
    seen += [world.get(path(world, end), world.layla) for end in ends]
    seen += [
        world.get(end, world.layla) for end in ("/projects", f"/projects/{world.project['id']}", "/drafts", "/session")
    ]
    for answer in seen:
        assert secret not in answer.text, answer.request.url
        assert "0.123456" not in answer.text, answer.request.url


def test_suggestions_from_a_file_and_a_column(world: Any) -> None:
    url = f"/api/v1{path(world, 'suggestions/file')}?filename=model.csv"
    sent = world.client.post(url, content="task,answer\n1,سلبي\n".encode(), headers=world.owner)
    assert (sent.status_code, sent.json()["source"]) == (200, "model"), sent.text
    bad = world.client.post(url, content="task,answer\n1,سلبي\n2,x\n".encode(), headers=world.owner)
    assert (bad.status_code, bad.json()["error"]["details"]["row"]) == (400, 2)
    assert world.post(path(world, "suggestions/column"), {"column": "absent"}).status_code == 400
    for body in ({}, {"rows": "x"}, {"rows": []}, {"rows": [[]]}, {"rows": [{}], "by": 3}):
        assert world.post(path(world, "suggestions"), body).status_code == 400, body
