"""The fields that tasks of every type have, read from what was sent: every refusal names its field. Nothing is stored here.

What is none of these fields is a parameter of the type, and kept as it came; tawsim/scale/types.py judges it.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from tawsim.core.errors import BadInput
from tawsim.kinds.answers import brief
from tawsim.scale.plain import as_flag, as_object, as_text, check_plain, refuse
from tawsim.store.rows import to_json

MAX_INSTRUCTION = 200_000
MAX_METADATA = 200_000  # characters as JSON
MAX_TAGS = 100
MAX_TAG = 200
MAX_UNIQUE_ID = 1_000
MAX_URL = 2_000
MAX_NAME = 1_000
MAX_PRIORITY = 100
COMMON = frozenset({
    "project", "batch", "instruction", "callback_url", "unique_id", "metadata", "tags", "priority",
    "clear_unique_id_on_error",
})  # fmt: skip
_MAIL = re.compile(r"[^@\s]{1,64}@[^@\s]{1,255}")


@dataclass(frozen=True, slots=True)
class Sent:
    """A creation as it was sent. `tags` None: none were ever set; `priority` as JSON."""

    project: str = ""
    batch: str = ""
    instruction: str = ""
    callback_url: str = ""
    unique_id: str | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)
    tags: tuple[str, ...] | None = None
    priority: str | None = None
    clear_unique_id_on_error: bool = False
    params: Mapping[str, Any] = field(default_factory=dict)


def read_sent(sent: Any) -> Sent:
    """The fields of a creation. Raises BadInput that names the first one that cannot be used."""
    if sent is None:
        sent = {}
    if not isinstance(sent, Mapping):
        raise BadInput(f"A task comes as an object, not as {brief(sent)}.")
    check_plain(list(sent), "body")
    for name, value in sent.items():
        check_plain(value, name[:60])
    return Sent(
        as_text(sent.get("project"), "project", MAX_NAME), as_text(sent.get("batch"), "batch", MAX_NAME),
        as_text(sent.get("instruction"), "instruction", MAX_INSTRUCTION), read_callback(sent.get("callback_url")),
        None if sent.get("unique_id") is None else read_unique_id(sent["unique_id"]), read_metadata(sent.get("metadata")),
        None if sent.get("tags") is None else read_tags(sent["tags"]), _priority(sent.get("priority")),
        as_flag(sent.get("clear_unique_id_on_error"), "clear_unique_id_on_error"),
        {name: value for name, value in sent.items() if name not in COMMON},
    )  # fmt: skip


def read_unique_id(value: Any) -> str:
    """A text of 1 to 1,000 characters. Raises BadInput."""
    found = as_text(value, "unique_id", MAX_UNIQUE_ID)
    if not found:
        refuse("unique_id", f"is a text of 1 to {MAX_UNIQUE_ID:,} characters.")
    check_plain(found, "unique_id")
    return found


def read_metadata(value: Any) -> Mapping[str, Any]:
    """An object; an empty one for None. Raises BadInput."""
    found = as_object(value, "metadata")
    check_plain(found, "metadata")
    if len(to_json(found)) > MAX_METADATA:
        refuse("metadata", f"has at most {MAX_METADATA:,} characters as JSON.")
    return found


def read_tags(value: Any) -> tuple[str, ...]:
    """Texts, each once; none for None. Raises BadInput."""
    if value is not None and not isinstance(value, list):
        refuse("tags", f"is a list of texts, not {brief(value)}.")
    for one in value or ():
        if not isinstance(one, str) or not one or len(one) > MAX_TAG:
            refuse("tags", f"holds texts of 1 to {MAX_TAG} characters, not {brief(one)}.")
    found = tuple(dict.fromkeys(value or ()))
    if len(found) > MAX_TAGS:
        refuse("tags", f"holds at most {MAX_TAGS} of them.")
    check_plain(list(found), "tags")
    return found


def read_callback(value: Any, name: str = "callback_url") -> str:
    """An http or https address, or a mail address; "" for none. Whether it may be reached shows when it is called."""
    found = as_text(value, name, MAX_URL)
    if not found or _MAIL.fullmatch(found):
        return found
    try:
        parts = urlsplit(found)
        good = parts.scheme.lower() in ("http", "https") and bool(parts.hostname)
    except ValueError:
        good = False
    if not good or not found.isprintable() or " " in found:
        refuse(name, f"is an http or https address, or a mail address, not {brief(value)}.")
    return found


def _priority(value: Any) -> str | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, str | int | float) or len(str(value)) > MAX_PRIORITY:
        refuse("priority", f"is a number or a short text, not {brief(value)}.")
    return to_json(value)
