"""Incremental Dawid–Skene: as a full refit sees it, whatever came, changed or went; and bounded work for each vote."""

import csv
import gzip
import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tawsim.core.errors import BadInput, NotFound
from tawsim.truth import DawidSkene, Votes
from tawsim.truth.choice import incremental as room
from tawsim.truth.choice.incremental import Incremental
from tawsim.truth.choice.ledger import Ledger
from tawsim.truth.state import load, save

FOLDER = Path(os.environ.get("TAWSIM_DATA", Path(__file__).resolve().parents[3] / "shared" / "data" / "crowd"))
# Sets on which EM has one optimum to find. (On web the refit ends elsewhere: its labels differ by 2 %.)
SETS = ("rte", "bluebird", "dog", "d_product")
MISSING = [name for name in SETS if not (FOLDER / name).is_dir()]
MEAN, SAME = 0.005, 0.995


def crowd(seed=0, tasks=1000, workers=30, labels=3, overlap=4):
    random = np.random.default_rng(seed)
    truth = random.integers(0, labels, tasks)
    right = random.beta(8, 2, workers)
    rows = []
    for t in range(tasks):
        for w in random.permutation(workers)[:overlap].tolist():
            wrong = int(random.random() >= right[w]) * int(random.integers(1, labels))
            rows.append((t, f"w{w}", "abcdefgh"[(truth[t] + wrong) % labels]))
    return [rows[i] for i in random.permutation(len(rows))]


def difference(model, rows):
    """Mean total variation between `model` and a full fit, calibrated alike, and the share of equal labels."""
    votes = Votes.from_columns(*zip(*rows, strict=True), labels=model.labels_, tasks=model.tasks_)
    fitted = DawidSkene().fit(votes)
    fitted.vote_correlation_ = model.vote_correlation_  # the one number that waits for a refit
    p, full = model.predict_proba(), fitted.predict_proba()
    return np.abs(p - full).sum(axis=1).mean() / 2, (p.argmax(axis=1) == full.argmax(axis=1)).mean()


@pytest.mark.parametrize(("labels", "overlap"), [(2, 3), (3, 4), (6, 5)])
def test_votes_one_by_one_agree_with_a_full_refit(labels, overlap):
    rows = crowd(labels, labels=labels, overlap=overlap)
    cut = int(len(rows) * 0.981)
    model = Incremental.from_votes(rows[:cut])
    for row in rows[cut:]:
        model.update([row])
    assert not model._new_label
    assert model.stale_ == pytest.approx((len(rows) - cut) / cut)
    assert not model.needs_refit
    mean, same = difference(model, rows)
    assert mean <= MEAN
    assert same >= SAME
    model.settle()
    assert model.pending_ == 0
    assert difference(model, rows)[0] <= MEAN


@pytest.mark.skipif(
    bool(MISSING), reason=f"{len(MISSING)} of {len(SETS)} crowd sets are not in {FOLDER}: set TAWSIM_DATA"
)
@pytest.mark.parametrize("name", SETS)
def test_real_crowds_agree_with_a_full_refit(name):
    path = next((FOLDER / name).glob("answers.csv*"))
    with gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else path.open(encoding="utf-8") as file:
        told = [(row["task"], row["worker"], row["label"]) for row in csv.DictReader(file)]
    rows = list({row[:2]: row for row in told}.values())
    rows = [rows[i] for i in np.random.default_rng(0).permutation(len(rows))]
    cut = len(rows) - min(len(rows) // 52, 300)
    model = Incremental.from_votes(rows[:cut])
    for row in rows[cut:]:
        model.update([row])
    mean, same = difference(model, rows)
    assert mean <= MEAN
    assert same >= SAME


def test_edits_and_removals_agree_with_a_full_refit():
    rows = crowd(7)
    model = Incremental.from_votes(rows)
    now = {row[:2]: row for row in rows}
    random = np.random.default_rng(1)
    for i in random.permutation(len(rows))[:75].tolist():
        task, worker, label = rows[i]
        if i % 2:
            assert model.remove([(task, worker)]) == 1
            del now[task, worker]
        else:
            other = "abc"[("abc".index(label) + 1) % 3]
            assert model.update([(task, worker, other)]) == 1
            now[task, worker] = (task, worker, other)
    mean, same = difference(model, list(now.values()))
    assert mean <= MEAN
    assert same >= SAME


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_counts_are_those_of_the_posterior_after_anything(data):
    """The one invariant: counts = Σ posterior over the votes that stand."""
    cell = st.tuples(st.integers(0, 6), st.sampled_from("vwxyz"), st.sampled_from("abcd"))
    start = data.draw(st.lists(cell, min_size=1, max_size=20))
    model = Incremental.from_votes(start)
    now = {row[:2]: row[2] for row in start}
    for row in data.draw(st.lists(cell, max_size=25)):
        if data.draw(st.booleans()) and row[:2] in now:
            assert model.remove([row[:2]]) == 1
            del now[row[:2]]
        else:
            assert model.update([row]) == (now.get(row[:2]) != row[2])
            now[row[:2]] = row[2]
    ledger = model._ledger
    width = len(model.labels_)
    counts, per_class, answers = np.zeros_like(model._counts), np.zeros(width), np.zeros_like(model._answers)
    for task in range(len(model.tasks_)):
        said = ledger.said(task)
        assert {(model.tasks_[task], model.workers_[w]): model.labels_[k] for w, k in said.items()} == {
            place: label for place, label in now.items() if place[0] == model.tasks_[task]
        }
        assert model._posterior[task].sum() == pytest.approx(1.0 if said else 0.0, abs=1e-9)
        for worker, label in said.items():
            counts[worker, label] += model._posterior[task]
            answers[worker] += 1
        if said:
            per_class += model._posterior[task]
    assert np.allclose(model._counts, counts, atol=1e-9)
    assert np.allclose(model._per_truth, counts.sum(axis=1), atol=1e-9)
    assert np.allclose(model._class, per_class, atol=1e-9)
    assert model._answers.tolist() == answers.tolist()
    assert ledger.votes == len(now)
    assert all(model.p(task).sum() == pytest.approx(1) for task in model.tasks_)
    if now:
        p = model.predict_proba()
        assert all(np.allclose(model.p(task), p[i]) for i, task in enumerate(model.tasks_))
        model.refit()
        assert model.stale_ == 0
        assert not model.needs_refit


def test_a_refit_is_a_fit():
    """To convergence: the table of counts is one M step ahead of the fit's."""
    rows = crowd(3, tasks=200)
    settings = {"tolerance": 1e-8, "max_iterations": 1000}
    model = Incremental.from_votes(rows[:700], DawidSkene(**settings))
    model.update(rows[700:])
    model.refit()
    votes = Votes.from_columns(*zip(*rows, strict=True), labels=model.labels_, tasks=model.tasks_)
    full = DawidSkene(**settings).fit(votes)
    assert np.allclose(model.predict_proba(), full.predict_proba(), atol=1e-5)
    assert model.predict() == full.predict()
    assert model.vote_correlation_ == full.vote_correlation_


def test_all_at_once_is_as_good_as_one_by_one():
    rows = crowd(5)
    cut = int(len(rows) * 0.981)
    model = Incremental.from_votes(rows[:cut])
    assert model.update(rows[cut:]) == len(rows) - cut
    mean, same = difference(model, rows)
    assert mean <= MEAN
    assert same >= SAME


def test_new_names_come_in():
    model = Incremental.from_votes(crowd(2, tasks=200))
    assert (
        model.update([("new", "w1", "a"), ("new", "w2", "a"), ("new", "stranger", "a"), ("other", "w1", "new label")])
        == 4
    )
    assert model.tasks_[-2:] == ("new", "other")
    assert model.workers_[-1] == "stranger"
    assert model.labels_ == ("a", "b", "c", "new label")
    assert model.label("new")[0] == "a"
    assert model.skill("stranger").answers == 1
    assert model.needs_refit, "the fit knew nothing of the new label"
    assert not model.refit().needs_refit
    assert model.predict_proba().shape == (202, 4)


def test_a_bad_worker_is_found_out():
    rows = [(t, w, "abc"[t % 3]) for t in range(300) for w in ("ann", "bob", "eve")]
    model = Incremental.from_votes(rows)
    good = model.skill("ann")
    assert good.low < good.accuracy < good.high
    assert good.accuracy > 0.98
    model.update([(t, "eve", "abc"[(t + 1) % 3]) for t in range(0, 300)])
    bad = model.skill("eve")
    assert bad.high < 0.05
    assert bad.confusion[0, 1] > 0.95
    assert bad.answers == 300
    assert model.predict() == ["abc"[t % 3] for t in range(300)]


def test_what_a_vote_costs_does_not_grow(monkeypatch):
    """E steps for one vote: the task itself and a bounded sweep, however many tasks its workers have."""
    model = Incremental.from_votes(crowd(4, tasks=2000, workers=8))
    worked = []
    plain = Incremental._expect
    monkeypatch.setattr(
        Incremental, "_expect", lambda self, tasks, rounds=1: (worked.append(len(tasks)), plain(self, tasks, rounds))[1]
    )
    for task in range(60):
        model.update([(task, "w1", "a")])
    assert sum(worked) <= 60 * (1 + 2 * room.BUDGET)
    assert max(worked) <= room.BUDGET


def test_nothing_changes_where_nothing_is_new():
    rows = crowd(6, tasks=100)
    model = Incremental.from_votes(rows)
    before = model.predict_proba()
    assert model.update(rows[:5]) == 0
    assert model.update([]) == 0
    assert model.remove([]) == 0
    assert np.array_equal(model.predict_proba(), before)
    assert model.stale_ == 0


def test_bad_input_changes_nothing():
    model = Incremental.from_votes(crowd(1, tasks=50))
    before = model.predict_proba()
    for bad, message in (
        ([(1, "w1", "a"), (2, "w1", None)], "Row 2 has no label"),
        ([(1, "w1", ["a"])], "Row 1: the label is not a plain"),
        ([(1, "w1")], "Row 1 is not"),
        ({"task": [1], "worker": ["w1"]}, "column “label” is missing"),
    ):
        with pytest.raises(BadInput, match=message):
            model.update(bad)
    task, worker = model.tasks_[0], model.workers_[model._ledger.said(0).__iter__().__next__()]
    for bad in ([(task, worker), ("none", worker)], [(task, worker), (task, worker)], [(task, "nobody")]):
        with pytest.raises(BadInput, match="has no vote"):
            model.remove(bad)
    with pytest.raises(NotFound):
        model.p("none")
    with pytest.raises(NotFound):
        model.skill("nobody")
    assert np.array_equal(model.predict_proba(), before)


def test_the_last_vote_of_a_task_may_go():
    model = Incremental.from_votes([("t", "w", "a"), ("u", "w", "b"), ("u", "v", "b")])
    model.remove([("t", "w")])
    assert model.p("t").sum() == pytest.approx(1)
    model.update([("t", "v", "b")])
    assert model.label("t")[0] == "b"
    model.remove([("t", "v"), ("u", "w"), ("u", "v")])
    assert model.p("u").tolist() == pytest.approx([0.5, 0.5])
    assert model._ledger.votes == 0


def test_the_ledger_gives_back_what_it_was_given():
    votes = Votes.from_table(crowd(8, tasks=40))
    again = Ledger(votes).collect()
    assert np.array_equal(votes.task, again.task)
    assert np.array_equal(votes.worker, again.worker)
    assert np.array_equal(votes.label, again.label)
    assert (votes.tasks, votes.workers, votes.labels) == (again.tasks, again.workers, again.labels)


# ---- from nothing, and as a file
def test_it_starts_without_votes():
    rows = crowd(9, tasks=150)
    model = Incremental()
    assert (model.tasks_, model.workers_, model.labels_) == ((), (), ())
    assert (model.predict(), model.predict_proba().shape) == ([], (0, 0))
    assert (model.stale_, model.pending_, model.needs_refit) == (0, 0, False)
    assert model.settle() == model.remove([]) == model.update([]) == 0
    for refused in (lambda: model.remove([("t", "w")]), lambda: model.update([("t", "w", None)])):
        with pytest.raises(BadInput):
            refused()
    with pytest.raises(NotFound):
        model.p("t")
    for row in rows:
        assert model.update([row]) == 1
    assert model.needs_refit, "nothing was fitted yet"
    assert len(model.tasks_) == 150
    assert model.predict_proba().sum(axis=1) == pytest.approx(1)
    whole = Incremental.from_votes(rows)
    before = dict(zip(model.tasks_, model.predict(), strict=True))
    same = np.mean([before[task] == label for task, label in zip(whole.tasks_, whole.predict(), strict=True)])
    assert same > 0.97
    model.refit()
    assert not model.needs_refit
    assert dict(zip(model.tasks_, model.predict(), strict=True)) == dict(
        zip(whole.tasks_, whole.predict(), strict=True)
    )


def test_it_can_lose_every_vote():
    model = Incremental()
    model.update([("t", "w", "a")])
    assert model.label("t")[0] == "a"
    model.remove([("t", "w")])
    assert model.predict_proba().tolist() == [[1.0]]
    assert model.refit().predict_proba().tolist() == [[1.0]]
    model.update([("t", "w", "b")])
    assert model.label("t")[0] == "b"
    with pytest.raises(BadInput, match="DawidSkene") as error:
        Incremental(crowd())
    assert "from_votes" in error.value.hint


@pytest.mark.parametrize("begun", [True, False])
def test_it_goes_on_from_a_file(tmp_path, begun):
    rows = crowd(11, tasks=300)
    model = Incremental.from_votes(rows[:900], DawidSkene(prior_strength=3.0)) if begun else Incremental()
    model.update(rows[880:1100])
    model.remove([rows[3][:2]] if begun else [rows[990][:2]])
    save(model, tmp_path / "live.npz")
    for again in (load(tmp_path / "live.npz"), Incremental.from_state(model.to_state())):
        assert (again.tasks_, again.workers_, again.labels_) == (model.tasks_, model.workers_, model.labels_)
        assert np.allclose(again.predict_proba(), model.predict_proba(), atol=1e-12)
        assert (again.stale_, again.needs_refit) == (model.stale_, model.needs_refit)
        assert again.skill("w1")[:4] == model.skill("w1")[:4]
        assert again.update(rows[1100:]) == 100
        fresh = Incremental.from_state(model.to_state())
        fresh.update(rows[1100:])
        assert np.allclose(again.predict_proba(), fresh.predict_proba(), atol=1e-9)
        assert again.refit()._model.prior_strength == (3.0 if begun else 2.0)


def test_an_empty_one_and_damaged_ones(tmp_path):
    save(Incremental(), tmp_path / "none.npz")
    empty = load(tmp_path / "none.npz")
    assert empty.update([("t", "w", "a")]) == 1
    state = Incremental.from_votes(crowd(tasks=20)).to_state()
    for name, value in (("worker_", state["learned"]["worker_"] + 99), ("counts_", np.zeros((2, 2))), ("tasks_", ())):
        with pytest.raises(BadInput, match="damaged"):
            Incremental.from_state({**state, "learned": {**state["learned"], name: value}})
    with pytest.raises(BadInput, match="damaged"):
        Incremental.from_state({**state, "learned": {"task_": np.zeros(2)}})
