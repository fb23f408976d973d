"""The battery that every kind of question passes. A new kind is done when it is in KINDS and STRATEGIES, and this file is
green."""

import contextlib
import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from tawsim.core.errors import BadAnswer, BadInput
from tawsim.core.text import edge_after, edge_before
from tawsim.kinds import (
    KINDS,
    Choice,
    is_asked,
    kind_of,
    question_to_json,
    read_question,
    read_questions,
    validate_answers,
)

EVERY_KIND = pytest.mark.parametrize("name", list(KINDS))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(), max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
QUICK = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much]
)


def example(name: str) -> tuple[Any, Any, Any, Any]:
    found = KINDS[name].example
    return found.question, found.one, found.other, found.bad


# ---- answers that a worker may give to the example question of each kind -------------------------------------------
def places(most: float) -> st.SearchStrategy[float]:
    return st.integers(0, int(most * 4)).map(lambda quarter: quarter / 4)


@st.composite
def spans(draw: Any) -> Any:
    text = KINDS["spans"].example.content["text"]
    found = []
    for _ in range(draw(st.integers(0, 4))):
        start = edge_before(text, draw(st.integers(0, len(text) - 1)))
        end = edge_after(text, draw(st.integers(start + 1, len(text))))
        label = draw(st.sampled_from(["شخص", "مكان", "ORG"]))
        found.append({"start": start, "end": end, "label": label, "text": draw(st.sampled_from(["", text[start:end]]))})
    pairs = [
        {"from": i, "to": j, "label": "works_for"}
        for i, one in enumerate(found)
        for j, other in enumerate(found)
        if one["label"] == "شخص" and other["label"] == "ORG" and draw(st.booleans())
    ]
    return {"spans": found, "relations": pairs}


@st.composite
def boxes(draw: Any) -> Any:
    found = []
    for _ in range(draw(st.integers(0, 4))):
        x, y = draw(places(600)), draw(places(400))
        width, height = draw(places(640 - x).filter(bool)), draw(places(480 - y).filter(bool))
        found.append({"x": x, "y": y, "width": width, "height": height, "label": draw(st.sampled_from(["قطة", "dog"]))})
    return {"size": [640, 480], "boxes": found}


@st.composite
def segments(draw: Any) -> Any:
    found = []
    for _ in range(draw(st.integers(0, 3))):
        start = draw(places(9))
        end = start + draw(places(9.5 - start).filter(bool))
        text = draw(st.text("اب c\n", max_size=6))
        found.append({"start": start, "end": end, "label": draw(st.sampled_from(["ليلى", "Omar"])), "text": text})
    return {"duration": 9.5, "segments": found}


def score(high: int) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({"score": st.integers(1, high)})


POINT = st.tuples(places(640), places(480)).map(list)
MESSAGE = st.fixed_dictionaries(
    {}, optional={"rating": st.integers(1, 5), "rewrite": st.text(max_size=5), "comment": st.text(max_size=3)}
)
RANKS = st.lists(st.integers(0, 2), min_size=3, max_size=3)
STRATEGIES: dict[str, st.SearchStrategy[Any]] = {
    "choice": st.sampled_from(KINDS["choice"].example.question.labels),
    "choices": st.lists(st.sampled_from(KINDS["choices"].example.question.labels)),
    "number": st.integers(0, 200).map(lambda half: half / 2),
    "scale": st.integers(1, 3),
    "text": st.text(min_size=2, max_size=40),
    "spans": spans(),
    "pairwise": st.just({"best": "tie"})
    | st.fixed_dictionaries({"best": st.sampled_from(["answer_a", "answer_b"]), "strength": st.integers(1, 3)}),
    "ranking": RANKS.map(
        lambda ranks: [[str(i + 1) for i, r in enumerate(ranks) if r == rank] for rank in range(3) if rank in ranks]
    ),
    "rubric": st.fixed_dictionaries(
        {"faithful": st.one_of(score(3), st.just({"score": 2, "reason": "سنة"})), "fluent": score(5)}
    ),
    "chat": st.dictionaries(st.sampled_from("13"), MESSAGE).map(lambda messages: {"messages": messages}),
    "boxes": boxes(),
    "polygons": st.lists(
        st.fixed_dictionaries(
            {"points": st.lists(POINT, min_size=3, max_size=5), "label": st.sampled_from(["حقل", "road"])}
        ),
        max_size=3,
    ).map(lambda found: {"size": [640, 480], "polygons": found}),
    "keypoints": st.lists(
        st.fixed_dictionaries({"x": places(640), "y": places(480), "label": st.sampled_from(["عين", "nose"])}),
        max_size=4,
    ).map(lambda found: {"size": [640, 480], "points": found}),
    "segments": segments(),
}


def answers(name: str, data: Any) -> Any:
    """A canonical answer to the example question, judged with its row."""
    found = KINDS[name].example
    try:
        return KINDS[name].validate(found.question, data.draw(STRATEGIES[name]), found.content)
    except BadAnswer:  # a polygon that is a line, a rating of nothing
        assume(False)


# ---- questions ----------------------------------------------------------------------------------------------------
def test_every_kind_has_answers_here() -> None:
    assert set(STRATEGIES) == set(KINDS)


@EVERY_KIND
def test_a_question_survives_json(name: str) -> None:
    question = example(name)[0]
    assert read_question(json.loads(json.dumps(question_to_json(question)))) == question
    assert kind_of(question) is KINDS[name]
    assert hash(question) == hash(read_question(question_to_json(question)))


@EVERY_KIND
@QUICK
@given(data=st.data(), value=JSON)
def test_no_question_at_all_breaks_it(name: str, data: Any, value: Any) -> None:
    given_ = question_to_json(example(name)[0])
    field = data.draw(st.sampled_from([*given_, "when"]))
    try:
        question = read_question(given_ | {field: value})
    except BadInput:
        return
    assert read_question(json.loads(json.dumps(question_to_json(question)))) == question


@EVERY_KIND
@QUICK
@given(data=st.data(), value=JSON)
def test_no_part_of_a_question_breaks_it(name: str, data: Any, value: Any) -> None:
    try:
        question = read_question(swap(question_to_json(example(name)[0]), data, value))
    except BadInput:
        return
    assert read_question(json.loads(json.dumps(question_to_json(question)))) == question


def swap(value: Any, data: Any, other: Any) -> Any:
    """`value` with one part somewhere inside replaced by `other`."""
    if isinstance(value, dict) and value:
        key = data.draw(st.sampled_from(sorted(value)))
        return {**value, key: swap(value[key], data, other)}
    if isinstance(value, list | tuple) and value:
        at = data.draw(st.integers(0, len(value) - 1))
        return [swap(one, data, other) if i == at else one for i, one in enumerate(value)]
    return other


# ---- answers ------------------------------------------------------------------------------------------------------
@EVERY_KIND
def test_good_answers_are_kept_in_one_form_and_bad_ones_are_refused(name: str) -> None:
    question, one, other, bad = example(name)
    kind, content = KINDS[name], KINDS[name].example.content
    for answer in (one, other):
        for row in (None, content):
            clean = kind.validate(question, answer, row)
            assert kind.validate(question, clean, row) == clean
            assert json.loads(json.dumps(clean, ensure_ascii=False)) == clean
    for row in (None, content):
        with pytest.raises(BadAnswer) as raised:
            kind.validate(question, bad, row)
        assert raised.value.details["question"] == question.name
        assert question.name in raised.value.message


@EVERY_KIND
@QUICK
@given(data=st.data())
def test_what_is_good_for_the_row_is_good_without_it(name: str, data: Any) -> None:
    question, content = KINDS[name].example.question, KINDS[name].example.content
    answer = answers(name, data)
    assert KINDS[name].validate(question, answer, content) == answer
    assert KINDS[name].validate(question, answer, None) == answer
    wire = json.loads(json.dumps(answer, ensure_ascii=False).encode())
    assert KINDS[name].validate(question, wire, None) == answer


@EVERY_KIND
@QUICK
@given(answer=JSON)
def test_no_answer_at_all_breaks_it(name: str, answer: Any) -> None:
    question, content = KINDS[name].example.question, KINDS[name].example.content
    KINDS[name].rename(question, answer, {"A": "answer_a"})
    for row in (None, content):
        try:
            clean = KINDS[name].validate(question, answer, row)
        except BadAnswer:
            continue
        assert KINDS[name].validate(question, clean, row) == clean


@EVERY_KIND
@QUICK
@given(data=st.data(), value=JSON)
def test_no_part_of_an_answer_breaks_it(name: str, data: Any, value: Any) -> None:
    question, content = KINDS[name].example.question, KINDS[name].example.content
    answer = swap(answers(name, data), data, value)
    KINDS[name].rename(question, answer, {"A": "answer_a", "1": "A"})
    for row in (content, None):
        try:
            clean = KINDS[name].validate(question, answer, row)
        except BadAnswer:
            continue
        assert KINDS[name].validate(question, clean, row) == clean
        assert json.dumps(clean, ensure_ascii=False, allow_nan=False).encode()


@EVERY_KIND
@pytest.mark.parametrize("row", [{}, {"text": None, "messages": 3, "answers": "x"}, {"answers": []}])
def test_a_row_without_what_the_question_needs_is_a_bad_answer_at_worst(name: str, row: Any) -> None:
    question, one, _, _ = example(name)
    assert isinstance(KINDS[name].candidates(question, row), tuple)
    with contextlib.suppress(BadAnswer):
        KINDS[name].validate(question, one, row)


# ---- distance -----------------------------------------------------------------------------------------------------
@EVERY_KIND
@QUICK
@given(data=st.data())
def test_the_distance_is_a_distance(name: str, data: Any) -> None:
    question, distance = KINDS[name].example.question, KINDS[name].distance
    one, other = answers(name, data), answers(name, data)
    assert distance(question, one, one) == 0
    assert distance(question, one, other) == distance(question, other, one)
    assert 0 <= distance(question, one, other) <= 1
    assert (distance(question, one, other) == 0) == (one == other)


@EVERY_KIND
def test_the_examples_are_apart(name: str) -> None:
    question, *both, _ = example(name)
    one, other = (KINDS[name].validate(question, answer, KINDS[name].example.content) for answer in both)
    assert 0.01 < KINDS[name].distance(question, one, other) <= 1


# ---- what the kind says of itself ---------------------------------------------------------------------------------
@EVERY_KIND
def test_columns_and_candidates_are_in_the_row(name: str) -> None:
    found = KINDS[name].example
    assert set(KINDS[name].columns(found.question)) <= set(found.content)
    names = KINDS[name].candidates(found.question, found.content)
    assert len(set(names)) == len(names) != 1
    assert bool(names) == (name in ("pairwise", "ranking"))


@EVERY_KIND
@QUICK
@given(data=st.data())
def test_names_are_changed_there_and_back(name: str, data: Any) -> None:
    found = KINDS[name].example
    answer = answers(name, data)
    shown = data.draw(st.permutations(KINDS[name].candidates(found.question, found.content)))
    letters = dict(zip(shown, "ABCDEF", strict=False))
    blind = KINDS[name].rename(found.question, answer, letters)
    assert not any(f'"{one}"' in json.dumps(blind) for one in shown)
    assert KINDS[name].rename(found.question, blind, {b: a for a, b in letters.items()}) == answer


@EVERY_KIND
@QUICK
@given(data=st.data())
def test_votes_are_on_its_aspects_and_assemble_to_an_answer(name: str, data: Any) -> None:
    question, content = KINDS[name].example.question, KINDS[name].example.content
    kind = KINDS[name]
    answer = answers(name, data)
    aspects = {aspect.name: aspect for aspect in kind.aspects(question)}
    votes = list(kind.votes(question, answer))
    assert len({vote[:2] for vote in votes}) == len(votes)
    for vote in votes:
        aspect = aspects[vote.aspect]
        json.dumps(vote.label)
        if aspect.truth in ("choice", "ordinal"):
            assert vote.label in aspect.levels
    found = kind.assemble(question, {vote[:2]: vote.label for vote in votes})
    if found is None:
        assert not votes
        return
    clean = kind.validate(question, found, content)
    assert kind.validate(question, found, None) == found
    if name not in (
        "rubric",
        "chat",
        "segments",
        "boxes",
        "polygons",
        "keypoints",
    ):  # reasons, sizes … are not inferred
        assert clean == answer


@EVERY_KIND
def test_of_nothing_nothing_is_assembled(name: str) -> None:
    question = KINDS[name].example.question
    assert KINDS[name].assemble(question, {}) is None
    assert KINDS[name].assemble(question, {(a.name, ""): None for a in KINDS[name].aspects(question)}) is None


# ---- several questions --------------------------------------------------------------------------------------------
@EVERY_KIND
def test_answers_come_one_per_question(name: str) -> None:
    question, one, _, _ = example(name)
    assert validate_answers([question], {question.name: one}) == {
        question.name: KINDS[name].validate(question, one, None)
    }
    for wrong in ({}, {"another": one}, {question.name: one, "another": one}, [one], None, "x"):
        with pytest.raises(BadAnswer):
            validate_answers([question], wrong)


@EVERY_KIND
def test_a_question_may_wait_for_another_and_need_no_answer(name: str) -> None:
    question, one, _, _ = example(name)
    first = {"kind": "choice", "name": "clear", "labels": ["yes", "no"]}
    waiting = question_to_json(question) | {"when": {"question": "clear", "is": ["yes"]}}
    both = read_questions([first, waiting])
    assert not is_asked(both[1], {"clear": "no"})
    assert validate_answers(both, {"clear": "no"}) == {"clear": "no"}
    assert set(validate_answers(both, {"clear": "yes", question.name: one})) == {"clear", question.name}
    for wrong in ({"clear": "yes"}, {"clear": "no", question.name: one}, {question.name: one}):
        with pytest.raises(BadAnswer):
            validate_answers(both, wrong)
    free = [both[0], replace(both[1], required=False)]
    assert validate_answers(free, {"clear": "yes"}) == {"clear": "yes"}
    assert validate_answers(free, {"clear": "yes", question.name: None}) == {"clear": "yes"}


@EVERY_KIND
def test_only_for_single_values_can_a_question_wait(name: str) -> None:
    question = example(name)[0]
    values = {"choice": "mixed", "choices": "tech", "scale": 2, "number": 0.5}
    later = {"kind": "text", "name": "why", "when": {"question": question.name, "is": [values.get(name, "x")]}}
    if name in values:
        assert read_questions([question_to_json(question), later])[1].when is not None
        later["when"]["is"] = ["nothing like it", True]
    with pytest.raises(BadInput, match="waits for the answer"):
        read_questions([question_to_json(question), later])


def test_one_cannot_wait_for_a_question_that_comes_later() -> None:
    first = {"kind": "text", "name": "why", "when": {"question": "clear", "is": ["yes"]}}
    with pytest.raises(BadInput, match="no question before it"):
        read_questions([first, question_to_json(Choice("clear", labels=("yes", "no")))])
