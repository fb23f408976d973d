"""Annotations of the second version: a part's answer as one, and a list of them read. Every one has id, key and type."""

from collections.abc import Mapping, Sequence
from typing import Any

from tawsim.scale.form import Part
from tawsim.scale.plain import as_object, refuse
from tawsim.scale.wording import heard, stable_id

# Stands for the answer “none of it”.
NOTHING = object()


def annotation(title: Any, task_id: str, key: str, type_: str, value: Any, *place: Any) -> dict[str, Any]:
    """An annotation; without a value where None is given."""
    found: dict[str, Any] = {"id": stable_id(task_id, "annotation", key, list(place)), "key": key, "type": type_}
    if title:
        found["title"] = title
    if value is not None:
        found["value"] = value
    return found


def said_annotation(part: Part, answer: Any, task_id: str) -> dict[str, Any]:
    """A field's answer as an annotation of a turn."""
    type_, value, possible = _value(part, answer)
    found = annotation(part.question["title"], task_id, part.key, type_, value, "field")
    if value is None:
        found["not_applicable"] = True
    return found | ({"possible_values": possible} if possible is not None else {})


def _value(part: Part, answer: Any) -> tuple[str, Any, list[Any] | None]:
    words = [word_of(part, label) for label in part.labels.shown if part.labels.paths[label]]
    if part.says == "pick":
        return "category", word_of(part, answer) if part.labels.paths.get(answer, (answer,)) else None, words
    if part.says == "picks":
        return "category_multiple", [word_of(part, one) for one in answer], words
    if part.says == "flag":
        path = part.labels.paths.get(answer, (answer,))
        if isinstance(path[0], bool):
            return "boolean", path[0], None
        return "category", word_of(part, answer), words
    if part.says == "order":
        shown = part.labels.shown
        return "ranked_choices", [word_of(part, shown[int(name) - 1]) for group in answer for name in group], words
    if part.says == "rating":
        return "integer", answer, list(range(part.question["low"], part.question["high"] + 1))
    if part.says == "number" and isinstance(answer, int):
        return "integer", answer, None
    return "text", str(answer), None


def word_of(part: Part, label: str) -> str:
    """A label as the one text that annotations take: the value that was sent, where it is one and no other's."""
    path = part.labels.paths.get(label, (label,))
    word = str(path[0]) if len(path) == 1 else label
    return word if part.labels.label_of(word) in (None, label) and len(path) == 1 else label


def heard_annotations(given: Sequence[Any]) -> dict[str, Any]:
    """Key → value of annotations; `NOTHING` for one that does not apply. Raises `BadInput` for what is none."""
    found: dict[str, Any] = {}
    for one in given:
        held = as_object(one, "annotations")
        key = held.get("key")
        if not isinstance(key, str):
            refuse("annotations", "hold one without a key.")
        found[key] = NOTHING if held.get("value") is None and held.get("not_applicable") is True else held.get("value")
    return found


def heard_annotation(part: Part, said: Mapping[str, Any]) -> Any:
    """The answer to a field, None if it is not there. Raises `BadInput`."""
    value = said.get(part.key)
    if value is None:
        return None
    if value is NOTHING:
        return heard(part, [], part.key[:60]) if part.says == "pick" else None
    if part.says in ("pick", "flag"):
        return _label(part, value)
    if part.says in ("picks", "order") and isinstance(value, list | tuple):
        labels = [_label(part, one) for one in value]
        return labels if part.says == "picks" else [[str(part.labels.shown.index(one) + 1)] for one in labels]
    if part.says == "number" and isinstance(value, str):
        try:
            value = float(value)
        except ValueError:
            refuse(part.key[:60], "is a number.")
    if part.says == "lines" and isinstance(value, str):
        return value
    return heard(part, value, part.key[:60])


def _label(part: Part, value: Any) -> str:
    for label in part.labels.shown:
        if isinstance(value, str) and word_of(part, label) == value:
            return label
    found = part.labels.label_of(value)
    if found is None:
        refuse(part.key[:60], f"has the value {str(value)[:60]!r}, which is not offered.")
    return found
