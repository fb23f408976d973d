"""The shapes of what the routes of review and of decisions answer, for the OpenAPI description only. No behaviour."""

from dataclasses import dataclass
from typing import Any, Literal

from tawsim.server.work_shapes import CandidateFacts, MediaFacts, SuggestionFacts


@dataclass(frozen=True)
class ReviewedTask:
    """The row as its labeller saw it."""

    id: str
    seq: int
    content: dict[str, Any]
    candidates: dict[str, list[CandidateFacts]]
    suggestions: dict[str, SuggestionFacts]
    media: dict[str, MediaFacts]
    asks: dict[str, Any] | None


@dataclass(frozen=True)
class ReviewedAnswer:
    """The answer as it is now. `misfits`: questions whose answer does not fit them any more."""

    id: str
    version: int
    answers: dict[str, Any]
    comment: str
    flag: bool
    created_at: int
    late: bool
    guideline_version: int
    schema_version: int
    misfits: list[str]


@dataclass(frozen=True)
class EarlierVersion:
    """What the answer was before."""

    version: int
    at: int
    answers: dict[str, Any]
    comment: str
    flag: bool


@dataclass(frozen=True)
class EarlierReview:
    """A verdict on it; `reviewer` (a name) for managers alone."""

    id: str
    verdict: Literal["accept", "fix", "reject"]
    seen_version: int
    reason: str
    words: str
    answers: dict[str, Any] | None
    at: int
    undone: bool
    reviewer: str | None


@dataclass(frozen=True)
class Author:
    """Who answered; for managers alone."""

    id: str
    name: str


@dataclass(frozen=True)
class ReviewItem:
    """An answer in a reviewer's hands until `held_until`. `why` it is here: asked, flag, risk, random, all."""

    held_until: int
    why: str
    task: ReviewedTask
    answer: ReviewedAnswer
    versions: list[EarlierVersion]
    reviews: list[EarlierReview]
    author: Author | None


@dataclass(frozen=True)
class BulkFacts:
    """An acceptance of many answers at once: running, done or undone."""

    id: str
    threshold: float
    accepted: int
    state: Literal["running", "done", "undone"]
    at: int


@dataclass(frozen=True)
class BulkShape:
    """What became of one."""

    bulk: BulkFacts


@dataclass(frozen=True)
class BulkRow(BulkFacts):
    """One in a list, with who did it."""

    actor_name: str


@dataclass(frozen=True)
class ReviewQueueShape:
    """Answers that wait, that are held, and verdicts that the caller gave."""

    waiting: int
    held: int
    by_you: int


@dataclass(frozen=True)
class BulksShape:
    """The last acceptances of many, the newest first."""

    bulks: list[BulkRow]


@dataclass(frozen=True)
class NextReviewShape(ReviewQueueShape):
    """The answer that the caller holds now; null: nothing is left for them."""

    item: ReviewItem | None


@dataclass(frozen=True)
class ReviewFacts:
    """A verdict that was given."""

    id: str
    annotation_id: str
    verdict: Literal["accept", "fix", "reject"]
    seen_version: int
    at: int


@dataclass(frozen=True)
class ReviewShape:
    """The verdict."""

    review: ReviewFacts


@dataclass(frozen=True)
class UndoneReview:
    """The verdict that was taken back."""

    id: str
    annotation_id: str


@dataclass(frozen=True)
class UndoneReviewShape:
    """What was taken back, and the answer, held again (null where it does not wait for review)."""

    review: UndoneReview
    item: ReviewItem | None


@dataclass(frozen=True)
class ReleasedShape:
    """The answer that was given back unreviewed."""

    annotation: str


@dataclass(frozen=True)
class LookedWrong:
    """Answers that somebody chose for a reason, and how many were wrong: says nothing of the others."""

    n: int
    wrong: int


@dataclass(frozen=True)
class CheckedFacts:
    """Of answers like these that people looked at because chance chose them, how many were wrong; the 95 % interval of that
    share. `looked`: those that were chosen for a reason."""

    n: int
    wrong: int
    low: float
    high: float
    looked: LookedWrong


@dataclass(frozen=True)
class BulkPreviewShape:
    """What accepting at once would do: `expected` wrong ones, `low` to `high` in 95 % of cases. `until` goes into the request."""

    threshold: float
    answers: int
    tasks: int
    waiting: int
    expected: float
    low: int
    high: int
    checked: CheckedFacts
    until: str


@dataclass(frozen=True)
class OptionFacts:
    """One of the answers to a task, without its author: A, B, C, … in an order drawn for this decider."""

    letter: str
    answers: dict[str, Any]
    words: str
    flag: bool


@dataclass(frozen=True)
class DecidedFacts:
    """What stands already; `by` (a name) for managers alone."""

    settles: Literal["answers", "cannot"]
    answers: dict[str, Any] | None
    words: str
    at: int
    by: str | None


@dataclass(frozen=True)
class CaseFacts:
    """A task before a decider. `seen` goes into the decision; `value`: doubt × answers."""

    seen: str
    task: ReviewedTask
    options: list[OptionFacts]
    decided: DecidedFacts | None
    guideline_version: int
    value: float


@dataclass(frozen=True)
class CaseShape:
    """One task."""

    case: CaseFacts


@dataclass(frozen=True)
class NextCaseShape:
    """The task most worth deciding; null: none is left for the caller."""

    case: CaseFacts | None
    waiting: int
    by_you: int


@dataclass(frozen=True)
class TruthOfTask:
    """What the truth says of one question, in the names that the decider is shown."""

    question: str
    model: str
    label: Any
    p: float | None
    probabilities: dict[str, float]
    votes: dict[str, int]


@dataclass(frozen=True)
class PeekShape:
    """By question."""

    truth: list[TruthOfTask]


@dataclass(frozen=True)
class DecisionFacts:
    """A decision that was made."""

    id: str
    task_id: str
    settles: Literal["answers", "cannot", "open"]
    at: int


@dataclass(frozen=True)
class DecisionShape(PeekShape):
    """The decision, and what the truth had said until then."""

    decision: DecisionFacts


@dataclass(frozen=True)
class DecisionRow:
    """A decision that stands; who made it for managers alone."""

    id: str
    task_id: str
    seq: int
    settles: Literal["answers", "cannot", "open"]
    words: str
    at: int
    peeked: bool
    by: str | None


@dataclass(frozen=True)
class DecisionsShape:
    """Decisions that stand, the newest first."""

    decisions: list[DecisionRow]
    next: str | None
