"""Pictures and sounds into a project, with or without rows that name them: from a folder, single files or an archive.

Reading and storing are in intake/; here it is decided which column names them and what becomes a task.
"""

import base64
import hashlib
import io
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tawsim.core.errors import BadFile, BadInput, TawsimError
from tawsim.core.media_names import is_data_uri, media_name
from tawsim.core.records import DuplicatePolicy, ImportReport, Project
from tawsim.core.text import for_terminal
from tawsim.intake import open_rows
from tawsim.intake.limits import Trouble
from tawsim.intake.media import (
    Checked,
    MediaFile,
    MediaReport,
    add_media,
    check_file,
    check_media,
    distinct,
    take_back,
)
from tawsim.intake.media_archive import open_archive
from tawsim.intake.media_folder import find_in, folder_files
from tawsim.intake.media_types import look
from tawsim.labelling.media import media_row
from tawsim.loop.importing import import_file, import_rows
from tawsim.store.database import Database

SHOWN_KINDS = ("image", "audio")


@dataclass(frozen=True, slots=True)
class AddReport:
    """What was added: the media, and the tasks if any were made."""

    media: MediaReport
    tasks: ImportReport | None = None


def media_columns(project: Project) -> dict[str, str]:
    """Column → "image" or "audio", from the project's blocks. Without such a block, a column of that very name."""
    found = {block.column: str(block.kind) for block in project.content if block.kind in SHOWN_KINDS}
    return found or {kind: kind for kind in SHOWN_KINDS}


# ---- files that are tasks themselves -----------------------------------------------------------------------------
def add_files(
    db: Database, project: Project, files: Sequence[MediaFile], *, actor_id: str, source: str, replace: bool = False
) -> AddReport:
    """Add pictures or sounds, and a task for each that is not one already, in the order given. All or nothing.

    A task is {column: name}, with the column of the project's image or audio block. Raises BadFile, AlreadyExists, and
    BadInput for pictures and sounds in one batch.
    """
    batch = check_media(files)
    column = _column(project, batch)
    rows = [{column: one.name} for one in batch]
    key = hashlib.sha256("\0".join(f"{one.name}\0{one.digest}" for one in batch).encode()).hexdigest()
    with _named(db, project, batch, actor_id, replace) as media:
        tasks = import_rows(db, project, rows, actor_id=actor_id, key=f"media/{key}", duplicates="skip", source=source)
    return AddReport(media, tasks)


def _column(project: Project, batch: Sequence[Checked]) -> str:
    kinds = {"audio" if one.facts.media_type.startswith("audio/") else "image" for one in batch}
    if len(kinds) > 1:
        raise BadInput(
            "There are pictures and sounds among these files.",
            "Add them apart, or name them in a table: tawsim add PROJECT TABLE --media FOLDER",
        )
    (kind,) = kinds
    for column, shown_as in media_columns(project).items():
        if shown_as == kind:
            return column
    what = "pictures" if kind == "image" else "sounds"
    raise BadInput(f"“{project.name}” shows no {what}.", f"Add a block of kind {kind} to its content.")


def add_folder(db: Database, project: Project, folder: Path, *, actor_id: str, replace: bool = False) -> AddReport:
    """`add_files` of everything below a folder, named as it lies there, 2.png before 10.png."""
    files = folder_files(folder)
    return add_files(db, project, files, actor_id=actor_id, source=folder.resolve().name, replace=replace)


def add_archive(
    db: Database, project: Project, path: Path, name: str, *, actor_id: str, replace: bool = False, tasks: bool = False
) -> AddReport:
    """The files of a ZIP archive that its sender calls `name`; with `tasks`, a task for each as well."""
    with open_archive(path, name) as files:
        if tasks:
            return add_files(db, project, files, actor_id=actor_id, source=name, replace=replace)
        return AddReport(add_media(db, project.id, check_media(files), actor_id=actor_id, replace=replace))


def add_one(db: Database, project: Project, file: MediaFile, *, actor_id: str, replace: bool = False) -> MediaReport:
    """One file, without a task."""
    return add_media(db, project.id, check_media([file]), actor_id=actor_id, replace=replace)


# ---- tables that name files --------------------------------------------------------------------------------------
def add_table(
    db: Database,
    project: Project,
    table: Path,
    folder: Path | None,
    *,
    actor_id: str,
    duplicates: DuplicatePolicy = "keep",
    replace: bool = False,
    again: bool = False,
    text_column: str | None = None,
) -> AddReport:
    """Import a table with the files that its image and audio columns name, from `folder` or, where it has none, from what
    the project has already. All or nothing.

    Raises BadFile with row and column for a name that leads nowhere or out of the folder, and for a file that is none.
    """
    if folder is not None and not folder.is_dir():
        raise BadFile("there is no such folder.", "Check the path.", file=for_terminal(str(folder)))
    columns = media_columns(project)
    batch = distinct(_files_of_rows(db, project, table, folder, columns))
    with _named(db, project, batch, actor_id, replace) as media:
        tasks = import_file(
            db, project, table, actor_id=actor_id, duplicates=duplicates, again=again,
            text_column=text_column or _media_text_column(project, table, columns),
        )  # fmt: skip
    return AddReport(media, tasks)


def _media_text_column(project: Project, table: Path, columns: Mapping[str, str]) -> str | None:
    """The column of files, where the table has nothing else that a project without tasks could take for its text."""
    found = open_rows(table).columns or ()
    named = [name for name in found if name in columns]
    return named[0] if len(found) == 1 and named and project.text_column not in found else None


def _files_of_rows(
    db: Database, project: Project, table: Path, folder: Path | None, columns: Mapping[str, str]
) -> Iterator[Checked]:
    """Each file that a row names, once, looked at; those that only the project has are passed over."""
    seen: set[str] = set()
    for number, row in open_rows(table).rows():
        for column, kind in columns.items():
            name = row.get(column)
            if name in (None, "") or (isinstance(name, str) and name in seen):
                continue
            try:
                if isinstance(name, str) and is_data_uri(name):
                    _check_carried(name, kind)
                    continue
                one = _file_of(db, project, folder, name, kind)
            except Trouble as trouble:
                raise BadFile(trouble.message, trouble.hint, file=table.name, row=number, column=column) from None
            except BadFile as error:
                raise BadFile(error.message, error.hint, file=table.name, row=number, column=column) from None
            seen.add(name)
            if one is not None:
                yield one


def _check_carried(uri: str, kind: str) -> None:
    """What a cell brings along as a data: URI is held to the same rules. Raises Trouble or BadFile."""
    head, _, body = uri.partition(",")
    if not head.lower().endswith(";base64"):
        raise Trouble("a data: URI that is not base64.", "Write it as data:image/png;base64,…")
    try:
        data = base64.b64decode(body, validate=True)
    except ValueError:
        raise Trouble("a data: URI whose base64 is broken.", "Make it anew.") from None
    _check_kind(look(io.BytesIO(data), "data: URI").media_type, kind, "data: URI")


def _check_kind(media_type: str, kind: str, name: str) -> None:
    if not media_type.startswith(kind):
        wanted, found = ("picture", "sound") if kind == "image" else ("sound", "picture")
        raise BadFile(f"it is a {found}, and this column shows a {wanted}.", "Name another file.", file=name)


def _file_of(db: Database, project: Project, folder: Path | None, name: Any, kind: str) -> Checked | None:
    path = _path_of(db, project, folder, name)
    if path is None:
        return None
    one = check_file(MediaFile(name, name, lambda: path.open("rb")))
    _check_kind(one.facts.media_type, kind, name)
    return one


def _path_of(db: Database, project: Project, folder: Path | None, name: Any) -> Path | None:
    """Where the file lies; None for one that the project has already and the folder has not."""
    if not isinstance(name, str):
        raise Trouble(f"expected the name of a file, found {type(name).__name__}.", "Name a picture or a sound.")
    trouble = Trouble("there is no folder to take it from.", "Name one with --media.")
    if folder is not None:
        try:
            return find_in(folder, name)
        except Trouble as missing:
            trouble = missing
    try:
        media_name(name)
    except ValueError:
        raise trouble from None
    with db.read() as tx:
        if media_row(tx, project.id, name) is not None:
            return None
    raise trouble


# ---- names that go again when the rows cannot come in -------------------------------------------------------------
@contextmanager
def _named(db: Database, project: Project, batch: list[Checked], actor_id: str, replace: bool) -> Iterator[MediaReport]:
    """The batch is in the project before its rows are, so that no task ever shows a hole; if the rows are refused, the
    names that are new here go again."""
    report = add_media(db, project.id, batch, actor_id=actor_id, replace=replace)
    try:
        yield report
    except BaseException:
        with suppress(TawsimError):  # on a full disk nothing can be undone now; names without rows show nowhere
            take_back(db, project.id, report, actor_id=actor_id)
        raise
