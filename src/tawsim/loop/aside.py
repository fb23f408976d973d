"""Where a project is large, its exports and its quality page are computed in a process of their own (aside_jobs.py).

Python computes one thing at a time in a process: an export of a million tasks beside 500 people made each of them wait for
seconds. Small projects stay in this process, where nothing has to be started first. What is computed is not here.
"""

import json
import logging
import subprocess
import sys
import threading
import time
import weakref
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import IO, Any, NoReturn

from tawsim.core.errors import TawsimError, TooSoon, Unavailable
from tawsim.loop import exporting, quality
from tawsim.loop.aside_jobs import HEAD
from tawsim.releases.writers import FORMATS
from tawsim.store.database import Database

log = logging.getLogger("tawsim.loop")
# From so many tasks on. A process is there after 0.4 s; an export of so many takes 2.
LARGE = 50_000
MOST_EXPORTS = 4
ASK_AGAIN_S = 0.25


class Ended(Unavailable):
    """The process has ended before it answered."""

    def __init__(self) -> None:
        super().__init__("The process that computes beside the server has ended.", "Ask again.")


class _Child:
    """One process, and one question at a time."""

    def __init__(self) -> None:
        command = [sys.executable, "-P", "-m", "tawsim.loop.aside_jobs"]
        # A session of its own: Ctrl-C is for the server, which then closes its children.
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True)  # noqa: S603  our own
        to, given = self._process.stdin, self._process.stdout
        assert to is not None
        assert given is not None
        self._to: IO[bytes] = to
        self._from: IO[bytes] = given

    def ask(self, asked: Mapping[str, Any]) -> Iterator[tuple[bytes, bytes]]:
        """The frames of the answer as they come, the last an R. Raises what the job raised, and Unavailable if it died."""
        try:
            self._to.write(json.dumps(asked).encode() + b"\n")
            self._to.flush()
        except OSError:
            raise Ended from None
        while True:
            head = self._from.read(HEAD.size)
            if len(head) < HEAD.size:
                raise Ended
            kind, size = HEAD.unpack(head)
            body = self._from.read(size)
            if len(body) < size:
                raise Ended
            if kind == b"E":
                _raise(json.loads(body))
            yield kind, body
            if kind == b"R":
                return

    def end(self) -> None:
        """At once: it changes nothing."""
        self._process.kill()
        self._process.wait()
        self._from.close()
        try:
            self._to.close()
        except OSError:
            return  # what was not flushed has no reader


class _Export(Iterator[bytes]):
    """The bytes of a file. Its process ends with it: at the last byte, and where whoever downloads has gone, be it before the
    first, when a generator would not have begun and so would not end."""

    def __init__(self, child: _Child, asked: Mapping[str, Any], end: Callable[[_Child], None]) -> None:
        self._frames = child.ask(asked)
        self._finish = weakref.finalize(self, end, child)

    def __next__(self) -> bytes:
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
    _door: threading.Lock = field(default_factory=threading.Lock)
    _exports: set[_Child] = field(default_factory=set)
    _counting: threading.Lock = field(default_factory=threading.Lock)

    def quality_page(
        self, db: Database, project_id: str, question: str | None = None, *, wait_s: float = quality.WAIT_S
    ) -> dict[str, Any]:
        """`quality.quality_page`, wherever it is computed."""
        if not is_large(db, project_id):
            return quality.quality_page(db, project_id, question, wait_s=wait_s)
        until = time.monotonic() + wait_s
        while True:  # in short questions, so that nobody else waits behind this one
            asked = {"question": question, "wait_s": min(wait_s, quality.WAIT_S)}
            found = self._figure(db, project_id, "quality_page", asked)
            if found["state"] != "computing" or time.monotonic() >= until:
                return found
            time.sleep(ASK_AGAIN_S)

    def quality_tasks(
        self, db: Database, project_id: str, question: str | None, asked: Mapping[str, str], *, wait_s: float = 30.0
    ) -> dict[str, Any]:
        """`quality.quality_tasks`, wherever it is computed."""
        if not is_large(db, project_id):
            return quality.quality_tasks(db, project_id, question, asked, wait_s=wait_s)
        until = time.monotonic() + wait_s
        while True:
            told = {"question": question, "asked": dict(asked), "wait_s": quality.WAIT_S}
            found = self._figure(db, project_id, "quality_tasks", told)
            if not found["computing"] or time.monotonic() >= until:
                return found
            time.sleep(ASK_AGAIN_S)

    def export_stream(self, db: Database, project_id: str, format: str, kind: str = "labels") -> Iterator[bytes]:
        """`exporting.export_stream`, wherever it is computed; where that is beside, raises TooSoon while four are under way."""
        if format not in FORMATS or not is_large(db, project_id):
            return exporting.export_stream(db, project_id, format, kind)
        exporting.export_table(db, project_id, kind)  # raises what is wrong at once, and keeps word of imported columns
        child = self._begin_export()
        asked = {"job": "export", "path": str(db.path), "project": project_id, "format": format, "kind": kind}
        return _Export(child, asked, self._end_export)

    def close(self) -> None:
        """End all that is under way."""
        with self._counting:
            children = [*self._exports, *([self._figures] if self._figures else [])]
            self._exports, self._figures = set(), None
        for child in children:
            child.end()

    def _figure(self, db: Database, project_id: str, job: str, more: Mapping[str, Any]) -> dict[str, Any]:
        """What the process that keeps figures says; a process that has ended meanwhile, being idle, is started again once."""
        asked = {"job": job, "path": str(db.path), "project": project_id, **more}
        with self._door:
            for last in (False, True):
                child = self._figures = self._figures or _Child()
                try:
                    [(_, body)] = child.ask(asked)
                except Ended:
                    self._figures = None
                    child.end()
                    if last:
                        raise
                else:
                    found: dict[str, Any] = json.loads(body)
                    return found
        raise AssertionError

    def _begin_export(self) -> _Child:
        with self._counting:
            if len(self._exports) >= MOST_EXPORTS:
                raise TooSoon(
                    f"{MOST_EXPORTS} exports of large projects are under way.", "Wait until one has ended.",
                    retry_after_s=30,
                )  # fmt: skip
            child = _Child()
            self._exports.add(child)
        return child

    def _end_export(self, child: _Child) -> None:
        with self._counting:
            self._exports.discard(child)
        child.end()


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
