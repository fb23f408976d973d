"""The review queue as a state machine: never two holders, one standing verdict a version, evidence that adds up, slots kept.

Reviewers, labellers and the clock do whatever they like, in any order; after each step the tables are compared with what
was told to those who acted.
"""

import shutil
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from tests.store.queue_driver import TestClock, fresh_folder

from tawsim.core.errors import Conflict, NotFound, TawsimError, VersionConflict
from tawsim.intake.adding import add_tasks, numbered
from tawsim.labelling import decisions, owners, review_queue, reviews
from tawsim.labelling.decisions import Settled
from tawsim.labelling.projects import NewProject, create_project
from tawsim.labelling.queue import next_leases
from tawsim.labelling.reviews import Said
from tawsim.labelling.submit import Given, edit, submit, undo
from tawsim.store.database import Transaction
from tawsim.workspaces.workspace import add_worker, open_workspace

LABELS = ("yes", "no")
REVIEWERS = ("rana", "sami", "tariq")
PEOPLE = ("layla", "omar", *REVIEWERS)
STANDING = (
    "SELECT annotation_id, seen_version, COUNT(*) AS n FROM review WHERE undone_at IS NULL "
    "GROUP BY annotation_id, seen_version HAVING COUNT(*) > 1"
)
OWN_WORK = "SELECT r.id FROM review r JOIN annotation a ON a.id = r.annotation_id WHERE a.worker_id = r.reviewer_id"
HOLDS = "SELECT holder_id, annotation_id FROM review_item WHERE state = 'held'"
# Of each answer and act of a person at most one word counts.
EVIDENCE = (
    "SELECT annotation_id FROM evidence WHERE replaced_by IS NULL "
    "GROUP BY annotation_id, act, worker_id HAVING COUNT(*) > 1"
)
# A review that stands, and is the last word on its answer, is what counts of its author, unless a decision came after.
WORTH = (
    "SELECT r.id FROM review r JOIN evidence e ON e.id = r.evidence_id "
    "WHERE r.undone_at IS NOT NULL AND e.replaced_by IS NULL"
)
LOADS = (
    "SELECT t.id FROM task t WHERE t.load <> (SELECT COUNT(*) FROM lease l WHERE l.task_id = t.id AND l.round = t.round "
    "AND l.slot IS NOT NULL) OR t.load > t.overlap OR t.accepted <> (SELECT COUNT(*) FROM annotation a "
    "WHERE a.task_id = t.id AND a.round = t.round AND a.state = 'accepted')"
)
REJECTED = (
    "SELECT r.id FROM review r JOIN annotation a ON a.id = r.annotation_id "
    "WHERE r.verdict = 'reject' AND r.undone_at IS NULL AND a.state = 'accepted' AND a.version = r.seen_version"
)


class ReviewMachine(RuleBasedStateMachine):
    """One project of three tasks, two answers each."""

    @initialize()
    def begin(self) -> None:
        self.folder = fresh_folder()
        self.clock = TestClock()
        self.workspace = open_workspace(self.folder / "w.tawsim", create=True, owner="Noor", clock=self.clock)
        question = {"kind": "choice", "name": "label", "labels": list(LABELS)}
        new = NewProject(
            name="p", questions=[question], overlap=2, settings={"review": {"choose": "all", "reasons": ["wrong"]}}
        )
        db = self.db = self.workspace.db
        self.project = db.write(lambda tx: create_project(tx, self.workspace.owner_id, "p", new))
        rows = numbered([{"text": str(i)} for i in range(3)])
        add_tasks(db, self.project, rows, actor_id=self.workspace.owner_id, source="r", digest="r")
        self.ids = {}
        for name in PEOPLE:
            self.ids[name] = db.write(lambda tx, name=name: add_worker(tx, self.workspace.owner_id, name, name)).id
        for name in REVIEWERS:
            self._sql("UPDATE worker SET role = 'reviewer' WHERE id = ?", self.ids[name])
        self.keys = 0
        self.given: list[tuple[str, str]] = []  # who, annotation
        self.made: list[tuple[str, str]] = []  # who, review
        self.held: dict[str, str] = {}

    def teardown(self) -> None:
        if hasattr(self, "workspace"):
            self.workspace.close()
            shutil.rmtree(self.folder, ignore_errors=True)

    def _sql(self, text: str, *values: Any) -> list[Any]:
        found: list[Any] = self.db.write(lambda tx: tx._connection.execute(text, values).fetchall())
        return found

    def _key(self) -> str:
        self.keys += 1
        return f"k{self.keys}"

    def _try(self, work: Any) -> Any:
        """The result, or None for what the state refuses; any other error is one."""
        try:
            return self.db.write(work)
        except (Conflict, NotFound):
            return None

    def _outcome(self, work: Any) -> tuple[TawsimError | None, Any]:
        try:
            return None, self.db.write(work)
        except TawsimError as error:
            return error, None

    @rule(who=st.sampled_from(PEOPLE), label=st.sampled_from(LABELS), flag=st.booleans())
    def label(self, who: str, label: str, flag: bool) -> None:
        def work(tx: Transaction) -> Any:
            leases = next_leases(tx, self.project.id, self.ids[who], 1).leases
            if not leases:
                return None
            return submit(
                tx, self.ids[who], leases[0].lease_id, self._key(), {"label": label}, Given("", flag)
            ).annotation

        made = self.db.write(work)
        if made is not None:
            self.given.append((who, made["id"]))

    @precondition(lambda self: self.given)
    @rule(data=st.data(), version=st.integers(1, 3), label=st.sampled_from(LABELS))
    def change(self, data: st.DataObject, version: int, label: str) -> None:
        who, annotation = data.draw(st.sampled_from(self.given))
        self._try(lambda tx: edit(tx, self.ids[who], annotation, self._key(), version, {"label": label}))

    @precondition(lambda self: self.given)
    @rule(data=st.data())
    def take_back(self, data: st.DataObject) -> None:
        who, annotation = data.draw(st.sampled_from(self.given))
        self._try(lambda tx: undo(tx, self.ids[who], annotation, self._key()))

    @rule(who=st.sampled_from(REVIEWERS))
    def next(self, who: str) -> None:
        self.db.write(lambda tx: review_queue.look_through(tx, self.project.id))
        item = self.db.write(lambda tx: review_queue.next_item(tx, self.project.id, self.ids[who]))
        if item is not None:
            assert item["author_id"] != self.ids[who]
            assert item["holder_id"] == self.ids[who]
            self.held[who] = item["annotation_id"]

    @precondition(lambda self: self.given)
    @rule(
        data=st.data(), who=st.sampled_from(REVIEWERS), verdict=st.sampled_from(["accept", "fix", "reject"]),
        stale=st.integers(0, 4), label=st.sampled_from(LABELS), own=st.integers(0, 4),
    )  # fmt: skip
    def say(self, data: st.DataObject, who: str, verdict: Any, stale: int, label: str, own: int) -> None:
        annotation = self.held.get(who) if own else None
        annotation = annotation or data.draw(st.sampled_from([one for _, one in self.given]))
        [row] = self._sql("SELECT version FROM annotation WHERE id = ?", annotation)
        said = Said(
            row["version"] + (stale == 0), verdict, "wrong" if verdict == "reject" else "", "",
            {"label": label} if verdict == "fix" else None,
        )  # fmt: skip
        found, made = self._outcome(lambda tx: reviews.review(tx, self.ids[who], annotation, self._key(), said))
        if isinstance(found, VersionConflict):
            row = self._sql("SELECT version FROM annotation WHERE id = ?", annotation)[0]
            assert found.details["current_version"] == row["version"]
        if found is not None:
            return
        self.made.append((who, made["id"]))

    @precondition(lambda self: self.made)
    @rule(back=st.integers(1, 2))
    def undo_review(self, back: int) -> None:
        who, review = self.made[-min(back, len(self.made))]
        before = self._sql("SELECT evidence_id, annotation_id FROM review WHERE id = ?", review)[0]
        found, _ = self._outcome(lambda tx: reviews.undo_review(tx, self.ids[who], review, self._key()))
        if found is None:
            row = self._sql("SELECT state FROM annotation WHERE id = ?", before["annotation_id"])[0]
            assert row["state"] == "accepted"  # whatever the verdict was, the answer counts again
            self.made = [one for one in self.made if one[1] != review]

    @rule(who=st.sampled_from(REVIEWERS), seq=st.integers(1, 3), settles=st.sampled_from(["answers", "cannot", "open"]))
    def decide(self, who: str, seq: int, settles: Any) -> None:
        def work(tx: Transaction) -> Any:
            task = tx.one("task_by_seq", project_id=self.project.id, seq=seq)
            if task is None:
                return None
            case = decisions.case_of(tx, task["id"], self.ids[who])
            said = Settled(
                case.seen, settles, answers={"label": "yes"} if settles == "answers" else None,
                words="why" if settles == "cannot" else "",
            )  # fmt: skip
            return decisions.decide(tx, self.ids[who], task["id"], self._key(), said)

        self._try(work)

    @rule(seconds=st.integers(-2_000, 2_000))
    def wait(self, seconds: int) -> None:
        self.clock.now += seconds * 1_000_000

    @rule(who=st.sampled_from(PEOPLE[1:4]), active=st.booleans())
    def deactivate(self, who: str, active: bool) -> None:
        self.db.write(lambda tx: owners.set_worker_active(tx, self.workspace.owner_id, self.ids[who], active))

    @rule(seq=st.integers(1, 3), how=st.sampled_from(["reopen", "send", "send", "overlap"]))
    def owner_acts(self, seq: int, how: str) -> None:
        def work(tx: Transaction) -> Any:
            task = tx.one("task_by_seq", project_id=self.project.id, seq=seq)
            assert task is not None
            if how == "reopen":
                return owners.reopen(tx, self.workspace.owner_id, task["id"])
            if how == "overlap":
                return owners.set_task_overlap(tx, self.workspace.owner_id, task["id"], 4)
            return reviews.send_to_review(tx, self.workspace.owner_id, [task["id"]])

        self.db.write(work)

    @invariant()
    def all_holds(self) -> None:
        if not hasattr(self, "workspace"):
            return
        holds = self._sql(HOLDS)
        assert len({row["annotation_id"] for row in holds}) == len(holds)  # one row an answer: one holder
        for broken in (STANDING, OWN_WORK, EVIDENCE, WORTH, LOADS, REJECTED):
            assert self._sql(broken) == [], broken
        counts = self._sql("SELECT * FROM project_count")[0]
        [found] = self.db.write(lambda tx: tx.all("project_recount", project_id=self.project.id, visible_seq=99))
        for name in ("tasks", "done", "skipped_out", "answers"):
            assert counts[name] == found[name], name


TestReviewMachine = ReviewMachine.TestCase
TestReviewMachine.settings = settings(max_examples=40, stateful_step_count=40)
