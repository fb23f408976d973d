"""The names that rows use for pictures and sounds: one form for each, and none that leads out of a folder. No files."""

import re
import unicodedata

MAX_NAME = 500  # characters
MAX_PART_BYTES = 255  # what file systems take
_DRIVE = re.compile(r"^[A-Za-z]:")


def media_name(text: str) -> str:
    r"""`.\cats\1.png` → `cats/1.png`: NFC, forward slashes, no empty or “.” part.

    Raises ValueError, with the reason as its text, for a name that is empty, absolute, too long, that climbs with “..”, or
    that holds a control character or half of a surrogate pair.
    """
    name = unicodedata.normalize("NFC", text).replace("\\", "/")
    if any(unicodedata.category(c) in ("Cc", "Cs") for c in name):
        raise ValueError("it holds a control character or bytes that are no text")
    if name.startswith("/") or _DRIVE.match(name):
        raise ValueError("it is an absolute path")
    parts = [part for part in name.split("/") if part not in ("", ".")]
    if ".." in parts:
        raise ValueError("it climbs out of the folder with “..”")
    if not parts or not "".join(parts).strip():
        raise ValueError("it is empty")
    if len(name) > MAX_NAME or any(len(part.encode()) > MAX_PART_BYTES for part in parts):
        raise ValueError(f"it is longer than {MAX_NAME} characters, or a part of it than {MAX_PART_BYTES} bytes")
    return "/".join(parts)


def is_data_uri(text: str) -> bool:
    """Whether the text brings the picture or sound along instead of naming a file."""
    return text[:5].lower() == "data:"
