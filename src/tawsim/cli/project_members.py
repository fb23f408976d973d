"""`tawsim members PROJECT`: who may label in a project; letting people in and out, and closing it to others."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from tawsim.cli import options
from tawsim.cli.opening import opened, person_named, which
from tawsim.cli.options import app
from tawsim.cli.output import DONE, Output

if TYPE_CHECKING:
    from tawsim.store.database import Transaction


@app.command("members")
def members(
    project: options.Named,
    add: Annotated[
        list[str] | None, typer.Option("--add", metavar="NAME", help="Let this person in. Repeatable.")
    ] = None,
    remove: Annotated[
        list[str] | None, typer.Option("--remove", metavar="NAME", help="Not any more. Repeatable.")
    ] = None,
    only: Annotated[
        bool | None, typer.Option("--only/--everyone", help="Who may label: members only, or everyone.")
    ] = None,
    workspace: options.Workspace = None,
    json: options.Json = False,
) -> int:
    """Who may label in a project. Owners and managers always may.

    Who is taken out of a project for members only loses what they have in hand there; their answers stay.
    """
    from tawsim.labelling.members import members_of, set_members
    from tawsim.labelling.projects import update_project
    from tawsim.loop.overview import find_project

    out = Output(json)
    path = which(workspace)
    with opened(path) as place:
        found = find_project(place.db, project)

        def work(tx: "Transaction") -> dict[str, Any]:
            for names, member in ((add or (), True), (remove or (), False)):
                set_members(tx, place.owner_id, found.id, [person_named(tx, name).id for name in names], member)
            if only is not None:
                access = {"settings": {"access": "members" if only else "everyone"}}
                update_project(tx, place.owner_id, found.id, found.version, access)
            return members_of(tx, found.id)

        told = place.db.write(work)
    out.result({"workspace": str(path), "project": found.name, **told})
    out.say(f"{found.name}: {'its members may label' if told['access'] == 'members' else 'everyone may label'}")
    out.table(
        ("name", "role", "member", "may label"),
        [
            (one["name"], one["role"], "yes" if one["member"] else "–", "yes" if one["may"] else "no")
            for one in told["people"]
        ],
    )
    return DONE
