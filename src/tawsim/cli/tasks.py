"""`tawsim tasks`: the tasks of a project by a filter, in any order. Only looks."""

from typing import Annotated, Any

import typer

from tawsim.cli import options
from tawsim.cli.opening import opened, which
from tawsim.cli.options import app
from tawsim.cli.output import DONE, NO, Output, count
from tawsim.core.clock import to_iso

WIDEST = 60


@app.command("tasks")
def tasks(
    project: options.Named,
    filter: Annotated[
        str, typer.Option("--filter", help="Such as: state:open p<0.8 tag:hard. See docs/reference/table.md.")
    ] = "",
    sort: Annotated[str, typer.Option("--sort", help="A name such as p or due; a dash before it turns it round.")] = "",
    limit: Annotated[int, typer.Option("--limit", min=1, max=1_000, help="How many to show.")] = 50,
    after: Annotated[str, typer.Option("--after", help="The `next` of the page before.")] = "",
    workspace: options.Workspace = None,
    json: options.Json = False,
) -> int:
    """The tasks of a project that a filter finds, in any order.

    Leaves with exit code 1 where it finds none.
    """
    from tawsim.loop.overview import find_project
    from tawsim.loop.table import find_page, forget_tables
    from tawsim.loop.table_grammar import parse, write
    from tawsim.loop.table_rows import page_json
    from tawsim.loop.table_search import forget_searches

    out = Output(json)
    query = parse(f"{filter} sort:{sort}" if sort else filter)
    with opened(which(workspace)) as place:
        found_project = find_project(place.db, project)
        found = find_page(place.db, found_project.id, query, after=after or None, limit=limit, wait=True)
        page = page_json(place.db, found_project.id, found)
        forget_tables(place.db)
        forget_searches(place.db)
    out.result(page | {"project": found_project.name, "query": write(query)})
    total = int(page["total"] or 0)
    out.say(f"{count(total, 'task', 'tasks')} of {found_project.name}" + (f": {write(query)}" if write(query) else ""))
    if page["tasks"]:
        heads = ("task", "state", "answers", "label", "p", "due", "tags", "text")
        out.table(heads, [_line(one) for one in page["tasks"]], right=(0, 4))
    if page["next"]:
        out.say(f"… {total - len(page['tasks']):,} more: --after '{page['next']}'" if not after else "… and more")
    return DONE if total else NO


def _line(one: dict[str, Any]) -> tuple[str, ...]:
    due = "" if one["due"] is None else to_iso(one["due"])[:10]
    text = next((value for value in one["cells"].values() if value), "").replace("\n", " ")
    return (
        str(one["seq"]), one["state"], f"{one['accepted']}/{one['overlap']}", one["label"] or "–",
        "–" if one["p"] is None else f"{one['p']:.2f}", due, ", ".join(one["tags"]),
        text if len(text) <= WIDEST else text[: WIDEST - 1] + "…",
    )  # fmt: skip
