"""`tawsim endpoint`: which models may be asked, where, and with whose key. The key itself passes through no command."""

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tawsim.cli import options
from tawsim.cli.opening import opened, which
from tawsim.cli.options import app
from tawsim.cli.output import DONE, Output, command, count
from tawsim.core.errors import EndpointDown

if TYPE_CHECKING:
    from tawsim.labellers.endpoint import Endpoint

endpoint_app = typer.Typer(help="Models behind OpenAI-compatible endpoints.", rich_markup_mode=None)
app.add_typer(endpoint_app, name="endpoint")
Name = Annotated[str, typer.Argument(metavar="NAME")]
PROMPT = "Say hello in one short sentence."


@endpoint_app.callback(invoke_without_command=True)
def endpoint(context: typer.Context) -> None:
    """Models behind OpenAI-compatible endpoints, for live conversations."""
    if context.invoked_subcommand is None:
        print(context.get_help())  # noqa: T201


@endpoint_app.command("add")
def add(
    name: Name,
    url: Annotated[str, typer.Argument(metavar="URL", help="The base address; mostly it ends in /v1.")],
    model: Annotated[list[str], typer.Option("--model", metavar="MODEL", help="Given several times: several models.")],
    key_env: Annotated[
        str,
        typer.Option("--key-env", metavar="VARIABLE", help="The variable that holds the key. Never the key itself."),
    ] = "",
    private: Annotated[
        bool, typer.Option("--private", help="The model is on this machine or a private network (vLLM, Ollama, …).")
    ] = False,
    max_tokens: Annotated[int, typer.Option("--max-tokens", metavar="N", help="The longest answer, in tokens.")] = 1024,
    workspace: options.Workspace = None,
    json: options.Json = False,
) -> int:
    """Let chat questions of this workspace ask the models at URL."""
    from tawsim.labellers.endpoints import add_endpoint, consent, new_endpoint

    out = Output(json)
    new = new_endpoint(name, url, model, key_env=key_env, allow_private=private, max_tokens=max_tokens)
    path = which(workspace)
    with opened(path) as place:
        made = place.db.write(lambda tx: add_endpoint(tx, place.owner_id, new))
        consent(place.path.parent, place.id, made)
    out.result({"workspace": str(path), "endpoint": _facts(made, True)})
    out.say(f"“{made.name}” asks {', '.join(made.models)} at {made.base_url}.")
    if key_env and not os.environ.get(key_env):
        out.say(f"The variable {key_env} is not set here; it must be where the server is started.")
    out.next(command("tawsim", "endpoint", "try", made.name, "-w", path))
    return DONE


@endpoint_app.command("list")
def list_all(workspace: options.Workspace = None, json: options.Json = False) -> int:
    """List the endpoints of a workspace, and whether each is allowed on this machine."""
    from tawsim.labellers.endpoints import has_consent, list_endpoints

    out = Output(json)
    path = which(workspace)
    with opened(path) as place:
        with place.db.read() as tx:
            found = list_endpoints(tx)
        allowed = [has_consent(place.path.parent, place.id, one) for one in found]
    facts = [_facts(one, yes) for one, yes in zip(found, allowed, strict=True)]
    out.result({"workspace": str(path), "endpoints": facts})
    rows = [
        (one.name, one.base_url, ", ".join(one.models), one.key_env or "–", "yes" if one.allow_private else "no",
         "yes" if yes else f"no: tawsim endpoint allow {one.name}")
        for one, yes in zip(found, allowed, strict=True)
    ]  # fmt: skip
    if rows:
        out.table(("endpoint", "address", "models", "key in", "private", "allowed here"), rows)
    else:
        out.say(f"{path.name} has no endpoint yet.")
        out.next("tawsim endpoint add NAME URL --model MODEL")
    return DONE


@endpoint_app.command("allow")
def allow(name: Name, workspace: options.Workspace = None, json: options.Json = False) -> int:
    """Allow an endpoint that came with a copied workspace to be asked from this machine. Look at its address first."""
    from tawsim.labellers.endpoints import consent, find_endpoint

    out = Output(json)
    path = which(workspace)
    with opened(path) as place:
        with place.db.read() as tx:
            found = find_endpoint(tx, name)
        consent(place.path.parent, place.id, found)
    out.result({"workspace": str(path), "endpoint": _facts(found, True)})
    key = f", with the key in {found.key_env}" if found.key_env else ""
    out.say(f"“{found.name}” may be asked from here: {found.base_url}{key}.")
    return DONE


@endpoint_app.command("remove")
def remove(name: Name, workspace: options.Workspace = None, json: options.Json = False) -> int:
    """Take an endpoint out. What its models said stays with the answers."""
    from tawsim.labellers.endpoints import remove_endpoint

    out = Output(json)
    path = which(workspace)
    with opened(path) as place:
        gone = place.db.write(lambda tx: remove_endpoint(tx, place.owner_id, name))
    out.result({"workspace": str(path), "removed": gone.name})
    out.say(f"Removed “{gone.name}”.")
    return DONE


@endpoint_app.command("try")
def try_out(
    name: Name,
    prompt: Annotated[str, typer.Option("--prompt", metavar="TEXT", help="What to ask.")] = PROMPT,
    workspace: options.Workspace = None,
    json: options.Json = False,
) -> int:
    """Ask each model of an endpoint once and show what it says, or why it does not."""
    from random import SystemRandom

    from tawsim.labellers.endpoint import complete, draws
    from tawsim.labellers.endpoints import check_consent, find_endpoint

    out = Output(json)
    path = which(workspace)
    with opened(path) as place:
        with place.db.read() as tx:
            found = find_endpoint(tx, name)
        check_consent(place.path.parent, place.id, found)
    replies = []
    for draw in sorted(draws(found.models, len(found.models), SystemRandom()), key=lambda one: one.model):
        try:
            reply = complete(found, draw, [{"role": "user", "content": prompt}])
        except EndpointDown as error:
            if error.details.get("told"):
                out.note(f"{draw.model}: {error.details['told']}")
            raise
        replies.append(reply)
        out.say(f"{draw.model} ({count(reply.completion_tokens, 'token', 'tokens')}):", f"  {reply.text}")
    out.result(
        {
            "endpoint": found.name,
            "replies": [
                {
                    "model": one.draw.model, "text": one.text, "finish": one.finish, "prompt_tokens": one.prompt_tokens,
                    "completion_tokens": one.completion_tokens,
                }
                for one in replies
            ],
        }
    )  # fmt: skip
    return DONE


@endpoint_app.command("turns")
def turns(project: options.Project = None, workspace: options.Workspace = None, json: options.Json = False) -> int:
    """Show what people asked the live models of a project, and which model said what."""
    from tawsim.loop.live import turns_of_project
    from tawsim.loop.overview import find_project

    out = Output(json)
    path = which(workspace)
    with opened(path) as place:
        target = find_project(place.db, project)
        with place.db.read() as tx:
            found = list(turns_of_project(tx, target.id))
    out.result({"workspace": str(path), "project": target.name, "turns": found})
    for one in found:
        out.say(
            f"task {one['seq']:,} · {one['worker_name']} · turn {one['turn']}: {_short(one['messages'][-1]['content'])}"
        )
        out.say(*(f"  {i + 1}. {said['model']}: {_short(said['text'])}" for i, said in enumerate(one["candidates"])))
    if not found:
        out.say(f"Nobody has asked a live model in “{target.name}” yet.")
    return DONE


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 100 else line[:99] + "…"


def _facts(one: "Endpoint", allowed: bool) -> Mapping[str, Any]:
    return {
        "name": one.name, "base_url": one.base_url, "models": list(one.models), "key_env": one.key_env,
        "private": one.allow_private, "max_tokens": one.max_tokens, "allowed_here": allowed,
    }  # fmt: skip
