"""How far workers agree on regions, whatever the truth is: the mean overlap of what any two of them drew."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from tawsim.core.errors import BadInput
from tawsim.truth.regions.boxes import Boxes
from tawsim.truth.regions.keypoints import Keypoints
from tawsim.truth.regions.matching import match
from tawsim.truth.regions.model import Regions
from tawsim.truth.regions.objects import Floats, Ints, objects_of, ranges, read_answers, tally
from tawsim.truth.regions.polygons import Polygons

KINDS: dict[str, type[Regions]] = {"boxes": Boxes, "polygons": Polygons, "keypoints": Keypoints}
REPLICATES = 1000


@dataclass(frozen=True, slots=True)
class RegionAgreement:
    """`iou` (0..1): mean over tasks of the mean over pairs of workers, with its 95 % interval `low`..`high`; `tasks` with
    two answers or more, on which alone it rests; `pairs` of answers."""

    iou: float
    low: float
    high: float
    tasks: int
    pairs: int


def region_agreement(
    table: Any, kind: str = "boxes", *, match_at: float = 0.3, replicates: int = REPLICATES, seed: int = 0
) -> RegionAgreement | None:
    """Mean pairwise agreement. None where no task has two answers. Raises `BadInput` as the models do.

    Of two answers with m and n drawings: Σ similarity of the matched drawings / (m + n - matched); 1 if both are empty.
    So an object that only one of them drew counts 0. Similarity is intersection over union (closeness for keypoints);
    drawings are matched two answers at a time, from `match_at` on, whatever their labels. Not corrected for chance: what
    overlap strangers would have by chance depends on the picture, and is near 0 for objects much smaller than it.
    Interval: percentiles over tasks drawn with replacement; same `seed`, same interval.
    """
    if kind not in KINDS:
        raise BadInput(f"The kind {kind!r} is none of {', '.join(KINDS)}.")
    model = KINDS[kind](match_at=match_at)
    answers = read_answers(table, KINDS[kind].read)
    objects = objects_of(answers, model._frame)
    i, j, alike = model._alike(objects)
    left, right = _pairs_of_answers(answers.starts())
    if not len(left):
        return None
    similar, matched = _matched(objects.answer, i, j, alike, match_at, left, right, len(answers))
    size = np.bincount(objects.answer, minlength=len(answers))
    either = size[left] + size[right] - matched
    score = np.divide(similar, either, out=np.ones(len(left)), where=either > 0)
    task = answers.task[left].astype(np.int64)
    pairs = np.bincount(task, minlength=len(answers.tasks))
    total = tally(task, score, len(answers.tasks))
    per_task = total[pairs > 0] / pairs[pairs > 0]
    random = np.random.default_rng(seed)
    drawn = [per_task[random.integers(0, len(per_task), len(per_task))].mean() for _ in range(replicates)]
    low, high = np.quantile(drawn, [0.025, 0.975])
    mean = float(per_task.mean())
    return RegionAgreement(mean, min(float(low), mean), max(float(high), mean), len(per_task), len(left))


def _pairs_of_answers(starts: Ints) -> tuple[Ints, Ints]:
    """All pairs of answers to one task."""
    ends = np.repeat(starts[1:], np.diff(starts))
    here = np.arange(int(starts[-1]))
    after = ends - here - 1
    return np.repeat(here, after), ranges(here + 1, after)


def _matched(
    answer: Ints, i: Ints, j: Ints, alike: Floats, match_at: float, left: Ints, right: Ints, answers: int
) -> tuple[Floats, Ints]:
    """Summed similarity and number of matched drawings of each pair of answers. Each pair of answers is matched by
    itself: a drawing appears once for every other answer to its task, so that all are settled in one call."""
    low, high = np.minimum(answer[i], answer[j]), np.maximum(answer[i], answer[j])
    pair = np.searchsorted(left * answers + right, low * answers + high)
    keys, node = np.unique(
        np.concatenate((pair * len(answer) + i, pair * len(answer) + j)) if len(i) else np.zeros(0, np.int64),
        return_inverse=True,
    )
    node = node.reshape(-1)
    a, b = node[: len(i)], node[len(i) :]
    drawing = keys % max(len(answer), 1)
    cluster = match(answer[drawing], np.minimum(a, b), np.maximum(a, b), alike - match_at, -match_at)
    together = cluster[a] == cluster[b]
    similar = tally(pair[together], alike[together], len(left))
    return similar, np.bincount(pair[together], minlength=len(left)).astype(np.int64)
