"""How often a password may be tried: delays that grow, for an account and for an address, and that outlive a restart.

A try is counted before it is made and taken back if it was right, so that many at once gain nothing. Nobody is locked out:
one-time links, passkeys and single sign-on are never delayed, and where somebody has signed in before, strangers' tries do
not count against them. A clock that jumps makes no delay longer than the longest.
"""

import hashlib
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address

from tawsim.core.clock import SECOND
from tawsim.core.text import comparable
from tawsim.store.database import Transaction

DAY = 86_400 * SECOND
LONGEST = 900 * SECOND
FREE = {"account": 5, "address": 20, "both": 5}
FORGOTTEN_AFTER = 2 * DAY
KNOWN_FOR = 90 * DAY


@dataclass(frozen=True, slots=True)
class Subjects:
    """What a try counts against, as digests. `address` is None for this machine itself: whoever comes from there may be
    anybody behind a proxy, and one of them must not slow down the rest."""

    account: str
    address: str | None
    both: str


def subjects(workspace_id: str, name: str, address: str) -> Subjects:
    """For the account of that name, whether or not there is one, tried from an IP address (of IPv6, its /64)."""
    place = _network(address)
    account = _digest("account", workspace_id, comparable(name))
    return Subjects(
        account, None if place is None else _digest("address", place), _digest("both", account, place or "")
    )


def take(tx: Transaction, who: Subjects) -> int:
    """Count a try and return 0, or count nothing and return the seconds to wait. Comes before the password is looked at."""
    tx.run("failure_forget", before=tx.now - FORGOTTEN_AFTER)
    known = who.address is not None and tx.one("known_address_get", subject=who.both, after=tx.now - KNOWN_FOR)
    counted = [("both", who.both)] if known else [("account", who.account)]
    if who.address is not None:
        counted.append(("address", who.address))
    wait = max(_wait(tx, subject) for _, subject in counted)
    if wait > 0:
        return -(-wait // SECOND)
    for kind, subject in counted:
        _count(tx, subject, 1, FREE[kind])
    return 0


def was_right(tx: Transaction, who: Subjects) -> None:
    """The try was right: the account's wrong ones are forgotten, and the address is known to it from now on. The address's
    own are not, or whoever has one account could guess at the others for ever."""
    tx.run("failure_clear", subject=who.account)
    tx.run("failure_clear", subject=who.both)
    if who.address is not None:
        _count(tx, who.address, -1, FREE["address"])
        tx.run("known_address_set", subject=who.both, now=tx.now)


def delay_after(count: int, free: int) -> int:
    """Microseconds to wait after the count-th wrong try: none for the first ones, then 1 s, 2 s, 4 s … to LONGEST."""
    if count < free:
        return 0
    return LONGEST if count - free > 30 else min(LONGEST, SECOND << (count - free))


def _wait(tx: Transaction, subject: str) -> int:
    """How long still. A row from a time that is yet to come (the clock went back) begins its delay anew."""
    row = tx.one("failure_get", subject=subject)
    if row is None:
        return 0
    length = row["until_at"] - row["last_at"]
    if row["last_at"] > tx.now:
        tx.run("failure_set", subject=subject, count=row["count"], now=tx.now, until_at=tx.now + length)
        return int(length)
    return max(0, int(row["until_at"] - tx.now))


def _count(tx: Transaction, subject: str, step: int, free: int) -> None:
    row = tx.one("failure_get", subject=subject)
    count = max(0, step + (row["count"] if row is not None and tx.now - row["last_at"] < DAY else 0))
    tx.run("failure_set", subject=subject, count=count, now=tx.now, until_at=tx.now + delay_after(count, free))


def _network(address: str) -> str | None:
    try:
        found = ip_address(address)
    except ValueError:
        return None  # a socket without an address: this machine
    if isinstance(found, IPv6Address):
        found = found.ipv4_mapped or found
    if found.is_loopback:
        return None
    if isinstance(found, IPv6Address):
        return found.exploded[:19]
    return str(found)


def _digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode("utf-8", "replace")).hexdigest()
