"""A waiting task of the Scale-compatible API → what is added to its project: questions, content, row, asks, known answer, lane.

What a task asks is worked out in tawsim/scale/; here that is joined with the project, and written. When is placing.py's.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from tawsim.core.records import Project
from tawsim.kinds import question_to_json
from tawsim.kinds.content import block_to_json
from tawsim.labelling.gold import Known
from tawsim.labelling.lanes import PRIORITIES
from tawsim.labelling.projects import update_project
from tawsim.labelling.schemas import change_schema, read_change
from tawsim.labelling.slots import project_row
from tawsim.loop.adding_now import NewTask, add_now
from tawsim.loop.scale.attachments import Wanted
from tawsim.loop.scale.projects import ASKS, questions_now
from tawsim.loop.scale.tasks import effective
from tawsim.loop.scale.world import World
from tawsim.scale.asking import Work, work_of
from tawsim.scale.form import NOTHING
from tawsim.scale.merging import Merged, merged_all, merged_content, renamed
from tawsim.scale.responding import answers_of
from tawsim.store import rows
from tawsim.store.database import Row, Transaction
from tawsim.store.rows import to_json

SOURCE = "hypothesis"  # who predicted what came along with a task
USUAL = 30  # the priority of whoever names none: tasks say 10, 20 or 30
WORDS = {"low": 10, "medium": 20, "high": USUAL}


@dataclass(frozen=True, slots=True)
class Prepared:
    """A task as it will be placed. `needs`: what is to be fetched, and the column of the row that it comes to stand in."""

    row: Row
    work: Work
    needs: tuple[tuple[Wanted, str], ...]
    known: dict[str, Any] | None

    @property
    def task_id(self) -> str:
        """The id that the task has here and there."""
        return str(self.row["task_id"])

    @property
    def wanted(self) -> tuple[Wanted, ...]:
        """What is to be fetched."""
        return tuple(one for one, _ in self.needs)

    def with_fetched(self, texts: Mapping[Wanted, str]) -> "Prepared":
        """With the names of its media, and the texts themselves, in their columns."""
        found = {column: texts[one] if one.kind == "text" else one.name for one, column in self.needs}
        return replace(self, work=replace(self.work, row=self.work.row | found))


def prepare(tx: Transaction, row: Row) -> Prepared | None:
    """What a waiting task asks; None where no screen shows it yet. Raises BadInput."""
    params, instruction = effective(tx, row)
    work = work_of(row["type"], params, row["instruction"])  # the project's own stands in its guideline
    if work is not None and not work.attachments and not any(work.row.values()):
        # "Write me a sentence": there is no more to a task than what its project says, and a row must show something.
        work = work_of(row["type"], params, instruction.strip() or NOTHING)
    if work is None:
        return None
    needs = tuple((Wanted(row["project_id"], one.url, one.kind), one.column) for one in work.attachments)
    known = None
    if row["purpose"] != "work":
        known = answers_of(row["type"], params, json.loads(row["expected"]))
        if row["initial"] is not None:  # what a reviewer is tested on: it stands there, and is to be put right
            work = replace(work, suggestions=answers_of(row["type"], params, json.loads(row["initial"])))
    return Prepared(row, work, needs, known)


def add_all(tx: Transaction, world: World, project_id: str, given: Sequence[Prepared]) -> None:
    """Widen the project once, and add those of the tasks that still wait. Raises AlreadyRunning while an import is under way,
    BadInput and Conflict where one of them cannot be added."""
    tasks = [one for one in given if tx.one("scale_may_place", task_id=one.task_id) is not None]
    if not tasks:
        return
    project = rows.project(project_row(tx, project_id))
    before = [question_to_json(one) for one in questions_now(project)]
    merges = merged_all(before, [one.work.questions for one in tasks])
    project = _widened(tx, world, project, merges[-1], tasks)
    project = _switched_on(tx, world, project, tasks)
    new = [_new_task(project, one, merge) for one, merge in zip(tasks, merges, strict=True)]
    add_now(tx, project, new, actor_id=world.actor_id)
    for one, merge in zip(tasks, merges, strict=True):
        for question, answer in renamed(one.work.suggestions, merge.names).items():
            tx.run(
                "suggestion_put", task_id=one.task_id, question=question, source=SOURCE, answer=to_json(answer), p=None,
                created_at=tx.now,
            )  # fmt: skip
        tx.run("scale_set_placed", task_id=one.task_id)


def _widened(tx: Transaction, world: World, project: Project, last: Merged, tasks: Sequence[Prepared]) -> Project:
    """The project with the questions and the content of all these tasks: one change for all of them."""
    content: tuple[Mapping[str, Any], ...] = tuple(block_to_json(one) for one in project.content)
    for one in tasks:
        content = merged_content(content, one.work.content)
    if not last.grew and len(content) == len(project.content):
        return project
    change = read_change(project, list(last.questions), list(content), None)
    if change.is_nothing(project):
        return project
    return change_schema(tx, world.actor_id, project, project.version, change)


def _switched_on(tx: Transaction, world: World, project: Project, tasks: Sequence[Prepared]) -> Project:
    """With the settings that these tasks speak of by coming: pre-labels are to be seen, evaluation tasks to be mixed in."""
    wanted: dict[str, Any] = {}
    if not project.settings.suggestions and any(one.work.suggestions for one in tasks):
        wanted["suggestions"] = True
    if not project.settings.gold.on and any(one.row["purpose"] == "gold" for one in tasks):
        wanted["gold"] = {"on": True}
    if not wanted:
        return project
    return update_project(tx, world.actor_id, project.id, project.version, {"settings": wanted})


def _new_task(project: Project, one: Prepared, merge: Merged) -> NewTask:
    purpose = one.row["purpose"]
    known = None if one.known is None else Known(renamed(one.known, merge.names), "", purpose)
    # A task of pictures in a project of texts: the column of texts must be there, and may be empty.
    content = {project.text_column: ""} | one.work.row | {project.settings.asks or ASKS: merge.asks}
    return NewTask(
        one.task_id, content, batch_id=one.row["batch_id"],
        priority=_priority(one.row["priority"]), purpose=purpose, known=known,
    )  # fmt: skip


def _priority(text: str | None) -> int:
    """The lane's priority: 0 for the usual one, below it for less."""
    given = None if text is None else json.loads(text)
    number = WORDS.get(given.lower(), USUAL) if isinstance(given, str) else USUAL if given is None else int(given)
    low, high = PRIORITIES
    return min(max(number - USUAL, low), high)
