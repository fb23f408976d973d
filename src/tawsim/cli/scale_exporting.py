"""`tawsim scale export`: tasks with their responses as the Scale-compatible API tells of them, those that were moved here too."""

from pathlib import Path
from typing import Annotated

import typer

from tawsim.cli import options
from tawsim.cli.opening import opened, which
from tawsim.cli.output import DONE, Output, count
from tawsim.cli.scale import scale_app


@scale_app.command("export")
def export(
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FILE.jsonl", help="The file to write.")],
    project: Annotated[
        str | None,
        typer.Argument(metavar="[PROJECT]", help="By the name that the API has for it; without it, all tasks."),
    ] = None,
    status: Annotated[
        str, typer.Option("--status", metavar="STATUS", help="Only those pending, completed, canceled or error.")
    ] = "",
    force: options.Force = False,
    workspace: options.Workspace = None,
    json: options.Json = False,
) -> int:
    """Write tasks of live keys as JSON Lines, the newest first, each as a client would read it."""
    from tawsim.loop.scale.listing import Asked, walk
    from tawsim.releases.atomic import new_file
    from tawsim.store.rows import to_json

    out = Output(json)
    path = which(workspace)
    n = 0
    with opened(path) as place, place.db.read() as tx, new_file(output, overwrite=force) as file:
        for task in walk(tx, Asked(project=project or "", status=status)):
            file.write(to_json(task).encode() + b"\n")
            n += 1
    out.result({"workspace": str(path), "file": str(output), "tasks": n})
    out.say(f"{output} holds {count(n, 'task', 'tasks')}.")
    return DONE
