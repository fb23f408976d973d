"""Gold teaches whom to believe: what its known answers do to the truth of the work, and what they leave alone."""

from typing import Any

import pytest
from reviews_world import CHOICE, make_reviews

from tawsim.core.ids import new_id
from tawsim.labelling import gold, queue, submit
from tawsim.labelling.gold import Known
from tawsim.loop.following import Following, judge
from tawsim.store import rows
from tawsim.workspaces.workspace import Workspace, add_worker

GOLD, WORK = 40, 20


class School:
    """A good and a bad labeller who disagree on every task of the work, and on the gold where the good one is right."""

    def __init__(self, workspace: Workspace) -> None:
        made = make_reviews(workspace, GOLD + WORK, overlap=2)
        self.workspace, self.project = workspace, made.project
        self.good, self.bad = made.layla, made.omar
        tasks = self.all("task_page", project_id=self.project.id, after=0, visible_seq=1 << 40, n=1_000)
        self.gold = [row["id"] for row in tasks[:GOLD]]
        self.work = {row["id"]: row["seq"] for row in tasks[GOLD:]}

    def all(self, name: str, **values: Any) -> Any:
        with self.workspace.db.read() as tx:
            return tx.all(name, **values)

    def make_gold(self) -> None:
        def work(tx: Any) -> None:
            for i, task in enumerate(self.gold):
                gold.make_known(tx, self.workspace.owner_id, task, Known({"label": "yes" if i % 2 else "no"}))

        self.workspace.db.write(work)

    def answer_all(self) -> None:
        """Both answer everything: the good one says what is right, the bad one the other thing."""

        def work(tx: Any) -> None:
            for worker, turned in ((self.good, False), (self.bad, True)):
                for _ in range(GOLD + WORK):
                    for lease in queue.next_leases(tx, self.project.id, worker, 1).leases:
                        right = "no" if (int(lease.content["text"].split()[-1]) % 2) == 0 else "yes"
                        label = {"no": "yes", "yes": "no"}[right] if turned else right
                        submit.submit(tx, worker, lease.lease_id, new_id(tx.now), {"label": label}).or_raise()

        self.workspace.db.write(work)

    def truth(self) -> Following:
        with self.workspace.db.read() as tx:
            project = rows.project(tx.one("project_get", id=self.project.id))
        return judge(self.workspace.db, project, project.questions[0])


@pytest.fixture
def school(workspace: Workspace) -> School:
    return School(workspace)


def believed(found: Following, school: School) -> float:
    """The share of the work whose truth is what the good one said, and surely."""
    truth = found.truth
    right = 0
    for seq in school.work.values():
        place = truth.place(seq)
        assert place is not None
        right += truth.label(place) == ("yes" if (seq - 1) % 2 else "no") and truth.p[place] > 0.8
    return right / WORK


def test_two_who_disagree_cannot_be_told_apart_and_gold_tells_them(school: School) -> None:
    school.answer_all()
    untaught = school.truth()
    assert len(untaught.truth.seqs) == GOLD + WORK
    assert believed(untaught, school) == 0.0
    school.make_gold()  # what was answered counts as answers to it
    taught = school.truth()
    assert believed(taught, school) == 1.0
    skill = {one.worker: one.accuracy for one in taught.truth.workers}
    assert skill[school.good] > 0.8 > 0.3 > skill[school.bad]


def test_nothing_of_gold_stands_in_the_truth(school: School) -> None:
    school.answer_all()
    school.make_gold()
    truth = school.truth().truth
    assert sorted(truth.seqs.tolist()) == sorted(school.work.values())
    assert truth.probabilities.shape == (WORK, 2)
    assert truth.votes.sum() == 2 * WORK
    assert truth.agreement is not None
    assert truth.agreement.alpha < -0.5, "of the work alone, where they always disagree"
    assert truth.agreement.tasks == WORK


def test_who_answered_only_gold_is_no_worker_of_the_truth(school: School) -> None:
    school.make_gold()
    newcomer = school.workspace.db.write(lambda tx: add_worker(tx, school.workspace.owner_id, "new", "new")).id

    def answer_gold(tx: Any) -> None:
        settings = {"gold": {"on": True, "lowest": 1.0, "highest": 1.0}}
        row = tx.one("project_get", id=school.project.id)
        from tawsim.labelling.projects import update_project

        update_project(tx, school.workspace.owner_id, school.project.id, row["version"], {"settings": settings})
        for _ in range(10):
            (lease,) = queue.next_leases(tx, school.project.id, newcomer, 1).leases
            submit.submit(tx, newcomer, lease.lease_id, new_id(tx.now), {"label": "yes"}).or_raise()

    school.workspace.db.write(answer_gold)
    given = school.all("annotation_mine", project_id=school.project.id, worker_id=newcomer, before="~", n=50)
    assert {row["task_id"] for row in given} <= set(school.gold)
    truth = school.truth().truth
    assert len(truth.seqs) == 0
    assert [one.worker for one in truth.workers] == []


def test_a_doubted_known_answer_teaches_nobody(school: School) -> None:
    school.answer_all()
    school.make_gold()

    def flag(tx: Any) -> None:
        for task in school.gold:
            tx.run("gold_set_state", task_id=task, state="flagged")

    school.workspace.db.write(flag)
    assert believed(school.truth(), school) == 0.0


def test_answers_that_come_later_are_judged_by_what_gold_taught(school: School) -> None:
    school.answer_all()
    school.make_gold()
    found = school.truth()
    tasks = [{"text": f"later {i}"} for i in range(4)]
    from tawsim.intake.adding import add_tasks, numbered

    add_tasks(
        school.workspace.db, school.project, numbered(tasks), actor_id=school.workspace.owner_id, source="l", digest="l"
    )

    def work(tx: Any) -> None:
        for worker, label in ((school.good, "yes"), (school.bad, "no")):
            for lease in queue.next_leases(tx, school.project.id, worker, 4).leases:
                submit.submit(tx, worker, lease.lease_id, new_id(tx.now), {"label": label}).or_raise()

    school.workspace.db.write(work)
    assert found.catch_up(school.workspace.db)
    places = [found.truth.place(GOLD + WORK + i) for i in range(1, 5)]
    assert [found.truth.label(place) for place in places if place is not None] == ["yes"] * 4
    assert CHOICE["labels"] == ["yes", "no"]
