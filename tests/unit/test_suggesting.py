"""Predictions beside tasks: all of a file or none, the same again changes nothing, and never an answer."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.unit.labelling_world import World

from tawsim.cli import main as entry
from tawsim.core.errors import BadFile, BadInput
from tawsim.core.ids import new_id
from tawsim.intake.adding import add_tasks, numbered
from tawsim.labelling import queue
from tawsim.loop import suggesting
from tawsim.loop.exporting import export
from tawsim.loop.suggesting import suggest_column, suggest_file, suggest_rows

ROWS = [{"text": f"نص {i}", "key": f"k{i}", "predicted": label} for i, label in enumerate(["نعم", "لا", ""], 1)]


@pytest.fixture
def world(workspace: Any, clock: Any) -> World:
    made = World(workspace, clock)
    add_tasks(made.db, made.project, numbered(ROWS), actor_id=made.owner, source="t", digest=new_id(1))
    return made


def rows(world: World, *given: Any, **more: Any) -> suggesting.SuggestReport:
    return suggest_rows(world.db, world.project.id, list(given), actor_id=world.owner, **{"source": "m"} | more)


def held(world: World) -> list[tuple[Any, ...]]:
    with world.db.read() as tx:
        found = tx._connection.execute(
            "SELECT t.seq, s.question, s.source, s.answer, s.p FROM suggestion s JOIN task t ON t.id = s.task_id ORDER BY 1, 3"
        )
        return [tuple(row) for row in found]


def test_taken_once_changed_by_its_source_and_never_counted(world: World) -> None:
    first = rows(world, {"task": 1, "answer": "نعم", "p": 0.9}, {"task": "2", "answer": '"لا"', "p": "0.5"})
    assert (first.new, first.changed, first.same, first.tasks) == (2, 0, 0, 2)
    again = rows(world, {"task": 1, "answer": "نعم", "p": 0.9}, {"task": 2, "answer": "نعم"})
    assert (again.new, again.changed, again.same) == (0, 1, 1)
    other = rows(world, {"task": 1, "answer": "لا", "source": "other"})
    assert (other.source, other.new) == ("other", 1)
    assert held(world) == [
        (1, "label", "m", '"نعم"', 0.9), (1, "label", "other", '"لا"', None), (2, "label", "m", '"نعم"', None),
    ]  # fmt: skip
    assert world.counts().answers == 0
    assert list(export(world.db, world.project.id, "votes")[1]) == []
    assert suggesting.suggestion_sources(world.db, world.project.id) == [
        {"source": "m", "question": "label", "suggestions": 2}, {"source": "other", "question": "label", "suggestions": 1},
    ]  # fmt: skip


@pytest.mark.parametrize(
    "bad",
    [
        {"task": 9, "answer": "نعم"}, {"task": 1, "answer": "none"}, {"task": 1}, {"answer": "نعم"},
        {"task": True, "answer": "نعم"}, {"task": 1, "answer": "نعم", "p": 1.5},
        {"task": 1, "answer": "نعم", "p": "x"}, {"task": 1, "answer": None},
        {"task": 1, "answer": "نعم", "question": "x"}, {"task": 1, "answer": "نعم", "source": "\n"}, "text", 3,
        {"task": 10**30, "answer": "نعم"}, {"task": -1, "answer": "نعم"}, {"task": 2, "answer": "لا"},
    ],
)  # fmt: skip
def test_one_bad_row_and_none_is_taken(world: World, bad: Any) -> None:
    with pytest.raises(BadInput) as refused:
        rows(world, {"task": 2, "answer": "نعم"}, bad)
    assert refused.value.message
    assert held(world) == []


def test_a_file_by_a_column_of_the_rows(world: World, tmp_path: Path) -> None:
    file = tmp_path / "model-7.csv"
    file.write_text("key,answer,p\nk3,لا,0.25\nk1,نعم,\n", encoding="utf-8")
    report = suggest_file(world.db, world.project.id, file, actor_id=world.owner, by="key")
    assert (report.source, report.new) == ("model-7", 2)
    assert [one[0] for one in held(world)] == [1, 3]
    file.write_text("key,answer\nk3,لا\nk8,نعم\n", encoding="utf-8")
    with pytest.raises(BadFile) as refused:
        suggest_file(world.db, world.project.id, file, actor_id=world.owner, by="key")
    assert (refused.value.details["row"], refused.value.details["column"]) == (2, "key")
    with pytest.raises(BadInput):
        suggest_file(world.db, world.project.id, file, actor_id=world.owner, by="absent")


def test_an_id_that_two_rows_have_names_neither(world: World) -> None:
    add_tasks(world.db, world.project, numbered(ROWS[:1]), actor_id=world.owner, source="t", digest=new_id(1))
    with pytest.raises(BadFile, match="several rows"):
        rows(world, {"key": "k1", "answer": "نعم"}, by="key")


def test_a_column_of_the_rows_is_the_prediction(world: World) -> None:
    report = suggest_column(world.db, world.project.id, "predicted", actor_id=world.owner)
    assert (report.source, report.new, report.empty) == ("predicted", 2, 1)
    assert suggest_column(world.db, world.project.id, "predicted", actor_id=world.owner).same == 2
    with pytest.raises(BadInput):
        suggest_column(world.db, world.project.id, "absent", actor_id=world.owner)
    with pytest.raises(BadFile):
        suggest_column(world.db, world.project.id, "text", actor_id=world.owner)


def test_shown_only_while_the_switch_is_on_and_to_later_leases(world: World) -> None:
    before = world.lease(world.a)
    rows(world, *({"task": i, "answer": "نعم", "p": 0.8} for i in (1, 2, 3)))
    assert world.lease(world.b).shown["suggestions"] == {}
    world.change(settings={"suggestions": True})
    assert before.shown["suggestions"] == {}
    assert world.lease(world.a).shown["suggestions"] == {}  # granted before
    world.submit(world.a, before.lease_id)
    shown = world.lease(world.a)
    assert shown.shown["suggestions"] == {"label": {"answer": "نعم", "source": "m", "p": 0.8}}
    world.change(settings={"suggestions": False})
    assert world.lease(world.a).shown["suggestions"] == {}
    world.submit(world.a, shown.lease_id, {"label": "لا"})
    votes = list(export(world.db, world.project.id, "votes")[1])
    assert [one["drawn"] for one in votes] == [None, {"suggestion": {"answer": "نعم", "source": "m", "p": 0.8}}]


def test_one_that_does_not_fit_the_questions_any_more_is_not_shown(world: World) -> None:
    from tawsim.loop.changing import change_project_schema

    rows(world, {"task": 1, "answer": "لا"})
    world.change(settings={"suggestions": True})
    new = [{"kind": "choice", "name": "label", "labels": ["نعم", "ربما"]}]
    change_project_schema(world.db, world.owner, world.project.id, 2, questions=new)
    with world.db.read() as tx:
        assert tx.one("project_get", id=world.project.id) is not None
    grant = world.db.write(lambda tx: queue.next_leases(tx, world.project.id, world.a, 1))
    assert grant.leases[0].shown["suggestions"] == {}


@pytest.mark.parametrize(
    ("question", "given", "taken"),
    [
        ({"kind": "choices", "labels": ["a", "b"]}, "a|b", ["a", "b"]),
        ({"kind": "choices", "labels": ["a", "b"]}, '["b"]', ["b"]),
        ({"kind": "number"}, "2.50", 2.5),
        ({"kind": "scale"}, "4", 4),
        ({"kind": "text"}, "[1]", "[1]"),
        ({"kind": "choice", "labels": ["1", "2"]}, 2, "2"),
        ({"kind": "spans", "labels": ["x"], "on": "text"}, '{"spans":[{"start":0,"end":2,"label":"x"}]}', None),
    ],
)
def test_answers_as_json_or_plain(workspace: Any, clock: Any, question: Any, given: Any, taken: Any) -> None:
    from tawsim.labelling.projects import NewProject, create_project

    world = World(workspace, clock)
    new = NewProject(name="other", questions=[{"name": "q"} | question])
    world.project = world.db.write(lambda tx: create_project(tx, world.owner, "p2", new))
    add_tasks(world.db, world.project, numbered(ROWS), actor_id=world.owner, source="t", digest=new_id(1))
    rows(world, {"task": 1, "answer": given})
    answer = json.loads(held(world)[0][3])
    assert answer == taken if taken is not None else answer["spans"][0]["text"] == "نص"


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("TAWSIM_WORKSPACE", raising=False)

    def once(*arguments: object) -> tuple[int, str]:
        capsys.readouterr()
        code = entry.run([str(one) for one in arguments])
        wrote = capsys.readouterr()
        return code, wrote.out + wrote.err

    return once


def test_the_command(run: Any, tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text("text,predicted\nواحد,a\nاثنان,b\n", encoding="utf-8")
    (tmp_path / "made.jsonl").write_text('{"task": 2, "answer": "a", "p": 0.7}\n', encoding="utf-8")
    assert run("project", "create", "job", "--labels", "a,b")[0] == 0
    assert run("import", "rows.csv")[0] == 0
    code, told = run("suggest", "job", "made.jsonl")
    assert (code, "1 new" in told, "is off" in told) == (0, True, True), told
    assert json.loads(run("suggest", "job", "--column", "predicted", "--json")[1])["new"] == 2
    assert run("suggest", "job")[0] == 3
    assert run("suggest", "job", "absent.csv")[0] == 3
