"""What boxes, polygons and keypoints share: match, judge, name, fuse. Geometry lives with each kind, EM in its own room.

The model. Task t shows Poisson(R) objects and Poisson(S) places that look like one. Worker w draws an object with
probability h_w and a false place with f_w, names the object rightly with probability a_w, and draws it with a bias and a
spread (`offsets.py`). Fitting goes in four steps, each fixed before the next:

1. match    drawings of several workers into clusters, at most one a worker (`matching.py`)
2. judge    p(cluster is an object) ∝ R Π_w h_w^seen (1 - h_w)^missed against S Π_w f_w^seen (1 - f_w)^missed; h, f, R
            and S by EM with priors, objects that nobody drew among the misses (`existence.py`)
3. name     one-coin EM over the labels given in each cluster (`existence.py`)
4. fuse     robust means with worker bias and spread, weighted by p (`offsets.py`)
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from statistics import NormalDist
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from tawsim.core.errors import BadInput
from tawsim.truth.beta import beta_quantile
from tawsim.truth.regions.existence import Judged, Named, Sightings, judge, name, sightings
from tawsim.truth.regions.matching import match
from tawsim.truth.regions.objects import Floats, Ints, Objects, Read, objects_of, read_answers, tally
from tawsim.truth.regions.offsets import NU, Layout, Skill
from tawsim.truth.state import Restorable

# Two labels that differ make two drawings this much less alike: enough to tell crossing objects of two kinds apart, too
# little to part two drawings of one thing that somebody misnamed.
LABEL_PENALTY = 0.1
# Less alike than this is as good as apart; keeps the pairs of crowded pictures few.
NEARLY_APART = 0.05
SAME = 1e-9
LEVEL = 0.95


@dataclass(frozen=True, slots=True)
class Found:
    """One object that at least one worker drew. `region`: as in an answer, with the probable label. `p`: that it is there.
    `label_p`: that the label is right, if it is there. `sd`: standard deviation of each coordinate, in the unit of the
    answers. `workers`: how many of the task's workers drew it."""

    region: dict[str, Any]
    p: float
    label_p: float
    sd: Any
    workers: int


@dataclass(frozen=True, slots=True)
class Clusters:
    """Drawings in the order of their clusters, and which pairs of them were compared, for the kinds to fuse."""

    objects: Objects
    layout: Layout
    i: Ints
    j: Ints
    alike: Floats


class Regions(Restorable, ABC):
    """Base of `Boxes`, `Polygons` and `Keypoints`; see the head of this module for the model, and those for each kind."""

    read: ClassVar[Read]
    workers_: tuple[Any, ...]
    tasks_: tuple[Any, ...]
    labels_: tuple[str, ...]
    task_: Ints
    p_: Floats
    label_: Ints
    label_p_: Floats
    drawn_: Ints
    shape_: Floats
    sd_: Floats
    confidence_: Floats
    ties_: NDArray[np.bool_]
    hit_rate_: Floats
    hit_rate_interval_: Floats
    false_alarms_: Floats
    false_alarms_interval_: Floats
    label_accuracy_: Floats
    label_accuracy_interval_: Floats
    localisation_error_: Floats
    localisation_error_interval_: Floats
    bias_: Floats
    typical_size_: float
    growth_: float
    n_iter_: int
    repeated_: int

    def __init__(self, *, match_at: float = 0.3, keep: float = 0.5, strict: bool = False) -> None:
        """`match_at`: similarity (0..1) from which two drawings speak for one object; .3 and not the customary .5, as two
        drawings that each have .6 with the truth have about .4 with each other. `keep`: the least probability of an object
        in `predict`. `strict`: a worker's second answer to a task is an error."""
        if not 0 < match_at < 1 or not 0 <= keep <= 1:
            raise BadInput("match_at is between 0 and 1, keep in 0..1.")
        self.match_at, self.keep, self.strict = match_at, keep, strict

    def fit(self, answers: Any) -> Self:
        """Learn from any table with task, worker, label. Raises `BadInput` with the row, the object and the field."""
        read = read_answers(answers, type(self).read, strict=self.strict)
        objects = objects_of(read, self._frame)
        i, j, alike = self._alike(objects)
        near = alike >= NEARLY_APART
        i, j, alike = i[near], j[near], alike[near]
        both = (objects.label[i] >= 0) & (objects.label[j] >= 0) & (objects.label[i] != objects.label[j])
        weight = alike - LABEL_PENALTY * both - self.match_at
        cluster = match(objects.worker, i, j, weight, -self.match_at)
        data = sightings(cluster, objects.task, objects.answer, read.starts(), read)
        judged = judge(data)
        named = name(cluster, objects.worker, objects.label, judged.p, len(read.workers), max(len(objects.labels), 1))
        self.tasks_, self.workers_, self.labels_ = read.tasks, read.workers, objects.labels
        self.repeated_ = read.repeated
        self._keep_judgement(data, judged, named)
        clusters = _in_clusters(objects, cluster, judged.p, len(read.workers), i, j, alike)
        skill = self._fuse(clusters)
        self._keep_skill(skill)
        return self

    def predict(self) -> list[list[dict[str, Any]]]:
        """The objects of each task, (T,): those with probability `keep` and more, in the form of an answer, by position."""
        return [[each.region for each in found if each.p >= self.keep] for found in self.found()]

    def found(self) -> list[list[Found]]:
        """Every object that somebody drew, task by task, (T,), however improbable, with its uncertainty."""
        self._check_fitted()
        per_task: list[list[Found]] = [[] for _ in self.tasks_]
        for c, (t, p, label, label_p, drawn) in enumerate(
            zip(
                *(column.tolist() for column in (self.task_, self.p_, self.label_, self.label_p_, self.drawn_)),
                strict=True,
            )
        ):
            region = self._region(c)
            if label >= 0:
                region["label"] = self.labels_[label]
            per_task[t].append(Found(region, p, label_p, self._sd(c), drawn))
        return per_task

    def interval(self, level: float = LEVEL) -> tuple[Floats, Floats]:
        """Credible interval of every coordinate, low and high (C, D) like `shape_`, given that the object is there."""
        self._check_fitted()
        if not 0 < level < 1:
            raise BadInput(f"level is {level}; it must be between 0 and 1.")
        reach = NormalDist().inv_cdf((1 + level) / 2) * self.sd_
        centre = self._centre()
        return centre - reach, centre + reach

    def _centre(self) -> Floats:
        return self.shape_

    def _check_fitted(self) -> None:
        if not hasattr(self, "tasks_"):
            raise BadInput(f"This {type(self).__name__} has not seen any answers.", "Call fit(answers) first.")

    @staticmethod
    @abstractmethod
    def _frame(shape: Any) -> tuple[float, float, float, float]:
        """Edges x1, y1, x2, y2 of the box around a shape."""

    @abstractmethod
    def _alike(self, objects: Objects) -> tuple[Ints, Ints, Floats]:
        """Pairs of drawings i < j that may be one object, and their similarity in 0..1."""

    @abstractmethod
    def _fuse(self, clusters: Clusters) -> Skill:
        """Set `shape_` and `sd_`; give the workers' skill."""

    @abstractmethod
    def _region(self, c: int) -> dict[str, Any]:
        """Object c in the form of an answer, without its label."""

    @abstractmethod
    def _sd(self, c: int) -> Any:
        """Standard deviations of object c in a form that names them."""

    def _keep_judgement(self, data: Sightings, judged: Judged, named: Named) -> None:
        self.task_, self.p_ = data.task, judged.p
        self.label_, self.label_p_ = named.label, named.p
        self.drawn_ = tally(data.cluster, data.seen, len(data.task)).astype(np.int64)
        tie = (np.abs(judged.p - self.keep) < SAME) | (named.tie & (judged.p >= self.keep))
        self.ties_ = tally(data.task, tie, len(self.tasks_)) > 0
        kept = judged.p >= self.keep
        sure = np.log(np.maximum(np.where(kept, judged.p * named.p, 1 - judged.p), 1e-300))
        self.confidence_ = np.exp(tally(data.task, sure, len(self.tasks_)) - judged.unseen)
        self.hit_rate_ = judged.hit_rate
        self.hit_rate_interval_ = _beta_interval(judged.hits)
        per_task = judged.sites / judged.looked
        self.false_alarms_ = judged.false * per_task
        self.false_alarms_interval_ = _gamma_interval(judged.false) * per_task[:, None]
        self.label_accuracy_ = named.right[:, 0] / named.right.sum(axis=1)
        self.label_accuracy_interval_ = _beta_interval(named.right)
        self.n_iter_ = judged.iterations

    def _keep_skill(self, skill: Skill) -> None:
        """Errors in the unit of the answers, for an object of the typical size."""
        self.typical_size_, self.growth_ = skill.typical, skill.growth
        self.bias_ = skill.bias * skill.typical
        self.localisation_error_ = skill.spread * skill.typical
        # A t's coordinates tell of its spread as NU / (NU + 3) as many normal ones.
        degrees = np.maximum(skill.counted * NU / (NU + 3), 1.0)
        ratio = degrees[:, None] / 2 / _gamma_interval(degrees / 2)[:, ::-1]
        self.localisation_error_interval_ = self.localisation_error_[:, None] * np.sqrt(ratio)


def _in_clusters(
    objects: Objects, cluster: Ints, trust: Floats, workers: int, i: Ints, j: Ints, alike: Floats
) -> Clusters:
    """The drawings sorted by cluster; the size of each object is for the kind to say."""
    order = np.argsort(cluster, kind="stable")
    place = np.empty(len(order), np.int64)
    place[order] = np.arange(len(order))
    arrays = {field: getattr(objects, field)[order] for field in ("answer", "task", "worker", "label", "frame")}
    sorted_objects = replace(objects, **arrays, shapes=tuple(objects.shapes[k] for k in order.tolist()))
    together = cluster[i] == cluster[j]
    none = np.zeros(0, np.int64)
    layout = Layout(
        cluster=cluster[order],
        worker=sorted_objects.worker,
        first=np.flatnonzero(np.diff(cluster[order], prepend=-1)),
        size=np.ones(len(trust)),
        trust=trust,
        bias_of=none,
        hard_of=none,
        workers=workers,
    )
    return Clusters(sorted_objects, layout, place[i[together]], place[j[together]], alike[together])


def middle(values: Floats, at: Layout) -> Floats:
    """The median (C, …) of `values` (n, …) over the drawings of each cluster; NaN counts as absent, all NaN gives NaN."""
    size = np.diff(np.append(at.first, len(values)))
    result = np.full((len(at.first), *values.shape[1:]), np.nan)
    for count in np.unique(size).tolist():
        these = np.flatnonzero(size == count)
        rows = np.sort(values[at.first[these][:, None] + np.arange(count)], axis=1)  # NaN last
        known = count - np.isnan(rows).sum(axis=1, keepdims=True)
        low = np.take_along_axis(rows, np.maximum((known - 1) // 2, 0), axis=1)
        high = np.take_along_axis(rows, np.minimum(known // 2, count - 1), axis=1)
        high = np.where(known > 0, high, np.nan)
        result[these] = ((low + high) / 2)[:, 0]
    return result


def _beta_interval(counts: Floats) -> Floats:
    a, b = counts[:, 0], counts[:, 1]
    ends = [beta_quantile(np.full(len(a), p), a, b) for p in ((1 - LEVEL) / 2, (1 + LEVEL) / 2)]
    return np.stack(ends, axis=1)


def _gamma_interval(shape: Floats) -> Floats:
    """95 % interval (n, 2) of gamma variables with `shape` and scale 1, by Wilson and Hilferty's cube (1931): right to a
    few per cent from shape 1 on, and never below 0."""
    z = NormalDist().inv_cdf((1 + LEVEL) / 2)
    root = 1 / (3 * np.sqrt(shape))
    ends = [shape * np.maximum(1 - root**2 + sign * z * root, 0) ** 3 for sign in (-1, 1)]
    return np.asarray(np.maximum(np.stack(ends, axis=1), 1e-12))
