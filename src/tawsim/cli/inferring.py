"""`tawsim infer`: a file of answers in, the truth out. Says what was found; infers nothing itself."""

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from tawsim.cli import options
from tawsim.cli.options import app
from tawsim.cli.output import DONE, Output, count, interval, percent

SHOWN = 30
MEASURES = {
    "accuracy": "accuracy", "ece": "calibration error (ECE)", "brier": "Brier score", "mae": "mean absolute error",
    "rmse": "root mean squared error", "inside": "truths inside the 95 % interval", "same": "exactly right",
    "span_f1": "F1 of whole spans", "precision": "precision", "recall": "recall", "iou": "mean overlap (IoU)",
    "wer": "word error rate",
}  # fmt: skip
# What p is where it is no probability of being right.
P_IS = {
    "first": "It is the probability that the first item is better than the second, not that the whole order is right",
    "f1": "It is the F1 to be expected of the spans, not the probability that all of them are right",
    "words": "It is the share of words to be expected right, not the probability that all of them are",
    "objects": "It is the probability that nothing is missing or too much and every label is right; places may be off",
}
# What agreement is measured by, and whether that is a share.
AGREEMENT = {
    "alpha": ("Krippendorff's α", False), "gamma": ("γ", False), "overlap": ("mean overlap", True),
    "word_error": ("words that differ", True),
}  # fmt: skip
SHARES = (
    "accuracy",
    "ece",
    "inside",
    "same",
    "hit_rate",
    "word_error",
    "f1",
    "span_f1",
    "precision",
    "recall",
    "iou",
    "wer",
)

OnProgress = Callable[[int, int, int], None]
OnStep = Callable[[str], None]


@app.command("infer")
def infer(
    votes: Annotated[Path, typer.Argument(metavar="VOTES", help="A file with the columns task, worker and label.")],
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FILE", help="A .csv, .jsonl or .parquet file.")],
    kind: Annotated[
        str, typer.Option("--kind", help="What the labels are: auto, choice, choices, ordinal, numeric, pairwise, …")
    ] = "auto",
    model: Annotated[str, typer.Option("--model", help="auto, or a model of this kind, such as majority.")] = "auto",
    gold: Annotated[
        Path | None, typer.Option("--gold", metavar="FILE", help="Known truths: task, label. Judged by cross-fitting.")
    ] = None,
    workers: Annotated[
        Path | None, typer.Option("--workers", metavar="FILE", help="Where to write what each worker is worth.")
    ] = None,
    items: Annotated[
        Path | None, typer.Option("--items", metavar="FILE", help="Where to write the scores of items compared.")
    ] = None,
    report: Annotated[
        Path | None, typer.Option("--report", metavar="FILE.html", help="Where to write one page of figures.")
    ] = None,
    lang: Annotated[str, typer.Option("--lang", help="The language of the report: en or ar.")] = "en",
    levels: Annotated[
        str | None, typer.Option("--levels", metavar="A,B,…", help="Ordinal labels from the lowest to the highest.")
    ] = None,
    strict: Annotated[bool, typer.Option("--strict", help="A worker's second answer to a task is an error.")] = False,
    format: options.Format = None,
    force: options.Force = False,
    json: options.Json = False,
) -> int:
    """Infer the truth from a table of answers.

    Columns task, worker, label in (and left, right for comparisons); task, label, p and more out. Needs no workspace.
    """
    from tawsim.loop.votes_files import Outputs, infer_file

    out = Output(json)
    order = None if levels is None else [one.strip() for one in levels.split(",") if one.strip()]
    with _bar(votes.name, quiet=json) as (on_progress, on_step):
        found = infer_file(
            votes, output, model=model, force=force, kind=kind, gold=gold, strict=strict, levels=order, format=format,
            outputs=Outputs(workers, items, report, lang), on_progress=on_progress, on_step=on_step,
        )  # fmt: skip
    written = {
        name: str(path) for name, path in (("workers_file", workers), ("items_file", items), ("report", report)) if path
    }
    out.result({"file": str(output), **written, **found})
    if not str(output).startswith("/dev/"):
        _say(out, output, found, [path for path in (workers, items, report) if path is not None])
    return DONE


@contextmanager
def _bar(name: str, *, quiet: bool) -> Iterator[tuple[OnProgress | None, OnStep | None]]:
    """A bar on stderr, where somebody watches."""
    if quiet or not sys.stderr.isatty():
        yield None, None
        return
    from rich.console import Console
    from rich.markup import escape
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (
        TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[rows]}"), TimeElapsedColumn()
    )  # fmt: skip
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        shown = bar.add_task(escape(f"Reading {name}"), rows="", total=None)

        def progress(rows: int, done: int, total: int) -> None:
            bar.update(shown, rows=f"{rows:,} rows", completed=done, total=max(total, 1))

        def step(words: str) -> None:
            # Only reading knows how far it is.
            bar.update(shown, description=escape(f"{words} {name}" if words == "Reading" else words), total=None)

        yield progress, step


def _say(out: Output, output: Path, found: Mapping[str, Any], also: list[Path]) -> None:
    from tawsim.cli.trust import show_workers
    from tawsim.truth.lookalikes import told_apart

    summary = found["summary"]
    files = ", ".join(str(path) for path in (output, *also))
    out.say(
        f"Wrote {count(summary['tasks'], 'task', 'tasks')} to {files}.",
        f"Kind: {found['kind']}. {found['kind_why']}",
        f"Model: {found['model']}. {_why(found)}",
    )
    if summary["mean_p"] is not None:
        reach = count(summary["sure"]["tasks"], "task reaches", "tasks reach")
        what = f"; {reach} {percent(0.95)}" if summary["p_means"] == "right" else f". {P_IS[summary['p_means']]}"
        out.say(f"Mean p: {percent(summary['mean_p'])}{what}.")
    _say_gold(out, found["gold"])
    _say_agreement(out, found["agreement"])
    for note in found["notes"]:
        out.say(f"Note: {note['text']}")
    if found["confidence"]:
        who = found["confidence"]
        out.say(
            f"Confidence tells something for {who['telling']:,} of the {count(who['workers'], 'worker', 'workers')} who gave it."
        )
    if found["repeated"]:
        out.say(f"{count(found['repeated'], 'answer was', 'answers were')} replaced by a later one of the same worker.")
    for group in found["lookalikes"][:SHOWN]:
        names = ", ".join(f"“{name}”" for name in told_apart(group))
        out.say(f"Labels that read alike, counted apart: {names}.")
    _say_items(out, found["items"])
    by_answers = sorted(found["workers"], key=lambda one: -one["answers"])[:SHOWN]
    if found["workers"] and "accuracy" in found["workers"][0] and by_answers[0]["verdict"]:
        show_workers(out, by_answers)
    else:
        _say_workers(out, by_answers)
    more = len(found["workers"]) - len(by_answers)
    if more > 0:
        out.say(
            f"… and {count(more, 'more worker', 'more workers')} with fewer answers (--workers FILE has all of them)."
        )


def _why(found: Mapping[str, Any]) -> str:
    """Why this model. One that averages others says that in one line: which weighs most, and what the votes are worth."""
    facts = found["why_facts"]
    if found["why_code"] == "asked" or "best" not in facts:
        return str(found["why"])
    by = count(facts["gold"], "gold task", "gold tasks") if facts["gold"] else "hidden votes"
    return (
        f"{len(found['candidates'])} models averaged, most of all “{facts['best']}” ({facts['weight']:.2f} by {by}). "
        f"{facts['votes_a_task']:.1f} votes a task are worth {facts['effective_votes_a_task']:.1f} independent ones."
    )


def _say_agreement(out: Output, found: Mapping[str, Any] | None) -> None:
    if found is None:
        return
    name, share = AGREEMENT[found["measure"]]
    value, low, high = (found[key] for key in (found["measure"], "low", "high"))
    value, around = (percent(value), interval(low, high)) if share else (f"{value:.2f}", f"{low:.2f} to {high:.2f}")
    out.say(f"Agreement: {name} {value} ({around}).")


def _say_gold(out: Output, gold: Mapping[str, Any] | None) -> None:
    from tawsim.truth.report.facts import FEW_GOLD

    if gold is None:
        return
    how = "each hidden while it was judged" if gold["held_out"] else "which the model was not given"
    parts = []
    for name, words in MEASURES.items():
        one = gold["measures"].get(name)
        if one is not None and not (name == "ece" and gold["tasks"] < FEW_GOLD):
            share = name in SHARES
            form = (
                ".3g" if name in ("mae", "rmse") and one["high"] < 1 else ".3f"
            )  # errors have the unit of the answers, however small
            value = percent(one["value"]) if share else f"{one['value']:{form}}"
            around = interval(one["low"], one["high"]) if share else f"{one['low']:{form}}–{one['high']:{form}}"
            parts.append(f"{words} {value} ({around})")
    out.say(f"Against {count(gold['tasks'], 'gold task', 'gold tasks')}, {how}: {'; '.join(parts)}.")


def _say_items(out: Output, items: list[Mapping[str, Any]]) -> None:
    rows = [
        (str(one["rank"]), one["item"], f"{one['score']:.2f}", f"{one['low']:.2f} to {one['high']:.2f}")
        for one in items[:SHOWN]
    ]
    if rows:
        out.table(("rank", "item", "score", "95 % interval"), rows, right=(0, 2, 3))
    if len(items) > SHOWN:
        out.say(f"… and {count(len(items) - SHOWN, 'more item', 'more items')} (--items FILE has all of them).")


def _say_workers(out: Output, workers: list[Mapping[str, Any]]) -> None:
    """Workers of models that measure something else than accuracy."""
    known = [one for one in workers if one["value"] is not None]
    if not known:
        return
    measure = known[0]["measure"]
    share = measure in SHARES
    rows = []
    for one in known:
        value = percent(one["value"]) if share else f"{one['value']:.3g}"
        around = "–"
        if one["low"] is not None and one["high"] is not None:
            around = interval(one["low"], one["high"]) if share else f"{one['low']:.3g} to {one['high']:.3g}"
        rows.append((one["worker"]["name"], f"{one['answers']:,}", value, around, one["verdict"] or "–"))
    out.table(("worker", "answers", measure.replace("_", " "), "95 % interval", "verdict"), rows, right=(1, 2, 3))
