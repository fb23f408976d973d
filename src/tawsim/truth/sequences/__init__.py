"""Tags and spans: `SequenceTruth` for those that do not overlap, `OverlapTruth` for those that may, `SpanTruth` for either."""

from tawsim.truth.sequences.overlapping import OverlapTruth
from tawsim.truth.sequences.spans import SpanTruth
from tawsim.truth.sequences.tagger import SequenceTruth
from tawsim.truth.sequences.tags import Span, spans_of_tags, tags_of_spans

__all__ = ["OverlapTruth", "SequenceTruth", "Span", "SpanTruth", "spans_of_tags", "tags_of_spans"]
