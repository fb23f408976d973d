"""How alike two objects are, 0..1: intersection over union of boxes and polygons, closeness of keypoints. No clusters."""

import numpy as np
from numpy.typing import NDArray

from tawsim.core.errors import TooLarge
from tawsim.truth.regions.objects import Floats, Ints, ranges

# Pairs looked at in one step; bounds the memory (a few hundred bytes a pair).
STEP = 1_000_000
# Overlapping pairs of one task; beyond, thousands of drawings lie on top of one another, and no matching means anything.
MAX_PAIRS = 100_000
# Lines a polygon is cut into for areas. With 32 the area is right to about 1 %, far finer than people draw.
LINES = 32
# Keypoints this share of the object's size apart are alike to exp(-1/2): twice the spread of people's hips and
# shoulders in COCO (its object keypoint similarity uses 0.05 to 0.21 of the root of the area, by name).
KEYPOINT_SPREAD = 0.2


def pairs_of(task: Ints, worker: Ints, frame: Floats) -> tuple[Ints, Ints]:
    """Pairs (i, j) of one task and two workers whose frames overlap, each once. By a sweep along x within each task.
    Raises `TooLarge` for a task with more than MAX_PAIRS."""
    if not len(task):
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    order = np.lexsort((frame[:, 0], task))
    task, worker, frame = task[order], worker[order], frame[order]
    first = np.flatnonzero(np.concatenate(([True], task[1:] != task[:-1])))
    size = np.diff(np.concatenate((first, [len(task)])))
    low = np.repeat(frame[first, 0], size)
    wide = np.repeat(np.maximum.reduceat(frame[:, 2], first), size) - low
    wide = np.where(wide > 0, wide, 1.0)
    dense = np.repeat(np.arange(len(first)), size).astype(float)
    # Every task has a stretch of half a unit on one line, so one search serves all; the margin covers the rounding.
    begin, end = dense + (frame[:, 0] - low) / wide / 2, dense + (frame[:, 2] - low) / wide / 2 + 1e-9
    here = np.arange(len(task))
    follow = np.maximum(np.searchsorted(begin, end, side="right") - here - 1, 0)
    found: list[tuple[Ints, Ints]] = []
    pairs = np.zeros(len(first), np.int64)
    total = np.cumsum(follow)
    at = 0
    while at < len(task):
        stop = max(at + 1, int(np.searchsorted(total, (total[at - 1] if at else 0) + STEP, side="right")))
        i = np.repeat(here[at:stop], follow[at:stop])
        j = ranges(here[at:stop] + 1, follow[at:stop])
        keep = (task[i] == task[j]) & (worker[i] != worker[j]) & (frame[j, 0] <= frame[i, 2])
        keep &= (frame[i, 1] <= frame[j, 3]) & (frame[j, 1] <= frame[i, 3])
        found.append((order[i[keep]], order[j[keep]]))
        pairs += np.bincount(dense[i[keep]].astype(np.int64), minlength=len(first))
        if pairs.max() > MAX_PAIRS:
            raise TooLarge(f"A task has more than {MAX_PAIRS} pairs of overlapping drawings.", "Split its picture.")
        at = stop
    i, j = (np.concatenate(side) for side in zip(*found, strict=True))
    return np.minimum(i, j), np.maximum(i, j)


def box_iou(a: Floats, b: Floats) -> Floats:
    """Intersection over union of boxes given by their edges (n, 4), pair by pair; areas above 0."""
    wide = np.minimum(a[:, 2], b[:, 2]) - np.maximum(a[:, 0], b[:, 0])
    high = np.minimum(a[:, 3], b[:, 3]) - np.maximum(a[:, 1], b[:, 1])
    both = np.maximum(wide, 0) * np.maximum(high, 0)
    area = [(box[:, 2] - box[:, 0]) * (box[:, 3] - box[:, 1]) for box in (a, b)]
    return np.asarray(both / (area[0] + area[1] - both))


class Rings:
    """Many polygons as flat edges: `first` (n + 1,), and each edge from `tail` (E, 2) to `head` (E, 2)."""

    def __init__(self, polygons: tuple[tuple[tuple[float, float], ...], ...] | list[Floats]) -> None:
        self.size = np.array([len(points) for points in polygons], np.int64)
        self.first = np.concatenate(([0], np.cumsum(self.size)))
        self.tail = np.concatenate([np.asarray(p, float) for p in polygons]) if len(polygons) else np.zeros((0, 2))
        following = np.arange(len(self.tail)) + 1
        following[self.first[1:] - 1] = self.first[:-1]
        self.head = self.tail[following]

    def inside(self, polygon: Ints, frame: Floats) -> NDArray[np.bool_]:
        """Which centres of a LINES × LINES raster over `frame` (m, 4) lie in `polygon` (m,): (m, LINES, LINES) [y, x].

        Even-odd: along each line of the raster every crossed edge toggles what lies to its right.
        """
        size = self.size[polygon]
        edge, of = ranges(self.first[polygon], size), np.repeat(np.arange(len(polygon)), size)
        cell = (frame[:, 2:] - frame[:, :2]) / LINES
        y = frame[of, 1, None] + (np.arange(LINES) + 0.5) * cell[of, 1, None]
        tail, head = self.tail[edge], self.head[edge]
        crossed, line = np.nonzero((tail[:, 1, None] <= y) != (head[:, 1, None] <= y))
        tail, head, of = tail[crossed], head[crossed], of[crossed]
        x = tail[:, 0] + (y[crossed, line] - tail[:, 1]) / (head[:, 1] - tail[:, 1]) * (head[:, 0] - tail[:, 0])
        column = np.ceil((x - frame[of, 0]) / cell[of, 0] - 0.5).clip(0, LINES).astype(np.int64)
        place = (of * LINES + line) * (LINES + 1) + column
        toggles = np.bincount(place, minlength=len(polygon) * LINES * (LINES + 1))
        toggles = toggles.reshape(-1, LINES, LINES + 1)[:, :, :LINES]
        return np.asarray(np.cumsum(toggles, axis=2, dtype=np.int32) % 2 == 1)

    def raster_areas(self, frame: Floats) -> Floats:
        """Area of each polygon (n,) by the raster over its frame, right to 1 or 2 %, also of those that cross themselves."""
        share = [self.inside(part, frame[part]).mean(axis=(1, 2)) for part in _steps(np.arange(len(self.size)), 2000)]
        boxes = (frame[:, 2] - frame[:, 0]) * (frame[:, 3] - frame[:, 1])
        return np.asarray(np.concatenate(share) * boxes) if share else np.zeros(0)


def polygon_iou(rings: Rings, frame: Floats, i: Ints, j: Ints) -> Floats:
    """Intersection over union of polygons i and j, pair by pair; the intersection on a raster over both frames' common
    part, so that its error is a share of the intersection, not of the picture; a polygon with itself gives exactly 1."""
    area = np.maximum(rings.raster_areas(frame), 1e-300)
    result = np.zeros(len(i))
    for part in _steps(np.arange(len(i)), 2000):
        a, b = i[part], j[part]
        common = np.concatenate(
            (np.maximum(frame[a, :2], frame[b, :2]), np.minimum(frame[a, 2:], frame[b, 2:])), axis=1
        )
        common[:, 2:] = np.maximum(common[:, 2:], common[:, :2])
        size = (common[:, 2] - common[:, 0]) * (common[:, 3] - common[:, 1])
        some = np.flatnonzero(size > 0)
        shared = (rings.inside(a[some], common[some]) & rings.inside(b[some], common[some])).mean(axis=(1, 2))
        both = np.zeros(len(part))
        both[some] = np.minimum(shared * size[some], np.minimum(area[a[some]], area[b[some]]))
        result[part] = both / (area[a] + area[b] - both)
    return result


def keypoint_closeness(points: Floats, size: Floats, i: Ints, j: Ints) -> Floats:
    """Mean over the names that both show of exp(-d² / 2 (KEYPOINT_SPREAD · size)²), pair by pair; 0 if they share none.

    `points` (n, P, 2) with NaN where not shown; `size` (n,) of each object, the mean of the two counts.
    """
    result = np.zeros(len(i))
    for part in _steps(np.arange(len(i)), 100_000):
        a, b = i[part], j[part]
        squared = ((points[a] - points[b]) ** 2).sum(axis=2)
        spread = KEYPOINT_SPREAD * (size[a] + size[b]) / 2
        shown = ~np.isnan(squared)
        alike = np.where(shown, np.exp(-np.where(shown, squared, 0) / (2 * spread[:, None] ** 2)), 0)
        result[part] = alike.sum(axis=1) / np.maximum(shown.sum(axis=1), 1)
    return result


def _steps(values: Ints, size: int) -> list[Ints]:
    return [values[at : at + size] for at in range(0, len(values), size)]
