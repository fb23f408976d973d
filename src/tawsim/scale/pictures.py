"""Objects on pictures: geometries and what is to be drawn → a question for each geometry, in the words of the request."""

from collections.abc import Mapping
from typing import Any

from tawsim.scale.attachments import Shown, show_attachments
from tawsim.scale.form import Form, NoScreen, Part, help_of, labels_of, titled
from tawsim.scale.options import asks_more, read_options
from tawsim.scale.plain import as_number, as_object, as_whole, refuse
from tawsim.scale.titles import OWN

GEOMETRIES = ("box", "polygon", "line", "point", "cuboid", "ellipse")
# What there is a screen for, and the kind of question that draws it.
DRAWN = {"box": "boxes", "polygon": "polygons", "point": "keypoints"}
OF_TYPE = {
    "annotation": "box", "boxannotation": "box", "polygonannotation": "polygon", "lineannotation": "line",
    "pointannotation": "point", "cuboidannotation": "cuboid",
}  # fmt: skip


def image_form(params: Mapping[str, Any]) -> Form:
    """The form of imageannotation. Raises `BadInput`, and `NoScreen` for geometries and attributes without one."""
    geometries = as_object(params.get("geometries"), "geometries")
    if not geometries:
        refuse("geometries", "is required: box, polygon or point, and what is to be drawn.")
    for name in geometries:
        if name not in GEOMETRIES:
            refuse("geometries", f"has {name[:40]!r}, which is none of {', '.join(GEOMETRIES)}.")
    return _form(
        params,
        {name: (as_object(one, f"geometries.{name}"), f"geometries.{name}.") for name, one in geometries.items()},
    )


def plain_form(type_: str, params: Mapping[str, Any]) -> Form:
    """The form of the older types, which draw one geometry each."""
    return _form(params, {OF_TYPE[type_]: (params, "")})


def _form(params: Mapping[str, Any], wanted: Mapping[str, tuple[Mapping[str, Any], str]]) -> Form:
    shown = Shown()
    columns = show_attachments(shown, params)
    if not columns:
        refuse("attachment", "is required: the picture.")
    on = next(
        (block["column"] for block in shown.content if block["kind"] == "image" and block["column"] in columns), ""
    )
    parts: list[Part] = []
    about: list[str] = []
    missing = [] if on else ["objects on anything but a picture"]
    for name, (spec, where) in wanted.items():
        given = spec.get("objects_to_annotate")
        options = read_options(given if given is not None else (), f"{where}objects_to_annotate")
        labels = labels_of(options, f"{where}objects_to_annotate")
        title = _title(OWN.get(name, name), _limits(spec, where))
        if name not in DRAWN:
            missing.append(f"the geometry {name}")
            continue
        about += help_of(options, labels, OWN[name])
        question = {
            "kind": DRAWN[name], "name": name, "title": title, "on": on, "labels": list(labels.shown),
            "required": True,
        }  # fmt: skip
        parts.append(Part(question, name, name, labels, name))
        if asks_more(given):
            missing.append("attributes of single objects")
    if params.get("annotation_attributes"):
        as_object(params["annotation_attributes"], "annotation_attributes")
        missing.append("attributes of single objects")
    if missing:
        raise NoScreen(", ".join(dict.fromkeys(missing)))
    return Form(tuple(parts), tuple(shown.content), shown.row, tuple(shown.attachments), tuple(about))


def _title(own: str, limits: str) -> str:
    """The limits stand before the Arabic words: after them, their signs and numbers would be drawn in another order."""
    return titled(own.replace(" · ", f" {limits} · ", 1) if limits else own)


def _limits(spec: Mapping[str, Any], where: str) -> str:
    """The least size and the number of corners, in signs that every language reads."""
    wide, high = (as_number(spec.get(name), f"{where}{name}") for name in ("min_width", "min_height"))
    least, most = (as_whole(spec.get(name), f"{where}{name}") for name in ("min_vertices", "max_vertices"))
    said = []
    if wide or high:
        said.append(f"≥ {wide or 0} × {high or 0} px")
    if least or most:
        said.append(f"{least}-{most} •" if least and most else f"≥ {least} •" if least else f"≤ {most} •")
    return ", ".join(said)
