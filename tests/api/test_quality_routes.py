"""The quality page over HTTP: who may see it, its promised shape, tables as files, tasks behind figures."""

import csv
import io
import time
from typing import Any

import pytest
from pydantic import TypeAdapter

from tawsim.server import quality_shapes


@pytest.fixture
def answered(world: Any) -> Any:
    for label in ("إيجابي", "سلبي", "إيجابي", "إيجابي", "سلبي", "إيجابي"):
        world.answer(world.layla, label)
        world.answer(world.omar, "إيجابي")
    return world


def get(world: Any, path: str = "", **asked: str) -> Any:
    address = f"/projects/{world.project['id']}/quality{path}"
    for _ in range(100):
        found = world.client.get("/api/v1" + address, params=asked, headers=world.owner)
        if found.headers["content-type"] != "application/json" or not found.json().get("computing"):
            break
        time.sleep(0.05)  # the first page is made in the background
    return found


def holds(shape: Any, answer: Any) -> None:
    assert answer.status_code == 200, answer.text
    adapter = TypeAdapter(shape)
    assert adapter.dump_python(adapter.validate_python(answer.json()), mode="json") == answer.json()


def test_the_page_and_its_tasks_have_their_promised_shapes(answered: Any) -> None:
    page = get(answered)
    holds(quality_shapes.QualityShape, page)
    found = page.json()
    assert (found["state"], found["counts"]["compared"]) == ("ready", 6)
    behind = get(answered, "/tasks", **{k: str(v) for k, v in found["mixed"][0]["behind"].items()})
    holds(quality_shapes.QualityTasksShape, behind)
    assert behind.json()["total"] == 2
    names = {answer["name"] for answer in behind.json()["tasks"][0]["answers"]}
    assert names == {"ليلى", "Omar"}
    for table in ("agreement", "labels", "confusion", "mixed", "people", "pairs", "against_truth", "slices", "time"):
        holds(quality_shapes.QualityTableShape, get(answered, f"/tables/{table}"))


@pytest.mark.parametrize("path", ["", "/tasks", "/tables/people"])
def test_who_labels_sees_nothing_of_it(answered: Any, path: str) -> None:
    address = f"/projects/{answered.project['id']}/quality{path}"
    refused = answered.get(address, answered.layla)
    assert (refused.status_code, refused.json()["error"]["code"]) == (403, "TW-NOT-ALLOWED")
    assert "Omar" not in refused.text
    assert answered.client.get("/api/v1" + address).status_code == 401
    absent = answered.get("/projects/none/quality" + path)
    assert absent.status_code == 404


def test_a_table_is_a_file_that_no_spreadsheet_calculates(answered: Any) -> None:
    found = get(answered, "/tables/people", format="csv")
    assert found.headers["content-disposition"] == 'attachment; filename="quality-people.csv"'
    rows = list(csv.DictReader(io.StringIO(found.text.removeprefix("\ufeff"))))
    assert {row["name"] for row in rows} == {"ليلى", "Omar"}
    assert all(float(row["agree_with_others_low"]) <= float(row["agree_with_others"]) for row in rows)
    assert get(answered, "/tables/passwords").status_code == 404


@pytest.mark.parametrize(
    "asked", [{"of": "passwords"}, {"of": "mixed", "a": "x"}, {"of": "label", "a": "none"}, {"of": "person", "worker": "x" * 300}]
)  # fmt: skip
def test_what_nobody_can_ask_is_refused(answered: Any, asked: dict[str, str]) -> None:
    assert get(answered, "/tasks", **asked).status_code == 400


def test_an_unknown_question_is_absent_and_an_empty_project_is_empty(world: Any) -> None:
    assert get(world, question="nothing").status_code == 404
    assert get(world).json()["state"] == "empty"
