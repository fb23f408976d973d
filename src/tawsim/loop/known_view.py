"""What a lead sees of tasks of known answer, and of where people stand. Reads only."""

import json
from typing import Any

from tawsim.core.records import Project
from tawsim.labelling.evidence import score
from tawsim.labelling.gold import RIGHT_AT, chance_wrong
from tawsim.labelling.media import media_of
from tawsim.labelling.presenting import asks_of, media_names
from tawsim.labelling.slots import project_row, task_row
from tawsim.labelling.training import stages_of
from tawsim.store import rows
from tawsim.store.database import Database, Row, Transaction

SAID = 200


def known_page(db: Database, project_id: str, *, after: str, limit: int) -> dict[str, Any]:
    """A page of the project's tasks of known answer, how many there are, and how many answers a verdict needs at least.

    `share` is how often each was answered rightly, with its 95 % interval; `p_wrong` the probability that its answer is wrong.
    """
    with db.read() as tx:
        project = rows.project(project_row(tx, project_id))
        counts = tx.one("project_count_get", project_id=project_id)
        visible = 0 if counts is None else counts["visible_seq"]
        found = tx.all("gold_page", project_id=project_id, after=after, n=limit, visible_seq=visible)
        groups = tx.all("gold_counts", project_id=project_id, visible_seq=visible)
        tasks = [_known(tx, project, row) for row in found]
    training = project.settings.training
    return {
        "tasks": tasks, "next": tasks[-1]["task_id"] if len(tasks) == limit else None,
        "counts": {f"{row['purpose']}_{row['state']}": row["n"] for row in groups},
        "least_for_verdict": max(training.least, fewest(training.pass_at)),
    }  # fmt: skip


def fewest(pass_at: float, most: int = 1_000) -> int:
    """How many answers, all of them right, lift the interval above the threshold; `most` where that many do not."""
    low, high = 1, most
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if score(middle, middle).low >= pass_at else (middle + 1, high)
    return low


def _known(tx: Transaction, project: Project, row: Row) -> dict[str, Any]:
    content = json.loads(row["content"])
    share = score(row["answers_n"], min(max(row["right_sum"], 0.0), row["answers_n"]))
    return {
        "task_id": row["task_id"], "seq": row["seq"],
        "content": {column: value for column, value in content.items() if column != project.settings.asks},
        "media": media_of(tx, project.id, media_names(project, content)), "purpose": row["purpose"],
        "answers": json.loads(row["answers"]), "explanation": row["explanation"], "state": row["state"],
        "version": row["version"], "n": row["answers_n"], "right": share.right,
        "share": {"mean": share.mean, "low": share.low, "high": share.high},
        "p_wrong": chance_wrong(row["doubt"]), **asks_of(project, content),
    }  # fmt: skip


def known_task(db: Database, task_id: str) -> dict[str, Any]:
    """One task of known answer, and who said what to it, the newest last. Raises NotFound."""
    with db.read() as tx:
        task = task_row(tx, task_id)
        project = rows.project(project_row(tx, task["project_id"]))
        row = tx.one("gold_one", task_id=task_id)
        said = tx.all("gold_answers", task_id=task_id, n=SAID)
        return {
            "known": None if row is None else _known(tx, project, row),
            "said": [
                {
                    "annotation_id": one["annotation_id"], "worker": {"id": one["worker_id"], "name": one["name"]},
                    "answers": json.loads(one["answers"]), "score": one["score"], "right": one["score"] >= RIGHT_AT,
                    "at": one["at"],
                }
                for one in said
            ],
        }  # fmt: skip


def people_of(db: Database, project_id: str) -> dict[str, Any]:
    """Everybody who labels in the project, with stage, score and interval. Raises NotFound."""
    with db.read() as tx:
        project = rows.project(project_row(tx, project_id))
        return {"people": stages_of(tx, project), "pass_at": project.settings.training.pass_at}
