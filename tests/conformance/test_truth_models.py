"""The battery that every truth model must pass: add one to `MODELS` and it is tested here."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tawsim.core.errors import BadInput
from tawsim.truth import MODELS, TruthModel, Votes

every_model = pytest.mark.parametrize("make", MODELS.values(), ids=MODELS)
LABELS = ["سلبي", "positive", "🙂"]


def rows(tasks=9, workers=4):
    cell = st.tuples(st.integers(0, tasks), st.integers(0, workers), st.sampled_from(LABELS))
    return st.lists(cell, min_size=1, max_size=50, unique_by=lambda row: row[:2])


def crowd(seed=0, tasks=60, workers=5, right=0.85):
    random = np.random.default_rng(seed)
    truth = random.integers(0, 3, tasks)
    said = np.where(random.random((tasks, workers)) < right, truth[:, None], random.integers(0, 3, (tasks, workers)))
    return [(t, w, LABELS[said[t, w]]) for t in range(tasks) for w in range(workers)], truth


@every_model
def test_manners(make):
    model = make()
    with pytest.raises(BadInput, match="fit"):
        model.predict()
    with pytest.raises(BadInput, match="fit"):
        model.predict_proba()
    votes, truth = crowd()
    assert model.fit(votes) is model
    assert isinstance(model, TruthModel)
    assert model.labels_ == tuple(sorted(LABELS))
    assert model.tasks_ == tuple(range(60))
    assert model.predict_proba().shape == (60, 3)
    assert np.mean([LABELS[k] == label for k, label in zip(truth, model.predict(), strict=True)]) > 0.9
    assert make.__doc__
    assert ">>>" in make.__doc__


@every_model
@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_probabilities_and_ties(make, data):
    model = make().fit(data.draw(rows()))
    p = model.predict_proba()
    assert np.isfinite(p).all()
    assert (p >= 0).all()
    assert np.allclose(p.sum(axis=1), 1, atol=1e-12)
    for row, label, tie in zip(p, model.predict(), model.ties_, strict=True):
        assert row[model.labels_.index(label)] >= row.max() - 1e-9
        if tie:
            assert np.sort(row)[-1] - np.sort(row)[-2] < 1e-6


@every_model
@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_row_order_changes_nothing_at_all(make, data):
    votes = data.draw(rows())
    shuffled = data.draw(st.permutations(votes))
    assert np.array_equal(make().fit(votes).predict_proba(), make().fit(shuffled).predict_proba())


@every_model
@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_names_of_workers_and_labels_change_nothing(make, data):
    votes = data.draw(rows())
    people = data.draw(st.permutations([f"w{i}" for i in range(5)]))
    names = dict(zip(LABELS, data.draw(st.permutations(["x", "y", "z"])), strict=True))
    renamed = [(t, people[w], names[k]) for t, w, k in votes]
    a = make().fit(Votes.from_columns(*zip(*votes, strict=True), labels=LABELS))
    b = make().fit(Votes.from_columns(*zip(*renamed, strict=True), labels=[names[k] for k in sorted(LABELS)]))
    order = [LABELS.index(k) for k in sorted(LABELS)]
    assert np.allclose(a.predict_proba()[:, order], b.predict_proba(), atol=1e-7)


@every_model
def test_same_twice_and_a_refit_forgets(make):
    votes, _ = crowd()
    other, _ = crowd(1, tasks=20)
    model = make().fit(other)
    assert np.array_equal(model.fit(votes).predict_proba(), make().fit(votes).predict_proba())
    assert model.tasks_ == tuple(range(60))


@every_model
@pytest.mark.parametrize(
    "votes",
    [
        [("t", "w", "x")],
        [(t, "w", k) for t, k in enumerate("xyx")],
        [(t, w, "x") for t in range(5) for w in range(3)],
        [("t", w, k) for w, k in enumerate("xyxy")],
        [(t, w, "xy"[w]) for t in range(6) for w in range(2)],
        [(t, t, k) for t, k in enumerate("xyzxyz")],
    ],
    ids=["one vote", "one worker", "one label", "one task, a tie", "all ties", "nobody shares a task"],
)
def test_degenerate_votes(make, votes):
    p = make().fit(votes).predict_proba()
    assert np.isfinite(p).all()
    assert np.allclose(p.sum(axis=1), 1)


@every_model
def test_tasks_and_labels_without_votes(make):
    votes, _ = crowd()
    model = make().fit(Votes.from_columns(*zip(*votes, strict=True), labels=[*LABELS, "never"], tasks=range(62)))
    p = model.predict_proba()
    assert p.shape == (62, 4)
    assert np.isfinite(p).all()
    assert p[:60, 3].max() < 0.05


@every_model
def test_perfect_workers_are_believed(make):
    votes, truth = crowd(right=1.0)
    model = make().fit(votes)
    assert model.predict() == [LABELS[k] for k in truth]
    assert model.predict_proba().max(axis=1).min() > 0.85
    assert not model.ties_.any()


@every_model
def test_one_adversary_does_not_turn_the_truth(make):
    votes, truth = crowd(right=0.95)
    wrong = {LABELS[k]: LABELS[(k + 1) % 3] for k in range(3)}
    votes = [(t, w, wrong[LABELS[truth[t]]] if w == 0 else k) for t, w, k in votes]
    assert np.mean([LABELS[k] == label for k, label in zip(truth, make().fit(votes).predict(), strict=True)]) > 0.95


@every_model
def test_bad_votes(make):
    for bad in ([], [(1, 2)], {"task": [1]}, [("t", "w", None)]):
        with pytest.raises(BadInput):
            make().fit(bad)
