"""The records of the way of the data, as frozen dataclasses: what the store returns, HTTP sends and Python users hold.

Times are microseconds since 1970 UTC. Ids are UUIDv7 text. Nothing here reads, writes or decides.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from tawsim.core.settings import AS_MADE, Settings

Role = Literal["owner", "manager", "reviewer", "labeller"]
WorkerKind = Literal["person", "model", "simulated"]
LeaseState = Literal["live", "submitted", "skipped", "released", "expired", "revoked"]
AnnotationState = Literal["accepted", "rejected", "withdrawn"]
ProjectState = Literal["running", "paused", "removed"]
TaskOrder = Literal["fifo", "random"]
Purpose = Literal["work", "gold", "training"]
NoneReason = Literal["done", "leased", "paused", "deactivated", "quota", "not_a_member", "not_qualified"]
DuplicatePolicy = Literal["keep", "skip", "refuse"]


BlockKind = Literal["text", "markdown", "chat", "image", "audio", "table", "diff", "details"]


@dataclass(frozen=True, slots=True)
class When:
    """Asked only if the earlier question was answered with one of these values (of several labels: with any of them)."""

    question: str
    values: tuple[str | int | float | bool, ...]


@dataclass(frozen=True, slots=True)
class Question:
    """What a worker is asked about a task. Each kind (tawsim/kinds/) adds its own fields. `on`: the column of the content
    that it is about, where it works on one; empty for the first that suits."""

    name: str
    title: str = ""
    required: bool = True
    when: When | None = None
    on: str = ""


@dataclass(frozen=True, slots=True)
class Block:
    """A piece of a row as it is shown: its column, how it is drawn, and the second column of a `diff`."""

    kind: BlockKind
    column: str = ""
    other: str = ""
    title: str = ""


@dataclass(frozen=True, slots=True)
class Project:
    """One labelling job. `overlap` is the number of answers wanted per task, each by another worker."""

    id: str
    name: str
    questions: tuple[Question, ...]
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
    content: tuple[Block, ...] = ()
    settings: Settings = AS_MADE
    schema_version: int = 1
    # Question → a label as rows may name it that ask for it → its present name. Only where rows say what they ask.
    renamed: Mapping[str, Mapping[str, str]] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True)
class Task:
    """One item to be labelled. `seq` counts from 1 in the order of import; `load` = live leases + accepted answers. `purpose`
    is never told to who labels: a task of known answer looks like any other."""

    id: str
    project_id: str
    seq: int
    overlap: int
    round: int
    load: int
    accepted: int
    skips: int
    state: Literal["open", "skipped_out", "removed"]
    purpose: Purpose = "work"
    priority: int = 0
    due_at: int | None = None
    content: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Worker:
    """Who answers: a person, a model, or a simulated person of the demo."""

    id: str
    name: str
    kind: WorkerKind
    role: Role
    active: bool
    created_at: int


@dataclass(frozen=True, slots=True)
class Lease:
    """Permission for one worker to answer one task in one round until `deadline`."""

    id: str
    project_id: str
    task_id: str
    worker_id: str
    round: int
    state: LeaseState
    granted_at: int
    deadline: int
    ended_at: int | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Annotation:
    """What a worker submitted: one answer per question. Content is immutable; an edit is a new version."""

    id: str
    project_id: str
    task_id: str
    lease_id: str
    worker_id: str
    round: int
    state: AnnotationState
    version: int
    answers: Mapping[str, Any]
    created_at: int
    late: bool = False
    guideline_version: int = 1
    schema_version: int = 1
    comment: str = ""
    flag: bool = False


@dataclass(frozen=True, slots=True)
class Draft:
    """Work whose slot was gone when it arrived: kept, shown to its worker, open to adoption by an owner."""

    id: str
    task_id: str
    lease_id: str
    worker_id: str
    answers: Mapping[str, Any]
    created_at: int
    adopted_as: str | None = None


@dataclass(frozen=True, slots=True)
class Duplicate:
    """Row `row` of an import (1 = first data row) has the text of task `seq`, which came earlier."""

    row: int
    seq: int


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What an import did. `duplicates` names the first ones; `duplicate_count` counts them all."""

    id: str
    source: str
    rows: int
    added: int
    first_seq: int
    duplicate_count: int
    duplicates: tuple[Duplicate, ...]
    repeated: bool = False


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a project stands. `tasks` = `done` + `open` + `skipped_out`; `answers` counts accepted ones of the current round."""

    tasks: int
    done: int
    open: int
    skipped_out: int
    answers: int
    answers_wanted: int
    leases: int
    duplicates: int


@dataclass(frozen=True, slots=True)
class WorkerProgress:
    """One worker's part in a project. `last_at` is when they last submitted."""

    worker: Worker
    answers: int
    skips: int
    leases: int
    last_at: int | None
