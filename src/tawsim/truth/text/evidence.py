"""How well each way of answering predicts answers it has not seen, and how wrong a task's text is to be expected. No choice
is made here."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tawsim.truth.text.distance import Ints, distances
from tawsim.truth.text.fusion import Text, fuse_from
from tawsim.truth.text.reading import Texts
from tawsim.truth.text.reliability import LEAST, LEAST_VARIANCE, MOST, Reliability

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
    error: Floats,
    result: list[Text],
    fused: NDArray[np.bool_],
    evidence: dict[str, Evidence],
) -> tuple[Floats, Floats]:
    """Expected share of wrong words of each task's text, and its standard deviation, (T,) each.

    A text h is d(h, a) - e_a wrong by each answer a. A text made of the same answers is too near to them; the mean over
    tasks is therefore moved to what hidden answers showed. One task's mean is drawn to that of all by its noise.
    """
    tasks = len(result)
    rows = np.flatnonzero(texts.counts)
    task = texts.task[rows]
    apart = _apart([result[t] for t in task.tolist()], [texts.words[i] for i in rows.tolist()])
    weight = 1 / (trust.pair_variance + error[rows])
    total = np.maximum(np.bincount(task, weight, tasks), 1e-12)
    own = np.bincount(task, weight * (apart - error[rows]), tasks) / total
    count = np.bincount(task, minlength=tasks)
    alone = count < 2
    # One answer: nothing but its worker speaks for it. None: nothing at all.
    single = np.bincount(task, error[rows], tasks) / np.maximum(count, 1)
    own = np.where(alone, single, own)
    noise = trust.pair_variance / np.maximum(count, 1) + np.where(alone, trust.answer_variance, 0)
    for way, here in (("fused", fused & ~alone), ("answer", ~fused & ~alone)):
        if way in evidence and here.any():
            own[here] += evidence[way].excess - own[here].mean()
    mean = own[~alone].mean() if (~alone).any() else own.mean()
    between = max(LEAST_VARIANCE, float(((own - mean) ** 2 - noise).mean()))
    share = np.where(alone, 1.0, between / (between + noise))
    expected = np.where(count > 0, mean + share * (own - mean), 1.0)
    spread = np.sqrt(np.where(alone, noise, noise * share))
    return np.clip(expected, LEAST, MOST), spread


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
