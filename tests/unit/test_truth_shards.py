"""Dawid–Skene over shards: the fit of all votes together, in memory that does not grow with their number."""

import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tawsim.core.errors import BadInput
from tawsim.truth import DawidSkene, Votes
from tawsim.truth.choice import shards as room
from tawsim.truth.choice.shards import Shard, ShardModel, combine, fit_shards, shard_start, shard_step, update


def crowd(seed=0, tasks=400, workers=12, labels=3, overlap=4):
    random = np.random.default_rng(seed)
    truth = random.integers(0, labels, tasks)
    right = random.beta(7, 3, workers)
    task = np.repeat(np.arange(tasks), overlap)
    worker = np.concatenate([random.permutation(workers)[:overlap] for _ in range(tasks)])
    wrong = (truth[task] + random.integers(1, labels, len(task))) % labels
    label = np.where(random.random(len(task)) < right[worker], truth[task], wrong)
    return [(f"t{t:05}", f"w{w}", "xyz"[k]) for t, w, k in zip(task, worker, label, strict=True)]


def split(rows, pieces):
    """Neighbouring tasks together, tables of several kinds."""
    tasks = sorted({row[0] for row in rows})
    piece = {task: i * pieces // len(tasks) for i, task in enumerate(tasks)}
    parts = [[row for row in rows if piece[row[0]] == i] for i in range(pieces)]
    return [dict(zip(("task", "worker", "label"), map(list, zip(*part, strict=True)), strict=True)) for part in parts]


@pytest.mark.parametrize("pieces", [1, 2, 7])
def test_it_is_the_fit_of_all_votes_together(pieces):
    rows = crowd()
    whole, parts = DawidSkene().fit(rows), fit_shards(split(rows, pieces))
    assert parts.workers_ == whole.workers_
    assert parts.labels_ == whole.labels_
    assert parts.n_iter_ == whole.n_iter_
    assert parts.converged_ == whole.converged_
    assert parts.tasks_seen_ == 400
    assert np.abs(parts.confusion_ - whole.confusion_).max() < 1e-9
    assert np.abs(parts.class_prior_ - whole.class_prior_).max() < 1e-9
    assert np.allclose(parts.prior_answers_, whole.prior_answers_)
    assert np.allclose(parts.log_posterior_, whole.log_posterior_)
    assert parts.vote_correlation_ == whole.vote_correlation_
    decided = list(parts.decide())
    assert sum((part.tasks for part in decided), ()) == whole.tasks_
    assert np.abs(np.concatenate([part.probability for part in decided]) - whole.predict_proba()).max() < 1e-9
    assert [label for part in decided for label in part.labels] == whole.predict()


@settings(max_examples=25, deadline=None)
@given(st.data())
def test_any_votes_split_anyhow(data):
    cell = st.tuples(st.integers(0, 7), st.sampled_from("vwxyz"), st.sampled_from(["a", "b", "ج"]))
    rows = data.draw(st.lists(cell, min_size=1, max_size=40, unique_by=lambda row: row[:2]))
    parts: dict = {}
    piece = data.draw(st.lists(st.integers(0, 3), min_size=8, max_size=8))
    for row in rows:
        parts.setdefault(piece[row[0]], []).append(row)
    fit, whole = fit_shards(list(parts.values())), DawidSkene().fit(rows)
    found = {task: p for part in fit.decide() for task, p in zip(part.tasks, part.probability, strict=True)}
    assert np.abs(np.array([found[task] for task in whole.tasks_]) - whole.predict_proba()).max() < 1e-6


def test_the_sample_for_calibration_is_the_same_one(monkeypatch):
    rows = crowd(4)
    monkeypatch.setattr(room, "ENOUGH_VOTES", 300)
    monkeypatch.setattr("tawsim.truth.choice.calibration.ENOUGH_VOTES", 300)
    assert fit_shards(split(rows, 3)).vote_correlation_ == DawidSkene().fit(rows).vote_correlation_


def test_threads_change_nothing():
    parts = split(crowd(1), 6)
    one, three = fit_shards(parts), fit_shards(lambda: iter(parts), threads=3)
    assert np.array_equal(one.confusion_, three.confusion_)
    assert np.array_equal(one.log_posterior_, three.log_posterior_)


def test_settings_and_labels_are_taken():
    rows = crowd(2, tasks=60)
    model = DawidSkene(prior_strength=5, max_iterations=3, calibrate=False)
    fit = fit_shards(split(rows, 2), labels=["z", "y", "x", "w"], model=model)
    whole = DawidSkene(prior_strength=5, max_iterations=3, calibrate=False).fit(
        Votes.from_columns(*zip(*rows, strict=True), labels=["z", "y", "x", "w"])
    )
    assert fit.labels_ == ("z", "y", "x", "w")
    assert fit.n_iter_ == 3
    assert np.allclose(fit.confusion_, whole.confusion_)
    assert not hasattr(model, "labels_"), "a model that was handed over is not changed"


def test_the_step_is_pure_and_statistics_add_up():
    """Two shards' statistics are those of both together, whatever else happened before."""
    votes = Votes.from_table(crowd(3))
    cut = int(np.searchsorted(votes.task, 150))
    both = Shard(votes.task, votes.worker, votes.label, votes.tasks)
    first = Shard(votes.task[:cut], votes.worker[:cut], votes.label[:cut], votes.tasks[:150])
    second = Shard(votes.task[cut:] - 150, votes.worker[cut:], votes.label[cut:], votes.tasks[150:])
    imagined = np.full((3, 3), 0.5)
    model = update(None, shard_start(both, 12, 3), imagined)
    model = update(model, shard_step(both, model), imagined)
    whole = shard_step(both, model)
    parts = combine(shard_step(first, model), shard_step(second, model))
    for name in ("counts", "per_class", "tasks", "shared", "shared_votes", "moved", "log_likelihood"):
        assert np.allclose(getattr(whole, name), getattr(parts, name)), name
    again = shard_step(both, model)
    assert np.array_equal(whole.counts, again.counts)
    assert isinstance(model, ShardModel)


def test_memory_does_not_grow_with_the_shards(monkeypatch):
    """Eight times the votes, the same peak: but for 8 bytes a task, by which a task in two shards is noticed."""

    monkeypatch.setattr(room, "ENOUGH_VOTES", 3000)  # the sample for calibration is bounded too, at a larger size

    def shards(number):
        for i in range(number):
            random = np.random.default_rng(i)
            task = np.repeat(np.arange(2000), 5) + 2000 * i
            yield {"task": task, "worker": random.integers(0, 200, 10_000), "label": random.integers(0, 4, 10_000)}

    def peak(number):
        tracemalloc.start()
        try:
            fit_shards(lambda: shards(number), model=DawidSkene(max_iterations=3))
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    peak(1)  # imports and caches
    small, large = peak(2), peak(16)
    assert large < 1.1 * small + 14 * 2000 * 8 * 2


@pytest.mark.parametrize("threads", [1, 3])
def test_a_shard_without_votes_changes_nothing(threads):
    full = split(crowd(5, tasks=90), 3)
    nothing = [[], {"task": [], "worker": [], "label": []}, np.zeros(0, [(name, int) for name in full[0]])]
    parts = [nothing[0], full[0], nothing[1], full[1], full[2], nothing[2]]
    fit, whole = fit_shards(parts, threads=threads), fit_shards(full)
    assert np.array_equal(fit.confusion_, whole.confusion_)
    assert fit.vote_correlation_ == whole.vote_correlation_
    decided = list(fit.decide())
    assert [len(part.tasks) for part in decided] == [0, 30, 0, 30, 30, 0]
    assert decided[0].probability.shape == (0, 3)
    for one, other in zip(whole.decide(), (decided[1], decided[3], decided[4]), strict=True):
        assert np.array_equal(one.probability, other.probability)


def test_bad_shards():
    with pytest.raises(BadInput, match="no votes in any"):
        fit_shards([[], []])
    with pytest.raises(BadInput, match="no shards"):
        fit_shards([])
    with pytest.raises(BadInput, match="two shards"):
        fit_shards([[("t", "a", "x")], [("t", "b", "x")]])
    with pytest.raises(BadInput, match="only once"):
        fit_shards(iter([[("t", "a", "x")]]))
    with pytest.raises(BadInput, match="Row 1 has no label"):
        fit_shards([[("t", "a", None)]])
    with pytest.raises(BadInput, match="threads"):
        fit_shards([[("t", "a", "x")]], threads=0)
    calls = []

    def changing():
        calls.append(1)
        yield [("t", "a" if len(calls) == 1 else "b", "x")]

    with pytest.raises(BadInput, match="'b' was not there"):
        fit_shards(changing)
