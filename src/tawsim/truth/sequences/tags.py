"""Spans and BIO tags: reading either, and turning one into the other. No model and no probability lives here.

A span is (start, end, label) with start < end, in any whole units: tokens, code points, milliseconds. A tag sequence has one
tag a token: O, B-label (a span begins) or I-label (it goes on); an I that continues nothing begins a span.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from tawsim.core.errors import BadInput


class Span(NamedTuple):
    """From `start` up to but without `end`, in the units of the input; `label` is any text."""

    start: int
    end: int
    label: str


Tags = tuple[str, ...]


def spans_of_tags(tags: Sequence[str]) -> tuple[Span, ...]:
    """The spans of a BIO sequence, positions in tokens, in order.

    >>> spans_of_tags(["B-PER", "I-PER", "O", "I-LOC"])
    (Span(start=0, end=2, label='PER'), Span(start=3, end=4, label='LOC'))
    """
    found: list[Span] = []
    start, label = 0, ""
    for i, tag in enumerate([*tags, "O"]):
        goes_on = tag[:2] == "I-" and tag[2:] == label
        if label and not goes_on:
            found.append(Span(start, i, label))
            label = ""
        if tag != "O" and not label:
            start, label = i, tag[2:]
    return tuple(found)


def tags_of_spans(spans: Iterable[Span], length: int) -> Tags:
    """The BIO sequence of `length` tokens with these spans. Raises `BadInput` where two overlap or one sticks out.

    >>> tags_of_spans([Span(0, 2, "PER")], 3)
    ('B-PER', 'I-PER', 'O')
    """
    tags = ["O"] * length
    for start, end, label in spans:
        if start < 0 or end > length:
            raise BadInput(f"The span {start}–{end} lies outside the {length} tokens.")
        if any(tag != "O" for tag in tags[start:end]):
            raise BadInput(f"The span {start}–{end} overlaps another.", "BIO tags cannot say that; keep spans.")
        tags[start:end] = [f"B-{label}", *[f"I-{label}"] * (end - start - 1)]
    return tuple(tags)


def overlap(spans: Sequence[Span]) -> bool:
    """Whether two of the spans, sorted by start, share a position."""
    furthest = None
    for span in spans:
        if furthest is not None and span.start < furthest:
            return True
        furthest = span.end if furthest is None else max(furthest, span.end)
    return False


def read_answer(cell: Any) -> Tags | frozenset[Span]:
    """A cell as tags (tuple) or as spans (frozenset): text with tags or JSON, a list of tags, or a list of spans.

    An empty list means that there are no spans. Raises `BadInput` for anything else, saying what is wrong.
    """
    if isinstance(cell, str):
        text = cell.strip()
        if not text.startswith("["):
            return _tags(text.split())
        try:
            cell = json.loads(text)
        except json.JSONDecodeError as error:
            raise BadInput(f"the label is not JSON: {error.msg}.") from None
    if isinstance(cell, Mapping) or not isinstance(cell, Iterable):
        raise BadInput("the label is neither tags nor a list of spans.", 'Example: [{"start":0,"end":2,"label":"PER"}]')
    items = list(cell)
    if items and all(isinstance(item, str) for item in items):
        return _tags(items)
    return frozenset(_span(item) for item in items)


def _tags(items: Sequence[str]) -> Tags:
    if not items:
        raise BadInput("there is no tag.", "Say O for each token where nothing is marked, or [] for no spans.")
    for item in items:
        if item != "O" and not (item[:2] in ("B-", "I-") and len(item) > 2):
            raise BadInput(f"{item[:40]!r} is not a BIO tag.", "Tags are O, B-label and I-label.")
    return tuple(items)


def _span(item: Any) -> Span:
    """A span from a mapping or a (start, end, label)."""
    if isinstance(item, Mapping):
        missing = [name for name in ("start", "end", "label") if name not in item]
        if missing:
            raise BadInput(f"a span has no {missing[0]}.", "A span is {start, end, label}.")
        start, end, label = item["start"], item["end"], item["label"]
    elif isinstance(item, Sequence) and not isinstance(item, str | bytes) and len(item) == 3:
        start, end, label = item
    else:
        raise BadInput(f"{str(item)[:40]!r} is not a span.", "A span is {start, end, label}.")
    for name, value in (("start", start), ("end", end)):
        if isinstance(value, bool) or not isinstance(value, int | float) or value != value or value % 1:
            raise BadInput(f"the {name} of a span is {str(value)[:40]!r}, not a whole number.")
    if not isinstance(label, str) or not label.strip():
        raise BadInput("a span has no label.", "A label is text.")
    if not start < end:
        raise BadInput(f"a span runs from {start} to {end}; it needs start < end.")
    return Span(int(start), int(end), label)
