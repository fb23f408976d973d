"""`tawsim progress`: where a project is going: days left with an interval, for whom the work waits, alerts."""

from typing import Any

from tawsim.cli import options
from tawsim.cli.opening import opened, which
from tawsim.cli.options import app
from tawsim.cli.output import DONE, Output, count

REASONS = {
    "nothing_left": "nothing is left to answer",
    "too_few_days": "too few complete days to say ({have} of {need})",
    "too_few_answers": "too few answers to say ({have} of {need})",
    "no_pace": "nobody has answered in the last week",
}


@app.command("progress")
def progress(project: options.Project = None, workspace: options.Workspace = None, json: options.Json = False) -> int:
    """Show days left with their interval, hours, for whom the work waits, and alerts."""
    from tawsim.loop.alerts import look, standing
    from tawsim.loop.outlook import outlook
    from tawsim.loop.overview import find_project

    out = Output(json)
    path = which(workspace)
    with opened(path) as place:
        target = find_project(place.db, project)
        found = outlook(place.db, target.id)
        look(place.db)
        with place.db.read() as tx:
            raised = standing(tx, target.id)
    out.result({"workspace": str(path), "project": target.name, **found, "alerts": raised})
    done = found["progress"]
    out.say(f"“{target.name}”: {done['answers']:,} of {done['answers_wanted']:,} answers; {found['left']:,} left.")
    out.say("days left: " + _days(found["forecast"]))
    if found["hours"]["left"] is not None:
        left = found["hours"]["left"]
        out.say(f"hours left: {left['middle']:,.1f} (95 %: {left['low95']:,.1f} to {left['high95']:,.1f})")
    waiting = found["waiting"]
    out.say(
        f"waiting: {count(waiting['answers'], 'answer', 'answers')} to be given, {waiting['in_hand']:,} in hand, "
        f"{waiting['reviews']:,} for review, {waiting['disputes']:,} in dispute, {waiting['skipped_out']:,} set aside"
    )  # fmt: skip
    for one in raised:
        out.say(f"alert: {one['kind']}")
    return DONE


def _days(found: dict[str, Any]) -> str:
    if found["reason"]:
        return REASONS[found["reason"]].format(**found)
    days = found["days"]
    if days["middle"] is None:
        return "not to be foreseen at this pace"
    high = "no end in sight" if days["high95"] is None else f"{days['high95']:.0f}"
    return f"{days['middle']:.0f} (95 %: {days['low95']:.0f} to {high})"
