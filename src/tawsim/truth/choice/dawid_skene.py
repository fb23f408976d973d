"""Dawid and Skene's model of workers who confuse labels, by EM to the maximum of the posterior (MAP). Pure arrays."""

from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from tawsim.core.errors import BadInput, TooLarge
from tawsim.truth.choice.calibration import HiddenVotes, sample_of_tasks, softmax, vote_correlation, worth
from tawsim.truth.kernel import EMStep, GroupedSum
from tawsim.truth.model import best_labels, check_fitted, read_votes
from tawsim.truth.state import Restorable
from tawsim.truth.votes import Votes

# Cells of the largest table a fit may hold (8 bytes each, about four tables at once).
MAX_CELLS = 60_000_000


class DawidSkene(Restorable):
    """Each worker w has a confusion matrix: conf[w, k, l] = p(w says l | the truth is k), learned together with the
    truth.

    Model: truth z_t ~ π; votes independent given the truth, p(y_tw = l | z_t = k) = conf[w, k, l]. EM:

        E: q[t, k] ∝ π[k] · Π_w conf[w, k, y_tw]
        M: conf[w, k, l] ∝ Σ_{t: y_tw = l} q[t, k] + a[k, l]        π[k] ∝ Σ_t q[t, k] + class_prior

    a[k, ·] holds `prior_strength` imagined answers of every worker to every truth: a share `pooling` of them spread as
    the whole crowd answers against the majority, the rest with `prior_diagonal` on the right label and the remainder
    evenly. So a worker with few answers looks like the crowd, and label names cannot be swapped by mistake.
    EM starts from the shares of votes and stops when the posterior moves less than `tolerance` (mean over tasks of half
    the absolute change) or after `max_iterations`.

    Papers: A. P. Dawid and A. M. Skene, "Maximum likelihood estimation of observer error-rates using the EM algorithm",
    Applied Statistics 28 (1979). Dirichlet prior on the rows: V. Raykar et al., "Learning from crowds", JMLR 11 (2010).
    Where we depart: the MAP prior with its pooled part (1979 maximises the likelihood and lets rare cells be zero); the
    prior's pooled part is fixed at the start (empirical Bayes), so that the log posterior rises at each step; one
    answer per worker and task; and `predict_proba` is calibrated: see tawsim/truth/choice/calibration.py. `posterior_` is
    not, and must not be shown to anybody as a probability.

    Assumes that labels mean the same in every task and that workers do not copy one another.
    Cost per iteration: two passes over the N votes of K numbers each, and W K² logarithms; memory 8 (T + 4 W K) K
    bytes.

    Learned: `labels_` (K,), `tasks_` (T,), `workers_` (W,), `confusion_` (W, K, K) [worker, truth, said],
    `class_prior_` (K,), `posterior_` (T, K), `ties_` (T,), `vote_correlation_` (0..1), `n_iter_`, `converged_`,
    `log_likelihood_`, `log_posterior_` (one value an iteration, up to a constant), `prior_answers_` (K, K) [truth,
    said], `log_weight_` (T, K) log posterior before it is normalised and calibrated, `votes_per_task_` (T,),
    `repeated_`.

    >>> from tawsim.truth import DawidSkene, Votes
    >>> table = [(t, w, "cat" if (t + (w == "max")) % 2 else "dog") for t in range(20) for w in ("ann", "bob", "max")]
    >>> model = DawidSkene().fit(table)
    >>> model.predict()[:2], bool(model.confusion_[2, 0, 1] > 0.8)
    (['dog', 'cat'], True)
    """

    labels_: tuple[Any, ...]
    tasks_: tuple[Any, ...]
    workers_: tuple[Any, ...]
    ties_: NDArray[np.bool_]
    confusion_: NDArray[np.float64]
    class_prior_: NDArray[np.float64]
    posterior_: NDArray[np.float64]
    prior_answers_: NDArray[np.float64]
    log_weight_: NDArray[np.float64]
    votes_per_task_: NDArray[np.int64]
    vote_correlation_: float
    repeated_: int

    def __init__(
        self,
        *,
        prior_strength: float = 2.0,  # best mean over the sets among 1, 2, 3, 4; they differ by 0.3 points
        prior_diagonal: float = 0.5,
        pooling: float = 0.5,  # as good as 1 on average, and keeps half of the prior out of the hands of a bad crowd
        class_prior: float = 1.0,
        tolerance: float = 1e-4,  # 1e-2 and 1e-3 are as accurate within noise; this one is reached in 3 to 60 steps
        max_iterations: int = 60,
        calibrate: bool = True,
    ) -> None:
        if not (prior_strength > 0 and class_prior > 0 and 0 <= prior_diagonal < 1 and 0 <= pooling <= 1):
            raise BadInput("Priors: prior_strength and class_prior above 0, prior_diagonal in 0..1, pooling in 0..1.")
        if not (tolerance >= 0 and max_iterations >= 1):
            raise BadInput("tolerance is 0 or more, max_iterations 1 or more.")
        self.prior_strength = prior_strength
        self.prior_diagonal = prior_diagonal
        self.pooling = pooling
        self.class_prior = class_prior
        self.tolerance = tolerance
        self.max_iterations = max_iterations
        self.calibrate = calibrate

    def fit(self, votes: Any) -> Self:
        """Learn truth and confusions. Raises `TooLarge` where workers × labels² or tasks × labels are too many."""
        votes = read_votes(votes)
        check_size(votes)
        sizes = {"tasks": len(votes.tasks), "workers": len(votes.workers), "labels": len(votes.labels)}
        step = EMStep(votes.task, votes.worker, votes.label, **sizes)
        per_task = votes.per_task()
        answered = max(int((per_task > 0).sum()), 1)
        posterior = votes.counts() / np.maximum(per_task, 1)[:, None]
        prior = self._prior(step.count(posterior), len(votes.labels))
        per_class = step.per_class(posterior)
        history: list[float] = []
        self.converged_ = False
        while len(history) < self.max_iterations and not self.converged_:
            penalty = float((step.maximise(prior) * prior).sum())
            class_prior = (per_class + self.class_prior) / (per_class + self.class_prior).sum()
            penalty += float(self.class_prior * np.log(class_prior).sum())
            moved, self.log_likelihood_, per_class = step.expect(np.log(class_prior), posterior)
            history.append(self.log_likelihood_ + penalty)
            self.converged_ = moved / answered < self.tolerance
        self.labels_, self.tasks_, self.workers_ = votes.labels, votes.tasks, votes.workers
        self.repeated_ = votes.repeated
        self.posterior_, self.class_prior_, self.prior_answers_ = posterior, class_prior, prior.T
        self.n_iter_, self.log_posterior_ = len(history), np.array(history)
        self.ties_ = best_labels(posterior)[1]
        log_conf = step.log_confusion()
        self.confusion_ = np.exp(log_conf).transpose(0, 2, 1)
        self.log_weight_, self.votes_per_task_ = step.weigh(np.log(class_prior)), per_task
        self.vote_correlation_ = 0.0
        if self.calibrate:
            self.vote_correlation_ = vote_correlation(self._hide_votes(votes, step.counted(), log_conf, prior))
        return self

    def predict(self, votes: Any = None) -> list[Any]:
        """The most probable label of every task, (T,): those of the fit, or of other `votes`, with what was learned."""
        return [self.labels_[k] for k in best_labels(self.predict_proba(votes))[0]]

    def predict_proba(self, votes: Any = None) -> NDArray[np.float64]:
        """Calibrated probability of each label, (T, K), for the tasks of the fit, or of other `votes`.

        A worker unknown to the fit counts as the typical one of the prior. Raises `BadInput` for an unknown label.
        """
        check_fitted(self)
        if votes is None:
            return softmax(worth(self.votes_per_task_, self.vote_correlation_)[:, None] * self.log_weight_)
        other = Votes.from_table(votes)
        unknown = [label for label in other.labels if label not in self.labels_]
        if unknown:
            raise BadInput(f"The label {str(unknown[0])[:80]!r} was not among those learned.")
        place = {worker: i for i, worker in enumerate(self.workers_)}
        row = np.array([place.get(worker, len(place)) for worker in other.workers])
        typical = self.prior_answers_ / self.prior_answers_.sum(axis=1, keepdims=True)
        confusion = np.concatenate([self.confusion_, typical[None]])[row]
        said = np.array([self.labels_.index(label) for label in other.labels])[other.label]
        log_conf = np.log(confusion.transpose(0, 2, 1)).reshape(-1, len(self.labels_))
        cells = other.worker.astype(np.int64) * len(self.labels_) + said
        log_weight = GroupedSum(other.task, cells, len(other.tasks))(log_conf) + np.log(self.class_prior_)
        return softmax(worth(other.per_task(), self.vote_correlation_)[:, None] * log_weight)

    def _prior(self, table: NDArray[np.float64], classes: int) -> NDArray[np.float64]:
        """Imagined answers (K, K) [said, truth] of every worker, from the crowd's answers against the majority."""
        plain = np.full((classes, classes), (1 - self.prior_diagonal) / classes) + self.prior_diagonal * np.eye(classes)
        crowd = table.reshape(-1, classes, classes).sum(axis=0) + plain
        crowd /= crowd.sum(axis=0)
        prior: NDArray[np.float64] = self.prior_strength * ((1 - self.pooling) * plain + self.pooling * crowd)
        return prior

    def _hide_votes(
        self, votes: Votes, table: NDArray[np.float64], log_conf: NDArray[np.float64], prior: NDArray[np.float64]
    ) -> HiddenVotes:
        """Votes of a sample of tasks, each with what the other votes say."""
        chosen = sample_of_tasks(self.votes_per_task_)[votes.task]
        task, worker, label = votes.task[chosen], votes.worker[chosen], votes.label[chosen]
        own = self.posterior_[task]
        per_truth = table.sum(axis=1)[worker]
        # What this vote itself added to the counts is taken out again, as if the worker had never given it.
        likelihood = (np.maximum(table[worker, label] - own, 0) + prior[label]) / (
            np.maximum(per_truth - own, 0) + prior.sum(axis=0)
        )
        return HiddenVotes(self.log_weight_[task] - log_conf[worker, label], likelihood, self.votes_per_task_[task] - 1)


def check_size(votes: Votes) -> None:
    """Raises `TooLarge` where the tables of a fit would not fit in memory."""
    tasks, workers, labels = len(votes.tasks), len(votes.workers), len(votes.labels)
    if max(workers * labels, tasks) * labels > MAX_CELLS:
        raise TooLarge(
            f"{workers} workers and {tasks} tasks with {labels} labels are too many for confusion matrices.",
            "Use model='majority', or fewer labels.",
        )
