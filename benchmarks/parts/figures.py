"""Medians, spreads and quantiles of a few figures."""

import statistics
from collections.abc import Sequence
from typing import Any


def quantile(values: Sequence[float], p: float) -> float:
    """The value below which a share `p` of the values lies (nearest rank). 0 for none."""
    if not values:
        return 0.0
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(p * len(ordered)))]


def milliseconds(seconds: Sequence[float]) -> dict[str, float]:
    """p50, p95 and p99 in ms."""
    return {f"p{p}": round(1000 * quantile(seconds, p / 100), 2) for p in (50, 95, 99)}


def median_of(runs: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Repeated measurements as one: each number's median, and under `spread` the least and greatest of each.

    Numbers of nested dicts too; anything else is the first run's.
    """
    if len(runs) == 1:
        return dict(runs[0])
    found: dict[str, Any] = {}
    spread: dict[str, Any] = {}
    for name, first in runs[0].items():
        values = [run[name] for run in runs if name in run]
        if isinstance(first, dict):
            found[name] = median_of(values)
        elif isinstance(first, bool) or not isinstance(first, int | float):
            found[name] = first
        else:
            middle = statistics.median(values)
            whole = all(isinstance(one, int) for one in values) and float(middle).is_integer()
            found[name] = int(middle) if whole else round(middle, 3)
            spread[name] = [min(values), max(values)]
    return {**found, "spread": spread} if spread else found
