"""Polygons drawn by several workers: matched by intersection over union, fused along the outline."""

from dataclasses import replace
from typing import Any, ClassVar

import numpy as np

from tawsim.truth.regions.corners import cornered
from tawsim.truth.regions.model import Clusters, Regions, middle
from tawsim.truth.regions.objects import Floats, Ints, Objects, Read
from tawsim.truth.regions.offsets import Skill, fuse, learn
from tawsim.truth.regions.outline import enclosed, moved, reach, resampled
from tawsim.truth.regions.overlap import Rings, box_iou, pairs_of, polygon_iou
from tawsim.truth.regions.shapes import read_polygons

# Points of a fused outline. Cutting corners between 64 points costs a square .002 of its area.
POINTS = 64
# Every fourth point teaches the workers' skill, and four points in an outline count as independent, as a box's edges do.
STRIDE = 4
INDEPENDENT = 4 * STRIDE / POINTS
# Rounds of moving the outline to the middle drawing before the weighted one.
ROUNDS = 2
# Polygons whose frames overlap less than this cannot reach the threshold of a match in earnest.
LEAST_FRAME_IOU = 0.1


class Polygons(Regions):
    """The objects of each image from polygons by several workers, with the probability of each and of its boundary.

    Model and steps: see `tawsim.truth.regions.model`. Similarity is intersection over union by the even-odd rule, on a
    raster of 32 × 32 over the common part of the two frames (right to about 1 %). Fusion knows no vertices: it starts from
    the drawing most like the others, sampled at 64 points; each drawing says at each point how far outwards its own
    boundary lies (its signed distance); the points move there by the robust mean of those, as the edges of boxes do. The
    fixed point is the zero line of the weighted mean of the signed distances, so concave shapes are no harder than others.

    An answer is a list (or its JSON) of {"points": [[x, y], …], "label"?}. A polygon that crosses itself is read by the
    even-odd rule; where such a one is most like the others it is given back as it stands, only its spread learned. Holes
    are not spoken of. Where the drawings agree on corners, `predict` gives those back (see corners.py); elsewhere the
    outline, with sharp corners cut by up to half the distance of two points.

    Cost, memory, papers, assumptions and learned values: as `Boxes`, with `shape_` (C, 64, 2) the outline, `corners_` (n, 2) from
    `corner_starts_[c]` on those of each object, none where the outline stands, `sd_` (C, 64) of
    the boundary at each point, across it, and `bias_` (W, 1) how far outside (above 0) each worker draws. `interval` gives
    two outlines, the inner and the outer one.

    >>> square = [{"points": [[0, 0], [8, 0], [8, 8], [0, 8]], "label": "tile"}]
    >>> model = Polygons().fit([("img", w, square) for w in ("ann", "bob", "eve")])
    >>> model.predict()[0][0]["label"], bool(model.shape_[0].max() <= 8.01)
    ('tile', True)
    """

    corners_: Floats = np.zeros((0, 2))  # files of older programs have none
    corner_starts_: Ints = np.zeros(1, np.int64)
    read: ClassVar[Read] = staticmethod(read_polygons)

    @staticmethod
    def _frame(shape: Any) -> tuple[float, float, float, float]:
        x, y = zip(*shape, strict=True)
        return min(x), min(y), max(x), max(y)

    def _alike(self, objects: Objects) -> tuple[Ints, Ints, Floats]:
        i, j = pairs_of(objects.task, objects.worker, objects.frame)
        near = box_iou(objects.frame[i], objects.frame[j]) > LEAST_FRAME_IOU
        i, j = i[near], j[near]
        return i, j, polygon_iou(Rings(objects.shapes), objects.frame, i, j)

    def _fuse(self, clusters: Clusters) -> Skill:
        objects, layout = clusters.objects, clusters.layout
        rings = Rings(objects.shapes)
        area = rings.raster_areas(objects.frame)
        chosen = _most_alike(clusters)
        outline = resampled([objects.shapes[k] for k in chosen.tolist()], POINTS)
        simple = np.abs(np.abs(enclosed(outline)) - area[chosen]) <= 0.1 * area[chosen]
        for _ in range(ROUNDS):
            step = middle(reach(rings, outline[layout.cluster]), layout)
            outline = resampled(moved(outline, np.where(simple[:, None], step, 0)), POINTS)
        distance = reach(rings, outline[layout.cluster])
        layout = replace(
            layout,
            size=np.sqrt(np.maximum(middle(area, layout), 1e-300)),
            bias_of=np.zeros(POINTS // STRIDE, np.int64),
            hard_of=np.zeros(POINTS // STRIDE, np.int64),
            independent=INDEPENDENT,
        )
        skill = learn(distance[:, ::STRIDE], layout)
        everywhere = np.zeros(POINTS, np.int64)
        whole = replace(layout, bias_of=everywhere, hard_of=everywhere)
        step, self.sd_ = fuse(distance, whole, skill)
        self.shape_ = moved(outline, np.where(simple[:, None], step, 0))

        def outwards(points: Floats) -> Floats:
            step, _ = fuse(reach(rings, points[layout.cluster]), whole, skill)
            return np.where(simple[:, None], step, 0)

        away = np.abs(distance - np.where(simple[:, None], step, 0)[layout.cluster]).mean(axis=1)
        found = cornered(objects.shapes, self.shape_, self.sd_, away, layout.cluster, outwards)
        self.corners_, self.corner_starts_ = found
        return skill

    def interval(self, level: float = 0.95) -> tuple[Floats, Floats]:
        """Outlines (C, 64, 2) between which each point of the boundary lies with probability `level`: inner and outer."""
        low, high = super().interval(level)
        return moved(self.shape_, low), moved(self.shape_, high)

    def _centre(self) -> Floats:
        return np.zeros_like(self.sd_)  # across the boundary, from the outline

    def _region(self, c: int) -> dict[str, Any]:
        corners = self._corners(c)
        return {"points": (corners if len(corners) else self.shape_[c]).tolist()}

    def _corners(self, c: int) -> Floats:
        """The corners of cluster c (V, 2), none where the outline is given back."""
        ends = self.corner_starts_[c : c + 2].tolist()
        return self.corners_[slice(*ends)] if len(ends) == 2 else self.corners_[:0]

    def _sd(self, c: int) -> list[float]:
        corners, values = self._corners(c), self.sd_[c]
        if len(corners):  # of the nearest point of the outline
            away = ((corners[:, None] - self.shape_[c]) ** 2).sum(axis=2)
            values = values[away.argmin(axis=1)]
        found: list[float] = values.tolist()
        return found


def _most_alike(clusters: Clusters) -> Ints:
    """The drawing of each cluster with the greatest summed similarity to the others, the first among equals, (C,)."""
    count = len(clusters.objects)
    total = np.bincount(clusters.i, clusters.alike, count) + np.bincount(clusters.j, clusters.alike, count)
    # Rounded, so that sums in another order choose the same.
    order = np.lexsort((np.arange(count), -np.round(total, 9), clusters.layout.cluster))
    return np.asarray(order[clusters.layout.first])
