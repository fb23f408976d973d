"""The entries of the ledger: writing one, and their sums. Append-only: nothing here changes or removes what was written.

Amounts are whole millionths of a currency, so that sums are exact. By which rate an amount came about is in pay.py.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from tawsim.core.ids import new_id
from tawsim.store.database import Transaction

MICROS = 1_000_000
Why = Literal["answer", "time", "floor"]
Unit = Literal["answer", "microsecond"]


@dataclass(frozen=True, slots=True)
class Entry:
    """`amount_micros` of `currency` for `quantity` of `unit`. `object_id`: the annotation, dispute, … it is for; `day` is
    YYYY-MM-DD of the person's time zone."""

    worker_id: str
    project_id: str
    day: str
    why: Why
    amount_micros: int
    currency: str
    quantity: int
    unit: Unit
    object_id: str


@dataclass(frozen=True, slots=True)
class Sum:
    """What one person was paid in one project on one day, in one currency, for one reason."""

    worker_id: str
    project_id: str
    day: str
    why: Why
    currency: str
    amount_micros: int
    quantity: int
    entries: int


def post(tx: Transaction, entry: Entry) -> str:
    """Write the entry, in the transaction of what it is for. Its id."""
    entry_id = new_id(tx.now)
    tx.run(
        "ledger_insert", id=entry_id, at=tx.now, day=entry.day, project_id=entry.project_id, worker_id=entry.worker_id,
        why=entry.why, amount_micros=entry.amount_micros, currency=entry.currency, quantity=entry.quantity,
        unit=entry.unit, object_id=entry.object_id,
    )  # fmt: skip
    return entry_id


def sums(
    tx: Transaction,
    *,
    project_id: str | None = None,
    worker_id: str | None = None,
    from_day: str = "",
    to_day: str = "~",
) -> list[Sum]:
    """By person, project, day, currency and reason, in that order; of one project, one person, or both (not of neither).
    Days from `from_day` to `to_day`, both included."""
    if project_id is not None and worker_id is not None:
        found: Sequence[object] = tx.all(
            "ledger_sums_of_both", project_id=project_id, worker_id=worker_id, from_day=from_day, to_day=to_day
        )
    elif project_id is not None:
        found = tx.all("ledger_sums_of_project", project_id=project_id, from_day=from_day, to_day=to_day)
    else:
        assert worker_id is not None, "the sums of everything are not asked for at once"
        found = tx.all("ledger_sums_of_worker", worker_id=worker_id, from_day=from_day, to_day=to_day)
    return [Sum(*row) for row in found]  # type: ignore[misc]
