"""How much two drawings have in common: boxes, polygons, points. What the distances of regions share. Knows no question."""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise
from typing import Any

Box = tuple[float, float, float, float]
Point = tuple[float, float]
# Label, shape, and the frame around it.
Drawing = tuple[str, Any, Box]
# Lines on which the overlap of two polygons is measured: an area that is smooth is then right to about a hundredth.
LINES = 100


def frame(points: Iterable[Sequence[float]]) -> Box:
    """left, top, right, bottom of what lies around the points."""
    x, y = zip(*points, strict=True)
    return min(x), min(y), max(x), max(y)


def frame_iou(a: Box, b: Box) -> float:
    """Intersection over union of two frames (left, top, right, bottom); 0 where they do not meet."""
    wide, high = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    if wide <= 0 or high <= 0:
        return 0.0
    both = wide * high
    return both / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - both)


def polygon_iou(a: Sequence[Point], b: Sequence[Point]) -> float:
    """Intersection over union of two polygons by the even-odd rule, measured on 100 horizontal lines that are spread evenly
    over the height of both. Not exact: polygons that differ by less than the lines see have 1."""
    _, top, _, bottom = frame([*a, *b])
    step = (bottom - top) / LINES
    heights = [top + (line + 0.5) * step for line in range(LINES)]
    left, right = _crossings(a, heights), _crossings(b, heights)
    both = size = 0.0
    for one, other in zip(left, right, strict=True):
        size += _inside(one) + _inside(other)
        both += _common(one, other)
    return both / (size - both) if size > both else 1.0


def _crossings(polygon: Sequence[Point], heights: Sequence[float]) -> list[list[float]]:
    """Where the outline crosses each of the sorted heights, sorted; an even number of places."""
    found: list[list[float]] = [[] for _ in heights]
    for (x1, y1), (x2, y2) in pairwise([*polygon, polygon[0]]):
        low, high = min(y1, y2), max(y1, y2)
        for line in range(bisect_left(heights, low), bisect_left(heights, high)):
            found[line].append(x1 + (x2 - x1) * (heights[line] - y1) / (y2 - y1))
    for places in found:
        places.sort()
    return found


def _inside(places: Sequence[float]) -> float:
    return sum(end - start for start, end in zip(places[::2], places[1::2], strict=True))


def _common(a: Sequence[float], b: Sequence[float]) -> float:
    total, i, j = 0.0, 0, 0
    while i < len(a) and j < len(b):
        total += max(0.0, min(a[i + 1], b[j + 1]) - max(a[i], b[j]))
        if a[i + 1] <= b[j + 1]:
            i += 2
        else:
            j += 2
    return total


def matched(
    a: Sequence[Drawing], b: Sequence[Drawing], alike: Callable[[Drawing, Drawing], float]
) -> list[tuple[int, int, float]]:
    """Pairs of two answers' drawings, each taken at most once and of one label only, the most alike first: places in `a` and
    `b`, and how alike they are (0..1; 0 is no pair).

    Frames that do not meet are not compared. Among pairs that are equally alike the shapes decide, so that the two
    answers may change places.
    """
    pairs: list[tuple[float, Any, int, int]] = []
    order = sorted(range(len(b)), key=lambda j: b[j][2][0])
    starts = [b[j][2][0] for j in order]
    for i, one in enumerate(a):
        x1, y1, x2, y2 = one[2]
        for j in order[: bisect_right(starts, x2)]:
            other = b[j]
            if one[0] == other[0] and other[2][2] >= x1 and other[2][3] >= y1 and other[2][1] <= y2:
                likeness = alike(one, other)
                if likeness > 0:
                    pairs.append((-likeness, sorted((one[1], other[1])), i, j))
    pairs.sort(key=lambda pair: pair[:2])
    left, right = set(range(len(a))), set(range(len(b)))
    found = []
    for likeness, _, i, j in pairs:
        if i in left and j in right:
            left.remove(i)
            right.remove(j)
            found.append((i, j, -likeness))
    return found
