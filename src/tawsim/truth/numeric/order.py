"""Votes whose labels stand in their order: a given one, or that of the numbers they are. No model lives here."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from tawsim.core.errors import BadInput
from tawsim.truth.numeric.reading import read_number
from tawsim.truth.votes import Votes


def in_order(votes: Any, levels: Sequence[Any] | None) -> Votes:
    """`votes` (or any table of them) with `labels` from the lowest level to the highest.

    Without `levels` the labels must be numbers, or text that is one; those not voted for are not levels then. Raises
    `BadInput` where they are not, where two labels are the same number, or for a vote outside `levels`.
    """
    table = votes if isinstance(votes, Votes) else Votes.from_table(votes, None if levels is None else list(levels))
    wanted = _by_number(table.labels) if levels is None else tuple(levels)
    if len(set(wanted)) < len(wanted):
        raise BadInput("The list of levels names one of them twice.")
    place = {label: i for i, label in enumerate(wanted)}
    unknown = [label for label in table.labels if label not in place]
    if unknown:
        raise BadInput(
            f"{str(unknown[0])[:80]!r} is not one of the levels.", f"Levels: {', '.join(map(str, wanted))[:200]}"
        )
    if wanted == table.labels:
        return table
    where = np.array([place[label] for label in table.labels], table.label.dtype)
    return replace(table, label=where[table.label], labels=wanted)


def _by_number(labels: tuple[Any, ...]) -> tuple[Any, ...]:
    """The labels as their numbers order them."""
    value: dict[float, Any] = {}
    for label in labels:
        try:
            number = read_number(label)
        except BadInput:
            raise BadInput(
                f"The label {str(label)[:80]!r} is not a number, so the order of the labels is not known.",
                "Name them from the lowest to the highest with levels=[…].",
            ) from None
        if number in value:
            raise BadInput(f"The labels {value[number]!r} and {label!r} are the same number.", "Write it in one way.")
        value[number] = label
    return tuple(value[number] for number in sorted(value))
