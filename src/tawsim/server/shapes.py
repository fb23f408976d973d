"""The shapes of answers, for the OpenAPI description only: what a client of any language may rely on. No behaviour.

Where an answer is one of core's records, that record is the shape, so that Python, SQL, HTTP and TypeScript keep one word.
"""

from dataclasses import dataclass
from typing import Any, Literal

from tawsim.core.records import (
    AnnotationState,
    Block,
    ImportReport,
    LeaseState,
    NoneReason,
    Progress,
    ProjectState,
    Settings,
    Task,
    TaskOrder,
    Worker,
    WorkerProgress,
)


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
    """Where a project stands, who is labelling, how far they agree."""

    progress: Progress
    workers: list[WorkerProgress]
    agreement: Agreement | None


@dataclass(frozen=True)
class LeaseFacts:
    """A live lease."""

    id: str
    task_id: str
    deadline: int
    round: int


@dataclass(frozen=True)
class CandidateFacts:
    """One of the texts that a question compares, blind: A, B, C, … in the order drawn for this lease."""

    name: str
    value: Any


@dataclass(frozen=True)
class SuggestionFacts:
    """A prediction that the project shows before its workers answer."""

    answer: Any
    source: str
    p: float | None


@dataclass(frozen=True)
class MediaFacts:
    """A picture or a sound of the project."""

    url: str
    type: str
    width: int | None
    height: int | None
    seconds: float | None


@dataclass(frozen=True)
class TaskContent:
    """A task as its worker sees it: candidates and suggestions by question, media by the value in the row."""

    id: str
    seq: int
    content: dict[str, Any]
    candidates: dict[str, list[CandidateFacts]]
    suggestions: dict[str, SuggestionFacts]
    media: dict[str, MediaFacts]


@dataclass(frozen=True)
class PreviousAnswers:
    """What an undo took back."""

    answers: dict[str, Any]
    comment: str
    flag: bool


@dataclass(frozen=True)
class LeasedTaskShape:
    """A task in the caller's hands."""

    lease: LeaseFacts
    task: TaskContent
    previous: PreviousAnswers | None


@dataclass(frozen=True)
class NoneFacts:
    """Why there are fewer tasks than asked for, and when to ask again."""

    reason: NoneReason
    retry_after_s: int | None


@dataclass(frozen=True)
class NextShape:
    """The leases the caller holds, old ones first."""

    leases: list[LeasedTaskShape]
    none: NoneFacts | None


@dataclass(frozen=True)
class AnnotationFacts:
    """An accepted answer."""

    id: str
    task_id: str
    version: int
    state: AnnotationState
    late: bool


@dataclass(frozen=True)
class SubmittedShape:
    """What became of a submit. `repeated`: the key was seen before, and this is the first result again."""

    annotation: AnnotationFacts
    repeated: bool


@dataclass(frozen=True)
class EditedShape:
    """The new version."""

    annotation: AnnotationFacts


@dataclass(frozen=True)
class EndedLease:
    """A lease and its state."""

    id: str
    state: LeaseState


@dataclass(frozen=True)
class LeaseShape:
    """What became of a lease."""

    lease: EndedLease


@dataclass(frozen=True)
class DeadlineShape:
    """When the lease ends now."""

    deadline: int


@dataclass(frozen=True)
class OwnAnnotation:
    """One of the caller's answers with its task."""

    id: str
    project_id: str
    task_id: str
    lease_id: str
    worker_id: str
    round: int
    state: AnnotationState
    version: int
    answers: dict[str, Any]
    created_at: int
    late: bool
    guideline_version: int
    schema_version: int
    comment: str
    flag: bool
    task: TaskContent


@dataclass(frozen=True)
class OwnAnnotationsShape:
    """The caller's answers, newest first; `next` is the `before` of the following page."""

    annotations: list[OwnAnnotation]
    next: str | None


@dataclass(frozen=True)
class KeptDraft:
    """Late work that was kept, with whose it is and on which task."""

    id: str
    task_id: str
    lease_id: str
    worker_id: str
    answers: dict[str, Any]
    created_at: int
    adopted_as: str | None
    project_id: str
    worker_name: str
    task: TaskContent


@dataclass(frozen=True)
class DraftsShape:
    """Kept late work, oldest first; `next` is the `after` of the following page."""

    drafts: list[KeptDraft]
    next: str | None


@dataclass(frozen=True)
class TasksShape:
    """A page of tasks; `next` is the `after` of the following page."""

    tasks: list[Task]
    next: int | None


@dataclass(frozen=True)
class TruthTask:
    """A task's label, its probability, and what it rests on. `label` is null where nobody answered."""

    task_id: str
    seq: int
    content: dict[str, Any]
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
class InvitedWorker:
    """A worker; `invited` while a link waits to be opened."""

    id: str
    name: str
    kind: str
    role: str
    active: bool
    created_at: int
    invited: bool


@dataclass(frozen=True)
class WorkersShape:
    """Everybody in the workspace."""

    workers: list[InvitedWorker]


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
