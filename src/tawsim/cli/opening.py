"""Which workspace a command means, opening it, and who in it is meant; links into a running server. Imports the store when
it is needed."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from tawsim.core.errors import BadInput, NotFound

if TYPE_CHECKING:
    from tawsim.core.records import Worker
    from tawsim.store.database import Transaction
    from tawsim.workspaces.accounts import CredentialKind
    from tawsim.workspaces.workspace import Workspace

VARIABLE = "TAWSIM_WORKSPACE"
DEFAULT_ADDRESS = "http://127.0.0.1:7373"
MAKE_ONE = "Make one: tawsim label FILE --labels a,b   or: tawsim project create NAME --labels a,b"


def which(named: Path | None, *, new: str | None = None) -> Path:
    """The workspace file: the one named, else the only one in this folder, else what TAWSIM_WORKSPACE says.

    With `new`, a file of that name is meant where there is none. Raises NotFound, BadInput where several could be meant.
    """
    if named is not None:
        return _checked(named)
    here = of_people(sorted(path for path in Path.cwd().glob("*.tawsim") if path.is_file()))
    if len(here) == 1:
        return here[0]
    if len(here) > 1 and not os.environ.get(VARIABLE):
        listed = ", ".join(path.name for path in here[:8])
        raise BadInput(f"There are {len(here)} workspaces here: {listed}.", "Name one with --workspace FILE.tawsim.")
    if os.environ.get(VARIABLE):
        return _checked(Path(os.environ[VARIABLE]))
    if new is not None:
        return Path.cwd() / new
    raise NotFound("There is no workspace in this folder.", MAKE_ONE)


def of_people(files: list[Path]) -> list[Path]:
    """The files but those of test keys, each of which stands beside one of the others."""
    if len(files) < 2:
        return files
    from tawsim.workspaces.scale_keys import twin_files

    twins = twin_files(files[0].parent)
    return [path for path in files if path.name not in twins]


def _checked(path: Path) -> Path:
    if path.is_dir():
        raise BadInput(f"{path} is a folder; a workspace is a file.", "Name it: --workspace FILE.tawsim")
    if path.suffix != ".tawsim":
        raise BadInput(f"{path.name} does not end in .tawsim.", "A workspace is a file such as reviews.tawsim.")
    return path


@contextmanager
def opened(path: Path, *, create: bool = False, owner: str | None = None) -> Iterator["Workspace"]:
    """The open workspace, closed afterwards. A server may have it open at the same time."""
    from tawsim.workspaces.workspace import open_workspace

    if not create and not path.exists():
        raise NotFound(f"There is no workspace {path}.", MAKE_ONE)
    workspace = open_workspace(path, create=create, owner=owner)
    try:
        yield workspace
    finally:
        workspace.close()


def person_named(tx: "Transaction", name: str) -> "Worker":
    """The worker of that name. Raises NotFound."""
    from tawsim.workspaces.workspace import find_worker

    found = find_worker(tx, name)
    if found is None:
        raise NotFound(f"There is nobody called “{name[:60]}”.", "See: tawsim people list")
    return found


def note(workspace: "Workspace", kind: str, object_id: str | None, **data: str) -> None:
    """The event that the page leaves too: whoever can open the file acts as its owner."""
    from tawsim.store.keys import record
    from tawsim.store.rows import to_json

    workspace.db.write(lambda tx: record(tx, kind, workspace.owner_id, object_id=object_id, data=to_json(data)))


def new_secrets(workspace: "Workspace", kind: "CredentialKind", worker_ids: list[str]) -> list[str]:
    """A new secret for each worker, through the accounts file that a running server reads too."""
    from tawsim.workspaces.accounts import Identity, issue, open_accounts

    accounts = open_accounts(workspace.path.parent)
    try:
        return accounts.write(lambda tx: [issue(tx, kind, Identity(workspace.id, one)) for one in worker_ids])
    finally:
        accounts.close()


def address_of(path: Path) -> tuple[str, bool]:
    """Where the workspace is being served, and whether it is; else where it usually would be."""
    from tawsim.store.serving import server_of

    url = server_of(path.absolute())
    return (url, True) if url else (DEFAULT_ADDRESS, False)


def link(address: str, secret: str) -> str:
    """A one-time link. The secret stands behind the #, which browsers send to no server."""
    return f"{address}/enter#{secret}"
