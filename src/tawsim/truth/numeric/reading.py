"""A cell of a table as a number: what counts as one, what is converted, and what is refused with a reason."""

import math
import re
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np

from tawsim.core.errors import BadInput

# Arabic-Indic and Persian digits, the Arabic decimal and thousands marks, and the typographic minus.
WRITTEN = str.maketrans("٠١٢٣٤٥٦٧٨٩۰۱۲۳۴۵۶۷۸۹٫−", "01234567890123456789.-", "\u066c\u00a0\u202f\u200e\u200f\u061c")
# Beyond this, squares are no longer numbers of 64 bits.
LARGEST = 1e150
PLAIN = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")


def read_number(cell: Any) -> float:
    """`cell` as a finite float: a number, or text that can be read in one way only.

    Text may hold Arabic-Indic or Persian digits, "٫" or one comma as the decimal mark ("3,5") and "٬" between
    thousands. Raises `BadInput` for "1,500" (a decimal or a thousand?), NaN, infinity, yes/no, more than 10¹⁵⁰ and
    anything else.

    >>> read_number("٣٫٥"), read_number(" 3,5 "), read_number("-1e3")
    (3.5, 3.5, -1000.0)
    """
    if isinstance(cell, bool | np.bool_):
        raise BadInput("yes/no is not a number.", "Write 1 and 0 if numbers are meant.")
    if isinstance(cell, str):
        number = float(_plain(cell))
    elif isinstance(cell, int | float | np.integer | np.floating | Decimal | Fraction):
        try:
            number = float(cell)
        except (OverflowError, ValueError):
            number = math.inf
    else:
        raise BadInput(f"{str(cell)[:80]!r} is not a number.")
    if not math.isfinite(number):
        raise BadInput(f"{str(cell)[:80]!r} is not a finite number.", "Leave out answers that have no value.")
    if abs(number) > LARGEST:
        raise BadInput(f"{str(cell)[:80]!r} is beyond {LARGEST:g}.", "Give the answers in a larger unit.")
    return number


def _plain(cell: str) -> str:
    """The text as Python writes numbers."""
    text = cell.translate(WRITTEN).strip()
    if text.count(",") == 1 and "." not in text:
        before, after = text.split(",")
        if len(after) == 3 and before.lstrip("+-") not in ("", "0"):
            raise BadInput(
                f"{cell[:80]!r} is {before}{after} or {before}.{after}: the comma can be read in two ways.",
                "Write it with a decimal point and without a mark between thousands.",
            )
        text = f"{before}.{after}"
    if not PLAIN.fullmatch(text):
        raise BadInput(f"{cell[:80]!r} is not a number.")
    return text
