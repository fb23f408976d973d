"""What is computed beside the server is what it would have computed itself, and nobody is harmed when that process dies."""

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tawsim.core.errors import BadInput, NotFound, TooSoon, Unavailable
from tawsim.loop import aside, exporting
from tawsim.loop.aside import Aside
from tawsim.loop.quality import quality_page, quality_tasks
from tawsim.store.connecting import connect
from tawsim.store.reading import Reading


@pytest.fixture
def beside(monkeypatch: pytest.MonkeyPatch) -> Iterator[Aside]:
    monkeypatch.setattr(aside, "LARGE", 1)
    one = Aside()
    yield one
    one.close()


@pytest.fixture
def answered(world: Any) -> Any:
    for label in ("إيجابي", "سلبي", "إيجابي", "إيجابي", "سلبي", "إيجابي"):
        world.answer(world.layla, label)
        world.answer(world.omar, "إيجابي")
    return world


def the_page(one: Aside, world: Any) -> dict[str, Any]:
    page = one.quality_page(world.workspace.db, world.project["id"], wait_s=20)
    return {name: value for name, value in page.items() if name not in ("as_of", "seconds", "computing")}


@pytest.mark.parametrize("kind", ["labels", "votes"])
@pytest.mark.parametrize("format", ["csv", "jsonl", "parquet"])
def test_an_export_beside_is_the_same_to_the_byte(answered: Any, beside: Aside, format: str, kind: str) -> None:
    db, project = answered.workspace.db, answered.project["id"]
    found = b"".join(beside.export_stream(db, project, format, kind))
    assert found == b"".join(exporting.export_stream(db, project, format, kind))
    assert len(found) > 100
    assert not beside._exports


def test_the_quality_page_beside_is_the_same(answered: Any, beside: Aside) -> None:
    db, project = answered.workspace.db, answered.project["id"]
    here = quality_page(db, project, wait_s=None)
    assert the_page(beside, answered) == {
        name: value for name, value in here.items() if name not in ("as_of", "seconds", "computing")
    }
    behind = here["mixed"][0]["behind"]
    asked = {key: str(value) for key, value in behind.items()}
    assert beside.quality_tasks(db, project, None, asked) == quality_tasks(db, project, None, asked)
    answered.answer(answered.layla, "سلبي")
    assert the_page(beside, answered)["counts"]["answers"] == here["counts"]["answers"] + 1


def test_errors_come_back_as_they_were_raised(answered: Any, beside: Aside) -> None:
    db, project = answered.workspace.db, answered.project["id"]
    with pytest.raises(NotFound, match="no question"):
        beside.quality_page(db, project, "absent", wait_s=5)
    with pytest.raises(BadInput, match="Nothing stands behind") as refused:
        beside.quality_tasks(db, project, None, {"of": "passwords"})
    assert refused.value.hint.startswith("Known: ")
    with pytest.raises(NotFound):
        beside.quality_page(db, "absent")
    for wrong in ({"format": "pickle"}, {"format": "csv", "kind": "passwords"}):
        with pytest.raises(BadInput):
            beside.export_stream(db, project, **wrong)
    assert beside.quality_page(db, project, wait_s=20)["state"] == "ready"


def test_a_process_that_died_is_started_again(answered: Any, beside: Aside) -> None:
    before = the_page(beside, answered)
    assert beside._figures is not None
    os.kill(beside._figures._process.pid, signal.SIGKILL)
    beside._figures._process.wait()
    assert the_page(beside, answered) == before


def test_an_export_whose_process_dies_is_cut_off_and_not_ended_as_if_whole(answered: Any, beside: Aside) -> None:
    chunks = beside.export_stream(answered.workspace.db, answered.project["id"], "jsonl")
    (child,) = beside._exports
    os.kill(child._process.pid, signal.SIGKILL)
    with pytest.raises(Unavailable, match="has ended"):
        list(chunks)
    assert not beside._exports


def test_whoever_stops_reading_ends_the_process(answered: Any, beside: Aside) -> None:
    chunks = beside.export_stream(answered.workspace.db, answered.project["id"], "csv")
    next(chunks)
    (child,) = beside._exports
    chunks.close()  # type: ignore[attr-defined]
    assert child._process.poll() is not None
    assert not beside._exports


def test_more_exports_than_the_machine_can_bear_wait(
    answered: Any, beside: Aside, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(aside, "MOST_EXPORTS", 1)
    db, project = answered.workspace.db, answered.project["id"]
    first = beside.export_stream(db, project, "csv")
    with pytest.raises(TooSoon) as refused:
        beside.export_stream(db, project, "csv")
    assert refused.value.details["retry_after_s"] == 30
    assert list(first)
    assert list(beside.export_stream(db, project, "csv"))


def test_an_export_that_nobody_reads_gives_its_place_back(
    answered: Any, beside: Aside, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(aside, "MOST_EXPORTS", 1)
    db, project = answered.workspace.db, answered.project["id"]
    chunks = beside.export_stream(db, project, "csv")
    del chunks  # the connection broke before the first byte was asked for
    assert list(beside.export_stream(db, project, "csv"))


def test_the_process_ends_with_its_server(answered: Any, beside: Aside) -> None:
    the_page(beside, answered)
    assert beside._figures is not None
    process = beside._figures._process
    assert process.stdin is not None
    process.stdin.close()  # as when the server is killed: the system closes what it held
    assert process.wait(20) == 0


def test_the_server_asks_beside(answered: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aside, "LARGE", 1)
    address = f"/projects/{answered.project['id']}"
    state = answered.state
    try:
        for _ in range(200):
            page = answered.get(address + "/quality").json()
            if page["state"] == "ready":
                break
            time.sleep(0.05)
        assert page["counts"]["answers"] == 12
        assert state.aside._figures is not None
        assert answered.get(address + "/export?format=csv").text.count("\n") > 6
    finally:
        state.aside.close()


def test_a_file_open_for_reading_alone_is_never_written(answered: Any) -> None:
    db = Reading.of(answered.workspace.path)
    with db.read() as tx:
        assert tx.one("workspace_get") is not None
    with pytest.raises(Unavailable, match="reading alone"):
        db.write(lambda tx: tx.run("worker_insert"))
    db.close()


def test_tables_of_another_version_are_not_guessed_at(answered: Any, tmp_path: Path) -> None:
    answered.workspace.db.write(lambda tx: None)
    connection = connect(answered.workspace.path)
    connection.execute("INSERT INTO schema_version VALUES (9999, 'later', '', 0)")
    connection.close()
    with pytest.raises(Unavailable, match="was changed on this machine"):
        Reading.of(answered.workspace.path)
    with pytest.raises(NotFound):
        Reading.of(tmp_path / "none.tawsim")
