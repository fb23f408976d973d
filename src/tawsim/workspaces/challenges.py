"""What a browser was asked and is waited for, by sign-in with a passkey or by single sign-on: each answered once, and in time.

Anybody may ask to be asked, so what waits is bounded, for each kind apart. Where it is full the oldest make room: a flood lets
those wait no less who begin now, and shuts nobody out for minutes.
"""

import json
from typing import Any, Literal

from tawsim.store.database import Transaction

Kind = Literal["passkey", "passkey_new", "sign_on"]
MOST_WAITING = 10_000
ROOM = 1_000  # made at once, so that a flood sorts them once in so many times


def keep(tx: Transaction, kind: Kind, digest: str, data: Any, lifetime: int) -> None:
    """Wait for the answer to this challenge, for so many microseconds."""
    tx.run("challenge_forget", now=tx.now)
    waiting = tx.one("challenge_count", kind=kind)
    if waiting is not None and waiting["n"] >= MOST_WAITING:
        tx.run("challenge_make_room", kind=kind, n=ROOM)
    tx.run("challenge_insert", digest=digest, kind=kind, data=json.dumps(data), expires_at=tx.now + lifetime)


def take(tx: Transaction, kind: Kind, digest: str) -> Any:
    """What was kept with it, once; None for what was never asked, was answered before, or too long ago."""
    row = tx.one("challenge_take", digest=digest, kind=kind, now=tx.now)
    return None if row is None else json.loads(row["data"])
