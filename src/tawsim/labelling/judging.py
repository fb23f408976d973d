"""What a judge sees of a dispute, and what the queue of disputes looks like from their place. Reads only.

Blind: two sides named A and B in a drawn order, each with an answer and words; no name, no id of an answer, a review, a
worker or the task, no times, no task number. A rejection comes without an answer of its own: then the judge can tell which
side is the author's, though not who that is.
"""

import json
from typing import Any

from tawsim.labelling.disputes import Side, both_answers
from tawsim.labelling.media import media_of
from tawsim.labelling.presenting import media_names, present, read_drawn, to_shown
from tawsim.labelling.slots import project_row
from tawsim.store import rows
from tawsim.store.database import Row, Transaction

MOST_OPEN = 1_000
LAST = 20


def present_dispute(tx: Transaction, row: Row) -> dict[str, Any]:
    """The dispute as its judge sees it."""
    project = rows.project(project_row(tx, row["project_id"]))
    review, task = tx.one("review_get", id=row["review_id"]), tx.one("task_with_content", id=row["task_id"])
    assert review is not None
    assert task is not None
    drawn, content = read_drawn(row["shown"]), json.loads(task["content"])
    answers = both_answers(tx, project, row, review)
    words: dict[Side, str] = {
        "author": _authors_words(tx, row, review),
        "reviewer": _joined(review["reason"], review["words"]),
    }
    order: tuple[Side, Side] = ("author", "reviewer") if row["a_is"] == "author" else ("reviewer", "author")
    shown = present(project, content, drawn, media_of(tx, project.id, media_names(project, content)))
    return {
        "id": row["id"],
        "hold": row["hold"],
        "held_until": row["held_until"],
        "task": {"id": row["id"], "seq": 0, **shown, "suggestions": {}},
        "sides": [
            {
                "name": name,
                "answers": None if answers[side] is None else to_shown(project.questions, drawn, answers[side] or {}),
                "words": words[side],
            }
            for name, side in zip(("a", "b"), order, strict=True)
        ],
    }


def _authors_words(tx: Transaction, row: Row, review: Row) -> str:
    seen = tx.one("dispute_version", annotation_id=row["annotation_id"], version=review["seen_version"])
    return _joined(seen["comment"] if seen is not None else "", row["words"])


def _joined(*parts: str) -> str:
    """Of both sides one text, so that its form tells nothing."""
    return "\n".join(part.strip() for part in parts if part.strip())


def queue_of(tx: Transaction, project_id: str, judge_id: str) -> dict[str, Any]:
    """How many disputes are open, how many of them nobody here may judge, since when the oldest waits, whether there is one
    for this judge, and what they judged last (still blind)."""
    project_row(tx, project_id)
    found = tx.all("dispute_open_list", project_id=project_id, n=MOST_OPEN)
    head = tx.one("dispute_head", project_id=project_id, judge_id=judge_id, now=tx.now)
    stuck = 0
    for one in found:
        judges = tx.one("dispute_judges", id=one["id"])
        stuck += int(judges is None or judges["n"] == 0)
    judged = tx.all("dispute_judged_by", project_id=project_id, judge_id=judge_id, n=LAST)
    return {
        "open": len(found),
        "held": sum(one["judge_id"] not in (None, judge_id) and one["held_until"] > tx.now for one in found),
        "stuck": stuck,
        "oldest_at": found[0]["at"] if found else None,
        "for_you": head is not None,
        "judged": [
            {"id": one["id"], "at": one["judged_at"], "right": _as_shown(one), "reason": one["reason"]}
            for one in judged
        ],
    }


def _as_shown(row: Row) -> str:
    return "neither" if row["right_is"] == "neither" else "a" if row["right_is"] == row["a_is"] else "b"
