"""What a worker sees of a task, and how what they see is translated to what is stored and back.

Only columns that the project shows leave the server; what is compared goes out blind, in an order drawn for each lease;
suggestions go out only where the project says so (Q22). What was shown is kept with the lease. Pure: rows come in.
"""

import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from tawsim.core.errors import BadAnswer
from tawsim.core.records import Block, Project, Question
from tawsim.kinds import kind_of
from tawsim.kinds.asks import narrowed, told
from tawsim.kinds.content import candidate_values
from tawsim.kinds.kind import Content
from tawsim.store.rows import to_json

# Not drawn from a lease's id: ids follow the clock, so whoever knows one could foretell which candidate stands first.
_CHANCE = random.SystemRandom()
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
# Kinds whose answers can be judged without the row: it is not read for them.
ROWLESS = frozenset({"choice", "choices", "number", "scale", "text", "rubric"})


@dataclass(frozen=True, slots=True)
class Drawn:
    """What was drawn for one lease: question → names of its candidates in the order shown; question → suggestion."""

    orders: Mapping[str, Sequence[str]] = field(default_factory=dict)
    suggestions: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def to_text(self) -> str:
        """As the lease keeps it; empty where nothing was drawn."""
        if not self.orders and not self.suggestions:
            return ""
        return to_json({"orders": self.orders, "suggestions": self.suggestions})


NOTHING = Drawn()
# (questions, renames) by identity, and what a row asks → the questions as it asks them. By identity: a hash of 10,000 labels
# for every answer would cost more than it saves. What is kept for a key holds both, so that no identity is used again.
_ASKED: dict[tuple[int, int, str], tuple[Any, Any, tuple[Question, ...]]] = {}
_REMEMBERED = 1_024


def questions_of(project: Project, content: Content) -> tuple[Question, ...]:
    """The questions that this row is asked, with the labels that it offers: all, but where the project has a column that
    says otherwise."""
    column = project.settings.asks
    return asked_of(project.questions, content.get(column), project.renamed) if column else project.questions


def asked_of(
    questions: tuple[Question, ...], asks: Any, renamed: Mapping[str, Mapping[str, str]]
) -> tuple[Question, ...]:
    """`questions` as a cell narrows them. Remembered by its text: many rows ask the same."""
    if not asks:
        return questions
    key = (id(questions), id(renamed), asks if isinstance(asks, str) else to_json(asks))
    found = _ASKED.get(key)
    if found is None:
        if len(_ASKED) >= _REMEMBERED:
            _ASKED.clear()
        found = _ASKED[key] = (questions, renamed, narrowed(questions, asks, renamed))
    return found[2]


def read_drawn(text: str) -> Drawn:
    """What `Drawn.to_text` wrote."""
    if not text:
        return NOTHING
    data = json.loads(text)
    return Drawn(data["orders"], data["suggestions"])


def draws(project: Project) -> bool:
    """Whether anything has to be drawn for a lease of this project."""
    return project.settings.suggestions or any(getattr(one, "candidates", ()) for one in project.questions)


def draw(project: Project, content: Content, suggestions: Mapping[str, Mapping[str, Any]]) -> Drawn:
    """The order of candidates and the suggestions for a new lease, which keeps them. The order follows from nothing that
    a worker can see: from the lease's id, say, whoever knows the columns could tell which candidate is whose."""
    orders = {}
    for question in questions_of(project, content):
        names = sorted(kind_of(question).candidates(question, content))
        if names:
            _CHANCE.shuffle(names)
            orders[question.name] = names
    return Drawn(orders, _fitting(project, content, suggestions))


def _fitting(
    project: Project, content: Content, suggestions: Mapping[str, Mapping[str, Any]]
) -> dict[str, Mapping[str, Any]]:
    """The suggestions that the present questions take as answers. None where the project shows none, whatever was drawn."""
    found: dict[str, Mapping[str, Any]] = {}
    if not project.settings.suggestions or not suggestions:
        return found
    for question in questions_of(project, content):
        one = suggestions.get(question.name)
        if one is not None:
            try:
                kind_of(question).validate(question, one["answer"], content)
            except BadAnswer:
                continue
            found[question.name] = one
    return found


def letter(place: int) -> str:
    """A, B, …, Z, then A1, B1, …: the name of the candidate shown at `place` (from 0)."""
    round_, within = divmod(place, len(LETTERS))
    return LETTERS[within] + (str(round_) if round_ else "")


def to_stored(questions: Sequence[Question], drawn: Drawn, answers: Any) -> Any:
    """The worker's answers with the candidates' own names in place of the shown ones. What is no answer stays as it is;
    a candidate's own name, which nobody was shown, becomes one that validation refuses."""
    if not drawn.orders or not isinstance(answers, Mapping):
        return answers
    return _renamed(
        questions,
        answers,
        {
            question: {name: f"{name} (not shown)" for name in order}
            | {letter(place): name for place, name in enumerate(order)}
            for question, order in drawn.orders.items()
        },
    )


def to_shown(questions: Sequence[Question], drawn: Drawn, answers: Mapping[str, Any]) -> dict[str, Any]:
    """Stored answers with the names under which this lease showed the candidates."""
    return _renamed(
        questions,
        answers,
        {
            question: {name: letter(place) for place, name in enumerate(order)}
            for question, order in drawn.orders.items()
        },
    )


def _renamed(
    questions: Sequence[Question], answers: Mapping[str, Any], names: Mapping[str, Mapping[str, str]]
) -> dict[str, Any]:
    found = dict(answers)
    for question in questions:
        if question.name in names and found.get(question.name) is not None:
            found[question.name] = kind_of(question).rename(question, found[question.name], names[question.name])
    return found


def needs_row(questions: Sequence[Question]) -> bool:
    """Whether answers to any of these are judged against the row."""
    return any(one.kind not in ROWLESS for one in questions)  # type: ignore[attr-defined]


@lru_cache(maxsize=256)
def _shown_columns(
    blocks: tuple[Block, ...], questions: tuple[Question, ...], asks: str
) -> tuple[frozenset[str] | None, frozenset[str]]:
    """The columns that go out (None: all), and those that never do by name: what is compared blind, and what rows ask."""
    blind = frozenset(column for one in questions for column in getattr(one, "candidates", ()))
    never = frozenset({asks} - {""})
    if not blocks or any(block.kind == "details" and not block.column for block in blocks):
        return None, blind | never
    columns = {column for block in blocks for column in (block.column, block.other) if column}
    for one in questions:
        columns |= {one.on, *kind_of(one).columns(one)}
    return frozenset(columns), (blind - {block.column for block in blocks}) | never


def present(project: Project, content: Content, drawn: Drawn, media: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """What goes out of a row: `content`, `candidates` and `suggestions` by question, `media` by the name in the row;
    `asks`. The same fields for every task, so that nothing can be told from their absence (Q20)."""
    shown, blind = _shown_columns(project.content, project.questions, project.settings.asks)
    asked = questions_of(project, content)
    candidates = {}
    for question in asked:
        order = drawn.orders.get(question.name)
        if order:
            values = candidate_values(question, content)
            candidates[question.name] = [
                {"name": letter(place), "value": values.get(name)} for place, name in enumerate(order)
            ]
    suggestions = _fitting(project, content, drawn.suggestions)
    answers = {name: one["answer"] for name, one in suggestions.items()}
    worded = to_shown(project.questions, drawn, answers)
    return {
        "content": {
            column: value
            for column, value in content.items()
            if column not in blind and (shown is None or column in shown)
        },
        "candidates": candidates,
        "suggestions": {name: {**one, "answer": worded[name]} for name, one in suggestions.items()},
        "media": dict(media),
        **asks_of(project, content),
    }


def asks_of(project: Project, content: Content) -> dict[str, Any]:
    """What goes out beside a row: `asks` in one form for all rows of a project that say what they ask, None in any other."""
    return {"asks": told(project.questions, questions_of(project, content)) if project.settings.asks else None}


def media_names(project: Project, content: Content) -> list[str]:
    """The names of pictures and sounds that this row shows."""
    columns = [block.column for block in project.content if block.kind in ("image", "audio")]
    columns += [one.on for one in project.questions if one.kind in ("boxes", "polygons", "keypoints", "segments")]  # type: ignore[attr-defined]
    values = (content.get(column) for column in dict.fromkeys(columns))
    return [value for value in values if isinstance(value, str) and value and not value.startswith("data:")]
