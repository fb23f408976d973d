"""The figures of every task of a project as arrays in memory, and how they follow the store. No filters, no rows shown.

A row stands at the place of its task's number, so nothing has to be looked up. Read once, in short reads while everything
else goes on; then the log of events says which tasks to read again. What is changed here in bulk says so itself.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tawsim.store.database import Database, Row, Transaction
from tawsim.workspaces.workspace import list_workers

NEVER = np.iinfo(np.int64).min  # of times: there is none
SLICE = 20_000  # tasks in one read
MOST_EVENTS = 50_000  # more than these at once, and all is read anew
OPEN, SKIPPED, REMOVED = 1, 2, 3
FLAGGED, SAID, ACCEPTED, FIXED, REJECTED = 1, 2, 4, 8, 16
VERDICT = {"accept": ACCEPTED, "fix": FIXED, "reject": REJECTED}
TASK_COLUMNS: dict[str, Any] = {
    "state": np.uint8, "accepted": np.uint16, "overlap": np.uint16, "load": np.uint16, "skips": np.uint16,
    "round": np.uint16, "priority": np.int16, "due": np.int64, "purpose": np.uint8, "lane": np.uint32,
}  # fmt: skip
ANSWER_COLUMNS: dict[str, Any] = {"marks": np.uint8, "distinct": np.uint16, "changed": np.int64}
# Events without a task that change no figure here: what they bring is seen elsewhere, or is no figure of a task.
HARMLESS = ("tasks.", "worker.", "member.", "media.", "suggestions.", "view.", "tag.", "audit.", "endpoint.", "webhook.",
            "digest.", "alert.", "live.", "delivery.", "pay.", "dispute.", "person.", "guideline.", "import.", "project.",
            "bulk.begun", "batch.", "scale.")  # fmt: skip


@dataclass(slots=True)
class Columns:
    """Arrays over task numbers 0..`top` (0 is nobody's). `state`: 0 where there is no such task. Times in µs, NEVER for none.
    `tags`: one array of 64 bits for every 64 tags. `of_task` and `of_worker`: one entry for each answer that counts; of a
    task whose answers were read again, the former entries name task 0. `share` is how much has been read (0..1)."""

    project_id: str
    top: int = 0
    number: int = 0
    revision: int = 0
    share: float = 0.0
    columns: dict[str, NDArray[Any]] = field(default_factory=dict)
    tags: list[NDArray[np.uint64]] = field(default_factory=list)
    lanes: list[str] = field(default_factory=lambda: [""])
    places: dict[str, int] = field(default_factory=lambda: {"": 0})  # of `lanes`: each batch has one or more
    workers: list[str] = field(default_factory=list)
    of_task: NDArray[np.int32] = field(default_factory=lambda: np.zeros(0, np.int32))
    of_worker: NDArray[np.uint16] = field(default_factory=lambda: np.zeros(0, np.uint16))
    answers: int = 0  # entries in use of the two
    version: int = 0  # rises with every change

    def __getitem__(self, name: str) -> NDArray[Any]:
        """A column over 0..top."""
        return self.columns[name][: self.top + 1]

    def bytes_held(self) -> int:
        """Memory of all arrays."""
        held = [*self.columns.values(), *self.tags, self.of_task, self.of_worker]
        return sum(one.nbytes for one in held)

    # ---- growing -----------------------------------------------------------------------------------------------
    def grow(self, top: int) -> None:
        """Room for tasks up to number `top`, a quarter more than needed when it has to be made."""
        room = len(self.columns["state"]) if self.columns else 0
        if top >= room:
            size = top + 1 + (top // 4 if room else 0)
            for name, kind in (TASK_COLUMNS | ANSWER_COLUMNS).items():
                fresh = np.full(size, NEVER, kind) if name in ("due", "changed") else np.zeros(size, kind)
                if room:
                    fresh[:room] = self.columns[name]
                self.columns[name] = fresh
            for place, words in enumerate(self.tags):
                self.tags[place] = np.concatenate([words, np.zeros(size - len(words), np.uint64)])
        self.top = max(self.top, top)

    def tag_words(self, number: int) -> NDArray[np.uint64]:
        """The array that holds the bit of a tag."""
        while number // 64 >= len(self.tags):
            self.tags.append(np.zeros(len(self.columns["state"]), np.uint64))
        return self.tags[number // 64]

    def lane_place(self, lane_id: str) -> int:
        """The number under which a lane stands in its column."""
        if lane_id not in self.places:
            self.places[lane_id] = len(self.lanes)
            self.lanes.append(lane_id)
        return self.places[lane_id]

    def worker_place(self, worker_id: str) -> int:
        """The number of a worker."""
        if worker_id not in self.workers:
            self.workers.append(worker_id)
        return self.workers.index(worker_id)

    # ---- putting in ----------------------------------------------------------------------------------------------
    def put_tasks(self, rows: Iterable[Row]) -> None:
        """Figures of the tasks themselves."""
        rows = list(rows)
        if not rows:
            return
        found = list(zip(*rows, strict=True))
        seqs = np.array(found[0], np.int64)
        for name, values in zip(list(TASK_COLUMNS)[:7], found[1:8], strict=True):
            self.columns[name][seqs] = values
        self.columns["due"][seqs] = [NEVER if one is None else one for one in found[8]]
        self.columns["purpose"][seqs] = found[9]
        places = {lane: self.lane_place(lane) for lane in set(found[10])}
        self.columns["lane"][seqs] = [places[one] for one in found[10]]

    def put_answers(self, rows: Iterable[Row]) -> None:
        """Figures of the answers that count, for tasks that have none here yet."""
        rows = list(rows)
        if not rows:
            return
        seqs, workers, flags, said, at, answers = zip(*rows, strict=True)
        seq = np.array(seqs, np.int64)
        marks = np.array(flags, np.uint8) * FLAGGED | np.array(said, np.uint8) * SAID
        np.bitwise_or.at(self.columns["marks"], seq, marks)
        np.maximum.at(self.columns["changed"], seq, np.array(at, np.int64))
        # Equal answers are stored as equal text; their hashes are compared instead of keeping millions of texts.
        pairs = np.unique(np.stack([seq, np.fromiter(map(hash, answers), np.int64, len(answers))]), axis=1)
        np.add.at(self.columns["distinct"], pairs[0], np.uint16(1))
        places = {worker: self.worker_place(worker) for worker in set(workers)}
        self._append(seq, np.array([places[one] for one in workers], np.uint16))

    def _append(self, seq: NDArray[np.int64], worker: NDArray[np.uint16]) -> None:
        end = self.answers + len(seq)
        if end > len(self.of_task):
            room = end + end // 4
            self.of_task, held = np.zeros(room, np.int32), self.of_task
            self.of_task[: self.answers] = held[: self.answers]
            self.of_worker, old = np.zeros(room, np.uint16), self.of_worker
            self.of_worker[: self.answers] = old[: self.answers]
        self.of_task[self.answers : end] = seq
        self.of_worker[self.answers : end] = worker
        self.answers = end

    def forget_answers(self, seqs: NDArray[np.int64]) -> None:
        """These tasks have no answers here, so that they can be put in anew."""
        self.columns["marks"][seqs] = 0
        self.columns["distinct"][seqs] = 0
        self.columns["changed"][seqs] = NEVER
        gone = np.zeros(len(self.columns["state"]), bool)
        gone[seqs] = True
        entries = self.of_task[: self.answers]
        entries[gone[entries]] = 0
        dead = int((entries == 0).sum())
        if dead > 10_000 and dead > self.answers // 2:
            alive = entries > 0
            kept_tasks, kept_workers = entries[alive], self.of_worker[: self.answers][alive]
            self.of_task, self.of_worker, self.answers = kept_tasks, kept_workers, len(kept_tasks)

    def put_tags(self, seq: int, numbers: Iterable[int]) -> None:
        """The tags of one task, in the place of those it had."""
        numbers = list(numbers)
        for number in numbers:
            self.tag_words(number)
        for place, words in enumerate(self.tags):
            words[seq] = sum(1 << (number % 64) for number in numbers if number // 64 == place)


# ---- reading all -------------------------------------------------------------------------------------------------------
def read_all(db: Database, project_id: str, into: Columns) -> Columns:
    """All of a project, a slice of tasks to a read, so that nobody waits for it. What changes meanwhile is caught up later."""
    with db.read() as tx:
        top, into.revision, into.number = _marks(tx, project_id)
        into.workers = [worker.id for worker in list_workers(tx)]
    into.grow(top)
    for after in range(0, top, SLICE):
        window = {"project_id": project_id, "after": after, "until": min(after + SLICE, top)}
        with db.read() as tx:
            into.put_tasks(tx.all("table_tasks", **window))
            into.put_answers(tx.all("table_answers", **window))
        into.share = min(after + SLICE, top) / top
    with db.read() as tx:
        _put_reviews(into, tx.all("table_reviews", project_id=project_id))
        for row in tx.stream("table_tags", project_id=project_id):
            into.tag_words(row["number"])[row["seq"]] |= np.uint64(1 << (row["number"] % 64))
    into.share = 1.0
    return into


def _marks(tx: Transaction, project_id: str) -> tuple[int, int, int]:
    """The last visible task, the revision of the answers, the number of the last event."""
    counts, last = tx.one("project_count_get", project_id=project_id), tx.one("table_last_event")
    assert counts is not None
    assert last is not None
    return int(counts["visible_seq"]), int(counts["revision"]), int(last["number"] or 0)


def _put_reviews(into: Columns, rows: Iterable[Row]) -> None:
    for row in rows:
        if row["seq"] <= into.top:
            into.columns["marks"][row["seq"]] |= VERDICT[row["verdict"]]


# ---- following -----------------------------------------------------------------------------------------------------------
def catch_up(db: Database, into: Columns, touched: set[int], own: Mapping[str, int]) -> bool:
    """Read again what events and the revision name, and `touched`. False where all must be read anew. `own`: of actions on
    many tasks that told which they touched, how many."""
    with db.read() as tx:
        top, revision, number = _marks(tx, into.project_id)
        if number > into.number:
            events = tx.all("table_events", project_id=into.project_id, after=into.number, n=MOST_EVENTS + 1)
            if len(events) > MOST_EVENTS or any(_is_wide(row, own) for row in events):
                return False
            touched.update(row["seq"] for row in events if row["seq"] is not None)
        if revision != into.revision:
            limits = {"project_id": into.project_id, "seen": into.revision, "visible_seq": top}
            changed = tx.all("truth_changed", n=MOST_EVENTS + 1, **limits)
            if len(changed) > MOST_EVENTS:
                return False
            touched.update(row["seq"] for row in changed)
        if top > into.top:
            first = into.top
            into.grow(top)
            for after in range(first, top, SLICE):
                until = min(after + SLICE, top)
                into.put_tasks(tx.all("table_tasks", project_id=into.project_id, after=after, until=until))
            touched = {seq for seq in touched if seq <= first} | _answered(tx, into.project_id, first, top)
        _read_again(tx, into, sorted(seq for seq in touched if 0 < seq <= into.top))
        if touched or number > into.number:
            into.version += 1
        into.number, into.revision = number, revision
    return True


def _is_wide(row: Row, own: Mapping[str, int]) -> bool:
    """Whether an event may have changed many tasks at once without naming them."""
    if row["task_id"] is not None:
        return False
    if row["object_id"] in own and row["kind"] in ("bulk.done", "bulk.undone"):
        return bool(json.loads(row["data"])["changed"] > own[row["object_id"]])
    if row["kind"] == "project.changed":
        return '"overlap"' in row["data"]
    return not row["kind"].startswith(HARMLESS)


def _answered(tx: Transaction, project_id: str, after: int, until: int) -> set[int]:
    return {row["seq"] for row in tx.stream("table_answers", project_id=project_id, after=after, until=until)}


def _read_again(tx: Transaction, into: Columns, seqs: list[int]) -> None:
    if not seqs:
        return
    into.forget_answers(np.array(seqs, np.int64))
    tasks: list[Row] = []
    answers: list[Row] = []
    for seq in seqs:
        window = {"project_id": into.project_id, "after": seq - 1, "until": seq}
        tasks += tx.all("table_tasks", **window)
        answers += tx.all("table_answers", **window)
        into.put_tags(seq, (row["number"] for row in tx.all("table_tags_of", project_id=into.project_id, seq=seq)))
    into.put_tasks(tasks)
    into.put_answers(answers)
    for seq in seqs:
        _put_reviews(into, tx.all("table_reviews_of", project_id=into.project_id, seq=seq))


def names_of_lane(requirement: str, names: Mapping[str, str]) -> set[str]:
    """What a lane may be called in a filter: each language, dialect, skill and group it asks for, and its people's names."""
    data = json.loads(requirement)
    found = {str(one) for name, values in data.items() if name != "workers" for one in values}
    return found | {names.get(one, "") for one in data.get("workers", ())} - {""}
