"""The lock of a served workspace: one server a file, and where it listens. A crash frees it, whatever the file says.

The lock is an flock on a small file beside the workspace; SQLite's own file is never locked by hand, since closing any
handle on it would drop SQLite's locks too.
"""

import fcntl
import json
import os
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tawsim.core.errors import AlreadyRunning, Unavailable

ASKED_S = 10.0  # who asks holds the lock for a millisecond; a crowd of them that never ends is none


def lock_path(workspace: Path) -> Path:
    """`.tawsim-NAME.lock` beside the workspace."""
    workspace = workspace.resolve()  # by whatever link it was reached, one file has one lock
    return workspace.with_name(f".tawsim-{workspace.stem}.lock")


@dataclass(slots=True)
class ServingLock:
    """Held as long as this process serves the file."""

    descriptor: int

    def release(self) -> None:
        """Let another server have it, and leave no address behind that nobody listens at."""
        os.ftruncate(self.descriptor, 0)
        os.close(self.descriptor)


def hold(workspace: Path, url: str) -> ServingLock:
    """Take the lock and leave word of `url`. Raises AlreadyRunning with the other server's address in `details`."""
    try:
        descriptor = os.open(lock_path(workspace), os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise Unavailable(
            f"{workspace.parent} cannot be written: {error.strerror}.", "Check its permissions."
        ) from error
    try:
        _lock(descriptor)
    except OSError:
        other = _read(descriptor)
        os.close(descriptor)
        raise AlreadyRunning(
            f"{workspace.name} is served already at {other.get('url', 'another address')} (process {other.get('pid', '?')}).",
            "Open that address, or stop that server first.",
            **other,
        ) from None
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, json.dumps({"url": url, "pid": os.getpid()}).encode(), 0)
    return ServingLock(descriptor)


def _lock(descriptor: int) -> None:
    """Take the lock. Whoever only asks whether a file is served shares it for a moment, however long that is on a busy
    machine, and is waited for. Raises OSError where a server has it."""
    until = time.monotonic() + ASKED_S
    while True:
        with suppress(OSError):
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        _share(descriptor)
        if time.monotonic() > until:
            raise BlockingIOError
        time.sleep(0.01)


def _share(descriptor: int) -> None:
    """Share the lock for a moment, with any number of others. Raises OSError where a server has it."""
    fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    fcntl.flock(descriptor, fcntl.LOCK_UN)


def server_of(workspace: Path) -> str | None:
    """The address at which the workspace is being served now, if it is."""
    found = _holder(workspace)
    return None if found is None else found.get("url")


def is_served_elsewhere(workspace: Path) -> bool:
    """Whether a server that is not this process has the file."""
    found = _holder(workspace)
    return found is not None and found.get("pid") != os.getpid()


def _holder(workspace: Path) -> dict[str, Any] | None:
    """What the server that has the file left word of; None where none has it."""
    try:
        descriptor = os.open(lock_path(workspace), os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        _share(descriptor)
    except OSError:
        return _read(descriptor)
    finally:
        os.close(descriptor)
    return None


def _read(descriptor: int) -> dict[str, Any]:
    try:
        found = json.loads(os.pread(descriptor, 4096, 0) or b"{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
