"""Keys of the Scale-compatible API, the workspace of test keys beside each workspace, and what its callbacks carry.

A key is a token that its text tells apart: `live_…` is for the workspace, `test_…` for a twin of it, a file of its own that is
made with the first test key. So nothing made with one kind can be met with the other. Only digests of keys are stored.
"""

import re
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from tawsim.core.clock import Clock, system_clock
from tawsim.core.errors import BadInput, Conflict, NotFound, NotSignedIn, Unavailable
from tawsim.core.ids import new_id
from tawsim.core.records import Worker
from tawsim.core.text import comparable, is_name
from tawsim.store.connecting import take_name
from tawsim.store.database import Database, Row, Transaction
from tawsim.store.keys import record
from tawsim.store.rows import to_json
from tawsim.workspaces import accounts
from tawsim.workspaces.accounts import DAY, MAX_NAME, Identity, Standing
from tawsim.workspaces.roles import scopes_of
from tawsim.workspaces.workspace import SUFFIX, Workspace, open_workspace

KeyMode = Literal["live", "test"]
PREFIXES: dict[KeyMode, str] = {"live": "live_", "test": "test_"}
WAY: Literal["scale"] = "scale"  # how the credential of a key is told from other tokens
MAX_KEYS = 100
MAX_DAYS = 3650
DAYS = 365
MAX_TRIES = 100
MAX_PLACES = 50
PLACE = re.compile(r"(?:\[[0-9A-Fa-f:.]{2,45}\]|[0-9A-Za-z._-]{1,253}):[0-9]{1,5}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Key:
    """A key as owners see it; its text was shown once."""

    id: str
    name: str
    mode: KeyMode
    worker_id: str
    created_at: int
    expires_at: int
    seen_at: int | None


@dataclass(frozen=True, slots=True)
class Account:
    """What one of the two worlds of a workspace has: its callback key, and where callbacks go. `twin_id`: the other one's."""

    workspace_id: str
    mode: KeyMode
    twin_id: str | None
    file: str
    callback_key: str
    callback_url: str
    allow: str


def mode_of(text: str) -> KeyMode | None:
    """Which world a key is for, by its text; None for what is no key."""
    return next((mode for mode in get_args(KeyMode) if text.startswith(PREFIXES[mode])), None)


def account_of(tx: Transaction, workspace_id: str) -> Account | None:
    """What is known of a world, if anything was ever set up there."""
    row = tx.one("scale_account_get", workspace_id=workspace_id)
    return None if row is None else _account(row)


def home_of(tx: Transaction, twin_id: str) -> str:
    """The workspace whose test keys reach this twin. Raises NotSignedIn where there is none."""
    row = tx.one("scale_account_home", twin_id=twin_id)
    if row is None:
        raise NotSignedIn("This key is for a workspace that is not served here.")
    return str(row["workspace_id"])


def ensure_account(tx: Transaction, workspace_id: str, mode: KeyMode = "live", file: str = "") -> Account:
    """What is known of a world, made at first use."""
    found = account_of(tx, workspace_id)
    if found is None:
        tx.run(
            "scale_account_insert", workspace_id=workspace_id, mode=mode, file=file,
            callback_key=f"{mode}_" + secrets.token_urlsafe(32), now=tx.now,
        )  # fmt: skip
        found = account_of(tx, workspace_id)
        assert found is not None
    return found


def new_key(
    books: Database, workspace: Workspace, worker: Worker, mode: KeyMode, name: str, days: int = DAYS, *,
    by: Standing | None = None,
) -> tuple[str, Key]:  # fmt: skip
    """A new key on behalf of `worker`: its text, to be seen this once, and what is known of it. Raises BadInput, Conflict.

    `by`: the credential that asks for it, which must stand still; None for whoever has the file. The first test key makes the
    workspace that test keys reach.
    """
    clean = comparable(name)
    if not clean or len(clean) > MAX_NAME or not is_name(clean):
        raise BadInput(f"name: a key's name has 1 to {MAX_NAME} printable characters.")
    if isinstance(days, bool) or not 1 <= days <= MAX_DAYS:
        raise BadInput(f"days: a key holds for 1 to {MAX_DAYS} days.")
    world_id = _twin_for(books, workspace, worker) if mode == "test" else workspace.id

    def work(tx: Transaction) -> tuple[str, Key]:
        if by is not None:
            accounts.check_stands(tx, by)
        ensure_account(tx, workspace.id)
        if len(keys(tx, workspace.id)) >= MAX_KEYS:
            raise Conflict(f"There are {MAX_KEYS} keys.", "End one that nobody uses any longer.")
        secret = accounts.issue(
            tx, "token", Identity(world_id, worker.id), name=clean, scopes=scopes_of(worker.role),
            lifetime=days * DAY, way=WAY, prefix=PREFIXES[mode],
        )  # fmt: skip
        row = tx.one("credential_get", digest=accounts.digest_of(secret))
        assert row is not None
        return secret, _key(row, workspace.id)

    return books.write(work)


def keys(tx: Transaction, workspace_id: str) -> list[Key]:
    """The keys of a workspace that have not ended, live and test ones, newest first."""
    found = tx.all("scale_key_list", workspace_id=workspace_id, now=tx.now)
    return [_key(row, workspace_id) for row in found]


def end_key(tx: Transaction, workspace_id: str, key_id: str) -> None:
    """End a key of this workspace, live or test. Raises NotFound."""
    if not tx.run("scale_key_end", id=key_id, workspace_id=workspace_id, now=tx.now):
        raise NotFound("There is no such key.")


def change_account(
    tx: Transaction, workspace_id: str, mode: KeyMode, *, callback_url: str | None = None, allow: str | None = None,
    new_callback_key: bool = False,
) -> Account:  # fmt: skip
    """Change where a world's callbacks go and which addresses are allowed, or give it a new callback key. NotFound where
    there are no test keys yet."""
    if allow is not None:
        allow = _read_allow(allow)
    home = ensure_account(tx, workspace_id)
    found = home if mode == "live" else (account_of(tx, home.twin_id) if home.twin_id else None)
    if found is None:
        raise NotFound("There is no test key yet.", "Make one first.")
    tx.run(
        "scale_account_update", workspace_id=found.workspace_id,
        callback_url=found.callback_url if callback_url is None else callback_url,
        allow=found.allow if allow is None else allow,
        callback_key=f"{mode}_" + secrets.token_urlsafe(32) if new_callback_key else found.callback_key,
    )  # fmt: skip
    changed = account_of(tx, found.workspace_id)
    assert changed is not None
    return changed


def _read_allow(text: str) -> str:
    """host:port, apart by blanks or commas. Raises BadInput."""
    found = text.replace(",", " ").split()
    if len(found) > MAX_PLACES or not all(PLACE.fullmatch(one) for one in found):
        raise BadInput("allow: up to 50 private places as host:port, apart by blanks.", "Such as 10.0.0.7:8080")
    return " ".join(found)


# ---- the workspace of test keys -----------------------------------------------------------------------------------


def twin_path(tx: Transaction, workspace: Workspace) -> Path | None:
    """The file of the test keys' workspace, if there is one."""
    home = account_of(tx, workspace.id)
    twin = account_of(tx, home.twin_id) if home is not None and home.twin_id else None
    return None if twin is None else workspace.path.parent / twin.file


def twin_files(folder: Path) -> frozenset[str]:
    """Names of files in this folder that are workspaces of test keys: beside the others, they are none of their own."""
    if not (folder / accounts.ACCOUNTS_FILE).exists():
        return frozenset()
    books = accounts.open_accounts(folder)
    try:
        with books.read() as tx:
            return frozenset(row["file"] for row in tx.all("scale_account_twins"))
    finally:
        books.close()


def open_twin(books: Database, workspace: Workspace, clock: Clock = system_clock) -> Workspace | None:
    """Open the workspace of test keys beside this one, if there is one."""
    with books.read() as tx:
        path = twin_path(tx, workspace)
    return None if path is None else open_workspace(path, clock=clock)


def _twin_for(books: Database, workspace: Workspace, worker: Worker) -> str:
    """The id of the test keys' workspace, made if there is none; `worker` is known there under the same id."""
    with books.read() as tx:
        home, path = account_of(tx, workspace.id), twin_path(tx, workspace)
    lost_id = None if home is None else home.twin_id
    made = path is None or not path.exists()
    twin = _make_twin(workspace, worker) if made or path is None else open_workspace(path, clock=workspace.db.clock)
    try:
        twin.db.write(lambda tx: _know(tx, worker))
    finally:
        twin.close()
    if not made or books.write(lambda tx: _pair(tx, workspace, twin, lost_id)):
        return twin.id
    twin.path.unlink()  # somebody else made one at this very moment: theirs stands
    return _twin_for(books, workspace, worker)


def _pair(tx: Transaction, workspace: Workspace, twin: Workspace, lost_id: str | None) -> bool:
    """Write down whose twin the file is, unless another stands there by now. `lost_id`: the one whose file is gone; by its id,
    for the file of the next one has its name."""
    if ensure_account(tx, workspace.id).twin_id != lost_id:
        return False
    ensure_account(tx, twin.id, "test", twin.path.name)
    tx.run("scale_account_pair", workspace_id=workspace.id, twin_id=twin.id)
    return True


def _make_twin(workspace: Workspace, worker: Worker) -> Workspace:
    """A new file NAME-test.tawsim beside the workspace, or NAME-test-2.tawsim where that name is taken.

    It is finished under a name of its own first: of several made at this moment each takes another name, and one that is
    broken off takes none.
    """
    draft = workspace.path.with_name(f".{secrets.token_hex(8)}.making")
    try:
        db = Database.open(draft, "workspace", create=True, clock=workspace.db.clock)
        try:
            db.write(lambda tx: _found(tx, workspace.path.stem + "-test", worker))
        finally:
            db.close()
        return open_workspace(_take_free_name(draft, workspace), clock=workspace.db.clock)
    finally:
        draft.unlink(missing_ok=True)


def _take_free_name(draft: Path, workspace: Workspace) -> Path:
    for number in range(1, MAX_TRIES):
        end = "-test" if number == 1 else f"-test-{number}"
        path = workspace.path.with_name(workspace.path.stem + end + SUFFIX)
        try:
            take_name(draft, path)
        except FileExistsError:
            continue
        except OSError as error:
            raise Unavailable(f"{path} cannot be made: {error.strerror}.", "Check its folder's permissions.") from error
        return path
    raise Conflict(f"{workspace.path.stem}-test{SUFFIX} and a hundred like it exist.", "Move some of them away.")


def _found(tx: Transaction, name: str, worker: Worker) -> None:
    tx.run("workspace_insert", id=new_id(tx.now), name=name, created_at=tx.now)
    _know(tx, worker)


def _know(tx: Transaction, worker: Worker) -> None:
    """Let somebody be known here by the id that they have in the workspace itself: what they may do is looked up there."""
    if tx.one("worker_get", id=worker.id) is None:
        taken = tx.one("worker_by_name", name=worker.name) is not None
        name = f"{worker.name[:40]} ({worker.id[-8:]})" if taken else worker.name
        tx.run("worker_insert", id=worker.id, name=name, kind=worker.kind, role=worker.role, created_at=tx.now)
        data = to_json({"role": worker.role, "kind": worker.kind})
        record(tx, "worker.created", worker.id, object_id=worker.id, data=data)


def _account(row: Row) -> Account:
    return Account(
        row["workspace_id"], row["mode"], row["twin_id"], row["file"], row["callback_key"], row["callback_url"],
        row["allow"],
    )  # fmt: skip


def _key(row: Row, workspace_id: str) -> Key:
    mode: KeyMode = "live" if row["workspace_id"] == workspace_id else "test"
    return Key(
        row["id"], row["name"], mode, row["worker_id"], row["created_at"], row["expires_at"], row["seen_at"]
    )  # fmt: skip
