"""Real corners for a fused outline: those of the drawing that fits it best, each moved to where the outline says.

An outline of 64 points has none of its own: a triangle comes back as 64 points that miss its tips. The drawing nearest to
the outline gives the corners and their number. At places along its edges every drawing says how far outwards the
boundary lies, as for the outline itself; each corner moves so that both of its edges do. Where the result strays further
from the outline than the boundary is known (its standard deviation), there was no common corner, and the outline stands.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from tawsim.truth.regions.objects import Floats, Ints
from tawsim.truth.regions.outline import enclosed, reach, resampled
from tawsim.truth.regions.overlap import Rings

# Two edges that hardly turn cannot say how far a corner moves along them: then it does not.
RIDGE = 0.02
# Places on an edge at which its movement is read: a line through them gives that of its ends.
PLACES = np.array([0.1, 0.3, 0.5, 0.7, 0.9])
# A corner lies between two points of the outline, which cuts it; this share of their distance is no disagreement.
CUT = 0.1
# A step below this share of the outline's length is rounding.
SAME = 1e-12
# Largest change of area, as a share: beyond it edges have crossed.
FOLDED = 0.1


def cornered(
    shapes: Sequence[Any], outline: Floats, sd: Floats, away: Floats, cluster: Ints, steps: Callable[[Floats], Floats]
) -> tuple[Floats, Ints]:
    """Corners of all clusters end to end (n, 2), and where those of each begin (C + 1,); none where the outline stands.

    `outline` (C, B, 2) with `sd` (C, B) across it; `away` (drawings,) is how far each drawing lies from it,
    `cluster` (drawings,), sorted, which one that is; `steps` gives for points (C, B, 2) on a
    boundary how far outwards the fused one lies, (C, B).
    """
    count, points = outline.shape[:2]
    if not count:
        return np.zeros((0, 2)), np.zeros(1, np.int64)
    size = np.sqrt(np.abs(enclosed(outline - outline.mean(axis=1, keepdims=True))))
    # Rounded, so that sums in another order choose the same; among equals the fewest corners.
    share = np.round(away / np.maximum(size, 1e-300)[cluster], 6)
    many = np.array([len(shape) for shape in shapes])
    order = np.lexsort((np.arange(len(away)), many, share, cluster))
    best = order[np.searchsorted(cluster, np.arange(count))]
    drawn = [np.asarray(shapes[k], float) for k in best.tolist()]
    outwards = steps(resampled(drawn, points))
    found = [_moved(ring, step) for ring, step in zip(drawn, outwards, strict=True)]
    off = np.sqrt((reach(Rings(found), outline) ** 2).mean(axis=1))
    spacing = np.hypot(*np.diff(outline, axis=1, append=outline[:, :1]).T).mean(axis=0)
    near = off <= np.sqrt((sd**2).mean(axis=1)) + CUT * spacing
    area = np.array([abs(_area(ring)) for ring in found])
    near &= np.abs(area - size**2) <= FOLDED * size**2
    kept = [ring if ok else ring[:0] for ring, ok in zip(found, near.tolist(), strict=True)]
    return np.concatenate(kept), np.concatenate(([0], np.cumsum([len(ring) for ring in kept]))).astype(np.int64)


def _moved(ring: Floats, step: Floats) -> Floats:
    """The corners (V, 2) moved with their edges; `step` (B,) is how far outwards the boundary lies at B even places."""
    way = np.roll(ring, -1, axis=0) - ring
    length = np.hypot(way[:, 0], way[:, 1])
    total = float(length.sum())
    if np.abs(step).max() <= SAME * total:
        return ring
    turn = 1.0 if _area(ring) > 0 else -1.0
    normal = turn * np.stack([way[:, 1], -way[:, 0]], axis=1) / np.maximum(length, 1e-300)[:, None]
    place = (np.cumsum(length) - length)[:, None] + PLACES * length[:, None]
    here = np.interp(place, np.arange(len(step) + 1) * total / len(step), np.append(step, step[:1]))
    middle, tilt = here.mean(axis=1), here @ (PLACES - 0.5) / ((PLACES - 0.5) ** 2).sum()
    # Corner k ends edge k - 1 and begins edge k: n · u = step for both, by least squares.
    before = np.roll(normal, 1, axis=0)
    wanted = np.stack([np.roll(middle + tilt / 2, 1), middle - tilt / 2], axis=1)
    sides = np.stack([before, normal], axis=1)
    square = sides.transpose(0, 2, 1) @ sides + RIDGE * np.eye(2)
    move = np.linalg.solve(square, (sides.transpose(0, 2, 1) @ wanted[:, :, None]))[:, :, 0]
    return np.asarray(ring + move * (1 + RIDGE))


def _area(ring: Floats) -> float:
    """Signed area of one ring (V, 2)."""
    return float(enclosed((ring - ring.mean(axis=0))[None])[0])
