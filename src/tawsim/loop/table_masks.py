"""One term of a query → which tasks it holds for, as a mask over the columns; one name to sort by → keys. Pure but for names.

Every mask has one entry a task number, 0 included, and says nothing of tasks that are not there: `mask_of` does.
"""

import operator
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tawsim.core.errors import BadInput
from tawsim.labelling.lanes import NO_BATCH
from tawsim.loop.inferring import ProjectTruth
from tawsim.loop.table_columns import (
    ACCEPTED,
    FIXED,
    FLAGGED,
    NEVER,
    OPEN,
    REJECTED,
    REMOVED,
    SAID,
    SKIPPED,
    Columns,
    names_of_lane,
)  # fmt: skip
from tawsim.loop.table_grammar import TODAY, Between, Query, Term, Value, clean
from tawsim.loop.table_search import Search
from tawsim.store.database import Database
from tawsim.workspaces.workspace import list_workers

Mask = NDArray[np.bool_]
DAY = timedelta(days=1)
COMPARE: Mapping[str, Callable[[Any, Any], Any]] = {
    "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge, ":": operator.eq
}  # fmt: skip


@dataclass(slots=True)
class Sight:
    """What a query looks at, held still."""

    db: Database
    columns: Columns
    truth: ProjectTruth | None
    search: Search | None
    _dense: dict[str, NDArray[Any]] = field(default_factory=dict)

    @property
    def size(self) -> int:
        """Entries of a mask."""
        return self.columns.top + 1

    def nothing(self) -> Mask:
        """A mask that holds for no task."""
        return np.zeros(self.size, bool)

    def of_truth(self, values: NDArray[Any], empty: Any) -> NDArray[Any]:
        """Values of the truth's rows at the places of their tasks."""
        assert self.truth is not None
        found = np.full(self.size, empty, values.dtype)
        seqs = self.truth.seqs
        known = seqs < self.size
        found[seqs[known]] = values[known]
        return found

    def figure(self, name: str) -> NDArray[Any]:
        """The numbers of a name that is compared; float64 with NaN, or integers."""
        columns = self.columns
        if name == "seq":
            return np.arange(self.size)
        if name == "missing":
            return _above(columns["overlap"], columns["accepted"])
        if name == "leases":
            return _above(columns["load"], columns["accepted"])
        if name == "p":
            if "p" not in self._dense:
                truth = self.truth
                assert truth is not None
                self._dense["p"] = self.of_truth(truth.p, np.nan)
            return self._dense["p"]
        return columns[name]


def _above(one: NDArray[Any], other: NDArray[Any]) -> NDArray[np.int32]:
    """How far one is above the other; 0 where it is not. The columns have no sign."""
    found: NDArray[np.int32] = np.maximum(one.astype(np.int32) - other, 0)
    return found


def mask_of(query: Query, sight: Sight) -> Mask:
    """The tasks of a query. Removed ones only where a term asks for them."""
    state = sight.columns["state"]
    asks = any(term.name == "state" and "removed" in term.values and not term.negated for term in query.terms)
    found = state > 0 if asks else (state > 0) & (state != REMOVED)
    for term in query.terms:
        one = _term(term, sight)
        found &= ~one if term.negated else one
    return found


def _term(term: Term, sight: Sight) -> Mask:
    made = MASKS.get(term.name)
    if made is None:
        return _numbers(term, sight)
    return made(term.values, sight)


# ---- numbers and days --------------------------------------------------------------------------------------------------
def _numbers(term: Term, sight: Sight) -> Mask:
    figure = sight.figure(term.name)
    if term.name in ("due", "changed"):
        return _days(term, figure)
    if term.operator != ":":
        return _compared(figure, term.operator, term.values[0])
    found = sight.nothing()
    for value in term.values:
        if isinstance(value, Between):
            found |= _compared(figure, ">=", value.low) & _compared(figure, "<=", value.high)
        else:
            found |= _compared(figure, ":", value)
    return found


def _compared(figure: NDArray[Any], sign: str, value: Any) -> Mask:
    if figure.dtype.kind in "iu" and isinstance(value, int):
        limits = np.iinfo(figure.dtype)
        if not limits.min <= value <= limits.max:  # what no figure can be
            return np.full(len(figure), COMPARE[sign](0 if sign == ":" else limits.max // 2, value))
    found: Mask = COMPARE[sign](figure, value)
    return found


def _start(value: Any) -> int:
    """The first microsecond of a day (UTC)."""
    day = datetime.now(UTC).date() if value == TODAY else value
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()) * 1_000_000


def _end(value: Any) -> int:
    """The first microsecond after a day."""
    day = datetime.now(UTC).date() if value == TODAY else value
    return _start(day + DAY) if day < date.max else _start(day) + 86_400_000_000


def _days(term: Term, figure: NDArray[np.int64]) -> Mask:
    value = term.values[0]
    there: Mask = figure != NEVER
    if term.operator != ":":
        edge = _end(value) if term.operator in ("<=", ">") else _start(value)
        sided: Mask = figure < edge if term.operator in ("<", "<=") else figure >= edge
        return there & sided
    found = np.zeros(len(figure), bool)
    for one in term.values:
        if one is None:
            found |= ~there
        else:
            low, high = (one.low, one.high) if isinstance(one, Between) else (one, one)
            found |= there & (figure >= _start(low)) & (figure < _end(high))
    return found


# ---- words -----------------------------------------------------------------------------------------------------------------
def _state(values: Sequence[Value], sight: Sight) -> Mask:
    columns, found = sight.columns, sight.nothing()
    state = columns["state"]
    full = columns["accepted"] >= columns["overlap"]
    for value in values:
        if value in ("open", "done"):
            found |= (state == OPEN) & (full if value == "done" else ~full)
        else:
            found |= state == (SKIPPED if value == "skipped" else REMOVED)
    return found


def _reviewed(values: Sequence[Value], sight: Sight) -> Mask:
    marks, found = sight.columns["marks"], sight.nothing()
    for value in values:
        if value == "none":
            found |= (marks & (ACCEPTED | FIXED | REJECTED)) == 0
        else:
            found |= (marks & {"accepted": ACCEPTED, "fixed": FIXED, "rejected": REJECTED}[str(value)]) != 0
    return found


def _purpose(values: Sequence[Value], sight: Sight) -> Mask:
    wanted = [("work", "gold", "training").index(str(one)) for one in values]
    return np.isin(sight.columns["purpose"], wanted)


def _flag(made: Callable[[Sight], Mask]) -> Callable[[Sequence[Value], Sight], Mask]:
    def mask(values: Sequence[Value], sight: Sight) -> Mask:
        yes = made(sight)
        if set(values) == {0, 1}:
            return np.ones(sight.size, bool)
        return yes if 1 in values else ~yes

    return mask


def _is_late(sight: Sight) -> Mask:
    due, columns = sight.columns["due"], sight.columns
    done = (columns["state"] == OPEN) & (columns["accepted"] >= columns["overlap"])
    late: Mask = (due != NEVER) & (due < int(time.time() * 1e6)) & ~done
    return late


# ---- names -------------------------------------------------------------------------------------------------------------------
def _label(values: Sequence[Value], sight: Sight) -> Mask:
    truth = sight.truth
    assert truth is not None
    wanted = {clean(str(one)) for one in values if one is not None}
    if truth.chosen is None:
        codes = [i for i, label in enumerate(truth.labels) if clean(label) in wanted]
        hit = np.isin(truth.best, codes)
    else:
        hit = np.fromiter((_is_chosen(one, wanted) for one in truth.chosen), bool, len(truth.seqs))
    found = sight.of_truth(hit, False)
    if None in values:
        known = sight.of_truth(np.ones(len(truth.seqs), bool), False)
        found |= ~known
    return found


def _is_chosen(one: Any, wanted: set[str]) -> bool:
    """Whether an answer of any kind is or holds one of these names."""
    if isinstance(one, tuple | list):
        return any(isinstance(part, str) and clean(part) in wanted for part in one)
    return isinstance(one, str | int | float) and clean(str(one)) in wanted


def _answer(values: Sequence[Value], sight: Sight) -> Mask:
    truth = sight.truth
    assert truth is not None
    if truth.votes.shape[1:] != (len(truth.labels),) or not truth.labels:
        raise BadInput(
            f"The answers to “{truth.question.name}” are no single labels.", "Filter by label, or search the text."
        )
    wanted = {clean(str(one)) for one in values if one is not None}
    codes = [i for i, label in enumerate(truth.labels) if clean(label) in wanted]
    hit = np.zeros(len(truth.seqs), bool)
    for code in codes:
        hit |= truth.votes[:, code] > 0
    found = sight.of_truth(hit, False)
    return found | (sight.columns["accepted"] == 0) if None in values else found


def _tag(values: Sequence[Value], sight: Sight) -> Mask:
    columns, found = sight.columns, sight.nothing()
    with sight.db.read() as tx:
        known = {clean(row["name"]): row["number"] for row in tx.all("tag_names", project_id=columns.project_id)}
    for value in values:
        if value is None:
            none = np.ones(sight.size, bool)
            for words in columns.tags:
                none &= words[: sight.size] == 0
            found |= none
        elif str(value) in known:
            number = known[str(value)]
            found |= (columns.tag_words(number)[: sight.size] & np.uint64(1 << (number % 64))) != 0
    return found


def _worker(values: Sequence[Value], sight: Sight) -> Mask:
    columns, found = sight.columns, sight.nothing()
    with sight.db.read() as tx:
        workers = list_workers(tx)
    wanted = {clean(str(one)) for one in values if one is not None}
    for worker in workers:
        if (clean(worker.name) in wanted or worker.id in wanted) and worker.id in columns.workers:
            entries = columns.of_worker[: columns.answers] == columns.workers.index(worker.id)
            found[columns.of_task[: columns.answers][entries]] = True
    found[0] = False
    return found | (columns["accepted"] == 0) if None in values else found


def _lane(values: Sequence[Value], sight: Sight) -> Mask:
    columns = sight.columns
    wanted = {clean(str(one)) for one in values if one is not None}
    with sight.db.read() as tx:
        names = {worker.id: worker.name for worker in list_workers(tx)}
        lanes = tx.all("lane_list", project_id=columns.project_id)
    places = []
    for row in lanes:
        called = {clean(one) for one in names_of_lane(row["requirement"], names)} | {row["id"]}
        if row["id"] in columns.places and (called & wanted or (None in values and row["requirement"] == "{}")):
            places.append(columns.places[row["id"]])
    if None in values:
        places.append(0)
    return np.isin(columns["lane"], places)


def _batch(values: Sequence[Value], sight: Sight) -> Mask:
    columns = sight.columns
    wanted = {clean(str(one)) for one in values if one is not None}
    with sight.db.read() as tx:
        names = tx.all("batch_names", project_id=columns.project_id)
        lanes = tx.all("lane_list", project_id=columns.project_id)
    chosen = {row["id"] for row in names if clean(row["name"]) in wanted or row["id"] in wanted}
    chosen |= {NO_BATCH} if None in values else set()
    places = [columns.places[row["id"]] for row in lanes if row["batch_id"] in chosen and row["id"] in columns.places]
    return np.isin(columns["lane"], [*places, 0] if None in values else places)


def _text(values: Sequence[Value], sight: Sight) -> Mask:
    assert sight.search is not None
    found = sight.nothing()
    for value in values:
        seqs = sight.search.find(str(value))
        found[seqs[seqs < sight.size]] = True
    return found


MASKS: Mapping[str, Callable[[Sequence[Value], Sight], Mask]] = {
    "state": _state, "reviewed": _reviewed, "purpose": _purpose, "label": _label, "answer": _answer, "tag": _tag,
    "worker": _worker, "lane": _lane, "batch": _batch, "text": _text, "late": _flag(_is_late),
    "disagree": _flag(lambda sight: sight.columns["distinct"] > 1),
    "flagged": _flag(lambda sight: (sight.columns["marks"] & FLAGGED) != 0),
    "comment": _flag(lambda sight: (sight.columns["marks"] & SAID) != 0),
}  # fmt: skip


def sort_keys(name: str, descending: bool, sight: Sight) -> NDArray[np.float64]:
    """What to sort by, rising; what has no value is last in either direction (inf)."""
    figure = sight.figure(name)
    keys = figure.astype(np.float64)
    if descending:
        keys = -keys
    if figure.dtype.kind == "f":
        keys[np.isnan(keys)] = np.inf
    elif name in ("due", "changed"):
        keys[figure == NEVER] = np.inf
    return keys
