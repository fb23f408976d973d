"""What a file is, from its name and then from its first bytes. Decides; reads no rows."""

from pathlib import PurePath
from typing import Literal, get_args

from tawsim.core.errors import BadInput
from tawsim.intake.limits import Trouble, shown

Format = Literal["csv", "tsv", "jsonl", "json", "parquet"]
FORMATS: tuple[Format, ...] = get_args(Format)
READABLE = "Tawsim reads CSV, TSV, JSON Lines, a JSON list and Parquet, each also gzipped."
HEAD = 1 << 16

_ENDINGS: dict[str, Format] = {
    ".csv": "csv",
    ".tsv": "tsv",
    ".tab": "tsv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "json",
    ".parquet": "parquet",
    ".pq": "parquet",
}
_UNZIP = "Unpack it first, then name the file inside."
_EXPORT = "Save it as CSV or Parquet with the program that made it."
# First bytes → what it is, and what to do. None of these is ever opened, and above all none is unpickled.
_FOREIGN: tuple[tuple[bytes, str, str], ...] = (
    (b"\x1f\x8b", "a gzip archive in a gzip archive", "Unpack it once."),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Excel workbook (.xls)", "Save the sheet as “CSV UTF-8”."),
    (b"\x80\x02", "a Python pickle, which could run code and is never opened", _EXPORT),
    (b"\x80\x03", "a Python pickle, which could run code and is never opened", _EXPORT),
    (b"\x80\x04", "a Python pickle, which could run code and is never opened", _EXPORT),
    (b"\x80\x05", "a Python pickle, which could run code and is never opened", _EXPORT),
    (b"\x93NUMPY", "a NumPy array", _EXPORT),
    (b"\x89HDF\r\n", "an HDF5 file", _EXPORT),
    (b"ARROW1", "an Arrow (Feather) file", "Save it as Parquet."),
    (b"FEA1", "a Feather file", "Save it as Parquet."),
    (b"PARE", "an encrypted Parquet file", "Save it without encryption."),
    (b"Obj\x01", "an Avro file", _EXPORT),
    (b"ORC", "an ORC file", _EXPORT),
    (b"SQLite format 3\x00", "an SQLite database", "To open a workspace, use: tawsim up FILE.tawsim"),
    (b"BZh", "a bzip2 archive", _UNZIP),
    (b"\xfd7zXZ\x00", "an xz archive", _UNZIP),
    (b"\x28\xb5\x2f\xfd", "a Zstandard archive", _UNZIP),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive", _UNZIP),
    (b"Rar!", "a RAR archive", _UNZIP),
    (b"%PDF", "a PDF document", "Copy its text into a CSV file."),
    (b"\x89PNG", "a picture", READABLE),
    (b"\xff\xd8\xff", "a picture", READABLE),
    (b"GIF8", "a picture", READABLE),
    (b"RIFF", "a sound or picture file", READABLE),
    (b"\x7fELF", "a program", READABLE),
    (b"version https://git-lfs", "a Git LFS pointer, not the file itself", "Fetch it with: git lfs pull"),
)


def format_from_name(filename: str) -> tuple[Format | None, str]:
    """The format that the ending of `filename` names (None if it names none), and the ending."""
    path = PurePath(filename.lower())
    if path.suffix in (".gz", ".gzip"):
        path = path.with_suffix("")
    return _ENDINGS.get(path.suffix), path.suffix


def read_format(name: str) -> Format:
    """The format that a user named. Raises `BadInput` for an unknown one."""
    for known in FORMATS:
        if name.lower() == known:
            return known
    raise BadInput(f"There is no format {shown(name)}.", "Known: " + ", ".join(FORMATS))


def refuse_foreign(head: bytes) -> None:
    """Raises `Trouble`, saying what it is and what to do, if `head` belongs to a file that is not read here."""
    for magic, what, hint in _FOREIGN:
        if head.startswith(magic):
            raise Trouble(f"this is {what}.", hint, whole=True)
    if head.startswith(b"PK\x03\x04"):
        raise _zip(head)
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()[:200].lower()
    if start.startswith((b"<!doctype html", b"<html", b"<head", b"<body")):
        raise Trouble("this is a web page, not the file itself.", "Download the file by its own link.", whole=True)
    if start.startswith(b"<?xml"):
        raise Trouble("this is an XML file.", READABLE, whole=True)


def _zip(head: bytes) -> Trouble:
    if b"xl/" in head or b"[Content_Types].xml" in head[:200]:
        return Trouble("this is an Excel or Office file.", "Save the sheet as “CSV UTF-8”.", whole=True)
    if b"mimetypeapplication/vnd.oasis" in head[:200]:
        return Trouble("this is an OpenDocument file.", "Save the sheet as CSV in UTF-8.", whole=True)
    return Trouble("this is a zip archive.", _UNZIP, whole=True)


def settle_format(named: Format | None, ending: str, start: str) -> Format:
    """The format of a text file whose name says `named` and whose first characters, without white space, are `start`.

    Among JSON Lines and JSON list the content decides: a row is an object, so “[” can only open a list.
    """
    if named == "parquet":
        raise Trouble("the name says Parquet, but it does not begin with PAR1.", whole=True)
    found: Format = "json" if start[:1] == "[" else "jsonl"
    if named in ("json", "jsonl"):
        if start[:1] not in ("[", "{"):
            raise Trouble(
                f"the name says JSON, but it begins with {shown(start, 20)}.",
                'Expected a list [{"text": "…"}, …], or one object {"text": "…"} a line.',
                whole=True,
            )
        return found
    looks_json = start.startswith(("{", "[")) and start[1:].lstrip()[:1] in ('"', "{", "}", "]", "[")
    if looks_json and named is None:
        return found
    if looks_json:
        hint = f"Name it .{found}, or say --format {found}."
        raise Trouble(f"the name says {ending or named}, but it holds JSON.", hint, whole=True)
    return named or "csv"
