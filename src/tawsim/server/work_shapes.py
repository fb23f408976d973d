"""The shapes of what the routes of a worker's own work answer, for the OpenAPI description only. No behaviour.

What all of the API shares is in shapes.py.
"""

from dataclasses import dataclass
from typing import Any

from tawsim.core.records import AnnotationState, LeaseState, NoneReason


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
    """A task as its worker sees it: candidates and suggestions by question, media by the value in the row. `asks`, in a
    project whose rows say what they ask: each question that is asked → true, or {"labels"} that are on offer."""

    id: str
    seq: int
    content: dict[str, Any]
    candidates: dict[str, list[CandidateFacts]]
    suggestions: dict[str, SuggestionFacts]
    media: dict[str, MediaFacts]
    asks: dict[str, Any] | None


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
class StandingFacts:
    """Where the caller stands in the training round: examples answered, or answers towards the qualification, `done` of at
    most `of`."""

    stage: str
    done: int
    of: int


@dataclass(frozen=True)
class NextShape:
    """The leases the caller holds, old ones first. `standing`: null outside the training round."""

    leases: list[LeasedTaskShape]
    none: NoneFacts | None
    standing: StandingFacts | None


@dataclass(frozen=True)
class AnnotationFacts:
    """An accepted answer."""

    id: str
    task_id: str
    version: int
    state: AnnotationState
    late: bool


@dataclass(frozen=True)
class TrainingFacts:
    """What is told of a worked example once it was answered. `score`: 0 to 1; `expected`: answers by question."""

    right: bool
    score: float
    expected: dict[str, Any]
    explanation: str


@dataclass(frozen=True)
class SubmittedShape:
    """What became of a submit. `repeated`: the key was seen before, and this is the first result again. `training`: null but
    for an example of the training round."""

    annotation: AnnotationFacts
    repeated: bool
    training: TrainingFacts | None


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
