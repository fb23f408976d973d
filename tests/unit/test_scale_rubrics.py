"""Rubrics of chat tasks: criteria are asked by number, scores are said with their weighted sum, and heard again."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scale_forms import answers, work
from scaleapi.api_client.v2.models.thread import Thread

from tawsim.core.errors import BadInput
from tawsim.scale.asking import work_of
from tawsim.scale.inventing import invent
from tawsim.scale.merging import merged
from tawsim.scale.responding import answers_of, response_of
from tawsim.scale.types import check

CRITERIA = [
    {"criterion": "الأسماء في جدول", "weight": 3}, {"id": "c2", "criterion": "Sorted.", "weight": 2, "high": 4},
    {"criterion": "No **bold**", "weight": -1}, "بالعربية",
]  # fmt: skip
TWO: dict[str, Any] = {
    "template_variables": {"prompt": "رتّب الأسماء", "rubric": CRITERIA},
    "responses": [{"content": "أ، ب", "source_id": "m1"}, {"content": "ب، أ", "source_id": "m2"}],
}
ONE = {"messages": [{"role": "user", "content": "?"}, {"role": "assistant", "content": "!"}], "rubric": CRITERIA}
TASK = "019a0000-0000-7000-8000-000000000001"


@pytest.mark.parametrize("params", [TWO, ONE], ids=["two", "one"])
@settings(max_examples=20)
@given(data=st.data())
def test_scores_are_said_with_their_weighted_sum_and_heard_again(params: dict[str, Any], data: Any) -> None:
    said = data.draw(answers(work("chat", params)))
    response = response_of("chat", params, said, task_id=TASK)
    thread = Thread.from_dict(json.loads(json.dumps(response["threads"][0])))
    assert thread is not None
    turn = thread.turns[-1]
    rated = [one for one in turn.messages if one.role.value == "assistant"]
    weights = {one.id: one.weight for one in turn.rubrics[0].criteria_definitions} if turn.rubrics else {}
    for place, message in enumerate(rated):
        scores = [said.get(f"criterion {n}", {"messages": {}})["messages"].get(str(place), {}) for n in range(1, 5)]
        given_ = [one["rating"] for one in scores if "rating" in one]
        evaluations = message.rubric_evaluations or []
        assert bool(evaluations) == bool(given_)
        for one in evaluations:
            assert [part.score for part in one.criteria_evaluations] == given_
            assert one.total_score == sum(
                part.score * weights[part.criterion_definition_id] for part in one.criteria_evaluations
            )
            assert one.percentage == round(100 * one.total_score / 12, 2)
    if turn.rubrics:
        assert turn.rubrics[0].max_total_score == 3 + 2 * 4 + 0 + 1
        assert [one.criterion for one in turn.rubrics[0].criteria_definitions][1] == "Sorted."
    heard = answers_of("chat", params, response)
    for n in range(1, 5):
        meant = {key: one for key, one in said.get(f"criterion {n}", {"messages": {}})["messages"].items() if one}
        assert heard.get(f"criterion {n}", {"messages": {}})["messages"] == meant


def test_prompts_with_criteria_of_their_own_ask_the_same_questions() -> None:
    first = work("chat", TWO)
    others = {
        **TWO,
        "template_variables": {"prompt": "x", "rubric": ["a", {"criterion": "b", "high": 4}, "c", "d", "e"]},
    }
    second = work("chat", others)
    union = merged(merged((), first.questions).questions, second.questions)
    names = [one["name"] for one in union.questions]
    assert [name for name in names if name.startswith("criterion")] == [f"criterion {n}" for n in range(1, 6)]
    assert "1. الأسماء في جدول" in first.row["criteria"]
    assert "No \\*\\*bold\\*\\*" in first.row["criteria"]


def test_an_invented_response_has_scores() -> None:
    thread = invent("chat", TWO, TASK)["threads"][0]["turns"][-1]
    assert all(one["rubric_evaluations"] for one in thread["messages"] if one["role"] == "assistant")


@pytest.mark.parametrize(
    ("rubric", "named"),
    [
        (5, "rubric"), ([3], "rubric[0]"), ([{"weight": 1}], "rubric[0].criterion"), (["a"] * 31, "rubric"),
        ([{"criterion": "a", "weight": "x"}], "rubric[0].weight"), ([{"criterion": "a", "low": 1}], "rubric[0]"),
        ([{"criterion": "a", "high": 500}], "rubric[0]"),
        ([{"criterion": "a", "id": "i"}, {"criterion": "b", "id": "i"}], "rubric[1].id"),
    ],
)  # fmt: skip
def test_what_is_no_rubric_is_told_by_name(rubric: Any, named: str) -> None:
    with pytest.raises(BadInput) as told:
        check("chat", {**ONE, "rubric": rubric})
    assert named in str(told.value)


def test_a_rubric_needs_something_to_score_and_a_text_of_that_name_is_a_variable() -> None:
    with pytest.raises(BadInput, match="rubric"):
        check("chat", {"prompt": "x", "rubric": CRITERIA})
    shown = work_of("chat", {"prompt": "x", "template_variables": {"rubric": "Be kind."}}, "")
    assert shown is not None
    assert "Be kind." in str(shown.row)
