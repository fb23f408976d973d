"""Number: a quantity, perhaps between bounds and in steps. Pure; no store, no HTTP.

An answer is a number; 3.0 is kept as 3. Steps count from `low`, or from 0 where there is none.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal

from tawsim.core.errors import BadInput
from tawsim.core.records import Question
from tawsim.kinds.answers import LARGEST, as_number, bad, tidy
from tawsim.kinds.distances import interval_distance, told_apart
from tawsim.kinds.fields import decimal, short_text
from tawsim.kinds.kind import Aspect, Content, Example, Kind, Vote

MAX_UNIT = 40
# A number this near to a step, in steps, is meant to be on it: 0.1 + 0.2.
ON_STEP = 1e-6


@dataclass(frozen=True, slots=True)
class Number(Question):
    """A number from `low` to `high`, both included (None: no bound), in steps of `step` (0: any). `unit` is only shown."""

    low: int | float | None = None
    high: int | float | None = None
    step: int | float = 0
    unit: str = ""
    kind: Literal["number"] = "number"


def read_number(data: Mapping[str, Any], common: Mapping[str, Any]) -> Number:
    """A `Number` from its JSON form."""
    low, high, step = decimal(data, "low"), decimal(data, "high"), decimal(data, "step", 0) or 0
    if low is not None and high is not None and not low < high:
        raise BadInput(f"low {low} is not below high {high}.")
    if step < 0 or (low is not None and high is not None and step > high - low):
        raise BadInput(f"the step {step} does not fit between low and high.")
    return Number(**common, low=low, high=high, step=step, unit=short_text(data, "unit", MAX_UNIT))


def validate_number(question: Number, answer: Any, _content: Content | None = None) -> int | float:
    """The number in canonical form, on a step. Raises `BadAnswer`."""
    value = as_number(question, answer)
    if question.step:
        value = _on_step(question, value)
    if question.low is not None and value < question.low:
        raise bad(question, f"{value} is below {question.low}, the lowest allowed.")
    if question.high is not None and value > question.high:
        raise bad(question, f"{value} is above {question.high}, the highest allowed.")
    return value


def _on_step(question: Number, value: int | float) -> int | float:
    """The step that the value is meant to be on, reckoned in decimals, so that 0.30000000000000004 is 0.3."""
    step, low = Decimal(str(question.step)), Decimal(str(question.low or 0))
    steps = (Decimal(str(value)) - low) / step
    nearest = steps.to_integral_value()
    if abs(steps - nearest) > Decimal(ON_STEP):
        start = "" if question.low is None else f", counted from {question.low}"
        raise bad(question, f"{value} is not on a step of {question.step}{start}.")
    return tidy(float(low + nearest * step))


@told_apart
def distance_number(question: Number, a: float, b: float) -> float:
    """Krippendorff's interval metric as a share of its greatest value: see `interval_distance`."""
    return interval_distance(a, b, question.low, question.high)


def assemble_number(question: Number, found: Mapping[tuple[str, str], Any]) -> int | float | None:
    """The inferred number, brought onto a step and between the bounds."""
    value = found.get(("", ""))
    if value is None:
        return None
    value = min(max(float(value), -LARGEST), LARGEST)
    if question.step:
        low = Decimal(str(question.low or 0))
        step = Decimal(str(question.step))
        steps = ((Decimal(value) - low) / step).to_integral_value()
        if question.high is not None:
            steps = min(steps, (Decimal(str(question.high)) - low) // step)
        if question.low is not None:
            steps = max(steps, Decimal(0))
        return tidy(float(low + steps * step))
    value = value if question.low is None else max(value, question.low)
    return tidy(value if question.high is None else min(value, question.high))


def _values(question: Number, value: Any) -> bool:
    """Whether `when` may wait for this value: only where numbers come in steps."""
    return bool(question.step) and not isinstance(value, bool) and isinstance(value, int | float)


KINDS: dict[str, Kind] = {
    "number": Kind(
        read=read_number,
        validate=validate_number,
        distance=distance_number,
        aspects=lambda _question: (Aspect("", "numeric"),),
        votes=lambda _question, answer: (Vote("", "", answer),),
        assemble=assemble_number,
        example=Example(Number("price", low=0, high=100, step=0.5, unit="ر.س"), 12.5, 40, 12.3, {"text": "١٢٫٥ ريال"}),
        may_be=_values,
    ),
}
