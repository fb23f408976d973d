"""What somebody who was let out is told when they come back: why, and whom to ask. Nobody else is told anything: whoever asks
has shown by a password, a passkey or a credential that ended with the account that it is theirs.
"""

from tawsim.core.clock import SECOND
from tawsim.core.errors import NotSignedIn
from tawsim.store.database import Database, Row
from tawsim.workspaces import accounts
from tawsim.workspaces.accounts import Identity
from tawsim.workspaces.workspace import Workspace, get_worker


def refusal(place: Workspace, worker_id: str) -> NotSignedIn:
    """That this account was deactivated, with the reason that was given and the owners who can be asked."""
    with place.db.read() as tx:
        row = tx.one("let_out_get", worker_id=worker_id)
        owners = [one["name"] for one in tx.all("owners_to_ask")]
    ask = "Ask " + (", ".join(owners) or "the owner of the workspace") + "."
    facts = {
        "workspace": place.name, "reason": "" if row is None else row["reason"], "at": None if row is None else row["at"],
        "ask": owners,
    }  # fmt: skip
    return NotSignedIn("This account was deactivated.", ask, let_out=facts)


def ended_with_the_account(books: Database, places: dict[str, Workspace], secret: str) -> tuple[Workspace, str] | None:
    """Whose session or token this was, if it ended because they were let out; None for any other."""
    with books.read() as tx:
        row = tx.one("credential_get", digest=accounts.digest_of(secret))
        now = tx.now
    if row is None or row["kind"] not in ("session", "token") or not row["revoked_at"] or row["expires_at"] <= now:
        return None
    identity = Identity(row["workspace_id"], row["worker_id"])
    place = places.get(identity.workspace_id)
    if place is None:
        return None
    with place.db.read() as tx:
        out, active = tx.one("let_out_get", worker_id=identity.worker_id), get_worker(tx, identity.worker_id).active
    # What was signed out before, on a machine that others use perhaps, says nothing any more.
    return None if active or out is None or not _goes_with(out, row) else (place, identity.worker_id)


def _goes_with(out: Row, credential: Row) -> bool:
    return bool(out["at"] <= credential["revoked_at"] + SECOND)
