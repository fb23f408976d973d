"""`tawsim invite` and `token`: who may come in. Works while a server runs: both use the same accounts file."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tawsim.cli import options
from tawsim.cli.opening import address_of, link, new_secrets, note, opened, which
from tawsim.cli.options import app
from tawsim.cli.output import DONE, Output, command
from tawsim.core.errors import Conflict

if TYPE_CHECKING:
    from tawsim.core.records import Worker, WorkerKind
    from tawsim.store.database import Transaction
    from tawsim.workspaces.workspace import Workspace

NAME = "tawsim token"  # what a token made here is called on the account's page


@app.command("invite")
def invite(
    names: Annotated[list[str], typer.Argument(metavar="NAME…", help="Who may label. A known name gets a new link.")],
    role: Annotated[
        str | None, typer.Option("--role", help="Of a new person: labeller (without it), reviewer, manager or owner.")
    ] = None,
    languages: Annotated[
        str | None, typer.Option("--languages", metavar="A,B,…", help="Of a new person: tags such as ar,ar-EG,en.")
    ] = None,
    workspace: options.Workspace = None,
    json: options.Json = False,
) -> int:
    """Make a link for each person. It works once, within 14 days, and signs them in as themselves."""
    out = Output(json)
    path = which(workspace)
    with opened(path) as place:
        workers = [_invited(place, name, role, languages) for name in names]
        secrets = new_secrets(place, "invite", [worker.id for worker in workers])
    address, running = address_of(path)
    links = [link(address, secret) for secret in secrets]
    out.result(
        {
            "workspace": str(path), "address": address, "running": running,
            "invited": [
                {"worker": worker.id, "name": worker.name, "link": url}
                for worker, url in zip(workers, links, strict=True)
            ],
        }
    )  # fmt: skip
    for worker, url in zip(workers, links, strict=True):
        out.say(worker.name, f"  {url}")
    out.say("Each link works once, within 14 days; a new one for the same person ends the one before.")
    _say_where(out, path, running)
    return DONE


@app.command("token")
def token(
    name: Annotated[str | None, typer.Argument(metavar="[NAME]", help="Whose; without it, yours.")] = None,
    scope: Annotated[
        list[str] | None,
        typer.Option("--scope", help="read, label, review, manage or owner; again for more. Without it: all."),
    ] = None,
    days: Annotated[int, typer.Option("--days", min=1, max=365, help="How long it holds.")] = 365,
    model: Annotated[
        bool, typer.Option("--model", help="A name that is new stands for a model, not a person.")
    ] = False,
    workspace: options.Workspace = None,
    json: options.Json = False,
) -> int:
    """Make a token for programs (tw.connect). It is shown once, and reaches as far as its worker or its scopes."""
    from tawsim.workspaces.workspace import get_worker

    out = Output(json)
    path = which(workspace)
    with opened(path) as place:
        if name is None:
            with place.db.read() as tx:
                worker = get_worker(tx, place.owner_id)
        else:
            worker = _worker(place, name, "model" if model else "person")
        secret, token_id = _token(place, worker, scope, days)
        note(place, "account.token_made", token_id, worker=worker.id)
    address, running = address_of(path)
    out.result(
        {
            "workspace": str(path), "worker": worker.id, "name": worker.name, "role": worker.role, "token": secret,
            "address": address, "running": running,
        }
    )  # fmt: skip
    out.say(f"The token of {worker.name} ({worker.role}); it is shown only now:", f"  {secret}")
    out.say("In Python:", f'  tw.connect("{address}", token="{secret[:8]}…")')
    _say_where(out, path, running)
    return DONE


def _invited(workspace: "Workspace", name: str, role: str | None, languages: str | None) -> "Worker":
    """The person of that name, made with the role and the languages if there is none."""
    from tawsim.core.ids import new_id
    from tawsim.store.keys import record
    from tawsim.workspaces.roles import invite, read_role

    wanted = None if role is None else read_role(role)
    tags = None if languages is None else options.words(languages)

    def work(tx: "Transaction") -> "Worker":
        made = invite(tx, workspace.owner_id, new_id(tx.now), name, wanted, tags)
        record(tx, "worker.invited", workspace.owner_id, object_id=made.id)
        return made

    return workspace.db.write(work)


def _token(workspace: "Workspace", worker: "Worker", scopes: list[str] | None, days: int) -> tuple[str, str]:
    """A token's secret and its id; with scopes, within what the worker's role reaches."""
    from tawsim.workspaces.accounts import DAY, Identity, issue, issue_token, open_accounts, standing
    from tawsim.workspaces.roles import scopes_of

    identity = Identity(workspace.id, worker.id)

    def work(tx: "Transaction") -> tuple[str, str]:
        if scopes:
            secret, made = issue_token(tx, identity, NAME, scopes, days, scopes_of(worker.role))
            return secret, made.id
        secret = issue(tx, "token", identity, name=NAME, lifetime=days * DAY)
        return secret, standing(tx, secret)[1].id

    books = open_accounts(workspace.path.parent)
    try:
        return books.write(work)
    finally:
        books.close()


def _worker(workspace: "Workspace", name: str, kind: "WorkerKind") -> "Worker":
    """The worker of that name, made if there is none. Raises Conflict for one who was let out: no token of theirs would hold."""
    from tawsim.core.ids import new_id
    from tawsim.workspaces.workspace import add_worker, find_worker

    with workspace.db.read() as tx:
        found = find_worker(tx, name)
    if found is not None and not found.active:
        raise Conflict(
            f"“{found.name}” was deactivated.", "Let them in first: " + command("tawsim", "people", "on", found.name)
        )
    if found is not None:
        return found
    return workspace.db.write(lambda tx: add_worker(tx, workspace.owner_id, new_id(tx.now), name, kind=kind))


def _say_where(out: Output, path: Path, running: bool) -> None:
    if not running:
        out.say(f"Nobody serves {path.name} yet; the address above is the usual one.")
        out.next(command("tawsim", "up", path))
