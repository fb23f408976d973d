"""Whatever arrives from outside ends in words: `BadInput` and nothing else, for every type and every door of the translation."""

import json
import time
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scale_forms import FIELDS, PICTURE, TASKS, TEXT, WITHOUT

from tawsim.core.errors import BadInput
from tawsim.kinds import read_questions
from tawsim.kinds.content import read_blocks
from tawsim.scale.asking import lacks, work_of
from tawsim.scale.inventing import invent
from tawsim.scale.merging import merged
from tawsim.scale.plain import MOST_DEPTH, MOST_VALUES, check_plain
from tawsim.scale.responding import answers_of, response_of
from tawsim.scale.types import TYPES, check

NAMES = sorted(
    {key for _, params in (*TASKS, *WITHOUT) for key in params} | {"hypothesis", "template_variables", "taxonomies"}
)
WORDS = st.one_of(
    st.sampled_from(
        ["", "—", "tie", "a", "text", "image", "category", "box", PICTURE, "scaledata://x", "\ud800", "\0", "~0a1b2c3d"]
    ),
    st.text(max_size=12),
)
ATOMS = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.sampled_from([10**400, -1, 0, 1, 2, 10**15, 1e308]), WORDS
)
INNER = st.sampled_from(
    ["type", "field_id", "title", "choices", "label", "value", "choice", "name", "subchoices", "content", "role", "conditions",
     "objects_to_annotate", "min_width", "start", "end", "annotations", "response", "threads", "turns", "messages", "key",
     "vertices", "left", "id", "low", "high", "labels", "min", "max", "min_choices", "max_choices", "text", "endpoint", "turns"]
)  # fmt: skip
JSON = st.recursive(
    ATOMS,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(st.one_of(INNER, WORDS), inner, max_size=4)),
    max_leaves=12,
)
CALM = settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
)


def through_every_door(type_: str, params: Any, response: Any) -> None:
    """Nothing but `BadInput` comes out; and what `check` takes can be asked, invented and answered."""
    try:
        check(type_, params)
    except BadInput as error:
        error.message.encode("utf-8")  # or it could not be sent
        taken = False
    else:
        taken = True
    try:
        found = work_of(type_, params, "Do it.")
    except BadInput:
        assert not taken
        return
    if taken:
        invented = invent(type_, params, "seed")
        json.dumps(invented, allow_nan=False).encode("utf-8")
    if found is None:
        assert lacks(type_, params)
        return
    assert read_questions(found.questions)
    read_blocks(found.content)
    assert merged((), found.questions).asks
    json.dumps(found.row, allow_nan=False).encode("utf-8")
    if taken:
        assert answers_of(type_, params, invented)
    try:
        answers = answers_of(type_, params, response)
    except BadInput:
        return
    response_of(type_, params, answers)


@CALM
@given(st.sampled_from(sorted(TYPES)), st.one_of(JSON, st.dictionaries(st.sampled_from(NAMES), JSON, max_size=6)), JSON)
def test_anything_at_all(type_: str, params: Any, response: Any) -> None:
    through_every_door(type_, params, response)


@CALM
@given(st.sampled_from([*TASKS, *WITHOUT]), st.data())
def test_a_good_task_with_something_else_in_one_place(one: tuple[str, dict[str, Any]], data: Any) -> None:
    """One value of the parameters, at any depth, is another one."""
    type_, params = one
    changed = json.loads(json.dumps(params))
    held: Any = changed
    while True:
        keys = list(held) if isinstance(held, dict) else list(range(len(held)))
        if not keys:
            return
        key = data.draw(st.sampled_from(keys))
        if isinstance(held[key], dict | list) and data.draw(st.booleans()):
            held = held[key]
            continue
        held[key] = data.draw(JSON)
        break
    through_every_door(type_, changed, data.draw(JSON))


@CALM
@given(st.sampled_from(TASKS), st.data())
def test_a_good_response_with_something_else_in_one_place(one: tuple[str, dict[str, Any]], data: Any) -> None:
    type_, params = one
    response = json.loads(json.dumps(invent(type_, params, "s")))
    held: Any = response
    while True:
        keys = list(held) if isinstance(held, dict) else list(range(len(held)))
        if not keys:
            return
        key = data.draw(st.sampled_from(keys))
        if isinstance(held[key], dict | list) and data.draw(st.booleans()):
            held = held[key]
            continue
        held[key] = data.draw(JSON)
        break
    through_every_door(type_, params, response)


def deep(levels: int) -> Any:
    found: Any = "x"
    for _ in range(levels):
        found = [found]
    return found


@pytest.mark.parametrize(
    ("value", "says"),
    [
        (deep(MOST_DEPTH + 1), "nested"),
        (deep(50_000), "nested"),
        ([0] * (MOST_VALUES + 1), "values"),
        (["x" * 5_000_000] * 2, "characters"),
        ({"a": "\ud800"}, "surrogate"),
        ({"\udfff": 1}, "surrogate"),
        ({"a": "x\0"}, "null character"),
        ({"a": float("nan")}, "number"),
        ({"a": float("inf")}, "number"),
        ({"a": 10**5000}, "number"),
        ({1: "a"}, "no text"),
        ({"a": object()}, "JSON"),
    ],
    ids=[
        "deep",
        "very deep",
        "many",
        "long",
        "half",
        "half name",
        "null",
        "nan",
        "inf",
        "huge",
        "number as name",
        "object",
    ],
)
def test_what_is_no_json_of_a_size_that_people_send_is_refused(value: Any, says: str) -> None:
    with pytest.raises(BadInput, match=says):
        check_plain(value)


def test_json_of_a_usual_size_is_taken() -> None:
    check_plain({"a": deep(MOST_DEPTH - 2), "b": [None, True, 1, 1.5, TEXT]})


@pytest.mark.parametrize(
    ("type_", "params", "field"),
    [
        ("textcollection", {}, "fields"),
        ("textcollection", {"fields": [{"type": "text"}]}, "fields[0].field_id"),
        ("textcollection", {"fields": [FIELDS[0], FIELDS[0]]}, "fields[1].field_id"),
        ("textcollection", {"fields": [{"type": "category", "field_id": "a"}]}, "fields[0].choices"),
        ("textcollection", {"fields": "title"}, "fields"),
        ("textcollection", {"attachments": [{"type": "hologram", "content": "x"}]}, "attachments[0].content: type"),
        ("namedentityrecognition", {"labels": ["a"]}, "text"),
        ("namedentityrecognition", {"text": "x"}, "labels"),
        ("namedentityrecognition", {"text": 7, "labels": ["a"]}, "text"),
        ("namedentityrecognition", {"text": "x", "labels": ["a", "a"]}, "labels"),
        ("categorization", {"attachment_type": "website", "categories": ["a", "b"]}, "attachment"),
        ("categorization", {"attachment": "http://a.example/", "categories": ["a", "b"]}, "attachment_type"),
        ("categorization", {"attachment": "http://a.example/", "attachment_type": "website"}, "categories"),
        ("categorization", {"attachment": "no address", "attachment_type": "image", "categories": ["a", "b"]}, "attachment"),
        ("categorization", {"attachment": "javascript:x", "attachment_type": "website", "categories": ["a", "b"]}, "attachment"),
        ("comparison", {"attachment_type": "image", "choices": ["a", "b"]}, "attachments"),
        ("comparison", {"attachments": [PICTURE], "attachment_type": "image"}, "choices"),
        ("imageannotation", {"attachment_type": "image"}, "attachment"),
        ("imageannotation", {"attachment": PICTURE}, "geometries"),
        ("imageannotation", {"attachment": PICTURE, "geometries": {"star": {}}}, "geometries"),
        ("imageannotation", {"attachment": PICTURE, "geometries": {"box": {}}}, "geometries.box.objects_to_annotate"),
        ("annotation", {"attachment": PICTURE}, "objects_to_annotate"),
        ("annotation", {"attachment": PICTURE, "objects_to_annotate": ["a"], "min_width": "wide"}, "min_width"),
        ("transcription", {"attachment_type": "website"}, "attachment"),
        ("datacollection", {"attachment": "http://a.example/", "attachment_type": "website"}, "fields"),
        ("documenttranscription", {"attachment": PICTURE}, "features"),
        ("segmentannotation", {"attachment": PICTURE}, "labels"),
        ("chat", {}, "prompt"),
        ("chat", {"messages": [{"role": "boss", "content": "x"}]}, "messages[0].role"),
    ],
)  # fmt: skip
def test_a_missing_or_wrong_field_is_named(type_: str, params: dict[str, Any], field: str) -> None:
    with pytest.raises(BadInput) as caught:
        check(type_, params)
    assert caught.value.details["field"] == field
    assert f"`{field}`" in caught.value.message


def test_an_unknown_type_is_refused_and_an_unknown_field_is_not() -> None:
    with pytest.raises(BadInput, match="no task type"):
        check("poetry", {})
    with pytest.raises(BadInput):
        check([], {})  # type: ignore[arg-type]
    for type_, params in (*TASKS, *WITHOUT):
        check(type_, params | {"force": True, "some_new_thing": {"a": [1, None]}})


def test_conditions_that_wait_for_each_other_are_refused() -> None:
    fields = [
        {
            "type": "category",
            "field_id": one,
            "choices": ["x", "y"],
            "conditions": [{"field_id": other, "values": ["x"]}],
        }
        for one, other in (("a", "b"), ("b", "a"))
    ]
    with pytest.raises(BadInput, match="waits for itself"):
        check("textcollection", {"fields": fields})


MANY = [str(n) for n in range(10_000)]
HEAVY = [
    ("chat", {"messages": [{"role": "user", "content": "{{a" + " " * 99_000}] * 75}),
    (
        "namedentityrecognition",
        {
            "text": "x",
            "labels": MANY,
            "relationships": [{"name": f"r{n}", "source_labels": MANY[:1_000]} for n in range(100)],
        },
    ),
    (
        "namedentityrecognition",
        {
            "text": "x " * 499_000,
            "labels": ["a"],
            "hypothesis": {"annotations": [{"start": 0, "end": 900_000, "label": "a"}] * 4_000},
        },
    ),
    (
        "categorization",
        {
            "attachment": "x",
            "attachment_type": "text",
            "allow_multiple": True,
            "categories": MANY,
            "hypothesis": {"category": MANY[::-1]},
        },
    ),
    ("categorization", {"attachment": "x", "attachment_type": "text", "categories": ["x" * 700 + one for one in MANY]}),
]


@pytest.mark.parametrize(("type_", "params"), HEAVY, ids=["braces", "relations", "quotes", "pre-labels", "long labels"])
def test_the_largest_tasks_take_seconds_and_not_minutes(type_: str, params: dict[str, Any]) -> None:
    begun = time.process_time()
    check(type_, params)
    assert work_of(type_, params, "") is not None
    assert time.process_time() - begun < 15  # 0.2 to 3 s; minutes where every label is looked for among all
