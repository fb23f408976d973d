"""What of a row a project works on: the columns that must be there, and what makes two rows the same. Reads no file."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from tawsim.core.errors import BadFile, BadInput
from tawsim.core.records import Project, Question
from tawsim.kinds.asks import narrowed, read_asks

# Blocks whose columns hold text; others may hold lists and objects.
TEXT_BLOCKS = frozenset({"text", "markdown", "diff", "image", "audio"})


def judged_columns(project: Project) -> tuple[str, ...]:
    """The columns that this project's content and questions name, in that order; of a plain project its text column."""
    named = [column for block in project.content for column in (block.column, block.other) if block.kind != "details"]
    for question in project.questions:
        named += [*getattr(question, "candidates", ()), question.on]
    return tuple(dict.fromkeys(column for column in named if column)) or (project.text_column,)


def _must_be_text(project: Project) -> frozenset[str]:
    """Columns that are drawn as text, or as the name of a file."""
    if not project.content and not any(getattr(one, "candidates", ()) for one in project.questions):
        structured = {one.on for one in project.questions if one.kind == "chat"}  # type: ignore[attr-defined]
        return frozenset({project.text_column} - structured)
    other = {block.column for block in project.content if block.kind not in TEXT_BLOCKS}
    shown = {column for block in project.content if block.kind in TEXT_BLOCKS for column in (block.column, block.other)}
    return frozenset(shown - other - {""})


class Judged:
    """Checks rows of one project, quickly: what is known of the project is looked up once."""

    def __init__(self, project: Project) -> None:
        self.columns = judged_columns(project)
        self.texts = _must_be_text(project)
        self.plain = self.columns == (project.text_column,)
        self.main = project.text_column
        self.questions, self.asks = project.questions, project.settings.asks
        drawn = (block for block in project.content if block.kind != "details")
        self.drawn = {column for block in drawn for column in (block.column, block.other)}
        self.needed, self.expected = self._wanted(project.questions)

    def _wanted(self, questions: Sequence[Question]) -> tuple[frozenset[str], frozenset[str]]:
        """The columns that must hold something, and those that must be there, of a row that is asked these questions. What a
        question works on must hold something; what is only read beside it, one of two candidates, and what goes before a
        conversation that is still to be held, may be empty."""
        worked_on = {question.on for question in questions if not getattr(question, "live", None)} - {""}
        compared = {column for question in questions for column in getattr(question, "candidates", ())}
        needed = frozenset(worked_on or ({self.main} if self.plain else set()))
        return needed, needed | compared | ({self.main} & self.drawn)

    def _asked(self, row: Mapping[str, Any], file: str, row_number: int) -> tuple[frozenset[str], frozenset[str], str]:
        """What is wanted of this row by what it asks, and its asks in their one form; "" where it asks everything."""
        if not self.asks:
            return self.needed, self.expected, ""
        try:
            asks = read_asks(self.questions, row.get(self.asks))
        except BadInput as error:
            raise BadFile(
                error.message, error.hint, file=file, row=row_number, column=self.asks, field=error.details.get("field")
            ) from None
        if asks is None:
            return self.needed, self.expected, ""
        return *self._wanted(narrowed(self.questions, asks)), json.dumps(asks, ensure_ascii=False)

    def text(self, row: Mapping[str, Any], *, file: str, row_number: int) -> str:
        """What tells this row from others: its text, or all columns that are judged as JSON; and what it asks, if not all.

        Raises BadFile where a column is missing that a question needs, or is empty, or not text where text is drawn, where
        nothing that is shown holds anything, or where the row asks what the project does not.
        """
        needed, expected, asks = self._asked(row, file, row_number)
        anything = False
        for column in self.columns:
            value = row.get(column)
            if column not in row and column in expected:
                raise _missing(row, column, self.main, file, row_number)
            if column in self.texts and not isinstance(value, str) and (value is not None or column in needed):
                raise BadFile(f"expected text, found {type(value).__name__}.", file=file, row=row_number, column=column)
            empty = value is None or value in ("", [], {}) or (isinstance(value, str) and not value.strip())
            if empty and column in needed:
                raise BadFile(
                    "the text is empty." if column in self.texts else "there is nothing in it.",
                    "Fill it or remove the row.", file=file, row=row_number, column=column,
                )  # fmt: skip
            anything = anything or not empty
        if not anything:
            raise BadFile(
                "all that would be shown of it is empty.", "Fill it or remove the row.", file=file, row=row_number,
                column=self.columns[0],
            )  # fmt: skip
        if self.plain and isinstance(row[self.main], str):
            return str(row[self.main]) + asks
        try:
            return json.dumps([row.get(column) for column in self.columns], ensure_ascii=False, sort_keys=True) + asks
        except (TypeError, ValueError, RecursionError) as error:
            raise BadFile("it holds a value that cannot be stored.", str(error), file=file, row=row_number) from None


def _missing(row: Mapping[str, Any], column: str, main: str, file: str, row_number: int) -> BadFile:
    found = ", ".join(str(name) for name in list(row)[:12])
    hint = (
        f"The texts of this project stand in the column “{column}”: call yours so."
        if column == main
        else f"The questions of this project need the column “{column}”: call yours so."
    )
    return BadFile(f"there is no such column; found: {found}.", hint, file=file, row=row_number, column=column)
