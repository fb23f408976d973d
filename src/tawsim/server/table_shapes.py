"""The shapes of the task table's answers, for the OpenAPI description only. No behaviour."""

from dataclasses import dataclass
from typing import Any, Literal

from tawsim.server.work_shapes import MediaFacts


@dataclass(frozen=True)
class TableRow:
    """One task in the table. Times in µs; `cells` are columns of its row, cut at 300 characters; `votes`: label → answers."""

    seq: int
    id: str
    state: Literal["open", "done", "skipped", "removed"]
    accepted: int
    overlap: int
    missing: int
    leases: int
    skips: int
    round: int
    priority: int
    purpose: str
    due: int | None
    changed: int | None
    distinct: int
    flagged: bool
    comment: bool
    reviewed: list[str]
    label: str | None
    p: float | None
    votes: dict[str, int]
    tags: list[str]
    cells: dict[str, str | None]


@dataclass(frozen=True)
class WaitShape:
    """What is still being read: table, truth or search; how much of it is there (null: unknown)."""

    what: str
    share: float | None


@dataclass(frozen=True)
class TableShape:
    """A page. While `waits` is not empty there are no rows yet: ask again. `next` begins the next page."""

    tasks: list[TableRow]
    total: int | None
    next: str | None
    waits: list[WaitShape]
    has_truth: bool
    question: str
    query: str


@dataclass(frozen=True)
class NameShape:
    """A name that filters: its type, operators, words to choose from, and whether one can sort by it."""

    name: str
    type: str
    operators: list[str]
    words: list[str]
    sorts: bool


@dataclass(frozen=True)
class TagShape:
    """A tag and how many tasks have it."""

    id: str
    name: str
    tasks: int


@dataclass(frozen=True)
class MakerShape:
    """Who made a view, and whether they are still here."""

    name: str
    active: bool


@dataclass(frozen=True)
class ViewShape:
    """A saved view."""

    id: str
    name: str
    query: str
    columns: list[str]
    shared: bool
    mine: bool
    by: MakerShape
    version: int
    created_at: int


@dataclass(frozen=True)
class PersonName:
    """Somebody, by name."""

    id: str
    name: str


@dataclass(frozen=True)
class TableFacts:
    """What a page of the table needs besides rows."""

    names: list[NameShape]
    columns: list[str]
    text_column: str
    labels: list[str]
    tags: list[TagShape]
    workers: list[PersonName]
    views: list[ViewShape]
    searched: str
    state: dict[str, Any]


@dataclass(frozen=True)
class AnswerSide:
    """One answer of one round, accepted or not."""

    id: str
    worker: PersonName
    round: int
    state: str
    version: int
    schema_version: int
    late: bool
    flag: bool
    comment: str
    answers: dict[str, Any]
    created_at: int
    at: int


@dataclass(frozen=True)
class StepShape:
    """A step of a task's history."""

    at: int
    kind: str
    by: PersonName | None
    object_id: str | None
    data: dict[str, Any]


@dataclass(frozen=True)
class ProjectHead:
    """The project of a task."""

    id: str
    name: str
    text_column: str


@dataclass(frozen=True)
class TaskShape:
    """One task in full."""

    task: TableRow
    content: dict[str, Any]
    media: dict[str, MediaFacts]
    questions: list[dict[str, Any]]
    project: ProjectHead
    answers: list[AnswerSide]
    probabilities: dict[str, float]
    history: list[StepShape]
    asks: dict[str, Any] | None


@dataclass(frozen=True)
class BulkPreview:
    """What an action would do to how many tasks, and why others are left out."""

    action: str
    value: Any
    tasks: int
    change: int
    left_out: dict[str, int]
    answers: int
    leases: int
    can_undo: bool


@dataclass(frozen=True)
class JobFacts:
    """An action on many tasks: `looked` of `total` are behind it."""

    id: str
    action: str
    value: Any
    query: str
    state: Literal["preparing", "running", "done", "dropped"]
    total: int
    looked: int
    changed: int
    left_out: dict[str, int]
    by: str
    undoes: str | None
    undone_by: str | None
    can_undo: bool
    created_at: int
    ended_at: int | None


@dataclass(frozen=True)
class JobShape:
    """One of them."""

    job: JobFacts


@dataclass(frozen=True)
class JobsShape:
    """The latest of them, the newest first."""

    jobs: list[JobFacts]


@dataclass(frozen=True)
class ViewsShape:
    """One's own views and the team's."""

    views: list[ViewShape]


@dataclass(frozen=True)
class TagsShape:
    """The tags of a project."""

    tags: list[TagShape]
