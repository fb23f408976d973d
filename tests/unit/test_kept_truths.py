"""Truths that are kept: one that is learned for long holds nobody up who asks for another, or who only wants a glance."""

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from kinds_world import answer, hire, make

from tawsim.core.records import Project
from tawsim.loop import inferring
from tawsim.loop.following import Following, judge
from tawsim.loop.inferring import forget_truths, kept_truth, project_truth, truth_soon
from tawsim.loop.overview import progress
from tawsim.workspaces.workspace import Workspace

QUESTIONS = [{"kind": "choice", "name": one, "labels": ["a", "b"]} for one in ("first", "second")]


class Slow:
    """Learning of the question `first`, which begins, and goes on until it is let go."""

    def __init__(self) -> None:
        self.began, self.may_end, self.times = threading.Event(), threading.Event(), 0

    def judge(self, db: Any, project: Any, question: Any, **more: Any) -> Following:
        """`following.judge`, but for the one question."""
        if question.name == "first":
            self.times += 1
            self.began.set()
            assert self.may_end.wait(30)
        return judge(db, project, question, **more)


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> Iterator[Slow]:
    one = Slow()
    monkeypatch.setattr(inferring, "judge", one.judge)
    monkeypatch.setattr(inferring, "_rest", inferring._Rest())
    yield one
    one.may_end.set()


@pytest.fixture
def answered(workspace: Workspace) -> Iterator[Project]:
    rows = [{"text": f"t{i}"} for i in range(4)]
    project = make(workspace, QUESTIONS, rows, overlap=2)
    for name in ("Ann", "Omar"):
        answer(workspace, project, hire(workspace, name), rows, [{"first": one, "second": one} for one in "abab"])
    yield project
    forget_truths(workspace.db)


def until(true: Callable[[], bool]) -> None:
    """Wait for it."""
    end = time.monotonic() + 30
    while not true():
        assert time.monotonic() < end
        time.sleep(0.005)


def test_who_asks_for_another_truth_does_not_wait(workspace: Workspace, answered: Project, slow: Slow) -> None:
    learner = threading.Thread(target=project_truth, args=(workspace.db, answered.id, "first"))
    learner.start()
    assert slow.began.wait(30)
    assert project_truth(workspace.db, answered.id, "second").total == 4
    inferring.follow(workspace.db)
    assert kept_truth(workspace.db, answered.id, "first") is None
    slow.may_end.set()
    learner.join(30)
    assert project_truth(workspace.db, answered.id, "first").total == 4
    assert slow.times == 1


def test_a_glance_does_not_wait_for_what_takes_long(workspace: Workspace, answered: Project, slow: Slow) -> None:
    for _ in range(3):
        found = progress(workspace.db, answered.id, wait_s=0.01)
        assert (found["agreement"], found["agreement_computing"]) == (None, True)
        assert found["progress"]["answers"] == 8
    slow.may_end.set()
    until(lambda: not progress(workspace.db, answered.id, wait_s=0.01)["agreement_computing"])
    assert slow.times == 1, "many who look begin it once"
    found = progress(workspace.db, answered.id)
    assert not found["agreement_computing"]
    assert found["agreement"] is not None


def test_what_cannot_be_learned_is_tried_again_by_the_next(
    workspace: Workspace, answered: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any, **__: Any) -> Following:
        raise MemoryError

    with monkeypatch.context() as patched:
        patched.setattr(inferring, "judge", broken)
        assert truth_soon(workspace.db, answered.id, until=time.monotonic() + 30) is None
    assert truth_soon(workspace.db, answered.id, until=time.monotonic() + 30) is not None


def test_one_truth_at_a_time_is_learned_behind_and_then_there_is_a_rest(
    workspace: Workspace, answered: Project, slow: Slow, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow.may_end.set()
    for name in ("first", "second"):
        project_truth(workspace.db, answered.id, name)
    keys = [(workspace.db.path, answered.id, one.name) for one in answered.questions]
    before = [inferring._kept[key] for key in keys]
    slow.may_end.clear()
    slow.began.clear()
    for key, question in zip(keys, answered.questions, strict=True):
        inferring._learn_in_background(key, workspace.db, answered, question)
    assert slow.began.wait(30)
    assert not before[1].learning, "one after the other"
    monkeypatch.setattr(inferring, "LEARN_REST_TIMES", 1e9)
    slow.may_end.set()
    until(lambda: inferring._kept[keys[0]] is not before[0])
    inferring._learn_in_background(keys[1], workspace.db, answered, answered.questions[1])
    assert not before[1].learning, "it rests"
    inferring._rest.until = 0.0
    inferring._learn_in_background(keys[1], workspace.db, answered, answered.questions[1])
    until(lambda: inferring._kept[keys[1]] is not before[1])


def test_what_nobody_asked_for_lately_makes_room(
    workspace: Workspace, answered: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inferring, "KEPT_BYTES", 1)
    for name in ("first", "second", "first"):
        assert project_truth(workspace.db, answered.id, name).total == 4
        mine = [key for key in inferring._kept if key[0] == workspace.db.path]
        assert [key[2] for key in mine] == [name], "the newest stays, whatever it needs"
