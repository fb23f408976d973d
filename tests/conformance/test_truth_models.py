"""The battery that every truth model must pass: add one to `MODELS` and it is tested here."""

import inspect
import json
import math
import unicodedata

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tawsim.core.errors import BadInput, TooLarge
from tawsim.truth import MODELS, TruthModel, Votes
from tawsim.truth.state import load, save

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
@settings(max_examples=15, deadline=None)
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
@settings(max_examples=15, deadline=None)
@given(data=st.data())
def test_row_order_changes_nothing_at_all(make, data):
    votes = data.draw(rows())
    shuffled = data.draw(st.permutations(votes))
    assert np.array_equal(make().fit(votes).predict_proba(), make().fit(shuffled).predict_proba())


@every_model
@settings(max_examples=15, deadline=None)
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
@pytest.mark.parametrize("labels", ["xy", "xyz"])
def test_all_ties_are_named_and_nobody_is_drawn(make, labels):
    votes = [(t, w, label) for t in range(6) for w, label in enumerate(labels)]
    model = make().fit(votes)
    assert model.ties_.all()
    assert np.abs(model.predict_proba() - 1 / len(labels)).max() < 1e-9
    assert model.predict() == [labels[0]] * 6


@every_model
def test_one_worker_and_one_label(make):
    alone = make().fit([(t, "w", label) for t, label in enumerate("xyxxyzx")])
    assert alone.predict() == list("xyxxyzx")
    same = make().fit([(t, w, "x") for t in range(5) for w in range(3)])
    assert same.predict_proba().tolist() == [[1.0]] * 5
    assert not same.ties_.any()


@every_model
def test_names_of_tasks_change_nothing(make):
    votes, _ = crowd(right=0.6)
    p = make().fit(votes).predict_proba()
    place = np.random.default_rng(3).permutation(60)
    renamed = make().fit([(int(place[t]), w, k) for t, w, k in votes]).predict_proba()
    assert np.allclose(renamed[place], p, atol=1e-7)


@every_model
def test_labels_that_look_alike_stay_apart(make):
    """Arabic with and without marks, composed and not, right to left marks, emoji of several code points."""
    plain, marked = "جمل", "جَمَل"
    labels = [plain, marked, "caf\u00e9", unicodedata.normalize("NFD", "café"), "\u200fx", "x", "👩‍🔬", "👩🔬", "X"]
    votes = [(t, w, labels[t % 9]) for t in range(27) for w in range(4)]
    model = make().fit(votes)
    assert sorted(model.labels_) == sorted(labels)
    assert model.predict() == [labels[t % 9] for t in range(27)]


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
def test_more_adversaries_than_one(make):
    """Four careful workers out of ten, six who guess: what the four agree on still comes through mostly."""
    random = np.random.default_rng(5)
    votes, truth = crowd(2, tasks=150, workers=10, right=0.95)
    votes = [(t, w, LABELS[random.integers(3)] if w > 3 else k) for t, w, k in votes]
    assert np.mean([LABELS[k] == label for k, label in zip(truth, make().fit(votes).predict(), strict=True)]) > 0.85


@every_model
def test_a_repeated_vote_keeps_the_last_and_is_counted(make):
    votes, _ = crowd()
    again = [(0, 0, LABELS[1]), *votes, (3, 2, LABELS[0]), (3, 2, votes[3 * 5 + 2][2])]
    read = Votes.from_table(again)
    assert read.repeated == 3
    model = make().fit(again)
    assert np.array_equal(model.predict_proba(), make().fit(votes).predict_proba())
    assert model.repeated_ == 3
    with pytest.raises(BadInput, match=r"3 votes are repeated.*0 on 0, 2 on 3") as error:
        make().fit(Votes.from_table(again, strict=True))
    assert error.value.details["rows"] == [1, 19, 302]


@every_model
def test_state_and_file_give_the_same_model(make, tmp_path):
    votes, _ = crowd(right=0.6)
    model = make().fit(votes)
    save(model, tmp_path / "model.npz")
    copies = [make.from_state(model.to_state()), load(tmp_path / "model.npz")]
    copies.append(load(tmp_path / "model.npz"))
    save(copies[1], tmp_path / "again.npz")
    assert (tmp_path / "again.npz").read_bytes() == (tmp_path / "model.npz").read_bytes()
    other, _ = crowd(1, tasks=20)
    for copy in copies:
        assert type(copy) is make
        assert np.array_equal(copy.predict_proba(), model.predict_proba())
        assert copy.predict() == model.predict()
        assert (copy.labels_, copy.tasks_, copy.ties_.tolist()) == (model.labels_, model.tasks_, model.ties_.tolist())
        refitted = copy.fit(other).fit(votes)
        assert np.array_equal(refitted.predict_proba(), model.predict_proba())


@every_model
def test_a_state_is_plain_and_shares_nothing(make):
    votes, _ = crowd(right=0.6)
    model = make().fit(votes)
    before = model.predict_proba().copy()
    state = model.to_state()

    def spoil(value):
        if isinstance(value, np.ndarray):
            value[...] = 0
            return "array"
        if isinstance(value, dict):
            return {key: spoil(one) for key, one in value.items()}
        return [spoil(one) for one in value] if isinstance(value, tuple | list) else value

    assert json.dumps(spoil(state), default=None)
    assert np.array_equal(model.predict_proba(), before)


@every_model
def test_a_wrong_state_is_refused(make):
    with pytest.raises(BadInput, match="learned nothing"):
        make().to_state()
    state = make().fit(crowd(tasks=5)[0]).to_state()
    stranger = next(one for one in MODELS.values() if one is not make)
    learned = dict(list(state["learned"].items())[1:])
    for bad in (
        {},
        [],
        {**state, "version": 99},
        {**state, "format": "pickle"},
        {**state, "model": "os.System"},
        {**state, "settings": {"nothing_of_the_kind": 1}},
        {**state, "learned": {**state["learned"], "__class__": 1}},
        {**state, "learned": {name: value for name, value in learned.items() if name != "labels_"}},
    ):
        with pytest.raises(BadInput):
            make.from_state(bad)
    with pytest.raises(BadInput, match="not of a"):
        stranger.from_state(state)


@every_model
def test_settings_are_named_and_checked(make):
    settings = inspect.signature(make).parameters
    assert all(one.kind is one.KEYWORD_ONLY for one in settings.values())
    for name, one in settings.items():
        if isinstance(one.default, float | int) and not isinstance(one.default, bool):
            for bad in (math.nan, -1):
                with pytest.raises(BadInput):
                    make(**{name: bad})


@every_model
def test_other_votes_are_judged_with_what_was_learned(make):
    votes, _ = crowd()
    model = make().fit(votes)
    before = model.predict_proba().copy()
    again = model.predict_proba([(t, w, k) for t, w, k in votes if t < 20])
    assert again.shape == (20, 3)
    assert [model.labels_[k] for k in again.argmax(axis=1)] == model.predict()[:20]
    # A stranger counts for something, and two of the three labels are enough.
    other = model.predict_proba([("new", "stranger", LABELS[1]), ("new", 0, LABELS[1]), ("b", 1, LABELS[2])])
    assert np.allclose(other.sum(axis=1), 1)
    assert [model.labels_[k] for k in other.argmax(axis=1)] == [LABELS[2], LABELS[1]]
    with pytest.raises(BadInput, match="unheard"):
        model.predict_proba([("t", 0, "unheard")])
    assert np.array_equal(model.predict_proba(), before)


@every_model
def test_votes_are_left_alone(make):
    votes = Votes.from_table(crowd()[0])
    before = [column.copy() for column in (votes.task, votes.worker, votes.label)]
    make().fit(votes)
    for column, old in zip((votes.task, votes.worker, votes.label), before, strict=True):
        assert np.array_equal(column, old)


@every_model
def test_labels_that_are_all_different_are_refused_before_memory_runs_out(make):
    rows = range(25_000)
    with pytest.raises(TooLarge, match="25000 tasks"):
        make().fit({"task": rows, "worker": [0] * len(rows), "label": rows})


@every_model
def test_bad_votes(make):
    for bad in ([], [(1, 2)], {"task": [1]}, [("t", "w", None)]):
        with pytest.raises(BadInput):
            make().fit(bad)
