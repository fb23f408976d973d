"""`tawsim project create`, `list` and `show`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tawsim.cli import options
from tawsim.cli.opening import opened, which
from tawsim.cli.options import app
from tawsim.cli.output import DONE, Output, command, count
from tawsim.core.errors import BadInput
from tawsim.core.records import TaskOrder

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from tawsim.labelling.projects import NewProject
    from tawsim.workspaces.workspace import Workspace

project_app = typer.Typer(help="Make projects and list them.", rich_markup_mode=None)
app.add_typer(project_app, name="project")


@project_app.callback(invoke_without_command=True)
def project(context: typer.Context) -> None:
    """Make projects and list them."""
    if context.invoked_subcommand is None:
        print(context.get_help())  # noqa: T201


@project_app.command("create")
def create(
    name: Annotated[str | None, typer.Argument(metavar="NAME", help="Else the one in the project file.")] = None,
    config: Annotated[
        Path | None, typer.Option("--config", "-c", metavar="FILE.toml", help="A project file; its data is imported.")
    ] = None,
    labels: options.Labels = None,
    multiple: options.Multiple = False,
    overlap: options.Overlap = None,
    text: options.TextColumn = None,
    instructions: options.Instructions = None,
    order: Annotated[str, typer.Option("--order", help="In which order tasks are given out: fifo or random.")] = "fifo",
    workspace: options.Workspace = None,
    json: options.Json = False,
) -> int:
    """Make a project with one question, or the one that a project file describes, with its data.

    A workspace NAME.tawsim is made where there is none.
    """
    from tawsim.labelling.projects import NewProject

    out = Output(json)
    if config is not None:
        said: dict[str, object] = {
            "--labels": labels,
            "--multiple": multiple or None,
            "--overlap": overlap,
            "--text": text,
        }
        said |= {"--instructions": instructions, "--order": order if order != "fifo" else None}
        return _create_from_file(out, config, name, workspace, [flag for flag, one in said.items() if one is not None])
    if name is None:
        raise BadInput(
            "What is the project called?", "tawsim project create NAME --labels a,b   or: --config tawsim.toml"
        )
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
    return _create(out, new, workspace)


def _create(out: Output, new: "NewProject", workspace: Path | None) -> int:
    from tawsim.core.ids import new_id
    from tawsim.labelling.projects import create_project
    from tawsim.loop.views import project_json

    path = which(workspace, new=_file_name(new.name)).absolute()
    with _opened_or_new(path) as place:
        made = place.db.write(lambda tx: create_project(tx, place.owner_id, new_id(tx.now), new))
    out.result({"workspace": str(path), "project": project_json(made)})
    out.say(f"Made the project “{made.name}” in {path.name}.")
    out.next(command("tawsim", "import", "FILE", "-w", path, "--project", made.name))
    return DONE


def _create_from_file(out: Output, config: Path, name: str | None, workspace: Path | None, said: list[str]) -> int:
    from tawsim.loop.project_file import read_project_file
    from tawsim.loop.starting import project_from_plan
    from tawsim.loop.views import project_json, report_json

    if said:
        raise BadInput(f"{said[0]} stands in the project file.", f"Change it in {config.name}, or leave --config out.")
    plan = read_project_file(config)
    path = which(workspace, new=_file_name(name or plan.name)).absolute()
    with _opened_or_new(path) as place:
        made, report = project_from_plan(
            place.db, plan, config.absolute().parent, actor_id=place.owner_id, name=name or ""
        )  # fmt: skip
    imported = report_json(report) if report is not None else None
    out.result({"workspace": str(path), "project": project_json(made), "import": imported})
    tasks = f", with {count(report.added, 'task', 'tasks')} of {report.source}" if report is not None else ""
    out.say(f"Made the project “{made.name}” in {path.name}{tasks}.")
    if report is None:
        out.next(command("tawsim", "import", "FILE", "-w", path, "--project", made.name))
    else:
        out.next(command("tawsim", "up", path))
    return DONE


def _opened_or_new(path: Path) -> "AbstractContextManager[Workspace]":
    """The workspace that a new project goes into; one that is made for it is there when the project is."""
    from tawsim.workspaces.workspace import new_workspace

    return opened(path) if path.exists() else new_workspace(path)


@project_app.command("show")
def show(
    name: Annotated[str | None, typer.Argument(metavar="[NAME]", help="Needed where there are several.")] = None,
    toml: Annotated[bool, typer.Option("--toml", help="Print it as a project file.")] = False,
    workspace: options.Workspace = None,
    json: options.Json = False,
) -> int:
    """Show what a project asks and how it is set; with --toml as a project file, to keep or to make another from."""
    from tawsim.loop.overview import find_project
    from tawsim.loop.project_file import write_project_file
    from tawsim.loop.project_plan import plan_of
    from tawsim.loop.views import project_json

    out = Output(json)
    path = which(workspace)
    with opened(path) as place:
        found = find_project(place.db, name)
    text = write_project_file(plan_of(found))
    out.result({"workspace": str(path), "project": project_json(found), "toml": text})
    if toml:
        out.say(text.rstrip("\n"))
        return DONE
    out.say(f"“{found.name}” in {path.name}: {found.state}, {count(found.overlap, 'answer', 'answers')} a task.")
    for one in found.questions:
        out.say(f"  {getattr(one, 'kind', '')} “{one.name}” {one.title}".rstrip())
    out.next(command("tawsim", "project", "show", found.name, "--toml"))
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
