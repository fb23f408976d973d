"""Pictures and sounds → the workspace file: all files of a batch are checked, then stored, then named, or none is.

Bytes go in by short transactions, and nobody sees them; the names that a project's rows use are given in one, which is
the commit. What an interrupted import leaves has no name, and `drop_unreferenced` clears it away: every import calls it.
"""

import hashlib
import json
import os
import tempfile
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from functools import partial
from typing import IO

from tawsim.core.clock import SECOND
from tawsim.core.errors import AlreadyExists, BadFile, BadInput, Conflict, NotFound
from tawsim.core.media_names import media_name
from tawsim.core.text import for_terminal
from tawsim.intake.media_reading import Facts
from tawsim.intake.media_types import look
from tawsim.store.database import Database, Transaction
from tawsim.store.keys import record
from tawsim.store.media import PIECE, pieces_of

MAX_FILES = 100_000  # in one batch
BATCH_BYTES = PIECE  # a transaction; larger ones are no faster, and a labeller's answer would wait for them
DROPPED = 8  # pieces in a transaction that removes
BATCH_STEPS = 400
IN_MEMORY = 8 << 20
STALE_AFTER = 3600 * SECOND  # an import touches what it uses; what nobody touched for an hour has no import
Step = Callable[[Transaction], None]


@dataclass(frozen=True, slots=True)
class MediaFile:
    """A file to be added. `open` gives a seekable binary stream, more than once; `shown` is its name in messages."""

    name: str
    shown: str
    open: Callable[[], AbstractContextManager[IO[bytes]]]


@dataclass(frozen=True, slots=True)
class Checked:
    """A file that may come in: its name in the project, and what is in it. `size` is in bytes."""

    name: str
    digest: str
    size: int
    facts: Facts
    file: MediaFile


@dataclass(frozen=True, slots=True)
class MediaReport:
    """What a batch did: names that are new, that stood there already with the same bytes, and that have other bytes now
    (with the digest of those they had). `bytes` counts what came with it, each content once."""

    new: tuple[str, ...]
    same: tuple[str, ...]
    replaced: Mapping[str, str]
    bytes: int


def check_media(files: Iterable[MediaFile]) -> list[Checked]:
    """Look at every file; nothing is stored. Raises BadFile for the first that cannot come in."""
    return distinct(map(check_file, files))


def distinct(checked: Iterable[Checked]) -> list[Checked]:
    """Each name once. Raises BadFile where two different files have one name, BadInput for more than 100,000."""
    found: dict[str, Checked] = {}
    for one in checked:
        if len(found) >= MAX_FILES:
            raise BadInput(f"More than {MAX_FILES:,} files at once.", "Add them in several parts.")
        earlier = found.setdefault(one.name, one)
        if earlier.digest != one.digest:
            raise BadFile(
                f"its name is that of {for_terminal(earlier.file.shown)}, which is another file.", "Rename one of them.",
                file=for_terminal(one.file.shown),
            )  # fmt: skip
    return list(found.values())


def check_file(file: MediaFile) -> Checked:
    """What is in a file, and the name it gets. Raises BadFile for one that cannot come in."""
    shown = for_terminal(file.shown)
    try:
        name = media_name(file.name)
    except ValueError as error:
        raise BadFile(f"the name of this file cannot be used: {error}.", "Rename it.", file=shown) from None
    try:
        with file.open() as stream:
            facts = look(stream, file.shown)
            stream.seek(0)
            digest = hashlib.file_digest(stream, "sha256").hexdigest()  # type: ignore[arg-type]
            size = stream.seek(0, os.SEEK_END)  # not tell(): a stream in memory is digested without being read
    except OSError as error:
        raise BadFile(f"it cannot be read: {error.strerror or error}.", file=shown) from None
    return Checked(name, digest, size, facts, file)


def add_media(
    db: Database, project_id: str, batch: list[Checked], *, actor_id: str, replace: bool = False
) -> MediaReport:
    """Add all files of `batch`, which `check_media` gave, to the project, or none. The same bytes are stored once,
    whatever their names and projects.

    Raises BadFile naming the file; AlreadyExists for a name that stands for other bytes, unless `replace`; NotFound for a
    project that is not there.
    """
    drop_unreferenced(db)
    new, same, replaced = _compare(db, project_id, batch, replace)
    wanted = list({one.digest: one for one in (*new, *replaced)}.values())
    _store(db, wanted)
    _touch(db, [one.digest for one in wanted])
    earlier = db.write(lambda tx: _give_names(tx, project_id, actor_id, new, replaced))
    return MediaReport(
        tuple(one.name for one in new), tuple(one.name for one in same), earlier, sum(one.size for one in wanted)
    )  # fmt: skip


def _compare(
    db: Database, project_id: str, batch: list[Checked], replace: bool
) -> tuple[list[Checked], list[Checked], list[Checked]]:
    """The batch in three: new names, names with the same bytes, names with other bytes."""
    new: list[Checked] = []
    same: list[Checked] = []
    other: list[Checked] = []
    with db.read() as tx:
        if tx.one("project_get", id=project_id) is None:
            raise NotFound("There is no such project.")
        for one in batch:
            known = tx.one("media_by_name", project_id=project_id, name=one.name)
            (new if known is None else same if known["digest"] == one.digest else other).append(one)
    if other and not replace:
        raise _taken(other[0].name, len(other))
    return new, same, other


def _taken(name: str, n: int) -> AlreadyExists:
    more = f" and {n - 1:,} more" if n > 1 else ""
    return AlreadyExists(
        f"The project has another file named “{for_terminal(name)}” already{more}.",
        "Rename the new one, or replace the old one, which changes what earlier answers were about.",
    )


# ---- storing -----------------------------------------------------------------------------------------------------
@dataclass(slots=True)
class _Batch:
    """Steps that go into one transaction. One transaction is stored while the next is read."""

    db: Database
    steps: list[Step] = field(default_factory=list)
    size: int = 0
    writing: Future[None] | None = None

    def add(self, step: Step, size: int = 0) -> None:
        self.steps.append(step)
        self.size += size
        if self.size >= BATCH_BYTES or len(self.steps) >= BATCH_STEPS:
            self.flush()

    def flush(self) -> None:
        self.settle()
        steps, self.steps, self.size = self.steps, [], 0

        def work(tx: Transaction) -> None:
            for step in steps:
                step(tx)

        self.writing = self.db.write_soon(work)

    def settle(self) -> None:
        if self.writing is not None:
            writing, self.writing = self.writing, None
            writing.result()


def _store(db: Database, wanted: list[Checked]) -> None:
    batch = _Batch(db)
    try:
        for one in wanted:
            _store_one(batch, one)
        batch.flush()
    finally:
        batch.settle()


def _store_one(batch: _Batch, one: Checked) -> None:
    with batch.db.read() as tx:
        known = tx.one("media_get", digest=one.digest)
    batch.add(lambda tx: _insert(tx, one))
    if known is not None and known["whole"]:
        return
    # Through a copy whose digest is known: a file that somebody changes meanwhile must not lie under another's name.
    with tempfile.SpooledTemporaryFile(IN_MEMORY, dir=str(batch.db.path.parent), prefix=".tawsim-media-") as copy:
        digest = hashlib.sha256()
        with one.file.open() as stream:
            while data := stream.read(PIECE):
                digest.update(data)
                copy.write(data)
        if digest.hexdigest() != one.digest:
            raise BadFile("it was changed while it was read.", "Run it again.", file=for_terminal(one.file.shown))
        copy.seek(0)
        for number in range(pieces_of(one.size)):
            piece = copy.read(PIECE)
            batch.add(lambda tx, n=number, b=piece: _insert_piece(tx, one.digest, n, b), len(piece))  # type: ignore[misc]
    batch.add(lambda tx: _finish(tx, one))


def _insert(tx: Transaction, one: Checked) -> None:
    tx.run(
        "media_insert", digest=one.digest, media_type=one.facts.media_type, size=one.size, width=one.facts.width,
        height=one.facts.height, seconds=one.facts.seconds, now=tx.now,
    )  # fmt: skip


def _insert_piece(tx: Transaction, digest: str, number: int, data: bytes) -> None:
    tx.run("media_piece_insert", digest=digest, number=number, bytes=data)
    tx.run("media_seen", digest=digest, now=tx.now)


def _finish(tx: Transaction, one: Checked) -> None:
    """Whole only if every piece is there: a sweep may have met an import that slept for an hour."""
    total = tx.one("media_piece_total", digest=one.digest)
    assert total is not None
    if total["pieces"] != pieces_of(one.size) or total["size"] != one.size:
        raise _swept()
    tx.run("media_set_whole", digest=one.digest, whole=1)


def _touch(db: Database, digests: list[str]) -> None:
    """All that was stored is there still, and no sweep takes it before it has a name, a moment later. Apart from the
    naming, which would hold the writer for longer."""

    def work(tx: Transaction, chunk: list[str]) -> None:
        for digest in chunk:
            if tx.run("media_seen", digest=digest, now=tx.now) == 0:
                raise _swept()

    for first in range(0, len(digests), BATCH_STEPS):
        db.write(partial(work, chunk=digests[first : first + BATCH_STEPS]))


def _swept() -> Conflict:
    return Conflict("What this import had stored was cleared away meanwhile.", "Run it again.")


# ---- names -------------------------------------------------------------------------------------------------------
def _give_names(
    tx: Transaction, project_id: str, actor_id: str, new: list[Checked], replaced: list[Checked]
) -> dict[str, str]:
    """The commit. What the names stood for that stand for something else now."""
    if tx.one("project_get", id=project_id) is None:
        raise NotFound("There is no such project.")
    before = _count(tx, project_id)
    tx.many("media_name_insert", [{"project_id": project_id, "name": one.name, "digest": one.digest} for one in new])
    if _count(tx, project_id) != before + len(new):
        raise Conflict("Another import gave one of these names meanwhile.", "Run it again.")
    earlier: dict[str, str] = {}
    for one in replaced:
        known = tx.one("media_by_name", project_id=project_id, name=one.name)
        if known is None:
            raise Conflict(f"“{for_terminal(one.name)}” was removed meanwhile.", "Run it again.")
        earlier[one.name] = known["digest"]
        tx.run("media_seen", digest=known["digest"], now=tx.now)  # it may be wanted back in a moment
        tx.run("media_name_set", project_id=project_id, name=one.name, digest=one.digest)
    if tx.one("media_named_in_part", project_id=project_id) is not None:
        raise _swept()
    if new or replaced:
        data = {"new": len(new), "replaced": [one.name for one in replaced][:100]}
        record(tx, "media.added", actor_id, project_id=project_id, data=json.dumps(data, ensure_ascii=False))
    return earlier


def _count(tx: Transaction, project_id: str) -> int:
    row = tx.one("media_name_count", project_id=project_id)
    return int(row["n"]) if row is not None else 0


def take_back(db: Database, project_id: str, report: MediaReport, *, actor_id: str) -> None:
    """Undo `add_media`: its new names go, replaced ones mean what they meant. Bytes are cleared away by a later import."""
    if not report.new and not report.replaced:
        return

    def work(tx: Transaction) -> None:
        tx.many("media_name_delete", [{"project_id": project_id, "name": name} for name in report.new])
        for name, digest in report.replaced.items():
            tx.run("media_name_set", project_id=project_id, name=name, digest=digest)
        data = json.dumps({"new": len(report.new), "replaced": len(report.replaced)})
        record(tx, "media.taken_back", actor_id, project_id=project_id, data=data)

    db.write(work)


# ---- clearing away -----------------------------------------------------------------------------------------------
def drop_unreferenced(db: Database, *, stale_after: int = STALE_AFTER) -> int:
    """Remove what has no name and what no import has touched for `stale_after` microseconds. How many were removed."""
    before = db.clock() - stale_after
    dropped = 0
    while True:
        with db.read() as tx:
            digests = [row["digest"] for row in tx.all("media_unreferenced", before=before, n=100)]
        if not digests:
            return dropped
        for digest in digests:
            while not db.write(lambda tx, digest=digest: _drop(tx, digest)):  # type: ignore[misc]
                pass
            dropped += 1


def _drop(tx: Transaction, digest: str) -> bool:
    """One transaction's part of removing it; True when nothing is left to do."""
    if tx.one("media_has_name", digest=digest) is not None:
        return True
    tx.run("media_set_whole", digest=digest, whole=0)
    numbers = [row["number"] for row in tx.all("media_piece_batch", digest=digest, n=DROPPED)]
    tx.many("media_piece_delete", [{"digest": digest, "number": number} for number in numbers])
    if len(numbers) == DROPPED:
        return False
    tx.run("media_delete", digest=digest)
    return True
