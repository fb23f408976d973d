"""A task's parameters → what a labeller is asked and shown: questions, content blocks, a row, and what is to be fetched first.

    work_of("categorization", {"attachment": "…", "attachment_type": "text", "categories": ["a", "b"]}, "Which?")

The questions are those of this task alone; merging.py joins them to the project's.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tawsim.core.errors import BadInput
from tawsim.scale.form import Attachment, Form, NoScreen
from tawsim.scale.forms import form_of
from tawsim.scale.plain import as_text, check_plain
from tawsim.scale.responding import answers_to

LONGEST_INSTRUCTION = 200_000
INSTRUCTION, ABOUT = "instruction", "about"


@dataclass(frozen=True, slots=True)
class Work:
    """What one task asks and shows. `questions` and `content` in the JSON form of a project's, `row` without what
    `attachments` bring; `suggestions`: question → answer, from the pre-labels that came along."""

    questions: tuple[dict[str, Any], ...]
    content: tuple[dict[str, Any], ...]
    row: dict[str, Any]
    attachments: tuple[Attachment, ...]
    suggestions: dict[str, Any]


def work_of(type_: str, params: Mapping[str, Any], instruction: str | None) -> Work | None:
    """What this task asks; None where there is no screen for it yet (`lacks` says why). Raises `BadInput`."""
    try:
        form = _form(type_, params)
    except NoScreen:
        return None
    row: dict[str, Any] = {}
    content: list[dict[str, Any]] = []
    said = as_text(instruction, "instruction", LONGEST_INSTRUCTION)
    for column, text in ((INSTRUCTION, said), (ABOUT, "\n".join(form.about))):
        if text.strip():
            check_plain(text, column)
            row[column] = text
            content.append({"kind": "markdown", "column": column, "other": "", "title": ""})
    questions = tuple(dict(part.question) for part in form.parts)
    return Work(
        questions, (*content, *(dict(one) for one in form.content)), row | dict(form.row), form.attachments,
        _suggested(type_, form, params),
    )  # fmt: skip


def lacks(type_: str, params: Mapping[str, Any]) -> str:
    """What of this task has no screen here; "" where all of it has."""
    try:
        _form(type_, params)
    except NoScreen as reason:
        return str(reason)
    return ""


def _form(type_: str, params: Mapping[str, Any]) -> Form:
    if not isinstance(params, Mapping):
        raise BadInput("A task comes as an object.", field="params")
    check_plain(params)
    return form_of(type_, params)


def _suggested(type_: str, form: Form, params: Mapping[str, Any]) -> dict[str, Any]:
    """What of the pre-labels can be read as answers. The rest is no reason to refuse the task: they are help, not data."""
    given = params.get("hypothesis")
    if not isinstance(given, Mapping):
        return {}
    return answers_to(type_, form, params, given, lenient=True)
