"""The task table: a query → the numbers of its tasks in order, a page at a time. Filters are masks over the columns in memory.

Nothing here writes. What a row shows is in table_rows.py; where the figures come from, in table_columns.py.
"""

import logging
import re
import threading
import time
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tawsim.core.errors import BadInput, Unavailable
from tawsim.labelling.slots import project_row
from tawsim.loop.inferring import ProjectTruth, truth_soon
from tawsim.loop.table_columns import Columns, catch_up, read_all
from tawsim.loop.table_grammar import Query
from tawsim.loop.table_masks import Sight, mask_of, sort_keys
from tawsim.loop.table_search import Search, search_of
from tawsim.store.database import Database

KEPT = 4
MAX_PAGE = 1_000
# How long a request waits for what is not ready before it answers that it is not.
PATIENCE_S = 0.8
GLANCE_S = 0.2  # for a truth that is only shown beside the rows
NEEDS_TRUTH = frozenset({"p", "label", "answer"})
_AFTER = re.compile(r"(-?[0-9.e+-]{1,40}|none)/([0-9]{1,18})")
log = logging.getLogger("tawsim.table")


@dataclass(slots=True)
class Table:
    """The columns of one project, and whoever reads them."""

    columns: Columns
    ready: bool = False
    reading: bool = False
    failed: float = 0.0
    touched: set[int] = field(default_factory=set)  # told by who changed many at once
    own: dict[str, int] = field(default_factory=dict)  # of each such action, how many were told here
    # Of all that is kept here, whichever columns stand at the moment: held by whoever looks at them or changes them.
    door: threading.Lock = field(default_factory=threading.Lock)


@dataclass(frozen=True, slots=True)
class Waiting:
    """What a query waits for: `what` is table, truth or search; `share` of it is there (None: unknown)."""

    what: str
    share: float | None


@dataclass(frozen=True, slots=True)
class Found:
    """One page. `seqs` in order; `total` tasks in all; `after` begins the next page, None at the end. While `waits` is not
    empty the rest is."""

    seqs: tuple[int, ...] = ()
    total: int | None = None
    after: str | None = None
    waits: tuple[Waiting, ...] = ()
    truth: ProjectTruth | None = None


Key = tuple[Path, str]
_lock = threading.Lock()
_tables: OrderedDict[Key, Table] = OrderedDict()


def find_page(
    db: Database, project_id: str, query: Query, *, after: str | None = None, limit: int = 100, wait: bool = False
) -> Found:
    """A page of what `query` finds. With `wait` everything that is needed is waited for. Raises NotFound, BadInput."""
    if not 1 <= limit <= MAX_PAGE:
        raise BadInput(f"A page has 1 to {MAX_PAGE:,} tasks.")
    cursor = _read_cursor(after)
    with _sight(db, project_id, query, wait) as sight:
        if isinstance(sight, Found):
            return sight
        rows = np.flatnonzero(mask_of(query, sight))
        page, last = _page(rows, query, sight, cursor, limit)
        return Found(tuple(page.tolist()), len(rows), last, (), sight.truth)


def find_all(db: Database, project_id: str, query: Query, *, wait: bool = True) -> NDArray[np.int64]:
    """The numbers of all tasks that `query` finds, rising. Raises Unavailable where something is not ready yet."""
    with _sight(db, project_id, query, wait) as sight:
        if isinstance(sight, Found):
            raise not_ready(sight.waits)
        return np.flatnonzero(mask_of(query, sight)).astype(np.int64)


def not_ready(waits: Iterable[Waiting]) -> Unavailable:
    """What is told where an action needs figures that are still being read."""
    return Unavailable(
        "The table is still being read: " + ", ".join(one.what for one in waits) + ".", "Try again in a moment.",
        waits=[one.what for one in waits],
    )  # fmt: skip


def figures_of(db: Database, project_id: str, seqs: NDArray[np.int64]) -> dict[str, NDArray[Any]]:
    """The columns of these tasks (copies), and `lane_id`, for whoever counts what an action would change."""
    with _sight(db, project_id, Query(), True, plain=True) as sight:
        assert isinstance(sight, Sight)
        found = {name: sight.columns[name][seqs] for name in sight.columns.columns}
        return found | {"lane_id": np.array(sight.columns.lanes)[found["lane"]]}


def tagged(db: Database, project_id: str, seqs: NDArray[np.int64], number: int) -> NDArray[np.bool_]:
    """Whether each of these tasks has a tag."""
    with _sight(db, project_id, Query(), True, plain=True) as sight:
        assert isinstance(sight, Sight)
        words = sight.columns.tag_words(number)
        has: NDArray[np.bool_] = (words[seqs] & np.uint64(1 << (number % 64))) != 0
        return has


def kept_columns(db: Database, project_id: str) -> Columns | None:
    """The columns as they are kept at this moment, for what rows show beside the store."""
    table = _tables.get((db.path, project_id))
    return table.columns if table is not None and table.ready else None


def table_state(db: Database, project_id: str) -> dict[str, Any]:
    """How far the columns of a project are read, and what they take."""
    table = _tables.get((db.path, project_id))
    if table is None:
        return {"ready": False, "share": 0.0, "bytes": 0, "tasks": 0}
    held = table.columns
    return {"ready": table.ready, "share": round(held.share, 4), "bytes": held.bytes_held(), "tasks": held.top}


def touch(db: Database, project_id: str, seqs: Iterable[int], job_id: str) -> None:
    """These tasks were changed by an action on many tasks, whose event names none of them. Another process may have done the
    rest of it, and tells nobody here: so they are counted."""
    table = _tables.get((db.path, project_id))
    if table is not None:
        with table.door:
            told = list(seqs)
            table.touched.update(told)
            table.own[job_id] = table.own.get(job_id, 0) + len(told)


def forget_tables(db: Database) -> None:
    """Let go of what is kept for this file, when it is closed."""
    with _lock:
        for key in [key for key in _tables if key[0] == db.path]:
            del _tables[key]


# ---- keeping -----------------------------------------------------------------------------------------------------------
class _sight:  # noqa: N801  (a context manager, used as a function)
    """What a query looks at, held still while it looks; or a `Found` that says what it waits for. `plain`: without truth."""

    def __init__(self, db: Database, project_id: str, query: Query, wait: bool, plain: bool = False) -> None:
        with db.read() as tx:
            project_row(tx, project_id)
        self._door: threading.Lock | None = None
        until = time.monotonic() + (1e9 if wait else PATIENCE_S)
        waits: list[Waiting] = []
        self._table = _table_of(db, project_id, until)
        if not self._table.ready:
            waits.append(Waiting("table", round(self._table.columns.share, 4)))
        names = {term.name for term in query.terms} | {query.sort}
        truth = None
        if not waits and not plain:
            needed = wait or bool(names & NEEDS_TRUTH)
            truth = truth_soon(db, project_id, until=until if needed else time.monotonic() + GLANCE_S)
            if truth is None and names & NEEDS_TRUTH:
                waits.append(Waiting("truth", None))
        search: Search | None = None
        if "text" in names and not waits:
            search = search_of(db, project_id)
            search.catch_up(db, until)
            if not search.ready:
                waits.append(Waiting("search", round(search.share, 4)))
        self._found: Found | Sight
        if waits:
            self._found = Found(waits=tuple(waits), truth=truth)
            return
        self._door = self._table.door
        self._door.acquire()
        try:
            self._found = Sight(db, self._table.columns, truth, search)
        except BaseException:
            self._door.release()
            raise

    def __enter__(self) -> "Found | Sight":
        return self._found

    def __exit__(self, *_: object) -> None:
        if self._door is not None:
            self._door.release()


def _table_of(db: Database, project_id: str, until: float) -> Table:
    """The table, caught up; not ready where that takes longer than `until`."""
    key = (db.path, project_id)
    with _lock:
        table = _tables.get(key)
        if table is None:
            table = _tables[key] = Table(Columns(project_id))
        _tables.move_to_end(key)
        while len(_tables) > KEPT:
            _tables.popitem(last=False)
    if table.ready:
        with table.door:
            followed = catch_up(db, table.columns, set(table.touched), table.own)
            # Columns that are being read may have passed them before they were changed: then they are kept for those.
            if followed and not table.reading:
                table.touched.clear()
        if not followed:
            _read_in_background(db, table)  # meanwhile what is there is shown: rows are read fresh in any case
        return table
    if time.monotonic() - table.failed > 1.0:
        _read_in_background(db, table)
    while not table.ready and table.reading and time.monotonic() < until:
        time.sleep(0.005)
    return table


def _read_in_background(db: Database, table: Table) -> None:
    with _lock:
        if table.reading:
            return
        table.reading = True

    def read() -> None:
        try:
            fresh = Columns(table.columns.project_id)
            if not table.ready:
                table.columns = fresh  # so that its share is seen to grow
            read_all(db, fresh.project_id, fresh)
            with table.door:  # nobody is in the middle of those that stood until now
                fresh.version = table.columns.version + 1
                table.columns = fresh
                table.ready = True
        except Exception:  # the file was closed meanwhile, or memory ran out: the next request tries again
            log.warning("the table of %s could not be read", table.columns.project_id, exc_info=True)
            table.failed = time.monotonic()
        finally:
            table.reading = False

    threading.Thread(target=read, name="table", daemon=True).start()


# ---- pages ---------------------------------------------------------------------------------------------------------------
def _read_cursor(after: str | None) -> tuple[float, int] | None:
    if not after:
        return None
    found = _AFTER.fullmatch(after)
    try:
        if found is not None:
            return np.inf if found[1] == "none" else float(found[1]), int(found[2])
    except ValueError:
        pass
    raise BadInput("after is what the page before gave as its next.")


def _page(
    rows: NDArray[np.int64], query: Query, sight: Sight, cursor: tuple[float, int] | None, limit: int
) -> tuple[NDArray[np.int64], str | None]:
    """The page behind the cursor, and the cursor of the next one."""
    if query.sort == "seq":
        found = _page_by_number(rows, query.descending, cursor, limit + 1)
        keys = np.zeros(len(found))
    else:
        keys = sort_keys(query.sort, query.descending, sight)[rows]
        if cursor is not None:
            later = (keys > cursor[0]) | ((keys == cursor[0]) & (rows > cursor[1]))
            rows, keys = rows[later], keys[later]
        first = _first(keys, limit + 1)
        found, keys = rows[first], keys[first]
    if len(found) <= limit:
        return found, None
    key = "none" if np.isinf(keys[limit - 1]) else repr(float(keys[limit - 1]))
    return found[:limit], f"{key}/{int(found[limit - 1])}"


def _page_by_number(
    rows: NDArray[np.int64], descending: bool, cursor: tuple[float, int] | None, n: int
) -> NDArray[np.int64]:
    if not descending:
        start = 0 if cursor is None else int(np.searchsorted(rows, cursor[1], "right"))
        return rows[start : start + n]
    end = len(rows) if cursor is None else int(np.searchsorted(rows, cursor[1], "left"))
    return rows[max(0, end - n) : end][::-1]


def _first(keys: NDArray[np.float64], n: int) -> NDArray[np.intp]:
    """The places of the n least keys in order; equal ones in the order in which they stand."""
    if len(keys) <= n:
        return np.argsort(keys, kind="stable")
    last = np.partition(keys, n - 1)[n - 1]
    less = np.flatnonzero(keys < last)
    equal = np.flatnonzero(keys == last)[: n - len(less)]
    places = np.sort(np.concatenate([less, equal]))
    return places[np.argsort(keys[places], kind="stable")]
