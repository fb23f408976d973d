"""The models of single choice on worlds small enough to know the answer, their laws, and their published figures."""

import csv
import gzip
import json
import math
import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tawsim.core.errors import BadFile, BadInput, TooLarge
from tawsim.truth import DawidSkene, Majority, Votes
from tawsim.truth.choice import correlated as room
from tawsim.truth.choice.bwa import BWA
from tawsim.truth.choice.correlated import Correlated
from tawsim.truth.choice.difficulty import Difficulty
from tawsim.truth.choice.gamma import digamma, divergence, expected_log, log_gamma
from tawsim.truth.choice.one_coin import OneCoin
from tawsim.truth.choice.wawa import Wawa
from tawsim.truth.state import Restorable, from_state, load, save, to_state

FOLDER = Path(os.environ.get("TAWSIM_DATA", Path(__file__).resolve().parents[3] / "shared" / "data" / "crowd"))
# set: accuracy (%) of the authors' BWA and iBCC (notebooks of truth-inference-at-scale), 333 gold tasks for s_adult
PUBLISHED = {
    "weather_cf": (89.33, 88.33),
    "weather_amt": (86.00, 85.67),
    "sentiment_polarity": (91.70, 91.50),
    "sentiment_polarity_amt": (94.60, 94.40),
    "zencrowd_us": (91.08, 82.70),
    "d_product": (91.94, 93.83),
    "bluebird": (75.93, 88.89),
    "dog": (83.15, 83.89),
    "rte": (92.75, 92.75),
    "web": (82.25, 75.08),
}
MISSING = [name for name in PUBLISHED if not (FOLDER / name).is_dir()]
with_data = pytest.mark.skipif(
    bool(MISSING), reason=f"{len(MISSING)} of {len(PUBLISHED)} crowd sets are not in {FOLDER}: set TAWSIM_DATA"
)


def crowd(seed=0, tasks=200, workers=8, labels=3, skill=None):
    """Every worker answers every task, right with the probability `skill` (workers,)."""
    random = np.random.default_rng(seed)
    truth = random.integers(0, labels, tasks)
    right = random.random((tasks, workers)) < (random.beta(6, 3, workers) if skill is None else skill)
    wrong = (truth[:, None] + random.integers(1, labels, (tasks, workers))) % labels
    said = np.where(right, truth[:, None], wrong)
    task, worker = np.divmod(np.arange(tasks * workers), workers)
    return Votes.from_columns(task, worker, said.ravel(), labels=range(labels)), truth


def accuracy(model, truth):
    return np.mean(np.array(model.predict()) == truth)


# ---- Wawa
def test_wawa_by_hand():
    rows = [(t, w, "no" if w == "max" else "yes") for t in range(3) for w in ("ann", "bob", "max")]
    votes = [*rows, (3, "ann", "yes"), (3, "max", "no")]
    model = Wawa(rounds=1).fit(votes)
    # Task 3 is tied, so each of its two votes counts by half.
    assert model.skill_.tolist() == [3.5 / 4, 1.0, 0.5 / 4]
    assert model.predict_proba()[3].tolist() == pytest.approx([0.125, 0.875])
    assert model.predict_proba()[0].tolist() == pytest.approx([0.125 / 2, 1.875 / 2])
    with pytest.raises(BadInput):
        model.skill_interval(1.0)


def test_wawa_interval_narrows_with_answers():
    few, many = (Wawa().fit([(t, w, int(w == 2)) for t in range(n) for w in range(3)]) for n in (3, 40))
    for model in (few, many):
        low, high = model.skill_interval()
        assert (low < high).all()
    assert few.skill_interval()[1][2] > few.skill_interval()[0][0]
    assert many.skill_interval()[1][2] < many.skill_interval()[0][0]


def test_wawa_keeps_the_shares_where_nobody_is_trusted():
    """Two workers who never agree with anybody are alone on the last task."""
    rows = [(t, w, "x") for t in range(3) for w in range(3)]
    rows += [(0, 3, "y"), (1, 4, "y"), (3, 3, "x"), (3, 4, "y"), (3, 5, "y"), (3, 6, "y"), (3, 7, "y")]
    lone = [(9, 3, "z")]
    model = Wawa().fit(rows + lone)
    assert model.predict_proba()[-1].tolist() == [0, 0, 1]
    # Worker 3 agrees on nothing but the task that only they answered.
    assert model.skill_[3] == pytest.approx(1 / 3)


# ---- One-coin
def test_one_coin_finds_skills_within_its_intervals():
    skill = np.linspace(0.4, 0.95, 8)
    votes, truth = crowd(3, tasks=800, skill=skill)
    model = OneCoin().fit(votes)
    low, high = model.skill_interval(0.99)
    assert ((low < skill) & (skill < high)).all()
    assert (high - low).max() < 0.12
    assert accuracy(model, truth) > accuracy(Majority().fit(votes), truth)
    narrow = model.skill_interval(0.5)
    assert (narrow[1] - narrow[0] < high - low).all()


def test_one_coin_step_by_hand():
    model = OneCoin(max_iterations=1, prior_strength=2.0).fit([("t", "a", 0), ("t", "b", 0), ("t", "c", 1)])
    # Shares 2/3, 1/3; the crowd is right (2/3 + 2/3 + 1/3 + 1.4) / 5, and each worker has two such answers imagined.
    mean = (5 / 3 + 1.4) / 5
    assert model.crowd_skill_ == pytest.approx(mean)
    a, c = (2 / 3 + 2 * mean) / 3, (1 / 3 + 2 * mean) / 3
    assert model.skill_.tolist() == pytest.approx([a, a, c])
    odds = (a / (1 - a)) ** 2 * (1 - c) / c
    assert model.predict_proba()[0].tolist() == pytest.approx([odds / (1 + odds), 1 / (1 + odds)])
    assert model.log_likelihood_ == pytest.approx(math.log(0.5 * a * a * (1 - c) + 0.5 * (1 - a) ** 2 * c))


def test_one_coin_prior_pools_a_crowd_of_equals():
    alike, _ = crowd(1, tasks=60, workers=30, skill=np.full(30, 0.7))
    unlike, _ = crowd(1, tasks=60, workers=30, skill=np.linspace(0.35, 1.0, 30))
    equal, mixed = (OneCoin(prior_strength=None).fit(votes) for votes in (alike, unlike))
    assert equal.prior_answers_ > 50 > 20 > mixed.prior_answers_
    assert equal.skill_.std() < 0.05 < mixed.skill_.std()


def test_one_coin_learns_rare_labels_if_told_so():
    random = np.random.default_rng(0)
    truth = (random.random(600) < 0.05).astype(int)
    said = np.where(random.random((600, 3)) < 0.75, truth[:, None], 1 - truth[:, None])
    votes = [(t, w, int(said[t, w])) for t in range(600) for w in range(3)]
    even, learned = OneCoin().fit(votes), OneCoin(class_prior=1.0).fit(votes)
    assert even.class_prior_.tolist() == [0.5, 0.5]
    assert learned.class_prior_[1] < 0.15
    assert accuracy(learned, truth) > accuracy(even, truth)


def test_hidden_votes_of_one_coin_are_those_of_a_fit_without_them():
    votes, _ = crowd(5, tasks=30, workers=4)
    model = OneCoin(tolerance=1e-12, max_iterations=1000).fit(votes)
    hidden = model.hidden_votes(votes)
    assert hidden.likelihood.shape == (120, 3)
    assert np.allclose(hidden.likelihood.sum(axis=1), 1)
    assert (hidden.left == 3).all()
    # The others' weight is the sum over the other three workers of the task.
    odds = np.log(model.skill_ / (1 - model.skill_) * 2)
    first = np.log(model.class_prior_).copy()
    for i in (1, 2, 3):
        first[votes.label[i]] += odds[votes.worker[i]]
    assert hidden.others[0].tolist() == pytest.approx(first.tolist())


# ---- Difficulty
def uneven(seed, tasks=400, workers=12):
    """A world that obeys the model: votes, truth, easiness, ability."""
    random = np.random.default_rng(seed)
    truth, easy = random.integers(0, 3, tasks), np.exp(random.normal(0, 1, tasks))
    ability = np.linspace(0.5, 3.0, workers)
    p = 1 / (1 + 2 * np.exp(-ability * easy[:, None]))
    wrong = (truth[:, None] + random.integers(1, 3, p.shape)) % 3
    said = np.where(random.random(p.shape) < p, truth[:, None], wrong)
    return Votes.from_columns(*np.indices(said.shape).reshape(2, -1), said.ravel()), truth, easy, ability


def test_difficulty_tells_hard_tasks_and_able_workers():
    votes, _, easy, ability = uneven(4)
    model = Difficulty().fit(votes)
    assert np.corrcoef(model.easiness_, easy)[0, 1] > 0.6
    assert np.corrcoef(model.ability_, ability)[0, 1] > 0.95
    low, high = model.skill_interval()
    assert (low < model.skill_).all()
    assert (model.skill_ < high).all()
    # One-coin must take hard tasks for sure; a task of low easiness is less so.
    hard = easy < 0.3
    assert (
        model.predict_proba()[hard].max(axis=1).mean() < OneCoin().fit(votes).predict_proba()[hard].max(axis=1).mean()
    )


def test_difficulty_is_worth_it_on_average():
    gain = []
    for seed in range(5):
        votes, truth, *_ = uneven(seed)
        gain.append(accuracy(Difficulty().fit(votes), truth) - accuracy(Majority().fit(votes), truth))
    assert np.mean(gain) > 0.003


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10_000))
def test_difficulty_climbs(seed):
    votes, _ = crowd(seed, tasks=12, workers=5)
    height = [Difficulty(max_iterations=n, tolerance=0.0).fit(votes).log_posterior_ for n in range(1, 12)]
    assert (np.diff(height) > -1e-3).all()


# ---- BWA
def test_bwa_stands_at_its_fixed_point():
    votes, _ = crowd(2, tasks=50, workers=5, labels=2)
    model = BWA(tolerance=0.0, max_iterations=300).fit(votes)
    z, v = model.posterior_, model.precision_
    for w in range(5):
        mine = votes.worker == w
        error = ((z[votes.task[mine]] - np.eye(2)[votes.label[mine]]) ** 2).sum(axis=0)
        share = Majority().fit(votes).predict_proba()
        doubt = 15 * 2 * ((5 * share * (1 - share)).sum(axis=0) + 0.25) / (len(votes) + 1)
        assert v[w].tolist() == pytest.approx(((15 + mine.sum()) / (doubt + error)).tolist(), rel=1e-6)
    said = votes.label == 1
    pull = np.bincount(votes.task, weights=v[votes.worker, 1] * said)
    whole = np.bincount(votes.task, weights=v[votes.worker, 1])
    assert z[:, 1].tolist() == pytest.approx(((z[:, 1].mean() + pull) / (1 + whole)).tolist(), rel=1e-6)


# ---- correlated workers
def misled(seed=0, tasks=400, workers=10):
    """Four in ten of the tasks of label 0 look like label 1 to four of ten workers."""
    random = np.random.default_rng(seed)
    truth = random.integers(0, 2, tasks)
    trap = (truth == 0) & (random.random(tasks) < 0.4)
    said = np.where(random.random((tasks, workers)) < 0.9, truth[:, None], 1 - truth[:, None])
    said[:, :4] = np.where(trap[:, None] & (random.random((tasks, 4)) < 0.85), 1, said[:, :4])
    return Votes.from_columns(*np.indices(said.shape).reshape(2, -1), said.ravel()), truth


def test_correlated_finds_what_misleads_workers_together():
    votes, truth = misled()
    model = Correlated().fit(votes)
    assert model.evidence_gain_ > 50
    assert model.subtype_class_.tolist() == [0, 0, 1]
    assert accuracy(model, truth) > max(0.995, accuracy(Majority().fit(votes), truth))
    # In one subtype of label 0 the first four say 1, and the other six do not.
    trap = model.confusion_[:4, :2, 1].mean(axis=0).argmax()
    assert model.confusion_[:4, trap, 1].min() > 0.6
    assert model.confusion_[4:, trap, 1].max() < 0.4
    assert np.allclose(model.confusion_.sum(axis=-1), 1)
    assert np.allclose(model.responsibility_.sum(axis=1), 1)
    assert model.subtype_tasks_.sum() == pytest.approx(400)


def test_correlated_leaves_an_independent_crowd_alone():
    votes, truth = crowd(7, skill=np.linspace(0.6, 0.9, 8))
    model = Correlated().fit(votes)
    assert model.subtype_class_.tolist() == [0, 1, 2]
    assert model.evidence_gain_ < 1
    assert accuracy(model, truth) >= accuracy(DawidSkene().fit(votes), truth) - 0.02


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 10_000))
def test_evidence_never_falls(seed):
    votes, _ = misled(seed, tasks=30)
    model, world = Correlated(), room._World.of(votes)
    shares = Majority().fit(votes).predict_proba()
    state = room._Mixture(shares, np.arange(2), np.zeros(2, bool)).cut(1, np.linspace(0, 1, 30))
    found = []
    for _ in range(15):
        state = model._step(world, state)
        found.append(state.evidence)
    assert (np.diff(found) > -1e-6).all()


def test_too_many_cells(monkeypatch):
    monkeypatch.setattr(room, "MAX_CELLS", 10)
    with pytest.raises(TooLarge, match="wawa"):
        Correlated().fit(crowd(tasks=5)[0])


# ---- gamma
def test_gamma_functions_against_known_values():
    x = 10.0 ** np.linspace(-6, 9, 500)
    assert log_gamma(x) == pytest.approx([math.lgamma(one) for one in x], rel=1e-12, abs=1e-12)
    assert digamma(np.array([1.0, 0.5, 10.0])) == pytest.approx(
        [-0.5772156649015329, -1.9635100260214235, 2.2517525890667211], abs=1e-13
    )
    assert digamma(x + 1) - digamma(x) == pytest.approx(1 / x, rel=1e-9, abs=1e-12)
    assert np.exp(expected_log(np.array([1e9, 3e9]))) == pytest.approx([0.25, 0.75])
    a, b = np.array([[2.0, 3.0]]), np.array([1.0, 1.0])
    # Beta(2, 3) against the even one: log 12 + E log x + 2 E log (1 - x) = log 12 - 13/12 - 2 · 7/12.
    assert divergence(a, b) == pytest.approx(math.log(12) - 13 / 12 - 14 / 12)
    assert divergence(a, a) == pytest.approx(0, abs=1e-14)


# ---- states
class Keeps(Restorable):
    """A model that has learned whatever it was given."""

    value_: object

    def __init__(self, *, size: float = 1.0) -> None:
        if not isinstance(size, int | float):
            raise TypeError("size")
        self.size = size

    def fit(self, value):
        self.value_ = value
        return self


NAMES = st.text() | st.integers(-(2**70), 2**70) | st.booleans() | st.floats(allow_nan=False) | st.none()
VALUES = st.recursive(
    NAMES, lambda one: st.lists(one) | st.lists(one).map(tuple) | st.dictionaries(NAMES.filter(bool), one), max_leaves=8
)


@settings(max_examples=60, deadline=None)
@given(VALUES)
def test_values_come_back_as_they_were(value):
    arrays = {}
    from tawsim.truth.state import _packed, _unpacked

    text = json.dumps(_packed(value, arrays, "it"), allow_nan=False)
    back = _unpacked(json.loads(text), arrays)
    assert back == value
    assert repr(back) == repr(value)
    assert repr(Keeps.from_state(Keeps().fit(value).to_state()).value_) == repr(value)


def test_a_model_within_a_model_and_arrays_within_tuples(tmp_path):
    votes, _ = crowd(tasks=10)
    inner = OneCoin(prior_strength=None).fit(votes)
    outer = OneCoin().fit(votes)
    outer.members_ = (inner, {"table": np.eye(2, dtype=np.float32), "far": -math.inf, "n": np.int16(3)})
    save(outer, tmp_path / "m.npz")
    back = load(tmp_path / "m.npz")
    assert isinstance(back.members_[0], OneCoin)
    assert back.members_[0].prior_strength is None
    assert np.array_equal(back.members_[0].predict_proba(), inner.predict_proba())
    assert back.members_[1]["table"].dtype == np.float32
    assert (back.members_[1]["far"], back.members_[1]["n"], back.class_prior) == (-math.inf, 3, math.inf)
    assert np.array_equal(from_state(to_state(outer)).members_[0].skill_, inner.skill_)


def test_what_cannot_be_written_is_named_and_leaves_no_file(tmp_path):
    outer = OneCoin().fit(crowd(tasks=5)[0])
    outer.odd_ = {"when": np.array([object()])}
    with pytest.raises(BadInput, match="when holds a ndarray"):
        save(outer, tmp_path / "m.npz")
    outer.odd_ = object()
    with pytest.raises(BadInput, match="odd_ holds a object"):
        save(outer, tmp_path / "m.npz")
    assert list(tmp_path.iterdir()) == []


def test_foreign_and_damaged_files(tmp_path):
    path = tmp_path / "m.npz"
    with pytest.raises(BadFile, match="no such file"):
        load(path)
    model = Wawa().fit(crowd(tasks=4)[0])
    save(model, path)
    whole = path.read_bytes()
    for end in range(0, len(whole), 37):
        path.write_bytes(whole[:end])
        with pytest.raises(BadFile):
            load(path)
    for content in (b"", b"hello", b"PK\x03\x04" + b"\0" * 80, b"\x80\x04K\x01."):
        path.write_bytes(content)
        with pytest.raises(BadFile, match=r"m\.npz"):
            load(path)
    np.savez(path, other=np.arange(3))
    with pytest.raises(BadFile):
        load(path)
    np.savez(path, state=np.array([{"a": 1}], dtype=object))
    with pytest.raises(BadFile):
        load(path)


@pytest.mark.parametrize(
    "name", ["os.path.Popen", "choice.wawa.share_interval", "votes.Votes", "..x.Y", "state.BadInput"]
)
def test_a_file_cannot_name_what_is_not_a_model(name):
    state = Wawa().fit(crowd(tasks=4)[0]).to_state()
    with pytest.raises(BadInput, match="no truth model"):
        from_state({**state, "model": name})


def test_settings_in_a_state_are_checked_again():
    state = OneCoin().fit(crowd(tasks=4)[0]).to_state()
    for bad in (-1.0, "many"):
        with pytest.raises(BadInput):
            OneCoin.from_state({**state, "settings": {**state["settings"], "tolerance": bad}})


# ---- published figures
def read(name):
    path = next(FOLDER.glob(name + "*"))
    with gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else path.open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


@with_data
@pytest.mark.parametrize("name", PUBLISHED)
def test_published_figures(name):
    votes = Votes.from_table(read(f"{name}/answers.csv"))
    place = {task: i for i, task in enumerate(votes.tasks)}
    rows = [row for row in read(f"{name}/truth.csv") if row["task"] in place]
    gold = np.array([(place[row["task"]], votes.labels.index(row["label"])) for row in rows]).T

    def percent(model):
        p = model.fit(votes).predict_proba()[gold[0]]
        top = p >= p.max(axis=1, keepdims=True) - 1e-9
        return 100 * (top[np.arange(len(p)), gold[1]] / top.sum(axis=1)).mean()

    bwa, ibcc = PUBLISHED[name]
    assert percent(BWA()) == pytest.approx(bwa, abs=0.3)
    assert percent(Correlated(subtypes=1)) == pytest.approx(ibcc, abs=0.35)
    assert percent(Wawa()) > percent(Majority()) - 1.0
