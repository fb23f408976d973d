"""Gamma against hand-counted and published-form disorders, brute force, and the laws it must keep."""

import itertools
import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tawsim.core.errors import BadInput
from tawsim.truth.agreement.gamma import best_assignment, span_gamma
from tawsim.truth.answers import Answers


def spans(*given):
    return [{"start": s, "end": e} | ({"label": k} if k else {}) for s, e, k in given]


def corpus(noise, tasks=12, workers=3, seed=0, wrong=0.0):
    """Texts of 200 letters with five names each; boundaries off by `noise`, a share `wrong` of the labels at random."""
    random = np.random.default_rng(seed)
    rows = []
    for t in range(tasks):
        start = np.sort(random.choice(18, 5, replace=False)) * 10.0
        true = [(s, s + random.integers(4, 9), random.choice(["PER", "LOC"])) for s in start]
        for w in range(workers):
            moved = [(max(0, s + random.normal(0, noise)), e + random.normal(0, noise), k) for s, e, k in true]
            kept = [
                (s, max(e, s + 1), str(random.choice(["PER", "LOC"])) if random.random() < wrong else k)
                for s, e, k in moved
            ]
            rows.append((t, f"w{w}", spans(*kept)))
    return rows


@pytest.mark.parametrize(
    ("answers", "disorder"),
    [
        # Two who agree and one elsewhere: groups of disorder 2/3 and 1, one span a worker. As pygamma-agreement 0.5.9 finds.
        ([[(0, 10, "x")], [(0, 10, "x")], [(50, 60, "y")]], 5 / 3),
        ([[(0, 10, "x"), (20, 30, "y")], [(1, 10, "x"), (40, 45, "x")], [(0, 9, "y"), (21, 29, "y")]], 1.1717052),
        ([[(0, 10, "x"), (20, 30, "y")], [(1, 10, "x"), (40, 45, "x")]], 1.001385),
        ([[(0, 10, "x")], [(0, 10, "y")]], 1.0),
        ([[(0, 10, "x")], []], 2.0),
    ],
)
def test_disorders_of_the_reference_implementation(answers, disorder):
    result = span_gamma([("t", w, spans(*own)) for w, own in enumerate(answers)])
    assert result.observed == pytest.approx(disorder, abs=1e-6)
    assert result.gamma == pytest.approx(1 - result.observed / result.chance)


def test_identical_answers_are_one_and_chance_is_about_zero():
    same = span_gamma(corpus(0.0), replicates=100)
    assert (same.gamma, same.low, same.high) == (1.0, 1.0, 1.0)
    random = np.random.default_rng(1)
    rows = [
        (
            t,
            w,
            spans(*[(s, s + 6, str(random.choice(["PER", "LOC"]))) for s in random.uniform(0, 194, random.poisson(4))]),
        )
        for t in range(60)
        for w in range(2)
    ]
    by_chance = span_gamma(rows, lengths=dict.fromkeys(range(60), 200.0), replicates=200)
    assert by_chance.low < 0.03
    assert abs(by_chance.gamma) < 0.06


def test_gamma_falls_with_noise_of_boundaries_and_of_labels():
    by_noise = [span_gamma(corpus(noise, workers=2), replicates=50).gamma for noise in (0.0, 0.5, 1.5, 8.0)]
    assert by_noise == sorted(by_noise, reverse=True)
    assert by_noise[2] > 0.5 > by_noise[3]
    by_label = [span_gamma(corpus(0.5, workers=2, wrong=share), replicates=50).gamma for share in (0.0, 0.3, 0.8)]
    assert by_label == sorted(by_label, reverse=True)
    place_only = [
        span_gamma(corpus(0.5, workers=2, wrong=share), label_weight=0, replicates=50).gamma for share in (0.0, 0.8)
    ]
    assert place_only[0] == pytest.approx(place_only[1], abs=0.05)


def test_the_interval_covers_and_narrows():
    wide, narrow = (span_gamma(corpus(1.5, tasks=tasks, workers=2), replicates=200) for tasks in (8, 60))
    assert narrow.high - narrow.low < wide.high - wide.low
    limit = span_gamma(corpus(1.5, tasks=200, workers=2, seed=99), replicates=10).gamma
    held = []
    for seed in range(10):
        one = span_gamma(corpus(1.5, tasks=15, workers=2, seed=seed), replicates=200)
        held.append(one.low <= limit <= one.high)
    assert np.mean(held) >= 0.75


def test_order_and_names_change_nothing():
    rows = corpus(1.0, tasks=3)
    first = span_gamma(rows, replicates=100)
    random = np.random.default_rng(0)
    shuffled = [rows[i] for i in random.permutation(len(rows))]
    shuffled = [(t, w, [own[i] for i in random.permutation(len(own))]) for t, w, own in shuffled]
    assert span_gamma(shuffled, replicates=100) == first
    assert span_gamma([(t, w, json.dumps(own)) for t, w, own in rows], replicates=100) == first
    assert span_gamma(Answers.from_table(rows), replicates=100) == first
    renamed = [
        (t, w, [{**s, "label": {"PER": "شخص", "LOC": "🏙"}[s["label"]], "text": "…"} for s in own]) for t, w, own in rows
    ]
    assert span_gamma(renamed, replicates=100) == first
    assert span_gamma(rows, replicates=100, seed=1).observed == first.observed


def test_three_workers_are_aligned_as_well_as_can_be():
    """Against all partitions of small texts: never better, almost always equal."""
    random = np.random.default_rng(0)
    lost = []
    for _ in range(25):
        own = [
            [(s, s + random.uniform(3, 9), "xy"[random.integers(2)]) for s in random.uniform(0, 20, 2)]
            for _ in range(3)
        ]
        found = span_gamma([("t", w, spans(*one)) for w, one in enumerate(own)], replicates=1).observed * 2
        lost.append(found - least_disorder(own))
    assert min(lost) > -1e-9
    assert np.mean(np.array(lost) > 1e-9) <= 0.1
    assert np.mean(lost) < 0.03  # of about 4


def least_disorder(own):
    units = [(w, *unit) for w, one in enumerate(own) for unit in one]
    best = np.inf
    for part in partitions(len(units)):
        groups = {}
        for unit, c in zip(units, part, strict=True):
            groups.setdefault(c, []).append(unit)
        if any(len({u[0] for u in group}) < len(group) for group in groups.values()):
            continue
        best = min(best, sum(disorder(group) for group in groups.values()))
    return best


def disorder(group):
    pairs = list(itertools.combinations(group, 2))
    apart = sum(
        ((abs(a[1] - b[1]) + abs(a[2] - b[2])) / (a[2] - a[1] + b[2] - b[1])) ** 2 + (a[3] != b[3]) for a, b in pairs
    )
    return (apart + 3 - len(pairs)) / 3


def partitions(count):
    if not count:
        yield []
        return
    for part in partitions(count - 1):
        for c in range(max(part, default=-1) + 2):
            yield [*part, c]


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 5), st.integers(1, 5), st.integers(0, 10_000))
def test_assignment_is_the_best(rows, columns, seed):
    gain = np.random.default_rng(seed).normal(0, 1, (rows, columns)).round(1)
    row, column = best_assignment(gain)
    assert len(set(row.tolist())) == len(row)
    assert len(set(column.tolist())) == len(column)
    small = np.maximum(gain if rows <= columns else gain.T, 0)
    best = max(
        sum(small[i, c] for i, c in enumerate(p)) for p in itertools.permutations(range(small.shape[1]), len(small))
    )
    assert gain[row, column].sum() == pytest.approx(best)


def test_undefined_and_bad_input():
    assert span_gamma([("t", "a", spans((0, 1, "x")))]) is None
    assert span_gamma([("t", "a", []), ("t", "b", [])]) is None
    good = spans((0, 1, "x"))
    for bad, message in (
        ([{"start": 3, "end": 3}], "span 1 runs from 3 to 3"),
        ([*good, {"start": -1, "end": 3}], "span 2 runs from -1"),
        ([{"start": float("nan"), "end": 3}], "start is nan"),
        ([{"start": 1}], "end is None"),
        ([{"start": "1", "end": 2}], "start is '1'"),
        ([{"start": 1, "end": 2, "label": 3}], "label is 3"),
        ([[1, 2]], "span 1 is"),
        ("{}", "list of spans"),
        ("nonsense", "not JSON"),
        (good * 2001, "2001 spans"),
    ):
        with pytest.raises(BadInput, match=message) as error:
            span_gamma([("t", "a", good), ("t", "b", bad)])
        assert error.value.details["row"] == 2
    with pytest.raises(BadInput, match="length of 't'"):
        span_gamma([("t", w, spans((0, 9, "x"))) for w in "ab"], lengths={"t": 5})
    for weights in ({"position_weight": -1}, {"position_weight": 0, "label_weight": 0}):
        with pytest.raises(BadInput, match="weight"):
            span_gamma([("t", w, good) for w in "ab"], **weights)
