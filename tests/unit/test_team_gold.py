"""Tasks of known answer: made, mixed in, judged, doubted; and the training round that rests on them."""

import dataclasses
import json
from collections.abc import Callable
from typing import Any

import pytest
from labelling_world import NO, YES, World

from tawsim.core.clock import SECOND
from tawsim.core.errors import BadAnswer, BadInput, NotFound, VersionConflict
from tawsim.core.records import Question
from tawsim.core.settings import Gold
from tawsim.kinds import read_questions
from tawsim.labelling import gold, owners, submit, training
from tawsim.labelling.evidence import score, tally_of
from tawsim.labelling.gold import Known
from tawsim.server.answers import grant_json
from tawsim.store import rows
from tawsim.workspaces.workspace import Workspace, add_worker

ALWAYS = {"gold": {"on": True, "lowest": 1.0, "highest": 1.0}}
SPOTTED = {"gold": {"on": True, "lowest": 0.0, "highest": 0.2}}


@pytest.fixture
def world(workspace: Workspace, clock: object) -> World:
    return World(workspace, clock)


def know(world: World, tasks: list[str], answers: Any = YES, **more: Any) -> None:
    for task in tasks:
        world.db.write(lambda tx, t=task: training.correct_known(tx, world.owner, t, Known(answers, **more)))


def state(world: World, task: str) -> Any:
    with world.db.read() as tx:
        return tx.one("gold_get", task_id=task)


def known_of(world: World, worker: str) -> Any:
    with world.db.read() as tx:
        return tally_of(tx, world.project.id, worker).score


def people(world: World, n: int) -> list[str]:
    return [world.db.write(lambda tx, i=i: add_worker(tx, world.owner, f"p{i}", f"p{i}")).id for i in range(n)]


def take(world: World, worker: str, answers: Any = YES) -> Any:
    """Answer the next task; what the server says of it."""
    lease = world.lease(worker)
    return lease, world.db.write(lambda tx: submit.submit(tx, worker, lease.lease_id, lease.lease_id, answers))


# ---- making ----------------------------------------------------------------------------------------------------------
def test_a_task_of_known_answer_leaves_the_work_and_comes_back(world: World) -> None:
    tasks = world.add(3)
    before = world.counts()
    know(world, tasks[:1])
    now = world.counts()
    assert (now.tasks, now.answers_wanted) == (before.tasks - 1, before.answers_wanted - 1)
    world.answer(world.a)
    world.answer(world.a)
    assert world.grant(world.a).none == "done"
    world.db.write(lambda tx: gold.unmark(tx, world.owner, tasks[0]))
    assert world.counts().tasks == 3
    assert world.lease(world.a).task_id == tasks[0]
    with pytest.raises(NotFound):
        world.db.write(lambda tx: gold.unmark(tx, world.owner, tasks[0]))


@pytest.mark.parametrize(
    ("given", "error"),
    [
        (Known({"label": "ربما"}), BadAnswer),
        (Known({"other": "نعم"}), BadInput),
        (Known({}), BadInput),
        (Known({"label": None}), BadInput),
        (Known(YES, explanation="x" * 20_001), BadInput),
        (Known(YES, purpose="work"), BadInput),  # type: ignore[arg-type]
    ],
)
def test_a_known_answer_is_a_good_answer(world: World, given: Known, error: type[Exception]) -> None:
    (task,) = world.add(1)
    with pytest.raises(error):
        world.db.write(lambda tx: gold.make_known(tx, world.owner, task, given))
    assert world.counts().tasks == 1


def test_two_who_correct_at_once_do_not_overwrite_each_other(world: World) -> None:
    (task,) = world.add(1)
    know(world, [task])
    world.db.write(lambda tx: gold.make_known(tx, world.owner, task, Known(NO), 1))
    with pytest.raises(VersionConflict):
        world.db.write(lambda tx: gold.make_known(tx, world.owner, task, Known(YES), 1))
    assert json.loads(state(world, task)["answers"]) == NO


def test_counts_agree_with_the_facts_whatever_becomes_of_gold(world: World) -> None:
    tasks = world.add(4)
    know(world, tasks[:2])
    world.change(settings=ALWAYS)
    world.answer(world.a)
    world.answer(world.b)
    owner = world.owner
    world.db.write(lambda tx: owners.reopen(tx, owner, tasks[0]))
    world.db.write(lambda tx: owners.set_task_overlap(tx, owner, tasks[1], 3))
    world.db.write(lambda tx: owners.remove_task(tx, owner, tasks[0]))
    world.db.write(lambda tx: gold.unmark(tx, owner, tasks[1]))
    with world.db.read() as tx:
        facts = tx.one("project_recount", project_id=world.project.id, visible_seq=1 << 40)
        kept = tx.one("project_count_get", project_id=world.project.id)
    assert facts is not None
    assert kept is not None
    assert {name: kept[name] for name in facts.keys()} == dict(facts)  # noqa: SIM118


# ---- mixing in -------------------------------------------------------------------------------------------------------
def test_gold_comes_in_the_place_of_work_to_each_person_once_and_has_no_overlap(world: World) -> None:
    tasks = world.add(12)
    known = set(tasks[8:])
    know(world, tasks[8:])
    world.change(settings=ALWAYS)
    for worker in (world.a, world.b, world.c):
        had = [take(world, worker)[0].task_id for _ in range(6)]
        assert set(had[:4]) == known, "all of it first, at the rate of one, each once"
        assert len(set(had)) == 6
    assert state(world, tasks[8])["answers_n"] == 3, "overlap is 1, gold takes any number"
    assert world.counts().answers == 6


def test_gold_is_given_only_where_there_is_work(world: World) -> None:
    tasks = world.add(3)
    know(world, tasks[:2])
    world.change(settings=ALWAYS)
    for _ in range(2):
        take(world, world.b)
    world.answer(world.b)  # the only task of the work
    assert world.grant(world.c).none == "done", "not even one, and not one now and then"


def test_a_lease_of_gold_looks_like_any_other(workspace: Workspace, clock: object) -> None:
    world = World(workspace, clock, {"max_leases": 10})
    tasks = world.add(30)
    know(world, tasks[20:], explanation="because")
    world.change(settings={"gold": {"on": True, "lowest": 0.5, "highest": 0.5}})
    seqs: list[int] = []
    purposes = set()
    shapes = set()
    for _ in range(3):
        found = world.grant(world.a, 10)
        for one, sent in zip(found.leases, grant_json(found)["leases"], strict=True):
            purposes.add(one.task_id in tasks[20:])
            seqs.append(sent["task"]["seq"])
            assert sent["task"]["id"] == sent["lease"]["task_id"] not in tasks
            shapes.add(json.dumps(sent, sort_keys=True).count('"'))
            world.submit(world.a, one.lease_id)
    assert purposes == {True, False}
    assert seqs == list(range(1, len(seqs) + 1)), "the worker's own count, without a gap"
    assert len(shapes) == 1
    with world.db.read() as tx:
        mine = tx.all("annotation_mine", project_id=world.project.id, worker_id=world.a, before="~", n=50)
        from tawsim.labelling.queue import own_work

        project = rows.project(tx.one("project_get", id=world.project.id))
        assert [own_work(tx, project, row)["task"]["seq"] for row in mine] == seqs[::-1]
        assert not {own_work(tx, project, row)["task_id"] for row in mine} & set(tasks)


def test_the_rate_follows_what_is_known_of_the_worker() -> None:
    table = Gold(on=True, lowest=0.02, highest=0.2)
    rates = [gold.rate_of(table, score(n, 0.9 * n)) for n in (0, 5, 50, 500, 5_000)]
    assert rates[0] == pytest.approx(0.2)
    assert rates == sorted(rates, reverse=True)
    assert 0.02 < rates[-1] < 0.025


def test_owners_are_given_no_gold_and_gold_of_a_lane_only_who_may_have_it(world: World) -> None:
    from tawsim.labelling import lanes

    tasks = world.add(6)
    world.db.write(lambda tx: lanes.assign(tx, world.owner, tasks[4:], lanes.Requirement(languages=("ar",))))
    know(world, tasks[4:])
    world.change(settings=ALWAYS)
    assert take(world, world.owner)[0].task_id == tasks[0]
    assert take(world, world.a)[0].task_id == tasks[1]


def test_a_grant_of_gold_reads_no_more_for_all_that_was_answered(world: World) -> None:
    tasks = world.add(60)
    know(world, tasks[:30])
    world.change(settings=ALWAYS)

    def steps(worker: str) -> int:
        count = [0]

        def work(tx: Any) -> Any:
            tx._connection.set_progress_handler(lambda: count.__setitem__(0, count[0] + 1), 10)
            try:
                from tawsim.labelling.queue import next_leases

                return next_leases(tx, world.project.id, worker, 1)
            finally:
                tx._connection.set_progress_handler(None, 0)

        (lease,) = world.db.write(work).leases
        assert state(world, lease.task_id) is not None
        return count[0]

    before = steps(world.a)
    for worker in people(world, 12):
        for _ in range(20):
            take(world, worker)
    assert steps(world.b) <= before * 1.5 + 20


# ---- judging ---------------------------------------------------------------------------------------------------------
def test_an_answer_to_gold_is_evidence_at_once_and_follows_undo_and_edit(world: World) -> None:
    tasks = world.add(3)
    know(world, tasks[2:])
    world.change(settings=ALWAYS)
    lease, done = take(world, world.a, NO)
    assert lease.task_id == tasks[2]
    assert done.training is None, "nothing is told of gold"
    assert (known_of(world, world.a).n, known_of(world, world.a).right) == (1, 0.0)
    annotation = done.annotation["id"]
    world.db.write(lambda tx: submit.edit(tx, world.a, annotation, "e", 1, YES))
    assert (known_of(world, world.a).n, known_of(world, world.a).right) == (1, 1.0)
    again = world.undo(world.a, annotation)
    assert known_of(world, world.a).n == 0
    assert state(world, tasks[2])["answers_n"] == 0
    world.submit(world.a, again.lease_id, NO)
    assert (known_of(world, world.a).n, known_of(world, world.a).right) == (1, 0.0)
    assert state(world, tasks[2])["right_sum"] == pytest.approx(0.0)


QUESTIONS: tuple[Question, ...] = read_questions(
    [
        {"kind": "choice", "name": "label", "labels": ["x", "y"]},
        {"kind": "scale", "name": "how", "low": 1, "high": 5},
        {"kind": "text", "name": "why", "required": False},
    ]
)


@pytest.mark.parametrize(
    ("known", "given", "value"),
    [
        ({"label": "x"}, {"label": "x", "how": 1}, 1.0),
        ({"label": "x"}, {"label": "y", "how": 1}, 0.0),
        ({"label": "x", "how": 5}, {"label": "x", "how": 5}, 1.0),
        ({"label": "x", "how": 5}, {"label": "y", "how": 5}, 0.5),
        ({"label": "x", "why": "a"}, {"label": "x"}, 0.5),
    ],
)
def test_how_right_is_the_mean_over_the_known_questions(known: dict, given: dict, value: float) -> None:  # type: ignore[type-arg]
    assert gold.how_right(QUESTIONS, known, given) == pytest.approx(value, abs=1e-5)


def test_a_part_of_right_lies_between(world: World) -> None:
    near = gold.how_right(QUESTIONS, {"how": 5}, {"how": 4})
    far = gold.how_right(QUESTIONS, {"how": 5}, {"how": 1})
    assert 0 <= far < near < 1


# ---- doubt -----------------------------------------------------------------------------------------------------------
def good(world: World, worker: str, n: int = 20) -> None:
    """Let this much be known of a worker: n right answers to gold."""

    def work(tx: Any) -> None:
        for row in tx.all("annotation_mine", project_id=world.project.id, worker_id=worker, before="~", n=1):
            for i in range(n):
                tx.run(
                    "evidence_insert", id=f"{worker}/{i}", project_id=world.project.id, worker_id=worker, act="label",
                    source="gold", task_id=row["task_id"], annotation_id=row["id"], score=1.0, at=tx.now, fair=1,
                )  # fmt: skip

    world.db.write(work)


def doubted(world: World, known_good: int, strangers: int) -> str:
    """A wrong known answer, answered by people of whom much and of whom nothing is known, in this order."""
    tasks = world.add(known_good + strangers + 1)
    for worker in (team := people(world, known_good + strangers))[:known_good]:
        world.answer(worker)
        good(world, worker)
    know(world, tasks[-1:], NO)
    world.change(settings=ALWAYS)
    world.add(known_good + strangers + 5)
    for worker in team:
        lease, _ = take(world, worker)
        assert lease.task_id == tasks[-1]
    return tasks[-1]


def test_gold_that_many_good_workers_miss_is_flagged_and_a_lead_is_told(world: World) -> None:
    task = doubted(world, 3, 0)
    assert state(world, task)["state"] == "flagged"
    assert gold.chance_wrong(state(world, task)["doubt"]) > 0.95
    with world.db.read() as tx:
        notices = tx.all("notice_page", worker_id=world.owner, before="~", n=5)
    assert [one["kind"] for one in notices] == ["gold.flagged"]
    assert take(world, world.a)[0].task_id != task, "while it is doubted nobody is given it"


@pytest.mark.parametrize(("known_good", "strangers"), [(2, 0), (0, 12), (1, 6)])
def test_few_answers_and_those_of_strangers_say_nothing(world: World, known_good: int, strangers: int) -> None:
    assert state(world, doubted(world, known_good, strangers))["state"] == "active"


def test_a_corrected_answer_judges_everybody_again(world: World) -> None:
    task = doubted(world, 3, 0)
    with world.db.read() as tx:
        said = tx.all("gold_answers", task_id=task, n=10)
    assert [one["score"] for one in said] == [0.0, 0.0, 0.0]
    before = known_of(world, said[0]["worker_id"]).right
    know(world, [task], YES)
    assert known_of(world, said[0]["worker_id"]).right == before + 1
    assert (state(world, task)["state"], state(world, task)["doubt"]) == ("active", 0.0)
    assert state(world, task)["right_sum"] == 3


def test_a_kept_answer_is_doubted_anew_only_by_new_answers(world: World) -> None:
    task = doubted(world, 3, 0)
    world.db.write(lambda tx: gold.set_gold_state(tx, world.owner, task, "active"))
    assert (state(world, task)["state"], round(state(world, task)["doubt"], 9)) == ("active", 0.0)
    world.db.write(lambda tx: gold.set_gold_state(tx, world.owner, task, "retired"))
    assert take(world, world.a)[0].task_id != task


# ---- training --------------------------------------------------------------------------------------------------------
def school(world: World, examples: int = 2, known: int = 40, **settings: Any) -> tuple[list[str], list[str]]:
    tasks = world.add(examples + known + 5)
    know(world, tasks[:examples], purpose="training", explanation="**because**")
    know(world, tasks[examples : examples + known])
    asked = {"on": True, "examples": examples, "pass_at": 0.8, "least": 10, "most": 30} | settings
    world.change(settings={"training": asked})
    return tasks[:examples], tasks[examples : examples + known]


def stage(world: World, worker: str) -> str:
    with world.db.read() as tx:
        row = tx.one("member_get", project_id=world.project.id, worker_id=worker)
    return row["stage"] if row else "new"


def qualify(world: World, worker: str, answer: Callable[[int], Any], most: int = 30) -> int:
    """Answer until there is a verdict; how many answers it took."""
    for n in range(most):
        if stage(world, worker) != "qualifying":
            return n
        _, done = take(world, worker, answer(n))
        assert done.training is None
    return most


def test_examples_come_in_order_one_at_a_time_and_are_explained(world: World) -> None:
    examples, known = school(world)
    found = world.grant(world.a, 5)
    assert [one.task_id for one in found.leases] == examples[:1]
    assert (found.none, found.standing) == (None, {"stage": "training", "done": 0, "of": 2})
    assert world.grant(world.a, 5).leases == found.leases
    _, first = take(world, world.a, NO)
    assert first.training == {"right": False, "score": 0.0, "expected": YES, "explanation": "**because**"}
    lease, second = take(world, world.a, YES)
    assert lease.task_id == examples[1]
    assert second.training["right"] is True
    found = world.grant(world.a, 5)
    assert {one.task_id for one in found.leases} < set(known)
    assert found.standing == {"stage": "qualifying", "done": 0, "of": 30}
    assert known_of(world, world.a).n == 0, "practice does not count"
    assert world.of_worker(world.a)[0] == 2, "but it is work that was done"


def test_a_peek_does_not_pay(world: World) -> None:
    school(world)
    _, first = take(world, world.a, NO)
    annotation = first.annotation["id"]
    world.db.write(lambda tx: submit.edit(tx, world.a, annotation, "e", 1, YES))
    again = world.undo(world.a, annotation)
    told = world.db.write(lambda tx: submit.submit(tx, world.a, again.lease_id, "k", YES)).training
    assert told["right"] is True, "it is told what it is now"
    with world.db.read() as tx:
        found = tx._connection.execute(
            "SELECT score FROM evidence WHERE worker_id = ? AND replaced_by IS NULL", (world.a,)
        ).fetchall()
    assert [one["score"] for one in found] == [0.0]


def test_a_verdict_is_given_on_the_interval_and_never_on_a_point(world: World) -> None:
    school(world, examples=0)
    world.grant(world.a)
    n = qualify(world, world.a, lambda _: YES)
    assert stage(world, world.a) == "qualified"
    assert n == 16, "ten of ten is not enough to say four in five: .95 of 17 is"
    assert score(n, n).low >= 0.8 > score(n - 1, n - 1).low
    lease = world.lease(world.a)
    with world.db.read() as tx:
        assert tx.one("gold_get", task_id=lease.task_id) is None, "now it is work"
        kinds = [one["kind"] for one in tx.all("notice_page", worker_id=world.a, before="~", n=5)]
    assert kinds == ["training.passed"]


def test_who_is_below_is_turned_away_and_may_be_let_in_again(world: World) -> None:
    school(world, examples=0)
    world.grant(world.a)
    assert qualify(world, world.a, lambda _: NO) == 10, "not before `least`"
    assert stage(world, world.a) == "not_qualified"
    found = world.grant(world.a)
    assert (found.leases, found.none) == ((), "not_qualified")
    world.clock.now += SECOND
    world.db.write(lambda tx: training.set_stage(tx, world.owner, world.project.id, world.a, "qualifying"))
    assert qualify(world, world.a, lambda _: YES) == 16, "by what was answered since"
    assert stage(world, world.a) == "qualified"
    with pytest.raises(NotFound):
        world.db.write(lambda tx: training.set_stage(tx, world.owner, world.project.id, world.owner, "qualified"))
    with pytest.raises(BadInput):
        world.db.write(lambda tx: training.set_stage(tx, world.owner, world.project.id, world.a, "king"))


def test_where_the_interval_stays_open_a_lead_decides(world: World) -> None:
    school(world, examples=0)
    world.grant(world.a)
    assert qualify(world, world.a, lambda n: NO if n % 5 == 0 else YES) == 30
    assert stage(world, world.a) == "qualifying"
    found = world.grant(world.a)
    assert (found.leases, found.none) == ((), "not_qualified")
    assert found.standing == {"stage": "qualifying", "done": 30, "of": 30}
    with world.db.read() as tx:
        (notice,) = tx.all("notice_page", worker_id=world.owner, before="~", n=5)
        (row,) = [
            one for one in training.stages_of(tx, rows.project(tx.one("project_get", id=world.project.id))) if one["n"]
        ]
    assert notice["kind"] == "training.undecided"
    assert row["more"] > 0


def test_without_known_tasks_nobody_is_judged(world: World) -> None:
    school(world, examples=0, known=3)
    for _ in range(3):
        take(world, world.a)
    found = world.grant(world.a)
    assert (found.leases, found.none) == ((), "not_qualified")
    assert stage(world, world.a) == "qualifying"


def test_a_wrong_known_answer_that_turned_somebody_away_is_made_good(world: World) -> None:
    _, known = school(world, examples=0, known=12, pass_at=0.6)
    know(world, known, NO)  # all of them wrong
    world.grant(world.a)
    assert qualify(world, world.a, lambda _: YES) == 10
    assert stage(world, world.a) == "not_qualified"
    know(world, known, YES)
    assert stage(world, world.a) == "qualified"


def test_owners_and_models_are_never_put_through_it_and_members_only_means_it(world: World) -> None:
    school(world)
    model = world.db.write(lambda tx: add_worker(tx, world.owner, "m", "m", kind="model")).id
    for worker in (world.owner, model):
        lease = world.lease(worker)
        with world.db.read() as tx:
            assert tx.one("gold_get", task_id=lease.task_id) is None
    world.change(settings={"access": "members", "training": {"on": False}})
    assert world.grant(world.b).none == "not_a_member"
    assert world.grant(world.owner).none is None


def test_a_training_answer_that_expired_may_come_late(world: World) -> None:
    examples, _ = school(world)
    lease = world.lease(world.a)
    world.clock.now += 61 * SECOND
    world.sweep()
    late = world.db.write(lambda tx: submit.submit(tx, world.a, lease.lease_id, "k", YES))
    assert late.annotation["late"] is True
    assert late.training["right"] is True
    assert world.lease(world.a).task_id == examples[1]
    assert dataclasses.is_dataclass(late)
