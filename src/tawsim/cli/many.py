"""`tawsim priority`, `assign` and `undo`: changing many tasks at once, told first, then asked. The actions themselves, and
which tasks they leave alone, are those of the task table (loop/table_bulk.py)."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from tawsim.cli import options
from tawsim.cli.opening import opened, person_named, which
from tawsim.cli.options import app
from tawsim.cli.output import DONE, NO, UNDECIDED, Output, command, count
from tawsim.core.errors import BadInput

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
    project: Annotated[str, typer.Argument(help="The project, by its name.")],
    n: Annotated[int, typer.Argument(metavar="N", help="From -100 to 100; what is higher comes first.")],
    filter: options.Filter = None,
    task: options.Numbers = None,
    yes: options.Yes = False,
    workspace: options.Workspace = None,
    json: options.Json = False,
) -> int:
    """Let tasks come before or after others. It says first how many would change; then it asks."""
    from tawsim.loop.overview import find_project

    out, selection = Output(json), read_tasks(filter, task)
    with opened(which(workspace)) as place:
        found = find_project(place.db, project)
        return change_many(out, place, found, "priority", n, selection, yes=yes)


@app.command("assign")
def assign(
    project: Annotated[str, typer.Argument(help="The project, by its name.")],
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
    project: Annotated[str, typer.Argument(help="The project, by its name.")],
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
    out.result({"workspace": str(place.path), "project": found.name, "actions": jobs})
    out.table(
        ("id", "action", "by", "changed", "state"),
        [(one["id"], _named(one), one["by"], f"{one['changed']:,}", _state(one)) for one in jobs],
        right=(3,),
    )
    return DONE if jobs else NO


def _named(job: dict[str, Any]) -> str:
    value = "" if job["value"] is None else f" {job['value']}"
    return f"{'undoing ' if job['undoes'] else ''}{job['action']}{value}"


def _state(job: dict[str, Any]) -> str:
    return "taken back" if job["undone_by"] else "can be undone" if job["can_undo"] else str(job["state"])


def _take_back(out: Output, place: "Workspace", project: "Project", job_id: str, *, yes: bool) -> int:
    from tawsim.core.ids import new_id
    from tawsim.loop.table_bulk import begin_undo, finish, job_json
    from tawsim.workspaces.workspace import get_worker

    job = job_json(place.db, job_id, project.id)
    facts = {"workspace": str(place.path), "project": project.name}
    out.say(f"{_named(job)}: {count(job['changed'], 'task was', 'tasks were')} changed.")
    if job["can_undo"] and not out.agreed("Take it back?", beforehand=yes):
        out.result(facts | {"changed": False, "undoes": job})
        out.say("Nothing was changed; --yes does it.")
        return UNDECIDED
    with place.db.read() as tx:
        me, key = get_worker(tx, place.owner_id), new_id(tx.now)
    done = finish(place.db, begin_undo(place.db, me, project.id, job_id, key)["id"])
    out.result(facts | {"changed": True, "undoes": job, "job": done})
    out.say(f"Put {count(done['changed'], 'task', 'tasks')} back.", *_left_out(done["left_out"]))
    return DONE


# ---- shared with other commands that change many tasks ------------------------------------------------------------------
def read_tasks(filter: str | None, numbers: list[int] | None) -> "Query | list[int]":
    """Which tasks were named: those of a filter, or single ones. Raises BadInput."""
    from tawsim.loop.table_bulk import read_selection

    if (filter is None) == (not numbers):
        raise BadInput(
            "Say which tasks: with --filter, or with --task for single ones.",
            "Such as: --filter 'state:open p<0.8'. All of them: --filter 'seq>0'.",
        )
    return read_selection(filter, numbers or None, "owner")


def change_many(
    out: Output, place: "Workspace", project: "Project", name: str, value: Any, selection: "Query | list[int]", *,
    yes: bool, people: list[str] | None = None,
) -> int:  # fmt: skip
    """Tell what an action would do, ask, do it to its end. `people`: who would be given the tasks, where that is the question.
    A server that has the file open may take part in the work: each piece is done once."""
    from tawsim.core.ids import new_id
    from tawsim.loop.table import forget_tables
    from tawsim.loop.table_bulk import begin, finish, preview
    from tawsim.loop.table_search import forget_searches
    from tawsim.workspaces.workspace import get_worker

    facts: dict[str, Any] = {"workspace": str(place.path), "project": project.name}
    facts |= {} if people is None else {"people": people}
    try:
        told = preview(place.db, project.id, name, value, selection)
        _tell(out, told, people)
        if not told["change"] or not out.agreed("Change them?", beforehand=yes):
            out.result(facts | {"changed": False, "preview": told, "job": None})
            out.say("Nothing was changed; --yes does it." if told["change"] else "Nothing was changed.")
            return UNDECIDED if told["change"] else DONE
        with place.db.read() as tx:
            me, key = get_worker(tx, place.owner_id), new_id(tx.now)
        job = finish(place.db, begin(place.db, me, project.id, key, name, told["value"], selection)["id"])
    finally:
        forget_tables(place.db)
        forget_searches(place.db)
    out.result(facts | {"changed": True, "preview": told, "job": job})
    out.say(f"Changed {count(job['changed'], 'task', 'tasks')}.", *_left_out(job["left_out"]))
    if job["can_undo"]:
        out.say("To take it back: " + command("tawsim", "undo", project.name, job["id"]))
    return DONE


def _tell(out: Output, told: dict[str, Any], people: list[str] | None) -> None:
    n, of = told["change"], told["tasks"]
    out.say(f"{count(n, 'task', 'tasks')} of {of:,} would change.", *_left_out(told["left_out"]))
    if people is not None and told["value"]:
        few = ", ".join(people[:8]) + (" …" if len(people) > 8 else "")
        out.say(
            f"{count(len(people), 'person', 'people')} may be given them: {few}"
            if people
            else "Nobody who is here may be given them: they would wait."
        )


def _left_out(left: dict[str, int]) -> list[str]:
    return [f"  {n:,} {WHY[why]}" for why, n in left.items()]
