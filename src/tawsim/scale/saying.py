"""Annotations of the second version: a part's answer as one, and a list of them read. Every one has id, key and type."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from tawsim.scale.form import Part
from tawsim.scale.options import worded
from tawsim.scale.plain import as_object, refuse
from tawsim.scale.titles import sent
from tawsim.scale.wording import heard, stable_id

# Stands for the answer “none of it”.
NOTHING = object()


def annotation(title: Any, task_id: str, key: str, type_: str, value: Any, *place: Any) -> dict[str, Any]:
    """An annotation; without a value where None is given. Its id begins with that of its task, so that it can be found by it."""
    id_ = stable_id(task_id, "annotation", key, list(place))
    found: dict[str, Any] = {"id": f"{task_id}.{id_}" if task_id else id_, "key": key, "type": type_}
    if sent(title):
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
    said = _words(part)
    words = [word for label, word in said.items() if part.labels.paths[label]]
    if part.says == "pick":
        return "category", said.get(answer, answer) if part.labels.paths.get(answer, (answer,)) else None, words
    if part.says == "picks":
        return "category_multiple", [said.get(one, one) for one in answer], words
    if part.says == "flag":
        path = part.labels.paths.get(answer, (answer,))
        if isinstance(path[0], bool):
            return "boolean", path[0], None
        return "category", said.get(answer, answer), words
    if part.says == "order":
        shown = part.labels.shown
        return "ranked_choices", [said[shown[int(name) - 1]] for group in answer for name in group], words
    if part.says == "rating":
        return "integer", answer, list(range(part.question["low"], part.question["high"] + 1))
    if part.says == "number" and isinstance(answer, int):
        return "integer", answer, None
    return "text", str(answer), None


def _words(part: Part) -> dict[str, str]:
    """Each label as the one text that annotations take: the values that were sent, unless those of two look the same."""
    between = part.labels.separator or " / "
    found = {label: between.join(map(worded, path)) for label, path in part.labels.paths.items()}
    many = Counter(found.values())
    clear = all(many[word] == 1 for word in found.values())
    return found if clear else {label: label for label in found}


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
        return labels if part.says == "picks" else [[str(part.labels.places[one] + 1)] for one in labels]
    if part.says == "number" and isinstance(value, str):
        try:
            value = float(value)
        except ValueError:
            refuse(part.key[:60], "is a number.")
    if part.says == "lines" and isinstance(value, str):
        return value
    return heard(part, value, part.key[:60])


def _label(part: Part, value: Any) -> str:
    for label, word in _words(part).items():
        if word == value:
            return label
    found = part.labels.label_of(value)
    if found is None:
        refuse(part.key[:60], f"has the value {str(value)[:60]!r}, which is not offered.")
    return found
