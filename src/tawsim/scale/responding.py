"""Answers → the response of a task in Scale's form, and back for responses that are expected. Pure.

    response_of("categorization", params, {"category": "cat"})  ->  {"category": "cat"}

What nobody answered is left out. Ids and uuids follow from the task's id and what they are about, so that a response that is
made again is the same. Offsets are code points, the end exclusive.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from tawsim.core.errors import BadAnswer, BadInput
from tawsim.kinds import kind_of, read_questions, validate_answers
from tawsim.kinds.answers import brief
from tawsim.kinds.spans import LONGEST_QUOTES
from tawsim.scale.chats import CHATS, talk_of
from tawsim.scale.drawing import heard_document, heard_drawing, said_document, said_drawing
from tawsim.scale.form import Form, NoScreen, Part
from tawsim.scale.forms import form_of
from tawsim.scale.merging import own_names
from tawsim.scale.pictures import OF_TYPE
from tawsim.scale.plain import as_list, as_object, check_plain, refuse
from tawsim.scale.threads import heard_threads, threads_from
from tawsim.scale.wording import heard, label_heard, path_of, said, stable_id

Answers = Mapping[str, Any]


def response_of(type_: str, params: Mapping[str, Any], answers: Answers, *, task_id: str = "") -> dict[str, Any]:
    """The response that says these answers. `answers` may have the task's names of questions or the project's. Raises
    `BadInput` for a task that has no screen."""
    form = _form(type_, params)
    own = own_names([part.question for part in form.parts])
    given = {}
    for part in form.parts:
        name = part.question["name"]
        answer = answers.get(name, answers.get(own[name]))
        if answer is not None:
            given[name] = answer
    return _SAY[type_](form, params, given, task_id)


def answers_of(type_: str, params: Mapping[str, Any], response: Any) -> dict[str, Any]:
    """The answers, in the task's names of questions, that a response stands for. Raises `BadInput` unless they are good
    answers to this task."""
    check_plain(response, "response")
    return answers_to(type_, _form(type_, params), params, response)


def answers_to(
    type_: str, form: Form, params: Mapping[str, Any], response: Any, *, lenient: bool = False
) -> dict[str, Any]:
    """As `answers_of`, for a form that is at hand. `lenient`: what is no good answer is left out."""
    questions = read_questions([part.question for part in form.parts])
    try:
        found = _HEAR[type_](form, params, as_object(response, "response"))
    except BadInput:
        if lenient:
            return {}
        raise
    if not lenient:
        return validate_answers(questions, found, form.row)
    clean = {}
    for question in questions:
        if found.get(question.name) is not None:
            try:
                clean[question.name] = kind_of(question).validate(question, found[question.name], form.row)
            except BadAnswer:
                continue
    return clean


def _form(type_: str, params: Mapping[str, Any]) -> Form:
    try:
        return form_of(type_, params)
    except NoScreen as reason:
        raise BadInput(
            f"There is no screen here for {reason}.", "Such tasks are kept, and nobody answers them."
        ) from None


# ---- fields -------------------------------------------------------------------------------------------------------
def _said_field(part: Part, answer: Any) -> Any:
    """A field as an object; one that was sent as a name and a title alone, as its value."""
    value = said(part, answer)
    return value if part.says == "plain" else {"type": part.type, "field_id": part.key, "response": value}


def _said_fields(parts: Sequence[Part], answers: Answers) -> dict[str, Any]:
    return {
        part.key: _said_field(part, answers[part.question["name"]])
        for part in parts
        if answers.get(part.question["name"]) is not None
    }


def _heard_fields(parts: Sequence[Part], given: Any, where: str) -> dict[str, Any]:
    """The answers in an object: key → response. Raises `BadInput` for a key that is no field."""
    held = as_object(given, where)
    by_key = {part.key: part for part in parts}
    found: dict[str, Any] = {}
    for key, one in held.items():
        if key not in by_key:
            refuse(where, f"has {key[:60]!r}, which is none of the task's fields.")
        value = one["response"] if isinstance(one, Mapping) and "response" in one else one
        if value is not None or by_key[key].says == "pick":
            found[by_key[key].question["name"]] = heard(
                by_key[key], [] if value is None else value, f"{where}.{key[:60]}"
            )
    return found


def _say_collection(form: Form, _params: Any, answers: Answers, _task_id: str) -> dict[str, Any]:
    return {"annotations": _said_fields(form.parts, answers)}


def _hear_collection(form: Form, _params: Any, response: Mapping[str, Any]) -> dict[str, Any]:
    return _heard_fields(form.parts, response.get("annotations"), "response.annotations")


# ---- categories ---------------------------------------------------------------------------------------------------
def _value(part: Part, label: Any) -> Any:
    """A label as one value: what was sent, of a path its last step where this says which is meant."""
    path = path_of(part.labels, label)
    if not path:
        return None
    return path[-1] if len(path) == 1 or part.labels.label_of(path[-1]) == label else label


def _said_category(part: Part, answer: Any) -> Any:
    return [_value(part, one) for one in answer] if part.says == "picks" else _value(part, answer)


def _heard_category(part: Part, given: Any, where: str) -> Any:
    if part.says == "picks":
        return [
            label_heard(part.labels, one, where)
            for one in as_list(given if _is_list(given) else [given], where, 10_000)
        ]
    if _is_list(given):
        given = given[0] if len(given) == 1 else given
    return label_heard(part.labels, () if given is None or given == [] else given, where)


def _is_list(value: Any) -> bool:
    return isinstance(value, list | tuple)


def _say_category(form: Form, params: Mapping[str, Any], answers: Answers, _task_id: str) -> dict[str, Any]:
    found = {part.key: _said_category(part, answers[name]) for part, name in _named(form) if name in answers}
    if params.get("taxonomies") is not None:
        return {"taxonomies": found}
    ids = _ids(params)
    if ids and "category" in found:
        value = found["category"]
        found["category_id"] = [ids.get(str(one)) for one in value] if _is_list(value) else ids.get(str(value))
    return found


def _named(form: Form) -> list[tuple[Part, str]]:
    return [(part, str(part.question["name"])) for part in form.parts]


def _ids(params: Mapping[str, Any]) -> dict[str, Any]:
    """Category → the id that was sent for it, whichever way round."""
    given, names = params.get("category_ids"), params.get("categories")
    if isinstance(given, Mapping):
        known = {str(one) for one in names} if _is_list(names) else set()  # type: ignore[union-attr]
        if known and known >= set(given):
            return dict(given)
        return {str(value): key for key, value in given.items()}
    if _is_list(given) and _is_list(names) and len(given) == len(names):  # type: ignore[arg-type]
        return {str(name): one for name, one in zip(names, given, strict=True)}  # type: ignore[arg-type]
    return {}


def _hear_category(form: Form, params: Mapping[str, Any], response: Mapping[str, Any]) -> dict[str, Any]:
    held = response
    if params.get("taxonomies") is not None:
        held = as_object(response.get("taxonomies"), "response.taxonomies")
    return {
        name: _heard_category(part, held[part.key], f"response.{part.key[:60]}")
        for part, name in _named(form)
        if part.key in held
    }


# ---- comparison ---------------------------------------------------------------------------------------------------
def _say_comparison(form: Form, params: Mapping[str, Any], answers: Answers, _task_id: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    fields = [part for part in form.parts if part.key != "choice" or part.says not in ("pick", "better") or part.type]
    for part, name in _named(form):
        if part in fields or name not in answers:
            continue
        label = answers[name]["best"] if part.says == "better" else answers[name]
        found["choice"] = _value(part, label)
    if params.get("fields") is not None:
        found["fields"] = _said_fields(fields, answers)
    return found


def _hear_comparison(form: Form, _params: Any, response: Mapping[str, Any]) -> dict[str, Any]:
    fields = [part for part in form.parts if part.key != "choice" or part.says not in ("pick", "better") or part.type]
    found = _heard_fields(fields, response.get("fields"), "response.fields")
    for part, name in _named(form):
        if part not in fields and "choice" in response:
            label = _heard_category(part, response["choice"], "response.choice")
            found[name] = {"best": label} if part.says == "better" else label
    return found


# ---- entities -----------------------------------------------------------------------------------------------------
def _say_entities(form: Form, params: Mapping[str, Any], answers: Answers, task_id: str) -> dict[str, Any]:
    part = form.parts[0]
    answer = answers.get("entities") or {"spans": [], "relations": []}
    text = params["text"]
    spans = [
        {
            "id": stable_id(task_id, "span", one["start"], one["end"], one["label"]), "start": one["start"],
            "end": one["end"], "text": text[one["start"] : one["end"]], "label": path_of(part.labels, one["label"])[-1],
        }
        for one in answer["spans"]
    ]  # fmt: skip
    joined = []
    for one in answer.get("relations", ()):
        source, target = spans[one["from"]]["id"], spans[one["to"]]["id"]
        own = stable_id(task_id, "relation", source, target, one["label"])
        joined.append({"id": own, "source_ref": source, "target_ref": target, "name": one["label"]})
    return {"annotations": spans, "relationships": joined}


def _hear_entities(form: Form, _params: Any, response: Mapping[str, Any]) -> dict[str, Any]:
    part = form.parts[0]
    spans, places, quoted = [], {}, 0
    for place, given in enumerate(as_list(response.get("annotations"), "response.annotations", 5_000)):
        where = f"response.annotations[{place}]"
        one = as_object(given, where)
        span = {
            "start": one.get("start"),
            "end": one.get("end"),
            "label": label_heard(part.labels, one.get("label"), where),
        }
        start, end = one.get("start"), one.get("end")
        if isinstance(start, int) and isinstance(end, int):
            quoted += abs(end - start)
        if quoted > LONGEST_QUOTES:  # before any of it is quoted
            refuse("response.annotations", f"are longer than {LONGEST_QUOTES:,} characters together.")
        if one.get("text"):
            span["text"] = one["text"]
        if isinstance(one.get("id"), str):
            places[one["id"]] = place
        spans.append(span)
    joined = []
    for place, given in enumerate(as_list(response.get("relationships"), "response.relationships", 10_000)):
        where = f"response.relationships[{place}]"
        one = as_object(given, where)
        ends = [one.get(side) for side in ("source_ref", "target_ref")]
        if not all(isinstance(end, str) and end in places for end in ends):
            refuse(where, f"joins annotations that are not there: {brief(ends)}.")
        joined.append({"from": places[ends[0]], "to": places[ends[1]], "label": _relation(part, one)})
    return {"entities": {"spans": spans, "relations": joined}}


def _relation(part: Part, one: Mapping[str, Any]) -> Any:
    """The name of a relation; it need not be said where there is one."""
    names = list(dict.fromkeys(rule["label"] for rule in part.question["relations"]))
    given = one.get("name", one.get("label"))
    return names[0] if given is None and len(names) == 1 else given


# ---- documents ----------------------------------------------------------------------------------------------------
def _say_transcript(form: Form, params: Mapping[str, Any], answers: Answers, _task_id: str) -> dict[str, Any]:
    columns = [part for part in form.parts if part.says == "column"]
    found: dict[str, Any] = {}
    if params.get("fields") is not None:
        found["fields"] = _said_fields([part for part in form.parts if part.says != "column"], answers)
    if columns:
        cells = {part.key: said_column(answers.get(part.question["name"])) for part in columns}
        many = max(map(len, cells.values()))
        found["repeatable_fields"] = [
            {key: lines[row] for key, lines in cells.items() if row < len(lines)} for row in range(many)
        ]
    return found


def said_column(answer: Any) -> list[str]:
    """The lines of a column; none where nothing was written."""
    return str(answer).split("\n") if answer else []


def _hear_transcript(form: Form, _params: Any, response: Mapping[str, Any]) -> dict[str, Any]:
    columns = {part.key: part for part in form.parts if part.says == "column"}
    fields = [part for part in form.parts if part.says != "column"]
    found = _heard_fields(fields, response.get("fields"), "response.fields")
    cells: dict[str, list[str]] = {}
    for place, given in enumerate(as_list(response.get("repeatable_fields"), "response.repeatable_fields", 10_000)):
        where = f"response.repeatable_fields[{place}]"
        for key, cell in as_object(given, where).items():
            if key not in columns:
                refuse(where, f"has {key[:60]!r}, which is none of the task's repeatable fields.")
            lines = cells.setdefault(key, [])
            lines += [""] * (place - len(lines))
            lines.append(heard_line(cell, f"{where}.{key[:60]}"))
    return found | {columns[key].question["name"]: "\n".join(lines) for key, lines in cells.items()}


def heard_line(value: Any, where: str) -> str:
    """A cell of a table: a text on one line, or a number. Raises `BadInput`."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    if value is None:
        return ""
    if not isinstance(value, str) or "\n" in value or "\r" in value:
        refuse(where, f"is a text on one line, not {brief(value)}.")
    return value


# ---- chat ---------------------------------------------------------------------------------------------------------
def _say_chat(form: Form, params: Mapping[str, Any], answers: Answers, task_id: str) -> dict[str, Any]:
    return {"threads": threads_from(form, talk_of(params), answers, task_id)}


def _hear_chat(form: Form, params: Mapping[str, Any], response: Mapping[str, Any]) -> dict[str, Any]:
    return heard_threads(form, talk_of(params), response.get("threads"))


_SAY: Mapping[str, Callable[[Form, Mapping[str, Any], Answers, str], dict[str, Any]]] = {
    "textcollection": _say_collection,
    "categorization": _say_category,
    "comparison": _say_comparison,
    "namedentityrecognition": _say_entities,
    "imageannotation": said_drawing,
    **dict.fromkeys(OF_TYPE, said_drawing),
    "transcription": _say_transcript,
    "datacollection": _say_transcript,
    "documenttranscription": said_document,
    **dict.fromkeys(CHATS, _say_chat),
}
_HEAR: Mapping[str, Callable[[Form, Mapping[str, Any], Mapping[str, Any]], dict[str, Any]]] = {
    "textcollection": _hear_collection,
    "categorization": _hear_category,
    "comparison": _hear_comparison,
    "namedentityrecognition": _hear_entities,
    "imageannotation": heard_drawing,
    **dict.fromkeys(OF_TYPE, heard_drawing),
    "transcription": _hear_transcript,
    "datacollection": _hear_transcript,
    "documenttranscription": heard_document,
    **dict.fromkeys(CHATS, _hear_chat),
}
