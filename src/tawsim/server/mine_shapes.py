"""The shapes of a person's own page, of notices and of disputes, for the OpenAPI description only. No behaviour.

Times are microseconds, amounts millionths of a currency.
"""

from dataclasses import dataclass
from typing import Any, Literal

from tawsim.server.work_shapes import TaskContent


@dataclass(frozen=True)
class AnswerCounts:
    """A person's answers by what became of them."""

    accepted: int
    rejected: int
    withdrawn: int


@dataclass(frozen=True)
class ReviewCounts:
    """Reviews of a person's answers; `accepted` is null where it is not shown."""

    fixed: int
    rejected: int
    accepted: int | None


@dataclass(frozen=True)
class LookedShape:
    """Acts that somebody chose for a reason (doubt, a flag, a wish, a disagreement): `right` of `n`. Says nothing of the others,
    so there is no share and no interval."""

    n: int
    right: float


@dataclass(frozen=True)
class SourceCount:
    """What one source says. `fair`: of answers that chance chose, or all; these make the score. Training never does."""

    source: Literal["training", "gold", "review", "decision", "dispute"]
    fair: bool
    n: int
    right: float


@dataclass(frozen=True)
class OwnScore:
    """The share right of the `n` answers that were judged because chance chose them (or all were), with its 95 % interval, beside
    what the project asks; `more` such answers would tell, if it stays as it is. `looked`: the other judged answers."""

    n: int
    right: float
    mean: float
    low: float
    high: float
    pass_at: float
    verdict: Literal["above", "below", "open"]
    more: int
    looked: LookedShape
    sources: list[SourceCount]


@dataclass(frozen=True)
class WorkDayShape:
    """One day. `on_word` is the part of `active` that rests on what the browser said; `amounts` by currency."""

    day: str
    active: int
    on_word: int
    answers: int
    amounts: dict[str, int]


@dataclass(frozen=True)
class HoursShape:
    """Active time in the project, and the last days of it."""

    active: int
    on_word: int
    today: int
    answers: int
    idle_seconds: int
    days: list[WorkDayShape]


@dataclass(frozen=True)
class RatesShape:
    """What an hour and an answer pay now."""

    per_hour: int
    per_answer: int
    currency: str


@dataclass(frozen=True)
class FloorShape:
    """The least that an active hour comes to."""

    per_hour: int
    currency: str


@dataclass(frozen=True)
class PaySum:
    """What was paid in all, and what an active hour has come to."""

    currency: str
    amount: int
    per_hour: int | None


@dataclass(frozen=True)
class PayShape:
    """Pay in the project."""

    rates: RatesShape
    floor: FloorShape | None
    sums: list[PaySum]


@dataclass(frozen=True)
class GuidelineSeen:
    """The version there is, and the one that was seen last."""

    version: int
    seen: int


@dataclass(frozen=True)
class OwnPageShape:
    """A person's own work in a project. A manager who looks at them gets the same."""

    worker: dict[str, str]
    time_zone: str
    answers: AnswerCounts
    reviews: ReviewCounts
    dispute_days: int
    score: OwnScore
    reviewing: LookedShape
    hours: HoursShape
    pay: PayShape
    guideline: GuidelineSeen


@dataclass(frozen=True)
class OwnDispute:
    """A dispute as its author sees it; `judges` is how many people may judge it, while it is open."""

    id: str
    state: Literal["open", "judged"]
    words: str
    at: int
    judges: int | None
    right: Literal["author", "reviewer", "neither"] | None
    reason: str | None
    answers: dict[str, Any] | None
    counts: bool | None
    judged_at: int | None


@dataclass(frozen=True)
class OwnReview:
    """A review as the answer's author sees it. `seen_answers`: what was reviewed, where it was changed since."""

    id: str
    verdict: Literal["accept", "fix", "reject"]
    reason: str
    words: str
    answers: dict[str, Any] | None
    seen_answers: dict[str, Any] | None
    at: int
    dispute_until: int | None
    dispute: OwnDispute | None


@dataclass(frozen=True)
class OwnAnswer:
    """An answer and what became of it, in one word and in full."""

    id: str
    at: int
    version: int
    state: Literal["accepted", "rejected", "withdrawn"]
    became: Literal["accepted", "reviewed", "fixed", "rejected", "disputed", "withdrawn"]
    late: bool
    guideline_version: int
    comment: str
    answers: dict[str, Any]
    task: TaskContent
    reviews: list[OwnReview]


@dataclass(frozen=True)
class OwnAnswersPage:
    """A page; `next` is the `before` of the following one."""

    answers: list[OwnAnswer]
    next: str | None


@dataclass(frozen=True)
class NoticeShape:
    """What a person is told. `kind` chooses the sentence, `data` holds its facts."""

    id: str
    kind: str
    project_id: str | None
    project: str | None
    object_id: str | None
    data: dict[str, Any]
    at: int
    seen_at: int | None


@dataclass(frozen=True)
class NoticesShape:
    """A page of notices; `next` is the `before` of the following one."""

    notices: list[NoticeShape]
    unseen: int
    next: str | None


@dataclass(frozen=True)
class UnseenShape:
    """How many notices were not seen."""

    unseen: int


@dataclass(frozen=True)
class SeenShape:
    """The version of the guideline that was seen."""

    seen: int


@dataclass(frozen=True)
class OpenedDispute:
    """A new dispute."""

    id: str
    review_id: str
    state: Literal["open"]
    at: int


@dataclass(frozen=True)
class OpenedShape:
    """What became of disputing."""

    dispute: OpenedDispute


@dataclass(frozen=True)
class SideShape:
    """One side, blind: its answer (null: a rejection, which has none) and its words."""

    name: Literal["a", "b"]
    answers: dict[str, Any] | None
    words: str


@dataclass(frozen=True)
class HeldDispute:
    """A dispute in a judge's hands. A verdict names `hold`."""

    id: str
    hold: int
    held_until: int
    task: TaskContent
    sides: list[SideShape]


@dataclass(frozen=True)
class NextDisputeShape:
    """The dispute to judge, or null where there is none for this judge."""

    dispute: HeldDispute | None


@dataclass(frozen=True)
class JudgedShort:
    """A verdict of the caller's own."""

    id: str
    at: int
    right: Literal["a", "b", "neither"]
    reason: str


@dataclass(frozen=True)
class DisputeQueueShape:
    """What waits. `stuck`: open ones that nobody here may judge."""

    open: int
    held: int
    stuck: int
    oldest_at: int | None
    for_you: bool
    judged: list[JudgedShort]


@dataclass(frozen=True)
class JudgedDispute:
    """A settled dispute."""

    id: str
    state: Literal["judged"]
    at: int


@dataclass(frozen=True)
class VerdictShape:
    """What became of a verdict."""

    dispute: JudgedDispute
