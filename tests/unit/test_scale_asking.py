"""What a labeller is asked and shown: nothing of what was sent for them is lost, and what cannot be asked is not half asked."""

from pathlib import Path
from typing import Any

import pytest
from scale_forms import FIELDS, GEOMETRIES, PICTURE, TASKS, TEXT, TREE, WITHOUT, work

from tawsim.core.errors import BadInput
from tawsim.kinds import read_questions
from tawsim.kinds.content import read_blocks, with_columns
from tawsim.scale.asking import lacks, work_of
from tawsim.scale.fields import KNOWN
from tawsim.scale.form import LONGEST_NAME
from tawsim.scale.types import TYPES, check

CATEGORIES = {"attachment_type": "image", "categories": ["a", "b"]}


def named(questions: Any, name: str) -> dict[str, Any]:
    return next(dict(one) for one in questions if one["name"] == name)


@pytest.mark.parametrize(("type_", "params"), TASKS, ids=[f"{n}-{one[0]}" for n, one in enumerate(TASKS)])
def test_every_task_is_questions_blocks_and_a_row_that_hold_together(type_: str, params: dict[str, Any]) -> None:
    task = work(type_, params, "**Look** closely.")
    questions, blocks = read_questions(task.questions), read_blocks(task.content)
    assert questions
    assert {block.column for block in blocks} <= set(task.row)
    assert with_columns(questions, blocks, "instruction") == questions  # each says what it works on
    for question in questions:
        for column in (question.on, *getattr(question, "candidates", ())):
            assert not column or column in task.row
    assert {one.column for one in task.attachments} <= set(task.row)
    assert task.row["instruction"] == "**Look** closely."
    assert task.content[0] == {"kind": "markdown", "column": "instruction", "other": "", "title": ""}


@pytest.mark.parametrize(("type_", "params"), WITHOUT, ids=[f"{n}-{one[0]}" for n, one in enumerate(WITHOUT)])
def test_what_has_no_screen_is_taken_and_asks_nothing(type_: str, params: dict[str, Any]) -> None:
    check(type_, params)
    assert work_of(type_, params, "x") is None
    assert lacks(type_, params)


def test_types_without_a_screen_say_so() -> None:
    for type_, params in TASKS:
        assert TYPES[type_].screen
        assert lacks(type_, params) == ""


def test_fields_become_questions_of_their_kinds_with_their_limits() -> None:
    questions = work(*TASKS[0]).questions
    assert [one["kind"] for one in questions] == [
        "choice", "choices", "text", "number", "text", "text", "scale", "ranking", "choice", "choice",
    ]  # fmt: skip
    clear = named(questions, "clear")
    assert (clear["title"], clear["labels"], clear["required"]) == ("Is it clear? — Read twice.", ["Yes", "No"], True)
    topics = named(questions, "topics")
    assert (topics["labels"], topics["separator"]) == (["Animal / Cat", "Animal / Dog", "Plant"], " / ")
    assert (topics["at_least"], topics["at_most"]) == (0, 2)
    assert named(questions, "why")["when"] == {"question": "clear", "is": ["No"]}
    assert (named(questions, "price")["low"], named(questions, "price")["high"]) == (0, 50)
    assert named(questions, "stars")["high"] == 7
    assert "YYYY-MM-DD" in named(questions, "when")["title"]
    assert named(questions, "flag")["labels"] == ["Flagged", "—"]


def test_a_field_may_wait_for_one_that_stands_behind_it() -> None:
    fields = [
        {"type": "text", "field_id": "why", "conditions": [{"kind": ["b"]}, {"kind": "c"}]},
        {"type": "category", "field_id": "kind", "choices": ["a", "b", "c"]},
    ]
    first, second = work("textcollection", {"fields": fields}).questions
    assert first["name"] == "kind"
    assert second["when"] == {"question": "kind", "is": ["b", "c"]}


def test_conditions_that_cannot_be_kept_are_not_left_out() -> None:
    several = {
        **FIELDS[2],
        "conditions": [{"field_id": "clear", "values": ["no"]}, {"field_id": "safe", "values": [True]}],
    }
    assert "several fields" in lacks("textcollection", {"fields": [FIELDS[0], FIELDS[8], several]})
    on_text = {"type": "text", "field_id": "more", "conditions": [{"field_id": "t", "values": ["x"]}]}
    assert "conditions on a field" in lacks("textcollection", {"fields": [{"type": "text", "field_id": "t"}, on_text]})
    with pytest.raises(BadInput, match="not there"):
        check("textcollection", {"fields": [on_text]})


def test_a_field_id_that_is_no_name_has_one_that_is_its_own() -> None:
    long = "how good is the answer that the first of the two models gave " * 3
    fields = [{"type": "text", "field_id": one} for one in (long, long + ".", "two\nlines", "ok~0a1b2c3d", "شرح")]
    names = [one["name"] for one in work("textcollection", {"fields": fields}).questions]
    assert len(set(names)) == 5
    assert names[-1] == "شرح"
    assert all(len(name) <= LONGEST_NAME for name in names)
    assert names == [one["name"] for one in work("textcollection", {"fields": list(reversed(fields))}).questions][::-1]


def test_geometries_are_a_question_each_and_their_limits_stand_over_them() -> None:
    task = work("imageannotation", {"attachment": PICTURE, "geometries": GEOMETRIES})
    assert [(one["kind"], one["name"], one["title"], one["on"]) for one in task.questions] == [
        ("boxes", "box", "Boxes ≥ 10 × 10 px · مستطيلات", "image"), ("polygons", "polygon", "Outlines ≥ 3 • · مضلّعات", "image"),
        ("keypoints", "point", "Points · نقاط", "image"),
    ]  # fmt: skip
    assert task.questions[1]["labels"] == ["حقل"]  # what is displayed; the response says “field”
    assert "- **حقل** — Tilled." in task.row["about"]
    assert [(one.url, one.column, one.kind) for one in task.attachments] == [(PICTURE, "image", "image")]


def test_descriptions_of_labels_stand_beside_the_text() -> None:
    params = {
        "text": TEXT,
        "labels": [{"name": "PER*", "description": "A person."}, {"name": "ORG", "description": "A firm."}],
    }
    task = work("namedentityrecognition", params)
    assert task.row["text"] == TEXT
    assert task.row["about"].splitlines()[:2] == [r"- **PER\*** — A person.", "- **ORG** — A firm."]


def test_relations_join_only_what_they_may() -> None:
    params = {
        "text": "x y",
        "labels": ["A", "B"],
        "relationships": [{"name": "of", "source_labels": ["A"], "target_label": "B"}],
    }
    assert work("namedentityrecognition", params).questions[0]["relations"] == [
        {"label": "of", "from": ["A"], "to": ["B"]}
    ]
    with pytest.raises(BadInput, match="not among"):
        check("namedentityrecognition", {**params, "relationships": [{"name": "of", "source_label": "C"}]})


@pytest.mark.parametrize(
    ("kind", "given", "block", "fetched"),
    [
        ("text", TEXT, "text", False),
        ("text", "scaledata://a/b", "text", True),
        ("image", PICTURE, "image", True),
        ("image", "scaledata://a/b", "image", True),
        ("image", "data:image/png;base64,AAAA", "image", False),
        ("audio", "https://example.com/a.mp3", "audio", True),
        ("video", "https://example.com/a.mp4", "markdown", False),
        ("website", "https://example.com/a?b=c", "markdown", False),
        ("pdf", "https://example.com/a.pdf", "markdown", False),
    ],
)
def test_attachments_of_every_type_are_shown(kind: str, given: str, block: str, fetched: bool) -> None:
    task = work("categorization", {**CATEGORIES, "attachment": given, "attachment_type": kind})
    (shown,) = task.content
    assert shown["kind"] == block
    assert given in task.row[shown["column"]]
    assert [one.url for one in task.attachments] == ([given] if fetched else [])


def test_attachments_beside_each_other_have_columns_and_numbers_of_their_own() -> None:
    task = work(
        "comparison", {"attachments": [PICTURE, PICTURE + "?2"], "attachment_type": "image", "choices": ["yes", "no"]}
    )
    assert [(one["kind"], one["column"]) for one in task.content] == [
        ("markdown", "title"), ("image", "image"), ("markdown", "title 2"), ("image", "image 2"),
    ]  # fmt: skip
    assert (task.row["title"], task.row["title 2"]) == ("**1**", "**2**")
    assert [one.column for one in task.attachments] == ["image", "image 2"]


@pytest.mark.parametrize(
    "given",
    ["file:///etc/passwd", "javascript:alert(1)", "ftp://example.com/a", "http://", "https://exa mple.com/", "//x/y",
     "data:text/html,<script>", "https://example.com/<b>", " https://example.com/"],
)  # fmt: skip
def test_an_address_that_is_none_is_refused(given: str) -> None:
    with pytest.raises(BadInput, match="address"):
        check("categorization", {**CATEGORIES, "attachment": given})


def test_more_than_fits_beside_a_task_is_refused() -> None:
    many = [{"type": "text", "content": "x", "title": str(n)} for n in range(25)]
    with pytest.raises(BadInput, match="48 is the most"):
        check("textcollection", {"attachments": many, "fields": FIELDS})


def test_a_stored_file_that_cannot_be_shown_is_refused_in_words() -> None:
    with pytest.raises(BadInput, match="stored file"):
        check("categorization", {**CATEGORIES, "attachment": "scaledata://a/b", "attachment_type": "pdf"})


def test_choices_are_shown_in_their_words_and_told_apart() -> None:
    choices = [
        {"label": "Good", "value": "g1"},
        {"label": "Good", "value": "g2"},
        {"label": "x" * 400, "value": "long"},
        "a\tb",
        3,
    ]
    (question,) = work(
        "textcollection", {"fields": [{"type": "category", "field_id": "q", "choices": choices}]}
    ).questions
    labels = question["labels"]
    assert labels[0] == "Good"
    assert labels[1].startswith("Good (")
    assert len(labels[2]) <= 200
    assert labels[3:] == ["a b", "3"]


def test_pre_labels_are_suggestions_as_far_as_they_are_answers() -> None:
    fields = {"fields": [FIELDS[0], FIELDS[3]]}
    said = {"annotations": {"clear": {"response": [["yes"]]}, "price": {"response": [5_000]}}}
    assert work("textcollection", {**fields, "hypothesis": said}).suggestions == {"clear": "Yes"}
    box = {"type": "box", "label": "Big Cow", "left": 1, "top": 2, "width": 3, "height": 4}
    task = work(
        "imageannotation", {"attachment": PICTURE, "geometries": GEOMETRIES, "hypothesis": {"annotations": [box]}}
    )
    assert task.suggestions["box"]["boxes"] == [{"x": 1, "y": 2, "width": 3, "height": 4, "label": "Big Cow"}]
    nonsense = {"annotations": [{"type": "star"}]}
    assert (
        work("imageannotation", {"attachment": PICTURE, "geometries": GEOMETRIES, "hypothesis": nonsense}).suggestions
        == {}
    )


def test_a_tree_of_categories_is_paths_to_its_leaves() -> None:
    (question,) = work("categorization", {"attachment": "x", "attachment_type": "text", "categories": TREE}).questions
    assert question["labels"] == ["Animal / Cat", "Animal / Dog", "Plant"]
    as_object = {"Animal": ["Cat", "Dog"], "Plant": None}
    (other,) = work("categorization", {"attachment": "x", "attachment_type": "text", "categories": as_object}).questions
    assert other["labels"] == question["labels"]


def test_ten_thousand_categories_are_asked_and_one_more_is_too_many() -> None:
    many = [f"c{n}" for n in range(10_000)]
    (question,) = work("categorization", {"attachment": "x", "attachment_type": "text", "categories": many}).questions
    assert len(question["labels"]) == 10_000
    with pytest.raises(BadInput, match="10,000"):
        check("categorization", {"attachment": "x", "attachment_type": "text", "categories": [*many, "one more"]})


def test_a_conversation_is_shown_with_what_the_template_says() -> None:
    task = work("chat", {"template_variables": {"prompt": "Hello?", "audience": "children", "n": 3}})
    assert task.row["messages"] == [{"role": "user", "content": "Hello?"}]
    assert task.row["variables"] == "**audience**\n\nchildren"
    assert [one["name"] for one in task.questions] == ["response"]


def test_a_template_of_the_project_is_filled_with_the_variables_of_the_task() -> None:
    template = {
        "system": "Be {{ tone }}.",
        "messages": [{"role": "user", "content": "Say {{word}} in {{language}}, {{gone}}."}],
    }
    variables = {"tone": "brief", "word": "بيت {{tone}}", "language": "French", "note": "Mind the accent.", "n": 3}
    task = work("chat", {**template, "template_variables": variables})
    assert task.row["messages"] == [
        {"role": "system", "content": "Be brief."}, {"role": "user", "content": "Say بيت {{tone}} in French, {{gone}}."},
    ]  # fmt: skip
    assert task.row["variables"] == "**note**\n\nMind the accent."


def test_variables_without_a_template_are_the_prompt() -> None:
    assert work("chat", {"template_variables": {"question": "Why?"}}).row["messages"] == [
        {"role": "user", "content": "Why?"}
    ]
    two = work("chat", {"template_variables": {"question": "Why?", "place": "Muscat"}}).row
    assert two == {"messages": [{"role": "user", "content": "question: Why?\n\nplace: Muscat"}]}
    with pytest.raises(BadInput, match="`prompt` is required"):
        check("chat", {"template_variables": {"n": 3}})


def test_a_template_cannot_be_blown_up() -> None:
    bomb = {"prompt": "{{a}}" * 15_000, "template_variables": {"a": "x" * 90_000}}
    with pytest.raises(BadInput, match="with its variables"):
        check("chat", bomb)


def test_the_reference_names_every_type_and_every_sort_of_field() -> None:
    page = (Path(__file__).parents[2] / "docs" / "reference" / "scale_types.md").read_text(encoding="utf-8")
    for type_, one in TYPES.items():
        assert (f"`{type_}`" in page) == one.screen
    for sort in ("category", "boolean", "text", "list", "number", "date", "rating", "ranking_order"):
        assert sort in KNOWN
        assert f"`{sort}`" in page
