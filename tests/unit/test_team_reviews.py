"""Reviews: what comes into the queue, who gets what, verdicts and what they leave behind, undo, bad input."""

from typing import Any

import pytest
from kinds_world import answer
from reviews_world import make_reviews, set_role

from tawsim.core.errors import BadAnswer, BadInput, Conflict, KeyReused, NotFound, VersionConflict
from tawsim.labelling import disputes, owners, review_queue, reviews
from tawsim.labelling.evidence import tally_of
from tawsim.labelling.projects import update_project
from tawsim.labelling.reviews import Said
from tawsim.labelling.submit import Given, edit, undo
from tawsim.loop.reviewing import Sure, accept_bulk, fill, fill_all, preview_bulk, undo_bulk, wrong_among
from tawsim.workspaces.workspace import Workspace


def test_all_answers_wait_and_each_is_held_by_one(workspace: Workspace) -> None:
    world = make_reviews(workspace, 3)
    world.label(world.layla, "yes", "no", "yes")
    one, other = world.next(world.rana), world.next(world.sami)
    assert one["annotation_id"] != other["annotation_id"]
    assert world.next(world.rana)["annotation_id"] == one["annotation_id"]  # a reload costs nothing
    with workspace.db.read() as tx:
        assert review_queue.counts(tx, world.project.id, world.rana) == {"waiting": 1, "held": 2, "by_you": 0}


def test_a_verdict_ends_it_and_is_evidence(workspace: Workspace) -> None:
    world = make_reviews(workspace, 3)
    world.label(world.layla, "yes", "no", "yes")
    for verdict, more in (("accept", {}), ("reject", {"reason": "wrong label"}), ("fix", {"answers": {"label": "no"}})):
        world.say(world.rana, world.next(world.rana)["annotation_id"], verdict, **more)
    assert world.next(world.rana) is None
    with workspace.db.read() as tx:
        found = tally_of(tx, world.project.id, world.layla).score
    assert (found.n, found.right) == (3, 1.0)
    notices = world.all("notice_page", worker_id=world.layla, before="~", n=9)
    assert sorted(one["kind"] for one in notices) == ["review.fixed", "review.rejected"]


def test_a_rejected_answer_opens_its_slot(workspace: Workspace) -> None:
    world = make_reviews(workspace, 1, overlap=1)
    world.label(world.layla, "yes")
    [answer] = world.answers()
    assert world.one("task_get", id=answer["task_id"])["load"] == 1
    world.say(world.rana, answer["id"], "reject", words="no")
    assert world.one("task_get", id=answer["task_id"])["load"] == 0
    world.label(world.omar, "no")
    assert [one["worker_id"] for one in world.answers()] == [world.omar]


def test_of_two_verdicts_on_one_version_one_stands(workspace: Workspace) -> None:
    world = make_reviews(workspace, 1)
    world.label(world.layla, "yes")
    [answer] = world.answers()
    world.say(world.rana, answer["id"])
    with pytest.raises(VersionConflict) as caught:
        world.say(world.sami, answer["id"], "reject", words="no")
    assert caught.value.details["current_version"] == 1
    assert world.one("annotation_get", id=answer["id"])["state"] == "accepted"


def test_who_does_not_hold_it_while_another_does_is_told(workspace: Workspace) -> None:
    world = make_reviews(workspace, 1)
    world.label(world.layla, "yes")
    answer = world.next(world.rana)["annotation_id"]
    with pytest.raises(VersionConflict):
        world.say(world.sami, answer)
    world.say(world.rana, answer)


def test_an_answer_edited_between_seeing_and_verdict(workspace: Workspace) -> None:
    world = make_reviews(workspace, 1)
    world.label(world.layla, "yes")
    answer = world.next(world.rana)["annotation_id"]
    workspace.db.write(lambda tx: edit(tx, world.layla, answer, "e", 1, {"label": "no"}))
    with pytest.raises(VersionConflict) as caught:
        world.say(world.rana, answer)
    assert caught.value.details["current_version"] == 2
    world.say(world.rana, answer, version=2)


def test_an_answer_edited_after_its_review_waits_again(workspace: Workspace) -> None:
    world = make_reviews(workspace, 1)
    world.label(world.layla, "yes")
    answer = world.next(world.rana)["annotation_id"]
    world.say(world.rana, answer)
    assert world.next(world.rana) is None
    workspace.db.write(lambda tx: edit(tx, world.layla, answer, "e", 1, {"label": "no"}))
    assert world.next(world.rana)["annotation_id"] == answer


def test_an_answer_taken_back_between_seeing_and_verdict(workspace: Workspace) -> None:
    world = make_reviews(workspace, 1)
    world.label(world.layla, "yes")
    answer = world.next(world.rana)["annotation_id"]
    workspace.db.write(lambda tx: undo(tx, world.layla, answer, "u"))
    with pytest.raises(VersionConflict):
        world.say(world.rana, answer)
    assert world.next(world.rana) is None


def test_nobody_reviews_own_work(workspace: Workspace) -> None:
    world = make_reviews(workspace, 1)
    world.label(world.rana, "yes")
    [answer] = world.answers()
    assert world.next(world.rana) is None
    with pytest.raises(Conflict, match="your own"):
        world.say(world.rana, answer["id"])
    assert world.next(world.sami)["annotation_id"] == answer["id"]


def test_a_task_that_one_answered_goes_to_others_while_there_are_others(workspace: Workspace) -> None:
    world = make_reviews(workspace, 1)
    world.label(world.layla, "yes")
    world.label(world.rana, "no")
    laylas = world.answers()[0]["id"]
    assert world.next(world.rana) is None
    with pytest.raises(Conflict, match="answered this task"):
        world.say(world.rana, laylas)
    for other in (world.sami, workspace.owner_id):  # the last one left may
        workspace.db.write(lambda tx, other=other: tx.run("worker_set_active", id=other, active=0))
    assert world.next(world.rana)["annotation_id"] == laylas
    world.say(world.rana, laylas)


def test_what_a_deactivated_reviewer_held_goes_to_the_next(workspace: Workspace) -> None:
    world = make_reviews(workspace, 1)
    world.label(world.layla, "yes")
    held = world.next(world.rana)["annotation_id"]
    assert world.next(world.sami) is None
    workspace.db.write(lambda tx: owners.set_worker_active(tx, workspace.owner_id, world.rana, False))
    assert world.next(world.sami)["annotation_id"] == held


def test_what_a_reviewer_made_labeller_held_goes_to_the_next(workspace: Workspace) -> None:
    world = make_reviews(workspace, 1)
    world.label(world.layla, "yes")
    held = world.next(world.rana)["annotation_id"]
    set_role(workspace, world.rana, "labeller")
    assert world.next(world.sami)["annotation_id"] == held


def test_a_hold_ends_and_its_end_is_stored(workspace: Workspace, clock) -> None:  # type: ignore[no-untyped-def]
    world = make_reviews(workspace, 1)
    world.label(world.layla, "yes")
    held = world.next(world.rana)["annotation_id"]
    clock.advance(review_queue.HOLD_S + 1)
    assert world.next(world.sami)["annotation_id"] == held
    clock.advance(-3600)
    assert world.next(world.rana) is None
    assert world.one("review_item_get", annotation_id=held)["holder_id"] == world.sami


def test_removed_tasks_and_absent_answers_look_the_same(workspace: Workspace) -> None:
    world = make_reviews(workspace, 1)
    world.label(world.layla, "yes")
    answer = world.next(world.rana)["annotation_id"]
    task = world.answers()[0]["task_id"]
    workspace.db.write(lambda tx: owners.remove_task(tx, workspace.owner_id, task))
    said = []
    for one in (answer, "absent"):
        with pytest.raises(NotFound) as caught:
            world.say(world.rana, one)
        said.append((caught.value.message, dict(caught.value.details)))
    assert said[0] == said[1]
    assert world.next(world.rana) is None


@pytest.mark.parametrize(
    ("verdict", "more", "field"),
    [
        ("reject", {}, "reason"),
        ("reject", {"reason": "because"}, "reason"),
        ("accept", {"answers": {"label": "no"}}, "answers"),
        ("fix", {"answers": {"label": "yes"}}, "answers"),
        ("accept", {"words": "x" * 2001}, "words"),
        ("perhaps", {}, "verdict"),
    ],
)
def test_bad_verdicts_name_the_field(workspace: Workspace, verdict: str, more: dict[str, object], field: str) -> None:
    world = make_reviews(workspace, 1)
    world.label(world.layla, "yes")
    with pytest.raises(BadInput) as caught:
        world.say(world.rana, world.answers()[0]["id"], verdict, **more)
    assert caught.value.details["field"] == field


@pytest.mark.parametrize("answers", [{"label": "maybe"}, {}, {"other": 1}, None, [], {"label": ["yes"]}])
def test_a_fix_that_does_not_fit_the_questions(workspace: Workspace, answers: object) -> None:
    world = make_reviews(workspace, 1)
    world.label(world.layla, "yes")
    with pytest.raises(BadAnswer):
        world.say(world.rana, world.answers()[0]["id"], "fix", answers=answers)
    assert world.next(world.rana) is not None


def test_a_key_gives_the_same_verdict_for_ever(workspace: Workspace) -> None:
    world = make_reviews(workspace, 1)
    world.label(world.layla, "yes")
    answer = world.answers()[0]["id"]

    def say(said: Said) -> object:
        return workspace.db.write(lambda tx: reviews.review(tx, world.rana, answer, "k", said))

    first = say(Said(1, "reject", "wrong label"))
    assert say(Said(1, "reject", "wrong label")) == first
    with pytest.raises(KeyReused):
        say(Said(1, "accept"))


@pytest.mark.parametrize("verdict", ["accept", "fix", "reject"])
def test_undo_leaves_all_as_it_was(workspace: Workspace, verdict: str) -> None:
    world = make_reviews(workspace, 1)
    world.label(world.layla, "yes")
    answer = world.next(world.rana)["annotation_id"]
    more = {"accept": {}, "fix": {"answers": {"label": "no"}}, "reject": {"reason": "wrong label"}}[verdict]
    task = world.answers()[0]["task_id"]

    def state() -> object:
        with workspace.db.read() as tx:
            counts = dict(tx.one("project_count_get", project_id=world.project.id))  # type: ignore[arg-type]
            rank = {"changed", "returned_rank"}
            row = {k: v for k, v in dict(tx.one("task_get", id=task)).items() if k not in rank}  # type: ignore[arg-type]
            counts = {k: v for k, v in counts.items() if k not in ("revision", "returned_rank")}
            return (
                counts,
                row,
                tally_of(tx, world.project.id, world.layla),
                tx.one("notice_unseen", worker_id=world.layla)["n"],
            )  # type: ignore[index]

    before = state()
    made = world.say(world.rana, answer, verdict, **more)
    assert state() != before
    workspace.db.write(lambda tx: reviews.undo_review(tx, world.rana, made["id"], "u"))
    assert state() == before
    assert world.next(world.rana)["annotation_id"] == answer
    world.say(world.rana, answer)


def test_what_went_on_is_not_undone(workspace: Workspace) -> None:
    world = make_reviews(workspace, 2, overlap=1)
    world.label(world.layla, "yes", "yes")
    one, other = (row["id"] for row in world.answers())
    rejected = world.say(world.rana, one, "reject", words="no")
    world.label(world.omar, "no")  # the place is taken

    def undo_it(reviewer: str, review: str) -> None:
        workspace.db.write(lambda tx: reviews.undo_review(tx, reviewer, review, world.key()))

    with pytest.raises(Conflict, match="place"):
        undo_it(world.rana, rejected["id"])
    with pytest.raises(NotFound):
        undo_it(world.sami, rejected["id"])
    accepted = world.say(world.rana, other)
    with pytest.raises(Conflict, match="last"):
        undo_it(world.rana, rejected["id"])
    workspace.db.write(lambda tx: edit(tx, world.layla, other, "e", 1, {"label": "no"}))
    with pytest.raises(Conflict, match="went on"):
        undo_it(world.rana, accepted["id"])


def test_flags_and_what_was_sent_come_first_and_without_any_setting(workspace: Workspace) -> None:
    world = make_reviews(workspace, 4)
    world.set(choose="none")
    world.label(world.layla, "yes", "yes", "yes", "yes")
    first, second, third, _ = (row["id"] for row in world.answers())
    assert world.next(world.rana) is None
    workspace.db.write(lambda tx: edit(tx, world.layla, second, "e", 1, {"label": "no"}, Given("which?", True)))
    task = world.one("annotation_get", id=third)["task_id"]
    fill(workspace.db, world.project.id)
    assert workspace.db.write(lambda tx: review_queue.send_to_review(tx, workspace.owner_id, [task])) == 1
    assert world.next(world.rana)["annotation_id"] == third
    world.say(world.rana, third)
    assert world.next(world.rana)["annotation_id"] == second
    world.say(world.rana, second, version=2)
    assert world.next(world.rana) is None
    assert workspace.db.write(lambda tx: review_queue.send_to_review(tx, workspace.owner_id, [task])) == 0
    assert world.one("review_item_get", annotation_id=first) is None


def test_a_random_share_is_drawn_and_kept(workspace: Workspace) -> None:
    world = make_reviews(workspace, 60)
    world.set(choose="random", share=0.3)
    world.label(world.layla, *["yes"] * 60)
    fill(workspace.db, world.project.id)

    def waiting() -> int:
        return int(world.one("review_item_count", project_id=world.project.id)["n"])

    drawn = waiting()
    assert 5 <= drawn <= 33  # 18 ± 4 standard deviations
    world.set(choose="random", share=1.0)
    fill(workspace.db, world.project.id)
    assert waiting() == 60
    world.set(choose="random", share=0.3)
    fill(workspace.db, world.project.id)
    assert waiting() == drawn  # the same ones: chance does not get a second throw
    world.set(choose="none")
    fill(workspace.db, world.project.id)
    assert waiting() == 0


def test_risk_takes_what_disagrees_with_the_truth_first(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(review_queue, "BY_CHANCE", 0.0)
    world = make_reviews(workspace, 20, overlap=3)
    world.set(choose="risk", share=0.05)
    for worker in (world.layla, world.omar):
        world.label(worker, *["yes", "no"] * 10)
    world.label(world.sami, *["no"] + ["no", "yes"] * 9 + ["no"])  # wrong in 19... but for the last
    fill(workspace.db, world.project.id)
    assert world.one("review_item_count_why", project_id=world.project.id, why="risk")["n"] == 3
    assert world.one("annotation_get", id=world.next(world.rana)["annotation_id"])["worker_id"] == world.sami


def test_gold_and_training_are_not_reviewed(workspace: Workspace) -> None:
    world = make_reviews(workspace, 2)
    world.label(world.layla, "yes", "yes")
    answers = world.answers()
    for task, purpose in zip([row["task_id"] for row in answers], ("gold", "training"), strict=True):
        workspace.db.write(
            lambda tx, t=task, p=purpose: tx._connection.execute(f"UPDATE task SET purpose = '{p}' WHERE id = '{t}'")
        )
    assert world.next(world.rana) is None
    with pytest.raises(NotFound):
        world.say(world.rana, answers[0]["id"])


def test_what_the_reviewer_sees_has_no_names(workspace: Workspace) -> None:
    rows = [{"a": "one", "b": "two"}]
    pair = {"kind": "pairwise", "name": "better", "candidates": ["a", "b"]}
    world = make_reviews(workspace, questions=[pair], rows=rows)
    answer(workspace, world.project, world.layla, rows, [{"better": {"best": "a"}}])
    item = world.next(world.rana)
    with workspace.db.read() as tx:
        blind = reviews.present_item(tx, item, with_names=False)
        named = reviews.present_item(tx, item, with_names=True)
    assert world.layla not in str(blind)
    assert "layla" not in str(blind)
    assert named["author"] == {"id": world.layla, "name": "layla"}
    shown = {one["name"]: one["value"] for one in blind["task"]["candidates"]["better"]}
    assert shown[blind["answer"]["answers"]["better"]["best"]] == "one"  # in the names this lease drew
    other = "B" if blind["answer"]["answers"]["better"]["best"] == "A" else "A"
    world.say(world.rana, item["annotation_id"], "fix", answers={"better": {"best": other}})
    with workspace.db.read() as tx:
        [fixed] = tx.all("review_of_annotation", annotation_id=item["annotation_id"])
    assert '"b"' in fixed["answers"]


def _sure_world(workspace: Workspace) -> Any:
    world = make_reviews(workspace, 30, overlap=3)
    labels = ["yes", "no"] * 15
    for worker in (world.layla, world.omar):
        world.label(worker, *labels)
    world.label(workspace.owner_id, *["no", "no"], *labels[2:])
    return world


def test_accepting_many_says_first_how_many_are_wrong_and_can_be_undone(workspace: Workspace) -> None:
    world = _sure_world(workspace)
    fill(workspace.db, world.project.id)
    told = preview_bulk(workspace.db, world.rana, world.project.id, 0.9)
    assert 80 <= told.answers <= 89  # not the owner's “no” to the first task
    assert told.low <= round(told.expected) <= told.high
    assert told.waiting == 90
    assert told.checked["n"] == 0
    done = accept_bulk(workspace.db, world.rana, world.project.id, "b", 0.9, told.until)
    assert done["accepted"] == told.answers
    assert accept_bulk(workspace.db, world.rana, world.project.id, "b", 0.9, told.until) == done
    with workspace.db.read() as tx:
        assert tally_of(tx, world.project.id, world.layla).score.n == 0  # nobody looked
        assert review_queue.counts(tx, world.project.id, world.rana)["waiting"] == 90 - told.answers
    undone = undo_bulk(workspace.db, world.rana, world.project.id, done["id"])
    assert undone["state"] == "undone"
    assert undo_bulk(workspace.db, world.rana, world.project.id, done["id"]) == undone
    with workspace.db.read() as tx:
        assert review_queue.counts(tx, world.project.id, world.rana)["waiting"] == 90
    assert preview_bulk(workspace.db, world.rana, world.project.id, 0.9).answers == told.answers


def test_what_people_found_of_answers_like_these_is_what_a_dispute_says(workspace: Workspace) -> None:
    world = _sure_world(workspace)
    one = next(one["id"] for one in world.answers()[10:] if one["worker_id"] == world.layla)
    world.say(world.rana, one, "reject", reason="wrong label")
    assert preview_bulk(workspace.db, world.rana, world.project.id, 0.9).checked["wrong"] == 1
    [review] = world.all("review_of_annotation", annotation_id=one)
    workspace.db.write(lambda tx: disputes.dispute(tx, world.layla, review["id"], "d", "it is right"))
    held = workspace.db.write(lambda tx: disputes.next_dispute(tx, world.project.id, world.sami))
    assert held is not None
    side = "a" if held["a_is"] == "author" else "b"
    said = disputes.Verdict(held["hold"], side, "the author is right")
    workspace.db.write(lambda tx: disputes.judge(tx, world.sami, held["id"], "j", said))
    checked = preview_bulk(workspace.db, world.rana, world.project.id, 0.9).checked
    assert (checked["n"], checked["wrong"]) == (1, 0)


def test_accepting_many_leaves_out_what_changed_came_later_or_is_held(workspace: Workspace) -> None:
    world = _sure_world(workspace)
    fill(workspace.db, world.project.id)
    told = preview_bulk(workspace.db, world.rana, world.project.id, 0.9)
    sure = [one["id"] for one in world.answers() if one["worker_id"] == world.layla]
    workspace.db.write(lambda tx: undo(tx, world.layla, sure[5], "u"))
    workspace.db.write(lambda tx: edit(tx, world.layla, sure[6], "e", 1, {"label": "yes"}, Given("?", True)))
    held = world.next(world.sami)["annotation_id"]
    done = accept_bulk(workspace.db, world.rana, world.project.id, "b", 0.9, told.until)
    assert done["accepted"] < told.answers
    for one in (sure[5], sure[6], held):
        assert world.all("review_of_annotation", annotation_id=one) == []
    with pytest.raises(Conflict):
        accept_bulk(workspace.db, world.rana, world.project.id, "b", 0.95, told.until)
    with pytest.raises(BadInput):
        preview_bulk(workspace.db, world.rana, world.project.id, 0.2)


def test_the_number_of_wrong_ones_counts_whole_tasks() -> None:
    alone = [Sure(str(i), i, 1, 0.9) for i in range(100)]
    together = [Sure(str(i), i // 10, 1, 0.9) for i in range(100)]
    mean, low, high = wrong_among(alone)
    assert mean == pytest.approx(10)
    assert (low, high) == pytest.approx((5, 16), abs=1)  # binomial(100, .1)
    assert wrong_among(together)[0] == pytest.approx(10)
    assert wrong_among(together)[2] > high  # ten answers of one task are wrong together
    assert wrong_among([]) == (0.0, 0, 0)


MANY = 10_000
COPIES = (
    "INSERT INTO task (id, project_id, seq, position, overlap, load, accepted, is_open, text_key, changed) "
    "SELECT id || n.i, project_id, seq + n.i + 1, position + n.i + 1, overlap, load, accepted, is_open, text_key, changed "
    "FROM task, n WHERE id = ?",
    "INSERT INTO lease (id, project_id, task_id, worker_id, round, slot, state, granted_at, deadline) "
    "SELECT id || n.i, project_id, task_id || n.i, worker_id, round, slot, state, granted_at, deadline FROM lease, n "
    "WHERE task_id = ?",
    "INSERT INTO annotation (id, project_id, task_id, lease_id, worker_id, round, state, guideline_version, created_at) "
    "SELECT id || n.i, project_id, task_id || n.i, lease_id || n.i, worker_id, round, state, 1, created_at FROM annotation, n "
    "WHERE task_id = ?",
    "INSERT INTO annotation_version (annotation_id, version, answers, by_worker, at) "
    "SELECT v.annotation_id || n.i, 1, v.answers, v.by_worker, v.at FROM annotation_version v, n "
    "WHERE v.annotation_id = (SELECT id FROM annotation WHERE task_id = ?)",
)


def test_ten_thousand_wait_and_own_work_at_the_head_is_passed(workspace: Workspace) -> None:
    world = make_reviews(workspace, 2, overlap=1)
    world.label(world.rana, "yes")
    world.label(world.layla, "no")
    ranas, laylas = world.answers()

    def put(tx: Any) -> None:
        numbers = f"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {MANY}) "
        for statement in COPIES:  # by the thousand through the front door would take a minute
            into, _, select = statement.partition("SELECT")
            tx._connection.execute(into + numbers + "SELECT" + select, (ranas["task_id"],))

    workspace.db.write(put)
    for _ in range(MANY):  # each call takes half a second at most
        fill(workspace.db, world.project.id)
        with workspace.db.read() as tx:
            if not review_queue.wants_look(tx, world.project.id):
                break
    with workspace.db.read() as tx:
        assert review_queue.counts(tx, world.project.id, world.rana)["waiting"] == MANY + 2
    assert world.next(world.rana)["annotation_id"] == laylas["id"]
    assert world.next(world.sami)["annotation_id"] != laylas["id"]


@pytest.mark.parametrize(("same", "free"), [({}, False), ({"alef": True, "diacritics": True}, True)])
def test_a_fix_of_spelling_alone_costs_nothing_where_the_project_says_so(
    workspace: Workspace, same: dict[str, bool], free: bool
) -> None:
    """The same word with and without hamza and vowels."""
    review = {"choose": "all"}
    settings = {"review": review, "same": same}
    world = make_reviews(workspace, 1, questions=[{"kind": "text", "name": "said"}], settings=settings)
    answer(workspace, world.project, world.layla, world.rows, [{"said": "اهلا بك"}])
    [given] = world.answers()
    world.say(world.rana, given["id"], "fix", answers={"said": "أَهلًا بك"})
    with workspace.db.read() as tx:
        worth = tally_of(tx, world.project.id, world.layla).score.right
    assert (worth == 1.0) is free


def test_queues_are_filled_before_a_reviewer_asks(workspace: Workspace) -> None:
    world = make_reviews(workspace, 3)
    world.label(world.layla, "yes", "no", "yes")

    def waiting() -> int:
        return int(world.one("review_item_count", project_id=world.project.id)["n"])

    assert waiting() == 0
    fill_all(workspace.db)
    assert waiting() == 3
    world.label(world.omar, "yes")
    now = world.one("project_get", id=world.project.id)
    change = {"state": "paused"}
    workspace.db.write(lambda tx: update_project(tx, workspace.owner_id, world.project.id, now["version"], change))
    fill_all(workspace.db)
    assert waiting() == 3, "a paused project rests"
