"""`tawsim scale deliver` and `tawsim scale deliveries`: freezing completed tasks under a name, for whoever fetches deliveries."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tawsim.cli import options
from tawsim.cli.opening import opened, which
from tawsim.cli.output import DONE, Output
from tawsim.cli.scale import scale_app
from tawsim.core.errors import NotFound

if TYPE_CHECKING:
    from tawsim.workspaces.workspace import Workspace

Test = Annotated[bool, typer.Option("--test", help="In the world of test keys.")]


@scale_app.command("deliver")
def deliver(
    project: Annotated[
        str, typer.Argument(metavar="PROJECT", help="The project, by the name that the API has for it.")
    ],
    name: Annotated[str, typer.Argument(metavar="NAME", help="The name of the delivery.")],
    batch: Annotated[str | None, typer.Option("--batch", metavar="NAME", help="Only the tasks of this batch.")] = None,
    again: Annotated[bool, typer.Option("--again", help="Also tasks that stand in an earlier delivery.")] = False,
    test: Test = False,
    workspace: options.Workspace = None,
    json: options.Json = False,
) -> int:
    """Freeze the completed tasks of a project under a name, as they are now."""
    from tawsim.loop.scale.v2_deliveries import ToDeliver
    from tawsim.loop.scale.v2_deliveries import deliver as make
    from tawsim.loop.scale.v2_finding import Named

    out = Output(json)
    asked = ToDeliver(Named(name=project), name, Named(name=batch), again)
    with _world(which(workspace), test=test) as place:
        made = make(place.db, place.owner_id, asked)
    out.result({"delivery": {"id": made["id"], "name": made["name"], "task_count": made["task_count"]}})
    out.say(f"“{made['name']}” holds {made['task_count']:,} tasks, as they are now. Its id: {made['id']}")
    return DONE


@scale_app.command("deliveries")
def deliveries(
    project: Annotated[str | None, typer.Argument(metavar="[PROJECT]", help="Only those of this project.")] = None,
    test: Test = False,
    workspace: options.Workspace = None,
    json: options.Json = False,
) -> int:
    """The deliveries that were made, the newest first."""
    from tawsim.core.clock import to_iso_ms
    from tawsim.loop.scale.v2_deliveries import made_deliveries
    from tawsim.loop.scale.v2_finding import Named

    out = Output(json)
    with _world(which(workspace), test=test) as place, place.db.read() as tx:
        found = made_deliveries(tx, Named(name=project))
    out.result(
        {
            "deliveries": [
                {"id": row["id"], "name": row["name"], "project": row["project_id"], "task_count": row["task_count"],
                 "delivered_at": to_iso_ms(row["delivered_at"])}
                for row in found
            ]
        }
    )  # fmt: skip
    table = [(row["name"], f"{row['task_count']:,}", to_iso_ms(row["delivered_at"]), row["id"]) for row in found]
    out.table(("delivery", "tasks", "delivered", "id"), table, right=(1,))
    if not found:
        out.say("Nothing was delivered yet.")
    return DONE


@contextmanager
def _world(path: Path, *, test: bool) -> Iterator["Workspace"]:
    """The workspace, or with `test` the one of test keys beside it."""
    with opened(path) as place:
        if not test:
            yield place
            return
        twin = _twin(place)
        try:
            yield twin
        finally:
            twin.close()


def _twin(place: "Workspace") -> "Workspace":
    from tawsim.workspaces import accounts, scale_keys

    books = accounts.open_accounts(place.path.parent)
    try:
        twin = scale_keys.open_twin(books, place)
    finally:
        books.close()
    if twin is None:
        raise NotFound("There is no test key yet.", "Make one first: tawsim scale key new test")
    return twin
