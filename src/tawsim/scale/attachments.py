"""Attachments of every type → columns of a row, blocks that show them, and what is to be fetched first."""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from tawsim.kinds.answers import brief
from tawsim.scale.form import Attachment, column_of, escaped, titled
from tawsim.scale.plain import as_list, as_text, refuse

KINDS = ("image", "text", "audio", "video", "website", "pdf")
MOST = 30
LONGEST_ADDRESS = 10_000
# Types whose bytes become part of the row; the others are shown as a link that opens beside the task.
_FETCHED = ("image", "audio")
STORED = "scaledata://"
_ENDINGS = {
    "image": ("png", "jpg", "jpeg", "gif", "webp", "bmp", "avif", "tif", "tiff"),
    "audio": ("mp3", "wav", "ogg", "oga", "opus", "flac", "m4a", "aac", "weba"),
    "video": ("mp4", "webm", "mov", "mkv", "avi"),
    "pdf": ("pdf",),
    "text": ("txt", "md"),
}


class Shown:
    """The row of one task as it is put together: `row`, `content` and `attachments` grow with every `show`."""

    def __init__(self) -> None:
        self.row: dict[str, Any] = {}
        self.content: list[dict[str, Any]] = []
        self.attachments: list[Attachment] = []

    def show(self, value: Any, kind: str, where: str, title: str = "") -> str:
        """One attachment; returns its column. Raises `BadInput` for what is no address and no text."""
        given = as_text(value, where, 4_000_000)
        if not given.strip():
            refuse(where, "is required.")
        if title:
            self.put("markdown", "title", f"**{escaped(titled(title))}**")
        if kind == "text" and not given.startswith(STORED):
            return self.put("text", "text", given)
        check_address(given, where)
        if kind in _FETCHED or kind == "text":
            column = self.put(kind, kind, given)
            if given[:5].lower() != "data:":
                self.attachments.append(Attachment(given, column, kind))
            return column
        if given.startswith(STORED):
            refuse(
                where, f"of type {kind} is a stored file, which cannot be shown beside a task.",
                "Give its http(s) address, or send images, audio or text.",
            )  # fmt: skip
        return self.put("markdown", "link", f"{kind}: <{given}>")

    def put(self, kind: str, name: str, value: Any, title: str = "") -> str:
        """A column of the row with a block that shows it; returns the column."""
        column = column_of(self.row, name)
        self.row[column] = value
        self.content.append({"kind": kind, "column": column, "other": "", "title": title})
        return column


def check_address(given: str, where: str) -> None:
    """Raises `BadInput` unless this is an http(s) address, a stored file, or data that the text brings along."""
    if given.startswith(STORED) and len(given) <= LONGEST_ADDRESS:
        return
    if re.match(r"data:(image|audio)/[a-z0-9.+-]+[;,]", given[:80], re.IGNORECASE):
        return
    try:
        parts = urlsplit(given)
        good = parts.scheme in ("http", "https") and bool(parts.hostname) and len(given) <= LONGEST_ADDRESS
    except ValueError:
        good = False
    if not good or re.search(r"[\s<>\x00-\x1f]", given.strip()) or given != given.strip():
        refuse(where, f"is no address of a file: {brief(given)}.", "Such as https://example.com/cat.jpg.")


def read_kind(value: Any, where: str, given: Any = None, default: str = "image") -> str:
    """The type of an attachment: as it is said, else by the ending of its address, else the default."""
    if value is not None:
        if not isinstance(value, str) or value not in KINDS:
            refuse(where, f"is one of {', '.join(KINDS)}, not {brief(value)}.")
        return value
    address = given if isinstance(given, str) else ""
    if not re.match(r"https?://|scaledata://|data:", address[:12], re.IGNORECASE):
        return "text" if address and default != "image" else default
    ending = address[:LONGEST_ADDRESS].split("?")[0].split("#")[0].rsplit(".", 1)[-1].lower()
    # A page, wherever no ending says more: what is text is sent as text.
    other = "website" if default == "text" and not address.startswith(STORED) else default
    return next((kind for kind, endings in _ENDINGS.items() if ending in endings), other)


def show_attachments(
    shown: Shown, params: Mapping[str, Any], *, default: str = "image", numbered: bool = False
) -> list[str]:
    """Everything that a task wants shown: `attachment`, `attachments`, `context_attachments`. Returns the columns of the first
    two, in order. An entry is an address or text, or an object with type and content."""
    columns = []
    kind = params.get("attachment_type")
    if params.get("attachment") is not None:
        given = params["attachment"]
        columns.append(shown.show(given, read_kind(kind, "attachment_type", given, default), "attachment"))
    for name in ("attachments", "context_attachments"):
        for place, one in enumerate(as_list(params.get(name), name, MOST)):
            column = _show_one(shown, one, kind, f"{name}[{place}]", default, str(place + 1) if numbered else "")
            if name == "attachments":
                columns.append(column)
    return columns


def _show_one(shown: Shown, one: Any, kind: Any, where: str, default: str, number: str) -> str:
    title = number
    if isinstance(one, Mapping):
        names = ("content", "attachment", "url", "attachment_url")
        name = next((name for name in names if one.get(name) is not None), "content")
        said = next((one[key] for key in ("title", "label", "name") if isinstance(one.get(key), str)), "")
        title = titled(number, said)
        given, where = one.get(name), f"{where}.{name}"
        kind = one.get("type", one.get("attachment_type", kind))
    else:
        given = one
    return shown.show(given, read_kind(kind, f"{where}: type", given, default), where, title)
