"""What can be done to many tasks at once: for each action how it is read, what it would do to a task, doing it, undoing it.

The doing itself is that of the rooms below (owners.py, lanes.py, tagging.py, gold.py, review_queue.py). One function a
step, one table of actions; which tasks, in which pieces and how far is in table_bulk.py.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tawsim.core.errors import BadInput
from tawsim.labelling import owners
from tawsim.labelling.gold import Known, make_known, unmark
from tawsim.labelling.lanes import assign, check_priority, lane_facts, read_requirement, set_priority
from tawsim.labelling.review_queue import send_to_review
from tawsim.labelling.slots import count_task, next_returned_rank
from tawsim.labelling.tagging import Tag, add_tag, check_due, check_tag_name, find_tag, set_due, tag_task
from tawsim.loop.inferring import ProjectTruth
from tawsim.store.database import Row, Transaction
from tawsim.store.rows import to_json

# Why a task is left out. `same`: it is so already; `gone`: removed, or its import was taken back; `known`: its answer is
# known, so that it stands outside the work; `leased`: somebody has it in hand; `no_answers`: nobody answered; `unsure`: the
# truth of it is not sure enough; `changed`: somebody changed it after the action that is undone; `refused`: its room said no.
REASONS = ("same", "gone", "known", "leased", "no_answers", "unsure", "changed", "refused")


@dataclass(frozen=True, slots=True)
class Doing:
    """What an action works with: who acts, its value as it was read, the tag it is about, the truth where it needs it."""

    actor_id: str
    project_id: str
    value: Any
    tag: Tag | None = None
    truth: ProjectTruth | None = None


@dataclass(frozen=True, slots=True)
class Left:
    """A task was left out for one of REASONS."""

    why: str


# What was there before, as JSON; or why nothing was done.
Done = Any
Columns = Mapping[str, NDArray[Any]]


@dataclass(frozen=True, slots=True)
class Action:
    """`read` checks the value; `do` changes one task and gives what was before; `undo` puts that back. `work_only`: tasks of
    known answer are left out. `undo` None: what it began cannot be taken back as a whole."""

    name: str
    read: Callable[[Any], Any]
    do: Callable[[Transaction, Doing, Row], Done]
    undo: Callable[[Transaction, Doing, Row, Any], Left | None] | None
    work_only: bool = True


def _nothing(value: Any) -> None:
    if value is not None:
        raise BadInput("This action takes no value.", field="value")


# ---- tags and days -------------------------------------------------------------------------------------------------------
def _do_tag(on: bool) -> Callable[[Transaction, Doing, Row], Done]:
    def do(tx: Transaction, doing: Doing, task: Row) -> Done:
        if doing.tag is None:
            return Left("refused")  # it has another name by now
        return 1 if tag_task(tx, task["id"], doing.tag, on) else Left("same")

    return do


def _undo_tag(on: bool) -> Callable[[Transaction, Doing, Row, Any], Left | None]:
    def undo(tx: Transaction, doing: Doing, task: Row, _before: Any) -> Left | None:
        return None if doing.tag and tag_task(tx, task["id"], doing.tag, not on) else Left("changed")

    return undo


def _do_due(tx: Transaction, doing: Doing, task: Row) -> Done:
    if task["due_at"] == doing.value:
        return Left("same")
    set_due(tx, task["id"], doing.value)
    return {"due": task["due_at"]}


def _undo_due(tx: Transaction, doing: Doing, task: Row, before: Any) -> Left | None:
    if task["due_at"] != doing.value:
        return Left("changed")
    set_due(tx, task["id"], before["due"])
    return None


# ---- queue ---------------------------------------------------------------------------------------------------------------
def _do_priority(tx: Transaction, doing: Doing, task: Row) -> Done:
    if not set_priority(tx, doing.actor_id, [task["id"]], doing.value):
        return Left("same")
    return task["priority"]


def _undo_priority(tx: Transaction, doing: Doing, task: Row, before: Any) -> Left | None:
    if task["priority"] != doing.value:
        return Left("changed")
    set_priority(tx, doing.actor_id, [task["id"]], before)
    return None


def _read_requirement(value: Any) -> Any:
    return json.loads(read_requirement(value).to_text())


def _do_assign(tx: Transaction, doing: Doing, task: Row) -> Done:
    before, _ = lane_facts(tx, task["lane_id"])
    if not assign(tx, doing.actor_id, [task["id"]], read_requirement(doing.value)):
        return Left("same")
    return json.loads(before.to_text())


def _undo_assign(tx: Transaction, doing: Doing, task: Row, before: Any) -> Left | None:
    now, _ = lane_facts(tx, task["lane_id"])
    if json.loads(now.to_text()) != doing.value:
        return Left("changed")
    assign(tx, doing.actor_id, [task["id"]], read_requirement(before))
    return None


def _do_overlap(tx: Transaction, doing: Doing, task: Row) -> Done:
    if task["overlap"] == doing.value:
        return Left("same")
    owners.set_task_overlap(tx, doing.actor_id, task["id"], doing.value)
    return task["overlap"]


def _undo_overlap(tx: Transaction, doing: Doing, task: Row, before: Any) -> Left | None:
    if task["overlap"] != doing.value:
        return Left("changed")
    owners.set_task_overlap(tx, doing.actor_id, task["id"], before)
    return None


# ---- rounds and removal ------------------------------------------------------------------------------------------------------
def _do_reopen(tx: Transaction, doing: Doing, task: Row) -> Done:
    round_ = owners.reopen(tx, doing.actor_id, task["id"])
    return {"round": round_, "skips": task["skips"], "state": task["state"]}


def _undo_reopen(tx: Transaction, _doing: Doing, task: Row, before: Any) -> Left | None:
    row = tx.one("task_round_accepted", task_id=task["id"], round=before["round"] - 1)
    assert row is not None
    back = {"accepted": int(row["n"]), "skips": before["skips"], "state": before["state"]}
    if tx.run("task_unreopen", id=task["id"], round=before["round"], **back) == 0:
        return Left("changed")
    done = int(back["state"] == "open" and back["accepted"] >= task["overlap"])
    skipped = int(back["state"] == "skipped_out")
    count_task(tx, task, done=done, skipped_out=skipped, answers=back["accepted"])
    return None


def _do_remove(tx: Transaction, doing: Doing, task: Row) -> Done:
    owners.remove_task(tx, doing.actor_id, task["id"])
    return task["state"]


def _undo_remove(tx: Transaction, _doing: Doing, task: Row, before: Any) -> Left | None:
    rank = next_returned_rank(tx, task["project_id"])
    if tx.run("task_restore", id=task["id"], state=before, returned_rank=rank) == 0:
        return Left("changed")
    now = tx.one("task_get", id=task["id"])
    assert now is not None
    done = int(before == "open" and now["accepted"] >= now["overlap"])
    count_task(
        tx, now, tasks=1, done=done, skipped_out=int(before == "skipped_out"), answers=now["accepted"],
        answers_wanted=now["overlap"],
    )  # fmt: skip
    return None


# ---- a second look ---------------------------------------------------------------------------------------------------------
def _do_review(tx: Transaction, doing: Doing, task: Row) -> Done:
    if not task["accepted"]:
        return Left("no_answers")
    return 1 if send_to_review(tx, doing.actor_id, [task["id"]]) else Left("same")


def _read_gold(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        raise BadInput("To make tasks gold from the truth, say how probable it must be, from 0 to 1.", field="value")
    return float(value)


def _do_gold(tx: Transaction, doing: Doing, task: Row) -> Done:
    truth = doing.truth
    place = None if truth is None else truth.place(task["seq"])
    if truth is None or place is None:
        return Left("no_answers")
    if not truth.p[place] >= doing.value:
        return Left("unsure")
    if task["load"] > task["accepted"]:
        return Left("leased")
    make_known(tx, doing.actor_id, task["id"], Known({truth.question.name: truth.label(place)}))
    return 1


def _undo_gold(tx: Transaction, doing: Doing, task: Row, _before: Any) -> Left | None:
    if task["purpose"] != "gold":
        return Left("changed")
    unmark(tx, doing.actor_id, task["id"])
    return None


ACTIONS: Mapping[str, Action] = {
    one.name: one
    for one in (
        Action("tag", check_tag_name, _do_tag(True), _undo_tag(True), work_only=False),
        Action("untag", check_tag_name, _do_tag(False), _undo_tag(False), work_only=False),
        Action("due", check_due, _do_due, _undo_due, work_only=False),
        Action("priority", lambda value: check_priority(value, "value"), _do_priority, _undo_priority),
        Action("assign", _read_requirement, _do_assign, _undo_assign),
        Action("overlap", owners.check_overlap, _do_overlap, _undo_overlap),
        Action("reopen", _nothing, _do_reopen, _undo_reopen),
        Action("remove", _nothing, _do_remove, _undo_remove),
        Action("review", _nothing, _do_review, None),
        Action("gold", _read_gold, _do_gold, _undo_gold),
    )
}


def action_of(name: Any) -> Action:
    """The action of that name, or BadInput that says which there are."""
    found = ACTIONS.get(name) if isinstance(name, str) else None
    if found is None:
        known = ", ".join(ACTIONS)
        raise BadInput(f"There is no action {str(name)[:40]!r}.", f"Actions: {known}.", field="action")
    return found


def doing_of(
    tx: Transaction, action: Action, actor_id: str, project_id: str, value: Any, truth: ProjectTruth | None
) -> Doing:
    """What the action works with."""
    tag = None
    if action.name in ("tag", "untag"):
        row = tx.one("tag_find", project_id=project_id, name=value)
        tag = None if row is None else Tag(row["id"], row["number"], row["name"])
    return Doing(actor_id, project_id, value, tag, truth)


def prepare(tx: Transaction, action: Action, actor_id: str, project_id: str, value: Any) -> None:
    """What an action needs to be there before its first task: a tag is made, or must be there to be taken off."""
    if action.name == "tag":
        add_tag(tx, actor_id, project_id, value)
    elif action.name == "untag":
        find_tag(tx, project_id, value)


def lanes_with(tx: Transaction, project_id: str, requirement: Any) -> set[str]:
    """The lanes that have just this requirement, at any priority."""
    text = to_json(requirement)
    found = {row["id"] for row in tx.all("lane_list", project_id=project_id) if row["requirement"] == text}
    return found | ({""} if text == "{}" else set())


def counted(
    action: Action, figures: Columns, value: Any, *, held: NDArray[np.bool_] | None, p: NDArray[np.float64] | None
) -> dict[str, int]:
    """How many tasks an action would leave out, and why, by their figures. `held`: those that are so already where that
    cannot be told from figures; `p`: the truth's probability, NaN where nobody answered."""
    n = len(figures["state"])
    left: dict[str, int] = {}
    rest = np.ones(n, bool)

    def leave(why: str, which: NDArray[np.bool_]) -> None:
        nonlocal rest
        count = int((which & rest).sum())
        if count:
            left[why] = count
        rest &= ~which

    leave("gone", (figures["state"] == 3) | (figures["state"] == 0))
    if action.work_only:
        leave("known", figures["purpose"] != 0)
    if action.name in ("priority", "overlap"):
        leave("same", figures[action.name] == value)
    if action.name == "due":
        leave("same", figures["due"] == (np.iinfo(np.int64).min if value is None else value))
    if held is not None:
        leave("same", held)
    if action.name == "review":
        leave("no_answers", figures["accepted"] == 0)
    if action.name == "gold":
        assert p is not None
        leave("no_answers", np.isnan(p))
        leave("unsure", ~(p >= value))
        leave("leased", figures["load"] > figures["accepted"])
    left["change"] = int(rest.sum())
    return left
