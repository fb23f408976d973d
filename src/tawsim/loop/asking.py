"""What rows ask, for those who look at many of them at once. Reads the store; what an ask means stands in kinds/asks.py.

Everywhere None says that every row is asked everything, as in projects without such a column, which pay nothing here.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tawsim.core.records import Project, Question
from tawsim.labelling.presenting import questions_of
from tawsim.store.database import Database, Row, Transaction

PAGE = 2_000
WHOLE, UNASKED = 0, -1


def asked_names(tx: Transaction, project: Project, after: int, until: int) -> dict[int, frozenset[str]] | None:
    """Task number → the names of the questions that are asked of it, for the tasks after `after` and up to `until`."""
    if not project.settings.asks:
        return None
    return {
        row["seq"]: frozenset(one.name for one in questions_of(project, json.loads(row["content"])))
        for row in tx.all("asks_rows", project_id=project.id, after=after, until=until)
    }


@dataclass(slots=True)
class Offers:
    """What rows offer of one question. `code` (by task number): `WHOLE`, `UNASKED`, or k where they offer the labels of
    `masks[k - 1]` (K,) only. `unasked`: how many tasks of work do not ask it."""

    project: Project
    question: Question
    code: NDArray[np.int32]
    masks: list[NDArray[np.bool_]] = field(default_factory=list)
    unasked: int = 0
    _known: dict[tuple[str, ...], int] = field(default_factory=dict)

    def add(self, row: Row) -> None:
        """One row. Rows that offer the same labels share a mask."""
        asked = questions_of(self.project, json.loads(row["content"]))
        one = next((one for one in asked if one.name == self.question.name), None)
        if one is None:
            self.code[row["seq"]] = UNASKED
            self.unasked += row["is_work"]
            return
        labels, offered = (tuple(getattr(which, "labels", ())) for which in (self.question, one))
        if offered == labels:
            return
        if offered not in self._known:
            self.masks.append(np.isin(np.array(labels, object), np.array(offered, object)))
            self._known[offered] = len(self.masks)
        self.code[row["seq"]] = self._known[offered]

    def narrowed(self, probabilities: NDArray[np.float64], seqs: Sequence[int]) -> NDArray[np.float64]:
        """(T, K) with nothing on labels that a row did not offer: p(label | answers, offered) is p(label | answers) among
        those on offer. Rows whose answers speak for none of these stay as they are."""
        found, code = probabilities.copy(), self.code[np.asarray(seqs, np.int64)]
        order = np.argsort(code, kind="stable")
        order = order[code[order] > WHOLE]
        for rows in np.split(order, np.flatnonzero(np.diff(code[order])) + 1) if len(order) else ():
            kept = found[rows] * self.masks[code[rows[0]] - 1]
            total = kept.sum(axis=1)
            said = total > 0
            found[rows[said]] = kept[said] / total[said, None]
        return found

    def left_of(self, chosen: Sequence[Any], seqs: Sequence[int]) -> tuple[Any, ...]:
        """Inferred sets of labels without those that a row did not offer."""
        labels: tuple[str, ...] = self.question.labels  # type: ignore[attr-defined]
        place = {label: k for k, label in enumerate(labels)}
        found = []
        for answer, seq in zip(chosen, seqs, strict=True):
            code = int(self.code[seq])
            if code > WHOLE and answer is not None:
                mask = self.masks[code - 1]
                answer = tuple(label for label in answer if mask[place[label]])
            found.append(answer)
        return tuple(found)


def read_offers(
    db: Database, project: Project, question: Question, visible: int, seqs: Sequence[int] | None = None
) -> Offers | None:
    """What the rows of all tasks offer of a question; with `seqs`, those of these tasks alone."""
    if not project.settings.asks:
        return None
    found = Offers(project, question, np.zeros(visible + 1, np.int32))
    stretches = [(after, min(after + PAGE, visible)) for after in range(0, visible, PAGE)]
    if seqs is not None:
        stretches = [(int(seq) - 1, int(seq)) for seq in seqs]
    for first in range(0, len(stretches), PAGE):
        with db.read() as tx:
            for after, until in stretches[first : first + PAGE]:
                for row in tx.all("asks_rows", project_id=project.id, after=after, until=until):
                    found.add(row)
    return found
