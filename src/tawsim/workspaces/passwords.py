"""Passwords: what is a good one, hashing (argon2id), setting and trying one. How often one may be tried is in throttle.py.

A hash takes 64 MiB and tens of milliseconds on purpose; whoever calls `hashed` or `matches` in a server does so in a thread
and few at a time.
"""

import hashlib
import unicodedata
from functools import cache
from typing import TYPE_CHECKING

from tawsim.core.errors import BadInput
from tawsim.core.text import is_unicode
from tawsim.store.database import Transaction
from tawsim.workspaces.accounts import Identity

if TYPE_CHECKING:
    from argon2 import PasswordHasher

SHORTEST = 10
LONGEST = 256
# What every list of guesses begins with, of ten characters and more. A long list would only look safer than it is.
COMMON = frozenset((
    "1234567890", "0123456789", "12345678910", "123456789a", "1q2w3e4r5t", "1qaz2wsx3edc", "qwertyuiop", "qwerty12345",
    "qwerty123456", "password12", "password123", "password1234", "passw0rd123", "password!1", "letmein123", "iloveyou123",
    "welcome123", "welcome1234", "administrator", "admin12345", "abcdefghij", "abcd123456", "abc1234567", "changeme123",
    "tawsim12345", "football123", "sunshine123", "princess123", "asdfghjkl1", "zxcvbnm123",
))  # fmt: skip


def read_password(value: object, names: tuple[str, ...] = ()) -> str:
    """A password in its normal form (NFKC, so that it is the same from every keyboard). Raises BadInput."""
    if not isinstance(value, str) or not is_unicode(value):
        raise BadInput("password: a text.")
    clean = normal(value)
    if not SHORTEST <= len(clean) <= LONGEST:
        raise BadInput(
            f"password: {SHORTEST} to {LONGEST} characters.", "A few words that nobody would guess are good."
        )
    low = clean.casefold()
    if low in COMMON or len(set(clean)) < 5 or any(low == normal(name).casefold() for name in names):
        raise BadInput("password: this one is among the first that anybody would guess.", "Choose another.")
    return clean


def normal(value: str) -> str:
    """NFKC; nothing is cut off."""
    return unicodedata.normalize("NFKC", value)


@cache
def _hasher() -> "PasswordHasher":
    from argon2 import PasswordHasher, profiles

    return PasswordHasher.from_parameters(profiles.RFC_9106_LOW_MEMORY)  # 64 MiB, 3 passes, 4 lanes


@cache
def nobodys_hash() -> str:
    """A hash that no password of anybody's fits: tried where there is no such account, so that it takes the same time."""
    return _hasher().hash(hashlib.sha256(b"nobody").hexdigest() + "\N{NUL}")


def hashed(password: str) -> str:
    """The stored form of a password that `read_password` gave. Takes 64 MiB and a while."""
    return _hasher().hash(password)


def matches(stored: str, attempt: str) -> bool:
    """Whether the attempt is the password of `stored`. Takes 64 MiB and a while, right or wrong."""
    from argon2.exceptions import InvalidHashError, VerificationError

    clean = normal(attempt)
    try:
        return _hasher().verify(stored, clean if len(clean) <= LONGEST else "")
    except (VerificationError, InvalidHashError):
        return False


def stored_hash(tx: Transaction, identity: Identity) -> str | None:
    """The hash of the worker's password, None where none was set."""
    row = tx.one("password_get", workspace_id=identity.workspace_id, worker_id=identity.worker_id)
    return None if row is None else str(row["hash"])


def keep(tx: Transaction, identity: Identity, stored: str) -> None:
    """Set or replace the worker's password by its hash."""
    tx.run("password_set", workspace_id=identity.workspace_id, worker_id=identity.worker_id, hash=stored, now=tx.now)


def forget(tx: Transaction, identity: Identity) -> None:
    """The worker has no password from now on."""
    tx.run("password_delete", workspace_id=identity.workspace_id, worker_id=identity.worker_id)
