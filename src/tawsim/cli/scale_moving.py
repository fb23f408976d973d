"""`tawsim scale import`: what an account at Scale has becomes projects here. Reading it goes through Scale's own client."""

import hashlib
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tawsim.cli import options
from tawsim.cli.opening import opened, which
from tawsim.cli.output import DONE, Output, command, count
from tawsim.cli.scale import scale_app
from tawsim.core.errors import NotSignedIn

if TYPE_CHECKING:
    from tawsim.loop.scale.moving import Moved
    from tawsim.loop.scale.moving_source import Found, Source
    from tawsim.loop.scale.world import World
    from tawsim.workspaces.workspace import Workspace

VARIABLE = "SCALE_API_KEY"
SCALE = "https://api.scale.com"
NO_NAME = "(tasks of no project)"


@scale_app.command("import")
def import_account(
    project: Annotated[
        str | None, typer.Option("--project", "-p", metavar="NAME", help="Only this project of the account.")
    ] = None,
    key: Annotated[
        str | None,
        typer.Option("--key", metavar="KEY", help=f"The account's key; better in {VARIABLE}, which no history keeps."),
    ] = None,
    api_url: Annotated[str, typer.Option("--api-url", metavar="URL", help="Another server than Scale's own.")] = SCALE,
    look: Annotated[bool, typer.Option("--look", help="Only say what is there and how much.")] = False,
    workspace: options.Workspace = None,
    json: options.Json = False,
) -> int:
    """Copy projects, batches and tasks with their responses from an account at Scale. Again: only what is new."""
    from tawsim.loop.scale.moving_source import Source
    from tawsim.sdk.scale import host_of, scale_client

    out = Output(json)
    secret = key or os.environ.get(VARIABLE, "")
    if not secret:
        raise NotSignedIn(
            "Which account is meant?", f"Put its key into the variable {VARIABLE}, or name it with --key."
        )
    path = which(workspace, new="work.tawsim")
    host = host_of(api_url)
    source = Source(scale_client(host, secret))
    found = source.survey(project)
    _say_found(out, found, host)
    if look:
        out.result({"from": host, "projects": [{"project": one.name or None, "tasks": one.tasks} for one in found]})
        return DONE
    account = f"{host}\n{hashlib.sha256(secret.encode()).hexdigest()}"
    with opened(path, create=not path.exists()) as place:
        done = _move_all(out, place, source, found, host, account)
    out.result({"workspace": str(path), "from": host, "projects": [_facts(one) for one in done]})
    out.next(command("tawsim", "up", path))
    return DONE


def _say_found(out: Output, found: "list[Found]", host: str) -> None:
    total = sum(one.tasks for one in found)
    projects = count(len(found), "project", "projects")
    out.say(f"{host}: {projects}, {count(total, 'task', 'tasks')}.")
    for one in found:
        out.say(f"  {one.name or NO_NAME}: {count(one.tasks, 'task', 'tasks')}")


def _move_all(
    out: Output, place: "Workspace", source: "Source", found: "list[Found]", host: str, account: str
) -> "list[Moved]":
    """One after the other. Whatever ends it too early, what is here in part is said, and how to go on."""
    for line in unfinished_lines(place):
        out.say(f"Going on: {line}")
    done: list[Moved] = []
    try:
        done.extend(_move(out, place, source, one, host, account) for one in found)
    except BaseException as error:
        lines = unfinished_lines(place)
        out.note(f"Broken off after {len(done):,} of {count(len(found), 'project', 'projects')}.", *lines)
        if lines or isinstance(error, KeyboardInterrupt):
            out.note("Run the same command again: it goes on, and nothing is added twice.")
        raise
    return done


def unfinished_lines(place: "Workspace") -> list[str]:
    """A line for each project that is here in part, because a run broke off or is still under way."""
    from tawsim.core.clock import to_iso
    from tawsim.loop.scale.moving_marks import unfinished

    with place.db.read() as tx:
        found = unfinished(tx)
    return [
        f"“{one.name if one.named else NO_NAME}”: {one.here:,} of {one.tasks:,} tasks are here from {one.origin}, "
        f"since {to_iso(one.since)[:16].replace('T', ' ')} UTC."
        for one in found
    ]


def _move(out: Output, place: "Workspace", source: "Source", found: "Found", host: str, account: str) -> "Moved":
    from tawsim.loop.scale.moving import move_project
    from tawsim.loop.scale.moving_source import download, file_of, held

    name = found.name or NO_NAME
    file = file_of(place.path.absolute().parent, place.id, account, found.name)
    with held(file):
        with _progress(out, name, found.tasks) as advance:
            told = list(source.batches(found.name)) if found.name else []
            download(source, found.name, file, advance)
        with _world(place) as world:
            done = move_project(place.db, world, host, found, told, file)
    out.say(f"“{name}”: {_said(done)}")
    if done.lost:
        out.say(f"  {done.lost:,} waited for a file that only Scale can read; they stand here as errors.")
    if done.left_out:
        out.say(f"  {done.left_out:,} could not be understood and were left out.")
    return done


def _said(done: "Moved") -> str:
    if not done.tasks:
        return f"nothing new, {done.already:,} here already." if done.already else "there was nothing to copy."
    statuses = ", ".join(f"{n:,} {status}" for status, n in sorted(done.statuses.items()))
    here = f", {done.already:,} here already" if done.already else ""
    return f"{count(done.tasks, 'new task', 'new tasks')} ({statuses}){here}."


@contextmanager
def _world(place: "Workspace") -> "Iterator[World]":
    from tawsim.loop.scale.world import World
    from tawsim.workspaces.accounts import open_accounts

    books = open_accounts(place.path.parent)
    try:
        yield World(place.db, books, place.id, "live", place.owner_id)
    finally:
        books.close()


@contextmanager
def _progress(out: Output, name: str, total: int) -> Iterator[Callable[[int], None]]:
    """A bar on stderr while people watch."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    if out.json or not console.is_terminal:
        yield lambda n: None
        return
    columns = (
        TextColumn(name[:40], markup=False),
        BarColumn(),
        TextColumn("{task.completed:,.0f}"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("", total=total)
        yield lambda n: bar.update(task, completed=n)


def _facts(one: "Moved") -> dict[str, Any]:
    from dataclasses import asdict

    return asdict(one) | {"project": one.project or None}
