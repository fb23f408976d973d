"""Where a file lies that a completed task's response names: by the file's own id, or by that of the annotation that holds it.

Pure. Only addresses that stand in the response itself are ever given, and of those only http, https and files kept here.
"""

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from tawsim.loop.scale.files import is_file_url
from tawsim.loop.scale.v2_threads import find_annotation


def address_of(task_id: str, response: Any, attachment_id: str) -> str | None:
    """The address, None where the response names no such file."""
    for one in _texts(response):
        if is_file_url(one) and one.rpartition("/")[2] == attachment_id:
            return one
    found = find_annotation(task_id, response, attachment_id)
    if found is None or found["type"] != "file":
        return None
    given = (one.get(name) for one in found["value"] or () for name in ("scale_url", "url"))
    return next((one for one in given if isinstance(one, str) and (is_file_url(one) or _is_web(one))), None)


def file_id_of(address: str) -> str | None:
    """The id of the file kept here that an address names; None for one elsewhere."""
    return address.rpartition("/")[2] if is_file_url(address) else None


def _is_web(address: str) -> bool:
    try:
        parts = urlsplit(address)
    except ValueError:
        return False
    plain = address.isascii() and address.isprintable() and " " not in address
    return plain and parts.scheme in ("http", "https") and bool(parts.hostname) and parts.username is None


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for one in value.values():
            yield from _texts(one)
    elif isinstance(value, list):
        for one in value:
            yield from _texts(one)
