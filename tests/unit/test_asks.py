"""What a row asks: reading it strictly, narrowing by what is left of it, and how it is told."""

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tawsim.core.errors import BadInput
from tawsim.kinds import read_questions
from tawsim.kinds.asks import narrowed, read_asks, told

QUESTIONS = read_questions(
    [
        {"kind": "choice", "name": "topic", "labels": ["a", "b", "c"]},
        {"kind": "choices", "name": "tags", "labels": ["x", "y", "z"], "at_least": 2, "at_most": 3},
        {"kind": "choices", "name": "tree", "separator": "/", "labels": ["علم/طب", "علم/فلك", "فن", "فن/خط", "علوم"]},
        {"kind": "scale", "name": "fluency"},
        {"kind": "text", "name": "why", "when": {"question": "topic", "is": ["a"]}},
        {"kind": "text", "name": "more", "when": {"question": "fluency", "is": [1]}, "required": False},
        {
            "kind": "spans", "name": "who", "on": "text", "labels": ["per", "org", "loc"],
            "relations": [
                {"label": "works", "from": ["per"], "to": ["org", "loc"]},
                {"label": "near", "from": [], "to": []},
            ],
        },
    ]
)  # fmt: skip
NAMES = [one.name for one in QUESTIONS]


def names(asks: Any) -> list[str]:
    return [one.name for one in narrowed(QUESTIONS, asks)]


def one(asks: Any, name: str) -> Any:
    return next(question for question in narrowed(QUESTIONS, asks) if question.name == name)


@pytest.mark.parametrize("empty", [None, "", "  ", {}, "{}", " { } "])
def test_nothing_said_asks_everything(empty: Any) -> None:
    assert read_asks(QUESTIONS, empty) is None
    assert narrowed(QUESTIONS, empty) == QUESTIONS


def test_only_what_is_named_is_asked_in_the_projects_order() -> None:
    asks = {"fluency": True, "topic": {"labels": ["c", " a "]}}
    for given_ in (asks, json.dumps(asks), f"  {json.dumps(asks)} "):
        assert read_asks(QUESTIONS, given_) == {"topic": {"labels": ["a", "c"]}, "fluency": True}
        assert names(given_) == ["topic", "fluency"]
        assert one(given_, "topic").labels == ("a", "c")


def test_a_question_that_waits_for_one_that_is_not_asked_is_not_asked() -> None:
    assert names({"fluency": True, "why": True, "more": True}) == ["fluency", "more"]
    assert names({"topic": True, "why": True}) == ["topic", "why"]
    with pytest.raises(BadInput, match="waits for a question that is not asked") as raised:
        read_asks(QUESTIONS, {"why": True})
    assert raised.value.details["field"] == "why"


def test_a_branch_stands_for_all_that_grows_on_it() -> None:
    assert one({"tree": {"labels": ["علم"]}}, "tree").labels == ("علم/طب", "علم/فلك")
    assert one({"tree": {"labels": ["فن"]}}, "tree").labels == ("فن",), "a label is itself before it is a branch"
    with pytest.raises(BadInput, match="is not a label"):
        read_asks(QUESTIONS, {"topic": {"labels": ["a/b"]}})


def test_how_many_of_a_set_fits_what_is_offered() -> None:
    assert (one({"tags": {"labels": ["x"]}}, "tags").at_least, one({"tags": {"labels": ["x"]}}, "tags").at_most) == (
        1,
        1,
    )
    assert one({"tags": {"labels": ["x", "y"]}}, "tags").at_most == 2


def test_rules_of_relations_that_can_join_nothing_go() -> None:
    rules = one({"who": {"labels": ["per", "loc"]}}, "who").relations
    assert rules == ({"label": "works", "from": ["per"], "to": ["loc"]}, {"label": "near", "from": [], "to": []})
    assert [rule["label"] for rule in one({"who": {"labels": ["org", "loc"]}}, "who").relations] == ["near"]


@pytest.mark.parametrize(
    ("asks", "words", "field"),
    [
        ({"nothing": True}, "no question 'nothing'", "nothing"),
        ({"topic": {"labels": ["a", "q"]}}, "'q' is not a label of “topic”", "topic"),
        ({"topic": {"labels": [1]}}, "1 is not a label", "topic"),
        ({"topic": {"labels": []}}, "offers no label", "topic"),
        ({"topic": {"labels": "a"}}, "takes true or", "topic"),
        ({"topic": {"labels": ["a"], "more": 1}}, "takes true or", "topic"),
        ({"topic": False}, "takes true or", "topic"),
        ({"topic": ["a"]}, "takes true or", "topic"),
        ({"fluency": {"labels": ["1"]}}, "asked whole", "fluency"),
        ({"fluency": None}, "asked whole", "fluency"),
        (["topic"], "JSON object", None),
        ('["topic"]', "JSON object", None),
        ("topic", "JSON object", None),
        ('{"topic": tru', "JSON object", None),
        (True, "JSON object", None),
        (7, "JSON object", None),
    ],
)
def test_what_is_wrong_is_named(asks: Any, words: str, field: str | None) -> None:
    with pytest.raises(BadInput, match=words) as raised:
        read_asks(QUESTIONS, asks)
    assert raised.value.details.get("field") == field
    assert raised.value.hint


# ---- rows that are there while the questions go on -----------------------------------------------------------------
def test_what_is_gone_narrows_to_what_is_left() -> None:
    assert names({"gone": True, "fluency": True}) == ["fluency"]
    assert one({"topic": {"labels": ["gone", "b"]}}, "topic").labels == ("b",)
    assert names({"topic": {"labels": ["gone"]}, "fluency": True}) == ["fluency"]


@pytest.mark.parametrize(
    "asks", [{"gone": True}, {"topic": {"labels": ["gone"]}}, {"why": True}, "no JSON", "[1]", 5, True]
)
def test_where_nothing_is_left_everything_is_asked(asks: Any) -> None:
    assert narrowed(QUESTIONS, asks) == QUESTIONS


def test_a_label_with_a_new_name_is_offered_under_it() -> None:
    renamed = {"topic": {"old": "b", "c": "a"}}
    [topic] = narrowed(QUESTIONS, {"topic": {"labels": ["old"]}}, renamed)
    assert topic.labels == ("b",)
    [topic] = narrowed(QUESTIONS, {"topic": {"labels": ["c"]}}, renamed)
    assert topic.labels == ("c",), "a label that is there is itself"


def test_what_grew_on_a_branch_is_offered_under_its_new_name() -> None:
    renamed = {"tree": {"علم/كيمياء": "علوم", "علم/قديم": "gone"}}
    [tree] = narrowed(QUESTIONS, {"tree": {"labels": ["علم"]}}, renamed)
    assert tree.labels == ("علم/طب", "علم/فلك", "علوم")
    [tree] = narrowed(QUESTIONS, {"tree": {"labels": ["فن"]}}, {"tree": {"فن/رسم": "علوم"}})
    assert tree.labels == ("فن",), "a label that is there is itself"


# ---- laws ------------------------------------------------------------------------------------------------------------
LABELS = st.lists(st.sampled_from(["a", "b", "c", "x", "y", "علم", "فن/خط", "per", "gone"]), max_size=4)
ASKS = st.dictionaries(st.sampled_from([*NAMES, "gone"]), st.just(True) | LABELS.map(lambda found: {"labels": found}))


@settings(max_examples=100, deadline=None)
@given(asks=ASKS)
def test_what_is_read_is_what_is_narrowed(asks: Any) -> None:
    """Strict reading and narrowing agree; what goes out reads back to the same; a second narrowing changes nothing."""
    found = narrowed(QUESTIONS, asks)
    assert found
    assert [question.name for question in found] == [name for name in NAMES if name in {q.name for q in found}]
    wire = told(QUESTIONS, found)
    assert narrowed(QUESTIONS, json.loads(json.dumps(wire))) == found
    assert narrowed(found, wire) == found
    try:
        clean = read_asks(QUESTIONS, asks)
    except BadInput:
        return
    assert narrowed(QUESTIONS, clean) == found
    assert clean is None or read_asks(QUESTIONS, clean) == clean


ANY = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([*NAMES, "labels", "q"]), inner, max_size=3),
    max_leaves=8,
)  # fmt: skip


@settings(max_examples=100, deadline=None)
@given(asks=ANY)
def test_nothing_that_stands_in_a_row_breaks_it(asks: Any) -> None:
    assert narrowed(QUESTIONS, asks, {"topic": {"q": "a"}})
    with contextlib.suppress(BadInput):
        read_asks(QUESTIONS, asks)
