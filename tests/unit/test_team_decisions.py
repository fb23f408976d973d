"""Decisions: which task comes, what is seen of it, what a decision does to the truth, to evidence and to exports."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from kinds_world import answer
from reviews_world import Reviews, make_reviews, worth_of

from tawsim.core.errors import BadAnswer, BadInput, Conflict, NotFound, VersionConflict
from tawsim.kinds import KINDS, question_to_json
from tawsim.labelling import owners
from tawsim.labelling.decisions import Settled
from tawsim.labelling.reviews import undo_review
from tawsim.labelling.submit import edit
from tawsim.loop import deciding, following
from tawsim.loop.exporting import export
from tawsim.loop.inferring import forget_truths, project_truth
from tawsim.workspaces.workspace import Workspace


def next_case(world: Reviews, decider: str, **more: Any) -> Any:
    return deciding.next_case(world.db, world.project.id, decider, with_names=False, **more)["case"]


def decide(world: Reviews, decider: str, case: Any, settles: str = "answers", **more: Any) -> Any:
    said = Settled(case["seen"], settles, **more)  # type: ignore[arg-type]
    return deciding.decide(world.db, decider, case["task"]["id"], world.key(), said)


def letter_of(case: Any, label: str) -> str:
    return next(one["letter"] for one in case["options"] if one["answers"] == {"label": label})


@pytest.fixture
def doubt(workspace: Workspace) -> Reviews:
    """Layla and Omar differ on the second and the third of four tasks."""
    world = make_reviews(workspace, 4)
    world.label(world.layla, "yes", "yes", "yes", "no")
    world.label(world.omar, "yes", "no", "no", "no")
    return world


def truth_of(world: Reviews) -> Any:
    forget_truths(world.db)
    return project_truth(world.db, world.project.id)


def test_only_tasks_on_which_answers_differ_come_and_without_names(doubt: Reviews) -> None:
    case = next_case(doubt, doubt.rana)
    assert case["task"]["seq"] in (2, 3)
    assert sorted(one["answers"]["label"] for one in case["options"]) == ["no", "yes"]
    assert [one["letter"] for one in case["options"]] == ["A", "B"]
    for hidden in (doubt.layla, doubt.omar, "layla", "omar"):
        assert hidden not in str(case)
    other = next_case(doubt, doubt.sami)  # two deciders never have the same
    assert {case["task"]["seq"], other["task"]["seq"]} == {2, 3}
    assert next_case(doubt, doubt.rana)["task"]["id"] == case["task"]["id"]


def test_a_decision_is_the_truth(doubt: Reviews) -> None:
    case = next_case(doubt, doubt.rana)
    seq = case["task"]["seq"]
    found = decide(doubt, doubt.rana, case, choose=letter_of(case, "no"))
    assert found["truth"][0]["p"] < 1  # what the truth said until then
    truth = truth_of(doubt)
    t = truth.place(seq)
    assert (truth.label(t), truth.p[t], truth.decided) == ("no", 1.0, {seq: "rana"})
    assert next_case(doubt, doubt.rana)["task"]["seq"] != seq
    with doubt.db.read() as tx:
        assert worth_of(tx, doubt.project.id, doubt.omar).right == 1.0
        assert worth_of(tx, doubt.project.id, doubt.layla).right == 0.0


def test_an_own_answer_that_nobody_gave(doubt: Reviews) -> None:
    case = next_case(doubt, doubt.rana)
    with pytest.raises(BadAnswer):
        decide(doubt, doubt.rana, case, answers={"label": "maybe"})
    with pytest.raises(BadInput):
        decide(doubt, doubt.rana, case)
    with pytest.raises(BadInput):
        decide(doubt, doubt.rana, case, choose="Z")
    decide(doubt, doubt.rana, case, answers={"label": "yes"})
    assert truth_of(doubt).decided == {case["task"]["seq"]: "rana"}


def test_nobody_can_tell(doubt: Reviews) -> None:
    case = next_case(doubt, doubt.rana)
    task = case["task"]["id"]
    before = dict(doubt.one("project_count_get", project_id=doubt.project.id))
    with pytest.raises(BadInput) as caught:
        decide(doubt, doubt.rana, case, "cannot")
    assert caught.value.details["field"] == "words"
    decide(doubt, doubt.rana, case, "cannot", words="the text is cut off")
    now = doubt.one("project_count_get", project_id=doubt.project.id)
    assert (now["skipped_out"], now["done"]) == (1, before["done"] - 1)
    assert doubt.one("task_get", id=task)["state"] == "skipped_out"
    assert truth_of(doubt).decided == {}
    again = deciding.one_case(doubt.db, task, doubt.rana, with_names=False)
    assert again["decided"]["settles"] == "cannot"
    decide(doubt, doubt.rana, again, "open")
    now = doubt.one("project_count_get", project_id=doubt.project.id)
    assert (now["skipped_out"], now["done"]) == (0, before["done"])
    recount = doubt.one("project_recount", project_id=doubt.project.id, visible_seq=99)
    assert recount["done"] == now["done"]


def test_a_decision_gives_way_to_another_and_to_none(doubt: Reviews) -> None:
    case = next_case(doubt, doubt.rana)
    task, seq = case["task"]["id"], case["task"]["seq"]
    decide(doubt, doubt.rana, case, choose=letter_of(case, "no"))

    def again(settles: str, **more: Any) -> Any:
        now = deciding.one_case(doubt.db, task, doubt.sami, with_names=True)
        assert now["decided"] is not None
        decide(doubt, doubt.sami, now, settles, **more)
        return truth_of(doubt)

    truth = again("answers", answers={"label": "yes"})
    assert (truth.label(truth.place(seq)), truth.decided) == ("yes", {seq: "sami"})
    with doubt.db.read() as tx:
        assert worth_of(tx, doubt.project.id, doubt.layla).right == 1.0
    truth = again("open")
    assert truth.decided == {}
    assert truth.p[truth.place(seq)] < 1
    with doubt.db.read() as tx:
        assert worth_of(tx, doubt.project.id, doubt.layla).n == 0  # the evidence went with it


def test_what_changed_meanwhile_is_not_decided(doubt: Reviews) -> None:
    case = next_case(doubt, doubt.rana)
    task = case["task"]["id"]
    [mine] = [one for one in doubt.answers() if one["task_id"] == task and one["worker_id"] == doubt.layla]
    doubt.db.write(lambda tx: edit(tx, doubt.layla, mine["id"], "e", 1, {"label": "no"}))
    with pytest.raises(VersionConflict):
        decide(doubt, doubt.rana, case, choose="A")
    assert doubt.one("decision_current", task_id=task) is None


def test_of_two_decisions_one_stands(doubt: Reviews) -> None:
    case = next_case(doubt, doubt.rana)
    doubt.db.write(lambda tx: tx.run("decision_unhold", task_id=case["task"]["id"]))
    same = deciding.one_case(doubt.db, case["task"]["id"], doubt.sami, with_names=False)
    with pytest.raises(VersionConflict):  # in another's hands
        decide(doubt, doubt.rana, case, choose="A")
    decide(doubt, doubt.sami, same, choose="A")
    with pytest.raises(VersionConflict):
        decide(doubt, doubt.rana, case, choose="B")


def test_nobody_decides_where_they_answered_while_there_are_others(doubt: Reviews) -> None:
    doubt.db.write(
        lambda tx: tx._connection.execute("UPDATE worker SET role = 'reviewer' WHERE id = ?", (doubt.layla,))
    )
    assert next_case(doubt, doubt.layla) is None
    case = next_case(doubt, doubt.rana)
    doubt.db.write(lambda tx: tx.run("decision_unhold", task_id=case["task"]["id"]))
    mine = deciding.one_case(doubt.db, case["task"]["id"], doubt.layla, with_names=False)
    with pytest.raises(Conflict):
        decide(doubt, doubt.layla, mine, choose="A")


def test_a_removed_task_is_absent(doubt: Reviews) -> None:
    case = next_case(doubt, doubt.rana)
    doubt.db.write(lambda tx: owners.remove_task(tx, doubt.workspace.owner_id, case["task"]["id"]))
    said = []
    for task in (case["task"]["id"], "absent"):
        with pytest.raises(NotFound) as caught:
            deciding.one_case(doubt.db, task, doubt.rana, with_names=False)
        said.append(caught.value.message)
    assert said[0] == said[1]


def test_reviewers_learn_from_it_too(doubt: Reviews) -> None:
    wrong, right = (one for one in doubt.answers() if one["seq"] == 2)  # layla: yes, omar: no
    doubt.say(doubt.sami, wrong["id"])
    doubt.say(doubt.sami, right["id"], "reject", words="no")
    case = deciding.one_case(doubt.db, wrong["task_id"], doubt.rana, with_names=False)
    decide(doubt, doubt.rana, case, answers={"label": "no"})
    with doubt.db.read() as tx:
        reviewer = worth_of(tx, doubt.project.id, doubt.sami, "review")
        author = worth_of(tx, doubt.project.id, doubt.omar)
    assert (reviewer.n, reviewer.right) == (2, 0.0)
    assert (author.n, author.right) == (1, 1.0)  # rejected, and right all the same


def test_a_look_at_the_truth_first_is_remembered(doubt: Reviews) -> None:
    case = next_case(doubt, doubt.rana)
    told = deciding.peek(doubt.db, doubt.rana, case["task"]["id"])["truth"]
    assert set(told[0]["probabilities"]) == {"yes", "no"}
    decide(doubt, doubt.rana, case, choose="A")
    assert doubt.one("decision_current", task_id=case["task"]["id"])["peeked"] == 1


def test_a_fix_is_a_vote_of_the_reviewer(workspace: Workspace) -> None:
    world = make_reviews(workspace, 3)
    world.label(world.layla, "yes", "yes", "yes")
    first = world.answers()[0]
    before = truth_of(world)
    made = world.say(world.rana, first["id"], "fix", answers={"label": "no"})
    truth = truth_of(world)
    t = truth.place(1)
    assert dict(zip(truth.labels, truth.votes[t].tolist(), strict=True)) == {"yes": 1, "no": 1}
    assert world.rana in {one.worker for one in truth.workers}
    world.say(world.sami, world.answers()[1]["id"])  # an acceptance is none
    assert truth_of(world).votes.sum() == 4
    workspace.db.write(lambda tx: undo_review(tx, world.rana, made["id"], "u"))
    assert truth_of(world).votes.tolist() == before.votes.tolist()


def test_agreement_is_that_of_labellers_alone(workspace: Workspace) -> None:
    world = make_reviews(workspace, 6)
    for worker in (world.layla, world.omar):
        world.label(worker, "yes", "no", "yes", "no", "yes", "no")
    before = truth_of(world).agreement
    for one in world.answers()[:3]:
        world.say(world.rana, one["id"], "fix", answers={"label": "yes" if one["seq"] == 2 else "no"})
    assert truth_of(world).agreement == before


def _follow_anew(world: Reviews) -> Callable[[], Any]:
    """A truth that is followed, however quickly it was learned."""
    question = world.project.questions[0]
    followed = following.judge(world.db, world.project, question)

    def now() -> Any:
        assert followed.catch_up(world.db)
        return followed.truth

    return now


def test_following_a_decision_gives_what_learning_anew_gives(workspace: Workspace) -> None:
    world = make_reviews(workspace, 14, overlap=3)
    for worker, turn in ((world.layla, 2), (world.omar, 3), (workspace.owner_id, 5)):
        world.label(worker, *["yes" if i % turn else "no" for i in range(14)])
    now = _follow_anew(world)
    case = next_case(world, world.rana)
    seq = case["task"]["seq"]
    decide(world, world.rana, case, answers={"label": "no"})
    truth = now()
    assert (truth.label(truth.place(seq)), truth.p[truth.place(seq)], truth.decided) == ("no", 1.0, {seq: "rana"})
    for one in [one for one in world.answers() if one["seq"] == seq]:
        workspace.db.write(lambda tx, one=one: owners.reject(tx, workspace.owner_id, one["id"], one["id"], 1, "no"))
    truth = now()  # nobody's answer is left: the decision stands
    assert (truth.label(truth.place(seq)), truth.answers[truth.place(seq)]) == ("no", 0)
    anew = truth_of(world)
    for one in (truth, anew):
        order = one.seqs.argsort()
        assert one.seqs[order].tolist() == list(range(1, 15))
        assert one.answers[order].tolist() == [0 if s == seq else 3 for s in range(1, 15)]
    assert truth.decided == anew.decided
    again = deciding.one_case(world.db, case["task"]["id"], world.rana, with_names=False)
    decide(world, world.rana, again, "open")
    assert now().place(seq) is None
    assert now().decided == {}
    assert len(now().seqs) == 13


def test_what_is_decided_teaches_whom_to_believe(workspace: Workspace) -> None:
    world = make_reviews(workspace, 24)
    world.label(world.layla, *["yes", "no"] * 12)
    world.label(world.omar, *["yes", "no"] * 6, *["no", "yes"] * 6)
    for seq in range(13, 23):  # omar is wrong wherever somebody looked
        task = next(one["task_id"] for one in world.answers() if one["seq"] == seq)
        case = deciding.one_case(world.db, task, world.rana, with_names=False)
        decide(world, world.rana, case, answers={"label": "yes" if seq % 2 else "no"})
    truth = truth_of(world)
    last = truth.place(24)
    assert (truth.label(last), truth.why.code) == ("no", "gold")
    assert truth.p[last] > 0.6  # two people alone would leave it at even


def test_exports_say_where_a_label_comes_from(doubt: Reviews) -> None:
    columns, rows = export(doubt.db, doubt.project.id)
    assert "decided_by" not in columns
    case = next_case(doubt, doubt.rana)
    decide(doubt, doubt.rana, case, answers={"label": "no"}, words="because")
    fixed = next(one for one in doubt.answers() if one["seq"] == 1)
    doubt.say(doubt.sami, fixed["id"], "fix", answers={"label": "no"}, words="look")
    columns, rows = export(doubt.db, doubt.project.id)
    found = {row["tawsim_task"]: row for row in rows}
    seq = case["task"]["seq"]
    assert (found[seq]["label"], found[seq]["label_p"], found[seq]["decided_by"]) == ("no", 1.0, "rana")
    assert {row["decided_by"] for s, row in found.items() if s != seq} == {""}
    columns, rows = export(doubt.db, doubt.project.id, "votes")
    votes = [(row["task"], row["worker"], row["label"], row["comment"]) for row in rows if row["origin"] != "answer"]
    assert votes == [(1, "sami", "no", "look"), (seq, "rana", "no", "because")]


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_kind_can_be_decided(workspace: Workspace, kind: str) -> None:
    example = KINDS[kind].example
    question = question_to_json(example.question)
    if question.get("live"):
        pytest.skip("a live conversation has no two answers to one row")
    world = make_reviews(workspace, questions=[question], rows=[dict(example.content)])
    name = question["name"]
    answer(workspace, world.project, world.layla, world.rows, [{name: example.one}])
    answer(workspace, world.project, world.omar, world.rows, [{name: example.other}])
    case = next_case(world, world.rana)
    assert case is not None
    assert len(case["options"]) == 2
    found = decide(world, world.rana, case, choose="A")
    truth = truth_of(world)
    stored = doubtless(world, case["task"]["id"])[name]
    label = truth.label(truth.place(1))
    assert KINDS[kind].distance(example.question, label, stored) == 0
    assert truth.p[truth.place(1)] == 1.0
    assert found["truth"] is not None
    _, rows = export(world.db, world.project.id)
    assert [row["decided_by"] for row in rows] == ["rana"]
    with workspace.db.read() as tx:
        scores = sorted(worth_of(tx, world.project.id, one).right for one in (world.layla, world.omar))
    assert scores[1] == 1.0
    assert scores[0] < 1.0


def doubtless(world: Reviews, task: str) -> Any:
    return json.loads(world.one("decision_current", task_id=task)["answers"])
