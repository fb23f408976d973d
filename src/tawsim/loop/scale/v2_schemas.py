"""The JSON schemas of delivered responses, by id. What a response holds is made elsewhere; this says its form."""

import json
from functools import cache
from typing import Any

from tawsim.loop.scale.projects import project_by_id
from tawsim.scale.chats import CHATS
from tawsim.store.database import Transaction

THREADS = "threads-1"

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def schema_of(tx: Transaction, project_id: str) -> str | None:
    """The id of the schema that the responses of a project follow; None where their form is free."""
    return THREADS if project_by_id(tx, project_id)["type"] in CHATS else None


@cache
def schema_text(schema_id: str) -> str | None:
    """The schema as JSON text, None for an id that none has."""
    return json.dumps(_threads(), sort_keys=True) if schema_id == THREADS else None


def _object(required: tuple[str, ...], **properties: Any) -> dict[str, Any]:
    return {"type": "object", "required": list(required), "properties": properties}


def _list(items: Any) -> dict[str, Any]:
    return {"type": "array", "items": items}


def _threads() -> dict[str, Any]:
    text, number, flag = {"type": "string"}, {"type": "number"}, {"type": "boolean"}
    annotations = _list({"$ref": "#/$defs/annotation"})
    annotation = _object(
        ("id", "key", "type", "value"), id=text, key=text, type=text, value={}, title=text, description=text,
        labels=_list(text), possible_values=_list({}), not_applicable=flag, cannot_assess=flag, justification=text,
        metadata=_object((), criteria=text),
    )  # fmt: skip
    content = _object(
        (), text=text, reference_texts=_list(_object((), content=text, category=text, url=text)),
        attachments=_list(_object((), content=text, mime_type=text, scale_url=text, url=text, name=text)),
        chunks=_list(_object(("type", "text", "annotations"), type=text, text=text, annotations=annotations)),
        reasoning=_list(_object((), content=text)),
    )  # fmt: skip
    definition = _object(
        ("id", "criterion", "annotations"), id=text, criterion=text, weight=number, annotations=annotations
    )
    score = _object((), criterion_definition_id=text, score=number, annotations=annotations)
    evaluation = _object(
        (), criteria_evaluations=_list(score), annotations=annotations, total_score=number, percentage=number
    )
    message = _object(
        ("role", "content", "source_id", "annotations"), role={"enum": ["system", "user", "assistant", "function"]},
        content=content, source_id=text, annotations=annotations, rubric_evaluations=_list(evaluation),
        model_parameters={"type": "object"},
    )  # fmt: skip
    rubric = _object(
        ("criteria_definitions",), criteria_definitions=_list(definition), max_total_score={"type": "integer"}
    )
    turn = _object(
        ("id", "messages", "annotations"),
        id=text,
        messages=_list(message),
        annotations=annotations,
        rubrics=_list(rubric),
    )
    submission = _object((), submitted_at={"type": "string", "format": "date-time"}, contributor_id=text)
    thread = _object(
        ("id", "turns", "annotations"),
        id=text,
        turns=_list(turn),
        annotations=annotations,
        submissions=_list(submission),
    )
    return {
        "$schema": DIALECT, "$id": THREADS, "$defs": {"annotation": annotation}, **_object(("threads",), threads=_list(thread)),
    }  # fmt: skip
