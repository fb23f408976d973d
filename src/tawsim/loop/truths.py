"""The truth of a project as JSON: pages of tasks with what each label rests on, and whom it rests on. Infers nothing."""

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tawsim.core.errors import BadInput
from tawsim.labelling.media import media_of
from tawsim.labelling.presenting import media_names
from tawsim.loop.inferring import ProjectTruth, agreement_json, forget_truths, project_truth
from tawsim.loop.structured import completed
from tawsim.loop.views import worker_json
from tawsim.store import rows
from tawsim.store.database import Database, Transaction
from tawsim.truth import WorkerSkill
from tawsim.workspaces.workspace import list_workers

__all__ = [
    "ProjectTruth", "agreement_json", "forget_truths", "project_truth", "truth_page", "truth_summary",
    "vote_counts",
]  # fmt: skip
SURE = 0.95
MAX_PAGE = 10_000
NO_INTERVAL: dict[str, Any] = {"low": None, "high": None}


def truth_page(
    truth: ProjectTruth, db: Database, *, after: int = 0, limit: int = 100, order: str = "seq"
) -> dict[str, Any]:
    """One page. In the order of `seq` all tasks stand, and `after` is the last seq seen; in the order of `doubt` the
    answered ones, the least certain first, and `after` is how many were seen. Raises BadInput."""
    if order not in ("seq", "doubt"):
        raise BadInput(f"Tasks come in the order seq or doubt, not {str(order)[:20]!r}.")
    if not 1 <= limit <= MAX_PAGE or after < 0:
        raise BadInput(f"A page has 1 to {MAX_PAGE:,} tasks.")
    tasks, following = _by_seq(truth, db, after, limit) if order == "seq" else _by_doubt(truth, db, after, limit)
    return {**truth_summary(truth, db), "tasks": tasks, "next": following}


def truth_summary(truth: ProjectTruth, db: Database) -> dict[str, Any]:
    """All of a page but its tasks: model, labels, how many are sure, workers with their verdicts, agreement."""
    return {
        "question": truth.question.name,
        "model": truth.model,
        "why": truth.why.text,
        "why_code": truth.why.code,
        "why_facts": dict(truth.why.facts),
        "labels": list(truth.labels),
        "summary": _summary(truth),
        "measure": truth.measure,
        "misfits": truth.misfits,
        "workers": _workers(db, truth.workers),
        "agreement": agreement_json(truth),
    }


def _summary(truth: ProjectTruth) -> dict[str, Any]:
    labelled, p = len(truth.seqs), truth.p
    return {
        "tasks": truth.total,
        "labelled": labelled,
        "mean_p": None if np.isnan(p).all() else round(float(np.nanmean(p)), 6),
        "sure": {"threshold": SURE, "tasks": int((p >= SURE).sum())},
    }


def _by_seq(truth: ProjectTruth, db: Database, after: int, limit: int) -> tuple[list[dict[str, Any]], int | None]:
    with db.read() as tx:
        found = tx.all(
            "task_page_of_work", project_id=truth.project.id, after=after, visible_seq=truth.visible_seq, n=limit + 1
        )
        tasks = [_task(truth, rows.task(row, row["content"]), tx) for row in found[:limit]]
    return tasks, found[limit - 1]["seq"] if len(found) > limit else None


def _by_doubt(truth: ProjectTruth, db: Database, after: int, limit: int) -> tuple[list[dict[str, Any]], int | None]:
    order = np.lexsort((truth.seqs, truth.p))[after : after + limit]
    tasks = []
    with db.read() as tx:
        for seq in truth.seqs[order].tolist():
            row = tx.one("task_by_seq", project_id=truth.project.id, seq=seq)
            if row is not None:  # removed since
                tasks.append(_task(truth, rows.task(row, row["content"]), tx))
    more = after + limit < len(truth.seqs)
    return tasks, after + limit if more else None


def _task(truth: ProjectTruth, task: Any, tx: Transaction) -> dict[str, Any]:
    media = media_of(tx, truth.project.id, media_names(truth.project, task.content))
    base = {"task_id": task.id, "seq": task.seq, "content": dict(task.content), "media": media}
    t = truth.place(task.seq)
    if t is None:
        return {**base, "label": None, "p": None, "votes": {}, "probabilities": {}, "answers": 0} | NO_INTERVAL
    known = truth.low is not None and truth.high is not None
    interval = {"low": number(truth.low[t]), "high": number(truth.high[t])} if known else NO_INTERVAL  # type: ignore[index]
    return {
        **base,
        "label": completed(truth.question, truth.label(t), task.content),
        "p": number(truth.p[t]),
        "votes": vote_counts(truth.labels, truth.votes[t]),
        "probabilities": {
            label: round(float(p), 6) for label, p in zip(truth.labels, truth.probabilities[t], strict=True)
        },
        "answers": int(truth.answers[t]),
        **interval,
    }


def number(value: Any) -> float | None:
    """Six digits after the point; None where there is no such number."""
    return None if np.isnan(value) else round(float(value), 6)


def vote_counts(labels: tuple[str, ...], counts: NDArray[np.int64]) -> dict[str, int]:
    """How many gave each label, in the order of the labels, without zeros."""
    return {label: count for label, count in zip(labels, counts.tolist(), strict=True) if count}


def _workers(db: Database, skills: Iterable[WorkerSkill]) -> list[dict[str, Any]]:
    with db.read() as tx:
        known = {worker.id: worker for worker in list_workers(tx)}
    found = [
        {
            "worker": worker_json(known[skill.worker]),
            "answers": skill.answers,
            "judged": skill.judged,
            "accuracy": number(skill.accuracy),
            "low": number(skill.low),
            "high": number(skill.high),
            "verdict": skill.verdict,
            "why": skill.why,
            "confusion": [[round(float(p), 6) for p in row] for row in skill.confusion],
        }
        for skill in skills
    ]
    return sorted(found, key=lambda one: (-one["answers"], one["worker"]["id"]))
