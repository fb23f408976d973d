"""Truth, agreement, figures and files over rows that ask different things: what was not asked is not missing."""

import csv
import io
import json
from typing import Any

import pytest
from kinds_world import answer, hire, make

from tawsim.core.records import Project
from tawsim.kinds import KINDS, question_to_json
from tawsim.labelling.projects import update_project
from tawsim.loop import inferring
from tawsim.loop.asking import read_offers
from tawsim.loop.exporting import export, export_stream
from tawsim.loop.following import judge
from tawsim.loop.importing import import_rows
from tawsim.loop.inferring import forget_truths, project_truth
from tawsim.loop.overview import progress
from tawsim.loop.quality import forget_quality, quality_page
from tawsim.loop.truths import truth_page
from tawsim.workspaces.workspace import Workspace

TOPIC = {"kind": "choice", "name": "topic", "labels": ["a", "b", "c"]}
TAGS = {"kind": "choices", "name": "tags", "labels": ["x", "y", "z"]}
FLUENCY = {"kind": "scale", "name": "fluency"}
ASKED = {"settings": {"asks": "ask"}}


def mixed(workspace: Workspace) -> tuple[Project, list[dict[str, Any]]]:
    """Two people answer three rows: one asks all, one topics a and b alone, one the fluency alone."""
    rows = [
        {"text": "one", "ask": ""}, {"text": "two", "ask": {"topic": {"labels": ["a", "b"]}}},
        {"text": "three", "ask": {"fluency": True}},
    ]  # fmt: skip
    project = make(workspace, [TOPIC, TAGS, FLUENCY], rows, overlap=2, **ASKED)
    for name in ("Ann", "Omar"):
        given = [{"topic": "c", "tags": ["x"], "fluency": 2}, {"topic": "b"}, {"fluency": 4}]
        answer(workspace, project, hire(workspace, name), rows, given)
    return project, rows


def test_what_was_not_asked_is_an_empty_cell_and_no_vote(workspace: Workspace) -> None:
    project, _ = mixed(workspace)
    found = list(csv.DictReader(io.StringIO(b"".join(export_stream(workspace.db, project.id, "csv")).decode())))
    assert [(one["topic"], one["tags"], one["fluency"], one["answers"]) for one in found] == [
        ("c", '["x"]', "2", "2"), ("b", "", "", "2"), ("", "", "4", "2"),
    ]  # fmt: skip
    assert [(one["tags_p"] == "", one["topic_p"] == "") for one in found] == [
        (False, False),
        (True, False),
        (True, True),
    ]
    votes = list(export(workspace.db, project.id, "votes")[1])
    assert sorted({(one["task"], one["question"]) for one in votes}) == [
        (1, "fluency"), (1, "tags"), (1, "topic"), (2, "topic"), (3, "fluency"),
    ]  # fmt: skip


def test_a_truth_counts_the_tasks_that_ask_its_question(workspace: Workspace) -> None:
    project, _ = mixed(workspace)
    for question, tasks in (("topic", 2), ("tags", 1), ("fluency", 2)):
        page = truth_page(project_truth(workspace.db, project.id, question), workspace.db)
        assert (page["summary"]["tasks"], page["summary"]["labelled"]) == (tasks, tasks)
    done = progress(workspace.db, project.id)["progress"]
    assert (done["tasks"], done["done"], done["answers"]) == (3, 3, 6)


def test_figures_of_quality_are_of_those_who_were_asked(workspace: Workspace) -> None:
    project, _ = mixed(workspace)
    for question, compared in (("topic", 2), ("fluency", 2)):
        page = quality_page(workspace.db, project.id, question, wait_s=30)
        assert page["counts"]["tasks"] == compared
        assert page["counts"]["compared"] == compared
    forget_quality(workspace.db)


def test_a_task_never_has_a_label_that_its_row_did_not_offer(workspace: Workspace) -> None:
    """Ann says a where all others say c: of a row that she alone answers with a, c is as likely, unless it is not on offer."""
    rows: list[dict[str, Any]] = [{"text": f"t{i}", "ask": ""} for i in range(30)]
    project = make(workspace, [TOPIC], rows, overlap=4, **ASKED)
    people = [hire(workspace, one) for one in ("Ann", "B", "C", "D")]
    for person in people:
        given = [{"topic": "a" if person == people[0] and i % 2 else "bc"[i % 2]} for i in range(30)]
        answer(workspace, project, person, rows, given)
    more: list[dict[str, Any]] = [
        {"text": "last", "ask": {"topic": {"labels": ["a", "b"]}}},
        {"text": "free", "ask": ""},
    ]
    import_rows(workspace.db, project, more, actor_id=workspace.owner_id, key="2")
    answer(workspace, project, people[0], [*rows, *more], [{"topic": "a"}, {"topic": "a"}])
    whole = project_truth(workspace.db, project.id)
    changed = judge(workspace.db, project, project.questions[0], seen=whole.revision - 2).truth
    for truth in (whole, changed):
        narrow, free = truth.places([31, 32]).tolist()
        assert truth.probabilities[free, 2] > 0.1, "nothing is tested"
        assert truth.probabilities[narrow, 2] == 0
        assert truth.probabilities[narrow].sum() == pytest.approx(1)
        assert truth.p[narrow] == truth.probabilities[narrow].max() > truth.p[free]
        assert truth.label(narrow) == "a"


def test_of_a_set_only_what_was_on_offer_is_left(workspace: Workspace) -> None:
    rows = [
        {"text": "one", "ask": {"tags": {"labels": ["z", "x"]}}},
        {"text": "two"},
        {"text": "3", "ask": {"topic": True}},
    ]
    project = make(workspace, [TAGS, TOPIC], rows, **ASKED)
    offers = read_offers(workspace.db, project, project.questions[0], 3)
    assert offers is not None
    chosen = [("x", "y", "z"), ("x", "y"), ("y",)]
    assert offers.left_of(chosen, [1, 2, 3]) == (("x", "z"), ("x", "y"), ("y",))
    assert offers.unasked == 1
    assert offers.left_of([None], [1]) == (None,)


def test_a_truth_that_follows_keeps_to_what_rows_offer(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inferring, "QUICK_S", 0.0)
    rows: list[dict[str, Any]] = [{"text": f"t{i}", "ask": ""} for i in range(30)]
    project = make(workspace, [TOPIC], rows, overlap=4, **ASKED)
    people = [hire(workspace, one) for one in ("Ann", "B", "C", "D")]
    for person in people:
        given = [{"topic": "a" if person == people[0] and i % 2 else "bc"[i % 2]} for i in range(30)]
        answer(workspace, project, person, rows, given)
    assert project_truth(workspace.db, project.id).total == 30
    more = [{"text": "last", "ask": {"topic": {"labels": ["a", "b"]}}}]
    import_rows(workspace.db, project, more, actor_id=workspace.owner_id, key="2")
    answer(workspace, project, people[0], [*rows, *more], [{"topic": "a"}])
    truth = project_truth(workspace.db, project.id)
    assert not inferring._kept[workspace.db.path, project.id, "topic"].following.is_exact, "it was learned anew"
    assert truth.probabilities[truth.place(31), 2] == 0
    forget_truths(workspace.db)


def test_the_setting_is_followed_at_once(workspace: Workspace) -> None:
    rows = [{"text": "one", "ask": {"fluency": True}}, {"text": "two", "ask": ""}]
    project = make(workspace, [TOPIC, FLUENCY], rows)
    assert project_truth(workspace.db, project.id).total == 2
    changes = {"settings": {"asks": "ask"}}
    workspace.db.write(lambda tx: update_project(tx, workspace.owner_id, project.id, project.version, changes))
    assert project_truth(workspace.db, project.id).total == 1


def test_criteria_that_were_not_asked_for_are_not_in_the_truth(workspace: Workspace) -> None:
    example = KINDS["rubric"].example
    rows = [{"text": "one", "ask": ""}, {"text": "two", "ask": json.dumps({"summary": {"labels": ["fluent"]}})}]
    project = make(workspace, [question_to_json(example.question)], rows, overlap=2, **ASKED)
    for name in ("Ann", "Omar"):
        fluent = {"summary": {"fluent": {"score": 4}}}
        answer(workspace, project, hire(workspace, name), rows, [{"summary": example.one}, fluent])
    truth = project_truth(workspace.db, project.id)
    assert truth.label(truth.place(1)).keys() == {"faithful", "fluent"}  # type: ignore[arg-type]
    assert truth.label(truth.place(2)) == {"fluent": {"score": 4, "reason": ""}}  # type: ignore[arg-type]
    quality_page(workspace.db, project.id, "summary", wait_s=30)
    forget_quality(workspace.db)
