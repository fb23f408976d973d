"""Files as coded columns: the fast way and the slow way read the same, and only the slow one has to name rows."""

import gzip
import json
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tawsim.core.errors import BadFile
from tawsim.intake import coded
from tawsim.intake.coded import read_coded
from tawsim.intake.rows import open_rows
from tawsim.truth.cells import cells

NEEDED = ("task", "worker", "label")


def read(path: Path, **options: object) -> dict[str, list[str]]:
    return {name: cells(column) for name, column in read_coded(path, NEEDED, **options).columns.items()}  # type: ignore[arg-type]


def slowly(path: Path) -> dict[str, list[str]]:
    found = coded._slow(open_rows(path), NEEDED, (), set(), None)
    return {name: cells(column) for name, column in found.columns.items()}


def fast(path: Path) -> bool:
    """Whether the fast way takes this file."""
    rows = open_rows(path)
    assert rows.columns is not None
    try:
        coded._fast(path, rows, {name: name for name in NEEDED}, set(), None)
    except coded._Slow:
        return False
    return True


# Marks that mean something to one parser or another: line ends, quotes, delimiters, zero-width, BOM.
ODD = "ab1 ,;\t\"'|\r\n\0é٣اﷺ\u200f\ufeff\u2028\x85\x1c\\"


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(st.tuples(*[st.text(ODD, max_size=4)] * 3), min_size=1, max_size=5), st.booleans())
def test_the_fast_way_reads_what_the_slow_way_reads_or_nothing(
    tmp_path: Path, rows: list[tuple[str, str, str]], crlf: bool
) -> None:
    path = tmp_path / "votes.csv"
    end = "\r\n" if crlf else "\n"
    path.write_bytes(end.join(",".join(row) for row in [NEEDED, *rows]).encode())
    assert _told(lambda: read(path)) == _told(lambda: slowly(path))


def _told(reads: Callable[[], dict[str, list[str]]]) -> object:
    """What was read, or the words of the error."""
    try:
        return reads()
    except BadFile as error:
        return error.message


def test_plain_files_go_the_fast_way_and_others_do_not(tmp_path: Path) -> None:
    path = tmp_path / "votes.csv"
    for text, expected in (
        ("task,worker,label\na,b,c\nd,e,وسم\n", True),
        ("task,worker,label\r\na,b,c\r\n", True),
        ("x,task,worker,label\n1,a,b,c\n", True),
        ('task,worker,label\na,b,"c"\n', False),
        ("task,worker,label\na,b,c\rd,e,f", False),
        ("task,worker,label\na,b\n", False),
        ("task,worker,label\na,b,\n", False),
    ):
        path.write_bytes(text.encode())
        assert fast(path) is expected, text


def test_parquet_goes_the_fast_way_where_it_holds_text_or_whole_numbers(tmp_path: Path) -> None:
    path = tmp_path / "v.parquet"
    columns = {"task": [1, 2], "worker": ["a", "b"], "label": ["x", "y"]}
    for labels, expected in ((["x", "y"], True), ([1, 2], True), ([1.5, 2.0], False), ([["x"], []], False)):
        pq.write_table(pa.table(columns | {"label": labels}), path)
        assert fast(path) is expected
        assert read(path)["label"] == [one if isinstance(one, str) else json.dumps(one) for one in labels]
        assert read(path)["task"] == ["1", "2"]
    pq.write_table(pa.table(columns | {"label": pa.array(["x", None])}), path)
    with pytest.raises(BadFile, match="row 2, column “label”"):
        read(path)
    assert read(path, may_be_empty=("label",))["label"] == ["x", ""]


def test_a_gzipped_file_and_progress(tmp_path: Path) -> None:
    path = tmp_path / "votes.csv.gz"
    text = "task,worker,label\n" + "".join(f"t{i},w{i % 7},l{i % 3}\n" for i in range(60_000))
    path.write_bytes(gzip.compress(text.encode()))
    told: list[tuple[int, int, int]] = []
    found = read_coded(path, NEEDED, on_progress=lambda *now: told.append(now))
    assert (found.rows, len(found.columns["label"].names)) == (60_000, 3)
    assert told[-1][0] == 60_000
    assert all(done <= total == path.stat().st_size for _, done, total in told)
    path.write_bytes(gzip.compress(text.encode())[:-20])
    with pytest.raises(BadFile):
        read(path)


def test_optional_columns_and_missing_ones(tmp_path: Path) -> None:
    path = tmp_path / "v.jsonl"
    path.write_text('{"Task": "a", "worker": 1, "label": true, "left": "x"}', encoding="utf-8")
    found = read_coded(path, NEEDED, ("left", "right"))
    assert {name: cells(column) for name, column in found.columns.items()} == {
        "task": ["a"], "worker": ["1"], "label": ["true"], "left": ["x"],
    }  # fmt: skip
    with pytest.raises(BadFile, match="no column “gold”; found: Task, worker"):
        read_coded(path, ("task", "gold"))


@pytest.mark.parametrize("header", ["task,worker,label,Label", "task,worker,label, LABEL "])
def test_two_columns_of_one_name_are_refused(tmp_path: Path, header: str) -> None:
    (tmp_path / "v.csv").write_text(f"{header}\nt,w,x,y\n", encoding="utf-8")
    with pytest.raises(BadFile, match="several columns could be “label”: “label”"):
        read(tmp_path / "v.csv")
    (tmp_path / "v.jsonl").write_text('{"task": "t", "worker": "w", "Label": "x", "label": "y"}\n', encoding="utf-8")
    with pytest.raises(BadFile, match="several columns could be “label”"):
        read(tmp_path / "v.jsonl")
    (tmp_path / "v.csv").write_text("task,worker,label,Note,note\nt,w,x,1,2\n", encoding="utf-8")
    assert read(tmp_path / "v.csv")["label"] == ["x"]
