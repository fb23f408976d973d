"""Gamma: how far workers agree on spans, where they are and what they are called, beyond chance. Pure arrays.

A span may lie anywhere, so before answers can be compared their spans must be aligned. Gamma takes the alignment of least
disorder and compares it with what shuffled answers give (Y. Mathet, A. Widlöcher and J.-P. Métivier, "The Unified and
Holistic Method Gamma (γ) for Inter-Annotator Agreement Measure and Alignment", Computational Linguistics 41(3), 2015).
"""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tawsim.core.errors import BadInput, TooLarge
from tawsim.truth.answers import Answers
from tawsim.truth.regions.matching import best_clusters

Floats = NDArray[np.float64]
REPLICATES = 1000
# Shuffled versions of each task: thirty for one long text, as is customary, and about this many texts in all for many.
SHUFFLED = 30
SHUFFLED_IN_ALL = 600
# Tries to find a shift that does not lay a worker's answer upon itself.
TRIES = 20
# What a span without a partner costs; the unit in which disorder is counted.
EMPTY = 1.0
MAX_SPANS = 2_000


@dataclass(frozen=True, slots=True)
class SpanAgreement:
    """`gamma` (1 = the same spans, 0 = as by chance, below = worse) with its 95 % interval `low`..`high`; `tasks` with two
    answers or more, on which alone it rests; the `observed` disorder a span and that of `chance`."""

    gamma: float
    low: float
    high: float
    tasks: int
    observed: float
    chance: float


@dataclass(frozen=True, slots=True)
class Spans:
    """The spans of one answer: `start` and `end` (n,), above it, and `label` (n,), a number for each name."""

    start: Floats
    end: Floats
    label: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Weights:
    """What a unit's place and its name weigh in the dissimilarity of two."""

    position: float
    label: float


def span_gamma(
    table: Any,
    *,
    lengths: Mapping[Any, float] | None = None,
    position_weight: float = 1.0,
    label_weight: float = 1.0,
    replicates: int = REPLICATES,
    seed: int = 0,
) -> SpanAgreement | None:
    """Gamma of answers that are lists (or their JSON) of {"start", "end", "label"?}; other fields are ignored. None where
    no task has two answers, or nobody marked anything.

    Dissimilarity of two spans: position_weight · ((|Δstart| + |Δend|) / (length + length))² + label_weight · (labels
    differ); of a span and no partner, or of no span twice: 1. An alignment parts all spans into groups with at most one of
    each of the n workers; a group's disorder is the mean over the n (n - 1) / 2 pairs, the alignment's the sum over its
    groups by the mean number of spans a worker. gamma = 1 - least disorder / least disorder of shuffled answers.

    `lengths`: of each task's text, in the unit of the spans; without it, the last end seen. Shuffling: each worker is given
    the answer of a random worker to a random task, turned round by a random part of the text; the same answer twice is
    turned by more than a mean span apart. Same `seed`, same result.

    The least alignment is exact for two workers (assignment); for more it is found by joining and exchanging, never less
    disordered than the true least: on small random texts, harder than real ones, half a per cent more on average.
    Where we depart from the paper: tasks are pooled, by sums of disorders over sums of spans, where it has one text;
    shuffling draws from all tasks; how many texts are shuffled is a fixed rule; the interval is a bootstrap over tasks
    (over the groups of the alignment where there is one task) that holds the noise of the shuffling too.

    Cost: a task of u spans takes about u² steps, 31 times over. Raises `BadInput` with the row and the field.
    """
    if not (position_weight >= 0 and label_weight >= 0 and position_weight + label_weight > 0):
        raise BadInput("position_weight and label_weight are 0 or more, and not both 0.")
    names: dict[str | None, int] = {}
    answers = _read(table, names)
    starts = answers.starts()
    own = [answers.values[starts[t] : starts[t + 1]] for t in range(len(answers.tasks))]
    chosen = [t for t, values in enumerate(own) if len(values) > 1]
    pool = [value for t in chosen for value in own[t]]
    if not any(len(value.start) for value in pool):
        return None
    reach = _lengths([answers.tasks[t] for t in chosen], [own[t] for t in chosen], lengths)
    weights = Weights(position_weight, label_weight)
    observed = [_disorder(own[t], weights) for t in chosen]
    counts = [_per_worker(own[t]) for t in chosen]
    random = np.random.default_rng(seed)
    times = min(SHUFFLED, max(2, SHUFFLED_IN_ALL // len(chosen)))
    usual = float(np.mean(np.concatenate([value.end - value.start for value in pool])))
    chance = np.zeros((len(chosen), times, 2))
    for k, t in enumerate(chosen):
        for s in range(times):
            made = _shuffled(pool, len(own[t]), reach[k], usual, random)
            chance[k, s] = _disorder(made, weights).sum(), _per_worker(made)
    return _result(observed, np.array(counts), [len(own[t]) for t in chosen], chance, replicates, random)


def _result(
    observed: list[Floats], counts: Floats, workers: list[int], chance: Floats, replicates: int, random: Any
) -> SpanAgreement | None:
    """The ratio and its bootstrap."""
    if len(observed) > 1:
        pieces = np.stack([[each.sum() for each in observed], counts], axis=1)
        by_chance = chance.sum(axis=1)
        draws = random.multinomial(len(pieces), np.full(len(pieces), 1 / len(pieces)), size=replicates)
        draws_chance = draws
    else:
        # The groups of the one alignment stand for themselves; each holds a share of the spans.
        share = counts[0] / max(len(observed[0]), 1)
        pieces = np.stack([observed[0], np.full(len(observed[0]), share)], axis=1)
        by_chance = chance[0]
        draws = random.multinomial(len(pieces), np.full(len(pieces), 1 / len(pieces)), size=replicates)
        draws_chance = random.multinomial(len(by_chance), np.full(len(by_chance), 1 / len(by_chance)), size=replicates)
    found, expected = _ratio(pieces.sum(axis=0)), _ratio(by_chance.sum(axis=0))
    if not expected > 0:
        return None
    spread = 1 - _ratio(draws @ pieces) / np.where(
        _ratio(draws_chance @ by_chance) > 0, _ratio(draws_chance @ by_chance), 1
    )
    low, high = np.quantile(spread, [0.025, 0.975])
    gamma = float(1 - found / expected)
    return SpanAgreement(
        gamma, min(float(low), gamma), max(float(high), gamma), len(workers), float(found), float(expected)
    )


def _ratio(sums: Floats) -> Floats:
    """Disorder a span, from (…, 2) sums of disorder and of spans a worker."""
    return np.asarray(np.divide(sums[..., 0], sums[..., 1], out=np.zeros(sums.shape[:-1]), where=sums[..., 1] > 0))


def _per_worker(values: Any) -> float:
    return sum(len(value.start) for value in values) / len(values)


def _lengths(tasks: list[Any], own: list[Any], lengths: Mapping[Any, float] | None) -> list[float]:
    seen = [max((float(value.end.max()) for value in values if len(value.end)), default=0.0) for values in own]
    usual = float(np.median([length for length in seen if length > 0]))
    found = []
    for task, length in zip(tasks, seen, strict=True):
        given = None if lengths is None else lengths.get(task)
        if given is not None and not (math.isfinite(given) and given >= length):
            raise BadInput(f"The length of {task!r} is {given:g}, but its spans end at {length:g}.")
        found.append(float(given) if given is not None and given > 0 else length or usual)
    return found


def _shuffled(pool: list[Spans], workers: int, length: float, usual: float, random: Any) -> list[Spans]:
    """Answers of `workers` strangers to a text of `length`."""
    source = random.integers(0, len(pool), workers)
    shift = random.uniform(0, length, workers)
    for w in range(1, workers):
        for _ in range(TRIES):
            apart = np.abs(shift[:w] - shift[w])
            if (np.minimum(apart, length - apart)[source[:w] == source[w]] >= usual).all():
                break
            shift[w] = random.uniform(0, length)
    made = []
    for k, by in zip(source.tolist(), shift.tolist(), strict=True):
        start = (pool[k].start + by) % length
        made.append(Spans(start, start + pool[k].end - pool[k].start, pool[k].label))
    return made


def _disorder(values: Any, weights: Weights) -> Floats:
    """The disorder of each group of the best alignment of the workers' spans."""
    size = [len(value.start) for value in values]
    worker = np.repeat(np.arange(len(values)), size)
    if not len(worker):
        return np.zeros(0)
    start, end, label = (np.concatenate([getattr(value, field) for value in values]) for field in Spans.__slots__)
    length = end - start
    apart = np.abs(start[:, None] - start) + np.abs(end[:, None] - end)
    distance = weights.position * (apart / (length[:, None] + length)) ** 2 + weights.label * (label[:, None] != label)
    if len(values) == 2:
        return _of_two(distance[: size[0], size[0] :])
    return _of_many(distance, worker, len(values))


def _of_two(distance: Floats) -> Floats:
    """Two workers: matched spans pay their distance, the others EMPTY. Exact."""
    gain = 2 * EMPTY - distance
    row, column = best_assignment(gain)
    alone = distance.shape[0] + distance.shape[1] - 2 * len(row)
    return np.concatenate((distance[row, column], np.full(alone, EMPTY)))


def _of_many(distance: Floats, worker: NDArray[np.int64], workers: int) -> Floats:
    """A group of spans saves (EMPTY - distance) / pairs for each pair it holds, and costs EMPTY; so the least disorder is
    a clustering. A pair that is worse by two is never worth its group, whatever the others, and is left out."""
    pairs = workers * (workers - 1) // 2
    worth = (EMPTY - distance) / pairs
    listed = (worker[:, None] != worker) & (worth > -2 * EMPTY)
    links = [
        dict(zip(np.flatnonzero(row).tolist(), values[row].tolist(), strict=True))
        for row, values in zip(listed, worth, strict=True)
    ]
    cluster = np.array(best_clusters(worker.tolist(), links, -2 * EMPTY, EMPTY))
    together = np.triu(cluster[:, None] == cluster, 1)
    a, b = np.nonzero(together)
    used, place = np.unique(cluster, return_inverse=True)
    saved = np.bincount(place.reshape(-1)[a], worth[a, b], len(used))
    return np.asarray(EMPTY - saved)


def best_assignment(gain: Floats) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Rows and columns of the one-to-one pairs with the greatest sum of gains; a pair without gain is left out. Exact:
    shortest augmenting paths, O(m² (m + n)), with one more column for each row to stay alone."""
    if gain.shape[0] > gain.shape[1]:
        column, row = best_assignment(gain.T)
        order = np.argsort(row)
        return row[order], column[order]
    rows, columns = gain.shape
    favourite = gain.argmax(axis=1) if columns else np.zeros(0, np.int64)
    wanted = np.flatnonzero(gain[np.arange(len(favourite)), favourite] > 0)
    if len(set(favourite[wanted].tolist())) == len(wanted):  # everybody's favourite is free: nothing can be better
        return wanted, favourite[wanted]
    cost = np.concatenate((-np.maximum(gain, 0), np.zeros((rows, rows))), axis=1)
    width = columns + rows
    of_row, of_column = np.zeros(rows), np.zeros(width)
    owner = np.full(width, -1)
    for new in range(rows):
        _augment(new, cost, of_row, of_column, owner)
    column = np.flatnonzero(owner[:columns] >= 0)
    row_of = owner[column]
    useful = gain[row_of, column] > 0
    order = np.argsort(row_of[useful])
    return row_of[useful][order], column[useful][order]


def _augment(new: int, cost: Floats, of_row: Floats, of_column: Floats, owner: NDArray[np.int64]) -> None:
    """Give row `new` a column by the shortest path of exchanges, and raise the prices `of_row`, `of_column` with it."""
    width = cost.shape[1]
    least, via = np.full(width, np.inf), np.full(width, -1)
    done = np.zeros(width, bool)
    row, at, far = new, -1, 0.0
    while row >= 0:
        reduced = far + cost[row] - of_row[row] - of_column
        better = ~done & (reduced < least)
        least[better], via[better] = reduced[better], at
        at = int(np.argmin(np.where(done, np.inf, least)))
        far = float(least[at])
        done[at] = True
        row = int(owner[at])
    of_row[new] += far
    passed = np.flatnonzero(done & (owner >= 0))
    of_row[owner[passed]] += far - least[passed]
    of_column[done] -= far - least[done]
    while at >= 0:
        before = int(via[at])
        owner[at] = new if before < 0 else owner[before]
        at = before


def _read(table: Any, names: dict[str | None, int]) -> Answers:
    """Answers whose values are `Spans`."""
    if isinstance(table, Answers):
        task = [table.tasks[i] for i in table.task.tolist()]
        worker = [table.workers[i] for i in table.worker.tolist()]
        return Answers.from_columns(task, worker, list(table.values), read=lambda cell: _spans(cell, names))
    return Answers.from_table(table, read=lambda cell: _spans(cell, names))


def _spans(cell: Any, names: dict[str | None, int]) -> Spans:
    if isinstance(cell, str):
        try:
            cell = json.loads(cell)
        except (ValueError, RecursionError):
            raise BadInput(f"The answer is not JSON: {cell[:60]!r}.", "A list of spans is needed, or [].") from None
    if not isinstance(cell, list | tuple):
        raise BadInput(f"An answer is a list of spans, not {cell!r:.40}.")
    if len(cell) > MAX_SPANS:
        raise TooLarge(f"{len(cell)} spans in one answer; at most {MAX_SPANS} are read.")
    found = [_span(each, number) for number, each in enumerate(cell, 1)]
    # In an order of their own, so that the order within an answer changes nothing.
    found.sort(key=lambda span: (span[0], span[1], span[2] or ""))
    start, end = (np.array([span[k] for span in found], float) for k in (0, 1))
    return Spans(start, end, np.array([names.setdefault(span[2], len(names)) for span in found], np.int64))


def _span(each: Any, number: int) -> tuple[float, float, str | None]:
    where = f"span {number}"
    if not isinstance(each, Mapping):
        raise BadInput(f"{where} is {each!r:.40}, not an object with start, end and label.")
    ends = []
    for field in ("start", "end"):
        value: Any = each.get(field)
        if isinstance(value, bool | str) or not hasattr(value, "__float__") or not math.isfinite(float(value)):
            raise BadInput(f"{where}: its {field} is {value!r:.40}, not a number.", field=field)
        ends.append(float(value))
    if not ends[1] > ends[0] >= 0:
        raise BadInput(f"{where} runs from {ends[0]:g} to {ends[1]:g}; it must start at 0 or later and end later.")
    label = each.get("label")
    if label is not None and (not isinstance(label, str) or not label.strip()):
        raise BadInput(f"{where}: its label is {label!r:.40}, not a text.", field="label")
    return ends[0], ends[1], label
