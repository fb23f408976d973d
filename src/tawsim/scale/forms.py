"""The form of every type that has a screen here: which parts a task asks, and what it shows. Drawing, chat and fields have
modules of their own. Raises `BadInput` for what is wrong, and `NoScreen` for what is sound and cannot be labelled here yet."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from tawsim.kinds import read_questions
from tawsim.kinds.content import MAX_BLOCKS, read_blocks
from tawsim.kinds.text import LONGEST as LONGEST_TEXT
from tawsim.scale.attachments import Shown, show_attachments
from tawsim.scale.chats import chat_form
from tawsim.scale.fields import read_field, read_fields
from tawsim.scale.form import Form, Labels, NoScreen, Part, help_of, labels_of, name_of, titled, with_nothing
from tawsim.scale.options import asks_more, read_options
from tawsim.scale.pictures import OF_TYPE, image_form, plain_form
from tawsim.scale.plain import as_flag, as_list, as_object, as_text, refuse
from tawsim.scale.titles import EACH_LINE, IN_ORDER, OWN

MOST_FIELDS = 100
LONGEST_DOCUMENT = 1_000_000


def form_of(type_: str, params: Mapping[str, Any]) -> Form:
    """What a task of this type asks and shows. `params` went through `check_plain`. Whatever they hold, what comes out is
    questions and blocks that a project takes."""
    build = _FORMS.get(type_)
    if build is None:
        raise NoScreen(f"tasks of type {type_}")
    form = build(params)
    read_questions([part.question for part in form.parts])
    if (
        len(read_blocks(form.content)) > MAX_BLOCKS - 2
    ):  # there is room for the instruction, and for what is said of labels
        refuse("attachments", f"are {len(form.content)} things to show; {MAX_BLOCKS - 2} is the most.")
    return form


def _whole(shown: Shown, parts: list[Part], about: list[str]) -> Form:
    return Form(tuple(parts), tuple(shown.content), shown.row, tuple(shown.attachments), tuple(about))


# ---- text collection, categories ----------------------------------------------------------------------------------
def _textcollection(params: Mapping[str, Any]) -> Form:
    shown = Shown()
    for place, one in enumerate(as_list(params.get("attachments"), "attachments")):
        forms = one.get("forms") if isinstance(one, Mapping) else None
        if any(isinstance(form, Mapping) for form in as_list(forms, f"attachments[{place}].forms")):
            raise NoScreen("forms of single attachments")
    show_attachments(shown, params, default="text")
    parts, about = read_fields(params.get("fields"), "fields", shown.row)
    if not parts:
        if not shown.content:
            refuse("fields", "is required where there are no `attachments`.")
        question = {
            "kind": "text",
            "name": "text",
            "title": OWN["text"],
            "at_least": 1,
            "at_most": LONGEST_TEXT,
            "required": True,
        }
        parts = [Part(question, "text", "text", type="text")]
    return _whole(shown, parts, about)


def _categorization(params: Mapping[str, Any]) -> Form:
    shown = Shown()
    _needs(show_attachments(shown, params, default="text"), "attachment")
    if params.get("taxonomies") is not None:
        return _taxonomies(shown, params)
    given = params.get("categories")
    options = read_options(given if given is not None else (), "categories")
    labels = with_nothing(labels_of(options, "categories"))
    many = as_flag(params.get("allow_multiple"), "allow_multiple") and () not in labels.paths.values()
    part = Part(_choosing("category", OWN["category"], labels, many), "category", "picks" if many else "pick", labels)
    return _whole(shown, [part], list(help_of(options, labels)))


def _taxonomies(shown: Shown, params: Mapping[str, Any]) -> Form:
    parts: list[Part] = []
    about: list[str] = []
    given = as_object(params["taxonomies"], "taxonomies")
    if not 1 <= len(given) <= MOST_FIELDS:
        refuse("taxonomies", f"holds {len(given)}; 1 to {MOST_FIELDS} are possible.")
    for key, one in given.items():
        where = f"taxonomies.{key[:60]}"
        spec = as_object(one, where)
        kind = spec.get("type", "category")
        if kind != "category":
            raise NoScreen(f"taxonomies of type {str(kind)[:40]!r}")
        options = read_options(spec.get("choices") or (), f"{where}.choices")
        labels = with_nothing(labels_of(options, f"{where}.choices"))
        many = as_flag(spec.get("allow_multiple"), f"{where}.allow_multiple") and () not in labels.paths.values()
        name = name_of(key, [part.question["name"] for part in parts])
        title = titled(key, as_text(spec.get("description"), f"{where}.description"))
        parts.append(Part(_choosing(name, title, labels, many), key, "picks" if many else "pick", labels, "category"))
        about += help_of(options, labels, key)
    return _whole(shown, parts, about)


def _choosing(name: str, title: str, labels: Labels, many: bool) -> dict[str, Any]:
    question: dict[str, Any] = {
        "kind": "choices" if many else "choice", "name": name, "title": title, "required": True,
        "labels": list(labels.shown), "separator": labels.separator,
    }  # fmt: skip
    return question | ({"at_least": 1, "at_most": 0} if many else {})


def _needs(columns: list[str], field: str) -> None:
    if not columns:
        refuse(field, "is required.")


# ---- comparison ---------------------------------------------------------------------------------------------------
def _comparison(params: Mapping[str, Any]) -> Form:
    shown = Shown()
    attachments, choices = params.get("attachments"), params.get("choices")
    texts = isinstance(attachments, list | tuple) and all(isinstance(one, str) for one in attachments)
    themselves = texts and bool(attachments) and choices is not None and list(attachments) == choices  # type: ignore[arg-type]
    pair = themselves and len(attachments) == 2 and params.get("attachment_type") == "text"  # type: ignore[arg-type]
    parts, about = [], []
    if pair:
        shown.row["compared"] = list(attachments)  # type: ignore[arg-type]
        question = {
            "kind": "pairwise",
            "name": "choice",
            "title": OWN["better"],
            "candidates": ["compared"],
            "ties": False,
            "required": True,
        }
        paths = {str(n): (one,) for n, one in enumerate(attachments, 1)}  # type: ignore[arg-type]
        parts = [Part(question, "choice", "better", Labels(paths))]
        _needs(list(attachments), "attachments")  # type: ignore[arg-type]
    else:
        _needs(show_attachments(shown, params, default="text", numbered=True), "attachments")
        if choices is not None:
            options = read_options(choices, "choices")
            numbers = Labels({str(n): (one,) for n, one in enumerate(choices, 1)})  # those over them
            labels = with_nothing(numbers if themselves else labels_of(options, "choices"))
            parts = [Part(_choosing("choice", OWN["choice"], labels, many=False), "choice", "pick", labels)]
            about = list(help_of(options, labels))
    more, said = _any_fields(params.get("fields"), "fields", shown.row, [part.question["name"] for part in parts])
    if not parts and not more:
        refuse("choices", "is required where there are no `fields`.")
    return _whole(shown, [*parts, *more], [*about, *said])


def _any_fields(value: Any, field: str, row: dict[str, Any], taken: list[str]) -> tuple[list[Part], list[str]]:
    """Fields as a list of objects, or as an object: name → title or field."""
    if not isinstance(value, Mapping):
        return read_fields(value, field, row, taken)
    parts: list[Part] = []
    about: list[str] = []
    if len(value) > MOST_FIELDS:
        refuse(field, f"holds {len(value)}; {MOST_FIELDS} is the most.")
    for key, one in value.items():
        spec = {"type": "text", **one} if isinstance(one, Mapping) else {"type": "text", "title": one}
        names = [*taken, *(part.question["name"] for part in parts)]
        if spec.get("conditions"):
            raise NoScreen("conditions of fields that are sent as an object")
        part, said = read_field(spec, key, f"{field}.{key[:60]}", row, names)
        plain = part.says in ("text", "date") and not isinstance(one, Mapping)
        parts.append(Part(part.question, key, "plain" if plain else part.says, part.labels, "" if plain else part.type))
        about += said
    return parts, about


# ---- documents ----------------------------------------------------------------------------------------------------
def _entities(params: Mapping[str, Any]) -> Form:
    shown = Shown()
    text = as_text(params.get("text"), "text", LONGEST_DOCUMENT)
    if not text.strip():
        refuse("text", "is required: the document.")
    given = params.get("labels")
    options = read_options(given if given is not None else (), "labels")
    labels = labels_of(options, "labels")
    about = list(help_of(options, labels))
    rules = []
    for place, one in enumerate(as_list(params.get("relationships"), "relationships", 100)):
        rules.append(_rule(one, labels, f"relationships[{place}]", about))
    if asks_more(given):
        raise NoScreen("attributes of single entities")
    column = shown.put("text", "text", text)
    show_attachments(shown, params, default="text")
    question = {
        "kind": "spans", "name": "entities", "title": OWN["entities"], "on": column, "labels": list(labels.shown),
        "overlap": True, "relations": rules, "required": True,
    }  # fmt: skip
    return _whole(shown, [Part(question, "annotations", "spans", labels)], about)


def _rule(one: Any, labels: Labels, where: str, about: list[str]) -> dict[str, Any]:
    spec = {"name": one} if isinstance(one, str) else as_object(one, where)
    name = next((spec[key] for key in ("name", "type", "label") if isinstance(spec.get(key), str)), "")
    label = labels_of(read_options([name] if name else [], f"{where}.name"), f"{where}.name").shown[0]
    if label != name:
        refuse(f"{where}.name", "has up to 200 printable characters.")
    rule: dict[str, Any] = {"label": label}
    for side, names in (("from", ("source", "from")), ("to", ("target", "to"))):
        keys = [f"{names[0]}_labels", f"{names[0]}_label", names[0], names[1]]
        given: Any = next((spec[key] for key in keys if spec.get(key)), [])
        found = {labels.label_of(value) for value in (given if isinstance(given, list | tuple) else [given])}
        if None in found:
            refuse(where, f"joins a label that is not among `labels`: {str(given)[:60]}.")
        rule[side] = [one for one in labels.shown if one in found]
    if isinstance(spec.get("description"), str):
        about += [f"- **{label}** — {' '.join(spec['description'].split())}", ""]
    return rule


def _transcription(params: Mapping[str, Any]) -> Form:
    shown = Shown()
    _needs(show_attachments(shown, params, default="text"), "attachment")
    parts, about = _any_fields(params.get("fields"), "fields", shown.row, [])
    more = _repeated(params.get("repeatable_fields"), [part.question["name"] for part in parts])
    if not parts and not more:
        refuse("fields", "is required: what is to be written down.")
    return _whole(shown, [*parts, *more], about)


def _repeated(value: Any, taken: list[str]) -> list[Part]:
    """A question for every column of a table, with a line for every row of it."""
    parts: list[Part] = []
    for key, one in as_object(value, "repeatable_fields").items():
        where = f"repeatable_fields.{key[:60]}"
        spec = as_object(one, where) if isinstance(one, Mapping) else {"title": one}
        title = as_text(spec.get("title") or spec.get("description"), where)
        name = name_of(key, [*taken, *(part.question["name"] for part in parts)])
        question = {
            "kind": "text", "name": name, "title": titled(title or key, EACH_LINE), "required": False, "at_least": 0,
            "at_most": LONGEST_TEXT,
        }  # fmt: skip
        parts.append(Part(question, key, "column", type="repeatable"))
    if len(parts) > MOST_FIELDS:
        refuse("repeatable_fields", f"holds {len(parts)}; {MOST_FIELDS} is the most.")
    return parts


def _datacollection(params: Mapping[str, Any]) -> Form:
    shown = Shown()
    _needs(show_attachments(shown, params, default="text"), "attachment")
    parts, about = _any_fields(params.get("fields"), "fields", shown.row, [])
    if not parts:
        refuse("fields", "is required: what is to be found.")
    return _whole(shown, parts, about)


def _document(params: Mapping[str, Any]) -> Form:
    """A text question for every feature, a line for every place where it stands; on a picture, boxes around these too."""
    shown = Shown()
    columns = show_attachments(shown, params, default="image")
    _needs(columns, "attachment")
    entries = as_list(params.get("features"), "features", MOST_FIELDS)
    for place, one in enumerate(entries):
        as_text(as_object(one, f"features[{place}]").get("type"), f"features[{place}].type")
    options = read_options([_feature(one, f"features[{place}]") for place, one in enumerate(entries)], "features")
    labels = labels_of(options, "features")
    if asks_more(entries):
        raise NoScreen("attributes of single features")
    images = [block["column"] for block in shown.content if block["kind"] == "image" and block["column"] in columns]
    parts: list[Part] = []
    if len(images) == 1:
        question = {
            "kind": "boxes",
            "name": "regions",
            "title": OWN["regions"],
            "on": images[0],
            "labels": list(labels.shown),
            "required": True,
        }
        parts.append(Part(question, "regions", "regions", labels))
    names, how = ["regions"], IN_ORDER if parts else EACH_LINE
    for label, path in labels.paths.items():
        question = {
            "kind": "text", "name": name_of(label, names), "title": titled(label, how), "required": False,
            "at_least": 0, "at_most": LONGEST_TEXT,
        }  # fmt: skip
        names.append(question["name"])
        parts.append(Part(question, str(path[-1]), "feature", labels, label))
    return _whole(shown, parts, list(help_of(options, labels)))


def _feature(one: Any, where: str) -> dict[str, Any]:
    spec = as_object(one, where)
    if not isinstance(spec.get("label"), str) or not spec["label"]:
        refuse(f"{where}.label", "is required.")
    return {"value": spec["label"], "display": spec.get("display"), "description": spec.get("description")}


_FORMS: Mapping[str, Callable[[Mapping[str, Any]], Form]] = {
    "textcollection": _textcollection,
    "categorization": _categorization,
    "comparison": _comparison,
    "namedentityrecognition": _entities,
    "imageannotation": image_form,
    **{type_: partial(plain_form, type_) for type_ in OF_TYPE},
    "transcription": _transcription,
    "datacollection": _datacollection,
    "documenttranscription": _document,
    **dict.fromkeys(("chat", "chatlite", "chatexperimental", "multichat", "multistage"), chat_form),
}
