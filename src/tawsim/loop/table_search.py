"""Words → tasks of a project: which words of a row can be found, how they are compared, and how far the index is.

The index (store/search.py) is begun when somebody first searches, in the background, and follows new tasks from then on;
an import never waits for it. Where this SQLite cannot index, smaller projects are read through.
"""

import json
import logging
import sqlite3
import threading
import time
import unicodedata
from collections import OrderedDict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tawsim.core.errors import BadInput
from tawsim.loop.table_grammar import LEAST_SEARCH
from tawsim.store.database import Database, Row
from tawsim.store.search import WordIndex, can_index, index_path

log = logging.getLogger("tawsim.table")
PAGE = 500
MAX_TEXT = 20_000  # characters of a row that are searched
MAX_READ = 50_000  # tasks that are read through where nothing can be indexed
REMEMBERED = 32  # answers kept until a task comes in
SHARE = 0.5  # of the time the background takes at most: people go on labelling


class _Fold(dict[int, str]):
    """Code point → what it is compared as. Filled as characters come, so that `str.translate` runs at its own speed."""

    def __missing__(self, code: int) -> str:
        made = []
        for one in unicodedata.normalize("NFKD", chr(code).casefold()):
            kind = unicodedata.category(one)
            if kind in ("Mn", "Cf") or one == "\u0640":  # vowel marks, hamza and madda; marks without width; tatweel
                continue
            digit = unicodedata.decimal(one, None)
            made.append(str(digit) if digit is not None else " " if kind[0] in "ZC" else one)
        found = self[code] = "".join(made).casefold()
        return found


_FOLD = _Fold()


def folded(text: str) -> str:
    """Text as it is searched: without capitals, vowel marks, hamza on its seat, tatweel; digits as 0–9; single spaces."""
    return " ".join((text.lower() if text.isascii() else text.translate(_FOLD)).split())


def words_of(content: str) -> str:
    """All texts in a row (JSON), folded, one a line; at most MAX_TEXT characters."""
    found: list[str] = []
    left = MAX_TEXT
    stack: list[Any] = [json.loads(content)]
    while stack and left > 0:
        one = stack.pop()
        if isinstance(one, dict):
            stack.extend(reversed(one.values()))
        elif isinstance(one, list):
            stack.extend(reversed(one))
        elif isinstance(one, str) and one:
            found.append(folded(one[:left]))
            left -= len(one)
    return "\n".join(found)


class Search:
    """The words of one project. `ready` once every task that is there can be found; `share` of them can now."""

    def __init__(self, path: Path, project_id: str) -> None:
        self.project_id = project_id
        self.path = path
        self.place = 0
        self.top = 0
        self._index: WordIndex | None = None
        self._db: Database | None = None
        self._door = threading.Lock()
        self._running = False
        self._answers: OrderedDict[str, NDArray[np.int64]] = OrderedDict()

    @property
    def ready(self) -> bool:
        """Whether all that is there is in it."""
        return self.place >= self.top

    @property
    def share(self) -> float:
        """How much of it is."""
        return 1.0 if self.top == 0 else min(1.0, self.place / self.top)

    def catch_up(self, db: Database, until: float) -> None:
        """Take in new tasks; wait for that until `until` on the monotonic clock, and no longer."""
        with self._door:
            self._db = db
            with db.read() as tx:  # behind the door, so that of two who look the later one's number stands
                row = tx.one("project_count_get", project_id=self.project_id)
            self.top = 0 if row is None else int(row["visible_seq"])
            if not CAN_INDEX:
                self._check_small()
                return
            if self._index is None:
                self._open(db)
            begins = self.place < self.top and not self._running
            self._running = self._running or begins
        if begins:
            threading.Thread(target=self._run, args=(db,), name="words", daemon=True).start()
        while not self.ready and self._running and time.monotonic() < until:
            time.sleep(0.005)

    def _check_small(self) -> None:
        if self.top > MAX_READ:
            raise BadInput(
                f"This machine's SQLite cannot index words, and more than {MAX_READ:,} tasks are not read through.",
                "Filter by something else.",
            )
        if self.place != self.top:
            self._answers.clear()
        self.place = self.top

    def _open(self, db: Database) -> None:
        self._index = WordIndex(index_path(self.path, self.project_id))
        self.place, task_id = self._index.place()
        if self.place:  # of this very file? After a backup was put back, numbers may mean other tasks
            with db.read() as tx:
                last = tx.one("table_task_by_seq", project_id=self.project_id, seq=self.place)
            if self.place > self.top or last is None or last["id"] != task_id:
                self._index.start_over()
                self.place = 0

    def _run(self, db: Database) -> None:
        try:
            while self._goes_on():
                began = time.monotonic()
                self._take(db)
                time.sleep((time.monotonic() - began) * (1 / SHARE - 1) if self.top - self.place > PAGE else 0)
        except Exception:  # the file was closed, or the disk is full: the next search tries again
            log.warning("the words of %s could not be indexed", self.project_id, exc_info=True)
            with self._door:
                self._index, self._running = None, False

    def _goes_on(self) -> bool:
        """Whether there is more to take in. Said behind the door: whoever comes with more after that begins anew."""
        with self._door:
            self._running = self._index is not None and self.place < self.top
            return self._running

    def _take(self, db: Database) -> None:
        index, after = self._index, self.place
        until = min(after + PAGE, self.top)
        with db.read() as tx:
            found = tx.all("task_contents_of", project_id=self.project_id, after=after, until=until)
            last = tx.one("table_task_by_seq", project_id=self.project_id, seq=until)
        if index is None:
            return
        texts = [(row["seq"], words_of(row["content"])) for row in found]
        added = index.add(texts, after, until, last["id"] if last else "")
        with self._door:
            if self._index is index:  # else it was emptied meanwhile, and is begun anew
                self.place = until if added else index.place()[0]
        self._answers.clear()

    def find(self, words: str) -> NDArray[np.int64]:
        """The numbers of tasks that have these words, rising. Raises BadInput for fewer than three characters."""
        wanted = folded(words)
        if len(wanted) < LEAST_SEARCH:
            raise BadInput(
                f"A search needs {LEAST_SEARCH} letters or digits at least.", "Marks alone are not searched."
            )
        held = self._answers.get(wanted)
        if held is None:
            held = self._answers[wanted] = np.array(self._found(wanted), np.int64)
            while len(self._answers) > REMEMBERED:
                self._answers.popitem(last=False)
        return held

    def _found(self, wanted: str) -> list[int]:
        index = self._index
        if index is not None:
            try:
                return index.find(wanted)
            except sqlite3.Error as error:
                log.warning("the words of %s: %s", self.project_id, error)
                with self._door:
                    self._index, self.place = None, 0
                index.start_over()
                return []
        assert self._db is not None
        found: list[int] = []
        for after in range(0, self.top, PAGE):
            with self._db.read() as tx:
                rows: list[Row] = tx.all(
                    "task_contents_of", project_id=self.project_id, after=after, until=min(after + PAGE, self.top)
                )
            found += [row["seq"] for row in rows if wanted in words_of(row["content"])]
        return found


CAN_INDEX = can_index()
_lock = threading.Lock()
_kept: dict[tuple[Path, str], Search] = {}


def search_of(db: Database, project_id: str) -> Search:
    """The words of a project, as they are kept."""
    with _lock:
        return _kept.setdefault((db.path, project_id), Search(db.path, project_id))


def forget_searches(db: Database) -> None:
    """Let go of what is kept for this file, when it is closed."""
    with _lock:
        for key in [key for key in _kept if key[0] == db.path]:
            held = _kept.pop(key)
            if held._index is not None:
                held._index.close()
