"""The battery of the truth models for drawings: boxes, polygons and keypoints must all pass."""

import json

import numpy as np
import pytest
from benchmarks.truth.regions import MODELS, alike, scores, world
from hypothesis import given, settings
from hypothesis import strategies as st

from tawsim.core.errors import BadInput
from tawsim.truth.answers import Answers
from tawsim.truth.regions import Boxes
from tawsim.truth.state import load, save

every_form = pytest.mark.parametrize("form", MODELS)


def crowd(form, images=12, **options):
    return world(form, images, objects=3.0, workers=8, overlap=4, **options)


def shape(form, x=10.0, y=10.0, size=20.0):
    """One object with a corner at (x, y)."""
    corners = [[x, y], [x + size, y], [x + size, y + size], [x, y + size]]
    if form == "boxes":
        return {"x": x, "y": y, "width": size, "height": size}
    return {"points": corners if form == "polygons" else dict(zip("abcd", corners, strict=True))}


def numbers(model):
    return {k: v for k, v in vars(model).items() if k.endswith("_") and isinstance(v, np.ndarray)}


def same(a, b, exact=True):
    for name, value in numbers(a).items():
        other = numbers(b)[name]
        if exact:
            assert np.array_equal(value, other, equal_nan=value.dtype.kind == "f"), name
        else:
            np.testing.assert_allclose(other, value, rtol=1e-5, atol=1e-6, err_msg=name)


@every_form
def test_manners(form):
    model = MODELS[form]()
    for ask in (model.predict, model.found, model.interval, model.to_state):
        with pytest.raises(BadInput, match="Call fit"):
            ask()
    made = crowd(form)
    assert model.fit(made.table) is model
    assert model.tasks_ == tuple(range(12))
    assert model.workers_ == tuple(sorted({w for _, w, _ in made.table}))
    assert len(model.predict()) == len(model.found()) == 12
    assert ((model.confidence_ >= 0) & (model.confidence_ <= 1)).all()
    assert ((model.p_ >= 0) & (model.p_ <= 1)).all()
    low, high = model.interval(0.5)
    wide_low, wide_high = model.interval(0.99)
    if form != "polygons":
        known = ~np.isnan(low)
        assert ((wide_low < low) & (low < high) & (high < wide_high))[known].all()
    for each in ("hit_rate", "false_alarms", "label_accuracy", "localisation_error"):
        value, interval = getattr(model, each + "_"), getattr(model, each + "_interval_")
        assert (interval[:, 0] <= value).all(), each
        assert (value <= interval[:, 1]).all(), each
    for tasks in (model.predict(), [[f.region for f in found] for found in model.found()]):
        MODELS[form]().fit([(t, "again", regions) for t, regions in enumerate(tasks)])  # what comes out can go in
    assert ">>>" in MODELS[form].__doc__


@every_form
def test_order_of_rows_and_of_objects_changes_nothing_at_all(form):
    made = crowd(form)
    random = np.random.default_rng(1)
    rows = [made.table[i] for i in random.permutation(len(made.table))]
    rows = [(t, w, [drawn[i] for i in random.permutation(len(drawn))]) for t, w, drawn in rows]
    a, b = MODELS[form]().fit(made.table), MODELS[form]().fit(rows)
    same(a, b)
    assert a.predict() == b.predict()


@every_form
def test_names_of_workers_tasks_and_labels_change_nothing(form):
    made = crowd(form)
    names = {w: f"عامل {97 - i}" for i, w in enumerate(sorted(made.kinds))}
    labels = {"car": "🚗", "cat": "zz", "person": "a", "شجرة": "m"}
    rows = [(t, names[w], [{**d, "label": labels[d["label"]]} for d in drawn]) for t, w, drawn in made.table]
    a, b = MODELS[form]().fit(made.table), MODELS[form]().fit(rows)
    np.testing.assert_allclose(b.p_, a.p_, atol=1e-6)
    np.testing.assert_allclose(b.shape_, a.shape_, rtol=1e-5, atol=1e-4)
    order = [b.workers_.index(names[w]) for w in a.workers_]
    np.testing.assert_allclose(b.hit_rate_[order], a.hit_rate_, atol=1e-5)
    clear = a.label_p_ > 0.51
    told = [labels[a.labels_[k]] for k in a.label_]
    assert [t for t, c in zip(told, clear, strict=True) if c] == [
        b.labels_[k] for k, c in zip(b.label_, clear, strict=True) if c
    ]


@every_form
def test_the_unit_changes_nothing(form):
    made = crowd(form)

    def scaled(value):
        if isinstance(value, dict):
            return {k: scaled(v) for k, v in value.items()}
        return (
            [scaled(v) for v in value]
            if isinstance(value, list)
            else value / 1024
            if isinstance(value, float)
            else value
        )

    a = MODELS[form]().fit(made.table)
    b = MODELS[form]().fit([(t, w, scaled(drawn)) for t, w, drawn in made.table])
    np.testing.assert_allclose(b.p_, a.p_, atol=1e-6)
    np.testing.assert_allclose(b.shape_ * 1024, a.shape_, rtol=1e-6, atol=1e-4)
    np.testing.assert_allclose(b.sd_ * 1024, a.sd_, rtol=1e-4)
    np.testing.assert_allclose(b.localisation_error_ * 1024, a.localisation_error_, rtol=1e-4)


@every_form
def test_same_twice_a_refit_forgets_and_text_is_as_good_as_lists(form, tmp_path):
    made = crowd(form)
    model = MODELS[form]().fit(crowd(form, images=3, seed=5).table)
    model.fit(made.table)
    fresh = MODELS[form]().fit([(t, w, json.dumps(drawn, ensure_ascii=False)) for t, w, drawn in made.table])
    same(model, fresh)
    raw = Answers.from_table(made.table)
    same(model, MODELS[form]().fit(raw))
    restored = MODELS[form].from_state(model.to_state())
    same(model, restored)
    assert restored.predict() == model.predict()
    save(model, tmp_path / "model.npz")
    assert load(tmp_path / "model.npz").predict() == model.predict()


@every_form
def test_a_repeated_answer_keeps_the_last_and_is_counted(form):
    rows = [("t", "ann", [shape(form, 500)]), ("t", "ann", [shape(form)]), ("t", "bob", [shape(form)])]
    model = MODELS[form]().fit(rows)
    assert model.repeated_ == 1
    assert len(model.p_) == 1
    with pytest.raises(BadInput, match="repeated"):
        MODELS[form](strict=True).fit(rows)


@every_form
def test_degenerate_tables(form):
    one = [shape(form)]
    for rows in (
        [("t", "w", one)],
        [("t", "w", [])],
        [("t", "w", []), ("t", "v", [])],
        [(t, "w", [shape(form, 50 * t)]) for t in range(5)],
        [(t, t, [shape(form)]) for t in range(4)],
        [("t", w, one) for w in range(6)],
        [("t", w, [shape(form, 100 * w)]) for w in range(6)],
        [("t", "w", [shape(form), shape(form)]), ("t", "v", one)],
        [("t", w, [shape(form, 10 + w * 1e-9)]) for w in range(3)],
        [("t", w, [shape(form, 1e9, -1e9, 1e-2)]) for w in range(3)],
    ):
        model = MODELS[form]().fit(rows)
        for name, value in numbers(model).items():
            assert np.isfinite(value).all(), (rows, name)
        assert (model.sd_ > 0).all()
        again = MODELS[form]().fit(rows)
        same(model, again)


@every_form
def test_nothing_there_is_an_answer(form):
    """Two of three say that there is nothing: the third's object is doubted, and a task of empty answers is sure of it."""
    rows = [(t, w, [shape(form)]) for t in range(20) for w in "abc"]
    rows += [("empty", w, []) for w in "abc"] + [("one", "a", [shape(form)]), ("one", "b", []), ("one", "c", [])]
    model = MODELS[form]().fit([(str(t), w, drawn) for t, w, drawn in rows])
    found = dict(zip(model.tasks_, model.found(), strict=True))
    sure = dict(zip(model.tasks_, model.confidence_, strict=True))
    assert found["empty"] == []
    assert found["one"][0].p < 0.5
    assert found["7"][0].p > 0.95
    assert model.predict()[model.tasks_.index("one")] == []
    assert sure["empty"] > 0.9
    assert model.p_.max() < 1


@every_form
def test_perfect_workers_are_believed_and_an_adversary_is_not(form):
    random = np.random.default_rng(0)
    truth = [[shape(form, *random.uniform(0, 500, 2)) for _ in range(2)] for _ in range(30)]
    rows = [(t, w, drawn) for t, drawn in enumerate(truth) for w in "abc"]
    rows += [(t, "evil", [shape(form, *random.uniform(0, 500, 2)) for _ in range(3)]) for t in range(30)]
    model = MODELS[form]().fit(rows)
    for found, real in zip(model.predict(), truth, strict=True):
        value = alike(form, found, real)
        assert (value.max(axis=0) > 0.95).all()
        assert len(found) == 2 or alike(form, real[:1], real[1:])[0, 0] > 0.2
    evil = model.workers_.index("evil")
    assert model.hit_rate_[evil] < 0.3 < 0.9 < np.delete(model.hit_rate_, evil).min()
    assert model.false_alarms_[evil] > 2 > 0.3 > np.delete(model.false_alarms_, evil).max()


@every_form
def test_fusing_beats_the_customary_ways(form):
    from benchmarks.truth.regions import certainty, majority

    made = world(form, 30, seed=3)
    model = MODELS[form]().fit(made.table)
    ours = scores(form, model.predict(), made.truth)
    theirs = scores(form, majority(form, made.table, len(made.truth), np.mean), made.truth)
    assert ours["F1 0.5"] > theirs["F1 0.5"] + 0.01
    assert ours["IoU"] > theirs["IoU"] + 0.05
    sure = certainty(form, model, made.truth)
    assert sure["ECE"] < 0.07
    assert 0.8 < sure["coverage"] < 0.99


GOOD = {"boxes": '{"x":1,"y":1,"width":2,"height":2}', "polygons": '{"points":[[0,0],[1,0],[0,1]]}'}
GOOD["keypoints"] = '{"points":{"nose":[1,2]}}'
BAD = {
    "boxes": [
        ({"x": 1, "y": 1, "width": -2, "height": 2}, "object 2: its width is -2"),
        ({"x": 1, "y": 1, "width": 2, "height": 0}, "its height is 0"),
        ({"x": float("nan"), "y": 1, "width": 2, "height": 2}, "x is nan"),
        ({"x": 1, "y": 1, "width": float("inf"), "height": 2}, "width is inf"),
        ({"x": 1e300, "y": 1, "width": 1, "height": 2}, "x is 1e\\+300"),
        ({"x": "1", "y": 1, "width": 2, "height": 2}, "x is '1', not a number"),
        ({"x": True, "y": 1, "width": 2, "height": 2}, "x is True, not a number"),
        ({"x": 10**400, "y": 1, "width": 2, "height": 2}, "not a number"),
        ({"y": 1, "width": 2, "height": 2}, "x is missing"),
        ({"left": 1, "top": 1, "width": 2, "height": 2}, "unknown field 'left'"),
        ({"x": 1, "y": 1, "width": 2, "height": 2, "label": 5}, "label is 5"),
        ({"x": 1, "y": 1, "width": 2, "height": 2, "label": " "}, "label is ' '"),
        ([1, 1, 2, 2], "not an object"),
    ],
    "polygons": [
        ({"points": [[0, 0], [1, 1]]}, "2 different points"),
        ({"points": [[0, 0], [1, 1], [0, 0]]}, "2 different points"),
        ({"points": [[0, 0], [1, 0], [2, 0]]}, "no area"),
        ({"points": [[0, 0], [1, float("nan")], [2, 0]]}, r"points\[1\] is nan"),
        ({"points": [[0, 0], [1, 2, 3], [2, 0]]}, r"points\[1\]"),
        ({"points": None}, "points are missing"),
        ({"points": [[0, 0]] * 6000}, "6000 points"),
        ({"points": [[0, 0], [1, 0], [0, 1]], "holes": []}, "unknown field 'holes'"),
    ],
    "keypoints": [
        ({"points": {}}, "no point"),
        ({"points": {"a": None}}, "no point"),
        ({"points": [[1, 2]]}, "not names"),
        ({"points": {"a": [1]}}, r"points.a is \[1\]"),
        ({"points": {"": [1, 2]}}, "name"),
    ],
}


@every_form
def test_bad_input_names_row_object_and_field(form):
    good = json.loads(GOOD[form])
    for bad, message in BAD[form]:
        with pytest.raises(BadInput, match=message) as error:
            MODELS[form]().fit([("t", "a", [good]), ("t", "b", [good, bad])])
        assert "Row 2" in error.value.message
        assert error.value.details["row"] == 2
        assert error.value.details["column"] == "label"
        raw = Answers.from_table([("t", "a", [good]), ("t", "b", [good, bad])])
        with pytest.raises(BadInput, match="'b' on 't'"):
            MODELS[form]().fit(raw)
    for cell in ("{", "[" * 5000, "7", 7, {"x": 1}, None, float("nan"), [good] * 2001):
        with pytest.raises(BadInput, match="Row 1"):
            MODELS[form]().fit([("t", "a", cell)])
    with pytest.raises(BadInput):
        MODELS[form]().fit([])
    for options in ({"match_at": 0}, {"match_at": 1}, {"keep": 2}, {"keep": float("nan")}):
        with pytest.raises(BadInput):
            MODELS[form](**options)
    with pytest.raises(BadInput, match="level"):
        MODELS[form]().fit([("t", "a", [good])]).interval(1.0)


side = st.floats(1, 50)
box = st.builds(
    lambda x, y, w, h, k: {"x": x, "y": y, "width": w, "height": h} | ({"label": k} if k else {}),
    *(st.floats(0, 100), st.floats(0, 100), side, side, st.sampled_from(["", "سيارة", "b"])),
)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 4), st.lists(box, max_size=5)), min_size=1, max_size=12))
def test_any_boxes(rows):
    model = Boxes().fit(rows)
    assert all(np.isfinite(v).all() for v in numbers(model).values())
    for found in model.found():
        for each in found:
            assert each.region["width"] > 0 < each.region["height"]
            assert 1 <= each.workers <= 5
    kept = {(t, w): drawn for t, w, drawn in rows}
    assert model.drawn_.sum() == sum(len(drawn) for drawn in kept.values())
    same(model, Boxes().fit([(t, w, drawn) for (t, w), drawn in reversed(kept.items())]))
