"""The shapes of what the routes of gold.py answer, for the OpenAPI description only. No behaviour."""

from dataclasses import dataclass
from typing import Any

from tawsim.core.records import NoneReason
from tawsim.server.work_shapes import MediaFacts, StandingFacts


@dataclass(frozen=True)
class ShareFacts:
    """A share of right answers with its 95 % interval, parts of right counted as such."""

    mean: float
    low: float
    high: float


@dataclass(frozen=True)
class KnownFacts:
    """A task of known answer. `state`: active, flagged or retired; `p_wrong`: how probable it is that its answer is wrong."""

    task_id: str
    seq: int
    content: dict[str, Any]
    media: dict[str, MediaFacts]
    purpose: str
    answers: dict[str, Any]
    explanation: str
    state: str
    version: int
    n: int
    right: float
    share: ShareFacts
    p_wrong: float
    asks: dict[str, Any] | None


@dataclass(frozen=True)
class KnownPageShape:
    """A page of them. `counts`: by purpose and state; `least_for_verdict`: the fewest answers that can qualify."""

    tasks: list[KnownFacts]
    next: str | None
    counts: dict[str, int]
    least_for_verdict: int


@dataclass(frozen=True)
class NamedFacts:
    """A worker by name."""

    id: str
    name: str


@dataclass(frozen=True)
class SaidFacts:
    """One answer to a task of known answer."""

    annotation_id: str
    worker: NamedFacts
    answers: dict[str, Any]
    score: float
    right: bool
    at: int


@dataclass(frozen=True)
class KnownTaskShape:
    """One of them, and who said what."""

    known: KnownFacts | None
    said: list[SaidFacts]


@dataclass(frozen=True)
class TaskShape:
    """The task that was changed."""

    task: str


@dataclass(frozen=True)
class PersonFacts:
    """Who labels."""

    id: str
    name: str
    kind: str
    role: str
    active: bool


@dataclass(frozen=True)
class LookedFacts:
    """Answers that somebody chose for a reason: `right` of `n`. Says nothing of the others."""

    n: int
    right: float


@dataclass(frozen=True)
class StageFacts:
    """Where one person stands: `right` of `n` answers that chance chose to be judged, with the 95 % interval of that share, and
    beside it what was `looked` at for a reason. `more`: how many more answers would tell; `quota`: limits of their own."""

    worker: PersonFacts
    stage: str
    since: int | None
    n: int
    right: float
    mean: float
    low: float
    high: float
    more: int
    looked: LookedFacts
    quota: dict[str, Any]


@dataclass(frozen=True)
class PeopleShape:
    """Everybody who labels, and the share that is asked for."""

    people: list[StageFacts]
    pass_at: float


@dataclass(frozen=True)
class StandingShape:
    """Where the caller stands, and why they are given nothing."""

    standing: StandingFacts | None
    none: NoneReason | None


@dataclass(frozen=True)
class QuotaShape:
    """One person's own limits."""

    worker: str
    quota: dict[str, Any]


@dataclass(frozen=True)
class LaneFacts:
    """A lane: "" is everybody's. `batch`: the name of the batch whose tasks stand in it; `held`: nobody is given any of them
    now; `open`: how many tasks wait in it."""

    id: str
    priority: int
    requirement: dict[str, Any]
    batch: str | None
    held: bool
    open: int


@dataclass(frozen=True)
class LanesShape:
    """All lanes of a project."""

    lanes: list[LaneFacts]


@dataclass(frozen=True)
class MovedShape:
    """How many tasks changed their lane."""

    moved: int
