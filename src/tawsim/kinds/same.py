"""Answers as they are compared where a project counts some spellings as the same. What was written is never changed.

Who scores an answer against another (agreement, gold, reviews) measures `distance` of the two as they are compared.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from tawsim.core.orthography import NOTHING_SAME, folded
from tawsim.core.records import Question
from tawsim.core.settings import Same
from tawsim.kinds import kind_of

# Fields that hold what a person wrote, in the answers of any kind: quotes and transcripts, and rewritten messages.
WRITTEN = frozenset({"text", "rewrite", "reason"})


def as_compared(question: Question, answer: Any, same: Same) -> Any:
    """The answer with every text that a person wrote in the form of all texts that count as the same. Labels, offsets and
    numbers stay."""
    if same == NOTHING_SAME or answer is None:
        return answer
    if isinstance(answer, str):
        return folded(answer, same) if question.kind == "text" else answer  # type: ignore[attr-defined]
    return _folded(answer, same)


def distance_as_compared(question: Question, a: Any, b: Any, same: Same) -> float:
    """How far two answers are apart, 0..1, by the measure of their kind."""
    return kind_of(question).distance(question, as_compared(question, a, same), as_compared(question, b, same))


def _folded(value: Any, same: Same) -> Any:
    if isinstance(value, Mapping):
        return {
            name: folded(one, same) if name in WRITTEN and isinstance(one, str) else _folded(one, same)
            for name, one in value.items()
        }
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_folded(one, same) for one in value]
    return value
