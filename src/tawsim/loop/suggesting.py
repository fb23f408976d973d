"""Predictions of a model → suggestions beside a project's tasks: all rows of a file or none, and the same again changes nothing.

All is read and judged first; then it is written some at a time, so that nobody who labels waits for it. A run that is cut
off is finished by running it again.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from tawsim.core.errors import BadAnswer, BadFile, BadInput
from tawsim.core.records import Project, Question
from tawsim.core.text import for_terminal
from tawsim.intake import open_rows
from tawsim.intake.suggestions import Suggestion, question_of, read_answer, read_number, read_p, read_source
from tawsim.kinds.answers import brief
from tawsim.labelling.presenting import questions_of
from tawsim.labelling.slots import project_row
from tawsim.store import rows
from tawsim.store.database import Database, Transaction
from tawsim.store.keys import record
from tawsim.store.rows import to_json

PAGE = 1_000
Numbered = tuple[int, Any]


@dataclass(frozen=True, slots=True)
class SuggestReport:
    """What came of predictions: `suggestions` taken, of which `tasks` have one; `new`, `changed` (of the same task, question
    and source), `same`; `empty` rows of a column that predicted nothing."""

    source: str
    suggestions: int
    tasks: int
    new: int
    changed: int
    same: int
    empty: int

    def to_json(self) -> dict[str, Any]:
        """As HTTP sends it."""
        return asdict(self)


def suggest_file(
    db: Database,
    project_id: str,
    path: Path,
    *,
    actor_id: str,
    by: str = "",
    source: str = "",
    filename: str | None = None,
) -> SuggestReport:
    """Suggestions from a file with the columns task (its number), answer, and question, p and source where there are any.
    `by`: a column of the file and of the project's rows that names the task instead. Raises BadFile with row and column."""
    name = filename or path.name
    with path.open("rb") as file:
        opened = open_rows(file, filename=name)
        return _suggest(db, project_id, opened.rows, actor_id, by, source or Path(name).stem[:100], for_terminal(name))


def suggest_rows(
    db: Database, project_id: str, given: Any, *, actor_id: str, by: str = "", source: str = ""
) -> SuggestReport:
    """`suggest_file` for rows of a program."""
    if not isinstance(given, list):
        raise BadInput("Suggestions come as a list of rows.")
    return _suggest(db, project_id, lambda: enumerate(given, 1), actor_id, by, source, "rows")


def suggest_column(
    db: Database, project_id: str, column: str, *, actor_id: str, question: str = "", source: str = ""
) -> SuggestReport:
    """Suggestions from a column of the project's own rows; rows where it is empty get none. Raises BadFile with the task."""
    project = _project(db, project_id)
    asked = question_of({"question": question}, project.questions)
    name = read_source(source or column)
    empty = 0

    def read() -> Iterator[Suggestion]:
        nonlocal empty
        empty = 0
        for seq, task_id, content in _tasks(db, project_id):
            given = content.get(column)
            here = _as_asked(project, asked, content)
            if given is None or given == "" or here is None:
                empty += 1
            else:
                answer = _answer(here, given, content, "the project", seq, column)
                yield Suggestion(seq, task_id, asked.name, name, answer, None)

    if not any(True for _ in read()):
        raise BadInput(f"No row of “{project.name}” has anything in the column “{column[:80]}”.")
    return _take(db, project, read, actor_id, name, lambda: empty)


def _suggest(
    db: Database,
    project_id: str,
    given: Callable[[], Iterable[Numbered]],
    actor_id: str,
    by: str,
    source: str,
    file: str,
) -> SuggestReport:
    project = _project(db, project_id)
    places = _by_column(db, project_id, by) if by else None
    default = read_source(source) if source else ""

    def read() -> Iterator[Suggestion]:
        numbered = iter(given())
        while chunk := list(islice(numbered, PAGE)):
            yield from _read_chunk(db, project, chunk, by, places, default, file)

    named: set[tuple[int, str, str]] = set()
    for one in read():
        key = (one.seq, one.question, one.source)
        if key in named:
            raise BadFile(
                f"task {one.seq} has two suggestions of “{one.source}” for “{one.question}”.",
                "Keep one, or name another source.", file=file,
            )  # fmt: skip
        named.add(key)
    if not named:
        raise BadInput("There is no row to take.")
    return _take(db, project, read, actor_id, default, lambda: 0)


def _read_chunk(
    db: Database,
    project: Project,
    chunk: list[Numbered],
    by: str,
    places: Mapping[str, int] | None,
    source: str,
    file: str,
) -> Iterator[Suggestion]:
    with db.read() as tx:
        for number, row in chunk:
            if not isinstance(row, Mapping):
                raise BadFile("a row is an object with task and answer.", file=file, row=number)
            seq = _seq(row, by, places, file, number)
            task = tx.one("task_by_seq", project_id=project.id, seq=seq) if seq is not None else None
            if task is None:
                given = brief(row.get(by or "task"))
                raise BadFile(f"there is no task {given}.", file=file, row=number, column=by or "task")
            try:
                question = question_of(row, project.questions)
                p, name = read_p(row.get("p")), read_source(row.get("source") or source)
            except BadInput as error:
                raise BadFile(error.message, error.hint, file=file, row=number) from None
            if "answer" not in row:
                raise BadFile(
                    "there is no answer.", "A row has task and answer.", file=file, row=number, column="answer"
                )
            content = json.loads(task["content"])
            here = _as_asked(project, question, content)
            if here is None:
                raise BadFile(
                    f"“{question.name}” is not asked about task {seq}.", "Remove the row.", file=file, row=number
                )
            answer = _answer(here, row["answer"], content, file, number, "answer")
            yield Suggestion(task["seq"], task["id"], question.name, name, answer, p)


def _seq(row: Mapping[str, Any], by: str, places: Mapping[str, int] | None, file: str, number: int) -> int | None:
    column = by or "task"
    if column not in row:
        hint = "Name the column that tells the task: --by COLUMN" if not by else ""
        raise BadFile(f"there is no column “{column}”.", hint, file=file, row=number)
    if places is None:
        found = read_number(row[column])
        return found if found is not None and 0 < found < 1 << 62 else None
    seq = places.get(_key(row[column]))
    if seq == 0:
        raise BadFile(
            f"{brief(row[column])} stands in several rows of the project.", "Name tasks by a column that tells them apart.",
            file=file, row=number, column=column,
        )  # fmt: skip
    return seq


def _answer(question: Question, given: Any, content: Mapping[str, Any], file: str, number: int, column: str) -> Any:
    try:
        return read_answer(question, given, content)
    except BadAnswer as error:
        raise BadFile(error.message, error.hint, file=file, row=number, column=column) from None


def _as_asked(project: Project, question: Question, content: Mapping[str, Any]) -> Question | None:
    """The question with the labels that this row offers; None where the row does not ask it."""
    return next((one for one in questions_of(project, content) if one.name == question.name), None)


def _key(value: Any) -> str:
    """Ids as text, so that 7 of a CSV file is 7 of JSON."""
    return value.strip() if isinstance(value, str) else to_json(value)


def _by_column(db: Database, project_id: str, column: str) -> dict[str, int]:
    """Value of the column → task number; 0 where several tasks have it. About 150 bytes a task."""
    found: dict[str, int] = {}
    for seq, _, content in _tasks(db, project_id):
        if content.get(column) is not None:
            key = _key(content[column])
            found[key] = 0 if key in found else seq
    if not found:
        raise BadInput(f"No row of the project has the column “{column[:80]}”.", "--by names a column of its rows.")
    return found


def _tasks(db: Database, project_id: str) -> Iterator[tuple[int, str, Any]]:
    """Number, id and row of every task, a short read at a time."""
    after = 0
    while True:
        with db.read() as tx:
            counts = tx.one("project_count_get", project_id=project_id)
            last = counts["visible_seq"] if counts is not None else 0
            page = tx.all("task_page", project_id=project_id, after=after, visible_seq=last, n=PAGE)
        if not page:
            return
        for row in page:
            yield row["seq"], row["id"], json.loads(row["content"])
        after = page[-1]["seq"]


def _project(db: Database, project_id: str) -> Project:
    with db.read() as tx:
        return rows.project(project_row(tx, project_id))


def _take(
    db: Database,
    project: Project,
    read: Callable[[], Iterator[Suggestion]],
    actor_id: str,
    source: str,
    empty: Callable[[], int],
) -> SuggestReport:
    """Write what was judged, some at a time."""
    counts = {"new": 0, "changed": 0, "same": 0}
    sources: set[str] = set()
    tasks: set[int] = set()
    found = read()
    while chunk := list(islice(found, PAGE)):
        tasks.update(one.seq for one in chunk)
        sources.update(one.source for one in chunk)
        done = db.write(lambda tx, chunk=chunk: _put(tx, chunk))  # type: ignore[misc]
        for name, n in done.items():
            counts[name] += n
    name = sources.pop() if len(sources) == 1 else source
    report = SuggestReport(name, sum(counts.values()), len(tasks), **counts, empty=empty())
    told = json.dumps(report.to_json(), ensure_ascii=False)
    db.write(
        lambda tx: record(tx, "suggestions.taken", actor_id, project_id=project.id, object_id=project.id, data=told)
    )
    return report


def _put(tx: Transaction, chunk: list[Suggestion]) -> dict[str, int]:
    counts = {"new": 0, "changed": 0, "same": 0}
    for one in chunk:
        answer = to_json(one.answer)
        held = tx.one("suggestion_get", task_id=one.task_id, question=one.question, source=one.source)
        if held is not None and (held["answer"], held["p"]) == (answer, one.p):
            counts["same"] += 1
            continue
        counts["new" if held is None else "changed"] += 1
        tx.run(
            "suggestion_put", task_id=one.task_id, question=one.question, source=one.source, answer=answer, p=one.p,
            created_at=tx.now,
        )  # fmt: skip
    return counts


def suggestion_sources(db: Database, project_id: str) -> list[dict[str, Any]]:
    """source, question and how many suggestions a project has of them."""
    with db.read() as tx:
        project_row(tx, project_id)
        found = tx.all("suggestion_sources", project_id=project_id)
    return [{"source": row["source"], "question": row["question"], "suggestions": row["n"]} for row in found]
