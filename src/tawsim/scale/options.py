"""Lists of what can be chosen, in any of the forms in which they are sent: texts, objects with a value and words for it, and
trees of them. Gives the options of form.py; knows no type of task."""

from collections.abc import Mapping
from typing import Any

from tawsim.kinds.answers import brief
from tawsim.kinds.choice import MAX_LABELS
from tawsim.scale.form import Option
from tawsim.scale.plain import as_text, refuse

_VALUES = ("choice", "value", "name", "label", "id")
_WORDS = ("display", "display_name", "label", "title")
_BELOW = ("subchoices", "subcategories", "children", "choices", "categories")
_ABOUT = ("description", "hint")
# What may stand beside the value of a choice and asks for more than choosing.
_MORE = ("attributes", "annotation_attributes")


def read_options(value: Any, field: str) -> list[Option]:
    """The options in their order, of trees the leaves. Raises `BadInput` for anything that is no list of choices."""
    found: list[Option] = []
    _gather(value, field, (), (), "", found)
    return found


def _gather(
    value: Any, field: str, path: tuple[Any, ...], words: tuple[str, ...], about: str, found: list[Option]
) -> None:
    if isinstance(value, Mapping):  # a tree as an object: name → what is below
        entries = [{"value": name, "subchoices": below} for name, below in value.items()]
    elif isinstance(value, list | tuple):
        entries = list(value)
    else:
        refuse(field, f"is a list of choices, not {brief(value)}.")
    for entry in entries:
        held, shown, said, below = _entry(entry, field)
        said = said or about
        if below:
            _gather(below, field, (*path, held), (*words, shown), said, found)
        else:
            found.append(Option((*path, held), (*words, shown), said))
        if len(found) > MAX_LABELS:
            refuse(field, f"holds more than {MAX_LABELS:,}.")


def _entry(entry: Any, field: str) -> tuple[Any, str, str, Any]:
    """Value, words, what is said of it, and what is below."""
    if isinstance(entry, str | int | float):  # true and false among them
        return entry, worded(entry), "", None
    if not isinstance(entry, Mapping):
        refuse(
            field, f"holds {brief(entry)}, which is no choice.", 'Such as "cat", or {"label": "Cat", "value": "cat"}.'
        )
    name = next((one for one in _VALUES if entry.get(one) is not None), None)
    held = entry[name] if name is not None else None
    if not isinstance(held, str | int | float) or held == "":
        refuse(field, f"holds a choice without a value: {brief(entry)}.")
    shown = next((as_text(entry[one], f"{field}.{one}") for one in _WORDS if isinstance(entry.get(one), str)), "")
    said = [as_text(entry.get(one), f"{field}.{one}") for one in _ABOUT if isinstance(entry.get(one), str)]
    below = next((entry[one] for one in _BELOW if entry.get(one)), None)
    return held, shown or worded(held), " ".join(said), below


def worded(value: Any) -> str:
    """A value as a text."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def asks_more(value: Any) -> bool:
    """Whether any choice of a list, at any depth, has attributes of its own to be filled in."""
    stack = [value]
    while stack:
        one = stack.pop()
        if isinstance(one, Mapping):
            if any(one.get(name) for name in _MORE):
                return True
            stack.extend(one.values())
        elif isinstance(one, list | tuple):
            stack.extend(one)
    return False
