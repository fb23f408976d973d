"""What `tawsim label FILE` makes before anything is served: the workspace, its project, its tasks. Serves nothing."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tawsim.cli.data import doubt_header, import_with_progress
from tawsim.cli.opening import opened
from tawsim.cli.output import Output, command, count
from tawsim.cli.projects import read_instructions, split_labels
from tawsim.core.errors import BadInput, Conflict

if TYPE_CHECKING:
    from tawsim.core.records import Project
    from tawsim.workspaces.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Prepared:
    """A workspace that can be served, and what to say about it."""

    path: Path
    lines: list[str]
    facts: dict[str, Any]


def prepare(
    out: Output,
    file: Path,
    *,
    labels: str | None,
    text: str | None,
    overlap: int | None,
    multiple: bool,
    instructions: Path | None,
    owner: str | None,
    format: str | None = None,
) -> Prepared:
    """Make the workspace for `file`, or find the one made before. Raises Conflict for other labels than it has."""
    from tawsim.loop.importing import workspace_for

    if file.suffix == ".tawsim":
        raise BadInput(f"{file.name} is a workspace already.", f"Open it: tawsim up {file}")
    path = workspace_for(file)
    guideline = read_instructions(instructions)
    wanted = split_labels(labels) if labels is not None else None
    if path.exists():
        with opened(path) as workspace:
            return _go_on(out, workspace, file, wanted, text, overlap, guideline, owner)
    if wanted is None:
        raise BadInput("Which labels are there to choose from?", f"Name them: tawsim label {file} --labels a,b")
    return _begin(out, path, file, wanted, text, overlap or 1, multiple, guideline or "", owner, format)


def _begin(
    out: Output,
    path: Path,
    file: Path,
    labels: list[str],
    text: str | None,
    overlap: int,
    multiple: bool,
    guideline: str,
    owner: str | None,
    format: str | None,
) -> Prepared:
    from tawsim.intake import open_rows
    from tawsim.loop.importing import new_project_from_file
    from tawsim.workspaces.workspace import new_workspace

    open_rows(file, format=format)  # a file that cannot be read is told of before anything is made
    with new_workspace(path, owner=owner) as workspace:
        project = new_project_from_file(
            workspace.db, file, labels, name=path.stem, text_column=text, overlap=overlap, guideline=guideline,
            multiple=multiple, format=format, actor_id=workspace.owner_id,
        )  # fmt: skip
        report = import_with_progress(out, workspace, project, file, format=format)
    lines = [
        f"Made {path.name}: {count(report.added, 'task', 'tasks')} from {file.name}, column “{project.text_column}”."
    ]
    if report.duplicate_count:
        lines.append(
            f"{count(report.duplicate_count, 'row has', 'rows have')} the text of an earlier one; all were kept."
        )
    doubt_header(out, project.text_column)
    return Prepared(path, lines, {"project": project.name, "tasks": report.added, "made": True})


def _go_on(
    out: Output,
    workspace: "Workspace",
    file: Path,
    labels: list[str] | None,
    text: str | None,
    overlap: int | None,
    guideline: str | None,
    owner: str | None,
) -> Prepared:
    from tawsim.loop.importing import is_imported, same_labels
    from tawsim.loop.overview import find_project, project_progress

    path = workspace.path
    project = find_project(workspace.db, path.stem)
    if labels is not None and not same_labels(project, labels):
        has = ", ".join(getattr(project.questions[0], "labels", ()))
        raise Conflict(
            f"{path.name} was made with the labels {has}; you named {', '.join(labels)}.",
            f"Leave --labels out to go on with these; to start afresh, move {path.name} away first.",
        )
    if text is not None and text != project.text_column:
        raise Conflict(
            f"In {path.name} the text stands in the column “{project.text_column}”; you named “{text}”.",
            f"Leave --text out to go on; to start afresh, move {path.name} away first.",
        )
    _check_owner(workspace, owner)
    _settle(workspace, project, overlap, guideline)
    if project_progress(workspace.db, project.id)[0].tasks == 0:
        import_with_progress(out, workspace, project, file)
    progress = project_progress(workspace.db, project.id)[0]
    lines = [f"Going on with {path.name}: {progress.done:,} of {count(progress.tasks, 'task', 'tasks')} done."]
    if file.exists() and not is_imported(workspace.db, project, file):
        lines.append(f"{file.name} has changed since. To add its new rows: tawsim import {file} --duplicates skip")
    return Prepared(path, lines, {"project": project.name, "tasks": progress.tasks, "made": False})


def _check_owner(workspace: "Workspace", name: str | None) -> None:
    from tawsim.workspaces.workspace import get_worker

    if name is None:
        return
    with workspace.db.read() as tx:
        owner = get_worker(tx, workspace.owner_id)
    if owner.name != name:
        raise Conflict(
            f"{workspace.path.name} belongs to {owner.name}.",
            "To let them label too: " + command("tawsim", "invite", name),
        )


def _settle(workspace: "Workspace", project: "Project", overlap: int | None, guideline: str | None) -> None:
    """Settings that were named again and differ are changed; labels never are."""
    from tawsim.loop.settings import change_project

    changes: dict[str, Any] = {}
    if overlap is not None and overlap != project.overlap:
        changes["overlap"] = overlap
    if guideline is not None and guideline != project.guideline:
        changes["guideline"] = guideline
    if changes:
        change_project(workspace.db, workspace.owner_id, project.id, project.version, changes)
