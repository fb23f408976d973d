"""A project of any questions, answered by people who see candidates blind. For tests of what comes out of answers."""

from collections.abc import Mapping, Sequence
from typing import Any

from tawsim.core.records import Project
from tawsim.kinds import kind_of
from tawsim.kinds.content import candidate_values
from tawsim.labelling.projects import NewProject, create_project
from tawsim.labelling.queue import LeasedTask, next_leases
from tawsim.labelling.submit import submit
from tawsim.loop.importing import import_rows
from tawsim.workspaces.workspace import Workspace, add_worker

Answers = Mapping[str, Any]


def make(
    workspace: Workspace, questions: Sequence[Mapping[str, Any]], rows: Sequence[Mapping[str, Any]], **more: Any
) -> Project:
    """A project with these rows as tasks. Its text column is `text`, or else the one that its first question works on."""
    columns = list(rows[0])
    on = next((str(one["on"]) for one in questions if one.get("on")), columns[-1])
    text = "text" if "text" in columns else on
    new = NewProject(**{"name": "p", "questions": list(questions), "text_column": text, "overlap": 3, **more})
    project: Project = workspace.db.write(lambda tx: create_project(tx, workspace.owner_id, new.name, new))
    import_rows(workspace.db, project, [dict(row) for row in rows], actor_id=workspace.owner_id, key=new.name)
    return project


def hire(workspace: Workspace, name: str) -> str:
    """The id of a new worker."""
    return workspace.db.write(lambda tx: add_worker(tx, workspace.owner_id, name, name)).id


def answer(
    workspace: Workspace, project: Project, worker: str, rows: Sequence[Mapping[str, Any]], given: Sequence[Answers]
) -> None:
    """The next tasks of this worker get these answers, in which candidates have their own names: what goes in has the
    letters under which this lease showed them."""
    for answers in given:

        def one(tx: Any, answers: Answers = answers) -> None:
            [lease] = next_leases(tx, project.id, worker, 1).leases
            seen = _as_seen(project, lease, rows[lease.seq - 1], answers)
            submit(tx, worker, lease.lease_id, lease.lease_id, seen).or_raise()

        workspace.db.write(one)


def _as_seen(project: Project, lease: LeasedTask, row: Mapping[str, Any], answers: Answers) -> dict[str, Any]:
    found = dict(answers)
    for question in project.questions:
        shown = list(lease.shown["candidates"].get(question.name, []))
        if not shown or question.name not in found:
            continue
        letters = {}
        for name, value in candidate_values(question, row).items():
            [place] = [i for i, one in enumerate(shown) if one["value"] == value]
            letters[name] = shown[place]["name"]
        found[question.name] = kind_of(question).rename(question, found[question.name], letters)
    return found
