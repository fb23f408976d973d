"""Files that are not what they should be: each is refused with a clear word, and not changed by a byte."""

import fcntl
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tawsim.core.errors import AlreadyRunning, BadInput, TawsimError, Unavailable
from tawsim.core.ids import new_id
from tawsim.store import serving
from tawsim.store.database import Database, Transaction
from tawsim.workspaces.accounts import ACCOUNTS_FILE, Identity, identify, issue, open_accounts
from tawsim.workspaces.workspace import add_worker, list_workers, open_workspace

AS_ROOT = os.geteuid() == 0
NOBODY = 65534


def workspace_with_rows(path: Path, n: int = 500) -> None:
    db = Database.open(path, "workspace", create=True)

    def fill(tx: Transaction) -> None:
        for i in range(n):
            tx.run("worker_insert", id=new_id(1), name=f"worker {i}", kind="person", role="labeller", created_at=1)

    db.write(fill)
    db.close()


@pytest.mark.parametrize(
    "content",
    [
        b"text,label\nhello,yes\n" * 200,
        b"SQLite format 3\x00" + b"\x00" * 50,
        b"SQLite format 3\x00" + os.urandom(8192),
        b"PK\x03\x04" + os.urandom(5000),
        "نص عربي طويل ".encode() * 500,
    ],
    ids=["csv", "header only", "header and noise", "archive", "text"],
)
def test_not_a_database(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "reviews.tawsim"
    path.write_bytes(content)
    with pytest.raises(BadInput) as caught:
        open_workspace(path)
    assert str(path) in caught.value.message
    assert caught.value.hint
    assert path.read_bytes() == content
    assert os.listdir(tmp_path) == [path.name]


def test_another_programs_database_is_not_touched(tmp_path: Path) -> None:
    """Its journal mode used to be changed before it was refused."""
    path = tmp_path / "theirs.tawsim"
    theirs = sqlite3.connect(path)
    theirs.execute("CREATE TABLE songs (name TEXT)")
    theirs.execute("INSERT INTO songs VALUES ('one')")
    theirs.commit()
    theirs.close()
    before = path.read_bytes()
    for create in (False, True):
        with pytest.raises(BadInput, match="not a Tawsim workspace file"):
            open_workspace(path, create=create)
    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == [path.name]


def test_a_file_name_without_the_ending(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="does not end in"):
        open_workspace(tmp_path / "reviews.db", create=True)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_in_its_place(tmp_path: Path) -> None:
    (tmp_path / "x.tawsim").mkdir()
    with pytest.raises(TawsimError):
        open_workspace(tmp_path / "x.tawsim")


@pytest.mark.parametrize("keep", [0.3, 0.7])
def test_a_file_cut_short(tmp_path: Path, keep: float) -> None:
    path = tmp_path / "x.tawsim"
    workspace_with_rows(path, 3000)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * keep)])
    try:
        db = Database.open(path, "workspace")
    except BadInput:
        return
    assert db.check() != []
    db.close()


def test_a_damaged_page_is_told_and_named_by_the_check(tmp_path: Path) -> None:
    path = tmp_path / "x.tawsim"
    workspace_with_rows(path, 3000)
    content = bytearray(path.read_bytes())
    for page in range(8, len(content) // 4096):
        content[page * 4096 : page * 4096 + 64] = b"\xff" * 64
    path.write_bytes(content)
    try:
        db = Database.open(path, "workspace")
    except BadInput:
        return
    with pytest.raises(BadInput, match="damaged"), db.read() as tx:
        tx.all("worker_list")
    with pytest.raises(BadInput, match="damaged"):
        db.write(lambda tx: tx.all("worker_list"))
    assert db.check() != []
    with pytest.raises(TawsimError):
        db.backup_to(tmp_path / "copy.tawsim")
    assert not (tmp_path / "copy.tawsim").exists()
    db.close()


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder of somebody who is not root, as whom the test then runs: root may write anywhere."""
    found = Path(tempfile.mkdtemp(prefix="tawsim-test-"))
    if AS_ROOT:
        os.chown(found, NOBODY, NOBODY)
        os.seteuid(NOBODY)
    yield found
    if AS_ROOT:
        os.seteuid(0)
    found.chmod(0o700)
    shutil.rmtree(found)


@pytest.mark.parametrize("what", ["file", "folder"])
def test_read_only(folder: Path, what: str) -> None:
    path = folder / "x.tawsim"
    workspace_with_rows(path)
    (path if what == "file" else folder).chmod(0o400 if what == "file" else 0o500)
    with pytest.raises(Unavailable, match="cannot be") as caught:
        open_workspace(path)
    assert "permissions" in caught.value.hint
    folder.chmod(0o700)
    path.chmod(0o600)
    open_workspace(path).close()


def test_a_file_that_becomes_read_only_while_it_is_open(folder: Path) -> None:
    """Handles stay writable; what counts is that nothing is acknowledged and then missing."""
    workspace = open_workspace(folder / "x.tawsim", create=True)
    folder.chmod(0o500)
    workspace.path.chmod(0o400)
    made = 0
    for i in range(20):
        try:
            workspace.db.write(lambda tx, i=i: add_worker(tx, workspace.owner_id, f"k{i}", f"w{i}"))
            made += 1
        except Unavailable:
            continue
    folder.chmod(0o700)
    workspace.path.chmod(0o600)
    workspace.close()
    again = open_workspace(folder / "x.tawsim")
    with again.db.read() as tx:
        assert len(list_workers(tx)) == made + 1
    again.close()


def test_a_folder_that_cannot_be_written_has_no_lock_and_no_new_file(folder: Path) -> None:
    folder.chmod(0o500)
    with pytest.raises(Unavailable):
        open_workspace(folder / "new.tawsim", create=True)
    with pytest.raises(Unavailable):
        serving.hold(folder / "new.tawsim", "http://127.0.0.1:1")


ANOTHER_PROCESS = """
import sys
from pathlib import Path
from tawsim.store.database import Database
Database.open(Path(sys.argv[1]), "workspace").close()
"""

TWICE_AND_DIE = """
import os, subprocess, sys
from pathlib import Path
from tawsim.workspaces.workspace import add_worker, open_workspace
path = Path(sys.argv[1])
first = open_workspace(path, create=True)
second = open_workspace(path, create=True)
subprocess.run([sys.executable, "-c", sys.argv[2], str(path)], check=True)
first.db.write(lambda tx: add_worker(tx, first.owner_id, "k", "acknowledged"))
os._exit(0)
"""


def test_opening_a_file_twice_and_another_process_that_comes_and_goes(tmp_path: Path) -> None:
    """Found by reading: opening with create=True closed a handle of the file, which dropped SQLite's locks (POSIX). The
    next process to close it then took the log away from under the first one, and acknowledged writes were gone (Q1)."""
    path = tmp_path / "x.tawsim"
    subprocess.run([sys.executable, "-c", TWICE_AND_DIE, str(path), ANOTHER_PROCESS], check=True, timeout=60)
    with open_workspace(path).db.read() as tx:
        assert "acknowledged" in [worker.name for worker in list_workers(tx)]


def test_files_are_their_owners_only_from_the_first_moment(tmp_path: Path) -> None:
    old = os.umask(0)
    try:
        workspace = open_workspace(tmp_path / "x.tawsim", create=True)
        books = open_accounts(tmp_path)
        lock = serving.hold(workspace.path, "http://127.0.0.1:1")
        for file in tmp_path.iterdir():
            assert file.stat().st_mode & 0o777 == 0o600, file.name
        lock.release()
        books.close()
        workspace.close()
    finally:
        os.umask(old)
    assert (tmp_path / ACCOUNTS_FILE).stat().st_mode & 0o777 == 0o600


def test_secrets_are_stored_as_digests_only(tmp_path: Path) -> None:
    books = open_accounts(tmp_path)
    secret = books.write(lambda tx: issue(tx, "token", Identity("w", "p")))
    with books.read() as tx:
        assert identify(tx, secret) == Identity("w", "p")
    books.close()
    assert secret.encode() not in (tmp_path / ACCOUNTS_FILE).read_bytes()
    assert secret[4:].encode() not in (tmp_path / ACCOUNTS_FILE).read_bytes()


# ---- one server a file -----------------------------------------------------------------------------------------------
def test_a_second_server_hears_where_the_first_one_is(tmp_path: Path) -> None:
    path = tmp_path / "x.tawsim"
    path.touch()
    assert serving.server_of(path) is None
    lock = serving.hold(path, "http://127.0.0.1:7373")
    with pytest.raises(AlreadyRunning, match="7373") as caught:
        serving.hold(path, "http://127.0.0.1:9999")
    assert caught.value.details["url"] == "http://127.0.0.1:7373"
    assert serving.server_of(path) == "http://127.0.0.1:7373"
    lock.release()
    assert serving.server_of(path) is None
    serving.hold(path, "http://127.0.0.1:9999").release()


def test_a_link_to_the_file_has_the_same_lock(tmp_path: Path) -> None:
    path, elsewhere = tmp_path / "x.tawsim", tmp_path / "elsewhere"
    path.touch()
    elsewhere.mkdir()
    (elsewhere / "link.tawsim").symlink_to(path)
    lock = serving.hold(path, "http://127.0.0.1:7373")
    with pytest.raises(AlreadyRunning):
        serving.hold(elsewhere / "link.tawsim", "http://127.0.0.1:9999")
    lock.release()


def test_nonsense_in_the_lock_file_is_no_server(tmp_path: Path) -> None:
    path = tmp_path / "x.tawsim"
    serving.lock_path(path).write_text("[1, 2")
    assert serving.server_of(path) is None
    lock = serving.hold(path, "http://127.0.0.1:7373")
    serving.lock_path(path).write_text('"text"')
    with pytest.raises(AlreadyRunning, match="another address"):
        serving.hold(path, "http://127.0.0.1:9999")
    lock.release()


def test_those_who_only_ask_see_no_server_in_one_another(tmp_path: Path) -> None:
    """What a server that was killed left word of is believed only while one has the lock, not while somebody else asks."""
    path = tmp_path / "x.tawsim"
    serving.lock_path(path).write_text('{"url": "http://127.0.0.1:7373", "pid": 1}')
    with serving.lock_path(path).open("rb") as other:
        fcntl.flock(other, fcntl.LOCK_SH)  # in the middle of asking
        assert serving.server_of(path) is None
        assert not serving.is_served_elsewhere(path)


def test_a_server_begins_however_long_somebody_only_asks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "x.tawsim"
    asks, pauses = os.open(serving.lock_path(path), os.O_CREAT | os.O_RDWR), []
    fcntl.flock(asks, fcntl.LOCK_SH)

    def sleep(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 20:  # a machine so busy that its answer took so long
            os.close(asks)

    monkeypatch.setattr(serving.time, "sleep", sleep)
    serving.hold(path, "http://127.0.0.1:7373").release()
    assert len(pauses) == 20


def test_a_server_that_has_ended_leaves_no_address(tmp_path: Path) -> None:
    path = tmp_path / "x.tawsim"
    serving.hold(path, "http://127.0.0.1:7373").release()
    assert serving.lock_path(path).read_bytes() == b""
