"""The union of what tasks ask, and the asks that narrow it again: laws, limits, and two fields of one name."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scale_forms import FIELDS, TASKS, work

from tawsim.core.errors import BadInput
from tawsim.kinds import question_to_json, read_questions
from tawsim.kinds.asks import narrowed, read_asks
from tawsim.kinds.content import read_blocks
from tawsim.scale import merging
from tawsim.scale.merging import merged, merged_all, merged_content

Json = list[dict[str, Any]]


def plain(questions: Any) -> Json:
    return [question_to_json(one) for one in questions]


def narrow(union: Any, asks: Any) -> Json:
    """What a row with these asks is asked, as K's reader and narrowing have it."""
    questions = read_questions(union)
    return plain(narrowed(questions, read_asks(questions, asks)))


def of(categories: list[Any], **more: Any) -> Json:
    params = {"attachment": "x", "attachment_type": "text", "categories": categories, **more}
    return [dict(one) for one in work("categorization", params).questions]


def fields(*specs: dict[str, Any]) -> Json:
    return [dict(one) for one in work("textcollection", {"fields": list(specs)}).questions]


# Tasks that may well meet in one project: the same fields with other choices, other limits, other types.
letters = st.lists(st.sampled_from("abcdefgh"), min_size=2, max_size=5, unique=True)
field = st.one_of(
    st.builds(lambda one: {"type": "category", "field_id": "q", "choices": one}, letters),
    st.builds(lambda one: {"type": "category", "field_id": "q", "choices": one, "title": "Which?"}, letters),
    st.builds(lambda one: {"type": "category", "field_id": "q", "choices": one, "max_choices": 2}, letters),
    st.just({"type": "text", "field_id": "q"}),
    st.just({"type": "number", "field_id": "q", "min": 0}),
)
more = st.lists(
    st.one_of(
        st.builds(lambda one: {"type": "category", "field_id": "r", "choices": one}, letters),
        st.just({"type": "text", "field_id": "s"}),
    ),
    max_size=2,
    unique_by=lambda one: one["field_id"],
)


@st.composite
def tasks(draw: Any) -> Json:
    first, rest = draw(field), draw(more)
    if first["type"] == "category" and draw(st.booleans()):
        condition = [{"field_id": "q", "values": first["choices"][:1]}]
        rest.append({"type": "text", "field_id": "because", "conditions": condition})
    return fields(first, *rest)


@settings(max_examples=60, deadline=None)
@given(st.lists(tasks(), min_size=1, max_size=6))
def test_narrowing_the_union_by_a_tasks_asks_gives_that_task_back(wanted: list[Json]) -> None:
    found = merged_all([], wanted)
    union = found[-1].questions
    for one, task in zip(found, wanted, strict=True):
        asked = {question["name"]: question for question in narrow(union, one.asks)}
        assert set(asked) == set(one.names.values())
        for question in plain(read_questions(task)):
            here = asked[one.names[question["name"]]]
            labels = here.get("labels", ())
            assert sorted(labels) == sorted(question.get("labels", ()))
            whole = next(other for other in union if other["name"] == here["name"])
            assert list(labels) == [label for label in whole.get("labels", ()) if label in set(labels)]
            expected = {**question, "name": here["name"], "labels": labels}
            if "when" in question:
                expected["when"] = {**question["when"], "question": one.names[question["when"]["question"]]}
            assert {**here, "labels": labels} == expected


@settings(max_examples=40, deadline=None)
@given(st.lists(tasks(), min_size=1, max_size=5), st.randoms())
def test_merging_again_changes_nothing_and_the_order_only_the_order(wanted: list[Json], chance: Any) -> None:
    union = merged_all([], wanted)[-1].questions
    again = merged_all(union, wanted)
    assert again[-1].questions == union
    assert not again[-1].grew
    shuffled = list(wanted)
    chance.shuffle(shuffled)
    other = merged_all([], shuffled)[-1].questions

    def bag(questions: Any) -> list[Any]:
        """Questions without what the order decides: their order, that of labels, and who has the plain name."""
        marks = merging._marks(merging._canonical(questions))
        return sorted(
            (merging.OTHER.sub("", one["name"]), marks[one["name"]], sorted(one.get("labels", ()))) for one in questions
        )

    assert bag(union) == bag(other)


@pytest.mark.parametrize(("type_", "params"), TASKS, ids=[f"{n}-{one[0]}" for n, one in enumerate(TASKS)])
def test_a_task_alone_is_asked_what_it_asks(type_: str, params: dict[str, Any]) -> None:
    wanted = work(type_, params).questions
    one = merged((), wanted)
    assert narrow(one.questions, one.asks) == plain(read_questions(wanted))
    assert one.names == {question["name"]: question["name"] for question in wanted}


def test_labels_are_added_at_the_end_and_asks_name_all_of_a_tasks() -> None:
    first = merged((), of(["b", "a"]))
    second = merged(first.questions, of(["c", "a"]))
    assert second.questions[0]["labels"] == ["b", "a", "c"]
    assert second.asks == {"category": {"labels": ["a", "c"]}}
    # All that there is today is named too: the row must not be asked more tomorrow.
    assert first.asks == {"category": {"labels": ["b", "a"]}}


def test_a_field_of_one_id_and_two_types_is_two_questions() -> None:
    first = merged((), fields({"type": "text", "field_id": "q"}))
    second = merged(first.questions, fields({"type": "number", "field_id": "q"}))
    assert [one["kind"] for one in second.questions] == ["text", "number"]
    name = second.names["q"]
    assert name != "q"
    assert second.asks == {name: True}
    assert merged(second.questions, fields({"type": "number", "field_id": "q"})).names == {"q": name}


def test_what_waits_for_another_waits_for_the_question_of_its_own_task() -> None:
    def task(title: str) -> Json:
        return fields(
            {"type": "category", "field_id": "q", "choices": ["a", "b"], "title": title},
            {"type": "text", "field_id": "why", "conditions": [{"field_id": "q", "values": ["a"]}]},
        )

    found = merged_all([], [task("one"), task("two"), task("three")])
    assert len(found[-1].questions) == 6
    for one in found:
        why = next(question for question in found[-1].questions if question["name"] == one.names["why"])
        assert why["when"]["question"] == one.names["q"]


def test_too_many_questions_or_labels_say_what_to_do() -> None:
    one = fields(*({"type": "text", "field_id": f"q{n}"} for n in range(60)))
    other = fields(*({"type": "text", "field_id": f"r{n}"} for n in range(60)))
    union = merged((), one).questions
    with pytest.raises(BadInput, match="120 different questions") as caught:
        merged(union, other)
    assert "project's parameters" in caught.value.hint
    many = merged((), of([f"a{n}" for n in range(9_999)])).questions
    with pytest.raises(BadInput, match="10,001 labels"):
        merged(many, of(["x", "y"]))


def test_a_project_with_questions_of_its_own_keeps_them() -> None:
    own = plain(read_questions([{"kind": "scale", "name": "category", "low": 1, "high": 3}]))
    one = merged(own, of(["a", "b"]))
    assert one.questions[0]["kind"] == "scale"
    assert set(one.asks) == {one.names["category"]} != {"category"}


def test_blocks_are_joined_by_what_they_show() -> None:
    image = work(
        "categorization",
        {"attachment": "https://example.com/a.png", "attachment_type": "image", "categories": ["a", "b"]},
    )
    text = work("textcollection", {"attachments": [{"type": "text", "content": "x"}], "fields": FIELDS}, "Look.")
    found = merged_content(image.content, text.content)
    kinds = [("image", "image"), ("markdown", "instruction"), ("text", "text")]
    assert [(one["kind"], one["column"]) for one in found] == kinds
    assert read_blocks(found)
    assert merged_content(found, text.content) == found
    with pytest.raises(BadInput, match="different things"):
        merged_content((), [{"kind": "text", "column": f"c{n}"} for n in range(51)])
