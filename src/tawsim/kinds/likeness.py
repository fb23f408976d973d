"""How alike two whole answers are: over all questions that either of them answers. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any

from tawsim.core.orthography import NOTHING_SAME
from tawsim.core.records import Question
from tawsim.core.settings import Same
from tawsim.kinds.same import distance_as_compared


def likeness(
    questions: Sequence[Question], one: Mapping[str, Any], other: Mapping[str, Any], same: Same = NOTHING_SAME
) -> float:
    """1 for equal answers, 0 for entirely different ones: the mean of 1 - distance over the questions that `one` or `other`
    answers; a question that only one of them answers counts 0. Two answers to nothing are alike. `same`: spellings that
    count as the same."""
    found = []
    for question in questions:
        left, right = one.get(question.name), other.get(question.name)
        if left is None and right is None:
            continue
        both = left is not None and right is not None
        found.append(1.0 - distance_as_compared(question, left, right, same) if both else 0.0)
    return sum(found) / len(found) if found else 1.0
