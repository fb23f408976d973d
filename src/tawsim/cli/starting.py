"""`tawsim init` and `templates`: a project file to begin with, from a file of rows or from a template. Makes no project."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tawsim.cli import options
from tawsim.cli.options import app
from tawsim.cli.output import DONE, Output, command, count
from tawsim.core.errors import AlreadyExists, BadInput

if TYPE_CHECKING:
    from tawsim.intake.proposing import Proposal
    from tawsim.intake.proposing_words import Language
    from tawsim.loop.project_plan import ProjectPlan

Tongue = Annotated[
    str | None,
    typer.Option("--language", metavar="ar|en", help="Of titles and example labels. Else that of the texts."),
]


@app.command("init")
def init(
    file: Annotated[
        Path | None, typer.Argument(metavar="[FILE]", help="CSV, TSV, JSON Lines, JSON list or Parquet; or gzipped.")
    ] = None,
    template: Annotated[
        str | None, typer.Option("--template", "-t", metavar="NAME", help="A usual job: see tawsim templates.")
    ] = None,
    language: Tongue = None,
    name: Annotated[
        str | None, typer.Option("--name", metavar="NAME", help="The project's name. Else the file's.")
    ] = None,
    out_file: Annotated[
        Path, typer.Option("--output", "--out", "-o", metavar="FILE.toml", help="Where to write it.")
    ] = Path("tawsim.toml"),
    format: options.Format = None,
    force: options.Force = False,
    json: options.Json = False,
) -> int:
    """Read a file, propose a project for it, and write that as tawsim.toml.

    Says what each column was read as, and why. Nothing else is made: read the file, change it, then create the project.
    """
    from tawsim.intake.proposing import proposal_json, propose_file
    from tawsim.loop.project_file import write_project_file
    from tawsim.loop.project_plan import plan_json

    out = Output(json)
    tongue = _language(language)
    if file is None and template is None:
        raise BadInput("There is nothing to begin with.", "Name a file, or a template: tawsim init --template ner")
    if out_file.exists() and not force:
        raise _there_already(out_file)
    proposal = propose_file(file, format=format, language=tongue)[0] if file is not None else None
    plan = _plan(file, proposal, template, tongue, name, out_file, format)
    text = write_project_file(plan, head=_head(file, template))
    _write(out_file, text, force)
    read = {"proposal": proposal_json(proposal)} if proposal is not None else {}
    out.result({"file": str(out_file), "template": template, "plan": plan_json(plan), **read})
    if proposal is not None:
        _tell(out, file, proposal)
    _tell_plan(out, plan)
    out.say(f"Wrote {out_file}. Read it, and change what you like.")
    out.next(command("tawsim", "project", "create", "--config", out_file))
    return DONE


def _plan(
    file: Path | None,
    proposal: "Proposal | None",
    template: str | None,
    language: "Language | None",
    name: str | None,
    out_file: Path,
    format: str | None,
) -> "ProjectPlan":
    from dataclasses import replace

    from tawsim.loop.project_plan import renamed
    from tawsim.loop.starting import fit_template, name_of, plan_of_proposal
    from tawsim.loop.template_files import read_template

    if file is None or proposal is None:
        plan = read_template(template or "", language or "en").plan
        return renamed(plan, name) if name else plan
    near = _relative(file, out_file)
    named = name or name_of(file.name)
    if template is None:
        plan = plan_of_proposal(proposal, near, named)
    else:
        plan = fit_template(read_template(template, language or proposal.language), proposal, near, named)
    return replace(plan, data={**plan.data, "format": format}) if format else plan


def _relative(file: Path, out_file: Path) -> str:
    """The file's name as seen from the project file, with / between folders."""
    import os

    return Path(os.path.relpath(file.absolute(), out_file.absolute().parent)).as_posix()


def _head(file: Path | None, template: str | None) -> str:
    words = ["init", *([file.name] if file is not None else []), *(["--template", template] if template else [])]
    return f"Written by: {command('tawsim', *words)}\nWhat each field means: docs/reference/project_file.md".replace(
        "\r", ""
    )


def _there_already(path: Path) -> AlreadyExists:
    return AlreadyExists(f"{path} is there already.", "Choose another with --output, or replace it with --force.")


def _write(path: Path, text: str, force: bool) -> None:
    try:
        # "x": what somebody put there while the file was read stays too.
        with path.open("w" if force else "x", encoding="utf-8", newline="\n") as out:
            out.write(text)
    except FileExistsError:
        raise _there_already(path) from None
    except OSError as error:
        raise BadInput(f"{path} cannot be written: {error.strerror}.") from None


def _tell(out: Output, file: Path | None, proposal: "Proposal") -> None:
    from tawsim.intake.proposing_words import LAYOUT, NOTES, WHY, say

    told = "all" if proposal.whole else "the first"
    side = "right to left" if proposal.direction == "rtl" else "left to right"
    name = file.name if file is not None else ""
    out.say(f"Read {told} {count(proposal.rows, 'row', 'rows')} of {name}; texts run {side}.", "")
    rows = [(one.column, one.role, say(WHY, one.why, "en", one.facts)) for one in proposal.columns]
    out.table(("column", "read as", "why"), rows)
    out.say("", say(LAYOUT, proposal.layout.code, "en"))
    for code, facts in proposal.layout.notes:
        out.say(f"  {say(NOTES, code, 'en', facts)}")
    for other in proposal.alternatives:
        out.say(f"  or: {say(LAYOUT, other.code, 'en')}")
    out.say("")


def _tell_plan(out: Output, plan: "ProjectPlan") -> None:
    for one in plan.questions:
        labels = one.get("labels") or ()
        few = ", ".join(labels[:8]) + (f", … ({len(labels)})" if len(labels) > 8 else "")
        out.say(f"Asks: {one['title'] or one['name']} [{one['kind']}]" + (f": {few}" if few else ""))


@app.command("templates")
def templates(
    name: Annotated[str | None, typer.Argument(metavar="[NAME]", help="Print this one as a project file.")] = None,
    language: Tongue = None,
    json: options.Json = False,
) -> int:
    """List the templates of usual jobs, or print one as a project file."""
    from tawsim.loop.project_file import write_project_file
    from tawsim.loop.template_files import list_templates, read_template, template_json

    out = Output(json)
    tongue = _language(language) or "en"
    if name is not None:
        found = read_template(name, tongue)
        out.result({"template": template_json(found)})
        out.say(write_project_file(found.plan).rstrip("\n"))
        return DONE
    every = list_templates(tongue)
    out.result({"templates": [template_json(one, whole=False) for one in every]})
    out.table(("template", "title", "what for"), [(one.id, one.title, one.what) for one in every])
    out.next("tawsim init FILE --template NAME")
    return DONE


def _language(name: str | None) -> "Language | None":
    if name in (None, "en", "ar"):
        return name  # type: ignore[return-value]
    raise BadInput(f"There is no language {name!r}.", "Languages: ar, en.")
