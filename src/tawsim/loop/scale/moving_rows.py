"""A task as an account at Scale tells of it → a row of the table where moves are prepared. What is done with that is in
moving.py."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from tawsim.core.errors import BadInput
from tawsim.scale.types import TYPES
from tawsim.store.rows import to_json

Json = dict[str, Any]
STATUSES = frozenset({"pending", "completed", "canceled", "error"})
REVIEWS = frozenset({"accepted", "fixed", "commented", "rejected"})
EPOCH, MICROSECOND = datetime(1970, 1, 1, tzinfo=UTC), timedelta(microseconds=1)
_ID = re.compile(r"[0-9A-Za-z_-]{1,100}")
LOST_FILE = (
    "This task was moved here, and its attachment is a file that only Scale can read. "
    "Upload the file here and create the task anew."
)


def row_of(history: Sequence[Json], told: Json, now: int) -> Json | None:
    """The row of a task, or None for what cannot be understood. `history`: all versions of its project's parameters."""
    task_id = told.get("task_id")
    if isinstance(task_id, str) and _ID.fullmatch(task_id) and is_one(told.get("status"), STATUSES):
        return _row(task_id, history, told, now)
    return None


def _row(task_id: str, history: Sequence[Json], told: Json, now: int) -> Json:
    type_ = str(told.get("type", ""))
    params = told["params"] if isinstance(told.get("params"), dict) else {}
    version, instruction = _own_instruction(history, told)
    batch, unique_id = told.get("batch"), told.get("unique_id")
    row = {
        "task_id": task_id, "type": type_, "batch": batch if isinstance(batch, str) else "", "status": told["status"],
        "stage": "waiting" if told["status"] == "pending" and type_ in TYPES else "over",
        "unique_id": unique_id if isinstance(unique_id, str) and unique_id else None, "instruction": instruction,
        "callback_url": str(told.get("callback_url") or ""), "params": as_text(params), "version": version,
        **_said(told), **_times(told, now),
    }  # fmt: skip
    if row["stage"] == "waiting" and '"scaledata://' in row["params"]:
        lost = {"error": LOST_FILE, "attachments": [{"statusCode": 404, "url": url} for url in _files_in(params)]}
        row |= {"status": "error", "stage": "over", "response": as_text(lost)}
    return row


def _own_instruction(history: Sequence[Json], told: Json) -> tuple[int, str]:
    """Which version of the project's parameters a task was made with, by its time, and its instruction without theirs."""
    made = read_time(told.get("created_at"), 0)
    version = max((n for n, one in enumerate(history) if read_time(one.get("created_at"), 0) <= made), default=0)
    whole, theirs = str(told.get("instruction") or ""), history[version].get("instruction")
    if isinstance(theirs, str) and theirs and whole.endswith(theirs):
        whole = whole[: -len(theirs)].rstrip("\n")
    return version, whole


def _said(told: Json) -> Json:
    """What was said of a task there besides what it is."""
    review = told.get("customer_review_status")
    succeeded = told.get("callback_succeeded")
    tags = told.get("tags")
    return {
        "metadata": as_text(told["metadata"] if isinstance(told.get("metadata"), dict) else {}),
        "tags": as_text([one for one in tags if isinstance(one, str)]) if isinstance(tags, list) else None,
        "priority": _kept(told.get("priority")), "response": _kept(told.get("response")),
        "prior_responses": _kept(told.get("prior_responses")), "review_status": review if is_one(review, REVIEWS) else None,
        "review_comments": _kept(told.get("customer_review_comments")),
        "callback_succeeded": int(succeeded) if isinstance(succeeded, bool) else None,
    }  # fmt: skip


def _times(told: Json, now: int) -> Json:
    made = read_time(told.get("created_at"), now)
    done = told.get("completed_at")
    return {
        "created_at": made, "updated_at": read_time(told.get("updated_at"), made),
        "completed_at": None if done is None else read_time(done, made),
    }  # fmt: skip


def is_one(value: Any, known: frozenset[str]) -> bool:
    """Whether something from outside is one of these words."""
    return isinstance(value, str) and value in known


def _files_in(value: Any) -> list[str]:
    """The addresses of files in parameters."""
    if isinstance(value, str):
        return [value] if value.startswith("scaledata://") else []
    inside = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [one for part in inside for one in _files_in(part)]


def _kept(value: Any) -> str | None:
    return None if value is None else as_text(value)


def as_text(value: Any) -> str:
    """As JSON. Half a character, which no file can hold, becomes a question mark."""
    try:
        return to_json(value).encode("utf-8", "replace").decode()
    except (ValueError, TypeError, RecursionError) as error:
        raise BadInput(f"What came from there cannot be stored: {error}.") from None


def read_time(text: Any, otherwise: int) -> int:
    """A time as Scale writes it, in microseconds; `otherwise` for what is none."""
    try:
        found = datetime.fromisoformat(text)
    except (TypeError, ValueError):
        return otherwise
    aware = found if found.tzinfo is not None else found.replace(tzinfo=UTC)
    return (aware - EPOCH) // MICROSECOND
