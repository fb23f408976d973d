"""Members: a project for some people only, and what becomes of the others' tasks."""

import pytest
from labelling_world import World

from tawsim.core.errors import BadInput, LeaseLost, NotFound
from tawsim.core.ids import new_id
from tawsim.labelling.members import members_of, set_members
from tawsim.labelling.notices import own_notices
from tawsim.workspaces.roles import set_role
from tawsim.workspaces.workspace import Workspace


@pytest.fixture
def world(workspace: Workspace, clock: object) -> World:
    return World(workspace, clock, {"overlap": 2})


def let(world: World, *workers: str, member: bool = True) -> int:
    return world.db.write(lambda tx: set_members(tx, world.owner, world.project.id, workers, member))


def close(world: World) -> None:
    world.change(settings={"access": "members"})


def may(world: World) -> set[str]:
    with world.db.read() as tx:
        return {one["id"] for one in members_of(tx, world.project.id)["people"] if one["may"]}


def told(world: World, worker: str) -> list[str]:
    with world.db.read() as tx:
        return [one["kind"] for one in own_notices(tx, worker, "~", 10)]


def test_only_members_and_those_in_charge_are_given_tasks(world: World) -> None:
    world.add(4)
    assert may(world) == {world.owner, world.a, world.b, world.c}
    assert let(world, world.a) == 1
    close(world)
    assert may(world) == {world.owner, world.a}
    assert world.lease(world.a)
    assert world.grant(world.b).leases == ()
    assert world.grant(world.b).none == "not_a_member"
    assert world.lease(world.owner)
    assert let(world, world.b, world.a) == 1  # a is a member already
    assert world.lease(world.b)


def test_whoever_is_taken_out_loses_what_they_have_in_hand_and_keeps_their_answers(world: World) -> None:
    world.add(3)
    let(world, world.a, world.b)
    close(world)
    kept = world.answer(world.a)
    lease = world.lease(world.a)
    assert world.task(lease.task_id)["load"] == 1
    let(world, world.a, member=False)
    assert world.task(lease.task_id)["load"] == 0
    with pytest.raises(LeaseLost):
        world.submit(world.a, lease.lease_id)
    with world.db.read() as tx:
        assert tx.one("annotation_get", id=kept["id"])["state"] == "accepted"
        assert tx.one("lease_get", id=lease.lease_id)["reason"] == "the worker is no member of the project"
    assert told(world, world.a) == ["member.removed"]
    assert world.lease(world.b).task_id == lease.task_id  # what came back is the next one's


def test_closing_a_project_takes_back_what_strangers_hold_and_nothing_else(world: World) -> None:
    world.add(4)
    let(world, world.a)
    leases = {one: world.lease(one).lease_id for one in (world.a, world.b, world.owner)}
    close(world)
    with world.db.read() as tx:
        states = {one: tx.one("lease_get", id=lease)["state"] for one, lease in leases.items()}
    assert states == {world.a: "live", world.b: "revoked", world.owner: "live"}
    world.change(settings={"budget_hours": 5.0})  # another setting: nothing is looked at again
    assert world.submit(world.a, leases[world.a])


def test_while_everybody_may_label_taking_somebody_out_changes_nothing_yet(world: World) -> None:
    world.add(2)
    let(world, world.a)
    lease = world.lease(world.a)
    assert let(world, world.a, member=False) == 1
    assert world.submit(world.a, lease.lease_id)
    assert told(world, world.a) == []


def test_those_in_charge_hold_their_tasks_whatever_the_list_says(world: World) -> None:
    world.add(2)
    world.db.write(lambda tx: set_role(tx, world.owner, world.a, "manager"))
    let(world, world.a)
    close(world)
    lease = world.lease(world.a)
    let(world, world.a, member=False)
    assert world.submit(world.a, lease.lease_id)


def test_who_is_not_there_is_not_found_and_nobody_else_is_changed(world: World) -> None:
    with pytest.raises(NotFound):
        let(world, world.a, new_id(1))
    close(world)
    assert may(world) == {world.owner}
    with pytest.raises(NotFound):
        world.db.write(lambda tx: set_members(tx, world.owner, new_id(1), [world.a], True))
    with pytest.raises(BadInput, match="At most"):
        let(world, *(str(i) for i in range(10_001)))


def test_each_change_is_in_the_log_once(world: World) -> None:
    let(world, world.a, world.a)
    let(world, world.a)
    let(world, world.a, member=False)
    with world.db.read() as tx:
        found = tx.all(
            "event_page", before=1 << 60, floor=0, kind_from="member.", kind_to="member.~", actor_id="",
            project_id=world.project.id, since=0, until=1 << 62, n=10,
        )  # fmt: skip
    assert [(row["kind"], row["object_id"]) for row in found] == [
        ("member.removed", world.a), ("member.added", world.a),
    ]  # fmt: skip
