"""What each worker's spans are worth: precision and recall per label, with intervals. Learns nothing itself."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tawsim.truth.beta import beta_quantile
from tawsim.truth.infer import ASSUMED_ACCURACY
from tawsim.truth.sequences.chain import Layout, Posterior, span_probability
from tawsim.truth.sequences.reading import Sequences, positions

Floats = NDArray[np.float64]
LEVEL = 0.95
# Imagined spans before the first one, half of them right.
IMAGINED = 1.0
# A worker's F1 is that of the crowd to as many imagined spans, and the crowd's is `ASSUMED_ACCURACY` to so many: a beta
# prior of 8 is about .15 wide, as workers of one crowd, and crowds, differ (46 workers on ner_mturk_val: .17).
ALIKE = 8.0


def span_skills(read: Sequences, layout: Layout, final: Posterior) -> tuple[Floats, Floats, Floats]:
    """Precision and recall (W, X, 3) [estimate, low, high], and F1 over all labels (W, 3).

    Right is a span whose bounds and label are all true, by expectation under the posterior, which the worker's own answer
    has helped to form: with two answers a task the estimates lean towards 1.
    """
    workers, types = len(read.answers.workers), len(read.labels)
    kind = {label: x for x, label in enumerate(read.labels)}
    rows = [
        (layout.starts[task] + start, layout.starts[task] + end, kind[span.label], worker)
        for task, worker, spans in zip(
            read.answers.task.tolist(), read.answers.worker.tolist(), read.spans, strict=True
        )
        for span, (start, end) in zip(spans, positions(read, task, spans), strict=True)
    ]
    start, end, x, worker = np.array(rows, np.int64).reshape(-1, 4).T
    right = span_probability(final, start, end, x) if len(rows) else np.zeros(0)
    cell = worker * types + x
    said = np.bincount(cell, minlength=workers * types).reshape(workers, types)
    hits = np.bincount(cell, right, workers * types).reshape(workers, types)
    true = np.zeros((len(layout.starts) - 1, types))
    np.add.at(true, layout.sequence, final.state[:, 1 : 1 + types])
    there = np.zeros((workers, types))
    np.add.at(there, read.answers.worker, true[read.answers.task])
    there = np.maximum(there, hits)
    return _rate(hits, said), _rate(hits, there), _f1(hits.sum(axis=1), (said + there).sum(axis=1) / 2)


def _f1(hits: Floats, spans: Floats) -> Floats:
    """F1 with a beta interval, (W, 3), from hits out of `spans` (W,), the mean of spans said and true. Drawn to the crowd."""
    crowd = (hits.sum() + ALIKE * ASSUMED_ACCURACY) / (spans.sum() + ALIKE)
    return _beta(hits + ALIKE * crowd, np.maximum(spans - hits, 0) + ALIKE * (1 - crowd))


def _rate(hits: NDArray[Any], total: NDArray[Any]) -> Floats:
    """hits / total with a beta interval, (W, X, 3); NaN where the total is (as good as) nothing."""
    a, b = hits + IMAGINED / 2, np.maximum(total - hits, 0) + IMAGINED / 2
    found = _beta(a, b)
    found[total < 1e-6] = np.nan
    return found


def _beta(a: Floats, b: Floats) -> Floats:
    """Mean, low and high of beta distributions, (…, 3)."""
    tail = np.full(a.shape, (1 - LEVEL) / 2)
    return np.stack([a / (a + b), beta_quantile(tail, a, b), beta_quantile(1 - tail, a, b)], axis=-1)
