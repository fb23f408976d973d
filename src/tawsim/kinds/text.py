"""Text: free text, a demonstration, a correction. Pure; no store, no HTTP.

An answer is a text whose lines end with \\n; nothing else about it is changed. Lengths are in code points.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from tawsim.core.errors import BadInput
from tawsim.core.records import Question
from tawsim.kinds.answers import as_text, bad
from tawsim.kinds.distances import text_distance, told_apart
from tawsim.kinds.fields import MAX_COLUMN_LENGTH, short_text, whole
from tawsim.kinds.kind import Content, Example, Kind, one_aspect

LONGEST = 200_000


@dataclass(frozen=True, slots=True)
class Text(Question):
    """A text of `at_least` to `at_most` code points. `draft`: the column that it starts from, "" for an empty field."""

    at_least: int = 0
    at_most: int = 20_000
    draft: str = ""
    kind: Literal["text"] = "text"


def read_text(data: Mapping[str, Any], common: Mapping[str, Any]) -> Text:
    """A `Text` from its JSON form."""
    least, most = whole(data, "at_least"), whole(data, "at_most", 20_000)
    if not (0 <= least <= most and 1 <= most <= LONGEST):
        raise BadInput(f"at_least {least} and at_most {most} are not in order between 0 and {LONGEST:,}.")
    return Text(**common, at_least=least, at_most=most, draft=short_text(data, "draft", MAX_COLUMN_LENGTH))


def validate_text(question: Text, answer: Any, _content: Content | None = None) -> str:
    """The text with \\n between lines. Raises `BadAnswer`."""
    text = as_text(question, answer, question.at_most)
    if len(text) < question.at_least:
        raise bad(question, f"{len(text)} characters are fewer than the {question.at_least} that are wanted.")
    return text


@told_apart
def distance_text(_question: Text, a: str, b: str) -> float:
    """Levenshtein's distance over the longer length; of words for long texts: see `text_distance`."""
    return text_distance(a, b)


KINDS: dict[str, Kind] = {
    "text": Kind(
        read=read_text,
        validate=validate_text,
        distance=distance_text,
        **one_aspect("text"),
        example=Example(
            Text("translation", at_least=2, at_most=80, draft="machine"),
            "السوقُ قريبٌ\nجدًّا",
            "السوق قريب",
            "x",
            {"text": "The market is close.", "machine": "السوق قريب"},
        ),
        columns=lambda question: (question.draft,) if question.draft else (),
    ),
}
