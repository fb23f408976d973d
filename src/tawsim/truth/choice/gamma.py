"""Digamma and log gamma in NumPy, and what variational Dirichlets need of them. Positive arguments only."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
HALF_LOG_TWO_PI = 0.9189385332046727


def digamma(x: Floats) -> Floats:
    """ψ(x) for x > 0, element by element, to about 1e-12.

    The asymptotic series (DLMF 5.11.2) at x + 6, and the recurrence (5.5.2) back: 1 / x + … + 1 / (x + 5), whose terms
    pair up as (2 x + 5) / (x (x + 5)) and so on.
    """
    t, far = x * (x + 5), x + 6
    s = 1 / (far * far)
    series = s * (1 / 12 - s * (1 / 120 - s * (1 / 252 - s * (1 / 240 - s * (1 / 132 - s * (691 / 32760 - s / 12))))))
    result: Floats = np.log(far) - 0.5 / far - series - (2 * x + 5) * (1 / t + 1 / (t + 4) + 1 / (t + 6))
    return result


def log_gamma(x: Floats) -> Floats:
    """log Γ(x) for 0 < x < 1e50, element by element, to about 1e-12: the series (DLMF 5.11.1) at x + 6, and back."""
    t, far = x * (x + 5), x + 6
    s = 1 / (far * far)
    series = 1 / 12 - s * (1 / 360 - s * (1 / 1260 - s * (1 / 1680 - s * (1 / 1188 - s * (691 / 360360 - s / 156)))))
    result: Floats = (far - 0.5) * np.log(far) - far + HALF_LOG_TWO_PI + series / far - np.log(t * (t + 4) * (t + 6))
    return result


def expected_log(a: Floats) -> Floats:
    """E[log p] for p ~ Dirichlet(a), along the last axis."""
    result: Floats = digamma(a) - digamma(a.sum(axis=-1, keepdims=True))
    return result


def divergence(a: Floats, b: Floats) -> float:
    """KL(Dirichlet(a) ‖ Dirichlet(b)) along the last axis, summed over the others; `b` is broadcast to `a`."""
    b = np.broadcast_to(b, a.shape)
    normal = log_gamma(a.sum(axis=-1)) - log_gamma(b.sum(axis=-1))
    return float(normal.sum() + (log_gamma(b) - log_gamma(a) + (a - b) * expected_log(a)).sum())
