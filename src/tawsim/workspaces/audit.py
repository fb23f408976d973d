"""Checking the log of events: the chain, the heads that were left elsewhere; and exporting it. The content that it answers
for is compared in audit_content.py.

How a row becomes a hash stands in store/chain.py. Nothing here changes an event; what comes from before the chain is taken
in by one link, in pieces, so that opening a large workspace never waits for it.
"""

import json
import re
from array import array
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from tawsim.core.errors import BadInput, NotFound
from tawsim.store import chain
from tawsim.store.chain import START, linked
from tawsim.store.database import Database, Row, Transaction
from tawsim.store.keys import record
from tawsim.workspaces.audit_content import (
    PIECE,
    Checked,
    Content,
    Fault,
    Head,
    earlier_digest,
    events,
    has_earlier,
    link_of_earlier,
    parts,
    untold,
)

__all__ = ["Checked", "Fault", "Head", "anchor", "anchors", "head", "page", "read_head", "take_in_earlier", "verify"]
LOOKED_THROUGH = 200_000
_HEAD = re.compile(r"([0-9]{1,18}):([0-9a-f]{64})")


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
def take_in_earlier(db: Database, actor_id: str = "clock") -> bool:
    """One link that holds all events and answers from before the chain, if there are such and none holds them yet.

    What is hashed is read in one snapshot, without holding the writer: a million events take some seconds, and people work
    on meanwhile. Returns whether a link was made.
    """
    with db.read() as tx:
        if not has_earlier(tx) or link_of_earlier(tx) is not None:
            return False
        earlier, digest = earlier_digest(tx)
        told, known = array("q"), set()
        for part in (one for row in events(tx) for one in parts(row)):
            if part.what == "answer":
                told.append(hash((part.object_id, part.version)))
            else:
                known.add((part.what, part.object_id))
        answers, answers_digest = untold(tx, told)
        others = [row for row in tx.all("audit_versions") if (row["what"], row["id"]) not in known]
    data = {"events": earlier, "events_sha256": digest, "answers": answers, "answers_sha256": answers_digest}

    def write(tx: Transaction) -> bool:
        if link_of_earlier(tx) is not None:
            return False
        record(tx, "audit.earlier", actor_id, data=json.dumps(data))
        for row in others:
            content = chain.content_of(tx, row["what"], row["id"], row["version"])
            record(tx, "audit.known", actor_id, object_id=row["id"], content=content)
        return True

    return db.write(write)


# ---- checking --------------------------------------------------------------------------------------------------------
def verify(db: Database, heads: Iterable[Head] = ()) -> Checked:
    """Compare every event with its hash, every digest with the tables, and every head that was kept with the chain.

    One snapshot, a piece at a time: some 6 µs an event. Finds changed, dropped, added and exchanged events, changed and
    added content, and, by `heads`, a log that was cut or made anew.
    """
    checked, wanted = Checked(), {one.number: one for one in heads}
    with db.read() as tx:
        content = Content(tx, checked)
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


# What becomes of an answer by an event that names it, or, of a review taken back, whose review it names.
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
