"""The answers of a project as arrays that follow the store: who, when, how fast, under which guideline, and what. No figures.

Read once; afterwards only the tasks whose answers changed are read again (the `changed` of a task, as following.py does).
Answers are numbers here: the place of a label, of a step, or of a set; of other kinds a fixed sample of tasks keeps its
answers as they are, since comparing two of them takes a while.
"""

import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from tawsim.core.clock import SECOND
from tawsim.core.records import Project, Question
from tawsim.kinds import Choice, Choices, Number, Scale
from tawsim.labelling.schemas import Carrier, carrier_of
from tawsim.labelling.slots import project_row
from tawsim.store import rows
from tawsim.store.database import Database

CHUNK = 20_000
# More changed tasks than this at once, and all is read anew.
MOST_CHANGED = 20_000
# Of kinds whose answers are compared one by one: about so many tasks are.
SAMPLE = 1_500
REMEMBERED = 100_000
Coding = Literal["nominal", "ordinal", "number", "sets", "other"]
NONE = -1


def coding_of(question: Question) -> Coding:
    """How answers to a question become numbers."""
    if isinstance(question, Choice):
        return "nominal"
    if isinstance(question, Scale):
        return "ordinal"
    if isinstance(question, Number):
        return "number"
    return "sets" if isinstance(question, Choices) else "other"


@dataclass(slots=True, eq=False)
class Columns:
    """N answers, sorted by task number and, of one task, by worker. `at` in µs; `seconds` (N,) of active time that was
    counted for the answer, else from when the task was given out, or the last answer if that was later, to the answer;
    `guideline` its version; `codes` by question: a place among labels, steps or `sets` (int32, -1 for none), or a number
    (float64, NaN for none)."""

    seq: NDArray[np.int64]
    worker: NDArray[np.int32]
    at: NDArray[np.int64]
    seconds: NDArray[np.float32]
    guideline: NDArray[np.int32]
    codes: dict[str, NDArray[Any]]

    def __len__(self) -> int:
        return len(self.seq)


@dataclass(slots=True, eq=False)
class Held:
    """What is kept of one project. `whole` (question → task → [(worker, answer)]): answers of the sampled tasks, of kinds that
    are no numbers; a task is sampled if its number, mixed, is below `threshold` of 2^32."""

    project: Project
    columns: Columns
    workers: list[str]
    sets: dict[str, list[tuple[str, ...]]]
    whole: dict[str, dict[int, list[tuple[int, Any]]]]
    threshold: int
    revision: int
    visible_seq: int
    last_at: dict[int, int] = field(default_factory=dict)

    def sampled(self, seq: int) -> bool:
        """Whether a task's answers are compared one by one."""
        return (seq * 2_654_435_761) % 2**32 < self.threshold


def read_columns(db: Database, project: Project) -> Held:
    """All of a project."""
    with db.read() as tx:
        counts = tx.one("project_count_get", project_id=project.id)
        assert counts is not None
        answered = max(int(counts["answers"]) // max(project.overlap, 1), 1)
        held = Held(
            project, _empty(project), [], {q.name: [] for q in project.questions}, _no_answers(project),
            min(2**32, 2**32 * SAMPLE // answered), int(counts["revision"]), int(counts["visible_seq"]),
        )  # fmt: skip
        given = tx.stream("quality_answers", project_id=project.id, visible_seq=held.visible_seq)
        found, granted = _gather(given, held, carrier_of(tx, project))
    order = np.lexsort((found.at, found.worker))
    uncounted = np.isnan(found.seconds)
    guessed = np.empty(len(order), np.float32)
    guessed[order] = _seconds(found.worker[order], found.at[order], granted[order])
    found.seconds[uncounted] = guessed[uncounted]
    latest = np.zeros(len(held.workers), np.int64)
    np.maximum.at(latest, found.worker, found.at)
    held.last_at = dict(enumerate(latest.tolist()))
    held.columns = _sorted(found)
    return held


def catch_up(db: Database, held: Held) -> bool:
    """Read the tasks again whose answers changed. False where all is to be read anew: too many, or other questions."""
    with db.read() as tx:
        counts = tx.one("project_count_get", project_id=held.project.id)
        assert counts is not None
        revision, visible = int(counts["revision"]), int(counts["visible_seq"])
        project = rows.project(project_row(tx, held.project.id))
        if project.schema_version != held.project.schema_version:
            return False
        held.project = project
        if revision == held.revision:
            return True
        limits = {"project_id": project.id, "seen": held.revision, "visible_seq": visible}
        touched = [row["seq"] for row in tx.all("truth_changed", n=MOST_CHANGED + 1, **limits)]
        if len(touched) > MOST_CHANGED:
            return False
        for whole in held.whole.values():
            for seq in touched:
                whole.pop(seq, None)
        given = tx.stream("quality_changed_answers", until=revision + 1, **limits)
        found, granted = _gather(given, held, carrier_of(tx, project))
    _replace(held, np.array(touched, np.int64), found, granted)
    held.revision, held.visible_seq = revision, visible
    return True


def _replace(held: Held, touched: NDArray[np.int64], found: Columns, granted: NDArray[np.int64]) -> None:
    """The new answers of the touched tasks in the place of the old ones."""
    old = held.columns
    touched = np.sort(touched)
    # Ends of the touched tasks' answers: all the others are kept, in stretches.
    first, last = np.searchsorted(old.seq, touched), np.searchsorted(old.seq, touched, "right")
    kept = np.ones(len(old), bool)
    known: dict[tuple[int, int], float] = {}
    for start, end in zip(first.tolist(), last.tolist(), strict=True):
        kept[start:end] = False
        known |= {(int(old.worker[i]), int(old.at[i])): float(old.seconds[i]) for i in range(start, end)}
    for i in np.argsort(found.at, kind="stable").tolist():
        worker, at = int(found.worker[i]), int(found.at[i])
        before = held.last_at.get(worker, 0)
        start = max(int(granted[i]), before if before < at else 0)
        if np.isnan(found.seconds[i]):
            found.seconds[i] = known.get((worker, at), max(at - start, 0) / SECOND)
        held.last_at[worker] = max(before, at)
    found = _sorted(found)
    place = np.searchsorted(old.seq[kept], found.seq)

    def joined(a: NDArray[Any], b: NDArray[Any]) -> NDArray[Any]:
        return np.insert(a[kept], place, b)

    held.columns = Columns(
        joined(old.seq, found.seq),
        joined(old.worker, found.worker),
        joined(old.at, found.at),
        joined(old.seconds, found.seconds),
        joined(old.guideline, found.guideline),
        {name: joined(codes, found.codes[name]) for name, codes in old.codes.items()},
    )


def _sorted(found: Columns) -> Columns:
    order = np.lexsort((found.worker, found.seq))
    return Columns(
        found.seq[order], found.worker[order], found.at[order], found.seconds[order], found.guideline[order],
        {name: codes[order] for name, codes in found.codes.items()},
    )  # fmt: skip


def _seconds(worker: NDArray[np.int32], at: NDArray[np.int64], granted: NDArray[np.int64]) -> NDArray[np.float32]:
    """Of answers sorted by worker and time."""
    before = np.concatenate(([0], at[:-1]))
    before[np.concatenate(([True], worker[1:] != worker[:-1]))] = 0
    return (np.maximum(at - np.maximum(granted, before), 0) / SECOND).astype(np.float32)


def _empty(project: Project) -> Columns:
    none = np.zeros(0, np.int64)
    return Columns(
        none, none.astype(np.int32), none, none.astype(np.float32), none.astype(np.int32),
        {q.name: _codes(q, ()) for q in project.questions if coding_of(q) != "other"},
    )  # fmt: skip


def _codes(question: Question, values: Any) -> NDArray[Any]:
    return np.fromiter(values, np.float64 if coding_of(question) == "number" else np.int32)


def _no_answers(project: Project) -> dict[str, dict[int, list[tuple[int, Any]]]]:
    return {q.name: {} for q in project.questions if coding_of(q) == "other"}


def _gather(given: Iterator[Any], held: Held, carrier: Carrier) -> tuple[Columns, NDArray[np.int64]]:
    """Columns from rows, in the order they come, with NaN seconds where no time was counted; and when each task was given
    out (N,)."""
    read = _Reader(held, carrier)
    places = {worker: i for i, worker in enumerate(held.workers)}
    coded = [q for q in held.project.questions if coding_of(q) != "other"]
    parts: dict[str, list[NDArray[Any]]] = defaultdict(list)
    while chunk := list(islice(given, CHUNK)):
        seq, worker, text, version, at, granted, active, guideline = zip(*chunk, strict=True)
        for one in sorted(set(worker) - places.keys()):  # in one order, whichever process reads
            places[one] = len(places)
            held.workers.append(one)
        who = [places[one] for one in worker]
        parts["seq"].append(np.fromiter(seq, np.int64, len(chunk)))
        parts["worker"].append(np.fromiter(who, np.int32, len(chunk)))
        parts["at"].append(np.fromiter(at, np.int64, len(chunk)))
        parts["granted"].append(np.fromiter(granted, np.int64, len(chunk)))
        parts["active"].append(np.array(active, np.float64))  # None becomes NaN
        parts["guideline"].append(np.fromiter(guideline, np.int32, len(chunk)))
        codes = read.codes(text, version)
        for place, question in enumerate(coded):
            parts["code " + question.name].append(_codes(question, (one[place] for one in codes)))
        if held.whole:
            read.keep(zip(seq, who, text, version, strict=True))

    def joined(name: str, kind: Any) -> NDArray[Any]:
        return np.concatenate(parts[name]) if parts[name] else np.zeros(0, kind)

    found = Columns(
        joined("seq", np.int64), joined("worker", np.int32), joined("at", np.int64),
        (joined("active", np.float64) / SECOND).astype(np.float32), joined("guideline", np.int32),
        {q.name: joined("code " + q.name, _codes(q, ()).dtype) for q in coded},
    )  # fmt: skip
    return found, joined("granted", np.int64)


class _Reader:
    """Answers as numbers. Texts of answers repeat, and are parsed once."""

    def __init__(self, held: Held, carrier: Carrier) -> None:
        self.held, self.carrier = held, carrier
        self._coded = [q for q in held.project.questions if coding_of(q) != "other"]
        self._other = [q.name for q in held.project.questions if coding_of(q) == "other"]
        self._place = {
            q.name: {label: i for i, label in enumerate(q.labels)} for q in self._coded if isinstance(q, Choice)
        }
        self._sets = {name: {one: i for i, one in enumerate(sets)} for name, sets in held.sets.items()}
        self._parsed: dict[tuple[str, int], tuple[Any, ...]] = {}

    def codes(self, texts: tuple[str, ...], versions: tuple[int, ...]) -> list[tuple[Any, ...]]:
        """Of each answer the numbers of the questions that have them."""
        if len(self._parsed) > REMEMBERED:
            self._parsed.clear()
        keys = list(zip(texts, versions, strict=True))
        for key in sorted(set(keys) - self._parsed.keys()):
            answers = self._answers(*key)
            self._parsed[key] = tuple(self._code(q, answers.get(q.name)) for q in self._coded)
        return [self._parsed[key] for key in keys]

    def keep(self, given: Any) -> None:
        """Keep the answers of sampled tasks as they are, where they are no numbers."""
        for seq, worker, text, version in given:
            if self.held.sampled(seq):
                answers = self._answers(text, version)
                for name in self._other:
                    if answers.get(name) is not None:
                        self.held.whole[name].setdefault(seq, []).append((worker, answers[name]))

    def _answers(self, text: str, version: int) -> dict[str, Any]:
        answers: dict[str, Any] = json.loads(text)
        return answers if self.carrier.is_present(version) else self.carrier.carry(version, answers).answers

    def _code(self, question: Question, answer: Any) -> Any:
        if isinstance(question, Number):
            return float("nan") if answer is None else float(answer)
        if answer is None:
            return NONE
        if isinstance(question, Choice):
            return self._place[question.name].get(answer, NONE)
        if isinstance(question, Scale):
            return int(answer) - question.low if question.low <= answer <= question.high else NONE
        chosen = tuple(answer)
        known, sets = self._sets[question.name], self.held.sets[question.name]
        if chosen not in known:
            known[chosen] = len(sets)
            sets.append(chosen)
        return known[chosen]
