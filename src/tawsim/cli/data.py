"""`tawsim import`, `export` and `backup`: files in, files out."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tawsim.cli import options
from tawsim.cli.opening import opened, which
from tawsim.cli.options import app
from tawsim.cli.output import DONE, Output, command, count
from tawsim.core.errors import BadInput

if TYPE_CHECKING:
    from tawsim.core.records import DuplicatePolicy, ImportReport, Project
    from tawsim.loop.placing import KnownColumns
    from tawsim.workspaces.workspace import Workspace

NAMED = 10
BACKUPS = "backups"
LONG_NAME = 40  # characters; a longer name of a column is more likely a row of data


@app.command("import")
def import_(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="CSV, TSV, JSON Lines, JSON list or Parquet; or gzipped.")
    ],
    project: options.Project = None,
    text: options.TextColumn = None,
    format: options.Format = None,
    duplicates: Annotated[
        str, typer.Option("--duplicates", help="What to do with a text that is there already: keep, skip or refuse.")
    ] = "keep",
    again: Annotated[bool, typer.Option("--again", help="Import the same file a second time.")] = False,
    gold: Annotated[
        str | None,
        typer.Option("--gold", metavar="COLUMN", help="The column of known answers: its rows become gold tasks."),
    ] = None,
    explanation: Annotated[
        str | None, typer.Option("--explanation", metavar="COLUMN", help="The column that explains them.")
    ] = None,
    training: Annotated[
        bool, typer.Option("--training", help="They are worked examples of the training round, not gold.")
    ] = False,
    workspace: options.Workspace = None,
    json: options.Json = False,
) -> int:
    """Add the rows of a file as tasks.

    All of them, or none if one is wrong; then the message names the file, the row and the column.
    """
    from tawsim.loop.overview import find_project
    from tawsim.loop.placing import KnownColumns
    from tawsim.loop.views import report_json

    out = Output(json)
    if gold is None and (explanation or training):
        raise BadInput("--explanation and --training belong to --gold COLUMN.")
    known = KnownColumns(gold, explanation or "", "training" if training else "gold") if gold else None
    policy = _policy(duplicates)
    path = which(workspace)
    with opened(path) as place:
        target = find_project(place.db, project)
        report = import_with_progress(
            out, place, target, file, duplicates=policy, again=again, text=text, format=format, known=known
        )
    out.result({"workspace": str(path), "project": target.name, "import": report_json(report)})
    if report.repeated:
        out.say(f"{file.name} was imported before ({report.added:,} tasks); nothing was added.")
        out.say("To add it a second time: --again")
    else:
        out.say(f"Added {count(report.added, 'task', 'tasks')} to “{target.name}”.")
    _name_duplicates(out, report, policy)
    doubt_header(out, target.text_column)
    out.next(command("tawsim", "up", path))
    return DONE


def _policy(name: str) -> "DuplicatePolicy":
    if name == "keep":
        return "keep"
    if name == "skip":
        return "skip"
    if name == "refuse":
        return "refuse"
    raise BadInput(f"Duplicates are handled by keep, skip or refuse, not {name!r}.")


def _name_duplicates(out: Output, report: "ImportReport", policy: str) -> None:
    if not report.duplicate_count:
        return
    done = "left out" if policy == "skip" else "kept"
    out.say(f"{count(report.duplicate_count, 'row repeats', 'rows repeat')} the text of an earlier task ({done}):")
    for one in report.duplicates[:NAMED]:
        out.say(f"  row {one.row:,} = task {one.seq:,}")
    if report.duplicate_count > NAMED:
        out.say(f"  … and {report.duplicate_count - NAMED:,} more (--json names up to 100)")


def doubt_header(out: Output, column: str) -> None:
    """A first row of data that was taken for the header shows by a name that is no name."""
    if len(column) > LONG_NAME or len(column.split()) > 4 or column.replace(".", "").isdigit():
        out.say(
            f"The first row was taken as the names of the columns: “{column[:60]}”.",
            "If it is data, put a row of names above it and import again.",
        )


def import_with_progress(
    out: Output,
    workspace: "Workspace",
    project: "Project",
    file: Path,
    *,
    duplicates: "DuplicatePolicy" = "keep",
    again: bool = False,
    text: str | None = None,
    format: str | None = None,
    known: "KnownColumns | None" = None,
) -> "ImportReport":
    """Import, with a bar on stderr where somebody watches."""
    from tawsim.loop.importing import OnProgress, import_file

    def run(on_progress: OnProgress | None) -> "ImportReport":
        return import_file(
            workspace.db, project, file, actor_id=workspace.owner_id, duplicates=duplicates, again=again,
            text_column=text, format=format, on_progress=on_progress, known=known,
        )  # fmt: skip

    if out.json or not sys.stderr.isatty():
        return run(None)
    from rich.console import Console
    from rich.markup import escape
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[rows]:,} rows"), TimeRemainingColumn()
    )  # fmt: skip
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        shown = bar.add_task(escape(f"Reading {file.name}"), rows=0)
        return run(lambda rows, done, total: bar.update(shown, rows=rows, completed=done, total=max(total, 1)))


@app.command("export")
def export(
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FILE", help="A .csv, .jsonl or .parquet file.")],
    project: options.Project = None,
    votes: Annotated[bool, typer.Option("--votes", help="One row an answer, instead of one row a task.")] = False,
    for_spreadsheet: Annotated[
        bool, typer.Option("--for-spreadsheet", help="CSV that Excel shows rightly, with no cell acting as a formula.")
    ] = False,
    force: options.Force = False,
    workspace: options.Workspace = None,
    json: options.Json = False,
) -> int:
    """Write labels with their probability to a file.

    One row a task, in the columns that came in, with the label inferred and how sure it is; or, with --votes, every
    answer. The ending names the format.
    """
    from tawsim.loop.exporting import write_export
    from tawsim.loop.overview import find_project

    out = Output(json)
    kind = "votes" if votes else "labels"
    with opened(which(workspace)) as place:
        target = find_project(place.db, project)
        wrote = write_export(place.db, target.id, output, force=force, kind=kind, for_spreadsheet=for_spreadsheet)
    rows = wrote.rows
    out.result(
        {
            "project": target.name, "file": str(output), "rows": rows, "kind": kind, "bytes": wrote.bytes,
            "formulas": wrote.formulas, "unanswered": wrote.unanswered,
        }
    )  # fmt: skip
    # Where the table itself goes to the terminal or a pipe, a line about it would end up in it.
    if not str(output).startswith("/dev/"):
        out.say(f"Wrote {count(rows, 'row', 'rows')} of “{target.name}” to {output}.")
        if wrote.formulas and not for_spreadsheet:
            out.say(
                f"{count(wrote.formulas, 'cell begins', 'cells begin')} like a formula; "
                "for Excel, LibreOffice or Google Sheets use --for-spreadsheet."
            )
        if wrote.unanswered:
            out.say(f"{count(wrote.unanswered, 'task has', 'tasks have')} no answer yet; the label is empty there.")
        if votes:
            out.next(command("tawsim", "infer", output, "-o", "truth.csv"))
    return DONE


@app.command("backup")
def backup(
    file: Annotated[Path, typer.Argument(metavar="FILE.tawsim")],
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FILE", help="Where to; must not exist. Else a new one in backups/."),
    ] = None,
    json: options.Json = False,
) -> int:
    """Copy a workspace while people label in it.

    The copy is whole, in one file, and was checked.
    """
    import time

    out = Output(json)
    target = output or file.parent / BACKUPS / f"{file.stem}-{time.strftime('%Y%m%d-%H%M%S')}.tawsim"
    if output is None:
        # Apart, so that no command takes the copy for a second workspace of this folder.
        target.parent.mkdir(mode=0o700, exist_ok=True)
    with opened(which(file)) as place:
        place.db.backup_to(target.absolute())
    size = target.stat().st_size
    out.result({"workspace": str(file), "backup": str(target), "bytes": size})
    out.say(f"Copied {file.name} to {target} ({size / 1e6:.1f} MB). The copy passed its check.")
    out.say("Links and tokens are not in it: they stay with the folder.")
    return DONE
