"""The battery of asks: what every kind with labels does with a row that offers some of them only."""

from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from tests.conformance.test_kinds import QUICK, STRATEGIES

from tawsim.core.errors import BadAnswer, BadInput
from tawsim.core.records import Question
from tawsim.kinds import KINDS, Chat, Segments, kind_of, validate_answers
from tawsim.kinds.asks import narrowed, read_asks, told

# The examples, and questions of the same kinds that offer something else.
RATED = Chat("talk", on="messages", rating={"labels": ["جيد", "bad", "?"]}, comment=True)
QUESTIONS: dict[str, tuple[Question, st.SearchStrategy[Any]]] = {
    **{name: (kind.example.question, STRATEGIES[name]) for name, kind in KINDS.items()},
    "chat with labels": (
        RATED,
        st.dictionaries(
            st.sampled_from("13"), st.sampled_from(["جيد", "bad", "?"]).map(lambda label: {"rating": label}), min_size=1
        ).map(lambda messages: {"messages": messages}),
    ),
    "segments without labels": (
        Segments("speech", on="recording"),
        st.just({"duration": 2, "segments": [{"start": 0, "end": 1, "label": "", "text": "x"}]}),
    ),
}
EVERY = pytest.mark.parametrize("name", list(QUESTIONS))
NARROWED = [name for name, (question, _) in QUESTIONS.items() if kind_of(question).offers(question)]


def content(name: str) -> Any:
    return kind_of(QUESTIONS[name][0]).example.content


def used(answer: Any) -> set[str]:
    """The labels, ratings or criteria of an answer."""
    if isinstance(answer, str):
        return {answer}
    if isinstance(answer, list):
        return set().union(*map(used, answer))
    for field in ("spans", "boxes", "polygons", "points", "segments"):
        if field in answer:
            return {one["label"] for one in answer[field]}
    if "messages" in answer:
        return {one["rating"] for one in answer["messages"].values()}
    return set(answer)


def good(name: str, data: Any) -> Any:
    question, strategy = QUESTIONS[name]
    try:
        return kind_of(question).validate(question, data.draw(strategy), content(name))
    except BadAnswer:  # a polygon that is a line
        assume(False)


def test_the_kinds_with_labels_are_narrowed() -> None:
    assert set(NARROWED) == {
        "choice", "choices", "spans", "rubric", "boxes", "polygons", "keypoints", "segments", "chat with labels",
    }  # fmt: skip


@EVERY
def test_asked_whole_is_the_question_itself(name: str) -> None:
    question = QUESTIONS[name][0]
    offers = kind_of(question).offers(question)
    assert narrowed([question], {question.name: True}) == (question,)
    assert read_asks([question], {question.name: True}) == {question.name: True}
    if offers:
        asks = {question.name: {"labels": list(offers)}}
        assert narrowed([question], asks) == (question,)
        assert told([question], narrowed([question], asks)) == told([question], [question]) == {question.name: True}
    else:
        with pytest.raises(BadInput, match="asked whole"):
            read_asks([question], {question.name: {"labels": ["x"]}})
        assert narrowed([question], {question.name: {"labels": ["x"]}}) == (question,)


@pytest.mark.parametrize("name", NARROWED)
@QUICK
@given(data=st.data())
def test_inside_is_taken_and_outside_is_refused(name: str, data: Any) -> None:
    question = QUESTIONS[name][0]
    kind = kind_of(question)
    offers = kind.offers(question)
    kept = data.draw(st.lists(st.sampled_from(offers), min_size=1, unique=True))
    asks = read_asks([question], {question.name: {"labels": kept}})
    [small] = narrowed([question], asks)
    assert type(small) is type(question)
    assert kind.offers(small) == tuple(label for label in offers if label in kept)
    assert kind.may_be(question, kept[0]) == kind.may_be(small, kept[0])
    assert told([question], [small]) == (asks if len(kept) < len(offers) else {question.name: True})

    answer = good(name, data)
    inside = used(answer) <= set(kept)
    if name == "rubric":  # every criterion that is asked for is scored, and no other
        inside = set(kept) == used(answer)
    if inside:
        assert validate_answers([small], {question.name: answer}, content(name)) == {question.name: answer}
    else:
        with pytest.raises(BadAnswer):
            validate_answers([small], {question.name: answer}, content(name))


@pytest.mark.parametrize("name", NARROWED)
@QUICK
@given(data=st.data())
def test_answers_to_a_narrowed_question_are_measured_and_voted_on(name: str, data: Any) -> None:
    """Agreement and truth are of the whole question, over rows that offered different labels."""
    question = QUESTIONS[name][0]
    kind = kind_of(question)
    offers = kind.offers(question)
    found = []
    for _ in range(2):
        kept = data.draw(st.lists(st.sampled_from(offers), min_size=1, unique=True))
        [small] = narrowed([question], {question.name: {"labels": kept}})
        answer = good(name, data)
        if name == "rubric":
            answer = {criterion: said for criterion, said in answer.items() if criterion in kept}
        else:
            assume(used(answer) <= set(kept))
        found.append(kind.validate(small, answer, content(name)))
    one, other = found
    assert (kind.distance(question, one, other) == 0) == (one == other)
    assert kind.distance(question, one, other) == kind.distance(question, other, one) <= 1
    aspects = {aspect.name for aspect in kind.aspects(question)}
    for answer in found:
        votes = list(kind.votes(question, answer))
        assert {vote.aspect for vote in votes} <= aspects
        assembled = kind.assemble(question, {vote[:2]: vote.label for vote in votes})
        assert assembled is None or used(assembled) == used(answer)
