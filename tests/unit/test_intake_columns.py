"""Which column is the text, whether a row has one, and tables of votes."""

import io

import pytest

from tawsim.core.errors import BadFile, BadInput
from tawsim.intake import check_text, guess_text_column, read_votes


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([{"id": "a-1", "label": "x", "text": "نص"}], "text"),
        ([{"id": "1", "النص": "مرحبا بالعالم", "long": "a much longer English cell stands here"}], "النص"),
        ([{"Review": "bad", "title": "a longer title"}], "Review"),
        ([{"id": "x" * 300, "note": "short words"}], "note"),
        ([{"userId": "some words that are long", "x": "word"}], "x"),
        ([{"image_url": "https://example.org/a/very/long/address.png", "c": "كلام"}], "c"),
        ([{"hash": "0f" * 40, "deadbeef" * 2: "0123456789abcdef" * 4, "c": "words"}], "c"),
        ([{"text": None, "body": "words"}], "body"),
        ([{"text": 5, "note": "words"}], "note"),
        ([{"a": "x y", "b": "x y z"}, {"a": "x y z", "b": "x"}], "a"),
    ],
)
def test_guess(rows, expected):
    assert guess_text_column(list(rows[0]), rows) == expected


@pytest.mark.parametrize("rows", [[{"id": "words of text"}], [{"a": 1, "b": "22"}], [{"a": ["x"]}], []])
def test_no_text_at_all(rows):
    with pytest.raises(BadInput, match="--text"):
        guess_text_column(list(rows[0]) if rows else ["a"], rows)


def test_text_of_a_row_is_left_as_it_is():
    assert check_text({"t": " e\u0301 \u200f"}, "t", file="a.csv", number=1) == " e\u0301 \u200f"


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ({"other": "x"}, "column is missing. This row has: other"),
        ({"t": None}, "text is empty"),
        ({"t": " \n\t"}, "text is empty"),
        ({"t": 5}, "text expected, not a number"),
        ({"t": True}, "not true or false"),
        ({"t": ["x"]}, "not a list"),
    ],
)
def test_rows_without_text(row, words):
    with pytest.raises(BadFile, match=words) as caught:
        check_text(row, "t", file="a.csv", number=7)
    assert caught.value.details["row"] == 7
    assert caught.value.details["column"] == "t"


def test_votes():
    data = "worker,LABEL,extra, task \nو,نعم,x,1\nب,لا,y,1\n".encode()
    assert read_votes(io.BytesIO(data), filename="v.csv") == (["1", "1"], ["و", "ب"], ["نعم", "لا"])
    lines = b'{"task":1,"worker":"a","label":true}\n{"task":2.5,"worker":"a","label":0}'
    assert read_votes(io.BytesIO(lines), filename="v.jsonl") == (["1", "2.5"], ["a", "a"], ["true", "0"])


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"item,worker,label\n1,a,x\n", "no column “task”; found: item, worker, label"),
        (b"a\n1\n", "no column “task” and no column “worker” and no column “label”"),
        (b"task,worker,label\n1,a,x\n2,,x\n", "row 2, column “worker”: the cell is empty"),
    ],
)
def test_bad_votes(data, words):
    with pytest.raises(BadFile, match=words):
        read_votes(io.BytesIO(data), filename="v.csv")
