"""Studio of the Scale-compatible API: who may label which project, groups of people inside one, batches given to groups.

Assigned is who is a member of a project (labelling/members.py); with the first assignment a project is for members only. Who
is assigned no more leaves its groups. What a batch's rank and groups mean is in labelling/batches.py.
"""

from collections.abc import Sequence
from typing import Any

from tawsim.core.errors import BadInput, NotFound
from tawsim.labelling import batches, groups, members
from tawsim.labelling.projects import update_project
from tawsim.labelling.slots import project_row
from tawsim.loop.scale.projects import project_by_name
from tawsim.loop.scale.teams import AT_ONCE, People, Person
from tawsim.loop.scale.world import World
from tawsim.store import rows
from tawsim.store.database import Row, Transaction

Json = dict[str, Any]
KINDS = {"production": "Production", "calibration": "Calibration", "self_label": "SelfLabel"}


# ---- who labels what -------------------------------------------------------------------------------------------------
def assignments(tx: Transaction) -> dict[str, list[str]]:
    """E-mail → the projects that the person is assigned to; who is assigned to none is left out."""
    emails = {one.id: one.email for one in People(tx).active()}
    found: dict[str, list[str]] = {}
    for row in tx.all("scale_assigned"):
        if row["worker_id"] in emails:
            found.setdefault(emails[row["worker_id"]], []).append(row["name"])
    return found


def assign(world: World, emails: Sequence[str], projects: Sequence[str], *, assigned: bool) -> None:
    """Assign these people to these projects, or take them off. Raises NotFound for a person or project, and nothing changes."""
    with world.db.read() as tx:
        people = [one.id for one in People(tx).known(emails)]
        ids = [project_by_name(tx, name)["project_id"] for name in dict.fromkeys(projects)]
    for project_id in ids:
        if assigned and people:
            world.db.write(lambda tx, id_=project_id: _for_members_only(tx, world, id_))  # type: ignore[misc]
        for i in range(0, len(people), AT_ONCE):
            world.db.write(
                lambda tx, id_=project_id, some=people[i : i + AT_ONCE]: _assign(tx, world, id_, some, assigned)  # type: ignore[misc]
            )


def _for_members_only(tx: Transaction, world: World, project_id: str) -> None:
    row = project_row(tx, project_id)
    if rows.settings(row["settings"]).access != "members":
        update_project(tx, world.actor_id, project_id, row["version"], {"settings": {"access": "members"}})


def _assign(tx: Transaction, world: World, project_id: str, people: Sequence[str], assigned: bool) -> None:
    members.set_members(tx, world.actor_id, project_id, people, assigned)
    if not assigned:
        for one in people:
            groups.leave_groups(tx, project_id, one)


# ---- groups ----------------------------------------------------------------------------------------------------------
def group_list(tx: Transaction, project: str) -> list[Json]:
    """The groups of a project. Raises NotFound."""
    project_id = project_by_name(tx, project)["project_id"]
    emails = _emails(tx)
    return [_group_json(tx, row, emails) for row in groups.groups_of(tx, project_id)]


def create_group(tx: Transaction, world: World, project: str, name: str, emails: Sequence[str]) -> Json:
    """A group of people who are assigned to the project. Raises NotFound, BadInput, Conflict for a name that is taken."""
    project_id = project_by_name(tx, project)["project_id"]
    people = _assigned(tx, project_id, emails)
    row = groups.create_group(tx, world.actor_id, project_id, name, [one.id for one in people])
    return _group_json(tx, row, _emails(tx))


def change_group(
    tx: Transaction, world: World, project: str, name: str, add: Sequence[str], remove: Sequence[str]
) -> Json:
    """Take people in and let people out. Raises NotFound, BadInput for one to take in who is not assigned to the project."""
    project_id = project_by_name(tx, project)["project_id"]
    row = _group(tx, project_id, name)
    joining = [one.id for one in _assigned(tx, project_id, add)]
    leaving = [one.id for one in People(tx).known(remove)]
    groups.change_group(tx, world.actor_id, row["id"], add=joining, remove=leaving)
    return _group_json(tx, row, _emails(tx))


def _group(tx: Transaction, project_id: str, name: str) -> Row:
    row = groups.find_group(tx, project_id, name)
    if row is None:
        raise NotFound(f"There is no group “{name[:200]}” in this project.")
    return row


def _assigned(tx: Transaction, project_id: str, emails: Sequence[str]) -> list[Person]:
    """These people, if all are assigned to the project."""
    there = {row["worker_id"] for row in tx.all("scale_assigned_to", project_id=project_id)}
    people = People(tx)
    found = []
    for email in emails:
        one = people.find(email)
        if one is None or not one.active or one.id not in there:
            raise BadInput(f"{email[:200]!r} is not assigned to this project.", "Assign them first.", field="emails")
        found.append(one)
    return found


def _emails(tx: Transaction) -> dict[str, str]:
    return {one.id: one.email for one in People(tx).everybody}


def _group_json(tx: Transaction, row: Row, emails: dict[str, str]) -> Json:
    workers = [
        {"id": one["id"], "email": emails.get(one["id"], one["name"])} for one in groups.people_of(tx, row["id"])
    ]
    return {
        "id": row["id"], "name": row["name"], "numWorkers": len(workers), "isSingleton": False, "workers": workers,
    }  # fmt: skip


# ---- batches -----------------------------------------------------------------------------------------------------------
def batch_list(tx: Transaction) -> list[Json]:
    """Batches that are not over, in the order of their turn."""
    counts = {row["batch_id"]: (row["total"], row["completed"]) for row in tx.all("scale_studio_counts")}
    given: dict[str, list[str]] = {}
    for row in tx.all("scale_studio_groups"):
        given.setdefault(row["batch_id"], []).append(row["name"])
    return [
        _batch_json(row, counts.get(row["id"], (0, 0)), given.get(row["id"], []))
        for row in tx.all("scale_studio_batches")
    ]


def give_batch(tx: Transaction, world: World, name: str, group_names: Sequence[str]) -> Json:
    """Give a batch to these groups of its project; with none, to everybody who labels there. Raises NotFound."""
    row = _batch(tx, name)
    chosen = [_group(tx, row["project_id"], one)["id"] for one in group_names]
    batches.set_groups(tx, world.actor_id, row["id"], chosen)
    counts = tx.one("scale_studio_counts_of", batch_id=row["id"])
    assert counts is not None
    names = [one["name"] for one in tx.all("batch_groups", batch_id=row["id"])]
    return _batch_json(row, (counts["total"], counts["completed"]), names)


def set_priorities(tx: Transaction, world: World, names: Sequence[str]) -> list[Json]:
    """Let the batches come in this order; those that are not named come after. Raises NotFound, BadInput, Conflict for one
    that is over."""
    batches.set_ranks(tx, world.actor_id, [_batch(tx, name)["id"] for name in names])
    return batch_list(tx)


def _batch(tx: Transaction, name: str) -> Row:
    row = tx.one("scale_studio_batch", name=name)
    if row is None:
        raise NotFound(f"There is no batch “{name[:200]}”.")
    return row


def _batch_json(row: Row, counts: tuple[int, int], group_names: Sequence[str]) -> Json:
    return {
        "id": row["id"], "name": row["name"], "projectId": row["project_id"], "projectName": row["project_name"],
        "batchType": KINDS[row["kind"]], "total": counts[0], "completed": counts[1], "groups": list(group_names),
        **({} if row["rank"] is None else {"studioPriority": row["rank"]}),
    }  # fmt: skip
