"""Files that are broken, cut off, foreign or made to do harm: each gets a `BadFile`, never a traceback."""

import gzip
import io
import itertools
import json
import pickle
import re
import subprocess
import sys
import zipfile
from contextlib import suppress
from datetime import date, datetime, timedelta
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tawsim.core.errors import BadFile
from tawsim.intake import open_rows, parquet_check, parquet_rows
from tawsim.intake.limits import MAX_CELL, MAX_ROW, Trouble
from tawsim.intake.origin import gunzip


@pytest.fixture(autouse=True)
def no_check_in_a_process(monkeypatch):
    """The check of Parquet files starts Python each time; its own tests are in test_intake_hostile.py."""
    monkeypatch.setattr("tawsim.intake.parquet_rows.survive", lambda file, rows: None)


def refusal(data, filename, **options):
    """The error that a file gets, after as many rows as could be read."""
    rows = []

    def read():
        rows.extend(open_rows(io.BytesIO(data), filename=filename, **options).rows())

    with pytest.raises(BadFile) as caught:
        read()
    assert caught.value.details["file"] == filename
    assert [number for number, _ in rows] == list(range(1, len(rows) + 1))
    return caught.value, len(rows)


def parquet(table, **options):
    out = io.BytesIO()
    pq.write_table(table, out, **options)
    return out.getvalue()


SMALL_PARQUET = parquet(pa.table({"text": ["نص"] * 1000}))
GOOD_CSV = "id,text\n1,نص\n2,b\n"


def zipped(*names):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name in names:
            archive.writestr(name, "x")
    return out.getvalue()


# name, bytes, row that is named, column that is named, words of the message
CORPUS = [
    ("empty.csv", b"", None, None, "empty"),
    ("blank.csv", b"\n \r\n\t\n", None, None, "empty"),
    ("mark_only.csv", b"\xef\xbb\xbf", None, None, "empty"),
    ("empty.csv.gz", gzip.compress(b""), None, None, "empty"),
    ("empty.jsonl", b"\n\n", None, None, "empty"),
    ("empty_list.json", b"[]", None, None, "no rows"),
    ("header.csv", b"id,text\n", None, None, "a header, but no rows"),
    ("header.tsv", b"id\ttext", None, None, "a header, but no rows"),
    ("no_rows.parquet", parquet(pa.table({"text": pa.array([], pa.string())})), None, None, "no rows"),
    ("no_columns.parquet", parquet(pa.table({})), None, None, "no rows"),
    ("twice.csv", b"text,id,text\n1,2,3\n", None, None, "two columns are named .text"),
    ("twice.parquet", parquet(pa.table([pa.array(["a"])] * 2, names=["x", "x"])), None, None, "two columns are named"),
    ("unnamed.csv", b"id,,text\n1,2,3\n", None, None, "column 2 has no name"),
    ("few.csv", b"id,text\n1,a\n2\n", 2, "text", "1 cells, but the header has 2"),
    ("many.csv", b"id,text\n1,a,\x1b[31mx\n", 1, None, "3 cells.*too many is .\ufffd\\[31mx"),
    ("open_quote.csv", b'id,text\n1,a\n2,"b\n3,c\n', 2, None, "ends inside a quoted cell"),
    ("after_quote.csv", b'id,text\n1,"a"b\n', 1, None, "closing quotation mark"),
    ("nul.csv", b"id,text\n1,a\n2,b\0\n", 2, None, "NUL"),
    ("1256.csv", "id,text\n1,a\n2,الخدمة ممتازة جدا والتوصيل سريع\n".encode("cp1256"), 2, None, "windows-1256"),
    ("8859_6.csv", "text\nالخدمة ممتازة جدا والتوصيل سريع\n".encode("iso8859-6"), 1, None, "iso8859-6"),
    ("1251.csv", "text\nочень хороший товар\n".encode("cp1251"), 1, None, "windows-1251"),
    ("1252.csv", "id,text\n1,déjà vu à la carte\n".encode("cp1252"), 1, None, "windows-1252"),
    ("1252.jsonl", '{"a":"x"}\n{"a":"é x"}\n'.encode("cp1252"), 2, None, "windows-1252"),
    ("cut_character.csv", GOOD_CSV.encode()[:-2] + "ش".encode()[:1], 2, None, "middle of a character"),
    ("utf8_surrogate.csv", b"text\n\xed\xa0\x80\n", 1, None, "not UTF-8"),
    ("utf16_bare.csv", GOOD_CSV.encode("utf-16-le"), None, None, "UTF-16LE without a byte order mark"),
    ("utf16_odd.csv", GOOD_CSV.encode("utf-16") + b"\x00", 3, None, "middle of a character"),
    ("utf16_lone.csv", b"\xff\xfe" + "text\n".encode("utf-16-le") + b"\x00\xd8a\x00", 1, None, "surrogate"),
    ("utf32.csv", GOOD_CSV.encode("utf-32"), None, None, "UTF-32"),
    ("cut.csv.gz", gzip.compress(GOOD_CSV.encode() * 50)[:-10], None, None, "cut off"),
    ("flipped.csv.gz", gzip.compress(GOOD_CSV.encode())[:-8] + b"\0" * 8, None, None, "damaged"),
    ("junk.csv.gz", b"\x1f\x8b" + b"junk" * 9, None, None, "damaged"),
    ("tail.csv.gz", gzip.compress(GOOD_CSV.encode()) + b"tail", None, None, "damaged"),
    ("twice.csv.gz", gzip.compress(gzip.compress(GOOD_CSV.encode())), None, None, "gzip archive in a gzip"),
    ("sheet.csv", zipped("[Content_Types].xml", "xl/workbook.xml"), None, None, "Excel"),
    ("archive.csv", zipped("a.csv"), None, None, "zip archive"),
    ("old.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 99, None, None, "old Excel"),
    ("rows.csv", pickle.dumps([{"a": 1}]), None, None, "pickle, which could run code"),
    ("page.csv", b"\n <!DOCTYPE html><html>", None, None, "web page"),
    ("feed.csv", b'<?xml version="1.0"?>', None, None, "XML"),
    ("lfs.csv", b"version https://git-lfs.github.com/spec/v1\n", None, None, "Git LFS"),
    ("db.csv", b"SQLite format 3\0" + b"\0" * 99, None, None, "SQLite"),
    ("table.csv", SMALL_PARQUET, None, None, "the name says CSV, but it holds Parquet"),
    ("text.parquet", b"id,text\n1,a\n", None, None, "does not begin with PAR1"),
    ("json.csv", b'{"text": "a"}\n', None, None, "it holds JSON"),
    ("csv.json", b"id,text\n1,a\n", None, None, "the name says JSON, but it begins with .id,text"),
    ("short.parquet", b"PAR1", None, None, "damaged"),
    ("cut.parquet", SMALL_PARQUET[:-100], None, None, "cut off"),
    ("no_middle.parquet", SMALL_PARQUET[:4] + b"\xff" * 400 + SMALL_PARQUET[-4:], None, None, "damaged"),
    ("pages.parquet", SMALL_PARQUET[:8] + b"\xff" * 40 + SMALL_PARQUET[48:], None, None, "damaged"),
    ("nan.parquet", parquet(pa.table({"x": [1.0, float("nan")]})), 2, "x", "nan is no JSON number"),
    ("nul.parquet", parquet(pa.table({"x": ["a", "b\0"]})), 2, "x", "NUL"),
    ("bytes_as_text.parquet", parquet(pa.table({"x": pa.array([b"\xff"]).view(pa.string())})), None, None, "damaged"),
    ("year.parquet", parquet(pa.table({"x": pa.array([2**40], pa.timestamp("s"))})), 1, "x", "1 to 9999"),
    (
        "interval.parquet",
        parquet(pa.table({"x": pa.array([1], pa.float64()), "y": pa.array([[[1.0], [float("inf")]]])})),
        1,
        "y",
        "inf is no JSON number",
    ),
    ("nan.jsonl", b'{"a":1}\n{"a":1,"b":[NaN]}\n', 2, "b", "NaN is no JSON number"),
    ("infinity.json", b'[{"a":-Infinity}]', 1, "a", "-Infinity is no JSON number"),
    ("big.jsonl", b'{"a":18446744073709551616}', 1, "a", "more than 64 bits"),
    ("small.jsonl", b'{"a":-9223372036854775809}', 1, "a", "more than 64 bits"),
    ("huge.jsonl", b'{"a":' + b"9" * 100_000 + b"}", 1, "a", "more than 64 bits"),
    ("exponent.jsonl", b'{"a":{"b":1e999}}', 1, "a", "too big"),
    ("surrogate.jsonl", b'{"a":"ok"}\n{"a":"x\\ud800"}', 2, "a", "surrogate"),
    ("surrogate_key.json", b'[{"a\\uDC00":1}]', 1, "a\ufffd", "surrogate"),
    ("nul.jsonl", b'{"a":"x\\u0000"}', 1, "a", "NUL"),
    ("raw_nul.jsonl", b'{"a":"x"}\n{"a":"\0"}', 2, None, "NUL"),
    ("control.jsonl", b'{"a":"x\ty"}', 1, None, "invalid control character"),
    ("twice.jsonl", b'{"a":1,"a":2}', 1, None, "the key .a. stands twice"),
    ("twice_inside.jsonl", b'{"x":[{"a":1,"a":2}]}', 1, "x", "the key .a. stands twice"),
    ("empty_key.jsonl", b'{"":1}', 1, None, "a key is empty"),
    ("deep.jsonl", b'{"a":' + b"[" * 65 + b"]" * 65 + b"}", 1, "a", "deeper than 64"),
    ("deeper.jsonl", b'{"a":' + b"[" * 200_000 + b"]" * 200_000 + b"}", 1, None, "deeper than 64"),
    ("deeper.json", b"[" * 200_000, 1, None, "deeper than 64|must be an object"),
    ("lists.jsonl", b'{"a":1}\n[1,2]\n', 2, None, "must be an object.*not a list"),
    ("number.json", b'[{"a":1},5]', 2, None, "must be an object.*not a number"),
    ("null.json", b"[null]", 1, None, "must be an object.*not null"),
    ("cut.jsonl", b'{"a":1}\n{"a":"x', 2, None, "ends before its object does"),
    ("pretty.jsonl", b'{\n "a": 1\n}\n', 1, None, "Each object must stand on one line"),
    ("two.jsonl", b'{"a":1} {"a":2}\n', 1, None, "goes on with"),
    ("word.jsonl", b'{"a":1}\n{"a":nope}\n', 2, None, "at character 6 of the row, at .nope"),
    ("cut.json", b'[{"a":1},{"a":', 2, None, "ends before the list does"),
    ("cut_after.json", b'[{"a":1}', 2, None, "ends before the list does"),
    ("comma.json", b'[{"a":1},]', 2, None, "comma stands before"),
    ("no_comma.json", b'[{"a":1}{"a":2}]', 2, None, "“,” or “]” expected"),
    ("tail.json", b'[{"a":1}] x', None, None, "follows after the closing"),
    ("word.json", b'[{"a":1},{"a":nope, "b":"' + b"x" * 50 + b'"}]', 2, None, "at character 6 of the row"),
    (
        "million_columns.csv",
        b",".join(b"c%d" % i for i in range(1_000_000)) + b"\n",
        None,
        None,
        "1,000,000 characters",
    ),
    ("columns.csv", b",".join(b"c%d" % i for i in range(2001)) + b"\n1", None, None, "2,001 columns are more"),
    ("columns.jsonl", json.dumps({f"c{i}": i for i in range(2001)}).encode(), 1, None, "2,001 columns are more"),
    (
        "drifting.jsonl",
        "\n".join(json.dumps({f"c{i}": i}) for i in range(2500)).encode(),
        2001,
        None,
        "different columns",
    ),
    ("columns.parquet", parquet(pa.table({f"c{i}": [1] for i in range(2001)})), None, None, "2,001 columns are more"),
]


@pytest.mark.parametrize(("name", "data", "row", "column", "words"), CORPUS, ids=[one[0] for one in CORPUS])
def test_hostile(name, data, row, column, words):
    error, read = refusal(data, name)
    assert (error.details["row"], error.details["column"]) == (row, column), error.message
    if row is not None:
        assert read == row - 1
    assert re.search(words, str(error)), str(error)
    assert str(error).startswith(name)
    assert error.message.isprintable()


@pytest.mark.parametrize("cut", range(1, len(SMALL_PARQUET), 97))
def test_parquet_cut_or_flipped_anywhere(cut):
    refusal(SMALL_PARQUET[:cut], "cut.parquet")
    flipped = bytearray(SMALL_PARQUET)
    flipped[cut] ^= 0xFF
    # A flipped bit may hide in a value, where only the writer could tell; what counts is that nothing else is raised.
    with suppress(BadFile):
        list(open_rows(io.BytesIO(bytes(flipped)), filename="f.parquet").rows())


def test_places_that_are_no_files(tmp_path):
    for path, words in [
        (tmp_path / "absent.csv", "no such file"),
        (tmp_path, "a folder"),
        ("/dev/zero", "a device"),
        ("", "folder|no such file"),
        ("a\0b.csv", "no file can have this name"),
    ]:
        with pytest.raises(BadFile, match=words):
            open_rows(path)


def test_name_cannot_drive_the_terminal(tmp_path):
    path = tmp_path / "\x1b[2J\u202e.csv"
    path.write_bytes(b"")
    with pytest.raises(BadFile) as caught:
        open_rows(path)
    assert caught.value.message.isprintable()


class Endless(io.RawIOBase):
    """A file of stated size whose bytes are made as they are read."""

    def __init__(self, head, body, size):
        self.head, self.body, self.size, self.at = head, body, size, 0

    def readable(self):
        return True

    def seekable(self):
        return True

    def seek(self, offset, whence=io.SEEK_SET):
        self.at = offset if whence == io.SEEK_SET else self.size + offset
        return self.at

    def tell(self):
        return self.at

    def read(self, size=-1):
        size = max(0, min(size, self.size - self.at))
        data = self.head[self.at : self.at + size]
        data += self.body * ((size - len(data)) // len(self.body) + 1)
        self.at += size
        return data[:size]


@pytest.mark.parametrize(
    ("name", "head", "words"),
    [
        ("line.csv", b"text,b\n", f"longer than {MAX_ROW:,}"),
        ("header.csv", b"", "which should name the columns"),
        ("quoted.csv", b'text,b\n"', f"longer than {MAX_ROW:,}"),
        ("lines.csv", b'text,b\n"\n', f"longer than {MAX_ROW:,}"),
        ("line.jsonl", b'{"text":"', f"longer than {MAX_ROW:,}"),
        ("list.json", b'[{"text":"', f"longer than {MAX_ROW:,}"),
    ],
)
def test_a_line_of_100_mb_is_refused_before_it_is_read(name, head, words):
    source = Endless(head, b"x" * (1 << 18), 100_000_000)
    with pytest.raises(BadFile, match=words):
        list(open_rows(source, filename=name).rows())
    assert source.at < 70_000_000


def test_cells_over_the_limit():
    big = "x" * (MAX_CELL + 1)
    error, _ = refusal(json.dumps({"a": 1, "text": big}).encode(), "a.jsonl")
    assert (error.details["row"], error.details["column"]) == (1, "text")
    error, _ = refusal(f"id,text\n1,{big}\n".encode(), "a.csv")
    assert error.details["row"] == 1
    error, _ = refusal(parquet(pa.table({"text": [big]})), "a.parquet")
    assert error.details["column"] == "text"


def test_cells_at_the_limit_are_read():
    big = "x" * MAX_CELL
    for name, data in (("a.csv", f"id,a\n1,{big}\n"), ("a.json", f'[{{"a":"{big}"}}]')):
        ((_, row),) = open_rows(io.BytesIO(data.encode()), filename=name).rows()
        assert row["a"] == big


def test_gzip_bomb_is_counted_as_it_unpacks(monkeypatch):
    monkeypatch.setattr("tawsim.intake.origin.RATIO_COUNTS_FROM", 1_000_000)
    line = b"text,b\n" + b'"aaaaaaaaaaaaaa","b"\n' * 10
    error, _ = refusal(gzip.compress(line + line[7:] * 10_000), "bomb.csv.gz")
    assert "250 times its size" in error.message
    monkeypatch.setattr("tawsim.intake.origin.MAX_UNPACKED", 3_000_000)
    out = []
    with pytest.raises(Trouble, match="unpacks to more than"):
        out.extend(map(len, gunzip(iter([gzip.compress(b"\0" * 50_000_000)]))))
    assert sum(out) <= 3_000_000


def test_parquet_bomb_is_refused_by_its_directory(monkeypatch):
    monkeypatch.setattr("tawsim.intake.parquet_rows.RATIO_COUNTS_FROM", 1_000_000)
    data = parquet(pa.table({"text": ["a" * 9_000_000 + str(i) for i in range(3)]}), compression="zstd")
    error, _ = refusal(data, "bomb.parquet")
    assert "times its size" in error.message


HOSTILE_ROWS = """
import io, sys
from tawsim.core.errors import BadFile
from tawsim.intake import open_rows
import pyarrow.parquet
def mb():
    return next(int(line.split()[1]) / 1024 for line in open("/proc/self/status") if line.startswith("VmHWM"))
def feed(name, data):
    try:
        list(open_rows(io.BytesIO(data), filename=name).rows())
    except BadFile as error:
        return error.details["row"]
before = mb()
said = [
    feed("a.jsonl", b'{"a":[' + b"{}," * 2_000_000 + b"{}]}"),
    feed("a.json", b'[{"a":[' + b"[]," * 2_000_000 + b"[]]}]"),
    feed("a.csv", b"a,b\\n" + b"xy," * 2_000_000),
    feed("a.csv", b"a,b\\n" + b'"\\n",' * 2_000_000),
    feed("a.parquet", open(sys.argv[1], "rb").read()),
]
print(said, mb() - before)
"""


def test_rows_that_would_swell_in_memory(tmp_path):
    """20 MB of commas would be a gigabyte of Python objects, and so would 64 rows that share one long text."""
    path = tmp_path / "a.parquet"
    once = pa.DictionaryArray.from_arrays(pa.array([0] * 64), pa.array(["a" * 20_000_000]))
    path.write_bytes(parquet(pa.table({"text": once}), compression="zstd", store_schema=False))
    command = [sys.executable, "-c", HOSTILE_ROWS, str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    said, grown = done.stdout.rsplit(" ", 1)
    assert said == "[1, 1, 1, 1, 1]"
    assert float(grown) < 400, f"{grown} MB"


@pytest.mark.parametrize(
    ("child", "words"),
    [("import os; os.abort()", "ends its reader"), ("raise SystemExit(3)", "more than can be read")],
)
def test_a_file_that_ends_its_reader_is_refused(monkeypatch, child, words):
    monkeypatch.setattr(parquet_check, "_CHILD", child)
    monkeypatch.setattr(parquet_rows, "survive", parquet_check.survive)
    error, _ = refusal(SMALL_PARQUET, "a.parquet")
    assert words in error.message


def test_sound_files_pass_the_check(monkeypatch, tmp_path):
    monkeypatch.setattr(parquet_rows, "survive", parquet_check.survive)
    (tmp_path / "a.parquet").write_bytes(SMALL_PARQUET)
    assert len(list(open_rows(tmp_path / "a.parquet").rows())) == 1000
    assert len(list(open_rows(io.BytesIO(gzip.compress(SMALL_PARQUET)), filename="a.parquet.gz").rows())) == 1000


def test_parquet_types_without_loss():
    ns = 1_700_000_000_123_456_789
    table = pa.table(
        {
            "day": pa.array([date(2026, 11, 21), None]),
            "day64": pa.array([date(1969, 12, 31), None], pa.date64()),
            "ns": pa.array([ns, None], pa.timestamp("ns")),
            "zone": pa.array([datetime(2026, 11, 21, 12), None], pa.timestamp("ms", "Africa/Cairo")),
            "old": pa.array([-1, None], pa.timestamp("us")),
            "clock": pa.array([61_000, None], pa.time32("ms")),
            "span": pa.array([timedelta(seconds=-1.5), None], pa.duration("ms")),
            "money": pa.array([Decimal("-12.50"), None], pa.decimal128(10, 2)),
            "tiny": pa.array([Decimal("0.0000000010"), None], pa.decimal128(20, 10)),
            "blob": pa.array([b"\x00\xff", None]),
            "big": pa.array([2**64 - 1, None], pa.uint64()),
            "half": pa.array([0.1, None], pa.float32()),
            "view": pa.array(["نص", None], pa.string_view()),
            "bytes_view": pa.array([b"x", None], pa.binary_view()),
            "fixed": pa.array([[1, 2], None], pa.list_(pa.int8(), 2)),
            "word": pa.array(["نعم", None]).dictionary_encode(),
            "flag": pa.array([True, None]),
            "list": pa.array([[1, None], None]),
            "times": pa.array([[ns], None], pa.list_(pa.timestamp("ns"))),
            "struct": pa.array([{"a": Decimal("1.0"), "b": None}, None]),
            "map": pa.array([[("k", 1)], None], pa.map_(pa.string(), pa.int64())),
            "nothing": pa.nulls(2),
        }
    )  # fmt: skip
    first, second = (row for _, row in open_rows(io.BytesIO(parquet(table)), filename="t.parquet").rows())
    assert first == {
        "day": "2026-11-21",
        "day64": "1969-12-31",
        "ns": "2023-11-14T22:13:20.123456789",
        "zone": "2026-11-21T12:00:00.000Z",
        "old": "1969-12-31T23:59:59.999999",
        "clock": "00:01:01.000",
        "span": "-PT1.500S",
        "money": "-12.50",
        "tiny": "0.0000000010",
        "blob": "AP8=",
        "big": 2**64 - 1,
        "half": 0.10000000149011612,
        "view": "نص",
        "bytes_view": "eA==",
        "fixed": [1, 2],
        "word": "نعم",
        "flag": True,
        "list": [1, None],
        "times": ["2023-11-14T22:13:20.123456789"],
        "struct": {"a": "1.0", "b": None},
        "map": [["k", 1]],
        "nothing": None,
    }
    assert set(second.values()) == {None}
    json.dumps(first, allow_nan=False)


MEASURE = """
import sys
from tawsim.intake import open_rows
def mb():  # ru_maxrss would begin with that of the process that starts this one
    return next(int(line.split()[1]) / 1024 for line in open("/proc/self/status") if line.startswith("VmHWM"))
source = open_rows(sys.argv[1])
rows = source.rows()
for number, _ in rows:
    if number == 20_000:
        early = mb()
print(number, mb() - early)
"""


def test_memory_stays_flat_over_200_000_rows(tmp_path):
    text = "الخدمة ممتازة والتوصيل سريع جدا " * 3
    lines = (json.dumps({"id": i, "text": f"{i} {text}"}, ensure_ascii=False) for i in range(200_000))
    (tmp_path / "a.jsonl").write_text("\n".join(lines))
    with (tmp_path / "a.csv").open("w") as out:
        out.write("id,text\n")
        out.writelines(f"{i},{i} {text}\n" for i in range(200_000))
    for name in ("a.jsonl", "a.csv"):
        done = subprocess.run(
            [sys.executable, "-c", MEASURE, str(tmp_path / name)], capture_output=True, text=True, check=True
        )
        rows, grown = done.stdout.split()
        assert int(rows) == 200_000
        assert float(grown) < 8, f"{name}: {grown} MB more after 200,000 rows than after 20,000"


def test_reading_can_stop_at_any_row(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("text\n" + "x\n" * 1000)
    assert len(list(itertools.islice(open_rows(path).rows(), 3))) == 3
