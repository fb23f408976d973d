"""Conversations as threads: the form that the official client takes, the conventions for preferences, and the way back."""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scale_forms import FIELDS, TALK, TASKS, answers, work

from tawsim.scale.chats import CHATS
from tawsim.scale.inventing import invent
from tawsim.scale.responding import answers_of, response_of
from tawsim.scale.titles import OWN

CHAT_TASKS = [one for one in TASKS if one[0] in CHATS]
EVERY = pytest.mark.parametrize(
    ("type_", "params"), CHAT_TASKS, ids=[f"{n}-{one[0]}" for n, one in enumerate(CHAT_TASKS)]
)
TWO = {"messages": TALK, "responses": [{"text": "Muscat", "model": "alpha"}, {"text": "Salalah", "model": "beta"}]}


def thread_of(params: dict[str, Any], given_: dict[str, Any]) -> dict[str, Any]:
    thread: dict[str, Any] = response_of("chat", params, given_, task_id="t1")["threads"][0]
    return thread


def values(annotated: dict[str, Any]) -> dict[str, Any]:
    return {one["key"]: one.get("value") for one in annotated["annotations"]}


def client_reads(response: dict[str, Any]) -> Any:
    """The thread as the installed client makes objects of it."""
    models = pytest.importorskip("scaleapi.api_client.v2.models", reason="the official client is not installed")
    return models.Thread.from_dict(json.loads(json.dumps(response["threads"][0])))


@EVERY
def test_the_client_reads_what_was_invented(type_: str, params: dict[str, Any]) -> None:
    read = client_reads(invent(type_, params, "s"))
    assert read.turns
    assert sum(len(turn.messages) for turn in read.turns) >= 1


@EVERY
@settings(max_examples=6, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large], deadline=None)
@given(data=st.data())
def test_the_client_reads_every_answer_and_finds_each_annotation(type_: str, params: dict[str, Any], data: Any) -> None:
    given_ = data.draw(answers(work(type_, params)))
    response = response_of(type_, params, given_, task_id="t1")
    read = client_reads(response)
    raw = response["threads"][0]["turns"]
    ids = [one["id"] for turn in raw for held in (turn, *turn["messages"]) for one in held["annotations"]]
    assert len(set(ids)) == len(ids)
    for turn, sent in zip(read.turns, raw, strict=True):
        for held, was in zip((turn, *turn.messages), (sent, *sent["messages"]), strict=True):
            found = [one.actual_instance for one in held.annotations]
            assert [(one.id, one.key, one.type, one.value) for one in found] == [
                (one["id"], one["key"], one["type"], one.get("value")) for one in was["annotations"]
            ]


def test_no_heading_of_ours_stands_in_a_response() -> None:
    for type_, params in CHAT_TASKS:
        text = json.dumps(invent(type_, params, "s"), ensure_ascii=False)
        assert not any(one in text for one in OWN.values()), text
    fields = {"prompt": "Hi", "fields": FIELDS[:1]}
    assert '"title": "Is it clear?' in json.dumps(invent("chat", fields, "s"))  # what was sent is


def test_a_turn_begins_with_what_the_user_says() -> None:
    thread = thread_of(TWO, {"preference": {"best": "2", "strength": 3}})
    assert [[one["role"] for one in turn["messages"]] for turn in thread["turns"]] == [
        ["system", "user", "assistant"], ["user", "assistant", "assistant"],
    ]  # fmt: skip
    assert thread["turns"][0]["messages"][2]["source_id"] == "alpha"
    assert thread["turns"][1]["messages"][0]["content"] == {"text": "And of Oman?"}


@pytest.mark.parametrize(
    ("answer", "likert", "model"),
    [
        ({"best": "1", "strength": 3}, 1, "alpha"),
        ({"best": "1", "strength": 1}, 3, "alpha"),
        ({"best": "tie"}, 4, None),
        ({"best": "2", "strength": 1}, 5, "beta"),
        ({"best": "2", "strength": 3}, 7, "beta"),
    ],
)
def test_a_preference_is_a_point_and_a_model(answer: dict[str, Any], likert: int, model: str | None) -> None:
    found = values(thread_of(TWO, {"preference": answer, "justification": "right"})["turns"][-1])
    assert found["likert_value"] == likert
    assert found.get("selected_model_id") == model
    assert found["justification"] == "right"


def test_a_scale_of_an_even_number_of_points_has_no_middle() -> None:
    params = {**TWO, "likert": 8}
    assert work("chat", params).questions[0]["ties"] is False
    one = thread_of(params, {"preference": {"best": "2", "strength": 1}})["turns"][-1]["annotations"][0]
    assert (one["value"], one["possible_values"]) == (5, [1, 2, 3, 4, 5, 6, 7, 8])


def test_two_responses_of_one_model_are_told_apart() -> None:
    params = {"prompt": "Hi", "responses": [{"text": "a", "model": "m"}, {"text": "b", "model": "m"}]}
    found = values(thread_of(params, {"preference": {"best": "2", "strength": 1}})["turns"][-1])
    assert found["selected_model_id"] == "m #2"


def test_a_ranking_is_groups_of_models() -> None:
    params = {"prompt": "Hi", "responses": ["a", "b", "c"]}
    found = values(thread_of(params, {"ranking": [["3"], ["1", "2"]]})["turns"][-1])
    assert found == {"ranking": [["model_3"], ["model_1", "model_2"]], "selected_model_id": "model_3"}


def test_a_rewrite_stands_at_the_better_response() -> None:
    given_ = {"preference": {"best": "2", "strength": 1}, "rewrite": "Muscat."}
    messages = thread_of({**TWO, "rewrite": True}, given_)["turns"][-1]["messages"]
    assert [values(one) for one in messages] == [{}, {}, {"rewrite": "Muscat."}]


def test_a_written_response_is_a_message_of_a_person() -> None:
    message = thread_of({"prompt": "Hello?"}, {"response": "Hi!"})["turns"][0]["messages"][-1]
    assert (message["role"], message["content"]["text"], message["source_id"]) == ("assistant", "Hi!", "human")


def test_ratings_stand_at_their_messages_one_for_each_dimension() -> None:
    params = {"prompt": "Hello", "response": "Hi", "dimensions": ["truth", {"key": "tone", "labels": ["warm", "cold"]}]}
    names = [one["name"] for one in work("chat", params).questions]
    assert names == ["truth", "tone"]
    given_ = {"truth": {"messages": {"1": {"rating": 4}}}, "tone": {"messages": {"1": {"rating": "warm"}}}}
    turn = thread_of(params, given_)["turns"][0]
    assert values(turn["messages"][1]) == {"truth": 4, "tone": "warm"}
    assert [one["type"] for one in turn["messages"][1]["annotations"]] == ["integer", "category"]


def test_fields_are_annotations_of_the_last_turn_in_the_values_that_were_sent() -> None:
    params = {"prompt": "Hi", "fields": FIELDS}
    given_ = {
        "response": "x", "clear": "Yes", "topics": ["Animal / Dog"], "price": 2.5, "stars": 3, "safe": "false", "flag": "—",
        "order": [["2"], ["3"], ["1"]], "names": "a\nb",
    }  # fmt: skip
    turn = thread_of(params, given_)["turns"][-1]
    assert {one["key"]: (one["type"], one.get("value")) for one in turn["annotations"]} == {
        "clear": ("category", "yes"), "topics": ("category_multiple", ["animal / dog"]), "price": ("text", "2.5"),
        "stars": ("integer", 3), "safe": ("boolean", False), "flag": ("category", None), "names": ("text", "a\nb"),
        "order": ("ranked_choices", ["y", "z", "x"]),
    }  # fmt: skip
    assert next(one for one in turn["annotations"] if one["key"] == "flag")["not_applicable"] is True


def test_a_live_conversation_is_turns_of_its_own() -> None:
    params = {"prompt": "Hi", "live": {"endpoint": "local", "turns": 3, "candidates": 2}}
    given_ = {"talk": {"messages": {}, "turns": [{"prompt": "And?", "candidates": ["a", "b"], "chosen": 1}]}}
    turns = thread_of(params, given_)["turns"]
    assert len(turns) == 2
    assert values(turns[1]) == {"selected_model_id": "local #2"}
    assert answers_of("chat", params, {"threads": [thread_of(params, given_)]}) == given_
