"""BWA: a Bayesian weighted average of votes as numbers, each worker with a precision for each label. Pure arrays."""

from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from tawsim.core.errors import BadInput
from tawsim.truth.kernel import GroupedSum
from tawsim.truth.model import ChoiceModel, read_votes, sums_by, vote_cells, vote_shares
from tawsim.truth.votes import Votes

Floats = NDArray[np.float64]


class BWA(ChoiceModel):
    """Each label is a yes/no question whose answer is a number that workers measure with their own precision.

    Model, for each label k on its own, with y[t, w, k] = 1 where w gave t the label k and else 0:

        z[t, k] ~ N(μ[k], 1/λ)      y[t, w, k] ~ N(z[t, k], 1/v[w, k])      v[w, k] ~ Gamma(a, b[k])

    Coordinate ascent from the shares of votes, n(w) the votes of w, until no z moves by more than `tolerance`:

        v[w, k] = (a + n(w)) / (b[k] + Σ_t (z[t, k] - y[t, w, k])²)
        z[t, k] = (λ μ[k] + Σ_w v[w, k] y[t, w, k]) / (λ + Σ_w v[w, k])      μ[k] = mean of z[·, k]

    b[k] = a · 4 (1 - 1/K) · (mean of s (1 - s) over the votes, s the share of k in the task): a worker with no votes has
    the precision of the crowd, doubted more where there are many labels. p(t, ·) is z[t, ·] divided by its sum.

    Assumes that errors are small and even on both sides, which labels are not; what it buys is a posterior that is
    never over-sure (the lowest NLL of the methods measured) and convexity. Fails where most votes are for a wrong label.

    Paper: Y. Li, B. Rubinstein, T. Cohn, "Truth inference at scale: a Bayesian model for adjudicating highly redundant
    crowd annotations", WWW 2019. Where we depart: one vote of the most doubtful kind (variance 1/4) is added to the
    mean that sets b, as a unanimous crowd would otherwise get infinite precision; μ is taken over answered tasks.

    Cost per iteration: two passes over the N votes of K numbers each; memory 8 (4 T + 3 W) K bytes.

    Learned: those of `ChoiceModel`; `precision_` (W, K) v, `typical_precision_` (K,) a / b,
    `class_mean_` (K,) μ, `n_iter_`, `converged_`.

    >>> from tawsim.truth.choice.bwa import BWA
    >>> table = [(t, w, "cat" if t % 2 == (w == "max") else "dog") for t in range(9) for w in ("ann", "bob", "eva", "max")]
    >>> model = BWA().fit(table)
    >>> model.predict()[:2], bool(model.precision_[3, 0] < model.precision_[0, 0])
    (['cat', 'dog'], True)
    """

    precision_: Floats
    typical_precision_: Floats
    class_mean_: Floats
    n_iter_: int
    converged_: bool

    def __init__(
        self,
        *,
        prior_answers: float = 15.0,  # a, and λ below: the paper's, for all of its sets
        prior_precision: float = 1.0,
        tolerance: float = 1e-3,
        max_iterations: int = 200,
    ) -> None:
        if not (prior_answers > 0 and prior_precision > 0):
            raise BadInput("prior_answers and prior_precision are above 0.")
        if not (tolerance >= 0 and max_iterations >= 1):
            raise BadInput("tolerance is 0 or more, max_iterations 1 or more.")
        self.prior_answers = prior_answers
        self.prior_precision = prior_precision
        self.tolerance = tolerance
        self.max_iterations = max_iterations

    def fit(self, votes: Any) -> Self:
        """Learn truth and precisions."""
        votes = read_votes(votes)
        workers, labels = len(votes.workers), len(votes.labels)
        cells, said = vote_cells(votes), votes.worker.astype(np.int64) * labels + votes.label
        to_worker = GroupedSum(votes.worker, votes.task, workers)
        to_task = GroupedSum(votes.task, votes.worker, len(votes.tasks))
        answered = votes.per_task() > 0
        given = np.bincount(said, minlength=workers * labels).reshape(workers, labels)
        answers = given.sum(axis=1, keepdims=True)
        z = vote_shares(votes)
        doubt = self._doubt(votes, z)
        self.converged_, self.n_iter_ = False, 0
        while self.n_iter_ < self.max_iterations and not self.converged_:
            mean = z[answered].mean(axis=0)
            hit = sums_by(said, z.reshape(-1)[cells], given.size).reshape(given.shape)
            # Σ (z - y)² over the votes of a worker, with y one for the label said and else zero.
            error = to_worker(z * z) - 2 * hit + given
            precision = (self.prior_answers + answers) / (doubt + np.maximum(error, 0))
            pull = sums_by(cells, precision.reshape(-1)[said], z.size).reshape(z.shape)
            new = (self.prior_precision * mean + pull) / (self.prior_precision + to_task(precision))
            self.converged_ = bool(np.abs(new - z).max() <= self.tolerance)
            z, self.n_iter_ = new, self.n_iter_ + 1
        self.precision_, self.class_mean_, self.typical_precision_ = precision, mean, self.prior_answers / doubt
        return self._keep(votes, z / z.sum(axis=1, keepdims=True))

    def _judge(self, votes: Votes) -> Floats:
        precision = np.concatenate([self.precision_, self.typical_precision_[None]])
        own = precision[votes.worker, votes.label]
        pull = sums_by(vote_cells(votes), own, len(votes.tasks) * len(votes.labels)).reshape(-1, len(votes.labels))
        whole = GroupedSum(votes.task, votes.worker, len(votes.tasks))(precision)
        z = (self.prior_precision * self.class_mean_ + pull) / (self.prior_precision + whole)
        judged: Floats = z / z.sum(axis=1, keepdims=True)
        return judged

    def _doubt(self, votes: Votes, shares: Floats) -> Floats:
        """b (K,): the prior's share of the squared error."""
        spread = (votes.per_task()[:, None] * shares * (1 - shares)).sum(axis=0)
        variance = (spread + 0.25) / (len(votes) + 1)
        doubt: Floats = self.prior_answers * 4 * (1 - 1 / max(2, shares.shape[1])) * variance
        return doubt
