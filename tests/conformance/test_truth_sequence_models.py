"""The battery for models of tags and spans: whatever the crowd, these hold."""

import json

import numpy as np
import pytest

from tawsim.core.errors import BadInput
from tawsim.truth import state
from tawsim.truth.answers import Answers
from tawsim.truth.sequences import OverlapTruth, SequenceTruth, Span, SpanTruth, spans_of_tags, tags_of_spans

MODELS = [SequenceTruth, OverlapTruth, SpanTruth]
every_model = pytest.mark.parametrize("make", MODELS)
LABELS = ["شخص", "ORG", "地"]


def truth_of(random, length=30):
    tags, at = ["O"] * length, 0
    while at < length - 4:
        at += int(random.integers(1, 6))
        size = int(random.integers(1, 4))
        if at + size < length:
            label = LABELS[random.integers(0, 3)]
            tags[at : at + size] = [f"B-{label}", *[f"I-{label}"] * (size - 1)]
            at += size
    return tags


def crowd(seed=0, tasks=12, workers=5, overlooks=0.2, invents=0.02, mislabels=0.05):
    """Rows (task, worker, tags), and the true tags of each task."""
    random = np.random.default_rng(seed)
    truth = [truth_of(random) for _ in range(tasks)]
    rows = []
    for t, tags in enumerate(truth):
        for w in range(workers):
            said = ["O"] * len(tags)
            for start, end, label in spans_of_tags(tags):
                if random.random() < overlooks:
                    continue
                if random.random() < mislabels:
                    label = LABELS[random.integers(0, 3)]
                said[start:end] = tags_of_spans([Span(0, end - start, label)], end - start)
            for i in np.flatnonzero(random.random(len(tags)) < invents).tolist():
                if said[i] == "O":
                    said[i] = f"B-{LABELS[random.integers(0, 3)]}"
            rows.append((f"t{t:02}", f"w{w}", " ".join(said)))
    return rows, truth


def as_spans(rows):
    return [
        (t, w, json.dumps([span._asdict() for span in spans_of_tags(tags.split())], ensure_ascii=False))
        for t, w, tags in rows
    ]


def score(model, truth):
    """Span F1 of a fitted model."""
    hits = said = there = 0
    for spans, tags in zip(model.predict_spans(), truth, strict=True):
        found = {(span["start"], span["end"], span["label"]) for span in spans}
        gold = set(map(tuple, spans_of_tags(tags)))
        hits, said, there = hits + len(found & gold), said + len(found), there + len(gold)
    return 2 * hits / max(said + there, 1)


@every_model
def test_manners_and_a_good_crowd(make):
    model = make()
    with pytest.raises(BadInput, match="fit"):
        model.predict()
    rows, truth = crowd()
    assert model.fit(rows) is model
    assert model.tasks_ == tuple(f"t{t:02}" for t in range(12))
    assert model.labels_ == tuple(sorted(LABELS))
    assert score(model, truth) > 0.9
    assert make.__doc__
    assert ">>>" in make.__doc__
    chances = [p for task in model.span_probability_ for p in task]
    assert all(0 <= p <= 1 for p in chances)
    assert ((model.confidence_ >= 0) & (model.confidence_ <= 1)).all()


@every_model
def test_tags_and_spans_say_the_same(make):
    rows, truth = crowd()
    tagged, drawn = make().fit(rows), make().fit(as_spans(rows))
    # Not the same bit for bit: the stretches before the first and after the last span are unknown to spans.
    assert score(tagged, truth) == pytest.approx(score(drawn, truth), abs=0.03)
    assert all(isinstance(span["start"], int) for task in drawn.predict() for span in task)


@every_model
def test_order_of_rows_and_names_of_workers_change_nothing(make):
    rows, _ = crowd(tasks=6)
    shuffled = [rows[i] for i in np.random.default_rng(1).permutation(len(rows))]
    names = dict(zip([f"w{i}" for i in range(5)], ["ماجد", "a", "Z", "w0", "7"], strict=True))
    first, second = make().fit(rows), make().fit(shuffled)
    renamed = make().fit([(t, names[w], tags) for t, w, tags in rows])
    assert first.predict_spans() == second.predict_spans() == make().fit(rows).predict_spans()
    assert first.spans_ == renamed.spans_
    for a, b in zip(first.span_probability_, renamed.span_probability_, strict=True):
        assert a == pytest.approx(b, abs=1e-6)


@every_model
def test_labels_by_other_names(make):
    rows, _ = crowd(tasks=6)
    new = dict(zip(LABELS, ["zz", "aa", "mm"], strict=True))
    renamed = [(t, w, " ".join(x[:2] + new[x[2:]] if x != "O" else x for x in tags.split())) for t, w, tags in rows]
    a, b = make().fit(rows), make().fit(renamed)
    assert [[(s, e, new[x]) for s, e, x in task] for task in a.spans_] == b.spans_


@every_model
def test_a_state_gives_the_same_model(make, tmp_path):
    rows, _ = crowd(tasks=4)
    model = make().fit(as_spans(rows))
    other = make.from_state(model.to_state())
    state.save(model, tmp_path / "model.npz")
    for restored in (other, state.load(tmp_path / "model.npz")):
        assert restored.predict() == model.predict()
        assert np.array_equal(restored.confidence_, model.confidence_)


@every_model
def test_small_and_odd_crowds(make):
    one = make().fit([("t", "w", "B-A I-A O")])
    assert [span[:2] for span in one.spans_[0]] in ([(0, 2)], [])
    assert make().fit([("t", w, "O O O") for w in "abc"]).spans_ == [[]]
    assert make().fit([("t", w, "[]") for w in "abc"]).predict() == [[]]
    same = make().fit([("t", w, "B-A I-A O B-B") for w in "abcd"])
    assert [tuple(span) for span in same.spans_[0]] == [(0, 2, "A"), (3, 4, "B")]
    assert same.confidence_[0] > 0.8
    split = make().fit([("t", w, tags) for w, tags in zip("abcd", ["B-A O", "B-A O", "B-B O", "B-B O"], strict=True)])
    assert len(split.spans_[0]) <= 1
    lone = make().fit([(t, f"w{t}", "B-A O O") for t in range(4)])
    assert np.isfinite(lone.confidence_).all()


@every_model
def test_perfect_workers_are_believed_and_one_adversary_is_not(make):
    rows, truth = crowd(overlooks=0, invents=0, mislabels=0)
    assert score(make().fit(rows), truth) == 1.0
    wrong = dict(zip(LABELS, [*LABELS[1:], LABELS[0]], strict=True))
    turned = [
        (t, w, " ".join(x[:2] + wrong[x[2:]] if x != "O" and w == "w0" else x for x in tags.split()))
        for t, w, tags in rows
    ]
    assert score(make().fit(turned), truth) > 0.98


@every_model
def test_repeated_answers(make):
    rows, _ = crowd(tasks=4)
    twice = [("t00", "w0", rows[0][2].replace("B-", "I-")), *rows]
    assert make().fit(twice).predict() == make().fit(rows).predict()
    with pytest.raises(BadInput, match="repeated"):
        make(strict=True).fit(twice)


@every_model
@pytest.mark.parametrize(
    ("label", "says"),
    [
        ("B-A X", "BIO"),
        ("", "tag|label"),
        (5, "neither"),
        ('[{"start": 1}]', "no end"),
        ('[{"start": 2, "end": 1, "label": "A"}]', "start < end"),
        ('[{"start": 0.5, "end": 1, "label": "A"}]', "whole"),
        ('[{"start": 0, "end": 1, "label": " "}]', "no label"),
        ("[1, 2", "JSON"),
        ([["a", 1, "A"]], "whole"),
    ],
)
def test_bad_answers_name_their_row(make, label, says):
    with pytest.raises(BadInput, match=says) as raised:
        make().fit([("t", "a", "O O"), ("t", "b", label)])
    assert "Row 2" in str(raised.value)


@every_model
def test_answers_that_do_not_belong_together(make):
    with pytest.raises(BadInput, match="others are spans"):
        make().fit([("t", "a", "O O"), ("t", "b", "[]")])
    with pytest.raises(BadInput):
        make().fit([])


def test_sequences_of_unequal_length_and_overlaps_are_named():
    with pytest.raises(BadInput, match="'b' on 't' gives 3 tags, others gave 2"):
        SequenceTruth().fit([("t", "a", "O O"), ("t", "b", "O O O")])
    with pytest.raises(BadInput, match="OverlapTruth"):
        SequenceTruth().fit([("t", "a", [(0, 5, "A"), (2, 7, "B")])])


@every_model
def test_answers_come_in_many_forms(make):
    tags = Answers.from_columns(["t", "t"], ["a", "b"], [["B-A", "O"], ("B-A", "O")])
    spans = [("t", "a", [{"start": 0, "end": 1, "label": "A"}]), ("t", "b", '[{"start":0,"end":1,"label":"A"}]')]
    assert make().fit(tags).spans_ == make().fit(spans).spans_ == [[(0, 1, "A")]]
