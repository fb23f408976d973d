"""Where a project is large, its exports, its quality page and its truth are computed in a process of their own (aside_jobs.py).

Python computes one thing at a time in a process: an export of a million tasks beside 500 people made each of them wait for
seconds. Small projects stay in this process, where nothing has to be started first. What is computed is not here.
"""

import json
import logging
import threading
import time
import weakref
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from tawsim.core.clock import system_clock
from tawsim.core.errors import TawsimError, TooSoon, Unavailable
from tawsim.core.records import Project, Question
from tawsim.loop import exporting, quality
from tawsim.loop.aside_jobs import SOON
from tawsim.loop.aside_process import STOPPED, Child, Standing
from tawsim.loop.carried import from_carried
from tawsim.loop.following import Following, judge
from tawsim.loop.inferring import QUICK_S
from tawsim.releases.writers import FORMATS
from tawsim.store.database import Database

log = logging.getLogger("tawsim.loop")
# From so many tasks on. A process is there after 0.4 s; an export of so many takes 2.
LARGE = 50_000
# Learning from 5,000 answers takes a second of the processor.
SOME_ANSWERS, MANY_ANSWERS = 2_000, 20_000
MOST_EXPORTS, OF_ONE_WORKSPACE = 4, 2
STALLED_S = 300.0  # a download that nobody read for so long gives its place to the next
LONGEST_S = 900.0  # a truth that is not learned by then is not coming
ASK_AGAIN_S = 0.25
GRACE_S = 1.0  # beyond the time that somebody would wait for a page: the machine may be busy


class _Export(Iterator[bytes]):
    """The bytes of a file. Its process ends with it: at the last byte, by `close`, and where nobody holds it any more, be it
    before the first byte, when a generator would not have begun and so would not end."""

    def __init__(self, child: Child, asked: Mapping[str, Any], end: Callable[[Child], None]) -> None:
        self._frames = child.ask(asked)
        self._finish = weakref.finalize(self, end, child)
        self._first: bytes | None = None
        self.read_at = time.monotonic()

    def begin(self) -> "_Export":
        """Wait for the first bytes, so that what is wrong is said before anything was sent."""
        self._first = next(self, b"")
        return self

    def __next__(self) -> bytes:
        self.read_at = time.monotonic()
        if self._first is not None:
            first, self._first = self._first, None
            return first
        try:
            for kind, body in self._frames:
                if kind == b"D":
                    return body
        except BaseException:
            self._finish()
            raise
        self._finish()
        raise StopIteration

    def close(self) -> None:
        """Read no further."""
        self._finish()


@dataclass(slots=True, eq=False)
class Aside:
    """The processes beside one server: one that keeps the figures of the projects looked at last, one that learns truths, and one
    an export."""

    _figures: Standing = field(default_factory=Standing)
    _learner: Standing = field(default_factory=lambda: Standing(SOON))
    _asking: dict[str, "Future[dict[str, Any]]"] = field(default_factory=dict)
    _asker: ThreadPoolExecutor | None = None
    _exports: dict[object, tuple[Path, Child | None, "weakref.ref[_Export] | None"]] = field(default_factory=dict)
    # Ends of exports come from anywhere, a garbage collection in a thread that holds it too.
    _door: threading.RLock = field(default_factory=threading.RLock)
    _closed: bool = False

    def quality_page(
        self, db: Database, project_id: str, question: str | None = None, *, wait_s: float = quality.WAIT_S
    ) -> dict[str, Any]:
        """`quality.quality_page`, wherever it is computed."""
        if not is_large(db, project_id):
            return quality.quality_page(db, project_id, question, wait_s=wait_s)
        began, until = system_clock(), time.monotonic() + wait_s
        asked = {"question": question, "wait_s": min(wait_s, quality.WAIT_S)}  # short questions: others ask too
        while True:
            found = self._figure(db, project_id, "quality_page", asked, until)
            if found is None:
                return quality.nothing_yet(db, project_id, question)
            is_new = not found["computing"] or (found["as_of"] or 0) >= began
            if is_new or time.monotonic() >= until:
                return found
            time.sleep(ASK_AGAIN_S)

    def quality_tasks(
        self, db: Database, project_id: str, question: str | None, asked: Mapping[str, str], *, wait_s: float = 30.0
    ) -> dict[str, Any]:
        """`quality.quality_tasks`, wherever it is computed."""
        if not is_large(db, project_id):
            return quality.quality_tasks(db, project_id, question, asked, wait_s=wait_s)
        until = time.monotonic() + wait_s
        told = {"question": question, "asked": dict(asked), "wait_s": quality.WAIT_S}
        while True:
            found = self._figure(db, project_id, "quality_tasks", told, until)
            if found is None or not found["computing"] or time.monotonic() >= until:
                return found or {"total": 0, "tasks": [], "computing": True}
            time.sleep(ASK_AGAIN_S)

    def export_stream(self, db: Database, project_id: str, format: str, kind: str = "labels") -> Iterator[bytes]:
        """`exporting.export_stream`, wherever it is computed; where that is beside, raises TooSoon while too many are under
        way. What it gives has a `close`, for whoever stops before its end."""
        if format not in FORMATS or not is_large(db, project_id):
            return exporting.export_stream(db, project_id, format, kind)
        exporting.export_table(db, project_id, kind)  # raises what is wrong at once, and keeps word of imported columns
        asked = {"job": "export", "path": str(db.path), "project": project_id, "format": format, "kind": kind}
        return self._begin_export(db.path, asked).begin()

    def learn(self, db: Database, project: Project, question: Question) -> Following:
        """`following.judge`, wherever it is computed. Where that fails beside, it is tried here."""
        if not takes_long(db, project.id):
            return judge(db, project, question)
        asked = {"job": "truth", "path": str(db.path), "project": project.id, "question": question.name}
        try:
            found = from_carried(self._learner.ask(asked, LONGEST_S)[0], project, question)
        except TawsimError as error:
            if self._closed:
                raise
            log.warning("the truth of %s is learned in the server: %s", project.name, error)
            return judge(db, project, question)
        # To ask another process is never quick, however little it computed: what changes is to be followed.
        found.truth = replace(found.truth, seconds=max(found.truth.seconds, QUICK_S))
        return found

    def close(self) -> None:
        """End all that is under way, and begin nothing more."""
        with self._door:
            self._closed = True
            exports = list(self._exports.values())  # an end may come in the middle
            children = [child for _, child, _ in exports if child is not None]
            asker, self._asker = self._asker, None
        for child in children:
            child.end()
        self._figures.close()
        self._learner.close()
        if asker is not None:
            asker.shutdown(wait=False, cancel_futures=True)

    # ---- figures -------------------------------------------------------------------------------------------------------
    def _figure(
        self, db: Database, project_id: str, job: str, more: Mapping[str, Any], until: float
    ) -> dict[str, Any] | None:
        """What the process that keeps figures says; None where it does not in time. The same question is asked once."""
        asked = {"job": job, "path": str(db.path), "project": project_id, **more}
        key = json.dumps(asked, sort_keys=True)
        with self._door:
            self._check_open()
            future = self._asking.get(key)
            if future is None:
                self._asker = self._asker or ThreadPoolExecutor(1, "figures")
                future = self._asking[key] = self._asker.submit(lambda: self._figures.ask(asked)[1])
                future.add_done_callback(lambda _: self._asking.pop(key, None))
        try:
            return future.result(max(until - time.monotonic(), 0) + GRACE_S)
        except TimeoutError:
            return None

    # ---- exports -------------------------------------------------------------------------------------------------------
    def _begin_export(self, path: Path, asked: Mapping[str, Any]) -> _Export:
        place = object()
        with self._door:
            self._check_open()
            self._end_stalled()
            mine = [one for one, _, _ in list(self._exports.values()) if one == path]  # an end may come in the middle
            if len(self._exports) >= MOST_EXPORTS or len(mine) >= OF_ONE_WORKSPACE:
                raise TooSoon(
                    "As many exports of large projects are under way as this machine bears.",
                    "Wait until one has ended.", retry_after_s=30,
                )  # fmt: skip
            self._exports[place] = (path, None, None)
        try:
            child = Child()
        except BaseException:
            self._exports.pop(place, None)
            raise
        export = _Export(child, asked, lambda child: self._end_export(place, child))
        with self._door:
            self._exports[place] = (path, child, weakref.ref(export))
            if self._closed:
                export.close()
            self._check_open()
        return export

    def _end_stalled(self) -> None:
        """Whoever opened a download and does not read it must not keep others from theirs."""
        now = time.monotonic()
        for _, _, held in list(self._exports.values()):
            export = held() if held is not None else None
            if export is not None and now - export.read_at > STALLED_S:
                export.close()

    def _end_export(self, place: object, child: Child) -> None:
        with self._door:
            self._exports.pop(place, None)
        child.end()

    def _check_open(self) -> None:
        if self._closed:
            raise Unavailable(STOPPED, "Ask again.")


def is_large(db: Database, project_id: str) -> bool:
    """Whether the project has so many tasks that its figures are computed beside."""
    with db.read() as tx:
        counts = tx.one("project_count_get", project_id=project_id)
    return counts is not None and int(counts["visible_seq"]) >= LARGE


def takes_long(db: Database, project_id: str) -> bool:
    """Whether there are so many answers that the truth is learned beside: in a large project from fewer on, since there are
    other reasons for a process."""
    with db.read() as tx:
        counts = tx.one("project_count_get", project_id=project_id)
    if counts is None:
        return False
    return int(counts["answers"]) >= (SOME_ANSWERS if int(counts["visible_seq"]) >= LARGE else MANY_ANSWERS)
