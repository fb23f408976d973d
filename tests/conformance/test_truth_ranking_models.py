"""The battery that every model of scores from comparisons and rankings must pass: add one to `MODELS`."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tawsim.core.errors import BadInput
from tawsim.truth.ranking import BradleyTerry, PlackettLuce
from tawsim.truth.state import load, save

ITEMS = ["سلبي", "🙂", "b", "a b", "É"]


def as_pairs(rows):
    return [(task, worker, left, right, left if first else right) for task, worker, left, right, first in rows]


def as_rankings(rows):
    return [
        {"task": task, "worker": worker, "label": [left, right] if first else [right, left]}
        for task, worker, left, right, first in rows
    ]


MODELS = {
    "bradley_terry": (BradleyTerry, as_pairs),
    "bradley_terry_plain": (lambda: BradleyTerry(reliability=False, position=False), as_pairs),
    "bradley_terry_workers": (lambda: BradleyTerry(reliability=True), as_pairs),
    "plackett_luce": (PlackettLuce, as_rankings),
    "plackett_luce_workers": (lambda: PlackettLuce(reliability=True), as_rankings),
}
every_model = pytest.mark.parametrize(("make", "form"), MODELS.values(), ids=MODELS)


def crowd(seed=0, answers=150, workers=5, right=0.85):
    """Rows (task, worker, left, right, left preferred); ITEMS stand best first."""
    random = np.random.default_rng(seed)
    rows = []
    for number in range(answers):
        one, other = random.choice(len(ITEMS), 2, replace=False)
        first = (one < other) == (random.random() < right)
        rows.append((number % 40, f"w{random.integers(workers)}", ITEMS[one], ITEMS[other], bool(first)))
    return rows


def finite(model):
    assert np.isfinite(model.scores_).all()
    assert np.isfinite(model.reliability_).all()
    low, high = model.interval()
    assert (low <= model.scores_).all()
    assert (model.scores_ <= high).all()
    assert ((model.confidence_ >= 0.5) & (model.confidence_ <= 1)).all()
    assert len(model.predict()) == len(model.tasks_) == len(model.ties_)
    for component in np.unique(model.component_):
        assert abs(model.scores_[model.component_ == component].mean()) < 1e-9
    return model


@every_model
def test_manners(make, form):
    model = make()
    for ask in (model.predict, model.interval, model.ranking, model.worker_report, model.to_state):
        with pytest.raises(BadInput, match=r"nothing|not seen"):
            ask()
    assert model.fit(form(crowd())) is model
    finite(model)
    assert model.ranking() == [ITEMS]
    assert model.workers_ == tuple(f"w{i}" for i in range(5))
    first = model.fit(form(crowd(1)))
    again = make().fit(form(crowd(1)))
    assert (first.scores_ == again.scores_).all()


@every_model
@settings(max_examples=6, deadline=None)
@given(data=st.data())
def test_small_crowds(make, form, data):
    cell = st.tuples(
        st.integers(0, 3), st.integers(0, 3), st.sampled_from(ITEMS), st.sampled_from(ITEMS), st.booleans()
    ).filter(lambda row: row[2] != row[3])
    rows = data.draw(st.lists(cell, min_size=1, max_size=25, unique_by=lambda row: row[:2]))
    model = finite(make().fit(form(rows)))
    other = make().fit(form(data.draw(st.permutations(rows))))
    assert (model.scores_ == other.scores_).all()
    assert (model.covariance_ == other.covariance_).all()
    assert (model.reliability_ == other.reliability_).all()


@every_model
def test_names_change_nothing(make, form):
    rows = crowd()
    model = make().fit(form(rows))
    new = dict(zip(ITEMS, ["z", "y", "x", "v", "u"], strict=True))
    other = make().fit(form([(f"t{t}", f"q{9 - int(w[1])}", new[x], new[y], f) for t, w, x, y, f in rows]))
    place = [other.items_.index(new[item]) for item in model.items_]
    assert np.allclose(model.scores_, other.scores_[place], atol=1e-6)
    worker = [other.workers_.index(f"q{9 - int(w[1])}") for w in model.workers_]
    assert np.allclose(model.reliability_, other.reliability_[worker], atol=1e-6)
    assert model.used_reliability_ == other.used_reliability_


@every_model
def test_sides_changed_change_nothing(make, form):
    rows = crowd()
    model = make().fit(form(rows))
    other = make().fit(form([(t, w, y, x, not f) for t, w, x, y, f in rows]))
    assert np.allclose(model.scores_, other.scores_, atol=1e-6)
    assert model.position_bias_ == pytest.approx(-other.position_bias_, abs=1e-6)


@every_model
def test_corners(make, form):
    one_answer = finite(make().fit(form([("t", "w", "a", "b", True)])))
    assert one_answer.ranking() == [["a", "b"]]
    one_worker = finite(make().fit(form([(i, "w", *pair, True) for i, pair in enumerate(["ab", "bc", "ac", "cd"])])))
    assert one_worker.ranking() == [list("abcd")]
    assert one_worker.evidence is None
    assert [worker.verdict for worker in one_worker.worker_report()] == ["unsure"]
    even = finite(make().fit(form([(0, "v", "a", "b", True), (0, "w", "a", "b", False)])))
    assert np.allclose(even.scores_, 0, atol=1e-9)
    assert even.ties_.tolist() == [True]
    perfect = finite(make().fit(form(crowd(right=1.0))))
    assert perfect.ranking() == [ITEMS]
    against = finite(make().fit(form(crowd(right=0.0))))
    assert against.ranking() == [ITEMS[::-1]]


@every_model
def test_repeats_keep_the_last(make, form):
    rows = [*crowd(), ("new", "w0", "b", "🙂", True), ("new", "w0", "b", "🙂", False)]
    once = make().fit(form([row for row in rows if row[0] != "new"] + rows[-1:]))
    twice = make().fit(form(rows))
    assert twice.repeated_ == once.repeated_ + 1
    assert (twice.scores_ == once.scores_).all()
    with pytest.raises(BadInput, match="repeated"):
        make().fit(form(rows), strict=True)


@every_model
def test_state(make, form, tmp_path):
    model = make().fit(form(crowd()))
    save(model, tmp_path / "model.npz")
    for other in (type(model).from_state(model.to_state()), load(tmp_path / "model.npz")):
        assert other.predict() == model.predict()
        assert other.ratings() == model.ratings()
        assert other.worker_report() == model.worker_report()
        assert other.beats(*ITEMS[:2]) == model.beats(*ITEMS[:2])
        assert other.evidence == model.evidence
        assert other.consistency == model.consistency


@every_model
def test_bad_settings(make, form):
    kind = type(make())
    for wrong in ({"reliability": "maybe"}, {"item_sd": 0}, {"tolerance": 0}, {"max_iterations": 0}):
        with pytest.raises(BadInput):
            kind(**wrong)
    with pytest.raises(BadInput, match="level"):
        make().fit(form(crowd())).interval(1.5)
    with pytest.raises(BadInput):
        make().fit([])
    with pytest.raises(BadInput):
        make().fit({"task": [1], "worker": [2]})
