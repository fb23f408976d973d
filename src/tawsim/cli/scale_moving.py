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
        done = [_move(out, place, source, one, host, account) for one in found]
    out.result({"workspace": str(path), "from": host, "projects": [_facts(one) for one in done]})
    out.next(command("tawsim", "up", path))
    return DONE


def _say_found(out: Output, found: "list[Found]", host: str) -> None:
    total = sum(one.tasks for one in found)
    projects = count(len(found), "project", "projects")
    out.say(f"{host}: {projects}, {count(total, 'task', 'tasks')}.")
    for one in found:
        out.say(f"  {one.name or NO_NAME}: {count(one.tasks, 'task', 'tasks')}")


def _move(out: Output, place: "Workspace", source: "Source", found: "Found", host: str, account: str) -> "Moved":
    from tawsim.loop.scale.moving import move_project
    from tawsim.loop.scale.moving_source import download, file_of

    name = found.name or NO_NAME
    file = file_of(place.path.absolute().parent, account, found.name)
    with _progress(out, name, found.tasks) as advance:
        told = list(source.batches(found.name)) if found.name else []
        download(source, found.name, file, advance)
    with _world(place) as world:
        done = move_project(place.db, world, host, found, told, file)
    file.unlink()
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
