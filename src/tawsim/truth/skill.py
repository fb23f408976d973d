"""What a worker's answers are worth: skill with a credible interval, and a verdict with its facts. Pure arrays.

Two measures, both over the classes weighted by how frequent they are:
* `accuracy` = Σ_k π_k conf[w, k, k], the probability that the worker names the truth;
* `dependence` = (Σ_k π_k (conf[w, k, k] - r_k)) / (1 - Σ_k π_k²) with r_k how often they say k at all: 0 for anybody
  whose answers do not depend on the truth (guessing, or the same label always), 1 for a perfect worker. Accuracy cannot
  tell these apart where one label is frequent.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tawsim.truth.beta import beta_quantile
from tawsim.truth.kernel import GroupedSum
from tawsim.truth.verdicts import Evidence, Pair, Verdict, judge
from tawsim.truth.votes import Votes

Floats = NDArray[np.float64]
LEVEL = 0.95
# Imagined answers before the first real one, in all: half right, half wrong. It matters only below some ten answers,
# where it keeps five right out of five from looking like certainty.
IMAGINED = 2.0


@dataclass(frozen=True, slots=True, eq=False)
class WorkerSkill:
    """One worker. `answers` all votes; `judged` those on tasks that others answered too, on which alone the rest
    stands.

    `accuracy` (0..1) with its 95 % credible interval `low`..`high`; `confusion` (K, K) [truth, said], rows sum to 1;
    `verdict` "trusted" | "careless" | "mixes" | "unsure" with its facts in `why` (see tawsim/truth/verdicts.py).
    """

    worker: Any
    answers: int
    judged: int
    accuracy: float
    low: float
    high: float
    dependence: float
    verdict: Verdict
    why: dict[str, Any]
    confusion: Floats


def worker_skills(votes: Votes, probability: Floats, *, agree: bool = True) -> tuple[WorkerSkill, ...]:
    """Skill of every worker of `votes`, given `probability` (T, K) of each task's labels. In the order of
    `votes.workers`. `agree`: whether the crowd agrees beyond chance; else there is no verdict on anybody.

    A task that nobody else answered says nothing about its worker: such votes are counted in `answers` and not judged.
    """
    shared = votes.per_task() > 1
    weight = np.where(shared[:, None], probability, 0.0)
    workers, labels = len(votes.workers), len(votes.labels)
    cell = votes.worker.astype(np.int64) * labels + votes.label
    said_truth = GroupedSum(cell, votes.task, workers * labels)(weight).reshape(workers, labels, labels)
    counts = said_truth.transpose(0, 2, 1)
    judged = np.bincount(votes.worker[shared[votes.task]], minlength=workers)
    mean_class = weight.sum(axis=0) + 1.0 / labels
    prior = mean_class / mean_class.sum()
    own = weight[votes.task, votes.label]
    doubt = np.bincount(votes.worker, weights=own * (1 - own), minlength=workers)
    evidence = _evidence(counts, prior, judged, doubt)
    answers = np.bincount(votes.worker, minlength=workers)
    pairs = _pairs(counts)
    said = np.bincount(cell, minlength=workers * labels).reshape(workers, labels)
    names = tuple(_plain(label) for label in votes.labels)
    typical = float(np.median(evidence.dependence[judged > 0])) if (judged > 0).any() else 0.0
    skills = []
    for i, worker in enumerate(votes.workers):
        most = int(said[i].argmax())
        mostly = (names[most], float(said[i, most] / max(said[i].sum(), 1)))
        verdict, why = judge(evidence.of(i), pairs.of(i), names, typical, mostly, agree)
        skills.append(
            WorkerSkill(
                worker=worker,
                answers=int(answers[i]),
                judged=int(judged[i]),
                accuracy=float(evidence.accuracy[i]),
                low=float(evidence.low[i]),
                high=float(evidence.high[i]),
                dependence=float(evidence.dependence[i]),
                verdict=verdict,
                why=why,
                confusion=_rows(counts[i], prior),
            )
        )
    return tuple(skills)


@dataclass(frozen=True, slots=True, eq=False)
class _AllEvidence:
    """`Evidence` of all workers, each field (W,)."""

    judged: NDArray[Any]
    accuracy: Floats
    low: Floats
    high: Floats
    dependence: Floats
    dependence_low: Floats
    dependence_high: Floats

    def of(self, i: int) -> Evidence:
        """That of worker i."""
        return Evidence(*(getattr(self, name)[i].item() for name in Evidence._fields))


@dataclass(frozen=True, slots=True, eq=False)
class _AllPairs:
    """For all workers, the pair of labels they exchange most beyond what others do; each field (W,)."""

    first: NDArray[np.intp]
    second: NDArray[np.intp]
    share: Floats
    low: Floats
    others: Floats
    of_errors: Floats
    of_errors_low: Floats

    def of(self, i: int) -> Pair:
        """That of worker i."""
        return Pair(*(getattr(self, name)[i].item() for name in Pair._fields))


def _evidence(counts: Floats, prior: Floats, judged: NDArray[Any], doubt: NDArray[Any]) -> _AllEvidence:
    """Both measures with their intervals.

    Row k of a worker's confusion has a Dirichlet posterior: expected counts plus π_k · IMAGINED answers. A linear
    function of the rows has then a known mean and variance, which is enlarged for not knowing the truth
    (`_share_known`); a beta distribution with that mean and variance gives the quantiles.
    """
    labels = len(prior)
    wrong = (1 - np.eye(labels)) / max(labels - 1, 1)
    imagined = IMAGINED * prior[:, None] * ((np.eye(labels) + wrong) / 2 if labels > 1 else 1.0)
    alpha = counts + imagined
    accuracy, spread = _linear(alpha, prior[:, None] * np.eye(labels))
    known = _share_known(accuracy, judged + IMAGINED, doubt)
    low, high = _interval(accuracy, spread / known)
    full = max(1 - float((prior**2).sum()), 1e-12)
    dependence, spread = _linear(alpha, prior[:, None] * (np.eye(labels) - prior[None, :]) / full)
    if labels == 1:
        dependence, spread = np.zeros_like(dependence), np.ones_like(spread)
    # Dependence lives in about -1..1; a beta needs 0..1.
    half = np.clip((dependence + 1) / 2, 1e-9, 1 - 1e-9)
    ends = _interval(half, spread / 4 / known)
    return _AllEvidence(judged, accuracy, low, high, dependence, 2 * ends[0] - 1, 2 * ends[1] - 1)


def _share_known(accuracy: Floats, answers: Floats, doubt: Floats) -> Floats:
    """Share of the information in n `answers` that is left when it is not known for certain which are right, 0.1..1.

    Louis's identity (1982): observed information is complete information n / (p (1 - p)) less the variance of the score
    given the votes, `doubt` / (p (1 - p))², with `doubt` the variance of the number of right answers.
    """
    share: Floats = 1 - doubt / np.maximum(answers * accuracy * (1 - accuracy), 1e-12)
    return np.clip(share, 0.1, 1.0)


def _linear(alpha: Floats, weight: Floats) -> tuple[Floats, Floats]:
    """Mean and variance of Σ_kl weight[k, l] θ[k, l], rows θ[k] ~ Dirichlet(alpha[w, k]); both (W,)."""
    total = np.maximum(alpha.sum(axis=2), 1e-12)
    share = alpha / total[:, :, None]
    mean = (share * weight).sum(axis=2)
    square = (share * weight**2).sum(axis=2)
    return mean.sum(axis=1), (np.maximum(square - mean**2, 0) / (total + 1)).sum(axis=1)


def _interval(mean: Floats, variance: Floats) -> tuple[Floats, Floats]:
    """The 2.5 % and 97.5 % quantiles of the beta distribution with this mean and variance."""
    mean = np.clip(mean, 1e-9, 1 - 1e-9)
    # At most that of a flat distribution with this mean: beyond it the beta would be two spikes at the ends.
    widest = mean * (1 - mean) / (1 + 1 / np.maximum(mean, 1 - mean))
    size = mean * (1 - mean) / np.clip(variance, 1e-12, widest) - 1
    tail = (1 - LEVEL) / 2
    ends = beta_quantile(np.array([[tail], [1 - tail]]), (mean * size)[None], ((1 - mean) * size)[None])
    return np.minimum(ends[0], mean), np.maximum(ends[1], mean)


def _pairs(counts: Floats) -> _AllPairs:
    """For each worker the pair {a, b} with the most answers exchanged between a and b in excess of what others do."""
    labels = counts.shape[1]
    a, b = np.triu_indices(labels, 1)
    if not len(a):
        a = b = np.zeros(1, np.intp)
    per_truth = counts.sum(axis=2)
    exchanged = counts[:, a, b] + counts[:, b, a] if labels > 1 else np.zeros((len(counts), 1))
    truths = per_truth[:, a] + per_truth[:, b]
    others = (exchanged.sum(axis=0) - exchanged + 1) / (truths.sum(axis=0) - truths + labels)
    pick = (exchanged - others * truths).argmax(axis=1)
    here = np.arange(len(counts))
    swapped, seen = exchanged[here, pick], np.maximum(truths[here, pick], exchanged[here, pick])
    errors = np.maximum(per_truth.sum(axis=1) - np.trace(counts, axis1=1, axis2=2), swapped)
    # One pair out of many was picked because it stood out: the tail is divided by their number (Bonferroni).
    tail = np.full(len(counts), (1 - LEVEL) / 2 / len(a))
    return _AllPairs(
        first=a[pick],
        second=b[pick],
        share=(swapped + 0.5) / (seen + 1),
        low=beta_quantile(tail, swapped + 0.5, seen - swapped + 0.5),
        others=others[here, pick],
        of_errors=(swapped + 0.5) / (errors + 1),
        of_errors_low=beta_quantile(np.full(len(counts), 0.05), swapped + 0.5, errors - swapped + 0.5),
    )


def _rows(counts: Floats, prior: Floats) -> Floats:
    """The worker's confusion (K, K) [truth, said] with one imagined answer a row, half of it on the truth."""
    labels = len(prior)
    start = (np.eye(labels) + 1.0 / labels) / 2
    rows: Floats = counts + start
    rows /= rows.sum(axis=1, keepdims=True)
    return rows


def _plain(value: Any) -> Any:
    """A value as JSON can hold it."""
    return value if isinstance(value, str | int | float | bool) else str(value)
