"""A project that is not made yet: its checked parts, as `tawsim.toml` and the wizard have them. Reads no file.

Every trouble is found at once, each with its table and field; making the project is labelling/projects.py.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any, get_args

from tawsim.core.errors import BadInput
from tawsim.core.records import Project, Question, TaskOrder
from tawsim.core.settings import read_settings, said
from tawsim.kinds import question_to_json, read_question, read_questions
from tawsim.kinds.content import (
    BLOCK_KINDS,
    MAX_BLOCKS,
    MAX_COLUMN_LENGTH,
    MAX_TITLE_LENGTH,
    block_to_json,
    read_blocks,
    with_columns,
)
from tawsim.labelling import projects
from tawsim.labelling.owners import check_overlap
from tawsim.labelling.projects import NewProject, check_guideline, check_limit, check_name

JSON = Mapping[str, Any]

DATA = ("file", "media", "format", "tokens", "tags")


@dataclass(frozen=True, slots=True)
class ProjectPlan:
    """A project to be made. `questions` and `content` are the JSON form; `settings` and `data` hold only what was said.

    `data`: `file` with the rows, `media` the folder of pictures and sounds, `format` of the file, and `tokens`, `tags`
    the columns of files that hold words with BIO tags. `guideline_file` is where the guideline's text stands, if apart.
    """

    name: str
    questions: tuple[JSON, ...]
    content: tuple[JSON, ...] = ()
    text_column: str = "text"
    guideline: str = ""
    guideline_file: str = ""
    overlap: int = 1
    order: TaskOrder = "fifo"
    lease_seconds: int = 900
    max_leases: int = 5
    skip_limit: int = 3
    settings: JSON = field(default_factory=dict)
    data: JSON = field(default_factory=dict)

    def new_project(self, name: str = "") -> NewProject:
        """What makes the project, under this name or another."""
        return NewProject(
            name=name or self.name, questions=self.questions, text_column=self.text_column, guideline=self.guideline,
            overlap=self.overlap, order=self.order, lease_seconds=self.lease_seconds, max_leases=self.max_leases,
            skip_limit=self.skip_limit, content=self.content, settings=dict(self.settings),
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong and where: `table` as the file has it ("", content, question, settings, data), `place` from 0 in a
    list of tables, `field` or "" where the whole is meant."""

    table: str
    place: int | None
    field: str
    message: str
    hint: str = ""

    @property
    def where(self) -> str:
        """In words of the file: `[[question]] 2, labels`."""
        numbered = self.place is not None
        table = f"[[{self.table}]] {(self.place or 0) + 1}" if numbered else f"[{self.table}]" if self.table else ""
        return ", ".join(part for part in (table, self.field) if part)


_SIMPLE = (
    "overlap",
    "order",
    "lease_seconds",
    "max_leases",
    "skip_limit",
    "text_column",
    "guideline",
    "guideline_file",
)
_KNOWN = ("name", *_SIMPLE, "questions", "content", "settings", "data")


def check_plan(data: Any) -> tuple[ProjectPlan | None, list[Fault]]:
    """A plan from its JSON form, or everything that is wrong with it. Questions come back with every field."""
    if not isinstance(data, Mapping):
        return None, [Fault("", None, "", "A project is an object with a name and questions.")]
    faults = [
        Fault("", None, str(name)[:60], "There is no such setting.", "Settings: " + ", ".join(_KNOWN))
        for name in data
        if name not in _KNOWN
    ]
    values: dict[str, Any] = {}
    for name in ("name", *_SIMPLE):
        if name in data or name == "name":
            _take(faults, values, name, data.get(name))
    values["content"] = _blocks(faults, data.get("content", []))
    values["questions"] = _questions(faults, data.get("questions", []))
    values["settings"] = _settings(faults, data.get("settings", {}))
    values["data"] = _data(faults, data.get("data", {}))
    if not faults:
        _surfaces(faults, values)
    return (None, faults) if faults else (ProjectPlan(**values), [])


def _surfaces(faults: list[Fault], values: Mapping[str, Any]) -> None:
    """A question about spans needs a text that is shown, one about boxes a picture."""
    blocks = read_blocks(values["content"])
    for place, one in enumerate(values["questions"]):
        try:
            with_columns([read_question(one)], blocks, values.get("text_column", "text"))
        except BadInput as error:
            faults.append(Fault("question", place, "on", error.message, error.hint))


def _take(faults: list[Fault], values: dict[str, Any], name: str, given: Any) -> None:
    try:
        values[name] = _read_simple(name, given)
    except BadInput as error:
        faults.append(Fault("", None, name, error.message, error.hint))


def _read_simple(name: str, given: Any) -> Any:
    if name == "name":
        return check_name(given)
    if name == "overlap":
        return check_overlap(given)
    if name in projects.LIMITS:
        return check_limit(name, given)
    if name == "order":
        if given not in get_args(TaskOrder):
            raise BadInput(f"Tasks come in the order fifo or random, not {str(given)[:40]!r}.")
        return given
    if name == "guideline":
        return check_guideline(given)
    return _short(
        given, name, MAX_COLUMN_LENGTH if name == "text_column" else 1_000, may_be_empty=name != "text_column"
    )


def _short(given: Any, name: str, longest: int, *, may_be_empty: bool) -> str:
    if not isinstance(given, str) or len(given) > longest or not (given.strip() or (may_be_empty and not given)):
        least = 0 if may_be_empty else 1
        raise BadInput(f"{name} is a text of {least} to {longest:,} characters, not {str(given)[:40]!r}.")
    return given


def _tables(faults: list[Fault], table: str, given: Any, most: int) -> list[tuple[int, JSON]]:
    """The tables of a list with their places; a fault for each that is none."""
    if not isinstance(given, Sequence) or isinstance(given, str):
        faults.append(Fault(table, None, "", f"Expected a list: [[{table}]] for each."))
        return []
    if len(given) > most:
        faults.append(Fault(table, None, "", f"{len(given)} are more than the {most} that a project may have."))
        return []
    for place, one in enumerate(given):
        if not isinstance(one, Mapping):
            faults.append(Fault(table, place, "", "Expected a table of fields."))
    return [(place, one) for place, one in enumerate(given) if isinstance(one, Mapping)]


def _blocks(faults: list[Fault], given: Any) -> tuple[JSON, ...]:
    found: list[JSON] = []
    for place, one in _tables(faults, "content", given, MAX_BLOCKS):
        before = len(faults)
        kind = one.get("kind", "text")
        if not isinstance(kind, str) or kind not in BLOCK_KINDS:
            message = f"There is no block kind {str(kind)[:60]!r}."
            faults.append(Fault("content", place, "kind", message, "Known: " + ", ".join(BLOCK_KINDS)))
        for name in one:
            if name not in ("kind", "column", "other", "title"):
                hint = "A block has kind, column, other and title."
                faults.append(Fault("content", place, str(name)[:60], "There is no such field.", hint))
        _block_texts(faults, place, one, kind)
        if len(faults) == before:
            found += [block_to_json(block) for block in read_blocks([one])]
    return tuple(found)


def _block_texts(faults: list[Fault], place: int, block: JSON, kind: Any) -> None:
    # A block of details without a column stands for all columns that no other block shows.
    needed = {"column": kind != "details", "other": kind == "diff", "title": False}
    for name, must in needed.items():
        longest = MAX_TITLE_LENGTH if name == "title" else MAX_COLUMN_LENGTH
        try:
            _short(block.get(name, ""), name, longest, may_be_empty=not must)
        except BadInput as error:
            faults.append(Fault("content", place, name, error.message))
    if kind != "diff" and block.get("other"):
        faults.append(Fault("content", place, "other", "Only a diff has a second column."))


def _questions(faults: list[Fault], given: Any) -> tuple[JSON, ...]:
    found = []
    tables = _tables(faults, "question", given, 100)
    for place, one in tables:
        try:
            found.append(plain_question(read_question(one)))
        except BadInput as error:
            faults.append(Fault("question", place, _field_of(one, error.message), error.message, error.hint))
            continue
        known = found[-1]
        for name in one:
            if name not in known:
                hint = "It has: " + ", ".join(known)
                faults.append(Fault("question", place, str(name)[:60], "This kind has no such field.", hint))
    if len(found) == len(tables) and not any(fault.table == "question" for fault in faults):
        try:
            read_questions(found)
        except BadInput as error:
            late = next((n for n, one in enumerate(found) if f"“{one['name']}” waits" in error.message), None)
            faults.append(Fault("question", late, "when" if late is not None else "", error.message, error.hint))
    return tuple(found)


def _field_of(question: JSON, message: str) -> str:
    """The field that a message is about: the first that it names, else the one its words point to."""
    if "question kind" in message:
        return "kind"
    told = message.split("”: ", 1)[-1]
    for name in sorted(question, key=lambda name: (name == "name", -len(str(name)))):
        if re.search(rf"\b{re.escape(str(name))}\b", told):
            return str(name)
    if "label" in told:
        return "labels"
    return "name" if "needs a name" in told else ""


def _settings(faults: list[Fault], given: Any) -> JSON:
    if not isinstance(given, Mapping):
        faults.append(Fault("settings", None, "", "Expected a table of settings."))
        return {}
    for name, one in given.items():
        try:
            read_settings({name: one})
        except BadInput as error:
            faults.append(Fault("settings", None, str(name)[:60], error.message, error.hint))
    return dict(given)


def _data(faults: list[Fault], given: Any) -> JSON:
    if not isinstance(given, Mapping):
        faults.append(Fault("data", None, "", "Expected a table that names a file."))
        return {}
    for name, one in given.items():
        if name not in DATA:
            faults.append(Fault("data", None, str(name)[:60], "There is no such field.", "Fields: " + ", ".join(DATA)))
        elif not isinstance(one, str) or not one or len(one) > 1_000 or "\0" in one:
            faults.append(Fault("data", None, name, f"{name} is a text, not {str(one)[:40]!r}."))
    return dict(given)


def plain_question(question: Question) -> dict[str, Any]:
    """A question as JSON itself would hold it: lists, not tuples, so that plans of equal questions are equal."""
    found = _lists(question_to_json(question))
    assert isinstance(found, dict)
    return found


def _lists(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _lists(part) for name, part in value.items()}
    return [_lists(part) for part in value] if isinstance(value, list | tuple) else value


def plan_json(plan: ProjectPlan) -> dict[str, Any]:
    """The JSON form that `check_plan` reads back."""
    told = {one.name: getattr(plan, one.name) for one in fields(plan)}
    return {
        **told, "questions": [dict(one) for one in plan.questions], "content": [dict(one) for one in plan.content],
        "settings": dict(plan.settings), "data": dict(plan.data),
    }  # fmt: skip


def plan_of(project: Project) -> ProjectPlan:
    """The plan that a project was, or could have been, made from; without its data."""
    return ProjectPlan(
        name=project.name,
        questions=tuple(plain_question(one) for one in project.questions),
        content=tuple(block_to_json(block) for block in project.content),
        text_column=project.text_column, guideline=project.guideline, overlap=project.overlap, order=project.order,
        lease_seconds=project.lease_seconds, max_leases=project.max_leases, skip_limit=project.skip_limit,
        settings=said(project.settings),
    )  # fmt: skip


def renamed(plan: ProjectPlan, name: str) -> ProjectPlan:
    """The same plan under another name."""
    return replace(plan, name=check_name(name))
