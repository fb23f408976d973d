"""Rubrics of chat tasks: criteria that each response is scored on, how they are asked, said and heard. Pure.

Criteria are a prompt's own, and another prompt has others. So the project's questions are numbered criteria, the same for all
of its tasks, and what the numbers stand for is in the row, above the responses.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tawsim.scale.attachments import Shown
from tawsim.scale.form import Part, escaped
from tawsim.scale.plain import as_list, as_number, as_object, as_text, as_whole, refuse
from tawsim.scale.saying import annotation

MOST_CRITERIA = 30
LONGEST = 2_000
RATED = "rated"
SAYS = "criterion"


@dataclass(frozen=True, slots=True)
class Criterion:
    """What is scored from `low` to `high`, and how much a point of it is worth."""

    id: str
    text: str
    weight: int | float = 1
    low: int = 0
    high: int = 1


def criteria_of(given: Any) -> tuple[Criterion, ...]:
    """The criteria as they were sent: texts, or objects with `criterion`, and perhaps `id`, `weight`, `low`, `high`. A text alone
    is a variable like any other, and no rubric. Raises `BadInput` that names the field."""
    if isinstance(given, str):
        return ()
    found: list[Criterion] = []
    for place, one in enumerate(as_list(given, "rubric", MOST_CRITERIA)):
        where = f"rubric[{place}]"
        spec = {"criterion": one} if isinstance(one, str) else as_object(one, where)
        name = next((key for key in ("criterion", "text", "description", "title") if spec.get(key)), "criterion")
        text = as_text(spec.get(name), f"{where}.{name}", LONGEST)
        if not text.strip():
            refuse(f"{where}.criterion", "is required: what is scored.")
        weight = as_number(spec.get("weight"), f"{where}.weight")
        low, high = as_whole(spec.get("low"), f"{where}.low", 0), as_whole(spec.get("high"), f"{where}.high", 1)
        assert low is not None
        assert high is not None
        if not 1 <= high - low <= 100 or abs(low) > 1_000_000:
            refuse(where, f"goes from {low} to {high}: that is no scale of 2 to 101 steps.")
        id_ = as_text(spec.get("id"), f"{where}.id", 200)
        if id_ and any(id_ == other.id for other in found):
            refuse(f"{where}.id", "is that of another criterion.")
        found.append(Criterion(id_, text, 1 if weight is None else weight, low, high))
    return tuple(found)


def rubric_parts(criteria: Sequence[Criterion], rated: Sequence[str], shown: Shown) -> list[Part]:
    """A question for each criterion, with all responses to be scored; none without criteria."""
    if not criteria:
        return []
    if not rated:
        refuse("rubric", "needs a response to score: send `responses`, or a conversation that ends with the assistant.")
    if RATED not in shown.row:
        shown.put("chat", RATED, [{"role": "assistant", "content": text} for text in rated])
    shown.put("markdown", "criteria", "\n".join(f"{n}. {_line(one.text)}" for n, one in enumerate(criteria, 1)))
    return [
        Part(
            {
                "kind": "chat", "name": f"criterion {n}", "title": f"Criterion {n} · المعيار {n}", "on": RATED,
                "roles": ["assistant"], "rating": {"low": one.low, "high": one.high}, "required": True,
            },
            str(n), SAYS,
        )
        for n, one in enumerate(criteria, 1)
    ]  # fmt: skip


def _line(text: str) -> str:
    return escaped(" ".join(text.split()))


def say_rubric(
    criteria: Sequence[Criterion], answers: Mapping[str, Mapping[str, Any]], turn: dict[str, Any],
    rated: Sequence[dict[str, Any]], task_id: str,
) -> None:  # fmt: skip
    """The rubric at the turn, and at each response its scores and their weighted sum. `answers`: of each criterion, by its
    number."""
    if not answers:
        return
    ids = [one.id or annotation("", task_id, SAYS, "text", None, n)["id"] for n, one in enumerate(criteria, 1)]
    most = sum(max(one.weight * one.high, one.weight * one.low) for one in criteria)
    rubric: dict[str, Any] = {
        "criteria_definitions": [
            {"id": id_, "criterion": one.text, "weight": one.weight, "annotations": []}
            for id_, one in zip(ids, criteria, strict=True)
        ]
    }
    if float(most).is_integer():
        rubric["max_total_score"] = int(most)
    turn["rubrics"] = [rubric]
    for place, message in enumerate(rated):
        scores = {n: answers[n]["messages"].get(str(place), {}).get("rating") for n in answers}
        held = [(int(n) - 1, score) for n, score in scores.items() if score is not None]
        if held:
            total = sum(score * criteria[at].weight for at, score in held)
            evaluation = {
                "criteria_evaluations": [
                    {"criterion_definition_id": ids[at], "score": score, "annotations": []} for at, score in held
                ],
                "annotations": [], "total_score": total,
            }  # fmt: skip
            if most > 0:
                evaluation["percentage"] = round(100 * total / most, 2)
            message["rubric_evaluations"] = [evaluation]


def heard_criterion(part: Part, criteria: Sequence[Criterion], turns: Any, rated: Sequence[Mapping[str, Any]]) -> Any:
    """The scores of one criterion in messages that hold evaluations; None where there are none. `turns` name the ids."""
    at = int(part.key) - 1
    ids = {criteria[at].id} if criteria[at].id else {_id_of(turns, at)}
    found = {}
    for place, message in enumerate(rated):
        for evaluation in as_list(message.get("rubric_evaluations"), "rubric_evaluations"):
            scores = as_list(
                as_object(evaluation, "rubric_evaluations").get("criteria_evaluations"), "criteria_evaluations"
            )
            for one in scores:
                held = as_object(one, "criteria_evaluations")
                if held.get("criterion_definition_id") in ids and held.get("score") is not None:
                    found[str(place)] = {"rating": held["score"]}
    return {"messages": found} if found else None


def _id_of(turns: Sequence[Mapping[str, Any]], at: int) -> Any:
    """The id of the criterion at this place in the rubric of a turn."""
    for turn in turns:
        for rubric in as_list(turn.get("rubrics"), "rubrics"):
            definitions = as_list(as_object(rubric, "rubrics").get("criteria_definitions"), "criteria_definitions")
            if at < len(definitions):
                return as_object(definitions[at], "criteria_definitions").get("id")
    return None
