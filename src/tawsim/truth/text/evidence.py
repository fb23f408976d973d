"""How well each way of answering predicts answers it has not seen, and how wrong a task's text is to be expected. No choice
is made here."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tawsim.truth.text.distance import Ints, distances
from tawsim.truth.text.fusion import Text, fuse_from
from tawsim.truth.text.reading import Texts
from tawsim.truth.text.reliability import LEAST, LEAST_VARIANCE, MOST, NORMAL, Reliability

Floats = NDArray[np.float64]
# Tasks whose answers are hidden in turn: with six answers each some thousand measurements, 1 % of error to tell ways apart.
TASKS = 200
# Hidden answers × others of their task, at most: where tasks have hundreds of answers, fewer tasks say as much.
MEMBERS = 60_000
# Fusing starts from this many of a task's best answers and keeps what is nearest to all: the descent ends in local minima.
STARTS = 3
# Of a task with very many answers this many are hidden.
HIDDEN = 10


@dataclass(frozen=True, slots=True, eq=False)
class Evidence:
    """`error`: mean word error rate against the hidden answer of a text made of the others, the hidden ones weighted by
    their distance to the nearest other. `excess`: the mean distance as a share of words, weighted by 1 - e_a, less the hidden
    answer's own error e_a; that is the expected error of such a text. `rates`, `weights` (H,): what `error` is the mean of.
    """

    error: float
    excess: float
    rates: Floats
    weights: Floats


class Errors(NamedTuple):
    """Shares of wrong words: `text` (T,) with its standard deviation `spread`; `answer` (N,); `worker` (W,) from `low` to
    `high`, its 95 % interval."""

    text: Floats
    spread: Floats
    answer: Floats
    worker: Floats
    low: Floats
    high: Floats


def held_out(texts: Texts, error: Floats, weight: Floats, ways: Sequence[str]) -> dict[str, Evidence]:
    """`Evidence` for each of the `ways` ("fused", "answer"); nothing where no task has three answers with words."""
    count = np.bincount(texts.task[texts.counts], minlength=len(texts.answers.tasks))
    usable = np.flatnonzero(count > 2)
    if not len(usable):
        return {}
    members_a_task = float((np.minimum(count[usable], HIDDEN) * (count[usable] - 1)).mean())
    tasks = min(TASKS, len(usable), max(1, int(MEMBERS / members_a_task)))
    usable = usable[np.linspace(0, len(usable) - 1, tasks).astype(np.int64)]
    hidden, members, group = _left_out(texts, np.unique(usable))
    starts = np.concatenate(([0], np.flatnonzero(np.diff(group)) + 1))
    order = np.lexsort((np.arange(len(members)), error[members], group))
    ranked, last = members[order], np.append(starts[1:], len(members)) - 1
    centres = [[texts.words[i] for i in ranked[np.minimum(starts + k, last)].tolist()] for k in range(STARTS)]
    others, unseen = ([texts.words[i] for i in rows.tolist()] for rows in (members, hidden))
    nearest = np.minimum.reduceat(_apart([unseen[g] for g in group.tolist()], others), starts) + 1e-9
    trust = 1 - error[hidden] + 1e-9
    result = {}
    for way in ways:
        made = fuse_from(centres, others, group, weight[members]).texts if way == "fused" else centres[0]
        rate = _apart(made, unseen, of_second=True)
        excess = np.average(_apart(made, unseen) - error[hidden], weights=trust)
        result[way] = Evidence(float(np.average(rate, weights=nearest)), float(excess), rate, nearest)
    return result


def better_by(one: Evidence, other: Evidence) -> float:
    """How much less `one` errs than `other` on the same hidden answers, in standard errors of the difference."""
    gain, weight = other.rates - one.rates, one.weights
    mean = float(np.average(gain, weights=weight))
    spread = float(np.sqrt((weight**2 * (gain - mean) ** 2).sum())) / float(weight.sum())
    return mean / max(spread, 1e-12)


def errors_of(
    texts: Texts,
    trust: Reliability,
    result: list[Text],
    best: Ints,
    fused: NDArray[np.bool_],
    evidence: dict[str, Evidence],
) -> Errors:
    """How wrong each task's text, each answer and each worker is to be expected; see `TextTruth` for the two bounds.

    A text h is d(h, a) - e_a wrong by each answer a. A text made of the same answers is too near to them; the mean over
    tasks is therefore moved to what hidden answers showed. One task's mean is drawn to that of all by its noise. Where
    fewer than three answered, h is an answer, and as wrong as its worker and the other answer say.
    """
    tasks = len(result)
    rows = np.flatnonzero(texts.counts)
    task = texts.task[rows]
    count = np.bincount(task, minlength=tasks)
    several = count > 2
    apart = _apart([result[t] for t in task.tolist()], [texts.words[i] for i in rows.tolist()])
    at_several = several[task]
    # An answer that was taken as it stands is no witness of itself.
    witness = at_several & (fused[task] | (rows != best[task]))
    told = float(apart[witness].mean()) if witness.any() else 0.0
    # Who errs where others err is nearer to them than to the truth: to the text that all made together it is farther.
    nearer = max(1.0, told / float(trust.answer[rows][witness].mean())) if witness.any() else 1.0
    weight = witness / (trust.pair_variance + trust.answer[rows])
    total = np.maximum(np.bincount(task, weight, tasks), 1e-12)
    own = np.bincount(task, weight * (apart - trust.answer[rows]), tasks) / total
    noise = trust.pair_variance / np.maximum(count, 1)
    for way, here in (("fused", fused & several), ("answer", ~fused & several)):
        if way in evidence and here.any():
            own[here] += evidence[way].excess - own[here].mean()
    answer = np.minimum(trust.answer * nearer, MOST)
    expected, spread = np.ones(tasks), np.zeros(tasks)
    lone = trust.answer_variance + trust.spread[texts.worker[best]] ** 2
    few = (count > 0) & ~several
    expected[few] = answer[best][few]
    spread[few] = np.sqrt(lone[few] / count[few]) * nearer
    two = count == 2
    expected[two] = _above_none(expected[two], spread[two])
    if several.any():
        mean = float(own[several].mean())
        between = max(LEAST_VARIANCE, float(((own - mean) ** 2 - noise)[several].mean()))
        share = between / (between + noise[several])
        low = max(
            float(_above_none(np.array([mean]), np.sqrt(noise[several].mean(keepdims=True) / several.sum()))[0]), LEAST
        )
        # Half-way, in logarithms, between the bounds.
        higher = max(1.0, float(np.sqrt(answer[rows][at_several].mean() / low)))
        lower = np.maximum(low + share * (own[several] - mean), LEAST)
        expected[several] = lower * higher
        # Anything between the bounds is as likely: the deviation of an even spread is its width / √12.
        unsure = expected[several] * 2 * np.log(higher) / np.sqrt(12)
        spread[several] = np.sqrt(noise[several] * share * higher**2 + unsure**2)
    worker, doubt = np.clip(trust.worker * nearer, LEAST, MOST), trust.spread * nearer
    ends = (np.clip(worker + side * NORMAL * doubt, LEAST, MOST) for side in (-1, 1))
    answer = np.where(texts.counts, answer, 1.0)
    return Errors(np.clip(expected, LEAST, MOST), spread, answer, worker, *ends)


def _above_none(mean: Floats, spread: Floats) -> Floats:
    """The mean of normal distributions cut off below 0, as no share lies there: two short texts that agree are not right."""
    at = np.maximum(mean / np.maximum(spread, 1e-12), -6.0)
    above = np.array([math.erfc(-z / math.sqrt(2)) / 2 for z in at.tolist()])
    found: Floats = np.maximum(mean, -6 * spread) + spread * np.exp(-(at**2) / 2) / math.sqrt(2 * math.pi) / above
    return found


def _left_out(texts: Texts, tasks: Ints) -> tuple[Ints, Ints, Ints]:
    """For each hidden answer (H,): the others of its task, behind one another (M,), and whose others they are (M,)."""
    starts = texts.answers.starts()
    hidden: list[int] = []
    members: list[Ints] = []
    group: list[Ints] = []
    for t in tasks.tolist():
        rows = np.arange(starts[t], starts[t + 1])
        rows = rows[texts.counts[rows]]
        ranked = sorted(rows.tolist(), key=lambda i: (texts.words[i], i))
        step = np.linspace(0, len(ranked) - 1, min(HIDDEN, len(ranked))).astype(np.int64)
        for out in dict.fromkeys(ranked[i] for i in step.tolist()):
            others = rows[rows != out]
            group.append(np.full(len(others), len(hidden)))
            hidden.append(out)
            members.append(others)
    return np.array(hidden), np.concatenate(members), np.concatenate(group)


def _apart(made: list[Text], said: list[Text], *, of_second: bool = False) -> Floats:
    """Distance of each pair as a share of the words of the longer, or of the second."""
    count = len(made)
    length = np.array([len(text) for text in [*made, *said]], np.int64).reshape(2, -1)
    every = np.arange(count)
    words = length[1] if of_second else length.max(axis=0)
    share: Floats = distances([*made, *said], every, every + count) / np.maximum(words, 1)
    return share
