"""How far two answers are apart: the measures that several kinds share. All are 0..1 and symmetric. Knows no kind.

`told_apart` gives every distance its law: 0 if and only if the canonical answers are equal.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import wraps
from typing import Any

# What two answers are apart that differ only in what is not compared (a comment, a reason, a detail below the measure).
LEAST = 1e-6
# Up to here texts are compared letter by letter: about 20 ms for two of this length.
EXACT_TEXT = 5_000

Interval = tuple[float, float]


def told_apart(measure: Callable[[Any, Any, Any], float]) -> Callable[[Any, Any, Any], float]:
    """`measure` with the law: 0 for equal answers, else at least `LEAST` and at most 1."""

    @wraps(measure)
    def distance(question: Any, a: Any, b: Any) -> float:
        return 0.0 if a == b else min(max(measure(question, a, b), LEAST), 1.0)

    return distance


def interval_distance(a: float, b: float, low: float | None = None, high: float | None = None) -> float:
    """Krippendorff's interval metric, (a - b)², as a share of its greatest value: of (high - low)² where both are known,
    else of (|a| + |b|)², which is 1 for numbers of opposite sign."""
    widest = high - low if low is not None and high is not None else abs(a) + abs(b)
    return min(abs(a - b) / widest, 1.0) ** 2 if widest > 0 else float(a != b)


def f1_distance(a: Iterable[Any], b: Iterable[Any]) -> float:
    """1 - F1 of two collections in which repeats count; two empty ones are equal."""
    left, right = Counter(a), Counter(b)
    size = left.total() + right.total()
    return 1.0 - 2 * (left & right).total() / size if size else 0.0


def text_distance(a: str, b: str) -> float:
    """Levenshtein's distance in code points over the longer length; beyond 5,000, 1 - F1 of the words, whose order is then
    not compared."""
    if a == b:
        return 0.0
    if max(len(a), len(b)) > EXACT_TEXT:
        return f1_distance(a.split(), b.split())
    return levenshtein(a, b) / max(len(a), len(b))


def levenshtein(a: str, b: str) -> int:
    """The least number of code points to insert, remove or replace. Hyyrö's bit vectors (2003) in whole numbers of any
    length: len(b) steps of len(a) bits each."""
    if not a:
        return len(b)
    full, last = (1 << len(a)) - 1, 1 << (len(a) - 1)
    where: dict[str, int] = defaultdict(int)
    for i, c in enumerate(a):
        where[c] |= 1 << i
    up, down, distance = full, 0, len(a)
    for c in b:
        same = where.get(c, 0)
        cross = (((same & up) + up) ^ up) | same | down
        right, left = down | (full & ~(cross | up)), up & cross
        distance += bool(right & last) - bool(left & last)
        right, left = (right << 1 | 1) & full, left << 1 & full
        up, down = left | (full & ~(cross | right)), right & cross
    return distance


# ---- intervals ----------------------------------------------------------------------------------------------------
def covered(intervals: Iterable[Interval]) -> list[Interval]:
    """The union of the intervals, sorted and apart."""
    found: list[Interval] = []
    for start, end in sorted(intervals):
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], end))
        else:
            found.append((start, end))
    return found


def length(intervals: Sequence[Interval]) -> float:
    """The sum of the lengths of intervals that are apart."""
    return sum(end - start for start, end in intervals)


def common_length(a: Sequence[Interval], b: Sequence[Interval]) -> float:
    """How much two unions of intervals, each sorted and apart, have in common."""
    i = j = 0
    total = 0.0
    while i < len(a) and j < len(b):
        total += max(0.0, min(a[i][1], b[j][1]) - max(a[i][0], b[j][0]))
        if a[i][1] <= b[j][1]:
            i += 1
        else:
            j += 1
    return total


def by_label(marks: Iterable[Mapping[str, Any]]) -> dict[str, list[Interval]]:
    """What each label covers, of marks with start, end and label."""
    found: dict[str, list[Interval]] = defaultdict(list)
    for mark in marks:
        found[mark["label"]].append((mark["start"], mark["end"]))
    return {label: covered(found[label]) for label in sorted(found)}


def cover_f1_distance(a: Iterable[Mapping[str, Any]], b: Iterable[Mapping[str, Any]]) -> float:
    """1 - F1 of what is covered, label by label: of characters, of seconds."""
    left, right = by_label(a), by_label(b)
    size = sum(map(length, left.values())) + sum(map(length, right.values()))
    both = sum(common_length(left[label], right[label]) for label in left if label in right)
    return 1.0 - 2 * both / size if size else 0.0


def cover_iou_distance(a: Iterable[Mapping[str, Any]], b: Iterable[Mapping[str, Any]]) -> float:
    """1 - intersection over union of what is covered, label by label."""
    left, right = by_label(a), by_label(b)
    size = sum(map(length, left.values())) + sum(map(length, right.values()))
    both = sum(common_length(left[label], right[label]) for label in left if label in right)
    return 1.0 - both / (size - both) if size else 0.0
