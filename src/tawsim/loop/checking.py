"""`tawsim doctor`: is this machine fit, and is this file sound? Each check says what it found and what to do about it."""

import os
import shutil
import socket
import sqlite3
import stat
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from tawsim.core.errors import TawsimError
from tawsim.store import serving
from tawsim.store.database import Database
from tawsim.truth import kernel
from tawsim.workspaces.accounts import ACCOUNTS_FILE
from tawsim.workspaces.workspace import workspace_files, writable

OLDEST_PYTHON = (3, 11)
OLDEST_SQLITE = (3, 38, 0)  # RETURNING is 3.35; several fixes of partial indexes that the queue uses are in 3.38
DISK_WANTED_BYTES = 200_000_000
FSYNC_SLOW_S = 0.05
FSYNCS = 5
PORT = 7373


@dataclass(frozen=True, slots=True)
class Check:
    """One thing looked at. `advice` is empty where all is well."""

    name: str
    ok: bool
    found: str
    advice: str = ""


def doctor(place: Path | None = None, *, port: int = PORT) -> list[Check]:
    """Check the machine and, where `place` names a workspace or a folder of them, each of its files. Changes nothing."""
    folder = place if place is not None and place.is_dir() else (place or Path.cwd() / "x").absolute().parent
    checks = [_python(), _sqlite(), _web(), _truth(), _port(port), *_disk(folder)]
    files: list[Path] = []
    try:
        files = workspace_files(place) if place is not None else _here(folder)
    except TawsimError as error:
        checks.append(Check("workspace", False, error.message, error.hint))
    for file in files:
        checks += _workspace(file)
    if (folder / ACCOUNTS_FILE).exists():
        checks.append(_private(folder / ACCOUNTS_FILE))
    return checks


def _here(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.tawsim"))


def _python() -> Check:
    found = ".".join(map(str, sys.version_info[:3]))
    ok = sys.version_info[:2] >= OLDEST_PYTHON
    return Check("Python", ok, found, "" if ok else "Install Python 3.11 or newer.")


def _sqlite() -> Check:
    ok = sqlite3.sqlite_version_info >= OLDEST_SQLITE
    return Check("SQLite", ok, sqlite3.sqlite_version, "" if ok else "Use a Python built with SQLite 3.38 or newer.")


def _web() -> Check:
    there = resources.files("tawsim").joinpath("server", "static", "index.html").is_file()
    advice = "" if there else "Install the published package, or run make in a clone, which builds them."
    return Check("web pages", there, "built in" if there else "missing", advice)


def _truth() -> Check:
    """Truth inference has its loops in C where a compiler was there at the build; a fifth of the speed is no fault."""
    compiled = kernel.name() == "c"
    advice = "" if compiled else "For five times the speed: install a C compiler, then Tawsim again."
    return Check("truth inference", True, "compiled" if compiled else "in NumPy", advice)


def _port(port: int) -> Check:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            # Not a fault: `up` takes a free one unless a port was asked for.
            return Check("port", True, f"{port} is in use", "Tawsim will take another one, or say --port.")
    return Check("port", True, f"{port} is free")


def _disk(folder: Path) -> Iterator[Check]:
    try:
        free = shutil.disk_usage(folder).free
        ok = free >= DISK_WANTED_BYTES
        yield Check("disk space", ok, f"{free / 1e9:.1f} GB free", "" if ok else "Free some space.")
        seconds = _fsync_seconds(folder)
    except OSError as error:
        yield Check("folder", False, f"{folder}: {error.strerror}", "Choose a folder that you may write to.")
        return
    ok = seconds < FSYNC_SLOW_S
    advice = "" if ok else "Each answer waits for the disk; a local SSD is better than a network drive."
    yield Check("disk sync", ok, f"{seconds * 1000:.1f} ms", advice)


def _fsync_seconds(folder: Path) -> float:
    """The median time of a small write that must be on disk."""
    times = []
    with tempfile.TemporaryFile(dir=folder) as file:
        for _ in range(FSYNCS):
            started = time.perf_counter()
            file.write(b"x" * 4096)
            file.flush()
            os.fsync(file.fileno())
            times.append(time.perf_counter() - started)
    return sorted(times)[FSYNCS // 2]


def _workspace(path: Path) -> Iterator[Check]:
    name = path.name
    if not writable(path):
        yield Check(name, False, "cannot be written", "Check the permissions of the file and of its folder.")
        return
    yield _private(path)
    try:
        db = Database.open(path.absolute(), "workspace")
    except TawsimError as error:
        yield Check(name, False, error.message, error.hint)
        return
    try:
        faults = db.check()
        yield Check(
            f"{name} sound", not faults, "yes" if not faults else "; ".join(faults[:3]),
            "" if not faults else "Stop the server, keep this file, and restore a backup.",
        )  # fmt: skip
        if not faults:
            yield from _counts(db, name)
            yield from _lanes(db, name)
    finally:
        db.close()
    url = serving.server_of(path.absolute())
    yield Check(f"{name} served", True, url or "no")


def _counts(db: Database, name: str) -> Iterator[Check]:
    """The counts that pages show, against the same counts made afresh from the facts."""
    with db.read() as tx:
        wrong = []
        for project in tx.all("project_list"):
            kept = tx.one("project_count_get", project_id=project["id"])
            assert kept is not None
            facts = tx.one("project_recount", project_id=project["id"], visible_seq=kept["visible_seq"])
            leases = tx.one("project_live_leases", project_id=project["id"])
            assert facts is not None
            assert leases is not None
            fresh = {key: facts[key] for key in ("tasks", "done", "skipped_out", "answers", "answers_wanted")}
            fresh["leases"] = leases["n"]
            wrong += [
                f"{project['name']}: {key} is {kept[key]}, the facts say {value}"
                for key, value in fresh.items()
                if kept[key] != value
            ]
    yield Check(
        f"{name} counts", not wrong, "agree with the facts" if not wrong else "; ".join(wrong[:3]),
        "" if not wrong else "Please report this with the output of tawsim doctor --json.",
    )  # fmt: skip


def _lanes(db: Database, name: str) -> Iterator[Check]:
    """Lanes that are held against the states of their batches: one that is held for no reason would give its tasks to nobody
    for ever, and one that is not would give out tasks of a batch that waits or is over."""
    with db.read() as tx:
        wrong = [
            f"of the batch “{row['name']}” ({row['state']}) {row['n']} {'are' if row['held'] else 'are not'} held"
            for row in tx.all("lane_unlike_batch")
        ]
    yield Check(
        f"{name} lanes", not wrong, "fit their batches" if not wrong else "; ".join(wrong[:3]),
        "" if not wrong else "Pausing a batch and resuming it sets its lanes right. Please report this as well.",
    )  # fmt: skip


def _private(path: Path) -> Check:
    mode = stat.S_IMODE(path.stat().st_mode)
    ok = mode & 0o077 == 0
    return Check(
        f"{path.name} private", ok, f"mode {mode:04o}", "" if ok else f"Others can read it: chmod 600 {path.name}"
    )
