"""A file or rows of a program → tasks of a project. Chooses the text column; reading and adding are in intake/."""

import hashlib
import json
import os
import stat
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from tawsim.core.errors import BadFile, BadInput, KeyReused
from tawsim.core.ids import new_id
from tawsim.core.records import DuplicatePolicy, ImportReport, Project
from tawsim.core.text import comparable
from tawsim.intake import RowSource, guess_text_column, open_rows
from tawsim.intake.adding import NumberedRow, add_tasks, numbered
from tawsim.labelling.projects import NewProject, create_project, update_project
from tawsim.loop.placing import KnownColumns, placing_of
from tawsim.store.database import Database, Transaction

OnProgress = Callable[[int, int, int], None]
SAMPLE_ROWS = 100


def import_file(
    db: Database,
    project: Project,
    path: Path,
    *,
    actor_id: str,
    duplicates: DuplicatePolicy = "keep",
    filename: str | None = None,
    again: bool = False,
    text_column: str | None = None,
    format: str | None = None,
    on_progress: OnProgress | None = None,
    known: KnownColumns | None = None,
) -> ImportReport:
    """Import all rows of the file as tasks, or none. `known`: the columns that hold known answers, if some do.

    The same bytes a second time are answered with the first report (`repeated`), unless `again`. `on_progress` is told
    rows, bytes read and bytes in all. A project that has no tasks yet takes the text column named here, or found in the
    file. Raises BadFile with file, row and column.
    """
    with _regular(path, filename) as (file, name):
        source = open_rows(file, filename=name, format=format)
        project = _settle_text_column(db, project, source, text_column, actor_id)
        columns = _Columns()

        def tell(rows: int) -> None:
            if on_progress is not None:
                on_progress(rows, source.bytes_read, source.total_bytes)

        digest = _digest(file) + (f"/{new_id(db.clock())}" if again else "")
        if known is not None:
            _check_column(source, known.answer)
        report = add_tasks(
            db, project, columns.watch(source.rows()), actor_id=actor_id, source=source.name, digest=digest,
            duplicates=duplicates, on_chunk=tell, places=placing_of(db, project, known, actor_id),
        )  # fmt: skip
        columns.keep(db, report, without=known)
        return report


def import_rows(
    db: Database,
    project: Project,
    items: Iterable[Any],
    *,
    actor_id: str,
    key: str,
    duplicates: DuplicatePolicy = "keep",
    source: str = "rows",
    known: KnownColumns | None = None,
) -> ImportReport:
    """Import rows given by a program: objects, or plain texts, which go into the project's text column. `known`: the columns
    that hold known answers, if some do.

    `key` names this import: the same key again is answered with the first report. A project that has no tasks yet takes
    the text column found in the first rows, if its own is not there. Raises BadInput naming the row, KeyReused where a
    list of other rows was imported under this key.
    """
    content = _digest_of_rows(items) if isinstance(items, list) else ""
    if content:
        with db.read() as tx:
            seen = tx.one("key_get", actor_id=actor_id, key=f"import/{project.id}/{key}")
        if seen is not None and seen["digest"] != content:
            raise KeyReused("This key was used before with other rows.", "Make a new key for new rows.")
    iterator = numbered(_text_rows(items, project.text_column))
    head = list(islice(iterator, SAMPLE_ROWS))
    project = _settle_from_sample(db, project, [row for _, row in head], actor_id)
    columns = _Columns()
    report = add_tasks(
        db, project, columns.watch(_chain(head, iterator)), actor_id=actor_id, source=source,
        digest=f"key/{actor_id}/{key}", duplicates=duplicates, places=placing_of(db, project, known, actor_id),
    )  # fmt: skip
    columns.keep(db, report, without=known)
    if content and not report.repeated:
        db.write(lambda tx: _keep_key(tx, actor_id, project, key, content))
    return report


def _digest_of_rows(items: list[Any]) -> str:
    try:
        return hashlib.sha256(json.dumps(items, sort_keys=True, default=str).encode()).hexdigest()
    except (TypeError, ValueError, RecursionError) as error:
        raise BadInput("The rows cannot be read as JSON.", str(error)) from None


def _keep_key(tx: Transaction, actor_id: str, project: Project, key: str, digest: str) -> None:
    # Only after the import: one that failed leaves its key free for the mended rows.
    if tx.one("key_get", actor_id=actor_id, key=f"import/{project.id}/{key}") is None:
        tx.run("key_insert", actor_id=actor_id, key=f"import/{project.id}/{key}", digest=digest, result="{}", at=tx.now)


def new_project_from_file(
    db: Database,
    path: Path,
    labels: list[str],
    *,
    name: str | None = None,
    text_column: str | None = None,
    overlap: int = 1,
    guideline: str = "",
    multiple: bool = False,
    format: str | None = None,
    actor_id: str,
) -> Project:
    """A project for the texts of a file, with one question named “label”; the file itself is imported afterwards.

    Raises BadFile or BadInput before anything is made.
    """
    source = open_rows(path, format=format)
    column = text_column or guess_text_column(source.columns or (), _sample(source))
    _check_column(source, column)
    new = NewProject(
        name=name or workspace_for(path).stem,
        questions=[{"kind": "choices" if multiple else "choice", "name": "label", "labels": labels}],
        text_column=column,
        guideline=guideline,
        overlap=overlap,
    )
    return db.write(lambda tx: create_project(tx, actor_id, new_id(tx.now), new))


@dataclass(slots=True)
class _Columns:
    """Notes which columns pass by, in their order, for the header of a later export."""

    seen: dict[str, None] = field(default_factory=dict)

    def watch(self, rows: Iterable[NumberedRow]) -> Iterator[NumberedRow]:
        for number, row in rows:
            if not row.keys() <= self.seen.keys():
                self.seen.update(dict.fromkeys(row))
            yield number, row

    def keep(self, db: Database, report: ImportReport, *, without: KnownColumns | None = None) -> None:
        """After the import, and so lost if the process dies just there: an export then looks at the rows instead."""
        if self.seen and not report.repeated:
            hidden = set() if without is None else {without.answer, without.explanation}
            columns = json.dumps([name for name in self.seen if name not in hidden], ensure_ascii=False)
            db.write(lambda tx: tx.run("import_set_columns", id=report.id, columns=columns))


@contextmanager
def _regular(path: Path, filename: str | None) -> Iterator[tuple[Path, str]]:
    """The file itself; or, of a pipe, which can be read only once, a copy that can be read twice."""
    name = filename or path.name
    try:
        is_pipe = stat.S_ISFIFO(path.stat().st_mode)
    except (OSError, ValueError):
        is_pipe = False  # intake says what is wrong with it
    if not is_pipe:
        yield path, name
        return
    with tempfile.NamedTemporaryFile(prefix="tawsim-pipe-") as copy:
        with path.open("rb") as pipe:
            while data := pipe.read(1 << 20):
                copy.write(data)
        copy.flush()
        yield Path(copy.name), name


def _digest(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise BadFile(f"it cannot be read: {error.strerror or error}.", file=os.fspath(path)) from None


def _sample(source: RowSource) -> list[Mapping[str, Any]]:
    return [row for _, row in islice(source.rows(), SAMPLE_ROWS)]


def _check_column(source: RowSource, column: str) -> None:
    found = source.columns
    if found is None or source.format in ("json", "jsonl"):
        return  # an object may lack a field that another has; each row is checked as it comes
    if column not in found:
        listed = ", ".join(found[:20])
        raise BadFile(f"there is no column “{column}”; found: {listed}.", "Name one with --text.", file=source.name)


def _settle_text_column(
    db: Database, project: Project, source: RowSource, wanted: str | None, actor_id: str
) -> Project:
    """The project with the text column that this import uses. Only an empty project's may still change."""
    if wanted is None:
        sample = _sample(source)
        if any(project.text_column in row for row in sample):
            return project
        return _settle_from_sample(db, project, sample, actor_id, source.columns)
    _check_column(source, wanted)
    if wanted == project.text_column:
        return project
    if not _is_empty(db, project):
        raise BadFile(
            f"the texts of “{project.name}” stand in the column “{project.text_column}”, not “{wanted}”.",
            f"Rename the file's column to “{project.text_column}”, or import into another project.",
            file=source.name,
        )  # fmt: skip
    return _set_text_column(db, project, wanted, actor_id)


def _settle_from_sample(
    db: Database,
    project: Project,
    sample: list[Mapping[str, Any]],
    actor_id: str,
    columns: tuple[str, ...] | None = None,
) -> Project:
    if not sample or any(project.text_column in row for row in sample) or not _is_empty(db, project):
        return project
    names = columns or tuple(dict.fromkeys(name for row in sample for name in row))
    return _set_text_column(db, project, guess_text_column(names, sample), actor_id)


def _is_empty(db: Database, project: Project) -> bool:
    with db.read() as tx:
        counts = tx.one("project_count_get", project_id=project.id)
    return counts is not None and counts["visible_seq"] == 0


def _set_text_column(db: Database, project: Project, column: str, actor_id: str) -> Project:
    def change(tx: Transaction) -> Project:
        return update_project(tx, actor_id, project.id, project.version, {"text_column": column})

    return db.write(change)


def _text_rows(items: Iterable[Any], column: str) -> Iterator[Any]:
    for item in items:
        yield {column: item} if isinstance(item, str) else item


def _chain(head: list[NumberedRow], rest: Iterator[NumberedRow]) -> Iterator[NumberedRow]:
    yield from head
    yield from rest


def workspace_for(file: Path) -> Path:
    """`reviews.csv.gz` → `reviews.tawsim`, in the same folder."""
    name = file.name
    if name.lower().endswith((".gz", ".gzip")):
        name = name[: name.rindex(".")]
    return file.with_name(Path(name).stem + ".tawsim")


def is_imported(db: Database, project: Project, path: Path) -> bool:
    """Whether the file, with just these bytes, was imported into the project."""
    digest = _digest(path)
    with db.read() as tx:
        return tx.one("import_same", project_id=project.id, digest=digest) is not None


def same_labels(project: Project, labels: list[str]) -> bool:
    """Whether the project asks one question with just these labels, in this order."""
    wanted = tuple(comparable(label) for label in labels)
    known = [tuple(comparable(label) for label in getattr(q, "labels", ())) for q in project.questions]
    return known == [wanted]
