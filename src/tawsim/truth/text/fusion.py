"""The word sequence nearest to all answers of a task together: a weighted median of texts, by voting in aligned slots.

All answers are aligned with a centre; in each slot of the centre, and in each gap between two, the words of the answers
vote, "no word" among them; the winners are the next centre. Each round lowers Σ weight · distance to the answers or stops,
since under the alignments at hand every slot takes what costs least. No reliability is learned here.
"""

from collections import defaultdict
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from tawsim.truth.text.distance import Alignment, Ints, align

Floats = NDArray[np.float64]
Text = list[int]
# Rounds of aligning and voting; three are mostly enough.
ROUNDS = 10
SAME = 1e-9
NO_WORD = -1


@dataclass(frozen=True, slots=True, eq=False)
class Fused:
    """`texts` (T,) a sequence of words each; `cost` (T,) Σ weight · distance over its answers; `echo`: of two answers
    that are both wrong in a slot, the share that say the same there, 0..1 (NaN where no two are wrong)."""

    texts: list[Text]
    cost: Floats
    echo: float


def fuse(centres: list[Text], texts: list[Text], task: Ints, weight: Floats) -> Fused:
    """The median of each task's texts, started from its centre. `texts` (N,) sorted by `task` (N,), `weight` (N,) > 0."""
    texts, task, weight, copies = _distinct(texts, task, weight)
    fused = [list(centre) for centre in centres]
    live = np.ones(len(centres), bool)
    cost, echoes = np.zeros(len(centres)), np.zeros((len(centres), 2))
    for _ in range(ROUNDS):
        rows = np.flatnonzero(live[task])
        if not len(rows):
            break
        live[:] = False
        here = [fused[t] for t in task[rows].tolist()]
        said = [texts[i] for i in rows.tolist()]
        votes = _Votes(here, said, weight[rows], copies[rows])
        bounds = np.concatenate(([0], np.flatnonzero(np.diff(task[rows])) + 1, [len(rows)])).tolist()
        for start, end in pairwise(bounds):
            t = int(task[rows[start]])
            new, echoes[t] = votes.count(start, end)
            cost[t] = float(weight[rows[start:end]] @ votes.distance[start:end])
            live[t] = new != fused[t]
            fused[t] = new
    pairs, same = echoes.sum(axis=0)
    return Fused(fused, cost, float(same / pairs) if pairs else float("nan"))


def fuse_from(starts: list[list[Text]], texts: list[Text], task: Ints, weight: Floats) -> Fused:
    """The cheapest of several descents, `starts` giving the centres of each: they end in local minima. Equal ones: the first."""
    best = fuse(starts[0], texts, task, weight)
    for centres in starts[1:]:
        found = fuse(centres, texts, task, weight)
        for t in np.flatnonzero(found.cost < best.cost - SAME).tolist():
            best.cost[t], best.texts[t] = found.cost[t], found.texts[t]
    return best


def _distinct(texts: list[Text], task: Ints, weight: Floats) -> tuple[list[Text], Ints, Floats, Ints]:
    """Each task's different texts once, with the weight and the number of all that are the same."""
    place: dict[tuple[int, tuple[int, ...]], int] = {}
    of = [place.setdefault((t, tuple(text)), len(place)) for t, text in zip(task.tolist(), texts, strict=True)]
    group = np.array(of, np.int64)
    first = np.unique(group, return_index=True)[1]
    copies = np.bincount(group, minlength=len(place)).astype(np.int64)
    weight = np.bincount(group, weight, len(place)).astype(np.float64)
    return [texts[i] for i in first.tolist()], task[first], weight, copies


class _Votes:
    """What each text says in the slots of its centre and between them."""

    def __init__(self, centres: list[Text], texts: list[Text], weight: Floats, copies: Ints) -> None:
        self._centres, self._texts = centres, texts
        self._weight, self._copies = weight.tolist(), copies.tolist()
        self.distance = np.zeros(len(texts), np.int64)
        self._aligned: list[Ints] = []
        self._inserted: list[Ints] = []
        for block, found in align(centres, texts):
            self._keep(block, found)

    def _keep(self, block: slice, found: Alignment) -> None:
        self.distance[block] = found.distance
        self._aligned.extend(found.aligned)
        self._inserted.extend(found.inserted)

    def count(self, start: int, end: int) -> tuple[Text, tuple[float, float]]:
        """The winners of the texts `start` to `end`, which share a centre; and pairs of wrong answers, and those alike."""
        centre = self._centres[start]
        slots: list[dict[int, float]] = [defaultdict(float) for _ in centre]
        between: list[dict[int, float]] = [defaultdict(float) for _ in range(len(centre) + 1)]
        heads: list[dict[int, int]] = [defaultdict(int) for _ in centre]
        for i in range(start, end):
            text, weight = self._texts[i], self._weight[i]
            for slot, head, at in zip(slots, heads, self._aligned[i].tolist(), strict=False):
                word = text[at] if at >= 0 else NO_WORD
                slot[word] += weight
                head[word] += self._copies[i]
            put = {(gap, word) for word, gap in zip(text, self._inserted[i].tolist(), strict=False) if gap >= 0}
            for gap, word in put:
                between[gap][word] += weight
        half = sum(self._weight[start:end]) / 2
        winners: Text = []
        for i in range(len(centre) + 1):
            extra = _winner(between[i], NO_WORD)
            if extra != NO_WORD and between[i][extra] > half + SAME:
                winners.append(extra)
            if i < len(centre):
                best = _winner(slots[i], centre[i])
                if best != NO_WORD:
                    winners.append(best)
        return winners, _echoes(heads, slots)


def _winner(votes: dict[int, float], present: int) -> int:
    """The word with the most weight; among equals the present one, else the first."""
    if not votes:
        return present
    top = max(votes.values())
    if votes.get(present, 0.0) >= top - SAME:
        return present
    return min(word for word, weight in votes.items() if weight >= top - SAME)


def _echoes(heads: list[dict[int, int]], slots: list[dict[int, float]]) -> tuple[float, float]:
    """Ordered pairs of answers that differ from the winner of a slot, and those of them that agree."""
    pairs = same = 0
    for head, slot in zip(heads, slots, strict=True):
        if len(head) > 1:
            best = _winner(slot, NO_WORD)
            wrong = [n for word, n in head.items() if word != best]
            pairs += sum(wrong) * (sum(wrong) - 1)
            same += sum(n * (n - 1) for n in wrong)
    return float(pairs), float(same)
