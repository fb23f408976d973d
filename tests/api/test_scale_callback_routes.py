"""Callbacks as owners see them: a page of them, how many wait and failed, sending one or all that failed again."""

from typing import Any

from tests.api.conftest import World
from tests.api.test_scale_door import basic, key_of

from tawsim.labellers.webhooks import Outcome
from tawsim.loop.scale import outcomes
from tawsim.loop.scale import world as scale_world
from tawsim.loop.scale.callbacks import MOST_TRIES
from tawsim.store.database import Database

TASK = {
    "attachment": "نص", "attachment_type": "text", "categories": ["أ", "ب"], "callback_url": "https://example.com/in?x=1"
}  # fmt: skip


def tell(world: World, who: dict[str, str], n: int, *, errs: bool = True) -> list[str]:
    """n tasks of which something is to be told: live ones err, test ones are done at once."""
    ids = []
    for _ in range(n):
        made = world.client.post("/v1/task/categorization", headers=who, json=TASK)
        assert made.status_code == 200, made.text
        ids.append(made.json()["task_id"])
    db = world.workspace.db
    of = scale_world.World(db, world.state.accounts, world.workspace.id, "live", world.workspace.owner_id)
    for task_id in ids if errs else ():
        db.write(lambda tx, task_id=task_id: outcomes.fail(tx, of, task_id, "gone"))
    return ids


def become(db: Database, task_ids: list[str], outcome: Outcome, state: str, tries: int) -> None:
    """What the sender would have noted after so many tries."""

    def write(tx: Any) -> None:
        for row in tx.all("scale_callback_seen", before="~", n=500):
            if row["task_id"] in task_ids:
                for i in range(tries):
                    tx.run(
                        "scale_callback_tried", id=row["id"], state=state if i == tries - 1 else "waiting", now=tx.now,
                        next_at=tx.now, status=outcome.status, error=outcome.error,
                    )  # fmt: skip

    db.write(write)


def test_callbacks_are_shown_newest_first_with_what_became_of_them(world: World) -> None:
    live = basic(key_of(world, "live"))
    ids = tell(world, live, 5)
    become(world.workspace.db, ids[:2], Outcome(500, "It answered 500."), "failed", MOST_TRIES)
    become(world.workspace.db, ids[2:3], Outcome(200, ""), "sent", 1)
    page = world.get("/scale/callbacks?limit=3").json()
    assert [one["task_id"] for one in page["callbacks"]] == ids[:1:-1]
    assert (page["waiting"], page["failed"]) == (2, 2)
    rest = world.get(f"/scale/callbacks?limit=3&before={page['next']}").json()
    assert [one["task_id"] for one in rest["callbacks"]] == ids[1::-1]
    assert rest["next"] is None
    one = rest["callbacks"][0]
    assert (one["state"], one["tries"], one["status"], one["error"]) == ("failed", 20, 500, "It answered 500.")
    assert one["url"] == TASK["callback_url"]
    only = world.get("/scale/callbacks?failed=true").json()["callbacks"]
    assert {found["state"] for found in only} == {"failed"}


def test_one_and_all_that_failed_are_sent_again(world: World) -> None:
    live = basic(key_of(world, "live"))
    ids = tell(world, live, 4)
    become(world.workspace.db, ids, Outcome(None, "It took too long."), "failed", MOST_TRIES)
    first = world.get("/scale/callbacks").json()["callbacks"][0]
    assert world.post(f"/scale/callbacks/{first['id']}/again").json() == {"again": 1}
    page = world.get("/scale/callbacks").json()
    assert (page["waiting"], page["failed"]) == (1, 3)
    assert (page["callbacks"][0]["tries"], page["callbacks"][0]["error"]) == (0, "")
    assert world.post("/scale/callbacks/again").json() == {"again": 3}
    page = world.get("/scale/callbacks").json()
    assert (page["waiting"], page["failed"]) == (4, 0)
    assert world.post("/scale/callbacks/again").json() == {"again": 0}
    with world.workspace.db.read() as tx:
        kinds = [row["kind"] for row in tx.all("event_chain", after=0, n=500)]
    assert kinds.count("scale.callback_again") == 2


def test_the_two_worlds_have_callbacks_of_their_own(world: World) -> None:
    assert world.get("/scale/callbacks?mode=test").status_code == 404
    test = basic(key_of(world, "test"))
    ids = tell(world, test, 2, errs=False)
    told = world.get("/scale/callbacks?mode=test").json()["callbacks"]
    assert [one["task_id"] for one in told] == ids[::-1]
    assert world.get("/scale/callbacks").json()["callbacks"] == []
    assert world.post(f"/scale/callbacks/{told[0]['id']}/again").status_code == 404
    assert world.post(f"/scale/callbacks/{told[0]['id']}/again", {"mode": "test"}).status_code == 200


def test_only_owners_see_them(world: World) -> None:
    for who in (world.layla, world.omar):
        assert world.get("/scale/callbacks", who).status_code == 403
        assert world.post("/scale/callbacks/again", {}, who).status_code == 403
    assert world.get("/scale/callbacks?limit=0").status_code == 400
    assert world.get("/scale/callbacks?mode=other").status_code == 400
    assert world.post("/scale/callbacks/none/again").status_code == 404
