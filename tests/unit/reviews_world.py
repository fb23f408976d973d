"""A project whose answers are reviewed: two labellers, two reviewers, and the calls that tests make over and over."""

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from kinds_world import answer, hire, make

from tawsim.core.records import Project
from tawsim.labelling import review_queue, reviews
from tawsim.labelling.evidence import Act, Looked, tally_of
from tawsim.labelling.projects import update_project
from tawsim.labelling.reviews import Said
from tawsim.loop.reviewing import fill
from tawsim.workspaces.workspace import Workspace

CHOICE = {"kind": "choice", "name": "label", "labels": ["yes", "no"]}


@dataclass
class Reviews:
    """`rows` are the project's tasks; `layla` and `omar` label, `rana` and `sami` review."""

    workspace: Workspace
    project: Project
    rows: list[dict[str, Any]]
    layla: str
    omar: str
    rana: str
    sami: str
    numbers: Any = field(default_factory=itertools.count)

    @property
    def db(self) -> Any:
        return self.workspace.db

    def key(self) -> str:
        return f"k{next(self.numbers)}"

    def label(self, worker: str, *labels: str) -> None:
        """The worker's next tasks get these labels."""
        answer(self.workspace, self.project, worker, self.rows, [{"label": one} for one in labels])

    def set(self, **review: Any) -> None:
        """Change the settings of review."""
        now = self.one("project_get", id=self.project.id)
        changes = {"settings": {"review": review}}
        self.db.write(lambda tx: update_project(tx, self.workspace.owner_id, self.project.id, now["version"], changes))

    def next(self, reviewer: str) -> Any:
        fill(self.db, self.project.id)
        return self.db.write(lambda tx: review_queue.next_item(tx, self.project.id, reviewer))

    def say(self, reviewer: str, annotation: str, verdict: str = "accept", version: int = 1, **more: Any) -> Any:
        said = Said(version, verdict, **more)  # type: ignore[arg-type]
        key = self.key()
        return self.db.write(lambda tx: reviews.review(tx, reviewer, annotation, key, said))

    def one(self, name: str, **values: Any) -> Any:
        with self.db.read() as tx:
            return tx.one(name, **values)

    def all(self, name: str, **values: Any) -> list[Any]:
        with self.db.read() as tx:
            return tx.all(name, **values)

    def answers(self) -> list[Any]:
        """All accepted answers, by task and time."""
        return self.all("annotation_of_tasks", project_id=self.project.id, after=0, until=10_000)


def make_reviews(
    workspace: Workspace,
    tasks: int = 6,
    questions: list[Mapping[str, Any]] | None = None,
    rows: list[dict[str, Any]] | None = None,
    **more: Any,
) -> Reviews:
    rows = rows or [{"text": f"text {i}"} for i in range(tasks)]
    settings = {"settings": {"review": {"choose": "all", "reasons": ["wrong label"]}}}
    project = make(workspace, questions or [CHOICE], rows, **(settings | {"overlap": 2} | more))
    people = [hire(workspace, name) for name in ("layla", "omar", "rana", "sami")]
    for one in people[2:]:
        set_role(workspace, one, "reviewer")
    return Reviews(workspace, project, rows, *people)


def set_role(workspace: Workspace, worker: str, role: str) -> None:
    workspace.db.write(lambda tx: tx._connection.execute("UPDATE worker SET role = ? WHERE id = ?", (role, worker)))


def worth_of(tx: Any, project_id: str, worker: str, act: Act = "label") -> Looked:
    """All judged acts of somebody, whoever chose them."""
    found = tally_of(tx, project_id, worker, act)
    return Looked(found.score.n + found.looked.n, found.score.right + found.looked.right)
