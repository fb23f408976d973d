"""Who calls is remembered, and forgotten exactly: at once where this process changed it, within a second where another did."""

import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from tests.api.test_team_sign_in import session_of

from tawsim.core.errors import NotSignedIn, TawsimError
from tawsim.labelling import owners
from tawsim.server import sign_in_state
from tawsim.server.remembering import WRITE_EVERY_S
from tawsim.store import database
from tawsim.store.database import TRUSTED_S
from tawsim.store.statements import changes_standing, statements
from tawsim.workspaces import accounts, roles
from tawsim.workspaces.accounts import Identity
from tawsim.workspaces.workspace import get_worker, open_workspace

PATIENCE_S = 60.0
SECOND = 1.0
# What another process does: through Tawsim's own functions, as its command line has them, or with SQLite alone.
ELSEWHERE = {
    "session": """
books = accounts.open_accounts(file.parent)
books.write(lambda tx: accounts.revoke_worker(tx, Identity(place, who)))
books.close()
""",
    "role": """
workspace = open_workspace(file)
workspace.db.write(lambda tx: roles.set_role(tx, workspace.owner_id, who, "reviewer"))
workspace.close()
""",
    "left": """
import sqlite3
with sqlite3.connect(file, timeout=30) as raw:
    raw.execute("UPDATE worker SET active = 0 WHERE id = ?", (who,))
""",
}
PROGRAM = """
import sys
from pathlib import Path
from tawsim.workspaces import accounts, roles
from tawsim.workspaces.accounts import Identity
from tawsim.workspaces.workspace import open_workspace
file, place, who = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
"""


class Looking:
    """How often a credential was really looked up."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.times = 0
        standing = accounts.standing

        def counted(*given: Any) -> Any:
            self.times += 1
            return standing(*given)

        monkeypatch.setattr(accounts, "standing", counted)


def secret_of(world: Any, worker_id: str) -> str:
    return str(session_of(world, worker_id)["authorization"][7:])


def remembered(world: Any, secret: str) -> None:
    """Ask until the answer comes from memory."""
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until:
        world.state.identify(secret)
        if world.state.known.get(secret, world.state.clock()) is not None:
            return
    raise AssertionError("nothing was ever remembered")


def test_who_calls_is_looked_up_once(world: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "TRUSTED_S", PATIENCE_S)
    secret = secret_of(world, world.omar_id)
    found = world.state.identify(secret)
    looking = Looking(monkeypatch)
    for _ in range(50):
        assert world.state.identify(secret) == found
        world.workspace.db.write(lambda tx: None)
        world.state.accounts.write(lambda tx: accounts.seen(tx, [{"id": found[2].id, "now": 1}]))
    assert looking.times == 0


CHANGES: dict[str, Callable[[Any, Identity, str], Any]] = {
    "signed out": lambda world, _, secret: world.state.accounts.write(lambda tx: accounts.sign_out(tx, secret)),
    "all revoked": lambda world, me, _: world.state.accounts.write(lambda tx: accounts.revoke_worker(tx, me)),
    "reset": lambda world, me, _: world.state.accounts.write(lambda tx: accounts.reset(tx, me)),
    "sessions ended": lambda world, me, _: world.state.accounts.write(lambda tx: accounts.end_sessions(tx, me)),
    "one ended": lambda world, me, _: world.state.accounts.write(
        lambda tx: [accounts.end(tx, me, "session", one.id) for one in accounts.sessions(tx, me)]
    ),
    "let out": lambda world, me, _: world.workspace.db.write(
        lambda tx: owners.set_worker_active(tx, world.workspace.owner_id, me.worker_id, False, "")
    ),
}


@pytest.mark.parametrize("change", CHANGES)
def test_what_this_process_takes_away_is_gone_at_the_next_request(
    world: Any, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    monkeypatch.setattr(database, "TRUSTED_S", PATIENCE_S)  # so that nothing but the change itself is the reason
    me = Identity(world.workspace.id, world.omar_id)
    secret = secret_of(world, world.omar_id)
    world.state.identify(secret)
    assert world.state.known.get(secret, world.state.clock()) is not None
    CHANGES[change](world, me, secret)
    with pytest.raises(NotSignedIn):
        world.state.identify(secret)


def test_another_role_or_name_holds_at_the_next_request(world: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "TRUSTED_S", PATIENCE_S)
    secret, owner = secret_of(world, world.omar_id), world.workspace.owner_id
    assert world.state.identify(secret)[1].role == "labeller"
    world.workspace.db.write(lambda tx: roles.set_role(tx, owner, world.omar_id, "manager"))
    assert world.state.identify(secret)[1].role == "manager"
    world.workspace.db.write(lambda tx: roles.rename(tx, owner, world.omar_id, "عمر"))
    assert world.state.identify(secret)[1].name == "عمر"


def test_a_change_between_the_look_and_the_remembering_is_not_lost(world: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "TRUSTED_S", PATIENCE_S)
    secret, me = secret_of(world, world.omar_id), Identity(world.workspace.id, world.omar_id)

    def then_revoked(*given: Any) -> Any:
        found = get_worker(*given)
        world.state.accounts.write(lambda tx: accounts.revoke_worker(tx, me))
        return found

    with monkeypatch.context() as patch:
        patch.setattr(sign_in_state, "get_worker", then_revoked)
        world.state.identify(secret)  # it was good when it was asked
    with pytest.raises(NotSignedIn):
        world.state.identify(secret)


def test_what_expires_is_not_remembered_longer(world: Any, clock: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "TRUSTED_S", PATIENCE_S)
    secret = secret_of(world, world.omar_id)
    world.state.identify(secret)
    clock.advance(accounts.LIFETIMES["session"] // 1_000_000)
    with pytest.raises(NotSignedIn):
        world.state.identify(secret)


@pytest.mark.parametrize("change", ELSEWHERE)
def test_what_another_process_takes_away_is_gone_within_a_second(world: Any, change: str) -> None:
    """Asked all the while, as under load: the memory is warm before and during the change."""
    secret = secret_of(world, world.omar_id)
    remembered(world, secret)
    given = [str(world.workspace.path), world.workspace.id, world.omar_id]
    with subprocess.Popen([sys.executable, "-c", PROGRAM + ELSEWHERE[change], *given]) as other:
        while other.poll() is None:
            _role_of(world, secret)
        assert other.returncode == 0
    until = time.monotonic() + TRUSTED_S  # nothing older than this is ever believed, whatever the machine is at
    while time.monotonic() < until:
        _role_of(world, secret)
    assert _role_of(world, secret) == {"session": None, "role": "reviewer", "left": None}[change]


def _role_of(world: Any, secret: str) -> str | None:
    try:
        return str(world.state.identify(secret)[1].role)
    except NotSignedIn:
        return None


def test_a_change_elsewhere_is_seen_by_looking_long_before_it_would_not_be_believed(
    world: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The look itself: with all else believed for ever, a commit of another connection moves the stamp, and only such a one."""
    monkeypatch.setattr(database, "TRUSTED_S", float("inf"))
    for db in (world.state.accounts, world.workspace.db):
        before = db.stamp()
        db.write(lambda tx: tx.run("credential_seen", id="x", now=1) if db is world.state.accounts else None)  # noqa: B023
        assert db.stamp() == before
        with sqlite3.connect(db.path, timeout=30) as raw:
            raw.execute("CREATE TABLE other (x)")
        until = time.monotonic() + PATIENCE_S
        while db.stamp() == before:
            assert time.monotonic() < until


def test_while_the_writer_is_at_work_nothing_is_believed_for_long(world: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    secret = secret_of(world, world.omar_id)
    remembered(world, secret)
    free, busy = threading.Event(), threading.Event()
    try:
        done = world.workspace.db.write_soon(lambda tx: (busy.set(), free.wait(PATIENCE_S)))
        assert busy.wait(PATIENCE_S)
        threading.Event().wait(TRUSTED_S)
        looking = Looking(monkeypatch)
        world.state.identify(secret)
        world.state.identify(secret)
        assert looking.times == 2
    finally:
        free.set()
    done.result(PATIENCE_S)
    remembered(world, secret)


def test_a_promise_of_a_second_is_kept_by_the_numbers() -> None:
    assert database.LOOK_EVERY_S < database.TRUSTED_S < SECOND


def test_every_statement_that_changes_who_may_come_in_is_known_as_one() -> None:
    tables = ("credential", "scale_account", "worker")
    writing = {
        name: sql
        for name, sql in statements().items()
        if any(f"{verb} {table}{end}" in f"{' '.join(sql.split())} " for table in tables for end in (" ", "(")
               for verb in ("UPDATE", "DELETE FROM", "INTO"))
    }  # fmt: skip
    plain = {name for name, sql in writing.items() if sql.startswith("INSERT INTO") and "CONFLICT" not in sql}
    assert {name for name in statements() if changes_standing(name)} == set(writing) - plain - {"credential_seen"}
    # These are noticed where they are run. One that gives rows back would be asked for them: of one-time links alone.
    assert {name for name in writing if changes_standing(name) and "RETURNING" in writing[name]} == {
        "credential_use_once"
    }


# ---- when credentials were used -----------------------------------------------------------------------------------


def test_many_uses_are_one_write(world: Any) -> None:
    books, uses = world.state.accounts, world.state.uses
    secrets = [secret_of(world, world.omar_id) for _ in range(300)]
    uses.write(books)
    books.write(lambda tx: None)
    before = books.written
    for secret in secrets:
        world.state.identify(secret)
        world.state.identify(secret)
    books.write(lambda tx: None)
    assert books.written - before <= 2 + (time.monotonic() - uses._written) // WRITE_EVERY_S
    uses.write(books)
    books.write(lambda tx: None)
    with books.read() as tx:
        held = accounts.sessions(tx, Identity(world.workspace.id, world.omar_id))
    assert [one.seen_at for one in held if one.seen_at is None] == []
    assert len(held) == 300


def test_a_server_that_ends_writes_down_who_was_there(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from tawsim.server import run

    file = tmp_path / "w.tawsim"
    made = open_workspace(file, create=True, owner="Noor")
    identity = Identity(made.id, made.owner_id)
    made.close()
    books = accounts.open_accounts(tmp_path)
    secrets = books.write(lambda tx: [accounts.begin_session(tx, identity, "link") for _ in range(3)])
    books.close()
    held: list[Any] = []

    def ended(config: Any, _ready: Any) -> Any:
        class Over:
            def run(self, sockets: Any) -> None:
                for secret in secrets:
                    held[0].identify(secret)

        return Over()

    create = run.create_app
    monkeypatch.setattr(run, "create_app", lambda state: (held.append(state), create(state))[1])
    monkeypatch.setattr(run, "_Server", ended)
    run.serve([file], port=0)
    books = accounts.open_accounts(tmp_path)
    with books.read() as tx:
        assert [one.seen_at is not None for one in accounts.sessions(tx, identity)] == [True] * 3
    books.close()


def test_a_use_that_cannot_be_written_keeps_nobody_out(world: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def closed(_work: Any) -> Any:
        raise TawsimError("closed")

    secret = secret_of(world, world.omar_id)
    world.state.uses.write(world.state.accounts)
    monkeypatch.setattr(world.state.uses, "_written", -WRITE_EVERY_S)
    monkeypatch.setattr(type(world.state.accounts), "write_soon", lambda _self, work: closed(work))
    assert world.state.identify(secret)[1].id == world.omar_id
