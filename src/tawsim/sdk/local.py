"""`tw.open`: the surface on a workspace file of this machine. A server may have the same file open at the same time."""

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from tawsim.core.errors import BadInput
from tawsim.core.records import DuplicatePolicy, ImportReport, Progress, WorkerProgress
from tawsim.labelling import holding, queue
from tawsim.labelling import submit as submitting
from tawsim.labelling.projects import NewProject, create_project
from tawsim.loop import exporting, importing, overview, settings, truths
from tawsim.loop.quality import forget_quality
from tawsim.loop.table import forget_tables
from tawsim.loop.views import project_json
from tawsim.sdk.surface import Labeller, Project, Workspace, new_key
from tawsim.store.database import Transaction
from tawsim.workspaces.workspace import Workspace as OpenWorkspace
from tawsim.workspaces.workspace import add_worker, find_worker, open_workspace

T = TypeVar("T")
PAGE = 5_000


def open_file(path: str | os.PathLike[str], *, create: bool = False) -> "LocalWorkspace":
    """Open a workspace file, made first if `create`. Raises NotFound, BadInput (not a workspace), Unavailable.

    >>> with tw.open("reviews.tawsim", create=True) as w:                                          # doctest: +SKIP
    ...     p = w.create_project("reviews", labels=["good", "bad"], overlap=3)
    ...     p.add(["Great!", "Never again."])
    """
    return LocalWorkspace(open_workspace(Path(path), create=create))


class LocalWorkspace(Workspace):
    """A workspace file."""

    def __init__(self, workspace: OpenWorkspace) -> None:
        self._workspace = workspace

    @property
    def name(self) -> str:
        """The workspace's name."""
        return self._workspace.name

    @property
    def path(self) -> Path:
        """The file."""
        return self._workspace.path

    def projects(self) -> list[Project]:
        """All projects, in the order they were made."""
        return [LocalProject(self._workspace, one.id) for one in overview.list_projects(self._workspace.db)]

    def close(self) -> None:
        """Finish pending writes and let go of the file."""
        truths.forget_truths(self._workspace.db)
        forget_quality(self._workspace.db)
        forget_tables(self._workspace.db)
        self._workspace.close()

    def _create_project(self, facts: dict[str, Any], key: str) -> Project:
        owner = self._workspace.owner_id
        made = self._workspace.db.write(lambda tx: create_project(tx, owner, key, NewProject(**facts)))
        return LocalProject(self._workspace, made.id)


class LocalProject(Project):
    """A project in a workspace file."""

    def __init__(self, workspace: OpenWorkspace, project_id: str) -> None:
        self._workspace = workspace
        self._db = workspace.db
        self._record = overview.find_project(self._db, project_id)
        super().__init__(project_json(self._record))

    def progress(self) -> Progress:
        """How many tasks and answers there are and are wanted."""
        return overview.project_progress(self._db, self.id)[0]

    def workers(self) -> list[WorkerProgress]:
        """Each worker's part."""
        return overview.project_progress(self._db, self.id)[1]

    def export(self, path: str | os.PathLike[str], *, votes: bool = False, force: bool = False) -> Path:
        """Write the labels, or every answer, to a .csv, .jsonl or .parquet file."""
        out = Path(path)
        exporting.export_to_file(self._db, self.id, out, force=force, kind="votes" if votes else "labels")
        return out

    def label_as(self, name: str | None = None) -> Labeller:
        """Oneself, or the worker of that name; a new name is a model's."""
        if name is None:
            return LocalLabeller(self, "owner", self._workspace.owner_id)
        with self._db.read() as tx:
            found = find_worker(tx, name)
        if found is None:
            owner = self._workspace.owner_id
            found = self._db.write(lambda tx: add_worker(tx, owner, new_key(), name, kind="model"))
        return LocalLabeller(self, found.name, found.id)

    def pause(self) -> None:
        """Hand out no more tasks."""
        self._change({"state": "paused"})

    def resume(self) -> None:
        """Hand out tasks again."""
        self._change({"state": "running"})

    def _change(self, changes: Mapping[str, Any]) -> None:
        self._refresh()
        settings.change_project(self._db, self._workspace.owner_id, self.id, self._record.version, changes)
        self._refresh()

    def _refresh(self) -> None:
        self._record = overview.find_project(self._db, self.id)
        self._facts = project_json(self._record)

    def _add_file(self, path: Path, text: str | None, duplicates: DuplicatePolicy, again: bool) -> ImportReport:
        self._refresh()
        report = importing.import_file(
            self._db, self._record, path, actor_id=self._workspace.owner_id, duplicates=duplicates, again=again,
            text_column=text,
        )  # fmt: skip
        self._refresh()
        return report

    def _add_rows(self, rows: Iterable[Any], duplicates: DuplicatePolicy, key: str) -> ImportReport:
        self._refresh()
        return importing.import_rows(
            self._db, self._record, rows, actor_id=self._workspace.owner_id, key=key, duplicates=duplicates
        )

    def _truth_pages(self, question: str | None) -> Iterator[Mapping[str, Any]]:
        truth = truths.project_truth(self._db, self.id, question)
        after: int | None = 0
        while after is not None:
            page = truths.truth_page(truth, self._db, after=after, limit=PAGE)
            yield page
            after = page["next"]

    def _votes(self) -> tuple[Sequence[str], Iterator[Mapping[str, Any]]]:
        return exporting.export(self._db, self.id, "votes")


class LocalLabeller(Labeller):
    """Somebody who answers in a workspace file."""

    def __init__(self, project: LocalProject, name: str, worker_id: str) -> None:
        super().__init__(name, project.questions, project._record.text_column)
        self._project_id = project.id
        self._worker_id = worker_id
        self._db = project._db

    def skip(self, item: Any, reason: str = "") -> None:
        """Leave this task to others."""
        self._write(lambda tx: holding.skip(tx, self._worker_id, item.lease_id, reason))

    def release(self, item: Any) -> None:
        """Give the task back; it may come again."""
        self._write(lambda tx: holding.release(tx, self._worker_id, item.lease_id))

    def _next(self, count: int) -> list[Mapping[str, Any]]:
        if count < 1:
            raise BadInput("Ask for at least one task.")
        grant = self._write(lambda tx: queue.next_leases(tx, self._project_id, self._worker_id, count))
        return [
            {
                "lease": {"id": one.lease_id, "deadline": one.deadline},
                "task": {"id": one.task_id, "seq": one.seq, **one.shown},
            }
            for one in grant.leases
        ]

    def _submit(self, lease_id: str, key: str, answers: dict[str, Any]) -> str:
        done = self._write(lambda tx: submitting.submit(tx, self._worker_id, lease_id, key, answers))
        return str(done.or_raise()["id"])

    def _write(self, work: Callable[[Transaction], T]) -> T:
        return self._db.write(work)
