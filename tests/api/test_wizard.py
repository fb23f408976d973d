"""The wizard over HTTP: a file is proposed, templates are given, a plan is checked, and what is proposed can be made."""

import base64
import gzip
import io
import json
from typing import Any

import pytest

from tawsim.loop.project_file import parse_project_file
from tawsim.loop.template_files import TEMPLATES

CSV = "id,text,label\n" + "".join(f"{i},كلام طويل عن الطلب {i},{'جيد' if i % 2 else 'سيئ'}\n" for i in range(40))


def propose(world: Any, data: bytes, **query: str) -> Any:
    params = {"filename": "reviews.csv", **query}
    headers = {**world.owner, "content-type": "application/octet-stream"}
    return world.client.post("/api/v1/wizard/propose", content=data, params=params, headers=headers)


def test_a_file_becomes_a_project(world: Any) -> None:
    answer = propose(world, CSV.encode())
    assert answer.status_code == 200, answer.text
    found = answer.json()
    assert found["proposal"]["direction"] == "rtl"
    assert len(found["rows"]) == 20
    assert found["rows"][0]["text"] == "كلام طويل عن الطلب 0"
    reading = {one["column"]: one for one in found["proposal"]["columns"]}
    assert (reading["label"]["role"], reading["label"]["values"]) == ("label", ["جيد", "سيئ"])
    assert reading["text"]["why"]["ar"].startswith("نص")
    assert found["proposal"]["known"] == [{"question": "label", "column": "label"}]
    plan = found["plan"]
    checked = world.post("/wizard/check", {"plan": plan, "columns": ["id", "text", "label"]}).json()
    assert checked["ok"], checked
    assert checked["plan"] == plan
    assert parse_project_file(checked["toml"]).name == "reviews"
    assert world.post("/wizard/check", {"toml": checked["toml"]}).json()["plan"] == plan
    body = {name: plan[name] for name in ("name", "questions", "content", "text_column", "guideline", "settings")}
    project = world.post("/projects", {"key": "w1", **body}).json()["project"]
    imported = world.client.post(
        f"/api/v1/projects/{project['id']}/imports", params={"filename": "reviews.csv"}, content=CSV.encode(),
        headers=world.owner,
    )  # fmt: skip
    assert imported.json()["added"] == 40
    given = world.get(f"/projects/{project['id']}/tawsim.toml")
    assert given.headers["content-type"].startswith("application/toml")
    again = parse_project_file(given.text)
    assert [dict(one) for one in again.questions] == plan["questions"]
    shown = world.client.post(f"/api/v1/projects/{project['id']}/next", json={"count": 1}, headers=world.layla).json()
    assert "label" not in shown["leases"][0]["task"]["content"]


def test_the_head_of_a_file_is_enough(world: Any) -> None:
    whole = ("text,label\n" + "some longer words to fill the file,a\nother longer words here,b\n" * 200_000).encode()
    assert len(whole) > 8 << 20
    found = propose(world, whole).json()["proposal"]
    assert (found["rows"], found["whole"]) == (500, False)
    head = gzip.compress(CSV.encode())[:-20]
    assert propose(world, head, filename="a.csv.gz").status_code == 400
    small = propose(world, CSV.encode()[:700], cut="true")
    assert small.status_code == 200
    assert small.json()["proposal"]["whole"] is False


def test_a_row_that_is_long_is_cut_for_the_preview(world: Any) -> None:
    rows = [{"text": "word " * 200_000, "tail": "short", "list": [1] * 300_000}]
    found = propose(world, json.dumps(rows).encode(), filename="x.json").json()
    assert len(found["rows"][0]["text"]) == 200_000
    assert found["rows"][0]["tail"] == "short"
    assert found["rows"][0]["list"] is None


def test_parquet_is_read_whole(world: Any) -> None:
    pa = pytest.importorskip("pyarrow")
    import pyarrow.parquet as pq

    held = io.BytesIO()
    rows = [{"role": "user", "content": "مرحبا"}, {"role": "assistant", "content": "أهلا"}]
    pq.write_table(pa.table({"topic": ["تحية عامة هنا"], "messages": [rows]}), held)
    found = propose(world, held.getvalue(), filename="chats.parquet").json()
    assert [one["kind"] for one in found["plan"]["questions"]] == ["chat"]
    assert found["plan"]["text_column"] == "topic"


@pytest.mark.parametrize(
    ("data", "name", "words"),
    [
        (b"", "a.csv", "empty"),
        (b"%PDF-1.4", "a.csv", "PDF"),
        (b"text\n", "a.csv", "no rows"),
        (b"\x00\x01", "a.csv", ""),
    ],
)
def test_what_is_no_table_is_refused(world: Any, data: bytes, name: str, words: str) -> None:
    answer = propose(world, data, filename=name)
    assert answer.status_code == 400
    assert words in answer.json()["error"]["message"]


def test_a_template_is_put_on_a_file(world: Any) -> None:
    found = propose(world, CSV.encode(), template="ner", language="ar").json()
    assert found["plan"]["questions"][0]["kind"] == "spans"
    assert found["plan"]["questions"][0]["on"] == "text"
    assert found["plan"]["guideline"].startswith("حدّد")
    assert propose(world, CSV.encode(), template="image_boxes").status_code == 400
    assert propose(world, CSV.encode(), template="nothing").status_code == 404


def test_templates_are_listed_and_given_with_their_media(world: Any) -> None:
    listed = world.get("/wizard/templates?language=ar").json()["templates"]
    assert [one["id"] for one in listed] == list(TEMPLATES)
    one = world.get("/wizard/templates/ocr_check?language=ar").json()["template"]
    assert {row["image"] for row in one["rows"]} == set(one["media"])
    kind, data = next(iter(one["media"].values())).split(",", 1)
    assert kind == "data:image/png;base64"
    assert base64.b64decode(data).startswith(b"\x89PNG")
    assert parse_project_file(one["toml"]).guideline == one["plan"]["guideline"]
    assert world.get("/wizard/templates/nothing").status_code == 404
    assert world.get("/wizard/templates?language=fr").status_code == 400


def test_every_fault_of_a_plan_is_told_by_field(world: Any) -> None:
    plan = {
        "name": "x", "overlap": 0, "text_column": "words",
        "questions": [{"kind": "choice", "name": "a", "labels": ["one"]}, {"kind": "spans", "name": "s", "labels": ["x"]}],
        "content": [{"kind": "text", "column": "text"}],
    }  # fmt: skip
    found = world.post("/wizard/check", {"plan": plan}).json()
    assert (found["ok"], found["plan"], found["toml"]) == (False, None, "")
    assert [(one["table"], one["place"], one["field"]) for one in found["errors"]] == [
        ("", None, "overlap"), ("question", 0, "labels"),
    ]  # fmt: skip
    plan |= {"overlap": 1, "questions": [{"kind": "text", "name": "t", "draft": "ocr"}]}
    found = world.post("/wizard/check", {"plan": plan, "columns": ["id", "words"]}).json()
    assert [(one["table"], one["place"], one["field"]) for one in found["errors"]] == [
        ("content", 0, "column"), ("question", 0, "draft"),
    ]  # fmt: skip
    assert "“ocr”" in found["errors"][1]["message"]
    told = world.post("/wizard/check", {"toml": "name = 'x'\n\n[[question]]\nkind = 'no'\nname = 'q'\n"}).json()
    assert (told["errors"][0]["line"], told["errors"][0]["field"]) == (4, "kind")
    assert world.post("/wizard/check", {}).status_code == 400
    assert world.post("/wizard/check", {"plan": {}, "toml": ""}).status_code == 400
    nothing = world.post("/wizard/check", {"plan": {"name": "x", "questions": []}}).json()
    assert "at least one question" in nothing["errors"][0]["message"]


def test_words_with_tags_are_imported_as_texts(world: Any) -> None:
    lines = [json.dumps({"tokens": ["زار", "محمد", f"مدينة{i}"], "tags": ["O", "B-PER", "O"]}) for i in range(5)]
    data = "\n".join(lines).encode()
    plan = propose(world, data, filename="ner.jsonl").json()["plan"]
    assert plan["data"] == {"file": "ner.jsonl", "tokens": "tokens", "tags": "tags"}
    assert world.post("/wizard/check", {"plan": plan, "columns": ["tokens", "tags"]}).json()["ok"]
    body = {name: plan[name] for name in ("name", "questions", "content", "text_column")}
    project = world.post("/projects", {"key": "w2", **body}).json()["project"]
    for added in (False, True):
        imported = world.client.post(
            f"/api/v1/projects/{project['id']}/imports", params={"filename": "ner.jsonl", "tokens": "tokens"},
            content=data, headers=world.owner,
        )  # fmt: skip
        assert (imported.json()["added"], imported.json()["repeated"]) == (5, added), imported.text
    task = world.get(f"/projects/{project['id']}/tasks").json()["tasks"][0]
    assert task["content"]["text"] == "زار محمد مدينة0"
    wrong = world.client.post(
        f"/api/v1/projects/{project['id']}/imports", params={"filename": "x.jsonl", "tokens": "absent"},
        content=data, headers=world.owner,
    )  # fmt: skip
    assert wrong.status_code == 400
    assert "x.jsonl" in wrong.json()["error"]["message"]


def test_a_field_that_a_new_project_has_not_is_refused(world: Any) -> None:
    """`suggestions` belongs under `settings`; left aside in silence, it would seem to be on."""
    body = {"key": "k", "name": "n", "questions": [{"kind": "choice", "name": "q", "labels": ["a", "b"]}]}
    answer = world.post("/projects", {**body, "suggestions": True})
    assert answer.status_code == 400
    assert "suggestions" in answer.text
    assert world.post("/projects", {**body, "settings": {"suggestions": True}}).status_code == 200
