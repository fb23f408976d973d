"""Files of the Scale-compatible API: uploaded ones into pieces, those to be imported, `scaledata://` addresses, bytes.

What is in a file is told by its bytes, never by its name or by what its sender says. Who may read one, and how it is sent,
is in server/scale/; fetching what is to be imported is in file_imports.py.
"""

import codecs
import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import IO, Any
from urllib.parse import unquote, urlsplit

from tawsim.core.clock import SECOND, to_iso
from tawsim.core.errors import AddressRefused, BadFile, BadInput, EndpointDown, NotFound, TooLarge, Unavailable
from tawsim.core.ids import new_id
from tawsim.intake.media_types import look
from tawsim.labellers.addresses import read_url
from tawsim.scale.plain import check_plain
from tawsim.store.database import Database, Row, Transaction
from tawsim.store.keys import record
from tawsim.store.media import PIECE
from tawsim.store.rows import to_json

MAX_BYTES = 200_000_000
MAX_NAME = 255
MAX_PROJECTS = 100
MAX_REFERENCE = 500
MAX_METADATA = 64_000  # characters of it as JSON
DROPPED = 8  # pieces in a transaction that removes
STALE_AFTER = 3_600 * SECOND  # an upload that has not ended by then never will
SCHEME = "scaledata"
HEAD = 1 << 16
_STARTS: tuple[tuple[bytes, str], ...] = (
    (b"%PDF-", "application/pdf"),
    (b"PK\x03\x04", "application/zip"),
    (b"\x1f\x8b", "application/gzip"),
    (b"\x1a\x45\xdf\xa3", "video/webm"),
    (b"II*\0", "image/tiff"),
    (b"MM\0*", "image/tiff"),
)


@dataclass(frozen=True, slots=True)
class NewFile:
    """What its sender says of a file, besides its bytes."""

    name: str = ""
    projects: tuple[str, ...] = ()
    reference_id: str = ""
    metadata: Mapping[str, Any] | None = None


# ---- what comes in -----------------------------------------------------------------------------------------------
def read_new(name: Any, fields: Mapping[str, Any]) -> NewFile:
    """The fields beside a file, checked. Raises BadInput."""
    projects = fields.get("project_names", fields.get("project_name"))
    projects = [projects] if isinstance(projects, str) else [] if projects is None else projects
    if (
        not isinstance(projects, list)
        or len(projects) > MAX_PROJECTS
        or not all(isinstance(one, str) for one in projects)
    ):
        raise BadInput(f"project_name: a name, or up to {MAX_PROJECTS} names.", field="project_name")
    reference = fields.get("reference_id") or ""
    if not isinstance(reference, str) or len(reference) > MAX_REFERENCE:
        raise BadInput(f"reference_id: a text of at most {MAX_REFERENCE} characters.", field="reference_id")
    clean = "".join(one for one in str(name or "") if one.isprintable()).replace("\\", "/").rpartition("/")[2]
    return NewFile(
        clean[-MAX_NAME:] or "file", tuple(dict.fromkeys(projects)), reference, _metadata(fields.get("metadata"))
    )


def _metadata(value: Any) -> Mapping[str, Any]:
    """An object, or in a form the text of one."""
    if isinstance(value, str) and value:
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            raise BadInput("metadata: an object as JSON.", field="metadata") from None
    if not value:
        return {}
    check_plain(value, "metadata")  # Python's reader takes NaN, which nothing may be answered with
    if not isinstance(value, dict) or len(to_json(value)) > MAX_METADATA:
        raise BadInput(f"metadata: an object of at most {MAX_METADATA:,} characters.", field="metadata")
    return value


def store_file(db: Database, new: NewFile, stream: IO[bytes], *, actor_id: str) -> Row:
    """Keep the bytes of a seekable stream as a file. Short transactions, so that nobody who labels waits for a large one.

    Raises BadInput for an empty one, TooLarge over MAX_BYTES.
    """
    size = stream.seek(0, 2)
    if size == 0:
        raise BadInput("file: the file is empty.", field="file")
    if size > MAX_BYTES:
        raise too_large()
    drop_broken_off(db)
    file_id = new_id(db.clock())
    db.write(lambda tx: _insert(tx, file_id, new, ""))
    put_bytes(db, file_id, stream, sniff(stream), size)
    db.write(lambda tx: record(tx, "scale.file", actor_id, object_id=file_id, data=to_json({"size": size})))
    return _row(db, file_id)


def await_file(tx: Transaction, url: Any, new: NewFile, *, actor_id: str) -> Row:
    """Remember to fetch a file. Its address is answered at once, its bytes come later. Raises BadInput unless http(s)."""
    if not isinstance(url, str) or not url:
        raise BadInput("file_url: an http or https address is needed.", field="file_url")
    try:
        target = read_url(url)
    except AddressRefused as error:
        raise BadInput(f"file_url: {error.message}", error.hint, field="file_url") from None
    name = unquote(urlsplit(target.path).path.rpartition("/")[2])
    named = new if new.name not in ("", "file") else read_new(name, {"project_names": list(new.projects)})
    file_id = new_id(tx.now)
    _insert(tx, file_id, NewFile(named.name, new.projects, new.reference_id, new.metadata), str(target))
    record(tx, "scale.file", actor_id, object_id=file_id, data=to_json({"from": target.host}))
    row = tx.one("scale_file_get", id=file_id)
    assert row is not None
    return row


def too_large() -> TooLarge:
    """What is said of a file over the limit, wherever it is found out."""
    return TooLarge(
        f"file: a file has at most {MAX_BYTES // 1_000_000:,} MB.", "Make it smaller, or cut it.", field="file"
    )


def _insert(tx: Transaction, file_id: str, new: NewFile, source: str) -> None:
    tx.run(
        "scale_file_insert", id=file_id, name=new.name, mime="", size=0, source=source, projects=to_json(list(new.projects)),
        reference_id=new.reference_id, metadata=to_json(dict(new.metadata or {})), now=tx.now,
    )  # fmt: skip


def put_bytes(db: Database, file_id: str, stream: IO[bytes], mime: str, size: int) -> None:
    """The pieces, each in a transaction of its own, and then the word that they are all there."""
    stream.seek(0)
    for number in range(-(-size // PIECE)):
        data = stream.read(PIECE)
        db.write(partial(_put_piece, file_id=file_id, number=number, data=data))
    db.write(lambda tx: tx.run("scale_file_here", id=file_id, mime=mime, size=size, now=tx.now))


def _put_piece(tx: Transaction, file_id: str, number: int, data: bytes) -> None:
    tx.run("scale_file_piece_insert", file_id=file_id, piece=number, data=data)


def drop_broken_off(db: Database, *, stale_after: int = STALE_AFTER) -> int:
    """Remove what uploads left that ended in the middle. How many."""
    before, dropped = db.clock() - stale_after, 0
    while True:
        with db.read() as tx:
            row = tx.one("scale_file_broken_off", before=before)
        if row is None:
            return dropped
        while not db.write(lambda tx, file_id=row["id"]: _drop(tx, file_id)):  # type: ignore[misc]
            pass
        dropped += 1


def _drop(tx: Transaction, file_id: str) -> bool:
    """One transaction's part of removing it, for the writer belongs to those who label; True when nothing is left to do."""
    found = [row["piece"] for row in tx.all("scale_file_piece_some", file_id=file_id, n=DROPPED)]
    tx.many("scale_file_piece_delete", [{"file_id": file_id, "piece": piece} for piece in found])
    if len(found) == DROPPED:
        return False
    tx.run("scale_file_delete", id=file_id)
    return True


# ---- what a file is ----------------------------------------------------------------------------------------------
def sniff(stream: IO[bytes]) -> str:
    """The media type of what is in a seekable stream: of pictures and sounds by their headers, of others by how they begin;
    `text/plain` for all that is text, a web page too, and `application/octet-stream` for the rest."""
    with suppress(BadFile):
        return look(stream, "file").media_type
    stream.seek(0)
    head = stream.read(HEAD)
    for start, mime in _STARTS:
        if head.startswith(start):
            return mime
    if head[4:8] == b"ftyp":
        return "video/mp4"
    if head[:4] == b"RIFF" and head[8:12] == b"AVI ":
        return "video/x-msvideo"
    with suppress(UnicodeDecodeError):
        text = codecs.getincrementaldecoder("utf-8")().decode(head, final=len(head) < HEAD)
        if not any(one < " " and one not in "\t\n\r\f\x1b" for one in text):
            return "text/plain"
    return "application/octet-stream"


# ---- addresses and bytes -----------------------------------------------------------------------------------------
def url_of(workspace_id: str, file_id: str) -> str:
    """The address that tasks name a file by. It holds the workspace, so that one of the other world leads nowhere."""
    return f"{SCHEME}://{workspace_id}/{file_id}"


def is_file_url(text: Any) -> bool:
    """Whether something is the address of such a file."""
    return isinstance(text, str) and text.startswith(SCHEME + "://")


def find_file(tx: Transaction, workspace_id: str, url: str) -> Row:
    """The row of the file that an address names. Raises NotFound."""
    start = url_of(workspace_id, "")
    row = tx.one("scale_file_get", id=url.removeprefix(start)) if url.startswith(start) else None
    if row is None or (row["state"] == "waiting" and not row["source"]):
        raise NotFound(f"There is no file {url[:120]}.", "Upload it, or import it, with a key of the same kind.")
    return row


def check_here(row: Row) -> None:
    """Raises Unavailable while a file is still to be fetched, EndpointDown where it could not be."""
    if row["state"] == "failed":
        raise EndpointDown(f"The file could not be fetched: {row['error']}")
    if row["state"] != "here":
        raise Unavailable("The file has not been fetched yet.", "Try again in a moment.")


def read_file(tx: Transaction, workspace_id: str, url: str) -> tuple[str, str, bytes]:
    """Name, media type and bytes of the file that an address names. Raises as `find_file` and `check_here` do."""
    row = find_file(tx, workspace_id, url)
    check_here(row)
    pieces = []
    for number in range(-(-int(row["size"]) // PIECE)):
        found = tx.one("scale_file_piece_get", file_id=row["id"], piece=number)
        if found is None:
            raise NotFound(f"There is no file {url[:120]}.")
        pieces.append(found["data"])
    return row["name"], row["mime"], b"".join(pieces)


def read_pieces(db: Database, file_id: str, size: int) -> Iterator[bytes]:
    """The bytes of a file that is here, a piece at a time, each from a snapshot of its own."""
    for number in range(-(-size // PIECE)):
        with db.read() as tx:
            found = tx.one("scale_file_piece_get", file_id=file_id, piece=number)
        if found is None:
            raise Unavailable("This file was removed while it was read.", "Try again.")
        yield found["data"]


def file_json(workspace_id: str, row: Row) -> dict[str, Any]:
    """A file as the API tells of it. What is not known yet, of one that is still to be fetched, is left out."""
    facts: dict[str, Any] = {
        "id": row["id"],
        "attachment_url": url_of(workspace_id, row["id"]),
        "name": row["name"],
        "project_names": json.loads(row["projects"]),
        "metadata": json.loads(row["metadata"]),
        "created_at": _time(row["created_at"]),
        "updated_at": _time(row["updated_at"]),
    }
    if row["reference_id"]:
        facts["reference_id"] = row["reference_id"]
    if row["state"] == "here":
        facts |= {"mime_type": row["mime"], "size": row["size"]}
    if row["state"] == "failed":
        facts["error"] = row["error"]
    return facts


def _time(us: int) -> str:
    return to_iso(us)[:23] + "Z"


def _row(db: Database, file_id: str) -> Row:
    with db.read() as tx:
        row = tx.one("scale_file_get", id=file_id)
    assert row is not None
    return row
