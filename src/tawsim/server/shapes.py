"""The shapes of answers, for the OpenAPI description only: what a client of any language may rely on. No behaviour.

Where an answer is one of core's records, that record is the shape, so that Python, SQL, HTTP and TypeScript keep one word.
"""

from dataclasses import dataclass
from typing import Any, Literal

from tawsim.core.records import (
    AnnotationState,
    Block,
    ImportReport,
    Progress,
    ProjectState,
    Task,
    TaskOrder,
    Worker,
    WorkerProgress,
)
from tawsim.core.settings import Settings
from tawsim.server.work_shapes import MediaFacts


@dataclass(frozen=True)
class ErrorFacts:
    """A stable code, what happened, what to do, and facts for a program."""

    code: str
    message: str
    hint: str
    details: dict[str, Any]


@dataclass(frozen=True)
class ErrorShape:
    """Every error."""

    error: ErrorFacts


@dataclass(frozen=True)
class HealthShape:
    """Whether the server answers."""

    status: Literal["ok"]
    version: str


@dataclass(frozen=True)
class NamedWorkspace:
    """Which workspace a session is in."""

    id: str
    name: str


@dataclass(frozen=True)
class SessionShape:
    """Who is signed in, and where. `demo`: the other people are simulated."""

    workspace: NamedWorkspace
    worker: Worker
    version: str
    demo: bool


@dataclass(frozen=True)
class ProjectFacts:
    """A project and its settings. What a question of each kind has is told in docs/reference/kinds.md."""

    id: str
    name: str
    questions: list[dict[str, Any]]
    text_column: str
    guideline: str
    guideline_version: int
    overlap: int
    lease_seconds: int
    max_lease_seconds: int
    max_leases: int
    skip_limit: int
    order: TaskOrder
    state: ProjectState
    version: int
    created_at: int
    content: list[Block]
    settings: Settings
    schema_version: int


@dataclass(frozen=True)
class ProjectShape:
    """One project."""

    project: ProjectFacts


@dataclass(frozen=True)
class OwnPart:
    """The caller's own part in a project."""

    answers: int
    skips: int
    leases: int
    last_at: int | None


@dataclass(frozen=True)
class OverviewShape:
    """A project, where it stands (owners only), and the caller's own part."""

    project: ProjectFacts
    progress: Progress | None
    mine: OwnPart


@dataclass(frozen=True)
class ProjectsShape:
    """All projects."""

    projects: list[OverviewShape]


@dataclass(frozen=True)
class Agreement:
    """Krippendorff's alpha with its 95 % interval, over `tasks` that have two answers or more."""

    alpha: float
    low: float
    high: float
    tasks: int
    measure: str


@dataclass(frozen=True)
class ProgressShape:
    """Where a project stands, who is labelling, how far they agree (null while `agreement_computing`: ask again, and where
    too few have answered). `scale_type`: of one whose tasks come by the Scale API."""

    progress: Progress
    workers: list[WorkerProgress]
    agreement: Agreement | None
    agreement_computing: bool
    scale_type: str | None


@dataclass(frozen=True)
class TaskWithAsks(Task):
    """A task; `asks` in a project whose rows say what they ask."""

    asks: dict[str, Any] | None = None  # always there; what it is made from ends with fields that have a default


@dataclass(frozen=True)
class TasksShape:
    """A page of tasks; `next` is the `after` of the following page."""

    tasks: list[TaskWithAsks]
    next: int | None


@dataclass(frozen=True)
class TruthTask:
    """A task's label, its probability, and what it rests on. `label` is null where nobody answered; `low` and `high` are the
    95 % interval of a number."""

    task_id: str
    seq: int
    content: dict[str, Any]
    media: dict[str, MediaFacts]
    label: Any
    p: float | None
    votes: dict[str, int]
    probabilities: dict[str, float]
    answers: int
    low: float | None
    high: float | None


@dataclass(frozen=True)
class Sure:
    """How many tasks have a label at least this probable."""

    threshold: float
    tasks: int


@dataclass(frozen=True)
class TruthSummary:
    """The project in four numbers."""

    tasks: int
    labelled: int
    mean_p: float | None
    sure: Sure


@dataclass(frozen=True)
class WorkerTrust:
    """How far a worker agrees with the truth, with a 95 % interval, in words, and why."""

    worker: Worker
    answers: int
    judged: int
    accuracy: float | None
    low: float | None
    high: float | None
    verdict: Literal["trusted", "careless", "mixes", "unsure"]
    why: dict[str, Any]
    confusion: list[list[float]]


@dataclass(frozen=True)
class TruthShape:
    """A page of truth."""

    question: str
    model: str
    why: str
    why_code: str
    why_facts: dict[str, Any]
    labels: list[str]
    measure: str
    misfits: int
    summary: TruthSummary
    workers: list[WorkerTrust]
    agreement: Agreement | None
    tasks: list[TruthTask]
    next: int | None


@dataclass(frozen=True)
class InvitationShape:
    """A one-time link, shown once."""

    worker: Worker
    link: str


@dataclass(frozen=True)
class ActiveShape:
    """A worker let in or out."""

    worker: str
    active: bool


@dataclass(frozen=True)
class StateOfAnnotation:
    """An annotation's new state."""

    id: str
    state: AnnotationState
    version: int


@dataclass(frozen=True)
class RejectedShape:
    """The rejected answer."""

    annotation: StateOfAnnotation


@dataclass(frozen=True)
class TaskChangeShape:
    """A changed task: its new overlap, round or state."""

    task: str
    overlap: int | None = None
    round: int | None = None
    state: str | None = None


ImportShape = ImportReport
