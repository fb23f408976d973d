"""Majority and Dawid–Skene on worlds small enough to know the answer, and the laws of EM."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tawsim.core.errors import BadInput, TooLarge
from tawsim.truth import DawidSkene, Majority, Votes
from tawsim.truth.choice import dawid_skene as room
from tawsim.truth.kernel.sums import LONGEST, GroupedSum


def crowd(seed=0, tasks=120, workers=6, labels=3, overlap=4, skill=(8, 2)):
    """A world that obeys the model: (task, worker, label) columns and the truth."""
    random = np.random.default_rng(seed)
    truth = random.integers(0, labels, tasks)
    right = random.beta(*skill, workers)
    task = np.repeat(np.arange(tasks), overlap)
    worker = np.concatenate([random.permutation(workers)[:overlap] for _ in range(tasks)])
    wrong = (truth[task] + random.integers(1, labels, len(task))) % labels
    return task, worker, np.where(random.random(len(task)) < right[worker], truth[task], wrong), truth


def random_votes(draw_tasks=8, draw_workers=4, labels=3):
    cell = st.tuples(st.integers(0, draw_tasks), st.integers(0, draw_workers), st.integers(0, labels - 1))
    return st.lists(cell, min_size=1, max_size=60, unique_by=lambda row: row[:2])


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_grouped_sum_is_the_matrix_product(data):
    groups, rows, width = (data.draw(st.integers(1, 6)) for _ in range(3))
    members = data.draw(st.lists(st.tuples(st.integers(0, groups - 1), st.integers(0, rows - 1)), max_size=40))
    members *= data.draw(st.sampled_from([1, 1, LONGEST]))  # sometimes groups so large that they are cut
    group, row = np.array(members, dtype=np.int64).reshape(-1, 2).T
    matrix = np.zeros((groups, rows))
    np.add.at(matrix, (group, row), 1)
    table = np.arange(rows * width, dtype=float).reshape(rows, width)
    assert np.array_equal(GroupedSum(group, row, groups)(table), matrix @ table)


def test_majority_counts_and_reports_ties():
    votes = Votes.from_columns(list("aabbbc"), [1, 2, 1, 2, 3, 1], list("nyyynn"), tasks=list("abcd"))
    model = Majority().fit(votes)
    assert model.predict() == ["n", "y", "n", "n"]
    assert model.ties_.tolist() == [True, False, False, True]
    assert model.predict_proba().tolist() == [[0.5, 0.5], [1 / 3, 2 / 3], [1.0, 0.0], [0.5, 0.5]]
    assert Majority(laplace=1).fit(votes).predict_proba()[1].tolist() == [2 / 5, 3 / 5]
    with pytest.raises(BadInput):
        Majority(laplace=-1)


def test_a_tie_goes_to_the_first_label_of_the_given_order():
    columns = (["t", "t"], [1, 2], ["a", "b"])
    assert Majority().fit(Votes.from_columns(*columns, labels=["b", "a"])).predict() == ["b"]


@settings(max_examples=60, deadline=None)
@given(random_votes())
def test_log_posterior_never_falls(rows):
    model = DawidSkene(tolerance=0.0, max_iterations=25).fit(rows)
    assert (np.diff(model.log_posterior_) >= -1e-8).all()
    assert model.n_iter_ == 25


def test_one_em_step_by_hand():
    """Two workers, one task, two labels, no pooling: everything can be computed on paper."""
    model = DawidSkene(pooling=0.0, max_iterations=1, calibrate=False).fit([("t", "a", "x"), ("t", "b", "y")])
    # The shares are 1/2, 1/2. A worker's row k: 1/2 answer on the label said, plus 2 imagined: 1.5 right, 0.5 wrong.
    assert model.confusion_[0].tolist() == pytest.approx(np.array([[2.0, 0.5], [1.0, 1.5]]) / 2.5)
    assert model.class_prior_.tolist() == [0.5, 0.5]
    assert model.posterior_[0].tolist() == pytest.approx([0.5, 0.5])
    assert model.ties_.tolist() == [True]
    # If the truth is x: a says x (2.0 of 2.5), b says y (1.0 of 2.5); and the mirror image if it is y.
    assert model.log_likelihood_ == pytest.approx(np.log(0.8 * 0.4))


def test_it_finds_who_is_careless_and_who_confuses():
    task, worker, label, truth = crowd(1, tasks=600, workers=6, overlap=5)
    random = np.random.default_rng(5)
    label = np.where(worker == 0, random.integers(0, 3, len(label)), label)
    label = np.where((worker == 1) & (truth[task] < 2), 1 - truth[task], label)
    model = DawidSkene().fit(Votes.from_columns(task, worker, label))
    assert np.abs(model.confusion_[0] - 1 / 3).max() < 0.12
    assert model.confusion_[1, 0, 1] > 0.9
    assert model.confusion_[1, 1, 0] > 0.9
    majority = Majority().fit(list(zip(task, worker, label, strict=True)))
    assert (np.array(model.predict()) == truth).mean() > (np.array(majority.predict()) == truth).mean()


def test_calibration_changes_how_sure_and_never_which():
    """Each answer repeated by two parrots: three times the votes, no more evidence."""
    task, worker, label, truth = crowd(3, tasks=300, workers=5, overlap=3, skill=(6, 4))
    rows = [(t, f"{w}-{copy}", k) for t, w, k in zip(task, worker, label, strict=True) for copy in range(3)]
    model = DawidSkene().fit(rows)
    p = model.predict_proba()
    assert model.vote_correlation_ > 0
    assert np.array_equal(p.argmax(axis=1), model.posterior_.argmax(axis=1))
    right = (p.argmax(axis=1) == truth).mean()
    assert abs(p.max(axis=1).mean() - right) < abs(model.posterior_.max(axis=1).mean() - right)
    assert np.allclose(DawidSkene(calibrate=False).fit(rows).predict_proba(), model.posterior_)


def test_tasks_without_votes_have_the_class_prior():
    task, worker, label, _ = crowd(2)
    with_empty = Votes.from_columns(task, worker, label, tasks=range(125))
    model = DawidSkene().fit(with_empty)
    alone = DawidSkene().fit(Votes.from_columns(task, worker, label))
    assert np.allclose(model.predict_proba()[120:], model.class_prior_)
    assert np.allclose(model.predict_proba()[:120], alone.predict_proba(), atol=1e-12)


def test_new_votes_are_judged_with_what_was_learned():
    task, worker, label, truth = crowd(4, tasks=300)
    rows = list(zip(task.tolist(), worker.tolist(), label.tolist(), strict=True))
    model = DawidSkene().fit([row for row in rows if row[0] < 200])
    later = [row for row in rows if row[0] >= 200]
    assert (np.array(model.predict(later)) == truth[200:]).mean() > 0.9
    assert np.allclose(model.predict_proba([row for row in rows if row[0] < 200]), model.predict_proba())
    assert model.predict([("t", "stranger", 2)]) == [2]
    with pytest.raises(BadInput, match="not among those learned"):
        model.predict([("t", 0, "other")])


def test_too_large_says_so(monkeypatch):
    monkeypatch.setattr(room, "MAX_CELLS", 10)
    with pytest.raises(TooLarge, match="majority"):
        DawidSkene().fit(list(zip(*crowd()[:3], strict=True)))


@pytest.mark.parametrize(
    "bad", [{"prior_strength": 0}, {"pooling": 2}, {"prior_diagonal": 1}, {"max_iterations": 0}, {"tolerance": -1}]
)
def test_bad_settings(bad):
    with pytest.raises(BadInput):
        DawidSkene(**bad)
