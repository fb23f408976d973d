"""The battery that every model of numbers must pass: add one to `MODELS` of tawsim.truth.numeric and it is tested here."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tawsim.core.errors import BadInput
from tawsim.truth.answers import Answers
from tawsim.truth.numeric import MODELS
from tawsim.truth.state import load, save

every_model = pytest.mark.parametrize("make", MODELS.values(), ids=MODELS)


def rows():
    cell = st.tuples(st.integers(0, 8), st.integers(0, 4), st.integers(-40, 40).map(lambda n: n / 4))
    return st.lists(cell, min_size=1, max_size=40, unique_by=lambda row: row[:2])


def crowd(seed=0, tasks=80, workers=8, noise=1.0):
    random = np.random.default_rng(seed)
    truth = random.normal(50, 10, tasks)
    return [
        (f"t{t:03}", f"w{w}", float(truth[t] + noise * random.normal())) for t in range(tasks) for w in range(workers)
    ], truth


def same(a, b, tolerance):
    assert a.tasks_ == b.tasks_
    assert np.allclose(a.estimate_, b.estimate_, rtol=0, atol=tolerance, equal_nan=True)
    assert np.allclose(a.sd_, b.sd_, rtol=0, atol=tolerance, equal_nan=True)


@every_model
def test_manners(make):
    model = make()
    with pytest.raises(BadInput, match="fit"):
        model.predict()
    with pytest.raises(BadInput, match="fit"):
        model.interval()
    table, truth = crowd()
    assert model.fit(table) is model
    assert model.tasks_ == tuple(f"t{t:03}" for t in range(80))
    assert all(isinstance(value, float) for value in model.predict())
    assert np.sqrt(np.mean((np.array(model.predict()) - truth) ** 2)) < 0.6
    low, high = model.interval()
    assert (low <= high).all()
    wider = model.interval(0.99)
    assert (wider[0] <= low).all()
    assert (wider[1] >= high).all()
    for level in (0, 1, 1.5, float("nan")):
        with pytest.raises(BadInput, match="between 0 and 1"):
            model.interval(level)
    assert ">>>" in make.__doc__


@every_model
@settings(max_examples=15, deadline=None)
@given(data=st.data())
def test_row_order_changes_nothing_at_all(make, data):
    table = data.draw(rows())
    same(make().fit(table), make().fit(data.draw(st.permutations(table))), 0)


@every_model
@settings(max_examples=15, deadline=None)
@given(data=st.data())
def test_names_of_workers_change_nothing(make, data):
    table = data.draw(rows())
    people = data.draw(st.permutations([f"عامل {i}" for i in range(5)]))
    same(make().fit(table), make().fit([(t, people[w], value) for t, w, value in table]), 1e-6)


@every_model
@settings(max_examples=15, deadline=None)
@given(rows(), st.floats(0.25, 1000), st.booleans(), st.floats(-500, 500))
def test_another_unit_gives_the_same_truth_in_that_unit(make, table, one, turned, zero):
    one = -one if turned else one
    a, b = make().fit(table), make().fit([(t, w, zero + one * value) for t, w, value in table])
    assert np.allclose(zero + one * a.estimate_, b.estimate_, atol=1e-5 * abs(one))
    assert np.allclose(abs(one) * a.sd_, b.sd_, atol=1e-5 * abs(one), equal_nan=True)


@every_model
@pytest.mark.parametrize(
    "table",
    [
        [("t", "w", 5)],
        [(t, "w", t) for t in range(5)],
        [("t", w, w) for w in range(5)],
        [(t, w, 7) for t in range(5) for w in range(3)],
        [(t, t, t * t) for t in range(6)],
        [(t, w, [0, 10][w]) for t in range(6) for w in range(2)],
        [(t, w, 1e150 * (-1) ** t) for t in range(6) for w in range(2)],
        [(t, w, 1e-300 * (t + w)) for t in range(6) for w in range(2)],
        [(t, w, 1e12 + t + w / 8) for t in range(20) for w in range(3)],
    ],
    ids=["one", "one worker", "one task", "identical", "nothing shared", "two apart", "huge", "tiny", "far from zero"],
)
def test_degenerate_answers(make, table):
    model = make().fit(table)
    value = np.array(model.predict())
    answers = [answer for _, _, answer in table]
    assert np.isfinite(value).all()
    if len(table) == 1:
        assert np.isnan(model.sd_).all()  # nothing tells the noise
    else:
        assert np.isfinite(model.sd_).all()
        assert (model.sd_ >= 0).all()
    reach = (max(answers) - min(answers)) / 2 + 1e-9 * max(map(abs, answers))
    assert (value >= min(answers) - reach).all()
    assert (value <= max(answers) + reach).all()


@every_model
def test_identical_answers_are_the_answer(make):
    assert make().fit([(t, w, 7) for t in range(5) for w in range(3)]).predict() == pytest.approx([7] * 5)


@every_model
def test_tasks_without_answers_have_none(make):
    answers = Answers.from_columns(["a", "a", "b"], ["x", "y", "x"], [1, 2, 3], tasks=["a", "b", "never"])
    assert make().fit(answers).predict()[2] is None


@every_model
def test_a_repeated_answer_keeps_the_last(make):
    table, _ = crowd(tasks=12)
    model = make().fit([("t000", "w0", 1e6), *table])
    assert model.repeated_ == 1
    same(model, make().fit(table), 0)


@every_model
def test_same_twice_and_a_refit_forgets(make):
    table, _ = crowd()
    model = make().fit(crowd(1, tasks=20)[0])
    same(model.fit(table), make().fit(table), 0)


@every_model
def test_perfect_workers_are_believed(make):
    table, truth = crowd(noise=0.0)
    assert np.allclose(make().fit(table).estimate_, truth, atol=1e-3)


@every_model
def test_state_round_trip(make, tmp_path):
    model = make().fit(crowd(tasks=15)[0])
    same(model, make.from_state(model.to_state()), 0)
    save(model, tmp_path / "model.npz")
    again = load(tmp_path / "model.npz")
    same(model, again, 0)
    assert again.predict() == model.predict()
    with pytest.raises(BadInput):
        make().to_state()


@every_model
@pytest.mark.parametrize(
    ("cell", "says"),
    [
        (float("nan"), "Row 2"),
        (float("inf"), "Row 2: 'inf'"),
        (None, "Row 2"),
        ("", "Row 2"),
        ("twelve", "Row 2: 'twelve' is not a number"),
        ("1,500", "two ways"),
        ("1e999", "finite"),
        (1e200, "beyond 1e.150"),
        ("nan", "not a number"),
        (True, "yes/no"),
        ([1], "not a number"),
    ],
)
def test_answers_that_are_no_numbers_are_named(make, cell, says):
    with pytest.raises(BadInput, match=says) as caught:
        make().fit([("t", "a", 1), ("t", "b", cell), ("t", "c", 3)])
    assert caught.value.details["row"] == 2
    assert caught.value.details["column"] == "label"


@every_model
def test_bad_tables(make):
    for bad in ([], [(1, 2)], {"task": [1]}, [("t", None, 1)]):
        with pytest.raises(BadInput):
            make().fit(bad)
    with pytest.raises(BadInput, match="'ann' to 't'"):
        make().fit(Answers.from_columns(["t"], ["ann"], ["many"]))
