"""How far answers to one question agree: in all, by label, between labels, by slice, over time. JSON of figures, each with its
interval and what leads to the tasks behind it. What it says of single people stands in quality_people.py.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tawsim.core.clock import SECOND
from tawsim.loop.quality_look import Floats, Ints, Look
from tawsim.loop.quality_slices import Slice
from tawsim.truth.agreement.grouped import Mixed, mixed_labels, task_sums
from tawsim.truth.agreement.krippendorff import Agreement
from tawsim.truth.agreement.shares import Shares, ratio_shares

DAY = 86_400 * SECOND
MOST_BUCKETS = 60
# A span of more days than this is shown by weeks.
MOST_DAYS = 28
MOST_LABELS_SHOWN = 40
MOST_MIXED = 8
Figure = dict[str, Any]


def number(value: Any) -> float | None:
    """Four digits after the point; None where there is no such number."""
    return None if value is None or not np.isfinite(value) else round(float(value), 4)


def figure(measure: str, found: Agreement | None, **more: Any) -> Figure | None:
    """An agreement with its interval and how many tasks it rests on."""
    if found is None:
        return None
    return {
        "measure": measure, "value": number(found.alpha), "low": number(found.low), "high": number(found.high),
        "tasks": found.tasks, **more,
    }  # fmt: skip


def share_json(shares: Shares, at: Any = ()) -> dict[str, float | None]:
    """One of many shares with its interval."""
    return {name: number(getattr(shares, name)[at]) for name in ("value", "low", "high")}


# ---- one group of tasks or many -------------------------------------------------------------------------------------
class Grouping:
    """The agreement of any groups of the tasks of a `Look`, by the measure that fits its answers: Krippendorff's alpha where
    answers are labels, steps, numbers or sets; else the mean likeness of two answers to a task."""

    def __init__(self, look: Look) -> None:
        self.look = look
        self.metric = {"nominal": "nominal", "ordinal": "ordinal", "number": "interval", "sets": "jaccard"}.get(
            look.coding, ""
        )
        self.measure = "alpha" if look.patterns is not None or look.sums is not None else "likeness"
        task = look.task[look.first]
        self._like = np.bincount(task, look.like, len(look.seqs))
        self._pairs = np.bincount(task, minlength=len(look.seqs)).astype(float)

    def all(self) -> Figure | None:
        """Of all tasks."""
        return self.groups(np.zeros(len(self.look.seqs), np.int64), 1)[0]

    def groups(self, group: NDArray[Any], groups: int) -> list[Figure | None]:
        """Of each group; `group` (T,), -1 for none."""
        look = self.look
        if look.patterns is not None:
            return [figure("alpha", look.patterns.alpha(one)) for one in look.patterns.times(group, groups)]
        if look.sums is not None:
            found = look.sums.alphas(group[look.sums_tasks].astype(np.int64), groups)
            return [figure("alpha", one) for one in found]
        return self.likeness(group, groups)

    def likeness(self, group: NDArray[Any], groups: int) -> list[Figure | None]:
        """The mean likeness of the compared pairs of answers, by group of tasks."""
        kept = (group >= 0) & (self._pairs > 0)
        own, a, b = group[kept].astype(np.int64), self._like[kept], self._pairs[kept]

        def total(values: Any) -> Floats:
            return np.asarray(np.bincount(own, values, groups), float)

        many = np.bincount(own, minlength=groups)
        found = ratio_shares(total(a), total(b), (total(a * a), total(a * b), total(b * b)), many)
        return [
            {"measure": "likeness", **share_json(found, g), "tasks": int(many[g])} if many[g] else None
            for g in range(groups)
        ]


# ---- in all, and by label -------------------------------------------------------------------------------------------
def overall(look: Look, grouping: Grouping) -> list[Figure]:
    """Every measure that fits: the first is the one by which groups are compared."""
    found = [grouping.all()]
    if found[0] is not None:
        found[0]["metric"] = grouping.metric
    if look.patterns is not None:
        kappa, each = look.patterns.fleiss(look.patterns.times()[0])
        if kappa is not None:
            found.append({
                "measure": "fleiss", "value": number(kappa.kappa), "low": number(kappa.low), "high": number(kappa.high),
                "tasks": kappa.tasks, "each": each,
            })  # fmt: skip
    own = look.truth.agreement
    if grouping.measure == "likeness" and own is not None:
        found.append(figure(look.truth.agreement_measure, own))
    if grouping.measure == "alpha":
        found += grouping.likeness(np.zeros(len(look.seqs), np.int64), 1)
    return [one for one in found if one is not None]


def by_label(look: Look) -> list[dict[str, Any]]:
    """Of each label: how often it was given, and alpha of it against all others together."""
    if look.coding == "sets":
        return _by_label_of_sets(look)
    if look.coding not in ("nominal", "ordinal"):
        return []
    given = np.bincount(look.code, minlength=len(look.labels))
    shown = _shown(given)
    times = look.patterns.times()[0] if look.patterns is not None else None
    found = []
    for k in shown:
        if look.patterns is not None and times is not None:
            one = look.patterns.alpha_of_label(k, times)
        else:
            one = task_sums(look.task, (look.code == k).astype(np.int64), 2)[0].alphas()[0]
        found.append(
            {
                "label": look.labels[k],
                "answers": int(given[k]),
                "agreement": figure("alpha", one),
                "behind": {"of": "label", "a": look.labels[k]},
            }
        )
    return found


def _by_label_of_sets(look: Look) -> list[dict[str, Any]]:
    sets = look.held.sets[look.question.name]
    has = np.array([[label in one for label in look.labels] for one in map(frozenset, sets)], np.int64)
    has = has.reshape(len(sets), len(look.labels))
    given = np.bincount(look.code, minlength=len(sets)) @ has
    return [
        {
            "label": look.labels[k], "answers": int(given[k]),
            "agreement": figure("alpha", task_sums(look.task, has[look.code, k], 2)[0].alphas()[0]),
            "behind": {"of": "label", "a": look.labels[k]},
        }
        for k in _shown(given)
    ]  # fmt: skip


def _shown(given: Ints) -> list[int]:
    """The labels that stand in tables, in the order of the question: all, or the commonest."""
    shown: list[int] = sorted(np.argsort(-given, kind="stable")[:MOST_LABELS_SHOWN].tolist())
    return shown


def mixed(look: Look) -> tuple[dict[str, Any] | None, list[dict[str, Any]]]:
    """Which labels meet in one task: the matrix, and the pairs that make the most disagreements, most first."""
    if look.patterns is None or not len(look.patterns.pattern) or len(look.labels) < 2:
        return None, []
    shown = _shown(np.bincount(look.code, minlength=len(look.labels)))
    pattern, times = look.patterns.pattern, look.patterns.times()[0]
    if len(shown) < len(look.labels):
        pattern = np.concatenate(
            [pattern[:, shown], np.delete(pattern, shown, axis=1).sum(axis=1, keepdims=True)], axis=1
        )
    found = mixed_labels(pattern, times)
    names = [look.labels[k] for k in shown]
    cells = [[_cell(found, names, k, l) for l in range(len(names))] for k in range(len(names))]
    return {"labels": names, "cells": cells}, _pairs_of_labels(found, names)


def _cell(found: Mixed, names: list[str], k: int, l: int) -> dict[str, Any]:
    return {
        "pairs": int(found.pairs[k, l]), **share_json(found.share, (k, l)), "tasks": int(found.tasks[k, l]),
        "behind": {"of": "mixed", "a": names[k], "b": names[l]},
    }  # fmt: skip


def _pairs_of_labels(found: Mixed, names: list[str]) -> list[dict[str, Any]]:
    pairs = [(k, l) for k in range(len(names)) for l in range(k + 1, len(names)) if found.pairs[k, l] > 0]
    pairs.sort(key=lambda one: (-found.pairs[one], one))
    return [
        {
            "a": names[k], "b": names[l], "pairs": int(found.pairs[k, l]), "tasks": int(found.tasks[k, l]),
            "of_all": share_json(found.of_all, (k, l)), "between": share_json(found.between, (k, l)),
            "behind": {"of": "mixed", "a": names[k], "b": names[l]},
        }
        for k, l in pairs[:MOST_MIXED]
    ]  # fmt: skip


# ---- slices and time ------------------------------------------------------------------------------------------------
def by_slice(look: Look, grouping: Grouping, slices: list[Slice], whole: list[Figure]) -> list[dict[str, Any]]:
    """Each way to part the tasks, with the agreement of each part. `whole`: the figures of all tasks. `lower`: the part's
    interval lies below that of all, and that of the likeness of its answers too: where nearly all tasks of a part are of one
    label, agreement beyond chance is low though people hardly differ."""
    first = whole[0] if whole else None
    alike = next((one for one in whole if one["measure"] == "likeness"), None)
    found = []
    for one in slices:
        group = one.place[look.seqs].astype(np.int64)
        figures = grouping.groups(group, len(one.values))
        like = grouping.likeness(group, len(one.values))
        many = np.bincount(group[group >= 0], minlength=len(one.values))
        parts = [
            {
                "value": value, "answered": int(many[g]), "agreement": figures[g], "likeness": like[g],
                "lower": below(figures[g], first) and below(like[g], alike),
                "behind": {"of": "slice", "kind": one.kind, "name": one.name, "value": value},
            }
            for g, value in enumerate(one.values)
            if many[g]
        ]  # fmt: skip
        if parts:
            found.append({"kind": one.kind, "name": one.name, "parts": parts})
    return found


def below(one: Figure | None, other: Figure | None) -> bool:
    """Whether the interval of the one lies below that of the other."""
    if not one or not other or one["high"] is None or other["low"] is None:
        return False
    return bool(one["high"] < other["low"])


def over_time(look: Look, grouping: Grouping) -> dict[str, Any]:
    """Agreement by day or, of a longer span, by week (of seven days, in UTC): a task counts when its last answer came."""
    if not len(look.last_at):
        return {"unit": "day", "points": []}
    first = int(look.last_at.min()) // DAY
    days = look.last_at // DAY - first
    each = 1 if int(days.max()) < MOST_DAYS else 7
    each *= max(1, -(-(int(days.max()) // each + 1) // MOST_BUCKETS))
    bucket = (days // each).astype(np.int64)
    many = int(bucket.max()) + 1
    figures = grouping.groups(bucket, many)
    tasks, answers = np.bincount(bucket, minlength=many), np.bincount(bucket, look.per_task(), many)
    points = []
    for at in np.flatnonzero(tasks).tolist():
        start = (first + at * each) * DAY
        points.append({
            "from": start, "to": start + each * DAY, "answered": int(tasks[at]), "answers": int(answers[at]),
            "agreement": figures[at], "behind": {"of": "time", "from": start, "to": start + each * DAY},
        })  # fmt: skip
    return {"unit": "day" if each == 1 else "week" if each == 7 else "weeks", "points": points}
