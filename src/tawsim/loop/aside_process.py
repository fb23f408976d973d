"""Processes beside a server, from the server's side: how one is started, asked and ended. What is asked of them is in aside.py,
what they do in aside_jobs.py.
"""

import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from typing import IO, Any, NoReturn

from tawsim.core.errors import TawsimError, Unavailable
from tawsim.loop.aside_jobs import HEAD

STOPPED = "This server is being stopped."


class Ended(Unavailable):
    """The process has ended before it answered."""

    def __init__(self) -> None:
        super().__init__("The process that computes beside the server has ended.", "Ask again.")


class Child:
    """One process, and one question at a time. `is_sound`: its last answer came to its end, the next can be told from it."""

    def __init__(self, *options: str) -> None:
        command = [sys.executable, "-P", "-m", "tawsim.loop.aside_jobs", *options]
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


class Standing:
    """A process that stays and is asked one thing at a time. One that has ended meanwhile, being idle, is started again once."""

    def __init__(self, *options: str) -> None:
        self.child: Child | None = None
        self._options = options
        self._door = threading.Lock()  # of `child` and `_closed`
        self._turn = threading.Lock()
        self._closed = False

    def ask(self, asked: Mapping[str, Any], limit_s: float | None = None) -> tuple[bytearray, Any]:
        """The pieces of the answer as one, and its result. Raises what the job raised, Ended, also where one process takes longer
        than `limit_s`, and Unavailable once closed."""
        with self._turn:
            for last in (False, True):
                child = self._open()
                pieces, result = bytearray(), b""
                watch = threading.Timer(limit_s or 0.0, child.end)
                if limit_s is not None:
                    watch.start()
                began = time.monotonic()
                try:
                    for kind, body in child.ask(asked):
                        if kind == b"D":
                            pieces += body
                        else:
                            result = body
                    return pieces, json.loads(result)
                except Ended:
                    too_long = limit_s is not None and time.monotonic() - began >= limit_s
                    if last or self._closed or too_long:
                        raise
                finally:
                    watch.cancel()
                    if not child.is_sound:
                        with self._door:
                            self.child = None
                        child.end()
        raise AssertionError

    def close(self) -> None:
        """End it, and begin nothing more."""
        with self._door:
            self._closed = True
            child, self.child = self.child, None
        if child is not None:
            child.end()

    def _open(self) -> Child:
        child = self.child
        if child is not None:
            return child
        child = Child(*self._options)
        with self._door:
            if not self._closed:
                self.child = child
                return child
        child.end()
        raise Unavailable(STOPPED, "Ask again.")


def _raise(told: Mapping[str, Any]) -> NoReturn:
    """The error as it was raised beside."""
    kinds: list[type[TawsimError]] = [TawsimError]
    for kind in kinds:
        kinds += kind.__subclasses__()
    found = next((kind for kind in kinds if kind.code == told["code"]), TawsimError)
    error = found.__new__(found)
    TawsimError.__init__(error, told["message"], told["hint"], **told["details"])
    raise error
