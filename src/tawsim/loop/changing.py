"""Changing what a running project asks and shows: what it does to the answers there are, told before it is done; then done.

The answers are gone through a page of tasks at a time, so that memory stays flat and nobody who labels has to wait. What
fits is decided in labelling/schemas.py.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from tawsim.core.errors import BadInput, Conflict
from tawsim.core.records import Project, Question
from tawsim.kinds import kind_of
from tawsim.labelling import schemas
from tawsim.labelling.owners import reopen
from tawsim.labelling.schemas import Carried, Carrier, Change, carrier_of, change_schema, ends_leases, read_change
from tawsim.labelling.slots import project_row
from tawsim.loop.asking import asked_names
from tawsim.loop.exporting import content_columns
from tawsim.loop.views import project_json
from tawsim.store import rows
from tawsim.store.database import Database, Row, Transaction

PAGE = 2_000
AT_ONCE = 100  # tasks reopened in one transaction
EXAMPLES = 5
LONGEST_EXAMPLE = 200
MOST_REASONS = 40  # of one question; further ones are counted together
REMEMBERED = 50_000
ON_MISFITS = ("refuse", "keep", "reopen")


@dataclass(slots=True)
class Reason:
    """Answers that stop fitting for one reason. `code` and `what` as in schemas.Misfit; `examples`: [{seq, answer}]."""

    code: str
    what: str
    answers: int = 0
    examples: list[dict[str, Any]] = field(default_factory=list)


@dataclass(slots=True)
class Effect:
    """What a change does to one question. `state`: same, changed, new or gone. Of its answers, `kept` go on fitting,
    `renamed` of them under a new name; `back` fit again; `out` did not fit before either. `missing`: answers that are not
    there and will be required. `tasks` lose an answer, so that their truth changes; `bare` of them lose all."""

    question: str
    state: str
    kept: int = 0
    renamed: int = 0
    back: int = 0
    out: int = 0
    misfits: int = 0
    missing: int = 0
    tasks: int = 0
    bare: int = 0
    reasons: list[Reason] = field(default_factory=list)


@dataclass(slots=True)
class Preview:
    """What a change would do. `misfits` and `misfit_tasks` count answers and tasks with anything that stops fitting;
    `missing_tasks` those with an answer that will be required and is not there; `reopens` and `reopens_missing` what
    reopening would take, earlier misfits among them. `under_way`: live leases, their workers, and whether the change ends
    them. `columns`: those newly shown or asked about, and how many rows lack each."""

    project: Project
    change: Change
    nothing: bool
    answers: int = 0
    tasks: int = 0
    misfits: int = 0
    misfit_tasks: int = 0
    missing_tasks: int = 0
    reopens: int = 0
    reopens_missing: int = 0
    effects: list[Effect] = field(default_factory=list)
    under_way: dict[str, Any] = field(default_factory=dict)
    columns: list[dict[str, Any]] = field(default_factory=list)
    revision: int = 0

    def to_json(self) -> dict[str, Any]:
        """As HTTP sends it; `seen_version` is what a change that rests on it names."""
        names = (
            "nothing", "answers", "tasks", "misfits", "misfit_tasks", "missing_tasks", "reopens", "reopens_missing",
            "under_way", "columns",
        )  # fmt: skip
        told = {name: getattr(self, name) for name in names}
        return {"seen_version": self.project.version, **told, "questions": [asdict(one) for one in self.effects]}


@dataclass(frozen=True, slots=True)
class Changed:
    """A change that was made, and how many tasks were reopened for it."""

    project: Project
    preview: Preview
    reopened: int

    def to_json(self) -> dict[str, Any]:
        """As HTTP sends it."""
        return {"project": project_json(self.project), "reopened": self.reopened, "preview": self.preview.to_json()}


def preview_change(
    db: Database, project_id: str, questions: Any = None, content: Any = None, renamed: Any = None
) -> Preview:
    """What a change would do; nothing is changed. None leaves questions or content as they are. Raises BadInput, NotFound."""
    with db.read() as tx:
        project = rows.project(project_row(tx, project_id))
        change = read_change(project, questions, content, renamed)
        now, after = carrier_of(tx, project), carrier_of(tx, project, change)
        counts = tx.one("project_count_get", project_id=project_id)
        assert counts is not None
        leases = tx.all("lease_live_of_project", project_id=project_id)
    found = Preview(project, change, change.is_nothing(project), revision=int(counts["revision"]))
    found.under_way = {
        "leases": len(leases), "workers": len({one["worker_id"] for one in leases}),
        "ends": ends_leases(project, change),
    }  # fmt: skip
    tally = _Tally(found, now, after)
    for page, asked in _pages(db, schemas.after(project, change), int(counts["visible_seq"])):
        for row in page:
            tally.add(row, None if asked is None else asked[row["seq"]])
    tally.end_task()
    found.columns = _lacking(db, project, change)
    return found


def change_project_schema(
    db: Database,
    actor_id: str,
    project_id: str,
    seen_version: int,
    *,
    questions: Any = None,
    content: Any = None,
    renamed: Any = None,
    on_misfits: str = "refuse",
    reopen_missing: bool = False,
) -> Changed:
    """Change what a project asks and shows. `on_misfits`: refuse (nothing is changed if an answer would stop fitting), keep
    (they stay in the history and the votes, and out of the truth) or reopen (their tasks get a new round); with
    `reopen_missing` tasks without an answer that is now required do too. The same again finishes what was cut off.

    Raises Conflict with the preview in its details, VersionConflict, BadInput, NotFound.
    """
    if on_misfits not in ON_MISFITS:
        raise BadInput(f"on_misfits is {', '.join(ON_MISFITS)}, not {str(on_misfits)[:20]!r}.")
    preview = preview_change(db, project_id, questions, content, renamed)
    if on_misfits == "refuse" and preview.misfits:
        raise _refused(preview)
    project = preview.project
    if not preview.nothing:
        project = db.write(lambda tx: _write(tx, actor_id, preview, seen_version, refuse=on_misfits == "refuse"))
    misfits = on_misfits == "reopen"
    reopened = _reopen(db, actor_id, project, misfits, reopen_missing) if misfits or reopen_missing else 0
    return Changed(project, preview, reopened)


def _refused(preview: Preview) -> Conflict:
    n = preview.misfits
    return Conflict(
        f"{n:,} {'answer' if n == 1 else 'answers'} would no longer fit, so nothing was changed.",
        "Say what becomes of them: keep them out of the truth, or reopen their tasks.", preview=preview.to_json(),
    )  # fmt: skip


def _write(tx: Transaction, actor_id: str, preview: Preview, seen_version: int, *, refuse: bool) -> Project:
    """The change itself. What was answered since the preview is looked at here, where nothing can come in between."""
    project, change = preview.project, preview.change
    if refuse:
        now, after = carrier_of(tx, project), carrier_of(tx, project, change)
        counts = tx.one("project_count_get", project_id=project.id)
        assert counts is not None
        late = tx.stream(
            "truth_changed_answers", project_id=project.id, seen=preview.revision, until=counts["revision"] + 1,
            visible_seq=counts["visible_seq"],
        )  # fmt: skip
        for row in late:
            answers = json.loads(row["answers"])
            was, will = (one.carry(row["schema_version"], answers) for one in (now, after))
            if will.misfits.keys() - was.misfits.keys():
                raise Conflict("Answers came in meanwhile that would no longer fit.", "Look at the effects again.")
    return change_schema(tx, actor_id, project, seen_version, change)


def _pages(
    db: Database, project: Project, last: int
) -> Iterator[tuple[list[Row], Mapping[int, frozenset[str]] | None]]:
    """The accepted answers of the current rounds in the order of tasks, a short read at a time, and what this project asks of
    each task (None: everything)."""
    for after in range(0, last, PAGE):
        until = min(after + PAGE, last)
        with db.read() as tx:
            asked = asked_names(tx, project, after, until)
            yield tx.all("schema_answers", project_id=project.id, after=after, until=until), asked


def _missing(found: Carried, asked: frozenset[str] | None) -> set[str]:
    """What is missing of an answer to a task that is asked these questions."""
    return set(found.missing) if asked is None else {name for name in found.missing if name in asked}


class _Tally:
    """Counts answers, in the order of their tasks, into a preview."""

    def __init__(self, preview: Preview, now: Carrier, after: Carrier) -> None:
        self._preview, self._now, self._after = preview, now, after
        self._effects = {one.question: one for one in _effects(preview.project, preview.change)}
        preview.effects = list(self._effects.values())
        self._reasons: dict[tuple[str, str, str], Reason] = {}
        self._seen: dict[tuple[int, str], tuple[Carried, Carried, frozenset[str]]] = {}
        self._task = 0
        self._begin()

    def _begin(self) -> None:
        """Of one task: questions that lose an answer, that keep one; whether any stops fitting, does not fit, is missing."""
        self._lost: set[str] = set()
        self._left: set[str] = set()
        self._stops = self._lacks = self._out = self._incomplete = False

    def add(self, row: Row, asked: frozenset[str] | None) -> None:
        """One answer of one worker to a task that is asked these questions after the change."""
        if row["seq"] != self._task:
            self.end_task()
            self._task = row["seq"]
            self._preview.tasks += 1
        was, will, renamed = self._judged(row["schema_version"], row["answers"])
        self._preview.answers += 1
        stops = will.misfits.keys() - was.misfits.keys()
        self._preview.misfits += bool(stops)
        self._stops |= bool(stops)
        self._out |= will.to_redo
        missing = _missing(will, asked)
        self._lacks |= bool(missing - set(was.missing))
        self._incomplete |= bool(missing)
        for name in will.answers:
            effect = self._effects[name]
            effect.kept += 1
            effect.renamed += name in renamed
            effect.back += name in was.misfits
            self._left.add(name)
        for name in missing - set(was.missing):
            self._effects[name].missing += 1
        for name, misfit in will.misfits.items():
            if name not in self._effects:
                continue  # gone already
            if name in stops:
                self._lost.add(name)
                self._stopped(self._effects[name], misfit.code, misfit.what, row)
            else:
                self._effects[name].out += 1

    def _judged(self, version: int, text: str) -> tuple[Carried, Carried, frozenset[str]]:
        """How it is read now, how it would be, and which of its questions have other names of labels then."""
        found = self._seen.get((version, text))
        if found is None:
            answers = json.loads(text)
            was, will = self._now.carry(version, answers), self._after.carry(version, answers)
            before, later = self._now.renamed(version, answers), self._after.renamed(version, answers)
            found = was, will, frozenset(name for name in will.answers if later.get(name) != before.get(name))
            if len(self._seen) >= REMEMBERED:
                self._seen.clear()
            self._seen[version, text] = found
        return found

    def _stopped(self, effect: Effect, code: str, what: str, row: Row) -> None:
        effect.misfits += 1
        reason = self._reasons.get((effect.question, code, what))
        if reason is None:
            if len(effect.reasons) >= MOST_REASONS:
                code, what = "others", ""
            reason = self._reasons.get((effect.question, code, what))
            if reason is None:
                reason = self._reasons[effect.question, code, what] = Reason(code, what)
                effect.reasons.append(reason)
        reason.answers += 1
        if len(reason.examples) < EXAMPLES:
            answer = json.loads(row["answers"]).get(effect.question)
            shown = answer if isinstance(answer, str) else json.dumps(answer, ensure_ascii=False)
            reason.examples.append({"seq": row["seq"], "answer": shown[:LONGEST_EXAMPLE]})

    def end_task(self) -> None:
        """Count the task whose answers were added."""
        found = self._preview
        for name in self._lost:
            self._effects[name].tasks += 1
            self._effects[name].bare += name not in self._left
        found.misfit_tasks += self._stops
        found.missing_tasks += self._lacks
        found.reopens += self._out
        found.reopens_missing += self._incomplete and not self._out
        self._begin()


def _effects(project: Project, change: Change) -> Iterator[Effect]:
    """One for each question before and after, the present order first."""
    before = {one.name: one for one in project.questions}
    after = {one.name: one for one in change.questions}
    for name, question in after.items():
        old: Question | None = before.get(name)
        yield Effect(name, "new" if old is None else "same" if old == question else "changed")
    yield from (Effect(name, "gone") for name in before if name not in after)


def _named(change: Change | Project) -> dict[str, None]:
    """The columns that blocks and questions name, in order."""
    named = [column for block in change.content for column in (block.column, block.other)]
    for one in change.questions:
        named += [one.on, *kind_of(one).columns(one)]
    return dict.fromkeys(column for column in named if column)


def _lacking(db: Database, project: Project, change: Change) -> list[dict[str, Any]]:
    """Columns that are newly named, and how many rows come from files without them."""
    wanted = [column for column in _named(change) if column not in _named(project)]
    if not wanted:
        return []
    content_columns(db, project.id)  # so that every import has word of its columns
    with db.read() as tx:
        imports = [
            (json.loads(one["columns"] or "[]"), one["added"])
            for one in tx.all("import_columns", project_id=project.id)
        ]
    counted = ((column, sum(added for names, added in imports if column not in names)) for column in wanted)
    return [{"column": column, "rows": n} for column, n in counted if n]


def _reopen(db: Database, actor_id: str, project: Project, misfits: bool, missing: bool) -> int:
    """A new round for tasks whose answers do not fit (or lack what is required), some at a time. Returns how many."""
    with db.read() as tx:
        carrier = carrier_of(tx, project)
        counts = tx.one("project_count_get", project_id=project.id)
    last = int(counts["visible_seq"]) if counts is not None else 0
    reopened = 0
    for page, asked in _pages(db, project, last):
        wanted: dict[str, int] = {}
        for row in page:
            if not carrier.is_present(row["schema_version"]):
                found = carrier.carry(row["schema_version"], json.loads(row["answers"]))
                lacks = missing and _missing(found, None if asked is None else asked[row["seq"]])
                if (misfits and found.to_redo) or lacks:
                    wanted[row["task_id"]] = row["round"]
        tasks = list(wanted.items())
        for first in range(0, len(tasks), AT_ONCE):
            some = tasks[first : first + AT_ONCE]
            reopened += db.write(lambda tx, some=some: _reopen_some(tx, actor_id, some))  # type: ignore[misc]
    return reopened


def _reopen_some(tx: Transaction, actor_id: str, tasks: list[tuple[str, int]]) -> int:
    reopened = 0
    for task_id, round_ in tasks:
        task = tx.one("task_get", id=task_id)
        if task is not None and task["round"] == round_:  # else removed or reopened by somebody meanwhile
            reopen(tx, actor_id, task_id)
            reopened += 1
    return reopened
