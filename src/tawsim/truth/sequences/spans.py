"""`SpanTruth`: the model for spans that fits the answers. Chooses, and holds no mathematics."""

from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from tawsim.core.errors import BadInput
from tawsim.truth.sequences.overlapping import OverlapTruth
from tawsim.truth.sequences.reading import overlapping, read_spans
from tawsim.truth.sequences.tagger import SequenceTruth
from tawsim.truth.state import Restorable

Floats = NDArray[np.float64]


class SpanTruth(Restorable):
    """The default for spans: `SequenceTruth` where no answer holds spans that overlap, else `OverlapTruth`.

    `model_` is the model taken; what it learned is read there. Learned here: `tasks_`, `workers_`, `labels_`, `spans_`,
    `span_probability_`, `confidence_`, `expected_f1_` as both have them.

    >>> SpanTruth().fit([("t", w, [(0, 3, "PER")]) for w in "abc"]).predict()[0][0]["label"]
    'PER'
    """

    model_: SequenceTruth | OverlapTruth
    tasks_: tuple[Any, ...]
    workers_: tuple[Any, ...]
    labels_: tuple[str, ...]
    spans_: list[list[tuple[int, int, str]]]
    span_probability_: list[list[float]]
    confidence_: Floats
    expected_f1_: float

    def __init__(self, *, strict: bool = False) -> None:
        self.strict = strict

    def fit(self, answers: Any) -> Self:
        """Learn from `answers` (task, worker, label): tags or spans. Raises `BadInput` as the models do."""
        read = read_spans(answers, strict=self.strict)
        self.model_ = (OverlapTruth() if overlapping(read) else SequenceTruth()).fit(read)
        for each in ("tasks_", "workers_", "labels_", "spans_", "span_probability_", "confidence_", "expected_f1_"):
            setattr(self, each, getattr(self.model_, each))
        return self

    def predict(self) -> list[Any]:
        """As the model taken."""
        if not hasattr(self, "model_"):
            raise BadInput("This SpanTruth has not seen any answers.", "Call fit(answers) first.")
        return self.model_.predict()

    def predict_spans(self) -> list[list[dict[str, Any]]]:
        """A task: its spans, {start, end, label, p}."""
        self.predict()
        return self.model_.predict_spans()
