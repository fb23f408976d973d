"""The truth of one question as arrays that follow the answers: learned once, then judged again where answers changed.

A task's posterior depends on its own votes and on what its workers are like. One submit changes the first for one task
at once, and the second for everybody a little; so the task is judged again with the workers as they were learned, and
all is learned anew when enough has changed. Nothing here knows who asks, or keeps more than one question.
"""

import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tawsim.core.records import Project, Question
from tawsim.kinds import Choice, Choices
from tawsim.labelling.schemas import carrier_of
from tawsim.labelling.slots import project_row
from tawsim.loop.answers import Answers, Fitting, gather, votes_of
from tawsim.loop.asking import Offers, read_offers
from tawsim.loop.settled import (
    Decision,
    answers_of,
    as_reviewers,
    decisions_of,
    known_labels,
    known_sets,
    one_hot,
    with_decisions,
    without_reviewers,
)
from tawsim.loop.structured import Structured, Taught, infer_structured
from tawsim.loop.teaching import known_answers, only_work, set_answers, without_known
from tawsim.store import rows
from tawsim.store.database import Database
from tawsim.truth import Agreement, Inference, SetsInference, TruthModel, Why, WorkerSkill, infer, infer_sets
from tawsim.truth.agreement import krippendorff_alpha

# Workers are learned anew when this share of the answers changed, or when learning had been this many times its own
# duration ago and anything changed. Measured (benchmarks/truth/following.py, three answers a task of eight labels): after
# 1 % the label of 1 task in 200 and probabilities by .006 on average are not yet those of a full inference.
LEARN_AT_CHANGED = 0.01
LEARN_AFTER_TIMES = 60.0
LEARN_AFTER_S = 30.0
# However much changes, learning never takes more than a twentieth of the time: people who label wait for the same processor.
LEARN_REST_TIMES = 20.0
# More changed tasks than this at once are a new world (an import of answers), not a submit.
MOST_CHANGED = 20_000
EVER = 1 << 62
NOBODY = Why("no_answers", "Nobody has answered yet.")


@dataclass(frozen=True, slots=True, eq=False)
class ProjectTruth:
    """The truth of one question of a project at one moment.

    The T answered tasks: `seqs` (T,) int64, in no order; `best` (T,) positions of labels, or `chosen` (T) answers in their
    kind's form where they are more than one label; `p` (T,) of the label or answer, NaN where its kind has none;
    `probabilities` and `votes` (T, K); `answers` (T,); `low` and `high` (T,) the 95 % intervals of numbers. `row_of`
    int32: the row of each task number, -1 where nobody answered. `misfits` counts answers to an earlier form of the question
    that do not fit it any more: they are left out. `total` counts the tasks, answered or not, and
    `visible_seq` is the last one's number. `workers` and `agreement` are as of when the workers were last learned.
    `decided`: the tasks that somebody settled, and who; their label is that decision, and their p is 1.
    """

    project: Project
    question: Question
    model: str
    why: Why
    seqs: NDArray[np.int64]
    row_of: NDArray[np.int32]
    best: NDArray[np.int64]
    chosen: Sequence[Any] | None
    p: NDArray[np.float64]
    probabilities: NDArray[np.float64]
    votes: NDArray[np.int64]
    answers: NDArray[np.int64]
    workers: tuple[WorkerSkill, ...]
    agreement: Agreement | None
    total: int
    visible_seq: int
    revision: int
    seconds: float
    labels: tuple[str, ...] = ()
    low: NDArray[np.float64] | None = None
    high: NDArray[np.float64] | None = None
    measure: str = "accuracy"
    agreement_measure: str = "alpha"
    misfits: int = 0
    decided: Mapping[int, str] = field(default_factory=dict)

    def places(self, seqs: Sequence[int]) -> NDArray[np.int32]:
        """The rows of these tasks, -1 where nobody answered."""
        wanted = np.asarray(seqs, np.int64)
        known = wanted < len(self.row_of)
        found = np.where(known, self.row_of[np.where(known, wanted, 0)], np.int32(-1))
        # Where it is followed in this very map while somebody reads, rows that came later are not of this truth.
        return np.where(found < len(self.seqs), found, np.int32(-1))

    @property
    def nbytes(self) -> int:
        """About how much memory its columns need."""
        columns = sum(getattr(self, name).nbytes for name in COLUMNS)
        return int(columns) + self.row_of.nbytes + (100 * len(self.chosen) if self.chosen is not None else 0)

    def frozen(self) -> "ProjectTruth":
        """The same with arrays of its own, whatever becomes of those that are followed."""
        own: dict[str, Any] = {name: getattr(self, name).copy() for name in COLUMNS}
        return replace(self, row_of=self.row_of.copy(), **own)

    def place(self, seq: int) -> int | None:
        """The row of task `seq`, or None if nobody answered it."""
        row = int(self.places([seq])[0])
        return row if row >= 0 else None

    def label(self, t: int) -> Any:
        """The inferred answer of row t, in the form of its kind."""
        if self.chosen is not None:
            chosen = self.chosen[t]
            return list(chosen) if isinstance(chosen, tuple) else chosen
        return self.labels[self.best[t]]


class Following:
    """A `ProjectTruth` that can catch up with the store. One thread at a time may call `catch_up`."""

    def __init__(
        self,
        truth: ProjectTruth,
        fitted: TruthModel | None,
        misfits: NDArray[np.int64] | None = None,
        unasked: int = 0,
    ) -> None:
        self.truth = truth
        self.unasked = unasked  # tasks that do not ask this question
        self.misfits = Counter([] if misfits is None else misfits.tolist())  # by task
        self.fitted = fitted
        self._rows = len(truth.seqs)
        self._changed = 0
        self._room: dict[str, NDArray[Any]] = {}  # columns with room to grow; what `truth` shows are their first rows

    @property
    def is_exact(self) -> bool:
        """Whether nothing was judged since all was learned."""
        return self._changed == 0

    @property
    def is_unfollowed(self) -> bool:
        """Whether this kind of truth can only be learned anew."""
        return self.fitted is None and self.truth.chosen is not None

    def wants_learning(self, age: float) -> bool:
        """Whether so much changed since, or so long ago (`age`, s), that workers should be learned anew."""
        if self._changed == 0:
            return False
        many = LEARN_AT_CHANGED * max(int(self.truth.answers.sum()), 1)
        rested = age > LEARN_REST_TIMES * self.truth.seconds
        return (self._changed > many and rested) or age > max(LEARN_AFTER_S, LEARN_AFTER_TIMES * self.truth.seconds)

    def catch_up(self, db: Database) -> bool:
        """Judge the tasks whose answers changed. False where all must be learned anew: too many, or another kind."""
        truth = self.truth
        if self.fitted is None or truth.chosen is not None:
            return False
        project_id, seen = truth.project.id, truth.revision
        with db.read() as tx:
            counts = tx.one("project_count_get", project_id=project_id)
            assert counts is not None
            revision, visible = int(counts["revision"]), int(counts["visible_seq"])
            if revision == seen:
                return True
            limits = {"project_id": project_id, "seen": seen, "visible_seq": visible}
            project = rows.project(project_row(tx, project_id))
            if project.schema_version != truth.project.schema_version:
                return False
            touched = [row["seq"] for row in tx.all("truth_changed", n=MOST_CHANGED + 1, **limits)]
            if len(touched) > MOST_CHANGED:
                return False
            carrier = carrier_of(tx, project)
            changed = tx.stream("truth_changed_answers", until=revision + 1, **limits)
            fixes = tx.stream("truth_fixes", until=revision + 1, **limits)
            found = gather(chain(changed, fixes), truth.question, carrier)
            settled = decisions_of(tx.all("truth_decisions", until=revision + 1, **limits), truth.question, carrier)
        offers = read_offers(db, truth.project, truth.question, visible, touched)
        self._judge(np.array(touched, np.int64), found, settled, visible, offers)
        if self.misfits:
            for seq in touched:
                self.misfits.pop(seq, None)
        self.misfits.update(found.misfits.tolist())
        more = read_offers(db, truth.project, truth.question, visible, range(truth.visible_seq + 1, visible + 1))
        self.unasked += more.unasked if more is not None else 0
        self.truth = replace(
            self.truth, total=int(counts["tasks"]) - self.unasked, visible_seq=visible, revision=revision,
            misfits=self.misfits.total(),
        )  # fmt: skip
        return True

    def _judge(
        self,
        touched: NDArray[np.int64],
        found: Answers,
        settled: Mapping[int, Decision],
        visible: int,
        offers: Offers | None,
    ) -> None:
        """Put the posteriors of the touched tasks in their rows; those without an answer or a decision lose theirs."""
        truth = self.truth
        votes = votes_of(found, truth.labels)
        answered = np.array(votes.tasks, np.int64)
        bare = np.setdiff1d(np.array(sorted(settled), np.int64), answered)
        self._drop(np.setdiff1d(touched, np.concatenate([answered, bare])))
        decided = {seq: by for seq, by in self.truth.decided.items() if seq not in set(touched.tolist())}
        self.truth = replace(self.truth, decided=decided | {seq: one.by for seq, one in settled.items()})
        seqs = np.concatenate([answered, bare])
        if not len(seqs):
            return
        assert self.fitted is not None
        probability, counts = (
            np.zeros((len(seqs), len(truth.labels))),
            np.zeros((len(seqs), len(truth.labels)), np.int64),
        )
        if len(answered):
            judged = self.fitted.predict_proba(votes)
            probability[: len(answered)] = judged if offers is None else offers.narrowed(judged, answered.tolist())
            counts[: len(answered)] = votes.counts()
        for place in np.flatnonzero(np.isin(seqs, list(settled))).tolist():
            probability[place] = one_hot(truth.labels, settled[int(seqs[place])].answer)
        rows = self._rows_for(seqs, visible)
        columns = {
            "seqs": seqs, "best": probability.argmax(axis=1), "p": probability.max(axis=1),
            "probabilities": probability, "votes": counts, "answers": counts.sum(axis=1),
        }  # fmt: skip
        for name, values in columns.items():
            self._column(name)[rows] = values
        self._changed += len(touched)
        self._show()

    def _rows_for(self, seqs: NDArray[np.int64], visible: int) -> NDArray[np.int64]:
        """Rows for these tasks, new ones at the end."""
        row_of = self.truth.row_of
        if len(row_of) <= visible:
            row_of = np.concatenate([row_of, np.full(visible + 1 + visible // 4 - len(row_of), -1, np.int32)])
        rows = row_of[seqs].astype(np.int64)
        new = rows < 0
        rows[new] = self._rows + np.arange(int(new.sum()))
        row_of[seqs[new]] = rows[new]
        self._rows += int(new.sum())
        self.truth = replace(self.truth, row_of=row_of)
        return rows

    def _drop(self, seqs: NDArray[np.int64]) -> None:
        """Take away the rows of tasks that nobody answers any more; the last rows move into their places."""
        gone = self.truth.places(seqs.tolist())
        if not (gone >= 0).any():
            return
        for row in sorted(gone[gone >= 0].tolist(), reverse=True):
            last = self._rows - 1
            seq, moved = int(self._column("seqs")[row]), int(self._column("seqs")[last])
            for name in COLUMNS:
                column = self._column(name)
                column[row] = column[last]
            self.truth.row_of[moved] = row
            self.truth.row_of[seq] = -1
            self._rows = last
            self._changed += 1
        self._show()

    def _column(self, name: str) -> NDArray[Any]:
        """The column with room for all rows."""
        held = self._room.get(name)
        if held is None or len(held) < self._rows:
            shown = getattr(self.truth, name) if held is None else held
            held = np.empty((self._rows + self._rows // 4 + 64, *shown.shape[1:]), shown.dtype)
            held[: len(shown)] = shown
            self._room[name] = held
        return held

    def _show(self) -> None:
        shown: dict[str, Any] = {name: self._column(name)[: self._rows] for name in COLUMNS}
        self.truth = replace(self.truth, **shown)


COLUMNS = ("seqs", "best", "p", "probabilities", "votes", "answers")


def judge(db: Database, project: Project, question: Question, *, seen: int = -1, until: int = EVER) -> Following:
    """Learn the whole truth of a question from the answers of the current rounds; with `seen` and `until`, of those tasks
    alone whose answers changed after the one revision and up to the other."""
    started = time.monotonic()
    with db.read() as tx:
        counts = tx.one("project_count_get", project_id=project.id)
        assert counts is not None
        total, visible_seq, revision = int(counts["tasks"]), int(counts["visible_seq"]), int(counts["revision"])
        limits = {"project_id": project.id, "visible_seq": visible_seq}
        carrier = carrier_of(tx, project)
        window = {"seen": seen, "until": until, **limits}
        settled = decisions_of(tx.all("truth_decisions", **window), question, carrier)
        given: Iterator[Any] = (
            tx.stream("truth_answers", **limits) if seen < 0 else tx.stream("truth_changed_answers", **window)
        )
        fixes = tx.stream("truth_fixes", **window)
        taught = known_answers(tx, question, project.id, visible_seq) if seen < 0 else {}
        gold: Iterator[Any] = tx.stream("truth_gold_answers", **limits) if taught else iter(())
        if not isinstance(question, Choice | Choices):
            fit = Fitting(chain(given, fixes), question, carrier)
            school = Taught(answers_of(taught), Fitting(gold, question, carrier))
            inferred = infer_structured(fit, question, project.settings.same, answers_of(settled), school)
            if (offers := read_offers(db, project, question, visible_seq, None if seen < 0 else ())) is not None:
                total -= offers.unasked
            following = _structured(project, question, inferred, total, visible_seq, revision, started)
            following.truth = replace(with_decisions(following.truth, settled), misfits=fit.misfits)
            return following
        found, own = without_reviewers(gather(chain(given, gold, as_reviewers(fixes)), question, carrier))
    result = _inferred(found, question, {**settled, **taught})
    if taught and result is not None:
        own, found = only_work(own or found, taught), only_work(found, taught)
        result = without_known(result, taught, found, question.labels)
    row_of = np.full(visible_seq + 1, -1, np.int32)
    truth = ProjectTruth(
        project, question, "majority", NOBODY, np.zeros(0, np.int64), row_of, np.zeros(0, np.int64), None, np.zeros(0),
        np.zeros((0, len(question.labels))), np.zeros((0, len(question.labels)), np.int64), np.zeros(0, np.int64), (), None,
        total, visible_seq, revision, 0.0, labels=question.labels,
    )  # fmt: skip
    fitted = None
    if result is not None:
        seqs = np.asarray(result.tasks, np.int64)
        row_of[seqs] = np.arange(len(seqs), dtype=np.int32)
        several = isinstance(result, SetsInference)
        fitted = None if isinstance(result, SetsInference) else result.fitted
        truth = replace(
            truth, model=result.model, why=result.why, seqs=seqs, p=result.p, probabilities=result.probabilities,
            votes=result.votes, workers=result.workers, agreement=result.agreement,
            chosen=result.chosen if isinstance(result, SetsInference) else None,
            best=np.zeros(len(seqs), np.int64) if several else result.probabilities.argmax(axis=1),
            answers=result.answers if isinstance(result, SetsInference) else result.votes.sum(axis=1),
        )  # fmt: skip
    if own is not None and not isinstance(result, SetsInference):
        # Who fixes an answer has seen it, and does so where they differ: no measure of how far people agree by themselves.
        alone = krippendorff_alpha(votes_of(own, question.labels).counts()) if len(own.seq) else None
        truth = replace(truth, agreement=alone)
    offers = read_offers(db, project, question, visible_seq, None if seen < 0 else truth.seqs.tolist())
    if offers is not None:
        truth = _as_offered(truth, offers)
    truth = with_decisions(truth, settled)
    truth = replace(truth, seconds=time.monotonic() - started, misfits=len(found.misfits))
    return Following(truth, fitted, found.misfits, 0 if offers is None else offers.unasked)


def _as_offered(truth: ProjectTruth, offers: Offers) -> ProjectTruth:
    """The truth in which no task has a label that its row did not offer, of the tasks that ask the question."""
    seqs = truth.seqs.tolist()
    total = truth.total - offers.unasked
    if truth.chosen is not None:
        return replace(truth, chosen=offers.left_of(truth.chosen, seqs), total=total)
    found = offers.narrowed(truth.probabilities, seqs)
    best, p = (found.argmax(axis=1), found.max(axis=1)) if len(seqs) else (truth.best, truth.p)
    return replace(truth, probabilities=found, best=best, p=p, total=total)


def _structured(
    project: Project,
    question: Question,
    found: Structured | None,
    total: int,
    visible: int,
    revision: int,
    started: float,
) -> Following:
    """What `infer_structured` found, as a truth that is learned anew rather than followed."""
    row_of = np.full(visible + 1, -1, np.int32)
    none = np.zeros(0, np.int64)
    if found is None:
        truth = ProjectTruth(
            project, question, "majority", NOBODY, none, row_of, none, (), np.zeros(0), np.zeros((0, 0)),
            np.zeros((0, 0), np.int64), none, (), None, total, visible, revision, 0.0,
        )  # fmt: skip
    else:
        row_of[found.seqs] = np.arange(len(found.seqs), dtype=np.int32)
        truth = ProjectTruth(
            project, question, found.model, found.why, found.seqs, row_of, np.zeros(len(found.seqs), np.int64), found.chosen,
            found.p, found.probabilities, found.votes, found.answers, found.workers, found.agreement, total, visible,
            revision, 0.0, labels=found.labels, low=found.low, high=found.high, measure=found.measure,
            agreement_measure=found.agreement_measure,
        )  # fmt: skip
    return Following(replace(truth, seconds=time.monotonic() - started), None)


def _inferred(found: Answers, question: Question, settled: Mapping[int, Decision]) -> Inference | SetsInference | None:
    if not len(found.seq):
        return None
    labels = tuple(getattr(question, "labels", ()))
    if found.sets is not None:
        return infer_sets(*set_answers(found), labels, known=known_sets(found, labels, settled))
    votes = votes_of(found, labels)
    return infer(votes, gold=known_labels(votes, settled))
