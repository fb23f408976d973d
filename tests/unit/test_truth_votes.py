"""Votes: every kind of table reads alike, row order never matters, and bad tables say where they are bad."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tawsim.core.errors import BadInput
from tawsim.truth import Votes, columns
from tawsim.truth import votes as room

ROWS = [("t2", "ann", "yes"), ("t1", "bob", "no"), ("t1", "ann", "نعم"), ("t2", "bob", "yes")]
COLUMNS = {name: [row[i] for row in ROWS] for i, name in enumerate(("task", "worker", "label"))}


def as_tables():
    pandas, polars, pyarrow = (
        pytest.importorskip("pandas"),
        pytest.importorskip("polars"),
        pytest.importorskip("pyarrow"),
    )

    class Stream:
        def __arrow_c_stream__(self, requested_schema=None):
            return pyarrow.table(COLUMNS).__arrow_c_stream__(requested_schema)

    return {
        "columns": COLUMNS,
        "arrays": {name: np.array(column) for name, column in COLUMNS.items()},
        "dicts": [dict(zip(COLUMNS, row, strict=True)) for row in ROWS],
        "tuples": ROWS,
        "lists": [list(row) for row in ROWS],
        "iterator": iter(ROWS),
        "structured": np.array(ROWS, dtype=[("task", "U9"), ("worker", "U9"), ("label", "U9")]),
        "pandas": pandas.DataFrame({**COLUMNS, "other": 1}),
        "pandas categories": pandas.DataFrame(COLUMNS).astype("category"),
        "polars": polars.DataFrame(COLUMNS),
        "pyarrow": pyarrow.table(COLUMNS),
        "dictionary": pyarrow.table(
            {name: pyarrow.array(column).dictionary_encode() for name, column in COLUMNS.items()}
        ),
        "stream": Stream(),
    }


def same(a: Votes, b: Votes) -> bool:
    names = (a.tasks, a.workers, a.labels) == (b.tasks, b.workers, b.labels)
    return names and all(np.array_equal(getattr(a, c), getattr(b, c)) for c in ("task", "worker", "label"))


def test_every_kind_of_table_reads_alike():
    plain = Votes.from_columns(*COLUMNS.values())
    assert plain.labels == ("no", "yes", "نعم")
    assert plain.task.dtype == plain.worker.dtype == np.int32
    assert plain.label.dtype == np.int16
    for name, table in as_tables().items():
        assert same(Votes.from_table(table), plain), name
    assert Votes.from_table(plain) is plain


def test_long_tables_read_as_short_ones(monkeypatch):
    """Above some rows text goes through Arrow: the same votes, the same errors."""
    plain = Votes.from_columns(*COLUMNS.values())
    monkeypatch.setattr(columns, "WORTH_ARROW", 1)
    for name, table in as_tables().items():
        assert same(Votes.from_table(table), plain), name
    test_whole_numbers_read_alike_from_every_library()
    test_missing_values_of_the_table_libraries_are_found()
    pandas, pyarrow, polars = (pytest.importorskip(name) for name in ("pandas", "pyarrow", "polars"))
    holed = {**COLUMNS, "label": ["a", "  ", "b", "a"]}
    mixed = {**COLUMNS, "label": np.array(["a", 2, "b", "a"], dtype=object)}
    assert Votes.from_table(pandas.DataFrame(mixed)).labels == (2, "a", "b")
    for make in (
        pandas.DataFrame,
        polars.DataFrame,
        pyarrow.table,
        lambda table: pandas.DataFrame(table).astype("category"),
    ):
        with pytest.raises(BadInput, match="Row 2 has no label"):
            Votes.from_table(make(holed))
        with pytest.raises(BadInput, match="Row 3: 'b' is not a known label"):
            Votes.from_table(make({**COLUMNS, "label": ["a", "a", "b", "c"]}), labels=["a"])
    floats = {**COLUMNS, "label": np.array([1.5, 0.5, np.nan, 1.5])}
    with pytest.raises(BadInput, match="Row 3 has no label"):
        Votes.from_table(floats)
    assert Votes.from_table({**COLUMNS, "label": np.array([1.5, 0.5, 0.5, 1.5])}).labels == (0.5, 1.5)


def test_a_dictionary_of_arrow_may_repeat_and_leave_out():
    pyarrow = pytest.importorskip("pyarrow")
    column = pyarrow.DictionaryArray.from_arrays([2, 0, 1, 2], ["b", "a", "b", "never"])
    chunks = pyarrow.chunked_array([column.slice(0, 2), column.slice(2)])
    for label in (column, chunks):
        votes = Votes.from_columns([1, 2, 3, 4], [1, 1, 1, 1], label)
        assert (votes.labels, votes.label.tolist()) == (("a", "b"), [1, 1, 0, 1])
    numbers = pyarrow.DictionaryArray.from_arrays([1, 0, 1], [7, 3])
    assert Votes.from_columns([1, 2, 3], [1, 1, 1], numbers).labels == (3, 7)


def test_numbers_far_apart_and_close_together_are_coded_alike():
    near, far = np.array([5, -3, 5, 4]), np.array([5 * 10**15, -3, 5 * 10**15, 4])
    for column in (near, far, near.astype(np.uint8) // 2, near > 4):
        votes = Votes.from_columns(column, [1, 2, 3, 4], ["x"] * 4)
        assert list(votes.tasks) == sorted(set(column.tolist()))
        assert all(type(name) in (int, bool) for name in votes.tasks)
        assert sorted(votes.tasks[i] for i in votes.task) == sorted(column.tolist())


def test_too_many_labels_are_no_choice(monkeypatch):
    monkeypatch.setattr(room, "MOST_LABELS", 10)
    for values, kind in ((range(11), "numeric"), ([str(i / 2) for i in range(11)], "numeric"), ("abcdefghijk", "text")):
        with pytest.raises(BadInput, match="too many to choose") as caught:
            Votes.from_columns(list(range(11)), [1] * 11, list(values))
        assert caught.value.details["column"] == "label"
        assert caught.value.details["kind"] == kind
        assert len(Votes.from_columns(list(range(11)), [1] * 11, list(values), labels=list(values)).labels) == 11


def test_numbers_as_text_stay_text_and_sort_by_number():
    votes = Votes.from_columns([1, 2, 3, 4], [1] * 4, ["10", "9", "-2", "1e1"])
    assert votes.labels == ("-2", "9", "10", "1e1")
    assert Votes.from_columns([1, 2, 3], [1] * 3, ["10", "9", "x"]).labels == ("10", "9", "x")
    assert Votes.from_columns(["10", "9"], [1, 1], ["a", "b"]).tasks == ("10", "9"), "names of tasks are names"


def test_labels_that_look_alike_are_named_and_not_merged():
    labels = ["Yes", "yes", " Yes", "caf\u00e9", "cafe\u0301", "\uff2f\uff2b", "OK", "no", 3]
    votes = Votes.from_columns(list(range(9)), [1] * 9, labels)
    assert len(votes.labels) == 9
    assert votes.lookalikes() == ((" Yes", "Yes", "yes"), ("OK", "\uff2f\uff2b"), ("cafe\u0301", "caf\u00e9"))
    assert Votes.from_table(COLUMNS).lookalikes() == ()


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=1, max_size=40))
def test_order_and_repeats_are_those_of_a_plain_sort(pairs):
    task, worker = np.array(pairs, dtype=np.int32).T
    kept, replaced = room.one_vote_each(task, worker, 6)
    last = {pair: i for i, pair in enumerate(pairs)}
    assert [pairs[i] for i in kept] == sorted(last)
    assert sorted(kept.tolist()) == sorted(last.values())
    assert replaced.tolist() == sorted(set(range(len(pairs))) - set(last.values()))


def test_whole_numbers_read_alike_from_every_library():
    pandas, polars, pyarrow = (
        pytest.importorskip("pandas"),
        pytest.importorskip("polars"),
        pytest.importorskip("pyarrow"),
    )
    columns = {"task": [3, 1, 1], "worker": [7, 7, 8], "label": [0, 1, 0]}
    plain = Votes.from_table(columns)
    assert plain.tasks == (1, 3)
    assert all(type(name) is int for name in (*plain.tasks, *plain.workers, *plain.labels))
    for make in (pandas.DataFrame, polars.DataFrame, pyarrow.table):
        assert same(Votes.from_table(make(columns)), plain)


@given(st.permutations(range(12)))
def test_row_order_does_not_matter(order):
    rows = [(f"t{i // 3}", i % 3, "ab"[(i * 7) % 2]) for i in range(12)]
    assert same(Votes.from_table([rows[i] for i in order]), Votes.from_table(rows))


def test_the_last_vote_of_a_worker_on_a_task_counts():
    rows = [("t", "ann", "a"), ("t", "bob", "b"), ("t", "ann", "b")]
    votes = Votes.from_table(rows)
    assert (len(votes), votes.repeated, votes.counts().tolist()) == (2, 1, [[0, 2]])
    with pytest.raises(BadInput, match=r"'ann' on 't'") as caught:
        Votes.from_table(rows, strict=True)
    assert caught.value.details["rows"] == [1]


def test_given_labels_and_tasks_keep_their_order_and_may_be_unused():
    votes = Votes.from_columns(["b"], ["w"], ["no"], labels=["yes", "no", "maybe"], tasks=["b", "a"])
    assert votes.labels == ("yes", "no", "maybe")
    assert votes.counts().tolist() == [[0, 1, 0], [0, 0, 0]]
    assert votes.per_task().tolist() == [1, 0]


@pytest.mark.parametrize("null", [None, float("nan"), "", "  "])
@pytest.mark.parametrize("column", ["task", "worker", "label"])
def test_an_empty_value_is_named_with_its_row(null, column):
    table = {**COLUMNS, column: [*COLUMNS[column][:2], null, COLUMNS[column][3]]}
    with pytest.raises(BadInput, match=f"Row 3 has no {column}") as caught:
        Votes.from_table(table)
    assert caught.value.details == {"row": 3, "column": column}


def test_missing_values_of_the_table_libraries_are_found():
    pandas, pyarrow = pytest.importorskip("pandas"), pytest.importorskip("pyarrow")
    holed = {**COLUMNS, "label": ["a", None, "b", "a"]}
    for table in (pandas.DataFrame(holed), pandas.DataFrame(holed).convert_dtypes(), pyarrow.table(holed)):
        with pytest.raises(BadInput, match="Row 2 has no label"):
            Votes.from_table(table)


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"task": [1], "worker": [1]}, "column “label” is missing"),
        ([{"task": 1, "worker": 1}], "Row 1 has no label"),
        ([(1, 2, 3), (1, 2)], "Row 2 is not"),
        (["abc"], "Row 1 is not"),
        ([], "no votes"),
        ({"task": [], "worker": [], "label": []}, "no votes"),
        ({"task": [1, 2], "worker": [1], "label": [1]}, "differ in length"),
        ({"task": "ab", "worker": "cd", "label": "ef"}, "not one text"),
        ({"task": [1], "worker": [1], "label": [["a"]]}, "not a plain one"),
        ("text", "not a table"),
        (7, "not a table"),
    ],
)
def test_bad_tables(table, message):
    with pytest.raises(BadInput, match=message):
        Votes.from_table(table)


def test_a_label_outside_the_list_is_named_with_its_row():
    with pytest.raises(BadInput, match="Row 2: 'c' is not a known label") as caught:
        Votes.from_columns([1, 2], [1, 1], ["a", "c"], labels=["a", "b"])
    assert caught.value.details == {"row": 2, "column": "label"}
    with pytest.raises(BadInput, match="twice"):
        Votes.from_columns([1], [1], ["a"], labels=["a", "a"])


def test_mixed_types_sort_the_same_whatever_comes_first():
    one, other = [1, "1", "b"], ["b", "1", 1]
    assert Votes.from_columns(one, [1] * 3, ["x"] * 3).tasks == Votes.from_columns(other, [1] * 3, ["x"] * 3).tasks
