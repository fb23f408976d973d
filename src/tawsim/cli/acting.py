"""`tawsim tag`, `untag`, `due`, `overlap`, `reopen`, `remove` and `review`: the other actions of the task table, by the names
that they have there. How many tasks are told of, asked about and changed is in many.py."""

import re
import unicodedata
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tawsim.cli import options
from tawsim.cli.many import act
from tawsim.cli.opening import opened, which
from tawsim.cli.options import app
from tawsim.cli.output import DONE, NO, Output, command
from tawsim.core.clock import SECOND, system_clock
from tawsim.core.errors import BadInput, NotFound

if TYPE_CHECKING:
    from tawsim.core.records import Project
    from tawsim.store.database import Transaction

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_START = datetime(1970, 1, 1, tzinfo=UTC)


@app.command("tag")
def tag(
    project: options.Named,
    name: Annotated[str | None, typer.Argument(metavar="[TAG]", help="The tag; made where there is none yet.")] = None,
    filter: options.Filter = None,
    task: options.Numbers = None,
    yes: options.Yes = False,
    workspace: options.Workspace = None,
    json: options.Json = False,
) -> int:
    """Put a tag on tasks. It says first how many would change; then it asks. Without a tag, it lists those there are."""
    if name is None and filter is None and not task:
        return _list_tags(project, workspace, json)
    if name is None:
        raise BadInput("Which tag?", "Such as: tawsim tag reviews hard --filter 'p<0.8'")
    return act(project, "tag", name, filter, task, yes, workspace, json)


@app.command("untag")
def untag(
    project: options.Named,
    name: Annotated[str, typer.Argument(metavar="TAG", help="A tag that there is.")],
    filter: options.Filter = None,
    task: options.Numbers = None,
    yes: options.Yes = False,
    workspace: options.Workspace = None,
    json: options.Json = False,
) -> int:
    """Take a tag off tasks. It says first how many would change; then it asks."""
    return act(project, "untag", name, filter, task, yes, workspace, json, check=_is_there(name))


@app.command("due")
def due(
    project: options.Named,
    day: Annotated[
        str,
        typer.Argument(
            metavar="DAY", help="Such as 2026-12-01 (its end, UTC), today, 2026-12-01T17:00+03:00; or none."
        ),
    ],
    filter: options.Filter = None,
    task: options.Numbers = None,
    yes: options.Yes = False,
    workspace: options.Workspace = None,
    json: options.Json = False,
) -> int:
    """Say by when tasks are wanted. It says first how many would change; then it asks."""
    return act(project, "due", _read_due(day), filter, task, yes, workspace, json)


@app.command("overlap")
def overlap(
    project: options.Named,
    k: Annotated[int, typer.Argument(metavar="K", min=1, max=1000, help="How many people answer each of them.")],
    filter: options.Filter = None,
    task: options.Numbers = None,
    yes: options.Yes = False,
    workspace: options.Workspace = None,
    json: options.Json = False,
) -> int:
    """Ask for more or fewer answers to tasks. It says first how many would change; then it asks.

    Answers that were given stay, also where there are more of them.
    """
    return act(project, "overlap", k, filter, task, yes, workspace, json)


@app.command("reopen")
def reopen(
    project: options.Named,
    filter: options.Filter = None,
    task: options.Numbers = None,
    yes: options.Yes = False,
    workspace: options.Workspace = None,
    json: options.Json = False,
) -> int:
    """Begin a new round of tasks: earlier answers stay readable, and count no longer. It tells first, then asks."""
    return act(project, "reopen", None, filter, task, yes, workspace, json)


@app.command("remove")
def remove(
    project: options.Named,
    filter: options.Filter = None,
    task: options.Numbers = None,
    yes: options.Yes = False,
    workspace: options.Workspace = None,
    json: options.Json = False,
) -> int:
    """Take tasks out of the work. It says first how many, and what is lost by it; then it asks.

    `tawsim undo` brings them back.
    """
    return act(project, "remove", None, filter, task, yes, workspace, json)


@app.command("review")
def review(
    project: options.Named,
    filter: options.Filter = None,
    task: options.Numbers = None,
    yes: options.Yes = False,
    workspace: options.Workspace = None,
    json: options.Json = False,
) -> int:
    """Send answered tasks to reviewers. It says first how many; then it asks. This alone cannot be taken back."""
    return act(project, "review", None, filter, task, yes, workspace, json)


def _is_there(name: str) -> Callable[["Transaction", "Project"], None]:
    """A check that there is such a tag: one that nobody made is a slip of the pen, not a tag that no task has."""

    def check(tx: "Transaction", project: "Project") -> None:
        from tawsim.labelling.tagging import find_tag

        try:
            find_tag(tx, project.id, name)
        except NotFound as error:
            raise NotFound(error.message, "See: " + command("tawsim", "tag", project.name)) from None

    return check


def _list_tags(project: str, workspace: Path | None, json: bool) -> int:
    from tawsim.labelling.tagging import tags_of
    from tawsim.loop.overview import find_project

    out = Output(json)
    with opened(which(workspace)) as place:
        found = find_project(place.db, project)
        with place.db.read() as tx:
            tags = tags_of(tx, found.id)
    out.result({"workspace": str(place.path), "project": found.name, "tags": tags})
    if tags:
        out.table(("tag", "tasks"), [(one["name"], f"{one['tasks']:,}") for one in tags], right=(1,))
    else:
        out.say(f"{found.name} has no tags yet.")
    return DONE if tags else NO


def _read_due(text: str) -> int | None:
    """The end of a day, as on the page; a moment, UTC where it names no zone; `none`. In µs since 1970. Raises BadInput."""
    from tawsim.labelling.tagging import END_OF_DAY, check_due
    from tawsim.loop.table_grammar import clean

    plain = "".join(str(unicodedata.decimal(c, c)) for c in clean(text))
    if plain == "none":
        return None
    now = datetime.fromtimestamp(system_clock() / SECOND, UTC)
    try:
        if plain == "today" or _DAY.fullmatch(plain):
            day = now.date() if plain == "today" else date.fromisoformat(plain)
            found = datetime.combine(day, END_OF_DAY, UTC)
        else:
            found = datetime.fromisoformat(plain)
        at = found if found.tzinfo else found.replace(tzinfo=UTC)
        return check_due((at - _START) // timedelta(microseconds=1))
    except (ValueError, BadInput):
        raise BadInput(
            f"“{text[:40]}” is neither a day nor a moment that there is.",
            "Such as 2026-12-01, today, 2026-12-01T17:00+03:00, or none.",
        ) from None
