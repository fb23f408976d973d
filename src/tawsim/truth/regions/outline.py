"""Closed outlines of a fixed number of points: sample, measure how far a polygon lies beyond them, move. No models."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from tawsim.truth.regions.objects import Floats, Ints, ranges
from tawsim.truth.regions.overlap import Rings

# Edges × points measured in one step; bounds the memory.
STEP = 1_000_000


def resampled(rings: Sequence[Any] | Floats, points: int) -> Floats:
    """Each closed ring at `points` places, evenly along its length from its first point: (C, points, 2)."""
    if not len(rings):
        return np.zeros((0, points, 2))
    size = np.array([len(ring) + 1 for ring in rings], np.int64)
    flat = np.concatenate([np.asarray([*ring, ring[0]], float) for ring in rings])
    first = np.cumsum(size) - size
    step = np.hypot(*np.diff(flat, axis=0, prepend=flat[:1]).T)
    step[first] = 0
    along = np.cumsum(step)
    along -= np.repeat(along[first], size)
    length = along[first + size - 1]
    # All rings on one line, two units each, so that one interpolation serves all.
    ring = np.arange(len(size))
    place = 2.0 * np.repeat(ring, size) + along / np.repeat(np.where(length > 0, length, 1), size)
    wanted = (2.0 * ring[:, None] + np.arange(points) / points).ravel()
    both = [np.interp(wanted, place, flat[:, axis]) for axis in (0, 1)]
    return np.stack(both, axis=1).reshape(len(size), points, 2)


def enclosed(outline: Floats) -> Floats:
    """Signed area of each outline (C, B, 2), (C,)."""
    following = np.roll(outline, -1, axis=1)
    cross = outline[:, :, 0] * following[:, :, 1] - following[:, :, 0] * outline[:, :, 1]
    return np.asarray(cross.sum(axis=1) / 2)


def normals(outline: Floats) -> Floats:
    """Unit vectors outwards at each point, (C, B, 2)."""
    centred = outline - outline.mean(axis=1, keepdims=True)  # far from the origin, areas cancel
    tangent = np.roll(outline, -1, axis=1) - np.roll(outline, 1, axis=1)
    outward = np.stack([tangent[:, :, 1], -tangent[:, :, 0]], axis=2) * np.sign(enclosed(centred))[:, None, None]
    length = np.linalg.norm(outward, axis=2, keepdims=True)
    return np.asarray(outward / np.where(length > 0, length, 1))


def moved(outline: Floats, step: Floats) -> Floats:
    """`outline` with each point moved outwards by `step` (C, B)."""
    return np.asarray(outline + normals(outline) * step[:, :, None])


def reach(rings: Rings, points: Floats) -> Floats:
    """How far polygon i reaches beyond each of points[i] (n, B, 2): the distance to its boundary, (n, B), above 0 where
    the point lies inside (even-odd), below where it lies outside."""
    result = np.zeros(points.shape[:2])
    at, most = 0, max(1, STEP // max(points.shape[1], 1))
    while at < len(points):
        stop = max(at + 1, int(np.searchsorted(rings.first, rings.first[at] + most, side="right")) - 1)
        rows = np.arange(at, min(stop, len(points)))
        result[rows] = _reach(rings, rows, points[rows])
        at = int(rows[-1]) + 1
    return result


def _reach(rings: Rings, rows: Ints, points: Floats) -> Floats:
    size = rings.size[rows]
    edge = ranges(rings.first[rows], size)
    first = np.cumsum(size) - size
    here = np.repeat(np.arange(len(rows)), size)
    tail, way = rings.tail[edge], rings.head[edge] - rings.tail[edge]
    x, y = points[here, :, 0] - tail[:, :1], points[here, :, 1] - tail[:, 1:]  # (E, B) from each edge's tail
    dx, dy = way[:, :1], way[:, 1:]
    length = np.where(dx**2 + dy**2 > 0, dx**2 + dy**2, 1)
    share = np.clip((x * dx + y * dy) / length, 0, 1)
    nearest = np.minimum.reduceat((x - share * dx) ** 2 + (y - share * dy) ** 2, first, axis=0)
    crosses = (y >= 0) != (y - dy >= 0)
    right_of = (x * dy - y * dx < 0) == (dy > 0)
    inside = np.add.reduceat(crosses & right_of, first, axis=0, dtype=np.int64) % 2 == 1
    return np.where(inside, 1, -1) * np.sqrt(nearest)
