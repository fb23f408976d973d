"""Named points of objects (joints, corners, a single spot) by several workers: matched by closeness, fused by point."""

from dataclasses import replace
from typing import Any, ClassVar

import numpy as np

from tawsim.truth.regions.model import Clusters, Regions, middle
from tawsim.truth.regions.objects import Floats, Ints, Objects, Read
from tawsim.truth.regions.offsets import Skill, fuse, learn
from tawsim.truth.regions.overlap import KEYPOINT_SPREAD, keypoint_closeness, pairs_of
from tawsim.truth.regions.shapes import read_keypoints

# Objects of one point have no size. Theirs is chosen so that points five times the usual distance of nearest neighbours
# apart still match (about six standard deviations of one worker): similarity .3 is at 1.55 spreads.
REACH = 5.0 / (1.55 * KEYPOINT_SPREAD)
# Neighbours looked at on either side, in the order of x, to find that distance.
NEIGHBOURS = 30


class Keypoints(Regions):
    """The objects of each image from named points by several workers, with probability and spread of each point.

    Model and steps: see `tawsim.truth.regions.model`. Similarity is the mean over the names that both drawings show of
    exp(-d² / 2 (0.2 size)²), in the manner of COCO's object keypoint similarity but with one spread for all names, as
    names are the user's; each point is fused by robust means with worker bias, worker spread and a factor for each name,
    which is learned (hips are harder than eyes). Errors along x and y are independent given the worker, so a point's
    covariance is diagonal: the squares of `sd_`.

    An answer is a list (or its JSON) of {"points": {name: [x, y] or null}, "label"?}; null and a missing name both count
    as not shown. A point is in the prediction where it is more likely shown than not: (shown + ½) / (drawn + 1).

    Cost, memory, papers, assumptions and learned values: as `Boxes`, with `names_` (P,), `shape_` and `sd_` (C, 2 P) x and
    y of each name, NaN where nobody showed it, `shown_p_` (C, P), `bias_` (W, 2), `difficulty_` (P,) of each name (mean
    of logarithms 0).

    >>> nose = lambda x, y: [{"points": {"nose": [x, y]}}]
    >>> table = [("img", w, nose(5 + d, 7)) for w, d in (("ann", 0.0), ("bob", 0.2), ("eve", 0.1))]
    >>> round(Keypoints().fit(table).predict()[0][0]["points"]["nose"][0], 2)
    5.1
    """

    read: ClassVar[Read] = staticmethod(read_keypoints)
    names_: tuple[str, ...]
    shown_p_: Floats
    difficulty_: Floats

    @staticmethod
    def _frame(shape: Any) -> tuple[float, float, float, float]:
        x, y = zip(*shape.values(), strict=True)
        return min(x), min(y), max(x), max(y)

    def _alike(self, objects: Objects) -> tuple[Ints, Ints, Floats]:
        self.names_ = tuple(sorted({name for shape in objects.shapes for name in shape}))
        points, size = self._points(objects), _sizes(objects)
        reach = (0.35 * size)[:, None] * np.array([-1, -1, 1, 1])
        i, j = pairs_of(objects.task, objects.worker, objects.frame + reach)
        return i, j, keypoint_closeness(points, size, i, j)

    def _points(self, objects: Objects) -> Floats:
        """(n, P, 2), NaN where not shown."""
        place = {name: k for k, name in enumerate(self.names_)}
        points = np.full((len(objects), len(self.names_), 2), np.nan)
        for row, shape in enumerate(objects.shapes):
            for name, point in shape.items():
                points[row, place[name]] = point
        return points

    def _fuse(self, clusters: Clusters) -> Skill:
        names = len(self.names_)
        points = self._points(clusters.objects)
        layout = replace(
            clusters.layout,
            size=middle(_sizes(clusters.objects), clusters.layout),
            bias_of=np.tile(np.arange(2), names),
            hard_of=np.repeat(np.arange(names), 2),
        )
        y = points.reshape(len(points), 2 * names)
        skill = learn(y, layout)
        self.shape_, self.sd_ = fuse(y, layout, skill)
        self.difficulty_ = skill.hard
        shown = (~np.isnan(points[:, :, 0])).astype(float)
        drawn = np.bincount(layout.cluster, minlength=len(layout.first))
        total = np.add.reduceat(shown, layout.first, axis=0) if len(shown) else np.zeros((0, names))
        self.shown_p_ = (total + 0.5) / (drawn[:, None] + 1)
        return skill

    def _region(self, c: int) -> dict[str, Any]:
        shown = self.shown_p_[c] >= min(0.5, self.shown_p_[c].max())  # an object shows its surest point at least
        points = self.shape_[c].reshape(-1, 2)
        named = zip(self.names_, points.tolist(), shown.tolist(), strict=True)
        return {"points": {name: point if there else None for name, point, there in named}}

    def _sd(self, c: int) -> dict[str, list[float]]:
        return dict(zip(self.names_, self.sd_[c].reshape(-1, 2).tolist(), strict=True))


def _sizes(objects: Objects) -> Floats:
    """Size of each drawing: the root of half of its frame's squared diagonal (the side, for a square)."""
    wide, high = objects.frame[:, 2] - objects.frame[:, 0], objects.frame[:, 3] - objects.frame[:, 1]
    size = np.sqrt((wide**2 + high**2) / 2)
    spots = size <= 0
    if spots.any():
        size[spots] = _spot_size(objects, spots)
    return np.asarray(size)


def _spot_size(objects: Objects, spots: np.ndarray[Any, np.dtype[np.bool_]]) -> float:
    """A size for objects of one point: REACH × the median distance to the nearest drawing of another worker."""
    order = np.lexsort((objects.frame[:, 0], objects.task))
    task, worker, at = objects.task[order], objects.worker[order], objects.frame[order, :2]
    nearest = np.full(len(objects), np.inf)
    for step in range(1, min(NEIGHBOURS, len(objects) - 1) + 1):
        other = (task[step:] == task[:-step]) & (worker[step:] != worker[:-step])
        distance = np.where(other, np.hypot(*(at[step:] - at[:-step]).T), np.inf)
        nearest[step:] = np.minimum(nearest[step:], distance)
        nearest[:-step] = np.minimum(nearest[:-step], distance)
    known = nearest[spots[order] & np.isfinite(nearest)]
    usual = float(np.median(known)) if len(known) else 0.0
    if usual <= 0:  # all on the very same spot, or nobody to compare with
        usual = float(known.mean()) if known.sum() > 0 else 1.0
    return REACH * usual
