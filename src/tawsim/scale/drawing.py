"""Objects on pictures and text in documents as annotations of a response, and back."""

from collections.abc import Mapping, Sequence
from typing import Any

from tawsim.kinds.answers import brief
from tawsim.scale.form import Form, Part
from tawsim.scale.plain import as_list, as_object, refuse
from tawsim.scale.wording import label_heard, path_of, stable_id

MOST = 5_000
# Where the answers of a kind stand.
_FIELDS = {"box": "boxes", "polygon": "polygons", "point": "points", "regions": "boxes"}


def said_drawing(form: Form, _params: Any, answers: Mapping[str, Any], task_id: str) -> dict[str, Any]:
    """The objects of every geometry."""
    found = []
    for part in form.parts:
        objects = (answers.get(part.question["name"]) or {}).get(_FIELDS[part.says], ())
        found += [_object(part, one, part.says, task_id) for one in objects]
    return {"annotations": found}


def _object(part: Part, one: Mapping[str, Any], geometry: str, task_id: str) -> dict[str, Any]:
    head = {
        "uuid": stable_id(task_id, geometry, dict(one)), "type": geometry, "label": path_of(part.labels, one["label"])[-1],
    }  # fmt: skip
    return head | _geometry(one)


def _geometry(one: Mapping[str, Any]) -> dict[str, Any]:
    if "points" in one:
        return {"vertices": [{"x": x, "y": y} for x, y in one["points"]]}
    if "width" in one:
        return {"left": one["x"], "top": one["y"], "width": one["width"], "height": one["height"]}
    return {"x": one["x"], "y": one["y"]}


def heard_drawing(form: Form, _params: Any, response: Mapping[str, Any]) -> dict[str, Any]:
    """The objects by geometry; a geometry of which there are none has an empty answer."""
    parts = {part.says: part for part in form.parts}
    found: dict[str, list[dict[str, Any]]] = {geometry: [] for geometry in parts}
    for place, given in enumerate(as_list(response.get("annotations"), "response.annotations", MOST)):
        where = f"response.annotations[{place}]"
        one = as_object(given, where)
        geometry = one.get("type") or one.get("geometry") or (next(iter(parts)) if len(parts) == 1 else None)
        if not isinstance(geometry, str) or geometry not in parts:
            refuse(f"{where}.type", f"is one of {', '.join(parts)}, not {brief(geometry)}.")
        found[geometry].append(_heard_object(parts[geometry], one, where))
    return {parts[name].question["name"]: {_FIELDS[name]: objects} for name, objects in found.items()}


def _heard_object(part: Part, one: Mapping[str, Any], where: str) -> dict[str, Any]:
    label = {"label": label_heard(part.labels, one.get("label"), where)}
    if part.says == "polygon":
        points = []
        for place, given in enumerate(as_list(one.get("vertices"), f"{where}.vertices")):
            point = as_object(given, f"{where}.vertices[{place}]")
            points.append([point.get("x"), point.get("y")])
        return {"points": points} | label
    if part.says == "point":
        return {"x": one.get("x"), "y": one.get("y")} | label
    return {"x": one.get("left"), "y": one.get("top"), "width": one.get("width"), "height": one.get("height")} | label


# ---- documents ----------------------------------------------------------------------------------------------------
def said_document(form: Form, _params: Any, answers: Mapping[str, Any], task_id: str) -> dict[str, Any]:
    """An annotation for every place and every line of a feature. Where a feature has as many lines as boxes, they belong
    together: the boxes from the top down, and from the left where two stand on one line."""
    boxes: list[Mapping[str, Any]] = []
    regions = next((part for part in form.parts if part.says == "regions"), None)
    if regions is not None:
        boxes = list((answers.get(regions.question["name"]) or {}).get("boxes", ()))
    found: list[dict[str, Any]] = []
    for part in form.parts:
        if part.says != "feature":
            continue
        written = answers.get(part.question["name"])
        lines = str(written).split("\n") if written else []
        own = sorted((one for one in boxes if one["label"] == part.type), key=_reading)
        found += _both(part, own, lines, task_id)
    return {"annotations": found}


def _reading(box: Mapping[str, Any]) -> tuple[Any, ...]:
    return box["y"], box["x"], box["height"], box["width"]


def _both(part: Part, boxes: Sequence[Mapping[str, Any]], lines: Sequence[str], task_id: str) -> list[dict[str, Any]]:
    drawn = [{"type": "box", "label": part.key} | _geometry(box) for box in boxes]
    if drawn and len(drawn) == len(lines):
        found = [one | {"text": line} for one, line in zip(drawn, lines, strict=True)]
    else:
        found = [*drawn, *({"type": "text", "label": part.key, "text": line} for line in lines)]
    return [{"uuid": stable_id(task_id, place, one)} | one for place, one in enumerate(found)]


def heard_document(form: Form, _params: Any, response: Mapping[str, Any]) -> dict[str, Any]:
    """The lines of every feature, and the boxes of all."""
    parts = {part.key: part for part in form.parts if part.says == "feature"}
    regions = next((part for part in form.parts if part.says == "regions"), None)
    lines: dict[str, list[str]] = {}
    boxes: list[dict[str, Any]] = []
    for place, given in enumerate(as_list(response.get("annotations"), "response.annotations", MOST)):
        where = f"response.annotations[{place}]"
        one = as_object(given, where)
        key = one.get("label")
        if not isinstance(key, str) or key not in parts:
            refuse(f"{where}.label", f"is one of {', '.join(list(parts)[:12])}, not {brief(key)}.")
        text = one.get("text")
        if text is not None:
            if not isinstance(text, str) or "\n" in text or "\r" in text:
                refuse(f"{where}.text", f"is a text on one line, not {brief(text)}.")
            lines.setdefault(key, []).append(text)
        if one.get("left") is not None and regions is not None:
            sides = {"x": "left", "y": "top", "width": "width", "height": "height"}
            boxes.append({here: one.get(there) for here, there in sides.items()} | {"label": parts[key].type})
    found: dict[str, Any] = {parts[key].question["name"]: "\n".join(said) for key, said in lines.items()}
    if regions is not None:
        found[regions.question["name"]] = {"boxes": boxes}
    return found
