"""Which tasks are done: what the settings ask for, what is taken back, what a response follows; a crash repeats nothing."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from media_made import png
from scale_world import Live, live_world

from tawsim.labelling import batches, reviews
from tawsim.labelling.batches import NewBatch
from tawsim.labelling.decisions import Settled, case_of, decide
from tawsim.labelling.projects import update_project
from tawsim.labelling.queue import next_leases
from tawsim.labelling.review_queue import chance
from tawsim.labelling.reviews import Said
from tawsim.labelling.slots import project_row
from tawsim.labelling.submit import edit, submit, undo
from tawsim.loop.scale import auditing, concluding
from tawsim.loop.scale.completing import Completer
from tawsim.loop.scale.projects import questions_now
from tawsim.loop.settings import change_project
from tawsim.store import rows


@pytest.fixture
def live(tmp_path: Path) -> Iterator[Live]:
    found = live_world(tmp_path)
    yield found
    found.workspace.close()
    found.world.accounts.close()


def placed(live: Live, n: int = 1, **settings: Any) -> tuple[list[str], str]:
    """Tasks that stand in the queue of a project with these settings."""
    ids = [live.create() for _ in range(n)]
    live.place(lambda: all(map(live.is_placed, ids)))
    project_id = live.project(ids[0])
    if settings:
        live.world.db.write(
            lambda tx: update_project(
                tx, live.workspace.owner_id, project_id, project_row(tx, project_id)["version"], {"settings": settings}
            )
        )
    return ids, project_id


def overlap(live: Live, project_id: str, n: int) -> None:
    with live.world.db.read() as tx:
        version = project_row(tx, project_id)["version"]
    change_project(live.world.db, live.workspace.owner_id, project_id, version, {"overlap": n})


def response(live: Live, task_id: str) -> Any:
    return json.loads(live.row(task_id)["response"] or "null")


def decided(live: Live, task_id: str, **said: Any) -> None:
    owner = live.workspace.owner_id

    def work(tx: Any) -> None:
        case = case_of(tx, task_id, owner)
        decide(tx, owner, task_id, f"d{case.seen}", Settled(case.seen, **said))

    live.world.db.write(work)


def test_what_is_done_twice_is_told_once(live: Live) -> None:
    (task,), project = placed(live)
    live.answer(live.person("layla"), project, "a")
    live.follow()
    assert response(live, task) == {"category": "a"}
    # After a crash the same events are looked at again.
    live.world.db.write(lambda tx: tx._connection.execute("UPDATE scale_place SET number = 0").rowcount)
    Completer(live.world).step()
    assert live.callbacks(task) == 1
    assert live.row(task)["prior_responses"] is None


def test_one_step_reads_what_came_since_and_nothing_else(live: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    ids, project = placed(live, 30)
    layla = live.person("layla")
    live.answer(layla, project, "a", 5)
    live.follow()
    looked: list[str] = []
    real = concluding.read_work
    monkeypatch.setattr(
        "tawsim.loop.scale.completing.read_work",
        lambda tx, p, row, c: looked.append(row["task_id"]) or real(tx, p, row, c),
    )
    monkeypatch.setattr("tawsim.loop.scale.concluding.judge", None)  # of single answers nothing is inferred
    live.answer(layla, project, "b", 1)
    live.follow()
    assert looked == [ids[5]]
    assert response(live, ids[5]) == {"category": "b"}


def test_an_undone_answer_recalls_and_an_edited_one_changes_the_response(live: Live) -> None:
    (first, second), project = placed(live, 2)
    layla = live.person("layla")
    made = live.answer(layla, project, "a", 2)
    live.follow()
    live.world.db.write(lambda tx: edit(tx, layla, made[0], "e", 1, {"category": "b"}))
    live.world.db.write(lambda tx: undo(tx, layla, made[1], "u"))
    live.follow()
    assert (live.row(first)["status"], response(live, first)) == ("completed", {"category": "b"})
    assert json.loads(live.row(first)["prior_responses"]) == [{"category": "a"}]
    assert live.row(second)["status"] == "pending"
    assert json.loads(live.row(second)["prior_responses"]) == [{"category": "a"}]
    assert (live.callbacks(first), live.callbacks(second)) == (2, 2)


@pytest.mark.parametrize("choose", ["all", "random"])
def test_reviews_that_the_settings_ask_for_are_waited_for(live: Live, choose: str) -> None:
    ids, project = placed(live, 12, review={"choose": choose, "share": 0.5})
    made = live.answer(live.person("layla"), project, "a", 5)
    omar = live.person("omar")
    made += live.answer(omar, project, "a", 5)
    live.follow()
    done = [live.row(one)["status"] == "completed" for one in ids[:10]]
    with live.world.db.read() as tx:
        salt = (tx.one("review_place_get", project_id=project) or {"salt": ""})["salt"]
    assert done == [choose == "random" and chance(salt, one) >= 0.5 for one in made]
    reviewer = live.workspace.owner_id
    for annotation in made:
        live.world.db.write(
            lambda tx, one=annotation: reviews.review(tx, reviewer, one, f"r{one}", Said(1, "accept"))  # type: ignore[misc]
        )
    live.follow()
    assert [live.row(one)["status"] for one in ids] == ["completed"] * 10 + ["pending"] * 2
    assert all(live.callbacks(one) == 1 for one in ids[:10])


def test_a_fix_of_the_only_answer_is_the_response_and_a_rejection_asks_anew(live: Live) -> None:
    (fixed, rejected), project = placed(live, 2, review={"choose": "all"})
    made = live.answer(live.person("layla"), project, "a", 2)
    owner = live.workspace.owner_id
    live.world.db.write(lambda tx: reviews.review(tx, owner, made[0], "f", Said(1, "fix", answers={"category": "b"})))
    live.world.db.write(lambda tx: reviews.review(tx, owner, made[1], "r", Said(1, "reject", words="no")))
    live.follow()
    assert response(live, fixed) == {"category": "b"}
    assert live.row(rejected)["status"] == "pending"
    assert live.callbacks(rejected) == 0


def test_several_answers_are_weighed_and_a_decision_goes_before_them(live: Live) -> None:
    ids, project = placed(live, 5)
    overlap(live, project, 3)
    for name, label in (("x", "a"), ("y", "a"), ("z", "b")):
        live.answer(live.person(name), project, label, 5)
    live.follow()
    assert [response(live, one) for one in ids] == [{"category": "a"}] * 5
    decided(live, ids[0], settles="answers", answers={"category": "b"})
    live.follow()
    assert response(live, ids[0]) == {"category": "b"}
    decided(live, ids[0], settles="open")
    live.follow()
    assert response(live, ids[0]) == {"category": "a"}
    assert json.loads(live.row(ids[0])["prior_responses"]) == [{"category": "a"}, {"category": "b"}]


def test_that_nobody_can_tell_is_an_error_until_it_is_withdrawn(live: Live) -> None:
    (task,), project = placed(live)
    live.answer(live.person("layla"), project, "a")
    decided(live, task, settles="cannot", words="too dark")
    live.follow()
    assert live.row(task)["status"] == "error"
    assert "too dark" in response(live, task)["error"]
    decided(live, task, settles="open")
    live.follow()
    assert (live.row(task)["status"], response(live, task)) == ("completed", {"category": "a"})
    assert live.row(task)["prior_responses"] is None


def test_a_lower_overlap_completes_what_has_enough(live: Live) -> None:
    (task,), project = placed(live)
    overlap(live, project, 3)
    live.answer(live.person("layla"), project, "a")
    live.follow()
    assert live.row(task)["status"] == "pending"
    overlap(live, project, 1)
    live.follow()
    assert response(live, task) == {"category": "a"}
    # Raised again, what was told stands.
    overlap(live, project, 2)
    live.follow()
    assert live.row(task)["status"] == "completed"


def test_what_was_missed_while_nobody_followed_is_found_at_the_start(live: Live) -> None:
    (task,), project = placed(live)
    live.answer(live.person("layla"), project, "a")
    with live.world.db.read() as tx:
        head = tx.one("event_head")["number"]  # type: ignore[index]
    live.world.db.write(lambda tx: tx.run("scale_place_set", number=head))
    live.follow()
    assert response(live, task) == {"category": "a"}


def test_a_cancelled_batch_gives_up_what_was_not_placed(live: Live) -> None:
    (first,), project = placed(live)
    owner = live.workspace.owner_id
    batch = live.world.db.write(lambda tx: batches.create(tx, owner, project, NewBatch("b")))
    task = live.create()
    live.world.db.write(
        lambda tx: (
            tx._connection.execute("UPDATE scale_task SET batch_id = ? WHERE task_id = ?", (batch["id"], task)).rowcount
        )
    )
    live.world.db.write(lambda tx: batches.cancel(tx, owner, batch["id"]))
    live.follow()
    assert live.row(task)["status"] == "canceled"
    assert live.row(first)["status"] == "pending"


def test_an_audit_judges_only_who_gave_the_response(live: Live) -> None:
    (task,), project = placed(live)
    overlap(live, project, 3)
    people = {name: live.person(name) for name in ("x", "y", "z")}
    for name, label in (("x", "a"), ("y", "a"), ("z", "b")):
        live.answer(people[name], project, label)
    live.follow()
    live.world.db.write(lambda tx: auditing.audit(tx, live.world, task, accepted=False, comment="wrong"))
    with live.world.db.read() as tx:
        said = tx._connection.execute("SELECT worker_id, score FROM evidence WHERE replaced_by IS NULL").fetchall()
    assert sorted(tuple(one) for one in said) == sorted([(people["x"], 0.0), (people["y"], 0.0)])
    assert live.row(task)["status"] == "pending"
    live.follow()
    assert live.row(task)["status"] == "pending"  # one of three answers is left
    live.answer(live.person("u"), project, "b")
    live.answer(live.person("v"), project, "b")
    live.follow()
    found = live.json(task)
    assert (found["status"], found["response"], found["customer_review_status"]) == (
        "completed", {"category": "b"}, "fixed",
    )  # fmt: skip


def test_a_rejected_response_that_was_decided_begins_a_new_round(live: Live) -> None:
    (task,), project = placed(live)
    live.answer(live.person("layla"), project, "a")
    decided(live, task, settles="answers", answers={"category": "b"})
    live.follow()
    live.world.db.write(lambda tx: auditing.audit(tx, live.world, task, accepted=False))
    with live.world.db.read() as tx:
        row = tx.one("task_get", id=task)
    assert row is not None
    assert (row["round"], row["accepted"]) == (1, 0)
    live.follow()
    assert live.row(task)["status"] == "pending"


def answer_with(live: Live, who: str, project_id: str, answers: Any) -> None:
    def work(tx: Any) -> None:
        (lease,) = next_leases(tx, project_id, who, 1).leases
        submit(tx, who, lease.lease_id, f"k{lease.lease_id}", answers).or_raise()

    live.world.db.write(work)


def test_spans_of_several_people_become_one_response(live: Live) -> None:
    text = "Ali went to Cairo"
    sent = {"text": text, "labels": [{"name": "person"}, {"name": "place"}]}
    task = live.create("namedentityrecognition", **sent)
    live.place(lambda: live.is_placed(task))
    project = live.project(task)
    overlap(live, project, 3)
    with live.world.db.read() as tx:
        (name,) = [one.name for one in questions_now(rows.project(project_row(tx, project)))]
    person, place = {"start": 0, "end": 3, "label": "person"}, {"start": 12, "end": 17, "label": "place"}
    for who, spans in (("x", [person, place]), ("y", [person, place]), ("z", [person])):
        answer_with(live, live.person(who), project, {name: {"spans": spans}})
    live.follow()
    found = response(live, task)["annotations"]
    assert [(one["start"], one["end"], one["text"], one["label"]) for one in found] == [
        (0, 3, "Ali", "person"), (12, 17, "Cairo", "place"),
    ]  # fmt: skip


def test_boxes_of_several_people_become_one_response(live: Live) -> None:
    live.web.pages["https://example.com/x.png"] = png(100, 80)
    task = live.create(
        "imageannotation", attachment="https://example.com/x.png", geometries={"box": {"objects_to_annotate": ["car"]}}
    )
    live.place(lambda: live.is_placed(task))
    project = live.project(task)
    overlap(live, project, 3)
    for who, x in (("x", 10), ("y", 11), ("z", 12)):
        box = {"label": "car", "x": x, "y": 20, "width": 30, "height": 25}
        answer_with(live, live.person(who), project, {"box": {"size": [100, 80], "boxes": [box]}})
    live.follow()
    (found,) = response(live, task)["annotations"]
    assert (found["type"], found["label"]) == ("box", "car")
    assert 10 <= found["left"] <= 12
    assert (round(found["top"]), round(found["width"]), round(found["height"])) == (20, 30, 25)


def test_a_removed_project_gives_up_its_tasks_and_holds_up_no_other(live: Live) -> None:
    (done, pending), project = placed(live, 2)
    other = live.create("namedentityrecognition", text="Ali", labels=[{"name": "person"}])
    live.place(lambda: live.is_placed(other))
    live.answer(live.person("layla"), project, "a")
    owner = live.workspace.owner_id
    live.world.db.write(
        lambda tx: update_project(tx, owner, project, project_row(tx, project)["version"], {"state": "removed"})
    )
    waiting = live.create("namedentityrecognition", text="Omar", labels=[{"name": "person"}])
    live.follow()
    assert live.row(pending)["status"] == "canceled"
    assert live.row(done)["status"] in ("completed", "canceled")
    assert live.row(waiting)["status"] == "pending"
    with live.world.db.read() as tx:
        (name,) = [one.name for one in questions_now(rows.project(project_row(tx, live.project(other))))]
    spans = [{"start": 0, "end": 3, "label": "person"}]
    answer_with(live, live.person("omar"), live.project(other), {name: {"spans": spans}})
    live.follow()
    assert live.row(other)["status"] == "completed"


def test_one_that_cannot_be_inferred_holds_up_no_other(live: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    ids, project = placed(live, 3)
    real = concluding._first

    def faulty(work: Any) -> Any:
        if work.row["task_id"] == ids[1]:
            raise KeyError("a fault")
        return real(work)

    monkeypatch.setattr(concluding, "_first", faulty)
    live.answer(live.person("layla"), project, "a", 3)
    live.follow()
    assert [live.row(one)["status"] for one in ids] == ["completed", "pending", "completed"]
