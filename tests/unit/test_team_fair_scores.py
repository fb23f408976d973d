"""Fair scores: what may speak for all of a person's answers, and what was looked at for a reason; by a population of people."""

import random
from typing import Any

import pytest
from reviews_world import Reviews, make_reviews

from tawsim.core.ids import new_id
from tawsim.labelling import queue, review_queue, reviews, submit
from tawsim.labelling.decisions import Settled, case_of, decide
from tawsim.labelling.evidence import Looked, Tally, score, tallies_of_project, tally_of
from tawsim.labelling.mine import own_summary
from tawsim.labelling.reviews import Said
from tawsim.loop import reviewing
from tawsim.workspaces.workspace import Workspace, add_worker

ASKED = 0.8


def known(world: Reviews, worker: str) -> Tally:
    with world.db.read() as tx:
        return tally_of(tx, world.project.id, worker)


def counts(world: Reviews, worker: str) -> tuple[int, float, int, float]:
    found = known(world, worker)
    return found.score.n, found.score.right, found.looked.n, found.looked.right


def draw(world: Reviews, *drawn: str) -> None:
    """Let chance choose these answers alone."""

    def chance(_salt: str, annotation_id: str) -> float:
        return 0.0 if annotation_id in drawn else 0.999

    review_queue.chance = chance


@pytest.fixture(autouse=True)
def _true_chance(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(review_queue, "chance", review_queue.chance)  # what `draw` sets ends with the test


# ---- what is fair ---------------------------------------------------------------------------------------------------
def test_only_what_chance_chose_makes_the_score(workspace: Workspace) -> None:
    world = make_reviews(workspace, 4)
    world.set(choose="random", share=0.5)
    world.label(world.layla, "yes", "yes", "yes", "yes")
    one, two, three, four = (row["id"] for row in world.answers())
    draw(world, one, two)
    world.db.write(lambda tx: reviews.send_to_review(tx, world.rana, [world.answers()[2]["task_id"]]))
    world.next(world.rana)
    world.say(world.rana, one)
    world.say(world.rana, two, "reject", words="no")
    world.say(world.rana, three, "reject", words="no")  # asked for
    world.say(world.rana, four, "reject", words="no")  # nobody asked: the reviewer picked it
    assert counts(world, world.layla) == (2, 1.0, 2, 0.0)
    whys = {row["annotation_id"]: (row["why"], row["drawn"]) for id_ in (one, two, three, four)
            for row in world.all("review_of_annotation", annotation_id=id_)}  # fmt: skip
    assert whys == {one: ("random", 1), two: ("random", 1), three: ("asked", 0), four: ("", 0)}


def test_where_all_are_reviewed_a_flag_changes_nothing(workspace: Workspace) -> None:
    world = make_reviews(workspace, 2)
    world.set(choose="all")
    world.label(world.layla, "yes", "no")
    first, second = (row["id"] for row in world.answers())
    world.db.write(lambda tx: tx._connection.execute("UPDATE annotation_version SET flag = 1"))
    world.next(world.rana)
    world.say(world.rana, first)
    world.say(world.rana, second, "reject", words="no")
    assert counts(world, world.layla) == (2, 1.0, 0, 0.0)
    assert world.one("review_of_annotation", annotation_id=first)["why"] == "flag"


def test_a_decision_says_nothing_of_the_others_but_keeps_what_chance_chose(workspace: Workspace) -> None:
    world = make_reviews(workspace, 2, overlap=2)
    world.set(choose="random", share=0.5)
    world.label(world.layla, "yes", "yes")
    world.label(world.omar, "no", "no")
    mine = {row["seq"]: row["id"] for row in world.answers() if row["worker_id"] == world.layla}
    draw(world, mine[1])
    world.next(world.rana)
    world.say(world.rana, mine[1])
    assert counts(world, world.layla) == (1, 1.0, 0, 0.0)
    for row in {row["task_id"]: row for row in world.answers()}.values():

        def settle(tx: Any, task: str = row["task_id"]) -> None:
            case = case_of(tx, task, world.sami)
            decide(tx, world.sami, task, new_id(tx.now), Settled(case.seen, "answers", answers={"label": "no"}))

        world.db.write(settle)
    # The reviewed one stays in the sample, with the better word; the other one was settled because two disagreed.
    assert counts(world, world.layla) == (1, 0.0, 1, 0.0)
    assert counts(world, world.omar) == (0, 0.0, 2, 2.0)


def test_what_was_decided_first_joins_the_sample_when_its_review_comes(workspace: Workspace) -> None:
    world = make_reviews(workspace, 1, overlap=2)
    world.set(choose="random", share=0.5)
    world.label(world.layla, "yes")
    world.label(world.omar, "no")
    mine = next(row for row in world.answers() if row["worker_id"] == world.layla)
    draw(world, mine["id"])

    def settle(tx: Any) -> None:
        case = case_of(tx, mine["task_id"], world.sami)
        decide(tx, world.sami, mine["task_id"], new_id(tx.now), Settled(case.seen, "answers", answers={"label": "no"}))

    world.db.write(settle)
    assert counts(world, world.layla) == (0, 0.0, 1, 0.0)
    world.next(world.rana)
    world.say(world.rana, mine["id"])  # the reviewer errs; the decision stands
    assert counts(world, world.layla) == (1, 0.0, 0, 0.0)


def test_what_many_at_once_left_over_is_the_doubtful_part(workspace: Workspace) -> None:
    world = make_reviews(workspace, 12, overlap=3)
    world.set(choose="all")
    for worker in (world.layla, world.omar):
        world.label(worker, *["yes"] * 12)
    world.label(world.sami, *["yes"] * 10, "no", "no")
    reviewing.fill(world.db, world.project.id)
    preview = reviewing.preview_bulk(world.db, world.rana, world.project.id, 0.9)
    assert preview.answers > 20
    reviewing.accept_bulk(world.db, world.rana, world.project.id, "b", 0.9, preview.until)
    left = world.next(world.rana)
    world.say(world.rana, left["annotation_id"], "reject", words="no")
    assert known(world, left["author_id"]).score.n == 0
    assert known(world, left["author_id"]).looked == Looked(1, 0.0)
    again = reviewing.preview_bulk(world.db, world.rana, world.project.id, 0.5)
    assert again.checked["n"] == 0  # what it found says nothing of answers like these


def test_the_own_page_tells_the_two_apart(workspace: Workspace) -> None:
    world = make_reviews(workspace, 3)
    world.set(choose="random", share=0.5)
    world.label(world.layla, "yes", "yes", "yes")
    ids = [row["id"] for row in world.answers()]
    draw(world, ids[0])
    world.next(world.rana)
    for one in ids:
        world.say(world.rana, one, "reject", words="no")
    with world.db.read() as tx:
        found = own_summary(tx, world.project.id, world.layla)["score"]
    assert (found["n"], found["right"], found["verdict"]) == (1, 0.0, "open")
    assert found["looked"] == {"n": 2, "right": 0.0}
    assert found["sources"] == [
        {"source": "review", "fair": False, "n": 2, "right": 0.0}, {"source": "review", "fair": True, "n": 1, "right": 0.0},
    ]  # fmt: skip


# ---- a population ---------------------------------------------------------------------------------------------------
PEOPLE, ANSWERS, SHARE = 36, 100, 0.5


def populate(world: Reviews, chances: random.Random) -> dict[str, float]:
    """People of every care, each with a hundred answers of which they get their own share right."""
    found = {}

    def work(tx: Any) -> None:
        for i in range(PEOPLE):
            worker = add_worker(tx, world.workspace.owner_id, f"p{i}", f"p{i}").id
            found[worker] = care = chances.uniform(0.4, 1.0)
            for n in range(ANSWERS):
                (lease,) = queue.next_leases(tx, world.project.id, worker, 1).leases
                label = "yes" if chances.random() < care else "no"  # the truth is always yes
                submit.submit(tx, worker, lease.lease_id, f"{worker} {n}", {"label": label}).or_raise()

    world.db.write(work)
    return found


def test_verdicts_on_careful_and_careless_people_under_review_of_the_doubtful(workspace: Workspace) -> None:
    """Half of all answers are reviewed, the doubtful first: nearly all wrong ones are found. Scores that took that for a
    sample would turn away the careful; those by fair evidence hold what they say."""
    chances = random.Random(5)
    world = make_reviews(workspace, ANSWERS, overlap=PEOPLE)
    world.set(choose="risk", share=SHARE)
    care = populate(world, chances)
    given = {row["id"]: row for row in world.answers()}
    wrong = {one for one, row in given.items() if '"no"' in row["answers"]}
    doubt = sorted(
        given, key=lambda one: chances.random() - (one in wrong)
    )  # what a truth model doubts: mostly the wrong

    def look(tx: Any) -> None:
        while review_queue.look_through(tx, world.project.id):
            pass
        drawn = tx.one("review_item_count_why", project_id=world.project.id, why="random")["n"]
        risky = [(one, 0.5) for one in doubt if tx.one("review_item_get", annotation_id=one) is None]
        review_queue.add_risky(tx, world.project.id, risky[: int(SHARE * len(given)) - drawn])
        while (item := review_queue.next_item(tx, world.project.id, world.rana)) is not None:
            one = item["annotation_id"]
            said = Said(1, "reject", words="no") if one in wrong else Said(1, "accept")
            reviews.review(tx, world.rana, one, f"r {one}", said)

    world.db.write(look)
    with world.db.read() as tx:
        known = tallies_of_project(tx, world.project.id)
    mine = {worker: known[worker, "label"] for worker in care}
    reviewed = sum(one.score.n + one.looked.n for one in mine.values())
    assert 0.48 < reviewed / len(given) < 0.52
    sizes = [one.score.n for one in mine.values()]
    assert min(sizes) >= 1
    assert 7 < sum(sizes) / PEOPLE < 13  # a tenth of all answers

    def covered(found: dict[str, Any]) -> float:
        return sum(found[worker].low <= share <= found[worker].high for worker, share in care.items()) / PEOPLE

    fair = {worker: one.score for worker, one in mine.items()}
    naive = {
        worker: score(one.score.n + one.looked.n, one.score.right + one.looked.right) for worker, one in mine.items()
    }
    assert covered(fair) >= 0.88  # 95 % of 36 people: fewer than 32 come in 1 of 100 populations
    assert covered(naive) < 0.5
    careful = [worker for worker, share in care.items() if share >= ASKED]
    careless = [worker for worker, share in care.items() if share < ASKED]
    assert careful
    assert careless
    assert sum(fair[one].verdict(ASKED) == "below" for one in careful) <= 1
    assert sum(fair[one].verdict(ASKED) == "above" for one in careless) <= 1
    assert sum(fair[one].verdict(ASKED) == "below" for one in careless if care[one] < 0.55) >= 3
    assert sum(naive[one].verdict(ASKED) == "below" for one in careful) >= len(careful) / 2
