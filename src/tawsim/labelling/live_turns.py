"""That what a worker says a live model answered is what it answered. Asking it is not here (loop/live.py)."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from tawsim.core.errors import BadAnswer
from tawsim.core.records import Question
from tawsim.store.database import Row, Transaction


def check_turns(tx: Transaction, lease: Row, questions: Sequence[Question], answers: Mapping[str, Any]) -> None:
    """Every live turn of an answer holds texts that the endpoint gave this worker on this task, in the order shown; on
    any of their leases, since an undo gives a new one. Raises `BadAnswer`."""
    for question in questions:
        turns = (answers.get(question.name) or {}).get("turns") if getattr(question, "live", None) is not None else None
        if not turns:
            continue
        asked = tx.all(
            "live_turn_of_worker", task_id=lease["task_id"], worker_id=lease["worker_id"], question=question.name
        )
        given = {tuple(one["text"] for one in json.loads(row["candidates"])) for row in asked}
        for place, turn in enumerate(turns, 1):
            if tuple(turn["candidates"]) not in given:
                raise BadAnswer(
                    f"Turn {place} of “{question.name}” holds texts that no model gave here.", question=question.name
                )
