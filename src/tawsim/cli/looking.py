"""`tawsim status`, `truth`, `doctor`, `openapi`, and the version: commands that only look."""

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from tawsim.cli import options
from tawsim.cli.opening import address_of, opened, which
from tawsim.cli.options import app
from tawsim.cli.output import DONE, NO, UNDECIDED, Output, command, count


@app.callback(invoke_without_command=True)
def root(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Print the version and leave.")] = False,
    json: Annotated[bool, typer.Option("--json", hidden=True)] = False,
) -> None:
    """Label data together, infer the truth, export it with a probability on every label."""
    if version:
        import tawsim

        out = Output(json)
        out.result({"version": tawsim.__version__})
        out.say(f"tawsim {tawsim.__version__}")
        raise typer.Exit(DONE)
    if context.invoked_subcommand is None:
        print(context.get_help())  # noqa: T201


@app.command("status")
def status(project: options.Project = None, workspace: options.Workspace = None, json: options.Json = False) -> int:
    """Where projects stand and who is labelling."""
    from tawsim.cli.scale_moving import unfinished_lines
    from tawsim.loop.overview import find_project, list_projects, progress
    from tawsim.loop.views import project_json

    out = Output(json)
    path = which(workspace)
    with opened(path) as place:
        chosen = [find_project(place.db, project)] if project is not None else list_projects(place.db)
        found = [(one, progress(place.db, one.id)) for one in chosen]
        moving = unfinished_lines(place)
    address, running = address_of(path)
    out.result(
        {
            "workspace": str(path),
            "serving": address if running else None,
            "moving": moving,
            "projects": [{"project": project_json(one), **facts} for one, facts in found],
        }
    )
    out.say(f"{path.name}: " + (f"served at {address}" if running else "not being served"))
    for one, facts in found:
        out.say("")
        _show_project(out, one.name, one.state, facts)
    if moving:
        out.say("", "Moved here in part; a run broke off, or is still under way:", *(f"  {line}" for line in moving))
        out.next("tawsim scale import")
    elif not found:
        out.next("tawsim project create NAME --labels a,b")
    elif not running:
        out.next(command("tawsim", "up", path))
    return DONE


def _show_project(out: Output, name: str, state: str, facts: dict[str, Any]) -> None:
    stands, agreement = facts["progress"], facts["agreement"]
    share = stands["done"] / stands["tasks"] * 100 if stands["tasks"] else 0.0
    out.say(
        f"{name}" + ("" if state == "running" else f" ({state})"),
        f"  tasks    {stands['done']:,} of {stands['tasks']:,} done ({share:.0f} %)"
        + (f", {stands['skipped_out']:,} set aside after skips" if stands["skipped_out"] else ""),
        f"  answers  {stands['answers']:,} of {stands['answers_wanted']:,} wanted",
    )
    if agreement is not None:
        from tawsim.cli.trust import agreed

        name, figures = agreed(agreement)
        out.say(f"  agreement {'α' if agreement['measure'] == 'alpha' else name} {figures}")
    rows = [(one["worker"]["name"], f"{one['answers']:,}", f"{one['skips']:,}") for one in facts["workers"]]
    if rows:
        out.table(("worker", "answers", "skips"), rows, right=(1, 2))


@app.command("truth")
def truth(project: options.Project = None, workspace: options.Workspace = None, json: options.Json = False) -> int:
    """What the truth is, who is trusted, and why.

    Leaves with exit code 2 while nobody has answered.
    """
    from tawsim.cli.trust import show_truth
    from tawsim.loop.overview import find_project, list_projects
    from tawsim.loop.truths import project_truth, truth_summary

    out = Output(json)
    path = which(workspace)
    found: list[tuple[str, dict[str, Any]]] = []
    with opened(path) as place:
        chosen = [find_project(place.db, project)] if project is not None else list_projects(place.db)
        for one in chosen:
            for question in one.questions:
                summary = truth_summary(project_truth(place.db, one.id, question.name), place.db)
                found.append((one.name if len(one.questions) == 1 else f"{one.name}, {question.name}", summary))
    out.result({"workspace": str(path), "projects": [{"name": name, **facts} for name, facts in found]})
    for name, facts in found:
        show_truth(out, name, facts)
        out.say("")
    if not any(facts["summary"]["labelled"] for _, facts in found):
        address, running = address_of(path)
        out.next(f"answer a few tasks at {address}" if running else command("tawsim", "up", path))
        return UNDECIDED
    out.next(command("tawsim", "export", "-w", path, "-o", "labels.csv"))
    return DONE


@app.command("doctor")
def doctor(
    place: Annotated[Path | None, typer.Argument(metavar="[FOLDER|FILE.tawsim]")] = None, json: options.Json = False
) -> int:
    """Check the machine and the files.

    Versions, disk, soundness of the files, counts, permissions. Changes nothing; leaves with 1 if something is wrong.
    """
    from dataclasses import asdict

    from tawsim.loop import checking

    out = Output(json)
    checks = checking.doctor(place)
    bad = [one for one in checks if not one.ok]
    out.result({"ok": not bad, "checks": [asdict(one) for one in checks]})
    out.table(
        ("", "check", "found", "advice"),
        [("ok" if one.ok else "NO", one.name, one.found, one.advice) for one in checks],
    )
    out.say("", "All is well." if not bad else f"{count(len(bad), 'thing', 'things')} to put right.")
    return NO if bad else DONE


@app.command("openapi")
def openapi(
    permissions: Annotated[bool, typer.Option("--permissions", help="Who may call what, as a Markdown page.")] = False,
    json: options.Json = False,
) -> int:
    """Print the description of the HTTP API."""
    from tawsim.server.app import describe

    if permissions:
        from tawsim.server.permission_table import permission_page

        sys.stdout.write(permission_page(describe()))
        return DONE
    _ = json  # it is JSON either way
    Output(json=True).result(describe())
    return DONE
