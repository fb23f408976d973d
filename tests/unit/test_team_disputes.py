"""Answer → review → dispute → verdict: who may, once, in time, blind; and what a verdict changes."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from kinds_world import answer, hire
from reviews_world import Reviews, make_reviews, set_role, worth_of

from tawsim.core.clock import SECOND
from tawsim.core.errors import BadAnswer, BadInput, Conflict, KeyReused, NotFound, VersionConflict
from tawsim.labelling import disputes, judging, owners, queue, submit
from tawsim.labelling.disputes import DAY, HOLD_S, Verdict
from tawsim.labelling.hours import work_days
from tawsim.labelling.projects import update_project
from tawsim.ledger.entries import sums
from tawsim.loop.exporting import export
from tawsim.loop.inferring import project_truth
from tawsim.workspaces.workspace import Workspace


class Disputes:
    """The calls of disputing in short form, on a world of reviews: layla and omar label, rana, sami and Noor may review."""

    def __init__(self, world: Reviews, clock: Any) -> None:
        self.world, self.clock = world, clock
        self.noor = world.workspace.owner_id

    def reviewed(self, verdict: str = "reject", **more: Any) -> tuple[str, str]:
        """(annotation, review): layla's answer “yes” to the first task, and rana's verdict on it."""
        self.world.label(self.world.layla, "yes")
        found = next(one for one in self.world.answers() if one["worker_id"] == self.world.layla)
        said: dict[str, Any] = {
            "reject": {"reason": "wrong label", "words": "read again"},
            "fix": {"answers": {"label": "no"}},
        }
        made = self.world.say(self.world.rana, found["id"], verdict, **(said.get(verdict, {}) | more))
        return found["id"], made["id"]

    def dispute(self, review: str, who: str | None = None, words: str = "it is right", key: str | None = None) -> Any:
        author, key = who or self.world.layla, key or self.world.key()
        return self.world.db.write(lambda tx: disputes.dispute(tx, author, review, key, words))

    def next(self, judge: str | None = None) -> Any:
        judge = judge or self.world.sami
        return self.world.db.write(lambda tx: disputes.next_dispute(tx, self.world.project.id, judge))

    def judge(self, row: Any, right: str, judge: str | None = None, key: str | None = None, **more: Any) -> Any:
        """`right` is author, reviewer or neither: put in the letter that the judge saw."""
        letter = right if right == "neither" else "a" if row["a_is"] == right else "b"
        said = Verdict(row["hold"], letter, more.pop("reason", "the text says so"), **more)
        judge, key = judge or self.world.sami, key or self.world.key()
        return self.world.db.write(lambda tx: disputes.judge(tx, judge, row["id"], key, said))

    def shown(self, row: Any) -> dict[str, Any]:
        with self.world.db.read() as tx:
            return judging.present_dispute(tx, row)

    def row(self, dispute: str) -> Any:
        return self.world.one("dispute_get", id=dispute)

    def state(self, annotation: str) -> str:
        return str(self.world.one("annotation_get", id=annotation)["state"])

    def score(self, worker: str, act: str) -> tuple[int, float]:
        with self.world.db.read() as tx:
            found = worth_of(tx, self.world.project.id, worker, act)  # type: ignore[arg-type]
        return found.n, found.right

    def notices(self, worker: str) -> list[tuple[str, Any]]:
        found = self.world.all("notice_page", worker_id=worker, before="~", n=50)
        return [(one["kind"], json.loads(one["data"])) for one in reversed(found)]


@pytest.fixture
def place(workspace: Workspace, clock: Callable[[], int]) -> Disputes:
    return Disputes(make_reviews(workspace), clock)


# ---- who may dispute what ------------------------------------------------------------------------------------------
@pytest.mark.parametrize("verdict", ["reject", "fix"])
def test_the_author_disputes_a_rejection_or_a_fix(place: Disputes, verdict: str) -> None:
    _, review = place.reviewed(verdict)
    assert place.dispute(review)["state"] == "open"


def test_a_review_that_is_not_ones_own_looks_like_none(place: Disputes) -> None:
    _, review = place.reviewed()
    for who in (place.world.omar, place.world.rana, place.noor):
        with pytest.raises(NotFound) as caught:
            place.dispute(review, who)
        with pytest.raises(NotFound) as absent:
            place.dispute("0" * 36, who)
        assert str(caught.value) == str(absent.value)


def test_what_was_accepted_leaves_nothing_to_dispute(place: Disputes) -> None:
    _, review = place.reviewed("accept")
    with pytest.raises(Conflict, match="stands"):
        place.dispute(review)


def test_once_a_review_and_a_retry_is_the_same_dispute(place: Disputes) -> None:
    _, review = place.reviewed()
    made = place.dispute(review, key="k")
    assert place.dispute(review, key="k") == made
    with pytest.raises(KeyReused):
        place.dispute(review, key="k", words="other words")
    with pytest.raises(Conflict, match="already"):
        place.dispute(review)


def test_in_time_to_the_microsecond_and_not_at_all_where_disputes_are_off(place: Disputes) -> None:
    _, review = place.reviewed()
    place.clock.now += 14 * DAY + 1
    with pytest.raises(Conflict, match="too late"):
        place.dispute(review)
    place.clock.now -= 1
    assert place.dispute(review)["state"] == "open"
    place.world.set(dispute_days=0)
    place.world.label(place.world.omar, "no")
    other = next(one for one in place.world.answers() if one["worker_id"] == place.world.omar)
    second = place.world.say(place.world.rana, other["id"], "reject", words="no")["id"]
    with pytest.raises(Conflict, match="off"):
        place.dispute(second, place.world.omar)


def test_words_have_an_end(place: Disputes) -> None:
    _, review = place.reviewed()
    with pytest.raises(BadInput, match="2,000"):
        place.dispute(review, words="x" * 2_001)


# ---- who judges ----------------------------------------------------------------------------------------------------
def test_it_goes_to_neither_of_the_two_sides_nor_to_who_answered_the_task(place: Disputes) -> None:
    world = place.world
    annotation, review = place.reviewed()
    dispute = place.dispute(review)["id"]
    assert place.next(world.rana) is None
    set_role(world.workspace, world.layla, "manager")  # the author, promoted meanwhile
    assert place.next(world.layla) is None
    set_role(world.workspace, world.omar, "reviewer")
    world.label(world.omar, "no")  # to the same task, whose slot is free again
    task = world.one("annotation_get", id=annotation)["task_id"]
    assert any(one["task_id"] == task and one["worker_id"] == world.omar for one in world.answers())
    assert place.next(world.omar) is None
    for party in (world.rana, world.layla, world.omar):
        with pytest.raises(Conflict):
            place.judge(place.row(dispute), "author", party)
    assert place.next(world.sami)["id"] == dispute


def test_where_nobody_may_it_waits_and_says_so(place: Disputes) -> None:
    world = place.world
    _, review = place.reviewed()
    place.dispute(review)
    for one in (world.sami, place.noor):
        set_role(world.workspace, one, "labeller")
    with world.db.read() as tx:
        found = judging.queue_of(tx, world.project.id, world.rana)
    assert (found["open"], found["stuck"], found["for_you"]) == (1, 1, False)
    set_role(world.workspace, world.sami, "reviewer")
    with world.db.read() as tx:
        found = judging.queue_of(tx, world.project.id, world.sami)
    assert (found["open"], found["stuck"], found["for_you"]) == (1, 0, True)


def test_one_judge_holds_it_at_a_time_and_time_gives_it_on(place: Disputes) -> None:
    _, review = place.reviewed()
    place.dispute(review)
    first = place.next()
    assert place.next()["hold"] == first["hold"]  # a reload
    assert place.next(place.noor) is None
    place.clock.advance(HOLD_S + 1)
    second = place.next(place.noor)
    assert second["hold"] == first["hold"] + 1
    with pytest.raises(VersionConflict):
        place.judge(first, "author")
    assert place.row(first["id"])["state"] == "open"
    place.judge(second, "author", place.noor)
    with pytest.raises(VersionConflict):
        place.judge(second, "reviewer", place.noor)


def test_a_hold_that_ran_out_and_nobody_took_still_judges(place: Disputes) -> None:
    _, review = place.reviewed()
    place.dispute(review)
    held = place.next()
    place.clock.advance(HOLD_S * 10)
    assert place.judge(held, "author")["state"] == "judged"


def test_a_judge_who_was_removed_or_demoted_holds_nothing(place: Disputes) -> None:
    world = place.world
    _, review = place.reviewed()
    place.dispute(review)
    place.next()
    world.db.write(lambda tx: owners.set_worker_active(tx, place.noor, world.sami, False))
    assert place.next(place.noor) is not None


def test_released_it_is_the_next_ones_at_once(place: Disputes) -> None:
    _, review = place.reviewed()
    place.dispute(review)
    held = place.next()
    place.world.db.write(lambda tx: disputes.release(tx, place.world.sami, held["id"]))
    assert place.next(place.noor)["id"] == held["id"]


# ---- blindness -----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("verdict", ["reject", "fix"])
def test_nothing_that_is_shown_tells_who_is_who(place: Disputes, verdict: str) -> None:
    world = place.world
    annotation, review = place.reviewed(verdict)
    place.dispute(review)
    row = place.next()
    said = json.dumps(place.shown(row), ensure_ascii=False)
    lease = world.one("annotation_get", id=annotation)["lease_id"]
    task = world.one("annotation_get", id=annotation)["task_id"]
    for secret in (world.layla, world.rana, annotation, review, lease, task, "layla", "rana", "author", "reviewer"):
        assert secret not in said
    sides = place.shown(row)["sides"]
    assert [one["name"] for one in sides] == ["a", "b"]
    assert {frozenset(one) for one in sides} == {frozenset({"name", "answers", "words"})}
    assert {one["words"] for one in sides} == {"it is right", "wrong label\nread again" if verdict == "reject" else ""}
    assert place.shown(row)["task"]["seq"] == 0


def test_which_side_is_a_is_drawn(workspace: Workspace, clock: Callable[[], int]) -> None:
    """Of 40 disputes, one letter for all has a chance of 2 in a million millions."""
    place = Disputes(make_reviews(workspace, tasks=40), clock)
    place.world.label(place.world.layla, *["yes"] * 40)
    drawn = set()
    for one in place.world.answers():
        review = place.world.say(place.world.rana, one["id"], "reject", words="no")["id"]
        drawn.add(place.row(place.dispute(review)["id"])["a_is"])
    assert drawn == {"author", "reviewer"}


def test_blind_candidates_have_an_order_of_the_disputes_own(workspace: Workspace, clock: Callable[[], int]) -> None:
    question = {"kind": "pairwise", "name": "better", "candidates": ["one", "two"]}
    rows = [{"prompt": "p", "one": "first text", "two": "second text"}]
    world = make_reviews(workspace, questions=[question], rows=rows)
    place = Disputes(world, clock)
    lease = world.db.write(lambda tx: queue.next_leases(tx, world.project.id, world.layla, 1)).leases[0]
    given = {"better": {"best": "A"}}
    made = world.db.write(lambda tx: submit.submit(tx, world.layla, lease.lease_id, "s", given)).or_raise()
    stored = json.loads(world.one("annotation_get", id=made["id"])["answers"])["better"]["best"]
    review = world.say(world.rana, made["id"], "reject", words="no")["id"]
    place.dispute(review)
    shown = place.shown(place.next())
    candidates = {one["name"]: one["value"] for one in shown["task"]["candidates"]["better"]}
    (answer,) = (one["answers"]["better"]["best"] for one in shown["sides"] if one["answers"])
    assert candidates[answer] == rows[0][stored]


# ---- what a verdict changes ----------------------------------------------------------------------------------------
def test_overturned_the_answer_counts_again_and_the_reviewer_pays(place: Disputes) -> None:
    world = place.world
    annotation, review = place.reviewed()
    assert place.state(annotation) == "rejected"
    assert place.score(world.layla, "label") == (1, 0.0)
    place.dispute(review)
    place.judge(place.next(), "author")
    assert place.state(annotation) == "accepted"
    assert place.score(world.layla, "label") == (1, 1.0)
    assert place.score(world.rana, "review") == (1, 0.0)
    task = world.one("task_get", id=world.one("annotation_get", id=annotation)["task_id"])
    assert (task["load"], task["accepted"]) == (1, 1)


def test_overturned_without_a_place_it_is_kept_and_says_so(place: Disputes) -> None:
    world = place.world
    annotation, review = place.reviewed()
    world.label(world.omar, "no")
    world.label(hire(world.workspace, "third"), "no")
    task = world.one("task_get", id=world.one("annotation_get", id=annotation)["task_id"])
    assert task["accepted"] == task["overlap"] == 2
    dispute = place.dispute(review)["id"]
    place.judge(place.next(), "author")
    assert place.state(annotation) == "rejected"
    assert place.row(dispute)["counts"] == 0
    assert place.score(world.layla, "label") == (1, 1.0)
    task = world.one("task_get", id=task["id"])
    assert (task["load"], task["accepted"]) == (2, 2)
    assert place.notices(world.layla)[-1][1]["counts"] is False


def test_upheld_the_author_pays_and_the_reviewer_gains(place: Disputes) -> None:
    world = place.world
    annotation, review = place.reviewed()
    place.dispute(review)
    place.judge(place.next(), "reviewer")
    assert place.state(annotation) == "rejected"
    assert place.score(world.layla, "label") == (1, 0.0)
    assert place.score(world.rana, "review") == (1, 1.0)


def test_neither_gives_both_what_their_answers_were_worth(workspace: Workspace, clock: Callable[[], int]) -> None:
    question = {"kind": "scale", "name": "stars", "low": 1, "high": 5}
    world = make_reviews(workspace, questions=[question])
    place = Disputes(world, clock)
    answer(workspace, world.project, world.layla, world.rows, [{"stars": 5}])
    made = world.answers()[0]["id"]
    review = world.say(world.rana, made, "fix", answers={"stars": 1})["id"]
    place.dispute(review)
    row = place.next()
    with pytest.raises(BadInput, match="one of the two"):
        place.judge(row, "neither", answers={"stars": 5})
    with pytest.raises(BadAnswer):
        place.judge(row, "neither", answers={"stars": 9})
    with pytest.raises(BadInput):
        place.judge(row, "neither")
    place.judge(row, "neither", answers={"stars": 4})
    author, reviewer = place.score(world.layla, "label"), place.score(world.rana, "review")
    assert author[0] == reviewer[0] == 1
    assert 0 < reviewer[1] < author[1] < 1  # 4 is nearer to 5 than to 1
    assert place.row(row["id"])["answers"] == '{"stars":4}'


def test_both_sides_are_told_the_result_and_its_reason(place: Disputes) -> None:
    world = place.world
    _, review = place.reviewed()
    place.dispute(review)
    place.judge(place.next(), "author", reason="line three")
    (kind, told), (other, theirs) = place.notices(world.layla)[-1], place.notices(world.rana)[-1]
    assert kind == other == "dispute.overturned"
    assert told["reason"] == theirs["reason"] == "line three"
    assert (told["side"], theirs["side"]) == ("author", "reviewer")
    assert world.sami not in json.dumps([told, theirs])


def test_a_verdict_has_a_reason_and_one_of_three_words(place: Disputes) -> None:
    _, review = place.reviewed()
    place.dispute(review)
    row = place.next()
    with pytest.raises(BadInput, match="reason"):
        place.judge(row, "author", reason="  ")
    with pytest.raises(BadInput, match="a, b or neither"):
        place.world.db.write(
            lambda tx: disputes.judge(tx, place.world.sami, row["id"], "k", Verdict(row["hold"], "author", "x"))
        )
    with pytest.raises(BadInput):
        place.judge(row, "author", answers={"label": "no"})


def test_a_repeated_verdict_is_one(place: Disputes) -> None:
    world = place.world
    _, review = place.reviewed()
    place.dispute(review)
    row = place.next()
    first = place.judge(row, "author", key="k")
    assert place.judge(row, "author", key="k") == first
    assert len([one for one in place.notices(world.layla) if one[0].startswith("dispute")]) == 1


def test_nothing_paid_changes_on_the_whole_way(place: Disputes) -> None:
    world = place.world
    now = world.one("project_get", id=world.project.id)["version"]
    pay = {"settings": {"pay": {"per_answer": 0.05, "currency": "EUR"}}}
    world.db.write(lambda tx: update_project(tx, place.noor, world.project.id, now, pay))

    def paid() -> list[Any]:
        with world.db.read() as tx:
            return sums(tx, worker_id=world.layla)

    world.label(world.layla, "yes")
    made = world.answers()[0]["id"]
    before = paid()
    assert [one.amount_micros for one in before] == [50_000]
    review = world.say(world.rana, made, "reject", words="no")["id"]
    assert paid() == before
    place.dispute(review)
    place.judge(place.next(), "reviewer")
    assert paid() == before


def test_a_removed_author_is_still_judged_fairly(place: Disputes) -> None:
    world = place.world
    annotation, review = place.reviewed()
    place.dispute(review)
    world.db.write(lambda tx: owners.set_worker_active(tx, place.noor, world.layla, False))
    place.judge(place.next(), "author")
    assert place.state(annotation) == "accepted"
    assert place.notices(world.layla)[-1][0] == "dispute.overturned"  # read when they are let in again


def test_a_removed_reviewer_pays_all_the_same(place: Disputes) -> None:
    world = place.world
    _, review = place.reviewed()
    place.dispute(review)
    world.db.write(lambda tx: owners.set_worker_active(tx, place.noor, world.rana, False))
    place.judge(place.next(), "author")
    assert place.score(world.rana, "review") == (1, 0.0)


def test_a_task_that_was_removed_or_reopened_gets_no_answer_back(place: Disputes) -> None:
    world = place.world
    annotation, review = place.reviewed()
    place.dispute(review)
    task = world.one("annotation_get", id=annotation)["task_id"]
    row = place.next()
    world.db.write(lambda tx: owners.reopen(tx, place.noor, task))
    place.judge(row, "author")
    assert place.state(annotation) == "rejected"
    assert place.row(row["id"])["counts"] == 0


# ---- one that nobody judges ----------------------------------------------------------------------------------------
def test_an_unjudged_dispute_is_told_to_who_manages_once(place: Disputes) -> None:
    world = place.world
    _, review = place.reviewed()
    place.dispute(review)
    place.clock.now += 7 * DAY - SECOND
    assert world.db.write(disputes.tell_stale) == 0
    place.clock.now += SECOND
    assert world.db.write(disputes.tell_stale) == 1
    assert world.db.write(disputes.tell_stale) == 0
    assert place.notices(place.noor) == [("dispute.waiting", {"days": 7, "judges": 2})]
    assert place.notices(world.sami) == []  # a reviewer does not manage


# ---- what stands in the truth ----------------------------------------------------------------------------------------
def labels(place: Disputes) -> dict[str, str]:
    """worker's name → label, of all votes on the first task."""
    votes = list(export(place.world.db, place.world.project.id, "votes")[1])
    return {one["worker"]: one["label"] for one in votes if one["task"] == 1}


@pytest.mark.parametrize(
    ("right", "votes"), [("author", {"layla": "yes"}), ("reviewer", {"layla": "yes", "rana": "no"})]
)
def test_a_fix_counts_until_a_dispute_overturns_it(place: Disputes, right: str, votes: dict[str, str]) -> None:
    _, review = place.reviewed("fix")
    assert labels(place) == {"layla": "yes", "rana": "no"}
    place.dispute(review)
    place.judge(place.next(), right)
    assert labels(place) == votes


def test_where_neither_was_right_the_judges_answer_counts(workspace: Workspace, clock: Callable[[], int]) -> None:
    question = {"kind": "choice", "name": "label", "labels": ["yes", "no", "maybe"]}
    place = Disputes(make_reviews(workspace, questions=[question]), clock)
    _, review = place.reviewed("fix")
    place.dispute(review)
    place.judge(place.next(), "neither", answers={"label": "maybe"})
    assert labels(place) == {"layla": "yes", "sami": "maybe"}
    truth = project_truth(place.world.db, place.world.project.id, "label")
    assert truth.votes[truth.row_of[1]].sum() == 2


def test_reviewing_and_judging_are_hours_too(place: Disputes) -> None:
    world = place.world
    world.label(world.layla, "yes")
    found = world.next(world.rana)
    place.clock.advance(40)
    review = world.say(world.rana, found["annotation_id"], "reject", words="no")["id"]
    place.dispute(review)
    row = place.next()
    place.clock.advance(70)
    place.judge(row, "author", spent_ms=60_000)
    with world.db.read() as tx:
        hours = {
            who: sum(one.active for one in work_days(tx, worker_id=who)) // SECOND for who in (world.rana, world.sami)
        }
    assert hours == {world.rana: 40, world.sami: 60}
