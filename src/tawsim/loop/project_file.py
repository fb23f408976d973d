"""`tawsim.toml`: a project as a file that a person can write, keep in git and read. Reading, writing, and of a project.

What a plan is and what is wrong with one stands in project_plan.py; docs/reference/project_file.md is the page.
"""

import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tawsim.core.errors import BadFile, BadInput
from tawsim.core.text import for_terminal
from tawsim.kinds import read_question
from tawsim.labelling.slots import project_row
from tawsim.loop import toml_text
from tawsim.loop.project_plan import Fault, ProjectPlan, check_plan, plain_question, plan_of
from tawsim.store import rows
from tawsim.store.database import Database

MAX_FILE = 4_000_000
DEFAULTS = ProjectPlan(name="", questions=())
_SETTINGS = ("overlap", "order", "text_column", "lease_seconds", "max_leases", "skip_limit")
_HEADER = re.compile(r"\s*\[\[?\s*([A-Za-z_]+)")


def read_project_file(path: Path) -> ProjectPlan:
    """The plan of a project file, with the text of its guideline. Raises `BadFile` with file, line, table and field."""
    name = for_terminal(path.name)
    text = _text(path, name)
    plan = parse_project_file(text, name)
    if plan.guideline_file:
        plan = _with_guideline(plan, path, name, text)
    return plan


def _text(path: Path, name: str) -> str:
    try:
        data = path.read_bytes() if path.stat().st_size <= MAX_FILE else None
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise BadFile(f"it cannot be read: {why}.", file=name) from None
    if data is None:
        raise BadFile(f"it is over {MAX_FILE // 10**6} MB.", "Is it a project file?", file=name)
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise BadFile("it is not UTF-8 text.", "Save it as UTF-8.", file=name) from None


def parse_project_file(text: str, name: str = "tawsim.toml") -> ProjectPlan:
    """The plan that a text holds; `guideline_file` is not followed. Raises `BadFile`."""
    return plan_of_tables(parse_toml(text, name), text, name)


def parse_toml(text: str, name: str) -> dict[str, Any]:
    """The tables of a TOML text. Raises `BadFile` with the line."""
    try:
        return tomllib.loads(text.replace("\r\n", "\n"))
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        found = re.search(r"\(at line (\d+), column (\d+)\)", str(error))
        line = int(found[1]) if found else None
        why = re.sub(r" \(at .*\)$", "", str(error)) or "it is nested too deeply"
        at = f"line {line}, column {found[2]}: " if found else ""
        raise BadFile(
            f"{at}no valid TOML: {why[:1].lower()}{why[1:]}.", "Mend this line.", file=name, line=line
        ) from None


def plan_of_tables(tables: Mapping[str, Any], text: str, name: str) -> ProjectPlan:
    """The plan of parsed tables; `text` is searched for the line of a fault. Raises `BadFile` for the first of them."""
    data = {key: value for key, value in tables.items() if key not in ("question", "questions")}
    if "questions" in tables:
        fault = Fault("questions", None, "", "There is no such table.", "Write [[question]] for each question.")
        raise bad_file(fault, text, name)
    if "guideline" in tables and "guideline_file" in tables:
        fault = Fault("", None, "guideline_file", "The guideline stands here and in a file.", "Leave one of them out.")
        raise bad_file(fault, text, name)
    plan, faults = check_plan({**data, "questions": tables.get("question", [])})
    if plan is None:
        raise bad_file(faults[0], text, name, len(faults) - 1)
    return plan


def bad_file(fault: Fault, text: str, name: str, more: int = 0) -> BadFile:
    """The error that tells where in the file a fault is."""
    line = line_of(text, fault)
    at = ", ".join(part for part in (f"line {line}" if line else "", fault.where) if part)
    rest = f" {more} more {'fault follows' if more == 1 else 'faults follow'}." if more else ""
    return BadFile(
        f"{at}: {fault.message}" if at else fault.message, (fault.hint + rest).strip(), file=name, line=line,
        table=fault.table, place=fault.place, field=fault.field,
    )  # fmt: skip


def line_of(text: str, fault: Fault) -> int | None:
    """The line, from 1, of the field of a fault; of its table where the field does not stand; None if neither does."""
    table_line, inside, count = (1 if not fault.table else None), not fault.table, -1
    field = re.compile(rf"\s*[\"']?{re.escape(fault.field)}[\"']?\s*=") if fault.field else None
    for number, line in _lines(text):
        header = _HEADER.match(line)
        if header:
            if header[1] == fault.table:
                count += 1
            inside = header[1] == fault.table and count == (fault.place or 0)
            if inside:
                table_line = number
        elif inside and field and field.match(line):
            return number
    return table_line


def _lines(text: str) -> Iterator[tuple[int, str]]:
    """The lines that are not inside a text of several lines, with their numbers."""
    closing = ""
    for number, line in enumerate(text.split("\n"), 1):
        if not closing:
            yield number, line
        for mark in re.findall(r"\"\"\"|'''", line):
            if not closing:
                closing = mark
            elif closing == mark:
                closing = ""


def _with_guideline(plan: ProjectPlan, path: Path, name: str, text: str) -> ProjectPlan:
    from dataclasses import replace

    from tawsim.labelling.projects import check_guideline

    target = path.parent / plan.guideline_file
    try:
        return replace(plan, guideline=check_guideline(target.read_text(encoding="utf-8-sig")))
    except OSError as error:
        message = f"the guideline {target.name} cannot be read: {error.strerror}."
    except UnicodeDecodeError:
        message = f"the guideline {target.name} is not UTF-8 text."
    except BadInput as error:
        message = error.message
    raise bad_file(Fault("", None, "guideline_file", message), text, name)


def write_project_file(plan: ProjectPlan, *, head: str = "") -> str:
    """The text of a project file that reads back as just this plan. What is the default is left out.

    `head`: lines that stand above as comments. With a `guideline_file`, the guideline's text is not in the file.
    """
    lines = [f"# {line}".rstrip() for line in head.splitlines()]
    lines += ["" for _ in lines[:1]]
    lines += toml_text.entry("name", plan.name)
    for name in _SETTINGS:
        if getattr(plan, name) != getattr(DEFAULTS, name):
            lines += toml_text.entry(name, getattr(plan, name))
    if plan.guideline_file:
        lines += toml_text.entry("guideline_file", plan.guideline_file)
    elif plan.guideline:
        lines += [
            "",
            "# How to decide, in Markdown, with worked examples.",
            *toml_text.entry("guideline", plan.guideline),
        ]
    if plan.data:
        lines += ["", "# Where the rows are; names are relative to this file.", "[data]", *_table(plan.data)]
    if plan.settings:
        lines += _settings(plan.settings)
    lines += _tables("content", "What is shown of each row, from the top.", [_block(one) for one in plan.content])
    lines += _tables("question", "What is asked, in this order.", [short_question(one) for one in plan.questions])
    return "\n".join(lines) + "\n"


def _settings(settings: Mapping[str, Any]) -> list[str]:
    """[settings], and one table for each part that has names of its own."""
    parts = {name: value for name, value in settings.items() if isinstance(value, Mapping)}
    plain = {name: value for name, value in settings.items() if name not in parts}
    lines = ["", "[settings]", *_table(plain)] if plain else []
    for name, value in parts.items():
        lines += ["", f"[settings.{name}]", *_table(value)]
    return lines


def _tables(name: str, comment: str, tables: list[dict[str, Any]]) -> list[str]:
    lines = ["", f"# {comment}"] if tables else []
    for place, one in enumerate(tables):
        lines += ["" for _ in range(place > 0)]
        lines += [f"[[{name}]]", *_table(one)]
    return lines


def _table(table: Mapping[str, Any]) -> list[str]:
    return [line for name, value in table.items() for line in toml_text.entry(name, value)]


def _block(block: Mapping[str, Any]) -> dict[str, Any]:
    return {name: block[name] for name in ("kind", "column", "other", "title") if block.get(name)}


def short_question(question: Mapping[str, Any]) -> dict[str, Any]:
    """The question without what is the default: each field is left out if it reads back as the same question."""
    whole = plain_question(read_question(question))
    first = ("kind", "name", "title")
    kept: dict[str, Any] = {name: whole[name] for name in (*first, *whole) if name in whole}
    for name in list(kept):
        if name not in ("kind", "name"):
            rest = {other: value for other, value in kept.items() if other != name}
            if _same(rest, whole):
                kept = rest
    return {name: _shorter(kept, name, value, whole) for name, value in kept.items()}


def _same(question: Mapping[str, Any], whole: Mapping[str, Any]) -> bool:
    try:
        return plain_question(read_question(question)) == whole
    except BadInput:
        return False


def _shorter(question: Mapping[str, Any], name: str, value: Any, whole: Mapping[str, Any]) -> Any:
    """A list of tables, or a table, without the fields that are the default there."""
    if isinstance(value, Mapping):
        kept = dict(value)
        for part in list(kept):
            rest = {other: one for other, one in kept.items() if other != part}
            if rest and _same({**question, name: rest}, whole):
                kept = rest
        return kept
    if isinstance(value, list | tuple) and value and all(isinstance(one, Mapping) for one in value):
        shorter = [dict(one) for one in value]
        for one in shorter:
            for part in list(one):
                held = one.pop(part)
                if not one or not _same({**question, name: shorter}, whole):
                    one[part] = held
        # Popping and putting back changes the order of fields; the question's own order is kept.
        return [{part: one[part] for part in full if part in one} for full, one in zip(value, shorter, strict=True)]
    return value


def plan_of_project(db: Database, project_id: str) -> ProjectPlan:
    """The plan of a project that exists, without its data. Raises NotFound."""
    with db.read() as tx:
        return plan_of(rows.project(project_row(tx, project_id)))
