"""The beta distribution in NumPy: distribution function and exact quantiles, for credible intervals. Nothing else."""

import math

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
# The continued fraction needs about sqrt(max(a, b)) terms where it is used; this many reach 10^7 answers.
MAX_TERMS = 5_000
TINY = 1e-300
# Log-odds beyond which a probability is 0 or 1 in 64 bits, with room for the small ones.
FARTHEST = 600.0


def beta_cdf(x: Floats, a: Floats, b: Floats) -> Floats:
    """P(X ≤ x) for X ~ Beta(a, b), element by element; x in 0..1, a and b above 0. Relative error about 1e-12.

    Lentz's evaluation of the continued fraction of the incomplete beta function (DLMF 8.17.22), used on the side of the
    mean where it converges fast, and mirrored on the other.
    """
    x, a, b = (np.asarray(value, float) for value in np.broadcast_arrays(x, a, b))
    return _cdf(x, a, b, _log_beta(a, b))


def beta_quantile(p: Floats, a: Floats, b: Floats) -> Floats:
    """The x with P(X ≤ x) = p for X ~ Beta(a, b), element by element, to about 1e-12; p in 0..1, a and b above 0.

    Newton's steps in log-odds, where the distribution is nearest to normal, kept inside a bisection.
    """
    p, a, b = (np.array(value, float) for value in np.broadcast_arrays(p, a, b))
    inside = (p > 0) & (p < 1)
    p, a, b, ends = p[inside], a[inside], b[inside], p
    log_beta = _log_beta(a, b)
    low, high = np.full(p.shape, -FARTHEST), np.full(p.shape, FARTHEST)
    # Start: the log-odds of a beta have about this mean and spread; 1.7 turns a logistic quantile into a normal one.
    spread = np.sqrt(1 / a + 1 / b)
    odds = np.log(a / b) + np.log(p / (1 - p)) / 1.7 * spread
    odds = np.clip(odds, -FARTHEST, FARTHEST)
    for _ in range(100):
        x = 1 / (1 + np.exp(-odds))
        error = _cdf(x, a, b, log_beta) - p
        high, low = np.where(error > 0, odds, high), np.where(error > 0, low, odds)
        with np.errstate(all="ignore"):
            newton = error / np.exp(a * np.log(x) + b * np.log1p(-x) - log_beta)
            newton = odds - np.clip(newton, -3 * spread, 3 * spread)  # far out the slope says nothing
        # As a share of the spread, so that a narrow distribution is solved as finely as a wide one.
        solved = np.abs(newton - odds) <= 1e-8 * spread
        odds = np.where(solved | ((newton > low) & (newton < high)), newton, (low + high) / 2)
        if solved.all():
            break
    result = ends.copy()
    result[inside] = 1 / (1 + np.exp(-odds))
    return result


def _log_beta(a: Floats, b: Floats) -> Floats:
    """log B(a, b). The standard library's lgamma, as NumPy has none; once per worker, so speed does not matter."""
    lgamma = np.frompyfunc(math.lgamma, 1, 1)
    return np.asarray(lgamma(a) + lgamma(b) - lgamma(a + b), float)


def _cdf(x: Floats, a: Floats, b: Floats, log_beta: Floats) -> Floats:
    """`beta_cdf` with log B(a, b) given."""
    mirrored = x > (a + 1) / (a + b + 2)
    z, c, d = np.where(mirrored, 1 - x, x), np.where(mirrored, b, a), np.where(mirrored, a, b)
    with np.errstate(divide="ignore"):
        front = np.exp(c * np.log(z) + d * np.log1p(-z) - log_beta) / c
    part = np.where((x <= 0) | (x >= 1), 0.0, front * _fraction(z, c, d))
    return np.where(x >= 1, 1.0, np.clip(np.where(mirrored, 1 - part, part), 0.0, 1.0))


def _fraction(x: Floats, a: Floats, b: Floats) -> Floats:
    """The continued fraction by Lentz's method; elements leave the loop as they settle, as a few need many terms."""
    result = np.ones(x.shape)
    left = np.arange(x.size)
    x, a, b = x.ravel(), a.ravel(), b.ravel()
    c = np.ones(x.shape)
    d = 1 / _away_from_zero(1 - (a + b) * x / (a + 1))
    value = d.copy()
    for m in range(1, MAX_TERMS):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        d, c = 1 / _away_from_zero(1 + even * d), _away_from_zero(1 + even / c)
        value *= c * d
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        d, c = 1 / _away_from_zero(1 + odd * d), _away_from_zero(1 + odd / c)
        value *= c * d
        if m % 8:
            continue
        result.ravel()[left] = value
        moving = np.abs(c * d - 1) > 1e-14
        if not moving.any():
            break
        left, x, a, b = left[moving], x[moving], a[moving], b[moving]
        c, d, value = c[moving], d[moving], value[moving]
    return result


def _away_from_zero(value: Floats) -> Floats:
    """Lentz's guard against division by zero."""
    return np.where(np.abs(value) < TINY, TINY, value)
