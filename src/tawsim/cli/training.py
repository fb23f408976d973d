"""`tawsim training …`: where people stand in a project's training round, and a lead's word on it. How the round itself is set
up stands in the project's settings."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from tawsim.cli import options
from tawsim.cli.opening import opened, person_named, which
from tawsim.cli.options import app
from tawsim.cli.output import DONE, Output, interval, percent

if TYPE_CHECKING:
    from tawsim.store.database import Transaction

STAGES = {
    "new": "not begun", "training": "in training", "qualifying": "qualifying", "qualified": "qualified",
    "not_qualified": "not qualified",
}  # fmt: skip
MOST = 10_000  # more_to_tell looks no further
training_app = typer.Typer(
    help="The training round: where people stand, letting in, turning away.", no_args_is_help=True
)
app.add_typer(training_app, name="training", rich_help_panel=None)
People = Annotated[list[str], typer.Argument(metavar="NAME…", help="Whom.")]


@training_app.command("list")
def list_stages(project: options.Named, workspace: options.Workspace = None, json: options.Json = False) -> int:
    """List everybody who labels: stage, share right with its 95 % interval, and how many answers more would tell."""
    from tawsim.loop.known_view import people_of
    from tawsim.loop.overview import find_project

    out = Output(json)
    path = which(workspace)
    with opened(path) as place:
        found = find_project(place.db, project)
        told = people_of(place.db, found.id)
    on = found.settings.training.on
    out.result({"workspace": str(path), "project": found.name, "on": on, **told})
    out.say(
        f"{found.name}: the whole interval must lie above {percent(told['pass_at'])}"
        if on
        else f"{found.name}: there is no training round; everybody works at once"
    )
    heads = ("name", "stage" if on else "", "right", "95 %", "answers", "more that would tell")
    out.table(heads, [_line(one, on=on) for one in told["people"]], right=(2, 4, 5))
    return DONE


def _line(one: dict[str, Any], *, on: bool) -> tuple[str, ...]:
    known = (percent(one["mean"]), interval(one["low"], one["high"])) if one["n"] else ("–", "")
    more = "told" if one["more"] == 0 else f"{one['more']:,}" if one["more"] < MOST else f"{MOST:,} or more"
    return (one["worker"]["name"], STAGES[one["stage"]] if on else "", *known, f"{one['n']:g}", more)


@training_app.command("let-in")
def let_in(
    project: options.Named, names: People, workspace: options.Workspace = None, json: options.Json = False
) -> int:
    """Let people work, whatever the training round says of them so far. They are told."""
    return _set(project, names, workspace, json, "qualified", "", "let in")


@training_app.command("turn-away")
def turn_away(
    project: options.Named,
    names: People,
    reason: Annotated[str, typer.Option("--reason", help="Why: they read it.")],
    workspace: options.Workspace = None,
    json: options.Json = False,
) -> int:
    """Give people no more tasks of this project, for a reason that they read. Their answers stay."""
    return _set(project, names, workspace, json, "not_qualified", reason, "turned away")


@training_app.command("again")
def again(
    project: options.Named,
    names: People,
    reason: Annotated[str, typer.Option("--reason", help="Why: they read it.")] = "",
    workspace: options.Workspace = None,
    json: options.Json = False,
) -> int:
    """Have people qualify once more: what counts is what they answer from now on."""
    return _set(project, names, workspace, json, "qualifying", reason, "qualifying again")


def _set(project: str, names: list[str], workspace: Any, json: bool, stage: str, reason: str, what: str) -> int:
    """A lead's word on people, on all of them or on none."""
    from tawsim.labelling.training import set_stage
    from tawsim.loop.known_view import people_of
    from tawsim.loop.overview import find_project

    out = Output(json)
    path = which(workspace)
    with opened(path) as place:
        found = find_project(place.db, project)

        def work(tx: "Transaction") -> dict[str, str]:
            ids = {person_named(tx, name).id: name for name in names}
            for one in ids:
                set_stage(tx, place.owner_id, found.id, one, stage, reason)
            return ids

        ids = place.db.write(work)
        told = [one for one in people_of(place.db, found.id)["people"] if one["worker"]["id"] in ids]
    on = found.settings.training.on
    out.result({"workspace": str(path), "project": found.name, "on": on, "people": told})
    out.say(*(f"{name}: {what}." for name in ids.values()))
    if not on:
        out.say(f"{found.name} has no training round now; this holds from when it has one.")
    return DONE
