"""Credentials: one-time links, sessions and personal tokens. A secret is shown once and stored as a digest only.

Secrets have 256 random bits, so a plain SHA-256 is enough: there is nothing to guess. Each credential belongs to one
worker of one workspace; there is no credential that reaches two. Passwords, which people choose, are in passwords.py.
"""

import hashlib
import secrets
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

from tawsim.core.clock import SECOND, Clock, system_clock
from tawsim.core.errors import BadInput, Conflict, NotFound, NotSignedIn
from tawsim.core.ids import new_id
from tawsim.core.text import comparable, is_name
from tawsim.store.database import Database, Row, Transaction

ACCOUNTS_FILE = ".tawsim-accounts.sqlite"
PREFIX = "tws_"
DAY = 86_400 * SECOND
LIFETIMES = {"launch": DAY, "invite": 14 * DAY, "session": 30 * DAY, "token": 365 * DAY}
CredentialKind = Literal["launch", "invite", "session", "token"]
Scope = Literal["read", "label", "review", "manage", "owner"]
Way = Literal["link", "password", "passkey", "sign_on", "scale"]
SCOPES: tuple[Scope, ...] = get_args(Scope)
MAX_TOKENS = 50
MAX_NAME = 60
MAX_DEVICE = 200
SEEN_EVERY = 60 * SECOND


@dataclass(frozen=True, slots=True)
class Identity:
    """Whom a credential stands for."""

    workspace_id: str
    worker_id: str


@dataclass(frozen=True, slots=True)
class Standing:
    """What a credential is: a session or a token, which, and for a token what it was made for (None: all of the role)."""

    id: str
    kind: Literal["session", "token"]
    scopes: frozenset[str] | None
    seen_at: int | None
    expires_at: int


@dataclass(frozen=True, slots=True)
class Held:
    """A session or token as its owner sees it. `name`: what a token is called, or a session's device as its browser said."""

    id: str
    name: str
    scopes: tuple[str, ...] | None
    way: str
    created_at: int
    expires_at: int
    seen_at: int | None


def open_accounts(folder: Path, *, clock: Clock = system_clock) -> Database:
    """The accounts file of a folder of workspaces, made at first use with mode 0600."""
    return Database.open(folder / ACCOUNTS_FILE, "accounts", create=True, clock=clock)


def digest_of(secret: str) -> str:
    """What is stored of a secret."""
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()


def issue(
    tx: Transaction,
    kind: CredentialKind,
    identity: Identity,
    *,
    name: str = "",
    scopes: Collection[str] | None = None,
    way: Way | Literal[""] = "",
    lifetime: int | None = None,
    prefix: str = PREFIX,
) -> str:
    """A new secret. This is the only time it can be seen. A new invitation ends the worker's unopened ones."""
    if kind == "invite":
        tx.run(
            "credential_revoke_invites", workspace_id=identity.workspace_id, worker_id=identity.worker_id, now=tx.now
        )
    secret = prefix + secrets.token_urlsafe(32)
    tx.run(
        "credential_insert", id=new_id(tx.now), digest=digest_of(secret), kind=kind, workspace_id=identity.workspace_id,
        worker_id=identity.worker_id, created_at=tx.now, expires_at=tx.now + (lifetime or LIFETIMES[kind]), name=name,
        scopes=None if scopes is None else " ".join(scopes), way=way,
    )  # fmt: skip
    return secret


def issue_token(
    tx: Transaction, identity: Identity, name: str, scopes: Collection[str], days: int, allowed: Collection[str]
) -> tuple[str, Held]:
    """A personal token. Raises BadInput that names the field, Conflict over MAX_TOKENS of them."""
    clean = comparable(name)
    if not clean or len(clean) > MAX_NAME or not is_name(clean):
        raise BadInput(f"name: a token's name has 1 to {MAX_NAME} printable characters.")
    wanted = [one for one in SCOPES if one in scopes]
    if not wanted or len(wanted) != len(set(scopes)) or not set(wanted) <= set(allowed):
        raise BadInput("scopes: one or more of what your role reaches.", "Yours: " + ", ".join(allowed))
    if isinstance(days, bool) or not 1 <= days <= 365:
        raise BadInput("days: a token holds for 1 to 365 days.")
    if len(tokens(tx, identity)) >= MAX_TOKENS:
        raise Conflict(f"You have {MAX_TOKENS} tokens.", "End one that you no longer use.")
    secret = issue(tx, "token", identity, name=clean, scopes=wanted, lifetime=days * DAY)
    row = tx.one("credential_get", digest=digest_of(secret))
    assert row is not None
    return secret, _held(row)


def exchange(tx: Transaction, one_time_secret: str, device: str = "") -> tuple[str, Identity]:
    """A one-time link's secret for a session's, once. Raises NotSignedIn if it was used, has expired, or never was."""
    row = tx.one("credential_use_once", digest=digest_of(one_time_secret), now=tx.now)
    if row is None:
        raise NotSignedIn("This link was used already, or has expired.", "Ask for a new one.")
    identity = Identity(row["workspace_id"], row["worker_id"])
    return begin_session(tx, identity, "link", device), identity


def begin_session(tx: Transaction, identity: Identity, way: Way, device: str = "") -> str:
    """A session's secret, for somebody who has just shown who they are. `device`: what the browser calls itself."""
    clean = "".join(c for c in device if c.isprintable())[:MAX_DEVICE]
    return issue(tx, "session", identity, name=clean, way=way)


def identify(tx: Transaction, secret: str) -> Identity:
    """Whom a session's or token's secret stands for. Raises NotSignedIn."""
    return standing(tx, secret)[0]


def standing(tx: Transaction, secret: str) -> tuple[Identity, Standing]:
    """`identify`, and what the credential is."""
    row = tx.one("credential_get", digest=digest_of(secret))
    if row is None or row["kind"] not in ("session", "token") or row["revoked_at"] or row["expires_at"] <= tx.now:
        raise NotSignedIn(
            "You are not signed in.", "Open the link that you were given, or start Tawsim again for a new one."
        )
    scopes = None if row["scopes"] is None else frozenset(row["scopes"].split())
    identity = Identity(row["workspace_id"], row["worker_id"])
    return identity, Standing(row["id"], row["kind"], scopes, row["seen_at"], row["expires_at"])


def check_stands(tx: Transaction, found: Standing) -> None:
    """Raise NotSignedIn if the session or token has ended since it was looked at. Whatever lasts longer than a request (another
    credential, a password, a link) is made in the transaction that asks this: else what was taken away a moment ago makes itself
    an heir, in the second for which a server remembers it or while a password is hashed."""
    if tx.one("credential_stands", id=found.id, now=tx.now) is None:
        raise NotSignedIn("You were signed out meanwhile.", "Sign in again.")


def seen(tx: Transaction, uses: Sequence[dict[str, Any]]) -> None:
    """Credentials were used: the `id` of each, and when (`now`)."""
    tx.many("credential_seen", uses)


def sessions(tx: Transaction, identity: Identity) -> list[Held]:
    """The worker's sessions that have not ended, newest first."""
    return _all(tx, identity, "session")


def tokens(tx: Transaction, identity: Identity) -> list[Held]:
    """The worker's tokens that have not ended, newest first."""
    return _all(tx, identity, "token")


def _all(tx: Transaction, identity: Identity, kind: CredentialKind) -> list[Held]:
    found = tx.all(
        "credential_of_worker", workspace_id=identity.workspace_id, worker_id=identity.worker_id, kind=kind, now=tx.now
    )
    return [_held(row) for row in found]


def _held(row: Row) -> Held:
    scopes = None if row["scopes"] is None else tuple(row["scopes"].split())
    return Held(
        row["id"], row["name"], scopes, row["way"], row["created_at"], row["expires_at"], row["seen_at"]
    )  # fmt: skip


def end(tx: Transaction, identity: Identity, kind: Literal["session", "token"], credential_id: str) -> None:
    """End one of the worker's sessions or tokens. Another's is as absent as one that never was: NotFound."""
    done = tx.run(
        "credential_end", id=credential_id, workspace_id=identity.workspace_id, worker_id=identity.worker_id, kind=kind,
        now=tx.now,
    )  # fmt: skip
    if not done:
        raise NotFound(f"There is no such {kind}.")


def end_sessions(tx: Transaction, identity: Identity, *, but: str = "") -> int:
    """End the worker's sessions, all but one if it is named; returns how many."""
    return tx.run(
        "credential_end_sessions", workspace_id=identity.workspace_id, worker_id=identity.worker_id, but=but, now=tx.now
    )


def sign_out(tx: Transaction, secret: str) -> None:
    """End a session or token."""
    tx.run("credential_revoke", digest=digest_of(secret), now=tx.now)


def revoke_worker(tx: Transaction, identity: Identity) -> None:
    """End everything that stands for this worker."""
    tx.run("credential_revoke_worker", workspace_id=identity.workspace_id, worker_id=identity.worker_id, now=tx.now)


def invited_workers(tx: Transaction, workspace_id: str) -> set[str]:
    """Workers with an invitation that nobody has opened yet."""
    return {row["worker_id"] for row in tx.all("credential_invited", workspace_id=workspace_id, now=tx.now)}


def last_seen(tx: Transaction, workspace_id: str) -> dict[str, int]:
    """When each worker's sessions or tokens were last used, to a minute."""
    found = tx.all("credential_last_seen", workspace_id=workspace_id)
    return {row["worker_id"]: row["seen_at"] for row in found}


def ways_in(tx: Transaction, workspace_id: str) -> dict[str, set[str]]:
    """Worker → what they may come in by besides a link: password, passkey, sign_on."""
    found: dict[str, set[str]] = {}
    for row in tx.all("ways_in", workspace_id=workspace_id):
        found.setdefault(row["worker_id"], set()).add(row["way"])
    return found


def reset(tx: Transaction, identity: Identity) -> str:
    """End everything that stands for the worker, password and passkeys too, and give the secret of a new one-time link."""
    revoke_worker(tx, identity)
    tx.run("password_delete", workspace_id=identity.workspace_id, worker_id=identity.worker_id)
    tx.run("passkey_delete_all", workspace_id=identity.workspace_id, worker_id=identity.worker_id)
    return issue(tx, "invite", identity)
