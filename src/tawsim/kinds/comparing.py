"""Candidates that are compared blind: which they are, and their names. What pairwise and ranking share. Knows no kind.

`candidates` of a question are columns of the row, each a candidate with the column's name, or one column that holds a list:
then the candidates are called "1", "2", … by place. How they are shown (shuffled, as A, B, …) is labelling's business.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from tawsim.core.errors import BadInput
from tawsim.core.records import Question
from tawsim.kinds.answers import bad, brief, parsed
from tawsim.kinds.fields import MAX_COLUMN_LENGTH, texts
from tawsim.kinds.kind import Content

TIE = "tie"
MOST = 20
FORMATS = ("text", "markdown")


def read_candidates(data: Mapping[str, Any], most: int) -> tuple[str, ...]:
    """The columns of candidates. Raises `BadInput` unless they are one or 2 to `most` different names, none of them “tie”."""
    columns = texts(data, "candidates", most, MAX_COLUMN_LENGTH)
    if not columns or len(set(columns)) < len(columns) or not all(column.strip() for column in columns):
        raise BadInput(
            f"candidates are 2 to {most} different columns, or one that holds a list.",
            'Such as ["answer_a", "answer_b"].',
        )
    if TIE in columns:
        raise BadInput("a candidate cannot be called “tie”: that is an answer.", "Rename the column.")
    return columns


def read_format(data: Mapping[str, Any]) -> Any:
    """How candidates are drawn: text or markdown. Raises `BadInput`."""
    value = data.get("format", "text")
    if value not in FORMATS:
        raise BadInput(f"format is text or markdown, not {brief(value)}.")
    return value


def candidates_of(columns: Sequence[str], content: Content) -> tuple[str, ...]:
    """The names of the candidates of a row; none where its list cannot be read. Columns are named whatever they hold."""
    if len(columns) > 1:
        return tuple(columns)
    held = parsed(content.get(columns[0]))
    if not isinstance(held, list | tuple) or len(held) > MOST:
        return ()
    return tuple(str(place) for place in range(1, len(held) + 1))


def known_names(question: Question, columns: Sequence[str], content: Content | None) -> tuple[str, ...]:
    """The names that an answer may hold. Raises `BadAnswer` for a row without 2 to 20 candidates."""
    if len(columns) > 1:
        return tuple(columns)
    if content is None:
        return tuple(str(place) for place in range(1, MOST + 1))
    names = candidates_of(columns, content)
    if len(names) < 2:
        raise bad(question, f"the column “{columns[0]}” of this row holds no list of 2 to {MOST} candidates.")
    return names


def renamed(name: Any, names: Mapping[str, str]) -> Any:
    """The other name of a candidate; “tie”, unknown names and what is no name stay."""
    return names.get(name, name) if isinstance(name, str) and name != TIE else name
