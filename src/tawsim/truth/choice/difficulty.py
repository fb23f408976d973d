"""Difficulty: some tasks are hard for everybody. Worker ability times task easiness, in the manner of GLAD. Pure
arrays."""

import math
from statistics import NormalDist
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from tawsim.core.errors import BadInput
from tawsim.truth.choice.calibration import softmax
from tawsim.truth.model import ChoiceModel, check_fitted, read_votes, sums_by, vote_cells, vote_shares
from tawsim.truth.votes import Votes

Floats = NDArray[np.float64]
# A worker of whom nothing is known is right seven times in ten: the median over 21 real crowds is .705.
ASSUMED = 0.7
# One step may not move a parameter by more than this: far from the maximum the curvature says little.
LONGEST_STEP = 0.5


class Difficulty(ChoiceModel):
    """A vote is right with a probability that grows with the worker's ability a[w] and the task's easiness b[t] > 0.

    Model: z_t ~ π; logit p(w is right on t) = a[w] b[t] - log(K - 1); a wrong vote names any other label, evenly.
    a[w] ~ N(m, `ability_spread`²), log b[t] ~ N(0, `easiness_spread`²). Written so, ability 0 is guessing among K, and

        E: q[t, ·] = softmax(b[t] · A[t, ·] + log π),   A[t, k] = Σ_{w: y_tw = k} a[w]

    that is, a weighted vote of abilities at a temperature 1 / b[t] that each task finds for itself: where able workers
    disagree, the task is hard, and its posterior is flat. M: with r = q[t, y_tw] - p(right) a vote's surprise, one step
    of Fisher scoring for all a, then for all log b, none longer than half a unit; m is the mean of a.

        a[w] += (Σ_t r b[t] - (a[w] - m) / σ²) / (Σ_t p (1 - p) b[t]² + 1 / σ²)         log b[t] likewise

    Assumes that errors do not depend on the truth or lean to one label; π is even unless `class_prior` adds so many
    imagined tasks of each label to what is learned (see `OneCoin`).

    Paper: J. Whitehill et al., "Whose vote should count more: optimal integration of labels from labelers of unknown
    expertise" (GLAD), NeurIPS 2009. Where we depart: there ability 0 means right half of the time whatever K, here one
    time in K, which gives the closed E step; scoring steps for all at once in place of a gradient search; the mean
    ability is learned. Not calibrated, though less over-sure than one-coin.

    Cost per iteration: seven passes over the N votes of one number each, two tanh a vote (10⁵ votes: a fit takes about
    0.1 s, where crowd-kit's GLAD took 19 s an iteration); memory 8 (6 N + 3 T K) bytes.

    Learned: those of `ChoiceModel`; `ability_` (W,) in log odds, `ability_sd_` (W,) its standard error, `skill_` (W,)
    probability of being right on a task of easiness 1, `easiness_` (T,) above 0 (1 is typical), `class_prior_` (K,),
    `log_weight_` (T, K), `votes_per_task_` (T,), `log_posterior_`, `n_iter_`, `converged_`.

    >>> from tawsim.truth.choice.difficulty import Difficulty
    >>> table = [(t, w, "cat" if t % 2 else "dog") for t in range(9) for w in range(4)]
    >>> model = Difficulty().fit([*table, (9, 0, "cat"), (9, 1, "cat"), (9, 2, "cat"), (9, 3, "dog")])
    >>> model.predict()[8:], bool(model.easiness_[9] < model.easiness_[8])
    (['dog', 'cat'], True)
    """

    ability_: Floats
    ability_sd_: Floats
    skill_: Floats
    easiness_: Floats
    class_prior_: Floats
    log_weight_: Floats
    votes_per_task_: NDArray[np.int64]
    log_posterior_: float
    n_iter_: int
    converged_: bool

    def __init__(
        self,
        *,
        ability_spread: float = 1.0,  # both spreads are GLAD's; halves and doubles differ by 0.2 points over the sets
        easiness_spread: float = 1.0,
        class_prior: float = math.inf,
        tolerance: float = 1e-4,
        max_iterations: int = 100,
    ) -> None:
        if not (0 < ability_spread < math.inf and 0 < easiness_spread < math.inf):
            raise BadInput("ability_spread and easiness_spread are above 0.")
        if not class_prior > 0:
            raise BadInput("class_prior is above 0; infinity holds the labels equally frequent.")
        if not (tolerance >= 0 and max_iterations >= 1):
            raise BadInput("tolerance is 0 or more, max_iterations 1 or more.")
        self.ability_spread = ability_spread
        self.easiness_spread = easiness_spread
        self.class_prior = class_prior
        self.tolerance = tolerance
        self.max_iterations = max_iterations

    def fit(self, votes: Any) -> Self:
        """Learn truth, abilities and easiness."""
        votes = read_votes(votes)
        cells, labels = vote_cells(votes), len(votes.labels)
        self.votes_per_task_ = votes.per_task()
        answered = self.votes_per_task_ > 0
        guess = math.log(max(labels - 1, 1))
        ability = np.full(len(votes.workers), math.log(ASSUMED / (1 - ASSUMED)) + guess)
        log_easiness = np.zeros(len(votes.tasks))
        posterior = vote_shares(votes)
        self.converged_, self.n_iter_ = False, 0
        while self.n_iter_ < self.max_iterations and not self.converged_:
            self._maximise(votes, posterior.reshape(-1)[cells], ability, log_easiness)
            self.class_prior_ = self._class_prior(posterior[answered].sum(axis=0))
            weight = sums_by(cells, ability[votes.worker], posterior.size).reshape(posterior.shape)
            self.log_weight_ = weight * np.exp(log_easiness)[:, None] + np.log(self.class_prior_)
            new = softmax(self.log_weight_)
            moved = np.abs(new - posterior)[answered].sum() / 2
            self.converged_ = bool(moved / max(int(answered.sum()), 1) < self.tolerance)
            posterior, self.n_iter_ = new, self.n_iter_ + 1
        self.ability_, self.easiness_ = ability, np.exp(log_easiness)
        self.skill_ = _right(ability - guess)
        self.log_posterior_ = self._log_posterior(votes, guess)
        return self._keep(votes, posterior)

    def _judge(self, votes: Votes) -> Floats:
        """New tasks are taken to be of easiness 1, as nothing but their votes is known of them."""
        ability = np.append(self.ability_, self.ability_.mean())
        weight = sums_by(vote_cells(votes), ability[votes.worker], len(votes.tasks) * len(votes.labels))
        return softmax(weight.reshape(-1, len(votes.labels)) + np.log(self.class_prior_))

    def skill_interval(self, level: float = 0.95) -> tuple[Floats, Floats]:
        """Credible interval of `skill_`, low (W,) and high (W,): normal in log odds, the truth and b taken as given."""
        check_fitted(self)
        if not 0 < level < 1:
            raise BadInput(f"level is between 0 and 1, not {level!r}.")
        reach = NormalDist().inv_cdf((1 + level) / 2) * self.ability_sd_
        guess = math.log(max(len(self.labels_) - 1, 1))
        return _right(self.ability_ - reach - guess), _right(self.ability_ + reach - guess)

    def _maximise(self, votes: Votes, own: Floats, ability: Floats, log_easiness: Floats) -> None:
        """One step of scoring for `ability` (W,) and then `log_easiness` (T,), both in place; `own` (N,) is the
        posterior of each vote's label."""
        guess = math.log(max(len(votes.labels) - 1, 1))
        easiness = np.exp(log_easiness)[votes.task]
        right = _right(ability[votes.worker] * easiness - guess)
        slope = sums_by(votes.worker, (own - right) * easiness, len(ability))
        bend = sums_by(votes.worker, right * (1 - right) * easiness**2, len(ability)) + self.ability_spread**-2
        slope -= (ability - ability.mean()) / self.ability_spread**2
        ability += np.clip(slope / bend, -LONGEST_STEP, LONGEST_STEP)
        self.ability_sd_ = 1 / np.sqrt(bend)
        product = ability[votes.worker] * easiness
        right = _right(product - guess)
        slope = sums_by(votes.task, (own - right) * product, len(log_easiness)) - log_easiness / self.easiness_spread**2
        bend = sums_by(votes.task, right * (1 - right) * product**2, len(log_easiness)) + self.easiness_spread**-2
        log_easiness += np.clip(slope / bend, -LONGEST_STEP, LONGEST_STEP)

    def _class_prior(self, per_class: Floats) -> Floats:
        """π (K,)."""
        if math.isinf(self.class_prior):
            return np.full(len(per_class), 1 / len(per_class))
        learned: Floats = (per_class + self.class_prior) / (per_class + self.class_prior).sum()
        return learned

    def _log_posterior(self, votes: Votes, guess: float) -> float:
        """Log-likelihood of all votes and log prior of abilities and easiness, up to a constant."""
        product = self.ability_[votes.worker] * self.easiness_[votes.task] - guess
        wrong = -np.logaddexp(0, product).sum() - guess * len(votes)
        top = self.log_weight_.max(axis=1)
        of_tasks = top + np.log(np.exp(self.log_weight_ - top[:, None]).sum(axis=1))
        ability = (((self.ability_ - self.ability_.mean()) / self.ability_spread) ** 2).sum() / 2
        easiness = ((np.log(self.easiness_) / self.easiness_spread) ** 2).sum() / 2
        return float(of_tasks.sum() + wrong - ability - easiness)


def _right(log_odds: Floats) -> Floats:
    """The probability with these log odds; tanh neither overflows nor warns."""
    probability: Floats = 0.5 + 0.5 * np.tanh(0.5 * log_odds)
    return probability
