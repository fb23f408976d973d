"""One annotation of the second version in the form that its client takes. Pure. Threads and messages are in v2_threads.py.

The client refuses a whole answer for one annotation without an id, a key or a known type, or whose value is not of its type;
and what stands in a response may have come from elsewhere. So a value tells its type where the stated one does not fit.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any

Json = Mapping[str, Any]
TEXTS = ("title", "description")
FLAGS = ("not_applicable", "cannot_assess")
FILE_TEXTS = ("content", "mime_type", "scale_url", "url", "name")
BOXES = ("stdout_output", "stderr_output", "test_stdout_output", "test_stderr_output")


def is_whole(value: Any) -> bool:
    """A whole number: true and false are none."""
    return isinstance(value, int) and not isinstance(value, bool)


def is_number(value: Any) -> bool:
    """Any number but true and false."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def is_texts(value: Any) -> bool:
    """A list of texts."""
    return isinstance(value, list) and all(isinstance(one, str) for one in value)


def _is_groups(value: Any) -> bool:
    return isinstance(value, list) and all(is_texts(one) for one in value)


def _is_labelled(value: Any) -> bool:
    return isinstance(value, list) and all(
        isinstance(one, Mapping) and texts_only(one, ("label", "text")) for one in value
    )


def texts_only(value: Json, names: tuple[str, ...]) -> bool:
    """Whether each of these is a text where it is there."""
    return all(isinstance(value.get(name), str | None) for name in names)


def _is_files(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(one, Mapping) and texts_only(one, FILE_TEXTS) for one in value)


def _is_criteria(value: Any) -> bool:
    return isinstance(value, Mapping) and (value.get("weight") is None or is_number(value["weight"]))


def _is_rating(value: Any) -> bool:
    return (
        isinstance(value, Mapping)
        and (value.get("score") is None or is_number(value["score"]))
        and texts_only(value, ("color", "justification"))
    )


def _is_container(value: Any) -> bool:
    """Of a container only what has no required parts of its own is taken."""
    return (
        isinstance(value, Mapping)
        and set(value) <= {"workspace_id", "last_code_run_event", *BOXES}
        and texts_only(value, ("workspace_id",))
        and isinstance(value.get("last_code_run_event"), Mapping | None)
        and all(
            value.get(name) is None
            or (isinstance(value[name], Mapping) and texts_only(value[name], ("content", "url")))
            for name in BOXES
        )
    )


# Type → whether a value is one of it, and whether its possible values are.
FITS: Mapping[str, Callable[[Any], bool]] = {
    "boolean": lambda value: isinstance(value, bool),
    "integer": is_whole,
    "text": lambda value: isinstance(value, str),
    "category": lambda value: isinstance(value, str),
    "category_multiple": is_texts,
    "ranked_choices": is_texts,
    "ranked_groups": _is_groups,
    "labeled_text": _is_labelled,
    "file": _is_files,
    "rubric_criteria": _is_criteria,
    "rubric_rating": _is_rating,
    "workspace_container": _is_container,
}
CHOICE: Mapping[str, Callable[[Any], bool]] = {
    "boolean": FITS["boolean"], "integer": is_whole, "category": FITS["text"], "category_multiple": FITS["text"],
}  # fmt: skip


def fitted(kind: Any, value: Any) -> tuple[str, Any]:
    """The stated type and the value where they fit; else the type that the value has, in the end a text."""
    known = isinstance(kind, str) and kind in FITS
    if value is None:
        return (kind if known else "text"), None
    if kind == "file" and isinstance(value, Mapping):
        value = [value]  # the client reads no single object
    if known and FITS[kind](value):
        return kind, value
    if isinstance(value, float) and value.is_integer():
        return "integer", int(value)
    for type_ in ("boolean", "integer", "text", "category_multiple", "ranked_groups"):
        if FITS[type_](value):
            return type_, value
    return "text", json.dumps(value, ensure_ascii=False)


def strict(raw: Json, id_: str, names: Callable[[str], str], *, details: bool) -> dict[str, Any]:
    """The annotation under `id_`. `names` gives what an annotation that this one refers to is called now; `details` adds
    title, description, labels and possible values."""
    kind, value = fitted(raw.get("type"), raw.get("value"))
    key = raw.get("key")
    found: dict[str, Any] = {
        "id": id_,
        "key": key if isinstance(key, str) and key else "value",
        "type": kind,
        "value": value,
    }
    for name in FLAGS:
        if isinstance(raw.get(name), bool):
            found[name] = raw[name]
    if isinstance(raw.get("justification"), str):
        found["justification"] = raw["justification"]
    metadata = raw.get("metadata")
    criteria = metadata.get("criteria") if isinstance(metadata, Mapping) else None
    if isinstance(criteria, str):
        found["metadata"] = {"criteria": names(criteria)}
    return found | _details(raw, kind) if details else found


def _details(raw: Json, kind: str) -> dict[str, Any]:
    found = {name: raw[name] for name in TEXTS if isinstance(raw.get(name), str)}
    if is_texts(raw.get("labels")):
        found["labels"] = raw["labels"]
    possible = raw.get("possible_values")
    if kind in CHOICE and isinstance(possible, list) and all(CHOICE[kind](one) for one in possible):
        found["possible_values"] = possible
    return found
