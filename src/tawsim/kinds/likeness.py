"""How alike two whole answers are: over all questions that either of them answers. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any

from tawsim.core.records import Question
from tawsim.kinds import kind_of


def likeness(questions: Sequence[Question], one: Mapping[str, Any], other: Mapping[str, Any]) -> float:
    """1 for equal answers, 0 for entirely different ones: the mean of 1 - distance over the questions that `one` or `other`
    answers; a question that only one of them answers counts 0. Two answers to nothing are alike."""
    found = []
    for question in questions:
        left, right = one.get(question.name), other.get(question.name)
        if left is None and right is None:
            continue
        both = left is not None and right is not None
        found.append(1.0 - kind_of(question).distance(question, left, right) if both else 0.0)
    return sum(found) / len(found) if found else 1.0
