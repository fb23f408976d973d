"""Threads of the second version: whatever a response holds, Scale's own client takes what is shown of it."""

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from scaleapi.api_client.v2.models.task import Task

from tawsim.loop.scale.v2_annotations import FITS
from tawsim.loop.scale.v2_threads import NOTHING_MORE, Wanted, find_annotation, shown_response, shown_threads, task_of

TASK = "019a0000-0000-7000-8000-000000000001"
PLAIN: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["id", "text", "label", "score", "weight",
        "color", "content", "name", "url", "workspace_id", "stdout_output", "last_code_run_event"]) | st.text(max_size=3),
        inner, max_size=3),
    max_leaves=6,
)  # fmt: skip


def objects(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Objects of these fields, any of which may be missing or hold something else."""
    return st.fixed_dictionaries({}, optional={name: one | PLAIN for name, one in fields.items()})


IDS = st.sampled_from(["a", "b", "c", ""])
ANNOTATIONS: st.SearchStrategy[Any] = st.lists(
    objects(
        id=IDS, key=st.text(max_size=3), type=st.sampled_from(sorted(FITS)), title=st.text(max_size=3), value=PLAIN,
        description=st.text(max_size=3), labels=st.lists(st.text(max_size=2)), possible_values=st.lists(PLAIN, max_size=2),
        not_applicable=st.booleans(), cannot_assess=st.booleans(), justification=st.text(max_size=3),
        metadata=objects(criteria=IDS),
    ),
    max_size=3,
)  # fmt: skip
CONTENT = objects(
    text=st.text(max_size=4), reference_texts=st.lists(objects(content=st.text(), url=st.text()), max_size=2),
    chunks=st.lists(objects(type=st.just("text"), text=st.text(max_size=3), annotations=ANNOTATIONS), max_size=2),
    reasoning=st.lists(objects(content=st.text()), max_size=2),
)  # fmt: skip
MESSAGES = objects(
    role=st.sampled_from(["system", "user", "assistant", "function", "tool", "critic"]), content=CONTENT | st.text(),
    source_id=st.text(max_size=3), annotations=ANNOTATIONS,
    model_parameters=objects(model=st.text(), temperature=st.floats(), top_k=st.integers()),
    rubric_evaluations=st.lists(
        objects(
            criteria_evaluations=st.lists(objects(criterion_definition_id=IDS, score=st.integers()), max_size=2),
            annotations=ANNOTATIONS, total_score=st.integers(), percentage=st.floats(allow_nan=False),
        ),
        max_size=2,
    ),
)  # fmt: skip
TURNS = objects(
    id=IDS, messages=st.lists(MESSAGES, max_size=3), annotations=ANNOTATIONS,
    rubrics=st.lists(
        objects(
            criteria_definitions=st.lists(
                objects(id=IDS, criterion=st.text(), weight=st.integers(), annotations=ANNOTATIONS), max_size=2
            ),
            max_total_score=st.integers(),
        ),
        max_size=2,
    ),
)  # fmt: skip
RESPONSES = objects(
    threads=st.lists(objects(id=IDS, turns=st.lists(TURNS, max_size=2), annotations=ANNOTATIONS), max_size=2)
)
WANTED = st.builds(
    Wanted, annotation_details=st.booleans(), model_parameters=st.booleans(), submissions=st.booleans()
)  # without attachments: the client cannot read any


def as_read(threads: list[dict[str, Any]]) -> Task:
    """What the client makes of a task with these threads, sent over the wire."""
    body = {
        "task_id": TASK, "project": "p", "status": "completed", "created_at": "2026-01-01T00:00:00.000Z", "threads": threads
    }  # fmt: skip
    found = Task.from_dict(json.loads(json.dumps(body, allow_nan=False)))
    assert found is not None
    return found


def ids_of(shown: Any) -> list[str]:
    """The id of every annotation within."""
    if isinstance(shown, list):
        return [id_ for one in shown for id_ in ids_of(one)]
    if not isinstance(shown, dict):
        return []
    own = [one["id"] for one in shown.get("annotations", [])]
    return own + [id_ for name, one in shown.items() if name != "value" for id_ in ids_of(one)]


@settings(max_examples=40)
@given(RESPONSES | PLAIN, WANTED)
def test_the_client_takes_whatever_is_shown(response: Any, wanted: Wanted) -> None:
    shown = shown_threads(TASK, response, wanted, [{"submitted_at": "2026-01-01T00:00:00.000Z", "contributor_id": "w"}])
    read = as_read(shown)
    assert len(read.threads or []) == len(shown)


@given(ANNOTATIONS, st.booleans())
def test_the_client_takes_any_annotation(annotations: list[Any], details: bool) -> None:
    response = {"threads": [{"turns": [], "annotations": annotations}]}
    read = as_read(shown_threads(TASK, response, Wanted(annotation_details=details)))
    assert read.threads is not None
    assert len(read.threads[0].annotations) == len(annotations)


@settings(max_examples=40)
@given(RESPONSES)
def test_every_annotation_is_found_by_its_id_and_no_two_share_one(response: Any) -> None:
    shown = shown_threads(TASK, response, NOTHING_MORE)
    ids = ids_of(shown)
    assert len(ids) == len(set(ids))
    for id_ in ids:
        assert task_of(id_) == TASK
        found = find_annotation(TASK, response, id_)
        assert found is not None
        assert found["id"] == id_
    assert find_annotation(TASK, response, TASK + ".nowhere") is None


@settings(max_examples=40)
@given(RESPONSES, WANTED)
def test_what_is_shown_in_full_is_shown_again_as_it_is(response: Any, wanted: Wanted) -> None:
    """So ids stay, however often a response goes through."""
    once = shown_threads(TASK, response, wanted)
    assert ids_of(shown_threads(TASK, {"threads": once}, wanted)) == ids_of(once)


def test_the_order_of_reading_is_the_order_of_the_conversation_and_extra_parts_come_on_request() -> None:
    annotation = {
        "id": "q1", "key": "quality", "type": "category", "value": "جيد", "title": "Quality", "description": "How good?",
        "labels": ["good", "bad"], "possible_values": ["جيد", "سيئ"], "justification": "واضح", "cannot_assess": False,
    }  # fmt: skip
    message = {
        "role": "assistant", "content": {"text": "الرباط", "attachments": [{"url": "https://a/b", "name": "b"}]},
        "source_id": "m1", "model_parameters": {"model": "m1", "temperature": 0.5}, "annotations": [annotation],
    }  # fmt: skip
    other = {"id": "q2", "key": "why", "type": "text", "value": "x", "metadata": {"criteria": "q1"}}
    turn = {"id": "t", "messages": [{"role": "user", "content": {"text": "؟"}}, message], "annotations": [other]}
    response = {"threads": [{"id": "x", "turns": [turn], "annotations": []}]}
    bare = shown_threads(TASK, response, NOTHING_MORE)[0]
    told = bare["turns"][0]["messages"][1]
    assert told["annotations"] == [
        {"id": f"{TASK}.q1", "key": "quality", "type": "category", "value": "جيد", "cannot_assess": False,
         "justification": "واضح"}
    ]  # fmt: skip
    assert "model_parameters" not in told
    assert "attachments" not in told["content"]
    assert "submissions" not in bare
    assert bare["turns"][0]["annotations"][0]["metadata"] == {"criteria": f"{TASK}.q1"}
    assert bare["turns"][0]["messages"][0]["source_id"] == "user"
    full = shown_response(TASK, response)["threads"][0]["turns"][0]["messages"][1]
    assert full["annotations"][0]["possible_values"] == ["جيد", "سيئ"]
    assert full["annotations"][0]["title"] == "Quality"
    assert full["model_parameters"] == {"model": "m1", "temperature": 0.5}
    assert full["content"]["attachments"] == [{"url": "https://a/b", "name": "b"}]


def test_a_value_tells_its_type_where_the_stated_one_does_not_fit() -> None:
    def shown(**annotation: Any) -> tuple[str, Any]:
        threads = [{"turns": [], "annotations": [{"key": "k", **annotation}]}]
        found = shown_threads(TASK, {"threads": threads}, NOTHING_MORE)[0]["annotations"][0]
        return found["type"], found["value"]

    assert shown(value=5) == ("integer", 5)
    assert shown(value=True) == ("boolean", True)
    assert shown(type="integer", value=4.0) == ("integer", 4)
    assert shown(type="integer", value="3") == ("text", "3")
    assert shown(type="stars", value=["a", "b"]) == ("category_multiple", ["a", "b"])
    assert shown(value=[["a", "b"], ["c"]]) == ("ranked_groups", [["a", "b"], ["c"]])
    assert shown(type="file", value={"url": "https://a/b"}) == ("file", [{"url": "https://a/b"}])
    assert shown(value={"a": 1}) == ("text", '{"a": 1}')
    assert shown(value=0.5) == ("text", "0.5")
    assert shown(type="category", value=None) == ("category", None)


def test_responses_of_other_types_have_no_threads_and_stay_as_they_are() -> None:
    assert shown_threads(TASK, {"category": "cat"}, NOTHING_MORE) == []
    assert shown_response(TASK, {"category": "cat"}) == {"category": "cat"}
    assert shown_response(TASK, None) == {}
    assert task_of("nothing") is None
