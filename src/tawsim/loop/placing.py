"""Where each row of an import goes: its lane, its due date, and whether its answer is known. The rule is the project's
`[settings.routing]`, which names columns of the rows; the column of known answers is named by whoever imports.

Known answers never stand in what a worker is shown: their columns are taken out of every row of that import.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from typing import Any

from tawsim.core.clock import SECOND
from tawsim.core.errors import BadFile, BadInput
from tawsim.core.records import Project
from tawsim.core.settings import Routing
from tawsim.intake.suggestions import read_answer
from tawsim.kinds.answers import parsed
from tawsim.labelling.gold import Known, KnownPurpose, new_gold_rows, read_known
from tawsim.labelling.lanes import ANYBODY, EVERYBODY, Requirement, check_priority, lane_of, read_requirement
from tawsim.labelling.presenting import questions_of
from tawsim.labelling.tagging import END_OF_DAY
from tawsim.store.database import Database, Transaction

LISTS = {"language": "languages", "dialect": "dialects", "skill": "skills", "group": "groups"}
SEPARATORS = (",", "،", ";", "؛", "|")


@dataclass(frozen=True, slots=True)
class KnownColumns:
    """Which columns tell the known answer and its explanation, and what such tasks are for."""

    answer: str
    explanation: str = ""
    purpose: KnownPurpose = "gold"


class Placing:
    """The rule of one import. `read` is asked for each row outside the writer, `store` in the transaction that adds them."""

    def __init__(self, db: Database, project: Project, known: KnownColumns | None, actor_id: str) -> None:
        self.project, self.known, self.actor_id = project, known, actor_id
        self.rule = {name: column for name, column in asdict(project.settings.routing).items() if column}
        self.hidden = {known.answer, known.explanation} - {""} if known is not None else set()
        self.workers: dict[str, str] = {}
        if "worker" in self.rule:
            with db.read() as tx:
                self.workers = {row["name"]: row["id"] for row in tx.all("worker_list")}

    def read(self, row: Mapping[str, Any], file: str, number: int) -> tuple[Mapping[str, Any], dict[str, Any]]:
        """The row as it is stored, and what is known of its place. Raises BadFile that names row and column."""
        column = ""
        try:
            placed: dict[str, Any] = {"priority": 0, "due_at": None, "requirement": self._requirement(row)}
            if column := self.rule.get("priority", ""):
                placed["priority"] = _priority(row.get(column))
            if column := self.rule.get("due", ""):
                placed["due_at"] = _due(row.get(column))
            column = self.known.answer if self.known is not None else ""
            shown = {name: value for name, value in row.items() if name not in self.hidden} if self.hidden else row
            placed["known"] = self._known(row, shown)
        except BadInput as error:
            raise BadFile(error.message, error.hint, file=file, row=number, column=column or None) from None
        return shown, placed

    def _requirement(self, row: Mapping[str, Any]) -> Requirement:
        given = {field: _several(row.get(self.rule[name])) for name, field in LISTS.items() if name in self.rule}
        names = _several(row.get(self.rule["worker"])) if "worker" in self.rule else []
        for name in names:
            if name not in self.workers:
                raise BadInput(f"There is nobody called {name[:60]!r} in this workspace.", "Invite them first.")
        if names:
            return read_requirement({"workers": [self.workers[name] for name in names]})
        return read_requirement(given) if any(given.values()) else ANYBODY

    def _known(self, row: Mapping[str, Any], shown: Mapping[str, Any]) -> Known | None:
        if self.known is None:
            return None
        explanation = row.get(self.known.explanation) if self.known.explanation else ""
        cell = row.get(self.known.answer)
        return read_known_cell(self.project, shown, cell, str(explanation or ""), self.known.purpose)

    def store(self, tx: Transaction, tasks: Sequence[dict[str, Any]]) -> None:
        """Give each task its lane and purpose, before it is inserted."""
        lanes: dict[tuple[Requirement, int], str] = {}
        for task in tasks:
            at = (task["requirement"], task["priority"])
            if at not in lanes:
                plain = at == (ANYBODY, 0)
                lanes[at] = EVERYBODY if plain else lane_of(tx, self.project.id, *at)
            known = task["known"]
            task["lane_id"] = lanes[at]
            task["purpose"] = "work" if known is None else known.purpose
            task["is_open"] = int(known is None)
            task["batch_id"] = None

    def stored(self, tx: Transaction, tasks: Sequence[Mapping[str, Any]]) -> None:
        """Keep what is known, after the tasks are there."""
        new_gold_rows(tx, self.project.id, self.actor_id, [task for task in tasks if task["known"] is not None])


def read_known_cell(
    project: Project, shown: Mapping[str, Any], cell: Any, explanation: str, purpose: KnownPurpose
) -> Known | None:
    """The known answer that a cell holds: the answer to the first question, or an object of answers by question. None where
    the cell is empty. Raises BadInput, BadAnswer."""
    given = parsed(cell)
    if given is None or given == "":
        return None
    questions = questions_of(project, shown)
    by_question = isinstance(given, Mapping) and set(given) <= {one.name for one in questions}
    answers = dict(given) if by_question else {questions[0].name: given}
    clean = {one.name: read_answer(one, answers[one.name], shown) for one in questions if one.name in answers}
    return read_known(questions, shown, Known(clean, explanation, purpose))


def placing_of(db: Database, project: Project, known: KnownColumns | None, actor_id: str) -> Placing | None:
    """None where every row goes into everybody's lane."""
    if known is None and project.settings.routing == Routing():
        return None
    return Placing(db, project, known, actor_id)


def _several(value: Any) -> list[str]:
    """A list, or a text with commas, as texts."""
    if value is None or value == "":
        return []
    if not isinstance(value, str | list | tuple):
        raise BadInput(f"expected a text or a list of texts, not {str(value)[:40]!r}.")
    if isinstance(value, str):
        for separator in SEPARATORS[1:]:
            value = value.replace(separator, SEPARATORS[0])
        value = value.split(SEPARATORS[0])
    return [str(one).strip() for one in value if str(one).strip()]


def _priority(value: Any) -> int:
    if value is None or value == "":
        return 0
    if isinstance(value, str) and value.strip().lstrip("-+").isascii() and value.strip().lstrip("-+").isdigit():
        value = int(value)
    return check_priority(int(value) if isinstance(value, float) and value.is_integer() else value)


def _due(value: Any) -> int | None:
    """Microseconds since 1970, of an ISO date (its end) or time (UTC where it names no zone) or of such a number."""
    if value is None or value == "":
        return None
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 1 << 62:
        return value
    text = str(value).strip()
    try:
        found = datetime.combine(date.fromisoformat(text), END_OF_DAY)
    except ValueError:
        found = None
    try:
        found = found or datetime.fromisoformat(text)
    except ValueError:
        raise BadInput(f"{str(value)[:40]!r} is no date.", "Dates as 2026-11-30 or 2026-11-30T12:00Z.") from None
    return int((found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp() * SECOND)
