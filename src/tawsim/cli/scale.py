"""`tawsim scale …`: the group of commands for programs that speak Scale's API, and `key`: their keys. Moving in is in
scale_moving.py."""

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tawsim.cli import options
from tawsim.cli.opening import address_of, note, opened, which
from tawsim.cli.options import app
from tawsim.cli.output import DONE, Output, command

if TYPE_CHECKING:
    from tawsim.store.database import Database
    from tawsim.workspaces.scale_keys import Key
    from tawsim.workspaces.workspace import Workspace

scale_app = typer.Typer(help="Programs that were written for Scale AI: their keys, moving in.", no_args_is_help=True)
app.add_typer(scale_app, name="scale", rich_help_panel=None)
key_app = typer.Typer(help="Keys of the Scale-compatible API.", no_args_is_help=True)
scale_app.add_typer(key_app, name="key")


class KeyMode(StrEnum):
    """What a key reaches."""

    live = "live"
    test = "test"


@key_app.command("new")
def new(
    mode: Annotated[KeyMode, typer.Argument(metavar="live|test", help="The workspace, or one for trying beside it.")],
    name: Annotated[str, typer.Option("--name", metavar="NAME", help="What to call the key.")] = "terminal",
    days: Annotated[int, typer.Option("--days", metavar="N", help="How long it holds.")] = 365,
    workspace: options.Workspace = None,
    json: options.Json = False,
) -> int:
    """Make a key, and print it once; and the workspace, where there is none. A server that is running takes it at once."""
    from tawsim.workspaces.scale_keys import new_key
    from tawsim.workspaces.workspace import get_worker

    out = Output(json)
    path = which(workspace, new="work.tawsim")
    with opened(path, create=not path.exists()) as place:
        with place.db.read() as tx:
            owner = get_worker(tx, place.owner_id)
        books = _books(place)
        try:
            secret, made = new_key(books, place, owner, mode.value, name, days)
        finally:
            books.close()
        note(place, "account.token_made", made.id)
    address, running = address_of(path)
    out.result({"workspace": str(path), "key": _facts(made), "secret": secret, "url": address, "running": running})
    out.say(f"The key “{made.name}” ({made.mode}). It is shown this once:", f"  {secret}", "")
    out.say(f"Point the client to {address}/v1" + ("" if running else " once the server runs: tawsim up"))
    return DONE


@key_app.command("list")
def list_all(workspace: options.Workspace = None, json: options.Json = False) -> int:
    """List the keys that have not ended. Their texts are stored nowhere."""
    from tawsim.workspaces.scale_keys import keys

    out = Output(json)
    path = which(workspace)
    with opened(path) as place:
        books = _books(place)
        try:
            with books.read() as tx:
                found = keys(tx, place.id)
        finally:
            books.close()
    out.result({"workspace": str(path), "keys": [_facts(one) for one in found]})
    if found:
        rows = [(one.id, one.name, one.mode, _day(one.expires_at), _day(one.seen_at)) for one in found]
        out.table(("key", "name", "mode", "ends", "last used"), rows)
    else:
        out.say(f"{path.name} has no key of the Scale-compatible API yet.")
        out.next(command("tawsim", "scale", "key", "new", "test", "-w", path))
    return DONE


@key_app.command("end")
def end(
    key: Annotated[str, typer.Argument(metavar="KEY", help="The id of the key, as `list` shows it.")],
    workspace: options.Workspace = None,
    json: options.Json = False,
) -> int:
    """End a key. A server that is running refuses it within a second."""
    from tawsim.workspaces.scale_keys import end_key

    out = Output(json)
    path = which(workspace)
    with opened(path) as place:
        books = _books(place)
        try:
            books.write(lambda tx: end_key(tx, place.id, key))
        finally:
            books.close()
        note(place, "account.token_ended", key)
    out.result({"workspace": str(path), "ended": key})
    out.say("The key has ended.")
    return DONE


def _day(us: int | None) -> str:
    from tawsim.core.clock import to_iso

    return "never" if us is None else to_iso(us)[:10]


def _books(place: "Workspace") -> "Database":
    from tawsim.workspaces.accounts import open_accounts

    return open_accounts(place.path.parent)


def _facts(key: "Key") -> dict[str, Any]:
    from tawsim.core.clock import to_iso

    return {
        "id": key.id, "name": key.name, "mode": key.mode, "created_at": to_iso(key.created_at),
        "expires_at": to_iso(key.expires_at), "seen_at": None if key.seen_at is None else to_iso(key.seen_at),
    }  # fmt: skip
