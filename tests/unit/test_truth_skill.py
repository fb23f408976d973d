"""Beta quantiles against known values; skill intervals that cover; verdicts only where the interval allows one."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tawsim.truth import Majority, Votes, infer, worker_skills
from tawsim.truth.beta import beta_cdf, beta_quantile
from tawsim.truth.infer import ASSUMED_ACCURACY
from tawsim.truth.verdicts import SURE_WITHIN, Evidence, Pair, judge

NO_PAIR = Pair(0, 1, 0.1, 0.0, 0.1, 0.3, 0.1)


def world(seed, confusions, tasks, overlap, class_prior=None):
    """Votes of workers with these confusions (W, K, K), and the truth."""
    random = np.random.default_rng(seed)
    workers, labels = confusions.shape[:2]
    truth = random.choice(labels, tasks, p=class_prior)
    task = np.repeat(np.arange(tasks), overlap)
    worker = np.concatenate([random.permutation(workers)[:overlap] for _ in range(tasks)])
    said = (confusions[worker, truth[task]].cumsum(axis=1) < random.random(len(task))[:, None]).sum(axis=1)
    return Votes.from_columns(task, worker, np.minimum(said, labels - 1), labels=range(labels))


def good(labels, right=0.9):
    return np.full((labels, labels), (1 - right) / (labels - 1)) + (right - (1 - right) / (labels - 1)) * np.eye(labels)


def test_beta_in_closed_form():
    x = np.linspace(0.01, 0.99, 25)
    assert np.allclose(beta_cdf(x, 1, 1), x, atol=1e-14)
    assert np.allclose(beta_cdf(x, 3, 1), x**3, atol=1e-14)
    assert np.allclose(beta_cdf(x, 1, 4), 1 - (1 - x) ** 4, atol=1e-14)
    assert np.allclose(beta_cdf(x, 0.5, 0.5), 2 / np.pi * np.arcsin(np.sqrt(x)), atol=1e-13)
    assert np.allclose(beta_quantile(x, 0.5, 0.5), np.sin(np.pi * x / 2) ** 2, atol=1e-12)
    assert np.allclose(beta_quantile(x, 1, 4), 1 - (1 - x) ** 0.25, atol=1e-12)
    assert beta_cdf(0.0, 2.0, 3.0) == 0
    assert beta_cdf(1.0, 2.0, 3.0) == 1
    assert beta_quantile(np.array([0.0, 1.0]), 2.0, 3.0).tolist() == [0.0, 1.0]


def test_beta_is_a_binomial_tail():
    """P(Beta(a, b) ≤ x) = P(Binomial(a + b - 1, x) ≥ a), summed exactly in whole numbers."""
    from math import comb

    for a, b, x in ((5, 3, 0.3), (20, 7, 0.75), (40, 60, 0.41)):
        n = a + b - 1
        tail = sum(comb(n, j) * x**j * (1 - x) ** (n - j) for j in range(a, n + 1))
        assert beta_cdf(x, a, b) == pytest.approx(tail, rel=1e-12)


@settings(max_examples=60, deadline=None)
@given(st.floats(0.001, 0.999), st.floats(0.5, 1e4), st.floats(0.5, 1e4))
def test_quantile_inverts_the_distribution(p, a, b):
    x = beta_quantile(p, a, b)
    assert 0 <= x <= 1
    assert beta_cdf(x, a, b) == pytest.approx(p, abs=1e-8)


@pytest.mark.parametrize(("labels", "overlap", "prior"), [(2, 5, None), (3, 5, None), (2, 5, (0.85, 0.15))])
def test_intervals_cover(labels, overlap, prior):
    """About 95 % of the intervals hold the worker's true class-weighted skill."""
    random, held = np.random.default_rng(0), []
    for seed in range(8):
        right = random.beta(12, 3, 10)
        votes = world(seed, np.stack([good(labels, r) for r in right]), 300, overlap, prior)
        held += [s.low <= r <= s.high for s, r in zip(infer(votes).workers, right, strict=True)]
    assert np.mean(held) >= 0.88


def test_careless_mixes_and_trusted_are_told_apart():
    careless, mixes = np.full((3, 3), 1 / 3), good(3, 0.96)
    mixes[:2, :2] = 0.49
    verdicts = []
    for seed in range(5):
        votes = world(seed, np.stack([careless, mixes, *[good(3)] * 5]), 400, 4)
        workers = infer(votes).workers
        verdicts.append([worker.verdict for worker in workers])
        json.dumps([worker.why for worker in workers])
        assert workers[1].why["labels"] == [0, 1]
        assert 0.35 < workers[1].why["share"] < 0.6
        assert workers[1].why["others"] < 0.15
    assert verdicts == [["careless", "mixes", *["trusted"] * 5]] * 5


def test_one_who_always_says_the_frequent_label_is_careless_though_often_right():
    always = np.array([[1.0, 0.0], [1.0, 0.0]])
    votes = world(0, np.stack([always, *[good(2)] * 5]), 600, 4, (0.85, 0.15))
    worker = infer(votes).workers[0]
    assert worker.accuracy > 0.8
    assert (worker.verdict, worker.why["code"]) == ("careless", "one_answer")


def test_one_who_swaps_two_labels_mixes_them():
    votes = world(0, np.stack([good(2, 0.1), *[good(2)] * 5]), 300, 4)
    worker = infer(votes).workers[0]
    assert (worker.verdict, worker.why["code"]) == ("mixes", "exchanges_labels")
    assert worker.high < 0.3


def test_few_answers_give_no_verdict_but_how_many_more():
    votes = world(0, np.stack([good(3)] * 4), 5, 4)
    for worker in worker_skills(votes, Majority().fit(votes).predict_proba()):
        assert worker.verdict == "unsure"
        assert worker.high - worker.low > 0.25
        assert 1 <= worker.why["more_answers"] <= 1000


def test_votes_on_tasks_nobody_else_answered_are_not_judged():
    votes = Votes.from_columns([1, 2, 3], ["ann", "ann", "ann"], ["x", "y", "x"])
    (worker,) = infer(votes).workers
    assert (worker.answers, worker.judged, worker.verdict, worker.why["code"]) == (3, 0, "unsure", "nothing_shared")
    assert worker.low < 0.1
    assert worker.high > 0.9


@settings(max_examples=120, deadline=None)
@given(st.data())
def test_no_verdict_but_unsure_on_an_interval_too_wide_to_say_so(data):
    def interval(bottom):
        low, middle, high = sorted(data.draw(st.tuples(*[st.floats(bottom, 1)] * 3)))
        return middle, low, high

    evidence = Evidence(data.draw(st.integers(1, 500)), *interval(0), *interval(-1))
    verdict, why = judge(evidence, NO_PAIR, ("a", "b", "c"), data.draw(st.floats(-1, 1)), ("a", 0.5), True)
    if verdict == "careless":
        assert evidence.dependence_high < max(why["line"] + 1e-4, 0)
    if verdict == "trusted":
        assert evidence.dependence_low > why["line"] - 1e-4
        assert evidence.high - evidence.low <= 2 * SURE_WITHIN + 1e-9
    if verdict == "unsure" and why["code"] == "few_answers":
        assert 1 <= why["more_answers"] <= 1000
    json.dumps(why)


def test_confusion_rows_sum_to_one_and_names_stay():
    votes = world(1, np.stack([good(3)] * 4), 50, 3)
    for i, worker in enumerate(infer(votes).workers):
        assert worker.worker == i
        assert np.allclose(worker.confusion.sum(axis=1), 1)
        assert worker.low <= worker.accuracy <= worker.high


def test_nobody_is_judged_where_nobody_agrees():
    random = np.random.default_rng(0)
    rows = [(t, w, f"l{random.integers(0, 30)}") for t in range(30) for w in range(4)]
    result = infer(rows)
    assert result.agreement.low <= 0
    assert {(one.verdict, one.why["code"]) for one in result.workers} == {("unsure", "no_agreement")}


def test_who_always_says_one_label_is_told_so():
    random = np.random.default_rng(0)
    truth = random.random(400) < 0.9
    rows = [
        (t, w, "yes" if w == 0 or (k if random.random() < 0.9 else not k) else "no")
        for t, k in enumerate(truth) for w in range(5)
    ]  # fmt: skip
    one = infer(rows).workers[0]
    assert (one.verdict, one.why["code"], one.why["label"], one.why["share"]) == ("careless", "one_answer", "yes", 1.0)


def test_a_single_label_is_not_certain():
    q = ASSUMED_ACCURACY
    result = infer([("a", "x", "yes"), ("b", "x", "yes"), ("b", "y", "yes")])
    assert result.p == pytest.approx([q, q**2 / (q**2 + (1 - q) ** 2)])
