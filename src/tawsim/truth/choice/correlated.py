"""Correlated workers: each class is a mixture of subtypes of tasks that mislead the same workers. Variational Bayes.
Pure arrays."""

from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from tawsim.core.errors import BadInput, TooLarge
from tawsim.truth.choice.calibration import softmax
from tawsim.truth.choice.dawid_skene import MAX_CELLS
from tawsim.truth.choice.gamma import digamma, divergence, expected_log, log_gamma
from tawsim.truth.kernel import GroupedSum
from tawsim.truth.model import ChoiceModel, read_votes, sums_by, vote_shares
from tawsim.truth.votes import Votes

Floats = NDArray[np.float64]
# A subtype with less than this many tasks is dropped; its prior (a / M = 0.01 tasks) would not let it grow again.
NOBODY = 1e-3
# A split must raise the evidence by so many nats: less is the noise of where the steps stopped.
ENOUGH = 1.0
# Steps that a split may take to show its worth, and steps of the power method that proposes it.
TRIAL, POWER = 10, 12
# Numbers read by all trials together, about 3 s: in large crowds fewer splits are tried.
MOST_WORK = 500_000_000


class Correlated(ChoiceModel):
    """Given its truth, a task is of one of up to M subtypes, each with a confusion matrix for every worker, so that
    workers are misled together.

    Model: z_t ~ π; subtype g_t | z_t = k ~ ω[k]; p(y_tw = l | g_t = c) = conf[c, w, l], the votes of a task independent
    given its subtype and not given its truth. Priors: π ~ Dirichlet(`class_prior`), ω[k] ~ Dirichlet(a / M, …) with a =
    `subtype_prior`, conf[c, w] ~ Dirichlet(`right` on the label of c, `wrong` on the others). Mean-field variational
    Bayes; with n = Σ_t q[t, c] and E log of a Dirichlet ψ(α) - ψ(Σα):

        q[t, c] ∝ exp(E log π[k(c)] + E log ω[c] + Σ_w E log conf[c, w, y_tw])       p(t, k) = Σ_{c of k} q[t, c]

    It starts without subtypes (iBCC) and splits: the largest subtype not yet tried is cut along the direction in which
    its votes vary together most (power method on their residuals), takes `TRIAL` steps, and stays cut if the evidence
    (ELBO) rose by a nat. So a crowd whose errors are independent keeps one subtype a class, and the result says so.

    Assumes that what misleads workers repeats over tasks. The evidence tells that workers err together, and hardly who
    of them is right: a subtype in which half of the crowd is misled can land on either label (made crowds: 98.7 % by
    majority → 99.7 % where four of ten are misled, 95.9 → 93.6 % where the other six are less careful).

    Paper: Y. Li, B. Rubinstein, T. Cohn, "Exploiting worker correlation for label aggregation in crowdsourcing" (EBCC),
    ICML 2019; iBCC: H.-C. Kim and Z. Ghahramani, AISTATS 2012. Where we depart: splits in place of 40 random restarts of
    10 subtypes. Those stop before alike subtypes have merged, so part of what they gain is ten times the prior: on 15
    of 23 real sets no split raises the evidence, and on the others these raise it more than restarts did. Not calibrated.

    Cost per iteration: two passes over the N votes of C numbers each (C subtypes in all), C W K digammas; a trial is
    some ten iterations, at most `MOST_WORK` numbers in all; memory 8 (3 T + 4 W K) C bytes.

    Learned: those of `ChoiceModel`; `subtype_class_` (C,) label of each subtype, `subtype_tasks_` (C,) expected tasks,
    `responsibility_` (T, C), `answers_` (W, C, K) expected and imagined answers, `confusion_` (W, C, K) [worker,
    subtype, said], `class_prior_` (K,), `evidence_` (nats), `evidence_gain_` over no subtypes, `n_iter_`, `converged_`.

    >>> from tawsim.truth.choice.correlated import Correlated
    >>> table = [(t, w, "cat" if t % 2 == (w == "max") else "dog") for t in range(9) for w in ("ann", "bob", "eva", "max")]
    >>> model = Correlated().fit(table)
    >>> model.predict()[:2], model.subtype_class_.tolist()
    (['cat', 'dog'], [0, 1])
    """

    subtype_class_: NDArray[np.intp]
    subtype_tasks_: Floats
    responsibility_: Floats
    answers_: Floats
    confusion_: Floats
    class_prior_: Floats
    evidence_: float
    evidence_gain_: float
    n_iter_: int
    converged_: bool

    def __init__(
        self,
        *,
        subtypes: int = 10,  # this and the priors are the paper's, for all of its sets
        subtype_prior: float = 0.1,
        right: float = 4.0,
        wrong: float = 1.0,
        class_prior: float = 1.0,
        tolerance: float = 1e-4,
        max_iterations: int = 100,
    ) -> None:
        if not subtypes >= 1:
            raise BadInput(f"subtypes is 1 or more, not {subtypes!r}.")
        if not (subtype_prior > 0 and right > 0 and wrong > 0 and class_prior > 0):
            raise BadInput("Priors: subtype_prior, right, wrong and class_prior are above 0.")
        if not (tolerance >= 0 and max_iterations >= 1):
            raise BadInput("tolerance is 0 or more, max_iterations 1 or more.")
        self.subtypes = subtypes
        self.subtype_prior = subtype_prior
        self.right = right
        self.wrong = wrong
        self.class_prior = class_prior
        self.tolerance = tolerance
        self.max_iterations = max_iterations

    def fit(self, votes: Any) -> Self:
        """Learn truth, subtypes and confusions. Raises `TooLarge` where the tables would not fit in memory."""
        votes = read_votes(votes)
        world = _World.of(votes)
        if max(len(votes.workers) * world.labels, len(votes.tasks)) * world.labels > MAX_CELLS:
            raise TooLarge("Too many workers, tasks and labels for confusion matrices.", "Use model='wawa'.")
        start = vote_shares(votes) * world.answered[:, None]
        state = _Mixture(start, np.arange(world.labels), np.zeros(world.labels, bool))
        state, steps = self._climb(world, state, self.max_iterations)
        alone = state.evidence
        state = self._split(world, state)
        state, more = self._climb(world, state, self.max_iterations)
        self.n_iter_, self.converged_ = steps + more, more < self.max_iterations
        self.evidence_, self.evidence_gain_ = state.evidence, state.evidence - alone
        self.subtype_class_, self.subtype_tasks_ = state.kind, state.q.sum(axis=0)
        self.responsibility_ = state.q
        answers = self._answers(world, state)
        self.answers_, self.confusion_ = answers, answers / answers.sum(axis=-1, keepdims=True)
        posterior = state.by_class(world.labels)
        per_class = posterior.sum(axis=0) + self.class_prior
        self.class_prior_ = per_class / per_class.sum()
        posterior[~world.answered] = self.class_prior_
        return self._keep(votes, posterior)

    def _judge(self, votes: Votes) -> Floats:
        answers = np.concatenate([self.answers_, self.answers_.mean(axis=0, keepdims=True)])
        by_cell = np.ascontiguousarray(expected_log(answers).transpose(0, 2, 1)).reshape(-1, answers.shape[1])
        cells = votes.worker.astype(np.int64) * len(votes.labels) + votes.label
        weight = GroupedSum(votes.task, cells, len(votes.tasks))(by_cell)
        per_class = sums_by(self.subtype_class_, self.subtype_tasks_, len(votes.labels))
        weight += self._log_share(self.subtype_tasks_, self.subtype_class_, per_class)
        weight += expected_log(self.class_prior + per_class)[self.subtype_class_]
        return _Mixture(softmax(weight), self.subtype_class_, np.zeros(0, bool)).by_class(len(votes.labels))

    # ---- variational steps
    def _climb(self, world: "_World", state: "_Mixture", steps: int) -> tuple["_Mixture", int]:
        """Steps until the truth moves less than the tolerance, and how many they were."""
        for step in range(steps):
            before = state.by_class(world.labels)
            state = self._step(world, state)
            moved = np.abs(state.by_class(world.labels) - before).sum() / 2
            if moved < self.tolerance * max(int(world.answered.sum()), 1):
                return state, step + 1
        return state, steps

    def _step(self, world: "_World", state: "_Mixture") -> "_Mixture":
        """One update of the parameters and then of q, with the evidence at both."""
        state = state.pruned()
        mass, kind, labels = state.q.sum(axis=0), state.kind, world.labels
        per_class = sums_by(kind, mass, labels)
        share, whole = np.full(1, self.subtype_prior / self.subtypes), np.full(1, self.subtype_prior)
        log_share = self._log_share(mass, kind, per_class)
        # KL of ω from its prior; a subtype that is not there has its prior and costs nothing.
        cost = float((log_gamma(whole + per_class) - log_gamma(whole)).sum() + (mass * log_share).sum())
        cost += float((log_gamma(share) - log_gamma(share + mass)).sum())
        cost += divergence(self.class_prior + per_class, np.full(labels, self.class_prior))
        answers = self._answers(world, state)
        log_conf = expected_log(answers)
        cost += divergence(answers, self._imagined(state.kind, labels))
        by_cell = np.ascontiguousarray(log_conf.transpose(0, 2, 1)).reshape(-1, len(kind))
        weight = world.to_task(by_cell)
        weight += log_share + expected_log(self.class_prior + per_class)[kind]
        top = weight.max(axis=1, keepdims=True)
        np.exp(weight - top, out=weight)
        total = weight.sum(axis=1, keepdims=True)
        weight /= total
        weight *= world.answered[:, None]
        evidence = float((top + np.log(total))[world.answered].sum()) - cost
        return replace(state, q=weight, evidence=evidence)

    def _log_share(self, mass: Floats, kind: NDArray[np.intp], per_class: Floats) -> Floats:
        """E log ω of each subtype, (C,), from the expected tasks of each and of each label."""
        mine: Floats = digamma(self.subtype_prior / self.subtypes + mass)
        return mine - digamma(self.subtype_prior + per_class)[kind]

    def _answers(self, world: "_World", state: "_Mixture") -> Floats:
        """Expected and imagined answers (W, C, K) of each worker to each subtype."""
        said = world.to_cell(state.q).reshape(world.workers, world.labels, -1)
        return np.ascontiguousarray(said.transpose(0, 2, 1)) + self._imagined(state.kind, world.labels)

    def _imagined(self, kind: NDArray[np.intp], labels: int) -> Floats:
        return np.where(np.arange(labels) == kind[:, None], self.right, self.wrong)

    # ---- splits
    def _split(self, world: "_World", state: "_Mixture") -> "_Mixture":
        """Splits subtypes as long as that raises the evidence."""
        work = 0
        while work < MOST_WORK:
            mass = np.where(state.tried, 0.0, state.q.sum(axis=0))
            full = np.bincount(state.kind, minlength=world.labels)[state.kind] >= self.subtypes
            column = int(np.where(full, 0.0, mass).argmax())
            if full[column] or mass[column] < 2:
                break
            answers = self._answers(world, state)[:, column]
            lean = world.lean(state.q[:, column], answers / answers.sum(axis=1, keepdims=True))
            if not lean.any():  # nothing varies together: a cut would only tell alike labels apart
                state.tried[column] = True
                continue
            work += 2 * TRIAL * world.votes * (len(mass) + 1)
            trial, _ = self._climb(world, state.cut(column, 0.5 + 0.5 * np.tanh(lean)), TRIAL)
            if trial.evidence > state.evidence + ENOUGH:
                state = trial
            else:
                state.tried[column] = True
        return state


@dataclass(frozen=True, slots=True, eq=False)
class _World:
    """What does not change in a fit."""

    to_task: GroupedSum
    to_cell: GroupedSum
    answered: NDArray[np.bool_]
    workers: int
    labels: int
    votes: int

    @classmethod
    def of(cls, votes: Votes) -> "_World":
        labels, tasks, workers = len(votes.labels), len(votes.tasks), len(votes.workers)
        cells = votes.worker.astype(np.int64) * labels + votes.label
        to_cell = GroupedSum(cells, votes.task, workers * labels)
        answered = votes.per_task() > 0
        return cls(GroupedSum(votes.task, cells, tasks), to_cell, answered, workers, labels, len(votes))

    def lean(self, weight: Floats, conf: Floats) -> Floats:
        """How far each task, (T,), leans along the main direction in which votes vary together, in units of its spread.

        `weight` (T,): how much the task belongs to the subtype; `conf` (W, K): its answers. The residual of a vote is
        its label, as 0 and 1, less `conf`; power iterations find the combination of residuals of largest variance. They
        begin with how surprising a task's votes are, which names of tasks, workers and labels do not enter.
        """
        score = self._per_task(-np.log(conf))
        for _ in range(POWER):
            score = score - (weight * score).sum() / weight.sum()
            spread = np.sqrt((weight * score**2).sum() / weight.sum())
            if spread < 1e-9:
                return np.zeros(len(score))
            score = score / spread
            pull = self.to_cell((weight * score)[:, None]).reshape(self.workers, self.labels)
            score = self._per_task(pull - conf * pull.sum(axis=1, keepdims=True), conf)
        score = score - (weight * score).sum() / weight.sum()
        spread = np.sqrt((weight * score**2).sum() / weight.sum())
        return score / spread if spread > 1e-9 else np.zeros(len(score))

    def _per_task(self, table: Floats, conf: Floats | None = None) -> Floats:
        """Sum (T,) over a task's votes of `table` (W, K) at worker and label, less its mean under `conf` (W, K)."""
        expected = 0.0 if conf is None else (table * conf).sum(axis=1, keepdims=True)
        return np.asarray(self.to_task((table - expected).reshape(-1, 1))[:, 0])


@dataclass(frozen=True, slots=True, eq=False)
class _Mixture:
    """`q` (T, C); `kind` (C,) the label of each subtype; `tried` (C,) bool: splitting it did not help."""

    q: Floats
    kind: NDArray[np.intp]
    tried: NDArray[np.bool_]
    evidence: float = -np.inf

    def by_class(self, labels: int) -> Floats:
        """Posterior of the labels, (T, K)."""
        posterior: Floats = self.q @ (self.kind[:, None] == np.arange(labels)).astype(np.float64)
        return posterior

    def cut(self, column: int, share: Floats) -> "_Mixture":
        """The subtype `column` as two, of which the first gets `share` (T,)."""
        first, second = self.q[:, column] * share, self.q[:, column] * (1 - share)
        at = column + 1
        q = np.insert(self.q, at, second, axis=1)
        q[:, column] = first
        tried = np.insert(self.tried, at, False)
        tried[column] = False
        return _Mixture(q, np.insert(self.kind, at, self.kind[column]), tried)

    def pruned(self) -> "_Mixture":
        """Without the subtypes that have nobody, but for the largest of each label."""
        mass = self.q.sum(axis=0)
        keep = mass > NOBODY
        for label in np.unique(self.kind[~keep]):
            of = np.flatnonzero(self.kind == label)
            keep[of[mass[of].argmax()]] = True
        return self if keep.all() else replace(self, q=self.q[:, keep], kind=self.kind[keep], tried=self.tried[keep])
