"""Labels in an order: workers who bend the scale, pooled with the crowd as one and with the bare shares. Pure arrays."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from tawsim.core.errors import BadInput
from tawsim.truth.choice.calibration import HiddenVotes, sample_of_tasks, softmax, vote_correlation, worth
from tawsim.truth.choice.dawid_skene import check_size
from tawsim.truth.infer import ASSUMED_ACCURACY
from tawsim.truth.kernel import GroupedSum
from tawsim.truth.model import best_labels, check_fitted
from tawsim.truth.numeric.order import in_order
from tawsim.truth.ordinal.graded import Bends, Floats, fit_bends, no_bends
from tawsim.truth.state import Restorable
from tawsim.truth.votes import Votes

# The worker's own answers outweigh what the bent scale foretells from about this many to one true level on. Hidden
# votes are foretold best at 2 and at 4, on both ordered sets at hand, and hardly worse at 1 and 8.
PRIOR_ANSWERS = 4.0
# What the crowd says to each truth starts from this many imagined answers, right with `ASSUMED_ACCURACY`: over 21 real
# crowds the share of right answers spreads by about .15 around it, as wide as a beta prior of 8 answers.
CROWD_ANSWERS = 8.0
# Imagined tasks, evenly over the levels: fewer real ones do not tell which level is frequent.
EVEN_TASKS = 8.0
MAX_ITERATIONS = 30
TOLERANCE = 1e-4
# Evidence for a member of the pool counts as that of so many tasks, if there are as many: a coarsened posterior
# (Miller and Dunson, JASA 114, 2019), as errors that workers share are not seen by votes that share them. Anything
# from 0 (all alike) to 16 gives the same mean accuracy within half a point on 20 crowds.
COARSE = 4.0
# Steps that learn what votes a posterior foretells, from a start half-way between certain and even.
FORETELL_STEPS = 20


@dataclass(frozen=True, slots=True, eq=False)
class _Member:
    """One opinion: probabilities (T, K), and those for each judged vote from the others of its task, (n, K)."""

    probability: Floats
    others: Floats


class Ordinal(Restorable):
    """The true level of each task, one of K in order, by three opinions that are pooled.

    1. Workers: Dawid and Skene's EM, conf[w, k, l] = p(w says l | the truth is k), where a worker's imagined answers are
       `prior_answers` to each truth, spread as the crowd answers, bent to the worker's own scale:

           logit p(w says at most l | k) = z̄_l + c_w + s_w (z_kl - z̄_l)      c_w ~ N(0, σ²)   s_w ~ N(1, ς²)

       with z_kl the crowd's own log-odds. So a lenient worker is lenient at levels not seen yet, and errors to the next
       level are likelier than to far ones as far as the crowd makes them so.
    2. Crowd: the same with one confusion matrix for all, from the counts of votes alone.
    3. Shares of votes, with imagined ones so that one vote alone gives 0.7.

    All start from an unknown worker, right with 0.7 (`ASSUMED_ACCURACY`), which a few answers do not outweigh; a task's
    only vote teaches nothing of its worker. Opinions 1 and 2 are calibrated by the correlation of votes
    (tawsim/truth/choice/calibration.py). Opinion m then weighs exp(min(n, COARSE) L_m), L_m the log probability a task of
    the votes of n tasks, each foretold from the others by one confusion matrix that is fitted to the opinion: what a
    worker's habits foretell says nothing of the truth.

    Papers: A. Dawid, A. Skene, Applied Statistics 28 (1979); P. McCullagh, "Regression models for ordinal data", JRSS B
    42 (1980) for the cumulative logits. Where we depart: the order enters by the prior only, so that it never
    overrules a worker with many answers; and the pool, because the fullest model is too sure and wrong where workers
    share errors (s_adult: 75.7 alone, 78.1 pooled).

    Turning the order of levels around turns the result around. `levels` names them from the lowest to the highest;
    without it they are numbers, in their order. Assumes that levels mean the same in every task.
    Cost a step: two passes over N votes of K numbers, some 20 tables of W K²; memory 8 (T + 10 W K) K bytes.

    Learned: `labels_` (K,) in order, `tasks_`, `workers_`, `ties_` (T,); `expected_` (T,) mean position of the level,
    0..K-1; `bias_` (W,) in log-odds, above 0 for who answers higher than others, and `sharpness_` (W,), 1 for the
    crowd's and 0 for none, with `bias_sd_`, `sharpness_sd_`; `confusion_` (W, K, K) [worker, truth, said]; `pool_`
    {opinion: weight}; `vote_correlation_`, `n_iter_`, `repeated_`.

    >>> table = [(t, w, min(4, t % 5 + (w == "kind"))) for t in range(40) for w in ("ann", "bob", "kind")]
    >>> model = Ordinal().fit(table)
    >>> model.predict()[:5], bool(model.bias_[2] > model.bias_[0])
    ([0, 1, 2, 3, 4], True)
    """

    labels_: tuple[Any, ...]
    tasks_: tuple[Any, ...]
    workers_: tuple[Any, ...]
    ties_: NDArray[np.bool_]
    probability_: Floats
    expected_: Floats
    bias_: Floats
    bias_sd_: Floats
    sharpness_: Floats
    sharpness_sd_: Floats
    confusion_: Floats
    pool_: dict[str, float]
    vote_correlation_: float
    n_iter_: int
    repeated_: int

    def __init__(
        self,
        *,
        levels: Sequence[Any] | None = None,
        prior_answers: float = PRIOR_ANSWERS,
        max_iterations: int = MAX_ITERATIONS,
        tolerance: float = TOLERANCE,
    ) -> None:
        if not prior_answers > 0 or not tolerance >= 0 or not max_iterations >= 1:
            raise BadInput("prior_answers is above 0, tolerance 0 or more, max_iterations 1 or more.")
        self.levels = None if levels is None else tuple(levels)
        self.prior_answers = prior_answers
        self.max_iterations = max_iterations
        self.tolerance = tolerance

    def fit(self, votes: Any) -> Self:
        """Learn from `votes` (`Votes`, or any table with task, worker, label). Raises `BadInput` for a vote outside the
        levels, or labels without an order; `TooLarge` as `DawidSkene`."""
        votes = in_order(votes, self.levels)
        check_size(votes)
        judged = sample_of_tasks(votes.per_task())[votes.task]
        members = {
            "workers": self._workers(votes, judged),
            "crowd": self._crowd(votes, judged),
            "shares": _shares(votes, judged),
        }
        score = np.array([_foretold(member.others, votes.label[judged]) for member in members.values()])
        # Votes of one task are not independent, and fewer tasks than `COARSE` count as they are.
        tasks = len(np.unique(votes.task[judged]))
        score *= np.count_nonzero(judged) / max(tasks, 1) * min(COARSE, tasks)
        weight = softmax(score[None])[0]
        self.pool_ = dict(zip(members, weight.tolist(), strict=True))
        self.probability_ = np.einsum("m,mtk->tk", weight, np.stack([one.probability for one in members.values()]))
        self.labels_, self.tasks_, self.workers_ = votes.labels, votes.tasks, votes.workers
        self.ties_ = best_labels(self.probability_)[1]
        self.expected_ = self.probability_ @ np.arange(len(votes.labels))
        self.repeated_ = votes.repeated
        return self

    def predict(self) -> list[Any]:
        """The most probable level of every task, (T,); the lowest where some are equally likely (see `ties_`)."""
        check_fitted(self)
        return [self.labels_[k] for k in best_labels(self.probability_)[0]]

    def predict_proba(self) -> Floats:
        """Probability of each level of each task, (T, K)."""
        check_fitted(self)
        return self.probability_.copy()

    def interval(self, level: float = 0.95) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Positions of the lowest and the highest level, both (T,), between which the truth lies with probability
        `level` or more: at most (1 - level) / 2 is left out on either side."""
        check_fitted(self)
        if not 0 < level < 1:
            raise BadInput(f"A level lies between 0 and 1, not {level!r}.")
        tail = (1 - level) / 2
        below, above = np.cumsum(self.probability_, axis=1), np.cumsum(self.probability_[:, ::-1], axis=1)
        last = len(self.labels_) - 1
        low = np.minimum((below <= tail + 1e-12).sum(axis=1), last)
        high = last - np.minimum((above <= tail + 1e-12).sum(axis=1), last)
        return low, np.maximum(low, high)

    def _workers(self, votes: Votes, judged: NDArray[np.bool_]) -> _Member:
        """The first opinion; keeps what is learned of workers."""
        tasks, workers, levels = len(votes.tasks), len(votes.workers), len(votes.labels)
        cell = votes.worker.astype(np.int64) * levels + votes.label
        to_task, to_worker = GroupedSum(votes.task, cell, tasks), GroupedSum(cell, votes.task, workers * levels)
        answered, several = votes.per_task() > 0, _several(votes)
        posterior = _start(votes)
        bends: Bends = no_bends(workers)
        for step in range(1, self.max_iterations + 1):  # noqa: B007 - the number of steps is part of the result
            said = to_worker(posterior * several).reshape(workers, levels, levels).transpose(0, 2, 1)
            classes = _classes(posterior[answered])
            bends, chance = fit_bends(said, _crowd_rows(said.sum(axis=0)), classes, bends)
            imagined = self.prior_answers * chance / chance.sum(axis=2, keepdims=True)
            confusion = said + imagined
            confusion /= confusion.sum(axis=2, keepdims=True)
            log_said = np.log(confusion).transpose(0, 2, 1).reshape(-1, levels)
            log_weight = to_task(log_said) + np.log(classes)
            new = softmax(log_weight)
            moved = float(np.abs(new - posterior)[answered].sum()) / 2 / max(int(answered.sum()), 1)
            posterior = new
            if moved < self.tolerance:
                break
        self.confusion_, self.n_iter_ = confusion, step
        self.bias_, self.bias_sd_ = -bends.shift, np.sqrt(bends.shift_variance)
        self.sharpness_, self.sharpness_sd_ = bends.sharp, np.sqrt(bends.sharp_variance)
        # What a hidden vote itself added is taken out of its worker's counts again.
        at, who, own = votes.label[judged], votes.worker[judged], posterior[votes.task[judged]]
        likelihood = (np.maximum(said[who, :, at] - own, 0) + imagined[who, :, at]) / (
            np.maximum(said.sum(axis=2)[who] - own, 0) + self.prior_answers
        )
        others = log_weight[votes.task[judged]] - log_said[cell[judged]]
        member, self.vote_correlation_ = _calibrated(votes, judged, log_weight, others, likelihood)
        return member

    def _crowd(self, votes: Votes, judged: NDArray[np.bool_]) -> _Member:
        """The second opinion: EM over tasks × levels alone."""
        counts, posterior = votes.counts().astype(float), _start(votes)
        answered, several = votes.per_task() > 0, _several(votes)
        for _ in range(self.max_iterations):
            classes = _classes(posterior[answered])
            rows = _crowd_rows((posterior * several).T @ counts)
            log_weight = counts @ np.log(rows).T + np.log(classes)
            new = softmax(log_weight)
            moved = float(np.abs(new - posterior).sum()) / 2 / max(int(answered.sum()), 1)
            posterior = new
            if moved < self.tolerance:
                break
        likelihood = rows.T[votes.label[judged]]
        return _calibrated(votes, judged, log_weight, log_weight[votes.task[judged]] - np.log(likelihood), likelihood)[
            0
        ]


def _shares(votes: Votes, judged: NDArray[np.bool_]) -> _Member:
    """The third opinion."""
    counts = votes.counts()[votes.task[judged]].astype(float)
    counts[np.arange(len(counts)), votes.label[judged]] -= 1
    return _Member(_start(votes), _drawn_in(counts))


def _drawn_in(counts: Floats) -> Floats:
    """Shares of the votes `counts` (n, K), with as many imagined ones, spread evenly, that a lone vote has
    `ASSUMED_ACCURACY`."""
    levels = counts.shape[1]
    imagined = (1 - ASSUMED_ACCURACY) / (ASSUMED_ACCURACY - 1 / levels) if levels > 1 else 0.0
    found: Floats = (counts + imagined / levels) / (counts.sum(axis=1, keepdims=True) + imagined)
    return found


def _start(votes: Votes) -> Floats:
    """Shares of votes, (T, K), drawn in; those of all votes for a task without any."""
    counts = votes.counts().astype(float)
    answered = counts.sum(axis=1, keepdims=True) > 0
    shares: Floats = np.where(answered, _drawn_in(np.where(answered, counts, 1)), counts.sum(axis=0) / counts.sum())
    return shares


def _several(votes: Votes) -> NDArray[np.bool_]:
    """Tasks with two votes or more, (T, 1). A lone vote agrees with itself alone: it tells nothing of who gave it."""
    found: NDArray[np.bool_] = (votes.per_task() > 1)[:, None]
    return found


def _classes(posterior: Floats) -> Floats:
    """How frequent each truth is, with `EVEN_TASKS` imagined tasks."""
    found: Floats = posterior.sum(axis=0) + EVEN_TASKS / posterior.shape[1]
    found /= found.sum()
    return found


def _crowd_rows(said: Floats) -> Floats:
    """What the crowd says to each truth, (K, K), with `CROWD_ANSWERS` imagined answers each."""
    rows: Floats = said + CROWD_ANSWERS * _typical(len(said))
    rows /= rows.sum(axis=1, keepdims=True)
    return rows


def _typical(levels: int) -> Floats:
    """What an unknown worker says to each truth, (K, K)."""
    right = np.eye(levels, dtype=bool)
    return np.where(right, ASSUMED_ACCURACY, (1 - ASSUMED_ACCURACY) / max(levels - 1, 1))


def _calibrated(
    votes: Votes, judged: NDArray[np.bool_], log_weight: Floats, others: Floats, likelihood: Floats
) -> tuple[_Member, float]:
    """A member with its probabilities drawn in by the correlation of votes, and that correlation."""
    per_task = votes.per_task()
    left = per_task[votes.task[judged]] - 1
    correlation = vote_correlation(HiddenVotes(others, likelihood, left))
    probability = softmax(worth(per_task, correlation)[:, None] * log_weight)
    return _Member(probability, softmax(worth(left, correlation)[:, None] * others)), correlation


def _foretold(others: Floats, said: NDArray[np.integer[Any]]) -> float:
    """Mean log probability of the votes `said` (n,) under the opinions `others` (n, K) of their truth and the one
    confusion matrix that suits these best, found by EM."""
    levels = others.shape[1]
    if not len(said):
        return 0.0
    rows = _typical(levels)
    for _ in range(FORETELL_STEPS):
        share = others * rows.T[said]
        share /= np.maximum(share.sum(axis=1, keepdims=True), 1e-300)
        rows = _crowd_rows(np.array([np.bincount(said, share[:, k], levels) for k in range(levels)], float))
    return float(np.log(np.maximum((others * rows.T[said]).sum(axis=1), 1e-300)).mean())
