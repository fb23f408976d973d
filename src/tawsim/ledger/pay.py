"""What work is paid: the rates of a person in a project, the entries they make, and the floor below which a day cannot fall.

Rates are those of the moment; an entry that was written stays as it is, whatever the rates become.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from tawsim.core.settings import Pay
from tawsim.ledger.entries import MICROS, Entry, post
from tawsim.store.database import Transaction

HOUR = 3_600_000_000  # microseconds


class OwnRates(Protocol):
    """What a person's profile says of pay; None: the project's holds."""

    @property
    def per_hour(self) -> float | None: ...
    @property
    def per_answer(self) -> float | None: ...
    @property
    def currency(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Rates:
    """Millionths of `currency` for an hour of active time and for an answer; both may be paid."""

    per_hour: int
    per_answer: int
    currency: str

    @property
    def paid(self) -> bool:
        """Whether anything is."""
        return bool(self.per_hour or self.per_answer)


def rates_of(project: Pay, own: OwnRates) -> Rates:
    """A person's own rates, as soon as there is one of them, take the place of all of the project's: mixed, an hour could
    be paid by the one and its answers once more by the other, in two currencies."""
    if own.per_hour is None and own.per_answer is None:
        return Rates(micros(project.per_hour), micros(project.per_answer), project.currency)
    return Rates(micros(own.per_hour or 0.0), micros(own.per_answer or 0.0), own.currency)


def micros(amount: float) -> int:
    """A rate of settings or profile in millionths."""
    return round(amount * MICROS)


def for_time(rate_per_hour: int, worked: int) -> int:
    """The amount for `worked` microseconds, rounded to the nearest millionth (half to even)."""
    whole, rest = divmod(rate_per_hour * worked, HOUR)
    return whole + int(rest * 2 > HOUR or (rest * 2 == HOUR and whole % 2 == 1))


def pay(
    tx: Transaction, rates: Rates, *, worker_id: str, project_id: str, object_id: str, days: Mapping[str, int],
    answer_on: str | None,
) -> None:  # fmt: skip
    """Write what the rates give: `days` is active time in microseconds by day, `answer_on` the day of an answer, None where
    there was none. Writes nothing where nothing is paid."""
    for day, worked in days.items():
        if rates.per_hour and worked > 0:
            amount = for_time(rates.per_hour, worked)
            _post(tx, worker_id, project_id, day, "time", amount, rates.currency, worked, "microsecond", object_id)
    if answer_on is not None and rates.per_answer:
        _post(tx, worker_id, project_id, answer_on, "answer", rates.per_answer, rates.currency, 1, "answer", object_id)


def _post(tx: Transaction, *values: object) -> None:
    post(tx, Entry(*values))  # type: ignore[arg-type]
