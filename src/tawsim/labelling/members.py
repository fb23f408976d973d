"""Members: who may label in a project whose access is “members”. Owners and managers always may.

Membership is kept whatever the project's access is, so that it can be made ready before the project is closed to others.
Nothing here is about what somebody may do in the workspace (workspaces/roles.py), nor about which tasks they get (lanes.py).
"""

import json
from collections.abc import Iterable, Sequence
from typing import Any

from tawsim.core.errors import BadInput, NotFound
from tawsim.labelling.notices import notify
from tawsim.labelling.slots import end_lease, project_row
from tawsim.labelling.training import LEADS
from tawsim.store import rows
from tawsim.store.database import Row, Transaction
from tawsim.store.keys import record

MOST_AT_ONCE = 10_000


def set_members(tx: Transaction, actor_id: str, project_id: str, worker_ids: Iterable[str], member: bool) -> int:
    """Let these people label in the project, or not any more. Returns for how many that is new. Raises NotFound for a project
    or a person who is not there (then nothing changes), BadInput for too many.

    Who is no member of a project for members only loses what they have in hand there, as somebody who was let out does.
    """
    row = project_row(tx, project_id)
    wanted = list(dict.fromkeys(worker_ids))
    if len(wanted) > MOST_AT_ONCE:
        raise BadInput(f"At most {MOST_AT_ONCE:,} people at once.", "Send them in pieces.", field="workers")
    people = [_worker(tx, worker_id) for worker_id in wanted]
    only = rows.settings(row["settings"]).access == "members"
    changed = 0
    for worker in people:
        held = tx.one("member_get", project_id=project_id, worker_id=worker["id"])
        if bool(held is not None and held["member"]) == member:
            continue
        tx.run("member_set", project_id=project_id, worker_id=worker["id"], member=int(member), now=tx.now)
        kind = "member.added" if member else "member.removed"
        record(tx, kind, actor_id, project_id=project_id, object_id=worker["id"])
        changed += 1
        if only and worker["role"] not in LEADS:
            if not member:
                _end(tx, actor_id, tx.all("lease_live_of_worker", project_id=project_id, worker_id=worker["id"]))
            notify(tx, worker["id"], kind, project_id=project_id)
    return changed


def _worker(tx: Transaction, worker_id: str) -> Row:
    row = tx.one("worker_get", id=worker_id)
    if row is None:
        raise NotFound("There is no such worker.")
    return row


def _end(tx: Transaction, actor_id: str, leases: Sequence[Row]) -> None:
    for lease in leases:
        end_lease(tx, lease, "revoked", actor_id=actor_id, reason="the worker is no member of the project")


def close_to_others(tx: Transaction, actor_id: str, project_id: str) -> int:
    """The project is for members only from now on: what others have in hand is taken back. Returns how many leases."""
    found = tx.all("member_strangers_leases", project_id=project_id)
    _end(tx, actor_id, found)
    return len(found)


def members_of(tx: Transaction, project_id: str) -> dict[str, Any]:
    """Whether the project is for members only, and everybody of the workspace: whether they are a member, whether they may
    label here (`may`), and their own `quota`. Raises NotFound."""
    only = rows.settings(project_row(tx, project_id)["settings"]).access == "members"
    return {
        "access": "members" if only else "everyone",
        "people": [
            {
                "id": row["id"], "name": row["name"], "kind": row["kind"], "role": row["role"],
                "active": bool(row["active"]), "member": bool(row["member"]),
                "quota": json.loads(row["quota"] or "{}"),
                "may": bool(row["active"]) and (not only or bool(row["member"]) or row["role"] in LEADS),
            }
            for row in tx.all("member_list", project_id=project_id)
        ],
    }  # fmt: skip
