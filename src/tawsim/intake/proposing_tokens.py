"""Words with BIO tags, one list each, as a text with spans: how such files become tasks. Offsets are code points."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from tawsim.core.errors import BadInput


def text_of_tokens(tokens: Sequence[str]) -> tuple[str, list[tuple[int, int]]]:
    """The words joined by single spaces, and where each begins and ends in that text."""
    places, at = [], 0
    for token in tokens:
        places.append((at, at + len(token)))
        at += len(token) + 1
    return " ".join(tokens), places


def spans_of_tags(tokens: Sequence[str], tags: Sequence[str]) -> list[dict[str, Any]]:
    """The spans that BIO tags mark, as the answer of a spans question has them.

    An I without its B begins a span (as conlleval reads it); a bare tag without B- or I- counts as I.
    """
    if len(tokens) != len(tags):
        raise BadInput(f"{len(tokens)} words have {len(tags)} tags.")
    text, places = text_of_tokens(tokens)
    found: list[tuple[int, int, str]] = []
    label, start, end = "", 0, 0
    for (begins, ends), tag in zip([*places, (0, 0)], [*tags, "O"], strict=True):
        place, _, name = tag.partition("-") if tag[1:2] == "-" else ("I", "", tag) if tag != "O" else ("O", "", "")
        if label and (place in "OBSU" or name != label):
            found.append((start, end, label))
            label = ""
        if place != "O":
            if not label:
                label, start = name, begins
            end = ends
    return [{"start": s, "end": e, "label": name, "text": text[s:e]} for s, e, name in sorted(found)]


def joined_rows(rows: Iterable[Mapping[str, Any]], tokens: str, text: str = "text") -> Iterator[dict[str, Any]]:
    """The rows with a column `text` made of their list of words. Raises `BadInput` naming the row."""
    for number, row in enumerate(rows, 1):
        words = row.get(tokens)
        if not isinstance(words, list) or not words or not all(isinstance(word, str) for word in words):
            raise BadInput(f"Row {number}, column “{tokens}”: a list of words was expected.")
        yield {text: text_of_tokens(words)[0], **{name: cell for name, cell in row.items() if name != text}}
