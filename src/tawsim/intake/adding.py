"""Rows → tasks: a streamed import that is all or nothing, never holds the queue up for long, and names duplicates.

Tasks are written in short transactions beyond the project's visible edge, where no query sees them; moving that edge is
the commit. What a crash leaves beyond the edge is cleared by the next import. File formats are in the readers beside this.
"""

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from hashlib import blake2b
from itertools import islice
from typing import Any, Protocol

from tawsim.core.clock import SECOND
from tawsim.core.errors import AlreadyRunning, BadFile, BadInput, Conflict, TawsimError
from tawsim.core.ids import new_id, new_ids
from tawsim.core.records import DuplicatePolicy, ImportReport, Project
from tawsim.core.text import text_key
from tawsim.intake.judged import Judged
from tawsim.intake.pacing import CHUNK, Pace
from tawsim.intake.repeats import Repeats
from tawsim.store import rows
from tawsim.store.database import Database, Row, Transaction
from tawsim.store.keys import record

NAMED_DUPLICATES = 100
STALE_AFTER = 60 * SECOND
POSITION_BITS = 36  # rows an import may have: 2^36; imports a project may have: 2^27

NumberedRow = tuple[int, Mapping[str, Any]]


class Places(Protocol):
    """Where rows go, if not all of them to everybody: which lane, and whether their answer is known."""

    def read(self, row: Mapping[str, Any], file: str, number: int) -> tuple[Mapping[str, Any], dict[str, Any]]:
        """The row as it is stored, and what else its task is. Outside the writer; raises BadFile."""

    def store(self, tx: Transaction, tasks: Sequence[dict[str, Any]]) -> None:
        """Complete these tasks with purpose, lane_id and is_open, in the transaction that inserts them."""

    def stored(self, tx: Transaction, tasks: Sequence[Mapping[str, Any]]) -> None:
        """Keep what belongs to them, now that they are there."""


_UNDER_WAY: set[str] = set()  # the imports of this process


@dataclass(slots=True)
class _Import:
    """An import under way. `next_seq` is the number that the next task gets; `known` counts those whose answer is known."""

    id: str
    project: Project
    source: str
    number: int
    first_seq: int
    policy: DuplicatePolicy
    places: Places | None = None
    next_seq: int = 0
    known: int = 0
    read: int = 0
    duplicate_count: int = 0
    named: list[tuple[int, int]] = field(default_factory=list)
    writing: Future[None] | None = None

    def settle(self) -> None:
        """Wait for the chunk that is being stored, and raise what it raised."""
        if self.writing is not None:
            writing, self.writing = self.writing, None
            writing.result()


def add_tasks(
    db: Database,
    project: Project,
    numbered_rows: Iterable[NumberedRow],
    *,
    actor_id: str,
    source: str,
    digest: str,
    duplicates: DuplicatePolicy = "keep",
    on_chunk: Callable[[int], None] | None = None,
    places: Places | None = None,
) -> ImportReport:
    """Import all of `numbered_rows` as tasks, or none of them. `places`: where they go, if not all of them to everybody.

    `digest` names the content: a second import with the same one is answered with the first one's report
    (`repeated=True`). `on_chunk` is told the number of rows read so far. Raises BadFile with row and column,
    AlreadyRunning if the project has another import under way, and whatever the rows' source raises.
    """
    started = db.write(lambda tx: _begin(tx, project, source, digest))
    if isinstance(started, ImportReport):
        return started
    job = _Import(started["id"], project, source, started["number"], started["first_seq"], duplicates, places)
    job.next_seq = job.first_seq
    try:
        _clear_hidden(db, job)
        repeats = Repeats(db, project.id, without_tasks=job.first_seq == 1)
        iterator, pace = iter(numbered_rows), Pace(db)
        while chunk := list(islice(iterator, pace.rows)):
            tasks = _prepare(db, job, repeats, chunk)
            job.settle()
            # One chunk is stored while the next is read: the disk and this thread wait for each other no longer.
            job.writing = db.write_soon(partial(_insert, job_id=job.id, rows_read=job.read, tasks=tasks, places=places))
            if on_chunk is not None:
                on_chunk(job.read)
            pace.rest(job.writing)
        job.settle()
        if job.read == 0:
            raise BadFile("it has no rows.", "Add at least one row below the header.", file=source)
        return db.write(lambda tx: _finish(tx, job, actor_id))
    except BaseException:
        with suppress(TawsimError):  # on a full disk nothing can be cleared now; the next import finds and clears it
            _clear_hidden(db, job)
            db.write(lambda tx: _end(tx, job, "failed", added=0))
        raise
    finally:
        _UNDER_WAY.discard(job.id)


def _begin(tx: Transaction, project: Project, source: str, digest: str) -> ImportReport | dict[str, Any]:
    same = tx.one("import_same", project_id=project.id, digest=digest)
    if same is not None:
        return rows.import_report(same, repeated=True)
    refuse_another(tx, project)
    taken = tx.one("import_take_number", project_id=project.id)
    assert taken is not None
    started = {"id": new_id(tx.now), "number": taken["import_number"], "first_seq": taken["visible_seq"] + 1}
    _UNDER_WAY.add(started["id"])  # here, not after the commit: the next import may stand in the same one
    tx.run(
        "import_insert",
        project_id=project.id,
        source=source[:500],
        digest=digest,
        pid=os.getpid(),
        now=tx.now,
        **started,
    )
    return started


def refuse_another(tx: Transaction, project: Project) -> None:
    """End an import into the project that died. Raises AlreadyRunning where one is under way."""
    running = tx.one("import_running", project_id=project.id)
    if running is None:
        return
    if not _is_dead(tx, running):
        raise AlreadyRunning(
            f"Another import into “{project.name}” is under way ({running['source']}, {running['rows_read']:,} rows so far).",
            "Wait until it has ended.",
        )
    tx.run(
        "import_end", id=running["id"], state="failed", now=tx.now, rows_read=running["rows_read"], added=0,
        duplicate_count=0, duplicates="[]",
    )  # fmt: skip


def _is_dead(tx: Transaction, running: Row) -> bool:
    """Its process is gone, or has not been heard of for a minute. Of this process's own it is known for certain."""
    if running["pid"] == os.getpid():
        return running["id"] not in _UNDER_WAY  # a container's server has the same number after every restart
    try:
        os.kill(running["pid"], 0)
    except ProcessLookupError:
        return True
    except OSError:
        pass
    return bool(tx.now - running["seen_at"] > STALE_AFTER)


def _prepare(db: Database, job: _Import, repeats: Repeats, chunk: list[NumberedRow]) -> list[dict[str, Any]]:
    """Check each row and find what it repeats, outside the writer."""
    tasks: list[dict[str, Any]] = []
    ids = new_ids(db.clock(), len(chunk))
    judged = Judged(job.project)
    with repeats.chunk(job.settle):
        for (row_number, given), task_id in zip(chunk, ids, strict=True):
            row, placed = job.places.read(given, job.source, row_number) if job.places is not None else (given, {})
            key = text_key(judged.text(row, file=job.source, row_number=row_number))
            earlier = repeats.earlier(key)
            if earlier and _note_duplicate(job, row_number, earlier):
                continue
            try:
                content = rows.to_json(row)
                content.encode("utf-8")
            except (ValueError, TypeError, RecursionError) as error:
                raise BadFile(
                    "it holds a value that cannot be stored.", str(error), file=job.source, row=row_number
                ) from None
            repeats.note(key, job.next_seq)
            tasks.append(
                {
                    "id": task_id,
                    "project_id": job.project.id,
                    "seq": job.next_seq,
                    "position": _position(job),
                    "overlap": job.project.overlap,
                    "text_key": key,
                    "content": content,
                    **placed,
                }
            )
            job.known += placed.get("known") is not None
            job.next_seq += 1
    job.read += len(chunk)
    return tasks


def _note_duplicate(job: _Import, row_number: int, earlier: int) -> bool:
    """Count and name a duplicate; True if it is to be left out."""
    if job.policy == "refuse":
        raise BadFile(
            f"it has the same text as task {earlier}.", "Remove it, or import with --duplicates keep or skip.",
            file=job.source, row=row_number,
        )  # fmt: skip
    job.duplicate_count += 1
    if len(job.named) < NAMED_DUPLICATES:
        job.named.append((row_number, earlier))
    return job.policy == "skip"


def _position(job: _Import) -> int:
    """Where the task stands in the plan: later imports after earlier ones, inside one by row or shuffled."""
    return position(job.project, job.number, job.next_seq - job.first_seq, job.id)


def position(project: Project, number: int, offset: int, seed: str) -> int:
    """The position of row `offset` of import `number`. `seed` tells one shuffle from another."""
    if project.order == "random":
        offset = shuffled(offset, seed)
    return (number << POSITION_BITS) | offset


def shuffled(offset: int, seed: str) -> int:
    """A permutation of 0..2^36-1 (four Feistel rounds, Luby & Rackoff 1988), so that a streamed import can be shuffled
    without holding it, and no two tasks tie."""
    half = POSITION_BITS // 2
    mask = (1 << half) - 1
    left, right = offset >> half, offset & mask
    for round_ in range(4):
        mixed = blake2b(f"{seed}/{round_}/{right}".encode(), digest_size=8).digest()
        left, right = right, left ^ (int.from_bytes(mixed, "big") & mask)
    return (left << half) | right


def _insert(
    tx: Transaction, *, job_id: str, rows_read: int, tasks: list[dict[str, Any]], places: Places | None
) -> None:
    if tx.run("import_seen", id=job_id, now=tx.now, rows_read=rows_read) == 0:
        raise Conflict("This import was taken for dead and ended.", "Import the file again.")
    if places is not None:
        places.store(tx, tasks)
    if places is None:
        tx.many("task_insert", tasks)
    else:
        tx.many("task_insert_placed", tasks)
    tx.many("task_content_insert", tasks)
    if places is not None:
        places.stored(tx, tasks)


def _finish(tx: Transaction, job: _Import, actor_id: str) -> ImportReport:
    added = job.next_seq - job.first_seq
    overlap = _follow_overlap(tx, job)
    tx.run(
        "import_show", project_id=job.project.id, visible_seq=job.next_seq - 1,
        visible_position=((job.number + 1) << POSITION_BITS) - 1, added=added,
        work=added - job.known, answers_wanted=(added - job.known) * overlap,
        duplicates=0 if job.policy == "skip" else job.duplicate_count,
    )  # fmt: skip
    _end(tx, job, "done", added=added)
    record(tx, "tasks.imported", actor_id, project_id=job.project.id, object_id=job.id)
    row = tx.one("import_get", id=job.id)
    assert row is not None
    return rows.import_report(row)


def _follow_overlap(tx: Transaction, job: _Import) -> int:
    """The project's overlap now. If it was changed while the rows came in, they follow it before anybody sees them."""
    project = tx.one("project_get", id=job.project.id)
    if project is None:
        raise Conflict(f"The project “{job.project.name}” was removed meanwhile.", "Nothing was imported.")
    overlap = int(project["overlap"])
    if overlap != job.project.overlap:
        tx.run("task_hidden_set_overlap", project_id=job.project.id, overlap=overlap, after=job.first_seq - 1)
    return overlap


def _end(tx: Transaction, job: _Import, state: str, *, added: int) -> None:
    changed = tx.run(
        "import_end", id=job.id, state=state, now=tx.now, rows_read=job.read, added=added,
        duplicate_count=job.duplicate_count, duplicates=rows.to_json(job.named),
    )  # fmt: skip
    if state == "done" and changed == 0:
        raise Conflict("This import was taken for dead and ended.", "Import the file again.")


def _clear_hidden(db: Database, job: _Import) -> None:
    """Delete what lies beyond the visible edge, a chunk a transaction: what a dead import left, or this one if it fails.

    Only while `job` is the project's import: beyond the edge of another one's lie its rows.
    """

    def one_chunk(tx: Transaction) -> int:
        running = tx.one("import_running", project_id=job.project.id)
        if running is None or running["id"] != job.id:
            return 0
        return clear_chunk(tx, job.project.id)

    while db.write(one_chunk):
        pass


def clear_chunk(tx: Transaction, project_id: str) -> int:
    """Delete up to a chunk of what lies beyond the visible edge, while nobody imports. Returns how many tasks that were."""
    counts = tx.one("project_count_get", project_id=project_id)
    assert counts is not None
    hidden = tx.all("task_hidden_batch", project_id=project_id, visible_seq=counts["visible_seq"], n=CHUNK)
    ids = [{"id": row["id"]} for row in hidden]
    tx.many("gold_delete", ids)
    tx.many("task_content_delete", ids)
    tx.many("task_delete", ids)
    return len(ids)


def numbered(items: Iterable[Any]) -> Iterator[NumberedRow]:
    """Rows given by a program: dicts, or plain texts. Raises BadInput naming the row."""
    for number, item in enumerate(items, start=1):
        if isinstance(item, str):
            yield number, {"text": item}
        elif isinstance(item, Mapping) and all(isinstance(name, str) for name in item):
            yield number, item
        else:
            raise BadInput(f"Row {number} is {type(item).__name__}; expected an object or a text.")
