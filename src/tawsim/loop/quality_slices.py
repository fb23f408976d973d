"""What parts the tasks of a project into a few groups: columns of their rows, lanes, tags, guideline versions. No figures.

A column is a slice if it has few different short values. Rows never change, so each is read once; lanes and tags do, and
are read again from time to time.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tawsim.core.records import Project
from tawsim.loop.quality_columns import CHUNK, Columns
from tawsim.store.database import Database

MOST_VALUES = 12
LONGEST = 60
MOST_COLUMNS = 12
# Rows are looked through so far at once; a column of no project has more.
MOST_NAMES = 200
LANE, TAG, GUIDELINE = "lane", "tag", "guideline"


@dataclass(slots=True, eq=False)
class Slices:
    """By column: its values, and of each task number the place of its value (int16, -1 for none). `tags`: name → task numbers.
    `lanes`: requirement → task numbers. Rows up to `read_until` are known."""

    values: dict[str, dict[str, int]] = field(default_factory=dict)
    places: dict[str, NDArray[np.int16]] = field(default_factory=dict)
    dropped: set[str] = field(default_factory=set)
    read_until: int = 0
    lanes: dict[str, NDArray[np.int64]] = field(default_factory=dict)
    tags: dict[str, NDArray[np.int64]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class Slice:
    """One way to part the tasks: `kind` is column, lane, tag or guideline; `name` that of the column; `values` (G) and, of
    each task number, the place of its value, -1 for none."""

    kind: str
    name: str
    values: tuple[str, ...]
    place: NDArray[np.int16]


def read_rows(db: Database, project: Project, slices: Slices, until: int) -> None:
    """Read the rows from where one stopped to task number `until`."""
    if until <= slices.read_until:
        return
    size = until + 1
    for name, places in slices.places.items():
        slices.places[name] = np.concatenate([places, np.full(size - len(places), -1, np.int16)])
    skipped = {project.text_column} | {block.column for block in project.content}
    for after in range(slices.read_until, until, CHUNK):  # short reads: a long one keeps the log from being folded
        with db.read() as tx:
            piece = tx.all("quality_contents", project_id=project.id, after=after, until=min(after + CHUNK, until))
        _look(slices, [(row["seq"], json.loads(row["content"])) for row in piece], size, skipped)
    slices.read_until = until


def _look(slices: Slices, rows: list[tuple[int, dict[str, Any]]], size: int, skipped: set[str]) -> None:
    for seq, content in rows:
        for name, value in content.items():
            if name in slices.dropped:
                continue
            values = slices.values.get(name)
            if values is None:
                if name in skipped or len(slices.values) >= MOST_NAMES:
                    slices.dropped.add(name)
                    continue
                values = slices.values[name] = {}
                slices.places[name] = np.full(size, -1, np.int16)
            text = _short(value)
            if text is None:
                continue
            place = values.get(text)
            if place is None:
                if not text or len(values) >= MOST_VALUES:
                    _drop(slices, name)
                    continue
                place = values[text] = len(values)
            slices.places[name][seq] = place


def _short(value: Any) -> str | None:
    """A value as a slice is named; None where there is none, "" where it is no name of a group."""
    if value is None or value == "":
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int) or (isinstance(value, str) and len(value) <= LONGEST and value.isprintable()):
        return str(value)
    return ""


def _drop(slices: Slices, name: str) -> None:
    slices.dropped.add(name)
    del slices.values[name], slices.places[name]


def read_groups(db: Database, project: Project, slices: Slices) -> None:
    """Read lanes and tags anew."""
    with db.read() as tx:
        lanes = _by_name(tx.stream("quality_lanes", project_id=project.id))
        tags = _by_name(tx.stream("quality_tags", project_id=project.id))
    slices.lanes, slices.tags = lanes, tags


def _by_name(rows: Iterator[Any]) -> dict[str, NDArray[np.int64]]:
    found: dict[str, list[int]] = {}
    for name, seq in rows:
        found.setdefault(name, []).append(seq)
    return {name: np.array(seqs, np.int64) for name, seqs in sorted(found.items())}


def slices_of(slices: Slices, columns: Columns, size: int) -> list[Slice]:
    """All ways to part the tasks, those of rows first. `size`: task numbers are below it. A tag is a part of its own, since a
    task may have several; a task whose answers were given under two guidelines is in no part of that."""
    found: list[Slice] = []
    for name, values in slices.values.items():
        if len(values) >= 2 and len(found) < MOST_COLUMNS:
            found.append(Slice("column", name, tuple(values), _fitted(slices.places[name], size)))
    if slices.lanes:
        place = np.zeros(size, np.int16)
        for at, seqs in enumerate(slices.lanes.values(), 1):
            place[seqs[seqs < size]] = at
        found.append(Slice(LANE, "", ("", *(_lane(text) for text in slices.lanes)), place))
    if slices.tags:
        for name, seqs in list(slices.tags.items())[:MOST_VALUES]:
            place = np.full(size, -1, np.int16)
            place[seqs[seqs < size]] = 0
            found.append(Slice(TAG, name, (name,), place))
    versions = np.flatnonzero(np.bincount(columns.guideline))
    if 2 <= len(versions) <= MOST_VALUES:
        found.append(Slice(GUIDELINE, "", tuple(map(str, versions.tolist())), _versions(columns, versions, size)))
    return found


def _fitted(places: NDArray[np.int16], size: int) -> NDArray[np.int16]:
    if len(places) >= size:
        return places[:size]
    return np.concatenate([places, np.full(size - len(places), -1, np.int16)])


def _versions(columns: Columns, versions: NDArray[Any], size: int) -> NDArray[np.int16]:
    """The version under which all answers of a task were given."""
    place = np.searchsorted(versions, columns.guideline)
    lowest, highest = np.full(size, len(versions), np.int16), np.full(size, -1, np.int16)
    np.minimum.at(lowest, columns.seq, place.astype(np.int16))
    np.maximum.at(highest, columns.seq, place.astype(np.int16))
    return np.where(lowest == highest, highest, -1).astype(np.int16)


def _lane(requirement: str) -> str:
    """A lane by what it asks for: `languages: ar; skills: medicine`."""
    wanted: Mapping[str, Any] = json.loads(requirement)
    return "; ".join(f"{name}: {', '.join(map(str, values))}" for name, values in wanted.items() if values)
