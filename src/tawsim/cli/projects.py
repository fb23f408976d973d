"""`tawsim project create` and `list`."""

from pathlib import Path
from typing import Annotated

import typer

from tawsim.cli import options
from tawsim.cli.opening import opened, which
from tawsim.cli.options import app
from tawsim.cli.output import DONE, Output, command
from tawsim.core.errors import BadInput
from tawsim.core.records import TaskOrder

project_app = typer.Typer(help="Make projects and list them.", rich_markup_mode=None)
app.add_typer(project_app, name="project")


@project_app.callback(invoke_without_command=True)
def project(context: typer.Context) -> None:
    """Make projects and list them."""
    if context.invoked_subcommand is None:
        print(context.get_help())  # noqa: T201


@project_app.command("create")
def create(
    name: Annotated[str, typer.Argument(metavar="NAME")],
    labels: options.Labels = None,
    multiple: options.Multiple = False,
    overlap: options.Overlap = None,
    text: options.TextColumn = None,
    instructions: options.Instructions = None,
    order: Annotated[str, typer.Option("--order", help="In which order tasks are given out: fifo or random.")] = "fifo",
    workspace: options.Workspace = None,
    json: options.Json = False,
) -> int:
    """Make a project with one question. A workspace NAME.tawsim is made where there is none."""
    from tawsim.core.ids import new_id
    from tawsim.labelling.projects import NewProject, create_project
    from tawsim.loop.views import project_json

    out = Output(json)
    if labels is None:
        raise BadInput(
            "Which labels are there to choose from?", f"Name them: tawsim project create {name} --labels a,b"
        )
    kind = "choices" if multiple else "choice"
    new = NewProject(
        name=name,
        questions=[{"kind": kind, "name": "label", "labels": split_labels(labels)}],
        text_column=text or "text",
        guideline=read_instructions(instructions) or "",
        overlap=overlap or 1,
        order=_order(order),
    )
    path = which(workspace, new=_file_name(name))
    existed = path.exists()
    try:
        with opened(path, create=True) as place:
            made = place.db.write(lambda tx: create_project(tx, place.owner_id, new_id(tx.now), new))
    except BaseException:
        if not existed:
            path.unlink(missing_ok=True)
        raise
    out.result({"workspace": str(path), "project": project_json(made)})
    out.say(f"Made the project “{made.name}” in {path.name}.")
    out.next(command("tawsim", "import", "FILE", "-w", path, "--project", made.name))
    return DONE


def _order(order: str) -> TaskOrder:
    if order == "random":
        return "random"
    if order != "fifo":
        raise BadInput(f"Tasks come in the order fifo or random, not {order!r}.")
    return "fifo"


def _file_name(name: str) -> str:
    safe = "".join(c if c.isalnum() or c in "-_ " else "_" for c in name).strip() or "work"
    return f"{safe[:60]}.tawsim"


@project_app.command("list")
def list_all(workspace: options.Workspace = None, json: options.Json = False) -> int:
    """List the projects of a workspace."""
    from tawsim.loop.overview import list_projects, project_progress
    from tawsim.loop.views import progress_json, project_json

    out = Output(json)
    path = which(workspace)
    with opened(path) as place:
        found = [(one, project_progress(place.db, one.id)[0]) for one in list_projects(place.db)]
    out.result(
        {
            "workspace": str(path),
            "projects": [{**project_json(one), "progress": progress_json(progress)} for one, progress in found],
        }
    )
    rows = [
        (
            one.name, f"{progress.tasks:,}", f"{progress.done:,}", str(one.overlap), one.state,
            ", ".join(getattr(one.questions[0], "labels", ())),
        )
        for one, progress in found
    ]  # fmt: skip
    if rows:
        out.table(("project", "tasks", "done", "overlap", "state", "labels"), rows, right=(1, 2, 3))
    else:
        out.say(f"{path.name} has no project yet.")
        out.next("tawsim project create NAME --labels a,b")
    return DONE


def split_labels(labels: str) -> list[str]:
    """`a, b,c` → [a, b, c]; also with the Arabic comma. Raises BadInput for too few, repeated or odd ones."""
    from tawsim.kinds.choice import check_labels

    return list(check_labels([one for one in labels.replace("،", ",").split(",") if one.strip()]))


def read_instructions(path: Path | None) -> str | None:
    """The text of the file, or None if none was named. Raises BadInput."""
    if path is None:
        return None
    try:
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise BadInput(f"{path} cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise BadInput(f"{path} is not UTF-8 text.", "Save it as UTF-8.") from None
