"""Imports that say where their rows go, and which answers are known."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from labelling_world import World

from tawsim.core.errors import BadFile
from tawsim.labelling.lanes import lanes_of
from tawsim.loop.exporting import export_stream
from tawsim.loop.importing import import_file, import_rows
from tawsim.loop.placing import KnownColumns
from tawsim.workspaces.workspace import Workspace


@pytest.fixture
def world(workspace: Workspace, clock: object) -> World:
    return World(workspace, clock)


def rows_in(world: World, items: list[Any], known: KnownColumns | None = None) -> Any:
    return import_rows(world.db, world.project, items, actor_id=world.owner, key=str(items)[:150], known=known)


def test_columns_of_the_rows_choose_lane_priority_and_due_date(world: World) -> None:
    world.project = world.change(
        settings={"routing": {"language": "lang", "skill": "needs", "priority": "p", "due": "by"}}
    )
    rows_in(
        world,
        [
            {"text": "one", "lang": "ar", "needs": "legal، medical", "p": "5", "by": "2026-12-01"},
            {"text": "two", "lang": "", "needs": None, "p": None, "by": ""},
            {"text": "three", "lang": "ar", "needs": ["medical", "legal"], "p": 5, "by": "2026-12-01T12:00+03:00"},
        ],
    )
    with world.db.read() as tx:
        found = lanes_of(tx, world.project.id)
    assert [(one["priority"], one["open"]) for one in found] == [(5, 2), (0, 1)]
    assert found[0]["requirement"] == {"languages": ["ar"], "skills": ["legal", "medical"]}
    # A day is due at its end, as in the table and at the terminal.
    moments = [datetime(2026, 12, 1, 23, 59, 59, tzinfo=UTC), None, datetime(2026, 12, 1, 9, tzinfo=UTC)]
    due = [one and int(one.timestamp()) * 1_000_000 for one in moments]
    assert [one["due_at"] for one in world.tasks()] == due


def test_a_worker_is_named_by_name(world: World) -> None:
    world.project = world.change(settings={"routing": {"worker": "who"}})
    rows_in(world, [{"text": "one", "who": "b"}, {"text": "two", "who": ""}])
    assert len(world.grant(world.b, 5).leases) == 2
    assert world.grant(world.a).none == "leased"


@pytest.mark.parametrize(
    ("rule", "row"),
    [
        ({"worker": "x"}, {"x": "nobody"}), ({"priority": "x"}, {"x": "high"}), ({"priority": "x"}, {"x": 500}),
        ({"due": "x"}, {"x": "soon"}), ({"language": "x"}, {"x": "not a tag"}), ({"skill": "x"}, {"x": 7}),
    ],
)  # fmt: skip
def test_a_row_that_cannot_be_placed_ends_the_import_and_is_named(world: World, rule: Any, row: Any) -> None:
    world.project = world.change(settings={"routing": rule})
    with pytest.raises(BadFile, match="row 2"):
        rows_in(world, [{"text": "good", "x": ""}, {"text": "bad"} | row])
    assert world.counts().tasks == 0
    assert world.tasks() == []


def test_rows_with_a_known_answer_become_gold_and_their_columns_are_seen_by_nobody(
    world: World, tmp_path: Path
) -> None:
    file = tmp_path / "rows.csv"
    file.write_text("text,answer,why\none,نعم,because\ntwo,,\nthree,لا,\n", encoding="utf-8")
    known = KnownColumns("answer", "why")
    report = import_file(world.db, world.project, file, actor_id=world.owner, known=known)
    assert report.added == 3
    assert (world.counts().tasks, world.counts().answers_wanted) == (1, 1)
    with world.db.read() as tx:
        found = tx.all("gold_page", project_id=world.project.id, after="", n=10, visible_seq=10)
    assert [(json.loads(one["answers"]), one["explanation"]) for one in found] == [
        ({"label": "نعم"}, "because"), ({"label": "لا"}, ""),
    ]  # fmt: skip
    assert all(set(json.loads(one["content"])) == {"text"} for one in found)
    assert set(world.lease(world.a).content) == {"text"}
    exported = b"".join(export_stream(world.db, world.project.id, "csv", "labels")).decode()
    assert "two" in exported
    assert "one" not in exported.split("\n", 1)[1]
    assert "because" not in exported


def test_a_known_answer_that_is_none_ends_the_import_and_leaves_nothing(world: World) -> None:
    rows = [{"text": "one", "k": "نعم"}, {"text": "two", "k": "ربما"}]
    with pytest.raises(BadFile, match="row 2"):
        rows_in(world, rows, KnownColumns("k"))
    rows_in(world, [{"text": "three", "k": '{"label": "نعم"}'}], KnownColumns("k", purpose="training"))
    with world.db.read() as tx:
        (only,) = tx.all("gold_page", project_id=world.project.id, after="", n=10, visible_seq=10)
    assert only["purpose"] == "training"
