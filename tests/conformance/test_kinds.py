"""The battery that every kind of question passes. A new kind is done when it is in KINDS and this file is green."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tawsim.core.errors import BadAnswer, BadInput
from tawsim.kinds import KINDS, kind_of, question_to_json, read_question, validate_answers

EVERY_KIND = pytest.mark.parametrize("name", list(KINDS))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


def example(name: str) -> tuple[Any, Any, Any, Any]:
    found = KINDS[name].example
    return found.question, found.one, found.other, found.bad


@EVERY_KIND
def test_a_question_survives_json(name: str) -> None:
    question = example(name)[0]
    assert read_question(json.loads(json.dumps(question_to_json(question)))) == question
    assert kind_of(question) is KINDS[name]


@EVERY_KIND
def test_good_answers_are_kept_in_one_form_and_bad_ones_are_refused(name: str) -> None:
    question, one, other, bad = example(name)
    kind = KINDS[name]
    for answer in (one, other):
        clean = kind.validate(question, answer, None)
        assert kind.validate(question, clean, None) == clean
        assert json.loads(json.dumps(clean, ensure_ascii=False)) == clean
    with pytest.raises(BadAnswer):
        kind.validate(question, bad, None)


@EVERY_KIND
def test_the_distance_is_a_distance(name: str) -> None:
    question, one, other, _ = example(name)
    distance = KINDS[name].distance
    assert distance(question, one, one) == 0
    assert 0 < distance(question, one, other) <= 1
    assert distance(question, one, other) == distance(question, other, one)


@EVERY_KIND
@given(answer=JSON)
def test_no_answer_at_all_breaks_it(name: str, answer: Any) -> None:
    question = example(name)[0]
    try:
        clean = KINDS[name].validate(question, answer, None)
    except BadAnswer:
        return
    assert KINDS[name].validate(question, clean, None) == clean


@EVERY_KIND
@given(extra=st.dictionaries(st.sampled_from(["labels", "name", "title", "at_least", "at_most", "kind"]), JSON))
def test_no_question_at_all_breaks_it(name: str, extra: dict[str, Any]) -> None:
    data = question_to_json(example(name)[0]) | extra
    try:
        question = read_question(data)
    except BadInput:
        return
    assert read_question(question_to_json(question)) == question


@EVERY_KIND
def test_answers_come_one_per_question(name: str) -> None:
    question, one, _, _ = example(name)
    assert validate_answers([question], {question.name: one}) == {
        question.name: KINDS[name].validate(question, one, None)
    }
    for wrong in ({}, {"another": one}, {question.name: one, "another": one}, [one], None, "x"):
        with pytest.raises(BadAnswer):
            validate_answers([question], wrong)
