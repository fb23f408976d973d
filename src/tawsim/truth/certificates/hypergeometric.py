"""Tails of the hypergeometric distribution and the bounds they give, exact for ten million labels. Nothing else.

A sample of n out of N labels, K of which are wrong, holds X ~ Hypergeometric(N, K, n) wrong ones. Two ways to bound K
from the k that were seen:

* `excluded_exact`: the tail P(X ≤ k | K) is at most δ. For one look at a sample whose size was fixed beforehand.
* `excluded_anytime`: a martingale against K has reached 1/δ. For any number of looks, at any time.
"""

import math
from collections.abc import Callable

import numpy as np

# Terms of a tail are added this many at a time; most tails need one portion.
PORTION = 1024
# A term this small beside the sum changes no digit.
NEGLIGIBLE = 1e-18
# Tails are right to about 1e-12; a candidate on the very edge stays in, so that rounding never makes a bound too small.
EDGE = 1e-10

Excluded = Callable[[int, int, int, int, float], bool]


def log_pmf(population: int, wrong: int, sample: int, seen: int) -> float:
    """log P(X = seen) for X ~ Hypergeometric(population, wrong, sample); -inf where it is impossible.

    C. Loader's saddle-point form (“Fast and Accurate Computation of Binomial Probabilities”, 2000): three binomials with
    p = sample / population, free of the cancellation that log-gamma alone suffers at 10^7 (it loses 8 digits there).
    """
    if not max(0, sample + wrong - population) <= seen <= min(sample, wrong):
        return -math.inf
    if sample in (0, population):
        return 0.0
    p = sample / population
    q = (population - sample) / population
    inside = _log_binomial(seen, wrong, p, q)
    outside = _log_binomial(sample - seen, population - wrong, p, q)
    return inside + outside - _log_binomial(sample, population, p, q)


def cdf(population: int, wrong: int, sample: int, seen: int) -> float:
    """P(X ≤ seen), to about 12 digits of the smaller tail."""
    if seen < max(0, sample + wrong - population):
        return 0.0
    if seen >= min(sample, wrong):
        return 1.0
    # From the side of the mean where the terms fall.
    if seen <= sample * wrong / population:
        return min(_falling(population, wrong, sample, seen), 1.0)
    # Otherwise by the other tail: more than k wrong ones are at most n - k - 1 right ones.
    return max(0.0, 1.0 - _falling(population, population - wrong, sample, sample - seen - 1))


def survival(population: int, wrong: int, sample: int, seen: int) -> float:
    """P(X ≥ seen)."""
    return cdf(population, population - wrong, sample, sample - seen)


def excluded_exact(population: int, sample: int, seen: int, wrong: int, delta: float) -> bool:
    """Whether `seen` wrong labels or fewer would come with probability at most `delta` if `wrong` were wrong."""
    return cdf(population, wrong, sample, seen) <= delta * (1 - EDGE)


def excluded_anytime(population: int, sample: int, seen: int, wrong: int, delta: float) -> bool:
    """Whether the martingale against `wrong` wrong labels has reached 1 / `delta`."""
    return log_martingale(population, wrong, sample, seen) >= -math.log(delta) + EDGE


def log_martingale(population: int, wrong: int, sample: int, seen: int) -> float:
    """log of the mean likelihood under 0 … wrong - 1 wrong labels over that under `wrong`; 0 before any is looked at.

    If `wrong` is true this is a non-negative martingale with mean 1 in the order of the sample, so it ever reaches 1 / δ
    with probability at most δ (Ville 1939): the bound holds at all sample sizes at once. It is the prior-posterior ratio
    of Waudby-Smith and Ramdas (“Confidence sequences for sampling without replacement”, NeurIPS 2020). Where we depart:
    for an upper bound the mixture is uniform over what lies below the candidate alone, not over everything, which spares
    most of the log(n + 1) that the ratio pays for looking both ways. The sum has a closed form: C(K, k) C(N - K, n - k) /
    C(N + 1, n + 1) is the chance that the (k+1)-th smallest of n + 1 of N + 1 numbers is K + 1, so its sum over K < K₀ is
    a hypergeometric tail.
    """
    if wrong == 0:
        return 0.0 if seen == 0 else math.inf
    likelihood = log_pmf(population, wrong, sample, seen)
    if likelihood == -math.inf:
        return math.inf
    below = survival(population + 1, wrong, sample + 1, seen + 1)
    if below <= 0:
        return -math.inf
    return math.log(below) + math.log((population + 1) / (sample + 1)) - math.log(wrong) - likelihood


def most_wrong(population: int, sample: int, seen: int, delta: float, excluded: Excluded = excluded_exact) -> int:
    """The largest number of wrong labels that is not excluded: an upper bound on K that holds with probability 1 - δ.

    By bisection: a tail falls with K; and the martingale, once it is above 1, rises with K (below the share that was
    seen, what it is compared with is less likely still, and it stays under 1).
    """
    low, high = seen, population - (sample - seen)
    while low < high:
        middle = (low + high + 1) // 2
        if excluded(population, sample, seen, middle, delta):
            high = middle - 1
        else:
            low = middle
    return low


def least_wrong(population: int, sample: int, seen: int, delta: float, excluded: Excluded = excluded_exact) -> int:
    """The smallest number of wrong labels that is not excluded: the same bound on the right ones, mirrored."""
    return population - most_wrong(population, sample, sample - seen, delta, excluded)


def binomial_cdf(size: int, p: float, seen: int) -> float:
    """P(X ≤ seen) for X ~ Binomial(size, p)."""
    if seen >= size or p <= 0:
        return 1.0
    if p >= 1:
        return 0.0
    if seen > size * p:
        return max(0.0, 1.0 - binomial_cdf(size, 1 - p, size - seen - 1)) if seen < size else 1.0
    total, term, x = 0.0, math.exp(_log_binomial(seen, size, p, 1 - p)), seen
    while x >= 0 and term > NEGLIGIBLE * total:
        total += term
        term *= x / (size - x + 1) * (1 - p) / p
        x -= 1
    return min(total, 1.0)


def _falling(population: int, wrong: int, sample: int, seen: int) -> float:
    """P(X ≤ seen) for `seen` at or below the mean: the last term, and the shrinking ones before it by their ratios."""
    least = max(0, sample + wrong - population)
    if seen < least:
        return 0.0
    total, scale, x = 1.0, 1.0, seen
    while x > least:
        down = np.arange(x, max(least, x - PORTION), -1, dtype=float)
        ratio = down * (population - wrong - sample + down) / ((wrong - down + 1) * (sample - down + 1))
        terms = scale * np.cumprod(ratio)
        total += float(terms.sum())
        scale, x = float(terms[-1]), x - len(down)
        if scale < NEGLIGIBLE * total:
            break
    return math.exp(log_pmf(population, wrong, sample, seen)) * total


def _log_binomial(x: int, size: int, p: float, q: float) -> float:
    """log of C(size, x) p^x q^(size - x) by Loader's deviances."""
    if x == 0:
        return size * math.log1p(-p)
    if x == size:
        return size * math.log1p(-q)
    middle = _stirling_error(size) - _stirling_error(x) - _stirling_error(size - x)
    middle -= _deviance(x, size * p) + _deviance(size - x, size * q)
    return middle + 0.5 * math.log(size / (2 * math.pi * x * (size - x)))


def _stirling_error(n: int) -> float:
    """log n! less Stirling's formula for it."""
    if n < 16:
        return math.lgamma(n + 1) - (n + 0.5) * math.log(n) + n - 0.5 * math.log(2 * math.pi)
    square = n * n
    return (1 / 12 - (1 / 360 - (1 / 1260 - (1 / 1680 - 1 / (1188 * square)) / square) / square) / square) / n


def _deviance(x: float, mean: float) -> float:
    """x log(x / mean) + mean - x, without cancellation where x is near the mean."""
    if abs(x - mean) >= 0.1 * (x + mean):
        return x * math.log(x / mean) + mean - x
    v = (x - mean) / (x + mean)
    total, term, j = (x - mean) * v, 2 * x * v, 1
    while True:
        term *= v * v
        more = total + term / (2 * j + 1)
        if more == total:
            return total
        total, j = more, j + 1
