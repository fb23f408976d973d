"""Edit distance and alignment of many pairs of word sequences at once, in NumPy. Words are whole numbers; nothing else.

Distances: the bit-parallel automaton of G. Myers (JACM 46, 1999) in H. Hyyrö's form, one 64-bit word a pair, all pairs in
step, so that a pair costs about 20 operations a word of the longer text whatever the length of the shorter (up to 64).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Words = Sequence[Sequence[int]]
# Pairs in one step; keeps the tables of a step within the processor's cache.
PAIRS = 4096
# Cells of the table of an alignment held at once, in 2 bytes each.
CELLS = 20_000_000
BITS = 64
ONE, ALL = np.uint64(1), np.uint64(2**64 - 1)


def distances(texts: Words, first: Ints, second: Ints) -> Ints:
    """Word edit distance of each pair (texts[first[i]], texts[second[i]]), (M,)."""
    length = np.array([len(text) for text in texts], np.int64)
    swap = length[first] > length[second]
    short, long = np.where(swap, second, first), np.where(swap, first, second)
    result = np.zeros(len(first), np.int64)
    order = np.lexsort((length[short], length[long]))
    small = order[length[short[order]] <= BITS]
    for at in range(0, len(small), PAIRS):
        rows = small[at : at + PAIRS]
        pattern, text = _padded(texts, short[rows], -1), _padded(texts, long[rows], -2)
        result[rows] = _myers(pattern, length[short[rows]], text, length[long[rows]])
    large = order[length[short[order]] > BITS]
    for block in _blocks(length[short[large]], length[long[large]]):
        rows = large[block]
        pattern, text = _padded(texts, short[rows], -1), _padded(texts, long[rows], -2)
        table = _table(pattern, text)
        result[rows] = table[length[short[rows]], np.arange(len(rows)), length[long[rows]]]
    return result


def _myers(pattern: Ints, rows: Ints, text: Ints, columns: Ints) -> Ints:
    """Distances of patterns (P, ≤ 64) of `rows` words from texts (P, n) of `columns` words."""
    bit = ONE << np.arange(pattern.shape[1], dtype=np.uint64)
    down = np.where(rows >= BITS, ALL, (ONE << (rows % BITS).astype(np.uint64)) - ONE)
    up = np.zeros(len(rows), np.uint64)
    last = np.where(rows > 0, ONE << np.maximum(rows - 1, 0).astype(np.uint64), np.uint64(0))
    score = rows.copy()
    for j in range(text.shape[1]):
        live = j < columns
        equal = np.where(pattern == text[:, j : j + 1], bit, np.uint64(0)).sum(axis=1, dtype=np.uint64)
        some = equal | up
        diagonal = (((some & down) + down) ^ down) | some
        right, left = up | ~(diagonal | down), down & diagonal
        score += live * (((right & last) != 0).astype(np.int64) - ((left & last) != 0))
        right = (right << ONE) | ONE
        down = np.where(live, (left << ONE) | ~(diagonal | right), down)
        up = np.where(live, right & diagonal, up)
    return np.where(rows > 0, score, columns)


@dataclass(frozen=True, slots=True, eq=False)
class Alignment:
    """How P texts align with their centres, best by edit distance. `aligned` (P, n): the place in the text of the word
    that stands for the centre's i-th, -1 where none does; `inserted` (P, m): for the text's j-th word, the place of the
    centre before which it is inserted, -1 where it stands for a word; `distance` (P,)."""

    aligned: Ints
    inserted: Ints
    distance: Ints


def align(centres: Words, texts: Words) -> list[tuple[slice, Alignment]]:
    """Alignments of texts[i] with centres[i], in blocks of pairs that fit in memory."""
    rows = np.array([len(one) for one in centres], np.int64)
    columns = np.array([len(one) for one in texts], np.int64)
    found, every = [], np.arange(len(rows))
    for block in _blocks(rows, columns):
        pattern, text = _padded(centres, every[block], -1), _padded(texts, every[block], -2)
        found.append((block, _trace(_table(pattern, text), pattern, text, rows[block], columns[block])))
    return found


def _blocks(rows: Ints, columns: Ints) -> list[slice]:
    """Runs of pairs whose tables together have at most CELLS cells (or one pair)."""
    blocks, start, widest = [], 0, 0
    for i, cells in enumerate(((np.maximum(rows, columns) + 1) ** 2).tolist()):
        widest = max(widest, cells)
        if i > start and widest * (i - start + 1) > CELLS:
            blocks.append(slice(start, i))
            start, widest = i, cells
    if start < len(rows):
        blocks.append(slice(start, len(rows)))
    return blocks


def _padded(texts: Words, which: Ints, fill: int) -> Ints:
    chosen = [texts[i] for i in which.tolist()]
    table = np.full((len(chosen), max(map(len, chosen), default=0)), fill, np.int64)
    for row, text in zip(table, chosen, strict=True):
        row[: len(text)] = text
    return table


def _table(pattern: Ints, text: Ints) -> NDArray[np.int32]:
    """Distances of all beginnings, (n + 1, P, m + 1). A row depends on itself only from left to right by steps of 1,
    which a running minimum of the values less their column takes in one operation."""
    rows, columns = pattern.shape[1], text.shape[1]
    column = np.arange(columns + 1, dtype=np.int32)
    table = np.empty((rows + 1, len(pattern), columns + 1), np.int32)
    table[0] = column
    for i in range(1, rows + 1):
        here = table[i]
        here[:, 0] = i
        np.minimum(table[i - 1, :, :-1] + (text != pattern[:, i - 1 : i]), table[i - 1, :, 1:] + 1, out=here[:, 1:])
        np.minimum.accumulate(here - column, axis=1, out=here)
        here += column
    return table


def _trace(table: NDArray[np.int32], pattern: Ints, text: Ints, rows: Ints, columns: Ints) -> Alignment:
    """The path back through each table: words side by side before left out before put in."""
    pairs, every = len(rows), np.arange(len(rows))
    aligned = np.full((pairs, pattern.shape[1]), -1, np.int64)
    inserted = np.full((pairs, text.shape[1]), -1, np.int64)
    distance = table[rows, every, columns].astype(np.int64)
    i, j = rows.copy(), columns.copy()
    while True:
        live = np.flatnonzero((i > 0) | (j > 0))
        if not len(live):
            return Alignment(aligned, inserted, distance)
        a, b = i[live], j[live]
        here = table[a, live, b]
        side = (a > 0) & (b > 0)
        at = np.flatnonzero(side)
        row, up, left = live[at], a[at] - 1, b[at] - 1
        side[at] = table[up, row, left] + (pattern[row, up] != text[row, left]) == here[at]
        out = ~side & (a > 0)
        at = np.flatnonzero(out)
        out[at] = table[a[at] - 1, live[at], b[at]] + 1 == here[at]
        put = ~side & ~out
        aligned[live[side], a[side] - 1] = b[side] - 1
        inserted[live[put], b[put] - 1] = a[put]
        i[live] -= side | out
        j[live] -= side | put
