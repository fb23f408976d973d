"""The battery that every reader passes. A new format is done when its line in `MAKE` passes."""

import gzip
import io
import json
from collections.abc import Callable

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tawsim.core.errors import BadFile
from tawsim.intake import open_rows
from tawsim.intake.formats import FORMATS

ROWS = [
    {"id": f"{number:04d}", "نص": text}
    for number, text in enumerate(
        [
            "الخدمةُ ممتازةٌ، شكرًا لكم! ١٢٣ and 456",
            'سطر أول\nسطر ثانٍ؛ "بين علامتين"',
            "\u202bנעים\u202c 👩\u200d👩\u200d👧 e\u0301",
            "tab\tbar|semi;comma,",
            "=1+1",
            " outer spaces ",
            "\u2028 line and paragraph \u2029 separators \x85",
        ]
        * 40
    )
]


@pytest.fixture(autouse=True)
def no_check_in_a_process(monkeypatch):
    """The check of Parquet files starts Python each time; its own tests are in test_intake_hostile.py."""
    monkeypatch.setattr("tawsim.intake.parquet_rows.survive", lambda file, rows: None)


def delimited(delimiter: str) -> Callable[[list[dict[str, str]]], bytes]:
    def make(rows: list[dict[str, str]]) -> bytes:
        return pd.DataFrame(rows).to_csv(index=False, sep=delimiter).encode()

    return make


def parquet(rows: list[dict[str, str]]) -> bytes:
    out = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows), out)
    return out.getvalue()


MAKE: dict[str, Callable[[list[dict[str, str]]], bytes]] = {
    "csv": delimited(","),
    "tsv": delimited("\t"),
    "jsonl": lambda rows: pd.DataFrame(rows).to_json(orient="records", lines=True, force_ascii=False).encode(),
    "json": lambda rows: json.dumps(rows, ensure_ascii=True).encode(),
    "parquet": parquet,
}


def test_every_format_is_here():
    assert tuple(MAKE) == FORMATS


@pytest.fixture(params=[(name, packed) for name in FORMATS for packed in (False, True)], ids=str)
def made(request):
    """A file of a format, by another library: its name and bytes."""
    name, packed = request.param
    data = MAKE[name](ROWS)
    return (f"rows.{name}.gz", gzip.compress(data)) if packed else (f"rows.{name}", data)


def test_rows_are_what_another_library_wrote(made):
    source = open_rows(io.BytesIO(made[1]), filename=made[0])
    assert list(source.rows()) == list(enumerate(ROWS, 1))
    assert source.columns == ("id", "نص")
    assert source.format == made[0].split(".")[1]


def test_passes_are_independent(made):
    source = open_rows(io.BytesIO(made[1]), filename=made[0])
    first = source.rows()
    assert next(first)[0] == 1
    first.close()
    assert list(source.rows()) == list(source.rows())


def test_progress_rises_to_the_whole(made):
    source = open_rows(io.BytesIO(made[1]), filename=made[0])
    seen = [source.bytes_read for _ in source.rows()]
    assert 0 <= min(seen) <= max(seen) <= source.total_bytes == source.bytes_read == len(made[1])


def test_a_file_that_was_cut_off_is_refused_or_ends_at_a_row(made):
    name, data = made
    for cut in range(1, len(data), max(1, len(data) // 60)):
        rows = []
        try:
            for _, row in open_rows(io.BytesIO(data[:cut]), filename=name).rows():
                rows.append(row)
        except BadFile as error:
            refused = error
        else:
            refused = None
        whole = rows if refused or not name.startswith(("rows.csv", "rows.tsv")) else rows[:-1]
        # Plain CSV and JSON Lines have no end mark: a cut between rows, or in CSV in the last cell, cannot be seen.
        assert refused or name in ("rows.csv", "rows.tsv", "rows.jsonl")
        assert whole == ROWS[: len(whole)]


def test_no_rows_is_an_error_that_names_the_file(made):
    name = made[0]
    data = MAKE[name.split(".")[1]](ROWS[:1])
    header = data.split(b"\n")[0]
    empty = {"csv": header, "tsv": header, "jsonl": b"\n", "json": b"[ ]"}
    body = empty.get(name.split(".")[1]) or parquet_without_rows()
    with pytest.raises(BadFile, match=r"no rows|empty") as caught:
        list(open_rows(io.BytesIO(gzip.compress(body) if name.endswith("gz") else body), filename=name).rows())
    assert caught.value.details["file"] == name


def parquet_without_rows() -> bytes:
    out = io.BytesIO()
    pq.write_table(pa.table({"id": pa.array([], pa.string())}), out)
    return out.getvalue()
