"""The shapes of the quality page's answers, for the OpenAPI description. No behaviour."""

from dataclasses import dataclass
from typing import Any, Literal

Behind = dict[str, str | int]


@dataclass(frozen=True)
class Interval:
    """A share, a number of seconds or a kappa with its 95 % interval; null where it is not known."""

    value: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True)
class CountsShape:
    """What the figures rest on. `compared` tasks have two answers or more; `sampled`: of these so many were compared."""

    answers: int
    tasks: int
    compared: int
    people: int
    sampled: int | None


@dataclass(frozen=True)
class CellShape:
    """Of the `pairs` of answers in which one said the row's label, the share in which the other said the column's."""

    pairs: int
    value: float | None
    low: float | None
    high: float | None
    tasks: int
    behind: Behind


@dataclass(frozen=True)
class ConfusionShape:
    """Which labels meet in one task: a row and a column for each label."""

    labels: list[str]
    cells: list[list[CellShape]]


@dataclass(frozen=True)
class LabelQualityShape:
    """One label against all others together."""

    label: str
    answers: int
    agreement: dict[str, Any] | None
    behind: Behind


@dataclass(frozen=True)
class CommentShape:
    """What somebody said on a task."""

    seq: int
    task_id: str
    text: str


@dataclass(frozen=True)
class MixedShape:
    """Two labels that are mixed up. `of_all`: their share of all disagreement; `between`: of the pairs of answers that hold only
    these two, the share that holds both. `sentences` of the guideline that name both, or one."""

    a: str
    b: str
    pairs: int
    tasks: int
    of_all: Interval
    between: Interval
    behind: Behind
    sentences: dict[str, list[str]]
    comments: list[CommentShape]


@dataclass(frozen=True)
class PersonShape:
    """One person. `others`: how far their answers are like those of others to the same tasks; `truth`: by the
    truth; `evidence`: {n, right, value, low, high} by known answers and by reviews that chance chose, and `looked` {n, right} of
    answers chosen for a reason, which say nothing of the others; `pace` in a word, and `change` over time where there was one."""

    worker: str
    name: str
    kind: str
    answers: int
    compared: int
    others: Interval
    truth: dict[str, Any] | None
    evidence: dict[str, Any] | None
    seconds: Interval
    change: dict[str, Any] | None
    behind: Behind
    pace: dict[str, Any]


@dataclass(frozen=True)
class PairShape:
    """Two people who share tasks."""

    one: str
    other: str
    names: list[str]
    shared: int
    same: Interval
    kappa: Interval | None
    behind: Behind


@dataclass(frozen=True)
class AgainstTruthShape:
    """Of the `of` tasks whose truth is the one label, a person said the other in `n`."""

    worker: str
    name: str
    truth: str
    said: str
    n: int
    of: int
    value: float | None
    low: float | None
    high: float | None
    behind: Behind


@dataclass(frozen=True)
class SliceShape:
    """One way to part the tasks, and the agreement of each part."""

    kind: str
    name: str
    parts: list[dict[str, Any]]


@dataclass(frozen=True)
class TimeShape:
    """Agreement by when a task's last answer came. Times in µs."""

    unit: Literal["day", "week", "weeks"]
    points: list[dict[str, Any]]


@dataclass(frozen=True)
class HelpShape:
    """What would help most: a code with its facts, and the tasks behind it."""

    code: str
    facts: dict[str, Any]
    behind: Behind
    weight: float


@dataclass(frozen=True)
class QualityShape:
    """The quality of one question. `state` computing: there is no page yet, ask again; `computing`: a newer one is being made.
    `same`: what of spelling counts as the same in every figure."""

    project: str
    question: str
    title: str
    kind: str
    questions: list[dict[str, str]]
    schema_version: int
    guideline_version: int
    has_guideline: bool
    same: list[str]
    state: Literal["ready", "computing", "empty"]
    computing: bool
    as_of: int | None
    seconds: float
    counts: CountsShape
    measure: str
    metric: str
    agreement: list[dict[str, Any]]
    labels: list[LabelQualityShape]
    confusion: ConfusionShape | None
    mixed: list[MixedShape]
    people: list[PersonShape]
    pairs: list[PairShape]
    against_truth: list[AgainstTruthShape]
    slices: list[SliceShape]
    time: TimeShape
    change: dict[str, Any]
    helps: list[HelpShape]


@dataclass(frozen=True)
class GivenAnswerShape:
    """What one person answered and said."""

    worker: str
    name: str
    answer: Any
    comment: str
    flag: bool


@dataclass(frozen=True)
class BehindTaskShape:
    """One task behind a figure."""

    task_id: str
    seq: int
    text: str
    truth: Any
    p: float | None
    answers: list[GivenAnswerShape]


@dataclass(frozen=True)
class QualityTasksShape:
    """The tasks behind a figure, the most doubtful first: 50 of `total`."""

    total: int
    tasks: list[BehindTaskShape]
    computing: bool


@dataclass(frozen=True)
class QualityTableShape:
    """The rows of one table."""

    rows: list[dict[str, Any]]
