"""`tawsim pay`: hours and pay, as a table, CSV or JSON. Writes nothing but with --top-up."""

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from tawsim.cli import options
from tawsim.cli.opening import opened, which
from tawsim.cli.options import app
from tawsim.cli.output import DONE, Output

HOUR, MICROS = 3_600_000_000, 1_000_000

if TYPE_CHECKING:
    from tawsim.loop.paying import Line


@app.command("pay")
def pay(
    project: Annotated[str | None, typer.Argument(metavar="[PROJECT]", help="The project; all of them, with --worker.")] = None,
    worker: Annotated[str | None, typer.Option("--worker", metavar="NAME", help="One person only.")] = None,
    from_: Annotated[str | None, typer.Option("--from", metavar="YYYY-MM-DD", help="The first day.")] = None,
    to: Annotated[str | None, typer.Option("--to", metavar="YYYY-MM-DD", help="The last day.")] = None,
    days: Annotated[bool, typer.Option("--days", help="A line for each day.")] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Lines with commas, for a spreadsheet.")] = False,
    top_up: Annotated[
        bool, typer.Option("--top-up", help="Write what finished days lack to the project's floor per hour.")
    ] = False,
    workspace: options.Workspace = None,
    json: options.Json = False,
) -> int:  # fmt: skip
    """Hours that were worked and what they were paid, by worker and project."""
    from tawsim.loop.overview import find_project
    from tawsim.loop.paying import FIRST, LAST, line_json, pay_lines, totals
    from tawsim.loop.paying import top_up as bring_up

    out = Output(json)
    with opened(which(workspace)) as place:
        chosen = find_project(place.db, project) if project is not None or worker is None else None
        written = bring_up(place.db, chosen) if top_up and chosen is not None else []
        lines = pay_lines(place.db, chosen, worker, _day(from_, "--from") or FIRST, _day(to, "--to") or LAST)
    shown = lines if days else totals(lines)
    out.result(
        {"lines": [line_json(one) for one in shown], "topped_up": [line_json(one) for one in written], "days": days}
    )
    if as_csv and not json:
        _write_csv(shown)
        return DONE
    for one in written:
        out.say(f"{one.worker}, {one.day}: {_money(one.amounts)} more, to the floor.")
    table = [
        (one.worker, one.project, one.day, _hours(one.active), _hours(one.on_word), f"{one.answers:,}",
         _money(one.amounts), _money({c: a * HOUR // one.active for c, a in one.amounts.items()}) if one.active else "–")
        for one in shown
    ]  # fmt: skip
    out.table(
        ("worker", "project", "day", "hours", "on the browser's word", "answers", "paid", "an active hour"), table,
        right=(3, 4, 5, 6, 7),
    )  # fmt: skip
    if not shown:
        out.say("Nobody has worked here yet.")
    return DONE


def _day(text: str | None, name: str) -> str | None:
    from datetime import date

    from tawsim.core.errors import BadInput

    if text is None:
        return None
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        raise BadInput(f"{name} is a day such as 2026-11-22, not {text[:40]!r}.") from None


def _hours(us: int) -> str:
    minutes = us // 60_000_000
    return f"{minutes // 60}:{minutes % 60:02d}"


def _money(amounts: dict[str, int]) -> str:
    return (
        ", ".join(f"{amount / MICROS:,.2f} {currency}".strip() for currency, amount in sorted(amounts.items())) or "–"
    )


def _write_csv(lines: "list[Line]") -> None:
    from tawsim.releases.csv_writer import csv_chunks

    columns = ("worker", "project", "day", "hours", "hours_on_word", "answers", "currency", "amount")
    rows = (
        {
            "worker": one.worker, "project": one.project, "day": one.day, "hours": f"{one.active / HOUR:.6f}",
            "hours_on_word": f"{one.on_word / HOUR:.6f}", "answers": one.answers, "currency": currency,
            "amount": f"{amount / MICROS:.6f}",
        }
        for one in lines
        for currency, amount in sorted(one.amounts.items()) or [("", 0)]
    )  # fmt: skip
    for chunk in csv_chunks(rows, columns, True, lambda _rows, _formulas: None):
        sys.stdout.write(chunk)
