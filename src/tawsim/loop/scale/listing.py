"""Lists of tasks of the Scale-compatible API: what is asked for, a page of it behind a cursor, and how many there are in all.

The cursor is the last task's (created_at, id), so that a task made during a walk is neither told twice nor hides another. The
number of all is counted with the first page and carried along: it is that of the walk.
"""

import base64
import binascii
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tawsim.core.errors import BadInput, NotFound
from tawsim.loop.scale.projects import project_by_name
from tawsim.loop.scale.tasks import Projects, task_json
from tawsim.store.database import Row, Transaction

MOST = 100
MOST_CHARACTERS = 8_000_000  # of one page: past them it ends, with fewer tasks than it might have
MAX_UNIQUE_IDS = 100
MAX_TAGS = 10
NEVER, EVER = 0, 2**63 - 1
STATUSES = ("pending", "completed", "canceled", "error")
REVIEWS = ("pending", "accepted", "fixed", "commented", "rejected")
LAST_ID = "~"  # after every id


@dataclass(frozen=True, slots=True)
class Span:
    """Times from and until, both among them."""

    since: int = NEVER
    until: int = EVER

    @property
    def any(self) -> bool:
        """Whether it leaves nothing out."""
        return self == Span()

    def holds(self, at: int | None) -> bool:
        """Whether the time is among them; what never was is only where nothing is left out."""
        return self.any if at is None else self.since <= at <= self.until


@dataclass(frozen=True, slots=True)
class Asked:
    """What to list: "" and () are no condition."""

    project: str = ""
    batch: str = ""
    type: str = ""
    status: str = ""
    unique_ids: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    reviews: tuple[str, ...] = ()
    created: Span = Span()
    updated: Span = Span()
    completed: Span = Span()
    limit: int = MOST
    token: str = ""
    limited: bool = False


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where a walk stands: after this task, of so many."""

    at: int
    id: str
    total: int


def page(tx: Transaction, asked: Asked) -> dict[str, Any]:
    """A page as the first version tells it. Raises BadInput (limit, token, a state that there is not), NotFound."""
    _check(asked)
    cursor = read_token(asked.token) if asked.token else None
    values = _values(tx, asked)
    source = _by_unique_id(tx, asked, values, cursor) if asked.unique_ids else _by_statement(tx, asked, values, cursor)
    rows, more = _gathered(source, asked)
    total = cursor.total if cursor is not None else len(rows)
    if cursor is None and more:
        total = len(_by_unique_id(tx, asked, values, None)) if asked.unique_ids else _count(tx, values)
    projects = Projects(tx)
    token = token_of(Cursor(rows[-1]["created_at"], rows[-1]["task_id"], total)) if more else None
    return {
        "docs": [task_json(tx, row, projects, limited=asked.limited) for row in rows],
        "total": total, "limit": asked.limit, "offset": 0, "has_more": more, "next_token": token,
    }  # fmt: skip


def walk(tx: Transaction, asked: Asked) -> Iterator[dict[str, Any]]:
    """All tasks that are asked for, as the first version tells of them, read as they are taken. Raises as `page` does."""
    _check(asked)
    projects, values = Projects(tx), _values(tx, asked)
    after: Cursor | None = None
    while True:
        rows = list(_by_statement(tx, asked, values, after))[: asked.limit]
        for row in rows:
            yield task_json(tx, row, projects, limited=asked.limited)
        if len(rows) < asked.limit:
            return
        after = Cursor(rows[-1]["created_at"], rows[-1]["task_id"], 0)


def _gathered(source: Iterable[Row], asked: Asked) -> tuple[list[Row], bool]:
    """A page of rows, and whether more follow: as many as were asked for, or fewer where they are large."""
    rows: list[Row] = []
    size = 0
    for row in source:
        if len(rows) == asked.limit or size > MOST_CHARACTERS:
            return rows, True
        rows.append(row)
        size += (
            0 if asked.limited else len(row["params"]) + len(row["response"] or "") + len(row["prior_responses"] or "")
        )
    return rows, False


def _check(asked: Asked) -> None:
    if not 1 <= asked.limit <= MOST:
        raise BadInput(f"`limit` is a whole number from 1 to {MOST}.", field="limit")
    if asked.status and asked.status not in STATUSES:
        raise BadInput(f"`status` is one of {', '.join(STATUSES)}, not {asked.status[:40]!r}.", field="status")
    for one in asked.reviews:
        if one not in REVIEWS:
            raise BadInput(f"`customer_review_status` is of {', '.join(REVIEWS)}, not {one[:40]!r}.")
    if len(asked.unique_ids) > MAX_UNIQUE_IDS:
        raise BadInput(f"`unique_id` may be sent {MAX_UNIQUE_IDS} times.", field="unique_id")
    if len(asked.tags) > MAX_TAGS:
        raise BadInput(f"`tags` may be sent {MAX_TAGS} times.", field="tags")


def _values(tx: Transaction, asked: Asked) -> dict[str, Any]:
    project_id = project_by_name(tx, asked.project)["project_id"] if asked.project else ""
    batch_id = ""
    if asked.batch:
        batch = tx.one("scale_batch_named", name=asked.batch)
        if batch is None:
            raise NotFound(f"There is no batch “{asked.batch[:200]}”.")
        batch_id = batch["id"]
        project_id = project_id or batch["project_id"]
    padded = (*asked.tags, *(asked.tags[:1] * (MAX_TAGS - len(asked.tags)))) if asked.tags else ()
    tags = {f"tag{place}": tag for place, tag in enumerate(padded)}
    return tags | {
        "project_id": project_id, "batch_id": batch_id, "type": asked.type, "status": asked.status,
        "created_from": asked.created.since, "created_until": asked.created.until,
        "updated_from": asked.updated.since, "updated_until": asked.updated.until,
        "any_completion": int(asked.completed.any), "completed_from": asked.completed.since,
        "completed_until": asked.completed.until, "review": f",{','.join(asked.reviews)}," if asked.reviews else "",
    }  # fmt: skip


def _by_statement(tx: Transaction, asked: Asked, values: Mapping[str, Any], cursor: Cursor | None) -> Iterator[Row]:
    """Rows after the cursor, read as they are taken, from the statement that reads the index of what is asked for."""
    at, last = (cursor.at, cursor.id) if cursor is not None else (EVER, LAST_ID)
    after = {"at": at, "id": last, "n": asked.limit + 1}
    if "tag0" in values:
        return tx.stream("scale_list_tagged", **values, **after)
    if values["project_id"]:
        return tx.stream("scale_list_of_project", **values, **after)
    return tx.stream("scale_list", **values, **after)


def _count(tx: Transaction, values: Mapping[str, Any]) -> int:
    if "tag0" in values:
        found = tx.one("scale_list_tagged_count", **values)
    elif values["project_id"]:
        found = tx.one("scale_list_of_project_count", **values)
    else:
        found = tx.one("scale_list_count", **values)
    assert found is not None
    return int(found["n"])


def _by_unique_id(tx: Transaction, asked: Asked, values: Mapping[str, Any], cursor: Cursor | None) -> list[Row]:
    """The few tasks that have these, each looked up, then judged by the other conditions."""
    found = [tx.one("scale_task_by_unique_id", unique_id=one) for one in dict.fromkeys(asked.unique_ids)]
    rows = [row for row in found if row is not None and _fits(asked, values, row)]
    rows.sort(key=_place, reverse=True)
    return rows if cursor is None else [row for row in rows if _place(row) < (cursor.at, cursor.id)]


def _place(row: Row) -> tuple[int, str]:
    return row["created_at"], row["task_id"]


def _fits(asked: Asked, values: Mapping[str, Any], row: Row) -> bool:
    same = all(not values[name] or row[name] == values[name] for name in ("project_id", "batch_id", "type", "status"))
    return (
        same and row["purpose"] == "work" and asked.created.holds(row["created_at"])
        and asked.updated.holds(row["updated_at"]) and asked.completed.holds(row["completed_at"])
        and (not asked.reviews or (row["review_status"] or "pending") in asked.reviews)
        and (not asked.tags or bool(set(asked.tags) & set(json.loads(row["tags"] or "[]"))))
    )  # fmt: skip


def token_of(cursor: Cursor) -> str:
    """A cursor as a client carries it."""
    text = f"{cursor.at}.{cursor.total}.{cursor.id}"
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def read_token(token: str) -> Cursor:
    """The cursor of a token. Raises BadInput for one that this server never gave."""
    try:
        at, total, id_ = (
            base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True).decode().split(".")
        )
        cursor = Cursor(int(at), id_, int(total))
        if not (0 <= cursor.at <= EVER and 0 <= cursor.total <= EVER and id_ and token_of(cursor) == token):
            raise ValueError
    except (binascii.Error, ValueError):
        raise BadInput(
            "`next_token` is none that was given here.", "Begin again without it.", field="next_token"
        ) from None
    return cursor


def split_list(values: Sequence[str]) -> tuple[str, ...]:
    """Values that came apart, or together with commas between."""
    return tuple(part.strip() for one in values for part in one.split(",") if part.strip())
