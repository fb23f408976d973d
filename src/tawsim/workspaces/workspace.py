"""A workspace file: making it, opening it, its workers. Credentials are in accounts.py."""

import getpass
import json
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tawsim.core.clock import Clock, system_clock
from tawsim.core.errors import AlreadyExists, BadInput, NotFound, Unavailable
from tawsim.core.ids import new_id
from tawsim.core.records import Role, Worker, WorkerKind
from tawsim.core.text import comparable, is_name
from tawsim.store import rows
from tawsim.store.connecting import take_name
from tawsim.store.database import Database, Transaction
from tawsim.store.keys import once, record

SUFFIX = ".tawsim"
MAKE_ONE = "Make one: tawsim label FILE --labels a,b   or begin in the browser: tawsim up NAME.tawsim --new"


@dataclass(frozen=True, slots=True)
class Workspace:
    """An open workspace. `owner_id` is the worker on whose behalf this machine's owner acts."""

    id: str
    name: str
    path: Path
    db: Database
    owner_id: str

    def close(self) -> None:
        """Finish pending writes and let go of the file."""
        self.db.close()


def open_workspace(
    path: Path, *, create: bool = False, owner: str | None = None, clock: Clock = system_clock
) -> Workspace:
    """Open the workspace file, making it first if asked. Raises NotFound, BadInput, Unavailable."""
    path = path.absolute()
    if path.suffix != SUFFIX:
        raise BadInput(f"{path.name} does not end in {SUFFIX}.", f"A workspace is a file such as reviews{SUFFIX}.")
    db = Database.open(path, "workspace", create=create, clock=clock)
    try:
        row = db.write(lambda tx: _ensure_workspace(tx, path.stem, owner))
    except BaseException:
        db.close()
        raise
    return Workspace(row["id"], row["name"], path, db, row["owner_id"])


@contextmanager
def new_workspace(path: Path, *, owner: str | None = None) -> Iterator[Workspace]:
    """A workspace that stands at `path` once the block has ended, with all that was put into it, and not before.

    It is made in a folder of its own: a block that fails takes away what is its own alone, never what somebody else made under
    this name meanwhile. Raises AlreadyExists where somebody did, NotFound for a folder that is not there, BadInput, Unavailable.
    """
    path = path.absolute()
    try:
        folder = Path(tempfile.mkdtemp(prefix=".tawsim-making-", dir=path.parent))
    except FileNotFoundError:
        raise NotFound(f"There is no folder {path.parent}.", "Make it first.") from None
    except OSError as error:
        raise Unavailable(f"{path} cannot be made: {error.strerror}.", "Check its folder's permissions.") from error
    try:
        workspace = open_workspace(folder / path.name, create=True, owner=owner)
        try:
            yield workspace
        finally:
            workspace.close()
        _take_place(workspace.path, path)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _take_place(made: Path, path: Path) -> None:
    log = made.with_name(made.name + "-wal")
    if log.exists() and log.stat().st_size:  # without it the file would not be whole
        raise Unavailable(f"{path} could not be finished: its folder is full, or cannot be written.", "Try again.")
    try:
        take_name(made, path)
    except FileExistsError:
        raise AlreadyExists(
            f"{path.name} was made by somebody else at this moment.", "Run it again to go on with it."
        ) from None
    except OSError as error:
        raise Unavailable(f"{path} cannot be made: {error.strerror}.", "Check its folder's permissions.") from error


def _ensure_workspace(tx: Transaction, name: str, owner: str | None) -> dict[str, str]:
    if tx.one("workspace_get") is None:
        tx.run("workspace_insert", id=new_id(tx.now), name=name, created_at=tx.now)
    row = tx.one("workspace_get")
    assert row is not None
    owners = [w for w in tx.all("worker_list") if w["role"] == "owner" and w["active"]]
    owner_id = owners[0]["id"] if owners else _insert_worker(tx, owner or _user_name(), "person", "owner")
    return {"id": row["id"], "name": row["name"], "owner_id": owner_id}


def _user_name() -> str:
    """The name of whoever runs this, or “owner” where the machine does not know."""
    try:
        return re.sub(r"[^\w .-]", "", getpass.getuser())[:60] or "owner"
    except (OSError, KeyError):
        return "owner"


def _insert_worker(tx: Transaction, name: str, kind: WorkerKind, role: Role) -> str:
    worker_id = new_id(tx.now)
    tx.run("worker_insert", id=worker_id, name=name, kind=kind, role=role, created_at=tx.now)
    record(tx, "worker.created", worker_id, object_id=worker_id, data=json.dumps({"role": role, "kind": kind}))
    return worker_id


def add_worker(
    tx: Transaction, actor_id: str, key: str, name: str, *, kind: WorkerKind = "person", role: Role = "labeller"
) -> Worker:
    """A new worker. Raises AlreadyExists if somebody has the name (compared after Unicode normalisation)."""
    clean = comparable(name)
    if not clean or len(clean) > 60 or not is_name(clean):
        raise BadInput("A person's name has 1 to 60 printable characters.")

    def work() -> dict[str, Any]:
        if tx.one("worker_by_name", name=clean) is not None:
            raise AlreadyExists(f"There is a worker “{clean}” already.", "Choose another name.")
        return {"id": _insert_worker(tx, clean, kind, role)}

    made = once(tx, actor_id, key, ["worker", clean, kind, role], work).result
    return get_worker(tx, made["id"])


def get_worker(tx: Transaction, worker_id: str) -> Worker:
    """The worker, or NotFound."""
    row = tx.one("worker_get", id=worker_id)
    if row is None:
        raise NotFound("There is no such worker.")
    return rows.worker(row)


def find_worker(tx: Transaction, name: str) -> Worker | None:
    """The worker of that name, if there is one."""
    row = tx.one("worker_by_name", name=comparable(name))
    return rows.worker(row) if row is not None else None


def list_workers(tx: Transaction) -> list[Worker]:
    """All workers, in the order they were added."""
    return [rows.worker(row) for row in tx.all("worker_list")]


def workspace_files(place: Path) -> list[Path]:
    """The workspace files that `place` names: itself, or those in the folder. Raises NotFound if there is none."""
    if place.is_dir():
        found = sorted(p for p in place.iterdir() if p.suffix == SUFFIX and p.is_file())
        if not found:
            raise NotFound(f"There is no workspace in “{place.resolve()}”.", MAKE_ONE)
        return found
    if not place.exists():
        raise NotFound(f"There is no file {place}.", MAKE_ONE)
    return [place]


def writable(path: Path) -> bool:
    """Whether this process may change the file and its folder (SQLite keeps its log beside the file)."""
    return os.access(path, os.W_OK) and os.access(path.parent, os.W_OK)
