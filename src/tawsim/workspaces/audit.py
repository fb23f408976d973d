"""Checking the log of events: the chain, the content it answers for, the heads that were left elsewhere; and exporting it.

How a row becomes a hash stands in store/chain.py. Nothing here changes an event; what comes from before the chain is taken
in by one link, in pieces, so that opening a large workspace never waits for it.
"""

import hashlib
import json
import re
from array import array
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from tawsim.core.errors import BadInput, NotFound
from tawsim.store import chain
from tawsim.store.chain import IN_PLACE, READ, START, linked
from tawsim.store.database import Database, Row, Transaction
from tawsim.store.keys import record

PIECE = 10_000
MOST_FAULTS = 50
LOOKED_THROUGH = 200_000
_HEAD = re.compile(r"([0-9]{1,18}):([0-9a-f]{64})")


@dataclass(frozen=True, slots=True)
class Head:
    """The chain up to an event: its number and hash. Whoever keeps this elsewhere can tell later whether anything changed."""

    number: int
    hash: str
    at: int = 0

    def __str__(self) -> str:
        return f"{self.number}:{self.hash}"


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that is not as it was written. `number` is the event at which it shows; 0 for what has no number."""

    code: str
    number: int
    what: str


@dataclass(slots=True)
class Checked:
    """What a check found. `events` and `contents` were compared; `erased` contents are gone by a logged erase; `earlier`
    events come from before the chain, and `taken_in` says whether a link holds them."""

    events: int = 0
    contents: int = 0
    erased: int = 0
    earlier: int = 0
    taken_in: bool = True
    head: Head = field(default_factory=lambda: Head(0, START.hex()))
    faults: list[Fault] = field(default_factory=list)
    more_faults: int = 0

    @property
    def sound(self) -> bool:
        """Whether nothing was found."""
        return not self.faults

    def to_json(self) -> dict[str, Any]:
        """For commands and routes."""
        return {
            "sound": self.sound, "events": self.events, "contents": self.contents, "erased": self.erased,
            "earlier": self.earlier, "taken_in": self.taken_in, "head": str(self.head), "more_faults": self.more_faults,
            "faults": [{"code": one.code, "number": one.number, "what": one.what} for one in self.faults],
        }  # fmt: skip

    def fault(self, code: str, number: int, what: str) -> None:
        """Note a fault; of very many the first ones, and how many more."""
        if len(self.faults) < MOST_FAULTS:
            self.faults.append(Fault(code, number, what))
        else:
            self.more_faults += 1


def read_head(text: str) -> Head:
    """“NUMBER:HASH”, as `tawsim audit head` prints it. Raises BadInput."""
    found = _HEAD.fullmatch(text.strip().lower())
    if found is None:
        raise BadInput(
            "A head is a number, a colon and 64 hex digits.", "As `tawsim audit head` prints it.", field="head"
        )
    return Head(int(found[1]), found[2])


def head(tx: Transaction) -> Head:
    """The newest event's number and hash; number 0 where there is none."""
    row = tx.one("event_head")
    if row is None:
        return Head(0, START.hex())
    at = tx.one("event_at_number", number=row["number"])
    assert at is not None
    return Head(row["number"], bytes(row["hash"]).hex(), at["at"])


# ---- heads kept beside the workspace ---------------------------------------------------------------------------------
def anchor(accounts: Database, workspace_id: str, found: Head) -> bool:
    """Leave the head in the accounts file, unless it stands there already. Whether it was new."""
    if found.number == 0:
        return False
    with accounts.read() as tx:
        last = tx.one("anchor_last", workspace_id=workspace_id)
    if last is not None and last["number"] >= found.number:
        return False
    accounts.write(
        lambda tx: tx.run("anchor_insert", workspace_id=workspace_id, number=found.number, hash=found.hash, at=tx.now)
    )
    return True


def anchors(accounts: Database, workspace_id: str) -> list[Head]:
    """The heads that servers left there, oldest first."""
    with accounts.read() as tx:
        found = tx.all("anchor_list", workspace_id=workspace_id)
    return [Head(row["number"], row["hash"], row["at"]) for row in found]


# ---- events from before the chain ------------------------------------------------------------------------------------
def _earlier(tx: Transaction) -> tuple[int, str]:
    """How many events have no number, and the SHA-256 over them in the order of their ids."""
    digest, count, after = hashlib.sha256(), 0, ""
    while rows := tx.all("event_earlier", after=after, n=PIECE):
        for row in rows:
            digest.update(chain.list_text(tuple(row)).encode() + b"\n")
        count, after = count + len(rows), rows[-1]["id"]
    return count, digest.hexdigest()


def _untold(tx: Transaction, told: "array[int]") -> tuple[int, str]:
    """How many versions of answers there are of which no event tells, and the SHA-256 over them in the order of their ids.
    `told`: hashes of the (id, version) that events tell of."""
    import numpy as np

    known = np.sort(np.frombuffer(told, dtype=np.int64)) if told else np.zeros(0, np.int64)
    digest, count, after, version = hashlib.sha256(), 0, "", 0
    while rows := tx.all("audit_answer_keys", after=after, after_version=version, n=PIECE):
        keys = np.fromiter((hash((row["id"], row["version"])) for row in rows), dtype=np.int64, count=len(rows))
        for place in np.flatnonzero(~np.isin(keys, known, assume_unique=False)):
            digest.update(chain.list_text(tuple(rows[place])).encode() + b"\n")
            count += 1
        after, version = rows[-1]["id"], rows[-1]["version"]
    return count, digest.hexdigest()


def take_in_earlier(db: Database, actor_id: str = "clock") -> bool:
    """One link that holds all events and answers from before the chain, if there are such and none holds them yet.

    What is hashed is read in one snapshot, without holding the writer: a million events take some seconds, and people work
    on meanwhile. Returns whether a link was made.
    """
    with db.read() as tx:
        if not _has_earlier(tx) or _link_of_earlier(tx) is not None:
            return False
        earlier, digest = _earlier(tx)
        told, known = array("q"), set()
        for part in (one for row in events(tx) for one in _parts(row)):
            if part.what == "answer":
                told.append(hash((part.object_id, part.version)))
            else:
                known.add((part.what, part.object_id))
        answers, answers_digest = _untold(tx, told)
        others = [row for row in tx.all("audit_versions") if (row["what"], row["id"]) not in known]
    data = {"events": earlier, "events_sha256": digest, "answers": answers, "answers_sha256": answers_digest}

    def write(tx: Transaction) -> bool:
        if _link_of_earlier(tx) is not None:
            return False
        record(tx, "audit.earlier", actor_id, data=json.dumps(data))
        for row in others:
            content = chain.content_of(tx, row["what"], row["id"], row["version"])
            record(tx, "audit.known", actor_id, object_id=row["id"], content=content)
        return True

    return db.write(write)


def _has_earlier(tx: Transaction) -> bool:
    return tx.one("event_any_earlier") is not None


def _link_of_earlier(tx: Transaction) -> Mapping[str, Any] | None:
    row = tx.one("event_of_kind", kind="audit.earlier")
    return None if row is None else {"number": row["number"], **json.loads(row["data"])}


# ---- checking --------------------------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class _Part:
    """One digest of an event."""

    number: int
    what: str
    object_id: str
    version: int
    digest: str


def _parts(row: Row) -> Iterator[_Part]:
    if not isinstance(row["content"], str) or not row["content"]:
        return
    for text in row["content"].split(","):
        what, _, rest = text.partition(" ")
        version, _, digest = rest.partition(" ")
        if what in READ and version.isdecimal():
            yield _Part(row["number"], what, str(row["object_id"]), int(version), digest)


def events(tx: Transaction, after: int = 0) -> Iterator[Row]:
    """All events of the chain past a number, in order."""
    while rows := tx.all("event_chain", after=after, n=PIECE):
        yield from rows
        after = rows[-1]["number"]


def verify(db: Database, heads: Iterable[Head] = ()) -> Checked:
    """Compare every event with its hash, every digest with the tables, and every head that was kept with the chain.

    One snapshot, a piece at a time: some 6 µs an event. Finds changed, dropped, added and exchanged events, changed and
    added content, and, by `heads`, a log that was cut or made anew.
    """
    checked, wanted = Checked(), {one.number: one for one in heads}
    with db.read() as tx:
        content = _Content(tx, checked)
        previous, number = START, 0
        for row in events(tx):
            here, stored = row["number"], row["hash"]
            if here != number + 1:
                checked.fault("missing", number + 1, f"between event {number:,} and event {here} something is gone")
            elif not _follows(previous, row):
                checked.fault(
                    "changed", here, f"event {here:,} ({row['kind']}) does not follow from what stands before it"
                )
            stored = stored if isinstance(stored, bytes) else b""
            _compare_head(checked, wanted.pop(here, None), stored)
            content.take(row)
            previous, number = stored, here
            checked.events += 1
        checked.head = Head(number, previous.hex())
        for one in wanted.values():
            if one.number > 0:
                checked.fault(
                    "cut", one.number, f"a head of event {one.number:,} was kept, and the log ends at {number:,}"
                )
        content.finish()
    return checked


def _follows(previous: bytes, row: Row) -> bool:
    number, stored, *rest = tuple(row)
    try:
        return bool(linked(previous, (number, *rest)) == stored)
    except (TypeError, ValueError):  # something that no event ever held, such as bytes in the place of a text
        return False


def _compare_head(checked: Checked, kept: Head | None, stored: bytes) -> None:
    if kept is not None and kept.hash != stored.hex():
        checked.fault("made_anew", kept.number, f"event {kept.number:,} had another hash when its head was kept")


class _Content:
    """Compares digests with the tables, while the events go by."""

    def __init__(self, tx: Transaction, checked: Checked) -> None:
        self._tx, self._checked = tx, checked
        self._newest: dict[tuple[str, str], _Part] = {}
        self._answers = array("q")
        self._told: set[tuple[str, str, int]] = set()
        self._erased: dict[str, int] = {}  # whose content went, and by which event
        self._amiss: list[tuple[_Part, str]] = []
        self._link: Mapping[str, Any] | None = None

    def take(self, row: Row) -> None:
        """One event."""
        if row["kind"] == "person.erased" and row["object_id"]:
            self._erased[row["object_id"]] = row["number"]
        if row["kind"] == "audit.earlier" and self._link is None:
            self._link = {"number": row["number"], **json.loads(row["data"])}
        for part in _parts(row):
            if part.what in IN_PLACE:
                self._newest[part.what, part.object_id] = part
                continue
            if part.what == "answer":
                self._answers.append(hash((part.object_id, part.version)))
            else:
                self._told.add((part.what, part.object_id, part.version))
            self._compare(part)

    def _compare(self, part: _Part) -> None:
        row = READ[part.what](self._tx, part.object_id, part.version)
        self._checked.contents += 1
        if row is None:
            self._amiss.append((part, ""))
        elif chain.digest_of(part.what, part.object_id, row) != part.digest:
            self._amiss.append((part, row["author"] or ""))

    def finish(self) -> None:
        """What can be said only at the end."""
        for part in self._newest.values():
            self._compare(part)
        for part, author in self._amiss:
            if part.number < self._erased.get(author, 0):
                self._checked.erased += 1
                continue
            what = f"{part.what} {part.object_id}" + (f", version {part.version}," if part.version else "")
            self._checked.fault("content", part.number, f"{what} is not what event {part.number:,} wrote")
        if self._link is not None:
            self._compare_earlier(self._link)
        elif _has_earlier(self._tx):
            self._checked.earlier, _ = _earlier(self._tx)
            self._checked.taken_in = False
            return
        else:
            self._compare_count()
        told = self._told | {(what, object_id, 0) for what, object_id in self._newest}
        for row in self._tx.stream("audit_versions"):
            if (row["what"], row["id"], row["version"]) not in told:
                self._checked.fault(
                    "added", 0, f"{row['what']} {row['id']} stands in its table, and no event tells of it"
                )

    def _compare_earlier(self, link: Mapping[str, Any]) -> None:
        if _untold(self._tx, self._answers) != (link.get("answers"), link.get("answers_sha256")):
            told = "the answers from before the chain are not what they were, or answers stand there of which no event tells"
            self._checked.fault("content", link["number"], told)
        self._checked.earlier, digest = _earlier(self._tx)
        if (self._checked.earlier, digest) != (link.get("events"), link.get("events_sha256")):
            self._checked.fault("changed", link["number"], "the events from before the chain are not what they were")

    def _compare_count(self) -> None:
        """Where every answer has its event, as many of both are the same ones: each event's answer was looked up."""
        row = self._tx.one("audit_answer_count")
        more = (row["n"] if row is not None else 0) - len(self._answers)
        if more > 0:
            self._checked.fault(
                "added", 0, f"{more:,} version(s) of answers stand in the table, and no event tells of them"
            )


# ---- looking through it ----------------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Wanted:
    """Which events to show. `kind` is one kind, or a group of them such as “annotation.”; empty and None: all."""

    kind: str = ""
    actor_id: str = ""
    project_id: str = ""
    since: int = 0
    until: int = 1 << 62


def page(tx: Transaction, wanted: Wanted, before: int, limit: int) -> tuple[list[Row], int | None]:
    """Events before a number, newest first, and the number to go on from (None: there are no more).

    At most `LOOKED_THROUGH` events are looked at, so that a filter with few hits answers as soon as any other: a page may be
    short, or empty, and still have one after it.
    """
    floor = max(1, before - LOOKED_THROUGH)
    kind_to = wanted.kind + "~" if wanted.kind.endswith(".") or not wanted.kind else wanted.kind
    found = tx.all(
        "event_page", before=before, floor=floor, kind_from=wanted.kind, kind_to=kind_to, actor_id=wanted.actor_id,
        project_id=wanted.project_id, since=wanted.since, until=wanted.until, n=limit,
    )  # fmt: skip
    if len(found) == limit:
        return found, found[-1]["number"]
    return found, floor if floor > 1 else None


# ---- export ----------------------------------------------------------------------------------------------------------
def as_json(row: Row) -> dict[str, Any]:
    """An event with its hash, as it is exported: `data` stays the very text that was hashed."""
    found = {name: row[name] for name in row.keys() if name != "hash"}  # noqa: SIM118  (a Row iterates over values)
    return {**found, "hash": bytes(row["hash"]).hex()}


def export(db: Database, after: int = 0) -> Iterator[str]:
    """The chain as JSON Lines, in order; each piece from a snapshot of its own, since nothing behind it changes."""
    encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
    while True:
        with db.read() as tx:
            rows = tx.all("event_chain", after=after, n=PIECE)
        if not rows:
            return
        yield "".join(encode(as_json(row)) + "\n" for row in rows)
        after = rows[-1]["number"]


def erase_salt(tx: Transaction, actor_id: str, worker_id: str) -> None:
    """The audit log's part in erasing what a person gave: their salt goes, so that no digest can be tried against short
    answers any more, and from here on their content may be gone. The chain stays whole. Raises NotFound."""
    if tx.one("worker_get", id=worker_id) is None:
        raise NotFound("There is no such worker.")
    tx.run("audit_salt_delete", worker_id=worker_id)
    record(tx, "person.erased", actor_id, object_id=worker_id)
