"""The one door: which model it takes and why, what it returns, and sets of labels as yes/no questions."""

import numpy as np
import pytest

from tawsim.core.errors import BadInput
from tawsim.truth import Votes, infer, infer_sets

ENOUGH = [(f"t{i}", w, "cat" if (i + (w == "max")) % 2 else "dog") for i in range(20) for w in ("ann", "bob", "max")]


@pytest.mark.parametrize(
    ("rows", "model", "code"),
    [
        (ENOUGH, "joint", "learned"),
        (ENOUGH[:27], "majority", "few_shared_tasks"),
        ([row for row in ENOUGH if row[1] != "max"], "majority", "few_workers"),
        ([row for row in ENOUGH if row[1] == "ann"], "majority", "few_workers"),
        ([(t, w, "cat") for t, w, _ in ENOUGH], "majority", "one_label"),
        ([(t + w, w, k) for t, w, k in ENOUGH], "majority", "few_shared_tasks"),
        (ENOUGH[:1], "majority", "one_label"),
    ],
)
def test_auto_takes_what_can_be_learned_and_says_why(rows, model, code):
    result = infer(rows)
    assert (result.model, result.why.code) == (model, code)
    assert result.why.text.endswith(".")


def test_a_named_model_is_taken():
    assert infer(ENOUGH, "majority").why.code == "asked"
    with pytest.raises(BadInput, match="auto, majority, dawid_skene"):
        infer(ENOUGH, "oracle")


def test_the_whole_answer():
    votes = Votes.from_columns(
        ["a", "a", "a", "b", "b"], [1, 2, 3, 1, 2], ["x", "x", "y", "x", "y"], tasks=["a", "b", "c"]
    )
    result = infer(votes)
    assert result.label == ("x", "x", None)
    assert result.p.tolist() == pytest.approx([0.7, 0.5, 0.0])  # one vote ahead, each taken to be right in 7 of 10
    assert result.ties.tolist() == [False, True, False]
    assert result.votes.tolist() == [[2, 1], [1, 1], [0, 0]]
    assert np.allclose(result.probabilities.sum(axis=1), 1)
    assert [worker.worker for worker in result.workers] == [1, 2, 3]
    assert result.agreement.tasks == 2
    assert result.columns() == {"task": ["a", "b", "c"], "label": ["x", "x", None], "p": result.p.tolist()}
    summary = result.summary(0.6)
    assert summary == {
        "tasks": 3,
        "labelled": 2,
        "mean_p": pytest.approx(0.6),
        "sure": {"threshold": 0.6, "tasks": 1},
    }


def test_the_majority_can_be_outvoted_by_who_is_right():
    """Max contradicts the two others on everything: learned as a swap, so his votes count for the other label."""
    result = infer(ENOUGH)
    assert result.label[:2] == ("dog", "cat")
    assert result.workers[2].verdict == "mixes"
    assert result.workers[2].why["labels"] == ["cat", "dog"]


def test_same_twice_and_repeats_are_counted():
    again = infer([*ENOUGH, ENOUGH[0]])
    first = infer(ENOUGH)
    assert np.array_equal(first.probabilities, again.probabilities)
    assert first.agreement == again.agreement
    assert (first.repeated, again.repeated) == (0, 1)


def sets_world(tasks=60, workers=5, seed=0):
    random = np.random.default_rng(seed)
    truth = random.random((tasks, 4)) < 0.35
    columns = ([], [], [])
    for t in range(tasks):
        for w in random.permutation(workers)[:3]:
            seen = truth[t] ^ (random.random(4) < (0.5 if w == 0 else 0.05))
            for column, value in zip(
                columns, (f"t{t:02}", f"w{w}", [f"l{k}" for k in np.flatnonzero(seen)]), strict=True
            ):
                column.append(value)
    return columns, truth


def sets_right(result, truth):
    pairs = zip(result.chosen, truth, strict=True)
    return [set(chosen) == {f"l{k}" for k in np.flatnonzero(row)} for chosen, row in pairs]


def test_sets_are_told_better_than_by_counting():
    labels, ours, counted = ["l0", "l1", "l2", "l3"], [], []
    for seed in range(4):
        columns, truth = sets_world(seed=seed)
        joint, majority = (infer_sets(*columns, labels=labels, model=model) for model in ("auto", "majority"))
        ours.append((np.mean(sets_right(joint, truth)), ((joint.probabilities - truth) ** 2).mean()))
        counted.append((np.mean(sets_right(majority, truth)), ((majority.probabilities - truth) ** 2).mean()))
    right, brier = np.mean(ours, axis=0)
    assert right > max(0.9, np.mean(counted, axis=0)[0])
    assert brier < np.mean(counted, axis=0)[1] / 2


def test_sets_are_yes_no_questions():
    columns, truth = sets_world()
    result = infer_sets(*columns, labels=["l0", "l1", "l2", "l3"])
    assert result.model == "joint"
    assert result.probabilities.shape == truth.shape
    assert [worker.verdict for worker in result.workers] == ["careless", *["trusted"] * 4]
    assert result.workers[0].worker == "w0"
    assert (result.answers == 3).all()
    assert 0.2 < result.agreement.alpha < 0.8
    order = np.random.default_rng(1).permutation(len(columns[0]))
    shuffled = infer_sets(*[[column[i] for i in order] for column in columns], labels=["l0", "l1", "l2", "l3"])
    assert np.array_equal(shuffled.probabilities, result.probabilities)


def test_sets_at_the_edges():
    result = infer_sets(["a", "a", "a"], ["x", "y", "x"], [["r"], [], ["r", "s"]], ["r", "s"], tasks=["a", "b"])
    assert result.repeated == 1
    assert result.chosen == ((), None)  # r and s: one says yes, one no; a tie is left out and reported
    assert result.ties.tolist() == [True, False]
    assert result.votes.tolist() == [[1, 1], [0, 0]]
    assert result.p.tolist() == [0.25, 0.0]
    for sets, message in (
        ([["q"]], "'q' is not a known label"),
        (["rs"], "a list of labels"),
        ([None], "a list of labels"),
    ):
        with pytest.raises(BadInput, match=f"Row 1: .*{message}|{message}"):
            infer_sets(["a"], ["x"], sets, ["r", "s"])
    with pytest.raises(BadInput, match="named once"):
        infer_sets(["a"], ["x"], [[]], ["r", "r"])
    with pytest.raises(BadInput, match="no votes"):
        infer_sets([], [], [], ["r"])


def test_one_vote_never_claims_certainty():
    """Nothing is known of whoever voted: p is what a vote is worth, and grows with every further vote that agrees."""
    p = [infer(Votes.from_columns(["a"] * n, list(range(n)), ["x"] * n, labels=["x", "y"])).p[0] for n in (1, 2, 3)]
    assert p == pytest.approx([0.7, 0.49 / 0.58, 0.343 / 0.37])
    shares = infer(Votes.from_columns(["a"], [1], ["x"], labels=["x", "y"]), "majority").p
    assert shares.tolist() == [1.0]  # asked for by name, the majority is the share of votes


def test_gold_is_used_or_it_is_said_that_it_was_not():
    few = infer([("a", "x", "no"), ("b", "x", "yes")], gold={"a": "yes"})
    assert (few.model, few.why.code) == ("joint", "gold")
    assert few.label[0] == "yes"
    assert few.p[0] == 1.0
    random = np.random.default_rng(0)
    many = [(t, w, int(random.integers(0, 700))) for t in range(300) for w in random.permutation(40)[:3].tolist()]
    assert infer(many).model == "bwa"
    with_gold = infer(many, gold={0: many[0][2]})
    assert with_gold.model == "bwa"
    assert "Gold was left aside" in with_gold.why.text
    with pytest.raises(BadInput, match="cannot use gold"):
        infer(ENOUGH, "dawid_skene", gold={0: "dog"})
