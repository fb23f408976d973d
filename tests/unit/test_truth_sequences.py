"""Tags, chains and spans: the parts against brute force, and the published set of named entities."""

import csv
import gzip
import itertools
import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tawsim.core.errors import BadInput
from tawsim.truth.sequences import OverlapTruth, SequenceTruth, Span, SpanTruth, spans_of_tags, tags_of_spans
from tawsim.truth.sequences.chain import (
    Candidates,
    Layout,
    allowed,
    best_spans,
    candidates,
    forward_backward,
    span_probability,
)

FOLDER = Path(os.environ.get("TAWSIM_DATA", Path(__file__).resolve().parents[3] / "shared" / "data" / "crowd"))


@st.composite
def flat_spans(draw):
    cuts = sorted(draw(st.sets(st.integers(0, 12), max_size=8)))
    pairs = [(a, b) for a, b in itertools.pairwise(cuts) if draw(st.booleans())]
    return [Span(a, b, draw(st.sampled_from(["A", "ب", "C-D"]))) for a, b in pairs]


@given(flat_spans())
def test_spans_survive_as_tags(spans):
    assert list(spans_of_tags(tags_of_spans(spans, 12))) == spans


def test_tags_that_go_on_with_nothing_begin_a_span():
    assert spans_of_tags(["I-A", "I-B", "B-B"]) == (Span(0, 1, "A"), Span(1, 2, "B"), Span(2, 3, "B"))
    with pytest.raises(BadInput, match="overlaps"):
        tags_of_spans([Span(0, 2, "A"), Span(1, 3, "A")], 3)
    with pytest.raises(BadInput, match="outside"):
        tags_of_spans([Span(0, 4, "A")], 3)


def chain(types=2, lengths=(4, 1, 3), seed=0):
    random = np.random.default_rng(seed)
    states = 1 + 2 * types
    transition = allowed(types) * random.dirichlet(np.ones(states), states)
    transition /= transition.sum(axis=1, keepdims=True)
    first = np.where(np.arange(states) > types, 0, random.random(states))
    log_weight = random.normal(size=(sum(lengths), states))
    return log_weight, transition, first / first.sum(), Layout(np.array(lengths))


def paths(log_weight, transition, first, start, end):
    """Every path of a sequence with its weight, by brute force."""
    states = len(first)
    for path in itertools.product(range(states), repeat=end - start):
        weight = first[path[0]] * np.prod([transition[a, b] for a, b in itertools.pairwise(path)])
        yield path, weight * np.exp(sum(log_weight[start + i, k] for i, k in enumerate(path)))


def test_forward_backward_against_every_path():
    log_weight, transition, first, layout = chain()
    posterior = forward_backward(log_weight, transition, first, layout, spans=True)
    pairs = np.zeros_like(transition)
    for start, end in itertools.pairwise(layout.starts.tolist()):
        every = list(paths(log_weight, transition, first, start, end))
        total = sum(weight for _, weight in every)
        state = np.zeros((end - start, len(first)))
        for path, weight in every:
            for i, k in enumerate(path):
                state[i, k] += weight / total
            for a, b in itertools.pairwise(path):
                pairs[a, b] += weight / total
        assert np.allclose(posterior.state[start:end], state)
    assert np.allclose(posterior.pairs, pairs)


def test_probabilities_of_spans_against_every_path():
    log_weight, transition, first, layout = chain()
    posterior = forward_backward(log_weight, transition, first, layout, spans=True)
    found = candidates(posterior, 2, least=1e-9)
    exact = {}
    for start, end in itertools.pairwise(layout.starts.tolist()):
        every = list(paths(log_weight, transition, first, start, end))
        total = sum(weight for _, weight in every)
        for path, weight in every:
            tags = ["O" if k == 0 else f"{'B' if k <= 2 else 'I'}-{(k - 1) % 2}" for k in path]
            for a, b, x in spans_of_tags(tags):
                key = (start + a, start + b, int(x))
                exact[key] = exact.get(key, 0) + weight / total
    listed = {
        (int(a), int(b), int(x)): p
        for a, b, x, p in zip(found.start, found.end, found.kind, found.probability, strict=True)
    }
    exact = {key: p for key, p in exact.items() if p > 1e-9}
    assert listed == pytest.approx(exact)
    start, end, kind = np.array(list(exact)).T
    assert np.allclose(span_probability(posterior, start, end, kind), list(exact.values()))


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_the_best_spans_have_the_highest_expected_f1(data):
    count = data.draw(st.integers(1, 7))
    start = np.array(data.draw(st.lists(st.integers(0, 8), min_size=count, max_size=count)))
    end = start + np.array(data.draw(st.lists(st.integers(1, 4), min_size=count, max_size=count)))
    p = np.array(data.draw(st.lists(st.floats(0.01, 1), min_size=count, max_size=count)))
    order = np.lexsort((start, end))
    found = Candidates(start[order], end[order], np.zeros(count, np.int64), p[order])
    expected = p.sum() + data.draw(st.floats(0, 2))
    chosen, f1 = best_spans(found, expected)
    best = 0.0
    for size in range(1, count + 1):
        for rows in itertools.combinations(range(count), size):
            rows = list(rows)
            used = np.concatenate([np.arange(found.start[i], found.end[i]) for i in rows])
            if len(set(used.tolist())) == len(used):
                best = max(best, 2 * found.probability[rows].sum() / (size + expected))
    assert f1 == pytest.approx(best)
    assert 2 * found.probability[chosen].sum() / (chosen.sum() + expected) == pytest.approx(best)


def test_a_worker_who_overlooks_is_outvoted_less_than_one_who_invents():
    random = np.random.default_rng(3)
    rows = []
    for t in range(30):
        true = random.random(20) < 0.2
        for w in range(3):  # careful, but overlook half
            rows.append((t, f"shy{w}", " ".join("B-A" if x and random.random() < 0.5 else "O" for x in true)))
        rows.append((t, "wild", " ".join("B-A" if x or random.random() < 0.4 else "O" for x in true)))
    model = SequenceTruth().fit(rows)
    place = {worker: i for i, worker in enumerate(model.workers_)}
    assert model.precision_[place["shy0"], 0, 0] > 0.85 > 0.6 > model.precision_[place["wild"], 0, 0]
    assert model.recall_[place["shy0"], 0, 0] < 0.7 < model.recall_[place["wild"], 0, 0]
    estimate, low, high = np.moveaxis(model.recall_, -1, 0)
    assert ((low <= estimate) & (estimate <= high)).all()


def test_a_worker_s_f1_moves_from_the_crowd_s_with_what_is_seen():
    model = SequenceTruth().fit([("a", "ann", "B-PER O O"), ("a", "bob", "O O O"), ("a", "eve", "O O B-PER")])
    estimate, low, high = model.worker_f1_.T
    assert ((estimate > 0.4) & (estimate < 0.8)).all()
    assert ((low < estimate - 0.2) & (estimate + 0.15 < high)).all()
    random = np.random.default_rng(0)
    rows = []
    for t in range(40):
        true = random.random(20) < 0.2
        for w, miss in enumerate([0.05, 0.05, 0.1, 0.6]):
            rows.append((t, w, " ".join("B-A" if x and random.random() > miss else "O" for x in true)))
    rows.append((0, "new", " ".join(["O"] * 20)))
    estimate, low, high = SequenceTruth().fit(rows).worker_f1_.T
    assert estimate[3] < 0.65 < 0.9 < min(estimate[:3])
    assert (high - low)[:4].max() < 0.25 < (high - low)[4]
    assert estimate[4] > 0.4


def test_spans_are_told_with_humility():
    """As many as all marked are still not certain, and the more who marked one the surer."""
    rows = [(t, w, "B-A O O B-B O") for t in range(20) for w in range(4)]
    rows += [(t, 4, "B-A O O O O") for t in range(20)]
    model = SequenceTruth().fit(rows)
    assert all(1 > a > b for a, b in model.span_probability_ if a != b)
    assert model.confidence_ == pytest.approx(model.expected_f1_, abs=0.05)


def test_nested_spans_keep_their_layers():
    outer, inner = (0, 20, "ORG"), (14, 20, "LOC")
    rows = [("t", w, [outer, inner]) for w in "abc"] + [
        ("t", "d", [(1, 20, "ORG")]),
        ("t", "e", [outer, (40, 44, "LOC")]),
    ]
    rows += [(f"u{i}", w, [(3, 9, "LOC")]) for i in range(6) for w in "abcde"]
    model = SpanTruth().fit(rows)
    assert isinstance(model.model_, OverlapTruth)
    assert model.spans_[0] == [outer, inner]
    place = {worker: i for i, worker in enumerate(model.workers_)}
    hits = model.model_.hit_rate_
    assert hits[place["a"], 0] > hits[place["d"], 0]
    assert ((hits[:, 1] <= hits[:, 0]) & (hits[:, 0] <= hits[:, 2])).all()


def test_bounds_are_those_most_drew():
    rows = [("t", w, [(start, 10, "A")]) for w, start in zip("abcde", [2, 2, 2, 3, 1], strict=True)]
    assert OverlapTruth().fit(rows).spans_ == [[(2, 10, "A")]]


@pytest.mark.parametrize("settings", [{"worker_strength": 0}, {"vote_correlation": 2}, {"max_iterations": 0}])
def test_bad_settings(settings):
    with pytest.raises(BadInput):
        SequenceTruth(**settings)
    with pytest.raises(BadInput):
        OverlapTruth(least_overlap=0)


@pytest.mark.skipif(
    not (FOLDER / "ner_mturk_val").is_dir(), reason=f"1 of 1 tag set is not in {FOLDER}: set TAWSIM_DATA"
)
def test_named_entities_of_a_real_crowd():
    """Span F1 .744 is Dawid and Skene's on tokens (crowd-kit); ours on a quarter of the documents must stay above it."""
    with gzip.open(FOLDER / "ner_mturk_val" / "answers.csv.gz", "rt", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    with open(FOLDER / "ner_mturk_val" / "truth.csv", encoding="utf-8") as file:
        truth = {row["task"]: row["label"].split() for row in csv.DictReader(file)}
    short = {task for task in truth if len(truth[task]) < 200}
    model = SequenceTruth(max_iterations=15).fit([row for row in rows if row["task"] in short])
    hits = said = there = 0
    right, chances = [], []
    for task, spans, p in zip(model.tasks_, model.spans_, model.span_probability_, strict=True):
        gold = set(map(tuple, spans_of_tags(truth[task])))
        hits, said, there = hits + len(gold & set(spans)), said + len(spans), there + len(gold)
        right += [span in gold for span in spans]
        chances += p
    assert 2 * hits / (said + there) > 0.70
    assert abs(np.mean(chances) - np.mean(right)) < 0.13
