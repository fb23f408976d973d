"""`tawsim gold …`: tasks of known answer, gold and worked examples: listed, made, corrected, handed out or not any more. Rows of
a file become such tasks with `tawsim import --gold`."""

import json as json_module
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tawsim.cli import options
from tawsim.cli.many import act
from tawsim.cli.opening import opened, which
from tawsim.cli.options import app
from tawsim.cli.output import DONE, NO, Output, count, interval, percent
from tawsim.core.errors import BadInput, NotFound

if TYPE_CHECKING:
    from tawsim.core.records import Project
    from tawsim.store.database import Row, Transaction

WIDEST = 40
gold_app = typer.Typer(help="Tasks of known answer: gold and worked examples.", no_args_is_help=True)
app.add_typer(gold_app, name="gold", rich_help_panel=None)
Numbers = Annotated[list[int], typer.Argument(metavar="TASK…", min=1, help="Tasks, by their numbers.")]


@gold_app.command("list")
def list_known(
    project: options.Named,
    limit: Annotated[int, typer.Option("--limit", min=1, max=500, help="How many to show.")] = 100,
    after: Annotated[str, typer.Option("--after", help="The `next` of the page before.")] = "",
    workspace: options.Workspace = None,
    json: options.Json = False,
) -> int:
    """List tasks of known answer: how often each was answered rightly, and how probable it is that it is wrong itself.

    Leaves with exit code 1 where there are none.
    """
    from tawsim.loop.known_view import known_page
    from tawsim.loop.overview import find_project

    out = Output(json)
    path = which(workspace)
    with opened(path) as place:
        found = find_project(place.db, project)
        page = known_page(place.db, found.id, after=after, limit=limit)
    out.result({"workspace": str(path), "project": found.name, **page})
    how_many = sum(page["counts"].values())
    out.say(f"{count(how_many, 'task', 'tasks')} of known answer in {found.name}")
    if page["tasks"]:
        heads = ("task", "use", "state", "answered", "right", "", "wrong itself", "known answer")
        out.table(heads, [_line(one) for one in page["tasks"]], right=(0, 3, 4, 6))
    if page["next"]:
        out.say(f"… more: --after {page['next']}")
    return DONE if how_many else NO


def _line(one: dict[str, Any]) -> tuple[str, ...]:
    share = one["share"]
    told = (percent(share["mean"]), interval(share["low"], share["high"])) if one["n"] else ("–", "")
    answer = _said(one["answers"]).replace("\n", " ")
    return (
        str(one["seq"]), one["purpose"], one["state"], f"{one['n']:,}", *told, percent(one["p_wrong"]),
        answer if len(answer) <= WIDEST else answer[: WIDEST - 1] + "…",
    )  # fmt: skip


def _said(answers: Mapping[str, Any]) -> str:
    """A known answer as one would type it."""
    only = next(iter(answers.values())) if len(answers) == 1 else None
    return only if isinstance(only, str) else json_module.dumps(answers if only is None else only, ensure_ascii=False)


@gold_app.command("make")
def make(
    project: options.Named,
    task: Annotated[int, typer.Argument(metavar="TASK", min=1, help="The task, by its number.")],
    answer: Annotated[
        str, typer.Argument(metavar="ANSWER", help="To the first question; or a JSON object of answers by question.")
    ],
    explanation: Annotated[
        str | None, typer.Option("--explanation", help="Why it is right, in Markdown; shown after an example.")
    ] = None,
    training: Annotated[
        bool | None, typer.Option("--training/--gold", help="A worked example, or gold mixed in unseen (the default).")
    ] = None,
    workspace: options.Workspace = None,
    json: options.Json = False,
) -> int:
    """Give a task a known answer, or correct the one it has: then all who answered it are judged again.

    Of a known answer that is corrected, what is not named stays: the explanation, and what it is for.
    """
    from tawsim.labelling.gold import Known
    from tawsim.labelling.training import correct_known
    from tawsim.loop.placing import read_known_cell

    def work(tx: "Transaction", actor_id: str, found: "Project", row: "Row") -> None:
        held = tx.one("gold_get", task_id=row["id"])
        before = None if held is None else Known({}, held["explanation"], held["purpose"])
        purpose = before.purpose if before and training is None else "training" if training else "gold"
        words = before.explanation if before and explanation is None else explanation or ""
        content = tx.one("task_with_content", id=row["id"])
        assert content is not None
        known = read_known_cell(found, json_module.loads(content["content"]), answer, words, purpose)
        if known is None:
            raise BadInput("The known answer is empty.", "To take one away: tawsim gold unmake PROJECT TASK")
        correct_known(tx, actor_id, row["id"], known, None if held is None else held["version"])

    return _each(project, [task], workspace, json, work, "known now")


@gold_app.command("from-truth")
def from_truth(
    project: options.Named,
    least: Annotated[
        float,
        typer.Option("--least", min=0.0, max=1.0, metavar="P", help="How probable the truth must be, such as 0.99."),
    ],
    filter: options.Filter = None,
    task: options.Numbers = None,
    yes: options.Yes = False,
    workspace: options.Workspace = None,
    json: options.Json = False,
) -> int:
    """Make gold of tasks whose truth is as probable as you say. It tells first how many; then it asks."""
    return act(project, "gold", least, filter, task, yes, workspace, json)


@gold_app.command("retire")
def retire(
    project: options.Named, tasks: Numbers, workspace: options.Workspace = None, json: options.Json = False
) -> int:
    """Hand these tasks out no more; what they said of people stays."""
    return _state(project, tasks, workspace, json, "retired", "handed out no more")


@gold_app.command("keep")
def keep(
    project: options.Named, tasks: Numbers, workspace: options.Workspace = None, json: options.Json = False
) -> int:
    """Hand retired tasks out again. Of a flagged one it says that its known answer is right: the doubt begins anew."""
    return _state(project, tasks, workspace, json, "active", "handed out")


@gold_app.command("unmake")
def unmake(
    project: options.Named, tasks: Numbers, workspace: options.Workspace = None, json: options.Json = False
) -> int:
    """Make them tasks like any other again: what was answered to them is work, and judges nobody any more."""
    from tawsim.labelling.gold import unmark

    def work(tx: "Transaction", actor_id: str, _found: "Project", row: "Row") -> None:
        unmark(tx, actor_id, row["id"])

    return _each(project, tasks, workspace, json, work, "work like any other")


def _state(project: str, tasks: list[int], workspace: Any, json: bool, state: str, what: str) -> int:
    from tawsim.labelling.gold import set_gold_state

    def work(tx: "Transaction", actor_id: str, _found: "Project", row: "Row") -> None:
        set_gold_state(tx, actor_id, row["id"], state)

    return _each(project, tasks, workspace, json, work, what)


def _each(
    project: str, tasks: list[int], workspace: Any, json: bool,
    work: Callable[["Transaction", str, "Project", "Row"], None], what: str,
) -> int:  # fmt: skip
    """Do `work` to each of these tasks, to all of them or to none."""
    from tawsim.loop.known_view import known_task
    from tawsim.loop.overview import find_project

    out = Output(json)
    path = which(workspace)
    with opened(path) as place:
        found = find_project(place.db, project)

        def all_of_them(tx: "Transaction") -> list[str]:
            rows = [_task(tx, found.id, seq) for seq in dict.fromkeys(tasks)]
            for row in rows:
                work(tx, place.owner_id, found, row)
            return [row["id"] for row in rows]

        ids = place.db.write(all_of_them)
        told = [{"seq": seq, **known_task(place.db, one)} for seq, one in zip(dict.fromkeys(tasks), ids, strict=True)]
    out.result({"workspace": str(path), "project": found.name, "tasks": told})
    for one in told:
        known, said = one["known"], count(len(one["said"]), "answer", "answers")
        answer = "" if known is None else f" ({known['purpose']}: {_said(known['answers'])})"
        out.say(f"Task {one['seq']}: {what}{answer}.", *([f"  {said} judged by it"] if known and one["said"] else []))
    return DONE


def _task(tx: "Transaction", project_id: str, seq: int) -> "Row":
    """The task of that number. Raises NotFound: one that was removed, or is still being imported, is not there."""
    row, counts = (
        tx.one("table_task_by_seq", project_id=project_id, seq=seq),
        tx.one("project_count_get", project_id=project_id),
    )
    if row is None or row["state"] == "removed" or counts is None or seq > counts["visible_seq"]:
        raise NotFound(f"There is no task {seq} in this project.", "See: tawsim tasks PROJECT")
    return row
