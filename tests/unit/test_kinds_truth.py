"""Each kind's votes go through the truth engine as they are, and what comes out is an answer again."""

import json
import random
from collections import defaultdict
from collections.abc import Mapping
from typing import Any

import pytest

from tawsim.kinds import KINDS, Chat, Pairwise, Ranking, Scale, Segments, Spans
from tawsim.truth.door import infer_any

TEXT = "ليلَى تعمل في OpenAI 👩‍💻 منذ 2019 وتسكن الرباط"


def row(name: str, task: int) -> Mapping[str, Any]:
    return KINDS[name].example.content if name != "spans" else {"text": TEXT}


def truths(name: str, task: int) -> Any:
    """A good answer to each made task, of two that differ."""
    found = KINDS[name].example
    return found.one if task % 3 else found.other


def inferred(kind: Any, question: Any, answers: Mapping[tuple[str, str], Any]) -> dict[str, Any]:
    """(task, worker) → answer, through the truth: task → assembled answer."""
    tables: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for (task, worker), answer in answers.items():
        for vote in kind.votes(question, answer):
            label = vote.label if isinstance(vote.label, str | int | float) else json.dumps(vote.label)
            tables[vote.aspect].append({"task": f"{task}\t{vote.part}", "worker": worker, "label": label})
    found: dict[str, dict[tuple[str, str], Any]] = defaultdict(dict)
    for aspect in kind.aspects(question):
        if not tables[aspect.name]:
            continue
        levels = {"levels": list(aspect.levels)} if aspect.truth == "ordinal" else {}
        result = infer_any(tables[aspect.name], kind=aspect.truth, **levels)
        for key, label in zip(result.tasks, result.columns["label"], strict=True):
            task, part = key.split("\t")
            found[task][aspect.name, part] = label
    return {task: kind.assemble(question, labels) for task, labels in found.items()}


@pytest.mark.parametrize("name", list(KINDS))
def test_three_workers_answers_become_one(name: str) -> None:
    kind, question = KINDS[name], KINDS[name].example.question
    answers, truth = {}, {}
    for task in range(12):
        content = row(name, task)
        truth[str(task)] = kind.validate(question, truths(name, task), content)
        for worker in ("ann", "bob", "eve"):
            said = truths(name, task + 1) if worker == "eve" and task % 4 == 0 else truths(name, task)
            answers[str(task), worker] = kind.validate(question, said, content)
    found = inferred(kind, question, answers)
    assert set(found) == set(truth)
    for task, answer in found.items():
        content = row(name, int(task))
        clean = kind.validate(question, answer, content)
        assert json.loads(json.dumps(clean)) == clean
    kept = [kind.distance(question, kind.validate(question, found[t], row(name, int(t))), truth[t]) for t in truth]
    # Two of three say the truth in every task. In a conversation who did not rate a message has no say in it; of a text
    # words are inferred, not lines.
    assert sum(kept) / len(kept) < {"chat": 0.1, "text": 0.06}.get(name, 0.01), kept


def test_the_better_of_two_is_each_rows_own_matter() -> None:
    question = Pairwise("q", candidates=("a", "b"), ties=False)
    truth = {str(t): {"best": "a" if t % 2 else "b"} for t in range(20)}
    found = inferred(KINDS["pairwise"], question, {(t, w): truth[t] for t in truth for w in "xyz"})
    assert found == truth


def test_rankings_are_put_together_from_pairs() -> None:
    rng = random.Random(4)
    question = Ranking("q", candidates=("a", "b", "c", "d"), ties=False)
    truth, answers = {}, {}
    for task in range(60):
        order = rng.sample("abcd", 4)
        truth[str(task)] = [[name] for name in order]
        for worker, slips in (("ann", 0), ("bob", 1), ("eve", 1), ("zoe", 3)):
            said = list(order)
            for _ in range(slips):
                i = rng.randrange(3)
                said[i], said[i + 1] = said[i + 1], said[i]
            answers[str(task), worker] = [[name] for name in said]
    found = inferred(KINDS["ranking"], question, answers)
    distance = KINDS["ranking"].distance
    apart = [distance(question, found[task], truth[task]) for task in truth]
    of_zoe = [distance(question, answers[task, "zoe"], truth[task]) for task in truth]
    assert sum(apart) / 60 < 0.06 < sum(of_zoe) / 60


def test_a_cycle_of_preferences_is_a_tie_or_the_order_of_the_candidates() -> None:
    cycle = {("", "a : b"): "first", ("", "b : c"): "first", ("", "a : c"): "second"}
    ties = Ranking("q", candidates=("a", "b", "c"))
    assert KINDS["ranking"].assemble(ties, cycle) == [["a", "b", "c"]]
    strict = Ranking("q", candidates=("a", "b", "c"), ties=False)
    assert KINDS["ranking"].assemble(strict, cycle) == [["a"], ["b"], ["c"]]


def test_relations_are_judged_by_those_who_marked_both_spans() -> None:
    rule = {"label": "lives in", "from": ["PER"], "to": []}
    question = Spans("q", on="text", labels=("PER", "LOC"), relations=(rule,))
    full = {
        "spans": [{"start": 0, "end": 5, "label": "PER"}, {"start": 40, "end": 46, "label": "LOC"}],
        "relations": [{"from": 0, "to": 1, "label": "lives in"}],
    }
    unrelated = {"spans": full["spans"], "relations": []}
    answers = {}
    for task in range(10):
        said = (full, full, unrelated) if task % 2 else (unrelated, unrelated, unrelated)
        for worker, answer in zip("xyz", said, strict=True):
            answers[str(task), worker] = KINDS["spans"].validate(question, answer, {"text": TEXT})
    found = inferred(KINDS["spans"], question, answers)
    assert [len(found[str(t)]["relations"]) for t in range(10)] == [0, 1] * 5
    assert KINDS["spans"].validate(question, found["1"], {"text": TEXT})["spans"][1]["text"] == "الرباط"


def test_spans_that_overlap_go_through_too() -> None:
    question = Spans("q", on="text", labels=("ORG", "LOC"))
    spans = [{"start": 11, "end": 20, "label": "ORG"}, {"start": 14, "end": 20, "label": "LOC"}]
    answer = KINDS["spans"].validate(question, {"spans": spans}, {"text": TEXT})
    found = inferred(KINDS["spans"], question, {(str(t), w): answer for t in range(5) for w in "xyz"})
    assert all(KINDS["spans"].validate(question, found[t], {"text": TEXT}) == answer for t in found)


def test_words_of_segments_find_their_segments_again() -> None:
    question = Segments("q", on="sound")
    pieces = [(0, 2, "صباح الخير"), (2.5, 4, "good morning, all"), (4, 5, "")]

    def said(shift: float, words: str) -> Any:
        listed = [
            {"start": start + shift, "end": end + shift, "text": words if i == 1 else text}
            for i, (start, end, text) in enumerate(pieces)
        ]
        return KINDS["segments"].validate(question, {"duration": 9, "segments": listed})

    answers = {}
    for task in range(6):
        for worker, shift in (("x", 0.0), ("y", 0.031), ("z", 0.064)):
            answers[str(task), worker] = said(shift, "good morning, all" if worker != "y" else "good mourning, all")
    found = inferred(KINDS["segments"], question, answers)
    for answer in found.values():
        assert [one["text"] for one in answer["segments"]] == ["صباح الخير", "good morning, all", ""]
        assert [round(one["start"], 1) for one in answer["segments"]] == [0, 2.5, 4]
        assert KINDS["segments"].validate(question, answer) == answer


def test_a_long_scale_is_a_number_and_comes_back_as_a_step() -> None:
    question = Scale("q", low=0, high=100)
    assert KINDS["scale"].aspects(question)[0].truth == "numeric"
    answers = {(str(t), w): min(5 * t + i, 100) for t in range(20) for i, w in enumerate("xyz")}
    found = inferred(KINDS["scale"], question, answers)
    assert all(isinstance(found[str(t)], int) and abs(found[str(t)] - 5 * t) <= 3 for t in range(20))


def test_a_conversation_is_judged_message_by_message() -> None:
    question = Chat("q", on="messages", rating={"labels": ["good", "bad"]})
    answers = {
        (str(t), w): {
            "messages": {"1": {"rating": "good"}, "3": {"rating": "bad" if (w, t % 2) != ("z", 1) else "good"}}
        }
        for t in range(12)
        for w in "xyz"
    }
    found = inferred(KINDS["chat"], question, answers)
    assert found["1"] == {"messages": {"1": {"rating": "good"}, "3": {"rating": "bad"}}}
