"""Ordered labels: the order, workers who bend the scale, the shared manners of models, and the published figures."""

import csv
import gzip
import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tawsim.core.errors import BadInput
from tawsim.truth import Majority, TruthModel, Votes
from tawsim.truth.infer import ASSUMED_ACCURACY
from tawsim.truth.ordinal import Ordinal
from tawsim.truth.state import load, save

FOLDER = Path(os.environ.get("TAWSIM_DATA", Path(__file__).resolve().parents[3] / "shared" / "data" / "crowd"))
SETS = ("web", "s_adult")
MISSING = [name for name in SETS if not (FOLDER / name).is_dir()]
GRADES = ["سيئ", "مقبول", "good", "🙂"]


def votes_of(tasks=7, workers=4):
    cell = st.tuples(st.integers(0, tasks), st.integers(0, workers), st.sampled_from(GRADES))
    return st.lists(cell, min_size=1, max_size=40, unique_by=lambda row: row[:2])


def world(seed=0, tasks=300, workers=12, each=5, levels=5, sharp=(0.4, 1.2), lenient=0.0):
    """Latent truth cut into levels; each worker sees it with noise and her own shift."""
    random = np.random.default_rng(seed)
    truth = random.integers(0, levels, tasks)
    shift, noise = random.normal(0, lenient, workers), random.uniform(*sharp, workers)
    table = []
    for t in range(tasks):
        for w in random.permutation(workers)[:each]:
            seen = truth[t] + shift[w] + noise[w] * random.normal()
            table.append((t, int(w), int(np.clip(round(seen), 0, levels - 1))))
    return table, truth, shift, noise


def right(model, truth):
    return float(np.mean(np.array(model.predict()) == truth))


def test_manners():
    model = Ordinal()
    with pytest.raises(BadInput, match="fit"):
        model.predict()
    with pytest.raises(BadInput, match="fit"):
        model.predict_proba()
    with pytest.raises(BadInput, match="fit"):
        model.interval()
    table, truth, *_ = world()
    assert model.fit(table) is model
    assert isinstance(model, TruthModel)
    assert model.labels_ == (0, 1, 2, 3, 4)
    assert model.predict_proba().shape == (300, 5)
    assert right(model, truth) > 0.75
    assert ">>>" in Ordinal.__doc__


def test_the_order_of_levels_is_theirs_not_the_alphabet_s():
    table = [(t, w, str(2 + t % 10)) for t in range(30) for w in range(3)]
    assert Ordinal().fit(table).labels_ == tuple(str(n) for n in range(2, 12))
    assert Ordinal(levels=GRADES).fit([("t", "w", "good")]).labels_ == tuple(GRADES)
    given_votes = Votes.from_columns([1, 2], [1, 1], ["good", "سيئ"])
    assert Ordinal(levels=GRADES).fit(given_votes).labels_ == tuple(GRADES)


@settings(max_examples=12, deadline=None)
@given(data=st.data())
def test_turning_the_scale_around_turns_the_result_around(data):
    table = data.draw(votes_of())
    a, b = Ordinal(levels=GRADES).fit(table), Ordinal(levels=GRADES[::-1]).fit(table)
    assert np.allclose(a.predict_proba(), b.predict_proba()[:, ::-1], atol=1e-7)
    assert np.allclose(a.bias_, -b.bias_, atol=1e-6)
    assert np.allclose(a.expected_, 3 - b.expected_, atol=1e-6)


@settings(max_examples=12, deadline=None)
@given(data=st.data())
def test_rows_and_workers_names_change_nothing(data):
    table = data.draw(votes_of())
    people = data.draw(st.permutations([f"عامل {i}" for i in range(5)]))
    p = Ordinal(levels=GRADES).fit(table).predict_proba()
    assert np.array_equal(p, Ordinal(levels=GRADES).fit(data.draw(st.permutations(table))).predict_proba())
    renamed = [(t, people[w], label) for t, w, label in table]
    assert np.allclose(p, Ordinal(levels=GRADES).fit(renamed).predict_proba(), atol=1e-7)


@settings(max_examples=12, deadline=None)
@given(votes_of())
def test_probabilities_ties_and_intervals(table):
    model = Ordinal(levels=GRADES).fit(table)
    p = model.predict_proba()
    assert np.isfinite(p).all()
    assert (p >= 0).all()
    assert np.allclose(p.sum(axis=1), 1)
    for row, label, tie in zip(p, model.predict(), model.ties_, strict=True):
        assert row[GRADES.index(label)] >= row.max() - 1e-9
        assert not tie or np.sort(row)[-1] - np.sort(row)[-2] < 1e-6
    low, high = model.interval(0.8)
    assert (low <= high).all()
    held = [row[i : j + 1].sum() for row, i, j in zip(p, low, high, strict=True)]
    assert min(held) >= 0.8 - 1e-9
    assert (low - 1e-9 <= model.expected_.round() + 1).all()


@pytest.mark.parametrize(
    "table",
    [
        [("t", "w", 1)],
        [(t, "w", t % 3) for t in range(5)],
        [(t, w, 2) for t in range(5) for w in range(3)],
        [("t", w, w) for w in range(4)],
        [(t, w, w) for t in range(6) for w in range(2)],
        [(t, t, t % 3) for t in range(6)],
    ],
    ids=["one vote", "one worker", "one level", "one task", "all ties", "nobody shares a task"],
)
def test_degenerate_votes(table):
    p = Ordinal().fit(table).predict_proba()
    assert np.isfinite(p).all()
    assert np.allclose(p.sum(axis=1), 1)


@pytest.mark.parametrize(
    "table",
    [
        [("a", "ann", 2), ("a", "bob", 0), ("b", "ann", 2)],
        [("a", "ann", 2), ("a", "bob", 1), ("b", "ann", 2)],
        [("a", "ann", 2), ("a", "bob", 2), ("b", "ann", 0)],
        [("a", "ann", 2), ("b", "bob", 2), ("c", "eve", 2)],
        [("b", "ann", 2)],
    ],
    ids=["two differ", "two differ by one", "two agree", "lone votes", "one vote"],
)
def test_a_lone_vote_is_worth_what_an_unknown_worker_is(table):
    model = Ordinal(levels=[0, 1, 2]).fit(table)
    lone = model.predict_proba()[-1]
    assert lone[table[-1][2]] == pytest.approx(ASSUMED_ACCURACY, abs=0.07)
    low, high = model.interval()
    assert (low[-1], high[-1]) == (0, 2)


def test_any_number_of_lone_votes_tells_nothing_of_workers():
    model = Ordinal(levels=[0, 1, 2]).fit([(t, t % 4, t % 3) for t in range(600)])
    assert model.predict_proba().max(axis=1) == pytest.approx(ASSUMED_ACCURACY, abs=0.02)


def test_even_votes_are_a_tie():
    model = Ordinal(levels=[0, 1]).fit([(t, w, w) for t in range(6) for w in range(2)])
    assert model.ties_.all()


def test_levels_and_tasks_without_votes():
    table, *_ = world(tasks=40)
    votes = Votes.from_columns(*zip(*table, strict=True), labels=range(7), tasks=range(41))
    p = Ordinal(levels=range(7)).fit(votes).predict_proba()
    assert p.shape == (41, 7)
    assert np.isfinite(p).all()
    assert p[:40, 5:].max() < 0.1


def test_perfect_workers_are_believed():
    table, truth, *_ = world(sharp=(0, 0))
    model = Ordinal().fit(table)
    assert right(model, truth) == 1
    assert model.predict_proba().max(axis=1).min() > 0.9


def test_lenient_and_strict_workers_are_understood():
    table, truth, shift, _ = world(lenient=1.0, sharp=(0.3, 0.8), tasks=500)
    model = Ordinal().fit(table)
    assert right(model, truth) > right(Majority().fit(table), truth) + 0.1
    assert np.corrcoef(model.bias_, shift)[0, 1] > 0.9
    low, high = model.interval()
    assert np.mean((low <= truth) & (truth <= high)) > 0.9


def test_sharp_workers_are_told_from_blunt_ones():
    table, _, _, noise = world(sharp=(0.2, 2.5), tasks=500)
    assert np.corrcoef(Ordinal().fit(table).sharpness_, noise)[0, 1] < -0.8


def test_who_leaves_the_crowd_s_scale_is_still_uncertain():
    """Where a sharp worker's bent levels cross, a chance is held at its floor. That is no knowledge of the worker."""
    random = np.random.default_rng(0)
    truth = random.choice(4, 800, p=[0.6, 0.2, 0.1, 0.1])
    blunt = [[0.95, 0.03, 0.01, 0.01], [0.6, 0.36, 0.03, 0.01], [0.25, 0.5, 0.2, 0.05], [0.35, 0.03, 0.1, 0.52]]
    sharp = [[0.999, 0, 0, 0.001], [0.9, 0.1, 0, 0], [0.1, 0.6, 0.28, 0.02], [0.02, 0, 0.1, 0.88]]
    rows = [
        (t, int(w), int(random.choice(4, p=(sharp if w < 8 else blunt)[k])))
        for t, k in enumerate(truth)
        for w in random.permutation(25)[:6]
    ]
    model = Ordinal().fit(rows)
    answers = np.bincount([worker for _, worker, _ in rows])
    assert (model.sharpness_sd_ * np.sqrt(answers)).min() > 0.5
    assert model.sharpness_[:8].min() > model.sharpness_[8:].max()


def test_who_turns_the_scale_around_does_no_harm():
    table, truth, *_ = world(sharp=(0.3, 0.5))
    turned = [(t, w, 4 - level if w == 0 else level) for t, w, level in table]
    model = Ordinal().fit(turned)
    assert right(model, truth) > 0.93
    assert model.sharpness_[0] == min(model.sharpness_)
    assert model.confusion_[0, 0, 4] > 0.7


def test_a_repeated_vote_keeps_the_last():
    table, *_ = world(tasks=30)
    first = table[0]
    model = Ordinal().fit([(first[0], first[1], 4 - first[2]), *table])
    assert model.repeated_ == 1
    assert np.array_equal(model.predict_proba(), Ordinal().fit(table).predict_proba())


def test_same_twice_and_a_refit_forgets():
    table, *_ = world()
    model = Ordinal().fit(world(1, tasks=20)[0])
    assert np.array_equal(model.fit(table).predict_proba(), Ordinal().fit(table).predict_proba())


def test_state_round_trip(tmp_path):
    model = Ordinal(levels=GRADES).fit([(t, w, GRADES[(t + w // 2) % 4]) for t in range(12) for w in range(3)])
    save(model, tmp_path / "model.npz")
    for again in (load(tmp_path / "model.npz"), Ordinal.from_state(model.to_state())):
        assert again.predict() == model.predict()
        assert np.array_equal(again.predict_proba(), model.predict_proba())
        assert again.levels == tuple(GRADES)


def test_bad_votes_and_settings():
    for bad in ([], [(1, 2)], {"task": [1]}, [("t", "w", None)]):
        with pytest.raises(BadInput):
            Ordinal().fit(bad)
    with pytest.raises(BadInput, match="'good' is not a number"):
        Ordinal().fit([("t", "w", "good")])
    with pytest.raises(BadInput, match="same number"):
        Ordinal().fit([("t", "a", "1"), ("t", "b", "1.0")])
    with pytest.raises(BadInput, match="Row 2: 'great'"):
        Ordinal(levels=GRADES).fit([("t", "a", "good"), ("t", "b", "great")])
    with pytest.raises(BadInput, match="twice"):
        Ordinal(levels=["a", "b", "a"]).fit([("t", "w", "a")])
    for options in ({"prior_answers": 0}, {"max_iterations": 0}, {"tolerance": -1}):
        with pytest.raises(BadInput):
            Ordinal(**options)


def read(path):
    with gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else path.open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.mark.skipif(
    bool(MISSING), reason=f"{len(MISSING)} of {len(SETS)} ordered sets are not in {FOLDER}: set TAWSIM_DATA"
)
@pytest.mark.parametrize(("name", "peer", "sure"), [("web", 0.829, 0.10), ("s_adult", 0.766, 0.12)])
def test_better_than_every_single_peer(name, peer, sure):
    """Best measured single peers: Dawid–Skene .829 on web, Dawid–Skene and ZeroBasedSkill .766 on s_adult."""
    table = read(next((FOLDER / name).glob("answers.csv*")))
    gold = {row["task"]: row["label"] for row in read(next((FOLDER / name).glob("truth.csv*")))}
    model = Ordinal().fit(table)
    judged = [(i, model.labels_.index(gold[task])) for i, task in enumerate(model.tasks_) if task in gold]
    p = model.predict_proba()[[i for i, _ in judged]]
    truth = np.array([k for _, k in judged])
    top = p >= p.max(axis=1, keepdims=True) - 1e-9
    assert np.mean(top[np.arange(len(p)), truth] / top.sum(axis=1)) > peer
    assert abs(p.max(axis=1).mean() - np.mean(p.argmax(axis=1) == truth)) < sure
