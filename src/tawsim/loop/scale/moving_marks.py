"""What is written of a move that is not over: in each project that it puts tasks into, from where, since when, how many are to
come and how many are here, and which batches are held back. It stands there until the move ends, whatever became of the process:
so a part of a project is never taken for the whole. Moving itself is in moving.py.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tawsim.store.database import Row, Transaction
from tawsim.store.rows import to_json

Json = dict[str, Any]
MARK = "moving"  # in the facts of a project of the API, where its clients see it too


@dataclass(frozen=True, slots=True)
class Unfinished:
    """A project that is here in part: its id and name here, where it comes from, since when (microseconds), how many tasks the
    last run wanted to put in, and how many of them it did. `named`: whether it has this name there, too."""

    project_id: str
    name: str
    named: bool
    origin: str
    since: int
    tasks: int
    here: int


def begin(tx: Transaction, project_id: str, origin: str, tasks: int) -> None:
    """So many tasks are about to come. A run before this one that broke off began when it began; its tasks count on."""
    facts = _facts(tx, project_id)
    before = facts.get(MARK, {})
    here = before.get("here", 0)
    facts[MARK] = {
        "from": origin, "since": before.get("since", tx.now), "tasks": here + tasks, "here": here,
        "batches": before.get("batches", {}),
    }  # fmt: skip
    _keep(tx, project_id, facts)


def hold_back(tx: Transaction, project_id: str, batches: Mapping[str, Json]) -> None:
    """These batches are to become this, once all their tasks are here."""
    facts = _facts(tx, project_id)
    mark = facts.setdefault(MARK, {})
    mark["batches"] = mark.get("batches", {}) | dict(batches)
    _keep(tx, project_id, facts)


def held_back(tx: Transaction, project_id: str) -> Json:
    """Batches that are held back, by their ids: what they are to become."""
    found: Json = _facts(tx, project_id).get(MARK, {}).get("batches", {})
    return found


def came(tx: Transaction, project_id: str, tasks: int) -> None:
    """So many more are here."""
    facts = _facts(tx, project_id)
    if MARK in facts:
        facts[MARK]["here"] = facts[MARK].get("here", 0) + tasks
        _keep(tx, project_id, facts)


def end(tx: Transaction, project_id: str) -> Json:
    """The move is over: its mark, which stands no more; empty where there was none."""
    facts = _facts(tx, project_id)
    mark: Json = facts.pop(MARK, {})
    _keep(tx, project_id, facts)
    return mark


def unfinished(tx: Transaction) -> list[Unfinished]:
    """All projects that are here in part, the oldest move first."""
    rows = tx.all("scale_moving_unfinished", mark=f'%"{MARK}":{{%')
    found = [(row, json.loads(row["facts"]).get(MARK)) for row in rows]
    return sorted((_told(row, mark) for row, mark in found if isinstance(mark, dict)), key=lambda one: one.since)


def _told(row: Row, mark: Json) -> Unfinished:
    return Unfinished(
        row["project_id"], row["name"], bool(row["named"]), mark.get("from", ""), mark.get("since", 0),
        mark.get("tasks", 0), mark.get("here", 0),
    )  # fmt: skip


def _facts(tx: Transaction, project_id: str) -> Json:
    row = tx.one("scale_project_get", project_id=project_id)
    assert row is not None
    found: Json = json.loads(row["facts"])
    return found


def _keep(tx: Transaction, project_id: str, facts: Json) -> None:
    tx.run("scale_moved_facts", project_id=project_id, facts=to_json(facts))
