"""The truth of projects as they are: several questions, some not asked or left out, few people, nothing found, ties."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from kinds_world import answer, hire, make

from tawsim.kinds import KINDS, question_to_json
from tawsim.loop.exporting import export, export_stream
from tawsim.loop.overview import progress
from tawsim.loop.truths import project_truth, truth_page
from tawsim.sdk.tables import Truth
from tawsim.workspaces.workspace import Workspace

ANN_BOB_CEM = ("Ann", "باسم", "Cem")


def asked(
    workspace: Workspace, questions: Sequence[Any], rows: Sequence[Any], said: Mapping[str, Sequence[Any]]
) -> Any:
    """A project, with the answers of each worker to its tasks in order."""
    project = make(workspace, questions, rows)
    for worker, given in said.items():
        answer(workspace, project, hire(workspace, worker), rows, given)
    return project


def page(workspace: Workspace, project: Any, question: str | None = None) -> dict[str, Any]:
    """The page of the truth, as strict JSON has it: NaN fails."""
    found = truth_page(project_truth(workspace.db, project.id, question), workspace.db)
    for order in ("seq", "doubt"):
        json.dumps(
            truth_page(project_truth(workspace.db, project.id, question), workspace.db, order=order), allow_nan=False
        )
    repr(Truth(found, found["tasks"], project.text_column))
    json.dumps(progress(workspace.db, project.id), allow_nan=False)
    for line in b"".join(export_stream(workspace.db, project.id, "jsonl")).splitlines():
        json.loads(line, parse_constant=lambda word: pytest.fail(word))
    result: dict[str, Any] = json.loads(json.dumps(found, allow_nan=False))
    return result


def labels(found: Mapping[str, Any]) -> list[Any]:
    return [task["label"] for task in found["tasks"]]


def texts(*words: str) -> list[dict[str, str]]:
    return [{"text": word} for word in words]


def one_of_each(name: str) -> tuple[dict[str, Any], dict[str, Any], Any, Any]:
    example = KINDS[name].example
    return question_to_json(example.question), dict(example.content), example.one, example.other


# ---- several questions --------------------------------------------------------------------------------------------
CLEAR = {"kind": "choice", "name": "clear", "labels": ["yes", "no"]}
PRICE = {"kind": "number", "name": "price", "low": 0, "high": 100, "when": {"question": "clear", "is": ["yes"]}}
NOTE = {"kind": "text", "name": "note", "required": False}


def test_each_question_has_a_truth_of_those_who_were_asked(workspace: Workspace) -> None:
    rows = texts("a", "b", "c")
    said = {
        worker: [{"clear": "yes", "price": 10 + place}, {"clear": "no"}, {"clear": "yes", "note": "see label"}]
        for place, worker in enumerate(ANN_BOB_CEM)
    }
    for given in said.values():
        given[2] |= {"price": 40}
    said["Ann"][2].pop("note")
    project = asked(workspace, [CLEAR, PRICE, NOTE], rows, said)
    assert labels(page(workspace, project)) == ["yes", "no", "yes"]
    price = page(workspace, project, "price")
    assert [task["answers"] for task in price["tasks"]] == [3, 0, 3]
    assert price["tasks"][1]["label"] is price["tasks"][1]["p"] is None
    assert price["tasks"][0]["label"] == pytest.approx(11, abs=1)
    assert price["tasks"][0]["low"] <= price["tasks"][0]["label"] <= price["tasks"][0]["high"]
    note = page(workspace, project, "note")
    assert labels(note) == [None, None, "see label"]
    assert [task["answers"] for task in note["tasks"]] == [0, 0, 2]
    columns, table = export(workspace.db, project.id)
    assert columns == [
        "text", "tawsim_task", "clear", "clear_p", "clear_votes", "price", "price_p", "price_low", "price_high", "note",
        "note_p", "answers",
    ]  # fmt: skip
    assert [(row["price"] is None, row["note"], row["answers"]) for row in table] == [
        (False, None, 3), (True, None, 3), (False, "see label", 3),
    ]  # fmt: skip


def test_a_question_that_nobody_was_asked_is_empty_and_breaks_nothing(workspace: Workspace) -> None:
    project = asked(workspace, [CLEAR, PRICE], texts("a"), {"Ann": [{"clear": "no"}]})
    found = page(workspace, project, "price")
    assert found["summary"] | {"sure": 0} == {"tasks": 1, "labelled": 0, "mean_p": None, "sure": 0}
    assert (found["workers"], found["agreement"], found["why_code"]) == ([], None, "no_answers")


# ---- few people, ties, nothing found ------------------------------------------------------------------------------
@pytest.mark.parametrize("name", list(KINDS))
def test_one_worker_and_one_answer_are_enough(workspace: Workspace, name: str) -> None:
    question, content, one, _ = one_of_each(name)
    project = asked(workspace, [question], [content, content], {"Ann": [{question["name"]: one}]})
    found = page(workspace, project)
    kind, read = KINDS[name], project.questions[0]
    assert found["tasks"][0]["label"] is not None
    clean = kind.validate(read, found["tasks"][0]["label"], content)
    assert kind.distance(read, clean, kind.validate(read, one, content)) < 0.01
    assert found["tasks"][1]["label"] is None
    assert [worker["answers"] for worker in found["workers"]] == [1] * len(found["workers"])
    assert found["agreement"] is None


@pytest.mark.parametrize("name", list(KINDS))
def test_two_who_say_different_things_give_an_answer_of_the_kind(workspace: Workspace, name: str) -> None:
    question, content, one, other = one_of_each(name)
    said = {"Ann": [{question["name"]: one}], "Bob": [{question["name"]: other}]}
    project = asked(workspace, [question], [content], said)
    [label] = labels(page(workspace, project))
    assert label is not None
    assert KINDS[name].validate(project.questions[0], label, content) == label


def test_a_number_from_one_answer_has_no_interval(workspace: Workspace) -> None:
    question = {"kind": "number", "name": "price"}
    project = asked(workspace, [question], texts("a"), {"Ann": [{"price": 12.5}]})
    [task] = page(workspace, project)["tasks"]
    assert (task["label"], task["low"], task["high"], task["p"]) == (12.5, None, None, None)
    [row] = export(workspace.db, project.id)[1]
    assert (row["price"], row["price_low"], row["price_high"], row["price_p"]) == (12.5, None, None, None)


RELATED = {
    "kind": "spans", "name": "entities", "on": "text", "labels": ["PER", "LOC"],
    "relations": [{"label": "lives in", "from": ["PER"], "to": ["LOC"]}],
}  # fmt: skip


def test_texts_in_which_nobody_found_anything(workspace: Workspace) -> None:
    nothing: Any = {"entities": {"spans": [], "relations": []}}
    project = asked(workspace, [RELATED], texts("ليلى", "Omar"), {name: [nothing] * 2 for name in ANN_BOB_CEM})
    assert labels(page(workspace, project)) == [nothing["entities"]] * 2


def test_spans_that_nobody_related(workspace: Workspace) -> None:
    spans = [{"start": 0, "end": 4, "label": "PER"}, {"start": 8, "end": 14, "label": "LOC"}]
    given: Any = {"entities": {"spans": spans, "relations": []}}
    project = asked(workspace, [RELATED], texts("ليلى في الرباط"), {name: [given] for name in ANN_BOB_CEM})
    [label] = labels(page(workspace, project))
    assert [span["text"] for span in label["spans"]] == ["ليلى", "الرباط"]
    assert label["relations"] == []


@pytest.mark.parametrize(
    ("kind", "empty"),
    [
        ("boxes", {"size": [640, 480], "boxes": []}),
        ("polygons", {"size": [640, 480], "polygons": []}),
        ("keypoints", {"size": [640, 480], "points": []}),
    ],
)
def test_pictures_in_which_nobody_found_anything(workspace: Workspace, kind: str, empty: Any) -> None:
    question, content, _, _ = one_of_each(kind)
    project = asked(workspace, [question], [content], {name: [{question["name"]: empty}] for name in ANN_BOB_CEM})
    assert labels(page(workspace, project)) == [empty]


def test_silence_keeps_the_length_of_the_recording(workspace: Workspace) -> None:
    question, content, one, _ = one_of_each("segments")
    silent = {"duration": 9.5, "segments": []}
    said = {name: [{question["name"]: silent}, {question["name"]: one}] for name in ANN_BOB_CEM}
    found = labels(page(workspace, asked(workspace, [question], [content, content], said)))
    assert found[0] == silent
    assert found[1]["duration"] == 9.5


def test_no_label_of_choices_at_all(workspace: Workspace) -> None:
    question = {"kind": "choices", "name": "topics", "labels": ["a", "b"]}
    project = asked(workspace, [question], texts("x"), {name: [{"topics": []}] for name in ANN_BOB_CEM})
    assert labels(page(workspace, project)) == [[]]


# ---- by kind ------------------------------------------------------------------------------------------------------
def test_reasons_that_must_be_given_do_not_stand_in_the_way_of_the_truth(workspace: Workspace) -> None:
    criterion = {"name": "faithful", "title": "أمين", "low": 1, "high": 3, "reason": "always"}
    question = {"kind": "rubric", "name": "summary", "criteria": [criterion]}
    said = {
        name: [{"summary": {"faithful": {"score": 2 + (name == "Cem"), "reason": f"says {name}"}}}]
        for name in ANN_BOB_CEM
    }
    project = asked(workspace, [question], texts("x"), said)
    [label] = labels(page(workspace, project))
    assert label["faithful"]["score"] == 2
    votes = [row["label"]["faithful"]["reason"] for row in export(workspace.db, project.id, "votes")[1]]
    assert sorted(votes) == sorted(f"says {name}" for name in ANN_BOB_CEM)


def test_lines_of_a_text_stay_where_somebody_wrote_these_words(workspace: Workspace) -> None:
    poem = "قفا نبكِ من ذكرى حبيبٍ ومنزلِ\n\nبسِقطِ اللِّوى بين الدَّخولِ فحَوملِ\n  - imru"
    question = {"kind": "text", "name": "copy"}
    project = asked(workspace, [question], texts("x"), {"Ann": [{"copy": poem}]})
    assert labels(page(workspace, project)) == [poem]
    three = {
        "Ann": [{"copy": poem}], "Bob": [{"copy": poem}], "Cem": [{"copy": " ".join(poem.split())}],
    }  # fmt: skip
    with_three = make(workspace, [question], texts("x"), name="three")
    for worker, given in three.items():
        answer(workspace, with_three, hire(workspace, f"{worker} 2"), texts("x"), given)
    assert labels(page(workspace, with_three)) == [poem]


def test_a_text_that_nobody_wrote_is_put_together_of_words(workspace: Workspace) -> None:
    """Each of three has another word wrong: no one's lines can be taken."""
    question = {"kind": "text", "name": "copy"}
    right = "one two\nthree four five\nsix seven eight"
    said = {
        name: [{"copy": right.replace(wrong, "X")}] * 4
        for name, wrong in zip(ANN_BOB_CEM, ("two", "five", "seven"), strict=True)
    }
    project = asked(workspace, [question], texts(*"abcd"), said)
    assert {" ".join(label.split()) for label in labels(page(workspace, project))} <= {
        right.replace("\n", " "), *(" ".join(one[0]["copy"].split()) for one in said.values())
    }  # fmt: skip


def test_ties_of_a_ranking_stay_ties(workspace: Workspace) -> None:
    question = {"kind": "ranking", "name": "order", "candidates": ["x", "y", "z"]}
    row = {"x": "1", "y": "2", "z": "3"}
    tied: Any = {"order": [["y"], ["x", "z"]]}
    project = asked(workspace, [question], [row] * 3, {name: [tied] * 3 for name in ANN_BOB_CEM})
    assert labels(page(workspace, project)) == [tied["order"]] * 3


def test_measures_of_people_are_named_and_null_where_there_are_none(workspace: Workspace) -> None:
    expected = {
        "choice": "accuracy", "scale": "sharpness", "number": "spread", "pairwise": "sharpness", "text": "word_error",
        "boxes": "hit_rate",
    }  # fmt: skip
    for name, measure in expected.items():
        question, content, one, _ = one_of_each(name)
        project = make(workspace, [question], [content], name=name)
        for worker in ANN_BOB_CEM:
            answer(workspace, project, hire(workspace, f"{worker} {name}"), [content], [{question["name"]: one}])
        found = page(workspace, project)
        assert found["measure"] == measure
        for worker in found["workers"]:
            assert worker["verdict"] in ("trusted", "careless", "mixes", "unsure")
            assert worker["why"]["code"]
