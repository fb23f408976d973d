"""`tawsim people …`: who is here, what is known of them, their role, letting out and in; `tawsim sign-on …`: the set-up of
single sign-on, which stands beside the workspace. Whoever runs a command here acts as the workspace's first owner."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tawsim.cli import options
from tawsim.cli.opening import address_of, link, note, opened, person_named, which
from tawsim.cli.options import app
from tawsim.cli.output import DONE, Output
from tawsim.core.errors import BadInput

if TYPE_CHECKING:
    from tawsim.core.records import Worker
    from tawsim.store.database import Database, Transaction
    from tawsim.workspaces.workspace import Workspace

people_app = typer.Typer(help="Who is here: profiles, roles, letting out and in.", no_args_is_help=True)
app.add_typer(people_app, name="people", rich_help_panel=None)
sign_on_app = typer.Typer(help="Single sign-on of a workspace (OpenID Connect).", no_args_is_help=True)
app.add_typer(sign_on_app, name="sign-on", rich_help_panel=None)
Name = Annotated[str, typer.Argument(metavar="NAME", help="Whom.")]
Words = Annotated[str | None, typer.Option(metavar="A,B,…", help="With commas between; empty for none.")]


@contextmanager
def _books(place: "Workspace") -> Iterator["Database"]:
    from tawsim.workspaces.accounts import open_accounts

    books = open_accounts(place.path.parent)
    try:
        yield books
    finally:
        books.close()


def _find(place: "Workspace", name: str) -> "Worker":
    with place.db.read() as tx:
        return person_named(tx, name)


@people_app.command("list")
def list_all(workspace: options.Workspace = None, json: options.Json = False) -> int:
    """List everybody: role, languages, skills, groups, state."""
    from tawsim.workspaces.profiles import profiles, said
    from tawsim.workspaces.workspace import list_workers

    out = Output(json)
    path = which(workspace)
    with opened(path) as place, place.db.read() as tx:
        found, known = list_workers(tx), profiles(tx)
    facts = [
        {"id": one.id, "name": one.name, "kind": one.kind, "role": one.role, "active": one.active,
         "version": known[one.id][1], "profile": said(known[one.id][0])}
        for one in found
    ]  # fmt: skip
    out.result({"workspace": str(path), "people": facts})
    rows = [
        (one.name, one.role if one.kind == "person" else f"{one.role} ({one.kind})",
         ", ".join((*known[one.id][0].languages, *known[one.id][0].dialects)) or "–",
         ", ".join((*known[one.id][0].skills, *known[one.id][0].groups)) or "–", "" if one.active else "deactivated")
        for one in found
    ]  # fmt: skip
    out.table(("name", "role", "languages", "skills, groups", ""), rows)
    return DONE


@people_app.command("set")
def set_profile(
    name: Name,
    languages: Words = None,
    dialects: Words = None,
    skills: Words = None,
    groups: Words = None,
    email: Annotated[str | None, typer.Option("--email", help="Where summaries go.")] = None,
    time_zone: Annotated[str | None, typer.Option("--time-zone", help="Such as Asia/Riyadh.")] = None,
    per_hour: Annotated[float | None, typer.Option("--per-hour", help="Pay for an hour.")] = None,
    per_answer: Annotated[float | None, typer.Option("--per-answer", help="Pay for an answer.")] = None,
    currency: Annotated[str | None, typer.Option("--currency", help="Of the pay, such as EUR.")] = None,
    workspace: options.Workspace = None,
    json: options.Json = False,
) -> int:
    """Change what is known of a person; what is not named stays."""
    from tawsim.workspaces import profiles

    out = Output(json)
    lists = {"languages": languages, "dialects": dialects, "skills": skills, "groups": groups}
    changes: dict[str, Any] = {one: options.words(text) for one, text in lists.items() if text is not None}
    plain = {
        "email": email,
        "time_zone": time_zone,
        "per_hour": per_hour,
        "per_answer": per_answer,
        "currency": currency,
    }
    changes |= {one: value for one, value in plain.items() if value is not None}
    if not changes:
        raise BadInput("Nothing to change was named.", "Example: tawsim people set Omar --languages ar-EG,en")
    path = which(workspace)
    with opened(path) as place:
        worker = _find(place, name)

        def work(tx: "Transaction") -> tuple[profiles.Profile, int]:
            _, version = profiles.versioned_profile(tx, worker.id)
            return profiles.set_profile(tx, place.owner_id, worker.id, version, changes)

        made, version = place.db.write(work)
    out.result({"workspace": str(path), "worker": worker.id, "version": version, "profile": profiles.said(made)})
    known = (
        f"{one.replace('_', ' ')} {', '.join(value) if isinstance(value, list | tuple) else value}"
        for one, value in profiles.said(made).items()
    )
    out.say(f"{worker.name}: {'; '.join(known) or 'nothing known'}")
    return DONE


@people_app.command("role")
def set_role(
    name: Name,
    role: Annotated[str, typer.Argument(metavar="ROLE", help="owner, manager, reviewer or labeller.")],
    workspace: options.Workspace = None,
    json: options.Json = False,
) -> int:
    """Give somebody another role. Their sessions and tokens end; they get a new link."""
    from tawsim.workspaces import roles

    wanted = roles.read_role(role)
    return _ending(
        name, workspace, json, lambda tx, place, one: roles.set_role(tx, place.owner_id, one.id, wanted), f"{role} now"
    )


@people_app.command("reset")
def reset(name: Name, workspace: options.Workspace = None, json: options.Json = False) -> int:
    """A new link for somebody who cannot come in; ends their sessions, tokens, password and passkeys."""
    from tawsim.store.keys import record

    return _ending(
        name, workspace, json, lambda tx, place, one: record(tx, "worker.reset", place.owner_id, object_id=one.id),
        "signed out everywhere", whole=True,
    )  # fmt: skip


@people_app.command("off")
def let_out(
    name: Name,
    reason: Annotated[str, typer.Option("--reason", help="Why: they read it when they come back.")] = "",
    workspace: options.Workspace = None,
    json: options.Json = False,
) -> int:
    """Deactivate somebody: their sessions and live leases end, their answers stay."""
    from tawsim.labelling.owners import set_worker_active
    from tawsim.workspaces.roles import check_may_let_out

    def work(tx: "Transaction", place: "Workspace", one: "Worker") -> None:
        check_may_let_out(tx, place.owner_id, one.id)
        set_worker_active(tx, place.owner_id, one.id, False, reason)

    return _ending(name, workspace, json, work, "deactivated", entering=False)


@people_app.command("on")
def let_in(name: Name, workspace: options.Workspace = None, json: options.Json = False) -> int:
    """Let somebody in again, by a new link."""
    from tawsim.labelling.owners import set_worker_active

    return _ending(
        name,
        workspace,
        json,
        lambda tx, place, one: set_worker_active(tx, place.owner_id, one.id, True),
        "active again",
    )


def _ending(
    name: str,
    workspace: Any,
    json: bool,
    work: Callable[["Transaction", "Workspace", "Worker"], Any],
    what: str,
    *,
    entering: bool = True,
    whole: bool = False,
) -> int:
    """Do `work`, end what stands for the person (`whole`: password and passkeys too), and give a link to come in again."""
    from tawsim.workspaces import accounts

    out = Output(json)
    path = which(workspace)
    with opened(path) as place:
        worker = _find(place, name)
        place.db.write(lambda tx: work(tx, place, worker))
        identity = accounts.Identity(place.id, worker.id)
        with _books(place) as books:
            if whole:
                secret: str | None = books.write(lambda tx: accounts.reset(tx, identity))
            else:
                books.write(lambda tx: accounts.revoke_worker(tx, identity))
                secret = books.write(lambda tx: accounts.issue(tx, "invite", identity)) if entering else None
        after = _find(place, worker.name)
    address, _ = address_of(path)
    url = None if secret is None or worker.kind != "person" else link(address, secret)
    out.result(
        {"workspace": str(path), "worker": after.id, "name": after.name, "role": after.role, "active": after.active,
         "link": url}
    )  # fmt: skip
    out.say(f"{after.name}: {what}.", *([f"  {url}"] if url else []))
    return DONE


@sign_on_app.command("set")
def set_up(
    issuer: Annotated[
        str, typer.Argument(metavar="ISSUER", help="The issuer's address, such as https://id.example.org.")
    ],
    client_id: Annotated[str, typer.Option("--client-id", help="What the issuer calls this server.")],
    address: Annotated[
        str, typer.Option("--address", help="How people reach this server; the issuer sends them back there.")
    ],
    name: Annotated[str, typer.Option("--name", help="What people know the service by.")] = "single sign-on",
    secret_env: Annotated[
        str, typer.Option("--secret-env", metavar="VARIABLE", help="The variable that holds the client's secret.")
    ] = "",
    private: Annotated[
        bool, typer.Option("--private", help="The issuer is on this machine or a private network.")
    ] = False,
    workspace: options.Workspace = None,
    json: options.Json = False,
) -> int:
    """Set up single sign-on. Who may enter by it is said person by person, on the team's page."""
    from tawsim.workspaces import sign_on

    made = sign_on.read_sign_on(name, issuer, client_id, secret_env, address, private)
    out = Output(json)
    path = which(workspace)
    with opened(path) as place, _books(place) as books:
        books.write(lambda tx: sign_on.set_sign_on(tx, place.id, made))
        note(place, "worker.sign_on_set", None, issuer=made.issuer)
    back = sign_on.way_back(made)
    out.result({"workspace": str(path), "issuer": made.issuer, "client_id": made.client_id, "redirect_uri": back})
    out.say(f"People may enter by {made.name} ({made.issuer}).", f"Give the issuer this way back: {back}")
    return DONE


@sign_on_app.command("show")
def show(workspace: options.Workspace = None, json: options.Json = False) -> int:
    """Show the set-up, and whom it lets in."""
    from tawsim.workspaces import sign_on

    out = Output(json)
    path = which(workspace)
    with opened(path) as place, _books(place) as books, books.read() as tx:
        made, emails = sign_on.check_linked(tx, place.id), sign_on.emails_let_in(tx, place.id)
        with place.db.read() as people:
            names = {row["id"]: row["name"] for row in people.all("worker_list")}
    persons = [{"worker": one, "name": names.get(one, ""), "email": email} for one, email in emails.items()]
    out.result(
        {"workspace": str(path), "name": made.name, "issuer": made.issuer, "client_id": made.client_id,
         "secret_env": made.secret_env, "address": made.address, "private": made.allow_private, "people": persons}
    )  # fmt: skip
    out.say(f"{made.name}: {made.issuer}, as {made.client_id}; the way back is {sign_on.way_back(made)}.")
    out.table(("name", "e-mail"), [(one["name"], one["email"]) for one in persons])
    return DONE


@sign_on_app.command("link")
def link_person(
    name: Name,
    email: Annotated[str, typer.Argument(metavar="EMAIL", help="Empty ('') to take it away.")],
    workspace: options.Workspace = None,
    json: options.Json = False,
) -> int:
    """Let somebody in by single sign-on: whoever proves this e-mail to the issuer enters as them."""
    from tawsim.workspaces import sign_on
    from tawsim.workspaces.accounts import Identity

    out = Output(json)
    path = which(workspace)
    with opened(path) as place, _books(place) as books:
        worker = _find(place, name)
        found = books.write(lambda tx: sign_on.let_in(tx, Identity(place.id, worker.id), email))
        note(place, "worker.sign_on", worker.id)
    out.result({"workspace": str(path), "worker": worker.id, "email": found})
    out.say(f"{worker.name} enters as {found}." if found else f"{worker.name} no longer enters by single sign-on.")
    return DONE


@sign_on_app.command("remove")
def take_away(workspace: options.Workspace = None, json: options.Json = False) -> int:
    """No single sign-on from now on. Sessions that began by it go on."""
    from tawsim.workspaces import sign_on

    out = Output(json)
    path = which(workspace)
    with opened(path) as place, _books(place) as books:
        books.write(lambda tx: sign_on.set_sign_on(tx, place.id, None))
        note(place, "worker.sign_on_removed", None)
    out.result({"workspace": str(path), "sign_on": None})
    out.say("There is no single sign-on here any more.")
    return DONE
