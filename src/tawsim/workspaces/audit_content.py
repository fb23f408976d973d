"""What events answer for, compared with the tables: content by its digests, and which answers count. What comes from before
the chain is compared as a whole. The chain itself, its heads and its export are in audit.py.
"""

import hashlib
import json
from array import array
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from tawsim.store import chain
from tawsim.store.chain import IN_PLACE, READ, START
from tawsim.store.database import Row, Transaction

PIECE = 10_000
MOST_FAULTS = 50


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


def earlier_digest(tx: Transaction) -> tuple[int, str]:
    """How many events have no number, and the SHA-256 over them in the order of their ids."""
    digest, count, after = hashlib.sha256(), 0, ""
    while rows := tx.all("event_earlier", after=after, n=PIECE):
        for row in rows:
            digest.update(chain.list_text(tuple(row)).encode() + b"\n")
        count, after = count + len(rows), rows[-1]["id"]
    return count, digest.hexdigest()


def untold(tx: Transaction, told: "array[int]") -> tuple[int, str]:
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


def has_earlier(tx: Transaction) -> bool:
    return tx.one("event_any_earlier") is not None


def link_of_earlier(tx: Transaction) -> Mapping[str, Any] | None:
    row = tx.one("event_of_kind", kind="audit.earlier")
    return None if row is None else {"number": row["number"], **json.loads(row["data"])}


@dataclass(frozen=True, slots=True)
class Part:
    """One digest of an event."""

    number: int
    what: str
    object_id: str
    version: int
    digest: str


def parts(row: Row) -> Iterator[Part]:
    if not isinstance(row["content"], str) or not row["content"]:
        return
    for text in row["content"].split(","):
        what, _, rest = text.partition(" ")
        version, _, digest = rest.partition(" ")
        if what in READ and version.isdecimal():
            yield Part(row["number"], what, str(row["object_id"]), int(version), digest)


def events(tx: Transaction, after: int = 0) -> Iterator[Row]:
    """All events of the chain past a number, in order."""
    while rows := tx.all("event_chain", after=after, n=PIECE):
        yield from rows
        after = rows[-1]["number"]


_STATES: Mapping[str, str] = {
    "annotation.rejected": "rejected", "annotation.withdrawn": "withdrawn", "annotation.reinstated": "accepted",
    "review.undone": "accepted",
}  # fmt: skip


def _earlier_states(tx: Transaction) -> Iterator[Row]:
    """The events from before the chain that say whether an answer counts, in the order of their ids."""
    after = ""
    while rows := tx.all("event_earlier", after=after, n=PIECE):
        yield from (row for row in rows if row["kind"] in _STATES)
        after = rows[-1]["id"]


class Content:
    """Compares digests with the tables, while the events go by."""

    def __init__(self, tx: Transaction, checked: Checked) -> None:
        self._tx, self._checked = tx, checked
        self._newest: dict[tuple[str, str], Part] = {}
        self._answers = array("q")
        self._told: set[tuple[str, str, int]] = set()
        self._erased: dict[str, int] = {}  # whose content went, and by which event
        self._amiss: list[tuple[Part, str]] = []
        self._link: Mapping[str, Any] | None = None
        self._states: dict[str, tuple[str, int]] = {}  # answers that do not count, and by which event
        for earlier in _earlier_states(tx):
            self._take_state(earlier, 0)

    def take(self, row: Row) -> None:
        """One event."""
        self._take_state(row, row["number"])
        if row["kind"] == "person.erased" and row["object_id"]:
            self._erased[row["object_id"]] = row["number"]
        if row["kind"] == "audit.earlier" and self._link is None:
            self._link = {"number": row["number"], **json.loads(row["data"])}
        for part in parts(row):
            if part.what in IN_PLACE:
                self._newest[part.what, part.object_id] = part
                continue
            if part.what == "answer":
                self._answers.append(hash((part.object_id, part.version)))
            else:
                self._told.add((part.what, part.object_id, part.version))
            self._compare(part)

    def _take_state(self, row: Row, number: int) -> None:
        """What an event makes of an answer: out of the count, or in it again."""
        state, what = _STATES.get(row["kind"]), row["object_id"] or ""
        if state is None:
            return
        if row["kind"] == "review.undone":
            review = self._tx.one("review_get", id=what)
            if review is None or review["verdict"] != "reject":
                return
            what = review["annotation_id"]
        if state == "accepted":
            self._states.pop(what, None)
        else:
            self._states[what] = state, number

    def _compare_states(self) -> None:
        """Whether exactly those answers do not count of which the events say so."""
        for row in self._tx.stream("audit_states"):
            told, number = self._states.pop(row["id"], ("accepted", 0))
            if told != row["state"]:
                self._checked.fault("state", number, f"answer {row['id']} is {row['state']}, and the log says {told}")
        for annotation_id, (told, number) in self._states.items():
            self._checked.fault("state", number, f"answer {annotation_id} counts, and the log says {told}")

    def _compare(self, part: Part) -> None:
        row = READ[part.what](self._tx, part.object_id, part.version)
        self._checked.contents += 1
        if row is None:
            self._amiss.append((part, ""))
        elif chain.digest_of(part.what, part.object_id, row) != part.digest:
            self._amiss.append((part, row["author"] or ""))

    def finish(self) -> None:
        """What can be said only at the end."""
        self._compare_states()
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
        elif has_earlier(self._tx):
            self._checked.earlier, _ = earlier_digest(self._tx)
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
        if untold(self._tx, self._answers) != (link.get("answers"), link.get("answers_sha256")):
            told = "the answers from before the chain are not what they were, or answers stand there of which no event tells"
            self._checked.fault("content", link["number"], told)
        self._checked.earlier, digest = earlier_digest(self._tx)
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
