"""`tawsim audit`: checking the log of events, its newest head, and the whole of it as a file."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from tawsim.cli import options
from tawsim.cli.opening import opened, which
from tawsim.cli.options import app
from tawsim.cli.output import DONE, NO, Output, command, count
from tawsim.core.clock import to_iso

audit_app = typer.Typer(help="The log of events: check it, keep its head, export it.", rich_markup_mode=None)
app.add_typer(audit_app, name="audit")


@audit_app.callback(invoke_without_command=True)
def audit(context: typer.Context) -> None:
    """The log of events: check it, keep its head, export it."""
    if context.invoked_subcommand is None:
        print(context.get_help())  # noqa: T201


@audit_app.command("verify")
def verify(
    head: Annotated[
        list[str] | None, typer.Option("--head", metavar="N:HASH", help="A head that you kept. May be given often.")
    ] = None,
    workspace: options.Workspace = None,
    json: options.Json = False,
) -> int:
    """Compare every event with its hash, every answer with its event, and every head that was kept with the log.

    Exit code 0: sound, 1: something was changed.
    """
    from tawsim.workspaces import audit as room
    from tawsim.workspaces.accounts import open_accounts

    out = Output(json)
    path = which(workspace)
    given = [room.read_head(one) for one in head or []]
    with opened(path) as place:
        if room.take_in_earlier(place.db):
            out.note("Events from before the chain were taken in by a link of their own.")
        accounts = open_accounts(place.path.parent)
        try:
            kept = room.anchors(accounts, place.id)
        finally:
            accounts.close()
        found = room.verify(place.db, [*kept, *given])
    out.result({"workspace": str(path), "heads_kept": len(kept), **found.to_json()})
    for one in found.faults:
        out.say(f"{one.code}: {one.what}.")
    if found.more_faults:
        out.say(f"… and {found.more_faults:,} more.")
    out.say(
        f"{count(found.events, 'event', 'events')} and {count(found.contents, 'content', 'contents')} compared, "
        f"{count(len(kept) + len(given), 'kept head', 'kept heads')}: " + ("sound." if found.sound else "NOT as written.")
    )  # fmt: skip
    if found.earlier:
        out.say(f"{count(found.earlier, 'event', 'events')} from before the chain, held by one link.")
    if found.erased:
        out.say(f"{count(found.erased, 'content is', 'contents are')} gone by a logged erase.")
    out.say(f"head {found.head}")
    return DONE if found.sound else NO


@audit_app.command("head")
def show_head(workspace: options.Workspace = None, json: options.Json = False) -> int:
    """Print the newest event's number and hash. Keep it where the workspace's file is not."""
    from tawsim.workspaces import audit as room

    out = Output(json)
    path = which(workspace)
    with opened(path) as place, place.db.read() as tx:
        found = room.head(tx)
    out.result({"workspace": str(path), "head": str(found), "number": found.number, "hash": found.hash, "at": found.at})
    out.say(str(found))
    if found.number and sys.stdout.isatty():
        out.note(
            f"of {to_iso(found.at)}. Later: " + command("tawsim", "audit", "verify", "--head", "N:HASH", "-w", path)
        )
    return DONE


@audit_app.command("export")
def export(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Where to; - for the terminal or a pipe.")],
    force: options.Force = False,
    workspace: options.Workspace = None,
    json: options.Json = False,
) -> int:
    """Write every event with its hash, one a line (JSON Lines). docs/reference/audit.md has a check of 20 lines."""
    from tawsim.releases.atomic import new_file
    from tawsim.workspaces import audit as room

    out = Output(json)
    path = which(workspace)
    lines = 0
    with opened(path) as place:
        if str(file) == "-":
            for piece in room.export(place.db):
                sys.stdout.write(piece)
            return DONE
        with new_file(file, overwrite=force) as target:
            for piece in room.export(place.db):
                target.write(piece.encode())
                lines += piece.count("\n")
    out.result({"workspace": str(path), "file": str(file), "events": lines})
    out.say(f"{count(lines, 'event', 'events')} written to {file}.")
    return DONE
