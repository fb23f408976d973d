"""Pages of the second version: tasks and batches from the newest, a delivery's tasks by id. Rows only; JSON is made elsewhere.

A page goes on behind a cursor, the time and id of its last row: what is made during a walk neither repeats nor hides a row.
"""

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass
from heapq import merge
from typing import Any, Literal

from tawsim.core.errors import BadInput
from tawsim.store.database import Row, Transaction

EVER = 1 << 62  # later than any time
STATUSES = ("pending", "completed", "canceled", "error")


@dataclass(frozen=True, slots=True)
class Span:
    """From `after` on, and before `before`, so that windows side by side neither share a row nor lose one."""

    after: int | None = None
    before: int | None = None

    @property
    def low(self) -> int:
        """The first moment of it."""
        return -EVER if self.after is None else self.after

    @property
    def high(self) -> int:
        """The first moment after it."""
        return EVER if self.before is None else self.before

    @property
    def whole(self) -> bool:
        """Whether it takes in all of time, and what has no time yet."""
        return self.after is None and self.before is None


ALWAYS = Span()


@dataclass(frozen=True, slots=True)
class Page:
    """How much, and behind which row."""

    limit: int = 100
    token: str | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """The rows of a page, and what to ask for the next one with; None at the end."""

    rows: Sequence[Row]
    next_token: str | None


def tasks(
    tx: Transaction, of: Literal["project", "batch"], place: str, status: str | None, completed: Span, page: Page
) -> Found:
    """Tasks of a project or of a batch, the newest first. A state that no task here ever has gives none."""
    at, id_ = _behind(page.token)
    asked: dict[str, Any] = {
        "place": place, "at": at, "id": id_, "n": page.limit + 1, "completed_after": completed.low,
        "completed_before": completed.high, "any_completion": int(completed.whole),
    }  # fmt: skip
    states = STATUSES if status is None else tuple(one for one in STATUSES if one == status)
    if of == "project":
        lists = [tx.all("scale_v2_tasks_of_project", status=state, **asked) for state in states]
    else:
        lists = [tx.all("scale_v2_tasks_of_batch", status=state, **asked) for state in states]
    rows = list(merge(*lists, key=lambda row: (row["created_at"], row["task_id"]), reverse=True))
    return _cut(rows, page.limit, "task_id")


def batches(
    tx: Transaction, project_id: str | None, state: str | None, created: Span, completed: Span, page: Page
) -> Found:
    """Batches, the newest first."""
    at, id_ = _behind(page.token)
    asked: dict[str, Any] = {
        "at": at, "id": id_, "n": page.limit + 1, "state": state or "", "created_after": created.low,
        "created_before": created.high, "completed_after": completed.low, "completed_before": completed.high,
        "any_completion": int(completed.whole),
    }  # fmt: skip
    if project_id is None:
        rows = tx.all("scale_v2_batches", **asked)
    else:
        rows = tx.all("scale_v2_batches_of_project", project_id=project_id, **asked)
    return _cut(rows, page.limit, "id")


def delivered(tx: Transaction, delivery_id: str, completed: Span, page: Page) -> Found:
    """The tasks of a delivery as they were frozen, in the order of their ids."""
    _, after = _behind(page.token)
    rows = tx.all(
        "scale_v2_delivered", delivery_id=delivery_id, after=after, n=page.limit + 1, completed_after=completed.low,
        completed_before=completed.high, any_completion=int(completed.whole),
    )  # fmt: skip
    return _cut(rows, page.limit, "task_id")


def _cut(rows: Sequence[Row], limit: int, key: str) -> Found:
    if len(rows) <= limit:
        return Found(rows, None)
    last = rows[limit - 1]
    return Found(rows[:limit], token_of(last["created_at"], last[key]))


def token_of(at: int, id_: str) -> str:
    """The cursor behind a row."""
    return base64.urlsafe_b64encode(f"{at}.{id_}".encode()).decode().rstrip("=")


def _behind(token: str | None) -> tuple[int, str]:
    """The row that a page goes on behind. Raises BadInput for a token that was not given out here."""
    if token is None:
        return EVER, ""
    try:
        padded = token.encode("ascii") + b"=" * (-len(token) % 4)
        at, _, id_ = base64.b64decode(padded, altchars=b"-_", validate=True).decode("ascii").partition(".")
        found = int(at), id_
        if token_of(*found) != token or not -EVER < found[0] < EVER:
            raise ValueError
    except (ValueError, binascii.Error):
        raise BadInput("next_token: not one that was given out here.", "Begin again without it.") from None
    return found
