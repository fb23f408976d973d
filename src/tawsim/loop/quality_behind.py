"""The tasks behind a figure of the quality page: which they are, the most doubtful first, and what people said on each."""

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tawsim.core.errors import BadInput
from tawsim.core.records import Project, Worker
from tawsim.labelling.schemas import carrier_of
from tawsim.loop.quality_look import Ints, Look
from tawsim.loop.quality_people import probabilities, truth_codes
from tawsim.loop.quality_slices import Slice
from tawsim.store import rows
from tawsim.store.database import Database

MOST_TASKS = 50
MOST_TEXT = 600
# What may be asked behind, and the names that each needs.
ASKED: Mapping[str, tuple[str, ...]] = {
    "all": (), "label": ("a",), "mixed": ("a", "b"), "person": ("worker",), "pair": ("worker", "other"),
    "slice": ("kind", "value"), "time": ("from", "to"),
}  # fmt: skip


def places_behind(look: Look, slices: list[Slice], asked: Mapping[str, str]) -> Ints:
    """Places (among the look's tasks) of those behind a figure, the most doubtful first: where people differ, or, for one
    person or label of the truth, where they do. Raises `BadInput` for what nobody can ask."""
    of = asked.get("of", "")
    if of not in ASKED:
        raise BadInput(f"Nothing stands behind {of[:40]!r}.", "Known: " + ", ".join(ASKED))
    for name in ASKED[of]:
        if not asked.get(name) and not (of == "slice" and name == "value"):
            raise BadInput(f"Behind “{of}” the field “{name}” is wanted.", field=name)
    chosen = {
        "all": _all, "label": _label, "mixed": _mixed, "person": _person, "pair": _pair, "slice": _slice, "time": _time
    }[of](look, slices, asked)  # fmt: skip
    found = np.flatnonzero(chosen)
    return found[np.lexsort((found, probabilities(look)[found]))]


def _differ(look: Look) -> NDArray[np.bool_]:
    """Tasks whose answers are not all alike."""
    found = np.zeros(len(look.seqs), bool)
    found[look.task[look.first[look.like < 1]]] = True
    return found


def _all(look: Look, _slices: list[Slice], _asked: Mapping[str, str]) -> NDArray[np.bool_]:
    return _differ(look)


def _has(look: Look, label: str) -> NDArray[np.bool_]:
    """Tasks that somebody gave this label."""
    if label not in look.labels:
        raise BadInput(f"There is no label {label[:60]!r} in “{look.question.name}”.", field="a")
    if look.coding == "sets":
        own = np.array([label in one for one in look.held.sets[look.question.name]], bool)[look.code]
    else:
        own = look.code == look.labels.index(label)
    found = np.zeros(len(look.seqs), bool)
    found[look.task[own]] = True
    return found


def _label(look: Look, _slices: list[Slice], asked: Mapping[str, str]) -> NDArray[np.bool_]:
    return _has(look, asked["a"]) & _differ(look)


def _mixed(look: Look, _slices: list[Slice], asked: Mapping[str, str]) -> NDArray[np.bool_]:
    a, b = asked["a"], asked["b"]
    if a != b:
        return _has(look, a) & _has(look, b)
    many = (
        np.bincount(look.task[look.code == look.labels.index(a)], minlength=len(look.seqs)) if a in look.labels else 0
    )
    return _has(look, a) & (np.asarray(many) > 1)


def _answers_of(look: Look, worker: str) -> Ints:
    if worker not in look.held.workers:
        raise BadInput("This person answered nothing here.", field="worker")
    return np.flatnonzero(look.worker == look.held.workers.index(worker))


def _person(look: Look, _slices: list[Slice], asked: Mapping[str, str]) -> NDArray[np.bool_]:
    """Where one person differs from the truth (or, where that is no label, from somebody); with `a` and `b`, where the truth
    is a and they said b."""
    mine = _answers_of(look, asked["worker"])
    best = truth_codes(look)
    found = np.zeros(len(look.seqs), bool)
    if best is None:
        found[look.task[mine[np.nan_to_num(look.others[mine], nan=1.0) < 1]]] = True
        return found
    truth = best[look.task[mine]]
    wrong = (truth >= 0) & (look.code[mine] != truth)
    if asked.get("a") in look.labels and asked.get("b") in look.labels:
        wrong = (truth == look.labels.index(asked["a"])) & (look.code[mine] == look.labels.index(asked["b"]))
    found[look.task[mine[wrong]]] = True
    return found


def _pair(look: Look, _slices: list[Slice], asked: Mapping[str, str]) -> NDArray[np.bool_]:
    one, other = (
        look.held.workers.index(asked[name]) if asked[name] in look.held.workers else -1 for name in ("worker", "other")
    )
    a, b = look.worker[look.first], look.worker[look.second]
    both = ((a == one) & (b == other)) | ((a == other) & (b == one))
    found = np.zeros(len(look.seqs), bool)
    found[look.task[look.first[both & (look.like < 1)]]] = True
    return found


def _slice(look: Look, slices: list[Slice], asked: Mapping[str, str]) -> NDArray[np.bool_]:
    for one in slices:
        if (one.kind, one.name) == (asked["kind"], asked.get("name", "")) and asked.get("value", "") in one.values:
            return np.asarray(one.place[look.seqs] == one.values.index(asked.get("value", ""))) & _differ(look)
    raise BadInput("There is no such slice.", field="value")


def _time(look: Look, _slices: list[Slice], asked: Mapping[str, str]) -> NDArray[np.bool_]:
    try:
        start, end = int(asked["from"]), int(asked["to"])
    except ValueError:
        raise BadInput("from and to are times in microseconds.", field="from") from None
    return (look.last_at >= start) & (look.last_at < end) & _differ(look)


def tasks_behind(db: Database, look: Look, places: Ints, known: Mapping[str, Worker]) -> dict[str, Any]:
    """The first 50 of these tasks: their row, what each person answered and said, and what the truth is."""
    project: Project = look.held.project
    sure = probabilities(look)
    shown = []
    with db.read() as tx:
        carrier = carrier_of(tx, project)
        for place in places[:MOST_TASKS].tolist():
            row = tx.one("task_by_seq", project_id=project.id, seq=int(look.seqs[place]))
            if row is None:  # removed since
                continue
            task = rows.task(row, row["content"])
            answers = []
            for one in tx.all("quality_task_answers", task_id=task.id, round=task.round):
                given = json.loads(one["answers"])
                if not carrier.is_present(one["schema_version"]):
                    given = carrier.carry(one["schema_version"], given).answers
                person = known.get(one["worker_id"])
                answers.append({
                    "worker": one["worker_id"], "name": "" if person is None else person.name,
                    "answer": given.get(look.question.name), "comment": one["comment"], "flag": bool(one["flag"]),
                })  # fmt: skip
            t = look.truth.place(task.seq)
            shown.append({
                "task_id": task.id, "seq": task.seq, "text": str(task.content.get(project.text_column, ""))[:MOST_TEXT],
                "truth": None if t is None else look.truth.label(t), "p": round(float(sure[place]), 4) if t is not None else None,
                "answers": answers,
            })  # fmt: skip
    return {"total": len(places), "tasks": shown}
