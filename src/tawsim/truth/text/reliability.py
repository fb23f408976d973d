"""How wrong each answer and each worker is, from how far the answers of a task lie from one another. Pure arrays.

Model, in shares of words: two answers a and b of one task that err independently are about as far apart as their errors
together, d_ab = e_a + e_b + noise(σ²), which three answers suffice to solve; e_a = m_w + noise(τ²) for worker w; and
m_w = m + noise(ω²) over workers; m itself has a prior, as have the variances, so that a few answers tell little. All
normal, so each step has a closed form; the variances are learned by EM. An answer alone in its task teaches nothing.
"""

import zlib
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tawsim.truth.text.distance import Ints, distances

Floats = NDArray[np.float64]
# An answer is compared with at most twice this many others of its task, so that a task with thousands of them stays cheap.
NEIGHBOURS = 32
ITERATIONS = 30
# What is held of m before any answer: the median worker has .17 and .30 of the words wrong on two real sets of transcripts,
# .63 and .75 on two of translations (whose gold is one wording of many). Between them, and as wide as they differ.
TYPICAL, TYPICAL_SPREAD = 0.3, 0.2
# And of each standard deviation: workers of these sets differ by .08 to .13. Held as firmly as this many observations hold it.
TYPICAL_NOISE, IMAGINED = 0.1, 5.0
# No variance is learned below this (a share of words, squared): identical answers would make others worthless.
LEAST_VARIANCE = 1e-4
# Errors that are reported and weighed lie within these.
LEAST, MOST = 0.005, 0.98
# Two-sided 95 % of a normal distribution.
NORMAL = 1.96


@dataclass(frozen=True, slots=True, eq=False)
class Pairs:
    """Distances `apart` (P,) of answers `first` and `second` (P,), as a share of the words of the longer, 0..1."""

    first: Ints
    second: Ints
    apart: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Reliability:
    """Expected share of wrong words: `answer` (N,), `worker` (W,) with its standard deviation `spread`; all 0..1.

    `pair_variance` σ², `answer_variance` τ², `worker_variance` ω²; `mean` m.
    """

    answer: Floats
    worker: Floats
    spread: Floats
    pair_variance: float
    answer_variance: float
    worker_variance: float
    mean: float


def pairs_of(texts: list[list[int]], starts: Ints) -> Pairs:
    """The pairs of answers to each task; those of task t are starts[t] to starts[t + 1].

    In a large task each answer meets those that follow it in an order scattered by what they say: no name decides.
    """
    first, second = [], []
    for start, end in zip(starts[:-1].tolist(), starts[1:].tolist(), strict=True):
        count = end - start
        if count <= 2 * NEIGHBOURS + 1:
            i, j = np.triu_indices(count, 1)
        else:
            scattered = sorted(range(count), key=lambda k: (_scatter(texts[start + k]), texts[start + k]))
            place = np.repeat(np.arange(count), NEIGHBOURS)
            near = (place + np.tile(1 + np.arange(NEIGHBOURS), count)) % count
            i, j = np.array(scattered)[place], np.array(scattered)[near]
        first.append(start + i)
        second.append(start + j)
    a, b = np.concatenate(first).astype(np.int64), np.concatenate(second).astype(np.int64)
    length = np.array([len(text) for text in texts], np.int64)
    longer = np.maximum(np.maximum(length[a], length[b]), 1)
    return Pairs(a, b, distances(texts, a, b) / longer)


def _scatter(text: list[int]) -> int:
    """A number that looks drawn at random, and depends on the text alone."""
    return zlib.crc32(np.array(text, np.int64).tobytes())


def reliability(pairs: Pairs, task: Ints, worker: Ints, tasks: int, workers: int) -> Reliability:
    """Solve the model of this module for answers with `task` and `worker` (N,)."""
    count = len(task)
    per_task = np.bincount(task, minlength=tasks)
    size = per_task[task].astype(float)
    met = np.bincount(pairs.first, minlength=count) + np.bincount(pairs.second, minlength=count)
    total = np.zeros(count)  # of no pairs at all, bincount makes whole numbers
    total += np.bincount(pairs.first, pairs.apart, count) + np.bincount(pairs.second, pairs.apart, count)
    total *= np.where(met > 0, (size - 1) / np.maximum(met, 1), 0)  # as if compared with all others
    met_others = (size > 1).astype(float)
    of_worker = np.bincount(worker, met_others, workers).astype(float)
    judged = float(met_others.sum())
    base, ratio = np.full(workers, TYPICAL), 1.0
    answer = base[worker]
    sigma = tau = omega = TYPICAL_NOISE**2
    for _ in range(ITERATIONS):
        answer = _solve(total, base[worker], ratio, task, per_task)
        rest = pairs.apart - answer[pairs.first] - answer[pairs.second]
        # A task with n answers fits n of its numbers, about half of each to the pairs.
        sigma = _variance(float((rest**2).sum()), max(len(rest) - judged / 2, 0.0))
        left = sigma / np.maximum(size - 1 + ratio, 1)
        tau = _variance(float((met_others * ((answer - base[worker]) ** 2 + left)).sum()), judged)
        own = np.bincount(worker, met_others * answer, workers) / np.maximum(of_worker, 1)
        mean, doubt = _mean(own, of_worker, (sigma, tau, omega))
        between = float((of_worker * (own - mean) ** 2).sum()) / max(judged, 1) - tau * workers / max(judged, 1)
        seen = int(np.count_nonzero(of_worker))
        omega = _variance(seen * max(between, 0.0), seen)
        known = of_worker / tau + 1 / omega
        base = (of_worker / tau * own + mean / omega) / known
        ratio = sigma / tau
    spread = np.sqrt(1 / known + (1 / omega / known) ** 2 * doubt)
    answer, base = np.clip(answer, LEAST, MOST), np.clip(base, LEAST, MOST)
    return Reliability(answer, base, spread, sigma, tau, omega, mean)


def _variance(squares: float, freedom: float) -> float:
    """The variance that `freedom` squares with the sum `squares` tell, with its prior."""
    return max(LEAST_VARIANCE, (IMAGINED * TYPICAL_NOISE**2 + squares) / (IMAGINED + freedom))


def _mean(own: Floats, answers: Floats, variances: tuple[float, float, float]) -> tuple[float, float]:
    """The mean m of workers whose answers (W,) err by `own` (W,), and its variance: data and prior by their precisions."""
    count = float(answers.sum())
    if not count:
        return TYPICAL, TYPICAL_SPREAD**2
    sigma, tau, omega = variances
    # Of a task's n answers the mean is known from n (n - 1) / 2 distances, each twice an error.
    noise = (sigma + tau) / count + omega * float((answers**2).sum()) / count**2
    known, prior = 1 / noise, 1 / TYPICAL_SPREAD**2
    return float((answers * own).sum() / count * known + TYPICAL * prior) / (known + prior), 1 / (known + prior)


def _solve(total: NDArray[Any], base: Floats, ratio: float, task: Ints, per_task: NDArray[np.int64]) -> Floats:
    """The e that minimise Σ_pairs (d - e_a - e_b)² + ratio Σ (e - base)² in each task, exactly.

    With R_a the sum of a's distances and S that of all e: e_a (n - 2 + ratio) = R_a + ratio base_a - S.
    """
    tasks = len(per_task)
    size = per_task.astype(float)
    sums = np.bincount(task, total + ratio * base, tasks) / np.maximum(2 * size - 2 + ratio, ratio)
    below = per_task[task] - 2 + ratio
    own = total + ratio * base - sums[task]
    # Two answers and a ratio near 0, or one and a ratio near 1, leave nothing to divide by: the worker's error then.
    usable = (per_task[task] > 1) & (below > 1e-6)
    return np.where(usable, own / np.where(usable, below, 1.0), base)
