"""Roles: what each may do, who may change whose, and the changes themselves. Which route asks for what is in server/.

A role holds in the whole workspace. Nobody changes their own; a manager makes labellers and reviewers only; there is always
an active owner. The rules read the actor anew inside the transaction, so that somebody demoted a moment ago changes nothing.
"""

from collections.abc import Mapping
from typing import Literal, get_args

from tawsim.core.errors import AlreadyExists, BadInput, Conflict, NotAllowed
from tawsim.core.records import Role, Worker
from tawsim.core.text import comparable, is_name
from tawsim.store.database import Transaction
from tawsim.store.keys import record
from tawsim.store.rows import to_json
from tawsim.workspaces.accounts import Scope
from tawsim.workspaces.profiles import read_profile, said
from tawsim.workspaces.workspace import add_worker, find_worker, get_worker

Right = Literal["signed_in", "review", "manage", "owner"]
EVERYBODY: frozenset[Role] = frozenset(get_args(Role))
# Which roles a right is for.
ROLES: Mapping[Right, frozenset[Role]] = {
    "signed_in": EVERYBODY,
    "review": frozenset({"owner", "manager", "reviewer"}),
    "manage": frozenset({"owner", "manager"}),
    "owner": frozenset({"owner"}),
}
# What a token needs for a route that changes something; for one that reads, `read` or this.
SCOPE_OF: Mapping[Right, Scope] = {"signed_in": "label", "review": "review", "manage": "manage", "owner": "owner"}
# Whom each role may invite, change, let out and in.
OVER: Mapping[Role, frozenset[Role]] = {
    "owner": EVERYBODY,
    "manager": frozenset({"reviewer", "labeller"}),
    "reviewer": frozenset(),
    "labeller": frozenset(),
}


def may(role: Role, right: Right) -> bool:
    """Whether the role has the right."""
    return role in ROLES[right]


def scopes_of(role: Role) -> list[str]:
    """What a token of somebody in this role may be made for."""
    return ["read", *(SCOPE_OF[right] for right in ROLES if may(role, right))]


def read_role(value: object) -> Role:
    """A role from JSON. Raises BadInput."""
    for role in get_args(Role):
        if value == role:
            return role  # type: ignore[no-any-return]
    raise BadInput(f"role is one of {', '.join(get_args(Role))}, not {str(value)[:40]!r}.")


def check_over(tx: Transaction, actor_id: str, worker_id: str) -> Worker:
    """The worker, if the actor may change what is known of them. Raises NotFound, NotAllowed."""
    actor, worker = get_worker(tx, actor_id), get_worker(tx, worker_id)
    if not actor.active or worker.role not in OVER[actor.role]:
        raise NotAllowed(f"Your role here ({actor.role}) may not change {_a(worker.role)}.", "Ask an owner.")
    return worker


def set_role(tx: Transaction, actor_id: str, worker_id: str, role: Role) -> Worker:
    """Give somebody another role. Raises NotFound, NotAllowed, BadInput, Conflict for the last owner."""
    worker = check_over(tx, actor_id, worker_id)
    if worker_id == actor_id:
        raise NotAllowed("Nobody changes their own role.", "Ask another owner.")
    if role not in OVER[get_worker(tx, actor_id).role]:
        raise NotAllowed(f"Only an owner makes somebody {_a(role)}.", "Ask an owner.")
    if worker.kind != "person" and role in ("owner", "manager"):
        raise BadInput(f"role: {_a(worker.kind)} labels or reviews; it cannot be {_a(role)}.")
    if worker.role == role:
        return worker
    if worker.role == "owner":
        check_not_last_owner(tx, worker)
    tx.run("worker_set_role", id=worker_id, role=role)
    record(tx, "worker.role", actor_id, object_id=worker_id, data=to_json({"from": worker.role, "to": role}))
    return get_worker(tx, worker_id)


def check_not_last_owner(tx: Transaction, worker: Worker) -> None:
    """Raise Conflict if without this worker nobody could manage the workspace."""
    row = tx.one("owner_count")
    if worker.role == "owner" and worker.active and (row is None or row["n"] <= 1):
        raise Conflict("A workspace has at least one owner.", "Make somebody else an owner first.")


def check_may_let_out(tx: Transaction, actor_id: str, worker_id: str) -> Worker:
    """The worker, if the actor may deactivate them. Raises NotFound, NotAllowed, Conflict for the last owner."""
    worker = check_over(tx, actor_id, worker_id)
    check_not_last_owner(tx, worker)
    return worker


def invite(
    tx: Transaction, actor_id: str, key: str, name: str, role: Role | None = None, languages: object = None
) -> Worker:
    """Whoever has that name, made if nobody has. A role or languages are for new people: who is known keeps their own.

    Raises NotAllowed for a role above the actor's reach, Conflict for a known person of another role or one let out.
    """
    found = find_worker(tx, name)
    if found is not None:
        check_over(tx, actor_id, found.id)
        if role is not None and found.role != role:
            raise Conflict(f"“{found.name}” is {_a(found.role)} already.", "Their role is changed apart.")
        if not found.active:
            raise Conflict(f"“{found.name}” was deactivated.", "Activate the account first.")
        return found
    wanted = role or "labeller"
    check_may_make(tx, actor_id, wanted)
    profile = read_profile({"languages": languages})
    made = add_worker(tx, actor_id, key, name, role=wanted)
    if profile.languages:
        tx.run("profile_set", id=made.id, profile=to_json(said(profile)))
        record(tx, "worker.profile", actor_id, object_id=made.id, data=to_json({"changed": ["languages"]}))
    return made


def check_may_make(tx: Transaction, actor_id: str, role: Role) -> None:
    """Raise NotAllowed unless the actor may invite somebody into this role."""
    actor = get_worker(tx, actor_id)
    if not actor.active or role not in OVER[actor.role]:
        raise NotAllowed(f"Your role here ({actor.role}) may not invite {_a(role)}.", "Ask an owner.")


def rename(tx: Transaction, actor_id: str, worker_id: str, name: str) -> Worker:
    """Another name for the same person. Raises BadInput, AlreadyExists, NotFound."""
    worker, clean = get_worker(tx, worker_id), comparable(name)
    if not clean or len(clean) > 60 or not is_name(clean):
        raise BadInput("name: a person's name has 1 to 60 printable characters.")
    if clean == worker.name:
        return worker
    if tx.one("worker_by_name", name=clean) is not None:
        raise AlreadyExists(f"There is a worker “{clean}” already.", "Choose another name.")
    tx.run("worker_rename", id=worker_id, name=clean)
    record(tx, "worker.renamed", actor_id, object_id=worker_id)
    return get_worker(tx, worker_id)


def _a(word: str) -> str:
    return f"an {word}" if word[0] in "aeiou" else f"a {word}"
