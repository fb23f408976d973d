"""Answers → response → answers, for every type with a screen, and what responses look like."""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scale_forms import ANSWERED, FIELDS, PICTURE, TASKS, TEXT, WITHOUT, answers, sizeless, work

from tawsim.core.errors import BadInput
from tawsim.scale.inventing import invent
from tawsim.scale.merging import own_names, renamed
from tawsim.scale.responding import answers_of, response_of
from tawsim.scale.types import TYPES, check

EVERY = pytest.mark.parametrize(("type_", "params"), TASKS, ids=[f"{n}-{one[0]}" for n, one in enumerate(TASKS)])


def over_the_wire(value: Any) -> Any:
    return json.loads(json.dumps(value))


def test_every_type_with_a_screen_is_tried_here() -> None:
    assert {name for name, one in TYPES.items() if one.screen} - {type_ for type_, _ in TASKS} == {"boxannotation"}


@EVERY
@settings(max_examples=10, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large], deadline=None)
@given(data=st.data())
def test_answers_come_back_from_the_response_that_says_them(type_: str, params: dict[str, Any], data: Any) -> None:
    check(type_, params)
    task = work(type_, params)
    given_ = data.draw(answers(task))
    response = over_the_wire(response_of(type_, params, given_, task_id="t1"))
    assert sizeless(answers_of(type_, params, response)) == sizeless(given_)
    assert over_the_wire(response_of(type_, params, given_, task_id="t1")) == response
    # The project may have called the questions otherwise.
    others = own_names(task.questions)
    assert over_the_wire(response_of(type_, params, renamed(given_, others), task_id="t1")) == response


@EVERY
def test_an_invented_response_passes_as_a_real_one_and_is_the_same_again(type_: str, params: dict[str, Any]) -> None:
    for seed in ("a", "b", "c"):
        response = over_the_wire(invent(type_, params, seed))
        assert answers_of(type_, params, response)
        assert over_the_wire(invent(type_, params, seed)) == response


@pytest.mark.parametrize(("type_", "params"), WITHOUT, ids=[f"{n}-{one[0]}" for n, one in enumerate(WITHOUT)])
def test_what_has_no_screen_is_invented_too_and_never_answered(type_: str, params: dict[str, Any]) -> None:
    assert "annotations" in invent(type_, params, "s")
    with pytest.raises(BadInput, match="no screen"):
        response_of(type_, params, {})


def test_a_segmentation_is_invented_in_its_own_form() -> None:
    response = invent("segmentannotation", dict(WITHOUT[0][1]), "s")
    assert set(response["annotations"]["labeled"]) == {"road", "car", "bus"} == set(response["labelMapping"])
    assert {one["index"] for one in response["labelMapping"].values()} == {1, 2, 3}


def test_a_collection_is_answered_by_field_with_lists_of_paths() -> None:
    type_, params = TASKS[0]
    answered = {
        "clear": "No", "topics": ["Animal / Cat", "Plant"], "why": "long", "price": 3, "names": "a\nb", "stars": 7,
        "order": [["2"], ["1"], ["3"]], "safe": "true", "flag": "—",
    }  # fmt: skip
    found = response_of(type_, params, answered)["annotations"]
    assert found["clear"] == {"type": "category", "field_id": "clear", "response": [["no"]]}
    assert {key: one["response"] for key, one in found.items() if key != "clear"} == {
        "topics": [["animal", "cat"], ["plant"]], "why": ["long"], "price": [3], "names": ["a", "b"], "stars": [7],
        "order": ["y", "x", "z"], "safe": [True], "flag": [],
    }  # fmt: skip


def test_fields_without_choices_are_said_as_lists_and_heard_as_one_value_too() -> None:
    """What Scale's own pages show is a category's response alone; whoever sends an expected response may send either form."""
    fields = [{"type": "text", "field_id": "what"}, {"type": "number", "field_id": "many"}]
    params = {"fields": fields}
    said = response_of("textcollection", params, {"what": "a dog", "many": 2})["annotations"]
    assert {key: one["response"] for key, one in said.items()} == {"what": ["a dog"], "many": [2]}
    plain = {"annotations": {"what": {"response": "a dog"}, "many": {"response": 2}}}
    for sent in ({"annotations": said}, plain):
        assert answers_of("textcollection", params, sent) == {"what": "a dog", "many": 2}


def test_categories_are_one_text_or_a_list_of_them_with_their_ids() -> None:
    params = {"attachment": "x", "attachment_type": "text", "categories": ["a", "b"], "category_ids": {"7": "a"}}
    assert response_of("categorization", params, {"category": "a"}) == {"category": "a", "category_id": "7"}
    many = params | {"allow_multiple": True}
    assert response_of("categorization", many, {"category": ["a", "b"]}) == {
        "category": ["a", "b"],
        "category_id": ["7", None],
    }


def test_entities_count_code_points_and_are_quoted_from_the_text() -> None:
    params = {"text": TEXT, "labels": ["PER", "ORG"], "relationships": [{"name": "of", "source_label": "PER"}]}
    start, end = TEXT.index("ليلَى"), TEXT.index("ليلَى") + len("ليلَى")
    other = TEXT.index("OpenAI")
    spans = [
        {"start": start, "end": end, "label": "PER", "text": ""}, {"start": other, "end": other + 6, "label": "ORG", "text": ""},
    ]  # fmt: skip
    answered = {"entities": {"spans": spans, "relations": [{"from": 0, "to": 1, "label": "of"}]}}
    found = response_of("namedentityrecognition", params, answered, task_id="t")
    assert [one["text"] for one in found["annotations"]] == ["ليلَى", "OpenAI"]
    first, second = (one["id"] for one in found["annotations"])
    assert found["relationships"][0]["source_ref"] == first
    assert found["relationships"][0]["target_ref"] == second
    elsewhere = response_of("namedentityrecognition", params, answered, task_id="u")
    assert elsewhere["annotations"][0]["id"] != first


def test_boxes_lie_by_left_and_top_and_outlines_by_vertices() -> None:
    params = {
        "attachment": PICTURE,
        "geometries": {"box": {"objects_to_annotate": ["a"]}, "polygon": {"objects_to_annotate": ["b"]}},
    }
    answered = {
        "box": {"size": [640, 480], "boxes": [{"x": 1.5, "y": 2, "width": 3, "height": 4, "label": "a"}]},
        "polygon": {"size": [640, 480], "polygons": [{"points": [[0, 0], [5, 0], [0, 5]], "label": "b"}]},
    }  # fmt: skip
    box, outline = response_of("imageannotation", params, answered, task_id="t")["annotations"]
    assert {k: v for k, v in box.items() if k != "uuid"} == {
        "type": "box",
        "label": "a",
        "left": 1.5,
        "top": 2,
        "width": 3,
        "height": 4,
    }
    assert outline["vertices"] == [{"x": 0, "y": 0}, {"x": 5, "y": 0}, {"x": 0, "y": 5}]
    assert box["uuid"] != outline["uuid"]


def test_rows_of_a_table_are_read_across_its_columns() -> None:
    type_, params = next(one for one in TASKS if one[0] == "transcription")
    answered = {"title": "T", "top": "R", "username": "ada\nbob", "comment_count": "3"}
    assert response_of(type_, params, answered) == {
        "fields": {"title": "T", "top": "R"},
        "repeatable_fields": [{"username": "ada", "comment_count": "3"}, {"username": "bob"}],
    }


def test_lines_and_boxes_of_a_document_belong_together_where_they_are_as_many() -> None:
    type_, params = next(one for one in TASKS if one[0] == "documenttranscription")
    boxes = [
        {"x": 5, "y": 90, "width": 9, "height": 9, "label": "name"}, {"x": 50, "y": 5, "width": 9, "height": 9, "label": "name"},
    ]  # fmt: skip
    found = response_of(type_, params, {"regions": {"size": [0, 0], "boxes": boxes}, "name": "upper\nlower"})[
        "annotations"
    ]
    assert [(one["text"], one["top"]) for one in found] == [("upper", 5), ("lower", 90)]


def test_what_was_compared_itself_comes_back_word_for_word() -> None:
    params = {"attachments": ["one text", "another"], "attachment_type": "text", "choices": ["one text", "another"]}
    assert work("comparison", params).questions[0]["kind"] == "pairwise"
    assert response_of("comparison", params, {"choice": {"best": "2"}}) == {"choice": "another"}


def test_a_label_that_was_taken_away_and_a_missing_answer_are_no_reason_to_fail() -> None:
    params = {"attachment": "x", "attachment_type": "text", "categories": ["a", "b"]}
    assert response_of("categorization", params, {"category": "gone"}) == {"category": "gone"}
    for type_, one in TASKS:
        assert isinstance(response_of(type_, one, {}), dict)


@pytest.mark.parametrize(
    ("type_", "params", "response", "says"),
    [
        (
            "categorization",
            {"attachment": "x", "attachment_type": "text", "categories": ["a", "b"]},
            {"category": "c"},
            "not offered",
        ),
        ("categorization", {"attachment": "x", "attachment_type": "text", "categories": ["a", "b"]}, {}, "missing"),
        ("categorization", {"attachment": "x", "attachment_type": "text", "categories": ["a", "b"]}, ["a"], "object"),
        (
            "textcollection",
            {"fields": FIELDS[:1]},
            {"annotations": {"other": {"response": [["yes"]]}}},
            "none of the task",
        ),
        (
            "textcollection",
            {"fields": FIELDS[:1]},
            {"annotations": {"clear": {"response": [["yes"], ["no"]]}}},
            "not offered",
        ),
        (
            "namedentityrecognition",
            {"text": TEXT, "labels": ["PER"]},
            {"annotations": [{"start": 0, "end": 10_000, "label": "PER"}]},
            "runs from",
        ),
        (
            "namedentityrecognition",
            {"text": TEXT, "labels": ["PER"]},
            {"annotations": [{"start": 0, "end": 2, "label": "PER", "text": "??"}]},
            "quote",
        ),
        (
            "imageannotation",
            {"attachment": PICTURE, "geometries": {"box": {"objects_to_annotate": ["a"]}}},
            {"annotations": [{"type": "line", "label": "a"}]},
            "one of box",
        ),
        (
            "imageannotation",
            {"attachment": PICTURE, "geometries": {"box": {"objects_to_annotate": ["a"]}}},
            {"annotations": [{"type": "box", "label": "a", "left": 1}]},
            "number",
        ),
        ("chat", {"messages": ANSWERED}, {"threads": []}, "one thread"),
    ],
)
def test_an_expected_response_that_is_no_answer_is_refused_in_words(
    type_: str, params: dict[str, Any], response: Any, says: str
) -> None:
    with pytest.raises(BadInput, match=says):
        answers_of(type_, params, response)
