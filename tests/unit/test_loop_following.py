"""The truth that follows the answers: whatever happens to them, it is what the model says of the answers as they are."""

import random
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tawsim.core.records import Project
from tawsim.labelling.owners import reject, remove_task, reopen
from tawsim.labelling.projects import NewProject, create_project
from tawsim.labelling.queue import next_leases
from tawsim.labelling.submit import edit, submit, undo
from tawsim.loop import exporting, following, importing, inferring
from tawsim.loop.following import Following
from tawsim.truth import Votes
from tawsim.workspaces.workspace import Workspace, add_worker

LABELS = ("a", "b", "ج")


class Crowd:
    """A project, its people, and what they can do."""

    def __init__(self, workspace: Workspace, seed: int, tasks: int = 40) -> None:
        self.db, self.owner, self.random = workspace.db, workspace.owner_id, random.Random(seed)
        question = {"kind": "choice", "name": "label", "labels": list(LABELS)}
        new = NewProject(name="p", questions=[question], overlap=4)
        self.project: Project = self.db.write(lambda tx: create_project(tx, self.owner, "p", new))
        self.truth = {f"t{i}": self.random.choice(LABELS) for i in range(tasks)}
        self.add(list(self.truth), "first")
        self.people = [self.db.write(lambda tx, n=n: add_worker(tx, self.owner, n, n)).id for n in "uvwxy"]
        self.made: list[tuple[str, str, int]] = []  # annotation, worker, version
        self.tasks: dict[str, str] = {}

    def add(self, texts: list[str], key: str) -> None:
        rows: list[Any] = [{"text": text} for text in texts]
        importing.import_rows(self.db, self.project, rows, actor_id=self.owner, key=key)

    def answer(self, worker: str) -> None:
        leases = self.db.write(lambda tx: next_leases(tx, self.project.id, worker, 1)).leases
        if not leases:
            return
        given, text = leases[0].lease_id, leases[0].content["text"]
        right = self.truth.get(text, "a") if self.random.random() < 0.85 else self.random.choice(LABELS)
        done = self.db.write(lambda tx: submit(tx, worker, given, given, {"label": right})).or_raise()
        self.made.append((done["id"], worker, 1))
        self.tasks[done["id"]] = done["task_id"]

    def something(self) -> None:
        """One random act; most are answers."""
        act = self.random.random()
        if act < 0.7 or not self.made:
            self.answer(self.random.choice(self.people))
            return
        i = self.random.randrange(len(self.made))
        annotation, worker, version = self.made.pop(i)
        key = f"{act}"
        if act < 0.78:
            label = {"label": self.random.choice(LABELS)}
            self.db.write(lambda tx: edit(tx, worker, annotation, key, version, label))
            self.made.append((annotation, worker, version + 1))
        elif act < 0.86:
            self.db.write(lambda tx: reject(tx, self.owner, annotation, key, version, "no"))
        elif act < 0.92:
            self.db.write(lambda tx: undo(tx, worker, annotation, key))
        else:
            gone = self.tasks[annotation]
            self.made = [one for one in self.made if self.tasks[one[0]] != gone]
            done = reopen if act < 0.97 else remove_task
            self.db.write(lambda tx: done(tx, self.owner, gone))

    def votes(self) -> Votes:
        """All answers that count, read at once."""
        fresh = following.judge(self.db, self.project, self.project.questions[0])
        with self.db.read() as tx:
            rows = tx.all("truth_answers", project_id=self.project.id, visible_seq=fresh.truth.visible_seq)
        import json

        return Votes.from_table(
            {
                "task": [row["seq"] for row in rows],
                "worker": [row["worker_id"] for row in rows],
                "label": [json.loads(row["answers"])["label"] for row in rows],
            },
            labels=LABELS,
        )


def check(one: Following, crowd: Crowd) -> None:
    """What is shown is what the fitted model says of the answers as they are now."""
    votes, truth = crowd.votes(), one.truth
    assert sorted(truth.seqs.tolist()) == sorted(votes.tasks)
    assert one.fitted is not None
    rows = truth.places(list(votes.tasks))
    assert (truth.seqs[rows] == np.array(votes.tasks)).all()
    assert np.array_equal(truth.votes[rows], votes.counts())
    expected = one.fitted.predict_proba(votes)
    assert np.allclose(truth.probabilities[rows], expected, atol=1e-9)
    assert np.allclose(truth.p[rows], expected.max(axis=1))
    assert np.array_equal(truth.answers, truth.votes.sum(axis=1))
    assert [truth.label(row) for row in rows.tolist()] == [LABELS[k] for k in expected.argmax(axis=1)]
    everywhere = np.flatnonzero(truth.row_of >= 0)
    assert sorted(everywhere.tolist()) == sorted(votes.tasks)


@pytest.mark.parametrize("seed", range(4))
def test_a_followed_truth_is_what_the_model_says_of_the_answers_as_they_are(workspace: Workspace, seed: int) -> None:
    crowd = Crowd(workspace, seed)
    for _ in range(60):
        crowd.something()
    one = following.judge(crowd.db, crowd.project, crowd.project.questions[0])
    assert one.is_exact
    check(one, crowd)
    for step in range(30):
        for _ in range(crowd.random.randrange(1, 6)):
            crowd.something()
        if step == 10:
            crowd.add([f"later {i}" for i in range(60)], "second")
        if step == 15:
            crowd.people.append(crowd.db.write(lambda tx: add_worker(tx, crowd.owner, "new", "new")).id)
        before = one.truth.revision
        assert one.catch_up(crowd.db)
        assert one.truth.revision >= before
        check(one, crowd)
    assert not one.is_exact
    rested = following.LEARN_REST_TIMES * one.truth.seconds
    assert (one.wants_learning(rested * 1.01), one.wants_learning(rested / 2)) == (True, False)


def test_everything_may_be_taken_back(workspace: Workspace) -> None:
    crowd = Crowd(workspace, 7, tasks=3)
    for _ in range(6):
        crowd.answer(crowd.people[0])
    one = following.judge(crowd.db, crowd.project, crowd.project.questions[0])
    for annotation, _, version in crowd.made:
        crowd.db.write(lambda tx, a=annotation, v=version: reject(tx, crowd.owner, a, a, v, "no"))
    assert one.catch_up(crowd.db)
    assert len(one.truth.seqs) == 0
    assert (one.truth.row_of == -1).all()
    crowd.answer(crowd.people[1])
    assert one.catch_up(crowd.db)
    check(one, crowd)


def test_a_large_truth_is_followed_and_an_export_is_exact(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    crowd = Crowd(workspace, 3)
    monkeypatch.setattr(inferring, "QUICK_S", 0.0)
    monkeypatch.setattr(following, "LEARN_AT_CHANGED", 1e9)
    for _ in range(80):
        crowd.answer(crowd.random.choice(crowd.people))
    first = inferring.project_truth(crowd.db, crowd.project.id)
    learned = []
    real = inferring.judge
    monkeypatch.setattr(inferring, "judge", lambda *given: (learned.append(1), real(*given))[1])
    crowd.answer(crowd.people[0])
    inferring.follow(crowd.db)
    second = inferring.project_truth(crowd.db, crowd.project.id)
    assert (learned, second.revision > first.revision) == ([], True)
    assert second.answers.sum() == first.answers.sum() + 1
    exact = inferring.project_truth(crowd.db, crowd.project.id, exact=True)
    assert (learned, exact.revision) == ([1], second.revision)
    again = inferring.project_truth(crowd.db, crowd.project.id, exact=True)
    assert (learned, again.p.tolist()) == ([1], exact.p.tolist())
    inferring.forget_truths(crowd.db)


def test_an_export_is_of_one_moment_while_answers_are_followed(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    crowd = Crowd(workspace, 5)
    monkeypatch.setattr(inferring, "QUICK_S", 0.0)
    monkeypatch.setattr(following, "LEARN_AT_CHANGED", 1e9)
    monkeypatch.setattr(exporting, "PAGE", 7)
    for _ in range(60):
        crowd.answer(crowd.random.choice(crowd.people))
    whole = list(exporting.export(crowd.db, crowd.project.id)[1])
    slow = exporting.export(crowd.db, crowd.project.id)[1]
    begun = [next(slow) for _ in range(5)]
    for annotation, _, version in crowd.made[::2]:  # their rows go, and others move into their places
        crowd.db.write(lambda tx, a=annotation, v=version: reject(tx, crowd.owner, a, a, v, "no"))
    for _ in range(20):
        crowd.answer(crowd.random.choice(crowd.people))
    inferring.follow(crowd.db)
    assert begun + list(slow) == whole
    inferring.forget_truths(crowd.db)


def test_a_frozen_truth_stays_though_what_it_was_taken_from_is_followed(workspace: Workspace) -> None:
    crowd = Crowd(workspace, 6)
    for _ in range(60):
        crowd.answer(crowd.random.choice(crowd.people))
    one = following.judge(crowd.db, crowd.project, crowd.project.questions[0])
    crowd.add(["one more"], "second")
    assert one.catch_up(crowd.db)  # nothing to judge
    frozen = one.truth.frozen()
    seqs = frozen.seqs.tolist()
    before = [(frozen.label(row), frozen.p[row]) for row in frozen.places(seqs).tolist()]
    for annotation, _, version in crowd.made[:20]:
        crowd.db.write(lambda tx, a=annotation, v=version: reject(tx, crowd.owner, a, a, v, "no"))
    assert one.catch_up(crowd.db)
    assert [(frozen.label(row), frozen.p[row]) for row in frozen.places(seqs).tolist()] == before


def test_workers_are_learned_anew_in_the_background(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    crowd = Crowd(workspace, 4)
    monkeypatch.setattr(inferring, "QUICK_S", 0.0)
    monkeypatch.setattr(following, "LEARN_AT_CHANGED", 0.0)
    for _ in range(60):
        crowd.answer(crowd.random.choice(crowd.people))
    inferring.project_truth(crowd.db, crowd.project.id)
    key = (crowd.db.path, crowd.project.id, "label")
    before = inferring._kept[key]
    crowd.answer(crowd.people[0])
    for _ in range(200):
        inferring.project_truth(crowd.db, crowd.project.id)
        if inferring._kept[key] is not before:
            break
        time.sleep(0.05)
    assert inferring._kept[key].following.is_exact
    inferring.forget_truths(crowd.db)
