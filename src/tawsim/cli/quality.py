"""`tawsim quality`: how far people agree, who and what they disagree about, and what would help. Only looks."""

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from tawsim.cli import options
from tawsim.cli.opening import opened, which
from tawsim.cli.options import app
from tawsim.cli.output import DONE, UNDECIDED, Output, count

MEASURES = {
    "alpha": "Krippendorff's α", "fleiss": "Fleiss's κ", "likeness": "likeness of two answers", "gamma": "γ of spans",
    "overlap": "mean overlap", "word_error": "words that differ",
}  # fmt: skip
PACES = {
    "unread": "nobody reads a task in that time", "hasty": "much faster than the others, and agrees less",
    "fast": "much faster than the others", "usual": "", "few": "too few answers to say",
}  # fmt: skip


@app.command("quality")
def quality(
    project: options.Named,
    question: Annotated[
        str | None, typer.Option("--question", help="The question; the first if none is named.")
    ] = None,
    workspace: options.Workspace = None,
    json: options.Json = False,
) -> int:
    """How far people agree, and what they disagree about.

    By label, slice and person, each figure with its 95 % interval. Leaves with exit code 2 while nobody has answered.
    """
    from tawsim.loop.overview import find_project
    from tawsim.loop.quality import quality_page

    out = Output(json)
    with opened(which(workspace)) as place:
        found = quality_page(place.db, find_project(place.db, project).id, question, wait_s=None)
    out.result(found)
    if found["state"] == "empty":
        out.say("Nobody has answered yet.")
        return UNDECIDED
    _show(out, found)
    return DONE


def _show(out: Output, found: Mapping[str, Any]) -> None:
    counts = found["counts"]
    same = f" · {', '.join(found['same'])} counted as same" if found["same"] else ""
    out.say(
        f"{found['title']}: {count(counts['answers'], 'answer', 'answers')} to {count(counts['tasks'], 'task', 'tasks')}, "
        f"{counts['compared']:,} with two or more"
    )
    for one in found["agreement"]:
        metric = f" ({one['metric']})" if one.get("metric") else ""
        out.say(
            f"  {MEASURES.get(one['measure'], one['measure'])}{metric} {interval(one)}, {one['tasks']:,} tasks{same}"
        )
    if found["mixed"]:
        out.say("", "Mixed up:")
        rows = [
            (f"{one['a']} / {one['b']}", f"{one['tasks']:,}", interval(one["of_all"]), _says(one)) for one in found["mixed"]
        ]  # fmt: skip
        out.table(("labels", "tasks", "of all disagreement", "the guideline"), rows, right=(1,))
    out.say("", "People:")
    people = [
        (
            one["name"], f"{one['answers']:,}", interval(one["others"]), interval(one["truth"]), interval(one["seconds"], "s"),
            "; ".join(filter(None, (PACES[one["pace"]["is"]], _change(one["change"])))),
        )
        for one in found["people"]
    ]  # fmt: skip
    measure = next((one["truth"]["measure"] for one in found["people"] if one["truth"]), "truth")
    out.table(("person", "answers", "like others", measure, "time an answer", ""), people, right=(1,))
    lower = [(one["name"] or one["kind"], part) for one in found["slices"] for part in one["parts"] if part["lower"]]
    if lower:
        out.say("", "Below the rest:")
        rows = [
            (name, part.get("says", part["value"]), f"{part['answered']:,}", interval(part["agreement"]))
            for name, part in lower
        ]
        out.table(("slice", "value", "tasks", "agreement"), rows, right=(2,))


def _says(one: Mapping[str, Any]) -> str:
    both = one["sentences"]["both"]
    return both[0] if both else "says nothing about the one against the other"


def _change(change: Mapping[str, Any] | None) -> str:
    if change is None:
        return ""
    return f"{'worse' if change['value'] < 0 else 'better'} by {interval({**change, 'value': abs(change['value'])}, whole=False)}"


def interval(found: Mapping[str, Any] | None, unit: str = "", *, whole: bool = True) -> str:
    """“.82 [.79 – .85]”, or a dash."""
    if found is None or found["value"] is None:
        return "–"
    after = f" {unit}" if unit else ""
    ends = f" [{found['low']:.3g} – {found['high']:.3g}]" if found["low"] is not None and whole else ""
    return f"{found['value']:.3g}{ends}{after}"
