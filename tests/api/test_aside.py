"""What is computed beside the server is what it would have computed itself, and nobody is harmed when that process dies."""

import asyncio
import io
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tawsim.core.errors import BadInput, NotFound, TooSoon, Unavailable
from tawsim.loop import aside, aside_process, exporting, inferring
from tawsim.loop.aside import Aside
from tawsim.loop.aside_jobs import HEAD
from tawsim.loop.following import judge
from tawsim.loop.overview import find_project
from tawsim.loop.quality import quality_page, quality_tasks
from tawsim.server import projects
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
    assert beside._figures.child is not None
    os.kill(beside._figures.child._process.pid, signal.SIGKILL)
    beside._figures.child._process.wait()
    assert the_page(beside, answered) == before


def test_an_export_whose_process_dies_is_cut_off_and_not_ended_as_if_whole(answered: Any, beside: Aside) -> None:
    chunks = beside.export_stream(answered.workspace.db, answered.project["id"], "jsonl")
    ((_, child, _),) = beside._exports.values()
    assert child is not None
    # What a process that is killed in the middle of a frame leaves in the pipe.
    child._from = io.BytesIO(HEAD.pack(b"D", 5) + b"hello" + HEAD.pack(b"D", 100) + b"abc")
    assert next(chunks).startswith(b"{")
    assert next(chunks) == b"hello"
    with pytest.raises(Unavailable, match="has ended"):
        next(chunks)
    assert not beside._exports
    assert child._process.poll() is not None


def test_whoever_stops_reading_ends_the_process(answered: Any, beside: Aside) -> None:
    chunks = beside.export_stream(answered.workspace.db, answered.project["id"], "csv")
    next(chunks)
    ((_, child, _),) = beside._exports.values()
    assert child is not None
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


def test_a_workspace_has_not_all_places_and_a_stalled_download_loses_its_own(
    answered: Any, beside: Aside, monkeypatch: pytest.MonkeyPatch
) -> None:
    db, project = answered.workspace.db, answered.project["id"]
    held = [beside.export_stream(db, project, "csv") for _ in range(aside.OF_ONE_WORKSPACE)]
    with pytest.raises(TooSoon):
        beside.export_stream(db, project, "csv")
    held[0].read_at -= 2 * aside.STALLED_S  # type: ignore[attr-defined]
    assert list(beside.export_stream(db, project, "csv"))
    next(held[0])  # what was fetched already
    with pytest.raises(Unavailable):
        list(held[0])
    assert list(held[1])


def test_who_waits_for_a_process_that_does_not_come_to_it_is_told_so(answered: Any, beside: Aside) -> None:
    before = the_page(beside, answered)
    assert beside._figures.child is not None
    pid = beside._figures.child._process.pid
    os.kill(pid, signal.SIGSTOP)
    try:
        began = time.monotonic()
        page = beside.quality_page(answered.workspace.db, answered.project["id"], wait_s=0.1)
        assert (page["state"], page["computing"]) == ("computing", True)
        asked = {"of": "all"}
        tasks = beside.quality_tasks(answered.workspace.db, answered.project["id"], None, asked, wait_s=0.1)
        assert tasks == {"total": 0, "tasks": [], "computing": True}
        assert time.monotonic() - began < 10
    finally:
        os.kill(pid, signal.SIGCONT)
    assert the_page(beside, answered) == before
    assert beside._figures.child._process.pid == pid


def test_what_fails_for_one_project_leaves_the_figures_of_the_others(answered: Any, beside: Aside) -> None:
    the_page(beside, answered)
    kept = beside._figures.child
    assert kept is not None
    with pytest.raises(Unavailable, match="could not be computed"):
        list(kept.ask({"job": "quality_page", "path": str(answered.workspace.db.path)}))  # no project: a fault of ours
    assert kept.is_sound
    the_page(beside, answered)
    assert beside._figures.child is kept


def test_nothing_is_begun_once_the_server_stops(answered: Any, beside: Aside) -> None:
    db, project = answered.workspace.db, answered.project["id"]
    the_page(beside, answered)
    beside.close()
    with pytest.raises(Unavailable, match="being stopped"):
        beside.quality_page(db, project)
    with pytest.raises(Unavailable, match="being stopped"):
        beside.export_stream(db, project, "csv")
    assert beside._figures.child is None


def test_a_download_that_is_broken_off_ends_its_process(answered: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    ended: list[bool] = []

    class Chunks:
        def __iter__(self) -> "Chunks":
            return self

        def __next__(self) -> bytes:
            return b"x"

        def close(self) -> None:
            ended.append(True)

    async def told() -> dict[str, Any]:
        return {"type": "http.disconnect"}

    async def sent(message: dict[str, Any]) -> None:
        await asyncio.sleep(0)

    response = projects._Download(Chunks(), media_type="text/csv")
    asyncio.run(response({"type": "http", "asgi": {"spec_version": "2.3"}}, told, sent))
    assert ended == [True]


def test_the_process_ends_with_its_server(answered: Any, beside: Aside) -> None:
    the_page(beside, answered)
    assert beside._figures.child is not None
    process = beside._figures.child._process
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
        assert state.aside._figures.child is not None
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


# ---- truth ---------------------------------------------------------------------------------------------------------
@pytest.fixture
def learning(answered: Any, beside: Aside, monkeypatch: pytest.MonkeyPatch) -> Iterator[Aside]:
    """Truths of the workspace are learned beside, however few answers there are."""
    monkeypatch.setattr(aside, "SOME_ANSWERS", 1)
    db = answered.workspace.db
    inferring.forget_truths(db)
    inferring.learn_by(db, beside.learn)
    yield beside
    inferring.forget_truths(db)


def test_a_truth_learned_beside_is_the_same_and_is_followed_here(answered: Any, learning: Aside) -> None:
    db, project = answered.workspace.db, answered.project["id"]
    found = inferring.project_truth(db, project)
    child = learning._learner.child
    assert child is not None
    here = judge(db, found.project, found.question).truth
    assert [found.label(row) for row in range(len(found.seqs))] == [here.label(row) for row in range(len(here.seqs))]
    assert np.array_equal(found.probabilities, here.probabilities)
    assert (found.model, found.why, len(found.workers)) == (here.model, here.why, 2)
    answered.answer(answered.layla, "سلبي")
    assert int(inferring.project_truth(db, project).answers.sum()) == int(found.answers.sum()) + 1
    assert not inferring._kept[db.path, project, found.question.name].following.is_exact, "it was asked for again"
    assert learning._learner.child is child


def test_what_cannot_be_learned_beside_is_learned_here(
    answered: Any, learning: Aside, monkeypatch: pytest.MonkeyPatch
) -> None:
    db, project = answered.workspace.db, answered.project["id"]
    first = inferring.project_truth(db, project)
    inferring.forget_truths(db)
    inferring.learn_by(db, learning.learn)
    monkeypatch.setattr(aside_process.sys, "executable", "/nonexistent/python")
    learning._learner.child.end()  # type: ignore[union-attr]
    assert np.array_equal(inferring.project_truth(db, project).p, first.p)
    assert learning._learner.child is None


def test_a_learner_that_died_is_started_again(answered: Any, learning: Aside) -> None:
    db, project = answered.workspace.db, answered.project["id"]
    inferring.project_truth(db, project)
    died = learning._learner.child
    assert died is not None
    os.kill(died._process.pid, signal.SIGKILL)
    died._process.wait()
    inferring.forget_truths(db)
    inferring.learn_by(db, learning.learn)
    inferring.project_truth(db, project)
    assert learning._learner.child not in (None, died)


def test_a_learner_that_hangs_is_not_waited_for_for_ever(
    answered: Any, learning: Aside, monkeypatch: pytest.MonkeyPatch
) -> None:
    db, project = answered.workspace.db, answered.project["id"]
    first = inferring.project_truth(db, project)
    hangs = learning._learner.child
    assert hangs is not None
    inferring.forget_truths(db)
    inferring.learn_by(db, learning.learn)
    monkeypatch.setattr(aside, "LONGEST_S", 3.0)
    os.kill(hangs._process.pid, signal.SIGSTOP)
    assert np.array_equal(inferring.project_truth(db, project).p, first.p)
    assert hangs._process.poll() is not None


def test_where_few_answered_nothing_is_started(answered: Any, beside: Aside) -> None:
    db, project = answered.workspace.db, answered.project["id"]
    assert aside.is_large(db, project)
    record = find_project(db)
    assert beside.learn(db, record, record.questions[0]).truth.total > 0
    assert beside._learner.child is None
