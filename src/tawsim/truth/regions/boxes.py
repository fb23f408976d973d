"""Boxes drawn by several workers: matched by intersection over union, fused edge by edge."""

from dataclasses import replace
from typing import Any, ClassVar

import numpy as np

from tawsim.truth.regions.model import Clusters, Regions, middle
from tawsim.truth.regions.objects import Floats, Ints, Objects, Read
from tawsim.truth.regions.offsets import Skill, fuse, learn
from tawsim.truth.regions.overlap import box_iou, pairs_of
from tawsim.truth.regions.shapes import read_boxes

EDGES = ("left", "top", "right", "bottom")


class Boxes(Regions):
    """The objects of each image from boxes by several workers, with the probability of each and the spread of each edge.

    Model and steps: see `tawsim.truth.regions.model`. Similarity is intersection over union, less a tenth where the labels
    differ; the four edges are fused as μ_e = robust mean of (drawn edge - worker's bias), weighted by the worker's
    precision, with errors in proportion to size^γ (γ learned, 0..1) and Student-t tails.

    An answer is a list (or its JSON) of {"x", "y", "width", "height", "label"?}, x and y of the top left corner; [] says
    that there is nothing. Assumes that workers miss and invent independently, given the object, and that the (weighted)
    median worker's drawing is unbiased.

    Papers: clusters after N. Bansal, A. Blum and S. Chawla, "Correlation clustering", Machine Learning 56 (2004); hits
    and false alarms in the manner of Dawid and Skene (1979); a model of drawn boxes with worker skill: S. Branson, G. Van
    Horn and P. Perona, "Lean crowdsourcing", CVPR 2017. Where we depart from the last: false places are a Poisson field
    of their own, so that objects nobody drew and invented ones are told apart without a detector; edges have bias and
    heavy tails; no interface to a computer-vision model, which simply counts as one more worker.

    Cost: pairs of overlapping boxes, then per iteration the drawings (EM of existence: clusters × workers of the task);
    memory about 1 kB a drawing.

    Learned, for C clusters of drawings in order of task and position: `task_` (C,) position in `tasks_` (T,), `p_` (C,),
    `label_` (C,) position in `labels_` or -1, `label_p_` (C,), `drawn_` (C,) workers, `shape_` and `sd_` (C, 4) left, top,
    right, bottom. For each task: `confidence_` (T,) that exactly the predicted objects are there with the right labels,
    `ties_` (T,). For each of `workers_` (W,), with 95 % intervals (W, 2) in `…_interval_`: `hit_rate_`, `false_alarms_` a
    task, `label_accuracy_`, `localisation_error_` (t spread, unit of the answers, at `typical_size_`); `bias_` (W, 4).
    `growth_` is γ; `repeated_` answers that a later one replaced.

    >>> box = {"x": 10, "y": 10, "width": 20, "height": 30, "label": "cat"}
    >>> table = [("img", "ann", [box]), ("img", "bob", [{**box, "x": 12}]), ("img", "eve", [{**box, "x": 11}])]
    >>> model = Boxes().fit(table)
    >>> [(round(b["x"], 1), b["label"]) for b in model.predict()[0]], bool(model.p_[0] > 0.9)
    ([(11.0, 'cat')], True)
    """

    read: ClassVar[Read] = staticmethod(read_boxes)

    @staticmethod
    def _frame(shape: Any) -> tuple[float, float, float, float]:
        x, y, width, height = shape
        return x, y, x + width, y + height

    def _alike(self, objects: Objects) -> tuple[Ints, Ints, Floats]:
        i, j = pairs_of(objects.task, objects.worker, objects.frame)
        return i, j, box_iou(objects.frame[i], objects.frame[j])

    def _fuse(self, clusters: Clusters) -> Skill:
        frame = clusters.objects.frame
        area = (frame[:, 2] - frame[:, 0]) * (frame[:, 3] - frame[:, 1])
        size = np.sqrt(middle(area, clusters.layout))
        layout = replace(clusters.layout, size=size, bias_of=np.arange(4), hard_of=np.zeros(4, np.int64))
        skill = learn(frame, layout)
        edges, self.sd_ = fuse(frame, layout, skill)
        # Far apart drawings of a tiny object may turn its fused edges over; then the middle drawing has its way.
        turned = (edges[:, 2:] <= edges[:, :2]).any(axis=1)
        edges[turned] = middle(frame, clusters.layout)[turned]
        self.shape_ = edges
        return skill

    def _region(self, c: int) -> dict[str, Any]:
        left, top, right, bottom = self.shape_[c].tolist()
        return {"x": left, "y": top, "width": right - left, "height": bottom - top}

    def _sd(self, c: int) -> dict[str, float]:
        return dict(zip(EDGES, self.sd_[c].tolist(), strict=True))
