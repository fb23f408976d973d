"""`tawsim change` and `tawsim suggest`: other questions for a running project, effects first; predictions beside its tasks."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tawsim.cli import options
from tawsim.cli.opening import opened, which
from tawsim.cli.options import app
from tawsim.cli.output import DONE, NO, UNDECIDED, Output, command, count
from tawsim.core.errors import BadInput

if TYPE_CHECKING:
    from tawsim.loop.changing import Effect, Preview

WHY = {
    "question_gone": "the question is gone",
    "kind_changed": "it was a question of another kind: {what}",
    "column_changed": "it was about another column: {what}",
    "label_gone": "the label “{what}” is gone",
    "not_asked": "it is not asked any more after these answers",
    "no_fit": "{what}",
    "others": "other reasons",
}
BECOMES = {
    "refuse": "",
    "keep": "They stay in the history and in exported votes, and no truth rests on them.",
    "reopen": "Their tasks get a new round: they are answered anew.",
}


@app.command("change")
def change(
    project: Annotated[str, typer.Argument(metavar="PROJECT", help="The project's name.")],
    config: Annotated[
        Path,
        typer.Option("--config", "-c", metavar="FILE.toml", help="A project file with the new questions and content."),
    ],
    on_misfits: Annotated[
        str, typer.Option("--on-misfits", help="What becomes of answers that no longer fit: refuse, keep or reopen.")
    ] = "refuse",
    reopen_missing: Annotated[
        bool, typer.Option("--reopen-missing", help="Reopen tasks without an answer that is now required.")
    ] = False,
    rename: Annotated[
        list[str] | None,
        typer.Option("--rename", metavar="QUESTION:OLD=NEW", help="A label's new name; answers with it go on fitting."),
    ] = None,
    yes: options.Yes = False,
    workspace: options.Workspace = None,
    json: options.Json = False,
) -> int:
    """Change what a running project asks and shows.

    First it says what that does to the answers there are; then it asks. Without a terminal to ask at, --yes says it.
    """
    from tawsim.loop.changing import ON_MISFITS, change_project_schema, preview_change
    from tawsim.loop.overview import find_project
    from tawsim.loop.project_file import read_project_file

    out = Output(json)
    if on_misfits not in ON_MISFITS:
        raise BadInput(f"--on-misfits is {', '.join(ON_MISFITS)}, not {on_misfits[:20]!r}.")
    plan = read_project_file(config)
    new = {"questions": list(plan.questions), "content": list(plan.content), "renamed": _renames(rename or [])}
    path = which(workspace)
    with opened(path) as place:
        target = find_project(place.db, project)
        found = preview_change(place.db, target.id, **new)
        _tell(out, found, on_misfits, reopen_missing=reopen_missing)
        wanted = on_misfits == "reopen" or reopen_missing
        if found.nothing and not (wanted and (found.reopens or found.reopens_missing)):
            out.result({"workspace": str(path), "changed": False, "preview": found.to_json()})
            return DONE
        if on_misfits == "refuse" and found.misfits:
            out.result({"workspace": str(path), "changed": False, "preview": found.to_json()})
            out.say("Nothing was changed. Say what becomes of them: --on-misfits keep or --on-misfits reopen.")
            return NO
        if not out.agreed("Change it?", beforehand=yes):
            out.result({"workspace": str(path), "changed": False, "preview": found.to_json()})
            out.say("Nothing was changed; --yes does it.")
            return UNDECIDED
        done = change_project_schema(
            place.db, place.owner_id, target.id, target.version, on_misfits=on_misfits, reopen_missing=reopen_missing,
            **new,
        )  # fmt: skip
    out.result({"workspace": str(path), "changed": True, **done.to_json()})
    version = done.project.schema_version
    out.say(f"Changed “{target.name}”: version {version} of its questions." if not found.nothing else "Done.")
    if done.reopened:
        out.say(f"Reopened {count(done.reopened, 'task', 'tasks')}.")
    return DONE


def _renames(given: list[str]) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for one in given:
        question, colon, pair = one.partition(":")
        old, equals, new = pair.partition("=")
        if not (colon and equals and question and old and new):
            raise BadInput(f"--rename is QUESTION:OLD=NEW, not {one[:60]!r}.", "Such as: --rename label:bad=negative")
        found.setdefault(question, {})[old] = new
    return found


def _tell(out: Output, found: "Preview", on_misfits: str, *, reopen_missing: bool) -> None:
    """What the change does, in lines for people."""
    if found.nothing:
        out.say("The project asks and shows just this already.")
    for effect in found.effects:
        _tell_question(out, effect)
    for one in found.columns:
        out.say(f"{count(one['rows'], 'row has', 'rows have')} no column “{one['column']}”.")
    leases = found.under_way["leases"]
    if leases and found.under_way["ends"]:
        out.say(
            f"{count(leases, 'task', 'tasks')} under way will be taken back; what is sent all the same is kept as a draft."
        )
    elif leases and not found.nothing:
        out.say(f"{count(leases, 'task is', 'tasks are')} under way; answers that do not fit are kept as drafts.")
    if found.misfits:
        out.say(
            f"In all, {count(found.misfits, 'answer', 'answers')} to {count(found.misfit_tasks, 'task', 'tasks')} stop fitting."
        )
        out.say(*[line for line in [BECOMES[on_misfits]] if line])
    if on_misfits == "reopen" or reopen_missing:
        n = (found.reopens if on_misfits == "reopen" else 0) + (found.reopens_missing if reopen_missing else 0)
        out.say(f"About {count(n, 'task', 'tasks')} will be reopened.")


def _tell_question(out: Output, effect: "Effect") -> None:
    facts = [f"{effect.kept:,} kept"] if effect.state != "new" else []
    facts += [f"{n:,} {word}" for n, word in (
        (effect.renamed, "of them under a new name"), (effect.misfits, "no longer fit"), (effect.back, "fit again"),
        (effect.out, "did not fit before"), (effect.missing, "not given yet, and required"),
        (effect.tasks, "tasks whose truth changes"), (effect.bare, "of them left without an answer"),
    ) if n]  # fmt: skip
    out.say(f"{effect.question} ({effect.state}): " + (", ".join(facts) or "no answers"))
    for reason in effect.reasons:
        why = WHY[reason.code].format(what=reason.what)
        examples = ", ".join(f"task {one['seq']}" for one in reason.examples)
        out.say(f"  {reason.answers:,}: {why} ({examples})")


@app.command("suggest")
def suggest(
    project: Annotated[str, typer.Argument(metavar="PROJECT", help="The project's name.")],
    file: Annotated[
        Path | None,
        typer.Argument(metavar="[FILE]", help="CSV, JSON Lines or Parquet with task, answer and perhaps p."),
    ] = None,
    by: Annotated[
        str,
        typer.Option(
            "--by", metavar="COLUMN", help="The column of file and project that names a task, not its number."
        ),
    ] = "",
    column: Annotated[
        str, typer.Option("--column", metavar="COLUMN", help="A column of the project's own rows is the prediction.")
    ] = "",
    question: Annotated[
        str, typer.Option("--question", metavar="NAME", help="The question that --column predicts.")
    ] = "",
    source: Annotated[str, typer.Option("--source", metavar="NAME", help="Who predicted; else the file's name.")] = "",
    workspace: options.Workspace = None,
    json: options.Json = False,
) -> int:
    """Add predictions of a model beside a project's tasks, all of a file or none.

    They are never counted as answers. Workers see them only where the project's setting suggestions is on.
    """
    from tawsim.loop.overview import find_project
    from tawsim.loop.suggesting import suggest_column, suggest_file

    out = Output(json)
    if (file is None) == (not column):
        raise BadInput(
            "Name a file with predictions, or a column of the project's rows.", "tawsim suggest PROJECT FILE"
        )
    path = which(workspace)
    with opened(path) as place:
        target = find_project(place.db, project)
        who = place.owner_id
        if file is None:
            report = suggest_column(place.db, target.id, column, actor_id=who, question=question, source=source)
        elif not file.is_file():
            raise BadInput(f"There is no file {file}.", "Check the path.")
        else:
            report = suggest_file(place.db, target.id, file, actor_id=who, by=by, source=source)
    shown = target.settings.suggestions
    out.result({"workspace": str(path), "project": target.name, "shown": shown, **report.to_json()})
    out.say(
        f"Took {count(report.suggestions, 'suggestion', 'suggestions')} of “{report.source}” for "
        f"{count(report.tasks, 'task', 'tasks')}: {report.new:,} new, {report.changed:,} changed, {report.same:,} as before."
    )
    if not shown:
        out.say("Nobody sees them yet: the project's setting “suggestions” is off.")
    out.next(command("tawsim", "up", path))
    return DONE
