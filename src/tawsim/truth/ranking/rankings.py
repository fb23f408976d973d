"""Rankings: who put which items in which order, tied groups and unranked rest included. The input of `PlackettLuce`.

A ranking is a list of items, best first; a list inside it is a group judged equal. Knows no model.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from tawsim.core.errors import BadInput
from tawsim.truth.ranking.comparisons import Comparisons
from tawsim.truth.votes import columns_of, encode, is_null, listed, one_vote_each, repeats

# A choice among subsets is summed over all their sizes; groups larger than this are not judgements but lists.
MAX_TIED = 16
HINT = 'A ranking is a list of items, best first, with lists inside for ties: ["a", ["b", "c"], "d"].'


@dataclass(frozen=True, slots=True, eq=False)
class Rankings:
    """R rankings in one fixed order: by task and then worker (by what they say where there are no tasks).

    `task`, `worker` (R,) int32 are positions in `tasks` and `workers`. All ranked items lie end to end: ranking r has
    the entries starts[r] to starts[r + 1] of `item` (M,), positions in `items`, best first, and of `group` (M,), the
    number of the tied group, from 0; the last group where `open_end[r]` is the rest: shown and not ranked, so below
    all others in unknown order. `repeated` counts as in `Votes`.

    >>> said = Rankings.from_columns(["ann", "bob"], [["x", "y", "z"], ["x"]], shown=[None, ["x", "y", "z"]])
    >>> said.group.tolist(), said.open_end.tolist()
    ([0, 1, 2, 0, 1, 1], [False, True])
    """

    task: NDArray[np.int32]
    worker: NDArray[np.int32]
    starts: NDArray[np.int64]
    item: NDArray[np.int32]
    group: NDArray[np.int32]
    open_end: NDArray[np.bool_]
    tasks: tuple[Any, ...]
    workers: tuple[Any, ...]
    items: tuple[Any, ...]
    repeated: int = 0

    @classmethod
    def from_columns(
        cls, worker: Any, label: Any, *, task: Any = None, shown: Any = None, strict: bool = False
    ) -> Self:
        """Rankings from columns of equal length. `label` holds rankings, as lists or as JSON text.

        `shown` holds the items that the worker saw, or None for those ranked: best-of-n is a `label` of one item
        beside its `shown`. Items of one tied group keep no order. Without `task` the tasks are the sets of items, as
        sorted tuples, and every row counts.

        Raises `BadInput`, with the row from 1: no row, unequal lengths, an empty value, an item twice in a ranking,
        ranked and not shown, fewer than two items, a tied group of more than 16, a repeat under `strict`.
        """
        raw = {"worker": listed(worker), "label": _cells(label)}
        if task is not None:
            raw["task"] = listed(task)
        if shown is not None:
            raw["shown"] = _cells(shown)
        lengths = {name: len(column) for name, column in raw.items()}
        if len(set(lengths.values())) > 1:
            raise BadInput(f"The columns differ in length: {lengths}.")
        if not lengths["worker"]:
            raise BadInput("There are no rankings.", "One row per answer is needed: worker, label.")
        seen = raw.get("shown", [None] * lengths["label"])
        read = [_read(row, *pair) for row, pair in enumerate(zip(raw["label"], seen, strict=True), 1)]
        return cls._built(read, raw["worker"], raw.get("task"), strict)

    @classmethod
    def _built(cls, read: "list[tuple[list[list[Any]], bool]]", worker: Any, task: Any, strict: bool) -> Self:
        """Rankings from lists of groups."""
        flat, items = encode([item for groups, _ in read for group in groups for item in group], "item", None)
        who, workers = encode(worker, "worker", None)
        sizes = [[len(group) for group in groups] for groups, _ in read]
        lengths = np.array([sum(row) for row in sizes])
        ends = np.cumsum(lengths)
        coded = [_sorted_groups(flat[end - n : end], row) for end, n, row in zip(ends, lengths, sizes, strict=True)]
        if task is None:
            about, tasks = _sets(coded, items)
            said = [
                (*code.tolist(), -1, *row, opened) for code, row, (_, opened) in zip(coded, sizes, read, strict=True)
            ]
            order = np.array(sorted(range(len(read)), key=lambda i: (about[i], who[i], said[i])))
            repeated = np.zeros(0, np.intp)
        else:
            about, tasks = encode(task, "task", None)
            order, repeated = one_vote_each(about, who, len(workers))
            if repeated.size and strict:
                raise repeats([(workers[who[i]], tasks[about[i]]) for i in repeated], repeated)
        kept = order.tolist()
        return cls(
            task=about[order],
            worker=who[order],
            starts=np.concatenate(([0], np.cumsum(lengths[order]))),
            item=np.concatenate([coded[i] for i in kept]).astype(np.int32),
            group=np.concatenate([np.repeat(np.arange(len(sizes[i])), sizes[i]) for i in kept]).astype(np.int32),
            open_end=np.array([read[i][1] for i in kept]),
            tasks=tasks,
            workers=workers,
            items=items,
            repeated=int(repeated.size),
        )

    @classmethod
    def from_table(cls, table: Any, **options: Any) -> Self:
        """Rankings from any table with the columns worker and label and, if there are any, task and shown, or from
        `Comparisons`. `options` are those of `from_columns`. Raises `BadInput`, also for a missing column."""
        if isinstance(table, cls):
            return table
        if isinstance(table, Comparisons):
            return from_comparisons(table)  # type: ignore[return-value]
        if isinstance(table, Sequence) and not isinstance(table, str | bytes):
            table = list(table)
        extra = [name for name in ("task", "shown") if _has(table, name)]
        names = ("worker", "label", *extra)
        return cls.from_columns(**dict(zip(names, columns_of(table, names), strict=True)), **options)

    def __len__(self) -> int:
        return len(self.worker)


def from_comparisons(asked: Comparisons) -> Rankings:
    """Comparisons as rankings of two; sides are forgotten."""
    won = np.where(asked.outcome < 0, asked.right, asked.left)
    lost = np.where(asked.outcome < 0, asked.left, asked.right)
    tie = asked.outcome == 0
    first, second = np.where(tie, np.minimum(won, lost), won), np.where(tie, np.maximum(won, lost), lost)
    group = np.stack([np.zeros(len(asked), np.int32), np.where(tie, 0, 1)], axis=1)
    return Rankings(
        task=asked.task,
        worker=asked.worker,
        starts=2 * np.arange(len(asked) + 1),
        item=np.stack([first, second], axis=1).ravel().astype(np.int32),
        group=group.ravel().astype(np.int32),
        open_end=np.zeros(len(asked), bool),
        tasks=asked.tasks,
        workers=asked.workers,
        items=asked.items,
        repeated=asked.repeated,
    )


def _cells(column: Any) -> list[Any]:
    """A column of lists or texts from any library; a matrix is a list of its rows."""
    if isinstance(column, np.ndarray) and column.ndim > 1:
        return column.tolist()  # type: ignore[no-any-return]
    return list(listed(column))


def _has(table: Any, name: str) -> bool:
    """Whether a table has that column."""
    if isinstance(table, list):
        return bool(table) and hasattr(table[0], "keys") and name in table[0]
    for names in ("column_names", "columns", "keys"):
        found = getattr(table, names, None)
        if found is not None:
            return name in list(found() if callable(found) else found)
    return False


def _read(row: int, label: Any, shown: Any) -> tuple[list[list[Any]], bool]:
    """The groups of one ranking, and whether the last of them is the unranked rest."""
    groups = [_group(part, row) for part in _listed(label, row, "label")]
    ranked = [item for group in groups for item in group]
    if len(set(ranked)) < len(ranked):
        twice = next(item for item in ranked if ranked.count(item) > 1)
        raise BadInput(f"Row {row} ranks {str(twice)[:80]!r} twice.", HINT, row=row, column="label")
    largest = max((len(group) for group in groups), default=0)
    if largest > MAX_TIED:
        hint = f"At most {MAX_TIED}; items shown and not ranked belong to the column “shown”."
        raise BadInput(f"Row {row} holds {largest} items tied.", hint, row=row, column="label")
    rest: list[Any] = []
    if shown is not None and not (isinstance(shown, str | float) and is_null(shown)):
        seen = _group(_listed(shown, row, "shown"), row)
        strange = [item for item in ranked if item not in set(seen)]
        if strange:
            message = f"Row {row} ranks {str(strange[0])[:80]!r}, which was not shown."
            raise BadInput(message, row=row, column="shown")
        rest = [item for item in dict.fromkeys(seen) if item not in set(ranked)]
    if len(ranked) + len(rest) < 2 or not ranked:
        raise BadInput(f"Row {row} ranks fewer than two items.", HINT, row=row, column="label")
    return [*groups, rest] if rest else groups, bool(rest)


def _listed(cell: Any, row: int, column: str) -> list[Any]:
    """A cell as a list: a list already, an array, or JSON text of one."""
    if isinstance(cell, str):
        try:
            cell = json.loads(cell)
        except ValueError:
            raise BadInput(f"Row {row}: {cell[:80]!r} is not a ranking.", HINT, row=row, column=column) from None
    if hasattr(cell, "tolist"):
        cell = cell.tolist()
    if not isinstance(cell, list | tuple):
        raise BadInput(f"Row {row}: {str(cell)[:80]!r} is not a ranking.", HINT, row=row, column=column)
    return list(cell)


def _group(part: Any, row: int) -> list[Any]:
    """One place of a ranking as the list of items that share it."""
    members = list(part) if isinstance(part, list | tuple | set | frozenset) else [part]
    for member in members:
        if isinstance(member, list | tuple | dict | set) or is_null(member):
            raise BadInput(f"Row {row} has an empty or nested item: {member!r}.", HINT, row=row, column="label")
    if not members:
        raise BadInput(f"Row {row} has an empty tied group.", HINT, row=row, column="label")
    return members


def _sorted_groups(code: NDArray[np.int32], sizes: list[int]) -> NDArray[np.int32]:
    """Codes of one ranking with each tied group in the order of the items, as its own order says nothing."""
    return code[np.lexsort((code, np.repeat(np.arange(len(sizes)), sizes)))]


def _sets(coded: list[NDArray[np.int32]], items: tuple[Any, ...]) -> tuple[NDArray[np.int32], tuple[Any, ...]]:
    """The sets of items as tasks."""
    keys = [tuple(np.sort(code).tolist()) for code in coded]
    place = {key: i for i, key in enumerate(sorted(set(keys)))}
    return np.array([place[key] for key in keys], np.int32), tuple(tuple(items[c] for c in key) for key in place)
