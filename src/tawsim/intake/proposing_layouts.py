"""All columns together → what is shown and asked: one arrangement for each kind of file, tried in a fixed order."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from tawsim.intake import proposing_names as names
from tawsim.intake.columns import TEXT_NAMES
from tawsim.intake.proposing_columns import Reading
from tawsim.intake.proposing_words import ASK, Language, sample_labels, say

JSON = Mapping[str, Any]
TREE = ("/", " > ", ">", "::", "|")


@dataclass(frozen=True, slots=True)
class Layout:
    """One arrangement: content blocks and questions as JSON, the column that is each task's text, which columns hold an
    answer that is known (question, column), what the import has to do (`data`), and what to tell (code, facts)."""

    code: str
    text_column: str
    content: tuple[JSON, ...]
    questions: tuple[JSON, ...]
    known: tuple[tuple[str, str], ...] = ()
    data: JSON = field(default_factory=dict)
    notes: tuple[tuple[str, JSON], ...] = ()
    template: str = ""


@dataclass(frozen=True, slots=True)
class _Columns:
    """The readings of a file, and how they are asked for."""

    all: tuple[Reading, ...]
    language: Language

    def of(self, *roles: str) -> list[Reading]:
        return [one for one in self.all if one.role in roles]

    @property
    def texts(self) -> list[Reading]:
        """Texts, the one to be judged first: by usual names in their order, then by length."""
        known = list(TEXT_NAMES)

        def place(one: Reading) -> tuple[int, float]:
            simple = names.plain(one.column)
            return (known.index(simple) if simple in known else len(known), -one.length)

        return sorted(self.of("text", "markdown"), key=place)

    @property
    def labels(self) -> list[Reading]:
        """Labels that are there, the main one first: by usual names in their order."""
        known = names.LABELS

        def place(one: Reading) -> tuple[int, int]:
            simple = names.plain(one.column)
            past = names.PAST.match(simple) is not None
            return (known.index(simple) if simple in known else len(known) + past, self.all.index(one))

        return sorted(self.of("label", "labels"), key=place)

    def title(self, code: str) -> str:
        return say(ASK, code, self.language)


def arrange(readings: Sequence[Reading], language: Language) -> list[Layout]:
    """The arrangements that suit, the best first; at least one."""
    columns = _Columns(tuple(readings), language)
    found: dict[str, Layout] = {}
    for one in _layouts(columns):
        found.setdefault(one.code, one)
    return [_told(columns, one) for one in list(found.values())[:6] or [_nothing(columns)]]


def _layouts(columns: _Columns) -> Iterator[Layout]:
    for suggest in (
        _spans,
        _compared,
        _chat,
        _image,
        _audio,
        _pair,
        _answered,
        _labelled,
        _table,
        _demonstration,
        _text,
    ):
        yield from suggest(columns)


def _told(columns: _Columns, layout: Layout) -> Layout:
    shown = {block["column"] for block in layout.content} | {block.get("other") for block in layout.content}
    shown |= {name for question in layout.questions for name in question.get("candidates", ())}
    hidden = [one.column for one in columns.all if one.column not in shown and one.role not in ("empty", "id")]
    notes = list(layout.notes)
    if hidden:
        notes.append(("hidden", {"columns": ", ".join(hidden[:12])}))
    return replace(layout, notes=tuple(notes))


def _block(one: Reading, kind: str = "") -> JSON:
    drawn = {"markdown": "markdown", "chat": "chat", "image": "image", "audio": "audio", "table": "table"}
    return {"kind": kind or drawn.get(one.role, "text"), "column": one.column}


def _ask(kind: str, name: str, title: str, **more: Any) -> JSON:
    return {"kind": kind, "name": name, "title": title, **more}


def _text_column(columns: _Columns, *wanted: Reading) -> str:
    """A column of texts, for lists and exports: the first of `wanted` that is one, else any."""
    texts = ("text", "markdown", "candidate", "image", "audio", "short", "label", "id", "url", "surroundings")
    found = [one for one in (*wanted, *columns.texts, *columns.of(*texts)) if one.role in texts]
    found = [one for one in found if one.form not in ("number", "codes")]
    if found:
        return found[0].column
    return wanted[0].column if wanted else columns.all[0].column


def _others(columns: _Columns, *used: Reading) -> tuple[JSON, ...]:
    """Other texts of the row, folded away."""
    return tuple(
        {"kind": "details", "column": one.column} for one in columns.of("text", "markdown", "url") if one not in used
    )


def question_of(one: Reading, title: str = "") -> JSON:
    """The question whose answers stand in a column of labels or scores."""
    name = "".join(c for c in one.column if c.isprintable()).strip()[:60].strip() or "label"
    if one.role == "score":
        low, high = _steps(int(one.facts["low"]), int(one.facts["high"]))
        return _ask("scale", name, title, low=low, high=high)
    more: dict[str, Any] = {"labels": [value for value in one.values if value]}
    separator = _separator(one.values)
    if separator:
        more["separator"] = separator
    return _ask("choices" if one.role == "labels" else "choice", name, title, **more)


def _steps(low: int, high: int) -> tuple[int, int]:
    """The usual scale that holds the numbers seen: 1 to 5, 0 to 10; else from the least to the greatest."""
    usual = ((1, 5), (0, 5), (1, 10), (0, 10))
    return next(((a, b) for a, b in usual if a <= low and high <= b), (low, max(high, low + 1)))


def _separator(values: Sequence[str]) -> str:
    if len(values) < 4:
        return ""
    return next((mark for mark in TREE if sum(mark in value for value in values) * 5 >= len(values) * 4), "")


def _notes(*ones: Reading) -> tuple[tuple[str, JSON], ...]:
    return (("codes", {}),) if any(one.form == "codes" for one in ones) else ()


def _spans(columns: _Columns) -> Iterator[Layout]:
    tokens, tags = columns.of("tokens"), columns.of("tags")
    if not tokens:
        return
    plain_tags = [one for one in tags if one.values and one.form != "nested"]
    labels = sorted({value for one in tags for value in one.values}) or sample_labels("spans", columns.language)
    notes: tuple[tuple[str, JSON], ...] = (("joined", {}),)
    data = {"tokens": tokens[0].column, **({"tags": plain_tags[0].column} if plain_tags else {})}
    yield Layout(
        "spans", "text", ({"kind": "text", "column": "text"},),
        (_ask("spans", "spans", columns.title("spans"), labels=labels, on="text"),),
        known=tuple(("spans", one.column) for one in plain_tags[:1]), data=data,
        notes=notes if plain_tags else (*notes, ("placeholder", {})), template="ner",
    )  # fmt: skip


def _compared(columns: _Columns) -> Iterator[Layout]:
    sides, lists = columns.of("candidate"), columns.of("candidates")
    if len(sides) < 2 and not lists:
        return
    # Groups of one stem stand together; the first group is compared.
    group = next(iter(names.groups_of_candidates([one.column for one in sides])), ())
    chosen = [one for one in sides if one.column in group] or lists[:1]
    asked = [one for one in columns.of("text", "markdown") if one.why == "prompt"]
    context = [*asked, *(one for one in columns.texts if one not in asked), *columns.of("chat", "image", "audio")]
    drawn = "markdown" if any(one.form == "markdown" for one in chosen) else "text"
    two = len(chosen) == 2 or (chosen[0].role == "candidates" and chosen[0].form == "two")
    shared = {"candidates": [one.column for one in chosen], "ties": True, "format": drawn}
    pair = _ask("pairwise", "better", columns.title("better"), **shared, steps=1)
    order = _ask("ranking", "order", columns.title("order"), **shared)
    column = _text_column(columns, *context, *chosen)
    blocks = tuple(_block(one) for one in context)
    if two:
        yield Layout("pairwise", column, blocks, (pair,), template="preference")
    yield Layout("ranking", column, blocks, (order,), template="best_of_n")


def _chat(columns: _Columns) -> Iterator[Layout]:
    for one in columns.of("chat")[:1]:
        rating = {"low": 1, "high": 5}
        asked = _ask("chat", "replies", columns.title("replies"), on=one.column, rating=rating, comment=True)
        column = _text_column(columns, one)
        content = (_block(one), *_others(columns))
        yield Layout("chat", column, content, (asked,), template="chat_rating")
        yield from _by_label(columns, (_block(one),), column, code="choice")


def _by_label(columns: _Columns, content: tuple[JSON, ...], column: str, code: str) -> Iterator[Layout]:
    """The labels or scores that are there, asked again."""
    labels = columns.labels
    scores = columns.of("score")
    title = columns.title
    if labels:
        one = labels[0]
        asked = question_of(one, title("label" if one.role == "label" else "labels"))
        first = "choices" if one.role == "labels" and code == "choice" else code
        yield Layout(first, column, content, (asked,), known=((asked["name"], one.column),), notes=_notes(one))
    if scores:
        asked = question_of(scores[0], title("rating"))
        yield Layout("scale", column, content, (asked,), known=((asked["name"], scores[0].column),))
    many = [*labels, *scores]
    if len(many) > 1:
        asked_by_name = {question_of(one)["name"]: one for one in reversed(many)}
        many = [one for one in many if one in asked_by_name.values()]
        several = tuple(question_of(one) for one in many)
        known = tuple((asked["name"], one.column) for asked, one in zip(several, many, strict=True))
        yield Layout("all_labels", column, content, several, known=known, notes=_notes(*many))


def _image(columns: _Columns) -> Iterator[Layout]:
    for one in columns.of("image")[:1]:
        notes: tuple[tuple[str, JSON], ...] = (("media", {}),) if one.why == "image_name" else ()
        read = [
            text for text in columns.texts if names.plain(text.column) in ("text", "ocr", "transcript", "النص", "نص")
        ]
        if read and not columns.labels:
            asked = _ask("text", "corrected", columns.title("corrected"), draft=read[0].column)
            both = (_block(one), _block(read[0]))
            yield Layout("ocr", one.column, both, (asked,), notes=notes, template="ocr_check")
        content = (_block(one), *_others(columns))
        for layout in _by_label(columns, content, one.column, "image_label"):
            yield replace(layout, notes=(*notes, *layout.notes))
        labels = sample_labels("boxes", columns.language)
        drawn = _ask("boxes", "boxes", columns.title("boxes"), labels=labels, on=one.column)
        yield Layout(
            "boxes", one.column, content, (drawn,), notes=(*notes, ("placeholder", {})), template="image_boxes"
        )


def _audio(columns: _Columns) -> Iterator[Layout]:
    for one in columns.of("audio")[:1]:
        notes: tuple[tuple[str, JSON], ...] = (("media", {}),) if one.why == "audio_name" else ()
        for layout in _by_label(columns, (_block(one), *_others(columns)), one.column, "audio_label"):
            yield replace(layout, notes=(*notes, *layout.notes))
        if columns.texts:
            asked = _ask("text", "corrected", columns.title("corrected"), draft=columns.texts[0].column)
            content = (_block(one), _block(columns.texts[0]))
            yield Layout("transcript_check", one.column, content, (asked,), notes=notes, template="transcription")
        drawn = _ask("segments", "segments", columns.title("segments"), labels=[], transcript=True, on=one.column)
        yield Layout("transcription", one.column, (_block(one),), (drawn,), notes=notes, template="transcription")


def _pair(columns: _Columns) -> Iterator[Layout]:
    texts = {one.column: one for one in columns.of("text", "markdown", "short")}
    found = names.pair_of(list(texts))
    if found is None:
        return
    kind, first, second = found
    one, other = texts[first], texts[second]
    rest = _others(columns, one, other)
    shown: list[JSON] = [_block(one), _block(other)]
    scale = _ask("scale", "rating", columns.title("rating"), low=1, high=5)
    if kind == "diff":
        shown = [{"kind": "diff", "column": first, "other": second}]
        asked = _ask(
            "choice", "improved", columns.title("improved"), labels=sample_labels("improved", columns.language)
        )
    elif kind == "claim":
        asked = _ask(
            "choice", "verdict", columns.title("supported"), labels=sample_labels("supported", columns.language)
        )
    else:
        asked = scale
    template = {"diff": "", "claim": "fact_check"}.get(kind, kind + "_quality")
    yield from _by_label(columns, (*shown, *rest), first, "choice") if kind == "claim" else ()
    yield Layout(kind, first, (*shown, *rest), (asked,), template=template)


def _answered(columns: _Columns) -> Iterator[Layout]:
    asked = [one for one in columns.texts if one.why == "prompt"]
    given = [one for one in columns.texts if one.why == "response" or names.plain(one.column) in names.RESPONSES]
    given = [one for one in given if one not in asked]
    if not asked or not given:
        return
    content = (*(_block(one) for one in asked), _block(given[0], "markdown"), *_others(columns, *asked, *given))
    yield from _by_label(columns, content, asked[0].column, "choice")
    scale = _ask("scale", "rating", columns.title("rating"), low=1, high=5)
    yield Layout("response", asked[0].column, content, (scale,), template="rubric")


def _labelled(columns: _Columns) -> Iterator[Layout]:
    texts = columns.texts or columns.of("short")
    if texts and (columns.labels or columns.of("score")):
        content = (_block(texts[0]), *_others(columns, texts[0]))
        yield from _by_label(columns, content, texts[0].column, "choice")


def _table(columns: _Columns) -> Iterator[Layout]:
    for one in columns.of("table")[:1]:
        asked = _ask("choice", "label", columns.title("label"), labels=sample_labels("yes_no", columns.language))
        blocks = (*(_block(text) for text in columns.texts[:1]), _block(one))
        yield from _by_label(columns, blocks, _text_column(columns, one), "choice")
        yield Layout("table", _text_column(columns, one), blocks, (asked,), notes=(("placeholder", {}),))


def _demonstration(columns: _Columns) -> Iterator[Layout]:
    asked = [one for one in columns.texts if one.why == "prompt"]
    if asked and len(asked) == len(columns.texts):
        question = _ask("text", "answer", columns.title("answer"))
        content = tuple(_block(one) for one in asked)
        yield Layout("demonstration", asked[0].column, content, (question,), template="sft_demonstration")


def _text(columns: _Columns) -> Iterator[Layout]:
    texts = columns.texts or columns.of("short")
    if not texts:
        return
    one = texts[0]
    content = (_block(one), *_others(columns, one))
    labels = sample_labels("label", columns.language)
    placeholder: tuple[tuple[str, JSON], ...] = (("placeholder", {}),)
    single = _ask("choice", "label", columns.title("label"), labels=labels)
    several = _ask("choices", "labels", columns.title("labels"), labels=labels)
    named = sample_labels("spans", columns.language)
    marked = _ask("spans", "spans", columns.title("spans"), labels=named, on=one.column)
    if columns.labels:
        known = columns.labels[0]
        again = replace(known, role="labels")
        yield Layout(
            "choices", one.column, content, (question_of(again, columns.title("labels")),), notes=_notes(known)
        )
    else:
        yield Layout("choice", one.column, content, (single,), notes=placeholder, template="sentiment")
        yield Layout("choices", one.column, content, (several,), notes=placeholder)
    yield Layout("mark", one.column, content, (marked,), notes=placeholder, template="ner")


def _nothing(columns: _Columns) -> Layout:
    labels = columns.labels
    asked = question_of(labels[0]) if labels else _ask("choice", "label", columns.title("label"),
        labels=sample_labels("label", columns.language))  # fmt: skip
    shown = tuple(
        {"kind": "details", "column": one.column} for one in columns.of("id", "url", "number", "surroundings")
    )
    notes: tuple[tuple[str, JSON], ...] = () if labels else (("placeholder", {}),)
    return Layout("nothing", _text_column(columns), shown, (asked,), notes=notes)
