"""`tw.label`: rows or a file, labels, and a page in the browser; what `tawsim label` does, from Python."""

import hashlib
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from tawsim.core.errors import BadInput, Conflict
from tawsim.loop.importing import workspace_for
from tawsim.sdk.local import LocalWorkspace, open_file
from tawsim.sdk.rows import as_path, rows_of
from tawsim.sdk.surface import Project, to_json_bytes
from tawsim.workspaces.workspace import new_workspace


def label(
    data: Any,
    labels: Sequence[str],
    *,
    to: str | os.PathLike[str] | None = None,
    overlap: int = 1,
    text: str | None = None,
    multiple: bool = False,
    guideline: str = "",
    serve: bool = True,
) -> LocalWorkspace:
    """Put `data` (see `Project.add`) into the workspace `to` and label it in the browser; called again, it goes on.

    `to` may be left out for a file: FILE.tawsim beside it. With `serve` the page is served until it is stopped (Ctrl-C,
    or the stop button of a notebook), and then the workspace comes back; without, at once. Raises Conflict for other
    labels than the workspace has, BadInput, BadFile.
    """
    path = as_path(data)
    if to is None and path is None:
        raise BadInput("Where should the labels go?", 'Name a workspace: to="reviews.tawsim"')
    target = Path(to) if to is not None else workspace_for(path or Path())
    name = target.stem

    def fill(workspace: LocalWorkspace) -> None:
        project = _project(workspace, name, labels, overlap, text, multiple, guideline)
        if path is not None:
            project.add(path, text=text)
        else:
            rows = list(rows_of(data))
            # The same rows again are the same import: a script that is run twice does not double its tasks.
            project.add(rows, text=text, key="label/" + hashlib.sha256(to_json_bytes(rows)).hexdigest())

    workspace = _filled(target, fill)
    if serve:
        _serve(target)
    return workspace


def _filled(target: Path, fill: Callable[[LocalWorkspace], None]) -> LocalWorkspace:
    """The workspace that is there, or a new one that is there once it is filled."""
    if not target.exists():
        with new_workspace(target) as made:
            fill(LocalWorkspace(made))
        return open_file(target)
    workspace = open_file(target)
    try:
        fill(workspace)
    except BaseException:
        workspace.close()
        raise
    return workspace


def _project(
    workspace: LocalWorkspace,
    name: str,
    labels: Sequence[str],
    overlap: int,
    text: str | None,
    multiple: bool,
    guideline: str,
) -> Project:
    for one in workspace.projects():
        if one.name == name:
            if one.labels != list(labels):
                raise Conflict(
                    f"“{name}” was made with the labels {', '.join(one.labels)}, not {', '.join(labels)}.",
                    "Use these, or another workspace.",
                )
            return one
    return workspace.create_project(
        name, labels, multiple=multiple, overlap=overlap, text_column=text or "text", guideline=guideline
    )


def _serve(path: Path) -> None:
    """Run `tawsim up` until it is stopped. A process of its own: a notebook has an event loop that is not ours."""
    with subprocess.Popen([sys.executable, "-m", "tawsim.cli", "up", str(path)]) as server:  # noqa: S603
        try:
            server.wait()
        except KeyboardInterrupt:
            server.terminate()
            server.wait(timeout=30)
