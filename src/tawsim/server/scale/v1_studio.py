"""Teams and Studio by the first version of the Scale-compatible API. What they mean is in loop/scale/teams.py and studio.py."""

from typing import Any

from tawsim.core.errors import BadInput
from tawsim.core.records import Role
from tawsim.kinds.answers import brief
from tawsim.loop.scale import studio, teams
from tawsim.scale.plain import check_plain, refuse
from tawsim.server.permissions import check
from tawsim.server.scale.routes import MB, Call, route
from tawsim.store.database import Transaction
from tawsim.workspaces import accounts
from tawsim.workspaces.accounts import Identity

ABOVE: frozenset[Role] = frozenset({"manager", "owner"})
MOST_NAMES = 10_000
MANY = 4 * MB  # ten thousand e-mails of the greatest length


def _body(call: Call) -> dict[str, Any]:
    if not isinstance(call.body, dict):
        raise BadInput(f"Send an object, not {brief(call.body)}.")
    return call.body


def _names(value: Any, field: str) -> list[str]:
    if not isinstance(value, list) or len(value) > MOST_NAMES or not all(isinstance(one, str) for one in value):
        refuse(field, f"is a list of at most {MOST_NAMES:,} names, not {brief(value)}.")
    check_plain(value, field)
    return value


def _role(call: Call, body: dict[str, Any]) -> Role:
    """The role to give. Whoever gives one that leads needs a key that reaches as far as an owner."""
    role = teams.read_role(body.get("team_role"))
    if role in ABOVE:
        check(call.caller, "owner", "POST")
    return role


# ---- teams -------------------------------------------------------------------------------------------------------------
@route("GET", "/v1/teams", right="manage")
def teammates(call: Call) -> Any:
    """Everybody."""
    with call.world.db.read() as tx:
        return teams.teammates(tx)


@route("POST", "/v1/teams/invite", right="manage", max_body=MANY)
def invite(call: Call) -> Any:
    """Make people of these e-mails. Their links are taken from the Team page."""
    body = _body(call)
    teams.invite(call.world, teams.read_emails(body.get("emails")), _role(call, body))
    return teammates(call)


@route("POST", "/v1/teams/set_role", right="manage", max_body=MANY)
def set_role(call: Call) -> Any:
    """Another role for these people. Their sessions and keys end."""
    body = _body(call)
    emails, role = teams.read_emails(body.get("emails")), _role(call, body)
    changed = teams.set_roles(call.world, emails, role)

    def end(tx: Transaction) -> None:
        for one in changed:
            accounts.revoke_worker(tx, Identity(call.world.workspace_id, one))

    if changed:
        call.world.accounts.write(end)
    return teammates(call)


# ---- studio: who labels what -----------------------------------------------------------------------------------------
@route("GET", "/v1/studio/assignments", right="manage")
def assignments(call: Call) -> Any:
    """Who is assigned to what."""
    with call.world.db.read() as tx:
        return studio.assignments(tx)


@route("POST", "/v1/studio/assignments/add", right="manage", max_body=MANY)
def add_assignments(call: Call) -> Any:
    """Assign people to projects."""
    return _assign(call, assigned=True)


@route("POST", "/v1/studio/assignments/remove", right="manage", max_body=MANY)
def remove_assignments(call: Call) -> Any:
    """Take people off projects."""
    return _assign(call, assigned=False)


def _assign(call: Call, *, assigned: bool) -> Any:
    body = _body(call)
    emails, projects = teams.read_emails(body.get("emails")), _names(body.get("projects"), "projects")
    studio.assign(call.world, emails, projects, assigned=assigned)
    return assignments(call)


# ---- studio: groups ----------------------------------------------------------------------------------------------------
@route("GET", "/v1/studio/projects/{}/groups", right="manage")
def groups(call: Call) -> Any:
    """The groups of a project."""
    with call.world.db.read() as tx:
        return studio.group_list(tx, call.path[0])


@route("POST", "/v1/studio/projects/{}/groups", right="manage", max_body=MANY)
async def create_group(call: Call) -> Any:
    """A new group."""
    body = _body(call)
    emails, name = teams.read_emails(body.get("emails"), needed=False), body.get("name")
    if not isinstance(name, str):
        refuse("name", f"is a text, not {brief(name)}.")
    return await call.world.db.write_async(lambda tx: studio.create_group(tx, call.world, call.path[0], name, emails))


@route("PUT", "/v1/studio/projects/{}/groups/{}", right="manage", max_body=MANY)
async def change_group(call: Call) -> Any:
    """People taken into a group, and let out."""
    body, (project, name) = _body(call), call.path
    add = teams.read_emails(body.get("add_emails"), "add_emails", needed=False)
    remove = teams.read_emails(body.get("remove_emails"), "remove_emails", needed=False)
    return await call.world.db.write_async(lambda tx: studio.change_group(tx, call.world, project, name, add, remove))


# ---- studio: batches -----------------------------------------------------------------------------------------------------
@route("GET", "/v1/studio/batches", right="manage")
def batches(call: Call) -> Any:
    """Batches that are not over, in the order of their turn."""
    with call.world.db.read() as tx:
        return studio.batch_list(tx)


@route("PUT", "/v1/studio/batches/{}", right="manage")
async def give_batch(call: Call) -> Any:
    """Give a batch to groups."""
    names = _names(_body(call).get("groups"), "groups")
    return await call.world.db.write_async(lambda tx: studio.give_batch(tx, call.world, call.path[0], names))


@route("POST", "/v1/studio/batches/set_priorities", right="manage", max_body=MANY)
async def set_priorities(call: Call) -> Any:
    """Another order."""
    given = _body(call).get("batches")
    if not isinstance(given, list) or not all(isinstance(one, dict) for one in given):
        refuse("batches", f'is a list of {{"name": …}}, not {brief(given)}.')
    names = _names([one.get("name") for one in given], "batches")
    return await call.world.db.write_async(lambda tx: studio.set_priorities(tx, call.world, names))


@route("POST", "/v1/studio/batches/reset_priorities", right="manage")
async def reset_priorities(call: Call) -> Any:
    """The order of their age again, calibration before."""
    return await call.world.db.write_async(lambda tx: studio.set_priorities(tx, call.world, []))
