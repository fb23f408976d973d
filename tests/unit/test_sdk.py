"""One battery for Python users, run against a file and against a server: the same calls, results and errors."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest

import tawsim as tw
from tawsim.core.errors import (
    AlreadyExists,
    BadAnswer,
    BadFile,
    BadInput,
    Conflict,
    KeyReused,
    LeaseLost,
    NotFound,
    NotSignedIn,
    TooLarge,
    Unavailable,
)
from tawsim.sdk.client import Client

_names = count(1)
TEXTS = ["القهوة رائعة ☕", "الخدمة بطيئة", "Great!", "Never again.", "لا بأس 👍🏽", "ok"]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str, Path]]:
    """A real server in its own process: its address, a token of the owner, the file."""
    folder = tmp_path_factory.mktemp("served")
    path = folder / "team.tawsim"
    tw.open(path, create=True).close()
    run = [sys.executable, "-m", "tawsim.cli"]
    token = json.loads(subprocess.check_output([*run, "token", "-w", str(path), "--json"], text=True))["token"]
    server = subprocess.Popen([*run, "up", str(path), "--no-browser", "--json"], stdout=subprocess.PIPE, text=True)
    assert server.stdout is not None
    line = server.stdout.readline()
    yield json.loads(line)["links"]["team"].partition("/enter#")[0], token, path
    server.terminate()
    assert server.wait(timeout=20) == 0
    server.stdout.close()


@pytest.fixture(params=["file", "server"])
def w(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tw.Workspace]:
    if request.param == "file":
        opened: tw.Workspace = tw.open(tmp_path / "team.tawsim", create=True)
    else:
        url, token, _ = request.getfixturevalue("served")
        opened = tw.connect(url, token=token)
    with opened:
        yield opened


@pytest.fixture
def p(w: tw.Workspace) -> tw.Project:
    return w.create_project(f"مراجعات {next(_names)}", labels=["جيد", "سيئ", "mixed"], overlap=3)


def answer_all(p: tw.Project, name: str, choose: Callable[[tw.Item], Any]) -> int:
    labeller = p.label_as(name)
    done = 0
    for item in labeller:
        labeller.submit(item, choose(item))
        done += 1
    return done


def test_rows_become_tasks_and_answers_become_truth(p: tw.Project) -> None:
    report = p.add(TEXTS)
    assert (report.rows, report.added, report.duplicate_count, report.repeated) == (6, 6, 0, False)
    names = [f"m{next(_names)}" for _ in range(3)]
    for name in names:
        assert answer_all(p, name, lambda item: "جيد" if item.seq % 2 else "سيئ") == 6
    progress = p.progress()
    assert (progress.tasks, progress.done, progress.answers) == (6, 6, 18)
    assert sorted(one.worker.name for one in p.workers()) == sorted(names)
    truth = p.truth()
    assert [row["label"] for row in truth] == ["جيد", "سيئ"] * 3
    assert [row["text"] for row in truth] == TEXTS
    assert truth[0]["votes"] == {"جيد": 3, "سيئ": 0, "mixed": 0}
    assert all(0.5 < row["p"] <= 1 for row in truth)
    assert truth.agreement is not None
    assert truth.agreement.low <= truth.agreement.alpha <= truth.agreement.high
    assert {one.name for one in truth.workers} == set(names)
    assert "6 of 6 tasks" in repr(truth)
    assert p.name in repr(p)


def test_truth_goes_to_every_table_library(p: tw.Project) -> None:
    p.add(TEXTS)
    answer_all(p, f"m{next(_names)}", lambda item: "mixed")
    truth = p.truth()
    columns = ["task", "text", "label", "p", "answers", "votes"]
    frame = truth.to_pandas()
    assert list(frame.columns) == columns
    assert frame["label"].tolist() == ["mixed"] * 6
    table = truth.to_pyarrow()
    assert table.column_names == columns
    assert table["votes"].to_pylist()[0] == {"جيد": 0, "سيئ": 0, "mixed": 1}
    polars = truth.to_polars()
    assert polars.columns == columns
    assert polars["text"].to_list() == TEXTS
    assert truth.to_dicts()[2]["text"] == "Great!"
    votes = p.annotations()
    assert len(votes) == 6
    assert votes[0]["label"] == "mixed"
    assert {"task", "worker", "label"} <= set(votes.columns)
    assert len(tw.infer(votes.to_pandas()).tasks) == 6


def test_an_empty_project_has_a_truth_without_labels(p: tw.Project) -> None:
    assert len(p.truth()) == 0
    p.add(TEXTS)
    truth = p.truth()
    assert [row["label"] for row in truth] == [None] * 6
    assert truth.agreement is None
    assert truth.to_pyarrow().num_rows == truth.to_polars().height == len(truth.to_pandas()) == 6
    assert len(p.annotations()) == 0


@pytest.mark.parametrize("library", ["pandas", "polars", "pyarrow"])
def test_a_table_of_any_library_goes_in(p: tw.Project, library: str) -> None:
    import datetime

    import pandas
    import polars
    import pyarrow

    columns = {"id": [1, 2], "text": ["أول", "second"], "day": [datetime.date(2026, 1, 1), None]}
    table = {"pandas": pandas.DataFrame, "polars": polars.DataFrame, "pyarrow": pyarrow.table}[library](columns)
    assert p.add(table).added == 2
    [first, second] = p.label_as(f"m{next(_names)}").next(2)
    assert first.text == "أول"
    assert first.content["id"] == 1
    assert first.content["day"] == "2026-01-01"
    assert second.content["day"] is None


def test_a_file_goes_in_once(p: tw.Project, tmp_path: Path) -> None:
    file = tmp_path / "new.csv"
    file.write_text("id,review\n1,جميل\n2,fine\n3,fine\n", encoding="utf-8")
    report = p.add(file)
    assert (report.added, report.duplicate_count, report.source) == (3, 1, "new.csv")
    assert [(one.row, one.seq) for one in report.duplicates] == [(3, 2)]
    assert p.add(str(file)).repeated
    assert p.add(file, again=True).added == 3
    assert p.truth()[0]["text"] == "جميل"


def test_the_same_key_adds_once(p: tw.Project) -> None:
    assert not p.add(["a text"], key="import 1").repeated
    assert p.add(["a text"], key="import 1").repeated
    assert p.add(["a text"], duplicates="skip").added == 0
    with pytest.raises(BadFile, match="same text"):
        p.add(["a text"], duplicates="refuse")
    assert p.progress().tasks == 1


def test_another_column_can_be_the_text(p: tw.Project) -> None:
    p.add([{"n": 1, "body": "جسم النص"}], text="body")
    assert p.truth()[0]["text"] == "جسم النص"


@pytest.mark.parametrize(
    "rows", [[1], [["a"]], [{"text": ""}], [{"text": None}], [{"other": 5}], [], 5, b"x", {"a": 1}]
)
def test_rows_that_cannot_be_tasks_are_refused_whole(p: tw.Project, rows: Any) -> None:
    with pytest.raises(BadInput):
        p.add(["good one", *rows] if isinstance(rows, list) and rows else rows)
    assert p.progress().tasks == 0


def test_answers_are_checked_and_count_once(p: tw.Project) -> None:
    p.add(TEXTS)
    me = p.label_as(f"m{next(_names)}")
    [item] = me.next()
    assert me.next()[0].lease_id == item.lease_id
    with pytest.raises(BadAnswer):
        me.submit(item, "غير موجود")
    first = me.submit(item, "جيد")
    assert me.submit(item, "جيد") == first
    with pytest.raises(KeyReused):
        me.submit(item, "سيئ")
    [other] = me.next()
    assert other.seq == 2
    me.skip(other, "not a review")
    with pytest.raises(LeaseLost):
        me.release(other)
    [third] = me.next()
    me.release(third)
    [somebody_elses] = p.label_as(f"m{next(_names)}").next()
    with pytest.raises(NotFound):
        me.submit(somebody_elses, "جيد")
    with pytest.raises(BadInput):
        me.next(0)


def test_a_loop_that_forgets_to_answer_is_told(p: tw.Project) -> None:
    p.add(TEXTS)
    with pytest.raises(BadInput, match="neither"):
        for _item in p.label_as(f"m{next(_names)}"):
            pass


def test_a_paused_project_hands_out_nothing(p: tw.Project) -> None:
    p.add(TEXTS)
    p.pause()
    assert p.label_as(f"m{next(_names)}").next() == []
    p.resume()
    assert len(p.label_as(f"m{next(_names)}").next(2)) == 2


@pytest.mark.parametrize("ending", ["csv", "jsonl", "parquet"])
def test_exports_are_whole_files(p: tw.Project, tmp_path: Path, ending: str) -> None:
    p.add(TEXTS)
    answer_all(p, f"m{next(_names)}", lambda item: "mixed")
    out = p.export(tmp_path / f"out.{ending}")
    assert out.stat().st_size > 0
    with pytest.raises(AlreadyExists):
        p.export(out)
    p.export(out, force=True)
    votes = p.export(tmp_path / f"votes.{ending}", votes=True)
    assert votes.read_bytes() != out.read_bytes()
    with pytest.raises(BadInput):
        p.export(tmp_path / "out.docx")
    assert sorted(one.name for one in tmp_path.iterdir() if one.name.startswith(".out")) == []


def test_several_labels_may_fit(w: tw.Workspace) -> None:
    p = w.create_project(f"topics {next(_names)}", ["سياسة", "رياضة", "tech"], multiple=True)
    p.add(["one", "two"])
    me = p.label_as(f"m{next(_names)}")
    for item in me:
        me.submit(item, ["tech", "سياسة"] if item.seq == 1 else [])
    assert [row["label"] for row in p.truth()] == [["سياسة", "tech"], []]


def test_names_and_labels_are_checked(w: tw.Workspace) -> None:
    name = f"taken {next(_names)}"
    w.create_project(name, ["a", "b"])
    with pytest.raises(AlreadyExists):
        w.create_project(name, ["a", "b"])
    with pytest.raises(BadInput):
        w.create_project("x", ["only one"])
    with pytest.raises(BadInput):
        w.create_project("x")
    with pytest.raises(NotFound, match=name):
        w.project("no such project")
    assert w.project(name).labels == ["a", "b"]
    assert name in repr(w)


def test_a_workspace_with_one_project_is_that_project(tmp_path: Path) -> None:
    with tw.open(tmp_path / "reviews.tawsim", create=True) as w:
        with pytest.raises(NotFound, match="create_project"):
            w.progress()
        w.create_project("reviews", ["good", "bad"])
        w.add(TEXTS)
        me = w.label_as()
        for item in me:
            me.submit(item, "good")
        assert w.progress().done == 6
        assert len(w.truth()) == len(w.annotations()) == 6
        assert w.export(tmp_path / "x.csv").exists()
        w.create_project("second", ["a", "b"])
        with pytest.raises(NotFound, match="2 projects"):
            w.truth()


def test_open_says_what_is_wrong(tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        tw.open(tmp_path / "absent.tawsim")
    with pytest.raises(BadInput):
        tw.open(tmp_path / "x.db", create=True)
    bad = tmp_path / "bad.tawsim"
    bad.write_text("not a database at all, but long enough to look at" * 40)
    with pytest.raises(BadInput):
        tw.open(bad)


def test_label_makes_a_workspace_and_goes_on(tmp_path: Path) -> None:
    file = tmp_path / "reviews.csv.gz"
    import gzip

    file.write_bytes(gzip.compress("text\nأول\nثان\n".encode()))
    with tw.label(file, ["a", "b"], serve=False) as w:
        assert w.progress().tasks == 2
        assert w.path == tmp_path / "reviews.tawsim"
    with tw.label(file, ["a", "b"], serve=False) as w:
        assert w.progress().tasks == 2
    with pytest.raises(Conflict):
        tw.label(file, ["a", "c"], serve=False)
    rows = [{"text": "x"}, {"text": "y"}]
    for _ in range(2):
        with tw.label(rows, ["a", "b"], to=tmp_path / "rows.tawsim", serve=False) as w:
            assert w.progress().tasks == 2
    with pytest.raises(BadInput):
        tw.label(rows, ["a", "b"])
    with pytest.raises(BadInput):
        tw.label([{"text": ""}], ["a", "b"], to=tmp_path / "none.tawsim", serve=False)
    assert not (tmp_path / "none.tawsim").exists()


def test_a_one_time_link_connects_once(served: tuple[str, str, Path]) -> None:
    url, token, _ = served
    link = Client(url, token).post("/workers", {"key": "k1", "name": "ضيف"})["link"]
    with tw.connect(link) as guest:
        assert guest.name == "team"
        with pytest.raises(tw.TawsimError):
            guest.create_project("mine", ["a", "b"])
    with pytest.raises(NotSignedIn):
        tw.connect(link)


def test_connect_says_what_is_wrong(served: tuple[str, str, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    url, token, _ = served
    monkeypatch.delenv("TAWSIM_TOKEN", raising=False)
    with pytest.raises(NotSignedIn, match="tawsim token"):
        tw.connect(url)
    with pytest.raises(NotSignedIn):
        tw.connect(url, token="tws_wrong")
    monkeypatch.setenv("TAWSIM_TOKEN", token)
    with tw.connect(url) as w:
        assert w.name == "team"
        big = w.create_project(f"big {os.getpid()}", ["a", "b"])
        with pytest.raises(TooLarge):
            big.add([{"text": "x" * 1_000_000} for _ in range(70)])


def test_nobody_there_is_tried_again_and_then_told() -> None:
    waits: list[float] = []
    client = Client("http://127.0.0.1:9", "t", sleep=waits.append)
    with pytest.raises(Unavailable, match="No answer"):
        client.get("/session")
    assert len(waits) == 5
    assert waits == sorted(waits)
    client.close()


def test_the_same_key_is_sent_again_after_503_and_never_after_400() -> None:
    import httpx2

    seen: list[bytes] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        seen.append(request.read())
        if len(seen) < 3:
            return httpx2.Response(503, json={"error": {"code": "TW-UNAVAILABLE", "message": "disk"}})
        if len(seen) == 3:
            return httpx2.Response(200, json={"ok": 1})
        return httpx2.Response(
            400, json={"error": {"code": "TW-FILE", "message": "x, row 2: bad", "details": {"row": 2}}}
        )

    client = Client("http://server", "t", sleep=lambda s: None)
    client._http = httpx2.Client(transport=httpx2.MockTransport(answer), base_url="http://server")
    assert client.post("/x", {"key": "k"}) == {"ok": 1}
    assert len(set(seen)) == 1
    assert len(seen) == 3
    with pytest.raises(BadFile, match="row 2") as caught:
        client.post("/x", {"key": "k"})
    assert len(seen) == 4
    assert caught.value.details["row"] == 2


def test_public_names_are_these() -> None:
    assert sorted(tw.__all__) == dir(tw)
    for name in tw.__all__:
        assert getattr(tw, name) is not None
    with pytest.raises(AttributeError):
        tw.no_such_name  # noqa: B018
