"""Who is trusted and why, in words and as a table: for `tawsim truth` and the end of `tawsim demo`. Judges nobody."""

from collections.abc import Mapping, Sequence
from typing import Any

from tawsim.cli.output import Output, percent
from tawsim.loop.views import AGREEMENT, MEASURES, best_first, measured

VERDICTS = {"trusted": "trusted", "careless": "careless", "mixes": "mixes labels up", "unsure": "not decided yet"}

# There are verdicts on labels and comparisons only.
NOT_JUDGED = "not_judged"


def reason(why: Mapping[str, Any]) -> str:
    """The facts behind a verdict as one sentence."""
    code = why.get("code")
    if code == "agrees":
        return "agrees with the likely truth far beyond chance"
    if code == "exchanges_labels":
        a, b = why["labels"]
        return (
            f"where the truth is “{a}” or “{b}”, says the other one in {why['share'] * 100:.0f} % of cases "
            f"(others: {why['others'] * 100:.0f} %)"
        )
    if code == "near_chance":
        return "the answers hardly depend on the text, as if guessed"
    if code == "one_answer":
        return f"says “{why['label']}” in {why['share'] * 100:.0f} % of the answers, whatever the text"
    if code == "no_agreement":
        return "the crowd agrees no more than chance would, so nothing tells who is right"
    if code == "against_truth":
        return "the answers are mostly the opposite of the likely truth"
    if code == "nothing_shared":
        return "nobody else answered the same tasks, so there is nothing to compare with"
    if code == "one_label":
        return "only one label was ever given, so there is nothing to compare"
    more = why.get("more_answers")
    return f"about {more:,} more answers would settle it" if more else "too close to the line to say"


def show_truth(out: Output, project: str, found: Mapping[str, Any]) -> None:
    """One project: what was inferred and how, then a row for each worker."""
    summary = found["summary"]
    sure = summary["sure"]
    if not summary["labelled"]:
        out.say(f"{project}: nobody has answered yet ({summary['tasks']:,} tasks wait).")
        return
    # Numbers have an interval each, and no probability.
    likely = f", {sure['tasks']:,} of them with probability {percent(sure['threshold'])} or more"
    out.say(
        f"{project}: {summary['labelled']:,} of {summary['tasks']:,} tasks have "
        + ("an answer." if summary["mean_p"] is None else f"a label{likely}."),
        f"Model: {found['model']}. {found['why']}",
    )
    agreement = found["agreement"]
    if agreement is not None:
        name, figures = agreed(agreement)
        out.say(f"Agreement ({name}): {figures}.")
    if found.get("misfits"):
        out.say(f"{found['misfits']:,} earlier answers do not fit the question as it is now, and were left out.")
    show_workers(out, found["workers"], found.get("measure", "accuracy"))


def agreed(agreement: Mapping[str, Any]) -> tuple[str, str]:
    """The name of the measure for what people answer, and how far they agree by it with its 95 % interval."""
    name, share = AGREEMENT.get(agreement["measure"], (agreement["measure"], False))
    value, low, high = agreement["alpha"], agreement["low"], agreement["high"]
    if share:
        value, around = measured(value, low, high, share=True)
        return name, f"{value} ({around})"
    return name, f"{value:.2f} ({low:.2f} to {high:.2f})"


def show_workers(out: Output, workers: Sequence[Mapping[str, Any]], measure: str = "accuracy") -> None:
    """Name, answers, the measure with its 95 % interval, verdict; below, why somebody is not simply trusted."""
    name, share = MEASURES.get(measure, (measure, False))
    ordered = best_first(workers, measure)
    rows = [
        (
            one["worker"]["name"], f"{one['answers']:,}",
            *measured(one["accuracy"], one["low"], one["high"], share=share),
            "–" if one["why"]["code"] == NOT_JUDGED else VERDICTS[one["verdict"]],
        )
        for one in ordered
    ]  # fmt: skip
    if rows:
        out.table(("worker", "answers", name, "95 % interval", "verdict"), rows, right=(1, 2, 3))
    for one in ordered:
        if one["verdict"] != "trusted" and one["why"]["code"] != NOT_JUDGED:
            out.say(f"  {one['worker']['name']}: {reason(one['why'])}")
