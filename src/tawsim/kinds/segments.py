"""Segments: stretches of a recording with a label (a speaker, a category) and what is said in them. Pure; no store, no HTTP.

An answer is {"duration": s, "segments": [{"start", "end", "label", "text"}]}: seconds to 3 digits, sorted by start, end and
label. Where the question has no labels, label is ""; without `transcript`, text is "".

Truth is inferred of where the segments lie, as boxes of height 1 along the time, and of all words in their order, with a
mark between segments that is voted on like a word. As boxes, since nobody marks the same hundredth of a second twice: over
4 × 60 made recordings of 8 segments by 3 of 6 workers, .973 to .993 of what is found overlaps the truth by .7 and more; as
spans of whole hundredths .965 to .988, in 20 times the time.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Literal

from tawsim.core.records import Question
from tawsim.kinds.answers import as_label, as_list, as_number, as_object, as_text, bad, parsed, tidy
from tawsim.kinds.choice import check_labels, places
from tawsim.kinds.distances import cover_iou_distance, f1_distance, text_distance, told_apart
from tawsim.kinds.fields import flag
from tawsim.kinds.kind import Aspect, Content, Example, Kind, Vote, by_labels, on_column

MOST = 5_000
LONGEST_TEXT = 20_000
LONGEST_TRANSCRIPT = 500_000
# A day; nobody marks longer recordings in one task.
LONGEST = 86_400.0
NO_LABEL = "segment"
# Stands between the words of two segments. A letter (of click languages, never alone in them): models of text take it for a
# word and vote on it, while a sign would stick to the word before.
PARTED = "ǁ"
BETWEEN = re.compile(rf"(?<!\S){PARTED}(?!\S)")


@dataclass(frozen=True, slots=True)
class Segments(Question):
    """Stretches of the recording in the column `on`, each with one of `labels` (none: without), and its words."""

    labels: tuple[str, ...] = ()
    transcript: bool = True
    overlap: bool = True
    kind: Literal["segments"] = "segments"


def read_segments(data: Mapping[str, Any], common: Mapping[str, Any]) -> Segments:
    """A `Segments` from its JSON form."""
    labels = data.get("labels") or ()
    return Segments(
        **common,
        labels=check_labels(labels, at_least=1) if labels else (),
        transcript=flag(data, "transcript", True),
        overlap=flag(data, "overlap", True),
    )


def validate_segments(question: Segments, answer: Any, _content: Content | None = None) -> dict[str, Any]:
    """The segments in canonical form, without repeats. Raises `BadAnswer`."""
    given = as_object(question, answer, ("duration", "segments"))
    duration = as_number(question, given["duration"], "duration", 3)
    if not 0 < duration <= LONGEST:
        raise bad(question, f"the duration {duration} s is not between 0 and {LONGEST:,.0f} s.")
    listed = as_list(question, given["segments"], MOST, "segments")
    found = [_validate_segment(question, one, duration) for one in listed]
    found = sorted({tuple(one.values()): one for one in found}.values(), key=_order)
    if len({_place(one) for one in found}) < len(found):
        raise bad(question, "two segments are in one place with one label, but with different words.", "Join them.")
    if sum(len(one["text"]) for one in found) > LONGEST_TRANSCRIPT:
        raise bad(question, f"the transcript is longer than {LONGEST_TRANSCRIPT:,} characters.")
    if not question.overlap:
        end = 0.0
        for one in found:
            if one["start"] < end:
                raise bad(question, f"the segment from {one['start']} s overlaps another; that is not allowed here.")
            end = one["end"]
    return {"duration": duration, "segments": found}


def _order(one: Mapping[str, Any]) -> tuple[Any, ...]:
    return one["start"], one["end"], one["label"], one["text"]


def _validate_segment(question: Segments, value: Any, duration: float) -> dict[str, Any]:
    given = as_object(question, value, ("start", "end"), ("label", "text"), "a segment")
    start, end = (as_number(question, given[name], f"the {name} of a segment", 3) for name in ("start", "end"))
    if not 0 <= start < end <= duration:
        raise bad(question, f"a segment runs from {start} to {end} s; wanted: 0 ≤ start < end ≤ {duration}.")
    label = given.get("label") or ""
    if question.labels:
        label = as_label(question, label, places(question.labels))
    elif label != "":
        raise bad(question, "segments have no labels here.")
    text = as_text(question, given.get("text") or "", LONGEST_TEXT, "the text of a segment")
    if text and not question.transcript:
        raise bad(question, "segments have no text here.")
    return {"start": start, "end": end, "label": label, "text": text}


@told_apart
def distance_segments(question: Segments, a: Mapping[str, Any], b: Mapping[str, Any]) -> float:
    """The mean of 1 - intersection over union of the time, label by label, and 1 - F1 of exact segments at a weight of one
    to three; with a transcript, the mean of that and `text_distance` of all words in the order of the segments."""
    left, right = a["segments"], b["segments"]
    exact = f1_distance(map(_place, left), map(_place, right))
    time = 0.75 * cover_iou_distance(left, right) + 0.25 * exact
    return (time + text_distance(_words(left), _words(right))) / 2 if question.transcript else time


def _place(one: Mapping[str, Any]) -> tuple[Any, ...]:
    return one["start"], one["end"], one["label"]


def _words(segments: Sequence[Mapping[str, Any]]) -> str:
    return " ".join(" ".join(one["text"].split()) for one in segments)


# ---- truth --------------------------------------------------------------------------------------------------------
def _box(one: Mapping[str, Any]) -> dict[str, Any]:
    width = tidy(round(one["end"] - one["start"], 3))
    return {"x": one["start"], "y": 0, "width": width, "height": 1, "label": one["label"] or NO_LABEL}


def _votes(question: Segments, answer: Mapping[str, Any]) -> Iterator[Vote]:
    yield Vote("", "", [_box(one) for one in answer["segments"]])
    if question.transcript:
        texts = [" ".join(word for word in one["text"].split() if word != PARTED) for one in answer["segments"]]
        yield Vote("transcript", "", f" {PARTED} ".join(texts))


def assemble_segments(question: Segments, found: Mapping[tuple[str, str], Any]) -> dict[str, Any] | None:
    """The inferred segments with their words; `duration` is the end of the last, as the truth knows no other. Where none may
    overlap, a later one begins after the one before. Where the words fall into another number of pieces than there are
    segments, they are shared out by length of time."""
    boxes = parsed(found.get(("", "")))
    if not isinstance(boxes, list):
        return None
    segments: list[dict[str, Any]] = []
    before = 0.0
    for start, end, name in sorted({(one["x"], one["x"] + one["width"], one["label"]) for one in boxes}):
        start, end = tidy(round(max(start, before), 3)), tidy(round(end, 3))
        if start < end:
            label = name if question.labels else ""
            segments.append({"start": start, "end": end, "label": label, "text": ""})
            before = 0.0 if question.overlap else end
    if question.transcript and segments:
        pieces = _pieces(str(found.get(("transcript", "")) or ""), segments)
        segments = [{**one, "text": text} for one, text in zip(segments, pieces, strict=True)]
    return {"duration": max((one["end"] for one in segments), default=0.001), "segments": segments}


def _pieces(words: str, segments: Sequence[Mapping[str, Any]]) -> list[str]:
    pieces = [" ".join(piece.split()) for piece in BETWEEN.split(words)]
    if len(pieces) == len(segments):
        return pieces
    said = [word for word in words.split() if word != PARTED]
    lengths = [one["end"] - one["start"] for one in segments]
    total, before = sum(lengths), 0.0
    ends = [0]
    for length in lengths:
        before += length
        ends.append(round(before / total * len(said)))
    return [" ".join(said[start:end]) for start, end in pairwise(ends)]


def _aspects(question: Segments) -> tuple[Aspect, ...]:
    where = Aspect("", "boxes", question.labels or (NO_LABEL,))
    return (where, Aspect("transcript", "text")) if question.transcript else (where,)


KINDS: dict[str, Kind] = {
    "segments": Kind(
        read=read_segments,
        validate=validate_segments,
        distance=distance_segments,
        aspects=_aspects,
        votes=_votes,
        assemble=assemble_segments,
        example=Example(
            Segments("speech", on="recording", labels=("ليلى", "Omar")),
            {
                "duration": 9.5,
                "segments": [
                    {"start": 0.25, "end": 3, "label": "ليلى", "text": "صباح الخير"},
                    {"start": 2.75, "end": 6.125, "label": "Omar", "text": "أهلًا، good morning"},
                ],
            },
            {"duration": 9.5, "segments": [{"start": 0, "end": 3, "label": "ليلى", "text": "صباح الخير"}]},
            {"duration": 9.5, "segments": [{"start": 8, "end": 9.75, "label": "Omar", "text": ""}]},
            {"recording": "talk.wav"},
        ),
        columns=on_column,
        **by_labels(),
    ),
}
