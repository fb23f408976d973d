"""Answers in the store → truth of a project, kept until an answer changes. One inference at a time; no maths of its own."""

import threading
import time
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tawsim.core.errors import NotFound
from tawsim.core.records import Project, Question
from tawsim.labelling.slots import project_row
from tawsim.loop.answers import Answers, gather
from tawsim.store import rows
from tawsim.store.database import Database
from tawsim.truth import Inference, SetsInference, Votes, infer, infer_sets

KEPT = 4
# A page that only shows agreement may lag behind, so that inference never takes more than a twentieth of the time.
STALE_FACTOR = 20.0
STALE_AT_LEAST_S = 10.0


@dataclass(frozen=True, slots=True, eq=False)
class ProjectTruth:
    """The truth of one question of a project at one moment.

    `seqs` (T,) int64: the answered tasks, rising; row t of `result` is task seqs[t]. `result` is None where nobody has
    answered yet. `total` counts the tasks, answered or not, and `visible_seq` is the last one's number.
    """

    project: Project
    question: Question
    seqs: NDArray[np.int64]
    result: Inference | SetsInference | None
    total: int
    visible_seq: int
    revision: int
    seconds: float

    @property
    def labels(self) -> tuple[str, ...]:
        """The question's labels, in its order."""
        return tuple(getattr(self.question, "labels", ()))

    def place(self, seq: int) -> int | None:
        """The row of task `seq`, or None if nobody answered it."""
        at = int(np.searchsorted(self.seqs, seq))
        return at if at < len(self.seqs) and self.seqs[at] == seq else None

    def places(self, seqs: list[int]) -> NDArray[np.int64]:
        """`place` of many tasks at once, -1 where nobody answered."""
        wanted = np.asarray(seqs, np.int64)
        at = np.minimum(np.searchsorted(self.seqs, wanted), max(len(self.seqs) - 1, 0))
        return np.where(self.seqs[at] == wanted, at, -1)

    def label(self, t: int) -> Any:
        """The inferred label of row t: text, or a list of texts for a question with several choices."""
        if isinstance(self.result, SetsInference):
            chosen = self.result.chosen[t]
            return None if chosen is None else list(chosen)
        return None if self.result is None else self.result.label[t]


@dataclass(slots=True)
class _Kept:
    truth: ProjectTruth
    made_at: float


_lock = threading.Lock()
_kept: OrderedDict[tuple[Path, str, str], _Kept] = OrderedDict()


def project_truth(
    db: Database, project_id: str, question: str | None = None, *, may_be_stale: bool = False
) -> ProjectTruth:
    """The truth of the project's question (its first, if none is named), from the answers of the current rounds.

    Kept until an answer changes; who asks meanwhile waits for the one inference under way. `may_be_stale` accepts one
    that is a little older while people label. Raises NotFound for an unknown project or question.
    """
    project, asked = _look_up(db, project_id, question)
    key = (db.path, project_id, asked.name)
    with _lock:
        found = _kept.get(key)
        if found is not None:
            age = time.monotonic() - found.made_at
            lag = max(STALE_AT_LEAST_S, STALE_FACTOR * found.truth.seconds) if may_be_stale else 0.0
            if age < lag or _revision(db, project_id) == found.truth.revision:
                _kept.move_to_end(key)
                return found.truth
        truth = _infer(db, project, asked)
        _kept[key] = _Kept(truth, time.monotonic())
        _kept.move_to_end(key)
        while len(_kept) > KEPT:
            _kept.popitem(last=False)
        return truth


def forget_truths(db: Database) -> None:
    """Let go of what is kept for this file, when it is closed."""
    with _lock:
        for key in [key for key in _kept if key[0] == db.path]:
            del _kept[key]


def agreement(db: Database, project_id: str) -> dict[str, Any] | None:
    """Krippendorff's alpha with its interval, at most a little old; None where it is undefined."""
    return agreement_json(project_truth(db, project_id, may_be_stale=True))


def agreement_json(truth: ProjectTruth) -> dict[str, Any] | None:
    """alpha, low, high and the number of tasks they rest on."""
    found = truth.result.agreement if truth.result is not None else None
    if found is None:
        return None
    return {
        "alpha": round(found.alpha, 6), "low": round(found.low, 6), "high": round(found.high, 6), "tasks": found.tasks,
    }  # fmt: skip


def _look_up(db: Database, project_id: str, question: str | None) -> tuple[Project, Question]:
    with db.read() as tx:
        project = rows.project(project_row(tx, project_id))
    for one in project.questions:
        if question is None or one.name == question:
            return project, one
    raise NotFound(
        f"“{project.name}” has no question {str(question)[:60]!r}.",
        "Its questions: " + ", ".join(q.name for q in project.questions),
    )


def _revision(db: Database, project_id: str) -> int:
    with db.read() as tx:
        row = tx.one("truth_revision", project_id=project_id)
    return row["revision"] if row is not None else 0


def _infer(db: Database, project: Project, question: Question) -> ProjectTruth:
    started = time.monotonic()
    revision = _revision(db, project.id)  # before the answers: what comes between makes the truth look old, never new
    with db.read() as tx:
        counts = tx.one("project_count_get", project_id=project.id)
        assert counts is not None
        total, visible_seq = int(counts["tasks"]), int(counts["visible_seq"])
        found = gather(tx.stream("truth_answers", project_id=project.id, visible_seq=visible_seq), question)
    seqs, result = _judge(found, question)
    return ProjectTruth(project, question, seqs, result, total, visible_seq, revision, time.monotonic() - started)


def _judge(found: Answers, question: Question) -> tuple[NDArray[np.int64], Inference | SetsInference | None]:
    if not len(found.seq):
        return np.zeros(0, np.int64), None
    labels = tuple(getattr(question, "labels", ()))
    if found.sets is not None:
        workers = [found.workers[one] for one in found.worker.tolist()]
        sets = [found.sets[code] for code in found.code.tolist()]
        result: Inference | SetsInference = infer_sets(found.seq, workers, sets, labels)
    else:
        result = infer(_votes(found, labels))
    return np.asarray(result.tasks, dtype=np.int64), result


def _votes(found: Answers, labels: tuple[str, ...]) -> Votes:
    """`Votes` from columns that are numbers already, in the canonical order. That a worker answers a task once a round
    is kept by an index of the store, so nothing has to be looked for here."""
    tasks, task = np.unique(found.seq, return_inverse=True)
    workers = sorted(found.workers)
    rank = {worker: i for i, worker in enumerate(workers)}
    worker = np.array([rank[one] for one in found.workers], np.int32)[found.worker]
    order = np.argsort(task.reshape(-1) * len(workers) + worker, kind="stable")
    return Votes(
        task=task.reshape(-1)[order].astype(np.int32),
        worker=worker[order],
        label=found.code[order].astype(np.int16 if len(labels) < 2**15 else np.int32),
        tasks=tuple(tasks.tolist()),
        workers=tuple(workers),
        labels=labels,
    )
