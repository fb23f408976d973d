"""Teammates of the Scale-compatible API: the people of the workspace, called by their e-mail; who has none goes by the name.

An invitation makes the person. It gives the caller no link: a link makes a session, which is more than any key; the owner
takes it from the Team page. Who may make whom what is in workspaces/roles.py.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tawsim.core.errors import BadInput, NotFound
from tawsim.core.ids import new_id
from tawsim.core.records import Role
from tawsim.kinds.answers import brief
from tawsim.loop.scale.world import World
from tawsim.scale.plain import check_plain, refuse
from tawsim.store.database import Row, Transaction
from tawsim.store.keys import record
from tawsim.workspaces import roles
from tawsim.workspaces.profiles import email_address, set_profile, versioned_profile

Json = dict[str, Any]
ROLE_OF: Mapping[str, Role] = {"labeler": "labeller", "member": "reviewer", "manager": "manager", "admin": "owner"}
SAID_OF: Mapping[str, str] = {role: said for said, role in ROLE_OF.items()}
MOST = 10_000
AT_ONCE = 200  # people in one transaction, so that nobody waits long for it
LONGEST_NAME = 60


@dataclass(frozen=True, slots=True)
class Person:
    """One of the workspace, and what the API calls them."""

    id: str
    name: str
    role: Role
    active: bool
    email: str


class People:
    """Everybody as they are now. Of two who have the same e-mail, the first who is active."""

    def __init__(self, tx: Transaction) -> None:
        self.everybody = [_person(row) for row in tx.all("scale_people")]
        self._by_email: dict[str, Person] = {}
        for one in self.everybody:
            self._by_email.setdefault(one.email.casefold(), one)

    def find(self, email: str) -> Person | None:
        """The person of this e-mail, also one who was let out."""
        return self._by_email.get(email.casefold())

    def active(self) -> list[Person]:
        """Those who are here, each e-mail once."""
        return [one for one in self._by_email.values() if one.active]

    def known(self, emails: Iterable[str]) -> list[Person]:
        """Those of these e-mails, each once. Raises NotFound that names the first who is not here."""
        found: dict[str, Person] = {}
        for email in emails:
            one = self.find(email)
            if one is None or not one.active:
                raise NotFound(f"There is no teammate {email[:200]!r}.", "Invite them first.", field="emails")
            found[one.id] = one
        return list(found.values())


def _person(row: Row) -> Person:
    email = json.loads(row["profile"]).get("email") or row["name"]
    return Person(row["id"], row["name"], row["role"], bool(row["active"]), email)


def read_emails(value: Any, field: str = "emails", *, needed: bool = True) -> tuple[str, ...]:
    """Texts, each once however its letters are written; whether they are e-mails is asked of those who are invited."""
    if value is None and not needed:
        return ()
    if not isinstance(value, list):
        refuse(field, f"is a list of e-mails, not {brief(value)}.")
    if len(value) > MOST:
        refuse(field, f"holds at most {MOST:,} at once.", "Send them in pieces.")
    check_plain(value, field)
    found: dict[str, str] = {}
    for one in value:
        if not isinstance(one, str) or not one.strip():
            refuse(field, f"holds e-mails, not {brief(one)}.")
        found.setdefault(one.strip().casefold(), one.strip())
    return tuple(found.values())


def read_role(value: Any) -> Role:
    """One of Tawsim's roles, by Scale's word for it. Raises BadInput."""
    if not isinstance(value, str) or value not in ROLE_OF:
        refuse("team_role", f"is one of {', '.join(ROLE_OF)}, not {brief(value)}.")
    return ROLE_OF[value]


def teammates(tx: Transaction) -> list[Json]:
    """Everybody who is here."""
    return [
        {
            "email": one.email, "role": SAID_OF[one.role], "isStudioLabeler": one.role == "labeller",
            **({"firstName": one.name} if one.name != one.email else {}),
        }
        for one in People(tx).active()
    ]  # fmt: skip


def invite(world: World, emails: Sequence[str], role: Role) -> None:
    """Make those who are not here yet; who is known stays as they are. All e-mails are looked at before anybody is made.
    Raises BadInput, NotAllowed for a role above the caller's."""
    clean = {email.casefold(): email for email in (email_address(one, "emails") for one in emails)}
    with world.db.read() as tx:
        roles.check_may_make(tx, world.actor_id, role)
        people = People(tx)
    for email in clean.values():
        gone = people.find(email)
        if gone is not None and not gone.active:
            raise BadInput(
                f"{email[:200]!r} was let out.", "An owner lets them in again on the Team page.", field="emails"
            )
    for piece in _pieces([email for email in clean.values() if people.find(email) is None]):
        world.db.write(lambda tx, piece=piece: _make(tx, world, piece, role))  # type: ignore[misc]


def _pieces(things: Sequence[str]) -> list[Sequence[str]]:
    return [things[i : i + AT_ONCE] for i in range(0, len(things), AT_ONCE)]


def _make(tx: Transaction, world: World, emails: Sequence[str], role: Role) -> None:
    people = People(tx)
    for email in emails:
        if people.find(email) is not None:  # somebody else was as quick
            continue
        made = roles.invite(tx, world.actor_id, new_id(tx.now), _free_name(tx, email), role)
        set_profile(tx, world.actor_id, made.id, versioned_profile(tx, made.id)[1], {"email": email})
        record(tx, "worker.invited", world.actor_id, object_id=made.id)


def _free_name(tx: Transaction, email: str) -> str:
    """The e-mail, if nobody has it for a name; shortened where it is longer than names are."""
    name, number = email[:LONGEST_NAME], 2
    while tx.one("worker_by_name", name=name) is not None:
        end = f" ({number})"
        name, number = email[: LONGEST_NAME - len(end)] + end, number + 1
    return name


def set_roles(world: World, emails: Sequence[str], role: Role) -> list[str]:
    """Give these people the role. Returns the ids of those for whom it is another: what stands for them is to end. Raises
    NotFound, NotAllowed (above the caller, or the caller's own), Conflict for the last owner."""
    with world.db.read() as tx:
        ids = [one.id for one in People(tx).known(emails)]
    changed: list[str] = []
    for piece in _pieces(ids):
        changed += world.db.write(lambda tx, piece=piece: _give(tx, world, piece, role))  # type: ignore[misc]
    return changed


def _give(tx: Transaction, world: World, ids: Sequence[str], role: Role) -> list[str]:
    before = {one.id: one.role for one in People(tx).everybody}
    changed = [one for one in ids if before[one] != role]
    for one in changed:
        roles.set_role(tx, world.actor_id, one, role)
    return changed
