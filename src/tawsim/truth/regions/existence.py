"""Is there really an object, and which: EM over workers' hits, false alarms and labels. Knows no geometry."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tawsim.truth.answers import Answers
from tawsim.truth.regions.objects import Floats, Ints, ranges, tally

# What is expected of workers before any is seen: eight hits in ten real objects, one false object in ten sites. The crowd
# is worth MEAN_WEIGHT objects of that, and each worker WORKER_WEIGHT objects of the crowd, so that both give way soon.
HIT, FALSE = 0.8, 0.1
MEAN_WEIGHT = 5.0
WORKER_WEIGHT = 5.0
# Right labels among those given, likewise.
RIGHT = 0.8
# Places that look like an object are expected to be as many as the objects; worth this many of them.
SITES_WEIGHT = 10.0
MAX_ITERATIONS = 100
TOLERANCE = 1e-4


@dataclass(frozen=True, slots=True)
class Sightings:
    """For each cluster, every worker who answered its task: `cluster`, `worker`, `seen` (M,), sorted by cluster.

    `first` (C + 1,): cluster c has the sightings first[c] to first[c + 1]. `answers` (N,) worker and task of all answers,
    also of those without objects; `task` (C,) of each cluster.
    """

    cluster: Ints
    worker: Ints
    seen: NDArray[np.bool_]
    first: Ints
    task: Ints
    answer_task: Ints
    answer_worker: Ints
    tasks: int
    workers: int


def sightings(cluster: Ints, task: Ints, answer: Ints, starts: Ints, answers: Answers) -> Sightings:
    """From the cluster, task and answer of each object, and where each task's answers start."""
    clusters = int(cluster.max(initial=-1)) + 1
    of_cluster = np.zeros(clusters, np.int64)
    of_cluster[cluster] = task
    answer_task, answer_worker = answers.task.astype(np.int64), answers.worker.astype(np.int64)
    size = (starts[1:] - starts[:-1])[of_cluster]
    first = np.concatenate(([0], np.cumsum(size)))
    rows = ranges(starts[of_cluster], size)
    seen = np.zeros(len(rows), bool)
    seen[first[cluster] + answer - starts[task]] = True
    return Sightings(
        cluster=np.repeat(np.arange(clusters), size),
        worker=answer_worker[rows],
        seen=seen,
        first=first,
        task=of_cluster,
        answer_task=answer_task,
        answer_worker=answer_worker,
        tasks=len(starts) - 1,
        workers=len(answers.workers),
    )


@dataclass(frozen=True, slots=True)
class Judged:
    """`p` (C,) that each cluster is an object. Of each worker: `hits` (W, 2) of real objects found and missed, `false`
    (W,) false objects, all expected counts with the prior's; `hit_rate`, `false_rate` (W,); `sites` a task, and `looked`
    (W,) sites that each worker passed, with the prior's; `unseen` (T,) real objects that nobody drew, expected."""

    p: Floats
    hits: Floats
    false: Floats
    hit_rate: Floats
    false_rate: Floats
    sites: float
    looked: Floats
    unseen: Floats
    iterations: int


def judge(data: Sightings) -> Judged:
    """EM of the model in `model.py`. Objects that nobody drew count as misses of everybody in the task, so that hit rates
    are of all objects and not only of those that somebody drew."""
    hit, false = np.full(data.workers, HIT), np.full(data.workers, FALSE)
    per_worker = np.bincount(data.answer_worker, minlength=data.workers)
    mean_count = len(data.task) / data.tasks
    real = sites = max(mean_count, 1.0 / data.tasks)
    p = _probability(data, hit, false, real, sites)
    iterations, moved = 0, 1.0
    while iterations < MAX_ITERATIONS and moved >= TOLERANCE:
        iterations += 1
        missed = _by_task(data, np.log1p(-hit))
        unseen = real * missed
        hits = _hits(data, p, unseen)
        mean = (hits[:, 0].sum() + MEAN_WEIGHT * HIT) / (hits.sum() + MEAN_WEIGHT)
        hits += WORKER_WEIGHT * np.array([mean, 1 - mean])
        wrong = tally(data.worker, (1 - p)[data.cluster] * data.seen, data.workers)
        real = max((p.sum() + unseen.sum()) / data.tasks, 0.5 / data.tasks)
        noticed = 1 - _by_task(data, np.log1p(-false))
        sites = (SITES_WEIGHT + (1 - p).sum()) / (SITES_WEIGHT / max(real, 1e-9) + noticed.sum())
        looked = np.asarray(per_worker * sites, float)
        mean = (wrong.sum() + MEAN_WEIGHT * FALSE) / (looked.sum() + MEAN_WEIGHT)
        hit = hits[:, 0] / hits.sum(axis=1)
        wrong = wrong + WORKER_WEIGHT * mean
        false = np.minimum(wrong / (looked + WORKER_WEIGHT), 0.95)
        before, p = p, _probability(data, hit, false, real, sites)
        moved = float(np.abs(p - before).max(initial=0.0))
    unseen = real * _by_task(data, np.log1p(-hit))
    return Judged(p, hits, wrong, hit, false, float(sites), looked + WORKER_WEIGHT, unseen, iterations)


def _probability(data: Sightings, hit: Floats, false: Floats, real: float, sites: float) -> Floats:
    """p (C,) ∝ objects a task × what the workers did if it is real, against sites × the same if it is not."""
    found, passed = np.log(hit / false), np.log1p(-hit) - np.log1p(-false)
    log_odds = np.where(data.seen, found[data.worker], passed[data.worker])
    total = tally(data.cluster, log_odds, len(data.task)) + np.log(real / sites)
    return np.asarray(1 / (1 + np.exp(-np.clip(total, -500, 500))))


def _by_task(data: Sightings, log_value: Floats) -> Floats:
    """Product over the workers of each task, (T,), of what is given as logarithms (W,); below 1."""
    total = np.exp(tally(data.answer_task, log_value[data.answer_worker], data.tasks))
    return np.asarray(np.minimum(total, 1 - 1e-9))


def _hits(data: Sightings, p: Floats, unseen: Floats) -> Floats:
    """Expected objects that each worker found and missed, (W, 2)."""
    weight = p[data.cluster]
    found = tally(data.worker, weight * data.seen, data.workers)
    missed = tally(data.worker, weight * ~data.seen, data.workers)
    missed += tally(data.answer_worker, unseen[data.answer_task], data.workers)
    return np.stack([found, missed], axis=1)


@dataclass(frozen=True, slots=True)
class Named:
    """`label` (C,) the most probable label's code, -1 where none was given, and its probability `p` (C,) (1 where none
    was); `right` (W, 2) expected right and wrong labels of each worker, with the prior's; `tie` (C,)."""

    label: Ints
    p: Floats
    right: Floats
    tie: NDArray[np.bool_]


def name(cluster: Ints, worker: Ints, label: Ints, weight: Floats, workers: int, labels: int) -> Named:
    """One-coin EM over clusters: worker w names the right label with probability a_w, any other with
    (1 - a_w) / (labels - 1). `weight` (C,) the probability of each cluster, so that false ones teach nothing.

    Only labels that somebody gave are held, so the cost does not grow with the number of labels; what the others are
    worth together is counted in the sum of probabilities.
    """
    clusters = len(weight)
    given = label >= 0
    cluster, worker, label = cluster[given], worker[given], label[given]
    key = cluster * max(labels, 1) + label
    slots, slot = np.unique(key, return_inverse=True)
    slot = slot.reshape(-1)
    of = slots // max(labels, 1)
    distinct = np.bincount(of, minlength=clusters)
    posterior = np.bincount(slot, minlength=len(slots)) / np.maximum(np.bincount(cluster, minlength=clusters)[of], 1)
    right = np.zeros((workers, 2))
    for _ in range(MAX_ITERATIONS):
        good = tally(worker, weight[cluster] * posterior[slot], workers)
        bad = tally(worker, weight[cluster] * (1 - posterior[slot]), workers)
        mean = (good.sum() + MEAN_WEIGHT * RIGHT) / (good.sum() + bad.sum() + MEAN_WEIGHT)
        right = np.stack([good + WORKER_WEIGHT * mean, bad + WORKER_WEIGHT * (1 - mean)], axis=1)
        accuracy = right[:, 0] / right.sum(axis=1)
        lift = np.log(accuracy) - np.log((1 - accuracy) / max(labels - 1, 1))
        score = tally(slot, lift[worker], len(slots))  # against a label that nobody gave
        top = np.zeros(clusters)
        np.maximum.at(top, of, score)
        share = np.exp(score - top[of])
        total = tally(of, share, clusters) + (labels - distinct) * np.exp(-top)
        before, posterior = posterior, share / total[of]
        if np.abs(posterior - before).max(initial=0.0) < TOLERANCE:
            break
    return _best(of, slots % max(labels, 1), posterior, right, clusters)


def _best(of: Ints, label: Ints, posterior: Floats, right: Floats, clusters: int) -> Named:
    """The most probable label of each cluster, the first by name among equals."""
    p = np.zeros(clusters)
    np.maximum.at(p, of, posterior)
    best = np.flatnonzero(posterior >= p[of] - 1e-9)
    found = np.full(clusters, -1, np.int64)
    found[of[best[::-1]]] = label[best[::-1]]
    tie = np.bincount(of[best], minlength=clusters) > 1
    return Named(found, np.where(found >= 0, p, 1.0), right, tie)
