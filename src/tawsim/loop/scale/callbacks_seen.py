"""Callbacks as owners look at them: the latest, how many wait and how many failed, and sending these again.

What a callback is and when it is tried is in callbacks.py and sending.py.
"""

from tawsim.loop.scale import callbacks
from tawsim.store.database import Database, Row, Transaction
from tawsim.store.keys import record
from tawsim.store.rows import to_json

AT_ONCE = 1_000
LAST = "~"  # behind every id


def latest(tx: Transaction, *, failed: bool = False, before: str = LAST, n: int = 50) -> list[Row]:
    """A page of them, newest first; with `failed`, of those that are tried no more. Sent ones are kept for a week."""
    if failed:
        return tx.all("scale_callback_seen_failed", before=before, n=n)
    return tx.all("scale_callback_seen", before=before, n=n)


def counts(tx: Transaction) -> dict[str, int]:
    """How many wait to be sent or tried again, and how many failed for good."""
    waiting, failed = tx.one("scale_callback_count_waiting"), tx.one("scale_callback_count_failed")
    assert waiting is not None
    assert failed is not None
    return {"waiting": waiting["n"], "failed": failed["n"]}


def send_again(tx: Transaction, actor_id: str, callback_id: str) -> None:
    """Send one once more, now. Raises NotFound."""
    callbacks.again(tx, callback_id)
    record(tx, "scale.callback_again", actor_id, object_id=callback_id)


def send_failed_again(db: Database, actor_id: str) -> int:
    """Send once more all that failed, in steps that nobody waits for. How many."""
    done = 0
    while n := db.write(lambda tx: tx.run("scale_callback_failed_again", now=tx.now, n=AT_ONCE)):
        done += n
    if done:
        db.write(lambda tx: record(tx, "scale.callback_again", actor_id, data=to_json({"callbacks": done})))
    return done
