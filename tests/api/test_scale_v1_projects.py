"""Projects by the first version of the Scale-compatible API, with Scale's own client: each is a project of Tawsim."""

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest
import requests
from scaleapi.exceptions import ScaleDuplicateResource, ScaleInvalidRequest, ScaleResourceNotFound
from scaleapi.tasks import TaskType
from tests.api.scale_served import Served, served

from tawsim.labelling.projects import update_project
from tawsim.labelling.slots import project_row
from tawsim.loop.scale import projects
from tawsim.loop.scale.projects import PLACEHOLDER, questions_now
from tawsim.store import rows

TEXT = {"attachment": "x", "attachment_type": "text"}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("site")) as found:
        yield found


@pytest.fixture
def live(site: Served) -> Any:
    return site.client("live")


def send(site: Served, method: str, path: str, body: Any = None) -> Any:
    data = None if body is None else json.dumps(body)
    return requests.request(method, site.url + path, data=data, auth=(site.key(), ""), timeout=30)


def own(site: Served, project_id: str) -> Any:
    with site.workspace.db.read() as tx:
        return project_row(tx, project_id)


NAMES = ["cats / dogs", "x/status", "task b", "tasks", "نتائج ٢", "a" * 500, " spaces ", "é", "e\u0301", "100%?#&", "🙂",
         "line\nbreak", "setParams", ".hidden"]  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_any_name_is_made_found_and_changed_as_it_was_given(site: Served, live: Any, name: str) -> None:
    made = live.create_project(name, TaskType.Categorization, params={"instruction": "Look."})
    assert (made.name, made.type, made.version, made.instruction) == (name, "categorization", 0, "Look.")
    assert live.get_project(name).as_dict() == made.as_dict()
    assert live.update_project(name, patch=True, instruction="Look well.").instruction == "Look well."
    assert live.get_project(name).version == 1
    assert name in [one.name for one in live.projects()]
    with pytest.raises(ScaleDuplicateResource):
        live.create_project(name, TaskType.Categorization)
    task = live.create_task(TaskType.Categorization, project=name, categories=["a"], **TEXT)
    assert task.project == name
    assert [one.id for one in live.tasks(project=name)] == [task.id]


def test_it_is_a_project_of_tawsim_whose_guideline_is_its_instruction(site: Served, live: Any) -> None:
    made = live.create_project("guided", TaskType.Categorization, params={"instruction": "**First.**"})
    row = own(site, made.as_dict()["id"])
    assert (row["name"], row["guideline"], row["guideline_version"], row["overlap"]) == ("guided", "**First.**", 1, 1)
    assert questions_now(rows.project(row)) == ()
    assert rows.project(row).questions[0].title == PLACEHOLDER["title"]  # type: ignore[attr-defined]
    live.update_project("guided", instruction="Second.")
    row = own(site, made.as_dict()["id"])
    assert (row["guideline"], row["guideline_version"]) == ("Second.", 2)
    live.update_project("guided", patch=True, categories=["a"])
    assert own(site, made.as_dict()["id"])["guideline_version"] == 2


def test_a_name_that_a_project_of_people_has_is_no_hindrance(site: Served, live: Any) -> None:
    first = live.create_project("same\u0007 name", TaskType.Categorization).as_dict()["id"]
    second = live.create_project("same name", TaskType.Categorization).as_dict()["id"]
    assert {own(site, first)["name"], own(site, second)["name"]} == {"same name", "same name (2)"}


def test_renamed_on_the_pages_it_keeps_the_name_that_programs_know(site: Served, live: Any) -> None:
    project_id = live.create_project("for programs", TaskType.Categorization).as_dict()["id"]
    version = own(site, project_id)["version"]
    owner = site.workspace.owner_id
    site.workspace.db.write(lambda tx: update_project(tx, owner, project_id, version, {"name": "for people"}))
    assert live.get_project("for programs").as_dict()["id"] == project_id


def test_a_removed_one_is_archived_and_its_name_is_free(site: Served, live: Any) -> None:
    old = live.create_project("short-lived", TaskType.Categorization).as_dict()["id"]
    task = live.create_task(TaskType.Categorization, project="short-lived", categories=["a"], **TEXT)
    live.create_batch("short-lived", "of the short-lived", "")
    version = own(site, old)["version"]
    owner = site.workspace.owner_id
    site.workspace.db.write(lambda tx: update_project(tx, owner, old, version, {"state": "removed"}))
    with pytest.raises(ScaleResourceNotFound):
        live.get_project("short-lived")
    with pytest.raises(ScaleResourceNotFound):
        live.create_task(TaskType.Categorization, batch="of the short-lived", categories=["a"], **TEXT)
    assert live.get_task(task.id).project == "short-lived"
    archived = send(site, "GET", "/v1/projects?archived=True").json()
    assert [one["id"] for one in archived] == [old]
    assert archived[0]["archived"] is True
    assert old not in [one["id"] for one in send(site, "GET", "/v1/projects?archived=false").json()]
    assert live.create_project("short-lived", TaskType.Categorization).as_dict()["id"] != old
    assert live.tasks(project="short-lived").total == 0


def test_parameters_fill_what_a_task_leaves_out_as_they_were_when_it_was_made(live: Any) -> None:
    live.create_project(
        "filled", TaskType.Categorization, params={"categories": ["a", "b"], "instruction": "Of all.", "extra": 1}
    )
    task = live.create_task(TaskType.Categorization, project="filled", instruction="Of this.", extra=2, **TEXT)
    assert task.params == {"categories": ["a", "b"], "extra": 2, **TEXT}
    assert task.instruction == "Of this.\n\nOf all."
    live.update_project("filled", categories=["c", "d"], instruction="Anew.")
    assert live.get_task(task.id).as_dict() == task.as_dict()
    later = live.create_task(TaskType.Categorization, project="filled", **TEXT)
    assert (later.params, later.instruction) == ({"categories": ["c", "d"], **TEXT}, "Anew.")
    live.update_project("filled", instruction="Alone.")
    with pytest.raises(ScaleInvalidRequest, match="categories"):
        live.create_task(TaskType.Categorization, project="filled", **TEXT)


def test_versions_are_kept_and_patched(live: Any) -> None:
    live.create_project("versions", TaskType.Categorization, params={"a": 1, "b": 2, "version": 7})
    live.update_project("versions", patch=True, b=3, c=None)
    live.update_project("versions", patch=False, d=4)
    history = live.get_project("versions").as_dict()["param_history"]
    bare = [{name: value for name, value in one.items() if name != "created_at"} for one in history]
    assert bare == [{"a": 1, "b": 2, "version": 0}, {"a": 1, "b": 3, "version": 1}, {"d": 4, "version": 2}]
    assert all(one["created_at"].endswith("Z") for one in history)
    live.update_project("versions")
    assert live.get_project("versions").params.keys() == {"version", "created_at"}


def test_a_consensus_project_asks_several_people(site: Served, live: Any) -> None:
    for body, overlap in (
        ({"pipeline": "consensus_task"}, 3), ({"pipeline": "consensus_task", "consensus_attempts": 5}, 5),
        ({"pipeline": "standard_task"}, 1), ({"pipeline": None}, 1),
    ):  # fmt: skip
        name = f"pipeline {json.dumps(body)}"
        made = send(site, "POST", "/v1/projects", {"type": "categorization", "name": name} | body)
        assert made.status_code == 200, made.text
        assert own(site, made.json()["id"])["overlap"] == overlap


def test_explicit_nulls_are_nothing_and_facts_are_told(site: Served, live: Any) -> None:
    made = live.create_project("facts", TaskType.Categorization, rapid=True, studio=False, dataset_id="d-1").as_dict()
    assert (made["rapid"], made["studio"], made["datasetId"]) == (True, False, "d-1")
    body = {"type": "chat", "name": "nulls", "params": None, "rapid": None, "studio": None, "datasetId": None}
    found = send(site, "POST", "/v1/projects", body).json()
    assert not {"rapid", "studio", "datasetId"} & found.keys()
    assert len(found["param_history"]) == 1


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({}, "type"), ({"type": "chat"}, "name"), ({"name": "n"}, "type"), ({"type": "bogus", "name": "n"}, "type"),
        ({"type": 1, "name": "n"}, "type"), ({"type": "chat", "name": 1}, "name"), ({"type": "chat", "name": ""}, "name"),
        ({"type": "chat", "name": "  "}, "name"), ({"type": "chat", "name": "n" * 1001}, "name"),
        ({"type": "chat", "name": "a\u0000b"}, "name"), ({"type": "chat", "name": ["n"]}, "name"),
        ({"type": "chat", "name": "n", "params": [1]}, "params"), ({"type": "chat", "name": "n", "rapid": "yes"}, "rapid"),
        ({"type": "chat", "name": "n", "studio": 1}, "studio"), ({"type": "chat", "name": "n", "datasetId": {}}, "datasetId"),
        ({"type": "chat", "name": "n", "pipeline": "other"}, "pipeline"),
        ({"type": "chat", "name": "n", "pipeline": "consensus_task", "consensus_attempts": 0}, "attempts"),
        ({"type": "chat", "name": "n", "pipeline": "consensus_task", "consensus_attempts": "3"}, "attempts"),
        ({"type": "chat", "name": "n", "params": {"instruction": 5}}, "instruction"),
        ({"type": "chat", "name": "n", "params": {"instruction": "x" * 200_001}}, "instruction"),
        ({"type": "chat", "name": "n", "params": {"a": "x" * 1_000_001}}, "params"), ("text", ""), ([], ""), (1, ""),
    ],
)  # fmt: skip
def test_what_is_missing_or_malformed_is_400_and_named(site: Served, body: Any, named: str) -> None:
    before = len(send(site, "GET", "/v1/projects").json())
    found = send(site, "POST", "/v1/projects", body)
    assert (found.status_code, found.json()["status_code"]) == (400, 400)
    assert named in found.json()["error"]
    assert len(send(site, "GET", "/v1/projects").json()) == before


def test_setting_parameters_of_the_wrong_form_is_400(site: Served, live: Any) -> None:
    live.create_project("malformed", TaskType.Categorization)
    for body in ({"patch": "yes"}, [1], "x", {"instruction": ["x"]}, {"deep": "x" * 1_000_001}):
        assert send(site, "POST", "/v1/projects/malformed/setParams", body).status_code == 400, str(body)[:30]
    assert live.get_project("malformed").version == 0
    for path in ("", "/setParams", "/taskTemplates"):
        method = "POST" if path == "/setParams" else "GET"
        assert send(site, method, f"/v1/projects/{quote('no/such', safe='')}{path}").status_code == 404


def test_templates_are_of_texts_and_chats(live: Any) -> None:
    live.create_project("template", TaskType.TextCollection, params={"fields": [], "instruction": "Write."})
    found = live.get_project_template("template")
    assert (found.version, found.template_variables) == (0, {"fields": [], "instruction": "Write."})
    live.create_project("no template", TaskType.Categorization)
    with pytest.raises(ScaleInvalidRequest, match="categorization"):
        live.get_project("no template").get_template()


def test_tasks_without_a_project_belong_to_none_that_is_told(site: Served, live: Any) -> None:
    before = [one.name for one in live.projects()]
    tasks = [live.create_task(TaskType.Categorization, categories=["a"], **TEXT) for _ in range(2)]
    assert "project" not in tasks[0].as_dict()
    assert [one.name for one in live.projects()] == before
    with site.workspace.db.read() as tx:
        names = [
            tx.one("project_get", id=tx.one("scale_task_get", task_id=one.id)["project_id"])["name"] for one in tasks
        ]  # type: ignore[index]
    assert names == ["Scale · categorization"] * 2
    with pytest.raises(ScaleResourceNotFound):
        live.get_project("Scale · categorization")


def test_few_large_parameters_are_remembered() -> None:
    """Each may have a megabyte of text and several of values: hundreds of them filled the memory."""
    for i in range(40):
        projects.params_of({"params": json.dumps([{"x": f"{i}" * projects.SMALL, "version": 0, "created_at": ""}])})
    assert projects._versions_large.cache_info().currsize == 8
