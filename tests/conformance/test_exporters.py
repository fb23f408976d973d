"""The battery that every exporter passes: libraries of others read it back, and it equals the golden file.

After a change that is meant: TAWSIM_UPDATE_GOLDEN=1 pytest tests/conformance/test_exporters.py, then review the diff.
"""

import csv
import io
import json
import os
from pathlib import Path

import pandas as pd
import polars as pl
import pyarrow.parquet as pq
import pytest

from tawsim.intake import open_rows
from tawsim.kinds import Choice, Choices
from tawsim.releases import FORMATS, Inferred, TruthShape, Vote, VoteShape, stream

GOLDEN = Path(__file__).parents[1] / "golden" / "exports"
QUESTIONS = (Choice("label", labels=("إيجابي", "سلبي", "محايد")), Choices("مواضيع", labels=("سعر", "خدمة")))
CONTENT = [
    {"id": "001", "النص": "الخدمةُ ممتازةٌ، والتوصيل سريع 👍🏽", "label": "from the file"},
    {"id": "002", "النص": 'قال: "لا أنصح به"\nأبدًا', "label": "=1+1"},
    {"id": "003", "النص": "\u202bmixed عربي and English ١٢٣\u202c", "label": ""},
    {"id": "004", "النص": "café\r-x", "label": "-5"},
]
FOUND = [
    ({"label": Inferred("إيجابي", 0.987654), "مواضيع": Inferred(["سعر", "خدمة"], 0.8)}, {"إيجابي": 3}, 3),
    ({"label": Inferred("سلبي", 0.75), "مواضيع": Inferred([], 0.6)}, {"محايد": 1, "سلبي": 2}, 3),
    ({}, {}, 0),
    ({"label": Inferred("محايد", 1.0)}, {"محايد": 1}, 1),
]


@pytest.fixture(autouse=True)
def no_check_in_a_process(monkeypatch):
    """The check of Parquet files starts Python each time; its own tests are in test_intake_hostile.py."""
    monkeypatch.setattr("tawsim.intake.parquet_rows.survive", lambda file, rows: None)


def truth_table():
    shape = TruthShape(QUESTIONS, CONTENT[0])
    rows = [
        shape.row(seq, content, truth, {"label": votes}, answers)
        for seq, (content, (truth, votes, answers)) in enumerate(zip(CONTENT, FOUND, strict=True), 1)
    ]
    return rows, shape.columns, shape.types


def votes_table():
    shape = VoteShape(QUESTIONS)
    at = 1_795_000_000_000_000
    votes = [
        Vote(1, "0193-a", "سارة", "label", "إيجابي", at, "lease-1", 1, 1),
        Vote(1, "0193-a", "سارة", "مواضيع", ["سعر"], at, "lease-1", 1, 1),
        Vote(2, "0193-b", "Omar", "label", "سلبي", at + 1, "lease-2", 1, 2),
    ]
    return [shape.row(vote) for vote in votes], shape.columns, shape.types


TABLES = {"truth": truth_table, "votes": votes_table}


def export(table, format, **options):
    rows, columns, types = TABLES[table]()
    return rows, b"".join(stream(rows, columns, format, types=types, **options))


def spelled_out(data: bytes) -> str:
    """A Parquet file as text that can be reviewed: its schema, then its rows."""
    table = pq.read_table(io.BytesIO(data))
    rows = [json.dumps(row, ensure_ascii=False) for row in table.to_pylist()]
    return "\n".join([str(table.schema.to_string(show_schema_metadata=False)), "", *rows, ""])


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("format", [*FORMATS, "spreadsheet"])
def test_golden(table, format):
    if format == "spreadsheet":
        name, data = f"{table}.spreadsheet.csv", export(table, "csv", for_spreadsheet=True)[1]
    elif format == "parquet":
        name, data = f"{table}.parquet.txt", spelled_out(export(table, format)[1]).encode()
    else:
        name, data = f"{table}.{format}", export(table, format)[1]
    if os.environ.get("TAWSIM_UPDATE_GOLDEN"):
        (GOLDEN / name).write_bytes(data)
    assert data == (GOLDEN / name).read_bytes(), f"{name} changed; if it is meant, run with TAWSIM_UPDATE_GOLDEN=1"


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("format", FORMATS)
class TestEveryExporter:
    def test_our_reader_reads_it_back(self, table, format):
        rows, data = export(table, format)
        read = [row for _, row in open_rows(io.BytesIO(data), filename=f"x.{format}").rows()]
        assert read == ([as_csv_text(row) for row in rows] if format == "csv" else rows)

    def test_coming_in_and_going_out_again_changes_nothing(self, table, format):
        _, data = export(table, format)
        source = open_rows(io.BytesIO(data), filename=f"x.{format}")
        rows = [row for _, row in source.rows()]
        assert b"".join(stream(rows, source.columns, format, types=TABLES[table]()[2])) == data

    def test_two_exports_are_equal(self, table, format):
        assert export(table, format)[1] == export(table, format)[1]

    def test_no_byte_order_mark_and_no_escaped_arabic(self, table, format):
        data = export(table, format)[1]
        assert not data.startswith(b"\xef\xbb\xbf")
        if format != "parquet":
            assert "إيجابي" in data.decode("utf-8")
            assert "\\u0" not in data.decode("utf-8")


def as_csv_text(row):
    """What CSV can carry: text; all else as JSON, nothing as nothing."""
    return {
        key: value if isinstance(value, str) else "" if value is None else json.dumps(value, ensure_ascii=False)
        for key, value in row.items()
    }


@pytest.mark.parametrize("table", TABLES)
def test_other_readers_of_csv(table):
    rows, data = export(table, "csv")
    expected = [as_csv_text(row) for row in rows]
    assert list(csv.DictReader(io.StringIO(data.decode(), newline=""))) == expected
    assert pd.read_csv(io.BytesIO(data), dtype=str, keep_default_na=False).to_dict("records") == expected
    read = pl.read_csv(data, infer_schema=False)
    assert read.fill_null("").to_dicts() == expected


@pytest.mark.parametrize("table", TABLES)
def test_other_readers_of_json_lines(table):
    rows, data = export(table, "jsonl")
    assert [json.loads(line) for line in data.split(b"\n")[:-1]] == rows
    read = pd.read_json(io.BytesIO(data), lines=True, dtype=False)
    assert list(read.columns) == list(rows[0])
    assert read.iloc[:, 1].tolist() == [list(row.values())[1] for row in rows]


@pytest.mark.parametrize("table", TABLES)
def test_other_readers_of_parquet(table):
    rows, data = export(table, "parquet")
    _, columns, types = TABLES[table]()
    expected = [
        {
            name: json.dumps(row[name], ensure_ascii=False)
            if types.get(name) == "json" and row[name] is not None
            else row[name]
            for name in columns
        }
        for row in rows
    ]
    assert pq.read_table(io.BytesIO(data)).to_pylist() == expected
    assert pl.read_parquet(io.BytesIO(data)).to_dicts() == expected
    frame = pd.read_parquet(io.BytesIO(data))
    assert frame.iloc[:, 1].tolist() == [list(row.values())[1] for row in expected]
