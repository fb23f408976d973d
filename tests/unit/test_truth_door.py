"""The door for every kind: kinds are told rightly and said, tables of all libraries give one result, gold is held out."""

import json
import re

import numpy as np
import pandas as pd
import polars as pl
import pytest

from tawsim.core.errors import BadInput
from tawsim.truth import door
from tawsim.truth.agreement import kinds
from tawsim.truth.cells import cells, coded, row_of
from tawsim.truth.choice import joint
from tawsim.truth.detect import detect
from tawsim.truth.door import ALL, KINDS, infer_any, models_of
from tawsim.truth.golden import cross_fitted, read_gold
from tawsim.truth.report.facts import TELLS
from tawsim.truth.report.filling import report_of
from tawsim.truth.report.page import report_html
from tawsim.truth.report.words import WORDS
from tawsim.truth.votes import Votes


def kind_of(labels, tasks=None):
    tasks = tasks or [f"t{i // 2}" for i in range(len(labels))]
    columns = {"task": coded(tasks), "worker": coded([f"w{i}" for i in range(len(labels))]), "label": coded(labels)}
    return detect(columns)


@pytest.mark.parametrize(
    ("labels", "kind", "advice"),
    [
        (["yes", "no"] * 9, "choice", ""),
        (["1", "0"] * 9, "choice", ""),
        ([str(i % 5) for i in range(50)], "choice", "--kind ordinal"),
        ([i % 5 for i in range(50)], "choice", "--kind ordinal"),
        ([str(i * 7) for i in range(50)], "numeric", "--kind choice"),
        ([i / 3 for i in range(50)], "numeric", "--kind choice"),
        (["٣٫٥", *(str(i) for i in range(40))], "numeric", "--kind choice"),
        (["n/a", *(str(i) for i in range(40))], "numeric", "--kind choice"),
        (["n/a", "1", "2"] * 5, "choice", ""),
        (['["a"]', '["b", "a"]', "[]"], "choices", "--kind ranking"),
        (['["a", ["b", "c"]]', '["a", "b", "c"]'], "ranking", ""),
        ([["a"], ["b"]], "choices", "--kind ranking"),
        (["[laughs]", "[coughs]", "[sighs]"] * 3, "choice", ""),
        (['[{"start": 1, "end": 4, "label": "PER"}]', "[]"], "spans", ""),
        (['[{"x": 1, "y": 4, "width": 2, "height": 2}]', "[]"], "boxes", ""),
        (['[{"points": [[1, 2], [3, 4], [1, 5]]}]', "[]"], "polygons", ""),
        (['[{"points": {"nose": [1, 2]}}]', "[]"], "keypoints", ""),
        (["O B-PER I-PER O", "O O O O"] * 3, "tags", ""),
        ([f"this is answer number {i}" for i in range(60)], "text", "--kind choice"),
        ([f"word{i}" for i in range(60)], "choice", "--kind text"),
        ([f"the class number {i % 30}" for i in range(300)], "choice", ""),
    ],
)  # fmt: skip
def test_kinds_are_told_from_the_cells_and_said(labels, kind, advice):
    found = kind_of(labels)
    assert (found.kind, advice in found.advice) == (kind, True), found
    assert bool(found.advice) == bool(advice)
    assert len(found.why) > 20
    assert f"kind_why_{found.code}" in WORDS
    assert not advice or f"note_otherwise_{found.otherwise}" in WORDS


@pytest.mark.parametrize(
    ("good", "bad", "says"),
    [
        ('[{"start": 0, "end": 4, "label": "PER"}]', '[{"start": 0, "end": 4, "label": "PER"', ""),
        ('["a", "b"]', '["a", "b"', ""),
        ("1,234", "2,500", "'1,234'"),
        ("5", "1,234,567", "'1,234,567'"),
    ],
)
def test_one_slip_in_a_thousand_rows_is_named_and_makes_no_labels(good, bad, says):
    row = 700
    labels = [good] * (row - 1) + [bad] + [good] * 499
    with pytest.raises(BadInput, match="Row") as error:
        infer_any([(f"t{i // 3}", f"w{i % 3}", label) for i, label in enumerate(labels)])
    assert error.value.details["row"] == (1 if good == "1,234" else row)
    assert says in error.value.message


def test_labels_that_are_no_numbers_and_no_tags_stay_labels():
    assert kind_of(["1,5,6", "a", "b"] * 30).kind == "choice"
    assert kind_of(["O"] * 95 + ["not sure"] * 5).kind == "choice"
    assert kind_of(["n/a"] * 60 + [str(i) for i in range(40)]).kind == "numeric"
    assert kind_of(["0"] * 950 + [f"word{i % 25}" for i in range(50)]).kind == "choice"
    assert kind_of(["x"]).why == "1 different label in 1 answer."


def test_lists_with_the_same_items_in_other_orders_are_rankings():
    same = ['["a","b","c"]', '["b","a","c"]', '["x","y"]', '["y","x"]']
    assert kind_of(same, ["t", "t", "u", "u"]).kind == "ranking"
    assert kind_of(same, ["t", "u", "t", "u"]).kind == "choices"


def test_two_sides_make_comparisons():
    table = [("t", "w", "a", "b", "a"), ("t", "v", "a", "b", "b")]
    found = infer_any(table)
    assert (found.kind, found.columns["n"]) == ("pairwise", [2])
    assert "“left” and “right”" in found.kind_why.text


# ---- one result, whatever the table -------------------------------------------------------------------------------
ROWS = [(f"t{t}", f"w{w}", "yes" if (t + (w == 2 and t % 3 == 0)) % 2 else "no") for t in range(20) for w in range(4)]
COLUMNS = dict(zip(("task", "worker", "label"), map(list, zip(*ROWS, strict=True)), strict=True))


@pytest.mark.parametrize(
    "table",
    [
        ROWS, COLUMNS, [dict(zip(("task", "worker", "label"), row, strict=True)) for row in ROWS], pd.DataFrame(COLUMNS),
        pl.DataFrame(COLUMNS), pl.DataFrame(COLUMNS).to_arrow(), ROWS[::-1],
    ],
)  # fmt: skip
def test_every_table_gives_the_same_result(table):
    assert infer_any(table).table() == infer_any(ROWS).table()


def test_the_door_agrees_with_the_one_for_labels():
    from tawsim.truth import infer

    found, plain = infer_any(ROWS), infer(ROWS)
    assert found.columns["label"] == list(plain.label)
    assert found.columns["p"] == [round(p, 6) for p in plain.p.tolist()]
    assert (found.model, found.why) == (plain.model, plain.why)


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_model_of_every_kind_goes_through_the_door(kind):
    labels = {
        "ordinal": ["1", "2", "3"], "numeric": ["1.5", "2", "3.25"], "ranking": ['["a","b","c"]', '["a","c","b"]'],
        "boxes": ['[{"x":1,"y":1,"width":5,"height":5}]'], "polygons": ['[{"points":[[0,0],[4,0],[0,4]]}]'],
        "keypoints": ['[{"points":{"nose":[1,2]}}]'], "spans": ['[{"start":0,"end":3,"label":"PER"}]'],
        "tags": ["O B-PER O", "O O O"], "text": ["the cat sat", "the cat sits", "a cat sat"], "pairwise": ["a", "b"],
    }[kind]  # fmt: skip
    rows = [(f"t{i % 4}", f"w{i // 4}", labels[(i * 7 // 4) % len(labels)]) for i in range(16)]
    if kind == "pairwise":
        rows = [(task, worker, "a", "b", label) for task, worker, label in rows]
    for model in models_of(kind):
        found = infer_any(rows, kind, model)
        assert (found.kind, found.model, found.why.code) == (kind, model, "asked")
        assert found.tasks == ("t0", "t1", "t2", "t3")
        assert found.answers.tolist() == [4] * 4
        assert all(len(column) == 4 for column in found.columns.values())
        assert {"label", "n"} <= found.columns.keys()
        assert set(found.types) == set(found.columns)
        assert len(found.workers) == 4
        again = infer_any(rows[::-1], kind, model)
        assert again.table() == found.table()
        json.dumps(found.table(), allow_nan=False)


def test_repeated_answers_count_once_and_can_be_refused():
    rows = [*ROWS, ("t0", "w0", "yes")]
    found = infer_any(rows)
    assert (found.repeated, found.columns["n"][0]) == (1, 4)
    with pytest.raises(BadInput, match="'w0' on 't0'"):
        infer_any(rows, strict=True)


# ---- gold ---------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("kind", "labels"),
    [
        ("text", ["a b c", "a b d", "a b c"]),
        ("tags", ["B-X O", "O O", "B-X O"]),
        ("spans", ['[{"start": 0, "end": 4, "label": "X"}]', "[]", '[{"start": 0, "end": 4, "label": "X"}]']),
        ("boxes", ['[{"x": 1, "y": 4, "width": 2, "height": 2}]', "[]", '[{"x": 1, "y": 4, "width": 2, "height": 2}]']),
        ("numeric", [1.5, 2.5, 1.5]),
        ("ordinal", ["1", "2", "1"]),
        ("ranking", ['["a", "b"]', '["b", "a"]', '["a", "b"]']),
        ("choices", ['["a"]', '["b"]', '["a"]']),
        ("choice", ["a", "b", "a"]),
    ],
)
def test_repeated_answers_are_counted_for_every_kind(kind, labels):
    rows = [(t, w, labels[i]) for t in ("t1", "t2") for i, w in enumerate(("u", "v", "w"))]
    once, twice = (infer_any(table, kind) for table in (rows, [("t1", "u", labels[1]), *rows, ("t2", "w", labels[2])]))
    assert (once.repeated, twice.repeated) == (0, 2)
    assert twice.answers.tolist() == [3, 3]
    assert [one.answers for one in twice.workers] == [one.answers for one in once.workers] == [2, 2, 2]


def test_small_numbers_keep_their_digits():
    table = [(f"t{t}", f"w{w}", (t + 1 + w / 100) * 1e-8) for t in range(25) for w in range(3)]
    found = infer_any(table, "numeric")
    assert all(1e-9 < label < 1e-6 for label in found.columns["label"])
    ends = (found.columns[name] for name in ("low", "label", "high"))
    assert all(low < label < high for low, label, high in zip(*ends, strict=True))
    far = '[{"x": 1e-8, "y": 0.1, "width": 0.2, "height": 0.3}]'
    assert '"x": 1e-08' in infer_any([("t", w, far) for w in "abc"]).columns["label"][0]


def test_a_task_is_about_one_pair():
    rows = [
        ("t1", "u", "a", "b", "a"),
        ("t1", "v", "b", "a", "a"),
        ("t2", "u", "a", "c", "a"),
        ("t2", "v", "d", "c", "c"),
    ]
    assert infer_any(rows[:3]).kind == "pairwise"
    with pytest.raises(BadInput, match="Row 4: the task 't2' compares “d” and “c”, but “a” and “c” in row 3"):
        infer_any(rows)


def test_gold_comes_as_a_mapping_or_a_table():
    task = coded(["a", "b", "c"])
    expected = {"a": "yes", "b": "no"}
    for gold in (expected, [("a", "yes"), ("b", "no")], {"task": ["a", "b"], "label": ["yes", "no"]}):
        found = read_gold(gold, task)
        assert found.labels == expected
        assert found.rows == {"a": 1, "b": 2}


@pytest.mark.parametrize(
    ("gold", "row"),
    [
        ([("a", "yes"), ("z", "no")], 2),
        ([("a", "yes"), ("b", None)], 2),
        ([("a", "yes"), ("a", "no")], 2),
    ],
)
def test_gold_that_cannot_be_right_names_its_row(gold, row):
    with pytest.raises(BadInput) as caught:
        read_gold(gold, coded(["a", "b"]))
    assert caught.value.details["row"] == row


def test_no_task_is_judged_by_a_fit_that_knew_its_gold():
    votes = Votes.from_table(ROWS)
    gold = read_gold({f"t{i}": "yes" if i % 2 else "no" for i in range(20)}, coded(COLUMNS["task"]))
    given = []

    def fit(some):
        """A model that only knows what it was told: told the truth it is sure, else it does not know."""
        given.append(set(some))
        p = np.full((20, 2), 0.5)
        for task, label in some.items():
            p[votes.tasks.index(task)] = np.eye(2)[votes.labels.index(label)]
        return p

    found = cross_fitted(fit, votes, gold, gold.labels, takes_gold=True)
    assert (found.tasks, found.held_out) == (20, True)
    assert found.measures.accuracy.value == 0.5
    assert found.measures.mean_p == 0.5
    assert sorted(map(len, given)) == [16] * 5


def test_gold_reaches_the_model_where_it_takes_any(monkeypatch):
    from dataclasses import replace

    from tawsim.truth.infer import infer

    seen = []

    def with_gold(votes, model="auto", gold=None, confidence=None):
        seen.append(dict(gold or {}))
        return replace(infer(votes, model), fitted=None)

    monkeypatch.setattr(door, "infer", with_gold)
    gold = {f"t{i}": "yes" for i in range(10)}
    found = infer_any(ROWS, gold=gold)
    assert seen[0] == gold
    assert all(len(one) == 8 for one in seen[1:])
    assert (found.gold_tasks, found.held_out) == (10, True)


def test_folds_are_fitted_by_the_model_alone(monkeypatch):
    """Joint takes gold: its own fits judge the folds, and the agreement of a result is worked out once."""
    from dataclasses import replace

    from tawsim.truth.choice.joint import Joint
    from tawsim.truth.infer import infer

    calls = []

    def with_gold(votes, model="auto", gold=None, confidence=None):
        calls.append(gold)
        fitted = Joint().fit(votes, gold=gold)
        return replace(infer(votes, "majority"), probabilities=fitted.predict_proba(), fitted=fitted)

    monkeypatch.setattr(door, "infer", with_gold)
    gold = {f"t{i}": "yes" if i % 2 else "no" for i in range(10)}
    found = infer_any(ROWS, gold=gold)
    assert len(calls) == 1
    assert found.held_out
    assert found.gold.mean_p < 1
    # The answers themselves are fixed by gold.
    assert all(found.probability[i].max() == 1 for i, task in enumerate(found.tasks) if task in gold)
    assert sum(weight for _, weight in found.candidates) == pytest.approx(1)
    assert found.effective > 1


def test_gold_judges_also_a_model_that_cannot_use_it():
    found = infer_any(ROWS, model="majority", gold={f"t{i}": "yes" if i % 2 else "no" for i in range(10)})
    assert (found.model, found.gold_tasks, found.held_out) == ("majority", 10, False)
    assert found.gold.accuracy.value > 0.9


# ---- what cannot be used ------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("table", "options", "says"),
    [
        ([], {}, "no "),
        ({"task": ["a"], "label": ["x"]}, {}, "worker"),
        ({"task": ["a", "b"], "worker": ["w"], "label": ["x", "y"]}, {}, "length"),
        ([("a", "w", None)], {}, "Row 1 has no label"),
        ([("a", "w", "x"), ("b", "", "x")], {}, "Row 2 has no worker"),
        ([("a", "w", float("nan"))], {}, "Row 1 has no label"),
        ([("a", "w", "x"), ("b", "w", "nan")], {}, "Row 2: the label is 'nan'"),
        ([("a", "w", ["x"])], {"kind": "choice"}, "Row 1"),
        ([("a", "w", "x")], {"kind": "choices"}, "Row 1: 'x' is not a list"),
        ([("a", "w", "x")], {"kind": "numeric"}, "Row 1: 'x' is not a number"),
        ([("a", "w", "x")], {"kind": "oracle"}, "no kind"),
        ([("a", "w", "1.5")], {"kind": "numeric", "model": "oracle"}, "Known models: auto, numeric"),
        ([("a", "w", "x")], {"model": "oracle"}, "no truth model"),
        ([("a", "w", "[]")], {}, "no label to choose"),
    ],
)
def test_bad_tables_are_refused(table, options, says):
    with pytest.raises(BadInput, match=says):
        infer_any(table, **options)


def test_all_models_and_members_have_words_in_the_report():
    members = [one.name for one in (*joint.SETTINGS, *joint.NEWCOMERS)] + ["wawa"]
    assert not [name for name in members if f"member_{name}" not in WORDS]
    models = {name for kind in ALL for name in models_of(kind)}
    assert not [name for name in models if f"by_{name}" not in WORDS]


def test_the_arabic_report_gives_its_reasons_in_arabic():
    rows, gold = sure_crowd(60)
    page = report_html(report_of(infer_any(rows, gold=dict(list(gold.items())[:20])), "x"), "ar")
    assert "جُمعت عدة نماذج" in page
    assert "القدرة والصعوبة" in page
    # What is left in Latin letters are names, codes, and what the page is made of.
    text = re.sub(r"<style>.*?</style>|<[^>]*>", " ", page, flags=re.DOTALL)
    assert not re.search(r"[a-z]{3,} [a-z]{3,} [a-z]{3,}", text)


def test_all_kinds_have_words_in_the_report():
    from tawsim.truth.report.words import WORDS

    assert all(f"kind_{kind}" in WORDS for kind in ALL)


def test_cells_and_rows_of_a_coded_column():
    column = coded(["b", "a", None, "b"])
    assert cells(column) == ["b", "a", None, "b"]
    assert row_of(column, list(column.names).index("a")) == 2
    assert cells(coded([["x"], ["x"], {"y": 1}])) == [["x"], ["x"], {"y": 1}]


# ---- confidence ---------------------------------------------------------------------------------------------------
def sure_crowd(tasks=300, people=2, share=0.6, seed=5):
    """Two people, often right, and two models: one's confidence tells when it is right, the other's does not."""
    chance = np.random.default_rng(seed)
    rows, gold = [], {}
    for t in range(tasks):
        truth = chance.integers(0, 3)
        gold[f"t{t}"] = "abc"[truth]
        for w in range(people + 2):
            knows = chance.random()
            right = chance.random() < (knows if w == people else share)
            label = truth if right else (truth + chance.integers(1, 3)) % 3
            said = {people: round(min(max(knows, 0.02), 0.98), 3), people + 1: round(chance.uniform(0.8, 0.99), 3)}.get(
                w
            )
            rows.append({"task": f"t{t}", "worker": f"w{w}", "label": "abc"[label], "confidence": said})
    return rows, gold


def share_right(found, gold):
    return np.mean([label == gold[task] for task, label in zip(found.tasks, found.columns["label"], strict=True)])


def test_a_confidence_that_means_something_makes_the_result_better():
    rows, gold = sure_crowd(400, share=0.75, seed=7)
    plain = [{name: row[name] for name in ("task", "worker", "label")} for row in rows]
    with_it, without = infer_any(rows), infer_any(plain)
    assert share_right(with_it, gold) > share_right(without, gold) + 0.02
    assert set(with_it.confidence) == {"w2", "w3"}
    assert with_it.confidence["w2"] > 0.4 > TELLS > with_it.confidence["w3"]
    assert without.confidence == {}
    again = infer_any(rows[::-1])
    assert (again.table(), again.confidence) == (with_it.table(), with_it.confidence)
    # Of a repeated answer the last one's confidence counts.
    wrong = [{**row, "confidence": 0.5} for row in rows]
    assert infer_any([*wrong, *rows]).table() == with_it.table()
    judged = infer_any(rows, gold=dict(list(gold.items())[:60]))
    assert judged.held_out
    assert judged.gold.accuracy.value > 0.75


def test_the_door_for_labels_takes_confidence_too():
    from tawsim.truth import infer

    rows, _ = sure_crowd(60)
    sure = [row["confidence"] for row in rows]
    assert infer(rows, confidence=sure).p.tolist() == infer(rows[::-1], confidence=sure[::-1]).p.tolist()
    assert infer(rows, confidence=sure).p.tolist() != infer(rows).p.tolist()
    with pytest.raises(BadInput, match="cannot use confidence"):
        infer(rows, "majority", confidence=sure)


@pytest.mark.parametrize("cell", ["90%", 1.5, -0.1, "sure", True])
def test_a_confidence_that_is_none_names_its_row(cell):
    rows, _ = sure_crowd(20)
    rows[6]["confidence"] = cell
    with pytest.raises(BadInput) as caught:
        infer_any(rows)
    assert (caught.value.details["row"], caught.value.details["column"]) == (7, "confidence")


@pytest.mark.parametrize("empty", [None, "", float("nan"), "NaN"])
def test_an_empty_confidence_is_none(empty):
    rows, _ = sure_crowd(20)
    for row in rows:
        row["confidence"] = empty if row["confidence"] is None else str(row["confidence"])
    numbers, _ = sure_crowd(20)
    assert infer_any(rows).table() == infer_any(numbers).table()


def test_where_confidence_is_of_no_use_it_is_said():
    rows, _ = sure_crowd(20)
    assert [note.code for note in infer_any(rows, model="majority").notes] == ["confidence_unused"]
    numbers = [{**row, "label": str(i * 3)} for i, row in enumerate(rows)]
    assert "confidence_unused" in [note.code for note in infer_any(numbers).notes]
    assert infer_any([{**row, "confidence": ""} for row in rows]).notes == ()


# ---- agreement ----------------------------------------------------------------------------------------------------
def agreement(label, kind, tasks=12):
    rows = [(f"t{t}", f"w{w}", label(t, w)) for t in range(tasks) for w in range(3)]
    return infer_any(rows, kind).agreement


def test_every_kind_has_its_measure_of_agreement():
    alike, apart = (
        agreement(lambda t, w: t + w / 10, "numeric"),
        agreement(lambda t, w: (t * 5 + w * 7) % 11, "numeric"),
    )
    assert (alike.measure, alike.metric) == ("alpha", "interval")
    assert alike.value > 0.95 > 0.5 > apart.value
    steps = agreement(lambda t, w: 1 + (t + (w == t % 3)) % 5, "ordinal")
    assert (steps.measure, steps.metric) == ("alpha", "ordinal")
    assert 0 < steps.value < 1

    def spans(t, w):
        return json.dumps([{"start": 3 * t + (w == 2 and t % 2), "end": 3 * t + 4, "label": "PER"}])

    marked = agreement(spans, "spans")
    assert marked.measure == "gamma"
    assert 0.3 < marked.low <= marked.value <= marked.high <= 1
    assert agreement(lambda t, w: "O B-PER I-PER" if (t + w) % 4 else "O O B-PER", "tags").measure == "gamma"
    boxes = agreement(lambda t, w: json.dumps([{"x": w, "y": 0, "width": 9, "height": 9}]), "boxes")
    assert (boxes.measure, boxes.tasks, boxes.of) == ("overlap", 12, 12)
    # Boxes that lie 1, 1 and 2 apart: overlaps 8/10, 8/10 and 7/11.
    assert boxes.value == pytest.approx((0.8 + 0.8 + 7 / 11) / 3)
    words = agreement(lambda t, w: "one two three four" if w else "one two three five", "text")
    assert words.measure == "word_error"
    assert words.value == pytest.approx((0.25 + 0.25 + 0) / 3)
    assert agreement(lambda t, w: '["a","b"]' if w else '["b","a"]', "ranking") is None


def test_a_sample_of_tasks_is_taken_where_there_are_many_and_said(monkeypatch):
    monkeypatch.setitem(kinds.LIMITS, "gamma", kinds.Limit(20, 1e9))
    rows = [(f"t{t}", f"w{w}", json.dumps([{"start": t % 7, "end": t % 7 + 3 + w, "label": "A"}]))
            for t in range(60) for w in range(2)]  # fmt: skip
    found = infer_any(rows)
    assert (found.agreement.tasks, found.agreement.of) == (20, 60)
    assert found.notes[-1].code == "agreement_sampled"
    assert infer_any(rows[::-1]).agreement == found.agreement
    monkeypatch.setitem(kinds.LIMITS, "gamma", kinds.Limit(20, 1.0))  # every task is too dear
    assert infer_any(rows).agreement is None
