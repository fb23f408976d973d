"""From a file or a template to a plan, and from a plan to a project with its tasks: what the wizard and `init` share.

What a file is read as stands in intake/proposing.py, what a plan is in project_plan.py.
"""

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from tawsim.core.errors import BadFile, BadInput, TawsimError
from tawsim.core.ids import new_id
from tawsim.core.records import DuplicatePolicy, ImportReport, Project
from tawsim.core.text import for_terminal
from tawsim.intake import RowSource, open_rows
from tawsim.intake.proposing import Proposal
from tawsim.intake.proposing_layouts import Layout
from tawsim.intake.proposing_tokens import joined_rows
from tawsim.labelling.projects import create_project, update_project
from tawsim.loop.importing import import_file, import_rows, workspace_for
from tawsim.loop.project_plan import ProjectPlan, check_plan
from tawsim.loop.template_files import Template
from tawsim.store.database import Database

# What a template's column is by its block or question → roles of a file's columns that can take its place, best first.
_ROLES: Mapping[str, tuple[str, ...]] = {
    "text": ("text", "markdown", "short"),
    "markdown": ("text", "markdown", "short"),
    "chat": ("chat",),
    "image": ("image",),
    "audio": ("audio",),
    "table": ("table",),
    "candidate": ("candidate", "text", "markdown"),
    "candidates": ("candidates",),
}


def plan_of_proposal(proposal: Proposal, file: str, name: str = "", layout: Layout | None = None) -> ProjectPlan:
    """The plan of a proposal, or of one of its alternatives, for the rows of `file`. Raises `BadInput`."""
    chosen = layout or proposal.layout
    data = {"file": file, **chosen.data}
    return _checked(
        {
            "name": name or name_of(file), "questions": list(chosen.questions), "content": list(chosen.content),
            "text_column": chosen.text_column, "data": data,
        }
    )  # fmt: skip


def name_of(file: str) -> str:
    """`reviews.csv.gz` → `reviews`: a name that a project can have."""
    stem = workspace_for(Path(file.replace("\\", "/"))).stem
    return "".join(c for c in stem if c.isprintable()).strip()[:120] or "project"


def _checked(data: Mapping[str, Any]) -> ProjectPlan:
    plan, faults = check_plan(data)
    if plan is None:
        raise BadInput(f"{faults[0].where}: {faults[0].message}", faults[0].hint)
    return plan


def fit_template(template: Template, proposal: Proposal, file: str, name: str = "") -> ProjectPlan:
    """A template's plan on the columns of a file. Raises `BadInput` for a template that needs what the file has not."""
    there = {one.column for one in proposal.columns}
    taken: dict[str, str] = {column: column for column, _ in _needs(template) if column in there}
    for column, role in _needs(template):
        if column in taken:
            continue
        free = [one for kind in _ROLES.get(role, ()) for one in proposal.columns if one.role == kind]
        free = [one for one in free if one.column not in taken.values()]
        if role in ("text", "markdown"):  # the text that the proposal judges comes before others
            free.sort(key=lambda one: one.column != proposal.layout.text_column)
        joined = role == "text" and proposal.layout.data.get("tokens") and "text" not in taken.values()
        if not free and not joined:
            message = f"The template “{template.id}” needs a column of {role} for “{column}”; the file has none left."
            raise BadInput(message, "Columns: " + ", ".join(f"{one.column} ({one.role})" for one in proposal.columns))
        taken[column] = free[0].column if free else "text"
    plan = template.plan
    shown = [block for block in plan.content if block["column"] in taken]
    data = {"file": file, **(proposal.layout.data if "text" in taken.values() and "text" not in there else {})}
    return replace(
        plan,
        name=name or name_of(file),
        content=tuple(_moved(block, taken) for block in shown),
        questions=tuple(_moved(question, taken) for question in plan.questions),
        text_column=taken.get(plan.text_column, proposal.layout.text_column),
        data=data,
    )


def _needs(template: Template) -> Iterator[tuple[str, str]]:
    """The columns that a template shows or asks about, with what they are. Folded-away details are no need."""
    for block in template.plan.content:
        if block["kind"] != "details":
            yield block["column"], block["kind"]
    for question in template.plan.questions:
        named = question.get("candidates", ())
        for column in named:
            yield column, "candidate" if len(named) > 1 else "candidates"


def _moved(table: Mapping[str, Any], taken: Mapping[str, str]) -> dict[str, Any]:
    moved = dict(table)
    for field in ("column", "other", "on", "draft"):
        if isinstance(moved.get(field), str):
            moved[field] = taken.get(moved[field], moved[field])
    if "candidates" in moved:
        moved["candidates"] = [taken.get(column, column) for column in moved["candidates"]]
    return moved


def project_from_plan(
    db: Database, plan: ProjectPlan, folder: Path, *, actor_id: str, name: str = ""
) -> tuple[Project, ImportReport | None]:
    """The project that a plan describes, with the rows of its data, which `folder` holds. All of it or nothing."""
    if "file" in plan.data:
        open_rows(_inside(folder, plan.data["file"]), format=plan.data.get("format"))  # before anything is made
    project = db.write(lambda tx: create_project(tx, actor_id, new_id(tx.now), plan.new_project(name)))
    if "file" not in plan.data:
        return project, None
    try:
        return project, import_data(db, project, plan, folder, actor_id=actor_id)
    except BaseException:
        with suppress(TawsimError):
            db.write(lambda tx: update_project(tx, actor_id, project.id, project.version, {"state": "removed"}))
        raise


def import_data(
    db: Database, project: Project, plan: ProjectPlan, folder: Path, *, actor_id: str
) -> ImportReport | None:
    """Import the rows, and the media, that a plan's data names. Raises `BadFile`."""
    path = _inside(folder, plan.data["file"])
    if "tokens" in plan.data:
        return import_tokens(db, project, path, plan.data["tokens"], actor_id=actor_id, format=plan.data.get("format"))
    if "media" in plan.data:
        from tawsim.loop.media import add_table

        return add_table(db, project, path, _inside(folder, plan.data["media"]), actor_id=actor_id).tasks
    wanted = project.text_column if _has_column(path, plan) else None
    return import_file(
        db, project, path, actor_id=actor_id, format=plan.data.get("format"), text_column=wanted
    )  # fmt: skip


def _has_column(path: Path, plan: ProjectPlan) -> bool:
    """Whether the file names its columns beforehand: then the plan's must be among them, or the import says so."""
    return open_rows(path, format=plan.data.get("format")).columns is not None


def _inside(folder: Path, name: str) -> Path:
    # Names are relative to the project file; a person may well keep the data elsewhere, so that is allowed.
    return folder / name


def import_tokens(
    db: Database,
    project: Project,
    path: Path,
    tokens: str,
    *,
    actor_id: str,
    format: str | None = None,
    filename: str | None = None,
    duplicates: DuplicatePolicy = "keep",
    again: bool = False,
) -> ImportReport:
    """Import a file whose column `tokens` holds lists of words: each row gets the text that they make.

    The same bytes a second time are answered with the first report, unless `again`. Raises `BadFile`.
    """
    source = open_rows(path, filename=filename, format=format)
    digest = hashlib.sha256()
    for chunk in source.unpacked():
        digest.update(chunk)
    key = f"tokens/{digest.hexdigest()}" + (f"/{new_id(db.clock())}" if again else "")
    rows = joined_rows(_rows(source), tokens, project.text_column)
    try:
        return import_rows(
            db, project, rows, actor_id=actor_id, key=key, duplicates=duplicates, source=source.name
        )  # fmt: skip
    except BadFile:
        raise
    except BadInput as error:
        raise BadFile(error.message, error.hint, file=for_terminal(source.name)) from None


def _rows(source: RowSource) -> Iterator[Mapping[str, Any]]:
    for _, row in source.rows():
        yield row
