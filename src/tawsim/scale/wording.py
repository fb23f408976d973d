"""How one answer is said in Scale's form, and heard again: a way for each sort of field. Knows no type of task.

`said` takes what the truth or a labeller gave and never fails on it; `heard` takes what came from outside, and raises
`BadInput` for what is no answer.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from tawsim.kinds.answers import brief
from tawsim.scale.form import Labels, Part
from tawsim.scale.plain import as_text, digest, refuse


def said(part: Part, answer: Any) -> Any:
    """The response of a field."""
    return _SAID[part.says](part, answer)


def heard(part: Part, response: Any, where: str) -> Any:
    """The answer that a field's response stands for."""
    if part.says == "plain":
        return as_text(response, where, 1_000_000)
    if not isinstance(response, list | tuple):
        response = [response]  # one value instead of a list of them
    return _HEARD[part.says](part, response, where)


def stable_id(*parts: Any) -> str:
    """An id in the form of a UUID that follows from these values alone."""
    text = digest(*parts)
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def path_of(labels: Labels, label: Any) -> list[Any]:
    """The path that a label stands for; a label that this task does not offer is said as it is."""
    return list(labels.paths.get(label, (label,)))


# ---- said ---------------------------------------------------------------------------------------------------------
def _said_pick(part: Part, answer: Any) -> list[Any]:
    path = path_of(part.labels, answer)
    return [path] if path else []


def _said_lines(_part: Part, answer: Any) -> list[str]:
    return str(answer).split("\n") if answer else []


def _said_order(part: Part, answer: Any) -> list[Any]:
    shown = part.labels.shown
    names = [name for group in answer for name in group]
    known = [int(name) - 1 for name in names if str(name).isdecimal() and 1 <= int(name) <= len(shown)]
    return [_one(path_of(part.labels, shown[place])) for place in known]


def _one(path: Sequence[Any]) -> Any:
    return path[0] if len(path) == 1 else list(path)


_SAID: Mapping[str, Callable[[Part, Any], Any]] = {
    "pick": _said_pick,
    "picks": lambda part, answer: [path_of(part.labels, one) for one in answer],
    "flag": lambda part, answer: path_of(part.labels, answer),
    "text": lambda _part, answer: [answer],
    "plain": lambda _part, answer: answer,
    "date": lambda _part, answer: [answer],
    "number": lambda _part, answer: [answer],
    "rating": lambda _part, answer: [answer],
    "lines": _said_lines,
    "order": _said_order,
}


# ---- heard --------------------------------------------------------------------------------------------------------
def label_heard(labels: Labels, given: Any, where: str) -> str:
    """The label that is meant. Raises `BadInput`."""
    found = labels.label_of(given)
    if found is None:
        refuse(where, f"names {brief(given)}, which is not offered.", "Offered: " + ", ".join(labels.shown[:12]))
    return found


def _heard_pick(part: Part, given: Sequence[Any], where: str) -> str:
    if not given:
        return label_heard(part.labels, (), where)
    if len(given) == 1:
        return label_heard(part.labels, given[0], where)
    return label_heard(part.labels, given, where)  # the path itself


def _heard_one(_part: Part, given: Sequence[Any], where: str) -> Any:
    if len(given) != 1:
        refuse(where, f"holds one value, not {len(given)}.")
    return given[0]


def _heard_lines(_part: Part, given: Sequence[Any], where: str) -> str:
    lines = [as_text(str(one) if isinstance(one, int | float) else one, where, 200_000) for one in given]
    if any("\n" in line or "\r" in line for line in lines):
        refuse(where, "holds an entry of several lines.")
    return "\n".join(lines)


def _heard_order(part: Part, given: Sequence[Any], where: str) -> list[list[str]]:
    places = part.labels.places
    return [[str(places[label_heard(part.labels, one, where)] + 1)] for one in given]


_HEARD: Mapping[str, Callable[[Part, Sequence[Any], str], Any]] = {
    "pick": _heard_pick,
    "picks": lambda part, given, where: [label_heard(part.labels, one, where) for one in given],
    "flag": _heard_pick,
    "text": _heard_one,
    "date": _heard_one,
    "number": _heard_one,
    "rating": _heard_one,
    "lines": _heard_lines,
    "order": _heard_order,
}
