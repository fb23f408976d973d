"""The types of tasks that the API takes: which fields they need and of what sort, and which of them can be labelled here.

`check` is what a creation goes through: it raises `BadInput` that names the field. What is not known is kept, unread.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tawsim.core.errors import BadInput
from tawsim.kinds.answers import brief
from tawsim.scale.attachments import KINDS as ATTACHMENT_KINDS
from tawsim.scale.chats import CHATS
from tawsim.scale.form import NoScreen
from tawsim.scale.forms import form_of
from tawsim.scale.options import read_options
from tawsim.scale.plain import as_object, check_plain, refuse


@dataclass(frozen=True, slots=True)
class TaskType:
    """A type of task. `required`: of each group one field must be there. `screen`: whether its tasks can be labelled here, or
    those of them that ask for nothing that has no screen (`asking.lacks` says what is missing)."""

    name: str
    tier: int
    required: tuple[tuple[str, ...], ...] = ()
    screen: bool = True


def _needs(*fields: str) -> tuple[tuple[str, ...], ...]:
    return tuple(tuple(one.split("|")) for one in fields)


_DRAWN = _needs("attachment|attachments", "objects_to_annotate")
_LATER = (
    "videoannotation", "videoboxannotation", "videoplaybackannotation", "videocuboidannotation", "laneannotation",
    "documentmodel", "lidarannotation", "lidarlinking", "lidarsegmentation", "lidartopdown", "sensorfusion",
    "federal2dvideoannotation",
)  # fmt: skip
TYPES: Mapping[str, TaskType] = {
    one.name: one
    for one in (
        TaskType("textcollection", 1, _needs("fields|attachments")),
        TaskType("namedentityrecognition", 1, _needs("text", "labels")),
        TaskType(
            "categorization",
            1,
            _needs("attachment|attachments", "attachment_type|attachments", "categories|taxonomies"),
        ),
        TaskType("comparison", 1, _needs("attachments", "attachment_type", "choices|fields")),
        TaskType("imageannotation", 1, _needs("attachment|attachments", "geometries")),
        *(TaskType(name, 1 if name == "chat" else 2) for name in CHATS),
        TaskType("segmentannotation", 2, _needs("attachment", "labels"), screen=False),
        TaskType("documenttranscription", 2, _needs("attachment|attachments", "features")),
        TaskType("transcription", 2, _needs("attachment", "attachment_type", "fields|repeatable_fields")),
        TaskType("datacollection", 2, _needs("attachment", "attachment_type", "fields")),
        TaskType("annotation", 2, _DRAWN),
        TaskType("boxannotation", 2, _DRAWN),
        TaskType("polygonannotation", 2, _DRAWN),
        TaskType("pointannotation", 2, _DRAWN),
        TaskType("lineannotation", 2, _DRAWN, screen=False),
        TaskType("cuboidannotation", 3, _DRAWN, screen=False),
        *(TaskType(name, 3, screen=False) for name in _LATER),
    )
}


def type_of(name: Any) -> TaskType:
    """The type of this name. Raises `BadInput`."""
    if not isinstance(name, str) or name not in TYPES:
        raise BadInput(f"There is no task type {brief(name)}.", "Types: " + ", ".join(TYPES), field="type")
    return TYPES[name]


def check(type_: str, params: Any) -> None:
    """Raises `BadInput` that names the field, unless a task of this type can be made of these parameters (the project's among
    them). That nobody can label it here yet is no reason to refuse it."""
    known = type_of(type_)
    if not isinstance(params, Mapping):
        raise BadInput(f"A task comes as an object, not as {brief(params)}.", field="params")
    check_plain(params)
    for group in known.required:
        if all(_is_missing(params.get(name)) for name in group):
            others = " or ".join(f"`{name}`" for name in group[1:] if name not in ("attachments",))
            refuse(group[0], "is required." if not others else f"is required, or {others}.")
    kind = params.get("attachment_type")
    if kind is not None and kind not in ATTACHMENT_KINDS and known.tier < 3:
        refuse("attachment_type", f"is one of {', '.join(ATTACHMENT_KINDS)}, not {brief(kind)}.")
    if known.name == "segmentannotation":
        read_options(params["labels"], "labels")
    as_object(params.get("hypothesis"), "hypothesis")
    try:
        form_of(type_, params)
    except NoScreen:
        return


def _is_missing(value: Any) -> bool:
    return value is None or value in ("", [], {}, ())
