"""Gold for answers that are more than a label: how right spans, regions and rankings are. Measures only; nothing is fitted.

`judge` gives measures by name, each with its 95 % interval over tasks.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from tawsim.core.errors import BadInput
from tawsim.truth.outcomes import as_set_text, as_text
from tawsim.truth.report.measures import Measure, bootstrap, wilson

REGIONS = ("boxes", "polygons", "keypoints")


def judge(kind: str, said: Sequence[Any], gold: Sequence[Any], rows: Sequence[int]) -> dict[str, Measure]:
    """Measures of the answers `said` (n) against `gold` (n), which stands in the `rows` of its table.

    Spans and tags: precision, recall and F1 of whole spans with their labels. Regions: mean overlap, an object that only
    one side has counting 0. Text: words that are wrong, as a share of those of gold. All others, and text as well: the
    share that is exactly the same. Raises `BadInput` with the row of gold that cannot be read.
    """
    if kind in ("spans", "tags"):
        return _spans(said, gold, rows)
    if kind in REGIONS:
        return _regions(kind, said, gold, rows)
    if kind == "text":
        return _texts(said, gold)
    text = as_set_text if kind == "choices" else as_text
    same = sum(text(one) == text(true) for one, true in zip(said, gold, strict=True))
    return {"same": wilson(float(same), len(gold))}


def _spans(said: Sequence[Any], gold: Sequence[Any], rows: Sequence[int]) -> dict[str, Measure]:
    from tawsim.truth.sequences.tags import read_answer, spans_of_tags

    def spans(cell: Any) -> set[Any]:
        found = read_answer(cell)
        return set(spans_of_tags(found)) if isinstance(found, tuple) else set(found)

    counts = np.zeros((len(gold), 3))
    for i, (one, true) in enumerate(zip(said, gold, strict=True)):
        try:
            known = spans(true)
        except BadInput as error:
            raise _of_gold(error, rows[i]) from None
        found = spans(one)
        counts[i] = len(found & known), len(found), len(known)
    hits, mine, real = counts.T

    def share(total: Any) -> Any:
        return lambda weight: float(weight @ hits) / max(float(weight @ total), 1e-12)

    def f1(weight: Any) -> float:
        return 2 * float(weight @ hits) / max(float(weight @ (mine + real)), 1e-12)

    return dict(
        zip(("span_f1", "precision", "recall"), bootstrap([f1, share(mine), share(real)], len(gold)), strict=True)
    )


def _regions(kind: str, said: Sequence[Any], gold: Sequence[Any], rows: Sequence[int]) -> dict[str, Measure]:
    from tawsim.truth.regions.agreement import region_agreement

    table = [(i, "gold", one) for i, one in enumerate(gold)] + [(i, "said", one) for i, one in enumerate(said)]
    try:
        found = region_agreement(table, kind)
    except BadInput as error:
        row = error.details.get("row")
        raise _of_gold(error, rows[row - 1]) if row is not None and row <= len(gold) else error from None
    return {} if found is None else {"iou": Measure(found.iou, found.low, found.high)}


def _texts(said: Sequence[Any], gold: Sequence[Any]) -> dict[str, Measure]:
    from tawsim.truth.text.distance import distances
    from tawsim.truth.text.tokens import words

    place: dict[str, int] = {}
    texts = [[place.setdefault(word.key, len(place)) for word in words(str(one))] for one in (*said, *gold)]
    wrong = distances(texts, np.arange(len(gold)), np.arange(len(gold), 2 * len(gold))).astype(float)
    real = np.array([len(one) for one in texts[len(gold) :]], float)
    same = wilson(float((wrong == 0).sum()), len(gold))
    rate = bootstrap([lambda weight: float(weight @ wrong) / max(float(weight @ real), 1e-12)], len(gold))[0]
    return {"wer": rate, "same": same}


def _of_gold(error: BadInput, row: int) -> BadInput:
    """The same error with the row of gold."""
    message = error.message.split(": ", 1)[-1] if error.message.startswith("Row ") else error.message
    return BadInput(f"Gold, row {row}: {message}", error.hint, row=row, column="label")
