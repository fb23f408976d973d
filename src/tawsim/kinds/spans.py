"""Spans: stretches of a text with a label, and relations between them. Pure; no store, no HTTP.

An answer is {"spans": [{"start", "end", "label", "text"}], "relations": [{"from", "to", "label"}]}. Offsets are code points
into the text of the column `on`, the end exclusive, on edges of what readers see as one character; `text` is the quote.
Spans are sorted by start, end and label, without repeats; relations name spans by their place among the sorted ones.

Truth of relations: of each ordered pair of spans that one worker marked, and that a relation may join, as one part of the
task: the set of relations that hold, mostly none. So who did not mark a span has no say in what it is related to.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from tawsim.core.errors import BadInput
from tawsim.core.records import Question
from tawsim.core.text import is_edge, is_unicode
from tawsim.kinds.answers import as_label, as_list, as_object, as_whole, bad, brief, parsed
from tawsim.kinds.choice import check_labels, places
from tawsim.kinds.distances import cover_f1_distance, f1_distance, told_apart
from tawsim.kinds.fields import flag
from tawsim.kinds.kind import Aspect, Content, Example, Kind, Vote, on_column

MOST_SPANS = 5_000
MOST_RELATIONS = 10_000
MOST_RULES = 200
FURTHEST = 10_000_000
# All quotes of an answer together: spans may each be as long as the text.
LONGEST_QUOTES = 2_000_000
# Pairs of spans that one answer votes on; of more, those of spans that stand near each other, and those that are related.
MOST_PAIRS = 2_000
BESIDE = " → "
_RULES: dict[int, tuple[Any, tuple[tuple[str, frozenset[str], frozenset[str]], ...]]] = {}
_REMEMBERED = 200


@dataclass(frozen=True, slots=True)
class Spans(Question):
    """Marked stretches of the column `on`. `relations`: rules {"label", "from", "to"} with the labels of spans that it may
    join, [] for any."""

    labels: tuple[str, ...] = ()
    overlap: bool = True
    relations: tuple[dict[str, Any], ...] = field(default=(), hash=False)
    kind: Literal["spans"] = "spans"


def read_spans(data: Mapping[str, Any], common: Mapping[str, Any]) -> Spans:
    """A `Spans` from its JSON form."""
    labels = check_labels(data.get("labels"), at_least=1)
    rules = data.get("relations", ())
    if not isinstance(rules, list | tuple) or len(rules) > MOST_RULES:
        raise BadInput(f"relations are a list of at most {MOST_RULES} objects with label, from and to.")
    relations = tuple(_read_rule(rule, places(labels)) for rule in rules)
    if any(rule in relations[:i] for i, rule in enumerate(relations)):
        raise BadInput("a relation is named twice.")
    return Spans(**common, labels=labels, overlap=flag(data, "overlap", True), relations=relations)


def _read_rule(rule: Any, labels: Mapping[str, int]) -> dict[str, Any]:
    if not isinstance(rule, Mapping) or not set(rule) <= {"label", "from", "to"} or "label" not in rule:
        raise BadInput(f"a relation is an object with label, from and to, not {brief(rule)}.")
    clean: dict[str, Any] = {"label": check_labels([rule["label"]], at_least=1)[0]}
    for side in ("from", "to"):
        given = rule.get(side) or []
        if not isinstance(given, list | tuple) or not all(isinstance(one, str) and one in labels for one in given):
            raise BadInput(f"{side} of the relation {clean['label']!r} is a list of labels of spans.")
        clean[side] = sorted(set(given), key=labels.__getitem__)
    return clean


def narrow_spans(question: Spans, kept: Collection[str]) -> Spans:
    """With only the labels of `kept`, and the rules that still can join two. A rule that names labels of which none is left
    goes: without any it would join all."""
    relations = []
    for rule in question.relations:
        sides = {side: [label for label in rule[side] if label in kept] for side in ("from", "to")}
        if all(sides[side] or not rule[side] for side in sides):
            relations.append({"label": rule["label"], **sides})
    labels = tuple(label for label in question.labels if label in kept)
    return replace(question, labels=labels, relations=tuple(relations))


# ---- answers ------------------------------------------------------------------------------------------------------
def validate_spans(question: Spans, answer: Any, content: Content | None = None) -> dict[str, Any]:
    """The answer in canonical form, with quotes where the row is known. Raises `BadAnswer` for a quote that is not what
    stands there, an edge within a character, an overlap where there may be none, a relation that no rule allows."""
    given = as_object(question, answer, ("spans",), ("relations",))
    text = _text_of(question, content)
    place = places(question.labels)
    listed = as_list(question, given["spans"], MOST_SPANS, "spans")
    marked = [_read_span(question, one, text, place) for one in listed]
    keys = [key for key, _ in marked]
    order = sorted(set(keys))
    # Before anything is copied: thousands of spans may each be as long as the text.
    if sum(end - start for start, end, _ in order) > LONGEST_QUOTES:
        raise bad(question, f"all spans together are longer than {LONGEST_QUOTES:,} characters.")
    if not question.overlap:
        _refuse_overlaps(question, order)
    kept = _with_quotes(question, text, marked)
    where = {key: i for i, key in enumerate(order)}
    relations = _validate_relations(question, given.get("relations") or [], [where[key] for key in keys], order)
    return {"spans": [kept[key] for key in order], "relations": relations}


def _key(span: Mapping[str, Any]) -> tuple[int, int, str]:
    return span["start"], span["end"], span["label"]


def _text_of(question: Spans, content: Content | None) -> str | None:
    """The text that offsets count in; None where the row or the column is not known."""
    if content is None or not question.on:
        return None
    text = content.get(question.on)
    if not isinstance(text, str):
        raise bad(question, f"the column “{question.on}” of this row holds no text.")
    return text


def _read_span(
    question: Spans, value: Any, text: str | None, labels: Mapping[str, int]
) -> tuple[tuple[int, int, str], str]:
    """Start, end and label of a span, and its quote as it was sent."""
    given = as_object(question, value, ("start", "end", "label"), ("text",), "a span")
    start, end = (as_whole(question, given[name], f"the {name} of a span") for name in ("start", "end"))
    length = FURTHEST if text is None else len(text)
    if not 0 <= start < end <= length:
        raise bad(question, f"a span runs from {start} to {end}; wanted: 0 ≤ start < end ≤ {length:,}.")
    label = given["label"]
    if not isinstance(label, str) or label not in labels:
        raise bad(question, f"{brief(label)} is none of the labels.", "Labels: " + ", ".join(question.labels[:12]))
    quote = given.get("text")
    quote = "" if quote is None else quote
    if not isinstance(quote, str) or not is_unicode(quote):
        raise bad(question, f"the quote of a span is a text, not {brief(quote)}.")
    if quote and len(quote) != end - start:
        raise bad(
            question, f"the quote {brief(quote)} has {len(quote)} characters, the span from {start} to {end} has "
            f"{end - start}.", "Offsets count code points, as Python does; JavaScript counts UTF-16 units.",
        )  # fmt: skip
    return (start, end, label), quote


def _with_quotes(
    question: Spans, text: str | None, marked: Sequence[tuple[tuple[int, int, str], str]]
) -> dict[tuple[int, int, str], dict[str, Any]]:
    """The spans with what stands in the text, each once; without the row, of repeats the one with a quote."""
    kept: dict[tuple[int, int, str], dict[str, Any]] = {}
    for key, quote in marked:
        start, end, label = key
        if key not in kept:
            there = quote if text is None else _there(question, text, start, end)
            kept[key] = {"start": start, "end": end, "label": label, "text": there}
        one = kept[key]
        if text is None:
            one["text"] = quote or one["text"]
        elif quote and quote != one["text"]:
            raise bad(
                question, f"the quote {brief(quote)} is not what stands from {start} to {end}: {brief(one['text'])}.",
                "Offsets count code points, as Python does; JavaScript counts UTF-16 units.",
            )  # fmt: skip
    return kept


def _there(question: Spans, text: str, start: int, end: int) -> str:
    """What stands in the text. Raises `BadAnswer` if an edge cuts a character."""
    there = text[start:end]
    for edge in (start, end):
        if not is_edge(text, edge):
            raise bad(
                question, f"the edge at {edge} of the span {brief(there)} cuts a character that is written in several.",
                "A mark belongs to its letter, and an emoji is one.",
            )  # fmt: skip
    if not is_unicode(there):
        raise bad(question, f"the text from {start} to {end} holds half a character (a lone surrogate).")
    return there


def _refuse_overlaps(question: Spans, order: Sequence[tuple[int, int, str]]) -> None:
    furthest = 0
    for start, end, label in order:
        if start < furthest:
            raise bad(question, f"the span {label!r} from {start} to {end} overlaps another; that is not allowed here.")
        furthest = end


def _validate_relations(
    question: Spans, value: Any, place: Sequence[int], spans: Sequence[tuple[int, int, str]]
) -> list[dict[str, Any]]:
    """The relations, sorted; `place` is where each span of the answer stands among the sorted `spans`."""
    found: set[tuple[int, int, str]] = set()
    labels = tuple(dict.fromkeys(rule["label"] for rule in question.relations))
    for one in as_list(question, value, MOST_RELATIONS, "relations"):
        given = as_object(question, one, ("from", "to", "label"), (), "a relation")
        ends = [as_whole(question, given[side], f"{side} of a relation") for side in ("from", "to")]
        if not all(0 <= end < len(place) for end in ends):
            raise bad(question, f"a relation joins the spans {ends[0]} and {ends[1]}; there are {len(place)}, from 0.")
        left, right = (place[end] for end in ends)
        label = as_label(question, given["label"], labels)
        if left == right:
            raise bad(question, f"the relation {label!r} joins a span with itself.")
        if not _allowed(question, spans[left][2], spans[right][2], label):
            raise bad(question, f"the relation {label!r} does not go from {spans[left][2]!r} to {spans[right][2]!r}.")
        found.add((left, right, label))
    return [{"from": left, "to": right, "label": label} for left, right, label in sorted(found)]


def _allowed(question: Spans, left: str, right: str, label: str | None = None) -> bool:
    """Whether a relation (one of this label) may go from a span of one label to a span of another."""
    return any(
        (label is None or label == name) and (not starts or left in starts) and (not ends or right in ends)
        for name, starts, ends in _rules(question.relations)
    )


def _rules(relations: tuple[dict[str, Any], ...]) -> tuple[tuple[str, frozenset[str], frozenset[str]], ...]:
    """The rules with their sides as sets: a rule may name thousands of labels, and an answer ask ten thousand times. The last
    ones used are remembered, by identity, as `places` does."""
    found = _RULES.get(id(relations))
    if found is None or found[0] is not relations:
        if len(_RULES) >= _REMEMBERED:
            _RULES.clear()
        sides = tuple((one["label"], frozenset(one["from"]), frozenset(one["to"])) for one in relations)
        found = _RULES[id(relations)] = (relations, sides)
    return found[1]


# ---- distance and truth -------------------------------------------------------------------------------------------
@told_apart
def distance_spans(question: Spans, a: Mapping[str, Any], b: Mapping[str, Any]) -> float:
    """1 - F1, the mean of two: of exact spans, and of characters label by label, so that a near miss counts in part. Where
    there are rules for relations, these count for a third: 1 - F1 of relations whose both spans are the same."""
    left, right = a["spans"], b["spans"]
    marked = (f1_distance(map(_key, left), map(_key, right)) + cover_f1_distance(left, right)) / 2
    if not question.relations:
        return marked
    return (2 * marked + f1_distance(_joined(a), _joined(b))) / 3


def _joined(answer: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    spans = answer["spans"]
    return [(_key(spans[one["from"]]), _key(spans[one["to"]]), one["label"]) for one in answer["relations"]]


def _aspects(question: Spans) -> tuple[Aspect, ...]:
    spans = Aspect("", "spans", question.labels)
    if not question.relations:
        return (spans,)
    return spans, Aspect("relations", "choices", tuple(dict.fromkeys(rule["label"] for rule in question.relations)))


def _name(span: Mapping[str, Any]) -> str:
    return f"{span['start']}-{span['end']}:{span['label']}"


def _votes(question: Spans, answer: Mapping[str, Any]) -> Iterator[Vote]:
    spans = answer["spans"]
    yield Vote("", "", [{name: span[name] for name in ("start", "end", "label")} for span in spans])
    if not question.relations:
        return
    drawn: dict[tuple[int, int], list[str]] = {}
    for one in answer["relations"]:
        drawn.setdefault((one["from"], one["to"]), []).append(one["label"])
    pairs = set(drawn)
    reach = max(MOST_PAIRS // (2 * len(spans)), 1) if spans else 0
    for i, span in enumerate(spans):
        for j in range(max(i - reach, 0), min(i + reach + 1, len(spans))):
            if i != j and _allowed(question, span["label"], spans[j]["label"]):
                pairs.add((i, j))
    for i, j in sorted(pairs):
        yield Vote("relations", _name(spans[i]) + BESIDE + _name(spans[j]), drawn.get((i, j), []))


def assemble_spans(question: Spans, found: Mapping[tuple[str, str], Any]) -> dict[str, Any] | None:
    """The inferred spans, without quotes (validation with the row fills them in), and the relations between them. Where
    spans may not overlap, the first of two stays."""
    given = parsed(found.get(("", "")))
    if not isinstance(given, list | tuple):
        return None
    spans: list[dict[str, Any]] = []
    for start, end, label in sorted({_key(span) for span in given}):
        if question.overlap or not spans or start >= spans[-1]["end"]:
            spans.append({"start": int(start), "end": int(end), "label": label, "text": ""})
    place = {_name(span): i for i, span in enumerate(spans)}
    relations: set[tuple[int, int, str]] = set()
    for (aspect, part), labels in found.items():
        if aspect == "relations" and labels is not None and (ends := _ends(part, place)):
            relations.update((*ends, label) for label in parsed(labels))
    return {
        "spans": spans,
        "relations": [{"from": left, "to": right, "label": label} for left, right, label in sorted(relations)],
    }


def _ends(part: str, place: Mapping[str, int]) -> tuple[int, int] | None:
    """The spans that a part is about; None if one of them was not inferred. A label may hold the arrow too."""
    pieces = part.split(BESIDE)
    for cut in range(1, len(pieces)):
        left, right = BESIDE.join(pieces[:cut]), BESIDE.join(pieces[cut:])
        if left in place and right in place:
            return place[left], place[right]
    return None


KINDS: dict[str, Kind] = {
    "spans": Kind(
        read=read_spans,
        validate=validate_spans,
        distance=distance_spans,
        aspects=_aspects,
        votes=_votes,
        assemble=assemble_spans,
        example=Example(
            Spans(
                "entities",
                on="text",
                labels=("شخص", "مكان", "ORG"),
                relations=({"label": "works_for", "from": ["شخص"], "to": ["ORG"]},),
            ),
            {
                "spans": [
                    {"start": 14, "end": 20, "label": "ORG", "text": "OpenAI"},
                    {"start": 0, "end": 5, "label": "شخص", "text": "ليلَى"},
                ],
                "relations": [{"from": 1, "to": 0, "label": "works_for"}],
            },
            {"spans": [{"start": 0, "end": 5, "label": "شخص", "text": "ليلَى"}], "relations": []},
            {"spans": [{"start": 5, "end": 5, "label": "شخص", "text": ""}], "relations": []},
            {"text": "ليلَى تعمل في OpenAI 👩‍💻 منذ 2019"},
        ),
        columns=on_column,
        offers=lambda question: question.labels,
        narrow=narrow_spans,
    ),
}
