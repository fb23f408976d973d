"""What a Python user holds, the same for a file and for a server: workspace, project, labeller. Opens and sends nothing.

`local.py` and `remote.py` fill in the few abstract methods; tests/unit/test_sdk.py runs one battery against both.
"""

import json
import os
import uuid
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tawsim.core.errors import BadInput, NotFound
from tawsim.core.records import DuplicatePolicy, ImportReport, Progress, TaskOrder, WorkerProgress
from tawsim.sdk.rows import as_path, rows_of
from tawsim.sdk.tables import Table, Truth

Answer = Any


def new_key() -> str:
    """An idempotency key: the same one may be sent any number of times, and counts once."""
    return uuid.uuid4().hex


@dataclass(frozen=True, slots=True)
class Item:
    """A task in a labeller's hands until `deadline` (microseconds since 1970 UTC). `text` is what is to be labelled."""

    lease_id: str
    task_id: str
    seq: int
    text: str
    content: Mapping[str, Any]
    deadline: int


class Labeller(ABC):
    """Somebody who answers: oneself, or a model under its own name."""

    def __init__(self, name: str, questions: Sequence[Mapping[str, Any]], text_column: str) -> None:
        self.name = name
        self._questions = questions
        self._text_column = text_column

    def next(self, count: int = 1) -> list[Item]:
        """The tasks held already, then new ones, up to `count`; an empty list when there is nothing left to do."""
        return [self._item(one) for one in self._next(count)]

    def submit(self, item: Item, answer: Answer, *, key: str | None = None) -> str:
        """Answer the item's question (with several questions: a mapping of name to answer). Returns the annotation's id.

        Raises BadAnswer, LeaseLost. The answer is on disk when this returns.
        """
        if isinstance(answer, Mapping):
            answers: Mapping[str, Any] = answer
        elif len(self._questions) == 1:
            answers = {self._questions[0]["name"]: answer}
        else:
            names = ", ".join(str(one["name"]) for one in self._questions)
            raise BadInput("This project has several questions.", f"Answer with a mapping: {names}.")
        # From the lease, so that submitting the same item twice, after a crash too, counts once.
        return self._submit(item.lease_id, key or f"sdk/{item.lease_id}", dict(answers))

    @abstractmethod
    def skip(self, item: Item, reason: str = "") -> None:
        """Leave this task to others."""

    @abstractmethod
    def release(self, item: Item) -> None:
        """Give the task back; it may come again."""

    def __iter__(self) -> Iterator[Item]:
        """One item after another, until nothing is left. Each must be submitted, skipped or released in its turn."""
        previous = None
        while found := self.next(1):
            if found[0].lease_id == previous:
                raise BadInput("The last item was neither submitted, skipped nor released.", "Do that in the loop.")
            previous = found[0].lease_id
            yield found[0]

    def _item(self, leased: Mapping[str, Any]) -> Item:
        lease, task = leased["lease"], leased["task"]
        text = task["content"].get(self._text_column, "")
        return Item(lease["id"], task["id"], task["seq"], str(text), task["content"], lease["deadline"])

    def __repr__(self) -> str:
        return f"<labeller {self.name}>"

    @abstractmethod
    def _next(self, count: int) -> list[Mapping[str, Any]]: ...

    @abstractmethod
    def _submit(self, lease_id: str, key: str, answers: dict[str, Any]) -> str: ...


class Project(ABC):
    """One labelling job: what goes in (`add`), how far it is (`progress`), what comes out (`truth`, `export`)."""

    def __init__(self, facts: Mapping[str, Any]) -> None:
        self._facts = facts

    @property
    def id(self) -> str:
        """The project's id."""
        return str(self._facts["id"])

    @property
    def name(self) -> str:
        """The project's name."""
        return str(self._facts["name"])

    @property
    def questions(self) -> list[Mapping[str, Any]]:
        """The questions, in their JSON form."""
        return list(self._facts["questions"])

    @property
    def labels(self) -> list[str]:
        """The labels of the first question."""
        return list(self._facts["questions"][0].get("labels", ()))

    def add(
        self,
        rows: Any,
        *,
        text: str | None = None,
        duplicates: DuplicatePolicy = "keep",
        again: bool = False,
        key: str | None = None,
    ) -> ImportReport:
        """Add tasks, all or none: texts, mappings, a pandas, polars or pyarrow table, a Hugging Face dataset, or a path.

        `text` names the column to label, where it is not the project's own: it is renamed on the way in (for a path, the
        project must be empty). A file with the same bytes is added once, unless `again`; other rows each time, unless
        they come with the same `key`. Raises BadInput, BadFile with row and column.
        """
        path = as_path(rows)
        if path is not None:
            return self._add_file(path, text, duplicates, again)
        items: Iterable[Any] = rows_of(rows)
        if text is not None:
            items = (_renamed(one, text, self._facts["text_column"]) for one in items)
        report = self._add_rows(items, duplicates, key or new_key())
        self._refresh()
        return report

    @abstractmethod
    def progress(self) -> Progress:
        """How many tasks and answers there are and are wanted."""

    @abstractmethod
    def workers(self) -> list[WorkerProgress]:
        """Each worker's part."""

    def truth(self, question: str | None = None) -> Truth:
        """The inferred label of every task with its probability, and whom it rests on."""
        pages = self._truth_pages(question)
        first = next(pages)
        tasks = list(first["tasks"])
        for page in pages:
            tasks += page["tasks"]
        return Truth(first, tasks, str(self._facts["text_column"]))

    def annotations(self) -> Table:
        """Every answer that counts: task, seq, worker, question, label, at, lease, guideline_version, version."""
        columns, rows = self._votes()
        return Table(columns, list(rows))

    @abstractmethod
    def export(self, path: str | os.PathLike[str], *, votes: bool = False, force: bool = False) -> Path:
        """Write the labels (or every answer) to a .csv, .jsonl or .parquet file. Raises AlreadyExists unless `force`."""

    @abstractmethod
    def label_as(self, name: str | None = None) -> Labeller:
        """Somebody who answers in this project: oneself, or a new or known worker such as a model."""

    @abstractmethod
    def pause(self) -> None:
        """Hand out no more tasks."""

    @abstractmethod
    def resume(self) -> None:
        """Hand out tasks again."""

    def __repr__(self) -> str:
        found = self.progress()
        return f"<project {self.name}: {found.done:,} of {found.tasks:,} tasks done, labels {', '.join(self.labels)}>"

    @abstractmethod
    def _refresh(self) -> None: ...

    @abstractmethod
    def _add_file(self, path: Path, text: str | None, duplicates: DuplicatePolicy, again: bool) -> ImportReport: ...

    @abstractmethod
    def _add_rows(self, rows: Iterable[Any], duplicates: DuplicatePolicy, key: str) -> ImportReport: ...

    @abstractmethod
    def _truth_pages(self, question: str | None) -> Iterator[Mapping[str, Any]]: ...

    @abstractmethod
    def _votes(self) -> tuple[Sequence[str], Iterator[Mapping[str, Any]]]: ...


class Workspace(ABC):
    """A workspace, and, where it has just one project, that project too: `tw.open("reviews.tawsim").truth()`."""

    @property
    @abstractmethod
    def name(self) -> str:
        """The workspace's name."""

    @abstractmethod
    def projects(self) -> list[Project]:
        """All projects, in the order they were made."""

    def project(self, name: str | None = None) -> Project:
        """The project of that name; without one, the only project. Raises NotFound with the names there are."""
        found = self.projects()
        if name is None:
            if len(found) == 1:
                return found[0]
            names = ", ".join(one.name for one in found) or "none yet"
            raise NotFound(
                f"This workspace has {len(found)} projects: {names}.",
                "Name one: .project(name)." if found else "Make one: .create_project(name, labels=[…]).",
            )
        for one in found:
            if name in (one.name, one.id):
                return one
        raise NotFound(f"There is no project “{name}”.", "Projects: " + ", ".join(one.name for one in found))

    def create_project(
        self,
        name: str,
        labels: Sequence[str] | None = None,
        *,
        questions: Sequence[Mapping[str, Any]] | None = None,
        multiple: bool = False,
        overlap: int = 1,
        text_column: str = "text",
        guideline: str = "",
        order: TaskOrder = "fifo",
        key: str | None = None,
    ) -> Project:
        """Make a project that asks for one of `labels` (with `multiple`, any number of them), or several `questions`.

        Raises BadInput, AlreadyExists.
        """
        if (labels is None) == (questions is None):
            raise BadInput("A project needs labels, or else questions.")
        if questions is None:
            questions = [{"kind": "choices" if multiple else "choice", "name": "label", "labels": list(labels or ())}]
        facts = {
            "name": name, "questions": [dict(one) for one in questions], "text_column": text_column,
            "guideline": guideline, "overlap": overlap, "order": order,
        }  # fmt: skip
        return self._create_project(facts, key or new_key())

    @abstractmethod
    def close(self) -> None:
        """Let go of the file or the connection."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<workspace {self.name}: {', '.join(one.name for one in self.projects()) or 'no project yet'}>"

    @abstractmethod
    def _create_project(self, facts: dict[str, Any], key: str) -> Project: ...

    # ---- a workspace with one project is that project too -------------------------------------------------------
    def add(
        self,
        rows: Any,
        *,
        text: str | None = None,
        duplicates: DuplicatePolicy = "keep",
        again: bool = False,
        key: str | None = None,
    ) -> ImportReport:
        """`Project.add` of the only project."""
        return self.project().add(rows, text=text, duplicates=duplicates, again=again, key=key)

    def progress(self) -> Progress:
        """`Project.progress` of the only project."""
        return self.project().progress()

    def truth(self, question: str | None = None) -> Truth:
        """`Project.truth` of the only project."""
        return self.project().truth(question)

    def annotations(self) -> Table:
        """`Project.annotations` of the only project."""
        return self.project().annotations()

    def export(self, path: str | os.PathLike[str], *, votes: bool = False, force: bool = False) -> Path:
        """`Project.export` of the only project."""
        return self.project().export(path, votes=votes, force=force)

    def label_as(self, name: str | None = None) -> Labeller:
        """`Project.label_as` of the only project."""
        return self.project().label_as(name)


def _renamed(row: Any, old: str, new: str) -> Any:
    if not isinstance(row, Mapping) or old == new or old not in row:
        return row
    return {new if name == old else name: value for name, value in row.items()}


def to_json_bytes(value: Any) -> bytes:
    """Compact UTF-8 JSON. Raises BadInput for what JSON cannot hold."""
    try:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode("utf-8")
    except (TypeError, ValueError, RecursionError) as error:
        raise BadInput(f"The rows hold a value that JSON cannot: {error}.") from None
