"""The threads of a completed task as the second version shows them: nothing that its client refuses, extra parts on request.

Pure. Ids within a response are its own; here they begin with the task's id, so that an annotation is found by its id alone.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tawsim.loop.scale.v2_annotations import is_number, is_whole, strict

Json = Mapping[str, Any]
ROLES = ("system", "user", "assistant", "function")
OTHER_ROLES = {"tool": "function", "human": "user", "developer": "system"}
FILE_PARTS = ("content", "mime_type", "scale_url", "url", "name")
ID_LENGTH = 36


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which extra parts were asked for."""

    annotation_details: bool = False
    attachment_details: bool = False
    model_parameters: bool = False
    submissions: bool = False


NOTHING_MORE = Wanted()
EVERYTHING_STORED = Wanted(annotation_details=True, attachment_details=True, model_parameters=True)


def shown_threads(
    task_id: str, response: Any, wanted: Wanted, submissions: Sequence[Json] = ()
) -> list[dict[str, Any]]:
    """The threads of a response; none where it has none, as in tasks that are no conversations."""
    threads = response.get("threads") if isinstance(response, Mapping) else None
    showing = _Showing(task_id, wanted, list(submissions), frozenset(_annotation_ids(threads)))
    return [showing.thread(one, f"{place}") for place, one in enumerate(_objects(threads))]


def shown_response(task_id: str, response: Any) -> dict[str, Any]:
    """A whole response: the threads of a conversation with every part, anything else as it is."""
    if not isinstance(response, Mapping):
        return {}
    if not isinstance(response.get("threads"), list):
        return dict(response)
    return {**response, "threads": shown_threads(task_id, response, EVERYTHING_STORED)}


def find_annotation(task_id: str, response: Any, annotation_id: str) -> dict[str, Any] | None:
    """The annotation of that id with everything known of it."""
    found = shown_threads(task_id, response, EVERYTHING_STORED)
    return next((dict(one) for one in _annotations(found) if one["id"] == annotation_id), None)


def task_of(annotation_id: str) -> str | None:
    """The id of the task that an annotation belongs to; None for what is no id of an annotation."""
    return annotation_id[:ID_LENGTH] if annotation_id[ID_LENGTH : ID_LENGTH + 1] == "." else None


def _objects(value: Any) -> list[Json]:
    return [one for one in value if isinstance(one, Mapping)] if isinstance(value, list) else []


def _annotations(value: Any) -> Iterator[Json]:
    """Every annotation within, wherever it stands."""
    if isinstance(value, Mapping):
        for name, one in value.items():
            if name == "annotations":
                yield from _objects(one)
            if name != "value":
                yield from _annotations(one)
    elif isinstance(value, list):
        for one in value:
            yield from _annotations(one)


def _annotation_ids(threads: Any) -> Iterator[str]:
    return (one["id"] for one in _annotations(threads) if isinstance(one.get("id"), str))


@dataclass(slots=True)
class _Showing:
    task_id: str
    wanted: Wanted
    submissions: list[Json]
    known: frozenset[str]
    taken: set[str] = field(default_factory=set)

    def thread(self, raw: Json, place: str) -> dict[str, Any]:
        found: dict[str, Any] = {
            "id": self._id(raw, f"thread{place}"),
            "turns": [self._turn(one, f"{place}.{at}") for at, one in enumerate(_objects(raw.get("turns")))],
            "annotations": self._annotations(raw, place),
        }
        if self.wanted.submissions:
            found["submissions"] = self.submissions
        return found

    def _turn(self, raw: Json, place: str) -> dict[str, Any]:
        found: dict[str, Any] = {
            "id": self._id(raw, f"turn{place}"),
            "messages": [self._message(one, f"{place}.{at}") for at, one in enumerate(_objects(raw.get("messages")))],
            "annotations": self._annotations(raw, place),
        }
        if rubrics := _objects(raw.get("rubrics")):
            found["rubrics"] = [self._rubric(one, f"{place}.rubric{at}") for at, one in enumerate(rubrics)]
        return found

    def _message(self, raw: Json, place: str) -> dict[str, Any]:
        role, source = raw.get("role"), raw.get("source_id")
        role = OTHER_ROLES.get(str(role), role)
        role = role if role in ROLES else "user"
        found: dict[str, Any] = {
            "role": role,
            "content": self._content(raw.get("content"), place),
            "source_id": source if isinstance(source, str) else role,
            "annotations": self._annotations(raw, place),
        }
        if self.wanted.model_parameters and isinstance(raw.get("model_parameters"), Mapping):
            found["model_parameters"] = _parameters(raw["model_parameters"])
        if evaluations := _objects(raw.get("rubric_evaluations")):
            found["rubric_evaluations"] = [
                self._evaluation(one, f"{place}.evaluation{at}") for at, one in enumerate(evaluations)
            ]
        return found

    def _content(self, raw: Any, place: str) -> dict[str, Any]:
        if isinstance(raw, str):
            return {"text": raw}
        if not isinstance(raw, Mapping):
            return {}
        found: dict[str, Any] = {"text": raw["text"]} if isinstance(raw.get("text"), str) else {}
        for name, parts in (("reference_texts", ("content", "category", "url")), ("reasoning", ("content",))):
            if isinstance(raw.get(name), list):
                found[name] = [_texts(one, parts) for one in _objects(raw[name])]
        if isinstance(raw.get("chunks"), list):
            chunks = (one for one in _objects(raw["chunks"]) if isinstance(one.get("text"), str))
            found["chunks"] = [
                {"type": "text", "text": one["text"], "annotations": self._annotations(one, f"{place}.chunk{at}")}
                for at, one in enumerate(chunks)
            ]
        if self.wanted.attachment_details and isinstance(raw.get("attachments"), list):
            found["attachments"] = [_texts(one, FILE_PARTS) for one in _objects(raw["attachments"])]
        return found

    def _rubric(self, raw: Json, place: str) -> dict[str, Any]:
        found: dict[str, Any] = {
            "criteria_definitions": [
                {
                    "id": self._id(one, f"{place}.criterion{at}"),
                    "criterion": one["criterion"] if isinstance(one.get("criterion"), str) else "",
                    "annotations": self._annotations(one, f"{place}.criterion{at}"),
                    **({"weight": one["weight"]} if is_number(one.get("weight")) else {}),
                }
                for at, one in enumerate(_objects(raw.get("criteria_definitions")))
            ]
        }
        if is_whole(raw.get("max_total_score")):
            found["max_total_score"] = raw["max_total_score"]
        return found

    def _evaluation(self, raw: Json, place: str) -> dict[str, Any]:
        found: dict[str, Any] = {"annotations": self._annotations(raw, place), "criteria_evaluations": []}
        for at, one in enumerate(_objects(raw.get("criteria_evaluations"))):
            part: dict[str, Any] = {"annotations": self._annotations(one, f"{place}.{at}")}
            if isinstance(one.get("criterion_definition_id"), str):
                part["criterion_definition_id"] = self._full(one["criterion_definition_id"])
            if is_number(one.get("score")):
                part["score"] = one["score"]
            found["criteria_evaluations"].append(part)
        return found | {name: raw[name] for name in ("total_score", "percentage") if is_number(raw.get(name))}

    def _annotations(self, raw: Json, place: str) -> list[dict[str, Any]]:
        return [
            strict(
                one, self._id(one, f"{place}.{one.get('key')}{at}"), self._named, details=self.wanted.annotation_details
            )
            for at, one in enumerate(_objects(raw.get("annotations")))
        ]

    def _full(self, id_: str) -> str:
        return id_ if id_.startswith(self.task_id + ".") else f"{self.task_id}.{id_}"

    def _named(self, id_: str) -> str:
        """What is meant by a reference: an annotation of this response by its full id; anything else stays a word."""
        return self._full(id_) if id_ in self.known else id_

    def _id(self, raw: Json, place: str) -> str:
        """Its own id where it has one that nothing before it had, else one made of its place."""
        id_ = self._full(raw["id"] if isinstance(raw.get("id"), str) and raw["id"] else place)
        if id_ in self.taken:
            id_ = f"{id_}.{place}"
        while id_ in self.taken:
            id_ += "+"
        self.taken.add(id_)
        return id_


def _texts(raw: Json, names: tuple[str, ...]) -> dict[str, str]:
    return {name: raw[name] for name in names if isinstance(raw.get(name), str)}


def _parameters(raw: Json) -> dict[str, Any]:
    found: dict[str, Any] = _texts(raw, ("model",))
    found |= {name: raw[name] for name in ("temperature", "top_p") if is_number(raw.get(name))}
    return found | {name: raw[name] for name in ("max_completion_tokens", "top_k") if is_whole(raw.get(name))}
