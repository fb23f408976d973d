"""A file → a proposal for a project: what each column is, what is shown, what is asked, and why. Makes nothing.

`propose` decides from a sample of rows, `propose_file` reads it. The rules of columns stand in proposing_columns.py, the
arrangements in proposing_layouts.py, all words in proposing_words.py.
"""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import IO, Any, Literal

from tawsim.core.errors import BadFile, BadInput
from tawsim.core.text import is_name
from tawsim.intake import proposing_words as words
from tawsim.intake.proposing_columns import MAX_TOLD, Reading, labels_of_tags, read_column
from tawsim.intake.proposing_layouts import Layout, arrange
from tawsim.intake.proposing_names import groups_of_candidates
from tawsim.intake.proposing_words import Language
from tawsim.intake.rows import RowSource, open_rows

SAMPLE_ROWS = 500
SAMPLE_CHARACTERS = 8_000_000
LABEL_ROWS = 50_000  # how far a file is read for further values of its labels
MAX_LABELS = 2_000
SHOWN_CELL = 2_000
Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Proposal:
    """What a file could become. `layout` is the proposal; `alternatives` are others, in the order of preference.

    `direction` is that of most letters of the texts; `language` is that of titles and example labels. `rows` counts
    those that were read; `whole` says that these are all.
    """

    columns: tuple[Reading, ...]
    layout: Layout
    alternatives: tuple[Layout, ...]
    direction: Literal["rtl", "ltr"]
    language: Language
    rows: int
    whole: bool

    @property
    def content(self) -> tuple[Mapping[str, Any], ...]:
        """The blocks to show, as JSON objects."""
        return self.layout.content

    @property
    def questions(self) -> tuple[Mapping[str, Any], ...]:
        """The questions, as JSON objects."""
        return self.layout.questions


def propose(rows: Sequence[Row], *, language: Language | None = None, whole: bool = True) -> Proposal:
    """The proposal for a file of which `rows` are the first. Raises `BadInput` if there is no row.

    `language`: of titles and example labels; without it Arabic where most letters of the texts are.
    """
    if not rows:
        raise BadInput("There is no row to read.")
    order = list(dict.fromkeys(name for row in rows for name in row))
    grouped = {name for group in groups_of_candidates(order) for name in group}
    readings = tuple(read_column(name, [row.get(name) for row in rows], candidate=name in grouped) for name in order)
    direction = direction_of(rows, readings)
    chosen: Language = language or ("ar" if direction == "rtl" else "en")
    first, *others = arrange(readings, chosen)
    return Proposal(readings, first, tuple(others), direction, chosen, len(rows), whole)


def propose_file(
    source: str | os.PathLike[str] | IO[bytes],
    *,
    filename: str | None = None,
    format: str | None = None,
    language: Language | None = None,
    cut: bool = False,
) -> tuple[Proposal, list[Row]]:
    """The proposal for a file, and the rows of its sample. `cut`: the bytes are only the head of the file.

    Reads at most 500 rows or eight million characters, and of at most 50,000 rows the labels. Raises `BadFile`.
    """
    opened = open_rows(source, filename=filename, format=format)
    sample, ended = _sample(opened, cut)
    proposal = propose(sample, language=language, whole=ended and not cut)
    labels = {one.column: one for one in proposal.columns if one.role in ("label", "labels", "tags")}
    complete = not cut
    if labels and not ended:
        found, complete = _further_labels(opened, labels, cut)
        readings = tuple(replace(one, **found.get(one.column, {})) for one in proposal.columns)
        first, *others = arrange(readings, proposal.language)
        proposal = replace(proposal, columns=readings, layout=first, alternatives=tuple(others))
    if labels and not complete:
        others = [_may_miss_labels(one) for one in proposal.alternatives]
        proposal = replace(proposal, layout=_may_miss_labels(proposal.layout), alternatives=tuple(others))
    return proposal, sample


def _may_miss_labels(layout: Layout) -> Layout:
    return replace(layout, notes=(*layout.notes, ("cut", {}))) if layout.known else layout


def _sample(opened: RowSource, cut: bool) -> tuple[list[Row], bool]:
    """The first rows, and whether these are all."""
    found: list[Row] = []
    characters = 0
    try:
        for _, row in opened.rows():
            if len(found) == SAMPLE_ROWS or characters > SAMPLE_CHARACTERS:
                return found, False
            found.append(row)
            characters += sum(len(cell) if isinstance(cell, str) else 8 for cell in row.values())
    except BadFile:
        if not cut or not found:
            raise
    if cut and len(found) > 1:
        found.pop()  # the last one may have lost its end
    return found, True


def _further_labels(
    opened: RowSource, labels: Mapping[str, Reading], cut: bool
) -> tuple[dict[str, dict[str, Any]], bool]:
    """The values of each label over more rows, in order, and whether these were all rows. A column that turns out to have
    too many values keeps those of the sample."""
    seen = {name: set(one.values) for name, one in labels.items()}
    last: Row = {}
    complete = not cut
    try:
        for number, row in opened.rows():
            if number > LABEL_ROWS:
                complete = False
                break
            _add(seen, last, labels)
            last = row
    except BadFile:
        if not cut:
            raise
    if not cut:
        _add(seen, last, labels)
    found: dict[str, dict[str, Any]] = {}
    for name, values in seen.items():
        if len(labels[name].values) < len(values) <= MAX_LABELS:
            order = tuple(sorted(values, key=_order(labels[name])))
            found[name] = {"values": order, "facts": {"n": len(order), "values": ", ".join(order[:12])}}
        complete = complete and len(values) <= MAX_LABELS
    return found, complete


def _add(seen: Mapping[str, set[str]], row: Row, labels: Mapping[str, Reading]) -> None:
    for name, values in seen.items():
        cell = row.get(name)
        parts = cell if isinstance(cell, list) else [cell]
        if labels[name].role == "tags":
            flat = [tag for part in parts for tag in (part if isinstance(part, list) else [part])]
            parts = list(labels_of_tags(tag for tag in flat if isinstance(tag, str)))
        for one in parts:
            told = str(one).strip() if one is not None else ""
            if told and len(values) <= MAX_LABELS and len(told) <= 200 and is_name(told):
                values.add(told)


def _order(reading: Reading) -> Any:
    return float if reading.form == "codes" and all(_is_number(value) for value in reading.values) else str


def _is_number(value: str) -> bool:
    try:
        float(value)
    except ValueError:
        return False
    return True


def direction_of(rows: Sequence[Row], readings: Sequence[Reading]) -> Literal["rtl", "ltr"]:
    """The direction of most letters in what people will read; of all cells, if no column is to be read."""
    read = {"text", "markdown", "chat", "candidate", "candidates", "tokens", "table"}
    names = [one.column for one in readings if one.role in read] or [one.column for one in readings]
    right = left = 0
    for row in rows[:MAX_TOLD]:
        for name in names:
            for c in str(row.get(name, ""))[:1000]:
                if "\u0590" <= c <= "\u08ff" or "\ufb1d" <= c <= "\ufefc":
                    right += 1
                elif c.isalpha():
                    left += 1
    return "rtl" if right > left else "ltr"


def proposal_json(proposal: Proposal, language: Language | None = None) -> dict[str, Any]:
    """The proposal as JSON: every code with its sentence in both languages."""
    return {
        "direction": proposal.direction,
        "language": language or proposal.language,
        "rows": proposal.rows,
        "whole": proposal.whole,
        "columns": [_reading_json(one) for one in proposal.columns],
        **layout_json(proposal.layout),
        "alternatives": [layout_json(one) for one in proposal.alternatives],
    }


def _reading_json(one: Reading) -> dict[str, Any]:
    return {
        "column": one.column, "role": one.role, "why_code": one.why, "facts": dict(one.facts),
        "why": _both(words.WHY, one.why, one.facts), "values": list(one.values[:MAX_TOLD]), "form": one.form,
    }  # fmt: skip


def layout_json(layout: Layout) -> dict[str, Any]:
    """One arrangement as JSON."""
    return {
        "layout": layout.code, "what": _both(words.LAYOUT, layout.code, {}), "text_column": layout.text_column,
        "content": [dict(block) for block in layout.content], "questions": [dict(one) for one in layout.questions],
        "known": [{"question": question, "column": column} for question, column in layout.known],
        "data": dict(layout.data), "template": layout.template,
        "notes": [{"code": code, "facts": dict(facts), **_both(words.NOTES, code, facts)} for code, facts in layout.notes],
    }  # fmt: skip


def _both(table: Mapping[str, tuple[str, str]], code: str, facts: Mapping[str, Any]) -> dict[str, str]:
    return {"en": words.say(table, code, "en", facts), "ar": words.say(table, code, "ar", facts)}
