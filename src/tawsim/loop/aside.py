"""Where a project is large, its exports and its quality page are computed in a process of their own (aside_jobs.py).

Python computes one thing at a time in a process: an export of a million tasks beside 500 people made each of them wait for
seconds. Small projects stay in this process, where nothing has to be started first. What is computed is not here.
"""

import json
import subprocess
import sys
import threading
import time
import weakref
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, NoReturn

from tawsim.core.clock import system_clock
from tawsim.core.errors import TawsimError, TooSoon, Unavailable
from tawsim.loop import exporting, quality
from tawsim.loop.aside_jobs import HEAD
from tawsim.releases.writers import FORMATS
from tawsim.store.database import Database

# From so many tasks on. A process is there after 0.4 s; an export of so many takes 2.
LARGE = 50_000
MOST_EXPORTS, OF_ONE_WORKSPACE = 4, 2
STALLED_S = 300.0  # a download that nobody read for so long gives its place to the next
ASK_AGAIN_S = 0.25
GRACE_S = 1.0  # beyond the time that somebody would wait for a page: the machine may be busy


class Ended(Unavailable):
    """The process has ended before it answered."""

    def __init__(self) -> None:
        super().__init__("The process that computes beside the server has ended.", "Ask again.")


class _Child:
    """One process, and one question at a time. `is_sound`: its last answer came to its end, the next can be told from it."""

    def __init__(self) -> None:
        command = [sys.executable, "-P", "-m", "tawsim.loop.aside_jobs"]
        try:
            # A session of its own: Ctrl-C is for the server, which then closes its children.
            self._process = subprocess.Popen(  # noqa: S603  our own
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
            )
        except OSError as error:
            raise Unavailable(f"No process can be started ({error.strerror}).", "Free some memory.") from error
        to, given = self._process.stdin, self._process.stdout
        assert to is not None
        assert given is not None
        self._to: IO[bytes] = to
        self._from: IO[bytes] = given
        self.is_sound = True

    def ask(self, asked: Mapping[str, Any]) -> Iterator[tuple[bytes, bytes]]:
        """The frames of the answer as they come, the last an R. Raises what the job raised, and Ended if it died."""
        self.is_sound = False
        try:
            self._to.write(json.dumps(asked).encode() + b"\n")
            self._to.flush()
        except (OSError, ValueError):  # the latter of a pipe that was closed here
            raise Ended from None
        while True:
            kind, size = HEAD.unpack(self._read(HEAD.size))
            body = self._read(size)
            self.is_sound = kind != b"D"
            if kind == b"E":
                _raise(json.loads(body))
            yield kind, body
            if kind == b"R":
                return

    def _read(self, size: int) -> bytes:
        try:
            found = self._from.read(size)
        except (OSError, ValueError):
            raise Ended from None
        if len(found) < size:
            raise Ended
        return found

    def end(self) -> None:
        """At once: it changes nothing."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._from, self._to):
            try:
                pipe.close()
            except OSError:
                continue  # what was not flushed has no reader


class _Export(Iterator[bytes]):
    """The bytes of a file. Its process ends with it: at the last byte, by `close`, and where nobody holds it any more, be it
    before the first byte, when a generator would not have begun and so would not end."""

    def __init__(self, child: _Child, asked: Mapping[str, Any], end: Callable[[_Child], None]) -> None:
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
    """The processes beside one server: one that keeps the figures of the projects looked at last, and one an export."""

    _figures: _Child | None = None
    _asking: dict[str, "Future[dict[str, Any]]"] = field(default_factory=dict)
    _asker: ThreadPoolExecutor | None = None
    _exports: dict[object, tuple[Path, _Child | None, "weakref.ref[_Export] | None"]] = field(default_factory=dict)
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

    def close(self) -> None:
        """End all that is under way, and begin nothing more."""
        with self._door:
            self._closed = True
            children = [child for _, child, _ in self._exports.values()] + [self._figures]
            self._figures = None
            asker, self._asker = self._asker, None
        for child in children:
            if child is not None:
                child.end()
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
                future = self._asking[key] = self._asker.submit(self._ask, asked)
                future.add_done_callback(lambda _: self._asking.pop(key, None))
        try:
            return future.result(max(until - time.monotonic(), 0) + GRACE_S)
        except TimeoutError:
            return None

    def _ask(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        """In the one thread that asks. A process that has ended meanwhile, being idle, is started again once."""
        for last in (False, True):
            child = self._figures
            if child is None:
                child = _Child()
                with self._door:
                    if self._closed:
                        child.end()
                        self._check_open()
                    self._figures = child
            try:
                [(_, body)] = child.ask(asked)
                found: dict[str, Any] = json.loads(body)
                return found
            except Ended:
                if last or self._closed:
                    raise
            finally:
                if not child.is_sound:
                    with self._door:
                        self._figures = None
                    child.end()
        raise AssertionError

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
            child = _Child()
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

    def _end_export(self, place: object, child: _Child) -> None:
        with self._door:
            self._exports.pop(place, None)
        child.end()

    def _check_open(self) -> None:
        if self._closed:
            raise Unavailable("This server is being stopped.", "Ask again.")


def is_large(db: Database, project_id: str) -> bool:
    """Whether the project has so many tasks that its figures are computed beside."""
    with db.read() as tx:
        counts = tx.one("project_count_get", project_id=project_id)
    return counts is not None and int(counts["visible_seq"]) >= LARGE


def _raise(told: Mapping[str, Any]) -> NoReturn:
    """The error as it was raised beside."""
    kinds: list[type[TawsimError]] = [TawsimError]
    for kind in kinds:
        kinds += kind.__subclasses__()
    found = next((kind for kind in kinds if kind.code == told["code"]), TawsimError)
    error = found.__new__(found)
    TawsimError.__init__(error, told["message"], told["hint"], **told["details"])
    raise error
