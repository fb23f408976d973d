"""Asks: which of a project's questions one row is asked, and which of their labels it offers. Pure; no store, no HTTP.

    {"sentiment": true, "topic": {"labels": ["a", "b"]}}

A question that is not named is not asked, nor is one that waits for it; no asks at all ask everything. Labels stand for what
a kind offers: labels, ratings of messages, criteria of a rubric. Where labels are paths of a tree, a branch stands for all
that grows on it. `read_asks` is strict, for rows that come in; `narrowed` is not, for rows that are there while the questions
went on: what is gone narrows to what is left, and where nothing is left everything is asked.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from tawsim.core.errors import BadInput
from tawsim.core.records import Question
from tawsim.kinds import kind_of
from tawsim.kinds.answers import brief, parsed

# question → true, or {"labels": […]}.
Asks = Mapping[str, Any]
Renamed = Mapping[str, Mapping[str, str]]
FORM = 'Such as {"sentiment": true, "topic": {"labels": ["a", "b"]}}.'


def read_asks(questions: Sequence[Question], value: Any) -> dict[str, Any] | None:
    """What a row asks, in its one form: questions and labels in the project's order. None where it says nothing, and so asks
    everything. Raises `BadInput` that names the question as `field`."""
    found = _as_object(value)
    if found is None:
        return None
    known = {question.name: question for question in questions}
    for name in found:
        if name not in known:
            raise BadInput(
                f"There is no question {brief(name, 60)} to ask.", "Questions: " + ", ".join(list(known)[:12]),
                field=str(name)[:60],
            )  # fmt: skip
    clean = {name: _read_one(question, found[name]) for name, question in known.items() if name in found}
    if not _kept(questions, clean, {}):
        name = next(iter(clean))
        raise BadInput(
            f"Nothing is asked: “{name}” waits for a question that is not asked.", "Name that question too.", field=name
        )
    return clean


def _as_object(value: Any) -> Mapping[str, Any] | None:
    """The object, or its text; None for an empty one. Raises `BadInput`."""
    held = parsed(value.strip() if isinstance(value, str) else value)
    if held is None or held == "" or held == {}:
        return None
    if not isinstance(held, Mapping):
        raise BadInput(f"What is asked comes as a JSON object: question → true, not {brief(held)}.", FORM)
    return held


def _read_one(question: Question, value: Any) -> Any:
    if value is True:
        return True
    offers, name = kind_of(question).offers(question), question.name
    if not offers:
        raise BadInput(
            f"“{name}” is asked whole: it takes true, not {brief(value)}.",
            "A question that is not asked is left out.", field=name,
        )  # fmt: skip
    labels = value.get("labels") if isinstance(value, Mapping) and set(value) == {"labels"} else None
    if not isinstance(labels, list | tuple):
        raise BadInput(f'“{name}” takes true or {{"labels": […]}}, not {brief(value)}.', FORM, field=name)
    if not labels:
        raise BadInput(f"“{name}” offers no label.", "A question that is not asked is left out.", field=name)
    meant = _meanings(offers, getattr(question, "separator", ""))
    kept: set[str] = set()
    for label in labels:
        found = meant.get(label.strip(), ()) if isinstance(label, str) else ()
        if not found:
            raise BadInput(
                f"{brief(label)} is not a label of “{name}”.", "Labels: " + ", ".join(offers[:12]), field=name
            )
        kept.update(found)
    return {"labels": [label for label in offers if label in kept]}


@lru_cache(maxsize=64)
def _meanings(offers: tuple[str, ...], separator: str) -> Mapping[str, Sequence[str]]:
    """What may stand in a list of labels → the labels meant by it: itself, or all that grow on the branch that it names."""
    found: dict[str, list[str]] = {}
    for label in offers if separator else ():
        parts = label.split(separator)
        for depth in range(1, len(parts)):
            found.setdefault(separator.join(parts[:depth]), []).append(label)
    return found | {label: [label] for label in offers}


def narrowed(questions: Sequence[Question], asks: Any, renamed: Renamed | None = None) -> tuple[Question, ...]:
    """The questions that are asked of a row, with the labels that it offers. `asks`: the object, its text, or nothing.

    Never raises. What names a question or a label that is gone is left out; a label that got a new name since (`renamed`:
    question → old → present) is that one. All questions where nothing is left, and where `asks` are none.
    """
    try:
        held = _as_object(asks)
    except BadInput:
        held = None
    if held is None:
        return tuple(questions)
    return _kept(questions, held, renamed or {}) or tuple(questions)


def _kept(questions: Sequence[Question], asks: Asks, renamed: Renamed) -> tuple[Question, ...]:
    found: dict[str, Question] = {}
    for question in questions:
        if question.name not in asks or (question.when is not None and question.when.question not in found):
            continue
        one = _narrowed(question, asks[question.name], renamed.get(question.name, {}))
        if one is not None:
            found[question.name] = one
    return tuple(found.values())


def _narrowed(question: Question, ask: Any, names: Mapping[str, str]) -> Question | None:
    """The question with what is left of the labels on offer; None where none is."""
    kind = kind_of(question)
    offers = kind.offers(question)
    labels = ask.get("labels") if isinstance(ask, Mapping) else None
    if not offers or not isinstance(labels, list | tuple):
        return question
    given = (label.strip() for label in labels if isinstance(label, str))
    separator: str = getattr(question, "separator", "")
    meant = _meanings(offers, separator)
    kept = {one for label in given for one in _still(label, meant, separator, names)}
    if not kept:
        return None
    narrow: Question = kind.narrow(question, kept) if len(kept) < len(offers) else question
    return narrow


def _still(label: str, meant: Mapping[str, Sequence[str]], separator: str, names: Mapping[str, str]) -> Sequence[str]:
    """What a label or branch of a row means now: itself, else its new name; of a branch also what grew there under old names."""
    found = meant.get(label, ())
    if list(found) == [label]:
        return found
    grown = [new for old, new in names.items() if separator and old.startswith(label + separator)]
    return [*found, *(one for new in (names.get(label, ""), *grown) for one in meant.get(new, ()))]


def told(questions: Sequence[Question], asked: Sequence[Question]) -> dict[str, Any]:
    """What is asked, as it goes out: the same for a row that says nothing and for one that names everything."""
    whole = {question.name: kind_of(question).offers(question) for question in questions}
    found: dict[str, Any] = {}
    for question in asked:
        offers = kind_of(question).offers(question)
        found[question.name] = True if offers == whole[question.name] else {"labels": list(offers)}
    return found
