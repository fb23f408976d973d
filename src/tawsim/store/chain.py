"""The chain of events: how a row becomes a hash, and what content an event answers for. Checking it is workspaces/audit.py.

Each event has a number (1, 2, … without gaps) and a hash:

    SHA-256 (the previous hash, 32 bytes; 32 zero bytes before the first) + (the row, as UTF-8)

where the row is the JSON list [number, id, at, kind, actor_id, project_id, task_id, object_id, content, data], without
white space, with every script written as itself. Events of the kinds below hold in `content` the digests of what they wrote,
as the tables have it: "WHAT VERSION SHA-256", several with a comma between. Such a digest is over the JSON list
[what, id, version, salt, …columns]; the salt is the author's own, and goes when the person's content is erased.
"""

import hashlib
import json
import secrets
from collections.abc import Callable, Mapping
from json.encoder import encode_basestring
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tawsim.store.database import Row, Transaction

Read = Callable[["Transaction", str, int], "Row | None"]
START = bytes(32)
_quoted = encode_basestring  # a text as JSON writes it, every script as itself; takes nothing but a text
_ENCODE = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode

# What a digest is of → how its row is read: version, author, salt, and the columns that count. Version 0 asks for the newest.
READ: Mapping[str, Read] = {
    "answer": lambda tx, id_, version: tx.one("audit_answer", id=id_, version=version),
    "draft": lambda tx, id_, _: tx.one("audit_draft", id=id_),
    "review": lambda tx, id_, _: tx.one("audit_review", id=id_),
    "decision": lambda tx, id_, _: tx.one("audit_decision", id=id_),
    "dispute": lambda tx, id_, _: tx.one("audit_dispute", id=id_),
    "rejection": lambda tx, id_, version: tx.one("audit_rejection", id=id_, version=version),
    "let_out": lambda tx, id_, _: tx.one("audit_let_out", id=id_),
    "guideline": lambda tx, id_, version: tx.one("audit_guideline", id=id_, version=version),
    "schema": lambda tx, id_, version: tx.one("audit_schema", id=id_, version=version),
    "settings": lambda tx, id_, _: tx.one("audit_settings", id=id_),
    "person": lambda tx, id_, _: tx.one("audit_person", id=id_),
}
# What is changed in place has no versions: only the newest digest can be compared.
IN_PLACE = frozenset({"settings", "person", "let_out"})
CONTENT_OF: Mapping[str, tuple[str, ...]] = {
    "annotation.accepted": ("answer",),
    "annotation.edited": ("answer",),
    "annotation.rejected": ("rejection",),
    "draft.adopted": ("answer",),
    "draft.kept": ("draft",),
    "review.accept": ("review",),
    "review.fix": ("review",),
    "review.reject": ("review",),
    "decision.answers": ("decision",),
    "decision.cannot": ("decision",),
    "decision.open": ("decision",),
    "dispute.judged": ("dispute",),
    "project.created": ("guideline", "schema", "settings"),
    "project.changed": ("guideline", "settings"),
    "project.removed": ("settings",),
    "project.schema": ("schema", "settings"),
    "worker.created": ("person",),
    "worker.role": ("person",),
    "worker.profile": ("person",),
    "worker.renamed": ("person",),
    "worker.activated": ("person",),
    "worker.deactivated": ("person", "let_out"),
}
_NOTHING: tuple[str, ...] = ()


def row_text(row: tuple[Any, ...]) -> str:
    """The text that is hashed of (number, id, at, kind, actor_id, project_id, task_id, object_id, content, data).

    The very text that JSON gives; put together by hand, for this is done for every event, and takes a third of the time.
    Raises TypeError for a row that holds something else than texts and whole numbers where they belong.
    """
    number, id_, at, kind, actor, project, task, object_, content, data = row
    if type(number) is not int or type(at) is not int:
        raise TypeError("numbers of events and times are whole numbers")
    return (
        f"[{number},{_quoted(id_)},{at},{_quoted(kind)},{_quoted(actor)},"
        f"{'null' if project is None else _quoted(project)},{'null' if task is None else _quoted(task)},"
        f"{'null' if object_ is None else _quoted(object_)},{_quoted(content)},{_quoted(data)}]"
    )


def linked(previous: bytes, row: tuple[Any, ...]) -> bytes:
    """The hash of a row after the hash before it, 32 bytes."""
    return hashlib.sha256(previous + row_text(row).encode()).digest()


def list_text(row: tuple[Any, ...]) -> str:
    """Any row as a JSON list, in the same form."""
    return _ENCODE(row)


def digest_of(what: str, id_: str, row: "Row") -> str:
    """The SHA-256 of content as its `audit_…` statement gives it, in hex."""
    version, _, salt, *columns = row
    return hashlib.sha256(_ENCODE([what, id_, version, salt or "", *columns]).encode()).hexdigest()


def contents(tx: "Transaction", kind: str, object_id: str | None) -> str:
    """The digests of what an event of this kind wrote; "" for one that wrote no content."""
    whats = CONTENT_OF.get(kind, _NOTHING)
    if not whats or object_id is None:
        return ""
    return ",".join(content_of(tx, what, object_id) for what in whats)


def content_of(tx: "Transaction", what: str, id_: str, version: int = 0) -> str:
    """“WHAT VERSION SHA-256” of what stands in the tables now. Makes the salt of an author who has none yet."""
    row = READ[what](tx, id_, version)
    if row is None:
        return f"{what} {version} -"
    if row[2] is None:
        tx.run("audit_salt_insert", worker_id=row[1], salt=secrets.token_hex(16))
        row = READ[what](tx, id_, version)
        assert row is not None
    return f"{what} {row[0]} {digest_of(what, id_, row)}"


def head(tx: "Transaction") -> tuple[int, bytes]:
    """The number and the hash of the last event; (0, zeros) before the first. Read once in a transaction, since another
    process may have written since the last one."""
    if tx.head is None:
        row = tx.one("event_head")
        tx.head = (0, START) if row is None else (row["number"], row["hash"])
    return tx.head
