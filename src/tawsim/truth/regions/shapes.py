"""One answer about an image, a list of objects, read and checked: boxes, polygons or keypoints. No matching, no truth.

An answer is a list of objects as Python dicts, or the same as JSON text; the empty list says "there is nothing here".
Lengths are in any unit (pixels, shares of the image), the same for the whole table; x runs right, y runs down. One form
for each kind, and no other, because a guessed form is a silent error of a corner or a factor of 100:

    boxes      {"x": left, "y": top, "width": w, "height": h, "label": text?}      w and h above 0
    polygons   {"points": [[x, y], …], "label": text?}                             three points or more
    keypoints  {"points": {name: [x, y] or null, …}, "label": text?}               null: looked for and not to be seen

A polygon need not be closed by hand; one that crosses or touches itself is read by the even-odd rule.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tawsim.core.errors import BadInput, TooLarge

# Limits of one answer: far above what a person draws, and low enough that no answer fills the memory.
MAX_OBJECTS = 2_000
MAX_POINTS = 5_000
# Beyond this, squares of lengths lose their meaning in 64 bits.
LARGEST = 1e12

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Drawn:
    """One object as one worker drew it: `shape` is (x, y, width, height), the polygon's points, or the named points."""

    shape: Any
    label: str | None


def read_boxes(cell: Any) -> tuple[Drawn, ...]:
    """The boxes of one answer. Raises `BadInput` that names the object (from 1) and the field."""
    return tuple(_box(each, where) for each, where in _objects(cell, "boxes", BOX_FIELDS))


def read_polygons(cell: Any) -> tuple[Drawn, ...]:
    """The polygons of one answer. Raises `BadInput` that names the object (from 1) and the field."""
    return tuple(_polygon(each, where) for each, where in _objects(cell, "polygons", POINT_FIELDS))


def read_keypoints(cell: Any) -> tuple[Drawn, ...]:
    """The sets of keypoints of one answer. Raises `BadInput` that names the object (from 1) and the field."""
    return tuple(_keypoints(each, where) for each, where in _objects(cell, "keypoints", POINT_FIELDS))


SIDES = ("x", "y", "width", "height")
BOX_FIELDS = frozenset((*SIDES, "label"))
POINT_FIELDS = frozenset(("points", "label"))


def _objects(cell: Any, kind: str, fields: frozenset[str]) -> list[tuple[Mapping[str, Any], str]]:
    """The objects of a cell, each with the words that name it in an error."""
    if isinstance(cell, str):
        try:
            cell = json.loads(cell)
        except (ValueError, RecursionError):
            raise BadInput(f"The answer is not JSON: {cell[:60]!r}.", "A list of objects is needed, or [].") from None
    if not isinstance(cell, list | tuple):
        raise BadInput(f"An answer of {kind} is a list of objects, not {_brief(cell)}.", "Nothing there is [].")
    if len(cell) > MAX_OBJECTS:
        raise TooLarge(f"{len(cell)} {kind} in one answer; at most {MAX_OBJECTS} are read.")
    found = []
    for number, each in enumerate(cell, 1):
        where = f"object {number}"
        if not isinstance(each, Mapping):
            raise BadInput(f"{where} is {_brief(each)}, not an object with fields.", field=number)
        if not fields.issuperset(each):
            unknown = next(name for name in each if name not in fields)
            raise BadInput(
                f"{where} has the unknown field {str(unknown)[:40]!r}; known: {', '.join(sorted(fields))}.",
                field=str(unknown),
            )
        found.append((each, where))
    return found


def _box(each: Mapping[str, Any], where: str) -> Drawn:
    x, y, width, height = (_number(each.get(name), where, name) for name in SIDES)
    for name, value in (("width", width), ("height", height)):
        if not value > 0:
            raise BadInput(f"{where}: its {name} is {value:g}; it must be above 0.", field=name)
    return Drawn((x, y, width, height), _label(each, where))


def _polygon(each: Mapping[str, Any], where: str) -> Drawn:
    given = each.get("points")
    if not isinstance(given, list | tuple):
        raise BadInput(f"{where}: its points are {_brief(given)}, not a list of [x, y].", field="points")
    _few_enough(len(given), where)
    points = [_point(point, where, f"points[{i}]") for i, point in enumerate(given)]
    if len(points) > 1 and points[0] == points[-1]:
        points.pop()  # closed by hand
    if len(set(points)) < 3:
        raise BadInput(f"{where} has {len(set(points))} different points; a polygon needs three.", field="points")
    wide, high = (max(p[i] for p in points) - min(p[i] for p in points) for i in (0, 1))
    if not (wide > 0 and high > 0):
        raise BadInput(f"{where} is a line: it has no area.", field="points")
    return Drawn(tuple(points), _label(each, where))


def _keypoints(each: Mapping[str, Any], where: str) -> Drawn:
    given = each.get("points")
    if not isinstance(given, Mapping):
        raise BadInput(f"{where}: its points are {_brief(given)}, not names with [x, y] or null.", field="points")
    _few_enough(len(given), where)
    points: dict[str, Point] = {}
    for name, point in given.items():
        if not isinstance(name, str) or not name.strip():
            raise BadInput(f"{where}: a point's name is {_brief(name)}, not a text.", field="points")
        if point is not None:
            points[name] = _point(point, where, f"points.{name}")
    if not points:
        raise BadInput(f"{where} shows no point at all; leave the object out.", field="points")
    return Drawn(points, _label(each, where))


def _few_enough(points: int, where: str) -> None:
    if points > MAX_POINTS:
        raise TooLarge(f"{where} has {points} points; at most {MAX_POINTS} are read.", field="points")


def _point(value: Any, where: str, field: str) -> Point:
    if not isinstance(value, list | tuple) or len(value) != 2:
        raise BadInput(f"{where}: {field} is {_brief(value)}, not [x, y].", field=field)
    return _number(value[0], where, field), _number(value[1], where, field)


def _number(value: Any, where: str, field: str) -> float:
    if type(value) is float and -LARGEST <= value <= LARGEST:  # nearly always; NaN fails it too
        return value
    if type(value) is not float and (isinstance(value, bool | str) or not hasattr(value, "__float__")):
        raise BadInput(f"{where}: {field} is {_brief(value)}, not a number.", field=field)
    try:
        number = float(value)
    except (OverflowError, TypeError, ValueError):
        raise BadInput(f"{where}: {field} is {_brief(value)}, not a number.", field=field) from None
    if not (math.isfinite(number) and abs(number) <= LARGEST):
        raise BadInput(f"{where}: {field} is {number:g}; it must be finite and within ±{LARGEST:g}.", field=field)
    return number


def _label(each: Mapping[str, Any], where: str) -> str | None:
    label = each.get("label")
    if label is None:
        return None
    if not isinstance(label, str) or not label.strip():
        raise BadInput(f"{where}: its label is {_brief(label)}, not a text.", field="label")
    return label


def _brief(value: Any) -> str:
    return "missing" if value is None else repr(value)[:40]
