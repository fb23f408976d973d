"""Files that are sound: every format, encoding, delimiter and line end gives the same rows, numbered from 1."""

import gzip
import io
import json
import os
import threading

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tawsim.core.errors import BadFile, BadInput
from tawsim.intake import open_rows
from tawsim.intake.origin import gunzip

ROWS = [
    {"id": "1", "نص": "الخدمة ممتازة، والتوصيل سريع 👍🏽"},
    {"id": "2", "نص": 'قال: "رائع"\nسطر ثانٍ'},
    {"id": "3", "نص": "café, naïve; tab\there"},
]


def read(source, **options):
    found = open_rows(source, **options)
    return [row for _, row in found.rows()]


def as_csv(rows, delimiter=",", end="\n"):
    def cell(text):
        return '"' + text.replace('"', '""') + '"'

    lines = [delimiter.join(map(cell, rows[0]))] + [delimiter.join(map(cell, row.values())) for row in rows]
    return end.join(lines) + end


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le-mark", "utf-16-be-mark"])
@pytest.mark.parametrize("ending", ["csv", "tsv", "jsonl", "json"])
def test_text_formats_in_every_encoding(tmp_path, ending, encoding, packed):
    text = {
        "csv": as_csv(ROWS),
        "tsv": as_csv(ROWS, "\t"),
        "jsonl": "\n".join(json.dumps(row, ensure_ascii=False) for row in ROWS),
        "json": json.dumps(ROWS, ensure_ascii=False, indent=2),
    }[ending]
    data = ("\ufeff" + text).encode(encoding[:9]) if encoding.endswith("-mark") else text.encode(encoding)
    path = tmp_path / (f"r.{ending}.gz" if packed else f"r.{ending}")
    path.write_bytes(gzip.compress(data) if packed else data)
    source = open_rows(path)
    assert list(source.rows()) == list(enumerate(ROWS, 1))
    assert source.columns == ("id", "نص")
    assert source.format == ending
    assert source.bytes_read == source.total_bytes == path.stat().st_size
    assert list(source.rows()) == list(enumerate(ROWS, 1)), "a second pass gives the same"


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_delimiters_and_line_ends(delimiter, end):
    data = as_csv(ROWS, delimiter, end).encode()
    assert read(io.BytesIO(data), filename="r.csv") == ROWS
    assert read(io.BytesIO(data)) == ROWS, "without a name"


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("text\na, b\n", None),
        ("text\nab\n\n\ncd", [{"text": "ab"}, {"text": "cd"}]),
        ('text\n""\n', [{"text": ""}]),
        ("a;b\n1,5;2,5\n3,5;4\n", [{"a": "1,5", "b": "2,5"}, {"a": "3,5", "b": "4"}]),
        ("a,b\n007,1e5\n", [{"a": "007", "b": "1e5"}]),
        ('a,b\n5" pipe,x\n', [{"a": '5" pipe', "b": "x"}]),
        ("a,b\nx\u2028y,z\x85w\n", [{"a": "x\u2028y", "b": "z\x85w"}]),
        ('"a","b,c"\n1,2\n', [{"a": "1", "b,c": "2"}]),
        (" a,b \n 1,2 \n", [{" a": " 1", "b ": "2 "}]),
    ],
)
def test_csv_corners(text, rows):
    source = io.BytesIO(text.encode())
    if rows is None:
        with pytest.raises(BadFile, match="quotation marks"):
            read(source, filename="a.csv")
    else:
        assert read(source, filename="a.csv") == rows


def test_csv_chunk_edges(monkeypatch):
    """A chunk may end anywhere: inside a character, between \\r and \\n, inside a quoted cell."""
    text = 'a,b\r\n"x\r\ny","ش 👍"\r\n1,2\r\n"\r","\n"\r\n'
    expected = [{"a": "x\r\ny", "b": "ش 👍"}, {"a": "1", "b": "2"}, {"a": "\r", "b": "\n"}]
    for size in range(1, 24):
        monkeypatch.setattr("tawsim.intake.origin.CHUNK", size)
        assert read(io.BytesIO(text.encode()), filename="a.csv") == expected
        assert read(io.BytesIO(gzip.compress(text.encode())), filename="a.csv") == expected


def test_json_chunk_edges(monkeypatch):
    rows = [{"a": "x, ]", "n": 12.5, "w": True}, {"a": "\\ud 👍 \\", "l": [1, {"k": None}]}, {}]
    for text in (json.dumps(rows), json.dumps(rows, ensure_ascii=False, indent=1) + "\n \n"):
        for size in range(1, 40):
            monkeypatch.setattr("tawsim.intake.origin.CHUNK", size)
            assert read(io.BytesIO(text.encode()), filename="a.json") == rows


def test_json_columns_grow_as_they_are_seen():
    source = open_rows(io.BytesIO(b'{"a":1}\n\n{"b":2}'), filename="a.jsonl")
    assert source.columns is None
    seen = [(number, source.columns) for number, _ in source.rows()]
    assert seen == [(1, ("a",)), (2, ("a", "b"))]


@pytest.mark.parametrize("name", ["a.json", "a.jsonl", "a", "a.txt"])
def test_json_list_and_lines_are_told_by_content(name):
    assert read(io.BytesIO(b' [\n{"a":1} ]'), filename=name) == [{"a": 1}]
    assert read(io.BytesIO(b'\n{"a":1}\n{"a":2}'), filename=name) == [{"a": 1}, {"a": 2}]


def test_numbers_at_the_limits_and_escapes_of_characters_outside_the_plane():
    text = '{"a": 18446744073709551615, "b": -9223372036854775808, "c": 1e308, "d": "\\ud83d\\ude00", "e": "\\\\ud800"}'
    row = {"a": 2**64 - 1, "b": -(2**63), "c": 1e308, "d": "😀", "e": "\\ud800"}
    assert read(io.BytesIO(text.encode()), filename="a.jsonl") == [row]


@pytest.mark.parametrize("packed", [False, True])
def test_parquet(tmp_path, packed):
    data = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(ROWS), data)
    path = tmp_path / "r.parquet"
    path.write_bytes(gzip.compress(data.getvalue()) if packed else data.getvalue())
    source = open_rows(path)
    assert source.columns == ("id", "نص")
    assert list(source.rows()) == list(enumerate(ROWS, 1))
    assert source.bytes_read == source.total_bytes
    with path.open("rb") as file:
        assert read(file, filename="upload.bin") == ROWS


def test_pipe(tmp_path):
    path = tmp_path / "pipe"
    os.mkfifo(path)
    feeder = threading.Thread(target=path.write_bytes, args=(as_csv(ROWS).encode(),))
    feeder.start()
    assert read(path) == ROWS
    feeder.join()


def test_stream_that_cannot_seek():
    class Pipe(io.BytesIO):
        def seekable(self):
            return False

    assert read(Pipe(as_csv(ROWS).encode()), filename="r.csv") == ROWS


def test_several_gzip_members_and_padding():
    packed = gzip.compress(b"a,b\n1,2\n") + gzip.compress(b"3,4\n") + b"\0" * 600
    assert b"".join(gunzip(iter([packed[:30], packed[30:]]))) == b"a,b\n1,2\n3,4\n"
    assert read(io.BytesIO(packed), filename="a.csv.gz") == [{"a": "1", "b": "2"}, {"a": "3", "b": "4"}]


def test_format_is_overruled_and_named():
    assert read(io.BytesIO(b"a\tb\n1\t2\n"), filename="a.csv", format="tsv") == [{"a": "1", "b": "2"}]
    with pytest.raises(BadInput, match=r"csv, tsv, jsonl, json, parquet"):
        open_rows(io.BytesIO(b"a"), format="xlsx")


TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=30)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.dictionaries(TEXT.filter(bool), TEXT | st.integers(-(2**63), 2**64 - 1), max_size=4), min_size=1))
def test_any_json_is_read_as_json_reads_it(rows):
    for text in (json.dumps(rows), json.dumps(rows, ensure_ascii=False)):
        assert read(io.BytesIO(text.encode()), filename="a.json") == rows
    lines = "\n".join(json.dumps(row, ensure_ascii=False) for row in rows)
    assert read(io.BytesIO(lines.encode()), filename="a.jsonl") == rows
