"""`tawsim priority`, `assign` and `undo`, and what every command that changes many tasks at once does: tell first, then ask. The
actions themselves, and which tasks they leave alone, are those of the task table (loop/table_bulk.py)."""

import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tawsim.cli import options
from tawsim.cli.opening import opened, person_named, which
from tawsim.cli.options import app
from tawsim.cli.output import DONE, NO, UNDECIDED, Output, command, count, percent
from tawsim.core.clock import system_clock, to_iso
from tawsim.core.errors import BadInput, NotFound

if TYPE_CHECKING:
    from tawsim.core.records import Project
    from tawsim.loop.table_grammar import Query
    from tawsim.store.database import Transaction
    from tawsim.workspaces.workspace import Workspace

WHY = {
    "same": "already so", "gone": "removed", "known": "of known answer, outside the work",
    "leased": "open with somebody", "no_answers": "without answers", "unsure": "not sure enough",
    "changed": "changed since, left as they are", "refused": "refused",
}  # fmt: skip
Words = Annotated[str | None, typer.Option(metavar="A,B,…", help="Required of a person; with commas between.")]


# -5 is a priority here, not five options.
@app.command("priority", context_settings={"ignore_unknown_options": True})
def priority(
    project: options.Named,
    n: Annotated[int, typer.Argument(metavar="N", help="From -100 to 100; what is higher comes first.")],
    filter: options.Filter = None,
    task: options.Numbers = None,
    yes: options.Yes = False,
    workspace: options.Workspace = None,
    json: options.Json = False,
) -> int:
    """Let tasks come before or after others. It says first how many would change; then it asks."""
    return act(project, "priority", n, filter, task, yes, workspace, json)


@app.command("assign")
def assign(
    project: options.Named,
    to: Annotated[
        list[str] | None,
        typer.Option("--to", metavar="NAME", help="This person, and nobody but those named. Repeatable."),
    ] = None,
    languages: Words = None,
    dialects: Words = None,
    skills: Words = None,
    groups: Words = None,
    everyone: Annotated[bool, typer.Option("--everyone", help="Anybody who may label in the project.")] = False,
    filter: options.Filter = None,
    task: options.Numbers = None,
    yes: options.Yes = False,
    workspace: options.Workspace = None,
    json: options.Json = False,
) -> int:
    """Say who may be given tasks: people, or all who have a language, dialect, skill or group. It tells first, then asks.

    Tasks that somebody has in hand stay there.
    """
    from tawsim.loop.overview import find_project

    out, selection = Output(json), read_tasks(filter, task)
    lists = {"languages": languages, "dialects": dialects, "skills": skills, "groups": groups}
    fields: dict[str, Any] = {name: options.words(text) for name, text in lists.items() if text is not None}
    if [bool(to), bool(fields), everyone].count(True) != 1 or (fields and not any(fields.values())):
        raise BadInput(
            "Say to whom: --to NAME, or what is required of people, or --everyone.",
            "Such as: tawsim assign reviews --languages ar --filter 'state:open'",
        )
    with opened(which(workspace)) as place:
        found = find_project(place.db, project)
        with place.db.read() as tx:
            value = {"workers": [person_named(tx, name).id for name in to]} if to else fields
            people = _may_have(tx, value)
        return change_many(out, place, found, "assign", value, selection, yes=yes, people=people)


def _may_have(tx: "Transaction", value: dict[str, Any]) -> list[str]:
    """The names of those who would meet the requirement and are here."""
    from tawsim.labelling.lanes import read_requirement
    from tawsim.workspaces.profiles import profiles
    from tawsim.workspaces.workspace import list_workers

    wanted, known = read_requirement(value), profiles(tx)
    return [one.name for one in list_workers(tx) if one.active and wanted.met_by(one.id, known[one.id][0])]


@app.command("undo")
def undo(
    project: options.Named,
    action: Annotated[str | None, typer.Argument(metavar="[ACTION]", help="Which one, by its id.")] = None,
    yes: options.Yes = False,
    workspace: options.Workspace = None,
    json: options.Json = False,
) -> int:
    """List what was done to many tasks at once, here or on the page, or take one of it back. What was changed since stays."""
    from tawsim.loop.overview import find_project
    from tawsim.loop.table_bulk import jobs_json

    out = Output(json)
    with opened(which(workspace)) as place:
        found = find_project(place.db, project)
        if action is not None:
            return _take_back(out, place, found, action, yes=yes)
        jobs = jobs_json(place.db, found.id)
        with place.db.read() as tx:
            names = _names(tx)
    out.result({"workspace": str(place.path), "project": found.name, "actions": jobs})
    for job in jobs:
        can = "can be undone: " + command("tawsim", "undo", found.name, job["id"])
        changed = count(job["changed"], "task", "tasks") + (" so far" if job["state"] == "running" else "")
        out.say(
            f"{_moment(job['created_at'])}, {job['by']}: {_named(job, names)} ({changed})",
            "  " + (can if job["can_undo"] else "taken back" if job["undone_by"] else _stands(job)),
        )
    if not jobs:
        out.say(f"Nothing was done to many tasks of {found.name} at once.")
    return DONE if jobs else NO


def _named(job: Mapping[str, Any], names: Mapping[str, str]) -> str:
    words = " ".join(one for one in (job["action"], _said(job["action"], job["value"], names)) if one)
    return f"undoing {words}" if job["undoes"] else words


def _said(action: str, value: Any, names: Mapping[str, str]) -> str:
    """What an action sets, as one would type it."""
    if action == "due":
        day = to_iso(value or 0)
        return "none" if value is None else day[:10] if day[11:19] == "23:59:59" else _moment(value)
    if action == "gold":
        return f"from {percent(value)}"
    if action == "assign":
        lists = {**value, "workers": [names.get(one, one) for one in value.get("workers", ())]}
        return "; ".join(", ".join(some) for some in lists.values() if some) or "everyone"
    return "" if value is None else str(value)


def _names(tx: "Transaction") -> dict[str, str]:
    from tawsim.workspaces.workspace import list_workers

    return {one.id: one.name for one in list_workers(tx)}


def _stands(job: Mapping[str, Any]) -> str:
    """What is said of an action that cannot be taken back."""
    words = {"preparing": "being prepared", "running": "going on", "dropped": "cut off before it changed anything"}
    return words.get(job["state"], "cannot be undone" if not job["undoes"] else "done")


def _moment(at: int) -> str:
    """To the minute."""
    return to_iso(at)[:16].replace("T", " ") + " UTC"


def _take_back(out: Output, place: "Workspace", project: "Project", job_id: str, *, yes: bool) -> int:
    from tawsim.core.ids import new_id
    from tawsim.loop.table_bulk import begin_undo, job_json
    from tawsim.workspaces.workspace import get_worker

    try:
        job = job_json(place.db, job_id, project.id)
    except NotFound as error:
        raise NotFound(error.message, "See: " + command("tawsim", "undo", project.name)) from None
    with place.db.read() as tx:
        names = _names(tx)
    facts = {"workspace": str(place.path), "project": project.name}
    out.say(f"{_named(job, names)}: {count(job['changed'], 'task was', 'tasks were')} changed.")
    if job["can_undo"] and not out.agreed("Take it back?", beforehand=yes):
        out.result(facts | {"changed": False, "undoes": job})
        out.say("Nothing was changed; --yes does it.")
        return UNDECIDED
    with place.db.read() as tx:
        me, key = get_worker(tx, place.owner_id), new_id(tx.now)
    done = _finished(out, place, project, begin_undo(place.db, me, project.id, job_id, key))
    out.result(facts | {"changed": True, "undoes": job, "job": done})
    out.say(f"Put {count(done['changed'], 'task', 'tasks')} back.", *_left_out(done["left_out"]))
    return DONE


# ---- shared with other commands that change many tasks ------------------------------------------------------------------
def act(
    project: str, name: str, value: Any, filter: str | None, task: list[int] | None, yes: bool, workspace: Path | None,
    json: bool, *, check: Callable[["Transaction", "Project"], None] | None = None,
) -> int:  # fmt: skip
    """One action of the table, as a whole command. `check` may refuse it."""
    from tawsim.loop.overview import find_project

    out, selection = Output(json), read_tasks(filter, task)
    with opened(which(workspace)) as place:
        found = find_project(place.db, project)
        if check is not None:
            with place.db.read() as tx:
                check(tx, found)
        return change_many(out, place, found, name, value, selection, yes=yes)


def read_tasks(filter: str | None, numbers: list[int] | None) -> "Query | list[int]":
    """Which tasks were named: those of a filter, or single ones. Raises BadInput."""
    from tawsim.loop.table_bulk import read_selection
    from tawsim.loop.table_grammar import Query

    hint = "Such as: --filter 'state:open p<0.8'. All of them: --filter 'seq>0'."
    if (filter is None) == (not numbers):
        raise BadInput("Say which tasks: with --filter, or with --task for single ones.", hint)
    selection = read_selection(filter, numbers or None, "owner")
    # On the page an empty filter shows all. Here it is a shell's variable that was never set.
    if isinstance(selection, Query) and not selection.terms:
        raise BadInput("The filter is empty.", hint)
    return selection


def change_many(
    out: Output, place: "Workspace", project: "Project", name: str, value: Any, selection: "Query | list[int]", *,
    yes: bool, people: list[str] | None = None,
) -> int:  # fmt: skip
    """Tell what an action would do, ask, do it to its end. `people`: who would be given the tasks, where that is the question.
    A server that has the file open may take part in the work: each piece is done once."""
    from tawsim.core.ids import new_id
    from tawsim.loop.table import forget_tables
    from tawsim.loop.table_bulk import begin, preview
    from tawsim.loop.table_search import forget_searches
    from tawsim.workspaces.workspace import get_worker

    facts: dict[str, Any] = {"workspace": str(place.path), "project": project.name}
    facts |= {} if people is None else {"people": people}
    try:
        told = preview(place.db, project.id, name, value, selection)
        if isinstance(selection, list) and told["tasks"] < len(selection):
            missing = selection[told["tasks"]]
            raise NotFound(
                f"There is no task {missing} in {project.name}.", "See: " + command("tawsim", "tasks", project.name)
            )
        _tell(out, told, people)
        if not told["change"] or not out.agreed("Change them?", beforehand=yes):
            out.result(facts | {"changed": False, "preview": told, "job": None})
            out.say("Nothing was changed; --yes does it." if told["change"] else "Nothing was changed.")
            return UNDECIDED if told["change"] else DONE
        with place.db.read() as tx:
            me, key = get_worker(tx, place.owner_id), new_id(tx.now)
        job = _finished(out, place, project, begin(place.db, me, project.id, key, name, told["value"], selection))
    finally:
        forget_tables(place.db)
        forget_searches(place.db)
    out.result(facts | {"changed": True, "preview": told, "job": job})
    out.say(f"Changed {count(job['changed'], 'task', 'tasks')}.", *_left_out(job["left_out"]))
    if job["can_undo"]:
        out.say("To take it back: " + command("tawsim", "undo", project.name, job["id"]))
    return DONE


def _finished(out: Output, place: "Workspace", project: "Project", job: dict[str, Any]) -> dict[str, Any]:
    """An action carried to its end, with a bar on stderr where somebody watches. Cut off, it is told how it goes on."""
    from tawsim.loop.table_bulk import finish

    try:
        if out.json or not sys.stderr.isatty():
            return finish(place.db, job["id"])
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

        columns = (BarColumn(), TextColumn("{task.completed:,.0f} of {task.total:,.0f} tasks"), TimeRemainingColumn())
        with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
            shown = bar.add_task("", total=job["total"])
            return finish(place.db, job["id"], lambda now: bar.update(shown, completed=now["looked"]))
    except KeyboardInterrupt:
        out.note(
            "", "Cut off. It goes on while a server has the file open, else with the next action on many tasks here."
        )
        if not job["undoes"]:
            out.note("To stop it and take back what it did: " + command("tawsim", "undo", project.name, job["id"]))
        raise


def _tell(out: Output, told: dict[str, Any], people: list[str] | None) -> None:
    n, of = told["change"], told["tasks"]
    if not of:
        out.say("No task is found by that.")
        return
    out.say(f"{count(n, 'task', 'tasks')} of {of:,} would change.", *_left_out(told["left_out"]))
    if people is not None and told["value"]:
        few = ", ".join(people[:8]) + (" …" if len(people) > 8 else "")
        out.say(
            f"{count(len(people), 'person', 'people')} may be given them: {few}"
            if people
            else "Nobody who is here may be given them: they would wait."
        )
    out.say(*(_losses(told) if n else []))


def _losses(told: dict[str, Any]) -> list[str]:
    """What is to be known before one agrees: what ends by it, and what it means."""
    lines = []
    if told["action"] == "due" and told["value"] is not None:
        lines.append(f"They would be due at {_moment(told['value'])}.")
        lines += ["That has passed: what is not done is late at once."] if told["value"] < system_clock() else []
    if told["answers"]:
        lines.append(f"{count(told['answers'], 'answer', 'answers')} would count no longer.")
    if told["leases"]:
        lines.append(f"{count(told['leases'], 'task', 'tasks')} would be taken out of somebody's hands.")
    return lines if told["can_undo"] else [*lines, "This cannot be taken back as a whole."]


def _left_out(left: dict[str, int]) -> list[str]:
    return [f"  {n:,} {WHY[why]}" for why, n in left.items()]
