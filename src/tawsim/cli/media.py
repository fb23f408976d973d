"""`tawsim add`: pictures and sounds into a project, as tasks or beside a table that names them."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tawsim.cli import options
from tawsim.cli.opening import opened, which
from tawsim.cli.options import app
from tawsim.cli.output import DONE, Output, command, count
from tawsim.core.errors import BadInput

if TYPE_CHECKING:
    from tawsim.core.records import Project
    from tawsim.loop.media import AddReport
    from tawsim.workspaces.workspace import Workspace


@app.command("add")
def add(
    project: Annotated[str, typer.Argument(metavar="PROJECT", help="The project's name.")],
    paths: Annotated[
        list[Path],
        typer.Argument(metavar="FOLDER|FILES…", help="Pictures or sounds, a folder or ZIP of them, or one table."),
    ],
    media: Annotated[
        Path | None, typer.Option("--media", metavar="FOLDER", help="Where the files lie that the table names.")
    ] = None,
    text: options.TextColumn = None,
    replace: Annotated[
        bool, typer.Option("--replace", help="A name that stands for another file gets the new one.")
    ] = False,
    again: Annotated[bool, typer.Option("--again", help="Import the same table a second time.")] = False,
    workspace: options.Workspace = None,
    json: options.Json = False,
) -> int:
    """Add pictures and sounds: each a task of its own, or beside a table.

    A folder, files or a ZIP archive: one task a file, by name. A table (CSV, JSON Lines, Parquet): its rows, with the files
    that its image and audio columns name, from --media FOLDER. All of it, or nothing if one file is wrong.
    """
    from tawsim.loop.overview import find_project
    from tawsim.loop.views import report_json

    out = Output(json)
    path = which(workspace)
    with opened(path) as place:
        target = find_project(place.db, project)
        report = _add(place, target, paths, media, text=text, replace=replace, again=again)
    found = report.media
    counts = {"new": len(found.new), "same": len(found.same), "replaced": len(found.replaced), "bytes": found.bytes}
    tasks = report.tasks
    out.result(
        {
            "workspace": str(path), "project": target.name, "media": counts,
            "import": None if tasks is None else report_json(tasks),
        }
    )  # fmt: skip
    out.say(
        f"Added {count(len(found.new), 'file', 'files')} ({found.bytes / 1e6:,.1f} MB) to “{target.name}”; "
        f"{len(found.same):,} were there, {len(found.replaced):,} replaced."
    )
    if tasks is not None:
        out.say("The tasks were there already." if tasks.repeated else _made(tasks.added))
    out.next(command("tawsim", "up", path))
    return DONE


def _made(n: int) -> str:
    return f"Added {count(n, 'task', 'tasks')}."


def _add(
    place: "Workspace", project: "Project", paths: Sequence[Path], folder: Path | None, *, text: str | None, **more: Any
) -> "AddReport":
    from tawsim.intake.formats import format_from_name
    from tawsim.intake.media import MediaFile
    from tawsim.loop import media

    replace = more["replace"]
    tables = [one for one in paths if format_from_name(one.name)[0] is not None]
    if tables:
        if len(paths) > 1:
            raise BadInput("One table at a time, and nothing beside it.", "Name the folder with --media FOLDER.")
        return media.add_table(place.db, project, tables[0], folder, actor_id=place.owner_id, text_column=text, **more)
    if folder is not None:
        raise BadInput(
            "--media goes with a table that names files.", "Or name the folder itself: tawsim add PROJECT FOLDER"
        )
    if len(paths) == 1 and paths[0].is_dir():
        return media.add_folder(place.db, project, paths[0], actor_id=place.owner_id, replace=replace)
    if len(paths) == 1 and paths[0].suffix.lower() == ".zip":
        return media.add_archive(
            place.db, project, paths[0], paths[0].name, actor_id=place.owner_id, replace=replace, tasks=True
        )
    if any(one.is_dir() for one in paths):
        raise BadInput("Several folders cannot be added at once.", "Name one folder, or files.")
    files = [MediaFile(one.name, str(one), lambda one=one: one.open("rb")) for one in paths]  # type: ignore[misc]
    return media.add_files(
        place.db, project, files, actor_id=place.owner_id, source=f"{len(files)} files", replace=replace
    )
