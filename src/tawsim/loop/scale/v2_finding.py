"""Projects, batches, deliveries and tasks of the second version by id or by name. What is done with them stands elsewhere.

An id and a name that are both given must mean the same thing: guessing which of the two was meant could touch another's work.
"""

from dataclasses import dataclass

from tawsim.core.errors import BadInput, NotFound
from tawsim.store.database import Row, Transaction


@dataclass(frozen=True, slots=True)
class Named:
    """What was given of one thing: its id, its name, both or neither."""

    id: str | None = None
    name: str | None = None

    def __bool__(self) -> bool:
        return self.id is not None or self.name is not None


def project(tx: Transaction, given: Named) -> Row:
    """The project. Raises BadInput for neither id nor name, or for two of different projects; NotFound."""
    by_id = tx.one("scale_v2_project", id=given.id) if given.id is not None else None
    by_name = tx.one("scale_v2_project_named", name=given.name) if given.name is not None else None
    return _the_one("project", given, by_id, by_name, "project_id")


def project_for_more(tx: Transaction, given: Named) -> Row:
    """The project, to make something in it: not one of those that hold the tasks without a project."""
    found = project(tx, given)
    if not found["named"]:
        raise BadInput("This project is only for tasks that name none.", "Make a project of your own.")
    return found


def batch(tx: Transaction, given: Named) -> Row:
    """The batch; as with `project`."""
    by_id = tx.one("scale_v2_batch", id=given.id) if given.id is not None else None
    by_name = tx.one("scale_v2_batch_named", name=given.name) if given.name is not None else None
    return _the_one("batch", given, by_id, by_name, "id")


def batch_in(tx: Transaction, given: Named, of: Named) -> Row:
    """The batch, which must belong to the project where one is named too."""
    found = batch(tx, given)
    if of and project(tx, of)["project_id"] != found["project_id"]:
        raise BadInput(f"The batch “{found['name']}” belongs to another project.")
    return found


def delivery(tx: Transaction, given: Named, project_id: str | None) -> Row:
    """The delivery. A name is unique within a project; where several projects have one, it alone is not enough."""
    by_id = tx.one("scale_v2_delivery", id=given.id) if given.id is not None else None
    by_name = None
    if given.name is not None:
        named = tx.all("scale_v2_deliveries_named", name=given.name, project_id=project_id or "")
        if len(named) > 1 and given.id is None:
            raise BadInput("delivery_name: several projects have a delivery of this name.", "Name the project too.")
        by_name = next((row for row in named if by_id is None or row["id"] == by_id["id"]), named[0] if named else None)
    found = _the_one("delivery", given, by_id, by_name, "id")
    if project_id is not None and found["project_id"] != project_id:
        raise NotFound("There is no such delivery in this project.")
    return found


def task(tx: Transaction, task_id: str) -> Row:
    """The task, or NotFound. Tasks of known answer are in no list, and are not found by their id either."""
    row = tx.one("scale_v2_task", id=task_id)
    if row is None:
        raise NotFound("There is no such task.")
    return row


def _the_one(what: str, given: Named, by_id: Row | None, by_name: Row | None, key: str) -> Row:
    if not given:
        raise BadInput(f"{what}_id or {what}_name is needed.")
    if (given.id is not None and by_id is None) or (given.name is not None and by_name is None):
        raise NotFound(f"There is no such {what}.")
    if by_id is not None and by_name is not None and by_id[key] != by_name[key]:
        raise BadInput(f"{what}_id and {what}_name are of two different ones.", "Send one of them.")
    found = by_id if by_id is not None else by_name
    assert found is not None
    return found
