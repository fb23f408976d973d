"""Dawid–Skene past one machine: the same EM as map and reduce of sufficient statistics over shards. Pure functions.

    map     statistics = shard_step(shard, model)         needs one shard and the model, and nothing else
    reduce  combine(statistics, statistics, …)
    then    model = update(model, statistics)

A shard holds all votes of its tasks. A cluster can send `shard_step` where the shards are: what travels is W K² numbers each
way. `fit_shards` does it in this process, reading shards again in every iteration, so that memory holds one of them (one a
thread) and the tables of the workers. How shards are stored and read is the caller's business.
"""

import copy
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tawsim.core.errors import BadInput
from tawsim.truth.choice.calibration import ENOUGH_VOTES, HiddenVotes, softmax, vote_correlation, worth
from tawsim.truth.choice.dawid_skene import DawidSkene
from tawsim.truth.columns import read_column
from tawsim.truth.kernel import EMStep
from tawsim.truth.model import best_labels
from tawsim.truth.votes import COLUMNS, Votes, columns_of

Floats = NDArray[np.float64]
Shards = Sequence[Any] | Callable[[], Iterable[Any]]


@dataclass(frozen=True, slots=True, eq=False)
class Shard:
    """All votes of some tasks, sorted by task: `task` (n,) are positions in `tasks`; `worker` and `label` (n,) are positions
    in the workers and labels of all shards."""

    task: NDArray[np.integer]
    worker: NDArray[np.integer]
    label: NDArray[np.integer]
    tasks: tuple[Any, ...]

    def per_task(self) -> NDArray[np.int64]:
        """Votes a task, (T,)."""
        return np.bincount(self.task, minlength=len(self.tasks))


@dataclass(frozen=True, slots=True, eq=False)
class ShardModel:
    """What a shard must know: `log_confusion` (W, K, K) [worker, said, truth] and `log_prior` (K,), and the same of the
    iteration before, by which the movement of a posterior is told that nobody kept."""

    log_confusion: Floats
    log_prior: Floats
    before: tuple[Floats, Floats] | None
    log_prior_density: float


@dataclass(frozen=True, slots=True, eq=False)
class Statistics:
    """What a shard tells: expected `counts` (W, K, K) [worker, said, truth]; `per_class` (K,); `tasks` with votes, and of
    these the ones that have several (`shared`) with their votes; `moved`, Σ of half the absolute change of posteriors."""

    counts: Floats
    per_class: Floats
    tasks: int
    shared: int
    shared_votes: int
    moved: float
    log_likelihood: float


class Decided(NamedTuple):
    """The truth of one shard: `tasks` (T), `labels` (T), `probability` (T, K) calibrated, `ties` (T,)."""

    tasks: tuple[Any, ...]
    labels: list[Any]
    probability: Floats
    ties: NDArray[np.bool_]


def shard_start(shard: Shard, workers: int, labels: int) -> Statistics:
    """The statistics of a shard whose posteriors are the shares of votes: where EM starts."""
    step, posterior = _step(shard, workers, labels), _shares(shard, labels)
    return _statistics(shard, step.count(posterior), step.per_class(posterior), 0.0, 0.0)


def shard_step(shard: Shard, model: ShardModel) -> Statistics:
    """The E step of a shard and the counts for the next M step. Two passes over the votes: with the model before, for the
    posteriors as they were, and with the model as it is."""
    workers, labels = model.log_confusion.shape[:2]
    step = _step(shard, workers, labels)
    posterior = _shares(shard, labels) if model.before is None else np.zeros((len(shard.tasks), labels))
    if model.before is not None:
        step.believe(model.before[0])
        step.expect(model.before[1], posterior)
    step.believe(model.log_confusion)
    told = step.expect(model.log_prior, posterior)
    return _statistics(shard, step.counted(), told.per_class, told.moved, told.log_likelihood)


def combine(*statistics: Statistics) -> Statistics:
    """The statistics of several shards together, summed in the order given."""
    first, *others = statistics
    counts, per_class = first.counts.copy(), first.per_class.copy()
    for other in others:
        counts += other.counts
        per_class += other.per_class
    names = ("tasks", "shared", "shared_votes", "moved", "log_likelihood")
    sums = {name: sum(getattr(one, name) for one in statistics) for name in names}
    return Statistics(counts, per_class, **sums)


def update(model: ShardModel | None, statistics: Statistics, imagined: Floats, class_prior: float = 1.0) -> ShardModel:
    """The M step. `imagined` (K, K) [said, truth] are the imagined answers of each worker, `class_prior` those of each
    class; see `DawidSkene`. `model` is the one before, None at the start."""
    table = statistics.counts + imagined
    table /= table.sum(axis=1, keepdims=True)
    log_confusion = np.log(table, out=table)
    share = statistics.per_class + class_prior
    log_prior = np.log(share / share.sum())
    density = float((log_confusion.sum(axis=0) * imagined).sum() + class_prior * log_prior.sum())
    before = None if model is None else (model.log_confusion, model.log_prior)
    return ShardModel(log_confusion, log_prior, before, density)


class ShardedFit:
    """What `fit_shards` learned; goes through the shards again for the truth of their tasks.

    `labels_` (K,), `workers_` (W,), `confusion_` (W, K, K) [worker, truth, said], `class_prior_` (K,), `vote_correlation_`,
    `prior_answers_` (K, K) [truth, said], `n_iter_`, `converged_`, `log_posterior_` (one value an iteration), `tasks_seen_`.
    """

    def __init__(
        self, read: "_Reader", model: ShardModel, imagined: Floats, history: list[float], converged: bool
    ) -> None:
        self._read, self._model = read, model
        self.labels_, self.workers_ = tuple(read.labels), tuple(read.workers)
        self.confusion_ = np.exp(model.log_confusion).transpose(0, 2, 1)
        self.class_prior_, self.prior_answers_ = np.exp(model.log_prior), imagined.T
        self.log_posterior_, self.n_iter_, self.converged_ = np.array(history), len(history), converged
        self.vote_correlation_ = 0.0
        self.tasks_seen_ = 0

    def decide(self) -> Iterator[Decided]:
        """The truth of each shard in turn, also of one without votes."""
        for shard in self._read.every_shard():
            if shard is None:
                nothing = np.zeros((0, len(self.labels_)))
                yield Decided((), [], nothing, np.zeros(0, bool))
                continue
            weight = _weigh(shard, self._model)
            p = softmax(worth(shard.per_task(), self.vote_correlation_)[:, None] * weight)
            best, ties = best_labels(p)
            yield Decided(shard.tasks, [self.labels_[k] for k in best], p, ties)


def fit_shards(
    shards: Shards, *, labels: Sequence[Any] | None = None, model: DawidSkene | None = None, threads: int = 1
) -> ShardedFit:
    """Dawid–Skene over `shards`: tables of votes, each with all votes of its tasks, or a function that gives an iterable of
    them anew whenever it is called (then one is held at a time: they may be files, larger than memory together).

    `model` has the settings (default: `DawidSkene()`), `labels` fixes the labels and their order. `threads` shards are
    worked on at a time. The result is that of `DawidSkene.fit` on all votes together (to 1e-6), and the same whatever the
    number of threads; a shard without votes changes nothing. Shards are read n_iter_ + 3 times, and each E step is taken
    twice, since posteriors are not kept.
    Memory: `threads` shards, 40 W K² bytes and twice that a thread, 8 bytes a task to see that no task is in two shards.

    Raises `BadInput`: no votes at all, a task in two shards, and whatever `Votes.from_table` does not take.

    >>> shards = [[("t1", "ann", "a"), ("t1", "bob", "a")], [("t2", "ann", "b"), ("t2", "bob", "b")]]
    >>> fit = fit_shards(shards)
    >>> [list(zip(part.tasks, part.labels)) for part in fit.decide()]
    [[('t1', 'a')], [('t2', 'b')]]
    """
    settings = copy.copy(model) if model is not None else DawidSkene()
    read = _Reader(shards, labels, threads)
    read.survey()
    workers, classes = len(read.workers), len(read.labels)
    statistics = read.reduce(lambda shard: shard_start(shard, workers, classes))
    imagined = settings._prior(statistics.counts, classes)
    state: ShardModel | None = None
    history: list[float] = []
    converged = False
    while len(history) < settings.max_iterations and not converged:
        state = update(state, statistics, imagined, settings.class_prior)
        now = state
        statistics = read.reduce(lambda shard, now=now: shard_step(shard, now))  # type: ignore[misc]
        history.append(statistics.log_likelihood + state.log_prior_density)
        converged = statistics.moved / max(statistics.tasks, 1) < settings.tolerance
    assert state is not None
    fit = ShardedFit(read, replace(state, before=None), imagined, history, converged)
    fit.tasks_seen_ = statistics.tasks
    if settings.calibrate:
        fit.vote_correlation_ = vote_correlation(_hide_votes(read, state, statistics, imagined))
    return fit


class _Reader:
    """Reads shards, again and again: names become positions among those of all shards."""

    def __init__(self, shards: Shards, labels: Sequence[Any] | None, threads: int) -> None:
        if threads < 1:
            raise BadInput("threads is 1 or more.")
        if isinstance(shards, Iterator):
            raise BadInput(
                "Shards are read several times, and an iterator only once.", "Hand over a list or a function."
            )
        self._shards, self._threads, self._fixed = shards, threads, labels
        self.workers: Sequence[Any] = ()
        self.labels: Sequence[Any] = ()
        self._worker: Mapping[Any, int] = {}
        self._label: Mapping[Any, int] = {}

    def survey(self) -> None:
        """The first reading: who there is, which labels there are, and that no task is in two shards."""
        workers: set[Any] = set()
        labels: set[Any] = set()
        tasks = []
        given = 0
        for table in self._tables():
            given += 1
            votes = _votes_of(table, self._fixed)
            if votes is None:
                continue
            workers.update(votes.workers)
            labels.update(votes.labels)
            tasks.append(np.fromiter(map(hash, votes.tasks), np.int64, len(votes.tasks)))
        if not tasks:
            what = "There are no votes in any shard." if given else "There are no shards."
            raise BadInput(what, "Each is a table of votes: task, worker, label.")
        seen = np.concatenate(tasks)
        seen.sort()
        if bool((seen[1:] == seen[:-1]).any()):
            raise BadInput("A task is in two shards.", "Split votes so that all votes of a task are in one of them.")
        # In the order in which one table of all votes would have them.
        one_each = Votes.from_columns([0] * len(workers), list(workers), [0] * len(workers))
        self.workers = one_each.workers
        self.labels = Votes.from_columns([0] * len(labels), range(len(labels)), list(labels), self._fixed).labels
        self._worker = {name: i for i, name in enumerate(self.workers)}
        self._label = {name: i for i, name in enumerate(self.labels)}

    def shards(self) -> Iterator[Shard]:
        """Each shard with votes in turn."""
        return (shard for shard in self.every_shard() if shard is not None)

    def every_shard(self) -> Iterator[Shard | None]:
        """Each shard in turn, None for one without votes."""
        return map(self._read, self._tables())

    def reduce(self, step: Callable[[Shard], Statistics]) -> Statistics:
        """`step` of every shard, combined in their order, so that the number of threads changes nothing."""
        total: Statistics | None = None
        for statistics in self._map(step):
            total = statistics if total is None else combine(total, statistics)
        assert total is not None
        return total

    def _map(self, step: Callable[[Shard], Statistics]) -> Iterator[Statistics]:
        if self._threads == 1:
            yield from map(step, self.shards())
            return
        with ThreadPoolExecutor(self._threads) as pool:
            running: deque[Future[Statistics | None]] = deque()
            for table in self._tables():
                running.append(pool.submit(self._stepped, table, step))
                if len(running) >= self._threads:
                    yield from filter(None, [running.popleft().result()])
            while running:
                yield from filter(None, [running.popleft().result()])

    def _stepped(self, table: Any, step: Callable[[Shard], Statistics]) -> Statistics | None:
        shard = self._read(table)
        return None if shard is None else step(shard)

    def _tables(self) -> Iterable[Any]:
        return self._shards() if callable(self._shards) else self._shards

    def _read(self, table: Any) -> Shard | None:
        votes = _votes_of(table, self._fixed)
        if votes is None:
            return None
        try:
            worker = np.array([self._worker[name] for name in votes.workers], np.int32)[votes.worker]
            label = np.array([self._label[name] for name in votes.labels], np.int32)[votes.label]
        except KeyError as error:
            raise BadInput(f"{error.args[0]!r} was not there when the shards were read before.") from None
        return Shard(votes.task, worker, label, votes.tasks)


def _votes_of(table: Any, labels: Sequence[Any] | None) -> Votes | None:
    """The votes of any table, None where it has no row: work is split by keys that not every shard need have."""
    if isinstance(table, Votes):
        return table if len(table) else None
    if isinstance(table, list | tuple) and not table:
        return None
    task, worker, label = (read_column(column) for column in columns_of(table, COLUMNS))
    some = len(task) or len(worker) or len(label)
    return Votes.from_columns(task, worker, label, labels) if some else None


def _step(shard: Shard, workers: int, labels: int) -> EMStep:
    return EMStep(shard.task, shard.worker, shard.label, tasks=len(shard.tasks), workers=workers, labels=labels)


def _shares(shard: Shard, labels: int) -> Floats:
    """Shares of the votes of each task, (T, K)."""
    cell = shard.task.astype(np.int64) * labels + shard.label
    votes = np.bincount(cell, minlength=len(shard.tasks) * labels).reshape(-1, labels)
    shares: Floats = votes / np.maximum(votes.sum(axis=1, keepdims=True), 1)
    return shares


def _weigh(shard: Shard, model: ShardModel) -> Floats:
    """log π + Σ log conf, (T, K)."""
    step = _step(shard, *model.log_confusion.shape[:2])
    step.believe(model.log_confusion)
    return step.weigh(model.log_prior)


def _statistics(shard: Shard, counts: Floats, per_class: Floats, moved: float, log_likelihood: float) -> Statistics:
    per_task = shard.per_task()
    shared = per_task > 1
    return Statistics(
        counts=counts,
        per_class=per_class,
        tasks=int((per_task > 0).sum()),
        shared=int(shared.sum()),
        shared_votes=int(per_task[shared].sum()),
        moved=moved,
        log_likelihood=log_likelihood,
    )


def _hide_votes(read: _Reader, model: ShardModel, statistics: Statistics, imagined: Floats) -> HiddenVotes:
    """Votes of a sample of tasks, each with what the other votes say; the sample is that of `sample_of_tasks` on all tasks."""
    every = max(-(-statistics.shared_votes // ENOUGH_VOTES), 1)
    parts, seen = [], 0
    per_truth = statistics.counts.sum(axis=1)
    for shard in read.shards():
        per_task = shard.per_task()
        shared = per_task > 1
        number = seen + np.cumsum(shared)
        seen += int(shared.sum())
        chosen = (shared & (number % every == 0))[shard.task]
        weight = _weigh(shard, model)
        task, worker, label = shard.task[chosen], shard.worker[chosen], shard.label[chosen]
        own = softmax(weight[task]) if len(task) else weight[task]
        likelihood = (np.maximum(statistics.counts[worker, label] - own, 0) + imagined[label]) / (
            np.maximum(per_truth[worker] - own, 0) + imagined.sum(axis=0)
        )
        parts.append(HiddenVotes(weight[task] - model.log_confusion[worker, label], likelihood, per_task[task] - 1))
    return HiddenVotes(*(np.concatenate(column) for column in zip(*parts, strict=True)))
