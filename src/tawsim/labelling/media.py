"""The pictures and sounds of a project as its labellers get them: by the names that rows use. Bytes are not read here."""

from collections.abc import Iterable
from typing import Any

from tawsim.core.media_names import media_name
from tawsim.store.database import Row, Transaction


def media_url(project_id: str, digest: str) -> str:
    """Where the server gives the bytes; a path on the server that gives the task."""
    return f"/api/v1/projects/{project_id}/media/{digest}"


def media_of(tx: Transaction, project_id: str, names: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Name → {"url", "type", "width", "height", "seconds"} for those of `names` that the project has.

    Names are as rows hold them (`.\\a.png` finds `a.png`). Pixels and seconds are null where no header says them.
    """
    found: dict[str, dict[str, Any]] = {}
    for name in names:
        if isinstance(name, str) and name not in found:
            row = media_row(tx, project_id, name)
            if row is not None:
                found[name] = media_facts(project_id, row)
    return found


def media_row(tx: Transaction, project_id: str, name: str) -> Row | None:
    """What the project has under the name that a row uses, or None."""
    try:
        return tx.one("media_by_name", project_id=project_id, name=media_name(name))
    except ValueError:
        return None


def media_facts(project_id: str, row: Row) -> dict[str, Any]:
    """What a page needs to show it."""
    return {
        "url": media_url(project_id, row["digest"]), "type": row["media_type"], "width": row["width"],
        "height": row["height"], "seconds": row["seconds"],
    }  # fmt: skip
