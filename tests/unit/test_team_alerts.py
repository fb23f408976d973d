"""Alerts of people, disputes and webhooks: each raised once by what really happened, and over when that is over."""

import random
from typing import Any

import pytest
from quality_world import START, Said, quality_world
from reviews_world import make_reviews

from tawsim.core.clock import SECOND
from tawsim.labellers import webhooks
from tawsim.labelling import disputes
from tawsim.loop import alerts
from tawsim.loop.quality import forget_quality, quality_page
from tawsim.workspaces import accounts
from tawsim.workspaces.workspace import Workspace

CHOICE = [{"kind": "choice", "name": "label", "labels": ["a", "b", "c"]}]
HOUR = 3_600
WATCHED = {"drift", "disputes", "webhook_failing"}


def look(db: Any) -> list[alerts.Found]:
    """What is new."""
    return [one for one in alerts.look(db) if one.kind in WATCHED]


def standing(db: Any) -> list[str]:
    with db.read() as tx:
        return [one["kind"] for one in alerts.standing(tx) if one["kind"] in WATCHED]


def test_who_agrees_less_than_before_is_named_with_how_sure_that_is(workspace: Workspace) -> None:
    chances = random.Random(7)
    world = quality_world(workspace, CHOICE, [{"text": str(n)} for n in range(900)], 5)

    def answers(falls: int | None) -> list[Said]:
        said = []
        for task in range(1, 901):
            truth = "abc"[task % 3]
            for worker in range(5):
                share = 0.5 if worker == falls and task > 450 else 0.95
                label = truth if chances.random() < share else "abc"[(task + 1) % 3]
                said.append(Said(task, worker, {"label": label}, at=START + task * 60 * SECOND))
        return said

    world.say(answers(2))
    assert look(world.db) == [], "nothing is said before the page of quality was made"
    quality_page(world.db, world.project.id, wait_s=None)
    (one,) = look(world.db)
    assert (one.kind, one.project_id, one.object_id) == ("drift", world.project.id, world.people[2])
    assert one.data["low"] < one.data["high"] < 0
    assert one.data["before"] > 0.85 > 0.65 > one.data["after"]
    assert 0 <= one.data["p"] < 0.05
    assert look(world.db) == [], "once"
    assert standing(world.db) == ["drift"]
    forget_quality(world.db)


def test_a_dispute_that_waits_for_a_day_is_told_until_it_is_judged(workspace: Workspace, clock: Any) -> None:
    world = make_reviews(workspace)
    world.label(world.layla, "yes")
    answer = world.answers()[0]
    review = world.say(world.rana, answer["id"], "reject", words="no")
    world.db.write(lambda tx: disputes.dispute(tx, world.layla, review["id"], "d", "it is right"))
    clock.advance(23 * HOUR)
    assert look(world.db) == []
    clock.advance(1 * HOUR)
    (one,) = look(world.db)
    assert (one.kind, one.project_id, one.data["n"]) == ("disputes", world.project.id, 1)
    assert one.data["oldest"] == clock.now - 24 * HOUR * SECOND
    assert look(world.db) == []
    row = world.db.write(lambda tx: disputes.next_dispute(tx, world.project.id, world.sami))
    right = "a" if row["a_is"] == "author" else "b"
    said = disputes.Verdict(row["hold"], right, "the text says so")
    world.db.write(lambda tx: disputes.judge(tx, world.sami, row["id"], "j", said))
    look(world.db)
    assert standing(world.db) == []


@pytest.fixture
def hook(workspace: Workspace) -> Any:
    books = accounts.open_accounts(workspace.path.parent, clock=workspace.db.clock)
    made, _ = webhooks.add_webhook(
        workspace.db, books, workspace.id, workspace.owner_id, "https://example.org/in", ["review."]
    )
    yield made
    books.close()


def test_a_webhook_that_fails_for_a_quarter_of_an_hour_is_told_until_it_works(
    workspace: Workspace, clock: Any, hook: Any
) -> None:
    db = workspace.db
    db.write(lambda tx: tx.run("webhook_failed", id=hook.id, now=tx.now))
    clock.advance(899)
    assert look(db) == []
    clock.advance(1)
    db.write(lambda tx: tx.run("webhook_failed", id=hook.id, now=tx.now))  # the first failure counts
    (one,) = look(db)
    assert (one.kind, one.object_id) == ("webhook_failing", hook.id)
    assert dict(one.data) == {"url": "https://example.org/in", "off": False}
    db.write(lambda tx: tx.run("webhook_worked", id=hook.id))
    look(db)
    assert standing(db) == []


def test_one_that_gave_up_stands_until_somebody_switches_it(workspace: Workspace, hook: Any) -> None:
    db = workspace.db
    db.write(lambda tx: tx.run("webhook_set_state", id=hook.id, state="failed"))
    (one,) = look(db)
    assert one.data["off"] is True
    db.write(lambda tx: webhooks.switch(tx, workspace.owner_id, hook.id, "off"))
    look(db)
    assert standing(db) == [], "switched off on purpose"
