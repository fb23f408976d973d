"""The battery for models of free text: whatever the crowd, these hold."""

import numpy as np
import pytest

from tawsim.core.errors import BadInput
from tawsim.truth import state
from tawsim.truth.answers import Answers
from tawsim.truth.text import BestText, Rover, TextTruth

MODELS = [TextTruth, Rover, BestText]
every_model = pytest.mark.parametrize("make", MODELS)
WORDS = [
    "نعم",
    "ذهب",
    "الولد",
    "إلى",
    "المدرسة",
    "the",
    "cat",
    "sat",
    "on",
    "mat",
    "قطة",
    "猫",
    "red",
    "green",
    "blue",
    "مُحَمَّد",
]


def crowd(seed=0, tasks=15, workers=5, wrong=0.15, words=10):
    """Rows (task, worker, text), and the truth of each task."""
    random = np.random.default_rng(seed)
    truth = [[WORDS[i] for i in random.integers(0, len(WORDS), words)] for _ in range(tasks)]
    rows = []
    for t, text in enumerate(truth):
        for w in range(workers):
            said = []
            for word in text:
                what = random.random()
                if what < wrong / 3:
                    continue
                said.append(WORDS[random.integers(0, len(WORDS))] if what < 2 * wrong / 3 else word)
                if random.random() < wrong / 3:
                    said.append(WORDS[random.integers(0, len(WORDS))])
            rows.append((f"t{t:02}", f"w{w}", " ".join(said)))
    return rows, [" ".join(text) for text in truth]


@every_model
def test_manners_and_a_good_crowd(make):
    model = make()
    with pytest.raises(BadInput, match="fit"):
        model.predict()
    with pytest.raises(BadInput, match="fit"):
        model.interval()
    rows, truth = crowd()
    assert model.fit(rows) is model
    assert model.tasks_ == tuple(f"t{t:02}" for t in range(15))
    exact = sum(a == b for a, b in zip(model.predict(), truth, strict=True))
    assert exact >= (2 if make is BestText else 12)
    assert make.__doc__
    assert ">>>" in make.__doc__
    low, high = model.interval()
    assert ((low >= 0) & (low <= model.expected_error_) & (model.expected_error_ <= high) & (high <= 1)).all()
    assert np.allclose(model.confidence_, 1 - model.expected_error_)
    assert ((model.worker_low_ <= model.worker_error_) & (model.worker_error_ <= model.worker_high_)).all()
    with pytest.raises(BadInput):
        model.interval(1.0)


@every_model
def test_order_of_rows_and_names_of_workers_change_nothing(make):
    rows, _ = crowd()
    shuffled = [rows[i] for i in np.random.default_rng(1).permutation(len(rows))]
    names = dict(zip([f"w{i}" for i in range(5)], ["ماجد", "a", "Z", "w0", "7"], strict=True))
    first, second = make().fit(rows), make().fit(shuffled)
    renamed = make().fit([(t, names[w], text) for t, w, text in rows])
    assert first.predict() == second.predict() == make().fit(rows).predict() == renamed.predict()
    assert np.array_equal(first.expected_error_, second.expected_error_)
    assert np.allclose(first.expected_error_, renamed.expected_error_, atol=1e-9)
    by_name = dict(zip(renamed.workers_, renamed.worker_error_, strict=True))
    assert [by_name[names[w]] for w in first.workers_] == pytest.approx(first.worker_error_.tolist())


@every_model
def test_a_large_task_of_many_answers_does_not_depend_on_names_either(make):
    rows, truth = crowd(tasks=1, workers=80, wrong=0.4)
    names = dict(zip(sorted({w for _, w, _ in rows}), np.random.default_rng(2).permutation(80).tolist(), strict=True))
    renamed = [(t, names[w], text) for t, w, text in rows]
    assert make().fit(rows).predict() == make().fit(renamed).predict()
    if make is not BestText:
        assert make().fit(rows).predict() == truth


@every_model
def test_a_state_gives_the_same_model(make, tmp_path):
    rows, _ = crowd(tasks=4)
    model = make().fit(rows)
    state.save(model, tmp_path / "model.npz")
    for restored in (make.from_state(model.to_state()), state.load(tmp_path / "model.npz")):
        assert restored.predict() == model.predict()
        assert np.array_equal(restored.interval()[0], model.interval()[0])


@every_model
@pytest.mark.parametrize(
    ("rows", "answer"),
    [
        ([("t", "w", "only one")], ["only one"]),
        ([("t", w, "Same, here.") for w in "abc"], ["Same, here."]),
        ([("t", w, "") for w in "abc"], [""]),
        ([("t", "a", ""), ("t", "b", ""), ("t", "c", "words")], ["words"]),
        ([("t", "a", "b c"), ("t", "b", "b c"), ("t", "c", "x y")], ["b c"]),
        ([("t", "a", "x"), ("t", "b", "y")], ["x"]),
        ([(t, "w", t) for t in "abc"], ["a", "b", "c"]),
        ([("t", "a", "x y"), ("u", "b", "y z")], ["x y", "y z"]),
    ],
    ids=["one", "same", "empty", "two empty", "two of three", "tie", "one worker", "nobody shares"],
)
def test_small_and_odd_crowds(make, rows, answer):
    model = make().fit(rows)
    assert model.predict() == answer
    assert np.isfinite(model.expected_error_).all()
    assert np.isfinite(model.worker_error_).all()
    assert all(np.isfinite(end).all() for end in model.interval())


@every_model
def test_perfect_workers_are_believed_and_one_adversary_is_not(make):
    rows, truth = crowd(wrong=0)
    perfect = make().fit(rows)
    assert perfect.predict() == truth
    assert perfect.expected_error_.max() < 0.05
    model = make().fit([(t, w, "x y z" if w == "w2" else text) for t, w, text in rows])
    assert model.predict() == truth
    assert model.worker_error_.argmax() == 2
    assert model.worker_low_[2] > model.worker_high_[[0, 1, 3, 4]].max()


@every_model
def test_repeated_answers(make):
    rows, _ = crowd(tasks=4)
    assert make().fit([("t00", "w0", "junk"), *rows]).predict() == make().fit(rows).predict()
    with pytest.raises(BadInput, match="repeated"):
        make(strict=True).fit([("t00", "w0", "junk"), *rows])


@every_model
@pytest.mark.parametrize("label", [5, 1.5, ["a"], {"a": 1}])
def test_bad_answers_name_their_row(make, label):
    with pytest.raises(BadInput, match=r"Row 2: .*not text"):
        make().fit([("t", "a", "O O"), ("t", "b", label)])
    with pytest.raises(BadInput, match="not text"):
        make().fit(Answers.from_columns(["t"], ["a"], [label]))


@every_model
def test_bad_tables_and_settings(make):
    for bad in ([], [("t", "w")], [("t", "w", None)]):
        with pytest.raises(BadInput):
            make().fit(bad)
    with pytest.raises(BadInput, match="match"):
        make(match="fuzzy")
