"""A learned truth as bytes and back, for the way from the process that learned it to the one that follows it (aside.py).

Columns, people and the model that judges go over; what the receiver knows (project and question) does not. Nothing is learned
here, and nothing is pickled: the form is that of tawsim/truth/state.py.
"""

from dataclasses import asdict, fields, replace
from typing import Any

import numpy as np

from tawsim.core.errors import BadInput
from tawsim.core.records import Project, Question
from tawsim.loop.following import Following, ProjectTruth
from tawsim.truth import Agreement, Why, WorkerSkill
from tawsim.truth.model import without_tasks
from tawsim.truth.state import from_bytes, to_bytes

NOT_CARRIED = ("project", "question", "row_of", "why", "workers", "agreement")


def as_bytes(following: Following) -> bytes:
    """The truth, and what judges other votes. Raises BadInput where something in it has no form as bytes."""
    truth = following.truth
    plain = {one.name: getattr(truth, one.name) for one in fields(truth) if one.name not in NOT_CARRIED}
    return to_bytes(
        {
            "schema_version": truth.project.schema_version,
            "truth": plain | {"decided": dict(truth.decided)},
            "why": asdict(truth.why),
            "workers": _of_workers(truth.workers),
            "agreement": None if truth.agreement is None else asdict(truth.agreement),
            "fitted": None if following.fitted is None else without_tasks(following.fitted),
            "misfits": np.array(sorted(following.misfits.elements()), np.int64),
            "unasked": following.unasked,
        }
    )


def from_carried(data: bytes | bytearray, project: Project, question: Question) -> Following:
    """`as_bytes` undone, for this very project and question. Raises BadInput for other bytes, and for a truth of another form of
    the project."""
    found = from_bytes(data)
    if found["schema_version"] != project.schema_version:
        raise BadInput("The project was changed while its truth was learned.", "Ask again.")
    plain: dict[str, Any] = found["truth"]
    seqs = plain["seqs"]
    row_of = np.full(plain["visible_seq"] + 1, -1, np.int32)
    row_of[seqs] = np.arange(len(seqs), dtype=np.int32)
    agreement = None if found["agreement"] is None else Agreement(**found["agreement"])
    truth = ProjectTruth(
        project=project, question=question, row_of=row_of, why=Why(**found["why"]), workers=_workers(found["workers"]),
        agreement=agreement, **plain,
    )  # fmt: skip
    return Following(truth, found["fitted"], found["misfits"], found["unasked"])


def _of_workers(workers: tuple[WorkerSkill, ...]) -> dict[str, Any]:
    rows = [asdict(replace(one, confusion=np.zeros(0))) | {"confusion": None} for one in workers]
    tables = [one.confusion for one in workers]
    alike = len({one.shape for one in tables}) == 1
    return {
        "rows": rows,
        "confusion": np.stack(tables) if alike else tables,
    }  # hundreds of arrays would take long to read


def _workers(found: dict[str, Any]) -> tuple[WorkerSkill, ...]:
    return tuple(
        WorkerSkill(**row | {"confusion": table}) for row, table in zip(found["rows"], found["confusion"], strict=True)
    )
