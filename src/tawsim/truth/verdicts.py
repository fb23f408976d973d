"""From a worker's evidence to one word and the facts behind it. Thresholds stand here with their reasons. No arrays.

A verdict other than "unsure" is given only where the 95 % interval lies wholly on one side of the line.
"""

import math
from typing import Any, Literal, NamedTuple

Verdict = Literal["trusted", "careless", "mixes", "unsure"]

# The line: answers that tell less than half of what a typical worker's tell. On easy tasks, where a typical worker is
# near perfect, it stays at 0.4 (70 % right of two even labels), so that nobody is called careless for being second
# best.
HALF_OF_TYPICAL = 0.5
LINE_AT_MOST = 0.4
# "Trusted" also needs a skill known to within this, up or down.
SURE_WITHIN = 0.15
# "Mixes": at least this much more often than others do, and at least this share of all the worker's errors.
MORE_THAN_OTHERS = 0.1
MOST_OF_ERRORS = 0.5
# Of two labels, those said the wrong way round more often than this; near a half is guessing, or saying one of them always.
SWAPPED = 0.6
# One label in this share of the answers: such answers may mostly be right where it is frequent, and still tell nothing.
NEARLY_ALWAYS = 0.8
# More answers than this is "many", not a number to plan with.
MANY = 1000


class Evidence(NamedTuple):
    """What one worker's judged answers say; see tawsim/truth/skill.py for the measures."""

    judged: int
    accuracy: float
    low: float
    high: float
    dependence: float
    dependence_low: float
    dependence_high: float


class Pair(NamedTuple):
    """The two labels (positions) a worker exchanges most: in `share` of the answers where one of them is true (at least
    `low`), which others do in `others` of theirs; and `of_errors` of all the worker's errors (at least
    `of_errors_low`)."""

    first: int
    second: int
    share: float
    low: float
    others: float
    of_errors: float
    of_errors_low: float


def judge(
    evidence: Evidence, pair: Pair, labels: tuple[Any, ...], typical: float, mostly: tuple[Any, float], agree: bool
) -> tuple[Verdict, dict[str, Any]]:
    """The verdict and its facts. `typical` is the median dependence of all workers; `mostly` the label that the worker says
    most and its share; `agree` whether the crowd agrees beyond chance: where it does not, nothing tells who is right.

    Codes: `agrees` (trusted) · `exchanges_labels` (mixes: labels, share, others) · `near_chance`, `one_answer` (label,
    share), `against_truth` (careless) · `nothing_shared`, `one_label`, `no_agreement`, `few_answers`, `borderline` (unsure;
    `more_answers` where it can be said).
    """
    line = max(0.0, min(LINE_AT_MOST, HALF_OF_TYPICAL * typical))
    facts: dict[str, Any] = {"answers": evidence.judged, "line": round(line, 4)}
    if evidence.judged == 0:
        return "unsure", {"code": "nothing_shared", **facts}
    if len(labels) < 2:
        return "unsure", {"code": "one_label", **facts}
    if not agree:
        return "unsure", {"code": "no_agreement", **facts}
    if _mixes(pair, len(labels)):
        return "mixes", {
            "code": "exchanges_labels",
            "labels": [labels[pair.first], labels[pair.second]],
            "share": round(pair.share, 4),
            "others": round(pair.others, 4),
            "of_errors": round(pair.of_errors, 4),
            **facts,
        }
    facts["dependence"] = round(evidence.dependence, 4)
    if evidence.dependence_high < 0:
        return "careless", {"code": "against_truth", **facts}
    if evidence.dependence_high < line and mostly[1] >= NEARLY_ALWAYS:
        return "careless", {"code": "one_answer", "label": mostly[0], "share": round(mostly[1], 4), **facts}
    if evidence.dependence_high < line:
        return "careless", {"code": "near_chance", **facts}
    width = (evidence.high - evidence.low) / 2
    if evidence.dependence_low > line and width <= SURE_WITHIN:
        return "trusted", {"code": "agrees", **facts}
    return "unsure", _doubt(evidence, line, width, facts)


def _mixes(pair: Pair, labels: int) -> bool:
    """Whether the pair explains the worker. Of two labels every error exchanges them: they must be mostly swapped."""
    if labels == 2:
        return pair.low > SWAPPED
    return pair.low > pair.others + MORE_THAN_OTHERS and pair.of_errors_low > MOST_OF_ERRORS


def _doubt(evidence: Evidence, line: float, width: float, facts: dict[str, Any]) -> dict[str, Any]:
    """How many answers more would tell: an interval shrinks with the square root of the answers it rests on."""
    away = evidence.dependence - line
    reach = (evidence.dependence_high - evidence.dependence_low) / 2
    for_width = ((width / SURE_WITHIN) ** 2 - 1) * evidence.judged
    # A worker right on the line is never told apart: the distance is kept from zero, and the count goes over MANY.
    for_line = ((reach / max(abs(away), 1e-6)) ** 2 - 1) * evidence.judged
    more = max(1.0, for_width, for_line)
    if more > MANY and for_width < 1:
        return {"code": "borderline", "more_answers": None, **facts}
    # Where only the line is out of sight, so many answers at least make the skill itself known.
    more = more if more <= MANY else min(max(1.0, for_width), MANY)
    return {"code": "few_answers", "more_answers": math.ceil(more), **facts}
