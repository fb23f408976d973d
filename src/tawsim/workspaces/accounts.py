"""Credentials: one-time links, sessions and personal tokens. A secret is shown once and stored as a digest only.

Secrets have 256 random bits, so a plain SHA-256 is enough: there is nothing to guess. Each credential belongs to one
worker of one workspace; there is no credential that reaches two.
"""

import hashlib
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from tawsim.core.clock import SECOND, Clock, system_clock
from tawsim.core.errors import NotSignedIn
from tawsim.core.ids import new_id
from tawsim.store.database import Database, Transaction

ACCOUNTS_FILE = ".tawsim-accounts.sqlite"
PREFIX = "tws_"
DAY = 86_400 * SECOND
LIFETIMES = {"launch": DAY, "invite": 14 * DAY, "session": 30 * DAY, "token": 365 * DAY}
CredentialKind = Literal["launch", "invite", "session", "token"]


@dataclass(frozen=True, slots=True)
class Identity:
    """Whom a credential stands for."""

    workspace_id: str
    worker_id: str


def open_accounts(folder: Path, *, clock: Clock = system_clock) -> Database:
    """The accounts file of a folder of workspaces, made at first use with mode 0600."""
    return Database.open(folder / ACCOUNTS_FILE, "accounts", create=True, clock=clock)


def digest_of(secret: str) -> str:
    """What is stored of a secret."""
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()


def issue(tx: Transaction, kind: CredentialKind, identity: Identity) -> str:
    """A new secret. This is the only time it can be seen. A new invitation ends the worker's unopened ones."""
    if kind == "invite":
        tx.run(
            "credential_revoke_invites", workspace_id=identity.workspace_id, worker_id=identity.worker_id, now=tx.now
        )
    secret = PREFIX + secrets.token_urlsafe(32)
    tx.run(
        "credential_insert", id=new_id(tx.now), digest=digest_of(secret), kind=kind, workspace_id=identity.workspace_id,
        worker_id=identity.worker_id, created_at=tx.now, expires_at=tx.now + LIFETIMES[kind],
    )  # fmt: skip
    return secret


def exchange(tx: Transaction, one_time_secret: str) -> tuple[str, Identity]:
    """A one-time link's secret for a session's, once. Raises NotSignedIn if it was used, has expired, or never was."""
    row = tx.one("credential_use_once", digest=digest_of(one_time_secret), now=tx.now)
    if row is None:
        raise NotSignedIn("This link was used already, or has expired.", "Ask for a new one.")
    identity = Identity(row["workspace_id"], row["worker_id"])
    return issue(tx, "session", identity), identity


def identify(tx: Transaction, secret: str) -> Identity:
    """Whom a session's or token's secret stands for. Raises NotSignedIn."""
    row = tx.one("credential_get", digest=digest_of(secret))
    if row is None or row["kind"] not in ("session", "token") or row["revoked_at"] or row["expires_at"] <= tx.now:
        raise NotSignedIn(
            "You are not signed in.", "Open the link that you were given, or start Tawsim again for a new one."
        )
    return Identity(row["workspace_id"], row["worker_id"])


def sign_out(tx: Transaction, secret: str) -> None:
    """End a session or token."""
    tx.run("credential_revoke", digest=digest_of(secret), now=tx.now)


def revoke_worker(tx: Transaction, identity: Identity) -> None:
    """End everything that stands for this worker."""
    tx.run("credential_revoke_worker", workspace_id=identity.workspace_id, worker_id=identity.worker_id, now=tx.now)


def invited_workers(tx: Transaction, workspace_id: str) -> set[str]:
    """Workers with an invitation that nobody has opened yet."""
    return {row["worker_id"] for row in tx.all("credential_invited", workspace_id=workspace_id, now=tx.now)}
